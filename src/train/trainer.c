/* train/trainer.c: epochs, steps, measurements.
 * It draws nothing, prints nothing and opens no file. */
#include <math.h>

#include "core/clock.h"
#include "core/mem.h"
#include "core/status.h"
#include "data/split.h"
#include "train/trainer_state.h"

#define LR_LEAST 1e-9 /* beside a muon-lr, which is a multiple of it */

/* Row numbers by side of the split: first the trained ones, then the held-out ones. The caller frees. */
static ink_status split_rows(ink_trainer *t, const uint8_t *held_out, uint32_t **out, ink_error *err) {
    uint32_t n = t->images->count;
    uint32_t *rows = ink_mem_new(n, sizeof *rows);
    *out = NULL;
    if (rows == NULL) return ink_fail_memory(err, (uint64_t)n * sizeof *rows, "the split");
    for (uint32_t i = 0; i < n; i++) {
        if (!held_out[i]) rows[t->n_train++] = i;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (held_out[i] == INK_ROW_HELD_OUT) rows[t->n_train + t->n_val++] = i;
    }
    *out = rows;
    if (t->n_train > 0) return INK_OK;
    return ink_fail(err, INK_E_USAGE, "nothing to train on: all %u rows are held out", n);
}

static ink_status make_batches(ink_trainer *t, const uint32_t *rows, ink_error *err) {
    const ink_recipe *r = t->recipe;
    ink_batches_options train = {.images = t->images,
                                 .rows = rows,
                                 .n_rows = t->n_train,
                                 .batch_size = ink_hard_candidates(r),
                                 .shuffle = r->shuffle,
                                 .seed = r->seed,
                                 .augment = &r->augment,
                                 .workers = r->workers,
                                 .pool = t->pool};
    ink_status status = ink_batches_new(&train, &t->batches, err);
    if (status != INK_OK || t->n_val == 0) return status;
    ink_batches_options val = {.images = t->images,
                               .rows = rows + t->n_train,
                               .n_rows = t->n_val,
                               .batch_size = r->eval_batch_size,
                               .seed = r->seed,
                               .pool = t->pool};
    return ink_batches_new(&val, &t->val_batches, err);
}

/* The program that measures, and the averages that it measures when the recipe keeps them. */
static ink_status compile_eval(ink_trainer *t, ink_net_plan *plan, ink_compile_options *options, const uint32_t *rows,
                               ink_error *err) {
    const ink_recipe *r = t->recipe;
    ink_net_ends ends;
    bool averaged = r->optimizer.average_decay > 0.0f;
    if (t->n_val == 0 && !averaged) return INK_OK;
    plan->training = plan->warps = false;
    plan->labels = t->n_val > 0;
    ink_status status = ink_net_build(t->net, plan, &t->eval_graph, &ends, err);
    uint32_t most = t->n_val > 0 ? t->n_val : 1;
    options->max_batch = r->eval_batch_size < most ? r->eval_batch_size : most;
    options->share = averaged ? NULL : t->train;
    if (status == INK_OK) status = t->backend->compile(&t->eval_graph, options, &t->eval, err);
    if (status != INK_OK || !averaged) return status;
    return ink_average_new(t, options, rows, &t->average, err);
}

static ink_status compile(ink_trainer *t, const ink_trainer_setup *setup, const uint32_t *rows, ink_error *err) {
    const ink_recipe *r = t->recipe;
    ink_net_ends ends;
    ink_net_plan plan = {.height = (int32_t)t->images->height,
                         .width = (int32_t)t->images->width,
                         .normalise = t->normalise,
                         .training = true,
                         .warps = !ink_augment_is_none(&r->augment),
                         .label_smoothing = (float)r->label_smoothing,
                         .soft = setup->n_teachers > 0,
                         .soft_weight = (float)r->distil_weight,
                         .temperature = (float)r->distil_temperature,
                         .optimizer = r->optimizer,
                         .learn = setup->learn,
                         .matrix_lr_scale = r->lr > 0 ? (float)(r->muon_lr / r->lr) : 0.0f,
                         .body_lr_scale = (float)r->body_lr_scale};
    ink_compile_options options = {.max_batch = r->batch_size < t->n_train ? r->batch_size : t->n_train,
                                   .precision = setup->precision,
                                   .exact = setup->exact,
                                   .pool = t->pool};
    if (r->optimizer.kind == INK_MUON && r->muon_lr > 0 && r->lr < LR_LEAST) {
        return ink_fail(err, INK_E_USAGE,
                        "muon: lr is %g; at least %g, for muon-lr follows the schedule by their ratio", r->lr,
                        LR_LEAST);
    }
    ink_status status = ink_net_build(t->net, &plan, &t->train_graph, &ends, err);
    if (status == INK_OK) status = t->backend->compile(&t->train_graph, &options, &t->train, err);
    if (status == INK_OK) status = ink_net_init(t->net, &t->train_graph, r->seed, t->backend, t->train, err);
    if (status == INK_OK) status = ink_trainer_whiten(t, rows, err);
    if (status == INK_OK && r->hard_share < 1) status = ink_hard_new(t, &options, &t->hard, err);
    if (status == INK_OK && setup->n_teachers > 0) {
        status = ink_distil_new(t, setup, &options, ends.soft, &t->distil, err);
    }
    return status == INK_OK ? compile_eval(t, &plan, &options, rows, err) : status;
}

/* What no single key can tell: the recipe as a whole. */
static ink_status check_recipe(const ink_trainer *t, ink_error *err) {
    const ink_recipe *r = t->recipe;
    if (r->net_text == NULL) {
        return ink_fail(err, INK_E_USAGE, "recipe %s has no net: it ends in [net] and layers, or says net = NAME",
                        r->name);
    }
    if (r->until > 0 && t->n_val == 0) {
        return ink_fail(err, INK_E_USAGE, "until needs rows to measure on, and val = 0 holds none out");
    }
    if (ink_hard_candidates(r) > INK_RECIPE_BATCH_MOST) {
        ink_fail(err, INK_E_USAGE, "batch-size %u / hard-share %g: a step would look at %u images, at most %u can be",
                 r->batch_size, r->hard_share, ink_hard_candidates(r), INK_RECIPE_BATCH_MOST);
        ink_hint(err, "a smaller batch-size, or a larger hard-share");
        return INK_E_USAGE;
    }
    return INK_OK;
}

ink_status ink_trainer_new(const ink_trainer_setup *setup, ink_trainer **out, ink_error *err) {
    uint32_t *rows = NULL;
    *out = NULL;
    ink_trainer *t = ink_mem_new(1, sizeof *t);
    if (t == NULL) return ink_fail_memory(err, sizeof *t, "a trainer");
    t->recipe = setup->recipe;
    t->images = setup->images;
    t->backend = setup->backend;
    t->pool = setup->pool;
    t->learn = setup->learn;
    t->at = (ink_trainer_position){.epoch = 1, .best_accuracy = NAN, .best_loss = NAN, .val_accuracy = NAN};
    ink_status status = split_rows(t, setup->held_out, &rows, err);
    if (status != INK_OK) goto done;
    const ink_recipe *r = t->recipe;
    status = check_recipe(t, err);
    if (status != INK_OK) goto done;
    status = ink_net_parse(r->net_text, r->net_file, r->net_line, &t->net, err);
    if (status != INK_OK) goto done;
    ink_trainer_set_normalise(t, rows);
    status = make_batches(t, rows, err);
    if (status != INK_OK) goto done;
    t->steps_per_epoch = ink_batches_count(t->batches);
    ink_trainer_reschedule(t);
    status = compile(t, setup, rows, err);
    if (status == INK_OK) status = ink_trainer_settle(t, err);
done:
    ink_mem_free(rows);
    if (status == INK_OK) {
        *out = t;
    } else {
        ink_trainer_free(t);
    }
    return status;
}

void ink_trainer_free(ink_trainer *t) {
    if (t == NULL) return;
    ink_weights_clear(&t->best);
    ink_hard_free(t->hard);
    ink_distil_free(t->distil);
    ink_average_free(t->average);
    if (t->eval != NULL) t->backend->free(t->eval);
    if (t->train != NULL) t->backend->free(t->train);
    if (t->resident != NULL) t->backend->let_go(t->resident);
    ink_batches_free(t->val_batches);
    ink_batches_free(t->batches);
    ink_graph_clear(&t->eval_graph);
    ink_graph_clear(&t->train_graph);
    ink_net_free(t->net);
    ink_mem_free(t);
}

/* ---- the loop ---- */

static bool wants_stop(const ink_trainer_watch *watch) {
    return watch->stop != NULL && watch->stop(watch->context);
}

static void tell(const ink_trainer *t, const ink_trainer_watch *watch, ink_trainer_phase phase, uint32_t done,
                 uint32_t total) {
    if (watch->moment == NULL) return;
    ink_trainer_moment moment = {.phase = phase,
                                 .epoch = t->at.epoch,
                                 .epochs = t->recipe->epochs,
                                 .step = t->at.step,
                                 .steps = t->steps,
                                 .done = done,
                                 .total = total,
                                 .loss = t->at.rows > 0 ? t->at.loss_sum / (double)t->at.rows : (double)NAN,
                                 .val_accuracy = t->at.val_accuracy};
    watch->moment(watch->context, &moment);
}

static double lr_at(const ink_trainer *t, uint64_t step) {
    if (t->swept_lr > 0) return t->swept_lr;
    return t->recipe->lr * ink_schedule_factor(&t->recipe->schedule, step, t->steps, t->steps_per_epoch);
}

/* Of a step that is `ahead` steps from now. */
static ink_batch batch_of(const ink_trainer *t, const ink_batch_view *view, uint32_t ahead) {
    return (ink_batch){.n = view->n,
                       .images = view->images,
                       .labels = view->labels,
                       .warps = view->warps,
                       .rows = view->rows,
                       .seed = t->recipe->seed,
                       .epoch = view->epoch,
                       .step = t->at.step + ahead + 1,
                       .lr = (float)lr_at(t, t->at.step + ahead)};
}

/* A step that was made. */
static ink_status count_step(ink_trainer *t, const ink_batch *batch, ink_error *err) {
    if (!isfinite(batch->loss_sum)) {
        ink_fail(err, INK_E_DIVERGED, "training diverged: the loss became %s in epoch %u, step %llu",
                 isnan(batch->loss_sum) ? "NaN" : "infinite", t->at.epoch, (unsigned long long)t->at.step + 1);
        ink_hint(err, "try a smaller --lr, --warmup 1 or --clip 1");
        return INK_E_DIVERGED;
    }
    t->at.step++;
    t->at.batch++;
    t->at.loss_sum += batch->loss_sum;
    t->at.correct += batch->correct;
    t->at.rows += batch->n;
    t->epoch_rows += batch->n;
    return INK_OK;
}

ink_status ink_trainer_steps(ink_trainer *t, const ink_batch_view *views, uint32_t n, ink_error *err) {
    ink_batch batches[INK_STEPS_MOST];
    ink_batch_view hard;
    ink_status status = INK_OK;
    if (t->hard != NULL) {
        status = ink_hard_pick(t->hard, views, &hard, err);
        views = &hard;
    }
    if (status == INK_OK && t->distil != NULL) status = ink_distil_teach(t->distil, views, err);
    if (status != INK_OK) return status;
    for (uint32_t i = 0; i < n; i++) batches[i] = batch_of(t, &views[i], i);
    double began = ink_clock_s();
    status = ink_trainer_compute(t, t->train, batches, n, err);
    if (n == t->together) ink_trainer_took(t, ink_clock_s() - began);
    for (uint32_t i = 0; i < n && status == INK_OK; i++) status = count_step(t, &batches[i], err);
    return status;
}

static ink_status train_epoch(ink_trainer *t, const ink_trainer_watch *watch, ink_error *err) {
    ink_batch_view views[INK_STEPS_MOST];
    ink_batches_start(t->batches, t->at.epoch, t->at.batch);
    for (uint32_t n; (n = ink_trainer_next(t, t->batches, views)) > 0;) {
        if (wants_stop(watch)) return ink_fail(err, INK_E_STOPPED, "stopped in epoch %u", t->at.epoch);
        ink_status status = ink_trainer_steps(t, views, n, err);
        if (status == INK_OK && watch->between != NULL) status = watch->between(watch->context, err);
        if (status != INK_OK) return status;
        uint64_t seen = (uint64_t)t->at.batch * ink_hard_candidates(t->recipe);
        tell(t, watch, INK_TRAINING, seen < t->n_train ? (uint32_t)seen : t->n_train, t->n_train);
    }
    return INK_OK;
}

ink_batch ink_trainer_measured(const ink_batch_view *view) {
    return (ink_batch){.n = view->n, .images = view->images, .labels = view->labels, .rows = view->rows};
}

/* Loss and accuracy on the held-out rows, with the weights as they are, or their average. */
static ink_status validate(ink_trainer *t, const ink_trainer_watch *watch, ink_epoch_result *result, ink_error *err) {
    ink_batch_view views[INK_STEPS_MOST];
    ink_batch batches[INK_STEPS_MOST];
    double loss_sum = 0;
    uint32_t correct = 0, rows = 0;
    ink_batches_start(t->val_batches, 1, 0);
    for (uint32_t n; (n = ink_trainer_next(t, t->val_batches, views)) > 0;) {
        for (uint32_t i = 0; i < n; i++) batches[i] = ink_trainer_measured(&views[i]);
        ink_status status = ink_trainer_compute(t, t->eval, batches, n, err);
        if (status != INK_OK) return status;
        for (uint32_t i = 0; i < n; i++) {
            loss_sum += batches[i].loss_sum;
            correct += batches[i].correct;
            rows += batches[i].n;
        }
        tell(t, watch, INK_VALIDATING, rows, t->n_val);
    }
    result->val_loss = loss_sum / (double)rows;
    result->val_accuracy = (double)correct / (double)rows;
    result->val_errors = rows - correct;
    if (!isfinite(result->val_loss)) {
        return ink_fail(err, INK_E_DIVERGED, "training diverged: the loss on the held-out rows is %s after epoch %u",
                        isnan(result->val_loss) ? "NaN" : "infinite", t->at.epoch);
    }
    return INK_OK;
}

static ink_status keep_best(ink_trainer *t, ink_epoch_result *result, ink_error *err) {
    ink_trainer_position *at = &t->at;
    bool better = at->best_epoch == 0 || result->val_accuracy > at->best_accuracy ||
                  (result->val_accuracy >= at->best_accuracy && result->val_loss < at->best_loss);
    at->val_accuracy = result->val_accuracy;
    if (!better) return INK_OK;
    ink_weights now = {0};
    ink_status status = ink_trainer_last(t, &now, err);
    if (status != INK_OK) return status;
    ink_weights_clear(&t->best);
    t->best = now;
    at->best_epoch = at->epoch;
    at->best_accuracy = result->val_accuracy;
    at->best_loss = result->val_loss;
    at->best_errors = result->val_errors;
    result->best = true;
    return INK_OK;
}

static ink_status end_epoch(ink_trainer *t, const ink_trainer_watch *watch, ink_error *err) {
    ink_trainer_position *at = &t->at;
    ink_epoch_result result = {.epoch = at->epoch,
                               .step = at->step,
                               .lr = lr_at(t, at->step - 1),
                               .train_loss = at->loss_sum / (double)at->rows,
                               .train_accuracy = (double)at->correct / (double)at->rows,
                               .val_loss = NAN,
                               .val_accuracy = NAN};
    double trained_s = ink_clock_s() - t->epoch_started_s;
    result.waited_s = ink_batches_waited_s(t->batches);
    result.images_per_s = trained_s > 0 ? (double)t->epoch_rows / trained_s : 0;
    ink_status status = t->average != NULL ? ink_average_settle(t->average, err) : INK_OK;
    if (status == INK_OK && t->n_val > 0) {
        status = validate(t, watch, &result, err);
        if (status == INK_OK) result.waited_s += ink_batches_waited_s(t->val_batches);
        if (status == INK_OK) status = keep_best(t, &result, err);
    }
    if (status != INK_OK) return status;
    double now = ink_clock_s();
    result.seconds = now - t->epoch_started_s;
    at->elapsed_s += result.seconds;
    at->epoch++;
    at->batch = 0;
    at->loss_sum = 0;
    at->correct = at->rows = 0;
    t->epoch_rows = 0;
    t->epoch_started_s = now;
    return watch->epoch != NULL ? watch->epoch(watch->context, &result, err) : INK_OK;
}

bool ink_trainer_reached(const ink_trainer *t) {
    return t->recipe->until > 0 && t->at.val_accuracy >= t->recipe->until;
}

void ink_trainer_reschedule(ink_trainer *t) {
    t->steps = t->steps_per_epoch * t->recipe->epochs;
}

ink_status ink_trainer_run(ink_trainer *t, const ink_trainer_watch *watch, ink_error *err) {
    ink_status status = INK_OK;
    t->epoch_started_s = ink_clock_s();
    while (status == INK_OK && t->at.epoch <= t->recipe->epochs && !ink_trainer_reached(t)) {
        status = train_epoch(t, watch, err);
        if (status == INK_OK) status = end_epoch(t, watch, err);
    }
    return status;
}

/* ---- facts ---- */

const ink_normalise *ink_trainer_normalise(const ink_trainer *t) {
    return &t->normalise;
}

ink_precision ink_trainer_precision(const ink_trainer *t) {
    return t->backend->precision_of(t->train);
}

const ink_graph *ink_trainer_graph(const ink_trainer *t) {
    return &t->train_graph;
}

uint32_t ink_trainer_train_rows(const ink_trainer *t) {
    return t->n_train;
}

uint32_t ink_trainer_val_rows(const ink_trainer *t) {
    return t->n_val;
}

bool ink_trainer_is_too_large(const ink_trainer *t) {
    return t->too_large;
}

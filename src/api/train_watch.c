/* api/train_watch.c: what happens around the trainer's loop: progress, weights on disk, checkpoints, the run's log.
 * The loop itself is train/trainer.c. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "api/modelfile_write.h"
#include "api/train_run.h"
#include "core/clock.h"
#include "core/mem.h"
#include "core/status.h"

#define TELL_EVERY_S  0.05
#define RATE_EVERY_S  0.25
#define RATE_SMOOTHED 0.7

static double peak_memory_mb(void) {
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (double)usage.ru_maxrss * 1024.0 / 1e6 : (double)NAN;
}

/* ---- progress ---- */

static void update_rate(ink_train_run *run, const ink_trainer_moment *m, double now) {
    uint64_t rows = (uint64_t)(m->epoch - 1) * m->total + m->done;
    if (run->rate_s == 0 || rows < run->rate_rows) {
        run->rate_s = now;
        run->rate_rows = rows;
    } else if (now - run->rate_s >= RATE_EVERY_S) {
        double fresh = (double)(rows - run->rate_rows) / (now - run->rate_s);
        run->rate = run->rate > 0 ? RATE_SMOOTHED * run->rate + (1 - RATE_SMOOTHED) * fresh : fresh;
        run->rate_s = now;
        run->rate_rows = rows;
    }
}

static void on_moment(void *context, const ink_trainer_moment *m) {
    ink_train_run *run = context;
    double now = ink_clock_s();
    if (m->phase == INK_TRAINING) update_rate(run, m, now);
    if (now - run->told_s < TELL_EVERY_S) return;
    run->told_s = now;
    double per_step = m->step > run->started_step ? (now - run->started_s) / (double)(m->step - run->started_step) : 0;
    bool training = m->phase == INK_TRAINING;
    ink_progress progress = {.phase = training ? "training" : "validating",
                             .unit = "images",
                             .done = m->done,
                             .total = m->total,
                             .rate = training ? run->rate : 0,
                             .eta_s = training && run->rate > 0 ? (m->total - m->done) / run->rate : -1,
                             .run_eta_s = per_step > 0 ? per_step * (double)(m->steps - m->step) : -1,
                             .epoch = m->epoch,
                             .epochs = m->epochs,
                             .loss = m->loss,
                             .accuracy = m->val_accuracy};
    ink_watch_progress(run->watch, &progress);
    /* A heartbeat that cannot be written is no reason to stop: the next epoch's row will tell. */
    (void)!ink_runlog_beat(run->log, m->step, NULL);
    if (run->whole != NULL) (void)!ink_runlog_beat(run->whole, m->step, NULL);
}

static bool on_stop(void *context) {
    const ink_train_run *run = context;
    return ink_watch_stop(run->watch);
}

/* ---- saving ---- */

ink_status ink_train_save(ink_train_run *run, ink_error *err) {
    char path[INK_PATH_SIZE], *recipe = NULL;
    ink_status status = ink_runlog_file(run->log, INK_CHECKPOINT_NAME, path, sizeof path, err);
    if (status == INK_OK) status = ink_recipe_text(&run->recipe, &recipe, err);
    if (status != INK_OK) return status;
    ink_pair notes[] = {
        {"recipe", recipe},
        {"recipe-name", run->recipe.name},
        {"data", run->data},
        {"test", run->test},
        {"data-sha256", run->set.train_sha256},
        {"more", run->more.length > 0 ? run->more.bytes : ""},
        {"more-sha256", run->more_sha256.length > 0 ? run->more_sha256.bytes : ""},
        {"precision", ink_precision_word(ink_trainer_precision(run->trainer))},
        {"exact", run->machine.exact ? "yes" : "no"},
        {"weights", run->weights},
        {"freeze", run->learn_head ? "body" : ""},
        {"teachers", run->teachers.paths != NULL ? run->teachers.paths : ""},
        {"teachers-sha256", run->teachers.sha256},
    };
    status = ink_checkpoint_save(path, run->trainer, run->held_out, run->set.train.count, notes,
                                 sizeof notes / sizeof *notes, err);
    ink_mem_free(recipe);
    run->saved_s = ink_clock_s();
    return status;
}

/* A full disk must not end a training that goes well: it is told, the old checkpoint stands, the next save tries
 * again; the run's end says so once more. */
static ink_status save_or_warn(ink_train_run *run, ink_error *err) {
    ink_error why;
    ink_status status = ink_train_save(run, &why);
    if (status == INK_E_FILE) {
        ink_watch_say(run->watch, INK_SAY_WARNING, "the checkpoint was not saved: %s", why.text);
        run->save_error = why;
        return INK_OK;
    }
    if (status == INK_OK) {
        run->save_error.status = INK_OK;
    } else if (err != NULL) {
        *err = why;
    }
    return status;
}

static ink_status write_file(const ink_train_run *run, const ink_epoch_result *epoch, const ink_weights *weights,
                             const char *name, ink_error *err) {
    char path[INK_PATH_SIZE];
    ink_modelfile_notes notes = {.net_text = run->recipe.net_text,
                                 .normalise = ink_trainer_normalise(run->trainer),
                                 .height = run->set.train.height,
                                 .width = run->set.train.width,
                                 .recipe = run->recipe.name,
                                 .data_sha256 = run->set.train_sha256,
                                 .more_sha256 = run->more_sha256.length > 0 ? run->more_sha256.bytes : NULL,
                                 .step = epoch->step,
                                 .epoch = epoch->epoch};
    ink_status status = ink_runlog_file(run->log, name, path, sizeof path, err);
    return status == INK_OK ? ink_modelfile_write(path, weights, &notes, err) : status;
}

/* After the best epoch so far the trainer keeps the weights as they are: they need not be read from a device again. */
static ink_status write_weights(const ink_train_run *run, const ink_epoch_result *epoch, ink_error *err) {
    ink_weights weights = {0};
    ink_status status =
        epoch->best ? ink_trainer_best(run->trainer, &weights, err) : ink_trainer_last(run->trainer, &weights, err);
    if (status == INK_OK) status = write_file(run, epoch, &weights, "weights/last.safetensors", err);
    if (status == INK_OK && epoch->best) status = write_file(run, epoch, &weights, "weights/best.safetensors", err);
    ink_weights_clear(&weights);
    return status;
}

static ink_status on_between(void *context, ink_error *err) {
    ink_train_run *run = context;
    double every = run->options->save_every_s;
    if (every <= 0 || ink_clock_s() - run->saved_s < every) return INK_OK;
    return save_or_warn(run, err);
}

/* ---- an epoch's end ---- */

static void say_epoch(const ink_train_run *run, const ink_epoch_result *e) {
    char measured[96] = "";
    double share = e->seconds > 0 ? 100 * e->waited_s / e->seconds : 0;
    if (!isnan(e->val_accuracy)) {
        snprintf(measured, sizeof measured, "  val loss %.4f  acc %.2f %%%s", e->val_loss, 100 * e->val_accuracy,
                 e->best ? " *" : "  ");
    }
    ink_watch_say(run->watch, INK_SAY_INFO, "epoch %*u/%u  loss %.4f  acc %.2f %%%s  %.2f s (%.0f %% waiting for data)",
                  run->recipe.epochs >= 10 ? 2 : 1, e->epoch, run->recipe.epochs, e->train_loss,
                  100 * e->train_accuracy, measured, e->seconds, share);
}

static ink_status log_epoch(ink_train_run *run, const ink_epoch_result *e, ink_error *err) {
    char line[160];
    ink_epoch row = {.epoch = e->epoch,
                     .step = e->step,
                     .time_s = ink_trainer_position_of(run->trainer).elapsed_s,
                     .lr = e->lr,
                     .train_loss = e->train_loss,
                     .train_acc = e->train_accuracy,
                     .val_loss = e->val_loss,
                     .val_acc = e->val_accuracy,
                     .val_errors = isnan(e->val_accuracy) ? -1 : (int64_t)e->val_errors,
                     .best = e->best,
                     .images_per_s = e->images_per_s,
                     .peak_mem_mb = peak_memory_mb()};
    snprintf(line, sizeof line, "epoch=%u train_loss=%.6f val_loss=%.6f val_acc=%.6f seconds=%.3f waited=%.3f",
             e->epoch, e->train_loss, e->val_loss, e->val_accuracy, e->seconds, e->waited_s);
    ink_status status = ink_runlog_line(run->log, "INFO", line, err);
    return status == INK_OK ? ink_runlog_epoch(run->log, &row, run->recipe.epochs, err) : status;
}

void ink_train_note_best(ink_train_run *run) {
    ink_trainer_position at = ink_trainer_position_of(run->trainer);
    run->result->best_epoch = at.best_epoch;
    run->result->best_accuracy = at.best_accuracy;
    run->result->best_loss = at.best_loss;
    run->result->best_errors = at.best_errors;
}

static ink_status on_epoch(void *context, const ink_epoch_result *epoch, ink_error *err) {
    ink_train_run *run = context;
    ink_train_result *r = run->result;
    r->epochs = epoch->epoch;
    r->last_accuracy = epoch->val_accuracy;
    r->last_loss = epoch->val_loss;
    ink_train_note_best(run);
    say_epoch(run, epoch);
    ink_status status = write_weights(run, epoch, err);
    if (status == INK_OK) status = log_epoch(run, epoch, err);
    if (status == INK_OK) status = ink_runlog_refresh(run->log, err);
    /* The checkpoint comes last: when it stands, so does the epoch's row. */
    if (status == INK_OK) status = save_or_warn(run, err);
    if (status == INK_OK) status = ink_runlog_event(run->log, "checkpoint", epoch->epoch, epoch->step, NULL, err);
    return status;
}

ink_trainer_watch ink_train_watch(ink_train_run *run) {
    return (ink_trainer_watch){
        .context = run, .moment = on_moment, .stop = on_stop, .between = on_between, .epoch = on_epoch};
}

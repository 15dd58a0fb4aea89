/* api/train.c: `inkling train`: the main job from DATA to a run folder.
 * Settings are train_settle.c's, what happens around the loop train_watch.c's. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api/calibrate.h"
#include "api/learned.h"
#include "api/modelfile_copy.h"
#include "api/train_run.h"
#include "api/weightfile.h"
#include "core/clock.h"
#include "core/mem.h"
#include "core/number.h"
#include "core/status.h"
#include "files/source.h"

/* ---- data and split ---- */

static ink_status read_data(ink_train_run *run, ink_error *err) {
    ink_progress progress = {
        .phase = "reading", .unit = "bytes", .eta_s = -1, .run_eta_s = -1, .loss = NAN, .accuracy = NAN};
    ink_watch_progress(run->watch, &progress);
    ink_dataset_options options = {.path = run->data,
                                   .test = run->test[0] != '\0' ? run->test : NULL,
                                   .use = INK_USE_TRAIN,
                                   .pool = run->machine.pool};
    ink_status status = ink_dataset_find(&options, &run->set, err);
    if (status == INK_E_DATA && run->options->resume == NULL && ink_run_is(run->data)) {
        ink_fail(err, INK_E_USAGE, "%s is a run, expected data to learn from", run->options->data);
        ink_hint(err, "to go on with it: inkling train --resume %.200s", run->options->data);
        return INK_E_USAGE;
    }
    if (status != INK_OK) return status;
    ink_say_dataset(run->watch, &run->set);
    const char *hash = ink_tensors_note(&run->resumed.file, "data-sha256");
    if (run->options->resume != NULL && (hash == NULL || strcmp(hash, run->set.train_sha256) != 0)) {
        ink_status status_of = run->options->data != NULL ? INK_E_USAGE : INK_E_DATA; /* asked for, or changed */
        ink_fail(err, status_of, "%s holds other images than those the run began with", run->data);
        ink_hint(err, "to learn from new data: inkling train DATA --weights %.120s", run->options->resume);
        return status_of;
    }
    return ink_train_read_more(run, err);
}

ink_status ink_train_take_split(ink_train_run *run, ink_error *err) {
    uint32_t n = run->set.train.count;
    if (run->resumed.n_rows != n) {
        return ink_fail(err, INK_E_DATA, "the checkpoint splits %u rows, DATA has %u", run->resumed.n_rows, n);
    }
    memcpy(run->held_out, run->resumed.held_out, n);
    return INK_OK;
}

static ink_status split(ink_train_run *run, ink_error *err) {
    const ink_images *images = &run->set.train;
    uint32_t n_held_out = 0;
    run->held_out = ink_mem_new(images->count, 1);
    if (run->held_out == NULL) return ink_fail_memory(err, images->count, "the split");
    if (run->options->resume != NULL) return ink_train_take_split(run, err);
    ink_status status = ink_split_make(images->labels, run->own_rows, run->recipe.val_kind, run->recipe.val_fraction,
                                       run->recipe.seed, run->held_out, &n_held_out, err);
    return status == INK_OK ? ink_train_leave_out(run, err) : status;
}

/* ---- the trainer ---- */

/* A file that says how its pixels were scaled, and otherwise than this run does. */
static void warn_of_scaling(const ink_train_run *run, const ink_weightfile *file) {
    char ours[160];
    const char *theirs = ink_tensors_note(&file->tensors, "inkling.normalise");
    ink_normalise_text(ink_trainer_normalise(run->trainer), ours, sizeof ours);
    if (theirs == NULL || strcmp(theirs, ours) == 0) return;
    ink_watch_say(run->watch, INK_SAY_WARNING,
                  "%s was trained on pixels scaled by \"%.150s\", this run scales by \"%s\"", file->path, theirs, ours);
}

/* Weights or a teacher that know rows which are held out here pass some of that on. */
static ink_status warn_of_memory(const ink_train_run *run, const ink_tensors *model, const char *file, ink_error *err) {
    uint32_t asked = 0;
    ink_learned learned;
    ink_status status =
        ink_learned_rows(model, file, &run->set.train, run->set.train_sha256, run->held_out, &learned, err);
    for (uint32_t i = 0; i < run->set.train.count; i++) asked += run->held_out[i] == INK_ROW_HELD_OUT;
    if (status != INK_OK || learned.rows == 0) return status;
    if (learned.at_most) {
        ink_watch_say(run->watch, INK_SAY_WARNING,
                      "%s has learned from this data, and may know the %u rows held out here: their accuracy may "
                      "flatter (the folder of its run would tell)",
                      file, asked);
        return INK_OK;
    }
    ink_watch_say(run->watch, INK_SAY_WARNING,
                  "%s has learned %u of the %u rows held out here: their accuracy will flatter%s", file, learned.rows,
                  asked, learned.by_run ? " (the seed and val of its own run hold out the same rows)" : "");
    return INK_OK;
}

/* --weights: what fits is loaded, the rest keeps its random first weights, and all of it is said. */
static ink_status load_weights(ink_train_run *run, ink_error *err) {
    ink_weightfile file = {0};
    ink_fit fit = {0};
    char misfits[700];
    ink_status status = ink_weightfile_open(run->options->weights, &file, err);
    if (status == INK_OK) status = ink_fit_make(&file.tensors, file.path, ink_trainer_graph(run->trainer), &fit, err);
    if (status == INK_OK && fit.weights.n == 0) {
        const char *net = ink_fit_zoo(&file.tensors);
        status = ink_fail(err, INK_E_DATA, "%s: none of its %zu tensors fits the net of recipe %s", file.path,
                          file.tensors.n, run->recipe.name);
        if (net != NULL) ink_hint(err, "they fit --net %s", net);
    }
    if (status == INK_OK) status = ink_trainer_load(run->trainer, &fit.weights, err);
    if (status == INK_OK) {
        ink_fit_text(&fit, misfits, sizeof misfits);
        snprintf(run->origin, sizeof run->origin, "weights of %.200s: %u %s loaded%s%s", file.path, fit.weights.n,
                 fit.weights.n == 1 ? "tensor" : "tensors", misfits[0] != '\0' ? "; " : "", misfits);
        ink_watch_say(run->watch, INK_SAY_INFO, "%s", run->origin);
        warn_of_scaling(run, &file);
        status = warn_of_memory(run, &file.tensors, file.path, err);
    }
    ink_fit_clear(&fit);
    ink_weightfile_free(&file);
    return status;
}

/* Says where the first weights come from when nobody gave any. */
static void from_scratch(ink_train_run *run) {
    snprintf(run->origin, sizeof run->origin, "weights: from scratch, drawn from seed %llu",
             (unsigned long long)run->recipe.seed);
    if (run->recipe.normalise != INK_NORMALISE_IMAGENET) return;
    /* Who scales pixels as for ImageNet means to begin with ImageNet's weights. */
    ink_watch_say(run->watch, INK_SAY_INFO, "%s; for ImageNet's: inkling data get resnet18, then --weights FILE",
                  run->origin);
}

/* --teacher, or the teachers that a resumed run had. */
static ink_status open_teachers(ink_train_run *run, ink_error *err) {
    const ink_train_options *o = run->options;
    ink_train_teachers *teachers = &run->teachers;
    ink_status status = INK_OK;
    if (o->resume != NULL) {
        const char *paths = ink_tensors_note(&run->resumed.file, "teachers");
        const char *sha256 = ink_tensors_note(&run->resumed.file, "teachers-sha256");
        if (paths == NULL || paths[0] == '\0' || sha256 == NULL) return INK_OK;
        status = ink_train_teachers_reopen(paths, sha256, &run->machine, teachers, err);
    } else if (o->n_teachers > 0) {
        status = ink_train_teachers_open(o->teachers, o->n_teachers, &run->machine, teachers, err);
    } else {
        return INK_OK;
    }
    if (status != INK_OK) return status;
    const ink_modelfile *first = &teachers->models.files[0];
    if (first->height != (int32_t)run->set.train.height || first->width != (int32_t)run->set.train.width) {
        return ink_fail(err, INK_E_DATA, "%s wants images of %dx%d, %s has %ux%u", first->name, (int)first->height,
                        (int)first->width, run->data, run->set.train.height, run->set.train.width);
    }
    ink_watch_say(run->watch, INK_SAY_INFO, "taught by %zu model%s", teachers->models.n,
                  teachers->models.n == 1 ? "" : "s");
    for (size_t i = 0; i < teachers->models.n && status == INK_OK; i++) {
        const ink_modelfile *file = &teachers->models.files[i];
        status = warn_of_memory(run, &file->tensors, file->name, err);
    }
    return status;
}

static ink_status make_trainer(ink_train_run *run, ink_error *err) {
    ink_trainer_setup setup = {.recipe = &run->recipe,
                               .images = &run->set.train,
                               .held_out = run->held_out,
                               .backend = run->machine.backend,
                               .precision = run->machine.precision,
                               .exact = run->machine.exact,
                               .learn = run->learn_head ? INK_LEARN_HEAD : INK_LEARN_ALL,
                               .pool = run->machine.pool};
    ink_status status = open_teachers(run, err);
    setup.teachers = run->teachers.list;
    setup.n_teachers = (uint32_t)run->teachers.models.n;
    if (status == INK_OK) status = ink_trainer_new(&setup, &run->trainer, err);
    if (status == INK_OK && run->options->weights != NULL) {
        status = load_weights(run, err);
    } else if (status == INK_OK && run->options->resume == NULL) {
        from_scratch(run);
    }
    if (status == INK_OK && run->options->resume != NULL) {
        status = ink_trainer_restore(run->trainer, &run->resumed.position, &run->resumed.all, &run->resumed.best, err);
    }
    if (status != INK_OK) return status;
    if (ink_trainer_is_too_large(run->trainer)) {
        ink_watch_say(run->watch, INK_SAY_WARNING,
                      "the images do not fit into the GPU's memory beside the net: every step copies its batch");
    }
    /* A resumed run may have all its epochs behind it already. */
    run->result->epochs = ink_trainer_position_of(run->trainer).epoch - 1;
    run->result->last_accuracy = ink_trainer_position_of(run->trainer).val_accuracy;
    ink_train_note_best(run);
    run->result->train_rows = ink_trainer_train_rows(run->trainer);
    run->result->val_rows = ink_trainer_val_rows(run->trainer);
    return INK_OK;
}

/* ---- the run folder ---- */

static const char *text_or_null(const ink_text *text) {
    return text->length > 0 ? text->bytes : NULL;
}

ink_run_env ink_train_env(const ink_train_run *run) {
    bool one = run->trainer != NULL;
    return (ink_run_env){.argv = run->options->argv,
                         .device = run->machine.backend->name,
                         .precision =
                             ink_precision_word(one ? ink_trainer_precision(run->trainer) : run->machine.precision),
                         .isa = ink_machine_isa(&run->machine),
                         .threads = ink_pool_threads(run->machine.pool),
                         .workers = run->recipe.workers,
                         .seed = run->recipe.seed,
                         .data = run->data,
                         .data_sha256 = run->set.train_sha256,
                         .more = text_or_null(&run->more),
                         .weights = run->weights[0] != '\0' ? run->weights : NULL,
                         .freeze = run->learn_head ? "body" : NULL,
                         .teachers = run->teachers.paths,
                         .train_rows = run->result->train_rows, /* of several nets, the first one's */
                         .val_rows = run->result->val_rows,
                         .test_rows = run->set.test.count};
}

static ink_status open_log(ink_train_run *run, ink_error *err) {
    const ink_train_options *o = run->options;
    ink_trainer_position at = ink_trainer_position_of(run->trainer);
    ink_runlog_options options = {.out = o->out, .recipe = run->recipe.name, .force = o->force};
    ink_status status = o->resume != NULL ? ink_runlog_resume(o->resume, at.epoch - 1, at.step, &run->log, err)
                                          : ink_runlog_create(&options, &run->log, err);
    if (status != INK_OK) return status;
    snprintf(run->result->run, sizeof run->result->run, "%s", ink_runlog_path(run->log));
    ink_run_env env = ink_train_env(run);
    char *text = NULL, path[INK_PATH_SIZE];
    uint32_t done;
    const ink_epoch *epochs = ink_runlog_epochs(run->log, &done);
    if (done > 0) run->result->last_loss = epochs[done - 1].val_loss; /* should no epoch be left */
    status = ink_recipe_text(&run->recipe, &text, err);
    if (status == INK_OK) status = ink_runlog_settings(run->log, text, err);
    if (status == INK_OK) status = ink_runlog_env(run->log, &env, err);
    if (status == INK_OK) status = ink_runlog_split(run->log, run->held_out, run->set.train.count, err);
    if (status == INK_OK) status = ink_runlog_file(run->log, INK_LEARNED_NAME, path, sizeof path, err);
    if (status == INK_OK) status = ink_learned_write(path, &run->set.train, run->held_out, err);
    if (status == INK_OK && o->resume == NULL) {
        status = ink_runlog_event(run->log, "run_start", at.epoch, at.step, NULL, err);
    }
    if (status == INK_OK && run->origin[0] != '\0') status = ink_runlog_line(run->log, "INFO", run->origin, err);
    ink_mem_free(text);
    return status;
}

static void say_start(const ink_train_run *run) {
    const ink_train_result *r = run->result;
    ink_watch_say(run->watch, INK_SAY_INFO, "run folder %s", r->run);
    if (r->val_rows > 0) {
        ink_watch_say(run->watch, INK_SAY_INFO, "recipe %s: %u rows to learn from, %u held out to measure on",
                      run->recipe.name, r->train_rows, r->val_rows);
    } else {
        ink_watch_say(run->watch, INK_SAY_INFO,
                      "recipe %s: %u rows to learn from, none held out: no accuracy is claimed", run->recipe.name,
                      r->train_rows);
    }
}

/* SHA-256 of last.safetensors, as sha256sum would say it. */
static ink_status hash_weights(ink_train_run *run, ink_error *err) {
    char path[INK_PATH_SIZE];
    ink_status status = ink_runlog_file(run->log, "weights/last.safetensors", path, sizeof path, err);
    return status == INK_OK ? ink_source_sha256(path, run->result->weights_sha256, err) : status;
}

ink_status ink_train_submit(ink_train_run *run, ink_error *err) {
    ink_models models = {0};
    ink_predictions predictions = {0};
    ink_train_result *r = run->result;
    char path[INK_PATH_SIZE];
    const char *name = r->run;
    ink_status status = ink_runlog_file(run->log, "submission.csv", path, sizeof path, err);
    if (status == INK_OK) {
        status = ink_models_open(&name, 1, &run->machine, run->recipe.eval_batch_size, &models, err);
    }
    if (status == INK_OK) status = ink_submit(&models, &run->set, path, NULL, run->watch, &predictions, err);
    if (status == INK_OK) {
        snprintf(r->submission, sizeof r->submission, "%s", path);
        r->test_rows = predictions.count;
        r->test_scored = run->set.test.labels != NULL;
        for (uint32_t i = 0; r->test_scored && i < predictions.count; i++) {
            r->test_errors += predictions.digits[i] != run->set.test.labels[i];
        }
        r->test_accuracy = r->test_scored ? 1.0 - (double)r->test_errors / predictions.count : (double)NAN;
    }
    ink_predictions_free(&predictions);
    ink_models_close(&models);
    return status;
}

/* Writes the temperature into the file of the last weights, which are otherwise written anew as they are; says so. */
static ink_status keep_temperature(ink_train_run *run, const ink_models *models, const char *text, const char *line,
                                   ink_error *err) {
    char path[INK_PATH_SIZE];
    ink_pair note = {"inkling.temperature", text};
    ink_status status = ink_runlog_file(run->log, "weights/last.safetensors", path, sizeof path, err);
    if (status == INK_OK) status = ink_modelfile_copy(&models->files[0], INK_F32, &note, 1, path, err);
    if (status != INK_OK) return status;
    ink_watch_say(run->watch, INK_SAY_INFO, "%s", line);
    return ink_runlog_line(run->log, "INFO", line, err);
}

/* The temperature: fitted on the held-out rows, where there are enough mistakes; or as the recipe says. */
static ink_status calibrate(ink_train_run *run, ink_models *models, const ink_images *held_out, ink_error *err) {
    char line[160], text[24], found[24];
    ink_model *model = models->models[0];
    if (run->recipe.temperature > 0) {
        ink_number_text(run->recipe.temperature, text, sizeof text);
        snprintf(line, sizeof line, "temperature %s, as the recipe says", text);
        if (model->ends.probabilities == model->ends.logits) return INK_OK; /* it ends in softmax */
        model->temperature = (float)run->recipe.temperature;
        return keep_temperature(run, models, text, line, err);
    }
    ink_calibration c = {.fitted = false};
    ink_status status = held_out->count > 0 ? ink_calibrate(model, held_out, &c, err) : INK_OK;
    if (status != INK_OK || !c.fitted) return status;
    ink_number_text(c.temperature, text, sizeof text);
    ink_number_text(c.found, found, sizeof found);
    if (c.ece_after > c.ece_before) {
        snprintf(
            line, sizeof line,
            "temperature 1: the one fitted, %s, would take the calibration error on the held-out rows from %.2f %% "
            "to %.2f %%",
            found, 100 * c.ece_before, 100 * c.ece_after);
    } else {
        snprintf(line, sizeof line, "temperature %s: calibration error %.2f %% -> %.2f %% on the held-out rows", found,
                 100 * c.ece_before, 100 * c.ece_after);
    }
    return keep_temperature(run, models, text, line, err);
}

/* With the last weights: the temperature, and their hash; then the held-out rows once more, if there are any: confusion
 * matrix, mistakes. At last report.html, which claims no accuracy when nothing was held out. */
static ink_status judge(ink_train_run *run, ink_error *err) {
    ink_models models = {0};
    ink_images held_out = {0};
    ink_predictions predictions = {0};
    ink_judgement judgement = {0};
    uint32_t *rows = NULL;
    const char *name = run->result->run;
    bool some = run->result->val_rows > 0, opens = some || run->recipe.temperature > 0;
    ink_status status = INK_OK;
    if (opens) status = ink_models_open(&name, 1, &run->machine, run->recipe.eval_batch_size, &models, err);
    if (status == INK_OK && some) status = ink_images_pick(&run->set.train, run->held_out, 1, &held_out, &rows, err);
    if (status == INK_OK && opens) status = calibrate(run, &models, &held_out, err);
    if (status == INK_OK) status = hash_weights(run, err);
    if (status == INK_OK && some) status = ink_models_predict(&models, &held_out, NULL, &predictions, err);
    if (status == INK_OK && some) {
        status = ink_judge(&(ink_judged){&held_out, rows, NULL, &predictions}, &judgement, err);
    }
    if (status == INK_OK && some) status = ink_judgement_write(&judgement, true, name, err);
    if (status == INK_OK) status = ink_train_page(run, &judgement, err);
    ink_judgement_clear(&judgement);
    ink_predictions_free(&predictions);
    ink_mem_free(rows);
    ink_images_free(&held_out);
    ink_models_close(&models);
    return status;
}

static ink_status finish(ink_train_run *run, ink_error *err) {
    ink_status status = ink_runlog_draw(run->log, err);
    if (status == INK_OK) {
        status = ink_runlog_file(run->log, "accuracy.png", run->result->graph, sizeof run->result->graph, err);
    }
    if (status == INK_OK) status = judge(run, err);
    if (status == INK_OK && run->set.test.count > 0) status = ink_train_submit(run, err);
    if (status == INK_OK && run->save_error.status != INK_OK) {
        if (err != NULL) *err = run->save_error;
        status = run->save_error.status;
    }
    return status;
}

/* Whatever ended the loop, the log says how. */
static ink_status end_run(ink_train_run *run, ink_status status, ink_error *err) {
    ink_run_state state = status == INK_OK           ? INK_RUN_DONE
                          : status == INK_E_STOPPED  ? INK_RUN_INTERRUPTED
                          : status == INK_E_DIVERGED ? INK_RUN_DIVERGED
                                                     : INK_RUN_FAILED;
    const char *sha = run->result->weights_sha256[0] != '\0' ? run->result->weights_sha256 : NULL;
    ink_error own;
    if (status == INK_E_STOPPED) {
        ink_status saved = ink_train_save(run, &own);
        run->result->unsaved = saved != INK_OK;
        if (saved != INK_OK) {
            ink_watch_say(run->watch, INK_SAY_WARNING, "the checkpoint was not saved: %s", own.text);
        }
    }
    ink_status ended = ink_runlog_end(run->log, state, sha, status != INK_OK && err != NULL ? err->text : NULL, &own);
    if (status == INK_OK && ended != INK_OK) {
        if (err != NULL) *err = own;
        status = ended;
    }
    return status;
}

/* How long the loop took, and whether it ended where it was asked to. */
static void note_end(ink_train_run *run) {
    run->result->until = run->recipe.until;
    run->result->reached = ink_trainer_reached(run->trainer);
    run->result->trained_s = ink_trainer_position_of(run->trainer).elapsed_s;
}

/* A loss that exploded and stayed finite, or weights that never moved: no error, as nothing is wrong with the files. */
static void warn_of_guessing(const ink_train_run *run) {
    const ink_train_result *r = run->result;
    if (r->val_rows == 0 || !(r->last_accuracy < 2.0 / INK_CLASSES)) return;
    ink_watch_say(
        run->watch, INK_SAY_WARNING,
        "%.2f %% of the held-out rows are right, %.0f %% would be by guessing: the net learned nothing; another "
        "learning rate may help (inkling lr-find, --lr)",
        100 * r->last_accuracy, 100.0 / INK_CLASSES);
}

/* All is done; was the accuracy that was asked for reached? */
static ink_status judge_until(const ink_train_run *run, ink_error *err) {
    const ink_train_result *r = run->result;
    if (r->until <= 0 || r->reached) return INK_OK;
    return ink_fail(err, INK_E_THRESHOLD, "%.2f %% was not reached in %u epoch%s: the best was %.2f %%", 100 * r->until,
                    r->epochs, r->epochs == 1 ? "" : "s", 100 * r->best_accuracy);
}

/* What a net's training holds. */
static void let_go(ink_train_run *run) {
    ink_runlog_free(run->log);
    ink_trainer_free(run->trainer);
    ink_train_teachers_close(&run->teachers);
    ink_mem_free(run->held_out);
    run->log = NULL;
    run->trainer = NULL;
    run->held_out = NULL;
}

ink_status ink_train_try(ink_train_run *run, ink_error *err) {
    ink_status status = make_trainer(run, err);
    if (status == INK_OK) run->machine.precision = ink_trainer_precision(run->trainer);
    let_go(run);
    return status;
}

ink_status ink_train_one(ink_train_run *run, ink_error *err) {
    ink_status status = make_trainer(run, err);
    if (status == INK_OK) status = open_log(run, err);
    if (status == INK_OK) {
        say_start(run);
        ink_trainer_watch around = ink_train_watch(run);
        run->started_step = ink_trainer_position_of(run->trainer).step;
        run->saved_s = ink_clock_s();
        status = ink_train_fit_budget(run, err);
        if (status == INK_OK) status = ink_trainer_run(run->trainer, &around, err);
        note_end(run);
        if (status == INK_OK) status = finish(run, err);
        if (status == INK_OK) warn_of_guessing(run);
        status = end_run(run, status, err);
        if (status == INK_OK) status = judge_until(run, err);
    }
    run->result->seconds = ink_clock_s() - run->started_s;
    let_go(run);
    return status;
}

void ink_train_result_start(ink_train_result *result) {
    *result = (ink_train_result){
        .best_accuracy = NAN, .best_loss = NAN, .last_accuracy = NAN, .last_loss = NAN, .test_accuracy = NAN};
}

ink_status ink_train_prepare(ink_train_run *run, ink_error *err) {
    ink_status status = ink_train_settle(run, err);
    snprintf(run->result->recipe, sizeof run->result->recipe, "%s", run->recipe.name);
    if (status == INK_OK) status = read_data(run, err);
    if (status == INK_OK) status = split(run, err);
    if (status == INK_OK) status = make_trainer(run, err);
    return status;
}

void ink_train_close(ink_train_run *run) {
    let_go(run);
    ink_text_clear(&run->more);
    ink_text_clear(&run->more_sha256);
    ink_checkpoint_clear(&run->resumed);
    ink_dataset_clear(&run->set);
    ink_machine_close(&run->machine);
    ink_recipe_clear(&run->recipe);
}

ink_status ink_work_train(const ink_train_options *options, const ink_watch *watch, ink_train_result *result,
                          ink_error *err) {
    ink_error unwanted;
    ink_train_run run = {.options = options, .watch = watch, .result = result, .started_s = ink_clock_s()};
    if (err == NULL) err = &unwanted;
    ink_train_result_start(result);
    ink_status status = ink_train_settle(&run, err);
    snprintf(result->recipe, sizeof result->recipe, "%s", run.recipe.name);
    snprintf(result->data, sizeof result->data, "%s", options->data != NULL ? options->data : run.data);
    result->seed = run.recipe.seed;
    if (status == INK_OK) status = read_data(&run, err);
    /* From here on there is a run folder, which a signal must not leave without an end. */
    if (status == INK_OK && ink_watch_stop(watch))
        status = ink_fail(err, INK_E_STOPPED, "stopped before the first step");
    if (status == INK_OK && ink_train_is_many(&run)) {
        status = ink_train_many(&run, err);
    } else if (status == INK_OK) {
        status = split(&run, err);
        if (status == INK_OK) status = ink_train_one(&run, err);
    }
    result->seconds = ink_clock_s() - run.started_s;
    ink_train_close(&run);
    return status;
}

/* api/eval.c: `inkling eval`: how many of labelled images a model reads right.
 * The numbers are report/confusion.h's; nothing here is trained or chosen. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "api/judge.h"
#include "api/learned.h"
#include "api/members.h"
#include "api/members_ask.h"
#include "api/order.h"
#include "api/predict.h"
#include "api/tta.h"
#include "core/mem.h"
#include "core/status.h"
#include "files/folder.h"
#include "report/runlog.h"

#define EVAL_BATCH 1000

static uint32_t batch_of(const ink_eval_options *options) {
    return options->eval_batch_size > 0 ? options->eval_batch_size : EVAL_BATCH;
}

/* Marks the rows that every run among the models held out. A model without a run leaves no split: it does not count. */
static ink_status find_held_out(const ink_eval_options *options, const char *sha256, uint8_t *held_out, uint32_t n,
                                ink_error *err) {
    ink_status status = INK_OK;
    uint32_t runs = 0;
    char learned[65];
    uint8_t *one = ink_mem_new(n, 1);
    if (one == NULL) return ink_fail_memory(err, n, "the split");
    memset(held_out, 1, n);
    for (size_t m = 0; m < options->n_models && status == INK_OK; m++) {
        const char *name = options->models[m];
        if (!ink_run_is(name)) continue;
        runs++;
        status = ink_run_data(name, learned, err);
        if (status == INK_OK && learned[0] != '\0' && strcmp(learned, sha256) != 0) {
            status = ink_fail(err, INK_E_DATA, "%s learned from other images than those of %s", name, options->data);
            ink_hint(err, "--held-out wants the data that the run was trained on; other data needs no --held-out");
        }
        if (status == INK_OK) status = ink_run_split(name, one, n, err);
        if (status != INK_OK && ink_members_are(name)) {
            ink_hint(err, "its nets held out different rows: ask this run alone, without other models");
        }
        for (uint32_t i = 0; i < n && status == INK_OK; i++) held_out[i] &= one[i];
    }
    ink_mem_free(one);
    if (status == INK_OK && runs == 0) {
        status = ink_fail(err, INK_E_USAGE, "--held-out needs the folder of a run, %s is none",
                          options->n_models > 0 ? options->models[0] : "the built-in model");
    }
    if (status == INK_OK && memchr(held_out, 1, n) == NULL) {
        status = ink_fail(err, INK_E_USAGE,
                          runs == 1 ? "%s held nothing out: there is nothing to measure on"
                                    : "%s and the other runs held no row out together",
                          options->models[0]);
    }
    return status;
}

/* Leaves in `set` only those rows. */
static ink_status keep_held_out(const ink_eval_options *options, ink_dataset *set, uint32_t **rows, ink_error *err) {
    uint32_t n = set->test.count;
    ink_images kept;
    uint8_t *held_out = ink_mem_new(n, 1);
    if (held_out == NULL) return ink_fail_memory(err, n, "the split");
    ink_status status = find_held_out(options, set->train_sha256, held_out, n, err);
    if (status == INK_OK) status = ink_images_pick(&set->test, held_out, 1, &kept, rows, err);
    if (status == INK_OK) {
        ink_images_free(&set->test);
        set->test = kept;
    }
    ink_mem_free(held_out);
    return status;
}

/* What a model says of labels that it was told is no evidence. */
static ink_status refuse_suspects(const char *name, ink_error *err) {
    ink_fail(err, INK_E_USAGE, "%s has learned these labels: what it says of them is no evidence against them", name);
    ink_hint(err, "add --held-out: --suspects looks at the rows that a run did not learn from");
    return INK_E_USAGE;
}

/* What measures on rows that the model has not learned, as words at a warning's end. */
static void advise(const ink_eval_options *options, const ink_learned *learned, uint32_t n, char *text, size_t size) {
    bool any = false, builtin = options->n_models == 0;
    for (size_t m = 0; m < options->n_models; m++) {
        any = any || ink_run_is(options->models[m]);
        builtin = builtin || ink_model_is_builtin(options->models[m]);
    }
    text[0] = '\0';
    if (learned->at_most && !builtin) {
        snprintf(text, size, "; the folder of its run in its place, with --held-out, measures on what it held out");
    } else if (learned->by_run && learned->rows < n && any) {
        snprintf(text, size, "; --held-out measures on the rest");
    } else if (learned->by_run && learned->rows < n) {
        snprintf(text, size, "; %.300s in its place, with --held-out, measures on the rest", learned->run);
    }
}

/* A model asked about digits that it was told shows its memory; of several the one that knows most is named. */
static ink_status look_for_memory(const ink_eval_options *options, const ink_models *models, const ink_dataset *set,
                                  const ink_watch *watch, ink_error *err) {
    ink_learned most = {.rows = 0}, learned;
    size_t who = 0;
    uint32_t n = set->test.count;
    char advice[400];
    for (size_t m = 0; m < models->n; m++) {
        const ink_modelfile *file = &models->files[m];
        ink_status status =
            ink_learned_rows(&file->tensors, file->name, &set->test, set->test_sha256, NULL, &learned, err);
        if (status != INK_OK) return status;
        bool suspicious = learned.by_run || learned.at_most || learned.rows > n / 2;
        if (options->suspects && learned.rows > 0 && suspicious) return refuse_suspects(file->name, err);
        if (learned.rows <= most.rows) continue;
        who = m;
        most = learned;
    }
    if (most.rows == 0) return INK_OK;
    advise(options, &most, n, advice, sizeof advice);
    if (most.at_most) {
        ink_watch_say(watch, INK_SAY_WARNING,
                      "%s has learned from these %u rows, whatever its run held out: their accuracy says little of new "
                      "digits%s",
                      models->files[who].name, n, advice);
    } else {
        ink_watch_say(watch, INK_SAY_WARNING,
                      "%s has learned %u of these %u rows: their accuracy says little of new digits%s",
                      models->files[who].name, most.rows, n, advice);
    }
    return INK_OK;
}

/* DATA's labelled rows, in set->test; with --held-out the train file's, since those are the rows that a run was cut
 * from. */
static ink_status read_data(const ink_eval_options *options, const ink_machine *machine, const ink_watch *watch,
                            ink_dataset *set, ink_error *err) {
    ink_dataset_options data = {
        .path = options->data, .use = options->held_out ? INK_USE_TRAIN : INK_USE_EVAL, .pool = machine->pool};
    ink_status status = ink_dataset_find(&data, set, err);
    status = ink_order_explain("eval", options->models, options->n_models, options->data, status, err);
    if (status != INK_OK) return status;
    ink_say_dataset(watch, set);
    if (!options->held_out) return INK_OK;
    ink_images_free(&set->test);
    set->test = set->train;
    set->test_files = set->train_files;
    set->train = (ink_images){0};
    return INK_OK;
}

/* A cross-validation, or an ensemble whose nets held out different rows? Each of them is asked about its own. */
static bool is_asked_apart(const ink_eval_options *options) {
    char path[INK_PATH_SIZE];
    struct stat about;
    if (!options->held_out || options->n_models != 1 || !ink_members_are(options->models[0])) return false;
    return ink_folder_path(options->models[0], "split.csv", path, sizeof path, NULL) == INK_OK &&
           stat(path, &about) != 0;
}

static ink_status predict_apart(const ink_eval_options *options, const ink_machine *machine, const ink_watch *watch,
                                ink_dataset *set, uint32_t **rows, ink_predictions *predictions, ink_error *err) {
    ink_members members = {0};
    ink_members_answer answer;
    ink_status status = ink_members_load(options->models[0], &members, err);
    if (status == INK_OK) status = ink_members_check_done(&members, options->models[0], err);
    ink_tensors_free(&members.file);
    if (status == INK_OK) status = read_data(options, machine, watch, set, err);
    if (status != INK_OK) return status;
    ink_members_question question = {.run = options->models[0],
                                     .members = &members,
                                     .machine = machine,
                                     .max_batch = batch_of(options),
                                     .tta = options->tta,
                                     .tta_below = options->tta_below,
                                     .images = &set->test,
                                     .data_sha256 = set->train_sha256,
                                     .watch = watch};
    status = ink_members_ask(&question, &answer, err);
    if (status != INK_OK) return status;
    ink_images_free(&set->test);
    set->test = answer.images;
    *rows = answer.rows;
    *predictions = answer.predictions;
    return INK_OK;
}

static ink_status predict_together(const ink_eval_options *options, const ink_machine *machine, const ink_watch *watch,
                                   ink_dataset *set, uint32_t **rows, ink_predictions *predictions, ink_error *err) {
    ink_models models = {0};
    ink_status status = ink_models_open(options->models, options->n_models, machine, batch_of(options), &models, err);
    if (status == INK_OK) status = ink_tta_choose(options->tta, options->tta_below, &models, err);
    if (status == INK_OK) status = read_data(options, machine, watch, set, err);
    if (status == INK_OK) {
        status = options->held_out ? keep_held_out(options, set, rows, err)
                                   : look_for_memory(options, &models, set, watch, err);
    }
    if (status == INK_OK) status = ink_models_predict(&models, &set->test, watch, predictions, err);
    ink_models_close(&models);
    return status;
}

/* A run's own report is of the rows that it held out: compare and report.html rely on that. */
static ink_status check_out(const char *out, ink_error *err) {
    if (out == NULL) return INK_OK;
    if (!ink_run_is(out)) return ink_judgement_spare(out, err);
    ink_fail(err, INK_E_USAGE, "%s holds a run, and its own report: --out wants another folder", out);
    ink_hint(err, "for example --out %.200s-eval", out);
    return INK_E_USAGE;
}

static ink_status write_folder(const ink_judgement *judgement, const ink_eval_options *options, ink_error *err) {
    ink_status status = ink_folder_make(options->out, err);
    return status == INK_OK ? ink_judgement_write(judgement, options->suspects, options->out, err) : status;
}

ink_status ink_work_eval(const ink_eval_options *options, const ink_watch *watch, ink_eval_result *result,
                         ink_error *err) {
    ink_machine machine = {0};
    ink_dataset set = {0};
    ink_predictions predictions = {0};
    ink_judgement judgement = {0};
    uint32_t *rows = NULL;
    *result = (ink_eval_result){0};
    ink_status status = ink_order_check("eval", options->models, options->n_models, options->data, err);
    if (status == INK_OK) status = check_out(options->out, err);
    if (status == INK_OK) status = ink_machine_open(&options->engine, &machine, err);
    if (status != INK_OK) return status;
    status = is_asked_apart(options) ? predict_apart(options, &machine, watch, &set, &rows, &predictions, err)
                                     : predict_together(options, &machine, watch, &set, &rows, &predictions, err);
    if (status == INK_OK) {
        status = ink_judge(&(ink_judged){&set.test, rows, set.test_files, &predictions}, &judgement, err);
    }
    if (status == INK_OK && options->out != NULL) status = write_folder(&judgement, options, err);
    if (status == INK_OK) status = ink_judgement_text(&judgement, options->suspects, &result->text, err);
    if (status == INK_OK) status = ink_judgement_json(&judgement, options->suspects, &result->json, err);
    if (status == INK_OK) {
        result->rows = (uint32_t)judgement.scores.rows;
        result->errors = (uint32_t)judgement.scores.errors;
        result->accuracy = judgement.scores.accuracy;
        result->low = judgement.scores.low;
        result->high = judgement.scores.high;
        result->loss = judgement.scores.loss;
    } else {
        ink_mem_free(result->text);
        *result = (ink_eval_result){0};
    }
    ink_mem_free(rows);
    ink_judgement_clear(&judgement);
    ink_predictions_free(&predictions);
    ink_dataset_clear(&set);
    ink_machine_close(&machine);
    return status;
}

/* api/eval.c: `inkling eval`: how many of labelled images a model reads right.
 * The numbers are report/confusion.h's; nothing here is trained or chosen. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "api/judge.h"
#include "api/predict.h"
#include "core/mem.h"
#include "core/status.h"
#include "report/runlog.h"

#define EVAL_BATCH 1000

/* Leaves in `set` only the rows that the run held out. */
static ink_status keep_held_out(const char *run, ink_dataset *set, uint32_t **rows, ink_error *err) {
    uint32_t n = set->test.count;
    ink_images kept;
    uint8_t *held_out = ink_mem_new(n, 1);
    if (held_out == NULL) return ink_fail_memory(err, n, "the split");
    ink_status status = ink_run_split(run, held_out, n, err);
    if (status == INK_OK && memchr(held_out, 1, n) == NULL) {
        status = ink_fail(err, INK_E_USAGE, "%s held nothing out: there is nothing to measure on", run);
    }
    if (status == INK_OK) status = ink_images_pick(&set->test, held_out, 1, &kept, rows, err);
    if (status == INK_OK) {
        ink_images_free(&set->test);
        set->test = kept;
    }
    ink_mem_free(held_out);
    return status;
}

/* DATA's labelled rows; with --held-out the train file's, since those are the rows that a run was cut from. */
static ink_status read_rows(const ink_eval_options *options, const ink_machine *machine, const ink_watch *watch,
                            ink_dataset *set, uint32_t **rows, ink_error *err) {
    ink_dataset_options data = {
        .path = options->data, .use = options->held_out ? INK_USE_TRAIN : INK_USE_EVAL, .pool = machine->pool};
    ink_status status = ink_dataset_find(&data, set, err);
    if (status != INK_OK) return status;
    ink_say_dataset(watch, set);
    if (!options->held_out) return INK_OK;
    ink_images_free(&set->test);
    set->test = set->train;
    set->train = (ink_images){0};
    return keep_held_out(options->models[0], set, rows, err);
}

static ink_status write_folder(const ink_judgement *judgement, const char *folder, ink_error *err) {
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) return ink_fail_errno(err, "make", folder);
    return ink_judgement_write(judgement, folder, err);
}

ink_status ink_work_eval(const ink_eval_options *options, const ink_watch *watch, ink_eval_result *result,
                         ink_error *err) {
    ink_machine machine = {0};
    ink_models models = {0};
    ink_dataset set = {0};
    ink_predictions predictions = {0};
    ink_judgement judgement = {0};
    uint32_t *rows = NULL;
    *result = (ink_eval_result){0};
    ink_status status = ink_machine_open(&options->engine, &machine, err);
    if (status != INK_OK) return status;
    status = ink_models_open(options->models, options->n_models, &machine,
                             options->eval_batch_size > 0 ? options->eval_batch_size : EVAL_BATCH, &models, err);
    if (status == INK_OK) status = read_rows(options, &machine, watch, &set, &rows, err);
    if (status == INK_OK) status = ink_models_predict(&models, &set.test, watch, &predictions, err);
    if (status == INK_OK) status = ink_judge(&set.test, rows, &predictions, &judgement, err);
    if (status == INK_OK && options->out != NULL) status = write_folder(&judgement, options->out, err);
    if (status == INK_OK) status = ink_confusion_report(&judgement.confusion, &result->text, err);
    if (status == INK_OK) status = ink_confusion_json(&judgement.confusion, &result->json, err);
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
    ink_models_close(&models);
    ink_machine_close(&machine);
    return status;
}

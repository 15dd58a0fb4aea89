/* api/predict.c: `inkling predict`: images to submission.csv.
 * Training does the same at its end through ink_submit. */
#include "api/predict.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "api/order.h"
#include "api/tta.h"
#include "core/status.h"
#include "files/write.h"
#include "files/submission.h"

#define EVAL_BATCH 1000

ink_status ink_submit(ink_models *models, const ink_dataset *set, const char *path, const char *probabilities,
                      const ink_watch *watch, ink_predictions *out, ink_error *err) {
    ink_status status = ink_models_predict(models, &set->test, watch, out, err);
    if (status == INK_OK && path != NULL) {
        const ink_submission *sample = set->sample.count > 0 ? &set->sample : NULL;
        status = ink_submission_write(path, out->digits, out->count, sample, set->sample_name, err);
    }
    if (status == INK_OK && probabilities != NULL) {
        status = ink_probabilities_write(probabilities, out->p, out->count, INK_CLASSES, err);
    }
    if (status != INK_OK) ink_predictions_free(out);
    return status;
}

void ink_say_dataset(const ink_watch *watch, const ink_dataset *set) {
    for (uint32_t i = 0; i < set->n_found; i++) ink_watch_say(watch, INK_SAY_INFO, "%s", set->found[i]);
    for (uint32_t i = 0; i < set->n_warnings; i++) ink_watch_say(watch, INK_SAY_WARNING, "%s", set->warnings[i]);
}

/* A file that is there is replaced when its first word says that it is a submission, or probabilities; any other may be
 * the only copy of somebody's data. */
static ink_status spare_existing(const char *path, bool force, ink_error *err) {
    static const char word[] = "ImageId,";
    char first[sizeof word - 1];
    struct stat about;
    if (path == NULL || force) return INK_OK;
    if (stat(path, &about) != 0 || !S_ISREG(about.st_mode) || about.st_size == 0) return INK_OK;
    FILE *file = fopen(path, "rb");
    if (file == NULL) return INK_OK; /* writing tells why */
    size_t n = fread(first, 1, sizeof first, file);
    (void)fclose(file);
    if (n == sizeof first && memcmp(first, word, n) == 0) return INK_OK;
    ink_status status = ink_fail(err, INK_E_USAGE, "%s is there already, and is no submission", path);
    ink_hint(err, "--force replaces it; or name another file");
    return status;
}

/* Not over what is read, with --force either; and two files, not one after the other in the same. */
static ink_status check_outputs(const ink_predict_options *options, const char *out, ink_error *err) {
    const char *probabilities = options->probabilities;
    ink_status status = ink_file_spare(out, options->data, err);
    if (status == INK_OK) status = ink_file_spare(probabilities, options->data, err);
    if (status != INK_OK || probabilities == NULL) return status;
    if (out == NULL || (strcmp(out, probabilities) != 0 && ink_file_spare(out, probabilities, NULL) == INK_OK))
        return INK_OK;
    return ink_fail(err, INK_E_USAGE, "predictions and probabilities cannot both go to %s", out);
}

ink_status ink_work_predict(const ink_predict_options *options, const ink_watch *watch, ink_predict_result *result,
                            ink_error *err) {
    ink_machine machine = {0};
    ink_models models = {0};
    ink_dataset set = {0};
    ink_predictions predictions = {0};
    /* A picture's digit is no answer to Kaggle: no submission unless it is asked for. */
    const char *out = options->out != NULL ? options->out : options->n_pictures > 0 ? NULL : "submission.csv";
    *result = (ink_predict_result){0};
    ink_status status = ink_order_check("predict", options->models, options->n_models, options->data, err);
    if (status == INK_OK) status = spare_existing(out, options->force, err);
    if (status == INK_OK) status = spare_existing(options->probabilities, options->force, err);
    if (status == INK_OK) status = check_outputs(options, out, err);
    if (status == INK_OK) status = ink_machine_open(&options->engine, &machine, err);
    if (status != INK_OK) return status;
    status = ink_models_open(options->models, options->n_models, &machine,
                             options->eval_batch_size > 0 ? options->eval_batch_size : EVAL_BATCH, &models, err);
    if (status == INK_OK) status = ink_tta_choose(options->tta, options->tta_below, &models, err);
    if (status != INK_OK) goto done;
    ink_dataset_options data = {.path = options->data, .use = INK_USE_PREDICT, .pool = machine.pool};
    status = ink_dataset_find(&data, &set, err);
    status = ink_order_explain("predict", options->models, options->n_models, options->data, status, err);
    if (status != INK_OK) goto done;
    ink_say_dataset(watch, &set);
    status = ink_submit(&models, &set, out, options->probabilities, watch, &predictions, err);
    if (status != INK_OK) goto done;
    if (out != NULL) snprintf(result->submission, sizeof result->submission, "%s", out);
    result->rows = predictions.count;
    result->seconds = predictions.seconds;
    result->images_per_s = predictions.seconds > 0 ? predictions.count / predictions.seconds : 0;
    for (uint32_t i = 0; i < predictions.count; i++) result->counts[predictions.digits[i]]++;
done:
    ink_predictions_free(&predictions);
    ink_dataset_clear(&set);
    ink_models_close(&models);
    ink_machine_close(&machine);
    return status;
}

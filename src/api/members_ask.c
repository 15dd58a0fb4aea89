/* api/members_ask.c: the nets of a run one after another, each over the rows that it held out, and their means.
 * What the answers are worth is judge.c's business. */
#include "api/members_ask.h"

#include <string.h>

#include "api/judge.h"
#include "api/tta.h"
#include "core/mem.h"
#include "core/real.h"
#include "core/status.h"
#include "report/confusion.h"
#include "report/runlog.h"

/* Over all images. */
typedef struct tally {
    float *sum;      /* [n][10] of the probabilities */
    uint8_t *judges; /* [n] how many nets have spoken of the row */
    uint8_t *marks;  /* [n] scratch: which rows are meant */
} tally;

static ink_status check_data(const ink_members_question *q, const ink_models *models, ink_error *err) {
    const char *learned = ink_tensors_note(&models->files[0].tensors, "inkling.data_sha256");
    if (learned == NULL || strcmp(learned, q->data_sha256) == 0) return INK_OK;
    ink_fail(err, INK_E_DATA, "%s learned from other images than these", models->files[0].name);
    ink_hint(err, "held-out rows are those of the data that the run was trained on");
    return INK_E_DATA;
}

/* The rows that net k held out; as many as its training says. */
static ink_status take_marks(const ink_members_question *q, uint32_t k, const char *path, uint8_t *marks,
                             ink_error *err) {
    uint32_t marked = 0, wanted = q->members->member[k].val_rows;
    ink_status status = ink_run_split(path, marks, q->images->count, err);
    for (uint32_t i = 0; i < q->images->count && status == INK_OK; i++) marked += marks[i];
    if (status != INK_OK || marked == wanted) return status;
    return ink_fail(err, INK_E_DATA, "%s/split.csv marks %u images, its training held out %u", path, marked, wanted);
}

/* Adds what net k says of its held-out rows. */
static ink_status add_net(const ink_members_question *q, uint32_t k, tally *t, ink_error *err) {
    char path[INK_PATH_SIZE];
    const char *name = path;
    ink_models models = {0};
    ink_images images = {0};
    ink_predictions predictions = {0};
    uint32_t *rows = NULL;
    ink_status status = ink_member_path(q->run, k, path, sizeof path, err);
    if (status == INK_OK) status = ink_models_open(&name, 1, q->machine, q->max_batch, &models, err);
    if (status == INK_OK) status = check_data(q, &models, err);
    if (status == INK_OK) status = ink_tta_choose(q->tta, q->tta_below, &models, err);
    if (status == INK_OK && q->members->member[k].val_rows == 0) goto done; /* it learned all rows */
    if (status == INK_OK) status = take_marks(q, k, path, t->marks, err);
    if (status == INK_OK) status = ink_images_pick(q->images, t->marks, 1, &images, &rows, err);
    if (status == INK_OK) status = ink_models_predict(&models, &images, q->watch, &predictions, err);
    for (uint32_t i = 0; status == INK_OK && i < predictions.count; i++) {
        for (size_t c = 0; c < INK_CLASSES; c++) {
            t->sum[(size_t)rows[i] * INK_CLASSES + c] += predictions.p[(size_t)i * INK_CLASSES + c];
        }
        t->judges[rows[i]]++;
    }
done:
    ink_predictions_free(&predictions);
    ink_models_close(&models);
    ink_images_free(&images);
    ink_mem_free(rows);
    return status;
}

/* The judged rows' mean probabilities, in the order of the rows. */
static ink_status gather(const tally *t, ink_members_answer *out, ink_error *err) {
    uint32_t n = out->images.count;
    out->predictions = (ink_predictions){.count = n,
                                         .p = ink_mem_new((size_t)n * INK_CLASSES, sizeof(float)),
                                         .digits = ink_mem_new(n, 1),
                                         .losses = ink_mem_new(n, sizeof(double))};
    if (out->predictions.p == NULL || out->predictions.digits == NULL || out->predictions.losses == NULL) {
        return ink_fail_memory(err, (uint64_t)n * (INK_CLASSES * sizeof(float) + 9), "predictions");
    }
    for (uint32_t i = 0; i < n; i++) {
        float *p = out->predictions.p + (size_t)i * INK_CLASSES;
        for (size_t c = 0; c < INK_CLASSES; c++) {
            p[c] = t->sum[(size_t)out->rows[i] * INK_CLASSES + c] / (float)t->judges[out->rows[i]];
        }
        double truth = (double)p[out->images.labels[i]];
        out->predictions.digits[i] = ink_confusion_guess(p);
        out->predictions.losses[i] = -ink_log(truth > INK_LEAST_PROBABILITY ? truth : INK_LEAST_PROBABILITY);
    }
    return INK_OK;
}

ink_status ink_members_ask(const ink_members_question *q, ink_members_answer *out, ink_error *err) {
    uint32_t n = q->images->count;
    uint64_t spoken = 0;
    *out = (ink_members_answer){0};
    tally t = {ink_mem_new((size_t)n * INK_CLASSES, sizeof(float)), ink_mem_new(n, 1), ink_mem_new(n, 1)};
    ink_status status = INK_OK;
    if (t.sum == NULL || t.judges == NULL || t.marks == NULL) {
        status = ink_fail_memory(err, (uint64_t)n * (INK_CLASSES * sizeof(float) + 2), "predictions");
    }
    for (uint32_t k = 0; k < q->members->n && status == INK_OK; k++) status = add_net(q, k, &t, err);
    for (uint32_t i = 0; i < n && status == INK_OK; i++) {
        t.marks[i] = t.judges[i] > 0;
        spoken += t.judges[i];
    }
    if (status == INK_OK && spoken == 0) {
        status = ink_fail(err, INK_E_USAGE, "%s held nothing out: there is nothing to measure on", q->run);
    }
    if (status == INK_OK) status = ink_images_pick(q->images, t.marks, 1, &out->images, &out->rows, err);
    if (status == INK_OK) status = gather(&t, out, err);
    if (status == INK_OK) {
        out->judges_mean = (double)spoken / out->images.count;
    } else {
        ink_members_answer_clear(out);
    }
    ink_mem_free(t.sum);
    ink_mem_free(t.judges);
    ink_mem_free(t.marks);
    return status;
}

void ink_members_answer_clear(ink_members_answer *answer) {
    ink_predictions_free(&answer->predictions);
    ink_images_free(&answer->images);
    ink_mem_free(answer->rows);
    *answer = (ink_members_answer){0};
}

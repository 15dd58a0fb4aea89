/* api/calibrate.c: fits the temperature of a net, by bisection of a convex sum's slope.
 * Dividing by it is model_run.c's, keeping it in the file train.c's. */
#include "api/calibrate.h"

#include <math.h>

#include "core/mem.h"
#include "core/real.h"
#include "core/status.h"
#include "report/confusion.h"

#define HOTTEST 20.0
#define COLDEST 0.05
#define HALVES  40 /* of the interval of 1/T */

/* p = softmax(b z). */
static void softmax(const float z[INK_CLASSES], double b, double p[INK_CLASSES]) {
    double most = (double)z[0], sum = 0;
    for (int c = 1; c < INK_CLASSES; c++) most = (double)z[c] > most ? (double)z[c] : most;
    for (int c = 0; c < INK_CLASSES; c++) {
        p[c] = ink_exp(b * ((double)z[c] - most));
        sum += p[c];
    }
    for (int c = 0; c < INK_CLASSES; c++) p[c] /= sum;
}

static double slope(const float *logits, const uint8_t *labels, uint32_t n, double b) {
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        const float *z = logits + (size_t)i * INK_CLASSES;
        double p[INK_CLASSES], expected = 0;
        softmax(z, b, p);
        for (int c = 0; c < INK_CLASSES; c++) expected += p[c] * (double)z[c];
        sum += expected - (double)z[labels[i]];
    }
    return sum;
}

double ink_temperature_fit(const float *logits, const uint8_t *labels, uint32_t n) {
    double low = 1 / HOTTEST, high = 1 / COLDEST;
    for (int k = 0; k < HALVES; k++) {
        double middle = (low + high) / 2;
        if (slope(logits, labels, n, middle) < 0) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return floor(1000 / ((low + high) / 2) + 0.5) / 1000;
}

static double calibration_error(const float *logits, const uint8_t *labels, uint32_t n, double temperature) {
    ink_confusion confusion = {0};
    ink_scores scores;
    for (uint32_t i = 0; i < n; i++) {
        double p[INK_CLASSES];
        float rounded[INK_CLASSES];
        softmax(logits + (size_t)i * INK_CLASSES, 1 / temperature, p);
        for (int c = 0; c < INK_CLASSES; c++) rounded[c] = (float)p[c];
        ink_confusion_add(&confusion, rounded, labels[i]);
    }
    ink_confusion_scores(&confusion, &scores);
    return scores.ece;
}

static uint32_t mistakes(const float *logits, const uint8_t *labels, uint32_t n) {
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < n; i++) {
        wrong += ink_confusion_guess(logits + (size_t)i * INK_CLASSES) != labels[i];
    }
    return wrong;
}

ink_calibration ink_calibration_of(const float *logits, const uint8_t *labels, uint32_t n) {
    ink_calibration c = {.temperature = 1, .found = 1};
    if (mistakes(logits, labels, n) < INK_CALIBRATE_ERRORS) return c;
    c.fitted = true;
    c.found = ink_temperature_fit(logits, labels, n);
    c.ece_before = calibration_error(logits, labels, n, 1);
    c.ece_after = calibration_error(logits, labels, n, c.found);
    if (c.ece_after <= c.ece_before) c.temperature = c.found;
    return c;
}

ink_status ink_calibrate(ink_model *model, const ink_images *images, ink_calibration *out, ink_error *err) {
    uint32_t n = images->count;
    size_t size = (size_t)images->height * images->width;
    ink_status status = INK_OK;
    *out = (ink_calibration){.temperature = 1, .found = 1};
    if (model->ends.probabilities == model->ends.logits || n == 0) return INK_OK; /* it ends in softmax */
    float *logits = ink_mem_new((size_t)n * INK_CLASSES, sizeof *logits);
    if (logits == NULL) return ink_fail_memory(err, (uint64_t)n * INK_CLASSES * sizeof *logits, "logits");
    model->temperature = 1;
    for (uint32_t from = 0; from < n && status == INK_OK; from += model->max_batch) {
        uint32_t now = n - from < model->max_batch ? n - from : model->max_batch;
        status =
            ink_model_run(model, images->pixels + from * size, now, logits + (size_t)from * INK_CLASSES, NULL, err);
    }
    if (status == INK_OK) {
        *out = ink_calibration_of(logits, images->labels, n);
        model->temperature = (float)out->temperature;
    }
    ink_mem_free(logits);
    return status;
}

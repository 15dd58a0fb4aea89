/* api/tta.c: looks at images again, moved, turned and scaled.
 * The first look is models.c's. */
#include "api/tta.h"

#include <string.h>

#include "core/mem.h"
#include "core/number.h"
#include "core/real.h"
#include "core/status.h"
#include "report/confusion.h"

#define COS  0.99452190f /* of 6 degrees */
#define SIN  0.10452846f
#define MORE 1.06f

static const ink_warp ways[INK_TTA_MOST] = {
    {.xx = 1, .yy = 1},
    {.xx = 1, .yy = 1, .x0 = 1},
    {.xx = 1, .yy = 1, .x0 = -1},
    {.xx = 1, .yy = 1, .y0 = 1},
    {.xx = 1, .yy = 1, .y0 = -1},
    {.xx = COS, .xy = SIN, .yx = -SIN, .yy = COS},
    {.xx = COS, .xy = -SIN, .yx = SIN, .yy = COS},
    {.xx = MORE, .yy = MORE},
    {.xx = 1 / MORE, .yy = 1 / MORE},
    {.xx = 1, .xy = 0.1f, .yy = 1},
    {.xx = 1, .xy = -0.1f, .yy = 1},
    {.xx = 1, .yy = 1, .x0 = 1, .y0 = 1},
    {.xx = 1, .yy = 1, .x0 = -1, .y0 = -1},
    {.xx = 1, .yy = 1, .x0 = 1, .y0 = -1},
    {.xx = 1, .yy = 1, .x0 = -1, .y0 = 1},
};

const ink_warp *ink_tta_warp(uint32_t i) {
    return &ways[i];
}

ink_status ink_tta_choose(const char *words, double below, ink_models *models, ink_error *err) {
    uint64_t n = INK_TTA_MOST;
    if (words == NULL && below <= 0) return INK_OK;
    if (words != NULL && strcmp(words, "all") != 0 && (!ink_number_whole(words, INK_TTA_MOST, &n) || n < 1)) {
        return ink_fail(err, INK_E_USAGE, "--tta is \"%.40s\", expected all or a whole number 1..%d", words,
                        INK_TTA_MOST);
    }
    models->ways = (uint32_t)n;
    models->below = below > 0 ? below : 2; /* no probability reaches that */
    return INK_OK;
}

/* The rows to look at again. */
static uint32_t choose(const ink_predictions *predictions, double below, uint32_t *rows) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < predictions->count; i++) {
        const float *p = predictions->p + (size_t)i * INK_CLASSES;
        if ((double)p[ink_confusion_guess(p)] < below) rows[n++] = i;
    }
    return n;
}

/* Memory for one batch. */
typedef struct batch {
    const ink_images *images;
    const uint32_t *rows;
    uint32_t n;
    uint8_t *pixels;
    float *warped, *p;
    ink_warper *warp;
} batch;

static ink_status look_again(ink_models *models, const batch *b, uint32_t way, float *all, ink_error *err) {
    uint32_t height = b->images->height, width = b->images->width;
    size_t size = (size_t)height * width;
    for (uint32_t i = 0; i < b->n; i++) {
        b->warp(&ways[way], b->images->pixels + b->rows[i] * size, height, width, b->warped);
        for (size_t k = 0; k < size; k++) b->pixels[i * size + k] = (uint8_t)(b->warped[k] + 0.5f);
    }
    ink_status status = ink_models_mean(models, b->pixels, b->n, NULL, b->p, err);
    for (uint32_t i = 0; status == INK_OK && i < b->n; i++) {
        for (size_t c = 0; c < INK_CLASSES; c++) {
            all[(size_t)b->rows[i] * INK_CLASSES + c] += b->p[(size_t)i * INK_CLASSES + c];
        }
    }
    return status;
}

/* Sums to means, and what follows from them. */
static void settle(const ink_models *models, const batch *b, ink_predictions *out) {
    for (uint32_t i = 0; i < b->n; i++) {
        uint32_t row = b->rows[i];
        float *p = out->p + (size_t)row * INK_CLASSES;
        for (int c = 0; c < INK_CLASSES; c++) p[c] /= (float)models->ways;
        out->digits[row] = ink_confusion_guess(p);
        if (out->losses == NULL) continue;
        double truth = (double)p[b->images->labels[row]];
        out->losses[row] = -ink_log(truth > INK_LEAST_PROBABILITY ? truth : INK_LEAST_PROBABILITY);
    }
}

ink_status ink_tta_add(ink_models *models, const ink_images *images, const ink_watch *watch,
                       ink_predictions *predictions, ink_error *err) {
    size_t size = (size_t)images->height * images->width;
    uint32_t most = models->max_batch, n = 0;
    ink_status status = INK_OK;
    uint32_t *rows = ink_mem_new(predictions->count, sizeof *rows);
    batch b = {.images = images,
               .pixels = ink_mem_new(most, size),
               .warped = ink_mem_new(size, sizeof(float)),
               .p = ink_mem_new(most, INK_CLASSES * sizeof(float)),
               .warp = ink_cpu_warper()};
    if (rows == NULL || b.pixels == NULL || b.warped == NULL || b.p == NULL) {
        status = ink_fail_memory(err, most * size, "a batch");
        goto done;
    }
    n = choose(predictions, models->below, rows);
    for (uint32_t from = 0; from < n && status == INK_OK; from += b.n) {
        b.rows = rows + from;
        b.n = n - from < most ? n - from : most;
        for (uint32_t way = 1; way < models->ways && status == INK_OK; way++) {
            if (ink_watch_stop(watch)) status = ink_fail(err, INK_E_STOPPED, "stopped after %u of %u images", from, n);
            if (status == INK_OK) status = look_again(models, &b, way, predictions->p, err);
        }
        if (status == INK_OK) settle(models, &b, predictions);
    }
    if (status == INK_OK) {
        ink_watch_say(watch, INK_SAY_INFO, "%u of %u images looked at in %u ways", n, predictions->count, models->ways);
    }
done:
    ink_mem_free(rows);
    ink_mem_free(b.pixels);
    ink_mem_free(b.warped);
    ink_mem_free(b.p);
    return status;
}

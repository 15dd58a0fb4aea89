/* train/normalise.c: the recipe's way from pixels to numbers, with what it needs to know of the training rows.
 * The arithmetic itself is a node (ops/graph.h). */
#include <math.h>

#include "train/trainer_state.h"

/* Mean and standard deviation of the training rows' pixels, from exact integer sums. */
static void measure_pixels(const ink_images *images, const uint32_t *rows, uint32_t n, double *mean, double *std) {
    uint64_t sum = 0, squares = 0;
    size_t size = (size_t)images->height * images->width;
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *p = images->pixels + rows[i] * size;
        for (size_t k = 0; k < size; k++) {
            sum += p[k];
            squares += (uint64_t)p[k] * p[k];
        }
    }
    double count = (double)n * (double)size * 255.0;
    *mean = (double)sum / count;
    double variance = (double)squares / (count * 255.0) - *mean * *mean;
    *std = variance > 1e-6 ? sqrt(variance) : 1.0;
}

void ink_recipe_normalise(const ink_recipe *r, double mean, double std, ink_normalise *out) {
    static const double imagenet_mean[3] = {0.485, 0.456, 0.406}, imagenet_std[3] = {0.229, 0.224, 0.225};
    *out = (ink_normalise){.channels = r->normalise == INK_NORMALISE_IMAGENET ? 3 : 1};
    if (r->normalise == INK_NORMALISE_MEANSTD) {
        mean = r->normalise_a;
        std = r->normalise_b;
    }
    switch (r->normalise) {
    case INK_NORMALISE_NONE: out->scale[0] = 1; break;
    case INK_NORMALISE_RANGE:
        out->scale[0] = (float)(1.0 / r->normalise_a);
        out->shift[0] = (float)-r->normalise_b;
        break;
    case INK_NORMALISE_AUTO:
    case INK_NORMALISE_MEANSTD:
        out->scale[0] = (float)(1.0 / (255.0 * std));
        out->shift[0] = (float)(-mean / std);
        break;
    case INK_NORMALISE_IMAGENET:
        for (int c = 0; c < 3; c++) {
            out->scale[c] = (float)(1.0 / (255.0 * imagenet_std[c]));
            out->shift[c] = (float)(-imagenet_mean[c] / imagenet_std[c]);
        }
        break;
    }
}

void ink_trainer_set_normalise(ink_trainer *t, const uint32_t *rows) {
    double mean = 0, std = 1;
    if (t->recipe->normalise == INK_NORMALISE_AUTO) measure_pixels(t->images, rows, t->n_train, &mean, &std);
    ink_recipe_normalise(t->recipe, mean, std, &t->normalise);
}

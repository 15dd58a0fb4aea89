/* data/split.c: rows shuffled once, then taken from the front, class by class.
 * Reads no images. */
#include "data/split.h"

#include <math.h>

#include "core/mem.h"
#include "core/rng.h"
#include "core/status.h"

#define CLASSES 256

/* How many of each class are held out: the floor of each share, and what is left to the largest remainders (among
 * equals the lowest class), so that the sum is exactly `wanted`. */
static void share_out(const uint32_t counts[CLASSES], double fraction, uint32_t wanted, uint32_t quota[CLASSES]) {
    double remainder[CLASSES];
    uint32_t given = 0;
    for (int c = 0; c < CLASSES; c++) {
        double share = fraction * counts[c];
        quota[c] = (uint32_t)share;
        remainder[c] = share - quota[c];
        given += quota[c];
    }
    for (; given < wanted; given++) {
        int best = 0;
        double most = -2.0;
        for (int c = 0; c < CLASSES; c++) {
            if (counts[c] == quota[c] || remainder[c] <= most) continue;
            best = c;
            most = remainder[c];
        }
        quota[best]++;
        remainder[best] = -1.0; /* each class gets one at most */
    }
}

ink_status ink_split_make(const uint8_t *labels, uint32_t n, ink_split_kind kind, double fraction, uint64_t seed,
                          uint8_t *held_out, uint32_t *n_held_out, ink_error *err) {
    *n_held_out = 0;
    if (!(fraction >= 0.0 && fraction < 1.0)) {
        return ink_fail(err, INK_E_USAGE, "the held-out fraction must be at least 0 and below 1");
    }
    for (uint32_t i = 0; i < n; i++) held_out[i] = 0;
    if (kind == INK_SPLIT_NONE || fraction == 0.0) return INK_OK;
    if (n < 2) return ink_fail(err, INK_E_USAGE, "%u image%s: nothing can be held out", n, n == 1 ? "" : "s");
    if (kind == INK_SPLIT_STRATIFIED && labels == NULL) {
        return ink_fail(err, INK_E_USAGE, "a stratified split needs labels");
    }

    uint32_t *order = ink_mem_new(n, sizeof *order);
    if (order == NULL) return ink_fail_memory(err, (uint64_t)n * sizeof *order, "a split");
    ink_rng rng = ink_rng_at(seed, INK_STREAM_SPLIT, 0, 0);
    ink_rng_shuffle(&rng, order, n);

    uint32_t wanted = (uint32_t)floor(fraction * n + 0.5);
    if (wanted < 1) wanted = 1;
    if (wanted > n - 1) wanted = n - 1;
    if (kind == INK_SPLIT_RANDOM) {
        for (uint32_t i = 0; i < wanted; i++) held_out[order[i]] = 1;
    } else {
        uint32_t counts[CLASSES] = {0}, quota[CLASSES];
        for (uint32_t i = 0; i < n; i++) counts[labels[i]]++;
        share_out(counts, fraction, wanted, quota);
        for (uint32_t i = 0; i < n; i++) {
            uint8_t label = labels[order[i]];
            if (quota[label] == 0) continue;
            quota[label]--;
            held_out[order[i]] = 1;
        }
    }
    *n_held_out = wanted;
    ink_mem_free(order);
    return INK_OK;
}

ink_status ink_split_folds(const uint8_t *labels, uint32_t n, uint32_t folds, uint64_t seed, uint8_t *fold,
                           ink_error *err) {
    if (folds < 2 || folds > n || folds > 255) {
        return ink_fail(err, INK_E_USAGE, "%u folds of %u images: between 2 and %u can be made", folds, n,
                        n < 255 ? n : 255u);
    }
    uint32_t *order = ink_mem_new(n, sizeof *order);
    if (order == NULL) return ink_fail_memory(err, (uint64_t)n * sizeof *order, "folds");
    ink_rng rng = ink_rng_at(seed, INK_STREAM_SPLIT, 1, 0);
    ink_rng_shuffle(&rng, order, n);

    /* Row by row in turn, one class after another: `place` runs on from class to class, which keeps both the classes
     * and the folds even. starts[c]: the place of class c's first row. */
    uint32_t starts[CLASSES + 1] = {0};
    for (uint32_t i = 0; i < n; i++) starts[labels[i] + 1]++;
    for (int c = 0; c < CLASSES; c++) starts[c + 1] += starts[c];
    for (uint32_t i = 0; i < n; i++) {
        uint32_t place = starts[labels[order[i]]]++;
        fold[order[i]] = (uint8_t)(place % folds);
    }
    ink_mem_free(order);
    return INK_OK;
}

/* data/split.h: which rows are held out, never to be trained on. */
#ifndef INK_DATA_SPLIT_H
#define INK_DATA_SPLIT_H

#include "inkling.h"

/* What a split's bytes say of a row; any other value is not theirs. */
#define INK_ROW_HELD_OUT 1 /* measured on, never trained on; 0: trained on */
#define INK_ROW_LEFT_OUT 2 /* neither: a copy of one that is held out */

typedef enum ink_split_kind {
    INK_SPLIT_NONE,      /* nothing is held out */
    INK_SPLIT_RANDOM,    /* any rows */
    INK_SPLIT_STRATIFIED /* from each class its share: within one row of fraction * its count */
} ink_split_kind;

/* held_out[i] = 1 for the rows held out, 0 for the others, i < n. Their number, *n_held_out, is fraction * n rounded to
 * nearest, but at least 1 and at most n - 1 when fraction > 0; 0 for NONE or fraction 0. A function of labels, n, kind,
 * fraction and seed alone (Philox, INK_STREAM_SPLIT). labels may be NULL unless stratified; classes are 0..255.
 * Errors   INK_E_USAGE fraction outside [0, 1) or NaN, or fewer than 2 rows to cut; INK_E_MEMORY. */
INK_MUST_USE ink_status ink_split_make(const uint8_t *labels, uint32_t n, ink_split_kind kind, double fraction,
                                       uint64_t seed, uint8_t *held_out, uint32_t *n_held_out, ink_error *err);

/* Cross-validation: fold[i] in 0 .. folds-1, each class spread evenly (counts of a class differ by at most one between
 * folds, and so do the folds' sizes). Errors: INK_E_USAGE folds below 2 or above n or 255; INK_E_MEMORY. */
INK_MUST_USE ink_status ink_split_folds(const uint8_t *labels, uint32_t n, uint32_t folds, uint64_t seed, uint8_t *fold,
                                        ink_error *err);

#endif

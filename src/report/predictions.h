/* report/predictions.h: predictions.csv: what was read on each image that was measured, so that runs can be compared
 * later without their data. Columns: index (of the image in its file, from 0), label, pred, p0 ... p9. */
#ifndef INK_REPORT_PREDICTIONS_H
#define INK_REPORT_PREDICTIONS_H

#include <stdint.h>

#include "inkling.h"

typedef struct ink_prediction {
    uint32_t index;
    uint8_t label, guess;
} ink_prediction;

/* probabilities [n][10], labels [n]; index[n]: NULL: 0, 1, ... Errors: INK_E_FILE, INK_E_MEMORY. */
INK_MUST_USE ink_status ink_predictions_save(const char *path, const float *probabilities, const uint8_t *labels,
                                             const uint32_t *index, uint32_t n, ink_error *err);

/* The first three columns, in ascending order of index (a file that is not is refused). *rows: ink_mem_free.
 * Errors   INK_E_FILE; INK_E_DATA with line and column; INK_E_MEMORY. */
INK_MUST_USE ink_status ink_predictions_load(const char *path, ink_prediction **rows, uint32_t *n, ink_error *err);

#endif

/* report/suspects.h: labels that are probably wrong: found by what a model that has not learned them says of them.
 *
 * Method   Confident learning (C. Northcutt, L. Jiang, I. Chuang, J. Artif. Intell. Res. 70 (2021), arXiv:1911.00068,
 *          section 3). t[j], the threshold of class j, is what p[j] reaches on nine in ten of the images whose label is
 *          j, but 0.5 at least: how sure the model usually is of that class, and surer than not. An image with label i
 *          is suspect when some other class j has p[j] >= t[j] and no class that passes its own threshold has a higher
 *          p. Least margin p[i] - p[j] first, then by index. (The paper's t[j] is the mean. A good model that was
 *          trained with smoothed labels is as sure of nearly every image as it can be, so that hardly anything reaches
 *          the mean.)
 * Needs    probabilities from outside the training: held-out rows, or all rows out of fold. Of rows that a model has
 *          learned it says what it was told. */
#ifndef INK_REPORT_SUSPECTS_H
#define INK_REPORT_SUSPECTS_H

#include "report/mistakes.h"

/* probabilities [n][10], labels [n]; index[n]: numbers of the images in their file, NULL: 0, 1, ... The first `max` of
 * them go to suspects: truth is the label that is doubted, guess the class that it probably is. *total: how many there
 * are in all; no more than max were put. Errors: INK_E_MEMORY. */
INK_MUST_USE ink_status ink_suspects_find(const float *probabilities, const uint8_t *labels, const uint32_t *index,
                                          uint32_t n, ink_mistake *suspects, uint32_t max, uint32_t *total,
                                          ink_error *err);

/* Picture, label, guess, its probability of each of `count`, the first of `total`. pixels: [count][28][28]. count 0: a
 * sheet that says so. */
INK_MUST_USE ink_status ink_suspects_sheet(const ink_mistake *suspects, uint32_t count, const uint8_t *pixels,
                                           uint32_t total, uint64_t rows, ink_picture **out, ink_error *err);

/* Lines for people: how many, and for each number, label, guess, probabilities. *text: ink_mem_free. */
INK_MUST_USE ink_status ink_suspects_text(const ink_mistake *suspects, uint32_t count, uint32_t total, uint64_t rows,
                                          char **text, ink_error *err);

#endif

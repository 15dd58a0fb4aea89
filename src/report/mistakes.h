/* report/mistakes.h: the predictions that went most wrong: chosen, as a table, as a sheet. */
#ifndef INK_REPORT_MISTAKES_H
#define INK_REPORT_MISTAKES_H

#include <stddef.h>
#include <stdint.h>

#include "inkling.h"
#include "report/picture.h"

typedef struct ink_mistake {
    uint32_t index; /* of the image, from 0 */
    uint8_t truth, guess;
    float p_truth, p_guess;
    double loss; /* -ln p_truth */
} ink_mistake;

/* The wrong predictions with the highest loss first (then by index). probabilities [n][10], labels [n]; index[n] gives
 * the numbers of the images in their file, NULL: 0, 1, ... Returns how many were put, at most max. */
uint32_t ink_mistakes_find(const float *probabilities, const uint8_t *labels, const uint32_t *index, uint32_t n,
                           ink_mistake *worst, uint32_t max);

/* index,true,pred,p_true,p_pred,loss. *text: ink_mem_free. */
INK_MUST_USE ink_status ink_mistakes_csv(const ink_mistake *worst, uint32_t count, char **text, ink_error *err);

/* Picture, truth, guess, probability of each. pixels: [count][28][28] in the order of worst. errors of rows: for the
 * line under the title. count 0: a sheet that says that nothing went wrong. */
INK_MUST_USE ink_status ink_mistakes_sheet(const ink_mistake *worst, uint32_t count, const uint8_t *pixels,
                                           uint64_t errors, uint64_t rows, ink_picture **out, ink_error *err);

#endif

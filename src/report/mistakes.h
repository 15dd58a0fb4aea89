/* report/mistakes.h: the predictions that went most wrong: chosen, as a table, as a sheet. */
#ifndef INK_REPORT_MISTAKES_H
#define INK_REPORT_MISTAKES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inkling.h"
#include "report/picture.h"

typedef struct ink_mistake {
    uint32_t index;   /* of the image, from 0 */
    const char *file; /* that holds this image alone, borrowed; NULL: it is a row of a table */
    uint8_t truth, guess;
    float p_truth, p_guess;
    double loss; /* -ln p_truth */
} ink_mistake;

/* What p [10] says of an image whose label is truth. */
ink_mistake ink_mistake_of(const float p[], uint8_t truth, uint8_t guess, uint32_t index);

/* Puts m where it belongs in a list that is in order and holds at most max; returns how many it then holds. */
typedef bool ink_mistake_order(const ink_mistake *a, const ink_mistake *b);
uint32_t ink_mistakes_insert(ink_mistake *list, uint32_t count, uint32_t max, const ink_mistake *m,
                             ink_mistake_order *before);

/* What a sheet of mistakes says: its title, the line under it, and the words before, between and behind truth and guess
 * ("", " read as ", ""). note alone stands on a sheet without digits. */
typedef struct ink_mistake_words {
    const char *title, *note;
    const char *before, *between, *behind;
} ink_mistake_words;

/* Picture, truth, guess, probability, number of each, or the end of its file's name. pixels: [count][28][28] in the
 * order of the list. */
INK_MUST_USE ink_status ink_mistakes_draw(const ink_mistake *list, uint32_t count, const uint8_t *pixels,
                                          const ink_mistake_words *words, ink_picture **out, ink_error *err);

/* The wrong predictions with the highest loss first (then by index). probabilities [n][10], labels [n]; index[n] gives
 * the numbers of the images in their file, NULL: 0, 1, ... Returns how many were put, at most max. */
uint32_t ink_mistakes_find(const float *probabilities, const uint8_t *labels, const uint32_t *index, uint32_t n,
                           ink_mistake *worst, uint32_t max);

/* index,true,pred,p_true,p_pred,loss, and file where images are files. *text: ink_mem_free. */
INK_MUST_USE ink_status ink_mistakes_csv(const ink_mistake *worst, uint32_t count, char **text, ink_error *err);

/* The worst mistakes, drawn. errors of rows: for the line under the title. count 0: a sheet that says that nothing went
 * wrong. */
INK_MUST_USE ink_status ink_mistakes_sheet(const ink_mistake *worst, uint32_t count, const uint8_t *pixels,
                                           uint64_t errors, uint64_t rows, ink_picture **out, ink_error *err);

#endif

/* core/near.h: the known word that an unknown one was probably meant to be, for "did you mean".
 *
 *   ink_near near = {.word = word};
 *   for (size_t i = 0; i < n; i++) ink_near_try(&near, name[i]);
 *   if (near.best != NULL) ink_hint(err, "did you mean \"%s\"?", near.best);
 *
 * Near is: at most a third of the letters (at least one) are wrong, missing, too many or swapped with their neighbour;
 * or the word is the beginning of the known one. The nearest wins, among equals the first. */
#ifndef INK_CORE_NEAR_H
#define INK_CORE_NEAR_H

#include <stddef.h>

typedef struct ink_near {
    const char *word; /* what was typed; borrowed */
    const char *best; /* the nearest candidate so far, NULL: none is near; borrowed */
    size_t distance;  /* of best */
} ink_near;

void ink_near_try(ink_near *near, const char *candidate);

/* Letters to change, add, drop or swap with a neighbour to make b of a. Words of more than 63 letters are far from all:
 * then the answer is SIZE_MAX. */
size_t ink_near_distance(const char *a, const char *b);

#endif

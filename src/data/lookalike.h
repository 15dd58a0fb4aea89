/* data/lookalike.h: images that are nearly the same, and what is odd about a digit.
 *
 * Distance    d(a, b) = sum |a - b| / sum (a + b) over the pixels: 0 for equal images, 1 when no ink lies on common
 *             ground (J. R. Bray, J. T. Curtis, Ecol. Monogr. 27 (1957) 325). Two empty images are 0 apart.
 * Complexity  n m pairs in the worst case, few in practice. d <= t needs |A - B| <= t (A + B) for the sums A, B of the
 *             ink, so only images whose ink lies in [(1-t)/(1+t), (1+t)/(1-t)] times the other's are looked at (sorted:
 *             n log n); and the same sum over 4 x 4 cells, which is never above that over pixels, must be small enough
 *             before pixels are compared, with an end as soon as the bound is passed. No pair is missed. */
#ifndef INK_DATA_LOOKALIKE_H
#define INK_DATA_LOOKALIKE_H

#include <stdbool.h>

#include "core/pool.h"
#include "files/images.h"

/* Image `b`, and the image `a` that is nearest to it. */
typedef struct ink_lookalike {
    uint32_t a, b;
    double distance;
} ink_lookalike;

/* For each image b of `second` its nearest a in `first` (the first of equals), when it is at most `most` (0..0.5) away;
 * ascending by b. second NULL: within first, a < b. Same size of images (asserted). pool may be NULL; the result is the
 * same for any number of threads. stop (NULL: never) is asked now and then by the calling thread, with its context;
 * nonzero ends the search. *pairs: ink_mem_free. Errors: INK_E_MEMORY, INK_E_STOPPED. */
INK_MUST_USE ink_status ink_lookalikes_find(const ink_images *first, const ink_images *second, double most,
                                            ink_pool *pool, int (*stop)(void *context), void *context,
                                            ink_lookalike **pairs, uint32_t *n, ink_error *err);

/* How a digit lies on its page. */
typedef struct ink_digit_facts {
    uint8_t least, most;       /* of its pixels */
    uint32_t wide, high;       /* box of what is over 10 */
    double centre_x, centre_y; /* of mass, in pixels counted from 0; NaN without ink */
    uint32_t corners;          /* mean of the four corners */
} ink_digit_facts;

void ink_digit_measure(const uint8_t *image, uint32_t height, uint32_t width, ink_digit_facts *facts);

/* As MNIST's own images are (measured on its 42,000): 28 x 28, longest side of the box 19 or 20, centre of mass within
 * 0.6 of pixel 14 both ways, brightest pixel 200 or more. */
bool ink_digit_is_normal(const ink_digit_facts *facts, uint32_t height, uint32_t width);

#endif

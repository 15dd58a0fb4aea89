/* data/normaliser.h: a drawn or photographed digit as MNIST would have shown it.
 * That is 28 x 28, longest side 20 pixels, centre of mass in the middle. The program, the page's server, WebAssembly
 * and the synthetic digits all use this one function. Part of libinkling: libc only, no allocation.
 *
 * Method   1 ink is what is darker than 10/255 of the darkest pixel; crop to its box. 2 the box's longer side becomes
 * 20 pixels: each output pixel is the mean of the source under a window that is one output pixel wide, but never less
 * than one source pixel, so that enlarging blurs slightly instead of making blocks. 3 shift by whole pixels so that the
 * centre of mass comes nearest to pixel 14 (counted from 0), but never ink over the edge. 4 scale so that the darkest
 * pixel is 255.
 * Source   measured on MNIST's own training images: 41,992 of 42,000 have a longest side of exactly 20, and their
 * centres of mass lie within half a pixel of 14, evenly spread. */
#ifndef INK_DATA_NORMALISER_H
#define INK_DATA_NORMALISER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INK_DIGIT_SIDE    28
#define INK_DIGIT_PIXELS  (INK_DIGIT_SIDE * INK_DIGIT_SIDE)
#define INK_GREY_SIDE_MAX 4096u

/* grey: height rows of width bytes, 0 paper .. 255 ink, each row stride_bytes after the one before. out: 784 bytes, row
 * by row. False, with out all 0, when there is no ink (nothing above 10), or when width or height is 0 or above 4096.
 * grey and out must not overlap. The same bits everywhere. */
bool ink_digit_normalise(const uint8_t *grey, uint32_t width, uint32_t height, size_t stride_bytes,
                         uint8_t out[INK_DIGIT_PIXELS]);

#endif

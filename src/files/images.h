/* files/images.h: what csv and idx give: grey images of one size, and their labels if there are any. */
#ifndef INK_FILES_IMAGES_H
#define INK_FILES_IMAGES_H

#include <stddef.h>
#include <stdint.h>

#include "inkling.h"

typedef struct ink_images {
    uint8_t *pixels;        /* [count][height][width], 0 paper .. 255 ink; owned */
    uint8_t *labels;        /* [count], each 0 .. 9; owned; NULL: the images have no labels */
    uint32_t count;         /* at least 1 once read */
    uint32_t height, width; /* 28 x 28 from a CSV */
} ink_images;               /* {0}: none */

/* Frees both arrays and clears the struct. */
void ink_images_free(ink_images *images);

/* Rows become columns, in place of the old pixels: EMNIST's files are stored that way.
 * Errors   INK_E_MEMORY; the images are then unchanged. */
INK_MUST_USE ink_status ink_images_transpose(ink_images *images, ink_error *err);

#endif

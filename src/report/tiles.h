/* report/tiles.h: small grey pictures in rows under headings: filters, feature maps, heat maps.
 *
 *   ink_tiles_row row = {.title = "conv 1: 16 filters of 5x5", .pixels = bytes, .count = 16, .width = 5, .height = 5};
 *   st = ink_tiles_draw("First-layer filters", "dark: positive", &row, 1, &picture, &err); */
#ifndef INK_REPORT_TILES_H
#define INK_REPORT_TILES_H

#include "inkling.h"
#include "report/picture.h"

typedef struct ink_tiles_row {
    const char *title;
    const uint8_t *pixels; /* [count][height][width], 0 paper, 255 ink; borrowed */
    uint32_t count, width, height;
    const char *const *captions; /* [count], below each; NULL: none */
} ink_tiles_row;

/* At most 16 tiles in a line, as many lines as it takes. tile: side of one in units; 0 = 56.
 * Errors   INK_E_USAGE no row, an empty one, more than 4096 tiles; INK_E_MEMORY. */
INK_MUST_USE ink_status ink_tiles_draw(const char *title, const char *note, double tile, const ink_tiles_row *rows,
                                       uint32_t n_rows, ink_picture **out, ink_error *err);

/* Numbers to bytes: from least (0) to most (255), rounded; a flat range gives 0. NaN: 0. */
void ink_tiles_scale(const float *from, size_t n, float least, float most, uint8_t *to);

#endif

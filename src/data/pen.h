/* data/pen.h: a small picture of a digit as something that any pen can write again: how far each place is from the
 * stroke's edge and from its middle line. For labelled pages of handwriting (data/handpage.h).
 *
 * How   The picture is enlarged to a square of INK_PEN_SIDE and cut at half its darkness. `edge` is the distance to
 * that outline (negative inside), `spine` the distance to the skeleton (Zhang & Suen 1984), both exact Euclidean
 * (Felzenszwalb & Huttenlocher 2012). A pen of radius r covers what is within r of the spine, or within r - radius of
 * the outline: strokes keep their own ups and downs, and yet become as thin as a hair or as broad as a marker. */
#ifndef INK_DATA_PEN_H
#define INK_DATA_PEN_H

#include <stdbool.h>
#include <stdint.h>

#include "inkling.h"

#define INK_PEN_SIDE 140

typedef struct ink_pen_shape {
    float edge[INK_PEN_SIDE * INK_PEN_SIDE], spine[INK_PEN_SIDE * INK_PEN_SIDE];
    float left, top, right, bottom; /* of the ink, in these units; right and bottom are the first outside */
    float radius;                   /* of the stroke as it was drawn, on average */
} ink_pen_shape;

/* grey: side * side bytes, 0 paper .. 255 ink, side at most INK_PEN_SIDE. False: there is no ink in it. Never fails
 * otherwise; uses about 300 kB of stack. */
bool ink_pen_shape_make(const uint8_t *grey, uint32_t side, ink_pen_shape *out);

/* How dark a pen of `radius` units makes the place (x, y), 0..1; unit: pixels of the target per unit, for the soft edge
 * of one pixel. */
float ink_pen_cover(const ink_pen_shape *shape, float x, float y, float radius, float unit);

#endif

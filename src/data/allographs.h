/* data/allographs.h: the ways of writing each digit, as points that a pen passes. For data/synth.c alone.
 *
 * Points are in hundredths of a digit's height: x to the right, y down, (50, 50) in the middle. A stroke is drawn as a
 * smooth curve through its points in order; at a corner it may turn sharply. */
#ifndef INK_DATA_ALLOGRAPHS_H
#define INK_DATA_ALLOGRAPHS_H

#include <stdint.h>

#define INK_STROKE_POINTS_MAX 16 /* of one stroke */

typedef enum ink_knot {
    INK_KNOT_SMOOTH,
    INK_KNOT_CORNER, /* the curve's direction may break here */
    INK_KNOT_LIFT    /* the last point of a stroke: the pen is lifted */
} ink_knot;

typedef struct ink_pen_point {
    int8_t x, y;
    uint8_t knot;
} ink_pen_point;

typedef struct ink_allograph {
    uint8_t digit;
    uint8_t weight; /* how common it is among the ways of its digit */
    const ink_pen_point *points;
    uint8_t count;
} ink_allograph;

extern const ink_allograph ink_allographs[];
extern const uint32_t ink_allograph_count;

#endif

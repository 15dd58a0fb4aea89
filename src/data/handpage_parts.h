/* data/handpage_parts.h: what the files of data/handpage.h share: the sheet before the camera, the camera, and who
 * writes. */
#ifndef INK_DATA_HANDPAGE_PARTS_H
#define INK_DATA_HANDPAGE_PARTS_H

#include "core/rng.h"
#include "data/handpage.h"
#include "data/pen.h"

#define INK_HANDPAGE_MARGIN 110.0 /* of the paper, which nobody writes on */

/* A plane projective map, row by row; [8] is 1. */
typedef struct ink_view {
    double to_picture[9], to_paper[9];
} ink_view;

/* The picture while it is drawn. Places on the paper are (u, v), 0..width, 0..height before the camera moves. */
typedef struct ink_easel {
    uint32_t width, height;
    float *light; /* [height][width] 1 white paper .. 0 black */
    float paper;  /* brightness of blank paper */
    ink_view view;
    const ink_severity *severity;
} ink_easel;

void ink_view_apply(const double m[9], double x, double y, double *u, double *v);

/* A camera for this severity: turn and perspective. */
void ink_view_draw(ink_rng *rng, const ink_severity *severity, double width, double height, ink_view *out);

/* Darkens pixel (x, y) as ink that covers `cover` of it and lets `through` of the light pass. */
void ink_easel_stain(const ink_easel *easel, int64_t x, int64_t y, float cover, float through);

/* A stroke of ink between two places on the paper, of this radius in pixels. */
void ink_easel_stroke(const ink_easel *easel, const double from[2], const double to[2], float radius, float through);

/* Level or upright lines, `pitch` apart, from (left, top) to (right, bottom). */
typedef struct ink_lines {
    double left, top, right, bottom, pitch;
    float radius, through;
    bool upright;
} ink_lines;
void ink_easel_lines(const ink_easel *easel, const ink_lines *lines);

/* One doodle inside the box: a spiral, a scribble, a star, ... */
void ink_easel_doodle(const ink_easel *easel, ink_rng *rng, double x, double y, double size, float radius,
                      float through);

/* Who writes, with which pen, and what has been written so far. */
typedef struct ink_writer {
    ink_easel easel;
    ink_rng rng;
    const ink_handpage_digits *digits;
    uint64_t seed, first; /* of drawn digits: those of this page begin there */
    ink_handpage *page;
    ink_pen_shape *shape;  /* of the digit that was taken last */
    double height;         /* of the writing */
    float radius, through; /* of the pen: pixels; light that its ink lets pass */
} ink_writer;

/* The next digit: its shape is in w->shape. Returns its label. */
uint8_t ink_writer_take(ink_writer *w);

/* A digit's place on the paper: the centre of its ink, paper units per unit of its shape, its turn. */
typedef struct ink_placing {
    double x, y, unit, turn;
} ink_placing;

/* Paints the shape there and notes the digit on the page, when any of it is in the picture. */
void ink_writer_paint(ink_writer *w, const ink_placing *at, uint8_t label, uint32_t line, uint32_t string);

/* Fills the sheet with the fields of a form: boxes that adjoin, combs, or tables. */
void ink_writer_form(ink_writer *w, ink_handpage_kind kind);

/* Light, blur, noise: light becomes grey bytes. scratch: a plane of floats as large as the picture. */
void ink_easel_photograph(const ink_easel *easel, ink_rng *rng, float *scratch, uint8_t *grey);

#endif

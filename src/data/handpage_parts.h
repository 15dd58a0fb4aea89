/* data/handpage_parts.h: what the files of data/handpage.h share: the sheet before the camera, and the camera. */
#ifndef INK_DATA_HANDPAGE_PARTS_H
#define INK_DATA_HANDPAGE_PARTS_H

#include "core/rng.h"
#include "data/handpage.h"

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

/* Light, blur, noise: light becomes grey bytes. scratch: a plane of floats as large as the picture. */
void ink_easel_photograph(const ink_easel *easel, ink_rng *rng, float *scratch, uint8_t *grey);

#endif

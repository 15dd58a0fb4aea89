/* read/stages.h: the stages between a picture and its digits. For the files of read/ and their tests alone.
 *
 * Planes are grey bytes without gaps between rows. After `flatten` they hold ink: 0 paper .. 255 the darkest that paper
 * of that brightness allows. Lengths are pixels of the scaled picture. Everything is integer arithmetic or plain float
 * in a fixed order: the same bits everywhere. */
#ifndef INK_READ_STAGES_H
#define INK_READ_STAGES_H

#include "read/page.h"

#define INK_SHEET_SIDE_MAX 1600u

typedef struct ink_plane {
    uint8_t *at; /* [height][width], owned */
    uint32_t width, height;
} ink_plane; /* {0}: none */

INK_MUST_USE ink_status ink_plane_new(uint32_t width, uint32_t height, ink_plane *out, ink_error *err);
void ink_plane_free(ink_plane *plane);

/* Ascending, in place. */
void ink_floats_sort(float *values, size_t n);

/* ---- scale.c ---- */

/* The picture, its longer side at most INK_SHEET_SIDE_MAX: each pixel the mean of the area that it covers. */
INK_MUST_USE ink_status ink_plane_scale(const uint8_t *grey, uint32_t width, uint32_t height, size_t stride_bytes,
                                        ink_plane *out, ink_error *err);

/* ---- desk.c ---- */

/* In place: where a bright sheet with something on it lies on a darker desk, the desk becomes paper. A sheet is the
 * largest bright part of the picture (Otsu 1979, over cells of 8 x 8) when it fills most of its box and its edge is
 * sharp; writing in light ink is none. *cleared: whether there was one. */
INK_MUST_USE ink_status ink_plane_clear_desk(ink_plane *plane, bool *cleared, ink_error *err);

/* ---- paper.c ---- */

/* In place: grey -> ink. The ink is the minority: the side to which brightness departs furthest from its surroundings.
 * Paper brightness is a grey closing of small tiles' upper quartiles (Serra 1982), bilinear in between; dividing by it
 * undoes shade, which multiplies. */
INK_MUST_USE ink_status ink_plane_flatten(ink_plane *plane, bool *light_ink, ink_error *err);

/* What lies on blank paper, in blocks of the plane: dark corners of a photo are noisier than light ones. */
#define INK_BLOCKS 8
typedef struct ink_noise {
    uint32_t across, down;                   /* blocks, at most INK_BLOCKS each */
    float deviation[INK_BLOCKS][INK_BLOCKS]; /* the lower quartile of the tiles' interquartile ranges / 1.349 */
    float base[INK_BLOCKS][INK_BLOCKS];      /* the lower quartile of the tiles' medians */
    float usual;                             /* the middle one of the deviations */
} ink_noise;

INK_MUST_USE ink_status ink_plane_noise(const ink_plane *plane, ink_noise *out, ink_error *err);
/* Deviation or base at a pixel of the plane, bilinear between the blocks' centres. */
float ink_noise_at(const ink_noise *noise, bool base, const ink_plane *plane, uint32_t x, uint32_t y);

/* ---- ink.c ---- */

/* What ink_plane_calm found. */
typedef struct ink_level {
    ink_noise noise; /* after one smoothing more */
    float usual;     /* how dark the page's ink usually is; 0: there is none */
} ink_level;

/* Whether ink stands out from the noise on the whole page; else it has been smoothed in vain. */
bool ink_level_is_clear(const ink_level *level);

/* In place: smoothed until ink stands out from the noise (pages that are clear stay untouched), then what blank paper
 * shows is subtracted. */
INK_MUST_USE ink_status ink_plane_calm(ink_plane *ink, ink_level *out, ink_error *err);

/* What a mask says of a pixel until ink_mask_link, which leaves PAPER and INK. */
enum { INK_MASK_PAPER = 0, INK_MASK_INK = 1, INK_MASK_MAYBE = 2, INK_MASK_FAINT = 3 };

/* mask[i] = 1 where there is ink: what is darker than a share of the darkest nearby (Bernsen 1986), but at least
 * several times the noise, and a share of the page's usual ink; 2 where there may be, a lower limit on noise; 3 where
 * something fainter is, a rule perhaps; else 0. That a threshold must follow the local contrast: Sauvola & Pietikainen
 * 2000. mask is new, of the plane's size. */
INK_MUST_USE ink_status ink_plane_threshold(const ink_plane *ink, const ink_level *level, ink_plane *mask,
                                            ink_error *err);
/* What may be ink (2) is ink (1) when a way through other such pixels leads to ink, else paper (0): hysteresis,
 * Canny 1986. To be done when faint rules are out of the way. */
INK_MUST_USE ink_status ink_mask_link(ink_plane *mask, ink_error *err);

/* ---- frames.c ---- */

typedef struct ink_box {
    int32_t left, top, right, bottom; /* right and bottom are the first outside */
} ink_box;

/* The boxes of a form that were taken out. */
typedef struct ink_form {
    ink_box *box;
    uint32_t n, room;
} ink_form; /* {0}: none */

INK_MUST_USE ink_status ink_form_add(ink_form *form, const ink_box *box, ink_error *err);
void ink_form_free(ink_form *form);

/* Takes the boxes of a form out of the mask: one piece of any mark with four straight sides, nearly level and upright,
 * and something in it that does not touch it; then others of that size, empty ones too, and of those that a digit
 * touches the sides. Appends them to form. */
INK_MUST_USE ink_status ink_frames_remove(ink_plane *mask, ink_form *form, ink_error *err);

/* ---- lattice.c ---- */

/* Takes forms' lines out of mask and ink: rows of boxes that adjoin, combs (a line with ticks), tables. A level line
 * counts when it ends at upright ones, an upright one when it stands at both ends on such lines (a comb's tick on one)
 * and either crosses more of them or has its like at even distances, from end to end. So a 1 stays. Appends the cells
 * to form. */
INK_MUST_USE ink_status ink_lattice_remove(ink_plane *ink, ink_plane *mask, const ink_level *level, ink_form *form,
                                           ink_error *err);

/* ---- rules.c ---- */

typedef struct ink_rules {
    uint32_t count;
    float slope;  /* of the level ones; 0 when there are none */
    float square; /* side of the squares of squared paper; 0: it is not squared */
} ink_rules;

/* Takes long thin straight lines of any mark, within 15 degrees of level or upright, out of mask and ink, except where
 * other ink crosses or covers them; what then stands alone on their way, smaller than any digit, goes too. */
INK_MUST_USE ink_status ink_rules_remove(ink_plane *ink, ink_plane *mask, const ink_level *level, ink_rules *out,
                                         ink_error *err);

/* ---- pieces.c ---- */

typedef struct ink_run {
    uint16_t y, from, to; /* columns from .. to - 1 */
} ink_run;

typedef struct ink_piece {
    ink_box box;
    uint32_t area;      /* pixels of the mask */
    uint32_t run, runs; /* in ink_pieces.run, row by row */
} ink_piece;

typedef struct ink_pieces {
    ink_run *run;
    uint32_t n_run, room_run;
    ink_piece *piece;
    uint32_t n, room;
} ink_pieces; /* {0}: none */

/* The 8-connected components of at least least_area pixels, by runs and union-find (Rosenfeld & Pfaltz 1966), in the
 * order of their first pixel. */
INK_MUST_USE ink_status ink_pieces_find(const ink_plane *mask, uint32_t least_area, ink_pieces *out, ink_error *err);
void ink_pieces_free(ink_pieces *pieces);
/* Appends a piece made of n_runs runs, row by row; box and area are computed. INK_E_MEMORY. runs must not
 * point into pieces. */
INK_MUST_USE ink_status ink_pieces_add(ink_pieces *pieces, const ink_run *runs, uint32_t n_runs, ink_error *err);

/* ---- layout.c ---- */

typedef struct ink_layout {
    uint32_t *order; /* [n] piece numbers in reading order */
    uint32_t *line;  /* [n] of order[i] */
    bool *spaced;    /* [n] */
    uint32_t n, lines;
    float height; /* of the writing */
    float slope;
} ink_layout; /* {0}: none */

/* Drops what cannot be a digit by size and place, and joins broken parts: pieces->n shrinks. *height: of the
 * writing. On squared paper (square > 0) what is lower than 0.6 squares is no digit, unless they are as large as a
 * table's cells. */
INK_MUST_USE ink_status ink_pieces_tidy(ink_pieces *pieces, const ink_plane *ink, float square, float *height,
                                        ink_error *err);
/* Rows and reading order. slope: of the rules, NULL: it is found from the pieces, by the sharpest projection profile
 * (Postl 1986). Digits in neighbouring boxes of the form are one number, those in cells of a table are not. */
INK_MUST_USE ink_status ink_layout_find(const ink_pieces *pieces, const ink_form *form, float height,
                                        const float *slope, ink_layout *out, ink_error *err);
void ink_layout_free(ink_layout *layout);

/* ---- cell.c ---- */

/* What a cell looks like besides its image, for telling digits from other marks. */
typedef struct ink_cell {
    uint8_t image[INK_DIGIT_PIXELS];
    float stroke; /* width over the longer side of its box */
    float length; /* of the stroke (area / width) over the longer side */
    float aspect; /* width / height */
    int holes;    /* enclosed areas of paper */
    uint8_t dark; /* upper quartile of its ink */
} ink_cell;

/* The piece's grey inside its mask and one pixel around it, black where its ink is full, its stroke widened or thinned
 * when it is far from MNIST's usual (2 pixels of 20), turned level when the slope is large; then normalised.
 * Errors   INK_E_MEMORY. */
INK_MUST_USE ink_status ink_cell_make(const ink_plane *ink, const ink_plane *mask, const ink_pieces *pieces,
                                      uint32_t piece, float slope, ink_cell *out, ink_error *err);
/* Whether it could be a digit at all; digit: what the net takes it for. */
bool ink_cell_plausible(const ink_cell *cell, int digit);

/* ---- cut.c ---- */

#define INK_CUTS_MAX 12 /* paths through one piece */

/* Ways to cut a wide piece from top to bottom, left to right: paths of least ink, by dynamic programming, no two near
 * each other (heuristic over-segmentation, LeCun et al. 1998, section V). path[i * height + y]: first column right of
 * cut i in row box.top + y. cost[i]: ink cut through, in pixels. */
typedef struct ink_cuts {
    uint32_t n, height;
    uint16_t *path; /* owned */
    float cost[INK_CUTS_MAX];
} ink_cuts; /* {0}: none */

INK_MUST_USE ink_status ink_cuts_find(const ink_plane *ink, const ink_piece *piece, ink_cuts *out, ink_error *err);
void ink_cuts_free(ink_cuts *cuts);
/* Appends to pieces the part of `piece` between boundaries a < b (0: its left end, i: cut i - 1, n + 1: its right end).
 * *added: whether there was any ink in it. */
INK_MUST_USE ink_status ink_cuts_part(ink_pieces *pieces, uint32_t piece, const ink_cuts *cuts, uint32_t a, uint32_t b,
                                      bool *added, ink_error *err);

/* ---- judge.c ---- */

/* One digit to be, in reading order. */
typedef struct ink_reading {
    uint32_t piece, line;
    bool spaced, doubtful; /* doubtful: whatever the net says */
    ink_cell cell;
    float p[10];
} ink_reading;

typedef struct ink_readings {
    ink_reading *at; /* owned */
    uint32_t n, room;
} ink_readings; /* {0}: none */

typedef struct ink_judge_input {
    const ink_plane *ink, *mask;
    const ink_layout *layout;
    ink_page_net net;
} ink_judge_input;

/* Asks the net about every piece of the layout, then about ways to cut wide ones and to join those that nearly touch,
 * and keeps what it is surest of. pieces grows by the parts. */
INK_MUST_USE ink_status ink_pieces_judge(const ink_judge_input *input, ink_pieces *pieces, ink_readings *out,
                                         ink_error *err);
void ink_readings_free(ink_readings *readings);
/* The most probable digit. */
int ink_first_most(const float p[10]);

/* ---- doubt.c ---- */

/* For ruled paper: drops what is much paler than the page's sure digits, in the middle: rests of rules. */
void ink_readings_drop_pale(ink_readings *readings);

/* Weighs what speaks for a page of digits, pieces that a net is sure of, of one height, against what does not fit: the
 * larger, the more. Digits of one page vouch for each other; so each must be surer where there are few, and where the
 * ink is faint. clear: ink_level_is_clear; ruled: rules were taken out, and a rest of one looks like a 1. */
ink_doubt ink_readings_doubt(const ink_readings *readings, const ink_pieces *pieces, float height, bool clear,
                             bool ruled);

#endif

/* read/follow.h: long thin straight marks of a page, followed from row to row. For the files of read/ alone. */
#ifndef INK_READ_FOLLOW_H
#define INK_READ_FOLLOW_H

#include "read/stages.h"

#define INK_NO_POINT UINT32_MAX

/* A rule is followed along its length, from row to row of a plane in which it stands upright: level rules are followed
 * in the transposed plane. A point is where it crosses a row. */
typedef struct ink_point {
    float at;
    uint32_t row, before; /* before: the chain's point in an earlier row; INK_NO_POINT */
    uint16_t thick;
} ink_point;

typedef struct ink_chain {
    uint32_t last, first_row, points, pale; /* last: its newest point, first_row: where the oldest is that counts, for
                                               a chain may have been cut; pale: points too faint for ink */
    float at, slope;                        /* smoothed */
    double thick;                           /* sum */
} ink_chain;

/* Where in the mask and the ink the follower's pixel lies. */
typedef struct ink_sheet {
    ink_plane *ink, *mask;
    bool turned; /* the follower's plane is the transposed one */
} ink_sheet;

typedef struct ink_follower {
    ink_plane plane; /* the sheet's mask, or that transposed */
    uint32_t thick_most, gap_most, least;
    bool is_printed; /* as dark as its darker side: a form's lines are erased more readily than rules */
    ink_point *points;
    uint32_t n_points, room_points;
    ink_chain *open; /* [width] */
    ink_chain *done; /* at least `least` rows long */
    uint32_t n_open, n_done, room_done;
    uint32_t *slot; /* [width] the open chain that expects its next point there */
} ink_follower;

/* Follows every mark of the sheet that is at most thick_most wide and reaches over `least` rows (turned: columns), over
 * gaps of at most gap_most. The caller sets these three and is_printed, the other fields are 0.
 * Errors   INK_E_MEMORY; f is to be freed then too. */
INK_MUST_USE ink_status ink_follower_run(const ink_sheet *s, ink_follower *f, ink_error *err);
void ink_follower_free(const ink_sheet *s, ink_follower *f);

/* Takes what was followed out of mask and ink from row `from` to row `to`, which may lie beyond its ends, or what lies
 * so far aside of it; except where thicker or darker ink is. */
void ink_follower_erase(const ink_follower *f, const ink_chain *c, const ink_sheet *s, const ink_level *level,
                        float aside, uint32_t from, uint32_t to);
/* What is left on the way of an erased mark and stands alone there, smaller than any digit, was its own: knots where
 * rules cross, dashes. */
void ink_follower_sweep(const ink_follower *f, const ink_chain *c, const ink_sheet *s);

#endif

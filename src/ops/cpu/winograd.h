/* ops/cpu/winograd.h: what the files about convolutions with transformed operands share: winograd.c, winograd_dw.c,
 * fourier.c, fourier_dw.c and toeplitz.c; private to them. */
#ifndef INK_OPS_CPU_WINOGRAD_H
#define INK_OPS_CPU_WINOGRAD_H

#include "ops/cpu/program.h"

#define INK_TILE          4u  /* outputs of a tile, one way */
#define INK_TILE_REACH    6u  /* inputs */
#define INK_TILE_ELEMENTS 36u /* of a transformed tile */
#define INK_TILE_GAP      16u /* between a tile's elements: streams 4 KiB apart would share one set of the cache */

/* A map cut into tiles of 4 x 4 outputs, each from 6 x 6 inputs. A convolution of stride 2 and 4 x 4 to 6 x 6 taps
 * is one of stride 1 and 3 x 3 over four maps side by side: every other line and column from (0, 0), (0, 1), (1, 0),
 * (1, 1) on, its phases, the window's taps shared out likewise, with zeros where there are fewer than three. */
typedef struct tiling {
    int32_t pad_down, pad_across; /* what the window's first tap reaches beyond the first output */
    uint32_t stride, phases;      /* of the inputs */
    uint32_t height, width;       /* of the inputs */
    uint32_t groups;              /* panels of an input position */
    uint32_t out_height, out_width;
    uint32_t out_first, out_line, out_next; /* positions: of the first output, from line to line, to the next one */
    uint32_t down, across;                  /* tiles */
} tiling;

#define INK_LEAST_IMAGES 64u /* fewer do not pay for what fourier.c and toeplitz.c make of the weights */

/* May these weights, or their gradient, be transformed at all: need nothing be exact, are all taps live, and are there
 * so many channels that transforms do not outweigh products? */
static inline bool ink_transforms_fit(const ink_program *p, const ink_cell *w) {
    return !p->exact && w->store == INK_STORE_WEIGHTS && w->live == w->taps && w->c >= INK_LANES && w->k >= INK_LANES;
}

/* Is it the gradient with respect to the input? */
static inline bool ink_winograd_is_back(const ink_node *node) {
    return node->op == INK_OP_CONV2D_DX;
}

/* The number of tap (a, b), a, b < 3, of a phase in the whole window; -1: there is none. */
int32_t ink_winograd_tap(const ink_node *node, uint32_t phase, uint32_t a, uint32_t b);

/* What a convolution, or its gradient with respect to the input, reads and writes. Towards the input of one of stride 2
 * it is the outputs that have phases, each a tiling of its own; else phase is 0. */
tiling ink_tiling_of(const ink_node *node, const ink_cell *x, const ink_cell *y, uint32_t phase);

/* Is this a convolution (or a gradient of one) that tiles can compute, on outputs y that they fill well enough to save
 * time, and may it be other than exact? */
bool ink_winograd_fits(const ink_program *p, const ink_node *node, const ink_cell *w, const ink_cell *y);

/* Room of `floats` for each worker, in the one cell that all steps share: a worker is in one step at a time. false: no
 * memory. */
bool ink_winograd_room(ink_program *p, ink_id *scratch, size_t floats);
float *ink_winograd_mine(const ink_program *p, ink_id scratch, uint32_t worker);

/* The inputs of tile `tile` of the block at x, transformed: group g of phase q to to->to + (q groups + g)
 * group_step. */
void ink_winograd_take(const ink_program *p, const tiling *t, const float *x, uint32_t tile, ink_tile_places to,
                       size_t group_step);

/* The nine panels of a phase of the weights' window between group k of K and c of C, row by row. For a gradient towards
 * the input turned round, and each panel transposed, into turned. */
void ink_winograd_window(const ink_program *p, const ink_node *node, size_t k, size_t c, uint32_t phase,
                         float turned[9 * INK_PANEL], const float *from[9]);

/* Into dw the nine panels made for group k of K and c of all phases' C: of a phase the taps that its window has. */
void ink_winograd_put_taps(const ink_program *p, const ink_node *node, size_t k, size_t c,
                           const float made[9 * INK_PANEL], float *dw);

/* Asks for memory that will be used soon: so many floats; element e of all phases of tiles [tile, tile + tiles). */
void ink_winograd_expect(const float *at, size_t floats);
void ink_winograd_expect_element(const ink_program *p, const tiling *t, const float *x, uint32_t tile, uint32_t tiles,
                                 uint32_t e);

/* ---- fourier.c ---- */

#define INK_STRIP_ROWS  16u /* images transformed at once */
#define INK_LEAST_SAVED 1.1 /* products another way takes for one that this takes, transforms counted */

/* A map cut into windows that become circles: n x n inputs with (n - 2) x (n - 2) outputs, or a single window where
 * the map's zeros find room on the circle. */
typedef struct windows {
    ink_circle circle;
    uint32_t points, elements; /* n; of a transformed window */
    tiling map;                /* down, across: windows */
    uint32_t tile;             /* outputs of a window, one way; (0, 0) is its point (1, 1) */
    uint32_t groups;           /* panels of an input position, all phases */
} windows;

/* The outputs of a window: where the first one lies, in positions, and how many there are. */
typedef struct window_outputs {
    size_t first;
    uint32_t down, across;
} window_outputs;

/* How a convolution that fits (3 x 3 and stride 1; or stride 2 and 4 x 4 to 6 x 6 taps) is cut so that it takes least,
 * if that is less than `best`, for each pair of panels. Counted in panel products of bf16: product is what one takes,
 * pairing what an element of a transformed panel takes besides. */
bool ink_windows_choose(const tiling *whole, uint32_t out_groups, double product, double pairing, double best,
                        windows *w);
/* strides: may it be 2? */
bool ink_windows_fit(const ink_node *node, bool strides);
/* The same products done tap by tap. */
double ink_windows_direct(const ink_node *node, const tiling *whole);
window_outputs ink_windows_outputs(const windows *w, uint32_t window);
/* The n x n points of a phase of a window, group 0; NULL: outside the map. */
void ink_windows_points(const ink_program *p, const windows *w, const float *x, uint32_t window, uint32_t phase,
                        const float *points[INK_CIRCLE_POINTS]);

#endif

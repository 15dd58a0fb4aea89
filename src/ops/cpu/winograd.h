/* ops/cpu/winograd.h: what the two files about Winograd's convolutions share; private to them. */
#ifndef INK_OPS_CPU_WINOGRAD_H
#define INK_OPS_CPU_WINOGRAD_H

#include "ops/cpu/program.h"

#define TILE     4u  /* outputs of a tile, one way */
#define REACH    6u  /* inputs of a tile, one way */
#define ELEMENTS 36u /* of a transformed tile */
#define GAP      16u /* floats between elements: 36 streams 4 KiB apart would fall on one line of the cache */

/* A map cut into tiles. */
typedef struct tiling {
    int32_t pad;            /* what the window's first tap reaches beyond the first output */
    uint32_t height, width; /* of the inputs */
    uint32_t out_height, out_width;
    uint32_t groups;       /* panels of an input position */
    uint32_t down, across; /* tiles */
} tiling;

/* What a convolution, or its gradient with respect to the input, reads and writes. */
tiling ink_tiling_of(const ink_node *node, const ink_cell *x, const ink_cell *y);

/* Is this a convolution (or a gradient of one) of 3 x 3 and stride 1, in f32, on outputs `y` that tiles fill well? */
bool ink_winograd_fits(const ink_program *p, const ink_node *node, const ink_cell *w, const ink_cell *y);

/* Room of `floats` for each worker, in the one cell that all steps share: a worker is in one step at a time. false: no
 * memory. */
bool ink_winograd_room(ink_program *p, ink_id *scratch, size_t floats);
float *ink_winograd_mine(const ink_program *p, ink_id scratch, uint32_t worker);

/* The inputs of tile `tile` of the block at x, transformed: group g, element e to to + g group_step + e step. */
void ink_winograd_take(const ink_program *p, const tiling *t, const float *x, uint32_t tile, float *to,
                       size_t group_step, size_t step);

#endif

/* ops/cpu/winograd_dw.c: the gradient of the weights of a convolution of 3 x 3 and stride 1, by Winograd's way: it is
 * the transpose of F(4x4,3x3) in the weights, so that tiles of 6 x 6 inputs and of 4 x 4 gradients, transformed, are
 * multiplied element by element and summed over all tiles and images, and 36 sums become 9 taps at the end.
 * Everything else about Winograd is in winograd.c.
 *
 * The images are cut into slices, from shapes alone; a task sums one slice and writes its taps, and ink_work_wgrad_join
 * adds slices in order. */
#include "ops/cpu/winograd.h"

#define SCRATCH_FLOATS 36864u   /* wanted of a worker's transformed tiles */
#define SUMS_FLOATS    2400000u /* of one slice, at most: 256 x 256 channels */
#define TILE           4u       /* outputs of a tile, one way */
#define ELEMENTS       36u
#define LEAST_DEPTH    2u /* tiles a product takes at once: each loads and stores all sums */

typedef struct winograd_dw {
    tiling map;
    ink_operands from; /* a: x, b: dy */
    ink_id scratch;    /* [worker]: inputs [element][group][tile][rows][16], gradients alike */
    ink_id sums;       /* [task or worker, whichever is fewer]: [element][K/16][C/16][c][k] */
    uint32_t k_groups, together;
} winograd_dw;

static size_t sums_step(const winograd_dw *t) {
    return (size_t)t->map.groups * t->k_groups * INK_PANEL;
}

static size_t input_step(const ink_program *p, const winograd_dw *t) {
    return (size_t)t->map.groups * t->together * p->rows * INK_LANES + INK_TILE_GAP;
}

static size_t gradient_step(const ink_program *p, const winograd_dw *t) {
    return (size_t)t->k_groups * t->together * p->rows * INK_LANES + INK_TILE_GAP;
}

bool ink_winograd_dw_pays(const ink_program *p, const ink_node *node) {
    if (node->op != INK_OP_CONV2D_DW || p->precision != INK_PRECISION_F32) return false;
    const ink_cell *w = &p->cells[node->out[0]];
    return ink_winograd_fits(p, node, w, &p->cells[node->in[1]]) && ink_winograd_weight_floats(p, w) <= SUMS_FLOATS;
}

const void *ink_winograd_dw_plan(ink_program *p, const ink_node *node, ink_step *s, const ink_operands *from,
                                 ink_id *scratch) {
    const ink_cell *dy = &p->cells[node->in[1]];
    winograd_dw *t = ink_plan_new(p, 1, sizeof *t);
    if (t == NULL) return NULL;
    t->map = ink_tiling_of(p, node, &p->cells[node->in[0]], dy);
    t->from = *from;
    t->k_groups = ink_groups(dy->c);
    t->together = SCRATCH_FLOATS / (ELEMENTS * (t->map.groups + t->k_groups) * p->rows * INK_LANES);
    if (t->together < LEAST_DEPTH) t->together = LEAST_DEPTH;
    s->parts = ink_wgrad_slices((p->max_batch + p->rows - 1) / p->rows);
    uint32_t rooms = s->parts < p->threads ? s->parts : p->threads;
    t->sums = ink_plan_cell(p, ELEMENTS * sums_step(t) * rooms, false);
    s->extra[0] = ink_plan_cell(p, p->cells[node->out[0]].live_floats * s->parts, false);
    if (t->sums == INK_NONE || s->extra[0] == INK_NONE) return NULL;
    if (!ink_winograd_room(p, scratch, ELEMENTS * (input_step(p, t) + gradient_step(p, t)))) return NULL;
    t->scratch = *scratch;
    return t;
}

static const float zeros[INK_PANEL];

/* The gradients of tile `tile` of the block at dy, transformed, into place `place`. */
static void take_gradients(const ink_program *p, const winograd_dw *t, const float *dy, uint32_t tile, size_t place,
                           float *to) {
    const size_t panel = p->rows * INK_LANES;
    const size_t top = tile / t->map.across * TILE, left = tile % t->map.across * TILE;
    for (size_t g = 0; g < t->k_groups; g++) {
        const float *from[TILE * TILE];
        for (size_t e = 0; e < TILE * TILE; e++) {
            size_t i = top + e / TILE, j = left + e % TILE;
            bool inside = i < t->map.out_height && j < t->map.out_width;
            from[e] = inside ? dy + ((i * t->map.out_width + j) * t->k_groups + g) * panel : zeros;
        }
        p->kernels->winograd_gradients(from, to + (g * t->together + place) * panel, gradient_step(p, t), panel);
    }
}

/* sums += inputs times gradients, over the images of `tiles` tiles. */
static void multiply(const ink_program *p, const winograd_dw *t, const float *inputs, const float *gradients,
                     float *sums, uint32_t tiles, bool fresh) {
    const size_t panel = p->rows * INK_LANES * t->together;
    static const ink_pair none = {0, 0};
    ink_gemm m = {.pairs = &none,
                  .a_m = 1,
                  .a_k = INK_LANES,
                  .b_panel = panel,
                  .out_m = INK_LANES,
                  .out_panel = (size_t)t->map.groups * INK_PANEL,
                  .rows = INK_LANES,
                  .panels = t->k_groups,
                  .n_pairs = 1,
                  .inner = 1,
                  .depth = tiles * p->rows,
                  .outer = 1,
                  .add = !fresh};
    for (size_t e = 0; e < ELEMENTS; e++) {
        m.b = gradients + e * gradient_step(p, t);
        for (size_t g = 0; g < t->map.groups; g++) {
            m.a = inputs + e * input_step(p, t) + g * panel;
            m.out = sums + e * sums_step(t) + g * INK_PANEL;
            p->kernels->gemm(&m);
        }
    }
}

/* 36 sums become 9 taps, panel by panel. */
static void give_taps(const ink_program *p, const winograd_dw *t, const float *sums, float *dw) {
    const size_t groups = t->map.groups;
    for (size_t k = 0; k < t->k_groups; k++) {
        for (size_t c = 0; c < groups; c++) {
            const float *from[ELEMENTS];
            for (size_t e = 0; e < ELEMENTS; e++) from[e] = sums + e * sums_step(t) + (k * groups + c) * INK_PANEL;
            p->kernels->winograd_taps(from, dw + (k * 9 * groups + c) * INK_PANEL, groups * INK_PANEL, INK_PANEL);
        }
    }
}

/* part: a slice. A smaller batch than the largest has fewer. */
void ink_work_winograd_dw(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)block;
    const winograd_dw *t = s->plan;
    const uint32_t slices = ink_wgrad_slices(p->blocks), tiles = t->map.down * t->map.across;
    if (part >= slices) return;
    const size_t panel = p->rows * INK_LANES;
    float *inputs = ink_winograd_mine(p, t->scratch, worker), *gradients = inputs + ELEMENTS * input_step(p, t);
    float *sums = ink_data(p, t->sums) + ELEMENTS * sums_step(t) * (s->parts < p->threads ? part : worker);
    size_t from, to;
    ink_share_of(p->blocks, slices, part, &from, &to);
    uint32_t held = 0;
    bool fresh = true;
    for (size_t b = from; b < to; b++) {
        const float *x = ink_block(p, t->from.a, (uint32_t)b), *dy = ink_block(p, t->from.b, (uint32_t)b);
        for (uint32_t i = 0; i < tiles; i++) {
            ink_winograd_take(p, &t->map, x, i, inputs + held * panel, t->together * panel, input_step(p, t));
            take_gradients(p, t, dy, i, held++, gradients);
            if (held < t->together && (b + 1 < to || i + 1 < tiles)) continue;
            multiply(p, t, inputs, gradients, sums, held, fresh);
            fresh = false;
            held = 0;
        }
    }
    give_taps(p, t, sums, ink_data(p, s->extra[0]) + part * p->cells[s->node.out[0]].live_floats);
}

/* ops/cpu/winograd.c: convolutions of 3 x 3 and stride 1, forward and towards the input, by Winograd's F(4x4,3x3):
 * tiles of 6 x 6 inputs and the weights are transformed, multiplied element by element (36 matrix products instead of
 * 144), and the sums transformed to 4 x 4 outputs.
 * The gradient of the weights is in winograd_dw.c; the arithmetic in kern_winograd.h and kern_gemm.h. */
#include "ops/cpu/winograd.h"

#define SCRATCH_FLOATS 18432u /* wanted of a worker's transformed inputs: measured; in all less than 512 KiB */

struct ink_winograd {
    ink_operands from; /* a: x (dy), b: transformed weights */
    ink_id scratch;    /* [worker]: inputs [element][group][tile][rows][16], then sums alike */
    tiling map;
    uint32_t out_groups, parts;
    uint32_t together, out_together; /* tiles, and groups of outputs, that go through the products at once */
};

/* ---- shared with winograd_dw.c ---- */

static bool is_back(ink_op op) {
    return op == INK_OP_CONV2D_DX;
}

tiling ink_tiling_of(const ink_node *node, const ink_cell *x, const ink_cell *y) {
    return (tiling){.pad = is_back(node->op) ? 2 - node->attr.conv.pad : node->attr.conv.pad,
                    .height = x->height,
                    .width = x->width,
                    .out_height = y->height,
                    .out_width = y->width,
                    .groups = ink_groups(x->c),
                    .down = (y->height + TILE - 1) / TILE,
                    .across = (y->width + TILE - 1) / TILE};
}

/* Tiles that reach beyond the map are computed whole: what is left of the 4 x saved. */
static double share_used(uint32_t height, uint32_t width) {
    double down = (double)((height + TILE - 1) / TILE * TILE), across = (double)((width + TILE - 1) / TILE * TILE);
    return (double)height * (double)width / (down * across);
}

bool ink_winograd_fits(const ink_program *p, const ink_node *node, const ink_cell *w, const ink_cell *y) {
    if (p->exact || p->precision != INK_PRECISION_F32) return false;
    if (node->attr.conv.window_h != 3 || node->attr.conv.window_w != 3 || node->attr.conv.stride != 1) return false;
    if (w->store != INK_STORE_WEIGHTS || w->live != w->taps || w->c < INK_LANES || w->k < INK_LANES) return false;
    return y->height >= TILE && y->width >= TILE && share_used(y->height, y->width) > 0.5;
}

bool ink_winograd_room(ink_program *p, ink_id *scratch, size_t floats) {
    floats = (floats + INK_LANES - 1) / INK_LANES * INK_LANES * p->threads;
    if (*scratch == INK_NONE) *scratch = ink_plan_cell(p, floats, false);
    if (*scratch == INK_NONE) return false;
    if (p->cells[*scratch].floats < floats) p->cells[*scratch].floats = floats;
    return true;
}

float *ink_winograd_mine(const ink_program *p, ink_id scratch, uint32_t worker) {
    return ink_data(p, scratch) + p->cells[scratch].floats / p->threads * worker;
}

static const float zeros[INK_PANEL]; /* what lies outside a map */

void ink_winograd_take(const ink_program *p, const tiling *t, const float *x, uint32_t tile, float *to,
                       size_t group_step, size_t step) {
    const size_t panel = p->rows * INK_LANES;
    const int64_t top = (int64_t)(tile / t->across * TILE) - t->pad;
    const int64_t left = (int64_t)(tile % t->across * TILE) - t->pad;
    for (size_t g = 0; g < t->groups; g++) {
        const float *from[ELEMENTS];
        for (int64_t e = 0; e < (int64_t)ELEMENTS; e++) {
            int64_t i = top + e / (int64_t)REACH, j = left + e % (int64_t)REACH;
            bool inside = i >= 0 && j >= 0 && i < t->height && j < t->width;
            from[e] = inside ? x + ((size_t)(i * t->width + j) * t->groups + g) * panel : zeros;
        }
        p->kernels->winograd_inputs(from, to + g * group_step, step, panel);
    }
}

/* ---- the plan ---- */

bool ink_winograd_pays(const ink_program *p, const ink_node *node) {
    if (node->op != INK_OP_CONV2D && node->op != INK_OP_CONV2D_DX) return false;
    return ink_winograd_fits(p, node, &p->cells[node->in[1]], &p->cells[node->out[0]]);
}

size_t ink_winograd_weight_floats(const ink_cell *w) {
    return (size_t)ink_groups(w->k) * ink_groups(w->c) * INK_PANEL * ELEMENTS;
}

static size_t input_step(const ink_program *p, const ink_winograd *t) {
    return (size_t)t->map.groups * t->together * p->rows * INK_LANES + GAP;
}

static size_t sum_step(const ink_program *p, const ink_winograd *t) {
    return (size_t)t->out_together * t->together * p->rows * INK_LANES + GAP;
}

ink_winograd *ink_winograd_plan(ink_program *p, const ink_node *node, const ink_operands *from, ink_id *scratch) {
    const ink_cell *y = &p->cells[node->out[0]];
    ink_winograd *t = ink_plan_new(p, 1, sizeof *t);
    if (t == NULL) return NULL;
    t->from = *from;
    t->map = ink_tiling_of(node, &p->cells[node->in[0]], y);
    t->out_groups = ink_groups(y->c);
    uint32_t tiles = t->map.down * t->map.across;
    uint32_t fitting = SCRATCH_FLOATS / (ELEMENTS * t->map.groups * p->rows * INK_LANES);
    t->together = fitting < 1 ? 1 : fitting > tiles ? tiles : fitting;
    t->out_together = t->out_groups < 4 ? t->out_groups : 4;
    t->parts = (tiles + t->together - 1) / t->together;
    if (t->parts > 16) t->parts = 16;
    if (!ink_winograd_room(p, scratch, ELEMENTS * (input_step(p, t) + sum_step(p, t)))) return NULL;
    t->scratch = *scratch;
    return t;
}

uint32_t ink_winograd_parts(const ink_winograd *t) {
    return t->parts;
}

/* ---- weights ---- */

/* part: a group of K. Forward [element][K/16][C/16][c][k]; back, turned round, [element][C/16][K/16][k][c]. */
void ink_work_winograd_weights(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part,
                               uint32_t worker) {
    (void)block, (void)worker;
    const ink_cell *w = &p->cells[s->node.in[1]];
    const size_t c_groups = ink_groups(w->c), k_groups = ink_groups(w->k);
    const bool back = is_back(s->node.op);
    float *to = ink_data(p, s->extra[0]), turned[9 * INK_PANEL];
    for (size_t c = 0; c < c_groups; c++) {
        const float *from[9];
        for (size_t tap = 0; tap < 9; tap++) {
            const float *panel = w->data + ((part * 9 + w->place[tap]) * c_groups + c) * INK_PANEL;
            from[back ? 8 - tap : tap] = panel;
            if (!back) continue;
            from[8 - tap] = turned + tap * INK_PANEL;
            p->kernels->transpose(panel, 0, turned + tap * INK_PANEL, 0, 1);
        }
        size_t at = back ? c * k_groups + part : part * c_groups + c;
        p->kernels->winograd_weights(from, to + at * INK_PANEL, k_groups * c_groups * INK_PANEL, INK_PANEL);
    }
}

/* ---- tiles ---- */

/* The products of all elements: sums of `tiles` tiles for groups [g, g + n) of outputs. */
static void multiply(const ink_program *p, const ink_winograd *t, const float *inputs, float *sums, uint32_t tiles,
                     size_t g, uint32_t n) {
    const size_t panel = p->rows * INK_LANES, weights = (size_t)t->out_groups * t->map.groups * INK_PANEL;
    const float *b = ink_data(p, t->from.b);
    static const ink_pair none = {0, 0};
    ink_gemm m = {.pairs = &none,
                  .a_m = INK_LANES,
                  .a_k = 1,
                  .a_inner = t->together * panel,
                  .b_inner = INK_PANEL,
                  .b_panel = (size_t)t->map.groups * INK_PANEL,
                  .out_m = INK_LANES,
                  .out_panel = t->together * panel,
                  .rows = tiles * p->rows,
                  .panels = n,
                  .n_pairs = 1,
                  .inner = t->map.groups,
                  .depth = INK_LANES,
                  .outer = 1};
    for (size_t e = 0; e < ELEMENTS; e++) {
        m.a = inputs + e * input_step(p, t);
        m.b = b + e * weights + g * t->map.groups * INK_PANEL;
        m.out = sums + e * sum_step(p, t);
        p->kernels->gemm(&m);
    }
}

/* Sums of tile `tile` at place `place` become outputs of groups [g, g + n). */
static void give_tile(const ink_program *p, const ink_winograd *t, const ink_step *s, uint32_t block, uint32_t tile,
                      const float *sums, size_t place, size_t g, uint32_t n) {
    const size_t panel = p->rows * INK_LANES, position = t->out_groups * panel;
    const size_t i = tile / t->map.across * TILE, j = tile % t->map.across * TILE;
    const float *bias = ink_data(p, s->bias), *scale = ink_data(p, s->scale), *offset = ink_data(p, s->offset);
    const float *residual = ink_block(p, s->residual, block), *mask = ink_block(p, s->mask, block);
    float *y = ink_block(p, s->node.out[0], block);
    ink_tile_out o = {.step = sum_step(p, t),
                      .count = panel,
                      .line = t->map.out_width * position,
                      .next = position,
                      .down = t->map.out_height - i < TILE ? (uint32_t)(t->map.out_height - i) : TILE,
                      .across = t->map.out_width - j < TILE ? (uint32_t)(t->map.out_width - j) : TILE,
                      .relu = s->relu};
    for (size_t k = 0; k < n; k++) {
        const size_t at = (i * t->map.out_width + j) * position + (g + k) * panel, lanes = (g + k) * INK_LANES;
        o.from = sums + (k * t->together + place) * panel;
        o.out = y + at;
        o.bias = bias != NULL ? bias + lanes : NULL;
        o.scale = scale != NULL ? scale + lanes : NULL;
        o.offset = offset != NULL ? offset + lanes : NULL;
        o.residual = residual != NULL ? residual + at : NULL;
        o.mask = mask != NULL ? mask + at : NULL;
        p->kernels->winograd_outputs(&o);
    }
}

void ink_work_winograd(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    const ink_winograd *t = s->plan;
    const float *x = ink_block(p, t->from.a, block);
    const size_t panel = p->rows * INK_LANES, step = input_step(p, t);
    float *inputs = ink_winograd_mine(p, t->scratch, worker), *sums = inputs + ELEMENTS * step;
    size_t from, to;
    ink_share_of((size_t)t->map.down * t->map.across, t->parts, part, &from, &to);
    for (size_t at = from; at < to; at += t->together) {
        uint32_t tiles = to - at < t->together ? (uint32_t)(to - at) : t->together;
        for (uint32_t i = 0; i < tiles; i++) {
            ink_winograd_take(p, &t->map, x, (uint32_t)at + i, inputs + i * panel, t->together * panel, step);
        }
        for (uint32_t g = 0; g < t->out_groups; g += t->out_together) {
            uint32_t n = t->out_groups - g < t->out_together ? t->out_groups - g : t->out_together;
            multiply(p, t, inputs, sums, tiles, g, n);
            for (uint32_t i = 0; i < tiles; i++) give_tile(p, t, s, block, (uint32_t)at + i, sums, i, g, n);
        }
    }
}

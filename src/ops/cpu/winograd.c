/* ops/cpu/winograd.c: convolutions of 3 x 3 and stride 1, forward and towards the input, by Winograd's F(4x4,3x3):
 * tiles of 6 x 6 inputs and the weights are transformed, multiplied element by element (36 matrix products instead of
 * 144), and the sums transformed to 4 x 4 outputs. In bf16 F(2x2,3x3): 16 products instead of 36; what is multiplied is
 * rounded behind its transform, sums are floats.
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

uint32_t ink_winograd_tile(const ink_program *p) {
    return p->precision == INK_PRECISION_BF16 ? 2 : 4;
}

tiling ink_tiling_of(const ink_program *p, const ink_node *node, const ink_cell *x, const ink_cell *y) {
    const uint32_t tile = ink_winograd_tile(p), reach = tile + 2;
    return (tiling){.tile = tile,
                    .reach = reach,
                    .elements = reach * reach,
                    .pad = is_back(node->op) ? 2 - node->attr.conv.pad : node->attr.conv.pad,
                    .height = x->height,
                    .width = x->width,
                    .out_height = y->height,
                    .out_width = y->width,
                    .groups = ink_groups(x->c),
                    .down = (y->height + tile - 1) / tile,
                    .across = (y->width + tile - 1) / tile};
}

/* Tiles that reach beyond the map are computed whole: what is left of the multiplications saved. */
static double share_used(uint32_t tile, uint32_t height, uint32_t width) {
    double down = (double)((height + tile - 1) / tile * tile), across = (double)((width + tile - 1) / tile * tile);
    return (double)height * (double)width / (down * across);
}

bool ink_winograd_fits(const ink_program *p, const ink_node *node, const ink_cell *w, const ink_cell *y) {
    const bool bf16 = p->precision == INK_PRECISION_BF16;
    const uint32_t least = bf16 ? 32 : INK_LANES; /* channels: with fewer, transforms outweigh products */
    if (p->exact || w->store != INK_STORE_WEIGHTS || w->live != w->taps || w->c < least || w->k < least) return false;
    if (node->attr.conv.window_h != 3 || node->attr.conv.window_w != 3 || node->attr.conv.stride != 1) return false;
    if (y->height < 4 || y->width < 4) return false;
    return share_used(ink_winograd_tile(p), y->height, y->width) > (bf16 ? 0.8 : 0.5);
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

void ink_winograd_take(const ink_program *p, const tiling *t, const float *x, uint32_t tile, void *to,
                       size_t group_step, size_t step) {
    const size_t panel = p->rows * INK_LANES;
    const int64_t top = (int64_t)(tile / t->across * t->tile) - t->pad;
    const int64_t left = (int64_t)(tile % t->across * t->tile) - t->pad;
    for (size_t g = 0; g < t->groups; g++) {
        const float *from[INK_TILE_ELEMENTS];
        for (int64_t e = 0; e < (int64_t)t->elements; e++) {
            int64_t i = top + e / t->reach, j = left + e % t->reach;
            bool inside = i >= 0 && j >= 0 && i < t->height && j < t->width;
            from[e] = inside ? x + ((size_t)(i * t->width + j) * t->groups + g) * panel : zeros;
        }
        if (p->precision != INK_PRECISION_BF16) {
            p->kernels->winograd_inputs(t->tile, from, (float *)to + g * group_step, step, panel);
            continue;
        }
        float made[16 * INK_PANEL];
        p->kernels->winograd_inputs(t->tile, from, made, panel, panel);
        for (size_t e = 0; e < t->elements; e++) {
            p->kernels->to_bf16(made + e * panel, (uint16_t *)to + g * group_step + e * step, panel);
        }
    }
}

/* ---- the plan ---- */

bool ink_winograd_pays(const ink_program *p, const ink_node *node) {
    if (node->op != INK_OP_CONV2D && node->op != INK_OP_CONV2D_DX) return false;
    return ink_winograd_fits(p, node, &p->cells[node->in[1]], &p->cells[node->out[0]]);
}

size_t ink_winograd_weight_floats(const ink_program *p, const ink_cell *w) {
    const size_t panels = (size_t)ink_groups(w->k) * ink_groups(w->c);
    return panels * (p->precision == INK_PRECISION_BF16 ? 16 * INK_PANEL / 2 : 36 * INK_PANEL);
}

static size_t input_step(const ink_program *p, const ink_winograd *t) {
    return (size_t)t->map.groups * t->together * p->rows * INK_LANES + INK_TILE_GAP;
}

static size_t sum_step(const ink_program *p, const ink_winograd *t) {
    return (size_t)t->out_together * t->together * p->rows * INK_LANES + INK_TILE_GAP;
}

/* Where a worker's sums begin, in floats. */
static size_t sums_at(const ink_program *p, const ink_winograd *t) {
    return t->map.elements * input_step(p, t) / (t->from.half ? 2 : 1);
}

ink_winograd *ink_winograd_plan(ink_program *p, const ink_node *node, const ink_operands *from, ink_id *scratch) {
    const ink_cell *y = &p->cells[node->out[0]];
    ink_winograd *t = ink_plan_new(p, 1, sizeof *t);
    if (t == NULL) return NULL;
    t->from = *from;
    t->map = ink_tiling_of(p, node, &p->cells[node->in[0]], y);
    t->out_groups = ink_groups(y->c);
    uint32_t tiles = t->map.down * t->map.across;
    uint32_t fitting = SCRATCH_FLOATS / (t->map.elements * t->map.groups * p->rows * INK_LANES);
    t->together = fitting < 1 ? 1 : fitting > tiles ? tiles : fitting;
    t->out_together = t->out_groups < 4 ? t->out_groups : 4;
    t->parts = (tiles + t->together - 1) / t->together;
    if (t->parts > 16) t->parts = 16;
    if (!ink_winograd_room(p, scratch, sums_at(p, t) + t->map.elements * sum_step(p, t))) return NULL;
    t->scratch = *scratch;
    return t;
}

uint32_t ink_winograd_parts(const ink_winograd *t) {
    return t->parts;
}

/* ---- weights ---- */

/* part: a group of K. Forward [element][K/16][C/16][c][k]; back, turned round, [element][C/16][K/16][k][c]. In bf16
 * pairs of c (back: of k) stand side by side. */
void ink_work_winograd_weights(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part,
                               uint32_t worker) {
    (void)block, (void)worker;
    const ink_cell *w = &p->cells[s->node.in[1]];
    const size_t c_groups = ink_groups(w->c), k_groups = ink_groups(w->k), step = k_groups * c_groups * INK_PANEL;
    const bool back = is_back(s->node.op);
    const uint32_t tile = ink_winograd_tile(p), elements = (tile + 2) * (tile + 2);
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
        size_t at = (back ? c * k_groups + part : part * c_groups + c) * INK_PANEL;
        if (p->precision != INK_PRECISION_BF16) {
            p->kernels->winograd_weights(tile, from, to + at, step, INK_PANEL);
            continue;
        }
        float made[16 * INK_PANEL];
        p->kernels->winograd_weights(tile, from, made, INK_PANEL, INK_PANEL);
        p->kernels->pair_rows(made, INK_PANEL, (uint16_t *)(void *)to + at, step, elements);
    }
}

/* ---- tiles ---- */

/* The products of all elements: sums of `tiles` tiles for groups [g, g + n) of outputs. */
static void multiply(const ink_program *p, const ink_winograd *t, const float *inputs, float *sums, uint32_t tiles,
                     size_t g, uint32_t n) {
    const size_t panel = p->rows * INK_LANES, weights = (size_t)t->out_groups * t->map.groups * INK_PANEL;
    const size_t size = t->from.half ? sizeof(uint16_t) : sizeof(float), pair = t->from.half ? 2 : 1;
    const char *a = (const char *)inputs, *b = (const char *)ink_data(p, t->from.b);
    static const ink_pair none = {0, 0};
    ink_gemm m = {.pairs = &none,
                  .a_m = INK_LANES,
                  .a_k = pair,
                  .a_inner = t->together * panel,
                  .b_inner = INK_PANEL,
                  .b_panel = (size_t)t->map.groups * INK_PANEL,
                  .out_m = INK_LANES,
                  .out_panel = t->together * panel,
                  .rows = tiles * p->rows,
                  .panels = n,
                  .n_pairs = 1,
                  .inner = t->map.groups,
                  .depth = INK_LANES / (uint32_t)pair,
                  .outer = 1};
    for (size_t e = 0; e < t->map.elements; e++) {
        m.a = a + e * input_step(p, t) * size;
        m.b = b + (e * weights + g * t->map.groups * INK_PANEL) * size;
        m.out = sums + e * sum_step(p, t);
        if (t->from.half) {
            p->kernels->gemm_bf16(&m);
        } else {
            p->kernels->gemm(&m);
        }
    }
}

/* Outputs of a tile that begins at `at` which are on a map of `size`. */
static uint32_t ends(size_t size, size_t at, uint32_t tile) {
    return size - at < tile ? (uint32_t)(size - at) : tile;
}

/* Sums of tile `tile` at place `place` become outputs of groups [g, g + n). */
static void give_tile(const ink_program *p, const ink_winograd *t, const ink_step *s, uint32_t block, uint32_t tile,
                      const float *sums, size_t place, size_t g, uint32_t n) {
    const size_t panel = p->rows * INK_LANES, position = t->out_groups * panel;
    const size_t i = tile / t->map.across * t->map.tile, j = tile % t->map.across * t->map.tile;
    const float *bias = ink_data(p, s->bias), *scale = ink_data(p, s->scale), *offset = ink_data(p, s->offset);
    const float *residual = ink_block(p, s->residual, block), *mask = ink_block(p, s->mask, block);
    float *y = ink_block(p, s->node.out[0], block);
    ink_tile_out o = {.step = sum_step(p, t),
                      .count = panel,
                      .line = t->map.out_width * position,
                      .next = position,
                      .tile = t->map.tile,
                      .down = ends(t->map.out_height, i, t->map.tile),
                      .across = ends(t->map.out_width, j, t->map.tile),
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
    const size_t panel = p->rows * INK_LANES, step = input_step(p, t), size = t->from.half ? 2 : 4;
    float *inputs = ink_winograd_mine(p, t->scratch, worker), *sums = inputs + sums_at(p, t);
    size_t from, to;
    ink_share_of((size_t)t->map.down * t->map.across, t->parts, part, &from, &to);
    for (size_t at = from; at < to; at += t->together) {
        uint32_t tiles = to - at < t->together ? (uint32_t)(to - at) : t->together;
        for (uint32_t i = 0; i < tiles; i++) {
            ink_winograd_take(p, &t->map, x, (uint32_t)at + i, (char *)inputs + i * panel * size, t->together * panel,
                              step);
        }
        for (uint32_t g = 0; g < t->out_groups; g += t->out_together) {
            uint32_t n = t->out_groups - g < t->out_together ? t->out_groups - g : t->out_together;
            multiply(p, t, inputs, sums, tiles, g, n);
            for (uint32_t i = 0; i < tiles; i++) give_tile(p, t, s, block, (uint32_t)at + i, sums, i, g, n);
        }
    }
}

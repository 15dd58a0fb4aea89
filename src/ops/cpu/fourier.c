/* ops/cpu/fourier.c: convolutions of 3 x 3 and stride 1, forward and towards the input, by the discrete Fourier
 * transform; the arithmetic is in kern_fourier.h.
 *
 * A map that leaves its zeros room on a circle of eight both ways becomes 4 real and 30 complex numbers, as do the
 * weights; their products, three real ones for a complex one, are 94 matrix products where Winograd's tiles take 144 on
 * a map of 7 x 7 and the taps themselves 361. On a circle of five a map of 4 x 4 takes 37.
 *
 * In a program of bf16 transformed inputs and weights are rounded, and products are bf16's, twice as fast. That is no
 * less exact than rounding the map itself, as the transform keeps the sum of squares, but for the sums of two numbers
 * that a complex product has: they cost a factor of root(2). (Winograd's transforms enlarge numbers that cancel: it
 * stays in float.) So larger maps pay too, cut into windows of 8 x 8 with 6 x 6 outputs; and convolutions of stride 2
 * with 4 x 4 to 6 x 6 taps, forward, in phases (winograd.h). */
#include <assert.h>

#include "ops/cpu/winograd.h"

#define PAIR 2u /* panels of outputs at once: what a tile of products holds */

/* cost: of a panel's transform, the mean of both ways, in bf16's panel products; measured on a Zen 4. */
static const struct {
    uint32_t points;
    double cost;
} circles[INK_CIRCLES] = {
    [INK_CIRCLE_FIVE] = {.points = 5, .cost = 25},
    [INK_CIRCLE_EIGHT] = {.points = 8, .cost = 85},
    [INK_CIRCLE_TEN] = {.points = 10, .cost = 155},
    [INK_CIRCLE_TWELVE] = {.points = 12, .cost = 232},
};

#define TILE_COST 35 /* likewise, of a tile of Winograd's, which are always in float */
#define FLOAT     2  /* a panel product in float */

typedef struct fourier {
    ink_operands from; /* a: x (dy), b: weights [K/32][element][K/16 of these][phase][C/16][16 c][16 k] */
    ink_id scratch;    /* [worker]: inputs [element][phase][C/16][16 rows][16], then products
                        * [element][2][16 rows][16] */
    windows w;
    bool half; /* inputs and weights are bfloat16, weights with pairs of C side by side */
    uint32_t out_groups;
} fourier;

/* ---- where it pays ---- */

/* Taps of all outputs of a line that meet an input. */
static uint32_t meetings(uint32_t in, uint32_t out, int32_t pad, uint32_t stride, int32_t window) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < out; i++) {
        for (int32_t t = 0; t < window; t++) {
            const int64_t at = (int64_t)i * stride + t - pad;
            n += at >= 0 && at < in;
        }
    }
    return n;
}

double ink_windows_direct(const ink_node *node, const tiling *whole) {
    const int32_t h = node->attr.conv.window_h, w = node->attr.conv.window_w;
    return (double)meetings(whole->height, whole->out_height, whole->pad_down, whole->stride, h) *
           (double)meetings(whole->width, whole->out_width, whole->pad_across, whole->stride, w);
}

/* Zeros must be left on the circle for what a window reaches beyond the map, before it and behind. */
static bool goes_round(uint32_t points, uint32_t in, uint32_t out, int32_t pad) {
    return in + (uint32_t)pad <= points && out + 2 <= points + (uint32_t)pad && out <= points;
}

static windows cut(const tiling *whole, ink_circle circle) {
    const uint32_t points = circles[circle].points;
    windows w = {.circle = circle,
                 .points = points,
                 .elements = ink_circle_elements(points),
                 .map = *whole,
                 .tile = points - 2,
                 .groups = whole->phases * whole->groups};
    if (whole->phases == 1 && goes_round(points, whole->height, whole->out_height, whole->pad_down) &&
        goes_round(points, whole->width, whole->out_width, whole->pad_across)) {
        w.tile = points;
    }
    w.map.down = (whole->out_height + w.tile - 1) / w.tile;
    w.map.across = (whole->out_width + w.tile - 1) / w.tile;
    return w;
}

bool ink_windows_choose(const tiling *whole, uint32_t out_groups, double product, double pairing, double best,
                        windows *w) {
    bool pays = false;
    for (int c = 0; c < INK_CIRCLES; c++) {
        const windows other = cut(whole, (ink_circle)c);
        const double phases = whole->phases, transforms = phases / out_groups + 1.0 / whole->groups;
        const double window =
            product * phases * other.elements + (circles[c].cost + pairing * other.elements) * transforms;
        const double cost = window * other.map.down * other.map.across;
        if (cost >= best) continue;
        best = cost;
        pays = true;
        *w = other;
    }
    return pays;
}

bool ink_windows_fit(const ink_node *node, bool strides) {
    const int32_t h = node->attr.conv.window_h, w = node->attr.conv.window_w;
    if (node->attr.conv.stride == 1) return h == 3 && w == 3 && node->attr.conv.pad <= 2;
    return strides && node->attr.conv.stride == 2 && h >= 4 && h <= 6 && w >= 4 && w <= 6;
}

/* How the node is computed here; false: it is not. From shapes, precision and `exact` alone. */
static bool choose(const ink_program *p, const ink_node *node, fourier *t) {
    if (node->op != INK_OP_CONV2D && node->op != INK_OP_CONV2D_DX) return false;
    const ink_cell *w = &p->cells[node->in[1]], *x = &p->cells[node->in[0]], *y = &p->cells[node->out[0]];
    if (p->max_batch < INK_LEAST_IMAGES || p->kernels->fourier[0].inputs == NULL) return false;
    if (!ink_transforms_fit(p, w)) return false;
    *t = (fourier){.half = ink_is_bf16(p), .out_groups = ink_groups(y->c)};
    if (!ink_windows_fit(node, t->half && !ink_winograd_is_back(node))) return false;
    const tiling whole = ink_tiling_of(node, x, y, 0);
    const double product = t->half ? 1 : FLOAT;
    double other = product * ink_windows_direct(node, &whole);
    if (ink_winograd_pays(p, node)) {
        const double transforms = 1.0 / t->out_groups + 1.0 / whole.groups;
        const double tile = FLOAT * INK_TILE_ELEMENTS + TILE_COST * transforms;
        if (tile * whole.down * whole.across < other) other = tile * whole.down * whole.across;
    }
    return ink_windows_choose(&whole, t->out_groups, product, 0, other / INK_LEAST_SAVED, &t->w);
}

bool ink_fourier_pays(const ink_program *p, const ink_node *node) {
    fourier t;
    return choose(p, node, &t);
}

/* ---- the plan ---- */

static size_t panels_of(const fourier *t) {
    return (size_t)t->w.elements * t->w.groups * t->out_groups;
}

size_t ink_fourier_weight_floats(const ink_program *p, const ink_node *node) {
    fourier t;
    const bool pays = choose(p, node, &t);
    assert(pays);
    (void)pays;
    return panels_of(&t) * INK_PANEL / (t.half ? 2 : 1);
}

/* From an element of the inputs, and of the products, to the next one, in floats: streams 4 KiB apart would share one
 * set of the cache. */
static size_t input_step(const fourier *t) {
    return (size_t)t->w.groups * INK_STRIP_ROWS * INK_LANES / (t->half ? 2 : 1) + INK_TILE_GAP;
}

static size_t product_step(void) {
    return PAIR * INK_STRIP_ROWS * INK_LANES + INK_TILE_GAP;
}

const void *ink_fourier_plan(ink_program *p, ink_step *s, const ink_operands *from, ink_id *scratch) {
    fourier *t = ink_plan_new(p, 1, sizeof *t);
    if (t == NULL || !choose(p, &s->node, t)) return NULL;
    t->from = *from;
    if (!ink_winograd_room(p, scratch, t->w.elements * (input_step(t) + product_step()))) return NULL;
    t->scratch = *scratch;
    s->parts = p->rows / INK_STRIP_ROWS * t->w.map.down * t->w.map.across;
    return t;
}

/* ---- weights ---- */

/* For two rows of a panel, before they are rounded. */
bool ink_fourier_weight_room(ink_program *p, ink_id *scratch) {
    return !ink_is_bf16(p) || ink_winograd_room(p, scratch, (size_t)INK_CIRCLE_MOST * 2 * INK_LANES);
}

/* Panels of outputs in the pair that begins at `group`. */
static size_t pair_at(size_t groups, size_t group) {
    return groups - group < PAIR ? groups - group : PAIR;
}

/* part: a group of K, as in ink_work_winograd_weights. */
void ink_work_fourier_weights(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)block;
    fourier t;
    const bool pays = choose(p, &s->node, &t); /* only such nodes have this step */
    assert(pays);
    (void)pays;
    const bool back = ink_winograd_is_back(&s->node);
    const size_t elements = t.w.elements, inner = ink_groups(p->cells[s->node.in[1]].c);
    float *all = ink_data(p, s->extra[0]), *own = t.half ? ink_winograd_mine(p, s->extra[1], worker) : NULL;
    for (size_t c = 0; c < t.w.map.phases * inner; c++) {
        float turned[9 * INK_PANEL];
        const float *from[9];
        ink_winograd_window(p, &s->node, part, c % inner, (uint32_t)(c / inner), turned, from);
        const size_t in = back ? part : c, out = back ? c : part, first = out / PAIR * PAIR;
        const size_t step = pair_at(t.out_groups, first) * t.w.groups * INK_PANEL;
        const size_t at = ((first * elements + out - first) * t.w.groups + in) * INK_PANEL;
        if (!t.half) {
            p->kernels->fourier[t.w.circle].weights(from, all + at, step, INK_LANES);
            continue;
        }
        uint16_t *to = (uint16_t *)(void *)all + at;
        for (size_t row = 0; row < INK_LANES; row += 2) {
            p->kernels->fourier[t.w.circle].weights(from, own, 2 * INK_LANES, 2);
            p->kernels->pair_rows(own, 2 * INK_LANES, to + row * INK_LANES, step, elements, 2);
            for (int i = 0; i < 9; i++) from[i] += 2 * INK_LANES;
        }
    }
}

/* ---- windows ---- */

void ink_windows_points(const ink_program *p, const windows *w, const float *x, uint32_t window, uint32_t phase,
                        const float *points[INK_CIRCLE_POINTS]) {
    const uint32_t top = window / w->map.across * w->tile, left = window % w->map.across * w->tile;
    for (uint32_t e = 0; e < w->points * w->points; e++) {
        const uint32_t down = (top + e / w->points) * w->map.stride + phase / 2;
        const uint32_t across = (left + e % w->points) * w->map.stride + phase % 2;
        const int64_t i = (int64_t)down - w->map.pad_down, j = (int64_t)across - w->map.pad_across;
        const bool inside = i >= 0 && j >= 0 && i < w->map.height && j < w->map.width;
        points[e] = inside ? x + (size_t)(i * w->map.width + j) * w->map.groups * p->rows * INK_LANES : NULL;
    }
}

window_outputs ink_windows_outputs(const windows *w, uint32_t window) {
    const uint32_t i = window / w->map.across * w->tile, j = window % w->map.across * w->tile;
    const uint32_t down = w->map.out_height - i, across = w->map.out_width - j;
    return (window_outputs){.first = (size_t)i * w->map.out_width + j,
                            .down = down < w->tile ? down : w->tile,
                            .across = across < w->tile ? across : w->tile};
}

/* A window of INK_STRIP_ROWS images of a block, transformed; x: the first one's. */
static void take(const ink_program *p, const fourier *t, const float *x, uint32_t window, float *to) {
    static const float zeros[INK_STRIP_ROWS * INK_LANES];
    const size_t panel = p->rows * INK_LANES, own = INK_STRIP_ROWS * INK_LANES;
    const float *first[INK_CIRCLE_POINTS], *from[INK_CIRCLE_POINTS];
    for (uint32_t phase = 0; phase < t->w.map.phases; phase++) {
        ink_windows_points(p, &t->w, x, window, phase, first);
        for (size_t g = 0; g < t->w.map.groups; g++) {
            const size_t at = (phase * t->w.map.groups + g) * own;
            for (uint32_t e = 0; e < t->w.points * t->w.points; e++) {
                from[e] = first[e] != NULL ? first[e] + g * panel : zeros;
            }
            if (t->half) {
                p->kernels->inputs_bf16[t->w.circle](from, (uint16_t *)(void *)to + at, 2 * input_step(t),
                                                     INK_STRIP_ROWS);
            } else {
                p->kernels->fourier[t->w.circle].inputs(from, to + at, input_step(t), INK_STRIP_ROWS);
            }
        }
    }
}

/* The outputs of group g from its products; at: floats from the block's begin to the strip's first image in a panel. */
static void give(const ink_program *p, const fourier *t, const ink_step *s, uint32_t block, const window_outputs *to,
                 size_t at, size_t g, const float *products) {
    const size_t panel = p->rows * INK_LANES, position = t->out_groups * panel, lanes = g * INK_LANES;
    const float *bias = ink_data(p, s->bias), *scale = ink_data(p, s->scale), *offset = ink_data(p, s->offset);
    const float *residual = ink_block(p, s->residual, block), *mask = ink_block(p, s->mask, block);
    at += to->first * position + g * panel;
    const ink_tile_out o = {.from = products,
                            .out = ink_block(p, s->node.out[0], block) + at,
                            .bias = bias != NULL ? bias + lanes : NULL,
                            .scale = scale != NULL ? scale + lanes : NULL,
                            .offset = offset != NULL ? offset + lanes : NULL,
                            .residual = residual != NULL ? residual + at : NULL,
                            .mask = mask != NULL ? mask + at : NULL,
                            .step = product_step(),
                            .rows = INK_STRIP_ROWS,
                            .line = t->w.map.out_width * position,
                            .next = position,
                            .down = to->down,
                            .across = to->across,
                            .relu = s->relu,
                            .relu_first = s->relu_first};
    p->kernels->fourier[t->w.circle].outputs(&o);
}

/* While products of element e keep the processor busy, memory may bring what follows the sums of output e. */
static void expect(const ink_program *p, const fourier *t, const ink_step *s, uint32_t block, const window_outputs *to,
                   size_t at, size_t g, size_t e) {
    if (e >= (size_t)to->down * to->across) return;
    const float *residual = ink_block(p, s->residual, block), *mask = ink_block(p, s->mask, block);
    const size_t place = to->first + e / to->across * t->w.map.out_width + e % to->across;
    for (size_t i = 0; i < pair_at(t->out_groups, g); i++) {
        const size_t wanted = at + (place * t->out_groups + g + i) * p->rows * INK_LANES;
        if (residual != NULL) ink_winograd_expect(residual + wanted, INK_STRIP_ROWS * INK_LANES);
        if (mask != NULL) ink_winograd_expect(mask + wanted, INK_STRIP_ROWS * INK_LANES);
        ink_winograd_expect(ink_block(p, s->node.out[0], block) + wanted, INK_STRIP_ROWS * INK_LANES);
    }
}

/* part: a strip of images of a window. */
void ink_work_fourier(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    static const ink_offsets none = {0, 0};
    const fourier *t = s->plan;
    const uint32_t per_strip = t->w.map.down * t->w.map.across;
    const size_t at = (size_t)part / per_strip * INK_STRIP_ROWS * INK_LANES, own = INK_STRIP_ROWS * INK_LANES;
    const size_t elements = t->w.elements;
    const window_outputs to = ink_windows_outputs(&t->w, part % per_strip);
    float *inputs = ink_winograd_mine(p, t->scratch, worker), *products = inputs + elements * input_step(t);
    take(p, t, ink_block(p, t->from.a, block) + at, part % per_strip, inputs);
    for (size_t g = 0; g < t->out_groups; g += PAIR) {
        const size_t pair = pair_at(t->out_groups, g), weights = t->w.groups * (size_t)INK_PANEL;
        ink_gemm m = {.pairs = &none,
                      .a_m = INK_LANES,
                      .a_k = t->half ? 2 : 1,
                      .a_inner = own,
                      .b_inner = INK_PANEL,
                      .b_panel = weights,
                      .out_m = INK_LANES,
                      .out_panel = own,
                      .rows = INK_STRIP_ROWS,
                      .panels = (uint32_t)pair,
                      .n_pairs = 1,
                      .inner = t->w.groups,
                      .depth = t->half ? INK_LANES / 2 : INK_LANES,
                      .outer = 1};
        for (size_t e = 0; e < elements; e++) {
            const size_t panels = (g * elements + e * pair) * weights;
            const float *all = ink_data(p, t->from.b);
            expect(p, t, s, block, &to, at, g, e);
            m.a = inputs + e * input_step(t);
            m.b = t->half ? (const void *)((const uint16_t *)(const void *)all + panels) : all + panels;
            m.out = products + e * product_step();
            (t->half ? p->kernels->gemm_bf16 : p->kernels->gemm)(&m);
        }
        for (size_t i = 0; i < pair; i++) give(p, t, s, block, &to, at, g + i, products + i * own);
    }
}

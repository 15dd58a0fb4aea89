/* ops/cpu/fourier.c: convolutions of 3 x 3 and stride 1 on maps that fit a circle of eight both ways, forward and
 * towards the input, by the discrete Fourier transform: the map, zeros around it, becomes 4 real and 30 complex
 * numbers, as do the weights; their products, three real ones for a complex one, are 94 matrix products where
 * Winograd's tiles take 144 on a map of 7 x 7 and the taps themselves 361. All in float, in a program of bf16 too.
 * Larger and smaller maps are in winograd.c and toeplitz.c, the gradient of the weights is in winograd_dw.c and
 * wgrad.c; the arithmetic in kern_fourier.h. */
#include "ops/cpu/winograd.h"

#define CIRCLE       8u
#define ELEMENTS     94u
#define STRIP_ROWS   16u /* images transformed at once */
#define PAIR         2u  /* panels of outputs at once: what a tile of products holds */
#define LEAST_IMAGES 64u /* of fewer the products saved do not pay for the weights' transform */

/* Direct products that must be saved for one done here: transforms cost as much as a third of them. */
#define LEAST_SAVED      1.3
#define LEAST_SAVED_BF16 2.6

typedef struct fourier {
    ink_operands from; /* a: x (dy), b: weights [K/32][element][K/16 of these][C/16][16 c][16 k] */
    ink_id scratch;    /* [worker]: inputs [element][C/16][16 rows][16], then products [element][2][16 rows][16] */
    uint32_t pad;      /* what the window's first tap reaches beyond the first output */
    uint32_t height, width, out_height, out_width, groups, out_groups;
} fourier;

static uint32_t pad_of(const ink_node *node) {
    return (uint32_t)(ink_winograd_is_back(node) ? 2 - node->attr.conv.pad : node->attr.conv.pad);
}

/* Taps of all outputs of a line that meet an input. */
static uint32_t meetings(uint32_t in, uint32_t out, uint32_t pad) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < out; i++) {
        for (uint32_t t = 0; t < 3; t++) n += i + t >= pad && i + t - pad < in;
    }
    return n;
}

/* Zeros must be left on the circle for what a window reaches beyond the map; a map that one tile of Winograd's covers
 * one way or the other is better off there. */
static bool goes_round(uint32_t in, uint32_t out, uint32_t pad) {
    return in + pad <= CIRCLE && out <= CIRCLE && out > INK_TILE;
}

bool ink_fourier_pays(const ink_program *p, const ink_node *node) {
    if (node->op != INK_OP_CONV2D && node->op != INK_OP_CONV2D_DX) return false;
    const ink_cell *w = &p->cells[node->in[1]], *x = &p->cells[node->in[0]], *y = &p->cells[node->out[0]];
    if (p->exact || p->max_batch < LEAST_IMAGES || p->kernels->fourier_inputs == NULL) return false;
    if (w->store != INK_STORE_WEIGHTS || w->live != w->taps || w->c < INK_LANES || w->k < INK_LANES) return false;
    if (node->attr.conv.window_h != 3 || node->attr.conv.window_w != 3 || node->attr.conv.stride != 1) return false;
    if (node->attr.conv.pad > 2) return false;
    const uint32_t pad = pad_of(node);
    if (!goes_round(x->height, y->height, pad) || !goes_round(x->width, y->width, pad)) return false;
    const double direct = (double)meetings(x->height, y->height, pad) * (double)meetings(x->width, y->width, pad);
    return direct > ELEMENTS * (p->precision == INK_PRECISION_BF16 ? LEAST_SAVED_BF16 : LEAST_SAVED);
}

size_t ink_fourier_weight_floats(const ink_cell *w) {
    return (size_t)ELEMENTS * ink_groups(w->k) * ink_groups(w->c) * INK_PANEL;
}

/* From an element of the inputs, and of the products, to the next one: streams 4 KiB apart would share one set of the
 * cache. */
static size_t input_step(const fourier *t) {
    return (size_t)t->groups * STRIP_ROWS * INK_LANES + INK_TILE_GAP;
}

static size_t product_step(void) {
    return PAIR * STRIP_ROWS * INK_LANES + INK_TILE_GAP;
}

const void *ink_fourier_plan(ink_program *p, ink_step *s, const ink_operands *from, ink_id *scratch) {
    const ink_cell *x = &p->cells[s->node.in[0]], *y = &p->cells[s->node.out[0]];
    fourier *t = ink_plan_new(p, 1, sizeof *t);
    if (t == NULL) return NULL;
    *t = (fourier){.from = *from,
                   .pad = pad_of(&s->node),
                   .height = x->height,
                   .width = x->width,
                   .out_height = y->height,
                   .out_width = y->width,
                   .groups = ink_groups(x->c),
                   .out_groups = ink_groups(y->c)};
    if (!ink_winograd_room(p, scratch, ELEMENTS * (input_step(t) + product_step()))) return NULL;
    t->scratch = *scratch;
    s->parts = p->rows / STRIP_ROWS;
    return t;
}

/* Panels of outputs in the pair that begins at `group`. */
static size_t pair_at(size_t groups, size_t group) {
    return groups - group < PAIR ? groups - group : PAIR;
}

/* part: a group of K, as in ink_work_winograd_weights. */
void ink_work_fourier_weights(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)block, (void)worker;
    const ink_cell *w = &p->cells[s->node.in[1]];
    const size_t c_groups = ink_groups(w->c), k_groups = ink_groups(w->k);
    const bool back = ink_winograd_is_back(&s->node);
    for (size_t c = 0; c < c_groups; c++) {
        float turned[9 * INK_PANEL];
        const float *from[9];
        ink_winograd_window(p, &s->node, part, c, 0, turned, from);
        const size_t in = back ? part : c, out = back ? c : part, groups = back ? k_groups : c_groups;
        const size_t first = out / PAIR * PAIR, pair = pair_at(back ? c_groups : k_groups, first);
        float *to = ink_data(p, s->extra[0]) + (first * ELEMENTS + out - first) * groups * INK_PANEL;
        p->kernels->fourier_weights(from, to + in * INK_PANEL, pair * groups * INK_PANEL, INK_LANES);
    }
}

/* The inputs of STRIP_ROWS images of a block, transformed; x: the first one's. */
static void take(const ink_program *p, const fourier *t, const float *x, float *to) {
    static const float zeros[STRIP_ROWS * INK_LANES];
    const size_t panel = p->rows * INK_LANES;
    for (size_t g = 0; g < t->groups; g++) {
        const float *from[CIRCLE * CIRCLE];
        for (size_t i = 0; i < CIRCLE; i++) {
            for (size_t j = 0; j < CIRCLE; j++) {
                const bool inside = i < t->height && j < t->width;
                from[i * CIRCLE + j] = inside ? x + ((i * t->width + j) * t->groups + g) * panel : zeros;
            }
        }
        p->kernels->fourier_inputs(from, to + g * STRIP_ROWS * INK_LANES, input_step(t), STRIP_ROWS);
    }
}

/* The outputs of group g from its products; `at`: floats from a panel's begin to the strip's first image. */
static void give(const ink_program *p, const fourier *t, const ink_step *s, uint32_t block, size_t at, size_t g,
                 const float *products) {
    const size_t panel = p->rows * INK_LANES, position = t->out_groups * panel, lanes = g * INK_LANES;
    const float *bias = ink_data(p, s->bias), *scale = ink_data(p, s->scale), *offset = ink_data(p, s->offset);
    const float *residual = ink_block(p, s->residual, block), *mask = ink_block(p, s->mask, block);
    at += g * panel;
    const ink_tile_out o = {.from = products,
                            .out = ink_block(p, s->node.out[0], block) + at,
                            .bias = bias != NULL ? bias + lanes : NULL,
                            .scale = scale != NULL ? scale + lanes : NULL,
                            .offset = offset != NULL ? offset + lanes : NULL,
                            .residual = residual != NULL ? residual + at : NULL,
                            .mask = mask != NULL ? mask + at : NULL,
                            .step = product_step(),
                            .rows = STRIP_ROWS,
                            .line = t->out_width * position,
                            .next = position,
                            .down = t->out_height,
                            .across = t->out_width,
                            .relu = s->relu};
    p->kernels->fourier_outputs(&o, t->pad);
}

/* part: a strip of images. */
void ink_work_fourier(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    static const ink_offsets none = {0, 0};
    const fourier *t = s->plan;
    const size_t at = (size_t)part * STRIP_ROWS * INK_LANES, places = (size_t)t->out_height * t->out_width;
    const float *residual = ink_block(p, s->residual, block), *mask = ink_block(p, s->mask, block);
    float *inputs = ink_winograd_mine(p, t->scratch, worker), *products = inputs + ELEMENTS * input_step(t);
    take(p, t, ink_block(p, t->from.a, block) + at, inputs);
    for (size_t g = 0; g < t->out_groups; g += PAIR) {
        const size_t pair = pair_at(t->out_groups, g), weights = t->groups * INK_PANEL;
        ink_gemm m = {.pairs = &none,
                      .a_m = INK_LANES,
                      .a_k = 1,
                      .a_inner = STRIP_ROWS * INK_LANES,
                      .b_inner = INK_PANEL,
                      .b_panel = weights,
                      .out_m = INK_LANES,
                      .out_panel = STRIP_ROWS * INK_LANES,
                      .rows = STRIP_ROWS,
                      .panels = (uint32_t)pair,
                      .n_pairs = 1,
                      .inner = t->groups,
                      .depth = INK_LANES,
                      .outer = 1};
        for (size_t e = 0; e < ELEMENTS; e++) {
            for (size_t i = 0; e < places && i < pair; i++) {
                const size_t wanted = at + (e * t->out_groups + g + i) * p->rows * INK_LANES;
                if (residual != NULL) ink_winograd_expect(residual + wanted, STRIP_ROWS * INK_LANES);
                if (mask != NULL) ink_winograd_expect(mask + wanted, STRIP_ROWS * INK_LANES);
            }
            m.a = inputs + e * input_step(t);
            m.b = ink_data(p, t->from.b) + (g * ELEMENTS + e * pair) * weights;
            m.out = products + e * product_step();
            p->kernels->gemm(&m);
        }
        for (size_t i = 0; i < pair; i++) {
            give(p, t, s, block, at, g + i, products + i * STRIP_ROWS * INK_LANES);
        }
    }
}

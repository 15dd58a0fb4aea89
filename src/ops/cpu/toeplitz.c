/* ops/cpu/toeplitz.c: convolutions of 3 x 3, stride 1 and padding 1 on maps of 2 x 2, forward and towards the input,
 * with 9 matrix products instead of 16.
 * Larger maps are in winograd.c, the gradient of the weights in wgrad.c.
 *
 * Of a line, y0 = x0 w1 + x1 w2 and y1 = x0 w0 + x1 w1 are a Toeplitz matrix of three weights times x:
 *   m0 = (x0 + x1) w1   m1 = x1 (w2 - w1)   m2 = x0 (w0 - w1)   y0 = m0 + m1   y1 = m0 + m2
 * and of a map the same down and across. Four of the nine transformed inputs are x itself, read where it lies, and the
 * products of these four belong to one output each: they are added to it last.
 * Source   Winograd, Arithmetic complexity of computations, 1980. */
#include "ops/cpu/winograd.h"

#define SIDE        2u
#define ELEMENTS    9u
#define SHARED      5u /* products that several outputs share: elements 0 to 3 and 6 */
#define PART_GROUPS 8u /* groups of outputs of a task */

typedef struct toeplitz {
    ink_operands from; /* a: x (dy), b: weights [element][K/16][C/16][16 c][16 k] */
    ink_id scratch;    /* [worker]: five transformed inputs [C/16][rows][16], then five products [K/16][rows][16] */
    uint32_t groups, out_groups, parts;
} toeplitz;

bool ink_toeplitz_pays(const ink_program *p, const ink_node *node) {
    if (node->op != INK_OP_CONV2D && node->op != INK_OP_CONV2D_DX) return false;
    const ink_cell *w = &p->cells[node->in[1]], *x = &p->cells[node->in[0]], *y = &p->cells[node->out[0]];
    if (p->precision != INK_PRECISION_F32 || p->max_batch < INK_LEAST_IMAGES || !ink_transforms_fit(p, w)) return false;
    if (node->attr.conv.window_h != 3 || node->attr.conv.window_w != 3 || node->attr.conv.stride != 1) return false;
    return node->attr.conv.pad == 1 && x->height == SIDE && x->width == SIDE && y->height == SIDE && y->width == SIDE;
}

/* From an element of weights to the next one. */
static size_t element_step(size_t k_groups, size_t c_groups) {
    return k_groups * c_groups * INK_PANEL;
}

size_t ink_toeplitz_weight_floats(const ink_program *p, const ink_node *node) {
    const ink_cell *w = &p->cells[node->in[1]];
    return ELEMENTS * element_step(ink_groups(w->k), ink_groups(w->c));
}

const void *ink_toeplitz_plan(ink_program *p, ink_step *s, const ink_operands *from, ink_id *scratch) {
    toeplitz *t = ink_plan_new(p, 1, sizeof *t);
    if (t == NULL) return NULL;
    t->from = *from;
    t->groups = ink_groups(p->cells[s->node.in[0]].c);
    t->out_groups = ink_groups(p->cells[s->node.out[0]].c);
    t->parts = (t->out_groups + PART_GROUPS - 1) / PART_GROUPS;
    const size_t panel = p->rows * INK_LANES;
    if (!ink_winograd_room(p, scratch, SHARED * (size_t)(t->groups + t->out_groups) * panel)) return NULL;
    t->scratch = *scratch;
    s->parts = t->parts;
    return t;
}

/* part: a group of K, as in ink_work_winograd_weights. */
void ink_work_toeplitz_weights(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part,
                               uint32_t worker) {
    (void)block, (void)worker;
    const ink_cell *w = &p->cells[s->node.in[1]];
    const size_t c_groups = ink_groups(w->c), k_groups = ink_groups(w->k), element = element_step(k_groups, c_groups);
    const bool back = ink_winograd_is_back(&s->node);
    for (size_t c = 0; c < c_groups; c++) {
        float turned[9 * INK_PANEL];
        const float *from[9];
        ink_winograd_window(p, &s->node, part, c, 0, turned, from);
        const size_t at = back ? c * k_groups + part : part * c_groups + c;
        const ink_tile_places places = {
            .to = ink_data(p, s->extra[0]) + at * INK_PANEL, .down = 3 * element, .across = element, .row = INK_LANES};
        p->kernels->toeplitz_weights(from, &places, INK_LANES);
    }
}

/* The five transformed inputs that are sums: all; column 1, column 0; row 1, row 0. */
static void take(const ink_program *p, const float *x, size_t position, float *to) {
    void (*add)(const float *, const float *, float *, size_t) = p->kernels->add;
    const float *x00 = x, *x01 = x + position, *x10 = x + 2 * position, *x11 = x + 3 * position;
    add(x01, x11, to + position, position);
    add(x00, x10, to + 2 * position, position);
    add(to + position, to + 2 * position, to, position);
    add(x10, x11, to + 3 * position, position);
    add(x00, x01, to + 4 * position, position);
}

void ink_work_toeplitz(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    static const uint8_t shared[SHARED] = {0, 1, 2, 3, 6}; /* elements, 3 down + across */
    static const ink_offsets none = {0, 0};
    const toeplitz *t = s->plan;
    size_t g0, g1;
    ink_share_of(t->out_groups, t->parts, part, &g0, &g1);
    const size_t panel = p->rows * INK_LANES, lanes = g0 * INK_LANES, count = (g1 - g0) * panel;
    const size_t position = t->groups * panel, out_position = t->out_groups * panel;
    const float *x = ink_block(p, t->from.a, block), *weights = ink_data(p, t->from.b) + g0 * t->groups * INK_PANEL;
    const float *bias = ink_data(p, s->bias), *scale = ink_data(p, s->scale), *offset = ink_data(p, s->offset);
    const float *residual = ink_block(p, s->residual, block), *mask = ink_block(p, s->mask, block);
    float *inputs = ink_winograd_mine(p, t->scratch, worker), *products = inputs + SHARED * position;
    float *y = ink_block(p, s->node.out[0], block) + g0 * panel;
    take(p, x, position, inputs);
    ink_gemm g = {.pairs = &none,
                  .a_m = INK_LANES,
                  .a_k = 1,
                  .a_inner = panel,
                  .b_inner = INK_PANEL,
                  .b_panel = t->groups * INK_PANEL,
                  .out_m = INK_LANES,
                  .out_panel = panel,
                  .rows = p->rows,
                  .panels = (uint32_t)(g1 - g0),
                  .n_pairs = 1,
                  .inner = t->groups,
                  .depth = INK_LANES,
                  .outer = 1};
    const size_t element = element_step(t->out_groups, t->groups);
    for (size_t i = 0; i < SHARED; i++) {
        g.a = inputs + i * position;
        g.b = weights + shared[i] * element;
        g.bias = i == 0 && bias != NULL ? bias + lanes : NULL;
        g.out = products + i * out_position;
        p->kernels->gemm(&g);
    }
    g.bias = NULL;
    g.add = true;
    g.scale = scale != NULL ? scale + lanes : NULL;
    g.offset = offset != NULL ? offset + lanes : NULL;
    g.relu = s->relu;
    g.relu_first = s->relu_first;
    for (size_t j = 0; j < SIDE; j++) {
        float *across = products + (1 + j) * out_position;
        p->kernels->add(products, across, across, count);
        for (size_t i = 0; i < SIDE; i++) {
            const size_t at = (i * SIDE + j) * out_position;
            p->kernels->add(across, products + (3 + i) * out_position, y + at, count);
            g.a = x + ((1 - i) * SIDE + (1 - j)) * position; /* output 0 wants input 1 */
            g.b = weights + (3 * (1 + i) + 1 + j) * element;
            g.out = y + at;
            g.residual = residual != NULL ? residual + g0 * panel + at : NULL;
            g.mask = mask != NULL ? mask + g0 * panel + at : NULL;
            p->kernels->gemm(&g);
        }
    }
}

/* ops/cpu/muon.c: Muon's step: the momentum of a matrix of weights, made nearly orthogonal by products of matrices.
 * The other optimizers, element by element, are in learn.c.
 *
 * Packed weights are u transposed, in panels: [K/16][m][16 k], m over live taps and padded channels in any order. So
 * all products below are the gemm of kernels.h over the weights as they lie, and nothing is unpacked:
 *   A = X X'   Z = b A + c A A   X = a X + Z X        (Z is symmetric: its panels are its rows)
 * Numbers of padding are 0 and stay 0. */
#include <math.h>
#include <string.h>

#include "ops/cpu/program.h"

/* extra[0]: u and X, [live_floats] each, then A, A A and Z, [K/16][K, padded][16] each */
typedef struct room {
    float *u, *x, *a, *square, *z;
    uint32_t groups, k, m; /* of 16 filters; padded filters; numbers of a filter */
    size_t size, panel, small;
} room;

size_t ink_muon_floats(const ink_cell *w) {
    size_t k = (size_t)ink_groups(w->k) * INK_LANES;
    return 2 * w->live_floats + 3 * k * k;
}

static room room_of(const ink_program *p, const ink_step *s) {
    const ink_cell *w = &p->cells[s->node.in[0]];
    room r = {.u = p->cells[s->extra[0]].data, .groups = ink_groups(w->k), .size = w->live_floats};
    r.k = r.groups * INK_LANES;
    r.small = (size_t)r.k * r.k;
    r.panel = r.size / r.groups;
    r.m = (uint32_t)(r.panel / INK_LANES);
    r.x = r.u + r.size;
    r.a = r.x + r.size;
    r.square = r.a + r.small;
    r.z = r.square + r.small;
    return r;
}

static const ink_offsets whole = {0, 0};

/* out [K/16][K][16] = y y', y in panels [K/16][depth][16]. A symmetric y is its own transpose: then it is y y. */
static void gram(const ink_program *p, const room *r, const float *y, uint32_t depth, float *out) {
    size_t panel = (size_t)depth * INK_LANES;
    for (uint32_t g = 0; g < r->groups; g++) {
        ink_gemm product = {.a = y + g * panel,
                            .b = y,
                            .pairs = &whole,
                            .a_m = 1,
                            .a_k = INK_LANES,
                            .b_panel = panel,
                            .out_m = INK_LANES,
                            .out_panel = (size_t)r->k * INK_LANES,
                            .rows = INK_LANES,
                            .panels = r->groups,
                            .n_pairs = 1,
                            .inner = 1,
                            .depth = depth,
                            .outer = 1};
        product.out = out + (size_t)g * INK_LANES * INK_LANES;
        p->kernels->gemm(&product);
    }
}

/* out = z x, both in x's panels */
static void turn(const ink_program *p, const room *r, const float *z, const float *x, float *out) {
    ink_gemm product = {.a = x,
                        .b = z,
                        .pairs = &whole,
                        .a_m = INK_LANES,
                        .a_k = 1,
                        .a_outer = r->panel,
                        .b_outer = (size_t)INK_LANES * INK_LANES,
                        .b_panel = (size_t)r->k * INK_LANES,
                        .out_m = INK_LANES,
                        .out_panel = r->panel,
                        .rows = r->m,
                        .panels = r->groups,
                        .n_pairs = 1,
                        .inner = 1,
                        .depth = INK_LANES,
                        .outer = r->groups};
    product.out = out;
    p->kernels->gemm(&product);
}

/* u = X / |X|, then INK_MUON_STEPS times X = a X + (b A + c A A) X; the last stands in u */
static void orthogonalise(const ink_program *p, room *r) {
    double sums[INK_LANES] = {0}, squares = 0;
    p->kernels->squares(r->u, r->size, sums);
    for (size_t j = 0; j < INK_LANES; j++) squares += sums[j];
    float scale = (float)(1 / (sqrt(squares) + 1e-7));
    for (size_t i = 0; i < r->size; i++) r->u[i] *= scale;
    for (int step = 0; step < INK_MUON_STEPS; step++) {
        gram(p, r, r->u, r->m, r->a);
        gram(p, r, r->a, r->k, r->square);
        for (size_t i = 0; i < r->small; i++) r->z[i] = INK_MUON_B * r->a[i] + INK_MUON_C * r->square[i];
        turn(p, r, r->z, r->u, r->x);
        for (size_t i = 0; i < r->size; i++) r->u[i] = INK_MUON_A * r->u[i] + r->x[i];
    }
}

void ink_work_muon(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)block, (void)part, (void)worker;
    const ink_cell *w = &p->cells[s->node.in[0]];
    room r = room_of(p, s);
    const float *dw = ink_data(p, s->node.in[1]);
    float *buffer = ink_data(p, s->node.in[2]), momentum = s->node.attr.optimizer.momentum;
    float factor = s->extra[1] == INK_NONE ? 1.0f : (float)*(const double *)(const void *)ink_data(p, s->extra[1]);
    for (size_t i = 0; i < r.size; i++) {
        float g = factor * dw[i];
        buffer[i] = momentum * buffer[i] + g;
        r.u[i] = g + momentum * buffer[i];
    }
    orthogonalise(p, &r);
    float lr = p->batch->lr * s->factor, shrink = 1 - lr * s->node.attr.optimizer.decay;
    float step = lr * ink_muon_scale((uint32_t)w->k, w->elements);
    for (size_t i = r.size; i < w->floats; i++) w->data[i] *= shrink; /* dead taps */
    for (size_t i = 0; i < r.size; i++) w->data[i] = shrink * w->data[i] - step * r.u[i];
}

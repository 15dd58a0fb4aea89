/* ops/cpu/fourier_dw.c: in bf16, the gradient of the weights of a convolution that fourier.c's windows can compute: the
 * transpose of that way in the weights. Windows of inputs and of gradients, transformed and rounded, are multiplied
 * element by element and summed over all windows and images in float, and the sums become 9 taps at the end.
 * The way forward and towards the input is in fourier.c, the arithmetic in kern_fourier.h.
 *
 * The images are cut into slices, from shapes alone; a task sums one slice and writes its taps, and ink_work_wgrad_join
 * adds slices in order. */
#include "ops/cpu/winograd.h"

#define PAIRING     1.7      /* panel products that an element takes besides: rounded, images paired, sums loaded */
#define SUMS_FLOATS 2500000u /* of one slice, at most */
#define TOGETHER    4u       /* windows a product takes at once: each loads and stores all sums */

typedef struct fourier_dw {
    windows w;
    ink_operands from; /* a: x, b: dy */
    ink_id scratch;    /* [worker]: elements of two rows in float; then in bfloat16, images in pairs, inputs
                        * [element][phase][C/16][window][16][16] and gradients [element][K/16][window][16][16] */
    ink_id sums;       /* [task or worker, whichever is fewer]: [element][K/16][phase][C/16][c][k] */
    uint32_t k_groups;
} fourier_dw;

static bool choose(const ink_program *p, const ink_node *node, windows *w) {
    if (node->op != INK_OP_CONV2D_DW || !ink_is_bf16(p)) return false;
    const ink_cell *dw = &p->cells[node->out[0]], *x = &p->cells[node->in[0]], *dy = &p->cells[node->in[1]];
    if (p->max_batch < INK_LEAST_IMAGES || p->rows != INK_STRIP_ROWS) return false;
    if (p->kernels->fourier[0].taps == NULL || !ink_transforms_fit(p, dw) || !ink_windows_fit(node, true)) return false;
    const tiling whole = ink_tiling_of(node, x, dy, 0);
    double other = ink_windows_direct(node, &whole);
    if (ink_winograd_dw_pays(p, node)) { /* in float, at half the rate */
        const double winograd = 2.0 * INK_TILE_ELEMENTS * whole.phases * whole.down * whole.across;
        if (winograd < other) other = winograd;
    }
    if (!ink_windows_choose(&whole, ink_groups(dy->c), 1, PAIRING, other / INK_LEAST_SAVED, w)) return false;
    return (size_t)w->elements * w->groups * ink_groups(dy->c) * INK_PANEL <= SUMS_FLOATS;
}

bool ink_fourier_dw_pays(const ink_program *p, const ink_node *node) {
    windows w;
    return choose(p, node, &w);
}

static size_t sums_step(const fourier_dw *t) {
    return (size_t)t->w.groups * t->k_groups * INK_PANEL;
}

/* In halves, from element to element; panels of a window are INK_PANEL of them. */
static size_t input_step(const fourier_dw *t) {
    return (size_t)t->w.groups * TOGETHER * INK_PANEL + 2 * INK_TILE_GAP;
}

static size_t gradient_step(const fourier_dw *t) {
    return (size_t)t->k_groups * TOGETHER * INK_PANEL + 2 * INK_TILE_GAP;
}

const void *ink_fourier_dw_plan(ink_program *p, const ink_node *node, ink_step *s, const ink_operands *from,
                                ink_id *scratch) {
    fourier_dw *t = ink_plan_new(p, 1, sizeof *t);
    if (t == NULL || !choose(p, node, &t->w)) return NULL;
    t->from = *from;
    t->k_groups = ink_groups(p->cells[node->in[1]].c);
    s->parts = ink_wgrad_slices((p->max_batch + p->rows - 1) / p->rows);
    const uint32_t rooms = s->parts < p->threads ? s->parts : p->threads;
    t->sums = ink_plan_cell(p, t->w.elements * sums_step(t) * rooms, false);
    s->extra[0] = ink_plan_cell(p, p->cells[node->out[0]].live_floats * s->parts, false);
    if (t->sums == INK_NONE || s->extra[0] == INK_NONE) return NULL;
    const size_t halves = t->w.elements * (input_step(t) + gradient_step(t));
    if (!ink_winograd_room(p, scratch, (size_t)t->w.elements * 2 * INK_LANES + halves / 2)) return NULL;
    t->scratch = *scratch;
    return t;
}

/* Windows held: transformed inputs and gradients of so many; made: elements of two rows in float. */
typedef struct held {
    float *made, *sums;
    uint16_t *inputs, *gradients;
    uint32_t windows;
    bool fresh;
} held;

/* A panel's elements, rounded, images in pairs. from: its points; they move on. */
static void take_panel(const ink_program *p, const fourier_dw *t, const float *from[INK_CIRCLE_POINTS], float *made,
                       uint16_t *to, size_t step) {
    const ink_circle_kernels *circle = &p->kernels->fourier[t->w.circle];
    for (size_t row = 0; row < INK_STRIP_ROWS; row += 2) {
        circle->inputs(from, made, 2 * INK_LANES, 2);
        p->kernels->pair_rows(made, 2 * INK_LANES, to + row * INK_LANES, step, t->w.elements, 2);
        for (uint32_t e = 0; e < t->w.points * t->w.points; e++) from[e] += 2 * INK_LANES;
    }
}

/* The inputs of a window of the block at x, behind those that are held. */
static void take_inputs(const ink_program *p, const fourier_dw *t, const float *x, uint32_t window, const held *h) {
    static const float zeros[INK_PANEL];
    const float *first[INK_CIRCLE_POINTS], *from[INK_CIRCLE_POINTS];
    for (uint32_t phase = 0; phase < t->w.map.phases; phase++) {
        ink_windows_points(p, &t->w, x, window, phase, first);
        for (uint32_t g = 0; g < t->w.map.groups; g++) {
            for (uint32_t e = 0; e < t->w.points * t->w.points; e++) {
                from[e] = first[e] != NULL ? first[e] + g * (size_t)INK_PANEL : zeros;
            }
            const size_t at = ((size_t)(phase * t->w.map.groups + g) * TOGETHER + h->windows) * INK_PANEL;
            take_panel(p, t, from, h->made, h->inputs + at, input_step(t));
        }
    }
}

/* Likewise the gradients of its outputs, which lie on the circle where outputs do. */
static void take_gradients(const ink_program *p, const fourier_dw *t, const float *dy, uint32_t window, const held *h) {
    static const float zeros[INK_PANEL];
    const window_outputs o = ink_windows_outputs(&t->w, window);
    const uint32_t points = t->w.points;
    const size_t position = (size_t)t->k_groups * INK_PANEL;
    const float *from[INK_CIRCLE_POINTS];
    for (uint32_t g = 0; g < t->k_groups; g++) {
        for (uint32_t e = 0; e < points * points; e++) from[e] = zeros;
        for (uint32_t i = 0; i < o.down; i++) {
            for (uint32_t j = 0; j < o.across; j++) {
                const size_t place = o.first + (size_t)i * t->w.map.out_width + j;
                from[(1 + i) % points * points + (1 + j) % points] = dy + place * position + g * (size_t)INK_PANEL;
            }
        }
        take_panel(p, t, from, h->made, h->gradients + ((size_t)g * TOGETHER + h->windows) * INK_PANEL,
                   gradient_step(t));
    }
}

/* Which element of gradients is multiplied with element e of inputs: of a complex number's second and third the other
 * one. */
static size_t partner(const fourier_dw *t, size_t e) {
    static const size_t partners[3] = {0, 2, 1};
    const size_t real = ink_circle_reals(t->w.points);
    return e < real ? e : e - (e - real) % 3 + partners[(e - real) % 3];
}

/* sums += inputs times gradients, over the images of all windows held. */
static void multiply(const ink_program *p, const fourier_dw *t, const held *h) {
    static const ink_offsets none = {0, 0};
    ink_gemm m = {.pairs = &none,
                  .a_m = 2,
                  .a_k = 2 * INK_LANES,
                  .b_panel = TOGETHER * INK_PANEL,
                  .out_m = INK_LANES,
                  .out_panel = (size_t)t->w.groups * INK_PANEL,
                  .rows = INK_LANES,
                  .panels = t->k_groups,
                  .n_pairs = 1,
                  .inner = 1,
                  .depth = h->windows * INK_STRIP_ROWS / 2,
                  .outer = 1,
                  .add = !h->fresh};
    for (size_t e = 0; e < t->w.elements; e++) {
        m.b = h->gradients + partner(t, e) * gradient_step(t);
        for (size_t g = 0; g < t->w.groups; g++) {
            m.a = h->inputs + e * input_step(t) + g * (size_t)(TOGETHER * INK_PANEL);
            m.out = h->sums + e * sums_step(t) + g * INK_PANEL;
            p->kernels->gemm_bf16(&m);
        }
    }
}

/* Sums become 9 taps, panel by panel. */
static void give_taps(const ink_program *p, const fourier_dw *t, const ink_node *node, const float *sums, float *dw) {
    for (size_t k = 0; k < t->k_groups; k++) {
        for (size_t c = 0; c < t->w.groups; c++) {
            float made[9 * INK_PANEL];
            p->kernels->fourier[t->w.circle].taps(sums + (k * t->w.groups + c) * INK_PANEL, sums_step(t), made,
                                                  INK_LANES);
            ink_winograd_put_taps(p, node, k, c, made, dw);
        }
    }
}

/* part: a slice. A smaller batch than the largest has fewer. */
void ink_work_fourier_dw(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)block;
    const fourier_dw *t = s->plan;
    const uint32_t slices = ink_wgrad_slices(p->blocks), all = t->w.map.down * t->w.map.across;
    if (part >= slices) return;
    held h = {.made = ink_winograd_mine(p, t->scratch, worker), .fresh = true};
    h.inputs = (uint16_t *)(void *)(h.made + (size_t)t->w.elements * 2 * INK_LANES);
    h.gradients = h.inputs + t->w.elements * input_step(t);
    h.sums = ink_data(p, t->sums) + t->w.elements * sums_step(t) * (s->parts < p->threads ? part : worker);
    size_t from, to;
    ink_share_of(p->blocks, slices, part, &from, &to);
    for (size_t b = from; b < to; b++) {
        for (uint32_t i = 0; i < all; i++) {
            take_inputs(p, t, ink_block(p, t->from.a, (uint32_t)b), i, &h);
            take_gradients(p, t, ink_block(p, t->from.b, (uint32_t)b), i, &h);
            h.windows++;
            if (h.windows < TOGETHER && (b + 1 < to || i + 1 < all)) continue;
            multiply(p, t, &h);
            h.fresh = false;
            h.windows = 0;
        }
    }
    give_taps(p, t, &s->node, h.sums, ink_data(p, s->extra[0]) + part * p->cells[s->node.out[0]].live_floats);
}

/* ops/cpu/depthwise.c: convolutions of each channel by itself, towards the input, and of the weights' gradients.
 * Convolutions across channels are sweep.c's.
 *
 * A unit is what has weights of its own in one vector: 16 channels of panels, one channel of a narrow map. Its weights
 * are spread out first, [unit][tap][16], the bias and a row of zeros behind them. Places of a row of the map whose
 * window holds the same taps make a run. */
#include <assert.h>
#include <string.h>

#include "ops/cpu/program.h"

typedef struct run {
    uint32_t from, places; /* positions of what is written (weights: of dy) */
    uint32_t first, n;     /* of at and tap */
} run;

typedef struct table {
    run *runs;
    int32_t *at;   /* offset in floats of a tap's position, for the run's first place */
    uint32_t *tap; /* its number, row by row of the window */
    uint32_t n_runs, taps, units, rows;
    size_t unit, x_place, y_place; /* floats from one unit to the next, from one place to the next */
} table;

typedef struct frame {
    uint32_t window_h, window_w, stride, pad;
    const ink_cell *x, *y; /* as the convolution has them */
} frame;

static frame frame_of(const ink_node *node, const ink_cell *x, const ink_cell *y) {
    return (frame){(uint32_t)node->attr.conv.window_h,
                   (uint32_t)node->attr.conv.window_w,
                   (uint32_t)node->attr.conv.stride,
                   (uint32_t)node->attr.conv.pad,
                   x,
                   y};
}

/* Along one axis: the position of the other map that tap r of place i meets, or -1. */
static int64_t met(const frame *f, bool back, uint32_t i, uint32_t r, uint32_t size) {
    int64_t at = back ? (int64_t)i + f->pad - r : (int64_t)i * f->stride + r - f->pad;
    if (at < 0 || (back && at % f->stride != 0)) return -1;
    if (back) at /= f->stride;
    return at < size ? at : -1;
}

/* Place (i, j) of y, or with back of x: the taps of its window that meet a position of the other map. */
static uint32_t taps_of(const frame *f, bool back, uint32_t i, uint32_t j, size_t step, int32_t *at, uint32_t *tap) {
    uint32_t n = 0;
    const ink_cell *from = back ? f->y : f->x;
    for (uint32_t r = 0; r < f->window_h; r++) {
        const int64_t h = met(f, back, i, r, from->height);
        for (uint32_t s = 0; s < f->window_w && h >= 0; s++) {
            const int64_t w = met(f, back, j, s, from->width);
            if (w < 0) continue;
            at[n] = (int32_t)((size_t)(h * from->width + w) * step);
            tap[n++] = r * f->window_w + s;
        }
    }
    return n;
}

/* Does the next place of a row go on with the run: the same taps, each one step further? */
static bool goes_on(const table *t, const run *r, const int32_t *at, const uint32_t *tap, uint32_t n) {
    if (n != r->n || memcmp(tap, t->tap + r->first, n * sizeof *tap) != 0) return false;
    for (uint32_t k = 0; k < n; k++) {
        if ((size_t)(at[k] - t->at[r->first + k]) != r->places * t->x_place) return false;
    }
    return true;
}

static bool is_narrow(const ink_cell *c) {
    return c->store == INK_STORE_NARROW;
}

const void *ink_depthwise_plan(ink_program *p, const ink_node *node, const ink_cell *x, const ink_cell *y, bool back) {
    assert(x->store == y->store && x->c == y->c);
    const frame f = frame_of(node, x, y);
    const ink_cell *from = back ? y : x, *to = back ? x : y;
    table *t = ink_plan_new(p, 1, sizeof *t);
    const uint32_t places = ink_positions(to), taps = f.window_h * f.window_w;
    if (t == NULL) return NULL;
    t->taps = taps;
    t->units = ink_channel_parts(x);
    t->rows = is_narrow(x) ? 1 : p->rows;
    t->unit = (size_t)t->rows * INK_LANES;
    t->x_place = ink_position_floats(p, from) * (back ? 1 : f.stride);
    t->y_place = ink_position_floats(p, to);
    /* A window meets no more positions than the map has. */
    const uint32_t most = taps < ink_positions(from) ? taps : ink_positions(from);
    t->runs = ink_plan_new(p, places, sizeof *t->runs);
    t->at = ink_plan_new(p, ((size_t)places + 1) * most, sizeof *t->at);
    t->tap = ink_plan_new(p, ((size_t)places + 1) * most, sizeof *t->tap);
    if (t->runs == NULL || t->at == NULL || t->tap == NULL) return NULL;
    uint32_t used = 0;
    for (uint32_t i = 0; i < places; i++) {
        int32_t *at = t->at + used;
        uint32_t *tap = t->tap + used;
        uint32_t n = taps_of(&f, back, i / to->width, i % to->width, ink_position_floats(p, from), at, tap);
        if (i % to->width != 0 && goes_on(t, &t->runs[t->n_runs - 1], at, tap, n)) {
            t->runs[t->n_runs - 1].places++;
        } else {
            t->runs[t->n_runs++] = (run){i, 1, used, n};
            used += n;
        }
    }
    return t;
}

/* ---- weights ---- */

/* Floats of a unit's weights. */
static size_t unit_weights(const table *t) {
    return ((size_t)t->taps + 2) * INK_LANES;
}

size_t ink_depthwise_weight_floats(const void *plan) {
    const table *t = plan;
    return t->units * unit_weights(t);
}

/* Into extra[0]; s->bias may be none. */
void ink_work_depthwise_weights(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part,
                                uint32_t worker) {
    (void)block, (void)worker;
    const table *t = s->plan;
    const ink_cell *x = &p->cells[s->node.in[0]];
    const float *w = ink_data(p, s->node.in[1]), *bias = ink_data(p, s->bias);
    float *to = ink_data(p, s->extra[0]) + part * unit_weights(t);
    memset(to, 0, unit_weights(t) * sizeof *to);
    for (size_t j = 0; j < INK_LANES; j++) {
        const size_t c = is_narrow(x) ? part : part * INK_LANES + j;
        if (c >= x->c) break;
        for (size_t k = 0; k < t->taps; k++) to[k * INK_LANES + j] = w[c * t->taps + k];
        if (bias != NULL) to[t->taps * INK_LANES + j] = bias[c];
    }
}

/* ---- forward, and towards the input: part is a unit ---- */

/* Where the step's first input lies for this unit, and how far apart things are. */
static ink_depthwise begin(const ink_program *p, const ink_step *s, uint32_t block, uint32_t unit) {
    const table *t = s->plan;
    return (ink_depthwise){.x = ink_block(p, s->node.in[0], block) + unit * t->unit,
                           .x_place = t->x_place,
                           .y_place = t->y_place,
                           .rows = t->rows};
}

static void set_run(ink_depthwise *d, const table *t, const run *r) {
    d->at = t->at + r->first;
    d->tap = t->tap + r->first;
    d->n = r->n;
    d->places = r->places;
}

void ink_work_depthwise(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)worker;
    const table *t = s->plan;
    const float *w = ink_data(p, s->extra[0]) + part * unit_weights(t);
    const size_t zeros = t->taps + 1u, bias = t->taps;
    ink_depthwise d = begin(p, s, block, part);
    d.w = w;
    d.start = w + (s->node.op == INK_OP_DEPTHWISE ? bias : zeros) * INK_LANES;
    float *y = ink_block(p, s->node.out[0], block) + part * t->unit;
    for (uint32_t i = 0; i < t->n_runs; i++) {
        const run *r = &t->runs[i];
        d.y = y + r->from * t->y_place;
        set_run(&d, t, r);
        p->kernels->depthwise(&d);
    }
}

/* ---- weights' gradients: sums of a block, [unit][tap][16] in extra[0], then of all ---- */

void ink_work_depthwise_dw(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)worker;
    const table *t = s->plan;
    const size_t size = (size_t)t->taps * INK_LANES;
    ink_depthwise d = begin(p, s, block, part);
    d.y = p->cells[s->extra[0]].data + (block * (size_t)t->units + part) * size;
    const float *dy = ink_block(p, s->node.in[1], block) + part * t->unit;
    memset(d.y, 0, size * sizeof *d.y);
    for (uint32_t i = 0; i < t->n_runs; i++) {
        const run *r = &t->runs[i];
        d.w = dy + r->from * t->y_place;
        set_run(&d, t, r);
        p->kernels->depthwise_dw(&d);
    }
}

void ink_work_depthwise_join(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)block, (void)worker;
    const table *t = s->plan;
    const ink_cell *x = &p->cells[s->node.in[0]], *dw = &p->cells[s->node.out[0]];
    const bool narrow = is_narrow(x);
    const float *sums = ink_data(p, s->extra[0]) + part * (size_t)t->taps * INK_LANES;
    const size_t next = (size_t)t->units * t->taps * INK_LANES, first = narrow ? part : part * (size_t)INK_LANES;
    for (size_t c = first; c < x->c && c < first + (narrow ? 1 : INK_LANES); c++) {
        for (size_t k = 0; k < t->taps; k++) {
            double sum = 0;
            for (size_t b = 0; b < p->blocks; b++) {
                const float *row = sums + b * next + k * INK_LANES;
                for (size_t j = 0; narrow && j < INK_LANES; j++) sum += (double)row[j];
                if (!narrow) sum += (double)row[c - first];
            }
            dw->data[c * t->taps + k] = (float)sum;
        }
    }
    if (part == 0) memset(dw->data + dw->elements, 0, (dw->floats - dw->elements) * sizeof *dw->data);
}

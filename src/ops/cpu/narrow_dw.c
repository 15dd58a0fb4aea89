/* ops/cpu/narrow_dw.c: gradients of the weights of convolutions between narrow maps, or from planes to one.
 * Forward and towards the input such convolutions are sweeps (sweep.c).
 *
 * Lanes are images: each of 16 sums its own share over positions, in a slice of the batch; a join adds the slices in
 * order, then the 16 shares by one tree. */
#include <string.h>

#include "ops/cpu/program.h"

/* Of one tap (planes: of one window row of one channel) the sums are [k][column][16 images]; columns are channels
 * (planes: the taps of the window row). */
typedef struct narrow_dw {
    uint32_t lines, columns, k;                       /* lines: live taps, or window rows of all channels */
    uint32_t height, width, out_height, out_width;    /* of x as it lies, of dy */
    uint32_t windows_h, windows_w, stride, pad, thin; /* thin: channels, else 0 */
    size_t x_position, dy_position, slice;            /* floats */
} narrow_dw;

const void *ink_narrow_dw_plan(ink_program *p, const ink_node *node, ink_step *s, uint32_t *parts) {
    const ink_cell *x = &p->cells[node->in[0]], *dy = &p->cells[node->in[1]], *dw = &p->cells[node->out[0]];
    narrow_dw *g = ink_plan_new(p, 1, sizeof *g);
    if (g == NULL) return NULL;
    *g = (narrow_dw){.lines = dw->live,
                     .columns = x->c,
                     .k = dy->c,
                     .height = x->height,
                     .width = x->width,
                     .out_height = dy->height,
                     .out_width = dy->width,
                     .windows_h = (uint32_t)node->attr.conv.window_h,
                     .windows_w = (uint32_t)node->attr.conv.window_w,
                     .stride = (uint32_t)node->attr.conv.stride,
                     .pad = (uint32_t)node->attr.conv.pad,
                     .x_position = ink_position_floats(p, x),
                     .dy_position = ink_position_floats(p, dy)};
    if (dw->store == INK_STORE_THIN) {
        g->thin = x->c;
        g->lines = x->c * g->windows_h;
        g->columns = g->windows_w;
        g->height = x->height + x->border + x->border_end;
        g->width = x->width + x->border + x->border_end;
        g->pad = 0;
        g->x_position = p->rows;
    }
    *parts = g->lines;
    g->slice = (size_t)g->lines * g->k * g->columns * INK_LANES;
    s->parts = ink_wgrad_slices((p->max_batch + p->rows - 1) / p->rows);
    s->extra[0] = ink_plan_cell(p, g->slice * s->parts, false);
    return g;
}

/* Where window index t meets x for output index i: false outside. */
static bool meets(uint32_t i, uint32_t stride, uint32_t t, uint32_t pad, uint32_t in, uint32_t *at) {
    const uint32_t padded = i * stride + t;
    *at = padded - pad;
    return padded >= pad && padded - pad < in;
}

/* Of one block, output row i and line of planes. */
static void line_of_planes(const ink_program *p, const narrow_dw *g, const float *x, uint32_t i, uint32_t line,
                           ink_narrow_dw *m) {
    const size_t channel = line / g->windows_h, r = line % g->windows_h;
    m->x = x + ((channel * g->height + i * g->stride + r) * g->width) * g->x_position;
    m->places = g->out_width;
    p->kernels->narrow_dw(m);
}

/* Of one block, output row i and tap (r, s). */
static void tap_of_row(const ink_program *p, const narrow_dw *g, const float *x, uint32_t i, uint32_t r, uint32_t s,
                       ink_narrow_dw *m) {
    uint32_t row, column, from = 0, to = g->out_width;
    if (!meets(i, g->stride, r, g->pad, g->height, &row)) return;
    while (from < to && !meets(from, g->stride, s, g->pad, g->width, &column)) from++;
    while (to > from && !meets(to - 1, g->stride, s, g->pad, g->width, &column)) to--;
    if (from >= to) return;
    (void)meets(from, g->stride, s, g->pad, g->width, &column);
    m->x = x + ((size_t)row * g->width + column) * g->x_position;
    m->dy += from * g->dy_position;
    m->places = to - from;
    p->kernels->narrow_dw(m);
}

/* part: a slice of the batch */
void ink_work_narrow_dw(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, uint32_t worker) {
    (void)block, (void)worker;
    const narrow_dw *g = step->plan;
    if (part >= ink_wgrad_slices(p->blocks)) return; /* a smaller batch than the largest has fewer slices */
    const uint32_t *place = p->cells[step->node.out[0]].place;
    const size_t line_floats = (size_t)g->k * g->columns * INK_LANES;
    float *slice = ink_data(p, step->extra[0]) + part * g->slice;
    memset(slice, 0, g->slice * sizeof *slice);
    size_t b0, b1;
    ink_share_of(p->blocks, ink_wgrad_slices(p->blocks), part, &b0, &b1);
    for (size_t b = b0; b < b1; b++) {
        const float *x = ink_block(p, step->node.in[0], (uint32_t)b), *dy = ink_block(p, step->node.in[1], (uint32_t)b);
        for (uint32_t i = 0; i < g->out_height; i++) {
            ink_narrow_dw m = {
                .x_place = g->stride * g->x_position, .dy_place = g->dy_position, .rows = g->k, .columns = g->columns};
            for (uint32_t t = 0; t < (g->thin ? g->lines : g->windows_h * g->windows_w); t++) {
                m.dy = dy + (size_t)i * g->out_width * g->dy_position;
                m.to = slice + (g->thin ? t : place[t]) * line_floats;
                if (g->thin) {
                    line_of_planes(p, g, x, i, t, &m);
                } else if (place[t] < g->lines) {
                    tap_of_row(p, g, x, i, t / g->windows_w, t % g->windows_w, &m);
                }
            }
        }
    }
}

static float sum_of_lanes(const float *x) {
    float s[INK_LANES / 2];
    for (size_t j = 0; j < 8; j++) s[j] = x[j] + x[j + 8];
    for (size_t half = 4; half > 0; half /= 2) {
        for (size_t j = 0; j < half; j++) s[j] += s[j + half];
    }
    return s[0];
}

/* part: a line */
void ink_work_narrow_join(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, uint32_t worker) {
    (void)block, (void)worker;
    const narrow_dw *g = step->plan;
    const size_t count = (size_t)g->k * g->columns * INK_LANES;
    float *sums = ink_data(p, step->extra[0]) + part * count;
    for (uint32_t s = 1; s < ink_wgrad_slices(p->blocks); s++) p->kernels->add(sums, sums + s * g->slice, sums, count);
    /* Thin: [c][tap][16 k], a line being window_w taps; else [tap][16 c][16 k]. */
    float *dw = ink_data(p, step->node.out[0]) + (size_t)part * (g->thin ? g->columns * INK_LANES : INK_PANEL);
    for (size_t k = 0; k < g->k; k++) {
        for (size_t c = 0; c < g->columns; c++) {
            dw[c * INK_LANES + k] = sum_of_lanes(sums + (k * g->columns + c) * INK_LANES);
        }
    }
}

void ink_narrow_bias(const ink_program *p, const ink_cell *dy, const float *from, float *sums) {
    memset(sums, 0, INK_LANES * sizeof *sums);
    for (size_t k = 0; k < dy->c; k++) {
        float lanes[INK_LANES] = {0};
        p->kernels->column_sums(from + k * INK_LANES, ink_position_floats(p, dy), ink_positions(dy), 1, lanes);
        sums[k] = sum_of_lanes(lanes);
    }
}

/* ops/cpu/wgrad.c: gradients of the weights and of the bias of linear and conv2d.
 * For each panel of weights one long product over images and positions: x panels times dy panels, both as they lie.
 *
 * A gradient that is small beside its batch is cut by images into slices, each with a copy of its own, joined in
 * order behind; one that is large is cut by its own panels. A task walks its share in chunks of x and dy that stay in
 * the first-level cache for all taps of a panel (linear and thin convolutions: in the second), adding to its panels. */
#include <assert.h>
#include <string.h>

#include "ops/cpu/program.h"

#define CHUNK_FLOATS 98304u /* of x and dy together: 384 KiB */
#define CHUNK_PLACES 8u     /* output positions of a chunk: a panel of x and two of dy for each, 24 KiB in float */
#define TILED_PLACES 16u    /* of tiles, in bfloat16 as many bytes */
#define SLICES       8u
#define SLICE_FLOATS 131072u /* a gradient larger than this is not sliced */

typedef struct range {
    uint32_t from, to; /* output rows or columns for which a tap meets a pixel */
} range;

typedef struct wgrad {
    uint32_t height, width, stride, pad, windows_h, windows_w; /* of x; of the window */
    uint32_t out_height, out_width;
    uint32_t c_groups, k_groups, k_pairs, thin;          /* thin: channels, else 0 */
    size_t x_position, x_width, dy_position, panel_step; /* floats */
    range *rows, *columns;                               /* [window_h], [window_w] */
    ink_offsets *pairs;                                  /* [window_h][out_height] */
    uint32_t slices, tap_parts;
    size_t floats;            /* of live weights: one slice; where planes are grey, of one channel's */
    ink_operands from;        /* a: x, b: dy; half: copies with images in pairs, but x of tiles turned round */
    ink_id w;                 /* the cell with the layout */
    size_t x_block, dy_block; /* elements of a block of images */
} wgrad;

static range range_of(uint32_t tap, uint32_t stride, uint32_t pad, uint32_t in, uint32_t out) {
    range r = {0, 0};
    while (r.from < out && r.from * stride + tap < pad) r.from++;
    r.to = r.from;
    while (r.to < out && r.to * stride + tap - pad < in) r.to++;
    return r;
}

static bool make_tables(ink_program *p, wgrad *g) {
    g->rows = ink_plan_new(p, g->windows_h, sizeof *g->rows);
    g->columns = ink_plan_new(p, g->windows_w, sizeof *g->columns);
    g->pairs = ink_plan_new(p, (size_t)g->windows_h * g->out_height, sizeof *g->pairs);
    if (g->rows == NULL || g->columns == NULL || g->pairs == NULL) return false;
    for (uint32_t r = 0; r < g->windows_h; r++) {
        g->rows[r] = range_of(r, g->stride, g->pad, g->height, g->out_height);
        for (uint32_t i = g->rows[r].from; i < g->rows[r].to; i++) {
            size_t row = (size_t)i * g->stride + r - g->pad;
            g->pairs[r * g->out_height + i] = (ink_offsets){(int32_t)(row * g->x_width * g->x_position),
                                                            (int32_t)(i * g->out_width * g->dy_position)};
        }
    }
    for (uint32_t s = 0; s < g->windows_w; s++) {
        g->columns[s] = range_of(s, g->stride, g->pad, g->width, g->out_width);
    }
    return true;
}

uint32_t ink_wgrad_slices(uint32_t blocks) {
    return blocks < SLICES ? blocks : SLICES;
}

const void *ink_wgrad_plan(ink_program *p, const ink_node *node, ink_step *s, const ink_operands *from) {
    const ink_cell *x = &p->cells[node->in[0]], *dy = &p->cells[node->in[1]], *dw = &p->cells[node->out[0]];
    wgrad *g = ink_plan_new(p, 1, sizeof *g);
    if (g == NULL) return NULL;
    *g = (wgrad){.from = *from,
                 .x_block = x->block,
                 .dy_block = dy->block,
                 .w = node->out[0],
                 .height = x->height,
                 .width = x->width,
                 .stride = 1,
                 .windows_h = x->height,
                 .windows_w = x->width,
                 .out_height = 1,
                 .out_width = 1,
                 .c_groups = ink_groups(x->c),
                 .k_groups = ink_groups(dy->c),
                 .x_width = x->width};
    if (node->op == INK_OP_CONV2D_DW) {
        g->stride = (uint32_t)node->attr.conv.stride;
        g->pad = (uint32_t)node->attr.conv.pad;
        g->windows_h = (uint32_t)node->attr.conv.window_h;
        g->windows_w = (uint32_t)node->attr.conv.window_w;
        g->out_height = dy->height;
        g->out_width = dy->width;
    }
    g->k_pairs = (g->k_groups + 1) / 2;
    g->x_position = (size_t)g->c_groups * p->rows * INK_LANES;
    g->dy_position = (size_t)g->k_groups * p->rows * INK_LANES;
    g->panel_step = (size_t)dw->live * g->c_groups * INK_PANEL;
    if (dw->store == INK_STORE_THIN) {
        g->thin = x->c;
        g->x_position = p->rows;
        g->width = x->width + x->border + x->border_end;
        g->x_width = g->width;
        g->height = x->height + x->border + x->border_end;
        g->pad = 0;
        g->panel_step = (size_t)x->c * dw->taps * INK_LANES;
    }
    const bool grey = g->thin && x->c != dw->c; /* ink_work_grey_join makes dw of the slices */
    g->floats = g->panel_step * g->k_groups;
    uint32_t blocks = (p->max_batch + p->rows - 1) / p->rows;
    bool spread = (size_t)g->out_height * g->out_width * p->rows >= 64;
    g->slices = !grey && (g->floats > SLICE_FLOATS || !spread) ? 1 : ink_wgrad_slices(blocks);
    g->tap_parts = 1;
    const bool sliced = g->slices > 1 || grey;
    if (!sliced) {
        uint32_t lines = g->thin ? g->thin * g->windows_h : dw->live;
        while (g->tap_parts * 2 <= lines && g->tap_parts * g->k_pairs < 16) g->tap_parts *= 2;
    }
    s->parts = sliced ? g->slices : g->k_pairs * g->tap_parts;
    s->extra[0] = INK_NONE;
    if (sliced) {
        s->extra[0] = ink_plan_cell(p, g->floats * g->slices, false);
        if (s->extra[0] == INK_NONE) return NULL;
    }
    return make_tables(p, g) ? g : NULL;
}

/* What one task does: blocks [b0, b1), pairs of K groups [k0, k1), taps or lines [t0, t1). */
typedef struct share {
    size_t b0, b1, k0, k1, t0, t1;
    const ink_program *p;
    const wgrad *g;
    float *to;
} share;

/* One chunk: blocks [b0, b1), output rows [i0, i1) and columns [j0, j1), for one pair of K groups; fresh: the first. */
typedef struct chunk {
    size_t b0, b1, i0, i1, j0, j1, k;
    bool fresh;
} chunk;

/* An operand from an element on; floats or bfloat16. */
static const void *operand(const share *h, ink_id cell, size_t element) {
    const char *base = (const char *)ink_data(h->p, cell);
    return base + element * (h->g->from.half ? sizeof(uint16_t) : sizeof(float));
}

/* Without operands: their places in elements come in *x and *dy. */
static ink_gemm product(const share *h, const chunk *c, size_t *x, size_t *dy) {
    const wgrad *g = h->g;
    const bool half = g->from.half, turned = half && ink_has_tiles(h->p);
    *x = c->b0 * g->x_block;
    *dy = c->b0 * g->dy_block + c->k * 2 * h->p->rows * INK_LANES;
    const size_t copy_m = turned ? INK_LANES : 2, copy_k = turned ? 2 : 2 * INK_LANES;
    return (ink_gemm){.a_m = half ? copy_m : 1,
                      .a_k = half ? copy_k : INK_LANES,
                      .a_inner = g->stride * g->x_position,
                      .a_outer = g->x_block,
                      .b_inner = g->dy_position,
                      .b_outer = g->dy_block,
                      .b_panel = h->p->rows * INK_LANES,
                      .out_m = INK_LANES,
                      .out_panel = g->panel_step,
                      .rows = INK_LANES,
                      .panels = g->k_groups - c->k * 2 < 2 ? 1 : 2,
                      .depth = half ? h->p->rows / 2 : h->p->rows,
                      .outer = (uint32_t)(c->b1 - c->b0),
                      .add = !c->fresh};
}

/* Output rows of a tap row within the chunk; false when there are none and nothing need be set to 0. */
static bool rows_of(const wgrad *g, const chunk *c, uint32_t r, ink_gemm *m) {
    size_t from = g->rows[r].from > c->i0 ? g->rows[r].from : c->i0, to = g->rows[r].to < c->i1 ? g->rows[r].to : c->i1;
    m->n_pairs = from < to ? (uint32_t)(to - from) : 0;
    m->pairs = g->pairs + r * g->out_height + (from < to ? from : 0);
    return m->n_pairs > 0 || c->fresh;
}

/* One tap of one group of C. */
static void chunk_of_tap(const share *h, const chunk *c, uint32_t r, uint32_t s, uint32_t i) {
    const wgrad *g = h->g;
    const size_t place = h->p->cells[g->w].place[r * g->windows_w + s];
    if (place < h->t0 || place >= h->t1) return;
    size_t x, dy;
    ink_gemm m = product(h, c, &x, &dy);
    size_t from = g->columns[s].from > c->j0 ? g->columns[s].from : c->j0;
    size_t to = g->columns[s].to < c->j1 ? g->columns[s].to : c->j1;
    if (!rows_of(g, c, r, &m) || (from >= to && !c->fresh)) return;
    m.inner = from < to ? (uint32_t)(to - from) : 0;
    if (m.inner == 0) from = g->columns[s].from;
    m.b = operand(h, g->from.b, dy + from * g->dy_position);
    x += (from * g->stride + s - g->pad) * g->x_position + (size_t)i * h->p->rows * INK_LANES;
    m.a = operand(h, g->from.a, x);
    m.out = h->to + c->k * 2 * g->panel_step + (place * g->c_groups + i) * INK_PANEL;
    if (g->from.half) {
        h->p->kernels->gemm_bf16(&m);
    } else {
        h->p->kernels->gemm(&m);
    }
}

/* With several output positions all taps of a group follow each other, as they read the same panels; with one, all
 * groups of a tap, as they lie. */
static void chunk_of_taps(const share *h, const chunk *c) {
    const wgrad *g = h->g;
    const uint32_t taps = g->windows_h * g->windows_w;
    const bool single = g->out_height * g->out_width == 1;
    for (uint32_t n = 0; n < taps * g->c_groups; n++) {
        const uint32_t tap = single ? n / g->c_groups : n % taps, group = single ? n % g->c_groups : n / taps;
        chunk_of_tap(h, c, tap / g->windows_w, tap % g->windows_w, group);
    }
}

/* Thin: the taps of one window row lie side by side, as the channels of a panel would. */
static void chunk_of_lines(const share *h, const chunk *c) {
    const wgrad *g = h->g;
    const ink_cell *w = &h->p->cells[g->w];
    size_t rows = h->p->rows;
    for (size_t line = h->t0; line < h->t1; line++) {
        size_t channel = line / g->windows_h, r = line % g->windows_h;
        size_t x, dy;
        ink_gemm m = product(h, c, &x, &dy);
        if (!rows_of(g, c, (uint32_t)r, &m)) continue;
        m.inner = g->out_width;
        m.a = operand(h, g->from.a, x + channel * g->height * g->width * rows);
        m.b = operand(h, g->from.b, dy);
        m.a_m = rows;
        m.a_k = 1;
        m.rows = g->windows_w;
        m.out = h->to + c->k * 2 * g->panel_step + (channel * w->taps + r * g->windows_w) * INK_LANES;
        h->p->kernels->gemm(&m);
    }
}

/* How many blocks, output rows and columns a chunk has. */
static void size_chunk(const share *h, size_t *blocks, size_t *rows, size_t *columns) {
    const wgrad *g = h->g;
    const size_t places = (size_t)g->out_height * g->out_width;
    *blocks = 1;
    *columns = g->out_width;
    if (!g->thin && places > 1) {
        const size_t most = g->from.half && ink_has_tiles(h->p) ? TILED_PLACES : CHUNK_PLACES;
        const size_t parts = (g->out_width + most - 1) / most;
        *columns = (g->out_width + parts - 1) / parts;
        *rows = parts > 1 ? 1 : most / g->out_width;
        if (places < most) *blocks = most / places;
    } else {
        size_t x_row = g->x_width * g->x_position * (g->thin ? g->thin : 1), dy_row = g->out_width * g->dy_position;
        if (h->k1 - h->k0 == 1) dy_row = dy_row * 2 / (g->k_groups < 2 ? 2 : g->k_groups);
        *rows = CHUNK_FLOATS / (x_row * g->stride + dy_row);
        if (*rows < 1) *rows = 1;
        if (*rows >= g->out_height) *blocks = *rows / g->out_height;
    }
    if (*rows > g->out_height) *rows = g->out_height;
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

static void walk(const share *h) {
    const wgrad *g = h->g;
    size_t blocks, rows, columns;
    size_chunk(h, &blocks, &rows, &columns);
    chunk c = {.fresh = true};
    for (c.b0 = h->b0; c.b0 < h->b1; c.b0 += blocks) {
        c.b1 = least(c.b0 + blocks, h->b1);
        for (c.i0 = 0; c.i0 < g->out_height; c.i0 += rows) {
            c.i1 = least(c.i0 + rows, g->out_height);
            for (c.j0 = 0; c.j0 < g->out_width; c.j0 += columns) {
                c.j1 = least(c.j0 + columns, g->out_width);
                for (c.k = h->k0; c.k < h->k1; c.k++) {
                    if (g->thin) {
                        chunk_of_lines(h, &c);
                    } else {
                        chunk_of_taps(h, &c);
                    }
                }
                c.fresh = false;
            }
        }
    }
}

void ink_work_wgrad(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, uint32_t worker) {
    (void)block, (void)worker;
    const wgrad *g = step->plan;
    size_t lines = g->thin ? g->thin * g->windows_h : p->cells[g->w].live;
    share h = {.p = p, .g = g, .b1 = p->blocks, .k1 = g->k_pairs, .t1 = lines};
    if (step->extra[0] != INK_NONE) {
        if (part >= ink_wgrad_slices(p->blocks)) return; /* a smaller batch than the largest has fewer slices */
        ink_share_of(p->blocks, ink_wgrad_slices(p->blocks), part, &h.b0, &h.b1);
        h.to = ink_data(p, step->extra[0]) + part * g->floats;
    } else {
        h.k0 = part / g->tap_parts;
        h.k1 = h.k0 + 1;
        ink_share_of(lines, g->tap_parts, part % g->tap_parts, &h.t0, &h.t1);
        h.to = ink_data(p, step->node.out[0]);
    }
    walk(&h);
}

/* dw = slices added in order, each as large as the live weights. */
void ink_work_wgrad_join(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, uint32_t worker) {
    (void)block, (void)worker;
    const size_t floats = p->cells[step->node.out[0]].live_floats;
    size_t from, to;
    ink_share_of(floats / INK_LANES, step->parts, part, &from, &to);
    from *= INK_LANES;
    to *= INK_LANES;
    const float *slices = ink_data(p, step->extra[0]);
    float *dw = ink_data(p, step->node.out[0]);
    memcpy(dw + from, slices + from, (to - from) * sizeof *dw);
    for (uint32_t s = 1; s < ink_wgrad_slices(p->blocks); s++) {
        p->kernels->add(dw + from, slices + s * floats + from, dw + from, to - from);
    }
}

/* Sums of dy over the rows and positions of a block. */
void ink_work_bias_blocks(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, uint32_t worker) {
    (void)part, (void)worker;
    const ink_cell *dy = &p->cells[step->node.in[0]];
    const float *from = ink_block(p, step->node.in[0], block);
    size_t groups = ink_groups(dy->c), panel = p->rows * INK_LANES;
    if (dy->store == INK_STORE_NARROW) {
        ink_narrow_bias(p, dy, from, ink_data(p, step->extra[0]) + block * INK_LANES);
        return;
    }
    float *sums = ink_data(p, step->extra[0]) + block * groups * INK_LANES;
    memset(sums, 0, groups * INK_LANES * sizeof *sums);
    for (size_t g = 0; g < groups; g++) {
        p->kernels->column_sums(from + g * panel, groups * panel, ink_positions(dy), p->rows, sums + g * INK_LANES);
    }
}

void ink_work_bias_join(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, uint32_t worker) {
    (void)block, (void)part, (void)worker;
    size_t count = (size_t)ink_groups(p->cells[step->node.in[0]].c) * INK_LANES;
    const float *sums = ink_data(p, step->extra[0]);
    float *db = ink_data(p, step->node.out[0]);
    memcpy(db, sums, count * sizeof *db);
    for (uint32_t b = 1; b < p->blocks; b++) p->kernels->add(db, sums + b * count, db, count);
}

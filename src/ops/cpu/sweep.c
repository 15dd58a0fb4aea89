/* ops/cpu/sweep.c: linear and conv2d, forward and towards the input, as one driver: for every output position a
 * product of the panels under its window with the weights' panels, over just those taps that meet a pixel.
 * The gradient of the weights is in wgrad.c. */
#include <assert.h>
#include <string.h>

#include "ops/cpu/program.h"

/* Which taps meet a pixel depends on the row and on the column alone; positions with equal ones share a pattern. */
typedef struct pattern {
    ink_offsets *pairs;
    uint32_t n_pairs, inner;
} pattern;

/* One output position, or (blocks of one image, narrow maps, tiles) a run of positions of one row with the same
 * pattern. */
typedef struct entry {
    uint32_t out, rows, pattern;
    int32_t a;
} entry;

typedef struct sweep {
    entry *entries;
    pattern *patterns;
    uint32_t n_entries, groups; /* groups: panels of the output */
    uint32_t entry_parts, panel_parts, depth;
    ink_operands from;
    bool runs; /* entries may be */
    size_t a_m, a_k, a_pair, a_inner, b_inner, b_panel, out_m, out_panel, out_position;
    size_t a_step; /* from the input of one output position to that of the next */
} sweep;

/* Taps of one dimension that meet a pixel, for one output index. */
typedef struct line {
    uint32_t n, shape; /* shape: number of this combination of taps and distances */
    uint32_t *tap;     /* [n]; room for the whole window */
    int32_t *at;
} line;

typedef struct geometry {
    uint32_t window, stride, pad, in, out;
} geometry;

static void line_forward(const geometry *g, uint32_t i, line *l) {
    l->n = 0;
    for (uint32_t t = 0; t < g->window; t++) {
        int64_t j = (int64_t)i * g->stride + t - g->pad;
        if (j < 0 || j >= g->in) continue;
        l->tap[l->n] = t;
        l->at[l->n++] = (int32_t)j;
    }
}

static void line_back(const geometry *g, uint32_t i, line *l) {
    l->n = 0;
    for (uint32_t t = g->window; t-- > 0;) { /* downward, so that the output index grows */
        int64_t v = (int64_t)i + g->pad - t;
        if (v < 0 || v % g->stride != 0 || v / g->stride >= g->in) continue;
        l->tap[l->n] = t;
        l->at[l->n++] = (int32_t)(v / g->stride);
    }
}

static bool same_shape(const line *a, const line *b) {
    if (a->n != b->n) return false;
    for (uint32_t i = 0; i < a->n; i++) {
        if (a->tap[i] != b->tap[i] || a->at[i] - a->at[0] != b->at[i] - b->at[0]) return false;
    }
    return true;
}

/* All lines of a dimension, numbered by shape; *shapes: how many there are. NULL: no memory. */
static line *make_lines(ink_program *p, const geometry *g, bool back, uint32_t *shapes) {
    line *lines = ink_plan_new(p, g->out, sizeof *lines);
    uint32_t *taps = ink_plan_new(p, (size_t)g->out * g->window, sizeof *taps);
    int32_t *places = ink_plan_new(p, (size_t)g->out * g->window, sizeof *places);
    if (lines == NULL || taps == NULL || places == NULL) return NULL;
    *shapes = 0;
    for (uint32_t i = 0; i < g->out; i++) {
        lines[i].tap = taps + (size_t)i * g->window;
        lines[i].at = places + (size_t)i * g->window;
        if (back) {
            line_back(g, i, &lines[i]);
        } else {
            line_forward(g, i, &lines[i]);
        }
        lines[i].shape = *shapes;
        for (uint32_t j = 0; j < i; j++) {
            if (!same_shape(&lines[i], &lines[j])) continue;
            lines[i].shape = lines[j].shape;
            break;
        }
        if (lines[i].shape == *shapes) ++*shapes;
    }
    return lines;
}

typedef struct layout {
    size_t a_position, a_plane;       /* floats from one input position to the next; thin: from channel to channel */
    uint32_t a_width, a_groups, thin; /* thin: channels, else 0 */
    uint32_t channels;                /* of the input */
    uint32_t taps_across;             /* S */
    const ink_cell *weights;
} layout;

static int32_t offset_of(size_t floats) {
    assert(floats <= INT32_MAX); /* offsets_fit */
    return (int32_t)floats;
}

/* The pairs of a row's line and a column's. */
static bool make_pattern(ink_program *p, const layout *l, const line *row, const line *column, pattern *out) {
    uint32_t width = l->a_width;
    uint32_t n = l->thin ? l->thin * row->n : row->n * column->n;
    out->pairs = ink_plan_new(p, n ? n : 1, sizeof *out->pairs);
    if (out->pairs == NULL) return false;
    out->inner = l->thin ? 1 : l->a_groups;
    if (column->n == 0) return true;
    for (uint32_t c = 0; c < (l->thin ? l->thin : 1); c++) {
        for (uint32_t r = 0; r < row->n; r++) {
            size_t down = (size_t)(row->at[r] - row->at[0]) * width;
            for (uint32_t s = 0; s < (l->thin ? 1 : column->n); s++) {
                uint32_t tap = row->tap[r] * l->taps_across + column->tap[s];
                size_t position = down + (size_t)(column->at[s] - column->at[0]);
                size_t b = l->thin ? ((size_t)c * l->weights->taps + tap) * INK_LANES
                                   : (size_t)l->weights->place[tap] * l->a_groups * INK_PANEL;
                out->pairs[out->n_pairs++] =
                    (ink_offsets){offset_of(position * l->a_position + c * l->a_plane), offset_of(b)};
            }
        }
    }
    return true;
}

/* Fills entries and patterns of s from the lines of both dimensions. */
static bool make_entries(ink_program *p, sweep *s, const layout *l, const geometry *down, const geometry *across,
                         bool back) {
    uint32_t row_shapes, column_shapes;
    const line *rows = make_lines(p, down, back, &row_shapes), *columns = make_lines(p, across, back, &column_shapes);
    s->entries = ink_plan_new(p, (size_t)down->out * across->out, sizeof *s->entries);
    if (rows == NULL || columns == NULL || s->entries == NULL) return false;
    s->patterns = ink_plan_new(p, (size_t)row_shapes * column_shapes, sizeof *s->patterns);
    if (s->patterns == NULL) return false;
    size_t step = l->a_position * (back ? 1 : across->stride);
    for (uint32_t y = 0; y < down->out; y++) {
        for (uint32_t x = 0; x < across->out; x++) {
            uint32_t id = rows[y].shape * column_shapes + columns[x].shape;
            if (s->patterns[id].pairs == NULL && !make_pattern(p, l, &rows[y], &columns[x], &s->patterns[id])) {
                return false;
            }
            bool none = rows[y].n == 0 || columns[x].n == 0;
            size_t base = none ? 0 : (size_t)rows[y].at[0] * l->a_width + (size_t)columns[x].at[0];
            entry e = {.out = y * across->out + x, .rows = 1, .pattern = id, .a = offset_of(base * l->a_position)};
            entry *last = s->n_entries > 0 ? &s->entries[s->n_entries - 1] : NULL;
            if (s->runs && x > 0 && !none && last != NULL && last->pattern == id &&
                last->a + offset_of(step * last->rows) == e.a) {
                last->rows++;
            } else {
                s->entries[s->n_entries++] = e;
            }
        }
    }
    return true;
}

/* Do all offsets fit their 32 bits? Those of larger layers than anyone has memory for do not. */
static bool offsets_fit(const layout *l, size_t places) {
    const size_t most = INT32_MAX / 2; /* sums of two are made */
    size_t taps = l->weights->taps, a = places * l->a_position + l->thin * l->a_plane;
    size_t b = l->thin ? (size_t)l->thin * taps * INK_LANES : taps * l->a_groups * INK_PANEL;
    return a <= most && b <= most;
}

/* How a block is cut into tasks when blocks alone are too few: about 2 million multiply-adds each. */
static void cut(const ink_program *p, sweep *s, double macs) {
    double parts = macs * p->rows / 2e6;
    uint32_t pairs = (s->groups + 1) / 2;
    s->panel_parts = s->n_entries >= 8 ? 1 : pairs;
    s->entry_parts = s->n_entries < 8 || parts < 1 ? 1 : parts > 16 ? 16 : (uint32_t)parts;
    if (s->entry_parts > s->n_entries) s->entry_parts = s->n_entries;
}

static void set_strides(const ink_program *p, sweep *s, const layout *l, uint32_t stride) {
    size_t rows = p->rows;
    s->out_panel = rows * INK_LANES;
    s->out_position = s->groups * s->out_panel;
    s->a_step = (size_t)stride * l->a_position;
    s->out_m = rows == 1 ? s->out_position : INK_LANES;
    if (l->thin) {
        s->depth = l->taps_across;   /* every window is whole: a line of it is one product */
        s->a_inner = s->b_inner = 0; /* unused */
        s->a_m = rows == 1 ? stride : 1;
        s->a_k = rows;
    } else {
        s->depth = l->channels < INK_LANES ? l->channels : INK_LANES; /* the rest of a lone panel is zeros */
        s->a_inner = rows * INK_LANES;
        s->b_inner = INK_PANEL;
        s->a_m = rows == 1 ? stride * l->a_position : INK_LANES;
        s->a_k = 1;
        if (ink_is_bf16(p) && s->from.half) { /* the same places, elements in pairs */
            s->depth = ink_has_tiles(p) ? INK_LANES / 2 : (s->depth + 1) / 2;
            s->a_k = 2;
            if (ink_has_tiles(p)) s->a_pair = rows == 1 ? s->a_m : 2 * INK_LANES;
        }
    }
}

/* May a product go over a run of positions? Of tiles where a block is one tile of rows. */
static bool has_runs(const ink_program *p, const ink_cell *y, bool half) {
    return p->rows == 1 || y->store == INK_STORE_NARROW || (half && ink_has_tiles(p) && p->rows == INK_LANES);
}

/* Linear: positions and groups of x lie as the weights' taps and groups do: one long product; or, where a lone panel
 * ends each position's pairs, one for each. */
static bool linear_entry(ink_program *p, sweep *s, const layout *l) {
    const uint32_t taps = l->weights->taps, n = s->a_pair != 0 && l->a_groups % 2 != 0 ? taps : 1;
    s->entries = ink_plan_new(p, 1, sizeof *s->entries);
    s->patterns = ink_plan_new(p, 1, sizeof *s->patterns);
    ink_offsets *pairs = ink_plan_new(p, n, sizeof *pairs);
    if (s->entries == NULL || s->patterns == NULL || pairs == NULL) return false;
    for (uint32_t t = 0; t < n; t++) {
        pairs[t] = (ink_offsets){offset_of(t * l->a_position), offset_of((size_t)t * l->a_groups * INK_PANEL)};
    }
    s->n_entries = s->entries[0].rows = 1;
    s->patterns[0] = (pattern){.pairs = pairs, .n_pairs = n, .inner = n > 1 ? l->a_groups : taps * l->a_groups};
    return true;
}

const void *ink_sweep_forward(ink_program *p, ink_step *step, const ink_operands *from) {
    const ink_node *node = &step->node;
    const ink_cell *x = &p->cells[node->in[0]], *w = &p->cells[node->in[1]], *y = &p->cells[node->out[0]];
    sweep *s = ink_plan_new(p, 1, sizeof *s);
    if (s == NULL) return NULL;
    s->groups = ink_groups(y->c);
    s->from = *from;
    layout l = {.weights = w, .channels = x->c, .a_groups = ink_groups(x->c), .a_width = x->width};
    l.a_position = ink_position_floats(p, x);
    s->runs = has_runs(p, y, from->half);
    s->b_panel = (size_t)w->live * l.a_groups * INK_PANEL;
    bool fine;
    if (node->op == INK_OP_LINEAR) {
        set_strides(p, s, &l, 1);
        fine = offsets_fit(&l, w->taps) && linear_entry(p, s, &l);
    } else {
        uint32_t stride = (uint32_t)node->attr.conv.stride, pad = (uint32_t)node->attr.conv.pad;
        geometry down = {(uint32_t)node->attr.conv.window_h, stride, pad, x->height, y->height};
        geometry across = {(uint32_t)node->attr.conv.window_w, stride, pad, x->width, y->width};
        l.taps_across = across.window;
        if (w->store == INK_STORE_THIN) { /* the border of the planes is the padding: every window is whole */
            l.thin = x->c;
            down.in = x->height + x->border + x->border_end;
            across.in = l.a_width = x->width + x->border + x->border_end;
            down.pad = across.pad = 0;
            l.a_position = p->rows;
            l.a_plane = (size_t)down.in * across.in * p->rows;
            s->b_panel = (size_t)x->c * w->taps * INK_LANES;
        }
        set_strides(p, s, &l, stride);
        fine = offsets_fit(&l, (size_t)down.in * across.in) && make_entries(p, s, &l, &down, &across, false);
    }
    if (!fine) return NULL;
    cut(p, s, (double)ink_positions(y) * (double)w->k * (double)w->live * (double)w->c);
    step->parts = s->entry_parts * s->panel_parts;
    return s;
}

/* Linear, towards the input: position t of dx is dy times the weights of tap t. */
static bool linear_back_entries(ink_program *p, sweep *s, uint32_t taps, uint32_t a_groups) {
    s->entries = ink_plan_new(p, taps, sizeof *s->entries);
    s->patterns = ink_plan_new(p, taps, sizeof *s->patterns);
    ink_offsets *pairs = ink_plan_new(p, taps, sizeof *pairs);
    if (s->entries == NULL || s->patterns == NULL || pairs == NULL) return false;
    for (uint32_t t = 0; t < taps; t++) {
        pairs[t].b = offset_of((size_t)t * a_groups * INK_PANEL);
        s->patterns[t] = (pattern){.pairs = &pairs[t], .n_pairs = 1, .inner = a_groups};
        s->entries[t] = (entry){.out = t, .rows = 1, .pattern = t};
    }
    s->n_entries = taps;
    return true;
}

const void *ink_sweep_back(ink_program *p, ink_step *step, const ink_operands *from) {
    const ink_node *node = &step->node;
    const ink_cell *dy = &p->cells[node->in[0]], *w = &p->cells[node->in[1]], *dx = &p->cells[node->out[0]];
    sweep *s = ink_plan_new(p, 1, sizeof *s);
    if (s == NULL) return NULL;
    s->groups = ink_groups(dx->c);
    s->from = *from;
    layout l = {.weights = w, .channels = dy->c, .a_groups = ink_groups(dy->c), .a_width = dy->width};
    l.a_position = ink_position_floats(p, dy);
    s->runs = has_runs(p, dx, from->half);
    s->b_panel = (size_t)w->live * l.a_groups * INK_PANEL;
    set_strides(p, s, &l, 1);
    bool fine;
    if (node->op == INK_OP_LINEAR_DX) {
        fine = offsets_fit(&l, 0) && linear_back_entries(p, s, w->taps, l.a_groups);
    } else {
        uint32_t stride = (uint32_t)node->attr.conv.stride, pad = (uint32_t)node->attr.conv.pad;
        geometry down = {(uint32_t)node->attr.conv.window_h, stride, pad, dy->height, dx->height};
        geometry across = {(uint32_t)node->attr.conv.window_w, stride, pad, dy->width, dx->width};
        l.taps_across = across.window;
        fine = offsets_fit(&l, (size_t)down.in * across.in) && make_entries(p, s, &l, &down, &across, true);
    }
    if (!fine) return NULL;
    cut(p, s, (double)ink_positions(dy) * (double)w->k * (double)w->live * (double)w->c);
    step->parts = s->entry_parts * s->panel_parts;
    return s;
}

/* The fused activation of `places` runs of floats, `next` apart, while they are in cache. */
static void activate(const ink_program *p, const ink_step *step, float *out, size_t places, size_t next, size_t count) {
    for (size_t i = 0; i < places; i++) {
        p->kernels->activate(step->kind, step->slope, out + i * next, out + i * next, count);
    }
}

void ink_work_sweep(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, uint32_t worker) {
    (void)worker;
    const sweep *s = step->plan;
    size_t e0, e1, g0, g1;
    ink_share_of(s->n_entries, s->entry_parts, part / s->panel_parts, &e0, &e1);
    ink_share_of((s->groups + 1) / 2, s->panel_parts, part % s->panel_parts, &g0, &g1);
    g0 *= 2;
    g1 = g1 * 2 < s->groups ? g1 * 2 : s->groups;
    const bool half = ink_is_bf16(p) && s->from.half;
    const size_t size = half ? sizeof(uint16_t) : sizeof(float);
    const char *a = (const char *)ink_block(p, s->from.a, block), *b = (const char *)ink_data(p, s->from.b);
    float *out = ink_block(p, step->node.out[0], block);
    const float *bias = ink_data(p, step->bias), *scale = ink_data(p, step->scale);
    const float *starts = ink_data(p, step->extra[0]); /* [position][K]: a bias of each position's own */
    const float *offset = ink_data(p, step->offset);
    const float *residual = ink_block(p, step->residual, block), *mask = ink_block(p, step->mask, block);
    void (*multiply)(const ink_gemm *) = half ? p->kernels->gemm_bf16 : p->kernels->gemm;
    size_t lanes = g0 * INK_LANES;
    ink_gemm g = {.b = b + g0 * s->b_panel * size,
                  .bias = bias != NULL ? bias + lanes : NULL,
                  .scale = scale != NULL ? scale + lanes : NULL,
                  .offset = offset != NULL ? offset + lanes : NULL,
                  .a_m = s->a_m,
                  .a_k = s->a_k,
                  .a_pair = s->a_pair,
                  .a_inner = s->a_inner,
                  .b_inner = s->b_inner,
                  .b_panel = s->b_panel,
                  .out_m = s->out_m,
                  .out_panel = s->out_panel,
                  .a_place = s->a_step,
                  .out_place = s->out_position,
                  .panels = (uint32_t)(g1 - g0),
                  .depth = s->depth,
                  .outer = 1,
                  .relu = step->relu,
                  .relu_first = step->relu_first};
    for (size_t i = e0; i < e1; i++) {
        const entry *e = &s->entries[i];
        const pattern *t = &s->patterns[e->pattern];
        size_t at = e->out * s->out_position + g0 * s->out_panel;
        g.a = a + (size_t)e->a * size;
        g.out = out + at;
        g.residual = residual != NULL ? residual + at : NULL;
        g.mask = mask != NULL ? mask + at : NULL;
        g.pairs = t->pairs;
        g.n_pairs = t->n_pairs;
        g.inner = t->inner;
        if (starts != NULL) g.bias = starts + e->out * s->groups * INK_LANES + lanes;
        g.rows = p->rows == 1 ? e->rows : p->rows;
        g.places = p->rows == 1 ? 1 : e->rows;
        multiply(&g);
        if (step->active) activate(p, step, g.out, e->rows, s->out_position, g.panels * s->out_panel);
    }
}

/* The same between narrow maps, or from planes to one: runs of positions at a time. Weights lie as for panels; towards
 * the input they need not be turned, as c takes k's place by its stride alone. */
void ink_work_sweep_narrow(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, uint32_t worker) {
    (void)worker;
    const sweep *s = step->plan;
    const ink_cell *y = &p->cells[step->node.out[0]], *x = &p->cells[s->from.a];
    const bool back = step->node.op == INK_OP_CONV2D_DX, thin = x->store == INK_STORE_PLANES;
    const float *from = ink_block(p, s->from.a, block);
    const float *residual = ink_block(p, step->residual, block), *mask = ink_block(p, step->mask, block);
    float *out = ink_block(p, step->node.out[0], block);
    const size_t position = ink_position_floats(p, y);
    ink_narrow g = {.w = ink_data(p, s->from.b),
                    .bias = ink_data(p, step->bias),
                    .scale = ink_data(p, step->scale),
                    .offset = ink_data(p, step->offset),
                    .x_place = s->a_step,
                    .w_k = back ? 1 : INK_LANES,
                    .w_m = back ? INK_LANES : 1,
                    .out_place = position,
                    .rows = y->c,
                    .depth = thin ? s->depth : x->c, /* of planes, a line of the window */
                    .relu = step->relu,
                    .relu_first = step->relu_first};
    size_t e0, e1;
    ink_share_of(s->n_entries, s->entry_parts, part, &e0, &e1);
    for (size_t i = e0; i < e1; i++) {
        const entry *e = &s->entries[i];
        const pattern *t = &s->patterns[e->pattern];
        const size_t at = e->out * position;
        g.x = from + e->a;
        g.out = out + at;
        g.residual = residual != NULL ? residual + at : NULL;
        g.mask = mask != NULL ? mask + at : NULL;
        g.pairs = t->pairs;
        g.n_pairs = t->n_pairs;
        g.places = e->rows;
        p->kernels->narrow(&g);
        if (step->active) activate(p, step, g.out, 1, 0, e->rows * position);
    }
}

/* Weights [K/16][tap][C/16][c][k] to [C/16][tap][K/16][k][c], live taps alone. part: a group of K. */
void ink_work_turn(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, uint32_t worker) {
    (void)block, (void)worker;
    const ink_cell *w = &p->cells[step->node.in[1]];
    float *turned = ink_data(p, step->extra[0]);
    size_t c_groups = ink_groups(w->c), k_groups = ink_groups(w->k);
    for (size_t t = 0; t < w->live; t++) {
        p->kernels->transpose(w->data + (part * w->live + t) * c_groups * INK_PANEL, INK_PANEL,
                              turned + (t * k_groups + part) * INK_PANEL, w->live * k_groups * INK_PANEL, c_groups);
    }
}

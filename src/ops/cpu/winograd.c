/* ops/cpu/winograd.c: convolutions of 3 x 3 and stride 1, forward and towards the input, by Winograd's F(4x4,3x3):
 * tiles of 6 x 6 inputs and the weights are transformed, multiplied element by element (36 matrix products instead of
 * 144), and the sums transformed to 4 x 4 outputs; and those of stride 2 with more taps, in phases (winograd.h). All in
 * float, in a program of bf16 too. The gradient of the weights is in winograd_dw.c, the arithmetic in kern_winograd.h.
 */
#include "ops/cpu/winograd.h"

#define SCRATCH_FLOATS 18432u /* wanted of a worker's transformed inputs: measured */
#define COLUMN_PANELS  6u     /* of a column of elements */

/* Of the outputs of all tiles, those that must be on the map. */
#define LEAST_SHARE      0.5
#define LEAST_SHARE_BF16 0.7

typedef struct winograd {
    ink_operands from; /* a: x (dy), b: transformed weights */
    ink_id scratch;    /* [worker]: inputs [column][run][group][6][R][16], then half sums [column][run][4][R][16],
                        * then a list of panels; R: rows of a run */
    tiling maps[4];    /* of outputs that have phases, else one */
    uint32_t groups, out_groups; /* groups: of the inputs, all phases */
    uint32_t parts, together;    /* of a map; together: tiles that go through the products at once */
} winograd;

/* ---- shared with winograd_dw.c ---- */

/* Of the weights of a convolution that fits. */
static uint32_t phases_of(const ink_cell *w) {
    return w->taps == 9 ? 1 : 4;
}

int32_t ink_winograd_tap(const ink_node *node, uint32_t phase, uint32_t a, uint32_t b) {
    const int32_t stride = node->attr.conv.stride;
    const int32_t i = (int32_t)a * stride + (int32_t)phase / 2, j = (int32_t)b * stride + (int32_t)phase % 2;
    return i < node->attr.conv.window_h && j < node->attr.conv.window_w ? i * node->attr.conv.window_w + j : -1;
}

/* Of the lines (or columns) of a phase's outputs: the first one's place, their number, and what the window reaches
 * beyond the first. Output 2 j + phase - pad is the sum over a of tap 2 a + phase times gradient j - a. */
static void phase_of_outputs(int32_t phase, int32_t pad, uint32_t size, uint32_t *first, uint32_t *count,
                             int32_t *reach) {
    const int32_t j = pad > phase ? (pad - phase + 1) / 2 : 0;
    *first = (uint32_t)(2 * j + phase - pad);
    *count = size > *first ? (size - *first + 1) / 2 : 0;
    *reach = 2 - j;
}

tiling ink_tiling_of(const ink_node *node, const ink_cell *x, const ink_cell *y, uint32_t phase) {
    const int32_t pad = node->attr.conv.pad;
    const uint32_t stride = (uint32_t)node->attr.conv.stride;
    tiling t = {.pad_down = ink_winograd_is_back(node) ? 2 - pad : pad,
                .stride = ink_winograd_is_back(node) ? 1 : stride,
                .height = x->height,
                .width = x->width,
                .groups = ink_groups(x->c),
                .out_height = y->height,
                .out_width = y->width,
                .out_line = y->width,
                .out_next = 1};
    t.pad_across = t.pad_down;
    t.phases = t.stride * t.stride;
    if (ink_winograd_is_back(node) && stride == 2) {
        uint32_t top, left;
        phase_of_outputs((int32_t)phase / 2, pad, y->height, &top, &t.out_height, &t.pad_down);
        phase_of_outputs((int32_t)phase % 2, pad, y->width, &left, &t.out_width, &t.pad_across);
        t.out_first = top * y->width + left;
        t.out_line = 2 * y->width;
        t.out_next = 2;
    }
    t.down = (t.out_height + INK_TILE - 1) / INK_TILE;
    t.across = (t.out_width + INK_TILE - 1) / INK_TILE;
    return t;
}

/* Tiles that reach beyond the map are computed whole: what is left of the multiplications saved. */
static double share_used(uint32_t height, uint32_t width) {
    double down = (double)((height + INK_TILE - 1) / INK_TILE * INK_TILE);
    double across = (double)((width + INK_TILE - 1) / INK_TILE * INK_TILE);
    return (double)height * (double)width / (down * across);
}

/* 3 x 3 and stride 1; or of stride 2 with so many taps that 36 of each phase are fewer. These only in float: a direct
 * product in bf16 is as fast. */
static bool fits_window(const ink_program *p, const ink_node *node) {
    const int32_t h = node->attr.conv.window_h, w = node->attr.conv.window_w;
    if (node->attr.conv.stride == 1) return h == 3 && w == 3;
    return node->attr.conv.stride == 2 && h >= 4 && h <= 6 && w >= 4 && w <= 6 && p->precision == INK_PRECISION_F32;
}

bool ink_winograd_fits(const ink_program *p, const ink_node *node, const ink_cell *w, const ink_cell *y) {
    if (!ink_transforms_fit(p, w) || !fits_window(p, node)) return false;
    const uint32_t apart = ink_winograd_is_back(node) ? (uint32_t)node->attr.conv.stride : 1; /* outputs of a phase */
    const uint32_t height = y->height / apart, width = y->width / apart;
    if (height < INK_TILE || width < INK_TILE) return false;
    /* A direct product in bf16 has twice the rate, and leaves out the taps beyond the map's border. */
    return share_used(height, width) > (ink_is_bf16(p) ? LEAST_SHARE_BF16 : LEAST_SHARE);
}

bool ink_winograd_room(ink_program *p, ink_id *scratch, size_t floats) {
    floats = (floats + INK_LANES - 1) / INK_LANES * INK_LANES * p->threads;
    if (*scratch == INK_NONE) *scratch = ink_plan_cell(p, floats, false);
    if (*scratch == INK_NONE) return false;
    if (p->cells[*scratch].floats < floats) p->cells[*scratch].floats = floats;
    return true;
}

float *ink_winograd_mine(const ink_program *p, ink_id scratch, uint32_t worker) {
    return p->cells[scratch].data + p->cells[scratch].floats / p->threads * worker;
}

static const float zeros[INK_ROWS_MOST * INK_LANES]; /* what lies outside a map */

/* Where element e of a phase of tile `tile` of the block at x lies, group 0; NULL: outside the map. */
static const float *element_of(const ink_program *p, const tiling *t, const float *x, uint32_t tile, uint32_t phase,
                               uint32_t e) {
    const int64_t i =
        (int64_t)((tile / t->across * INK_TILE + e / INK_TILE_REACH) * t->stride + phase / 2) - t->pad_down;
    const int64_t j =
        (int64_t)((tile % t->across * INK_TILE + e % INK_TILE_REACH) * t->stride + phase % 2) - t->pad_across;
    if (i < 0 || j < 0 || i >= t->height || j >= t->width) return NULL;
    return x + (size_t)(i * t->width + j) * t->groups * p->rows * INK_LANES;
}

void ink_winograd_expect(const float *at, size_t floats) {
    for (size_t i = 0; i < floats; i += INK_LANES) __builtin_prefetch(at + i, 0, 2);
}

void ink_winograd_expect_element(const ink_program *p, const tiling *t, const float *x, uint32_t tile, uint32_t tiles,
                                 uint32_t e) {
    for (uint32_t i = tile; i < tile + tiles && i < t->down * t->across; i++) {
        for (uint32_t phase = 0; phase < t->phases; phase++) {
            const float *at = element_of(p, t, x, i, phase, e);
            if (at != NULL) ink_winograd_expect(at, (size_t)t->groups * p->rows * INK_LANES);
        }
    }
}

void ink_winograd_take(const ink_program *p, const tiling *t, const float *x, uint32_t tile, ink_tile_places to,
                       size_t group_step) {
    const size_t panel = p->rows * INK_LANES;
    for (uint32_t phase = 0; phase < t->phases; phase++) {
        const float *first[INK_TILE_ELEMENTS];
        for (uint32_t e = 0; e < INK_TILE_ELEMENTS; e++) first[e] = element_of(p, t, x, tile, phase, e);
        for (size_t g = 0; g < t->groups; g++, to.to += group_step) {
            const float *from[INK_TILE_ELEMENTS];
            for (uint32_t e = 0; e < INK_TILE_ELEMENTS; e++) from[e] = first[e] != NULL ? first[e] + g * panel : zeros;
            p->kernels->winograd_inputs(from, &to, p->rows);
        }
    }
}

/* ---- the plan ---- */

bool ink_winograd_pays(const ink_program *p, const ink_node *node) {
    if (node->op != INK_OP_CONV2D && node->op != INK_OP_CONV2D_DX) return false;
    return ink_winograd_fits(p, node, &p->cells[node->in[1]], &p->cells[node->out[0]]);
}

size_t ink_winograd_weight_floats(const ink_program *p, const ink_node *node) {
    const ink_cell *w = &p->cells[node->in[1]];
    return (size_t)ink_groups(w->k) * ink_groups(w->c) * phases_of(w) * INK_TILE_ELEMENTS * INK_PANEL;
}

/* Runs of rows of a strip. */
static size_t runs_of(const ink_program *p, const winograd *t) {
    return ((size_t)t->together * p->rows + p->kernels->winograd_rows - 1) / p->kernels->winograd_rows;
}

/* From a run's inputs of a column to the next one's, from column to column, and from column to column of sums. */
static size_t run_step(const ink_program *p, const winograd *t) {
    return (size_t)t->groups * COLUMN_PANELS * p->kernels->winograd_rows * INK_LANES;
}

static size_t input_step(const ink_program *p, const winograd *t) {
    return runs_of(p, t) * run_step(p, t) + INK_TILE_GAP;
}

static size_t sum_step(const ink_program *p, const winograd *t) {
    return runs_of(p, t) * INK_TILE * p->kernels->winograd_rows * INK_LANES + INK_TILE_GAP;
}

/* Panels that the products of a column ask for. */
static size_t wishes_of(const ink_program *p, const winograd *t, size_t runs) {
    return runs * t->groups * (p->kernels->winograd_rows / 2);
}

const void *ink_winograd_plan(ink_program *p, ink_step *s, const ink_operands *from, ink_id *scratch) {
    const ink_cell *y = &p->cells[s->node.out[0]];
    winograd *t = ink_plan_new(p, 1, sizeof *t);
    if (t == NULL) return NULL;
    t->from = *from;
    const uint32_t maps = ink_winograd_is_back(&s->node) ? phases_of(&p->cells[s->node.in[1]]) : 1;
    uint32_t tiles = 1;
    for (uint32_t i = 0; i < maps; i++) {
        t->maps[i] = ink_tiling_of(&s->node, &p->cells[s->node.in[0]], y, i);
        if (t->maps[i].down * t->maps[i].across > tiles) tiles = t->maps[i].down * t->maps[i].across;
    }
    t->groups = t->maps[0].phases * t->maps[0].groups;
    t->out_groups = ink_groups(y->c);
    uint32_t fitting = SCRATCH_FLOATS / (INK_TILE_ELEMENTS * t->groups * p->rows * INK_LANES);
    t->together = fitting < 1 ? 1 : fitting > tiles ? tiles : fitting;
    t->parts = (tiles + t->together - 1) / t->together;
    if (t->parts > 16) t->parts = 16;
    size_t ahead = wishes_of(p, t, runs_of(p, t)) * sizeof(float *) / sizeof(float);
    if (!ink_winograd_room(p, scratch, INK_TILE_REACH * (input_step(p, t) + sum_step(p, t)) + ahead)) return NULL;
    t->scratch = *scratch;
    s->parts = maps * t->parts;
    return t;
}

/* ---- weights ---- */

void ink_winograd_window(const ink_program *p, const ink_node *node, size_t k, size_t c, uint32_t phase,
                         float turned[9 * INK_PANEL], const float *from[9]) {
    const ink_cell *w = &p->cells[node->in[1]];
    for (uint32_t i = 0; i < 9; i++) {
        const uint32_t at = ink_winograd_is_back(node) ? 8 - i : i;
        const int32_t tap = ink_winograd_tap(node, phase, at / 3, at % 3);
        from[i] = tap < 0 ? zeros : w->data + ((k * w->taps + w->place[tap]) * ink_groups(w->c) + c) * INK_PANEL;
        if (!ink_winograd_is_back(node) || tap < 0) continue;
        p->kernels->transpose(from[i], 0, turned + i * INK_PANEL, 0, 1);
        from[i] = turned + i * INK_PANEL;
    }
}

/* part: a group of K. Forward [K/16][column] and a column as winograd_products reads it, its groups those of the
 * inputs, phase by phase; back, turned round, C for K, the outputs' phases one behind the other. So all weights lie in
 * the order in which they are read. */
void ink_work_winograd_weights(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part,
                               uint32_t worker) {
    (void)block, (void)worker;
    const ink_cell *w = &p->cells[s->node.in[1]];
    const uint32_t phases = phases_of(w);
    const size_t c_groups = ink_groups(w->c), k_groups = ink_groups(w->k), column = COLUMN_PANELS * INK_PANEL;
    const bool back = ink_winograd_is_back(&s->node), apart = p->kernels->winograd_apart;
    float *to = ink_data(p, s->extra[0]), turned[9 * INK_PANEL];
    for (size_t c = 0; c < phases * c_groups; c++) {
        const float *from[9];
        ink_winograd_window(p, &s->node, part, c % c_groups, (uint32_t)(c / c_groups), turned, from);
        const size_t groups = back ? k_groups : phases * c_groups;
        const size_t from_group = back ? part : c, to_group = back ? c : part;
        const ink_tile_places places = {.to = to + to_group * INK_TILE_REACH * groups * column +
                                              from_group * (apart ? INK_PANEL : column),
                                        .down = apart ? groups * INK_PANEL : INK_LANES,
                                        .across = groups * column,
                                        .row = apart ? INK_LANES : COLUMN_PANELS * INK_LANES};
        p->kernels->winograd_weights(from, &places, INK_LANES);
    }
}

/* ---- tiles ---- */

/* The work of one strip of tiles, [at, at + tiles) of a block. */
typedef struct strip {
    const tiling *map;
    const float *x, *weights, *residual, *mask;
    float *y, *inputs, *sums;
    const float **ahead;
    uint32_t at, tiles;
} strip;

/* Panels to ask for beside the products of one column: at most `room` of them, the rest being zeros. */
typedef struct wishes {
    const float **at;
    size_t n, room;
} wishes;

static void wish(wishes *l, const float *panel) {
    if (panel != NULL && l->n < l->room) l->at[l->n++] = panel;
}

/* The position of output (i, j). */
static size_t place_of(const tiling *m, size_t i, size_t j) {
    return m->out_first + i * m->out_line + j * m->out_next;
}

/* While products keep the processor busy, memory may bring what comes next: beside column c of group g the outputs of
 * that group, and a share of the next strip's inputs. (The next column's weights the kernel asks for.) */
static void expect(const ink_program *p, const winograd *t, const strip *w, uint32_t c, size_t g, wishes *l) {
    const tiling *m = w->map;
    const size_t panel = p->rows * INK_LANES, tiles = (size_t)m->down * m->across;
    for (uint32_t i = w->at; c < INK_TILE && i < w->at + w->tiles; i++) {
        const size_t down = i / m->across * INK_TILE + c, left = i % m->across * INK_TILE;
        for (size_t j = left; j < left + INK_TILE && j < m->out_width && down < m->out_height; j++) {
            const size_t at = (place_of(m, down, j) * t->out_groups + g) * panel;
            wish(l, w->y + at);
            if (w->residual != NULL) wish(l, w->residual + at);
            if (w->mask != NULL) wish(l, w->mask + at);
        }
    }
    size_t from, to;
    ink_share_of((size_t)t->together * t->groups * INK_TILE_ELEMENTS, INK_TILE_REACH * t->out_groups,
                 (uint32_t)g * INK_TILE_REACH + c, &from, &to);
    for (size_t n = from; n < to; n++) {
        const size_t group = n % t->groups, e = n / t->groups % INK_TILE_ELEMENTS;
        const size_t tile = w->at + w->tiles + n / t->groups / INK_TILE_ELEMENTS;
        if (tile >= tiles) break;
        const uint32_t phase = (uint32_t)group / m->groups;
        const float *at = element_of(p, m, w->x, (uint32_t)tile, phase, (uint32_t)e);
        if (at != NULL) wish(l, at + group % m->groups * panel);
    }
}

/* The products of a strip for group g of outputs. */
static void multiply(const ink_program *p, const winograd *t, const strip *w, size_t g) {
    const size_t weights = t->groups * (size_t)COLUMN_PANELS * INK_PANEL;
    const uint32_t rows = w->tiles * p->rows, run = p->kernels->winograd_rows;
    for (uint32_t c = 0; c < INK_TILE_REACH; c++) {
        wishes l = {.at = w->ahead, .room = wishes_of(p, t, (rows + run - 1) / run)};
        expect(p, t, w, c, g, &l);
        while (l.n < l.room) l.at[l.n++] = zeros;
        p->kernels->winograd_products(w->inputs + c * input_step(p, t), w->weights + (g * INK_TILE_REACH + c) * weights,
                                      t->groups, rows, w->sums + c * sum_step(p, t), w->ahead);
    }
}

/* Outputs of a tile that begins at `at` which are on a map of `size`. */
static uint32_t ends(size_t size, size_t at) {
    return size - at < INK_TILE ? (uint32_t)(size - at) : INK_TILE;
}

/* Sums of a strip become outputs of group g. */
static void give(const ink_program *p, const winograd *t, const ink_step *s, const strip *w, size_t g) {
    const size_t panel = p->rows * INK_LANES, position = t->out_groups * panel, lanes = g * INK_LANES;
    const float *bias = ink_data(p, s->bias), *scale = ink_data(p, s->scale), *offset = ink_data(p, s->offset);
    ink_tile_out o = {.from = w->sums,
                      .bias = bias != NULL ? bias + lanes : NULL,
                      .scale = scale != NULL ? scale + lanes : NULL,
                      .offset = offset != NULL ? offset + lanes : NULL,
                      .step = sum_step(p, t),
                      .rows = p->rows,
                      .line = w->map->out_line * position,
                      .next = w->map->out_next * position,
                      .relu = s->relu,
                      .relu_first = s->relu_first};
    for (uint32_t tile = w->at; tile < w->at + w->tiles; tile++) {
        const size_t i = tile / w->map->across * INK_TILE, j = tile % w->map->across * INK_TILE;
        const size_t at = place_of(w->map, i, j) * position + g * panel;
        o.slot = (size_t)(tile - w->at) * p->rows;
        o.down = ends(w->map->out_height, i);
        o.across = ends(w->map->out_width, j);
        o.out = w->y + at;
        o.residual = w->residual != NULL ? w->residual + at : NULL;
        o.mask = w->mask != NULL ? w->mask + at : NULL;
        p->kernels->winograd_outputs(&o);
    }
}

void ink_work_winograd(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    const winograd *t = s->plan;
    const uint32_t map = part / t->parts;
    const size_t weights = (size_t)map * t->out_groups * t->groups * INK_TILE_ELEMENTS * INK_PANEL;
    strip w = {.map = &t->maps[map],
               .x = ink_block(p, t->from.a, block),
               .weights = ink_data(p, t->from.b) + weights,
               .residual = ink_block(p, s->residual, block),
               .mask = ink_block(p, s->mask, block),
               .y = ink_block(p, s->node.out[0], block),
               .inputs = ink_winograd_mine(p, t->scratch, worker)};
    w.sums = w.inputs + INK_TILE_REACH * input_step(p, t);
    w.ahead = (const float **)(void *)(w.sums + INK_TILE_REACH * sum_step(p, t));
    size_t from, to;
    ink_share_of((size_t)w.map->down * w.map->across, t->parts, part % t->parts, &from, &to);
    for (size_t at = from; at < to; at += t->together) {
        w.at = (uint32_t)at;
        w.tiles = to - at < t->together ? (uint32_t)(to - at) : t->together;
        for (uint32_t i = 0; i < w.tiles; i++) {
            const size_t slot = (size_t)i * p->rows, run = p->kernels->winograd_rows;
            const ink_tile_places places = {.to = w.inputs + slot / run * run_step(p, t) + slot % run * INK_LANES,
                                            .down = run * INK_LANES,
                                            .across = input_step(p, t),
                                            .row = run_step(p, t),
                                            .runs = true};
            ink_winograd_take(p, w.map, w.x, w.at + i, places, COLUMN_PANELS * run * INK_LANES);
        }
        for (uint32_t g = 0; g < t->out_groups; g++) {
            multiply(p, t, &w, g);
            give(p, t, s, &w, g);
        }
    }
}

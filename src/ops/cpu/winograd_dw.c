/* ops/cpu/winograd_dw.c: the gradient of the weights of a convolution of 3 x 3 and stride 1, by Winograd's way (or
 * of stride 2, in phases: winograd.h): it is the transpose of F(4x4,3x3) in the weights, so that tiles of 6 x 6 inputs
 * and of 4 x 4 gradients, transformed, are multiplied element by element and summed over all tiles and images, and 36
 * sums become 9 taps at the end.
 * Everything else about Winograd is in winograd.c.
 *
 * The images are cut into slices, from shapes alone; a task sums one slice and writes its taps, and ink_work_wgrad_join
 * adds slices in order. */
#include <string.h>

#include "ops/cpu/winograd.h"

#define SCRATCH_FLOATS 36864u   /* wanted of a worker's transformed tiles */
#define SUMS_FLOATS    2400000u /* of one slice, at most: 256 x 256 channels */
#define LEAST_DEPTH    2u       /* tiles a product takes at once: each loads and stores all sums */
#define LEAST_TILES    4u       /* of a map with phases, whose sums are four times as many */

typedef struct winograd_dw {
    tiling map;
    ink_operands from;                   /* a: x, b: dy */
    ink_id scratch;                      /* [worker]: inputs [element][group][tile][rows][16], gradients alike */
    ink_id sums;                         /* [task or worker, whichever is fewer]: [element][K/16][C/16][c][k] */
    uint32_t groups, k_groups, together; /* groups: of the inputs, all phases */
} winograd_dw;

static size_t sums_step(const winograd_dw *t) {
    return (size_t)t->groups * t->k_groups * INK_PANEL;
}

static size_t input_step(const ink_program *p, const winograd_dw *t) {
    return (size_t)t->groups * t->together * p->rows * INK_LANES + INK_TILE_GAP;
}

static size_t gradient_step(const ink_program *p, const winograd_dw *t) {
    return (size_t)t->k_groups * t->together * p->rows * INK_LANES + INK_TILE_GAP;
}

bool ink_winograd_dw_pays(const ink_program *p, const ink_node *node) {
    if (node->op != INK_OP_CONV2D_DW) return false;
    const ink_cell *w = &p->cells[node->out[0]], *dy = &p->cells[node->in[1]];
    if (!ink_winograd_fits(p, node, w, dy)) return false;
    const tiling map = ink_tiling_of(node, &p->cells[node->in[0]], dy, 0);
    const size_t panels = (size_t)INK_TILE_ELEMENTS * map.phases * map.groups * ink_groups(dy->c);
    if (panels * INK_PANEL > SUMS_FLOATS) return false;
    return map.phases == 1 || map.down * map.across >= LEAST_TILES;
}

const void *ink_winograd_dw_plan(ink_program *p, const ink_node *node, ink_step *s, const ink_operands *from,
                                 ink_id *scratch) {
    const ink_cell *dy = &p->cells[node->in[1]];
    winograd_dw *t = ink_plan_new(p, 1, sizeof *t);
    if (t == NULL) return NULL;
    t->map = ink_tiling_of(node, &p->cells[node->in[0]], dy, 0);
    t->groups = t->map.phases * t->map.groups;
    t->from = *from;
    t->k_groups = ink_groups(dy->c);
    t->together = SCRATCH_FLOATS / (INK_TILE_ELEMENTS * (t->groups + t->k_groups) * p->rows * INK_LANES);
    if (t->together < LEAST_DEPTH) t->together = LEAST_DEPTH;
    s->parts = ink_wgrad_slices((p->max_batch + p->rows - 1) / p->rows);
    uint32_t rooms = s->parts < p->threads ? s->parts : p->threads;
    t->sums = ink_plan_cell(p, INK_TILE_ELEMENTS * sums_step(t) * rooms, false);
    s->extra[0] = ink_plan_cell(p, p->cells[node->out[0]].live_floats * s->parts, false);
    if (t->sums == INK_NONE || s->extra[0] == INK_NONE) return NULL;
    if (!ink_winograd_room(p, scratch, INK_TILE_ELEMENTS * (input_step(p, t) + gradient_step(p, t)))) return NULL;
    t->scratch = *scratch;
    return t;
}

static const float zeros[INK_PANEL];

/* Elements one behind the other, step floats apart, `across` of them in a line of the tile. */
static ink_tile_places places_of(float *to, size_t step, size_t across) {
    return (ink_tile_places){.to = to, .down = across * step, .across = step, .row = INK_LANES};
}

/* The gradients of tile `tile` of the block at dy, transformed, into place `place`. */
static void take_gradients(const ink_program *p, const winograd_dw *t, const float *dy, uint32_t tile, size_t place,
                           float *to) {
    const size_t panel = p->rows * INK_LANES;
    const size_t top = tile / t->map.across * INK_TILE, left = tile % t->map.across * INK_TILE;
    for (size_t g = 0; g < t->k_groups; g++) {
        const float *from[INK_TILE * INK_TILE];
        for (size_t e = 0; e < INK_TILE * INK_TILE; e++) {
            size_t i = top + e / INK_TILE, j = left + e % INK_TILE;
            bool inside = i < t->map.out_height && j < t->map.out_width;
            from[e] = inside ? dy + ((i * t->map.out_width + j) * t->k_groups + g) * panel : zeros;
        }
        const ink_tile_places places = places_of(to + (g * t->together + place) * panel, gradient_step(p, t), 6);
        p->kernels->winograd_gradients(from, &places, p->rows);
    }
}

/* What the next tiles will read: share e of it, while products keep the processor busy. */
static void expect(const ink_program *p, const winograd_dw *t, const float *x, const float *dy, uint32_t tile,
                   uint32_t e) {
    ink_winograd_expect_element(p, &t->map, x, tile, t->together, e);
    for (uint32_t i = tile; e < INK_TILE * INK_TILE && i < tile + t->together && i < t->map.down * t->map.across; i++) {
        const size_t down = i / t->map.across * INK_TILE + e / INK_TILE,
                     across = i % t->map.across * INK_TILE + e % INK_TILE;
        if (down >= t->map.out_height || across >= t->map.out_width) continue;
        const size_t position = t->k_groups * p->rows * INK_LANES;
        ink_winograd_expect(dy + (down * t->map.out_width + across) * position, position);
    }
}

/* Tiles held: transformed inputs and gradients of so many; the block and the tile that come next. */
typedef struct held {
    float *inputs, *gradients, *sums;
    const float *x, *dy;
    uint32_t tiles, next;
    bool fresh;
} held;

/* sums += inputs times gradients, over the images of all tiles held. */
static void multiply(const ink_program *p, const winograd_dw *t, const held *h) {
    const size_t panel = p->rows * INK_LANES * t->together;
    static const ink_offsets none = {0, 0};
    ink_gemm m = {.pairs = &none,
                  .a_m = 1,
                  .a_k = INK_LANES,
                  .b_panel = panel,
                  .out_m = INK_LANES,
                  .out_panel = (size_t)t->groups * INK_PANEL,
                  .rows = INK_LANES,
                  .panels = t->k_groups,
                  .n_pairs = 1,
                  .inner = 1,
                  .depth = h->tiles * p->rows,
                  .outer = 1,
                  .add = !h->fresh};
    for (size_t e = 0; e < INK_TILE_ELEMENTS; e++) {
        m.b = h->gradients + e * gradient_step(p, t);
        expect(p, t, h->x, h->dy, h->next, (uint32_t)e);
        for (size_t g = 0; g < t->groups; g++) {
            m.a = h->inputs + e * input_step(p, t) + g * panel;
            m.out = h->sums + e * sums_step(t) + g * INK_PANEL;
            p->kernels->gemm(&m);
        }
    }
}

void ink_winograd_put_taps(const ink_program *p, const ink_node *node, size_t k, size_t c,
                           const float made[9 * INK_PANEL], float *dw) {
    const ink_cell *w = &p->cells[node->out[0]];
    const size_t groups = ink_groups(w->c);
    for (uint32_t i = 0; i < 9; i++) {
        const int32_t tap = ink_winograd_tap(node, (uint32_t)(c / groups), i / 3, i % 3);
        if (tap < 0) continue;
        float *to = dw + ((k * w->taps + (size_t)tap) * groups + c % groups) * INK_PANEL;
        memcpy(to, made + i * INK_PANEL, INK_PANEL * sizeof *to);
    }
}

/* 36 sums become 9 taps, panel by panel. */
static void give_taps(const ink_program *p, const winograd_dw *t, const ink_node *node, const float *sums, float *dw) {
    for (size_t k = 0; k < t->k_groups; k++) {
        for (size_t c = 0; c < t->groups; c++) {
            const float *from[INK_TILE_ELEMENTS];
            float made[9 * INK_PANEL];
            for (size_t e = 0; e < INK_TILE_ELEMENTS; e++) {
                from[e] = sums + e * sums_step(t) + (k * t->groups + c) * INK_PANEL;
            }
            const ink_tile_places places = places_of(made, INK_PANEL, 3);
            p->kernels->winograd_taps(from, &places, INK_LANES);
            ink_winograd_put_taps(p, node, k, c, made, dw);
        }
    }
}

/* part: a slice. A smaller batch than the largest has fewer. */
void ink_work_winograd_dw(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)block;
    const winograd_dw *t = s->plan;
    const uint32_t slices = ink_wgrad_slices(p->blocks), tiles = t->map.down * t->map.across;
    if (part >= slices) return;
    const size_t panel = p->rows * INK_LANES;
    held h = {.inputs = ink_winograd_mine(p, t->scratch, worker), .fresh = true};
    h.gradients = h.inputs + INK_TILE_ELEMENTS * input_step(p, t);
    h.sums = ink_data(p, t->sums) + INK_TILE_ELEMENTS * sums_step(t) * (s->parts < p->threads ? part : worker);
    size_t from, to;
    ink_share_of(p->blocks, slices, part, &from, &to);
    for (size_t b = from; b < to; b++) {
        h.x = ink_block(p, t->from.a, (uint32_t)b);
        h.dy = ink_block(p, t->from.b, (uint32_t)b);
        for (uint32_t i = 0; i < tiles; i++) {
            const ink_tile_places places = places_of(h.inputs + h.tiles * panel, input_step(p, t), 6);
            ink_winograd_take(p, &t->map, h.x, i, places, t->together * panel);
            take_gradients(p, t, h.dy, i, h.tiles++, h.gradients);
            if (h.tiles < t->together && (b + 1 < to || i + 1 < tiles)) continue;
            h.next = i + 1;
            multiply(p, t, &h);
            h.fresh = false;
            h.tiles = 0;
        }
    }
    give_taps(p, t, &s->node, h.sums, ink_data(p, s->extra[0]) + part * p->cells[s->node.out[0]].live_floats);
}

/* ops/cpu/pool.c: max and average pooling, windows and whole maps, and their gradients.
 * Whole panels at a time: a window is a list of positions, all images and channels go side by side. */
#include <string.h>

#include "ops/cpu/program.h"

typedef struct window {
    uint32_t first, n; /* of positions in `at` */
} window;

typedef struct pool {
    window *windows; /* [positions of what is written; max, back: of y] */
    int32_t *at;     /* offsets in floats from the block's base */
    uint32_t n_windows;
    bool apart; /* every x position is in one window at most */
    float factor;
} pool;

typedef struct frame {
    uint32_t window_h, window_w, stride, pad;
    uint32_t height, width, out_height, out_width; /* of x and y */
} frame;

/* Positions of x in y's window (i, j), in row order. */
static uint32_t inside(const frame *f, uint32_t i, uint32_t j, uint32_t *to) {
    uint32_t n = 0;
    for (uint32_t r = 0; r < f->window_h; r++) {
        for (uint32_t s = 0; s < f->window_w; s++) {
            int64_t h = (int64_t)i * f->stride + r - f->pad, w = (int64_t)j * f->stride + s - f->pad;
            if (h < 0 || w < 0 || h >= f->height || w >= f->width) continue;
            to[n++] = (uint32_t)h * f->width + (uint32_t)w;
        }
    }
    return n;
}

/* Positions of y whose window holds x position (h, w), in row order. */
static uint32_t around(const frame *f, uint32_t h, uint32_t w, uint32_t *to) {
    uint32_t n = 0;
    for (uint32_t r = f->window_h; r-- > 0;) {
        int64_t i = (int64_t)h + f->pad - r;
        if (i < 0 || i % f->stride != 0 || i / f->stride >= f->out_height) continue;
        for (uint32_t s = f->window_w; s-- > 0;) {
            int64_t j = (int64_t)w + f->pad - s;
            if (j < 0 || j % f->stride != 0 || j / f->stride >= f->out_width) continue;
            to[n++] = (uint32_t)(i / f->stride) * f->out_width + (uint32_t)(j / f->stride);
        }
    }
    return n;
}

static frame frame_of(const ink_node *node, const ink_cell *x, const ink_cell *y) {
    bool all = node->op == INK_OP_GLOBAL_AVGPOOL || node->op == INK_OP_GLOBAL_AVGPOOL_DX ||
               node->op == INK_OP_GLOBAL_MAXPOOL || node->op == INK_OP_GLOBAL_MAXPOOL_DX;
    frame f = {x->height, x->width, 1, 0, x->height, x->width, y->height, y->width};
    if (!all) {
        f.window_h = (uint32_t)node->attr.pool.window_h;
        f.window_w = (uint32_t)node->attr.pool.window_w;
        f.stride = (uint32_t)node->attr.pool.stride;
        f.pad = (uint32_t)node->attr.pool.pad;
    }
    return f;
}

/* gather: the step writes x's gradient as sums of y's (average); else windows are y's. */
const void *ink_pool_plan(ink_program *p, const ink_node *node, const ink_cell *x, const ink_cell *y, bool gather) {
    frame f = frame_of(node, x, y);
    pool *t = ink_plan_new(p, 1, sizeof *t);
    if (t == NULL) return NULL;
    t->n_windows = gather ? ink_positions(x) : ink_positions(y);
    size_t most = (size_t)t->n_windows * f.window_h * f.window_w;
    t->windows = ink_plan_new(p, t->n_windows, sizeof *t->windows);
    t->at = ink_plan_new(p, most, sizeof *t->at);
    uint32_t *found = ink_plan_new(p, (size_t)f.window_h * f.window_w, sizeof *found);
    if (t->windows == NULL || t->at == NULL || found == NULL) return NULL;
    t->apart = f.stride >= f.window_h && f.stride >= f.window_w;
    t->factor = 1.0f / (float)(f.window_h * f.window_w);
    uint32_t used = 0, width = gather ? x->width : y->width;
    size_t step = ink_position_floats(p, gather ? y : x);
    for (uint32_t i = 0; i < t->n_windows; i++) {
        uint32_t n = gather ? around(&f, i / width, i % width, found) : inside(&f, i / width, i % width, found);
        t->windows[i] = (window){used, n};
        for (uint32_t w = 0; w < n; w++) t->at[used++] = (int32_t)(found[w] * step);
    }
    return t;
}

bool ink_pool_windows(const void *plan, const int32_t **at, size_t *windows, size_t *n) {
    const pool *t = plan;
    *at = t->at;
    *windows = t->n_windows;
    *n = t->windows[0].n;
    for (uint32_t i = 0; i < t->n_windows; i++) {
        if (t->windows[i].n != *n) return false;
    }
    return t->apart;
}

static size_t step_of(const ink_program *p, ink_id value) {
    return ink_position_floats(p, &p->cells[value]);
}

/* ---- a narrow map and a panel: the pool of a whole map, where the two layouts meet ---- */

/* y [16 images][16 channels] from narrow, [c][16 images], or the other way. */
static void to_panel(const ink_program *p, const float *narrow, size_t c, float *y) {
    float whole[INK_PANEL] = {0};
    memcpy(whole, narrow, c * INK_LANES * sizeof *whole);
    p->kernels->transpose(whole, 0, y, 0, 1);
}

static const float *from_panel(const ink_program *p, ink_id value, uint32_t block, float room[INK_PANEL]) {
    const float *y = ink_block(p, value, block);
    if (p->cells[value].store == INK_STORE_NARROW) return y;
    p->kernels->transpose(y, 0, room, 0, 1);
    return room;
}

static bool meet(const ink_program *p, ink_id map, ink_id y) {
    return p->cells[map].store == INK_STORE_NARROW && p->cells[y].store != INK_STORE_NARROW;
}

void ink_work_maxpool(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)part, (void)worker;
    const pool *t = s->plan;
    size_t step = step_of(p, s->node.in[0]);
    const float *x = ink_block(p, s->node.in[0], block);
    float *y = ink_block(p, s->node.out[0], block), room[INK_PANEL];
    if (meet(p, s->node.in[0], s->node.out[0])) {
        p->kernels->window_max(x, t->at, t->windows[0].n, room, step);
        to_panel(p, room, p->cells[s->node.in[0]].c, y);
        return;
    }
    for (uint32_t i = 0; i < t->n_windows; i++) {
        p->kernels->window_max(x, t->at + t->windows[i].first, t->windows[i].n, y + i * step, step);
    }
}

/* s->relu: x is the output of a relu whose gradient is fused here. */
void ink_work_maxpool_dx(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)part, (void)worker;
    const pool *t = s->plan;
    size_t step = step_of(p, s->node.in[0]);
    const float *x = ink_block(p, s->node.in[0], block), *y = ink_block(p, s->node.in[1], block);
    const float *dy = ink_block(p, s->node.in[2], block);
    float y_room[INK_PANEL], dy_room[INK_PANEL];
    if (meet(p, s->node.in[0], s->node.in[1])) {
        y = from_panel(p, s->node.in[1], block, y_room);
        dy = from_panel(p, s->node.in[2], block, dy_room);
    }
    float *dx = ink_block(p, s->node.out[0], block);
    const ink_cell *to = &p->cells[s->node.out[0]];
    bool covers = t->apart && (size_t)t->n_windows * t->windows[0].n == ink_positions(to);
    if (!covers) memset(dx, 0, to->block * sizeof *dx);
    for (uint32_t i = 0; i < t->n_windows; i++) {
        p->kernels->window_max_dx(x, y + i * step, dy + i * step, dx, t->at + t->windows[i].first, t->windows[i].n,
                                  step, s->relu, covers);
    }
}

/* Average pooling and its gradient: both are sums over a list. */
void ink_work_sumpool(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)part, (void)worker;
    const pool *t = s->plan;
    float *y = ink_block(p, s->node.out[0], block), room[INK_PANEL];
    const float *x = ink_block(p, s->node.in[0], block);
    if (meet(p, s->node.in[0], s->node.out[0])) {
        p->kernels->window_sum(x, t->at, t->windows[0].n, t->factor, room, step_of(p, s->node.in[0]));
        to_panel(p, room, p->cells[s->node.in[0]].c, y);
        return;
    }
    if (meet(p, s->node.out[0], s->node.in[0])) x = from_panel(p, s->node.in[0], block, room);
    const size_t step = step_of(p, s->node.out[0]);
    for (uint32_t i = 0; i < t->n_windows; i++) {
        p->kernels->window_sum(x, t->at + t->windows[i].first, t->windows[i].n, t->factor, y + i * step, step);
    }
}

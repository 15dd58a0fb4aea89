/* ops/cuda/plan_tables.c: the tables that kernels read: the taps of convolutions, the pieces of parameters.
 * Taps that only ever meet the border of a small map are left out. */
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "ops/cuda/program.h"

/* Does place i step + offset, for an i below `count`, lie in 0 .. length-1? */
static bool is_live(uint32_t count, uint32_t step, int32_t offset, uint32_t length) {
    for (uint32_t i = 0; i < count; i++) {
        int64_t at = (int64_t)i * step + offset;
        if (at >= 0 && at < (int64_t)length) return true;
    }
    return false;
}

static bool tap_is_live(const ink_cuda_conv *f, uint32_t r, uint32_t s) {
    return is_live(f->p, f->stride, (int32_t)r - f->pad, f->h) && is_live(f->q, f->stride, (int32_t)s - f->pad, f->w);
}

uint32_t ink_cuda_live_taps(const ink_cuda_conv *f) {
    uint32_t count = 0;
    for (uint32_t t = 0; t < f->r * f->s; t++) count += tap_is_live(f, t / f->s, t % f->s);
    return count;
}

/* Few tiles have many parts, many tiles long ones: about 600 blocks at a batch of 512 on a map of 7 x 7. The kernels of
 * bf16 in memory: about INK_BLOCKS_AIM at that batch on any map. */
uint32_t ink_cuda_part_rows(const ink_cuda_conv *f, uint32_t n_live, uint32_t max_batch, bool bf16) {
    uint32_t tile = bf16 && f->k >= 2 * INK_TILE && n_live * f->c >= 2 * INK_TILE ? 2 * INK_TILE : INK_TILE;
    uint64_t tiles = (uint64_t)((f->k + tile - 1) / tile) * ((n_live * f->c + tile - 1) / tile);
    uint64_t rows = tiles * INK_DEPTH, all = (uint64_t)max_batch * f->p * f->q;
    if (bf16) {
        rows = tiles * INK_BATCH_AIM * f->p * f->q / INK_BLOCKS_AIM;
        rows = (rows + INK_DEPTH - 1) / INK_DEPTH * INK_DEPTH;
    }
    rows = rows < 256 ? 256 : rows > 8192 ? 8192 : rows;
    while ((all + rows - 1) / rows > INK_GRID_MOST) rows *= 2;
    return (uint32_t)rows;
}

/* A table on its way to the device. */
typedef struct tables {
    ink_program *p;
    ink_status status;
    ink_error *err;
} tables;

static const void *send(tables *l, const void *table, size_t count, size_t size) {
    if (l->status != INK_OK) return NULL;
    if (count == 0) count = 1;
    void *to = ink_cuda_block_new(l->p, count * size, false);
    if (to == NULL) {
        l->status = ink_fail_memory(l->err, count * size, "a table on the GPU");
        return NULL;
    }
    l->p->gpu->put(l->p->gpu, to, table, count * size);
    l->status = l->p->gpu->wait(l->p->gpu, l->err);
    return to;
}

/* Room for the tables of one convolution, on the host. */
typedef struct room {
    ink_cuda_tap *taps;
    ink_cuda_grid *grids;
    int32_t *live;
} room;

static void forward_tables(const ink_cuda_conv *f, room *r, ink_cuda_tables *t) {
    for (uint32_t i = 0; i < f->r * f->s; i++) {
        r->live[i] = -1;
        if (!tap_is_live(f, i / f->s, i % f->s)) continue;
        r->live[i] = (int32_t)t->n_live;
        r->taps[t->n_live++] = (ink_cuda_tap){(int32_t)(i / f->s) - f->pad, (int32_t)(i % f->s) - f->pad, i * f->c, i};
    }
    r->grids[0] = (ink_cuda_grid){0, t->n_live, 0, 0, f->p, f->q};
    t->n_grids = 1;
    t->most = f->p * f->q;
}

/* Row `first` + i stride of dx takes window row r from row i + offset of dy; false when r never falls there. */
static bool takes(uint32_t first, uint32_t r, const ink_cuda_conv *f, int32_t *offset) {
    int32_t distance = (int32_t)first + f->pad - (int32_t)r, stride = (int32_t)f->stride;
    *offset = distance / stride;
    return distance % stride == 0;
}

static uint32_t every(uint32_t length, uint32_t first, uint32_t stride) {
    return first < length ? (length - first + stride - 1) / stride : 0;
}

/* Places of dx that are `stride` apart share their taps: a grid for each of the stride * stride kinds. */
static void backward_tables(const ink_cuda_conv *f, room *r, ink_cuda_tables *t) {
    for (uint32_t g = 0; g < f->stride * f->stride; g++) {
        uint32_t first_h = g / f->stride, first_w = g % f->stride;
        ink_cuda_grid grid = {
            t->n_live, 0, first_h, first_w, every(f->h, first_h, f->stride), every(f->w, first_w, f->stride)};
        for (uint32_t i = 0; i < f->r * f->s; i++) {
            int32_t dh, dw;
            if (!takes(first_h, i / f->s, f, &dh) || !takes(first_w, i % f->s, f, &dw)) continue;
            if (!is_live(grid.grid_h, 1, dh, f->p) || !is_live(grid.grid_w, 1, dw, f->q)) continue;
            r->taps[t->n_live++] = (ink_cuda_tap){dh, dw, i * f->c, i};
            grid.n_taps++;
        }
        r->grids[t->n_grids++] = grid;
        if (grid.grid_h * grid.grid_w > t->most) t->most = grid.grid_h * grid.grid_w;
    }
}

static void conv_tables(tables *l, const ink_cuda_conv *f, bool backward, bool bf16, ink_cuda_tables *t) {
    size_t taps = (size_t)f->r * f->s, grids = backward ? (size_t)f->stride * f->stride : 1;
    room r = {ink_mem_new(taps, sizeof *r.taps), ink_mem_new(grids, sizeof *r.grids),
              ink_mem_new(taps, sizeof *r.live)};
    if (r.taps == NULL || r.grids == NULL || r.live == NULL) {
        l->status = ink_fail_memory(l->err, taps * sizeof *r.taps, "a table of taps");
    } else {
        *t = (ink_cuda_tables){.n_live = 0};
        (backward ? backward_tables : forward_tables)(f, &r, t);
        t->taps = send(l, r.taps, taps, sizeof *r.taps);
        t->grids = send(l, r.grids, grids, sizeof *r.grids);
        t->live = send(l, r.live, taps, sizeof *r.live);
        t->part_rows = ink_cuda_part_rows(f, t->n_live, l->p->max_batch, bf16);
    }
    ink_mem_free(r.taps);
    ink_mem_free(r.grids);
    ink_mem_free(r.live);
}

/* ---- pieces of parameters ---- */

static bool is_learner(ink_op op) {
    return op == INK_OP_SGD || op == INK_OP_ADAM || op == INK_OP_AVERAGE;
}

static uint32_t pieces_of(const ink_program *p, ink_id v) {
    return (uint32_t)((ink_graph_elements(&p->g, v) + INK_PIECE - 1) / INK_PIECE);
}

static uint32_t count_pieces(const ink_program *p) {
    uint32_t count = 0;
    for (int32_t i = 0; i < p->g.n_nodes; i++) {
        const ink_node *node = &p->g.nodes[i];
        if (is_learner(node->op)) count += pieces_of(p, node->in[0]);
        for (ink_id v = 0; node->op == INK_OP_CLIP && v < p->g.n_values; v++) {
            if (p->g.values[v].gradient != INK_NONE) count += pieces_of(p, v);
        }
    }
    return count;
}

ink_cuda_copy ink_cuda_copy_of(const ink_program *p, ink_id v) {
    uint32_t c = ink_cuda_channels(&p->g.values[v]);
    if (p->bf16[v] == NULL) return (ink_cuda_copy){.to = NULL};
    return (ink_cuda_copy){p->bf16[v], c, ink_cuda_c_bf16(c)};
}

/* Cuts what `whole` says of a parameter of `count` elements into pieces. */
static uint32_t cut(ink_cuda_piece whole, size_t count, ink_cuda_piece *to) {
    uint32_t n = 0;
    for (size_t from = 0; from < count; from += INK_PIECE) {
        ink_cuda_piece *piece = &to[n++];
        *piece = whole;
        piece->first = (uint32_t)from;
        piece->count = count - from < INK_PIECE ? (uint32_t)(count - from) : INK_PIECE;
        if (whole.w != NULL) piece->w += from;
        if (whole.dw != NULL) piece->dw += from;
        if (whole.m != NULL) piece->m += from;
        if (whole.v != NULL) piece->v += from;
    }
    return n;
}

static ink_cuda_piece piece_of(const ink_program *p, int32_t at) {
    const ink_node *node = &p->g.nodes[at];
    ink_cuda_piece piece = {.w = p->data[node->in[0]],
                            .op = (int32_t)node->op,
                            .lr_scale = p->g.values[node->in[0]].lr_scale,
                            .number = (uint32_t)at};
    if (node->op == INK_OP_AVERAGE) {
        piece.m = p->data[node->in[1]];
        return piece;
    }
    piece.dw = p->data[node->in[1]];
    piece.copy = ink_cuda_copy_of(p, node->in[0]);
    piece.m = ink_cuda_data(p, node->in[2]);
    piece.v = node->op == INK_OP_ADAM ? ink_cuda_data(p, node->in[3]) : NULL;
    piece.momentum = node->attr.optimizer.momentum;
    piece.beta1 = node->attr.optimizer.beta1;
    piece.beta2 = node->attr.optimizer.beta2;
    piece.eps = node->attr.optimizer.eps;
    piece.decay = node->attr.optimizer.decay;
    piece.nesterov = node->attr.optimizer.nesterov;
    piece.decoupled = node->attr.optimizer.decoupled;
    return piece;
}

/* Nodes in a row share a launch: optimizers with optimizers (each has its own parameter), averages with averages. */
static void list_pieces(ink_program *p, ink_cuda_piece *pieces) {
    uint32_t n = 0;
    for (int32_t i = 0; i < p->g.n_nodes; i++) {
        const ink_node *node = &p->g.nodes[i];
        ink_cuda_note *note = &p->notes[i];
        if (node->op == INK_OP_CLIP) {
            note->first_piece = n;
            for (ink_id v = 0; v < p->g.n_values; v++) {
                if (p->g.values[v].gradient == INK_NONE) continue;
                ink_cuda_piece whole = {.dw = p->data[p->g.values[v].gradient]};
                n += cut(whole, ink_graph_elements(&p->g, v), pieces + n);
            }
            note->n_pieces = n - note->first_piece;
        }
        if (!is_learner(node->op) || note->done) continue;
        note->first_piece = n;
        bool average = node->op == INK_OP_AVERAGE;
        for (int32_t k = i; k < p->g.n_nodes && is_learner(p->g.nodes[k].op); k++) {
            if ((p->g.nodes[k].op == INK_OP_AVERAGE) != average) break;
            p->notes[k].done = k > i;
            n += cut(piece_of(p, k), ink_graph_elements(&p->g, p->g.nodes[k].in[0]), pieces + n);
        }
        note->n_pieces = n - note->first_piece;
    }
}

/* ---- what is rounded before a step: parameters and inputs that the caller wrote ---- */

static uint32_t list_rounded(const ink_program *p, ink_cuda_rounded *to) {
    uint32_t n = 0;
    for (ink_id v = 0; v < p->g.n_values; v++) {
        const ink_value *value = &p->g.values[v];
        if (p->forms[v] == INK_FORM_FLOAT || (value->role != INK_ROLE_PARAM && value->role != INK_ROLE_INPUT)) continue;
        uint32_t c = ink_cuda_channels(value), c_bf16 = ink_cuda_c_bf16(c), piece = INK_PIECE / c + 1;
        size_t rows = ink_graph_elements(&p->g, v) * (value->batched ? p->max_batch : 1) / c;
        for (size_t row = 0; row < rows; row += piece, n++) {
            if (to == NULL) continue;
            to[n] = (ink_cuda_rounded){p->data[v] + row * c, p->bf16[v] + row * c_bf16,
                                       rows - row < piece ? (uint32_t)(rows - row) : piece, c, c_bf16};
        }
    }
    return n;
}

static ink_status write_rounded(tables *l) {
    uint32_t count = list_rounded(l->p, NULL);
    if (l->status != INK_OK || count == 0) return l->status;
    ink_cuda_rounded *pieces = ink_mem_new(count, sizeof *pieces);
    if (pieces == NULL) return ink_fail_memory(l->err, count * sizeof *pieces, "a table of what is rounded");
    (void)list_rounded(l->p, pieces);
    l->p->to_round = send(l, pieces, count, sizeof *pieces);
    l->p->n_to_round = count;
    ink_mem_free(pieces);
    return l->status;
}

ink_status ink_cuda_write_tables(ink_program *p, ink_error *err) {
    static const ink_cuda_conv unit = {1, 1, 1, 1, 1, 1, 1, 1, 1, 0};
    tables l = {p, INK_OK, err};
    conv_tables(&l, &unit, false, false, &p->unit);
    for (int32_t i = 0; i < p->g.n_nodes && l.status == INK_OK; i++) {
        const ink_node *node = &p->g.nodes[i];
        if (!ink_cuda_is_matrix(node->op)) continue;
        ink_cuda_conv f = ink_cuda_conv_at(p, i);
        bool backward = node->op == INK_OP_CONV2D_DX || node->op == INK_OP_LINEAR_DX;
        conv_tables(&l, &f, backward, p->notes[i].is_bf16, &p->notes[i].tables);
    }
    l.status = write_rounded(&l);
    uint32_t count = count_pieces(p);
    if (l.status != INK_OK || count == 0) return l.status;
    ink_cuda_piece *pieces = ink_mem_new(count, sizeof *pieces);
    if (pieces == NULL) return ink_fail_memory(err, count * sizeof *pieces, "a table of parameters");
    list_pieces(p, pieces);
    p->pieces = send(&l, pieces, count, sizeof *pieces);
    ink_mem_free(pieces);
    return l.status;
}

/* ops/cuda/walk_nodes.c: launches of convolutions, linear layers, batch norm, and their gradients.
 * What became part of a node's kernel stands in its note (plan.c). */
#include "ops/cuda/program.h"

static void launch(ink_program *p, ink_cuda_kernel kernel, ink_gpu_size blocks, const void *arguments) {
    p->gpu->launch(p->gpu, kernel, blocks, arguments);
}

static uint32_t tiles_of(uint64_t count, uint32_t tile) {
    return (uint32_t)((count + tile - 1) / tile);
}

static uint32_t tiles(uint64_t count) {
    return tiles_of(count, INK_TILE);
}

/* ---- products of bf16 that lies in memory ---- */

#define BLOCKS_ENOUGH 256 /* about two for each multiprocessor of a large GPU */

typedef struct tile_size {
    uint32_t rows, columns;
    ink_cuda_kernel gather, turned;
} tile_size;

static const tile_size sizes[] = {
    [INK_TILE_64x64] = {64, 64, INK_KERN_gather_64x64, INK_KERN_turned_64x64},
    [INK_TILE_128x32] = {128, 32, INK_KERN_gather_128x32, INK_KERN_turned_128x32},
    [INK_TILE_128x64] = {128, 64, INK_KERN_gather_128x64, INK_KERN_turned_128x64},
    [INK_TILE_128x128] = {128, 128, INK_KERN_gather_128x128, INK_KERN_turned_128x128},
};

/* The largest tile that is not for the most part empty and of which there are enough. */
static ink_gpu_tile tile_for(const ink_program *p, uint64_t rows, uint32_t columns, uint32_t grids) {
    if (p->gpu->tile != INK_TILE_CHOSEN) return p->gpu->tile;
    ink_gpu_tile best = columns > 64 ? INK_TILE_128x128 : columns > 32 ? INK_TILE_128x64 : INK_TILE_128x32;
    for (ink_gpu_tile tile = best; tile >= INK_TILE_128x32; tile--) {
        if (columns > 32 && tile == INK_TILE_128x32) break;
        uint64_t blocks = (uint64_t)tiles_of(rows, sizes[tile].rows) * tiles_of(columns, sizes[tile].columns);
        if (blocks * grids >= BLOCKS_ENOUGH) return tile;
    }
    return INK_TILE_64x64;
}

static void launch_tiles(ink_program *p, const ink_cuda_tables *t, const ink_cuda_gather *a) {
    uint64_t rows = (uint64_t)a->n * t->most;
    uint32_t deep = a->split > 1 ? a->split : t->n_grids;
    const tile_size *size = &sizes[a->split > 1 ? INK_TILE_64x64 : tile_for(p, rows, a->k, deep)];
    launch(p, a->w_channel == 1 ? size->gather : size->turned,
           (ink_gpu_size){tiles_of(rows, size->rows), tiles_of(a->k, size->columns), deep}, a);
}

static void launch_bf16(ink_program *p, const ink_cuda_note *note, const ink_cuda_gather *a) {
    ink_cuda_gather one = *a;
    if (note->split > 1) {
        one.split = note->split;
        one.parts = p->shares;
        one.arrived = p->shares_arrived;
    }
    launch_tiles(p, &note->tables, &one);
}

static void launch_outer_bf16(ink_program *p, uint32_t columns, uint32_t parts, const ink_cuda_outer *a) {
    uint64_t blocks = (uint64_t)tiles_of(columns, 128) * tiles_of(a->k, 128) * parts;
    bool large = a->k > 64 && columns > 64 && blocks >= BLOCKS_ENOUGH / 2;
    if (p->gpu->tile != INK_TILE_CHOSEN) large = p->gpu->tile == INK_TILE_128x128;
    uint32_t tile = large ? 128 : 64;
    launch(p, large ? INK_KERN_outer_128x128 : INK_KERN_outer_64x64,
           (ink_gpu_size){tiles_of(columns, tile), tiles_of(a->k, tile), parts}, a);
}

/* ---- matrix nodes ---- */

/* The kernel of a precision; f32, tf32, bf16 stand in this order in kernels.h. */
static ink_cuda_kernel for_precision(const ink_program *p, ink_cuda_kernel f32) {
    int further = p->precision == INK_PRECISION_BF16 ? 2 : p->precision == INK_PRECISION_TF32 ? 1 : 0;
    return (ink_cuda_kernel)((int)f32 + further);
}

static void walk_outer(ink_program *p, int32_t at, uint32_t n) {
    const ink_node *node = &p->g.nodes[at];
    const ink_cuda_tables *t = &p->notes[at].tables;
    ink_cuda_conv f = ink_cuda_conv_at(p, at);
    uint32_t c = ink_cuda_conv_of(p, node).c;
    uint32_t rows = n * f.p * f.q, parts = (rows + t->part_rows - 1) / t->part_rows;
    ink_cuda_outer a = {.x = p->data[node->in[0]],
                        .dy = p->data[node->in[1]],
                        .x_bf16 = p->bf16[node->in[0]],
                        .dy_bf16 = p->bf16[node->in[1]],
                        .parts = p->parts,
                        .taps = t->taps,
                        .n_taps = t->n_live,
                        .n = n,
                        .in_h = f.h,
                        .in_w = f.w,
                        .c = f.c,
                        .in_step = f.stride,
                        .out_h = f.p,
                        .out_w = f.q,
                        .k = f.k,
                        .part_rows = t->part_rows};
    if (t->n_live > 0 && p->notes[at].is_bf16) {
        launch_outer_bf16(p, t->n_live * f.c, parts, &a);
    } else if (t->n_live > 0) {
        launch(p, for_precision(p, INK_KERN_outer_f32),
               (ink_gpu_size){tiles((uint64_t)t->n_live * f.c), tiles(f.k), parts}, &a);
    }
    ink_cuda_outer_join join = {.parts = p->parts,
                                .live = t->live,
                                .dw = p->data[node->out[0]],
                                .n_parts = parts,
                                .n_taps = f.r * f.s,
                                .n_live = t->n_live,
                                .c = c,
                                .k = f.k,
                                .parts_c = f.c};
    launch(p, INK_KERN_outer_join, ink_cuda_blocks((uint64_t)f.k * f.r * f.s * c), &join);
}

static void launch_fixed(ink_program *p, const ink_node *norm) {
    uint32_t c = ink_cuda_dim(p, norm->in[0], 0);
    ink_cuda_fixed fixed = {
        p->data[norm->in[3]],    p->data[norm->in[4]], p->data[norm->out[1]], p->data[norm->out[2]], c,
        norm->attr.batchnorm.eps};
    launch(p, INK_KERN_fixed, ink_cuda_blocks(c), &fixed);
}

static void add_norm(ink_program *p, const ink_cuda_note *note, ink_cuda_gather *a) {
    if (note->norm < 0) return;
    const ink_node *norm = &p->g.nodes[note->norm];
    launch_fixed(p, norm);
    a->mean = p->data[norm->out[1]];
    a->inv_std = p->data[norm->out[2]];
    a->gamma = ink_cuda_data(p, norm->in[1]);
    a->beta = ink_cuda_data(p, norm->in[2]);
    a->relu_first = note->relu_first;
}

void ink_cuda_walk_matrix(ink_program *p, int32_t at, uint32_t n) {
    const ink_node *node = &p->g.nodes[at];
    const ink_cuda_note *note = &p->notes[at];
    if (node->op == INK_OP_CONV2D_DW || node->op == INK_OP_LINEAR_DW) {
        walk_outer(p, at, n);
        return;
    }
    ink_cuda_conv f = ink_cuda_conv_at(p, at);
    uint32_t filter = f.r * f.s * f.c;
    ink_cuda_gather a = {.x = p->data[node->in[0]],
                         .w = p->data[node->in[1]],
                         .x_bf16 = p->bf16[node->in[0]],
                         .w_bf16 = p->bf16[node->in[1]],
                         .residual = ink_cuda_data(p, note->residual),
                         .y = p->data[node->out[0]],
                         .y_bf16 = p->bf16[node->out[0]],
                         .stats = note->gives_sums ? p->sums : NULL,
                         .taps = note->tables.taps,
                         .grids = note->tables.grids,
                         .n = n,
                         .relu = note->relu};
    if (node->op == INK_OP_CONV2D || node->op == INK_OP_LINEAR) {
        a.bias = ink_cuda_data(p, node->in[2]);
        a.in_h = f.h, a.in_w = f.w, a.c = f.c, a.in_step = f.stride;
        a.out_h = f.p, a.out_w = f.q, a.k = f.k, a.out_step = 1;
        a.w_column = filter, a.w_channel = 1;
    } else {
        a.in_h = f.p, a.in_w = f.q, a.c = f.k, a.in_step = 1;
        a.out_h = f.h, a.out_w = f.w, a.k = f.c, a.out_step = f.stride;
        a.w_column = 1, a.w_channel = filter;
    }
    a.gate = ink_cuda_data(p, note->slope);
    a.gate_bf16 = ink_cuda_bf16(p, note->slope);
    add_norm(p, note, &a);
    if (note->is_bf16) {
        launch_bf16(p, note, &a);
        return;
    }
    launch(p, for_precision(p, INK_KERN_gather_f32),
           (ink_gpu_size){tiles((uint64_t)n * note->tables.most), tiles(a.k), note->tables.n_grids}, &a);
}

/* ---- depthwise ---- */

void ink_cuda_walk_depthwise(ink_program *p, const ink_node *node, uint32_t n) {
    const ink_cuda_conv f = ink_cuda_conv_of(p, node);
    ink_cuda_depthwise a = {.x = p->data[node->in[0]],
                            .w = p->data[node->in[1]],
                            .y = p->data[node->out[0]],
                            .y_bf16 = p->bf16[node->out[0]],
                            .backward = node->op == INK_OP_DEPTHWISE_DX,
                            .c = f.c,
                            .in_h = f.h,
                            .in_w = f.w,
                            .out_h = f.p,
                            .out_w = f.q,
                            .window_h = (int32_t)f.r,
                            .window_w = (int32_t)f.s,
                            .stride = (int32_t)f.stride,
                            .pad = f.pad};
    if (node->op != INK_OP_DEPTHWISE_DW) {
        if (node->op == INK_OP_DEPTHWISE) a.bias = ink_cuda_data(p, node->in[2]);
        a.count = (uint64_t)n * ink_graph_elements(&p->g, node->out[0]);
        launch(p, INK_KERN_depthwise, ink_cuda_blocks(a.count), &a);
        return;
    }
    a.y = p->parts;
    a.y_bf16 = NULL;
    a.count = (uint64_t)n * f.p * f.q;
    const uint32_t chunks = (uint32_t)((a.count + INK_CHUNK - 1) / INK_CHUNK), taps = f.r * f.s;
    launch(p, INK_KERN_depthwise_dw, (ink_gpu_size){chunks, (f.c + INK_ACROSS - 1) / INK_ACROSS, taps}, &a);
    ink_cuda_depthwise_join join = {p->parts, p->data[node->out[0]], chunks, taps, f.c};
    launch(p, INK_KERN_depthwise_join, (ink_gpu_size){f.c, taps, 1}, &join);
}

/* ---- batch norm, gradients of biases ---- */

static void launch_join(ink_program *p, ink_cuda_join a) {
    launch(p, INK_KERN_join, (ink_gpu_size){a.c, 1, 1}, &a);
}

/* The sums, and what is to become of them: few chunks their last block joins, sooner than another launch would. */
static void walk_sums(ink_program *p, ink_cuda_sums a, ink_cuda_join join) {
    const uint32_t chunks = (a.rows + INK_CHUNK - 1) / INK_CHUNK;
    const ink_gpu_size blocks = {chunks, (a.c + INK_ACROSS - 1) / INK_ACROSS, 1};
    join.sums = a.sums = p->sums;
    join.rows = a.rows;
    join.c = a.c;
    if (chunks <= INK_AT_ONCE) {
        a.arrived = p->arrived;
        a.join = join;
    }
    launch(p, INK_KERN_sums, blocks, &a);
    if (a.arrived == NULL) launch_join(p, join);
}

static void walk_bias(ink_program *p, const ink_node *node, uint32_t n) {
    uint32_t rows = n * ink_cuda_map_of(p, node->in[0]), c = ink_cuda_dim(p, node->in[0], 0);
    walk_sums(p, (ink_cuda_sums){.dy = p->data[node->in[0]], .rows = rows, .c = c, .with_dy = 1},
              (ink_cuda_join){.mean = p->data[node->out[0]], .kind = 1});
}

static void walk_forward(ink_program *p, int32_t at, uint32_t n) {
    const ink_node *node = &p->g.nodes[at];
    const ink_cuda_note *note = &p->notes[at];
    uint32_t rows = n * ink_cuda_map_of(p, node->in[0]), c = ink_cuda_dim(p, node->in[0], 0);
    float *mean = p->data[node->out[1]], *inv_std = p->data[node->out[2]];
    if (node->attr.batchnorm.training) {
        ink_cuda_join join = {.sums = p->sums,
                              .mean = mean,
                              .inv_std = inv_std,
                              .running_mean = p->data[node->in[3]],
                              .running_var = p->data[node->in[4]],
                              .rows = rows,
                              .c = c,
                              .kind = 0,
                              .eps = node->attr.batchnorm.eps,
                              .momentum = node->attr.batchnorm.momentum};
        if (note->has_sums) {
            launch_join(p, join);
        } else {
            walk_sums(p, (ink_cuda_sums){.x = p->data[node->in[0]], .rows = rows, .c = c}, join);
        }
    } else {
        launch_fixed(p, node);
    }
    ink_cuda_norm a = {.x = p->data[node->in[0]],
                       .gamma = ink_cuda_data(p, node->in[1]),
                       .beta = ink_cuda_data(p, node->in[2]),
                       .mean = mean,
                       .inv_std = inv_std,
                       .residual = ink_cuda_data(p, note->residual),
                       .y = p->data[node->out[0]],
                       .y_bf16 = p->bf16[node->out[0]],
                       .count = (uint64_t)rows * c,
                       .c = c,
                       .relu = note->relu};
    launch(p, INK_KERN_norm, ink_cuda_blocks(c % 4 == 0 ? a.count / 4 : a.count), &a);
}

static void walk_backward(ink_program *p, int32_t at, uint32_t n) {
    const ink_node *node = &p->g.nodes[at];
    const ink_cuda_note *note = &p->notes[at];
    uint32_t rows = n * ink_cuda_map_of(p, node->in[0]), c = ink_cuda_dim(p, node->in[0], 0);
    float *mean = p->data[node->in[3]], *inv_std = p->data[node->in[4]];
    bool training = node->attr.batchnorm.training;
    ink_cuda_join join = {.mean = ink_cuda_data(p, node->out[2]),
                          .inv_std = ink_cuda_data(p, node->out[1]),
                          .running_mean = inv_std,
                          .tilt = p->tilt,
                          .kind = 1};
    walk_sums(p,
              (ink_cuda_sums){.x = p->data[node->in[0]],
                              .dy = p->data[note->dy],
                              .y = ink_cuda_data(p, note->gate),
                              .y_bf16 = ink_cuda_bf16(p, note->gate),
                              .mean = mean,
                              .inv_std = inv_std,
                              .rows = rows,
                              .c = c,
                              .with_dy = 2,
                              .relu = note->gate != INK_NONE},
              join);
    if (node->out[0] == INK_NONE) return;
    ink_cuda_norm a = {.x = p->data[node->in[0]],
                       .dy = p->data[note->dy],
                       .gate = ink_cuda_data(p, note->gate),
                       .gate_bf16 = ink_cuda_bf16(p, note->gate),
                       .gamma = ink_cuda_data(p, node->in[2]),
                       .mean = mean,
                       .inv_std = inv_std,
                       .tilt = training ? p->tilt : NULL,
                       .y = p->data[node->out[0]],
                       .y_bf16 = p->bf16[node->out[0]],
                       .count = (uint64_t)rows * c,
                       .c = c,
                       .relu = note->relu,
                       .backward = 1};
    launch(p, INK_KERN_norm, ink_cuda_blocks(c % 4 == 0 ? a.count / 4 : a.count), &a);
}

void ink_cuda_walk_norm(ink_program *p, int32_t at, uint32_t n) {
    const ink_node *node = &p->g.nodes[at];
    if (node->op == INK_OP_BIAS_DB) {
        walk_bias(p, node, n);
    } else if (node->op == INK_OP_BATCHNORM) {
        walk_forward(p, at, n);
    } else {
        walk_backward(p, at, n);
    }
}

/* ops/cuda/walk_learn.c: launches of clipping, optimizers and averages; Muon's products of matrices.
 * Their numbers that change from step to step are read from the device's memory (kernels.h: ink_cuda_now). */
#include "ops/cuda/program.h"

static void launch(ink_program *p, ink_cuda_kernel kernel, ink_gpu_size blocks, const void *arguments) {
    p->gpu->launch(p->gpu, kernel, blocks, arguments);
}

static ink_cuda_clip *clip_of(const ink_program *p) {
    return p->clips ? (ink_cuda_clip *)(void *)p->out : NULL;
}

static const ink_cuda_now *now_of(const ink_program *p) {
    return (const ink_cuda_now *)(const void *)p->in;
}

static void walk_clip(ink_program *p, int32_t at) {
    const ink_cuda_note *note = &p->notes[at];
    ink_cuda_squares squares = {p->pieces + note->first_piece, p->squares};
    if (note->n_pieces > 0) launch(p, INK_KERN_squares, (ink_gpu_size){note->n_pieces, 1, 1}, &squares);
    ink_cuda_clip_join join = {p->squares, clip_of(p), note->n_pieces, p->g.nodes[at].attr.clip.max_norm};
    launch(p, INK_KERN_clip_join, (ink_gpu_size){1, 1, 1}, &join);
}

static void walk_pieces(ink_program *p, int32_t at) {
    const ink_cuda_note *note = &p->notes[at];
    ink_cuda_learn a = {.pieces = p->pieces + note->first_piece,
                        .now = now_of(p),
                        .numbers = (const float *)(const void *)(p->in + p->numbers_at),
                        .clip = clip_of(p)};
    launch(p, INK_KERN_learn, (ink_gpu_size){note->n_pieces, 1, 1}, &a);
}

/* y [rows][columns] = x [rows][terms] times w: row j of w is column j of the product, or (turned) w [terms][columns] */
/* NOLINTNEXTLINE(readability-non-const-parameter): a kernel writes y */
static void multiply(ink_program *p, const float *x, const float *w, float *y, uint32_t rows, uint32_t terms,
                     uint32_t columns, bool turned) {
    ink_cuda_gather a = {.x = x,
                         .w = w,
                         .y = y,
                         .taps = p->unit.taps,
                         .grids = p->unit.grids,
                         .n = rows,
                         .in_h = 1,
                         .in_w = 1,
                         .c = terms,
                         .in_step = 1,
                         .out_h = 1,
                         .out_w = 1,
                         .k = columns,
                         .out_step = 1,
                         .w_column = turned ? 1 : terms,
                         .w_channel = turned ? columns : 1};
    launch(p, INK_KERN_gather_f32,
           (ink_gpu_size){(rows + INK_TILE - 1) / INK_TILE, (columns + INK_TILE - 1) / INK_TILE, 1}, &a);
}

/* y = p x + q b */
/* NOLINTNEXTLINE(readability-non-const-parameter): a kernel writes y */
static void mix(ink_program *p, const float *x, const float *b, float *y, size_t count, float of_x, float of_b) {
    ink_cuda_map a = {.x = x, .b = b, .y = y, .count = count, .kind = INK_MAP_MIX, .p = of_x, .q = of_b};
    launch(p, INK_KERN_map, ink_cuda_blocks(count), &a);
}

static void walk_muon(ink_program *p, int32_t at) {
    const ink_node *node = &p->g.nodes[at];
    size_t all = ink_graph_elements(&p->g, node->in[0]);
    uint32_t k = ink_cuda_dim(p, node->in[0], 0), m = (uint32_t)(all / k);
    float *u = p->muon, *x = u + all, *gram = x + all, *square = gram + (size_t)k * k, *z = square + (size_t)k * k;
    ink_cuda_muon a = {.w = p->data[node->in[0]],
                       .buffer = p->data[node->in[2]],
                       .u = u,
                       .copy = ink_cuda_copy_of(p, node->in[0]),
                       .dw = p->data[node->in[1]],
                       .squares = p->squares,
                       .now = now_of(p),
                       .clip = clip_of(p),
                       .count = (uint32_t)all,
                       .pieces = (uint32_t)((all + INK_PIECE - 1) / INK_PIECE),
                       .momentum = node->attr.optimizer.momentum,
                       .decay = node->attr.optimizer.decay,
                       .lr_scale = p->g.values[node->in[0]].lr_scale,
                       .way = ink_muon_scale(k, all)};
    ink_gpu_size pieces = {a.pieces, 1, 1};
    launch(p, INK_KERN_muon, pieces, &a);
    a.stage = 1;
    launch(p, INK_KERN_muon, pieces, &a);
    for (int round = 0; round < INK_MUON_STEPS; round++) {
        multiply(p, u, u, gram, k, m, k, false);
        multiply(p, gram, gram, square, k, k, k, false);
        mix(p, gram, square, z, (size_t)k * k, INK_MUON_B, INK_MUON_C);
        multiply(p, z, u, x, k, k, m, true);
        mix(p, u, x, u, all, INK_MUON_A, 1.0f);
    }
    a.stage = 2;
    launch(p, INK_KERN_muon, pieces, &a);
}

void ink_cuda_walk_learn(ink_program *p, int32_t at) {
    const ink_node *node = &p->g.nodes[at];
    if (node->op == INK_OP_CLIP) {
        walk_clip(p, at);
    } else if (node->op == INK_OP_MUON) {
        walk_muon(p, at);
    } else {
        walk_pieces(p, at);
    }
}

/* ops/cuda/walk.c: launches the kernels of a graph, node after node, for n images.
 * Matrix nodes and batch norm are in walk_nodes.c, optimizers in walk_learn.c. */
#include "ops/cuda/program.h"

ink_gpu_size ink_cuda_blocks(uint64_t count) {
    return (ink_gpu_size){(uint32_t)((count + INK_BLOCK - 1) / INK_BLOCK), 1, 1};
}

static void launch(ink_program *p, ink_cuda_kernel kernel, ink_gpu_size blocks, const void *arguments) {
    p->gpu->launch(p->gpu, kernel, blocks, arguments);
}

static const ink_cuda_now *now_of(const ink_program *p) {
    return (const ink_cuda_now *)(const void *)p->in;
}

static uint64_t count_of(const ink_program *p, ink_id v, uint32_t n) {
    return (uint64_t)ink_graph_elements(&p->g, v) * (p->g.values[v].batched ? n : 1);
}

/* A distortion alone is normalised by 1 and 0. */
static void walk_input(ink_program *p, int32_t at, uint32_t n, bool by_rows) {
    const ink_node *node = &p->g.nodes[at];
    ink_id y = node->out[0];
    ink_cuda_normalise a = {
        .images = {.pixels = p->in + p->images_at, .height = ink_cuda_dim(p, y, 1), .width = ink_cuda_dim(p, y, 2)},
        .y = p->data[y],
        .y_bf16 = p->bf16[y],
        .scale = {1.0f},
        .n = n,
        .c = ink_cuda_dim(p, y, 0),
        .flat = ink_cuda_root(p, y) != y};
    if (node->op == INK_OP_WARP || p->notes[at].warps) {
        a.images.warps = (const ink_warp *)(const void *)(p->in + p->warps_at);
    }
    if (by_rows) ink_cuda_images_of_rows(p, &a.images);
    for (uint32_t c = 0; c < 3 && node->op == INK_OP_NORMALISE; c++) {
        a.scale[c] = node->attr.normalise.scale[c];
        a.shift[c] = node->attr.normalise.shift[c];
    }
    launch(p, INK_KERN_normalise, ink_cuda_blocks((uint64_t)n * ink_cuda_map_of(p, y)), &a);
}

static void walk_map(ink_program *p, int32_t at, ink_cuda_map_kind kind, uint32_t n) {
    const ink_node *node = &p->g.nodes[at];
    bool flat = kind == INK_MAP_FLATTEN_DX;
    ink_id shape = flat ? node->out[0] : node->in[0]; /* whose maps and channels count */
    ink_cuda_map a = {.x = p->data[node->in[0]],
                      .b = ink_cuda_data(p, node->in[1]),
                      .y = p->data[node->out[0]],
                      .y_bf16 = p->bf16[node->out[0]],
                      .count = count_of(p, node->out[0], n),
                      .kind = kind,
                      .relu = p->notes[at].relu,
                      .map = ink_cuda_map_of(p, shape),
                      .c = ink_cuda_dim(p, shape, 0),
                      .now = now_of(p)};
    if (kind == INK_MAP_ACTIVATION || kind == INK_MAP_ACTIVATION_DX) {
        a.activation = (int32_t)node->attr.activation.kind;
        a.slope = node->attr.activation.slope;
    } else if (kind == INK_MAP_DROPOUT) {
        a.rate = node->attr.dropout.rate;
        a.key = node->attr.dropout.key;
    }
    bool moves = kind == INK_MAP_DROPOUT || kind == INK_MAP_FLATTEN || kind == INK_MAP_FLATTEN_DX;
    a.four = moves && (a.map == 1 ? a.c : a.map) % 4 == 0;
    launch(p, INK_KERN_map, ink_cuda_blocks(a.four ? a.count / 4 : a.count), &a);
}

/* x and y: of the forward node. */
static ink_cuda_pool pool_of(const ink_program *p, const ink_node *node, ink_id x, ink_id y) {
    ink_cuda_pool a = {.c = ink_cuda_dim(p, x, 0),
                       .in_h = ink_cuda_dim(p, x, 1),
                       .in_w = ink_cuda_dim(p, x, 2),
                       .out_h = ink_cuda_dim(p, y, 1),
                       .out_w = ink_cuda_dim(p, y, 2)};
    bool global = node->op == INK_OP_GLOBAL_AVGPOOL || node->op == INK_OP_GLOBAL_AVGPOOL_DX ||
                  node->op == INK_OP_GLOBAL_MAXPOOL || node->op == INK_OP_GLOBAL_MAXPOOL_DX;
    a.window_h = global ? (int32_t)a.in_h : node->attr.pool.window_h;
    a.window_w = global ? (int32_t)a.in_w : node->attr.pool.window_w;
    a.stride = global ? 1 : node->attr.pool.stride;
    a.pad = global ? 0 : node->attr.pool.pad;
    return a;
}

static void launch_pool(ink_program *p, ink_cuda_pool a) {
    launch(p, INK_KERN_pool, ink_cuda_blocks(a.c % 4 == 0 ? a.count / 4 : a.count), &a);
}

static void walk_pool(ink_program *p, int32_t at, ink_cuda_pool_kind kind, uint32_t n) {
    const ink_node *node = &p->g.nodes[at];
    const bool tiled = ink_cuda_is_tiled(node);
    if (kind == INK_POOL_MAX_DX && !tiled) {
        ink_cuda_pool first = pool_of(p, node, node->in[0], node->in[1]);
        first.x = p->data[node->in[0]];
        first.first = p->first;
        first.kind = INK_POOL_FIRST;
        first.count = count_of(p, node->in[1], n);
        launch_pool(p, first);
    }
    ink_id x = node->in[0], y = node->out[0];
    if (kind == INK_POOL_MAX_DX) y = node->in[1];
    if (kind == INK_POOL_AVERAGE_DX) {
        x = node->out[0];
        y = node->in[0];
    }
    ink_cuda_pool a = pool_of(p, node, x, y);
    a.x = p->data[kind == INK_POOL_MAX_DX ? node->in[2] : node->in[0]];
    a.y = p->data[node->out[0]];
    a.y_bf16 = p->bf16[node->out[0]];
    a.gate = ink_cuda_data(p, p->notes[at].slope);
    a.gate_bf16 = ink_cuda_bf16(p, p->notes[at].slope);
    a.kind = kind;
    a.count = count_of(p, node->out[0], n);
    if (tiled) {
        const uint32_t stride = (uint32_t)a.stride;
        a.map = p->data[node->in[0]];
        a.kind = INK_POOL_TILED_MAX_DX;
        a.count = (uint64_t)n * ((a.in_h + stride - 1) / stride) * ((a.in_w + stride - 1) / stride) * a.c;
    } else if (kind == INK_POOL_MAX_DX) {
        a.first = p->first;
    }
    launch_pool(p, a);
}

static void walk_classes(ink_program *p, const ink_node *node, ink_cuda_classes_kind kind, uint32_t n) {
    ink_cuda_classes a = {.z = p->data[node->in[0]],
                          .y = p->data[node->out[0]],
                          .labels = p->in + p->labels_at,
                          .kind = kind,
                          .n = n,
                          .classes = ink_cuda_dim(p, node->in[0], 0)};
    if (kind == INK_CLASSES_SOFTMAX_DX) {
        a.q = p->data[node->in[1]];
    } else if (kind != INK_CLASSES_SOFTMAX) {
        a.q = ink_cuda_data(p, node->in[2]);
        a.smoothing = node->attr.cross_entropy.smoothing;
        a.soft_weight = node->attr.cross_entropy.soft_weight;
        a.temperature = node->attr.cross_entropy.temperature;
    }
    if (kind == INK_CLASSES_LOSS) { /* the others need not wait for it, which writes these */
        a.losses = (float *)(void *)(p->out + p->losses_at);
        a.right = (uint32_t *)(void *)(p->out + p->right_at);
    }
    launch(p, INK_KERN_classes, ink_cuda_blocks(n), &a);
}

static void walk_node(ink_program *p, int32_t at, uint32_t n, bool by_rows) {
    const ink_node *node = &p->g.nodes[at];
    switch (node->op) {
    case INK_OP_WARP:
    case INK_OP_NORMALISE: walk_input(p, at, n, by_rows); break;
    case INK_OP_LINEAR:
    case INK_OP_LINEAR_DX:
    case INK_OP_LINEAR_DW:
    case INK_OP_CONV2D:
    case INK_OP_CONV2D_DX:
    case INK_OP_CONV2D_DW: ink_cuda_walk_matrix(p, at, n); break;
    case INK_OP_DEPTHWISE:
    case INK_OP_DEPTHWISE_DX:
    case INK_OP_DEPTHWISE_DW: ink_cuda_walk_depthwise(p, node, n); break;
    case INK_OP_BIAS_DB:
    case INK_OP_BATCHNORM:
    case INK_OP_BATCHNORM_DX: ink_cuda_walk_norm(p, at, n); break;
    case INK_OP_ACTIVATION: walk_map(p, at, INK_MAP_ACTIVATION, n); break;
    case INK_OP_ACTIVATION_DX: walk_map(p, at, INK_MAP_ACTIVATION_DX, n); break;
    case INK_OP_MAXPOOL:
    case INK_OP_GLOBAL_MAXPOOL: walk_pool(p, at, INK_POOL_MAX, n); break;
    case INK_OP_MAXPOOL_DX:
    case INK_OP_GLOBAL_MAXPOOL_DX: walk_pool(p, at, INK_POOL_MAX_DX, n); break;
    case INK_OP_AVGPOOL:
    case INK_OP_GLOBAL_AVGPOOL: walk_pool(p, at, INK_POOL_AVERAGE, n); break;
    case INK_OP_AVGPOOL_DX:
    case INK_OP_GLOBAL_AVGPOOL_DX: walk_pool(p, at, INK_POOL_AVERAGE_DX, n); break;
    case INK_OP_DROPOUT:
    case INK_OP_DROPOUT_DX: walk_map(p, at, INK_MAP_DROPOUT, n); break;
    case INK_OP_FLATTEN: walk_map(p, at, INK_MAP_FLATTEN, n); break;
    case INK_OP_FLATTEN_DX: walk_map(p, at, INK_MAP_FLATTEN_DX, n); break;
    case INK_OP_ADD: walk_map(p, at, INK_MAP_ADD, n); break;
    case INK_OP_SOFTMAX: walk_classes(p, node, INK_CLASSES_SOFTMAX, n); break;
    case INK_OP_SOFTMAX_DX: walk_classes(p, node, INK_CLASSES_SOFTMAX_DX, n); break;
    case INK_OP_CROSS_ENTROPY: walk_classes(p, node, INK_CLASSES_LOSS, n); break;
    case INK_OP_CROSS_ENTROPY_DX: walk_classes(p, node, INK_CLASSES_LOSS_DX, n); break;
    case INK_OP_CLIP:
    case INK_OP_SGD:
    case INK_OP_ADAM:
    case INK_OP_MUON:
    case INK_OP_AVERAGE: ink_cuda_walk_learn(p, at); break;
    case INK_OP_COUNT: break;
    }
}

/* The last node of whose results the host is told; -1: none. */
static int32_t last_told(const ink_program *p) {
    int32_t last = -1;
    for (int32_t i = 0; i < p->g.n_nodes; i++) {
        if (p->g.nodes[i].op == INK_OP_CROSS_ENTROPY || p->g.nodes[i].op == INK_OP_CLIP) last = i;
    }
    return last;
}

void ink_cuda_walk(ink_program *p, uint32_t n, bool by_rows) {
    const int32_t told = last_told(p);
    if (by_rows) ink_cuda_walk_take(p, n);
    for (int32_t i = 0; i < p->g.n_nodes; i++) {
        if (!p->notes[i].done) walk_node(p, i, n, by_rows);
        if (by_rows && i == told) ink_cuda_walk_give(p);
    }
    if (by_rows && told < 0) ink_cuda_walk_give(p);
}

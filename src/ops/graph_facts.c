/* ops/graph_facts.c: names and multiply-adds of nodes, for tables and benchmarks.
 * Nothing here changes a graph. */
#include <stddef.h>

#include "ops/graph.h"

static const char *const names[] = {
    [INK_OP_WARP] = "warp",
    [INK_OP_NORMALISE] = "normalise",
    [INK_OP_LINEAR] = "linear",
    [INK_OP_LINEAR_DX] = "linear_dx",
    [INK_OP_LINEAR_DW] = "linear_dw",
    [INK_OP_CONV2D] = "conv2d",
    [INK_OP_CONV2D_DX] = "conv2d_dx",
    [INK_OP_CONV2D_DW] = "conv2d_dw",
    [INK_OP_DEPTHWISE] = "depthwise",
    [INK_OP_DEPTHWISE_DX] = "depthwise_dx",
    [INK_OP_DEPTHWISE_DW] = "depthwise_dw",
    [INK_OP_BIAS_DB] = "bias_db",
    [INK_OP_BATCHNORM] = "batchnorm",
    [INK_OP_BATCHNORM_DX] = "batchnorm_dx",
    [INK_OP_ACTIVATION] = "activation",
    [INK_OP_ACTIVATION_DX] = "activation_dx",
    [INK_OP_MAXPOOL] = "maxpool",
    [INK_OP_MAXPOOL_DX] = "maxpool_dx",
    [INK_OP_AVGPOOL] = "avgpool",
    [INK_OP_AVGPOOL_DX] = "avgpool_dx",
    [INK_OP_GLOBAL_AVGPOOL] = "global_avgpool",
    [INK_OP_GLOBAL_AVGPOOL_DX] = "global_avgpool_dx",
    [INK_OP_GLOBAL_MAXPOOL] = "global_maxpool",
    [INK_OP_GLOBAL_MAXPOOL_DX] = "global_maxpool_dx",
    [INK_OP_DROPOUT] = "dropout",
    [INK_OP_DROPOUT_DX] = "dropout_dx",
    [INK_OP_FLATTEN] = "flatten",
    [INK_OP_FLATTEN_DX] = "flatten_dx",
    [INK_OP_ADD] = "add",
    [INK_OP_SOFTMAX] = "softmax",
    [INK_OP_SOFTMAX_DX] = "softmax_dx",
    [INK_OP_CROSS_ENTROPY] = "cross_entropy",
    [INK_OP_CROSS_ENTROPY_DX] = "cross_entropy_dx",
    [INK_OP_CLIP] = "clip",
    [INK_OP_SGD] = "sgd",
    [INK_OP_ADAM] = "adam",
    [INK_OP_MUON] = "muon",
    [INK_OP_AVERAGE] = "average",
};
_Static_assert(sizeof names / sizeof *names == INK_OP_COUNT, "every operation has a name");

const char *ink_op_name(ink_op op) {
    return (unsigned)op < INK_OP_COUNT ? names[op] : "unknown";
}

/* Pairs (output position, tap) that land inside the image, along one axis. */
static uint64_t live_taps(int32_t in, int32_t out, int32_t window, int32_t stride, int32_t pad) {
    uint64_t live = 0;
    for (int64_t p = 0; p < out; p++) {
        int64_t first = p * stride - pad;
        int64_t from = first < 0 ? 0 : first;
        int64_t to = first + window > in ? in : first + window;
        if (to > from) live += (uint64_t)(to - from);
    }
    return live;
}

uint64_t ink_node_macs(const ink_graph *g, const ink_node *node) {
    ink_id x = INK_NONE, y = INK_NONE;
    switch (node->op) {
    case INK_OP_LINEAR:
    case INK_OP_CONV2D:
    case INK_OP_DEPTHWISE:
        x = node->in[0];
        y = node->out[0];
        break;
    case INK_OP_LINEAR_DX:
    case INK_OP_CONV2D_DX:
    case INK_OP_DEPTHWISE_DX:
        x = node->out[0];
        y = node->in[0];
        break;
    case INK_OP_LINEAR_DW:
    case INK_OP_CONV2D_DW:
    case INK_OP_DEPTHWISE_DW:
        x = node->in[0];
        y = node->in[1];
        break;
    default: return 0;
    }
    const int32_t *in = g->values[x].dim, *out = g->values[y].dim;
    uint64_t channels = (uint64_t)in[0] * (uint64_t)out[0];
    bool linear = node->op == INK_OP_LINEAR || node->op == INK_OP_LINEAR_DX || node->op == INK_OP_LINEAR_DW;
    if (linear) return channels;
    if (node->op == INK_OP_DEPTHWISE || node->op == INK_OP_DEPTHWISE_DX || node->op == INK_OP_DEPTHWISE_DW) {
        channels = (uint64_t)in[0];
    }
    return channels * live_taps(in[1], out[1], node->attr.conv.window_h, node->attr.conv.stride, node->attr.conv.pad) *
           live_taps(in[2], out[2], node->attr.conv.window_w, node->attr.conv.stride, node->attr.conv.pad);
}

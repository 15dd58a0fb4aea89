/* nn/layer_activation.c: relu, leaky-relu, gelu, silu, hardswish, softmax: no parameters, the same shape.
 * The formulas stand in ops/graph.h. */
#include "nn/layer.h"

#define TORCH_SLOPE 0.01f

static ink_status parse_slope(ink_layer *layer, ink_words *words, ink_error *err) {
    layer->slope = TORCH_SLOPE;
    if (words->at == words->n || ink_words_peek(words, "as")) return INK_OK;
    return ink_words_real(words, "slope of leaky-relu", 0.0f, 1.0f, &layer->slope, err);
}

static ink_id build_relu(const ink_layer *layer, ink_net_builder *builder, ink_id x) {
    (void)layer;
    return ink_graph_activation(builder->g, x, INK_RELU, 0);
}

static ink_id build_leaky_relu(const ink_layer *layer, ink_net_builder *builder, ink_id x) {
    return ink_graph_activation(builder->g, x, INK_LEAKY_RELU, layer->slope);
}

static ink_id build_gelu(const ink_layer *layer, ink_net_builder *builder, ink_id x) {
    (void)layer;
    return ink_graph_activation(builder->g, x, INK_GELU, 0);
}

static ink_id build_silu(const ink_layer *layer, ink_net_builder *builder, ink_id x) {
    (void)layer;
    return ink_graph_activation(builder->g, x, INK_SILU, 0);
}

static ink_id build_hardswish(const ink_layer *layer, ink_net_builder *builder, ink_id x) {
    (void)layer;
    return ink_graph_activation(builder->g, x, INK_HARDSWISH, 0);
}

static ink_id build_softmax(const ink_layer *layer, ink_net_builder *builder, ink_id x) {
    (void)layer;
    return ink_graph_softmax(builder->g, x);
}

const ink_layer_kind ink_layer_relu = {.word = "relu", .usage = "relu", .build = build_relu};
const ink_layer_kind ink_layer_leaky_relu = {
    .word = "leaky-relu", .usage = "leaky-relu [SLOPE]", .parse = parse_slope, .build = build_leaky_relu};
const ink_layer_kind ink_layer_gelu = {.word = "gelu", .usage = "gelu", .build = build_gelu};
const ink_layer_kind ink_layer_silu = {.word = "silu", .usage = "silu", .build = build_silu};
const ink_layer_kind ink_layer_hardswish = {.word = "hardswish", .usage = "hardswish", .build = build_hardswish};
const ink_layer_kind ink_layer_softmax = {.word = "softmax", .usage = "softmax", .build = build_softmax};

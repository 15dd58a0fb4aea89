/* nn/layer_block.c: layers that arrange others: flatten and residual.
 * They have no parameters of their own; repeat is unrolled by the parser (net.c). */
#include "nn/layer.h"

static ink_id build_flatten(const ink_layer *layer, ink_net_builder *builder, ink_id x) {
    (void)layer;
    return ink_graph_flatten(builder->g, x);
}

static ink_id build_residual(const ink_layer *layer, ink_net_builder *builder, ink_id x) {
    ink_id y = ink_layers_build(layer->inner, builder, layer->name, x);
    ink_id by = x;
    if (layer->shortcut != NULL) by = ink_shortcut_build(layer, builder, x);
    return ink_graph_add(builder->g, y, by);
}

const ink_layer_kind ink_layer_flatten = {.word = "flatten", .usage = "flatten", .build = build_flatten};
const ink_layer_kind ink_layer_residual = {
    .word = "residual", .usage = "residual { ... } [shortcut { ... }]", .braces = true, .build = build_residual};

/* nn/layer_linear.c: linear K, torch.nn.Linear: weight [K,C], bias [K].
 * Its arithmetic stands in ops/graph.h. */
#include "nn/layer.h"

#define OUTPUTS_MOST (1 << 20)

static ink_status parse(ink_layer *layer, ink_words *words, ink_error *err) {
    ink_status status = ink_words_int(words, "outputs of linear", 1, OUTPUTS_MOST, &layer->out, err);
    if (status == INK_OK) layer->bias = !ink_words_take(words, "no-bias");
    return status;
}

static ink_id build(const ink_layer *layer, ink_net_builder *builder, ink_id x) {
    ink_graph *g = builder->g;
    if (x == INK_NONE) return INK_NONE;
    if (g->values[x].dim[1] * g->values[x].dim[2] > 1) x = ink_graph_flatten(g, x);
    if (x == INK_NONE) return INK_NONE;
    const int32_t shape[2] = {layer->out, g->values[x].dim[0]};
    ink_id w = ink_layer_param(layer, builder, "weight", 2, shape);
    ink_id b = layer->bias ? ink_layer_param(layer, builder, "bias", 1, &layer->out) : INK_NONE;
    return ink_graph_linear(g, x, w, b);
}

const ink_layer_kind ink_layer_linear = {
    .word = "linear", .usage = "linear K [no-bias]", .learns = true, .parse = parse, .build = build};

/* nn/layer_dropout.c: dropout RATE: in training each value is 0 with that probability, else scaled by 1 / (1 - RATE);
 * in evaluation nothing happens. Whole-channel dropout is not offered. */
#include "nn/layer.h"

static ink_status parse(ink_layer *layer, ink_words *words, ink_error *err) {
    return ink_words_real(words, "rate of dropout", 0.0f, 0.99f, &layer->rate, err);
}

static ink_id build(const ink_layer *layer, ink_net_builder *builder, ink_id x) {
    if (!builder->plan->training || layer->rate == 0) return x;
    return ink_graph_dropout(builder->g, x, layer->rate);
}

const ink_layer_kind ink_layer_dropout = {"dropout", "dropout RATE", false, parse, build};

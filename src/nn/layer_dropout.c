/* nn/layer_dropout.c: dropout RATE: in training each value is 0 with that probability, else scaled by 1 / (1 - RATE);
 * in evaluation nothing happens. Whole-channel dropout is not offered. */
#include <stdbool.h>

#include "nn/layer.h"

static ink_status parse(ink_layer *layer, ink_words *words, ink_error *err) {
    return ink_words_real(words, "rate of dropout", 0.0f, 0.99f, &layer->rate, err);
}

static ink_id build(const ink_layer *layer, ink_net_builder *builder, ink_id x) {
    const ink_graph *g = builder->g;
    const bool training = builder->plan->training;
    if (x == INK_NONE || layer->rate == 0) return x;
    if (training) return ink_graph_dropout(builder->g, x, layer->rate);
    /* Before the first layer it stays, at rate 0: a backend lays out weights that read the picture itself otherwise,
     * and training and evaluation share them. */
    ink_id maker = g->values[x].maker;
    bool first = maker != INK_NONE && (g->nodes[maker].op == INK_OP_NORMALISE || g->nodes[maker].op == INK_OP_DROPOUT);
    return first ? ink_graph_dropout(builder->g, x, 0) : x;
}

const ink_layer_kind ink_layer_dropout = {.word = "dropout", .usage = "dropout RATE", .parse = parse, .build = build};

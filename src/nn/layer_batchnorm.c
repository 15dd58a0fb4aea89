/* nn/layer_batchnorm.c: batchnorm, torch.nn.BatchNorm1d and 2d: weight, bias, running_mean, running_var [C].
 * num_batches_tracked is the file formats' business (api): nothing here depends on it. */
#include "nn/layer.h"

static ink_status parse(ink_layer *layer, ink_words *words, ink_error *err) {
    ink_status status = INK_OK;
    layer->eps = 1e-5f;
    layer->momentum = 0.1f;
    layer->affine = true;
    while (status == INK_OK) {
        if (ink_words_take(words, "eps")) {
            status = ink_words_real(words, "eps of batchnorm", 1e-12f, 1.0f, &layer->eps, err);
        } else if (ink_words_take(words, "momentum")) {
            status = ink_words_real(words, "momentum of batchnorm", 0.0f, 1.0f, &layer->momentum, err);
        } else if (ink_words_take(words, "no-affine")) {
            layer->affine = false;
        } else {
            break;
        }
    }
    return status;
}

static ink_id build(const ink_layer *layer, ink_net_builder *builder, ink_id x) {
    ink_graph *g = builder->g;
    if (x == INK_NONE) return INK_NONE;
    const int32_t channels = g->values[x].dim[0];
    ink_id gamma = INK_NONE, beta = INK_NONE;
    if (layer->affine) {
        gamma = ink_layer_param(layer, builder, "weight", 1, &channels);
        beta = ink_layer_param(layer, builder, "bias", 1, &channels);
    }
    ink_id mean = ink_layer_state(layer, builder, "running_mean", channels);
    ink_id var = ink_layer_state(layer, builder, "running_var", channels);
    /* A frozen body keeps its statistics too. */
    const ink_net_plan *plan = builder->plan;
    bool training = plan->moments || (plan->training && plan->learn == INK_LEARN_ALL);
    float momentum = plan->moments ? 1.0f : layer->momentum;
    return ink_graph_batchnorm(g, x, gamma, beta, mean, var, layer->eps, momentum, training);
}

const ink_layer_kind ink_layer_batchnorm = {.word = "batchnorm",
                                            .usage = "batchnorm [eps E] [momentum M] [no-affine]",
                                            .learns = true,
                                            .parse = parse,
                                            .build = build};

/* nn/layer_pool.c: max and average pooling, over windows and over whole maps, as torch.nn's MaxPool2d, AvgPool2d and
 * AdaptiveAvgPool2d(1). Sizes round down; no dilation. */
#include "nn/layer.h"

#define STRIDE_MOST 16

static ink_status parse_window(ink_layer *layer, ink_words *words, ink_error *err) {
    ink_status status = ink_words_window(words, "window of the pool", &layer->window_h, &layer->window_w, err);
    layer->stride = layer->window_h;
    while (status == INK_OK) {
        if (ink_words_take(words, "stride")) {
            status = ink_words_int(words, "stride of the pool", 1, STRIDE_MOST, &layer->stride, err);
        } else if (ink_words_take(words, "pad")) {
            status = ink_words_int(words, "padding of the pool", 0, layer->window_h / 2, &layer->pad, err);
        } else {
            break;
        }
    }
    return status;
}

static ink_id build_maxpool(const ink_layer *layer, ink_net_builder *builder, ink_id x) {
    return ink_graph_maxpool(builder->g, x, layer->window_h, layer->window_w, layer->stride, layer->pad);
}

static ink_id build_avgpool(const ink_layer *layer, ink_net_builder *builder, ink_id x) {
    return ink_graph_avgpool(builder->g, x, layer->window_h, layer->window_w, layer->stride, layer->pad);
}

static ink_id build_global_avgpool(const ink_layer *layer, ink_net_builder *builder, ink_id x) {
    (void)layer;
    return ink_graph_global_avgpool(builder->g, x);
}

static ink_id build_global_maxpool(const ink_layer *layer, ink_net_builder *builder, ink_id x) {
    (void)layer;
    return ink_graph_global_maxpool(builder->g, x);
}

const ink_layer_kind ink_layer_maxpool = {
    .word = "maxpool", .usage = "maxpool RxS [stride S] [pad P]", .parse = parse_window, .build = build_maxpool};
const ink_layer_kind ink_layer_avgpool = {
    .word = "avgpool", .usage = "avgpool RxS [stride S] [pad P]", .parse = parse_window, .build = build_avgpool};
const ink_layer_kind ink_layer_global_avgpool = {
    .word = "global-avgpool", .usage = "global-avgpool", .build = build_global_avgpool};
const ink_layer_kind ink_layer_global_maxpool = {
    .word = "global-maxpool", .usage = "global-maxpool", .build = build_global_maxpool};

/* nn/layer_conv.c: conv K RxS, torch.nn.Conv2d: weight [K,C,R,S], bias [K]; depthwise RxS, torch.nn.Conv2d(C, C,
 * groups=C): weight [C,1,R,S], bias [C]. One stride and padding for both axes; no other groups, no dilation. */
#include "core/status.h"
#include "nn/layer.h"

#define OUTPUTS_MOST 65536
#define STRIDE_MOST  16
#define PAD_SAME     (-1) /* decided when the input's size is known */

static ink_status parse(ink_layer *layer, ink_words *words, ink_error *err) {
    const bool depthwise = layer->kind == &ink_layer_depthwise;
    ink_status status = INK_OK;
    if (!depthwise) status = ink_words_int(words, "outputs of conv", 1, OUTPUTS_MOST, &layer->out, err);
    if (status == INK_OK) {
        status = ink_words_window(words, depthwise ? "window of depthwise" : "window of conv", &layer->window_h,
                                  &layer->window_w, err);
    }
    layer->stride = 1;
    layer->bias = true;
    while (status == INK_OK) {
        if (ink_words_take(words, "stride")) {
            status = ink_words_int(words, depthwise ? "stride of depthwise" : "stride of conv", 1, STRIDE_MOST,
                                   &layer->stride, err);
        } else if (ink_words_take(words, "pad")) {
            if (ink_words_take(words, "same")) {
                layer->pad = PAD_SAME;
                if (layer->window_h != layer->window_w) {
                    return ink_fail_line(err, INK_E_USAGE, words->file, words->line, 0, NULL, "a square window",
                                         "pad same");
                }
            } else {
                status = ink_words_pad(words, depthwise ? "padding of depthwise" : "padding of conv", &layer->pad,
                                       &layer->pad_end, err);
            }
        } else if (!depthwise && ink_words_take(words, "whiten")) {
            layer->whiten = true;
        } else if (ink_words_take(words, "no-bias")) {
            layer->bias = false;
        } else {
            break;
        }
    }
    return status;
}

/* Padding before and behind that gives as many places as strides fit in `size`. */
static int32_t pad_same(int32_t size, int32_t window, int32_t stride) {
    int32_t places = (size + stride - 1) / stride, all = (places - 1) * stride + window - size;
    return all > 0 ? all : 0;
}

/* Is x the picture, and has no convolution read it yet? */
static bool is_first(const ink_graph *g, ink_id x) {
    ink_id maker = g->values[x].maker;
    if (maker == INK_NONE || g->nodes[maker].op != INK_OP_NORMALISE) return false;
    for (ink_id v = 0; v < g->n_values; v++) {
        if (g->values[v].role == INK_ROLE_PARAM && g->values[v].rank == 4) return false;
    }
    return true;
}

static ink_id build(const ink_layer *layer, ink_net_builder *builder, ink_id x) {
    ink_graph *g = builder->g;
    if (x == INK_NONE) return INK_NONE;
    const int32_t *in = g->values[x].dim;
    const bool depthwise = layer->kind == &ink_layer_depthwise;
    const int32_t outputs = depthwise ? in[0] : layer->out;
    const int32_t shape[4] = {outputs, depthwise ? 1 : in[0], layer->window_h, layer->window_w};
    int32_t pad = layer->pad, pad_end = layer->pad_end;
    if (pad == PAD_SAME) {
        /* As many outputs as strides fit the input; an odd pixel goes to the end (TensorFlow's rule). */
        int32_t all = pad_same(in[1], layer->window_h, layer->stride);
        if (pad_same(in[2], layer->window_w, layer->stride) != all) {
            return ink_layer_fault(g,
                                   "pad same: a map of %dx%d and a window of %dx%d want other padding down than across",
                                   (int)in[1], (int)in[2], (int)layer->window_h, (int)layer->window_w);
        }
        pad = all / 2;
        pad_end = all - pad;
    }
    /* Patches of what? Only the picture itself is known before training. */
    if (layer->whiten && !is_first(g, x)) {
        return ink_layer_fault(g, "whiten is for the first layer alone");
    }
    if (layer->whiten && layer->out > 2 * in[0] * layer->window_h * layer->window_w) {
        return ink_layer_fault(g, "whiten: %d filters; patches of %d numbers give at most %d", (int)layer->out,
                               (int)(in[0] * layer->window_h * layer->window_w),
                               (int)(2 * in[0] * layer->window_h * layer->window_w));
    }
    ink_id w = ink_layer_param(layer, builder, "weight", 4, shape);
    ink_id b = layer->bias ? ink_layer_param(layer, builder, "bias", 1, &outputs) : INK_NONE;
    return depthwise ? ink_graph_depthwise(g, x, w, b, layer->stride, pad, pad_end)
                     : ink_graph_conv2d(g, x, w, b, layer->stride, pad, pad_end);
}

const ink_layer_kind ink_layer_conv = {.word = "conv",
                                       .usage = "conv K RxS [stride S] [pad P|P:E|same] [whiten] [no-bias]",
                                       .learns = true,
                                       .parse = parse,
                                       .build = build};
const ink_layer_kind ink_layer_depthwise = {.word = "depthwise",
                                            .usage = "depthwise RxS [stride S] [pad P|P:E|same] [no-bias]",
                                            .learns = true,
                                            .parse = parse,
                                            .build = build};

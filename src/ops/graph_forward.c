/* ops/graph_forward.c: builders of the forward nodes, with every shape rule.
 * It computes nothing; the formulas stand in graph.h. */
#include <math.h>
#include <string.h>

#include "ops/build.h"
#include "ops/graph.h"

/* A [length] vector as one of the small parameters of a node; absent ones pass when they may be absent. */
static bool is_vector(ink_graph *g, const char *op, const char *what, ink_id value, int32_t length) {
    if (!ink_build_is_whole(g, op, what, value, 1)) return false;
    if (g->values[value].dim[0] == length) return true;
    ink_build_fault(g, "%s: %s has %d elements, %d wanted", op, what, (int)g->values[value].dim[0], (int)length);
    return false;
}

static bool is_flat(ink_graph *g, const char *op, const char *what, ink_id value) {
    if (!ink_build_is_batch(g, op, what, value)) return false;
    if (g->values[value].dim[1] == 1 && g->values[value].dim[2] == 1) return true;
    ink_build_fault(g, "%s: %s has shape %s; flatten it first", op, what, ink_build_shape(g, value).text);
    return false;
}

ink_id ink_graph_warp(ink_graph *g, ink_id images, ink_id warps) {
    if (g->fault.status != INK_OK) return INK_NONE;
    if (images < 0 || images >= g->n_values || g->values[images].role != INK_ROLE_IMAGES) {
        return ink_build_fault(g, "warp: its first input must be the images");
    }
    if (warps < 0 || warps >= g->n_values || g->values[warps].role != INK_ROLE_WARPS) {
        return ink_build_fault(g, "warp: its second input must be the warps");
    }
    ink_node node = ink_build_blank(INK_OP_WARP);
    node.in[0] = images;
    node.in[1] = warps;
    node.out[0] = ink_build_batch(g, 1, g->values[images].dim[1], g->values[images].dim[2]);
    return ink_build_node(g, &node);
}

ink_id ink_graph_normalise(ink_graph *g, ink_id x, int32_t channels, const float scale[], const float shift[]) {
    if (g->fault.status != INK_OK) return INK_NONE;
    bool known = x >= 0 && x < g->n_values;
    const ink_value *v = known ? &g->values[x] : NULL;
    bool source = known && (v->role == INK_ROLE_IMAGES || v->role == INK_ROLE_INPUT ||
                            (v->maker != INK_NONE && g->nodes[v->maker].op == INK_OP_WARP));
    if (!source) return ink_build_fault(g, "normalise: its input must be the images, warped or not");
    if (v->dim[0] != 1) return ink_build_fault(g, "normalise: its input has %d channels, 1 wanted", (int)v->dim[0]);
    if (channels != 1 && channels != 3) return ink_build_fault(g, "normalise: %d channels; 1 or 3", (int)channels);
    ink_node node = ink_build_blank(INK_OP_NORMALISE);
    node.in[0] = x;
    memcpy(node.attr.normalise.scale, scale, (size_t)channels * sizeof *scale);
    memcpy(node.attr.normalise.shift, shift, (size_t)channels * sizeof *shift);
    node.out[0] = ink_build_batch(g, channels, v->dim[1], v->dim[2]);
    return ink_build_node(g, &node);
}

ink_id ink_graph_linear(ink_graph *g, ink_id x, ink_id w, ink_id b) {
    if (!is_flat(g, "linear", "x", x) || !ink_build_is_whole(g, "linear", "w", w, 2)) return INK_NONE;
    int32_t k = g->values[w].dim[0];
    if (g->values[w].dim[1] != g->values[x].dim[0]) {
        return ink_build_fault(g, "linear: %d inputs come, but w has shape %s", (int)g->values[x].dim[0],
                               ink_build_shape(g, w).text);
    }
    if (b != INK_NONE && !is_vector(g, "linear", "b", b, k)) return INK_NONE;
    ink_node node = ink_build_blank(INK_OP_LINEAR);
    node.in[0] = x;
    node.in[1] = w;
    node.in[2] = b;
    node.out[0] = ink_build_batch(g, k, 1, 1);
    return ink_build_node(g, &node);
}

int32_t ink_build_slide(int32_t in, int32_t window, int32_t stride, int32_t pad, int32_t pad_end) {
    int64_t room = (int64_t)in + pad + pad_end - window;
    return room < 0 ? 0 : (int32_t)(room / stride + 1);
}

/* Are stride and padding possible? */
static bool is_step(ink_graph *g, const char *op, int32_t stride, int32_t pad, int32_t pad_end) {
    if (stride < 1 || stride > 65535) {
        ink_build_fault(g, "%s: a stride of %d; 1 to 65535 are possible", op, (int)stride);
        return false;
    }
    if (pad < 0 || pad > 65535 || pad_end < 0 || pad_end > 65535) {
        ink_build_fault(g, "%s: padding of %d and %d; 0 to 65535 are possible", op, (int)pad, (int)pad_end);
        return false;
    }
    return true;
}

static ink_id too_small(ink_graph *g, const char *op, ink_id x, int32_t window_h, int32_t window_w) {
    const int32_t *dim = g->values[x].dim;
    return ink_build_fault(g, "%s: %dx%d window on a %dx%d map of %d channel%s leaves nothing", op, (int)window_h,
                           (int)window_w, (int)dim[1], (int)dim[2], (int)dim[0], dim[0] == 1 ? "" : "s");
}

/* conv2d, or depthwise, whose w has one channel for each of x. */
static ink_id convolve(ink_graph *g, ink_op op, ink_id x, ink_id w, ink_id b, int32_t stride, int32_t pad,
                       int32_t pad_end) {
    const char *name = ink_op_name(op);
    if (!ink_build_is_batch(g, name, "x", x) || !ink_build_is_whole(g, name, "w", w, 4)) return INK_NONE;
    if (!is_step(g, name, stride, pad, pad_end)) return INK_NONE;
    const int32_t *dim = g->values[x].dim, *window = g->values[w].dim;
    bool fits = op == INK_OP_DEPTHWISE ? window[0] == dim[0] && window[1] == 1 : window[1] == dim[0];
    if (!fits) {
        return ink_build_fault(g, "%s: %d channels come, but w has shape %s", name, (int)dim[0],
                               ink_build_shape(g, w).text);
    }
    if (b != INK_NONE && !is_vector(g, name, "b", b, window[0])) return INK_NONE;
    int32_t p = ink_build_slide(dim[1], window[2], stride, pad, pad_end);
    int32_t q = ink_build_slide(dim[2], window[3], stride, pad, pad_end);
    if (p < 1 || q < 1) return too_small(g, name, x, window[2], window[3]);
    ink_node node = ink_build_blank(op);
    node.in[0] = x;
    node.in[1] = w;
    node.in[2] = b;
    node.attr.conv.window_h = window[2];
    node.attr.conv.window_w = window[3];
    node.attr.conv.stride = stride;
    node.attr.conv.pad = pad;
    node.attr.conv.pad_end = pad_end;
    node.out[0] = ink_build_batch(g, window[0], p, q);
    return ink_build_node(g, &node);
}

ink_id ink_graph_conv2d(ink_graph *g, ink_id x, ink_id w, ink_id b, int32_t stride, int32_t pad, int32_t pad_end) {
    return convolve(g, INK_OP_CONV2D, x, w, b, stride, pad, pad_end);
}

ink_id ink_graph_depthwise(ink_graph *g, ink_id x, ink_id w, ink_id b, int32_t stride, int32_t pad, int32_t pad_end) {
    return convolve(g, INK_OP_DEPTHWISE, x, w, b, stride, pad, pad_end);
}

ink_id ink_graph_batchnorm(ink_graph *g, ink_id x, ink_id gamma, ink_id beta, ink_id running_mean, ink_id running_var,
                           float eps, float momentum, bool training) {
    if (!ink_build_is_batch(g, "batchnorm", "x", x)) return INK_NONE;
    int32_t c = g->values[x].dim[0];
    if (gamma != INK_NONE && !is_vector(g, "batchnorm", "gamma", gamma, c)) return INK_NONE;
    if (beta != INK_NONE && !is_vector(g, "batchnorm", "beta", beta, c)) return INK_NONE;
    if (!is_vector(g, "batchnorm", "running_mean", running_mean, c)) return INK_NONE;
    if (!is_vector(g, "batchnorm", "running_var", running_var, c)) return INK_NONE;
    if (!(eps >= 0.0f) || !(momentum >= 0.0f && momentum <= 1.0f)) {
        return ink_build_fault(g, "batchnorm: eps %g, momentum %g; eps from 0, momentum 0 to 1", (double)eps,
                               (double)momentum);
    }
    ink_node node = ink_build_blank(INK_OP_BATCHNORM);
    node.in[0] = x;
    node.in[1] = gamma;
    node.in[2] = beta;
    node.in[3] = running_mean;
    node.in[4] = running_var;
    node.attr.batchnorm.eps = eps;
    node.attr.batchnorm.momentum = momentum;
    node.attr.batchnorm.training = training;
    node.out[0] = ink_build_like(g, x);
    node.out[1] = ink_build_value(g, INK_ROLE_ACTIVATION, false, 1, &c);
    node.out[2] = ink_build_value(g, INK_ROLE_ACTIVATION, false, 1, &c);
    return ink_build_node(g, &node);
}

/* A node of one input whose output has these dimensions. */
static ink_id one_to_one(ink_graph *g, ink_node *node, ink_id x, int32_t c, int32_t h, int32_t w) {
    node->in[0] = x;
    node->out[0] = ink_build_batch(g, c, h, w);
    return ink_build_node(g, node);
}

static ink_id same_shape(ink_graph *g, ink_node *node, ink_id x) {
    const int32_t *dim = g->values[x].dim;
    return one_to_one(g, node, x, dim[0], dim[1], dim[2]);
}

ink_id ink_graph_activation(ink_graph *g, ink_id x, ink_activation kind, float slope) {
    if (!ink_build_is_batch(g, "activation", "x", x)) return INK_NONE;
    ink_node node = ink_build_blank(INK_OP_ACTIVATION);
    node.attr.activation.kind = kind;
    node.attr.activation.slope = slope;
    return same_shape(g, &node, x);
}

static ink_id pool(ink_graph *g, ink_op op, ink_id x, int32_t window_h, int32_t window_w, int32_t stride, int32_t pad) {
    const char *name = ink_op_name(op);
    if (!ink_build_is_batch(g, name, "x", x) || !is_step(g, name, stride, pad, pad)) return INK_NONE;
    if (window_h < 1 || window_w < 1 || 2 * pad > window_h || 2 * pad > window_w) {
        return ink_build_fault(g, "%s: padding of %d in a %dx%d window; at most half of it is possible", name, (int)pad,
                               (int)window_h, (int)window_w);
    }
    const int32_t *dim = g->values[x].dim;
    int32_t p = ink_build_slide(dim[1], window_h, stride, pad, pad);
    int32_t q = ink_build_slide(dim[2], window_w, stride, pad, pad);
    if (p < 1 || q < 1) return too_small(g, name, x, window_h, window_w);
    ink_node node = ink_build_blank(op);
    node.attr.pool.window_h = window_h;
    node.attr.pool.window_w = window_w;
    node.attr.pool.stride = stride;
    node.attr.pool.pad = pad;
    node.attr.pool.pad_end = pad;
    return one_to_one(g, &node, x, dim[0], p, q);
}

ink_id ink_graph_maxpool(ink_graph *g, ink_id x, int32_t window_h, int32_t window_w, int32_t stride, int32_t pad) {
    return pool(g, INK_OP_MAXPOOL, x, window_h, window_w, stride, pad);
}

ink_id ink_graph_avgpool(ink_graph *g, ink_id x, int32_t window_h, int32_t window_w, int32_t stride, int32_t pad) {
    return pool(g, INK_OP_AVGPOOL, x, window_h, window_w, stride, pad);
}

ink_id ink_graph_global_avgpool(ink_graph *g, ink_id x) {
    if (!ink_build_is_batch(g, "global_avgpool", "x", x)) return INK_NONE;
    ink_node node = ink_build_blank(INK_OP_GLOBAL_AVGPOOL);
    return one_to_one(g, &node, x, g->values[x].dim[0], 1, 1);
}

ink_id ink_graph_global_maxpool(ink_graph *g, ink_id x) {
    if (!ink_build_is_batch(g, "global_maxpool", "x", x)) return INK_NONE;
    ink_node node = ink_build_blank(INK_OP_GLOBAL_MAXPOOL);
    return one_to_one(g, &node, x, g->values[x].dim[0], 1, 1);
}

ink_id ink_graph_dropout(ink_graph *g, ink_id x, float rate) {
    if (!ink_build_is_batch(g, "dropout", "x", x)) return INK_NONE;
    if (!(rate >= 0.0f && rate < 1.0f)) return ink_build_fault(g, "dropout: a rate of %g; 0 to below 1", (double)rate);
    ink_node node = ink_build_blank(INK_OP_DROPOUT);
    node.attr.dropout.rate = rate;
    node.attr.dropout.key = g->n_dropouts++;
    return same_shape(g, &node, x);
}

ink_id ink_graph_flatten(ink_graph *g, ink_id x) {
    if (!ink_build_is_batch(g, "flatten", "x", x)) return INK_NONE;
    ink_node node = ink_build_blank(INK_OP_FLATTEN);
    return one_to_one(g, &node, x, (int32_t)ink_graph_elements(g, x), 1, 1);
}

ink_id ink_graph_add(ink_graph *g, ink_id a, ink_id b) {
    if (!ink_build_is_batch(g, "add", "a", a) || !ink_build_is_batch(g, "add", "b", b)) return INK_NONE;
    if (memcmp(g->values[a].dim, g->values[b].dim, sizeof g->values[a].dim) != 0) {
        return ink_build_fault(g, "add: shapes %s and %s differ", ink_build_shape(g, a).text,
                               ink_build_shape(g, b).text);
    }
    ink_node node = ink_build_blank(INK_OP_ADD);
    node.in[1] = b;
    return same_shape(g, &node, a);
}

ink_id ink_graph_softmax(ink_graph *g, ink_id x) {
    if (!is_flat(g, "softmax", "x", x)) return INK_NONE;
    ink_node node = ink_build_blank(INK_OP_SOFTMAX);
    return same_shape(g, &node, x);
}

static ink_id cross_entropy(ink_graph *g, ink_id logits, ink_id labels, ink_id q, float smoothing, float weight,
                            float temperature) {
    if (!is_flat(g, "cross_entropy", "logits", logits)) return INK_NONE;
    if (labels < 0 || labels >= g->n_values || g->values[labels].role != INK_ROLE_LABELS) {
        return ink_build_fault(g, "cross_entropy: its second input must be the labels");
    }
    if (!(smoothing >= 0.0f && smoothing < 1.0f)) {
        return ink_build_fault(g, "cross_entropy: smoothing of %g; 0 to below 1", (double)smoothing);
    }
    ink_node node = ink_build_blank(INK_OP_CROSS_ENTROPY);
    node.in[1] = labels;
    node.in[2] = q;
    node.attr.cross_entropy.smoothing = smoothing;
    node.attr.cross_entropy.soft_weight = weight;
    node.attr.cross_entropy.temperature = temperature;
    return one_to_one(g, &node, logits, 1, 1, 1);
}

ink_id ink_graph_cross_entropy(ink_graph *g, ink_id logits, ink_id labels, float smoothing) {
    return cross_entropy(g, logits, labels, INK_NONE, smoothing, 0.0f, 1.0f);
}

ink_id ink_graph_soft_cross_entropy(ink_graph *g, ink_id logits, ink_id labels, float smoothing, ink_id q, float weight,
                                    float temperature) {
    if (!is_flat(g, "cross_entropy", "logits", logits) || !is_flat(g, "cross_entropy", "q", q)) return INK_NONE;
    if (g->values[q].dim[0] != g->values[logits].dim[0]) {
        return ink_build_fault(g, "cross_entropy: q has shape %s, the logits have %s", ink_build_shape(g, q).text,
                               ink_build_shape(g, logits).text);
    }
    if (!(weight >= 0.0f && weight <= 1.0f)) {
        return ink_build_fault(g, "cross_entropy: a weight of %g; 0 to 1", (double)weight);
    }
    if (!(temperature > 0.0f && isfinite(temperature))) {
        return ink_build_fault(g, "cross_entropy: a temperature of %g; above 0", (double)temperature);
    }
    return cross_entropy(g, logits, labels, q, smoothing, weight, temperature);
}

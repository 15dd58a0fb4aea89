/* nn/build.c: layers to a graph, and the first weights of its parameters.
 * What a layer's nodes are stands in layer_<kind>.c; what they compute in ops/graph.h. */
#include <math.h>
#include <string.h>

#include "core/mem.h"
#include "core/rng.h"
#include "core/status.h"
#include "nn/layer.h"

/* Parameters of the last layer that has any stand last in the graph; they share its name up to the last dot. */
size_t ink_net_head(const ink_graph *g, const char **name) {
    for (int32_t i = g->n_values - 1; i >= 0; i--) {
        if (g->values[i].role == INK_ROLE_PARAM) {
            const char *dot = strrchr(g->values[i].name, '.');
            *name = g->values[i].name;
            return dot != NULL ? (size_t)(dot - g->values[i].name) + 1 : 0;
        }
    }
    *name = "";
    return 0;
}

bool ink_net_in_head(const char *head, size_t length, const char *name) {
    return strncmp(name, head, length) == 0 && strchr(name + length, '.') == NULL;
}

/* The layer that owns a parameter, by its full name; NULL when none does. prefix grows with the depth. */
static const ink_layer *find_layer(const ink_layer *first, const char *name) {
    for (const ink_layer *layer = first; layer != NULL; layer = layer->next) {
        size_t length = strlen(layer->name);
        if (strncmp(name, layer->name, length) != 0 || name[length] != '.') continue;
        const char *rest = name + length + 1;
        const ink_layer *found = NULL;
        if (!layer->kind->braces) {
            if (layer->kind->learns && strchr(rest, '.') == NULL) return layer;
            continue;
        }
        found = find_layer(layer->inner, rest);
        if (found == NULL && layer->shortcut != NULL) {
            size_t by = strlen(layer->shortcut_name);
            if (strncmp(rest, layer->shortcut_name, by) == 0 && rest[by] == '.') {
                found = find_layer(layer->shortcut, rest + by + 1);
            }
        }
        if (found != NULL) return found;
    }
    return NULL;
}

/* Which parameters learn and how fast; biases and batch-norm's own are spared weight decay. */
static void set_learning(const ink_net *net, const ink_net_plan *plan, ink_graph *g) {
    const char *head;
    size_t length = ink_net_head(g, &head);
    for (int32_t i = 0; i < g->n_values; i++) {
        ink_value *value = &g->values[i];
        if (value->role != INK_ROLE_PARAM) continue;
        bool in_head = ink_net_in_head(head, length, value->name);
        if (!in_head) value->lr_scale = plan->learn == INK_LEARN_HEAD ? 0.0f : plan->body_lr_scale;
        value->decay = value->rank > 1;
        const ink_layer *layer = find_layer(net->layers, value->name);
        value->is_matrix = value->rank > 1 && !in_head && (layer == NULL || layer->kind != &ink_layer_depthwise);
        if (value->is_matrix && plan->optimizer.kind == INK_MUON) value->lr_scale *= plan->matrix_lr_scale;
        if (layer != NULL) value->lr_scale *= layer->whiten && value->rank > 1 ? 0.0f : layer->lr_scale;
    }
}

static bool ends_in_softmax(const ink_graph *g, ink_id value) {
    ink_id maker = g->values[value].maker;
    return maker != INK_NONE && g->nodes[maker].op == INK_OP_SOFTMAX;
}

ink_id ink_net_layers(const ink_net *net, const ink_net_plan *plan, ink_graph *g, ink_id x) {
    ink_net_builder builder = {.g = g, .plan = plan};
    return ink_layers_build(net->layers, &builder, "", x);
}

ink_status ink_net_build(const ink_net *net, const ink_net_plan *plan, ink_graph *g, ink_net_ends *ends,
                         ink_error *err) {
    *ends = (ink_net_ends){INK_NONE, INK_NONE, INK_NONE, INK_NONE};
    ink_normalise normalise = plan->normalise;
    if (net->channels == 3 && normalise.channels == 1) {
        normalise.channels = 3;
        for (int c = 1; c < 3; c++) {
            normalise.scale[c] = normalise.scale[0];
            normalise.shift[c] = normalise.shift[0];
        }
    } else if (net->channels == 1 && normalise.channels == 3) {
        return ink_fail(err, INK_E_USAGE, "the net wants 1 channel, its normalisation gives 3");
    }
    ink_id x = ink_graph_images(g, plan->height, plan->width);
    if (plan->warps) x = ink_graph_warp(g, x, ink_graph_warps(g));
    x = ink_graph_normalise(g, x, normalise.channels, normalise.scale, normalise.shift);
    x = ink_net_layers(net, plan, g, x);
    if (x != INK_NONE && ink_graph_elements(g, x) != INK_CLASSES) {
        return ink_fail(err, INK_E_USAGE, "the net ends in %zu outputs, expected 10, one per digit",
                        ink_graph_elements(g, x));
    }
    if (x != INK_NONE && g->values[x].dim[0] != INK_CLASSES) x = ink_graph_flatten(g, x);
    ends->logits = x;
    ink_graph_output(g, x);
    if (plan->training && plan->soft) {
        ends->soft = ink_graph_input(g, INK_CLASSES, 1, 1);
        ends->losses = ink_graph_soft_cross_entropy(g, x, ink_graph_labels(g), plan->label_smoothing, ends->soft,
                                                    plan->soft_weight, plan->temperature);
    } else if (plan->training || plan->labels) {
        ends->losses =
            ink_graph_cross_entropy(g, x, ink_graph_labels(g), plan->training ? plan->label_smoothing : 0.0f);
    }
    if (plan->training) {
        if (ink_graph_check(g, err) != INK_OK) return ink_graph_check(g, err);
        set_learning(net, plan, g);
        ink_graph_gradients(g, ends->losses);
        ink_graph_optimizer(g, &plan->optimizer);
    } else if (x != INK_NONE) {
        ends->probabilities = ends_in_softmax(g, x) ? x : ink_graph_softmax(g, x);
        ink_graph_output(g, ends->probabilities);
    }
    return ink_graph_check(g, err);
}

/* ---- first weights ---- */

typedef struct starter {
    const ink_graph *g;
    uint64_t seed;
    const ink_backend *backend;
    ink_program *program;
    ink_error *err;
} starter;

typedef enum draw_kind { DRAW_CONSTANT, DRAW_UNIFORM, DRAW_NORMAL } draw_kind;

static bool is_convolution(const ink_layer *layer) {
    return layer->kind == &ink_layer_conv || layer->kind == &ink_layer_depthwise;
}

/* How a parameter starts: a constant, or the half width or deviation of a distribution. */
static draw_kind draw_of(const ink_layer *layer, const ink_graph *g, const ink_value *value, float *size) {
    const char *part = strrchr(value->name, '.') + 1;
    bool is_weight = strcmp(part, "weight") == 0;
    if (value->role == INK_ROLE_STATE) {
        *size = strcmp(part, "running_var") == 0 ? 1.0f : 0.0f;
        return DRAW_CONSTANT;
    }
    if (layer->kind == &ink_layer_batchnorm) {
        *size = is_weight ? 1.0f : 0.0f;
        return DRAW_CONSTANT;
    }
    /* A bias takes its bounds from the weight beside it. */
    const ink_value *weight = value;
    if (!is_weight) {
        char name[INK_NAME_SIZE];
        size_t length = (size_t)(part - value->name);
        memcpy(name, value->name, length);
        memcpy(name + length, "weight", sizeof "weight");
        ink_id id = ink_graph_find(g, name);
        if (id != INK_NONE) weight = &g->values[id];
    }
    float window = (float)weight->dim[2] * (float)weight->dim[3];
    float fan_in = (float)weight->dim[1] * window, fan_out = (float)weight->dim[0] * window;
    if (layer->init == INK_INIT_GLOROT) {
        *size = is_weight ? sqrtf(6.0f / (fan_in + fan_out)) : 0.0f;
        return is_weight ? DRAW_UNIFORM : DRAW_CONSTANT;
    }
    if (layer->init == INK_INIT_KAIMING_NORMAL && is_convolution(layer) && is_weight) {
        *size = sqrtf(2.0f / fan_out);
        return DRAW_NORMAL;
    }
    *size = 1.0f / sqrtf(fan_in);
    return DRAW_UNIFORM;
}

/* The first C filters [K,C,R,S], all filters [C,1,R,S] of depthwise, pass their own channel on. Values are drawn
 * before: what follows keeps its numbers. */
static void set_dirac(const ink_layer *layer, const ink_value *value, float *data) {
    int32_t k_all = value->dim[0], c_all = value->dim[1], window = value->dim[2] * value->dim[3];
    if (layer->init != INK_INIT_DIRAC || !is_convolution(layer) || value->rank != 4 || window % 2 == 0) return;
    const bool depthwise = layer->kind == &ink_layer_depthwise;
    const int32_t filters = depthwise ? k_all : c_all <= k_all ? c_all : 0;
    for (int32_t k = 0; k < filters; k++) {
        float *filter = data + (size_t)k * (size_t)c_all * (size_t)window;
        memset(filter, 0, (size_t)c_all * (size_t)window * sizeof *filter);
        filter[(depthwise ? 0 : k) * window + window / 2] = 1.0f;
    }
}

static ink_status start_value(const starter *s, const ink_layer *layer, ink_id id, uint64_t number) {
    float size = 0;
    size_t count = ink_graph_elements(s->g, id);
    float *data = ink_mem_new(count, sizeof *data);
    if (data == NULL) return ink_fail_memory(s->err, count * sizeof *data, "first weights");
    draw_kind kind = draw_of(layer, s->g, &s->g->values[id], &size);
    ink_rng rng = ink_rng_at(s->seed, INK_STREAM_INIT, number, 0);
    for (size_t i = 0; i < count; i++) {
        switch (kind) {
        case DRAW_CONSTANT: data[i] = size; break;
        case DRAW_UNIFORM: data[i] = ink_rng_between(&rng, -size, size); break;
        case DRAW_NORMAL: data[i] = size * ink_rng_normal(&rng); break;
        }
    }
    set_dirac(layer, &s->g->values[id], data);
    ink_status status = s->backend->write(s->program, id, data, count, s->err);
    ink_mem_free(data);
    return status;
}

ink_status ink_net_init(const ink_net *net, const ink_graph *g, uint64_t seed, const ink_backend *backend,
                        ink_program *program, ink_error *err) {
    starter s = {g, seed, backend, program, err};
    uint64_t number = 0;
    for (ink_id id = 0; id < g->n_values; id++) {
        const ink_value *value = &g->values[id];
        if (!ink_role_lasts(value->role)) continue;
        /* States that no layer owns (optimizer, averages) start as zeros, which compile gave them. */
        const ink_layer *layer = find_layer(net->layers, value->name);
        if (layer == NULL) continue;
        ink_status status = start_value(&s, layer, id, number++);
        if (status != INK_OK) return status;
    }
    return INK_OK;
}

ink_id ink_net_whitened(const ink_net *net, const ink_graph *g) {
    for (ink_id id = 0; id < g->n_values; id++) {
        const ink_value *value = &g->values[id];
        if (value->role != INK_ROLE_PARAM || value->rank != 4) continue;
        const ink_layer *layer = find_layer(net->layers, value->name);
        return layer != NULL && layer->whiten ? id : INK_NONE;
    }
    return INK_NONE;
}

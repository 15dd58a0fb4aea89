/* nn/layer.c: the table of layer kinds, and what building a layer of any kind needs.
 * One line per kind; the kinds themselves stand in layer_<kind>.c. */
#include "nn/layer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/status.h"

static const ink_layer_kind *const kinds[] = {
    &ink_layer_linear,         &ink_layer_conv,           &ink_layer_depthwise, &ink_layer_batchnorm,
    &ink_layer_relu,           &ink_layer_leaky_relu,     &ink_layer_gelu,      &ink_layer_silu,
    &ink_layer_hardswish,      &ink_layer_softmax,        &ink_layer_maxpool,   &ink_layer_avgpool,
    &ink_layer_global_avgpool, &ink_layer_global_maxpool, &ink_layer_flatten,   &ink_layer_dropout,
    &ink_layer_residual,
};
#define N_KINDS (sizeof kinds / sizeof *kinds)

const ink_layer_kind *ink_layer_kind_find(const char *word) {
    for (size_t i = 0; i < N_KINDS; i++) {
        if (strcmp(kinds[i]->word, word) == 0) return kinds[i];
    }
    return NULL;
}

const char *ink_layer_kind_word(size_t n) {
    return n < N_KINDS ? kinds[n]->word : NULL;
}

const char *ink_net_usage(size_t n) {
    return n < N_KINDS ? kinds[n]->usage : NULL;
}

ink_id ink_layer_fault(ink_graph *g, const char *format, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (g->fault.status == INK_OK) ink_fail(&g->fault, INK_E_USAGE, "%s", text);
    return INK_NONE;
}

/* "<prefix><name>.<part>" in text; a fault of the graph when it is too long. */
static bool full_name(const ink_layer *layer, ink_net_builder *builder, const char *part, char text[INK_NAME_SIZE]) {
    int length = snprintf(text, INK_NAME_SIZE, "%s%s.%s", builder->prefix, layer->name, part);
    if (length >= 0 && length < INK_NAME_SIZE) return true;
    ink_layer_fault(builder->g, "the name %s%s.%s is too long", builder->prefix, layer->name, part);
    return false;
}

ink_id ink_layer_param(const ink_layer *layer, ink_net_builder *builder, const char *part, int rank,
                       const int32_t dim[]) {
    char name[INK_NAME_SIZE];
    if (!full_name(layer, builder, part, name)) return INK_NONE;
    return ink_graph_param(builder->g, name, rank, dim);
}

ink_id ink_layer_state(const ink_layer *layer, ink_net_builder *builder, const char *part, int32_t size) {
    char name[INK_NAME_SIZE];
    if (!full_name(layer, builder, part, name)) return INK_NONE;
    return ink_graph_state(builder->g, name, 1, &size);
}

/* Tells where in the text the graph's first fault came from. */
static void place_fault(const ink_layer *layer, ink_graph *g) {
    if (g->fault.status == INK_OK || g->fault.line != 0) return;
    char what[sizeof g->fault.text];
    memcpy(what, g->fault.text, sizeof what);
    ink_status status = g->fault.status;
    ink_fail_line(&g->fault, status, layer->file, layer->line, 0, NULL, NULL, what);
}

ink_id ink_layers_build(const ink_layer *first, ink_net_builder *builder, const char *name, ink_id x) {
    size_t outer = strlen(builder->prefix);
    if (name[0] != '\0') {
        int length = snprintf(builder->prefix + outer, sizeof builder->prefix - outer, "%s.", name);
        if (length < 0 || (size_t)length >= sizeof builder->prefix - outer) {
            builder->prefix[outer] = '\0';
            if (builder->g->fault.status == INK_OK) {
                ink_fail(&builder->g->fault, INK_E_USAGE, "blocks are nested too deeply at %s", name);
            }
            return INK_NONE;
        }
    }
    for (const ink_layer *layer = first; layer != NULL; layer = layer->next) {
        x = layer->kind->build(layer, builder, x);
        place_fault(layer, builder->g);
    }
    builder->prefix[outer] = '\0';
    return x;
}

ink_id ink_shortcut_build(const ink_layer *layer, ink_net_builder *builder, ink_id x) {
    size_t outer = strlen(builder->prefix);
    int length = snprintf(builder->prefix + outer, sizeof builder->prefix - outer, "%s.", layer->name);
    if (length < 0 || (size_t)length >= sizeof builder->prefix - outer) {
        builder->prefix[outer] = '\0';
        return ink_layers_build(layer->shortcut, builder, layer->name, x); /* records the fault */
    }
    x = ink_layers_build(layer->shortcut, builder, layer->shortcut_name, x);
    builder->prefix[outer] = '\0';
    return x;
}

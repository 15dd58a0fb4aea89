/* api/layers.c: activations of a run as bytes.
 * It chooses no colours and draws nothing: that is the page's. */
#include "api/layers.h"

#include "core/mem.h"
#include "core/status.h"

/* The operation with weights that feeds an activation. */
static const char *kind_before(const ink_graph *g, const ink_node *node) {
    ink_op op = node->op;
    for (ink_id x = node->in[0]; x != INK_NONE && g->values[x].maker != INK_NONE;) {
        const ink_node *before = &g->nodes[g->values[x].maker];
        op = before->op;
        if (op != INK_OP_BATCHNORM && op != INK_OP_DROPOUT && op != INK_OP_FLATTEN) break;
        x = before->in[0];
    }
    return ink_op_name(op);
}

ink_status ink_layers_mark(ink_graph *g, ink_layers *out, ink_error *err) {
    size_t largest = 0;
    *out = (ink_layers){0};
    for (int32_t i = 0; i < g->n_nodes && out->n < INK_LAYERS_MAX; i++) {
        const ink_node *node = &g->nodes[i];
        if (node->op != INK_OP_ACTIVATION) continue;
        const int32_t *dim = g->values[node->out[0]].dim;
        size_t elements = ink_graph_elements(g, node->out[0]);
        out->items[out->n++] = (ink_layer_maps){.kind = kind_before(g, node),
                                                .channels = (uint32_t)dim[0],
                                                .height = (uint32_t)dim[1],
                                                .width = (uint32_t)dim[2],
                                                .at = out->bytes,
                                                .value = node->out[0]};
        out->bytes += elements;
        if (elements > largest) largest = elements;
        ink_graph_output(g, node->out[0]);
    }
    out->scratch = ink_mem_new(largest, sizeof *out->scratch);
    return out->scratch != NULL ? INK_OK : ink_fail_memory(err, largest * sizeof(float), "layers");
}

void ink_layers_clear(ink_layers *layers) {
    ink_mem_free(layers->scratch);
    *layers = (ink_layers){0};
}

ink_status ink_layers_read(const ink_layers *layers, const ink_backend *backend, const ink_program *program,
                           uint8_t *maps, ink_error *err) {
    for (uint32_t i = 0; i < layers->n; i++) {
        const ink_layer_maps *item = &layers->items[i];
        size_t count = (size_t)item->channels * item->height * item->width;
        ink_status status = backend->read(program, item->value, layers->scratch, count, err);
        if (status != INK_OK) return status;
        float most = 0;
        for (size_t k = 0; k < count; k++) most = layers->scratch[k] > most ? layers->scratch[k] : most;
        float scale = most > 0 ? 255.0f / most : 0.0f;
        for (size_t k = 0; k < count; k++) {
            float y = layers->scratch[k] * scale + 0.5f; /* NaN shows as 0 */
            maps[item->at + k] = (uint8_t)(y >= 255.0f ? 255.0f : y > 0.0f ? y : 0.0f);
        }
    }
    return INK_OK;
}

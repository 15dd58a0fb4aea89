/* ops/needs.c: checks that every backend makes before it compiles a graph or runs a batch.
 * What only one of them lacks, a precision or an operation, it says itself. */
#include "ops/needs.h"

#define BATCH_MOST 65536u /* recipes and the command line say so too */

/* The first member of every backend's program. */
static const ink_backend *backend_of(const ink_program *program) {
    return *(const ink_backend *const *)(const void *)program;
}

ink_needs ink_needs_of(const ink_graph *g) {
    ink_needs needs = {.classes = 0};
    for (ink_id v = 0; v < g->n_values; v++) {
        needs.images = needs.images || g->values[v].role == INK_ROLE_IMAGES;
        needs.labels = needs.labels || g->values[v].role == INK_ROLE_LABELS;
        needs.warps = needs.warps || g->values[v].role == INK_ROLE_WARPS;
    }
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const ink_node *node = &g->nodes[i];
        if (node->op != INK_OP_CROSS_ENTROPY && node->op != INK_OP_CROSS_ENTROPY_DX) continue;
        uint32_t classes = (uint32_t)g->values[node->in[0]].dim[0];
        if (needs.classes == 0 || classes < needs.classes) needs.classes = classes;
    }
    return needs;
}

static ink_status check_size(uint32_t max_batch, const ink_batch *batch, ink_error *err) {
    if (batch->n >= 1 && batch->n <= max_batch) return INK_OK;
    return ink_fail(err, INK_E_USAGE, "a batch of %u images; this program takes 1 to %u", batch->n, max_batch);
}

ink_status ink_needs_check(const ink_needs *needs, uint32_t max_batch, const ink_batch *batch, ink_error *err) {
    ink_status status = check_size(max_batch, batch, err);
    if (status != INK_OK) return status;
    if (needs->images && batch->images == NULL) return ink_fail(err, INK_E_USAGE, "no images in a batch");
    if (needs->labels && batch->labels == NULL) return ink_fail(err, INK_E_USAGE, "no labels in a batch");
    if (needs->warps && batch->warps == NULL) return ink_fail(err, INK_E_USAGE, "no warps in a batch");
    for (uint32_t n = 0; needs->classes > 0 && n < batch->n; n++) {
        if (batch->labels[n] < needs->classes) continue;
        return ink_fail(err, INK_E_DATA, "image %u of a batch has label %u; the network has classes 0 to %u", n,
                        batch->labels[n], needs->classes - 1);
    }
    return INK_OK;
}

ink_status ink_needs_check_rows(const ink_needs *needs, uint32_t max_batch, const ink_batch *batch,
                                const uint8_t *labels, uint32_t count, ink_error *err) {
    ink_status status = check_size(max_batch, batch, err);
    if (status != INK_OK) return status;
    if (batch->rows == NULL) return ink_fail(err, INK_E_USAGE, "no rows in a batch");
    for (uint32_t n = 0; n < batch->n; n++) {
        uint32_t row = batch->rows[n];
        if (row >= count) return ink_fail(err, INK_E_USAGE, "row %u of %u images", row, count);
        if (needs->classes == 0 || labels[row] < needs->classes) continue;
        return ink_fail(err, INK_E_DATA, "row %u has label %u; the network has classes 0 to %u", row, labels[row],
                        needs->classes - 1);
    }
    return INK_OK;
}

ink_status ink_needs_read(const ink_needs_value *v, uint32_t n, size_t count, ink_error *err) {
    if (!ink_role_lasts(v->role) && !v->output) return ink_fail(err, INK_E_USAGE, "a value that is no output is read");
    if (!v->batched) n = 1;
    if (count == v->elements * n) return INK_OK;
    return ink_fail(err, INK_E_USAGE, "%zu numbers for a value of %zu, %u images", count, v->elements, n);
}

ink_status ink_needs_write(const ink_needs_value *v, uint32_t max_batch, size_t count, uint32_t *n, ink_error *err) {
    if (v->role != INK_ROLE_INPUT && !ink_role_lasts(v->role)) {
        return ink_fail(err, INK_E_USAGE, "only parameters, states and inputs can be written");
    }
    size_t images = v->batched && v->elements > 0 ? count / v->elements : 1;
    if (images < 1 || images > max_batch || images * v->elements != count) {
        return ink_fail(err, INK_E_USAGE, "%zu numbers for a value of %zu, at most %u images", count, v->elements,
                        max_batch);
    }
    *n = (uint32_t)images;
    return INK_OK;
}

ink_status ink_needs_options(const ink_backend *self, const ink_graph *g, const ink_compile_options *options,
                             ink_error *err) {
    ink_status status = ink_graph_check(g, err);
    if (status != INK_OK) return status;
    if (options->max_batch < 1) return ink_fail(err, INK_E_USAGE, "a batch of 0 images");
    if (options->max_batch > BATCH_MOST) {
        return ink_fail(err, INK_E_USAGE, "a batch of %u images, expected at most %u", options->max_batch, BATCH_MOST);
    }
    if (options->share != NULL && backend_of(options->share) != self) {
        return ink_fail(err, INK_E_USAGE, "a program of %s cannot share memory with one of %s",
                        backend_of(options->share)->name, self->name);
    }
    return INK_OK;
}

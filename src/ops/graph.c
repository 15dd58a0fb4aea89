/* ops/graph.c: the two growing lists of a graph, values and nodes, with names and faults.
 * It knows no operation: those are in graph_forward.c, graph_gradients.c and graph_optimizer.c. */
#include "ops/graph.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "ops/build.h"

#define FIRST_ROOM 32

void ink_graph_clear(ink_graph *g) {
    ink_mem_free(g->values);
    ink_mem_free(g->nodes);
    *g = (ink_graph){0};
}

ink_status ink_graph_copy(const ink_graph *g, ink_graph *out, ink_error *err) {
    size_t n_values = (size_t)g->n_values, n_nodes = (size_t)g->n_nodes;
    *out = (ink_graph){.values = ink_mem_new(n_values, sizeof *g->values),
                       .nodes = ink_mem_new(n_nodes, sizeof *g->nodes)};
    if (out->values == NULL || out->nodes == NULL) {
        return ink_fail_memory(err, n_values * sizeof *g->values + n_nodes * sizeof *g->nodes, "a graph");
    }
    if (n_values > 0) memcpy(out->values, g->values, n_values * sizeof *g->values);
    if (n_nodes > 0) memcpy(out->nodes, g->nodes, n_nodes * sizeof *g->nodes);
    out->n_values = g->n_values;
    out->n_nodes = g->n_nodes;
    return INK_OK;
}

ink_status ink_graph_check(const ink_graph *g, ink_error *err) {
    if (err != NULL && g->fault.status != INK_OK) *err = g->fault;
    return g->fault.status;
}

ink_id ink_build_fault(ink_graph *g, const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (g->fault.status == INK_OK) ink_fail(&g->fault, INK_E_USAGE, "%s", text);
    return INK_NONE;
}

/* Makes room for one more element; the new block or NULL after a fault. */
static void *grow(ink_graph *g, void *list, int32_t used, int32_t *room, size_t size) {
    if (used < *room) return list;
    int32_t wanted = *room == 0 ? FIRST_ROOM : *room * 2;
    void *larger = *room > INT32_MAX / 4 ? NULL : ink_mem_resize(list, (size_t)wanted, size);
    if (larger == NULL) {
        ink_fail_memory(&g->fault, (uint64_t)wanted * size, "a graph");
        return NULL;
    }
    *room = wanted;
    return larger;
}

ink_shape_text ink_build_shape(const ink_graph *g, ink_id value) {
    ink_shape_text shape;
    const ink_value *v = &g->values[value];
    int at = 0;
    for (int i = 0; i < v->rank; i++) {
        at += snprintf(shape.text + at, sizeof shape.text - (size_t)at, "%s%d", i == 0 ? "[" : ",", (int)v->dim[i]);
    }
    snprintf(shape.text + at, sizeof shape.text - (size_t)at, "]");
    return shape;
}

static bool is_value(ink_graph *g, const char *op, const char *what, ink_id value) {
    if (g->fault.status != INK_OK) return false;
    if (value >= 0 && value < g->n_values) return true;
    ink_build_fault(g, "%s: %s is missing", op, what);
    return false;
}

bool ink_build_is_batch(ink_graph *g, const char *op, const char *what, ink_id value) {
    if (!is_value(g, op, what, value)) return false;
    ink_role role = g->values[value].role;
    if (g->values[value].batched && role != INK_ROLE_IMAGES && role != INK_ROLE_LABELS && role != INK_ROLE_WARPS) {
        return true;
    }
    if (role == INK_ROLE_IMAGES) {
        ink_build_fault(g, "%s: %s is the images' bytes; normalise makes numbers of them", op, what);
    } else {
        ink_build_fault(g, "%s: %s is no batch of numbers", op, what);
    }
    return false;
}

bool ink_build_is_whole(ink_graph *g, const char *op, const char *what, ink_id value, int rank) {
    if (!is_value(g, op, what, value)) return false;
    if (g->values[value].batched) {
        ink_build_fault(g, "%s: %s is a batch, not a parameter", op, what);
        return false;
    }
    if (g->values[value].rank != rank) {
        ink_build_fault(g, "%s: %s has shape %s, %d dimension%s wanted", op, what, ink_build_shape(g, value).text, rank,
                        rank == 1 ? "" : "s");
        return false;
    }
    return true;
}

ink_id ink_build_value(ink_graph *g, ink_role role, bool batched, int rank, const int32_t dim[]) {
    if (g->fault.status != INK_OK) return INK_NONE;
    assert(rank >= 1 && rank <= 4);
    int64_t elements = 1;
    for (int i = 0; i < rank; i++) {
        if (dim[i] < 1) return ink_build_fault(g, "a dimension of %d; 1 is the least", (int)dim[i]);
        if (elements > INT32_MAX / dim[i]) return ink_build_fault(g, "a value of more than 2147483647 elements");
        elements *= dim[i];
    }
    ink_value *larger = grow(g, g->values, g->n_values, &g->room_values, sizeof *g->values);
    if (larger == NULL) return INK_NONE;
    g->values = larger;
    ink_value *v = &g->values[g->n_values];
    *v = (ink_value){
        .role = role, .batched = batched, .rank = rank, .dim = {1, 1, 1, 1}, .maker = INK_NONE, .gradient = INK_NONE};
    memcpy(v->dim, dim, (size_t)rank * sizeof *dim);
    return g->n_values++;
}

ink_id ink_build_batch(ink_graph *g, int32_t c, int32_t h, int32_t w) {
    return ink_build_value(g, INK_ROLE_ACTIVATION, true, 3, (int32_t[]){c, h, w});
}

ink_id ink_build_like(ink_graph *g, ink_id like) {
    if (g->fault.status != INK_OK) return INK_NONE;
    ink_value v = g->values[like];
    return ink_build_value(g, v.batched ? INK_ROLE_ACTIVATION : INK_ROLE_GRADIENT, v.batched, v.rank, v.dim);
}

ink_node ink_build_blank(ink_op op) {
    ink_node node = {.op = op};
    for (int i = 0; i < INK_NODE_INPUTS; i++) node.in[i] = INK_NONE;
    for (int i = 0; i < INK_NODE_OUTPUTS; i++) node.out[i] = INK_NONE;
    return node;
}

ink_id ink_build_node(ink_graph *g, const ink_node *node) {
    if (g->fault.status != INK_OK) return INK_NONE;
    ink_node *larger = grow(g, g->nodes, g->n_nodes, &g->room_nodes, sizeof *g->nodes);
    if (larger == NULL) return INK_NONE;
    g->nodes = larger;
    for (int i = 0; i < INK_NODE_OUTPUTS; i++) {
        if (node->out[i] != INK_NONE) g->values[node->out[i]].maker = g->n_nodes;
    }
    g->nodes[g->n_nodes++] = *node;
    return node->out[0];
}

/* ---- values that a caller names or brings ---- */

/* The value of a role that a graph has at most once, or INK_NONE. */
static ink_id find_role(const ink_graph *g, ink_role role) {
    for (ink_id i = 0; i < g->n_values; i++) {
        if (g->values[i].role == role) return i;
    }
    return INK_NONE;
}

ink_id ink_graph_images(ink_graph *g, int32_t height, int32_t width) {
    if (g->fault.status != INK_OK) return INK_NONE;
    ink_id old = find_role(g, INK_ROLE_IMAGES);
    if (old == INK_NONE) return ink_build_value(g, INK_ROLE_IMAGES, true, 3, (int32_t[]){1, height, width});
    if (g->values[old].dim[1] == height && g->values[old].dim[2] == width) return old;
    return ink_build_fault(g, "images of %dx%d and of %dx%d in one graph", (int)g->values[old].dim[1],
                           (int)g->values[old].dim[2], (int)height, (int)width);
}

static ink_id once(ink_graph *g, ink_role role) {
    if (g->fault.status != INK_OK) return INK_NONE;
    ink_id old = find_role(g, role);
    return old != INK_NONE ? old : ink_build_value(g, role, true, 3, (int32_t[]){1, 1, 1});
}

ink_id ink_graph_labels(ink_graph *g) {
    return once(g, INK_ROLE_LABELS);
}

ink_id ink_graph_warps(ink_graph *g) {
    return once(g, INK_ROLE_WARPS);
}

ink_id ink_graph_input(ink_graph *g, int32_t c, int32_t h, int32_t w) {
    return ink_build_value(g, INK_ROLE_INPUT, true, 3, (int32_t[]){c, h, w});
}

static ink_id named(ink_graph *g, ink_role role, const char *name, int rank, const int32_t dim[]) {
    if (g->fault.status != INK_OK) return INK_NONE;
    size_t length = strlen(name);
    if (length == 0 || length >= INK_NAME_SIZE) {
        return ink_build_fault(g, "the name \"%.100s\" has %zu bytes; 1 to %d are possible", name, length,
                               INK_NAME_SIZE - 1);
    }
    if (rank < 1 || rank > 4) return ink_build_fault(g, "%s: %d dimensions; 1 to 4 are possible", name, rank);
    if (ink_graph_find(g, name) != INK_NONE) return ink_build_fault(g, "two values are called %s", name);
    ink_id value = ink_build_value(g, role, false, rank, dim);
    if (value == INK_NONE) return INK_NONE;
    memcpy(g->values[value].name, name, length + 1);
    if (role == INK_ROLE_PARAM) {
        g->values[value].lr_scale = 1.0f;
        g->values[value].decay = true;
    }
    return value;
}

ink_id ink_graph_param(ink_graph *g, const char *name, int rank, const int32_t dim[]) {
    return named(g, INK_ROLE_PARAM, name, rank, dim);
}

ink_id ink_graph_state(ink_graph *g, const char *name, int rank, const int32_t dim[]) {
    return named(g, INK_ROLE_STATE, name, rank, dim);
}

void ink_graph_output(ink_graph *g, ink_id value) {
    if (is_value(g, "output", "the value", value)) g->values[value].output = true;
}

ink_id ink_graph_find(const ink_graph *g, const char *name) {
    for (ink_id i = 0; i < g->n_values; i++) {
        const ink_value *v = &g->values[i];
        if (ink_role_lasts(v->role) && strcmp(v->name, name) == 0) return i;
    }
    return INK_NONE;
}

size_t ink_graph_elements(const ink_graph *g, ink_id value) {
    if (value < 0 || value >= g->n_values) return 0;
    size_t elements = 1;
    for (int i = 0; i < g->values[value].rank; i++) elements *= (size_t)g->values[value].dim[i];
    return elements;
}

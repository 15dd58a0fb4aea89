/* ops/cpu/plan_cells.c: where each value of a graph will lie: its layout and physical shape.
 * Steps come in plan_steps.c, addresses in plan_phases.c. */
#include <string.h>

#include "core/status.h"
#include "ops/cpu/program.h"

#define THIN_CHANNELS 4 /* an image of so few channels would waste panels of 16 */

static bool is_conv(ink_op op) {
    return op == INK_OP_CONV2D || op == INK_OP_CONV2D_DW;
}

/* Do all nodes that read value v satisfy the test? false when none reads it. */
static bool all_readers(const ink_graph *g, ink_id v, bool (*test)(const ink_graph *g, const ink_node *n, ink_id v)) {
    bool any = false;
    for (int32_t i = 0; i < g->n_nodes; i++) {
        for (int k = 0; k < INK_NODE_INPUTS; k++) {
            if (g->nodes[i].in[k] != v) continue;
            if (!test(g, &g->nodes[i], v)) return false;
            any = true;
        }
    }
    return any;
}

/* A convolution whose input's gradient nobody wants. */
static bool reads_as_image(const ink_graph *g, const ink_node *n, ink_id v) {
    for (int32_t i = 0; n->op == INK_OP_CONV2D && i < g->n_nodes; i++) {
        if (g->nodes[i].op == INK_OP_CONV2D_DX && g->nodes[i].in[1] == n->in[1]) return false;
    }
    return is_conv(n->op) && n->in[0] == v;
}

static bool reads_as_flat(const ink_graph *g, const ink_node *n, ink_id v) {
    (void)g, (void)v;
    return n->op == INK_OP_FLATTEN;
}

/* A flattened value may stay in the layout of its map where nothing minds the order of its channels. */
static bool minds_no_order(const ink_graph *g, const ink_node *n, ink_id v) {
    switch (n->op) {
    case INK_OP_LINEAR:
    case INK_OP_LINEAR_DW: return n->in[0] == v;
    case INK_OP_ACTIVATION_DX: return n->in[0] == v;
    case INK_OP_ACTIVATION:
    case INK_OP_DROPOUT: return !g->values[n->out[0]].output && all_readers(g, n->out[0], minds_no_order);
    default: return false;
    }
}

/* Pads of the convolutions that read v as an image, alike for all, where it will lie in planes; else false. */
static bool lies_in_planes(const ink_graph *g, ink_id v, int32_t *pad, int32_t *end) {
    const ink_value *value = &g->values[v];
    const bool is_first = value->role == INK_ROLE_INPUT || g->nodes[value->maker].op == INK_OP_NORMALISE;
    if (!is_first || value->dim[0] > THIN_CHANNELS || !all_readers(g, v, reads_as_image)) return false;
    *pad = -1;
    *end = 0;
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const ink_node *n = &g->nodes[i];
        if (!is_conv(n->op) || n->in[0] != v) continue;
        if (*pad >= 0 && (n->attr.conv.pad != *pad || n->attr.conv.pad_end != *end)) return false;
        *pad = n->attr.conv.pad;
        *end = n->attr.conv.pad_end;
    }
    return true;
}

/* ---- which maps are narrow: lanes are images, so that few channels waste nothing ---- */

/* Of these values all are narrow or none. */
static bool agree(bool *narrow, const ink_id *v, size_t n) {
    bool all = true, any = false;
    for (size_t i = 0; i < n; i++) {
        if (v[i] == INK_NONE) continue;
        all = all && narrow[v[i]];
        any = any || narrow[v[i]];
    }
    for (size_t i = 0; i < n && !all; i++) {
        if (v[i] != INK_NONE) narrow[v[i]] = false;
    }
    return all || !any;
}

static bool is_point(const ink_graph *g, ink_id v) {
    return g->values[v].dim[1] * g->values[v].dim[2] == 1;
}

/* Between two maps: with 16 channels on both sides panels waste nothing either, and have Winograd. */
static bool agree_conv(const ink_graph *g, bool *narrow, ink_id x, ink_id y) {
    int32_t pad, end;
    const ink_id none[] = {x, y};
    /* Several channels may be one grey plane in one program and not in another: not so here and otherwise there. */
    if (lies_in_planes(g, x, &pad, &end)) return g->values[x].dim[0] == 1 || agree(narrow, none, 2);
    if (g->values[x].dim[0] >= (int32_t)INK_LANES && g->values[y].dim[0] >= (int32_t)INK_LANES) {
        const bool fine = !narrow[x] && !narrow[y];
        narrow[x] = narrow[y] = false;
        return fine;
    }
    return agree(narrow, none, 2);
}

/* Makes narrow[] of the node's values agree; false when that changed any. */
static bool agree_node(const ink_graph *g, bool *narrow, const ink_node *n) {
    const ink_id *in = n->in, y = n->out[0];
    switch (n->op) {
    case INK_OP_CONV2D:
    case INK_OP_CONV2D_DX: return agree_conv(g, narrow, in[0], y);
    case INK_OP_CONV2D_DW: return agree_conv(g, narrow, in[0], in[1]);
    case INK_OP_DEPTHWISE:
    case INK_OP_DEPTHWISE_DX:
    case INK_OP_BATCHNORM:
    case INK_OP_ACTIVATION:
    case INK_OP_DROPOUT:
    case INK_OP_DROPOUT_DX: return agree(narrow, (ink_id[]){in[0], y}, 2);
    case INK_OP_DEPTHWISE_DW: return agree(narrow, in, 2);
    case INK_OP_BATCHNORM_DX:
    case INK_OP_ACTIVATION_DX:
    case INK_OP_ADD: return agree(narrow, (ink_id[]){in[0], in[1], y}, 3);
    case INK_OP_MAXPOOL:
    case INK_OP_AVGPOOL:
    case INK_OP_AVGPOOL_DX:
    case INK_OP_GLOBAL_AVGPOOL:
    case INK_OP_GLOBAL_AVGPOOL_DX:
    case INK_OP_GLOBAL_MAXPOOL: {
        const bool back = n->op == INK_OP_AVGPOOL_DX || n->op == INK_OP_GLOBAL_AVGPOOL_DX;
        if (is_point(g, back ? in[0] : y)) return true; /* where the map ends */
        return agree(narrow, (ink_id[]){in[0], y}, 2);
    }
    case INK_OP_MAXPOOL_DX:
    case INK_OP_GLOBAL_MAXPOOL_DX: return agree(narrow, (ink_id[]){in[0], y, in[1], in[2]}, is_point(g, in[1]) ? 2 : 4);
    default: return true; /* flatten moves from any layout to any; the rest have points alone, or no gradient */
    }
}

static bool may_be_narrow(const ink_graph *g, ink_id v) {
    const ink_value *value = &g->values[v];
    int32_t pad, end;
    if (!value->batched || value->dim[0] > (int32_t)INK_LANES || is_point(g, v)) return false;
    if (value->role == INK_ROLE_INPUT) return !lies_in_planes(g, v, &pad, &end);
    if (value->role != INK_ROLE_ACTIVATION || value->maker == INK_NONE) return false;
    const ink_op op = g->nodes[value->maker].op;
    return op != INK_OP_WARP && op != INK_OP_NORMALISE;
}

static bool set_narrow(ink_program *p, const ink_graph *g) {
    bool *narrow = ink_plan_new(p, (size_t)g->n_values, sizeof *narrow);
    if (narrow == NULL) return false;
    /* Products of narrow maps are in float whatever the precision, as Winograd's: not what `exact` asks for in bf16,
     * nor what may be there with some numbers of threads alone. */
    const bool fits = !(ink_is_bf16(p) && (p->exact || p->rows_vary));
    for (ink_id v = 0; v < g->n_values; v++) narrow[v] = fits && may_be_narrow(g, v);
    for (bool settled = false; !settled;) {
        settled = true;
        for (int32_t i = 0; i < g->n_nodes; i++) settled = agree_node(g, narrow, &g->nodes[i]) && settled;
    }
    for (ink_id v = 0; v < g->n_values; v++) {
        p->cells[v].narrow_by_shape = narrow[v];
        p->cells[v].narrow = narrow[v] && p->rows == INK_LANES;
    }
    return true;
}

/* ---- batched values ---- */

static void set_shape(const ink_program *p, ink_cell *c, uint32_t channels, uint32_t height, uint32_t width) {
    c->store = INK_STORE_PANELS;
    c->c = channels;
    c->height = height;
    c->width = width;
    if (c->narrow) c->store = INK_STORE_NARROW;
    c->block = (size_t)height * width * ink_position_floats(p, c);
}

static void set_dense(const ink_program *p, const ink_graph *g, ink_id v) {
    const int32_t *d = g->values[v].dim;
    set_shape(p, &p->cells[v], (uint32_t)d[0], (uint32_t)d[1], (uint32_t)d[2]);
}

static void set_flat(const ink_program *p, const ink_graph *g, ink_id v) {
    const int32_t *d = g->values[v].dim;
    set_shape(p, &p->cells[v], (uint32_t)(d[0] * d[1] * d[2]), 1, 1);
}

static void set_like(const ink_program *p, ink_id v, ink_id like) {
    const ink_cell *from = &p->cells[like];
    set_shape(p, &p->cells[v], from->c, from->height, from->width);
}

static void set_planes(const ink_program *p, ink_cell *c, const int32_t *d, uint32_t border, uint32_t border_end) {
    set_shape(p, c, (uint32_t)d[0], (uint32_t)d[1], (uint32_t)d[2]);
    c->store = INK_STORE_PLANES;
    c->border = border;
    c->border_end = border_end;
    size_t extra = (size_t)border + border_end;
    c->block = (size_t)c->c * (c->height + extra) * (c->width + extra) * p->rows;
}

/* The first value of a network: normalised pixels, or an input that a test writes. */
static void set_first(const ink_program *p, const ink_graph *g, ink_id v) {
    const ink_value *value = &g->values[v];
    p->cells[v].is_first = true;
    int32_t pad, end;
    if (lies_in_planes(g, v, &pad, &end)) {
        const int32_t planes = ink_grey_fits(p, g, v) ? 1 : value->dim[0];
        const int32_t dim[] = {planes, value->dim[1], value->dim[2]};
        set_planes(p, &p->cells[v], dim, (uint32_t)pad, (uint32_t)end);
        return;
    }
    const bool flat = !p->cells[v].narrow_by_shape && all_readers(g, v, reads_as_flat);
    if (value->dim[0] < (int32_t)INK_LANES && flat && !value->output) {
        set_flat(p, g, v);
    } else {
        set_dense(p, g, v);
    }
}

/* ---- weights ---- */

static bool tap_is_live(const ink_node *n, const int32_t *x, uint32_t r, bool down) {
    int32_t size = down ? x[1] : x[2], window = down ? n->attr.conv.window_h : n->attr.conv.window_w;
    int32_t stride = n->attr.conv.stride, pad = n->attr.conv.pad;
    int32_t out = (size + pad + n->attr.conv.pad_end - window) / stride + 1;
    for (int32_t i = 0; i < out; i++) {
        int32_t at = i * stride + (int32_t)r - pad;
        if (at >= 0 && at < size) return true;
    }
    return false;
}

/* The layout of weights [K, C, R, S] (linear: [K, C]) that meet the batched value x. n: a conv2d node or NULL. */
static ink_status set_weights(ink_program *p, const ink_graph *g, ink_id v, ink_id x, const ink_node *n,
                              ink_error *err) {
    ink_cell *c = &p->cells[v];
    const ink_cell *from = &p->cells[x];
    uint32_t taps = ink_positions(from), height = from->height, width = from->width;
    if (n != NULL) {
        height = (uint32_t)n->attr.conv.window_h;
        width = (uint32_t)n->attr.conv.window_w;
        taps = height * width;
    }
    bool thin = from->store == INK_STORE_PLANES;
    const uint32_t channels = thin ? (uint32_t)g->values[v].dim[1] : from->c; /* planes may be fewer */
    if (c->taps != 0 && (c->taps != taps || c->c != channels || thin != (c->store == INK_STORE_THIN))) {
        return ink_fail(err, INK_E_ABSENT, "%s: weights used in two different places", g->values[v].name);
    }
    if (c->taps != 0) return INK_OK;
    uint32_t *place = ink_plan_new(p, taps, sizeof *place);
    if (place == NULL) return ink_fail_memory(err, taps * sizeof *place, "a plan");
    uint32_t live = 0, dead = 0;
    for (uint32_t t = 0; t < taps; t++) {
        bool is_live =
            n == NULL || thin ||
            (tap_is_live(n, g->values[x].dim, t / width, true) && tap_is_live(n, g->values[x].dim, t % width, false));
        live += is_live;
        place[t] = is_live ? 1 : 0;
    }
    for (uint32_t t = 0, at = 0; t < taps; t++) place[t] = place[t] != 0 ? at++ : live + dead++;
    c->store = thin ? INK_STORE_THIN : INK_STORE_WEIGHTS;
    c->k = (uint32_t)g->values[v].dim[0];
    c->c = channels;
    c->height = height;
    c->width = width;
    c->taps = taps;
    c->live = live;
    c->place = place;
    size_t row = thin ? (size_t)c->c * INK_LANES : (size_t)ink_groups(c->c) * INK_PANEL;
    c->floats = (size_t)ink_groups(c->k) * taps * row;
    c->live_floats = (size_t)ink_groups(c->k) * live * row;
    return INK_OK;
}

static void set_vector(ink_program *p, ink_id v) {
    ink_cell *c = &p->cells[v];
    c->store = INK_STORE_VECTOR;
    c->floats = c->live_floats = (c->elements + INK_LANES - 1) / INK_LANES * INK_LANES;
}

/* v lies as w does: gradients, moments, averages. */
static void set_as(ink_program *p, ink_id v, ink_id w) {
    if (v == INK_NONE || p->cells[v].store != INK_STORE_NONE) return;
    const ink_cell *from = &p->cells[w];
    ink_cell *c = &p->cells[v];
    ink_cell old = *c;
    *c = *from;
    c->role = old.role;
    c->output = old.output;
    c->node = old.node;
    c->name = old.name;
    c->elements = old.elements;
    c->same = INK_NONE;
}

/* ---- node by node ---- */

static ink_status set_batched(ink_program *p, const ink_graph *g, const ink_node *n, ink_error *err) {
    ink_id x = n->in[0], y = n->out[0];
    switch (n->op) {
    case INK_OP_WARP:
        set_dense(p, g, y);
        p->cells[y].store = INK_STORE_PLAIN;
        p->cells[y].block = p->cells[y].elements * p->rows;
        break;
    case INK_OP_NORMALISE: set_first(p, g, y); break;
    case INK_OP_LINEAR: set_dense(p, g, y); return set_weights(p, g, n->in[1], x, NULL, err);
    case INK_OP_CONV2D: set_dense(p, g, y); return set_weights(p, g, n->in[1], x, n, err);
    case INK_OP_LINEAR_DW: return set_weights(p, g, y, x, NULL, err);
    case INK_OP_CONV2D_DW: return set_weights(p, g, y, x, n, err);
    case INK_OP_LINEAR_DX: {
        const ink_cell *w = &p->cells[n->in[1]];
        set_shape(p, &p->cells[y], w->c, w->height, w->width);
        break;
    }
    case INK_OP_ACTIVATION:
    case INK_OP_ACTIVATION_DX:
    case INK_OP_DROPOUT:
    case INK_OP_DROPOUT_DX:
    case INK_OP_ADD:
    case INK_OP_BATCHNORM: set_like(p, y, x); break;
    case INK_OP_BATCHNORM_DX:
        if (y != INK_NONE) set_like(p, y, x);
        break;
    case INK_OP_FLATTEN:
        if (!p->cells[x].narrow_by_shape && !g->values[y].output && all_readers(g, y, minds_no_order)) {
            set_like(p, y, x);
        } else {
            set_flat(p, g, y);
        }
        break;
    default:
        if (y != INK_NONE && g->values[y].batched) set_dense(p, g, y);
        break;
    }
    return INK_OK;
}

static void set_followers(ink_program *p, const ink_node *n) {
    switch (n->op) {
    case INK_OP_MUON:
    case INK_OP_SGD: set_as(p, n->in[2], n->in[0]); break;
    case INK_OP_ADAM:
        set_as(p, n->in[2], n->in[0]);
        set_as(p, n->in[3], n->in[0]);
        break;
    case INK_OP_AVERAGE: set_as(p, n->in[1], n->in[0]); break;
    default: break;
    }
}

static bool start_cells(ink_program *p, const ink_graph *g) {
    for (ink_id v = 0; v < g->n_values; v++) {
        const ink_value *from = &g->values[v];
        char *name = ink_arena_string(&p->arena, from->name, strlen(from->name));
        if (name == NULL) return false;
        p->cells[v] = (ink_cell){.role = from->role,
                                 .output = from->output,
                                 .batched = from->batched,
                                 .elements = ink_graph_elements(g, v),
                                 .same = INK_NONE,
                                 .node = v,
                                 .name = name};
        if (from->role == INK_ROLE_IMAGES) {
            p->cells[v].c = 1;
            p->cells[v].height = (uint32_t)from->dim[1];
            p->cells[v].width = (uint32_t)from->dim[2];
        }
    }
    return true;
}

ink_status ink_plan_cells(ink_program *p, const ink_graph *g, ink_error *err) {
    p->n_values = p->n_cells = (uint32_t)g->n_values;
    p->room_cells = p->n_cells + (uint32_t)g->n_nodes * 8 + 16;
    p->cells = ink_plan_new(p, p->room_cells, sizeof *p->cells);
    if (p->cells == NULL) return ink_fail_memory(err, p->room_cells * sizeof *p->cells, "a plan");
    if (!start_cells(p, g) || !set_narrow(p, g))
        return ink_fail_memory(err, (uint64_t)g->n_values * INK_NAME_SIZE, "a plan");
    for (ink_id v = 0; v < g->n_values; v++) {
        if (g->values[v].role == INK_ROLE_INPUT) set_first(p, g, v);
    }
    for (int32_t i = 0; i < g->n_nodes; i++) {
        ink_status status = set_batched(p, g, &g->nodes[i], err);
        if (status != INK_OK) return status;
    }
    for (int32_t i = 0; i < g->n_nodes; i++) set_followers(p, &g->nodes[i]);
    uint32_t blocks = (p->max_batch + p->rows - 1) / p->rows;
    for (ink_id v = 0; v < g->n_values; v++) {
        ink_cell *c = &p->cells[v];
        if (!c->batched && c->store == INK_STORE_NONE) set_vector(p, v);
        if (c->batched && c->store != INK_STORE_NONE) {
            if (!ink_size_mul(c->block, blocks, &c->floats) || c->floats > SIZE_MAX / 64) {
                return ink_fail_memory(err, UINT64_MAX, "a value of the network");
            }
            c->live_floats = c->floats;
            if (c->block > INT32_MAX)
                return ink_fail(err, INK_E_ABSENT, "a map of 2^31 numbers in one block of images");
        }
    }
    return INK_OK;
}

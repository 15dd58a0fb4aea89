/* ops/cpu/plan_dense.c: steps of linear and conv2d, their gradients and, in bfloat16, the copies that they read.
 * The tables behind a step are made in sweep.c and wgrad.c. */
#include "ops/cpu/plan.h"

/* ---- bfloat16 copies ---- */

static bool is_forward(ink_op op) {
    return op == INK_OP_LINEAR || op == INK_OP_CONV2D;
}

static bool is_back(ink_op op) {
    return op == INK_OP_LINEAR_DX || op == INK_OP_CONV2D_DX;
}

static bool is_wgrad(ink_op op) {
    return op == INK_OP_LINEAR_DW || op == INK_OP_CONV2D_DW;
}

static bool is_thin(const planner *l, const ink_node *n) {
    return l->p->cells[is_wgrad(n->op) ? n->out[0] : n->in[1]].store == INK_STORE_THIN;
}

static bool lies_narrow(const planner *l, ink_id v) {
    return l->p->cells[v].store == INK_STORE_NARROW;
}

/* Of a convolution between narrow maps, or from planes to one; in any precision it stays in float. */
static bool is_narrow(const planner *l, const ink_node *n) {
    return lies_narrow(l, is_wgrad(n->op) ? n->in[1] : n->out[0]);
}

/* How a convolution, or its gradient with respect to the input, is computed with fewer products than it has taps. */
typedef struct conv_way {
    bool (*pays)(const ink_program *p, const ink_node *node);
    size_t (*weight_floats)(const ink_program *p, const ink_node *node);
    const void *(*plan)(ink_program *p, ink_step *s, const ink_operands *from, ink_id *scratch);
    ink_work *work, *work_weights;
    const char *weights_name;
    bool (*weight_room)(ink_program *p, ink_id *scratch); /* makes the scratch of the weights' step; or NULL */
} conv_way;

static const conv_way ways[] = {
    {ink_fourier_pays, ink_fourier_weight_floats, ink_fourier_plan, ink_work_fourier, ink_work_fourier_weights,
     "fourier weights", ink_fourier_weight_room},
    {ink_winograd_pays, ink_winograd_weight_floats, ink_winograd_plan, ink_work_winograd, ink_work_winograd_weights,
     "winograd weights", NULL},
    {ink_toeplitz_pays, ink_toeplitz_weight_floats, ink_toeplitz_plan, ink_work_toeplitz, ink_work_toeplitz_weights,
     "toeplitz weights", NULL},
};

/* The first of them that pays; NULL: tap by tap. */
static const conv_way *way_of(const planner *l, const ink_node *n) {
    if (is_narrow(l, n) || ink_has_tiles(l->p)) return NULL;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (ways[i].pays(l->p, n)) return &ways[i];
    }
    return NULL;
}

/* The same of a gradient of the weights. */
typedef struct dw_way {
    bool (*pays)(const ink_program *p, const ink_node *node);
    const void *(*plan)(ink_program *p, const ink_node *node, ink_step *s, const ink_operands *from, ink_id *scratch);
    ink_work *work;
} dw_way;

static const dw_way dw_ways[] = {{ink_fourier_dw_pays, ink_fourier_dw_plan, ink_work_fourier_dw},
                                 {ink_winograd_dw_pays, ink_winograd_dw_plan, ink_work_winograd_dw}};

static const dw_way *dw_way_of(const planner *l, const ink_node *n) {
    for (size_t i = 0; i < sizeof dw_ways / sizeof *dw_ways && !ink_has_tiles(l->p); i++) {
        if (dw_ways[i].pays(l->p, n)) return &dw_ways[i];
    }
    return NULL;
}

/* Makes the copies of a batched value that any product will read, once. A product behind a flatten that is planned
 * later may want the other copy: then that is made there. */
static void halve(planner *l, ink_id v) {
    ink_id root = ink_plan_root(l->p, v);
    bool half = false, pairs = false, turned = false;
    for (int32_t i = 0; i < l->g->n_nodes; i++) {
        const ink_node *n = &l->g->nodes[i];
        bool product = is_forward(n->op) || is_back(n->op), weights = is_wgrad(n->op);
        if ((!product && !weights) || is_thin(l, n) || is_narrow(l, n)) continue;
        bool forward = product && way_of(l, n) == NULL;
        weights = weights && dw_way_of(l, n) == NULL;
        half = half || (forward && ink_plan_root(l->p, n->in[0]) == root);
        const bool is_x = weights && ink_plan_root(l->p, n->in[0]) == root;
        const bool is_dy = weights && ink_plan_root(l->p, n->in[1]) == root;
        pairs = pairs || is_dy || (is_x && !ink_has_tiles(l->p));
        turned = turned || (is_x && ink_has_tiles(l->p));
    }
    half = half && l->halves[root] == INK_NONE;
    pairs = pairs && l->pairs[root] == INK_NONE;
    turned = turned && l->turned[root] == INK_NONE;
    if (!half && !pairs && !turned) return;
    ink_node node = {.op = INK_OP_COUNT,
                     .in = {v, INK_NONE, INK_NONE, INK_NONE, INK_NONE, INK_NONE},
                     .out = {INK_NONE, INK_NONE, INK_NONE, INK_NONE}};
    size_t floats = l->p->cells[v].block / 2;
    ink_step *s = ink_plan_step(l, "halve", ink_work_halve, &node);
    if (half) l->halves[root] = s->extra[0] = ink_plan_room(l, floats, true);
    if (pairs) l->pairs[root] = s->extra[1] = ink_plan_room(l, floats, true);
    if (turned) l->turned[root] = s->extra[2] = ink_plan_room(l, floats, true);
    ink_plan_reads(s, v);
    for (size_t i = 0; i < 3; i++) ink_plan_writes(s, s->extra[i]);
}

/* A copy of v in rounded floats. */
static ink_id rounded(planner *l, ink_id v) {
    const ink_cell *c = &l->p->cells[v];
    ink_id root = ink_plan_root(l->p, v);
    if (!c->batched && l->halves[root] != INK_NONE) return l->halves[root];
    ink_node node = {.op = INK_OP_COUNT,
                     .in = {v, INK_NONE, INK_NONE, INK_NONE, INK_NONE, INK_NONE},
                     .out = {INK_NONE, INK_NONE, INK_NONE, INK_NONE}};
    ink_step *s = ink_plan_step(l, "round", ink_work_round, &node);
    s->whole = !c->batched;
    s->extra[0] = ink_plan_room(l, c->batched ? c->block : c->floats, c->batched);
    ink_plan_reads(s, v);
    ink_plan_writes(s, s->extra[0]);
    if (!c->batched) l->halves[root] = s->extra[0];
    return s->extra[0];
}

static ink_id half_weights(planner *l, ink_id w) {
    ink_id root = ink_plan_root(l->p, w);
    if (l->halves[root] != INK_NONE) return l->halves[root];
    ink_node node = {.op = INK_OP_COUNT,
                     .in = {w, INK_NONE, INK_NONE, INK_NONE, INK_NONE, INK_NONE},
                     .out = {INK_NONE, INK_NONE, INK_NONE, INK_NONE}};
    ink_step *s = ink_plan_step(l, "halve weights", ink_work_halve_weights, &node);
    s->whole = true;
    s->parts = ink_groups(l->p->cells[w].k);
    l->halves[root] = s->extra[0] = ink_plan_room(l, l->p->cells[w].live_floats / 2, false);
    ink_plan_reads(s, w);
    ink_plan_writes(s, s->extra[0]);
    return s->extra[0];
}

/* What the product of a node will read. */
static ink_operands operands_of(planner *l, const ink_node *n) {
    ink_operands from = {n->in[0], n->in[1], false};
    if (!ink_is_bf16(l->p) || is_narrow(l, n)) return from;
    if (is_thin(l, n)) { /* its x was rounded when it was made */
        from.b = rounded(l, n->in[1]);
        return from;
    }
    from.half = true;
    halve(l, n->in[0]);
    if (is_wgrad(n->op)) {
        halve(l, n->in[1]);
        from.a = (ink_has_tiles(l->p) ? l->turned : l->pairs)[ink_plan_root(l->p, n->in[0])];
        from.b = l->pairs[ink_plan_root(l->p, n->in[1])];
    } else {
        from.a = l->halves[ink_plan_root(l->p, n->in[0])];
        from.b = is_forward(n->op) ? half_weights(l, n->in[1]) : INK_NONE;
    }
    return from;
}

/* ---- linear and conv2d ---- */

/* Of a product: its operands instead of the node's first two inputs. */
static void reads_operands(ink_step *s, const ink_operands *from) {
    ink_plan_reads(s, from->a);
    ink_plan_reads(s, from->b);
    const ink_id others[] = {s->bias, s->scale, s->offset, s->residual, s->mask};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) ink_plan_reads(s, others[i]);
    ink_plan_writes(s, s->node.out[0]);
}

/* What a node's Winograd, or what is like it, reads: the value itself, and weights transformed here. */
static ink_operands transformed(planner *l, const ink_node *n, const conv_way *way) {
    ink_step *s = ink_plan_step(l, way->weights_name, way->work_weights, n);
    s->whole = true;
    s->parts = ink_groups(l->p->cells[n->in[1]].k);
    s->extra[0] = ink_plan_room(l, way->weight_floats(l->p, n), false);
    if (way->weight_room != NULL && !way->weight_room(l->p, &l->scratch)) l->short_of_memory = true;
    s->extra[1] = l->scratch;
    ink_plan_reads(s, n->in[1]);
    ink_plan_writes(s, s->extra[0]);
    return (ink_operands){n->in[0], s->extra[0], false};
}

static const ink_node *copy_of(planner *l, const ink_node *n) {
    ink_node *copy = ink_plan_checked(l, ink_plan_new(l->p, 1, sizeof *copy));
    if (copy != NULL) *copy = *n;
    return copy;
}

/* What a convolution of a grey picture reads: its plane, and weights summed here. *starts: see ink_work_sweep. */
static ink_operands grey(planner *l, const ink_node *n, ink_id *starts) {
    const ink_cell *w = &l->p->cells[n->in[1]], *y = &l->p->cells[n->out[0]];
    ink_step *s = ink_plan_step(l, "grey weights", ink_work_grey_weights, n);
    const ink_node *normalise = &l->g->nodes[l->g->values[n->in[0]].maker];
    s->plan = copy_of(l, normalise);
    s->whole = true;
    s->parts = ink_groups(w->k);
    s->extra[0] = ink_plan_room(l, (size_t)ink_groups(w->k) * w->taps * 2 * INK_LANES, false);
    if (ink_grey_has_starts(normalise)) {
        *starts = s->extra[1] = ink_plan_room(l, (size_t)ink_positions(y) * ink_groups(y->c) * INK_LANES, false);
    }
    ink_plan_reads(s, n->in[1]);
    ink_plan_reads(s, n->in[2]);
    ink_plan_writes(s, s->extra[0]);
    ink_plan_writes(s, s->extra[1]);
    return (ink_operands){n->in[0], s->extra[0], false};
}

static bool is_grey(const planner *l, const ink_node *n) {
    if (n->op != INK_OP_CONV2D && n->op != INK_OP_CONV2D_DW) return false;
    const ink_cell *x = &l->p->cells[n->in[0]], *w = &l->p->cells[is_wgrad(n->op) ? n->out[0] : n->in[1]];
    return x->store == INK_STORE_PLANES && x->c != w->c;
}

/* The tables of a step that has its final output, and its parts. */
static void set_sweep(planner *l, ink_step *s, const ink_operands *from, const conv_way *way) {
    if (way != NULL) {
        s->work = way->work;
        s->plan = way->plan(l->p, s, from, &l->scratch);
    } else {
        s->plan = is_forward(s->node.op) ? ink_sweep_forward(l->p, s, from) : ink_sweep_back(l->p, s, from);
    }
    (void)ink_plan_checked(l, s->plan);
}

/* The evaluation's batch norm that alone reads v, or -1. */
static int32_t fixed_norm_behind(const planner *l, ink_id v) {
    const int32_t i = ink_plan_only_reader(l, v, false);
    if (i < 0 || l->g->nodes[i].op != INK_OP_BATCHNORM || l->g->nodes[i].attr.batchnorm.training) return -1;
    return i;
}

/* The same with a relu between, or -1. */
static int32_t fixed_norm_behind_relu(const planner *l, ink_id v) {
    const int32_t i = ink_plan_only_reader(l, v, false);
    const ink_node *relu = i >= 0 ? &l->g->nodes[i] : NULL;
    if (relu == NULL || relu->op != INK_OP_ACTIVATION || relu->attr.activation.kind != INK_RELU) return -1;
    return fixed_norm_behind(l, relu->out[0]);
}

void ink_plan_forward(planner *l, int32_t at) {
    const ink_node *n = &l->g->nodes[at];
    ink_id y = n->out[0], scale = INK_NONE, offset = INK_NONE;
    const int32_t norm = fixed_norm_behind(l, y), late_norm = fixed_norm_behind_relu(l, y);
    if (norm >= 0) {
        ink_plan_fixed_norm(l, &l->g->nodes[norm], &scale, &offset);
        y = ink_plan_absorb(l, norm, y);
    } else if (late_norm >= 0) {
        ink_plan_fixed_norm(l, &l->g->nodes[late_norm], &scale, &offset);
    }
    const conv_way *way = way_of(l, n);
    ink_id starts = INK_NONE;
    ink_operands from = way != NULL ? transformed(l, n, way) : is_grey(l, n) ? grey(l, n, &starts) : operands_of(l, n);
    ink_step *s = ink_plan_step(l, ink_op_name(n->op), is_narrow(l, n) ? ink_work_sweep_narrow : ink_work_sweep, n);
    s->extra[0] = starts;
    ink_plan_reads(s, starts);
    s->scale = scale;
    s->offset = offset;
    s->bias = n->in[2];
    y = ink_plan_absorb_residual(l, s, y, at);
    y = ink_plan_absorb_relu(l, s, y);
    if (late_norm >= 0) {
        s->relu = false;
        s->relu_first = true;
        y = ink_plan_absorb(l, late_norm, y);
    }
    int32_t next = way != NULL ? -1 : ink_plan_only_reader(l, y, false);
    if (next >= 0 && l->g->nodes[next].op == INK_OP_ACTIVATION && !s->relu) { /* a relu was absorbed */
        ink_plan_activate(s, &l->g->nodes[next]);
        y = ink_plan_absorb(l, next, y);
    }
    s->node.out[0] = y;
    set_sweep(l, s, &from, way);
    reads_operands(s, &from);
}

static ink_id turned_of(planner *l, const ink_node *n) {
    ink_id w = n->in[1];
    if (l->turned[w] != INK_NONE) return l->turned[w];
    const ink_cell *c = &l->p->cells[w];
    bool half = ink_is_bf16(l->p);
    ink_step *s = ink_plan_step(l, "turn", half ? ink_work_turn_half : ink_work_turn, n);
    s->whole = true;
    s->parts = ink_groups(c->k);
    s->extra[0] = ink_plan_room(l, c->live_floats / (half ? 2 : 1), false);
    ink_plan_reads(s, w);
    ink_plan_writes(s, s->extra[0]);
    return l->turned[w] = s->extra[0];
}

void ink_plan_back(planner *l, int32_t at) {
    const ink_node *n = &l->g->nodes[at];
    const conv_way *way = way_of(l, n);
    ink_operands from = way != NULL ? transformed(l, n, way) : operands_of(l, n);
    if (way == NULL && !is_narrow(l, n)) from.b = turned_of(l, n);
    ink_step *s = ink_plan_step(l, ink_op_name(n->op), is_narrow(l, n) ? ink_work_sweep_narrow : ink_work_sweep, n);
    s->node.out[0] = ink_plan_absorb_mask(l, s, n->out[0]);
    set_sweep(l, s, &from, way);
    reads_operands(s, &from);
}

/* Behind the gradient of the weights for one plane, in slices: that of all channels. */
static void grey_join(planner *l, const ink_node *n, ink_id slices) {
    const ink_node *normalise = &l->g->nodes[l->g->values[n->in[0]].maker];
    const ink_cell *w = &l->p->cells[n->out[0]];
    ink_id inside = INK_NONE;
    if (ink_grey_has_starts(normalise)) {
        ink_step *sums = ink_plan_step(l, "grey sums", ink_work_grey_sums, n);
        inside = sums->extra[0] = ink_plan_room(l, ink_grey_sum_floats(w), true);
        ink_plan_reads(sums, n->in[1]);
        ink_plan_writes(sums, inside);
    }
    ink_step *join = ink_plan_step(l, "grey join", ink_work_grey_join, n);
    join->whole = true;
    join->parts = ink_groups(w->k);
    join->plan = copy_of(l, normalise);
    join->extra[0] = slices;
    join->extra[1] = inside;
    ink_plan_reads(join, slices);
    ink_plan_reads(join, inside);
    ink_plan_writes(join, n->out[0]);
}

void ink_plan_wgrad(planner *l, int32_t at) {
    const ink_node *n = &l->g->nodes[at];
    const dw_way *way = dw_way_of(l, n);
    const ink_operands plain = {n->in[0], n->in[1], false};
    ink_operands from = way != NULL || is_grey(l, n) ? plain : operands_of(l, n);
    ink_step *s = ink_plan_step(l, ink_op_name(n->op), ink_work_wgrad, n);
    s->whole = true;
    uint32_t join_parts = (uint32_t)(l->p->cells[n->out[0]].live_floats / 16384 + 1);
    if (is_narrow(l, n)) {
        s->work = ink_work_narrow_dw;
        s->plan = ink_plan_checked(l, ink_narrow_dw_plan(l->p, n, s, &join_parts));
    } else if (way != NULL) {
        s->work = way->work;
        s->plan = ink_plan_checked(l, way->plan(l->p, n, s, &from, &l->scratch));
    } else {
        s->plan = ink_plan_checked(l, ink_wgrad_plan(l->p, n, s, &from));
    }
    ink_plan_reads(s, from.a);
    ink_plan_reads(s, from.b);
    if (s->extra[0] == INK_NONE) {
        ink_plan_writes(s, n->out[0]);
        return;
    }
    ink_plan_writes(s, s->extra[0]);
    if (is_grey(l, n)) {
        grey_join(l, n, s->extra[0]);
        return;
    }
    ink_step *join = ink_plan_step(l, "join", is_narrow(l, n) ? ink_work_narrow_join : ink_work_wgrad_join, n);
    join->whole = true;
    join->plan = s->plan;
    join->extra[0] = s->extra[0];
    join->parts = join_parts;
    ink_plan_reads(join, s->extra[0]);
    ink_plan_writes(join, n->out[0]);
}

void ink_plan_bias(planner *l, int32_t at) {
    const ink_node *n = &l->g->nodes[at];
    size_t channels = (size_t)ink_groups(l->p->cells[n->in[0]].c) * INK_LANES;
    ink_step *s = ink_plan_step(l, "bias_db", ink_work_bias_blocks, n);
    ink_id sums = s->extra[0] = ink_plan_room(l, channels, true);
    ink_plan_reads(s, n->in[0]);
    ink_plan_writes(s, sums);
    ink_step *join = ink_plan_step(l, "bias_db join", ink_work_bias_join, n);
    join->whole = true;
    join->extra[0] = sums;
    ink_plan_reads(join, sums);
    ink_plan_writes(join, n->out[0]);
}

void ink_plan_depthwise(planner *l, int32_t at) {
    const ink_node *n = &l->g->nodes[at];
    const bool back = n->op == INK_OP_DEPTHWISE_DX;
    const ink_cell *x = &l->p->cells[back ? n->out[0] : n->in[0]], *y = &l->p->cells[back ? n->in[0] : n->out[0]];
    const void *table = ink_plan_checked(l, ink_depthwise_plan(l->p, n, x, y, back));
    if (table == NULL) return;
    const uint32_t units = ink_channel_parts(x);
    ink_step *weights = ink_plan_step(l, "depthwise weights", ink_work_depthwise_weights, n);
    weights->whole = true;
    weights->parts = units;
    weights->plan = table;
    if (!back) weights->bias = n->in[2];
    weights->extra[0] = ink_plan_room(l, ink_depthwise_weight_floats(table), false);
    ink_plan_reads(weights, n->in[1]);
    ink_plan_reads(weights, weights->bias);
    ink_plan_writes(weights, weights->extra[0]);
    ink_step *s = ink_plan_step(l, ink_op_name(n->op), ink_work_depthwise, n);
    s->parts = units;
    s->plan = table;
    s->extra[0] = weights->extra[0];
    ink_plan_reads(s, n->in[0]);
    ink_plan_reads(s, s->extra[0]);
    ink_plan_writes(s, n->out[0]);
}

void ink_plan_depthwise_dw(planner *l, int32_t at) {
    const ink_node *n = &l->g->nodes[at];
    const ink_cell *x = &l->p->cells[n->in[0]], *dy = &l->p->cells[n->in[1]];
    const void *table = ink_plan_checked(l, ink_depthwise_plan(l->p, n, x, dy, false));
    const uint32_t units = ink_channel_parts(x), taps = (uint32_t)(n->attr.conv.window_h * n->attr.conv.window_w);
    ink_step *s = ink_plan_step(l, ink_op_name(n->op), ink_work_depthwise_dw, n);
    s->parts = units;
    s->plan = table;
    const ink_id sums = s->extra[0] = ink_plan_room(l, (size_t)units * taps * INK_LANES, true);
    ink_plan_reads(s, n->in[0]);
    ink_plan_reads(s, n->in[1]);
    ink_plan_writes(s, sums);
    ink_step *join = ink_plan_step(l, "depthwise join", ink_work_depthwise_join, n);
    join->whole = true;
    join->parts = units;
    join->plan = table;
    join->extra[0] = sums;
    ink_plan_reads(join, sums);
    ink_plan_writes(join, n->out[0]);
}

/* ops/cpu/plan_steps.c: from nodes to steps: what is computed in one go.
 * Fused: bias, evaluation's batch norm, a residual and relu behind a sum; relu's gradient behind the gradient of an
 * input; batch norm with the residual and the relu behind it. A value that fusion leaves out has the memory of the
 * value that stands for it: relu's gradient asks x > 0, which its output answers as well. */
#include <assert.h>
#include <string.h>

#include "core/status.h"
#include "ops/cpu/program.h"

typedef struct planner {
    ink_program *p;
    const ink_graph *g;
    bool *done;           /* [nodes]: part of an earlier step */
    ink_id *turned;       /* [values]: of weights, the cell of their turned copy */
    ink_id *halves;       /* [values]: bf16: the copy with channels in pairs; of thin ones the rounded copy */
    ink_id *pairs;        /* [values]: bf16: the copy with images in pairs */
    ink_id *kept;         /* [dropouts]: the cell of what was kept */
    ink_id *gradients;    /* of all parameters, for clipping */
    ink_id clip;          /* cell with the factor */
    bool short_of_memory; /* of the plan itself */
} planner;

static ink_step *new_step(planner *l, const char *name, ink_work *work, const ink_node *node) {
    ink_program *p = l->p;
    assert(p->n_steps < p->room_steps);
    ink_step *s = &p->steps[p->n_steps++];
    *s = (ink_step){.work = work,
                    .name = name,
                    .parts = 1,
                    .node = *node,
                    .bias = INK_NONE,
                    .scale = INK_NONE,
                    .offset = INK_NONE,
                    .residual = INK_NONE,
                    .mask = INK_NONE,
                    .extra = {INK_NONE, INK_NONE, INK_NONE}};
    return s;
}

static void reads(ink_step *s, ink_id cell) {
    if (cell == INK_NONE) return;
    assert(s->n_reads < INK_STEP_CELLS);
    s->reads[s->n_reads++] = cell;
}

static void writes(ink_step *s, ink_id cell) {
    if (cell == INK_NONE) return;
    assert(s->n_writes < INK_STEP_CELLS);
    s->writes[s->n_writes++] = cell;
}

/* All inputs and outputs of the node, and what was fused. */
static void settle(ink_step *s) {
    for (int k = 0; k < INK_NODE_INPUTS; k++) reads(s, s->node.in[k]);
    for (int k = 0; k < INK_NODE_OUTPUTS; k++) writes(s, s->node.out[k]);
    const ink_id fused[] = {s->scale, s->offset, s->residual, s->mask};
    for (size_t i = 0; i < sizeof fused / sizeof *fused; i++) reads(s, fused[i]);
}

static void *checked(planner *l, const void *table) {
    if (table == NULL) l->short_of_memory = true;
    return (void *)(uintptr_t)table;
}

static ink_id new_cell(planner *l, size_t floats, bool per_block) {
    ink_id cell = ink_plan_cell(l->p, floats, per_block);
    if (cell == INK_NONE) l->short_of_memory = true;
    return cell;
}

/* ---- who reads what ---- */

/* The one node that reads v, or -1. relu: gradients of relu may read it besides. */
static int32_t only_reader(const planner *l, ink_id v, bool relu) {
    int32_t found = -1;
    if (l->g->values[v].output) return -1;
    for (int32_t i = 0; i < l->g->n_nodes; i++) {
        const ink_node *n = &l->g->nodes[i];
        for (int k = 0; k < INK_NODE_INPUTS; k++) {
            if (n->in[k] != v) continue;
            if (relu && k == 0 && n->op == INK_OP_ACTIVATION_DX && n->attr.activation.kind == INK_RELU) continue;
            if (found >= 0) return -1;
            found = i;
        }
    }
    return found >= 0 && !l->done[found] ? found : -1;
}

static ink_id root_of(const ink_program *p, ink_id v) {
    while (p->cells[v].same != INK_NONE) v = p->cells[v].same;
    return v;
}

static bool same_place(const ink_program *p, ink_id a, ink_id b) {
    const ink_cell *x = &p->cells[a], *y = &p->cells[b];
    return x->store == y->store && x->c == y->c && x->height == y->height && x->width == y->width;
}

/* Node i becomes part of the step that makes v; returns what it makes, which stands for v from now on. */
static ink_id absorb(planner *l, int32_t i, ink_id v) {
    ink_id y = l->g->nodes[i].out[0];
    l->done[i] = true;
    l->p->cells[v].same = y;
    return y;
}

/* relu behind v, if nothing else reads v. */
static ink_id absorb_relu(planner *l, ink_step *s, ink_id v) {
    int32_t i = only_reader(l, v, true);
    if (i < 0 || l->g->nodes[i].op != INK_OP_ACTIVATION || l->g->nodes[i].attr.activation.kind != INK_RELU) return v;
    s->relu = true;
    return absorb(l, i, v);
}

/* The sum of v, made by node `at`, and an older value. */
static ink_id absorb_residual(planner *l, ink_step *s, ink_id v, int32_t at) {
    int32_t i = only_reader(l, v, false);
    if (i < 0 || l->g->nodes[i].op != INK_OP_ADD) return v;
    const ink_node *n = &l->g->nodes[i];
    ink_id other = n->in[0] == v ? n->in[1] : n->in[0];
    if (other == v || l->g->values[other].maker >= at || !same_place(l->p, v, other)) return v;
    s->residual = other;
    return absorb(l, i, v);
}

/* relu's gradient behind the gradient v; flatten's when it moves nothing. */
static ink_id absorb_mask(planner *l, ink_step *s, ink_id v) {
    int32_t i = only_reader(l, v, false);
    if (i >= 0 && l->g->nodes[i].op == INK_OP_FLATTEN_DX && same_place(l->p, v, l->g->nodes[i].out[0])) {
        v = absorb(l, i, v);
        i = only_reader(l, v, false);
    }
    if (i < 0) return v;
    const ink_node *n = &l->g->nodes[i];
    if (n->op != INK_OP_ACTIVATION_DX || n->attr.activation.kind != INK_RELU || n->in[1] != v) return v;
    s->mask = n->in[0];
    return absorb(l, i, v);
}

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

/* Makes the copies of a batched value that any product will read, once, behind the step that makes it. */
static void halve(planner *l, ink_id v) {
    ink_id root = root_of(l->p, v);
    if (l->halves[root] != INK_NONE || l->pairs[root] != INK_NONE) return;
    bool half = false, pairs = false;
    for (int32_t i = 0; i < l->g->n_nodes; i++) {
        const ink_node *n = &l->g->nodes[i];
        bool forward = is_forward(n->op) || is_back(n->op), weights = is_wgrad(n->op);
        if ((!forward && !weights) || is_thin(l, n)) continue;
        half = half || (forward && root_of(l->p, n->in[0]) == root);
        pairs = pairs || (weights && (root_of(l->p, n->in[0]) == root || root_of(l->p, n->in[1]) == root));
    }
    ink_node node = {.op = INK_OP_COUNT,
                     .in = {v, INK_NONE, INK_NONE, INK_NONE, INK_NONE, INK_NONE},
                     .out = {INK_NONE, INK_NONE, INK_NONE, INK_NONE}};
    size_t floats = l->p->cells[v].block / 2;
    ink_step *s = new_step(l, "halve", ink_work_halve, &node);
    if (half) l->halves[root] = s->extra[0] = new_cell(l, floats, true);
    if (pairs) l->pairs[root] = s->extra[1] = new_cell(l, floats, true);
    reads(s, v);
    writes(s, s->extra[0]);
    writes(s, s->extra[1]);
}

/* A copy of v in rounded floats. */
static ink_id rounded(planner *l, ink_id v) {
    const ink_cell *c = &l->p->cells[v];
    ink_id root = root_of(l->p, v);
    if (!c->batched && l->halves[root] != INK_NONE) return l->halves[root];
    ink_node node = {.op = INK_OP_COUNT,
                     .in = {v, INK_NONE, INK_NONE, INK_NONE, INK_NONE, INK_NONE},
                     .out = {INK_NONE, INK_NONE, INK_NONE, INK_NONE}};
    ink_step *s = new_step(l, "round", ink_work_round, &node);
    s->whole = !c->batched;
    s->extra[0] = new_cell(l, c->batched ? c->block : c->floats, c->batched);
    reads(s, v);
    writes(s, s->extra[0]);
    if (!c->batched) l->halves[root] = s->extra[0];
    return s->extra[0];
}

static ink_id half_weights(planner *l, ink_id w) {
    ink_id root = root_of(l->p, w);
    if (l->halves[root] != INK_NONE) return l->halves[root];
    ink_node node = {.op = INK_OP_COUNT,
                     .in = {w, INK_NONE, INK_NONE, INK_NONE, INK_NONE, INK_NONE},
                     .out = {INK_NONE, INK_NONE, INK_NONE, INK_NONE}};
    ink_step *s = new_step(l, "halve weights", ink_work_halve_weights, &node);
    s->whole = true;
    s->parts = ink_groups(l->p->cells[w].k);
    l->halves[root] = s->extra[0] = new_cell(l, l->p->cells[w].live_floats / 2, false);
    reads(s, w);
    writes(s, s->extra[0]);
    return s->extra[0];
}

/* What the product of a node will read. */
static ink_operands operands_of(planner *l, const ink_node *n) {
    ink_operands from = {n->in[0], n->in[1], false};
    if (l->p->precision != INK_PRECISION_BF16) return from;
    if (is_thin(l, n)) { /* its x was rounded when it was made */
        from.b = rounded(l, n->in[1]);
        return from;
    }
    from.half = true;
    halve(l, n->in[0]);
    if (is_wgrad(n->op)) {
        halve(l, n->in[1]);
        from.a = l->pairs[root_of(l->p, n->in[0])];
        from.b = l->pairs[root_of(l->p, n->in[1])];
    } else {
        from.a = l->halves[root_of(l->p, n->in[0])];
        from.b = is_forward(n->op) ? half_weights(l, n->in[1]) : INK_NONE;
    }
    return from;
}

/* ---- linear and conv2d ---- */

static void fixed_norm_cells(planner *l, const ink_node *norm, ink_id *scale, ink_id *offset) {
    size_t channels = (size_t)ink_groups(l->p->cells[norm->in[0]].c) * INK_LANES;
    ink_step *s = new_step(l, "batchnorm fixed", ink_work_norm_fixed, norm);
    *scale = s->extra[1] = new_cell(l, channels, false);
    *offset = s->extra[2] = new_cell(l, channels, false);
    s->whole = true;
    for (int k = 1; k < 5; k++) reads(s, norm->in[k]);
    for (int k = 1; k < 3; k++) {
        writes(s, norm->out[k]);
        writes(s, s->extra[k]);
    }
}

/* Of a product: its operands instead of the node's first two inputs. */
static void reads_operands(ink_step *s, const ink_operands *from) {
    reads(s, from->a);
    reads(s, from->b);
    const ink_id others[] = {s->bias, s->scale, s->offset, s->residual, s->mask};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) reads(s, others[i]);
    writes(s, s->node.out[0]);
}

static void plan_forward(planner *l, int32_t at) {
    const ink_node *n = &l->g->nodes[at];
    ink_id y = n->out[0], scale = INK_NONE, offset = INK_NONE;
    int32_t after = only_reader(l, y, false);
    const ink_node *norm = after >= 0 ? &l->g->nodes[after] : NULL;
    if (norm != NULL && norm->op == INK_OP_BATCHNORM && !norm->attr.batchnorm.training) {
        fixed_norm_cells(l, norm, &scale, &offset);
        y = absorb(l, after, y);
    }
    ink_operands from = operands_of(l, n);
    ink_step *s = new_step(l, ink_op_name(n->op), ink_work_sweep, n);
    s->scale = scale;
    s->offset = offset;
    s->bias = n->in[2];
    y = absorb_residual(l, s, y, at);
    y = absorb_relu(l, s, y);
    s->node.out[0] = y;
    const ink_sweep *sweep = checked(l, ink_sweep_forward(l->p, &s->node, &from));
    s->plan = sweep;
    if (sweep != NULL) s->parts = ink_sweep_parts(sweep);
    reads_operands(s, &from);
}

static ink_id turned_of(planner *l, const ink_node *n) {
    ink_id w = n->in[1];
    if (l->turned[w] != INK_NONE) return l->turned[w];
    const ink_cell *c = &l->p->cells[w];
    bool half = l->p->precision == INK_PRECISION_BF16;
    ink_step *s = new_step(l, "turn", half ? ink_work_turn_half : ink_work_turn, n);
    s->whole = true;
    s->parts = ink_groups(c->k);
    s->extra[0] = new_cell(l, c->live_floats / (half ? 2 : 1), false);
    reads(s, w);
    writes(s, s->extra[0]);
    return l->turned[w] = s->extra[0];
}

static void plan_back(planner *l, int32_t at) {
    const ink_node *n = &l->g->nodes[at];
    ink_operands from = operands_of(l, n);
    from.b = turned_of(l, n);
    ink_step *s = new_step(l, ink_op_name(n->op), ink_work_sweep, n);
    s->node.out[0] = absorb_mask(l, s, n->out[0]);
    const ink_sweep *sweep = checked(l, ink_sweep_back(l->p, &s->node, &from));
    s->plan = sweep;
    if (sweep != NULL) s->parts = ink_sweep_parts(sweep);
    reads_operands(s, &from);
}

static void plan_wgrad(planner *l, int32_t at) {
    const ink_node *n = &l->g->nodes[at];
    ink_operands from = operands_of(l, n);
    ink_step *s = new_step(l, ink_op_name(n->op), ink_work_wgrad, n);
    s->whole = true;
    s->plan = checked(l, ink_wgrad_plan(l->p, n, s, &from));
    reads(s, from.a);
    reads(s, from.b);
    if (s->plan == NULL || !ink_wgrad_is_sliced(s->plan)) {
        writes(s, n->out[0]);
        return;
    }
    writes(s, s->extra[0]);
    ink_step *join = new_step(l, "join", ink_work_wgrad_join, n);
    join->whole = true;
    join->plan = s->plan;
    join->extra[0] = s->extra[0];
    join->parts = (uint32_t)(l->p->cells[n->out[0]].live_floats / 16384 + 1);
    reads(join, s->extra[0]);
    writes(join, n->out[0]);
}

static void plan_bias(planner *l, int32_t at) {
    const ink_node *n = &l->g->nodes[at];
    size_t channels = (size_t)ink_groups(l->p->cells[n->in[0]].c) * INK_LANES;
    ink_step *s = new_step(l, "bias_db", ink_work_bias_blocks, n);
    ink_id sums = s->extra[0] = new_cell(l, channels, true);
    reads(s, n->in[0]);
    writes(s, sums);
    ink_step *join = new_step(l, "bias_db join", ink_work_bias_join, n);
    join->whole = true;
    join->extra[0] = sums;
    reads(join, sums);
    writes(join, n->out[0]);
}

/* ---- batch norm ---- */

static void plan_norm(planner *l, int32_t at) {
    const ink_node *n = &l->g->nodes[at];
    uint32_t groups = ink_groups(l->p->cells[n->in[0]].c);
    size_t channels = (size_t)groups * INK_LANES;
    ink_id scale, offset;
    if (!n->attr.batchnorm.training) {
        fixed_norm_cells(l, n, &scale, &offset);
    } else {
        ink_step *sums = new_step(l, "batchnorm sums", ink_work_moments, n);
        ink_id cell = sums->extra[0] = new_cell(l, channels * 6, true);
        sums->parts = groups;
        reads(sums, n->in[0]);
        writes(sums, cell);
        ink_step *join = new_step(l, "batchnorm join", ink_work_norm_join, n);
        join->whole = true;
        join->extra[0] = cell;
        scale = join->extra[1] = new_cell(l, channels, false);
        offset = join->extra[2] = new_cell(l, channels, false);
        reads(join, cell);
        for (int k = 1; k < 5; k++) reads(join, n->in[k]);
        for (int k = 3; k < 5; k++) writes(join, n->in[k]);
        const ink_id made[] = {n->out[1], n->out[2], scale, offset};
        for (int k = 0; k < 4; k++) writes(join, made[k]);
    }
    ink_step *s = new_step(l, "batchnorm", ink_work_norm_apply, n);
    s->parts = groups;
    s->extra[1] = scale;
    ink_id y = absorb_residual(l, s, n->out[0], at);
    s->node.out[0] = absorb_relu(l, s, y);
    reads(s, n->in[0]);
    reads(s, s->residual);
    reads(s, scale);
    reads(s, n->in[2]);
    reads(s, n->out[1]);
    writes(s, s->node.out[0]);
}

static void plan_norm_back(planner *l, int32_t at, ink_id mask, ink_id dy) {
    ink_node n = l->g->nodes[at];
    uint32_t groups = ink_groups(l->p->cells[n.in[0]].c);
    size_t channels = (size_t)groups * INK_LANES;
    n.in[1] = dy;
    ink_step *sums = new_step(l, "batchnorm_dx sums", ink_work_norm_sums, &n);
    ink_id cell = sums->extra[0] = new_cell(l, channels * 6, true);
    sums->parts = groups;
    sums->mask = mask;
    settle(sums);
    sums->n_writes = 0;
    writes(sums, cell);
    ink_step *join = new_step(l, "batchnorm_dx join", ink_work_norm_dx_join, &n);
    join->whole = true;
    join->extra[0] = cell;
    ink_id line = join->extra[1] = new_cell(l, channels * 3, false);
    reads(join, cell);
    for (int k = 2; k < 5; k++) reads(join, n.in[k]);
    const ink_id made[] = {n.out[1], n.out[2], line};
    for (int k = 0; k < 3; k++) writes(join, made[k]);
    if (n.out[0] == INK_NONE) return;
    ink_step *s = new_step(l, "batchnorm_dx", ink_work_norm_dx, &n);
    s->parts = groups;
    s->mask = mask;
    s->extra[1] = line;
    reads(s, n.in[0]);
    reads(s, dy);
    reads(s, mask);
    reads(s, n.in[3]);
    reads(s, line);
    writes(s, n.out[0]);
}

/* ---- the rest ---- */

static void plan_simple(planner *l, int32_t at, ink_work *work) {
    ink_step *s = new_step(l, ink_op_name(l->g->nodes[at].op), work, &l->g->nodes[at]);
    settle(s);
}

/* x and y of pooling; back: which of the gradient's values have their shapes. */
static void plan_pool(planner *l, int32_t at, ink_work *work, ink_id x, ink_id y, bool gather) {
    const ink_node *n = &l->g->nodes[at];
    ink_step *s = new_step(l, ink_op_name(n->op), work, n);
    s->plan = checked(l, ink_pool_plan(l->p, n, &l->p->cells[x], &l->p->cells[y], gather));
    if (work == ink_work_maxpool_dx) {
        int32_t i = only_reader(l, n->out[0], false);
        const ink_node *next = i >= 0 ? &l->g->nodes[i] : NULL;
        if (next != NULL && next->op == INK_OP_ACTIVATION_DX && next->attr.activation.kind == INK_RELU &&
            next->in[1] == n->out[0] && root_of(l->p, next->in[0]) == root_of(l->p, n->in[0])) {
            s->relu = true;
            s->node.out[0] = absorb(l, i, n->out[0]);
        }
    }
    settle(s);
}

static ink_status plan_move(planner *l, int32_t at, ink_error *err) {
    const ink_node *n = &l->g->nodes[at];
    if (same_place(l->p, n->in[0], n->out[0])) {
        l->p->cells[n->out[0]].same = n->in[0];
        return INK_OK;
    }
    const ink_cell *x = &l->p->cells[n->in[0]], *y = &l->p->cells[n->out[0]];
    if (x->store != INK_STORE_PANELS || y->store != INK_STORE_PANELS) {
        return ink_fail(err, INK_E_ABSENT, "flatten: this use of an image is not known to the cpu backend");
    }
    plan_simple(l, at, ink_work_relayout);
    return INK_OK;
}

static ink_status plan_add(planner *l, int32_t at, ink_error *err) {
    const ink_node *n = &l->g->nodes[at];
    if (!l->g->values[n->out[0]].batched || !same_place(l->p, n->in[0], n->in[1])) {
        return ink_fail(err, INK_E_ABSENT, "add: a sum of such values is not known to the cpu backend");
    }
    ink_step *s = new_step(l, "add", ink_work_add, n);
    s->node.out[0] = absorb_relu(l, s, n->out[0]);
    settle(s);
    return INK_OK;
}

static void plan_activation_dx(planner *l, int32_t at) {
    const ink_node *n = &l->g->nodes[at];
    int32_t i = only_reader(l, n->out[0], false);
    const ink_node *next = i >= 0 ? &l->g->nodes[i] : NULL;
    if (n->attr.activation.kind == INK_RELU && next != NULL && next->op == INK_OP_BATCHNORM_DX &&
        next->in[1] == n->out[0] && i > at) {
        l->done[i] = true;
        plan_norm_back(l, i, n->in[0], n->in[1]);
        return;
    }
    plan_simple(l, at, ink_work_activation_dx);
}

static void plan_dropout(planner *l, int32_t at) {
    const ink_node *n = &l->g->nodes[at];
    const ink_cell *x = &l->p->cells[n->in[0]];
    bool back = n->op == INK_OP_DROPOUT_DX;
    ink_id *kept = &l->kept[n->attr.dropout.key];
    ink_step *s = new_step(l, ink_op_name(n->op), back ? ink_work_dropout_dx : ink_work_dropout, n);
    if (*kept == INK_NONE) *kept = new_cell(l, (x->block / INK_LANES + 1) / 2, true);
    s->extra[0] = *kept;
    settle(s);
    if (back) {
        reads(s, *kept);
    } else {
        writes(s, *kept);
    }
}

static ink_status plan_clip(planner *l, int32_t at, ink_error *err) {
    const ink_node *n = &l->g->nodes[at];
    uint32_t count = 0;
    for (ink_id v = 0; v < l->g->n_values; v++) {
        if (l->g->values[v].gradient != INK_NONE) l->gradients[count++] = l->g->values[v].gradient;
    }
    if (count == 0) return ink_fail(err, INK_E_USAGE, "clip: no parameter has a gradient");
    ink_step *s = new_step(l, "squares", ink_work_squares, n);
    s->whole = true;
    s->parts = count;
    s->plan = l->gradients;
    ink_id sums = s->extra[0] = new_cell(l, (size_t)count * 2 * INK_LANES, false);
    writes(s, sums);
    s->reads_gradients = true;
    ink_step *join = new_step(l, "clip", ink_work_clip, n);
    join->whole = true;
    join->extra[0] = sums;
    l->clip = l->p->clip = join->extra[1] = new_cell(l, INK_LANES, false);
    reads(join, sums);
    writes(join, l->clip);
    return INK_OK;
}

static void plan_update(planner *l, int32_t at, ink_work *work) {
    const ink_node *n = &l->g->nodes[at];
    const ink_value *w = &l->g->values[n->in[0]];
    ink_step *s = new_step(l, ink_op_name(n->op), work, n);
    s->whole = true;
    s->parts = (uint32_t)(l->p->cells[n->in[0]].floats / 16384 + 1);
    settle(s);
    if (work == ink_work_average) {
        writes(s, n->in[1]);
        return;
    }
    s->factor = w->lr_scale;
    if (!w->decay) s->node.attr.optimizer.decay = 0.0f;
    s->extra[1] = l->clip;
    reads(s, l->clip);
    writes(s, n->in[0]);
    writes(s, n->in[2]);
    writes(s, n->in[3]);
}

static void plan_loss(planner *l, int32_t at) {
    l->p->classes = l->p->cells[l->g->nodes[at].in[0]].c;
    plan_simple(l, at, ink_work_cross_entropy);
}

static ink_status plan_node(planner *l, int32_t at, ink_error *err) {
    const ink_node *n = &l->g->nodes[at];
    ink_id x = n->in[0], y = n->out[0];
    switch (n->op) {
    case INK_OP_WARP: plan_simple(l, at, ink_work_warp); break;
    case INK_OP_NORMALISE: plan_simple(l, at, ink_work_normalise); break;
    case INK_OP_LINEAR:
    case INK_OP_CONV2D: plan_forward(l, at); break;
    case INK_OP_LINEAR_DX:
    case INK_OP_CONV2D_DX: plan_back(l, at); break;
    case INK_OP_LINEAR_DW:
    case INK_OP_CONV2D_DW: plan_wgrad(l, at); break;
    case INK_OP_BIAS_DB: plan_bias(l, at); break;
    case INK_OP_BATCHNORM: plan_norm(l, at); break;
    case INK_OP_BATCHNORM_DX: plan_norm_back(l, at, INK_NONE, n->in[1]); break;
    case INK_OP_ACTIVATION: plan_simple(l, at, ink_work_activation); break;
    case INK_OP_ACTIVATION_DX: plan_activation_dx(l, at); break;
    case INK_OP_MAXPOOL:
    case INK_OP_GLOBAL_MAXPOOL: plan_pool(l, at, ink_work_maxpool, x, y, false); break;
    case INK_OP_AVGPOOL:
    case INK_OP_GLOBAL_AVGPOOL: plan_pool(l, at, ink_work_sumpool, x, y, false); break;
    case INK_OP_MAXPOOL_DX:
    case INK_OP_GLOBAL_MAXPOOL_DX: plan_pool(l, at, ink_work_maxpool_dx, x, n->in[1], false); break;
    case INK_OP_AVGPOOL_DX:
    case INK_OP_GLOBAL_AVGPOOL_DX: plan_pool(l, at, ink_work_sumpool, y, x, true); break;
    case INK_OP_DROPOUT:
    case INK_OP_DROPOUT_DX: plan_dropout(l, at); break;
    case INK_OP_FLATTEN:
    case INK_OP_FLATTEN_DX: return plan_move(l, at, err);
    case INK_OP_ADD: return plan_add(l, at, err);
    case INK_OP_SOFTMAX: plan_simple(l, at, ink_work_softmax); break;
    case INK_OP_SOFTMAX_DX: plan_simple(l, at, ink_work_softmax_dx); break;
    case INK_OP_CROSS_ENTROPY: plan_loss(l, at); break;
    case INK_OP_CROSS_ENTROPY_DX: plan_simple(l, at, ink_work_cross_entropy_dx); break;
    case INK_OP_CLIP: return plan_clip(l, at, err);
    case INK_OP_SGD: plan_update(l, at, ink_work_sgd); break;
    case INK_OP_ADAM: plan_update(l, at, ink_work_adam); break;
    case INK_OP_AVERAGE: plan_update(l, at, ink_work_average); break;
    case INK_OP_COUNT: break;
    }
    return INK_OK;
}

ink_status ink_plan_steps(ink_program *p, const ink_graph *g, ink_error *err) {
    size_t n_nodes = (size_t)g->n_nodes, n_values = (size_t)g->n_values, dropouts = g->n_dropouts + 1u;
    planner l = {.p = p, .g = g, .clip = INK_NONE};
    p->clip = INK_NONE;
    p->room_steps = (uint32_t)n_nodes * 6 + 4;
    p->steps = ink_plan_new(p, p->room_steps, sizeof *p->steps);
    l.done = ink_plan_new(p, n_nodes + 1, sizeof *l.done);
    l.turned = ink_plan_new(p, n_values, sizeof *l.turned);
    l.halves = ink_plan_new(p, n_values, sizeof *l.halves);
    l.pairs = ink_plan_new(p, n_values, sizeof *l.pairs);
    l.kept = ink_plan_new(p, dropouts, sizeof *l.kept);
    l.gradients = ink_plan_new(p, n_values, sizeof *l.gradients);
    if (!p->steps || !l.done || !l.turned || !l.halves || !l.pairs || !l.kept || !l.gradients) {
        return ink_fail_memory(err, n_nodes, "a plan");
    }
    for (size_t i = 0; i < n_values; i++) l.turned[i] = l.halves[i] = l.pairs[i] = INK_NONE;
    for (size_t i = 0; i < dropouts; i++) l.kept[i] = INK_NONE;
    for (int32_t i = 0; i < g->n_nodes; i++) {
        if (l.done[i]) continue;
        ink_status status = plan_node(&l, i, err);
        if (status != INK_OK) return status;
    }
    if (l.short_of_memory) return ink_fail_memory(err, n_nodes * sizeof *p->steps, "a plan");
    return INK_OK;
}

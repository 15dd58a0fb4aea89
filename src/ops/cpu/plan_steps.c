/* ops/cpu/plan_steps.c: from nodes to steps: what is computed in one go.
 * Products and their gradients are in plan_dense.c, batch norm in plan_norm.c.
 * Fused: bias, evaluation's batch norm, a residual and relu behind a sum, or relu and then evaluation's batch norm;
 * behind a direct sum any activation; relu's gradient behind the gradient of an input; batch norm with the residual
 * and the relu, or another activation, behind it. A value that fusion leaves out has the memory of the value that
 * stands for it: relu's gradient asks x > 0, which its output answers as well. */
#include <assert.h>
#include <string.h>

#include "core/status.h"
#include "ops/cpu/plan.h"

ink_step *ink_plan_step(planner *l, const char *name, ink_work *work, const ink_node *node) {
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

void ink_plan_reads(ink_step *s, ink_id cell) {
    if (cell == INK_NONE) return;
    assert(s->n_reads < INK_STEP_CELLS);
    s->reads[s->n_reads++] = cell;
}

void ink_plan_writes(ink_step *s, ink_id cell) {
    if (cell == INK_NONE) return;
    assert(s->n_writes < INK_STEP_CELLS);
    s->writes[s->n_writes++] = cell;
}

/* All inputs and outputs of the node, and what was fused. */
void ink_plan_settle(ink_step *s) {
    for (int k = 0; k < INK_NODE_INPUTS; k++) ink_plan_reads(s, s->node.in[k]);
    for (int k = 0; k < INK_NODE_OUTPUTS; k++) ink_plan_writes(s, s->node.out[k]);
    const ink_id fused[] = {s->scale, s->offset, s->residual, s->mask};
    for (size_t i = 0; i < sizeof fused / sizeof *fused; i++) ink_plan_reads(s, fused[i]);
}

void *ink_plan_checked(planner *l, const void *table) {
    if (table == NULL) l->short_of_memory = true;
    return (void *)(uintptr_t)table;
}

ink_id ink_plan_room(planner *l, size_t floats, bool per_block) {
    ink_id cell = ink_plan_cell(l->p, floats, per_block);
    if (cell == INK_NONE) l->short_of_memory = true;
    return cell;
}

/* ---- who reads what ---- */

/* The one node that reads v, or -1. relu: gradients of relu may read it besides. */
int32_t ink_plan_only_reader(const planner *l, ink_id v, bool relu) {
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

ink_id ink_plan_root(const ink_program *p, ink_id v) {
    while (p->cells[v].same != INK_NONE) v = p->cells[v].same;
    return v;
}

bool ink_plan_same_place(const ink_program *p, ink_id a, ink_id b) {
    const ink_cell *x = &p->cells[a], *y = &p->cells[b];
    return x->store == y->store && x->c == y->c && x->height == y->height && x->width == y->width;
}

/* Node i becomes part of the step that makes v; returns what it makes, which stands for v from now on. */
ink_id ink_plan_absorb(planner *l, int32_t i, ink_id v) {
    ink_id y = l->g->nodes[i].out[0];
    l->done[i] = true;
    l->p->cells[v].same = y;
    return y;
}

void ink_plan_activate(ink_step *s, const ink_node *activation) {
    s->active = true;
    s->kind = activation->attr.activation.kind;
    s->slope = activation->attr.activation.slope;
}

/* relu behind v, if nothing else reads v. */
ink_id ink_plan_absorb_relu(planner *l, ink_step *s, ink_id v) {
    int32_t i = ink_plan_only_reader(l, v, true);
    if (i < 0 || l->g->nodes[i].op != INK_OP_ACTIVATION || l->g->nodes[i].attr.activation.kind != INK_RELU) return v;
    s->relu = true;
    return ink_plan_absorb(l, i, v);
}

/* The sum of v, made by node `at`, and an older value. */
ink_id ink_plan_absorb_residual(planner *l, ink_step *s, ink_id v, int32_t at) {
    int32_t i = ink_plan_only_reader(l, v, false);
    if (i < 0 || l->g->nodes[i].op != INK_OP_ADD) return v;
    const ink_node *n = &l->g->nodes[i];
    ink_id other = n->in[0] == v ? n->in[1] : n->in[0];
    if (other == v || l->g->values[other].maker >= at || !ink_plan_same_place(l->p, v, other)) return v;
    s->residual = other;
    return ink_plan_absorb(l, i, v);
}

/* relu's gradient behind the gradient v; flatten's when it moves nothing. */
ink_id ink_plan_absorb_mask(planner *l, ink_step *s, ink_id v) {
    int32_t i = ink_plan_only_reader(l, v, false);
    if (i >= 0 && l->g->nodes[i].op == INK_OP_FLATTEN_DX && ink_plan_same_place(l->p, v, l->g->nodes[i].out[0])) {
        v = ink_plan_absorb(l, i, v);
        i = ink_plan_only_reader(l, v, false);
    }
    if (i < 0) return v;
    const ink_node *n = &l->g->nodes[i];
    if (n->op != INK_OP_ACTIVATION_DX || n->attr.activation.kind != INK_RELU || n->in[1] != v) return v;
    int32_t next = ink_plan_only_reader(l, n->out[0], false);
    if (next >= 0 && ink_plan_knows_side(l, &l->g->nodes[next], n->in[0]))
        return v; /* batch norm's gradient asks itself */
    s->mask = n->in[0];
    return ink_plan_absorb(l, i, v);
}

/* ---- the rest ---- */

static void plan_simple(planner *l, int32_t at, ink_work *work) {
    assert(l->g->nodes != NULL); /* at is the number of one */
    ink_step *s = ink_plan_step(l, ink_op_name(l->g->nodes[at].op), work, &l->g->nodes[at]);
    ink_plan_settle(s);
}

/* x and y of pooling; back: which of the gradient's values have their shapes. */
static void plan_pool(planner *l, int32_t at, ink_work *work, ink_id x, ink_id y, bool gather) {
    const ink_node *n = &l->g->nodes[at];
    ink_step *s = ink_plan_step(l, ink_op_name(n->op), work, n);
    s->plan = ink_plan_checked(l, ink_pool_plan(l->p, n, &l->p->cells[x], &l->p->cells[y], gather));
    if (work == ink_work_maxpool_dx) {
        int32_t i = ink_plan_only_reader(l, n->out[0], false);
        const ink_node *next = i >= 0 ? &l->g->nodes[i] : NULL;
        if (next != NULL && next->op == INK_OP_ACTIVATION_DX && next->attr.activation.kind == INK_RELU &&
            next->in[1] == n->out[0] && ink_plan_root(l->p, next->in[0]) == ink_plan_root(l->p, n->in[0])) {
            s->relu = true;
            s->node.out[0] = ink_plan_absorb(l, i, n->out[0]);
        }
    }
    ink_plan_settle(s);
}

static ink_status plan_move(planner *l, int32_t at, ink_error *err) {
    const ink_node *n = &l->g->nodes[at];
    if (ink_plan_same_place(l->p, n->in[0], n->out[0])) {
        l->p->cells[n->out[0]].same = n->in[0];
        return INK_OK;
    }
    const ink_cell *x = &l->p->cells[n->in[0]], *y = &l->p->cells[n->out[0]];
    const bool from = x->store == INK_STORE_PANELS || x->store == INK_STORE_NARROW;
    if (!from || (y->store != INK_STORE_PANELS && y->store != INK_STORE_NARROW)) {
        return ink_fail(err, INK_E_ABSENT, "flatten: this use of an image is not known to the cpu backend");
    }
    plan_simple(l, at, ink_work_relayout);
    return INK_OK;
}

static ink_status plan_add(planner *l, int32_t at, ink_error *err) {
    const ink_node *n = &l->g->nodes[at];
    if (!l->g->values[n->out[0]].batched || !ink_plan_same_place(l->p, n->in[0], n->in[1])) {
        return ink_fail(err, INK_E_ABSENT, "add: a sum of such values is not known to the cpu backend");
    }
    ink_step *s = ink_plan_step(l, "add", ink_work_add, n);
    s->node.out[0] = ink_plan_absorb_relu(l, s, n->out[0]);
    ink_plan_settle(s);
    return INK_OK;
}

static void plan_activation_dx(planner *l, int32_t at) {
    const ink_node *n = &l->g->nodes[at];
    int32_t i = ink_plan_only_reader(l, n->out[0], false);
    const ink_node *next = i >= 0 ? &l->g->nodes[i] : NULL;
    if (n->attr.activation.kind == INK_RELU && next != NULL && next->op == INK_OP_BATCHNORM_DX &&
        next->in[1] == n->out[0] && i > at) {
        l->done[i] = true;
        ink_plan_norm_back(l, i, n->in[0], n->in[1]);
        return;
    }
    if (!ink_plan_norm_active_back(l, at)) plan_simple(l, at, ink_work_activation_dx);
}

static void plan_dropout(planner *l, int32_t at) {
    const ink_node *n = &l->g->nodes[at];
    const ink_cell *x = &l->p->cells[n->in[0]];
    bool back = n->op == INK_OP_DROPOUT_DX;
    ink_id *kept = &l->kept[n->attr.dropout.key];
    ink_step *s = ink_plan_step(l, ink_op_name(n->op), back ? ink_work_dropout_dx : ink_work_dropout, n);
    if (*kept == INK_NONE) *kept = ink_plan_room(l, (x->block / INK_LANES + 1) / 2, true);
    s->extra[0] = *kept;
    ink_plan_settle(s);
    if (back) {
        ink_plan_reads(s, *kept);
    } else {
        ink_plan_writes(s, *kept);
    }
}

static ink_status plan_clip(planner *l, int32_t at, ink_error *err) {
    const ink_node *n = &l->g->nodes[at];
    uint32_t count = 0;
    for (ink_id v = 0; v < l->g->n_values; v++) {
        if (l->g->values[v].gradient != INK_NONE) l->gradients[count++] = l->g->values[v].gradient;
    }
    if (count == 0) return ink_fail(err, INK_E_USAGE, "clip: no parameter has a gradient");
    ink_step *s = ink_plan_step(l, "squares", ink_work_squares, n);
    s->whole = true;
    s->parts = count;
    s->plan = l->gradients;
    ink_id sums = s->extra[0] = ink_plan_room(l, (size_t)count * 2 * INK_LANES, false);
    ink_plan_writes(s, sums);
    s->reads_gradients = true;
    ink_step *join = ink_plan_step(l, "clip", ink_work_clip, n);
    join->whole = true;
    join->extra[0] = sums;
    l->clip = l->p->clip = join->extra[1] = ink_plan_room(l, INK_LANES, false);
    ink_plan_reads(join, sums);
    ink_plan_writes(join, l->clip);
    return INK_OK;
}

static void plan_update(planner *l, int32_t at, ink_work *work) {
    const ink_node *n = &l->g->nodes[at];
    const ink_value *w = &l->g->values[n->in[0]];
    ink_step *s = ink_plan_step(l, ink_op_name(n->op), work, n);
    s->whole = true;
    s->parts = (uint32_t)(l->p->cells[n->in[0]].floats / 16384 + 1);
    ink_plan_settle(s);
    if (work == ink_work_average) {
        ink_plan_writes(s, n->in[1]);
        return;
    }
    s->factor = w->lr_scale;
    if (!w->decay) s->node.attr.optimizer.decay = 0.0f;
    s->extra[1] = l->clip;
    ink_plan_reads(s, l->clip);
    ink_plan_writes(s, n->in[0]);
    ink_plan_writes(s, n->in[2]);
    ink_plan_writes(s, n->in[3]);
}

static void plan_muon(planner *l, int32_t at) {
    const ink_node *n = &l->g->nodes[at];
    const ink_value *w = &l->g->values[n->in[0]];
    ink_step *s = ink_plan_step(l, ink_op_name(n->op), ink_work_muon, n);
    s->whole = true;
    s->extra[0] = ink_plan_room(l, ink_muon_floats(&l->p->cells[n->in[0]]), false);
    s->extra[1] = l->clip;
    s->factor = w->lr_scale;
    if (!w->decay) s->node.attr.optimizer.decay = 0.0f;
    ink_plan_settle(s);
    ink_plan_reads(s, l->clip);
    ink_plan_writes(s, n->in[0]);
    ink_plan_writes(s, n->in[2]);
    ink_plan_writes(s, s->extra[0]);
}

static ink_status plan_node(planner *l, int32_t at, ink_error *err) {
    const ink_node *n = &l->g->nodes[at];
    ink_id x = n->in[0], y = n->out[0];
    switch (n->op) {
    case INK_OP_WARP: plan_simple(l, at, ink_work_warp); break;
    case INK_OP_NORMALISE: plan_simple(l, at, ink_work_normalise); break;
    case INK_OP_LINEAR:
    case INK_OP_CONV2D: ink_plan_forward(l, at); break;
    case INK_OP_LINEAR_DX:
    case INK_OP_CONV2D_DX: ink_plan_back(l, at); break;
    case INK_OP_LINEAR_DW:
    case INK_OP_CONV2D_DW: ink_plan_wgrad(l, at); break;
    case INK_OP_DEPTHWISE:
    case INK_OP_DEPTHWISE_DX: ink_plan_depthwise(l, at); break;
    case INK_OP_DEPTHWISE_DW: ink_plan_depthwise_dw(l, at); break;
    case INK_OP_BIAS_DB: ink_plan_bias(l, at); break;
    case INK_OP_BATCHNORM: ink_plan_norm(l, at); break;
    case INK_OP_BATCHNORM_DX: ink_plan_norm_back(l, at, INK_NONE, n->in[1]); break;
    case INK_OP_ACTIVATION: plan_simple(l, at, ink_work_activation); break;
    case INK_OP_ACTIVATION_DX: plan_activation_dx(l, at); break;
    case INK_OP_MAXPOOL:
    case INK_OP_GLOBAL_MAXPOOL: plan_pool(l, at, ink_work_maxpool, x, y, false); break;
    case INK_OP_AVGPOOL:
    case INK_OP_GLOBAL_AVGPOOL: plan_pool(l, at, ink_work_sumpool, x, y, false); break;
    case INK_OP_MAXPOOL_DX:
    case INK_OP_GLOBAL_MAXPOOL_DX:
        if (l->norm_of[at] != INK_NONE) {
            ink_plan_norm_pool_back(l, at);
        } else {
            plan_pool(l, at, ink_work_maxpool_dx, x, n->in[1], false);
        }
        break;
    case INK_OP_AVGPOOL_DX:
    case INK_OP_GLOBAL_AVGPOOL_DX: plan_pool(l, at, ink_work_sumpool, y, x, true); break;
    case INK_OP_DROPOUT:
    case INK_OP_DROPOUT_DX: plan_dropout(l, at); break;
    case INK_OP_FLATTEN:
    case INK_OP_FLATTEN_DX: return plan_move(l, at, err);
    case INK_OP_ADD: return plan_add(l, at, err);
    case INK_OP_SOFTMAX: plan_simple(l, at, ink_work_softmax); break;
    case INK_OP_SOFTMAX_DX: plan_simple(l, at, ink_work_softmax_dx); break;
    case INK_OP_CROSS_ENTROPY: plan_simple(l, at, ink_work_cross_entropy); break;
    case INK_OP_CROSS_ENTROPY_DX: plan_simple(l, at, ink_work_cross_entropy_dx); break;
    case INK_OP_CLIP: return plan_clip(l, at, err);
    case INK_OP_SGD: plan_update(l, at, ink_work_sgd); break;
    case INK_OP_ADAM: plan_update(l, at, ink_work_adam); break;
    case INK_OP_MUON: plan_muon(l, at); break;
    case INK_OP_AVERAGE: plan_update(l, at, ink_work_average); break;
    case INK_OP_COUNT: break;
    }
    return INK_OK;
}

ink_status ink_plan_steps(ink_program *p, const ink_graph *g, ink_error *err) {
    size_t n_nodes = (size_t)g->n_nodes, n_values = (size_t)g->n_values, dropouts = g->n_dropouts + 1u;
    planner l = {.p = p, .g = g, .clip = INK_NONE, .scratch = INK_NONE};
    p->clip = INK_NONE;
    p->room_steps = (uint32_t)n_nodes * 6 + 4;
    p->steps = ink_plan_new(p, p->room_steps, sizeof *p->steps);
    l.done = ink_plan_new(p, n_nodes + 1, sizeof *l.done);
    l.turned = ink_plan_new(p, n_values, sizeof *l.turned);
    l.halves = ink_plan_new(p, n_values, sizeof *l.halves);
    l.pairs = ink_plan_new(p, n_values, sizeof *l.pairs);
    l.norm_scale = ink_plan_new(p, n_values, sizeof *l.norm_scale);
    l.norm_of = ink_plan_new(p, n_nodes + 1, sizeof *l.norm_of);
    l.kept = ink_plan_new(p, dropouts, sizeof *l.kept);
    l.gradients = ink_plan_new(p, n_values, sizeof *l.gradients);
    bool fine = p->steps && l.done && l.turned && l.halves && l.pairs && l.kept && l.gradients;
    if (!fine || !l.norm_scale || !l.norm_of) {
        return ink_fail_memory(err, n_nodes, "a plan");
    }
    for (size_t i = 0; i < n_values; i++) l.turned[i] = l.halves[i] = l.pairs[i] = l.norm_scale[i] = INK_NONE;
    for (size_t i = 0; i < n_nodes; i++) l.norm_of[i] = INK_NONE;
    for (size_t i = 0; i < dropouts; i++) l.kept[i] = INK_NONE;
    for (int32_t i = 0; i < g->n_nodes; i++) {
        if (l.done[i]) continue;
        ink_status status = plan_node(&l, i, err);
        if (status != INK_OK) return status;
    }
    if (l.short_of_memory) return ink_fail_memory(err, n_nodes * sizeof *p->steps, "a plan");
    return INK_OK;
}

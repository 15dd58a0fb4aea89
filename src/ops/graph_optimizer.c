/* ops/graph_optimizer.c: appends the update nodes and their states; the scalars that depend on the step.
 * It updates nothing itself. */
#include <math.h>
#include <stdio.h>

#include "ops/build.h"
#include "ops/graph.h"

/* A state called "<name of w>.<suffix>" of w's shape. */
static ink_id companion(ink_graph *g, ink_id w, const char *suffix) {
    char name[INK_NAME_SIZE * 2];
    ink_value v = g->values[w];
    snprintf(name, sizeof name, "%s.%s", v.name, suffix);
    return ink_graph_state(g, name, v.rank, v.dim);
}

static bool is_sound(ink_graph *g, const ink_optimizer *o) {
    if (g->fault.status != INK_OK) return false;
    bool adam = o->kind != INK_SGD;
    if (o->kind != INK_ADAM && o->kind != INK_ADAMW && !(o->momentum >= 0.0f && o->momentum < 1.0f)) {
        ink_build_fault(g, "a momentum of %g; 0 to below 1", (double)o->momentum);
    } else if (!adam && o->nesterov && o->momentum == 0.0f) {
        ink_build_fault(g, "sgd: nesterov needs a momentum above 0");
    } else if (adam && !(o->beta1 >= 0.0f && o->beta1 < 1.0f && o->beta2 >= 0.0f && o->beta2 < 1.0f)) {
        ink_build_fault(g, "adam: betas of %g and %g; 0 to below 1", (double)o->beta1, (double)o->beta2);
    } else if (adam && !(o->eps >= 0.0f && isfinite(o->eps))) {
        ink_build_fault(g, "adam: an eps of %g", (double)o->eps);
    } else if (!(o->weight_decay >= 0.0f && isfinite(o->weight_decay))) {
        ink_build_fault(g, "a weight decay of %g; 0 or more", (double)o->weight_decay);
    } else if (!(o->clip_norm >= 0.0f && isfinite(o->clip_norm))) {
        ink_build_fault(g, "clipping at a norm of %g; 0 (none) or more", (double)o->clip_norm);
    } else if (!(o->average_decay >= 0.0f && o->average_decay < 1.0f)) {
        ink_build_fault(g, "a weights' average with decay %g; 0 (none) to below 1", (double)o->average_decay);
    }
    for (int32_t i = 0; i < g->n_nodes && o->kind == INK_MUON; i++) {
        const ink_node *node = &g->nodes[i];
        if (node->op != INK_OP_DEPTHWISE || !g->values[node->in[1]].is_matrix) continue;
        ink_build_fault(g, "muon: %s, the filters of depthwise, are no matrix", g->values[node->in[1]].name);
    }
    return g->fault.status == INK_OK;
}

static void update(ink_graph *g, ink_id w, const ink_optimizer *o) {
    bool muon = o->kind == INK_MUON && g->values[w].is_matrix, adam = !muon && o->kind != INK_SGD;
    ink_node node = ink_build_blank(muon ? INK_OP_MUON : adam ? INK_OP_ADAM : INK_OP_SGD);
    node.in[0] = w;
    node.in[1] = g->values[w].gradient;
    if (adam) {
        node.in[2] = companion(g, w, "adam_m");
        node.in[3] = companion(g, w, "adam_v");
    } else if (muon) {
        node.in[2] = companion(g, w, "muon_buffer");
    } else if (o->momentum != 0.0f) {
        node.in[2] = companion(g, w, "sgd_buffer");
    }
    node.attr.optimizer.momentum = o->momentum;
    node.attr.optimizer.beta1 = o->beta1;
    node.attr.optimizer.beta2 = o->beta2;
    node.attr.optimizer.eps = o->eps;
    node.attr.optimizer.decay = g->fault.status == INK_OK && g->values[w].decay ? o->weight_decay : 0.0f;
    node.attr.optimizer.nesterov = o->nesterov;
    node.attr.optimizer.decoupled = o->kind == INK_ADAMW || o->kind == INK_MUON;
    (void)ink_build_node(g, &node);
}

void ink_graph_optimizer(ink_graph *g, const ink_optimizer *optimizer) {
    if (!is_sound(g, optimizer)) return;
    int32_t n_values = g->n_values; /* states are appended on the way */
    bool any = false;
    for (ink_id i = 0; i < n_values; i++) any = any || g->values[i].gradient != INK_NONE;
    if (!any) {
        ink_build_fault(g, "the optimizer has nothing to do: no parameter has a gradient");
        return;
    }
    if (optimizer->clip_norm > 0.0f) {
        ink_node node = ink_build_blank(INK_OP_CLIP);
        node.attr.clip.max_norm = optimizer->clip_norm;
        (void)ink_build_node(g, &node);
    }
    for (ink_id i = 0; i < n_values && g->fault.status == INK_OK; i++) {
        if (g->values[i].gradient != INK_NONE) update(g, i, optimizer);
    }
    if (optimizer->average_decay == 0.0f) return;
    for (ink_id i = 0; i < n_values && g->fault.status == INK_OK; i++) {
        if (g->values[i].gradient == INK_NONE) continue;
        ink_node node = ink_build_blank(INK_OP_AVERAGE);
        node.in[0] = i;
        node.in[1] = companion(g, i, "average");
        node.attr.average.decay = optimizer->average_decay;
        (void)ink_build_node(g, &node);
    }
}

double ink_adam_correction(float beta, uint64_t step) {
    double power = 1.0, factor = (double)beta;
    for (uint64_t left = step; left > 0; left >>= 1) {
        if (left & 1) power *= factor;
        factor *= factor;
    }
    return 1.0 - power;
}

float ink_muon_scale(uint32_t filters, size_t elements) {
    double numbers = (double)elements / (double)filters;
    return (double)filters > numbers ? (float)sqrt((double)filters / numbers) : 1.0f;
}

double ink_average_decay(float decay, uint64_t step) {
    double early = (1.0 + (double)step) / (10.0 + (double)step);
    return early < (double)decay ? early : (double)decay;
}

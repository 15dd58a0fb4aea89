/* ops/graph_gradients.c: appends the nodes of the chain rule, in reverse order of the forward nodes.
 * It computes no number; a value used twice gets the sum of its gradients by an add node. */
#include "core/mem.h"
#include "ops/build.h"
#include "ops/graph.h"

typedef struct chain {
    ink_graph *g;
    bool *learns;   /* [values before]: its gradient is wanted, as the path reaches a parameter that learns */
    ink_id *slopes; /* [values before]: its gradient so far, or INK_NONE */
} chain;

static bool learns(const chain *c, ink_id value) {
    return value != INK_NONE && c->learns[value];
}

/* One more contribution to the gradient of a value. */
static void contribute(chain *c, ink_id value, ink_id slope) {
    if (slope == INK_NONE) return;
    if (c->slopes[value] == INK_NONE) {
        c->slopes[value] = slope;
        return;
    }
    ink_node node = ink_build_blank(INK_OP_ADD);
    node.in[0] = c->slopes[value];
    node.in[1] = slope;
    node.out[0] = ink_build_like(c->g, slope);
    c->slopes[value] = ink_build_node(c->g, &node);
}

/* op with up to three inputs, whose one output is the gradient of `of`. */
static void slope_node(chain *c, const ink_node *forward, ink_op op, ink_id of, ink_id in0, ink_id in1, ink_id in2) {
    if (!learns(c, of)) return;
    ink_node node = ink_build_blank(op);
    node.in[0] = in0;
    node.in[1] = in1;
    node.in[2] = in2;
    node.attr = forward->attr;
    node.out[0] = ink_build_like(c->g, of);
    contribute(c, of, ink_build_node(c->g, &node));
}

/* linear, conv2d and depthwise: bias, weights, input. */
static void weighted(chain *c, const ink_node *f, ink_id dy, ink_op dw, ink_op dx) {
    slope_node(c, f, INK_OP_BIAS_DB, f->in[2], dy, INK_NONE, INK_NONE);
    slope_node(c, f, dw, f->in[1], f->in[0], dy, INK_NONE);
    slope_node(c, f, dx, f->in[0], dy, f->in[1], INK_NONE);
}

static void batchnorm(chain *c, const ink_node *f, ink_id dy) {
    ink_id x = f->in[0], gamma = f->in[1], beta = f->in[2];
    if (!learns(c, x) && !learns(c, gamma) && !learns(c, beta)) return;
    ink_node node = ink_build_blank(INK_OP_BATCHNORM_DX);
    node.in[0] = x;
    node.in[1] = dy;
    node.in[2] = gamma;
    node.in[3] = f->out[1];
    node.in[4] = f->out[2];
    node.attr = f->attr;
    if (learns(c, x)) node.out[0] = ink_build_like(c->g, x);
    if (learns(c, gamma)) node.out[1] = ink_build_like(c->g, gamma);
    if (learns(c, beta)) node.out[2] = ink_build_like(c->g, beta);
    (void)ink_build_node(c->g, &node);
    if (learns(c, x)) contribute(c, x, node.out[0]);
    if (learns(c, gamma)) contribute(c, gamma, node.out[1]);
    if (learns(c, beta)) contribute(c, beta, node.out[2]);
}

/* The gradients of one forward node's inputs; dy belongs to its output. */
static void backward(chain *c, const ink_node *f, ink_id dy) {
    ink_id x = f->in[0], y = f->out[0];
    switch (f->op) {
    case INK_OP_LINEAR: weighted(c, f, dy, INK_OP_LINEAR_DW, INK_OP_LINEAR_DX); break;
    case INK_OP_CONV2D: weighted(c, f, dy, INK_OP_CONV2D_DW, INK_OP_CONV2D_DX); break;
    case INK_OP_DEPTHWISE: weighted(c, f, dy, INK_OP_DEPTHWISE_DW, INK_OP_DEPTHWISE_DX); break;
    case INK_OP_BATCHNORM: batchnorm(c, f, dy); break;
    case INK_OP_ACTIVATION: slope_node(c, f, INK_OP_ACTIVATION_DX, x, x, dy, INK_NONE); break;
    case INK_OP_MAXPOOL: slope_node(c, f, INK_OP_MAXPOOL_DX, x, x, y, dy); break;
    case INK_OP_AVGPOOL: slope_node(c, f, INK_OP_AVGPOOL_DX, x, dy, INK_NONE, INK_NONE); break;
    case INK_OP_GLOBAL_AVGPOOL: slope_node(c, f, INK_OP_GLOBAL_AVGPOOL_DX, x, dy, INK_NONE, INK_NONE); break;
    case INK_OP_GLOBAL_MAXPOOL: slope_node(c, f, INK_OP_GLOBAL_MAXPOOL_DX, x, x, y, dy); break;
    case INK_OP_DROPOUT: slope_node(c, f, INK_OP_DROPOUT_DX, x, dy, INK_NONE, INK_NONE); break;
    case INK_OP_FLATTEN: slope_node(c, f, INK_OP_FLATTEN_DX, x, dy, INK_NONE, INK_NONE); break;
    case INK_OP_SOFTMAX: slope_node(c, f, INK_OP_SOFTMAX_DX, x, y, dy, INK_NONE); break;
    case INK_OP_ADD:
        /* Both inputs have the gradient of the sum itself: no node. */
        if (learns(c, f->in[0])) contribute(c, f->in[0], dy);
        if (learns(c, f->in[1])) contribute(c, f->in[1], dy);
        break;
    default: ink_build_fault(c->g, "%s: no gradient is known for it", ink_op_name(f->op)); break;
    }
}

/* Which values need a gradient: parameters that learn, x (if any), and all that is computed from them. */
static void mark(chain *c, int32_t n_values, int32_t n_nodes, ink_id x) {
    for (ink_id i = 0; i < n_values; i++) {
        const ink_value *v = &c->g->values[i];
        c->learns[i] = i == x || (v->role == INK_ROLE_PARAM && v->lr_scale != 0.0f);
        c->slopes[i] = INK_NONE;
    }
    for (int32_t i = 0; i < n_nodes; i++) {
        const ink_node *node = &c->g->nodes[i];
        bool any = false;
        for (int k = 0; k < INK_NODE_INPUTS; k++) any = any || learns(c, node->in[k]);
        if (any && node->out[0] != INK_NONE) c->learns[node->out[0]] = true;
    }
}

/* The gradients of all that learns, from that of `from`, which is dy, or what the loss node begins with when dy is
 * INK_NONE. Returns the gradient of x. */
static ink_id pull(ink_graph *g, ink_id from, ink_id dy, ink_id x) {
    int32_t n_values = g->n_values, n_nodes = g->n_nodes;
    ink_id slope_of_x = INK_NONE;
    chain c = {.g = g,
               .learns = ink_mem_new((size_t)n_values, sizeof *c.learns),
               .slopes = ink_mem_new((size_t)n_values, sizeof *c.slopes)};
    if (c.learns == NULL || c.slopes == NULL) {
        ink_fail_memory(&g->fault, (uint64_t)n_values * (sizeof *c.learns + sizeof *c.slopes), "gradients");
        goto done;
    }
    mark(&c, n_values, n_nodes, x);
    if (dy == INK_NONE) {
        ink_node loss = g->nodes[g->values[from].maker];
        slope_node(&c, &loss, INK_OP_CROSS_ENTROPY_DX, loss.in[0], loss.in[0], loss.in[1], loss.in[2]);
    } else if (learns(&c, from)) {
        c.slopes[from] = dy;
    }
    for (int32_t i = n_nodes - 1; i >= 0 && g->fault.status == INK_OK; i--) {
        ink_node forward = g->nodes[i]; /* a copy: the list moves when it grows */
        ink_id y = forward.out[0];
        if (y != INK_NONE && c.slopes[y] != INK_NONE) backward(&c, &forward, c.slopes[y]);
    }
    for (ink_id i = 0; i < n_values; i++) {
        if (g->values[i].role == INK_ROLE_PARAM) g->values[i].gradient = c.slopes[i];
    }
    if (x != INK_NONE) slope_of_x = c.slopes[x];
done:
    ink_mem_free(c.learns);
    ink_mem_free(c.slopes);
    return slope_of_x;
}

static bool has_gradients(const ink_graph *g) {
    for (ink_id i = 0; i < g->n_values; i++) {
        if (g->values[i].gradient != INK_NONE) return true;
    }
    return false;
}

void ink_graph_gradients(ink_graph *g, ink_id losses) {
    if (g->fault.status != INK_OK) return;
    ink_id maker = losses >= 0 && losses < g->n_values ? g->values[losses].maker : INK_NONE;
    if (maker == INK_NONE || g->nodes[maker].op != INK_OP_CROSS_ENTROPY) {
        ink_build_fault(g, "gradients: the losses must come from cross_entropy");
    } else if (has_gradients(g)) {
        ink_build_fault(g, "gradients: this graph has them already");
    } else {
        pull(g, losses, INK_NONE, INK_NONE);
    }
}

ink_id ink_build_pull(ink_graph *g, ink_id y, ink_id dy, ink_id x) {
    if (!ink_build_is_batch(g, "pull", "y", y) || !ink_build_is_batch(g, "pull", "dy", dy)) return INK_NONE;
    return pull(g, y, dy, x);
}

/* ops/cuda/plan.c: which nodes become part of another node's kernel: relu, sums of two values, an image's distortion,
 * batch norm's sums, and all of batch norm in an evaluation; and which are no kernel: flattening what is flat.
 * Memory and tables are found in plan_memory.c and plan_tables.c. */
#include "ops/cuda/program.h"

bool ink_cuda_is_matrix(ink_op op) {
    return op == INK_OP_LINEAR || op == INK_OP_LINEAR_DX || op == INK_OP_LINEAR_DW || op == INK_OP_CONV2D ||
           op == INK_OP_CONV2D_DX || op == INK_OP_CONV2D_DW;
}

ink_cuda_conv ink_cuda_conv_of(const ink_program *p, const ink_node *node) {
    ink_id x = node->in[0], y = node->out[0];
    if (node->op == INK_OP_CONV2D_DX || node->op == INK_OP_DEPTHWISE_DX || node->op == INK_OP_LINEAR_DX) {
        x = node->out[0];
        y = node->in[0];
    } else if (node->op == INK_OP_CONV2D_DW || node->op == INK_OP_DEPTHWISE_DW || node->op == INK_OP_LINEAR_DW) {
        y = node->in[1];
    }
    ink_cuda_conv conv = {.c = ink_cuda_dim(p, x, 0),
                          .h = ink_cuda_dim(p, x, 1),
                          .w = ink_cuda_dim(p, x, 2),
                          .k = ink_cuda_dim(p, y, 0),
                          .p = ink_cuda_dim(p, y, 1),
                          .q = ink_cuda_dim(p, y, 2),
                          .r = 1,
                          .s = 1,
                          .stride = 1};
    if (node->op != INK_OP_LINEAR && node->op != INK_OP_LINEAR_DX && node->op != INK_OP_LINEAR_DW) {
        conv.r = (uint32_t)node->attr.conv.window_h;
        conv.s = (uint32_t)node->attr.conv.window_w;
        conv.stride = (uint32_t)node->attr.conv.stride;
        conv.pad = node->attr.conv.pad;
    }
    return conv;
}

static bool reads(const ink_node *node, ink_id v) {
    for (int k = 0; k < INK_NODE_INPUTS; k++) {
        if (node->in[k] == v) return true;
    }
    return false;
}

/* The one node, of those not done, that reads v; relu: besides gradients of relu, which ask for its sign alone.
 * -1 when there is none, or more, or v is wanted by the caller. */
static int32_t only_reader(const ink_program *p, ink_id v, bool relu) {
    int32_t found = -1;
    if (p->g.values[v].output) return -1;
    for (int32_t i = 0; i < p->g.n_nodes; i++) {
        const ink_node *node = &p->g.nodes[i];
        if (!reads(node, v)) continue;
        bool sign = node->op == INK_OP_ACTIVATION_DX && node->attr.activation.kind == INK_RELU && node->in[1] != v;
        if (relu && sign) continue;
        if (found >= 0) return -1;
        found = i;
    }
    return found;
}

static int32_t maker_of(const ink_program *p, ink_id v) {
    return p->g.values[v].maker;
}

/* The sum of v, which node `at` made, and an older value becomes part of node `at`; returns what stands for v. */
static ink_id absorb_sum(ink_program *p, int32_t at, ink_id v) {
    int32_t i = only_reader(p, v, false);
    if (i < 0 || p->g.nodes[i].op != INK_OP_ADD || p->notes[i].done) return v;
    const ink_node *add = &p->g.nodes[i];
    ink_id other = add->in[0] == v ? add->in[1] : add->in[0];
    if (other == v || maker_of(p, other) >= at) return v;
    p->notes[at].residual = other;
    p->notes[i].done = true;
    p->same[v] = add->out[0];
    return add->out[0];
}

static ink_id absorb_relu(ink_program *p, int32_t at, ink_id v) {
    int32_t i = only_reader(p, v, true);
    if (i < 0 || p->notes[i].done) return v;
    const ink_node *relu = &p->g.nodes[i];
    if (relu->op != INK_OP_ACTIVATION || relu->attr.activation.kind != INK_RELU) return v;
    p->notes[at].relu = true;
    p->notes[i].done = true;
    p->same[v] = relu->out[0];
    return relu->out[0];
}

/* A batch norm whose statistics are there already becomes part of the product whose result v is. */
static ink_id absorb_norm(ink_program *p, int32_t at, ink_id v) {
    int32_t i = only_reader(p, v, false);
    if (i < 0 || p->notes[i].done || p->notes[at].residual != INK_NONE) return v;
    const ink_node *norm = &p->g.nodes[i];
    if (norm->op != INK_OP_BATCHNORM || norm->attr.batchnorm.training || norm->in[0] != v) return v;
    p->notes[at].norm = i;
    p->notes[at].relu_first = p->notes[at].relu;
    p->notes[at].relu = false;
    p->notes[i].done = true;
    p->same[v] = norm->out[0];
    return absorb_relu(p, at, absorb_sum(p, at, norm->out[0]));
}

/* The next node that is a kernel of its own: if it is a batch norm of v, v's sums come with v. */
static void give_sums(ink_program *p, int32_t at, ink_id v) {
    int32_t i = at + 1;
    while (i < p->g.n_nodes && p->notes[i].done) i++;
    if (i == p->g.n_nodes) return;
    const ink_node *norm = &p->g.nodes[i];
    if (norm->op != INK_OP_BATCHNORM || !norm->attr.batchnorm.training || norm->in[0] != v) return;
    p->notes[at].gives_sums = true;
    p->notes[i].has_sums = true;
}

/* The gradient of a relu that only a batch norm's gradient reads becomes part of it. */
static void absorb_gate(ink_program *p, int32_t at) {
    const ink_node *node = &p->g.nodes[at];
    ink_cuda_note *note = &p->notes[at];
    note->dy = node->in[1];
    int32_t i = maker_of(p, node->in[1]);
    if (i < 0 || only_reader(p, node->in[1], false) != at) return;
    const ink_node *relu = &p->g.nodes[i];
    if (relu->op != INK_OP_ACTIVATION_DX || relu->attr.activation.kind != INK_RELU || node->in[0] == node->in[1])
        return;
    note->gate = relu->in[0];
    note->dy = relu->in[1];
    p->notes[i].done = true;
    p->same[node->in[1]] = INK_NONE; /* never made */
}

/* The gradient of a relu becomes part of the kernel of node `at` that makes its dy, v, for nobody else. A batch norm's
 * reads the relu's y anyway: that must be what its own x is. */
static void absorb_slope(ink_program *p, int32_t at, ink_id v) {
    const ink_node *node = &p->g.nodes[at];
    if (v == INK_NONE) return;
    int32_t i = only_reader(p, v, false), maker = maker_of(p, node->in[0]);
    if (i < 0 || p->notes[i].done) return;
    const ink_node *slope = &p->g.nodes[i];
    if (slope->op != INK_OP_ACTIVATION_DX || slope->attr.activation.kind != INK_RELU || slope->in[1] != v) return;
    if (node->op == INK_OP_BATCHNORM_DX) {
        const ink_node *relu = maker < 0 ? NULL : &p->g.nodes[maker];
        if (relu == NULL || relu->op != INK_OP_ACTIVATION || relu->attr.activation.kind != INK_RELU) return;
        if (relu->in[0] != slope->in[0]) return;
        p->notes[at].relu = true;
    } else {
        p->notes[at].slope = slope->in[0];
    }
    p->notes[i].done = true;
    p->same[v] = slope->out[0];
}

/* Of a map of one place, or of one channel, elements lie in the same order flattened or not: there is nothing to do.
 * But as bf16 one channel is filled up to eight: a picture's pixels normalise leaves flat, where nothing else reads
 * them. */
static void absorb_flatten(ink_program *p, int32_t at) {
    const ink_node *node = &p->g.nodes[at];
    const ink_id v = node->in[0], y = node->out[0], map = node->op == INK_OP_FLATTEN ? v : y;
    const int32_t i = maker_of(p, v);
    if (ink_cuda_map_of(p, map) == 1 && !p->g.values[y].output) {
        p->same[y] = v;
    } else if (i >= 0 && p->g.nodes[i].op == INK_OP_NORMALISE && ink_cuda_dim(p, v, 0) == 1 &&
               only_reader(p, v, false) == at) {
        p->same[v] = y;
    } else {
        return;
    }
    p->notes[at].done = true;
}

/* What is distorted for normalise alone is never made: normalise distorts. */
static void absorb_warp(ink_program *p, int32_t at) {
    ink_id v = p->g.nodes[at].in[0];
    int32_t i = maker_of(p, v);
    if (i < 0 || p->g.nodes[i].op != INK_OP_WARP) return;
    p->notes[at].warps = true;
    if (only_reader(p, v, false) != at) return;
    p->notes[i].done = true;
    p->same[v] = INK_NONE;
}

static bool is_pool_dx(ink_op op) {
    return op == INK_OP_MAXPOOL_DX || op == INK_OP_GLOBAL_MAXPOOL_DX || op == INK_OP_AVGPOOL_DX ||
           op == INK_OP_GLOBAL_AVGPOOL_DX;
}

static void absorb_into_product(ink_program *p, int32_t at) {
    const ink_node *node = &p->g.nodes[at];
    ink_id v = absorb_relu(p, at, absorb_sum(p, at, node->out[0]));
    if (node->op == INK_OP_LINEAR || node->op == INK_OP_CONV2D) {
        give_sums(p, at, absorb_norm(p, at, v));
    } else if (!p->notes[at].relu) {
        absorb_slope(p, at, v);
    }
}

void ink_cuda_fuse(ink_program *p) {
    for (ink_id v = 0; v < p->g.n_values; v++) p->same[v] = v;
    for (int32_t i = 0; i < p->g.n_nodes; i++) {
        p->notes[i].residual = p->notes[i].gate = p->notes[i].dy = p->notes[i].slope = INK_NONE;
        p->notes[i].norm = -1;
    }
    for (int32_t i = 0; i < p->g.n_nodes; i++) {
        const ink_op op = p->g.nodes[i].op;
        if (op == INK_OP_BATCHNORM_DX) absorb_gate(p, i);
        if (op == INK_OP_FLATTEN || op == INK_OP_FLATTEN_DX) absorb_flatten(p, i);
    }
    for (int32_t i = 0; i < p->g.n_nodes; i++) {
        const ink_node *node = &p->g.nodes[i];
        if (p->notes[i].done) continue;
        bool gather = node->op == INK_OP_LINEAR || node->op == INK_OP_CONV2D || node->op == INK_OP_LINEAR_DX ||
                      node->op == INK_OP_CONV2D_DX;
        if (gather) {
            absorb_into_product(p, i);
        } else if (node->op == INK_OP_NORMALISE) {
            absorb_warp(p, i);
        } else if (node->op == INK_OP_BATCHNORM) {
            (void)absorb_relu(p, i, absorb_sum(p, i, node->out[0]));
        } else if (node->op == INK_OP_ADD && p->g.values[node->out[0]].batched) {
            (void)absorb_relu(p, i, node->out[0]);
        } else if (node->op == INK_OP_BATCHNORM_DX || is_pool_dx(node->op)) {
            absorb_slope(p, i, node->out[0]);
        }
    }
}

/* ops/cuda/plan_bf16.c: which products read bf16 from memory, and so which values lie there rounded.
 * Who rounds them: their makers' kernels, of parameters those that update them; parameters and inputs that were written
 * otherwise, a kernel before the next step (backend.c).
 * A value whose floats nothing reads has none: what only products read, and what besides tells a gate whether it is
 * above 0. All else is float, so that nothing is rounded that was not before. */
#include "ops/cuda/program.h"

/* Copies of 16 bytes are of eight channels, or of eight columns. */
#define TOGETHER 8

/* Does the kernel that makes v, or what v is the same as, write it as bf16 where that is asked for? */
static bool can_be_rounded(const ink_program *p, ink_id v) {
    const ink_id root = ink_cuda_root(p, v);
    if (root != INK_NONE) v = root;
    const ink_value *value = &p->g.values[v];
    if (value->role == INK_ROLE_PARAM || value->role == INK_ROLE_INPUT) return true;
    if (value->maker < 0 || p->g.nodes[value->maker].out[0] != v) return false;
    switch (p->g.nodes[value->maker].op) {
    case INK_OP_NORMALISE:
    case INK_OP_LINEAR:
    case INK_OP_LINEAR_DX:
    case INK_OP_CONV2D:
    case INK_OP_CONV2D_DX:
    case INK_OP_DEPTHWISE:
    case INK_OP_DEPTHWISE_DX:
    case INK_OP_BATCHNORM:
    case INK_OP_BATCHNORM_DX:
    case INK_OP_ACTIVATION:
    case INK_OP_ACTIVATION_DX:
    case INK_OP_MAXPOOL:
    case INK_OP_MAXPOOL_DX:
    case INK_OP_AVGPOOL:
    case INK_OP_AVGPOOL_DX:
    case INK_OP_GLOBAL_AVGPOOL:
    case INK_OP_GLOBAL_AVGPOOL_DX:
    case INK_OP_GLOBAL_MAXPOOL:
    case INK_OP_GLOBAL_MAXPOOL_DX:
    case INK_OP_DROPOUT:
    case INK_OP_DROPOUT_DX:
    case INK_OP_FLATTEN:
    case INK_OP_FLATTEN_DX:
    case INK_OP_ADD: return true;
    default: return false;
    }
}

/* Does v get channels of zeros where it lies in bf16? A stem's pixels do, and inputs, so that tests see it. */
static bool can_be_filled(const ink_program *p, ink_id v) {
    const ink_value *value = &p->g.values[v];
    return value->role == INK_ROLE_INPUT || (value->maker >= 0 && p->g.nodes[value->maker].op == INK_OP_NORMALISE);
}

/* Can the node's product be done by kern_bf16.cu? Forward the terms lie together on both sides; else rows of K and rows
 * of C do. */
static bool is_fit(const ink_program *p, const ink_node *node) {
    ink_cuda_conv f = ink_cuda_conv_of(p, node);
    bool forward = node->op == INK_OP_CONV2D || node->op == INK_OP_LINEAR;
    bool back = node->op == INK_OP_CONV2D_DX || node->op == INK_OP_LINEAR_DX;
    if (f.c % TOGETHER != 0 && (back || !can_be_filled(p, node->in[0]))) return false;
    if (!forward && f.k % TOGETHER != 0) return false;
    return can_be_rounded(p, node->in[0]) && can_be_rounded(p, node->in[1]);
}

/* Where a batch has few rows and the sums are long there would be few blocks at work for long: as many parts of the
 * terms as are at least PART_TERMS long. And where a batch of INK_BATCH_AIM has tiles for at most half of
 * INK_BLOCKS_AIM, so many parts that there are as many blocks. From shapes alone. */
#define LONG_TERMS 2048
#define PART_TERMS 512
#define PARTS_MOST 16
static uint32_t split_of(const ink_program *p, int32_t at) {
    const ink_node *node = &p->g.nodes[at];
    const bool forward = node->op == INK_OP_CONV2D || node->op == INK_OP_LINEAR;
    const bool back = node->op == INK_OP_CONV2D_DX || node->op == INK_OP_LINEAR_DX;
    ink_cuda_conv f = ink_cuda_conv_at(p, at);
    if (!forward && !(back && f.stride == 1)) return 1;
    uint32_t places = forward ? f.p * f.q : f.h * f.w, columns = forward ? f.k : f.c;
    uint32_t terms = ink_cuda_live_taps(&f) * (forward ? f.c : f.k), parts = terms / PART_TERMS;
    uint64_t tiles =
        ((uint64_t)INK_BATCH_AIM * places + INK_TILE - 1) / INK_TILE * ((columns + INK_TILE - 1) / INK_TILE);
    if (forward && places == 1 && terms >= LONG_TERMS) return parts < PARTS_MOST ? parts : PARTS_MOST;
    if (2 * tiles > INK_BLOCKS_AIM || parts < 2) return 1;
    return parts < INK_BLOCKS_AIM / tiles ? parts : (uint32_t)(INK_BLOCKS_AIM / tiles);
}

/* Does one of the kernels that are launched read v's floats? v: a value whose memory is its own. */
static bool is_read_as_float(const ink_program *p, ink_id v) {
    if (p->g.values[v].output) return true;
    for (int32_t i = 0; i < p->g.n_nodes; i++) {
        const ink_node *node = &p->g.nodes[i];
        const ink_cuda_note *note = &p->notes[i];
        if (note->done) continue;
        if (ink_cuda_root(p, note->residual) == v) return true;
        for (int k = 0; k < INK_NODE_INPUTS; k++) {
            ink_id x = node->in[k];
            if (note->is_bf16 && k < 2) continue;
            if (node->op == INK_OP_BATCHNORM_DX && k == 1) x = note->dy;
            if (x != INK_NONE && ink_cuda_root(p, x) == v) return true;
        }
    }
    return false; /* the gate of a batch norm's gradient may be either */
}

void ink_cuda_plan_bf16(ink_program *p) {
    if (p->precision != INK_PRECISION_BF16) return;
    for (int32_t i = 0; i < p->g.n_nodes; i++) {
        const ink_node *node = &p->g.nodes[i];
        if (!ink_cuda_is_matrix(node->op) || !is_fit(p, node)) continue;
        p->notes[i].is_bf16 = true;
        p->notes[i].split = split_of(p, i);
        for (int k = 0; k < 2; k++) {
            ink_id v = ink_cuda_root(p, node->in[k]);
            if (v != INK_NONE) p->forms[v] = INK_FORM_BOTH;
        }
    }
    for (ink_id v = 0; v < p->g.n_values; v++) {
        if (p->forms[v] != INK_FORM_BOTH || p->g.values[v].role != INK_ROLE_ACTIVATION) continue;
        if (!is_read_as_float(p, v)) p->forms[v] = INK_FORM_BF16;
    }
}

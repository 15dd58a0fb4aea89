/* ops/cpu/plan_norm.c: steps of batch norm and its gradient, with the relu, the residual or the max pool behind it.
 * The arithmetic is in norm.c.
 * Fused: relu, and a residual before it; relu and a max pool whose windows tile the map: then neither the normalised
 * value nor its relu nor their gradients are ever stored, as all are computed again from x where they are asked for. */
#include "ops/cpu/plan.h"

static bool is_maxpool(ink_op op) {
    return op == INK_OP_MAXPOOL || op == INK_OP_GLOBAL_MAXPOOL;
}

static bool is_maxpool_dx(ink_op op) {
    return op == INK_OP_MAXPOOL_DX || op == INK_OP_GLOBAL_MAXPOOL_DX;
}

static bool is_relu_dx(const ink_node *n) {
    return n->op == INK_OP_ACTIVATION_DX && n->attr.activation.kind == INK_RELU;
}

void ink_plan_fixed_norm(planner *l, const ink_node *norm, ink_id *scale, ink_id *offset) {
    size_t channels = (size_t)ink_groups(l->p->cells[norm->in[0]].c) * INK_LANES;
    ink_step *s = ink_plan_step(l, "batchnorm fixed", ink_work_norm_fixed, norm);
    *scale = s->extra[1] = ink_plan_room(l, channels, false);
    *offset = s->extra[2] = ink_plan_room(l, channels, false);
    s->whole = true;
    for (int k = 1; k < 5; k++) ink_plan_reads(s, norm->in[k]);
    for (int k = 1; k < 3; k++) {
        ink_plan_writes(s, norm->out[k]);
        ink_plan_writes(s, s->extra[k]);
    }
}

/* Sums over the batch, and the cell of the factors that follow from them. */
static ink_id plan_moments(planner *l, const ink_node *n) {
    uint32_t groups = ink_groups(l->p->cells[n->in[0]].c);
    size_t channels = (size_t)groups * INK_LANES;
    ink_step *sums = ink_plan_step(l, "batchnorm sums", ink_work_moments, n);
    ink_id cell = sums->extra[0] = ink_plan_room(l, channels * 6, true);
    sums->parts = ink_channel_parts(&l->p->cells[n->in[0]]);
    ink_plan_reads(sums, n->in[0]);
    ink_plan_writes(sums, cell);
    ink_step *join = ink_plan_step(l, "batchnorm join", ink_work_norm_join, n);
    join->whole = true;
    join->extra[0] = cell;
    ink_id scale = join->extra[1] = ink_plan_room(l, channels, false);
    join->extra[2] = ink_plan_room(l, channels, false);
    ink_plan_reads(join, cell);
    for (int k = 1; k < 5; k++) ink_plan_reads(join, n->in[k]);
    for (int k = 3; k < 5; k++) ink_plan_writes(join, n->in[k]);
    const ink_id made[] = {n->out[1], n->out[2], scale, join->extra[2]};
    for (int k = 0; k < 4; k++) ink_plan_writes(join, made[k]);
    return scale;
}

/* The node that reads v, if it is the only one that reads v at all (spare: or is spare), and v no
 * output; else -1. */
static int32_t lone_reader(const planner *l, ink_id v, int32_t spare) {
    int32_t found = -1;
    if (l->g->values[v].output) return -1;
    for (int32_t i = 0; i < l->g->n_nodes; i++) {
        for (int k = 0; k < INK_NODE_INPUTS; k++) {
            if (l->g->nodes[i].in[k] != v || i == spare || i == found) continue;
            if (found >= 0) return -1;
            found = i;
        }
    }
    return found;
}

/* The nodes that make up a fused norm, relu and max pool with their gradients. */
typedef struct pooled {
    int32_t relu, pool, pool_dx, relu_dx, norm_dx;
} pooled;

/* Is the norm, node `at`, followed by a relu and a max pool, and read by nothing else but their gradients? */
static bool find_pooled(const planner *l, int32_t at, pooled *f) {
    const ink_node *nodes = l->g->nodes, *n = &nodes[at];
    f->pool_dx = f->relu = -1;
    for (int32_t i = 0; i < l->g->n_nodes; i++) {
        const ink_node *m = &nodes[i];
        if (m->op == INK_OP_ACTIVATION && m->attr.activation.kind == INK_RELU && m->in[0] == n->out[0]) f->relu = i;
        if (f->relu >= 0 && is_maxpool_dx(m->op) && m->in[0] == nodes[f->relu].out[0]) f->pool_dx = i;
    }
    if (f->relu < 0 || f->pool_dx < 0) return false;
    f->pool = lone_reader(l, nodes[f->relu].out[0], f->pool_dx);
    f->relu_dx = lone_reader(l, nodes[f->pool_dx].out[0], -1);
    if (f->pool < 0 || f->relu_dx < 0 || !is_maxpool(nodes[f->pool].op) || !is_relu_dx(&nodes[f->relu_dx]))
        return false;
    f->norm_dx = lone_reader(l, nodes[f->relu_dx].out[0], -1);
    if (f->norm_dx < 0) return false;
    const ink_node *pool_dx = &nodes[f->pool_dx], *relu_dx = &nodes[f->relu_dx], *norm_dx = &nodes[f->norm_dx];
    return norm_dx->op == INK_OP_BATCHNORM_DX && norm_dx->in[0] == n->in[0] && norm_dx->in[1] == relu_dx->out[0] &&
           norm_dx->in[3] == n->out[1] && norm_dx->out[0] != INK_NONE && relu_dx->in[0] == n->out[0] &&
           relu_dx->in[1] == pool_dx->out[0] && pool_dx->in[1] == nodes[f->pool].out[0] &&
           lone_reader(l, n->out[0], f->relu_dx) == f->relu &&
           ink_plan_same_place(l->p, n->in[0], nodes[f->relu].out[0]);
}

/* The windows of a pool, or NULL when they do not tile the map. */
static const void *tiling_windows(planner *l, const ink_node *pool) {
    const ink_cell *x = &l->p->cells[pool->in[0]];
    if (l->p->cells[pool->out[0]].store != x->store) return NULL; /* a narrow map ends here */
    const void *plan = ink_plan_checked(l, ink_pool_plan(l->p, pool, x, &l->p->cells[pool->out[0]], false));
    const int32_t *at;
    size_t windows, n;
    if (plan == NULL || !ink_pool_windows(plan, &at, &windows, &n)) return NULL;
    return windows * n == ink_positions(x) ? plan : NULL;
}

static void plan_pooled(planner *l, int32_t at, const pooled *f, const void *windows, ink_id scale) {
    const ink_node *n = &l->g->nodes[at];
    ink_step *s = ink_plan_step(l, "batchnorm maxpool", ink_work_norm_pool, n);
    s->parts = ink_channel_parts(&l->p->cells[n->in[0]]);
    s->plan = windows;
    s->extra[1] = scale;
    s->node.out[0] = l->g->nodes[f->pool].out[0];
    (void)ink_plan_absorb(l, f->relu, n->out[0]);
    (void)ink_plan_absorb(l, f->pool, l->g->nodes[f->relu].out[0]);
    l->norm_of[f->pool_dx] = at;
    ink_plan_reads(s, n->in[0]);
    ink_plan_reads(s, scale);
    ink_plan_reads(s, n->in[2]);
    ink_plan_reads(s, n->out[1]);
    ink_plan_writes(s, s->node.out[0]);
}

/* The activation, no relu, behind the training norm of node `at`, where nothing reads the normalised value but that and
 * its gradient, and that gradient nothing but the norm's: then the norm's passes do both. Else -1. */
static int32_t find_active(const planner *l, int32_t at) {
    const ink_node *nodes = l->g->nodes, *n = &nodes[at];
    int32_t dx = -1;
    for (int32_t i = 0; i < l->g->n_nodes; i++) {
        if (nodes[i].op == INK_OP_ACTIVATION_DX && nodes[i].in[0] == n->out[0]) dx = i;
    }
    if (dx < 0 || !n->attr.batchnorm.training) return -1;
    const int32_t active = lone_reader(l, n->out[0], dx), back = lone_reader(l, nodes[dx].out[0], -1);
    if (active < 0 || back < 0 || nodes[active].op != INK_OP_ACTIVATION) return -1;
    if (nodes[active].attr.activation.kind == INK_RELU) return -1;
    const ink_node *m = &nodes[back];
    return m->op == INK_OP_BATCHNORM_DX && m->in[0] == n->in[0] && m->in[1] == nodes[dx].out[0] && m->in[3] == n->out[1]
               ? active
               : -1;
}

void ink_plan_norm(planner *l, int32_t at) {
    const ink_node *n = &l->g->nodes[at];
    ink_id scale, offset;
    if (n->attr.batchnorm.training) {
        scale = l->norm_scale[n->out[0]] = plan_moments(l, n);
        pooled f;
        const void *windows = find_pooled(l, at, &f) ? tiling_windows(l, &l->g->nodes[f.pool]) : NULL;
        if (windows != NULL) {
            plan_pooled(l, at, &f, windows, scale);
            return;
        }
    } else {
        ink_plan_fixed_norm(l, n, &scale, &offset);
    }
    ink_step *s = ink_plan_step(l, "batchnorm", ink_work_norm_apply, n);
    s->parts = ink_channel_parts(&l->p->cells[n->in[0]]);
    s->extra[1] = scale;
    int32_t active = find_active(l, at);
    ink_id y = active >= 0 ? n->out[0] : ink_plan_absorb_residual(l, s, n->out[0], at);
    if (active >= 0) {
        ink_plan_activate(s, &l->g->nodes[active]);
        s->node.out[0] = ink_plan_absorb(l, active, y);
    } else {
        s->node.out[0] = ink_plan_absorb_relu(l, s, y);
    }
    ink_plan_reads(s, n->in[0]);
    ink_plan_reads(s, s->residual);
    ink_plan_reads(s, scale);
    ink_plan_reads(s, n->in[2]);
    ink_plan_reads(s, n->out[1]);
    ink_plan_writes(s, s->node.out[0]);
}

/* The training norm that made v and whose gradient is `back`, or NULL. */
static const ink_node *norm_between(const planner *l, const ink_node *back, ink_id v) {
    const ink_id maker = l->g->values[v].maker;
    const ink_node *n = maker != INK_NONE ? &l->g->nodes[maker] : NULL;
    bool is_norm = n != NULL && n->op == INK_OP_BATCHNORM && n->attr.batchnorm.training && n->in[0] == back->in[0] &&
                   n->out[1] == back->in[3];
    return is_norm && l->norm_scale[v] != INK_NONE ? n : NULL;
}

bool ink_plan_knows_side(const planner *l, const ink_node *node, ink_id v) {
    return node->op == INK_OP_BATCHNORM_DX && norm_between(l, node, v) != NULL;
}

/* Sums over blocks by `like`, and their join; returns the cell of the line. `like` is a step that was not planned: its
 * node, plan, scale, offset, residual and mask. */
static ink_id plan_sums_back(planner *l, const ink_step *like, ink_work *work) {
    const ink_node *n = &like->node;
    uint32_t groups = ink_groups(l->p->cells[n->in[0]].c);
    size_t channels = (size_t)groups * INK_LANES;
    ink_step *sums = ink_plan_step(l, "batchnorm_dx sums", work, n);
    ink_id cell = sums->extra[0] = ink_plan_room(l, channels * 6, true);
    sums->parts = ink_channel_parts(&l->p->cells[n->in[0]]);
    sums->plan = like->plan;
    sums->scale = like->scale;
    sums->offset = like->offset;
    sums->residual = like->residual;
    sums->mask = like->mask;
    sums->active = like->active;
    sums->kind = like->kind;
    sums->slope = like->slope;
    sums->extra[2] = like->extra[2];
    ink_plan_settle(sums);
    sums->n_writes = 0;
    ink_plan_writes(sums, cell);
    ink_plan_writes(sums, sums->extra[2]);
    ink_step *join = ink_plan_step(l, "batchnorm_dx join", ink_work_norm_dx_join, n);
    join->whole = true;
    join->extra[0] = cell;
    ink_id line = join->extra[1] = ink_plan_room(l, channels * 3, false);
    ink_plan_reads(join, cell);
    for (int k = 2; k < 5; k++) ink_plan_reads(join, n->in[k]);
    const ink_id made[] = {n->out[1], n->out[2], line};
    for (int k = 0; k < 3; k++) ink_plan_writes(join, made[k]);
    return line;
}

/* May the gradient dx take the place of dy: does no node read it but batch norm's gradient, a relu's that became part
 * of that, and those that became part of dy's step? */
static bool can_replace(const planner *l, const ink_node *at, ink_id dy, ink_id dx) {
    const ink_id root = ink_plan_root(l->p, dy), after = l->g->nodes[l->g->values[at->out[0]].maker].in[1];
    const ink_cell *c = &l->p->cells[root];
    if (!ink_plan_same_place(l->p, root, dx) || !c->batched || c->role == INK_ROLE_INPUT) return false;
    for (ink_id v = 0; v < l->g->n_values; v++) {
        if (l->g->values[v].output && (v == dx || ink_plan_root(l->p, v) == root)) return false;
    }
    for (int32_t i = 0; i < l->g->n_nodes; i++) {
        const ink_node *n = &l->g->nodes[i];
        const ink_id made = n->out[0];
        if (made != INK_NONE && (made == at->out[0] || made == after || ink_plan_root(l->p, made) == root)) continue;
        for (int k = 0; k < INK_NODE_INPUTS; k++) {
            if (n->in[k] != INK_NONE && ink_plan_root(l->p, n->in[k]) == root) return false;
        }
    }
    return true;
}

/* Is it the gradient of a relu whose output batch norm n read? */
static bool is_relu_before(const planner *l, const ink_node *relu_dx, const ink_node *n) {
    return is_relu_dx(relu_dx) && relu_dx->in[1] == n->out[0] &&
           ink_plan_root(l->p, relu_dx->in[0]) == ink_plan_root(l->p, n->in[0]);
}

/* The step behind the join; of a relu before the norm, whose output x is, the gradient in one. */
static void plan_dx(planner *l, const ink_step *like, ink_work *work, const char *name, ink_id line) {
    ink_step *s = ink_plan_step(l, name, work, &like->node);
    const ink_node *n = &s->node;
    s->parts = ink_channel_parts(&l->p->cells[n->in[0]]);
    s->plan = like->plan;
    s->scale = like->scale;
    s->offset = like->offset;
    s->residual = like->residual;
    s->mask = like->mask;
    s->extra[1] = line;
    const int32_t next = like->plan == NULL ? ink_plan_only_reader(l, n->out[0], false) : -1;
    if (next >= 0 && is_relu_before(l, &l->g->nodes[next], n)) {
        s->relu = true;
        s->node.out[0] = ink_plan_absorb(l, next, n->out[0]);
    }
    if (like->plan == NULL && can_replace(l, &like->node, n->in[1], n->out[0])) {
        l->p->cells[n->out[0]].same = ink_plan_root(l->p, n->in[1]);
    }
    const ink_id read[] = {n->in[0], n->in[1], n->in[3], s->scale, s->offset, s->residual, s->mask, line};
    for (size_t k = 0; k < sizeof read / sizeof *read; k++) ink_plan_reads(s, read[k]);
    ink_plan_writes(s, n->out[0]);
}

/* A step like which sums and dx will be planned for node `at`. */
static ink_step like_node(const planner *l, int32_t at, ink_id dy) {
    ink_step like = {.node = l->g->nodes[at],
                     .scale = INK_NONE,
                     .offset = INK_NONE,
                     .residual = INK_NONE,
                     .mask = INK_NONE,
                     .extra = {INK_NONE, INK_NONE, INK_NONE}};
    like.node.in[1] = dy;
    return like;
}

bool ink_plan_norm_active_back(planner *l, int32_t at) {
    const ink_node *active_dx = &l->g->nodes[at];
    const int32_t back = lone_reader(l, active_dx->out[0], -1);
    if (back < 0 || !ink_plan_knows_side(l, &l->g->nodes[back], active_dx->in[0])) return false;
    const ink_id normed = active_dx->in[0];
    const int32_t norm = l->g->values[normed].maker;
    if (find_active(l, norm) < 0 || active_dx->attr.activation.kind == INK_RELU) return false;
    l->done[back] = true;
    ink_step like = like_node(l, back, active_dx->in[1]);
    like.scale = l->norm_scale[normed];
    like.offset = l->g->nodes[norm].in[2];
    like.extra[2] = active_dx->out[0]; /* what the sums' pass makes for dx's */
    ink_plan_activate(&like, active_dx);
    ink_id line = plan_sums_back(l, &like, ink_work_norm_sums);
    like = like_node(l, back, active_dx->out[0]);
    if (like.node.out[0] != INK_NONE) plan_dx(l, &like, ink_work_norm_dx, "batchnorm_dx", line);
    return true;
}

void ink_plan_norm_back(planner *l, int32_t at, ink_id mask, ink_id dy) {
    ink_step like = like_node(l, at, dy);
    like.mask = mask;
    const ink_node *norm = mask != INK_NONE ? norm_between(l, &like.node, mask) : NULL;
    if (norm != NULL) {
        like.scale = l->norm_scale[mask];
        like.offset = norm->in[2];
        like.mask = INK_NONE;
    }
    ink_id line = plan_sums_back(l, &like, ink_work_norm_sums);
    if (like.node.out[0] != INK_NONE) plan_dx(l, &like, ink_work_norm_dx, "batchnorm_dx", line);
}

void ink_plan_norm_pool_back(planner *l, int32_t at) {
    const ink_node *pool_dx = &l->g->nodes[at], *norm = &l->g->nodes[l->norm_of[at]];
    int32_t relu_dx = lone_reader(l, pool_dx->out[0], -1), norm_dx = lone_reader(l, l->g->nodes[relu_dx].out[0], -1);
    ink_step like = like_node(l, norm_dx, pool_dx->in[2]);
    like.scale = l->norm_scale[norm->out[0]];
    like.offset = norm->in[2];
    like.residual = pool_dx->in[1];
    like.plan = tiling_windows(l, &l->g->nodes[l->g->values[pool_dx->in[1]].maker]);
    (void)ink_plan_absorb(l, relu_dx, pool_dx->out[0]);
    (void)ink_plan_absorb(l, norm_dx, l->g->nodes[relu_dx].out[0]);
    ink_id line = plan_sums_back(l, &like, ink_work_norm_pool_sums);
    plan_dx(l, &like, ink_work_norm_pool_dx, "batchnorm_dx maxpool", line);
}

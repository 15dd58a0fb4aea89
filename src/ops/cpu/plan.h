/* ops/cpu/plan.h: what the files that turn nodes into steps share. Private to plan_*.c.
 * None of these fails openly: memory that runs out is noted in short_of_memory, and the plan is given up at the end. */
#ifndef INK_OPS_CPU_PLAN_H
#define INK_OPS_CPU_PLAN_H

#include "ops/cpu/program.h"

typedef struct planner {
    ink_program *p;
    const ink_graph *g;
    bool *done;           /* [nodes]: part of an earlier step */
    ink_id *turned;       /* [values]: the copy with panels turned round, of weights; bf16 of tiles: of batched ones */
    ink_id *halves;       /* [values]: bf16: the copy with channels in pairs; of thin ones the rounded copy */
    ink_id *pairs;        /* [values]: bf16: the copy with images in pairs */
    ink_id *norm_scale;   /* [values]: of what a training batch norm makes, the cell of its factors */
    int32_t *norm_of;     /* [nodes]: of a maxpool_dx that is one with a batch norm, the number of that norm, else -1 */
    ink_id *kept;         /* [dropouts]: the cell of what was kept */
    ink_id *gradients;    /* of all parameters, for clipping */
    ink_id clip;          /* cell with the factor */
    ink_id scratch;       /* cell of all workers' scratch, or INK_NONE */
    bool short_of_memory; /* of the plan itself */
} planner;

/* ---- plan_steps.c ---- */

/* A new step at the end of the list, with no cells yet. */
ink_step *ink_plan_step(planner *l, const char *name, ink_work *work, const ink_node *node);
/* The step reads or writes a cell; INK_NONE is fine. */
void ink_plan_reads(ink_step *s, ink_id cell);
void ink_plan_writes(ink_step *s, ink_id cell);
/* A cell of the plan's own. */
ink_id ink_plan_room(planner *l, size_t floats, bool per_block);
/* Passes a table through; NULL is noted. */
void *ink_plan_checked(planner *l, const void *table);

/* The cell whose memory v is. */
ink_id ink_plan_root(const ink_program *p, ink_id v);
/* The one node that reads v and is no part of a step yet, or -1. relu: gradients of relu may read it besides. */
int32_t ink_plan_only_reader(const planner *l, ink_id v, bool relu);
/* Node i becomes part of the step that makes v; returns what it makes, which stands for v from now on. */
ink_id ink_plan_absorb(planner *l, int32_t i, ink_id v);
/* The activation of node i follows what the step makes. */
void ink_plan_activate(ink_step *s, const ink_node *activation);
/* The same, if what it says follows v: relu; the sum of v, made by node `at`, and an older value; relu's gradient
 * (and flatten's, when it moves nothing). Else v. */
ink_id ink_plan_absorb_relu(planner *l, ink_step *s, ink_id v);
ink_id ink_plan_absorb_residual(planner *l, ink_step *s, ink_id v, int32_t at);
ink_id ink_plan_absorb_mask(planner *l, ink_step *s, ink_id v);

/* All inputs and outputs of the node, and what was fused. */
void ink_plan_settle(ink_step *s);
bool ink_plan_same_place(const ink_program *p, ink_id a, ink_id b);

/* ---- plan_norm.c: node `at` of the graph ---- */
void ink_plan_norm(planner *l, int32_t at);
/* dy: what stands for the node's own; mask: of a relu's gradient before it, that relu's x, or INK_NONE */
void ink_plan_norm_back(planner *l, int32_t at, ink_id mask, ink_id dy);
/* at: a max pool's gradient that is one with a batch norm's */
void ink_plan_norm_pool_back(planner *l, int32_t at);
/* Is `at`, an activation's gradient, one with the gradient of the batch norm before it? Then plans both. */
bool ink_plan_norm_active_back(planner *l, int32_t at);
/* Can `node`, the gradient of a batch norm, tell from its x on which side of a relu value v is? */
bool ink_plan_knows_side(const planner *l, const ink_node *node, ink_id v);
/* The step that makes scale and offset of an evaluation's batch norm, and their cells. */
void ink_plan_fixed_norm(planner *l, const ink_node *norm, ink_id *scale, ink_id *offset);

/* ---- plan_dense.c: node `at` of the graph ---- */
void ink_plan_forward(planner *l, int32_t at);
void ink_plan_back(planner *l, int32_t at);
void ink_plan_wgrad(planner *l, int32_t at);
void ink_plan_bias(planner *l, int32_t at);
void ink_plan_depthwise(planner *l, int32_t at); /* forward and towards the input */
void ink_plan_depthwise_dw(planner *l, int32_t at);

#endif

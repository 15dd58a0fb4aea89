/* ops/cpu/program.h: a graph compiled for the processor: what plan_*.c make and backend.c walks. Private to ops/cpu.
 *
 *   graph -> cells (where each value lies) + steps (what is computed, fused nodes being one step)
 *         -> phases (which steps run side by side) -> memory -> tasks of the pool
 *
 * Blocks   Images go in blocks of p->rows (16; 1 when a batch is small; more where a heavy net is only asked). Most
 * steps work on one block at a time: a phase runs a whole chain of them for block 0, block 1, ... as tasks, so that a
 * block's values stay in cache, in memory that the next block takes over. Steps that need all blocks (`whole`: sums
 * over the batch, weights) stand in later phases, cut into parts.
 * Same bits   Every output element is computed by one (step, block, part), from shapes alone; which thread runs it and
 * whether steps are chained changes nothing.
 * Zeros   In every panel, channels beyond C are 0. Rows beyond n hold finite numbers going forward and 0 in every
 * gradient of a batched value, so that sums over a block's rows need no test. */
#ifndef INK_OPS_CPU_PROGRAM_H
#define INK_OPS_CPU_PROGRAM_H

#include "core/arena.h"
#include "core/mem.h"
#include "ops/backend.h"
#include "ops/cpu/kernels.h"
#include "ops/needs.h"

#define INK_PANEL     256u /* floats of a panel of weights */
#define INK_ROWS_MOST 64u  /* images of a block */

typedef enum ink_store {
    INK_STORE_NONE,    /* no memory: bytes of the batch, or a value that fusion made needless */
    INK_STORE_PANELS,  /* batched: [block][position][C/16][rows][16] */
    INK_STORE_PLANES,  /* batched: [block][c][position with a border][rows]: what a thin convolution reads */
    INK_STORE_NARROW,  /* batched: [block][position][c][rows], rows 16: lanes are images */
    INK_STORE_PLAIN,   /* batched: [image][element] */
    INK_STORE_WEIGHTS, /* [K/16][tap][C/16][16 c][16 k], live taps first, then all dead ones in the same form */
    INK_STORE_THIN,    /* [K/16][c][tap][16 k] */
    INK_STORE_VECTOR   /* any shape as one row, padded to 16 */
} ink_store;

/* Where and how a value lies. Physical channels and positions may differ from the graph's shape: a flattened value
 * keeps the map that it was flattened from, position and channel being parts of its index. */
typedef struct ink_cell {
    ink_store store;
    ink_role role;
    bool output, batched, borrowed;
    bool narrow;               /* batched: lies so as a map */
    bool narrow_by_shape;      /* would, were there images for all lanes: weights behind it lie alike in both cases */
    bool kept;                 /* made from parameters alone, where nothing learns: from run to run */
    bool is_first;             /* of the network: rows and channels of padding are zeroed once, at the start */
    bool passing;              /* batched: lives within one phase, in the rooms: plan_phases.c */
    uint32_t c, height, width; /* physical shape of a batched value */
    uint32_t border, border_end;
    uint32_t k, taps, live; /* weights: K, R*S, taps that ever meet a pixel; c above is their C */
    const uint32_t *place;  /* weights: of each tap, its place */
    size_t elements;        /* as the graph counts them */
    size_t block;           /* floats of one block of images */
    size_t floats;          /* in all */
    size_t live_floats;     /* weights: of live taps */
    ink_id same;            /* the cell whose memory this is, or INK_NONE */
    ink_id node;            /* name: value of the graph; own cells: INK_NONE */
    uint32_t first, last;   /* phases of its life */
    float *data;
    const char *name;
} ink_cell;

typedef struct ink_step ink_step;

/* One part of a step, for one block (0 for whole steps). */
typedef void ink_work(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker);

#define INK_STEP_CELLS 10

struct ink_step {
    ink_work *work;
    const char *name;
    bool whole;
    uint32_t parts;                                       /* of a block, or of the whole */
    ink_node node;                                        /* a copy: attributes and value numbers */
    const void *plan;                                     /* the driver's own table */
    ink_id reads[INK_STEP_CELLS], writes[INK_STEP_CELLS]; /* INK_NONE ends the list */
    uint32_t n_reads, n_writes;
    uint32_t phase;
    ink_id bias, scale, offset, residual, mask; /* fused behind a sum */
    ink_id extra[3];                            /* own cells: partial sums, turned weights */
    bool kept;                                  /* writes kept cells */
    bool relu, relu_first;                      /* relu at the end of what is fused; before scale and offset */
    bool reads_gradients;                       /* of all parameters, beside `reads` */
    bool active;                                /* an activation other than relu is fused: its attributes */
    ink_activation kind;
    float slope;
    float factor; /* optimizer: the parameter's own on the learning rate */
};

/* Steps [first, first + chained) work by blocks, then come `wholes` whole ones; kept: all of which are. */
typedef struct ink_phase_plan {
    uint32_t first, chained, wholes;
    bool kept;
} ink_phase_plan;

/* What one phase of the pool does: for each block the chained steps, all parts of each; or, `apart`, one chained step,
 * each part a task. Then the parts of whole steps. */
typedef struct ink_job {
    const ink_program *program;
    uint32_t first, chained, first_whole, wholes;
    uint32_t chain_tasks;
    bool apart;
} ink_job;

struct ink_program {
    const ink_backend *backend; /* first in every backend's programs */
    const ink_kernels *kernels; /* &table */
    ink_kernels table;
    ink_pool *pool;
    ink_program *share;
    ink_arena arena; /* tables */
    ink_precision precision;
    bool exact;
    uint32_t rows;  /* of a block */
    bool rows_vary; /* with the number of threads: what a block is made of must then not follow them */
    uint32_t max_batch, last_n, threads;
    bool learns;           /* writes parameters or states */
    uint64_t written;      /* of who owns the parameters: how often they were written, by write or by a run */
    uint64_t kept_written; /* what it was when kept cells were made; 0: never */

    ink_cell *cells; /* [n_values] as in the graph, then own ones */
    uint32_t n_values, n_cells, room_cells;
    ink_step *steps; /* in order of phases; in a phase chained ones first */
    uint32_t n_steps, room_steps;
    ink_phase_plan *phases;
    uint32_t n_phases;

    float *memory; /* of all cells */
    size_t memory_bytes;
    size_t room_floats; /* from one room of passing values to the next */
    uint32_t *room_of;  /* [blocks]: while a block is worked on, its room */
    ink_phase *tasks;   /* of one run, with their jobs */
    ink_job *jobs;

    /* of the run under way */
    ink_batch *batch;
    uint32_t n, blocks;
    ink_id clip;       /* cell of the clipping factor and norm, or INK_NONE */
    float *losses;     /* [max_batch] */
    uint8_t *is_right; /* [max_batch] */
    ink_needs needs;
};

/* ---- precision ---- */

/* Are a product's operands bfloat16? In a browser never: what only that precision needs is left out there. */
static inline bool ink_is_bf16(const ink_program *p) {
#ifdef __wasm__
    (void)p;
    return false;
#else
    return p->precision == INK_PRECISION_BF16;
#endif
}

/* And products of tiles, so fast that tap by tap is always the fastest way? */
static inline bool ink_has_tiles(const ink_program *p) {
    return ink_is_bf16(p) && p->kernels->tiles;
}

/* ---- sizes ---- */

static inline uint32_t ink_groups(uint32_t channels) {
    return (channels + INK_LANES - 1) / INK_LANES;
}

static inline uint32_t ink_positions(const ink_cell *c) {
    return c->height * c->width;
}

/* Floats from one position of a batched map to the next. */
static inline size_t ink_position_floats(const ink_program *p, const ink_cell *c) {
    return (c->store == INK_STORE_NARROW ? c->c : ink_groups(c->c) * INK_LANES) * (size_t)p->rows;
}

/* What a step is cut into that goes along channels: narrow ones by themselves, others by panels. */
static inline uint32_t ink_channel_parts(const ink_cell *c) {
    return c->store == INK_STORE_NARROW ? c->c : ink_groups(c->c);
}

static inline float *ink_data(const ink_program *p, ink_id id) {
    return id == INK_NONE ? NULL : p->cells[id].data;
}

/* A passing value's place is its block's only while a phase works on that block. */
static inline float *ink_block(const ink_program *p, ink_id id, uint32_t block) {
    if (id == INK_NONE) return NULL;
    const ink_cell *c = &p->cells[id];
    return c->data + (c->passing ? p->room_floats * p->room_of[block] : c->block * block);
}

/* Images of a block that are real; the rest of p->rows is padding. */
static inline uint32_t ink_real_rows(const ink_program *p, uint32_t block) {
    uint32_t before = block * p->rows;
    return p->n - before < p->rows ? p->n - before : p->rows;
}

/* Part `part` of `parts` of count things: [*from, *to). */
static inline void ink_share_of(size_t count, uint32_t parts, uint32_t part, size_t *from, size_t *to) {
    *from = count * part / parts;
    *to = count * (part + 1) / parts;
}

/* ---- pack.c: PyTorch's layout and ours ---- */
void ink_cell_pack(const ink_program *p, const ink_cell *c, const float *from, uint32_t n);
void ink_cell_unpack(const ink_program *p, const ink_cell *c, float *to, uint32_t n);

/* ---- sweep.c: linear and conv2d, forward and towards the input ---- */
/* Tables of step s for y = conv(x), and for dx from dy; each of these sets s->parts. a, b: the cells that hold the
 * operands: x and the weights themselves, or their bfloat16 copies (half); dy and turned weights. NULL: no memory. */
typedef struct ink_operands {
    ink_id a, b;
    bool half;
} ink_operands;
const void *ink_sweep_forward(ink_program *p, ink_step *s, const ink_operands *from);
const void *ink_sweep_back(ink_program *p, ink_step *s, const ink_operands *from);
ink_work ink_work_sweep, ink_work_sweep_narrow, ink_work_turn;

/* ---- winograd.c: the same for 3 x 3 and stride 1, or 4 x 4 to 6 x 6 and stride 2, on maps large enough ---- */
/* Is Winograd's way taken for this node (conv2d or conv2d_dx)? From shapes, precision and `exact` alone. */
bool ink_winograd_pays(const ink_program *p, const ink_node *node);
/* Floats of the transformed weights. */
size_t ink_winograd_weight_floats(const ink_program *p, const ink_node *node);
/* from->a: the values themselves; b: transformed weights; both in float. *scratch: the cell of all workers'
 * scratch, made or enlarged. Sets s->parts. NULL: no memory. */
const void *ink_winograd_plan(ink_program *p, ink_step *s, const ink_operands *from, ink_id *scratch);
ink_work ink_work_winograd, ink_work_winograd_weights;
/* winograd_dw.c: gradients of the weights. Sets s->parts, and s->extra[0] to the cell of slices. */
bool ink_winograd_dw_pays(const ink_program *p, const ink_node *node);
const void *ink_winograd_dw_plan(ink_program *p, const ink_node *node, ink_step *s, const ink_operands *from,
                                 ink_id *scratch);
ink_work ink_work_winograd_dw;

/* ---- fourier.c: the same for maps of 5 x 5 to 8 x 8; in bf16 for most, transformed weights being bfloat16 ---- */
bool ink_fourier_pays(const ink_program *p, const ink_node *node);
size_t ink_fourier_weight_floats(const ink_program *p, const ink_node *node);
/* Makes the workers' scratch large enough for the weights' step, which finds it in extra[1]. false: no memory. */
bool ink_fourier_weight_room(ink_program *p, ink_id *scratch);
const void *ink_fourier_plan(ink_program *p, ink_step *s, const ink_operands *from, ink_id *scratch);
ink_work ink_work_fourier, ink_work_fourier_weights;
/* fourier_dw.c: gradients of the weights, in bf16. As ink_winograd_dw_plan. */
bool ink_fourier_dw_pays(const ink_program *p, const ink_node *node);
const void *ink_fourier_dw_plan(ink_program *p, const ink_node *node, ink_step *s, const ink_operands *from,
                                ink_id *scratch);
ink_work ink_work_fourier_dw;

/* ---- toeplitz.c: the same for maps of 2 x 2, in f32 ---- */
bool ink_toeplitz_pays(const ink_program *p, const ink_node *node);
size_t ink_toeplitz_weight_floats(const ink_program *p, const ink_node *node);
const void *ink_toeplitz_plan(ink_program *p, ink_step *s, const ink_operands *from, ink_id *scratch);
ink_work ink_work_toeplitz, ink_work_toeplitz_weights;

/* ---- grey.c: an image whose channels are one grey picture, scaled and shifted ---- */
/* May one plane stand for all channels of value v, which a normalise makes? */
bool ink_grey_fits(const ink_program *p, const ink_graph *g, ink_id v);
/* Do channels differ by more than a factor, so that the picture's border shows? Then positions have starts. */
bool ink_grey_has_starts(const ink_node *normalise);
/* Of the sums over a block that its gradient of the weights needs then: the room of a block. */
size_t ink_grey_sum_floats(const ink_cell *w);
ink_work ink_work_grey_weights, ink_work_grey_sums, ink_work_grey_join;

/* ---- half.c ---- */
ink_work ink_work_halve, ink_work_round, ink_work_halve_weights, ink_work_turn_half;

/* ---- wgrad.c ---- */
/* Sets s->parts and, when slices need a cell, s->extra[0]: always where planes are grey. NULL: no memory. */
const void *ink_wgrad_plan(ink_program *p, const ink_node *node, ink_step *s, const ink_operands *from);
/* Slices of that many blocks, when a gradient is cut by images. */
uint32_t ink_wgrad_slices(uint32_t blocks);
ink_work ink_work_wgrad, ink_work_wgrad_join, ink_work_bias_blocks, ink_work_bias_join;

/* ---- narrow_dw.c: gradients of the weights of convolutions between narrow maps, or from planes to one ---- */
/* As ink_wgrad_plan; s->extra[0] always. *parts: of the join. */
const void *ink_narrow_dw_plan(ink_program *p, const ink_node *node, ink_step *s, uint32_t *parts);
ink_work ink_work_narrow_dw, ink_work_narrow_join;
/* sums[k] = sum of dy over the images and positions of the block at `from`; the rest of 16 is 0 */
void ink_narrow_bias(const ink_program *p, const ink_cell *dy, const float *from, float *sums);

/* ---- depthwise.c ---- */
/* Tables of a depthwise node with input x and output y; back: towards the input. NULL: no memory. */
const void *ink_depthwise_plan(ink_program *p, const ink_node *node, const ink_cell *x, const ink_cell *y, bool back);
size_t ink_depthwise_weight_floats(const void *plan);
ink_work ink_work_depthwise_weights, ink_work_depthwise, ink_work_depthwise_dw, ink_work_depthwise_join;

/* ---- norm.c, pool.c, map.c, input.c, loss.c, learn.c ---- */
ink_work ink_work_moments, ink_work_norm_join, ink_work_norm_fixed, ink_work_norm_apply, ink_work_norm_sums,
    ink_work_norm_dx_join, ink_work_norm_dx, ink_work_norm_pool, ink_work_norm_pool_sums, ink_work_norm_pool_dx;
const void *ink_pool_plan(ink_program *p, const ink_node *node, const ink_cell *x, const ink_cell *y, bool gather);
/* Of a plan whose windows are y's: n offsets of each; false where windows overlap or differ in size. */
bool ink_pool_windows(const void *plan, const int32_t **at, size_t *windows, size_t *n);
ink_work ink_work_maxpool, ink_work_maxpool_dx, ink_work_sumpool;
ink_work ink_work_activation, ink_work_activation_dx, ink_work_add, ink_work_relayout;
ink_work ink_work_dropout, ink_work_dropout_dx;
ink_work ink_work_warp, ink_work_normalise;
ink_work ink_work_softmax, ink_work_softmax_dx, ink_work_cross_entropy, ink_work_cross_entropy_dx;
/* muon.c: floats of the room that a step for these weights needs, in extra[0] */
size_t ink_muon_floats(const ink_cell *w);
ink_work ink_work_muon;
ink_work ink_work_squares, ink_work_clip, ink_work_adam, ink_work_sgd, ink_work_average;

/* ---- backend.c and plan_*.c ---- */
/* Memory of the plan: zeroed; NULL when out. */
void *ink_plan_new(ink_program *p, size_t count, size_t size);
/* A cell of the program's own: floats in all, or per block. INK_NONE when out of memory. */
ink_id ink_plan_cell(ink_program *p, size_t floats, bool per_block);
INK_MUST_USE ink_status ink_plan_cells(ink_program *p, const ink_graph *g, ink_error *err); /* plan_cells.c */
INK_MUST_USE ink_status ink_plan_steps(ink_program *p, const ink_graph *g, ink_error *err); /* plan_steps.c */
INK_MUST_USE ink_status ink_plan_phases(ink_program *p, ink_error *err);                    /* plan_phases.c */
INK_MUST_USE ink_status ink_plan_memory(ink_program *p, ink_error *err);                    /* plan_phases.c */

#endif

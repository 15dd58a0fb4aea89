/* ops/cuda/program.h: a graph compiled for a device, and what the files of this folder share.
 *
 * compile   plan.c decides what is one kernel, plan_memory.c finds memory, plan_tables.c writes the tables that
 *           kernels read
 * run       backend.c copies the batch in, walk.c launches node after node (recorded once for each number of images,
 *           then replayed), backend.c copies losses out
 * run_rows  the same for several steps, whose kernels find labels and images in a resident set (resident.c) */
#ifndef INK_OPS_CUDA_PROGRAM_H
#define INK_OPS_CUDA_PROGRAM_H

#include "ops/backend.h"
#include "ops/cuda/device.h"
#include "ops/needs.h"

/* Numbers of images whose steps are kept: whole batches and the last of an epoch; and of what is answered as it comes,
 * in any number, the last ones. */
#define INK_CUDA_RECORDS 16

/* Sums are cut into parts from shapes alone, so that a batch of INK_BATCH_AIM is INK_BLOCKS_AIM blocks: two for each
 * multiprocessor of a large GPU. */
#define INK_BATCH_AIM  512
#define INK_BLOCKS_AIM 264

/* A convolution, or a linear layer as one of 1 x 1. */
typedef struct ink_cuda_conv {
    uint32_t c, h, w, k, p, q, r, s, stride;
    int32_t pad;
} ink_cuda_conv;

/* Tables of a matrix node, in the device's memory. */
typedef struct ink_cuda_tables {
    const ink_cuda_tap *taps;
    const ink_cuda_grid *grids;
    const int32_t *live;
    uint32_t n_grids, n_live;
    uint32_t most; /* outputs of the largest grid, of one image */
    uint32_t part_rows;
} ink_cuda_tables;

/* What became of a node. */
typedef struct ink_cuda_note {
    bool done;       /* it is part of another node's kernel */
    bool relu;       /* done at the end of this kernel */
    bool relu_first; /* before norm */
    int32_t norm; /* linear, conv2d: the batch norm node, of an evaluation, that is done before the residual; or -1 */
    ink_id residual; /* added before that, or INK_NONE */
    ink_id gate;     /* batchnorm_dx: dy counts where this value is above 0; or INK_NONE */
    ink_id slope;    /* other gradients: so does the result; or INK_NONE */
    ink_id dy;       /* batchnorm_dx: the gradient before the gate */
    bool gives_sums; /* conv2d: the sums of the batch norm behind it come from its kernel */
    bool has_sums;   /* batchnorm: its sums are there already */
    bool warps;      /* normalise: the images are distorted first */
    bool is_bf16;    /* matrix: both sides are read as bf16 from memory */
    uint32_t split;  /* then, forward: parts of its sums' terms, at least 1 */
    ink_cuda_tables tables;
    uint32_t first_piece,
        n_pieces; /* optimizers, averages: of the nodes in a row that begin here; clip: all gradients */
} ink_cuda_note;

/* Steps on a resident set, as kernels.h has them. */
typedef struct ink_cuda_ring {
    uint8_t *in, *in_host, *out, *out_host; /* out: as many of the program's `out` */
    ink_warp *warps;                        /* NULL: none are wanted */
    size_t slot_bytes;
    uint32_t steps;
} ink_cuda_ring;

/* As what a value of floats lies in memory. */
typedef enum ink_cuda_form {
    INK_FORM_FLOAT,
    INK_FORM_BOTH, /* as bf16 beside it */
    INK_FORM_BF16  /* nothing reads the floats */
} ink_cuda_form;

struct ink_program {
    const ink_backend *backend;
    ink_gpu *gpu;
    ink_graph g;        /* own copy */
    ink_program *share; /* whose parameters and states these are, by name; or NULL */
    ink_precision precision;
    uint32_t max_batch, last_n;

    float **data;         /* [values]; NULL for bytes, and where only bf16 is read */
    uint16_t **bf16;      /* [values]: the same rounded; NULL where nothing reads that */
    ink_cuda_form *forms; /* [values] */
    ink_id *same;         /* [values]: the value whose memory it is; itself, mostly */
    ink_cuda_note *notes; /* [nodes] */

    void **blocks; /* of the device's memory that this program owns */
    uint32_t n_blocks, room_blocks;
    size_t bytes;

    float *sums, *tilt, *parts; /* scratch that node after node uses */
    uint32_t *arrived;          /* of groups of channels; 0 between launches */
    float *shares;              /* sums of parts of a product's terms */
    uint32_t *shares_arrived;   /* of tiles; 0 between launches */
    int32_t *first;             /* of max pooling */
    double *squares;
    float *muon;          /* u, X, A, A A, Z */
    ink_cuda_tables unit; /* of plain matrix products */
    const ink_cuda_piece *pieces;
    const ink_cuda_rounded *to_round; /* parameters and inputs, when they were written otherwise than by a step */
    uint32_t n_to_round;
    bool learns;            /* steps write parameters, and round those that they write */
    uint64_t written;       /* of who owns the parameters: how often they were written, by write or by steps */
    uint64_t round_written; /* what it was when they, and inputs, were rounded last; 0: they must be */

    /* The batch on its way in: now, numbers[nodes][2], labels, warps, images; out: clip, losses, right. */
    uint8_t *in, *in_host, *out, *out_host;
    size_t numbers_at, labels_at, warps_at, images_at, in_size; /* bytes */
    size_t losses_at, right_at, out_size;
    uint32_t pixels; /* of one image */
    ink_needs needs;
    bool clips;

    const ink_resident *set; /* NULL: none is attached */
    ink_cuda_ring ring;

    struct {
        ink_gpu_record *record;
        uint32_t n; /* 0: empty */
        bool by_rows;
        uint64_t used;
    } records[INK_CUDA_RECORDS];
    uint64_t runs;
};

static inline float *ink_cuda_data(const ink_program *p, ink_id v) {
    return v == INK_NONE ? NULL : p->data[v];
}

static inline uint32_t ink_cuda_dim(const ink_program *p, ink_id v, int i) {
    return (uint32_t)p->g.values[v].dim[i];
}

static inline uint16_t *ink_cuda_bf16(const ink_program *p, ink_id v) {
    return v == INK_NONE ? NULL : p->bf16[v];
}

/* Whose memory v's is in the end; INK_NONE: v is never made. */
static inline ink_id ink_cuda_root(const ink_program *p, ink_id v) {
    while (v != INK_NONE && p->same[v] != v) v = p->same[v];
    return v;
}

/* Rows of [..][C]: the map of one image. */
static inline uint32_t ink_cuda_map_of(const ink_program *p, ink_id v) {
    return ink_cuda_dim(p, v, 1) * ink_cuda_dim(p, v, 2);
}

/* ---- plan.c ---- */

/* Is it the gradient of a max pool whose windows lie side by side from the map's corner on? */
static inline bool ink_cuda_is_tiled(const ink_node *node) {
    return node->op == INK_OP_MAXPOOL_DX && node->attr.pool.pad == 0 &&
           node->attr.pool.window_h == node->attr.pool.stride && node->attr.pool.window_w == node->attr.pool.stride;
}

/* Fills notes and same. */
void ink_cuda_fuse(ink_program *p);
/* The convolution of a matrix node. */
ink_cuda_conv ink_cuda_conv_of(const ink_program *p, const ink_node *node);
/* Is it one of the six nodes of convolutions and linear layers? */
bool ink_cuda_is_matrix(ink_op op);

/* ---- plan_bf16.c ---- */

/* Which products read bf16 from memory, and which values lie there so: is_bf16 and forms. */
void ink_cuda_plan_bf16(ink_program *p);

/* Channels of a batch, or of weights: what lies one after another. */
static inline uint32_t ink_cuda_channels(const ink_value *v) {
    return (uint32_t)v->dim[v->batched ? 0 : 1];
}

/* Channels of rows of c as they lie in bf16. */
static inline uint32_t ink_cuda_c_bf16(uint32_t c) {
    return (c + 7) / 8 * 8;
}

/* The convolution of a matrix node as its kernels do it: with channels filled up where they lie in bf16. */
static inline ink_cuda_conv ink_cuda_conv_at(const ink_program *p, int32_t at) {
    ink_cuda_conv f = ink_cuda_conv_of(p, &p->g.nodes[at]);
    if (p->notes[at].is_bf16) f.c = ink_cuda_c_bf16(f.c);
    return f;
}

/* ---- plan_memory.c ---- */

/* A block of the device's memory, released with the program; NULL when it does not fit. */
void *ink_cuda_block_new(ink_program *p, size_t bytes, bool zeroed);
/* Memory of all values, scratch, and the batch's way in and out. */
INK_MUST_USE ink_status ink_cuda_place(ink_program *p, ink_error *err);

/* ---- plan_tables.c ---- */

INK_MUST_USE ink_status ink_cuda_write_tables(ink_program *p, ink_error *err);
/* Rows of a part of dw's sum: of shapes alone, but doubled until a grid has room for all parts of so large a batch.
 * bf16: of the kernels that read that from memory. Live taps of a convolution. */
uint32_t ink_cuda_part_rows(const ink_cuda_conv *f, uint32_t n_live, uint32_t max_batch, bool bf16);
uint32_t ink_cuda_live_taps(const ink_cuda_conv *f);
/* Where a parameter's updates are rounded to. */
ink_cuda_copy ink_cuda_copy_of(const ink_program *p, ink_id v);

/* ---- walk.c ---- */

/* Launches all nodes for n images; by_rows: of a step on the resident set. */
void ink_cuda_walk(ink_program *p, uint32_t n, bool by_rows);

/* ---- walk_nodes.c and walk_learn.c: what walk.c calls for a node ---- */

void ink_cuda_walk_matrix(ink_program *p, int32_t at, uint32_t n);
void ink_cuda_walk_depthwise(ink_program *p, const ink_node *node, uint32_t n);
void ink_cuda_walk_norm(ink_program *p, int32_t at, uint32_t n);
void ink_cuda_walk_learn(ink_program *p, int32_t at);

/* blocks of INK_BLOCK threads for count elements */
ink_gpu_size ink_cuda_blocks(uint64_t count);

/* ---- layout.c ---- */

/* Between PyTorch's layout and this backend's, for n images (1 of what is no batch); arrays must not overlap. */
void ink_cuda_pack(const ink_value *v, uint32_t n, const float *from, float *to);
void ink_cuda_unpack(const ink_value *v, uint32_t n, const float *from, float *to);

/* ---- resident.c ---- */

/* As ops/backend.h has them, for a thread that has the device. */
INK_MUST_USE ink_status ink_cuda_bring(const ink_resident_source *from, ink_resident **out, ink_error *err);
INK_MUST_USE ink_status ink_cuda_attach(ink_program *p, const ink_resident *set, uint32_t steps, ink_error *err);
INK_MUST_USE ink_status ink_cuda_run_rows(ink_program *p, ink_batch *batches, uint32_t count, ink_error *err);
void ink_cuda_let_go(ink_resident *set);
/* What is launched in front of a step's nodes, and behind those that make its results: optimizers come after it, which
 * wait for all. */
void ink_cuda_walk_take(ink_program *p, uint32_t n);
void ink_cuda_walk_give(ink_program *p);
/* Where the step at hand finds its images and, if a has any, its warps. */
void ink_cuda_images_of_rows(const ink_program *p, ink_cuda_images *a);

/* ---- backend.c ---- */

/* Now and numbers of a step, labels_at bytes. */
void ink_cuda_fill(const ink_program *p, const ink_batch *batch, uint8_t *to);
/* The recorded step of n images, recorded now if it is new; by_rows: of a resident set. */
INK_MUST_USE ink_status ink_cuda_record_of(ink_program *p, uint32_t n, bool by_rows, const ink_gpu_record **out,
                                           ink_error *err);
/* Does it `times` times, with parameters and inputs rounded as they are now. */
void ink_cuda_replay(ink_program *p, const ink_gpu_record *record, uint32_t times);
/* A step's results, from what lay in `out`. */
void ink_cuda_sum(ink_program *p, const uint8_t *out, ink_batch *batch);
/* The device of programs to come. */
ink_gpu *ink_cuda_gpu(void);

/* The backend on this device, which must live as long as its programs. One device at a time in a process: a program
 * keeps its own, so that several are a matter of who asks. */
const ink_backend *ink_cuda_backend(ink_gpu *gpu);

#endif

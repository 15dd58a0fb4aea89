/* ops/cuda/kernels.h: the kernels, each by its name and what it is told; what they have in common.
 *
 * Layouts  A batch is rows of channels: [N][H][W][C], floats; a flat value has H = W = 1. Weights of convolutions are
 *          [K][R][S][C]; all else lies as PyTorch has it. layout.c goes between these and PyTorch's.
 * Sums     Every element has one thread, or one fixed tree of threads; a long sum is cut into chunks of INK_CHUNK rows,
 *          whatever the batch. No float atomics.
 * n        Images of this run; rows of a batch: n * H * W. */
#ifndef INK_OPS_CUDA_KERNELS_H
#define INK_OPS_CUDA_KERNELS_H

#include <stdint.h>

#include "core/augment.h"

#define INK_BLOCK   128u  /* threads of every block */
#define INK_CHUNK   64u   /* rows that one block sums */
#define INK_ACROSS  32u   /* channels of a block of such sums */
#define INK_AT_ONCE 32u   /* so many chunks at most are joined where they are summed */
#define INK_TILE    64u   /* rows and columns of a block of a matrix product */
#define INK_DEPTH   32u   /* of one step of it */
#define INK_PIECE   1024u /* elements of a parameter that one block updates */

/* What changes from step to step, in the device's memory: a recorded step reads it from there. */
typedef struct ink_cuda_now {
    uint64_t seed, step, epoch;
    float lr;
    uint32_t n;
} ink_cuda_now;

/* What a clip node found, in the device's memory. */
typedef struct ink_cuda_clip {
    double norm;
    float factor;
} ink_cuda_clip;

/* ---- steps on a resident set (resident.c) ----
 *
 * A ring is the number of the step at hand, INK_RING_HEAD bytes, and a slot for each step of a call:
 * now, numbers, rows. */

#define INK_RING_HEAD 16u

/* How a set's images are distorted. */
typedef struct ink_cuda_distortion {
    ink_augment augment;
    double root[INK_WARP_GRID * INK_WARP_GRID]; /* core/augment_both.h's, of an elastic part */
} ink_cuda_distortion;

/* warps of the rows of all slots; how is of the set. Grids: (rows, slots). */
typedef struct ink_cuda_draw {
    const uint8_t *images; /* of the set */
    const ink_cuda_distortion *how;
    const uint8_t *ring;
    ink_warp *warps; /* [slots][most] */
    uint32_t height, width, slot_bytes, rows_at, most;
} ink_cuda_draw;

/* The slot at hand to where all kernels read it, with the labels of its rows. */
typedef struct ink_cuda_take {
    const uint8_t *labels; /* of the set; NULL: not wanted */
    const uint8_t *ring;
    uint8_t *to, *to_labels; /* to: now and numbers, rows_at bytes */
    uint32_t n, slot_bytes, rows_at;
} ink_cuda_take;

/* What a step found to its slot of `all`, and the next step is at hand. One block. */
typedef struct ink_cuda_give {
    const uint8_t *out;
    uint8_t *all, *ring;
    uint32_t bytes; /* of a slot of all */
} ink_cuda_give;

/* ---- bfloat16 ----
 *
 * What products of bf16 read lies in the device's memory as uint16_t beside the floats, or in their place. Who makes
 * such a value writes it (y_bf16), optimizers the parameters too; parameters and inputs that were written otherwise are
 * rounded before a step. Of a stem's pixels and weights the channels are filled up with zeros to a multiple of eight
 * there, "c_bf16": 16 bytes are copied at once. */

/* Rows of c elements, as rows of c_bf16. */
typedef struct ink_cuda_rounded {
    const float *from;
    uint16_t *to;
    uint32_t rows, c, c_bf16;
} ink_cuda_rounded;

/* One block a piece. */
typedef struct ink_cuda_round {
    const ink_cuda_rounded *pieces;
} ink_cuda_round;

/* ---- element by element ---- */

typedef enum ink_cuda_map_kind {
    INK_MAP_ACTIVATION,    /* x -> y */
    INK_MAP_ACTIVATION_DX, /* x, b = dy -> y = dx */
    INK_MAP_ADD,           /* x + b -> y; with relu after it when asked */
    INK_MAP_DROPOUT,       /* x -> y, and back alike */
    INK_MAP_FLATTEN,       /* x [n][map][c] -> y [n][c][map] */
    INK_MAP_FLATTEN_DX,    /* x [n][c][map] -> y [n][map][c] */
    INK_MAP_MIX,           /* p x + q b -> y */
} ink_cuda_map_kind;

typedef struct ink_cuda_map {
    const float *x, *b;
    float *y;
    uint16_t *y_bf16;
    uint64_t count;
    ink_cuda_map_kind kind;
    int32_t activation; /* ink_activation */
    uint32_t relu;
    float slope, rate, p, q;
    uint32_t map, c; /* h * w; channels */
    uint32_t four;   /* dropout and layouts, count / 4 threads: map, or c where map is 1, is a multiple of four */
    uint32_t key;
    const ink_cuda_now *now;
} ink_cuda_map;

/* The images of a step, distorted or as they are. */
typedef struct ink_cuda_images {
    const uint8_t *pixels; /* [n][height][width]; with a ring: those of the set */
    const ink_warp *warps; /* [n]; with a ring: drawn, [slots][most]; NULL: as they are */
    const uint8_t *ring;   /* whose slot at hand has the rows; or NULL */
    uint32_t slot_bytes, rows_at, most;
    uint32_t height, width;
} ink_cuda_images;

/* y [n][h][w][c] = pixel scale[c] + shift[c]; c at most 3. A pixel a thread: y_bf16 has eight channels, or flat one. */
typedef struct ink_cuda_normalise {
    ink_cuda_images images;
    float *y;
    uint16_t *y_bf16;
    float scale[3], shift[3];
    uint32_t n, c, flat;
} ink_cuda_normalise;

/* ---- matrix products ---- */

/* One window position: where it reads, relative to the output's row and column, and where its weights lie. */
typedef struct ink_cuda_tap {
    int32_t dh, dw;
    uint32_t weight;
    uint32_t whole; /* its number among all taps, dead ones too */
} ink_cuda_tap;

/* Outputs that share their taps: rows first_h, first_h + out_step, ...: grid_h of them, columns alike. */
typedef struct ink_cuda_grid {
    uint32_t first_tap, n_taps, first_h, first_w, grid_h, grid_w;
} ink_cuda_grid;

/* y[n, h, w, k] = sum over taps, c of x[n, i in_step + dh, j in_step + dw, c] w[tap.weight + k w_column + c w_channel]
 * with h = first_h + i out_step, w alike; + bias[k]; where mean is not NULL relu (relu_first) and batch norm with
 * statistics that are there, as ink_cuda_norm has it; + residual; relu; times the gate's slope. Grids: (tiles of
 * rows, tiles of k, grids). Linear is a window of 1 x 1 on a map of 1 x 1. */
typedef struct ink_cuda_gather {
    const float *x, *w, *bias, *residual;
    const uint16_t *x_bf16, *w_bf16; /* which of x and w are read, the kernel says */
    float *y, *stats; /* stats: sum and squares of each chunk of rows, as ink_cuda_sums has them; or NULL */
    uint16_t *y_bf16; /* what of y and y_bf16 is NULL is not written */
    const float *mean, *inv_std, *gamma, *beta;
    const float *gate;         /* towards the input: y is a ReLU's dy, and this what the ReLU saw or made; or NULL */
    const uint16_t *gate_bf16; /* in place of gate where it is not NULL */
    const ink_cuda_tap *taps;
    const ink_cuda_grid *grids;
    uint32_t n, in_h, in_w, c, in_step;
    uint32_t out_h, out_w, k, out_step;
    uint32_t w_column, w_channel;
    uint32_t relu, relu_first;
    /* Of kern_bf16.cu's smallest tiles: above 1, the terms are cut into so many parts, of the first grid alone; the
     * third axis of the launch is parts. Each puts its sums, [part][row][k], and the last block of a tile adds them in
     * their order. */
    uint32_t split;
    float *parts;
    uint32_t *arrived; /* [tiles], as ink_is_last has it */
} ink_cuda_gather;

/* parts[part][k][j], j = (live tap, c) = sum over the part's rows m of dy[m][k] * x[tap of m][c].
 * Grids: (tiles of j, tiles of k, parts). */
typedef struct ink_cuda_outer {
    const float *x, *dy;
    const uint16_t *x_bf16, *dy_bf16;
    float *parts;
    const ink_cuda_tap *taps;
    uint32_t n_taps, n, in_h, in_w, c, in_step, out_h, out_w, k;
    uint32_t part_rows; /* a multiple of INK_DEPTH */
} ink_cuda_outer;

/* dw [k][taps][c] = sum over parts in order, whose taps have parts_c channels; dead taps 0. */
typedef struct ink_cuda_outer_join {
    const float *parts;
    const int32_t *live; /* [taps]: number among the live ones, or -1 */
    float *dw;
    uint32_t n_parts, n_taps, n_live, c, k, parts_c;
} ink_cuda_outer_join;

/* ---- convolutions of each channel by itself; weights [c][taps] ---- */

/* Forward; backward: x is dy, y dx. Of the weights' gradient: w is dy, y parts, parts[chunk][tap][c] = sum over the
 * chunk's rows of dy times x under the tap, and count rows. */
typedef struct ink_cuda_depthwise {
    const float *x, *w, *bias;
    float *y;
    uint16_t *y_bf16;
    uint64_t count;                       /* elements of y; rows of dy, n * out_h * out_w */
    uint32_t backward;                    /* 0 or 1 */
    uint32_t c, in_h, in_w, out_h, out_w; /* as of the forward node */
    int32_t window_h, window_w, stride, pad;
} ink_cuda_depthwise;

/* dw[c][tap] = sum over chunks. One block an element. */
typedef struct ink_cuda_depthwise_join {
    const float *parts;
    float *dw;
    uint32_t chunks, taps, c;
} ink_cuda_depthwise_join;

/* ---- sums over rows, one for each channel ---- */

/* The chunks' sums joined. kind 0: batch norm's mean, inv_std and running statistics; 1: dbeta, dgamma (each may be
 * NULL) and the two numbers of dx, [c][2]. One block a channel. */
typedef struct ink_cuda_join {
    const float *sums;
    float *mean, *inv_std, *running_mean, *running_var; /* or dbeta, dgamma */
    float *tilt;
    uint32_t rows, c, kind;
    float eps, momentum;
} ink_cuda_join;

/* sums[chunk][c][2]. plain: sum of x, sum of (x - mean of the chunk)^2. With dy: sum of dy, sum of dy (x - mean)
 * inv_std. relu: dy counts where y > 0. Of at most INK_AT_ONCE chunks the last block of each group of INK_ACROSS
 * channels does what join does, if it is told. */
typedef struct ink_cuda_sums {
    const float *x, *dy, *y, *mean, *inv_std;
    const uint16_t *y_bf16; /* in place of y where it is not NULL */
    float *sums;
    uint32_t *arrived; /* [groups], as ink_is_last has it; NULL: join is a launch of its own */
    ink_cuda_join join;
    uint32_t rows, c;
    uint32_t with_dy; /* 0: of x; 1: of dy alone; 2: of dy and dy xh */
    uint32_t relu;
} ink_cuda_sums;

/* mean and inv_std from the running statistics. */
typedef struct ink_cuda_fixed {
    const float *running_mean, *running_var;
    float *mean, *inv_std;
    uint32_t c;
    float eps;
} ink_cuda_fixed;

/* y = (x - mean) inv_std gamma + beta (+ residual) (relu); or backward: y = dx, with relu times the gradient of the
 * ReLU that made x. */
typedef struct ink_cuda_norm {
    const float *x, *dy, *gate, *gamma, *beta, *mean, *inv_std, *tilt, *residual;
    const uint16_t *gate_bf16; /* in place of gate where it is not NULL */
    float *y;
    uint16_t *y_bf16;
    uint64_t count;
    uint32_t c, relu, backward; /* backward with tilt NULL: of an evaluation. gate: dy counts where it is above 0 */
} ink_cuda_norm;

/* ---- pools ---- */

typedef enum ink_cuda_pool_kind {
    INK_POOL_MAX,
    INK_POOL_FIRST,
    INK_POOL_MAX_DX,
    INK_POOL_TILED_MAX_DX,
    INK_POOL_AVERAGE,
    INK_POOL_AVERAGE_DX
} ink_cuda_pool_kind;

/* FIRST: where in its map the first maximum of each window lies. TILED_MAX_DX does without, where windows lie side by
 * side from the map's corner on: it finds it itself. A thread has four channels where c is a multiple of four. */
typedef struct ink_cuda_pool {
    const float *x;   /* of _DX: dy */
    const float *map; /* of TILED_MAX_DX: what was pooled */
    float *y;
    uint16_t *y_bf16;
    const float *gate; /* of _DX, as ink_cuda_gather has them */
    const uint16_t *gate_bf16;
    int32_t *first;
    uint64_t count; /* elements of y; of TILED_MAX_DX windows, with those cut off at the right and below, times c */
    ink_cuda_pool_kind kind;
    uint32_t c, in_h, in_w, out_h, out_w; /* as of the forward node */
    int32_t window_h, window_w, stride, pad;
} ink_cuda_pool;

/* ---- classes ---- */

typedef enum ink_cuda_classes_kind {
    INK_CLASSES_SOFTMAX,
    INK_CLASSES_SOFTMAX_DX, /* z: y, q: dy */
    INK_CLASSES_LOSS,
    INK_CLASSES_LOSS_DX
} ink_cuda_classes_kind;

typedef struct ink_cuda_classes {
    const float *z, *q;
    float *y; /* LOSS: [n] */
    const uint8_t *labels;
    float *losses;   /* LOSS: for the host */
    uint32_t *right; /* LOSS: for the host */
    ink_cuda_classes_kind kind;
    uint32_t n, classes;
    float smoothing, soft_weight, temperature;
} ink_cuda_classes;

/* ---- learning ---- */

/* A parameter as bf16: rows of c elements lie there as rows of c_bf16. to NULL: nothing reads it so. */
typedef struct ink_cuda_copy {
    uint16_t *to;
    uint32_t c, c_bf16;
} ink_cuda_copy;

/* What one block updates: up to INK_PIECE elements of a parameter. */
typedef struct ink_cuda_piece {
    float *w, *m, *v; /* m: momentum buffer; average: the average */
    const float *dw;
    ink_cuda_copy copy;
    uint32_t first; /* its first element's number in the parameter */
    uint32_t count;
    int32_t op; /* ink_op */
    float lr_scale, momentum, beta1, beta2, eps, decay;
    uint32_t nesterov, decoupled;
    uint32_t number; /* of its two step-dependent numbers */
} ink_cuda_piece;

typedef struct ink_cuda_learn {
    const ink_cuda_piece *pieces;
    const ink_cuda_now *now;
    const float *numbers;      /* [nodes][2]: adam: 1 - beta1^t, sqrt(1 - beta2^t); average: d */
    const ink_cuda_clip *clip; /* or NULL */
} ink_cuda_learn;

/* squares[piece] = sum of the squares of dw of pieces[piece], in double. */
typedef struct ink_cuda_squares {
    const ink_cuda_piece *pieces;
    double *squares;
} ink_cuda_squares;

typedef struct ink_cuda_clip_join {
    const double *squares;
    ink_cuda_clip *clip;
    uint32_t n;
    float max_norm;
} ink_cuda_clip_join;

/* Muon: begin: buffer and u, squares of u; scale: x = u / |u|; end: w. The products between are gathers. */
typedef struct ink_cuda_muon {
    float *w, *buffer, *u;
    ink_cuda_copy copy; /* of w */
    const float *dw;
    double *squares; /* [pieces] */
    const ink_cuda_now *now;
    const ink_cuda_clip *clip;
    uint32_t count, pieces, stage; /* 0 begin, 1 scale, 2 end */
    float momentum, decay, lr_scale, way;
} ink_cuda_muon;

/* Name and arguments of each kernel of which steps are made, and of all. */
#define INK_CUDA_STEP_KERNELS(X)                                                                                       \
    X(take, ink_cuda_take)                                                                                             \
    X(give, ink_cuda_give)                                                                                             \
    X(map, ink_cuda_map)                                                                                               \
    X(normalise, ink_cuda_normalise)                                                                                   \
    X(gather_f32, ink_cuda_gather)                                                                                     \
    X(gather_tf32, ink_cuda_gather)                                                                                    \
    X(gather_bf16, ink_cuda_gather)                                                                                    \
    X(outer_f32, ink_cuda_outer)                                                                                       \
    X(outer_tf32, ink_cuda_outer)                                                                                      \
    X(outer_bf16, ink_cuda_outer)                                                                                      \
    X(outer_join, ink_cuda_outer_join)                                                                                 \
    X(gather_64x64, ink_cuda_gather)                                                                                   \
    X(turned_64x64, ink_cuda_gather)                                                                                   \
    X(outer_64x64, ink_cuda_outer)                                                                                     \
    X(depthwise, ink_cuda_depthwise)                                                                                   \
    X(depthwise_dw, ink_cuda_depthwise)                                                                                \
    X(depthwise_join, ink_cuda_depthwise_join)                                                                         \
    X(sums, ink_cuda_sums)                                                                                             \
    X(join, ink_cuda_join)                                                                                             \
    X(fixed, ink_cuda_fixed)                                                                                           \
    X(norm, ink_cuda_norm)                                                                                             \
    X(pool, ink_cuda_pool)                                                                                             \
    X(classes, ink_cuda_classes)                                                                                       \
    X(learn, ink_cuda_learn)                                                                                           \
    X(squares, ink_cuda_squares)                                                                                       \
    X(clip_join, ink_cuda_clip_join)                                                                                   \
    X(muon, ink_cuda_muon)
/* Products of large tiles, rows x columns: more shared memory and registers than the kernel of whole steps has for each
 * of its blocks. In the order of ink_gpu_tile. */
#define INK_CUDA_LARGE_KERNELS(X)                                                                                      \
    X(gather_128x32, ink_cuda_gather)                                                                                  \
    X(turned_128x32, ink_cuda_gather)                                                                                  \
    X(gather_128x64, ink_cuda_gather)                                                                                  \
    X(turned_128x64, ink_cuda_gather)                                                                                  \
    X(gather_128x128, ink_cuda_gather)                                                                                 \
    X(turned_128x128, ink_cuda_gather)                                                                                 \
    X(outer_128x128, ink_cuda_outer)
/* And what is launched between steps. */
#define INK_CUDA_KERNELS(X)                                                                                            \
    INK_CUDA_STEP_KERNELS(X) INK_CUDA_LARGE_KERNELS(X) X(draw, ink_cuda_draw) X(round, ink_cuda_round)

typedef enum ink_cuda_kernel {
#define INK_CUDA_NAME(name, type) INK_KERN_##name,
    INK_CUDA_KERNELS(INK_CUDA_NAME)
#undef INK_CUDA_NAME
        INK_KERN_COUNT
} ink_cuda_kernel;

#endif

/* ops/cpu/kernels.h: the inner loops of the backend as one table of functions. Drivers are written once against
 * this table; kern_<isa>.c fill it from one template; pick.c chooses.
 *
 * Panels   All batched floats lie in panels of [rows][16]: a row is an image, a column a channel. Activations are
 * [N/NB][position][C/16][NB][16], weights [K/16][tap][C/16][16 c][16 k]: every gemm below reads and writes panels.
 * Narrow maps, of few channels, lie [N/16][position][C][16 images] instead: a row is a channel, a column an image.
 * Same bits  A kernel forms each output element by one chain of fused multiply-adds in the order that the caller
 * lists, whatever the width of a vector: tables of different instruction sets give equal bits, unless said otherwise.
 * Memory   All arrays are borrowed; outputs overlap inputs only where "in place" is said. */
#ifndef INK_OPS_CPU_KERNELS_H
#define INK_OPS_CPU_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/warp.h"
#include "inkling.h"
#include "ops/backend.h"
#include "ops/graph.h"

#define INK_LANES 16u /* channels of a panel */

typedef struct ink_offsets {
    int32_t a, b; /* offsets in elements from the bases of a gemm's operands */
} ink_offsets;

/* out[m][16 v + j] = start + sum over o < outer, p < n_pairs, i < inner, k < depth (in this order) of
 *   a[o a_outer + pairs[p].a + i a_inner + k a_k + m a_m]
 *   * b[o b_outer + pairs[p].b + i b_inner + v b_panel + 16 k + j]
 * for m < rows, v < panels, j < 16; out at v out_panel + m out_m + j.
 * start: what stood in out (add), else bias[16 v + j], else 0. Then, each if asked for and in this order:
 *   scale, offset: y = y scale[16 v + j] + offset[16 v + j]      residual: y += its element at out's place
 *   relu: negative ones become 0 (NaN stays)      mask: 0 where its element at out's place is not above 0
 * relu_first: that of relu before scale and offset instead. */
typedef struct ink_gemm {
    const void *a, *b; /* float, or bfloat16 in the *_bf16 kernel */
    float *out;
    const float *bias;            /* [16 panels] or NULL */
    const float *scale, *offset;  /* [16 panels], both or NULL */
    const float *residual, *mask; /* or NULL */
    const ink_offsets *pairs;
    size_t a_m, a_k, a_inner, a_outer, b_inner, b_outer, b_panel, out_m, out_panel;
    size_t a_pair, a_place, out_place; /* for tiles alone, as `places` */
    uint32_t rows, panels, n_pairs, inner, depth, outer, places;
    bool add, relu, relu_first;
} ink_gemm;

/* A convolution of narrow maps: for each of `places` places i, x_place and out_place floats apart, row m < rows, j < 16
 * out[m][j] = bias[m] + sum over p < n_pairs, k < depth (in this order) of
 *   w[pairs[p].b + k w_k + m w_m] * x[pairs[p].a + 16 k + j]
 * then, as in ink_gemm, relu_first, scale[m] and offset[m], residual, relu, mask; these at 16 m + j, as out. */
typedef struct ink_narrow {
    const float *x, *w;
    float *out;
    const float *bias, *scale, *offset; /* [rows] or NULL */
    const float *residual, *mask;       /* or NULL */
    const ink_offsets *pairs;
    size_t x_place, w_k, w_m, out_place;
    uint32_t rows, places, n_pairs, depth;
    bool relu, relu_first;
} ink_narrow;

/* to[(m columns + c) 16 + j] += sum over i < places of dy[i dy_place + 16 m + j] * x[i x_place + 16 c + j]
 * for m < rows, c < columns, j < 16: an image's share of a gradient of weights. */
typedef struct ink_narrow_dw {
    const float *x, *dy;
    float *to;
    size_t x_place, dy_place;
    uint32_t rows, columns, places;
} ink_narrow_dw;

/* A run of places of a depthwise convolution: for i < places, r < rows, j < 16
 *   y[i y_place + 16 r + j] = start[j] + sum over t < n (in this order) of
 *     w[16 tap[t] + j] * x[at[t] + i x_place + 16 r + j]
 * or of its weights' gradient, w being dy and y sums: y[16 tap[t] + j] += sum over i and r (in this order) of
 *     w[i y_place + 16 r + j] * x[at[t] + i x_place + 16 r + j] */
typedef struct ink_depthwise {
    const float *x, *w, *start;
    float *y;
    const int32_t *at;
    const uint32_t *tap;
    size_t x_place, y_place;
    uint32_t n, places, rows;
} ink_depthwise;

/* Where a Winograd transform writes: float j < 16 of row i of element (r, c) at to + r down + c across + i row + j;
 * runs: + i / R row + i % R 16 + j instead, R = winograd_rows. */
typedef struct ink_tile_places {
    float *to;
    size_t down, across, row;
    bool runs;
} ink_tile_places;

/* Outputs (r, c), r < down, c < across, of tiles whose products winograd_products made: y A of lines of six, column c's
 * at from + c step; of its rows the first is number `slot`. Float j of row i goes to out + r line + c next + 16 i + j.
 * Finished as a gemm's sums are: bias, scale and offset of the 16 lanes, residual and mask at out's place, relu. */
typedef struct ink_tile_out {
    const float *from;
    float *out;
    const float *bias, *scale, *offset; /* [16] or NULL */
    const float *residual, *mask;       /* or NULL */
    size_t step, slot, rows, line, next;
    uint32_t down, across;
    bool relu, relu_first;
} ink_tile_out;

/* Convolutions by the discrete Fourier transform (fourier.c) have maps of n x n points, n one of these; transformed,
 * these are 37, 94, 148 or 214 real numbers, their elements: kern_fourier.h. */
typedef enum ink_circle {
    INK_CIRCLE_FIVE,
    INK_CIRCLE_EIGHT,
    INK_CIRCLE_TEN,
    INK_CIRCLE_TWELVE,
    INK_CIRCLES,
} ink_circle;
#define INK_CIRCLE_POINTS 144u /* at most */
#define INK_CIRCLE_MOST   214u /* elements */

/* Of n x n points: the elements that are real numbers by themselves, the first ones; and all, three for each complex
 * number, which stands for two points. */
static inline uint32_t ink_circle_reals(uint32_t n) {
    return n % 2 == 0 ? 4 : 1;
}
static inline uint32_t ink_circle_elements(uint32_t n) {
    return ink_circle_reals(n) + (n * n - ink_circle_reals(n)) / 2 * 3;
}

/* Lane-wise: panels of `rows` rows of 16 at from[], row by row of the map; element e at to + e step. */
typedef struct ink_circle_kernels {
    void (*inputs)(const float *const *from, void *to, size_t step, size_t rows);   /* to: floats; see inputs_bf16 */
    void (*weights)(const float *const *from, float *to, size_t step, size_t rows); /* of a window of 3 x 3 */
    /* Products of these become outputs (r, c), r < down, c < across: what windows that begin at point (r, c) give; o as
     * above, but from element to element `step`, and no slot. */
    void (*outputs)(const ink_tile_out *o);
    /* weights, transposed. Gradients of outputs, and 0 elsewhere on the circle, become elements as inputs do; sums over
     * images of elements' products, e at from + e step, become 9 taps, one panel behind the other. Of a complex
     * number's three elements the first are multiplied, the second of inputs with the third of gradients, and the
     * reverse. */
    void (*taps)(const float *from, size_t step, float *to, size_t rows);
} ink_circle_kernels;

/* One step of Adam, AdamW or SGD over count elements (a multiple of 16); formulas in ops/graph.h. */
typedef struct ink_update {
    float *w, *m, *v; /* SGD: m is the momentum buffer or NULL, v NULL */
    const float *dw;
    size_t count;
    float lr, factor, decay;                             /* factor: of clipping */
    float beta1, beta2, eps, step_size, root_correction; /* Adam: lr / (1 - beta1^t), sqrt(1 - beta2^t) */
    float momentum;
    bool nesterov, decoupled;
} ink_update;

#define INK_SUM_ROWS 4 /* rows that batch norm's sums take at a time; those that are left one by one */

/* A batch norm of rows of 16 channels: y = (x - mean[j]) scale[j] + offset[j], offset NULL: 0. Panels of x lie step
 * floats apart; `rows` of all_rows of each are images, the others are read by nobody and become 0. Rows of sums lie
 * `line` floats apart, else 16. */
typedef struct ink_norm {
    const float *x, *mean, *scale, *offset;
    size_t step, panels, rows, all_rows, line;
    bool active; /* an activation follows y, other than relu */
    ink_activation kind;
    float slope;
} ink_norm;

/* dx[j] = factor[j] (dy[j] - flat[j] - (x[j] - mean[j]) tilt[j]): the gradient of batch norm. Where mask is not above 0
 * dy counts as 0; relu: where y is not. after: dx is 0 where x is not above 0, x being the output of a relu. */
typedef struct ink_norm_dx {
    const float *dy, *mask;            /* mask or NULL; both step apart as x */
    float *made;                       /* sums, where the norm is active: dy times the activation's slope */
    const float *factor, *flat, *tilt; /* not for sums */
    bool relu, after;
} ink_norm_dx;

/* Batch norm, relu and the maximum over windows in one: window i holds the n panels at x + at[i n ...]; its panel of y
 * and of dy lies at y + i window_step. The first maximum takes the gradient. */
typedef struct ink_norm_pool {
    const float *y, *dy;
    const int32_t *at;
    size_t windows, n, window_step;
} ink_norm_pool;

typedef struct ink_kernels {
    const char *name;
    bool has_bf16;
    bool bf16_is_slow; /* its products take longer than floats': then nobody gets it unasked */

    void (*gemm)(const ink_gemm *g);
    void (*narrow)(const ink_narrow *g);
    void (*narrow_dw)(const ink_narrow_dw *g);
    void (*depthwise)(const ink_depthwise *d);
    void (*depthwise_dw)(const ink_depthwise *d);

    /* ---- the way in ---- */
    /* ink_warp_apply's bits */
    void (*warp)(const ink_warp *w, const uint8_t *image, uint32_t height, uint32_t width, float *out);
    /* x = x scale + shift, rounded once, over any count of floats */
    void (*rescale)(float *x, float scale, float shift, size_t count);

    /* to[t][c][k] = from[t][k][c] for t < count panels of 16 x 16, from_step and to_step floats apart. */
    void (*transpose)(const float *from, size_t from_step, float *to, size_t to_step, size_t count);

    /* ---- over count floats, count a multiple of 16; y may be x, dx may be dy ---- */
    void (*activate)(ink_activation kind, float slope, const float *x, float *y, size_t count);
    void (*activate_dx)(ink_activation kind, float slope, const float *x, const float *dy, float *dx, size_t count);
    void (*add)(const float *a, const float *b, float *y, size_t count);
    void (*update_adam)(const ink_update *u);
    void (*update_sgd)(const ink_update *u);
    void (*average)(float *a, const float *w, float d, size_t count);
    /* sums[j] += sum of x[16 i + j]^2, in double, j < 16 */
    void (*squares)(const float *x, size_t count, double sums[16]);

    /* ---- over panels of one group of 16 channels, step floats apart; rows <= 16 of each are images ---- */
    /* square[j] += (x - shift[j])^2, shifted[j] += x - shift[j] over all panels and rows, of n x, step, panels, rows
     * and line counting */
    void (*moments)(const ink_norm *n, const float *shift, double *shifted, double *square);
    /* y, with a residual or NULL added, and relu */
    void (*norm)(const ink_norm *n, const float *residual, bool relu, float *y);
    /* sum_dy[j] += dy; sum_product[j] += dy (x - mean[j]) */
    void (*norm_sums)(const ink_norm *n, const ink_norm_dx *d, double *sum_dy, double *sum_product);
    void (*norm_dx)(const ink_norm *n, const ink_norm_dx *d, float *dx);
    /* The same through relu and windows; of d factor, flat and tilt count; to: y's panels */
    void (*norm_pool)(const ink_norm *n, const ink_norm_pool *w, float *to);
    void (*norm_pool_sums)(const ink_norm *n, const ink_norm_pool *w, double *sum_dy, double *sum_product);
    void (*norm_pool_dx)(const ink_norm *n, const ink_norm_pool *w, const ink_norm_dx *d, float *dx);
    /* sum[j] += x over panels and rows */
    void (*column_sums)(const float *x, size_t step, size_t panels, size_t rows, float *sum);

    /* ---- pooling: over one window, panels of count floats at base + at[i] ---- */
    void (*window_max)(const float *x, const int32_t *at, size_t n, float *y, size_t count);
    /* dx[at[i]] += dy where x[at[i]] is the first of the window to equal y; only_positive: and x > 0 */
    void (*window_max_dx)(const float *x, const float *y, const float *dy, float *dx, const int32_t *at, size_t n,
                          size_t count, bool only_positive, bool fresh);
    /* y = factor * (sum of x[at[i]], in order); n = 0 gives 0 */
    void (*window_sum)(const float *x, const int32_t *at, size_t n, float factor, float *y, size_t count);

    /* y = x factor where bit j of keep[row] is set, else 0; rows of 16 */
    void (*keep)(const float *x, const uint16_t *keep, float factor, float *y, size_t rows);
    /* Bit i of kept[w]: word w of Philox block {counter[i], c1, c2, c3} with key, as a fraction of 24 bits, is at least
     * threshold / 2^24. */
    void (*drawn)(const uint32_t counter[16], uint32_t c1, uint32_t c2, uint32_t c3, const uint32_t key[2],
                  uint32_t threshold, uint16_t kept[4]);

    /* e^x of n floats, in place */
    void (*exp)(float *x, size_t n);

    /* ---- Winograd's F(4x4,3x3), lane-wise: panels of `rows` rows of 16 at from[], row by row of the tile ---- */
    /* 6 x 6 become 6 x 6: B' d B */
    void (*winograd_inputs)(const float *const from[36], const ink_tile_places *to, size_t rows);
    /* 3 x 3 become 6 x 6: G g G' */
    void (*winograd_weights)(const float *const from[9], const ink_tile_places *to, size_t rows);
    /* 3 x 3 become 3 x 3 for maps of 2 x 2: toeplitz.c */
    void (*toeplitz_weights)(const float *const from[9], const ink_tile_places *to, size_t rows);
    /* 4 x 4 become 6 x 6: A d A'; 6 x 6 become 3 x 3: G' m G */
    void (*winograd_gradients)(const float *const from[16], const ink_tile_places *to, size_t rows);
    void (*winograd_taps)(const float *const from[36], const ink_tile_places *to, size_t rows);
    /* A column of six elements: inputs [run][C/16][6][R][16 c] times weights, summed over c; A' of that, y
     * [run][4][R][16 k], for `rows` rows in runs of R = winograd_rows. Weights: [6][C/16][16 c][16 k] where
     * winograd_apart, else [C/16][16 c][6][16 k]; the column's that will be wanted next lie behind them. ahead: R/2
     * groups panels for each run, that will be used soon and are asked for meanwhile. */
    void (*winograd_products)(const float *inputs, const float *weights, uint32_t groups, uint32_t rows, float *y,
                              const float *const *ahead);
    uint32_t winograd_rows;
    bool winograd_apart;
    void (*winograd_outputs)(const ink_tile_out *o);

    ink_circle_kernels fourier[INK_CIRCLES]; /* NULLs in tables that nobody asks for many images */

    /* rounds times peak_flops multiplications and additions in registers alone; the sum, so that none is left out */
    float (*peak)(uint64_t rounds);
    uint32_t peak_flops, peak_bf16_flops;

    /* ---- bfloat16 (has_bf16; else NULL): rounded to nearest, ties to even ---- */
    /* As gemm, with elements in pairs that are multiplied and added in one: depth counts pairs, a's pair stands at
     * its place and the next, b's at + 32 k + 2 j. */
    void (*gemm_bf16)(const ink_gemm *g);
    void (*to_bf16)(const float *from, uint16_t *to, size_t count);
    void (*round_bf16)(const float *from, float *to, size_t count); /* and back to float; may be in place */
    /* to[t][i/2][j][i & 1] = from[t][i][j] for t < count, i < rows (even), j < 16: panels with rows in pairs */
    void (*pair_rows)(const float *from, size_t from_step, uint16_t *to, size_t to_step, size_t count, size_t rows);
    /* tiles: gemm_bf16 multiplies matrices in one instruction, so fast that transforms pay nowhere. It wants a_k 2 and
     * depth 8, whole panels, and is called between enter and leave alone, once each for a task of a thread. a_pair, if
     * not 0: two successive panels of a, i and i + 1 < inner, i even, lie side by side as rows of 32, a_pair apart, and
     * begin at i a_inner; b_inner is that of a panel then. A lone last one lies as ever. places, if more than 1: the
     * whole is done for so many places of 16 rows, a_place and out_place apart. */
    bool tiles;
    void (*enter)(void);
    void (*leave)(void);
    /* Panels as a_pair wants them: each place's `groups` panels of `rows` rows. */
    void (*pair_panels)(const float *from, uint16_t *to, size_t places, size_t groups, size_t rows);
    /* to[t][j][i] = from[t][i][j] for t < count: panels turned round */
    void (*turn_rows)(const float *from, uint16_t *to, size_t count);
    /* fourier[].inputs with rounded elements; to, step: in bfloat16 */
    void (*inputs_bf16[INK_CIRCLES])(const float *const *from, void *to, size_t step, size_t rows);
    float (*peak_bf16)(uint64_t rounds); /* as peak, peak_bf16_flops a round */
} ink_kernels;

extern const ink_kernels ink_kernels_generic;
#if defined(__x86_64__)
extern const ink_kernels ink_kernels_avx2;
extern const ink_kernels ink_kernels_avx512;
void ink_kernels_add_bf16(ink_kernels *table);
void ink_kernels_add_amx(ink_kernels *table); /* and what add_bf16 adds */
#endif

/* Does a program of that precision multiply bfloat16 with this table? */
static inline bool ink_kernels_take_bf16(const ink_kernels *table, ink_precision precision) {
    return table->has_bf16 &&
           (precision == INK_PRECISION_BF16 || (precision == INK_PRECISION_AUTO && !table->bf16_is_slow));
}

/* The best table that this processor (and system) can run, or the one that INK_ISA names.
 * Errors   INK_E_USAGE an unknown word in INK_ISA, INK_E_ABSENT one that this processor lacks. */
INK_MUST_USE ink_status ink_kernels_pick(ink_kernels *out, ink_error *err);

#endif

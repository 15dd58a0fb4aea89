/* ops/cpu/kern_winograd.h: the transforms of Winograd's convolutions, included by each kern_<isa>.c after
 * kern_vector.h, and the products between them. Lane-wise: a tile's element is a panel, so that no vector is shuffled.
 * A column of a tile's elements is multiplied at once, so that half of the outputs' transform is done in registers.
 *
 * Bits     Factors are powers of two wherever a sum follows (exact, fused or not) but in the weights' transform, which
 *          fuses nothing: all instruction sets give equal bits.
 * Source   Winograd, Arithmetic complexity of computations, 1980; Lavin & Gray, Fast algorithms for convolutional
 *          neural networks, arXiv:1509.09308: F(4x4,3x3), points 0, 1, -1, 2, -2 and infinity. */
#ifndef INK_OPS_CPU_KERN_WINOGRAD_H
#define INK_OPS_CPU_KERN_WINOGRAD_H

#include "ops/cpu/kern_vector.h"
#include "ops/cpu/kernels.h"

/* x power + y, power a power of two: the product is exact, so that one rounding or two are the same. */
INLINE vf times_plus(float power, vf x, vf y) {
#if defined(__FMA__) || defined(__aarch64__)
    return vfma(vset(power), x, y);
#else
    return vset(power) * x + y;
#endif
}

/* B' d: six inputs of a line. */
INLINE void line_of_inputs(const vf *d, vf *t) {
    vf a = times_plus(-4.0f, d[2], d[4]), b = times_plus(-4.0f, d[1], d[3]), c = d[4] - d[2], e = d[3] - d[1];
    t[0] = times_plus(4.0f, d[0] - d[2], c);
    t[1] = a + b;
    t[2] = a - b;
    t[3] = times_plus(2.0f, e, c);
    t[4] = times_plus(-2.0f, e, c);
    t[5] = times_plus(-4.0f, e, d[5] - d[3]);
}

/* A' m: four outputs of a line. */
INLINE void line_of_outputs(const vf *m, vf *y) {
    vf s = m[1] + m[2], d = m[1] - m[2], s2 = m[3] + m[4], d2 = m[3] - m[4];
    y[0] = m[0] + s + s2;
    y[1] = times_plus(2.0f, d2, d);
    y[2] = times_plus(4.0f, s2, s);
    y[3] = times_plus(8.0f, d2, d) + m[5];
}

/* G g: three weights of a line. */
INLINE void line_of_weights(const vf *g, vf *t) {
    const vf sixth = vset(-1.0f / 6.0f), part = vset(1.0f / 24.0f);
    vf outer = (g[0] + g[2]) * sixth, inner = g[1] * sixth;
    vf far = times_plus(4.0f, g[2], g[0]) * part, near = g[1] * (part + part);
    t[0] = g[0] * vset(0.25f);
    t[1] = outer + inner;
    t[2] = outer - inner;
    t[3] = far + near;
    t[4] = far - near;
    t[5] = g[2];
}

/* Three weights of a line on a map of two: toeplitz.c. */
INLINE void line_of_toeplitz(const vf *g, vf *t) {
    t[0] = g[1];
    t[1] = g[2] - g[1];
    t[2] = g[0] - g[1];
}

/* A d: four gradients of outputs; the transpose of line_of_outputs. */
INLINE void line_of_gradients(const vf *d, vf *t) {
    vf even = d[0] + d[2], odd = d[1] + d[3];
    vf far = times_plus(4.0f, d[2], d[0]), near = times_plus(8.0f, d[3], vset(2.0f) * d[1]);
    t[0] = d[0];
    t[1] = even + odd;
    t[2] = even - odd;
    t[3] = far + near;
    t[4] = far - near;
    t[5] = d[3];
}

/* G' m: three gradients of weights; the transpose of line_of_weights. */
INLINE void line_of_taps(const vf *m, vf *g) {
    const vf sixth = vset(-1.0f / 6.0f), part = vset(1.0f / 24.0f);
    vf s = (m[1] + m[2]) * sixth, d = (m[1] - m[2]) * sixth, s2 = (m[3] + m[4]) * part, d2 = (m[3] - m[4]) * part;
    g[0] = times_plus(0.25f, m[0], s) + s2;
    g[1] = times_plus(2.0f, d2, d);
    g[2] = times_plus(4.0f, s2, s) + m[5];
}

typedef void line_transform(const vf *from, vf *to);

/* The line's transform down each column of n x n panels, 16 lanes from `at` on: half[v][r * n + c], r < to. */
INLINE void columns_of(line_transform *line, const int n, const int to, const float *const *from, size_t at,
                       vf half[PV][36]) {
    UNROLL_ALL
    for (int c = 0; c < n; c++) {
        UNROLL_ALL
        for (int v = 0; v < PV; v++) { /* both halves of a cache line while it is there */
            vf d[6], u[6];
            UNROLL_ALL
            for (int r = 0; r < n; r++) d[r] = vload(from[r * n + c] + at + (size_t)v * VL);
            line(d, u);
            UNROLL_ALL
            for (int r = 0; r < to; r++) half[v][r * n + c] = u[r];
        }
    }
}

/* Rows that the products take at once: with 32 registers four rows of all six elements, else many of one element, in
 * tiles of what the registers hold. */
#if VL == 16
#define RUN         4
#define RUN_TILE    4
#define ELEMENT_ROW (6 * INK_LANES)
#else
#define RUN         16
#define RUN_TILE    (VL == 8 ? 6 : 4)
#define ELEMENT_ROW INK_LANES
#endif

/* n x n panels of `rows` rows of 16 become to x to of them, at o's places; runs: see ink_tile_places. */
INLINE void tile_of(line_transform *line, const int n, const int to, const float *const *from, const ink_tile_places *o,
                    size_t rows, const bool runs) {
    for (size_t row = 0; row < rows; row++) {
        vf half[PV][36];
        float *out = o->to + (runs ? row / RUN * o->row + row % RUN * INK_LANES : row * o->row);
        columns_of(line, n, to, from, row * INK_LANES, half);
        UNROLL_ALL
        for (int r = 0; r < to; r++) {
            UNROLL_ALL
            for (int v = 0; v < PV; v++) {
                vf u[6];
                line(&half[v][r * n], u);
                UNROLL_ALL
                for (int c = 0; c < to; c++) {
                    vstore(out + (size_t)r * o->down + (size_t)c * o->across + (size_t)v * VL, u[c]);
                }
            }
        }
    }
}

static void winograd_inputs(const float *const from[36], const ink_tile_places *to, size_t rows) {
    if (to->runs) {
        tile_of(line_of_inputs, 6, 6, from, to, rows, true);
    } else {
        tile_of(line_of_inputs, 6, 6, from, to, rows, false);
    }
}

static void winograd_weights(const float *const from[9], const ink_tile_places *to, size_t rows) {
    tile_of(line_of_weights, 3, 6, from, to, rows, false);
}

static void toeplitz_weights(const float *const from[9], const ink_tile_places *to, size_t rows) {
    tile_of(line_of_toeplitz, 3, 3, from, to, rows, false);
}

#if LEARNS
static void winograd_gradients(const float *const from[16], const ink_tile_places *to, size_t rows) {
    tile_of(line_of_gradients, 4, 6, from, to, rows, false);
}

static void winograd_taps(const float *const from[36], const ink_tile_places *to, size_t rows) {
    tile_of(line_of_taps, 6, 3, from, to, rows, false);
}
#endif

#if VL == 16
/* A run of one column of six elements; y: [4][R][16], the outputs' transform down the column. Of the panels in ahead
 * two are asked for beside each group's products, and in runs 0 to 2 of the strip a third of the next column's weights,
 * which lie behind these. */
INLINE void column_of_products(const float *inputs, const float *weights, uint32_t groups, uint32_t rows, float *y,
                               const float *const *ahead, uint32_t run) {
    (void)rows;
    const size_t next = ((size_t)groups * INK_LANES * 6 + 2 * (size_t)run) * INK_LANES * sizeof(float);
    vf sum[4][6];
    UNROLL_ALL
    for (int m = 0; m < 4; m++) {
        UNROLL_ALL
        for (int r = 0; r < 6; r++) sum[m][r] = vset(0.0f);
    }
    for (uint32_t g = 0; g < groups; g++, inputs += 6 * 4 * INK_LANES) {
        const float *first = ahead[2 * (size_t)g], *second = ahead[2 * (size_t)g + 1];
        for (size_t k = 0; k < INK_LANES; k++, weights += 6 * INK_LANES) {
            __builtin_prefetch(first + k * INK_LANES, 0, 2);
            __builtin_prefetch(second + k * INK_LANES, 0, 2);
            if (run < 3) {
                ask_for(weights, next);
                ask_for(weights, next + INK_LANES * sizeof(float));
            }
            UNROLL_ALL
            for (int r = 0; r < 6; r++) {
                const vf w = vload(weights + r * (int)INK_LANES);
                UNROLL_ALL
                for (int m = 0; m < 4; m++) {
                    sum[m][r] = vfma(vset(inputs[(size_t)(r * 4 + m) * INK_LANES + k]), w, sum[m][r]);
                }
            }
        }
    }
    UNROLL_ALL
    for (int m = 0; m < 4; m++) {
        vf line[4];
        line_of_outputs(sum[m], line);
        UNROLL_ALL
        for (int r = 0; r < 4; r++) vstore(y + (r * 4 + m) * (int)INK_LANES, line[r]);
    }
}
#else
/* n rows (a constant after inlining) of one element. asks: for n lines for each group, `next` bytes behind weights. */
INLINE void rows_of_products(const float *inputs, const float *weights, uint32_t groups, const int n, bool asks,
                             size_t next, float *to) {
    const float *first = weights;
    vf sum[RUN_TILE][PV];
    UNROLL_ALL
    for (int m = 0; m < n; m++) {
        UNROLL_ALL
        for (int v = 0; v < PV; v++) sum[m][v] = vset(0.0f);
    }
    for (uint32_t g = 0; g < groups; g++, inputs += 6 * RUN * INK_LANES, weights += INK_LANES * INK_LANES) {
        if (asks) {
            UNROLL_ALL
            for (int m = 0; m < n; m++, next += INK_LANES * sizeof(float)) ask_for(first, next);
        }
        UNROLL_FOUR
        for (size_t k = 0; k < INK_LANES; k++) {
            vf row[PV];
            UNROLL_ALL
            for (int v = 0; v < PV; v++) row[v] = vload(weights + k * INK_LANES + (size_t)v * VL);
            UNROLL_ALL
            for (int m = 0; m < n; m++) {
                const vf x = vset(inputs[(size_t)m * INK_LANES + k]);
                UNROLL_ALL
                for (int v = 0; v < PV; v++) sum[m][v] = vfma(x, row[v], sum[m][v]);
            }
        }
    }
    UNROLL_ALL
    for (int m = 0; m < n; m++) {
        UNROLL_ALL
        for (int v = 0; v < PV; v++) vstore(to + m * (int)INK_LANES + v * VL, sum[m][v]);
    }
}

/* The same, element by element in the first-level cache; a sixth of the panels in ahead is asked for before each, and
 * in the strip's first run the next column's weights, which lie behind these. A tile that is not full computes rows
 * that nobody reads. */
INLINE void column_of_products(const float *inputs, const float *weights, uint32_t groups, uint32_t rows, float *y,
                               const float *const *ahead, uint32_t run) {
    float made[6][RUN * INK_LANES];
    const size_t wishes = (size_t)groups * (RUN / 2), element = (size_t)groups * INK_LANES * INK_LANES;
    for (size_t r = 0; r < 6; r++) {
        for (size_t i = wishes * r / 6; i < wishes * (r + 1) / 6; i++) {
            for (size_t k = 0; k < INK_LANES; k++) __builtin_prefetch(ahead[i] + k * INK_LANES, 0, 2);
        }
        const float *a = inputs + r * RUN * INK_LANES, *b = weights + r * element;
        for (size_t m = 0; m < rows;) {
            const size_t next = (6 * element + m * groups * INK_LANES) * sizeof(float);
            float *to = &made[r][m * INK_LANES];
            if (m + 4 < rows) {
                rows_of_products(a + m * INK_LANES, b, groups, RUN_TILE, run == 0, next, to);
                m += RUN_TILE;
            } else {
                rows_of_products(a + m * INK_LANES, b, groups, 4, run == 0, next, to);
                m += 4;
            }
        }
    }
    for (size_t i = 0; i < rows * INK_LANES; i += VL) {
        vf column[6], line[4];
        UNROLL_ALL
        for (int r = 0; r < 6; r++) column[r] = vload(&made[r][i]);
        line_of_outputs(column, line);
        UNROLL_ALL
        for (int r = 0; r < 4; r++) vstore(y + r * RUN * (int)INK_LANES + i, line[r]);
    }
}
#endif

static void winograd_products(const float *inputs, const float *weights, uint32_t groups, uint32_t rows, float *y,
                              const float *const *ahead) {
    for (uint32_t row = 0; row < rows; row += RUN, ahead += (size_t)groups * (RUN / 2)) {
        column_of_products(inputs, weights, groups, rows - row < RUN ? rows - row : RUN, y, ahead, row / RUN);
        inputs += groups * (6 * RUN * INK_LANES);
        y += 4 * RUN * INK_LANES;
    }
}

/* What follows the sums y of 16 lanes' vector v in a line of n places (a constant after inlining), of which the first
 * `across` are on the map, as in gemm. at: floats from the outputs' begin to the first place. */
INLINE void finish_line(const ink_tile_out *o, size_t at, const int v, const int n, const int across, vf *y) {
    const size_t lane = (size_t)v * VL;
    const vf bias = o->bias != NULL ? vload(o->bias + lane) : vset(0.0f);
    UNROLL_ALL
    for (int j = 0; j < n; j++) y[j] += bias;
    if (o->relu_first) {
        UNROLL_ALL
        for (int j = 0; j < n; j++) y[j] = vrelu(y[j]);
    }
    if (o->scale != NULL) {
        const vf scale = vload(o->scale + lane), offset = vload(o->offset + lane);
        UNROLL_ALL
        for (int j = 0; j < n; j++) y[j] = vfma(y[j], scale, offset);
    }
    at += lane;
    if (o->residual != NULL) {
        UNROLL_ALL
        for (int j = 0; j < n && j < across; j++) y[j] += vload(o->residual + at + (size_t)j * o->next);
    }
    if (LEARNS && o->mask != NULL) {
        UNROLL_ALL
        for (int j = 0; j < n && j < across; j++) {
            y[j] = vwhere_above(vload(o->mask + at + (size_t)j * o->next), y[j]);
        }
    }
    if (o->relu) {
        UNROLL_ALL
        for (int j = 0; j < n; j++) y[j] = vrelu(y[j]);
    }
}

/* whole: all 4 x 4 outputs are on the map. A constant after inlining. */
INLINE void outputs_of(const ink_tile_out o, const bool whole) {
    for (size_t row = 0; row < o.rows; row++) {
        const size_t slot = o.slot + row;
        const float *from = o.from + slot / RUN * (4 * RUN * INK_LANES) + slot % RUN * INK_LANES;
        UNROLL_ALL
        for (int r = 0; r < 4; r++) {
            if (!whole && r >= (int)o.down) break;
            const size_t at = (size_t)r * o.line + row * INK_LANES;
            const int across = whole ? 4 : (int)o.across;
            vf y[PV][4];
            UNROLL_ALL
            for (int v = 0; v < PV; v++) {
                vf m[6];
                UNROLL_ALL
                for (int c = 0; c < 6; c++) m[c] = vload(from + (size_t)c * o.step + r * RUN * (int)INK_LANES + v * VL);
                line_of_outputs(m, y[v]);
                finish_line(&o, at, v, 4, across, y[v]);
            }
            UNROLL_ALL
            for (int c = 0; c < 4; c++) {
                if (c >= across) break;
                UNROLL_ALL
                for (int v = 0; v < PV; v++) vstore(o.out + at + (size_t)c * o.next + v * VL, y[v][c]);
            }
        }
    }
}

static void winograd_outputs(const ink_tile_out *o) {
    if (o->down == 4 && o->across == 4) {
        outputs_of(*o, true);
    } else {
        outputs_of(*o, false);
    }
}

#define KERNELS_OF_WINOGRAD                                                                                            \
    .winograd_inputs = winograd_inputs, .winograd_weights = winograd_weights,                                          \
    .winograd_gradients = LEARNING(winograd_gradients), .winograd_taps = LEARNING(winograd_taps),                      \
    .winograd_products = winograd_products, .winograd_outputs = winograd_outputs,                                      \
    .toeplitz_weights = toeplitz_weights, .winograd_rows = RUN, .winograd_apart = ELEMENT_ROW == INK_LANES

#endif

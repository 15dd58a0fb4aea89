/* ops/cpu/kern_scalar.h: the matrix product of floats for a machine without vectors, in place of kern_f32.h; the same
 * chains, so the same bits. Included by kern_generic.c alone. */
#include "ops/cpu/kern_vector.h"
#include "ops/cpu/kernels.h"

/* What sixteen registers hold: sums of ROWS x COLUMNS, a row of b, an element of a and its product. */
#define ROWS    2
#define COLUMNS 4

/* What may follow a sum, in kernels.h's order; at: from the panel's first lane. */
INLINE float scalar_finish(const ink_gemm *g, const float *to, size_t lane, float y) {
    if (g->relu_first && y < 0) y = 0;
    if (g->scale != NULL) y = y * g->scale[lane] + g->offset[lane];
    if (g->residual != NULL) y += g->residual[to - g->out];
    if (g->relu && y < 0) y = 0;
    if (LEARNS && g->mask != NULL && !(g->mask[to - g->out] > 0)) y = 0;
    return y;
}

/* One step of depth. */
INLINE void scalar_step(const int rows, const float *a, const size_t a_m, const float *b, float sum[ROWS][COLUMNS]) {
    UNROLL_ALL
    for (int m = 0; m < rows; m++) {
        const float x = a[(size_t)m * a_m];
        UNROLL_ALL
        for (int v = 0; v < COLUMNS; v++) sum[m][v] = x * b[v] + sum[m][v];
    }
}

/* rows is a constant after inlining. */
INLINE void scalar_tile(const ink_gemm *g, const int rows, const size_t a_m, const size_t a_k, size_t at_row,
                        size_t panel, size_t column) {
    float sum[ROWS][COLUMNS];
    float *out = g->out + panel * g->out_panel + at_row * g->out_m + column;
    const size_t lane = panel * INK_LANES + column;
    UNROLL_ALL
    for (int m = 0; m < rows; m++) {
        UNROLL_ALL
        for (int v = 0; v < COLUMNS; v++) {
            sum[m][v] = g->add            ? out[(size_t)m * g->out_m + (size_t)v]
                        : g->bias != NULL ? g->bias[lane + (size_t)v]
                                          : 0;
        }
    }
    const float *a_base = (const float *)g->a + at_row * a_m;
    const float *b_base = (const float *)g->b + panel * g->b_panel + column;
    for (uint32_t o = 0; o < g->outer; o++, a_base += g->a_outer, b_base += g->b_outer) {
        for (uint32_t p = 0; p < g->n_pairs; p++) {
            const float *a_pair = a_base + g->pairs[p].a, *b_pair = b_base + g->pairs[p].b;
            for (uint32_t i = 0; i < g->inner; i++, a_pair += g->a_inner, b_pair += g->b_inner) {
                const float *a = a_pair, *b = b_pair;
                for (uint32_t k = 0; k < g->depth; k++, a += a_k, b += INK_LANES) scalar_step(rows, a, a_m, b, sum);
            }
        }
    }
    UNROLL_ALL
    for (int m = 0; m < rows; m++) {
        UNROLL_ALL
        for (int v = 0; v < COLUMNS; v++) {
            float *to = out + (size_t)m * g->out_m + (size_t)v;
            *to = scalar_finish(g, to, lane + (size_t)v, sum[m][v]);
        }
    }
}

INLINE void scalar_tiles(const ink_gemm *g, const size_t a_m, const size_t a_k) {
    for (size_t panel = 0; panel < g->panels; panel++) {
        for (size_t column = 0; column < INK_LANES; column += COLUMNS) {
            size_t m = 0;
            for (; m + ROWS <= g->rows; m += ROWS) scalar_tile(g, ROWS, a_m, a_k, m, panel, column);
            for (; m < g->rows; m++) scalar_tile(g, 1, a_m, a_k, m, panel, column);
        }
    }
}

static void gemm(const ink_gemm *g) {
    if (g->a_m == INK_LANES && g->a_k == 1) {
        scalar_tiles(g, INK_LANES, 1);
    } else {
        scalar_tiles(g, g->a_m, g->a_k);
    }
}

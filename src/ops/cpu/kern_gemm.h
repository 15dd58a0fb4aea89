/* ops/cpu/kern_gemm.h: the register-tiled matrix product of kernels.h, included by each kern_<isa>.c after
 * kern_vector.h, once for each kind of element: GEMM, its name; ELEMENT; B_ROW elements of b for a step of depth;
 * A_ROW and A_NEXT, a_m and a_k of images down; A_COLUMN and A_LINE, those of channels down; LOAD, SPREAD and MULTIPLY.
 * The tile is what the registers hold; strides that the layouts fix are constants, so that the inner loop is loads,
 * broadcasts and fused multiply-adds alone.
 * Source   Goto & van de Geijn, Anatomy of high-performance matrix multiplication, 2008; Georganas et al., Harnessing
 * deep learning via a single building block, 2020 (batch-reduce gemm). */
#include "ops/cpu/kern_vector.h"
#include "ops/cpu/kernels.h"

#ifndef INK_OPS_CPU_KERN_GEMM_H
#define INK_OPS_CPU_KERN_GEMM_H

/* Registers: 32 hold 8 x 2 panels of one vector, or 4 x 1 panel of four; 16 hold 6 x 1 panel of two. */
#if VL == 16
#define TILE_ROWS   8
#define TILE_PANELS 2
#elif VL == 8
#define TILE_ROWS   6
#define TILE_PANELS 1
#else
#define TILE_ROWS   4
#define TILE_PANELS 1
#endif
#define TILE_VECTORS (TILE_PANELS * PV)

#define EACH_SUM(statement)                                                                                            \
    do {                                                                                                               \
        UNROLL_ALL                                                                                                     \
        for (int m = 0; m < rows; m++) {                                                                               \
            UNROLL_ALL                                                                                                 \
            for (int v = 0; v < vectors; v++) {                                                                        \
                statement;                                                                                             \
            }                                                                                                          \
        }                                                                                                              \
    } while (0)
#define PLACE_OF_SUM ((size_t)(v / PV) * g->out_panel + (size_t)m * g->out_m + (size_t)(v % PV) * VL)

/* What follows the sums of a tile at `out`; a mask in gradients alone. rows and vectors are constants after inlining.
 * Each question is asked once, not for each sum. */
INLINE void finish(const ink_gemm *g, const int rows, const int vectors, size_t at_panel, const float *out,
                   vf acc[TILE_ROWS][TILE_VECTORS]) {
    const size_t at = (size_t)(out - g->out), lanes = at_panel * INK_LANES;
    if (g->relu_first) EACH_SUM(acc[m][v] = vrelu(acc[m][v]));
    if (g->scale != NULL) {
        EACH_SUM(acc[m][v] = vfma(acc[m][v], vload(g->scale + lanes + (size_t)v * VL),
                                  vload(g->offset + lanes + (size_t)v * VL)));
    }
    if (g->residual != NULL) EACH_SUM(acc[m][v] += vload(g->residual + at + PLACE_OF_SUM));
    if (g->relu) EACH_SUM(acc[m][v] = vrelu(acc[m][v]));
    if (LEARNS && g->mask != NULL) EACH_SUM(acc[m][v] = vwhere_above(vload(g->mask + at + PLACE_OF_SUM), acc[m][v]));
}

#define JOIN_WORDS(a, b) a##b
#define JOIN(a, b)       JOIN_WORDS(a, b)

#endif

#define TILE       JOIN(GEMM, _tile)
#define TILES_DOWN JOIN(GEMM, _tiles_down)
#define TILES_ALL  JOIN(GEMM, _tiles_all)

/* rows and panels are constants after inlining; a_m, a_k constants where the layout gives them. */
INLINE void TILE(const ink_gemm *g, const int rows, const int panels, const size_t a_m, const size_t a_k, size_t at_row,
                 size_t at_panel) {
    const int vectors = panels * PV;
    vf acc[TILE_ROWS][TILE_VECTORS];
    float *out = g->out + at_panel * g->out_panel + at_row * g->out_m;
    UNROLL_ALL
    for (int v = 0; v < vectors; v++) {
        const size_t lane = (size_t)(v % PV) * VL;
        vf start = g->bias != NULL ? vload(g->bias + (at_panel + (size_t)(v / PV)) * INK_LANES + lane) : vset(0.0f);
        UNROLL_ALL
        for (int m = 0; m < rows; m++) {
            acc[m][v] = g->add ? vload(out + (size_t)(v / PV) * g->out_panel + (size_t)m * g->out_m + lane) : start;
        }
    }
    const ELEMENT *a_base = (const ELEMENT *)g->a + at_row * a_m;
    const ELEMENT *b_base = (const ELEMENT *)g->b + at_panel * g->b_panel;
    const size_t b_panel = g->b_panel;
    /* The panels of b that come next hold `depth` lines for each step of `inner`: as many rows ask for one each. */
    const ELEMENT *next = b_base;
    size_t asked = ((size_t)panels * b_panel + at_row * g->n_pairs * g->inner * B_ROW) * sizeof(ELEMENT);
    for (uint32_t o = 0; o < g->outer; o++) {
        for (uint32_t p = 0; p < g->n_pairs; p++) {
            const ELEMENT *a_pair = a_base + g->pairs[p].a, *b_pair = b_base + g->pairs[p].b;
            for (uint32_t i = 0; i < g->inner; i++) {
                const ELEMENT *a = a_pair, *b = b_pair;
                if (at_row < g->depth) {
                    UNROLL_ALL
                    for (int m = 0; m < rows; m++, asked += B_ROW * sizeof(ELEMENT)) {
                        UNROLL_ALL
                        for (int v = 0; v < panels; v++) ask_for(next, asked + (size_t)v * b_panel * sizeof(ELEMENT));
                    }
                }
                UNROLL_FOUR
                for (uint32_t k = 0; k < g->depth; k++) {
                    vf row[TILE_VECTORS];
                    UNROLL_ALL
                    for (int v = 0; v < vectors; v++) {
                        row[v] = LOAD(b + (size_t)(v / PV) * b_panel + (size_t)(v % PV) * VL);
                    }
                    UNROLL_ALL
                    for (int m = 0; m < rows; m++) {
                        vf x = SPREAD(a + (size_t)m * a_m);
                        UNROLL_ALL
                        for (int v = 0; v < vectors; v++) acc[m][v] = MULTIPLY(x, row[v], acc[m][v]);
                    }
                    a += a_k;
                    b += B_ROW;
                }
                a_pair += g->a_inner;
                b_pair += g->b_inner;
            }
        }
        a_base += g->a_outer;
        b_base += g->b_outer;
    }
    finish(g, rows, vectors, at_panel, out, acc);
    EACH_SUM(vstore(out + PLACE_OF_SUM, acc[m][v]));
}

/* All rows of one or two panels. */
INLINE void TILES_DOWN(const ink_gemm *g, const int panels, const size_t a_m, const size_t a_k, size_t at_panel) {
    size_t m = 0;
    for (; m + TILE_ROWS <= g->rows; m += TILE_ROWS) TILE(g, TILE_ROWS, panels, a_m, a_k, m, at_panel);
#if FEW_TILES
    for (; m < g->rows; m++) TILE(g, 1, panels, a_m, a_k, m, at_panel);
#else
    switch (g->rows - m) {
#if TILE_ROWS > 6
    case 7: TILE(g, 7, panels, a_m, a_k, m, at_panel); break;
    case 6: TILE(g, 6, panels, a_m, a_k, m, at_panel); break;
#endif
#if TILE_ROWS > 4
    case 5: TILE(g, 5, panels, a_m, a_k, m, at_panel); break;
    case 4: TILE(g, 4, panels, a_m, a_k, m, at_panel); break;
#endif
    case 3: TILE(g, 3, panels, a_m, a_k, m, at_panel); break;
    case 2: TILE(g, 2, panels, a_m, a_k, m, at_panel); break;
    case 1: TILE(g, 1, panels, a_m, a_k, m, at_panel); break;
    default: break;
    }
#endif
}

INLINE void TILES_ALL(const ink_gemm *g, const size_t a_m, const size_t a_k) {
    size_t p = 0;
    for (; p + TILE_PANELS <= g->panels; p += TILE_PANELS) TILES_DOWN(g, TILE_PANELS, a_m, a_k, p);
#if TILE_PANELS > 1
    if (p < g->panels) TILES_DOWN(g, 1, a_m, a_k, p);
#endif
}

static void GEMM(const ink_gemm *g) {
#if FEW_TILES
    TILES_ALL(g, g->a_m, g->a_k);
#else
    if (g->a_m == A_ROW && g->a_k == A_NEXT) {
        TILES_ALL(g, A_ROW, A_NEXT); /* images down: forward, gradient of the input */
    } else if (g->a_m == A_COLUMN && g->a_k == A_LINE) {
        TILES_ALL(g, A_COLUMN, A_LINE); /* channels down: gradient of the weights */
    } else {
        TILES_ALL(g, g->a_m, g->a_k); /* positions of one image down */
    }
#endif
}

#undef TILE
#undef TILES_DOWN
#undef TILES_ALL
#undef GEMM
#undef ELEMENT
#undef B_ROW
#undef A_ROW
#undef A_NEXT
#undef A_COLUMN
#undef A_LINE
#undef LOAD
#undef SPREAD
#undef MULTIPLY

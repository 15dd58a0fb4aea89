/* ops/cpu/kern_narrow.h: convolutions of maps of few channels and their gradients of weights, lanes being images,
 * included by each kern_<isa>.c after kern_vector.h. No lane is ever padding, whatever the number of channels. */
#ifndef INK_OPS_CPU_KERN_NARROW_H
#define INK_OPS_CPU_KERN_NARROW_H

#include "ops/cpu/kern_vector.h"
#include "ops/cpu/kernels.h"

/* Channels of a tile: 12 sums in registers (8 of a whole row each with AVX-512) hide the latency of a sum. */
#if VL == 16
#define NARROW_ROWS 8
#elif VL == 8
#define NARROW_ROWS 6
#else
#define NARROW_ROWS 3
#endif

/* In a browser images come one by one, and narrow maps are rare: there small code counts. */
#if FEW_TILES || defined(__wasm__)
#define FEW_SHAPES 1
#else
#define FEW_SHAPES 0
#endif

/* What follows the sum of channel m; at: 16 m + lane. */
INLINE vf narrow_finish(const ink_narrow *g, size_t m, size_t at, vf y) {
    if (g->relu_first) y = vrelu(y);
    if (g->scale != NULL) y = vfma(y, vset(g->scale[m]), vset(g->offset[m]));
    if (g->residual != NULL) y += vload(g->residual + at);
    if (g->relu) y = vrelu(y);
    if (LEARNS && g->mask != NULL) y = vwhere_above(vload(g->mask + at), y);
    return y;
}

/* Channels [first, first + rows) of one place; rows, w_m and w_k are constants after inlining. */
INLINE void narrow_tile(const ink_narrow *g, const int rows, const size_t w_m, const size_t w_k, size_t first,
                        size_t place) {
    vf sum[NARROW_ROWS][PV];
    UNROLL_ALL
    for (int m = 0; m < rows; m++) {
        const vf start = vset(g->bias != NULL ? g->bias[first + (size_t)m] : 0.0f);
        UNROLL_ALL
        for (int v = 0; v < PV; v++) sum[m][v] = start;
    }
    const float *x_base = g->x + place * g->x_place, *w_base = g->w + first * w_m;
    for (uint32_t p = 0; p < g->n_pairs; p++) {
        const float *x = x_base + g->pairs[p].a, *w = w_base + g->pairs[p].b;
        for (uint32_t k = 0; k < g->depth; k++, x += INK_LANES, w += w_k) {
            vf row[PV];
            UNROLL_ALL
            for (int v = 0; v < PV; v++) row[v] = vload(x + (size_t)v * VL);
            UNROLL_ALL
            for (int m = 0; m < rows; m++) {
                const vf weight = vset(w[(size_t)m * w_m]);
                UNROLL_ALL
                for (int v = 0; v < PV; v++) sum[m][v] = vfma(weight, row[v], sum[m][v]);
            }
        }
    }
    float *out = g->out + place * g->out_place;
    const bool after = g->scale != NULL || g->residual != NULL || g->mask != NULL || g->relu;
    UNROLL_ALL
    for (int m = 0; m < rows; m++) {
        UNROLL_ALL
        for (int v = 0; v < PV; v++) {
            const size_t row = first + (size_t)m, at = row * INK_LANES + (size_t)v * VL;
            vf y = sum[m][v];
            if (after) y = narrow_finish(g, row, place * g->out_place + at, y);
            vstore(out + at, y);
        }
    }
}

INLINE void narrow_places(const ink_narrow *g, const int rows, const size_t w_m, const size_t w_k, size_t first) {
    for (size_t i = 0; i < g->places; i++) narrow_tile(g, rows, w_m, w_k, first, i);
}

/* Tiles of as many channels each as can be, alike within one. */
INLINE void narrow_all(const ink_narrow *g, const size_t w_m, const size_t w_k) {
    const size_t tiles = (g->rows + NARROW_ROWS - 1) / NARROW_ROWS;
    for (size_t t = 0; t < tiles; t++) {
        const size_t first = g->rows * t / tiles;
#if FEW_SHAPES
        for (size_t m = first; m < g->rows * (t + 1) / tiles; m++) narrow_places(g, 1, w_m, w_k, m);
#else
        switch (g->rows * (t + 1) / tiles - first) {
#if NARROW_ROWS > 6
        case 8: narrow_places(g, 8, w_m, w_k, first); break;
        case 7: narrow_places(g, 7, w_m, w_k, first); break;
#endif
#if NARROW_ROWS > 3
        case 6: narrow_places(g, 6, w_m, w_k, first); break;
        case 5: narrow_places(g, 5, w_m, w_k, first); break;
        case 4: narrow_places(g, 4, w_m, w_k, first); break;
#endif
        case 3: narrow_places(g, 3, w_m, w_k, first); break;
        case 2: narrow_places(g, 2, w_m, w_k, first); break;
        default: narrow_places(g, 1, w_m, w_k, first); break;
        }
#endif
    }
}

static void narrow(const ink_narrow *g) {
    if (g->w_m == 1) {
        narrow_all(g, 1, INK_LANES); /* forward */
    } else {
        narrow_all(g, INK_LANES, 1); /* towards the input */
    }
}

/* ---- gradients of the weights ---- */

#define NARROW_DW_ROWS    3
#define NARROW_DW_COLUMNS 4

INLINE void narrow_dw_tile(const ink_narrow_dw *g, const int rows, const int across, size_t row, size_t column,
                           size_t lane) {
    vf sum[NARROW_DW_ROWS][NARROW_DW_COLUMNS];
    float *to = g->to + (row * g->columns + column) * INK_LANES + lane;
    UNROLL_ALL
    for (int m = 0; m < rows; m++) {
        UNROLL_ALL
        for (int c = 0; c < across; c++) sum[m][c] = vload(to + ((size_t)m * g->columns + (size_t)c) * INK_LANES);
    }
    const float *x = g->x + column * INK_LANES + lane, *dy = g->dy + row * INK_LANES + lane;
    for (uint32_t i = 0; i < g->places; i++, x += g->x_place, dy += g->dy_place) {
        vf in[NARROW_DW_COLUMNS];
        UNROLL_ALL
        for (int c = 0; c < across; c++) in[c] = vload(x + (size_t)c * INK_LANES);
        UNROLL_ALL
        for (int m = 0; m < rows; m++) {
            const vf slope = vload(dy + (size_t)m * INK_LANES);
            UNROLL_ALL
            for (int c = 0; c < across; c++) sum[m][c] = vfma(slope, in[c], sum[m][c]);
        }
    }
    UNROLL_ALL
    for (int m = 0; m < rows; m++) {
        UNROLL_ALL
        for (int c = 0; c < across; c++) vstore(to + ((size_t)m * g->columns + (size_t)c) * INK_LANES, sum[m][c]);
    }
}

INLINE void narrow_dw_columns(const ink_narrow_dw *g, const int rows, size_t row, size_t lane) {
    const size_t tiles = (g->columns + NARROW_DW_COLUMNS - 1) / NARROW_DW_COLUMNS;
    for (size_t t = 0; t < tiles; t++) {
        const size_t first = g->columns * t / tiles, end = g->columns * (t + 1) / tiles;
#if FEW_SHAPES
        for (size_t c = first; c < end; c++) narrow_dw_tile(g, rows, 1, row, c, lane);
#else
        switch (end - first) {
        case 4: narrow_dw_tile(g, rows, 4, row, first, lane); break;
        case 3: narrow_dw_tile(g, rows, 3, row, first, lane); break;
        case 2: narrow_dw_tile(g, rows, 2, row, first, lane); break;
        default: narrow_dw_tile(g, rows, 1, row, first, lane); break;
        }
#endif
    }
}

static void narrow_dw(const ink_narrow_dw *g) {
    const size_t tiles = (g->rows + NARROW_DW_ROWS - 1) / NARROW_DW_ROWS;
    for (size_t lane = 0; lane < INK_LANES; lane += VL) {
        for (size_t t = 0; t < tiles; t++) {
            const size_t first = g->rows * t / tiles, end = g->rows * (t + 1) / tiles;
#if FEW_SHAPES
            for (size_t m = first; m < end; m++) narrow_dw_columns(g, 1, m, lane);
#else
            switch (end - first) {
            case 3: narrow_dw_columns(g, 3, first, lane); break;
            case 2: narrow_dw_columns(g, 2, first, lane); break;
            default: narrow_dw_columns(g, 1, first, lane); break;
            }
#endif
        }
    }
}

#define KERNELS_OF_NARROW .narrow = narrow, .narrow_dw = narrow_dw

#endif

/* ops/cuda/kern_product.cu: convolutions, linear layers and their gradients as matrix products whose left side is
 * gathered from the map while it is read ("implicit GEMM"). kern_tile.h does the multiplying, once for each precision.
 *
 * A block makes INK_TILE x INK_TILE of the result, INK_DEPTH of the sum's terms at a time: threads read the next slices
 * of both sides into registers while the present ones, in shared memory, are multiplied; then they store theirs beside.
 * Source   Chetlur et al., cuDNN: efficient primitives for deep learning, arXiv:1410.0759 (gathering);
 *          NVIDIA, PTX ISA 8, "Matrix fragments for mma" (who holds what) */
#include "ops/cuda/kern.h"
#include "ops/cuda/kern_gather.h"
#include "ops/cuda/kern_mma.h"

#define STAGED     16                         /* elements of a slice that a thread reads */
#define QUARTERS   (INK_DEPTH / 4)            /* threads along a row of a slice, 4 terms each */
#define ROW_STEP   (INK_BLOCK / QUARTERS)     /* rows apart are those that one thread reads */
#define ROW_TURNS  (INK_TILE / ROW_STEP)      /* rows that one thread reads */
#define GROUPS     (INK_TILE / 4)             /* threads along the columns of a turned slice, 4 columns each */
#define PAIR_STEP  (2 * (INK_BLOCK / GROUPS)) /* terms apart are the pairs that one thread reads */
#define PAIR_TURNS (INK_DEPTH / PAIR_STEP)    /* pairs of terms that one thread reads */
#define OUT_STRIDE (INK_TILE + 4)

/* Where the channels of a place's tap begin, in rows of x; false outside the map. */
INK_DEVICE bool tap_pixel(const place *at, ink_cuda_tap tap, uint32_t height, uint32_t width, uint64_t *pixel) {
    const int32_t h = at->h + tap.dh, w = at->w + tap.dw;
    if (h < 0 || w < 0 || h >= (int32_t)height || w >= (int32_t)width) return false;
    *pixel = (uint64_t)at->pixel + (uint32_t)h * width + (uint32_t)w;
    return true;
}

/* ---- gather: slices of both sides, 4 terms of ROW_TURNS rows each: rows t / QUARTERS + i ROW_STEP ---- */

INK_DEVICE void read_left_term(const ink_cuda_gather *a, ink_cuda_grid grid, const place *at, uint32_t d, uint32_t e,
                               bool four, float *out) {
    const uint32_t tap_at = d / a->c, c = d - tap_at * a->c;
    const ink_cuda_tap tap = a->taps[grid.first_tap + tap_at];
    INK_UNROLL
    for (uint32_t i = 0; i < ROW_TURNS; i++) {
        uint64_t pixel;
        if (!tap_pixel(&at[i], tap, a->in_h, a->in_w, &pixel)) continue;
        if (four) {
            ink_load4(out + 4 * i, a->x + pixel * a->c + c);
        } else {
            out[4 * i + e] = a->x[pixel * a->c + c];
        }
    }
}

INK_DEVICE void read_left(const ink_cuda_gather *a, ink_cuda_grid grid, const place *at, uint32_t first, unsigned t,
                          float *out) {
    const uint32_t terms = grid.n_taps * a->c, d = first + 4 * (t % QUARTERS);
    INK_UNROLL
    for (uint32_t i = 0; i < STAGED; i++) out[i] = 0.0f;
    if (a->c % 4 == 0) {
        if (d < terms) read_left_term(a, grid, at, d, 0, true, out);
        return;
    }
    INK_UNROLL
    for (uint32_t e = 0; e < 4; e++) {
        if (d + e < terms) read_left_term(a, grid, at, d + e, e, false, out);
    }
}

/* Weights whose terms lie one after another: as the left side. */
INK_DEVICE void read_right_term(const ink_cuda_gather *a, ink_cuda_grid grid, uint32_t column, uint32_t d, uint32_t e,
                                bool four, float *out) {
    const uint32_t tap_at = d / a->c, c = d - tap_at * a->c;
    const float *w = a->w + a->taps[grid.first_tap + tap_at].weight + c;
    INK_UNROLL
    for (uint32_t i = 0; i < ROW_TURNS; i++) {
        const uint32_t k = column + i * ROW_STEP;
        if (k >= a->k) continue;
        if (four) {
            ink_load4(out + 4 * i, w + (uint64_t)k * a->w_column);
        } else {
            out[4 * i + e] = w[(uint64_t)k * a->w_column];
        }
    }
}

INK_DEVICE void read_right(const ink_cuda_gather *a, ink_cuda_grid grid, uint32_t first, unsigned t, float *out) {
    const uint32_t terms = grid.n_taps * a->c, column = INK_Y * INK_TILE + t / QUARTERS;
    const uint32_t d = first + 4 * (t % QUARTERS);
    INK_UNROLL
    for (uint32_t i = 0; i < STAGED; i++) out[i] = 0.0f;
    if (a->c % 4 == 0 && a->w_column % 4 == 0) {
        if (d < terms) read_right_term(a, grid, column, d, 0, true, out);
        return;
    }
    INK_UNROLL
    for (uint32_t e = 0; e < 4; e++) {
        if (d + e < terms) read_right_term(a, grid, column, d + e, e, false, out);
    }
}

/* ---- turned slices: 4 columns of PAIR_TURNS pairs of terms: columns 4 (t % GROUPS), terms 2 (t / GROUPS) + i
 * PAIR_STEP; out[pair][term of it][column]. Rows of columns begin on 16 bytes where columns % 4 == 0. ---- */

INK_DEVICE void read_columns(const float *row, uint32_t first, uint32_t columns, float *out) {
    if (columns % 4 == 0) {
        if (first < columns) ink_load4(out, row + first);
        return;
    }
    INK_UNROLL
    for (uint32_t e = 0; e < 4; e++) {
        if (first + e < columns) out[e] = row[first + e];
    }
}

/* Term 0 .. 2 PAIR_TURNS - 1 of this thread: its number within the slice. */
INK_DEVICE uint32_t turned_term(uint32_t i, unsigned t) {
    return 2 * (t / GROUPS) + i / 2 * PAIR_STEP + i % 2;
}

/* Weights whose columns lie one after another. */
INK_DEVICE void read_right_turned(const ink_cuda_gather *a, ink_cuda_grid grid, uint32_t first, unsigned t,
                                  float *out) {
    const uint32_t terms = grid.n_taps * a->c, column = INK_Y * INK_TILE + 4 * (t % GROUPS);
    INK_UNROLL
    for (uint32_t i = 0; i < STAGED; i++) out[i] = 0.0f;
    INK_UNROLL
    for (uint32_t i = 0; i < 2 * PAIR_TURNS; i++) {
        const uint32_t d = first + turned_term(i, t);
        if (d >= terms) continue;
        const uint32_t tap_at = d / a->c, c = d - tap_at * a->c;
        read_columns(a->w + a->taps[grid.first_tap + tap_at].weight + (uint64_t)c * a->w_channel, column, a->k,
                     out + 4 * i);
    }
}

/* Rows of dy: terms are rows m, columns k. */
INK_DEVICE void read_dy(const ink_cuda_outer *a, uint32_t first, uint32_t end, unsigned t, float *out) {
    const uint32_t column = INK_Y * INK_TILE + 4 * (t % GROUPS);
    INK_UNROLL
    for (uint32_t i = 0; i < STAGED; i++) out[i] = 0.0f;
    INK_UNROLL
    for (uint32_t i = 0; i < 2 * PAIR_TURNS; i++) {
        const uint32_t m = first + turned_term(i, t);
        if (m < end) read_columns(a->dy + (uint64_t)m * a->k, column, a->k, out + 4 * i);
    }
}

/* One column, or four of one tap, of what row `at` reads. */
INK_DEVICE void read_map_column(const ink_cuda_outer *a, const place *at, uint32_t column, bool four, float *out) {
    const uint32_t tap_at = column / a->c, c = column - tap_at * a->c;
    uint64_t pixel;
    if (!tap_pixel(at, a->taps[tap_at], a->in_h, a->in_w, &pixel)) return;
    if (four) {
        ink_load4(out, a->x + pixel * a->c + c);
    } else {
        out[0] = a->x[pixel * a->c + c];
    }
}

/* The maps' places under each row m: terms are rows m, columns (live tap, channel). */
INK_DEVICE void read_map(const ink_cuda_outer *a, uint32_t first, uint32_t end, unsigned t, float *out) {
    const uint32_t column = INK_X * INK_TILE + 4 * (t % GROUPS), columns = a->n_taps * a->c;
    INK_UNROLL
    for (uint32_t i = 0; i < STAGED; i++) out[i] = 0.0f;
    INK_UNROLL
    for (uint32_t i = 0; i < 2 * PAIR_TURNS; i++) {
        const uint32_t m = first + turned_term(i, t);
        if (m >= end) continue;
        const place at = place_of(m, end, a->out_h, a->out_w, a->in_step, a->in_h * a->in_w);
        if (a->c % 4 == 0) {
            if (column < columns) read_map_column(a, &at, column, true, out + 4 * i);
            continue;
        }
        INK_UNROLL
        for (uint32_t e = 0; e < 4; e++) {
            if (column + e < columns) read_map_column(a, &at, column + e, false, out + 4 * i + e);
        }
    }
}

/* ---- the result ---- */

/* Where a thread's sums stand: sum [i][j][e] of thread t is this row and column of the tile; as mma has its result. */
#define SUM_ROW(t, i, e)    ((t) / 64 * 32 + 16 * (i) + (t) % 32 / 4 + (e) / 2 * 8)
#define SUM_COLUMN(t, j, e) ((t) / 32 % 2 * 32 + 8 * (j) + (t) % 4 * 2 + (e) % 2)

INK_DEVICE void clear_sums(float sums[2][4][4]) {
    INK_UNROLL
    for (uint32_t i = 0; i < 32; i++) sums[i / 16][i / 4 % 4][i % 4] = 0.0f;
}

/* The sums of thread t to their places in the tile. */
INK_DEVICE void put_sums(unsigned t, float sums[2][4][4], float *tile) {
    INK_UNROLL
    for (uint32_t i = 0; i < 32; i++) {
        tile[SUM_ROW(t, i / 16, i % 4) * OUT_STRIDE + SUM_COLUMN(t, i / 4 % 4, i % 4)] = sums[i / 16][i / 4 % 4][i % 4];
    }
}

/* ---- one text for each precision ---- */

#define NAME_OF(kind, precision)     NAME_JOINED(kind, precision)
#define NAME_JOINED(kind, precision) kind##_##precision

#define PRECISION f32
#include "ops/cuda/kern_tile_f32.h"
#include "ops/cuda/kern_tile.h"
#undef PRECISION

#define PRECISION tf32
#include "ops/cuda/kern_tile_tf32.h"
#include "ops/cuda/kern_tile.h"
#undef PRECISION

#define PRECISION bf16
#include "ops/cuda/kern_tile_bf16.h"
#include "ops/cuda/kern_tile.h"
#undef PRECISION

/* dw from the parts, in their order. */
INK_KERNEL(outer_join, ink_cuda_outer_join) {
    INK_THREADS {
        const uint64_t i = (uint64_t)INK_X * INK_BLOCK + t, rows = ink_over(i, a.c), k = ink_over(rows, a.n_taps);
        if (k >= a.k) continue;
        const uint32_t c = (uint32_t)(i - rows * a.c), tap = (uint32_t)(rows - k * a.n_taps);
        const uint64_t columns = (uint64_t)a.n_live * a.parts_c;
        const int32_t live = a.live[tap];
        float sum = 0.0f;
        for (uint32_t part = 0; live >= 0 && part < a.n_parts; part++) {
            sum += a.parts[((uint64_t)part * a.k + k) * columns + (uint64_t)live * a.parts_c + c];
        }
        a.dw[i] = sum;
    }
}

/* tests/ops/emulated.c: bfloat16 products and conversions, one number at a time.
 * It is not meant to be fast, and no bits of it are a contract. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "emulated.h"

static uint16_t half_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if ((bits & 0x7f800000u) == 0) return (uint16_t)(bits >> 16 & 0x8000u); /* subnormals count as 0 */
    if (x != x) return (uint16_t)(bits >> 16 | 0x40u);                      /* a NaN stays one */
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);          /* to nearest, ties to even */
}

static float float_of(uint16_t x) {
    uint32_t bits = (uint32_t)x << 16;
    float y;
    memcpy(&y, &bits, sizeof y);
    return y;
}

/* 16 sums of one row of a and one panel of b. */
static void row(const ink_gemm *g, size_t m, size_t v, float *restrict sums) {
    for (size_t o = 0; o < g->outer; o++) {
        for (size_t p = 0; p < g->n_pairs; p++) {
            for (size_t i = 0; i < g->inner; i++) {
                const bool paired = g->a_pair != 0 && (i | 1) < g->inner;
                const uint16_t *a = (const uint16_t *)g->a + o * g->a_outer + g->pairs[p].a;
                a += paired ? i / 2 * 2 * g->a_inner + m * g->a_pair + i % 2 * INK_LANES : i * g->a_inner + m * g->a_m;
                const uint16_t *b =
                    (const uint16_t *)g->b + o * g->b_outer + g->pairs[p].b + i * g->b_inner + v * g->b_panel;
                for (size_t k = 0; k < g->depth; k++, a += g->a_k, b += 2 * INK_LANES) {
                    const float first = float_of(a[0]), second = float_of(a[1]);
                    for (size_t j = 0; j < INK_LANES; j++) {
                        sums[j] += first * float_of(b[2 * j]);
                        sums[j] += second * float_of(b[2 * j + 1]);
                    }
                }
            }
        }
    }
}

static void gemm_bf16(const ink_gemm *g) {
    for (size_t v = 0; v < g->panels; v++) {
        for (size_t m = 0; m < g->rows; m++) {
            float *out = g->out + v * g->out_panel + m * g->out_m, sums[INK_LANES];
            for (size_t j = 0; j < INK_LANES; j++) {
                sums[j] = g->add ? out[j] : g->bias != NULL ? g->bias[v * INK_LANES + j] : 0.0f;
            }
            row(g, m, v, sums);
            for (size_t j = 0; j < INK_LANES; j++) {
                float y = g->relu_first && sums[j] < 0 ? 0.0f : sums[j];
                if (g->scale != NULL) y = fmaf(y, g->scale[v * INK_LANES + j], g->offset[v * INK_LANES + j]);
                if (g->residual != NULL) y += g->residual[out - g->out + (ptrdiff_t)j];
                if (g->mask != NULL && !(g->mask[out - g->out + (ptrdiff_t)j] > 0)) y = 0.0f;
                out[j] = g->relu && y < 0 ? 0.0f : y;
            }
        }
    }
}

static _Thread_local bool is_inside;

static void enter(void) {
    assert_false(is_inside);
    is_inside = true;
}

static void leave(void) {
    assert_true(is_inside);
    is_inside = false;
}

static void gemm_of_tiles(const ink_gemm *g) {
    assert_true(is_inside && g->a_k == 2 && g->depth == INK_LANES / 2);
    assert_true(g->places <= 1 || g->rows == INK_LANES);
    for (size_t i = 0; i < (g->places > 1 ? g->places : 1); i++) {
        ink_gemm one = *g;
        one.a = (const uint16_t *)g->a + i * g->a_place;
        one.out += i * g->out_place;
        if (g->residual != NULL) one.residual += i * g->out_place;
        if (g->mask != NULL) one.mask += i * g->out_place;
        gemm_bf16(&one);
    }
}

static void to_bf16(const float *from, uint16_t *to, size_t count) {
    for (size_t i = 0; i < count; i++) to[i] = half_of(from[i]);
}

static void round_bf16(const float *from, float *to, size_t count) {
    for (size_t i = 0; i < count; i++) to[i] = float_of(half_of(from[i]));
}

static void pair_rows(const float *from, size_t from_step, uint16_t *to, size_t to_step, size_t count, size_t rows) {
    for (size_t t = 0; t < count; t++) {
        for (size_t i = 0; i < rows; i++) {
            for (size_t j = 0; j < INK_LANES; j++) {
                to[t * to_step + i / 2 * 2 * INK_LANES + 2 * j + (i & 1)] =
                    half_of(from[t * from_step + i * INK_LANES + j]);
            }
        }
    }
}

static void pair_panels(const float *from, uint16_t *to, size_t places, size_t groups, size_t rows) {
    for (size_t i = 0; i < places; i++) {
        for (size_t g = 0; g < groups; g++) {
            const bool paired = (g | 1) < groups;
            for (size_t m = 0; m < rows; m++, from += INK_LANES) {
                uint16_t *row = to + (i * groups + g) * rows * INK_LANES + m * INK_LANES;
                if (paired) row = to + ((i * groups + g / 2 * 2) * rows + 2 * m + g % 2) * INK_LANES;
                to_bf16(from, row, INK_LANES);
            }
        }
    }
}

static void turn_rows(const float *from, uint16_t *to, size_t count) {
    for (size_t t = 0; t < count; t++, from += INK_LANES * INK_LANES, to += INK_LANES * INK_LANES) {
        for (size_t i = 0; i < INK_LANES; i++) {
            for (size_t j = 0; j < INK_LANES; j++) to[j * INK_LANES + i] = half_of(from[i * INK_LANES + j]);
        }
    }
}

static ink_kernels whole; /* the table that these loops stand beside */

/* Row by row, in float, then rounded. */
static void round_elements(ink_circle circle, uint32_t points, const float *const *from, uint16_t *to, size_t step,
                           size_t rows) {
    for (size_t row = 0; row < rows; row++) {
        const float *lanes[INK_CIRCLE_POINTS];
        float out[INK_CIRCLE_MOST * INK_LANES];
        for (size_t i = 0; i < points * points; i++) lanes[i] = from[i] + row * INK_LANES;
        whole.fourier[circle].inputs(lanes, out, INK_LANES, 1);
        for (size_t e = 0; e < ink_circle_elements(points); e++) {
            to_bf16(out + e * INK_LANES, to + e * step + row * INK_LANES, INK_LANES);
        }
    }
}

#define INPUTS_OF(circle, points)                                                                                      \
    static void inputs_of_##points(const float *const *from, void *to, size_t step, size_t rows) {                     \
        round_elements(circle, points, from, to, step, rows);                                                          \
    }
INPUTS_OF(INK_CIRCLE_FIVE, 5)
INPUTS_OF(INK_CIRCLE_EIGHT, 8)
INPUTS_OF(INK_CIRCLE_TEN, 10)
INPUTS_OF(INK_CIRCLE_TWELVE, 12)

ink_kernels emulated_bf16(bool tiles) {
    ink_kernels table;
    ink_error err;
    if (ink_kernels_pick(&table, &err) != INK_OK) fail_msg("%s", err.text);
    whole = table;
    table.name = "emulated bf16";
    table.has_bf16 = true;
    table.gemm_bf16 = gemm_bf16;
    table.to_bf16 = to_bf16;
    table.round_bf16 = round_bf16;
    table.pair_rows = pair_rows;
    table.inputs_bf16[INK_CIRCLE_FIVE] = inputs_of_5;
    table.inputs_bf16[INK_CIRCLE_EIGHT] = inputs_of_8;
    table.inputs_bf16[INK_CIRCLE_TEN] = inputs_of_10;
    table.inputs_bf16[INK_CIRCLE_TWELVE] = inputs_of_12;
    table.tiles = tiles;
    table.enter = tiles ? enter : NULL;
    table.leave = tiles ? leave : NULL;
    table.pair_panels = tiles ? pair_panels : NULL;
    table.turn_rows = tiles ? turn_rows : NULL;
    if (tiles) table.gemm_bf16 = gemm_of_tiles;
    return table;
}

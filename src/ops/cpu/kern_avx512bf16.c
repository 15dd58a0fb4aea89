/* ops/cpu/kern_avx512bf16.c: what AVX-512 with bfloat16 products adds to the table of kern_avx512.c.
 * vdpbf16ps rounds to nearest and takes subnormals as zero whatever the control register says: no other processor's
 * instructions give its bits, so bfloat16 is offered where it is native and nowhere else. */
#include <string.h>

#include "ops/cpu/kern_pairs.h"

INLINE vf load_pairs(const uint16_t *p) {
    return (vf)_mm512_loadu_si512(p);
}

INLINE vf spread_pair(const uint16_t *p) {
    int32_t pair;
    memcpy(&pair, p, sizeof pair);
    return (vf)_mm512_set1_epi32(pair);
}

INLINE vf multiply_pairs(vf x, vf y, vf sum) {
    return (vf)_mm512_dpbf16_ps((__m512)sum, (__m512bh)y, (__m512bh)x);
}

#define GEMM              gemm_bf16
#define ELEMENT           uint16_t
#define B_ROW             (2 * INK_LANES)
#define A_ROW             INK_LANES
#define A_NEXT            2
#define A_COLUMN          2
#define A_LINE            (2 * INK_LANES)
#define LOAD(p)           load_pairs(p)
#define SPREAD(p)         spread_pair(p)
#define MULTIPLY(x, y, z) multiply_pairs(x, y, z)
#include "ops/cpu/kern_gemm.h"

INLINE void put_half(uint16_t *to, vf x) {
    __m256bh half = _mm512_cvtneps_pbh((__m512)x);
    memcpy(to, &half, sizeof half);
}

#define PUT(p, x) put_half(p, x)
#include "ops/cpu/kern_circle_bf16.h"

static void to_bf16(const float *from, uint16_t *to, size_t count) {
    for (size_t i = 0; i < count; i += VL) put_half(to + i, vload(from + i));
}

static void round_bf16(const float *from, float *to, size_t count) {
    for (size_t i = 0; i < count; i += VL) {
        __m256bh half = _mm512_cvtneps_pbh((__m512)vload(from + i));
        __m256i bits;
        memcpy(&bits, &half, sizeof bits);
        vstore(to + i, (vf)_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
    }
}

static void pair_rows(const float *from, size_t from_step, uint16_t *to, size_t to_step, size_t count, size_t rows) {
    for (size_t t = 0; t < count; t++, from += from_step, to += to_step) {
        for (size_t i = 0; i < rows; i += 2) {
            _mm512_storeu_si512(to + i * INK_LANES, paired_rows(from + i * INK_LANES));
        }
    }
}

#define PEAK_CHAINS 12 /* as in kern_peak.h */

static float peak_bf16(uint64_t rounds) {
    vf sum[PEAK_CHAINS];
    const vf pairs = (vf)_mm512_set1_epi16(0x3c00); /* 2^-7 each */
    float all = 0;
    UNROLL_ALL
    for (int k = 0; k < PEAK_CHAINS; k++) sum[k] = vset((float)k);
    for (uint64_t i = 0; i < rounds; i++) {
        UNROLL_ALL
        for (int k = 0; k < PEAK_CHAINS; k++) sum[k] = multiply_pairs(pairs, pairs, sum[k]);
    }
    for (int k = 0; k < PEAK_CHAINS; k++) {
        for (int j = 0; j < VL; j++) all += sum[k][j];
    }
    return all;
}

void ink_kernels_add_bf16(ink_kernels *table) {
    table->name = "avx512bf16";
    table->has_bf16 = true;
    table->gemm_bf16 = gemm_bf16;
    table->to_bf16 = to_bf16;
    table->round_bf16 = round_bf16;
    table->pair_rows = pair_rows;
    memcpy(table->inputs_bf16, inputs_bf16, sizeof inputs_bf16);
    table->peak_bf16 = peak_bf16;
    table->peak_bf16_flops = 2 * PEAK_CHAINS * 2 * VL;
}

/* bench/standin_bf16.c: bf16's inner loops for a processor that has none, of their speed but not of their results, so
 * that plans in bf16 can be compared there; built into bench_ops.c with -DSTANDIN (docs/SPEED.md has the line). AVX2.
 * A product of floats over the same bytes stands for one of bf16: as many loads, and as many multiply-adds of the same
 * width, each for two terms. What it multiplies is two bf16 numbers read as one float. Conversions are real.
 * What this cannot show: how fast vdpbf16ps itself is beside vfmadd. */
#include <string.h>

#include "ops/cpu/kern_vector.h"
#include "ops/cpu/kernels.h"

#if VL != 8
#error "standin_bf16.c is for AVX2: -mavx2 -mfma"
#endif

typedef float pair_any __attribute__((aligned(2), may_alias));
typedef float pairs_any __attribute__((vector_size(32), aligned(2), may_alias));

#define GEMM              gemm_bf16
#define ELEMENT           uint16_t
#define B_ROW             (2 * INK_LANES)
#define A_ROW             INK_LANES
#define A_NEXT            2
#define A_COLUMN          2
#define A_LINE            (2 * INK_LANES)
#define LOAD(p)           (*(const pairs_any *)(p))
#define SPREAD(p)         vset(*(const pair_any *)(p))
#define MULTIPLY(x, y, z) vfma(x, y, z)
#include "ops/cpu/kern_gemm.h"

/* To nearest, ties to even; NaN and subnormals as they come. */
INLINE __m128i halves_of(vf x) {
    __m256i bits = (__m256i)x;
    const __m256i last = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    bits = _mm256_add_epi32(bits, _mm256_add_epi32(_mm256_set1_epi32(0x7fff), last));
    bits = _mm256_srli_epi32(bits, 16);
    return _mm_packus_epi32(_mm256_castsi256_si128(bits), _mm256_extracti128_si256(bits, 1));
}

INLINE void put_half(uint16_t *to, vf x) {
    const __m128i half = halves_of(x);
    memcpy(to, &half, sizeof half);
}

#define PUT(p, x) put_half(p, x)
#include "ops/cpu/kern_circle_bf16.h"

static void to_bf16(const float *from, uint16_t *to, size_t count) {
    for (size_t i = 0; i < count; i += VL) put_half(to + i, vload(from + i));
}

static void round_bf16(const float *from, float *to, size_t count) {
    for (size_t i = 0; i < count; i += VL) {
        vstore(to + i, (vf)_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves_of(vload(from + i))), 16));
    }
}

static void pair_rows(const float *from, size_t from_step, uint16_t *to, size_t to_step, size_t count, size_t rows) {
    for (size_t t = 0; t < count; t++, from += from_step, to += to_step) {
        for (size_t i = 0; i < rows; i += 2) {
            for (size_t j = 0; j < INK_LANES; j += VL) {
                const float *row = from + i * INK_LANES + j;
                const __m128i a = halves_of(vload(row)), b = halves_of(vload(row + INK_LANES));
                const __m128i low = _mm_unpacklo_epi16(a, b), high = _mm_unpackhi_epi16(a, b);
                memcpy(to + i * INK_LANES + 2 * j, &low, sizeof low);
                memcpy(to + i * INK_LANES + 2 * j + VL, &high, sizeof high);
            }
        }
    }
}

const ink_kernels *bench_kernels(void) {
    static ink_kernels table;
    if (ink_kernels_pick(&table, NULL) != INK_OK) return NULL;
    /* Two numbers read as one may be subnormal, which some processors are slow at. */
    _MM_SET_DENORMALS_ZERO_MODE(_MM_DENORMALS_ZERO_ON);
    _MM_SET_FLUSH_ZERO_MODE(_MM_FLUSH_ZERO_ON);
    table.name = "stand-in for bf16";
    table.has_bf16 = true;
    table.gemm_bf16 = gemm_bf16;
    table.to_bf16 = to_bf16;
    table.round_bf16 = round_bf16;
    table.pair_rows = pair_rows;
    memcpy(table.inputs_bf16, inputs_bf16, sizeof inputs_bf16);
    return &table;
}

/* ops/cpu/kern_vector.h: vectors of floats, VL wide, for the kern_<isa>.c that includes it; the few intrinsics that
 * GCC's vector extensions lack. Nothing here may be included by any other file. */
#ifndef INK_OPS_CPU_KERN_VECTOR_H
#define INK_OPS_CPU_KERN_VECTOR_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#if defined(__AVX512F__)
#define VL 16
#elif defined(__AVX2__)
#define VL 8
#else
#define VL 4
#endif
#define PV (16 / VL) /* vectors in a row of a panel */

typedef float vf __attribute__((vector_size(VL * 4)));
typedef int32_t vi __attribute__((vector_size(VL * 4)));
typedef float vf_any __attribute__((vector_size(VL * 4), aligned(4), may_alias));

#define INLINE static inline __attribute__((always_inline))

/* Loops over registers must vanish; the loop over depth becomes four steps at a time. */
#if defined(__clang__)
#define UNROLL_ALL  _Pragma("clang loop unroll(full)")
#define UNROLL_FOUR _Pragma("clang loop unroll_count(4)")
#define UNROLL_NOT  _Pragma("clang loop unroll(disable)")
#else
#define UNROLL_ALL  _Pragma("GCC unroll 16")
#define UNROLL_FOUR _Pragma("GCC unroll 4")
#define UNROLL_NOT  _Pragma("GCC unroll 1")
#endif

/* Sanitizers make each access many instructions: then the shapes of a tile are few, so that compilers end. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FEW_TILES 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define FEW_TILES 1
#endif
#endif
#ifndef FEW_TILES
#define FEW_TILES 0
#endif

/* In a browser nets are asked, not trained: the largest of what training alone calls is left out there. */
#ifdef __wasm__
#define LEARNS           0
#define LEARNING(kernel) NULL
#else
#define LEARNS           1
#define LEARNING(kernel) kernel
#endif

INLINE vf vload(const float *p) {
    return *(const vf_any *)p;
}

/* Asks for the cache line `bytes` behind p to come into the second-level cache; what lies beyond an array is asked for
 * in vain, and harms nothing. */
INLINE void ask_for(const void *p, size_t bytes) {
    __builtin_prefetch((const void *)((uintptr_t)p + bytes), 0, 2);
}

INLINE void vstore(float *p, vf x) {
    *(vf_any *)p = x;
}

INLINE vf vset(float x) {
#if defined(__AVX512F__)
    return (vf)_mm512_set1_ps(x);
#elif defined(__AVX2__)
    return (vf)_mm256_set1_ps(x);
#else
    return (vf){x, x, x, x};
#endif
}

/* a * b + c, rounded once */
#if defined(__AVX512F__)
INLINE vf vfma(vf a, vf b, vf c) {
    return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}
#elif defined(__FMA__)
INLINE vf vfma(vf a, vf b, vf c) {
    return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}
#elif defined(__aarch64__)
INLINE vf vfma(vf a, vf b, vf c) {
    return (vf)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
}
#elif defined(__wasm__)
/* Rounded twice: WebAssembly has no such instruction, and the exact way below takes thirty times as long. So the page's
 * answers differ from the program's in the last bits. */
INLINE vf vfma(vf a, vf b, vf c) {
    return a * b + c;
}
#else
/* No instruction for it: in double the product is exact and the sum nearly so; its last bit is set to odd when it was
 * rounded, and then the second rounding, to float, is right (Boldo & Melquiond, Emulation of FMA and correctly rounded
 * sums: proved algorithms using rounding to odd, 2008). A call, as inlined it would fill the registers many times. */
typedef double vd __attribute__((vector_size(VL * 8)));
typedef int64_t vl __attribute__((vector_size(VL * 8)));

static __attribute__((noinline)) vf vfma(vf a, vf b, vf c) {
    vd product = __builtin_convertvector(a, vd) * __builtin_convertvector(b, vd), z = __builtin_convertvector(c, vd);
    vd sum = product + z, part = sum - product;
    vd error = (product - (sum - part)) + (z - part);
    const vd zero = {0};
    vl bits = (vl)sum, up = (vl)(error > zero), down = (vl)(error < zero);
    vl even = (bits & 1) - 1;
    vl inward = (vl)(up ^ (vl)(sum > zero)) | 1; /* -1 towards zero, 1 away from it */
    bits += inward & even & (up | down);
    return __builtin_convertvector((vd)bits, vf);
}
#endif

INLINE vf vsqrt(vf x) {
#if defined(__AVX512F__)
    return (vf)_mm512_sqrt_ps((__m512)x);
#elif defined(__AVX2__)
    return (vf)_mm256_sqrt_ps((__m256)x);
#elif defined(__aarch64__)
    return (vf)vsqrtq_f32((float32x4_t)x);
#else
    vf y = x;
    for (int i = 0; i < VL; i++) y[i] = sqrtf(x[i]);
    return y;
#endif
}

/* Lanes of x where mask is all ones, else 0; the same of a and b. */
INLINE vf vwhere(vi mask, vf x) {
    return (vf)(mask & (vi)x);
}

INLINE vf vpick(vi mask, vf a, vf b) {
    return (vf)((mask & (vi)a) | (~mask & (vi)b));
}

/* All ones where x is NaN, the one number that differs from itself. */
INLINE vi vnan(vf x) {
    return (vi)(x != x); /* NOLINT(misc-redundant-expression) */
}

/* x within [low, high]; of NaN any of these. */
INLINE vf vclamp(vf x, float low, float high) {
#if defined(__AVX512F__)
    return (vf)_mm512_max_ps(_mm512_min_ps((__m512)x, (__m512)vset(high)), (__m512)vset(low));
#elif defined(__AVX2__)
    return (vf)_mm256_max_ps(_mm256_min_ps((__m256)x, (__m256)vset(high)), (__m256)vset(low));
#else
    vf below = vpick((vi)(x < vset(high)), x, vset(high)); /* NaN becomes high, as on x86 */
    return vpick((vi)(below > vset(low)), below, vset(low));
#endif
}

/* x86's maximum gives its second operand where one is NaN or both are 0: NaN and -0 stay, as elsewhere. */
INLINE vf vrelu(vf x) {
#if defined(__AVX512F__)
    return (vf)_mm512_max_ps(_mm512_setzero_ps(), (__m512)x);
#elif defined(__AVX2__)
    return (vf)_mm256_max_ps(_mm256_setzero_ps(), (__m256)x);
#else
    return (vf)(~(vi)(x < vset(0.0f)) & (vi)x);
#endif
}

/* Lanes of x where m is above 0, else 0. */
INLINE vf vwhere_above(vf m, vf x) {
#if defined(__AVX512F__)
    return (vf)_mm512_maskz_mov_ps(_mm512_cmp_ps_mask((__m512)m, _mm512_setzero_ps(), _CMP_GT_OQ), (__m512)x);
#else
    return (vf)((vi)(m > vset(0.0f)) & (vi)x);
#endif
}

/* e^x as a sum, between 0.7 and 1.5, times 2^e, for |x| < 104; error below 2 units in the last place.
 * Source   Cody & Waite; polynomial by Taylor, |r| <= ln2 / 2. */
INLINE vf vexp_parts(vf x, vi *e) {
    const vf magic = vset(0x1.8p23f);
    vf shifted = vfma(x, vset(0x1.715476p+0f), magic);
    vf k = shifted - magic;
    vf r = vfma(k, vset(-0x1.62e400p-1f), x);
    r = vfma(k, vset(-0x1.7f7d1cp-20f), r);
    vf sum = vset(1.0f / 5040.0f);
    sum = vfma(sum, r, vset(1.0f / 720.0f));
    sum = vfma(sum, r, vset(1.0f / 120.0f));
    sum = vfma(sum, r, vset(1.0f / 24.0f));
    sum = vfma(sum, r, vset(1.0f / 6.0f));
    sum = vfma(sum, r, vset(0.5f));
    sum = vfma(sum, r, vset(1.0f));
    sum = vfma(sum, r, vset(1.0f));
    *e = (vi)shifted - (vi)magic;
    return sum;
}

/* e^x; 0 below -103, infinity above 88.8, NaN for NaN. */
INLINE vf vexp(vf x) {
    vi nan = vnan(x), over = (vi)(x > vset(88.73f)), under = (vi)(x < vset(-103.9f));
    vi e;
    vf sum = vexp_parts(vpick(over | nan, vset(0.0f), vpick(under, vset(0.0f), x)), &e);
    vi half = e >> 1; /* two factors: subnormal results round once */
    vf y = sum * (vf)((half + 127) << 23) * (vf)((e - half + 127) << 23);
    y = vpick(over, vset(INFINITY), y);
    y = vpick(under, vset(0.0f), y);
    return vpick(nan, x, y);
}

#endif

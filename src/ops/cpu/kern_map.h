/* ops/cpu/kern_map.h: the inner loops that move along memory (activations, pooling, optimizers), included
 * by each kern_<isa>.c after kern_vector.h. Lanes are channels, so that no sum runs across a vector. */
#ifndef INK_OPS_CPU_KERN_MAP_H
#define INK_OPS_CPU_KERN_MAP_H

#include <string.h>

#include "core/rng.h"
#include "ops/cpu/kern_activation.h"
#include "ops/cpu/kern_norm.h"
#include "ops/cpu/kern_vector.h"
#include "ops/cpu/kernels.h"

/* NOLINTNEXTLINE(bugprone-macro-parentheses): i is declared here */
#define EACH_VECTOR(i, count) for (size_t i = 0; i < (count); i += VL)

static void activate(ink_activation kind, float slope, const float *x, float *y, size_t count) {
    if (kind == INK_RELU) {
        EACH_VECTOR(i, count) vstore(y + i, vrelu(vload(x + i)));
    } else if (kind == INK_SILU) {
        EACH_VECTOR(i, count) vstore(y + i, activation_of(INK_SILU, vset(slope), vload(x + i)));
    } else {
        EACH_VECTOR(i, count) vstore(y + i, activation_of(kind, vset(slope), vload(x + i)));
    }
}

static void activate_dx(ink_activation kind, float slope, const float *x, const float *dy, float *dx, size_t count) {
    if (kind == INK_RELU) {
        EACH_VECTOR(i, count) vstore(dx + i, vwhere_above(vload(x + i), vload(dy + i)));
    } else if (kind == INK_SILU) {
        EACH_VECTOR(i, count) vstore(dx + i, vload(dy + i) * slope_of(INK_SILU, vset(slope), vload(x + i)));
    } else {
        EACH_VECTOR(i, count) vstore(dx + i, vload(dy + i) * slope_of(kind, vset(slope), vload(x + i)));
    }
}

static void add(const float *a, const float *b, float *y, size_t count) {
    EACH_VECTOR(i, count) vstore(y + i, vload(a + i) + vload(b + i));
}

static void update_adam(const ink_update *u) {
    const vf factor = vset(u->factor), decay = vset(u->decay), beta1 = vset(u->beta1), beta2 = vset(u->beta2);
    const vf rest1 = vset(1.0f - u->beta1), rest2 = vset(1.0f - u->beta2), eps = vset(u->eps);
    const vf step = vset(-u->step_size), root = vset(u->root_correction), shrink = vset(-(u->lr * u->decay));
    EACH_VECTOR(i, u->count) {
        vf w = vload(u->w + i), g = vload(u->dw + i) * factor;
        if (u->decoupled) {
            w = vfma(shrink, w, w);
        } else {
            g = vfma(decay, w, g);
        }
        vf m = vfma(beta1, vload(u->m + i), rest1 * g);
        vf v = vfma(beta2, vload(u->v + i), rest2 * g * g);
        w = vfma(step, m / (vsqrt(v) / root + eps), w);
        vstore(u->w + i, w);
        vstore(u->m + i, m);
        vstore(u->v + i, v);
    }
}

static void update_sgd(const ink_update *u) {
    const vf factor = vset(u->factor), decay = vset(u->decay), momentum = vset(u->momentum), step = vset(-u->lr);
    EACH_VECTOR(i, u->count) {
        vf w = vload(u->w + i), g = vfma(decay, w, vload(u->dw + i) * factor);
        if (u->m != NULL) {
            vf buffer = vfma(momentum, vload(u->m + i), g);
            vstore(u->m + i, buffer);
            g = u->nesterov ? vfma(momentum, buffer, g) : buffer;
        }
        vstore(u->w + i, vfma(step, g, w));
    }
}

static void average(float *a, const float *w, float d, size_t count) {
    const vf keep_part = vset(d), new_part = vset(1.0f - d);
    EACH_VECTOR(i, count) vstore(a + i, vfma(keep_part, vload(a + i), new_part * vload(w + i)));
}

static void squares(const float *x, size_t count, double sums[16]) {
    for (size_t i = 0; i < count; i += INK_LANES) {
        for (size_t j = 0; j < INK_LANES; j++) {
            double d = (double)x[i + j];
            sums[j] += d * d; /* exact product: no fma needed for equal bits */
        }
    }
}

static void column_sums(const float *x, size_t step, size_t panels, size_t rows, float *sum) {
    columns s = columns_load(sum);
    for (size_t p = 0; p < panels; p++) {
        for (size_t r = 0; r < rows; r++) {
            UNROLL_ALL
            for (int v = 0; v < PV; v++) s.v[v] += vload(x + p * step + r * INK_LANES + (size_t)v * VL);
        }
    }
    columns_store(sum, s);
}

/* ---- pooling ---- */

static void window_max(const float *x, const int32_t *at, size_t n, float *y, size_t count) {
    EACH_VECTOR(i, count) {
        vf best = vload(x + at[0] + i);
        for (size_t w = 1; w < n; w++) {
            vf z = vload(x + at[w] + i);
            best = vpick((vi)(z > best) | vnan(z), z, best); /* NaN wins */
        }
        vstore(y + i, best);
    }
}

/* n and the flags are constants after inlining, or not. */
INLINE void window_max_dx_of(const float *x, const float *y, const float *dy, float *dx, const int32_t *at,
                             const size_t n, size_t count, bool only_positive, const bool fresh) {
    EACH_VECTOR(i, count) {
        vf best = vload(y + i), g = vload(dy + i);
        if (only_positive) g = vwhere_above(best, g);
        lanes_left left = ALL_LEFT;
        UNROLL_FOUR
        for (size_t w = 0; w < n; w++) {
            lanes_left hit = hits_of(vload(x + at[w] + i), best, left);
            left &= ~hit;
            vf part = where_hit(hit, g);
            vstore(dx + at[w] + i, fresh ? part : vload(dx + at[w] + i) + part);
        }
    }
}

static void window_max_dx(const float *x, const float *y, const float *dy, float *dx, const int32_t *at, size_t n,
                          size_t count, bool only_positive, bool fresh) {
    if (n == 4 && fresh) {
        const int32_t places[4] = {at[0], at[1], at[2], at[3]};
        window_max_dx_of(x, y, dy, dx, places, 4, count, only_positive, true);
    } else if (fresh) {
        window_max_dx_of(x, y, dy, dx, at, n, count, only_positive, true);
    } else {
        window_max_dx_of(x, y, dy, dx, at, n, count, only_positive, false);
    }
}

static void window_sum(const float *x, const int32_t *at, size_t n, float factor, float *y, size_t count) {
    EACH_VECTOR(i, count) {
        vf sum = vset(0.0f);
        for (size_t w = 0; w < n; w++) sum += vload(x + at[w] + i);
        vstore(y + i, sum * vset(factor));
    }
}

/* ---- dropout ---- */

static void keep(const float *x, const uint16_t *kept, float factor, float *y, size_t rows) {
#if !defined(__AVX512F__)
    vi bit[PV];
    for (int j = 0; j < 16; j++) bit[j / VL][j % VL] = 1 << j;
#endif
    for (size_t r = 0; r < rows; r++, x += INK_LANES, y += INK_LANES) {
#if defined(__AVX512F__)
        _mm512_storeu_ps(y, _mm512_maskz_mul_ps(kept[r], _mm512_loadu_ps(x), _mm512_set1_ps(factor)));
#else
        UNROLL_ALL
        for (int v = 0; v < PV; v++) {
            vi is_kept = (vi)((bit[v] & (int32_t)kept[r]) != 0);
            vstore(y + v * VL, vwhere(is_kept, vload(x + v * VL) * vset(factor)));
        }
#endif
    }
}

#if defined(__AVX512F__)
typedef __m512i philox_words;

/* 16 products of 32 by 32 bits, as their high and low halves. */
INLINE void products(__m512i x, uint32_t factor, __m512i *high, __m512i *low) {
    const __m512i f = _mm512_set1_epi64((int64_t)factor);
    __m512i even = _mm512_mul_epu32(x, f), odd = _mm512_mul_epu32(_mm512_srli_epi64(x, 32), f);
    *high = _mm512_mask_mov_epi32(_mm512_srli_epi64(even, 32), 0xaaaa, odd);
    *low = _mm512_mask_mov_epi32(even, 0xaaaa, _mm512_slli_epi64(odd, 32));
}

INLINE __m512i mixed(__m512i a, __m512i b, uint32_t key) {
    return _mm512_xor_si512(_mm512_xor_si512(a, b), _mm512_set1_epi32((int32_t)key));
}

#define philox_load(p)    _mm512_loadu_si512(p)
#define philox_all(x)     _mm512_set1_epi32((int32_t)(x))
#define philox_bits(x, t) _mm512_cmpge_epu32_mask(_mm512_srli_epi32(x, 8), _mm512_set1_epi32((int32_t)(t)))
#elif defined(__AVX2__)
typedef struct philox_words {
    __m256i x[2];
} philox_words;

INLINE void products(philox_words x, uint32_t factor, philox_words *high, philox_words *low) {
    const __m256i f = _mm256_set1_epi64x((int64_t)factor);
    for (int i = 0; i < 2; i++) {
        __m256i even = _mm256_mul_epu32(x.x[i], f), odd = _mm256_mul_epu32(_mm256_srli_epi64(x.x[i], 32), f);
        high->x[i] = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
        low->x[i] = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
    }
}

INLINE philox_words mixed(philox_words a, philox_words b, uint32_t key) {
    const __m256i k = _mm256_set1_epi32((int32_t)key);
    for (int i = 0; i < 2; i++) a.x[i] = _mm256_xor_si256(_mm256_xor_si256(a.x[i], b.x[i]), k);
    return a;
}

INLINE philox_words philox_load(const uint32_t *p) {
    philox_words w;
    memcpy(&w, p, sizeof w);
    return w;
}

INLINE philox_words philox_all(uint32_t x) {
    const __m256i all = _mm256_set1_epi32((int32_t)x);
    return (philox_words){{all, all}};
}

/* Both sides are below 2^25: comparing them as signed numbers does. */
INLINE uint16_t philox_bits(philox_words w, uint32_t threshold) {
    const __m256i t = _mm256_set1_epi32((int32_t)threshold - 1);
    unsigned bits = 0;
    for (int i = 0; i < 2; i++) {
        __m256i at_least = _mm256_cmpgt_epi32(_mm256_srli_epi32(w.x[i], 8), t);
        bits |= (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(at_least)) << 8 * i;
    }
    return (uint16_t)bits;
}
#else
typedef struct philox_words {
    uint32_t x[16];
} philox_words;

INLINE void products(philox_words x, uint32_t factor, philox_words *high, philox_words *low) {
    for (int i = 0; i < 16; i++) {
        uint64_t product = (uint64_t)factor * x.x[i];
        high->x[i] = (uint32_t)(product >> 32);
        low->x[i] = (uint32_t)product;
    }
}

INLINE philox_words mixed(philox_words a, philox_words b, uint32_t key) {
    for (int i = 0; i < 16; i++) a.x[i] ^= b.x[i] ^ key;
    return a;
}

INLINE philox_words philox_load(const uint32_t *p) {
    philox_words w;
    memcpy(w.x, p, sizeof w.x);
    return w;
}

INLINE philox_words philox_all(uint32_t x) {
    philox_words w;
    for (int i = 0; i < 16; i++) w.x[i] = x;
    return w;
}

INLINE uint16_t philox_bits(philox_words w, uint32_t threshold) {
    uint32_t bits = 0;
    for (int i = 0; i < 16; i++) bits |= (uint32_t)(w.x[i] >> 8 >= threshold) << i;
    return (uint16_t)bits;
}
#endif

/* Ten rounds, as in core/rng.c, of 16 blocks side by side. */
static void drawn(const uint32_t counter[16], uint32_t c1, uint32_t c2, uint32_t c3, const uint32_t key[2],
                  uint32_t threshold, uint16_t kept[4]) {
    philox_words x0 = philox_load(counter), x1 = philox_all(c1), x2 = philox_all(c2), x3 = philox_all(c3);
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        philox_words high0, low0, high1, low1;
        products(x0, 0xD2511F53u, &high0, &low0);
        products(x2, 0xCD9E8D57u, &high1, &low1);
        x0 = mixed(high1, x1, k0);
        x2 = mixed(high0, x3, k1);
        x1 = low1;
        x3 = low0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    kept[0] = philox_bits(x0, threshold);
    kept[1] = philox_bits(x1, threshold);
    kept[2] = philox_bits(x2, threshold);
    kept[3] = philox_bits(x3, threshold);
}

static void exponentials(float *x, size_t n) {
    size_t i = 0;
    for (; i + VL <= n; i += VL) vstore(x + i, vexp(vload(x + i)));
    if (i < n) {
        float rest[VL] = {0};
        memcpy(rest, x + i, (n - i) * sizeof *x);
        vstore(rest, vexp(vload(rest)));
        memcpy(x + i, rest, (n - i) * sizeof *x);
    }
}

static void transpose(const float *from, size_t from_step, float *to, size_t to_step, size_t count) {
    for (size_t t = 0; t < count; t++, from += from_step, to += to_step) {
        for (size_t i = 0; i < INK_LANES; i++) {
            for (size_t j = 0; j < INK_LANES; j++) to[i * INK_LANES + j] = from[j * INK_LANES + i];
        }
    }
}

#define KERNELS_OF_MAP                                                                                                 \
    .gemm = gemm, .transpose = transpose, .activate = activate, .activate_dx = activate_dx, .add = add,                \
    .update_adam = update_adam, .update_sgd = update_sgd, .average = average, .squares = squares,                      \
    .column_sums = column_sums, .window_max = window_max, .window_max_dx = window_max_dx, .window_sum = window_sum,    \
    .keep = keep, .drawn = drawn, .exp = exponentials, KERNELS_OF_NORM

#endif

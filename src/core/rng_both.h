/* core/rng_both.h: the text of core/rng.h's functions, for the host and for a GPU's kernels (core/both.h). */
#ifndef INK_CORE_RNG_BOTH_H
#define INK_CORE_RNG_BOTH_H

#include <math.h>
#include <string.h>

#include "core/both.h"
#include "core/real_both.h"
#include "core/rng.h"

INK_BOTH void ink_both_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (unsigned round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0;
        uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        uint32_t n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

INK_BOTH void ink_both_rng_begin(ink_rng *rng, uint64_t seed, ink_stream stream, uint64_t a, uint32_t b) {
    memset(rng, 0, sizeof *rng);
    rng->key[0] = (uint32_t)seed;
    rng->key[1] = (uint32_t)(seed >> 32);
    rng->counter[1] = b;
    rng->counter[2] = (uint32_t)a;
    rng->counter[3] = (uint32_t)(a >> 32) ^ ((uint32_t)stream << 24);
}

INK_BOTH_CALLED uint32_t ink_both_rng_u32(ink_rng *rng) {
    if (rng->left == 0) {
        ink_both_philox(rng->counter, rng->key, rng->block);
        rng->counter[0]++;
        rng->left = 4;
    }
    return rng->block[4 - rng->left--];
}

INK_BOTH float ink_both_rng_unit(ink_rng *rng) {
    return (float)(ink_both_rng_u32(rng) >> 8) * 0x1p-24f;
}

INK_BOTH float ink_both_rng_between(ink_rng *rng, float low, float high) {
    return fmaf(high - low, ink_both_rng_unit(rng), low);
}

INK_BOTH uint32_t ink_both_rng_below(ink_rng *rng, uint32_t n) {
    uint64_t product = (uint64_t)ink_both_rng_u32(rng) * n;
    if ((uint32_t)product < n) {
        uint32_t least = (0u - n) % n;
        while ((uint32_t)product < least) product = (uint64_t)ink_both_rng_u32(rng) * n;
    }
    return (uint32_t)(product >> 32);
}

INK_BOTH float ink_both_rng_normal(ink_rng *rng) {
    double u = ((double)ink_both_rng_u32(rng) + 1.0) * 0x1p-32; /* (0, 1]: its log is finite */
    double turn = (double)ink_both_rng_u32(rng) * 0x1p-32;
    return (float)(sqrt(-2.0 * ink_both_log(u)) * ink_both_cos_turn(turn));
}

#endif

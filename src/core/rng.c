/* core/rng.c: Philox4x32-10 and the few distributions that training needs.
 * Not for secrets. */
#include "core/rng.h"

#include <math.h>

#include "core/real.h"

#define ROUNDS 10u

void ink_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (unsigned round = 0; round < ROUNDS; round++) {
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

ink_rng ink_rng_at(uint64_t seed, ink_stream stream, uint64_t a, uint32_t b) {
    ink_rng rng = {.key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
                   .counter = {0, b, (uint32_t)a, (uint32_t)(a >> 32) ^ ((uint32_t)stream << 24)}};
    return rng;
}

uint32_t ink_rng_u32(ink_rng *rng) {
    if (rng->left == 0) {
        ink_philox(rng->counter, rng->key, rng->block);
        rng->counter[0]++;
        rng->left = 4;
    }
    return rng->block[4 - rng->left--];
}

float ink_rng_unit(ink_rng *rng) {
    return (float)(ink_rng_u32(rng) >> 8) * 0x1p-24f;
}

float ink_rng_between(ink_rng *rng, float low, float high) {
    return fmaf(high - low, ink_rng_unit(rng), low);
}

uint32_t ink_rng_below(ink_rng *rng, uint32_t n) {
    uint64_t product = (uint64_t)ink_rng_u32(rng) * n;
    if ((uint32_t)product < n) {
        uint32_t least = (uint32_t)(-n) % n;
        while ((uint32_t)product < least) product = (uint64_t)ink_rng_u32(rng) * n;
    }
    return (uint32_t)(product >> 32);
}

float ink_rng_normal(ink_rng *rng) {
    double u = ((double)ink_rng_u32(rng) + 1.0) * 0x1p-32; /* (0, 1]: its log is finite */
    double turn = (double)ink_rng_u32(rng) * 0x1p-32;
    return (float)(sqrt(-2.0 * ink_log(u)) * ink_cos_turn(turn));
}

void ink_rng_shuffle(ink_rng *rng, uint32_t *order, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) order[i] = i;
    for (uint32_t i = n; i > 1; i--) {
        uint32_t j = ink_rng_below(rng, i);
        uint32_t kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
}

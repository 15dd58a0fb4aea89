/* core/rng.c: Philox4x32-10 and the few distributions that training needs; their text is in core/rng_both.h.
 * Not for secrets. */
#include "core/rng.h"

#include "core/rng_both.h"

void ink_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    ink_both_philox(counter, key, out);
}

ink_rng ink_rng_at(uint64_t seed, ink_stream stream, uint64_t a, uint32_t b) {
    ink_rng rng;
    ink_both_rng_begin(&rng, seed, stream, a, b);
    return rng;
}

uint32_t ink_rng_u32(ink_rng *rng) {
    return ink_both_rng_u32(rng);
}

float ink_rng_unit(ink_rng *rng) {
    return ink_both_rng_unit(rng);
}

float ink_rng_between(ink_rng *rng, float low, float high) {
    return ink_both_rng_between(rng, low, high);
}

uint32_t ink_rng_below(ink_rng *rng, uint32_t n) {
    return ink_both_rng_below(rng, n);
}

float ink_rng_normal(ink_rng *rng) {
    return ink_both_rng_normal(rng);
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

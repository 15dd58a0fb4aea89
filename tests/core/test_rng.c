/* tests/core/test_rng.c: Philox against its authors' known answers, and the readers built on it.
 * It is no test of randomness: the paper did that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "core/rng.h"

/* Random123's kat_vectors, philox4x32 with 10 rounds. */
static void known_answers(void **state) {
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } kat[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof kat / sizeof kat[0]; i++) {
        uint32_t out[4];
        ink_philox(kat[i].counter, kat[i].key, out);
        assert_memory_equal(out, kat[i].out, sizeof out);
    }
}

/* The counter's layout is part of the file formats: a resumed run draws the same numbers. */
static void counter_layout(void **state) {
    (void)state;
    uint64_t seed = 0x0123456789abcdef, a = 0x00aabbccddeeff11;
    ink_rng rng = ink_rng_at(seed, INK_STREAM_AUGMENT, a, 77);
    for (uint32_t block = 0; block < 3; block++) {
        const uint32_t counter[4] = {block, 77, 0xddeeff11, 0x00aabbcc ^ (5u << 24)};
        const uint32_t key[2] = {0x89abcdef, 0x01234567};
        uint32_t wanted[4];
        ink_philox(counter, key, wanted);
        for (int i = 0; i < 4; i++) assert_int_equal(ink_rng_u32(&rng), wanted[i]);
    }
}

static void sequences_differ(void **state) {
    (void)state;
    ink_rng first = ink_rng_at(1, INK_STREAM_SPLIT, 2, 3);
    ink_rng others[] = {ink_rng_at(2, INK_STREAM_SPLIT, 2, 3), ink_rng_at(1, INK_STREAM_SHUFFLE, 2, 3),
                        ink_rng_at(1, INK_STREAM_SPLIT, 3, 3), ink_rng_at(1, INK_STREAM_SPLIT, 2, 4)};
    uint32_t number = ink_rng_u32(&first);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) assert_int_not_equal(ink_rng_u32(&others[i]), number);
    ink_rng again = ink_rng_at(1, INK_STREAM_SPLIT, 2, 3);
    assert_int_equal(ink_rng_u32(&again), number);
}

static void floats_stay_inside(void **state) {
    (void)state;
    ink_rng rng = ink_rng_at(5, INK_STREAM_GOLDEN, 0, 0);
    double sum = 0, normal_sum = 0, normal_squares = 0;
    const int n = 100000;
    for (int i = 0; i < n; i++) {
        float u = ink_rng_unit(&rng);
        assert_true(u >= 0.0f && u < 1.0f);
        float b = ink_rng_between(&rng, -3.0f, 5.0f);
        assert_true(b >= -3.0f && b <= 5.0f);
        float z = ink_rng_normal(&rng);
        assert_true(isfinite(z));
        sum += (double)u;
        normal_sum += (double)z;
        normal_squares += (double)z * (double)z;
    }
    /* Five standard deviations of the mean; the seed is fixed, so this never fails by chance. */
    assert_true(fabs(sum / n - 0.5) < 5 * 0.289 / sqrt(n));
    assert_true(fabs(normal_sum / n) < 5 / sqrt(n));
    assert_true(fabs(normal_squares / n - 1) < 5 * 1.415 / sqrt(n));
}

static void below_has_no_bias(void **state) {
    (void)state;
    ink_rng rng = ink_rng_at(6, INK_STREAM_GOLDEN, 0, 0);
    static const uint32_t sizes[] = {1, 2, 3, 10, 784, 0x80000001u, 0xffffffffu};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int k = 0; k < 1000; k++) assert_true(ink_rng_below(&rng, sizes[i]) < sizes[i]);
    }
    int seen[10] = {0};
    for (int k = 0; k < 100000; k++) seen[ink_rng_below(&rng, 10)]++;
    for (int d = 0; d < 10; d++) assert_in_range(seen[d], 9500, 10500);
}

static void shuffle_is_a_permutation(void **state) {
    (void)state;
    enum { N = 1000 };
    uint32_t order[N], again[N];
    uint8_t seen[N] = {0};
    ink_rng rng = ink_rng_at(7, INK_STREAM_SHUFFLE, 3, 0);
    ink_rng same = rng;
    ink_rng_shuffle(&rng, order, N);
    ink_rng_shuffle(&same, again, N);
    assert_memory_equal(order, again, sizeof order);
    int moved = 0;
    for (uint32_t i = 0; i < N; i++) {
        assert_true(order[i] < N && seen[order[i]]++ == 0);
        moved += order[i] != i;
    }
    assert_true(moved > N / 2);
    ink_rng_shuffle(&rng, order, 1);
    assert_int_equal(order[0], 0);
    order[0] = 42;
    ink_rng_shuffle(&rng, order, 0);
    assert_int_equal(order[0], 42);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),     cmocka_unit_test(counter_layout),
        cmocka_unit_test(sequences_differ),  cmocka_unit_test(floats_stay_inside),
        cmocka_unit_test(below_has_no_bias), cmocka_unit_test(shuffle_is_a_permutation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

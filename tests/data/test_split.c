/* tests/data/test_split.c: how many rows are held out, which, and that nothing else decides it.
 * It trains nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/rng.h"
#include "data/split.h"

#define N 1037

static void uneven_labels(uint8_t *labels, uint32_t n) {
    ink_rng rng = ink_rng_at(5, INK_STREAM_GOLDEN, 1, 0);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t u = ink_rng_below(&rng, 100);
        labels[i] = (uint8_t)(u < 55 ? 0 : u < 98 ? u % 9 + 1 : 9);
    }
    labels[n / 2] = 7;
}

static uint32_t sum(const uint8_t *held, uint32_t n) {
    uint32_t s = 0;
    for (uint32_t i = 0; i < n; i++) {
        assert_true(held[i] <= 1);
        s += held[i];
    }
    return s;
}

static void counts_are_exact(void **state) {
    (void)state;
    uint8_t labels[N], held[N];
    uint32_t n_held;
    uneven_labels(labels, N);
    static const double fractions[] = {0.0001, 0.01, 0.1, 0.25, 0.5, 0.9, 0.99999};
    for (size_t f = 0; f < sizeof fractions / sizeof fractions[0]; f++) {
        uint32_t wanted = (uint32_t)floor(fractions[f] * N + 0.5);
        if (wanted < 1) wanted = 1;
        if (wanted > N - 1) wanted = N - 1;
        for (int kind = INK_SPLIT_RANDOM; kind <= INK_SPLIT_STRATIFIED; kind++) {
            assert_int_equal(ink_split_make(labels, N, (ink_split_kind)kind, fractions[f], 1, held, &n_held, NULL),
                             INK_OK);
            assert_int_equal(n_held, wanted);
            assert_int_equal(sum(held, N), wanted);
        }
    }
    for (uint32_t n = 2; n < 40; n++) {
        assert_int_equal(ink_split_make(labels, n, INK_SPLIT_STRATIFIED, 0.3, 9, held, &n_held, NULL), INK_OK);
        assert_int_equal(sum(held, n), n_held);
        assert_true(n_held >= 1 && n_held < n);
    }
}

static void nothing_held_out(void **state) {
    (void)state;
    uint8_t labels[4] = {0, 1, 2, 3}, held[4] = {9, 9, 9, 9};
    uint32_t n_held = 7;
    assert_int_equal(ink_split_make(labels, 4, INK_SPLIT_NONE, 0.5, 1, held, &n_held, NULL), INK_OK);
    assert_int_equal(n_held + sum(held, 4), 0);
    assert_int_equal(ink_split_make(labels, 4, INK_SPLIT_STRATIFIED, 0.0, 1, held, &n_held, NULL), INK_OK);
    assert_int_equal(n_held + sum(held, 4), 0);
    assert_int_equal(ink_split_make(NULL, 0, INK_SPLIT_NONE, 0.0, 1, held, &n_held, NULL), INK_OK);
}

static void each_class_gets_its_share(void **state) {
    (void)state;
    uint8_t labels[N], held[N];
    uint32_t n_held, all[10] = {0}, out[10];
    uneven_labels(labels, N);
    for (uint32_t i = 0; i < N; i++) all[labels[i]]++;
    for (uint64_t seed = 0; seed < 20; seed++) {
        double fraction = 0.01 + 0.04 * (double)seed;
        assert_int_equal(ink_split_make(labels, N, INK_SPLIT_STRATIFIED, fraction, seed, held, &n_held, NULL), INK_OK);
        memset(out, 0, sizeof out);
        for (uint32_t i = 0; i < N; i++) out[labels[i]] += held[i];
        for (int c = 0; c < 10; c++) assert_true(fabs(out[c] - fraction * all[c]) < 1.0);
    }
}

static void the_seed_decides(void **state) {
    (void)state;
    uint8_t labels[N], a[N], b[N];
    uint32_t n_held;
    uneven_labels(labels, N);
    assert_int_equal(ink_split_make(labels, N, INK_SPLIT_STRATIFIED, 0.1, 1, a, &n_held, NULL), INK_OK);
    assert_int_equal(ink_split_make(labels, N, INK_SPLIT_STRATIFIED, 0.1, 1, b, &n_held, NULL), INK_OK);
    assert_memory_equal(a, b, N);
    assert_int_equal(ink_split_make(labels, N, INK_SPLIT_STRATIFIED, 0.1, 2, b, &n_held, NULL), INK_OK);
    assert_memory_not_equal(a, b, N);
    /* Part of the file formats: a resumed run must hold out the same rows. */
    uint8_t small[10];
    assert_int_equal(ink_split_make(NULL, 10, INK_SPLIT_RANDOM, 0.3, 1, small, &n_held, NULL), INK_OK);
    uint32_t order[10];
    ink_rng rng = ink_rng_at(1, INK_STREAM_SPLIT, 0, 0);
    ink_rng_shuffle(&rng, order, 10);
    for (int i = 0; i < 10; i++) assert_int_equal(small[order[i]], i < 3);
}

static void wrong_arguments(void **state) {
    (void)state;
    uint8_t labels[3] = {0, 1, 2}, held[3];
    uint32_t n_held;
    ink_error err;
    static const double wrong[] = {-0.1, 1.0, 1.5, (double)NAN, (double)INFINITY};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(ink_split_make(labels, 3, INK_SPLIT_RANDOM, wrong[i], 1, held, &n_held, &err), INK_E_USAGE);
        assert_string_equal(err.text, "the held-out fraction must be at least 0 and below 1");
    }
    assert_int_equal(ink_split_make(labels, 1, INK_SPLIT_RANDOM, 0.5, 1, held, &n_held, &err), INK_E_USAGE);
    assert_int_equal(ink_split_make(NULL, 3, INK_SPLIT_STRATIFIED, 0.5, 1, held, &n_held, &err), INK_E_USAGE);
    assert_int_equal(ink_split_folds(labels, 3, 1, 1, held, &err), INK_E_USAGE);
    assert_int_equal(ink_split_folds(labels, 3, 4, 1, held, &err), INK_E_USAGE);
}

static void folds_are_even(void **state) {
    (void)state;
    uint8_t labels[N], fold[N];
    uneven_labels(labels, N);
    for (uint32_t folds = 2; folds < 12; folds++) {
        uint32_t size[12] = {0}, each[12][10] = {{0}};
        assert_int_equal(ink_split_folds(labels, N, folds, 3, fold, NULL), INK_OK);
        for (uint32_t i = 0; i < N; i++) {
            assert_true(fold[i] < folds);
            size[fold[i]]++;
            each[fold[i]][labels[i]]++;
        }
        for (uint32_t f = 1; f < folds; f++) {
            assert_true(abs((int)size[f] - (int)size[0]) <= 1);
            for (int c = 0; c < 10; c++) assert_true(abs((int)each[f][c] - (int)each[0][c]) <= 1);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_exact),          cmocka_unit_test(nothing_held_out),
        cmocka_unit_test(each_class_gets_its_share), cmocka_unit_test(the_seed_decides),
        cmocka_unit_test(wrong_arguments),           cmocka_unit_test(folds_are_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

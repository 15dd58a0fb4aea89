/* tests/data/test_lookalike.c: near copies against a search of every pair, for any number of threads; measures by hand.
 * The verb is tested by tests/e2e/cli_check.sh. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "core/rng.h"
#include "data/lookalike.h"
#include "data/synth.h"

#define N 400u

static uint8_t pixels[2][N * INK_DIGIT_PIXELS];

/* Synthetic digits, of which every tenth is an earlier one with noise, every 50th an exact copy, every 77th blank. */
static ink_images make_set(int which, uint64_t seed) {
    uint8_t labels[N];
    ink_rng rng = ink_rng_at(seed, INK_STREAM_SAMPLE, 0, 0);
    ink_synth_digits(seed, 0, N, NULL, pixels[which], labels);
    for (uint32_t i = 10; i < N; i++) {
        uint8_t *own = pixels[which] + (size_t)i * INK_DIGIT_PIXELS;
        const uint8_t *from = pixels[0] + (size_t)ink_rng_below(&rng, i) * INK_DIGIT_PIXELS;
        if (i % 10 == 0) memmove(own, from, INK_DIGIT_PIXELS);
        for (int p = 0; i % 10 == 0 && i % 50 != 0 && p < INK_DIGIT_PIXELS; p++) {
            if (own[p] > 0) own[p] = (uint8_t)(own[p] - ink_rng_below(&rng, own[p] / 3 + 1));
        }
        if (i % 77 == 0) memset(own, 0, INK_DIGIT_PIXELS);
    }
    return (ink_images){.pixels = pixels[which], .count = N, .height = 28, .width = 28};
}

static double distance_of(const uint8_t *a, const uint8_t *b) {
    uint32_t apart = 0, both = 0;
    for (int p = 0; p < INK_DIGIT_PIXELS; p++) {
        apart += (uint32_t)abs(a[p] - b[p]);
        both += (uint32_t)a[p] + b[p];
    }
    return both > 0 ? (double)apart / both : 0;
}

static uint32_t search_all(const ink_images *first, const ink_images *second, double most, ink_lookalike *out) {
    uint32_t n = 0;
    for (uint32_t b = 0; b < N; b++) {
        ink_lookalike best = {0, b, 2};
        for (uint32_t a = 0; a < (second == NULL ? b : N); a++) {
            double d = distance_of(first->pixels + (size_t)a * INK_DIGIT_PIXELS,
                                   (second == NULL ? first : second)->pixels + (size_t)b * INK_DIGIT_PIXELS);
            if (d < best.distance) best = (ink_lookalike){a, b, d};
        }
        if (best.distance <= most) out[n++] = best;
    }
    return n;
}

static void test_search(void **state) {
    (void)state;
    static ink_lookalike wanted[N];
    ink_images first = make_set(0, 1), second = make_set(1, 2);
    const double distances[] = {0, 0.02, 0.1, 0.3, 0.5};
    for (uint32_t threads = 1; threads <= 3; threads += 2) {
        ink_pool *pool;
        assert_int_equal(ink_pool_new(threads, &pool, NULL), INK_OK);
        for (size_t d = 0; d < sizeof distances / sizeof distances[0]; d++) {
            for (int within = 0; within < 2; within++) {
                ink_lookalike *pairs;
                uint32_t n, n_wanted = search_all(&first, within ? NULL : &second, distances[d], wanted);
                assert_int_equal(ink_lookalikes_find(&first, within ? NULL : &second, distances[d], pool, NULL, NULL,
                                                     &pairs, &n, NULL),
                                 INK_OK);
                assert_int_equal(n, n_wanted);
                assert_true(n > 0);
                for (uint32_t i = 0; i < n; i++) {
                    assert_int_equal(pairs[i].a, wanted[i].a);
                    assert_int_equal(pairs[i].b, wanted[i].b);
                    assert_true(fabs(pairs[i].distance - wanted[i].distance) < 1e-15);
                }
                ink_mem_free(pairs);
            }
        }
        ink_pool_free(pool);
    }
}

static int stop_at_second(void *context) {
    return ++*(int *)context == 2;
}

/* Asked before the first images and again a few hundred later. */
static void test_stop(void **state) {
    (void)state;
    ink_images set = make_set(0, 1);
    ink_lookalike *pairs;
    uint32_t n;
    int asked = 0;
    assert_int_equal(ink_lookalikes_find(&set, NULL, 0.1, NULL, stop_at_second, &asked, &pairs, &n, NULL),
                     INK_E_STOPPED);
    assert_int_equal(asked, 2);
    assert_null(pairs);
}

static void test_measures(void **state) {
    (void)state;
    uint8_t image[INK_DIGIT_PIXELS] = {0};
    ink_digit_facts f;
    ink_digit_measure(image, 28, 28, &f);
    assert_int_equal(f.wide, 0);
    assert_int_equal(f.most, 0);
    assert_true(isnan(f.centre_x));
    assert_false(ink_digit_is_normal(&f, 28, 28));
    /* A bar of 3 x 20 around column 14, rows 4 to 23. */
    for (int y = 4; y < 24; y++) memset(image + y * 28 + 13, 200, 3);
    ink_digit_measure(image, 28, 28, &f);
    assert_int_equal(f.wide, 3);
    assert_int_equal(f.high, 20);
    assert_true(fabs(f.centre_x - 14) < 1e-12 && fabs(f.centre_y - 13.5) < 1e-12);
    assert_true(ink_digit_is_normal(&f, 28, 28));
    memmove(image, image + 2, sizeof image - 2); /* two to the left */
    ink_digit_measure(image, 28, 28, &f);
    assert_true(fabs(f.centre_x - 12) < 1e-12);
    assert_false(ink_digit_is_normal(&f, 28, 28));
    memset(image, 255, sizeof image);
    ink_digit_measure(image, 28, 28, &f);
    assert_int_equal(f.corners, 255);
    assert_int_equal(f.least, 255);
    /* What the normaliser makes is normal. */
    for (uint32_t i = 0; i < 200; i++) {
        uint8_t label;
        ink_synth_digit(3, i, image, &label);
        ink_digit_measure(image, 28, 28, &f);
        assert_true(ink_digit_is_normal(&f, 28, 28));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_measures),
    };
    return cmocka_run_group_tests_name("data/lookalike", tests, NULL, NULL);
}

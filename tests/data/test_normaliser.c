/* tests/data/test_normaliser.c: digits of any size come out as MNIST shows them.
 * With INK_TEST_DATA naming a folder that holds train.csv, real digits must come back as they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/hash.h"
#include "core/mem.h"
#include "core/rng.h"
#include "data/dataset.h"
#include "data/normaliser.h"

typedef struct facts {
    int left, right, top, bottom, darkest; /* box of what is above 0 */
    double x, y;                           /* centre of mass */
} facts;

static facts look(const uint8_t out[INK_DIGIT_PIXELS]) {
    facts f = {28, -1, 28, -1, 0, 0, 0};
    double mass = 0;
    for (int y = 0; y < 28; y++) {
        for (int x = 0; x < 28; x++) {
            int v = out[y * 28 + x];
            if (v == 0) continue;
            if (x < f.left) f.left = x;
            if (x > f.right) f.right = x;
            if (y < f.top) f.top = y;
            if (y > f.bottom) f.bottom = y;
            if (v > f.darkest) f.darkest = v;
            mass += v;
            f.x += (double)v * x;
            f.y += (double)v * y;
        }
    }
    f.x /= mass;
    f.y /= mass;
    return f;
}

/* A filled ellipse, dark inside. */
static uint8_t *ellipse(uint32_t width, uint32_t height, double cx, double cy, double rx, double ry) {
    uint8_t *grey = ink_mem_new((size_t)width * height, 1);
    assert_non_null(grey);
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            double dx = (x - cx) / rx, dy = (y - cy) / ry;
            if (dx * dx + dy * dy <= 1.0) grey[(size_t)y * width + x] = 180;
        }
    }
    return grey;
}

static void any_size(void **state) {
    (void)state;
    static const uint32_t sides[] = {1, 2, 5, 19, 20, 21, 28, 40, 99, 280, 1000, 4096};
    for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++) {
        uint32_t s = sides[i];
        uint8_t out[INK_DIGIT_PIXELS], *grey = ellipse(s, s, s * 0.6, s * 0.4, s * 0.15 + 1, s * 0.35 + 1);
        assert_true(ink_digit_normalise(grey, s, s, s, out));
        facts f = look(out);
        int longer = f.right - f.left > f.bottom - f.top ? f.right - f.left + 1 : f.bottom - f.top + 1;
        assert_int_equal(longer, 20);
        assert_int_equal(f.darkest, 255);
        assert_true(fabs(f.x - 14.0) <= 0.5001 && fabs(f.y - 14.0) <= 0.5001);
        ink_mem_free(grey);
    }
}

/* Where it stands on the paper, and how dark, does not matter. */
static void place_and_shade(void **state) {
    (void)state;
    uint8_t a[INK_DIGIT_PIXELS], b[INK_DIGIT_PIXELS];
    uint8_t *one = ellipse(200, 100, 60, 50, 22, 40), *two = ellipse(300, 100, 220, 52, 22, 40);
    for (size_t i = 0; i < 300 * 100; i++) two[i] = two[i] != 0 ? 90 : 0;
    assert_true(ink_digit_normalise(one, 200, 100, 200, a));
    assert_true(ink_digit_normalise(two, 300, 100, 300, b));
    assert_memory_equal(a, b, sizeof a);
    ink_mem_free(one);
    ink_mem_free(two);
}

static void stride_and_noise(void **state) {
    (void)state;
    uint8_t a[INK_DIGIT_PIXELS], b[INK_DIGIT_PIXELS];
    uint8_t *grey = ellipse(64, 64, 30, 30, 10, 20), *wide = ink_mem_new(64 * 100, 1);
    ink_rng rng = ink_rng_at(1, INK_STREAM_GOLDEN, 5, 0);
    memset(wide, 255, 64 * 100);
    for (size_t y = 0; y < 64; y++) {
        for (size_t x = 0; x < 64; x++) {
            /* paper is not quite white, outside the ink's box too */
            uint8_t v = grey[y * 64 + x];
            wide[y * 100 + x] = v != 0 ? v : x < 15 || x > 45 || y < 5 || y > 55 ? (uint8_t)ink_rng_below(&rng, 7) : 0;
        }
    }
    assert_true(ink_digit_normalise(grey, 64, 64, 64, a));
    assert_true(ink_digit_normalise(wide, 64, 64, 100, b));
    assert_memory_equal(a, b, sizeof a);
    ink_mem_free(grey);
    ink_mem_free(wide);
}

/* Ink that weighs on one side stays inside all the same. */
static void lopsided(void **state) {
    (void)state;
    uint8_t grey[40 * 40] = {0}, out[INK_DIGIT_PIXELS];
    for (int x = 0; x < 40; x++) grey[20 * 40 + x] = 60;
    for (int y = 0; y < 40; y++) {
        for (int x = 0; x < 6; x++) grey[y * 40 + x] = 255;
    }
    assert_true(ink_digit_normalise(grey, 40, 40, 40, out));
    facts f = look(out);
    assert_int_equal(f.right - f.left, 19);
    assert_int_equal(f.bottom - f.top, 19);
}

static void no_ink(void **state) {
    (void)state;
    uint8_t grey[100], out[INK_DIGIT_PIXELS], zeros[INK_DIGIT_PIXELS] = {0};
    memset(grey, 0, sizeof grey);
    assert_false(ink_digit_normalise(grey, 10, 10, 10, out));
    assert_memory_equal(out, zeros, sizeof out);
    memset(grey, 10, sizeof grey);
    assert_false(ink_digit_normalise(grey, 10, 10, 10, out));
    assert_false(ink_digit_normalise(grey, 0, 10, 10, out));
    assert_false(ink_digit_normalise(grey, 10, 0, 10, out));
    assert_false(ink_digit_normalise(grey, 4097, 1, 4097, out));
    assert_memory_equal(out, zeros, sizeof out);
    memset(grey, 200, sizeof grey);
    assert_true(ink_digit_normalise(grey, 10, 10, 10, out));
}

/* Twice is once: what was normalised is left alone. */
static void idempotent(void **state) {
    (void)state;
    uint8_t *grey = ellipse(300, 300, 120, 140, 60, 90), a[INK_DIGIT_PIXELS], b[INK_DIGIT_PIXELS];
    assert_true(ink_digit_normalise(grey, 300, 300, 300, a));
    assert_true(ink_digit_normalise(a, 28, 28, 28, b));
    assert_memory_equal(a, b, sizeof a);
    ink_mem_free(grey);
}

/* The same bits on every machine and with every compiler. */
static void golden(void **state) {
    (void)state;
    uint8_t grey[57 * 83], out[INK_DIGIT_PIXELS];
    char hex[65];
    ink_rng rng = ink_rng_at(2, INK_STREAM_GOLDEN, 6, 0);
    for (size_t i = 0; i < sizeof grey; i++)
        grey[i] = (uint8_t)(ink_rng_below(&rng, 3) == 0 ? ink_rng_below(&rng, 256) : 0);
    assert_true(ink_digit_normalise(grey, 57, 83, 57, out));
    ink_sha256_of(out, sizeof out, hex);
    assert_string_equal(hex, "27e09cfb6407c707c1eb4304e63e62a7af234af4c754aaa920cbdf4559590afa");
}

static void real_digits_come_back(void **state) {
    (void)state;
    const char *folder = getenv("INK_TEST_DATA");
    if (folder == NULL) skip();
    ink_dataset set;
    assert_int_equal(ink_dataset_find(&(ink_dataset_options){.path = folder, .use = INK_USE_SHOW}, &set, NULL), INK_OK);
    double sum = 0;
    for (uint32_t i = 0; i < set.train.count; i++) {
        const uint8_t *image = set.train.pixels + (size_t)i * INK_DIGIT_PIXELS;
        uint8_t out[INK_DIGIT_PIXELS];
        assert_true(ink_digit_normalise(image, 28, 28, 28, out));
        for (int p = 0; p < INK_DIGIT_PIXELS; p++) sum += abs(image[p] - out[p]);
    }
    double mean = sum / INK_DIGIT_PIXELS / set.train.count;
    print_message("mean difference of a normalised real digit: %.4f of 255\n", mean);
    assert_true(mean < 0.05);
    ink_dataset_clear(&set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_size),         cmocka_unit_test(place_and_shade),
        cmocka_unit_test(stride_and_noise), cmocka_unit_test(lopsided),
        cmocka_unit_test(no_ink),           cmocka_unit_test(idempotent),
        cmocka_unit_test(golden),           cmocka_unit_test(real_digits_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

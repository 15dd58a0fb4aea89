/* tests/data/test_augment.c: the words of an augment line, and what a draw does to an image.
 * What distortion is worth is the business of training. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "core/rng.h"
#include "data/augment.h"

static ink_augment parse(const char *text) {
    ink_augment a;
    assert_int_equal(ink_augment_parse(text, &a, NULL), INK_OK);
    return a;
}

static void words_are_read(void **state) {
    (void)state;
    ink_augment a = parse("  elastic   34,4\trotate 5 ");
    assert_true(a.elastic_alpha == 34.0f && a.elastic_sigma == 4.0f && a.rotate_deg == 5.0f);
    a = parse("rotate 12 scale 0.12 shear 0.15 shift 0.08");
    assert_true(a.rotate_deg == 12.0f && a.scale == 0.12f && a.shear == 0.15f && a.shift == 0.08f);
    a = parse("shift-safe 1 squeeze 7 erase 4 erase-share 0.5 share 0.5 normal");
    assert_true(a.shift_safe == 1.0f && a.squeeze_px == 7.0f && a.erase_px == 4.0f && a.erase_share == 0.5f);
    assert_true(a.share == 0.5f && a.normal);
    a = parse("stretch 0.1 shift-px 2.5 shift-whole");
    assert_true(a.stretch == 0.1f && a.shift_px == 2.5f && a.shift_whole && !ink_augment_is_none(&a));
    assert_true(ink_augment_is_none((ink_augment[]){parse("none")}));
    a = parse("");
    assert_true(ink_augment_is_none(&a));
}

static void wrong_words(void **state) {
    (void)state;
    static const struct {
        const char *line, *text, *hint;
    } cases[] = {
        {"rotat 12", "augment: unknown word \"rotat\"", "did you mean \"rotate\"?"},
        {"rotate", "augment: a number must follow \"rotate\", from 0 to 180", ""},
        {"rotate x", "augment: \"rotate x\": expected a number from 0 to 180", ""},
        {"rotate 181", "augment: \"rotate 181\": expected a number from 0 to 180", ""},
        {"rotate nan", "augment: \"rotate nan\": expected a number from 0 to 180", ""},
        {"rotate 1 rotate 2", "augment: \"rotate\" stands there twice", ""},
        {"elastic 34", "augment: a number must follow \"elastic\", from 2 to 32", ""},
        {"elastic 34 1", "augment: \"elastic 1\": expected a number from 2 to 32", ""},
        {"none rotate 1", "augment: \"none\" stands alone", ""},
        {"rotate 1 none", "augment: \"none\" stands alone", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ink_augment a;
        ink_error err;
        assert_int_equal(ink_augment_parse(cases[i].line, &a, &err), INK_E_USAGE);
        assert_string_equal(err.text, cases[i].text);
        assert_string_equal(err.hint, cases[i].hint);
        assert_true(ink_augment_is_none(&a));
    }
}

static void nothing_moves_without_words(void **state) {
    (void)state;
    ink_augment none = {0};
    ink_warp warp;
    ink_augment_draw(&none, 1, 1, 1, NULL, 28, 28, &warp);
    assert_memory_equal(&warp, &ink_warp_none, sizeof warp);
    uint8_t image[784];
    float out[784];
    for (int i = 0; i < 784; i++) image[i] = (uint8_t)(i * 31);
    ink_warp_apply(&warp, image, 28, 28, out);
    for (int i = 0; i < 784; i++) assert_true(out[i] == image[i]);
}

static void seed_epoch_and_row_decide(void **state) {
    (void)state;
    ink_augment a = parse("rotate 12 scale 0.12 elastic 34 4 erase 4");
    ink_warp first, other;
    ink_augment_draw(&a, 1, 1, 5, NULL, 28, 28, &first);
    ink_augment_draw(&a, 1, 1, 5, NULL, 28, 28, &other);
    assert_memory_equal(&first, &other, sizeof first);
    ink_augment_draw(&a, 2, 1, 5, NULL, 28, 28, &other);
    assert_memory_not_equal(&first, &other, sizeof first);
    ink_augment_draw(&a, 1, 2, 5, NULL, 28, 28, &other);
    assert_memory_not_equal(&first, &other, sizeof first);
    ink_augment_draw(&a, 1, 1, 6, NULL, 28, 28, &other);
    assert_memory_not_equal(&first, &other, sizeof first);
}

/* Angle, scales and shifts that a warp stands for stay within what was asked, and reach most of it. */
static void amounts_are_kept(void **state) {
    (void)state;
    ink_augment turn = parse("rotate 12"), size = parse("scale 0.2"), move = parse("shift 0.1"),
                whole = parse("shift-px 3 shift-whole"), squeeze = parse("squeeze 7"), shear = parse("shear 0.3");
    double most_turn = 0, most_size = 0, most_move = 0, most_squeeze = 0, most_shear = 0;
    for (uint32_t row = 0; row < 2000; row++) {
        ink_warp w;
        ink_augment_draw(&turn, 1, 1, row, NULL, 28, 28, &w);
        double degrees = fabs(atan2(w.yx, w.xx)) * 180.0 / 3.14159265358979;
        assert_true(degrees <= 12.0001 && fabs(hypot(w.xx, w.yx) - 1.0) < 1e-6);
        most_turn = fmax(most_turn, degrees);
        ink_augment_draw(&size, 1, 1, row, NULL, 28, 28, &w);
        assert_true(w.xx == w.yy && w.xy == 0.0f && fabs(1.0 / (double)w.xx - 1.0) <= 0.20001);
        most_size = fmax(most_size, fabs(1.0 / (double)w.xx - 1.0));
        ink_augment_draw(&move, 1, 1, row, NULL, 28, 28, &w);
        assert_true(fabsf(w.x0) <= 2.80001f && fabsf(w.y0) <= 2.80001f && w.x0 != w.y0);
        most_move = fmax(most_move, fabs((double)w.x0));
        ink_augment_draw(&whole, 1, 1, row, NULL, 28, 28, &w);
        assert_true(w.x0 == floorf(w.x0) && w.y0 == floorf(w.y0) && fabsf(w.x0) <= 3.0f);
        ink_augment_draw(&squeeze, 1, 1, row, NULL, 28, 28, &w);
        assert_true(w.xx >= 1.0f && w.xx <= 28.0f / 21.0f + 1e-5f && w.yy == 1.0f);
        most_squeeze = fmax(most_squeeze, (double)w.xx);
        ink_augment_draw(&shear, 1, 1, row, NULL, 28, 28, &w);
        assert_true(fabsf(w.xy) <= 0.30001f && w.yx == 0.0f && w.xx == 1.0f);
        most_shear = fmax(most_shear, fabs((double)w.xy));
    }
    assert_true(most_turn > 11.5 && most_size > 0.19 && most_move > 2.7 && most_squeeze > 1.3 && most_shear > 0.29);
}

/* Whatever is drawn, the safe shift leaves no ink outside: the sum of a whole-pixel shift is that of the image. */
static void safe_shift_cuts_no_ink(void **state) {
    (void)state;
    ink_augment a = parse("shift-safe 1 shift-whole");
    ink_rng rng = ink_rng_at(3, INK_STREAM_GOLDEN, 9, 0);
    int moved = 0;
    for (uint32_t row = 0; row < 500; row++) {
        uint8_t image[784] = {0};
        uint32_t x0 = ink_rng_below(&rng, 27), y0 = ink_rng_below(&rng, 27);
        uint32_t w = 1 + ink_rng_below(&rng, 28 - x0), h = 1 + ink_rng_below(&rng, 28 - y0);
        double before = 0, after = 0;
        for (uint32_t y = y0; y < y0 + h; y++) {
            for (uint32_t x = x0; x < x0 + w; x++)
                before += image[y * 28 + x] = (uint8_t)(1 + ink_rng_below(&rng, 255));
        }
        ink_warp warp;
        float out[784];
        ink_augment_draw(&a, 1, 1, row, image, 28, 28, &warp);
        ink_warp_apply(&warp, image, 28, 28, out);
        for (int i = 0; i < 784; i++) after += (double)out[i];
        assert_true(before == after);
        moved += warp.x0 != 0.0f;
    }
    assert_true(moved > 300);
}

/* The displacement's root mean square is Simard's, and the field is smooth. */
static void elastic_strength(void **state) {
    (void)state;
    static const double cases[][2] = {{34, 4}, {38, 6}, {20, 3}};
    for (size_t k = 0; k < 3; k++) {
        ink_augment a = {.elastic_alpha = (float)cases[k][0], .elastic_sigma = (float)cases[k][1]};
        double squares = 0, steps = 0, n = 0;
        for (uint32_t row = 0; row < 400; row++) {
            ink_warp w;
            ink_augment_draw(&a, 7, 1, row, NULL, 28, 28, &w);
            for (int axis = 0; axis < 2; axis++) {
                for (int j = 0; j < INK_WARP_GRID; j++) {
                    for (int i = 0; i + 1 < INK_WARP_GRID; i++, n++) {
                        double here = (double)w.elastic * w.grid[axis][j][i],
                               next = (double)w.elastic * w.grid[axis][j][i + 1];
                        squares += here * here;
                        steps += (next - here) * (next - here);
                    }
                }
            }
        }
        double wanted = 0.16287 * cases[k][0] / cases[k][1], d = 4.0 / cases[k][1];
        assert_true(fabs(sqrt(squares / n) / wanted - 1.0) < 0.05);
        /* neighbours 4 pixels apart: E (a - b)^2 = 2 s^2 (1 - exp(-d^2 / 4)) */
        double wanted_step = wanted * sqrt(2.0 * (1.0 - exp(-d * d / 4.0)));
        assert_true(fabs(sqrt(steps / n) / wanted_step - 1.0) < 0.05);
    }
}

static void erased_square(void **state) {
    (void)state;
    ink_augment a = parse("erase 4 erase-share 0.5");
    uint8_t image[784];
    memset(image, 200, sizeof image);
    int erased = 0;
    for (uint32_t row = 0; row < 1000; row++) {
        ink_warp w;
        float out[784];
        ink_augment_draw(&a, 1, 1, row, NULL, 28, 28, &w);
        ink_warp_apply(&w, image, 28, 28, out);
        int zeros = 0;
        for (int i = 0; i < 784; i++) zeros += out[i] == 0.0f;
        assert_true(zeros == 0 || zeros == 16);
        erased += zeros == 16;
    }
    assert_true(erased > 440 && erased < 560);
}

static void share_of_images(void **state) {
    (void)state;
    ink_augment a = parse("rotate 10 share 0.25 normal");
    int moved = 0;
    for (uint32_t row = 0; row < 2000; row++) {
        ink_warp w;
        ink_augment_draw(&a, 1, 1, row, NULL, 28, 28, &w);
        moved += w.xy != 0.0f;
    }
    assert_true(moved > 430 && moved < 570);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_read),
        cmocka_unit_test(wrong_words),
        cmocka_unit_test(nothing_moves_without_words),
        cmocka_unit_test(seed_epoch_and_row_decide),
        cmocka_unit_test(amounts_are_kept),
        cmocka_unit_test(safe_shift_cuts_no_ink),
        cmocka_unit_test(elastic_strength),
        cmocka_unit_test(erased_square),
        cmocka_unit_test(share_of_images),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* tests/ops/test_warp.c: every table's warp gives the bits of ink_warp_apply, for warps and sizes of all kinds; rescale
 * those of fmaf. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/rng.h"
#include "core/warp.h"
#include "ops/cpu/kernels.h"

#define SIDE_MOST 70

static const char *const words[] = {"generic", "avx2", "avx512"};

/* The table that INK_ISA names; false: this processor lacks it. */
static bool pick(const char *word, ink_kernels *table) {
    setenv("INK_ISA", word, 1);
    ink_status status = ink_kernels_pick(table, NULL);
    unsetenv("INK_ISA");
    return status == INK_OK;
}

/* Mild ones, wild ones, and some that are no numbers. */
static ink_warp draw(ink_rng *rng, int kind) {
    float most = kind % 4 == 0 ? 0.2f : kind % 4 == 1 ? 3 : 1e6f;
    ink_warp w = {.xx = 1 + ink_rng_between(rng, -most, most),
                  .xy = ink_rng_between(rng, -most, most),
                  .yx = ink_rng_between(rng, -most, most),
                  .yy = 1 + ink_rng_between(rng, -most, most),
                  .x0 = ink_rng_between(rng, -4 * most, 4 * most),
                  .y0 = ink_rng_between(rng, -4 * most, 4 * most)};
    if (kind % 4 == 3) w = ink_warp_none;
    if (kind % 5 == 0) {
        w.erase_x = (int16_t)ink_rng_between(rng, -9, 40);
        w.erase_y = (int16_t)ink_rng_between(rng, -9, 40);
        w.erase_size = kind % 10 == 0 ? 1000 : 7;
    }
    if (kind % 7 == 0) {
        w.elastic = 0.03f;
        for (size_t i = 0; i < sizeof w.grid; i++) ((int8_t *)w.grid)[i] = (int8_t)ink_rng_between(rng, -127, 127);
    }
    if (kind % 11 == 0) w.xy = NAN;
    if (kind % 13 == 0) w.y0 = INFINITY;
    if (kind % 17 == 0) w.xx = -0.0f;
    return w;
}

static void warps_have_the_same_bits(void **state) {
    (void)state;
    static const uint32_t sizes[][2] = {{28, 28}, {1, 1}, {5, 9}, {64, 64}, {3, 64}, {65, 7}, {8, 70}, {28, 17}};
    static uint8_t image[SIDE_MOST * SIDE_MOST];
    static float expected[SIDE_MOST * SIDE_MOST], got[SIDE_MOST * SIDE_MOST + 1];
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
        ink_kernels table;
        if (!pick(words[k], &table)) continue;
        ink_rng rng = ink_rng_at(5, INK_STREAM_AUGMENT, 0, 0);
        for (int kind = 0; kind < 400; kind++) {
            const uint32_t *size = sizes[kind % 8], count = size[0] * size[1];
            for (uint32_t i = 0; i < count; i++) image[i] = (uint8_t)ink_rng_below(&rng, 256);
            ink_warp w = draw(&rng, kind);
            ink_warp_apply(&w, image, size[0], size[1], expected);
            got[count] = 77;
            table.warp(&w, image, size[0], size[1], got);
            if (memcmp(expected, got, count * sizeof *got) != 0) {
                fail_msg("%s, warp %d, %u x %u: other bits", words[k], kind, size[0], size[1]);
            }
            assert_true(got[count] == 77);
        }
    }
}

static void rescaled_once_rounded(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
        ink_kernels table;
        if (!pick(words[k], &table)) continue;
        for (size_t count = 0; count < 70; count++) {
            float x[71], y[71];
            for (size_t i = 0; i < 71; i++) x[i] = y[i] = (float)i * 1.7f - 3;
            table.rescale(y, 0.0039215689f, -0.4242129f, count);
            for (size_t i = 0; i < count; i++) assert_true(y[i] == fmaf(x[i], 0.0039215689f, -0.4242129f));
            assert_true(y[count] == x[count]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(warps_have_the_same_bits),
        cmocka_unit_test(rescaled_once_rounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

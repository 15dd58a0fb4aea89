/* tests/core/test_half.c: every half there and back, and floats between them go to the nearer.
 * Files with halves in them are tests/files' and tests/api's business. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "core/half.h"

static void every_half_comes_back(void **state) {
    (void)state;
    for (uint32_t h = 0; h < 65536; h++) {
        float x = ink_half_widen((uint16_t)h);
        if (isnan(x)) {
            assert_true(isnan(ink_half_widen(ink_half_nearest(x))));
        } else {
            assert_int_equal(ink_half_nearest(x), h);
        }
    }
}

/* The value by the definition: fraction and exponent through ldexp. */
static void halves_are_what_the_standard_says(void **state) {
    (void)state;
    for (uint32_t h = 0; h < 0x7c00; h++) {
        int exponent = (int)(h >> 10);
        double wanted = exponent == 0 ? ldexp(h & 0x3ff, -24) : ldexp((h & 0x3ff) | 0x400, exponent - 25);
        assert_true((double)ink_half_widen((uint16_t)h) == wanted);
        assert_true((double)ink_half_widen((uint16_t)(h | 0x8000)) == -wanted);
    }
    assert_true(isinf(ink_half_widen(0x7c00)) && ink_half_widen(0xfc00) < 0);
}

/* Just below, at, and just above the middle of each two neighbours. */
static void what_lies_between_goes_to_the_nearer(void **state) {
    (void)state;
    for (uint32_t h = 0; h < 0x7bff; h++) {
        float low = ink_half_widen((uint16_t)h), high = ink_half_widen((uint16_t)(h + 1));
        float middle = low + (high - low) / 2;
        assert_int_equal(ink_half_nearest(nextafterf(middle, low)), h);
        assert_int_equal(ink_half_nearest(nextafterf(middle, high)), h + 1);
        assert_int_equal(ink_half_nearest(middle), h % 2 == 0 ? h : h + 1);
        assert_int_equal(ink_half_nearest(-middle), (h % 2 == 0 ? h : h + 1) | 0x8000);
    }
    assert_int_equal(ink_half_nearest(65519.0f), 0x7bff);
    assert_int_equal(ink_half_nearest(65520.0f), 0x7c00);
    assert_int_equal(ink_half_nearest(-1e30f), 0xfc00);
    assert_int_equal(ink_half_nearest(0x1p-25f), 0);
    assert_int_equal(ink_half_nearest(0x1p-149f), 0);
    assert_int_equal(ink_half_nearest(-0.0f), 0x8000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half_comes_back),
        cmocka_unit_test(halves_are_what_the_standard_says),
        cmocka_unit_test(what_lies_between_goes_to_the_nearer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

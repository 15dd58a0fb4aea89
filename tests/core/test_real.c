/* tests/core/test_real.c: exp, log, sine and cosine against libm in long double: less than 2 units in the last place.
 * Where long double is no wider than double (neither x86-64 nor arm64) the judge itself would be off by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <float.h>
#include <math.h>

#include <cmocka.h>

#include "core/real.h"
#include "core/rng.h"

#define MANY     200000
#define ULPS_MAX 2.0L
#define PI_TWICE 6.283185307179586476925286766559005768L

static long double ulps(double got, long double wanted) {
    double near = fabs((double)wanted);
    long double unit = near < DBL_MIN ? 0x1p-1074L : (long double)(nextafter(near, INFINITY) - near);
    return fabsl((long double)got - wanted) / unit;
}

static double uniform(ink_rng *rng, double low, double high) {
    uint64_t bits = (uint64_t)ink_rng_u32(rng) << 21 ^ ink_rng_u32(rng) >> 11;
    return low + (high - low) * (double)bits * 0x1p-53;
}

static void exp_is_close(void **state) {
    (void)state;
    ink_rng rng = ink_rng_at(1, INK_STREAM_GOLDEN, 0, 0);
    for (int i = 0; i < MANY; i++) {
        double x = i % 4 == 0 ? uniform(&rng, -745.0, 709.78) : uniform(&rng, -20.0, 20.0);
        assert_true(ulps(ink_exp(x), expl((long double)x)) < ULPS_MAX);
    }
    assert_true(ink_exp(0.0) == 1.0);
    assert_true(ink_exp(-0.0) == 1.0);
    assert_true(isinf(ink_exp(710.0)));
    assert_true(ink_exp(-746.0) == 0.0);
    assert_true(isinf(ink_exp(INFINITY)));
    assert_true(ink_exp(-INFINITY) == 0.0);
    assert_true(isnan(ink_exp(NAN)));
}

static void log_is_close(void **state) {
    (void)state;
    ink_rng rng = ink_rng_at(2, INK_STREAM_GOLDEN, 0, 0);
    for (int i = 0; i < MANY; i++) {
        double x = ldexp(uniform(&rng, 0.5, 1.0), (int)ink_rng_below(&rng, 2090) - 1070);
        if (i % 4 == 0) x = uniform(&rng, 0.5, 2.0); /* near 1, where the answer is small */
        assert_true(x > 0);
        assert_true(ulps(ink_log(x), logl((long double)x)) < ULPS_MAX);
    }
    assert_true(ink_log(1.0) == 0.0);
    assert_true(ink_log(0.0) == -INFINITY);
    assert_true(ink_log(INFINITY) == INFINITY);
    assert_true(isnan(ink_log(-1.0)));
    assert_true(isnan(ink_log(NAN)));
}

static void turns_are_close(void **state) {
    (void)state;
    ink_rng rng = ink_rng_at(3, INK_STREAM_GOLDEN, 0, 0);
    for (int i = 0; i < MANY; i++) {
        /* Within an eighth of a turn the judge's own argument is good; the rest is symmetry, tested below. */
        double t = uniform(&rng, -0.125, 0.125);
        assert_true(ulps(ink_sin_turn(t), sinl(PI_TWICE * (long double)t)) < ULPS_MAX);
        assert_true(ulps(ink_cos_turn(t), cosl(PI_TWICE * (long double)t)) < ULPS_MAX);
    }
}

static void turns_repeat(void **state) {
    (void)state;
    ink_rng rng = ink_rng_at(4, INK_STREAM_GOLDEN, 0, 0);
    for (int i = 0; i < MANY / 10; i++) {
        double t = (double)((int32_t)ink_rng_below(&rng, 1u << 24) - (1 << 23)) * 0x1p-26; /* |t| <= 1/8; sums exact */
        double s = ink_sin_turn(t), c = ink_cos_turn(t);
        assert_true(ink_sin_turn(t + 1.0) == s && ink_cos_turn(t - 7.0) == c);
        assert_true(ink_sin_turn(-t) == -s && ink_cos_turn(-t) == c);
        if (fabs(t) == 0.125) continue; /* either form serves there */
        assert_true(ink_sin_turn(t + 0.25) == c && ink_cos_turn(t + 0.25) == -s);
        assert_true(ink_sin_turn(t + 0.5) == -s && ink_cos_turn(t + 0.5) == -c);
        assert_true(ink_sin_turn(t - 0.25) == -c && ink_cos_turn(t - 0.25) == s);
    }
    assert_true(ink_sin_turn(0.0) == 0.0 && ink_cos_turn(0.0) == 1.0);
    assert_true(ink_sin_turn(0.25) == 1.0 && ink_cos_turn(0.25) == 0.0);
    assert_true(ink_sin_turn(1e300) == 0.0 && ink_cos_turn(1e300) == 1.0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exp_is_close),
        cmocka_unit_test(log_is_close),
        cmocka_unit_test(turns_are_close),
        cmocka_unit_test(turns_repeat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

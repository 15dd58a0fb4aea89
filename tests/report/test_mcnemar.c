/* tests/report/test_mcnemar.c: the test against values worked out by hand, published ones, and whole sums in integers.
 * How runs are paired is tested by tests/e2e/cli_compare.sh. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/mcnemar.h"

static ink_mcnemar test(uint64_t first, uint64_t second) {
    return ink_mcnemar_test(&(ink_pairing){.both = 10, .first = first, .second = second, .neither = 3});
}

static void near(double value, double wanted, double tolerance) {
    if (!(fabs(value - wanted) <= tolerance)) print_message("%.17g, wanted %.17g\n", value, wanted);
    assert_true(fabs(value - wanted) <= tolerance);
}

static void test_by_hand(void **state) {
    (void)state;
    near(test(0, 0).exact, 1, 0);
    near(test(0, 0).mid, 1, 0);
    /* One discordant pair: P(X <= 0) = 1/2. */
    near(test(1, 0).exact, 1, 1e-14);
    near(test(1, 0).mid, 0.5, 1e-14);
    /* Five to none: 2 / 32, and 1 / 32. */
    near(test(0, 5).exact, 0.0625, 1e-14);
    near(test(5, 0).mid, 0.03125, 1e-14);
    /* Equal numbers: 2 P(X <= m) is above 1, mid-p is 1. */
    near(test(4, 4).exact, 1, 0);
    near(test(4, 4).mid, 1, 1e-14);
    /* Fagerland, Lydersen, Laake (2013), table 1 (Bentur et al.): 1 and 7 give 0.0703 exact and 0.0391 mid-p. */
    near(test(1, 7).exact, 0.0703125, 1e-12);
    near(test(1, 7).mid, 0.0390625, 1e-12);
}

/* Every table up to n = 40 against sums of binomial coefficients in integers. */
static void test_by_sums(void **state) {
    (void)state;
    for (uint64_t n = 1; n <= 40; n++) {
        uint64_t choose = 1, sum = 0;
        for (uint64_t m = 0; 2 * m <= n; m++) {
            sum += choose;
            double scale = ldexp(1, -(int)n), exact = fmin(1, 2 * (double)sum * scale);
            near(test(m, n - m).exact, exact, 1e-12);
            near(test(n - m, m).mid, fmin(1, (2 * (double)sum - (double)choose) * scale), 1e-12);
            choose = choose * (n - m) / (m + 1);
        }
    }
}

/* Many pairs: the normal distribution with continuity correction, which is within 1e-3 there. */
static void test_many(void **state) {
    (void)state;
    for (uint64_t half = 100; half <= 10000000; half *= 10) {
        uint64_t more = half + (uint64_t)sqrt((double)half), less = half - (uint64_t)sqrt((double)half);
        double z = ((double)(more - less) - 1) / sqrt((double)(more + less));
        near(test(more, less).exact, erfc(z / sqrt(2)), 2e-3);
        assert_true(test(more, less).mid < test(more, less).exact);
    }
    assert_true(test(0, 2000).exact >= 0 && test(0, 2000).exact < 1e-300);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_by_sums),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests_name("report/mcnemar", tests, NULL, NULL);
}

/* tests/core/test_clock.c: the two clocks and the shape of their texts.
 * Not their truth: that is the system's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"

/* pattern: 'd' stands for a digit, all else for itself. */
static void assert_shape(const char *text, const char *pattern) {
    assert_int_equal(strlen(text), strlen(pattern));
    for (; *pattern != '\0'; text++, pattern++) {
        if (*pattern == 'd') {
            assert_in_range(*text, '0', '9');
        } else {
            assert_int_equal(*text, *pattern);
        }
    }
}

static void never_goes_back(void **state) {
    (void)state;
    double before = ink_clock_s();
    for (int i = 0; i < 1000; i++) {
        double now = ink_clock_s();
        assert_true(now >= before);
        before = now;
    }
}

static void texts_have_their_shape(void **state) {
    (void)state;
    char stamp[25], name[18], small[4] = "###";
    ink_clock_stamp(stamp, sizeof stamp);
    assert_shape(stamp, "dddd-dd-ddTdd:dd:dd.dddZ");
    ink_clock_name(name, sizeof name);
    assert_shape(name, "dddd-dd-dd_dddddd");
    ink_clock_name(small, sizeof small);
    assert_string_equal(small, "");
    ink_clock_stamp(small, sizeof small);
    assert_int_equal(strlen(small), 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(never_goes_back), cmocka_unit_test(texts_have_their_shape)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

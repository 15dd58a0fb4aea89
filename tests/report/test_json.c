/* tests/report/test_json.c: what JSON cannot hold becomes what it can.
 * Whole documents are tested with their writers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "report/json.h"

static void bytes_that_are_no_utf8_are_mended(void **state) {
    static const char *const pairs[][2] = {
        {"digits", "digits"}, {"a\nb", "a\nb"}, {"z\xc3\xa9", "z\xc3\xa9"}, {"\xff\xc3\xa9\xe2\x82", "?\xc3\xa9??"}};
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        json_t *value = ink_json_text(pairs[i][0]);
        assert_non_null(value);
        assert_string_equal(json_string_value(value), pairs[i][1]);
        json_decref(value);
    }
    assert_true(json_is_null(ink_json_text(NULL)));
}

static void numbers_that_are_none_are_null(void **state) {
    json_t *value = ink_json_real(0.5);
    (void)state;
    assert_true(json_real_value(value) == 0.5);
    json_decref(value);
    assert_true(json_is_null(ink_json_real((double)NAN)));
    assert_true(json_is_null(ink_json_real((double)-INFINITY)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_that_are_no_utf8_are_mended),
        cmocka_unit_test(numbers_that_are_none_are_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

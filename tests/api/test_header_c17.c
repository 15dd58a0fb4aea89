/* tests/api/test_header_c17.c: inkling.h alone, first in a file, compiled as strict C17; its version is the build's.
 * As C++17 it is compiled by tests/e2e/install.sh. */
#include "inkling.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void version_agrees(void **state) {
    (void)state;
    assert_string_equal(ink_version(), INK_TEST_VERSION);
}

static void exit_codes_are_fixed(void **state) {
    (void)state;
    assert_int_equal(INK_OK, 0);
    assert_int_equal(INK_E_INTERNAL, 1);
    assert_int_equal(INK_E_USAGE, 2);
    assert_int_equal(INK_E_DATA, 3);
    assert_int_equal(INK_E_FILE, 4);
    assert_int_equal(INK_E_ABSENT, 5);
    assert_int_equal(INK_E_NETWORK, 6);
    assert_int_equal(INK_E_DIVERGED, 7);
    assert_int_equal(INK_E_THRESHOLD, 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(version_agrees), cmocka_unit_test(exit_codes_are_fixed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

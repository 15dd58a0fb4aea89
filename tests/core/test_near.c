/* tests/core/test_near.c: "did you mean" finds slips of the finger and leaves strangers alone.
 * Which words the program knows is not its business. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/near.h"

static const char *nearest(const char *word) {
    static const char *const list[] = {"epochs", "batch-size", "eval-batch-size", "lr", "out", "seed", "threads"};
    ink_near near = {.word = word};
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) ink_near_try(&near, list[i]);
    return near.best;
}

static void test_distance(void **state) {
    char longest[80];
    (void)state;
    assert_int_equal(ink_near_distance("", ""), 0);
    assert_int_equal(ink_near_distance("", "abc"), 3);
    assert_int_equal(ink_near_distance("epoch", "epochs"), 1);
    assert_int_equal(ink_near_distance("epcohs", "epochs"), 1);
    assert_int_equal(ink_near_distance("kitten", "sitting"), 3);
    assert_int_equal(ink_near_distance("ca", "abc"), 3);
    for (size_t i = 0; i < sizeof longest; i++) longest[i] = 'a';
    longest[79] = '\0';
    assert_true(ink_near_distance(longest, "a") == SIZE_MAX);
}

static void test_slips(void **state) {
    (void)state;
    assert_string_equal(nearest("epoch"), "epochs");
    assert_string_equal(nearest("epcohs"), "epochs");
    assert_string_equal(nearest("batchsize"), "batch-size");
    assert_string_equal(nearest("batch_size"), "batch-size");
    assert_string_equal(nearest("rl"), "lr");
    assert_string_equal(nearest("eval-b"), "eval-batch-size");
    assert_string_equal(nearest("thread"), "threads");
}

static void test_strangers(void **state) {
    (void)state;
    assert_null(nearest("banana"));
    assert_null(nearest("x"));
    assert_null(nearest(""));
    assert_null(nearest("momentum"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_slips),
        cmocka_unit_test(test_strangers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

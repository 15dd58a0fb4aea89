/* tests/core/test_mem.c: sizes that overflow, alignment, and cleared memory.
 * Leaks and overruns are AddressSanitizer's to find. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"

static void sizes_that_do_not_fit(void **state) {
    (void)state;
    size_t out = 7;
    assert_false(ink_size_mul(SIZE_MAX, 2, &out));
    assert_int_equal(out, 7);
    assert_false(ink_size_add(SIZE_MAX, 1, &out));
    assert_int_equal(out, 7);
    assert_true(ink_size_mul(SIZE_MAX / 2, 2, &out));
    assert_true(out == SIZE_MAX - 1);
    assert_true(ink_size_add(SIZE_MAX - 1, 1, &out));
    assert_true(out == SIZE_MAX);
    /* The sizes come through a volatile: the compiler would warn of what we do on purpose. */
    volatile size_t huge = SIZE_MAX / 2 + 1;
    assert_null(ink_mem_new(huge, 2));
    assert_null(ink_mem_new_aligned(huge, 2));
    assert_null(ink_mem_new_aligned(SIZE_MAX - 8, 1));
    uint8_t *block = ink_mem_new(4, 1);
    assert_non_null(block);
    memset(block, 9, 4);
    assert_null(ink_mem_resize(block, huge, 2));
    assert_int_equal(block[3], 9);
    ink_mem_free(block);
}

static void new_memory_is_zero(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 63, 64, 65, 4096, ((size_t)4 << 20) + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint8_t *plain = ink_mem_new(sizes[i], 1);
        uint8_t *aligned = ink_mem_new_aligned(sizes[i], 1);
        assert_non_null(plain);
        assert_non_null(aligned);
        assert_int_equal((uintptr_t)aligned % 64, 0);
        for (size_t k = 0; k < sizes[i]; k++) assert_true(plain[k] == 0 && aligned[k] == 0);
        ink_mem_free(plain);
        ink_mem_free(aligned);
    }
}

static void resize_keeps_the_bytes(void **state) {
    (void)state;
    uint32_t *block = ink_mem_resize(NULL, 3, sizeof *block);
    assert_non_null(block);
    for (uint32_t i = 0; i < 3; i++) block[i] = i * 11;
    uint32_t *grown = ink_mem_resize(block, 1000, sizeof *block);
    assert_non_null(grown);
    assert_int_equal(grown[2], 22);
    uint32_t *shrunk = ink_mem_resize(grown, 0, sizeof *block);
    assert_non_null(shrunk);
    ink_mem_free(shrunk);
    ink_mem_free(NULL);
}

static void strings_are_copied(void **state) {
    (void)state;
    const char *text = "train.csv";
    char *copy = ink_mem_string(text);
    assert_non_null(copy);
    assert_ptr_not_equal(copy, text);
    assert_string_equal(copy, text);
    ink_mem_free(copy);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_that_do_not_fit),
        cmocka_unit_test(new_memory_is_zero),
        cmocka_unit_test(resize_keeps_the_bytes),
        cmocka_unit_test(strings_are_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

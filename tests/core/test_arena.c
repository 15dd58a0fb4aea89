/* tests/core/test_arena.c: blocks of many sizes, their alignment, and that none overlaps another.
 * Memory that runs out is not simulated here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/arena.h"

#define BLOCKS 300

static void blocks_do_not_overlap(void **state) {
    (void)state;
    ink_arena arena = {0};
    uint8_t *block[BLOCKS];
    size_t size[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        size[i] = i % 50 == 49 ? 40000 : (i * 37) % 211;
        block[i] = ink_arena_new(&arena, size[i], 1);
        assert_non_null(block[i]);
        assert_int_equal((uintptr_t)block[i] % 16, 0);
        for (size_t k = 0; k < size[i]; k++) assert_int_equal(block[i][k], 0);
        memset(block[i], (int)(i & 0xff), size[i]);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        for (size_t k = 0; k < size[i]; k++) assert_int_equal(block[i][k], i & 0xff);
    }
    assert_true(arena.used_bytes > 0);
    ink_arena_clear(&arena);
    assert_null(arena.last);
    assert_int_equal(arena.used_bytes, 0);
    assert_non_null(ink_arena_new(&arena, 1, 1)); /* an empty arena again */
    ink_arena_clear(&arena);
}

static void sizes_that_overflow(void **state) {
    (void)state;
    ink_arena arena = {0};
    assert_null(ink_arena_new(&arena, SIZE_MAX, 2));
    assert_null(ink_arena_new(&arena, SIZE_MAX, 1));
    assert_null(ink_arena_string(&arena, "x", SIZE_MAX));
    assert_int_equal(arena.used_bytes, 0);
    ink_arena_clear(&arena);
}

static void strings_end(void **state) {
    (void)state;
    ink_arena arena = {0};
    const char *copy = ink_arena_string(&arena, "linear 128", 6);
    assert_non_null(copy);
    assert_string_equal(copy, "linear");
    copy = ink_arena_string(&arena, "", 0);
    assert_non_null(copy);
    assert_string_equal(copy, "");
    ink_arena_clear(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_do_not_overlap),
        cmocka_unit_test(sizes_that_overflow),
        cmocka_unit_test(strings_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

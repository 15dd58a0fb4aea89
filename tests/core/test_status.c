/* tests/core/test_status.c: every way to fill an ink_error, and what hostile text becomes in it.
 * The words of real messages are tested where they are made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/status.h"

static void plain_failure(void **state) {
    (void)state;
    ink_error err;
    memset(&err, 0x5a, sizeof err);
    assert_int_equal(ink_fail(&err, INK_E_USAGE, "%d of %s", 3, "four"), INK_E_USAGE);
    assert_int_equal(err.status, INK_E_USAGE);
    assert_string_equal(err.text, "3 of four");
    assert_string_equal(err.file, "");
    assert_string_equal(err.seen, "");
    assert_string_equal(err.wanted, "");
    assert_string_equal(err.hint, "");
    assert_int_equal(err.line + err.column + err.byte, 0);
    assert_false(err.has_byte);
}

static void nobody_wants_to_know(void **state) {
    (void)state;
    errno = ENOENT;
    assert_int_equal(ink_fail(NULL, INK_E_DATA, "x"), INK_E_DATA);
    assert_int_equal(ink_fail_line(NULL, INK_E_DATA, "f", 1, 2, "s", "w", "what"), INK_E_DATA);
    assert_int_equal(ink_fail_byte(NULL, INK_E_DATA, "f", 1, "s", "w", "what"), INK_E_DATA);
    assert_int_equal(ink_fail_errno(NULL, "open", "f"), INK_E_FILE);
    assert_int_equal(ink_fail_memory(NULL, 1, "f"), INK_E_MEMORY);
    ink_hint(NULL, "nothing happens");
}

static void place_in_a_text(void **state) {
    (void)state;
    ink_error err;
    ink_status status = ink_fail_line(&err, INK_E_DATA, "train.csv", 1731, 412, "256", "an integer 0..255", "pixel412");
    assert_int_equal(status, INK_E_DATA);
    assert_string_equal(err.text, "train.csv:1731:412: pixel412 is \"256\", expected an integer 0..255");
    assert_string_equal(err.file, "train.csv");
    assert_int_equal(err.line, 1731);
    assert_int_equal(err.column, 412);
    assert_string_equal(err.seen, "256");
    assert_string_equal(err.wanted, "an integer 0..255");

    status = ink_fail_line(&err, INK_E_DATA, "v.txt", 7, 0, NULL, NULL, "an empty net");
    assert_int_equal(status, INK_E_DATA);
    assert_string_equal(err.text, "v.txt:7: an empty net");
    status = ink_fail_line(&err, INK_E_DATA, "v.txt", 7, 0, "lineer", NULL, "no such layer");
    assert_int_equal(status, INK_E_DATA);
    assert_string_equal(err.text, "v.txt:7: no such layer: \"lineer\"");
    status = ink_fail_line(&err, INK_E_DATA, "v.txt", 7, 9, NULL, "a number", "after linear");
    assert_int_equal(status, INK_E_DATA);
    assert_string_equal(err.text, "v.txt:7:9: after linear: expected a number");
}

static void place_in_bytes(void **state) {
    (void)state;
    ink_error err;
    ink_status status = ink_fail_byte(&err, INK_E_DATA, "a.idx", 0, "0x00000899", "0x00000803", "the magic number");
    assert_int_equal(status, INK_E_DATA);
    assert_string_equal(err.text, "a.idx: byte 0: the magic number is \"0x00000899\", expected 0x00000803");
    assert_true(err.has_byte);
    assert_int_equal(err.byte, 0);
    assert_int_equal(err.line, 0);
}

static void system_failures(void **state) {
    (void)state;
    ink_error err;
    errno = ENOENT;
    assert_int_equal(ink_fail_errno(&err, "open", "no/such"), INK_E_FILE);
    assert_string_equal(err.text, "cannot open no/such: No such file or directory");
    assert_string_equal(err.file, "no/such");
    assert_int_equal(ink_fail_memory(&err, UINT64_MAX, "images"), INK_E_MEMORY);
    assert_string_equal(err.text, "out of memory (needs 18446744073709551615 bytes for images)");
}

static void hints_follow(void **state) {
    (void)state;
    ink_error err;
    assert_int_equal(ink_fail(&err, INK_E_USAGE, "unknown recipe"), INK_E_USAGE);
    ink_hint(&err, "did you mean %s?", "v3");
    assert_string_equal(err.hint, "did you mean v3?");
    assert_string_equal(err.text, "unknown recipe");
}

/* A file may hold escape sequences that move a terminal's cursor: none may reach the message. */
static void hostile_text_is_escaped(void **state) {
    (void)state;
    ink_error err;
    ink_status status = ink_fail_line(&err, INK_E_DATA, "a\nb", 1, 1, "\x1b[2J\x7f", "x", "y");
    assert_int_equal(status, INK_E_DATA);
    assert_string_equal(err.file, "a\\x0ab");
    assert_string_equal(err.seen, "\\x1b[2J\\x7f");
    for (const char *p = err.text; *p != '\0'; p++) assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
}

/* U+0080 to U+009F, c2 80 to c2 9f in UTF-8, steer a terminal too; U+00A0 and letters stay as they are;
 * what is no UTF-8 does not. */
static void controls_of_utf8_are_escaped(void **state) {
    (void)state;
    static const char *const pairs[][2] = {{"a\xc2\x80z", "a\\xc2\\x80z"},
                                           {"\xc2\x9b"
                                            "31m",
                                            "\\xc2\\x9b31m"},
                                           {"\xc2\x9f", "\\xc2\\x9f"},
                                           {"\xc2\xa0\xc3\x9b", "\xc2\xa0\xc3\x9b"},
                                           {"caf\xc3\xa9", "caf\xc3\xa9"},
                                           {"\xe2\x82\x80", "\xe2\x82\x80"},
                                           {"\xc2", "\\xc2"},
                                           {"\xff\x93 \xe2\x82z", "\\xff\\x93 \\xe2\\x82z"},
                                           {"\xc2\n", "\\xc2\\x0a"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char dst[40];
        ink_escape(dst, sizeof dst, pairs[i][0], strlen(pairs[i][0]), sizeof dst);
        assert_string_equal(dst, pairs[i][1]);
    }
    char dst[12]; /* cut between the two */
    ink_escape(dst, sizeof dst, "a\xc2\x9b", 3, 2);
    assert_string_equal(dst, "a...");
    ink_escape(dst, 9, "\xc2\x9b", 2, 9);
    assert_string_equal(dst, "...");
    ink_escape(dst, sizeof dst, "a\xc3\xa9", 3, 2);
    assert_string_equal(dst, "a...");
}

static void long_text_is_cut(void **state) {
    (void)state;
    ink_error err;
    char longest[5000];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    ink_status status = ink_fail_line(&err, INK_E_DATA, longest, 1, 1, longest, longest, longest);
    assert_int_equal(status, INK_E_DATA);
    assert_true(strlen(err.text) < sizeof err.text);
    assert_true(strlen(err.seen) <= 43);
    assert_string_equal(err.seen + strlen(err.seen) - 3, "...");
    ink_hint(&err, "%s", longest);
    assert_true(strlen(err.hint) < sizeof err.hint);
}

static void escape_never_overruns(void **state) {
    (void)state;
    char source[64];
    memset(source, '\n', sizeof source);
    for (size_t size = 0; size < 40; size++) {
        char dst[48];
        memset(dst, '#', sizeof dst);
        ink_escape(dst, size, source, sizeof source, sizeof source);
        for (size_t i = size; i < sizeof dst; i++) assert_int_equal(dst[i], '#');
        if (size > 0) assert_non_null(memchr(dst, '\0', size));
    }
    char dst[16];
    ink_escape(dst, sizeof dst, "abc", 3, 3);
    assert_string_equal(dst, "abc");
    ink_escape(dst, sizeof dst, "a\0b", 3, 3);
    assert_string_equal(dst, "a\\x00b");
    ink_escape(dst, sizeof dst, "abcdef", 6, 2);
    assert_string_equal(dst, "ab...");
}

static void every_status_has_a_word(void **state) {
    (void)state;
    for (int i = INK_OK; i <= INK_E_STOPPED; i++) {
        assert_string_not_equal(ink_status_word((ink_status)i), "unknown status");
        for (int j = INK_OK; j < i; j++) {
            assert_string_not_equal(ink_status_word((ink_status)i), ink_status_word((ink_status)j));
        }
    }
    assert_string_equal(ink_status_word((ink_status)99), "unknown status");
    char version[32];
    snprintf(version, sizeof version, "%d.%d.%d", INK_VERSION_MAJOR, INK_VERSION_MINOR, INK_VERSION_PATCH);
    assert_string_equal(ink_version(), version);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_failure),
        cmocka_unit_test(nobody_wants_to_know),
        cmocka_unit_test(place_in_a_text),
        cmocka_unit_test(place_in_bytes),
        cmocka_unit_test(system_failures),
        cmocka_unit_test(hints_follow),
        cmocka_unit_test(hostile_text_is_escaped),
        cmocka_unit_test(long_text_is_cut),
        cmocka_unit_test(controls_of_utf8_are_escaped),
        cmocka_unit_test(escape_never_overruns),
        cmocka_unit_test(every_status_has_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

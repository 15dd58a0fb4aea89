/* tests/report/test_text.c: numbers in any locale, escapes, base 64.
 * What is written with them is tested with its writer. */
#define _DEFAULT_SOURCE
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "report/text.h"
#include "scratch.h"

static void expect(ink_text *text, const char *wanted) {
    char *got = ink_text_take(text);
    assert_non_null(got);
    assert_string_equal(got, wanted);
    ink_mem_free(got);
}

static void numbers(void **state) {
    (void)state;
    ink_text t = {0};
    ink_text_number(&t, 0.1f);
    expect(&t, "0.100000001");
    ink_text_number(&t, 41.0 / 42);
    expect(&t, "0.976190476");
    ink_text_number(&t, -1e-30);
    expect(&t, "-1e-30");
    ink_text_number(&t, NAN);
    ink_text_number(&t, INFINITY);
    ink_text_number(&t, -INFINITY);
    expect(&t, "naninf-inf");
    ink_text_fixed(&t, 97.625, 2);
    ink_text_add(&t, " ");
    ink_text_fixed(&t, -0.001, 2);
    ink_text_add(&t, " ");
    ink_text_fixed(&t, 1e300, 2);
    expect(&t, "97.62 0.00 1e+300");
    ink_text_short(&t, 12.50, 2);
    ink_text_add(&t, " ");
    ink_text_short(&t, 700, 2);
    ink_text_add(&t, " ");
    ink_text_short(&t, -3.14159, 2);
    expect(&t, "12.5 700 -3.14");
}

static void growth_and_padding(void **state) {
    (void)state;
    char long_word[2000];
    ink_text t = {0};
    memset(long_word, 'x', sizeof long_word - 1);
    long_word[sizeof long_word - 1] = '\0';
    ink_text_format(&t, "<%s>", long_word);
    assert_int_equal(t.length, sizeof long_word + 1);
    assert_int_equal(t.bytes[t.length - 1], '>');
    ink_text_clear(&t);
    assert_null(t.bytes);
    expect(&t, "");
    ink_text_add(&t, "ab");
    ink_text_pad(&t, 0, 5);
    ink_text_add(&t, "|");
    expect(&t, "ab   |");
}

static void xml_escapes(void **state) {
    (void)state;
    ink_text t = {0};
    ink_text_xml(&t, "<a href=\"x\">Tom & 'Jerry'</a>");
    expect(&t, "&lt;a href=&quot;x&quot;&gt;Tom &amp; &#39;Jerry&#39;&lt;/a&gt;");
    ink_text_xml(&t, "\x1b[31m\x07\x7f");
    expect(&t, "?[31m??");
    ink_text_xml(&t, "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"); /* 2, 3 and 4 bytes */
    expect(&t, "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
    ink_text_xml(&t, "\xff \xc0\xaf \xed\xa0\x80 \xe2\x82"); /* no byte, overlong, surrogate, cut off */
    expect(&t, "? ?? ??? ??");
}

static void mended_text_is_utf8_of_the_same_length(void **state) {
    (void)state;
    char text[] = "\xc3\xa9\xff \xe2\x82\xac\x07 \xe2\x82";
    ink_text_mend(text);
    assert_string_equal(text, "\xc3\xa9? \xe2\x82\xac? ??");
}

/* Of lines for a terminal none may steer it: ESC, and U+009B, which is as good. */
static void controls_are_escaped(void **state) {
    (void)state;
    char *lines = NULL;
    ink_error err;
    ink_text t = {0};
    ink_text_plain(&t, "a\n\tb\x1b[2J \xc2\x9b"
                       "2J \xc3\xa9\xff\xc2");
    expect(&t, "a\\x0a\\x09b\\x1b[2J \\xc2\\x9b2J \xc3\xa9\xff\xc2");
    ink_text_add(&t, "a\n\tb\x1b[2J \xc2\x9b"
                     "2J\n");
    assert_int_equal(ink_text_tell(&t, "lines", &lines, &err), INK_OK);
    assert_string_equal(lines, "a\n\tb\\x1b[2J \\xc2\\x9b2J\n");
    ink_mem_free(lines);
    assert_int_equal(ink_text_tell(&t, "lines", &lines, &err), INK_OK);
    assert_string_equal(lines, "");
    ink_mem_free(lines);
}

/* RFC 4648, section 10. */
static void base64(void **state) {
    (void)state;
    static const char *const pair[][2] = {{"", ""},
                                          {"f", "Zg=="},
                                          {"fo", "Zm8="},
                                          {"foo", "Zm9v"},
                                          {"foob", "Zm9vYg=="},
                                          {"fooba", "Zm9vYmE="},
                                          {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof pair / sizeof pair[0]; i++) {
        ink_text t = {0};
        ink_text_base64(&t, pair[i][0], strlen(pair[i][0]));
        expect(&t, pair[i][1]);
    }
}

/* A locale with a decimal comma, made here so that the test needs none installed. */
static void a_foreign_locale_changes_nothing(void **state) {
    char command[1024];
    ink_text t = {0};
    snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 2>/dev/null", (const char *)*state);
    if (system(command) != 0) skip();
    setenv("LOCPATH", *state, 1);
    const char *got = setlocale(LC_ALL, "de_DE.UTF-8");
    unsetenv("LOCPATH");
    if (got == NULL) skip();
    char check[16];
    snprintf(check, sizeof check, "%.1f", 0.5);
    assert_string_equal(check, "0,5"); /* the locale is really there */
    ink_text_number(&t, 1234567.5);
    ink_text_add(&t, " ");
    ink_text_fixed(&t, 0.25, 2);
    ink_text_add(&t, " ");
    ink_text_short(&t, 0.50, 2);
    setlocale(LC_ALL, "C");
    expect(&t, "1234567.5 0.25 0.5");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(growth_and_padding),
        cmocka_unit_test(xml_escapes),
        cmocka_unit_test(mended_text_is_utf8_of_the_same_length),
        cmocka_unit_test(controls_are_escaped),
        cmocka_unit_test(base64),
        cmocka_unit_test_setup_teardown(a_foreign_locale_changes_nothing, scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* tests/files/test_csv_values.c: one field of one row replaced by every kind of text: what is read, what is refused.
 * Whole files of other forms: test_csv_forms.c. */
#include "table.h"

#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "files/csv.h"

/* edit NULL-terminated unless size is set. row 2 of a table with a header stands in line 3. */
typedef struct value_case {
    const char *name;
    unsigned field; /* from 1; 1 is the label */
    const char *edit;
    size_t size;
    int value;        /* read as this, or -1: refused */
    const char *text; /* of the refusal, behind "t.csv:3:<field>: " */
} value_case;

#define REFUSED(shown)  "pixel2 is \"" shown "\", expected an integer 0..255"
#define NO_DIGIT(shown) "label is \"" shown "\", expected a digit 0..9"

static const value_case cases[] = {
    {"pixel_0", 4, "0", 0, 0, NULL},
    {"pixel_255", 4, "255", 0, 255, NULL},
    {"pixel_with_spaces_around", 4, "  17 ", 0, 17, NULL},
    {"pixel_in_quotes", 4, "\"17\"", 0, 17, NULL},
    {"pixel_in_quotes_with_spaces", 4, " \" 17 \" ", 0, 17, NULL},
    {"pixel_with_leading_zeros", 4, "00017", 0, 17, NULL},
    {"pixel_256", 4, "256", 0, -1, REFUSED("256")},
    {"pixel_300", 4, "300", 0, -1, REFUSED("300")},
    {"pixel_999", 4, "999", 0, -1, REFUSED("999")},
    {"pixel_1000", 4, "1000", 0, -1, REFUSED("1000")},
    {"pixel_minus_1", 4, "-1", 0, -1, REFUSED("-1")},
    {"pixel_minus_0", 4, "-0", 0, -1, REFUSED("-0")},
    {"pixel_plus_5", 4, "+5", 0, -1, REFUSED("+5")},
    {"pixel_128_point_0", 4, "128.0", 0, -1, REFUSED("128.0")},
    {"pixel_1_point_5", 4, "1.5", 0, -1, REFUSED("1.5")},
    {"pixel_1e3", 4, "1e3", 0, -1, REFUSED("1e3")},
    {"pixel_hexadecimal", 4, "0x1F", 0, -1, REFUSED("0x1F")},
    {"pixel_with_underscore", 4, "1_0", 0, -1, REFUSED("1_0")},
    {"pixel_nan", 4, "NaN", 0, -1, REFUSED("NaN")},
    {"pixel_inf", 4, "inf", 0, -1, REFUSED("inf")},
    {"pixel_empty", 4, "", 0, -1, REFUSED("")},
    {"pixel_empty_in_quotes", 4, "\"\"", 0, -1, REFUSED("")},
    {"pixel_of_21_digits", 4, "999999999999999999999", 0, -1, REFUSED("999999999999999999999")},
    {"pixel_just_above_32_bits", 4, "4294967296", 0, -1, REFUSED("4294967296")},
    {"pixel_just_above_64_bits", 4, "18446744073709551616", 0, -1, REFUSED("18446744073709551616")},
    {"pixel_of_full_width_digits", 4, "\xef\xbc\x91\xef\xbc\x92", 0, -1, REFUSED("\xef\xbc\x91\xef\xbc\x92")},
    {"pixel_of_arabic_digits", 4, "\xd9\xa1", 0, -1, REFUSED("\xd9\xa1")},
    {"pixel_with_space_inside", 4, "1 2", 0, -1, REFUSED("1 2")},
    {"pixel_with_no_break_space", 4,
     "\xc2\xa0"
     "5",
     0, -1,
     REFUSED("\xc2\xa0"
             "5")},
    {"pixel_with_quote_inside", 4, "1\"2", 0, -1, REFUSED("1\"2")},
    {"pixel_of_60_letters_is_cut", 4, "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij", 0, -1,
     REFUSED("abcdefghijabcdefghijabcdefghijabcdefghij...")},
    {"pixel_slash_just_below_0", 4, "/", 0, -1, REFUSED("/")},
    {"pixel_colon_just_above_9", 4, "1:", 0, -1, REFUSED("1:")},
    {"pixel_semicolon", 4, "5;6", 0, -1, REFUSED("5;6")},
    {"pixel_nul", 4,
     "1\0"
     "2",
     3, -1, "pixel2 holds the control byte 0x00 at byte"},
    {"pixel_bell", 4, "\a", 0, -1, "pixel2 holds the control byte 0x07 at byte"},
    {"pixel_escape_is_not_echoed", 4, "\x1b[31m", 0, -1, "pixel2 holds the control byte 0x1b at byte"},
    {"pixel_delete", 4, "\x7f", 0, -1, "pixel2 holds the control byte 0x7f at byte"},
    {"pixel_tab", 4, "\t5", 0, -1, "pixel2 holds the control byte 0x09 at byte"},
    {"quote_text_behind", 4, "\"1\"2", 0, -1, "text stands behind the closing quote"},
    {"quote_doubled", 4, "\"1\"\"2\"", 0, -1, "text stands behind the closing quote"},
    {"quote_never_closed", 4, "\"1", 0, -1, "the quote is never closed"},
    {"last_pixel_256", 785, "256", 0, -1, "pixel783 is \"256\", expected an integer 0..255"},
    {"last_pixel_empty", 785, "", 0, -1, "pixel783 is \"\", expected an integer 0..255"},
    {"last_pixel_200", 785, "200", 0, 200, NULL},
    {"label_0", 1, "0", 0, 0, NULL},
    {"label_9", 1, "9", 0, 9, NULL},
    {"label_in_quotes", 1, "\"7\"", 0, 7, NULL},
    {"label_10", 1, "10", 0, -1, NO_DIGIT("10")},
    {"label_255", 1, "255", 0, -1, NO_DIGIT("255")},
    {"label_minus_1", 1, "-1", 0, -1, NO_DIGIT("-1")},
    {"label_3_point_0", 1, "3.0", 0, -1, NO_DIGIT("3.0")},
    {"label_cat", 1, "cat", 0, -1, NO_DIGIT("cat")},
    {"label_empty", 1, "", 0, -1, NO_DIGIT("")},
};

static const char *const paths[] = {"generic", "avx2", "avx512"};

static void check(const value_case *c, const piece *table, int gzip, ink_pool *pool) {
    piece packed = {0};
    ink_source *source = NULL;
    ink_images images;
    ink_error err = {0};
    if (gzip) gzip_add(&packed, table->bytes, table->size);
    assert_int_equal(ink_source_open_memory(gzip ? packed.bytes : table->bytes, gzip ? packed.size : table->size,
                                            "t.csv", &source, &err),
                     INK_OK);
    ink_status status = ink_csv_read(source, INK_CSV_TRAIN, pool, &images, &err);
    if (c->value >= 0) {
        if (status != INK_OK) fail_msg("%s", err.text);
        assert_int_equal(images.count, 3);
        assert_int_equal(images.height, 28);
        assert_int_equal(images.width, 28);
        for (unsigned r = 0; r < 3; r++) {
            for (unsigned k = 0; k < 784; k++) {
                int edited = r == 1 && c->field == k + 2;
                assert_int_equal(images.pixels[r * 784 + k], edited ? (unsigned)c->value : pixel_at(r, k));
            }
            assert_int_equal(images.labels[r], r == 1 && c->field == 1 ? (unsigned)c->value : r);
        }
    } else {
        char wanted[256];
        snprintf(wanted, sizeof wanted, "t.csv:3:%u: %s", c->field, c->text);
        assert_int_equal(status, INK_E_DATA);
        assert_memory_equal(err.text, wanted, strlen(wanted));
        assert_int_equal(err.line, 3);
        assert_int_equal(err.column, c->field);
        assert_string_equal(err.file, "t.csv");
        assert_int_equal(err.has_byte, 1);
        assert_in_range(err.byte, table->size / 2, table->size); /* rows 2 and 3 are the second half */
        assert_null(images.pixels);
        assert_null(images.labels);
        assert_null(strchr(err.text, '\n'));
    }
    ink_images_free(&images);
    ink_source_close(source);
    piece_free(&packed);
}

static void one_value(void **state) {
    const value_case *c = *state;
    const table_form form = {
        .rows = 3, .header = 1, .edit_row = 2, .edit_at = c->field, .edit = c->edit, .edit_size = c->size};
    piece table = {0};
    ink_pool *pool = NULL;
    ink_error err;
    table_make(&table, &form);
    assert_int_equal(ink_pool_new(2, &pool, &err), INK_OK);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (!ink_csv_use_isa(paths[i])) continue;
        for (int gzip = 0; gzip < 2; gzip++) {
            check(c, &table, gzip, NULL);
            check(c, &table, gzip, pool);
        }
    }
    ink_pool_free(pool);
    piece_free(&table);
}

int main(void) {
    struct CMUnitTest tests[sizeof cases / sizeof cases[0]];
    const size_t n = sizeof cases / sizeof cases[0];
    for (size_t i = 0; i < n; i++) {
        tests[i] = (struct CMUnitTest){cases[i].name, one_value, NULL, NULL, (void *)(uintptr_t)&cases[i]};
    }
    return _cmocka_run_group_tests("csv values", tests, n, NULL, NULL);
}

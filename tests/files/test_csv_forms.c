/* tests/files/test_csv_forms.c: whole tables of every form: line ends, headers, ragged rows, encodings.
 * Single values: test_csv_values.c; gzip, pipes, bombs: test_csv_streams.c. */
#include "table.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "files/csv.h"

#define WIDE (28 * 28)

static ink_pool *pool;
static const char *const paths[] = {"generic", "avx2", "avx512"};

/* Reads bytes by every path, with and without threads, plain and gzipped, and wants the same answer from all. */
static ink_status read_all_ways(const piece *p, ink_csv_kind kind, ink_images *images, ink_error *err) {
    ink_status first = INK_OK;
    piece packed = {0};
    int ways = 0;
    gzip_add(&packed, p->bytes, p->size);
    for (size_t way = 0; way < 12; way++) {
        ink_source *source = NULL;
        ink_images now;
        ink_error error = {0};
        const piece *from = way % 2 ? &packed : p;
        if (!ink_csv_use_isa(paths[way / 4])) continue;
        assert_int_equal(ink_source_open_memory(from->bytes, from->size, "t.csv", &source, &error), INK_OK);
        ink_status status = ink_csv_read(source, kind, way % 4 < 2 ? NULL : pool, &now, &error);
        ink_source_close(source);
        if (ways++ == 0) {
            first = status;
            *images = now;
            *err = error;
            continue;
        }
        assert_int_equal(status, first);
        assert_string_equal(error.text, err->text);
        assert_int_equal(now.count, images->count);
        assert_int_equal(now.labels == NULL, images->labels == NULL);
        if (now.count > 0) assert_memory_equal(now.pixels, images->pixels, (size_t)now.count * WIDE);
        if (now.labels != NULL) assert_memory_equal(now.labels, images->labels, now.count);
        ink_images_free(&now);
    }
    piece_free(&packed);
    return first;
}

static void accept_as(piece *p, ink_csv_kind kind, unsigned rows, int labelled) {
    ink_images images;
    ink_error err;
    if (read_all_ways(p, kind, &images, &err) != INK_OK) fail_msg("%s", err.text);
    table_is(&images, rows, labelled);
    ink_images_free(&images);
    piece_free(p);
}

static void refuse_as(piece *p, ink_csv_kind kind, const char *text) {
    ink_images images;
    ink_error err;
    assert_int_equal(read_all_ways(p, kind, &images, &err), INK_E_DATA);
    assert_string_equal(err.text, text);
    assert_null(images.pixels);
    piece_free(p);
}

/* ---- line ends ---- */

static void form_accepted(const table_form *form) {
    piece p = {0};
    table_make(&p, form);
    accept_as(&p, INK_CSV_TRAIN, form->rows, 1);
}

static void lf(void **state) {
    (void)state;
    form_accepted(&(table_form){.rows = 30, .header = 1});
}

static void crlf(void **state) {
    (void)state;
    form_accepted(&(table_form){.rows = 30, .header = 1, .end = "\r\n"});
}

static void cr(void **state) {
    (void)state;
    form_accepted(&(table_form){.rows = 30, .header = 1, .end = "\r"});
}

static void many_rows_over_many_blocks(void **state) {
    (void)state;
    form_accepted(&(table_form){.rows = 2500, .header = 1});
    form_accepted(&(table_form){.rows = 2500, .header = 1, .end = "\r\n"});
}

static void no_final_end(void **state) {
    (void)state;
    const char *ends[] = {"\n", "\r\n", "\r"};
    for (int i = 0; i < 3; i++) {
        piece p = {0};
        table_make(&p, &(table_form){.rows = 4, .header = 1, .end = ends[i]});
        p.size -= strlen(ends[i]);
        accept_as(&p, INK_CSV_TRAIN, 4, 1);
    }
}

/* A copy that was broken off: short, and without its last line's end, in the first block or a later one. */
static void cut_off_is_told(void **state) {
    (void)state;
    for (int long_one = 0; long_one < 2; long_one++) {
        for (int whole_line = 0; whole_line < 2; whole_line++) {
            ink_images images;
            ink_error err;
            piece p = {0};
            table_make(&p, &(table_form){.rows = long_one ? 2500 : 4, .header = 1, .end = "\n"});
            p.size -= 40;
            while (p.bytes[p.size - 1] == ',') p.size--;
            if (whole_line) piece_print(&p, "\n");
            assert_int_equal(read_all_ways(&p, INK_CSV_TRAIN, &images, &err), INK_E_DATA);
            assert_int_equal(err.line, long_one ? 2501 : 5);
            assert_string_equal(err.hint, whole_line ? "" : "the file ends in the middle of this line: is it whole?");
            piece_free(&p);
        }
    }
}

static void crlf_cut_between_cr_and_lf(void **state) {
    (void)state;
    piece p = {0};
    table_make(&p, &(table_form){.rows = 4, .header = 1, .end = "\r\n"});
    p.size -= 1;
    accept_as(&p, INK_CSV_TRAIN, 4, 1);
}

static void empty_lines_at_the_end(void **state) {
    (void)state;
    const char *ends[] = {"\n", "\r\n", "\r"};
    for (int i = 0; i < 3; i++) {
        piece p = {0};
        table_make(&p, &(table_form){.rows = 4, .header = 1, .end = ends[i]});
        for (int k = 0; k < 5; k++) piece_print(&p, "%s", ends[i]);
        accept_as(&p, INK_CSV_TRAIN, 4, 1);
    }
}

static void a_megabyte_of_empty_lines_at_the_end(void **state) {
    (void)state;
    piece p = {0};
    table_make(&p, &(table_form){.rows = 4, .header = 1});
    for (int k = 0; k < 2000; k++) piece_print(&p, "%512s\n", "");
    accept_as(&p, INK_CSV_TRAIN, 4, 1);
}

static void empty_line_inside(void **state) {
    (void)state;
    piece p = {0};
    table_make(&p, &(table_form){.rows = 4, .header = 1});
    piece_print(&p, "\n");
    table_make(&p, &(table_form){.rows = 1});
    refuse_as(&p, INK_CSV_TRAIN, "t.csv:6: an empty line stands between the rows");
    table_make(&p, &(table_form){.rows = 4, .header = 1});
    for (int k = 0; k < 2000; k++) piece_print(&p, "%512s\n", "");
    piece_print(&p, "1");
    refuse_as(&p, INK_CSV_TRAIN, "t.csv:6: an empty line stands between the rows");
}

static void mixed_ends(void **state) {
    (void)state;
    static const struct {
        const char *first, *then, *text;
    } mixes[] = {
        {"\n", "\r\n", "t.csv:4: the line ends with CR LF, the first line with LF"},
        {"\n", "\r", "t.csv:4: the line ends with CR, the first line with LF"},
        {"\r\n", "\n", "t.csv:4: the line ends with LF, the first line with CR LF"},
        {"\r\n", "\r", "t.csv:4: the line ends with CR, the first line with CR LF"},
        {"\r", "\n", "t.csv:4: the line ends with LF, the first line with CR"},
    };
    for (size_t i = 0; i < sizeof mixes / sizeof mixes[0]; i++) {
        piece p = {0};
        table_make(&p, &(table_form){.rows = 2, .header = 1, .end = mixes[i].first});
        table_make(&p, &(table_form){.rows = 2, .end = mixes[i].then});
        refuse_as(&p, INK_CSV_TRAIN, mixes[i].text);
    }
    piece p = {0};
    table_make(&p, &(table_form){.rows = 2, .header = 1, .end = "\r"});
    table_make(&p, &(table_form){.rows = 2, .end = "\r\n"});
    refuse_as(&p, INK_CSV_TRAIN, "t.csv:5: the line ends with LF, the first line with CR");
}

/* ---- encodings ---- */

static void utf8_mark_is_skipped(void **state) {
    (void)state;
    piece p = {0};
    piece_print(&p, "\xef\xbb\xbf");
    table_make(&p, &(table_form){.rows = 3, .header = 1});
    accept_as(&p, INK_CSV_TRAIN, 3, 1);
    piece_print(&p, "\xef\xbb\xbf");
    table_make(&p, &(table_form){.rows = 3});
    accept_as(&p, INK_CSV_TRAIN, 3, 1);
}

static void utf16_and_utf32_are_named(void **state) {
    (void)state;
    static const struct {
        const char *mark;
        size_t size;
        const char *text;
    } marks[] = {{"\xff\xfe", 2, "t.csv: the file is UTF-16; save it as UTF-8"},
                 {"\xfe\xff", 2, "t.csv: the file is UTF-16; save it as UTF-8"},
                 {"\xff\xfe\0\0", 4, "t.csv: the file is UTF-32; save it as UTF-8"},
                 {"\0\0\xfe\xff", 4, "t.csv: the file is UTF-32; save it as UTF-8"}};
    for (size_t i = 0; i < 4; i++) {
        piece p = {0};
        piece_add(&p, marks[i].mark, marks[i].size);
        table_make(&p, &(table_form){.rows = 1});
        refuse_as(&p, INK_CSV_TRAIN, marks[i].text);
    }
}

static void locale_with_decimal_comma_changes_nothing(void **state) {
    (void)state;
    /* Where the machine lacks it, this is the plain test again. */
    (void)setlocale(LC_ALL, "de_DE.UTF-8");
    form_accepted(&(table_form){.rows = 3, .header = 1});
    (void)setlocale(LC_ALL, "C");
}

/* ---- headers ---- */

static void no_header(void **state) {
    (void)state;
    form_accepted(&(table_form){.rows = 30});
}

static void quoted_header(void **state) {
    (void)state;
    piece p = {0};
    piece_print(&p, "\"label\"");
    for (int k = 0; k < WIDE; k++) piece_print(&p, ", \"pixel%d\"", k);
    piece_print(&p, "\n");
    table_make(&p, &(table_form){.rows = 3});
    accept_as(&p, INK_CSV_TRAIN, 3, 1);
}

static void columns_in_any_order(void **state) {
    (void)state;
    /* Pixels backward, the label in the middle. */
    piece p = {0};
    for (int line = -1; line < 5; line++) {
        for (int k = WIDE - 1; k >= 0; k--) {
            if (line < 0)
                piece_print(&p, "pixel%d,", k);
            else
                piece_print(&p, "%u,", pixel_at((unsigned)line, (unsigned)k));
            if (k == 400 && line < 0)
                piece_print(&p, "label,");
            else if (k == 400)
                piece_print(&p, "%d,", line);
        }
        p.size--;
        piece_print(&p, "\n");
    }
    accept_as(&p, INK_CSV_TRAIN, 5, 1);
}

static void label_last(void **state) {
    (void)state;
    piece p = {0};
    for (int line = -1; line < 5; line++) {
        for (int k = 0; k < WIDE; k++) {
            if (line < 0)
                piece_print(&p, "pixel%d,", k);
            else
                piece_print(&p, "%u,", pixel_at((unsigned)line, (unsigned)k));
        }
        if (line < 0)
            piece_print(&p, "label\n");
        else
            piece_print(&p, "%d\n", line);
    }
    accept_as(&p, INK_CSV_TRAIN, 5, 1);
}

static void pixels_numbered_from_1(void **state) {
    (void)state;
    piece p = {0};
    piece_print(&p, "label");
    for (int k = 1; k <= WIDE; k++) piece_print(&p, ",pixel%d", k);
    piece_print(&p, "\n");
    table_make(&p, &(table_form){.rows = 3});
    accept_as(&p, INK_CSV_TRAIN, 3, 1);
}

/* A header with column `at` (from 0; 0 is the label) called `name`; NULL: left out. Then a row as wide. */
static void header_refused(int at, const char *name, const char *text) {
    piece p = {0};
    for (int k = 0; k <= WIDE; k++) {
        if (k == at && name == NULL) continue;
        if (p.size > 0) piece_print(&p, ",");
        if (k == at)
            piece_print(&p, "%s", name);
        else if (k == 0)
            piece_print(&p, "label");
        else
            piece_print(&p, "pixel%d", k - 1);
    }
    piece_print(&p, "\n");
    table_make(&p, &(table_form){.rows = 1});
    refuse_as(&p, INK_CSV_TRAIN, text);
}

static void column_twice(void **state) {
    (void)state;
    header_refused(5, "pixel3", "t.csv:1:6: a column is there twice: \"pixel3\"");
    header_refused(5, "label", "t.csv:1:6: a column is there twice: \"label\"");
}

static void column_unknown(void **state) {
    (void)state;
    header_refused(7, "ink", "t.csv:1:8: the column's name is \"ink\", expected label or pixel0..pixel783");
    header_refused(7, "pixel06", "t.csv:1:8: the column's name is \"pixel06\", expected label or pixel0..pixel783");
    header_refused(7, "pixel785", "t.csv:1:8: the column's name is \"pixel785\", expected label or pixel0..pixel783");
    header_refused(7, "pixel", "t.csv:1:8: the column's name is \"pixel\", expected label or pixel0..pixel783");
    header_refused(7, "", "t.csv:1:8: the column's name is \"\", expected label or pixel0..pixel783");
}

static void column_missing(void **state) {
    (void)state;
    header_refused(18, NULL, "t.csv:1: the column pixel17 is missing");
    header_refused(784, NULL, "t.csv:1: the column pixel783 is missing");
}

static void no_label_column(void **state) {
    (void)state;
    const char *text = "t.csv:1: there is no label column: training needs labelled rows";
    for (int header = 0; header < 2; header++) {
        piece p = {0};
        const table_form form = {.rows = 6, .header = header, .unlabelled = 1};
        table_make(&p, &form);
        refuse_as(&p, INK_CSV_TRAIN, text);
        table_make(&p, &form);
        accept_as(&p, INK_CSV_TEST, 6, 0);
        table_make(&p, &form);
        accept_as(&p, INK_CSV_ANY, 6, 0);
    }
}

static void labels_of_a_test_table_are_kept(void **state) {
    (void)state;
    piece p = {0};
    table_make(&p, &(table_form){.rows = 6, .header = 1});
    accept_as(&p, INK_CSV_TEST, 6, 1);
}

static void no_data_rows(void **state) {
    (void)state;
    const char *texts[] = {"", "\n", "\n\n\n", "\r\n", "\xef\xbb\xbf", "  "};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        piece p = {0};
        piece_print(&p, "%s", texts[i]);
        refuse_as(&p, INK_CSV_TRAIN, "t.csv: no data rows");
    }
    for (int end = 0; end < 3; end++) {
        piece p = {0};
        table_make(&p, &(table_form){.header = 1, .end = end == 0 ? "" : end == 1 ? "\n" : "\r\n"});
        refuse_as(&p, INK_CSV_TRAIN, "t.csv: no data rows");
    }
}

static void first_line_empty(void **state) {
    (void)state;
    piece p = {0};
    piece_print(&p, "\n");
    table_make(&p, &(table_form){.rows = 1, .header = 1});
    refuse_as(&p, INK_CSV_TRAIN, "t.csv:1: the first line is empty");
}

/* ---- ragged rows, other separators ---- */

static void row_of_fields(unsigned fields, int header, ink_csv_kind kind, const char *text) {
    piece p = {0};
    table_make(&p, &(table_form){.rows = header ? 2 : 0, .header = header});
    for (unsigned k = 0; k < fields; k++) piece_print(&p, k + 1 < fields ? "1," : "1\n");
    refuse_as(&p, kind, text);
}

static void ragged_rows(void **state) {
    (void)state;
    row_of_fields(783, 1, INK_CSV_TRAIN, "t.csv:4:784: 785 fields expected, 783 found");
    row_of_fields(784, 1, INK_CSV_TRAIN, "t.csv:4:785: 785 fields expected, 784 found");
    row_of_fields(786, 1, INK_CSV_TRAIN, "t.csv:4:786: 785 fields expected, 786 found");
    row_of_fields(1, 1, INK_CSV_TRAIN, "t.csv:4:2: 785 fields expected, 1 found");
    row_of_fields(5000, 1, INK_CSV_TRAIN, "t.csv:4:786: 785 fields expected, 5000 found");
    row_of_fields(783, 0, INK_CSV_TRAIN, "t.csv:1:784: 785 fields expected, 783 found");
    row_of_fields(783, 0, INK_CSV_TEST, "t.csv:1:784: 784 fields expected, 783 found");
    row_of_fields(786, 0, INK_CSV_TEST, "t.csv:1:786: 785 fields expected, 786 found");
}

static void trailing_comma(void **state) {
    (void)state;
    piece p = {0};
    table_make(&p, &(table_form){.rows = 2, .header = 1});
    p.size--;
    piece_print(&p, ",\n");
    refuse_as(&p, INK_CSV_TRAIN, "t.csv:3:786: 785 fields expected, 786 found");
}

static void other_separators(void **state) {
    (void)state;
    static const char separators[] = {';', '\t'};
    static const char *const names[] = {";", "tab"};
    for (int s = 0; s < 2; s++) {
        for (int header = 0; header < 2; header++) {
            char text[128];
            piece p = {0};
            table_make(&p, &(table_form){.rows = 2, .header = header});
            for (size_t i = 0; i < p.size; i++) {
                if (p.bytes[i] == ',') p.bytes[i] = separators[s];
            }
            snprintf(text, sizeof text, "t.csv:1: looks like '%s'-separated: expected commas between the fields",
                     names[s]);
            refuse_as(&p, INK_CSV_TRAIN, text);
        }
    }
}

static void decimal_commas_between_semicolons(void **state) {
    (void)state;
    piece p = {0};
    for (int k = 0; k < 785; k++) piece_print(&p, "1,5;");
    piece_print(&p, "\n");
    ink_images images;
    ink_error err;
    assert_int_equal(read_all_ways(&p, INK_CSV_TRAIN, &images, &err), INK_E_DATA);
    assert_int_equal(err.line, 1);
    piece_free(&p);
    piece_print(&p, "label;pixel0\n1,5;2,5\n");
    refuse_as(&p, INK_CSV_TRAIN, "t.csv:1: looks like ';'-separated: expected commas between the fields");
    table_make(&p, &(table_form){.rows = 1, .header = 1});
    piece_print(&p, "1,5;2,5;3,5\n");
    refuse_as(&p, INK_CSV_TRAIN, "t.csv:3: looks like ';'-separated: expected commas between the fields");
}

static void unclosed_quote_reads_no_further_than_its_line(void **state) {
    (void)state;
    piece p = {0};
    table_make(&p, &(table_form){.rows = 2, .header = 1, .edit_row = 2, .edit_at = 785, .edit = "\"1"});
    table_make(&p, &(table_form){.rows = 2000});
    refuse_as(&p, INK_CSV_TRAIN, "t.csv:3:785: the quote is never closed");
}

static void quoted_table(void **state) {
    (void)state;
    piece p = {0};
    for (unsigned r = 0; r < 40; r++) {
        piece_print(&p, "\"%u\"", r % 10);
        for (unsigned k = 0; k < WIDE; k++) piece_print(&p, ",\"%u\"", pixel_at(r, k));
        piece_print(&p, "\r\n");
    }
    accept_as(&p, INK_CSV_TRAIN, 40, 1);
}

/* The first bad row of the file decides, whichever thread meets it. */
static void first_bad_row_wins(void **state) {
    (void)state;
    piece p = {0};
    table_make(&p, &(table_form){.rows = 400, .header = 1, .edit_row = 300, .edit_at = 100, .edit = "x"});
    for (unsigned more = 0; more < 5; more++) {
        table_make(&p, &(table_form){.rows = 400, .edit_row = 10, .edit_at = 50, .edit = "y"});
    }
    refuse_as(&p, INK_CSV_TRAIN, "t.csv:301:100: pixel98 is \"x\", expected an integer 0..255");
}

static void exact_line_and_byte_in_any_block(void **state) {
    (void)state;
    for (unsigned row = 1; row <= 1500; row += 499) {
        piece p = {0};
        ink_images images;
        ink_error err;
        char text[128];
        table_make(&p, &(table_form){.rows = 1500, .header = 1, .edit_row = row, .edit_at = 77, .edit = "ink"});
        snprintf(text, sizeof text, "t.csv:%u:77: pixel75 is \"ink\", expected an integer 0..255", row + 1);
        assert_int_equal(read_all_ways(&p, INK_CSV_TRAIN, &images, &err), INK_E_DATA);
        assert_string_equal(err.text, text);
        assert_memory_equal(p.bytes + err.byte, "ink", 3);
        piece_free(&p);
    }
}

static void long_line_inside(void **state) {
    (void)state;
    piece p = {0};
    table_make(&p, &(table_form){.rows = 3, .header = 1});
    for (int i = 0; i < 3 << 11; i++) piece_print(&p, "%512s", "");
    refuse_as(&p, INK_CSV_TRAIN, "t.csv:5: the line is longer than 1048576 bytes");
}

static int start(void **state) {
    ink_error err;
    (void)state;
    return ink_pool_new(3, &pool, &err) != INK_OK;
}

static int stop(void **state) {
    (void)state;
    ink_pool_free(pool);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lf),
        cmocka_unit_test(crlf),
        cmocka_unit_test(cr),
        cmocka_unit_test(many_rows_over_many_blocks),
        cmocka_unit_test(no_final_end),
        cmocka_unit_test(cut_off_is_told),
        cmocka_unit_test(crlf_cut_between_cr_and_lf),
        cmocka_unit_test(empty_lines_at_the_end),
        cmocka_unit_test(a_megabyte_of_empty_lines_at_the_end),
        cmocka_unit_test(empty_line_inside),
        cmocka_unit_test(mixed_ends),
        cmocka_unit_test(utf8_mark_is_skipped),
        cmocka_unit_test(utf16_and_utf32_are_named),
        cmocka_unit_test(locale_with_decimal_comma_changes_nothing),
        cmocka_unit_test(no_header),
        cmocka_unit_test(quoted_header),
        cmocka_unit_test(columns_in_any_order),
        cmocka_unit_test(label_last),
        cmocka_unit_test(pixels_numbered_from_1),
        cmocka_unit_test(column_twice),
        cmocka_unit_test(column_unknown),
        cmocka_unit_test(column_missing),
        cmocka_unit_test(no_label_column),
        cmocka_unit_test(labels_of_a_test_table_are_kept),
        cmocka_unit_test(no_data_rows),
        cmocka_unit_test(first_line_empty),
        cmocka_unit_test(ragged_rows),
        cmocka_unit_test(trailing_comma),
        cmocka_unit_test(other_separators),
        cmocka_unit_test(decimal_commas_between_semicolons),
        cmocka_unit_test(unclosed_quote_reads_no_further_than_its_line),
        cmocka_unit_test(quoted_table),
        cmocka_unit_test(first_bad_row_wins),
        cmocka_unit_test(exact_line_and_byte_in_any_block),
        cmocka_unit_test(long_line_inside),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

/* tests/files/test_csv_names.c: headers as other programs write them: Label, 1x1 .. 28x28, and pandas' row numbers.
 * Kaggle's own header, and columns in any order: test_csv_forms.c. */
#include "table.h"

#include <stdio.h>
#include <string.h>

#include "files/csv.h"

#define WIDE (28 * 28)

static ink_status read(piece *p, ink_csv_kind kind, ink_images *images, ink_error *err) {
    ink_source *source = NULL;
    assert_int_equal(ink_source_open_memory(p->bytes, p->size, "t.csv", &source, err), INK_OK);
    ink_status status = ink_csv_read(source, kind, NULL, images, err);
    ink_source_close(source);
    piece_free(p);
    return status;
}

static void accept(piece *p, ink_csv_kind kind, unsigned rows, bool labelled) {
    ink_images images;
    ink_error err = {0};
    if (read(p, kind, &images, &err) != INK_OK) fail_msg("%s", err.text);
    table_is(&images, rows, labelled);
    ink_images_free(&images);
}

static void refuse(piece *p, ink_csv_kind kind, const char *text, const char *hint) {
    ink_images images;
    ink_error err = {0};
    assert_int_equal(read(p, kind, &images, &err), INK_E_DATA);
    assert_string_equal(err.text, text);
    assert_string_equal(err.hint, hint);
}

/* "1x1,1x2,...,28x28" and a line end. */
static void add_cells(piece *p) {
    for (int k = 0; k < WIDE; k++) piece_print(p, "%s%dx%d", k > 0 ? "," : "", k / 28 + 1, k % 28 + 1);
    piece_print(p, "\n");
}

/* "pixel0,...,pixel783" and a line end. */
static void add_pixels(piece *p) {
    for (int k = 0; k < WIDE; k++) piece_print(p, "%spixel%d", k > 0 ? "," : "", k);
    piece_print(p, "\n");
}

static void capital_label(void **state) {
    (void)state;
    static const char *const words[] = {"Label", "LABEL", "\"Label\""};
    for (size_t i = 0; i < 3; i++) {
        piece p = {0};
        piece_print(&p, "%s,", words[i]);
        add_pixels(&p);
        table_make(&p, &(table_form){.rows = 3});
        accept(&p, INK_CSV_TRAIN, 3, true);
    }
    piece p = {0};
    piece_print(&p, "Label,label,");
    add_pixels(&p);
    refuse(&p, INK_CSV_TRAIN, "t.csv:1:2: a column is there twice: \"label\"", "");
    piece_print(&p, "lAbel,");
    add_pixels(&p);
    refuse(&p, INK_CSV_TRAIN, "t.csv:1:1: the column's name is \"lAbel\", expected label or pixel0..pixel783", "");
}

static void rows_and_columns(void **state) {
    (void)state;
    piece p = {0};
    piece_print(&p, "label,");
    add_cells(&p);
    table_make(&p, &(table_form){.rows = 4});
    accept(&p, INK_CSV_TRAIN, 4, true);
    add_cells(&p);
    table_make(&p, &(table_form){.rows = 4, .unlabelled = 1});
    accept(&p, INK_CSV_TEST, 4, false);
    /* Messages call a pixel as the header does. */
    piece_print(&p, "label,");
    add_cells(&p);
    table_make(&p, &(table_form){.rows = 2, .edit_row = 2, .edit_at = 31, .edit = "256"});
    refuse(&p, INK_CSV_TRAIN, "t.csv:3:31: 2x2 is \"256\", expected an integer 0..255", "");
}

/* Column by column, with a hole, or mixed with other names: nobody knows which pixel is meant. */
static void other_cells(void **state) {
    (void)state;
    static const char wanted[] = "expected 1x1, 1x2, ... 28x28 in this order";
    char text[160];
    piece p = {0};
    piece_print(&p, "label");
    for (int k = 0; k < WIDE; k++) piece_print(&p, ",%dx%d", k % 28 + 1, k / 28 + 1);
    piece_print(&p, "\n");
    snprintf(text, sizeof text, "t.csv:1:3: the column's name is \"2x1\", %s", wanted);
    refuse(&p, INK_CSV_TRAIN, text, "");
    piece_print(&p, "label,1x1,1x3\n");
    snprintf(text, sizeof text, "t.csv:1:3: the column's name is \"1x3\", %s", wanted);
    refuse(&p, INK_CSV_TRAIN, text, "");
    piece_print(&p, "label,1x1,1x2,pixel2\n");
    refuse(&p, INK_CSV_TRAIN, "t.csv:1:4: the column's name is \"pixel2\", expected label or 1x1..28x28", "");
    piece_print(&p, "label,1x1,1x2,1x29\n");
    refuse(&p, INK_CSV_TRAIN, "t.csv:1:4: the column's name is \"1x29\", expected label or 1x1..28x28", "");
    piece_print(&p, "label,1x1,1x2\n");
    refuse(&p, INK_CSV_TRAIN, "t.csv:1: the column 1x3 is missing", "");
    piece_print(&p, "label,pixel0,1x2\n");
    refuse(&p, INK_CSV_TRAIN, "t.csv:1:3: the column's name is \"1x2\", expected label or pixel0..pixel783", "");
}

static void row_numbers(void **state) {
    (void)state;
    static const char *const fronts[] = {",label,", "\"\",label,", "Unnamed: 0,label,", ",", "Unnamed: 0,"};
    static const char *const text = "t.csv:1:1: the first column numbers the rows";
    for (size_t i = 0; i < 5; i++) {
        for (int cells = 0; cells < 2; cells++) {
            piece p = {0};
            piece_print(&p, "%s", fronts[i]);
            if (cells) add_cells(&p);
            if (!cells) add_pixels(&p);
            piece_print(&p, "0,5,0,0\n");
            refuse(&p, INK_CSV_ANY, text, "pandas adds that column: save the table with index=False");
        }
    }
    /* A name is missing, and no column is too many. */
    piece p = {0};
    piece_print(&p, ",pixel0,pixel1\n");
    refuse(&p, INK_CSV_TRAIN, "t.csv:1:4: 785 fields expected, 3 found", "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(capital_label),
        cmocka_unit_test(rows_and_columns),
        cmocka_unit_test(other_cells),
        cmocka_unit_test(row_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

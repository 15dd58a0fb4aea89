/* files/csv_header.c: what the first line of a table tells: which field is which pixel.
 * It reads no pixels: a first line of numbers only says how many there are. */
#include <stdio.h>
#include <string.h>

#include "core/status.h"
#include "files/csv_row.h"

#define SHOWN_MAX 40

static bool is_letter(uint8_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_text(const ink_csv_field *field, const char *text) {
    return field->length == strlen(text) && memcmp(field->text, text, field->length) == 0;
}

static bool is_label(const ink_csv_field *field) {
    return is_text(field, "label") || is_text(field, "Label") || is_text(field, "LABEL");
}

/* Decimal digits without leading zeros, three at most. */
static bool is_number(const uint8_t *text, size_t length, uint32_t *number) {
    uint32_t v = 0;
    if (length < 1 || length > 3 || (length > 1 && text[0] == '0')) return false;
    for (size_t i = 0; i < length; i++) {
        unsigned digit = text[i] - (unsigned)'0';
        if (digit > 9) return false;
        v = v * 10 + digit;
    }
    *number = v;
    return true;
}

/* "pixel<number>", 0 .. INK_CSV_PIXELS. */
static bool is_pixel(const ink_csv_field *field, uint32_t *number) {
    static const char word[] = "pixel";
    const size_t begin = sizeof word - 1;
    return field->length > begin && memcmp(field->text, word, begin) == 0 &&
           is_number(field->text + begin, field->length - begin, number) && *number <= INK_CSV_PIXELS;
}

/* "<row>x<column>", both 1 .. INK_CSV_SIDE: pixel *number, from 0. */
static bool is_cell(const ink_csv_field *field, uint32_t *number) {
    const uint8_t *x = field->length > 0 ? memchr(field->text, 'x', field->length) : NULL;
    uint32_t row, column;
    if (x == NULL || !is_number(field->text, (size_t)(x - field->text), &row) ||
        !is_number(x + 1, field->length - (size_t)(x - field->text) - 1, &column)) {
        return false;
    }
    *number = (row - 1) * INK_CSV_SIDE + column - 1;
    return row >= 1 && row <= INK_CSV_SIDE && column >= 1 && column <= INK_CSV_SIDE;
}

/* A header has letters at the front of its first field, or a cell's name; numbers, signs and nothing belong to a
 * row. */
static bool is_header(const ink_csv_field *first) {
    uint32_t unused;
    return first->length > 0 && (is_letter(first->text[0]) || is_cell(first, &unused));
}

static ink_status fail_column(const ink_csv_layout *layout, const ink_csv_field *field, uint32_t number,
                              const char *wanted, const char *what, ink_error *err) {
    char shown[4 * SHOWN_MAX + 8];
    ink_escape(shown, sizeof shown, (const char *)field->text, field->length, SHOWN_MAX);
    return ink_fail_line(err, INK_E_DATA, layout->file, 1, number + 1, shown, wanted, what);
}

static ink_status fail_missing(const ink_csv_layout *layout, const char *column, ink_error *err) {
    char what[64];
    snprintf(what, sizeof what, "the column %s is missing", column);
    return ink_fail_line(err, INK_E_DATA, layout->file, 1, 0, NULL, NULL, what);
}

static ink_status fail_unlabelled(const ink_csv_layout *layout, ink_error *err) {
    ink_fail_line(err, INK_E_DATA, layout->file, 1, 0, NULL, NULL,
                  "there is no label column: training needs labelled rows");
    ink_hint(err, "this looks like a test table; Kaggle's train.csv has a column named label");
    return INK_E_DATA;
}

/* The numbers of the rows, as pandas writes them in front: their column has no name, and one column is too many. */
static bool is_indexed(const ink_csv_layout *layout, const uint8_t *text, size_t length, ink_error *err) {
    ink_csv_field first = ink_csv_field_at(text, length, 0);
    if ((first.length > 0 && !is_text(&first, "Unnamed: 0")) || first.next > length) return false;
    ink_csv_field second = ink_csv_field_at(text, length, first.next);
    uint32_t found = 0, unused;
    if (!is_label(&second) && !is_pixel(&second, &unused) && !is_cell(&second, &unused)) return false;
    for (size_t at = 0; at <= length; found++) at = ink_csv_field_at(text, length, at).next;
    if (found != INK_CSV_PIXELS + 1 && found != INK_CSV_PIXELS + 2) return false;
    ink_fail_line(err, INK_E_DATA, layout->file, 1, 1, NULL, NULL, "the first column numbers the rows");
    ink_hint(err, "pandas adds that column: save the table with index=False");
    return true;
}

/* A first line with one field: perhaps another separator. */
static bool is_separated(const ink_csv_layout *layout, const uint8_t *text, size_t length, ink_error *err) {
    char what[64];
    if (memchr(text, ',', length) != NULL) return false;
    const char *separator = memchr(text, ';', length) != NULL ? ";" : memchr(text, '\t', length) != NULL ? "tab" : NULL;
    if (separator == NULL) return false;
    snprintf(what, sizeof what, "looks like '%s'-separated", separator);
    ink_fail_line(err, INK_E_DATA, layout->file, 1, 0, NULL, "commas between the fields", what);
    return true;
}

/* Sets the order of the pixels from the numbers in the header; seen_at[n] is the field named pixel<n>. */
static ink_status order_pixels(ink_csv_layout *layout, const uint16_t *seen_at, ink_error *err) {
    char name[32];
    layout->first = seen_at[0] == INK_CSV_LABEL && seen_at[INK_CSV_PIXELS] != INK_CSV_LABEL;
    layout->straight = layout->label == INK_CSV_NONE || layout->label == 0;
    for (uint32_t i = 0; i < INK_CSV_PIXELS; i++) {
        uint16_t at = seen_at[i + layout->first];
        ink_csv_pixel_name(layout, i, name, sizeof name);
        if (at == INK_CSV_LABEL) return fail_missing(layout, name, err);
        layout->pixel_of[at] = (uint16_t)i;
        if (at != i + (layout->label == 0)) layout->straight = false;
    }
    return INK_OK;
}

/* What a field's name says: the label's column, or *pixel. cells: are the pixels called 1x1? */
static bool is_known(const ink_csv_field *field, bool cells, bool *label, uint32_t *pixel) {
    *label = is_label(field);
    return *label || (cells ? is_cell(field, pixel) : is_pixel(field, pixel));
}

/* Are the pixels called 1x1? The first of them tells: it is the first field, or the second. */
static bool has_cells(const uint8_t *text, size_t length) {
    uint32_t unused;
    ink_csv_field first = ink_csv_field_at(text, length, 0);
    if (is_cell(&first, &unused)) return true;
    if (first.next > length) return false;
    ink_csv_field second = ink_csv_field_at(text, length, first.next);
    return is_cell(&second, &unused);
}

static ink_status layout_of_names(ink_csv_layout *layout, const uint8_t *text, size_t length, ink_error *err) {
    uint16_t seen_at[INK_CSV_PIXELS + 1]; /* INK_CSV_LABEL: not seen */
    uint32_t number = 0, pixel = 0, cells_seen = 0;
    const char *wanted = layout->cells ? "label or 1x1..28x28" : "label or pixel0..pixel783";
    bool label;
    memset(seen_at, 0xff, sizeof seen_at);
    layout->header = true;
    for (size_t at = 0; at <= length; number++) {
        ink_csv_field field = ink_csv_field_at(text, length, at);
        if (field.fault != NULL) return fail_column(layout, &field, number, NULL, field.fault, err);
        if (!is_known(&field, layout->cells, &label, &pixel)) {
            return fail_column(layout, &field, number, wanted, "the column's name", err);
        }
        if (label ? layout->label != INK_CSV_NONE : seen_at[pixel] != INK_CSV_LABEL) {
            return fail_column(layout, &field, number, NULL, "a column is there twice", err);
        }
        /* In any other order 1x2 might as well be the second row's first pixel. */
        if (!label && layout->cells && pixel != cells_seen++) {
            return fail_column(layout, &field, number, "1x1, 1x2, ... 28x28 in this order", "the column's name", err);
        }
        if (label) {
            layout->label = number;
        } else {
            seen_at[pixel] = (uint16_t)number;
        }
        at = field.next;
    }
    ink_status status = order_pixels(layout, seen_at, err);
    if (status != INK_OK) return status;
    layout->fields = INK_CSV_PIXELS + (layout->label != INK_CSV_NONE);
    if (number != layout->fields) { /* both pixel0 and pixel784 */
        return ink_fail_line(err, INK_E_DATA, layout->file, 1, 0, "pixel784", wanted, "a column's name");
    }
    if (layout->label != INK_CSV_NONE) layout->pixel_of[layout->label] = INK_CSV_LABEL;
    return INK_OK;
}

static ink_status layout_of_row(ink_csv_layout *layout, const uint8_t *text, size_t length, uint64_t offset,
                                ink_error *err) {
    uint32_t found = 0;
    for (size_t at = 0; at <= length; found++) at = ink_csv_field_at(text, length, at).next;
    bool labelled = layout->kind == INK_CSV_TEST ? found > INK_CSV_PIXELS : found != INK_CSV_PIXELS;
    layout->straight = true;
    layout->label = labelled ? 0 : INK_CSV_NONE;
    layout->fields = INK_CSV_PIXELS + labelled;
    for (uint32_t i = 0; i < layout->fields; i++) {
        layout->pixel_of[i] = labelled && i == 0 ? INK_CSV_LABEL : (uint16_t)(i - labelled);
    }
    if (found == layout->fields) return INK_OK;
    /* A row of another length: the exact parser says so, and what else is wrong with it. */
    uint8_t values[INK_CSV_FIELDS_MAX];
    return ink_csv_row_exact(layout, text, length, (ink_csv_place){.line = 1, .offset = offset}, values, err);
}

ink_status ink_csv_layout_of(ink_csv_layout *layout, const uint8_t *text, size_t length, uint64_t offset,
                             ink_error *err) {
    const uint8_t *whole = text;
    size_t whole_length = length;
    if (length > 0 && text[length - 1] == '\n') length--;
    if (length > 0 && text[length - 1] == '\r') length--;
    layout->label = INK_CSV_NONE;
    if (is_separated(layout, text, length, err) || is_indexed(layout, text, length, err)) return INK_E_DATA;
    layout->cells = has_cells(text, length);
    ink_csv_field first = ink_csv_field_at(text, length, 0);
    ink_status status = is_header(&first) ? layout_of_names(layout, text, length, err)
                                          : layout_of_row(layout, whole, whole_length, offset, err);
    if (status != INK_OK) return status;
    if (layout->kind == INK_CSV_TRAIN && layout->label == INK_CSV_NONE) return fail_unlabelled(layout, err);
    return INK_OK;
}

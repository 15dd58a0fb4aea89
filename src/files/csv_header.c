/* files/csv_header.c: what the first line of a table tells: which field is which pixel.
 * It reads no pixels: a first line of numbers only says how many there are. */
#include <stdio.h>
#include <string.h>

#include "core/status.h"
#include "files/csv_row.h"

#define SHOWN_MAX 40

/* A header has letters at the front of its first field; numbers, signs and nothing belong to a row. */
static bool is_header(const ink_csv_field *first) {
    if (first->length == 0) return false;
    uint8_t c = first->text[0];
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_text(const ink_csv_field *field, const char *text) {
    return field->length == strlen(text) && memcmp(field->text, text, field->length) == 0;
}

/* "pixel<number>", decimal, without leading zeros, 0 .. INK_CSV_PIXELS. */
static bool is_pixel(const ink_csv_field *field, uint32_t *number) {
    static const char word[] = "pixel";
    const size_t begin = sizeof word - 1;
    uint32_t v = 0;
    if (field->length <= begin || field->length > begin + 3 || memcmp(field->text, word, begin) != 0) return false;
    for (size_t i = begin; i < field->length; i++) {
        unsigned digit = field->text[i] - (unsigned)'0';
        if (digit > 9 || (digit == 0 && v == 0 && i + 1 < field->length)) return false;
        v = v * 10 + digit;
    }
    *number = v;
    return v <= INK_CSV_PIXELS;
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
        snprintf(name, sizeof name, "pixel%u", i + layout->first);
        if (at == INK_CSV_LABEL) return fail_missing(layout, name, err);
        layout->pixel_of[at] = (uint16_t)i;
        if (at != i + (layout->label == 0)) layout->straight = false;
    }
    return INK_OK;
}

static ink_status layout_of_names(ink_csv_layout *layout, const uint8_t *text, size_t length, ink_error *err) {
    uint16_t seen_at[INK_CSV_PIXELS + 1]; /* INK_CSV_LABEL: not seen */
    uint32_t number = 0, pixel;
    memset(seen_at, 0xff, sizeof seen_at);
    layout->header = true;
    for (size_t at = 0; at <= length; number++) {
        ink_csv_field field = ink_csv_field_at(text, length, at);
        if (field.fault != NULL) return fail_column(layout, &field, number, NULL, field.fault, err);
        if (is_text(&field, "label")) {
            if (layout->label != INK_CSV_NONE) {
                return fail_column(layout, &field, number, NULL, "a column is there twice", err);
            }
            layout->label = number;
        } else if (is_pixel(&field, &pixel)) {
            if (seen_at[pixel] != INK_CSV_LABEL) {
                return fail_column(layout, &field, number, NULL, "a column is there twice", err);
            }
            seen_at[pixel] = (uint16_t)number;
        } else {
            return fail_column(layout, &field, number, "label or pixel0..pixel783", "the column's name", err);
        }
        at = field.next;
    }
    ink_status status = order_pixels(layout, seen_at, err);
    if (status != INK_OK) return status;
    layout->fields = INK_CSV_PIXELS + (layout->label != INK_CSV_NONE);
    if (number != layout->fields) { /* both pixel0 and pixel784 */
        return ink_fail_line(err, INK_E_DATA, layout->file, 1, 0, "pixel784", "label or pixel0..pixel783",
                             "a column's name");
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
    if (is_separated(layout, text, length, err)) return INK_E_DATA;
    ink_csv_field first = ink_csv_field_at(text, length, 0);
    ink_status status = is_header(&first) ? layout_of_names(layout, text, length, err)
                                          : layout_of_row(layout, whole, whole_length, offset, err);
    if (status != INK_OK) return status;
    if (layout->kind == INK_CSV_TRAIN && layout->label == INK_CSV_NONE) return fail_unlabelled(layout, err);
    return INK_OK;
}

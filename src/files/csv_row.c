/* files/csv_row.c: one row read exactly, byte by byte, and the message when it is wrong.
 * Speed is not its business: plain rows never come here. */
#include "files/csv_row.h"

#include <stdio.h>
#include <string.h>

#include "core/status.h"

#define SHOWN_MAX 40

/* Line ends that are no part of the row's text. */
static size_t without_end(const uint8_t *text, size_t length) {
    if (length > 0 && text[length - 1] == '\n') length--;
    if (length > 0 && text[length - 1] == '\r') length--;
    return length;
}

bool ink_csv_row_blank(const uint8_t *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (text[i] != ' ' && text[i] != '\r' && text[i] != '\n') return false;
    }
    return true;
}

ink_csv_field ink_csv_field_at(const uint8_t *text, size_t length, size_t begin) {
    ink_csv_field field = {.text = text + begin};
    size_t i = begin;
    while (i < length && text[i] == ' ') i++;
    bool quoted = i < length && text[i] == '"';
    size_t first = quoted ? ++i : i, last;
    if (quoted) {
        const uint8_t *close = memchr(text + i, '"', length - i);
        i = last = close != NULL ? (size_t)(close - text) : length;
        if (close == NULL) {
            field.fault = "the quote is never closed";
        } else {
            i++;
            while (i < length && text[i] == ' ') i++;
            if (i < length && text[i] != ',') field.fault = "text stands behind the closing quote";
        }
        const uint8_t *comma = i < length ? memchr(text + i, ',', length - i) : NULL;
        i = comma != NULL ? (size_t)(comma - text) : length;
    } else {
        const uint8_t *comma = memchr(text + i, ',', length - i);
        i = last = comma != NULL ? (size_t)(comma - text) : length;
    }
    while (first < last && text[first] == ' ') first++;
    while (last > first && text[last - 1] == ' ') last--;
    field.text = text + first;
    field.length = last - first;
    field.next = i + 1;
    return field;
}

/* Escaped, so that a NUL within it is seen. */
static void show(char shown[4 * SHOWN_MAX + 8], const uint8_t *text, size_t length) {
    ink_escape(shown, 4 * SHOWN_MAX + 8, (const char *)text, length, SHOWN_MAX);
}

void ink_csv_pixel_name(const ink_csv_layout *layout, uint32_t pixel, char *name, size_t size) {
    if (layout->cells) {
        snprintf(name, size, "%ux%u", pixel / INK_CSV_SIDE + 1, pixel % INK_CSV_SIDE + 1);
    } else {
        snprintf(name, size, "pixel%u", pixel + layout->first);
    }
}

/* "label", "pixel412": the column of a field. */
static void column_name(const ink_csv_layout *layout, uint32_t number, char *name, size_t size) {
    uint16_t pixel = layout->pixel_of[number];
    if (pixel == INK_CSV_LABEL) {
        snprintf(name, size, "label");
    } else {
        ink_csv_pixel_name(layout, pixel, name, size);
    }
}

static ink_status at_byte(ink_error *err, uint64_t byte) {
    if (err != NULL) {
        err->has_byte = 1;
        err->byte = byte;
    }
    return INK_E_DATA;
}

/* A line end of another kind than the first line's. *fine is false then. */
static ink_status check_ends(const ink_csv_layout *layout, const uint8_t *text, size_t length, ink_csv_place place,
                             bool *fine, ink_error *err) {
    static const char *const name[] = {"LF", "CR LF", "CR"};
    size_t inner = length;
    ink_csv_ends seen = layout->ends;
    if (inner > 0 && text[inner - 1] == '\n') {
        inner--;
        seen = INK_CSV_LF;
    }
    if (inner > 0 && text[inner - 1] == '\r') {
        seen = seen == INK_CSV_LF && inner < length ? INK_CSV_CRLF : INK_CSV_CR;
        inner--;
    }
    if (memchr(text, '\n', inner) != NULL) seen = INK_CSV_LF;
    if (memchr(text, '\r', inner) != NULL) seen = INK_CSV_CR;
    *fine = seen == layout->ends;
    if (*fine) return INK_OK;
    char what[96];
    snprintf(what, sizeof what, "the line ends with %s, the first line with %s", name[seen], name[layout->ends]);
    ink_fail_line(err, INK_E_DATA, layout->file, place.line, 0, NULL, NULL, what);
    ink_hint(err, "end all lines alike: LF, CR LF or CR");
    return at_byte(err, place.offset + inner);
}

/* A row that has another number of fields than the table. */
static ink_status fail_count(const ink_csv_layout *layout, const uint8_t *text, size_t length, ink_csv_place place,
                             uint32_t found, ink_error *err) {
    char what[96];
    const char *separator = memchr(text, ';', length) != NULL ? ";" : memchr(text, '\t', length) != NULL ? "tab" : NULL;
    if (found < layout->fields && separator != NULL) {
        snprintf(what, sizeof what, "looks like '%s'-separated", separator);
        ink_fail_line(err, INK_E_DATA, layout->file, place.line, 0, NULL, "commas between the fields", what);
        return at_byte(err, place.offset);
    }
    snprintf(what, sizeof what, "%u fields expected, %u found", layout->fields, found);
    uint32_t column = (found < layout->fields ? found : layout->fields) + 1;
    ink_fail_line(err, INK_E_DATA, layout->file, place.line, column, NULL, NULL, what);
    return at_byte(err, place.offset);
}

static ink_status fail_value(const ink_csv_layout *layout, const ink_csv_field *field, uint32_t number,
                             ink_csv_place place, uint64_t byte, ink_error *err) {
    char what[96], name[32], shown[4 * SHOWN_MAX + 8];
    const char *wanted = layout->pixel_of[number] == INK_CSV_LABEL ? "a digit 0..9" : "an integer 0..255";
    column_name(layout, number, name, sizeof name);
    show(shown, field->text, field->length);
    for (size_t i = 0; i < field->length; i++) {
        uint8_t c = field->text[i];
        if (c >= 0x20 && c != 0x7f) continue;
        snprintf(what, sizeof what, "%s holds the control byte 0x%02x at byte %llu", name, c,
                 (unsigned long long)(byte + i));
        ink_fail_line(err, INK_E_DATA, layout->file, place.line, number + 1, shown, NULL, what);
        return at_byte(err, byte + i);
    }
    ink_fail_line(err, INK_E_DATA, layout->file, place.line, number + 1, shown, wanted, name);
    if (memchr(field->text, ';', field->length) != NULL) ink_hint(err, "the fields look separated by ';', not ','");
    return at_byte(err, byte);
}

/* Decimal digits alone, and no more than most; leading zeros are fine. */
static bool number_of(const ink_csv_field *field, unsigned most, uint8_t *value) {
    unsigned v = 0;
    if (field->length == 0) return false;
    for (size_t i = 0; i < field->length; i++) {
        unsigned digit = field->text[i] - (unsigned)'0';
        if (digit > 9) return false;
        v = v * 10 + digit;
        if (v > most) return false;
    }
    *value = (uint8_t)v;
    return true;
}

ink_status ink_csv_row_exact(const ink_csv_layout *layout, const uint8_t *text, size_t length, ink_csv_place place,
                             uint8_t *values, ink_error *err) {
    bool fine;
    ink_status status = check_ends(layout, text, length, place, &fine, err);
    if (!fine) return status;
    length = without_end(text, length);
    /* The first wrong field, in case there are as many as there should be: a ragged row is told first. */
    ink_csv_field wrong = {0};
    uint32_t found = 0, wrong_number = INK_CSV_NONE;
    for (size_t at = 0; at <= length; found++) {
        ink_csv_field field = ink_csv_field_at(text, length, at);
        if (field.fault != NULL) {
            ink_fail_line(err, INK_E_DATA, layout->file, place.line, found + 1, NULL, NULL, field.fault);
            return at_byte(err, place.offset + at);
        }
        if (found < layout->fields && wrong_number == INK_CSV_NONE) {
            unsigned most = layout->pixel_of[found] == INK_CSV_LABEL ? 9 : 255;
            if (!number_of(&field, most, &values[found])) {
                wrong = field;
                wrong_number = found;
            }
        }
        at = field.next;
    }
    if (found != layout->fields) return fail_count(layout, text, length, place, found, err);
    if (wrong_number == INK_CSV_NONE) return INK_OK;
    return fail_value(layout, &wrong, wrong_number, place, place.offset + (uint64_t)(wrong.text - text), err);
}

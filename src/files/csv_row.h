/* files/csv_row.h: inside csv: the table's layout, the exact parser of one row, and the vector paths. */
#ifndef INK_FILES_CSV_ROW_H
#define INK_FILES_CSV_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "files/csv.h"

#define INK_CSV_FIELDS_MAX (INK_CSV_PIXELS + 1)
#define INK_CSV_LABEL      UINT16_MAX /* in pixel_of: this field is the label */
#define INK_CSV_NONE       UINT32_MAX
#define INK_CSV_PAD        64u /* readable bytes before and behind the text, and behind the values of a row */

typedef enum ink_csv_ends { INK_CSV_LF, INK_CSV_CRLF, INK_CSV_CR } ink_csv_ends;

/* What the first line told. */
typedef struct ink_csv_layout {
    const char *file; /* for messages */
    ink_csv_kind kind;
    ink_csv_ends ends;
    bool header;
    uint32_t fields; /* per row: INK_CSV_PIXELS, one more with labels */
    uint32_t label;  /* number of the label's field from 0, or INK_CSV_NONE */
    uint32_t first;  /* number of the first pixel in names: 0, or 1 as in Fashion-MNIST's tables */
    bool cells;      /* pixels are called 1x1 .. 28x28, as in "MNIST in CSV" */
    bool straight;   /* the pixels in order, the label, if any, before them */
    uint16_t pixel_of[INK_CSV_FIELDS_MAX];
} ink_csv_layout;

/* Where a row stands. */
typedef struct ink_csv_place {
    uint64_t line;   /* from 1 */
    uint64_t offset; /* of its first byte in the unpacked file */
} ink_csv_place;

/* Learns the layout from the first line (text[length], its end included if it has one); file, kind and ends are set.
 * Errors   INK_E_DATA: a column that is unknown, missing or there twice; a wrong number of fields. */
INK_MUST_USE ink_status ink_csv_layout_of(ink_csv_layout *layout, const uint8_t *text, size_t length, uint64_t offset,
                                          ink_error *err);

/* Reads one row, its line end included (text[length]), into values[layout->fields], in the order of the fields. */
INK_MUST_USE ink_status ink_csv_row_exact(const ink_csv_layout *layout, const uint8_t *text, size_t length,
                                          ink_csv_place place, uint8_t *values, ink_error *err);

/* "pixel412", or "15x21" where the header calls it so; pixel from 0. */
void ink_csv_pixel_name(const ink_csv_layout *layout, uint32_t pixel, char *name, size_t size);

/* True when the line (its end included) holds nothing but spaces. */
bool ink_csv_row_blank(const uint8_t *text, size_t length);

/* One field of a line, as the exact parser and the header see it. */
typedef struct ink_csv_field {
    const uint8_t *text; /* without quotes and the spaces around */
    size_t length;
    size_t next;       /* where the next field begins; beyond the length: there is none */
    const char *fault; /* NULL, or what is wrong with its quotes */
} ink_csv_field;
ink_csv_field ink_csv_field_at(const uint8_t *text, size_t length, size_t begin);

/* A row of plain digits and commas, fast. row: its first byte; INK_CSV_PAD bytes before and behind the text are
 * readable, row[-1] is no digit, and LF or `end` comes somewhere behind. values: room for fields + INK_CSV_PAD bytes.
 * Returns the byte behind the first `end`; or NULL: the row is not plain, or wrong, and values is undefined. */
typedef const uint8_t *ink_csv_fast(const uint8_t *row, uint8_t end, uint32_t fields, uint8_t *values);

ink_csv_fast ink_csv_fast_generic, ink_csv_fast_avx2, ink_csv_fast_avx512;

/* The one in use (ink_csv_use_isa). */
ink_csv_fast *ink_csv_fast_picked(void);

#endif

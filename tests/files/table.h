/* tests/files/table.h: texts made piece by piece, small tables of digits, gzip in memory: for this room's tests. */
#ifndef INK_TESTS_FILES_TABLE_H
#define INK_TESTS_FILES_TABLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "files/images.h"
#include "inkling.h"

/* A text or any bytes, growing. */
typedef struct piece {
    char *bytes;
    size_t size, room;
} piece;

void piece_add(piece *p, const void *bytes, size_t size);
void piece_print(piece *p, const char *format, ...) INK_PRINTF(2, 3);
void piece_free(piece *p);

/* One table: `rows` rows whose pixel k of row r is pixel_at(r, k) and whose label is r % 10. A field of one row may be
 * replaced by any text. */
typedef struct table_form {
    unsigned rows;
    int header, unlabelled;
    const char *end;            /* of lines; NULL = "\n" */
    unsigned edit_row, edit_at; /* both from 1: the field edit_at (the label is field 1) of row edit_row */
    const char *edit;           /* NULL: no edit */
    size_t edit_size;           /* 0: strlen */
} table_form;
unsigned pixel_at(unsigned row, unsigned k);
void table_make(piece *p, const table_form *form);
/* Asserts that these are rows of such a table, from the first on. */
void table_is(const ink_images *images, unsigned rows, bool labelled);

/* bytes as one gzip member, behind what is in p. */
void gzip_add(piece *p, const void *bytes, size_t size);

/* Writes bytes to a new file in a temporary folder; the path stays valid until the next call. */
const char *file_with(const char *name, const void *bytes, size_t size);
/* Its folder, made at first use and removed at exit. */
const char *folder(void);
/* How many files the folder holds. */
unsigned folder_count(void);

/* Any program's 64-bit generator for tests (splitmix64). */
uint64_t random_next(uint64_t *state);

#endif

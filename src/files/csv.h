/* files/csv.h: tables of digits as Kaggle gives them, read fast and exactly.
 *
 * Accepts   one row per image: 784 pixels 0 .. 255 and, where there is one, a label 0 .. 9, in decimal digits.
 *           A header names the columns, in any order: `label`, and `pixel0` .. `pixel783` (or `pixel1` ..
 *           `pixel784`); pixel k is row k / 28, column k % 28. `Label` and `LABEL` will do; and the pixels may be
 *           called `1x1`, `1x2` .. `28x28` (row x column) when they come in this order. Without a header: 785
 *           columns, the label first, or 784 columns. Lines may end with LF, CRLF or CR, all of one kind; the last
 *           one may lack its end, and empty lines may follow it. A UTF-8 byte order mark, quotes around a field ("5")
 *           and spaces around a number are fine.
 * Refuses   everything else, with INK_E_DATA and the place: no row is ever skipped or repaired. The message reads
 *           `train.csv:1731:413: pixel412 is "256", expected an integer 0..255`: file, line, column, where the
 *           COLUMN IS THE FIELD'S NUMBER IN ITS LINE, from 1 (`cut -d, -f413` shows it). Header and empty lines
 *           count as lines. ink_error.byte is the field's offset in the unpacked file.
 * Memory    The images, and a few blocks of text; a line longer than INK_CSV_LINE_MAX is refused.
 * Speed     Rows of plain digits and commas go through a vector path (csv_<isa>.c, chosen at run time); any other row
 *           through an exact parser, which also writes the message. Both accept the same rows with the same values.
 * Same bits The result does not depend on the pool or the instruction set. */
#ifndef INK_FILES_CSV_H
#define INK_FILES_CSV_H

#include "core/pool.h"
#include "files/images.h"
#include "files/source.h"

#define INK_CSV_SIDE     28u
#define INK_CSV_PIXELS   784u
#define INK_CSV_LINE_MAX ((size_t)1 << 20) /* bytes */

typedef enum ink_csv_kind {
    INK_CSV_ANY,   /* labels are read when the table has them */
    INK_CSV_TRAIN, /* a label column is required */
    INK_CSV_TEST   /* for prediction: labels are read when there, as with ANY; messages speak of a test table */
} ink_csv_kind;

/* Reads the whole source. pool (borrowed, NULL: the calling thread alone): parsing is shared among its threads.
 * Errors   INK_E_DATA as above; the source's own, with how many rows came before; INK_E_MEMORY. *out is {0} then.
 * Owner    the caller: ink_images_free. */
INK_MUST_USE ink_status ink_csv_read(ink_source *source, ink_csv_kind kind, ink_pool *pool, ink_images *out,
                                     ink_error *err);

/* The vector path that ink_csv_read uses here: "generic", "avx2", "avx512". Static. */
const char *ink_csv_isa(void);

/* Takes another one from now on, for tests and benches. False: unknown, or this processor lacks it. Not while a read is
 * under way. */
bool ink_csv_use_isa(const char *name);

#endif

/* files/write.h: files that appear whole or not at all.
 *
 *   ink_file *file = NULL;
 *   st = ink_file_begin("submission.csv", &file, err);
 *   if (st == INK_OK) st = ink_file_print(file, err, "%s\n", "ImageId,Label");
 *   if (st == INK_OK) st = ink_file_commit(file, err);    // the name now stands for the new bytes
 *   else ink_file_abandon(file);                          // the old file, if any, is as it was
 *
 * How      A temporary name in the same folder (".submission.csv.<process>-<n>.tmp", ".inkling..." for a very long
 *          name; opened O_EXCL, locked), write, fsync, close (checked), rename over the name, fsync of the folder. A
 *          failed fsync is never tried again: the temporary file is removed and the old one kept. begin removes
 *          temporary files of the same name whose process is gone (their lock is free).
 * Also     A symbolic link is followed, so that the file it names is replaced, or made. A name that is a device or
 *          FIFO, or the file behind standard output or standard error (/dev/stdout with >> all.csv), is written
 *          through, without rename.
 * Errors   INK_E_FILE with errno's text (no space, quota, i/o error, file too large, no such folder); INK_E_MEMORY.
 *          After a failure of write or print the file must be abandoned. */
#ifndef INK_FILES_WRITE_H
#define INK_FILES_WRITE_H

#include <stddef.h>

#include "inkling.h"

typedef struct ink_file ink_file;

INK_MUST_USE ink_status ink_file_begin(const char *path, ink_file **out, ink_error *err);
INK_MUST_USE ink_status ink_file_write(ink_file *file, const void *bytes, size_t size, ink_error *err);
/* printf in the C locale's way for integers and strings; for numbers with a fraction format them yourself. */
INK_MUST_USE ink_status ink_file_print(ink_file *file, ink_error *err, const char *format, ...) INK_PRINTF(3, 4);

/* What is written so far becomes readable at ink_file_temporary, so that it can be read again and checked before
 * commit. Not for what is written through: the name is NULL there. */
INK_MUST_USE ink_status ink_file_flush(ink_file *file, ink_error *err);
const char *ink_file_temporary(const ink_file *file);

/* Takes the file: it is freed whatever comes back. */
INK_MUST_USE ink_status ink_file_commit(ink_file *file, ink_error *err);
/* Takes the file and removes what was written. NULL is fine. */
void ink_file_abandon(ink_file *file);

/* INK_E_USAGE when both names are one file: what is written to `out` would be the end of what is read from `in`. A name
 * that is no file, or NULL, is fine. */
INK_MUST_USE ink_status ink_file_spare(const char *out, const char *in, ink_error *err);

/* begin, write, commit. */
INK_MUST_USE ink_status ink_file_write_all(const char *path, const void *bytes, size_t size, ink_error *err);

#endif

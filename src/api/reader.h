/* api/reader.h: readers of pages, one for each thread, each with models of its own; what `read` and `eval --pages`
 * share. */
#ifndef INK_API_READER_H
#define INK_API_READER_H

#include "api/models.h"
#include "files/bitmap.h"
#include "read/page.h"

typedef struct ink_reader {
    ink_machine machine;
    ink_models models;
} ink_reader;

typedef struct ink_readers {
    ink_reader *at;
    uint32_t n;
    ink_pool *pool; /* n threads: worker i uses reader i */
} ink_readers;      /* {0}: none */

/* As many readers as threads are asked for, but no more than there are files. A single one computes with all threads.
 * Errors   of the models; INK_E_MEMORY. Owner: the caller. */
INK_MUST_USE ink_status ink_readers_open(const ink_read_options *options, size_t n_files, ink_readers *out,
                                         ink_error *err);
void ink_readers_close(ink_readers *readers);

/* Decodes and reads one file. picture: the decoded one, for drawing on it, or NULL; boxes are in the pixels of the
 * file, of which the decoded picture has fewer by `shrunk` (files/bitmap.h). steps may be NULL.
 * Owner    the caller: ink_page_clear, ink_bitmap_free. */
INK_MUST_USE ink_status ink_reader_read(ink_reader *reader, const char *path, float sure, const ink_page_steps *steps,
                                        ink_page *page, ink_bitmap *picture, ink_error *err);

#endif

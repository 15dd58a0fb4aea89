/* files/source.h: a bounded reader of bytes, the one door through which every format comes in.
 *
 * Reads     a plain file, a FIFO, standard input ("-"), memory, an entry of a zip (files/archive.h); and any of
 *           these gzipped, which is found by its first bytes, not by a name. Concatenated gzip members are one
 *           stream; each member's CRC and length are checked.
 * In blocks Never mapped: a file that shrinks while it is read gives an error, not a signal.
 * Bounded   What comes out is counted as it is unpacked (headers that promise a size are not believed): more than
 *           INK_SOURCE_BYTES_MAX in all, or, beyond INK_SOURCE_RATIO_FREE bytes, more than INK_SOURCE_RATIO_MAX
 *           times what went in, is INK_E_DATA.
 * Threads   One thread at a time per source. */
#ifndef INK_FILES_SOURCE_H
#define INK_FILES_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inkling.h"

#define INK_SOURCE_BYTES_MAX  ((uint64_t)16 << 30)
#define INK_SOURCE_RATIO_FREE ((uint64_t)64 << 20)
#define INK_SOURCE_RATIO_MAX  200u
#define INK_SOURCE_PEEK_MAX   64u

typedef struct ink_source ink_source;

/* Opens the file at path; "-" is standard input, which close leaves open.
 * Errors   INK_E_FILE with errno's text; a folder is INK_E_FILE too.
 * Owner    the caller: ink_source_close. */
INK_MUST_USE ink_status ink_source_open(const char *path, ink_source **out, ink_error *err);

/* Reads from memory, gzipped or not; bytes are borrowed until close. name stands in messages and is copied. */
INK_MUST_USE ink_status ink_source_open_memory(const void *bytes, size_t size, const char *name, ink_source **out,
                                               ink_error *err);

/* Anything else that can give bytes: read returns how many it put into buf (at most size), 0 at the end, and fails
 * with a whole message. close may be NULL. context goes to both; on failure of this call too it has been closed. */
typedef struct ink_source_from {
    void *context;
    ink_status (*read)(void *context, void *buf, size_t size, size_t *got, ink_error *err);
    void (*close)(void *context);
} ink_source_from;
INK_MUST_USE ink_status ink_source_open_from(const ink_source_from *from, const char *name, ink_source **out,
                                             ink_error *err);

/* Puts the next bytes into buf: all `size` of them unless the end or a fault comes first. *got < size says that
 * this was the last read with bytes; *got is 0 at the end. Bytes before a fault are delivered first; the call after
 * fails, and all later ones.
 * Errors   INK_E_FILE: errno's text, or a file that became shorter than it was at open. INK_E_DATA: a gzip or zip
 *          stream that is damaged, ends early (the text says how far it came), or goes over a bound. */
INK_MUST_USE ink_status ink_source_read(ink_source *source, void *buf, size_t size, size_t *got, ink_error *err);

/* *bytes: the next bytes (up to INK_SOURCE_PEEK_MAX of them, *got), which stay unread. Borrowed until the next call. */
INK_MUST_USE ink_status ink_source_peek(ink_source *source, const uint8_t **bytes, size_t *got, ink_error *err);

/* All that is left, in new memory (ink_mem_free), with a NUL behind it that *size does not count; more than max_bytes
 * is INK_E_DATA, found without reading further. */
INK_MUST_USE ink_status ink_source_read_all(ink_source *source, size_t max_bytes, uint8_t **bytes, size_t *size,
                                            ink_error *err);

/* SHA-256 of the file at path, as its bytes come out of a source: 64 lower-case digits and a NUL. A large file needs no
 * more memory than a small one. Errors: those of open and read; hex is not set then. */
INK_MUST_USE ink_status ink_source_sha256(const char *path, char hex[65], ink_error *err);

/* As messages call it: "train.csv", "kaggle.zip/train.csv", "standard input". Borrowed. */
const char *ink_source_name(const ink_source *source);

/* Bytes delivered by read so far, unpacked. */
uint64_t ink_source_offset(const ink_source *source);

/* How many bytes there are in all, where that is certain before reading (a plain file, not packed; memory). */
bool ink_source_size(const ink_source *source, uint64_t *size);

/* The bytes come out of gzip. Certain after the first read or peek. */
bool ink_source_is_gzip(const ink_source *source);

/* NULL is fine. */
void ink_source_close(ink_source *source);

#endif

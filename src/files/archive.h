/* files/archive.h: zip files: what is in them, and entries as sources. Nothing is ever written to disk under a name
 * that an archive chose.
 *
 * Refuses at open (INK_E_DATA): entries named with "..", "/" or a drive in front, a backslash or a control byte; two
 * names that differ in case alone; symbolic links; encryption; methods other than stored and deflated; more than
 * INK_ARCHIVE_ENTRIES_MAX entries; entries that overlap or lie outside the file; local headers that disagree with the
 * central directory; multi-disk archives; bytes in front of or behind the zip that its offsets do not account for.
 * While reading: a wrong CRC or size, and what files/source.h bounds. */
#ifndef INK_FILES_ARCHIVE_H
#define INK_FILES_ARCHIVE_H

#include "files/source.h"

#define INK_ARCHIVE_ENTRIES_MAX 10000u

typedef struct ink_archive ink_archive;

/* A file of the archive. Folders and macOS's own (__MACOSX/, ._name, .DS_Store) are not listed. */
typedef struct ink_entry {
    const char *path; /* "digit-recognizer/train.csv" */
    const char *name; /* its last part: "train.csv" */
    uint64_t size;    /* as the directory claims: good for a message, never for an allocation */
} ink_entry;

/* True when bytes (the first of a file) are a zip's: "PK\3\4", or "PK\5\6" of an empty one. */
bool ink_archive_is(const void *bytes, size_t size);

/* Errors   INK_E_FILE; INK_E_DATA: no zip, or one of the above; INK_E_MEMORY.
 * Owner    the caller: ink_archive_close, after every source of it was closed. */
INK_MUST_USE ink_status ink_archive_open(const char *path, ink_archive **out, ink_error *err);
/* The same over memory, which is borrowed until close. */
INK_MUST_USE ink_status ink_archive_open_memory(const void *bytes, size_t size, const char *name, ink_archive **out,
                                                ink_error *err);
void ink_archive_close(ink_archive *archive); /* NULL is fine */

/* Entries in the order of the archive. Borrowed until close. */
size_t ink_archive_count(const ink_archive *archive);
const ink_entry *ink_archive_entry(const ink_archive *archive, size_t i);

/* The file name of the archive, for messages. Borrowed. */
const char *ink_archive_name(const ink_archive *archive);

/* Entry i as a source called "<archive>/<path>"; it may be gzipped like any other. Owner: the caller. */
INK_MUST_USE ink_status ink_archive_source(ink_archive *archive, size_t i, ink_source **out, ink_error *err);

/* The only file of an archive: train.csv.zip. INK_E_DATA when there is none, or several. */
INK_MUST_USE ink_status ink_archive_only(const ink_archive *archive, size_t *i, ink_error *err);

#endif

/* core/status.h: how a room fills the caller's ink_error. The types themselves stand in inkling.h.
 *
 *   return ink_fail(err, INK_E_FILE, "cannot open %s: %s", path, strerror(errno));
 *   return ink_fail_line(err, INK_E_DATA, path, 1731, 412, "256", "an integer 0..255", "pixel412");
 *
 * All return the status that they were given, so that a failing function can end in one line. err may be
 * NULL. */
#ifndef INK_CORE_STATUS_H
#define INK_CORE_STATUS_H

#include "inkling.h"

/* Sets text from the format, clears all other fields. Control bytes, and bytes that are no UTF-8, become \xNN. */
ink_status ink_fail(ink_error *err, ink_status status, const char *format, ...) INK_PRINTF(3, 4);

/* A fault in a text file: "file:line:column: what is "seen", expected wanted". column 0: left out. seen NULL:
 * the text is "what: expected wanted"; wanted NULL: no "expected" part. */
ink_status ink_fail_line(ink_error *err, ink_status status, const char *file, uint64_t line, uint64_t column,
                         const char *seen, const char *wanted, const char *what);

/* A fault in a binary file: "file: byte 123: what is seen, expected wanted", with the same rules. */
ink_status ink_fail_byte(ink_error *err, ink_status status, const char *file, uint64_t byte, const char *seen,
                         const char *wanted, const char *what);

/* INK_E_FILE with errno's text: "cannot <doing> <file>: No such file or directory". Call it before errno
 * changes. */
ink_status ink_fail_errno(ink_error *err, const char *doing, const char *file);

/* INK_E_MEMORY: "out of memory (needs N bytes for what)". */
ink_status ink_fail_memory(ink_error *err, uint64_t bytes, const char *what);

/* What would be the user's mistake stands in a file: INK_E_USAGE, in err too, becomes INK_E_DATA; others stay. */
ink_status ink_fault_of_file(ink_status status, ink_error *err);

/* Adds the hint line to an error that is already set; a no-op when err is NULL. */
void ink_hint(ink_error *err, const char *format, ...) INK_PRINTF(2, 3);

/* How many of the bytes at s are a control character: 0, or 1 below a space and for DEL, or 2 for U+0080 to U+009F in
 * UTF-8, which terminals obey as they do ESC and a letter. length at least 1. */
size_t ink_control_at(const char *s, size_t length);

/* Copies at most max_shown bytes of src (length bytes) to dst (size bytes), control characters (those of UTF-8, U+0080
 * to U+009F, too) and bytes that are no UTF-8 escaped as \xNN, "..." at the end when it was cut. No character is cut in
 * two. Always terminated. */
void ink_escape(char *dst, size_t size, const char *src, size_t length, size_t max_shown);

/* clang's analyzer sees one file at a time: for it (tools/lint) these say themselves that they return what they were
 * given, which is never INK_OK. */
#ifdef INK_ANALYZE
#define ink_fail(err, status, ...)      ((void)ink_fail(err, status, __VA_ARGS__), (status))
#define ink_fail_line(err, status, ...) ((void)ink_fail_line(err, status, __VA_ARGS__), (status))
#define ink_fail_byte(err, status, ...) ((void)ink_fail_byte(err, status, __VA_ARGS__), (status))
#define ink_fail_errno(err, ...)        ((void)ink_fail_errno(err, __VA_ARGS__), INK_E_FILE)
#define ink_fail_memory(err, ...)       ((void)ink_fail_memory(err, __VA_ARGS__), INK_E_MEMORY)
#endif

#endif

/* files/tensors_write.h: safetensors out, and in from packed files. For the program; libinkling only reads plain ones.
 *
 * Writes   The same bytes for the same tensors and metadata: metadata in the given order, tensors from the widest dtype
 *          to the narrowest and then by name, no blanks, the header padded with spaces to a multiple of 8. */
#ifndef INK_FILES_TENSORS_WRITE_H
#define INK_FILES_TENSORS_WRITE_H

#include "files/safetensors.h"
#include "files/source.h"
#include "files/write.h"

/* The file's bytes in new memory (ink_mem_free).
 * Errors   INK_E_USAGE: a name twice, empty, too long, with control bytes or not UTF-8, or "__metadata__"; a metadata
 *          key twice or text that is not UTF-8; bytes that do not fit dtype and shape. INK_E_MEMORY. */
INK_MUST_USE ink_status ink_tensors_bytes(const ink_tensors *tensors, uint8_t **bytes, size_t *size, ink_error *err);

/* Those bytes to a file, whole or not at all (files/write.h). */
INK_MUST_USE ink_status ink_tensors_write(const char *path, const ink_tensors *tensors, ink_error *err);

/* ink_tensors_open for any source: standard input, gzip, a zip's entry. */
INK_MUST_USE ink_status ink_tensors_load(ink_source *source, ink_tensors *out, ink_error *err);

/* Notes are UTF-8, a path may be any bytes: the same keys with values in which a byte that is no UTF-8 stands as \xNN
 * and a backslash twice, in new memory (one ink_mem_free); and back, in place.
 * Errors   INK_E_MEMORY; *out is NULL then. */
INK_MUST_USE ink_status ink_notes_escape(const ink_pair *notes, size_t n, ink_pair **out, ink_error *err);
void ink_notes_restore(ink_tensors *tensors);

#endif

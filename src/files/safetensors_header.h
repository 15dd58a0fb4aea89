/* files/safetensors_header.h: inside safetensors: the JSON header, parsed strictly. Part of libinkling. */
#ifndef INK_FILES_SAFETENSORS_HEADER_H
#define INK_FILES_SAFETENSORS_HEADER_H

#include "files/safetensors.h"

/* A tensor as the header describes it; tensor.data is not set. */
typedef struct ink_header_entry {
    ink_tensor tensor;
    uint64_t begin, end; /* bytes behind the header */
    size_t at;           /* of its name in the header, for messages */
} ink_header_entry;

/* Parses json[size], which stands at byte `offset` of `file`. Text goes to out->arena, metadata to out->metadata;
 * *entries (ink_mem_free) in the order of the header. Checks syntax, UTF-8, keys, dtypes, and that each shape fits its
 * bytes; not where the bytes lie.
 * Errors   INK_E_DATA with the byte, INK_E_MEMORY; *entries is NULL then. */
INK_MUST_USE ink_status ink_header_parse(const uint8_t *json, size_t size, uint64_t offset, const char *file,
                                         ink_tensors *out, ink_header_entry **entries, size_t *n, ink_error *err);

#endif

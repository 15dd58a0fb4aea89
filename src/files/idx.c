/* files/idx.c: IDX headers and bytes.
 * It finds no files and joins no names: data/dataset knows which labels belong to which images. */
#include "files/idx.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"

#define MAGIC_IMAGES 0x00000803u
#define MAGIC_LABELS 0x00000801u
#define MAGIC_QMNIST 0x00000c02u
#define QMNIST_SIZE  ((size_t)8 * 4) /* bytes of one label's row */
#define STEP_BYTES   ((size_t)1 << 20)
#define HEADER_MAX   16

static ink_status fail_magic(const char *name, uint32_t magic, uint32_t wanted, ink_error *err) {
    char text[96];
    const char *kind = wanted == MAGIC_IMAGES ? "images" : "labels";
    snprintf(text, sizeof text, "the magic is 0x%08x, IDX %s have 0x%08x", magic, kind, wanted);
    ink_fail_byte(err, INK_E_DATA, name, 0, NULL, NULL, text);
    if (magic == MAGIC_IMAGES) {
        ink_hint(err, "these are images, not labels");
    } else if (magic == MAGIC_LABELS || magic == MAGIC_QMNIST) {
        ink_hint(err, "these are labels, not images");
    } else if (__builtin_bswap32(magic) == wanted) {
        ink_hint(err, "the header is little-endian; IDX is big-endian");
    } else if (magic >> 16 == 0 && (magic >> 8 & 255) != 8) {
        ink_hint(err, "elements of type 0x%02x are not read: only 0x08, unsigned bytes", magic >> 8 & 255);
    } else if (magic >> 16 == 0) {
        ink_hint(err, "%u dimensions; images have 3, labels 1", magic & 255);
    }
    return INK_E_DATA;
}

static ink_status fail_short(const char *name, uint64_t at, const char *what, ink_error *err) {
    return ink_fail_byte(err, INK_E_DATA, name, at, NULL, NULL, what);
}

/* Reads size bytes, or says where the file ended. */
static ink_status read_exactly(ink_source *source, uint8_t *buf, size_t size, const char *what, ink_error *err) {
    size_t got = 0;
    ink_status status = ink_source_read(source, buf, size, &got, err);
    if (status == INK_OK && got < size) {
        /* Perhaps a fault and not the end: the next call tells. */
        size_t more = 0;
        status = ink_source_read(source, buf, 1, &more, err);
        if (status == INK_OK) status = fail_short(ink_source_name(source), ink_source_offset(source), what, err);
    }
    return status;
}

/* Magic and dimensions. */
static ink_status read_header(ink_source *source, uint32_t wanted, uint32_t *magic, uint32_t dim[3], ink_error *err) {
    static const char early[] = "the file ends inside the header";
    const char *name = ink_source_name(source);
    uint8_t header[HEADER_MAX];
    ink_status status = read_exactly(source, header, 4, early, err);
    if (status != INK_OK) return status;
    *magic = (uint32_t)header[0] << 24 | (uint32_t)header[1] << 16 | (uint32_t)header[2] << 8 | header[3];
    if (*magic != wanted && !(wanted == MAGIC_LABELS && *magic == MAGIC_QMNIST)) {
        return fail_magic(name, *magic, wanted, err);
    }
    uint32_t n = *magic & 255;
    status = read_exactly(source, header + 4, (size_t)n * 4, early, err);
    if (status != INK_OK) return status;
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *p = header + 4 + (size_t)i * 4;
        char text[64];
        dim[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
        snprintf(text, sizeof text, "dimension %u is %u", i + 1, dim[i]);
        const char *should = dim[i] == 0 ? "at least 1" : NULL;
        if (n == 3 && i > 0 && dim[i] > INK_IDX_SIDE_MAX) should = "a side of at most 4096 pixels";
        if (n == 2 && i > 0 && dim[i] != 8) should = "8, as QMNIST has";
        if (should != NULL) return ink_fail_byte(err, INK_E_DATA, name, 4 + (uint64_t)i * 4, NULL, should, text);
    }
    return INK_OK;
}

/* The bytes behind a header of header_bytes: exactly `bytes` of them, in new memory that grows as they come. */
static ink_status read_body(ink_source *source, uint64_t header_bytes, uint64_t bytes, uint8_t **out, ink_error *err) {
    const char *name = ink_source_name(source);
    char text[128];
    uint64_t size;
    assert(bytes > 0); /* read_header refuses dimensions of 0 */
    bool known = ink_source_size(source, &size);
    if (bytes > INK_SOURCE_BYTES_MAX || bytes > SIZE_MAX / 2) {
        snprintf(text, sizeof text, "the header announces %llu bytes: too many", (unsigned long long)bytes);
        return ink_fail_byte(err, INK_E_DATA, name, 4, NULL, NULL, text);
    }
    if (known && size != header_bytes + bytes) {
        snprintf(text, sizeof text, "the header announces %llu bytes in all, the file has %llu",
                 (unsigned long long)(header_bytes + bytes), (unsigned long long)size);
        return ink_fail_byte(err, INK_E_DATA, name, 4, NULL, NULL, text);
    }
    uint8_t *memory = NULL;
    ink_status status = INK_OK;
    for (uint64_t have = 0; have < bytes && status == INK_OK;) {
        uint64_t step = known ? bytes : have > STEP_BYTES ? have : STEP_BYTES;
        if (step > bytes - have) step = bytes - have;
        uint8_t *larger = ink_mem_resize(memory, (size_t)(have + step), 1);
        if (larger == NULL) {
            status = ink_fail_memory(err, have + step, name);
            break;
        }
        memory = larger;
        status = read_exactly(source, memory + have, (size_t)step, "the file ends before its last element", err);
        have += step;
    }
    if (status == INK_OK) {
        uint8_t extra;
        size_t got = 0;
        status = ink_source_read(source, &extra, 1, &got, err);
        if (status == INK_OK && got > 0) {
            status =
                ink_fail_byte(err, INK_E_DATA, name, header_bytes + bytes, NULL, NULL, "bytes follow the last element");
        }
    }
    if (status != INK_OK) {
        ink_mem_free(memory);
        return status;
    }
    *out = memory;
    return INK_OK;
}

ink_status ink_idx_read_images(ink_source *source, ink_images *out, ink_error *err) {
    uint32_t magic, dim[3] = {0};
    uint8_t *pixels = NULL;
    memset(out, 0, sizeof *out);
    ink_status status = read_header(source, MAGIC_IMAGES, &magic, dim, err);
    if (status != INK_OK) return status;
    /* At most 2^32 * 2^24: fits. */
    status = read_body(source, 16, (uint64_t)dim[0] * dim[1] * dim[2], &pixels, err);
    if (status != INK_OK) return status;
    *out = (ink_images){.pixels = pixels, .count = dim[0], .height = dim[1], .width = dim[2]};
    return INK_OK;
}

ink_status ink_idx_read_labels(ink_source *source, uint8_t **labels, uint32_t *count, ink_error *err) {
    uint32_t magic, dim[3] = {0};
    uint8_t *bytes = NULL;
    *labels = NULL;
    *count = 0;
    ink_status status = read_header(source, MAGIC_LABELS, &magic, dim, err);
    if (status != INK_OK) return status;
    bool qmnist = magic == MAGIC_QMNIST;
    size_t each = qmnist ? QMNIST_SIZE : 1;
    uint64_t header_bytes = qmnist ? 12 : 8;
    status = read_body(source, header_bytes, (uint64_t)dim[0] * each, &bytes, err);
    if (status != INK_OK) return status;
    for (size_t i = 0; i < dim[0]; i++) {
        const uint8_t *p = bytes + i * each;
        bool small = !qmnist || (p[0] == 0 && p[1] == 0 && p[2] == 0);
        uint8_t label = qmnist ? p[3] : p[0];
        if (!small || label > 9) {
            char text[96], seen[16];
            snprintf(seen, sizeof seen, "%u", (unsigned)label);
            snprintf(text, sizeof text, "label %zu", i + 1);
            ink_fail_byte(err, INK_E_DATA, ink_source_name(source), header_bytes + i * each,
                          small ? seen : "a large number", "a digit 0..9", text);
            ink_mem_free(bytes);
            return INK_E_DATA;
        }
        bytes[i] = label; /* i never runs ahead of p */
    }
    if (qmnist) {
        uint8_t *smaller = ink_mem_resize(bytes, dim[0], 1);
        if (smaller != NULL) bytes = smaller;
    }
    *labels = bytes;
    *count = dim[0];
    return INK_OK;
}

ink_status ink_idx_read_pair(ink_source *images, ink_source *labels, ink_images *out, ink_error *err) {
    uint32_t count = 0;
    ink_status status = ink_idx_read_images(images, out, err);
    if (status != INK_OK) return status;
    status = ink_idx_read_labels(labels, &out->labels, &count, err);
    if (status == INK_OK && count != out->count) {
        status = ink_fail(err, INK_E_DATA, "%s has %u labels, %s has %u images", ink_source_name(labels), count,
                          ink_source_name(images), out->count);
    }
    if (status != INK_OK) ink_images_free(out);
    return status;
}

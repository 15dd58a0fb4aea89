/* files/safetensors.c: tensors by name out of a safetensors file's bytes, and their numbers as floats.
 * It opens nothing (safetensors_open.c), writes nothing and unpacks nothing (files/tensors_write.h); the header's JSON
 * is safetensors_header.c's. */
#include "files/safetensors.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/half.h"
#include "core/mem.h"
#include "core/status.h"
#include "core/utf8.h"
#include "files/safetensors_header.h"

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {
    [INK_F32] = {"F32", 4}, [INK_F64] = {"F64", 8}, [INK_F16] = {"F16", 2}, [INK_BF16] = {"BF16", 2},
    [INK_I64] = {"I64", 8}, [INK_U8] = {"U8", 1},   [INK_I8] = {"I8", 1},
};

const char *ink_dtype_name(ink_dtype dtype) {
    return dtypes[dtype].name;
}

size_t ink_dtype_size(ink_dtype dtype) {
    return dtypes[dtype].size;
}

/* ---- reading ---- */

void ink_tensors_free(ink_tensors *tensors) {
    if (tensors == NULL) return;
    ink_arena_clear(&tensors->arena);
    ink_mem_free(tensors->memory);
    memset(tensors, 0, sizeof *tensors);
}

static int compare_places(const void *a, const void *b) {
    const ink_header_entry *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end) return x->end < y->end ? -1 : 1;
    return strcmp(x->tensor.name, y->tensor.name);
}

/* The tensors cover the bytes behind the header, one after another. */
static ink_status check_places(const ink_header_entry *entries, size_t n, uint64_t header_end, uint64_t data_bytes,
                               const char *name, ink_error *err) {
    uint64_t end = 0;
    for (size_t i = 0; i < n; i++) {
        const ink_header_entry *e = &entries[i];
        const char *what = e->begin > end        ? "a hole lies before a tensor"
                           : e->begin < end      ? "a tensor overlaps the one before it"
                           : e->end > data_bytes ? "a tensor lies outside the file"
                                                 : NULL;
        if (what != NULL) return ink_fail_byte(err, INK_E_DATA, name, 8 + e->at, e->tensor.name, NULL, what);
        end = e->end;
    }
    if (end == data_bytes) return INK_OK;
    return ink_fail_byte(err, INK_E_DATA, name, header_end + end, NULL, NULL, "bytes follow the last tensor");
}

/* Files that people mistake for this format. */
typedef struct other_format {
    const char *begin; /* its first bytes */
    const char *what, *hint;
} other_format;

static bool is_text(const uint8_t *bytes, size_t size) {
    size_t n = size < 64 ? size : 64;
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] < ' ' && bytes[i] != '\n' && bytes[i] != '\r' && bytes[i] != '\t') return false;
    }
    return n > 0 && ink_utf8_good((const char *)bytes, n) + 4 > n; /* the last character may be cut */
}

static const other_format *other_of(const uint8_t *bytes, size_t size) {
    static const other_format text = {"", "text", NULL},
                              others[] = {
                                  {"version https://git-lfs", "a Git LFS pointer", "run git lfs pull to get the model"},
                                  {"PK\3\4", "a zip, perhaps a PyTorch file", "inkling import reads PyTorch files"},
                                  {"\x1f\x8b", "gzip", "unpack it first"},
                                  {"\x80\2", "a pickle, perhaps an old PyTorch file",
                                   "inkling import reads PyTorch files"},
                                  {"\x89PNG", "a PNG picture", NULL},
                                  {"\xff\xd8\xff", "a JPEG picture", NULL},
                              };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        size_t length = strlen(others[i].begin);
        if (size >= length && memcmp(bytes, others[i].begin, length) == 0) return &others[i];
    }
    return is_text(bytes, size) ? &text : NULL;
}

static ink_status header_size(const uint8_t *bytes, size_t size, const char *name, uint64_t *header, ink_error *err) {
    char text[96];
    *header = 0;
    for (size_t i = 0; i < 8 && size >= 8; i++) *header |= (uint64_t)bytes[i] << (8 * i);
    if (*header > 0 && *header <= INK_TENSORS_HEADER_MAX && *header <= size - 8) return INK_OK;
    const other_format *other = other_of(bytes, size);
    if (other != NULL) {
        ink_fail(err, INK_E_DATA, "%s is %s, no safetensors file", name, other->what);
        if (other->hint != NULL) ink_hint(err, "%s", other->hint);
        return INK_E_DATA;
    }
    if (size < 8) return ink_fail(err, INK_E_DATA, "%s: %zu bytes are no safetensors file", name, size);
    snprintf(text, sizeof text, "no safetensors file: the header has %llu bytes", (unsigned long long)*header);
    return ink_fail_byte(err, INK_E_DATA, name, 0, NULL,
                         *header == 0                       ? "at least one"
                         : *header > INK_TENSORS_HEADER_MAX ? "at most 100000000"
                                                            : "no more than the file has",
                         text);
}

ink_status ink_tensors_read(const void *bytes, size_t size, const char *name, ink_tensors *out, ink_error *err) {
    const uint8_t *p = bytes;
    ink_header_entry *entries = NULL;
    uint64_t header;
    size_t n = 0;
    memset(out, 0, sizeof *out);
    ink_status status = header_size(p, size, name, &header, err);
    if (status == INK_OK) status = ink_header_parse(p + 8, (size_t)header, 8, name, out, &entries, &n, err);
    if (status != INK_OK) goto done;
    if (n > 1) qsort(entries, n, sizeof *entries, compare_places);
    out->items = ink_arena_new(&out->arena, n, sizeof *out->items);
    if (out->items == NULL) {
        status = ink_fail_memory(err, n * sizeof *out->items, name);
        goto done;
    }
    for (size_t i = 0; i < n; i++) {
        out->items[i] = entries[i].tensor;
        out->items[i].data = p + 8 + header + entries[i].begin;
    }
    out->n = n;
    const char *twice = NULL;
    status = ink_tensors_index(out, &twice, err);
    if (status == INK_OK && twice != NULL) {
        status = ink_fail_byte(err, INK_E_DATA, name, 8, twice, NULL, "a tensor is there twice");
    }
    if (status == INK_OK) status = check_places(entries, n, 8 + header, size - 8 - header, name, err);
done:
    ink_mem_free(entries);
    if (status != INK_OK) ink_tensors_free(out);
    return status;
}

/* ---- looking up ---- */

static int compare_names(const void *a, const void *b) {
    return strcmp((*(const ink_tensor *const *)a)->name, (*(const ink_tensor *const *)b)->name);
}

ink_status ink_tensors_index(ink_tensors *tensors, const char **twice, ink_error *err) {
    size_t n = tensors->n;
    *twice = NULL;
    const ink_tensor **sorted = ink_arena_new(&tensors->arena, n, sizeof *sorted);
    if (sorted == NULL) return ink_fail_memory(err, n * sizeof *sorted, "a list of tensors");
    for (size_t i = 0; i < n; i++) sorted[i] = &tensors->items[i];
    if (n > 1) qsort(sorted, n, sizeof *sorted, compare_names);
    for (size_t i = 1; i < n; i++) {
        if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0) *twice = sorted[i]->name;
    }
    tensors->by_name = sorted;
    return INK_OK;
}

const ink_tensor *ink_tensors_find(const ink_tensors *tensors, const char *name) {
    size_t low = 0, high = tensors->by_name != NULL ? tensors->n : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, tensors->by_name[middle]->name);
        if (order == 0) return tensors->by_name[middle];
        if (order < 0) high = middle;
        if (order > 0) low = middle + 1;
    }
    for (size_t i = 0; i < tensors->n && tensors->by_name == NULL; i++) {
        if (strcmp(tensors->items[i].name, name) == 0) return &tensors->items[i];
    }
    return NULL;
}

const char *ink_tensors_note(const ink_tensors *tensors, const char *key) {
    for (size_t i = 0; i < tensors->n_metadata; i++) {
        if (strcmp(tensors->metadata[i].key, key) == 0) return tensors->metadata[i].value;
    }
    return NULL;
}

/* ---- numbers ---- */

static uint64_t bits_at(const ink_tensor *tensor, uint64_t i) {
    size_t size = ink_dtype_size(tensor->dtype);
    const uint8_t *p = tensor->data + i * size;
    uint64_t bits = 0;
    for (size_t k = 0; k < size; k++) bits |= (uint64_t)p[k] << (8 * k);
    return bits;
}

static float float_of_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static float float_of_double(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    /* Out of float's range the language leaves the conversion open: half a step above the largest rounds up. */
    if (x >= 0x1.ffffffp127) return HUGE_VALF;
    if (x <= -0x1.ffffffp127) return -HUGE_VALF;
    if (x > (double)FLT_MAX) return FLT_MAX;
    if (x < -(double)FLT_MAX) return -FLT_MAX;
    return (float)x;
}

void ink_tensor_floats(const ink_tensor *tensor, float *to) {
    for (uint64_t i = 0; i < tensor->count; i++) {
        uint64_t bits = bits_at(tensor, i);
        switch (tensor->dtype) {
        case INK_F32: to[i] = float_of_bits((uint32_t)bits); break;
        case INK_F64: to[i] = float_of_double(bits); break;
        case INK_F16: to[i] = ink_half_widen((uint16_t)bits); break;
        case INK_BF16: to[i] = float_of_bits((uint32_t)bits << 16); break;
        case INK_I64: to[i] = (float)(int64_t)bits; break;
        case INK_U8: to[i] = (float)bits; break;
        case INK_I8: to[i] = (float)(int8_t)(uint8_t)bits; break;
        }
    }
}

bool ink_tensor_nonfinite(const ink_tensor *tensor, uint64_t *at) {
    static const uint64_t exponent[] = {
        [INK_F32] = 0x7f800000u, [INK_F64] = 0x7ff0000000000000u, [INK_F16] = 0x7c00u, [INK_BF16] = 0x7f80u};
    if (tensor->dtype == INK_I64 || tensor->dtype == INK_U8 || tensor->dtype == INK_I8) return false;
    for (uint64_t i = 0; i < tensor->count; i++) {
        if ((bits_at(tensor, i) & exponent[tensor->dtype]) == exponent[tensor->dtype]) {
            *at = i;
            return true;
        }
    }
    return false;
}

/* ---- matching a network ---- */

static void shape_text(char *text, size_t size, const uint64_t *dim, uint32_t rank) {
    size_t at = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < rank && at < size; i++) {
        int n = snprintf(text + at, size - at, i == 0 ? "%llu" : "x%llu", (unsigned long long)dim[i]);
        at += n > 0 ? (size_t)n : 0;
    }
    if (rank == 0) snprintf(text, size, "one number");
}

/* Adds to the list of differences; what does not fit is counted by the caller. */
static void add_difference(char *list, size_t size, const char *difference) {
    size_t length = strlen(list);
    if (length + strlen(difference) + 8 < size)
        snprintf(list + length, size - length, "; %s", difference);
    else if (length + 8 < size && strcmp(list + length - 3, "...") != 0)
        snprintf(list + length, size - length, "; ...");
}

static bool is_wanted(const ink_wanted *wanted, size_t n_wanted, const char *name) {
    for (size_t i = 0; i < n_wanted; i++) {
        if (strcmp(wanted[i].name, name) == 0) return true;
    }
    return false;
}

ink_status ink_tensors_match(const ink_tensors *tensors, const ink_wanted *wanted, size_t n_wanted, bool extra_fine,
                             const char *file, ink_error *err) {
    char list[512] = "", one[384], is[96], should[96];
    unsigned differences = 0;
    for (size_t i = 0; i < n_wanted; i++) {
        const ink_wanted *w = &wanted[i];
        const ink_tensor *t = ink_tensors_find(tensors, w->name);
        if (t == NULL) {
            snprintf(one, sizeof one, "%s is missing", w->name);
        } else if (t->rank != w->rank || memcmp(t->dim, w->dim, w->rank * sizeof *w->dim) != 0) {
            shape_text(is, sizeof is, t->dim, t->rank);
            shape_text(should, sizeof should, w->dim, w->rank);
            snprintf(one, sizeof one, "%.160s is %s, not %s", w->name, is, should);
        } else {
            continue;
        }
        differences++;
        add_difference(list, sizeof list, one);
    }
    for (size_t i = 0; i < tensors->n && !extra_fine; i++) {
        if (is_wanted(wanted, n_wanted, tensors->items[i].name)) continue;
        differences++;
        snprintf(one, sizeof one, "%s is not known", tensors->items[i].name);
        add_difference(list, sizeof list, one);
    }
    if (differences == 0) return INK_OK;
    return ink_fail(err, INK_E_DATA, "%s: %u tensor%s not fit the network: %s", file, differences,
                    differences == 1 ? " does" : "s do", list + 2);
}

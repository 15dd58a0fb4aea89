/* files/tensors_write.c: safetensors from tensors in memory, the same bytes for the same content.
 * It reads no header: a packed file is unpacked here and read by safetensors.c. */
#include "files/tensors_write.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "core/utf8.h"
#include "files/safetensors_header.h"

/* Text that grows; failed once memory was out. */
typedef struct text {
    char *bytes;
    size_t size, room;
    bool failed;
} text;

static void add(text *t, const char *bytes, size_t size) {
    size_t wanted;
    if (size == 0) return;
    if (t->failed || !ink_size_add(t->size, size, &wanted)) {
        t->failed = true;
        return;
    }
    if (wanted > t->room) {
        size_t room = wanted < 4096 ? 4096 : wanted * 2;
        char *larger = ink_mem_resize(t->bytes, room, 1);
        if (larger == NULL) {
            t->failed = true;
            return;
        }
        t->bytes = larger;
        t->room = room;
    }
    assert(t->bytes != NULL); /* wanted is more than no room */
    memcpy(t->bytes + t->size, bytes, size);
    t->size = wanted;
}

static void add_text(text *t, const char *bytes) {
    add(t, bytes, strlen(bytes));
}

static void add_number(text *t, uint64_t number) {
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    add(t, digits, (size_t)n);
}

static void add_json_string(text *t, const char *string) {
    add_text(t, "\"");
    for (const char *p = string; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        const char *simple = c == '"'    ? "\\\""
                             : c == '\\' ? "\\\\"
                             : c == '\n' ? "\\n"
                             : c == '\r' ? "\\r"
                             : c == '\t' ? "\\t"
                             : c == '\b' ? "\\b"
                             : c == '\f' ? "\\f"
                                         : NULL;
        if (simple != NULL) {
            add_text(t, simple);
        } else if (c < 0x20) {
            char escaped[8];
            snprintf(escaped, sizeof escaped, "\\u%04x", c);
            add_text(t, escaped);
        } else {
            add(t, p, 1);
        }
    }
    add_text(t, "\"");
}

static bool is_utf8(const char *string) {
    return ink_utf8_good(string, strlen(string)) == strlen(string);
}

/* ---- notes ---- */

/* from with its escapes to `to`, which has room for four bytes each; gives the end of what was written. */
static char *escape(char *to, const char *from) {
    static const char hex[] = "0123456789abcdef";
    size_t left = strlen(from);
    while (left > 0) {
        size_t good = ink_utf8_good(from, left);
        for (size_t i = 0; i < good; i++) {
            if (from[i] == '\\') *to++ = '\\';
            *to++ = from[i];
        }
        if (good < left) {
            unsigned char c = (unsigned char)from[good++];
            *to++ = '\\';
            *to++ = 'x';
            *to++ = hex[c >> 4];
            *to++ = hex[c & 15];
        }
        from += good;
        left -= good;
    }
    *to = '\0';
    return to;
}

ink_status ink_notes_escape(const ink_pair *notes, size_t n, ink_pair **out, ink_error *err) {
    size_t size = n * sizeof *notes + 1;
    for (size_t i = 0; i < n; i++) size += 4 * strlen(notes[i].value) + 1;
    *out = ink_mem_new(size, 1);
    if (*out == NULL) return ink_fail_memory(err, size, "notes");
    char *to = (char *)(*out + n);
    for (size_t i = 0; i < n; i++) {
        (*out)[i] = (ink_pair){notes[i].key, to};
        to = escape(to, notes[i].value) + 1;
    }
    return INK_OK;
}

static int hex_digit(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void restore(char *string) {
    char *to = string;
    for (const char *from = string; *from != '\0';) {
        bool escaped = from[0] == '\\' && from[1] == 'x' && hex_digit(from[2]) >= 8 && hex_digit(from[3]) >= 0;
        if (escaped) {
            *to++ = (char)(hex_digit(from[2]) << 4 | hex_digit(from[3]));
            from += 4;
        } else {
            from += from[0] == '\\' && from[1] == '\\';
            *to++ = *from++;
        }
    }
    *to = '\0';
}

void ink_notes_restore(ink_tensors *tensors) {
    for (size_t i = 0; i < tensors->n_metadata; i++) restore((char *)(uintptr_t)tensors->metadata[i].value);
}

/* ---- checks ---- */

static ink_status check_tensor(const ink_tensor *t, ink_error *err) {
    uint64_t count = 1, bytes;
    size_t length = strlen(t->name);
    if (length == 0 || length > INK_TENSORS_NAME_MAX || !is_utf8(t->name) || strcmp(t->name, "__metadata__") == 0) {
        return ink_fail(err, INK_E_USAGE, "\"%s\" cannot be the name of a tensor", t->name);
    }
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)t->name[i] < 0x20 || t->name[i] == 0x7f) {
            return ink_fail(err, INK_E_USAGE, "the tensor's name \"%s\" holds a control character", t->name);
        }
    }
    bool fits = t->rank <= INK_TENSORS_RANK_MAX;
    for (uint32_t i = 0; fits && i < t->rank; i++) fits = !__builtin_mul_overflow(count, t->dim[i], &count);
    fits = fits && !__builtin_mul_overflow(count, (uint64_t)ink_dtype_size(t->dtype), &bytes) && bytes == t->bytes;
    if (!fits) return ink_fail(err, INK_E_USAGE, "the bytes of tensor %s do not fit its shape", t->name);
    return INK_OK;
}

static int compare_strings(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* No name twice among n. */
static ink_status check_twice(const char **names, size_t n, ink_error *err) {
    qsort(names, n, sizeof *names, compare_strings);
    for (size_t i = 1; i < n; i++) {
        if (strcmp(names[i - 1], names[i]) == 0) return ink_fail(err, INK_E_USAGE, "\"%s\" is there twice", names[i]);
    }
    return INK_OK;
}

static ink_status check(const ink_tensors *tensors, ink_error *err) {
    size_t most = tensors->n > tensors->n_metadata ? tensors->n : tensors->n_metadata;
    ink_status status = INK_OK;
    if (tensors->n > INK_TENSORS_MAX) return ink_fail(err, INK_E_USAGE, "%zu tensors are too many", tensors->n);
    const char **names = ink_mem_new(most, sizeof *names);
    if (names == NULL) return ink_fail_memory(err, most * sizeof *names, "writing tensors");
    for (size_t i = 0; i < tensors->n && status == INK_OK; i++) {
        status = check_tensor(&tensors->items[i], err);
        names[i] = tensors->items[i].name;
    }
    if (status == INK_OK) status = check_twice(names, tensors->n, err);
    for (size_t i = 0; i < tensors->n_metadata && status == INK_OK; i++) {
        const ink_pair *pair = &tensors->metadata[i];
        if (!is_utf8(pair->key) || !is_utf8(pair->value)) {
            status = ink_fail(err, INK_E_USAGE, "the metadata \"%s\" is not UTF-8", pair->key);
        }
        names[i] = pair->key;
    }
    if (status == INK_OK) status = check_twice(names, tensors->n_metadata, err);
    ink_mem_free(names);
    return status;
}

/* ---- writing ---- */

/* The order of the format's own writer: by dtype, from the last of its list to the first, then by name. */
static int compare_tensors(const void *a, const void *b) {
    static const int rank[] = {
        [INK_U8] = 0, [INK_I8] = 1, [INK_F16] = 2, [INK_BF16] = 3, [INK_F32] = 4, [INK_F64] = 5, [INK_I64] = 6};
    const ink_tensor *x = *(const ink_tensor *const *)a, *y = *(const ink_tensor *const *)b;
    if (x->dtype != y->dtype) return rank[y->dtype] - rank[x->dtype];
    return strcmp(x->name, y->name);
}

static void add_entry(text *t, const ink_tensor *tensor, uint64_t begin) {
    add_json_string(t, tensor->name);
    add_text(t, ":{\"dtype\":\"");
    add_text(t, ink_dtype_name(tensor->dtype));
    add_text(t, "\",\"shape\":[");
    for (uint32_t i = 0; i < tensor->rank; i++) {
        if (i > 0) add_text(t, ",");
        add_number(t, tensor->dim[i]);
    }
    add_text(t, "],\"data_offsets\":[");
    add_number(t, begin);
    add_text(t, ",");
    add_number(t, begin + tensor->bytes);
    add_text(t, "]}");
}

static void add_header(text *t, const ink_tensors *tensors, const ink_tensor *const *order) {
    uint64_t begin = 0;
    const char *comma = "";
    add_text(t, "{");
    if (tensors->n_metadata > 0) {
        add_text(t, "\"__metadata__\":{");
        for (size_t i = 0; i < tensors->n_metadata; i++) {
            add_text(t, comma);
            add_json_string(t, tensors->metadata[i].key);
            add_text(t, ":");
            add_json_string(t, tensors->metadata[i].value);
            comma = ",";
        }
        add_text(t, "}");
    }
    for (size_t i = 0; i < tensors->n; i++) {
        add_text(t, comma);
        add_entry(t, order[i], begin);
        begin += order[i]->bytes;
        comma = ",";
    }
    add_text(t, "}");
    while (t->size % 8 != 0 && !t->failed) add_text(t, " ");
}

ink_status ink_tensors_bytes(const ink_tensors *tensors, uint8_t **bytes, size_t *size, ink_error *err) {
    text t = {0};
    *bytes = NULL;
    *size = 0;
    ink_status status = check(tensors, err);
    if (status != INK_OK) return status;
    const ink_tensor **order = ink_mem_new(tensors->n, sizeof *order);
    if (order == NULL) return ink_fail_memory(err, tensors->n * sizeof *order, "writing tensors");
    for (size_t i = 0; i < tensors->n; i++) order[i] = &tensors->items[i];
    qsort(order, tensors->n, sizeof *order, compare_tensors);
    add(&t, "\0\0\0\0\0\0\0", 8);
    add_header(&t, tensors, order);
    uint64_t header = t.size - 8;
    for (size_t i = 0; i < tensors->n; i++) {
        if (order[i]->bytes > 0) add(&t, (const char *)order[i]->data, order[i]->bytes);
    }
    ink_mem_free(order);
    if (t.failed) {
        ink_mem_free(t.bytes);
        return ink_fail_memory(err, t.size, "writing tensors");
    }
    if (header > INK_TENSORS_HEADER_MAX) {
        ink_mem_free(t.bytes);
        return ink_fail(err, INK_E_USAGE, "names and metadata of %llu bytes are too long", (unsigned long long)header);
    }
    for (int i = 0; i < 8; i++) t.bytes[i] = (char)(unsigned char)(header >> (8 * i));
    *bytes = (uint8_t *)t.bytes;
    *size = t.size;
    return INK_OK;
}

ink_status ink_tensors_write(const char *path, const ink_tensors *tensors, ink_error *err) {
    uint8_t *bytes = NULL;
    size_t size = 0;
    ink_status status = ink_tensors_bytes(tensors, &bytes, &size, err);
    if (status == INK_OK) status = ink_file_write_all(path, bytes, size, err);
    ink_mem_free(bytes);
    return status;
}

ink_status ink_tensors_load(ink_source *source, ink_tensors *out, ink_error *err) {
    uint8_t *bytes = NULL;
    size_t size = 0;
    memset(out, 0, sizeof *out);
    ink_status status = ink_source_read_all(source, INK_TENSORS_FILE_MAX, &bytes, &size, err);
    if (status != INK_OK) return status;
    status = ink_tensors_read(bytes, size, ink_source_name(source), out, err);
    if (status == INK_OK) {
        out->memory = bytes;
    } else {
        ink_mem_free(bytes);
    }
    return status;
}

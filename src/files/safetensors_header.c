/* files/safetensors_header.c: a JSON parser for the one shape of object that a safetensors header has.
 * It is no general JSON parser: anything else that JSON allows is refused where it stands.
 *
 * Source   RFC 8259 */
#include "files/safetensors_header.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "core/utf8.h"

#define NUMBER_MAX (((uint64_t)1 << 53) - 1)

typedef struct reader {
    const uint8_t *json;
    size_t size, at;
    uint64_t offset;
    const char *file;
    ink_tensors *out;
    ink_header_entry *entries;
    size_t n, room;
    ink_pair *pairs;
    size_t n_pairs, pairs_room;
    char *text; /* scratch for a string while it is decoded */
    ink_error *err;
} reader;

/* ---- faults ---- */

static ink_status fail_at(reader *r, size_t at, const char *seen, const char *wanted, const char *what) {
    return ink_fail_byte(r->err, INK_E_DATA, r->file, r->offset + at, seen, wanted, what);
}

/* What stands at the reader's place is not what should. */
static ink_status fail_here(reader *r, const char *wanted) {
    char seen[48];
    size_t left = r->size - r->at;
    if (left == 0) return fail_at(r, r->at, NULL, wanted, "the header ends early");
    ink_escape(seen, sizeof seen, (const char *)r->json + r->at, left < 16 ? left : 16, 16);
    return fail_at(r, r->at, seen, wanted, "the header");
}

/* ---- pieces of JSON ---- */

static void skip_blanks(reader *r) {
    while (r->at < r->size) {
        uint8_t c = r->json[r->at];
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r') return;
        r->at++;
    }
}

static bool take(reader *r, uint8_t c) {
    skip_blanks(r);
    if (r->at >= r->size || r->json[r->at] != c) return false;
    r->at++;
    return true;
}

static bool hex4(const reader *r, size_t at, uint32_t *value) {
    uint32_t v = 0;
    if (r->size - at < 4) return false;
    for (size_t i = 0; i < 4; i++) {
        uint8_t c = r->json[at + i];
        uint32_t digit = c >= '0' && c <= '9'   ? c - (uint32_t)'0'
                         : c >= 'a' && c <= 'f' ? c - (uint32_t)'a' + 10
                         : c >= 'A' && c <= 'F' ? c - (uint32_t)'A' + 10
                                                : 16;
        if (digit > 15) return false;
        v = v * 16 + digit;
    }
    *value = v;
    return true;
}

static size_t put_utf8(char *to, uint32_t c) {
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (char)(0xc0 | c >> 6);
        to[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (char)(0xe0 | c >> 12);
        to[1] = (char)(0x80 | (c >> 6 & 63));
        to[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    to[0] = (char)(0xf0 | c >> 18);
    to[1] = (char)(0x80 | (c >> 12 & 63));
    to[2] = (char)(0x80 | (c >> 6 & 63));
    to[3] = (char)(0x80 | (c & 63));
    return 4;
}

/* Behind a backslash at r->at - 1: decodes the escape into to; 0 when it is none. */
static size_t escape(reader *r, char *to) {
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    uint32_t high, low;
    if (r->at >= r->size) return 0;
    uint8_t c = r->json[r->at++];
    const char *simple = c != 0 ? strchr(from, c) : NULL;
    if (simple != NULL) {
        to[0] = into[simple - from];
        return 1;
    }
    if (c != 'u' || !hex4(r, r->at, &high)) return 0;
    r->at += 4;
    if (high < 0xd800 || high > 0xdfff) return put_utf8(to, high);
    if (high > 0xdbff || r->size - r->at < 6 || r->json[r->at] != '\\' || r->json[r->at + 1] != 'u') return 0;
    if (!hex4(r, r->at + 2, &low) || low < 0xdc00 || low > 0xdfff) return 0;
    r->at += 6;
    return put_utf8(to, 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
}

/* A string, decoded into the arena. A NUL within it would end a C string early, so it is refused. */
static ink_status take_string(reader *r, const char **text, size_t *length) {
    if (!take(r, '"')) return fail_here(r, "a string");
    size_t begin = r->at, n = 0;
    while (r->at < r->size && r->json[r->at] != '"') {
        uint8_t c = r->json[r->at++];
        if (c < 0x20) return fail_at(r, r->at - 1, NULL, NULL, "a control character stands in a string");
        if (c != '\\') {
            r->text[n++] = (char)c;
            continue;
        }
        size_t at = r->at - 1, more = escape(r, r->text + n);
        if (more == 0) return fail_at(r, at, NULL, NULL, "a string holds an escape that JSON does not know");
        if (r->text[n] == '\0') return fail_at(r, at, NULL, NULL, "a string holds a NUL");
        n += more;
    }
    if (r->at >= r->size) return fail_at(r, begin - 1, NULL, NULL, "a string never ends");
    r->at++;
    *text = ink_arena_string(&r->out->arena, r->text, n);
    *length = n;
    return *text != NULL ? INK_OK : ink_fail_memory(r->err, n + 1, "the header");
}

/* A plain integer 0 .. 2^53-1: no sign, point, exponent or leading zero. */
static ink_status take_number(reader *r, uint64_t *value) {
    static const char wanted[] = "an integer 0..9007199254740991";
    uint64_t v = 0;
    skip_blanks(r);
    size_t begin = r->at, at = begin;
    while (at < r->size && r->json[at] >= '0' && r->json[at] <= '9') {
        v = v * 10 + (uint64_t)(r->json[at] - '0');
        if (v > NUMBER_MAX) return fail_here(r, wanted);
        at++;
    }
    bool zeros = at - begin > 1 && r->json[begin] == '0';
    bool more = at < r->size && (r->json[at] == '.' || r->json[at] == 'e' || r->json[at] == 'E');
    if (at == begin || zeros || more) return fail_here(r, wanted);
    r->at = at;
    *value = v;
    return INK_OK;
}

/* "[1,2,3]", at most `room` numbers. */
static ink_status take_numbers(reader *r, uint64_t *numbers, uint32_t room, uint32_t *n, const char *what) {
    *n = 0;
    if (!take(r, '[')) return fail_here(r, what);
    if (take(r, ']')) return INK_OK;
    do {
        if (*n == room) return fail_here(r, what);
        ink_status status = take_number(r, &numbers[*n]);
        if (status != INK_OK) return status;
        *n += 1;
    } while (take(r, ','));
    return take(r, ']') ? INK_OK : fail_here(r, "',' or ']'");
}

/* ---- the header's objects ---- */

static ink_status take_dtype(reader *r, ink_dtype *dtype) {
    const char *text;
    size_t length;
    skip_blanks(r);
    size_t at = r->at;
    ink_status status = take_string(r, &text, &length);
    if (status != INK_OK) return status;
    for (int i = INK_F32; i <= INK_I8; i++) {
        if (strcmp(text, ink_dtype_name((ink_dtype)i)) == 0) {
            *dtype = (ink_dtype)i;
            return INK_OK;
        }
    }
    return fail_at(r, at, text, "one of F32 F64 F16 BF16 I64 U8 I8", "dtype");
}

/* The shape's product, and that it fits the bytes. */
static ink_status check_shape(reader *r, ink_header_entry *e) {
    char text[160];
    uint64_t count = 1, bytes;
    for (uint32_t i = 0; i < e->tensor.rank; i++) {
        if (__builtin_mul_overflow(count, e->tensor.dim[i], &count)) {
            return fail_at(r, e->at, e->tensor.name, NULL, "a shape's product overflows");
        }
    }
    if (__builtin_mul_overflow(count, (uint64_t)ink_dtype_size(e->tensor.dtype), &bytes) || bytes > SIZE_MAX) {
        return fail_at(r, e->at, e->tensor.name, NULL, "a tensor's size overflows");
    }
    if (e->end < e->begin) return fail_at(r, e->at, e->tensor.name, NULL, "a tensor ends before it begins");
    if (e->end - e->begin != bytes) {
        snprintf(text, sizeof text, "a tensor has %llu bytes, its shape and dtype need %llu",
                 (unsigned long long)(e->end - e->begin), (unsigned long long)bytes);
        return fail_at(r, e->at, e->tensor.name, NULL, text);
    }
    e->tensor.count = count;
    e->tensor.bytes = (size_t)bytes;
    return INK_OK;
}

static ink_status take_entry(reader *r, ink_header_entry *e) {
    enum { DTYPE = 1, SHAPE = 2, OFFSETS = 4 };
    unsigned have = 0, key;
    if (!take(r, '{')) return fail_here(r, "an object with dtype, shape and data_offsets");
    do {
        const char *text;
        size_t length;
        uint32_t n = 0;
        skip_blanks(r);
        size_t at = r->at;
        ink_status status = take_string(r, &text, &length);
        if (status != INK_OK) return status;
        key = strcmp(text, "dtype") == 0          ? DTYPE
              : strcmp(text, "shape") == 0        ? SHAPE
              : strcmp(text, "data_offsets") == 0 ? OFFSETS
                                                  : 0;
        if (key == 0) return fail_at(r, at, text, "dtype, shape or data_offsets", "a tensor's key");
        if ((have & key) != 0) return fail_at(r, at, text, NULL, "a key is there twice");
        have |= key;
        if (!take(r, ':')) return fail_here(r, "':'");
        if (key == DTYPE) {
            status = take_dtype(r, &e->tensor.dtype);
        } else if (key == SHAPE) {
            status =
                take_numbers(r, e->tensor.dim, INK_TENSORS_RANK_MAX, &e->tensor.rank, "a shape of at most 8 sizes");
        } else {
            uint64_t offsets[2] = {0};
            status = take_numbers(r, offsets, 2, &n, "[begin,end]");
            if (status == INK_OK && n != 2) status = fail_at(r, at, NULL, "[begin,end]", "data_offsets");
            e->begin = offsets[0];
            e->end = offsets[1];
        }
        if (status != INK_OK) return status;
    } while (take(r, ','));
    if (!take(r, '}')) return fail_here(r, "',' or '}'");
    if (have != (DTYPE | SHAPE | OFFSETS)) {
        return fail_at(r, e->at, e->tensor.name, NULL, "a tensor lacks dtype, shape or data_offsets");
    }
    return check_shape(r, e);
}

/* Room for one more element of an array. */
static bool grow(void **array, size_t n, size_t *room, size_t size) {
    if (n < *room) return true;
    size_t wanted = *room == 0 ? 64 : *room * 2;
    void *larger = ink_mem_resize(*array, wanted, size);
    if (larger == NULL) return false;
    *array = larger;
    *room = wanted;
    return true;
}

static ink_status take_metadata(reader *r) {
    if (!take(r, '{')) return fail_here(r, "an object of texts");
    if (take(r, '}')) return INK_OK;
    do {
        ink_pair pair;
        size_t length;
        ink_status status = take_string(r, &pair.key, &length);
        if (status == INK_OK && !take(r, ':')) status = fail_here(r, "':'");
        if (status == INK_OK) status = take_string(r, &pair.value, &length);
        if (status != INK_OK) return status;
        void *pairs = r->pairs;
        bool grown = grow(&pairs, r->n_pairs, &r->pairs_room, sizeof *r->pairs);
        r->pairs = pairs;
        if (!grown) return ink_fail_memory(r->err, r->pairs_room * 2, "the header");
        r->pairs[r->n_pairs++] = pair;
    } while (take(r, ','));
    return take(r, '}') ? INK_OK : fail_here(r, "',' or '}'");
}

static ink_status take_tensor(reader *r, const char *name, size_t length, size_t at) {
    if (length == 0) return fail_at(r, at, NULL, NULL, "a tensor has no name");
    if (length > INK_TENSORS_NAME_MAX) return fail_at(r, at, name, "at most 256 bytes", "a tensor's name");
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f) {
            return fail_at(r, at, name, "no control characters", "a tensor's name");
        }
    }
    if (r->n == INK_TENSORS_MAX) return fail_at(r, at, NULL, "at most 65536", "there are more tensors than that");
    void *entries = r->entries;
    bool grown = grow(&entries, r->n, &r->room, sizeof *r->entries);
    r->entries = entries;
    if (!grown) return ink_fail_memory(r->err, r->room * 2 * sizeof *r->entries, "the header");
    ink_header_entry *e = &r->entries[r->n];
    *e = (ink_header_entry){.tensor.name = name, .at = at};
    ink_status status = take_entry(r, e);
    if (status == INK_OK) r->n++;
    return status;
}

static ink_status take_header(reader *r) {
    bool metadata = false;
    if (r->size == 0 || r->json[0] != '{') return fail_here(r, "'{'");
    r->at = 1;
    if (!take(r, '}')) {
        do {
            const char *name;
            size_t length;
            skip_blanks(r);
            size_t at = r->at;
            ink_status status = take_string(r, &name, &length);
            if (status == INK_OK && !take(r, ':')) status = fail_here(r, "':'");
            if (status != INK_OK) return status;
            if (strcmp(name, "__metadata__") == 0) {
                if (metadata) return fail_at(r, at, name, NULL, "a key is there twice");
                metadata = true;
                status = take_metadata(r);
            } else {
                status = take_tensor(r, name, length, at);
            }
            if (status != INK_OK) return status;
        } while (take(r, ','));
        if (!take(r, '}')) return fail_here(r, "',' or '}'");
    }
    skip_blanks(r);
    return r->at == r->size ? INK_OK : fail_here(r, "the end of the header");
}

/* ---- keys that come twice ---- */

static int compare_names(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Of the metadata; those of tensors are found when these are sorted for ink_tensors_find. */
static ink_status check_keys(reader *r) {
    size_t n = r->n_pairs;
    const char **keys = ink_mem_new(n, sizeof *keys);
    ink_status status = INK_OK;
    if (keys == NULL) return ink_fail_memory(r->err, n * sizeof *keys, "the header");
    for (size_t i = 0; i < n; i++) keys[i] = r->pairs[i].key;
    if (n > 1) qsort(keys, n, sizeof *keys, compare_names);
    for (size_t i = 1; i < n && status == INK_OK; i++) {
        if (strcmp(keys[i - 1], keys[i]) == 0) {
            status = fail_at(r, 0, keys[i], NULL, "a key of the metadata is there twice");
        }
    }
    ink_mem_free(keys);
    return status;
}

ink_status ink_header_parse(const uint8_t *json, size_t size, uint64_t offset, const char *file, ink_tensors *out,
                            ink_header_entry **entries, size_t *n, ink_error *err) {
    reader r = {.json = json, .size = size, .offset = offset, .file = file, .out = out, .err = err};
    ink_status status = INK_OK;
    *entries = NULL;
    *n = 0;
    size_t good = ink_utf8_good((const char *)json, size);
    if (good < size) return fail_at(&r, good, NULL, NULL, "the header is not UTF-8");
    r.text = ink_mem_new(size + 4, 1);
    if (r.text == NULL) return ink_fail_memory(err, size, "the header");
    status = take_header(&r);
    if (status == INK_OK) status = check_keys(&r);
    if (status == INK_OK) {
        out->metadata = ink_arena_new(&out->arena, r.n_pairs, sizeof *r.pairs);
        if (out->metadata == NULL) status = ink_fail_memory(err, r.n_pairs * sizeof *r.pairs, "the header");
    }
    if (status == INK_OK) {
        if (r.n_pairs > 0) memcpy(out->metadata, r.pairs, r.n_pairs * sizeof *r.pairs);
        out->n_metadata = r.n_pairs;
        *entries = r.entries;
        *n = r.n;
    } else {
        ink_mem_free(r.entries);
    }
    ink_mem_free(r.pairs);
    ink_mem_free(r.text);
    return status;
}

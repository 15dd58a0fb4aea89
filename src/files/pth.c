/* files/pth.c: the two containers of PyTorch's files, and tensors out of their storages.
 * What a pickle may say is pickle.c's business; which network the tensors fit is nn's. */
#include "files/pth.h"

#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "files/archive.h"
#include "files/pickle.h"
#include "files/source.h"

#define PICKLE_BYTES_MAX ((size_t)32 << 20)
#define TAR_MAGIC_AT     257
#define SHARED_BYTES     ((uint64_t)1 << 20) /* views may repeat this much beyond the file's size */

static const char lfs[] = "version https://git-lfs";
/* The first of the five pickles: LONG1 0x1950a86a20f9469cfc6c. */
static const uint8_t legacy[] = {0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.'};

/* One file while it is read. */
typedef struct pth {
    const char *name;
    ink_tensors *out;
    ink_arena scratch; /* the pickle's values and the storages, until the tensors are taken */
    ink_pickle_storages storages;
    ink_pickle_value *top;
    uint64_t file_bytes;
    size_t unpacked; /* bytes of the storages so far */
    ink_error *err;
} pth;

bool ink_pth_is(const void *bytes, size_t size) {
    const uint8_t *p = bytes;
    return ink_archive_is(bytes, size) || (size >= 2 && p[0] == 0x80 && p[1] >= 2 && p[1] <= 5);
}

static ink_status out_of_memory(const pth *f, uint64_t bytes) {
    return ink_fail_memory(f->err, bytes, f->name);
}

/* Bytes that a storage should have; false: they overflow. */
static bool storage_bytes(const ink_pickle_storage *s, size_t *bytes) {
    return s->count <= SIZE_MAX && ink_size_mul((size_t)s->count, ink_dtype_size(s->dtype), bytes);
}

/* ---- the zip form ---- */

/* Entry "<root><rest>", or its count when it is not there. */
static size_t find_entry(const ink_archive *zip, const char *root, size_t root_size, const char *rest) {
    size_t n = ink_archive_count(zip), i = 0;
    while (i < n) {
        const char *path = ink_archive_entry(zip, i)->path;
        if (strncmp(path, root, root_size) == 0 && strcmp(path + root_size, rest) == 0) break;
        i++;
    }
    return i;
}

/* An entry's bytes into the arena; more than `most` are refused. */
static ink_status read_entry(pth *f, ink_archive *zip, size_t i, size_t most, uint8_t **bytes, size_t *size) {
    ink_source *source = NULL;
    uint8_t *all = NULL;
    ink_status status = ink_archive_source(zip, i, &source, f->err);
    if (status == INK_OK) status = ink_source_read_all(source, most, &all, size, f->err);
    ink_source_close(source);
    if (status != INK_OK) return status;
    *bytes = ink_arena_new(&f->scratch, *size, 1);
    if (*bytes != NULL && *size > 0) memcpy(*bytes, all, *size);
    ink_mem_free(all);
    return *bytes != NULL ? INK_OK : out_of_memory(f, *size);
}

static ink_status read_zip_storage(pth *f, ink_archive *zip, const char *root, size_t root_size,
                                   ink_pickle_storage *s) {
    char rest[INK_PICKLE_KEY_MAX + 8];
    size_t wanted, size = 0;
    uint8_t *bytes = NULL;
    snprintf(rest, sizeof rest, "data/%s", s->key);
    size_t i = find_entry(zip, root, root_size, rest);
    if (i == ink_archive_count(zip)) {
        return ink_fail(f->err, INK_E_DATA, "%s: the storage \"%s\" is missing", f->name, s->key);
    }
    if (!storage_bytes(s, &wanted) || wanted > INK_TENSORS_FILE_MAX || ink_archive_entry(zip, i)->size != wanted) {
        return ink_fail(f->err, INK_E_DATA, "%s: the storage \"%s\" has %llu bytes, %llu numbers of %s expected",
                        f->name, s->key, (unsigned long long)ink_archive_entry(zip, i)->size,
                        (unsigned long long)s->count, ink_dtype_name(s->dtype));
    }
    /* Each entry alone may be packed that well; together they may not be either. */
    if (wanted > INK_TENSORS_FILE_MAX - f->unpacked ||
        f->unpacked + wanted > INK_SOURCE_RATIO_FREE + INK_SOURCE_RATIO_MAX * f->file_bytes) {
        return ink_fail(f->err, INK_E_DATA,
                        "%s: the storages unpack to more than 4 GB, or %u times the file's size: refused as a bomb",
                        f->name, INK_SOURCE_RATIO_MAX);
    }
    f->unpacked += wanted;
    ink_status status = read_entry(f, zip, i, wanted, &bytes, &size);
    if (status == INK_OK && size != wanted) {
        status = ink_fail(f->err, INK_E_DATA, "%s: the storage \"%s\" ends early", f->name, s->key);
    }
    s->bytes = bytes;
    return status;
}

/* What the folder of the archive says: "little", no TorchScript. */
static ink_status check_zip(pth *f, ink_archive *zip, const char *root, size_t root_size) {
    size_t n = ink_archive_count(zip), size = 0;
    uint8_t *order = NULL;
    for (size_t i = 0; i < n; i++) {
        const char *path = ink_archive_entry(zip, i)->path;
        const char *rest = strncmp(path, root, root_size) == 0 ? path + root_size : "";
        if (strncmp(rest, "code/", 5) == 0 || strcmp(rest, "constants.pkl") == 0) {
            ink_fail(f->err, INK_E_DATA, "%s: this is a TorchScript program, not a file of weights", f->name);
            ink_hint(f->err, "save the weights alone: torch.save(model.state_dict(), FILE)");
            return INK_E_DATA;
        }
    }
    size_t i = find_entry(zip, root, root_size, "byteorder");
    if (i == n) return INK_OK;
    ink_status status = read_entry(f, zip, i, 16, &order, &size);
    if (status == INK_OK && (size != 6 || memcmp(order, "little", 6) != 0)) {
        status = ink_fail(f->err, INK_E_DATA, "%s: the numbers are not little-endian", f->name);
    }
    return status;
}

static ink_status read_zip(pth *f, ink_archive *zip) {
    static const char pickle[] = "data.pkl";
    size_t n = ink_archive_count(zip), found = n, size = 0, at = 0;
    uint8_t *bytes = NULL;
    char name[300];
    for (size_t i = 0; i < n; i++) {
        if (strcmp(ink_archive_entry(zip, i)->name, pickle) != 0) continue;
        if (found < n) return ink_fail(f->err, INK_E_DATA, "%s: there are two files called data.pkl", f->name);
        found = i;
    }
    if (found == n) {
        ink_fail(f->err, INK_E_DATA, "%s: a zip without data.pkl is no PyTorch file", f->name);
        return INK_E_DATA;
    }
    const ink_entry *entry = ink_archive_entry(zip, found);
    size_t root_size = (size_t)(entry->name - entry->path);
    ink_status status = check_zip(f, zip, entry->path, root_size);
    if (status == INK_OK) status = read_entry(f, zip, found, PICKLE_BYTES_MAX, &bytes, &size);
    snprintf(name, sizeof name, "%s/%s", f->name, entry->path);
    if (status == INK_OK) {
        status = ink_pickle_read(bytes, size, &at, name, &f->scratch, &f->storages, &f->top, f->err);
    }
    if (status == INK_OK && at != size) {
        status = ink_fail_byte(f->err, INK_E_DATA, name, at, NULL, NULL, "bytes follow the end of the pickle");
    }
    for (size_t i = 0; i < f->storages.n && status == INK_OK; i++) {
        status = read_zip_storage(f, zip, entry->path, root_size, f->storages.items[i]);
    }
    return status;
}

/* ---- the form before 1.6 ---- */

static ink_status fail_legacy(pth *f, size_t at, const char *what) {
    return ink_fail_byte(f->err, INK_E_DATA, f->name, at, NULL, NULL, what);
}

/* Protocol 1001 and what the writing machine was like. */
static ink_status check_system(pth *f, const uint8_t *bytes, size_t size, size_t *at) {
    ink_pickle_value *version = NULL, *system = NULL;
    ink_arena *arena = &f->scratch;
    size_t began = *at;
    ink_status status = ink_pickle_read(bytes, size, at, f->name, arena, &f->storages, &version, f->err);
    if (status == INK_OK && (version->kind != INK_PICKLE_INT || version->number != 1001)) {
        status = fail_legacy(f, began, "the protocol is not 1001");
    }
    if (status == INK_OK) status = ink_pickle_read(bytes, size, at, f->name, arena, &f->storages, &system, f->err);
    if (status != INK_OK) return status;
    const ink_pickle_value *little = ink_pickle_find(system, "little_endian");
    if (little == NULL || little->kind != INK_PICKLE_BOOL || little->number != 1) {
        return fail_legacy(f, began, "the numbers are not little-endian");
    }
    return INK_OK;
}

/* Behind the pickles, per key of the list: how many numbers as i64, and the numbers. */
static ink_status place_storages(pth *f, const uint8_t *bytes, size_t size, size_t at, const ink_pickle_value *keys) {
    if (keys->kind != INK_PICKLE_LIST) return fail_legacy(f, at, "the list of storages is no list");
    for (size_t k = 0; k < keys->n; k++) {
        const ink_pickle_value *key = keys->items[k];
        ink_pickle_storage *s = key->kind == INK_PICKLE_TEXT ? ink_pickle_storage_find(&f->storages, key->text) : NULL;
        uint64_t count = 0;
        size_t n;
        if (s == NULL || s->bytes != NULL) return fail_legacy(f, at, "the list of storages names a wrong one");
        if (size - at < 8) return fail_legacy(f, at, "the file ends before its last storage");
        for (size_t i = 0; i < 8; i++) count |= (uint64_t)bytes[at + i] << (8 * i);
        if (count != s->count) return fail_legacy(f, at, "a storage has another size than the pickle says");
        at += 8;
        if (!storage_bytes(s, &n) || n > size - at) return fail_legacy(f, at, "the file ends before its last storage");
        s->bytes = bytes + at;
        at += n;
    }
    for (size_t i = 0; i < f->storages.n; i++) {
        if (f->storages.items[i]->bytes != NULL) continue;
        return ink_fail(f->err, INK_E_DATA, "%s: the storage \"%s\" is missing", f->name, f->storages.items[i]->key);
    }
    return at == size ? INK_OK : fail_legacy(f, at, "bytes follow the last storage");
}

static ink_status read_legacy(pth *f, const uint8_t *bytes, size_t size) {
    ink_pickle_value *keys = NULL;
    size_t at = sizeof legacy;
    ink_status status = check_system(f, bytes, size, &at);
    if (status == INK_OK) {
        status = ink_pickle_read(bytes, size, &at, f->name, &f->scratch, &f->storages, &f->top, f->err);
    }
    if (status == INK_OK) {
        status = ink_pickle_read(bytes, size, &at, f->name, &f->scratch, &f->storages, &keys, f->err);
    }
    return status == INK_OK ? place_storages(f, bytes, size, at, keys) : status;
}

/* ---- tensors ---- */

static ink_status fail_tensor(const pth *f, const char *name, const char *what) {
    char shown[168];
    ink_escape(shown, sizeof shown, name, strlen(name), 40);
    return ink_fail(f->err, INK_E_DATA, "%s: the tensor \"%s\" %s", f->name, shown, what);
}

/* Checks a view against its storage. *dense: its numbers stand one after another. */
static ink_status check_view(const pth *f, const char *name, const ink_pickle_tensor *v, uint64_t *count, bool *dense) {
    uint64_t last = v->offset, expected = 1;
    *count = 1;
    *dense = true;
    for (uint32_t i = v->rank; i-- > 0;) {
        uint64_t reach;
        if (__builtin_mul_overflow(*count, v->dim[i], count)) return fail_tensor(f, name, "has a shape that overflows");
        if (v->dim[i] == 0) continue;
        if (__builtin_mul_overflow(v->dim[i] - 1, v->stride[i], &reach) || __builtin_add_overflow(last, reach, &last)) {
            return fail_tensor(f, name, "reaches outside its storage");
        }
        if (v->dim[i] != 1 && v->stride[i] != expected) *dense = false;
        expected *= v->dim[i]; /* a factor of count, which did not overflow */
    }
    if (*count == 0)
        return v->offset <= v->storage->count ? INK_OK : fail_tensor(f, name, "reaches outside its storage");
    if (last >= v->storage->count) return fail_tensor(f, name, "reaches outside its storage");
    if (*count > v->storage->count) return fail_tensor(f, name, "repeats its storage");
    return INK_OK;
}

/* Copies a view with strides into dense order. */
static void gather(uint8_t *to, const ink_pickle_tensor *v, uint64_t count) {
    uint64_t index[INK_TENSORS_RANK_MAX] = {0}, from = v->offset;
    const size_t size = ink_dtype_size(v->storage->dtype);
    for (uint64_t k = 0; k < count; k++, to += size) {
        memcpy(to, v->storage->bytes + from * size, size);
        for (uint32_t i = v->rank; i-- > 0;) {
            from += v->stride[i];
            if (++index[i] < v->dim[i]) break;
            from -= v->stride[i] * v->dim[i];
            index[i] = 0;
        }
    }
}

/* A view becomes a tensor of its own, with name and bytes in the arena of `out`. */
static ink_status take_tensor(pth *f, const char *name, const ink_pickle_tensor *v, ink_tensor *t, uint64_t *total) {
    uint64_t count;
    bool dense;
    ink_status status = check_view(f, name, v, &count, &dense);
    if (status != INK_OK) return status;
    *t = (ink_tensor){.name = ink_arena_string(&f->out->arena, name, strlen(name)),
                      .dtype = v->storage->dtype,
                      .rank = v->rank,
                      .count = count};
    memcpy(t->dim, v->dim, sizeof t->dim);
    t->bytes = (size_t)count * ink_dtype_size(t->dtype); /* no more than the storage has */
    *total += t->bytes;
    if (*total > 2 * f->file_bytes + SHARED_BYTES)
        return fail_tensor(f, name, "and others repeat their storages too often");
    uint8_t *bytes = ink_arena_new(&f->out->arena, t->bytes, 1);
    if (bytes == NULL || t->name == NULL) return out_of_memory(f, t->bytes);
    if (dense && count > 0) {
        memcpy(bytes, v->storage->bytes + v->offset * ink_dtype_size(t->dtype), t->bytes);
    } else {
        gather(bytes, v, count);
    }
    t->data = bytes;
    return INK_OK;
}

static ink_status check_name(const pth *f, const ink_pickle_value *key) {
    if (key->length == 0 || key->length > INK_TENSORS_NAME_MAX || strlen(key->text) != key->length) {
        return fail_tensor(f, key->text, "has a name that is empty, too long or holds a NUL");
    }
    for (size_t i = 0; i < key->length; i++) {
        if ((unsigned char)key->text[i] < 0x20 || key->text[i] == 0x7f) {
            return fail_tensor(f, key->text, "has a control character in its name");
        }
    }
    return INK_OK;
}

/* The dictionary of tensors: the top itself, or one that it holds under a usual name. */
static const ink_pickle_value *state_dict(const ink_pickle_value *top) {
    static const char *const keys[] = {"state_dict", "model_state_dict", "model"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const ink_pickle_value *inner = ink_pickle_find(top, keys[i]);
        if (inner != NULL && inner->kind == INK_PICKLE_DICT) return inner;
    }
    return top;
}

static ink_status take_tensors(pth *f) {
    const ink_pickle_value *dict = state_dict(f->top);
    ink_tensors *out = f->out;
    uint64_t total = 0;
    if (dict->kind != INK_PICKLE_DICT) {
        return ink_fail(f->err, INK_E_DATA, "%s: the file holds no dictionary of tensors", f->name);
    }
    out->items = ink_arena_new(&out->arena, dict->n / 2, sizeof *out->items);
    if (out->items == NULL) return out_of_memory(f, dict->n / 2 * sizeof *out->items);
    for (size_t i = 0; i + 1 < dict->n; i += 2) {
        const ink_pickle_value *key = dict->items[i], *tensor = dict->items[i + 1];
        if (key->kind != INK_PICKLE_TEXT || tensor->kind != INK_PICKLE_TENSOR) continue;
        if (out->n == INK_TENSORS_MAX) return ink_fail(f->err, INK_E_DATA, "%s: too many tensors", f->name);
        ink_status status = check_name(f, key);
        if (status == INK_OK) status = take_tensor(f, key->text, tensor->tensor, &out->items[out->n], &total);
        if (status != INK_OK) return status;
        out->n++;
    }
    if (out->n == 0) return ink_fail(f->err, INK_E_DATA, "%s: the file holds no tensors", f->name);
    const char *twice = NULL;
    ink_status status = ink_tensors_index(out, &twice, f->err);
    return status == INK_OK && twice != NULL ? fail_tensor(f, twice, "is there twice") : status;
}

/* ---- whole files ---- */

static ink_status refuse_other(const pth *f, const uint8_t *bytes, size_t size) {
    if (size >= sizeof lfs - 1 && memcmp(bytes, lfs, sizeof lfs - 1) == 0) {
        ink_fail(f->err, INK_E_DATA, "%s: this is a Git LFS pointer, not the model", f->name);
        ink_hint(f->err, "git lfs pull fetches the model itself");
        return INK_E_DATA;
    }
    if (size >= TAR_MAGIC_AT + 5 && memcmp(bytes + TAR_MAGIC_AT, "ustar", 5) == 0) {
        return ink_fail(f->err, INK_E_DATA, "%s: a tar, as PyTorch wrote in 2016, is not read", f->name);
    }
    if (size >= 2 && bytes[0] == 0x80) {
        return ink_fail(f->err, INK_E_DATA, "%s: this pickle is no file of PyTorch's", f->name);
    }
    return ink_fail(f->err, INK_E_DATA, "%s: this is no file of PyTorch's", f->name);
}

/* Either zip, or bytes of a file without a zip. */
static ink_status read_any(const char *name, ink_archive *zip, const uint8_t *bytes, size_t size, uint64_t file_bytes,
                           ink_tensors *out, ink_error *err) {
    pth f = {.name = name, .out = out, .file_bytes = file_bytes, .err = err};
    memset(out, 0, sizeof *out);
    bool is_legacy = zip == NULL && size >= sizeof legacy && memcmp(bytes, legacy, sizeof legacy) == 0;
    ink_status status = zip != NULL ? read_zip(&f, zip)
                        : is_legacy ? read_legacy(&f, bytes, size)
                                    : refuse_other(&f, bytes, size);
    if (status == INK_OK) status = take_tensors(&f);
    ink_arena_clear(&f.scratch);
    if (status != INK_OK) ink_tensors_free(out);
    return status;
}

ink_status ink_pth_read(const void *bytes, size_t size, const char *name, ink_tensors *out, ink_error *err) {
    ink_archive *zip = NULL;
    memset(out, 0, sizeof *out);
    if (ink_archive_is(bytes, size)) {
        ink_status status = ink_archive_open_memory(bytes, size, name, &zip, err);
        if (status != INK_OK) return status;
    }
    ink_status status = read_any(name, zip, bytes, size, size, out, err);
    ink_archive_close(zip);
    return status;
}

void ink_tensors_strip(ink_tensors *tensors) {
    static const char *const prefixes[] = {"module.", "model.", "_orig_mod."};
    bool again = tensors->n > 0;
    while (again) {
        again = false;
        for (size_t p = 0; p < sizeof prefixes / sizeof prefixes[0]; p++) {
            size_t length = strlen(prefixes[p]), have = 0;
            for (size_t i = 0; i < tensors->n; i++) {
                const char *name = tensors->items[i].name;
                have += strncmp(name, prefixes[p], length) == 0 && name[length] != '\0';
            }
            if (have < tensors->n) continue;
            for (size_t i = 0; i < tensors->n; i++) tensors->items[i].name += length;
            again = true;
        }
    }
}

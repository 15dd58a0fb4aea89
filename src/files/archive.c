/* files/archive.c: zip files through libzip, with the checks that libzip leaves to its callers.
 * It writes no archive, and no file under a name that an archive gave. */
#define _DEFAULT_SOURCE
#include "files/archive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

#include "core/mem.h"
#include "core/status.h"

#define UNIX_TYPE_MASK 0170000u
#define UNIX_SYMLINK   0120000u

struct ink_archive {
    char *name;
    zip_t *zip;
    uint64_t bytes; /* of the archive itself */
    ink_entry *entries;
    zip_uint64_t *numbers; /* of entries, in the zip */
    size_t n;
    char *paths; /* all paths, one after another */
};

/* An open entry. */
typedef struct entry_reader {
    zip_file_t *file;
    uint64_t out_bytes, most_bytes;
    char name[256];
} entry_reader;

bool ink_archive_is(const void *bytes, size_t size) {
    return size >= 4 && (memcmp(bytes, "PK\3\4", 4) == 0 || memcmp(bytes, "PK\5\6", 4) == 0);
}

/* ---- checks ---- */

static ink_status refuse(const ink_archive *archive, const char *path, const char *why, ink_error *err) {
    char shown[168];
    ink_escape(shown, sizeof shown, path, strlen(path), 40);
    return ink_fail(err, INK_E_DATA, "%s: the entry \"%s\" %s", archive->name, shown, why);
}

/* What is wrong with a path, or NULL. */
static const char *path_fault(const char *path) {
    if (path[0] == '\0') return "has no name";
    if (path[0] == '/') return "has a name that begins at the root";
    if (path[1] == ':' && ((path[0] | 0x20) >= 'a' && (path[0] | 0x20) <= 'z')) return "has a name with a drive";
    for (const char *p = path; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '\\') return "has a backslash in its name";
        if (c < 0x20 || c == 0x7f) return "has a control character in its name";
    }
    for (const char *p = path; p != NULL; p = strchr(p, '/')) {
        if (*p == '/') p++;
        if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || p[2] == '\0'))
            return "has a name that leads out of the archive";
    }
    return NULL;
}

static const char *entry_fault(ink_archive *archive, zip_uint64_t number, const zip_stat_t *info) {
    const zip_uint64_t needed = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    zip_uint8_t system = 0;
    zip_uint32_t attributes = 0;
    if ((info->valid & needed) != needed) return "is described incompletely";
    const char *why = path_fault(info->name);
    if (why != NULL) return why;
    if ((info->valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && info->encryption_method != ZIP_EM_NONE)
        return "is encrypted";
    if (info->comp_method != ZIP_CM_STORE && info->comp_method != ZIP_CM_DEFLATE) {
        return "is neither stored nor deflated";
    }
    if (info->comp_method == ZIP_CM_STORE && info->comp_size != info->size) return "is stored with two sizes";
    if (info->comp_size > archive->bytes) return "is larger than the archive";
    if (zip_file_get_external_attributes(archive->zip, number, 0, &system, &attributes) != 0) {
        return "is described incompletely";
    }
    if (system == ZIP_OPSYS_UNIX && (attributes >> 16 & UNIX_TYPE_MASK) == UNIX_SYMLINK) return "is a symbolic link";
    return NULL;
}

/* Files that macOS puts beside the real ones. */
static bool is_macos(const char *path, const char *name) {
    return strncmp(path, "__MACOSX/", 9) == 0 || strncmp(name, "._", 2) == 0 || strcmp(name, ".DS_Store") == 0;
}

static const char *last_part(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static int compare_folded(const void *a, const void *b) {
    const unsigned char *x = *(const unsigned char *const *)a, *y = *(const unsigned char *const *)b;
    for (;; x++, y++) {
        int c = *x >= 'A' && *x <= 'Z' ? *x | 0x20 : *x, d = *y >= 'A' && *y <= 'Z' ? *y | 0x20 : *y;
        if (c != d || c == 0) return c - d;
    }
}

/* Two names that differ in case alone are one file on some systems. */
static ink_status check_twice(const ink_archive *archive, const char **paths, size_t n, ink_error *err) {
    qsort(paths, n, sizeof *paths, compare_folded);
    for (size_t i = 1; i < n; i++) {
        if (compare_folded(&paths[i - 1], &paths[i]) == 0) return refuse(archive, paths[i], "is there twice", err);
    }
    return INK_OK;
}

/* Lists entry `number`: *path_at is where its path goes. */
static void list(ink_archive *archive, zip_uint64_t number, const zip_stat_t *info, char **path_at) {
    const char *name = last_part(info->name);
    size_t size = strlen(info->name) + 1;
    if (name[0] == '\0' || is_macos(info->name, name)) return;
    memcpy(*path_at, info->name, size);
    archive->entries[archive->n] =
        (ink_entry){.path = *path_at, .name = *path_at + (name - info->name), .size = info->size};
    archive->numbers[archive->n++] = number;
    *path_at += size;
}

/* Checks all entries and lists the files among them. */
static ink_status list_entries(ink_archive *archive, ink_error *err) {
    zip_int64_t count = zip_get_num_entries(archive->zip, 0);
    if (count < 0 || count > INK_ARCHIVE_ENTRIES_MAX) {
        return ink_fail(err, INK_E_DATA, "%s: more than %u entries", archive->name, INK_ARCHIVE_ENTRIES_MAX);
    }
    size_t n = (size_t)count, path_bytes = 1;
    uint64_t packed = 0;
    ink_status status = INK_OK;
    const char **all = ink_mem_new(n, sizeof *all);
    archive->entries = ink_mem_new(n, sizeof *archive->entries);
    archive->numbers = ink_mem_new(n, sizeof *archive->numbers);
    if (all == NULL || archive->entries == NULL || archive->numbers == NULL) {
        status = ink_fail_memory(err, n * sizeof *archive->entries, archive->name);
    }
    for (size_t i = 0; i < n && status == INK_OK; i++) {
        zip_stat_t info;
        if (zip_stat_index(archive->zip, i, ZIP_FL_ENC_RAW, &info) != 0 || (info.valid & ZIP_STAT_NAME) == 0) {
            status = ink_fail(err, INK_E_DATA, "%s: entry %zu cannot be read: %s", archive->name, i + 1,
                              zip_strerror(archive->zip));
            break;
        }
        const char *why = entry_fault(archive, i, &info);
        if (why != NULL) status = refuse(archive, info.name, why, err);
        packed += info.comp_size; /* each at most the archive's size, 10 000 of them: no overflow */
        path_bytes += strlen(info.name) + 1;
        all[i] = info.name; /* libzip's, valid while the archive is open */
    }
    if (status == INK_OK && packed > archive->bytes) {
        status =
            ink_fail(err, INK_E_DATA, "%s: entries overlap: together they are larger than the archive", archive->name);
    }
    if (status == INK_OK) status = check_twice(archive, all, n, err);
    if (status == INK_OK) {
        archive->paths = ink_mem_new(path_bytes, 1);
        if (archive->paths == NULL) status = ink_fail_memory(err, path_bytes, archive->name);
    }
    char *at = archive->paths;
    for (size_t i = 0; i < n && status == INK_OK; i++) {
        zip_stat_t info;
        if (zip_stat_index(archive->zip, i, ZIP_FL_ENC_RAW, &info) == 0) list(archive, i, &info, &at);
    }
    ink_mem_free(all);
    return status;
}

/* ---- opening ---- */

/* A seek fails when a damaged directory sends it somewhere absurd: that is the data's fault, not the disk's. */
static ink_status fail_zip(zip_error_t *error, const char *name, ink_error *err) {
    int code = zip_error_code_zip(error);
    ink_status status = code == ZIP_ER_READ || code == ZIP_ER_OPEN ? INK_E_FILE
                        : code == ZIP_ER_MEMORY                    ? INK_E_MEMORY
                                                                   : INK_E_DATA;
    return ink_fail(err, status, "%s: %s", name, zip_error_strerror(error));
}

/* Takes the zip source. */
static ink_status open_zip(zip_source_t *from, const char *name, uint64_t bytes, ink_archive **out, ink_error *err) {
    zip_error_t error;
    if (bytes == 0) { /* libzip takes nothing for an empty archive */
        zip_source_free(from);
        return ink_fail(err, INK_E_DATA, "%s: the file is empty", name);
    }
    ink_archive *archive = ink_mem_new(1, sizeof *archive);
    char *copy = ink_mem_string(name);
    if (archive == NULL || copy == NULL) {
        ink_mem_free(archive);
        ink_mem_free(copy);
        zip_source_free(from);
        return ink_fail_memory(err, sizeof *archive, name);
    }
    archive->name = copy;
    archive->bytes = bytes;
    zip_error_init(&error);
    archive->zip = zip_open_from_source(from, ZIP_RDONLY | ZIP_CHECKCONS, &error);
    ink_status status = INK_OK;
    if (archive->zip == NULL) {
        zip_source_free(from);
        status = fail_zip(&error, name, err);
    }
    zip_error_fini(&error);
    if (status == INK_OK) status = list_entries(archive, err);
    if (status != INK_OK) {
        ink_archive_close(archive);
        return status;
    }
    *out = archive;
    return INK_OK;
}

ink_status ink_archive_open(const char *path, ink_archive **out, ink_error *err) {
    struct stat info;
    zip_error_t error;
    *out = NULL;
    if (stat(path, &info) != 0) return ink_fail_errno(err, "open", path);
    if (!S_ISREG(info.st_mode)) {
        return ink_fail(err, INK_E_FILE, "cannot read %s: a zip must be a plain file", path);
    }
    zip_error_init(&error);
    zip_source_t *from = zip_source_file_create(path, 0, 0, &error);
    ink_status status = from != NULL ? INK_OK : fail_zip(&error, path, err);
    zip_error_fini(&error);
    return status == INK_OK ? open_zip(from, path, (uint64_t)info.st_size, out, err) : status;
}

ink_status ink_archive_open_memory(const void *bytes, size_t size, const char *name, ink_archive **out,
                                   ink_error *err) {
    zip_error_t error;
    *out = NULL;
    zip_error_init(&error);
    zip_source_t *from = zip_source_buffer_create(bytes, size, 0, &error);
    ink_status status = from != NULL ? INK_OK : fail_zip(&error, name, err);
    zip_error_fini(&error);
    return status == INK_OK ? open_zip(from, name, size, out, err) : status;
}

void ink_archive_close(ink_archive *archive) {
    if (archive == NULL) return;
    if (archive->zip != NULL) zip_discard(archive->zip);
    ink_mem_free(archive->entries);
    ink_mem_free(archive->numbers);
    ink_mem_free(archive->paths);
    ink_mem_free(archive->name);
    ink_mem_free(archive);
}

size_t ink_archive_count(const ink_archive *archive) {
    return archive->n;
}

const ink_entry *ink_archive_entry(const ink_archive *archive, size_t i) {
    return &archive->entries[i];
}

const char *ink_archive_name(const ink_archive *archive) {
    return archive->name;
}

ink_status ink_archive_only(const ink_archive *archive, size_t *i, ink_error *err) {
    *i = 0;
    if (archive->n == 1) return INK_OK;
    if (archive->n == 0) return ink_fail(err, INK_E_DATA, "%s: there is no file in the archive", archive->name);
    return ink_fail(err, INK_E_DATA, "%s: one file expected, %zu found: %s, %s%s", archive->name, archive->n,
                    archive->entries[0].path, archive->entries[1].path, archive->n > 2 ? ", ..." : "");
}

/* ---- entries as sources ---- */

static ink_status entry_read(void *context, void *buf, size_t size, size_t *got, ink_error *err) {
    entry_reader *r = context;
    zip_int64_t n = zip_fread(r->file, buf, size);
    if (n < 0) return fail_zip(zip_file_get_error(r->file), r->name, err);
    *got = (size_t)n;
    r->out_bytes += (uint64_t)n;
    if (r->out_bytes > r->most_bytes) {
        return ink_fail(err, INK_E_DATA, "%s: unpacks to more than %u times the archive's size: refused as a bomb",
                        r->name, INK_SOURCE_RATIO_MAX);
    }
    return INK_OK;
}

static void entry_close(void *context) {
    entry_reader *r = context;
    (void)zip_fclose(r->file); /* faults of the data were told by the reads */
    ink_mem_free(r);
}

/* ".zip" at the end of a name, in any case. */
static bool is_named_zip(const char *name) {
    size_t length = strlen(name);
    const char *end = ".zip";
    return length >= 4 && compare_folded(&(const char *){name + length - 4}, &end) == 0;
}

ink_status ink_archive_source(ink_archive *archive, size_t i, ink_source **out, ink_error *err) {
    *out = NULL;
    if (is_named_zip(archive->entries[i].name)) {
        return refuse(archive, archive->entries[i].path, "is a zip within the zip", err);
    }
    entry_reader *r = ink_mem_new(1, sizeof *r);
    if (r == NULL) return ink_fail_memory(err, sizeof *r, archive->name);
    snprintf(r->name, sizeof r->name, "%s/%s", archive->name, archive->entries[i].path);
    r->most_bytes = INK_SOURCE_RATIO_FREE + INK_SOURCE_RATIO_MAX * archive->bytes;
    r->file = zip_fopen_index(archive->zip, archive->numbers[i], 0);
    if (r->file == NULL) {
        ink_status status = fail_zip(zip_get_error(archive->zip), r->name, err);
        ink_mem_free(r);
        return status;
    }
    const ink_source_from from = {.context = r, .read = entry_read, .close = entry_close};
    char name[256];
    memcpy(name, r->name, sizeof name); /* r is gone when opening fails */
    return ink_source_open_from(&from, name, out, err);
}

/* data/places.c: looks for the files of a data set by their names, and by a file's first bytes.
 * It reads no data. */
#include "data/places.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/status.h"

#define LOOKED_FOR                                                                                                     \
    "looked for train.csv, test.csv, sample_submission.csv (plain, .gz or .zip), digit-recognizer.zip, "               \
    "train-images-idx3-ubyte, t10k-images-idx3-ubyte with their labels (plain or .gz), "                               \
    "class folders 0 to 9 of .png or .jpg files"

bool ink_place_there(const ink_place *place) {
    return place->path != NULL || place->archive != NULL;
}

/* ---- names ---- */

/* a + b + c in the arena; NULL when memory is out. */
static char *join(ink_arena *arena, const char *a, size_t a_length, const char *b, const char *c) {
    size_t size = a_length + strlen(b) + strlen(c) + 1;
    char *text = ink_arena_new(arena, size, 1);
    if (text != NULL) snprintf(text, size, "%.*s%s%s", (int)a_length, a, b, c);
    return text;
}

static bool is_file(const char *path) {
    struct stat facts;
    return stat(path, &facts) == 0 && !S_ISDIR(facts.st_mode);
}

static const char *last_part(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static bool begins(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

/* The folder part of path, with its slash; "" for a plain name. */
static size_t folder_length(const char *path) {
    return (size_t)(last_part(path) - path);
}

/* ---- in a folder ---- */

/* Takes folder/name with one of the endings, if there is such a file. */
static ink_status take_file(const char *folder, size_t length, const char *name, const char *const *endings,
                            ink_arena *arena, ink_place *place, ink_error *err) {
    for (; *endings != NULL && !ink_place_there(place); endings++) {
        char *path = join(arena, folder, length, name, *endings);
        if (path == NULL) return ink_fail_memory(err, length + 64, "a file name");
        if (is_file(path)) place->path = path;
    }
    return INK_OK;
}

static const char *const csv_endings[] = {"", ".gz", ".zip", NULL};
static const char *const idx_endings[] = {"", ".gz", NULL};

typedef struct wanted {
    size_t place; /* offset in ink_places */
    const char *name;
    bool csv;
} wanted;

static const wanted folder_files[] = {
    {offsetof(ink_places, train), "train.csv", true},
    {offsetof(ink_places, test), "test.csv", true},
    {offsetof(ink_places, sample), "sample_submission.csv", true},
    {offsetof(ink_places, test_labels), "test_labels.csv", true},
    {offsetof(ink_places, train_images), "train-images-idx3-ubyte", false},
    {offsetof(ink_places, train_images), "train-images.idx3-ubyte", false},
    {offsetof(ink_places, train_labels), "train-labels-idx1-ubyte", false},
    {offsetof(ink_places, train_labels), "train-labels.idx1-ubyte", false},
    {offsetof(ink_places, test_images), "t10k-images-idx3-ubyte", false},
    {offsetof(ink_places, test_images), "t10k-images.idx3-ubyte", false},
    {offsetof(ink_places, test_image_labels), "t10k-labels-idx1-ubyte", false},
    {offsetof(ink_places, test_image_labels), "t10k-labels.idx1-ubyte", false},
};
#define N_FOLDER_FILES (sizeof folder_files / sizeof folder_files[0])

static ink_place *place_at(ink_places *places, const wanted *w) {
    return (ink_place *)((char *)places + w->place);
}

static bool has_images(const ink_places *p) {
    return ink_place_there(&p->train) || ink_place_there(&p->test) || ink_place_there(&p->train_images) ||
           ink_place_there(&p->test_images);
}

#define TABLES_SHOWN 3
#define NAME_SIZE    100 /* longer names are not shown */

#define LINE_LOOKED  16384 /* bytes: pixel0 .. pixel783 take half of that */
#define COMMAS_LEAST 783

/* name.csv, or the same packed. */
static bool is_table_name(const char *name) {
    const char *at = strstr(name, ".csv");
    for (size_t i = 0; at != NULL && name[0] != '.' && csv_endings[i] != NULL; i++) {
        if (strcmp(at + 4, csv_endings[i]) == 0) return true;
    }
    return false;
}

/* Does its first line have as many fields as a digit? Other tables (a run's metrics.csv) are not meant. */
static bool is_wide(const char *folder, const char *name) {
    char path[4096];
    uint8_t bytes[LINE_LOOKED];
    size_t got = 0, commas = 0;
    ink_place place = {.path = path};
    ink_opened opened = {0};
    struct stat facts;
    int length = snprintf(path, sizeof path, "%s%s", folder, name);
    if (length < 0 || (size_t)length >= sizeof path) return false;
    if (stat(path, &facts) != 0 || !S_ISREG(facts.st_mode)) return false; /* opening a pipe would wait */
    if (ink_place_open(&place, &opened, NULL) != INK_OK) return false;
    if (ink_source_read(opened.source, bytes, sizeof bytes, &got, NULL) != INK_OK) got = 0;
    for (size_t i = 0; i < got && bytes[i] != '\n' && bytes[i] != '\r'; i++) commas += bytes[i] == ',';
    ink_opened_close(&opened);
    return commas >= COMMAS_LEAST;
}

/* A folder without digits: the tables in it are named, the first few by the alphabet, since one of them may be meant.
 * folder ends with a slash. */
static ink_status fail_empty(const char *path, const char *folder, ink_error *err) {
    char shown[TABLES_SHOWN][NAME_SIZE] = {""}, list[TABLES_SHOWN * (NAME_SIZE + 2) + 32] = "";
    size_t n = 0, used = 0, more = 0;
    DIR *open = opendir(folder);
    for (struct dirent *e; open != NULL && (e = readdir(open)) != NULL;) {
        size_t at = n, length = strlen(e->d_name);
        if (length >= NAME_SIZE || !is_table_name(e->d_name) || !is_wide(folder, e->d_name)) continue;
        while (at > 0 && strcmp(e->d_name, shown[at - 1]) < 0) at--;
        if (n == TABLES_SHOWN) more++;
        if (at == TABLES_SHOWN) continue;
        n += n < TABLES_SHOWN;
        memmove(shown[at + 1 < n ? at + 1 : at], shown[at], (n - 1 - at) * NAME_SIZE);
        memcpy(shown[at], e->d_name, length + 1);
    }
    if (open != NULL) closedir(open);
    for (size_t i = 0; i < n; i++) {
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", shown[i]);
    }
    if (more > 0) snprintf(list + used, sizeof list - used, " and %zu more", more);
    if (n == 0) {
        ink_fail(err, INK_E_DATA, "%s holds no digits", path);
        ink_hint(err, LOOKED_FOR);
    } else {
        ink_fail(err, INK_E_DATA, "%s holds no train.csv and no test.csv, but %s", path, list);
        ink_hint(err, "name the file that is meant: %.300s%s", folder, shown[0]);
    }
    return INK_E_DATA;
}

/* path without slashes at its end, but with one. */
static ink_status take_folder(const char *path, ink_arena *arena, ink_places *out, ink_error *err) {
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') length--;
    char *folder = join(arena, path, length, path[length - 1] == '/' ? "" : "/", "");
    if (folder == NULL) return ink_fail_memory(err, length, "a file name");
    for (size_t i = 0; i < N_FOLDER_FILES; i++) {
        const wanted *w = &folder_files[i];
        ink_status status = take_file(folder, strlen(folder), w->name, w->csv ? csv_endings : idx_endings, arena,
                                      place_at(out, w), err);
        if (status != INK_OK) return status;
    }
    if (has_images(out)) return INK_OK;
    ink_place zip = {0};
    static const char *const plain[] = {"", NULL};
    ink_status status = take_file(folder, strlen(folder), "digit-recognizer.zip", plain, arena, &zip, err);
    if (status != INK_OK) return status;
    if (zip.path != NULL) return ink_places_find(zip.path, arena, out, err);
    status = ink_digit_files_find(path, arena, &out->train_pictures, &out->test_pictures, err);
    if (status != INK_OK) return status;
    out->pictures = folder;
    if (out->train_pictures.count > 0 || out->test_pictures.count > 0) return INK_OK;
    return fail_empty(path, folder, err);
}

/* ---- in a zip ---- */

/* "train.csv.gz" is "train.csv". */
static bool same_name(const char *entry, const char *name) {
    size_t length = strlen(name);
    return strncmp(entry, name, length) == 0 && (entry[length] == '\0' || strcmp(entry + length, ".gz") == 0);
}

static ink_status take_archive(const char *path, ink_places *out, ink_error *err) {
    ink_status status = ink_archive_open(path, &out->archive, err);
    if (status != INK_OK) return status;
    size_t count = ink_archive_count(out->archive), only = 0;
    for (size_t e = 0; e < count; e++) {
        const ink_entry *entry = ink_archive_entry(out->archive, e);
        for (size_t i = 0; i < N_FOLDER_FILES; i++) {
            ink_place *place = place_at(out, &folder_files[i]);
            if (!same_name(entry->name, folder_files[i].name)) continue;
            if (ink_place_there(place)) {
                return ink_fail(err, INK_E_DATA, "%s holds two files called %s: which one is meant?",
                                ink_archive_name(out->archive), folder_files[i].name);
            }
            *place = (ink_place){.archive = out->archive, .entry = e};
        }
    }
    if (has_images(out)) return INK_OK;
    if (count == 1 && ink_archive_only(out->archive, &only, err) == INK_OK) {
        out->train = (ink_place){.archive = out->archive, .entry = only};
        out->single = true;
        return INK_OK;
    }
    status = ink_fail(err, INK_E_DATA, "%s holds no digits", ink_archive_name(out->archive));
    ink_hint(err, LOOKED_FOR);
    return status;
}

/* ---- one file ---- */

/* name with the first `old` replaced by `new_`, in the same folder as path; NULL when it holds no `old` or memory is
 * out (then nothing is found beside it, which is not worth failing for). */
static char *rename_part(ink_arena *arena, const char *name, const char *old, const char *new_) {
    const char *at = name == NULL ? NULL : strstr(last_part(name), old);
    if (at == NULL) return NULL;
    return join(arena, name, (size_t)(at - name), new_, at + strlen(old));
}

/* The file called path, or the same with .gz added or taken off. */
static void take_either(ink_arena *arena, char *path, ink_place *place) {
    if (path == NULL || ink_place_there(place)) return;
    size_t length = strlen(path);
    bool packed = length > 3 && strcmp(path + length - 3, ".gz") == 0;
    char *other = packed ? join(arena, path, length - 3, "", "") : join(arena, path, length, ".gz", "");
    if (is_file(path))
        place->path = path;
    else if (other != NULL && is_file(other))
        place->path = other;
}

/* Beside train-images-idx3-ubyte: its labels, and t10k (or test) with labels. */
static void take_beside_idx(const char *path, ink_arena *arena, ink_places *out) {
    char *labels = rename_part(arena, rename_part(arena, path, "images", "labels"), "idx3", "idx1");
    take_either(arena, labels, &out->train_labels);
    static const char *const others[] = {"t10k", "test"};
    for (size_t i = 0; i < 2; i++) {
        take_either(arena, rename_part(arena, path, "train", others[i]), &out->test_images);
        take_either(arena, rename_part(arena, labels, "train", others[i]), &out->test_image_labels);
    }
    out->transposed = begins(last_part(path), "emnist");
}

/* Beside train.csv: test.csv and the rest. Beside test.csv: its sample and labels. Any other name stands alone. */
static ink_status take_beside_csv(const char *path, ink_arena *arena, ink_places *out, ink_error *err) {
    bool train = begins(last_part(path), "train.csv"), test = begins(last_part(path), "test.csv");
    if (!train && !test) return INK_OK;
    out->lone_test = test;
    for (size_t i = 0; i < N_FOLDER_FILES; i++) {
        const wanted *w = &folder_files[i];
        if (!w->csv || w->place == offsetof(ink_places, train)) continue;
        if (test && w->place == offsetof(ink_places, test)) continue;
        ink_status status = take_file(path, folder_length(path), w->name, csv_endings, arena, place_at(out, w), err);
        if (status != INK_OK) return status;
    }
    return INK_OK;
}

/* A lone picture, without a label. */
static ink_status take_picture(const char *path, ink_arena *arena, ink_places *out, ink_error *err) {
    ink_digit_file *file = ink_arena_new(arena, 1, sizeof *file);
    if (file == NULL) return ink_fail_memory(err, sizeof *file, "a file name");
    *file = (ink_digit_file){path, INK_NO_LABEL};
    out->train_pictures = (ink_digit_files){file, 1};
    out->pictures = path;
    out->single = true;
    return INK_OK;
}

/* IDX begins with two zeros, a table is text with commas. The name decides for a file that is neither, or empty: then
 * the reader that was meant says what is wrong. */
static bool is_idx(const char *name, const uint8_t *bytes, size_t got) {
    if (got >= 2 && bytes[0] == 0 && bytes[1] == 0) return true;
    bool table = got > 0 && memchr(bytes, ',', got) != NULL && memchr(bytes, 0, got) == NULL;
    return !table && strstr(name, "idx") != NULL;
}

static ink_status take_one_file(const char *path, ink_arena *arena, ink_places *out, ink_error *err) {
    char *own = ink_arena_string(arena, path, strlen(path));
    if (own == NULL) return ink_fail_memory(err, strlen(path), "a file name");
    ink_source *source = NULL;
    const uint8_t *bytes = NULL;
    size_t got = 0;
    bool zip = false, picture = false, idx = false;
    /* A pipe can be opened once only: it is taken for a CSV. */
    struct stat facts;
    if (strcmp(path, "-") == 0 || (stat(path, &facts) == 0 && S_ISFIFO(facts.st_mode))) {
        out->train.path = own;
        out->single = true;
        return INK_OK;
    }
    ink_status status = ink_source_open(path, &source, err);
    if (status == INK_OK) status = ink_source_peek(source, &bytes, &got, err);
    if (status == INK_OK) {
        zip = ink_archive_is(bytes, got) && !ink_source_is_gzip(source);
        picture = ink_bitmap_is(bytes, got);
        idx = is_idx(last_part(path), bytes, got);
    }
    ink_source_close(source);
    if (status != INK_OK) return status;
    if (zip) return take_archive(path, out, err);
    if (picture) return take_picture(own, arena, out, err);
    out->single = true;
    if (idx) {
        out->train_images.path = own;
        take_beside_idx(own, arena, out);
        return INK_OK;
    }
    out->train.path = own;
    return take_beside_csv(own, arena, out, err);
}

ink_status ink_places_find(const char *path, ink_arena *arena, ink_places *out, ink_error *err) {
    *out = (ink_places){0};
    struct stat facts = {0};
    bool standard_input = strcmp(path, "-") == 0;
    ink_status status;
    if (path[0] == '\0') return ink_fail(err, INK_E_USAGE, "an empty name where data was expected");
    if (!standard_input && stat(path, &facts) != 0) return ink_fail_errno(err, "open", path);
    if (!standard_input && S_ISDIR(facts.st_mode))
        status = take_folder(path, arena, out, err);
    else
        status = take_one_file(path, arena, out, err);
    if (status != INK_OK) ink_places_close(out);
    return status;
}

void ink_places_close(ink_places *places) {
    ink_archive_close(places->archive);
    *places = (ink_places){0};
}

ink_status ink_place_open(const ink_place *place, ink_opened *out, ink_error *err) {
    *out = (ink_opened){0};
    if (place->archive != NULL) return ink_archive_source(place->archive, place->entry, &out->source, err);
    ink_status status = ink_source_open(place->path, &out->source, err);
    if (status != INK_OK) return status;

    /* Only a regular file can be a zip, and only that may be peeked at and opened again. */
    struct stat facts;
    const uint8_t *bytes = NULL;
    size_t got = 0, only = 0;
    if (strcmp(place->path, "-") == 0 || stat(place->path, &facts) != 0 || !S_ISREG(facts.st_mode)) return INK_OK;
    if (ink_source_peek(out->source, &bytes, &got, err) != INK_OK || !ink_archive_is(bytes, got) ||
        ink_source_is_gzip(out->source)) {
        return INK_OK; /* a fault will come back from read */
    }
    ink_source_close(out->source);
    out->source = NULL;
    status = ink_archive_open(place->path, &out->own, err);
    if (status == INK_OK) status = ink_archive_only(out->own, &only, err);
    if (status == INK_OK) status = ink_archive_source(out->own, only, &out->source, err);
    if (status != INK_OK) ink_opened_close(out);
    return status;
}

void ink_opened_close(ink_opened *opened) {
    ink_source_close(opened->source);
    ink_archive_close(opened->own);
    *opened = (ink_opened){0};
}

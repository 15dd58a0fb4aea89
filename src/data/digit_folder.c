/* data/digit_folder.c: which pictures stand in a folder and its class folders, and in what order.
 * It opens none of them. */
#define _DEFAULT_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "core/mem.h"
#include "core/status.h"
#include "data/digit_files.h"

#define FILES_MAX 10000000u
#define PATH_SIZE 4096

typedef struct growing {
    ink_digit_file *files;
    uint32_t count, capacity;
} growing;

static bool is_folder(const char *path) {
    struct stat facts;
    return stat(path, &facts) == 0 && S_ISDIR(facts.st_mode);
}

static bool is_picture_name(const char *name) {
    static const char *const endings[] = {".png", ".jpg", ".jpeg"};
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0] && name[0] != '.'; i++) {
        size_t ending = strlen(endings[i]);
        if (length > ending && strcasecmp(name + length - ending, endings[i]) == 0) return true;
    }
    return false;
}

/* a/b in path; false when it is too long. */
static bool join(char path[PATH_SIZE], const char *a, const char *b) {
    size_t length = strlen(a);
    while (length > 1 && a[length - 1] == '/') length--;
    int wrote = snprintf(path, PATH_SIZE, "%.*s%s%s", (int)length, a, a[length - 1] == '/' ? "" : "/", b);
    return wrote > 0 && wrote < PATH_SIZE;
}

static ink_status add(growing *list, ink_arena *arena, const char *path, uint8_t label, ink_error *err) {
    if (list->count == FILES_MAX) {
        return ink_fail(err, INK_E_DATA, "%s: more than %u pictures", path, FILES_MAX);
    }
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity > 0 ? list->capacity * 2 : 256;
        ink_digit_file *files = ink_mem_resize(list->files, capacity, sizeof *files);
        if (files == NULL) return ink_fail_memory(err, (uint64_t)capacity * sizeof *files, "a list of pictures");
        list->files = files;
        list->capacity = capacity;
    }
    const char *own = ink_arena_string(arena, path, strlen(path));
    if (own == NULL) return ink_fail_memory(err, strlen(path), "a list of pictures");
    list->files[list->count++] = (ink_digit_file){own, label};
    return INK_OK;
}

/* The pictures of one folder. */
static ink_status add_folder(growing *list, ink_arena *arena, const char *folder, uint8_t label, ink_error *err) {
    ink_status status = INK_OK;
    char path[PATH_SIZE];
    DIR *dir = opendir(folder);
    if (dir == NULL) return ink_fail_errno(err, "open", folder);
    for (struct dirent *entry; status == INK_OK && (errno = 0, entry = readdir(dir)) != NULL;) {
        if (!is_picture_name(entry->d_name)) continue;
        if (!join(path, folder, entry->d_name)) {
            status = ink_fail(err, INK_E_FILE, "the path of %s in %s is too long", entry->d_name, folder);
        } else if (!is_folder(path)) {
            status = add(list, arena, path, label, err);
        }
    }
    if (status == INK_OK && errno != 0) status = ink_fail_errno(err, "read", folder);
    closedir(dir);
    return status;
}

/* folder/0 .. folder/9. */
static ink_status add_classes(growing *list, ink_arena *arena, const char *folder, ink_error *err) {
    ink_status status = INK_OK;
    for (uint8_t digit = 0; digit < 10 && status == INK_OK; digit++) {
        char path[PATH_SIZE], name[2] = {(char)('0' + digit), '\0'};
        if (join(path, folder, name) && is_folder(path)) status = add_folder(list, arena, path, digit, err);
    }
    return status;
}

/* As strcmp, but a run of digits counts as a number. */
static int compare_names(const char *a, const char *b) {
    while (*a != '\0' && *b != '\0') {
        if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
            while (*a == '0') a++;
            while (*b == '0') b++;
            size_t length_a = strspn(a, "0123456789"), length_b = strspn(b, "0123456789");
            if (length_a != length_b) return length_a < length_b ? -1 : 1;
            int order = strncmp(a, b, length_a);
            if (order != 0) return order;
            a += length_a;
            b += length_b;
        } else if (*a != *b) {
            return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
        } else {
            a++;
            b++;
        }
    }
    return (*a != '\0') - (*b != '\0');
}

static int compare_files(const void *a, const void *b) {
    const ink_digit_file *f = a, *g = b;
    int order = compare_names(strrchr(f->path, '/') + 1, strrchr(g->path, '/') + 1);
    return order != 0 ? order : strcmp(f->path, g->path);
}

/* Sorted, and moved into the arena. */
static ink_status settle(growing *list, ink_arena *arena, ink_digit_files *out, ink_error *err) {
    if (list->count == 0) return INK_OK;
    qsort(list->files, list->count, sizeof *list->files, compare_files);
    ink_digit_file *own = ink_arena_new(arena, list->count, sizeof *own);
    if (own == NULL) return ink_fail_memory(err, (uint64_t)list->count * sizeof *own, "a list of pictures");
    memcpy(own, list->files, list->count * sizeof *own);
    *out = (ink_digit_files){own, list->count};
    return INK_OK;
}

/* The class folders of folder/<one of the names>. */
static ink_status add_part(growing *list, ink_arena *arena, const char *folder, const char *const names[2],
                           ink_error *err) {
    ink_status status = INK_OK;
    for (int i = 0; i < 2 && status == INK_OK && list->count == 0; i++) {
        char path[PATH_SIZE];
        if (join(path, folder, names[i]) && is_folder(path)) status = add_classes(list, arena, path, err);
    }
    return status;
}

static bool is_run(const char *folder) {
    char path[PATH_SIZE];
    struct stat facts;
    return join(path, folder, "args.conf") && stat(path, &facts) == 0;
}

ink_status ink_digit_files_find(const char *folder, ink_arena *arena, ink_digit_files *train, ink_digit_files *test,
                                ink_error *err) {
    static const char *const train_names[2] = {"train", "training"}, *const test_names[2] = {"test", "testing"};
    growing learn = {0}, check = {0};
    *train = *test = (ink_digit_files){0};
    ink_status status = add_classes(&learn, arena, folder, err);
    if (status == INK_OK && learn.count == 0) status = add_part(&learn, arena, folder, train_names, err);
    if (status == INK_OK) status = add_part(&check, arena, folder, test_names, err);
    if (status == INK_OK && learn.count == 0 && check.count == 0 && !is_run(folder)) {
        status = add_folder(&learn, arena, folder, INK_NO_LABEL, err);
    }
    if (status == INK_OK) status = settle(&learn, arena, train, err);
    if (status == INK_OK) status = settle(&check, arena, test, err);
    if (status != INK_OK) *train = *test = (ink_digit_files){0};
    ink_mem_free(learn.files);
    ink_mem_free(check.files);
    return status;
}

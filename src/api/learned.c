/* api/learned.c: what a model's notes and its run's list say of the images that it has learned.
 * Who warns of it, or refuses, is the business of eval.c and train.c. */
#define _XOPEN_SOURCE 700
#include "api/learned.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/work.h"
#include "core/mem.h"
#include "core/status.h"
#include "data/fingerprint.h"
#include "data/split.h"
#include "files/folder.h"
#include "files/tensors_write.h"
#include "report/runlog.h"

#define LIST "images"

static bool learned_first(const ink_tensors *model, const char *sha256) {
    const char *first = ink_tensors_note(model, "inkling.data_sha256");
    return first != NULL && strcmp(first, sha256) == 0;
}

static bool learned_more(const ink_tensors *model, const char *sha256) {
    const char *more = ink_tensors_note(model, "inkling.more_sha256");
    return more != NULL && strlen(sha256) == 64 && strstr(more, sha256) != NULL;
}

bool ink_has_learned(const ink_tensors *model, const char *sha256) {
    return learned_first(model, sha256) || learned_more(model, sha256);
}

/* The run that holds weights/NAME; false: there is none. */
static bool find_run(const char *file, char run[INK_PATH_SIZE]) {
    char *real = realpath(file, NULL);
    if (real == NULL) return false;
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(real, '/');
        if (slash != NULL) *slash = '\0';
    }
    int length = snprintf(run, INK_PATH_SIZE, "%s", real);
    free(real);
    return length > 0 && length < INK_PATH_SIZE && ink_run_is(run);
}

static int compare_hashes(const void *a, const void *b) {
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

ink_status ink_learned_write(const char *path, const ink_images *images, const uint8_t *held_out, ink_error *err) {
    uint32_t n = 0;
    uint64_t *hashes = ink_mem_new(images->count, sizeof *hashes);
    if (hashes == NULL) return ink_fail_memory(err, images->count * sizeof *hashes, "what is learned");
    ink_images_hashes(images, hashes);
    for (uint32_t i = 0; i < images->count; i++) {
        if (!held_out[i]) hashes[n++] = hashes[i];
    }
    qsort(hashes, n, sizeof *hashes, compare_hashes);
    ink_tensor list = {.name = LIST,
                       .dtype = INK_I64,
                       .rank = 1,
                       .dim = {n},
                       .count = n,
                       .data = (const uint8_t *)hashes,
                       .bytes = n * sizeof *hashes};
    ink_tensors file = {.items = &list, .n = 1};
    ink_status status = ink_tensors_write(path, &file, err);
    ink_mem_free(hashes);
    return status;
}

/* The list of the run around a file, if it is the run that made the model; false: there is none. */
static bool find_list(const ink_tensors *model, const char *file, char run[INK_PATH_SIZE], ink_tensors *list) {
    char path[INK_PATH_SIZE + sizeof INK_LEARNED_NAME], sha256[65];
    if (!find_run(file, run) || ink_run_data(run, sha256, NULL) != INK_OK || !learned_first(model, sha256))
        return false;
    if (ink_folder_path(run, INK_LEARNED_NAME, path, sizeof path, NULL) != INK_OK) return false;
    if (ink_tensors_open(path, list, NULL) != INK_OK) return false;
    const ink_tensor *images = ink_tensors_find(list, LIST);
    if (images != NULL && images->dtype == INK_I64) return true;
    ink_tensors_free(list);
    return false;
}

static bool is_in(const ink_tensor *list, uint64_t wanted) {
    uint64_t low = 0, high = list->count;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2, hash;
        memcpy(&hash, list->data + middle * sizeof hash, sizeof hash);
        if (hash == wanted) return true;
        if (hash < wanted) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return false;
}

ink_status ink_learned_rows(const ink_tensors *model, const char *file, const ink_images *images, const char *sha256,
                            const uint8_t *asked, ink_learned *out, ink_error *err) {
    ink_tensors list = {0};
    uint64_t *hashes = NULL;
    *out = (ink_learned){.rows = 0};
    bool is_listed = find_list(model, file, out->run, &list);
    if (!is_listed) out->run[0] = '\0';
    if (!is_listed && !ink_has_learned(model, sha256)) return INK_OK;
    if (is_listed) {
        hashes = ink_mem_new(images->count, sizeof *hashes);
        if (hashes == NULL) {
            ink_tensors_free(&list);
            return ink_fail_memory(err, images->count * sizeof *hashes, "what is learned");
        }
        ink_images_hashes(images, hashes);
    }
    const ink_tensor *known = is_listed ? ink_tensors_find(&list, LIST) : NULL;
    for (uint32_t i = 0; i < images->count; i++) {
        if (asked != NULL && asked[i] != INK_ROW_HELD_OUT) continue;
        out->rows += known == NULL || is_in(known, hashes[i]);
    }
    out->at_most = known == NULL;
    out->by_run = known != NULL && learned_first(model, sha256);
    ink_mem_free(hashes);
    ink_tensors_free(&list);
    return INK_OK;
}

/* api/learned.c: what a model's notes and its run's split.csv say of the images that it has learned.
 * Who warns of it, or refuses, is the business of eval.c and train.c. */
#define _XOPEN_SOURCE 700
#include "api/learned.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/work.h"
#include "core/mem.h"
#include "data/split.h"
#include "report/runlog.h"

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

uint32_t ink_learned_rows(const ink_tensors *model, const char *file, const char *sha256, const uint8_t *asked,
                          uint32_t n) {
    char run[INK_PATH_SIZE];
    uint32_t count = 0;
    if (!ink_has_learned(model, sha256)) return 0;
    uint8_t *held_out = learned_first(model, sha256) && find_run(file, run) ? ink_mem_new(n, 1) : NULL;
    bool is_split = held_out != NULL && ink_run_split(run, held_out, n, NULL) == INK_OK;
    for (uint32_t i = 0; i < n; i++)
        count += (asked == NULL || asked[i] == INK_ROW_HELD_OUT) && !(is_split && held_out[i]);
    ink_mem_free(held_out);
    return count;
}

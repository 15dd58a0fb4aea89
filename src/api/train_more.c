/* api/train_more.c: DATA behind the first one of `train`: rows to learn from, never held out.
 * A folder of corrections is such; what is measured stays comparable with runs that had none. */
#include <stdio.h>
#include <string.h>

#include "api/train_run.h"
#include "core/mem.h"
#include "core/status.h"
#include "data/fingerprint.h"
#include "report/text.h"

/* One line, with a line feed between it and what stood before. */
static void add_line(ink_text *lines, const char *line) {
    if (lines->length > 0) ink_text_add(lines, "\n");
    ink_text_add(lines, line);
}

ink_status ink_train_check_line(const char *path, ink_error *err) {
    if (strchr(path, '\n') == NULL) return INK_OK;
    return ink_fail(err, INK_E_USAGE, "a path with a line feed in it cannot be kept for --resume: %s", path);
}

ink_status ink_train_settle_more(ink_train_run *run, ink_error *err) {
    const ink_train_options *o = run->options;
    char path[INK_PATH_SIZE];
    ink_status status = INK_OK;
    if (o->resume != NULL) {
        const char *before = ink_tensors_note(&run->resumed.file, "more");
        if (before != NULL) ink_text_add(&run->more, before);
        return ink_text_check(&run->more, "the settings", err);
    }
    for (size_t i = 0; i < o->n_more && status == INK_OK; i++) {
        status = ink_train_absolute(o->more[i], path, err);
        if (status == INK_OK) status = ink_train_check_line(path, err);
        if (status == INK_OK) add_line(&run->more, path);
    }
    return status == INK_OK ? ink_text_check(&run->more, "the settings", err) : status;
}

/* The rows of `more` behind those of `all`. */
static ink_status append(ink_images *all, const ink_images *more, const char *path, ink_error *err) {
    size_t size = (size_t)all->height * all->width, count = (size_t)all->count + more->count;
    if (more->height != all->height || more->width != all->width) {
        return ink_fail(err, INK_E_DATA, "%s holds images of %ux%u, expected %ux%u as in the first DATA", path,
                        more->height, more->width, all->height, all->width);
    }
    if (count > UINT32_MAX / 2) return ink_fail(err, INK_E_DATA, "%s: too many rows in all", path);
    uint8_t *pixels = ink_mem_resize(all->pixels, count, size);
    if (pixels != NULL) all->pixels = pixels;
    uint8_t *labels = ink_mem_resize(all->labels, count, 1);
    if (labels != NULL) all->labels = labels;
    if (pixels == NULL || labels == NULL) return ink_fail_memory(err, count * (size + 1), "images");
    memcpy(pixels + all->count * size, more->pixels, more->count * size);
    memcpy(labels + all->count, more->labels, more->count);
    all->count = (uint32_t)count;
    return INK_OK;
}

static ink_status read_one(ink_train_run *run, const char *path, ink_error *err) {
    ink_dataset set = {0};
    ink_dataset_options options = {.path = path, .use = INK_USE_TRAIN, .pool = run->machine.pool};
    ink_status status = ink_dataset_find(&options, &set, err);
    if (status == INK_OK) status = append(&run->set.train, &set.train, path, err);
    if (status == INK_OK) {
        add_line(&run->more_sha256, set.train_sha256);
        ink_watch_say(run->watch, INK_SAY_INFO, "%u rows more to learn from, none of them held out: %s",
                      set.train.count, path);
    }
    ink_dataset_clear(&set);
    return status;
}

ink_status ink_train_read_more(ink_train_run *run, ink_error *err) {
    char path[INK_PATH_SIZE] = "DATA";
    ink_status status = INK_OK;
    run->own_rows = run->set.train.count;
    const char *line = run->more.length > 0 ? run->more.bytes : "";
    while (*line != '\0' && status == INK_OK) {
        size_t length = strcspn(line, "\n");
        snprintf(path, sizeof path, "%.*s", (int)length, line);
        status = read_one(run, path, err);
        line += length + (line[length] == '\n');
    }
    if (status == INK_OK) status = ink_text_check(&run->more_sha256, "the settings", err);
    if (status != INK_OK || run->options->resume == NULL) return status;
    const char *before = ink_tensors_note(&run->resumed.file, "more-sha256");
    const char *now = run->more_sha256.length > 0 ? run->more_sha256.bytes : "";
    if (strcmp(before != NULL ? before : "", now) == 0) return INK_OK;
    ink_fail(err, INK_E_DATA, "%s holds other images than those the run began with", path);
    ink_hint(err, "to learn from new data: inkling train DATA MORE --weights %.120s", run->options->resume);
    return INK_E_DATA;
}

ink_status ink_train_leave_out(ink_train_run *run, ink_error *err) {
    uint32_t more = run->set.train.count - run->own_rows, n = 0;
    if (more == 0) return INK_OK;
    ink_status status =
        ink_duplicates_leave_out(&run->set.train, run->own_rows, run->machine.pool, run->held_out, &n, err);
    if (status == INK_OK && n > 0) {
        ink_watch_say(run->watch, INK_SAY_WARNING,
                      "%u of the %u rows more %s exact cop%s of rows held out: not learned, for the accuracy's sake", n,
                      more, n == 1 ? "is an" : "are", n == 1 ? "y" : "ies");
    }
    return status;
}

/* api/pages_make.c: `inkling data pages`: labelled pages of handwriting as files, with labels.json beside them.
 * How a page is drawn stands in data/handpage.h; pages_score.c reads the labels back. */
#define _POSIX_C_SOURCE 200809L
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "api/json.h"
#include "api/judge.h"
#include "api/predict.h"
#include "core/clock.h"
#include "core/mem.h"
#include "core/status.h"
#include "data/handpage.h"
#include "files/bitmap_write.h"
#include "files/folder.h"
#include "files/write.h"
#include "report/runlog.h"

#define COUNT_DEFAULT 20u
#define COUNT_MOST    9999u

typedef struct job {
    const ink_pages_options *options;
    uint32_t count, total; /* pages with digits; with those without */
    ink_handpage_digits digits;
    json_t **labels;   /* [total] */
    ink_error *errors; /* [threads] the first of each worker */
    ink_counted counted;
    atomic_uint done;
    atomic_ullong n_digits;
    atomic_bool stop;
} job;

static const char *const kind_names[] = {"strings", "columns", "blank", "ruled", "doodle", "boxes", "comb", "table"};

/* Every third page is columns, or the three sorts of form take turns; those without digits take turns. */
static ink_handpage_kind kind_of(const job *j, uint32_t i) {
    if (i < j->count && j->options->forms) return INK_HANDPAGE_BOXES + i % 3;
    if (i < j->count) return i % 3 == 2 ? INK_HANDPAGE_COLUMNS : INK_HANDPAGE_STRINGS;
    return INK_HANDPAGE_BLANK + (i - j->count) % 3;
}

static void page_name(const job *j, uint32_t i, char name[32]) {
    int quality = ink_severity_of(j->options->severity)->quality;
    snprintf(name, 32, "page-%04u.%s", i + 1, quality > 0 ? "jpg" : "png");
}

static json_t *label_json(const char *name, const ink_handpage *page) {
    json_t *digits = json_array();
    for (uint32_t i = 0; i < page->n; i++) {
        const ink_handpage_digit *d = &page->digits[i];
        json_array_append_new(digits, json_pack("{s:i, s:i, s:i, s:[i,i,i,i]}", "digit", (int)d->digit, "line",
                                                (int)d->line, "string", (int)d->string, "box", (int)d->x, (int)d->y,
                                                (int)d->width, (int)d->height));
    }
    return json_pack("{s:s, s:s, s:o}", "file", name, "kind", kind_names[page->kind], "digits", digits);
}

static ink_status make_page(job *j, uint32_t i, ink_error *err) {
    const ink_pages_options *o = j->options;
    char name[32], path[INK_PATH_SIZE];
    ink_handpage page;
    page_name(j, i, name);
    ink_status status = ink_folder_path(j->options->dir, name, path, sizeof path, err);
    if (status != INK_OK) return status;
    status = ink_handpage_draw(o->seed, i, o->severity, kind_of(j, i), &j->digits, &page, err);
    if (status != INK_OK) return status;
    status = ink_bitmap_write(path, page.grey, page.width, page.height, ink_severity_of(o->severity)->quality, err);
    if (status == INK_OK) {
        j->labels[i] = label_json(name, &page);
        if (j->labels[i] == NULL) status = ink_fail_memory(err, page.n * (uint64_t)64, "labels");
    }
    atomic_fetch_add(&j->n_digits, page.n);
    ink_handpage_clear(&page);
    return status;
}

static void make_task(void *context, uint32_t task, uint32_t worker) {
    job *j = context;
    if (atomic_load(&j->stop)) return;
    if (make_page(j, task, &j->errors[worker]) != INK_OK) atomic_store(&j->stop, true);
    unsigned done = atomic_fetch_add(&j->done, 1) + 1;
    if (worker == 0 && ink_counted_tell(&j->counted, done, j->total) != 0) {
        (void)ink_fail(&j->errors[0], INK_E_STOPPED, "stopped after %u of %u pages: labels.json was not written", done,
                       j->total);
        atomic_store(&j->stop, true);
    }
}

/* ---- the digits to write ---- */

/* Rows have numbers: those of other images would be digits that the run knows. */
static ink_status check_data(const char *run, const ink_dataset *set, ink_error *err) {
    char learned[65];
    ink_status status = ink_run_data(run, learned, err);
    if (status != INK_OK || learned[0] == '\0' || strcmp(learned, set->train_sha256) == 0) return status;
    return ink_fail(err, INK_E_DATA, "%s learned from other images: it held none of these out", run);
}

static ink_status keep_held_out(const char *run, ink_dataset *set, ink_error *err) {
    ink_images kept;
    uint32_t *rows = NULL, n = set->train.count;
    uint8_t *held_out = ink_mem_new(n, 1);
    if (held_out == NULL) return ink_fail_memory(err, n, "the split");
    ink_status status = check_data(run, set, err);
    if (status == INK_OK) status = ink_run_split(run, held_out, n, err);
    if (status == INK_OK && memchr(held_out, 1, n) == NULL) {
        status = ink_fail(err, INK_E_USAGE, "%s held nothing out: there are no digits that it does not know", run);
    }
    if (status == INK_OK) status = ink_images_pick(&set->train, held_out, 1, &kept, &rows, err);
    if (status == INK_OK) {
        ink_images_free(&set->train);
        set->train = kept;
    }
    ink_mem_free(held_out);
    ink_mem_free(rows);
    return status;
}

static ink_status read_digits(job *j, ink_dataset *set, ink_pool *pool, const ink_watch *watch, ink_error *err) {
    const ink_pages_options *o = j->options;
    if (o->data == NULL) return INK_OK;
    ink_dataset_options data = {
        .path = o->data, .use = o->held_out != NULL ? INK_USE_TRAIN : INK_USE_EVAL, .pool = pool};
    ink_status status = ink_dataset_find(&data, set, err);
    if (status != INK_OK) return status;
    ink_say_dataset(watch, set);
    if (o->held_out != NULL) status = keep_held_out(o->held_out, set, err);
    const ink_images *images = o->held_out != NULL ? &set->train : &set->test;
    if (status == INK_OK && (images->width != 28 || images->height != 28)) {
        return ink_fail(err, INK_E_DATA, "%s: images of %ux%u, pages are written with digits of 28x28", o->data,
                        images->width, images->height);
    }
    j->digits = (ink_handpage_digits){images->pixels, images->labels, images->count};
    return status;
}

/* ---- all pages ---- */

static ink_status prepare_folder(const job *j, ink_error *err) {
    char name[32] = "labels.json", path[INK_PATH_SIZE];
    struct stat about;
    ink_status status = ink_folder_make(j->options->dir, err);
    for (uint32_t i = 0; i <= j->total && !j->options->force && status == INK_OK; i++) {
        if (i > 0) page_name(j, i - 1, name);
        status = ink_folder_path(j->options->dir, name, path, sizeof path, err);
        if (status != INK_OK || stat(path, &about) != 0) continue;
        status = ink_fail(err, INK_E_USAGE, "%s is there already", path);
        ink_hint(err, "--force replaces the pages; or name another folder");
    }
    return status;
}

static ink_status write_labels(job *j, ink_error *err) {
    char path[INK_PATH_SIZE], *text = NULL;
    json_t *pages = json_array();
    for (uint32_t i = 0; i < j->total; i++) {
        json_array_append_new(pages, j->labels[i]);
        j->labels[i] = NULL;
    }
    json_t *root = json_pack("{s:s, s:i, s:I, s:o}", "schema", "inkling/pages/1", "severity", (int)j->options->severity,
                             "seed", (json_int_t)j->options->seed, "pages", pages);
    ink_status status = ink_folder_path(j->options->dir, "labels.json", path, sizeof path, err);
    if (status == INK_OK) {
        status = ink_json_give(root, &text, err);
    } else {
        json_decref(root);
    }
    if (status == INK_OK) status = ink_file_write_all(path, text, strlen(text), err);
    ink_mem_free(text);
    return status;
}

ink_status ink_work_data_pages(const ink_pages_options *options, const ink_watch *watch, uint64_t *digits,
                               ink_error *err) {
    job j = {.options = options,
             .count = options->count > 0 ? options->count : COUNT_DEFAULT,
             .counted = {.watch = watch, .phase = "drawing", .unit = "pages", .started_s = ink_clock_s()}};
    ink_dataset set = {0};
    ink_pool *pool = NULL;
    *digits = 0;
    if (j.count > COUNT_MOST || options->empty > COUNT_MOST || options->severity > INK_HANDPAGE_SEVERITY_MAX) {
        return ink_fail(err, INK_E_USAGE, "at most %u pages of each kind, severity at most %d", COUNT_MOST,
                        INK_HANDPAGE_SEVERITY_MAX);
    }
    if (options->held_out != NULL && options->data == NULL) {
        return ink_fail(err, INK_E_USAGE, "--held-out needs the DATA that %s was trained on", options->held_out);
    }
    j.total = j.count + options->empty;
    ink_status status = ink_pool_new(options->threads, &pool, err);
    if (status != INK_OK) return status;
    j.labels = ink_mem_new(j.total, sizeof(json_t *));
    j.errors = ink_mem_new(ink_pool_threads(pool), sizeof *j.errors);
    if (j.labels == NULL || j.errors == NULL) {
        status = ink_fail_memory(err, j.total * (uint64_t)sizeof(json_t *), "labels");
        goto done;
    }
    status = prepare_folder(&j, err);
    if (status == INK_OK) status = read_digits(&j, &set, pool, watch, err);
    if (status != INK_OK) goto done;
    ink_pool_each(pool, j.total, make_task, &j);
    for (uint32_t i = 0; i < ink_pool_threads(pool) && status == INK_OK; i++) {
        if (j.errors[i].status == INK_OK) continue;
        status = j.errors[i].status;
        if (err != NULL) *err = j.errors[i];
    }
    if (status == INK_OK) status = write_labels(&j, err);
    if (status == INK_OK) *digits = atomic_load(&j.n_digits);
done:
    for (uint32_t i = 0; j.labels != NULL && i < j.total; i++) json_decref(j.labels[i]);
    ink_mem_free(j.labels);
    ink_mem_free(j.errors);
    ink_dataset_clear(&set);
    ink_pool_free(pool);
    return status;
}

/* api/read.c: `inkling read`: pictures of handwriting to lines of digits, several at a time.
 * How a page is read stands in read/page.h; how well, pages_score.c measures. */
#define _POSIX_C_SOURCE 200809L
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api/json.h"
#include "api/reader.h"
#include "core/clock.h"
#include "core/mem.h"
#include "core/status.h"
#include "files/bitmap_write.h"
#include "files/folder.h"
#include "files/write.h"
#include "report/picture.h"

typedef struct job {
    const ink_read_options *options;
    ink_readers readers;
    ink_read_result *result;
    ink_page *pages; /* [n_files] kept for the JSON */
    ink_counted counted;
    atomic_size_t done;
    atomic_bool stop;
} job;

/* ---- pictures ---- */

/* What was read, over a pale copy of the picture: a box for each digit, the digit above it. */
static ink_status annotate(const char *path, const ink_bitmap *picture, const ink_page *page, ink_error *err) {
    size_t n = (size_t)picture->width * picture->height;
    uint8_t *ink = ink_mem_new(n, 1), *png = NULL;
    size_t size = 0;
    if (ink == NULL) return ink_fail_memory(err, n, "a picture");
    for (size_t i = 0; i < n; i++) ink[i] = (uint8_t)((255 - picture->grey[i]) * 5 / 6);
    ink_picture *p = ink_picture_new(picture->width, picture->height, "a page and the digits read on it");
    ink_picture_digit(p, 0, 0, picture->width, picture->height, ink, picture->width, picture->height);
    double unit = (picture->width > picture->height ? picture->width : picture->height) / 800.0;
    double scale = 1.0 / picture->shrunk;
    if (unit < 1) unit = 1;
    for (uint32_t i = 0; i < page->count; i++) {
        const ink_page_digit *d = &page->digits[i];
        double x = d->x * scale - 2 * unit, y = d->y * scale - 2 * unit;
        double w = d->width * scale + 4 * unit, h = d->height * scale + 4 * unit;
        const double corners[] = {x, y, x + w, y, x + w, y + h, x, y + h, x, y};
        bool sure = d->digit != INK_PAGE_UNSURE;
        const char text[2] = {(char)(sure ? '0' + d->digit : '?'), '\0'};
        ink_color color = sure ? INK_COLOR_ONE : INK_COLOR_BAD;
        double letter = 0.45 * h > 11 * unit ? 0.45 * h : 11 * unit;
        if (letter > 26 * unit) letter = 26 * unit;
        ink_picture_path(p, corners, 5, color, 1.2 * unit, 0);
        ink_picture_text(p, x + w / 2, y - 2.5 * unit, text,
                         &(ink_lettering){.size = letter, .color = color, .anchor = INK_ANCHOR_MIDDLE, .bold = true});
    }
    ink_status status = ink_picture_png(p, INK_THEME_LIGHT, 1, &png, &size, err);
    if (status == INK_OK) status = ink_file_write_all(path, png, size, err);
    ink_mem_free(png);
    ink_picture_free(p);
    ink_mem_free(ink);
    return status;
}

static const char *name_of(const char *file) {
    const char *slash = strrchr(file, '/');
    return slash != NULL ? slash + 1 : file;
}

/* Where the steps of file i go: the folder itself, or one in it with the file's name, and a number when others of that
 * name come before it. */
static ink_status step_folder(const ink_read_options *options, size_t i, char path[INK_PATH_SIZE], ink_error *err) {
    const char *name = name_of(options->files[i]);
    char number[24] = "";
    size_t before = 0;
    for (size_t k = 0; k < i; k++) before += strcmp(name_of(options->files[k]), name) == 0;
    if (before > 0) snprintf(number, sizeof number, "-%zu", before + 1);
    int n = options->n_files == 1 ? snprintf(path, INK_PATH_SIZE, "%s", options->steps)
                                  : snprintf(path, INK_PATH_SIZE, "%s/%s%s", options->steps, name, number);
    if (n < 0 || n >= INK_PATH_SIZE) return ink_fail(err, INK_E_USAGE, "the path %.60s... is too long", options->steps);
    return ink_folder_make(path, err);
}

typedef struct step_place {
    const char *file; /* that is read */
    char folder[INK_PATH_SIZE];
} step_place;

static ink_status write_step(void *context, const char *name, const uint8_t *grey, uint32_t width, uint32_t height,
                             ink_error *err) {
    const step_place *place = context;
    char file[32], path[INK_PATH_SIZE + 32];
    snprintf(file, sizeof file, "%.24s.png", name);
    ink_status status = ink_folder_path(place->folder, file, path, sizeof path, err);
    if (status == INK_OK) status = ink_file_spare(path, place->file, err);
    return status == INK_OK ? ink_bitmap_write(path, grey, width, height, 0, err) : status;
}

/* ---- one file ---- */

static ink_status read_file(job *j, ink_reader *reader, size_t i, ink_error *err) {
    const ink_read_options *o = j->options;
    step_place place = {.file = o->files[i]};
    ink_page_steps steps = {write_step, &place};
    ink_bitmap picture = {0};
    ink_status status = o->steps != NULL ? step_folder(o, i, place.folder, err) : INK_OK;
    if (status == INK_OK) {
        status = ink_reader_read(reader, o->files[i], o->sure, o->steps != NULL ? &steps : NULL, &j->pages[i],
                                 o->annotate != NULL ? &picture : NULL, err);
    }
    if (status == INK_OK && o->annotate != NULL) status = annotate(o->annotate, &picture, &j->pages[i], err);
    if (status == INK_OK) status = ink_page_text(&j->pages[i], &j->result->files[i].text, err);
    ink_bitmap_free(&picture);
    if (status == INK_E_FILE && ink_work_holds_pictures(o->files[i])) {
        ink_hint(err, "its pictures are named one by one: inkling read %.180s/*", o->files[i]);
    }
    return status;
}

static void read_task(void *context, uint32_t task, uint32_t worker) {
    job *j = context;
    ink_read_file *file = &j->result->files[task];
    if (atomic_load(&j->stop)) return;
    double start = ink_clock_s();
    memset(&file->error, 0, sizeof file->error);
    if (read_file(j, &j->readers.at[worker], task, &file->error) != INK_OK && file->error.status == INK_OK) {
        file->error.status = INK_E_INTERNAL;
    }
    file->seconds = ink_clock_s() - start;
    for (uint32_t i = 0; i < j->pages[task].count; i++) {
        file->digits++;
        file->unsure += j->pages[task].digits[i].digit == INK_PAGE_UNSURE;
    }
    file->doubt = ink_page_doubt_text(&j->pages[task]);
    size_t done = atomic_fetch_add(&j->done, 1) + 1;
    /* A watch is told on the calling thread alone, which is worker 0. */
    if (worker == 0 && ink_counted_tell(&j->counted, done, j->options->n_files) != 0) atomic_store(&j->stop, true);
}

/* ---- JSON ---- */

/* digit: null where it is not sure; best: what the net takes it for all the same. */
static json_t *digit_json(const ink_page_digit *d) {
    json_t *p = json_array();
    int best = 0;
    bool sure = d->digit != INK_PAGE_UNSURE;
    for (int k = 0; k < 10; k++) {
        json_array_append_new(p, json_real((double)d->p[k]));
        best = d->p[k] > d->p[best] ? k : best;
    }
    return json_pack("{s:o, s:i, s:f, s:b, s:i, s:[i,i,i,i], s:o}", "digit",
                     sure ? json_integer(d->digit) : json_null(), "best", best, "confidence", (double)d->p[best],
                     "sure", (int)sure, "line", (int)d->line, "box", (int)d->x, (int)d->y, (int)d->width,
                     (int)d->height, "probabilities", p);
}

static json_t *page_json(const char *path, const ink_read_file *file, const ink_page *page) {
    json_t *digits, *lines;
    if (file->error.status != INK_OK) {
        return json_pack("{s:o, s:o}", "file", ink_json_text(path), "error", ink_json_text(file->error.text));
    }
    digits = json_array();
    lines = json_array();
    for (const char *at = file->text; *at != '\0';) {
        const char *end = strchr(at, '\n');
        size_t length = end != NULL ? (size_t)(end - at) : strlen(at);
        json_array_append_new(lines, json_stringn(at, length));
        at += end != NULL ? length + 1 : length;
    }
    for (uint32_t i = 0; i < page->count; i++) json_array_append_new(digits, digit_json(&page->digits[i]));
    return json_pack("{s:o, s:o, s:f, s:b, s:s?, s:o}", "file", ink_json_text(path), "lines", lines, "slope",
                     (double)page->slope, "light_ink", (int)page->light_ink, "doubt", file->doubt, "digits", digits);
}

static ink_status give_json(const job *j, char **text, ink_error *err) {
    json_t *pages = json_array();
    for (size_t i = 0; i < j->options->n_files; i++) {
        json_array_append_new(pages, page_json(j->options->files[i], &j->result->files[i], &j->pages[i]));
    }
    return ink_json_give(json_pack("{s:s, s:o}", "schema", "inkling/read/1", "pages", pages), text, err);
}

/* ---- all files ---- */

void ink_read_clear(ink_read_result *result) {
    for (size_t i = 0; i < result->n_files; i++) ink_mem_free(result->files[i].text);
    ink_mem_free(result->files);
    ink_mem_free(result->json);
    *result = (ink_read_result){0};
}

static ink_status check(const ink_read_options *o, ink_error *err) {
    if (o->n_files == 0 || o->n_files > INK_POOL_TASKS_MAX) {
        return ink_fail(err, INK_E_USAGE, "%zu files, expected 1 to %u", o->n_files, INK_POOL_TASKS_MAX);
    }
    if (o->annotate != NULL && o->n_files > 1) {
        ink_fail(err, INK_E_USAGE, "--annotate draws one picture, and there are %zu files", o->n_files);
        ink_hint(err, "--save-steps DIR shows how each of several files is read");
        return INK_E_USAGE;
    }
    if (o->annotate != NULL) {
        const char *slash = strrchr(o->annotate, '/'), *dot = strrchr(slash != NULL ? slash : o->annotate, '.');
        if (dot != NULL && strcasecmp(dot, ".png") != 0) {
            return ink_fail(err, INK_E_USAGE, "--annotate writes PNG: expected a name that ends in .png, not %s", dot);
        }
    }
    ink_status status = ink_file_spare(o->annotate, o->files[0], err);
    return status == INK_OK && o->steps != NULL ? ink_folder_make(o->steps, err) : status;
}

ink_status ink_work_read(const ink_read_options *options, const ink_watch *watch, ink_read_result *result,
                         ink_error *err) {
    job j = {.options = options,
             .result = result,
             .counted = {.watch = watch, .phase = "reading", .unit = "pages", .started_s = ink_clock_s()}};
    *result = (ink_read_result){0};
    ink_status status = check(options, err);
    if (status != INK_OK) return status;
    result->files = ink_mem_new(options->n_files, sizeof *result->files);
    j.pages = ink_mem_new(options->n_files, sizeof *j.pages);
    if (result->files == NULL || j.pages == NULL) {
        status = ink_fail_memory(err, options->n_files * sizeof *j.pages, "pages");
        goto done;
    }
    result->n_files = options->n_files;
    status = ink_readers_open(options, options->n_files, &j.readers, err);
    if (status != INK_OK) goto done;
    ink_pool_each(j.readers.pool, (uint32_t)options->n_files, read_task, &j);
    if (atomic_load(&j.stop)) {
        status = ink_fail(err, INK_E_STOPPED, "stopped after %zu of %zu files", atomic_load(&j.done), options->n_files);
    }
    if (status == INK_OK) status = give_json(&j, &result->json, err);
done:
    for (size_t i = 0; j.pages != NULL && i < options->n_files; i++) ink_page_clear(&j.pages[i]);
    ink_mem_free(j.pages);
    ink_readers_close(&j.readers);
    if (status != INK_OK) ink_read_clear(result);
    return status;
}

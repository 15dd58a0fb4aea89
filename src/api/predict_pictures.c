/* api/predict_pictures.c: `inkling predict x.png`: the digit on each of some pictures.
 * What a picture's digit is stands in data/digit_files.h; submissions are predict.c's. */
#define _POSIX_C_SOURCE 200809L
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "api/models.h"
#include "api/order.h"
#include "api/tta.h"
#include "core/mem.h"
#include "core/status.h"
#include "data/digit_files.h"

#define EVAL_BATCH 1000

/* The digits of a folder, or the one file. */
static ink_status find_files(const char *path, ink_arena *arena, ink_digit_files *list, ink_error *err) {
    struct stat facts;
    ink_digit_files train, test;
    *list = (ink_digit_files){0};
    if (stat(path, &facts) == 0 && S_ISDIR(facts.st_mode)) {
        ink_status status = ink_digit_files_find(path, arena, &train, &test, err);
        if (status == INK_OK) *list = test.count > 0 ? test : train;
        return status;
    }
    ink_digit_file *file = ink_arena_new(arena, 1, sizeof *file);
    const char *own = ink_arena_string(arena, path, strlen(path));
    if (file == NULL || own == NULL) return ink_fail_memory(err, strlen(path), "a file name");
    *file = (ink_digit_file){own, INK_NO_LABEL};
    *list = (ink_digit_files){file, 1};
    return INK_OK;
}

/* Formats that are not read are named too: the reader says so better than a guess at another meaning of the word. */
static bool is_named_picture(const char *path) {
    static const char *const endings[] = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".heic"};
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        size_t ending = strlen(endings[i]);
        if (length > ending && strcasecmp(path + length - ending, endings[i]) == 0) return true;
    }
    return false;
}

bool ink_work_is_picture(const char *path) {
    ink_source *source = NULL;
    const uint8_t *bytes = NULL;
    size_t got = 0;
    struct stat facts;
    bool there = stat(path, &facts) == 0;
    if (there && S_ISDIR(facts.st_mode)) return false;
    if (is_named_picture(path)) return true;
    if (!there || !S_ISREG(facts.st_mode)) return false;
    bool picture = ink_source_open(path, &source, NULL) == INK_OK &&
                   ink_source_peek(source, &bytes, &got, NULL) == INK_OK && ink_bitmap_is(bytes, got);
    ink_source_close(source);
    return picture;
}

bool ink_work_holds_pictures(const char *path) {
    ink_arena arena = {0};
    ink_digit_files list;
    struct stat facts;
    if (stat(path, &facts) != 0 || !S_ISDIR(facts.st_mode)) return false;
    bool pictures = find_files(path, &arena, &list, NULL) == INK_OK && list.count > 0;
    ink_arena_clear(&arena);
    return pictures;
}

/* Reads every file; those that show a digit stand one behind another in images, their numbers in rows. */
static ink_status read_all(ink_picture_answers *out, const ink_digit_files *list, uint32_t from, ink_images *images,
                           uint32_t *rows) {
    for (uint32_t i = 0; i < list->count; i++) {
        ink_error why;
        bool blank = false;
        ink_picture_answer *a = &out->answers[from + i];
        uint8_t *digit = images->pixels + (size_t)images->count * INK_DIGIT_PIXELS;
        ink_status status = ink_digit_file_read(list->files[i].path, digit, &blank, &why);
        if (status == INK_E_MEMORY) return status;
        a->status = status == INK_OK && blank ? INK_E_DATA : status;
        a->file = ink_mem_string(list->files[i].path);
        if (status == INK_OK && blank) (void)ink_fail(&why, INK_E_DATA, "%s: no digit on it", list->files[i].path);
        if (a->status != INK_OK) a->why = ink_mem_string(why.text);
        if (a->file == NULL || (a->status != INK_OK && a->why == NULL)) return INK_E_MEMORY;
        if (a->status == INK_OK) rows[images->count++] = from + i;
    }
    return INK_OK;
}

static ink_status make_room(const ink_predict_options *options, ink_arena *arena, ink_digit_files *lists,
                            ink_picture_answers *out, ink_images *images, uint32_t **rows, ink_error *err) {
    uint64_t n = 0;
    for (size_t i = 0; i < options->n_pictures; i++) {
        ink_status status = find_files(options->pictures[i], arena, &lists[i], err);
        if (status != INK_OK) return status;
        n += lists[i].count;
    }
    if (n > UINT32_MAX / INK_DIGIT_PIXELS) return ink_fail(err, INK_E_USAGE, "too many pictures at once");
    out->count = (uint32_t)n;
    out->answers = ink_mem_new(out->count, sizeof *out->answers);
    *images = (ink_images){.height = INK_DIGIT_SIDE, .width = INK_DIGIT_SIDE};
    images->pixels = ink_mem_new(out->count, INK_DIGIT_PIXELS);
    *rows = ink_mem_new(out->count, sizeof **rows);
    if (out->answers == NULL || images->pixels == NULL || *rows == NULL) {
        return ink_fail_memory(err, n * (INK_DIGIT_PIXELS + sizeof *out->answers), "pictures");
    }
    return INK_OK;
}

ink_status ink_work_predict_pictures(const ink_predict_options *options, const ink_watch *watch,
                                     ink_picture_answers *out, ink_error *err) {
    ink_machine machine = {0};
    ink_models models = {0};
    ink_images images = {0};
    ink_predictions predictions = {0};
    ink_arena arena = {0};
    uint32_t *rows = NULL, from = 0;
    *out = (ink_picture_answers){0};
    ink_digit_files *lists = ink_mem_new(options->n_pictures, sizeof *lists);
    ink_status status = ink_order_check("predict", options->models, options->n_models, NULL, err);
    if (status == INK_OK) {
        status = lists != NULL ? ink_machine_open(&options->engine, &machine, err)
                               : ink_fail_memory(err, options->n_pictures * sizeof *lists, "pictures");
    }
    if (status == INK_OK) {
        status = ink_models_open(options->models, options->n_models, &machine,
                                 options->eval_batch_size > 0 ? options->eval_batch_size : EVAL_BATCH, &models, err);
        if (status == INK_OK) status = ink_tta_choose(options->tta, options->tta_below, &models, err);
    }
    if (status == INK_OK) status = make_room(options, &arena, lists, out, &images, &rows, err);
    for (size_t i = 0; i < options->n_pictures && status == INK_OK; from += lists[i++].count) {
        status = read_all(out, &lists[i], from, &images, rows);
        if (status != INK_OK) status = ink_fail_memory(err, INK_DIGIT_PIXELS, "a picture");
    }
    if (status == INK_OK && images.count > 0) status = ink_models_predict(&models, &images, watch, &predictions, err);
    for (uint32_t k = 0; k < predictions.count; k++) {
        ink_picture_answer *a = &out->answers[rows[k]];
        a->digit = predictions.digits[k];
        memcpy(a->p, predictions.p + (size_t)k * 10, sizeof a->p);
    }
    ink_mem_free(lists);
    ink_mem_free(rows);
    ink_predictions_free(&predictions);
    ink_images_free(&images);
    ink_models_close(&models);
    ink_machine_close(&machine);
    ink_arena_clear(&arena);
    if (status != INK_OK) ink_work_picture_answers_free(out);
    return status;
}

void ink_work_picture_answers_free(ink_picture_answers *answers) {
    for (uint32_t i = 0; answers->answers != NULL && i < answers->count; i++) {
        ink_mem_free(answers->answers[i].file);
        ink_mem_free(answers->answers[i].why);
    }
    ink_mem_free(answers->answers);
    *answers = (ink_picture_answers){0};
}

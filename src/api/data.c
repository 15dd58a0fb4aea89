/* api/data.c: `inkling data`: to look at digits and to draw some.
 * What DATA may be stands in data/dataset.h; how digits are drawn in data/synth.h; downloads are in data_get.c. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "api/engine.h"
#include "api/predict.h"
#include "api/recipes.h"
#include "core/clock.h"
#include "core/mem.h"
#include "core/rng.h"
#include "core/status.h"
#include "files/write.h"
#include "data/make.h"
#include "report/sheet.h"
#include "report/terminal.h"

#define SHOW_DEFAULT 100
#define SHOW_MOST    10000
#define IN_TERMINAL  10 /* digits: one row of a wide terminal */

/* ---- show ---- */

/* Which images: seed 0 takes each digit in turn, from the first row on; else any. Returns how many. */
static uint32_t choose(const ink_images *images, uint64_t seed, uint32_t count, uint32_t *chosen) {
    uint32_t n = 0, next[10] = {0};
    if (count > images->count) count = images->count;
    if (seed != 0 || images->labels == NULL) {
        ink_rng rng = ink_rng_at(seed, INK_STREAM_SAMPLE, 0, 0);
        for (uint32_t i = 0; i < count; i++) {
            chosen[n++] = seed == 0 ? i : ink_rng_below(&rng, images->count);
        }
        return n;
    }
    for (uint32_t misses = 0, digit = 0; n < count && misses < 10; digit = (digit + 1) % 10) {
        uint32_t i = next[digit];
        while (i < images->count && images->labels[i] != digit) i++;
        next[digit] = i + 1;
        misses = i < images->count ? 0 : misses + 1;
        if (i < images->count) chosen[n++] = i;
    }
    return n;
}

/* The chosen images one behind another, distorted as the recipe's epoch 1 would. */
static void copy_chosen(const ink_images *images, const uint32_t *chosen, uint32_t n, const ink_recipe *recipe,
                        float *scratch, uint8_t *pixels) {
    size_t size = (size_t)images->height * images->width;
    for (uint32_t k = 0; k < n; k++) {
        const uint8_t *from = images->pixels + chosen[k] * size;
        uint8_t *to = pixels + k * size;
        if (recipe == NULL || ink_augment_is_none(&recipe->augment)) {
            memcpy(to, from, size);
            continue;
        }
        ink_warp warp;
        ink_augment_draw(&recipe->augment, recipe->seed, 1 + k, chosen[k], from, images->height, images->width, &warp);
        ink_warp_apply(&warp, from, images->height, images->width, scratch);
        for (size_t i = 0; i < size; i++) to[i] = (uint8_t)(scratch[i] + 0.5f);
    }
}

static const char *out_of(const ink_show_options *options) {
    return options->out != NULL ? options->out : "digits.png";
}

static ink_status draw_sheet(const ink_show_options *options, const ink_images *images, const uint32_t *chosen,
                             const uint8_t *pixels, uint32_t n, bool words, ink_error *err) {
    static const char *const digit_text[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    size_t size = (size_t)images->height * images->width;
    char title[160], note[120];
    ink_picture *picture = NULL;
    ink_sheet_digit *digits = ink_mem_new(n, sizeof *digits);
    if (digits == NULL) return ink_fail_memory(err, n * sizeof *digits, "a sheet");
    for (uint32_t k = 0; k < n; k++) {
        digits[k].pixels = pixels + k * size;
        if (images->labels != NULL) digits[k].caption = digit_text[images->labels[chosen[k]]];
    }
    snprintf(title, sizeof title, "%u of %u digits", n, images->count);
    snprintf(note, sizeof note, words ? "distorted: %.100s" : "distorted as recipe %.60s does",
             options->augment != NULL ? options->augment : "");
    ink_sheet sheet = {.title = title,
                       .note = options->augment != NULL ? note : NULL,
                       .digits = digits,
                       .count = n,
                       .width = images->width,
                       .height = images->height};
    ink_status status = ink_sheet_draw(&sheet, &picture, err);
    if (status == INK_OK) status = ink_picture_save(picture, out_of(options), err);
    ink_picture_free(picture);
    ink_mem_free(digits);
    return status;
}

/* Words of the key `augment`, not the name of a recipe's file with a blank in it? */
static bool are_words(const char *augment) {
    struct stat about;
    return augment != NULL && strchr(augment, ' ') != NULL && stat(augment, &about) != 0;
}

ink_status ink_work_data_show(const ink_show_options *options, const ink_watch *watch, char **text, ink_error *err) {
    ink_dataset set = {0};
    ink_recipe recipe;
    uint32_t *chosen = NULL;
    uint8_t *pixels = NULL;
    float *scratch = NULL;
    ink_pool *pool = NULL;
    uint32_t count = options->count > 0 ? options->count : SHOW_DEFAULT;
    *text = NULL;
    if (count > SHOW_MOST) return ink_fail(err, INK_E_USAGE, "--count is %u, expected at most %d", count, SHOW_MOST);
    ink_recipe_start(&recipe);
    ink_status status = INK_OK;
    const bool words = are_words(options->augment);
    status = ink_file_spare(out_of(options), options->data, err);
    if (status != INK_OK) goto done;
    if (words) {
        status = ink_recipe_set(&recipe, "augment", options->augment, "--augment", err);
    } else if (options->augment != NULL) {
        status = ink_recipe_open(options->augment, &recipe, err);
    }
    if (status == INK_OK) status = ink_pool_new(0, &pool, err);
    if (status != INK_OK) goto done;
    ink_dataset_options data = {.path = options->data, .use = INK_USE_SHOW, .pool = pool};
    status = ink_dataset_find(&data, &set, err);
    if (status != INK_OK) goto done;
    ink_say_dataset(watch, &set);
    const ink_images *images = set.train.count > 0 ? &set.train : &set.test;
    size_t size = (size_t)images->height * images->width;
    chosen = ink_mem_new(count, sizeof *chosen);
    pixels = ink_mem_new(count, size);
    scratch = ink_mem_new(size, sizeof *scratch);
    if (chosen == NULL || pixels == NULL || scratch == NULL) {
        status = ink_fail_memory(err, count * size, "a sheet");
        goto done;
    }
    uint32_t n = choose(images, options->seed, count, chosen);
    copy_chosen(images, chosen, n, options->augment != NULL ? &recipe : NULL, scratch, pixels);
    status = draw_sheet(options, images, chosen, pixels, n, words, err);
    if (status == INK_OK) {
        status = ink_terminal_digits(pixels, n < IN_TERMINAL ? n : IN_TERMINAL, images->width, images->height, NULL,
                                     options->columns, options->utf8, text, err);
    }
done:
    ink_mem_free(scratch);
    ink_mem_free(pixels);
    ink_mem_free(chosen);
    ink_dataset_clear(&set);
    ink_pool_free(pool);
    ink_recipe_clear(&recipe);
    return status;
}

/* ---- make ---- */

static int on_made(void *context, uint64_t done, uint64_t total) {
    return ink_counted_tell(context, done, total);
}

ink_status ink_work_data_make(const ink_make_options *options, const ink_watch *watch, ink_error *err) {
    ink_pool *pool = NULL;
    ink_counted counted = {.watch = watch, .phase = "drawing", .unit = "digits", .started_s = ink_clock_s()};
    if (options->dir == NULL) return ink_fail(err, INK_E_USAGE, "data make needs a folder to write to");
    ink_status status = ink_pool_new(options->threads, &pool, err);
    if (status != INK_OK) return status;
    ink_make make = {.dir = options->dir,
                     .count = options->count > 0 ? options->count : 60000,
                     .seed = options->seed,
                     .force = options->force,
                     .pool = pool,
                     .progress = on_made,
                     .context = &counted};
    status = ink_data_make(&make, err);
    if (status == INK_OK) {
        ink_watch_say(watch, INK_SAY_INFO, "%s: train.csv with %u digits, test.csv with %u, their labels apart",
                      options->dir, make.count, make.count / 4 > 0 ? make.count / 4 : 1);
    }
    ink_pool_free(pool);
    return status;
}

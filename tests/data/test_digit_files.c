/* tests/data/test_digit_files.c: pictures as digits: which files, in what order, and what becomes of their pixels.
 * Damaged files of every kind are tested in tests/files/test_bitmap_*. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <png.h>

#include "core/rng.h"
#include "data/dataset.h"
#include "data/synth.h"

static char folder[] = "/tmp/ink_pictures_XXXXXX";

static const char *in_folder(const char *name) {
    static char text[4][512];
    static int next;
    char *path = text[next++ % 4];
    snprintf(path, sizeof text[0], "%s/%s", folder, name);
    return path;
}

static void make_folder(const char *name) {
    assert_int_equal(mkdir(in_folder(name), 0777), 0);
}

static void save_png(const char *name, const uint8_t *grey, uint32_t width, uint32_t height) {
    png_image image = {.version = PNG_IMAGE_VERSION, .width = width, .height = height, .format = PNG_FORMAT_GRAY};
    assert_int_not_equal(png_image_write_to_file(&image, in_folder(name), 0, grey, 0, NULL), 0);
}

static void save_text(const char *name, const char *text) {
    FILE *file = fopen(in_folder(name), "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

/* A digit as MNIST would show it: the first of the series that shows this one. */
static void draw(uint8_t digit, uint64_t seed, uint8_t out[INK_DIGIT_PIXELS]) {
    uint8_t label = 255;
    for (uint64_t number = 0; label != digit; number++) ink_synth_digit(seed, number, out, &label);
}

static int clear(void **state) {
    (void)state;
    char command[600];
    snprintf(command, sizeof command, "rm -rf '%s'/*", folder);
    return system(command);
}

static int setup(void **state) {
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int teardown(void **state) {
    clear(state);
    return rmdir(folder);
}

/* Mean absolute difference of two digits, one of them moved by a pixel if that makes it less: a centre of mass half way
 * between two pixels may go either way. */
static double difference(const uint8_t *a, const uint8_t *b) {
    double least = 255;
    for (int shift = 0; shift < 9; shift++) {
        int move = (shift / 3 - 1) * 28 + shift % 3 - 1;
        double sum = 0;
        for (int i = 0; i < INK_DIGIT_PIXELS; i++) {
            int from = i + move;
            sum += abs(a[i] - (from >= 0 && from < INK_DIGIT_PIXELS ? b[from] : 0));
        }
        least = sum / INK_DIGIT_PIXELS < least ? sum / INK_DIGIT_PIXELS : least;
    }
    return least;
}

static void read_file(const char *name, uint8_t out[INK_DIGIT_PIXELS], bool wanted_blank) {
    bool blank;
    ink_error err;
    assert_int_equal(ink_digit_file_read(in_folder(name), out, &blank, &err), INK_OK);
    assert_int_equal(blank, wanted_blank);
}

static void test_pixels(void **state) {
    (void)state;
    uint8_t digit[INK_DIGIT_PIXELS], other[INK_DIGIT_PIXELS], got[INK_DIGIT_PIXELS];
    static uint8_t large[300 * 200];
    for (uint8_t d = 0; d < 10; d++) {
        draw(d, 7, digit);
        /* As MNIST has it: not a bit changes. */
        save_png("a.png", digit, 28, 28);
        read_file("a.png", got, false);
        assert_memory_equal(got, digit, sizeof digit);
        /* Black on white: turned, and nearly the same. */
        for (int i = 0; i < INK_DIGIT_PIXELS; i++) other[i] = (uint8_t)(255 - digit[i]);
        save_png("a.png", other, 28, 28);
        read_file("a.png", got, false);
        assert_true(difference(got, digit) < 3);
        /* In a corner of grey paper, six times as large, with pale ink and noise. */
        for (int i = 0; i < 300 * 200; i++) large[i] = (uint8_t)(180 + i * 7 % 5);
        for (int y = 0; y < 168; y++) {
            for (int x = 0; x < 168; x++) {
                int ink = digit[y / 6 * 28 + x / 6];
                large[(y + 20) * 300 + x + 100] = (uint8_t)(large[(y + 20) * 300 + x + 100] - ink / 2);
            }
        }
        save_png("a.png", large, 300, 200);
        read_file("a.png", got, false);
        assert_true(difference(got, digit) < 3);
    }
    /* Light on dark but shifted, or small: no MNIST picture, so it is normalised. */
    memset(other, 0, sizeof other);
    for (int y = 0; y < 10; y++) memset(other + y * 28, 200, 3);
    save_png("a.png", other, 28, 28);
    read_file("a.png", got, false);
    int darkest = 0, rows = 0;
    for (int i = 0; i < INK_DIGIT_PIXELS; i++) darkest = got[i] > darkest ? got[i] : darkest;
    for (int y = 0; y < 28; y++) {
        int any = 0;
        for (int x = 0; x < 28; x++) any |= got[y * 28 + x];
        rows += any != 0;
    }
    assert_int_equal(darkest, 255);
    assert_int_equal(rows, 20);
}

static void test_blank(void **state) {
    (void)state;
    static uint8_t page[64 * 40];
    uint8_t got[INK_DIGIT_PIXELS];
    for (int shade = 0; shade < 256; shade += 85) {
        memset(page, shade, sizeof page);
        save_png("blank.png", page, 64, 40);
        read_file("blank.png", got, true);
        for (int i = 0; i < INK_DIGIT_PIXELS; i++) assert_int_equal(got[i], 0);
    }
    /* Noise alone is no ink; nor is one pixel a page. */
    ink_rng rng = ink_rng_at(1, INK_STREAM_SAMPLE, 0, 0);
    for (size_t i = 0; i < sizeof page; i++) page[i] = (uint8_t)(200 + ink_rng_below(&rng, 24));
    save_png("blank.png", page, 64, 40);
    read_file("blank.png", got, true);
    save_png("blank.png", page, 1, 1);
    read_file("blank.png", got, true);
}

/* The names of a list, without the folder. */
static void names_of(const ink_digit_files *list, char *text, size_t size) {
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < list->count; i++) {
        used += (size_t)snprintf(text + used, size - used, " %s", list->files[i].path + strlen(folder) + 1);
        assert_true(used < size);
    }
}

static void test_folders(void **state) {
    (void)state;
    uint8_t digit[INK_DIGIT_PIXELS];
    char names[512];
    ink_arena arena = {0};
    ink_digit_files train, test;
    draw(4, 1, digit);
    make_folder("set");
    make_folder("set/7");
    make_folder("set/0");
    make_folder("set/10");
    make_folder("set/7/folder.png");
    const char *const files[] = {"set/7/10.png", "set/7/2.PNG",       "set/0/2.jpeg", "set/0/1.jpg",
                                 "set/10/1.png", "set/7/.hidden.png", "set/7/b.txt",  "set/loose.png"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) save_png(files[i], digit, 28, 28);
    assert_int_equal(ink_digit_files_find(in_folder("set"), &arena, &train, &test, NULL), INK_OK);
    names_of(&train, names, sizeof names);
    assert_string_equal(names, " set/0/1.jpg set/7/2.PNG set/0/2.jpeg set/7/10.png");
    assert_int_equal(train.files[1].label, 7);
    assert_int_equal(test.count, 0);

    make_folder("both");
    make_folder("both/training");
    make_folder("both/training/3");
    make_folder("both/test");
    make_folder("both/test/5");
    save_png("both/training/3/a.png", digit, 28, 28);
    save_png("both/test/5/b.png", digit, 28, 28);
    assert_int_equal(ink_digit_files_find(in_folder("both"), &arena, &train, &test, NULL), INK_OK);
    assert_int_equal(train.count, 1);
    assert_int_equal(train.files[0].label, 3);
    assert_int_equal(test.count, 1);
    assert_int_equal(test.files[0].label, 5);

    /* Pictures alone have no labels; those of a run are its charts. */
    make_folder("loose");
    save_png("loose/a.png", digit, 28, 28);
    assert_int_equal(ink_digit_files_find(in_folder("loose"), &arena, &train, &test, NULL), INK_OK);
    assert_int_equal(train.count, 1);
    assert_int_equal(train.files[0].label, INK_NO_LABEL);
    save_text("loose/args.conf", "epochs = 1\n");
    assert_int_equal(ink_digit_files_find(in_folder("loose"), &arena, &train, &test, NULL), INK_OK);
    assert_int_equal(train.count, 0);
    ink_arena_clear(&arena);
}

static ink_status find(const char *name, ink_use use, ink_dataset *set, ink_error *err) {
    return ink_dataset_find(&(ink_dataset_options){.path = in_folder(name), .use = use}, set, err);
}

static void test_dataset(void **state) {
    (void)state;
    uint8_t digit[INK_DIGIT_PIXELS];
    ink_dataset set;
    ink_error err;
    make_folder("set");
    for (uint8_t d = 0; d < 10; d++) {
        char name[32];
        snprintf(name, sizeof name, "set/%u", d);
        make_folder(name);
        for (int i = 0; i < 9; i++) {
            snprintf(name, sizeof name, "set/%u/%d.png", d, i);
            draw(d, (uint64_t)i, digit);
            save_png(name, digit, 28, 28);
        }
    }
    assert_int_equal(find("set", INK_USE_TRAIN, &set, &err), INK_OK);
    assert_int_equal(set.train.count, 90);
    for (uint32_t i = 0; i < 90; i++) assert_int_equal(set.train.labels[i], i % 10);
    draw(3, 2, digit);
    assert_memory_equal(set.train.pixels + (size_t)23 * INK_DIGIT_PIXELS, digit, sizeof digit);
    ink_dataset_clear(&set);
    assert_int_equal(find("set", INK_USE_EVAL, &set, &err), INK_OK);
    assert_int_equal(set.test.count, 90);
    assert_non_null(strstr(set.test_files[23].path, "/3/2.png"));
    ink_dataset_clear(&set);

    /* A file that is none: its name, and the first in order whatever the thread. */
    save_text("set/8/4.png", "not a picture\n");
    save_text("set/9/7.png", "nor this\n");
    ink_pool *pool;
    assert_int_equal(ink_pool_new(3, &pool, NULL), INK_OK);
    ink_status status = ink_dataset_find(
        &(ink_dataset_options){.path = in_folder("set"), .use = INK_USE_TRAIN, .pool = pool}, &set, &err);
    ink_pool_free(pool);
    assert_int_equal(status, INK_E_DATA);
    assert_non_null(strstr(err.text, "/8/4.png: this is neither PNG nor JPEG"));

    /* Without labels there is nothing to learn from, but something to predict. */
    save_png("one.png", digit, 28, 28);
    assert_int_equal(find("one.png", INK_USE_TRAIN, &set, &err), INK_E_DATA);
    assert_non_null(strstr(err.text, "one.png has no labels"));
    assert_int_equal(find("one.png", INK_USE_PREDICT, &set, &err), INK_OK);
    assert_int_equal(set.test.count, 1);
    assert_null(set.test.labels);
    ink_dataset_clear(&set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_pixels, clear),
        cmocka_unit_test_teardown(test_blank, clear),
        cmocka_unit_test_teardown(test_folders, clear),
        cmocka_unit_test_teardown(test_dataset, clear),
    };
    return cmocka_run_group_tests_name("data/digit_files", tests, setup, teardown);
}

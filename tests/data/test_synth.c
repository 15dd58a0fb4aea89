/* tests/data/test_synth.c: synthetic digits: the same everywhere, of every class, in the form of MNIST; and the files
 * that are made of them. How well a net learns from them is measured elsewhere. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "core/hash.h"
#include "core/mem.h"
#include "data/fingerprint.h"
#include "data/make.h"
#include "data/synth.h"
#include "files/csv.h"
#include "files/submission.h"

#define N 2000

static uint8_t pixels[N * INK_DIGIT_PIXELS], labels[N];

static int setup(void **state) {
    (void)state;
    ink_synth_digits(1, 0, N, NULL, pixels, labels);
    return 0;
}

/* Changes when the drawing changes: then say so in CHANGELOG, since everybody's synthetic data change with it. */
static void golden(void **state) {
    (void)state;
    char hex[65];
    ink_sha256 sha;
    ink_sha256_start(&sha);
    ink_sha256_add(&sha, pixels, sizeof pixels);
    ink_sha256_add(&sha, labels, sizeof labels);
    ink_sha256_end(&sha, hex);
    assert_string_equal(hex, "1693bd6b85e88f310663c1b973ce8e47a21396b6d310471e91ae7cc2d995f956");
}

static void threads_and_parts(void **state) {
    (void)state;
    static uint8_t p[N * INK_DIGIT_PIXELS], l[N];
    ink_pool *pool = NULL;
    assert_int_equal(ink_pool_new(3, &pool, NULL), INK_OK);
    ink_synth_digits(1, 0, 700, pool, p, l);
    ink_synth_digits(1, 700, N - 700, pool, p + 700 * INK_DIGIT_PIXELS, l + 700);
    assert_memory_equal(p, pixels, sizeof p);
    assert_memory_equal(l, labels, sizeof l);
    ink_synth_digits(2, 0, N, pool, p, l);
    assert_memory_not_equal(p, pixels, sizeof p);
    ink_pool_free(pool);
}

static void form_of_mnist(void **state) {
    (void)state;
    uint32_t counts[10] = {0};
    double mean = 0;
    for (uint32_t i = 0; i < N; i++) {
        const uint8_t *image = pixels + (size_t)i * INK_DIGIT_PIXELS;
        int left = 28, right = -1, top = 28, bottom = -1, darkest = 0;
        for (int p = 0; p < INK_DIGIT_PIXELS; p++) {
            int x = p % 28, y = p / 28;
            mean += image[p];
            if (image[p] > darkest) darkest = image[p];
            if (image[p] == 0) continue;
            if (x < left) left = x;
            if (x > right) right = x;
            if (y < top) top = y;
            if (y > bottom) bottom = y;
        }
        int longer = right - left > bottom - top ? right - left + 1 : bottom - top + 1;
        assert_int_equal(darkest, 255);
        assert_true(longer == 20 || longer == 19);
        assert_true(labels[i] < 10);
        counts[labels[i]]++;
    }
    for (int c = 0; c < 10; c++) assert_true(counts[c] > N / 10 - 60 && counts[c] < N / 10 + 60);
    mean /= N * INK_DIGIT_PIXELS * 255.0;
    assert_true(mean > 0.11 && mean < 0.15); /* MNIST: 0.1307 */
}

static void no_two_alike(void **state) {
    (void)state;
    ink_images images = {.pixels = pixels, .labels = labels, .count = N, .height = 28, .width = 28};
    ink_duplicates d;
    assert_int_equal(ink_duplicates_find(&images, NULL, NULL, &d, NULL), INK_OK);
    /* A plain 1 has few pixels and may meet its like. */
    assert_true(d.within <= 2);
}

static void ink_before_normalising(void **state) {
    (void)state;
    for (uint64_t number = 0; number < 20; number++) {
        uint8_t ink[INK_SYNTH_SIDE * INK_SYNTH_SIDE], label, out[INK_DIGIT_PIXELS];
        ink_synth_ink(1, number, ink, &label);
        assert_int_equal(label, labels[number]);
        assert_true(ink_digit_normalise(ink, INK_SYNTH_SIDE, INK_SYNTH_SIDE, INK_SYNTH_SIDE, out));
        assert_memory_equal(out, pixels + number * INK_DIGIT_PIXELS, sizeof out);
    }
}

/* ---- files ---- */

static char folder[] = "/tmp/ink_make_XXXXXX";

static int new_folder(void **state) {
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int drop_folder(void **state) {
    (void)state;
    char command[100];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static ink_source *open_file(const char *name) {
    char path[200];
    ink_source *source = NULL;
    snprintf(path, sizeof path, "%s/digits/%s", folder, name);
    assert_int_equal(ink_source_open(path, &source, NULL), INK_OK);
    return source;
}

static int stop_late(void *context, uint64_t done, uint64_t total) {
    *(uint64_t *)context = done;
    assert_int_equal(total, 1500 + 375);
    return done > 1000;
}

static void kaggle_files(void **state) {
    (void)state;
    char dir[100];
    ink_error err;
    uint64_t done = 0;
    struct stat facts;
    snprintf(dir, sizeof dir, "%s/digits", folder);
    ink_make make = {.dir = dir, .count = 1500, .seed = 1, .progress = stop_late, .context = &done};
    assert_int_equal(ink_data_make(&make, &err), INK_E_STOPPED);
    snprintf(dir + strlen(dir), 20, "/train.csv");
    assert_int_not_equal(stat(dir, &facts), 0); /* nothing half-written */
    snprintf(dir, sizeof dir, "%s/digits", folder);
    make.progress = NULL;
    assert_int_equal(ink_data_make(&make, &err), INK_OK);

    ink_images train, test;
    ink_source *source = open_file("train.csv");
    assert_int_equal(ink_csv_read(source, INK_CSV_TRAIN, NULL, &train, &err), INK_OK);
    ink_source_close(source);
    assert_int_equal(train.count, 1500);
    assert_memory_equal(train.pixels, pixels, (size_t)1500 * INK_DIGIT_PIXELS);
    assert_memory_equal(train.labels, labels, 1500);
    source = open_file("test.csv");
    assert_int_equal(ink_csv_read(source, INK_CSV_TEST, NULL, &test, &err), INK_OK);
    ink_source_close(source);
    assert_int_equal(test.count, 375);
    assert_null(test.labels);
    assert_memory_equal(test.pixels, pixels + (size_t)1500 * INK_DIGIT_PIXELS, (size_t)375 * INK_DIGIT_PIXELS);
    static const char *const names[] = {"test_labels.csv", "sample_submission.csv"};
    for (int i = 0; i < 2; i++) {
        ink_submission answers;
        source = open_file(names[i]);
        assert_int_equal(ink_submission_read(source, &answers, &err), INK_OK);
        ink_source_close(source);
        assert_int_equal(ink_submission_match(&answers, names[i], 375, &err), INK_OK);
        if (i == 0) assert_memory_equal(answers.labels, labels + 1500, 375);
        ink_submission_free(&answers);
    }
    ink_images_free(&train);
    ink_images_free(&test);

    assert_int_equal(ink_data_make(&make, &err), INK_E_USAGE);
    assert_non_null(strstr(err.text, "train.csv is there already"));
    assert_string_equal(err.hint, "--force replaces it; or name another folder");
    make.force = true;
    make.count = 1;
    assert_int_equal(ink_data_make(&make, &err), INK_OK);
    make.count = 0;
    assert_int_equal(ink_data_make(&make, &err), INK_E_USAGE);
    make.count = 5;
    make.dir = "/nowhere/at/all";
    assert_int_equal(ink_data_make(&make, &err), INK_E_FILE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden),
        cmocka_unit_test(threads_and_parts),
        cmocka_unit_test(form_of_mnist),
        cmocka_unit_test(no_two_alike),
        cmocka_unit_test(ink_before_normalising),
        cmocka_unit_test_setup_teardown(kaggle_files, new_folder, drop_folder),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}

/* tests/data/test_dataset.c: every form of DATA that is accepted, and what is said about it.
 * The formats' own faults are tested in tests/files. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <zip.h>
#include <zlib.h>

#include "core/mem.h"
#include "core/rng.h"
#include "data/dataset.h"

static char folder[] = "/tmp/ink_dataset_XXXXXX";
static char path_text[512];

static const char *path(const char *name) {
    snprintf(path_text, sizeof path_text, "%s/%s", folder, name);
    return path_text;
}

/* ---- files to find ---- */

typedef struct text {
    char *bytes;
    size_t size;
} text;

/* Image i of a series: a few pixels, no two alike. */
static int shade(uint32_t series, uint32_t i, int p) {
    return p == 0 ? (int)(i % 251) + 1 : p == 1 ? (int)(series + 1) : p == 2 ? (int)(i / 251) : 0;
}

static text csv(uint32_t series, uint32_t count, bool labels) {
    text t = {malloc(8000 + (size_t)count * 2000), 0};
    assert_non_null(t.bytes);
    t.size += (size_t)sprintf(t.bytes, "%s", labels ? "label," : "");
    for (int p = 0; p < 784; p++) t.size += (size_t)sprintf(t.bytes + t.size, "pixel%d%s", p, p == 783 ? "\n" : ",");
    for (uint32_t i = 0; i < count; i++) {
        if (labels) t.size += (size_t)sprintf(t.bytes + t.size, "%u,", i % 10);
        for (int p = 0; p < 784; p++) {
            t.size += (size_t)sprintf(t.bytes + t.size, "%d%s", shade(series, i, p), p == 783 ? "\n" : ",");
        }
    }
    return t;
}

static text ids(uint32_t count, bool answers) {
    text t = {malloc(32 + (size_t)count * 16), 0};
    assert_non_null(t.bytes);
    t.size += (size_t)sprintf(t.bytes, "ImageId,Label\n");
    for (uint32_t i = 1; i <= count; i++) {
        t.size += (size_t)sprintf(t.bytes + t.size, "%u,%u\n", i, answers ? (i * 3) % 10 : 0);
    }
    return t;
}

static void put_number(uint8_t *at, uint32_t value) {
    for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static text idx(uint32_t series, uint32_t count, bool labels) {
    text t = {calloc(16 + (size_t)count * 784, 1), labels ? 8 + (size_t)count : 16 + (size_t)count * 784};
    assert_non_null(t.bytes);
    uint8_t *b = (uint8_t *)t.bytes;
    put_number(b, labels ? 0x801 : 0x803);
    put_number(b + 4, count);
    if (!labels) {
        put_number(b + 8, 28);
        put_number(b + 12, 28);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (labels) b[8 + i] = (uint8_t)(i % 10);
        for (int p = 0; !labels && p < 784; p++) b[16 + i * 784 + (uint32_t)p] = (uint8_t)shade(series, i, p);
    }
    return t;
}

static void save(const char *name, text t) {
    FILE *f = fopen(path(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(t.bytes, 1, t.size, f), t.size);
    fclose(f);
    free(t.bytes);
}

static void save_gz(const char *name, text t) {
    gzFile f = gzopen(path(name), "wb1");
    assert_non_null(f);
    assert_int_equal(gzwrite(f, t.bytes, (unsigned)t.size), (int)t.size);
    gzclose(f);
    free(t.bytes);
}

/* names and texts end with a NULL name. */
static void save_zip(const char *name, const char *const *names, const text *texts) {
    int fault;
    zip_t *z = zip_open(path(name), ZIP_CREATE | ZIP_TRUNCATE, &fault);
    assert_non_null(z);
    for (int i = 0; names[i] != NULL; i++) {
        zip_source_t *s = zip_source_buffer(z, texts[i].bytes, texts[i].size, 1);
        assert_true(zip_file_add(z, names[i], s, 0) >= 0);
    }
    assert_int_equal(zip_close(z), 0);
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

/* ---- finding ---- */

static ink_dataset find(const char *name, ink_use use, const char *test) {
    ink_dataset set;
    ink_error err;
    char data[512], other[512];
    snprintf(data, sizeof data, "%s", path(name));
    if (test != NULL) snprintf(other, sizeof other, "%s", path(test));
    ink_status status = ink_dataset_find(
        &(ink_dataset_options){.path = data, .test = test != NULL ? other : NULL, .use = use}, &set, &err);
    if (status != INK_OK) print_message("%s | %s\n", err.text, err.hint);
    assert_int_equal(status, INK_OK);
    return set;
}

static void refuse(const char *name, ink_use use, ink_status wanted, const char *words, const char *hint) {
    ink_dataset set;
    ink_error err;
    assert_int_equal(ink_dataset_find(&(ink_dataset_options){.path = path(name), .use = use}, &set, &err), wanted);
    if (strstr(err.text, words) == NULL) fail_msg("\"%s\" lacks \"%s\"", err.text, words);
    if (strstr(err.hint, hint) == NULL) fail_msg("\"%s\" lacks \"%s\"", err.hint, hint);
    assert_null(strchr(err.text, '\n'));
    assert_int_equal(set.train.count + set.test.count, 0);
}

static bool says(const char *const *lines, uint32_t n, const char *words) {
    for (uint32_t i = 0; i < n; i++) {
        if (strstr(lines[i], words) != NULL) return true;
    }
    return false;
}

/* The images are series `series`, `count` of them. */
static void is_series(const ink_images *images, uint32_t series, uint32_t count) {
    assert_int_equal(images->count, count);
    assert_int_equal(images->height, 28);
    assert_int_equal(images->width, 28);
    for (uint32_t i = 0; i < count; i++) {
        for (int p = 0; p < 784; p++) assert_int_equal(images->pixels[i * 784 + (uint32_t)p], shade(series, i, p));
        if (images->labels != NULL) assert_true(images->labels[i] < 10);
    }
}

static void one_csv(void **state) {
    (void)state;
    save("digits.csv", csv(0, 30, true));
    save("test.csv", csv(1, 5, false)); /* beside a file of another name: left alone */
    ink_dataset set = find("digits.csv", INK_USE_TRAIN, NULL);
    is_series(&set.train, 0, 30);
    assert_non_null(set.train.labels);
    assert_int_equal(set.test.count, 0);
    assert_string_equal(set.train_name, path("digits.csv"));
    assert_true(says(set.found, set.n_found,
                     "digits.csv: 30 images of 28x28, 10 classes: 0 3, 1 3, 2 3, 3 3, 4 3, 5 3, 6 3, 7 3, 8 3, 9 3"));
    assert_int_equal(set.n_warnings, 0);
    ink_dataset_clear(&set);
    set = find("digits.csv", INK_USE_TRAIN, "test.csv");
    is_series(&set.test, 1, 5);
    ink_dataset_clear(&set);
    refuse("test.csv", INK_USE_TRAIN, INK_E_DATA, "label", "");
    refuse("test.csv", INK_USE_EVAL, INK_E_DATA, "test.csv has no labels", "scoring needs a label column");
}

/* A test file that is named is that file, whatever its name, and whatever stands beside it. */
static void test_file_named(void **state) {
    static const char *const names[] = {"two/train.csv", "two/test.csv", "two/other.csv"};
    (void)state;
    save("train.csv", csv(0, 30, true));
    save("test.csv", csv(1, 9, false));
    mkdir(path("two"), 0777);
    for (uint32_t i = 0; i < 3; i++) save(names[i], csv(2, 10 + i, i == 0));
    for (uint32_t i = 0; i < 3; i++) {
        ink_dataset set = find("", INK_USE_TRAIN, names[i]);
        is_series(&set.train, 0, 30);
        is_series(&set.test, 2, 10 + i);
        assert_string_equal(set.test_name, path(names[i]));
        ink_dataset_clear(&set);
    }
    ink_dataset set = find("", INK_USE_TRAIN, "two"); /* a folder's test file */
    assert_string_equal(set.test_name, path("two/test.csv"));
    ink_dataset_clear(&set);
}

static void kaggle_folder(void **state) {
    (void)state;
    save("train.csv", csv(0, 40, true));
    save_gz("test.csv.gz", csv(1, 7, false));
    save_zip("sample_submission.csv.zip", (const char *[]){"sample_submission.csv", NULL}, (text[]){ids(7, false)});
    ink_dataset set = find("", INK_USE_TRAIN, NULL);
    is_series(&set.train, 0, 40);
    is_series(&set.test, 1, 7);
    assert_int_equal(set.sample.count, 7);
    assert_null(set.test.labels);
    assert_int_equal(set.class_counts[9], 4);
    ink_dataset_clear(&set);
    /* A file of that folder finds what stands beside it. */
    set = find("train.csv", INK_USE_TRAIN, NULL);
    is_series(&set.test, 1, 7);
    assert_int_equal(set.sample.count, 7);
    ink_dataset_clear(&set);
    set = find("", INK_USE_PREDICT, NULL);
    assert_int_equal(set.train.count, 0);
    is_series(&set.test, 1, 7);
    ink_dataset_clear(&set);
    set = find("test.csv.gz", INK_USE_PREDICT, NULL);
    is_series(&set.test, 1, 7);
    assert_int_equal(set.sample.count, 7);
    ink_dataset_clear(&set);
    set = find("", INK_USE_EVAL, NULL); /* the test file has no labels */
    is_series(&set.test, 0, 40);
    ink_dataset_clear(&set);
    set = find("", INK_USE_SHOW, NULL);
    is_series(&set.train, 0, 40);
    ink_dataset_clear(&set);
    save("test_labels.csv", ids(7, true));
    set = find("", INK_USE_EVAL, NULL);
    is_series(&set.test, 1, 7);
    assert_int_equal(set.test.labels[1], 6);
    ink_dataset_clear(&set);
    save("sample_submission.csv", ids(8, false)); /* taken before the zip: it asks for too many */
    refuse("", INK_USE_TRAIN, INK_E_DATA, "sample_submission.csv", "");
}

/* eval takes labelled test images, wherever their labels stand, and the train file only when there are none. */
static void labelled_test_tables(void **state) {
    (void)state;
    save("train.csv", csv(0, 20, true));
    save("test.csv", csv(1, 10, true));
    save("sample_submission.csv", ids(10, false));
    ink_dataset set = find("", INK_USE_EVAL, NULL);
    is_series(&set.test, 1, 10);
    assert_non_null(set.test.labels);
    assert_string_equal(set.test_name, path("test.csv"));
    ink_dataset_clear(&set);
    save("test.csv", csv(1, 9, false)); /* one less than the sample asks for, but it is the train file that counts */
    set = find("", INK_USE_EVAL, NULL);
    is_series(&set.test, 0, 20);
    assert_non_null(set.test.labels);
    assert_string_equal(set.test_name, path("train.csv"));
    assert_int_equal(set.sample.count, 0);
    ink_dataset_clear(&set);
    save_zip("both.zip", (const char *[]){"train.csv", "test.csv", NULL}, (text[]){csv(0, 20, true), csv(1, 9, true)});
    set = find("both.zip", INK_USE_EVAL, NULL);
    is_series(&set.test, 1, 9);
    ink_dataset_clear(&set);
    unlink(path("train.csv"));
    refuse("", INK_USE_EVAL, INK_E_DATA, "test.csv has no labels", "");
}

/* A sample and test_labels belong to test.csv alone, also where DATA names one file. */
static void what_belongs_to_a_lone_file(void **state) {
    (void)state;
    save("train.csv", csv(0, 20, true));
    save("sample_submission.csv", ids(7, false));
    save("test_labels.csv", ids(7, true));
    static const ink_use uses[] = {INK_USE_EVAL, INK_USE_PREDICT};
    for (int i = 0; i < 2; i++) {
        ink_dataset set = find("train.csv", uses[i], NULL);
        is_series(&set.test, 0, 20);
        assert_int_equal(set.sample.count, 0);
        ink_dataset_clear(&set);
    }
    save("test.csv", csv(1, 7, false));
    ink_dataset set = find("test.csv", INK_USE_EVAL, NULL);
    is_series(&set.test, 1, 7);
    assert_int_equal(set.test.labels[1], 6);
    assert_int_equal(set.sample.count, 7);
    ink_dataset_clear(&set);
    mkdir(path("test.csv.d"), 0777); /* a folder's name is not the file's */
    save("test.csv.d/train.csv", csv(0, 7, false));
    save("test.csv.d/test_labels.csv", ids(7, true));
    refuse("test.csv.d/train.csv", INK_USE_EVAL, INK_E_DATA, "train.csv has no labels", "");
    /* A zip whose one file has the name of labels, but is a table of images. */
    save_zip("only.zip", (const char *[]){"test_labels.csv", NULL}, (text[]){csv(1, 7, false)});
    refuse("only.zip", INK_USE_EVAL, INK_E_DATA, "test_labels.csv has no labels", "");
}

static void kaggle_zip(void **state) {
    (void)state;
    save_zip("digit-recognizer.zip",
             (const char *[]){"digits/train.csv", "digits/test.csv", "digits/sample_submission.csv",
                              "__MACOSX/digits/._train.csv", NULL},
             (text[]){csv(0, 20, true), csv(1, 6, false), ids(6, false), ids(1, false)});
    ink_dataset set = find("digit-recognizer.zip", INK_USE_TRAIN, NULL);
    is_series(&set.train, 0, 20);
    is_series(&set.test, 1, 6);
    assert_string_equal(set.train_name, path("digit-recognizer.zip/digits/train.csv"));
    assert_int_equal(set.sample.count, 6);
    ink_dataset_clear(&set);
    set = find("", INK_USE_TRAIN, NULL); /* a folder that holds nothing but the zip */
    is_series(&set.test, 1, 6);
    ink_dataset_clear(&set);
    save_zip("one.zip", (const char *[]){"anything.csv", NULL}, (text[]){csv(2, 10, true)});
    set = find("one.zip", INK_USE_TRAIN, NULL);
    is_series(&set.train, 2, 10);
    ink_dataset_clear(&set);
    save_zip("two.zip", (const char *[]){"a/train.csv", "b/train.csv", NULL},
             (text[]){csv(2, 3, true), csv(2, 3, true)});
    refuse("two.zip", INK_USE_TRAIN, INK_E_DATA, "two files called train.csv", "");
    save_zip("none.zip", (const char *[]){"a.txt", "b.txt", NULL}, (text[]){ids(1, true), ids(1, true)});
    refuse("none.zip", INK_USE_TRAIN, INK_E_DATA, "none.zip holds no digits", "looked for train.csv");
}

static void mnist_folder(void **state) {
    (void)state;
    save("train-images-idx3-ubyte", idx(0, 50, false));
    save_gz("train-labels-idx1-ubyte.gz", idx(0, 50, true));
    save_gz("t10k-images.idx3-ubyte.gz", idx(1, 12, false));
    save("t10k-labels.idx1-ubyte", idx(1, 12, true));
    ink_dataset set = find("", INK_USE_TRAIN, NULL);
    is_series(&set.train, 0, 50);
    is_series(&set.test, 1, 12);
    assert_non_null(set.test.labels);
    ink_dataset_clear(&set);
    set = find("", INK_USE_EVAL, NULL);
    is_series(&set.test, 1, 12);
    ink_dataset_clear(&set);
    set = find("train-images-idx3-ubyte", INK_USE_EVAL, NULL); /* a named file is what it is */
    is_series(&set.test, 0, 50);
    ink_dataset_clear(&set);
    /* Beside the file only files named alike are found: here the test set is named another way. */
    set = find("train-images-idx3-ubyte", INK_USE_TRAIN, NULL);
    assert_non_null(set.train.labels);
    assert_int_equal(set.test.count, 0);
    ink_dataset_clear(&set);
    set = find("train-images-idx3-ubyte", INK_USE_TRAIN, "t10k-images.idx3-ubyte.gz");
    is_series(&set.test, 1, 12);
    assert_non_null(set.test.labels);
    ink_dataset_clear(&set);
    unlink(path("train-labels-idx1-ubyte.gz"));
    refuse("", INK_USE_TRAIN, INK_E_DATA, "train-images-idx3-ubyte has no labels", "labels file");
    refuse("t10k-labels.idx1-ubyte", INK_USE_PREDICT, INK_E_DATA, "labels", "");
}

/* What a lone file holds decides what it is, not its name. */
static void names_that_mislead(void **state) {
    (void)state;
    save("my-idx-table.csv", csv(0, 10, true));
    save_gz("idx.csv.gz", csv(1, 10, true));
    save("digits", idx(2, 10, false));
    ink_dataset set = find("my-idx-table.csv", INK_USE_TRAIN, NULL);
    is_series(&set.train, 0, 10);
    ink_dataset_clear(&set);
    set = find("idx.csv.gz", INK_USE_TRAIN, NULL);
    is_series(&set.train, 1, 10);
    ink_dataset_clear(&set);
    set = find("digits", INK_USE_PREDICT, NULL);
    is_series(&set.test, 2, 10);
    ink_dataset_clear(&set);
    /* Neither: the name says what it was meant to be. */
    static const char *const contents[] = {"", "<!DOCTYPE html>\n<title>404</title>\n"};
    for (int i = 0; i < 2; i++) {
        save("train-images-idx3-ubyte", (text){strdup(contents[i]), strlen(contents[i])});
        refuse("train-images-idx3-ubyte", INK_USE_PREDICT, INK_E_DATA,
               i == 0 ? "the file ends inside the header" : "magic", "");
    }
}

/* The same images, the same fingerprint, whatever the file, the threads and the order of reading. */
static void fingerprints(void **state) {
    (void)state;
    ink_pool *pool = NULL;
    assert_int_equal(ink_pool_new(3, &pool, NULL), INK_OK);
    save("train.csv", csv(0, 2100, true));
    save("train-images-idx3-ubyte", idx(0, 2100, false));
    save("train-labels-idx1-ubyte", idx(0, 2100, true));
    ink_dataset a = find("train.csv", INK_USE_TRAIN, NULL), b = find("train-images-idx3-ubyte", INK_USE_TRAIN, NULL);
    char hex[65];
    assert_int_equal(strlen(a.train_sha256), 64);
    assert_string_equal(a.train_sha256, b.train_sha256);
    assert_int_equal(ink_images_sha256(&a.train, pool, hex, NULL), INK_OK);
    assert_string_equal(a.train_sha256, hex);
    a.train.pixels[784 * 2050 + 5] ^= 1;
    assert_int_equal(ink_images_sha256(&a.train, pool, hex, NULL), INK_OK);
    assert_string_not_equal(a.train_sha256, hex);
    b.train.labels[3] ^= 1;
    assert_int_equal(ink_images_sha256(&b.train, pool, hex, NULL), INK_OK);
    assert_string_not_equal(b.train_sha256, hex);
    ink_dataset_clear(&a);
    ink_dataset_clear(&b);
    ink_pool_free(pool);
}

static void duplicates(void **state) {
    (void)state;
    static uint8_t pixels[4000 * 9], labels[4000], other[50 * 9];
    for (uint32_t i = 0; i < 4000; i++) {
        for (uint32_t p = 0; p < 9; p++) pixels[i * 9 + p] = (uint8_t)(p == 0 ? i & 255 : p == 1 ? i >> 8 : 7);
        labels[i] = (uint8_t)(i % 10);
    }
    memcpy(pixels + 3999 * 9, pixels + 9, 9); /* row 3999 is row 1, with label 9 */
    memcpy(pixels + 11 * 9, pixels + 9, 9);   /* row 11 too, with the same label 1 */
    memset(other, 200, sizeof other);
    memcpy(other + 40 * 9, pixels + 17 * 9, 9);
    memcpy(other + 45 * 9, pixels + 1 * 9, 9);
    ink_images a = {pixels, labels, 4000, 3, 3}, b = {other, NULL, 50, 3, 3};
    ink_duplicates d;
    ink_pool *pool = NULL;
    assert_int_equal(ink_pool_new(2, &pool, NULL), INK_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ink_duplicates_find(&a, &b, i == 0 ? NULL : pool, &d, NULL), INK_OK);
        assert_int_equal(d.within, 2);
        assert_int_equal(d.contradictions, 1);
        assert_int_equal(d.across, 2);
        assert_int_equal(d.first_a, 17);
        assert_int_equal(d.first_b, 40);
    }
    b.height = 1;
    assert_int_equal(ink_duplicates_find(&a, &b, NULL, &d, NULL), INK_OK);
    assert_int_equal(d.across, 0);
    ink_pool_free(pool);
}

/* Images made to share one quick hash, each unlike all others, are told apart as fast. Two words cancel in it when the
 * top bit of the first is turned, and with it that of both halves of the second. */
static void duplicates_among_hostile_images(void **state) {
    (void)state;
    enum { COUNT = 60000 };
    uint8_t *pixels = calloc(COUNT, 784);
    assert_non_null(pixels);
    for (uint32_t i = 0; i < COUNT; i++) {
        for (uint32_t bit = 0; bit < 16; bit++) {
            uint8_t *words = pixels + i * 784 + 16 * bit;
            words[7] = words[8 + 3] = words[8 + 7] = (uint8_t)((i >> bit & 1) << 7);
        }
    }
    memcpy(pixels + (COUNT - 1) * 784, pixels + 5 * 784, 784);
    ink_images a = {pixels, NULL, COUNT, 28, 28}, b = {pixels + 30 * 784, NULL, 10, 28, 28};
    ink_duplicates d;
    clock_t began = clock();
    assert_int_equal(ink_duplicates_find(&a, &b, NULL, &d, NULL), INK_OK);
    assert_true(clock() - began < 5 * CLOCKS_PER_SEC);
    assert_int_equal(d.within, 1);
    assert_int_equal(d.across, 10);
    assert_int_equal(d.first_a, 30);
    assert_int_equal(d.first_b, 0);
    free(pixels);
}

static void warnings(void **state) {
    (void)state;
    save("train.csv", csv(0, 25, true));
    save("test.csv", csv(0, 25, false));
    ink_dataset set = find("", INK_USE_TRAIN, NULL);
    assert_true(says(set.warnings, set.n_warnings, "test.csv: every image is an exact copy of one in "));
    ink_dataset_clear(&set);
    set = find("train.csv", INK_USE_TRAIN, "train.csv"); /* the very same file */
    assert_true(says(set.warnings, set.n_warnings, "every image is an exact copy"));
    ink_dataset_clear(&set);
    save("test.csv", csv(1, 25, false));
    text one = csv(0, 1, true), same = csv(0, 1, true);
    char *row = strchr(same.bytes, '\n') + 1;
    one.bytes = realloc(one.bytes, one.size + 20000);
    memcpy(one.bytes + one.size, row, same.size - (size_t)(row - same.bytes));
    one.size += same.size - (size_t)(row - same.bytes);
    for (int i = 0; i < 785; i++) one.size += (size_t)sprintf(one.bytes + one.size, "%s%c", "0", i == 784 ? '\n' : ',');
    free(same.bytes);
    save("train.csv", one);
    set = find("", INK_USE_TRAIN, NULL);
    assert_true(says(set.warnings, set.n_warnings, "train.csv holds one class only"));
    assert_true(says(set.warnings, set.n_warnings, "train.csv: 1 image of one shade all over (the first is row 3)"));
    assert_true(says(set.warnings, set.n_warnings, "train.csv repeats an earlier one"));
    ink_dataset_clear(&set);
    save("train.csv", csv(0, 5, true));
    set = find("", INK_USE_TRAIN, NULL);
    assert_true(says(set.warnings, set.n_warnings, "train.csv holds no image of 5, 6, 7, 8, 9"));
    ink_dataset_clear(&set);
}

/* What is neither a table nor a picture that is read is called by its name. */
static void other_pictures(void **state) {
    (void)state;
    save("a.pdf", (text){.bytes = strdup("%PDF-1.4\n1 0 obj\n"), .size = 17});
    save("a.csv", (text){.bytes = strdup("GIF89a, and more"), .size = 16});
    refuse("a.pdf", INK_USE_PREDICT, INK_E_DATA, "a.pdf: this is a PDF; PNG and JPEG are read", "");
    refuse("a.csv", INK_USE_TRAIN, INK_E_DATA, "a.csv: this is a GIF; PNG and JPEG are read", "");
}

static void nothing_useful(void **state) {
    (void)state;
    refuse("", INK_USE_TRAIN, INK_E_DATA, "holds no digits", "looked for train.csv, test.csv, sample_submission.csv");
    refuse("absent.csv", INK_USE_TRAIN, INK_E_FILE, "No such file", "");
    static const char *const tables[] = {"m.csv", "foo.csv.gz", "z.csv", "bar.csv", "a.csv"};
    static const char *const said[] = {"but m.csv", "but foo.csv.gz, m.csv", "but foo.csv.gz, m.csv, z.csv",
                                       "but bar.csv, foo.csv.gz, m.csv and 1 more",
                                       "no train.csv and no test.csv, but a.csv, bar.csv, foo.csv.gz and 2 more"};
    save("sample_submission.csv", ids(3, false)); /* no digits: not named */
    save("notes.csv.txt", csv(0, 3, true));
    save("metrics.csv", (text){.bytes = strdup("epoch,step\n1,2\n"), .size = 15}); /* nor are these */
    save("empty.csv", (text){.bytes = strdup(""), .size = 0});
    assert_int_equal(mkfifo(path("pipe.csv"), 0600), 0);
    refuse("", INK_USE_TRAIN, INK_E_DATA, "holds no digits", "looked for train.csv");
    for (size_t i = 0; i < 5; i++) {
        save(tables[i], csv(0, 3, true));
        refuse("", INK_USE_TRAIN, INK_E_DATA, said[i], "name the file that is meant: ");
    }
    refuse("", INK_USE_TRAIN, INK_E_DATA, "", path("a.csv"));
    save("test.csv", csv(1, 3, false));
    refuse("", INK_USE_TRAIN, INK_E_DATA, "holds a test file but no train file", "train.csv");
    ink_dataset set = find("", INK_USE_SHOW, NULL);
    is_series(&set.test, 1, 3);
    ink_dataset_clear(&set);
    ink_error err;
    assert_int_equal(ink_dataset_find(&(ink_dataset_options){0}, &set, &err), INK_E_USAGE);
    assert_int_equal(ink_dataset_find(&(ink_dataset_options){.path = ""}, &set, &err), INK_E_USAGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_csv, clear),
        cmocka_unit_test_setup(test_file_named, clear),
        cmocka_unit_test_setup(kaggle_folder, clear),
        cmocka_unit_test_setup(labelled_test_tables, clear),
        cmocka_unit_test_setup(what_belongs_to_a_lone_file, clear),
        cmocka_unit_test_setup(kaggle_zip, clear),
        cmocka_unit_test_setup(mnist_folder, clear),
        cmocka_unit_test_setup(names_that_mislead, clear),
        cmocka_unit_test_setup(fingerprints, clear),
        cmocka_unit_test(duplicates),
        cmocka_unit_test(duplicates_among_hostile_images),
        cmocka_unit_test_setup(warnings, clear),
        cmocka_unit_test_setup(other_pictures, clear),
        cmocka_unit_test_setup(nothing_useful, clear),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

/* tests/data/test_batch.c: the batches of an epoch: each row once, the same bits for any number of workers.
 * It times nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/hash.h"
#include "core/mem.h"
#include "core/rng.h"
#include "data/batch.h"

#define N 1003
#define H 9
#define W 7

static uint8_t pixels[N * H * W], labels[N];
static ink_images images;

static int setup(void **state) {
    (void)state;
    ink_rng rng = ink_rng_at(1, INK_STREAM_GOLDEN, 77, 0);
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)ink_rng_u32(&rng);
    for (size_t i = 0; i < N; i++) labels[i] = (uint8_t)ink_rng_below(&rng, 10);
    images = (ink_images){.pixels = pixels, .labels = labels, .count = N, .height = H, .width = W};
    return 0;
}

static ink_batches *new_batches(ink_batches_options o) {
    ink_batches *b = NULL;
    o.images = &images;
    assert_int_equal(ink_batches_new(&o, &b, NULL), INK_OK);
    return b;
}

/* Reads an epoch from batch `first` on into a hash of all bytes; checks each batch against the source. */
static void epoch_hash(ink_batches *b, uint64_t epoch, uint32_t first, char hex[65], uint32_t seen[N]) {
    ink_sha256 sha;
    ink_batch_view v;
    ink_sha256_start(&sha);
    ink_batches_start(b, epoch, first);
    uint32_t number = first;
    while (ink_batches_next(b, &v)) {
        assert_int_equal(v.number, number++);
        for (uint32_t i = 0; i < v.n; i++) {
            assert_memory_equal(v.images + i * H * W, pixels + v.rows[i] * H * W, H * W);
            assert_int_equal(v.labels[i], labels[v.rows[i]]);
            if (seen != NULL) seen[v.rows[i]]++;
        }
        ink_sha256_add(&sha, v.images, (size_t)v.n * H * W);
        ink_sha256_add(&sha, v.rows, v.n * sizeof *v.rows);
        if (v.warps != NULL) ink_sha256_add(&sha, v.warps, v.n * sizeof *v.warps);
    }
    assert_int_equal(number, ink_batches_count(b));
    assert_false(ink_batches_next(b, &v));
    ink_sha256_end(&sha, hex);
}

static void file_order(void **state) {
    (void)state;
    ink_batches *b = new_batches((ink_batches_options){.batch_size = 64});
    assert_int_equal(ink_batches_count(b), 16);
    ink_batch_view v;
    assert_false(ink_batches_next(b, &v));
    ink_batches_start(b, 1, 0);
    uint32_t row = 0, last = 0;
    while (ink_batches_next(b, &v)) {
        for (uint32_t i = 0; i < v.n; i++) assert_int_equal(v.rows[i], row++);
        assert_null(v.warps);
        last = v.n;
    }
    assert_int_equal(row, N);
    assert_int_equal(last, N % 64);
    assert_true(ink_batches_waited_s(b) >= 0.0);
    ink_batches_free(b);
}

static void every_row_once(void **state) {
    (void)state;
    uint32_t rows[N / 3];
    for (uint32_t i = 0; i < N / 3; i++) rows[i] = 3 * i + 1;
    static const uint32_t sizes[] = {1, 7, 64, N / 3, 5000};
    for (size_t s = 0; s < 5; s++) {
        ink_batches *b = new_batches(
            (ink_batches_options){.rows = rows, .n_rows = N / 3, .batch_size = sizes[s], .shuffle = true, .seed = 4});
        char first[65], second[65];
        uint32_t seen[N] = {0};
        epoch_hash(b, 1, 0, first, seen);
        for (uint32_t i = 0; i < N; i++) assert_int_equal(seen[i], i % 3 == 1 && i / 3 < N / 3);
        epoch_hash(b, 2, 0, second, NULL);
        assert_string_not_equal(first, second);
        epoch_hash(b, 1, 0, second, NULL);
        assert_string_equal(first, second);
        ink_batches_free(b);
    }
}

/* Workers, threads, and an epoch entered in its middle change nothing. */
static void same_bits(void **state) {
    (void)state;
    ink_augment augment;
    assert_int_equal(ink_augment_parse("rotate 10 shift-safe 1 elastic 20 4 erase 2", &augment, NULL), INK_OK);
    ink_pool *pool = NULL;
    assert_int_equal(ink_pool_new(3, &pool, NULL), INK_OK);
    ink_batches_options o = {.batch_size = 100, .shuffle = true, .seed = 11, .augment = &augment};
    ink_batches *plain = new_batches(o);
    char wanted[65], whole[65], middle[65];
    epoch_hash(plain, 3, 0, whole, NULL);
    epoch_hash(plain, 3, 4, middle, NULL);
    for (uint32_t workers = 0; workers <= 5; workers++) {
        o.workers = workers;
        o.pool = pool;
        ink_batches *b = new_batches(o);
        epoch_hash(b, 3, 4, wanted, NULL);
        assert_string_equal(wanted, middle);
        epoch_hash(b, 3, 0, wanted, NULL);
        assert_string_equal(wanted, whole);
        ink_batches_free(b);
    }
    ink_batches_free(plain);
    ink_pool_free(pool);
}

/* An epoch left in its middle, started anew, freed while workers prepare. */
static void restarts(void **state) {
    (void)state;
    for (uint32_t workers = 0; workers <= 3; workers++) {
        ink_batches *b = new_batches((ink_batches_options){.batch_size = 10, .shuffle = true, .workers = workers});
        ink_batch_view v;
        uint32_t rows[10];
        ink_batches_start(b, 1, 50);
        assert_true(ink_batches_next(b, &v));
        memcpy(rows, v.rows, sizeof rows);
        for (int i = 0; i < 200; i++) {
            ink_batches_start(b, 1, (uint32_t)i % 60);
            for (int k = 0; k < i % 4; k++) assert_true(ink_batches_next(b, &v));
        }
        ink_batches_start(b, 1, 50);
        assert_true(ink_batches_next(b, &v));
        assert_memory_equal(rows, v.rows, sizeof rows);
        ink_batches_start(b, 1, ink_batches_count(b));
        assert_false(ink_batches_next(b, &v));
        ink_batches_start(b, 1, 1000000);
        assert_false(ink_batches_next(b, &v));
        ink_batches_start(b, 2, 0);
        ink_batches_free(b);
    }
    ink_batches_free(NULL);
}

static void without_labels(void **state) {
    (void)state;
    ink_images bare = images;
    bare.labels = NULL;
    ink_batches *b = NULL;
    assert_int_equal(ink_batches_new(&(ink_batches_options){.images = &bare, .batch_size = 1000}, &b, NULL), INK_OK);
    ink_batch_view v;
    ink_batches_start(b, 1, 0);
    assert_true(ink_batches_next(b, &v));
    assert_null(v.labels);
    assert_ptr_equal(v.images, pixels);
    ink_batches_free(b);
}

static void wrong_arguments(void **state) {
    (void)state;
    uint32_t rows[2] = {0, N};
    ink_images none = {.height = H, .width = W};
    ink_batches *b = NULL;
    ink_error err;
    assert_int_equal(ink_batches_new(&(ink_batches_options){.images = &none, .batch_size = 1}, &b, &err), INK_E_USAGE);
    assert_int_equal(ink_batches_new(&(ink_batches_options){.images = &images}, &b, &err), INK_E_USAGE);
    assert_int_equal(
        ink_batches_new(&(ink_batches_options){.images = &images, .batch_size = 1, .workers = 65}, &b, &err),
        INK_E_USAGE);
    assert_int_equal(
        ink_batches_new(&(ink_batches_options){.images = &images, .batch_size = 1, .rows = rows, .n_rows = 2}, &b,
                        &err),
        INK_E_USAGE);
    assert_string_equal(err.text, "row 1003 of 1003 images");
    assert_null(b);
}

/* Rows alone are the rows of whole batches, and stand until the next start. */
static void rows_alone(void **state) {
    (void)state;
    ink_augment augment;
    assert_int_equal(ink_augment_parse("rotate 5", &augment, NULL), INK_OK);
    for (uint32_t workers = 0; workers < 3; workers += 2) {
        ink_batches_options o = {.batch_size = 64, .shuffle = true, .seed = 9, .augment = &augment, .workers = workers};
        ink_batches *whole = new_batches(o), *alone = new_batches(o);
        const uint32_t *rows[16];
        ink_batch_view v, a;
        ink_batches_bring_rows(alone);
        for (uint64_t epoch = 1; epoch < 4; epoch++) {
            uint32_t first = epoch == 3 ? 5 : 0, n = 0;
            ink_batches_start(alone, epoch, first);
            while (ink_batches_next(alone, &a)) {
                assert_true(a.images == NULL && a.labels == NULL && a.warps == NULL);
                assert_int_equal(a.epoch, epoch);
                assert_int_equal(a.number, first + n);
                rows[n++] = a.rows;
            }
            assert_int_equal(n, 16 - first);
            ink_batches_start(whole, epoch, first);
            for (uint32_t i = 0; ink_batches_next(whole, &v); i++) {
                assert_int_equal(v.epoch, epoch);
                assert_memory_equal(v.rows, rows[i], v.n * sizeof *v.rows);
            }
        }
        ink_batches_free(whole);
        ink_batches_free(alone);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_order), cmocka_unit_test(every_row_once), cmocka_unit_test(same_bits),
        cmocka_unit_test(restarts),   cmocka_unit_test(without_labels), cmocka_unit_test(wrong_arguments),
        cmocka_unit_test(rows_alone),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}

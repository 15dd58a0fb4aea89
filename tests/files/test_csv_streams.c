/* tests/files/test_csv_streams.c: tables that come through gzip, pipes and files that change; bombs and endless lines.
 * What stands in a table: test_csv_forms.c, test_csv_values.c. */
#define _GNU_SOURCE
#include "table.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/mem.h"
#include "files/csv.h"

#define WIDE (28 * 28)

static ink_pool *pool;

/* ---- bounds ---- */

static long peak_kib(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void endless_line(void **state) {
    (void)state;
    ink_source *source = NULL;
    ink_images images;
    ink_error err;
    long before = peak_kib();
    assert_int_equal(ink_source_open("/dev/zero", &source, &err), INK_OK);
    assert_int_equal(ink_csv_read(source, INK_CSV_TRAIN, NULL, &images, &err), INK_E_DATA);
    assert_string_equal(err.text, "/dev/zero: byte 0: this is no text, so no table");
    assert_in_range(ink_source_offset(source), 1, 3 << 20);
    assert_in_range(peak_kib() - before, 0, 32 << 10);
    ink_source_close(source);
}

/* Ten gigabytes of zeros would not fit a test; forty megabytes show that the line's bound holds. */
static void gzip_bomb_of_one_line(void **state) {
    (void)state;
    piece packed = {0};
    size_t size = (size_t)40 << 20;
    char *zeros = calloc(size, 1);
    assert_non_null(zeros);
    memset(zeros, '0', size);
    gzip_add(&packed, zeros, size);
    free(zeros);
    ink_source *source = NULL;
    ink_images images;
    ink_error err;
    assert_int_equal(ink_source_open_memory(packed.bytes, packed.size, "bomb.csv.gz", &source, &err), INK_OK);
    assert_int_equal(ink_csv_read(source, INK_CSV_TRAIN, NULL, &images, &err), INK_E_DATA);
    assert_string_equal(err.text, "bomb.csv.gz:1: the line is longer than 1048576 bytes");
    assert_in_range(ink_source_offset(source), 1 << 20, 3 << 20);
    ink_source_close(source);
    piece_free(&packed);
}

static void gzip_bomb_of_valid_rows(void **state) {
    (void)state;
    piece row = {0}, rows = {0}, packed = {0}, member = {0};
    for (int k = 0; k < 785; k++) piece_print(&row, k < 784 ? "0," : "0\n");
    for (int k = 0; k < 4096; k++) piece_add(&rows, row.bytes, row.size); /* 6.4 MB */
    gzip_add(&member, rows.bytes, rows.size);
    for (int k = 0; k < 40; k++) piece_add(&packed, member.bytes, member.size);
    ink_source *source = NULL;
    ink_images images;
    ink_error err;
    assert_int_equal(ink_source_open_memory(packed.bytes, packed.size, "bomb.csv.gz", &source, &err), INK_OK);
    assert_int_equal(ink_csv_read(source, INK_CSV_TRAIN, NULL, &images, &err), INK_E_DATA);
    assert_non_null(strstr(err.text, "bomb.csv.gz: unpacks to more than 200 times its size"));
    assert_non_null(strstr(err.text, "(after row "));
    assert_in_range(ink_source_offset(source), 60 << 20, 70 << 20);
    ink_source_close(source);
    piece_free(&row);
    piece_free(&rows);
    piece_free(&packed);
    piece_free(&member);
}

/* ---- gzip, pipes, files ---- */

static void gzip_of_several_members(void **state) {
    (void)state;
    piece p = {0}, packed = {0};
    table_make(&p, &(table_form){.rows = 50, .header = 1});
    gzip_add(&packed, p.bytes, 1000);
    gzip_add(&packed, p.bytes + 1000, 0);
    gzip_add(&packed, p.bytes + 1000, p.size - 1000);
    ink_source *source = NULL;
    ink_images images;
    ink_error err;
    assert_int_equal(ink_source_open_memory(packed.bytes, packed.size, "t.csv.gz", &source, &err), INK_OK);
    if (ink_csv_read(source, INK_CSV_TRAIN, pool, &images, &err) != INK_OK) fail_msg("%s", err.text);
    assert_true(ink_source_is_gzip(source));
    assert_int_equal(ink_source_offset(source), p.size);
    assert_int_equal(images.count, 50);
    assert_int_equal(images.pixels[49 * WIDE + 700], pixel_at(49, 700));
    ink_images_free(&images);
    ink_source_close(source);
    piece_free(&packed);
    piece_free(&p);
}

static void damaged_gzip(const piece *packed, const char *text, const char *row) {
    ink_source *source = NULL;
    ink_images images;
    ink_error err;
    assert_int_equal(ink_source_open_memory(packed->bytes, packed->size, "t.csv.gz", &source, &err), INK_OK);
    assert_int_equal(ink_csv_read(source, INK_CSV_TRAIN, pool, &images, &err), INK_E_DATA);
    if (strstr(err.text, text) == NULL || strstr(err.text, row) == NULL) fail_msg("%s", err.text);
    assert_null(images.pixels);
    ink_source_close(source);
}

static void gzip_cut_off(void **state) {
    (void)state;
    piece p = {0}, packed = {0};
    table_make(&p, &(table_form){.rows = 1000, .header = 1});
    gzip_add(&packed, p.bytes, p.size);
    packed.size = packed.size / 2;
    damaged_gzip(&packed, "t.csv.gz: the gzip data ends early, after ", "(after row ");
    packed.size = packed.size * 2;
    for (size_t cut = 1; cut <= 8; cut++) {
        packed.size--;
        damaged_gzip(&packed, "t.csv.gz: the gzip data ends early, after ", "(after row 1000)");
    }
    piece_free(&p);
    piece_free(&packed);
}

/* One bit: what comes out of the rest is nonsense, and no row of it is to blame. */
static void gzip_with_a_wrong_bit(void **state) {
    (void)state;
    piece p = {0}, packed = {0};
    table_make(&p, &(table_form){.rows = 1000, .header = 1});
    gzip_add(&packed, p.bytes, p.size);
    for (size_t k = 1; k < 8; k++) {
        packed.bytes[packed.size * k / 8] ^= 16;
        damaged_gzip(&packed, "t.csv.gz: the gzip data ", "");
        packed.bytes[packed.size * k / 8] ^= 16;
    }
    piece_free(&p);
    piece_free(&packed);
}

static void gzip_cut_at_every_byte(void **state) {
    (void)state;
    piece p = {0}, packed = {0};
    table_make(&p, &(table_form){.rows = 2, .header = 1});
    gzip_add(&packed, p.bytes, p.size);
    for (size_t size = packed.size; size-- > 0;) {
        ink_source *source = NULL;
        ink_images images;
        ink_error err;
        assert_int_equal(ink_source_open_memory(packed.bytes, size, "t.csv.gz", &source, &err), INK_OK);
        assert_int_equal(ink_csv_read(source, INK_CSV_TRAIN, NULL, &images, &err), INK_E_DATA);
        ink_source_close(source);
    }
    piece_free(&p);
    piece_free(&packed);
}

static void gzip_with_wrong_crc_or_size(void **state) {
    (void)state;
    piece p = {0}, packed = {0};
    table_make(&p, &(table_form){.rows = 100, .header = 1});
    gzip_add(&packed, p.bytes, p.size);
    packed.bytes[packed.size - 6] ^= 1;
    damaged_gzip(&packed, "incorrect data check", "(after row 100)");
    packed.bytes[packed.size - 6] ^= 1;
    packed.bytes[packed.size - 1] ^= 1;
    damaged_gzip(&packed, "incorrect length check", "(after row 100)");
    packed.bytes[packed.size - 1] ^= 1;
    packed.bytes[packed.size / 2] ^= 0x55;
    damaged_gzip(&packed, "t.csv.gz", ""); /* the stream or, before that, a row */
    packed.bytes[packed.size / 2] ^= 0x55;
    piece_print(&packed, "and more");
    damaged_gzip(&packed, "bytes that are no gzip follow the gzip data", "(after row 100)");
    piece_free(&p);
    piece_free(&packed);
}

typedef struct feeder {
    char path[512];
    const piece *p;
} feeder;

static void *feed(void *argument) {
    feeder *f = argument;
    int fd = open(f->path, O_WRONLY);
    for (size_t at = 0; at < f->p->size;) {
        size_t part = f->p->size - at < 777 ? f->p->size - at : 777;
        ssize_t n = write(fd, f->p->bytes + at, part);
        if (n <= 0) break;
        at += (size_t)n;
    }
    close(fd);
    return NULL;
}

static void fifo(void **state) {
    (void)state;
    piece p = {0}, packed = {0};
    table_make(&p, &(table_form){.rows = 300, .header = 1});
    gzip_add(&packed, p.bytes, p.size);
    for (int gzip = 0; gzip < 2; gzip++) {
        feeder f = {.p = gzip ? &packed : &p};
        pthread_t thread;
        ink_source *source = NULL;
        ink_images images;
        ink_error err;
        snprintf(f.path, sizeof f.path, "%s/fifo%d", folder(), gzip);
        assert_int_equal(mkfifo(f.path, 0600), 0);
        assert_int_equal(pthread_create(&thread, NULL, feed, &f), 0);
        assert_int_equal(ink_source_open(f.path, &source, &err), INK_OK);
        if (ink_csv_read(source, INK_CSV_TRAIN, pool, &images, &err) != INK_OK) fail_msg("%s", err.text);
        assert_int_equal(images.count, 300);
        assert_int_equal(images.pixels[299 * WIDE + 700], pixel_at(299, 700));
        ink_images_free(&images);
        ink_source_close(source);
        pthread_join(thread, NULL);
    }
    piece_free(&p);
    piece_free(&packed);
}

static void file_that_is_absent_or_a_folder(void **state) {
    (void)state;
    ink_source *source = NULL;
    ink_error err;
    assert_int_equal(ink_source_open("/no/such/train.csv", &source, &err), INK_E_FILE);
    assert_string_equal(err.text, "cannot open /no/such/train.csv: No such file or directory");
    assert_null(source);
    assert_int_equal(ink_source_open("/", &source, &err), INK_E_FILE);
    assert_string_equal(err.text, "cannot read /: it is a folder, not a file");
    if (geteuid() != 0) {
        const char *path = file_with("closed.csv", "1", 1);
        assert_int_equal(chmod(path, 0), 0);
        assert_int_equal(ink_source_open(path, &source, &err), INK_E_FILE);
        assert_non_null(strstr(err.text, "Permission denied"));
    }
}

static void file_that_shrinks_while_it_is_read(void **state) {
    (void)state;
    piece p = {0};
    table_make(&p, &(table_form){.rows = 2000, .header = 1});
    const char *path = file_with("shrinks.csv", p.bytes, p.size);
    ink_source *source = NULL;
    ink_images images;
    ink_error err;
    assert_int_equal(ink_source_open(path, &source, &err), INK_OK);
    assert_int_equal(truncate(path, (off_t)p.size / 2), 0);
    assert_int_equal(ink_csv_read(source, INK_CSV_TRAIN, pool, &images, &err), INK_E_FILE);
    assert_non_null(strstr(err.text, "became shorter while it was read"));
    assert_null(images.pixels);
    ink_source_close(source);
    /* Vanished: the open file is still ours. */
    path = file_with("vanishes.csv", p.bytes, p.size);
    assert_int_equal(ink_source_open(path, &source, &err), INK_OK);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(ink_csv_read(source, INK_CSV_TRAIN, pool, &images, &err), INK_OK);
    assert_int_equal(images.count, 2000);
    ink_images_free(&images);
    ink_source_close(source);
    piece_free(&p);
}

static int start(void **state) {
    ink_error err;
    (void)state;
    return ink_pool_new(3, &pool, &err) != INK_OK;
}

static int stop(void **state) {
    (void)state;
    ink_pool_free(pool);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endless_line),
        cmocka_unit_test(gzip_bomb_of_one_line),
        cmocka_unit_test(gzip_bomb_of_valid_rows),
        cmocka_unit_test(gzip_of_several_members),
        cmocka_unit_test(gzip_cut_off),
        cmocka_unit_test(gzip_with_a_wrong_bit),
        cmocka_unit_test(gzip_cut_at_every_byte),
        cmocka_unit_test(gzip_with_wrong_crc_or_size),
        cmocka_unit_test(fifo),
        cmocka_unit_test(file_that_is_absent_or_a_folder),
        cmocka_unit_test(file_that_shrinks_while_it_is_read),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

/* tests/files/test_archive.c: Kaggle's zips, and every zip that wants to hurt.
 * Where libzip decides, the test says: refused, or read within bounds. */
#define _GNU_SOURCE
#include "zipped.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/mem.h"
#include "files/archive.h"
#include "files/csv.h"

static const char text[] = "ImageId,Label\n1,0\n";
#define TEXT .bytes = text, .size = sizeof text - 1

static ink_status open_bytes(const piece *p, ink_archive **archive, ink_error *err) {
    return ink_archive_open_memory(p->bytes, p->size, "k.zip", archive, err);
}

/* Opens and reads all entries to their ends, within a budget. The first fault decides. */
static ink_status read_all(const piece *p, size_t most, ink_error *err) {
    ink_archive *archive = NULL;
    ink_status status = open_bytes(p, &archive, err);
    if (status != INK_OK) return status;
    for (size_t i = 0; i < ink_archive_count(archive) && status == INK_OK; i++) {
        ink_source *source = NULL;
        uint8_t *bytes = NULL;
        size_t size = 0;
        status = ink_archive_source(archive, i, &source, err);
        if (status == INK_OK) status = ink_source_read_all(source, most, &bytes, &size, err);
        ink_source_close(source);
        ink_mem_free(bytes);
    }
    ink_archive_close(archive);
    return status;
}

static void refused(piece *p, const char *message) {
    ink_error err = {0};
    ink_status status = read_all(p, 1 << 20, &err);
    if (status != INK_E_DATA) fail_msg("%d %s", status, err.text);
    if (message != NULL && strstr(err.text, message) == NULL) fail_msg("%s", err.text);
    assert_memory_equal(err.text, "k.zip", 5);
    piece_free(p);
}

/* What an archive of one entry gets. */
static void one_refused(const zip_part *part, const char *message) {
    piece p = {0};
    zip_make(&p, part, 1);
    refused(&p, message);
}

/* ---- good ones ---- */

static void kaggles_zip(void **state) {
    (void)state;
    piece table = {0}, p = {0};
    table_make(&table, &(table_form){.rows = 20, .header = 1});
    const zip_part parts[] = {
        {.name = "digit-recognizer/"},
        {.name = "digit-recognizer/sample_submission.csv", TEXT},
        {.name = "digit-recognizer/train.csv", .bytes = table.bytes, .size = table.size, .deflated = 1},
        {.name = "__MACOSX/"},
        {.name = "__MACOSX/digit-recognizer/._train.csv", TEXT},
        {.name = "digit-recognizer/._train.csv", TEXT},
        {.name = "digit-recognizer/.DS_Store", TEXT},
    };
    ink_archive *archive = NULL;
    ink_source *source = NULL;
    ink_images images;
    ink_error err;
    zip_make(&p, parts, sizeof parts / sizeof parts[0]);
    assert_true(ink_archive_is(p.bytes, p.size));
    if (open_bytes(&p, &archive, &err) != INK_OK) fail_msg("%s", err.text);
    assert_int_equal(ink_archive_count(archive), 2);
    assert_string_equal(ink_archive_entry(archive, 0)->name, "sample_submission.csv");
    assert_string_equal(ink_archive_entry(archive, 1)->path, "digit-recognizer/train.csv");
    assert_int_equal(ink_archive_entry(archive, 1)->size, table.size);
    assert_int_equal(ink_archive_source(archive, 1, &source, &err), INK_OK);
    assert_string_equal(ink_source_name(source), "k.zip/digit-recognizer/train.csv");
    if (ink_csv_read(source, INK_CSV_TRAIN, NULL, &images, &err) != INK_OK) fail_msg("%s", err.text);
    assert_int_equal(images.count, 20);
    ink_images_free(&images);
    ink_source_close(source);
    size_t only;
    assert_int_equal(ink_archive_only(archive, &only, &err), INK_E_DATA);
    ink_archive_close(archive);
    piece_free(&p);
    piece_free(&table);
}

static void a_zip_of_one_file_on_disk(void **state) {
    (void)state;
    piece p = {0};
    ink_archive *archive = NULL;
    ink_error err;
    size_t i = 7;
    zip_make(&p, &(zip_part){.name = "train.csv", TEXT, .deflated = 1}, 1);
    const char *path = file_with("train.csv.zip", p.bytes, p.size);
    if (ink_archive_open(path, &archive, &err) != INK_OK) fail_msg("%s", err.text);
    assert_int_equal(ink_archive_only(archive, &i, &err), INK_OK);
    assert_int_equal(i, 0);
    ink_archive_close(archive);
    piece_free(&p);
}

static void gzip_within_a_zip(void **state) {
    (void)state;
    piece packed = {0}, p = {0};
    ink_archive *archive = NULL;
    ink_source *source = NULL;
    uint8_t *bytes = NULL;
    size_t size = 0;
    ink_error err;
    gzip_add(&packed, text, sizeof text - 1);
    zip_make(&p, &(zip_part){.name = "sample.csv.gz", .bytes = packed.bytes, .size = packed.size}, 1);
    assert_int_equal(open_bytes(&p, &archive, &err), INK_OK);
    assert_int_equal(ink_archive_source(archive, 0, &source, &err), INK_OK);
    assert_int_equal(ink_source_read_all(source, 1000, &bytes, &size, &err), INK_OK);
    assert_string_equal((char *)bytes, text);
    ink_mem_free(bytes);
    ink_source_close(source);
    ink_archive_close(archive);
    piece_free(&p);
    piece_free(&packed);
}

static void an_empty_zip(void **state) {
    (void)state;
    piece p = {0};
    ink_archive *archive = NULL;
    ink_error err;
    size_t i;
    zip_make(&p, NULL, 0);
    assert_true(ink_archive_is(p.bytes, p.size));
    assert_int_equal(open_bytes(&p, &archive, &err), INK_OK);
    assert_int_equal(ink_archive_only(archive, &i, &err), INK_E_DATA);
    assert_string_equal(err.text, "k.zip: there is no file in the archive");
    ink_archive_close(archive);
    piece_free(&p);
}

static void a_comment(void **state) {
    (void)state;
    piece p = {0};
    ink_error err;
    const zip_part part = {.name = "a", TEXT};
    zip_make_with(&p, &part, 1, &(zip_end){.comment = "made by hand", .comment_size = 12});
    if (read_all(&p, 1 << 20, &err) != INK_OK) fail_msg("%s", err.text);
    piece_free(&p);
}

/* ---- names ---- */

static void names(void **state) {
    (void)state;
    static const struct {
        const char *name, *message;
    } cases[] = {
        {"../train.csv", "the entry \"../train.csv\" has a name that leads out of the archive"},
        {"a/../../train.csv", "leads out of the archive"},
        {"a/..", "leads out of the archive"},
        {"..", "leads out of the archive"},
        {"/etc/passwd", "begins at the root"},
        {"C:\\train.csv", "has a name with a drive"},
        {"c:train.csv", "has a name with a drive"},
        {"a\\train.csv", "has a backslash in its name"},
        {"tr\nain.csv", "has a control character in its name"},
        {"inner.zip", "is a zip within the zip"},
        {"INNER.ZIP", "is a zip within the zip"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        one_refused(&(zip_part){.name = cases[i].name, TEXT}, cases[i].message);
    }
    piece p = {0};
    ink_error err;
    zip_make(&p, &(zip_part){.name = "..a/b../...", TEXT}, 1); /* odd, and harmless */
    assert_int_equal(read_all(&p, 1 << 20, &err), INK_OK);
    piece_free(&p);
}

static void nul_in_a_name(void **state) {
    (void)state;
    piece p = {0};
    ink_error err = {0};
    /* libzip shows the name up to the NUL: refused, or read under that harmless name. */
    zip_make(&p, &(zip_part){.name = "a.csv\0.exe", .name_size = 10, TEXT}, 1);
    ink_status status = read_all(&p, 1 << 20, &err);
    assert_true(status == INK_OK || status == INK_E_DATA);
    piece_free(&p);
}

static void one_name_twice(void **state) {
    (void)state;
    static const char *const second[] = {"train.csv", "TRAIN.csv"};
    for (int i = 0; i < 2; i++) {
        piece p = {0};
        const zip_part parts[] = {{.name = "train.csv", TEXT}, {.name = second[i], TEXT}};
        zip_make(&p, parts, 2);
        refused(&p, i == 0 ? NULL : "is there twice"); /* libzip sees the same name itself */
    }
}

static void symbolic_link(void **state) {
    (void)state;
    one_refused(&(zip_part){.name = "train.csv", TEXT, .attributes = (uint32_t)0120777 << 16}, "is a symbolic link");
}

/* ---- structure ---- */

static void encrypted(void **state) {
    (void)state;
    one_refused(&(zip_part){.name = "train.csv", TEXT, .flags = 1}, NULL);
}

static void other_methods(void **state) {
    (void)state;
    one_refused(&(zip_part){.name = "train.csv", TEXT, .fake_method = 12}, NULL);
    one_refused(&(zip_part){.name = "train.csv", TEXT, .fake_method = 99}, NULL);
}

static void headers_that_disagree(void **state) {
    (void)state;
    one_refused(&(zip_part){.name = "train.csv", TEXT, .fake_name = "tRain.csv"}, NULL);
    one_refused(&(zip_part){.name = "train.csv", TEXT, .fake_size = 5}, NULL);
    one_refused(&(zip_part){.name = "train.csv", TEXT, .fake_packed = 5}, NULL);
    one_refused(&(zip_part){.name = "train.csv", TEXT, .fake_packed = 5, .fake_size = 5}, NULL);
    one_refused(&(zip_part){.name = "train.csv", TEXT, .fake_crc = 5}, NULL);
    one_refused(&(zip_part){.name = "train.csv", TEXT, .deflated = 1, .fake_size = 5}, NULL);
    one_refused(&(zip_part){.name = "train.csv", TEXT, .deflated = 1, .fake_size = 500}, NULL);
    one_refused(&(zip_part){.name = "train.csv", TEXT, .fake_method = 8}, NULL);
    one_refused(&(zip_part){.name = "train.csv", TEXT, .fake_packed = 1u << 30, .fake_size = 1u << 30}, NULL);
    one_refused(&(zip_part){.name = "train.csv", TEXT, .fake_packed = 0xffffffff, .fake_size = 0xffffffff}, NULL);
}

static void wrong_crc_of_the_data(void **state) {
    (void)state;
    piece p = {0};
    zip_make(&p, &(zip_part){.name = "train.csv", TEXT}, 1);
    p.bytes[30 + 9 + 3] ^= 1; /* in the data: both headers agree */
    refused(&p, "CRC");
}

static void damaged_deflate(void **state) {
    (void)state;
    piece p = {0};
    zip_make(&p, &(zip_part){.name = "train.csv", TEXT, .deflated = 1}, 1);
    p.bytes[30 + 9] = (char)0xff;
    refused(&p, NULL);
}

static void overlapping_entries(void **state) {
    (void)state;
    /* Two entries of the directory point at one local header, as the "better zip bomb" does. */
    piece body = {0}, p = {0};
    for (int i = 0; i < 4000; i++) piece_print(&body, "%d,", i);
    zip_part parts[] = {{.name = "a.csv", .bytes = body.bytes, .size = body.size},
                        {.name = "b.csv", .bytes = body.bytes, .size = body.size}};
    zip_make(&p, parts, 2);
    piece two = {0};
    size_t each = 30 + 5 + body.size;
    piece_add(&two, p.bytes, each);                         /* one body */
    piece_add(&two, p.bytes + 2 * each, p.size - 2 * each); /* a directory of two */
    memset(two.bytes + each + 46 + 5 + 42, 0, 4);           /* the second one's offset: 0 */
    two.bytes[each + 46 + 5 + 46] = 'a';                    /* and its name, so that headers agree */
    unsigned char offset[4] = {(unsigned char)each, (unsigned char)(each >> 8), (unsigned char)(each >> 16), 0};
    memcpy(two.bytes + two.size - 6, offset, 4);
    refused(&two, NULL);
    piece_free(&p);
    piece_free(&body);
}

static void several_disks(void **state) {
    (void)state;
    piece p = {0};
    const zip_part part = {.name = "a", TEXT};
    zip_make_with(&p, &part, 1, &(zip_end){.disk = 1});
    refused(&p, NULL);
}

static void directory_beyond_the_end(void **state) {
    (void)state;
    static const uint32_t plus[] = {1, 1000, 0x7fffffff, 0xfffffff0};
    for (int i = 0; i < 4; i++) {
        piece p = {0};
        const zip_part part = {.name = "a", TEXT};
        zip_make_with(&p, &part, 1, &(zip_end){.directory_plus = plus[i]});
        refused(&p, NULL);
    }
}

static void wrong_number_of_entries(void **state) {
    (void)state;
    for (int plus = -1; plus <= 1; plus += 2) {
        piece p = {0};
        const zip_part parts[] = {{.name = "a", TEXT}, {.name = "b", TEXT}};
        zip_make_with(&p, parts, 2, &(zip_end){.count_plus = plus});
        refused(&p, NULL);
    }
}

static void a_second_end_record_in_the_comment(void **state) {
    (void)state;
    /* The comment holds a whole empty archive's end: refused, or read as the outer one. */
    static const char inner[] = "PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    piece p = {0};
    ink_error err = {0};
    const zip_part part = {.name = "a", TEXT};
    zip_make_with(&p, &part, 1, &(zip_end){.comment = inner, .comment_size = 22});
    ink_status status = read_all(&p, 1 << 20, &err);
    assert_true(status == INK_OK || status == INK_E_DATA);
    piece_free(&p);
}

static void bytes_in_front(void **state) {
    (void)state;
    piece p = {0}, shifted = {0};
    zip_make(&p, &(zip_part){.name = "a", TEXT}, 1);
    piece_print(&shifted, "#!/bin/sh\n");
    piece_add(&shifted, p.bytes, p.size);
    refused(&shifted, NULL);
    piece_free(&p);
}

static void too_many_entries(void **state) {
    (void)state;
    enum { N = 10001 };
    piece p = {0};
    zip_part *parts = calloc(N, sizeof *parts);
    char(*labels)[8] = calloc(N, sizeof *labels);
    assert_true(parts != NULL && labels != NULL);
    for (int i = 0; i < N; i++) {
        snprintf(labels[i], sizeof labels[i], "%d", i);
        parts[i].name = labels[i];
    }
    zip_make(&p, parts, N);
    refused(&p, "k.zip: more than 10000 entries");
    free(parts);
    free(labels);
}

static void bomb_of_zeros(void **state) {
    (void)state;
    size_t size = (size_t)80 << 20;
    char *zeros = calloc(size, 1);
    piece p = {0};
    ink_error err = {0};
    assert_non_null(zeros);
    zip_make(&p, &(zip_part){.name = "a", .bytes = zeros, .size = size, .deflated = 1}, 1);
    free(zeros);
    assert_true(p.size < 100000);
    assert_int_equal(read_all(&p, (size_t)1 << 30, &err), INK_E_DATA);
    assert_string_equal(err.text, "k.zip/a: unpacks to more than 200 times the archive's size: refused as a bomb");
    piece_free(&p);
}

static void no_zip_at_all(void **state) {
    (void)state;
    piece p = {0};
    ink_archive *archive = NULL;
    ink_error err;
    piece_print(&p, "label,pixel0\n");
    assert_false(ink_archive_is(p.bytes, p.size));
    refused(&p, "k.zip: Not a zip archive");
    assert_int_equal(ink_archive_open("/no/such.zip", &archive, &err), INK_E_FILE);
    assert_string_equal(err.text, "cannot open /no/such.zip: No such file or directory");
    assert_int_equal(ink_archive_open("/dev/null", &archive, &err), INK_E_FILE);
    assert_int_equal(ink_archive_open("/tmp", &archive, &err), INK_E_FILE);
}

/* Cut at every byte, every bit turned: refused or read, never worse. */
static void damaged_everywhere(void **state) {
    (void)state;
    piece p = {0};
    const zip_part parts[] = {{.name = "a.csv", TEXT}, {.name = "b/c.csv", TEXT, .deflated = 1}};
    zip_make(&p, parts, 2);
    for (size_t size = 0; size < p.size; size++) {
        piece cut = {.bytes = p.bytes, .size = size};
        ink_error err;
        if (read_all(&cut, 1 << 20, &err) != INK_E_DATA) fail_msg("cut at %zu of %zu: %s", size, p.size, err.text);
    }
    for (size_t i = 0; i < p.size * 8; i++) {
        p.bytes[i / 8] = (char)(p.bytes[i / 8] ^ 1 << i % 8);
        ink_status status = read_all(&p, 1 << 20, NULL);
        assert_true(status == INK_OK || status == INK_E_DATA);
        p.bytes[i / 8] = (char)(p.bytes[i / 8] ^ 1 << i % 8);
    }
    piece_free(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kaggles_zip),
        cmocka_unit_test(a_zip_of_one_file_on_disk),
        cmocka_unit_test(gzip_within_a_zip),
        cmocka_unit_test(an_empty_zip),
        cmocka_unit_test(a_comment),
        cmocka_unit_test(names),
        cmocka_unit_test(nul_in_a_name),
        cmocka_unit_test(one_name_twice),
        cmocka_unit_test(symbolic_link),
        cmocka_unit_test(encrypted),
        cmocka_unit_test(other_methods),
        cmocka_unit_test(headers_that_disagree),
        cmocka_unit_test(wrong_crc_of_the_data),
        cmocka_unit_test(damaged_deflate),
        cmocka_unit_test(overlapping_entries),
        cmocka_unit_test(several_disks),
        cmocka_unit_test(directory_beyond_the_end),
        cmocka_unit_test(wrong_number_of_entries),
        cmocka_unit_test(a_second_end_record_in_the_comment),
        cmocka_unit_test(bytes_in_front),
        cmocka_unit_test(too_many_entries),
        cmocka_unit_test(bomb_of_zeros),
        cmocka_unit_test(no_zip_at_all),
        cmocka_unit_test(damaged_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

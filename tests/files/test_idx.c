/* tests/files/test_idx.c: IDX files, good and bad in every way, plain and gzipped.
 * MNIST itself is not here: its sums are checked where it is downloaded. */
#include "table.h"

#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "files/idx.h"

#define IMAGES_MAGIC "\0\0\x08\x03"
#define LABELS_MAGIC "\0\0\x08\x01"

static void add_dim(piece *p, uint32_t v) {
    const unsigned char bytes[4] = {(unsigned char)(v >> 24), (unsigned char)(v >> 16), (unsigned char)(v >> 8),
                                    (unsigned char)v};
    piece_add(p, bytes, 4);
}

static void make_images(piece *p, uint32_t n, uint32_t h, uint32_t w) {
    piece_add(p, IMAGES_MAGIC, 4);
    add_dim(p, n);
    add_dim(p, h);
    add_dim(p, w);
    for (uint32_t i = 0; i < n * h * w; i++) {
        char byte = (char)(unsigned char)(i * 7);
        piece_add(p, &byte, 1);
    }
}

static void make_labels(piece *p, uint32_t n) {
    piece_add(p, LABELS_MAGIC, 4);
    add_dim(p, n);
    for (uint32_t i = 0; i < n; i++) {
        char byte = (char)(i % 10);
        piece_add(p, &byte, 1);
    }
}

static ink_status read_images(const void *bytes, size_t size, ink_images *images, ink_error *err) {
    ink_source *source = NULL;
    assert_int_equal(ink_source_open_memory(bytes, size, "images", &source, err), INK_OK);
    /* As a caller does who looks what it is: then the size is known before the header. */
    const uint8_t *front;
    size_t got;
    if (ink_source_peek(source, &front, &got, err) != INK_OK) got = 0;
    ink_status status = ink_idx_read_images(source, images, err);
    ink_source_close(source);
    return status;
}

static ink_status read_labels(const void *bytes, size_t size, uint8_t **labels, uint32_t *count, ink_error *err) {
    ink_source *source = NULL;
    assert_int_equal(ink_source_open_memory(bytes, size, "labels", &source, err), INK_OK);
    ink_status status = ink_idx_read_labels(source, labels, count, err);
    ink_source_close(source);
    return status;
}

static void refuse_images(const piece *p, const char *text, const char *hint) {
    piece packed = {0};
    gzip_add(&packed, p->bytes, p->size);
    for (int gzip = 0; gzip < 2; gzip++) {
        ink_images images;
        ink_error err = {0};
        const piece *from = gzip ? &packed : p;
        assert_int_equal(read_images(from->bytes, from->size, &images, &err), INK_E_DATA);
        if (text != NULL && !(gzip && strstr(text, "the file has")) && strstr(err.text, text) == NULL) {
            fail_msg("%s", err.text);
        }
        if (hint != NULL && strstr(err.hint, hint) == NULL) fail_msg("%s / %s", err.text, err.hint);
        assert_null(images.pixels);
    }
    piece_free(&packed);
}

static void good_pair(void **state) {
    (void)state;
    piece images = {0}, labels = {0}, packed = {0};
    make_images(&images, 12, 5, 3);
    make_labels(&labels, 12);
    gzip_add(&packed, images.bytes, images.size); /* without .gz in any name */
    for (int gzip = 0; gzip < 2; gzip++) {
        const piece *from = gzip ? &packed : &images;
        ink_source *a = NULL, *b = NULL;
        ink_images out;
        ink_error err;
        assert_int_equal(ink_source_open_memory(from->bytes, from->size, "a", &a, &err), INK_OK);
        assert_int_equal(ink_source_open_memory(labels.bytes, labels.size, "b", &b, &err), INK_OK);
        if (ink_idx_read_pair(a, b, &out, &err) != INK_OK) fail_msg("%s", err.text);
        assert_int_equal(out.count, 12);
        assert_int_equal(out.height, 5);
        assert_int_equal(out.width, 3);
        assert_memory_equal(out.pixels, images.bytes + 16, 180);
        assert_int_equal(out.labels[11], 1);
        assert_int_equal(ink_images_transpose(&out, &err), INK_OK);
        assert_int_equal(out.height, 3);
        assert_int_equal(out.pixels[15 + 1], (uint8_t)images.bytes[16 + 15 + 3]);
        ink_images_free(&out);
        ink_source_close(a);
        ink_source_close(b);
    }
    piece_free(&images);
    piece_free(&labels);
    piece_free(&packed);
}

static void counts_differ(void **state) {
    (void)state;
    piece images = {0}, labels = {0};
    ink_source *a = NULL, *b = NULL;
    ink_images out;
    ink_error err;
    make_images(&images, 3, 2, 2);
    make_labels(&labels, 4);
    assert_int_equal(ink_source_open_memory(images.bytes, images.size, "a", &a, &err), INK_OK);
    assert_int_equal(ink_source_open_memory(labels.bytes, labels.size, "b", &b, &err), INK_OK);
    assert_int_equal(ink_idx_read_pair(a, b, &out, &err), INK_E_DATA);
    assert_string_equal(err.text, "b has 4 labels, a has 3 images");
    assert_null(out.pixels);
    ink_source_close(a);
    ink_source_close(b);
    piece_free(&images);
    piece_free(&labels);
}

static void wrong_magic(void **state) {
    (void)state;
    static const struct {
        const char *magic, *text, *hint;
    } cases[] = {
        {"\0\0\x08\x01", "images: byte 0: the magic is 0x00000801, IDX images have 0x00000803", "these are labels"},
        {"\0\0\x0c\x02", "the magic is 0x00000c02", "these are labels"},
        {"\3\x08\0\0", "the magic is 0x03080000", "the header is little-endian"},
        {"\0\0\x09\x03", "the magic is 0x00000903", "elements of type 0x09"},
        {"\0\0\x0b\x03", "the magic is 0x00000b03", "elements of type 0x0b"},
        {"\0\0\x0d\x03", "the magic is 0x00000d03", "elements of type 0x0d"},
        {"\0\0\x0e\x03", "the magic is 0x00000e03", "elements of type 0x0e"},
        {"\0\0\x08\0", "the magic is 0x00000800", "0 dimensions"},
        {"\0\0\x08\4", "the magic is 0x00000804", "4 dimensions"},
        {"\0\0\x08\xff", "the magic is 0x000008ff", "255 dimensions"},
        {"\x89PNG", "the magic is 0x89504e47", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        piece p = {0};
        make_images(&p, 2, 2, 2);
        memcpy(p.bytes, cases[i].magic, 4);
        refuse_images(&p, cases[i].text, cases[i].hint);
        piece_free(&p);
    }
}

static void images_given_as_labels(void **state) {
    (void)state;
    piece p = {0};
    uint8_t *labels = NULL;
    uint32_t count = 0;
    ink_error err;
    make_images(&p, 2, 2, 2);
    assert_int_equal(read_labels(p.bytes, p.size, &labels, &count, &err), INK_E_DATA);
    assert_string_equal(err.text, "labels: byte 0: the magic is 0x00000803, IDX labels have 0x00000801");
    assert_string_equal(err.hint, "these are images, not labels");
    assert_null(labels);
    piece_free(&p);
}

static void bad_dimensions(void **state) {
    (void)state;
    static const struct {
        uint32_t dim[3];
        const char *text;
    } cases[] = {
        {{0, 28, 28}, "byte 4: dimension 1 is 0: expected at least 1"},
        {{2, 0, 28}, "byte 8: dimension 2 is 0: expected at least 1"},
        {{2, 28, 0}, "byte 12: dimension 3 is 0: expected at least 1"},
        {{65536, 65536, 65536}, "dimension 2 is 65536: expected a side of at most 4096 pixels"},
        {{0xffffffff, 0xffffffff, 0xffffffff}, "dimension 2 is 4294967295"},
        {{2, 2, 4097}, "dimension 3 is 4097"},
        {{0xffffffff, 4096, 4096}, "the header announces 72057594021150720 bytes: too many"},
        {{3, 2, 2}, "the header announces 28 bytes in all, the file has 24"},
        {{1, 2, 2}, "the header announces 20 bytes in all, the file has 24"},
        {{100000000, 2, 2}, "the header announces 400000016 bytes in all, the file has 24"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        piece p = {0};
        piece_add(&p, IMAGES_MAGIC, 4);
        for (int d = 0; d < 3; d++) add_dim(&p, cases[i].dim[d]);
        piece_add(&p, "12345678", 8);
        refuse_images(&p, cases[i].text, NULL);
        piece_free(&p);
    }
}

static void bytes_behind(void **state) {
    (void)state;
    piece p = {0}, packed = {0};
    ink_images images;
    ink_error err;
    make_images(&p, 2, 2, 2);
    piece_add(&p, "x", 1);
    gzip_add(&packed, p.bytes, p.size); /* size not known beforehand */
    assert_int_equal(read_images(packed.bytes, packed.size, &images, &err), INK_E_DATA);
    assert_string_equal(err.text, "images: byte 24: bytes follow the last element");
    assert_int_equal(err.byte, 24);
    piece_free(&p);
    piece_free(&packed);
}

/* Cut at every byte, plain and gzipped. */
static void cut_off(void **state) {
    (void)state;
    piece p = {0}, labels = {0};
    make_images(&p, 3, 4, 4);
    make_labels(&labels, 60);
    for (size_t size = 0; size < p.size; size++) {
        piece cut = {.bytes = p.bytes, .size = size};
        refuse_images(&cut, size < 16 ? "the file ends inside the header" : NULL, NULL);
    }
    for (size_t size = 0; size < labels.size; size++) {
        uint8_t *out = NULL;
        uint32_t count;
        ink_error err;
        assert_int_equal(read_labels(labels.bytes, size, &out, &count, &err), INK_E_DATA);
        assert_null(out);
    }
    piece_free(&p);
    piece_free(&labels);
}

static void label_above_9(void **state) {
    (void)state;
    piece p = {0};
    uint8_t *labels = NULL;
    uint32_t count = 0;
    ink_error err;
    make_labels(&p, 5);
    p.bytes[8 + 3] = 10;
    assert_int_equal(read_labels(p.bytes, p.size, &labels, &count, &err), INK_E_DATA);
    assert_string_equal(err.text, "labels: byte 11: label 4 is \"10\", expected a digit 0..9");
    piece_free(&p);
}

static void qmnist_labels(void **state) {
    (void)state;
    piece p = {0};
    uint8_t *labels = NULL;
    uint32_t count = 0;
    ink_error err;
    piece_add(&p, "\0\0\x0c\x02", 4);
    add_dim(&p, 20);
    add_dim(&p, 8);
    for (uint32_t i = 0; i < 20; i++) {
        add_dim(&p, i % 10);
        for (uint32_t k = 1; k < 8; k++) add_dim(&p, 1000 + k);
    }
    if (read_labels(p.bytes, p.size, &labels, &count, &err) != INK_OK) fail_msg("%s", err.text);
    assert_int_equal(count, 20);
    for (uint32_t i = 0; i < 20; i++) assert_int_equal(labels[i], i % 10);
    ink_mem_free(labels);
    p.bytes[12 + 32] = 1; /* the second label: 0x01000001 */
    assert_int_equal(read_labels(p.bytes, p.size, &labels, &count, &err), INK_E_DATA);
    assert_int_equal(err.byte, 12 + 32);
    p.bytes[11] = 9; /* nine columns */
    assert_int_equal(read_labels(p.bytes, p.size, &labels, &count, &err), INK_E_DATA);
    assert_string_equal(err.text, "labels: byte 8: dimension 2 is 9: expected 8, as QMNIST has");
    piece_free(&p);
}

static void damaged_gzip(void **state) {
    (void)state;
    piece p = {0}, packed = {0};
    ink_images images;
    ink_error err;
    make_images(&p, 100, 28, 28);
    gzip_add(&packed, p.bytes, p.size);
    packed.bytes[packed.size - 7] ^= 1;
    assert_int_equal(read_images(packed.bytes, packed.size, &images, &err), INK_E_DATA);
    assert_non_null(strstr(err.text, "incorrect data check"));
    assert_int_equal(read_images(packed.bytes, packed.size / 2, &images, &err), INK_E_DATA);
    assert_non_null(strstr(err.text, "the gzip data ends early, after "));
    piece_free(&p);
    piece_free(&packed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_pair),      cmocka_unit_test(counts_differ),
        cmocka_unit_test(wrong_magic),    cmocka_unit_test(images_given_as_labels),
        cmocka_unit_test(bad_dimensions), cmocka_unit_test(bytes_behind),
        cmocka_unit_test(cut_off),        cmocka_unit_test(label_above_9),
        cmocka_unit_test(qmnist_labels),  cmocka_unit_test(damaged_gzip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

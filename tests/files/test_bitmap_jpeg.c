/* tests/files/test_bitmap_jpeg.c: JPEGs that libjpeg writes here: grey, colour, progressive, turned; and broken ones.
 * PNGs: test_bitmap_png.c. */
#include "table.h"

#include <stdio.h>

#include <jpeglib.h>
#include <stdlib.h>
#include <string.h>

#include "files/bitmap.h"

typedef struct jpeg_form {
    uint32_t width, height;
    J_COLOR_SPACE in, stored;
    int progressive, arithmetic, quality, scans;
    const char *other; /* text of an APP1 marker before that of EXIF */
    const char *exif;
    size_t exif_size;
} jpeg_form;

/* A slope with a dark corner: smooth, so that compression changes little, and unlike itself when turned. */
static int shade(const jpeg_form *f, uint32_t x, uint32_t y) {
    return (int)(40 + 120 * x / f->width + 80 * y / f->height);
}

static void jpeg_make(piece *p, const jpeg_form *f) {
    struct jpeg_compress_struct c = {0};
    struct jpeg_error_mgr errors;
    unsigned char *bytes = NULL;
    unsigned long size = 0;
    static jpeg_scan_info many[200];
    c.err = jpeg_std_error(&errors);
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, &bytes, &size);
    c.image_width = f->width;
    c.image_height = f->height;
    c.in_color_space = f->in;
    c.input_components = f->in == JCS_GRAYSCALE ? 1 : f->in == JCS_RGB ? 3 : 4;
    jpeg_set_defaults(&c);
    jpeg_set_colorspace(&c, f->stored);
    jpeg_set_quality(&c, f->quality > 0 ? f->quality : 98, TRUE);
    c.arith_code = f->arithmetic != 0;
    if (f->progressive) jpeg_simple_progression(&c);
    if (f->scans > 0) { /* a grey picture, coefficient by coefficient, bit by bit */
        int n = 0;
        many[n++] = (jpeg_scan_info){1, {0}, 0, 0, 0, 0};
        for (int k = 1; k < 64 && n < f->scans - 1; k++) {
            many[n++] = (jpeg_scan_info){1, {0}, k, k, 0, 1};
            many[n++] = (jpeg_scan_info){1, {0}, k, k, 1, 0};
        }
        c.scan_info = many;
        c.num_scans = n;
    }
    jpeg_start_compress(&c, TRUE);
    if (f->other != NULL) {
        jpeg_write_marker(&c, JPEG_APP0 + 1, (const JOCTET *)f->other, (unsigned)strlen(f->other));
    }
    if (f->exif != NULL) jpeg_write_marker(&c, JPEG_APP0 + 1, (const JOCTET *)f->exif, (unsigned)f->exif_size);
    unsigned char *row = calloc(f->width, 4);
    assert_non_null(row);
    while (c.next_scanline < c.image_height) {
        for (uint32_t x = 0; x < f->width; x++) {
            for (int k = 0; k < c.input_components; k++) {
                row[x * (uint32_t)c.input_components + (uint32_t)k] = (unsigned char)shade(f, x, c.next_scanline);
            }
        }
        jpeg_write_scanlines(&c, &row, 1);
    }
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    piece_add(p, bytes, size);
    free(bytes);
    free(row);
}

static ink_status read_piece(const piece *p, ink_bitmap *picture, ink_error *err) {
    ink_source *source = NULL;
    assert_int_equal(ink_source_open_memory(p->bytes, p->size, "a.jpg", &source, err), INK_OK);
    ink_status status = ink_bitmap_read(source, NULL, picture, err);
    ink_source_close(source);
    return status;
}

static void refused(piece *p, const char *text) {
    ink_bitmap picture;
    ink_error err = {0};
    if (read_piece(p, &picture, &err) != INK_E_DATA) fail_msg("not refused: %s", text);
    if (strstr(err.text, text) == NULL) fail_msg("%s", err.text);
    assert_memory_equal(err.text, "a.jpg: ", 7);
    assert_null(picture.grey);
    piece_free(p);
}

static void close_enough(const jpeg_form *f) {
    piece p = {0};
    ink_bitmap picture;
    ink_error err;
    jpeg_make(&p, f);
    assert_true(ink_bitmap_is(p.bytes, p.size));
    if (read_piece(&p, &picture, &err) != INK_OK) fail_msg("%s", err.text);
    assert_int_equal(picture.width, f->width);
    assert_int_equal(picture.height, f->height);
    for (uint32_t y = 0; y < f->height; y++) {
        for (uint32_t x = 0; x < f->width; x++) {
            assert_in_range(abs(picture.grey[y * f->width + x] - shade(f, x, y)), 0, 6);
        }
    }
    ink_bitmap_free(&picture);
    piece_free(&p);
}

static void grey_and_colour(void **state) {
    (void)state;
    close_enough(&(jpeg_form){.width = 61, .height = 43, .in = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE});
    close_enough(&(jpeg_form){.width = 61, .height = 43, .in = JCS_RGB, .stored = JCS_YCbCr});
    close_enough(&(jpeg_form){.width = 61, .height = 43, .in = JCS_RGB, .stored = JCS_RGB});
    close_enough(&(jpeg_form){.width = 1, .height = 1, .in = JCS_RGB, .stored = JCS_YCbCr});
    close_enough(&(jpeg_form){.width = 61, .height = 43, .in = JCS_RGB, .stored = JCS_YCbCr, .progressive = 1});
}

static void print_colours_are_refused(void **state) {
    (void)state;
    piece p = {0};
    jpeg_make(&p, &(jpeg_form){.width = 9, .height = 9, .in = JCS_CMYK, .stored = JCS_CMYK});
    refused(&p, "a JPEG in the colours of print (CMYK) is not read; save it as RGB");
    jpeg_make(&p, &(jpeg_form){.width = 9, .height = 9, .in = JCS_CMYK, .stored = JCS_YCCK});
    refused(&p, "a JPEG in the colours of print (CMYK)");
}

static void arithmetic_coding_is_refused(void **state) {
    (void)state;
    piece p = {0};
    jpeg_make(&p, &(jpeg_form){.width = 9, .height = 9, .in = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE, .arithmetic = 1});
    refused(&p, "a JPEG with arithmetic coding is not read");
}

static void scans(void **state) {
    (void)state;
    piece p = {0};
    jpeg_form f = {.width = 16, .height = 16, .in = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE, .scans = 99};
    close_enough(&f);
    f.scans = 127;
    jpeg_make(&p, &f);
    refused(&p, "the JPEG has more than 100 scans");
}

static void too_large(void **state) {
    (void)state;
    piece p = {0};
    jpeg_make(&p, &(jpeg_form){.width = 16, .height = 16, .in = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE});
    unsigned char *frame = NULL;
    for (size_t i = 0; i + 9 < p.size && frame == NULL; i++) {
        if (memcmp(p.bytes + i, "\xff\xc0", 2) == 0) frame = (unsigned char *)p.bytes + i;
    }
    assert_non_null(frame);
    frame[5] = frame[7] = 0xff; /* 65 296 by 65 296 */
    refused(&p, "the picture is 65296 x 65296, at most 16384 x 16384");
}

/* Eight ways to hold a camera: the file's pixels are the same, the picture is turned. Other markers of that kind, such
 * as XMP, may stand before EXIF's. */
static void orientations(void **state) {
    (void)state;
    for (int o = 0; o <= 9; o++) {
        for (int big = 0; big < 2; big++) {
            char little_exif[] = "Exif\0\0II*\0\x8\0\0\0\x2\0\xf\1\2\0\1\0\0\0a\0\0\0\x12\1\3\0\1\0\0\0o\0\0\0\0\0\0\0";
            char big_exif[] = "Exif\0\0MM\0*\0\0\0\x8\0\x2\1\xf\0\2\0\0\0\1a\0\0\0\1\x12\0\3\0\0\0\1\0o\0\0\0\0\0\0";
            char *exif = big ? big_exif : little_exif;
            jpeg_form f = {.width = 24, .height = 16, .in = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE, .exif = exif};
            piece p = {0};
            ink_bitmap q;
            ink_error err;
            static const char *const others[3] = {NULL, "http://ns.adobe.com/xap/1.0/", "Ex"};
            f.other = others[o % 3];
            f.exif_size = sizeof little_exif - 1;
            assert_int_equal(sizeof little_exif, sizeof big_exif);
            exif[big ? 6 + 8 + 2 + 12 + 9 : 6 + 8 + 2 + 12 + 8] = (char)o;
            jpeg_make(&p, &f);
            if (read_piece(&p, &q, &err) != INK_OK) fail_msg("%s", err.text);
            int turned = o >= 5 && o <= 8;
            assert_int_equal(q.width, turned ? 16 : 24);
            assert_int_equal(q.height, turned ? 24 : 16);
            /* Where the stored corners lie: dark at the top left, bright at the bottom right. */
            static const int dark[10] = {0, 0, 1, 3, 2, 0, 1, 3, 2, 0}, bright[10] = {3, 3, 2, 0, 1, 3, 2, 0, 1, 3};
            static const int top_right[10] = {1, 1, 0, 2, 3, 2, 3, 1, 0, 1};
            const int corner[4] = {q.grey[0], q.grey[q.width - 1], q.grey[q.width * (q.height - 1)],
                                   q.grey[q.width * q.height - 1]};
            assert_in_range(abs(corner[dark[o]] - shade(&f, 0, 0)), 0, 6);
            assert_in_range(abs(corner[bright[o]] - shade(&f, 23, 15)), 0, 6);
            assert_in_range(abs(corner[top_right[o]] - shade(&f, 23, 0)), 0, 6);
            ink_bitmap_free(&q);
            piece_free(&p);
        }
    }
}

/* By libjpeg, and turned after it: the slope is the same, seen from further away. */
static void made_smaller(void **state) {
    (void)state;
    const char exif[] = "Exif\0\0II*\0\x8\0\0\0\x1\0\x12\1\3\0\1\0\0\0\3\0\0\0"; /* upside down */
    for (uint32_t n = 1; n <= 8; n *= 2) {
        jpeg_form f = {.width = 122, .height = 86, .in = JCS_RGB, .stored = JCS_YCbCr};
        f.progressive = n == 2;
        f.exif = n == 4 ? exif : NULL;
        f.exif_size = n == 4 ? sizeof exif - 1 : 0;
        const ink_bitmap_limits limits = {.side = (122 + n - 1) / n, .shrink = 8};
        ink_source *source = NULL;
        ink_bitmap q;
        ink_error err;
        piece p = {0};
        jpeg_make(&p, &f);
        assert_int_equal(ink_source_open_memory(p.bytes, p.size, "a.jpg", &source, &err), INK_OK);
        if (ink_bitmap_read(source, &limits, &q, &err) != INK_OK) fail_msg("%s", err.text);
        ink_source_close(source);
        piece_free(&p);
        assert_int_equal(q.shrunk, n);
        assert_int_equal(q.width, (122 + n - 1) / n);
        assert_int_equal(q.height, (86 + n - 1) / n);
        for (uint32_t y = 0; y < q.height; y++) {
            for (uint32_t x = 0; x < q.width; x++) {
                uint32_t a = (n == 4 ? q.width - 1 - x : x) * n + n / 2,
                         b = (n == 4 ? q.height - 1 - y : y) * n + n / 2;
                assert_in_range(abs(q.grey[y * q.width + x] - shade(&f, a, b)), 0, 8);
            }
        }
        ink_bitmap_free(&q);
    }
}

static void cut_off_and_damaged(void **state) {
    (void)state;
    for (int progressive = 0; progressive < 2; progressive++) {
        piece p = {0};
        ink_bitmap picture;
        const char exif[] = "Exif\0\0II*\0\x8\0\0\0\x1\0\x12\1\3\0\1\0\0\0\6\0\0\0";
        jpeg_make(&p, &(jpeg_form){.width = 32,
                                   .height = 24,
                                   .in = JCS_RGB,
                                   .stored = JCS_YCbCr,
                                   .progressive = progressive,
                                   .exif = exif,
                                   .exif_size = sizeof exif - 1,
                                   .quality = 60});
        for (size_t size = 0; size + 2 < p.size; size++) {
            piece cut = {.bytes = p.bytes, .size = size};
            assert_int_equal(read_piece(&cut, &picture, NULL), INK_E_DATA);
        }
        for (size_t bit = 0; bit < p.size * 8; bit++) {
            p.bytes[bit / 8] = (char)(p.bytes[bit / 8] ^ 1 << bit % 8);
            ink_status status = read_piece(&p, &picture, NULL);
            assert_true(status == INK_OK || status == INK_E_DATA);
            ink_bitmap_free(&picture);
            p.bytes[bit / 8] = (char)(p.bytes[bit / 8] ^ 1 << bit % 8);
        }
        piece_free(&p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grey_and_colour),
        cmocka_unit_test(print_colours_are_refused),
        cmocka_unit_test(arithmetic_coding_is_refused),
        cmocka_unit_test(scans),
        cmocka_unit_test(too_large),
        cmocka_unit_test(orientations),
        cmocka_unit_test(made_smaller),
        cmocka_unit_test(cut_off_and_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

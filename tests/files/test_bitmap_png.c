/* tests/files/test_bitmap_png.c: PNGs of every kind, pixel by pixel, and every way to break one.
 * JPEGs: test_bitmap_jpeg.c. */
#include "drawn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "core/mem.h"
#include "files/bitmap.h"
#include "files/bitmap_write.h"

static ink_status read_piece(const piece *p, ink_bitmap *picture, ink_error *err) {
    ink_source *source = NULL;
    assert_int_equal(ink_source_open_memory(p->bytes, p->size, "a.png", &source, err), INK_OK);
    ink_status status = ink_bitmap_read(source, NULL, picture, err);
    ink_source_close(source);
    return status;
}

static void refused(piece *p, const char *text) {
    ink_bitmap picture;
    ink_error err = {0};
    if (read_piece(p, &picture, &err) != INK_E_DATA) fail_msg("not refused: %s", text);
    if (strstr(err.text, text) == NULL) fail_msg("%s", err.text);
    assert_memory_equal(err.text, "a.png: ", 7);
    assert_null(picture.grey);
    piece_free(p);
}

static unsigned eight_bits(unsigned v, int depth) {
    return depth == 16 ? (v * 255 + 32767) / 65535 : v * 255 / ((1u << depth) - 1);
}

/* What the pixel should be on such paper, from the samples and the words of bitmap.h. */
static unsigned wanted(const png_form *f, uint32_t x, uint32_t y, unsigned paper) {
    unsigned s[4] = {0}, alpha = 255, grey;
    int n = f->colour == 2 ? 3 : f->colour == 6 ? 4 : f->colour == 4 ? 2 : 1;
    int key = f->with_trns && f->colour != 3;
    for (int c = 0; c < n; c++) {
        s[c] = png_sample(f, x, y, c);
        if (s[c] != png_sample(f, 0, 0, c)) key = 0;
    }
    if (f->colour == 3) {
        uint8_t rgb[3], a;
        png_palette((int)s[0], rgb, &a);
        grey = (77u * rgb[0] + 150u * rgb[1] + 29u * rgb[2] + 128) / 256;
        alpha = f->with_trns ? a : 255;
    } else {
        for (int c = 0; c < n; c++) s[c] = eight_bits(s[c], f->depth);
        grey = n < 3 ? s[0] : (77 * s[0] + 150 * s[1] + 29 * s[2] + 128) / 256;
        alpha = key ? 0 : n == 2 ? s[1] : n == 4 ? s[3] : 255;
    }
    return (grey * alpha + paper * (255 - alpha) + 127) / 255;
}

/* White, or black where all would be as good as white on it, and some of it is transparent: that is where the paper
 * makes a difference of half or more. */
static unsigned paper_of(const png_form *f) {
    uint32_t clear = 0, seen = 0, n = f->width * f->height;
    for (uint32_t i = 0; i < n; i++) {
        unsigned on_white = wanted(f, i % f->width, i / f->width, 255);
        clear += on_white - wanted(f, i % f->width, i / f->width, 0) > 127;
        seen += on_white <= 245;
    }
    return clear > 0 && clear < n && seen == 0 ? 0 : 255;
}

static void exact(const png_form *f) {
    piece p = {0};
    ink_bitmap picture;
    ink_error err;
    png_make(&p, f);
    if (read_piece(&p, &picture, &err) != INK_OK) fail_msg("colour %d depth %d: %s", f->colour, f->depth, err.text);
    assert_int_equal(picture.width, f->width);
    assert_int_equal(picture.height, f->height);
    unsigned paper = paper_of(f);
    for (uint32_t y = 0; y < f->height; y++) {
        for (uint32_t x = 0; x < f->width; x++) {
            unsigned have = picture.grey[(size_t)y * f->width + x], want = wanted(f, x, y, paper);
            if (have != want)
                fail_msg("colour %d depth %d at %u,%u: %u, not %u", f->colour, f->depth, x, y, have, want);
        }
    }
    ink_bitmap_free(&picture);
    piece_free(&p);
}

static void every_colour_depth_and_interlacing(void **state) {
    (void)state;
    static const struct {
        int colour, depth;
    } kinds[] = {{0, 1}, {0, 2}, {0, 4}, {0, 8}, {0, 16}, {2, 8}, {2, 16}, {3, 1},
                 {3, 2}, {3, 4}, {3, 8}, {4, 8}, {4, 16}, {6, 8}, {6, 16}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        for (int variant = 0; variant < 4; variant++) {
            png_form f = {.width = 37, .height = 29, .colour = kinds[i].colour, .depth = kinds[i].depth, .filter = 5};
            f.interlaced = variant & 1;
            f.with_trns = (variant & 2) != 0 && f.colour < 4;
            f.n_palette = f.depth < 8 ? 1 << f.depth : 200;
            exact(&f);
        }
    }
}

/* Of one bit, one value of which is transparent: white on nothing is seen on black. */
static void white_on_nothing(void **state) {
    (void)state;
    png_form f = {.width = 37, .height = 29, .depth = 1, .with_trns = 1};
    assert_int_equal(png_sample(&f, 0, 0, 0), 0); /* what is 0 is transparent */
    assert_int_equal(paper_of(&f), 0);
    exact(&f);
    f.interlaced = 1;
    exact(&f);
}

static void every_small_size(void **state) {
    (void)state;
    for (uint32_t w = 1; w < 12; w++) {
        for (uint32_t h = 1; h < 12; h++) {
            exact(&(png_form){.width = w, .height = h, .depth = 1, .interlaced = (int)(w + h) % 2});
            exact(&(png_form){.width = w, .height = h, .depth = 8, .colour = 6, .interlaced = 1});
        }
    }
}

static void every_filter(void **state) {
    (void)state;
    for (int filter = 0; filter < 5; filter++) {
        exact(&(png_form){.width = 28, .height = 28, .depth = 8, .colour = 2, .filter = filter});
        exact(&(png_form){.width = 28, .height = 28, .depth = 4, .filter = filter});
    }
}

static void idats_of_one_byte(void **state) {
    (void)state;
    exact(&(png_form){.width = 28, .height = 28, .depth = 8, .tiny_idats = 1});
}

static void only_a_signature(void **state) {
    (void)state;
    piece p = {0};
    png_signature(&p);
    refused(&p, "the PNG is damaged: the file ends early");
}

static void bad_sizes(void **state) {
    (void)state;
    static const struct {
        uint32_t w, h;
        const char *text;
    } sizes[] = {{0, 1, "the PNG is damaged"},
                 {1, 0, "the PNG is damaged"},
                 {0x80000000u, 1, "the PNG is damaged"},
                 {16385, 1, "the picture is 16385 x 1, at most 16384 x 16384 and 268435456 pixels are read"},
                 {1, 16385, "the picture is 1 x 16385"},
                 {50000, 50000, "the picture is 50000 x 50000"},
                 {0x7fffffff, 0x7fffffff, "the picture is 2147483647 x 2147483647"}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        piece p = {0};
        const png_form f = {.width = sizes[i].w, .height = sizes[i].h, .depth = 1};
        png_signature(&p);
        png_header(&p, &f);
        png_chunk(&p, "IDAT", "x\x9c\x03\0\0\0\0\1", 8);
        png_chunk(&p, "IEND", "", 0);
        refused(&p, sizes[i].text);
    }
}

static void bad_kinds(void **state) {
    (void)state;
    static const int kinds[][2] = {{0, 3}, {0, 0}, {0, 32}, {1, 8}, {2, 4}, {3, 16}, {4, 4}, {5, 8}, {6, 1}, {7, 8}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        piece p = {0};
        png_signature(&p);
        png_header(&p,
                   &(png_form){.width = 2, .height = 2, .colour = kinds[i][0], .depth = kinds[i][1], .n_palette = 2});
        png_chunk(&p, "IDAT", "x\x9c\x03\0\0\0\0\1", 8);
        png_chunk(&p, "IEND", "", 0);
        refused(&p, "the PNG is damaged");
    }
}

static void bad_data(void **state) {
    (void)state;
    const png_form good = {.width = 20, .height = 20, .depth = 8};
    png_form f = good;
    piece p = {0};
    f.cut_rows = 3;
    png_make(&p, &f);
    refused(&p, "the PNG is damaged");
    f = good;
    f.extra_bytes = 30;
    png_make(&p, &f);
    refused(&p, "the PNG is damaged");
    f = good;
    f.filter = 9;
    png_make(&p, &f);
    refused(&p, "the PNG is damaged");
    png_signature(&p);
    png_header(&p, &good);
    png_pixels(&p, &good); /* no IEND */
    refused(&p, "the file ends early");
    png_signature(&p);
    png_header(&p, &good);
    png_chunk(&p, "IEND", "", 0); /* no IDAT */
    refused(&p, "the PNG is damaged");
    png_signature(&p);
    png_header(&p, &good);
    png_header(&p, &good); /* two IHDR */
    png_pixels(&p, &good);
    png_chunk(&p, "IEND", "", 0);
    refused(&p, "the PNG is damaged");
    png_signature(&p);
    png_pixels(&p, &good); /* no IHDR */
    refused(&p, "the PNG is damaged");
}

static void bad_palettes(void **state) {
    (void)state;
    png_form f = {.width = 20, .height = 20, .depth = 8, .colour = 3, .n_palette = 200};
    piece p = {0}, pixels = {0};
    png_pixels(&pixels, &f);
    f.n_palette = 100; /* pixels reach beyond it */
    png_signature(&p);
    png_header(&p, &f);
    piece_add(&p, pixels.bytes, pixels.size);
    png_chunk(&p, "IEND", "", 0);
    refused(&p, "a pixel's colour is beyond the palette");
    f.n_palette = 0; /* PLTE without colours */
    png_signature(&p);
    png_header(&p, &f);
    piece_add(&p, pixels.bytes, pixels.size);
    refused(&p, "the PNG is damaged");
    piece_free(&pixels);
}

static void bad_chunks(void **state) {
    (void)state;
    const png_form f = {.width = 20, .height = 20, .depth = 8};
    piece p = {0};
    png_make(&p, &f);
    p.bytes[8 + 8 + 13] ^= 1; /* CRC of IHDR */
    refused(&p, "the PNG is damaged");
    png_make(&p, &f);
    p.bytes[p.size - 12 - 2] ^= 1; /* CRC of IDAT */
    refused(&p, "the PNG is damaged");
    png_make(&p, &f);
    p.bytes[8 + 25] = (char)0x80; /* IDAT's length: 2^31 and more */
    refused(&p, "the PNG is damaged");
    png_signature(&p);
    png_header(&p, &f);
    png_chunk(&p, "ABCD", "1234", 4); /* critical, unknown */
    png_pixels(&p, &f);
    refused(&p, "the PNG is damaged");
}

/* Chunks beside the point do no harm, also when they are wrong or would unpack to gigabytes. */
static void ancillary_chunks_are_skipped(void **state) {
    (void)state;
    const png_form f = {.width = 20, .height = 20, .depth = 8};
    size_t size = (size_t)64 << 20;
    unsigned char *zeros = calloc(size, 1), *packed = malloc(compressBound(size));
    uLongf n = compressBound(size);
    piece p = {0}, text = {0};
    ink_bitmap picture;
    ink_error err;
    assert_true(zeros != NULL && packed != NULL);
    assert_int_equal(compress(packed, &n, zeros, size), Z_OK);
    png_signature(&p);
    png_header(&p, &f);
    piece_add(&text, "name\0\0", 6);
    piece_add(&text, packed, n);
    png_chunk(&p, "iCCP", text.bytes, text.size);
    png_chunk(&p, "zTXt", text.bytes, text.size);
    png_chunk(&p, "gAMA", "x", 1);
    png_chunk(&p, "acTL", "12345678", 8);
    png_chunk(&p, "teSt", "", 0);
    p.bytes[p.size - 1] ^= 1; /* its CRC is wrong */
    png_pixels(&p, &f);
    png_chunk(&p, "IEND", "", 0);
    if (read_piece(&p, &picture, &err) != INK_OK) fail_msg("%s", err.text);
    for (uint32_t i = 0; i < 400; i++) assert_int_equal(picture.grey[i], wanted(&f, i % 20, i / 20, 255));
    ink_bitmap_free(&picture);
    piece_free(&p);
    piece_free(&text);
    free(zeros);
    free(packed);
}

static void other_formats_are_named(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        const char *text;
    } others[] = {{"GIF89a", 6, "this is a GIF; PNG and JPEG are read"},
                  {"RIFF\0\0\0\0WEBPVP8 ", 16, "this is a WebP"},
                  {"\0\0\0\x18"
                   "ftypheic\0\0",
                   14, "this is a HEIC"},
                  {"%PDF-1.4", 8, "this is a PDF"},
                  {"label,pixel0", 12, "this is neither PNG nor JPEG"},
                  {"", 0, "this is neither PNG nor JPEG"}};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        piece p = {0};
        piece_add(&p, others[i].bytes, others[i].size);
        assert_false(ink_bitmap_is(p.bytes, p.size));
        refused(&p, others[i].text);
    }
}

static void limits(void **state) {
    (void)state;
    const png_form f = {.width = 20, .height = 10, .depth = 8};
    static const ink_bitmap_limits few[] = {
        {.side = 19, .shrink = 1}, {.pixels = 199, .shrink = 1}, {.bytes = 100}, {.side = 20, .pixels = 200}};
    piece p = {0};
    png_make(&p, &f);
    for (int i = 0; i < 4; i++) {
        ink_source *source = NULL;
        ink_bitmap picture;
        ink_error err;
        assert_int_equal(ink_source_open_memory(p.bytes, p.size, "a.png", &source, &err), INK_OK);
        assert_int_equal(ink_bitmap_read(source, &few[i], &picture, &err), i < 3 ? INK_E_DATA : INK_OK);
        ink_bitmap_free(&picture);
        ink_source_close(source);
    }
    piece_free(&p);
}

/* Means of squares, of what is left of them at the right and lower edge as well. */
static void made_smaller(void **state) {
    (void)state;
    static const struct {
        ink_bitmap_limits limits;
        int colour, interlaced;
        uint32_t shrunk; /* 0: refused */
    } cases[] = {{{.side = 37}, 0, 0, 1},
                 {{.side = 36}, 0, 0, 2},
                 {{.side = 36}, 6, 0, 2},
                 {{.side = 18}, 0, 0, 4},
                 {{.pixels = 37 * 29 - 1}, 2, 0, 2},
                 {{.side = 9}, 0, 0, 0},
                 {{.side = 5, .shrink = 8}, 0, 0, 8},
                 {{.side = 36, .shrink = 1}, 0, 0, 0},
                 {{.side = 36}, 0, 1, 0},
                 {{.side = 37}, 0, 1, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const png_form f = {
            .width = 37, .height = 29, .depth = 8, .colour = cases[i].colour, .interlaced = cases[i].interlaced};
        uint32_t n = cases[i].shrunk;
        ink_source *source = NULL;
        ink_bitmap picture;
        piece p = {0};
        png_make(&p, &f);
        assert_int_equal(ink_source_open_memory(p.bytes, p.size, "a.png", &source, NULL), INK_OK);
        ink_status status = ink_bitmap_read(source, &cases[i].limits, &picture, NULL);
        assert_int_equal(status, n > 0 ? INK_OK : INK_E_DATA);
        ink_source_close(source);
        piece_free(&p);
        if (n == 0) continue;
        assert_int_equal(picture.shrunk, n);
        assert_int_equal(picture.width, (37 + n - 1) / n);
        assert_int_equal(picture.height, (29 + n - 1) / n);
        for (uint32_t y = 0; y < picture.height; y++) {
            for (uint32_t x = 0; x < picture.width; x++) {
                unsigned sum = 0, pixels = 0;
                for (uint32_t k = 0; k < n * n; k++) {
                    uint32_t a = x * n + k % n, b = y * n + k / n;
                    if (a >= 37 || b >= 29) continue;
                    sum += wanted(&f, a, b, 255);
                    pixels++;
                }
                assert_int_equal(picture.grey[y * picture.width + x], (sum + pixels / 2) / pixels);
            }
        }
        ink_bitmap_free(&picture);
    }
}

static void damaged_everywhere(void **state) {
    (void)state;
    piece p = {0};
    ink_bitmap picture;
    png_make(&p,
             &(png_form){
                 .width = 9, .height = 9, .depth = 4, .colour = 3, .n_palette = 16, .with_trns = 1, .interlaced = 1});
    for (size_t size = 0; size < p.size; size++) {
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

/* What is written is what was given, as the reader sees it; and sizes that are none are refused. */
static void written_and_read_back(void **state) {
    (void)state;
    enum { WIDTH = 37, HEIGHT = 21, PIXELS = WIDTH * HEIGHT };
    uint8_t rgb[3 * PIXELS], grey[PIXELS];
    for (unsigned i = 0; i < 3 * PIXELS; i++) rgb[i] = (uint8_t)(i * i * 7 + i / 5);
    for (unsigned i = 0; i < PIXELS; i++) {
        grey[i] = (uint8_t)((77u * rgb[3 * i] + 150u * rgb[3 * i + 1] + 29u * rgb[3 * i + 2] + 128) / 256);
    }
    for (int colour = 0; colour < 2; colour++) {
        ink_error err;
        ink_bitmap picture;
        piece p = {0};
        uint8_t *png;
        size_t size;
        assert_int_equal(colour ? ink_bitmap_rgb_to_png(rgb, WIDTH, HEIGHT, &png, &size, &err)
                                : ink_bitmap_to_png(grey, WIDTH, HEIGHT, &png, &size, &err),
                         INK_OK);
        piece_add(&p, png, size);
        ink_mem_free(png);
        assert_int_equal(read_piece(&p, &picture, &err), INK_OK);
        assert_int_equal(picture.width, WIDTH);
        assert_int_equal(picture.height, HEIGHT);
        assert_memory_equal(picture.grey, grey, sizeof grey);
        ink_bitmap_free(&picture);
        piece_free(&p);
        assert_int_equal(ink_bitmap_rgb_to_png(rgb, 0, HEIGHT, &png, &size, &err), INK_E_USAGE);
        assert_int_equal(ink_bitmap_rgb_to_png(rgb, UINT32_C(1) << 16, UINT32_C(1) << 16, &png, &size, &err),
                         INK_E_USAGE);
        assert_int_equal(ink_bitmap_to_png(grey, WIDTH, 4097, &png, &size, &err), INK_E_USAGE);
        assert_null(png);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_colour_depth_and_interlacing),
        cmocka_unit_test(white_on_nothing),
        cmocka_unit_test(every_small_size),
        cmocka_unit_test(every_filter),
        cmocka_unit_test(idats_of_one_byte),
        cmocka_unit_test(only_a_signature),
        cmocka_unit_test(bad_sizes),
        cmocka_unit_test(bad_kinds),
        cmocka_unit_test(bad_data),
        cmocka_unit_test(bad_palettes),
        cmocka_unit_test(bad_chunks),
        cmocka_unit_test(ancillary_chunks_are_skipped),
        cmocka_unit_test(other_formats_are_named),
        cmocka_unit_test(limits),
        cmocka_unit_test(made_smaller),
        cmocka_unit_test(damaged_everywhere),
        cmocka_unit_test(written_and_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

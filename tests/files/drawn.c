/* tests/files/drawn.c: a PNG encoder for small pictures of every kind.
 * It is plain and slow, and shares nothing with the decoder. Source: PNG 1.2, chapters 2 to 8. */
#include "drawn.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static int channels(const png_form *f) {
    return f->colour == 2 ? 3 : f->colour == 6 ? 4 : f->colour == 4 ? 2 : 1;
}

unsigned png_sample(const png_form *f, uint32_t x, uint32_t y, int channel) {
    unsigned v = x * 2654435761u + y * 40503u * 7919u + (unsigned)channel * 97u * 65537u;
    v ^= v >> 15;
    if (f->colour == 3) return v % (unsigned)f->n_palette;
    return v & ((1u << f->depth) - 1);
}

void png_palette(int i, uint8_t rgb[3], uint8_t *alpha) {
    rgb[0] = (uint8_t)(i * 37);
    rgb[1] = (uint8_t)(255 - i * 11);
    rgb[2] = (uint8_t)(i * i);
    *alpha = (uint8_t)(i * 50);
}

static void add32(piece *p, uint32_t v) {
    const unsigned char bytes[4] = {(unsigned char)(v >> 24), (unsigned char)(v >> 16), (unsigned char)(v >> 8),
                                    (unsigned char)v};
    piece_add(p, bytes, 4);
}

void png_signature(piece *p) {
    piece_add(p, "\x89PNG\r\n\x1a\n", 8);
}

void png_chunk(piece *p, const char *type, const void *bytes, size_t size) {
    uLong crc = crc32(0, (const Bytef *)type, 4);
    if (size > 0) crc = crc32(crc, bytes, (uInt)size);
    add32(p, (uint32_t)size);
    piece_add(p, type, 4);
    piece_add(p, bytes, size);
    add32(p, (uint32_t)crc);
}

void png_header(piece *p, const png_form *f) {
    piece h = {0};
    const unsigned char rest[5] = {(unsigned char)f->depth, (unsigned char)f->colour, 0, 0,
                                   (unsigned char)f->interlaced};
    add32(&h, f->width);
    add32(&h, f->height);
    piece_add(&h, rest, 5);
    png_chunk(p, "IHDR", h.bytes, h.size);
    piece_free(&h);
    if (f->colour == 3) {
        uint8_t palette[256 * 3], alphas[256];
        for (int i = 0; i < f->n_palette; i++) png_palette(i, palette + 3 * i, &alphas[i]);
        png_chunk(p, "PLTE", palette, (size_t)f->n_palette * 3);
        if (f->with_trns) png_chunk(p, "tRNS", alphas, (size_t)f->n_palette);
    } else if (f->with_trns) {
        uint8_t key[6];
        int n = channels(f);
        for (int c = 0; c < n; c++) { /* the pixel at (0, 0) is the transparent one */
            unsigned v = png_sample(f, 0, 0, c);
            key[2 * c] = (uint8_t)(v >> 8);
            key[2 * c + 1] = (uint8_t)v;
        }
        png_chunk(p, "tRNS", key, (size_t)n * 2);
    }
}

static uint8_t paeth(int a, int b, int c) {
    int p = a + b - c, pa = abs(p - a), pb = abs(p - b), pc = abs(p - c);
    return (uint8_t)(pa <= pb && pa <= pc ? a : pb <= pc ? b : c);
}

/* One pass: the pixels (x0 + i dx, y0 + k dy), filtered. */
static void add_pass(piece *raw, const png_form *f, uint32_t x0, uint32_t y0, uint32_t dx, uint32_t dy) {
    if (x0 >= f->width || y0 >= f->height) return;
    uint32_t width = (f->width - x0 + dx - 1) / dx, height = (f->height - y0 + dy - 1) / dy;
    size_t bits = (size_t)channels(f) * (size_t)f->depth, bytes = (width * bits + 7) / 8,
           step = bits < 8 ? 1 : bits / 8;
    uint8_t *above = calloc(bytes, 1), *row = calloc(bytes, 1);
    assert_true(above != NULL && row != NULL);
    for (uint32_t y = 0; y + (uint32_t)f->cut_rows < height; y++) {
        memset(row, 0, bytes);
        for (uint32_t x = 0; x < width; x++) {
            for (int c = 0; c < channels(f); c++) {
                unsigned v = png_sample(f, x0 + x * dx, y0 + y * dy, c);
                size_t bit = x * bits + (size_t)c * (size_t)f->depth;
                if (f->depth == 16)
                    row[bit / 8] = (uint8_t)(v >> 8), row[bit / 8 + 1] = (uint8_t)v;
                else
                    row[bit / 8] = (uint8_t)(row[bit / 8] | v << (8 - (size_t)f->depth - bit % 8));
            }
        }
        int filter = f->filter == 5 ? (int)(y % 5) : f->filter;
        char byte = (char)filter;
        piece_add(raw, &byte, 1);
        for (size_t i = 0; i < bytes; i++) {
            int a = i >= step ? row[i - step] : 0, b = above[i], c = i >= step ? above[i - step] : 0;
            int guess = filter == 1   ? a
                        : filter == 2 ? b
                        : filter == 3 ? (a + b) / 2
                        : filter == 4 ? paeth(a, b, c)
                                      : 0;
            byte = (char)(unsigned char)(row[i] - guess);
            piece_add(raw, &byte, 1);
        }
        uint8_t *other = above;
        above = row;
        row = other;
    }
    free(above);
    free(row);
}

void png_pixels(piece *p, const png_form *f) {
    static const uint32_t adam7[7][4] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                                         {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
    piece raw = {0};
    for (int i = 0; i < 7 && f->interlaced; i++) add_pass(&raw, f, adam7[i][0], adam7[i][1], adam7[i][2], adam7[i][3]);
    if (!f->interlaced) add_pass(&raw, f, 0, 0, 1, 1);
    for (int i = 0; i < f->extra_bytes; i++) piece_add(&raw, "x", 1);
    uLongf size = compressBound((uLong)raw.size);
    unsigned char *packed = malloc(size);
    assert_non_null(packed);
    assert_int_equal(compress(packed, &size, (const Bytef *)raw.bytes, (uLong)raw.size), Z_OK);
    size_t each = f->tiny_idats ? 1 : size;
    for (size_t at = 0; at < size; at += each) png_chunk(p, "IDAT", packed + at, each);
    free(packed);
    piece_free(&raw);
}

void png_make(piece *p, const png_form *f) {
    png_signature(p);
    png_header(p, f);
    png_pixels(p, f);
    png_chunk(p, "IEND", "", 0);
}

/* tests/files/drawn.h: PNG files made chunk by chunk, so that any of them can be wrong. For the tests of pictures. */
#ifndef INK_TESTS_FILES_DRAWN_H
#define INK_TESTS_FILES_DRAWN_H

#include "table.h"

typedef struct png_form {
    uint32_t width, height;
    int colour, depth, interlaced; /* colour: PNG's 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha */
    int n_palette, with_trns;
    int filter;      /* 0 .. 4 for all rows; 5: each row another; 9: a filter that does not exist */
    int tiny_idats;  /* IDAT chunks of one byte */
    int cut_rows;    /* rows that are missing */
    int extra_bytes; /* behind the last row, compressed */
} png_form;

/* Sample `channel` of pixel (x, y), in the depth of the form. */
unsigned png_sample(const png_form *form, uint32_t x, uint32_t y, int channel);
/* Colour i of the palette, and its alpha. */
void png_palette(int i, uint8_t rgb[3], uint8_t *alpha);

void png_signature(piece *p);
void png_chunk(piece *p, const char *type, const void *bytes, size_t size);
void png_header(piece *p, const png_form *form);
void png_pixels(piece *p, const png_form *form); /* the IDAT chunks */
/* All of it. */
void png_make(piece *p, const png_form *form);

#endif

/* files/bitmap_png.c: PNG through libpng, to grey.
 * libpng unpacks and unfilters; palettes, transparency and grey are ours, so that their rounding is written here. */
#include <assert.h>
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "files/bitmap_formats.h"

#define NEARLY_WHITE 245 /* what is lighter cannot be seen on white */

/* All that must survive a longjmp out of libpng. */
typedef struct decoder {
    ink_bitmap_job *job;
    png_structp png;
    png_infop info;
    size_t at;
    uint8_t *rows; /* one row, or all of an interlaced picture */
    size_t row_bytes;
    uint8_t *line;  /* a row's grey, and the sums of several, of a picture that is made smaller */
    uint16_t *sums; /* [of out's width]: up to 8 x 8 pixels */
    uint32_t width, height;
    int colour_type;
    png_colorp palette;
    png_bytep alphas; /* of the palette */
    int n_palette, n_alphas;
    uint8_t paper, darkest; /* under what is transparent; of all pixels that may be */
    bool clear, solid;      /* has it such pixels, and others? */
    ink_status status;      /* of our own fault, when it was one */
    jmp_buf jump;
} decoder;

static _Noreturn void on_error(png_structp png, png_const_charp text) {
    decoder *d = png_get_error_ptr(png);
    if (d->status == INK_OK) {
        d->status = ink_fail(d->job->err, INK_E_DATA, "%s: the PNG is damaged: %s", d->job->name, text);
    }
    longjmp(d->jump, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
    (void)png;
    (void)text; /* of ancillary chunks, which do not concern us */
}

static void on_read(png_structp png, png_bytep to, size_t size) {
    decoder *d = png_get_io_ptr(png);
    if (size > d->job->size - d->at) png_error(png, "the file ends early");
    memcpy(to, d->job->bytes + d->at, size);
    d->at += size;
}

static uint8_t grey_of(unsigned r, unsigned g, unsigned b) {
    return (uint8_t)((77 * r + 150 * g + 29 * b + 128) / 256);
}

static uint8_t lay(decoder *d, unsigned grey, unsigned alpha) {
    uint8_t laid = (uint8_t)((grey * alpha + d->paper * (255 - alpha) + 127) / 255);
    if (laid < d->darkest) d->darkest = laid;
    d->clear = d->clear || alpha < 128;
    d->solid = d->solid || alpha >= 128;
    return laid;
}

static void convert_row(decoder *d, const uint8_t *row, uint8_t *to) {
    for (uint32_t x = 0; x < d->width; x++) {
        const uint8_t *p;
        switch (d->colour_type) {
        case PNG_COLOR_TYPE_PALETTE:
            if (row[x] >= d->n_palette) png_error(d->png, "a pixel's colour is beyond the palette");
            to[x] = grey_of(d->palette[row[x]].red, d->palette[row[x]].green, d->palette[row[x]].blue);
            if (d->n_alphas > 0) to[x] = lay(d, to[x], row[x] < d->n_alphas ? d->alphas[row[x]] : 255);
            break;
        case PNG_COLOR_TYPE_GRAY: to[x] = row[x]; break;
        case PNG_COLOR_TYPE_GRAY_ALPHA: to[x] = lay(d, row[2 * (size_t)x], row[2 * (size_t)x + 1]); break;
        case PNG_COLOR_TYPE_RGB:
            p = row + 3 * (size_t)x;
            to[x] = grey_of(p[0], p[1], p[2]);
            break;
        default:
            p = row + 4 * (size_t)x;
            to[x] = lay(d, grey_of(p[0], p[1], p[2]), p[3]);
            break;
        }
    }
}

/* Row y of a picture that is made smaller: each pixel of the smaller one is the mean of its square, rounded. */
static void add_row(decoder *d, uint32_t y) {
    const ink_bitmap *out = d->job->out;
    uint32_t n = out->shrunk, high = y % n + 1;
    bool last = high == n || y + 1 == d->height;
    uint8_t *to = out->grey + (size_t)(y / n) * out->width;
    if (high == 1) memset(d->sums, 0, out->width * sizeof *d->sums);
    for (uint32_t x = 0; x < out->width; x++) {
        uint32_t wide = x + 1 < out->width ? n : d->width - x * n, pixels = wide * high, sum = d->sums[x];
        assert(pixels > 0); /* the last one too has a pixel: out's width is rounded up */
        for (uint32_t k = 0; k < wide; k++) sum += d->line[x * n + k];
        d->sums[x] = (uint16_t)sum;
        if (last) to[x] = (uint8_t)((sum + pixels / 2) / pixels);
    }
}

/* Chunks that say nothing about the pixels are neither unpacked nor kept; -1 names all of them, tRNS not among them. */
static void ignore_chunks(png_structp png) {
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_QUIET_USE);
    png_set_benign_errors(png, 0);
}

static void begin(decoder *d) {
    png_set_read_fn(d->png, d, on_read);
    ignore_chunks(d->png);
    png_set_user_limits(d->png, 0x7fffffff, 0x7fffffff); /* our own message comes first */
    png_read_info(d->png, d->info);
    d->width = png_get_image_width(d->png, d->info);
    d->height = png_get_image_height(d->png, d->info);
    /* All rows of an interlaced picture are kept until the last: too much for a large one. */
    bool interlaced = png_get_interlace_type(d->png, d->info) != PNG_INTERLACE_NONE;
    d->status = ink_bitmap_begin(d->job, d->width, d->height, interlaced ? 1 : d->job->limits.shrink);
    if (d->status == INK_E_DATA && interlaced) {
        ink_hint(d->job->err, "it is interlaced; one that is not may be larger");
    }
    if (d->status != INK_OK) longjmp(d->jump, 1);
    png_set_scale_16(d->png);
    png_set_packing(d->png);
    d->colour_type = png_get_color_type(d->png, d->info);
    if (d->colour_type == PNG_COLOR_TYPE_PALETTE) {
        if (png_get_PLTE(d->png, d->info, &d->palette, &d->n_palette) == 0) png_error(d->png, "the palette is missing");
        (void)png_get_tRNS(d->png, d->info, &d->alphas, &d->n_alphas, NULL);
    } else {
        png_set_expand_gray_1_2_4_to_8(d->png);
        if (png_get_valid(d->png, d->info, PNG_INFO_tRNS) != 0) png_set_tRNS_to_alpha(d->png);
    }
}

static _Noreturn void no_memory(decoder *d, uint64_t bytes) {
    d->status = ink_fail_memory(d->job->err, bytes, d->job->name);
    longjmp(d->jump, 1);
}

static void decode(decoder *d) {
    begin(d);
    ink_bitmap *out = d->job->out;
    int passes = png_set_interlace_handling(d->png);
    png_read_update_info(d->png, d->info);
    d->colour_type = png_get_color_type(d->png, d->info);
    d->row_bytes = png_get_rowbytes(d->png, d->info);
    d->rows = ink_mem_new(passes > 1 ? d->height : 1, d->row_bytes);
    if (d->rows == NULL) no_memory(d, (uint64_t)d->row_bytes * d->height);
    if (out->shrunk > 1) {
        d->line = ink_mem_new(d->width, 1);
        d->sums = ink_mem_new(out->width, sizeof *d->sums);
        if (d->line == NULL || d->sums == NULL) no_memory(d, d->width);
    }
    for (int pass = 0; pass < passes; pass++) {
        for (uint32_t y = 0; y < d->height; y++) {
            uint8_t *row = d->rows + (passes > 1 ? (size_t)y * d->row_bytes : 0);
            png_read_row(d->png, row, NULL);
            if (pass + 1 < passes) continue;
            convert_row(d, row, out->shrunk > 1 ? d->line : out->grey + (size_t)y * d->width);
            if (out->shrunk > 1) add_row(d, y);
        }
    }
    png_read_end(d->png, NULL);
}

/* What is transparent laid on paper. *unseen: it is white ink on nothing, lost on white. */
static ink_status read_on(ink_bitmap_job *job, uint8_t paper, bool *unseen) {
    decoder *d = ink_mem_new(1, sizeof *d); /* not on the stack: a longjmp would leave it undefined */
    if (d == NULL) return ink_fail_memory(job->err, sizeof *d, job->name);
    d->job = job;
    d->paper = paper;
    d->darkest = 255;
    d->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, d, on_error, on_warning);
    d->info = d->png != NULL ? png_create_info_struct(d->png) : NULL;
    if (d->info == NULL) {
        d->status = ink_fail_memory(job->err, 0, job->name);
    } else if (setjmp(d->jump) == 0) {
        decode(d);
    }
    png_destroy_read_struct(&d->png, &d->info, NULL);
    ink_status status = d->status;
    *unseen = d->clear && d->solid && d->darkest > NEARLY_WHITE;
    ink_mem_free(d->rows);
    ink_mem_free(d->line);
    ink_mem_free(d->sums);
    ink_mem_free(d);
    return status;
}

ink_status ink_bitmap_png(ink_bitmap_job *job) {
    bool unseen = false;
    ink_status status = read_on(job, 255, &unseen);
    if (status != INK_OK || !unseen) return status;
    ink_bitmap_free(job->out);
    return read_on(job, 0, &unseen);
}

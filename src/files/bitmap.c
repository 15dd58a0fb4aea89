/* files/bitmap.c: which decoder, how large, which way up.
 * It decodes nothing itself and finds no digits (read/ does). */
#include "files/bitmap.h"

#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "files/bitmap_formats.h"

#define SIDE_MAX   4096u
#define PIXELS_MAX ((uint64_t)4096 * 4096)
#define BYTES_MAX  ((size_t)64 << 20)
#define SHRINK_MAX 4u

static bool is_png(const uint8_t *p, size_t size) {
    return size >= 8 && memcmp(p, "\x89PNG\r\n\x1a\n", 8) == 0;
}

static bool is_jpeg(const uint8_t *p, size_t size) {
    return size >= 3 && memcmp(p, "\xff\xd8\xff", 3) == 0;
}

bool ink_bitmap_is(const void *bytes, size_t size) {
    return is_png(bytes, size) || is_jpeg(bytes, size);
}

void ink_bitmap_free(ink_bitmap *picture) {
    if (picture == NULL) return;
    ink_mem_free(picture->grey);
    memset(picture, 0, sizeof *picture);
}

ink_status ink_bitmap_begin(ink_bitmap_job *job, uint32_t width, uint32_t height, uint32_t shrink) {
    const ink_bitmap_limits *most = &job->limits;
    uint32_t shrunk = 1, w = width, h = height;
    while (shrunk < shrink && (w > most->side || h > most->side || (uint64_t)w * h > most->pixels)) {
        shrunk *= 2;
        w = width / shrunk + (width % shrunk != 0);
        h = height / shrunk + (height % shrunk != 0);
    }
    if (w == 0 || h == 0 || w > most->side || h > most->side || (uint64_t)w * h > most->pixels) {
        ink_fail(job->err, INK_E_DATA, "%s: the picture is %u x %u, at most %u x %u and %llu pixels are read",
                 job->name, width, height, most->side * shrink, most->side * shrink,
                 (unsigned long long)most->pixels * shrink * shrink);
        ink_hint(job->err, "make it smaller first; 1600 pixels are enough for a page");
        return INK_E_DATA;
    }
    job->out->grey = ink_mem_new(w, h);
    if (job->out->grey == NULL) return ink_fail_memory(job->err, (uint64_t)w * h, job->name);
    job->out->width = w;
    job->out->height = h;
    job->out->shrunk = shrunk;
    return INK_OK;
}

/* Turns and mirrors as EXIF's orientation asks (TIFF 6.0, Orientation): 1 is upright. */
static ink_status turn(ink_bitmap_job *job) {
    ink_bitmap *p = job->out;
    uint32_t o = job->orientation;
    if (o < 2 || o > 8) return INK_OK;
    bool swapped = o >= 5;
    uint32_t w = swapped ? p->height : p->width, h = swapped ? p->width : p->height;
    uint8_t *turned = ink_mem_new(w, h);
    if (turned == NULL) return ink_fail_memory(job->err, (uint64_t)w * h, job->name);
    for (uint32_t y = 0; y < h; y++) {
        for (uint32_t x = 0; x < w; x++) {
            /* Where the shown pixel (x, y) is stored. */
            uint32_t a = swapped ? y : x, b = swapped ? x : y;
            if (o == 2 || o == 3 || o == 7 || o == 8) a = p->width - 1 - a;
            if (o == 3 || o == 4 || o == 6 || o == 7) b = p->height - 1 - b;
            turned[(size_t)y * w + x] = p->grey[(size_t)b * p->width + a];
        }
    }
    ink_mem_free(p->grey);
    p->grey = turned;
    p->width = w;
    p->height = h;
    return INK_OK;
}

const char *ink_bitmap_other(const void *bytes, size_t size) {
    static const struct {
        const char *magic, *name;
        size_t at, size;
    } others[] = {{"GIF8", "a GIF", 0, 4},     {"WEBP", "a WebP", 8, 4},     {"BM", "a BMP", 0, 2},
                  {"ftyphei", "a HEIC", 4, 7}, {"ftypmif1", "a HEIF", 4, 8}, {"ftypavif", "an AVIF", 4, 8},
                  {"%PDF", "a PDF", 0, 4},     {"II*\0", "a TIFF", 0, 4},    {"MM\0*", "a TIFF", 0, 4}};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (size < others[i].at + others[i].size) continue;
        if (memcmp((const uint8_t *)bytes + others[i].at, others[i].magic, others[i].size) == 0) return others[i].name;
    }
    return NULL;
}

static ink_status refuse_other(const ink_bitmap_job *job) {
    const char *other = ink_bitmap_other(job->bytes, job->size);
    if (other == NULL) return ink_fail(job->err, INK_E_DATA, "%s: this is neither PNG nor JPEG", job->name);
    return ink_fail(job->err, INK_E_DATA, "%s: this is %s; PNG and JPEG are read", job->name, other);
}

ink_status ink_bitmap_read(ink_source *source, const ink_bitmap_limits *limits, ink_bitmap *out, ink_error *err) {
    static const ink_bitmap_limits none = {0};
    const ink_bitmap_limits *l = limits != NULL ? limits : &none;
    uint8_t *bytes = NULL;
    size_t size = 0;
    ink_bitmap_job job = {.name = ink_source_name(source), .out = out, .orientation = 1, .err = err};
    job.limits.side = l->side != 0 ? l->side : SIDE_MAX;
    job.limits.pixels = l->pixels != 0 ? l->pixels : PIXELS_MAX;
    job.limits.bytes = l->bytes != 0 ? l->bytes : BYTES_MAX;
    job.limits.shrink = l->shrink != 0 ? l->shrink : SHRINK_MAX;
    memset(out, 0, sizeof *out);
    ink_status status = ink_source_read_all(source, job.limits.bytes, &bytes, &size, err);
    if (status != INK_OK) return status;
    job.bytes = bytes;
    job.size = size;
    status = is_png(bytes, size)    ? ink_bitmap_png(&job)
             : is_jpeg(bytes, size) ? ink_bitmap_jpeg(&job)
                                    : refuse_other(&job);
    if (status == INK_OK) status = turn(&job);
    ink_mem_free(bytes);
    if (status != INK_OK) ink_bitmap_free(out);
    return status;
}

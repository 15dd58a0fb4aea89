/* files/bitmap_formats.h: inside bitmap: the two decoders, and the check of sizes that both make first. */
#ifndef INK_FILES_BITMAP_FORMATS_H
#define INK_FILES_BITMAP_FORMATS_H

#include "files/bitmap.h"

/* What a decoder works on. limits are filled in: none is 0. */
typedef struct ink_bitmap_job {
    const uint8_t *bytes;
    size_t size;
    const char *name; /* for messages */
    ink_bitmap_limits limits;
    ink_bitmap *out;
    uint32_t orientation; /* out: EXIF's 1 .. 8 */
    ink_error *err;
} ink_bitmap_job;

/* Both leave *out for their caller to free when they fail. */
INK_MUST_USE ink_status ink_bitmap_png(ink_bitmap_job *job);
INK_MUST_USE ink_status ink_bitmap_jpeg(ink_bitmap_job *job);

/* Checks the size of the file's picture against the limits and makes job->out, `shrunk` times smaller: 1, 2 .. shrink
 * (a power of 2), the first with which it fits. */
INK_MUST_USE ink_status ink_bitmap_begin(ink_bitmap_job *job, uint32_t width, uint32_t height, uint32_t shrink);

#endif

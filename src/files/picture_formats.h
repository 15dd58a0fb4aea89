/* files/picture_formats.h: inside picture: the two decoders, and the check of sizes that both make first. */
#ifndef INK_FILES_PICTURE_FORMATS_H
#define INK_FILES_PICTURE_FORMATS_H

#include "files/picture.h"

/* What a decoder works on. limits are filled in: none is 0. */
typedef struct ink_picture_job {
    const uint8_t *bytes;
    size_t size;
    const char *name; /* for messages */
    ink_picture_limits limits;
    ink_picture *out;
    uint32_t orientation; /* out: EXIF's 1 .. 8 */
    ink_error *err;
} ink_picture_job;

/* Both leave *out for their caller to free when they fail. */
INK_MUST_USE ink_status ink_picture_png(ink_picture_job *job);
INK_MUST_USE ink_status ink_picture_jpeg(ink_picture_job *job);

/* Checks a size against the limits and makes job->out. */
INK_MUST_USE ink_status ink_picture_begin(ink_picture_job *job, uint32_t width, uint32_t height);

#endif

/* files/bitmap.h: PNG and JPEG pictures as grey bytes: photos of handwriting, drawings, uploads.
 *
 * Grey     0 black .. 255 white, as the eye sees the file: (77 R + 150 G + 29 B + 128) / 256 for PNG; a JPEG's own Y.
 *          16 bits become 8 by rounding v / 257. What is transparent lies on white, or on black where nothing could be
 *          seen on white: white ink on a transparent ground. Gamma and colour profiles are ignored.
 * PNG      All colour types, depths and interlacing; an animated one gives its first frame. A wrong CRC of a critical
 *          chunk is refused; text, profiles and other ancillary chunks are skipped unread. EXIF in a PNG is ignored.
 * JPEG     Baseline and progressive (at most 100 scans), Huffman, grey or colour, not CMYK. What libjpeg only warns of
 *          is refused. The EXIF orientation is applied.
 * Larger   than the limits by no more than `shrink`: made smaller while it is decoded, so that it fits, by means of
 *          squares of 2 x 2, 4 x 4 pixels (PNG, but not an interlaced one) or libjpeg's smaller inverse transforms.
 * Refuses  (INK_E_DATA, before memory is taken) files and sizes beyond the limits; anything damaged or cut off; other
 *          formats, which are named where they are known. */
#ifndef INK_FILES_BITMAP_H
#define INK_FILES_BITMAP_H

#include "files/source.h"

typedef struct ink_bitmap {
    uint8_t *grey; /* [height][width], owned */
    uint32_t width, height;
    uint32_t shrunk; /* the file's picture is this many times as wide and high, up to rounding up: 1, or 2, 4, 8 */
} ink_bitmap;        /* {0}: none */

typedef struct ink_bitmap_limits {
    uint32_t side;   /* of width and height; 0 = 4096 */
    uint64_t pixels; /* in all; 0 = 4096 x 4096 */
    size_t bytes;    /* of the file; 0 = 64 MiB */
    uint32_t shrink; /* what is too large may be made so many times smaller: 1 (not at all), 2, 4, 8; 0 = 4 */
} ink_bitmap_limits;

/* limits NULL: the usual ones. Errors: INK_E_DATA, the source's own, INK_E_MEMORY; *out is {0} then.
 * Owner    the caller: ink_bitmap_free. */
INK_MUST_USE ink_status ink_bitmap_read(ink_source *source, const ink_bitmap_limits *limits, ink_bitmap *out,
                                        ink_error *err);
void ink_bitmap_free(ink_bitmap *picture);

/* True when the first bytes of a file (12 are enough) are a PNG's or a JPEG's. */
bool ink_bitmap_is(const void *bytes, size_t size);

/* The format that is not read but known by a file's first bytes (16 are enough): "a GIF", "a PDF"; or NULL. Static. */
const char *ink_bitmap_other(const void *bytes, size_t size);

#endif

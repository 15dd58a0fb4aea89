/* files/bitmap_write.h: pixels as PNG and JPEG. (Drawings with lines and letters are report/picture.h's.) */
#ifndef INK_FILES_BITMAP_WRITE_H
#define INK_FILES_BITMAP_WRITE_H

#include <stddef.h>
#include <stdint.h>

#include "inkling.h"

/* grey: height rows of width bytes, 0 black .. 255 white. *png is the caller's (ink_mem_free). Equal pictures give
 * equal bytes on one machine. Errors: INK_E_USAGE a size of 0 or above 4096; INK_E_MEMORY. */
INK_MUST_USE ink_status ink_bitmap_to_png(const uint8_t *grey, uint32_t width, uint32_t height, uint8_t **png,
                                          size_t *size, ink_error *err);

/* rgb: height rows of width pixels of 3 bytes, red, green, blue. No row filters and a low level of zlib: drawings,
 * which are flat colours, are written eight times as fast so, and are a quarter larger. Otherwise as above; at most
 * 2^29 pixels. */
INK_MUST_USE ink_status ink_bitmap_rgb_to_png(const uint8_t *rgb, uint32_t width, uint32_t height, uint8_t **png,
                                              size_t *size, ink_error *err);

/* Grey as a file, whole or not at all (files/write.h). quality 0: PNG, lossless; 1..100: JPEG of that quality.
 * Errors   as above; INK_E_FILE. */
INK_MUST_USE ink_status ink_bitmap_write(const char *path, const uint8_t *grey, uint32_t width, uint32_t height,
                                         int quality, ink_error *err);

#endif

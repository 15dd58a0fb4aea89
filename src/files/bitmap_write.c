/* files/bitmap_write.c: pixels to PNG, by libpng's simple interface, and grey ones to JPEG, by libjpeg.
 * Reading is bitmap_png.c's and bitmap_jpeg.c's. */
#include "files/bitmap_write.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h> /* jpeglib.h needs it first */
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include "core/mem.h"
#include "core/status.h"
#include "files/write.h"

#define SIDE_MOST   4096u
#define PIXELS_MOST (UINT32_C(1) << 29) /* libpng counts the bytes of a picture in 32 bits */

static ink_status write_png(const void *pixels, uint32_t width, uint32_t height, png_uint_32 format, png_uint_32 flags,
                            uint8_t **png, size_t *size, ink_error *err) {
    png_image image = {
        .version = PNG_IMAGE_VERSION, .width = width, .height = height, .format = format, .flags = flags};
    png_alloc_size_t room = PNG_IMAGE_PNG_SIZE_MAX(image); /* of the worst case: no second pass is needed */
    uint8_t *bytes = ink_mem_new(room, 1);
    if (bytes == NULL) return ink_fail_memory(err, room, "a picture");
    if (!png_image_write_to_memory(&image, bytes, &room, 0, pixels, 0, NULL)) {
        ink_mem_free(bytes);
        return ink_fail(err, INK_E_MEMORY, "a picture could not be written: %.60s", image.message);
    }
    *png = bytes;
    *size = room;
    return INK_OK;
}

ink_status ink_bitmap_to_png(const uint8_t *grey, uint32_t width, uint32_t height, uint8_t **png, size_t *size,
                             ink_error *err) {
    *png = NULL;
    *size = 0;
    if (width < 1 || height < 1 || width > SIDE_MOST || height > SIDE_MOST) {
        return ink_fail(err, INK_E_USAGE, "a picture of %ux%u, expected 1x1 to 4096x4096", width, height);
    }
    return write_png(grey, width, height, PNG_FORMAT_GRAY, 0, png, size, err);
}

ink_status ink_bitmap_rgb_to_png(const uint8_t *rgb, uint32_t width, uint32_t height, uint8_t **png, size_t *size,
                                 ink_error *err) {
    *png = NULL;
    *size = 0;
    if (width < 1 || height < 1 || (uint64_t)width * height > PIXELS_MOST) {
        return ink_fail(err, INK_E_USAGE, "a picture of %ux%u, expected 1 to %u pixels", width, height, PIXELS_MOST);
    }
    return write_png(rgb, width, height, PNG_FORMAT_RGB, PNG_IMAGE_FLAG_FAST, png, size, err);
}

typedef struct encoder {
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    jmp_buf jump;
    char why[JMSG_LENGTH_MAX];
    unsigned char *bytes; /* libjpeg's, by malloc */
    unsigned long size;
} encoder;

static _Noreturn void on_error(j_common_ptr common) {
    encoder *e = common->client_data;
    common->err->format_message(common, e->why);
    longjmp(e->jump, 1);
}

static void say_nothing(j_common_ptr common) {
    (void)common;
}

static ink_status write_jpeg(const char *path, const uint8_t *grey, uint32_t width, uint32_t height, int quality,
                             ink_error *err) {
    if (width < 1 || height < 1 || width > SIDE_MOST || height > SIDE_MOST) {
        return ink_fail(err, INK_E_USAGE, "a picture of %ux%u, expected 1x1 to 4096x4096", width, height);
    }
    ink_status status;
    encoder *e = ink_mem_new(1, sizeof *e);
    if (e == NULL) return ink_fail_memory(err, sizeof *e, path);
    e->jpeg.err = jpeg_std_error(&e->errors);
    e->errors.error_exit = on_error;
    e->errors.output_message = say_nothing;
    e->jpeg.client_data = e;
    if (setjmp(e->jump) != 0) {
        status = ink_fail(err, INK_E_MEMORY, "%s: cannot make the JPEG: %s", path, e->why);
    } else {
        jpeg_create_compress(&e->jpeg);
        jpeg_mem_dest(&e->jpeg, &e->bytes, &e->size);
        e->jpeg.image_width = width;
        e->jpeg.image_height = height;
        e->jpeg.input_components = 1;
        e->jpeg.in_color_space = JCS_GRAYSCALE;
        jpeg_set_defaults(&e->jpeg);
        jpeg_set_quality(&e->jpeg, quality, TRUE);
        jpeg_start_compress(&e->jpeg, TRUE);
        while (e->jpeg.next_scanline < height) {
            JSAMPROW row = (JSAMPROW)(uintptr_t)(grey + (size_t)e->jpeg.next_scanline * width); /* only read */
            (void)jpeg_write_scanlines(&e->jpeg, &row, 1);
        }
        jpeg_finish_compress(&e->jpeg);
        status = ink_file_write_all(path, e->bytes, e->size, err);
    }
    jpeg_destroy_compress(&e->jpeg);
    free(e->bytes);
    ink_mem_free(e);
    return status;
}

ink_status ink_bitmap_write(const char *path, const uint8_t *grey, uint32_t width, uint32_t height, int quality,
                            ink_error *err) {
    uint8_t *png;
    size_t size;
    if (quality > 0) return write_jpeg(path, grey, width, height, quality, err);
    ink_status status = ink_bitmap_to_png(grey, width, height, &png, &size, err);
    if (status == INK_OK) status = ink_file_write_all(path, png, size, err);
    ink_mem_free(png);
    return status;
}

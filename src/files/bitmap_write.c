/* files/bitmap_write.c: grey bytes to PNG, by libpng's simple interface.
 * Reading is bitmap_png.c. */
#include "files/bitmap_write.h"

#include <png.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"

#define SIDE_MOST 4096u

ink_status ink_bitmap_to_png(const uint8_t *grey, uint32_t width, uint32_t height, uint8_t **png, size_t *size,
                             ink_error *err) {
    *png = NULL;
    *size = 0;
    if (width < 1 || height < 1 || width > SIDE_MOST || height > SIDE_MOST) {
        return ink_fail(err, INK_E_USAGE, "a picture of %ux%u, expected 1x1 to 4096x4096", width, height);
    }
    png_image image = {.version = PNG_IMAGE_VERSION, .width = width, .height = height, .format = PNG_FORMAT_GRAY};
    png_alloc_size_t room = PNG_IMAGE_PNG_SIZE_MAX(image); /* of the worst case: no second pass is needed */
    uint8_t *bytes = ink_mem_new(room, 1);
    if (bytes == NULL) return ink_fail_memory(err, room, "a picture");
    if (!png_image_write_to_memory(&image, bytes, &room, 0, grey, 0, NULL)) {
        ink_mem_free(bytes);
        return ink_fail(err, INK_E_MEMORY, "a picture could not be written: %.60s", image.message);
    }
    *png = bytes;
    *size = room;
    return INK_OK;
}

/* files/images.c: frees and turns sets of images.
 * It reads no format and draws nothing. */
#include "files/images.h"

#include <string.h>

#include "core/mem.h"
#include "core/status.h"

void ink_images_free(ink_images *images) {
    if (images == NULL) return;
    ink_mem_free(images->pixels);
    ink_mem_free(images->labels);
    memset(images, 0, sizeof *images);
}

ink_status ink_images_transpose(ink_images *images, ink_error *err) {
    size_t h = images->height, w = images->width, size;
    if (!ink_size_mul(h, w, &size) || size == 0) return INK_OK;
    uint8_t *turned = ink_mem_new(size, 1);
    if (turned == NULL) return ink_fail_memory(err, size, "one image");
    for (uint32_t n = 0; n < images->count; n++) {
        uint8_t *image = images->pixels + (size_t)n * size;
        for (size_t y = 0; y < h; y++) {
            for (size_t x = 0; x < w; x++) turned[x * h + y] = image[y * w + x];
        }
        memcpy(image, turned, size);
    }
    images->height = (uint32_t)w;
    images->width = (uint32_t)h;
    ink_mem_free(turned);
    return INK_OK;
}

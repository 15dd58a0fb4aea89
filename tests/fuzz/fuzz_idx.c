/* tests/fuzz/fuzz_idx.c: any bytes as IDX images, or as labels (by the first byte): no crash, no leak.
 * The file may be gzip too: the source finds out. */
#include <stdlib.h>

#include "core/mem.h"
#include "files/idx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ink_source *source = NULL;
    ink_error err;
    const uint8_t *front;
    size_t got;
    if (size == 0) return 0;
    if (ink_source_open_memory(data + 1, size - 1, "fuzz.idx", &source, &err) != INK_OK) abort();
    /* A look beforehand makes the size known. */
    if ((data[0] & 2) != 0 && ink_source_peek(source, &front, &got, &err) != INK_OK && err.text[0] == '\0') abort();
    if ((data[0] & 1) != 0) {
        uint8_t *labels = NULL;
        uint32_t count = 0;
        ink_status status = ink_idx_read_labels(source, &labels, &count, &err);
        if ((status == INK_OK) != (labels != NULL)) abort();
        for (uint32_t i = 0; i < count; i++) {
            if (labels[i] > 9) abort();
        }
        ink_mem_free(labels);
    } else {
        ink_images images;
        ink_status status = ink_idx_read_images(source, &images, &err);
        if ((status == INK_OK) != (images.pixels != NULL)) abort();
        if (status == INK_OK && ink_images_transpose(&images, &err) != INK_OK) abort();
        ink_images_free(&images);
    }
    ink_source_close(source);
    return 0;
}

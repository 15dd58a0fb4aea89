/* tests/fuzz/fuzz_bitmap.c: any bytes as a picture: no crash, no leak, no more pixels than the limits allow.
 * Limits are small, so that a run is short. */
#include <stdlib.h>

#include "files/bitmap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const ink_bitmap_limits limits = {.side = 300, .pixels = 40000, .bytes = 100000};
    ink_source *source = NULL;
    ink_bitmap picture;
    ink_error err;
    unsigned sum = 0;
    if (ink_source_open_memory(data, size, "fuzz.png", &source, &err) != INK_OK) abort();
    ink_status status = ink_bitmap_read(source, &limits, &picture, &err);
    ink_source_close(source);
    if ((status == INK_OK) != (picture.grey != NULL)) abort();
    if (picture.width > limits.side || picture.height > limits.side) abort();
    for (size_t i = 0; i < (size_t)picture.width * picture.height; i++) sum += picture.grey[i];
    if (sum > 255u * picture.width * picture.height) abort();
    ink_bitmap_free(&picture);
    return 0;
}

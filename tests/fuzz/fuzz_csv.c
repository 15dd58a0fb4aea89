/* tests/fuzz/fuzz_csv.c: any bytes as a table: no crash, no leak, and the same verdict by every vector path.
 * The first byte says which kind of table is wanted; the rest is the file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/status.h"
#include "files/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const paths[] = {"generic", "avx2", "avx512"};
    ink_images first = {0};
    ink_error first_err = {0};
    ink_status first_status = INK_OK;
    int ways = 0;
    if (size == 0) return 0;
    ink_csv_kind kind = (ink_csv_kind)(data[0] % 3);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        ink_source *source = NULL;
        ink_images images;
        ink_error err = {0};
        if (!ink_csv_use_isa(paths[i])) continue;
        if (ink_source_open_memory(data + 1, size - 1, "fuzz.csv", &source, &err) != INK_OK) abort();
        ink_status status = ink_csv_read(source, kind, NULL, &images, &err);
        ink_source_close(source);
        if (ways++ == 0) {
            first = images;
            first_err = err;
            first_status = status;
            continue;
        }
        if (status != first_status || strcmp(err.text, first_err.text) != 0 || images.count != first.count) abort();
        size_t bytes = (size_t)images.count * images.height * images.width;
        if (bytes > 0 && memcmp(images.pixels, first.pixels, bytes) != 0) abort();
        if (images.labels != NULL && memcmp(images.labels, first.labels, images.count) != 0) abort();
        ink_images_free(&images);
    }
    for (uint32_t i = 0; first.labels != NULL && i < first.count; i++) {
        if (first.labels[i] > 9) abort();
    }
    ink_images_free(&first);
    return 0;
}

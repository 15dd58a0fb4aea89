/* tests/fuzz/fuzz_gzip.c: any bytes as gzip, read in pieces of odd sizes: no crash, no leak, bounds kept.
 * In one gulp or in pieces, the same bytes and the same verdict. */
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "files/source.h"

#define MOST ((size_t)4 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ink_source *whole = NULL, *parts = NULL;
    ink_error err = {0}, err_parts = {0};
    uint8_t *bytes = NULL, piece[997];
    const uint8_t *front;
    size_t n = 0, at = 0, got = 0;
    if (ink_source_open_memory(data, size, "fuzz.gz", &whole, &err) != INK_OK) abort();
    if (ink_source_open_memory(data, size, "fuzz.gz", &parts, &err) != INK_OK) abort();
    ink_status status = ink_source_read_all(whole, MOST, &bytes, &n, &err), status_parts = INK_OK;
    for (size_t step = 1; status_parts == INK_OK; step = step * 7 % sizeof piece + 1) {
        if (step % 3 == 0 && ink_source_peek(parts, &front, &got, &err_parts) == INK_OK && got > INK_SOURCE_PEEK_MAX)
            abort();
        status_parts = ink_source_read(parts, piece, step, &got, &err_parts);
        if (status_parts != INK_OK || got == 0 || at > MOST) break;
        if (status == INK_OK && (at + got > n || memcmp(bytes + at, piece, got) != 0)) abort();
        at += got;
    }
    if (status == INK_OK && (status_parts != INK_OK || at != n)) abort();
    if (status != INK_OK && status_parts == INK_OK && at <= MOST) abort();
    ink_mem_free(bytes);
    ink_source_close(whole);
    ink_source_close(parts);
    return 0;
}

/* tests/fuzz/fuzz_zip.c: any bytes as a zip, every entry read: no crash, no leak, no name that leads out.
 * Entries are read up to a bound, as the program does. */
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "files/archive.h"

#define MOST ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ink_archive *archive = NULL;
    ink_error err;
    if (ink_archive_open_memory(data, size, "fuzz.zip", &archive, &err) != INK_OK) return 0;
    for (size_t i = 0; i < ink_archive_count(archive) && i < 16; i++) {
        const ink_entry *entry = ink_archive_entry(archive, i);
        ink_source *source = NULL;
        uint8_t *bytes = NULL;
        size_t n = 0;
        if (entry->path[0] == '/' || strncmp(entry->path, "../", 3) == 0 || strstr(entry->path, "/../") != NULL)
            abort();
        if (ink_archive_source(archive, i, &source, &err) != INK_OK) continue;
        if (ink_source_read_all(source, MOST, &bytes, &n, &err) == INK_OK && n > MOST) abort();
        ink_mem_free(bytes);
        ink_source_close(source);
    }
    ink_archive_close(archive);
    return 0;
}

/* files/safetensors_open.c: a safetensors file from the disk.
 * What its bytes mean is safetensors.c's; WebAssembly, which has no disk, does without this file. */
#define _DEFAULT_SOURCE
#include "files/safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/mem.h"
#include "core/status.h"

/* A whole plain file in new memory. */
static ink_status read_file(const char *path, uint8_t **bytes, size_t *size, ink_error *err) {
    struct stat info;
    uint8_t *memory = NULL;
    size_t have = 0;
    ink_status status = INK_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return ink_fail_errno(err, "open", path);
    if (fstat(fd, &info) != 0) {
        status = ink_fail_errno(err, "look at", path);
        goto done;
    }
    if (!S_ISREG(info.st_mode)) {
        status = ink_fail(err, INK_E_FILE, "cannot read %s: it is not a plain file", path);
        goto done;
    }
    if ((uint64_t)info.st_size > INK_TENSORS_FILE_MAX) {
        status =
            ink_fail(err, INK_E_DATA, "%s: larger than %llu bytes", path, (unsigned long long)INK_TENSORS_FILE_MAX);
        goto done;
    }
    memory = ink_mem_new((size_t)info.st_size + 1, 1);
    if (memory == NULL) {
        status = ink_fail_memory(err, (uint64_t)info.st_size, path);
        goto done;
    }
    while (have < (size_t)info.st_size) {
        size_t left = (size_t)info.st_size - have;
        ssize_t n = read(fd, memory + have, left < INT_MAX ? left : INT_MAX);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            status = ink_fail_errno(err, "read", path);
            goto done;
        }
        if (n == 0) {
            status = ink_fail(err, INK_E_FILE, "%s became shorter while it was read", path);
            goto done;
        }
        have += (size_t)n;
    }
done:
    (void)close(fd);
    if (status != INK_OK) {
        ink_mem_free(memory);
        return status;
    }
    *bytes = memory;
    *size = have;
    return INK_OK;
}

ink_status ink_tensors_open(const char *path, ink_tensors *out, ink_error *err) {
    uint8_t *bytes = NULL;
    size_t size = 0;
    memset(out, 0, sizeof *out);
    ink_status status = read_file(path, &bytes, &size, err);
    if (status != INK_OK) return status;
    status = ink_tensors_read(bytes, size, path, out, err);
    if (status == INK_OK) {
        out->memory = bytes;
    } else {
        ink_mem_free(bytes);
    }
    return status;
}

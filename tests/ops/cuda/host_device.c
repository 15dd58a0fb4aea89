/* tests/ops/cuda/host_device.c: the host as a device: launches are calls, a record is a list of them.
 * It is not meant to be fast. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "host_device.h"
#include "ops/cuda/kern.h"

#define NAME(name, type) void ink_kern_##name(const void *arguments);
INK_CUDA_KERNELS(NAME)
#undef NAME

_Thread_local ink_host_block ink_host_at;

static void (*const kernels[])(const void *) = {
#define NAME(name, type) ink_kern_##name,
    INK_CUDA_KERNELS(NAME)
#undef NAME
};

#define ARGUMENTS_MOST 256

typedef struct call {
    ink_cuda_kernel kernel;
    ink_gpu_size blocks;
    unsigned char arguments[ARGUMENTS_MOST];
} call;

struct ink_gpu_record {
    call *calls;
    size_t n, room;
};

static host_device *host_of(ink_gpu *gpu) {
    return (host_device *)(void *)gpu;
}

/* ---- memory ---- */

/* Its size stands in front of it. What is not asked to be zero is NaN. */
static void *allocate(ink_gpu *gpu, size_t bytes, bool zeroed) {
    host_device *host = host_of(gpu);
    if (host->room > 0 && bytes > host->room - host->used) return NULL;
    unsigned char *memory = malloc(bytes + 16);
    if (memory == NULL) return NULL;
    memcpy(memory, &bytes, sizeof bytes);
    memset(memory + 16, zeroed ? 0 : 0xff, bytes);
    host->used += bytes;
    return memory + 16;
}

static void release(ink_gpu *gpu, void *memory) {
    if (memory == NULL) return;
    size_t bytes;
    memcpy(&bytes, (unsigned char *)memory - 16, sizeof bytes);
    host_of(gpu)->used -= bytes;
    free((unsigned char *)memory - 16);
}

static void *allocate_host(ink_gpu *gpu, size_t bytes) {
    (void)gpu;
    return ink_mem_new(bytes, 1);
}

static void release_host(ink_gpu *gpu, void *memory) {
    (void)gpu;
    ink_mem_free(memory);
}

static size_t spare(ink_gpu *gpu) {
    return host_of(gpu)->room - host_of(gpu)->used;
}

/* ---- work ---- */

static ink_status wait_for(ink_gpu *gpu, ink_error *err) {
    if (!host_of(gpu)->failed) return INK_OK;
    return ink_fail(err, INK_E_INTERNAL, "the GPU failed: a fault made by a test");
}

static void put(ink_gpu *gpu, void *to, const void *from, size_t bytes) {
    if (!host_of(gpu)->failed) memcpy(to, from, bytes);
}

static ink_status get(ink_gpu *gpu, void *to, const void *from, size_t bytes, ink_error *err) {
    if (!host_of(gpu)->failed) memcpy(to, from, bytes);
    return wait_for(gpu, err);
}

static void do_call(host_device *host, const call *c) {
    uint64_t count = (uint64_t)c->blocks.x * c->blocks.y * c->blocks.z;
    if (++host->launches == host->fails_at) host->failed = true;
    ink_host_at.backwards = host->backwards;
    for (uint64_t i = 0; i < count && !host->failed; i++) {
        uint64_t block = host->backwards ? count - 1 - i : i;
        ink_host_at.x = (uint32_t)(block % c->blocks.x);
        ink_host_at.y = (uint32_t)(block / c->blocks.x % c->blocks.y);
        ink_host_at.z = (uint32_t)(block / c->blocks.x / c->blocks.y);
        kernels[c->kernel](c->arguments);
    }
}

static void launch(ink_gpu *gpu, ink_cuda_kernel kernel, ink_gpu_size blocks, const void *arguments) {
    host_device *host = host_of(gpu);
    call c = {.kernel = kernel, .blocks = blocks};
    if (ink_cuda_arguments(kernel) > sizeof c.arguments) abort();
    memcpy(c.arguments, arguments, ink_cuda_arguments(kernel));
    ink_gpu_record *record = host->recording;
    if (record == NULL) {
        do_call(host, &c);
        return;
    }
    if (record->n == record->room) {
        size_t room = record->room == 0 ? 64 : 2 * record->room;
        call *larger = ink_mem_resize(record->calls, room, sizeof *larger);
        if (larger == NULL) abort();
        record->calls = larger;
        record->room = room;
    }
    record->calls[record->n++] = c;
}

static void begin(ink_gpu *gpu) {
    host_of(gpu)->recording = ink_mem_new(1, sizeof(ink_gpu_record));
    if (host_of(gpu)->recording == NULL) abort();
}

static ink_status end(ink_gpu *gpu, ink_gpu_record **out, ink_error *err) {
    *out = host_of(gpu)->recording;
    host_of(gpu)->recording = NULL;
    host_of(gpu)->records++;
    return wait_for(gpu, err);
}

static void replay(ink_gpu *gpu, const ink_gpu_record *record, uint32_t times) {
    for (uint32_t time = 0; time < times; time++) {
        for (size_t i = 0; i < record->n; i++) do_call(host_of(gpu), &record->calls[i]);
    }
}

static void drop(ink_gpu *gpu, ink_gpu_record *record) {
    (void)gpu;
    if (record == NULL) return;
    ink_mem_free(record->calls);
    ink_mem_free(record);
}

void host_device_start(host_device *device) {
    *device = (host_device){.gpu = {.name = "the host",
                                    .has_bf16 = true,
                                    .allocate = allocate,
                                    .release = release,
                                    .allocate_host = allocate_host,
                                    .release_host = release_host,
                                    .spare = spare,
                                    .put = put,
                                    .get = get,
                                    .wait = wait_for,
                                    .launch = launch,
                                    .begin = begin,
                                    .end = end,
                                    .replay = replay,
                                    .drop = drop}};
}

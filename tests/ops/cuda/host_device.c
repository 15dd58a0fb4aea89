/* tests/ops/cuda/host_device.c: the host as a device: launches are calls, a record is a table of them.
 * It is not meant to be fast. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/mem.h"
#include "core/status.h"
#include "host_device.h"
#include "ops/cuda/kern.h"
#include "ops/cuda/step.h"

#define NAME(name, type) void ink_kern_##name(const void *arguments);
INK_CUDA_KERNELS(NAME)
#undef NAME
void ink_kern_step(const void *arguments);

_Thread_local ink_host_block ink_host_at;

static void (*const kernels[])(const void *) = {
#define NAME(name, type) ink_kern_##name,
    INK_CUDA_KERNELS(NAME)
#undef NAME
};

struct ink_gpu_record {
    ink_cuda_table table;
    void *copy; /* of the table, in the device's memory, when the kernel for whole steps does it */
    ink_cuda_step step;
    uint32_t *order; /* of the launches, when it is a graph: each as early or as late as it may be */
};

static host_device *host_of(ink_gpu *gpu) {
    return (host_device *)(void *)gpu;
}

static void use(ink_gpu *gpu) {
    host_of(gpu)->user = pthread_self();
}

static host_device *host_for_user(ink_gpu *gpu) {
    host_device *host = host_of(gpu);
    if (!pthread_equal(host->user, pthread_self())) atomic_fetch_add(&host->strayed, 1);
    return host;
}

/* ---- memory ---- */

/* Its size stands in front of it. What is not asked to be zero is NaN. */
static void *allocate(ink_gpu *gpu, size_t bytes, bool zeroed) {
    host_device *host = host_for_user(gpu);
    if (host->failed) return NULL;
    if (host->room > 0 && bytes > host->room - host->used) return NULL;
    if (host->largest > 0 && bytes > host->largest) return NULL;
    unsigned char *memory = malloc(bytes + 16);
    if (memory == NULL) return NULL;
    memcpy(memory, &bytes, sizeof bytes);
    memset(memory + 16, zeroed ? 0 : 0xff, bytes);
    host->used += bytes;
    if (!ink_cuda_spans_add(&host->spans, memory + 16, bytes)) abort();
    return memory + 16;
}

static void release(ink_gpu *gpu, void *memory) {
    if (memory == NULL) return;
    size_t bytes;
    memcpy(&bytes, (unsigned char *)memory - 16, sizeof bytes);
    host_for_user(gpu)->used -= bytes;
    ink_cuda_spans_drop(&host_of(gpu)->spans, memory);
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
    if (!host_for_user(gpu)->failed) return INK_OK;
    return ink_fail(err, INK_E_INTERNAL, "the GPU failed: a fault made by a test");
}

static void put(ink_gpu *gpu, void *to, const void *from, size_t bytes) {
    if (!host_for_user(gpu)->failed) memcpy(to, from, bytes);
}

static ink_status get(ink_gpu *gpu, void *to, const void *from, size_t bytes, ink_error *err) {
    if (!host_for_user(gpu)->failed) memcpy(to, from, bytes);
    return wait_for(gpu, err);
}

static void do_entry(host_device *host, const ink_cuda_entry *e) {
    if (++host->launches == host->fails_at) host->failed = true;
    ink_host_at.backwards = host->backwards;
    for (uint32_t i = 0; i < e->count && !host->failed; i++) {
        uint32_t block = host->backwards ? e->count - 1 - i : i;
        ink_host_at.x = block % e->x;
        ink_host_at.y = block / e->x % e->y;
        ink_host_at.z = block / e->x / e->y;
        kernels[e->kernel](e->arguments);
    }
}

/* A GPU starts no grid without blocks, nor one of more than INK_GRID_MOST along the second or third axis. */
static bool can_start(ink_gpu_size blocks) {
    return blocks.x > 0 && blocks.y > 0 && blocks.z > 0 && blocks.y <= INK_GRID_MOST && blocks.z <= INK_GRID_MOST;
}

static void launch(ink_gpu *gpu, ink_cuda_kernel kernel, ink_gpu_size blocks, const void *arguments) {
    host_device *host = host_for_user(gpu);
    if (!can_start(blocks)) host->failed = true;
    ink_cuda_table one = {.entries = NULL}, *to = host->recording != NULL ? &host->recording->table : &one;
    ink_cuda_table_add(to, kernel, blocks.x, blocks.y, blocks.z, arguments, ink_cuda_arguments(kernel));
    if (to->is_lost) abort();
    if (to == &one) do_entry(host, one.entries);
    ink_cuda_table_clear(&one);
}

static void begin(ink_gpu *gpu) {
    host_device *host = host_for_user(gpu);
    host->recording = ink_mem_new(1, sizeof(ink_gpu_record));
    if (host->recording == NULL) abort();
}

/* As device_cuda.c has it. */
static void keep_table(host_device *host, ink_gpu_record *record) {
    const ink_cuda_table *t = &record->table;
    size_t entries = t->n * sizeof *t->entries, groups = t->n_groups * sizeof *t->groups;
    unsigned char *copy = allocate(&host->gpu, entries + groups, false);
    if (copy == NULL) return;
    memcpy(copy, t->entries, entries);
    memcpy(copy + entries, t->groups, groups);
    record->copy = copy;
    record->step = (ink_cuda_step){.entries = (const ink_cuda_entry *)(const void *)copy,
                                   .groups = (const ink_cuda_group *)(const void *)(copy + entries),
                                   .n_groups = t->n_groups};
}

/* An order that a graph allows: of the launches that may be next always the last one. */
static void find_order(const host_device *host, ink_gpu_record *record) {
    const ink_cuda_table *t = &record->table;
    ink_cuda_edges edges;
    if (!ink_cuda_table_edges(t, &host->spans, &edges)) return;
    bool *done = ink_mem_new(t->n, sizeof *done);
    record->order = ink_mem_new(t->n, sizeof *record->order);
    if (done == NULL || record->order == NULL) abort();
    for (uint32_t n = 0; n < t->n; n++) {
        uint32_t next = t->n;
        for (uint32_t i = 0; i < t->n; i++) {
            bool waits = done[i];
            for (uint32_t k = edges.first[i]; k < edges.first[i + 1]; k++) waits = waits || !done[edges.before[k]];
            if (!waits) next = i;
        }
        if (next == t->n) abort();
        done[next] = true;
        record->order[n] = next;
    }
    ink_mem_free(done);
    ink_cuda_edges_clear(&edges);
}

static ink_status end(ink_gpu *gpu, ink_gpu_record **out, ink_error *err) {
    host_device *host = host_for_user(gpu);
    ink_gpu_record *record = host->recording;
    bool by_kernel = host->resident > 0 && gpu->way != INK_GPU_GRAPH;
    if (gpu->way == INK_GPU_CHOOSES) by_kernel = by_kernel && ink_cuda_table_is_small(&record->table, host->resident);
    if (by_kernel && ink_cuda_table_order(&record->table, &host->spans)) keep_table(host, record);
    if (record->copy == NULL && host->backwards) find_order(host, record);
    *out = record;
    host->recording = NULL;
    host->records++;
    return wait_for(gpu, err);
}

static void do_steps(host_device *host, const ink_gpu_record *record, uint32_t times) {
    if (record->copy != NULL) {
        ink_cuda_step step = record->step;
        step.times = times;
        uint64_t before = host->launches;
        host->launches += (uint64_t)record->table.n * times;
        if (host->fails_at > before && host->fails_at <= host->launches) host->failed = true;
        ink_host_at.backwards = host->backwards;
        ink_host_at.resident = host->resident;
        if (!host->failed) ink_kern_step(&step);
        host->by_kernel += times;
        return;
    }
    for (uint32_t time = 0; time < times; time++) {
        for (uint32_t i = 0; i < record->table.n; i++) {
            do_entry(host, &record->table.entries[record->order != NULL ? record->order[i] : i]);
        }
    }
}

static void replay(ink_gpu *gpu, const ink_gpu_record *record, uint32_t times) {
    double began_s = ink_clock_s();
    do_steps(host_for_user(gpu), record, times);
    host_of(gpu)->busy_s += ink_clock_s() - began_s;
}

static double busy_s(ink_gpu *gpu) {
    return host_of(gpu)->busy_s;
}

static void drop(ink_gpu *gpu, ink_gpu_record *record) {
    if (record == NULL) return;
    release(gpu, record->copy);
    ink_mem_free(record->order);
    ink_cuda_table_clear(&record->table);
    ink_mem_free(record);
}

void host_device_start(host_device *device) {
    *device = (host_device){.resident = 8,
                            .user = pthread_self(),
                            .gpu = {.name = "the host",
                                    .has_bf16 = true,
                                    .use = use,
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
                                    .drop = drop,
                                    .busy_s = busy_s}};
}

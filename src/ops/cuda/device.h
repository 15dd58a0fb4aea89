/* ops/cuda/device.h: what the backend asks of a device: memory, copies, kernels in order, steps recorded and replayed.
 * device_cuda.c has it from the CUDA runtime; tests/ops/cuda/ does it on the host.
 *
 * Order    Copies and kernels are done one after another, as they were asked for. get and wait return when all is done.
 * Threads  One at a time, and `use` first: backend.c sees to that for whoever calls the backend.
 * Faults   launch and put say nothing: the first fault is kept by the device and returned by get, wait and end, and by
 *          every call after it: a device that failed is not used again. */
#ifndef INK_OPS_CUDA_DEVICE_H
#define INK_OPS_CUDA_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inkling.h"
#include "ops/cuda/kernels.h"

typedef struct ink_gpu ink_gpu;
typedef struct ink_gpu_record ink_gpu_record; /* a recorded step */

#define INK_GRID_MOST 65535u /* blocks along a grid's second and third axis */

typedef struct ink_gpu_size {
    uint32_t x, y, z; /* blocks */
} ink_gpu_size;

/* How recorded steps are done: as a CUDA graph, launch by launch; or by one kernel, which stays on the GPU (step.h).
 * Same bits. */
typedef enum ink_gpu_way {
    INK_GPU_CHOOSES, /* by what step.h says of small steps */
    INK_GPU_GRAPH,
    INK_GPU_KERNEL /* where the device can start one whose blocks wait for each other; else the graph */
} ink_gpu_way;

/* Rows and columns of a block of products of bf16. Same bits. */
typedef enum ink_gpu_tile {
    INK_TILE_CHOSEN, /* by the numbers of blocks: walk_nodes.c */
    INK_TILE_64x64,
    INK_TILE_128x32,
    INK_TILE_128x64,
    INK_TILE_128x128
} ink_gpu_tile;

struct ink_gpu {
    char name[128];
    bool has_bf16;   /* and TF32 */
    ink_gpu_way way; /* of steps yet to be recorded */
    ink_gpu_tile tile;

    /* The calling thread computes on it from now on. */
    void (*use)(ink_gpu *gpu);

    /* NULL when it does not fit. zeroed, or with any content. */
    void *(*allocate)(ink_gpu *gpu, size_t bytes, bool zeroed);
    void (*release)(ink_gpu *gpu, void *memory);
    /* Memory of the host that copies go from and to at full speed. */
    void *(*allocate_host)(ink_gpu *gpu, size_t bytes);
    void (*release_host)(ink_gpu *gpu, void *memory);
    /* Bytes that could still be allocated, about. */
    size_t (*spare)(ink_gpu *gpu);

    /* `from` must stay as it is until the next get or wait. */
    void (*put)(ink_gpu *gpu, void *to, const void *from, size_t bytes);
    INK_MUST_USE ink_status (*get)(ink_gpu *gpu, void *to, const void *from, size_t bytes, ink_error *err);
    INK_MUST_USE ink_status (*wait)(ink_gpu *gpu, ink_error *err);
    /* arguments: the kernel's struct of kernels.h, copied. blocks: one at least along each axis, and at most
     * INK_GRID_MOST along y and z. */
    void (*launch)(ink_gpu *gpu, ink_cuda_kernel kernel, ink_gpu_size blocks, const void *arguments);

    /* Between begin and end launches are noted, not done; replay does them all, `times` times one after another. What
     * differs from one time to the next the kernels read from the device's memory. */
    void (*begin)(ink_gpu *gpu);
    INK_MUST_USE ink_status (*end)(ink_gpu *gpu, ink_gpu_record **out, ink_error *err);
    void (*replay)(ink_gpu *gpu, const ink_gpu_record *record, uint32_t times);
    void (*drop)(ink_gpu *gpu, ink_gpu_record *record); /* NULL is fine */
    /* Seconds that it took for all replays that get or wait have waited for, from the first kernel's beginning to the
     * last one's end, as the device's own clock has it. */
    double (*busy_s)(ink_gpu *gpu);
};

/* Bytes of a kernel's arguments. */
size_t ink_cuda_arguments(ink_cuda_kernel kernel);

#endif

/* tests/ops/cuda/host_device.h: a device that is none: the kernels of ops/cuda compiled for the host.
 * It shows that the numbers are right and that nothing reads or writes beside its memory (with AddressSanitizer), not
 * that they are right on a GPU: script/test-gpu shows that. */
#ifndef INK_TESTS_OPS_CUDA_HOST_DEVICE_H
#define INK_TESTS_OPS_CUDA_HOST_DEVICE_H

#include <pthread.h>
#include <stdatomic.h>

#include "ops/cuda/device.h"
#include "ops/cuda/step.h"

typedef struct host_device {
    ink_gpu gpu;        /* first */
    bool backwards;     /* blocks, and threads in every phase, from the last to the first; launches of a graph, where no
                           other waits for them */
    size_t room, used;  /* bytes that may be allocated, and that are; room 0: any number */
    size_t largest;     /* block that may be allocated; 0: any */
    uint64_t fails_at;  /* the launch that fails, counted from 1; 0: none */
    uint64_t launches;  /* done so far */
    uint32_t records;   /* steps recorded so far */
    uint32_t resident;  /* blocks of the kernel for whole steps; 0: there is none */
    uint64_t by_kernel; /* steps done by it so far */
    double busy_s;
    ink_cuda_spans spans;
    bool failed;
    pthread_t user;      /* the thread that said last that it computes on it */
    atomic_uint strayed; /* calls by another one: it did not say so, or came between */
    ink_gpu_record *recording;
} host_device;

/* Ready to use; nothing to free. */
void host_device_start(host_device *device);

#endif

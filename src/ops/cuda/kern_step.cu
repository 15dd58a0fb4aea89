/* ops/cuda/kern_step.cu: the kernel that does whole steps: works off a table of launches (step.h), group after group.
 * On the device it has the text of all other kernels of a step in it; on the host it calls their functions. */
#define INK_STEP
#include "ops/cuda/kern.h"

#include "core/rng_both.h"
#include "ops/cuda/kern_copy.h"
#include "ops/cuda/kern_mma.h"
#include "ops/cuda/step.h"
#include "ops/graph.h"

#ifdef __CUDACC__

#include <cooperative_groups.h>

namespace of_bf16 {
#include "ops/cuda/kern_bf16.cu"
}
namespace of_classes {
#include "ops/cuda/kern_classes.cu"
}
namespace of_depthwise {
#include "ops/cuda/kern_depthwise.cu"
}
namespace of_learn {
#include "ops/cuda/kern_learn.cu"
}
namespace of_map {
#include "ops/cuda/kern_map.cu"
}
namespace of_norm {
#include "ops/cuda/kern_norm.cu"
}
namespace of_pool {
#include "ops/cuda/kern_pool.cu"
}
namespace of_product {
#include "ops/cuda/kern_product.cu"
}
namespace of_ring {
#include "ops/cuda/kern_ring.cu"
}
using namespace of_bf16;
using namespace of_classes;
using namespace of_depthwise;
using namespace of_learn;
using namespace of_map;
using namespace of_norm;
using namespace of_pool;
using namespace of_product;
using namespace of_ring;

static __shared__ ink_cuda_entry present; /* what the block does now */

/* Blocks of it on one multiprocessor: 168 registers a thread, where the compiler would take more and leave room for
 * two. */
#define BESIDE 3

/* clang-format off */
#define STEP extern "C" __global__ void __launch_bounds__(INK_BLOCK, BESIDE) ink_kern_step(const ink_cuda_step a)
/* clang-format on */
#define BLOCK_OF(name, type) block_##name(*(const type *)(const void *)present.arguments)
#define RESIDENT             gridDim.x
/* Block b does this; then all blocks wait for each other, and see what the others wrote. */
#define TOGETHER for (unsigned b = blockIdx.x, once = 1; once != 0; once = 0, cooperative_groups::this_grid().sync())

/* All threads must have left the block before, whose entry and shared memory these are too. */
INK_DEVICE void enter(const ink_cuda_entry *e, uint32_t number) {
    const uint32_t *from = (const uint32_t *)(const void *)e;
    uint32_t *to = (uint32_t *)(void *)&present;
    __syncthreads();
    for (uint32_t i = threadIdx.x; i < sizeof present / sizeof *to; i += INK_BLOCK) to[i] = __ldg(from + i);
    if (threadIdx.x == 0) {
        ink_step_at.x = number % e->x;
        ink_step_at.y = number / e->x % e->y;
        ink_step_at.z = number / e->x / e->y;
    }
    __syncthreads();
}

#else

#define NAME(name, type) void ink_kern_##name(const void *arguments);
INK_CUDA_KERNELS(NAME)
#undef NAME
void ink_kern_step(const void *arguments);

static _Thread_local const ink_cuda_entry *present;

#define STEP                                                                                                           \
    static void steps(ink_cuda_step a);                                                                                \
    void ink_kern_step(const void *arguments) {                                                                        \
        ink_cuda_step copy;                                                                                            \
        memcpy(&copy, arguments, sizeof copy);                                                                         \
        steps(copy);                                                                                                   \
    }                                                                                                                  \
    static void steps(ink_cuda_step a)
#define BLOCK_OF(name, type) ink_kern_##name(present->arguments)
#define RESIDENT             ink_host_at.resident
#define TOGETHER                                                                                                       \
    for (uint32_t turn = 0, b = ink_host_at.backwards * (RESIDENT - 1); turn < RESIDENT;                               \
         turn++, b += 1u - 2u * ink_host_at.backwards)

static void enter(const ink_cuda_entry *e, uint32_t number) {
    present = e;
    ink_host_at.x = number % e->x;
    ink_host_at.y = number / e->x % e->y;
    ink_host_at.z = number / e->x / e->y;
}

#endif

/* One block of an entry, by all threads of one resident block. */
INK_DEVICE void do_block(const ink_cuda_entry *e, uint32_t number) {
    enter(e, number);
    switch (e->kernel) {
#define NAME(name, type)                                                                                               \
    case INK_KERN_##name: BLOCK_OF(name, type); break;
        INK_CUDA_STEP_KERNELS(NAME)
#undef NAME
    default: break;
    }
}

STEP {
    for (uint32_t time = 0; time < a.times; time++) {
        for (uint32_t g = 0; g < a.n_groups; g++) {
            TOGETHER {
                const ink_cuda_entry *e = a.entries + a.groups[g].first;
                for (uint32_t number = b; number < a.groups[g].blocks; number += RESIDENT) {
                    while (number - e->first >= e->count) e++;
                    do_block(e, number - e->first);
                }
            }
        }
    }
}

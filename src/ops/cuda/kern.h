/* ops/cuda/kern.h: the few words in which kernels are written, so that one text is compiled by nvcc for the device and
 * by a C compiler for the host, where tests run it (tests/ops/cuda/).
 *
 *   INK_KERNEL(relu, ink_cuda_map) {              one block of INK_BLOCK threads; a: arguments; INK_X, _Y, _Z: which
 *       INK_SHARED(float, sums, [INK_BLOCK]);     memory of the block
 *       INK_KEEP(float, mine, [4]);               memory of one thread that outlives a phase: INK_MINE(mine)[i]
 *       INK_PHASE { sums[t] = ...; }              each thread t does this; then all wait for each other
 *       INK_THREADS { INK_MINE(mine)[0] = ...; }  the same without waiting: what it shares it must not change
 *   }
 *
 * On the host a phase is a loop over the threads, forwards or backwards: what depends on an order that the device does
 * not promise shows as other bits. `continue` leaves a thread's part of a phase; nothing else may jump out of one.
 * INK_KEEP stands among a function's parameters too. INK_UNROLL: before a loop whose counter indexes registers.
 * The same text is compiled again as a part of the kernel that does whole steps (kern_step.cu, INK_STEP): there INK_X,
 * _Y, _Z are what the step's table says, and the shared memory of all is one.
 * The text is C and C++ at once: casts are written out, no compound literals, no designated initialisers. */
#ifndef INK_OPS_CUDA_KERN_H
#define INK_OPS_CUDA_KERN_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ops/cuda/kernels.h"

#define INK_SHARED_MOST 36864u /* bytes of shared memory that a kernel may have */

#ifdef __CUDACC__

#define INK_KERNEL(name, type) INK_KERNEL_NAMED(name, type)
#define INK_DEVICE             static __device__ __forceinline__
#define INK_DEVICE_FMA         INK_DEVICE
#define INK_BOTH               static __device__ inline
#define INK_BOTH_CALLED        static __device__ __noinline__

#ifdef INK_STEP

/* What of a step the block does at present, and the shared memory of that. */
static __shared__ uint3 ink_step_at;
static __shared__ __align__(16) unsigned char ink_step_shared[INK_SHARED_MOST];

#define INK_KERNEL_NAMED(name, type) INK_DEVICE void block_##name(const type &a)
#define INK_SHARED(type, name, dims)                                                                                   \
    typedef type name##_shape dims;                                                                                    \
    static_assert(sizeof(name##_shape) <= INK_SHARED_MOST, "INK_SHARED_MOST is too small");                            \
    name##_shape &name = *(name##_shape *)(void *)ink_step_shared
#define INK_X ink_step_at.x
#define INK_Y ink_step_at.y
#define INK_Z ink_step_at.z

#else

#define INK_KERNEL_NAMED(name, type)                                                                                   \
    extern "C" __global__ void __launch_bounds__(INK_BLOCK) ink_kern_##name(const type a)
#define INK_SHARED(type, name, dims) __shared__ __align__(16) type name dims
#define INK_X                        blockIdx.x
#define INK_Y                        blockIdx.y
#define INK_Z                        blockIdx.z

#endif

#define INK_KEEP(type, name, dims) type name dims
#define INK_MINE(name)             name
#define INK_ONCE                                                                                                       \
    unsigned t = threadIdx.x, once = 1;                                                                                \
    once != 0;                                                                                                         \
    once = 0, (void)t
#define INK_PHASE   for (INK_ONCE, __syncthreads())
#define INK_THREADS for (INK_ONCE)
#define INK_UNROLL  _Pragma("unroll")

#else

/* Which block runs on this thread of the host, and in which order its threads do their phases; of a whole step: as how
 * many blocks, and in the same order. */
typedef struct ink_host_block {
    uint32_t x, y, z;
    uint32_t backwards; /* 0 or 1 */
    uint32_t resident;
} ink_host_block;
extern _Thread_local ink_host_block ink_host_at;

#define INK_KERNEL(name, type) INK_KERNEL_NAMED(name, type)
#define INK_KERNEL_NAMED(name, type)                                                                                   \
    void ink_kern_##name(const void *arguments);                                                                       \
    static void block_##name(const type a);                                                                            \
    void ink_kern_##name(const void *arguments) {                                                                      \
        type copy;                                                                                                     \
        memcpy(&copy, arguments, sizeof copy);                                                                         \
        block_##name(copy);                                                                                            \
    }                                                                                                                  \
    static void block_##name(const type a)
#define INK_DEVICE static inline
/* For loops of fmaf: with the processor's own instruction where it has one; the bits are the same. (Which one is asked
 * before ThreadSanitizer has begun, and it does not survive that.) */
#if defined __x86_64__ && !defined __SANITIZE_THREAD__
#define INK_DEVICE_FMA __attribute__((target_clones("fma", "default"))) static
#else
#define INK_DEVICE_FMA static
#endif
/* What nothing wrote is NaN. */
#define INK_SHARED(type, name, dims)                                                                                   \
    type name dims;                                                                                                    \
    memset(name, 0xff, sizeof(name))
#define INK_KEEP(type, name, dims) type name[INK_BLOCK] dims
#define INK_MINE(name)             name[t]
#define INK_PHASE                  INK_THREADS
#define INK_THREADS                                                                                                    \
    for (unsigned turn = 0, t = ink_host_at.backwards * (INK_BLOCK - 1); turn < INK_BLOCK;                             \
         turn++, t += 1u - 2u * ink_host_at.backwards)
#define INK_UNROLL
#define INK_X ink_host_at.x
#define INK_Y ink_host_at.y
#define INK_Z ink_host_at.z

#endif

/* The last block of `count` that say so finds what all of them wrote before: one thread asks, after a phase, and the
 * next phase knows. arrived: 0 in the device's memory, and 0 again when the last one was there: nothing else asks by it
 * meanwhile. Which block is the last is another each time: what it does must not depend on that. What others wrote is
 * read by ink_load_theirs.
 * Source   NVIDIA, CUDA C++ Programming Guide, "Memory Fence Functions": the sum of an array by its last block */
INK_DEVICE uint32_t ink_is_last(uint32_t *arrived, uint32_t count) {
#ifdef __CUDACC__
    __threadfence();
    const uint32_t before = atomicAdd(arrived, 1u);
    __threadfence();
#else
    const uint32_t before = (*arrived)++;
#endif
    if (before != count - 1) return 0;
    *arrived = 0;
    return 1;
}

/* Past what this multiprocessor keeps of the device's memory. */
INK_DEVICE float ink_load_theirs(const float *p) {
#ifdef __CUDACC__
    return __ldcg(p);
#else
    return *p;
#endif
}

/* Four numbers at a time where the device can: p stands on 16 bytes. */
INK_DEVICE void ink_load4(float to[4], const float *p) {
#ifdef __CUDACC__
    const float4 v = *(const float4 *)p;
    to[0] = v.x;
    to[1] = v.y;
    to[2] = v.z;
    to[3] = v.w;
#else
    memcpy(to, p, 4 * sizeof *to);
#endif
}

INK_DEVICE void ink_store4(float *p, const float from[4]) {
#ifdef __CUDACC__
    *(float4 *)p = make_float4(from[0], from[1], from[2], from[3]);
#else
    memcpy(p, from, 4 * sizeof *from);
#endif
}

INK_DEVICE uint32_t ink_float_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

INK_DEVICE float ink_bits_float(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Two floats to the nearest bfloat16, ties to even; the first in the lower half. NaN stays NaN. */
INK_DEVICE uint32_t ink_bf16_pair(float first, float second) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    uint32_t pair;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(second), "f"(first));
    return pair;
#else
    uint32_t lower = ink_float_bits(first), upper = ink_float_bits(second);
    lower = isnan(first) ? lower >> 16 | 0x40u : (lower + 0x7fffu + (lower >> 16 & 1u)) >> 16;
    upper = isnan(second) ? upper >> 16 | 0x40u : (upper + 0x7fffu + (upper >> 16 & 1u)) >> 16;
    return upper << 16 | lower;
#endif
}

/* An element of a value that lies there as floats, as bfloat16, or as both: what is NULL is not wanted. */
INK_DEVICE void ink_put(float *y, uint16_t *y_bf16, uint64_t at, float x) {
    if (y != NULL) y[at] = x;
    if (y_bf16 != NULL) y_bf16[at] = (uint16_t)ink_bf16_pair(x, 0.0f);
}

/* Four of them; `at` is a multiple of four. */
INK_DEVICE void ink_put4(float *y, uint16_t *y_bf16, uint64_t at, const float from[4]) {
    if (y != NULL) ink_store4(y + at, from);
    if (y_bf16 == NULL) return;
    const uint32_t first = ink_bf16_pair(from[0], from[1]), second = ink_bf16_pair(from[2], from[3]);
#ifdef __CUDACC__
    *(uint2 *)(void *)(y_bf16 + at) = make_uint2(first, second);
#else
    memcpy(y_bf16 + at, &first, sizeof first);
    memcpy(y_bf16 + at + 2, &second, sizeof second);
#endif
}

/* Four numbers that lie there as floats, else as bfloat16. */
INK_DEVICE void ink_load4_either(float to[4], const float *p, const uint16_t *p_bf16, uint64_t at) {
    uint32_t pairs[2];
    if (p_bf16 == NULL) {
        ink_load4(to, p + at);
        return;
    }
#ifdef __CUDACC__
    const uint2 both = *(const uint2 *)(const void *)(p_bf16 + at);
    pairs[0] = both.x;
    pairs[1] = both.y;
#else
    memcpy(pairs, p_bf16 + at, sizeof pairs);
#endif
    INK_UNROLL
    for (uint32_t e = 0; e < 4; e++) to[e] = ink_bits_float(pairs[e / 2] >> e % 2 * 16 << 16);
}

/* Is an element above 0 of what lies there as bfloat16, else as floats? */
INK_DEVICE bool ink_is_above(const float *p, const uint16_t *p_bf16, uint64_t at) {
    return (p_bf16 != NULL ? ink_bits_float((uint32_t)p_bf16[at] << 16) : p[at]) > 0.0f;
}

/* A ReLU's gradient there: 1 or 0, and 1 where there is no such gate. */
INK_DEVICE float ink_slope(const float *p, const uint16_t *p_bf16, uint64_t at) {
    return (p == NULL && p_bf16 == NULL) || ink_is_above(p, p_bf16, at) ? 1.0f : 0.0f;
}

/* Of a ring (kernels.h): the number of the step at hand, and its slot. */
INK_DEVICE uint64_t ink_turn_of(const uint8_t *ring) {
    return *(const uint64_t *)(const void *)ring;
}

INK_DEVICE const uint8_t *ink_slot_of(const uint8_t *ring, uint32_t slot_bytes) {
    return ring + INK_RING_HEAD + ink_turn_of(ring) * slot_bytes;
}

/* i / by: a division of 64 bits takes many times as long as one of 32. */
INK_DEVICE uint64_t ink_over(uint64_t i, uint32_t by) {
    return i >> 32 == 0 ? (uint32_t)i / by : i / by;
}

/* Element i of [n][height][width][c]: which image, row, column and channel. */
typedef struct ink_place {
    uint64_t n;
    uint32_t line, column, c;
} ink_place;

INK_DEVICE ink_place ink_place_of(uint64_t i, uint32_t channels, uint32_t width, uint32_t height) {
    const uint64_t pixel = ink_over(i, channels), row = ink_over(pixel, width);
    ink_place at;
    at.n = ink_over(row, height);
    at.line = (uint32_t)(row - at.n * height);
    at.column = (uint32_t)(pixel - row * width);
    at.c = (uint32_t)(i - pixel * channels);
    return at;
}

#endif

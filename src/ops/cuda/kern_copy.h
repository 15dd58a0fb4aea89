/* ops/cuda/kern_copy.h: copies of 16 bytes from the device's memory to shared memory that go on while a block computes
 * (cp.async, from sm_80). Each thread has its own:
 *
 *   INK_KEEP(ink_copies, copies, [1]);
 *   ink_copies_begin(INK_MINE(copies));
 *   ink_copy(INK_MINE(copies), to, from, good);     begins one; good false: of zeros, from is any address
 *   ink_copies_close(INK_MINE(copies));             those begun since the last time are a group
 *   ink_copies_wait(INK_MINE(copies), newest);      all groups of this thread have arrived but the newest so many
 *
 * What has arrived for one thread the others see after the phase in which that thread waited. On the host what a copy
 * will fill is NaN from when it begins to the wait that it must arrive by: who does not wait, or overwrites what is
 * still read, reads that.
 * Source   NVIDIA, PTX ISA 8.0, 9.7.8.24: "cp.async", "cp.async.wait_group" */
#ifndef INK_OPS_CUDA_KERN_COPY_H
#define INK_OPS_CUDA_KERN_COPY_H

#include "ops/cuda/kern.h"

#ifdef __CUDACC__

typedef struct ink_copies {
} ink_copies;

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
#define INK_ASYNC(...) asm volatile(__VA_ARGS__)
#else
#define INK_ASYNC(...) __trap() /* compile refuses bf16 on such a device */
#endif

INK_DEVICE void ink_copies_begin(ink_copies *) {
}

INK_DEVICE void ink_copy(ink_copies *, void *to, const void *from, bool good) {
    INK_ASYNC("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"((uint32_t)__cvta_generic_to_shared(to)),
              "l"(__cvta_generic_to_global(from)), "r"(good ? 16 : 0)
              : "memory");
}

INK_DEVICE void ink_copies_close(ink_copies *) {
    INK_ASYNC("cp.async.commit_group;" ::: "memory");
}

/* newest: a constant. */
#define ink_copies_wait(copies, newest) INK_ASYNC("cp.async.wait_group %0;" ::"n"(newest) : "memory")

#else

#define INK_COPIES_MOST 32 /* of one thread, under way at once */

typedef struct ink_copies {
    struct {
        void *to;
        const void *from; /* NULL: zeros */
        uint32_t group;
    } of[INK_COPIES_MOST];
    uint32_t n, group; /* group: the number of the one that is open */
} ink_copies;

static inline void ink_copies_begin(ink_copies *copies) {
    copies->n = copies->group = 0;
}

static inline void ink_copy(ink_copies *copies, void *to, const void *from, bool good) {
    if (copies->n == INK_COPIES_MOST) __builtin_trap();
    memset(to, 0xff, 16);
    copies->of[copies->n].to = to;
    copies->of[copies->n].from = good ? from : NULL;
    copies->of[copies->n++].group = copies->group;
}

static inline void ink_copies_close(ink_copies *copies) {
    copies->group++;
}

static inline void ink_copies_wait(ink_copies *copies, uint32_t newest) {
    uint32_t left = 0;
    for (uint32_t i = 0; i < copies->n; i++) {
        if (copies->of[i].group + newest >= copies->group) {
            copies->of[left++] = copies->of[i];
        } else if (copies->of[i].from != NULL) {
            memcpy(copies->of[i].to, copies->of[i].from, 16);
        } else {
            memset(copies->of[i].to, 0, 16);
        }
    }
    copies->n = left;
}

#endif
#endif

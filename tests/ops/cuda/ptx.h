/* tests/ops/cuda/ptx.h: kernels as nvcc made them, worked off on the host. nvcc's PTX, text of NVIDIA's virtual
 * instruction set, is read and done instruction by instruction, a warp at a time: what a GPU would do, at a thousandth
 * of its speed, and with what a GPU does not say: accesses beside memory, threads that race for it, warps that wait
 * for each other in vain.
 *
 * Is of it      what nvcc makes of src/ops/cuda: 32-bit and 64-bit integers, f32, f64, predicates, calls, shared,
 *               local and global memory, barriers, atomics, cp.async, ldmatrix, mma.sync of bf16 and TF32. Anything
 *               else is refused when the text is read, with its line.
 * Order         Warps, and blocks that are on the device at once, take turns drawn from a seed: what depends on an
 *               order that a GPU does not promise shows as other bits.
 * Races         Two threads touch a word, one of them writes, and nothing says which comes first, whatever came first
 *               this time: for shared memory no barrier; for global memory neither a barrier nor, between blocks, a
 *               release and an acquire (ptx_order.c). One value that one instruction writes in all threads is none.
 * Not NVIDIA's  Approximations (ex2.approx, rcp.approx) are the exact results, rounded. Sums of mma.sync are cut off as
 *               compute capability 8.0 is known to do it (ptx_warp.c); later ones keep more.
 * Addresses     Global memory is the host's, at the host's addresses. Shared and local memory have windows of their
 *               own.
 * Source        NVIDIA, Parallel Thread Execution ISA, version 9 */
#ifndef INK_TESTS_PTX_H
#define INK_TESTS_PTX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ptx_module ptx_module;
typedef struct ptx_kernel ptx_kernel;

/* A file's text. NULL: what is wrong, and in which line, stands in why. The caller frees it; text may go at once. */
ptx_module *ptx_read(const char *text, char *why, size_t size);
void ptx_free(ptx_module *module); /* NULL is fine */

/* An .entry of that name, or NULL. It lives as long as the module. */
const ptx_kernel *ptx_find(const ptx_module *module, const char *name);

typedef struct ptx_facts {
    uint32_t arguments_bytes; /* of all parameters, with what lies between them */
    uint32_t shared_bytes;    /* static */
    uint32_t local_bytes;     /* a thread's */
    uint32_t threads_most;    /* .maxntid; 1024 without it */
    uint32_t target;          /* 80 of .target sm_80 */
} ptx_facts;

ptx_facts ptx_facts_of(const ptx_kernel *kernel);

/* Memory of the device. */
typedef struct ptx_span {
    const unsigned char *from;
    size_t bytes;
} ptx_span;

typedef struct ptx_launch {
    const ptx_kernel *kernel;
    uint32_t grid[3], block[3];
    const void *arguments; /* as the kernel's parameters lie: arguments_bytes of them */
    bool cooperative;      /* all blocks are on the device at once: they may wait for each other (grid.sync) */
    uint64_t seed;         /* of the order */
    const ptx_span *spans; /* rising, apart from each other: all that it may touch of the host's memory */
    uint32_t n_spans;
    uint32_t resident; /* blocks that are on the device at once, if not cooperative; 1 at least */
    uint64_t turns;    /* instructions of warps after which it is taken to hang; 0: no end */
    uint64_t *done;    /* to which the instructions of warps are added that were done; or NULL */
} ptx_launch;

/* Does it. False: the first fault stands in why: the kernel, the instruction and its line, block and thread, what was
 * wrong. What was done until then is done. */
bool ptx_run(const ptx_launch *launch, char *why, size_t size);

#endif

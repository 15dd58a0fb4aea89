/* ops/cuda/step.h: a step as a table that one kernel works off (kern_step.cu), where launches would take longer than
 * what they launch.
 *
 * Groups   Launches of which none writes what another touches need not wait for each other: they are one group. The
 *          kernel's blocks ("resident": all of them are on the GPU at once) take the blocks of a group's launches in
 *          turn, then wait for each other. A launch is put into the first group after those of all earlier launches
 *          that it must wait for, so there are as few groups as the longest chain has launches.
 * Touched  All pointers among a launch's arguments; two into one allocation are one thing. Through which of them a
 *          kernel writes is said in step.c. A kernel of which it is not said, or that writes elsewhere, touches
 *          everything; one that finds pointers in the device's memory must not be said.
 * Graph    Else a step is a CUDA graph whose launches wait only for those that they must wait for, by the same rule.
 * Bits     Each block of a launch does what it does anyway, so they are those of a CUDA graph.
 * Which    ink_cuda_table_is_small, from the numbers of blocks, which come from shapes alone, and from how many are
 *          resident. */
#ifndef INK_OPS_CUDA_STEP_H
#define INK_OPS_CUDA_STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ops/cuda/kernels.h"

#define INK_ENTRY_ARGUMENTS 224u /* bytes */

/* One launch. Its blocks have the numbers first .. first + count - 1 among those of its group. */
typedef struct ink_cuda_entry {
    uint32_t kernel; /* ink_cuda_kernel */
    uint32_t x, y, count, first;
    uint32_t spare[3];
    uint64_t arguments[INK_ENTRY_ARGUMENTS / 8];
} ink_cuda_entry;

typedef struct ink_cuda_group {
    uint32_t first;  /* its first entry */
    uint32_t blocks; /* of all its entries */
} ink_cuda_group;

/* What the kernel is told: `times` steps, one after another. entries and groups: in the device's memory. */
typedef struct ink_cuda_step {
    const ink_cuda_entry *entries;
    const ink_cuda_group *groups;
    uint32_t n_groups, times;
} ink_cuda_step;

/* ---- allocations: which one does a pointer point into? ---- */

typedef struct ink_cuda_spans {
    struct ink_cuda_span {
        uintptr_t begin, end;
    } * spans;
    size_t n, room;
} ink_cuda_spans;

/* False: no memory, nothing was added. */
bool ink_cuda_spans_add(ink_cuda_spans *spans, const void *memory, size_t bytes);
/* Forgets what begins at memory; the last one frees the list. */
void ink_cuda_spans_drop(ink_cuda_spans *spans, const void *memory);

/* ---- the table, made by a device while a step is recorded; all zero is an empty one ---- */

typedef struct ink_cuda_table {
    ink_cuda_entry *entries;
    ink_cuda_group *groups;
    uint32_t n, room, n_groups;
    uint32_t widest; /* blocks of the largest group: more of them at once have nothing to do */
    bool is_lost;    /* there was no memory */
} ink_cuda_table;

/* Notes a launch of x * y * z blocks; arguments: of the given bytes, copied. */
void ink_cuda_table_add(ink_cuda_table *t, ink_cuda_kernel kernel, uint32_t x, uint32_t y, uint32_t z,
                        const void *arguments, size_t bytes);
/* Is the step one for the kernel: would its launches, each alone, need not much more than one turn of the resident
 * blocks each: at most eight turns for five launches? */
bool ink_cuda_table_is_small(const ink_cuda_table *t, uint32_t resident);
/* Makes the groups; false when there is no memory, there are more blocks than can be counted, or a kernel is none of
 * INK_CUDA_STEP_KERNELS. */
bool ink_cuda_table_order(ink_cuda_table *t, const ink_cuda_spans *spans);
/* Which launches each launch must wait for: entry i for before[first[i]] .. before[first[i + 1] - 1], all below i; what
 * those wait for anyway is not among them. */
typedef struct ink_cuda_edges {
    uint32_t *first, *before;
} ink_cuda_edges;

/* False: no memory, or more launches or blocks than are counted. Free with clear. */
bool ink_cuda_table_edges(const ink_cuda_table *t, const ink_cuda_spans *spans, ink_cuda_edges *edges);
void ink_cuda_edges_clear(ink_cuda_edges *edges);
/* Frees what it holds. */
void ink_cuda_table_clear(ink_cuda_table *t);

#endif

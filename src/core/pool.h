/* core/pool.h: threads that share numbered tasks.
 *
 * A run is a list of phases; a phase is `count` calls of one function with task = 0 .. count-1, in any order,
 * on any thread; a phase begins when the one before it is wholly done. Each thread begins with its own share of the
 * tasks, which is the same in each phase, so that it finds in its caches what it left there; then it takes what others
 * have not begun, so that a thread that the system stops for a while holds up its own task alone.
 *
 * Results must be a function of the task number, never of the worker: that is how a run gives the same bits
 * for any number of threads. `worker` (0 .. threads-1) may choose scratch memory and nothing else. */
#ifndef INK_CORE_POOL_H
#define INK_CORE_POOL_H

#include <stdint.h>

#include "inkling.h"

typedef struct ink_pool ink_pool;
typedef void ink_task(void *context, uint32_t task, uint32_t worker);

typedef struct ink_phase {
    ink_task *run;
    void *context;
    uint32_t count; /* tasks, at most INK_POOL_TASKS_MAX; 0 is skipped */
    uint32_t first; /* of these; they and the others are each dealt to all threads */
} ink_phase;

#define INK_POOL_TASKS_MAX   0xfffffu
#define INK_POOL_THREADS_MAX 256u

/* threads counts the caller: 1 makes no thread at all. 0: one per processor that this process may use, up to the
 * maximum.
 * Errors   INK_E_USAGE above the maximum, INK_E_MEMORY, INK_E_INTERNAL when a thread cannot be made.
 * Owner    the caller, who frees it when no run is under way. */
INK_MUST_USE ink_status ink_pool_new(uint32_t threads, ink_pool **out, ink_error *err);
void ink_pool_free(ink_pool *pool);

uint32_t ink_pool_threads(const ink_pool *pool);

/* Does all phases and returns when the last task is done; the caller works too. One run at a time: a task
 * must not call it again on the same pool. */
void ink_pool_run(ink_pool *pool, const ink_phase *phases, uint32_t n_phases);

/* One phase. */
void ink_pool_each(ink_pool *pool, uint32_t count, ink_task *run, void *context);

/* Processors that this process may use; at least 1. */
uint32_t ink_pool_processors(void);

#endif

/* web/wasm/pool.c: core/pool.h for one thread: a loop.
 * The pool with threads is src/core/pool.c. */
#include "core/pool.h"

#include "core/mem.h"
#include "core/status.h"

struct ink_pool {
    uint32_t threads;
};

ink_status ink_pool_new(uint32_t threads, ink_pool **out, ink_error *err) {
    *out = NULL;
    if (threads > 1) return ink_fail(err, INK_E_USAGE, "%u threads asked for, one is possible here", threads);
    ink_pool *pool = ink_mem_new(1, sizeof *pool);
    if (pool == NULL) return ink_fail_memory(err, sizeof *pool, "threads");
    pool->threads = 1;
    *out = pool;
    return INK_OK;
}

void ink_pool_free(ink_pool *pool) {
    ink_mem_free(pool);
}

uint32_t ink_pool_threads(const ink_pool *pool) {
    return pool->threads;
}

void ink_pool_run(ink_pool *pool, const ink_phase *phases, uint32_t n_phases) {
    (void)pool;
    for (uint32_t i = 0; i < n_phases; i++) {
        for (uint32_t task = 0; task < phases[i].count; task++) phases[i].run(phases[i].context, task, 0);
    }
}

void ink_pool_each(ink_pool *pool, uint32_t count, ink_task *run, void *context) {
    ink_phase phase = {run, context, count, 0};
    ink_pool_run(pool, &phase, 1);
}

uint32_t ink_pool_processors(void) {
    return 1;
}

/* core/pool.c: a 64-bit cursor {phase sequence | tasks | next task} for each thread's share of a phase, advanced by
 * compare-and-swap by its owner and by whoever has none left. No queues, no futures.
 *
 * Invariants
 *  1 The cursors' sequence number grows by one per phase, over all runs; a swap made for an old phase always fails.
 *  2 A phase's function and context are read only after a task of it was taken, hence before the phase can end.
 *  3 `finished` counts done tasks of the current phase; whoever brings it to the phase's count opens the next one.
 *  4 A phase ends when all its tasks are done, so its cursors are used up then; who opens one writes those of shares
 *    that are not empty and no other, the last thread's last, which never is; so nobody reads or writes what is the
 *    phase's when it can have ended.
 *  5 Nobody takes from another's share before all shares are open (`opened`, which never falls), lest a thread lose
 *    its own to one that was told earlier.
 *  6 Sleepers (workers and the caller) re-check under the lock before they wait; who opens a phase or ends the run
 *    wakes them if there are any. */
#define _GNU_SOURCE
#include "core/pool.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#include "core/mem.h"
#include "core/status.h"

#define TASK_BITS  20
#define SPINS      4000 /* about 50 microseconds: longer than the gap between two steps of training */
#define SPINS_MAIN 20000

struct ink_pool {
    _Alignas(64) atomic_uint_fast32_t finished;
    _Alignas(64) atomic_uint_fast64_t opened; /* sequence of the last phase all of whose shares are open */
    _Alignas(64) atomic_bool running;         /* a run is under way: its caller waits for this to fall */
    const ink_phase *phases;                  /* of the current run */
    uint32_t n_phases, at_phase;
    uint64_t sequence; /* of the phase that was opened last */
    atomic_bool quit;
    atomic_uint_fast32_t sleepers;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    uint32_t threads, started;
    bool crowded; /* more threads than processors: spinning would only steal time */
    struct share {
        _Alignas(64) atomic_uint_fast64_t cursor; /* sequence << 40 | count << 20 | next */
    } * shares;                                   /* [threads] */
    struct worker {
        ink_pool *pool;
        uint32_t number;
        pthread_t thread;
    } * workers; /* [threads - 1] */
};

static uint32_t cursor_next(uint64_t c) {
    return (uint32_t)(c & INK_POOL_TASKS_MAX);
}

static uint64_t cursor_of(uint64_t sequence, uint64_t count) {
    return sequence << 2 * TASK_BITS | count << TASK_BITS;
}

static uint32_t cursor_count(uint64_t c) {
    return (uint32_t)(c >> TASK_BITS & INK_POOL_TASKS_MAX);
}

/* ---- who does what: each part of a phase is dealt to threads in order ---- */

static uint32_t dealt_before(uint32_t tasks, uint32_t threads, uint32_t thread) {
    return (uint32_t)((uint64_t)tasks * thread / threads);
}

static uint32_t dealt(uint32_t tasks, uint32_t threads, uint32_t thread) {
    return dealt_before(tasks, threads, thread + 1) - dealt_before(tasks, threads, thread);
}

static uint32_t share_of(const ink_phase *phase, uint32_t threads, uint32_t thread) {
    return dealt(phase->first, threads, thread) + dealt(phase->count - phase->first, threads, thread);
}

/* Task i of a thread's share. */
static uint32_t task_of(const ink_phase *phase, uint32_t threads, uint32_t thread, uint32_t i) {
    const uint32_t first = dealt(phase->first, threads, thread);
    if (i < first) return dealt_before(phase->first, threads, thread) + i;
    return phase->first + dealt_before(phase->count - phase->first, threads, thread) + (i - first);
}

static void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void wake_all(ink_pool *pool) {
    if (atomic_load(&pool->sleepers) > 0) {
        pthread_mutex_lock(&pool->lock);
        pthread_cond_broadcast(&pool->wake);
        pthread_mutex_unlock(&pool->lock);
    }
}

/* Opens the next phase that has tasks, or ends the run. Only one thread can be here: the one that finished a
 * phase. */
static void open_next(ink_pool *pool) {
    while (pool->at_phase < pool->n_phases && pool->phases[pool->at_phase].count == 0) pool->at_phase++;
    if (pool->at_phase == pool->n_phases) {
        atomic_store(&pool->running, false);
        wake_all(pool);
        return;
    }
    const ink_phase *phase = &pool->phases[pool->at_phase];
    assert(phase->first <= phase->count);
    const uint64_t sequence = ++pool->sequence;
    atomic_store(&pool->finished, 0);
    for (uint32_t i = 0; i < pool->threads; i++) {
        const uint64_t count = share_of(phase, pool->threads, i);
        if (count > 0) atomic_store(&pool->shares[i].cursor, cursor_of(sequence, count));
    }
    uint64_t before = atomic_load(&pool->opened);
    while (before < sequence && !atomic_compare_exchange_weak(&pool->opened, &before, sequence)) continue;
    wake_all(pool);
}

/* Takes a task of a thread's share; false when none is left. Of another's: only in phase `opened`. */
static bool take(ink_pool *pool, uint32_t thread, bool own, uint64_t opened, uint32_t *i) {
    uint64_t c = atomic_load(&pool->shares[thread].cursor);
    do {
        if (cursor_next(c) >= cursor_count(c)) return false;
        if (!own && cursor_of(opened ^ c >> 2 * TASK_BITS, 0) != 0) return false;
    } while (!atomic_compare_exchange_weak(&pool->shares[thread].cursor, &c, c + 1));
    *i = cursor_next(c);
    return true;
}

/* Takes and does one task, of its own share if it can; false when the open phase has none left. */
static bool work_once(ink_pool *pool, uint32_t worker) {
    const uint64_t opened = atomic_load(&pool->opened); /* before it looks at its own share */
    uint32_t i = 0, thread = worker, tried = 0;
    while (!take(pool, thread, thread == worker, opened, &i)) {
        if (++tried == pool->threads) return false;
        thread = thread + 1 == pool->threads ? 0 : thread + 1;
    }
    const ink_phase *phase = &pool->phases[pool->at_phase];
    const uint32_t count = phase->count;
    phase->run(phase->context, task_of(phase, pool->threads, thread, i), worker);
    if (atomic_fetch_add(&pool->finished, 1) + 1 == count) {
        pool->at_phase++;
        open_next(pool);
    }
    return true;
}

static bool has_task(ink_pool *pool) {
    for (uint32_t i = 0; i < pool->threads; i++) {
        const uint64_t c = atomic_load(&pool->shares[i].cursor);
        if (cursor_next(c) < cursor_count(c)) return true;
    }
    return false;
}

static void *worker_main(void *argument) {
    struct worker *self = argument;
    ink_pool *pool = self->pool;
    unsigned idle_spins = 0;
    while (!atomic_load(&pool->quit)) {
        if (work_once(pool, self->number)) {
            idle_spins = 0;
        } else if (idle_spins++ < SPINS && !pool->crowded) {
            pause_briefly();
        } else {
            pthread_mutex_lock(&pool->lock);
            atomic_fetch_add(&pool->sleepers, 1);
            while (!has_task(pool) && !atomic_load(&pool->quit)) pthread_cond_wait(&pool->wake, &pool->lock);
            atomic_fetch_sub(&pool->sleepers, 1);
            pthread_mutex_unlock(&pool->lock);
            idle_spins = 0;
        }
    }
    return NULL;
}

/* One cpu_set_t holds 1,024 processors, and the system refuses a set that is too small for the machine's. */
uint32_t ink_pool_processors(void) {
    cpu_set_t set[64];
    if (sched_getaffinity(0, sizeof set, set) == 0) {
        int n = CPU_COUNT_S(sizeof set, set);
        return n > 0 ? (uint32_t)n : 1;
    }
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 && online <= UINT32_MAX ? (uint32_t)online : 1;
}

ink_status ink_pool_new(uint32_t threads, ink_pool **out, ink_error *err) {
    *out = NULL;
    uint32_t processors = ink_pool_processors();
    if (threads == 0) threads = processors < INK_POOL_THREADS_MAX ? processors : INK_POOL_THREADS_MAX;
    if (threads > INK_POOL_THREADS_MAX) {
        return ink_fail(err, INK_E_USAGE, "%u threads asked for, at most %u are possible", threads,
                        INK_POOL_THREADS_MAX);
    }
    ink_pool *pool = ink_mem_new_aligned(1, sizeof *pool);
    if (pool == NULL) return ink_fail_memory(err, sizeof *pool, "threads");
    pool->threads = threads;
    pool->crowded = threads > processors;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pool->workers = ink_mem_new(threads, sizeof *pool->workers);
    pool->shares = ink_mem_new_aligned(threads, sizeof *pool->shares);
    if (pool->workers == NULL || pool->shares == NULL) {
        ink_pool_free(pool);
        return ink_fail_memory(err, threads * (sizeof *pool->workers + sizeof *pool->shares), "threads");
    }
    for (uint32_t i = 0; i + 1 < threads; i++) {
        pool->workers[i] = (struct worker){.pool = pool, .number = i + 1};
        if (pthread_create(&pool->workers[i].thread, NULL, worker_main, &pool->workers[i]) != 0) {
            ink_pool_free(pool);
            return ink_fail(err, INK_E_INTERNAL, "cannot start thread %u of %u", i + 2, threads);
        }
        pool->started++;
    }
    *out = pool;
    return INK_OK;
}

void ink_pool_free(ink_pool *pool) {
    if (pool == NULL) return;
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->quit, true);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (uint32_t i = 0; i < pool->started; i++) pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    ink_mem_free(pool->workers);
    ink_mem_free(pool->shares);
    ink_mem_free(pool);
}

uint32_t ink_pool_threads(const ink_pool *pool) {
    return pool->threads;
}

void ink_pool_run(ink_pool *pool, const ink_phase *phases, uint32_t n_phases) {
    assert(!atomic_load(&pool->running));
    pool->phases = phases;
    pool->n_phases = n_phases;
    pool->at_phase = 0;
    atomic_store(&pool->running, true);
    open_next(pool);
    unsigned spins = 0;
    while (atomic_load(&pool->running)) {
        if (work_once(pool, 0)) {
            spins = 0;
        } else if (spins++ < SPINS_MAIN && !pool->crowded) {
            pause_briefly();
        } else {
            /* Another thread holds the last task: sleep until the run ends or a new phase brings work. */
            pthread_mutex_lock(&pool->lock);
            atomic_fetch_add(&pool->sleepers, 1);
            while (atomic_load(&pool->running) && !has_task(pool)) pthread_cond_wait(&pool->wake, &pool->lock);
            atomic_fetch_sub(&pool->sleepers, 1);
            pthread_mutex_unlock(&pool->lock);
            spins = 0;
        }
    }
}

void ink_pool_each(ink_pool *pool, uint32_t count, ink_task *run, void *context) {
    ink_phase phase = {run, context, count, 0};
    ink_pool_run(pool, &phase, 1);
}

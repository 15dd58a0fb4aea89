/* tests/core/test_pool.c: every task once, phases in order, for 1 to 16 threads and many runs.
 * ThreadSanitizer runs it too; speed is measured elsewhere. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/pool.h"

#define TASKS_MAX 2000

/* Processors that the machine seems to have; 0: as many as it has. */
static unsigned pretended;

/* In place of the C library's; like Linux it refuses a set that does not hold all processors. */
int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set) {
    memset(set, 0, size);
    if (pretended == 0) return syscall(SYS_sched_getaffinity, pid, size, set) < 0 ? -1 : 0;
    if (pretended > size * 8) {
        errno = EINVAL;
        return -1;
    }
    for (unsigned i = 0; i < pretended; i++) CPU_SET_S(i, size, set);
    return 0;
}

typedef struct count {
    atomic_uint done[TASKS_MAX];
    atomic_uint total;
    atomic_uint bad_workers;
    uint32_t threads;
} count;

static void count_task(void *context, uint32_t task, uint32_t worker) {
    count *c = context;
    atomic_fetch_add(&c->done[task], 1);
    atomic_fetch_add(&c->total, 1);
    if (worker >= c->threads) atomic_fetch_add(&c->bad_workers, 1);
}

static ink_pool *new_pool(uint32_t threads) {
    ink_pool *pool = NULL;
    ink_error err;
    assert_int_equal(ink_pool_new(threads, &pool, &err), INK_OK);
    assert_non_null(pool);
    return pool;
}

static void every_task_once(void **state) {
    (void)state;
    static const uint32_t counts[] = {0, 1, 2, 15, 16, 17, 100, TASKS_MAX};
    static count c;
    for (uint32_t threads = 1; threads <= 16; threads += threads < 4 ? 1 : 4) {
        ink_pool *pool = new_pool(threads);
        assert_int_equal(ink_pool_threads(pool), threads);
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            memset(&c, 0, sizeof c);
            c.threads = threads;
            ink_pool_each(pool, counts[i], count_task, &c);
            assert_int_equal(c.total, counts[i]);
            assert_int_equal(c.bad_workers, 0);
            for (uint32_t task = 0; task < counts[i]; task++) assert_int_equal(c.done[task], 1);
        }
        ink_pool_free(pool);
    }
}

/* Phase k of a chain: each task reads all that the phase before wrote, and plain memory carries it. */
#define WIDTH 9
#define DEPTH 12

typedef struct chain {
    uint64_t row[DEPTH + 1][WIDTH];
} chain;

typedef struct link {
    chain *all;
    uint32_t depth;
} link_;

static void link_task(void *context, uint32_t task, uint32_t worker) {
    (void)worker;
    const link_ *l = context;
    uint64_t sum = task;
    for (uint32_t i = 0; i < WIDTH; i++) sum = sum * 31 + l->all->row[l->depth][i];
    l->all->row[l->depth + 1][task] = sum;
}

static void run_chain(ink_pool *pool, chain *c) {
    link_ links[DEPTH];
    ink_phase phases[DEPTH + 2] = {{link_task, NULL, 0, 0}}; /* empty phases first and last */
    memset(c, 0, sizeof *c);
    for (uint32_t d = 0; d < DEPTH; d++) {
        links[d] = (link_){c, d};
        phases[d + 1] = (ink_phase){link_task, &links[d], WIDTH, (uint32_t)d % (WIDTH + 1)};
    }
    ink_pool_run(pool, phases, DEPTH + 2);
}

static void phases_in_order(void **state) {
    (void)state;
    static chain wanted, got;
    ink_pool *pool = new_pool(1);
    run_chain(pool, &wanted);
    ink_pool_free(pool);
    for (uint32_t threads = 2; threads <= 16; threads += threads < 4 ? 1 : 6) {
        pool = new_pool(threads);
        for (int run = 0; run < 300; run++) {
            run_chain(pool, &got);
            assert_memory_equal(&got, &wanted, sizeof got);
        }
        ink_pool_free(pool);
    }
}

/* Each thread begins with its own share, of the first tasks and then of the others: as each task waits for as many as
 * there are threads, nobody is ever free to take another's. */
typedef struct meeting {
    pthread_barrier_t all;
    uint32_t threads;
    atomic_uint strangers;
} meeting;

static void meet(void *context, uint32_t task, uint32_t worker) {
    meeting *m = context;
    pthread_barrier_wait(&m->all);
    if (task % m->threads != worker) atomic_fetch_add(&m->strangers, 1);
}

static void shares_stay(void **state) {
    (void)state;
    for (uint32_t threads = 1; threads <= 5; threads++) {
        meeting m = {.threads = threads};
        pthread_barrier_init(&m.all, NULL, threads);
        ink_pool *pool = new_pool(threads);
        for (int run = 0; run < 20; run++) {
            const ink_phase phases[] = {
                {meet, &m, threads, 0}, {meet, &m, 2 * threads, threads}, {meet, &m, threads, threads}};
            ink_pool_run(pool, phases, 3);
        }
        ink_pool_free(pool);
        pthread_barrier_destroy(&m.all);
        assert_int_equal(atomic_load(&m.strangers), 0);
    }
}

/* Long enough pauses that every worker goes to sleep between runs, and the caller sleeps behind a slow task. */
static void slow_task(void *context, uint32_t task, uint32_t worker) {
    count_task(context, task, worker);
    if (task == 1) usleep(3000);
}

static void sleepers_wake(void **state) {
    (void)state;
    static count c;
    memset(&c, 0, sizeof c);
    c.threads = 3;
    ink_pool *pool = new_pool(3);
    for (unsigned run = 1; run <= 20; run++) {
        ink_phase phases[] = {{slow_task, &c, 2, 1}, {count_task, &c, 3, 0}};
        ink_pool_run(pool, phases, 2);
        assert_int_equal(c.total, run * 5);
        usleep(1000);
    }
    ink_pool_free(pool);
}

static void odd_requests(void **state) {
    (void)state;
    ink_error err;
    ink_pool *pool = (ink_pool *)&err;
    assert_int_equal(ink_pool_new(INK_POOL_THREADS_MAX + 1, &pool, &err), INK_E_USAGE);
    assert_null(pool);
    pool = new_pool(0);
    assert_int_equal(ink_pool_threads(pool), ink_pool_processors());
    assert_true(ink_pool_processors() >= 1);
    ink_pool_run(pool, NULL, 0);
    ink_pool_free(pool);
    ink_pool_free(NULL);
    for (int i = 0; i < 50; i++) ink_pool_free(new_pool(4)); /* born and freed without work */
}

/* One thread per processor, but no more than a pool has: nobody asked for the rest. */
static void more_processors_than_threads(void **state) {
    (void)state;
    static count c;
    pretended = 2 * INK_POOL_THREADS_MAX;
    assert_int_equal(ink_pool_processors(), 2 * INK_POOL_THREADS_MAX);
    ink_pool *pool = new_pool(0);
    pretended = 0;
    c.threads = ink_pool_threads(pool);
    assert_int_equal(c.threads, INK_POOL_THREADS_MAX);
    ink_pool_each(pool, TASKS_MAX, count_task, &c);
    assert_int_equal(c.total, TASKS_MAX);
    ink_pool_free(pool);
}

static void many_processors(void **state) {
    (void)state;
    pretended = 3000;
    assert_int_equal(ink_pool_processors(), 3000);
    pretended = 1u << 20; /* more than any set that is asked for: those of the system */
    uint32_t online = ink_pool_processors();
    pretended = 0;
    assert_int_equal(online, sysconf(_SC_NPROCESSORS_ONLN));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_task_once), cmocka_unit_test(phases_in_order),
        cmocka_unit_test(shares_stay),     cmocka_unit_test(sleepers_wake),
        cmocka_unit_test(odd_requests),    cmocka_unit_test(more_processors_than_threads),
        cmocka_unit_test(many_processors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* api/peak.c: the most that this processor can multiply and add, measured.
 * No result depends on it: it is what benchmarks compare with. */
#include "api/peak.h"

#include "core/clock.h"

#define SPRINT_S    0.004 /* long enough for the clock, short enough to find a quiet moment */
#define SPRINTS     12
#define ROUNDS_MOST ((uint64_t)1 << 40)

typedef struct sprint {
    ink_precision precision;
    uint64_t rounds;
    double flops[INK_POOL_THREADS_MAX];
    float sums[INK_POOL_THREADS_MAX];
} sprint;

static void run_task(void *context, uint32_t task, uint32_t worker) {
    sprint *s = context;
    (void)worker;
    s->sums[task] = ink_cpu_sprint(s->precision, s->rounds, &s->flops[task]);
}

static double sprint_once(sprint *s, ink_pool *pool, uint32_t threads) {
    double start = ink_clock_s();
    if (pool != NULL) {
        ink_pool_each(pool, threads, run_task, s);
    } else {
        run_task(s, 0, 0);
    }
    return ink_clock_s() - start;
}

double ink_peak_gflops(const ink_backend *backend, ink_precision precision, ink_pool *pool) {
    uint32_t threads = pool != NULL ? ink_pool_threads(pool) : 1;
    sprint s = {.precision = precision, .rounds = 1000};
    double best_s = 0;
    if (backend != &ink_backend_cpu) return 0;
    while (sprint_once(&s, NULL, 1) < SPRINT_S / 2 && s.rounds < ROUNDS_MOST) s.rounds *= 2;
    for (int i = 0; i < SPRINTS; i++) {
        double took_s = sprint_once(&s, pool, threads);
        if (best_s == 0 || took_s < best_s) best_s = took_s;
    }
    return best_s > 0 ? s.flops[0] * threads / best_s / 1e9 : 0;
}

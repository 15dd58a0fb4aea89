/* train/schedule.c: learning rates over a run.
 * It knows no optimizer and no accuracy: nothing here depends on how training goes. */
#include "train/schedule.h"

#include <math.h>

#include "core/real.h"

#define ONE_CYCLE_UP    0.3
#define ONE_CYCLE_START (1.0 / 25)
#define ONE_CYCLE_END   (ONE_CYCLE_START / 1e4)

/* Half a cosine from a (t = 0) to b (t = 1). */
static double half_cosine(double a, double b, double t) {
    return b + (a - b) / 2 * (1 + ink_cos_turn(t / 2));
}

static double one_cycle(double step, double steps) {
    double top = ONE_CYCLE_UP * steps - 1, last = steps - 1;
    if (last <= 0) return 1;
    if (top > 0 && step <= top) return half_cosine(ONE_CYCLE_START, 1, step / top);
    if (top < 0) top = 0;
    return half_cosine(1, ONE_CYCLE_END, last > top ? (step - top) / (last - top) : 1);
}

double ink_schedule_factor(const ink_schedule *schedule, uint64_t step, uint64_t steps, uint64_t steps_per_epoch) {
    double at = (double)step, all = (double)steps;
    double warmup = schedule->warmup_epochs * (double)steps_per_epoch;
    if (schedule->kind == INK_SCHEDULE_ONE_CYCLE) return one_cycle(at, all);
    if (at < warmup) return (at + 1) / warmup < 1 ? (at + 1) / warmup : 1;
    double t = all > warmup ? (at - warmup) / (all - warmup) : 1;
    switch (schedule->kind) {
    case INK_SCHEDULE_STEP: {
        double drops = floor((at - warmup) / (schedule->every * (double)steps_per_epoch));
        double factor = 1;
        for (double i = 0; i < drops; i++) factor *= schedule->factor;
        return factor;
    }
    case INK_SCHEDULE_COSINE: return half_cosine(1, 0, t);
    case INK_SCHEDULE_LINEAR: return 1 - t;
    case INK_SCHEDULE_CONSTANT:
    case INK_SCHEDULE_ONE_CYCLE: break;
    }
    return 1;
}

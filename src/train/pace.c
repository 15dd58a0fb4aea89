/* train/pace.c: how fast this run goes on this machine, found by going.
 * It changes nothing of the run: what the steps did is undone. */
#include "core/clock.h"
#include "core/status.h"
#include "train/trainer_state.h"

static ink_status time_steps(ink_trainer *t, double seconds, ink_trainer_pace *pace, ink_error *err) {
    ink_batch_view views[INK_STEPS_MOST];
    uint32_t steps = 0;
    bool first = true;
    double began = ink_clock_s();
    ink_batches_start(t->batches, 1, 0);
    for (uint32_t n; (n = ink_trainer_next(t, t->batches, views)) > 0;) {
        ink_status status = ink_trainer_steps(t, views, n, err);
        if (status != INK_OK) return status;
        steps += n;
        double now = ink_clock_s();
        pace->step_s = (now - began) / steps;
        if (now - began >= seconds && steps > 1) break;
        /* The first call is slower: memory is touched for the first time. */
        if (first && t->at.batch < t->steps_per_epoch && began < now) {
            seconds -= now - began;
            began = now;
            steps = 0;
        }
        first = false;
    }
    return INK_OK;
}

static ink_status time_measurement(ink_trainer *t, ink_trainer_pace *pace, ink_error *err) {
    ink_batch_view views[INK_STEPS_MOST];
    ink_batch batches[INK_STEPS_MOST];
    double began = ink_clock_s(), settle_s = 0;
    if (t->average != NULL) {
        ink_status status = ink_average_settle(t->average, err);
        if (status != INK_OK) return status;
        settle_s = ink_clock_s() - began;
    }
    pace->row_s = pace->step_s / (3.0 * t->recipe->batch_size); /* a third of a step is forward */
    if (t->n_val > 0) {
        began = ink_clock_s();
        ink_batches_start(t->val_batches, 1, 0);
        uint32_t n = ink_trainer_next(t, t->val_batches, views), rows = 0;
        for (uint32_t i = 0; i < n; i++) {
            batches[i] = ink_trainer_measured(&views[i]);
            rows += views[i].n;
        }
        ink_status status = ink_trainer_compute(t, t->eval, batches, n, err);
        if (status != INK_OK) return status;
        if (rows > 0) pace->row_s = (ink_clock_s() - began) / rows;
    }
    pace->epoch_s = pace->step_s * (double)t->steps_per_epoch + pace->row_s * t->n_val + settle_s;
    return INK_OK;
}

ink_status ink_trainer_measure_pace(ink_trainer *t, double seconds, ink_trainer_pace *pace, ink_error *err) {
    ink_weights start = {0}, none = {0};
    ink_trainer_position at = t->at;
    *pace = (ink_trainer_pace){0};
    ink_status status = ink_trainer_all(t, &start, err);
    if (status != INK_OK) return status;
    status = time_steps(t, seconds, pace, err);
    if (status == INK_OK) status = time_measurement(t, pace, err);
    if (status == INK_OK) status = ink_trainer_restore(t, &at, &start, &none, err);
    t->epoch_rows = 0;
    ink_weights_clear(&start);
    return status;
}

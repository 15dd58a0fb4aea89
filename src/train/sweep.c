/* train/sweep.c: the learning rate raised step by step, and what the loss does on the way.
 * It draws nothing (report/sweep.c), and leaves a trainer that is of no use for anything else. */
#include <math.h>

#include "core/status.h"
#include "train/trainer_state.h"

#define SMOOTHED 0.95 /* of the running mean of losses */
#define HOPELESS 4.0  /* times the lowest: the rest of the sweep would tell nothing */
#define REACH    20u  /* a fall is measured from this part of all points before to as many behind */

ink_status ink_trainer_sweep(ink_trainer *t, const ink_trainer_watch *watch, ink_lr_sweep *sweep, ink_error *err) {
    ink_batch_view view;
    double mean = 0, kept = 1, lowest = INFINITY;
    uint64_t epoch = 1;
    sweep->n = 0;
    ink_batches_start(t->batches, epoch, 0);
    for (uint32_t i = 0; i < sweep->steps; i++) {
        if (watch->stop != NULL && watch->stop(watch->context)) return ink_fail(err, INK_E_STOPPED, "stopped");
        if (!ink_batches_next(t->batches, &view)) {
            ink_batches_start(t->batches, ++epoch, 0);
            if (!ink_batches_next(t->batches, &view)) break;
        }
        t->swept_lr = sweep->low * pow(sweep->high / sweep->low, (double)i / (sweep->steps - 1));
        t->at.loss_sum = 0;
        t->at.rows = 0;
        ink_status status = ink_trainer_steps(t, &view, 1, err);
        if (status == INK_E_DIVERGED && sweep->n > 0) break; /* so far and no further: that is what was asked */
        if (status != INK_OK) return status;
        mean = SMOOTHED * mean + (1 - SMOOTHED) * t->at.loss_sum / (double)t->at.rows;
        kept *= SMOOTHED;
        double smooth = mean / (1 - kept);
        sweep->lr[sweep->n] = t->swept_lr;
        sweep->loss[sweep->n++] = smooth;
        if (smooth < lowest) lowest = smooth;
        if (smooth > HOPELESS * lowest) break;
        if (watch->moment != NULL) {
            ink_trainer_moment moment = {.phase = INK_TRAINING,
                                         .epoch = 1,
                                         .epochs = 1,
                                         .step = i + 1,
                                         .steps = sweep->steps,
                                         .done = i + 1,
                                         .total = sweep->steps,
                                         .loss = smooth,
                                         .val_accuracy = (double)NAN};
            watch->moment(watch->context, &moment);
        }
    }
    return INK_OK;
}

double ink_lr_sweep_suggestion(const ink_lr_sweep *sweep) {
    uint32_t lowest = 0, reach = sweep->n / REACH, best = 0;
    double fall = 0;
    for (uint32_t i = 1; i < sweep->n; i++) {
        if (sweep->loss[i] < sweep->loss[lowest]) lowest = i;
    }
    if (reach < 1) reach = 1;
    best = lowest;
    for (uint32_t i = reach; i + reach <= lowest; i++) {
        double here = sweep->loss[i - reach] - sweep->loss[i + reach];
        if (here <= fall) continue;
        fall = here;
        best = i;
    }
    return sweep->n > 0 ? sweep->lr[best] : 0;
}

/* train/resident.c: training images that lie in the device's memory, and how many steps go in one call.
 * What such a call does is the backend's (ops/backend.h: run_rows). */
#include "core/status.h"
#include "train/trainer_state.h"

#define FIRST_TOGETHER 8u
#define SHORT_S        0.02 /* of a call: the host's wait for it counts, so more steps go together */
#define LONG_S         0.1  /* of a call: between two of them a run may stop, save and tell where it stands */

static ink_status attach(const ink_trainer *t, ink_program *program, const ink_batches *batches, ink_error *err) {
    uint32_t count = ink_batches_count(batches);
    return t->backend->attach(program, t->resident, count < INK_STEPS_MOST ? count : INK_STEPS_MOST, err);
}

ink_status ink_trainer_settle(ink_trainer *t, ink_error *err) {
    ink_resident_source source = {.images = t->images->pixels,
                                  .labels = t->images->labels,
                                  .count = t->images->count,
                                  .height = t->images->height,
                                  .width = t->images->width,
                                  .augment = &t->recipe->augment};
    t->together = 1;
    if (t->backend->bring == NULL || t->hard != NULL || t->distil != NULL) return INK_OK;
    ink_status status = t->backend->bring(&source, &t->resident, err);
    if (status == INK_OK) status = attach(t, t->train, t->batches, err);
    if (status == INK_OK && t->n_val > 0) status = attach(t, t->eval, t->val_batches, err);
    if (status != INK_OK) {
        if (t->resident != NULL) t->backend->let_go(t->resident);
        t->resident = NULL;
        t->too_large = status == INK_E_MEMORY;
        return t->too_large ? INK_OK : status;
    }
    t->together = FIRST_TOGETHER;
    ink_batches_bring_rows(t->batches);
    if (t->n_val > 0) ink_batches_bring_rows(t->val_batches);
    return INK_OK;
}

uint32_t ink_trainer_next(const ink_trainer *t, ink_batches *batches, ink_batch_view views[INK_STEPS_MOST]) {
    uint32_t n = 0;
    while (n < t->together && ink_batches_next(batches, &views[n])) n++;
    return n;
}

ink_status ink_trainer_compute(const ink_trainer *t, ink_program *program, ink_batch *batches, uint32_t n,
                               ink_error *err) {
    if (t->resident != NULL) return t->backend->run_rows(program, batches, n, err);
    ink_status status = INK_OK;
    for (uint32_t i = 0; i < n && status == INK_OK; i++) status = t->backend->run(program, &batches[i], err);
    return status;
}

void ink_trainer_took(ink_trainer *t, double seconds) {
    if (t->resident == NULL) return;
    if (seconds < SHORT_S && t->together < INK_STEPS_MOST) {
        t->together *= 2;
    } else if (seconds > LONG_S && t->together > 1) {
        t->together /= 2;
    }
}

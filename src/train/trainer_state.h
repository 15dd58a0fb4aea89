/* train/trainer_state.h: what a trainer is inside. Private to train/: callers know train/trainer.h alone. */
#ifndef INK_TRAIN_TRAINER_STATE_H
#define INK_TRAIN_TRAINER_STATE_H

#include "train/average.h"
#include "train/distil.h"
#include "train/hard.h"
#include "train/trainer.h"

struct ink_trainer {
    const ink_recipe *recipe;
    const ink_images *images;
    const ink_backend *backend;
    ink_pool *pool;
    ink_net *net;
    ink_normalise normalise;
    ink_graph train_graph, eval_graph;
    ink_program *train, *eval; /* eval shares train's parameters; with averages it has memory of its own */
    ink_average *average;      /* of the weights; NULL: the recipe keeps none */
    ink_hard *hard;            /* NULL: steps on every image */
    ink_distil *distil;        /* NULL: no teachers */
    ink_learn_part learn;
    ink_batches *batches, *val_batches;
    uint32_t n_train, n_val;
    uint64_t steps_per_epoch, steps;
    double swept_lr; /* above 0: of the next step, whatever the schedule says */
    ink_trainer_position at;
    ink_weights best;
    double epoch_started_s; /* by this process, on the clock of core/clock.h; 0: not yet */
    uint64_t epoch_rows;    /* rows trained in this epoch by this process */
};

/* ---- trainer.c ---- */

/* One step on one batch; the position moves on. Errors: INK_E_DIVERGED; the backend's. */
INK_MUST_USE ink_status ink_trainer_step(ink_trainer *trainer, const ink_batch_view *view, ink_error *err);

/* ---- normalise.c ---- */

/* Pixels to numbers as the recipe says; rows: the n_train rows of images to learn from, for AUTO. */
void ink_trainer_set_normalise(ink_trainer *trainer, const uint32_t *rows);

/* ---- whiten.c ---- */

/* Writes the filters of a first layer that says `whiten`; does nothing for other nets. rows: the training rows.
 * Errors   INK_E_USAGE a window of too many pixels; memory; the backend's. */
INK_MUST_USE ink_status ink_trainer_whiten(const ink_trainer *trainer, const uint32_t *rows, ink_error *err);

#endif

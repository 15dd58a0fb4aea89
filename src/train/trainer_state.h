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
    ink_resident *resident; /* the images, in the device's memory; NULL: batches bring them */
    uint32_t together;      /* batches of one call; 1 when they bring images */
    bool too_large;         /* the images did not fit */
    uint32_t n_train, n_val;
    uint64_t steps_per_epoch, steps;
    double swept_lr; /* above 0: of the next step, whatever the schedule says */
    ink_trainer_position at;
    ink_weights best;
    double epoch_started_s; /* by this process, on the clock of core/clock.h; 0: not yet */
    uint64_t epoch_rows;    /* rows trained in this epoch by this process */
};

/* ---- trainer.c ---- */

/* A step on each of n batches, n at most t->together; the position moves on. Errors: INK_E_DIVERGED; the backend's. */
INK_MUST_USE ink_status ink_trainer_steps(ink_trainer *trainer, const ink_batch_view *views, uint32_t n,
                                          ink_error *err);

/* What a measurement asks of a batch. */
ink_batch ink_trainer_measured(const ink_batch_view *view);

/* ---- resident.c ---- */

/* Puts the images into the device's memory, once, when the backend has such and they fit beside the programs, and binds
 * the training and the measuring program to them. Hard examples and teachers need more of a batch than its step: they
 * take the way of batches. Errors: the backend's but INK_E_MEMORY. */
INK_MUST_USE ink_status ink_trainer_settle(ink_trainer *trainer, ink_error *err);

/* The next batches that one call may bring, at most t->together; 0 at the end of the epoch. */
uint32_t ink_trainer_next(const ink_trainer *trainer, ink_batches *batches, ink_batch_view views[INK_STEPS_MOST]);

/* Runs a program for n batches, as many as ink_trainer_next gave or fewer. Errors: the backend's. */
INK_MUST_USE ink_status ink_trainer_compute(const ink_trainer *trainer, ink_program *program, ink_batch *batches,
                                            uint32_t n, ink_error *err);

/* A call with t->together batches took so long: the next ones bring more, or fewer. Results do not depend on it. */
void ink_trainer_took(ink_trainer *trainer, double seconds);

/* ---- normalise.c ---- */

/* Pixels to numbers as the recipe says; rows: the n_train rows of images to learn from, for AUTO. */
void ink_trainer_set_normalise(ink_trainer *trainer, const uint32_t *rows);

/* ---- whiten.c ---- */

/* Writes the filters of a first layer that says `whiten`; does nothing for other nets. rows: the training rows.
 * Errors   INK_E_USAGE a window of too many pixels; memory; the backend's. */
INK_MUST_USE ink_status ink_trainer_whiten(const ink_trainer *trainer, const uint32_t *rows, ink_error *err);

#endif

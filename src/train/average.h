/* train/average.h: the weights' moving average, made into a net that can be measured, kept and used. Private to train/.
 *
 * Each step the training program moves an average a of every weight w that learns (ops/graph.h, INK_OP_AVERAGE):
 *   a = d a + (1 - d) w,  d = min(decay, (1 + t) / (10 + t)), t the step.
 * Measurements and files take the averages instead of the weights. The running statistics of batch norm belong to the
 * weights, not to their average, so they are measured anew: INK_AVERAGE_IMAGES of the training rows, evenly spaced,
 * undistorted and without their labels, pass in batches of INK_AVERAGE_BATCH through the averaged net in which each
 * batch is normalised by its own mean and variance; the mean over the images of those is what the net keeps. A function
 * of the averages and the training rows alone: the same bits whenever and wherever it is made.
 * Source   Polyak & Juditsky, SIAM J. Control Optim. 30, 1992; Izmailov et al., arXiv:1803.05407 (statistics anew). */
#ifndef INK_TRAIN_AVERAGE_H
#define INK_TRAIN_AVERAGE_H

#include "train/trainer.h"

#define INK_AVERAGE_IMAGES 4000u
#define INK_AVERAGE_BATCH  500u

typedef struct ink_average ink_average;

/* rows: the trainer's n_train training rows; borrowed for the call. The trainer's programs are compiled, its eval with
 * memory of its own, and its first weights written. Errors: memory, the backend's. Owner: the caller. */
INK_MUST_USE ink_status ink_average_new(const ink_trainer *trainer, const ink_compile_options *options,
                                        const uint32_t *rows, ink_average **out, ink_error *err);
/* NULL is fine. */
void ink_average_free(ink_average *average);

/* The averages begin as the weights are now. */
INK_MUST_USE ink_status ink_average_begin(ink_average *average, ink_error *err);

/* Puts the averages and their statistics into the trainer's eval program, unless they stand there already. */
INK_MUST_USE ink_status ink_average_settle(ink_average *average, ink_error *err);

/* The weights have changed otherwise than by a step: what stands in eval is of no use any more. */
void ink_average_forget(ink_average *average);

#endif

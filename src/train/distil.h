/* train/distil.h: teachers: trained nets whose probabilities are a second target for the net that learns. Private to
 * train/.
 *
 * q[n,c] = mean over the teachers of p[n,c]^(1/T) / sum over c of p[n,c]^(1/T), p a teacher's probabilities for the
 * very image, distorted alike, that the learner sees: softmax of the teacher's logits over T. The loss with q:
 * ops/graph.h, INK_OP_CROSS_ENTROPY. The teachers stay as they are: running statistics, no dropout.
 * Source   Hinton, Vinyals & Dean, Distilling the knowledge in a neural network, arXiv:1503.02531 */
#ifndef INK_TRAIN_DISTIL_H
#define INK_TRAIN_DISTIL_H

#include "train/trainer.h"

typedef struct ink_distil ink_distil;

/* One program per teacher, for batches as options has them; target: the input q of the trainer's training graph.
 * Errors   INK_E_USAGE a net that does not fit the images; those of a teacher's load; the backend's. Owner: the
 * caller. */
INK_MUST_USE ink_status ink_distil_new(const ink_trainer *trainer, const ink_trainer_setup *setup,
                                       const ink_compile_options *options, ink_id target, ink_distil **out,
                                       ink_error *err);
/* NULL is fine. */
void ink_distil_free(ink_distil *distil);

/* Writes q of this batch into the training program. Allocates nothing. Errors: the backend's. */
INK_MUST_USE ink_status ink_distil_teach(ink_distil *distil, const ink_batch_view *view, ink_error *err);

#endif

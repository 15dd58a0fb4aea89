/* train/hard.h: steps on the hardest of more images than a batch has. Private to train/.
 *
 * With the recipe's hard-share S below 1, a step looks at B / S images (B batch-size): one forward pass with the
 * weights as they are, running statistics and no dropout, gives each image's loss, and the step is made on the
 * ceil(S n) of them, B at most, with the largest (of equal ones the first), in the order in which they came. An epoch
 * shows every training row to the forward pass once. A forward pass costs a third of a step or
 * less, and most digits are known after an epoch. A function of weights, batch and S alone: the same bits for any
 * number of threads, and after an interruption.
 * Source   Jiang et al., Accelerating deep learning by focusing on the biggest losers, arXiv:1910.00762 */
#ifndef INK_TRAIN_HARD_H
#define INK_TRAIN_HARD_H

#include "train/trainer.h"

typedef struct ink_hard ink_hard;

/* Images that a step looks at. */
uint32_t ink_hard_candidates(const ink_recipe *recipe);

/* options: those of the trainer's training program, which is compiled. Errors: memory, the backend's. Owner: the
 * caller. */
INK_MUST_USE ink_status ink_hard_new(const ink_trainer *trainer, const ink_compile_options *options, ink_hard **out,
                                     ink_error *err);
/* NULL is fine. */
void ink_hard_free(ink_hard *hard);

/* The hardest of a batch; the view's arrays stand until the next call. Allocates nothing. Errors: the backend's. */
INK_MUST_USE ink_status ink_hard_pick(ink_hard *hard, const ink_batch_view *from, ink_batch_view *out, ink_error *err);

#endif

/* train/schedule.h: the learning rate of each step, a function of the step alone: a resumed run goes on as if it had
 * never stopped. */
#ifndef INK_TRAIN_SCHEDULE_H
#define INK_TRAIN_SCHEDULE_H

#include <stdint.h>

typedef enum ink_schedule_kind {
    INK_SCHEDULE_CONSTANT,
    INK_SCHEDULE_STEP,     /* times factor after every `every` epochs, as torch's StepLR */
    INK_SCHEDULE_COSINE,   /* half a cosine from 1 to 0 */
    INK_SCHEDULE_LINEAR,   /* a straight line from 1 to 0 */
    INK_SCHEDULE_ONE_CYCLE /* torch's OneCycleLR: half cosines 1/25 -> 1 in the first 30 %, then 1 -> 1/250000 */
} ink_schedule_kind;

typedef struct ink_schedule {
    ink_schedule_kind kind;
    double every, factor; /* step */
    double warmup_epochs; /* a straight line from 0 in front of all kinds but one-cycle; 0: none */
} ink_schedule;

/* The factor on the recipe's lr at a step (from 0) of steps in all, steps_per_epoch each epoch. */
double ink_schedule_factor(const ink_schedule *schedule, uint64_t step, uint64_t steps, uint64_t steps_per_epoch);

#endif

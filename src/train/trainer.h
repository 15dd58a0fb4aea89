/* train/trainer.h: the loop: epochs of steps over the training rows, a measurement on the held-out rows after each.
 *
 *   ink_trainer *t = NULL;
 *   st = ink_trainer_new(&setup, &t, &err);          // nets built and compiled, first weights drawn
 *   st = ink_trainer_run(t, &watch, &err);           // to the last epoch, a stop, or a fault
 *   st = ink_trainer_best(t, &weights, &err);  ...
 *   ink_trainer_free(t);
 *
 * What a run learns is a function of the recipe, the images, the split and the precision: of no clock, thread count or
 * interruption. A run that is stopped anywhere between two batches, saved (train/checkpoint.h) and continued ends in
 * the same bits. */
#ifndef INK_TRAIN_TRAINER_H
#define INK_TRAIN_TRAINER_H

#include "data/batch.h"
#include "files/images.h"
#include "ops/backend.h"
#include "train/recipe.h"

typedef struct ink_trainer ink_trainer;

/* A trained net that teaches (train/distil.h). */
typedef struct ink_teacher {
    const ink_net *net;
    ink_normalise normalise;
    const void *file; /* for load */
    /* Writes the net's weights into a program compiled from g. */
    ink_status (*load)(const void *file, const ink_graph *g, const ink_backend *backend, ink_program *program,
                       ink_error *err);
} ink_teacher;

typedef struct ink_trainer_setup {
    const ink_recipe *recipe; /* borrowed until free */
    const ink_images *images; /* labelled; borrowed until free */
    const uint8_t *held_out;  /* [images->count] INK_ROW_HELD_OUT ...; borrowed until new returns */
    const ink_backend *backend;
    ink_precision precision;
    bool exact;
    ink_learn_part learn;
    const ink_teacher *teachers; /* [n_teachers] borrowed until new returns */
    uint32_t n_teachers;         /* 0: labels alone */
    ink_pool *pool;              /* borrowed until free */
} ink_trainer_setup;

/* What an epoch gave. Values that were not measured are NaN. */
typedef struct ink_epoch_result {
    uint32_t epoch;                    /* from 1 */
    uint64_t step;                     /* steps of the whole run so far */
    double lr;                         /* of the epoch's last step */
    double train_loss, train_accuracy; /* means over the epoch, as the weights were then */
    double val_loss, val_accuracy;
    uint32_t val_errors;
    bool best;       /* higher validation accuracy than all epochs before (equal: lower loss) */
    double seconds;  /* this epoch, measurement included; of this process: less after a resume in mid-epoch */
    double waited_s; /* of that, waiting for data */
    double images_per_s;
} ink_epoch_result;

typedef enum ink_trainer_phase { INK_TRAINING, INK_VALIDATING } ink_trainer_phase;

/* Where a run stands, between two batches. */
typedef struct ink_trainer_moment {
    ink_trainer_phase phase;
    uint32_t epoch, epochs;
    uint64_t step, steps; /* done, of the whole run */
    uint32_t done, total; /* rows of this phase */
    double loss;          /* mean of this epoch so far */
    double val_accuracy;  /* of the epoch before, or NaN */
} ink_trainer_moment;

/* Called on the calling thread; each may be NULL. "Between two batches" is between two calls of the backend: on a
 * device that holds the images up to INK_STEPS_MOST steps are one call, of about a tenth of a second at most. */
typedef struct ink_trainer_watch {
    void *context;
    void (*moment)(void *context, const ink_trainer_moment *moment);
    /* true: the run ends here, between two batches, with INK_E_STOPPED. */
    bool (*stop)(void *context);
    /* Between two training batches: may save. A status other than INK_OK ends the run. */
    ink_status (*between)(void *context, ink_error *err);
    /* After an epoch's measurement: may save. A status other than INK_OK ends the run. */
    ink_status (*epoch)(void *context, const ink_epoch_result *result, ink_error *err);
} ink_trainer_watch;

/* Errors   INK_E_USAGE nothing to train on, a net that does not fit; the backend's. */
INK_MUST_USE ink_status ink_trainer_new(const ink_trainer_setup *setup, ink_trainer **out, ink_error *err);
void ink_trainer_free(ink_trainer *trainer);

/* Errors   INK_E_STOPPED by the watch; INK_E_DIVERGED with epoch and step when the loss is not finite: the weights are
 * then of no use, what an epoch's watch saved before stands; the watch's own; the backend's. */
INK_MUST_USE ink_status ink_trainer_run(ink_trainer *trainer, const ink_trainer_watch *watch, ink_error *err);

/* Has the accuracy on the held-out rows reached the recipe's `until`? Then run ends, or does nothing. */
bool ink_trainer_reached(const ink_trainer *trainer);

/* ---- time ---- */

typedef struct ink_trainer_pace {
    double step_s;  /* of one training step */
    double row_s;   /* of one row measured */
    double epoch_s; /* of an epoch with its measurement */
} ink_trainer_pace;

/* Trains for about so many seconds (two steps at least), measures a batch, and goes back to where it stood, with the
 * same bits. Only before the first step. Errors: those of ink_trainer_run. */
INK_MUST_USE ink_status ink_trainer_measure_pace(ink_trainer *trainer, double seconds, ink_trainer_pace *pace,
                                                 ink_error *err);
/* The recipe's epochs have changed. Only before the first step. */
void ink_trainer_reschedule(ink_trainer *trainer);

/* A sweep of the learning rate: `steps` steps (2 at least), from `low` to `high` by the same factor each, until the
 * loss is 4 times its lowest or no number. loss is smoothed: the mean of all so far, each step weighing 0.95 of the
 * next.
 * Source   Smith, Cyclical learning rates for training neural networks, arXiv:1506.01186 */
typedef struct ink_lr_sweep {
    double low, high;
    uint32_t steps;
    double *lr, *loss; /* [steps], the caller's; [n] are filled */
    uint32_t n;
} ink_lr_sweep;

/* The trainer is of no use afterwards but to be freed. watch: moment and stop alone. Errors: those of
 * ink_trainer_run. */
INK_MUST_USE ink_status ink_trainer_sweep(ink_trainer *trainer, const ink_trainer_watch *watch, ink_lr_sweep *sweep,
                                          ink_error *err);
/* The rate at which the smoothed loss falls fastest, on its way to its lowest; 0 without a point. */
double ink_lr_sweep_suggestion(const ink_lr_sweep *sweep);

/* ---- weights ---- */

/* The net's parameters and running statistics, in the order of the graph. */
typedef struct ink_weights {
    uint32_t n;
    struct ink_weight {
        char name[INK_NAME_SIZE];
        int rank;
        int32_t dim[4];
        size_t count;
        float *data; /* [count], owned */
    } * item;
} ink_weights; /* {0} is empty */
void ink_weights_clear(ink_weights *weights);
/* An equal one with memory of its own, which the caller clears. Errors: INK_E_MEMORY. */
INK_MUST_USE ink_status ink_weights_copy(const ink_weights *from, ink_weights *out, ink_error *err);

/* Every value finite? Else the first that is not is named in err (INK_E_DIVERGED). */
INK_MUST_USE ink_status ink_weights_check(const ink_weights *weights, ink_error *err);

/* As they are now, or at the best epoch (INK_E_USAGE when nothing was measured yet). When the recipe averages weights
 * (ema), both are the averages with statistics of their own (train/average.h). The caller clears them. */
INK_MUST_USE ink_status ink_trainer_last(const ink_trainer *trainer, ink_weights *out, ink_error *err);
INK_MUST_USE ink_status ink_trainer_best(const ink_trainer *trainer, ink_weights *out, ink_error *err);

/* Starts from these instead of random ones; what is not among them keeps its first weights. Errors: INK_E_DATA a name
 * or shape that the net does not have (those before it are loaded already); the backend's. */
INK_MUST_USE ink_status ink_trainer_load(ink_trainer *trainer, const ink_weights *weights, ink_error *err);

/* ---- for checkpoints (train/checkpoint.h) ---- */

/* All that a run is beside its weights: where it stands and what it has summed. */
typedef struct ink_trainer_position {
    uint32_t epoch;  /* under way, from 1; epochs + 1 when all are done */
    uint32_t batch;  /* next one of that epoch */
    uint64_t step;   /* done */
    double loss_sum; /* of this epoch's batches so far */
    uint64_t correct, rows;
    uint32_t best_epoch, best_errors; /* 0: none measured */
    double best_accuracy, best_loss;
    double val_accuracy; /* of the epoch before, or NaN */
    double elapsed_s;    /* the one value that differs from run to run */
} ink_trainer_position;

ink_trainer_position ink_trainer_position_of(const ink_trainer *trainer);

/* Every parameter and state of the training program: weights, running statistics, optimizer moments, averages. */
INK_MUST_USE ink_status ink_trainer_all(const ink_trainer *trainer, ink_weights *out, ink_error *err);

/* Goes to a position with these values: all of ink_trainer_all, and the best weights (n 0: none; taken over and left
 * empty on success). Errors: INK_E_DATA a tensor is missing, too many, or of another shape. */
INK_MUST_USE ink_status ink_trainer_restore(ink_trainer *trainer, const ink_trainer_position *position,
                                            const ink_weights *all, ink_weights *take_best, ink_error *err);

/* ---- facts ---- */

/* Pixels to numbers, as trained: AUTO worked out. */
const ink_normalise *ink_trainer_normalise(const ink_trainer *trainer);
ink_precision ink_trainer_precision(const ink_trainer *trainer);
/* The training graph: the net's names and shapes, the optimizer's states too. Borrowed, as long as the trainer. */
const ink_graph *ink_trainer_graph(const ink_trainer *trainer);
uint32_t ink_trainer_train_rows(const ink_trainer *trainer);
uint32_t ink_trainer_val_rows(const ink_trainer *trainer);
/* The images do not fit into the device's memory beside the nets, and every step copies its batch: the same bits, but
 * slower. */
bool ink_trainer_is_too_large(const ink_trainer *trainer);

#endif

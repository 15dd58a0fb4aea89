/* tests/train/trial.h: small trainings, for the tests of this folder. */
#ifndef INK_TESTS_TRAIN_TRIAL_H
#define INK_TESTS_TRAIN_TRIAL_H

#include "train/trainer.h"

#define ROWS 200

extern ink_images images; /* [ROWS] blurred bars, one per digit */
extern uint8_t held_out[ROWS];
extern char folder[]; /* for files */

/* For cmocka_run_group_tests. */
int make_images(void **state);
int drop_images(void **state);

typedef struct trial {
    const char *net;
    const ink_teacher *teachers;
    uint32_t n_teachers;
    const char *const *keys;           /* of the recipe: key, value, key, value, NULL; or NULL */
    uint32_t threads, workers, epochs; /* epochs 0: 3 */
    const ink_backend *backend;
    ink_learn_part learn;
    ink_trainer *trainer;
    ink_pool *pool;
    ink_recipe recipe;
    uint32_t epochs_seen, stop_after; /* batches until stop says so; 0: never */
    ink_epoch_result last;
} trial;

/* Makes the trainer; runs it, with epochs_seen and last filled in; frees it. */
void start(trial *t);
ink_status try_start(trial *t, ink_error *err); /* frees with end, whatever comes of it */
ink_status run(trial *t);
void end(trial *t);

/* The whole run: what ink_trainer_all gives afterwards. */
void train_whole(trial *t, ink_weights *all);
void assert_same_weights(const ink_weights *a, const ink_weights *b);

#define SMALL_NET "linear 24\nrelu\ndropout 0.2\nlinear 10"
#define CONV_NET  "conv 6 5x5 stride 2\nbatchnorm\nrelu\nmaxpool 2x2\ndropout 0.1\nlinear 10"

#endif

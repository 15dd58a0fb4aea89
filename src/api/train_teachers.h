/* api/train_teachers.h: --teacher: model files and run folders that teach a run (train/distil.h). For api/train*.c
 * alone. */
#ifndef INK_API_TRAIN_TEACHERS_H
#define INK_API_TRAIN_TEACHERS_H

#include "api/models.h"
#include "train/trainer.h"

#define INK_TEACHERS_MOST 64

typedef struct ink_train_teachers {
    ink_models models;
    ink_teacher *list; /* [models.n]; owned */
    char *paths;       /* their absolute paths, a line each: for the checkpoint; owned */
    char sha256[65];   /* over the weights' file hashes: a run goes on with the same teachers or not at all */
} ink_train_teachers;  /* {0}: none */

/* names [n]: files or run folders. Errors: those of ink_models_open. Owner: the caller. */
INK_MUST_USE ink_status ink_train_teachers_open(const char *const *names, size_t n, const ink_machine *machine,
                                                ink_train_teachers *out, ink_error *err);
/* The teachers of fold k of a cross-validation: paths' lines, where one is itself a cross-validation its net k alone,
 * which has not seen the rows of fold k either. *out: paths again; ink_mem_free.
 * Errors   INK_E_USAGE when its folds are others: by number, seed or images (data_sha256); INK_E_DATA; INK_E_FILE. */
INK_MUST_USE ink_status ink_train_teachers_of_fold(const char *paths, uint32_t k, const ink_recipe *recipe,
                                                   const char *data_sha256, char **out, ink_error *err);
/* paths' lines, as names that point into copy (as long as paths). Returns their number, at most INK_TEACHERS_MOST. */
size_t ink_train_teachers_names(const char *paths, char *copy, const char *names[INK_TEACHERS_MOST]);

/* The same from `paths`, for a run that goes on. Errors: INK_E_DATA when they are other teachers than sha256 says. */
INK_MUST_USE ink_status ink_train_teachers_reopen(const char *paths, const char *sha256, const ink_machine *machine,
                                                  ink_train_teachers *out, ink_error *err);
void ink_train_teachers_close(ink_train_teachers *teachers);

#endif

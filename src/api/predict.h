/* api/predict.h: what `predict` and the end of `train` share: answers for a test file, written and checked. */
#ifndef INK_API_PREDICT_H
#define INK_API_PREDICT_H

#include "api/models.h"
#include "data/dataset.h"

/* Predicts set->test, writes the submission (checked against the sample's ids when there are any) and, unless NULL, the
 * file of probabilities. *out is the caller's. */
INK_MUST_USE ink_status ink_submit(ink_models *models, const ink_dataset *set, const char *path,
                                   const char *probabilities, const ink_watch *watch, ink_predictions *out,
                                   ink_error *err);

/* Tells what was found in DATA, and the warnings. */
void ink_say_dataset(const ink_watch *watch, const ink_dataset *set);

#endif

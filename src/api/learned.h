/* api/learned.h: which images a model has learned from, by the notes in its file and the split of its run.
 * It tells an accuracy on new digits from one on digits that were told before.
 * A model file without notes (an imported one) says nothing, and is taken to have learned none of them. */
#ifndef INK_API_LEARNED_H
#define INK_API_LEARNED_H

#include "files/safetensors.h"

/* Of images with this SHA-256, did the model learn any? From its first DATA, or from what was given beside it. */
bool ink_has_learned(const ink_tensors *model, const char *sha256);

/* How many of n images with this SHA-256 it has learned; where asked [n] is not NULL, of those that are held out in it
 * (data/split.h). What the run around `file` held out is not counted; without a run, all are. file: the model's, as
 * ink_modelfile.name or ink_weightfile.path say it. */
uint32_t ink_learned_rows(const ink_tensors *model, const char *file, const char *sha256, const uint8_t *asked,
                          uint32_t n);

#endif

/* api/modelfile_copy.h: a model file made small: the same net with its weights in fewer bits. For the program. */
#ifndef INK_API_MODELFILE_COPY_H
#define INK_API_MODELFILE_COPY_H

#include "api/modelfile.h"

/* Writes `model` to path with its weights of two axes and more as dtype, all else as it is, and notes added to its
 * metadata (or put in place of what stood under that key).
 *   INK_F32  as they are; I8 becomes what it stands for
 *   INK_F16  each to the nearest half (core/half.h)
 *   INK_I8   each row k of the first axis by a scale of its own: scale[k] = max |w[k]| / 127, w to the nearest of
 *            -127 .. 127 times that (halves away from 0): no weight moves by more than scale / 2
 * The bytes depend on these alone.
 * Errors   INK_E_USAGE a weight beyond F16's 65504, another dtype; INK_E_DATA not finite; INK_E_FILE; INK_E_MEMORY. */
INK_MUST_USE ink_status ink_modelfile_copy(const ink_modelfile *model, ink_dtype dtype, const ink_pair *notes,
                                           size_t n_notes, const char *path, ink_error *err);

#endif

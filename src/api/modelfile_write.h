/* api/modelfile_write.h: weights to a model file (api/modelfile.h says what stands in it). For the program. */
#ifndef INK_API_MODELFILE_WRITE_H
#define INK_API_MODELFILE_WRITE_H

#include "api/modelfile.h"
#include "train/trainer.h"

typedef struct ink_modelfile_notes {
    const char *net_text;
    const ink_normalise *normalise;
    uint32_t height, width;
    const char *recipe;      /* or NULL */
    const char *origin;      /* name of the file it was imported from, or NULL */
    const char *data_sha256; /* or NULL */
    const char *more_sha256; /* of images beside those, a line each; or NULL */
    const char *temperature; /* or NULL */
    uint64_t step;           /* num_batches_tracked of every batch norm */
    uint32_t epoch;          /* 0: not said */
    const ink_tensors *card; /* a model file whose other "inkling." notes are told on; or NULL */
} ink_modelfile_notes;

/* The bytes depend on weights and notes alone. Errors: INK_E_DIVERGED a weight is not finite (nothing is written);
 * INK_E_FILE; INK_E_MEMORY. */
INK_MUST_USE ink_status ink_modelfile_write(const char *path, const ink_weights *weights,
                                            const ink_modelfile_notes *notes, ink_error *err);

#endif

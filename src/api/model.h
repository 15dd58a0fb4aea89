/* api/model.h: a model that predicts, as inkling.h offers it, with the choices that only the program makes. */
#ifndef INK_API_MODEL_H
#define INK_API_MODEL_H

#include "api/layers.h"
#include "api/modelfile.h"
#include "ops/backend.h"

typedef struct ink_model_setup {
    const ink_backend *backend;
    ink_precision precision;
    bool exact;
    ink_pool *pool;     /* borrowed until free */
    uint32_t max_batch; /* at least 1 */
    bool layers;        /* runs of one image can be looked into (api/layers.h) */
} ink_model_setup;

struct ink_model {
    const ink_backend *backend;
    ink_pool *own_pool; /* NULL when the pool is borrowed */
    ink_program *program;
    ink_net_ends ends;
    ink_layers layers; /* none unless the setup asked */
    uint32_t max_batch;
    size_t image_bytes;
    float temperature; /* of the logits; 1: as the net gives them, and always with a net that ends in softmax */
};

/* A model from a file that was read; file is borrowed for the call. */
INK_MUST_USE ink_status ink_model_build(const ink_modelfile *file, const ink_model_setup *setup, ink_model **out,
                                        ink_error *err);

/* One batch, at most max_batch images. logits (divided by the temperature) and p, their softmax: [n][10], either may be
 * NULL. Errors: INK_E_DATA when one is not finite; those of the backend. */
INK_MUST_USE ink_status ink_model_run(ink_model *model, const uint8_t *images, uint32_t n, float *logits, float *p,
                                      ink_error *err);

#endif

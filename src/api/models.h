/* api/models.h: one model or several (an ensemble), from files or run folders, and what they say of many images. */
#ifndef INK_API_MODELS_H
#define INK_API_MODELS_H

#include "api/engine.h"
#include "api/model.h"
#include "files/images.h"

typedef struct ink_models {
    ink_modelfile *files; /* [n] */
    ink_model **models;   /* [n] */
    size_t n;
    uint32_t max_batch;
    uint32_t ways; /* in which predict looks at an image (api/tta.h); 0, 1: as it is */
    double below;  /* only when its likeliest digit is less probable than this */
    float *one;    /* [max_batch][10] one model's answers, when there are several */
} ink_models;      /* {0}: none */

/* The model that a word of the command line means: a file, a run folder (its last weights), else a built-in
 * model; NULL: the built-in one. Errors: INK_E_USAGE, INK_E_FILE, INK_E_DATA, INK_E_MEMORY. Owner: the caller. */
INK_MUST_USE ink_status ink_modelfile_open(const char *name, ink_modelfile *out, ink_error *err);

/* Does the word mean a built-in model? A file of that name goes first. */
bool ink_model_is_builtin(const char *name);

/* Opens each name so; the folder of an ensemble or a cross-validation stands for all its nets; none at all: the
 * built-in model. All must want images of one size.
 * Errors   INK_E_USAGE; INK_E_FILE; INK_E_DATA. Owner: the caller. */
INK_MUST_USE ink_status ink_models_open(const char *const *names, size_t n, const ink_machine *machine,
                                        uint32_t max_batch, ink_models *out, ink_error *err);
void ink_models_close(ink_models *models);

/* The file that a name stands for: itself, or a run folder's last weights, chosen by nobody.
 * Errors   INK_E_USAGE too long, a run of several nets; INK_E_FILE a folder without weights. */
INK_MUST_USE ink_status ink_model_path(const char *name, char path[INK_PATH_SIZE], ink_error *err);

/* The mean of all models' probabilities, p [n][10], for one batch, at most max_batch images. logits [n][10]: of the
 * last model, or NULL. */
INK_MUST_USE ink_status ink_models_mean(ink_models *models, const uint8_t *pixels, uint32_t n, float *logits, float *p,
                                        ink_error *err);

/* What was predicted, image by image. */
typedef struct ink_predictions {
    uint32_t count;
    float *p;        /* [count][10], mean over the models; owned */
    uint8_t *digits; /* [count] the first most probable; owned */
    double *losses;  /* [count] cross-entropy of one model's logits, or -log p of an ensemble; NULL without labels */
    double seconds;
} ink_predictions; /* {0}: none */

/* Errors   INK_E_DATA images of another size; INK_E_STOPPED; INK_E_MEMORY; the backend's. Owner: the caller. */
INK_MUST_USE ink_status ink_models_predict(ink_models *models, const ink_images *images, const ink_watch *watch,
                                           ink_predictions *out, ink_error *err);
void ink_predictions_free(ink_predictions *predictions);

#endif

/* api/learned.h: which images a model has learned from: by the list that its run keeps, else by the notes in its file.
 * It tells an accuracy on new digits from one on digits that were told before.
 * A model file without notes (an imported one) says nothing, and is taken to have learned none of them.
 *
 * The list, learned.ink in the run folder: safetensors with one tensor, images: I64 [n], the hashes of the n images
 * (data/fingerprint.h), ascending as unsigned numbers. */
#ifndef INK_API_LEARNED_H
#define INK_API_LEARNED_H

#include "api/work.h"
#include "files/images.h"
#include "files/safetensors.h"

#define INK_LEARNED_NAME "learned.ink"

/* The list of what is learned of images: all that are not held out (data/split.h). */
INK_MUST_USE ink_status ink_learned_write(const char *path, const ink_images *images, const uint8_t *held_out,
                                          ink_error *err);

/* Of images with this SHA-256, did the model learn any? From its first DATA, or from what was given beside it. */
bool ink_has_learned(const ink_tensors *model, const char *sha256);

typedef struct ink_learned {
    uint32_t rows;           /* how many of those asked about it has learned */
    bool at_most;            /* so many, less what its run held out: the run is not there */
    bool by_run;             /* they are what the run was cut from: it can be asked about those that it held out */
    char run[INK_PATH_SIZE]; /* the folder of its run; "": not there */
} ink_learned;

/* What a model has learned of images, whose SHA-256 is this; where asked [n] is not NULL, of those that are held out in
 * it. file: the model's, as ink_modelfile.name or ink_weightfile.path say it.
 * Errors   INK_E_MEMORY. A list that cannot be read is none. */
INK_MUST_USE ink_status ink_learned_rows(const ink_tensors *model, const char *file, const ink_images *images,
                                         const char *sha256, const uint8_t *asked, ink_learned *out, ink_error *err);

#endif

/* api/modelfile.h: what a model file means: safetensors whose metadata carry the net.
 *
 *   format              "pt": torch's loaders take it as it is
 *   inkling.format      "1"
 *   inkling.net         the net's text (nn/net.h)
 *   inkling.input       "28x28": height and width of the images
 *   inkling.normalise   "SCALE SHIFT" once per channel, %.9g: y = x * SCALE + SHIFT, x = 0..255
 *   inkling.temperature "0.62": the logits are divided by it before softmax (api/calibrate.h); 1 when not said
 *   inkling.recipe      name of the recipe, for people; inkling.origin: the file it was imported from; and other
 *                       "inkling." keys that say where it came from
 *
 * Tensors stand under their state_dict names, F32 as training writes them. Small files (api/modelfile_copy.h) have F16,
 * or I8 with F32 "<tensor>.scale" [K]: weight[k][...] = scale[k] * I8[k][...], k the first axis. I64
 * "<layer>.num_batches_tracked" is there as torch's batch norm has it (not used here). No time, path or thread count:
 * equal runs give equal bytes. Part of libinkling, the writers excepted. */
#ifndef INK_API_MODELFILE_H
#define INK_API_MODELFILE_H

#include "files/safetensors.h"
#include "nn/net.h"

#define INK_MODEL_FORMAT 1

typedef struct ink_modelfile {
    ink_tensors tensors;
    ink_net *net;
    ink_normalise normalise;
    int32_t height, width;
    float temperature;
    const char *recipe; /* "" when not said; in tensors */
    char *name;         /* for messages */
} ink_modelfile;        /* {0}: none */

/* Takes the tensors (on failure too). name: of the file, for messages.
 * Errors   INK_E_DATA: no inkling.net, a newer format, a net or normalisation that cannot be read; INK_E_MEMORY. */
INK_MUST_USE ink_status ink_modelfile_take(ink_tensors *take_tensors, const char *name, ink_modelfile *out,
                                           ink_error *err);
void ink_modelfile_free(ink_modelfile *model);

/* Checks that the file holds exactly the parameters and statistics of graph g (made from its net): before a program is
 * compiled, whose size would otherwise be whatever the net's text says. Errors: INK_E_DATA with names; INK_E_MEMORY. */
INK_MUST_USE ink_status ink_modelfile_match(const ink_modelfile *model, const ink_graph *g, ink_error *err);

/* The same, and that all are finite; then writes them into the program. Errors: INK_E_DATA with names; a backend's. */
INK_MUST_USE ink_status ink_modelfile_load(const ink_modelfile *model, const ink_graph *g, const ink_backend *backend,
                                           ink_program *program, ink_error *err);

/* Is a tensor of the set no weight itself, but the scale of one or a count of batches? */
bool ink_tensor_is_aside(const ink_tensors *tensors, const ink_tensor *tensor);

/* to[tensor->count] = the weights that a tensor of the set stands for, scales applied. file: for messages.
 * Errors   INK_E_DATA: a number that is not finite or beyond floats, a running variance below 0, I8 without scales that
 *          fit; INK_E_MEMORY. */
INK_MUST_USE ink_status ink_tensor_weights(const ink_tensors *tensors, const ink_tensor *tensor, const char *file,
                                           float *to, ink_error *err);

/* "SCALE SHIFT ..." of a normalisation; size at least 160. */
void ink_normalise_text(const ink_normalise *normalise, char *text, size_t size);
/* Back from such a text; false: it is none. */
bool ink_normalise_parse(const char *text, ink_normalise *out);

#endif

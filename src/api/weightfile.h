/* api/weightfile.h: weights from any file that holds some, fitted to a net: what `import` and `train --weights` share.
 *
 * Reads    a run folder (its last weights), safetensors (inkling's own and others'), PyTorch's .pth and .pt of both
 *          generations: told apart by their bytes, not by their names. Wrappers ({"state_dict": ...}) and the prefixes
 *          "module.", "model.", "_orig_mod." are taken off (but not from
 *          a file that has its net inside).
 * Fits     a tensor to the parameter or running statistic of the same name and shape. The head, which is the last layer
 *          that has parameters, may also be called "<head>.0" where the net says "<head>", or the other way round: a
 *          linear layer in a Sequential of its own. num_batches_tracked is a count, no weight, never a difference. */
#ifndef INK_API_WEIGHTFILE_H
#define INK_API_WEIGHTFILE_H

#include "api/modelfile.h"
#include "train/trainer.h"

typedef struct ink_weightfile {
    ink_tensors tensors;
    char *path;   /* of the file that was read; owned */
} ink_weightfile; /* {0}: none */

/* name: a file, "-" for standard input, or a run folder.
 * Errors   INK_E_FILE; INK_E_DATA: neither of the formats, or a damaged file; INK_E_MEMORY. Owner: the caller. */
INK_MUST_USE ink_status ink_weightfile_open(const char *name, ink_weightfile *out, ink_error *err);
void ink_weightfile_free(ink_weightfile *file);

/* One tensor that is in the file or in the net alone. */
typedef struct ink_misfit {
    const char *name;
    const char *why; /* skipped: "[1000,512] where the net has [10,512]"; missing: its shape in the net */
} ink_misfit;

/* What of a file fits a net. Names and texts live in arena, or are borrowed from the file. */
typedef struct ink_fit {
    ink_weights weights; /* what fits, under the net's names, in the order of the net */
    ink_misfit *skipped, *missing;
    uint32_t n_skipped, n_missing;
    bool body;        /* all that is skipped or missing belongs to the head */
    uint64_t batches; /* the largest num_batches_tracked, 0 when there is none */
    ink_arena arena;
} ink_fit; /* {0}: none */

/* tensors: borrowed as long as the fit; name: of their file, for messages. g: made by ink_net_build, for training or
 * not.
 * Errors   INK_E_DATA a weight that fits is NaN or infinite, named; INK_E_MEMORY. Owner: the caller. */
INK_MUST_USE ink_status ink_fit_make(const ink_tensors *tensors, const char *name, const ink_graph *g, ink_fit *out,
                                     ink_error *err);
void ink_fit_clear(ink_fit *fit);

/* "2 skipped: a [10] unknown to the net, b [2,3] where the net has [3,2]; 1 missing: c [4]": all of it as far as size
 * reaches, then "...". */
void ink_fit_text(const ink_fit *fit, char *text, size_t size);

/* The net of the zoo whose body these tensors fit, or NULL: for hints. */
const char *ink_fit_zoo(const ink_tensors *tensors);

/* A graph of the net for images of height x width, for fitting. Errors: as ink_net_build. */
INK_MUST_USE ink_status ink_fit_graph(const ink_net *net, const ink_normalise *normalise, int32_t height, int32_t width,
                                      ink_graph *g, ink_error *err);

#endif

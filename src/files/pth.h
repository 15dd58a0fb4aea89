/* files/pth.h: PyTorch's .pth and .pt files: dictionaries of tensors, read as data; nothing in them is ever called.
 *
 * Reads    the zip form (PyTorch 1.6 and later) and the form before it (five pickles in a row). The top is a
 *          state_dict, or a dictionary that holds one as "state_dict", "model_state_dict" or "model". Float, Double,
 *          Half, BFloat16, Long and Byte storages; views are made dense.
 * Refuses  (INK_E_DATA) what pickle.h refuses; TorchScript; the tar form of 2016; other pickles; a Git LFS pointer;
 *          big-endian files; storages that are missing, deflated beyond their size, or of another size; tensors that
 *          reach outside their storage or repeat it; sparse and quantised tensors.
 * Source   PyTorch torch/serialization.py, torch/_utils.py. */
#ifndef INK_FILES_PTH_H
#define INK_FILES_PTH_H

#include "files/safetensors.h"

/* True when the first bytes of a file (64 are enough) look like one: a zip, or a pickle. */
bool ink_pth_is(const void *bytes, size_t size);

/* Tensors in the order of the dictionary; values that are no tensors are left out. out->metadata is empty.
 * bytes are borrowed for the call only; name stands in messages.
 * Errors   INK_E_DATA, INK_E_MEMORY; *out is {0} then. Owner: the caller, ink_tensors_free. */
INK_MUST_USE ink_status ink_pth_read(const void *bytes, size_t size, const char *name, ink_tensors *out,
                                     ink_error *err);

/* Takes "module.", "model." and "_orig_mod." from the front of all names, as long as all have it. */
void ink_tensors_strip(ink_tensors *tensors);

#endif

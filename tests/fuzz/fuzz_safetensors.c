/* tests/fuzz/fuzz_safetensors.c: any bytes as safetensors: no crash, no leak; what is read can be written and read.
 * Every element of every tensor is looked at, so that a wrong offset is a fault the sanitizer sees. */
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "files/tensors_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ink_tensors tensors, back;
    ink_error err;
    uint8_t *bytes = NULL;
    size_t n = 0;
    if (ink_tensors_read(data, size, "fuzz", &tensors, &err) != INK_OK) return 0;
    for (size_t i = 0; i < tensors.n; i++) {
        const ink_tensor *t = &tensors.items[i];
        uint64_t at;
        float *floats = ink_mem_new((size_t)t->count, sizeof *floats);
        if (floats == NULL) abort();
        ink_tensor_floats(t, floats);
        (void)ink_tensor_nonfinite(t, &at);
        ink_mem_free(floats);
        if (ink_tensors_find(&tensors, t->name) != t) abort();
    }
    if (ink_tensors_bytes(&tensors, &bytes, &n, &err) != INK_OK) abort();
    if (ink_tensors_read(bytes, n, "again", &back, &err) != INK_OK || back.n != tensors.n) abort();
    if (back.n_metadata != tensors.n_metadata) abort();
    for (size_t i = 0; i < tensors.n; i++) {
        const ink_tensor *t = ink_tensors_find(&back, tensors.items[i].name);
        if (t == NULL || t->bytes != tensors.items[i].bytes || t->dtype != tensors.items[i].dtype) abort();
        if (t->bytes > 0 && memcmp(t->data, tensors.items[i].data, t->bytes) != 0) abort();
    }
    ink_tensors_free(&back);
    ink_tensors_free(&tensors);
    ink_mem_free(bytes);
    return 0;
}

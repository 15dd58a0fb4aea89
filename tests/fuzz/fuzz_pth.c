/* tests/fuzz/fuzz_pth.c: any bytes as a PyTorch file, and as a bare pickle: no crash, no leak, nothing outside.
 * Every element of every tensor is looked at. */
#include <stdlib.h>

#include "core/mem.h"
#include "files/pickle.h"
#include "files/pth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ink_tensors tensors;
    ink_error err;
    if (ink_pth_read(data, size, "fuzz.pth", &tensors, &err) == INK_OK) {
        for (size_t i = 0; i < tensors.n; i++) {
            float *floats = ink_mem_new((size_t)tensors.items[i].count, sizeof *floats);
            if (floats == NULL) abort();
            ink_tensor_floats(&tensors.items[i], floats);
            ink_mem_free(floats);
        }
        ink_tensors_strip(&tensors);
        ink_tensors_free(&tensors);
    }
    ink_arena arena = {0};
    ink_pickle_value *top = NULL;
    size_t at = 0;
    ink_pickle_storages storages = {0};
    ink_status status = ink_pickle_read(data, size, &at, "fuzz.pkl", &arena, &storages, &top, &err);
    if ((status == INK_OK) != (top != NULL) || at > size) abort();
    if (top != NULL) (void)ink_pickle_find(top, "state_dict");
    ink_arena_clear(&arena);
    return 0;
}

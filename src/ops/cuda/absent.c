/* ops/cuda/absent.c: what a build without the plug-in says of GPUs.
 * Which of this and load.c is built is cmake/InkCuda.cmake's choice. */
#include <stdio.h>

#include "core/status.h"
#include "ops/backend.h"

const bool ink_cuda_is_built = false;

ink_status ink_cuda_open(uint32_t number, const ink_backend **out, ink_error *err) {
    *out = NULL;
    ink_fail(err, INK_E_ABSENT, "cuda:%u: this build has no CUDA", number);
    ink_hint(err, "--device cpu computes on the processor; 'make cuda' builds what a GPU needs, with NVIDIA's nvcc");
    return INK_E_ABSENT;
}

void ink_cuda_tell(ink_cuda_state *state) {
    *state = (ink_cuda_state){.has_plugin = false};
    snprintf(state->text, sizeof state->text, "not used: this build has no CUDA");
}

void ink_cuda_force(int way, int tile) {
    (void)way, (void)tile;
}

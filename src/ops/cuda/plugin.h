/* ops/cuda/plugin.h: what the program finds in libinkling-cuda.so, which it opens when a GPU is asked for (load.c).
 * Program and plug-in share the structs of ops/graph.h and ops/backend.h: both must come from one build. */
#ifndef INK_OPS_CUDA_PLUGIN_H
#define INK_OPS_CUDA_PLUGIN_H

#include "ops/backend.h"

#define INK_CUDA_PLUGIN        "libinkling-cuda.so"
#define INK_CUDA_PLUGIN_SYMBOL "ink_cuda_plugin"

/* Sizes of the structs that both must see alike. */
#define INK_CUDA_PLUGIN_SIZES                                                                                          \
    {                                                                                                                  \
        sizeof(ink_graph), sizeof(ink_node), sizeof(ink_value), sizeof(ink_batch), sizeof(ink_compile_options),        \
            sizeof(ink_backend), sizeof(ink_error), sizeof(ink_warp), sizeof(ink_resident_source)                      \
    }
#define INK_CUDA_PLUGIN_N_SIZES 9

struct ink_cuda_plugin {
    const char *version; /* of inkling */
    size_t sizes[INK_CUDA_PLUGIN_N_SIZES];
    /* As ink_cuda_open, ink_cuda_tell and ink_cuda_force of ops/backend.h. */
    ink_status (*open)(uint32_t number, const ink_backend **out, ink_error *err);
    void (*tell)(ink_cuda_state *state);
    void (*force)(int way, int tile);
};

#endif

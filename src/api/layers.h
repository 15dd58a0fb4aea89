/* api/layers.h: what the layers of a model see in one image, as small grey pictures: for people who look at a net.
 * Part of libinkling's sources, not of its installed header: the page (WebAssembly) and its server use it. */
#ifndef INK_API_LAYERS_H
#define INK_API_LAYERS_H

#include <stddef.h>
#include <stdint.h>

#include "ops/backend.h"

#define INK_LAYERS_MAX 32

/* The maps of one layer: what its activation let through. */
typedef struct ink_layer_maps {
    const char *kind; /* the operation before the activation: "conv2d", "linear", ...; static */
    uint32_t channels, height, width;
    size_t at; /* its first byte among all layers' maps; channels * height * width of them */
    ink_id value;
} ink_layer_maps;

typedef struct ink_layers {
    ink_layer_maps items[INK_LAYERS_MAX];
    uint32_t n;
    size_t bytes;   /* of all maps */
    float *scratch; /* [elements of the largest] */
} ink_layers;       /* {0}: none */

/* Makes the output of each activation of g readable and lists them, the first INK_LAYERS_MAX of them. Before compile.
 * Owner: the caller, ink_layers_clear. */
INK_MUST_USE ink_status ink_layers_mark(ink_graph *g, ink_layers *out, ink_error *err);
void ink_layers_clear(ink_layers *layers);

/* After a run of one image: maps[layers->bytes], each layer's [C][H][W], 0 nothing .. 255 the layer's highest value;
 * what is below 0 shows as 0. Errors: the backend's. */
INK_MUST_USE ink_status ink_layers_read(const ink_layers *layers, const ink_backend *backend,
                                        const ink_program *program, uint8_t *maps, ink_error *err);

#endif

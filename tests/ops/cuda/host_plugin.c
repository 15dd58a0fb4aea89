/* tests/ops/cuda/host_plugin.c: libinkling-cuda.so with the host in a GPU's place, so that the whole program is tested
 * with --device cuda where there is none (tests/e2e/gpu.sh). It is never installed.
 * INK_HOST_LARGEST: no block of memory is larger than so many bytes. The plug-in for GPUs is ops/cuda/device_cuda.c. */
#include <stdio.h>
#include <stdlib.h>

#include "host_device.h"
#include "ops/cuda/plugin.h"
#include "ops/cuda/program.h"

static host_device host;

static ink_status plugin_open(uint32_t number, const ink_backend **out, ink_error *err) {
    (void)number, (void)err;
    const char *largest = getenv("INK_HOST_LARGEST");
    if (host.gpu.launch == NULL) host_device_start(&host);
    if (largest != NULL) host.largest = strtoull(largest, NULL, 10);
    *out = ink_cuda_backend(&host.gpu);
    return INK_OK;
}

static void plugin_tell(ink_cuda_state *state) {
    snprintf(state->text, sizeof state->text, "the host, for tests");
}

static void plugin_force(int way, int tile) {
    host.gpu.way = (ink_gpu_way)way;
    host.gpu.tile = (ink_gpu_tile)tile;
}

INK_API extern const struct ink_cuda_plugin ink_cuda_plugin;
const struct ink_cuda_plugin ink_cuda_plugin = {.version = INK_CUDA_VERSION,
                                                .sizes = INK_CUDA_PLUGIN_SIZES,
                                                .open = plugin_open,
                                                .tell = plugin_tell,
                                                .force = plugin_force};

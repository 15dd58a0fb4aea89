/* ops/cuda/load.c: finds the plug-in with the CUDA backend and opens it, when a GPU is asked for and not before.
 * The program starts without a driver, a toolkit or the plug-in. */
#define _POSIX_C_SOURCE 200809L
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/status.h"
#include "ops/cuda/plugin.h"

#define PATH_SIZE 1024

/* Folders in which it may lie, seen from the program's own: beside it (a build), above it (tests of a build), where
 * cmake --install puts it. */
static const char *const folders[] = {".", "..", INK_CUDA_FOLDER};

const bool ink_cuda_is_built = true;

static const struct ink_cuda_plugin *opened;

/* The program's folder, or "" where /proc does not tell. */
static void own_folder(char *folder, size_t size) {
    ssize_t length = readlink("/proc/self/exe", folder, size - 1);
    folder[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash != NULL) *slash = '\0';
}

static ink_status check(const struct ink_cuda_plugin *plugin, const char *path, ink_error *err) {
    static const size_t sizes[] = INK_CUDA_PLUGIN_SIZES;
    if (strcmp(plugin->version, ink_version()) == 0 && memcmp(plugin->sizes, sizes, sizeof sizes) == 0) return INK_OK;
    ink_fail(err, INK_E_ABSENT, "%s is of inkling %s and does not fit this program, %s", path, plugin->version,
             ink_version());
    ink_hint(err, "install both from one build");
    return INK_E_ABSENT;
}

static ink_status find(ink_error *err) {
    char own[PATH_SIZE], path[2 * PATH_SIZE];
    if (opened != NULL) return INK_OK;
    own_folder(own, sizeof own);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        snprintf(path, sizeof path, "%s/%s/" INK_CUDA_PLUGIN, own, folders[i]);
        if (access(path, R_OK) != 0) continue;
        void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        const struct ink_cuda_plugin *plugin = handle != NULL ? dlsym(handle, INK_CUDA_PLUGIN_SYMBOL) : NULL;
        if (plugin == NULL) {
            const char *why = dlerror();
            return ink_fail(err, INK_E_ABSENT, "cannot open %s: %s", path, why != NULL ? why : "it is no plug-in");
        }
        ink_status status = check(plugin, path, err);
        if (status == INK_OK) opened = plugin;
        return status;
    }
    ink_fail(err, INK_E_ABSENT, "cuda: " INK_CUDA_PLUGIN " is not there");
    ink_hint(err, "it belongs beside the program, %.120s, or into %.60s from there", own, INK_CUDA_FOLDER);
    return INK_E_ABSENT;
}

ink_status ink_cuda_open(uint32_t number, const ink_backend **out, ink_error *err) {
    *out = NULL;
    ink_status status = find(err);
    return status == INK_OK ? opened->open(number, out, err) : status;
}

void ink_cuda_tell(ink_cuda_state *state) {
    ink_error err;
    *state = (ink_cuda_state){.has_plugin = false};
    if (find(&err) == INK_OK) {
        state->has_plugin = true;
        opened->tell(state);
        return;
    }
    snprintf(state->text, sizeof state->text, "not used: %.180s", err.text);
}

void ink_cuda_force(int way, int tile) {
    if (opened != NULL) opened->force(way, tile);
}

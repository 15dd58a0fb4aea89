/* api/data_get.c: `inkling data get`: the one function that uses the network.
 * How files are fetched and checked stands in files/download.h. */
#include <stdio.h>
#include <string.h>

#include "api/engine.h"
#include "core/clock.h"
#include "core/mem.h"
#include "core/status.h"
#include "files/download.h"

typedef struct fetch {
    ink_counted counted;
    char phase[80]; /* "downloading train-images-idx3-ubyte.gz" */
} fetch;

static int on_fetched(void *context, const char *name, uint64_t done, uint64_t total) {
    fetch *f = context;
    char phase[sizeof f->phase];
    snprintf(phase, sizeof phase, "downloading %.60s", name);
    if (strcmp(phase, f->phase) != 0) {
        memcpy(f->phase, phase, sizeof phase);
        f->counted.started_s = ink_clock_s();
    }
    return ink_counted_tell(&f->counted, done, total);
}

static void on_said(void *context, const char *line) {
    const fetch *f = context;
    ink_watch_say(f->counted.watch, INK_SAY_INFO, "%s", line);
}

/* The mirrors, each with a "/" at its end, then the public places. One block: pointers, then text. */
static ink_status gather_places(const char *const *mirrors, const char *const *public_places, const char ***out,
                                ink_error *err) {
    size_t n = 0, text_bytes = 0, at = 0;
    *out = NULL;
    for (size_t i = 0; mirrors[i] != NULL; i++, n++) text_bytes += strlen(mirrors[i]) + 2;
    for (size_t i = 0; public_places[i] != NULL; i++) n++;
    const char **places = ink_mem_new((n + 1) * sizeof *places + text_bytes, 1);
    if (places == NULL) return ink_fail_memory(err, text_bytes, "the mirrors' addresses");
    char *text = (char *)(places + n + 1);
    for (size_t i = 0; mirrors[i] != NULL; i++) {
        size_t length = strlen(mirrors[i]);
        places[at++] = text;
        memcpy(text, mirrors[i], length);
        text += length;
        if (length == 0 || mirrors[i][length - 1] != '/') *text++ = '/';
        *text++ = '\0';
    }
    for (size_t i = 0; public_places[i] != NULL; i++) places[at++] = public_places[i];
    *out = places;
    return INK_OK;
}

ink_status ink_work_data_get(const ink_get_options *options, const ink_watch *watch, ink_error *err) {
    ink_download download = {0};
    const char **places = NULL;
    fetch f = {.counted = {.watch = watch, .unit = "bytes"}};
    f.counted.phase = f.phase;
    if (options->what == NULL || options->dir == NULL) {
        return ink_fail(err, INK_E_USAGE, "data get needs what to fetch and a folder: inkling data get mnist DIR");
    }
    ink_status status = ink_download_known(options->what, &download, err);
    if (status == INK_OK && options->mirror != NULL) {
        status = gather_places(options->mirror, download.places, &places, err);
        download.places = places;
    }
    if (status == INK_OK) {
        download.dir = options->dir;
        download.progress = on_fetched;
        download.say = on_said;
        download.context = &f;
        status = ink_download_run(&download, err);
    }
    ink_mem_free(places);
    return status;
}

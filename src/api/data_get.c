/* api/data_get.c: `inkling data get`: the one function that uses the network.
 * How files are fetched and checked stands in files/download.h. */
#include "api/engine.h"
#include "core/clock.h"
#include "core/status.h"
#include "files/download.h"

static int on_fetched(void *context, const char *name, uint64_t done, uint64_t total) {
    (void)name;
    return ink_counted_tell(context, done, total);
}

static void on_said(void *context, const char *line) {
    const ink_counted *w = context;
    ink_watch_say(w->watch, INK_SAY_INFO, "%s", line);
}

ink_status ink_work_data_get(const ink_get_options *options, const ink_watch *watch, ink_error *err) {
    ink_download download = {0};
    ink_counted counted = {.watch = watch, .phase = "downloading", .unit = "bytes", .started_s = ink_clock_s()};
    if (options->what == NULL || options->dir == NULL) {
        return ink_fail(err, INK_E_USAGE, "data get needs what to fetch and a folder: inkling data get mnist DIR");
    }
    ink_status status = ink_download_known(options->what, &download, err);
    if (status != INK_OK) return status;
    if (options->mirror != NULL) download.places = options->mirror;
    download.dir = options->dir;
    download.progress = on_fetched;
    download.say = on_said;
    download.context = &counted;
    return ink_download_run(&download, err);
}

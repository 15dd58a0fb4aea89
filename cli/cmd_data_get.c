/* cli/cmd_data_get.c: inkling data get: downloads, the one verb that uses the network.
 * Places, sums and retries are behind ink_work_data_get. */
#include "cli/progress.h"
#include "cli/result.h"
#include "cli/say.h"
#include "cli/verbs.h"

static const cli_option options[] = {
    {"mirror", 0, CLI_LIST, "URL", NULL, "try this base address first; may be given several times", 0, 0},
};
static const cli_group group = {"Options", options, sizeof options / sizeof options[0]};

static int run(const cli_args *args);

const cli_verb cli_data_get = {
    .name = "data get",
    .words = "mnist|resnet18|resnet34 DIR",
    .summary = "download MNIST or pretrained weights",
    .about =
        "Downloads from the public places into DIR, goes on where an earlier download broke off, tries the next mirror "
        "when one fails, and checks the sums. This is the only verb that uses the network.",
    .missing = "what to get (mnist, resnet18 or resnet34) and DIR, a folder for it",
    .least = 2,
    .most = 2,
    .folder = 2,
    .groups = {&group, &cli_common},
    .examples = {"data get mnist mnist"},
    .run = run,
};

static int run(const cli_args *args) {
    ink_error err = {0};
    ink_watch watch = cli_watch();
    ink_get_options o = {
        .what = args->words[0],
        .dir = args->words[1],
        .mirror = args->n_listed > 0 ? args->listed : NULL,
    };
    cli_progress_begin("downloading %s", o.what);
    if (ink_work_data_get(&o, &watch, &err) != INK_OK) return cli_failed(&err);
    cli_progress_hide();
    cli_result("%s", o.dir);
    return 0;
}

/* cli/cmd_info.c: inkling info: the layers and facts of a net or model.
 * The table is made by ink_work_info. */
#include "cli/result.h"
#include "cli/say.h"
#include "cli/verbs.h"

static const cli_option options[] = {
    {"net", 0, CLI_TEXT, "NAME|FILE", NULL, "the network, in place of the word", 0, 0},
    CLI_JSON,
};
static const cli_group group = {"Options", options, sizeof options / sizeof options[0]};

static int run(const cli_args *args);

const cli_verb cli_info_verb = {
    .name = "info",
    .words = "[MODEL|NET|RECIPE]",
    .summary = "list the layers of a net or model, with shapes and parameters",
    .about = "Prints each layer with its output shape, parameters and multiply-adds. The word is a run folder, a "
             ".safetensors file, a recipe or net file, or the name of a built-in model, recipe or net. Of a model it "
             "also tells the normalisation, where it comes from, how it was measured, and its SHA-256. Without a word: "
             "the built-in nets and models.",
    .most = 1,
    .groups = {&group, &cli_common},
    .examples = {"info", "info --net resnet18", "info runs/v3", "info runs/v3/weights/best.safetensors --json"},
    .run = run,
};

static int run(const cli_args *args) {
    char *text = NULL;
    ink_error err = {0};
    const char *net = cli_text(args, "net");
    if (net != NULL && args->n_words > 0) {
        cli_fail(&err, INK_E_USAGE, "--net %.60s and '%.60s': one of the two at a time", net, args->words[0]);
        return cli_failed(&err);
    }
    if (net == NULL && args->n_words > 0) net = args->words[0];
    if (ink_work_info(net, cli_flag(args, "json"), &text, &err) != INK_OK) return cli_failed(&err);
    cli_result_text(text);
    ink_work_free(text);
    return 0;
}

/* cli/cmd_lr_find.c: inkling lr-find: which learning rate suits a recipe and its data.
 * The sweep is ink_work_lr_find. */
#include <string.h>

#include "cli/progress.h"
#include "cli/result.h"
#include "cli/say.h"
#include "cli/verbs.h"

static const cli_option options[] = {
    {"recipe", 0, CLI_TEXT, "NAME|FILE", "default", "how to train; its lr and schedule do not count here", 0, 0},
    {"net", 0, CLI_TEXT, "NAME|FILE", "the recipe's", "the network", 0, 0},
    {"out", 'o', CLI_OUT, "NAME", "lr-find", "the chart: NAME.svg and NAME.png, or the one that NAME ends in", 0, 0},
    {"from", 0, CLI_REAL, "RATE", "1e-7", "the sweep's first learning rate", 1e-12, 1000},
    {"to", 0, CLI_REAL, "RATE", "10", "its last, unless the loss grows beyond hope before", 1e-12, 1000},
    {"steps", 0, CLI_WHOLE, "N", "300", "steps of the sweep", 10, 100000},
    CLI_JSON,
};
static const cli_group group = {"Options", options, sizeof options / sizeof options[0]};

static int run(const cli_args *args);

const cli_verb cli_lr_find = {
    .name = "lr-find",
    .words = "DATA",
    .summary = "suggest a learning rate: raise it step by step and draw the loss",
    .about =
        "Begins to train as the recipe says, but with a learning rate that grows from step to step, the same factor "
        "each time, until the loss grows beyond hope. Draws the smoothed loss over the rate, and suggests the rate at "
        "which it falls fastest. For a schedule that rises and falls, such as one-cycle, two or three times that may "
        "do.",
    .missing = "DATA: Kaggle's train.csv, its folder or zip, or MNIST's files",
    .most = 1,
    .groups = {&group, &cli_recipe_keys, &cli_machine, &cli_common},
    .examples = {"lr-find train.csv", "lr-find train.csv --recipe cnn -o cnn-lr"},
    .run = run,
};

static size_t gather_settings(const cli_args *args, ink_setting *settings) {
    size_t n = 0;
    for (size_t i = 0; i < cli_recipe_keys.n; i++) {
        const char *key = cli_recipe_keys.options[i].name, *value = cli_text(args, key);
        if (value != NULL) settings[n++] = (ink_setting){.key = key, .value = value};
    }
    return n;
}

static void print(const ink_lr_find_result *r, bool json) {
    if (json) {
        json_t *object = cli_json_new("lr-find");
        cli_json_real(object, "suggestion", r->suggestion);
        cli_json_whole(object, "steps", r->steps);
        cli_json_text(object, "svg", r->svg);
        cli_json_text(object, "png", r->png);
        cli_result_json(object);
        return;
    }
    cli_result_text(r->text);
    cli_result("%s", "");
    cli_result("suggested:   --lr %.1e", r->suggestion);
    cli_result("chart:       %s%s%s", r->svg, r->svg[0] != '\0' && r->png[0] != '\0' ? ", " : "", r->png);
}

static int run(const cli_args *args) {
    ink_setting settings[CLI_OPTIONS];
    ink_lr_find_result result;
    ink_error err = {0};
    ink_watch watch = cli_watch();
    if (cli_need_words(args, 1, &err) != INK_OK) return cli_failed(&err);
    ink_lr_find_options o = {
        .data = args->words[0],
        .recipe = cli_text(args, "recipe"),
        .net = cli_text(args, "net"),
        .settings = settings,
        .n_settings = gather_settings(args, settings),
        .out = cli_text(args, "out"),
        .low = cli_real(args, "from"),
        .high = cli_real(args, "to"),
        .steps = (uint32_t)cli_whole(args, "steps"),
        .columns = cli_out_columns(),
        .engine = cli_engine(args),
    };
    cli_progress_begin("reading %s", o.data);
    ink_status status = ink_work_lr_find(&o, &watch, &result, &err);
    if (status != INK_OK) return cli_failed(&err);
    cli_progress_hide();
    print(&result, cli_flag(args, "json"));
    ink_work_free(result.text);
    return 0;
}

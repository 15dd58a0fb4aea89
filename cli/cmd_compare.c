/* cli/cmd_compare.c: inkling compare and plot: runs side by side, and their graphs drawn again.
 * Text, JSON and pictures come whole from ink_work_compare and ink_work_plot. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cli/result.h"
#include "cli/say.h"
#include "cli/verbs.h"

#define COLUMNS "val_acc, train_acc, val_loss, train_loss, val_errors, lr, images_per_s, peak_mem_mb"

/* ---- compare ---- */

static const cli_option compare_options[] = {
    {"out", 'o', CLI_OUT, "NAME", "compare", "the graph: NAME.svg and NAME.png, or the one that NAME ends in", 0, 0},
    {"column", 0, CLI_TEXT, "COLUMN", "val_acc", "the column of metrics.csv to draw", 0, 0},
    {"axis", 0, CLI_CHOICE, "epoch|step|time", "epoch", "what lies below the lines", 0, 0},
    CLI_JSON,
};
static const cli_group compare_group = {"Options", compare_options, sizeof compare_options / sizeof compare_options[0]};

static int run_compare(const cli_args *args);

const cli_verb cli_compare = {
    .name = "compare",
    .words = "RUN RUN...",
    .summary = "put runs side by side: accuracy, whether they differ by more than luck, curves",
    .about =
        "Reads the folders of 2 to 100 runs, no data and no model. A line each: epochs, seconds, accuracy on the rows "
        "held out (last weights) with its 95 % interval, errors; of three and more their mean and standard deviation. "
        "Then each pair on the rows that both held out: "
        "McNemar's test on the digits that one alone reads right, exact and mid-p; a small p says that luck alone "
        "would seldom do this. Runs with the same seed and the same --val hold out the same rows. Then the settings "
        "that differ. The curves go into one graph. More than 6 runs are neither paired nor drawn.\n\n"
        "Columns: " COLUMNS ".",
    .missing = "RUN RUN: the folders of two runs",
    .least = 2,
    .most = SIZE_MAX,
    .groups = {&compare_group, &cli_common},
    .examples = {"compare runs/v3 runs/cnn", "compare runs/a runs/b --column val_loss --axis time -o loss.png"},
    .run = run_compare,
};

/* What -o NAME made: NAME.svg and NAME.png, or the one that NAME ends in (work.h). */
static const char *graph_names(const char *name, char *text, size_t size) {
    size_t length = strlen(name);
    bool one = length > 4 && (strcmp(name + length - 4, ".svg") == 0 || strcmp(name + length - 4, ".png") == 0);
    char quoted[2 * INK_PATH_SIZE];
    const char *word = cli_quoted(name, quoted, sizeof quoted);
    snprintf(text, size, one ? "%s" : "%s.svg, %s.png", word, word);
    return text;
}

static int run_compare(const cli_args *args) {
    char names[4 * INK_PATH_SIZE];
    char *text = NULL;
    ink_error err = {0};
    bool json = cli_flag(args, "json");
    ink_compare_options o = {.runs = args->words,
                             .n_runs = args->n_words,
                             .column = cli_text(args, "column"),
                             .axis = cli_text(args, "axis"),
                             .out = cli_text(args, "out")};
    ink_status status = ink_work_compare(&o, json, &text, &err);
    if (text != NULL) cli_result_text(text);
    if (status == INK_OK && !json && o.n_runs <= INK_COMPARE_PAIRED)
        cli_info("graph: %s", graph_names(o.out != NULL ? o.out : "compare", names, sizeof names));
    ink_work_free(text);
    return status == INK_OK ? 0 : cli_failed(&err);
}

/* ---- plot ---- */

static const cli_option plot_options[] = {
    {"column", 0, CLI_TEXT, "COLUMN,...", NULL, "columns of metrics.csv to draw, 1 to 6 that share a scale", 0, 0},
    {"axis", 0, CLI_CHOICE, "epoch|step|time", "epoch", "what lies below the lines", 0, 0},
    {"out", 'o', CLI_OUT, "NAME", "RUN/plot", "NAME.svg and NAME.png, or the one that NAME ends in", 0, 0},
};
static const cli_group plot_group = {"Options", plot_options, sizeof plot_options / sizeof plot_options[0]};

static int run_plot(const cli_args *args);

const cli_verb cli_plot = {
    .name = "plot",
    .words = "RUN",
    .summary = "draw a run's graphs again, or other columns of its metrics",
    .about = "Without options draws accuracy, loss and curves, .svg and .png, into the run folder anew from its "
             "metrics.csv, also while the run goes on. With --column, --axis or --out draws the columns that are "
             "named. Of a run of several nets it draws their means.\n\n"
             "Columns: " COLUMNS ".",
    .missing = "RUN: the folder of a run",
    .least = 1,
    .most = 1,
    .groups = {&plot_group, &cli_common},
    .examples = {"plot runs/v3", "plot runs/v3 --column lr --axis step",
                 "plot runs/v3 --column val_loss,train_loss -o loss.svg"},
    .run = run_plot,
};

static int run_plot(const cli_args *args) {
    char path[4 * INK_PATH_SIZE];
    ink_error err = {0};
    ink_plot_options o = {.run = args->words[0],
                          .columns = cli_text(args, "column"),
                          .axis = cli_text(args, "axis"),
                          .out = cli_text(args, "out")};
    uint32_t nets;
    char of[48] = "";
    if (ink_work_plot(&o, &nets, &err) != INK_OK) return cli_failed(&err);
    if (nets > 1) snprintf(of, sizeof of, ", means over %u nets", nets);
    bool own = o.columns == NULL && o.axis == NULL && o.out == NULL;
    const char *run = cli_quoted(o.run, path, sizeof path);
    if (own) {
        cli_result("%s: accuracy, loss and curves, .svg and .png%s", run, of);
    } else if (o.out != NULL) {
        cli_result("%s%s", graph_names(o.out, path, sizeof path), of);
    } else {
        cli_result("%s/plot.svg and plot.png%s", run, of);
    }
    return 0;
}

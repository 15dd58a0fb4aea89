/* cli/cmd_eval.c: inkling eval: how well a model reads labelled digits.
 * The report's text and JSON come whole from ink_work_eval; here the threshold is judged. */
#include <string.h>

#include "cli/progress.h"
#include "cli/result.h"
#include "cli/say.h"
#include "cli/verbs.h"

static const cli_option options[] = {
    {"held-out", 0, CLI_FLAG, NULL, NULL, "only the digits that the run did not learn from", 0, 0},
    {"suspects", 0, CLI_FLAG, NULL, NULL, "list the labels that are probably wrong", 0, 0},
    {"min-accuracy", 0, CLI_REAL, "A", NULL, "exit with 8 when the accuracy is below A, a fraction such as 0.96", 0, 1},
    {"out", 'o', CLI_OUT, "DIR", NULL, "write the report, pictures and predictions into a folder", 0, 0},
    {"tta", 0, CLI_TEXT, "N|all", NULL, "look at each image in N ways (moved, turned, scaled), at most 15", 0, 0},
    {"tta-below", 0, CLI_REAL, "P", NULL, "but only when its likeliest digit is less probable than P, such as 0.99", 0,
     1},
    {"pages", 0, CLI_TEXT, "DIR", NULL, "read the pages of a folder made by `data pages`; all words are models", 0, 0},
    CLI_EVAL_BATCH,
    CLI_JSON,
};
static const cli_group group = {"Options", options, sizeof options / sizeof options[0]};

static int run(const cli_args *args);

const cli_verb cli_eval = {
    .name = "eval",
    .words = "[MODEL...] DATA",
    .summary = "measure a model on labelled digits",
    .about =
        "Prints accuracy with its 95 % interval, loss, the number of errors, and how each digit fares. The last word "
        "is the data, which must have labels. MODEL is a run folder, a .safetensors file or the name of a "
        "built-in model; several are an ensemble, whose probabilities are averaged; none is the built-in model digits. "
        "A run has seen most of its own train.csv: --held-out measures on the rows "
        "that it has not; of several runs, on those that none has. The nets of a cross-validation (train --folds) are "
        "each asked about the rows that it held out: all rows, judged once.\n\n"
        "--suspects lists the images whose label another class contradicts with confidence (confident learning). It "
        "needs rows that the model has not learned: --held-out, or other data than it was trained on.\n\n"
        "--out DIR gets report.txt, report.json, confusion.csv .svg .png, reliability.svg .png (calibration), "
        "worst.csv "
        ".svg .png (the worst mistakes), predictions.csv, and with --suspects suspects.csv .svg .png.",
    .missing = "DATA: labelled digits, such as train.csv",
    .least = 0,
    .most = 65,
    .groups = {&group, &cli_machine, &cli_common},
    .examples = {"eval runs/v3 train.csv --held-out", "eval runs/v3 train.csv --held-out --json --min-accuracy 0.96"},
    .run = run,
};

static int below(double accuracy, const cli_args *args) {
    ink_error err = {0};
    if (cli_text(args, "min-accuracy") == NULL || accuracy >= cli_real(args, "min-accuracy")) return 0;
    cli_fail(&err, INK_E_THRESHOLD, "the accuracy is %.6g, below the %s that was asked for", accuracy,
             cli_text(args, "min-accuracy"));
    return cli_failed(&err);
}

static int run_pages(const cli_args *args) {
    ink_eval_pages_result result;
    ink_error err = {0};
    ink_watch watch = cli_watch();
    ink_read_options o = {.models = args->words, .n_models = args->n_words, .engine = cli_engine(args)};
    if (cli_flag(args, "held-out") || cli_flag(args, "suspects") || cli_text(args, "out") != NULL ||
        cli_text(args, "tta") != NULL || cli_text(args, "tta-below") != NULL) {
        cli_fail(&err, INK_E_USAGE, "--held-out, --suspects, --out and --tta do not go with --pages");
        cli_hint(&err, "inkling data pages DIR DATA --held-out RUN writes pages with digits that RUN does not know");
        return cli_failed(&err);
    }
    memset(&result, 0, sizeof result);
    cli_progress_begin("reading %s", cli_text(args, "pages"));
    if (ink_work_eval_pages(cli_text(args, "pages"), &o, &watch, &result, &err) != INK_OK) return cli_failed(&err);
    cli_progress_hide();
    cli_result_text(cli_flag(args, "json") ? result.json : result.text);
    ink_work_free(result.text);
    ink_work_free(result.json);
    return below(result.digits > 0 ? (double)result.right / result.digits : 1, args);
}

static int run(const cli_args *args) {
    ink_eval_result result;
    ink_error err = {0};
    ink_watch watch = cli_watch();
    if (cli_text(args, "pages") != NULL) return run_pages(args);
    if (cli_need_words(args, 1, &err) != INK_OK) return cli_failed(&err);
    ink_eval_options o = {
        .models = args->words,
        .n_models = args->n_words - 1,
        .data = args->words[args->n_words - 1],
        .held_out = cli_flag(args, "held-out"),
        .suspects = cli_flag(args, "suspects"),
        .eval_batch_size = (uint32_t)cli_whole(args, "eval-batch-size"),
        .out = cli_text(args, "out"),
        .tta = cli_text(args, "tta"),
        .tta_below = cli_real(args, "tta-below"),
        .engine = cli_engine(args),
    };
    if (o.held_out && o.n_models == 0) {
        cli_fail(&err, INK_E_USAGE, "--held-out needs a run: it knows which digits it did not learn from");
        cli_hint(&err, "inkling eval RUN DATA --held-out");
        return cli_failed(&err);
    }
    memset(&result, 0, sizeof result);
    cli_progress_begin("reading %s", o.data);
    if (ink_work_eval(&o, &watch, &result, &err) != INK_OK) return cli_failed(&err);
    cli_progress_hide();
    cli_result_text(cli_flag(args, "json") ? result.json : result.text);
    ink_work_free(result.text);
    ink_work_free(result.json);
    return below(result.accuracy, args);
}

/* cli/cmd_predict.c: inkling predict: digits to Kaggle's submission.csv.
 * Which file of DATA is predicted, and how, is ink_work_predict's business. */
#include <string.h>

#include "cli/progress.h"
#include "cli/result.h"
#include "cli/say.h"
#include "cli/verbs.h"

static const cli_option options[] = {
    {"out", 'o', CLI_TEXT, "FILE", "submission.csv", "where the predictions go", 0, 0},
    {"probabilities", 0, CLI_TEXT, "FILE", NULL, "write the probability of each digit too", 0, 0},
    {"force", 0, CLI_FLAG, NULL, NULL, "replace files that are there", 0, 0},
    CLI_EVAL_BATCH,
    CLI_JSON,
};
static const cli_group group = {"Options", options, sizeof options / sizeof options[0]};

static int run(const cli_args *args);

const cli_verb cli_predict = {
    .name = "predict",
    .words = "MODEL... DATA",
    .summary = "write submission.csv for the digits of DATA",
    .about =
        "Predicts the test file of DATA, or its only file, and writes ImageId,Label lines as Kaggle wants them, read "
        "back and checked. The last word is the data. MODEL is a run folder or a .safetensors file; several are an "
        "ensemble, whose probabilities are averaged.",
    .missing = "DATA: a test.csv, a folder or zip with one, or MNIST's files",
    .least = 1,
    .most = 65,
    .groups = {&group, &cli_machine, &cli_common},
    .examples = {"predict runs/v3 test.csv", "predict runs/a runs/b runs/c test.csv -o together.csv",
                 "predict runs/v3 test.csv --probabilities p.csv"},
    .run = run,
};

static void print_text(const ink_predict_result *r) {
    char n[32];
    cli_result("%s predictions in %s", cli_thousands(r->rows, n), r->submission);
    for (int digit = 0; digit < 10; digit++) {
        double share = r->rows > 0 ? 100.0 * r->counts[digit] / r->rows : 0;
        cli_result("  %d  %8s  %5.1f %%", digit, cli_thousands(r->counts[digit], n), share);
    }
    cli_info("%.3g s, %s images/s", r->seconds, cli_thousands((unsigned long long)r->images_per_s, n));
}

static void print_json(const ink_predict_result *r, const char *probabilities) {
    json_t *object = cli_json_new("predict");
    json_t *counts = json_array();
    for (int digit = 0; digit < 10; digit++) json_array_append_new(counts, json_integer(r->counts[digit]));
    cli_json_text(object, "submission", r->submission);
    cli_json_text(object, "probabilities", probabilities);
    cli_json_whole(object, "rows", r->rows);
    cli_json_put(object, "counts", counts);
    cli_json_real(object, "seconds", r->seconds);
    cli_json_real(object, "images_per_s", r->images_per_s);
    cli_result_json(object);
}

static int run(const cli_args *args) {
    ink_predict_result result;
    ink_error err = {0};
    ink_watch watch = cli_watch();
    ink_predict_options o = {
        .models = args->words,
        .n_models = args->n_words - 1,
        .data = args->words[args->n_words - 1],
        .out = cli_text(args, "out"),
        .probabilities = cli_text(args, "probabilities"),
        .force = cli_flag(args, "force"),
        .eval_batch_size = (uint32_t)cli_whole(args, "eval-batch-size"),
        .engine = cli_engine(args),
    };
    memset(&result, 0, sizeof result);
    cli_progress_begin("reading %s", o.data);
    if (ink_work_predict(&o, &watch, &result, &err) != INK_OK) return cli_failed(&err);
    cli_progress_hide();
    if (cli_flag(args, "json")) {
        print_json(&result, o.probabilities);
    } else {
        print_text(&result);
    }
    return 0;
}

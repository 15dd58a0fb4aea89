/* cli/cmd_data_check.c: inkling data check: what is odd about a data set.
 * Text, JSON and pictures come whole from ink_work_data_check. */
#include "cli/progress.h"
#include "cli/result.h"
#include "cli/say.h"
#include "cli/verbs.h"

static const cli_option options[] = {
    {"out", 'o', CLI_OUT, "DIR", NULL, "write check.txt, check.json and a picture of each kind of finding", 0, 0},
    {"test", 0, CLI_TEXT, "FILE", "what stands beside DATA", "the test file to look for training images in", 0, 0},
    {"distance", 0, CLI_REAL, "D", "0.03", "near copies are at most D apart: 0 equal, 1 no common ink", 0.001, 0.5},
    {"strict", 0, CLI_FLAG, NULL, NULL, "exit with 8 when anything was found", 0, 0},
    {"threads", 'j', CLI_WHOLE, "N", "one per processor", "changes the speed only", 1, 256},
    CLI_JSON,
};
static const cli_group group = {"Options", options, sizeof options / sizeof options[0]};

static int run(const cli_args *args);

const cli_verb cli_data_check = {
    .name = "data check",
    .words = "DATA",
    .summary = "look for copies, near copies, blank images, uneven classes, odd places",
    .about =
        "Looks for images of one shade, exact and near copies within the training images and between them and the test "
        "images, pairs of copies with two labels, classes of which one has less than half of another's images, and "
        "digits that do not lie on their page as MNIST's do (28x28, longest side 19 or 20 pixels, centre of mass "
        "within "
        "0.6 of pixel 14, brightest pixel at least 200). It changes nothing, and a finding is no error: it is "
        "something "
        "to look at, which --out DIR draws.\n\n"
        "The distance of two images is the sum of the differences of their pixels over the sum of their ink: 0 for "
        "equal ones, 1 when no ink lies on common ground. The nearest two of MNIST's 42,000 training images are 0.035 "
        "apart.",
    .missing = "DATA: train.csv, a folder or zip with train.csv and test.csv, MNIST's files, or class folders",
    .least = 1,
    .most = 1,
    .groups = {&group, &cli_common},
    .examples = {"data check digit-recognizer.zip --out checked", "data check train.csv --distance 0.05 --json"},
    .run = run,
};

static int run(const cli_args *args) {
    ink_check_result result;
    ink_error err = {0};
    ink_watch watch = cli_watch();
    ink_check_options o = {
        .data = args->words[0],
        .test = cli_text(args, "test"),
        .out = cli_text(args, "out"),
        .distance = cli_real(args, "distance"),
        .threads = (uint32_t)cli_whole(args, "threads"),
    };
    cli_progress_begin("reading %s", o.data);
    if (ink_work_data_check(&o, &watch, &result, &err) != INK_OK) return cli_failed(&err);
    cli_progress_hide();
    cli_result_text(cli_flag(args, "json") ? result.json : result.text);
    ink_work_free(result.text);
    ink_work_free(result.json);
    if (cli_flag(args, "strict") && result.findings > 0) {
        cli_fail(&err, INK_E_THRESHOLD, "%u of the checks found something, --strict wants none", result.findings);
        return cli_failed(&err);
    }
    return 0;
}

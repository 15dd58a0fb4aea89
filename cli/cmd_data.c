/* cli/cmd_data.c: inkling data show and make: to look at digits, to draw some.
 * Reading and drawing are behind api/work.h; downloads have their own file. */
#include <string.h>

#include "cli/progress.h"
#include "cli/result.h"
#include "cli/say.h"
#include "cli/verbs.h"

/* ---- show ---- */

static const cli_option show_options[] = {
    {"out", 'o', CLI_OUT, "FILE", "digits.png", "the picture to draw", 0, 0},
    {"count", 0, CLI_WHOLE, "N", "100", "digits on the picture", 1, 10000},
    {"seed", 0, CLI_WHOLE, "N", "the first of each class in turn", "which digits: chosen at random from this seed", 0,
     0},
    {"augment", 0, CLI_TEXT, "RECIPE", NULL, "distort them as this recipe does while it trains, or as words say", 0, 0},
};
static const cli_group show_group = {"Options", show_options, sizeof show_options / sizeof show_options[0]};

static int run_show(const cli_args *args);

const cli_verb cli_data_show = {
    .name = "data show",
    .words = "DATA",
    .summary = "draw a sheet of digits, show a few in the terminal",
    .about =
        "Draws a picture of the digits of DATA, prints a few of them as text, and counts how many there are of each.",
    .missing = "DATA: a train.csv or test.csv, a folder, a zip, or MNIST's files",
    .least = 1,
    .most = 1,
    .groups = {&show_group, &cli_common},
    .examples = {"data show train.csv", "data show train.csv --seed 7 --count 400 -o sheet.png"},
    .run = run_show,
};

/* The same under the family of pictures, where a person looks for it beside filters and maps. */
const cli_verb cli_show_digits = {
    .name = "show digits",
    .words = "DATA",
    .summary = "draw a sheet of digits, as they are or distorted (also: data show)",
    .about =
        "Draws a picture of the digits of DATA and prints a few of them as text; with --augment RECIPE distorted as "
        "that recipe does while it trains, or as the words of its key say, in quotes.",
    .missing = "DATA: a train.csv or test.csv, a folder, a zip, MNIST's files, or pictures",
    .least = 1,
    .most = 1,
    .groups = {&show_group, &cli_common},
    .examples = {"show digits train.csv", "show digits train.csv --augment cnn -o distorted.png",
                 "show digits train.csv --augment 'rotate 12 elastic 34 4'"},
    .run = run_show,
};

static int run_show(const cli_args *args) {
    char *text = NULL;
    ink_error err = {0};
    ink_watch watch = cli_watch();
    ink_show_options o = {
        .data = args->words[0],
        .out = cli_text(args, "out"),
        .count = (uint32_t)cli_whole(args, "count"),
        .seed = cli_whole(args, "seed"),
        .augment = cli_text(args, "augment"),
        .columns = cli_out_columns(),
        .utf8 = cli_is_utf8(),
    };
    cli_progress_begin("reading %s", o.data);
    if (ink_work_data_show(&o, &watch, &text, &err) != INK_OK) return cli_failed(&err);
    cli_progress_hide();
    cli_result_text(text);
    cli_result("picture: %s", o.out != NULL ? o.out : "digits.png");
    ink_work_free(text);
    return 0;
}

/* ---- make ---- */

static const cli_option make_options[] = {
    {"count", 0, CLI_WHOLE, "N", "60000", "digits in train.csv; test.csv gets a quarter as many", 1, 10000000},
    {"seed", 0, CLI_WHOLE, "N", "0", "equal seeds draw equal digits", 0, 0},
    {"force", 0, CLI_FLAG, NULL, NULL, "replace files that are there", 0, 0},
    {"threads", 'j', CLI_WHOLE, "N", "one per processor", "changes the speed only", 1, 256},
};
static const cli_group make_group = {"Options", make_options, sizeof make_options / sizeof make_options[0]};

static int run_make(const cli_args *args);

const cli_verb cli_data_make = {
    .name = "data make",
    .words = "DIR",
    .summary = "draw synthetic digits in Kaggle's form",
    .about = "Draws digits the way a pen does and writes DIR/train.csv, test.csv, test_labels.csv and "
             "sample_submission.csv, in Kaggle's form. No network, no data needed; equal seeds give equal files.",
    .missing = "DIR: the folder for train.csv and test.csv",
    .least = 1,
    .most = 1,
    .folder = 1,
    .groups = {&make_group, &cli_common},
    .examples = {"data make digits", "data make digits --count 10000 --seed 7"},
    .run = run_make,
};

static int run_make(const cli_args *args) {
    char program[4 * INK_PATH_SIZE], word[4 * INK_PATH_SIZE];
    ink_error err = {0};
    ink_watch watch = cli_watch();
    ink_make_options o = {
        .dir = args->words[0],
        .count = (uint32_t)cli_whole(args, "count"),
        .seed = cli_whole(args, "seed"),
        .force = cli_flag(args, "force"),
        .threads = (uint32_t)cli_whole(args, "threads"),
    };
    cli_progress_begin("drawing digits into %s", o.dir);
    if (ink_work_data_make(&o, &watch, &err) != INK_OK) return cli_failed(&err);
    cli_progress_hide();
    cli_result("%s/train.csv", o.dir);
    cli_result("%s/test.csv", o.dir);
    cli_result("%s/test_labels.csv", o.dir);
    cli_result("%s/sample_submission.csv", o.dir);
    cli_info("next: %s train %s", cli_program(args->argv[0], program, sizeof program),
             cli_quoted(o.dir, word, sizeof word));
    return 0;
}

/* cli/cmd_data_pages.c: inkling data pages: labelled pages of handwriting, to measure how well pages are read.
 * Drawing is behind ink_work_data_pages; `inkling eval --pages` measures. */
#include <string.h>

#include "cli/progress.h"
#include "cli/result.h"
#include "cli/say.h"
#include "cli/verbs.h"

static const cli_option options[] = {
    {"count", 0, CLI_WHOLE, "N", "20", "pages with digits: two of strings, then one of columns", 1, 9999},
    {"empty", 0, CLI_WHOLE, "N", "0", "pages without digits besides: blank, ruled, doodles, in turn", 0, 9999},
    {"forms", 0, CLI_FLAG, NULL, NULL, "digits stand in forms: adjoining boxes, combs, tables, in turn", 0, 0},
    {"severity", 0, CLI_WHOLE, "0..5", "0", "how hard: light, slant, blur, noise, JPEG; 0 is a clean scan", 0, 5},
    {"seed", 0, CLI_WHOLE, "N", "0", "equal seeds draw equal pages", 0, 0},
    {"held-out", 0, CLI_TEXT, "RUN", NULL, "only the digits of DATA that this run did not learn from", 0, 0},
    {"force", 0, CLI_FLAG, NULL, NULL, "replace pages that are there", 0, 0},
    {"threads", 'j', CLI_WHOLE, "N", "one per processor", "changes the speed only", 1, 256},
};
static const cli_group group = {"Options", options, sizeof options / sizeof options[0]};

static int run(const cli_args *args);

const cli_verb cli_data_pages = {
    .name = "data pages",
    .words = "DIR [DATA]",
    .summary = "draw labelled pages of handwriting",
    .about =
        "Writes pages of numbers, as a camera might have taken them, and DIR/labels.json, which says what stands "
        "where. The digits are DATA's, or, without DATA, drawn by inkling. `inkling eval --pages DIR` measures how "
        "well they are read.",
    .missing = "DIR: the folder for the pages",
    .least = 1,
    .most = 2,
    .folder = 1,
    .groups = {&group, &cli_common},
    .examples = {"data pages pages --severity 3", "data pages forms train.csv --forms --severity 2",
                 "data pages pages train.csv --held-out runs/cnn --count 40 --empty 20"},
    .run = run,
};

static int run(const cli_args *args) {
    char n[32], word[4 * INK_PATH_SIZE], program[4 * INK_PATH_SIZE];
    uint64_t digits = 0;
    ink_error err = {0};
    ink_watch watch = cli_watch();
    ink_pages_options o = {
        .dir = args->words[0],
        .data = args->n_words > 1 ? args->words[1] : NULL,
        .held_out = cli_text(args, "held-out"),
        .count = (uint32_t)cli_whole(args, "count"),
        .empty = (uint32_t)cli_whole(args, "empty"),
        .forms = cli_flag(args, "forms"),
        .severity = (uint32_t)cli_whole(args, "severity"),
        .seed = cli_whole(args, "seed"),
        .force = cli_flag(args, "force"),
        .threads = (uint32_t)cli_whole(args, "threads"),
    };
    cli_progress_begin("drawing pages into %s", o.dir);
    if (ink_work_data_pages(&o, &watch, &digits, &err) != INK_OK) return cli_failed(&err);
    cli_progress_hide();
    cli_result("%s/labels.json", o.dir);
    cli_info("%s digits on %u pages, and %u without", cli_thousands(digits, n), o.count > 0 ? o.count : 20, o.empty);
    cli_info("next: %s eval --pages %s MODEL", cli_program(args->argv[0], program, sizeof program),
             cli_quoted(o.dir, word, sizeof word));
    return 0;
}

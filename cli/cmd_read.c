/* cli/cmd_read.c: inkling read: photos and scans of handwriting to numbers.
 * How a page is read is behind ink_work_read. */
#include <string.h>

#include "cli/progress.h"
#include "cli/result.h"
#include "cli/say.h"
#include "cli/verbs.h"

static const cli_option options[] = {
    {"model", 'm', CLI_LIST, "MODEL", "the built-in one", "a run folder or a model file; several are an ensemble", 0,
     0},
    {"sure", 0, CLI_REAL, "P", "0.6", "a digit less probable than P becomes '?'; 0.000001: none does", 1e-9, 1},
    {"annotate", 0, CLI_OUT, "FILE", NULL, "draw what was read over the picture, as PNG (for one FILE)", 0, 0},
    {"save-steps", 0, CLI_OUT, "DIR", NULL, "write what each stage of the reading made, as PNG", 0, 0},
    CLI_JSON,
};
static const cli_group group = {"Options", options, sizeof options / sizeof options[0]};

static int run(const cli_args *args);

const cli_verb cli_read = {
    .name = "read",
    .words = "FILE...",
    .summary = "read handwritten numbers from photos and scans",
    .about =
        "Reads PNG and JPEG pictures of handwritten digits, dark on light or light on dark, on plain, ruled or squared "
        "paper, and prints one line for each written line. With several files each line begins with the file's name "
        "and a tab. '?' stands for a digit that is too unsure; a page without digits prints nothing.\n\n"
        "--save-steps shows every stage, from the picture to the 28 x 28 pixels that the net sees: the best help when "
        "a photo is read wrongly. A file that cannot be read gives one line on stderr, and the others are still read; "
        "the exit code is then that of the first such file.",
    .missing = "FILE: a PNG or JPEG picture of handwritten digits",
    .least = 1,
    .most = SIZE_MAX,
    .groups = {&group, &cli_machine, &cli_common},
    .examples = {"read --model runs/latest note.jpg", "read note.jpg --annotate read.png", "read --json scans/*.png",
                 "read note.jpg --save-steps steps"},
    .run = run,
};

static void print_lines(const ink_read_result *r, const cli_args *args) {
    for (size_t i = 0; i < r->n_files; i++) {
        const char *at = r->files[i].text;
        while (at != NULL && *at != '\0') {
            size_t length = strcspn(at, "\n");
            if (r->n_files > 1) cli_result_file(args->words[i]);
            cli_result("%.*s", (int)length, at);
            at += length;
            if (*at == '\n') at++;
        }
    }
}

static int run(const cli_args *args) {
    ink_read_result result;
    ink_error err = {0};
    ink_watch watch = cli_watch();
    ink_read_options o = {
        .models = args->n_listed > 0 ? args->listed : NULL,
        .n_models = args->n_listed,
        .files = args->words,
        .n_files = args->n_words,
        .annotate = cli_text(args, "annotate"),
        .steps = cli_text(args, "save-steps"),
        .sure = (float)cli_real(args, "sure"),
        .engine = cli_engine(args),
    };
    int code = 0;
    memset(&result, 0, sizeof result);
    cli_progress_begin("reading %s", o.n_files == 1 ? o.files[0] : "pictures");
    if (ink_work_read(&o, &watch, &result, &err) != INK_OK) return cli_failed(&err);
    cli_progress_hide();
    if (cli_flag(args, "json")) {
        cli_result_text(result.json);
    } else {
        print_lines(&result, args);
    }
    for (size_t i = 0; i < result.n_files; i++) {
        if (result.files[i].error.status == INK_OK) {
            const char *doubt = result.files[i].doubt;
            if (doubt != NULL) {
                cli_info("%s: %s", args->words[i], doubt);
            } else if (result.files[i].digits == 0) {
                cli_info("%s: no digits found", args->words[i]);
            }
            continue;
        }
        int failed = cli_failed(&result.files[i].error);
        if (code == 0) code = failed;
    }
    ink_read_clear(&result);
    return code;
}

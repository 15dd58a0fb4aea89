/* cli/cmd_version.c: inkling version: version, compiler, features built in.
 * `inkling --version` prints the version alone. */
#include "cli/result.h"
#include "cli/say.h"
#include "cli/verbs.h"

static const cli_option options[] = {CLI_JSON};
static const cli_group group = {"Options", options, sizeof options / sizeof options[0]};

static int run(const cli_args *args);

const cli_verb cli_version = {
    .name = "version",
    .words = "",
    .summary = "print the version and the features built in",
    .about = "Prints the version, the compiler and the features that this program was built with.",
    .groups = {&group, &cli_common},
    .run = run,
};

static int run(const cli_args *args) {
    char *text = NULL;
    ink_error err = {0};
    if (ink_work_version(cli_flag(args, "json"), &text, &err) != INK_OK) return cli_failed(&err);
    cli_result_text(text);
    ink_work_free(text);
    return 0;
}

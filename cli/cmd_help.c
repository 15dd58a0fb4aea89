/* cli/cmd_help.c: inkling help: help on a verb, the manual, the completions of the shells.
 * The texts are made in help.c, manual.c and completion.c. */
#include <stdio.h>
#include <string.h>

#include "cli/help.h"
#include "cli/say.h"
#include "cli/verbs.h"

static const cli_option options[] = {
    {"man", 0, CLI_FLAG, NULL, NULL, "print the manual page inkling(1), in mdoc", 0, 0},
    {"completion", 0, CLI_CHOICE, "bash|zsh|fish", NULL, "print what completes inkling's words in that shell", 0, 0},
};
static const cli_group group = {"Options", options, sizeof options / sizeof options[0]};

static int run(const cli_args *args);

const cli_verb cli_help = {
    .name = "help",
    .words = "[VERB...]",
    .summary = "explain a verb; print the manual or shell completions",
    .about = "Prints help on a verb, or on the whole program. An installed inkling has its manual page and completions "
             "in the "
             "system's places; --man and --completion print them for all others.",
    .most = 2,
    .groups = {&group, &cli_common},
    .examples = {"help train", "help --man | man -l -", "help --completion bash >inkling.bash"},
    .run = run,
};

static int run(const cli_args *args) {
    ink_error err;
    int used = 0;
    const cli_verb *verb;
    if (cli_flag(args, "man")) {
        cli_manual(stdout);
        return 0;
    }
    if (cli_text(args, "completion") != NULL) {
        cli_completion(stdout, cli_text(args, "completion"));
        return 0;
    }
    if (args->n_words == 0) {
        cli_help_all(stdout, cli_out_columns());
        return 0;
    }
    verb = cli_verb_find((int)args->n_words, (char *const *)args->words, &used);
    if (verb != NULL && used == (int)args->n_words) {
        cli_help_verb(stdout, verb, cli_out_columns());
        return 0;
    }
    if (used == 1 && verb == NULL && args->n_words == 1) {
        cli_help_family(stdout, args->words[0]);
        return 0;
    }
    cli_fail(&err, INK_E_USAGE, "no help on '%.60s%s%.60s': there is no such verb", args->words[0],
             args->n_words > 1 ? " " : "", args->n_words > 1 ? args->words[1] : "");
    cli_hint(&err, "inkling --help lists the verbs");
    return cli_failed(&err);
}

/* cli/help.h: what a person reads about the verbs, made from their tables: help, the man page, completions. */
#ifndef INK_CLI_HELP_H
#define INK_CLI_HELP_H

#include <stdio.h>

#include "cli/options.h"

void cli_help_short(FILE *to);                 /* `inkling` alone: fifteen lines, three of them examples */
void cli_help_all(FILE *to, unsigned columns); /* `inkling --help` */
void cli_help_verb(FILE *to, const cli_verb *verb, unsigned columns);
void cli_help_family(FILE *to, const char *family); /* `inkling data`: the verbs that begin with that word */

void cli_manual(FILE *to);                        /* inkling(1), in mdoc */
void cli_completion(FILE *to, const char *shell); /* "bash", "zsh", "fish" */

/* The names of the options of a verb as help shows them: "-o, --out FILE". Cut at size. */
void cli_option_usage(const cli_option *option, char *text, size_t size);

/* The meaning of exit code 0, 1, ...; NULL behind the last. *code gets the number: 0..8, 130, 143. */
const char *cli_exit_meaning(size_t i, int *code);

#endif

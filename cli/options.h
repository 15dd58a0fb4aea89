/* cli/options.h: what may stand on the command line: one table per verb. The parser, --help, the man page and the
 * completions of the shells are all made from these tables, so that they cannot disagree.
 *
 *   static const cli_option mine[] = {
 *       {"out", 'o', CLI_OUT, "FILE", "submission.csv", "where the predictions go", 0, 0}, ...
 *   cli_args args;
 *   if (cli_parse(verb, argc, argv, &args, &err) != INK_OK) ...
 *   const char *out = cli_text(&args, "out"); */
#ifndef INK_CLI_OPTIONS_H
#define INK_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inkling.h"

typedef enum cli_kind {
    CLI_FLAG,   /* --force; --no-force undoes it */
    CLI_YES_NO, /* a recipe's "yes|no": --shuffle, --no-shuffle, --shuffle yes, --shuffle=no */
    CLI_TEXT,   /* any text; the work function judges it */
    CLI_OUT,    /* as text, where something is written: "-" is no such place */
    CLI_LIST,   /* as text, may be given several times */
    CLI_WHOLE,  /* a whole number low..high */
    CLI_REAL,   /* a decimal number low..high */
    CLI_CHOICE, /* one of the words of `argument`: "auto|f32|bf16" */
    CLI_PERIOD  /* seconds, or a number with s, m or h: "90", "10m" */
} cli_kind;

typedef struct cli_option {
    const char *name; /* "batch-size", without the dashes */
    char letter;      /* 'o' for -o; 0: none */
    cli_kind kind;
    const char *argument; /* "FILE", "N", "auto|f32|bf16"; NULL for a flag */
    const char *fallback; /* what holds when it is not given, for help; NULL: nothing worth saying */
    const char *help;     /* one line, no full stop */
    double low, high;     /* of a number; both 0: any that is not negative */
} cli_option;

typedef struct cli_group {
    const char *title; /* "Options", "Recipe" */
    const cli_option *options;
    size_t n;
} cli_group;

#define CLI_GROUPS   5
#define CLI_OPTIONS  128 /* of one verb; the parser asserts it */
#define CLI_LISTED   16  /* values of one CLI_LIST option */
#define CLI_EXAMPLES 4

typedef struct cli_args cli_args;

typedef struct cli_verb {
    const char *name;    /* "train", "data show" */
    const char *words;   /* "[MODEL...] DATA", as shown in help */
    const char *summary; /* one line for the list of verbs, no full stop */
    const char *about;   /* paragraphs for help and the man page, separated by "\n\n", not broken into lines */
    const char *missing; /* what to say when there are fewer than least words: "DATA: train.csv, ..." */
    size_t least, most;  /* words; most 0: none may stand, SIZE_MAX: any number */
    size_t folder;       /* which of them, from 1, names a folder to write: "-" is no such place; 0: none */
    const cli_group *groups[CLI_GROUPS]; /* up to the first NULL */
    const char *examples[CLI_EXAMPLES];  /* what follows "inkling ", up to the first NULL */
    int (*run)(const cli_args *args);    /* the exit code */
} cli_verb;

/* A command line taken apart. All text is borrowed from argv. */
struct cli_args {
    const cli_verb *verb;
    const char *value[CLI_OPTIONS]; /* by position in cli_option_at; NULL: not given. Flags: "yes" or "no" */
    const char *listed[CLI_LISTED + 1];
    size_t n_listed;
    const char **words; /* what is no option: n_words of them, then NULL */
    size_t n_words;
    const char *const *argv; /* the whole command line, NULL-terminated */
};

/* Every option of the verb, in the order of help; NULL behind the last. *title, when not NULL: its group's. */
const cli_option *cli_option_at(const cli_verb *verb, size_t i, const char **title);

/* Options that are flags for the parser: they take no value, and --no-NAME undoes them. */
bool cli_is_flag(const cli_option *option);

/* Takes the argc words of argv apart, which follow the verb. argv's words are reordered so that those which are no
 * option stand first. --help and --version are options like others: then the number of words is not checked. */
INK_MUST_USE ink_status cli_parse(const cli_verb *verb, int argc, char **argv, cli_args *args, ink_error *err);

/* INK_E_USAGE, with what is missing and the usage, when fewer than `least` words stand there. */
INK_MUST_USE ink_status cli_need_words(const cli_args *args, size_t least, ink_error *err);

/* What was given for an option of the table (asserted). Not given: NULL, false, 0. */
const char *cli_text(const cli_args *args, const char *name);
bool cli_flag(const cli_args *args, const char *name);
uint64_t cli_whole(const cli_args *args, const char *name);
double cli_real(const cli_args *args, const char *name);

/* The i-th of the words in "a|b|c": its length, 0 behind the last; *word points into choices. */
size_t cli_choice_at(const char *choices, size_t i, const char **word);

/* Whether `choices` is a list of plain words ("none|cosine"), as the completions can offer. */
bool cli_choice_plain(const char *choices);

#endif

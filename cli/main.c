/* cli/main.c: the program inkling: its verbs, and the way from the first word to one of them.
 * What a verb does stands in cmd_<verb>.c; what it means, in api/work.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/help.h"
#include "cli/progress.h"
#include "cli/result.h"
#include "cli/say.h"
#include "cli/signals.h"
#include "cli/verbs.h"

const cli_verb *const cli_verbs[] = {
    &cli_train,        &cli_lr_find,     &cli_predict,       &cli_eval,
    &cli_read,         &cli_compare,     &cli_plot,          &cli_show_digits,
    &cli_show_filters, &cli_show_maps,   &cli_show_saliency, &cli_data_show,
    &cli_data_check,   &cli_data_make,   &cli_data_pages,    &cli_data_get,
    &cli_recipe_list,  &cli_recipe_show, &cli_recipe_layers, &cli_info_verb,
    &cli_import,       &cli_export,      &cli_serve,         &cli_bench_train,
    &cli_bench_infer,  &cli_bench_op,    &cli_bench_sweep,   &cli_bench_csv,
    &cli_doctor,       &cli_version,     &cli_help,          NULL,
};

/* Only whole families ("data") and verbs of one word are compared with what was typed. */
static int unknown_verb(const char *word) {
    const char *known[64];
    char names[64][24];
    size_t n = 0;
    ink_error err;
    for (size_t i = 0; cli_verbs[i] != NULL && n < 64; i++) {
        snprintf(names[n], sizeof names[n], "%.*s", (int)strcspn(cli_verbs[i]->name, " "), cli_verbs[i]->name);
        known[n] = names[n];
        n++;
    }
    const char *best = ink_work_near(word, known, n);
    if (strcmp(word, "val") == 0 || strcmp(word, "test") == 0) best = "eval";
    if (best != NULL) {
        cli_fail(&err, INK_E_USAGE, "unknown verb '%.60s' (did you mean '%s'?)", word, best);
    } else {
        cli_fail(&err, INK_E_USAGE, "unknown verb '%.60s'", word);
    }
    cli_hint(&err, "inkling --help lists the verbs");
    return cli_failed(&err);
}

/* "inkling data" and "inkling data shwo": one word of a verb that has two. */
static int unknown_second(const char *first, const char *second) {
    const char *known[64];
    size_t n = 0, length = strlen(first);
    ink_error err;
    if (second == NULL) {
        cli_help_family(stderr, first);
        return INK_E_USAGE;
    }
    for (size_t i = 0; cli_verbs[i] != NULL && n < 64; i++) {
        const char *name = cli_verbs[i]->name;
        if (strncmp(name, first, length) == 0 && name[length] == ' ') known[n++] = name + length + 1;
    }
    const char *best = ink_work_near(second, known, n);
    if (best != NULL) {
        cli_fail(&err, INK_E_USAGE, "unknown verb '%s %.60s' (did you mean '%s %s'?)", first, second, first, best);
    } else {
        cli_fail(&err, INK_E_USAGE, "unknown verb '%s %.60s'", first, second);
    }
    cli_hint(&err, "inkling %s --help lists its verbs", first);
    return cli_failed(&err);
}

/* What is written comes before what is said of it, also under the name that an option has when it is not given. */
static void spare_what_is_written(const cli_args *args) {
    const cli_option *option;
    for (size_t i = 0; (option = cli_option_at(args->verb, i, NULL)) != NULL; i++) {
        const char *name = args->value[i] != NULL ? args->value[i] : option->fallback;
        if (option->kind == CLI_OUT && name != NULL) cli_result_spare(name);
    }
}

static int run_verb(const cli_verb *verb, int argc, char **words, const char *const *argv) {
    cli_args args;
    ink_error err;
    ink_status status = cli_parse(verb, argc, words, &args, &err);
    if (status != INK_OK) return cli_failed(&err);
    args.argv = argv;
    cli_say_color(cli_text(&args, "color"));
    cli_say_quiet(cli_flag(&args, "quiet"));
    if (cli_flag(&args, "help")) {
        cli_help_verb(stdout, verb, cli_out_columns());
        return 0;
    }
    if (cli_flag(&args, "version")) {
        printf("inkling %s\n", ink_version());
        return 0;
    }
    spare_what_is_written(&args);
    return verb->run(&args);
}

static bool is_one_of(const char *word, const char *a, const char *b) {
    return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

static int start(int argc, char **words, const char *const *argv) {
    const cli_verb *verb;
    ink_error err;
    int used = 0;
    if (argc == 0) {
        cli_help_short(stderr);
        return INK_E_USAGE;
    }
    if (is_one_of(words[0], "--help", "-h")) {
        cli_help_all(stdout, cli_out_columns());
        return 0;
    }
    if (is_one_of(words[0], "--version", "-V")) {
        printf("inkling %s\n", ink_version());
        return 0;
    }
    if (words[0][0] == '-') {
        cli_fail(&err, INK_E_USAGE, "the first word is a verb, not '%.60s'", words[0]);
        cli_hint(&err, "inkling VERB [OPTION...]; inkling --help lists the verbs");
        return cli_failed(&err);
    }
    verb = cli_verb_find(argc, words, &used);
    if (verb != NULL) return run_verb(verb, argc - used, words + used, argv);
    if (used == 0) return unknown_verb(words[0]);
    if (argc > 1 && is_one_of(words[1], "--help", "-h")) {
        cli_help_family(stdout, words[0]);
        return 0;
    }
    return unknown_second(words[0], argc > 1 ? words[1] : NULL);
}

int main(int argc, char **argv) {
    /* The parser reorders the words; a run records the command line as it was typed. */
    char **words = calloc((size_t)argc + 1, sizeof *words);
    int code = INK_E_INTERNAL;
    cli_say_begin();
    cli_signals_begin();
    if (words != NULL) {
        for (int i = 1; i < argc; i++) words[i - 1] = argv[i];
        cli_tables_begin();
        code = start(argc > 0 ? argc - 1 : 0, words, (const char *const *)argv);
    }
    code = cli_say_end(code);
    free(words);
    return code;
}

/* cli/verbs.h: the verbs of the program, and what several of them share. */
#ifndef INK_CLI_VERBS_H
#define INK_CLI_VERBS_H

#include "api/work.h"
#include "cli/options.h"

/* Every verb that this program has, in the order of help, then NULL. */
extern const cli_verb *const cli_verbs[];

extern const cli_verb cli_train, cli_lr_find, cli_predict, cli_eval, cli_read, cli_compare, cli_plot, cli_show_digits,
    cli_show_filters, cli_show_maps, cli_show_saliency, cli_data_show, cli_data_check, cli_data_make, cli_data_pages,
    cli_data_get, cli_recipe_list, cli_recipe_show, cli_recipe_layers, cli_info_verb, cli_import, cli_export, cli_serve,
    cli_doctor, cli_bench_train, cli_bench_infer, cli_bench_op, cli_bench_sweep, cli_bench_csv, cli_version, cli_help;

/* The verb whose name are the first words of argv: *used of them. NULL: argv[0] is none, or only the first half of one
 * ("data"): then *used is 0 or 1. */
const cli_verb *cli_verb_find(int argc, char *const *argv, int *used);

/* ---- options that several verbs have ---- */

extern const cli_group cli_common;  /* --quiet --color --help --version */
extern const cli_group cli_machine; /* --device --precision --threads --exact */
extern cli_group cli_recipe_keys;   /* the keys of a recipe; empty until cli_tables_begin */

/* Fills cli_recipe_keys. To be called once, first. */
void cli_tables_begin(void);

/* The values of cli_machine. */
ink_engine cli_engine(const cli_args *args);

#define CLI_JSON                                                                                                       \
    { "json", 0, CLI_FLAG, NULL, NULL, "print one JSON object on stdout instead of text", 0, 0 }
#define CLI_EVAL_BATCH                                                                                                 \
    { "eval-batch-size", 0, CLI_WHOLE, "N", "1000", "images computed at once: its speed, and rounding", 1, 65536 }

#endif

/* cli/cmd_recipe.c: inkling recipe list, show and layers: the built-in ways of training, and what nets are made of.
 * The recipes themselves are text files, compiled in. */
#include "cli/result.h"
#include "cli/say.h"
#include "cli/verbs.h"

static int run_list(const cli_args *args);
static int run_show(const cli_args *args);
static int run_layers(const cli_args *args);

const cli_verb cli_recipe_list = {
    .name = "recipe list",
    .words = "",
    .summary = "name the built-in recipes",
    .about = "Prints the name of each built-in recipe and what it is for. inkling train --recipe NAME follows one.",
    .groups = {&cli_common},
    .run = run_list,
};

const cli_verb cli_recipe_show = {
    .name = "recipe show",
    .words = "RECIPE|FILE",
    .summary = "print a recipe, to read or to change",
    .about =
        "Prints the text of a recipe. A changed copy is a recipe too: inkling train DATA --recipe FILE. Its keys are "
        "the options of inkling train without their dashes; inkling recipe layers lists what may stand below [net].",
    .missing = "the name of a recipe; inkling recipe list tells them",
    .least = 1,
    .most = 1,
    .groups = {&cli_common},
    .examples = {"recipe show v3", "recipe show v3 >mine.txt"},
    .run = run_show,
};

const cli_verb cli_recipe_layers = {
    .name = "recipe layers",
    .words = "",
    .summary = "list the layers that nets are made of",
    .about = "Prints the line of each kind of layer, as it may stand below [net] in a recipe or in a file for --net.",
    .groups = {&cli_common},
    .run = run_layers,
};

/* text is read after the work is done. */
static int tell(ink_status status, char *const *text, const ink_error *err) {
    if (status != INK_OK) return cli_failed(err);
    cli_result_text(*text);
    ink_work_free(*text);
    return 0;
}

static int run_list(const cli_args *args) {
    char *text = NULL;
    ink_error err = {0};
    (void)args;
    return tell(ink_work_recipe_list(&text, &err), &text, &err);
}

static int run_show(const cli_args *args) {
    char *text = NULL;
    ink_error err = {0};
    return tell(ink_work_recipe_show(args->words[0], &text, &err), &text, &err);
}

static int run_layers(const cli_args *args) {
    char *text = NULL;
    ink_error err = {0};
    (void)args;
    return tell(ink_work_recipe_layers(&text, &err), &text, &err);
}

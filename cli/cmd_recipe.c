/* cli/cmd_recipe.c: inkling recipe list and show: the built-in ways of training.
 * The recipes themselves are text files, compiled in. */
#include "cli/result.h"
#include "cli/say.h"
#include "cli/verbs.h"

static int run_list(const cli_args *args);
static int run_show(const cli_args *args);

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
        "Prints the text of a recipe. A changed copy is a recipe too: inkling train DATA --recipe FILE.\n\n"
        "Below [net] each line is a layer: linear K, conv K RxS, depthwise RxS, batchnorm, relu, leaky-relu, gelu, "
        "silu, hardswish, softmax, maxpool RxS, avgpool RxS, global-avgpool, global-maxpool, flatten, dropout RATE; "
        "residual { ... } and repeat N { ... } hold others. docs/training.md says what may follow each word.",
    .missing = "the name of a recipe; inkling recipe list tells them",
    .least = 1,
    .most = 1,
    .groups = {&cli_common},
    .examples = {"recipe show v3", "recipe show v3 >mine.txt"},
    .run = run_show,
};

static int run_list(const cli_args *args) {
    char *text = NULL;
    ink_error err = {0};
    (void)args;
    if (ink_work_recipe_list(&text, &err) != INK_OK) return cli_failed(&err);
    cli_result_text(text);
    ink_work_free(text);
    return 0;
}

static int run_show(const cli_args *args) {
    char *text = NULL;
    ink_error err = {0};
    if (ink_work_recipe_show(args->words[0], &text, &err) != INK_OK) return cli_failed(&err);
    cli_result_text(text);
    ink_work_free(text);
    return 0;
}

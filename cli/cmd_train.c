/* cli/cmd_train.c: inkling train: from labelled digits to a run folder and a submission.
 * The training itself is ink_work_train; here are its words and what a person reads at its end. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/progress.h"
#include "cli/result.h"
#include "cli/say.h"
#include "cli/verbs.h"

#define WORD  (4 * INK_PATH_SIZE)
#define GRAPH 76 /* columns of the graph, when the terminal has them */

#define KAGGLE_ROWS 28000 /* of Kaggle's test.csv: a submission of other digits is refused there */

static const cli_option options[] = {
    {"test", 0, CLI_TEXT, "FILE", "what stands beside DATA", "the digits to predict", 0, 0},
    {"recipe", 0, CLI_TEXT, "NAME|FILE", "default", "how to train; inkling recipe list shows the built-in ones", 0, 0},
    {"net", 0, CLI_TEXT, "NAME|FILE", "the recipe's", "the network", 0, 0},
    {"out", 'o', CLI_OUT, "DIR", "runs/<date>-<recipe>", "the run folder, which gets everything", 0, 0},
    {"force", 0, CLI_FLAG, NULL, NULL, "replace a run that stands in the run folder", 0, 0},
    {"resume", 0, CLI_TEXT, "RUN", NULL, "go on with a stopped run, to the same bytes as if it had never stopped", 0,
     0},
    {"weights", 0, CLI_TEXT, "FILE", NULL,
     "begin with the weights of a model, run, .pth or .safetensors, or of a built-in model, where they fit", 0, 0},
    {"freeze", 0, CLI_CHOICE, "body|none", "none", "body: only the last layer learns", 0, 0},
    {"teacher", 0, CLI_LIST, "MODEL", NULL, "learn also from what this file or run says; several: from their mean", 0,
     0},
    {"save-every", 0, CLI_PERIOD, "TIME", "each epoch", "save for --resume also every so often, such as 10m", 0, 0},
    CLI_JSON,
};
static const cli_group group = {"Options", options, sizeof options / sizeof options[0]};

static int run(const cli_args *args);

const cli_verb cli_train = {
    .name = "train",
    .words = "DATA [MORE...]",
    .summary = "learn from labelled digits; write a run folder and submission.csv",
    .about =
        "Reads DATA, holds a part of it out, trains on the rest, measures after each epoch on what was held out, and "
        "draws the graph of it. When there is a test file too, writes submission.csv for Kaggle. All of it goes to a "
        "run folder.\n\n"
        "DATA is Kaggle's train.csv, plain or gzipped; a folder with Kaggle's files; Kaggle's zip; MNIST's IDX files "
        "(a folder, or one of them); or a folder of pictures in class folders 0 to 9. MORE are of the same kinds, or "
        "folders of pictures such as `serve --corrections` keeps: all of their rows are learned from, none is held "
        "out, so that the accuracy stays comparable; only exact copies of rows held out of DATA are left out. Named "
        "twice, they count twice.\n\n"
        "Ctrl-C finishes the batch, saves, and prints how to go on. Each key of a recipe is an option here; a value of "
        "several words stands in quotes.",
    .missing = "DATA: Kaggle's train.csv, its folder or zip, or MNIST's files",
    .most = 17,
    .groups = {&group, &cli_recipe_keys, &cli_machine, &cli_common},
    .examples = {"train train.csv", "train digit-recognizer.zip --recipe v3 --out runs/v3", "train --resume runs/v3",
                 "train train.csv --epochs 20 --val '0.01 random'"},
    .run = run,
};

/* ---- the command line ---- */

/* A run goes on as it began: what would change it is refused, not ignored. */
static ink_status check_resume(const cli_args *args, ink_error *err) {
    static const char *const fixed[] = {"test", "recipe", "net", "out", "force", "weights", "freeze", "teacher"};
    const char *given = NULL;
    if (cli_text(args, "resume") == NULL) return INK_OK;
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        if (cli_text(args, fixed[i]) != NULL) given = fixed[i];
    }
    for (size_t i = 0; i < cli_recipe_keys.n; i++) {
        if (cli_text(args, cli_recipe_keys.options[i].name) != NULL) given = cli_recipe_keys.options[i].name;
    }
    if (given == NULL) return INK_OK;
    cli_fail(err, INK_E_USAGE, "--resume takes all settings from the run: '--%s' cannot be changed", given);
    cli_hint(err, "leave out --%s, or begin a new run from these weights with --weights", given);
    return INK_E_USAGE;
}

static size_t gather_settings(const cli_args *args, ink_setting *settings) {
    size_t n = 0;
    for (size_t i = 0; i < cli_recipe_keys.n; i++) {
        const char *key = cli_recipe_keys.options[i].name;
        const char *value = cli_text(args, key);
        if (value != NULL) settings[n++] = (ink_setting){.key = key, .value = value};
    }
    return n;
}

/* ---- the end ---- */

static const char *percent(double share, char *text, size_t size) {
    snprintf(text, size, "%.2f %%", share * 100);
    return text;
}

static void print_accuracy(const ink_train_result *r) {
    char share[32], n[32];
    if (r->nets > 0) {
        cli_result_text(r->table);
    } else if (r->val_rows == 0) {
        cli_result("trained on all %s digits: nothing was held out, so no accuracy is claimed",
                   cli_thousands(r->train_rows, n));
    } else if (r->best_epoch > 0) {
        cli_result("validation accuracy %s with the last weights: %u/%u wrong",
                   percent(r->last_accuracy, share, sizeof share),
                   (unsigned)((1 - r->last_accuracy) * r->val_rows + 0.5), (unsigned)r->val_rows);
        cli_result("best validation accuracy %s in epoch %u of %u: %u/%u wrong",
                   percent(r->best_accuracy, share, sizeof share), (unsigned)r->best_epoch, (unsigned)r->epochs,
                   (unsigned)r->best_errors, (unsigned)r->val_rows);
    } else {
        cli_result("no epoch was measured");
    }
    if (r->reached && r->nets == 0) {
        cli_result("reached %s in epoch %u, after %.1f s of training and measuring",
                   percent(r->until, share, sizeof share), (unsigned)r->epochs, r->trained_s);
    }
    if (r->test_scored) {
        cli_result("test accuracy %s with the last weights, scored once: %u/%u wrong",
                   percent(r->test_accuracy, share, sizeof share), (unsigned)r->test_errors, (unsigned)r->test_rows);
    }
}

/* The line that hands the submission to Kaggle; inkling never does it by itself. */
static void print_kaggle(const ink_train_result *r, const char *before) {
    char path[WORD], note[160], share[32], quoted[200];
    if (r->nets > 0) {
        snprintf(note, sizeof note, "inkling %s, %u nets", r->recipe, (unsigned)r->nets);
    } else if (r->val_rows > 0 && r->best_epoch > 0) { /* the last weights wrote it, not the best */
        snprintf(note, sizeof note, "inkling %s, %s on held-out digits", r->recipe,
                 percent(r->last_accuracy, share, sizeof share));
    } else {
        snprintf(note, sizeof note, "inkling %s", r->recipe);
    }
    cli_result("%skaggle competitions submit -f %s -m %s digit-recognizer", before,
               cli_quoted(r->submission, path, sizeof path), cli_quoted(note, quoted, sizeof quoted));
}

static void print_next(const ink_train_result *r, const char *program) {
    static const char first[] = "next:        ", other[] = "             ";
    char run_word[WORD], data_word[WORD];
    bool submits = r->submission[0] != '\0' && r->test_rows == KAGGLE_ROWS;
    if (submits) print_kaggle(r, first);
    cli_quoted(r->run, run_word, sizeof run_word);
    if (r->val_rows > 0) {
        cli_result("%s%s eval %s %s --held-out", submits ? other : first, program, run_word,
                   cli_quoted(r->data, data_word, sizeof data_word));
    } else {
        cli_result("%s%s info %s%s", submits ? other : first, program, run_word, r->nets > 0 ? "/members/01" : "");
    }
    cli_result("%s%s predict %s DATA", other, program, run_word);
}

static void print_graph(const ink_train_result *r) {
    char *text = NULL;
    ink_error err;
    unsigned columns = cli_out_columns();
    if (r->val_rows == 0 || (r->best_epoch == 0 && r->nets < 2)) return;
    if (columns > GRAPH) columns = GRAPH;
    if (ink_work_graph_text(r->run, columns, cli_is_utf8(), &text, &err) != INK_OK) {
        cli_warn("no graph here: %s", err.text);
        return;
    }
    cli_result("%s", "");
    cli_result_text(text);
    ink_work_free(text);
}

static void print_path(const char *label, const char *path) {
    char plain[WORD];
    ink_work_escape(plain, sizeof plain, path);
    if (path[0] != '\0') cli_result("%s%s", label, plain);
}

static void print_text(const ink_train_result *r, const char *program) {
    print_accuracy(r);
    print_path("run folder:  ", r->run);
    print_path("graph:       ", r->graph);
    print_path("submission:  ", r->submission);
    print_next(r, program);
    print_graph(r);
}

/* Of several nets: each by itself. */
static json_t *members_array(const ink_train_result *r) {
    json_t *list = json_array();
    for (uint32_t k = 0; r->members != NULL && k < r->nets; k++) {
        const ink_train_member *one = &r->members[k];
        json_t *object = json_object();
        cli_json_whole(object, "seed", one->seed);
        cli_json_whole(object, "epochs", one->epochs);
        cli_json_whole(object, "train_rows", one->train_rows);
        cli_json_whole(object, "val_rows", one->val_rows);
        if (one->val_rows > 0) cli_json_whole(object, "errors", one->errors);
        cli_json_real(object, "accuracy", one->accuracy);
        cli_json_real(object, "loss", one->loss);
        cli_json_real(object, "seconds", one->seconds);
        json_array_append_new(list, object);
    }
    return list;
}

static void print_json(const ink_train_result *r) {
    json_t *object = cli_json_new("train");
    bool measured = r->val_rows > 0 && r->best_epoch > 0;
    cli_json_text(object, "run", r->run);
    cli_json_text(object, "recipe", r->recipe);
    cli_json_whole(object, "seed", r->seed);
    cli_json_whole(object, "epochs", r->epochs);
    cli_json_whole(object, "train_rows", r->train_rows);
    cli_json_whole(object, "val_rows", r->val_rows);
    if (measured) {
        cli_json_whole(object, "best_epoch", r->best_epoch);
        cli_json_real(object, "best_accuracy", r->best_accuracy);
        cli_json_real(object, "best_loss", r->best_loss);
        cli_json_whole(object, "best_errors", r->best_errors);
        cli_json_real(object, "last_accuracy", r->last_accuracy);
        cli_json_real(object, "last_loss", r->last_loss);
    }
    if (r->nets > 0) {
        cli_json_whole(object, "nets", r->nets);
        cli_json_real(object, "mean_accuracy", r->mean_accuracy);
        cli_json_real(object, "deviation_accuracy", r->deviation_accuracy);
        cli_json_whole(object, "errors", r->all_errors);
        cli_json_real(object, "accuracy", r->all_accuracy);
        cli_json_real(object, "low", r->all_low);
        cli_json_real(object, "high", r->all_high);
        cli_json_put(object, "members", members_array(r));
    }
    if (r->until > 0) {
        cli_json_real(object, "until", r->until);
        cli_json_bool(object, "reached", r->reached);
        cli_json_real(object, "trained_seconds", r->trained_s);
    }
    if (r->test_scored) {
        cli_json_whole(object, "test_rows", r->test_rows);
        cli_json_whole(object, "test_errors", r->test_errors);
        cli_json_real(object, "test_accuracy", r->test_accuracy);
    }
    cli_json_text(object, "submission", r->submission);
    cli_json_text(object, "graph", r->graph);
    cli_json_text(object, "weights_sha256", r->weights_sha256);
    cli_json_real(object, "seconds", r->seconds);
    cli_result_json(object);
}

/* What a stopped or broken run left behind, on stderr. */
static int print_failure(const ink_train_result *r, const char *program, const ink_error *err) {
    char word[WORD];
    if (err->status != INK_E_STOPPED) {
        int code = cli_failed(err);
        if (r->run[0] != '\0') cli_tell("what there is of the run stands in %s", r->run);
        return code;
    }
    cli_progress_hide();
    if (r->run[0] == '\0') {
        cli_tell("stopped before the first batch: nothing was saved");
    } else if (r->unsaved) {
        cli_tell("stopped, and not saved: what there is of the run stands in %s", r->run);
        cli_tell("to go on from its last checkpoint, if it has one: %s train --resume %s", program,
                 cli_quoted(r->run, word, sizeof word));
    } else {
        cli_tell("stopped; the run is saved in %s", r->run);
        cli_tell("to go on: %s train --resume %s", program, cli_quoted(r->run, word, sizeof word));
    }
    return cli_exit_code(err->status);
}

/* `--val 0.1 stratified` without quotes: the second word of a value would pass for more DATA. */
static ink_status check_words(const cli_args *args, ink_error *err) {
    static const char *const parts[] = {"stratified", "random", "same", "auto", "normal"};
    for (size_t i = 0; i < args->n_words; i++) {
        const char *word = args->words[i];
        bool number = strpbrk(word, "0123456789") != NULL && strspn(word, "0123456789.eE+-%") == strlen(word);
        bool part = number && args->n_words > 1; /* DATA alone may have any name */
        for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) part = part || strcmp(word, parts[k]) == 0;
        if (!part || access(word, F_OK) == 0) continue;
        cli_fail(err, INK_E_USAGE, "'%s' is no DATA: a value of several words stands in quotes", word);
        cli_hint(err, "--val '0.1 stratified'   --augment 'rotate 12 shift 0.08'   --members '5 same'");
        return INK_E_USAGE;
    }
    return INK_OK;
}

static int run(const cli_args *args) {
    ink_setting settings[CLI_OPTIONS];
    ink_train_result result;
    ink_error err = {0};
    ink_watch watch = cli_watch();
    const char *freeze = cli_text(args, "freeze");
    ink_train_options o = {
        .data = args->n_words > 0 ? args->words[0] : NULL,
        .more = args->n_words > 1 ? args->words + 1 : NULL,
        .n_more = args->n_words > 1 ? args->n_words - 1 : 0,
        .test = cli_text(args, "test"),
        .recipe = cli_text(args, "recipe"),
        .net = cli_text(args, "net"),
        .settings = settings,
        .n_settings = gather_settings(args, settings),
        .out = cli_text(args, "out"),
        .force = cli_flag(args, "force"),
        .resume = cli_text(args, "resume"),
        .weights = cli_text(args, "weights"),
        .freeze = freeze != NULL && strcmp(freeze, "none") != 0 ? freeze : NULL,
        .teachers = args->listed,
        .n_teachers = args->n_listed,
        .save_every_s = cli_real(args, "save-every"),
        .argv = args->argv,
        .engine = cli_engine(args),
    };
    char program[WORD];
    cli_program(args->argv[0], program, sizeof program);
    ink_status status = check_resume(args, &err);
    if (status == INK_OK) status = check_words(args, &err);
    if (status == INK_OK && o.resume == NULL) status = cli_need_words(args, 1, &err);
    if (status != INK_OK) return cli_failed(&err);
    memset(&result, 0, sizeof result);
    cli_progress_begin("reading %s", o.data != NULL ? o.data : o.resume);
    status = ink_work_train(&o, &watch, &result, &err);
    if (status != INK_OK && status != INK_E_THRESHOLD) {
        ink_work_free(result.table);
        ink_work_free(result.members);
        return print_failure(&result, program, &err);
    }
    cli_progress_hide();
    if (cli_flag(args, "json")) {
        print_json(&result);
    } else {
        print_text(&result, program);
    }
    ink_work_free(result.table);
    ink_work_free(result.members);
    return status == INK_OK ? 0 : cli_failed(&err);
}

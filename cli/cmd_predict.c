/* cli/cmd_predict.c: inkling predict: digits to Kaggle's submission.csv.
 * Which file of DATA is predicted, and how, is ink_work_predict's business. */
#include <string.h>

#include "cli/progress.h"
#include "cli/result.h"
#include "cli/say.h"
#include "cli/verbs.h"

static const cli_option options[] = {
    {"out", 'o', CLI_OUT, "FILE", "submission.csv", "where the predictions go", 0, 0},
    {"probabilities", 0, CLI_OUT, "FILE", NULL, "write the probability of each digit too", 0, 0},
    {"force", 0, CLI_FLAG, NULL, NULL, "replace a file that is there and is no submission", 0, 0},
    {"tta", 0, CLI_TEXT, "N|all", NULL, "look at each image in N ways (moved, turned, scaled), at most 15", 0, 0},
    {"tta-below", 0, CLI_REAL, "P", NULL, "but only when its likeliest digit is less probable than P, such as 0.99", 0,
     1},
    CLI_EVAL_BATCH,
    CLI_JSON,
};
static const cli_group group = {"Options", options, sizeof options / sizeof options[0]};

static int run(const cli_args *args);

const cli_verb cli_predict = {
    .name = "predict",
    .words = "[MODEL...] DATA",
    .summary = "write submission.csv for the digits of DATA, or print what pictures show",
    .about =
        "Predicts the test file of DATA, or its only file, and writes ImageId,Label lines as Kaggle wants them, read "
        "back and checked. The last word is the data. MODEL is a run folder, a .safetensors file or the name of a "
        "built-in model; several are an ensemble, whose probabilities are averaged; none is the built-in model "
        "digits.\n\n"
        "Pictures (PNG or JPEG files, any number of them at the end, or a folder of them or of class folders 0 to 9) "
        "are read one digit each: a line file, digit, probability on stdout, tabs between. Either polarity is "
        "understood; a 28x28 picture that looks like MNIST's is taken as it is, any other is cut to its ink and "
        "normalised. A file that cannot be read gives one line on stderr, and the others are still read; the exit code "
        "is "
        "then that of the first such file. With --out a folder of pictures makes a submission, in the order of the "
        "files' names.",
    .missing = "DATA: a test.csv, a folder or zip with one, MNIST's files, or pictures",
    .least = 1,
    .most = SIZE_MAX,
    .groups = {&group, &cli_machine, &cli_common},
    .examples = {"predict test.csv", "predict runs/v3 five.png seven.jpg",
                 "predict runs/a runs/b runs/c test.csv -o together.csv",
                 "predict runs/v3 test.csv --probabilities p.csv"},
    .run = run,
};

static void print_text(const ink_predict_result *r, const char *where) {
    char n[32];
    cli_result("%s prediction%s in %s", cli_thousands(r->rows, n), r->rows == 1 ? "" : "s", where);
    for (int digit = 0; digit < 10; digit++) {
        double share = r->rows > 0 ? 100.0 * r->counts[digit] / r->rows : 0;
        cli_result("  %d  %8s  %5.1f %%", digit, cli_thousands(r->counts[digit], n), share);
    }
    cli_info("%.3g s, %s images/s", r->seconds, cli_thousands((unsigned long long)r->images_per_s, n));
}

static void print_json(const ink_predict_result *r, const char *probabilities) {
    json_t *object = cli_json_new("predict");
    json_t *counts = json_array();
    for (int digit = 0; digit < 10; digit++) json_array_append_new(counts, json_integer(r->counts[digit]));
    cli_json_text(object, "submission", r->submission);
    cli_json_text(object, "probabilities", probabilities);
    cli_json_whole(object, "rows", r->rows);
    cli_json_put(object, "counts", counts);
    cli_json_real(object, "seconds", r->seconds);
    cli_json_real(object, "images_per_s", r->images_per_s);
    cli_result_json(object);
}

/* The words at the end that are pictures; one folder of pictures may stand there instead. */
static size_t pictures_at_end(const cli_args *args) {
    size_t n = 0;
    while (n < args->n_words && ink_work_is_picture(args->words[args->n_words - 1 - n])) n++;
    return n == 0 && ink_work_holds_pictures(args->words[args->n_words - 1]) ? 1 : n;
}

static void print_answer_text(const ink_picture_answer *a) {
    cli_result_file(a->file);
    cli_result("%u\t%.4f", a->digit, (double)a->p[a->digit]);
}

static json_t *answer_object(const ink_picture_answer *a) {
    json_t *object = json_object(), *p = json_array();
    cli_json_text(object, "file", a->file);
    if (a->status != INK_OK) {
        cli_json_text(object, "error", a->why);
        json_decref(p);
        return object;
    }
    for (int digit = 0; digit < 10; digit++) json_array_append_new(p, json_real((double)a->p[digit]));
    cli_json_whole(object, "digit", a->digit);
    cli_json_real(object, "probability", (double)a->p[a->digit]);
    cli_json_put(object, "probabilities", p);
    return object;
}

/* A picture that cannot be read is told of, and the others are read all the same. */
static int run_pictures(const cli_args *args, ink_predict_options *o) {
    ink_picture_answers found;
    ink_error err = {0};
    ink_watch watch = cli_watch();
    const char *unsure = NULL; /* the first of them */
    int code = 0;
    if (o->n_pictures == 1) cli_progress_begin("reading %s", o->pictures[0]);
    if (o->n_pictures > 1) cli_progress_begin("reading %zu pictures", o->n_pictures);
    if (ink_work_predict_pictures(o, &watch, &found, &err) != INK_OK) return cli_failed(&err);
    cli_progress_hide();
    json_t *object = cli_flag(args, "json") ? cli_json_new("predict-pictures") : NULL, *list = json_array();
    for (uint32_t i = 0; i < found.count; i++) {
        const ink_picture_answer *a = &found.answers[i];
        if (a->status == INK_OK && unsure == NULL && a->p[a->digit] < 0.5f) unsure = a->file;
        if (a->status != INK_OK) {
            cli_fail(&err, a->status, "%s", a->why);
            int failed = cli_failed(&err);
            if (code == 0) code = failed;
        } else if (object == NULL) {
            print_answer_text(a);
        }
        if (object != NULL) json_array_append_new(list, answer_object(a));
    }
    if (object != NULL) {
        cli_json_put(object, "pictures", list);
        cli_result_json(object);
    } else {
        json_decref(list);
    }
    if (unsure != NULL) {
        cli_info("%s: unsure; a picture of several digits is for 'inkling read'", unsure);
    }
    ink_work_picture_answers_free(&found);
    return code;
}

static int run(const cli_args *args) {
    size_t n_pictures = pictures_at_end(args);
    ink_predict_result result;
    ink_error err = {0};
    ink_watch watch = cli_watch();
    ink_predict_options o = {
        .models = args->words,
        .n_models = args->n_words - 1,
        .data = args->words[args->n_words - 1],
        .out = cli_text(args, "out"),
        .probabilities = cli_text(args, "probabilities"),
        .force = cli_flag(args, "force"),
        .eval_batch_size = (uint32_t)cli_whole(args, "eval-batch-size"),
        .tta = cli_text(args, "tta"),
        .tta_below = cli_real(args, "tta-below"),
        .engine = cli_engine(args),
    };
    if (n_pictures > 0) {
        o.n_models = args->n_words - n_pictures;
        o.pictures = args->words + o.n_models;
        o.n_pictures = n_pictures;
        if (o.out == NULL && o.probabilities == NULL) {
            cli_result_spare(NULL); /* no submission.csv */
            return run_pictures(args, &o);
        }
        if (n_pictures > 1) {
            cli_fail(&err, INK_E_USAGE, "a submission is of one DATA, here are %zu pictures", n_pictures);
            cli_hint(&err, "without --out and --probabilities each picture's digit is printed");
            return cli_failed(&err);
        }
    }
    memset(&result, 0, sizeof result);
    cli_progress_begin("reading %s", o.data);
    if (ink_work_predict(&o, &watch, &result, &err) != INK_OK) return cli_failed(&err);
    cli_progress_hide();
    if (cli_flag(args, "json")) {
        print_json(&result, o.probabilities);
    } else {
        print_text(&result, result.submission[0] != '\0' ? result.submission : o.probabilities);
    }
    return 0;
}

/* cli/cmd_show.c: inkling show filters, maps, saliency: what a model has learned, what it makes of one image.
 * Pictures and text come whole from ink_work_look; digits are shown by data show. */
#include <string.h>

#include "cli/progress.h"
#include "cli/result.h"
#include "cli/say.h"
#include "cli/verbs.h"

#define IMAGE                                                                                                          \
    { "image", 0, CLI_WHOLE, "N", "0", "which image of DATA, counted from 0", 0, UINT32_MAX }

static const cli_option filters_options[] = {
    {"out", 'o', CLI_OUT, "FILE", "filters.png", "the picture to draw, .png or .svg", 0, 0},
};
static const cli_option maps_options[] = {
    IMAGE,
    {"out", 'o', CLI_OUT, "FILE", "maps.png", "the picture to draw, .png or .svg", 0, 0},
};
static const cli_option saliency_options[] = {
    IMAGE,
    {"out", 'o', CLI_OUT, "FILE", "saliency.png", "the picture to draw, .png or .svg", 0, 0},
};
static const cli_group filters_group = {"Options", filters_options, sizeof filters_options / sizeof filters_options[0]};
static const cli_group maps_group = {"Options", maps_options, sizeof maps_options / sizeof maps_options[0]};
static const cli_group saliency_group = {"Options", saliency_options,
                                         sizeof saliency_options / sizeof saliency_options[0]};

static int run_filters(const cli_args *args);
static int run_maps(const cli_args *args);
static int run_saliency(const cli_args *args);

#define DATA_IS                                                                                                        \
    "DATA is whatever inkling reads, a single PNG or JPEG too; --image N picks one of its images (N from 0, as in "    \
    "worst.csv and suspects.csv)."

const cli_verb cli_show_filters = {
    .name = "show filters",
    .words = "[MODEL]",
    .summary = "draw the weights of a model's first layer",
    .about = "Draws each filter of the first layer as a picture (of a net that begins with a linear layer: the weights "
             "of each of its outputs, as an image), and prints a few as text. MODEL is a run folder, a .safetensors "
             "file or the name of a built-in model; none is the built-in model digits. The digits of a data set, "
             "distorted ones too, are shown by 'inkling data show'.",
    .missing = "MODEL: a run folder, a .safetensors file or the name of a built-in model",
    .least = 0,
    .most = 1,
    .groups = {&filters_group, &cli_common},
    .examples = {"show filters runs/cnn"},
    .run = run_filters,
};

const cli_verb cli_show_maps = {
    .name = "show maps",
    .words = "[MODEL] DATA",
    .summary = "draw what each layer makes of one image",
    .about = "Draws the feature maps of one image: what comes out of each layer's activation, up to 32 maps of "
             "each. " DATA_IS,
    .missing = "DATA: digits, such as train.csv or a picture",
    .least = 1,
    .most = 2,
    .groups = {&maps_group, &cli_machine, &cli_common},
    .examples = {"show maps runs/cnn train.csv --image 351", "show maps runs/cnn five.png -o five-maps.png"},
    .run = run_maps,
};

const cli_verb cli_show_saliency = {
    .name = "show saliency",
    .words = "[MODEL] DATA",
    .summary = "draw which pixels of one image the answer hangs on",
    .about =
        "Lays a square of 5x5 pixels of paper over each place of the image in turn and measures how the loss of the "
        "model's answer changes; each pixel gets the mean over the squares that cover it (occlusion; Zeiler and "
        "Fergus, arXiv:1311.2901). \"for\" is dark where erasing weakens the answer, \"against\" where it strengthens "
        "it, on one scale. " DATA_IS,
    .missing = "DATA: digits, such as train.csv or a picture",
    .least = 1,
    .most = 2,
    .groups = {&saliency_group, &cli_machine, &cli_common},
    .examples = {"show saliency runs/cnn train.csv --image 19208", "show saliency runs/cnn five.png"},
    .run = run_saliency,
};

/* words: how many stand when the model is named, the last of two being the data. */
static int look(const cli_args *args, size_t words, ink_look_options *o, const char *picture) {
    char *text = NULL;
    ink_error err = {0};
    ink_watch watch = cli_watch();
    o->model = args->n_words > words - 1 ? args->words[0] : NULL;
    o->data = words == 2 ? args->words[args->n_words - 1] : NULL;
    o->out = cli_text(args, "out");
    o->columns = cli_out_columns();
    o->utf8 = cli_is_utf8();
    if (args->n_words > 0) cli_progress_begin("reading %s", args->words[args->n_words - 1]);
    if (ink_work_look(o, &watch, &text, &err) != INK_OK) return cli_failed(&err);
    cli_progress_hide();
    cli_result_text(text);
    cli_result("picture: %s", o->out != NULL ? o->out : picture);
    ink_work_free(text);
    return 0;
}

static int run_filters(const cli_args *args) {
    ink_look_options o = {.what = INK_LOOK_FILTERS};
    return look(args, 1, &o, "filters.png");
}

static int run_maps(const cli_args *args) {
    ink_look_options o = {
        .what = INK_LOOK_MAPS, .image = (uint32_t)cli_whole(args, "image"), .engine = cli_engine(args)};
    return look(args, 2, &o, "maps.png");
}

static int run_saliency(const cli_args *args) {
    ink_look_options o = {
        .what = INK_LOOK_SALIENCY, .image = (uint32_t)cli_whole(args, "image"), .engine = cli_engine(args)};
    return look(args, 2, &o, "saliency.png");
}

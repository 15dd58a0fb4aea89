/* cli/cmd_import.c: inkling import and export: weights from other programs, and for them.
 * The work is ink_work_import and ink_work_export. */
#include <string.h>

#include "cli/result.h"
#include "cli/say.h"
#include "cli/verbs.h"

#define WORD (4 * INK_PATH_SIZE)

/* ---- import ---- */

static const cli_option import_options[] = {
    {"net", 0, CLI_TEXT, "NAME|FILE", "what FILE says of itself", "the network that the weights are of", 0, 0},
    {"normalise", 0, CLI_TEXT, "HOW", "imagenet for three channels, else range 255 0",
     "pixels to numbers, as the net was trained; the recipe's words", 0, 0},
    {"out", 'o', CLI_OUT, "MODEL", NULL, "the model file, .safetensors; must be given", 0, 0},
    {"seed", 0, CLI_WHOLE, "N", "0", "first weights of what FILE does not have", 0, 1e15},
    {"partial", 0, CLI_FLAG, NULL, NULL, "take what fits, also when more than the last layer does not", 0, 0},
    {"force", 0, CLI_FLAG, NULL, NULL, "replace a file that stands at MODEL", 0, 0},
    CLI_JSON,
};
static const cli_group import_group = {"Options", import_options, sizeof import_options / sizeof import_options[0]};

static int run_import(const cli_args *args);

const cli_verb cli_import = {
    .name = "import",
    .words = "FILE",
    .summary = "make a model of weights that PyTorch saved",
    .about = "Reads FILE, a .pth or .pt of PyTorch (either of its two formats) or .safetensors, and writes MODEL, "
             "which predict, eval "
             "and train --weights take. Nothing in FILE is ever run. Prefixes (module. model. _orig_mod.) and wrappers "
             "({'state_dict': ...}) are taken off.\n\n"
             "Every tensor that was loaded, skipped or missing is told. The last layer may be of another number of "
             "classes, as ImageNet's 1000: then it is skipped and drawn anew, to be trained. Any other difference is "
             "refused, unless --partial is given.",
    .missing = "FILE: a .pth or .safetensors file",
    .least = 1,
    .most = 1,
    .groups = {&import_group, &cli_common},
    .examples = {"import resnet18.pth --net resnet18 -o resnet18.safetensors",
                 "import mine.pth --net mine.txt -o mine.safetensors"},
    .run = run_import,
};

static ink_status need_out(const cli_args *args, ink_error *err) {
    if (cli_text(args, "out") != NULL) return INK_OK;
    cli_fail(err, INK_E_USAGE, "%s needs -o: the file to write", args->verb->name);
    cli_hint(err, "inkling %s", args->verb->examples[0]);
    return INK_E_USAGE;
}

/* A model that is whole can be measured; one with a new head has it to learn. */
static void print_next(const cli_args *args, const ink_import_options *o, const ink_import_result *r) {
    char program[WORD], model[WORD], net[WORD], how[320];
    cli_program(args->argv[0], program, sizeof program);
    cli_quoted(o->out, model, sizeof model);
    if (r->missing == 0 || o->net == NULL) {
        cli_result("next     %s eval %s DATA", program, model);
    } else {
        bool told = r->normalise[0] != '\0';
        cli_result("next     %s train DATA --weights %s --net %s%s%s --freeze body", program, model,
                   cli_quoted(o->net, net, sizeof net), told ? " --normalise " : "",
                   told ? cli_quoted(r->normalise, how, sizeof how) : "");
    }
}

static int run_import(const cli_args *args) {
    ink_import_result result = {0};
    ink_error err = {0};
    ink_import_options o = {.file = args->words[0],
                            .net = cli_text(args, "net"),
                            .normalise = cli_text(args, "normalise"),
                            .out = cli_text(args, "out"),
                            .seed = cli_whole(args, "seed"),
                            .partial = cli_flag(args, "partial"),
                            .force = cli_flag(args, "force")};
    ink_status status = need_out(args, &err);
    if (status == INK_OK) status = ink_work_import(&o, &result, &err);
    if (status != INK_OK) return cli_failed(&err);
    if (cli_flag(args, "json")) {
        cli_result_text(result.json);
    } else {
        cli_result_text(result.text);
        print_next(args, &o, &result);
    }
    ink_work_free(result.text);
    ink_work_free(result.json);
    return 0;
}

/* ---- export ---- */

static const cli_option export_options[] = {
    {"out", 'o', CLI_OUT, "FILE", NULL, "where it goes, .safetensors; must be given", 0, 0},
    {"dtype", 0, CLI_CHOICE, "f32|f16|i8", "f32",
     "f16: 16-bit floats, i8: bytes with a scale a channel; smaller files, for inkling alone", 0, 0},
    {"note", 0, CLI_LIST, "KEY=TEXT", NULL, "f16, i8: about, score, command or seed, for info to tell", 0, 0},
    {"force", 0, CLI_FLAG, NULL, NULL, "replace a file that stands at FILE", 0, 0},
    CLI_JSON,
};
static const cli_group export_group = {"Options", export_options, sizeof export_options / sizeof export_options[0]};

static int run_export(const cli_args *args);

const cli_verb cli_export = {
    .name = "export",
    .words = "MODEL",
    .summary = "write a model's weights for PyTorch and others",
    .about =
        "Checks MODEL, a model file or a run folder (its last weights), and writes FILE: safetensors with the names, "
        "shapes and counts that PyTorch's state_dict has, so that load_state_dict takes them as they are:\n\n"
        "    net.load_state_dict(safetensors.torch.load_file(FILE))\n\n"
        "The net and the scaling of pixels stand in its metadata: FILE is a model of inkling's too.",
    .missing = "MODEL: a model file or a run folder",
    .least = 1,
    .most = 1,
    .groups = {&export_group, &cli_common},
    .examples = {"export runs/cnn -o cnn.safetensors", "export runs/cnn --dtype f16 -o small.safetensors"},
    .run = run_export,
};

static int run_export(const cli_args *args) {
    ink_export_result result = {0};
    ink_error err = {0};
    const char *out = cli_text(args, "out");
    ink_export_options o = {.model = args->words[0],
                            .out = out,
                            .force = cli_flag(args, "force"),
                            .dtype = cli_text(args, "dtype"),
                            .notes = args->listed,
                            .n_notes = args->n_listed};
    ink_status status = need_out(args, &err);
    if (status == INK_OK) status = ink_work_export(&o, &result, &err);
    if (status != INK_OK) return cli_failed(&err);
    if (cli_flag(args, "json")) {
        json_t *object = cli_json_new("export");
        cli_json_text(object, "model", args->words[0]);
        cli_json_text(object, "file", out);
        cli_json_whole(object, "tensors", result.tensors);
        cli_json_whole(object, "numbers", result.numbers);
        cli_result_json(object);
    } else {
        char numbers[32];
        cli_result("%s: %u tensors, %s numbers", out, (unsigned)result.tensors, cli_thousands(result.numbers, numbers));
    }
    return 0;
}

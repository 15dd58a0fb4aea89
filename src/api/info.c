/* api/info.c: `inkling info`: a net as a table of layers, shapes, parameters and multiply-adds; a model's origin.
 * It computes nothing: shapes come from the graph that the net makes. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "api/builtin.h"
#include "api/json.h"
#include "api/models.h"
#include "api/recipes.h"
#include "core/hash.h"
#include "core/mem.h"
#include "core/number.h"
#include "core/status.h"
#include "files/source.h"
#include "report/runlog.h"
#include "report/text.h"

#define SIDE 28

/* What is being told of. */
typedef struct subject {
    ink_modelfile file; /* a model; else files[0].net is NULL */
    ink_net *net;       /* borrowed from file, or owned */
    bool own_net;
    char title[INK_PATH_SIZE];
    char sha256[65];
    char seed[24], score[96]; /* of a run, beside what its file says; "" when it does not say */
    ink_normalise normalise;
    ink_graph g;
    uint64_t parameters, macs;
} subject;

static bool is_parameter(const ink_graph *g, ink_id id) {
    return id != INK_NONE && g->values[id].role == INK_ROLE_PARAM;
}

static uint64_t parameters_of(const ink_graph *g, const ink_node *node) {
    uint64_t n = 0;
    for (int i = 0; i < INK_NODE_INPUTS; i++) {
        if (is_parameter(g, node->in[i])) n += ink_graph_elements(g, node->in[i]);
    }
    return n;
}

/* "layer1.0.conv1" of a node that has parameters, else "". */
static void name_of(const ink_graph *g, const ink_node *node, char name[INK_NAME_SIZE]) {
    name[0] = '\0';
    for (int i = 0; i < INK_NODE_INPUTS; i++) {
        if (node->in[i] == INK_NONE || g->values[node->in[i]].name[0] == '\0') continue;
        memcpy(name, g->values[node->in[i]].name, INK_NAME_SIZE);
        char *dot = strrchr(name, '.');
        if (dot != NULL) *dot = '\0';
        return;
    }
}

/* What a node does, with the numbers that matter. */
static void kind_of(const ink_node *node, char *text, size_t size) {
    static const char *const activations[] = {"relu", "leaky-relu", "silu", "gelu", "hardswish"};
    char stride[32] = "", pad[32] = "";
    switch (node->op) {
    case INK_OP_CONV2D:
    case INK_OP_DEPTHWISE:
    case INK_OP_MAXPOOL:
    case INK_OP_AVGPOOL:
        if (node->attr.conv.stride != 1) snprintf(stride, sizeof stride, " stride %d", (int)node->attr.conv.stride);
        if (node->attr.conv.pad != node->attr.conv.pad_end) {
            snprintf(pad, sizeof pad, " pad %d:%d", (int)node->attr.conv.pad, (int)node->attr.conv.pad_end);
        } else if (node->attr.conv.pad > 0) {
            snprintf(pad, sizeof pad, " pad %d", (int)node->attr.conv.pad);
        }
        snprintf(text, size, "%s %dx%d%s%s", node->op == INK_OP_CONV2D ? "conv" : ink_op_name(node->op),
                 (int)node->attr.conv.window_h, (int)node->attr.conv.window_w, stride, pad);
        break;
    case INK_OP_ACTIVATION: snprintf(text, size, "%s", activations[node->attr.activation.kind]); break;
    default: snprintf(text, size, "%s", ink_op_name(node->op)); break;
    }
}

static void shape_of(const ink_graph *g, const ink_node *node, char *text, size_t size) {
    const int32_t *d = g->values[node->out[0]].dim;
    if (d[1] == 1 && d[2] == 1) {
        snprintf(text, size, "%d", (int)d[0]);
    } else {
        snprintf(text, size, "%dx%dx%d", (int)d[0], (int)d[1], (int)d[2]);
    }
}

/* ---- finding it ---- */

static bool ends_in(const char *text, const char *ending) {
    size_t length = strlen(text), tail = strlen(ending);
    return length >= tail && strcmp(text + length - tail, ending) == 0;
}

/* The score is the last weights', which are those that the folder of a run stands for. */
static ink_status ask_run(const char *run, subject *s, ink_error *err) {
    char rows[24], errors[24];
    uint64_t n, wrong;
    ink_status status = ink_run_says(run, "env.json", "seed", s->seed, sizeof s->seed, err);
    if (status == INK_OK) status = ink_run_says(run, "report.json", "rows", rows, sizeof rows, err);
    if (status == INK_OK) status = ink_run_says(run, "report.json", "errors", errors, sizeof errors, err);
    if (status != INK_OK || !ink_number_whole(rows, UINT32_MAX, &n) || !ink_number_whole(errors, n, &wrong)) {
        return status;
    }
    snprintf(s->score, sizeof s->score, "%.2f %%: %" PRIu64 " of %" PRIu64 " held-out digits wrong",
             n > 0 ? 100 - 100.0 * (double)wrong / (double)n : 0.0, wrong, n);
    return INK_OK;
}

/* A file or, in front of a recipe of its name, a built-in model. */
static ink_status open_model(const char *name, const ink_embedded *builtin, subject *s, ink_error *err) {
    ink_status status = ink_modelfile_open(name, &s->file, err);
    if (status == INK_OK && builtin != NULL) ink_sha256_of(builtin->bytes, builtin->size_bytes, s->sha256);
    if (status == INK_OK && builtin == NULL) status = ink_source_sha256(s->file.name, s->sha256, err);
    if (status == INK_OK && builtin == NULL && ink_run_is(name)) status = ask_run(name, s, err);
    if (status != INK_OK) return status;
    s->net = s->file.net;
    s->normalise = s->file.normalise;
    snprintf(s->title, sizeof s->title, "%s", s->file.name);
    return INK_OK;
}

static ink_status open_net(const char *what, subject *s, ink_error *err) {
    ink_recipe recipe;
    ink_recipe_start(&recipe);
    ink_status status = INK_OK;
    const char *built_in = ink_recipe_find(what);
    if (built_in != NULL && ink_zoo_find(what) == NULL) {
        status = ink_recipe_parse(&recipe, built_in, what, err);
    } else {
        status = ink_recipe_open_net(&recipe, what, err);
    }
    if (status == INK_OK && recipe.net_text == NULL) status = ink_fail(err, INK_E_USAGE, "%s has no net", what);
    if (status == INK_OK) status = ink_net_parse(recipe.net_text, recipe.net_file, recipe.net_line, &s->net, err);
    ink_recipe_clear(&recipe);
    s->own_net = s->net != NULL;
    s->normalise = (ink_normalise){.channels = 1, .scale = {1.0f / 255}};
    snprintf(s->title, sizeof s->title, "%s", what);
    return status;
}

static ink_status find_subject(const char *what, subject *s, ink_error *err) {
    struct stat about;
    ink_net_ends ends;
    ink_status status;
    bool there = stat(what, &about) == 0;
    const ink_embedded *builtin = there ? NULL : ink_builtin_find(what);
    if ((there && S_ISDIR(about.st_mode)) || ends_in(what, ".safetensors") || builtin != NULL) {
        status = open_model(what, builtin, s, err);
    } else {
        status = open_net(what, s, err);
    }
    if (status != INK_OK) return status;
    ink_net_plan plan = {.height = SIDE, .width = SIDE, .normalise = s->normalise};
    if (s->file.net != NULL) {
        plan.height = s->file.height;
        plan.width = s->file.width;
    }
    status = ink_net_build(s->net, &plan, &s->g, &ends, err);
    if (s->file.net != NULL) status = ink_fault_of_file(status, err);
    for (int32_t i = 0; status == INK_OK && i < s->g.n_nodes; i++) {
        s->parameters += parameters_of(&s->g, &s->g.nodes[i]);
        s->macs += ink_node_macs(&s->g, &s->g.nodes[i]);
    }
    return status;
}

static void clear_subject(subject *s) {
    ink_graph_clear(&s->g);
    if (s->own_net) ink_net_free(s->net);
    ink_modelfile_free(&s->file);
}

/* ---- telling ---- */

/* What a model file may say of itself. */
static const struct {
    const char *note, *name;
} card[] = {
    {"inkling.recipe", "recipe"}, {"inkling.origin", "origin"},           {"inkling.epoch", "epochs"},
    {"inkling.seed", "seed"},     {"inkling.temperature", "temperature"}, {"inkling.score", "score"},
    {"inkling.about", "about"},   {"inkling.command", "command"},         {"inkling.data_sha256", "data"},
};

/* "" when nobody says it. */
static const char *card_value(const subject *s, const char *note) {
    const char *value = ink_tensors_note(&s->file.tensors, note);
    if (value != NULL) return value;
    return strcmp(note, "inkling.seed") == 0 ? s->seed : strcmp(note, "inkling.score") == 0 ? s->score : "";
}

/* How the weights stand in the file: what their first matrix is made of. */
static const char *weights_word(const subject *s) {
    for (size_t i = 0; i < s->file.tensors.n; i++) {
        if (s->file.tensors.items[i].rank >= 2) return ink_dtype_name(s->file.tensors.items[i].dtype);
    }
    return "none";
}

/* Scale and shift; none is 0, not the -0 of 0 with its sign turned. */
static void pixels_text(const subject *s, char *text, size_t size) {
    ink_normalise n = s->file.normalise;
    for (int c = 0; c < n.channels; c++) n.shift[c] = fabsf(n.shift[c]) > 0 ? n.shift[c] : 0;
    ink_normalise_text(&n, text, size);
}

static ink_status tell_text(const subject *s, char **text, ink_error *err) {
    ink_text t = {0};
    size_t wide = 24;
    for (int32_t i = 0; i < s->g.n_nodes; i++) {
        char kind[64];
        kind_of(&s->g.nodes[i], kind, sizeof kind);
        if (strlen(kind) > wide) wide = strlen(kind);
    }
    ink_text_plain(&t, s->title);
    ink_text_format(&t, "\n\n%-26s %-*s %-12s %12s %14s\n", "name", (int)wide, "layer", "output", "parameters",
                    "multiply-adds");
    for (int32_t i = 0; i < s->g.n_nodes; i++) {
        const ink_node *node = &s->g.nodes[i];
        char name[INK_NAME_SIZE], kind[64], shape[48];
        name_of(&s->g, node, name);
        kind_of(node, kind, sizeof kind);
        shape_of(&s->g, node, shape, sizeof shape);
        ink_text_format(&t, "%-26s %-*s %-12s %12" PRIu64 " %14" PRIu64 "\n", name, (int)wide, kind, shape,
                        parameters_of(&s->g, node), ink_node_macs(&s->g, node));
    }
    ink_text_format(&t, "\n%" PRIu64 " parameters, %" PRIu64 " multiply-adds an image\n", s->parameters, s->macs);
    if (s->file.net != NULL) {
        char normalise[160];
        pixels_text(s, normalise, sizeof normalise);
        ink_text_format(&t, "pixels      x * scale + shift: %s\nweights     %s\n", normalise, weights_word(s));
        for (size_t i = 0; i < sizeof card / sizeof *card; i++) {
            const char *value = card_value(s, card[i].note);
            if (value[0] == '\0') continue;
            ink_text_format(&t, "%-11s ", card[i].name);
            ink_text_plain(&t, value);
            ink_text_add(&t, "\n");
        }
        ink_text_format(&t, "sha256      %s\n", s->sha256);
    }
    return ink_text_tell(&t, "the table", text, err);
}

static ink_status tell_json(const subject *s, char **text, ink_error *err) {
    json_t *layers = json_array();
    for (int32_t i = 0; i < s->g.n_nodes; i++) {
        const ink_node *node = &s->g.nodes[i];
        const int32_t *d = s->g.values[node->out[0]].dim;
        char name[INK_NAME_SIZE], kind[64];
        name_of(&s->g, node, name);
        kind_of(node, kind, sizeof kind);
        json_array_append_new(layers,
                              json_pack("{s:s, s:s, s:[i,i,i], s:I, s:I}", "name", name, "layer", kind, "output", d[0],
                                        d[1], d[2], "parameters", (json_int_t)parameters_of(&s->g, node),
                                        "multiply_adds", (json_int_t)ink_node_macs(&s->g, node)));
    }
    json_t *root =
        json_pack("{s:s, s:o, s:o, s:I, s:I}", "schema", "inkling/info/1", "name", ink_json_text(s->title), "layers",
                  layers, "parameters", (json_int_t)s->parameters, "multiply_adds", (json_int_t)s->macs);
    if (root != NULL && s->file.net != NULL) {
        char normalise[160];
        pixels_text(s, normalise, sizeof normalise);
        json_object_set_new(root, "normalise", json_string(normalise));
        json_object_set_new(root, "weights", json_string(weights_word(s)));
        for (size_t i = 0; i < sizeof card / sizeof *card; i++) {
            const char *value = card_value(s, card[i].note);
            if (value[0] != '\0') json_object_set_new(root, card[i].name, json_string(value));
        }
        json_object_set_new(root, "sha256", json_string(s->sha256));
    }
    return ink_json_give(root, text, err);
}

/* A line of the list of built-in models. */
static ink_status describe_builtin(const ink_embedded *builtin, ink_text *text, json_t *models, ink_error *err) {
    subject s = {.own_net = false};
    ink_status status = find_subject(builtin->name, &s, err);
    if (status == INK_OK) {
        const char *score = ink_tensors_note(&s.file.tensors, "inkling.score");
        if (score == NULL) score = "";
        ink_text_format(text, "%-12s %" PRIu64 " parameters, %zu kB: %s\n", builtin->name, s.parameters,
                        (builtin->size_bytes + 500) / 1000, score);
        json_array_append_new(models, json_pack("{s:s, s:I, s:I, s:s, s:s}", "name", builtin->name, "parameters",
                                                (json_int_t)s.parameters, "bytes", (json_int_t)builtin->size_bytes,
                                                "score", score, "sha256", s.sha256));
    }
    clear_subject(&s);
    return status;
}

static ink_status list_all(bool json, char **text, ink_error *err) {
    size_t n;
    const ink_zoo_entry *zoo = ink_zoo(&n);
    ink_text t = {0};
    json_t *nets = json_array(), *models = json_array();
    ink_status status = INK_OK;
    ink_text_format(&t, "built-in nets\n");
    for (size_t i = 0; i < n; i++) {
        ink_text_format(&t, "%-12s %s\n", zoo[i].name, zoo[i].about);
        json_array_append_new(nets, json_pack("{s:s, s:s}", "name", zoo[i].name, "about", zoo[i].about));
    }
    ink_text_format(&t, "\nbuilt-in models\n");
    for (const ink_embedded *file = ink_builtin_models; status == INK_OK && file->name != NULL; file++) {
        status = describe_builtin(file, &t, models, err);
    }
    json_t *root = json_pack("{s:s, s:o, s:o}", "schema", "inkling/nets/1", "nets", nets, "models", models);
    if (status == INK_OK && json) {
        status = ink_json_give(root, text, err);
        root = NULL;
    } else if (status == INK_OK) {
        status = ink_text_give(&t, "the table", text, err);
    }
    json_decref(root);
    ink_text_clear(&t);
    return status;
}

ink_status ink_work_info(const char *what, bool json, char **text, ink_error *err) {
    subject s = {.own_net = false};
    *text = NULL;
    if (what == NULL) return list_all(json, text, err);
    ink_status status = find_subject(what, &s, err);
    if (status == INK_OK) status = json ? tell_json(&s, text, err) : tell_text(&s, text, err);
    clear_subject(&s);
    return status;
}

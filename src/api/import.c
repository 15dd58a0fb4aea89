/* api/import.c: `inkling import` and `export`: other programs' weights to a model file, and a model for other programs.
 * Which tensor fits which layer is weightfile.c's business. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "api/json.h"
#include "api/modelfile_copy.h"
#include "api/modelfile_write.h"
#include "api/models.h"
#include "api/recipes.h"
#include "api/weightfile.h"
#include "core/mem.h"
#include "core/number.h"
#include "core/status.h"
#include "core/utf8.h"
#include "report/text.h"

#define SIDE 28

/* One import under way. */
typedef struct importing {
    const ink_import_options *options;
    ink_weightfile file;
    ink_recipe recipe; /* holds the net's text and the normalisation's words */
    ink_net *net;
    ink_normalise normalise;
    const char *how; /* the words for it, or NULL */
    ink_graph g;
    ink_fit fit;
    ink_error *err;
} importing;

static ink_status refuse_existing(const char *path, bool force, ink_error *err) {
    struct stat about;
    if (force || stat(path, &about) != 0) return INK_OK;
    ink_fail(err, INK_E_USAGE, "%s is there already", path);
    ink_hint(err, "--force replaces it; or name another file");
    return INK_E_USAGE;
}

/* --net, or what a model file says of itself. */
static ink_status find_net(importing *m) {
    const char *own = ink_tensors_note(&m->file.tensors, "inkling.net");
    if (m->options->net != NULL) return ink_recipe_open_net(&m->recipe, m->options->net, m->err);
    if (own != NULL) return ink_recipe_set_net(&m->recipe, own, m->file.path, 1, m->err);
    const char *fits = ink_fit_zoo(&m->file.tensors);
    ink_fail(m->err, INK_E_USAGE, "%s does not say which net its weights are of: --net is missing", m->file.path);
    if (fits != NULL) {
        ink_hint(m->err, "they fit --net %s", fits);
    } else {
        ink_hint(m->err, "'inkling info' lists the nets; or describe it in a file, a layer a line");
    }
    return INK_E_USAGE;
}

/* --normalise, or what a model file says of itself, or what is usual: ImageNet's scaling for a net of three channels,
 * 0..1 for others. */
static ink_status find_normalise(importing *m) {
    const char *how = m->options->normalise, *own = ink_tensors_note(&m->file.tensors, "inkling.normalise");
    if (how == NULL && own != NULL) {
        if (ink_normalise_parse(own, &m->normalise)) return INK_OK;
        return ink_fail(m->err, INK_E_DATA, "%s: its inkling.normalise cannot be read", m->file.path);
    }
    if (how == NULL) how = m->net->channels == 3 ? "imagenet" : "range 255 0";
    ink_status status = ink_recipe_set(&m->recipe, "normalise", how, "--normalise", m->err);
    if (status == INK_OK && m->recipe.normalise == INK_NORMALISE_AUTO) {
        ink_fail(m->err, INK_E_USAGE,
                 "--normalise meanstd auto measures training digits, of which there are none here");
        ink_hint(m->err, "give the numbers: --normalise 'meanstd 0.1307 0.3081'");
        status = INK_E_USAGE;
    }
    if (status == INK_OK) ink_recipe_normalise(&m->recipe, 0, 1, &m->normalise);
    m->how = how;
    return status;
}

/* A head of other classes is nothing unusual; a body that fits in part would make a model of half random weights. */
static ink_status judge_fit(importing *m) {
    char misfits[560];
    if (m->fit.weights.n > 0 && (m->fit.body || m->options->partial)) return INK_OK;
    ink_fit_text(&m->fit, misfits, sizeof misfits);
    ink_fail(m->err, INK_E_DATA, "%s does not fit the net: %s", m->file.path, misfits);
    const char *fits = ink_fit_zoo(&m->file.tensors);
    if (fits != NULL) {
        ink_hint(m->err, "it fits --net %s", fits);
    } else if (m->fit.weights.n > 0) {
        ink_hint(m->err, "--partial takes the %" PRIu32 " tensors that fit", m->fit.weights.n);
    }
    return INK_E_DATA;
}

/* What is missing gets the first weights that a training run with this seed would begin with. */
static ink_status complete(importing *m, ink_weights *out) {
    const ink_backend *backend = &ink_backend_cpu;
    const ink_compile_options options = {.max_batch = 1, .precision = INK_PRECISION_F32};
    const ink_graph *g = &m->g;
    ink_program *program = NULL;
    uint32_t next = 0;
    ink_status status = backend->compile(g, &options, &program, m->err);
    if (status == INK_OK) status = ink_net_init(m->net, g, m->options->seed, backend, program, m->err);
    if (status != INK_OK) return status;
    out->item = ink_mem_new((size_t)g->n_values, sizeof *out->item);
    if (out->item == NULL) status = ink_fail_memory(m->err, (uint64_t)g->n_values * sizeof *out->item, "weights");
    for (ink_id id = 0; id < g->n_values && status == INK_OK; id++) {
        const ink_value *value = &g->values[id];
        if (!ink_role_lasts(value->role)) continue;
        struct ink_weight *item = &out->item[out->n];
        const struct ink_weight *given = next < m->fit.weights.n ? &m->fit.weights.item[next] : NULL;
        memcpy(item->name, value->name, sizeof item->name);
        item->rank = value->rank;
        memcpy(item->dim, value->dim, sizeof item->dim);
        item->count = ink_graph_elements(g, id);
        item->data = ink_mem_new(item->count, sizeof *item->data);
        if (item->data == NULL) {
            status = ink_fail_memory(m->err, item->count * sizeof *item->data, "weights");
            break;
        }
        out->n++;
        /* Both lists are in the order of the net. */
        if (given != NULL && strcmp(given->name, value->name) == 0) {
            memcpy(item->data, given->data, item->count * sizeof *item->data);
            next++;
        } else {
            status = backend->read(program, id, item->data, item->count, m->err);
        }
    }
    backend->free(program);
    return status;
}

static ink_status write_import(importing *m) {
    ink_weights weights = {0};
    const char *slash = strrchr(m->file.path, '/');
    char origin[NAME_MAX + 1];
    snprintf(origin, sizeof origin, "%s", slash != NULL ? slash + 1 : m->file.path);
    ink_utf8_mend(origin);
    ink_modelfile_notes notes = {.net_text = m->recipe.net_text,
                                 .normalise = &m->normalise,
                                 .height = SIDE,
                                 .width = SIDE,
                                 .origin = origin,
                                 .step = m->fit.batches};
    /* A model file that is taken as it is stays what it was: its temperature, its recipe, what it learned from. */
    if (m->options->net == NULL && m->options->normalise == NULL && m->fit.n_missing == 0)
        notes.card = &m->file.tensors;
    ink_status status = complete(m, &weights);
    if (status == INK_OK) status = ink_modelfile_write(m->options->out, &weights, &notes, m->err);
    ink_weights_clear(&weights);
    return status;
}

/* ---- telling ---- */

static void list_text(ink_text *t, const char *kind, const ink_misfit *list, uint32_t n, const char *after) {
    for (uint32_t i = 0; i < n; i++) ink_text_format(t, "%s  %s %s%s\n", kind, list[i].name, list[i].why, after);
}

static ink_status tell_text(const importing *m, char **text) {
    char normalise[160], after[64];
    ink_text t = {0};
    ink_normalise_text(&m->normalise, normalise, sizeof normalise);
    snprintf(after, sizeof after, ": drawn from seed %" PRIu64, m->options->seed);
    ink_text_format(&t, "loaded   %" PRIu32 " of the net's %" PRIu32 " tensors\n", m->fit.weights.n,
                    m->fit.weights.n + m->fit.n_missing);
    list_text(&t, "skipped", m->fit.skipped, m->fit.n_skipped, "");
    list_text(&t, "missing", m->fit.missing, m->fit.n_missing, after);
    ink_text_format(&t, "pixels   x * scale + shift: %s\nmodel    %s\n", normalise, m->options->out);
    return ink_text_tell(&t, "the report", text, m->err);
}

static json_t *list_json(const ink_misfit *list, uint32_t n) {
    json_t *array = json_array();
    for (uint32_t i = 0; i < n; i++) {
        json_array_append_new(
            array, json_pack("{s:o, s:o}", "name", ink_json_text(list[i].name), "why", ink_json_text(list[i].why)));
    }
    return array;
}

static ink_status tell_json(const importing *m, char **json) {
    char normalise[160];
    ink_normalise_text(&m->normalise, normalise, sizeof normalise);
    json_t *root = json_pack("{s:s, s:o, s:o, s:I, s:o, s:o, s:s}", "schema", "inkling/import/1", "file",
                             ink_json_text(m->file.path), "model", ink_json_text(m->options->out), "loaded",
                             (json_int_t)m->fit.weights.n, "skipped", list_json(m->fit.skipped, m->fit.n_skipped),
                             "missing", list_json(m->fit.missing, m->fit.n_missing), "normalise", normalise);
    return ink_json_give(root, json, m->err);
}

ink_status ink_work_import(const ink_import_options *options, ink_import_result *result, ink_error *err) {
    importing m = {.options = options, .err = err};
    *result = (ink_import_result){0};
    ink_recipe_start(&m.recipe);
    ink_status status = refuse_existing(options->out, options->force, err);
    if (status == INK_OK) status = ink_weightfile_open(options->file, &m.file, err);
    if (status == INK_OK) status = find_net(&m);
    bool own = options->net == NULL; /* the file's fault, if there is one */
    if (status == INK_OK) {
        status = ink_net_parse(m.recipe.net_text, m.recipe.net_file, m.recipe.net_line, &m.net, err);
        if (own) status = ink_fault_of_file(status, err);
    }
    if (status == INK_OK) status = find_normalise(&m);
    if (status == INK_OK) {
        status = ink_fit_graph(m.net, &m.normalise, SIDE, SIDE, &m.g, err);
        if (own && options->normalise == NULL) status = ink_fault_of_file(status, err);
    }
    if (status == INK_OK) status = ink_fit_make(&m.file.tensors, m.file.path, &m.g, &m.fit, err);
    if (status == INK_OK) status = judge_fit(&m);
    if (status == INK_OK) status = write_import(&m);
    if (status == INK_OK) status = tell_text(&m, &result->text);
    if (status == INK_OK) status = tell_json(&m, &result->json);
    if (status == INK_OK) {
        result->loaded = m.fit.weights.n;
        result->missing = m.fit.n_missing;
        snprintf(result->normalise, sizeof result->normalise, "%s", m.how != NULL ? m.how : "");
    } else {
        ink_mem_free(result->text);
        *result = (ink_import_result){0};
    }
    ink_fit_clear(&m.fit);
    ink_graph_clear(&m.g);
    ink_net_free(m.net);
    ink_recipe_clear(&m.recipe);
    ink_weightfile_free(&m.file);
    return status;
}

/* ---- export ---- */

static void count_export(const ink_weights *weights, ink_export_result *result) {
    for (uint32_t i = 0; i < weights->n; i++) {
        const char *part = strrchr(weights->item[i].name, '.');
        /* Each batch norm has its count of batches beside its running mean. */
        result->tensors += part != NULL && strcmp(part, ".running_mean") == 0 ? 2 : 1;
        result->numbers += weights->item[i].count;
    }
}

/* A model that is whole: all of its net's tensors, no others, all finite. */
static ink_status write_export(const ink_modelfile *model, const char *path, ink_export_result *result,
                               ink_error *err) {
    const ink_tensors *tensors = &model->tensors;
    ink_graph g = {0};
    ink_fit fit = {0};
    char misfits[560];
    ink_status status =
        ink_fault_of_file(ink_fit_graph(model->net, &model->normalise, model->height, model->width, &g, err), err);
    if (status == INK_OK) status = ink_fit_make(tensors, model->name, &g, &fit, err);
    if (status == INK_OK && (fit.n_skipped > 0 || fit.n_missing > 0)) {
        ink_fit_text(&fit, misfits, sizeof misfits);
        status = ink_fail(err, INK_E_DATA, "%s does not fit its own net: %s", model->name, misfits);
    }
    if (status == INK_OK) {
        ink_modelfile_notes notes = {.net_text = ink_tensors_note(tensors, "inkling.net"),
                                     .normalise = &model->normalise,
                                     .height = (uint32_t)model->height,
                                     .width = (uint32_t)model->width,
                                     .step = fit.batches,
                                     .card = tensors};
        status = ink_modelfile_write(path, &fit.weights, &notes, err);
    }
    if (status == INK_OK) count_export(&fit.weights, result);
    ink_fit_clear(&fit);
    ink_graph_clear(&g);
    return status;
}

#define NOTES_MOST 4

/* "score=99.4 %" to the metadata's key and value; keys hold the memory. */
static ink_status read_notes(const ink_export_options *o, char keys[NOTES_MOST][32], ink_pair notes[NOTES_MOST],
                             ink_error *err) {
    static const char *const known[] = {"about", "score", "command", "seed"};
    if (o->n_notes > NOTES_MOST) return ink_fail(err, INK_E_USAGE, "at most %d notes", NOTES_MOST);
    for (size_t i = 0; i < o->n_notes; i++) {
        size_t length = strcspn(o->notes[i], "="), k = 0;
        while (k < NOTES_MOST && (strlen(known[k]) != length || strncmp(known[k], o->notes[i], length) != 0)) k++;
        if (o->notes[i][length] == '\0' || k == NOTES_MOST) {
            return ink_fail(err, INK_E_USAGE, "note \"%.60s\": expected about=, score=, command= or seed=TEXT",
                            o->notes[i]);
        }
        snprintf(keys[i], sizeof keys[i], "inkling.%s", known[k]);
        notes[i] = (ink_pair){keys[i], o->notes[i] + length + 1};
    }
    return INK_OK;
}

/* The model with its weights in fewer bits. */
static ink_status write_small(const ink_modelfile *model, ink_dtype dtype, const ink_export_options *o,
                              ink_export_result *result, ink_error *err) {
    char keys[NOTES_MOST][32];
    ink_pair notes[NOTES_MOST];
    ink_status status = read_notes(o, keys, notes, err);
    if (status == INK_OK) status = ink_modelfile_copy(model, dtype, notes, o->n_notes, o->out, err);
    for (size_t i = 0; status == INK_OK && i < model->tensors.n; i++) {
        result->tensors++;
        if (model->tensors.items[i].dtype != INK_I64) result->numbers += model->tensors.items[i].count;
    }
    return status;
}

static ink_status read_dtype(const ink_export_options *o, ink_dtype *dtype, ink_error *err) {
    const char *word = o->dtype != NULL ? o->dtype : "f32";
    *dtype = INK_F32;
    if (strcmp(word, "f16") == 0) {
        *dtype = INK_F16;
    } else if (strcmp(word, "i8") == 0) {
        *dtype = INK_I8;
    } else if (strcmp(word, "f32") != 0) {
        return ink_fail(err, INK_E_USAGE, "dtype \"%.20s\": expected f32, f16 or i8", word);
    } else if (o->n_notes > 0) {
        return ink_fail(err, INK_E_USAGE, "notes are kept by files of f16 or i8 alone");
    }
    return INK_OK;
}

ink_status ink_work_export(const ink_export_options *o, ink_export_result *result, ink_error *err) {
    ink_weightfile file = {0};
    ink_modelfile model = {0};
    ink_dtype dtype;
    *result = (ink_export_result){0};
    ink_status status = read_dtype(o, &dtype, err);
    if (status == INK_OK) status = refuse_existing(o->out, o->force, err);
    if (status == INK_OK) status = ink_weightfile_open(o->model, &file, err);
    if (status == INK_OK) status = ink_modelfile_take(&file.tensors, file.path, &model, err);
    if (status == INK_OK && dtype == INK_F32) status = write_export(&model, o->out, result, err);
    if (status == INK_OK && dtype != INK_F32) status = write_small(&model, dtype, o, result, err);
    ink_modelfile_free(&model);
    ink_weightfile_free(&file);
    return status;
}

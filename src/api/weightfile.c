/* api/weightfile.c: weights from any file that holds some, fitted to a net.
 * The formats are files/'s; what becomes of the weights is import.c's and train.c's business. */
#include "api/weightfile.h"

#include <stdio.h>
#include <string.h>

#include "api/builtin.h"
#include "api/modelfile.h"
#include "api/models.h"
#include "core/mem.h"
#include "core/status.h"
#include "files/pth.h"
#include "files/source.h"
#include "files/tensors_write.h"

#define SIDE       28
#define TAR_AT     257
#define SHAPE_SIZE 96

/* ---- opening ---- */

static bool starts_with(const uint8_t *bytes, size_t size, size_t at, const char *word) {
    size_t length = strlen(word);
    return size >= at + length && memcmp(bytes + at, word, length) == 0;
}

/* A header's length, then its JSON. */
static bool is_safetensors(const uint8_t *bytes, size_t size) {
    return size > 8 && bytes[8] == '{';
}

static ink_status read_pytorch(ink_source *source, ink_tensors *out, ink_error *err) {
    uint8_t *bytes = NULL;
    size_t size = 0;
    const char *name = ink_source_name(source);
    ink_status status = ink_source_read_all(source, INK_TENSORS_FILE_MAX, &bytes, &size, err);
    if (status != INK_OK) return status;
    /* What pth.h knows by name it also refuses by name: Git LFS pointers, PyTorch's tar of 2016. */
    bool known = ink_pth_is(bytes, size) || starts_with(bytes, size, 0, "version http") ||
                 starts_with(bytes, size, TAR_AT, "ustar");
    if (known) {
        status = ink_pth_read(bytes, size, name, out, err);
    } else {
        status = ink_fail(err, INK_E_DATA, "%s: neither safetensors nor a .pth file of PyTorch", name);
    }
    ink_mem_free(bytes);
    return status;
}

static ink_status read_file(const char *path, ink_tensors *out, ink_error *err) {
    ink_source *source = NULL;
    const uint8_t *front = NULL;
    size_t got = 0;
    ink_status status = ink_source_open(path, &source, err);
    if (status == INK_OK) status = ink_source_peek(source, &front, &got, err);
    if (status == INK_OK) {
        status = is_safetensors(front, got) ? ink_tensors_load(source, out, err) : read_pytorch(source, out, err);
    }
    ink_source_close(source);
    return status;
}

ink_status ink_weightfile_open(const char *name, ink_weightfile *out, ink_error *err) {
    char path[INK_PATH_SIZE];
    bool builtin = ink_model_is_builtin(name);
    *out = (ink_weightfile){0};
    ink_status status = INK_OK;
    if (builtin) {
        snprintf(path, sizeof path, "built-in model %.100s", name);
    } else {
        status = ink_model_path(name, path, err);
    }
    if (status != INK_OK) return status;
    ink_weightfile file = {.path = ink_mem_string(path)};
    if (file.path == NULL) return ink_fail_memory(err, strlen(path), "a name");
    if (builtin) {
        const ink_embedded *inside = ink_builtin_find(name);
        status = ink_tensors_read(inside->bytes, inside->size_bytes, path, &file.tensors, err);
    } else {
        status = read_file(path, &file.tensors, err);
    }
    if (status == INK_OK) {
        if (ink_tensors_note(&file.tensors, "inkling.net") == NULL) ink_tensors_strip(&file.tensors);
        *out = file;
    } else {
        ink_weightfile_free(&file);
    }
    return status;
}

void ink_weightfile_free(ink_weightfile *file) {
    ink_tensors_free(&file->tensors);
    ink_mem_free(file->path);
    *file = (ink_weightfile){0};
}

/* ---- fitting ---- */

typedef struct fitter {
    const ink_tensors *tensors;
    const char *name; /* of their file */
    const ink_graph *g;
    const char *head;         /* "fc.weight" of the net, */
    size_t head_size;         /* of which so much is the layer's name, its dot included */
    const ink_tensor **meant; /* [g->n_values] the tensor that is meant for a value, fitting or not; NULL: none */
    bool *used;               /* [tensors] it fits */
    ink_fit *fit;
    ink_error *err;
} fitter;

static bool ends_in(const char *name, const char *part) {
    size_t length = strlen(name), tail = strlen(part);
    return length >= tail && strcmp(name + length - tail, part) == 0;
}

/* Of the net itself, not of an optimizer. */
static bool is_of_net(const ink_value *value) {
    return value->role == INK_ROLE_PARAM || (value->role == INK_ROLE_STATE && (ends_in(value->name, ".running_mean") ||
                                                                               ends_in(value->name, ".running_var")));
}

static bool is_count(const ink_tensor *tensor) {
    return ends_in(tensor->name, "num_batches_tracked");
}

/* Is a file's tensor the head's, or of a Sequential of its name: "fc.weight" and "fc.1.weight" for the head "fc." or
 * "fc.0."? */
static bool is_for_head(const fitter *f, const char *name) {
    size_t length = f->head_size;
    if (length > 2 && memcmp(f->head + length - 3, ".0.", 3) == 0) length -= 2;
    if (strncmp(name, f->head, length) != 0) return false;
    size_t number = strspn(name + length, "0123456789");
    if (number > 0 && name[length + number] == '.') length += number + 1;
    return strchr(name + length, '.') == NULL;
}

/* The tensor for a value of the net: of its name, else, in the head, of its other name. */
static const ink_tensor *find(const fitter *f, const char *name) {
    char other[INK_NAME_SIZE + 4];
    const ink_tensor *found = ink_tensors_find(f->tensors, name);
    size_t size = f->head_size;
    if (found != NULL || size == 0 || strncmp(name, f->head, size) != 0) return found;
    if (size > 2 && memcmp(name + size - 3, ".0.", 3) == 0) {
        snprintf(other, sizeof other, "%.*s%s", (int)size - 2, name, name + size);
    } else {
        snprintf(other, sizeof other, "%.*s0.%s", (int)size, name, name + size);
    }
    return ink_tensors_find(f->tensors, other);
}

/* "[10,512]", "[]" for a single number. */
static void shape_text(char text[SHAPE_SIZE], const uint64_t *dim, uint32_t rank) {
    size_t at = (size_t)snprintf(text, SHAPE_SIZE, "[");
    for (uint32_t i = 0; i < rank && at < SHAPE_SIZE - 24; i++) {
        at += (size_t)snprintf(text + at, SHAPE_SIZE - at, "%s%llu", i > 0 ? "," : "", (unsigned long long)dim[i]);
    }
    snprintf(text + at, SHAPE_SIZE - at, "]");
}

static void value_shape(char text[SHAPE_SIZE], const ink_value *value) {
    uint64_t dim[4];
    for (int k = 0; k < 4; k++) dim[k] = (uint64_t)value->dim[k];
    shape_text(text, dim, (uint32_t)value->rank);
}

static bool same_shape(const ink_tensor *tensor, const ink_value *value) {
    if (tensor->rank != (uint32_t)value->rank) return false;
    for (int k = 0; k < value->rank; k++) {
        if (tensor->dim[k] != (uint64_t)value->dim[k]) return false;
    }
    return true;
}

static bool holds_weights(const ink_tensor *tensor) {
    return tensor->dtype != INK_I64 && tensor->dtype != INK_U8;
}

static ink_status take(fitter *f, const ink_tensor *tensor, ink_id id) {
    const ink_value *value = &f->g->values[id];
    struct ink_weight *item = &f->fit->weights.item[f->fit->weights.n];
    memcpy(item->name, value->name, sizeof item->name);
    item->rank = value->rank;
    memcpy(item->dim, value->dim, sizeof item->dim);
    item->count = (size_t)tensor->count;
    item->data = ink_mem_new(item->count, sizeof *item->data);
    if (item->data == NULL) return ink_fail_memory(f->err, item->count * sizeof *item->data, "weights");
    f->fit->weights.n++;
    return ink_tensor_weights(f->tensors, tensor, f->name, item->data, f->err);
}

static ink_status note_misfit(fitter *f, ink_misfit *list, uint32_t *n, const char *name, const char *why,
                              bool in_head) {
    ink_misfit *misfit = &list[(*n)++];
    misfit->name = name;
    misfit->why = ink_arena_string(&f->fit->arena, why, strlen(why));
    f->fit->body = f->fit->body && in_head;
    return misfit->why != NULL ? INK_OK : ink_fail_memory(f->err, strlen(why), "a list of tensors");
}

/* What the net wants: taken where the file has it in that shape, else missing. */
static ink_status fit_values(fitter *f) {
    const ink_graph *g = f->g;
    char shape[SHAPE_SIZE];
    ink_status status = INK_OK;
    for (ink_id id = 0; id < g->n_values && status == INK_OK; id++) {
        const ink_value *value = &g->values[id];
        if (!is_of_net(value)) continue;
        const ink_tensor *tensor = f->meant[id] = find(f, value->name);
        if (tensor != NULL && holds_weights(tensor) && same_shape(tensor, value)) {
            f->used[tensor - f->tensors->items] = true;
            status = take(f, tensor, id);
        } else {
            value_shape(shape, value);
            status = note_misfit(f, f->fit->missing, &f->fit->n_missing, value->name, shape,
                                 ink_net_in_head(f->head, f->head_size, value->name));
        }
    }
    return status;
}

static void note_count(const ink_tensor *tensor, ink_fit *fit) {
    uint64_t count = 0;
    for (size_t k = 0; tensor->dtype == INK_I64 && tensor->count == 1 && k < 8; k++) {
        count |= (uint64_t)tensor->data[k] << (8 * k);
    }
    if (count <= INT64_MAX && count > fit->batches) fit->batches = count;
}

static ink_status skip(fitter *f, const ink_tensor *tensor) {
    char why[2 * SHAPE_SIZE + 48], is[SHAPE_SIZE], should[SHAPE_SIZE];
    ink_id id = 0;
    while (id < f->g->n_values && f->meant[id] != tensor) id++;
    shape_text(is, tensor->dim, tensor->rank);
    if (id == f->g->n_values) {
        snprintf(why, sizeof why, "%s unknown to the net", is);
    } else if (!holds_weights(tensor)) {
        snprintf(why, sizeof why, "%s of %s: no weights", is, ink_dtype_name(tensor->dtype));
    } else {
        value_shape(should, &f->g->values[id]);
        snprintf(why, sizeof why, "%s where the net has %s", is, should);
    }
    return note_misfit(f, f->fit->skipped, &f->fit->n_skipped, tensor->name, why, is_for_head(f, tensor->name));
}

static ink_status list_skipped(fitter *f) {
    const ink_tensors *tensors = f->tensors;
    ink_status status = INK_OK;
    for (size_t i = 0; i < tensors->n && status == INK_OK; i++) {
        const ink_tensor *tensor = &tensors->items[i];
        if (f->used[i]) continue;
        if (is_count(tensor)) {
            note_count(tensor, f->fit);
        } else if (!ink_tensor_is_aside(f->tensors, tensor)) {
            status = skip(f, tensor);
        }
    }
    return status;
}

ink_status ink_fit_make(const ink_tensors *tensors, const char *name, const ink_graph *g, ink_fit *out,
                        ink_error *err) {
    size_t n_values = (size_t)g->n_values, n_tensors = tensors->n;
    *out = (ink_fit){0};
    ink_fit fit = {.body = true};
    fitter f = {.tensors = tensors, .name = name, .g = g, .fit = &fit, .err = err};
    f.head_size = ink_net_head(g, &f.head);
    f.used = ink_mem_new(n_tensors, sizeof *f.used);
    f.meant = ink_mem_new(n_values, sizeof *f.meant);
    fit.weights.item = ink_mem_new(n_values, sizeof *fit.weights.item);
    fit.missing = ink_arena_new(&fit.arena, n_values, sizeof *fit.missing);
    fit.skipped = ink_arena_new(&fit.arena, n_tensors, sizeof *fit.skipped);
    ink_status status = INK_OK;
    if (f.used == NULL || f.meant == NULL || fit.weights.item == NULL || fit.missing == NULL || fit.skipped == NULL) {
        status = ink_fail_memory(err, n_values * sizeof *fit.weights.item, "weights");
    }
    if (status == INK_OK) status = fit_values(&f);
    if (status == INK_OK) status = list_skipped(&f);
    ink_mem_free(f.meant);
    ink_mem_free(f.used);
    if (status == INK_OK) {
        *out = fit;
    } else {
        ink_fit_clear(&fit);
    }
    return status;
}

void ink_fit_clear(ink_fit *fit) {
    ink_weights_clear(&fit->weights);
    ink_arena_clear(&fit->arena);
    *fit = (ink_fit){0};
}

/* Adds one list to a text that may be full. */
static void list_text(char *text, size_t size, const char *kind, const ink_misfit *list, uint32_t n) {
    size_t at = strlen(text);
    if (n == 0 || at + 32 > size) return;
    at += (size_t)snprintf(text + at, size - at, "%s%u %s:", at > 0 ? "; " : "", n, kind);
    for (uint32_t i = 0; i < n; i++) {
        size_t needs = strlen(list[i].name) + strlen(list[i].why) + 3;
        if (at + needs + 8 > size) {
            snprintf(text + at, size - at, " ...");
            return;
        }
        at += (size_t)snprintf(text + at, size - at, "%s %s %s", i > 0 ? "," : "", list[i].name, list[i].why);
    }
}

void ink_fit_text(const ink_fit *fit, char *text, size_t size) {
    text[0] = '\0';
    /* Half for each list, so that a long one does not hide the other. */
    list_text(text, fit->n_missing > 0 ? size / 2 : size, "skipped", fit->skipped, fit->n_skipped);
    list_text(text, size, "missing", fit->missing, fit->n_missing);
}

/* ---- nets ---- */

ink_status ink_fit_graph(const ink_net *net, const ink_normalise *normalise, int32_t height, int32_t width,
                         ink_graph *g, ink_error *err) {
    ink_net_ends ends;
    ink_net_plan plan = {.height = height, .width = width, .normalise = *normalise};
    return ink_net_build(net, &plan, g, &ends, err);
}

static bool fits(const ink_tensors *tensors, const ink_zoo_entry *entry) {
    static const ink_normalise grey = {.channels = 1, .scale = {1}};
    ink_net *net = NULL;
    ink_graph g = {0};
    ink_fit fit = {0};
    ink_status status = ink_net_parse(entry->text, entry->name, 1, &net, NULL);
    if (status == INK_OK) status = ink_fit_graph(net, &grey, SIDE, SIDE, &g, NULL);
    if (status == INK_OK) status = ink_fit_make(tensors, entry->name, &g, &fit, NULL);
    bool yes = status == INK_OK && fit.body && fit.weights.n > 0;
    ink_fit_clear(&fit);
    ink_graph_clear(&g);
    ink_net_free(net);
    return yes;
}

const char *ink_fit_zoo(const ink_tensors *tensors) {
    size_t n;
    const ink_zoo_entry *zoo = ink_zoo(&n);
    for (size_t i = 0; i < n; i++) {
        if (fits(tensors, &zoo[i])) return zoo[i].name;
    }
    return NULL;
}

/* api/modelfile.c: from a safetensors file to a net with its weights.
 * The format itself is files/safetensors.h; writing is modelfile_write.c, outside the library. */
#include "api/modelfile.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "core/number.h"
#include "core/status.h"

#define SIDE_MOST 1024
#define SCALE     ".scale"

void ink_normalise_text(const ink_normalise *normalise, char *text, size_t size) {
    size_t at = 0;
    for (int32_t c = 0; c < normalise->channels; c++) {
        char scale[24], shift[24];
        ink_number_text((double)normalise->scale[c], scale, sizeof scale);
        ink_number_text((double)normalise->shift[c], shift, sizeof shift);
        int length = snprintf(text + at, size - at, "%s%s %s", c > 0 ? " " : "", scale, shift);
        if (length < 0 || (size_t)length >= size - at) return;
        at += (size_t)length;
    }
}

/* Cuts "0.004 -0.5" (or three such pairs) into numbers. */
bool ink_normalise_parse(const char *text, ink_normalise *out) {
    char buffer[200];
    double value[6];
    int n = 0;
    if (strlen(text) >= sizeof buffer) return false;
    memcpy(buffer, text, strlen(text) + 1);
    for (char *p = buffer; *p != '\0';) {
        size_t length = strcspn(p, " ");
        char *next = p + length + (p[length] == ' ');
        p[length] = '\0';
        if (n == 6 || !ink_number_real(p, &value[n])) return false;
        n++;
        p = next;
    }
    if (n != 2 && n != 6) return false;
    out->channels = n / 2;
    for (int c = 0; c < n / 2; c++) {
        out->scale[c] = (float)value[2 * c];
        out->shift[c] = (float)value[2 * c + 1];
    }
    return true;
}

static bool parse_input(const char *text, int32_t *height, int32_t *width) {
    char first[8];
    uint64_t h, w;
    const char *by = strchr(text, 'x');
    if (by == NULL || (size_t)(by - text) >= sizeof first) return false;
    memcpy(first, text, (size_t)(by - text));
    first[by - text] = '\0';
    if (!ink_number_whole(first, SIDE_MOST, &h) || !ink_number_whole(by + 1, SIDE_MOST, &w) || h == 0 || w == 0) {
        return false;
    }
    *height = (int32_t)h;
    *width = (int32_t)w;
    return true;
}

static ink_status read_notes(ink_modelfile *model, ink_error *err) {
    const ink_tensors *tensors = &model->tensors;
    const char *format = ink_tensors_note(tensors, "inkling.format");
    const char *text = ink_tensors_note(tensors, "inkling.net");
    const char *normalise = ink_tensors_note(tensors, "inkling.normalise");
    const char *input = ink_tensors_note(tensors, "inkling.input");
    uint64_t number = 0;
    if (text == NULL || normalise == NULL) {
        ink_fail(err, INK_E_DATA, "%s: safetensors without a net: no inkling.net in its metadata", model->name);
        ink_hint(err, "for weights of torchvision: inkling import FILE --net resnet18 -o MODEL");
        return INK_E_DATA;
    }
    if (format == NULL || !ink_number_whole(format, 1000000, &number) || number > INK_MODEL_FORMAT) {
        return ink_fail(err, INK_E_DATA, "%s: written in format %.20s, this program reads up to %d", model->name,
                        format != NULL ? format : "(none)", INK_MODEL_FORMAT);
    }
    if (!ink_normalise_parse(normalise, &model->normalise)) {
        return ink_fail(err, INK_E_DATA, "%s: inkling.normalise is \"%.60s\", expected one or three pairs of numbers",
                        model->name, normalise);
    }
    if (input == NULL || !parse_input(input, &model->height, &model->width)) {
        return ink_fail(err, INK_E_DATA, "%s: inkling.input is \"%.20s\", expected 28x28", model->name,
                        input != NULL ? input : "");
    }
    const char *temperature = ink_tensors_note(tensors, "inkling.temperature");
    double degrees = 1;
    if (temperature != NULL && (!ink_number_real(temperature, &degrees) || degrees < 0.01 || degrees > 100)) {
        return ink_fail(err, INK_E_DATA, "%s: inkling.temperature is \"%.20s\", expected a number from 0.01 to 100",
                        model->name, temperature);
    }
    model->temperature = (float)degrees;
    model->recipe = ink_tensors_note(tensors, "inkling.recipe");
    if (model->recipe == NULL) model->recipe = "";
    return ink_fault_of_file(ink_net_parse(text, model->name, 1, &model->net, err), err);
}

ink_status ink_modelfile_take(ink_tensors *take_tensors, const char *name, ink_modelfile *out, ink_error *err) {
    *out = (ink_modelfile){0};
    ink_modelfile model = {.tensors = *take_tensors, .name = ink_mem_string(name)};
    *take_tensors = (ink_tensors){0};
    ink_status status = model.name != NULL ? read_notes(&model, err) : ink_fail_memory(err, strlen(name), "a name");
    if (status == INK_OK) {
        *out = model;
    } else {
        ink_modelfile_free(&model);
    }
    return status;
}

void ink_modelfile_free(ink_modelfile *model) {
    ink_net_free(model->net);
    ink_tensors_free(&model->tensors);
    ink_mem_free(model->name);
    *model = (ink_modelfile){0};
}

/* "0.weight" of "0.weight.scale" when that is I8, else NULL. */
static const ink_tensor *scaled_by(const ink_tensors *tensors, const ink_tensor *tensor) {
    char name[INK_TENSORS_NAME_MAX + 1];
    size_t length = strlen(tensor->name), tail = sizeof SCALE - 1;
    if (length <= tail || length >= sizeof name || strcmp(tensor->name + length - tail, SCALE) != 0) return NULL;
    memcpy(name, tensor->name, length - tail);
    name[length - tail] = '\0';
    const ink_tensor *of = ink_tensors_find(tensors, name);
    return of != NULL && of->dtype == INK_I8 ? of : NULL;
}

bool ink_tensor_is_aside(const ink_tensors *tensors, const ink_tensor *tensor) {
    const char *part = strrchr(tensor->name, '.');
    return (part != NULL && strcmp(part, ".num_batches_tracked") == 0) || scaled_by(tensors, tensor) != NULL;
}

static const ink_tensor *scale_of(const ink_tensors *tensors, const ink_tensor *tensor) {
    char name[INK_TENSORS_NAME_MAX + sizeof SCALE];
    snprintf(name, sizeof name, "%s" SCALE, tensor->name);
    return ink_tensors_find(tensors, name);
}

static ink_status check_finite(const ink_tensor *tensor, const char *file, ink_error *err) {
    uint64_t at = 0;
    if (!ink_tensor_nonfinite(tensor, &at)) return INK_OK;
    return ink_fail(err, INK_E_DATA, "%s: weight %llu of %s is not a finite number: not loaded", file,
                    (unsigned long long)at, tensor->name);
}

/* I8: times the scale of its row, which may leave the range of floats. */
static ink_status scale_rows(const ink_tensors *tensors, const ink_tensor *tensor, const char *file, float *to,
                             ink_error *err) {
    const ink_tensor *scale = scale_of(tensors, tensor);
    if (scale == NULL || scale->dtype != INK_F32 || scale->rank != 1 || tensor->rank == 0 ||
        scale->dim[0] != tensor->dim[0]) {
        return ink_fail(err, INK_E_DATA,
                        "%s: %.80s is I8: expected %.80s" SCALE ", F32, one number for each of its rows", file,
                        tensor->name, tensor->name);
    }
    ink_status status = check_finite(scale, file, err);
    if (status != INK_OK) return status;
    float *factor = ink_mem_new((size_t)scale->count, sizeof *factor);
    if (factor == NULL) return ink_fail_memory(err, scale->count * sizeof *factor, "scales");
    ink_tensor_floats(scale, factor);
    uint64_t per_row = tensor->count / tensor->dim[0];
    for (uint64_t i = 0; i < tensor->count; i++) to[i] *= factor[i / per_row];
    ink_mem_free(factor);
    return INK_OK;
}

ink_status ink_tensor_weights(const ink_tensors *tensors, const ink_tensor *tensor, const char *file, float *to,
                              ink_error *err) {
    const char *part = strrchr(tensor->name, '.');
    bool variances = part != NULL && strcmp(part, ".running_var") == 0;
    ink_status status = check_finite(tensor, file, err);
    if (status != INK_OK) return status;
    ink_tensor_floats(tensor, to);
    if (tensor->dtype == INK_I8 && tensor->count > 0) status = scale_rows(tensors, tensor, file, to, err);
    if (status != INK_OK) return status;
    for (uint64_t i = 0; i < tensor->count; i++) {
        if (!isfinite(to[i])) {
            return ink_fail(err, INK_E_DATA, "%s: weight %llu of %.80s is beyond the range of floats: not loaded", file,
                            (unsigned long long)i, tensor->name);
        }
        if (variances && to[i] < 0) {
            return ink_fail(err, INK_E_DATA, "%s: %.80s is below 0 for channel %llu, expected a variance: not loaded",
                            file, tensor->name, (unsigned long long)i);
        }
    }
    return INK_OK;
}

/* Every tensor of the file is wanted by the net, and every one that the net wants is there. */
ink_status ink_modelfile_match(const ink_modelfile *model, const ink_graph *g, ink_error *err) {
    for (size_t i = 0; i < model->tensors.n; i++) {
        const ink_tensor *tensor = &model->tensors.items[i];
        if (ink_tensor_is_aside(&model->tensors, tensor)) continue;
        ink_id id = ink_graph_find(g, tensor->name);
        if (id == INK_NONE || !ink_role_lasts(g->values[id].role)) {
            return ink_fail(err, INK_E_DATA, "%s: tensor %.80s belongs to no layer of its net", model->name,
                            tensor->name);
        }
    }
    size_t n = 0, n_wanted = 0;
    for (ink_id id = 0; id < g->n_values; id++) n_wanted += ink_role_lasts(g->values[id].role);
    ink_wanted *wanted = ink_mem_new(n_wanted, sizeof *wanted);
    if (wanted == NULL) return ink_fail_memory(err, n_wanted * sizeof *wanted, "a model");
    for (ink_id id = 0; id < g->n_values; id++) {
        const ink_value *value = &g->values[id];
        if (!ink_role_lasts(value->role)) continue;
        wanted[n].name = value->name;
        wanted[n].rank = (uint32_t)value->rank;
        for (int k = 0; k < value->rank; k++) wanted[n].dim[k] = (uint64_t)value->dim[k];
        n++;
    }
    ink_status status = ink_tensors_match(&model->tensors, wanted, n, true, model->name, err);
    ink_mem_free(wanted);
    return status;
}

ink_status ink_modelfile_load(const ink_modelfile *model, const ink_graph *g, const ink_backend *backend,
                              ink_program *program, ink_error *err) {
    ink_status status = ink_modelfile_match(model, g, err);
    for (ink_id id = 0; id < g->n_values && status == INK_OK; id++) {
        if (!ink_role_lasts(g->values[id].role)) continue;
        const ink_tensor *tensor = ink_tensors_find(&model->tensors, g->values[id].name);
        float *data = ink_mem_new((size_t)tensor->count, sizeof *data);
        if (data == NULL) return ink_fail_memory(err, tensor->count * sizeof *data, "weights");
        status = ink_tensor_weights(&model->tensors, tensor, model->name, data, err);
        if (status == INK_OK) status = backend->write(program, id, data, (size_t)tensor->count, err);
        ink_mem_free(data);
    }
    return status;
}

/* api/model_run.c: a net and its weights, compiled: what every model is, the library's and the program's.
 * Where the file comes from and which threads compute are the callers' business (model.c, models.c). */
#include "api/model.h"

#include <math.h>

#include "core/mem.h"
#include "core/real.h"
#include "core/status.h"

ink_status ink_model_build(const ink_modelfile *file, const ink_model_setup *setup, ink_model **out, ink_error *err) {
    ink_graph g = {0};
    *out = NULL;
    ink_model *model = ink_mem_new(1, sizeof *model);
    if (model == NULL) return ink_fail_memory(err, sizeof *model, "a model");
    model->backend = setup->backend;
    model->max_batch = setup->max_batch;
    model->image_bytes = (size_t)file->height * (size_t)file->width;
    ink_net_plan plan = {.height = file->height, .width = file->width, .normalise = file->normalise};
    ink_compile_options options = {
        .max_batch = setup->max_batch, .precision = setup->precision, .exact = setup->exact, .pool = setup->pool};
    ink_status status = ink_fault_of_file(ink_net_build(file->net, &plan, &g, &model->ends, err), err);
    model->temperature = model->ends.probabilities != model->ends.logits ? file->temperature : 1;
    if (status == INK_OK) status = ink_modelfile_match(file, &g, err);
    if (status == INK_OK && setup->layers) status = ink_layers_mark(&g, &model->layers, err);
    if (status == INK_OK) status = model->backend->compile(&g, &options, &model->program, err);
    if (status == INK_OK) status = ink_modelfile_load(file, &g, model->backend, model->program, err);
    ink_graph_clear(&g);
    if (status == INK_OK) {
        *out = model;
    } else {
        ink_model_free(model);
    }
    return status;
}

/* Logits become probabilities, in place. */
static void soften(float z[INK_CLASSES], float temperature) {
    double most = (double)z[0], sum = 0, e[INK_CLASSES];
    for (int c = 1; c < INK_CLASSES; c++) most = (double)z[c] > most ? (double)z[c] : most;
    for (int c = 0; c < INK_CLASSES; c++) {
        e[c] = ink_exp(((double)z[c] - most) / (double)temperature);
        sum += e[c];
    }
    for (int c = 0; c < INK_CLASSES; c++) z[c] = (float)(e[c] / sum);
}

static bool all_finite(const float *z, size_t count) {
    bool good = true;
    for (size_t i = 0; z != NULL && i < count; i++) good = good && isfinite(z[i]);
    return good;
}

ink_status ink_model_run(ink_model *model, const uint8_t *images, uint32_t n, float *logits, float *p, ink_error *err) {
    ink_batch batch = {.n = n, .images = images};
    size_t count = (size_t)n * INK_CLASSES;
    ink_status status = model->backend->run(model->program, &batch, err);
    if (status == INK_OK && logits != NULL) {
        status = model->backend->read(model->program, model->ends.logits, logits, count, err);
        for (size_t i = 0; model->temperature != 1 && i < count; i++) logits[i] /= model->temperature;
    }
    if (status == INK_OK && p != NULL && model->temperature == 1) {
        status = model->backend->read(model->program, model->ends.probabilities, p, count, err);
    } else if (status == INK_OK && p != NULL) {
        status = model->backend->read(model->program, model->ends.logits, p, count, err);
        for (uint32_t i = 0; i < n; i++) soften(p + (size_t)i * INK_CLASSES, model->temperature);
    }
    if (status == INK_OK && !(all_finite(logits, count) && all_finite(p, count))) {
        status = ink_fail(err, INK_E_DATA, "the net's answer is no finite number: its weights are too large");
    }
    return status;
}

void ink_model_free(ink_model *model) {
    if (model == NULL) return;
    if (model->program != NULL) model->backend->free(model->program);
    ink_layers_clear(&model->layers);
    ink_pool_free(model->own_pool);
    ink_mem_free(model);
}

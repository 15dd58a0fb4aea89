/* api/models.c: opens models and runs all images through them.
 * What becomes of the answers is predict.c's and eval.c's business. */
#define _POSIX_C_SOURCE 200809L
#include "api/models.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "api/builtin.h"
#include "api/members.h"
#include "api/tta.h"
#include "core/clock.h"
#include "core/mem.h"
#include "core/real.h"
#include "core/status.h"
#include "report/runlog.h"

#define BATCH_LEAST 64
#define MODEL_IS    "a model is a .safetensors file, the folder of a training run, or the name of a built-in one"

ink_status ink_model_path(const char *name, char path[INK_PATH_SIZE], ink_error *err) {
    struct stat about;
    bool folder = stat(name, &about) == 0 && S_ISDIR(about.st_mode);
    int length = snprintf(path, INK_PATH_SIZE, "%s%s", name, folder ? "/weights/last.safetensors" : "");
    if (length < 0 || length >= INK_PATH_SIZE) return ink_fail(err, INK_E_USAGE, "the path %.60s... is too long", name);
    if (folder && ink_members_are(name)) {
        ink_fail(err, INK_E_USAGE, "%s is a run of several nets, expected one", name);
        ink_hint(err, "name one of them: %.200s/members/01", name);
        return INK_E_USAGE;
    }
    if (folder && stat(path, &about) != 0) {
        ink_fail(err, INK_E_FILE, "%s holds no model: no weights/last.safetensors in it", name);
        if (ink_run_is(name)) {
            ink_hint(err, "its training was stopped in the first epoch: inkling train --resume %.200s", name);
        } else {
            ink_hint(err, MODEL_IS);
        }
        return INK_E_FILE;
    }
    return INK_OK;
}

bool ink_model_is_builtin(const char *name) {
    struct stat about;
    return name == NULL || (ink_builtin_find(name) != NULL && stat(name, &about) != 0);
}

ink_status ink_modelfile_open(const char *name, ink_modelfile *out, ink_error *err) {
    ink_tensors tensors = {0};
    char path[INK_PATH_SIZE] = "";
    *out = (ink_modelfile){0};
    const ink_embedded *file = ink_builtin_find(name);
    bool is_builtin = ink_model_is_builtin(name);
    if (is_builtin && file == NULL) return ink_builtin_unknown(name, err);
    ink_status status = INK_OK;
    if (is_builtin) {
        snprintf(path, sizeof path, "built-in model %.100s", file->name);
        status = ink_tensors_read(file->bytes, file->size_bytes, path, &tensors, err);
    } else {
        status = ink_model_path(name, path, err);
        if (status == INK_OK) {
            status = ink_tensors_open(path, &tensors, err);
            if (status != INK_OK && err != NULL && err->hint[0] == '\0') ink_hint(err, MODEL_IS);
        }
    }
    return status == INK_OK ? ink_modelfile_take(&tensors, path, out, err) : status;
}

/* The words of the command line with the members of ensembles in place of their runs. */
typedef struct name_list {
    const char **name; /* [n] */
    size_t n, room;
    ink_arena arena; /* of the members' paths */
} name_list;

static ink_status add_name(name_list *list, const char *name, ink_error *err) {
    if (list->n == list->room) {
        size_t room = list->room * 2 + 8;
        const char **larger = ink_mem_resize(list->name, room, sizeof *larger);
        if (larger == NULL) return ink_fail_memory(err, room * sizeof *larger, "models");
        list->name = larger;
        list->room = room;
    }
    list->name[list->n++] = name;
    return INK_OK;
}

static ink_status add_members(name_list *list, const char *run, ink_error *err) {
    ink_members members;
    char path[INK_PATH_SIZE];
    ink_status status = ink_members_load(run, &members, err);
    if (status == INK_OK) status = ink_members_check_done(&members, run, err);
    for (uint32_t k = 0; status == INK_OK && k < members.n; k++) {
        const char *copy = NULL;
        status = ink_member_path(run, k, path, sizeof path, err);
        if (status == INK_OK && (copy = ink_arena_string(&list->arena, path, strlen(path))) == NULL) {
            status = ink_fail_memory(err, strlen(path), "models");
        }
        if (status == INK_OK) status = add_name(list, copy, err);
    }
    ink_tensors_free(&members.file);
    return status;
}

static ink_status open_one(ink_models *models, const char *name, const ink_model_setup *setup, ink_error *err) {
    ink_modelfile *file = &models->files[models->n];
    ink_status status = ink_modelfile_open(name, file, err);
    if (status == INK_OK) status = ink_model_build(file, setup, &models->models[models->n], err);
    if (status != INK_OK) {
        ink_modelfile_free(file);
        return status;
    }
    models->n++;
    if (file->height == models->files[0].height && file->width == models->files[0].width) return INK_OK;
    return ink_fail(err, INK_E_DATA, "%s wants images of %dx%d, %s of %dx%d", file->name, (int)file->height,
                    (int)file->width, models->files[0].name, (int)models->files[0].height, (int)models->files[0].width);
}

ink_status ink_models_open(const char *const *names, size_t n, const ink_machine *machine, uint32_t max_batch,
                           ink_models *out, ink_error *err) {
    name_list list = {.n = 0};
    ink_models models = {.n = 0};
    ink_status status = n == 0 ? add_name(&list, NULL, err) : INK_OK; /* the built-in one */
    *out = (ink_models){0};
    for (size_t i = 0; i < n && status == INK_OK; i++) {
        status = ink_members_are(names[i]) ? add_members(&list, names[i], err) : add_name(&list, names[i], err);
    }
    if (status != INK_OK) goto done;
    assert(list.n > 0); /* each name adds one at least */
    models.files = ink_mem_new(list.n, sizeof *models.files);
    models.models = ink_mem_new(list.n, sizeof(ink_model *));
    /* Many nets share the memory that one would take for its batches. */
    models.max_batch = max_batch / list.n > BATCH_LEAST ? (uint32_t)(max_batch / list.n) : BATCH_LEAST;
    if (models.max_batch > max_batch) models.max_batch = max_batch;
    models.one = ink_mem_new((size_t)models.max_batch * INK_CLASSES, sizeof *models.one);
    if (models.files == NULL || models.models == NULL || models.one == NULL) {
        status = ink_fail_memory(err, list.n * sizeof *models.files, "models");
        goto done;
    }
    ink_model_setup setup = {.backend = machine->backend,
                             .precision = machine->precision,
                             .exact = machine->exact,
                             .pool = machine->pool,
                             .max_batch = models.max_batch};
    for (size_t i = 0; i < list.n && status == INK_OK; i++) status = open_one(&models, list.name[i], &setup, err);
done:
    ink_arena_clear(&list.arena);
    ink_mem_free(list.name);
    if (status == INK_OK) {
        *out = models;
    } else {
        ink_models_close(&models);
    }
    return status;
}

void ink_models_close(ink_models *models) {
    for (size_t i = 0; i < models->n; i++) {
        ink_model_free(models->models[i]);
        ink_modelfile_free(&models->files[i]);
    }
    ink_mem_free(models->one);
    ink_mem_free(models->models);
    ink_mem_free(models->files);
    *models = (ink_models){0};
}

/* log sum e^z - z[label]: from the logits, so that a confident mistake keeps its size. */
static double loss_of_logits(const float z[INK_CLASSES], uint8_t label) {
    double most = (double)z[0], sum = 0;
    for (int c = 1; c < INK_CLASSES; c++) most = (double)z[c] > most ? (double)z[c] : most;
    for (int c = 0; c < INK_CLASSES; c++) sum += ink_exp((double)z[c] - most);
    return ink_log(sum) + most - (double)z[label];
}

static uint8_t first_most(const float p[INK_CLASSES]) {
    uint8_t best = 0;
    for (uint8_t c = 1; c < INK_CLASSES; c++) {
        if (p[c] > p[best]) best = c;
    }
    return best;
}

ink_status ink_models_mean(ink_models *models, const uint8_t *pixels, uint32_t n, float *logits, float *p,
                           ink_error *err) {
    size_t count = (size_t)n * INK_CLASSES;
    for (size_t m = 0; m < models->n; m++) {
        ink_status status = ink_model_run(models->models[m], pixels, n, logits, m == 0 ? p : models->one, err);
        if (status != INK_OK) return status;
        for (size_t i = 0; m > 0 && i < count; i++) p[i] += models->one[i];
    }
    for (size_t i = 0; models->n > 1 && i < count; i++) p[i] /= (float)models->n;
    return INK_OK;
}

/* A batch through every model. */
static ink_status predict_batch(ink_models *models, const ink_images *images, uint32_t from, uint32_t n, float *logits,
                                ink_predictions *out, ink_error *err) {
    size_t size = (size_t)images->height * images->width;
    float *p = out->p + (size_t)from * INK_CLASSES;
    ink_status status = ink_models_mean(models, images->pixels + from * size, n, logits, p, err);
    for (uint32_t i = 0; i < n && status == INK_OK; i++) {
        const float *mine = p + (size_t)i * INK_CLASSES;
        out->digits[from + i] = first_most(mine);
        if (out->losses == NULL) continue;
        uint8_t label = images->labels[from + i];
        double floor_p = (double)mine[label] > 1e-30 ? (double)mine[label] : 1e-30;
        out->losses[from + i] =
            models->n == 1 ? loss_of_logits(logits + (size_t)i * INK_CLASSES, label) : -ink_log(floor_p);
    }
    return status;
}

ink_status ink_models_predict(ink_models *models, const ink_images *images, const ink_watch *watch,
                              ink_predictions *out, ink_error *err) {
    ink_status status = INK_OK;
    double start = ink_clock_s();
    *out = (ink_predictions){0};
    if ((int32_t)images->height != models->files[0].height || (int32_t)images->width != models->files[0].width) {
        return ink_fail(err, INK_E_DATA, "the images are %ux%u, the model wants %dx%d", images->height, images->width,
                        (int)models->files[0].height, (int)models->files[0].width);
    }
    uint32_t n = images->count;
    ink_predictions made = {.count = n,
                            .p = ink_mem_new((size_t)n * INK_CLASSES, sizeof(float)),
                            .digits = ink_mem_new(n, 1),
                            .losses = images->labels != NULL ? ink_mem_new(n, sizeof(double)) : NULL};
    float *logits = ink_mem_new((size_t)models->max_batch * INK_CLASSES, sizeof *logits);
    if (made.p == NULL || made.digits == NULL || logits == NULL || (images->labels != NULL && made.losses == NULL)) {
        status = ink_fail_memory(err, (uint64_t)n * (INK_CLASSES * sizeof(float) + 9), "predictions");
    }
    for (uint32_t from = 0; from < n && status == INK_OK; from += models->max_batch) {
        uint32_t now = n - from < models->max_batch ? n - from : models->max_batch;
        if (ink_watch_stop(watch)) {
            status = ink_fail(err, INK_E_STOPPED, "stopped after %u of %u images", from, n);
            break;
        }
        status = predict_batch(models, images, from, now, logits, &made, err);
        double seconds = ink_clock_s() - start;
        double rate = seconds > 0 ? (from + now) / seconds : 0;
        ink_progress progress = {.phase = "predicting",
                                 .unit = "images",
                                 .done = from + now,
                                 .total = n,
                                 .rate = rate,
                                 .eta_s = rate > 0 ? (n - from - now) / rate : -1,
                                 .run_eta_s = -1};
        ink_watch_progress(watch, &progress);
    }
    if (status == INK_OK && models->ways > 1) status = ink_tta_add(models, images, watch, &made, err);
    made.seconds = ink_clock_s() - start;
    ink_mem_free(logits);
    if (status == INK_OK) {
        *out = made;
    } else {
        ink_predictions_free(&made);
    }
    return status;
}

void ink_predictions_free(ink_predictions *predictions) {
    ink_mem_free(predictions->p);
    ink_mem_free(predictions->digits);
    ink_mem_free(predictions->losses);
    *predictions = (ink_predictions){0};
}

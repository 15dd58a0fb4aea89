/* api/serve.c: a model in service: it answers, and it is exchanged for a newer one while it does.
 * HTTP itself, its limits and its threads are the program's (cli/serve*.c); bodies are read in serve_body.c. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "api/models.h"
#include "api/serve_service.h"
#include "core/clock.h"
#include "core/hash.h"
#include "core/mem.h"
#include "core/status.h"
#include "files/source.h"

#define BATCH_DEFAULT 64
#define GROUP         16 /* images that a program for many takes together */

static bool same(const ink_file_mark *a, const ink_file_mark *b) {
    return a->there == b->there && a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->second == b->second && a->nanosecond == b->nanosecond;
}

static ink_file_mark mark_of(const char *path) {
    struct stat about;
    if (path[0] == '\0' || stat(path, &about) != 0) return (ink_file_mark){.there = false};
    return (ink_file_mark){.there = true,
                           .device = (uint64_t)about.st_dev,
                           .inode = (uint64_t)about.st_ino,
                           .size = (uint64_t)about.st_size,
                           .second = (int64_t)about.st_mtim.tv_sec,
                           .nanosecond = (int64_t)about.st_mtim.tv_nsec};
}

/* ---- one model, loaded ---- */

static void loaded_free(ink_loaded *loaded) {
    if (loaded == NULL) return;
    ink_model_free(loaded->look);
    ink_model_free(loaded->single);
    ink_models_close(&loaded->models);
    ink_machine_close(&loaded->machine);
    ink_mem_free(loaded);
}

/* "runs/v3/" -> "v3"; "best.safetensors" -> "best". */
static void short_name(const char *model, char out[64]) {
    size_t end = strlen(model);
    while (end > 1 && model[end - 1] == '/') end--;
    size_t begin = end;
    while (begin > 0 && model[begin - 1] != '/') begin--;
    static const char ending[] = ".safetensors";
    size_t tail = sizeof ending - 1;
    if (end - begin > tail && memcmp(model + end - tail, ending, tail) == 0) end -= tail;
    snprintf(out, 64, "%.*s", (int)(end - begin), model + begin);
}

static double time_of(ink_model *model) {
    static const uint8_t blank[INK_DIGIT_PIXELS];
    double best = 0;
    float p[INK_CLASSES];
    for (int i = 0; i < 4; i++) {
        double start = ink_clock_s();
        if (ink_model_run(model, blank, 1, NULL, p, NULL) != INK_OK) return 0;
        double took = ink_clock_s() - start;
        if (i == 1 || (i > 1 && took < best)) best = took; /* the first one warms up */
    }
    return best;
}

/* A program for many images takes them in groups, and a group of one costs as much as a full one. So the same net is
 * compiled for one image too; how many such runs a group is worth is measured. The bits are the same either way. */
static ink_status build_single(ink_loaded *loaded, ink_error *err) {
    ink_model_setup setup = {.backend = loaded->machine.backend,
                             .precision = loaded->machine.precision,
                             .exact = loaded->machine.exact,
                             .pool = loaded->machine.pool,
                             .max_batch = 1};
    ink_status status = ink_model_build(&loaded->models.files[0], &setup, &loaded->single, err);
    if (status != INK_OK) return status;
    double one = time_of(loaded->single), group = time_of(loaded->models.models[0]);
    double worth = one > 0 ? group / one : 1;
    loaded->few = worth < 1 ? 1 : worth > GROUP ? GROUP : (uint32_t)worth;
    return INK_OK;
}

/* The file is looked at before it is read: what changes meanwhile is seen as a change the next time. */
static ink_status load(const ink_service *service, ink_loaded **out, ink_error *err) {
    *out = NULL;
    ink_loaded *loaded = ink_mem_new(1, sizeof *loaded);
    if (loaded == NULL) return ink_fail_memory(err, sizeof *loaded, "a model");
    const char *name = service->builtin != NULL ? service->name : service->path;
    ink_engine engine = service->engine;
    if (engine.threads == 0) {
        uint32_t processors = ink_pool_processors();
        engine.threads = processors > 1 ? processors - 1 : 1; /* one is busy with the connections */
        if (engine.threads > INK_POOL_THREADS_MAX) engine.threads = INK_POOL_THREADS_MAX;
    }
    ink_status status = ink_machine_open(&engine, &loaded->machine, err);
    if (status == INK_OK && service->builtin == NULL) status = ink_source_sha256(name, loaded->sha256, err);
    if (service->builtin != NULL) {
        ink_sha256_of(service->builtin->bytes, service->builtin->size_bytes, loaded->sha256);
    }
    if (status == INK_OK) {
        status = ink_models_open(&name, 1, &loaded->machine, service->max_batch, &loaded->models, err);
    }
    if (status == INK_OK &&
        (loaded->models.files[0].height != INK_DIGIT_SIDE || loaded->models.files[0].width != INK_DIGIT_SIDE)) {
        status = ink_fail(err, INK_E_DATA, "%s wants images of %dx%d, expected 28x28", name,
                          (int)loaded->models.files[0].height, (int)loaded->models.files[0].width);
    }
    if (status == INK_OK) status = build_single(loaded, err);
    if (status == INK_OK) {
        *out = loaded;
    } else {
        loaded_free(loaded);
    }
    return status;
}

/* ---- the service ---- */

/* As everywhere: a file goes before a built-in model of its name. */
static const ink_embedded *find_builtin(const char *model) {
    struct stat about;
    return model != NULL && stat(model, &about) == 0 ? NULL : ink_builtin_find(model);
}

static ink_status put_about(const ink_service *service, const ink_loaded *loaded, char **json, ink_error *err) {
    ink_text text = {0};
    char normalise[160];
    const ink_modelfile *file = &loaded->models.files[0];
    ink_normalise_text(&file->normalise, normalise, sizeof normalise);
    ink_text_add(&text, "{\"schema\":\"inkling/model/1\",\"name\":");
    ink_json_put_string(&text, service->name);
    ink_text_add(&text, ",\"recipe\":");
    ink_json_put_string(&text, file->recipe);
    ink_text_add(&text, ",\"net\":");
    ink_json_put_string(&text, ink_tensors_note(&file->tensors, "inkling.net"));
    ink_text_format(&text, ",\"input\":\"%dx%d\",\"normalise\":\"%s\",\"sha256\":", (int)file->height, (int)file->width,
                    normalise);
    ink_json_put_string(&text, loaded->sha256);
    ink_text_add(&text, ",\"score\":");
    ink_json_put_string(&text, ink_tensors_note(&file->tensors, "inkling.score"));
    ink_text_format(&text, ",\"corrections\":%s}\n", service->corrections[0] != '\0' ? "true" : "false");
    return ink_text_give(&text, "the model", json, err);
}

/* Puts a model into service, and gives the one before it. */
static ink_status exchange(ink_service *service, ink_loaded *next, ink_loaded **old, ink_error *err) {
    char *about = NULL;
    ink_status status = put_about(service, next, &about, err);
    if (status != INK_OK) return status;
    pthread_mutex_lock(&service->lock);
    *old = service->now;
    service->now = next;
    pthread_mutex_unlock(&service->lock);
    pthread_mutex_lock(&service->telling);
    ink_mem_free(service->about);
    service->about = about;
    pthread_mutex_unlock(&service->telling);
    return INK_OK;
}

ink_status ink_service_open(const ink_service_options *options, ink_service **out, ink_error *err) {
    ink_status status = INK_OK;
    ink_loaded *loaded = NULL, *none = NULL;
    *out = NULL;
    ink_service *service = ink_mem_new(1, sizeof *service);
    if (service == NULL) return ink_fail_memory(err, sizeof *service, "a service");
    pthread_mutex_init(&service->lock, NULL);
    pthread_mutex_init(&service->keeping, NULL);
    pthread_mutex_init(&service->telling, NULL);
    service->engine = options->engine;
    service->max_batch = options->max_batch > 0 ? options->max_batch : BATCH_DEFAULT;
    service->builtin = find_builtin(options->model);
    if (service->builtin == NULL && options->model == NULL) status = ink_builtin_unknown(NULL, err);
    if (status == INK_OK) short_name(service->builtin != NULL ? service->builtin->name : options->model, service->name);
    if (status == INK_OK && service->builtin == NULL) status = ink_model_path(options->model, service->path, err);
    if (status == INK_OK && options->corrections != NULL) {
        status = ink_corrections_begin(service, options->corrections, err);
    }
    service->mark = mark_of(service->path);
    if (status == INK_OK) status = load(service, &loaded, err);
    if (status == INK_OK) status = exchange(service, loaded, &none, err);
    if (status == INK_OK) {
        *out = service;
    } else {
        if (service->now == NULL) loaded_free(loaded);
        ink_service_free(service);
    }
    return status;
}

void ink_service_free(ink_service *service) {
    if (service == NULL) return;
    loaded_free(service->now);
    pthread_mutex_destroy(&service->lock);
    pthread_mutex_destroy(&service->keeping);
    pthread_mutex_destroy(&service->telling);
    ink_mem_free(service->about);
    ink_mem_free(service);
}

ink_status ink_service_refresh(ink_service *service, bool always, bool *swapped, ink_error *err) {
    ink_loaded *next = NULL, *old = NULL;
    *swapped = false;
    if (service->path[0] == '\0') return INK_OK;
    ink_file_mark mark = mark_of(service->path);
    if (!always && (!mark.there || same(&mark, &service->mark))) return INK_OK;
    service->mark = mark;
    ink_status status = load(service, &next, err);
    if (status == INK_OK) status = exchange(service, next, &old, err);
    *swapped = status == INK_OK;
    loaded_free(status == INK_OK ? old : next);
    return status;
}

/* The lock is given back after each run: a large batch lets small ones pass. */
static ink_status run_some(ink_service *service, const uint8_t *images, uint32_t left, float *p, uint32_t *done,
                           ink_error *err) {
    pthread_mutex_lock(&service->lock);
    ink_loaded *loaded = service->now;
    bool few = left <= loaded->few;
    uint32_t now = few ? 1 : left < service->max_batch ? left : service->max_batch;
    if (now > GROUP && now % GROUP <= loaded->few) now -= now % GROUP;
    ink_status status = ink_model_run(few ? loaded->single : loaded->models.models[0], images, now, NULL, p, err);
    pthread_mutex_unlock(&service->lock);
    *done = now;
    return status;
}

ink_status ink_service_run(ink_service *service, const uint8_t *images, uint32_t n, float *p, ink_error *err) {
    ink_status status = INK_OK;
    uint32_t from = 0, done = 0;
    while (from < n && status == INK_OK) {
        status = run_some(service, images + (size_t)from * INK_DIGIT_PIXELS, n - from, p + (size_t)from * INK_CLASSES,
                          &done, err);
        from += done;
    }
    if (status != INK_E_DATA) return status;
    err->status = INK_E_INTERNAL; /* it is the model that is bad, not what was asked */
    return INK_E_INTERNAL;
}

/* Called with the lock held. */
static ink_status put_layers(ink_loaded *now, const uint8_t *image, ink_text *out, ink_error *err) {
    ink_model_setup setup = {.backend = now->machine.backend,
                             .precision = now->machine.precision,
                             .exact = now->machine.exact,
                             .pool = now->machine.pool,
                             .max_batch = 1,
                             .layers = true};
    ink_status status = INK_OK;
    if (now->look == NULL) status = ink_model_build(&now->models.files[0], &setup, &now->look, err);
    if (status == INK_OK) status = ink_model_run(now->look, image, 1, NULL, NULL, err);
    if (status != INK_OK) return status;
    const ink_layers *layers = &now->look->layers;
    uint8_t *maps = ink_mem_new(layers->bytes, 1);
    if (maps == NULL) return ink_fail_memory(err, layers->bytes, "layers");
    status = ink_layers_read(layers, now->look->backend, now->look->program, maps, err);
    ink_text_add(out, ",\"layers\":[");
    for (uint32_t i = 0; status == INK_OK && i < layers->n; i++) {
        const ink_layer_maps *item = &layers->items[i];
        ink_text_format(out, "%s{\"kind\":\"%s\",\"shape\":[%u,%u,%u],\"maps\":\"", i > 0 ? "," : "", item->kind,
                        item->channels, item->height, item->width);
        ink_text_base64(out, maps + item->at, (size_t)item->channels * item->height * item->width);
        ink_text_add(out, "\"}");
    }
    ink_text_add(out, "]");
    ink_mem_free(maps);
    return status;
}

ink_status ink_service_look(ink_service *service, const uint8_t image[INK_DIGIT_PIXELS], ink_text *out,
                            ink_error *err) {
    pthread_mutex_lock(&service->lock);
    ink_status status = put_layers(service->now, image, out, err);
    pthread_mutex_unlock(&service->lock);
    return status;
}

ink_status ink_service_about(ink_service *service, char **json, ink_error *err) {
    pthread_mutex_lock(&service->telling);
    *json = ink_mem_string(service->about);
    pthread_mutex_unlock(&service->telling);
    return *json != NULL ? INK_OK : ink_fail_memory(err, 0, "the model");
}

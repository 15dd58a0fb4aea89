/* api/bench_sweep.c: `inkling bench sweep`: which batch size and how many workers keep the cores, or
 * the GPU, busiest.
 * It trains as `inkling train` does, on noise, and throws away what was learned. */
#define _DEFAULT_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "api/engine.h"
#include "api/recipes.h"
#include "core/clock.h"
#include "core/mem.h"
#include "core/rng.h"
#include "core/status.h"
#include "train/trainer.h"

#define ROWS    42000u /* as many as Kaggle's train.csv has */
#define SIDE    28u
#define SECONDS 5.0

/* Seconds of processor time, of all threads of this process. */
static double processor_s(void) {
    struct rusage u;
    if (getrusage(RUSAGE_SELF, &u) != 0) return NAN;
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* One combination under way. */
typedef struct trial {
    const ink_watch *watch;
    const ink_backend *backend;
    double seconds;
    double began_s, began_processor_s, began_device_s; /* at the first step's end; 0: not yet */
    double now_s, now_processor_s, now_device_s;       /* at the last one's */
    uint64_t began_rows, rows;
    uint32_t steps;
} trial;

static void on_moment(void *context, const ink_trainer_moment *m) {
    trial *t = context;
    t->now_s = ink_clock_s();
    t->now_processor_s = processor_s();
    t->now_device_s = t->backend->busy_s != NULL ? t->backend->busy_s() : 0;
    t->rows = (uint64_t)(m->epoch - 1) * m->total + m->done;
    t->steps++;
    if (t->began_s > 0) return;
    /* The first step touches memory for the first time. */
    t->began_s = t->now_s;
    t->began_processor_s = t->now_processor_s;
    t->began_device_s = t->now_device_s;
    t->began_rows = t->rows;
}

static bool on_stop(void *context) {
    trial *t = context;
    return ink_watch_stop(t->watch) || (t->steps >= 2 && t->now_s - t->began_s >= t->seconds);
}

static ink_status make_images(ink_images *images, ink_error *err) {
    ink_rng rng = ink_rng_at(1, INK_STREAM_GOLDEN, 2, 0);
    *images = (ink_images){.count = ROWS,
                           .height = SIDE,
                           .width = SIDE,
                           .pixels = ink_mem_new(ROWS, (size_t)SIDE * SIDE),
                           .labels = ink_mem_new(ROWS, 1)};
    if (images->pixels == NULL || images->labels == NULL) {
        return ink_fail_memory(err, (uint64_t)ROWS * (SIDE * SIDE + 1), "images");
    }
    for (size_t i = 0; i < (size_t)ROWS * SIDE * SIDE; i++) images->pixels[i] = (uint8_t)ink_rng_below(&rng, 256);
    for (uint32_t i = 0; i < ROWS; i++) images->labels[i] = (uint8_t)ink_rng_below(&rng, INK_CLASSES);
    return INK_OK;
}

static ink_status set_number(ink_recipe *recipe, const char *key, uint32_t number, ink_error *err) {
    char text[16], where[32];
    snprintf(text, sizeof text, "%u", number);
    snprintf(where, sizeof where, "--%s", key);
    return ink_recipe_set(recipe, key, text, where, err);
}

static ink_status try_one(const ink_sweep_options *o, ink_trainer_setup *setup, ink_recipe *recipe,
                          const ink_watch *watch, ink_sweep_cell *cell, ink_error *err) {
    trial t = {.watch = watch, .backend = setup->backend, .seconds = o->seconds > 0 ? o->seconds : SECONDS};
    ink_trainer_watch around = {.context = &t, .moment = on_moment, .stop = on_stop};
    ink_trainer *trainer = NULL;
    ink_status status = set_number(recipe, "batch-size", cell->batch_size, err);
    if (status == INK_OK) status = set_number(recipe, "workers", cell->workers, err);
    if (status == INK_OK) status = ink_trainer_new(setup, &trainer, err);
    if (status == INK_OK) status = ink_trainer_run(trainer, &around, err);
    /* It ends by being stopped: by the clock, or by whoever watches. */
    if (status == INK_E_STOPPED && !ink_watch_stop(watch)) status = INK_OK;
    double wall_s = t.now_s - t.began_s;
    if (status == INK_OK && wall_s > 0) {
        cell->images_per_s = (double)(t.rows - t.began_rows) / wall_s;
        cell->busy = (t.now_processor_s - t.began_processor_s) / wall_s / ink_pool_processors();
        if (t.backend->busy_s != NULL) cell->device_busy = (t.now_device_s - t.began_device_s) / wall_s;
    }
    ink_trainer_free(trainer);
    return status;
}

static void say_cell(const ink_sweep_cell *cell, const ink_watch *watch) {
    char device[32] = "";
    if (cell->device_busy >= 0) snprintf(device, sizeof device, ", GPU %.0f %%", 100 * cell->device_busy);
    ink_watch_say(watch, INK_SAY_INFO, "batch size %u, %u workers: %.0f images/s, cores %.0f %% busy%s",
                  cell->batch_size, cell->workers, cell->images_per_s, 100 * cell->busy, device);
}

ink_status ink_work_bench_sweep(const ink_sweep_options *options, const ink_watch *watch, ink_sweep_cell *cells,
                                ink_error *err) {
    ink_machine machine = {0};
    ink_images images = {0};
    ink_recipe recipe;
    uint8_t *held_out = ink_mem_new(ROWS, 1);
    ink_recipe_start(&recipe);
    ink_status status = ink_recipe_open(options->recipe != NULL ? options->recipe : "v7", &recipe, err);
    if (status == INK_OK && options->net != NULL) status = ink_recipe_open_net(&recipe, options->net, err);
    if (status == INK_OK) status = set_number(&recipe, "epochs", 100000, err);
    if (status == INK_OK) status = ink_machine_open(&options->engine, &machine, err);
    if (status == INK_OK) status = make_images(&images, err);
    if (status == INK_OK && held_out == NULL) status = ink_fail_memory(err, ROWS, "the split");
    ink_trainer_setup setup = {.recipe = &recipe,
                               .images = &images,
                               .held_out = held_out,
                               .backend = machine.backend,
                               .precision = machine.precision,
                               .exact = machine.exact,
                               .pool = machine.pool};
    size_t n = options->n_batch_sizes * options->n_workers;
    for (size_t i = 0; i < n && status == INK_OK; i++) {
        ink_sweep_cell *cell = &cells[i];
        *cell = (ink_sweep_cell){.batch_size = options->batch_sizes[i / options->n_workers],
                                 .workers = options->workers[i % options->n_workers],
                                 .device_busy = -1};
        status = try_one(options, &setup, &recipe, watch, cell, err);
        if (status == INK_OK) say_cell(cell, watch);
    }
    ink_images_free(&images);
    ink_mem_free(held_out);
    ink_recipe_clear(&recipe);
    ink_machine_close(&machine);
    return status;
}

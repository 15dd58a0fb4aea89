/* api/bench_net.c: `inkling bench train`, `infer` and `op`: how fast a net, or one layer, is computed.
 * The images are noise: no time depends on what is on them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/engine.h"
#include "api/peak.h"
#include "api/recipes.h"
#include "core/clock.h"
#include "core/mem.h"
#include "core/rng.h"
#include "core/status.h"

#define SIDE       28
#define SECONDS    3.0
#define STEPS_MOST 100000u
#define SIDE_MOST  1024
#define TOGETHER   10u /* steps of one call where the images lie in a device's memory; training does up to 64 */

typedef struct bench {
    const ink_net_bench_options *options;
    ink_machine machine;
    ink_recipe recipe; /* holds the net's text */
    ink_net *net;
    ink_graph g;
    ink_program *program;
    uint8_t *images, *labels;
    ink_resident *set; /* the images in the device's memory; NULL: each step brings them */
    uint32_t *rows;
    ink_batch batch;
    ink_error *err;
} bench;

static ink_status out_of_memory(const bench *b, uint64_t bytes) {
    return ink_fail_memory(b->err, bytes, "a benchmark");
}

/* ---- what is measured ---- */

/* A whole net, from bytes to what it learns or says. */
static ink_status build_net(bench *b) {
    const ink_net_bench_options *o = b->options;
    ink_net_ends ends;
    ink_status status = ink_recipe_open_net(&b->recipe, o->net, b->err);
    if (status == INK_OK) {
        status = ink_net_parse(b->recipe.net_text, b->recipe.net_file, b->recipe.net_line, &b->net, b->err);
    }
    if (status != INK_OK) return status;
    int32_t channels = b->net->channels > 0 ? b->net->channels : 1;
    ink_net_plan plan = {.height = SIDE,
                         .width = SIDE,
                         .normalise = {channels, {1 / 255.0f, 1 / 255.0f, 1 / 255.0f}, {0, 0, 0}},
                         .training = o->training,
                         .optimizer = {.kind = INK_ADAM, .beta1 = 0.9f, .beta2 = 0.999f, .eps = 1e-8f},
                         .body_lr_scale = 1};
    return ink_net_build(b->net, &plan, &b->g, &ends, b->err);
}

/* "64x14x14" */
static bool parse_shape(const char *text, int32_t shape[3]) {
    for (int i = 0; i < 3; i++) {
        char *end;
        long value = text[0] >= '0' && text[0] <= '9' ? strtol(text, &end, 10) : 0;
        if (value < 1 || value > (i == 0 ? 65536 : SIDE_MOST) || *end != (i < 2 ? 'x' : '\0')) return false;
        shape[i] = (int32_t)value;
        text = end + 1;
    }
    return true;
}

/* One layer, or a few, behind a batch of floats. */
static ink_status build_layer(bench *b, ink_id *input) {
    const ink_net_bench_options *o = b->options;
    int32_t shape[3];
    if (!parse_shape(o->input, shape)) {
        return ink_fail(b->err, INK_E_USAGE, "the input is \"%.40s\", expected channels x height x width: 64x14x14",
                        o->input);
    }
    ink_status status = ink_net_parse(o->layer, "layer", 1, &b->net, b->err);
    if (status != INK_OK) return status;
    const ink_net_plan plan = {.body_lr_scale = 1};
    *input = ink_graph_input(&b->g, shape[0], shape[1], shape[2]);
    ink_graph_output(&b->g, ink_net_layers(b->net, &plan, &b->g, *input));
    return ink_graph_check(&b->g, b->err);
}

/* ---- what goes in ---- */

static ink_status make_images(bench *b) {
    uint32_t n = b->options->batch_size;
    ink_rng rng = ink_rng_at(1, INK_STREAM_GOLDEN, 0, 0);
    b->images = ink_mem_new(n, (size_t)SIDE * SIDE);
    b->labels = ink_mem_new(n, 1);
    if (b->images == NULL || b->labels == NULL) return out_of_memory(b, (uint64_t)n * (SIDE * SIDE + 1));
    for (size_t i = 0; i < (size_t)n * SIDE * SIDE; i++) b->images[i] = (uint8_t)ink_rng_below(&rng, 256);
    for (uint32_t i = 0; i < n; i++) b->labels[i] = (uint8_t)ink_rng_below(&rng, INK_CLASSES);
    return INK_OK;
}

/* The next *n steps. */
static ink_status make_steps(bench *b, uint32_t *n) {
    const ink_backend *backend = b->machine.backend;
    ink_batch batches[TOGETHER];
    *n = b->set != NULL ? TOGETHER : 1;
    for (uint32_t i = 0; i < *n; i++) {
        b->batch.step++;
        batches[i] = b->batch;
    }
    return b->set != NULL ? backend->run_rows(b->program, batches, *n, b->err)
                          : backend->run(b->program, batches, b->err);
}

/* As training does, where the backend can; images that do not fit are brought by each step. */
static ink_status settle_images(bench *b) {
    const ink_backend *backend = b->machine.backend;
    uint32_t n = b->options->batch_size;
    if (backend->bring == NULL) return INK_OK;
    b->rows = ink_mem_new(n, sizeof *b->rows);
    if (b->rows == NULL) return out_of_memory(b, n * sizeof *b->rows);
    for (uint32_t i = 0; i < n; i++) b->rows[i] = i;
    b->batch.rows = b->rows;
    ink_resident_source source = {.images = b->images, .labels = b->labels, .count = n, .height = SIDE, .width = SIDE};
    ink_status status = backend->bring(&source, &b->set, b->err);
    if (status == INK_OK) status = backend->attach(b->program, b->set, TOGETHER, b->err);
    uint32_t made;
    if (status == INK_OK) return make_steps(b, &made); /* the first: see measure */
    if (b->set != NULL) backend->let_go(b->set);
    b->set = NULL;
    return status == INK_E_MEMORY ? INK_OK : status;
}

static ink_status fill_input(bench *b, ink_id input) {
    size_t count = ink_graph_elements(&b->g, input) * b->options->batch_size;
    ink_rng rng = ink_rng_at(1, INK_STREAM_GOLDEN, 1, 0);
    float *x = ink_mem_new(count, sizeof *x);
    if (x == NULL) return out_of_memory(b, count * sizeof *x);
    for (size_t i = 0; i < count; i++) x[i] = ink_rng_between(&rng, -1, 1);
    ink_status status = b->machine.backend->write(b->program, input, x, count, b->err);
    ink_mem_free(x);
    return status;
}

static ink_status prepare(bench *b) {
    const ink_net_bench_options *o = b->options;
    ink_id input = INK_NONE;
    ink_status status = ink_machine_open(&o->engine, &b->machine, b->err);
    if (status == INK_OK) status = o->layer != NULL ? build_layer(b, &input) : build_net(b);
    ink_compile_options options = {.max_batch = o->batch_size,
                                   .precision = b->machine.precision,
                                   .exact = b->machine.exact,
                                   .pool = b->machine.pool};
    const ink_backend *backend = b->machine.backend;
    if (status == INK_OK) status = backend->compile(&b->g, &options, &b->program, b->err);
    if (status == INK_OK) status = ink_net_init(b->net, &b->g, 1, backend, b->program, b->err);
    if (status == INK_OK) status = o->layer != NULL ? fill_input(b, input) : make_images(b);
    b->batch =
        (ink_batch){.n = o->batch_size, .images = b->images, .labels = b->labels, .seed = 1, .step = 1, .lr = 1e-3f};
    return status == INK_OK && b->images != NULL ? settle_images(b) : status;
}

/* ---- measuring ---- */

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static ink_status measure(bench *b, const ink_watch *watch, ink_net_bench *r) {
    const ink_backend *backend = b->machine.backend;
    uint32_t n = 0, calls = 0;
    double budget_s = b->options->seconds > 0 ? b->options->seconds : SECONDS;
    double *took_s = ink_mem_new(STEPS_MOST, sizeof *took_s);
    if (took_s == NULL) return out_of_memory(b, STEPS_MOST * sizeof *took_s);
    /* The first run touches memory for the first time. */
    ink_status status = backend->run(b->program, &b->batch, b->err);
    double begin_s = ink_clock_s(), begin_busy_s = backend->busy_s != NULL ? backend->busy_s() : 0;
    while (status == INK_OK && r->steps < STEPS_MOST && (r->steps == 0 || ink_clock_s() - begin_s < budget_s)) {
        if (ink_watch_stop(watch)) {
            status = ink_fail(b->err, INK_E_STOPPED, "stopped after %u steps", r->steps);
            break;
        }
        double start_s = ink_clock_s();
        status = make_steps(b, &n);
        took_s[calls++] = (ink_clock_s() - start_s) / n;
        r->steps += n;
    }
    double wall_s = ink_clock_s() - begin_s;
    r->device_busy = backend->busy_s != NULL && wall_s > 0 ? (backend->busy_s() - begin_busy_s) / wall_s : -1;
    if (status == INK_OK) {
        qsort(took_s, calls, sizeof *took_s, by_value);
        r->best_step_s = took_s[0];
        r->step_s = took_s[calls / 2];
    }
    ink_mem_free(took_s);
    return status;
}

static double better(double a, double b) {
    return a > b ? a : b;
}

ink_status ink_work_bench_net(const ink_net_bench_options *options, const ink_watch *watch, ink_net_bench *result,
                              ink_error *err) {
    bench b = {.options = options, .err = err};
    double macs = 0;
    *result = (ink_net_bench){0};
    ink_recipe_start(&b.recipe);
    ink_status status = prepare(&b);
    if (status != INK_OK) goto done;
    const ink_backend *backend = b.machine.backend;
    ink_precision precision = backend->precision_of(b.program);
    /* In front of the steps and behind them: other programs may take the processor's time at either end. */
    double peak = ink_peak_gflops(backend, precision, b.machine.pool);
    status = measure(&b, watch, result);
    if (status != INK_OK) goto done;
    peak = better(peak, ink_peak_gflops(backend, precision, b.machine.pool));
    for (int32_t i = 0; i < b.g.n_nodes; i++) macs += (double)ink_node_macs(&b.g, &b.g.nodes[i]);
    snprintf(result->precision, sizeof result->precision, "%s", ink_precision_word(precision));
    result->threads = ink_pool_threads(b.machine.pool);
    result->batch_size = options->batch_size;
    result->images_per_s = options->batch_size / result->step_s;
    result->gflops = 2 * macs * result->images_per_s / 1e9;
    result->peak_gflops = peak;
    result->peak_share = peak > 0 ? result->gflops / peak : 0;
    result->memory_bytes = backend->memory_of(b.program);
done:
    if (b.program != NULL) b.machine.backend->free(b.program);
    if (b.set != NULL) b.machine.backend->let_go(b.set);
    ink_mem_free(b.rows);
    ink_mem_free(b.images);
    ink_mem_free(b.labels);
    ink_graph_clear(&b.g);
    ink_net_free(b.net);
    ink_recipe_clear(&b.recipe);
    ink_machine_close(&b.machine);
    if (status != INK_OK) *result = (ink_net_bench){0};
    return status;
}

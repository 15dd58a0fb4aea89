/* cli/cmd_bench.c: inkling bench train, infer, op and sweep: how fast this machine computes nets.
 * The measuring is ink_work_bench_net and ink_work_bench_sweep; script/bench runs it beside PyTorch. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/progress.h"
#include "cli/result.h"
#include "cli/say.h"
#include "cli/verbs.h"

#define LIST_MOST 16

#define BATCH_SIZE(fallback)                                                                                           \
    { "batch-size", 0, CLI_WHOLE, "N", fallback, "images a step", 1, 65536 }
#define SECONDS(fallback)                                                                                              \
    { "seconds", 0, CLI_PERIOD, "TIME", fallback, "how long to measure", 0, 0 }

/* ---- train, infer, op ---- */

static const cli_option net_options[] = {
    {"net", 0, CLI_TEXT, "NAME|FILE", "cnn-example", "the network; inkling info lists them", 0, 0},
    BATCH_SIZE("64"),
    SECONDS("3"),
    CLI_JSON,
};
static const cli_group net_group = {"Options", net_options, sizeof net_options / sizeof net_options[0]};

static int run_train(const cli_args *args);
static int run_infer(const cli_args *args);
static int run_op(const cli_args *args);
static int run_sweep(const cli_args *args);

#define PEAK                                                                                                           \
    "The peak is what the processor's multiply-add reaches in the same run from registers alone, with as many "        \
    "threads. "                                                                                                        \
    "Operations are those of the definition, without padding: algorithms that need fewer can pass the peak."

const cli_verb cli_bench_train = {
    .name = "bench train",
    .words = "",
    .summary = "measure how fast a net is trained",
    .about = "Trains the net on noise with Adam, and prints images a second (by the median step), operations a second, "
             "and their share of the processor's peak.\n\n" PEAK,
    .groups = {&net_group, &cli_machine, &cli_common},
    .examples = {"bench train --net resnet18 --batch-size 512 --precision f32"},
    .run = run_train,
};

const cli_verb cli_bench_infer = {
    .name = "bench infer",
    .words = "",
    .summary = "measure how fast a net predicts",
    .about = "Runs noise through the net, and prints images a second (by the median step), operations a second, and "
             "their share of the processor's peak.\n\n" PEAK,
    .groups = {&net_group, &cli_machine, &cli_common},
    .examples = {"bench infer --net deotte --batch-size 1 --threads 1"},
    .run = run_infer,
};

static const cli_option op_options[] = {
    {"input", 0, CLI_TEXT, "CxHxW", "64x14x14", "channels, height and width that the layer sees", 0, 0},
    BATCH_SIZE("64"),
    SECONDS("1"),
    CLI_JSON,
};
static const cli_group op_group = {"Options", op_options, sizeof op_options / sizeof op_options[0]};

const cli_verb cli_bench_op = {
    .name = "bench op",
    .words = "LAYER",
    .summary = "measure how fast one layer is computed",
    .about =
        "Computes LAYER, a line of net text in quotes, forward, on noise of the shape that --input says, and prints "
        "its time, operations a second, and their share of the processor's peak.\n\n" PEAK,
    .missing = "LAYER: a line of net text, such as 'conv 64 3x3 pad 1'",
    .least = 1,
    .most = 1,
    .groups = {&op_group, &cli_machine, &cli_common},
    .examples = {"bench op 'conv 64 3x3 pad 1' --input 64x14x14 --batch-size 512",
                 "bench op 'linear 128' --input 9216x1x1"},
    .run = run_op,
};

static void print_json(const char *verb, const ink_net_bench_options *o, const ink_net_bench *r) {
    json_t *object = cli_json_new(verb);
    if (o->layer != NULL) {
        cli_json_text(object, "layer", o->layer);
        cli_json_text(object, "input", o->input);
    } else {
        cli_json_text(object, "net", o->net);
    }
    cli_json_whole(object, "batch_size", r->batch_size);
    cli_json_text(object, "precision", r->precision);
    cli_json_whole(object, "threads", r->threads);
    cli_json_whole(object, "steps", r->steps);
    cli_json_real(object, "step_s", r->step_s);
    cli_json_real(object, "best_step_s", r->best_step_s);
    cli_json_real(object, "images_per_s", r->images_per_s);
    cli_json_real(object, "gflops", r->gflops);
    cli_json_real(object, "peak_gflops", r->peak_gflops);
    cli_json_real(object, "peak_share", r->peak_share);
    cli_json_whole(object, "memory_bytes", r->memory_bytes);
    if (r->device_busy >= 0) cli_json_real(object, "device_busy", r->device_busy);
    cli_result_json(object);
}

static int run_net(const cli_args *args, const char *verb, ink_net_bench_options *o) {
    ink_net_bench r;
    ink_error err = {0};
    ink_watch watch = cli_watch();
    char rate[32];
    uint64_t batch = cli_whole(args, "batch-size");
    o->batch_size = batch > 0 ? (uint32_t)batch : 64;
    o->seconds = cli_real(args, "seconds");
    o->engine = cli_engine(args);
    cli_progress_begin("measuring %s", o->layer != NULL ? o->layer : o->net);
    if (ink_work_bench_net(o, &watch, &r, &err) != INK_OK) return cli_failed(&err);
    cli_progress_hide();
    if (cli_flag(args, "json")) {
        print_json(verb, o, &r);
        return 0;
    }
    cli_result("%s images/s: %u a step, %.3f ms (best %.3f ms) in the median of %u; %s, %u thread%s, %.0f MB",
               cli_thousands((unsigned long long)(r.images_per_s + 0.5), rate), (unsigned)r.batch_size, 1e3 * r.step_s,
               1e3 * r.best_step_s, (unsigned)r.steps, r.precision, (unsigned)r.threads, r.threads == 1 ? "" : "s",
               (double)r.memory_bytes / 1e6);
    if (r.peak_gflops > 0) {
        cli_result("%.1f GFLOPS, %.0f %% of the peak of %.1f", r.gflops, 100 * r.peak_share, r.peak_gflops);
    } else {
        cli_result("%.1f GFLOPS", r.gflops);
    }
    if (r.device_busy >= 0) cli_result("the GPU was busy %.0f %% of the time", 100 * r.device_busy);
    return 0;
}

static const char *net_of(const cli_args *args) {
    return cli_text(args, "net") != NULL ? cli_text(args, "net") : "cnn-example";
}

static int run_train(const cli_args *args) {
    ink_net_bench_options o = {.net = net_of(args), .training = true};
    return run_net(args, "bench-train", &o);
}

static int run_infer(const cli_args *args) {
    ink_net_bench_options o = {.net = net_of(args)};
    return run_net(args, "bench-infer", &o);
}

static int run_op(const cli_args *args) {
    ink_net_bench_options o = {.layer = args->words[0],
                               .input = cli_text(args, "input") != NULL ? cli_text(args, "input") : "64x14x14"};
    if (cli_text(args, "seconds") == NULL) o.seconds = 1;
    return run_net(args, "bench-op", &o);
}

/* ---- sweep ---- */

static const cli_option sweep_options[] = {
    {"batch-size", 0, CLI_TEXT, "N,N,...", "64,320,512,640", "the batch sizes to try", 0, 0},
    {"workers", 0, CLI_TEXT, "N,N,...", "0,1,2", "the numbers of threads that prepare batches to try", 0, 0},
    {"recipe", 0, CLI_TEXT, "NAME|FILE", "v7", "how to train", 0, 0},
    {"net", 0, CLI_TEXT, "NAME|FILE", "the recipe's", "the network", 0, 0},
    SECONDS("5"),
    CLI_JSON,
};
static const cli_group sweep_group = {"Options", sweep_options, sizeof sweep_options / sizeof sweep_options[0]};

const cli_verb cli_bench_sweep = {
    .name = "bench sweep",
    .words = "",
    .summary = "find the batch size and workers that keep the cores busiest",
    .about =
        "Trains as a recipe says, on noise, with each batch size and each number of workers for a few seconds, and "
        "prints images a second and the share of time that the cores were busy; with a GPU, its share too.",
    .groups = {&sweep_group, &cli_machine, &cli_common},
    .examples = {"bench sweep --batch-size 64,320,512,640 --workers 0,1,2"},
    .run = run_sweep,
};

/* "64,320" to numbers low..high. */
static ink_status parse_list(const char *option, const char *text, uint32_t low, uint32_t high, uint32_t *list,
                             size_t *n, ink_error *err) {
    *n = 0;
    for (const char *p = text;; p++) {
        char *end = NULL;
        unsigned long value = *p >= '0' && *p <= '9' ? strtoul(p, &end, 10) : ULONG_MAX;
        if (end == NULL || value < low || value > high || (*end != ',' && *end != '\0') || *n == LIST_MOST) {
            cli_fail(err, INK_E_USAGE, "option '--%s' is '%.60s', expected at most %d whole numbers %u..%u with commas",
                     option, text, LIST_MOST, (unsigned)low, (unsigned)high);
            cli_hint(err, "such as --%s %s", option, strcmp(option, "workers") == 0 ? "0,1,2" : "64,512");
            return INK_E_USAGE;
        }
        list[(*n)++] = (uint32_t)value;
        p = end;
        if (*p == '\0') return INK_OK;
    }
}

static void print_sweep(const ink_sweep_options *o, const ink_sweep_cell *cells) {
    const ink_sweep_cell *best = cells;
    char rate[32];
    bool gpu = cells->device_busy >= 0;
    cli_result("%10s %8s %12s %12s%s", "batch size", "workers", "images/s", "cores busy", gpu ? "     GPU busy" : "");
    for (size_t i = 0; i < o->n_batch_sizes * o->n_workers; i++) {
        const ink_sweep_cell *c = &cells[i];
        char device[32] = "";
        if (gpu) snprintf(device, sizeof device, " %10.0f %%", 100 * c->device_busy);
        cli_result("%10u %8u %12.0f %10.0f %%%s", (unsigned)c->batch_size, (unsigned)c->workers, c->images_per_s,
                   100 * c->busy, device);
        if (c->images_per_s > best->images_per_s) best = c;
    }
    cli_result("fastest: --batch-size %u --workers %u, %s images/s", (unsigned)best->batch_size,
               (unsigned)best->workers, cli_thousands((unsigned long long)(best->images_per_s + 0.5), rate));
}

static void print_sweep_json(const ink_sweep_options *o, const ink_sweep_cell *cells) {
    json_t *object = cli_json_new("bench-sweep"), *array = json_array();
    cli_json_text(object, "recipe", o->recipe);
    for (size_t i = 0; i < o->n_batch_sizes * o->n_workers; i++) {
        json_t *cell = json_object();
        cli_json_whole(cell, "batch_size", cells[i].batch_size);
        cli_json_whole(cell, "workers", cells[i].workers);
        cli_json_real(cell, "images_per_s", cells[i].images_per_s);
        cli_json_real(cell, "busy", cells[i].busy);
        if (cells[i].device_busy >= 0) cli_json_real(cell, "device_busy", cells[i].device_busy);
        json_array_append_new(array, cell);
    }
    cli_json_put(object, "cells", array);
    cli_result_json(object);
}

static int run_sweep(const cli_args *args) {
    uint32_t batch_sizes[LIST_MOST], workers[LIST_MOST];
    ink_sweep_cell cells[LIST_MOST * LIST_MOST];
    ink_error err = {0};
    ink_watch watch = cli_watch();
    const char *sizes_text = cli_text(args, "batch-size"), *workers_text = cli_text(args, "workers");
    ink_sweep_options o = {.recipe = cli_text(args, "recipe") != NULL ? cli_text(args, "recipe") : "v7",
                           .net = cli_text(args, "net"),
                           .batch_sizes = batch_sizes,
                           .workers = workers,
                           .seconds = cli_real(args, "seconds"),
                           .engine = cli_engine(args)};
    ink_status status = parse_list("batch-size", sizes_text != NULL ? sizes_text : "64,320,512,640", 1, 65536,
                                   batch_sizes, &o.n_batch_sizes, &err);
    if (status == INK_OK) {
        status =
            parse_list("workers", workers_text != NULL ? workers_text : "0,1,2", 0, 64, workers, &o.n_workers, &err);
    }
    if (status == INK_OK) {
        cli_progress_begin("measuring %s", o.recipe);
        status = ink_work_bench_sweep(&o, &watch, cells, &err);
    }
    if (status != INK_OK) return cli_failed(&err);
    cli_progress_hide();
    if (cli_flag(args, "json")) {
        print_sweep_json(&o, cells);
    } else {
        print_sweep(&o, cells);
    }
    return 0;
}

/* bench/bench_ops.c: how fast the cpu backend trains and infers the nets of the zoo; steps one by one on request.
 * It decides nothing and is no test: build it by hand (docs/SPEED.md has the line).
 *
 *   bench_ops [train|infer] NET BATCH THREADS [f32|bf16] [exact]     whole steps; NET: of the zoo, or a file
 *   bench_ops [steps|infer-steps] NET BATCH 1 [f32|bf16] [exact]     each step of the plan by itself
 *   bench_ops NUMBER NET BATCH 1 [f32|bf16] [exact]                  that step of training alone, for a profiler
 *
 * With -DSTANDIN bf16 is computed by standin_bf16.c: its times mean something, its results nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/mem.h"
#include "core/rng.h"
#include "nn/net.h"
#include "ops/cpu/program.h"

#ifdef STANDIN
const ink_kernels *bench_kernels(void);
#else
static const ink_kernels *bench_kernels(void) {
    return NULL; /* this processor's best */
}
#endif

#define SECONDS 1.5
#define MOST    20000
#define SIDE    28

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void must(ink_status status, const ink_error *err) {
    if (status == INK_OK) return;
    fprintf(stderr, "%s\n", err->text);
    exit(1);
}

/* One step over all its blocks and parts. */
static double time_of(const ink_program *p, const ink_step *s) {
    const bool tiles = p->precision == INK_PRECISION_BF16 && p->kernels->tiles;
    if (tiles) p->kernels->enter();
    double start = ink_clock_s();
    for (uint32_t b = 0; b < (s->whole ? 1 : p->blocks); b++) {
        for (uint32_t part = 0; part < s->parts; part++) s->work(p, s, b, part, 0);
    }
    double took = ink_clock_s() - start;
    if (tiles) p->kernels->leave();
    return took;
}

static void repeat_step(ink_program *p, ink_batch *batch, uint32_t number) {
    double least = 1e9, begin = ink_clock_s();
    p->batch = batch;
    while (number < p->n_steps && ink_clock_s() - begin < SECONDS) {
        double took = time_of(p, &p->steps[number]);
        if (took < least) least = took;
    }
    if (number < p->n_steps) printf("%s: best %.1f us\n", p->steps[number].name, least * 1e6);
}

/* All steps in order, each timed over all its blocks and parts; repeated, the least of each counts. */
static void print_steps(ink_program *p, ink_batch *batch) {
    double *least = ink_mem_new(p->n_steps, sizeof *least), total = 0;
    for (uint32_t i = 0; i < p->n_steps; i++) least[i] = 1e9;
    p->batch = batch;
    for (int repeat = 0; repeat < 12; repeat++) {
        for (uint32_t i = 0; i < p->n_steps; i++) {
            double took = time_of(p, &p->steps[i]);
            if (took < least[i]) least[i] = took;
        }
    }
    for (uint32_t i = 0; i < p->n_steps; i++) total += least[i];
    for (uint32_t i = 0; i < p->n_steps; i++) {
        const ink_step *s = &p->steps[i];
        const ink_cell *out = s->node.out[0] != INK_NONE ? &p->cells[s->node.out[0]] : NULL;
        printf("%3u phase %2u %-18s %9.1f us %5.1f %%", i, s->phase, s->name, least[i] * 1e6, least[i] / total * 100);
        if (out != NULL)
            printf("  %ux%ux%u%s", out->taps ? out->k : out->c, out->height, out->width, s->whole ? " w" : "");
        printf("\n");
    }
    printf("total %.3f ms\n", total * 1e3);
    ink_mem_free(least);
}

/* The text of a net of the zoo, or of a file: a net, or a recipe, whose net stands behind [net]. Never freed. */
static const char *text_of(const char *name) {
    const char *text = ink_zoo_find(name);
    FILE *f = text == NULL ? fopen(name, "r") : NULL;
    if (f == NULL) return text != NULL ? text : "";
    char *all = ink_mem_new(1 << 16, 1);
    size_t n = all != NULL ? fread(all, 1, (1 << 16) - 1, f) : 0;
    fclose(f);
    if (n == 0) return "";
    char *net = strstr(all, "[net]\n");
    return net != NULL ? net + strlen("[net]\n") : all;
}

int main(int argc, char **argv) {
    if (argc < 5) return 2;
    const char *mode = argv[1], *text = text_of(argv[2]);
    uint32_t n = (uint32_t)atoi(argv[3]), threads = (uint32_t)atoi(argv[4]);
    bool bf16 = argc > 5 && strcmp(argv[5], "bf16") == 0, infer = strncmp(mode, "infer", 5) == 0;
    bool exact = strcmp(argv[argc - 1], "exact") == 0;
    ink_error err;
    ink_net *net = NULL;
    ink_pool *pool = NULL;
    ink_program *p = NULL;
    ink_graph g = {0};
    ink_net_ends ends;
    must(ink_net_parse(text, argv[2], 1, &net, &err), &err);
    int32_t channels = net->channels ? net->channels : 1;
    ink_net_plan plan = {.height = SIDE,
                         .width = SIDE,
                         .normalise = {channels, {1 / 255.0f, 1 / 255.0f, 1 / 255.0f}, {0, 0, 0}},
                         .training = !infer,
                         .optimizer = {.kind = INK_ADAM, .beta1 = 0.9f, .beta2 = 0.999f, .eps = 1e-8f},
                         .body_lr_scale = 1};
    must(ink_net_build(net, &plan, &g, &ends, &err), &err);
    must(ink_pool_new(threads, &pool, &err), &err);
    ink_compile_options options = {.max_batch = n,
                                   .precision = bf16 ? INK_PRECISION_BF16 : INK_PRECISION_F32,
                                   .exact = exact,
                                   .pool = pool,
                                   .kernels = bf16 ? bench_kernels() : NULL};
    must(ink_backend_cpu.compile(&g, &options, &p, &err), &err);
    must(ink_net_init(net, &g, 1, &ink_backend_cpu, p, &err), &err);
    uint8_t *images = ink_mem_new(n, SIDE * SIDE), *labels = ink_mem_new(n, 1);
    ink_rng rng = ink_rng_at(1, INK_STREAM_GOLDEN, 0, 0);
    for (uint32_t i = 0; i < n * SIDE * SIDE; i++) images[i] = (uint8_t)ink_rng_below(&rng, 256);
    for (uint32_t i = 0; i < n; i++) labels[i] = (uint8_t)ink_rng_below(&rng, 10);
    ink_batch batch = {.n = n, .images = images, .labels = labels, .seed = 1, .step = 1, .lr = 1e-3f};
    double *took = ink_mem_new(MOST, sizeof *took), begin = ink_clock_s();
    must(ink_backend_cpu.run(p, &batch, &err), &err);
    if (strcmp(mode, "steps") == 0 || strcmp(mode, "infer-steps") == 0) {
        print_steps(p, &batch);
        return 0;
    }
    if (mode[0] >= '0' && mode[0] <= '9') {
        repeat_step(p, &batch, (uint32_t)atoi(mode));
        return 0;
    }
    size_t runs = 0;
    for (; runs < MOST && ink_clock_s() - begin < SECONDS; runs++) {
        double start = ink_clock_s();
        batch.step++;
        must(ink_backend_cpu.run(p, &batch, &err), &err);
        took[runs] = ink_clock_s() - start;
    }
    qsort(took, runs, sizeof *took, by_value);
    printf("%s %s batch %u threads %u %s: best %.3f ms (%.0f images/s), median %.3f ms (%.0f); %.0f MB; loss %.4f\n",
           mode, argv[2], n, threads, bf16 ? "bf16" : "f32", took[0] * 1e3, n / took[0], took[runs / 2] * 1e3,
           n / took[runs / 2], (double)ink_backend_cpu.memory_of(p) / 1e6, batch.loss_sum / n);
    ink_backend_cpu.free(p);
    ink_pool_free(pool);
    ink_graph_clear(&g);
    ink_net_free(net);
    ink_mem_free(images);
    ink_mem_free(labels);
    ink_mem_free(took);
    return 0;
}

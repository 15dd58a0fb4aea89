/* tests/ops/parity.c: nets of the zoo train ten steps, and every number that PyTorch's golden file has is compared.
 * The files were made by tests/golden/make_pytorch.py; which backends, and how close, is the tests' business. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cases.h"
#include "core/hash.h"
#include "core/pool.h"
#include "core/rng.h"
#include "golden.h"
#include "nn/net.h"
#include "ops/ref/ref.h"
#include "parity.h"

static void must(ink_status status, const ink_error *err) {
    if (status != INK_OK) fail_msg("%s", err->text);
}

double *parity_read(const ink_backend *backend, const ink_program *program, ink_id value, size_t count) {
    ink_error err;
    double *to = malloc(count * sizeof *to);
    assert_non_null(to);
    if (backend == &ink_backend_ref64) {
        must(ink_ref64_read(program, value, to, count, &err), &err);
        return to;
    }
    float *single = malloc(count * sizeof *single);
    assert_non_null(single);
    must(backend->read(program, value, single, count, &err), &err);
    for (size_t i = 0; i < count; i++) to[i] = (double)single[i];
    free(single);
    return to;
}

#define SEED 9

typedef struct net_run {
    const ink_backend *backend;
    char name[32], optimizer[16];
    uint32_t n, steps;
    float lr, decay;
    ink_graph train, eval;
    ink_net_ends train_ends, eval_ends;
    ink_program *trainer, *judge; /* judge: evaluation, of the trainer's weights */
    double losses[32];
    uint32_t done; /* steps */
    bool evaluated;
    double *eval_logits;
    double worst[4]; /* as in tolerances */
} net_run;

static ink_rng rng_of(const char *name) {
    return ink_rng_at(SEED, INK_STREAM_GOLDEN, ink_fnv64(name, strlen(name)) & 0xffffffffffffffu, 0);
}

/* First weights by name, as make_pytorch.py has them. */
static void write_first(const net_run *r) {
    ink_error err;
    for (ink_id v = 0; v < r->train.n_values; v++) {
        const ink_value *value = &r->train.values[v];
        size_t count = ink_graph_elements(&r->train, v), length = strlen(value->name);
        bool variance = length > 12 && strcmp(value->name + length - 12, ".running_var") == 0;
        if (value->role != INK_ROLE_PARAM && !variance) continue;
        float *w = malloc(count * sizeof *w);
        assert_non_null(w);
        ink_rng rng = rng_of(value->name);
        float terms = (float)value->dim[1] * (float)value->dim[2] * (float)value->dim[3];
        bool gamma = value->rank == 1 && length > 7 && strcmp(value->name + length - 7, ".weight") == 0;
        for (size_t i = 0; i < count; i++) {
            float number = ink_rng_between(&rng, -1.7320508f, 1.7320508f);
            w[i] = value->rank > 1 ? number * sqrtf(2 / terms) : gamma ? 1 + 0.2f * number : 0.1f * number;
            if (variance) w[i] = 1;
        }
        must(r->backend->write(r->trainer, v, w, count, &err), &err);
        free(w);
    }
}

static void draw_batch(const net_run *r, uint32_t step, uint8_t *images, uint8_t *labels) {
    char name[32];
    snprintf(name, sizeof name, "images%u", step);
    ink_rng rng = rng_of(name);
    for (size_t i = 0; i < (size_t)r->n * 784; i++) {
        uint32_t drawn = ink_rng_u32(&rng);
        images[i] = drawn & 0x100 ? (uint8_t)(drawn & 0xff) : 0;
    }
    snprintf(name, sizeof name, "labels%u", step);
    rng = rng_of(name);
    for (uint32_t i = 0; i < r->n; i++) labels[i] = (uint8_t)ink_rng_below(&rng, 10);
}

/* One more step, or after the last one the evaluation. */
static void advance(net_run *r) {
    ink_error err;
    uint8_t *images = malloc((size_t)r->n * 784), *labels = malloc(r->n);
    assert_true(images != NULL && labels != NULL);
    draw_batch(r, r->done + 1, images, labels);
    ink_batch batch = {.n = r->n, .images = images, .labels = labels, .seed = 42, .step = r->done + 1, .lr = r->lr};
    must(r->backend->run(r->done < r->steps ? r->trainer : r->judge, &batch, &err), &err);
    r->losses[r->done] = batch.loss_sum;
    if (r->done < r->steps) r->done++;
    free(images);
    free(labels);
}

static void build_nets(net_run *r, const ink_net *net) {
    ink_error err;
    ink_net_plan plan = {
        .height = 28,
        .width = 28,
        .normalise = {strcmp(r->name, "resnet18") == 0 ? 3 : 1, {0.012f, 0.011f, 0.013f}, {-0.75f, -0.7f, -0.8f}},
        .training = true,
        .labels = true,
        .body_lr_scale = 1,
        .optimizer = {.kind = strcmp(r->optimizer, "adam") == 0    ? INK_ADAM
                              : strcmp(r->optimizer, "adamw") == 0 ? INK_ADAMW
                                                                   : INK_SGD,
                      .momentum = 0.9f,
                      .nesterov = true,
                      .beta1 = 0.9f,
                      .beta2 = 0.999f,
                      .eps = 1e-8f,
                      .weight_decay = r->decay}};
    must(ink_net_build(net, &plan, &r->train, &r->train_ends, &err), &err);
    for (ink_id v = 0, end = r->train.n_values; v < end; v++) {
        if (r->train.values[v].gradient != INK_NONE) ink_graph_output(&r->train, r->train.values[v].gradient);
    }
    plan.training = false;
    must(ink_net_build(net, &plan, &r->eval, &r->eval_ends, &err), &err);
}

/* False when the backend lacks the precision. */
static bool begin_net(net_run *r, const char *heading, const ink_backend *backend, const ink_compile_options *options) {
    ink_error err;
    *r = (net_run){.backend = backend};
    if (sscanf(heading, "%31s batch %u steps %u optimizer %15s lr %f decay %f", r->name, &r->n, &r->steps, r->optimizer,
               &r->lr, &r->decay) != 6) {
        fail_msg("what is \"%s\"?", heading);
    }
    ink_net *net = NULL;
    must(ink_net_parse(ink_zoo_find(r->name), r->name, 1, &net, &err), &err);
    build_nets(r, net);
    ink_net_free(net);
    ink_compile_options own = *options;
    own.max_batch = r->n;
    ink_status status = backend->compile(&r->train, &own, &r->trainer, &err);
    if (status == INK_E_ABSENT) {
        ink_graph_clear(&r->train);
        ink_graph_clear(&r->eval);
        return false;
    }
    must(status, &err);
    own.share = r->trainer;
    must(backend->compile(&r->eval, &own, &r->judge, &err), &err);
    write_first(r);
    advance(r);
    return true;
}

static void end_net(net_run *r, const parity_tolerances *allowed, const char *mode) {
    print_message("%s, %s, %s: worst logits %.2g, gradients %.2g, last %.2g, losses %.2g\n", r->name, r->optimizer,
                  mode, r->worst[0], r->worst[1], r->worst[2], r->worst[3]);
    bool good = r->worst[0] <= allowed->logits && r->worst[1] <= allowed->gradients && r->worst[2] <= allowed->last &&
                r->worst[3] <= allowed->losses;
    r->backend->free(r->judge);
    r->backend->free(r->trainer);
    ink_graph_clear(&r->train);
    ink_graph_clear(&r->eval);
    free(r->eval_logits);
    if (!r->evaluated) fail_msg("%s: its golden file is cut off", r->name);
    if (!good) fail_msg("%s, %s, %s: more than allowed", r->name, r->optimizer, mode);
}

/* Compares one tensor with where the run is; the file goes forward in time, and so does the run. */
static void compare(net_run *r, const golden_tensor *t, bool with_last) {
    double *values = NULL;
    const char *name = strchr(t->name, ':') == NULL ? t->name : strchr(t->name, ':') + 1;
    ink_id value = ink_graph_find(&r->train, name);
    int kind = 0;
    if (strcmp(t->name, "logits") == 0) {
        values = parity_read(r->backend, r->trainer, r->train_ends.logits, (size_t)r->n * 10);
    } else if (strncmp(t->name, "gradient:", 9) == 0) {
        kind = 1;
        values = parity_read(r->backend, r->trainer, r->train.values[value].gradient, t->count);
    } else if (strncmp(t->name, "first:", 6) == 0) {
        values = parity_read(r->backend, r->trainer, value, t->count);
    } else {
        while (r->done < r->steps) advance(r);
        if (!r->evaluated) {
            advance(r);
            r->eval_logits = parity_read(r->backend, r->judge, r->eval_ends.logits, (size_t)r->n * 10);
            r->evaluated = true;
        }
        if (strcmp(t->name, "losses") == 0) {
            r->worst[3] = fmax(r->worst[3], golden_difference(t, r->losses, r->steps + 1, 0));
            return;
        }
        if (!with_last) return;
        kind = 2;
        if (strcmp(t->name, "eval:logits") == 0) {
            r->worst[2] = fmax(r->worst[2], golden_difference(t, r->eval_logits, t->count, 0));
            return;
        }
        values = parity_read(r->backend, r->trainer, value, t->count);
    }
    double part = golden_difference(t, values, t->count, 0);
    if (part > r->worst[kind]) r->worst[kind] = part;
    free(values);
}

static void check_net(const char *file_name, const ink_backend *backend, const ink_compile_options *options,
                      const parity_tolerances *allowed, const char *mode) {
    FILE *file = golden_open(file_name);
    golden_tensor tensor;
    net_run r;
    bool open = false;
    char heading[256];
    while (golden_next(file, heading, sizeof heading, &tensor)) {
        if (tensor.name[0] == '\0') {
            if (open) end_net(&r, allowed, mode);
            open = begin_net(&r, heading, backend, options);
        } else if (open) {
            compare(&r, &tensor, allowed->last > 0);
        }
    }
    if (open) end_net(&r, allowed, mode);
    fclose(file);
}

static const char *const files[] = {"pytorch_mlp.txt", "pytorch_lenet.txt", "pytorch_cnn-example.txt",
                                    "pytorch_deotte.txt", "pytorch_resnet18.txt"};

void parity_check(const ink_backend *backend, ink_precision precision, bool exact, size_t n_files,
                  parity_tolerances allowed, const char *mode) {
    ink_error err;
    ink_pool *pool = NULL;
    must(ink_pool_new(2, &pool, &err), &err);
    for (size_t i = 0; i < n_files && i < PARITY_FILES; i++) {
        ink_compile_options options = {.precision = precision, .exact = exact, .pool = pool};
        check_net(files[i], backend, &options, &allowed, mode);
    }
    ink_pool_free(pool);
}

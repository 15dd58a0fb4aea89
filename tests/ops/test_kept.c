/* tests/ops/test_kept.c: what a program keeps from run to run is that of its parameters as they are now.
 * Transformed or rounded weights and scales of batch norm, also when another program that shares the parameters learns
 * between two runs. That the numbers are right is test_backends.c's business. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cases.h"
#include "cuda/host_device.h"
#include "ops/cuda/program.h"

#define MOST (16 * 16 * 4 * 4) /* numbers of a value, of 16 images at most */

static host_device host;

static void must(ink_status status, const ink_error *err) {
    if (status != INK_OK) fail_msg("%s", err->text);
}

/* Writes all numbers of a parameter or state, alike but for their place. */
static void write_wave(const ink_backend *b, ink_program *p, const ink_graph *g, ink_id v, float centre) {
    float numbers[MOST];
    ink_error err;
    size_t count = ink_graph_elements(g, v);
    for (size_t i = 0; i < count; i++) numbers[i] = centre + 0.1f * sinf((float)i);
    must(b->write(p, v, numbers, count, &err), &err);
}

/* 16 images through a convolution (Winograd's, on cpu), a batch norm and a depthwise convolution to two logits. */
static ink_id small_net(ink_graph *g, bool training, ink_id *x) {
    *x = ink_graph_input(g, 16, 4, 4);
    ink_id y = ink_graph_conv2d(g, *x, ink_graph_param(g, "w", 4, (int32_t[]){16, 16, 3, 3}), INK_NONE, 1, 1, 1);
    ink_id gamma = ink_graph_param(g, "gamma", 1, (int32_t[]){16}),
           beta = ink_graph_param(g, "beta", 1, (int32_t[]){16});
    ink_id mean = ink_graph_state(g, "mean", 1, (int32_t[]){16}), var = ink_graph_state(g, "var", 1, (int32_t[]){16});
    y = ink_graph_batchnorm(g, y, gamma, beta, mean, var, 1e-5f, 0.1f, training);
    y = ink_graph_activation(g, y, INK_RELU, 0);
    y = ink_graph_depthwise(g, y, ink_graph_param(g, "each", 4, (int32_t[]){16, 1, 3, 3}),
                            ink_graph_param(g, "b", 1, (int32_t[]){16}), 1, 1, 1);
    y = ink_graph_flatten(g, ink_graph_global_avgpool(g, y));
    return ink_graph_linear(g, y, ink_graph_param(g, "fc", 2, (int32_t[]){2, 16}), INK_NONE);
}

/* What b makes of x with the numbers that program p has now, in a program that never ran before. */
static void made_anew(const ink_backend *b, ink_precision precision, const ink_graph *g, const ink_program *p, ink_id x,
                      const float *images, ink_id y, float *to) {
    ink_program *fresh = NULL;
    ink_error err;
    float numbers[MOST];
    must(b->compile(g, &(ink_compile_options){.max_batch = 16, .precision = precision}, &fresh, &err), &err);
    for (ink_id v = 0; v < g->n_values; v++) {
        if (g->values[v].role != INK_ROLE_PARAM && g->values[v].role != INK_ROLE_STATE) continue;
        must(b->read(p, v, numbers, ink_graph_elements(g, v), &err), &err);
        must(b->write(fresh, v, numbers, ink_graph_elements(g, v), &err), &err);
    }
    must(b->write(fresh, x, images, MOST, &err), &err);
    must(b->run(fresh, &(ink_batch){.n = 16}, &err), &err);
    must(b->read(fresh, y, to, 32, &err), &err);
    b->free(fresh);
}

/* A program keeps what it made of parameters until they change, whoever changes them. */
static void follows_parameters(const ink_backend *b, ink_precision precision) {
    static const uint8_t labels[16] = {0, 1, 1, 0, 1};
    static float images[MOST];
    for (size_t i = 0; i < MOST; i++) images[i] = sinf((float)(i * i));
    ink_error err;
    ink_graph train = {0}, eval = {0};
    ink_id x, x2, logits = small_net(&train, true, &x), y = small_net(&eval, false, &x2);
    ink_graph_gradients(&train, ink_graph_cross_entropy(&train, logits, ink_graph_labels(&train), 0));
    ink_graph_optimizer(&train, &(ink_optimizer){.kind = INK_SGD});
    ink_graph_output(&eval, y);
    ink_program *a = NULL, *c = NULL;
    ink_compile_options options = {.max_batch = 16, .precision = precision};
    must(b->compile(&train, &options, &a, &err), &err);
    options.share = a;
    must(b->compile(&eval, &options, &c, &err), &err);
    for (ink_id v = 0; v < eval.n_values; v++) {
        bool lasts = eval.values[v].role == INK_ROLE_PARAM || eval.values[v].role == INK_ROLE_STATE;
        if (lasts) write_wave(b, c, &eval, v, 0.3f);
    }
    must(b->write(a, x, images, MOST, &err), &err);
    must(b->write(c, x2, images, MOST, &err), &err);
    float before[32] = {0}, got[32], again[32], wanted[32];
    for (uint64_t round = 1; round <= 6; round++) {
        ink_batch batch = {.n = 16, .labels = labels, .step = round, .lr = 1};
        if (round == 4) write_wave(b, a, &train, ink_graph_find(&train, "w"), 0.2f);
        if (round == 5) write_wave(b, c, &eval, ink_graph_find(&eval, "gamma"), 0.5f);
        if (round == 6) {
            for (size_t i = 0; i < MOST; i++) images[i] = cosf((float)i);
            must(b->write(c, x2, images, MOST, &err), &err);
        }
        if (round < 4) must(b->run(a, &batch, &err), &err);
        must(b->run(c, &(ink_batch){.n = 16}, &err), &err);
        must(b->read(c, y, got, 32, &err), &err);
        must(b->run(c, &(ink_batch){.n = 16}, &err), &err);
        must(b->read(c, y, again, 32, &err), &err);
        made_anew(b, precision, &eval, c, x2, images, y, wanted);
        assert_memory_equal(got, wanted, sizeof got);
        assert_memory_equal(again, wanted, sizeof again);
        assert_memory_not_equal(got, before, sizeof got);
        memcpy(before, got, sizeof got);
    }
    b->free(c);
    b->free(a);
    ink_graph_clear(&train);
    ink_graph_clear(&eval);
}

static void what_is_kept_follows_parameters(void **state) {
    (void)state;
    follows_parameters(&ink_backend_ref, INK_PRECISION_F32);
    follows_parameters(&ink_backend_cpu, INK_PRECISION_F32);
    host_device_start(&host);
    follows_parameters(ink_cuda_backend(&host.gpu), INK_PRECISION_F32);
    follows_parameters(ink_cuda_backend(&host.gpu), INK_PRECISION_BF16);
    assert_int_equal(host.used, 0);
}

/* ---- weights that lie in a GPU's memory as bf16 too: steps round what they write ---- */

static const char *const learners[] = {
    "6 img 8x8: normalise 1, conv 8 3x3 p1, bn, relu, conv 16 3x3, relu, flatten, linear 10 bias, loss 0, sgd 0.9",
    "6 img 8x8: normalise 3, conv 24 3x3 s2, relu, flatten, linear 10, loss 0, adamw decay 0.1 clip 1 average 0.9",
    "6 x 5x6x6: conv 9 3x3, relu, conv 8 3x3, relu, flatten, linear 10, loss 0, adam",
    "6 x 3x6x6: conv 16 3x3, relu, conv 8 3x3, relu, flatten, linear 10, loss 0, muon average 0.9",
    /* a parameter of more than one piece, whose last one has an odd number of elements */
    "6 img 9x9: normalise 1, conv 115 3x3, relu, conv 40 3x3, flatten, linear 10 bias, loss 0, nesterov decay 0.01",
};

#define STEPS 4

/* Writes all parameters as they are. */
static void write_back(const ink_backend *b, ink_program *p, const ink_graph *g) {
    static float numbers[1 << 16];
    ink_error err;
    for (ink_id v = 0; v < g->n_values; v++) {
        if (g->values[v].role != INK_ROLE_PARAM) continue;
        size_t count = ink_graph_elements(g, v);
        assert_true(count <= sizeof numbers / sizeof *numbers);
        must(b->read(p, v, numbers, count, &err), &err);
        must(b->write(p, v, numbers, count, &err), &err);
    }
}

/* All numbers of the parameters after STEPS steps, in a row; back: they are written between. Of launches a step has one
 * more when something was written before it. The caller frees. */
static float *learned(const char *text, bool back, size_t *count) {
    const ink_backend *b = ink_cuda_backend(&host.gpu);
    case_net net;
    case_data data;
    ink_program *p = NULL;
    ink_error err;
    uint64_t launches[STEPS];
    float *all = NULL;
    case_build(text, &net);
    must(b->compile(&net.g, &(ink_compile_options){.max_batch = 6, .precision = INK_PRECISION_BF16}, &p, &err), &err);
    case_fill(&net, 6, 3, &data);
    case_write(b, p, &net, 6, &data);
    for (uint32_t i = 0; i < STEPS; i++) {
        ink_batch batch = case_batch(&data, 6);
        batch.step = i + 1;
        batch.lr = 0.01f;
        uint64_t before = host.launches;
        must(b->run(p, &batch, &err), &err);
        launches[i] = host.launches - before;
        assert_int_equal(launches[i] + (!back && i > 0), launches[0]);
        if (back) write_back(b, p, &net.g);
    }
    *count = 0;
    for (ink_id v = 0; v < net.g.n_values; v++) {
        if (net.g.values[v].role != INK_ROLE_PARAM) continue;
        size_t more = ink_graph_elements(&net.g, v);
        float *larger = realloc(all, (*count + more) * sizeof *all);
        assert_non_null(larger);
        all = larger;
        must(b->read(p, v, all + *count, more, &err), &err);
        *count += more;
    }
    b->free(p);
    case_release(&net, &data);
    case_clear(&net);
    return all;
}

static void rounded_weights_follow_steps(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof learners / sizeof *learners; i++) {
        for (int way = 0; way < 3; way++) {
            size_t count, again;
            host_device_start(&host);
            host.gpu.way = way < 2 ? INK_GPU_GRAPH : INK_GPU_KERNEL;
            host.backwards = way > 0;
            float *kept = learned(learners[i], false, &count), *written = learned(learners[i], true, &again);
            assert_int_equal(count, again);
            if (memcmp(kept, written, count * sizeof *kept) != 0) fail_msg("%s: other weights", learners[i]);
            assert_int_equal(host.by_kernel, way < 2 ? 0 : 2 * STEPS);
            free(kept);
            free(written);
            assert_int_equal(host.used, 0);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_follows_parameters),
        cmocka_unit_test(rounded_weights_follow_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

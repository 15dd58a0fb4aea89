/* tests/ops/test_graph.c: building graphs: messages of wrong shapes, names, gradients' paths, facts; and what programs
 * share. It computes next to nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "ops/backend.h"

static ink_id weights(ink_graph *g, const char *name, int32_t k, int32_t c, int32_t r, int32_t s) {
    return ink_graph_param(g, name, 4, (int32_t[]){k, c, r, s});
}

static void assert_fault(ink_graph *g, const char *text) {
    ink_error err;
    assert_int_equal(ink_graph_check(g, &err), INK_E_USAGE);
    assert_string_equal(err.text, text);
    ink_graph_clear(g);
}

static void wrong_shapes_are_told(void **state) {
    (void)state;
    ink_graph g = {0};
    ink_id x = ink_graph_input(&g, 64, 1, 1);
    assert_int_equal(ink_graph_conv2d(&g, x, weights(&g, "w", 8, 64, 3, 3), INK_NONE, 1, 0, 0), INK_NONE);
    assert_int_equal(ink_graph_flatten(&g, x), INK_NONE); /* all that follows does nothing */
    assert_fault(&g, "conv2d: 3x3 window on a 1x1 map of 64 channels leaves nothing");

    x = ink_graph_input(&g, 3, 8, 8);
    (void)ink_graph_conv2d(&g, x, weights(&g, "w", 8, 4, 3, 3), INK_NONE, 1, 0, 0);
    assert_fault(&g, "conv2d: 3 channels come, but w has shape [8,4,3,3]");

    x = ink_graph_input(&g, 3, 8, 8);
    (void)ink_graph_depthwise(&g, x, weights(&g, "w", 3, 3, 3, 3), INK_NONE, 1, 0, 0);
    assert_fault(&g, "depthwise: 3 channels come, but w has shape [3,3,3,3]");

    x = ink_graph_input(&g, 3, 8, 8);
    x = ink_graph_flatten(&g, ink_graph_depthwise(&g, x, weights(&g, "w", 3, 1, 8, 8), INK_NONE, 1, 0, 0));
    g.values[ink_graph_find(&g, "w")].is_matrix = true;
    ink_graph_gradients(&g, ink_graph_cross_entropy(&g, x, ink_graph_labels(&g), 0));
    ink_graph_optimizer(&g, &(ink_optimizer){.kind = INK_MUON});
    assert_fault(&g, "muon: w, the filters of depthwise, are no matrix");

    x = ink_graph_input(&g, 3, 8, 8);
    (void)ink_graph_depthwise(&g, x, weights(&g, "w", 3, 1, 9, 3), INK_NONE, 1, 0, 0);
    assert_fault(&g, "depthwise: 9x3 window on a 8x8 map of 3 channels leaves nothing");

    x = ink_graph_input(&g, 3, 8, 8);
    (void)ink_graph_linear(&g, x, ink_graph_param(&g, "w", 2, (int32_t[]){10, 192}), INK_NONE);
    assert_fault(&g, "linear: x has shape [3,8,8]; flatten it first");

    x = ink_graph_input(&g, 100, 1, 1);
    (void)ink_graph_linear(&g, x, ink_graph_param(&g, "w", 2, (int32_t[]){10, 99}), INK_NONE);
    assert_fault(&g, "linear: 100 inputs come, but w has shape [10,99]");

    x = ink_graph_images(&g, 28, 28);
    (void)ink_graph_activation(&g, x, INK_RELU, 0);
    assert_fault(&g, "activation: x is the images' bytes; normalise makes numbers of them");

    x = ink_graph_input(&g, 3, 8, 8);
    (void)ink_graph_add(&g, x, ink_graph_maxpool(&g, x, 2, 2, 2, 0));
    assert_fault(&g, "add: shapes [3,8,8] and [3,4,4] differ");

    x = ink_graph_input(&g, 3, 8, 8);
    (void)ink_graph_maxpool(&g, x, 2, 2, 2, 2);
    assert_fault(&g, "maxpool: padding of 2 in a 2x2 window; at most half of it is possible");

    (void)ink_graph_param(&g, "a.weight", 1, (int32_t[]){3});
    (void)ink_graph_state(&g, "a.weight", 1, (int32_t[]){3});
    assert_fault(&g, "two values are called a.weight");

    (void)ink_graph_param(&g, "a", 2, (int32_t[]){65536, 65536});
    assert_fault(&g, "a value of more than 2147483647 elements");

    x = ink_graph_input(&g, 3, 8, 8);
    (void)ink_graph_batchnorm(&g, x, INK_NONE, INK_NONE, ink_graph_state(&g, "m", 1, (int32_t[]){4}),
                              ink_graph_state(&g, "v", 1, (int32_t[]){4}), 1e-5f, 0.1f, true);
    assert_fault(&g, "batchnorm: running_mean has 4 elements, 3 wanted");
}

static int32_t count_nodes(const ink_graph *g, ink_op op) {
    int32_t count = 0;
    for (int32_t i = 0; i < g->n_nodes; i++) count += g->nodes[i].op == op;
    return count;
}

/* Two convolutions, a shortcut around the second, a linear head. */
static void build_net(ink_graph *g, bool first_learns) {
    ink_id x = ink_graph_normalise(g, ink_graph_images(g, 6, 6), 1, (float[]){1}, (float[]){0});
    ink_id w1 = weights(g, "conv1.weight", 4, 1, 3, 3);
    if (!first_learns) g->values[w1].lr_scale = 0;
    x = ink_graph_conv2d(g, x, w1, INK_NONE, 1, 1, 1);
    ink_id y = ink_graph_activation(g, x, INK_RELU, 0);
    y = ink_graph_conv2d(g, y, weights(g, "conv2.weight", 4, 4, 3, 3), INK_NONE, 1, 1, 1);
    y = ink_graph_flatten(g, ink_graph_add(g, x, y));
    ink_id bias = ink_graph_param(g, "fc.bias", 1, (int32_t[]){10});
    ink_id z = ink_graph_linear(g, y, ink_graph_param(g, "fc.weight", 2, (int32_t[]){10, 144}), bias);
    g->values[bias].decay = false;
    ink_graph_gradients(g, ink_graph_cross_entropy(g, z, ink_graph_labels(g), 0));
}

static void gradients_follow_what_learns(void **state) {
    (void)state;
    ink_graph g = {0};
    build_net(&g, true);
    assert_int_equal(ink_graph_check(&g, NULL), INK_OK);
    assert_int_equal(count_nodes(&g, INK_OP_CONV2D_DW), 2);
    assert_int_equal(count_nodes(&g, INK_OP_CONV2D_DX), 1); /* nothing learns before the first convolution */
    assert_int_equal(count_nodes(&g, INK_OP_ADD), 2);       /* the shortcut, and the sum of its gradients */
    ink_id w = ink_graph_find(&g, "conv1.weight"), dw = g.values[w].gradient;
    assert_int_not_equal(dw, INK_NONE);
    assert_int_equal(g.values[dw].role, INK_ROLE_GRADIENT);
    assert_memory_equal(g.values[dw].dim, g.values[w].dim, sizeof g.values[w].dim);
    int32_t before = g.n_nodes;
    ink_graph_optimizer(&g, &(ink_optimizer){.kind = INK_ADAMW,
                                             .beta1 = 0.9f,
                                             .beta2 = 0.999f,
                                             .eps = 1e-8f,
                                             .weight_decay = 0.01f,
                                             .clip_norm = 1,
                                             .average_decay = 0.99f});
    assert_int_equal(ink_graph_check(&g, NULL), INK_OK);
    assert_int_equal(g.n_nodes - before, 1 + 4 + 4);
    assert_int_not_equal(ink_graph_find(&g, "fc.weight.adam_m"), INK_NONE);
    assert_int_not_equal(ink_graph_find(&g, "fc.bias.average"), INK_NONE);
    for (int32_t i = before; i < g.n_nodes; i++) {
        if (g.nodes[i].op != INK_OP_ADAM) continue;
        float decay = g.values[g.nodes[i].in[0]].decay ? 0.01f : 0.0f;
        assert_true(g.nodes[i].attr.optimizer.decay == decay);
    }
    ink_graph_clear(&g);

    build_net(&g, false);
    assert_int_equal(count_nodes(&g, INK_OP_CONV2D_DW), 1);
    assert_int_equal(count_nodes(&g, INK_OP_CONV2D_DX), 0); /* the path beyond conv2 reaches nothing that learns */
    assert_int_equal(count_nodes(&g, INK_OP_ACTIVATION_DX), 0);
    assert_int_equal(g.values[ink_graph_find(&g, "conv1.weight")].gradient, INK_NONE);
    ink_graph_gradients(&g, g.n_values - 1);
    assert_int_not_equal(ink_graph_check(&g, NULL), INK_OK);
    ink_graph_clear(&g);
}

static void multiply_adds_leave_padding_out(void **state) {
    (void)state;
    ink_graph g = {0};
    ink_id x = ink_graph_input(&g, 16, 1, 1);
    (void)ink_graph_conv2d(&g, x, weights(&g, "a", 32, 16, 3, 3), INK_NONE, 1, 1, 1);
    assert_int_equal(ink_node_macs(&g, &g.nodes[0]), 16 * 32); /* one live tap of nine */
    x = ink_graph_input(&g, 2, 4, 5);
    (void)ink_graph_conv2d(&g, x, weights(&g, "b", 3, 2, 3, 3), INK_NONE, 1, 1, 1);
    assert_int_equal(ink_node_macs(&g, &g.nodes[1]), 2 * 3 * (3 * 4 - 2) * (3 * 5 - 2));
    (void)ink_graph_linear(&g, ink_graph_flatten(&g, x), ink_graph_param(&g, "c", 2, (int32_t[]){7, 40}), INK_NONE);
    assert_int_equal(ink_node_macs(&g, &g.nodes[2]), 0);
    assert_int_equal(ink_node_macs(&g, &g.nodes[3]), 280);
    for (int op = 0; op < INK_OP_COUNT; op++) assert_non_null(ink_op_name((ink_op)op));
    ink_graph_clear(&g);
}

static void scalars_of_a_step(void **state) {
    (void)state;
    assert_true(ink_adam_correction(0.5f, 1) == 0.5);
    assert_true(ink_adam_correction(0.5f, 3) == 0.875);
    assert_true(ink_adam_correction(0.5f, 2000) == 1.0);
    assert_true(ink_average_decay(0.9f, 1) == 2.0 / 11.0);
    assert_true(ink_average_decay(0.9f, 1000) == (double)0.9f);
}

/* ---- programs, on each backend that there is ---- */

static const char *const names[] = {"ref", "ref64", "cpu"};

static void must(ink_status status, const ink_error *err) {
    if (status != INK_OK) fail_msg("%s", err->text);
}

static void programs_share_by_name(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        const ink_backend *b = ink_backend_find(names[k]);
        if (b == NULL) continue;
        ink_error err;
        ink_graph train = {0}, eval = {0};
        int32_t dim[] = {3, 4};
        ink_id w = ink_graph_param(&train, "fc.weight", 2, dim);
        ink_id x = ink_graph_input(&train, 4, 1, 1);
        ink_id losses =
            ink_graph_cross_entropy(&train, ink_graph_linear(&train, x, w, INK_NONE), ink_graph_labels(&train), 0);
        ink_graph_gradients(&train, losses);
        ink_graph_optimizer(&train, &(ink_optimizer){.kind = INK_SGD});
        ink_id x2 = ink_graph_input(&eval, 4, 1, 1);
        ink_id w2 = ink_graph_param(&eval, "fc.weight", 2, dim);
        ink_id own = ink_graph_param(&eval, "own", 1, (int32_t[]){3});
        ink_id y = ink_graph_linear(&eval, x2, w2, own);
        ink_graph_output(&eval, y);
        ink_program *a = NULL, *c = NULL;
        must(b->compile(&train, &(ink_compile_options){.max_batch = 2, .precision = INK_PRECISION_F32}, &a, &err),
             &err);
        ink_compile_options shared = {.max_batch = 5, .precision = INK_PRECISION_F32, .share = a};
        must(b->compile(&eval, &shared, &c, &err), &err);
        float numbers[12], got[12], one[4] = {1, 0, 0, 0};
        for (int i = 0; i < 12; i++) numbers[i] = (float)i;
        must(b->write(a, w, numbers, 12, &err), &err);
        must(b->read(c, w2, got, 12, &err), &err);
        assert_memory_equal(got, numbers, sizeof got);
        must(b->write(a, x, one, 4, &err), &err);
        must(b->run(a, &(ink_batch){.n = 1, .labels = (uint8_t[]){1}, .step = 1, .lr = 1}, &err), &err);
        must(b->read(a, w, numbers, 12, &err), &err);
        assert_true(numbers[4] > 4.5f); /* the label's row has learned */
        must(b->write(c, x2, one, 4, &err), &err);
        must(b->run(c, &(ink_batch){.n = 1}, &err), &err);
        must(b->read(c, y, got, 3, &err), &err);
        for (int i = 0; i < 3; i++) assert_true(got[i] == numbers[4 * i]);
        assert_int_equal(b->read(c, y, got, 2, &err), INK_E_USAGE);
        assert_int_equal(b->read(c, x2 + 100, got, 2, &err), INK_E_USAGE);
        assert_int_equal(b->run(c, &(ink_batch){.n = 6}, &err), INK_E_USAGE);
        assert_int_equal(b->run(a, &(ink_batch){.n = 1}, &err), INK_E_USAGE);
        assert_int_equal(b->run(a, &(ink_batch){.n = 1, .labels = (uint8_t[]){3}, .step = 1}, &err), INK_E_DATA);
        assert_true(b->memory_of(c) > 0);
        b->free(c);
        b->free(a);
        ink_graph_clear(&train);
        ink_graph_clear(&eval);
    }
}

static void wrong_options_are_told(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        const ink_backend *b = ink_backend_find(names[k]);
        if (b == NULL) continue;
        ink_graph g = {0};
        ink_program *program = NULL, *other = NULL;
        ink_id x = ink_graph_input(&g, 4, 1, 1);
        ink_id y = ink_graph_linear(&g, x, ink_graph_param(&g, "w", 2, (int32_t[]){3, 4}), INK_NONE);
        ink_graph_output(&g, y);
        assert_int_equal(b->compile(&g, &(ink_compile_options){.max_batch = 0}, &program, NULL), INK_E_USAGE);
        assert_null(program);
        const ink_backend *ref = &ink_backend_ref;
        assert_int_equal(ref->compile(&g, &(ink_compile_options){.max_batch = 1}, &other, NULL), INK_OK);
        if (b != ref) {
            ink_compile_options foreign = {.max_batch = 1, .share = other};
            assert_int_equal(b->compile(&g, &foreign, &program, NULL), INK_E_USAGE);
        }
        ref->free(other);
        (void)ink_graph_flatten(&g, INK_NONE);
        assert_int_equal(b->compile(&g, &(ink_compile_options){.max_batch = 1}, &program, NULL), INK_E_USAGE);
        ink_graph_clear(&g);
    }
    assert_null(ink_backend_find("abacus"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_shapes_are_told),           cmocka_unit_test(gradients_follow_what_learns),
        cmocka_unit_test(multiply_adds_leave_padding_out), cmocka_unit_test(scalars_of_a_step),
        cmocka_unit_test(programs_share_by_name),          cmocka_unit_test(wrong_options_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

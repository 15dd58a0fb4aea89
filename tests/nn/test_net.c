/* tests/nn/test_net.c: net text to layers and graphs: the grammar, its messages, the zoo's shapes and names.
 * What the nodes compute is tests/ops' business. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "nn/net.h"

static const ink_net_plan eval_plan = {.height = 28, .width = 28, .normalise = {.channels = 1, .scale = {1.0f / 255}}};

/* Parameters of the net of that text; its graph when g is not NULL. */
static uint64_t count_parameters(const char *text, ink_graph *g) {
    ink_graph own = {0};
    ink_net *net = NULL;
    ink_net_ends ends;
    ink_error err;
    uint64_t n = 0;
    if (g == NULL) g = &own;
    assert_int_equal(ink_net_parse(text, "test", 1, &net, &err), INK_OK);
    assert_int_equal(ink_net_build(net, &eval_plan, g, &ends, &err), INK_OK);
    for (ink_id id = 0; id < g->n_values; id++) {
        if (g->values[id].role == INK_ROLE_PARAM) n += ink_graph_elements(g, id);
    }
    ink_net_free(net);
    ink_graph_clear(&own);
    return n;
}

/* The known sizes: torchvision's resnets with 10 classes, Deotte's net, PyTorch's example. */
static void zoo_has_the_known_sizes(void **state) {
    static const struct {
        const char *name;
        uint64_t parameters;
    } known[] = {
        {"mlp", 784 * 128 + 128 + 128 * 64 + 64 + 64 * 10 + 10},
        {"lenet", 61706},
        {"cnn-example", 1199882},
        {"deotte", 326410}, /* 327,242 with the 832 running statistics that Keras counts */
        {"resnet18", 11181642},
        {"resnet34", 21289802},
    };
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        assert_non_null(ink_zoo_find(known[i].name));
        assert_int_equal(count_parameters(ink_zoo_find(known[i].name), NULL), known[i].parameters);
    }
}

static void every_net_of_the_zoo_builds_for_training(void **state) {
    size_t n;
    const ink_zoo_entry *zoo = ink_zoo(&n);
    (void)state;
    assert_true(n >= 9);
    for (size_t i = 0; i < n; i++) {
        ink_net *net = NULL;
        ink_graph g = {0};
        ink_net_ends ends;
        ink_error err;
        ink_net_plan plan = eval_plan;
        plan.training = true;
        plan.body_lr_scale = 1;
        plan.optimizer = (ink_optimizer){.kind = INK_ADAM, .beta1 = 0.9f, .beta2 = 0.999f, .eps = 1e-8f};
        assert_int_equal(ink_net_parse(zoo[i].text, zoo[i].name, 1, &net, &err), INK_OK);
        assert_int_equal(ink_net_build(net, &plan, &g, &ends, &err), INK_OK);
        assert_true(ends.losses != INK_NONE);
        for (ink_id id = 0; id < g.n_values; id++) {
            if (g.values[id].role == INK_ROLE_PARAM) assert_true(g.values[id].gradient != INK_NONE);
        }
        ink_graph_clear(&g);
        ink_net_free(net);
    }
}

static void resnet18_has_torchvision_names(void **state) {
    static const char *const names[] = {"conv1.weight",
                                        "bn1.running_var",
                                        "layer1.0.conv1.weight",
                                        "layer1.1.bn2.bias",
                                        "layer2.0.downsample.0.weight",
                                        "layer2.0.downsample.1.running_mean",
                                        "layer4.1.conv2.weight",
                                        "fc.weight",
                                        "fc.bias"};
    ink_graph g = {0};
    int32_t named = 0;
    (void)state;
    count_parameters(ink_zoo_find("resnet18"), &g);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_not_equal(ink_graph_find(&g, names[i]), INK_NONE);
    }
    for (ink_id id = 0; id < g.n_values; id++) named += g.values[id].name[0] != '\0';
    assert_int_equal(named, 102);
    const ink_value *stem = &g.values[ink_graph_find(&g, "conv1.weight")];
    assert_int_equal(stem->dim[0], 64);
    assert_int_equal(stem->dim[1], 3);
    assert_int_equal(stem->dim[2], 7);
    assert_int_equal(ink_graph_find(&g, "layer1.0.downsample.0.weight"), INK_NONE);
    ink_graph_clear(&g);
}

static void layers_without_names_are_numbered_as_in_sequential(void **state) {
    ink_graph g = {0};
    (void)state;
    count_parameters("linear 128\nrelu\nlinear 64 # hidden\n\nrelu\nlinear 10", &g);
    assert_int_not_equal(ink_graph_find(&g, "0.weight"), INK_NONE);
    assert_int_not_equal(ink_graph_find(&g, "2.bias"), INK_NONE);
    assert_int_not_equal(ink_graph_find(&g, "4.weight"), INK_NONE);
    ink_graph_clear(&g);
}

/* What a file may cost: its empty lines are read again too. */
static void repeated_lines_are_bounded(void **state) {
    static const char front[] = "repeat 1000 {\n", back[] = "relu\n}\nlinear 10";
    static char text[20000];
    ink_net *net = NULL;
    ink_error err;
    (void)state;
    memset(text, '\n', sizeof text - sizeof back);
    memcpy(text, front, sizeof front - 1);
    memcpy(text + sizeof text - sizeof back, back, sizeof back);
    assert_int_equal(ink_net_parse(text, "test", 1, &net, &err), INK_E_USAGE);
    assert_null(net);
    assert_non_null(strstr(err.text, "at most 1000000 lines"));
}

static void repeat_reads_its_lines_again(void **state) {
    ink_graph g = {0};
    (void)state;
    count_parameters("repeat 2 {\n conv 4 3x3\n repeat 2 {\n relu\n }\n}\nlinear 10", &g);
    assert_int_not_equal(ink_graph_find(&g, "0.weight"), INK_NONE);
    assert_int_not_equal(ink_graph_find(&g, "3.weight"), INK_NONE);
    assert_int_not_equal(ink_graph_find(&g, "6.weight"), INK_NONE);
    ink_graph_clear(&g);
}

static void pad_same_follows_tensorflow(void **state) {
    ink_graph g = {0};
    int seen = 0;
    (void)state;
    count_parameters("conv 2 5x5 stride 2 pad same\nconv 2 3x3 pad same\nlinear 10", &g);
    for (int32_t i = 0; i < g.n_nodes; i++) {
        if (g.nodes[i].op != INK_OP_CONV2D) continue;
        assert_int_equal(g.nodes[i].attr.conv.pad, 1);
        assert_int_equal(g.nodes[i].attr.conv.pad_end, seen == 0 ? 2 : 1);
        assert_int_equal(g.values[g.nodes[i].out[0]].dim[1], 14);
        seen++;
    }
    assert_int_equal(seen, 2);
    ink_graph_clear(&g);
}

/* Each wrong text, the line it is told at, and words of the message or its hint. */
static void wrong_texts_are_told_with_their_line(void **state) {
    static const struct {
        const char *text;
        uint64_t line;
        const char *says;
    } wrong[] = {
        {"", 1, "at least one layer"},
        {"# only words\n\n", 2, "at least one layer"},
        {"linaer 10", 1, "did you mean \"linear\"?"},
        {"relu\nconv 3x3 8", 2, "outputs of conv"},
        {"conv 8 3", 1, "a window such as 3x3"},
        {"conv 8 0x3", 1, "a window such as 3x3"},
        {"conv 8 3x3 stride 0", 1, "a whole number 1..16"},
        {"conv 8 3x5 pad same", 1, "a square window"},
        {"linear 10 10", 1, "one word too many"},
        {"linear -3", 1, "outputs of linear"},
        {"linear 99999999999999999999", 1, "outputs of linear"},
        {"dropout 1.5", 1, "a number from 0 to 0.99"},
        {"dropout nan", 1, "rate of dropout"},
        {"residual {\nrelu\n", 1, "never closed"},
        {"residual {\n}\nlinear 10", 2, "a layer between the braces"},
        {"residual\nrelu", 1, "{ at the end of the line"},
        {"residual {\nrelu\n} else {\n}", 3, "shortcut"},
        {"}\nlinear 10", 1, "a layer"},
        {"repeat 0 {\nrelu\n}", 1, "a whole number 1..1000"},
        {"repeat 2 { conv 8 3x3\nrelu\n}\nlinear 10", 1, "the end of the line"},
        {"repeat 2 {\nrelu\n} lr 0.5\nlinear 10", 3, "the end of the line"},
        {"repeat 1000 {\nrepeat 1000 {\nrelu\n}\n}", 3, "at most 1000 layers"},
        {"linear 10 as", 1, "a name"},
        {"linear 10 as a/b", 1, "letters, digits"},
        {"relu\ninput 3", 2, "above the first layer"},
        {"input 2\nlinear 10", 1, "1 or 3"},
        {"init zeros\nlinear 10", 1, "kaiming-normal"},
        {"linear 10 lr", 1, "factor of lr"},
        {"linear 10 lr -1", 1, "a number from 0 to 1000"},
        {"relu lr 2", 1, "one word too many"},
        {"linear 10 as a lr 2", 1, "one word too many"},
        {"linear 10 whiten", 1, "one word too many"},
        {"relu\ndepthwise 8 3x3", 2, "a window such as 3x3"},
        {"depthwise 3x3 whiten", 1, "one word too many"},
        {"depthwise 3x5 pad same", 1, "a square window"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ink_net *net = NULL;
        ink_error err;
        assert_int_equal(ink_net_parse(wrong[i].text, "my.txt", 1, &net, &err), INK_E_USAGE);
        assert_null(net);
        if (strstr(err.text, wrong[i].says) == NULL && strstr(err.hint, wrong[i].says) == NULL) {
            fail_msg("\"%s\" says: %s / %s", wrong[i].text, err.text, err.hint);
        }
        assert_int_equal(err.line, wrong[i].line);
        assert_memory_equal(err.text, "my.txt:", 7);
    }
}

static void shapes_that_do_not_fit_are_told_with_their_line(void **state) {
    static const struct {
        const char *text;
        uint64_t line;
        const char *says;
    } wrong[] = {
        {"maxpool 2x2\nconv 8 15x15", 2, "conv"},
        {"linear 12", 0, "12 outputs, expected 10"},
        {"conv 4 3x3\nresidual {\nconv 8 3x3 pad 1\n}\nlinear 10", 2, "add"},
        {"linear 10 as a\nlinear 10 as a", 2, "a.weight"},
        {"conv 8 3x3\nconv 4 3x3 whiten\nlinear 10", 2, "the first layer alone"},
        {"residual {\nconv 4 3x3\n} shortcut {\nconv 4 3x3 whiten\n}\nlinear 10", 4, "the first layer alone"},
        {"conv 2 1x2\nconv 2 3x3 stride 2 pad same\nlinear 10", 2, "other padding down than across"},
        {"conv 19 3x3 whiten\nlinear 10", 1, "patches of 9 numbers give at most 18"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ink_net *net = NULL;
        ink_graph g = {0};
        ink_net_ends ends;
        ink_error err;
        assert_int_equal(ink_net_parse(wrong[i].text, "my.txt", 1, &net, &err), INK_OK);
        assert_int_equal(ink_net_build(net, &eval_plan, &g, &ends, &err), INK_E_USAGE);
        if (strstr(err.text, wrong[i].says) == NULL) fail_msg("\"%s\" says: %s", wrong[i].text, err.text);
        assert_int_equal(err.line, wrong[i].line);
        ink_graph_clear(&g);
        ink_net_free(net);
    }
}

/* First weights: the bounds and deviations that the header promises, and the same for the same seed alone. */
static void first_weights_have_their_spread(void **state) {
    static const char text[] = "conv 32 3x3 as a\nbatchnorm as n\ninit kaiming-normal\nconv 64 3x3 as b\n"
                               "init glorot\nconv 16 3x3 as c\nglobal-avgpool\nlinear 10 as d";
    enum { B_WEIGHTS = 64 * 32 * 9 };
    static const uint64_t seeds[3] = {7, 7, 8};
    static float w[3][B_WEIGHTS];
    ink_net *net = NULL;
    ink_graph g = {0};
    ink_net_ends ends;
    ink_program *program = NULL;
    const ink_backend *ref = &ink_backend_ref;
    ink_compile_options options = {.max_batch = 1};
    (void)state;
    assert_int_equal(ink_net_parse(text, "test", 1, &net, NULL), INK_OK);
    assert_int_equal(ink_net_build(net, &eval_plan, &g, &ends, NULL), INK_OK);
    assert_int_equal(ref->compile(&g, &options, &program, NULL), INK_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ink_net_init(net, &g, seeds[i], ref, program, NULL), INK_OK);
        assert_int_equal(ref->read(program, ink_graph_find(&g, "b.weight"), w[i], B_WEIGHTS, NULL), INK_OK);
    }
    assert_memory_equal(w[0], w[1], sizeof w[0]);
    assert_memory_not_equal(w[0], w[2], sizeof w[0]);
    double sum = 0, squares = 0;
    for (size_t k = 0; k < B_WEIGHTS; k++) {
        sum += (double)w[0][k];
        squares += (double)w[0][k] * (double)w[0][k];
    }
    assert_true(fabs(sum / B_WEIGHTS) < 0.002);
    assert_true(fabs(sqrt(squares / B_WEIGHTS) / sqrt(2.0 / (64 * 9)) - 1) < 0.03);
    float a[32 * 9], bias[16], gamma[32], var[32], most = 0;
    assert_int_equal(ref->read(program, ink_graph_find(&g, "a.weight"), a, 32 * 9, NULL), INK_OK);
    assert_int_equal(ref->read(program, ink_graph_find(&g, "c.bias"), bias, 16, NULL), INK_OK);
    assert_int_equal(ref->read(program, ink_graph_find(&g, "n.weight"), gamma, 32, NULL), INK_OK);
    assert_int_equal(ref->read(program, ink_graph_find(&g, "n.running_var"), var, 32, NULL), INK_OK);
    for (size_t k = 0; k < 32 * 9; k++) most = fabsf(a[k]) > most ? fabsf(a[k]) : most;
    assert_true(most <= 1.0f / 3 && most > 0.32f);
    for (size_t k = 0; k < 16; k++) assert_true(bias[k] == 0.0f);
    for (size_t k = 0; k < 32; k++) assert_true(gamma[k] == 1.0f && var[k] == 1.0f);
    ref->free(program);
    ink_graph_clear(&g);
    ink_net_free(net);
}

/* As many channels come out as go in, each with a filter of its own, which is no matrix for Muon. */
static void depthwise_has_a_filter_for_each_channel(void **state) {
    static const char text[] = "conv 6 3x3 as a\ndepthwise 5x3 stride 2 pad 1:0 as b\nlinear 10 as c";
    ink_net *net = NULL;
    ink_graph g = {0};
    ink_net_ends ends;
    ink_net_plan plan = eval_plan;
    (void)state;
    plan.training = true;
    plan.body_lr_scale = 1;
    plan.matrix_lr_scale = 7;
    plan.optimizer = (ink_optimizer){.kind = INK_MUON, .momentum = 0.9f, .beta1 = 0.9f, .beta2 = 0.9f};
    assert_int_equal(count_parameters(text, NULL), 60 + 6 * 15 + 6 + 6 * 12 * 13 * 10 + 10);
    assert_int_equal(ink_net_parse(text, "test", 1, &net, NULL), INK_OK);
    assert_int_equal(ink_net_build(net, &plan, &g, &ends, NULL), INK_OK);
    const ink_value *a = &g.values[ink_graph_find(&g, "a.weight")], *b = &g.values[ink_graph_find(&g, "b.weight")];
    assert_int_equal(b->dim[0], 6);
    assert_int_equal(b->dim[1], 1);
    assert_true(a->is_matrix && a->lr_scale == 7);
    assert_true(!b->is_matrix && b->lr_scale == 1 && b->decay);
    ink_graph_clear(&g);
    ink_net_free(net);
}

/* Layers learn at their own pace, with the body's factor on top; whitening filters stay, their biases learn. */
static void layers_have_their_own_learning_rates(void **state) {
    /* The second: names as PyTorch's ModuleList gives them, where a layer without parameters has the same number, and
     * a head whose name another layer's begins with. */
    static const char *const texts[] = {
        "conv 8 3x3 whiten as a\nconv 8 3x3 lr 0.5 as b\nbatchnorm lr 0 as n\ndepthwise 3x3 lr 2 as d\n"
        "linear 10 lr 3 as c",
        "conv 4 3x3 lr 0.5 as 0\nrelu\nbatchnorm lr 2 as 1\nlinear 16 as fc.1\nrelu\nlinear 10 as fc"};
    static const struct {
        size_t text;
        const char *name;
        float scale;
    } wanted[] = {{0, "a.weight", 0},        {0, "a.bias", 0.25f},    {0, "b.weight", 0.125f}, {0, "b.bias", 0.125f},
                  {0, "n.weight", 0},        {0, "d.weight", 0.5f},   {0, "d.bias", 0.5f},     {0, "c.weight", 3},
                  {0, "c.bias", 3},          {1, "0.weight", 0.125f}, {1, "1.weight", 0.5f},   {1, "1.bias", 0.5f},
                  {1, "fc.1.weight", 0.25f}, {1, "fc.weight", 1}};
    (void)state;
    for (size_t t = 0; t < 2; t++) {
        ink_net *net = NULL;
        ink_graph g = {0};
        ink_net_ends ends;
        ink_net_plan plan = eval_plan;
        plan.training = true;
        plan.body_lr_scale = 0.25f;
        plan.optimizer.kind = INK_SGD;
        assert_int_equal(ink_net_parse(texts[t], "test", 1, &net, NULL), INK_OK);
        assert_int_equal(ink_net_build(net, &plan, &g, &ends, NULL), INK_OK);
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
            if (wanted[i].text != t) continue;
            ink_id id = ink_graph_find(&g, wanted[i].name);
            assert_true(g.values[id].lr_scale == wanted[i].scale);
            assert_int_equal(g.values[id].gradient != INK_NONE, wanted[i].scale > 0);
        }
        assert_int_equal(ink_net_whitened(net, &g), t == 0 ? ink_graph_find(&g, "a.weight") : INK_NONE);
        ink_graph_clear(&g);
        ink_net_free(net);
    }
}

/* init dirac: a convolution with padding passes its channels on; the rest of its filters are as torch draws them. */
static void dirac_filters_pass_their_channel_on(void **state) {
    static const char text[] =
        "input 1\ninit dirac\nconv 3 3x3 pad 1 no-bias as a\ndepthwise 3x3 pad same no-bias as each\n"
        "conv 2 2x2 no-bias as even\nconv 1 3x3 no-bias as fewer\nlinear 10 as c";
    ink_net *net = NULL;
    ink_graph g = {0};
    ink_net_ends ends;
    ink_program *program = NULL;
    const ink_backend *ref = &ink_backend_ref;
    ink_compile_options options = {.max_batch = 1};
    float a[27], each[27], even[24], fewer[18];
    (void)state;
    assert_int_equal(ink_net_parse(text, "test", 1, &net, NULL), INK_OK);
    assert_int_equal(ink_net_build(net, &eval_plan, &g, &ends, NULL), INK_OK);
    assert_int_equal(ref->compile(&g, &options, &program, NULL), INK_OK);
    assert_int_equal(ink_net_init(net, &g, 1, ref, program, NULL), INK_OK);
    assert_int_equal(ref->read(program, ink_graph_find(&g, "a.weight"), a, 27, NULL), INK_OK);
    assert_int_equal(ref->read(program, ink_graph_find(&g, "even.weight"), even, 24, NULL), INK_OK);
    assert_int_equal(ref->read(program, ink_graph_find(&g, "fewer.weight"), fewer, 18, NULL), INK_OK);
    for (int i = 0; i < 9; i++) assert_true(a[i] == (i == 4 ? 1.0f : 0.0f));
    assert_int_equal(ref->read(program, ink_graph_find(&g, "each.weight"), each, 27, NULL), INK_OK);
    for (int i = 0; i < 27; i++) assert_true(each[i] == (i % 9 == 4 ? 1.0f : 0.0f));
    for (int i = 9; i < 27; i++) assert_true(a[i] != 0.0f && fabsf(a[i]) <= 1.0f / 3);
    for (int i = 0; i < 24; i++) assert_true(even[i] != 0.0f);
    for (int i = 0; i < 18; i++) assert_true(fewer[i] != 0.0f);
    ref->free(program);
    ink_graph_clear(&g);
    ink_net_free(net);
}

static void a_frozen_body_does_not_learn(void **state) {
    ink_net *net = NULL;
    ink_graph g = {0};
    ink_net_ends ends;
    ink_net_plan plan = eval_plan;
    (void)state;
    plan.training = true;
    plan.learn = INK_LEARN_HEAD;
    plan.body_lr_scale = 1;
    plan.optimizer.kind = INK_SGD;
    assert_int_equal(ink_net_parse(ink_zoo_find("lenet"), "lenet", 1, &net, NULL), INK_OK);
    assert_int_equal(ink_net_build(net, &plan, &g, &ends, NULL), INK_OK);
    for (ink_id id = 0; id < g.n_values; id++) {
        if (g.values[id].role != INK_ROLE_PARAM) continue;
        bool head = strncmp(g.values[id].name, "fc3.", 4) == 0;
        assert_int_equal(g.values[id].gradient != INK_NONE, head);
    }
    ink_graph_clear(&g);
    ink_net_free(net);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zoo_has_the_known_sizes),
        cmocka_unit_test(every_net_of_the_zoo_builds_for_training),
        cmocka_unit_test(resnet18_has_torchvision_names),
        cmocka_unit_test(layers_without_names_are_numbered_as_in_sequential),
        cmocka_unit_test(repeat_reads_its_lines_again),
        cmocka_unit_test(repeated_lines_are_bounded),
        cmocka_unit_test(pad_same_follows_tensorflow),
        cmocka_unit_test(wrong_texts_are_told_with_their_line),
        cmocka_unit_test(shapes_that_do_not_fit_are_told_with_their_line),
        cmocka_unit_test(first_weights_have_their_spread),
        cmocka_unit_test(layers_have_their_own_learning_rates),
        cmocka_unit_test(depthwise_has_a_filter_for_each_channel),
        cmocka_unit_test(dirac_filters_pass_their_channel_on),
        cmocka_unit_test(a_frozen_body_does_not_learn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

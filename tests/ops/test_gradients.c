/* tests/ops/test_gradients.c: every gradient node against central differences in double, with wrong gradients as
 * control; and facts that hold for any right gradient. It tests ref64 alone; the others are compared with that.
 *
 * Tolerance  |a - n| <= 1e-6 max(|a|, |n|, 1e-3), eps = 1e-6: the difference itself is off by about eps^2 f''' / 6,
 * and by 2^-53 / eps for each element of y, all of random sign: that floor counts for nets with many outputs. A point
 * that lies within eps of a kink (ReLU, maximum) is moved by 1e-3 and tried again: a wrong gradient is wrong there
 * too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cases.h"
#include "core/rng.h"
#include "ops/ref/ref.h"

#define EPS   1e-6
#define MOVE  1e-3
#define MOVES 4

/* All parameters and all inputs of these are checked. Together they hold every node that has a gradient. */
static const char *const small[] = {
    "5 x 12x1x1: linear 9 bias, relu, linear 7 bias, leaky, linear 4 bias, loss 0",
    "5 x 12x1x1: linear 9, silu, linear 7, gelu, linear 4, loss 0.1",
    "5 x 12x1x1: linear 9 bias, hardswish, linear 4, loss 0",
    "5 x 12x1x1: linear 9 bias, bn, relu, linear 4, bn-plain, loss 0",
    "4 x 6x1x1: linear 5 bias, softmax, loss 0.05",
    "4 x 6x1x1: softmax",
    "3 x 2x9x8: conv 4 3x3 p1 bias, relu, maxpool 2x2 s2, conv 3 3x3 s2 p1, silu, flatten, linear 5 bias, loss 0",
    "3 x 2x9x8: conv 4 5x3 s2 p1 e2 bias, gelu, avgpool 3x3 s2 p1, flatten, linear 5 bias, loss 0.2",
    "3 x 2x7x7: conv 4 3x3 bias, dropout, gmp, linear 5 bias, dropout, loss 0",
    "3 x 2x7x7: conv 4 7x7 p3 s2, bn, relu, maxpool 3x3 s2 p1, gap, flatten, linear 3 bias, loss 0",
    "3 x 4x7x6: depthwise 3x3 p1 bias, silu, conv 5 1x1, bn, gelu, depthwise 2x3 s2 p0 e1, flatten, linear 3, loss 0",
    "3 x 2x7x7: conv 4 3x3, bn-eval, leaky, gap, linear 3, loss 0",
    "3 x 4x4x4: mark, conv 4 3x3 p1, bn, relu, conv 4 3x3 p1, bn, add, relu, gap, linear 5 bias, loss 0",
    "3 x 4x5x5: mark, conv 6 3x3 s2 p1, bn, relu, conv 6 3x3 p1, bn, other, conv 6 1x1 s2, bn, add, relu, gap, loss 0",
    "3 x 4x5x5: conv 3 3x3, mark, relu, other, gelu, add, mark, add, flatten",
    "1 x 3x4x4: bn, relu, maxpool 2x2 s1, flatten, linear 10 bias, loss 0",
    "4 img 8x8: normalise 3, conv 4 3x3 s2, bn, relu, flatten, linear 10 bias, loss 0",
    "4 img 9x7: warp, normalise 1, flatten, linear 6, relu, linear 10 bias, loss 0",
};

/* A case on ref64, ready to be asked for gradients. */
typedef struct trial {
    case_net net;
    ink_program *program;
    case_data data;
    double *dy; /* of each element of y */
    size_t n_y;
} trial;

static void must(ink_status status, const ink_error *err) {
    if (status != INK_OK) fail_msg("%s", err->text);
}

static void assert_close(double a, double b, double allowed) {
    if (!(fabs(a - b) <= allowed)) fail_msg("%.17g and %.17g differ by more than %g", a, b, allowed);
}

static void run(trial *t) {
    ink_error err;
    ink_batch batch = case_batch(&t->data, t->net.n);
    must(ink_backend_ref64.run(t->program, &batch, &err), &err);
}

static void compile(trial *t, uint64_t seed) {
    ink_error err;
    must(ink_backend_ref64.compile(&t->net.g, &(ink_compile_options){.max_batch = t->net.n}, &t->program, &err), &err);
    case_fill(&t->net, t->net.n, seed, &t->data);
    case_write(&ink_backend_ref64, t->program, &t->net, t->net.n, &t->data);
    t->n_y = ink_graph_elements(&t->net.g, t->net.y) * t->net.n;
    t->dy = calloc(t->n_y, sizeof *t->dy);
    assert_non_null(t->dy);
    for (size_t i = 0; i < t->n_y; i++) {
        t->dy[i] = t->net.dy == INK_NONE ? 1.0 / t->net.n : (double)t->data.values[t->net.dy][i];
    }
}

static void begin(trial *t, const char *text, uint64_t seed) {
    *t = (trial){0};
    case_build(text, &t->net);
    compile(t, seed);
}

static void end(trial *t) {
    ink_backend_ref64.free(t->program);
    case_release(&t->net, &t->data);
    case_clear(&t->net);
    free(t->dy);
}

static double *read_all(const trial *t, ink_id value, size_t count) {
    ink_error err;
    double *all = calloc(count, sizeof *all);
    assert_non_null(all);
    must(ink_ref64_read(t->program, value, all, count, &err), &err);
    return all;
}

static double *y_with(trial *t, ink_id value, double *all, size_t count, size_t i, double change) {
    ink_error err;
    double kept = all[i];
    all[i] += change;
    must(ink_ref64_write(t->program, value, all, count, &err), &err);
    run(t);
    all[i] = kept;
    return read_all(t, t->net.y, t->n_y);
}

/* Is the gradient of element i of a value right, there or a little beside? */
static bool is_right(trial *t, ink_id value, ink_id gradient, double *all, size_t count, size_t i) {
    double kept = all[i];
    bool right = false;
    for (int moved = 0; moved < MOVES && !right; moved++) {
        all[i] = kept + moved * MOVE;
        free(y_with(t, value, all, count, i, 0));
        double *slopes = read_all(t, gradient, count);
        double *above = y_with(t, value, all, count, i, EPS), *below = y_with(t, value, all, count, i, -EPS);
        double numeric = 0;
        for (size_t k = 0; k < t->n_y; k++) numeric += (above[k] - below[k]) * t->dy[k];
        numeric /= 2 * EPS;
        double size = fmax(fmax(fabs(slopes[i]), fabs(numeric)), 1e-3), floor = 0;
        for (size_t k = 0; k < t->n_y && t->net.dy != INK_NONE; k++) floor += t->dy[k] * t->dy[k];
        floor = 16 * 0x1p-53 / EPS * sqrt(floor);
        right = fabs(slopes[i] - numeric) <= fmax(1e-6 * size, floor);
        if (!right && moved == MOVES - 1) print_error("element %zu: %.12g, numeric %.12g\n", i, slopes[i], numeric);
        free(slopes);
        free(above);
        free(below);
    }
    all[i] = kept;
    return right;
}

/* Checks at most `points` elements of a value, spread evenly; returns how many are wrong. */
static size_t check_value(trial *t, ink_id value, ink_id gradient, size_t points, const double *all_in, size_t count) {
    ink_error err;
    double *all = malloc(count * sizeof *all);
    assert_non_null(all);
    memcpy(all, all_in, count * sizeof *all);
    size_t stride = count > points ? count / points : 1, wrong = 0;
    for (size_t i = stride / 2; i < count; i += stride) {
        if (is_right(t, value, gradient, all, count, i)) continue;
        wrong++;
    }
    must(ink_ref64_write(t->program, value, all, count, &err), &err);
    free(all);
    return wrong;
}

/* Wrong gradients of one case, over all of its parameters and its input. */
static size_t check_case(trial *t, size_t points) {
    size_t wrong = 0;
    const ink_graph *g = &t->net.g;
    run(t);
    for (ink_id v = 0; v < g->n_values; v++) {
        ink_id gradient = v == t->net.x ? t->net.dx : g->values[v].gradient;
        if (gradient == INK_NONE) continue;
        size_t count = ink_graph_elements(g, v) * (g->values[v].batched ? t->net.n : 1);
        double *all = malloc(count * sizeof *all);
        assert_non_null(all);
        for (size_t i = 0; i < count; i++) all[i] = (double)t->data.values[v][i];
        wrong += check_value(t, v, gradient, points, all, count);
        free(all);
    }
    return wrong;
}

static void small_nets_wholly(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof small / sizeof *small; i++) {
        trial t;
        begin(&t, small[i], 7);
        size_t wrong = check_case(&t, SIZE_MAX);
        if (wrong > 0) fail_msg("\"%s\": %zu wrong gradients", small[i], wrong);
        end(&t);
    }
}

/* The cases for backends, as many points of each value as the work allows, 2 at least. */
static void cases_sampled(void **state) {
    (void)state;
    for (size_t i = 0; i < ink_n_cases; i++) {
        trial t;
        case_build(ink_cases[i], &t.net);
        bool learns = t.net.learns;
        uint64_t work = case_work(&t.net);
        case_clear(&t.net);
        /* With an optimizer the parameters would move; the biggest shapes have small brothers. */
        if (learns || work > 60000000 || work > CASE_WORK_MAX) continue;
        size_t points = (size_t)((CASE_SLOW ? 2000000 : 20000000) / work);
        begin(&t, ink_cases[i], 3);
        size_t wrong = check_case(&t, points < 2 ? 2 : points > 40 ? 40 : points);
        if (wrong > 0) fail_msg("\"%s\": %zu wrong gradients", ink_cases[i], wrong);
        end(&t);
    }
}

/* ---- control: a gradient that is a little wrong is found ---- */

typedef void spoil(ink_node *node);

static void spoil_slope(ink_node *node) {
    node->attr.activation.slope *= 1.0001f;
}

static void spoil_norm(ink_node *node) {
    node->attr.batchnorm.training = false;
}

static void spoil_loss(ink_node *node) {
    node->attr.cross_entropy.smoothing += 1e-5f;
}

static void spoil_temperature(ink_node *node) {
    node->attr.cross_entropy.temperature *= 1.0001f;
}

static void spoil_conv(ink_node *node) {
    node->in[1] = node->in[0]; /* x as dy: of the same shape in that case */
}

static void spoil_dropout(ink_node *node) {
    node->attr.dropout.key++;
}

static void spoil_pool(ink_node *node) {
    node->attr.pool.pad = 1;
}

static void wrong_gradients_are_found(void **state) {
    (void)state;
    static const struct {
        const char *text;
        ink_op op;
        spoil *spoil;
    } controls[] = {
        {"5 x 12x1x1: linear 9 bias, leaky, linear 4 bias, loss 0", INK_OP_ACTIVATION_DX, spoil_slope},
        {"5 x 12x1x1: linear 9 bias, bn, leaky, linear 4 bias, loss 0", INK_OP_BATCHNORM_DX, spoil_norm},
        {"5 x 12x1x1: linear 4 bias, loss 0.1", INK_OP_CROSS_ENTROPY_DX, spoil_loss},
        {"5 x 12x1x1: linear 4 bias, soft 0.5 3", INK_OP_CROSS_ENTROPY_DX, spoil_temperature},
        {"3 x 4x5x5: conv 4 3x3 p1", INK_OP_CONV2D_DW, spoil_conv},
        {"3 x 4x5x5: depthwise 3x3 p1", INK_OP_DEPTHWISE_DW, spoil_conv},
        {"3 x 4x5x5: dropout, conv 4 3x3 p1", INK_OP_DROPOUT_DX, spoil_dropout},
        {"3 x 4x7x7: maxpool 3x3 s2", INK_OP_MAXPOOL_DX, spoil_pool},
        {"3 x 4x7x7: avgpool 3x3 s2", INK_OP_AVGPOOL_DX, spoil_pool},
    };
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++) {
        trial t;
        begin(&t, controls[i].text, 7);
        assert_int_equal(check_case(&t, SIZE_MAX), 0);
        end(&t);
        t = (trial){0};
        case_build(controls[i].text, &t.net);
        bool spoiled = false;
        for (int32_t k = 0; k < t.net.g.n_nodes; k++) {
            if (t.net.g.nodes[k].op != controls[i].op) continue;
            controls[i].spoil(&t.net.g.nodes[k]);
            spoiled = true;
        }
        assert_true(spoiled);
        compile(&t, 7);
        if (check_case(&t, SIZE_MAX) == 0) fail_msg("\"%s\": a wrong gradient was not found", controls[i].text);
        end(&t);
    }
}

/* ---- facts ---- */

/* The gradient of a batch of 64 is the mean of the gradients of 64 batches of one. */
static void batch_is_mean_of_singles(void **state) {
    (void)state;
    trial t;
    begin(&t, "64 x 3x6x6: conv 5 3x3 bias, relu, maxpool 2x2 s2, flatten, linear 10 bias, loss 0.1", 11);
    const ink_graph *g = &t.net.g;
    double *whole[64] = {0}, *mean[64] = {0};
    assert_true(g->n_values <= 64);
    run(&t);
    for (ink_id v = 0; v < g->n_values; v++) {
        if (g->values[v].gradient == INK_NONE) continue;
        size_t count = ink_graph_elements(g, v);
        whole[v] = read_all(&t, g->values[v].gradient, count);
        mean[v] = calloc(count, sizeof **mean);
        assert_non_null(mean[v]);
    }
    size_t x_count = ink_graph_elements(g, t.net.x);
    for (uint32_t n = 0; n < 64; n++) {
        ink_error err;
        must(ink_backend_ref64.write(t.program, t.net.x, t.data.values[t.net.x] + n * x_count, x_count, &err), &err);
        ink_batch batch = case_batch(&t.data, 1);
        batch.labels += n;
        must(ink_backend_ref64.run(t.program, &batch, &err), &err);
        for (ink_id v = 0; v < g->n_values; v++) {
            if (mean[v] == NULL) continue;
            size_t count = ink_graph_elements(g, v);
            double *one = read_all(&t, g->values[v].gradient, count);
            for (size_t i = 0; i < count; i++) mean[v][i] += one[i] / 64;
            free(one);
        }
    }
    for (ink_id v = 0; v < g->n_values; v++) {
        if (mean[v] == NULL) continue;
        for (size_t i = 0; i < ink_graph_elements(g, v); i++) assert_close(mean[v][i], whole[v][i], 1e-14);
        free(mean[v]);
        free(whole[v]);
    }
    end(&t);
}

/* Classes renamed: the last layer's rows move along, losses and all other gradients stay. */
static void classes_can_be_renamed(void **state) {
    (void)state;
    static const uint8_t renamed[10] = {3, 7, 0, 9, 1, 2, 8, 5, 4, 6};
    trial a, b;
    begin(&a, "9 x 20x1x1: linear 12 bias, relu, linear 10, loss 0.1", 13);
    begin(&b, "9 x 20x1x1: linear 12 bias, relu, linear 10, loss 0.1", 13);
    ink_id first = INK_NONE, last = INK_NONE;
    for (ink_id v = 0; v < a.net.g.n_values; v++) {
        if (a.net.g.values[v].gradient == INK_NONE) continue;
        if (first == INK_NONE) first = v;
        last = v;
    }
    for (uint32_t n = 0; n < 9; n++) b.data.labels[n] = renamed[a.data.labels[n]];
    for (size_t k = 0; k < 10; k++) {
        memcpy(b.data.values[last] + renamed[k] * 12, a.data.values[last] + k * 12, 12 * sizeof(float));
    }
    case_write(&ink_backend_ref64, b.program, &b.net, 9, &b.data);
    run(&a);
    run(&b);
    double *ya = read_all(&a, a.net.y, 9), *yb = read_all(&b, b.net.y, 9);
    for (size_t i = 0; i < 9; i++) assert_close(ya[i], yb[i], 1e-14);
    double *ga = read_all(&a, a.net.g.values[last].gradient, 120),
           *gb = read_all(&b, b.net.g.values[last].gradient, 120);
    for (size_t i = 0; i < 120; i++) {
        assert_close(ga[i], gb[(size_t)renamed[i / 12] * 12 + i % 12], 1e-14);
    }
    double *fa = read_all(&a, a.net.g.values[first].gradient, 240);
    double *fb = read_all(&b, b.net.g.values[first].gradient, 240);
    for (size_t i = 0; i < 240; i++) assert_close(fa[i], fb[i], 1e-14);
    free(ya);
    free(yb);
    free(ga);
    free(gb);
    free(fa);
    free(fb);
    end(&a);
    end(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_nets_wholly),         cmocka_unit_test(cases_sampled),
        cmocka_unit_test(wrong_gradients_are_found), cmocka_unit_test(batch_is_mean_of_singles),
        cmocka_unit_test(classes_can_be_renamed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

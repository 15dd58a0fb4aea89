/* tests/ops/test_threads.c: the same weights, bit for bit, after a few steps with 1, 2, 3, 5 and 8 threads, in f32, in
 * f32 exact and in bf16, emulated and the processor's own; and in f32 exact on every instruction set that this
 * processor has; and the same answers of a heavy net, whose blocks are the larger the fewer threads share them.
 * That the numbers are right is test_backends.c's business. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cases.h"
#include "core/hash.h"
#include "core/pool.h"
#include "emulated.h"
#include "ops/cpu/program.h"

#define HEX 65

/* Between them: warps, thin and padded convolutions, Winograd with whole and cut tiles, Fourier's way, in bf16 towards
 * the weights too, and that of maps of 2 x 2, strides, batch norm, residuals, both poolings, narrow maps, depthwise,
 * dropout, sliced gradients of weights and uncut ones, clipping, averages, each optimizer. */
static const char *const nets[] = {
    "40 img 12x12: warp, normalise 1, conv 16 3x3 p1, bn, relu, conv 32 3x3 p1 bias, relu, maxpool 2x2 s2, dropout, "
    "mark, conv 32 3x3 p1, bn, add, relu, gap, flatten, linear 10 bias, loss 0.1, adamw decay 0.01 clip 1 average 0.9",
    "35 img 12x12: normalise 3, conv 17 5x5 s2 p2, bn, leaky, conv 32 3x3, relu, avgpool 2x2 s2, flatten, dropout, "
    "linear 40 bias, gelu, linear 10, loss 0, nesterov decay 0.001",
    "70 img 7x9: normalise 1, flatten, linear 100 bias, relu, linear 10 bias, loss 0, adam",
    "150 img 8x8: warp, normalise 1, conv 5 3x3 p1, bn, silu, conv 6 3x3 p1 bias, silu, dropout, maxpool 2x2 s2, "
    "mark, conv 6 3x3 p1, bn, add, conv 13 3x3 s2, bn, gelu, gap, flatten, linear 10 bias, loss 0, adamw decay 0.01",
    "70 img 9x9: normalise 1, conv 6 3x3 p1, bn, silu, depthwise 3x3 p1 bias, conv 20 1x1, bn, relu, "
    "depthwise 3x3 s2 p1, bn, relu, gap, flatten, linear 10, loss 0, adam",
    "20 x 32x7x7: conv 48 3x3 p1, bn, relu, conv 32 3x3, bn, relu, gmp, flatten, linear 10, loss 0, sgd 0.9",
    "70 x 32x7x7: mark, conv 48 3x3 p1 bias, relu, conv 32 3x3 p1, bn, add, relu, gmp, flatten, linear 10, loss 0, "
    "adam",
    "150 x 48x8x8: conv 48 3x3 bias, relu, gmp, flatten, linear 10, loss 0, sgd 0.9",
    "70 x 16x2x2: conv 144 3x3 p1, bn, relu, conv 16 3x3 p1, bn, relu, gmp, flatten, linear 10, loss 0, sgd 0.9",
};
#define NETS  (sizeof nets / sizeof *nets)
#define STEPS 2

typedef struct setting {
    const char *name;
    ink_precision precision;
    bool exact, native, tiles; /* bf16: the processor's own, which many lack; or emulated, of tiles or not */
} setting;

static const setting settings[] = {{"f32", INK_PRECISION_F32, false, true, false},
                                   {"f32 exact", INK_PRECISION_F32, true, true, false},
                                   {"bf16", INK_PRECISION_BF16, false, false, false},
                                   {"bf16 of tiles", INK_PRECISION_BF16, false, false, true},
                                   {"the processor's bf16", INK_PRECISION_BF16, false, true, false}};

/* How many of them there are here. */
static size_t count_settings(void) {
    ink_kernels table;
    const size_t all = sizeof settings / sizeof *settings;
    return ink_kernels_pick(&table, NULL) == INK_OK && table.has_bf16 ? all : all - 1;
}

static void must(ink_status status, const ink_error *err) {
    if (status != INK_OK) fail_msg("%s", err->text);
}

static void add_lasting(const case_net *net, const ink_program *program, ink_sha256 *sha) {
    ink_error err;
    for (ink_id v = 0; v < net->g.n_values; v++) {
        if (net->g.values[v].role != INK_ROLE_PARAM && net->g.values[v].role != INK_ROLE_STATE) continue;
        size_t count = ink_graph_elements(&net->g, v);
        float *numbers = malloc(count * sizeof *numbers);
        assert_non_null(numbers);
        must(ink_backend_cpu.read(program, v, numbers, count, &err), &err);
        ink_sha256_add(sha, numbers, count * sizeof *numbers);
        free(numbers);
    }
}

/* The program of a net for all its images, and its pool. */
static ink_program *compiled(const case_net *net, const setting *s, uint32_t threads, ink_pool **pool) {
    ink_error err;
    ink_program *program = NULL;
    const ink_kernels emulated = emulated_bf16(s->tiles);
    must(ink_pool_new(threads, pool, &err), &err);
    const ink_compile_options options = {.max_batch = net->n,
                                         .precision = s->precision,
                                         .exact = s->exact,
                                         .pool = *pool,
                                         .kernels = s->native ? NULL : &emulated};
    must(ink_backend_cpu.compile(&net->g, &options, &program, &err), &err);
    return program;
}

/* SHA-256 of all parameters and states after STEPS steps, the last with a smaller batch. */
static void train(const char *text, const setting *s, uint32_t threads, char hex[HEX]) {
    ink_error err;
    case_net net;
    case_data data;
    ink_pool *pool = NULL;
    case_build(text, &net);
    ink_program *program = compiled(&net, s, threads, &pool);
    for (uint32_t step = 1; step <= STEPS; step++) {
        uint32_t n = step < STEPS ? net.n : net.n / 2 + 1;
        case_fill(&net, n, step, &data);
        if (step == 1) {
            case_write(&ink_backend_cpu, program, &net, n, &data);
        } else if (net.x != INK_NONE) {
            must(ink_backend_cpu.write(program, net.x, data.values[net.x], ink_graph_elements(&net.g, net.x) * n, &err),
                 &err);
        }
        ink_batch batch = case_batch(&data, n);
        batch.step = step;
        batch.lr = 0.01f;
        must(ink_backend_cpu.run(program, &batch, &err), &err);
        case_release(&net, &data);
    }
    ink_sha256 sha;
    ink_sha256_start(&sha);
    add_lasting(&net, program, &sha);
    ink_sha256_end(&sha, hex);
    ink_backend_cpu.free(program);
    ink_pool_free(pool);
    case_clear(&net);
}

static void any_number_of_threads(void **state) {
    (void)state;
    static const uint32_t threads[] = {2, 3, 5, 8};
    for (size_t i = 0; i < NETS; i++) {
        for (size_t k = 0; k < count_settings(); k++) {
            char alone[HEX], many[HEX];
            train(nets[i], &settings[k], 1, alone);
            for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
                train(nets[i], &settings[k], threads[t], many);
                if (strcmp(alone, many) != 0) {
                    fail_msg("%s, %u threads: %s, not %s as with 1: \"%s\"", settings[k].name, threads[t], many, alone,
                             nets[i]);
                }
            }
        }
    }
}

/* SHA-256 of what a net makes of its images. Blocks have that many rows, or the test says nothing. */
static void predict(const char *text, const setting *s, uint32_t threads, uint32_t rows, char hex[HEX]) {
    ink_error err;
    case_net net;
    case_data data;
    ink_pool *pool = NULL;
    case_build(text, &net);
    ink_program *program = compiled(&net, s, threads, &pool);
    assert_int_equal(program->rows, rows);
    case_fill(&net, net.n, 1, &data);
    case_write(&ink_backend_cpu, program, &net, net.n, &data);
    ink_batch batch = case_batch(&data, net.n);
    must(ink_backend_cpu.run(program, &batch, &err), &err);
    size_t count;
    assert_true(case_compares(&net, net.y, net.n, &count));
    float *numbers = malloc(count * sizeof *numbers);
    assert_non_null(numbers);
    must(ink_backend_cpu.read(program, net.y, numbers, count, &err), &err);
    ink_sha256 sha;
    ink_sha256_start(&sha);
    ink_sha256_add(&sha, numbers, count * sizeof *numbers);
    ink_sha256_end(&sha, hex);
    free(numbers);
    case_release(&net, &data);
    ink_backend_cpu.free(program);
    ink_pool_free(pool);
    case_clear(&net);
}

static void any_size_of_blocks(void **state) {
    (void)state;
    static const char *const heavy[] = {
        ("134 x 128x4x4: conv 112 3x3 p1, bn-eval, relu, conv 144 3x3 s2 p1, relu, mark, conv 144 3x3 p1, bn-eval, "
         "add, "
         "relu, gmp, flatten, linear 100 bias, silu, linear 10 bias, softmax, predict"),
        "134 x 48x7x7: mark, conv 48 3x3 p1, bn-eval, add, relu, flatten, linear 100 bias, relu, linear 10, predict",
        "134 img 9x9: normalise 1, conv 8 3x3, relu, flatten, linear 120 bias, relu, linear 10, predict",
    };
    const size_t n = sizeof heavy / sizeof *heavy;
    for (size_t k = 0; k < n * count_settings(); k++) {
        const setting *s = &settings[k / n];
        char small[HEX], medium[HEX], large[HEX];
        predict(heavy[k % n], s, 8, 16, small);
        predict(heavy[k % n], s, 2, 32, medium);
        predict(heavy[k % n], s, 1, 64, large);
        assert_string_equal(small, medium);
        assert_string_equal(small, large);
    }
}

/* Other numbers must give another sum, or the tests above say nothing. */
static void another_precision_is_noticed(void **state) {
    (void)state;
    char f32[HEX], exact[HEX], bf16[HEX];
    train(nets[0], &settings[0], 1, f32);
    train(nets[0], &settings[1], 1, exact);
    train(nets[0], &settings[2], 1, bf16);
    assert_string_not_equal(f32, bf16);
    assert_string_not_equal(f32, exact); /* Winograd was in it */
}

/* INK_ISA is read when a program is compiled: a child for each word. */
static bool train_with(const char *isa, char hex[NETS][HEX]) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        setenv("INK_ISA", isa, 1);
        ink_kernels table;
        if (ink_kernels_pick(&table, NULL) != INK_OK) _exit(2);
        for (size_t i = 0; i < NETS; i++) {
            train(nets[i], &settings[1], 1, hex[i]);
            if (write(ends[1], hex[i], HEX) != HEX) _exit(1);
        }
        _exit(0);
    }
    close(ends[1]);
    bool whole = true;
    for (size_t i = 0; i < NETS && whole; i++) whole = read(ends[0], hex[i], HEX) == HEX;
    close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 2) return false;
    assert_true(whole && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return true;
}

static void any_instruction_set(void **state) {
    (void)state;
    static const char *const isas[] = {"avx2", "avx512", "avx512bf16", "amx"};
    char first[NETS][HEX], other[NETS][HEX];
    assert_true(train_with("generic", first));
    for (size_t k = 0; k < sizeof isas / sizeof *isas; k++) {
        if (!train_with(isas[k], other)) continue;
        for (size_t i = 0; i < NETS; i++) {
            if (strcmp(first[i], other[i]) != 0) fail_msg("%s differs from generic: \"%s\"", isas[k], nets[i]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_threads),
        cmocka_unit_test(any_size_of_blocks),
        cmocka_unit_test(another_precision_is_noticed),
        cmocka_unit_test(any_instruction_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

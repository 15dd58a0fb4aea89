/* tests/ops/test_cuda.c: the kernels of ops/cuda, compiled for the host, against ref64 over the list of cases, forwards
 * and backwards; and what its backend does about memory, faults and batches of other sizes.
 * It needs no GPU and says nothing about one: script/test-gpu does.
 *
 *   test_ops_cuda TEXT            only cases that contain TEXT, and the worst error of each */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cases.h"
#include "cuda/host_device.h"
#include "judge.h"
#include "ops/cuda/program.h"
#include "parity.h"

static host_device host;

static void turn(bool on) {
    host.backwards = on;
}

static void check(ink_precision precision, const char *name) {
    host_device_start(&host);
    judge_mode mode = {.name = name, .backend = ink_cuda_backend(&host.gpu), .precision = precision, .turn = turn};
    uint64_t most = CASE_WORK_MAX / (CASE_SANITIZED ? 4 : 1);
    judge_begin(precision, most);
    assert_true(judge_mode_is_right(&mode, "on the host", most));
    assert_int_equal(host.used, 0);
}

static void f32_matches_ref64(void **state) {
    (void)state;
    check(INK_PRECISION_F32, "cuda f32");
}

static void tf32_matches_ref64(void **state) {
    (void)state;
    check(INK_PRECISION_TF32, "cuda tf32");
}

static void bf16_matches_ref64(void **state) {
    (void)state;
    check(INK_PRECISION_BF16, "cuda bf16");
}

/* ---- nets ---- */

static void nets_train_like_pytorch(void **state) {
    (void)state;
    host_device_start(&host);
    const ink_backend *cuda = ink_cuda_backend(&host.gpu);
    /* mlp, and lenet where nothing slows it down: ten steps, recorded once. Tolerances: test_pytorch.c. */
    size_t files = CASE_SANITIZED ? 1 : 2;
    parity_check(cuda, INK_PRECISION_F32, false, files, (parity_tolerances){1e-4, 2e-3, 0, 3e-3}, "cuda f32");
    parity_check(cuda, INK_PRECISION_BF16, false, files, (parity_tolerances){0.3, 3, 0, 0.1}, "cuda bf16");
    assert_int_equal(host.used, 0);
}

/* ---- what the backend does with a device ---- */

static void must(ink_status status, const ink_error *err) {
    if (status != INK_OK) fail_msg("%s", err->text);
}

static const char small[] = "6 img 8x8: normalise 1, conv 8 3x3 p1, bn, relu, mark, conv 8 3x3 p1, bn, add, relu, "
                            "dropout, flatten, linear 10 bias, loss 0, adamw clip 1 average 0.9";

typedef struct trial {
    case_net net;
    case_data data;
    ink_program *program;
    const ink_backend *cuda;
} trial;

static void begin(trial *t, uint32_t max_batch) {
    ink_error err;
    host_device_start(&host);
    t->cuda = ink_cuda_backend(&host.gpu);
    case_build(small, &t->net);
    must(t->cuda->compile(&t->net.g, &(ink_compile_options){.max_batch = max_batch, .precision = INK_PRECISION_F32},
                          &t->program, &err),
         &err);
    case_fill(&t->net, max_batch, 3, &t->data);
    case_write(t->cuda, t->program, &t->net, max_batch, &t->data);
}

static void end(trial *t) {
    t->cuda->free(t->program);
    case_release(&t->net, &t->data);
    case_clear(&t->net);
    assert_int_equal(host.used, 0);
}

/* Steps of n images; w0 after them. */
static void train(trial *t, const uint32_t *n, size_t steps, float *w) {
    ink_error err;
    for (size_t i = 0; i < steps; i++) {
        ink_batch batch = case_batch(&t->data, n[i]);
        batch.step = i + 1;
        batch.lr = 0.01f * (float)(i + 1);
        must(t->cuda->run(t->program, &batch, &err), &err);
    }
    must(t->cuda->read(t->program, ink_graph_find(&t->net.g, "w0"), w, 8 * 9, &err), &err);
}

/* A step is recorded once for each number of images; learning rate, step and seed are not part of the record. */
static void steps_are_recorded_once(void **state) {
    (void)state;
    static const uint32_t n[] = {6, 6, 4, 6, 4}, other[] = {6, 5, 4, 3, 2};
    float recorded[72], anew[72], ref[72];
    trial t;
    begin(&t, 6);
    train(&t, n, 5, recorded);
    assert_int_equal(host.records, 2);
    end(&t);
    begin(&t, 6);
    for (size_t i = 0; i < 5; i++) { /* a program of its own for each step: nothing is replayed */
        ink_error err;
        ink_program *next = NULL;
        ink_batch batch = case_batch(&t.data, n[i]);
        batch.step = i + 1;
        batch.lr = 0.01f * (float)(i + 1);
        must(t.cuda->compile(&t.net.g,
                             &(ink_compile_options){.max_batch = 6, .precision = INK_PRECISION_F32, .share = t.program},
                             &next, &err),
             &err);
        must(t.cuda->run(next, &batch, &err), &err);
        t.cuda->free(next);
        must(t.cuda->read(t.program, ink_graph_find(&t.net.g, "w0"), anew, 72, &err), &err);
    }
    assert_memory_equal(recorded, anew, sizeof recorded);
    end(&t);
    begin(&t, 6);
    train(&t, other, 5, ref);
    assert_int_equal(host.records, 5);
    assert_memory_not_equal(recorded, ref, sizeof ref);
    end(&t);
}

/* A recorded step done three times at once is three steps. */
static void a_step_is_replayed_times_over(void **state) {
    (void)state;
    ink_error err;
    float one_by_one[72], at_once[72];
    for (int way = 0; way < 2; way++) {
        trial t;
        begin(&t, 6);
        ink_batch batch = case_batch(&t.data, 6);
        for (int i = 0; i < (way == 0 ? 4 : 1); i++) must(t.cuda->run(t.program, &batch, &err), &err);
        uint64_t launches = host.launches;
        if (way == 1) host.gpu.replay(&host.gpu, t.program->records[0].record, 3);
        assert_true(way == 0 || host.launches == 4 * launches);
        float *w = way == 0 ? one_by_one : at_once;
        must(t.cuda->read(t.program, ink_graph_find(&t.net.g, "w0"), w, 72, &err), &err);
        end(&t);
    }
    assert_memory_equal(one_by_one, at_once, sizeof at_once);
}

/* conv, its sums, relu and the residual are one kernel each where the graph allows it. */
static void nodes_share_kernels(void **state) {
    (void)state;
    static const uint32_t n[] = {6};
    float w[72];
    trial t;
    begin(&t, 6);
    train(&t, n, 1, w);
    int32_t done = 0;
    bool residual = false, sums = false, gate = false;
    for (int32_t i = 0; i < t.net.g.n_nodes; i++) {
        const ink_cuda_note *note = &t.program->notes[i];
        done += note->done;
        residual = residual || note->residual != INK_NONE;
        sums = sums || note->has_sums;
        gate = gate || note->gate != INK_NONE;
    }
    assert_true(residual && sums);
    assert_true(done >= 3 + 7 + 7); /* add, two relus; of eight parameters all but one share a launch, averages too */
    (void)gate;
    end(&t);
}

static void out_of_memory_says_what_fits(void **state) {
    (void)state;
    ink_error err;
    ink_program *program = NULL;
    trial t;
    begin(&t, 6);
    size_t six = host.used;
    end(&t);
    host.room = six + 100000;
    case_build(small, &t.net);
    ink_compile_options options = {.max_batch = 6000, .precision = INK_PRECISION_F32};
    assert_int_equal(t.cuda->compile(&t.net.g, &options, &program, &err), INK_E_MEMORY);
    assert_null(program);
    assert_int_equal(host.used, 0);
    unsigned fits = 0;
    assert_int_equal(sscanf(err.hint, "%u images at once would fit", &fits), 1);
    assert_true(fits >= 6 && fits < 6000);
    options.max_batch = fits;
    must(t.cuda->compile(&t.net.g, &options, &program, &err), &err);
    t.cuda->free(program);
    host.room = 1000;
    assert_int_equal(t.cuda->compile(&t.net.g, &options, &program, &err), INK_E_MEMORY);
    assert_string_equal(err.hint, "not even one image would fit: a smaller net, or --device cpu");
    case_clear(&t.net);
}

/* The first fault is kept: run and read return it from then on. */
static void a_fault_is_kept(void **state) {
    (void)state;
    ink_error err;
    float w[72];
    trial t;
    begin(&t, 6);
    ink_batch batch = case_batch(&t.data, 6);
    must(t.cuda->run(t.program, &batch, &err), &err);
    host.fails_at = host.launches + 5;
    assert_int_equal(t.cuda->run(t.program, &batch, &err), INK_E_INTERNAL);
    assert_string_equal(err.text, "the GPU failed: a fault made by a test");
    assert_int_equal(t.cuda->run(t.program, &batch, &err), INK_E_INTERNAL);
    assert_int_equal(t.cuda->read(t.program, ink_graph_find(&t.net.g, "w0"), w, 72, &err), INK_E_INTERNAL);
    end(&t);
}

static void an_old_gpu_has_no_bf16(void **state) {
    (void)state;
    ink_error err;
    trial t;
    begin(&t, 6);
    ink_program *program = NULL;
    host.gpu.has_bf16 = false;
    ink_compile_options options = {.max_batch = 1, .precision = INK_PRECISION_BF16};
    assert_int_equal(t.cuda->compile(&t.net.g, &options, &program, &err), INK_E_ABSENT);
    options.precision = INK_PRECISION_AUTO;
    must(t.cuda->compile(&t.net.g, &options, &program, &err), &err);
    assert_int_equal(t.cuda->precision_of(program), INK_PRECISION_F32);
    t.cuda->free(program);
    host.gpu.has_bf16 = true;
    must(t.cuda->compile(&t.net.g, &options, &program, &err), &err);
    assert_int_equal(t.cuda->precision_of(program), INK_PRECISION_BF16);
    t.cuda->free(program);
    end(&t);
}

static void a_wrong_batch_is_refused(void **state) {
    (void)state;
    ink_error err;
    trial t;
    begin(&t, 6);
    ink_batch batch = case_batch(&t.data, 7);
    assert_int_equal(t.cuda->run(t.program, &batch, &err), INK_E_USAGE);
    batch.n = 6;
    batch.images = NULL;
    assert_int_equal(t.cuda->run(t.program, &batch, &err), INK_E_USAGE);
    batch = case_batch(&t.data, 6);
    t.data.labels[5] = 10;
    assert_int_equal(t.cuda->run(t.program, &batch, &err), INK_E_DATA);
    end(&t);
}

int main(int argc, char **argv) {
    if (argc > 1) judge_wanted = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(f32_matches_ref64),        cmocka_unit_test(tf32_matches_ref64),
        cmocka_unit_test(bf16_matches_ref64),       cmocka_unit_test(nets_train_like_pytorch),
        cmocka_unit_test(steps_are_recorded_once),  cmocka_unit_test(a_step_is_replayed_times_over),
        cmocka_unit_test(nodes_share_kernels),      cmocka_unit_test(out_of_memory_says_what_fits),
        cmocka_unit_test(a_fault_is_kept),          cmocka_unit_test(an_old_gpu_has_no_bf16),
        cmocka_unit_test(a_wrong_batch_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* tests/ops/test_resident.c: steps on a data set in the device's memory, by ops/cuda's kernels compiled for the host:
 * the bits of batches that are brought, distortions drawn there included; what does not fit or is out of range.
 * It needs no GPU: on one, test_gpu.c does the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cases.h"
#include "cuda/trial.h"
#include "ops/cuda/program.h"
#include "resident.h"

static host_device host;

static const char small[] = "6 img 8x8: normalise 1, conv 8 3x3 p1, bn, relu, flatten, linear 10 bias, loss 0, adamw";

static void resident_steps_have_the_same_bits(void **state) {
    (void)state;
    static const char *const where[] = {"forwards", "backwards", "by one kernel", "by one kernel, backwards"};
    for (unsigned i = 0; i < 4; i++) {
        host_device_start(&host);
        host.backwards = i % 2 == 1;
        host.gpu.way = i < 2 ? INK_GPU_GRAPH : INK_GPU_KERNEL;
        host.resident = 3;
        resident_check(ink_cuda_backend(&host.gpu), where[i]);
        assert_true((host.by_kernel > 0) == (i >= 2));
        assert_int_equal(host.used, 0);
    }
}

/* A set of the images of a trial. */
static ink_resident_source set_of(const trial *t, uint32_t count) {
    return (ink_resident_source){
        .images = t->data.images, .labels = t->data.labels, .count = count, .height = 8, .width = 8};
}

static void a_set_that_does_not_fit_is_refused(void **state) {
    (void)state;
    ink_error err;
    ink_resident *set = NULL;
    trial t;
    trial_begin(&t, &host, small, 6);
    ink_resident_source source = set_of(&t, 6);
    size_t before = host.used;
    host.room = before + 6 * 64 + 5; /* the images, but not the labels */
    assert_int_equal(t.cuda->bring(&source, &set, &err), INK_E_MEMORY);
    assert_null(set);
    assert_int_equal(host.used, before);
    host.room = before + 6 * 64 + 6;
    must(t.cuda->bring(&source, &set, &err), &err);
    before = host.used;
    assert_int_equal(t.cuda->attach(t.program, set, 64, &err), INK_E_MEMORY);
    assert_int_equal(host.used, before);
    ink_batch batch = case_batch(&t.data, 6);
    must(t.cuda->run(t.program, &batch, &err), &err);
    host.failed = true;
    assert_int_equal(t.cuda->attach(t.program, set, 64, &err), INK_E_INTERNAL);
    t.cuda->let_go(set);
    t.cuda->let_go(NULL);
    trial_end(&t);
}

static void wrong_rows_are_refused(void **state) {
    (void)state;
    static const char distorted[] = "6 img 8x8: warp, normalise 1, flatten, linear 10, loss 0, sgd";
    static const uint32_t rows[] = {5, 0, 3}, far[] = {0, 6};
    ink_error err;
    ink_resident *set = NULL;
    ink_program *other = NULL;
    trial t;
    trial_begin(&t, &host, small, 6);
    ink_batch batches[2] = {{.n = 3, .rows = rows, .step = 1}, {.n = 2, .rows = rows, .step = 2}};
    assert_int_equal(t.cuda->run_rows(t.program, batches, 1, &err), INK_E_USAGE); /* no set yet */
    ink_resident_source source = set_of(&t, 6);
    source.labels = NULL;
    must(t.cuda->bring(&source, &set, &err), &err);
    assert_int_equal(t.cuda->attach(t.program, set, 2, &err), INK_E_USAGE);
    t.cuda->let_go(set);
    source = set_of(&t, 3);
    source.height = 16;
    must(t.cuda->bring(&source, &set, &err), &err);
    assert_int_equal(t.cuda->attach(t.program, set, 2, &err), INK_E_USAGE);
    t.cuda->let_go(set);
    t.data.labels[4] = 10;
    source = set_of(&t, 6);
    must(t.cuda->bring(&source, &set, &err), &err);
    case_net net;
    case_build(distorted, &net);
    ink_compile_options options = {.max_batch = 6, .precision = INK_PRECISION_F32};
    must(t.cuda->compile(&net.g, &options, &other, &err), &err);
    assert_int_equal(t.cuda->attach(other, set, 2, &err), INK_E_USAGE);
    t.cuda->free(other);
    case_clear(&net);
    assert_int_equal(t.cuda->attach(t.program, set, 0, &err), INK_E_USAGE);
    assert_int_equal(t.cuda->attach(t.program, set, INK_STEPS_MOST + 1, &err), INK_E_USAGE);
    must(t.cuda->attach(t.program, set, 2, &err), &err);
    assert_int_equal(t.cuda->attach(t.program, set, 2, &err), INK_E_USAGE);
    must(t.cuda->run_rows(t.program, batches, 2, &err), &err);
    uint64_t launches = host.launches;
    assert_int_equal(t.cuda->run_rows(t.program, batches, 0, &err), INK_E_USAGE);
    assert_int_equal(t.cuda->run_rows(t.program, batches, 3, &err), INK_E_USAGE);
    batches[1].n = 7;
    assert_int_equal(t.cuda->run_rows(t.program, batches, 2, &err), INK_E_USAGE);
    batches[1].n = 2;
    batches[1].rows = NULL;
    assert_int_equal(t.cuda->run_rows(t.program, batches, 2, &err), INK_E_USAGE);
    batches[1].rows = far;
    assert_int_equal(t.cuda->run_rows(t.program, batches, 2, &err), INK_E_USAGE);
    assert_string_equal(err.text, "row 6 of 6 images");
    batches[1].rows = (const uint32_t[]){0, 4};
    assert_int_equal(t.cuda->run_rows(t.program, batches, 2, &err), INK_E_DATA);
    assert_string_equal(err.text, "row 4 has label 10; the network has classes 0 to 9");
    assert_int_equal(host.launches, launches);
    t.cuda->let_go(set);
    trial_end(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resident_steps_have_the_same_bits),
        cmocka_unit_test(a_set_that_does_not_fit_is_refused),
        cmocka_unit_test(wrong_rows_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

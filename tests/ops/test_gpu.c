/* tests/ops/test_gpu.c: the CUDA backend on a GPU: every case against ref64, kernel after kernel and by the one
 * kernel for whole steps, with the same bits; nets against PyTorch; steps on a resident data set. Without a GPU all of
 * it is skipped (77), and says why; the same kernels on the host are test_cuda.c's and test_resident.c's.
 * script/test-gpu runs this with everything that needs a GPU.
 *
 *   test_ops_gpu TEXT             only cases that contain TEXT, and the worst error of each; resident: only steps on a
 *                                 resident data set; small: all but nets and large cases, as test_cuda.c has them
 *
 * Tolerance  As judge.c's. Tensor cores may add without rounding to nearest, so their sums may be off by more: four
 * times as much is allowed there. That has not been measured yet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cases.h"
#include "judge.h"
#include "parity.h"
#include "resident.h"

#define SKIPPED 77 /* as CTest counts it */

static const ink_backend *gpu;

static bool small; /* cases, as for devices that are slow */

static int tile; /* of products of bf16, in the second run */

/* The second run of a case by the one kernel for whole steps, the first kernel after kernel with small tiles. What has
 * large tiles is kernel after kernel in both. */
static void turn(bool on) {
    ink_cuda_force(on ? 2 : 1, on ? tile : 1);
}

static void check(ink_precision precision, double slack, const char *name) {
    judge_mode mode = {.name = name, .backend = gpu, .precision = precision, .slack = slack, .turn = turn};
    const uint64_t most = small ? CASE_WORK_MAX : UINT64_MAX;
    turn(false);
    judge_begin(precision, most);
    for (tile = 1; tile <= (precision == INK_PRECISION_BF16 ? 4 : 1); tile++) {
        assert_true(judge_mode_is_right(&mode, "on the GPU", most));
    }
}

static void f32_matches_ref64(void **state) {
    (void)state;
    check(INK_PRECISION_F32, 1, "cuda f32");
}

static void tf32_matches_ref64(void **state) {
    (void)state;
    check(INK_PRECISION_TF32, 4, "cuda tf32");
}

static void bf16_matches_ref64(void **state) {
    (void)state;
    check(INK_PRECISION_BF16, 4, "cuda bf16");
}

/* Tolerances: test_pytorch.c; tf32 keeps ten bits of a factor where bf16 keeps seven. But a ReLU that rounding moves to
 * the other side of its kink moves single gradients as far in tf32 as in bf16: only fewer of them do. */
static void nets_train_like_pytorch(void **state) {
    (void)state;
    if (judge_wanted != NULL || small) skip();
    ink_cuda_force(0, 0);
    parity_check(gpu, INK_PRECISION_F32, false, PARITY_FILES, (parity_tolerances){1e-4, 2e-3, 0, 3e-3}, "cuda f32");
    parity_check(gpu, INK_PRECISION_TF32, false, PARITY_FILES, (parity_tolerances){0.05, 3, 0, 0.03}, "cuda tf32");
    parity_check(gpu, INK_PRECISION_BF16, false, PARITY_FILES, (parity_tolerances){0.3, 3, 0, 0.1}, "cuda bf16");
}

/* Distortions too: drawn on the device, they must be those that the host draws. */
static void resident_steps_have_the_same_bits(void **state) {
    (void)state;
    if (judge_wanted != NULL && strcmp(judge_wanted, "resident") != 0) skip();
    ink_cuda_force(1, 0);
    resident_check(gpu, "on the GPU, as a graph");
    ink_cuda_force(2, 0);
    resident_check(gpu, "on the GPU, by one kernel");
    ink_cuda_force(0, 0);
}

int main(int argc, char **argv) {
    ink_error err;
    small = argc > 1 && strcmp(argv[1], "small") == 0;
    if (argc > 1 && !small) judge_wanted = argv[1];
    if (ink_cuda_open(0, &gpu, &err) != INK_OK) {
        print_message("skipped: %s\n", err.text);
        return SKIPPED;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(f32_matches_ref64),
        cmocka_unit_test(tf32_matches_ref64),
        cmocka_unit_test(bf16_matches_ref64),
        cmocka_unit_test(nets_train_like_pytorch),
        cmocka_unit_test(resident_steps_have_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

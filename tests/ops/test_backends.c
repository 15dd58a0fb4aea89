/* tests/ops/test_backends.c: every backend, instruction set and precision against ref64, over the list of cases.
 * It is no proof of ref64: that is test_gradients.c and test_pytorch.c.
 *
 *   test_ops_backends                 all; each instruction set in a process of its own (INK_ISA is read once)
 *   test_ops_backends TEXT            only cases that contain TEXT, also those too large for the generic kernels by
 *                                     default; and the worst error of each
 * Tolerances: judge.c. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cases.h"
#include "core/pool.h"
#include "emulated.h"
#include "judge.h"

/* The plain bfloat16 loops of emulated.c, filled when the tests begin; the same as if they were of tiles. */
static ink_kernels plain_bf16, plain_tiles;

static const judge_mode modes[] = {
    {.name = "ref f32", .backend = &ink_backend_ref, .precision = INK_PRECISION_F32},
    {.name = "ref bf16", .backend = &ink_backend_ref, .precision = INK_PRECISION_BF16},
    {.name = "ref tf32", .backend = &ink_backend_ref, .precision = INK_PRECISION_TF32},
    {.name = "cpu f32 exact", .backend = &ink_backend_cpu, .precision = INK_PRECISION_F32, .exact = true},
    {.name = "cpu f32", .backend = &ink_backend_cpu, .precision = INK_PRECISION_F32},
    {.name = "cpu bf16 exact", .backend = &ink_backend_cpu, .precision = INK_PRECISION_BF16, .exact = true},
    {.name = "cpu bf16", .backend = &ink_backend_cpu, .precision = INK_PRECISION_BF16},
    {.name = "cpu bf16 exact, emulated",
     .backend = &ink_backend_cpu,
     .precision = INK_PRECISION_BF16,
     .exact = true,
     .kernels = &plain_bf16},
    {.name = "cpu bf16, emulated",
     .backend = &ink_backend_cpu,
     .precision = INK_PRECISION_BF16,
     .kernels = &plain_bf16},
    {.name = "cpu bf16 exact, emulated tiles",
     .backend = &ink_backend_cpu,
     .precision = INK_PRECISION_BF16,
     .exact = true,
     .kernels = &plain_tiles},
};

/* Work of a case that plain loops, calls of fma, or sanitizers end soon; the small brothers of larger cases take the
 * same paths. */
static uint64_t most_work(const judge_mode *m, const char *isa) {
    if (m->kernels != NULL || m->backend == &ink_backend_ref) return CASE_WORK_MAX;
    if (strcmp(isa, "generic") == 0) return CASE_WORK_MAX / 3;
    return CASE_SLOW ? CASE_WORK_MAX : UINT64_MAX;
}

/* In bf16 the largest cases wait for a processor that has it. */
static void judge_all(void) {
    ink_kernels table;
    bool has_bf16 = ink_kernels_pick(&table, NULL) == INK_OK && table.has_bf16;
    judge_begin(INK_PRECISION_F32, CASE_SLOW ? CASE_WORK_MAX : UINT64_MAX);
    judge_begin(INK_PRECISION_BF16, has_bf16 && !CASE_SLOW ? UINT64_MAX : CASE_WORK_MAX);
    judge_begin(INK_PRECISION_TF32, CASE_WORK_MAX);
}

/* The emulated loops stand beside one table: that of this processor. */
static const char *emulated_beside = "generic";

/* All cases in all modes of one backend; in f32 those with bf16 besides are AVX-512's table again. */
static bool check_backend(const char *name, const char *isa) {
    const bool adds_bf16 = strcmp(isa, "avx512bf16") == 0 || strcmp(isa, "amx") == 0;
    bool good = true;
    for (size_t k = 0; k < sizeof modes / sizeof *modes; k++) {
        const judge_mode *m = &modes[k];
        if (strcmp(m->backend->name, name) != 0 || (adds_bf16 && m->precision == INK_PRECISION_F32)) continue;
        if (m->kernels != NULL) {
            if (strcmp(isa, emulated_beside) != 0) continue;
            plain_bf16 = emulated_bf16(false);
            plain_tiles = emulated_bf16(true);
        }
        good = judge_mode_is_right(m, isa, most_work(m, isa)) && good;
    }
    return good;
}

static void ref_matches_ref64(void **state) {
    (void)state;
    assert_true(check_backend("ref", ""));
}

/* Can the cpu backend be used with this INK_ISA? An unknown or impossible one is refused by compile. */
static bool has_isa(const ink_backend *cpu) {
    ink_graph g = {0};
    ink_id x = ink_graph_input(&g, 1, 1, 1);
    (void)ink_graph_activation(&g, x, INK_RELU, 0);
    ink_program *program = NULL;
    bool there = cpu->compile(&g, &(ink_compile_options){.max_batch = 1}, &program, NULL) == INK_OK;
    cpu->free(program);
    ink_graph_clear(&g);
    return there;
}

static void cpu_matches_ref64(void **state) {
    (void)state;
    const ink_backend *cpu = ink_backend_find("cpu");
    if (cpu == NULL) skip();
    static const char *const isas[] = {"generic", "avx2", "avx512", "avx512bf16", "amx", "neon"};
    int bad = 0, done = 0;
    fflush(NULL);
    for (size_t i = 0; i < sizeof isas / sizeof *isas; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            setenv("INK_ISA", isas[i], 1);
            int code = !has_isa(cpu) ? 2 : check_backend("cpu", isas[i]) ? 0 : 1;
            fflush(NULL);
            _exit(code);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 2) continue;
        done++;
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            print_error("cpu with INK_ISA=%s failed\n", isas[i]);
            bad++;
        }
    }
    assert_true(done > 0);
    assert_int_equal(bad, 0);
}

/* bf16 unasked only where it is no slower; asked for, always. */
static void slow_bf16_is_for_who_asks(void **state) {
    (void)state;
    ink_graph g = {0};
    ink_error err;
    ink_id x = ink_graph_input(&g, 1, 1, 1);
    (void)ink_graph_activation(&g, x, INK_RELU, 0);
    ink_kernels table = emulated_bf16(false);
    for (int slow = 0; slow < 2; slow++) {
        for (int asked = 0; asked < 2; asked++) {
            table.bf16_is_slow = slow == 1;
            ink_program *program = NULL;
            const ink_precision precision = asked ? INK_PRECISION_BF16 : INK_PRECISION_AUTO;
            const ink_compile_options options = {.max_batch = 1, .precision = precision, .kernels = &table};
            if (ink_backend_cpu.compile(&g, &options, &program, &err) != INK_OK) fail_msg("%s", err.text);
            const ink_precision got = ink_backend_cpu.precision_of(program);
            assert_int_equal(got, slow && !asked ? INK_PRECISION_F32 : INK_PRECISION_BF16);
            ink_backend_cpu.free(program);
        }
    }
    ink_graph_clear(&g);
}

int main(int argc, char **argv) {
    if (argc > 1) judge_wanted = argv[1];
    static ink_kernels best;
    if (ink_kernels_pick(&best, NULL) == INK_OK) emulated_beside = best.name;
    judge_all();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ref_matches_ref64),
        cmocka_unit_test(cpu_matches_ref64),
        cmocka_unit_test(slow_bf16_is_for_who_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* tests/ops/test_ptx_faults.c: the interpreter of PTX finds each fault that it is for, and none where there is none.
 * What instructions compute is test_ptx.c's. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ptx_trial.h"

/* Each fault, its line and its words. */
static void test_access_faults(void **state) {
    (void)state;
    const ptx_trial one = {.threads = 64}, small = {.threads = 64, .words = 64};
    ptx_faults("setp.eq.s32 %p1, %r1, 33;\n@%p1 add.s64 %rd2, %rd2, 124;\nld.global.u32 %r5, [%rd2];", &small,
               "k, line 14, ld.global.u32 %r5, [%rd2]: block (0,0,0), thread (33,0,0): 4 bytes read at");
    ptx_faults("setp.eq.s32 %p1, %r1, 33;\n@%p1 add.s64 %rd2, %rd2, 124;\nld.global.u32 %r5, [%rd2];", &small,
               "4 bytes beyond the end of a value of 256 bytes");
    ptx_faults("st.global.v4.u32 [%rd1+248], {%r1, %r1, %r1, %r1};", &small, "16 bytes written at");
    ptx_faults("st.global.u32 [%rd1+-4], %r1;", &small, "4 bytes before a value of 256 bytes");
    ptx_faults("mov.u64 %rd5, 16; ld.global.u32 %r5, [%rd5];", &one, "4 bytes read at 0x10, where nothing is");
    ptx_faults("st.global.u32 [%rd2+2], %r1;", &one, "which is no multiple of 4");
    ptx_faults("ld.global.v2.f32 {%f1, %f2}, [%rd1+4];", &one, "8 bytes read at");
    ptx_faults("ld.global.v2.f32 {%f1, %f2}, [%rd1+4];", &one, "which is no multiple of 8");
    ptx_faults(SHARED_AT "st.shared.u32 [%r7+1020], %r1;", &one,
               "4 bytes written at 1024 of shared memory, which has 1024 bytes");
    ptx_faults(SHARED_AT "ld.shared.u32 %r8, [%r7];", &one, "shared memory at 0 is read, and was never written");
    ptx_faults("ld.param.u64 %rd5, [k_param_0+8];", &one, "8 bytes read at 8 of parameters, which has 8 bytes");
    ptx_faults("setp.eq.s32 %p1, %r1, 40;\n@%p1 trap;", &one,
               "line 13, @%p1 trap: block (0,0,0), warp of thread (32,0,0): a trap");
    ptx_faults("$on: bra $on;", &one, "hangs: 100");
    ptx_faults("and.b32 %r5, %r1, 1; setp.eq.s32 %p1, %r5, 0; mov.f32 %f1, 0f00000000;\n@%p1 bra $on;\n"
               "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%f1,%f1,%f1,%f1}, {%r5,%r5,%r5,%r5}, {%r5,%r5}, "
               "{%f1,%f1,%f1,%f1};\n$on:",
               &one, "not all of the warp are here: lanes aaaaaaaa");
}

static void test_race_faults(void **state) {
    (void)state;
    const ptx_trial one = {.threads = 64};
    const char *turned = "xor.b32 %r8, %r7, 128; ld.shared.u32 %r9, [%r8];";
    static char body[1024];
    static uint32_t value[MOST];
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        const ptx_trial t = {.threads = 64, .seed = seed};
        snprintf(body, sizeof body, "%sst.shared.u32 [%%r7], 1;\nbar.sync 0;\n%s", SHARED_AT, turned);
        ptx_runs(body, &t, value);
        snprintf(body, sizeof body, "%sst.shared.u32 [%%r7], 1;\nbar.sync 0;\nst.shared.u32 [%%r7], 2;\n%s", SHARED_AT,
                 turned);
        ptx_faults(body, &t, "a race in shared memory at ");
    }
    ptx_faults(SHARED_AT "st.shared.u32 [%r7], %r1;\nxor.b32 %r8, %r7, 4;\nld.shared.u32 %r9, [%r8];", &one,
               "it reads what thread 1 wrote at line 13, with no barrier between");
    ptx_faults(SHARED_AT "st.shared.u32 [%r5], %r1;", &one, "it writes what thread 0 wrote at line 13");
    ptx_runs(SHARED_AT "st.shared.u32 [%r5], 5;", &one, value); /* all the same */
    ptx_faults(SHARED_AT "st.shared.u32 [%r7], 1;\nbar.sync 0;\nld.shared.u32 %r8, [%r5];\nst.shared.u32 [%r5], 5;",
               &one, "a race in shared memory at 0: it writes what thread ");
    /* bytes of a word are apart; a byte and its word are not */
    ptx_runs(SHARED_AT "add.s32 %r8, %r5, %r1; st.shared.u8 [%r8], %r1;\nbar.sync 0;\nld.shared.u32 %r9, [%r5];", &one,
             value);
    ptx_faults(SHARED_AT "add.s32 %r8, %r5, %r1; st.shared.u8 [%r8], %r1;\nld.shared.u32 %r9, [%r5];", &one,
               "a race in shared");
}

static void test_hangs(void **state) {
    (void)state;
    const ptx_trial two = {.threads = 64};
    static uint32_t value[MOST];
    ptx_faults("setp.lt.u32 %p1, %r1, 10;\n@%p1 bra $on;\nbar.sync 1;\n$on: bar.sync 0;", &two,
               "hangs: others of the block wait at barrier");
    ptx_faults(
        "setp.eq.s32 %p1, %r1, 63; $wait: ld.global.u32 %r5, [%rd1]; setp.eq.s32 %p2, %r5, 0; and.pred %p2, %p2, %p1;\n"
        "@%p2 bra $wait;\nbar.sync 0;",
        &two, "hangs: ");
    ptx_runs("setp.lt.u32 %p1, %r1, 10;\n@%p1 bra $on;\nbar.sync 0;\n$on:", &two,
             value); /* who has ended is not waited for */
    ptx_faults(
        "setp.ne.s32 %p1, %r2, 0;\n@%p1 bra $on;\n$wait: ld.acquire.gpu.u32 %r5, [%rd1];\nsetp.eq.s32 %p1, %r5, 0;\n"
        "@%p1 bra $wait;\n$on: mov.u32 %r5, 1;\nst.global.u32 [%rd1], %r5;",
        &(ptx_trial){.blocks = 2, .resident = 1, .seed = 1}, "hangs: 100");
}

#define COPY_AT                                                                                                        \
    ".shared .align 16 .b8 s[2048]; mov.u32 %r5, s; shl.b32 %r6, %r1, 4; add.s32 %r7, %r5, %r6;\n"                     \
    "mul.wide.u32 %rd3, %r1, 16; add.s64 %rd3, %rd1, %rd3;\n"

static void test_copies(void **state) {
    (void)state;
    static uint32_t value[MOST];
    const ptx_trial t = {.threads = 64, .words = 512};
    for (uint32_t i = 0; i < 256; i++) value[i] = i + 1;
    /* a thread's own: NaN before the wait, then what was taken, and zeros; where nothing is taken, nothing is read */
    ptx_runs(COPY_AT
             "st.shared.u32 [%r7], %r1; st.shared.u32 [%r7+1024], %r1;\n"
             "and.b32 %r8, %r1, 1; shl.b32 %r8, %r8, 3; setp.eq.s32 %p1, %r8, 0; selp.b64 %rd4, 64, %rd3, %p1;\n"
             "cp.async.cg.shared.global [%r7], [%rd4], 16, %r8; cp.async.commit_group;\n"
             "cp.async.cg.shared.global.L2::128B [%r7+1024], [%rd3+0], 16; cp.async.commit_group;\n"
             "ld.shared.u32 %r9, [%r7]; setp.ne.s32 %p2, %r9, -1; @%p2 trap;\n"
             "cp.async.wait_group 1; ld.shared.u32 %r9, [%r7+1024]; setp.ne.s32 %p2, %r9, -1; @%p2 trap;\n"
             "ld.shared.v4.u32 {%r10,%r11,%r12,%r13}, [%r7]; st.global.v4.u32 [%rd3+1024], {%r10,%r11,%r12,%r13};\n"
             "cp.async.wait_group 0; bar.sync 0;\n"
             "xor.b32 %r14, %r7, 512; ld.shared.u32 %r9, [%r14+1024]; st.global.u32 [%rd2], %r9;",
             &t, value);
    for (uint32_t i = 0; i < 64; i++) {
        for (uint32_t e = 0; e < 4; e++) assert_int_equal(value[256 + 4 * i + e], i % 2 && e < 2 ? 4 * i + e + 1 : 0);
        assert_int_equal(value[i], 4 * (i ^ 32) + 1);
    }
    ptx_faults(COPY_AT "cp.async.cg.shared.global [%r7], [%rd3], 16; cp.async.commit_group;\nbar.sync 0;\n"
                       "xor.b32 %r14, %r7, 512; ld.shared.u32 %r9, [%r14];\ncp.async.wait_group 0;",
               &t, "copy of line 14 into it has not been waited for");
    ptx_faults(COPY_AT "cp.async.cg.shared.global [%r7], [%rd3], 16; cp.async.commit_group; cp.async.wait_group 0;\n"
                       "xor.b32 %r14, %r7, 16; ld.shared.u32 %r9, [%r14];",
               &t, "a race in shared memory");
    ptx_faults(COPY_AT "cp.async.cg.shared.global [%r7], [%rd3+1040], 16;\ncp.async.wait_group 0;",
               &(ptx_trial){.threads = 64, .words = 512, .seed = 1},
               "line 14, cp.async.cg.shared.global [%r7], [%rd3+1040], 16");
    ptx_faults(COPY_AT "cp.async.cg.shared.global [%r7], [%rd3+4], 16; cp.async.commit_group; cp.async.wait_group 0;",
               &t, "which is no multiple of 16");
    ptx_faults(COPY_AT "cp.async.cg.shared.global [%r7], [%rd3], 16, 17;", &t, "17 bytes taken for a copy of 16");
    /* what a copy takes is read from its beginning on */
    ptx_faults(COPY_AT "cp.async.cg.shared.global [%r7], [%rd3], 16; cp.async.commit_group; xor.b32 %r8, %r1, 1;\n"
                       "mul.wide.u32 %rd4, %r8, 16; add.s64 %rd4, %rd1, %rd4; st.global.u32 [%rd4], %r1;\n"
                       "cp.async.wait_group 0;",
               &t, "a race in global memory");
}

/* Blocks leave their part, and the last of them sums it up: as much by each seed. */
static void test_atomics(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        static uint32_t value[MOST];
        const char *body =
            ".shared .align 4 .u32 last;\n"
            "atom.global.add.u32 %r5, [%rd1+8192], 1; add.s64 %rd5, %rd2, 4096; st.global.u32 [%rd5], %r4;\n"
            "membar.gl; bar.sync 0; setp.ne.s32 %p1, %r1, 0; @%p1 bra $on;\n"
            "atom.add.u32 %r6, [%rd1+8196], 1; st.shared.u32 [last], %r6;\n"
            "$on: bar.sync 0; ld.shared.u32 %r7, [last]; membar.gl;\n"
            "setp.ne.s32 %p1, %r7, 9; @%p1 bra $end; @!%p1 setp.ne.s32 %p1, %r1, 5; @%p1 bra $end;\n"
            "mov.u32 %r8, 0; mov.u32 %r9, 0; add.s64 %rd6, %rd1, 4096;\n"
            "$more: ld.global.u32 %r10, [%rd6]; add.s32 %r9, %r9, %r10; add.s64 %rd6, %rd6, 4;\n"
            "add.s32 %r8, %r8, 1; setp.lt.u32 %p1, %r8, 640; @%p1 bra $more;\n"
            "st.global.u32 [%rd1+8200], %r9;\n$end:";
        memset(value, 0, sizeof value);
        ptx_runs(body, &(ptx_trial){.blocks = 10, .threads = 64, .resident = 3, .seed = seed}, value);
        assert_int_equal(value[2048], 640);
        assert_int_equal(value[2049], 10);
        assert_int_equal(value[2050], 640 * 639 / 2);
    }
}

/* As cooperative groups do it: blocks add, the first so much that the top bit turns when all have. */
#define GRID_SYNC(n)                                                                                                   \
    "barrier.sync 0; setp.ne.s32 %p1, %r1, 0; @%p1 bra $past" n ";\n"                                                  \
    "mov.u32 %r20, %nctaid.x; mov.u32 %r21, -2147483647; sub.s32 %r22, %r21, %r20; setp.eq.s32 %p2, %r2, 0;\n"         \
    "selp.b32 %r23, %r22, 1, %p2; atom.add.release.gpu.u32 %r24, [%rd10+4], %r23;\n"                                   \
    "$spin" n ": ld.acquire.gpu.u32 %r25, [%rd10+4]; xor.b32 %r26, %r25, %r24; setp.gt.s32 %p3, %r26, -1;\n"           \
    "@%p3 bra $spin" n ";\n$past" n ": barrier.sync 0;\n"
#define WORKSPACE                                                                                                      \
    "mov.u32 %r5, %envreg1; mov.u32 %r6, %envreg2; cvt.u64.u32 %rd10, %r6; cvt.u64.u32 %rd11, %r5; shl.b64 %rd11, "    \
    "%rd11, 32; or.b64 %rd10, %rd10, %rd11;\n"

static void test_grid(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        static uint32_t value[MOST];
        const char *body =
            WORKSPACE "add.s32 %r7, %r4, 3; st.global.u32 [%rd2], %r7;\n" GRID_SYNC("1") /* sums of neighbours */
            "add.s32 %r8, %r4, 64; rem.u32 %r8, %r8, 320; mul.wide.u32 %rd5, %r8, 4; add.s64 %rd5, %rd1, %rd5;\n"
            "ld.global.u32 %r9, [%rd5]; st.global.u32 [%rd2+2048], %r9;\n" GRID_SYNC(
                "2") "ld.global.u32 %r9, [%rd5+2048]; st.global.u32 [%rd2], %r9;";
        memset(value, 0, sizeof value);
        ptx_runs(body, &(ptx_trial){.blocks = 5, .threads = 64, .cooperative = true, .seed = seed}, value);
        for (uint32_t i = 0; i < 320; i++) assert_int_equal(value[i], (i + 128) % 320 + 3);
    }
}

/* Which block comes first, depends on the seed. */
static void test_seeds(void **state) {
    (void)state;
    uint32_t firsts = 0;
    for (uint64_t seed = 0; seed < 8 * SEEDS; seed++) {
        static uint32_t value[MOST];
        memset(value, 0, sizeof value);
        ptx_runs("atom.global.add.u32 %r5, [%rd1+8192], 1; setp.eq.s32 %p1, %r5, 0;\n@%p1 st.global.u32 [%rd1], %r2;",
                 &(ptx_trial){.blocks = 8, .resident = 2, .seed = seed}, value);
        firsts |= 1u << value[0];
    }
    assert_int_equal(firsts, 0xff);
}

/* Blocks each leave a word; the last to say so reads those of all. Parts may be left out. */
static void last_block(char body[1024], const char *fence, const char *barrier, const char *first, const char *then) {
    snprintf(body, 1024,
             ".shared .align 4 .u32 last;\nadd.s64 %%rd5, %%rd2, 4096;\n%sst.global.u32 [%%rd5], %%r4;\n%s\n%s\n"
             "setp.ne.s32 %%p1, %%r1, 0; @%%p1 bra $on;\n"
             "atom.global.add.u32 %%r6, [%%rd1], 1; st.shared.u32 [last], %%r6;\n$on: bar.sync 0;\n"
             "ld.shared.u32 %%r7, [last]; setp.ne.s32 %%p1, %%r7, 3; @%%p1 bra $end;\n%s\n"
             "xor.b32 %%r8, %%r4, 70; mul.wide.u32 %%rd6, %%r8, 4; add.s64 %%rd6, %%rd1, %%rd6;\n"
             "ld.global.u32 %%r10, [%%rd6+4096]; st.global.u32 [%%rd2+8192], %%r10;\n$end:",
             first, fence, barrier, then);
}

static void test_global_races(void **state) {
    (void)state;
    static uint32_t value[MOST];
    char body[1024];
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        const ptx_trial t = {.blocks = 4, .threads = 64, .resident = 3, .seed = seed};
        const char *wanted = "a race in global memory at ";
        memset(value, 0, sizeof value);
        last_block(body, "membar.gl;", "bar.sync 0;", "", "membar.gl;");
        ptx_runs(body, &t, value);
        memset(value, 0, sizeof value);
        last_block(body, "", "bar.sync 0; membar.gl;", "", "membar.gl;");
        ptx_runs(body, &t, value);
        last_block(body, "", "bar.sync 0;", "", "membar.gl;"); /* what was left may not be there yet */
        ptx_faults(body, &t, wanted);
        last_block(body, "membar.gl;", "bar.sync 0;", "", ""); /* what is read may be old */
        ptx_faults(body, &t, wanted);
        last_block(body, "membar.gl;", "", "", "membar.gl;"); /* other threads may not have left theirs yet */
        ptx_faults(body, &t, wanted);
        last_block(body, "membar.gl;", "bar.sync 0;", "ld.global.u32 %r20, [%rd5+256];\n", "membar.gl;");
        ptx_faults(body, &t, wanted);                           /* of the next block */
        static const char *const fences[] = {"", "membar.gl;"}; /* of blocks of one thread */
        for (int fenced = 0; fenced < 2; fenced++) {
            snprintf(body, sizeof body,
                     "st.global.u32 [%%rd2+4096], %%r4; %s atom.add.u32 %%r5, [%%rd1], 1; membar.gl;\n"
                     "setp.ne.s32 %%p1, %%r5, 3; @%%p1 bra $end; ld.global.u32 %%r6, [%%rd1+4096];\n"
                     "ld.global.u32 %%r6, [%%rd1+4108];\n$end:",
                     fences[fenced]);
            const ptx_trial alone = {.blocks = 4, .threads = 1, .resident = 3, .seed = seed};
            memset(value, 0, sizeof value);
            if (fenced)
                ptx_runs(body, &alone, value);
            else
                ptx_faults(body, &alone, wanted);
        }
        ptx_runs("mov.u32 %r5, 7; st.global.u32 [%rd1], %r5;", &t, value); /* all the same */
        ptx_faults("st.global.u32 [%rd1], %r2;", &t, wanted);
        ptx_faults(
            "st.global.u32 [%rd2], %r1;\nxor.b32 %r5, %r4, 33; mul.wide.u32 %rd5, %r5, 4; add.s64 %rd5, %rd1, %rd5;\n"
            "ld.global.u32 %r6, [%rd5];",
            &t, wanted);
        ptx_runs(
            "st.global.u32 [%rd2], %r1;\nxor.b32 %r5, %r4, 33; mul.wide.u32 %rd5, %r5, 4; add.s64 %rd5, %rd1, %rd5;\n"
            "bar.sync 0; ld.global.u32 %r6, [%rd5]; bar.sync 0; st.global.u32 [%rd2], %r6;",
            &t, value);
        ptx_runs(
            "mul.wide.u32 %rd5, %r4, 2; add.s64 %rd5, %rd1, %rd5; cvt.u16.u32 %rs1, %r4; st.global.u16 [%rd5], %rs1;",
            &t, value); /* halves of a word */
    }
    ptx_faults("st.global.u32 [%rd1], %r2;", &(ptx_trial){.blocks = 2}, ": it writes what thread ");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_access_faults), cmocka_unit_test(test_race_faults),  cmocka_unit_test(test_hangs),
        cmocka_unit_test(test_copies),        cmocka_unit_test(test_atomics),      cmocka_unit_test(test_grid),
        cmocka_unit_test(test_seeds),         cmocka_unit_test(test_global_races),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

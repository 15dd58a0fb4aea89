/* tests/ops/test_ptx.c: the interpreter of PTX that other tests run kernels on: what it computes, against the manual's
 * words and plain loops. Faults that it finds are test_ptx_faults.c's; the kernels of src/ops/cuda are not run here. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ptx_trial.h"

typedef struct sum {
    const char
        *line; /* of %r10 11 12, %f, %rd and %fd likewise, which have the bits of a, b, c; the result in ..20, %p1 */
    char form; /* of the result: r f d (%rd) e (%fd) p */
    uint64_t a, b, c, wanted;
} sum;

#define NAN4 0x7fc00000
#define INF4 0x7f800000

static const sum sums[] = {
    {"add.s32 %r20, %r10, %r11;", 'r', 0xffffffff, 2, 0, 1},
    {"add.s32 %r20, %r10, -3;", 'r', 1, 0, 0, 0xfffffffe},
    {"sub.s32 %r20, %r10, %r11;", 'r', 1, 2, 0, 0xffffffff},
    {"mul.lo.s32 %r20, %r10, %r11;", 'r', 0xfffffffe, 3, 0, 0xfffffffa},
    {"mul.wide.u32 %rd20, %r10, %r11;", 'd', 0xfffffffe, 3, 0, 0x2fffffffaull},
    {"mul.wide.s32 %rd20, %r10, %r11;", 'd', 0xfffffffe, 3, 0, 0xfffffffffffffffaull},
    {"mad.lo.s32 %r20, %r10, %r11, %r12;", 'r', 5, 6, 0xffffffff, 29},
    {"div.u32 %r20, %r10, %r11;", 'r', 0xfffffffe, 3, 0, 0x55555554},
    {"div.s32 %r20, %r10, %r11;", 'r', 0xfffffff9, 2, 0, 0xfffffffd},
    {"div.s32 %r20, %r10, %r11;", 'r', 0x80000000, 0xffffffff, 0, 0x80000000},
    {"rem.s32 %r20, %r10, %r11;", 'r', 0xfffffff9, 2, 0, 0xffffffff},
    {"rem.u32 %r20, %r10, %r11;", 'r', 17, 5, 0, 2},
    {"shl.b32 %r20, %r10, %r11;", 'r', 3, 31, 0, 0x80000000},
    {"shl.b32 %r20, %r10, %r11;", 'r', 3, 32, 0, 0},
    {"shr.u32 %r20, %r10, %r11;", 'r', 0x80000000, 40, 0, 0},
    {"shr.s32 %r20, %r10, %r11;", 'r', 0x80000000, 40, 0, 0xffffffff},
    {"shl.b64 %rd20, %rd10, %r11;", 'd', 3, 63, 0, 0x8000000000000000ull},
    {"shr.u64 %rd20, %rd10, %r11;", 'd', 0x8000000000000000ull, 63, 0, 1},
    {"shr.u64 %rd20, %rd10, %r11;", 'd', 0x8000000000000000ull, 64, 0, 0},
    {"and.b64 %rd20, %rd10, -4294967296;", 'd', 0x123456789abcdef0ull, 0, 0, 0x1234567800000000ull},
    {"bfi.b32 %r20, %r10, %r11, 5, 27;", 'r', 3, 0x1f, 0, 0x7f},
    {"bfi.b32 %r20, %r10, %r11, 28, 8;", 'r', 0xff, 1, 0, 0xf0000001},
    {"bfi.b32 %r20, %r10, %r11, 4, 0;", 'r', 0xff, 1, 0, 1},
    {"bfi.b64 %rd20, %rd10, %rd11, 32, 8;", 'd', 0x1ff, 7, 0, 0xff00000007ull},
    {"min.s32 %r20, %r10, %r11;", 'r', 0xffffffff, 1, 0, 0xffffffff},
    {"min.u32 %r20, %r10, %r11;", 'r', 0xffffffff, 1, 0, 1},
    {"div.u64 %rd20, %rd10, %rd11;", 'd', 0x1000000000ull, 16, 0, 0x100000000ull},
    {"cvt.u64.u32 %rd20, %r10;", 'd', 0xffffffff, 0, 0, 0xffffffff},
    {"cvt.s64.s32 %rd20, %r10;", 'd', 0xffffffff, 0, 0, ~(uint64_t)0},
    {"cvt.u32.u64 %r20, %rd10;", 'r', 0x500000007ull, 0, 0, 7},
    {"cvt.u16.u32 %rs1, %r10; cvt.s32.s16 %r20, %rs1;", 'r', 0x18001, 0, 0, 0xffff8001},
    {"cvt.u16.u32 %rs1, %r10; cvt.rn.f32.s16 %f20, %rs1;", 'f', 0x1ffff, 0, 0, 0xbf800000},
    {"cvt.u16.u32 %rs1, %r10; cvt.rn.f32.u16 %f20, %rs1;", 'f', 0x1ffff, 0, 0, 0x477fff00},
    {"mov.b64 %rd20, {%r10, %r11};", 'd', 1, 2, 0, 0x200000001ull},
    {"mov.b64 {%r20, %r21}, %rd10;", 'r', 0x200000001ull, 0, 0, 1},
    {"mov.b64 {%r21, %r20}, %rd10;", 'r', 0x200000001ull, 0, 0, 2},
    {"setp.lt.s32 %p1, %r10, %r11;", 'p', 0xffffffff, 0, 0, 1},
    {"setp.lt.u32 %p1, %r10, %r11;", 'p', 0xffffffff, 0, 0, 0},
    {"setp.lt.u64 %p1, %rd10, %rd11;", 'p', 1, 0x100000000ull, 0, 1},
    {"setp.lt.f32 %p1, %f10, %f11;", 'p', NAN4, 0, 0, 0},
    {"setp.leu.f32 %p1, %f10, %f11;", 'p', NAN4, 0, 0, 1},
    {"setp.geu.f32 %p1, %f10, %f11;", 'p', 0xbf800000, 0, 0, 0},
    {"setp.ne.f32 %p1, %f10, %f11;", 'p', NAN4, 0, 0, 0},
    {"setp.neu.f32 %p1, %f10, %f11;", 'p', NAN4, 0, 0, 1},
    {"setp.equ.f32 %p1, %f10, %f11;", 'p', 0x3f800000, 0, 0, 0},
    {"setp.ltu.f32 %p1, %f10, %f11;", 'p', 0x3f800000, 0x3f800000, 0, 0},
    {"setp.nan.f32 %p1, %f10, %f11;", 'p', 0, NAN4, 0, 1},
    {"setp.num.f32 %p1, %f10, %f11;", 'p', 0, NAN4, 0, 0},
    {"setp.gt.s64 %p1, %rd10, %rd11;", 'p', 1, 0xffffffffffffffffull, 0, 1},
    {"setp.gtu.f64 %p1, %fd10, %fd11;", 'p', 0x7ff8000000000000ull, 0, 0, 1},
    {"setp.eq.f32 %p1, %f10, %f11;", 'p', 0x80000000, 0, 0, 1},
    {"mov.pred %p1, -1; not.pred %p1, %p1;", 'p', 0, 0, 0, 0},
    {"mov.pred %p2, 0; selp.b32 %r20, %r10, %r11, %p2;", 'r', 1, 2, 0, 2},
    {"mov.f32 %f20, 0f3F800000;", 'f', 0, 0, 0, 0x3f800000},
    {"fma.rn.f32 %f20, %f10, %f11, %f12;", 'f', 0x3f800001, 0x3f800001, 0xbf800002, 0x28800000},
    {"mul.rn.f32 %f1, %f10, %f11; add.rn.f32 %f20, %f1, %f12;", 'f', 0x3f800001, 0x3f800001, 0xbf800002, 0},
    {"fma.rm.f32 %f20, %f10, %f11, %f12;", 'f', 0x3f800000, 0x3f800000, 0xa0000000, 0x3f7fffff},
    {"fma.rn.f32 %f20, %f10, %f11, %f12;", 'f', 0x3f800000, 0x3f800000, 0xa0000000, 0x3f800000},
    {"fma.rn.f32 %f20, %f10, %f11, %f12;", 'f', 0x3f800800, 0x3f800800, 0x17800000, 0x3f801001},
    {"fma.rn.f32 %f20, %f10, %f11, %f12;", 'f', 0x3f800800, 0x3f800800, 0x97800000, 0x3f801000},
    {"div.rn.f32 %f20, %f10, %f11;", 'f', 0x3f800000, 0x40400000, 0, 0x3eaaaaab},
    {"sqrt.rn.f32 %f20, %f10;", 'f', 0x40000000, 0, 0, 0x3fb504f3},
    {"rcp.approx.ftz.f32 %f20, %f10;", 'f', 0x00000001, 0, 0, INF4},
    {"rcp.approx.ftz.f32 %f20, %f10;", 'f', 0x7f000000, 0, 0, 0},
    {"ex2.approx.ftz.f32 %f20, %f10;", 'f', 0x40400000, 0, 0, 0x41000000},
    {"ex2.approx.ftz.f32 %f20, %f10;", 'f', 0xc3000000, 0, 0, 0},
    {"copysign.f32 %f20, %f10, %f11;", 'f', 0x80000000, 0x3f800000, 0, 0xbf800000},
    {"abs.f32 %f20, %f10;", 'f', 0xffc00001, 0, 0, 0x7fc00001},
    {"neg.f32 %f20, %f10;", 'f', 0, 0, 0, 0x80000000},
    {"max.f64 %fd20, %fd10, %fd11;", 'e', 0x7ff8000000000000ull, 0x3ff0000000000000ull, 0, 0x3ff0000000000000ull},
    {"max.f64 %fd20, %fd10, %fd11;", 'e', 0x8000000000000000ull, 0, 0, 0},
    {"rcp.approx.ftz.f64 %fd20, %fd10;", 'e', 0x40080000ffffffffull, 0, 0, 0x3fd5555500000000ull},
    {"cvt.sat.f32.f32 %f20, %f10;", 'f', NAN4, 0, 0, 0},
    {"cvt.sat.f32.f32 %f20, %f10;", 'f', 0x40000000, 0, 0, 0x3f800000},
    {"cvt.rzi.s32.f32 %r20, %f10;", 'r', NAN4, 0, 0, 0},
    {"cvt.rzi.s32.f32 %r20, %f10;", 'r', 0xbfc00000, 0, 0, 0xffffffff},
    {"cvt.rzi.s32.f32 %r20, %f10;", 'r', 0x7f000000, 0, 0, 0x7fffffff},
    {"cvt.rzi.u32.f32 %r20, %f10;", 'r', 0xbf800000, 0, 0, 0},
    {"cvt.rzi.s32.f64 %r20, %fd10;", 'r', 0x7ff8000000000000ull, 0, 0, 0x80000000},
    {"cvt.rmi.f64.f64 %fd20, %fd10;", 'e', 0xbfe0000000000000ull, 0, 0, 0xbff0000000000000ull},
    {"cvt.rni.f64.f64 %fd20, %fd10;", 'e', 0x4004000000000000ull, 0, 0, 0x4000000000000000ull},
    {"cvt.rn.f32.f64 %f20, %fd10;", 'f', 0x3ff0000010000000ull, 0, 0, 0x3f800000},
    {"cvt.rn.f32.f64 %f20, %fd10;", 'f', 0x3ff0000010000001ull, 0, 0, 0x3f800001},
    {"cvt.rn.bf16x2.f32 %r20, %f10, %f11;", 'r', 0x3f808000, 0x3f818000, 0, 0x3f803f82},
    {"cvt.rn.bf16x2.f32 %r20, %f10, %f11;", 'r', NAN4, 0x7f7fffff, 0, 0x7fff7f80},
    {"cvt.rna.tf32.f32 %r20, %f10;", 'r', 0x3f801000, 0, 0, 0x3f802000},
    {"cvt.rna.tf32.f32 %r20, %f10;", 'r', 0xbf800fff, 0, 0, 0xbf800000},
    {"xor.pred %p1, %p7, %p7; or.pred %p1, %p1, %p1; and.pred %p1, %p1, %p1;", 'p', 0, 0, 0, 0},
};

static void test_arithmetic(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        static uint32_t value[MOST];
        const sum *s = &sums[i];
        char body[1024];
        const uint64_t in[3] = {s->a, s->b, s->c};
        memset(value, 0, sizeof value);
        memcpy(value + 64, in, sizeof in);
        snprintf(
            body, sizeof body,
            "ld.global.u64 %%rd10, [%%rd1+256]; ld.global.u64 %%rd11, [%%rd1+264]; ld.global.u64 %%rd12, [%%rd1+272];\n"
            "ld.global.f64 %%fd10, [%%rd1+256]; ld.global.f64 %%fd11, [%%rd1+264]; ld.global.f64 %%fd12, [%%rd1+272];\n"
            "ld.global.u32 %%r10, [%%rd1+256]; ld.global.u32 %%r11, [%%rd1+264]; ld.global.u32 %%r12, [%%rd1+272];\n"
            "ld.global.f32 %%f10, [%%rd1+256]; ld.global.f32 %%f11, [%%rd1+264]; ld.global.f32 %%f12, [%%rd1+272];\n"
            "%s\n%s",
            s->line,
            s->form == 'r'   ? "st.global.u32 [%rd1], %r20;"
            : s->form == 'f' ? "st.global.f32 [%rd1], %f20;"
            : s->form == 'd' ? "st.global.u64 [%rd1], %rd20;"
            : s->form == 'e' ? "st.global.f64 [%rd1], %fd20;"
                             : "selp.u32 %r20, 1, 0, %p1; st.global.u32 [%rd1], %r20;");
        uint64_t got;
        ptx_runs(body, &(ptx_trial){.threads = 1}, value);
        memcpy(&got, value, sizeof got);
        if (got != s->wanted)
            fail_msg("%s: %llx, not %llx", s->line, (unsigned long long)got, (unsigned long long)s->wanted);
    }
}

/* Of small and of close values, halfway between floats, and subnormal: fmaf's bits. */
static void test_fma(void **state) {
    (void)state;
    uint64_t drawn = 1;
    for (int round = 0; round < 200; round++) {
        static uint32_t value[MOST];
        float wanted[32];
        for (uint32_t i = 0; i < 96; i++) {
            drawn = drawn * 6364136223846793005u + 1442695040888963407u;
            uint32_t bits = (uint32_t)(drawn >> 32), kept = round % 4 == 0   ? 0xffffffff
                                                            : round % 4 == 1 ? 0xffff0000
                                                                             : 0xfff80000;
            value[i] = bits & kept;
            if (round % 3) value[i] = (value[i] & 0x807fffff) | (i < 64 ? 118 + bits % 19 : 90 + bits % 60) << 23;
            if (round % 3 == 2) value[i] -= i < 64 ? 30u << 24 : 60u << 23; /* towards subnormal sums */
        }
        for (uint32_t i = 0; i < 32; i++) {
            float x[3];
            for (uint32_t k = 0; k < 3; k++) memcpy(&x[k], &value[32 * k + i], sizeof *x);
            wanted[i] = fmaf(x[0], x[1], x[2]);
        }
        ptx_runs("ld.global.f32 %f1, [%rd2]; ld.global.f32 %f2, [%rd2+128]; ld.global.f32 %f3, [%rd2+256];\n"
                 "fma.rn.f32 %f4, %f1, %f2, %f3; st.global.f32 [%rd2], %f4;",
                 &(ptx_trial){.threads = 32}, value);
        for (uint32_t i = 0; i < 32; i++) {
            if (wanted[i] == wanted[i])
                assert_memory_equal(&value[i], &wanted[i], sizeof *wanted);
            else
                assert_true((value[i] & 0x7fffffff) > 0x7f800000);
        }
    }
}

/* Lanes that part, each for its own number of rounds, meet again: mma.sync would not have them otherwise. */
static void test_divergence(void **state) {
    (void)state;
    static uint32_t value[MOST];
    const char *body = "mov.u32 %r10, 0; add.s32 %r11, %r4, 1; mov.f32 %f1, 0f00000000; mov.u32 %r30, 0;\n"
                       "$again: setp.eq.s32 %p1, %r11, 1;\n"
                       "@%p1 bra $out;\n"
                       "add.s32 %r10, %r10, 1; and.b32 %r12, %r11, 1; setp.eq.s32 %p2, %r12, 0;\n"
                       "@!%p2 bra $odd;\n"
                       "shr.u32 %r11, %r11, 1; bra.uni $again;\n"
                       "$odd: mad.lo.s32 %r11, %r11, 3, 1; bra.uni $again;\n"
                       "$out:\n"
                       "@%p1 add.s32 %r10, %r10, 1000;\n"
                       "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%f4,%f5,%f6,%f7}, {%r30,%r30,%r30,%r30}, "
                       "{%r30,%r30}, {%f1,%f1,%f1,%f1};\n"
                       "st.global.u32 [%rd2], %r10;";
    ptx_runs(body, &(ptx_trial){.blocks = 3, .threads = 96, .resident = 2}, value);
    for (uint32_t i = 0; i < 288; i++) {
        uint32_t rounds = 1000;
        for (uint32_t n = i + 1; n != 1; n = n % 2 ? 3 * n + 1 : n / 2) rounds++;
        assert_int_equal(value[i], rounds);
    }
}

/* f(n) = n! by g(n, m) = n * m, called from lanes that have parted. */
static void test_calls(void **state) {
    (void)state;
    static uint32_t value[MOST];
    static char text[PTX_TEXT_MOST];
    const char *functions = ".func (.param .b64 g_out) g(.param .b64 g_0, .param .b32 g_1)\n"
                            "{ .reg .b64 %rd<4>; .reg .b32 %r<4>;\n"
                            "ld.param.u64 %rd1, [g_0]; ld.param.u32 %r1, [g_1]; cvt.u64.u32 %rd2, %r1;\n"
                            "mul.lo.s64 %rd3, %rd1, %rd2; st.param.b64 [g_out+0], %rd3; ret; }\n"
                            ".func (.param .b64 f_out) f(.param .b32 f_0)\n"
                            "{ .reg .b64 %rd<4>; .reg .b32 %r<4>; .reg .pred %p<2>;\n"
                            "ld.param.u32 %r1, [f_0]; mov.u64 %rd1, 1;\n"
                            "$more: setp.le.u32 %p1, %r1, 1; @%p1 bra $done;\n"
                            "{ .param .b64 param0; st.param.b64 [param0+0], %rd1;\n"
                            ".param .b32 param1; st.param.b32 [param1+0], %r1; .param .b64 retval0;\n"
                            "call.uni (retval0),\ng,\n(\nparam0,\nparam1\n);\nld.param.b64 %rd1, [retval0+0]; }\n"
                            "add.s32 %r1, %r1, -1; bra.uni $more;\n"
                            "$done: st.param.b64 [f_out+0], %rd1; ret; }\n";
    const char *body = "and.b32 %r5, %r1, 15; mov.u64 %rd5, 7; setp.lt.u32 %p1, %r5, 13; @!%p1 bra $no;\n"
                       "{ .param .b32 param0; st.param.b32 [param0+0], %r5; .param .b64 retval0;\n"
                       "call.uni (retval0), f, (param0); ld.param.b64 %rd5, [retval0+0]; }\n"
                       "$no: mul.wide.u32 %rd6, %r1, 8; add.s64 %rd6, %rd1, %rd6; st.global.u64 [%rd6], %rd5; ret; }\n";
    snprintf(text, sizeof text, "%s%s%s%s", HEAD, functions, ptx_prologue + strlen(HEAD), body);
    if (!ptx_run_text(text, &(ptx_trial){.threads = 64}, value)) fail_msg("%s", ptx_why);
    for (uint32_t i = 0; i < 64; i++) {
        uint64_t wanted = 1, got;
        for (uint32_t n = 2; n <= i % 16; n++) wanted *= n;
        memcpy(&got, value + 2 * i, sizeof got);
        assert_true(got == (i % 16 < 13 ? wanted : 7));
    }
}

/* A block turns its words round; another type of each width goes along. */
static void test_shared(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        static uint32_t value[MOST];
        const char *body =
            SHARED_AT "add.s32 %r8, %r4, 7; st.shared.u32 [%r7], %r8; cvt.u16.u32 %rs1, %r8;\n"
                      "add.s32 %r9, %r5, %r1; st.shared.u8 [%r9+512], %rs1;\n"
                      "bar.sync 0;\n"
                      "sub.s32 %r9, 99, %r1; shl.b32 %r10, %r9, 2; add.s32 %r10, %r5, %r10;\n"
                      "ld.shared.u32 %r11, [%r10]; add.s32 %r12, %r5, %r9; ld.shared.s8 %r13, [%r12+512];\n"
                      "cvt.u64.u32 %rd3, %r10; cvta.shared.u64 %rd4, %rd3; ld.u32 %r14, [%rd4];\n"
                      "setp.ne.s32 %p1, %r14, %r11; @%p1 trap;\n"
                      "shl.b32 %r13, %r13, 16; xor.b32 %r11, %r11, %r13; st.global.u32 [%rd2], %r11;\n"
                      "bar.sync 0; st.shared.u32 [%r7], %r1;";
        ptx_runs(body, &(ptx_trial){.blocks = 4, .threads = 100, .resident = 3, .seed = seed}, value);
        for (uint32_t i = 0; i < 400; i++) {
            uint32_t word = i / 100 * 100 + 99 - i % 100 + 7, byte = word & 0xff;
            if (byte > 127) byte |= 0xffffff00;
            assert_int_equal(value[i], word ^ byte << 16);
        }
    }
}

static void test_local(void **state) {
    (void)state;
    static uint32_t value[MOST];
    const char *body = ".local .align 8 .b8 __local_depot0[24]; .reg .b64 %SP; .reg .b64 %SPL;\n"
                       "mov.u64 %SPL, __local_depot0; cvta.local.u64 %SP, %SPL; cvt.rn.f64.u32 %fd1, %r4;\n"
                       "st.local.f64 [%SPL+16], %fd1; add.s64 %rd5, %SP, 8; ld.f64 %fd2, [%rd5+8];\n"
                       "cvt.rn.f32.f64 %f1, %fd2; cvt.rzi.u32.f32 %r5, %f1; st.global.u32 [%rd2], %r5;";
    ptx_runs(body, &(ptx_trial){.threads = 64}, value);
    for (uint32_t i = 0; i < 64; i++) assert_int_equal(value[i], i);
    ptx_faults(".local .align 8 .b8 d[24]; .reg .b64 %q; mov.u64 %q, d; st.local.f64 [%q+24], %fd1;",
               &(ptx_trial){.threads = 1}, "8 bytes written at 24 of local memory, which has 24 bytes");
}

static void refused(const char *body, const char *wanted) {
    static uint32_t value[MOST];
    if (ptx_run_body(body, &(ptx_trial){.threads = 1}, value)) fail_msg("read: %s", body);
    if (!strstr(ptx_why, wanted)) fail_msg("\"%s\" has not \"%s\"", ptx_why, wanted);
}

static void test_refused(void **state) {
    (void)state;
    refused("add.s32 %r1, %r2, %r3;\nsub.s99 %r1, %r2, %r3;", "line 13: sub.s99 is not known");
    refused("add.s32 %r1, %r2, %rd3;", "line 12: add.s32 wants other operands");
    refused("add.s32 %r1, %r2;", "line 12: add.s32 wants other operands");
    refused("add.s32 %r1, %r2, %r64;", "line 12: %r64 is not known");
    refused("add.s32 %r1, %r2, %r3", "line 13: ';' is missing before \"ret;");
    refused("\n\nbra $nowhere;", "line 14: no label $nowhere");
    refused("call.uni f, ();", "line 12: no device function f yet");
    refused("ld.global.v3.u32 %r1, [%rd1];", "line 12: ld.global.v3.u32 is not known: v3");
    refused("ld.global.u64 %r1, [%rd1];", "line 12: ld.global.u64 wants other operands");
    refused("ld.global.u32 %r1, [%r2];", "line 12: ld.global.u32 wants other operands");
    refused("mov.f32 %f1, 0f3F80;", "line 12: no float: 0f3F80");
    refused("/* two\nlines */ // and one\nshfl.sync.bfly.b32 %r1, %r2, 1, 31, -1;",
            "line 14: shfl.sync.bfly.b32 is not known");
    refused(".reg .b128 %q<4>;", "line 12: no registers are of .b128");
    refused("bar.sync 16;", "line 12: bar.sync wants other operands");
    assert_null(ptx_read(HEAD ".func f() { call.uni f, (); ret; }", ptx_why, sizeof ptx_why));
    assert_non_null(strstr(ptx_why, "line 4: calls too deep"));
    assert_null(ptx_read(HEAD ".entry k() { ret;", ptx_why, sizeof ptx_why));
    assert_non_null(strstr(ptx_why, "the text ends within a body"));
    ptx_free(NULL);
}

static uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* Small whole numbers, exact in bf16 and TF32. */
static int small(uint32_t i, uint32_t k) {
    return (int)((i * 7 + k * 13 + i * k) % 17) - 8;
}

static uint32_t two_bf16(int low, int high) {
    return (bits_of((float)high) & 0xffff0000) | bits_of((float)low) >> 16;
}

static void check_product(const uint32_t *got, uint32_t depth, uint32_t columns) {
    for (uint32_t m = 0; m < 16; m++) {
        for (uint32_t n = 0; n < columns; n++) {
            int wanted = small(m, n + 50);
            for (uint32_t k = 0; k < depth; k++) wanted += small(m, k) * small(k + 30, n);
            assert_int_equal(got[m * columns + n], bits_of((float)wanted));
        }
    }
}

/* The manual's figures for fragments, as tables: of lane l, with g = l / 4 and t = l % 4. */
#define LOAD_FRAGMENTS                                                                                                 \
    "mul.wide.u32 %rd3, %r1, 40; add.s64 %rd3, %rd1, %rd3;\n"                                                          \
    "ld.global.v2.u32 {%r10, %r11}, [%rd3]; ld.global.v2.u32 {%r12, %r13}, [%rd3+8];\n"                                \
    "ld.global.v2.u32 {%r14, %r15}, [%rd3+16]; ld.global.v2.f32 {%f10, %f11}, [%rd3+24];\n"                            \
    "ld.global.v2.f32 {%f12, %f13}, [%rd3+32];\n"
#define STORE_FRAGMENT "st.global.v2.f32 [%rd3+24], {%f10, %f11}; st.global.v2.f32 [%rd3+32], {%f12, %f13};"

static void test_mma(void **state) {
    (void)state;
    for (int tf32 = 0; tf32 < 2; tf32++) {
        static uint32_t value[MOST];
        uint32_t product[16 * 8];
        for (uint32_t l = 0; l < 32; l++) {
            uint32_t g = l / 4, t = l % 4, *v = value + 10 * l;
            const uint32_t rows[4] = {g, g + 8, g, g + 8};
            for (uint32_t e = 0; e < 4; e++) {
                const uint32_t wide[4] = {2 * t, 2 * t, 2 * t + 8, 2 * t + 8}, slim[4] = {t, t, t + 4, t + 4};
                v[e] = two_bf16(small(rows[e], wide[e]), small(rows[e], wide[e] + 1));
                if (tf32) v[e] = bits_of((float)small(rows[e], slim[e])) | 0x1fff; /* bits that do not count */
            }
            v[4] = two_bf16(small(2 * t + 30, g), small(2 * t + 31, g));
            v[5] = two_bf16(small(2 * t + 38, g), small(2 * t + 39, g));
            if (tf32) v[4] = bits_of((float)small(t + 30, g)), v[5] = bits_of((float)small(t + 34, g));
            v[6] = bits_of((float)small(g, 2 * t + 50)), v[7] = bits_of((float)small(g, 2 * t + 51));
            v[8] = bits_of((float)small(g + 8, 2 * t + 50)), v[9] = bits_of((float)small(g + 8, 2 * t + 51));
        }
        ptx_runs(tf32 ? LOAD_FRAGMENTS
                     "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%f10, %f11, %f12, %f13}, {%r10, %r11, "
                     "%r12, %r13}, {%r14, %r15}, {%f10, %f11, %f12, %f13};\n" STORE_FRAGMENT
                      : LOAD_FRAGMENTS
                     "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%f10, %f11, %f12, %f13}, {%r10, "
                     "%r11, %r12, %r13}, {%r14, %r15}, {%f10, %f11, %f12, %f13};\n" STORE_FRAGMENT,
                 &(ptx_trial){.threads = 32}, value);
        for (uint32_t l = 0; l < 32; l++) {
            for (uint32_t e = 0; e < 4; e++)
                product[(l / 4 + (e > 1 ? 8 : 0)) * 8 + 2 * (l % 4) + e % 2] = value[10 * l + 6 + e];
        }
        check_product(product, tf32 ? 8 : 16, 8);
    }
}

/* A and B lie in rows in shared memory, B's columns are two tiles: ldmatrix makes the fragments, of B by transposing.
 * */
static void test_ldmatrix(void **state) {
    (void)state;
    static uint32_t value[MOST];
    uint32_t product[16 * 16];
    const char *body =
        ".shared .align 16 .b8 s[1024]; mov.u32 %r5, s; mul.lo.s32 %r6, %r1, 32; add.s32 %r6, %r6, %r5;\n"
        "mul.wide.u32 %rd3, %r1, 32; add.s64 %rd3, %rd1, %rd3;\n"
        "ld.global.v4.u32 {%r10, %r11, %r12, %r13}, [%rd3]; st.shared.v4.u32 [%r6], {%r10, %r11, %r12, %r13};\n"
        "ld.global.v4.u32 {%r10, %r11, %r12, %r13}, [%rd3+16]; st.shared.v4.u32 [%r6+16], {%r10, %r11, %r12, %r13};\n"
        "bar.sync 0;\n"
        "and.b32 %r7, %r1, 15; mul.lo.s32 %r7, %r7, 32; shr.u32 %r8, %r1, 4; mul.lo.s32 %r8, %r8, 16;\n"
        "add.s32 %r9, %r7, %r8; add.s32 %r9, %r9, %r5;\n"
        "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r20,%r21,%r22,%r23}, [%r9];\n"
        "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%r24,%r25,%r26,%r27}, [%r9+512];\n"
        "mul.wide.u32 %rd4, %r1, 32; add.s64 %rd4, %rd1, %rd4; add.s64 %rd4, %rd4, 1024;\n"
        "ld.global.v4.f32 {%f10,%f11,%f12,%f13}, [%rd4]; ld.global.v4.f32 {%f14,%f15,%f16,%f17}, [%rd4+16];\n"
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%f10,%f11,%f12,%f13}, {%r20,%r21,%r22,%r23}, "
        "{%r24,%r25}, "
        "{%f10,%f11,%f12,%f13};\n"
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%f14,%f15,%f16,%f17}, {%r20,%r21,%r22,%r23}, "
        "{%r26,%r27}, "
        "{%f14,%f15,%f16,%f17};\n"
        "st.global.v4.f32 [%rd4], {%f10,%f11,%f12,%f13}; st.global.v4.f32 [%rd4+16], {%f14,%f15,%f16,%f17};";
    for (uint32_t r = 0; r < 16; r++) {
        for (uint32_t c = 0; c < 8; c++) {
            value[8 * r + c] = two_bf16(small(r, 2 * c), small(r, 2 * c + 1));
            value[128 + 8 * r + c] = two_bf16(small(r + 30, 2 * c), small(r + 30, 2 * c + 1));
        }
    }
    for (uint32_t i = 0; i < 256; i++) { /* lane, tile, element */
        uint32_t l = i / 8, e = i % 4, row = l / 4 + (e > 1 ? 8 : 0), column = 8 * (i / 4 % 2) + 2 * (l % 4) + e % 2;
        value[256 + i] = bits_of((float)small(row, column + 50));
    }
    ptx_runs(body, &(ptx_trial){.threads = 32}, value);
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t l = i / 8, e = i % 4, row = l / 4 + (e > 1 ? 8 : 0), column = 8 * (i / 4 % 2) + 2 * (l % 4) + e % 2;
        product[16 * row + column] = value[256 + i];
    }
    check_product(product, 16, 16);
    ptx_faults(".shared .align 16 .b8 s[64]; mov.u32 %r5, s;\nldmatrix.sync.aligned.m8n8.x4.shared.b16 "
               "{%r20,%r21,%r22,%r23}, [%r5+8];",
               &(ptx_trial){.threads = 32}, "16 bytes read at 0x8, which is no multiple of 16");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arithmetic), cmocka_unit_test(test_fma),    cmocka_unit_test(test_divergence),
        cmocka_unit_test(test_calls),      cmocka_unit_test(test_shared), cmocka_unit_test(test_local),
        cmocka_unit_test(test_refused),    cmocka_unit_test(test_mma),    cmocka_unit_test(test_ldmatrix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* tests/ops/ptx_trial.c: small kernels in PTX, run on one value, and what became of them.
 * What they compute is the tests' affair. */
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

const char ptx_prologue[] = HEAD ".visible .entry k(.param .u64 k_param_0) {\n"
                                 ".reg .pred %p<8>; .reg .b16 %rs<8>; .reg .b32 %r<64>; .reg .f32 %f<64>;\n"
                                 ".reg .f64 %fd<32>; .reg .b64 %rd<32>;\n"
                                 "ld.param.u64 %rd1, [k_param_0];\n"
                                 "mov.u32 %r1, %tid.x; mov.u32 %r2, %ctaid.x; mov.u32 %r3, %ntid.x;\n"
                                 "mad.lo.s32 %r4, %r2, %r3, %r1;\n"
                                 "mul.wide.u32 %rd2, %r4, 4; cvta.to.global.u64 %rd1, %rd1;\n"
                                 "add.s64 %rd2, %rd1, %rd2;\n";

char ptx_why[512];

/* A value of its own, so that a sanitizer's redzones are around it as well. */
bool ptx_run_text(const char *text, const ptx_trial *t, uint32_t *value) {
    ptx_module *m = ptx_read(text, ptx_why, sizeof ptx_why);
    if (!m) return false;
    const ptx_kernel *k = ptx_find(m, "k");
    assert_non_null(k);
    assert_int_equal(ptx_facts_of(k).arguments_bytes, 8);
    uint32_t words = t->words ? t->words : MOST;
    unsigned char *own = aligned_alloc(64, (4 * words + 63) / 64 * 64);
    assert_non_null(own);
    memcpy(own, value, 4 * words);
    ptx_span span = {own, 4 * words};
    uint64_t argument = (uint64_t)(uintptr_t)own;
    ptx_launch launch = {.kernel = k,
                         .grid = {t->blocks ? t->blocks : 1, 1, 1},
                         .block = {t->threads ? t->threads : 32, 1, 1},
                         .arguments = &argument,
                         .cooperative = t->cooperative,
                         .seed = t->seed,
                         .spans = &span,
                         .n_spans = 1,
                         .resident = t->resident ? t->resident : 1,
                         .turns = t->turns ? t->turns : 1000000};
    bool fine = ptx_run(&launch, ptx_why, sizeof ptx_why);
    memcpy(value, own, 4 * words);
    free(own);
    ptx_free(m);
    return fine;
}

bool ptx_run_body(const char *body, const ptx_trial *t, uint32_t *value) {
    static char text[PTX_TEXT_MOST];
    snprintf(text, sizeof text, "%s%s\nret;\n}\n", ptx_prologue, body);
    return ptx_run_text(text, t, value);
}

void ptx_runs(const char *body, const ptx_trial *t, uint32_t *value) {
    if (!ptx_run_body(body, t, value)) fail_msg("%s", ptx_why);
}

void ptx_faults(const char *body, const ptx_trial *t, const char *wanted) {
    static uint32_t value[MOST];
    memset(value, 0, sizeof value);
    if (ptx_run_body(body, t, value)) fail_msg("no fault; wanted: %s", wanted);
    if (!strstr(ptx_why, wanted)) fail_msg("\"%s\" has not \"%s\"", ptx_why, wanted);
}

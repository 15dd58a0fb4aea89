/* tests/ops/ptx_trial.h: small kernels in PTX, each run on one value. */
#ifndef INK_TESTS_PTX_TRIAL_H
#define INK_TESTS_PTX_TRIAL_H

#include "cuda/ptx.h"

#define PTX_TEXT_MOST 32768
#define MOST          4096 /* words of the one value that kernels get */
#define SEEDS         8

#define HEAD ".version 9.0\n.target sm_80\n.address_size 64\n"

/* Line 4 is the entry's. %rd1 is the value, %r1 the thread, %r2 the block, %r3 the block's threads, %rd2 where in the
 * value the thread has its word. What a test adds begins in line 12. */
extern const char ptx_prologue[];

#define SHARED_AT ".shared .align 16 .b8 s[1024]; mov.u32 %r5, s; shl.b32 %r6, %r1, 2; add.s32 %r7, %r5, %r6;\n"

typedef struct ptx_trial {
    uint32_t blocks, threads, resident, words;
    bool cooperative;
    uint64_t seed, turns;
} ptx_trial;

extern char ptx_why[512];

/* Runs a text's kernel k, or one that begins with the prologue. Why not stands in ptx_why. */
bool ptx_run_text(const char *text, const ptx_trial *t, uint32_t *value);
bool ptx_run_body(const char *body, const ptx_trial *t, uint32_t *value);

void ptx_runs(const char *body, const ptx_trial *t, uint32_t *value);      /* without a fault */
void ptx_faults(const char *body, const ptx_trial *t, const char *wanted); /* with one of that text */

#endif

/* tests/ops/emulated.h: the bfloat16 inner loops of ops/cpu/kernels.h in plain C, so that plans and index arithmetic of
 * that precision are tested on processors that lack it. Only tests can choose them (ink_compile_options.kernels). */
#ifndef INK_TESTS_OPS_EMULATED_H
#define INK_TESTS_OPS_EMULATED_H

#include "ops/cpu/kernels.h"

/* The table of this processor (or INK_ISA) with these loops in place of the native ones, or, tiles: with such as want
 * what products of tiles want, and say so where they do not get it. Products of bfloat16 are exact in float; sums are
 * rounded after each term, where vdpbf16ps and AMX round in their own ways: not their bits, but their errors. */
ink_kernels emulated_bf16(bool tiles);

#endif

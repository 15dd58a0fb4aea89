/* ops/cpu/kern_pairs.h: two rows of floats as one of pairs, for kern_avx512bf16.c and kern_amx.c, which include it.
 * What is done with pairs stands there. */
#ifndef INK_OPS_CPU_KERN_PAIRS_H
#define INK_OPS_CPU_KERN_PAIRS_H

#include "ops/cpu/kern_vector.h"
#include "ops/cpu/kernels.h"

/* A row and the next one, rounded to bfloat16: 32-bit lane j holds both numbers of column j, the first row's below. */
INLINE __m512i paired_rows(const float *row) {
    static const uint16_t order[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                       8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    const __m512bh both = _mm512_cvtne2ps_pbh((__m512)vload(row + INK_LANES), (__m512)vload(row));
    return _mm512_permutexvar_epi16(_mm512_loadu_si512(order), (__m512i)both);
}

#endif

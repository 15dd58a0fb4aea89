/* core/real_both.h: the text of core/real.h's functions, for the host and for a GPU's kernels (core/both.h). */
#ifndef INK_CORE_REAL_BOTH_H
#define INK_CORE_REAL_BOTH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "core/both.h"

INK_BOTH double ink_both_from_bits(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

INK_BOTH uint64_t ink_both_to_bits(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

INK_BOTH_CALLED double ink_both_exp(double x) {
    if (isnan(x)) return x;
    if (x > 709.78) return INFINITY;
    if (x < -745.0) return 0.0;
    double k = rint(x * 0x1.71547652b82fep+0);
    double r = fma(-k, 0x1.62e42fefa39efp-1, x);
    r = fma(-k, 0x1.abc9e3b39803fp-56, r); /* |r| <= ln2 / 2 */
    double sum = 1.0 / 6227020800.0;       /* 1/13! */
    const double inverse_factorial[] = {1.0 / 479001600.0,
                                        1.0 / 39916800.0,
                                        1.0 / 3628800.0,
                                        1.0 / 362880.0,
                                        1.0 / 40320.0,
                                        1.0 / 5040.0,
                                        1.0 / 720.0,
                                        1.0 / 120.0,
                                        1.0 / 24.0,
                                        1.0 / 6.0,
                                        0.5,
                                        1.0,
                                        1.0};
    for (unsigned i = 0; i < sizeof inverse_factorial / sizeof *inverse_factorial; i++) {
        sum = fma(sum, r, inverse_factorial[i]);
    }
    int64_t e = (int64_t)k;
    /* Two factors so that neither overflows and subnormal results round once. */
    int64_t half = e / 2;
    return sum * ink_both_from_bits((uint64_t)(half + 1023) << 52) *
           ink_both_from_bits((uint64_t)(e - half + 1023) << 52);
}

INK_BOTH_CALLED double ink_both_log(double x) {
    if (isnan(x) || x < 0) return NAN;
    if (x == 0) return -INFINITY;
    if (isinf(x)) return x;
    double scale = 0;
    if (x < 0x1p-1022) {
        x *= 0x1p54;
        scale = -54;
    }
    uint64_t bits = ink_both_to_bits(x);
    double e = (double)((int64_t)(bits >> 52) - 1023) + scale;
    double m = ink_both_from_bits((bits & 0xfffffffffffffu) | 0x3ff0000000000000u);
    if (m > 0x1.6a09e667f3bcdp+0) { /* sqrt 2: keep m in [0.707, 1.414] */
        m *= 0.5;
        e += 1;
    }
    /* log m = 2 atanh(s), s = (m - 1) / (m + 1), |s| <= 0.1716 */
    double s = (m - 1.0) / (m + 1.0);
    double s2 = s * s;
    double sum = 1.0 / 23.0;
    for (int k = 21; k >= 3; k -= 2) sum = fma(sum, s2, 1.0 / (double)k);
    double log_m = 2.0 * fma(s * s2, sum, s);
    return fma(e, 0x1.62e42fefa39efp-1, fma(e, 0x1.abc9e3b39803fp-56, log_m));
}

/* sin (2 pi t) for |t| <= 1/8 */
INK_BOTH double ink_both_sin_small(double t) {
    double x = t * 0x1.921fb54442d18p+2;
    double x2 = x * x;
    double sum = 0;
    for (int k = 17; k >= 3; k -= 2) sum = (1.0 + sum) * -x2 / (double)(k * (k - 1));
    return fma(x, sum, x);
}

/* cos (2 pi t) for |t| <= 1/8 */
INK_BOTH double ink_both_cos_small(double t) {
    double x = t * 0x1.921fb54442d18p+2;
    double x2 = x * x;
    double sum = 0;
    for (int k = 18; k >= 2; k -= 2) sum = (1.0 + sum) * -x2 / (double)(k * (k - 1));
    return 1.0 + sum;
}

INK_BOTH_CALLED double ink_both_sin_turn(double t) {
    t -= rint(t); /* exact; |t| <= 1/2 */
    double quarter = rint(t * 4.0);
    double r = t - quarter * 0.25; /* exact; |r| <= 1/8 */
    switch ((int)quarter) {
    case 1: return ink_both_cos_small(r);
    case -1: return -ink_both_cos_small(r);
    case 2:
    case -2: return -ink_both_sin_small(r);
    default: return ink_both_sin_small(r);
    }
}

INK_BOTH_CALLED double ink_both_cos_turn(double t) {
    t -= rint(t);
    double quarter = rint(t * 4.0);
    double r = t - quarter * 0.25;
    switch ((int)quarter) {
    case 1: return -ink_both_sin_small(r);
    case -1: return ink_both_sin_small(r);
    case 2:
    case -2: return -ink_both_cos_small(r);
    default: return ink_both_cos_small(r);
    }
}

#endif

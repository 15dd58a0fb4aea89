/* report/mcnemar.h: do two models differ, or was it luck? For the same images read by both. */
#ifndef INK_REPORT_MCNEMAR_H
#define INK_REPORT_MCNEMAR_H

#include <stdint.h>

/* Images that both read, by who was right. */
typedef struct ink_pairing {
    uint64_t both, first, second, neither; /* right: both, the first alone, the second alone, none */
} ink_pairing;

/* McNemar's test looks at the images that one alone reads right: if the models are equally good, each of these n =
 * first + second is as likely to be the one's as the other's, so `first` is binomial(n, 1/2). Two-sided, m =
 * min(first, second):
 *     exact p = min(1, 2 P(X <= m))        never too small, often too large
 *     mid-p   = 2 P(X <= m) - P(X = m)     nearer to its nominal level; never above the exact one
 * n = 0: both are 1. Sums run from the largest term down, so that n may be millions.
 * Source   Q. McNemar, Psychometrika 12 (1947) 153; M. Fagerland, S. Lydersen, P. Laake, BMC Med. Res. Methodol. 13
 *          (2013) 91, which recommends mid-p */
typedef struct ink_mcnemar {
    double exact, mid;
} ink_mcnemar;

ink_mcnemar ink_mcnemar_test(const ink_pairing *pairing);

#endif

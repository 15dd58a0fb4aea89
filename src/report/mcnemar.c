/* report/mcnemar.c: two tails of a binomial distribution.
 * It knows nothing of images or models. */
#include "report/mcnemar.h"

#include <math.h>

/* P(X = m) and P(X <= m), X binomial(n, 1/2), m <= n / 2. */
static void half_binomial(uint64_t n, uint64_t m, double *at, double *up_to) {
    double big = (double)n, k = (double)m;
    double term = exp(lgamma(big + 1) - lgamma(k + 1) - lgamma(big - k + 1) - big * log(2));
    double sum = term;
    *at = term;
    for (uint64_t i = m; i > 0 && term > sum * 1e-18; i--) {
        term *= (double)i / (double)(n - i + 1);
        sum += term;
    }
    *up_to = sum;
}

ink_mcnemar ink_mcnemar_test(const ink_pairing *pairing) {
    uint64_t n = pairing->first + pairing->second,
             m = pairing->first < pairing->second ? pairing->first : pairing->second;
    double at = 0, up_to = 0;
    if (n == 0) return (ink_mcnemar){1, 1};
    half_binomial(n, m, &at, &up_to);
    return (ink_mcnemar){.exact = fmin(1, 2 * up_to), .mid = fmin(1, 2 * up_to - at)};
}

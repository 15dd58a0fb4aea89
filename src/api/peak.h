/* api/peak.h: the most that this machine can multiply and add, to compare a net's speed with. */
#ifndef INK_API_PEAK_H
#define INK_API_PEAK_H

#include "ops/backend.h"

/* Measured now, in some 50 ms, with the pool's threads (NULL: the caller's alone), from registers: 1e9 multiplications
 * and additions a second. 0: not known of this backend. */
double ink_peak_gflops(const ink_backend *backend, ink_precision precision, ink_pool *pool);

#endif

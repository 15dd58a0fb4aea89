/* ops/cpu/kern_depthwise.h: convolutions of each channel by itself and their gradients of weights, included by each
 * kern_<isa>.c after kern_vector.h. Lanes are channels, or images of a narrow map: no sum runs across a vector. */
#ifndef INK_OPS_CPU_KERN_DEPTHWISE_H
#define INK_OPS_CPU_KERN_DEPTHWISE_H

#include "ops/cpu/kern_vector.h"
#include "ops/cpu/kernels.h"

#define DEPTHWISE_TAPS 9 /* of a window inside the map, mostly: these stay in registers */

/* n: d->n, a constant after inlining; its weights are read once. */
INLINE void depthwise_run(const ink_depthwise *d, const size_t n, size_t lane) {
    vf w[DEPTHWISE_TAPS];
    const float *x[DEPTHWISE_TAPS];
    const vf start = vload(d->start + lane);
    UNROLL_ALL
    for (size_t t = 0; t < n; t++) {
        w[t] = vload(d->w + d->tap[t] * INK_LANES + lane);
        x[t] = d->x + d->at[t] + lane;
    }
    for (size_t i = 0; i < d->places; i++) {
        for (size_t r = 0; r < d->rows; r++) {
            const size_t at = i * d->x_place + r * INK_LANES;
            vf sum = start;
            UNROLL_ALL
            for (size_t t = 0; t < n; t++) sum = vfma(w[t], vload(x[t] + at), sum);
            vstore(d->y + i * d->y_place + r * INK_LANES + lane, sum);
        }
    }
}

static void depthwise(const ink_depthwise *d) {
    for (size_t lane = 0; lane < INK_LANES; lane += VL) {
        if (d->n == DEPTHWISE_TAPS) {
            depthwise_run(d, DEPTHWISE_TAPS, lane);
            continue;
        }
        for (size_t i = 0; i < d->places; i++) {
            for (size_t r = 0; r < d->rows; r++) {
                const float *x = d->x + i * d->x_place + r * INK_LANES + lane;
                vf sum = vload(d->start + lane);
                for (size_t t = 0; t < d->n; t++) {
                    sum = vfma(vload(d->w + d->tap[t] * INK_LANES + lane), vload(x + d->at[t]), sum);
                }
                vstore(d->y + i * d->y_place + r * INK_LANES + lane, sum);
            }
        }
    }
}

/* Taps [first, first + n); n is a constant after inlining. */
INLINE void depthwise_dw_run(const ink_depthwise *d, const size_t n, size_t first, size_t lane) {
    vf sum[DEPTHWISE_TAPS];
    const float *x[DEPTHWISE_TAPS];
    UNROLL_ALL
    for (size_t t = 0; t < n; t++) {
        sum[t] = vload(d->y + d->tap[first + t] * INK_LANES + lane);
        x[t] = d->x + d->at[first + t] + lane;
    }
    for (size_t i = 0; i < d->places; i++) {
        for (size_t r = 0; r < d->rows; r++) {
            const size_t at = i * d->x_place + r * INK_LANES;
            const vf dy = vload(d->w + i * d->y_place + r * INK_LANES + lane);
            UNROLL_ALL
            for (size_t t = 0; t < n; t++) sum[t] = vfma(dy, vload(x[t] + at), sum[t]);
        }
    }
    UNROLL_ALL
    for (size_t t = 0; t < n; t++) vstore(d->y + d->tap[first + t] * INK_LANES + lane, sum[t]);
}

static void depthwise_dw(const ink_depthwise *d) {
    for (size_t lane = 0; lane < INK_LANES; lane += VL) {
        size_t t = 0;
        for (; t + DEPTHWISE_TAPS <= d->n; t += DEPTHWISE_TAPS) depthwise_dw_run(d, DEPTHWISE_TAPS, t, lane);
        for (; t + 3 <= d->n; t += 3) depthwise_dw_run(d, 3, t, lane);
        for (; t < d->n; t++) depthwise_dw_run(d, 1, t, lane);
    }
}

#define KERNELS_OF_DEPTHWISE .depthwise = depthwise, .depthwise_dw = depthwise_dw

#endif

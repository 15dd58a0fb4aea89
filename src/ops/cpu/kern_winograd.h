/* ops/cpu/kern_winograd.h: the transforms of Winograd's convolutions, included by each kern_<isa>.c after
 * kern_vector.h. Lane-wise: a tile's element is a panel, so that no vector is shuffled. The products between the
 * transforms are gemm's.
 *
 * Bits     Factors are powers of two wherever a sum follows (exact, fused or not) but in the weights' transform, which
 *          fuses nothing: all instruction sets give equal bits.
 * Source   Winograd, Arithmetic complexity of computations, 1980; Lavin & Gray, Fast algorithms for convolutional
 *          neural networks, arXiv:1509.09308: F(4x4,3x3), points 0, 1, -1, 2, -2 and infinity; F(2x2,3x3), points
 *          0, 1, -1 and infinity. */
#ifndef INK_OPS_CPU_KERN_WINOGRAD_H
#define INK_OPS_CPU_KERN_WINOGRAD_H

#include "ops/cpu/kern_vector.h"
#include "ops/cpu/kernels.h"

/* x power + y, power a power of two: the product is exact, so that one rounding or two are the same. */
INLINE vf times_plus(float power, vf x, vf y) {
#if defined(__FMA__) || defined(__aarch64__)
    return vfma(vset(power), x, y);
#else
    return vset(power) * x + y;
#endif
}

/* B' d: six inputs of a line. */
INLINE void line_of_inputs(const vf *d, vf *t) {
    vf a = times_plus(-4.0f, d[2], d[4]), b = times_plus(-4.0f, d[1], d[3]), c = d[4] - d[2], e = d[3] - d[1];
    t[0] = times_plus(4.0f, d[0] - d[2], c);
    t[1] = a + b;
    t[2] = a - b;
    t[3] = times_plus(2.0f, e, c);
    t[4] = times_plus(-2.0f, e, c);
    t[5] = times_plus(-4.0f, e, d[5] - d[3]);
}

/* A' m: four outputs of a line. */
INLINE void line_of_outputs(const vf *m, vf *y) {
    vf s = m[1] + m[2], d = m[1] - m[2], s2 = m[3] + m[4], d2 = m[3] - m[4];
    y[0] = m[0] + s + s2;
    y[1] = times_plus(2.0f, d2, d);
    y[2] = times_plus(4.0f, s2, s);
    y[3] = times_plus(8.0f, d2, d) + m[5];
}

/* G g: three weights of a line. */
INLINE void line_of_weights(const vf *g, vf *t) {
    const vf sixth = vset(-1.0f / 6.0f), part = vset(1.0f / 24.0f);
    vf outer = (g[0] + g[2]) * sixth, inner = g[1] * sixth;
    vf far = times_plus(4.0f, g[2], g[0]) * part, near = g[1] * (part + part);
    t[0] = g[0] * vset(0.25f);
    t[1] = outer + inner;
    t[2] = outer - inner;
    t[3] = far + near;
    t[4] = far - near;
    t[5] = g[2];
}

/* A d: four gradients of outputs; the transpose of line_of_outputs. */
INLINE void line_of_gradients(const vf *d, vf *t) {
    vf even = d[0] + d[2], odd = d[1] + d[3];
    vf far = times_plus(4.0f, d[2], d[0]), near = times_plus(8.0f, d[3], vset(2.0f) * d[1]);
    t[0] = d[0];
    t[1] = even + odd;
    t[2] = even - odd;
    t[3] = far + near;
    t[4] = far - near;
    t[5] = d[3];
}

/* G' m: three gradients of weights; the transpose of line_of_weights. */
INLINE void line_of_taps(const vf *m, vf *g) {
    const vf sixth = vset(-1.0f / 6.0f), part = vset(1.0f / 24.0f);
    vf s = (m[1] + m[2]) * sixth, d = (m[1] - m[2]) * sixth, s2 = (m[3] + m[4]) * part, d2 = (m[3] - m[4]) * part;
    g[0] = times_plus(0.25f, m[0], s) + s2;
    g[1] = times_plus(2.0f, d2, d);
    g[2] = times_plus(4.0f, s2, s) + m[5];
}

/* The same of F(2x2,3x3). */
INLINE void line2_of_inputs(const vf *d, vf *t) {
    t[0] = d[0] - d[2];
    t[1] = d[1] + d[2];
    t[2] = d[2] - d[1];
    t[3] = d[1] - d[3];
}

INLINE void line2_of_outputs(const vf *m, vf *y) {
    y[0] = m[0] + m[1] + m[2];
    y[1] = m[1] - m[2] - m[3];
}

INLINE void line2_of_weights(const vf *g, vf *t) {
    vf outer = (g[0] + g[2]) * vset(0.5f), inner = g[1] * vset(0.5f);
    t[0] = g[0];
    t[1] = outer + inner;
    t[2] = outer - inner;
    t[3] = g[2];
}

typedef void line_transform(const vf *from, vf *to);

/* The line's transform down each column of n x n panels, 16 lanes from `at` on: half[v][r * n + c], r < to. */
INLINE void columns_of(line_transform *line, const int n, const int to, const float *const *from, size_t at,
                       vf half[PV][36]) {
    UNROLL_ALL
    for (int c = 0; c < n; c++) {
        UNROLL_ALL
        for (int v = 0; v < PV; v++) { /* both halves of a cache line while it is there */
            vf d[6], u[6];
            UNROLL_ALL
            for (int r = 0; r < n; r++) d[r] = vload(from[r * n + c] + at + (size_t)v * VL);
            line(d, u);
            UNROLL_ALL
            for (int r = 0; r < to; r++) half[v][r * n + c] = u[r];
        }
    }
}

/* n x n panels of count floats become to x to, step floats apart. */
INLINE void tile_of(line_transform *line, const int n, const int to, const float *const *from, float *out, size_t step,
                    size_t count) {
    for (size_t at = 0; at < count; at += INK_LANES) {
        vf half[PV][36];
        columns_of(line, n, to, from, at, half);
        UNROLL_ALL
        for (int r = 0; r < to; r++) {
            UNROLL_ALL
            for (int v = 0; v < PV; v++) {
                vf u[6];
                line(&half[v][r * n], u);
                UNROLL_ALL
                for (int c = 0; c < to; c++) vstore(out + (size_t)(r * to + c) * step + at + (size_t)v * VL, u[c]);
            }
        }
    }
}

static void winograd_inputs(uint32_t tile, const float *const *from, float *to, size_t step, size_t count) {
    if (tile == 4) {
        tile_of(line_of_inputs, 6, 6, from, to, step, count);
    } else {
        tile_of(line2_of_inputs, 4, 4, from, to, step, count);
    }
}

static void winograd_weights(uint32_t tile, const float *const from[9], float *to, size_t step, size_t count) {
    if (tile == 4) {
        tile_of(line_of_weights, 3, 6, from, to, step, count);
    } else {
        tile_of(line2_of_weights, 3, 4, from, to, step, count);
    }
}

static void winograd_gradients(const float *const from[16], float *to, size_t step, size_t count) {
    tile_of(line_of_gradients, 4, 6, from, to, step, count);
}

static void winograd_taps(const float *const from[36], float *to, size_t step, size_t count) {
    tile_of(line_of_taps, 6, 3, from, to, step, count);
}

/* What follows a sum, as in gemm. */
INLINE vf finished(const ink_tile_out *o, size_t at, const int v, vf y) {
    const size_t lane = (size_t)v * VL;
    if (o->bias != NULL) y += vload(o->bias + lane);
    if (o->scale != NULL) y = vfma(y, vload(o->scale + lane), vload(o->offset + lane));
    if (o->residual != NULL) y += vload(o->residual + at + lane);
    if (o->mask != NULL) y = vwhere((vi)(vload(o->mask + at + lane) > vset(0.0f)), y);
    return o->relu ? vrelu(y) : y;
}

/* whole: all tile x tile outputs are on the map; after: something follows the sums. Constants after inlining. */
INLINE void outputs_of(line_transform *line, const int tile, const ink_tile_out o, const bool whole, const bool after) {
    const int n = tile + 2;
    const float *from[36];
    for (int e = 0; e < n * n; e++) from[e] = o.from + (size_t)e * o.step;
    for (size_t at = 0; at < o.count; at += INK_LANES) {
        vf half[PV][36];
        columns_of(line, n, tile, from, at, half);
        UNROLL_ALL
        for (int r = 0; r < tile; r++) {
            if (!whole && r >= (int)o.down) break;
            UNROLL_ALL
            for (int v = 0; v < PV; v++) {
                vf y[6];
                line(&half[v][r * n], y);
                UNROLL_ALL
                for (int c = 0; c < tile; c++) {
                    size_t place = (size_t)r * o.line + (size_t)c * o.next + at;
                    if (!whole && c >= (int)o.across) break;
                    vstore(o.out + place + v * VL, after ? finished(&o, place, v, y[c]) : y[c]);
                }
            }
        }
    }
}

static void winograd_outputs(const ink_tile_out *o) {
    const bool whole = o->down == o->tile && o->across == o->tile;
    const bool after = o->bias || o->scale || o->residual || o->mask || o->relu;
    if (o->tile == 2) {
        outputs_of(line2_of_outputs, 2, *o, false, true);
    } else if (!whole) {
        outputs_of(line_of_outputs, 4, *o, false, true);
    } else if (after) {
        outputs_of(line_of_outputs, 4, *o, true, true);
    } else {
        outputs_of(line_of_outputs, 4, *o, true, false);
    }
}

#define KERNELS_OF_WINOGRAD                                                                                            \
    .winograd_inputs = winograd_inputs, .winograd_weights = winograd_weights,                                          \
    .winograd_gradients = winograd_gradients, .winograd_taps = winograd_taps, .winograd_outputs = winograd_outputs

#endif

/* ops/cpu/kern_fourier.h: the transforms of fourier.c's convolutions, included by each kern_<isa>.c after
 * kern_winograd.h, whose sums end alike. Lane-wise: an element of a map is a panel, so that no vector is shuffled.
 *
 * A line of eight, real:  X0, X4, then the real and the imaginary part of X1, X2 and X3; X5 to X7 are their conjugates.
 * A map of 8 x 8: its rows so, then columns: two of real numbers, which become 8 real numbers each, and three of
 * complex ones, which become 8 complex numbers each: 4 real and 30 complex numbers in all.
 * Products of complex numbers take three real ones (Gauss): with x = a + ib and w = c + id
 *   m0 = (a + b) c   m1 = a (d - c)   m2 = b (c + d)   x w = (m0 - m2) + i (m0 + m1)
 * so that elements are 4 real ones and 30 times three: 94.
 *
 * Bits     Nothing is fused: all instruction sets give equal bits.
 * Source   Cooley & Tukey, An algorithm for the machine calculation of complex Fourier series, 1965; Mathieu, Henaff &
 *          LeCun, Fast training of convolutional networks through FFTs, arXiv:1312.5851. */
#ifndef INK_OPS_CPU_KERN_FOURIER_H
#define INK_OPS_CPU_KERN_FOURIER_H

#include "ops/cpu/kern_vector.h"
#include "ops/cpu/kern_winograd.h"
#include "ops/cpu/kernels.h"

#if LEARNS
#define ROOT_HALF 0.70710678118654752440f

/* X(f) = sum of x[j] e^(-2 pi i f j / 8), x real. */
INLINE void real_line(const vf *x, vf *t) {
    const vf r = vset(ROOT_HALF);
    vf a0 = x[0] + x[4], a1 = x[1] + x[5], a2 = x[2] + x[6], a3 = x[3] + x[7];
    vf b0 = x[0] - x[4], b1 = x[1] - x[5], b2 = x[2] - x[6], b3 = x[3] - x[7];
    vf even = a0 + a2, odd = a1 + a3, across = r * (b1 - b3), along = r * (b1 + b3);
    t[0] = even + odd;
    t[1] = even - odd;
    t[2] = b0 + across;
    t[3] = -b2 - along;
    t[4] = a0 - a2;
    t[5] = a3 - a1;
    t[6] = b0 - across;
    t[7] = b2 - along;
}

/* x[j] = X0 + (-1)^j X4 + the real part of the sum over f = 1, 2, 3 of X(f) e^(2 pi i f j / 8) */
INLINE void real_line_back(const vf *t, vf *x) {
    const vf r = vset(ROOT_HALF);
    vf sum = t[0] + t[1], difference = t[0] - t[1];
    vf e0 = sum + t[4], e1 = difference - t[5], e2 = sum - t[4], e3 = difference + t[5];
    vf re = t[2] - t[6], im = t[3] + t[7];
    vf o0 = t[2] + t[6], o1 = r * (re - im), o2 = t[7] - t[3], o3 = r * (re + im);
    x[0] = e0 + o0;
    x[1] = e1 + o1;
    x[2] = e2 + o2;
    x[3] = e3 - o3;
    x[4] = e0 - o0;
    x[5] = e1 - o1;
    x[6] = e2 - o2;
    x[7] = e3 + o3;
}

/* The same sums of eight complex numbers, in place. With re and im exchanged the exponent's sign is the other one. */
INLINE void complex_line(vf *re, vf *im) {
    const vf r = vset(ROOT_HALF);
    vf ar[4], ai[4], br[4], bi[4];
    UNROLL_ALL
    for (int k = 0; k < 4; k++) {
        ar[k] = re[k] + re[k + 4];
        ai[k] = im[k] + im[k + 4];
        br[k] = re[k] - re[k + 4];
        bi[k] = im[k] - im[k + 4];
    }
    vf pr = ar[0] + ar[2], pi = ai[0] + ai[2], qr = ar[1] + ar[3], qi = ai[1] + ai[3];
    vf sr = ar[0] - ar[2], si = ai[0] - ai[2], tr = ar[1] - ar[3], ti = ai[1] - ai[3];
    re[0] = pr + qr;
    im[0] = pi + qi;
    re[4] = pr - qr;
    im[4] = pi - qi;
    re[2] = sr + ti;
    im[2] = si - tr;
    re[6] = sr - ti;
    im[6] = si + tr;
    /* b1 and b3, turned by an eighth and by three eighths; b2 by a quarter */
    vf c1r = r * (br[1] + bi[1]), c1i = r * (bi[1] - br[1]), c3r = r * (bi[3] - br[3]), c3i = -(r * (br[3] + bi[3]));
    vf plus_r = br[0] + bi[2], plus_i = bi[0] - br[2], minus_r = br[0] - bi[2], minus_i = bi[0] + br[2];
    vf both_r = c1r + c3r, both_i = c1i + c3i, apart_r = c1r - c3r, apart_i = c1i - c3i;
    re[1] = plus_r + both_r;
    im[1] = plus_i + both_i;
    re[5] = plus_r - both_r;
    im[5] = plus_i - both_i;
    re[3] = minus_r + apart_i;
    im[3] = minus_i - apart_r;
    re[7] = minus_r - apart_i;
    im[7] = minus_i + apart_r;
}

/* Three weights of a line: K(f) = sum of k[t] e^(2 pi i f (t - 1) / 8), in the order of a real line. */
INLINE void line_of_three(const vf *k, vf *t) {
    const vf r = vset(ROOT_HALF);
    vf outer = k[0] + k[2], slope = k[2] - k[0], part = r * outer, turned = r * slope;
    t[0] = k[1] + outer;
    t[1] = k[1] - outer;
    t[2] = k[1] + part;
    t[3] = turned;
    t[4] = k[1];
    t[5] = slope;
    t[6] = k[1] - part;
    t[7] = turned;
}

/* The same of three complex weights z: all eight. */
INLINE void complex_line_of_three(const vf *zr, const vf *zi, vf *re, vf *im) {
    const vf r = vset(ROOT_HALF);
    vf sr = zr[0] + zr[2], si = zi[0] + zi[2], dr = zi[0] - zi[2], di = zr[2] - zr[0]; /* d: i times the slope */
    vf near_r = r * (sr + dr), near_i = r * (si + di), far_r = r * (sr - dr), far_i = r * (si - di);
    re[0] = zr[1] + sr;
    im[0] = zi[1] + si;
    re[4] = zr[1] - sr;
    im[4] = zi[1] - si;
    re[2] = zr[1] + dr;
    im[2] = zi[1] + di;
    re[6] = zr[1] - dr;
    im[6] = zi[1] - di;
    re[1] = zr[1] + near_r;
    im[1] = zi[1] + near_i;
    re[5] = zr[1] - near_r;
    im[5] = zi[1] - near_i;
    re[7] = zr[1] + far_r;
    im[7] = zi[1] + far_i;
    re[3] = zr[1] - far_r;
    im[3] = zi[1] - far_i;
}

/* Where complex number k of real column c, or of complex column f, has its three elements. */
#define OF_REAL(c, k)    (4 + 3 * ((c)*3 + (k)-1))
#define OF_COMPLEX(f, k) (4 + 3 * (6 + ((f)-1) * 8 + (k)))

INLINE void store_inputs(float *to, size_t step, vf a, vf b) {
    vstore(to, a + b);
    vstore(to + step, a);
    vstore(to + 2 * step, b);
}

INLINE void store_weights(float *to, size_t step, vf c, vf d) {
    vstore(to, c);
    vstore(to + step, d - c);
    vstore(to + 2 * step, c + d);
}

INLINE void load_product(const float *from, size_t step, vf *re, vf *im) {
    vf m = vload(from);
    *re = m - vload(from + 2 * step);
    *im = m + vload(from + step);
}

/* Lines t of a map become columns, and these elements. */
INLINE void store_columns(vf t[8][8], float *to, size_t step) {
    vf line[8], out[8], re[8], im[8];
    for (int c = 0; c < 2; c++) {
        UNROLL_ALL
        for (int i = 0; i < 8; i++) line[i] = t[i][c];
        real_line(line, out);
        vstore(to + (size_t)(2 * c) * step, out[0]);
        vstore(to + (size_t)(2 * c + 1) * step, out[1]);
        UNROLL_ALL
        for (int k = 1; k < 4; k++) {
            store_inputs(to + (size_t)OF_REAL(c, k) * step, step, out[2 * k], out[2 * k + 1]);
        }
    }
    for (int f = 1; f < 4; f++) {
        UNROLL_ALL
        for (int i = 0; i < 8; i++) {
            re[i] = t[i][2 * f];
            im[i] = t[i][2 * f + 1];
        }
        complex_line(re, im);
        UNROLL_ALL
        for (int k = 0; k < 8; k++) store_inputs(to + (size_t)OF_COMPLEX(f, k) * step, step, re[k], im[k]);
    }
}

/* Products become columns, and these lines u of a map. */
INLINE void load_columns(const float *from, size_t step, vf u[8][8]) {
    vf line[8], out[8], re[8], im[8];
    for (int c = 0; c < 2; c++) {
        line[0] = vload(from + (size_t)(2 * c) * step);
        line[1] = vload(from + (size_t)(2 * c + 1) * step);
        UNROLL_ALL
        for (int k = 1; k < 4; k++) {
            load_product(from + (size_t)OF_REAL(c, k) * step, step, &line[2 * k], &line[2 * k + 1]);
        }
        real_line_back(line, out);
        UNROLL_ALL
        for (int i = 0; i < 8; i++) u[i][c] = out[i];
    }
    for (int f = 1; f < 4; f++) {
        UNROLL_ALL
        for (int k = 0; k < 8; k++) load_product(from + (size_t)OF_COMPLEX(f, k) * step, step, &re[k], &im[k]);
        complex_line(im, re);
        UNROLL_ALL
        for (int i = 0; i < 8; i++) {
            u[i][2 * f] = re[i];
            u[i][2 * f + 1] = im[i];
        }
    }
}

/* Both halves of a cache line are taken, and given, while it is there. */
static void fourier_inputs(const float *const from[64], float *to, size_t step, size_t rows) {
    for (size_t row = 0; row < rows; row++) {
        vf t[PV][8][8];
        for (int i = 0; i < 8; i++) {
            vf line[PV][8];
            UNROLL_ALL
            for (int j = 0; j < 8; j++) {
                UNROLL_ALL
                for (int v = 0; v < PV; v++) line[v][j] = vload(from[i * 8 + j] + row * INK_LANES + (size_t)v * VL);
            }
            UNROLL_ALL
            for (int v = 0; v < PV; v++) real_line(line[v], t[v][i]);
        }
        for (int v = 0; v < PV; v++) store_columns(t[v], to + row * INK_LANES + (size_t)v * VL, step);
    }
}

/* The way back divides by 64; a complex number stands for its conjugate too. */
static void fourier_weights(const float *const from[9], float *to, size_t step, size_t rows) {
    const vf one = vset(1.0f / 64.0f), two = vset(1.0f / 32.0f);
    for (size_t at = 0; at < rows * INK_LANES; at += VL) {
        vf t[3][8], line[3], out[8], zr[3], zi[3], re[8], im[8];
        float *place = to + at;
        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < 3; j++) line[j] = vload(from[i * 3 + j] + at);
            line_of_three(line, t[i]);
        }
        for (int c = 0; c < 2; c++) {
            for (int i = 0; i < 3; i++) line[i] = t[i][c];
            line_of_three(line, out);
            vstore(place + (size_t)(2 * c) * step, out[0] * one);
            vstore(place + (size_t)(2 * c + 1) * step, out[1] * one);
            for (int k = 1; k < 4; k++) {
                store_weights(place + (size_t)OF_REAL(c, k) * step, step, out[2 * k] * two, out[2 * k + 1] * two);
            }
        }
        for (int f = 1; f < 4; f++) {
            for (int i = 0; i < 3; i++) {
                zr[i] = t[i][2 * f] * two;
                zi[i] = t[i][2 * f + 1] * two;
            }
            complex_line_of_three(zr, zi, re, im);
            for (int k = 0; k < 8; k++) store_weights(place + (size_t)OF_COMPLEX(f, k) * step, step, re[k], im[k]);
        }
    }
}

/* Outputs of the line and the column `first` (a constant after inlining) and those behind, round the circle. */
INLINE void fourier_outputs_from(const ink_tile_out o, const int first) {
    for (size_t row = 0; row < o.rows; row++) {
        vf u[PV][8][8];
        for (int v = 0; v < PV; v++) load_columns(o.from + row * INK_LANES + (size_t)v * VL, o.step, u[v]);
        for (int i = 0; i < (int)o.down; i++) {
            vf out[PV][8];
            UNROLL_ALL
            for (int v = 0; v < PV; v++) real_line_back(u[v][(i + first) % 8], out[v]);
            UNROLL_ALL
            for (int j = 0; j < 8; j++) {
                const size_t place = (size_t)i * o.line + (size_t)j * o.next + row * INK_LANES;
                if (j >= (int)o.across) break;
                UNROLL_ALL
                for (int v = 0; v < PV; v++) {
                    vstore(o.out + place + v * VL, finished(&o, place, v, out[v][(j + first) % 8]));
                }
            }
        }
    }
}

static void fourier_outputs(const ink_tile_out *o, uint32_t pad) {
    switch (pad) {
    case 0: fourier_outputs_from(*o, 1); break;
    case 1: fourier_outputs_from(*o, 0); break;
    default: fourier_outputs_from(*o, 7); break;
    }
}

#undef OF_REAL
#undef OF_COMPLEX
#undef ROOT_HALF
#endif

#define KERNELS_OF_FOURIER                                                                                             \
    .fourier_inputs = LEARNING(fourier_inputs), .fourier_weights = LEARNING(fourier_weights),                          \
    .fourier_outputs = LEARNING(fourier_outputs)

#endif

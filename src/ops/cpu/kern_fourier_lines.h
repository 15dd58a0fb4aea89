/* ops/cpu/kern_fourier_lines.h: discrete Fourier transforms of lines of eight and of five, for kern_circle*.h.
 *
 * A line of eight, real:  X0, X4, then the real and the imaginary part of X1, X2 and X3; X5 to X7 are their conjugates.
 * A line of five, real:   X0, then the real and the imaginary part of X1 and X2.
 *
 * Bits     Nothing is fused: all instruction sets give equal bits.
 * Source   Cooley & Tukey, An algorithm for the machine calculation of complex Fourier series, 1965. Of five: its
 *          angles come in pairs, cos 72 + cos 144 degrees = -1/2 and cos 72 - cos 144 degrees = root(5)/2. */
#ifndef INK_OPS_CPU_KERN_FOURIER_LINES_H
#define INK_OPS_CPU_KERN_FOURIER_LINES_H

#include "ops/cpu/kern_vector.h"

#if LEARNS

/* ---- eight ---- */

#define ROOT_HALF 0.70710678118654752440f

/* X(f) = sum of x[j] e^(-2 pi i f j / 8), x real. */
INLINE void real_line_8(const vf *x, vf *t) {
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
INLINE void real_line_back_8(const vf *t, vf *x) {
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
INLINE void complex_line_8(vf *re, vf *im) {
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
INLINE void line_of_three_8(const vf *k, vf *t) {
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
INLINE void complex_line_of_three_8(const vf *zr, const vf *zi, vf *re, vf *im) {
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

/* line_of_three_8, transposed: k[t] = sum over f of re cos + or - im sin. */
INLINE void taps_of_line_8(const vf *t, vf *k) {
    const vf r = vset(ROOT_HALF);
    vf outer = t[0] - t[1] + r * (t[2] - t[6]), slope = r * (t[3] + t[7]) + t[5];
    k[0] = outer - slope;
    k[1] = t[0] + t[1] + t[2] + t[4] + t[6];
    k[2] = outer + slope;
}

INLINE void taps_of_complex_line_8(const vf *re, const vf *im, vf *zr, vf *zi) {
    const vf r = vset(ROOT_HALF);
    /* sums with cosines and with sines */
    vf cr = re[0] - re[4] + r * (re[1] - re[3] - re[5] + re[7]);
    vf ci = im[0] - im[4] + r * (im[1] - im[3] - im[5] + im[7]);
    vf sr = re[2] - re[6] + r * (re[1] + re[3] - re[5] - re[7]);
    vf si = im[2] - im[6] + r * (im[1] + im[3] - im[5] - im[7]);
    zr[0] = cr - si;
    zi[0] = ci + sr;
    zr[1] = re[0] + re[1] + re[2] + re[3] + (re[4] + re[5] + re[6] + re[7]);
    zi[1] = im[0] + im[1] + im[2] + im[3] + (im[4] + im[5] + im[6] + im[7]);
    zr[2] = cr + si;
    zi[2] = ci - sr;
}

/* ---- five ---- */

#define SIN_72        0.95105651629515357212f
#define SIN_144       0.58778525229247312917f
#define ROOT_5_FOURTH 0.55901699437494742410f

/* Of a, b and c, the sums of points as far from the first: what X1 (near) and X2 (far) have of them. */
INLINE void cosines(vf first, vf a, vf b, vf *near, vf *far) {
    vf middle = first - vset(0.25f) * (a + b), apart = vset(ROOT_5_FOURTH) * (a - b);
    *near = middle + apart;
    *far = middle - apart;
}

INLINE void sines(vf a, vf b, vf *near, vf *far) {
    *near = vset(SIN_72) * a + vset(SIN_144) * b;
    *far = vset(SIN_144) * a - vset(SIN_72) * b;
}

INLINE void real_line_5(const vf *x, vf *t) {
    vf s1 = x[1] + x[4], s2 = x[2] + x[3];
    t[0] = x[0] + (s1 + s2);
    cosines(x[0], s1, s2, &t[1], &t[3]);
    sines(x[4] - x[1], x[3] - x[2], &t[2], &t[4]);
}

/* x[j] = X0 + the real part of the sum over f = 1, 2 of X(f) e^(2 pi i f j / 5) */
INLINE void real_line_back_5(const vf *t, vf *x) {
    vf even1, even2, odd1, odd2;
    cosines(t[0], t[1], t[3], &even1, &even2);
    sines(t[2], t[4], &odd1, &odd2);
    x[0] = t[0] + (t[1] + t[3]);
    x[1] = even1 - odd1;
    x[2] = even2 - odd2;
    x[3] = even2 + odd2;
    x[4] = even1 + odd1;
}

/* As complex_line_8. */
INLINE void complex_line_5(vf *re, vf *im) {
    vf s1r = re[1] + re[4], s1i = im[1] + im[4], s2r = re[2] + re[3], s2i = im[2] + im[3];
    vf near_r, near_i, far_r, far_i, turn1r, turn1i, turn2r, turn2i; /* turn: without the factor -i */
    cosines(re[0], s1r, s2r, &near_r, &far_r);
    cosines(im[0], s1i, s2i, &near_i, &far_i);
    sines(re[1] - re[4], re[2] - re[3], &turn1r, &turn2r);
    sines(im[1] - im[4], im[2] - im[3], &turn1i, &turn2i);
    re[0] = re[0] + (s1r + s2r);
    im[0] = im[0] + (s1i + s2i);
    re[1] = near_r + turn1i;
    im[1] = near_i - turn1r;
    re[4] = near_r - turn1i;
    im[4] = near_i + turn1r;
    re[2] = far_r + turn2i;
    im[2] = far_i - turn2r;
    re[3] = far_r - turn2i;
    im[3] = far_i + turn2r;
}

/* As line_of_three_8: K(f) = k1 + cos (k0 + k2) + i sin (k2 - k0). */
INLINE void line_of_three_5(const vf *k, vf *t) {
    vf outer = k[0] + k[2], slope = k[2] - k[0];
    t[0] = k[1] + outer;
    cosines(k[1], outer, vset(0.0f), &t[1], &t[3]);
    t[2] = vset(SIN_72) * slope;
    t[4] = vset(SIN_144) * slope;
}

/* The same of three complex weights z: all five. */
INLINE void complex_line_of_three_5(const vf *zr, const vf *zi, vf *re, vf *im) {
    vf sr = zr[0] + zr[2], si = zi[0] + zi[2], dr = zi[0] - zi[2], di = zr[2] - zr[0]; /* d: i times the slope */
    vf near_r, near_i, far_r, far_i;
    cosines(zr[1], sr, vset(0.0f), &near_r, &far_r);
    cosines(zi[1], si, vset(0.0f), &near_i, &far_i);
    vf turn1r = vset(SIN_72) * dr, turn1i = vset(SIN_72) * di;
    vf turn2r = vset(SIN_144) * dr, turn2i = vset(SIN_144) * di;
    re[0] = zr[1] + sr;
    im[0] = zi[1] + si;
    re[1] = near_r + turn1r;
    im[1] = near_i + turn1i;
    re[4] = near_r - turn1r;
    im[4] = near_i - turn1i;
    re[2] = far_r + turn2r;
    im[2] = far_i + turn2i;
    re[3] = far_r - turn2r;
    im[3] = far_i - turn2i;
}

/* As taps_of_line_8; cos 72 = root(5)/4 - 1/4, cos 144 = -root(5)/4 - 1/4. */
INLINE void taps_of_line_5(const vf *t, vf *k) {
    vf outer = t[0] - vset(0.25f) * (t[1] + t[3]) + vset(ROOT_5_FOURTH) * (t[1] - t[3]);
    vf slope = vset(SIN_72) * t[2] + vset(SIN_144) * t[4];
    k[0] = outer - slope;
    k[1] = t[0] + t[1] + t[3];
    k[2] = outer + slope;
}

INLINE void taps_of_complex_line_5(const vf *re, const vf *im, vf *zr, vf *zi) {
    vf near_r = re[1] + re[4], near_i = im[1] + im[4], far_r = re[2] + re[3], far_i = im[2] + im[3];
    vf cr = re[0] - vset(0.25f) * (near_r + far_r) + vset(ROOT_5_FOURTH) * (near_r - far_r);
    vf ci = im[0] - vset(0.25f) * (near_i + far_i) + vset(ROOT_5_FOURTH) * (near_i - far_i);
    vf sr = vset(SIN_72) * (re[1] - re[4]) + vset(SIN_144) * (re[2] - re[3]);
    vf si = vset(SIN_72) * (im[1] - im[4]) + vset(SIN_144) * (im[2] - im[3]);
    zr[0] = cr - si;
    zi[0] = ci + sr;
    zr[1] = re[0] + near_r + far_r;
    zi[1] = im[0] + near_i + far_i;
    zr[2] = cr + si;
    zi[2] = ci - sr;
}

#undef SIN_72
#undef SIN_144
#undef ROOT_5_FOURTH
#undef ROOT_HALF
#endif
#endif

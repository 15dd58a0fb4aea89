/* ops/cpu/kern_fourier_lines.h: discrete Fourier transforms of lines of 5, 8, 10 and 12 points, for kern_circle*.h.
 *
 * A real line of n becomes X0, X(n/2) if n is even, then the real and the imaginary part of X1, X2 and so on; the
 * others are the conjugates of these.
 *
 * Bits     Nothing is fused: all instruction sets give equal bits.
 * Source   Eight: Cooley & Tukey, An algorithm for the machine calculation of complex Fourier series, 1965. Five: its
 *          angles come in pairs, cos 72 + cos 144 degrees = -1/2 and cos 72 - cos 144 degrees = root(5)/2. Ten is two
 *          lines of five, and twelve is three of four, with nothing to multiply between: Good, The interaction
 *          algorithm and practical Fourier analysis, 1958. */
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

/* ---- five ---- */

#define COS_36        0.80901699437494742410f
#define COS_72        0.30901699437494742410f
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

/* ---- ten: point 5a + 2b is point (a, b) of 2 x 5, and number 5a + 6b number (a, b), modulo 10 ---- */

INLINE void real_line_10(const vf *x, vf *t) {
    vf sum[5], difference[5], even[5], odd[5];
    UNROLL_ALL
    for (int b = 0; b < 5; b++) {
        sum[b] = x[2 * b] + x[(2 * b + 5) % 10];
        difference[b] = x[2 * b] - x[(2 * b + 5) % 10];
    }
    real_line_5(sum, even);
    real_line_5(difference, odd);
    t[0] = even[0];
    t[1] = odd[0];
    t[2] = odd[1];
    t[3] = odd[2];
    t[4] = even[3];
    t[5] = even[4];
    t[6] = odd[3];
    t[7] = -odd[4];
    t[8] = even[1];
    t[9] = -even[2];
}

/* As real_line_back_8. */
INLINE void real_line_back_10(const vf *t, vf *x) {
    const vf even[5] = {t[0], t[8], -t[9], t[4], t[5]}, odd[5] = {t[1], t[2], t[3], t[6], -t[7]};
    vf sum[5], difference[5];
    real_line_back_5(even, sum);
    real_line_back_5(odd, difference);
    UNROLL_ALL
    for (int b = 0; b < 5; b++) {
        x[2 * b] = sum[b] + difference[b];
        x[(2 * b + 5) % 10] = sum[b] - difference[b];
    }
}

/* As complex_line_8. */
INLINE void complex_line_10(vf *re, vf *im) {
    vf even_r[5], even_i[5], odd_r[5], odd_i[5];
    UNROLL_ALL
    for (int b = 0; b < 5; b++) {
        even_r[b] = re[2 * b] + re[(2 * b + 5) % 10];
        even_i[b] = im[2 * b] + im[(2 * b + 5) % 10];
        odd_r[b] = re[2 * b] - re[(2 * b + 5) % 10];
        odd_i[b] = im[2 * b] - im[(2 * b + 5) % 10];
    }
    complex_line_5(even_r, even_i);
    complex_line_5(odd_r, odd_i);
    UNROLL_ALL
    for (int b = 0; b < 5; b++) {
        re[6 * b % 10] = even_r[b];
        im[6 * b % 10] = even_i[b];
        re[(6 * b + 5) % 10] = odd_r[b];
        im[(6 * b + 5) % 10] = odd_i[b];
    }
}

/* ---- twelve: point 4a + 3b is point (a, b) of 3 x 4, and number 4a + 9b number (a, b), modulo 12 ---- */

#define SIN_60 0.86602540378443864676f

INLINE void real_line_12(const vf *x, vf *t) {
    vf first[4], re[4], im[4];
    UNROLL_ALL
    for (int b = 0; b < 4; b++) {
        vf a0 = x[3 * b], a1 = x[(3 * b + 4) % 12], a2 = x[(3 * b + 8) % 12], sum = a1 + a2;
        first[b] = a0 + sum;
        re[b] = a0 - vset(0.5f) * sum;
        im[b] = vset(SIN_60) * (a2 - a1);
    }
    vf even = first[0] + first[2], odd = first[1] + first[3];
    t[0] = even + odd;
    t[1] = even - odd;
    t[6] = first[0] - first[2];
    t[7] = first[1] - first[3];
    vf even_r = re[0] + re[2], even_i = im[0] + im[2], odd_r = re[1] + re[3], odd_i = im[1] + im[3];
    vf apart_r = re[0] - re[2], apart_i = im[0] - im[2], other_r = re[1] - re[3], other_i = im[1] - im[3];
    t[2] = apart_r + other_i;
    t[3] = apart_i - other_r;
    t[4] = even_r - odd_r;
    t[5] = odd_i - even_i;
    t[8] = even_r + odd_r;
    t[9] = even_i + odd_i;
    t[10] = apart_r - other_i;
    t[11] = -apart_i - other_r;
}

/* As real_line_back_8. */
INLINE void real_line_back_12(const vf *t, vf *x) {
    vf even = t[0] + t[1], odd = t[0] - t[1];
    const vf first[4] = {even + t[6], odd + t[7], even - t[6], odd - t[7]};
    vf even_r = t[8] + t[4], even_i = t[9] - t[5], odd_r = t[2] + t[10], odd_i = t[3] - t[11];
    vf apart_r = t[8] - t[4], apart_i = t[9] + t[5], other_r = t[2] - t[10], other_i = t[3] + t[11];
    const vf re[4] = {even_r + odd_r, apart_r - other_i, even_r - odd_r, apart_r + other_i};
    const vf im[4] = {even_i + odd_i, apart_i + other_r, even_i - odd_i, apart_i - other_r};
    UNROLL_ALL
    for (int b = 0; b < 4; b++) {
        vf middle = first[b] - vset(0.5f) * re[b], apart = vset(SIN_60) * im[b];
        x[3 * b] = first[b] + re[b];
        x[(3 * b + 4) % 12] = middle - apart;
        x[(3 * b + 8) % 12] = middle + apart;
    }
}

/* Four complex numbers become numbers at, at + 9, at + 18 and at + 27 of twelve. */
INLINE void complex_line_4(const vf *ar, const vf *ai, vf *re, vf *im, const int at) {
    vf even_r = ar[0] + ar[2], even_i = ai[0] + ai[2], odd_r = ar[1] + ar[3], odd_i = ai[1] + ai[3];
    vf apart_r = ar[0] - ar[2], apart_i = ai[0] - ai[2], other_r = ar[1] - ar[3], other_i = ai[1] - ai[3];
    re[at] = even_r + odd_r;
    im[at] = even_i + odd_i;
    re[(at + 9) % 12] = apart_r + other_i;
    im[(at + 9) % 12] = apart_i - other_r;
    re[(at + 6) % 12] = even_r - odd_r;
    im[(at + 6) % 12] = even_i - odd_i;
    re[(at + 3) % 12] = apart_r - other_i;
    im[(at + 3) % 12] = apart_i + other_r;
}

/* As complex_line_8. */
INLINE void complex_line_12(vf *re, vf *im) {
    vf ar[3][4], ai[3][4];
    UNROLL_ALL
    for (int b = 0; b < 4; b++) {
        const int i = 3 * b, j = (3 * b + 4) % 12, k = (3 * b + 8) % 12;
        vf sum_r = re[j] + re[k], sum_i = im[j] + im[k];
        vf middle_r = re[i] - vset(0.5f) * sum_r, middle_i = im[i] - vset(0.5f) * sum_i;
        vf turn_r = vset(SIN_60) * (im[j] - im[k]), turn_i = vset(SIN_60) * (re[k] - re[j]);
        ar[0][b] = re[i] + sum_r;
        ai[0][b] = im[i] + sum_i;
        ar[1][b] = middle_r + turn_r;
        ai[1][b] = middle_i + turn_i;
        ar[2][b] = middle_r - turn_r;
        ai[2][b] = middle_i - turn_i;
    }
    complex_line_4(ar[0], ai[0], re, im, 0);
    complex_line_4(ar[1], ai[1], re, im, 4);
    complex_line_4(ar[2], ai[2], re, im, 8);
}

/* ---- cos and sin of f circles / n ---- */

static const float cosine_5[] = {1, COS_72, -COS_36, -COS_36, COS_72};
static const float sine_5[] = {0, SIN_72, SIN_144, -SIN_144, -SIN_72};
static const float cosine_8[] = {1, ROOT_HALF, 0, -ROOT_HALF, -1, -ROOT_HALF, 0, ROOT_HALF};
static const float sine_8[] = {0, ROOT_HALF, 1, ROOT_HALF, 0, -ROOT_HALF, -1, -ROOT_HALF};
static const float cosine_10[] = {1, COS_36, COS_72, -COS_72, -COS_36, -1, -COS_36, -COS_72, COS_72, COS_36};
static const float sine_10[] = {0, SIN_144, SIN_72, SIN_72, SIN_144, 0, -SIN_144, -SIN_72, -SIN_72, -SIN_144};
static const float cosine_12[] = {1, SIN_60, 0.5f, 0, -0.5f, -SIN_60, -1, -SIN_60, -0.5f, 0, 0.5f, SIN_60};
static const float sine_12[] = {0, 0.5f, SIN_60, 1, SIN_60, 0.5f, 0, -0.5f, -SIN_60, -1, -SIN_60, -0.5f};

#undef COS_36
#undef COS_72
#undef SIN_60
#undef SIN_72
#undef SIN_144
#undef ROOT_5_FOURTH
#undef ROOT_HALF
#endif
#endif

/* ops/cpu/kern_circle.h: all transforms of fourier.c and fourier_dw.c for one size of circle, included by
 * kern_fourier.h for each (kern_circles.h). Its words are those of kern_circle_in.h, which has the inputs'. */

#define NAME(name) POINTS(name##_of)
#include "ops/cpu/kern_circle_in.h"
#undef NAME

/* Three weights of a line: K(f) = sum of k[t] e^(2 pi i f (t - 1) / n), in the order of a real line. */
INLINE void POINTS(line_of_three)(const vf *k, vf *t) {
    vf outer = k[0] + k[2], slope = k[2] - k[0];
    t[0] = k[1] + outer;
    if (REALS == 2) t[1] = k[1] - outer;
    UNROLL_ALL
    for (int f = 1; f <= HALF; f++) {
        t[OF_LINE(f)] = k[1] + vset(POINTS(cosine)[f]) * outer;
        t[OF_LINE(f) + 1] = vset(POINTS(sine)[f]) * slope;
    }
}

/* The same of three complex weights z: all n. */
INLINE void POINTS(complex_line_of_three)(const vf *zr, const vf *zi, vf *re, vf *im) {
    vf sr = zr[0] + zr[2], si = zi[0] + zi[2], dr = zi[0] - zi[2], di = zr[2] - zr[0]; /* d: i times the slope */
    UNROLL_ALL
    for (int f = 0; f < CIRCLE; f++) {
        vf near = vset(POINTS(cosine)[f]), across = vset(POINTS(sine)[f]);
        re[f] = zr[1] + (near * sr + across * dr);
        im[f] = zi[1] + (near * si + across * di);
    }
}

/* line_of_three, transposed: k[t] = sum over f of re cos + or - im sin. */
INLINE void POINTS(taps_of_line)(const vf *t, vf *k) {
    vf outer = REALS == 2 ? t[0] - t[1] : t[0], middle = REALS == 2 ? t[0] + t[1] : t[0], slope = vset(0.0f);
    UNROLL_ALL
    for (int f = 1; f <= HALF; f++) {
        outer += vset(POINTS(cosine)[f]) * t[OF_LINE(f)];
        slope += vset(POINTS(sine)[f]) * t[OF_LINE(f) + 1];
        middle += t[OF_LINE(f)];
    }
    k[0] = outer - slope;
    k[1] = middle;
    k[2] = outer + slope;
}

INLINE void POINTS(taps_of_complex_line)(const vf *re, const vf *im, vf *zr, vf *zi) {
    vf cr = re[0], ci = im[0], sr = vset(0.0f), si = vset(0.0f), middle_r = re[0], middle_i = im[0];
    UNROLL_ALL
    for (int f = 1; f < CIRCLE; f++) {
        vf near = vset(POINTS(cosine)[f]), across = vset(POINTS(sine)[f]);
        cr += near * re[f];
        ci += near * im[f];
        sr += across * re[f];
        si += across * im[f];
        middle_r += re[f];
        middle_i += im[f];
    }
    zr[0] = cr - si;
    zi[0] = ci + sr;
    zr[1] = middle_r;
    zi[1] = middle_i;
    zr[2] = cr + si;
    zi[2] = ci - sr;
}

/* The three factors of c + id. */
INLINE void POINTS(put_weights)(float *to, size_t step, vf c, vf d) {
    vstore(to, c);
    vstore(to + step, d - c);
    vstore(to + 2 * step, c + d);
}

/* Of the three products. */
INLINE void POINTS(take_product)(const float *from, size_t step, vf *re, vf *im) {
    vf m = vload(from);
    *re = m - vload(from + 2 * step);
    *im = m + vload(from + step);
}

/* Products become columns, and these lines u of a map. */
INLINE void POINTS(take_columns)(const float *from, size_t step, vf u[CIRCLE][CIRCLE]) {
    vf line[CIRCLE], out[CIRCLE], re[CIRCLE], im[CIRCLE];
    for (int c = 0; c < REALS; c++) {
        UNROLL_ALL
        for (int i = 0; i < REALS; i++) line[i] = vload(from + (size_t)(REALS * c + i) * step);
        UNROLL_ALL
        for (int k = 1; k <= HALF; k++) {
            POINTS(take_product)
            (from + (size_t)OF_REAL(c, k) * step, step, &line[OF_LINE(k)], &line[OF_LINE(k) + 1]);
        }
        POINTS(real_line_back)(line, out);
        UNROLL_ALL
        for (int i = 0; i < CIRCLE; i++) u[i][c] = out[i];
    }
    for (int f = 1; f <= HALF; f++) {
        UNROLL_ALL
        for (int k = 0; k < CIRCLE; k++) {
            POINTS(take_product)(from + (size_t)OF_COMPLEX(f, k) * step, step, &re[k], &im[k]);
        }
        POINTS(complex_line)(im, re);
        UNROLL_ALL
        for (int i = 0; i < CIRCLE; i++) {
            u[i][OF_LINE(f)] = re[i];
            u[i][OF_LINE(f) + 1] = im[i];
        }
    }
}

/* The way back divides by all points; a complex number stands for its conjugate too. */
static void POINTS(weights)(const float *const *from, float *to, size_t step, size_t rows) {
    const vf one = vset(1.0f / (CIRCLE * CIRCLE)), two = vset(2.0f / (CIRCLE * CIRCLE));
    for (size_t at = 0; at < rows * INK_LANES; at += VL) {
        vf t[3][CIRCLE], line[3], out[CIRCLE], zr[3], zi[3], re[CIRCLE], im[CIRCLE];
        float *place = to + at;
        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < 3; j++) line[j] = vload(from[i * 3 + j] + at);
            POINTS(line_of_three)(line, t[i]);
        }
        for (int c = 0; c < REALS; c++) {
            for (int i = 0; i < 3; i++) line[i] = t[i][c];
            POINTS(line_of_three)(line, out);
            for (int i = 0; i < REALS; i++) vstore(place + (size_t)(REALS * c + i) * step, out[i] * one);
            for (int k = 1; k <= HALF; k++) {
                vf real = out[OF_LINE(k)] * two, imaginary = out[OF_LINE(k) + 1] * two;
                POINTS(put_weights)(place + (size_t)OF_REAL(c, k) * step, step, real, imaginary);
            }
        }
        for (int f = 1; f <= HALF; f++) {
            for (int i = 0; i < 3; i++) {
                zr[i] = t[i][OF_LINE(f)] * two;
                zi[i] = t[i][OF_LINE(f) + 1] * two;
            }
            POINTS(complex_line_of_three)(zr, zi, re, im);
            for (int k = 0; k < CIRCLE; k++) {
                POINTS(put_weights)(place + (size_t)OF_COMPLEX(f, k) * step, step, re[k], im[k]);
            }
        }
    }
}

/* Output (0, 0) is point (1, 1) of the circle. */
static void POINTS(outputs)(const ink_tile_out *out_of) {
    const ink_tile_out o = *out_of;
    for (size_t row = 0; row < o.rows; row++) {
        vf u[PV][CIRCLE][CIRCLE];
        for (int v = 0; v < PV; v++) POINTS(take_columns)(o.from + row * INK_LANES + (size_t)v * VL, o.step, u[v]);
        for (int i = 0; i < (int)o.down; i++) {
            const size_t at = (size_t)i * o.line + row * INK_LANES;
            vf out[PV][CIRCLE];
            UNROLL_ALL
            for (int v = 0; v < PV; v++) {
                vf line[CIRCLE];
                POINTS(real_line_back)(u[v][(i + 1) % CIRCLE], line);
                UNROLL_ALL
                for (int j = 0; j < CIRCLE; j++) out[v][j] = line[(j + 1) % CIRCLE];
                finish_line(&o, at, v, CIRCLE, (int)o.across, out[v]);
            }
            UNROLL_ALL
            for (int j = 0; j < CIRCLE; j++) {
                if (j < (int)o.across) {
                    UNROLL_ALL
                    for (int v = 0; v < PV; v++) vstore(o.out + at + (size_t)j * o.next + v * VL, out[v][j]);
                }
            }
        }
    }
}

/* Sums for the three factors of c + id, of products with a + b, b and a of gradients, become those for c and d. */
INLINE void POINTS(take_sums)(const float *from, size_t step, vf *c, vf *d) {
    vf second = vload(from + step), third = vload(from + 2 * step);
    *c = vload(from) - second - third;
    *d = second - third;
}

/* What `weights` does, transposed: sums of products, element e at from + e step, become 9 taps, INK_PANEL apart. */
static void POINTS(taps)(const float *from, size_t step, float *to, size_t rows) {
    const vf one = vset(1.0f / (CIRCLE * CIRCLE)), two = vset(2.0f / (CIRCLE * CIRCLE));
    for (size_t at = 0; at < rows * INK_LANES; at += VL) {
        const float *place = from + at;
        vf t[3][CIRCLE], line[CIRCLE], taps[3], re[CIRCLE], im[CIRCLE], zr[3], zi[3];
        for (int c = 0; c < REALS; c++) {
            for (int i = 0; i < REALS; i++) line[i] = vload(place + (size_t)(REALS * c + i) * step) * one;
            for (int k = 1; k <= HALF; k++) {
                vf *real = &line[OF_LINE(k)];
                POINTS(take_sums)(place + (size_t)OF_REAL(c, k) * step, step, real, real + 1);
                real[0] *= two;
                real[1] *= two;
            }
            POINTS(taps_of_line)(line, taps);
            for (int i = 0; i < 3; i++) t[i][c] = taps[i];
        }
        for (int f = 1; f <= HALF; f++) {
            for (int k = 0; k < CIRCLE; k++) {
                POINTS(take_sums)(place + (size_t)OF_COMPLEX(f, k) * step, step, &re[k], &im[k]);
            }
            POINTS(taps_of_complex_line)(re, im, zr, zi);
            for (int i = 0; i < 3; i++) {
                t[i][OF_LINE(f)] = zr[i] * two;
                t[i][OF_LINE(f) + 1] = zi[i] * two;
            }
        }
        for (int i = 0; i < 3; i++) {
            POINTS(taps_of_line)(t[i], taps);
            for (int j = 0; j < 3; j++) vstore(to + (size_t)((i * 3 + j) * (int)(INK_LANES * INK_LANES)) + at, taps[j]);
        }
    }
}

#undef OF_REAL
#undef OF_COMPLEX
#undef OF_LINE

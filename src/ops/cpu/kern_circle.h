/* ops/cpu/kern_circle.h: all transforms of fourier.c and fourier_dw.c for one size of circle, included by
 * kern_fourier.h for each. Its words are those of kern_circle_in.h, which has the inputs' and, with other factors, the
 * gradients'. */

#define NAME(name)   POINTS(name##_of)
#define SECOND(a, b) (a)
#define THIRD(a, b)  (b)
#include "ops/cpu/kern_circle_in.h"
#undef NAME
#undef SECOND
#undef THIRD

#define NAME(name)   POINTS(name##_back)
#define SECOND(a, b) (b)
#define THIRD(a, b)  (-(a))
#include "ops/cpu/kern_circle_in.h"
#undef NAME
#undef SECOND
#undef THIRD

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

/* Outputs of the line and the column `first` (a constant after inlining) and those behind, round the circle. */
INLINE void POINTS(outputs_from)(const ink_tile_out o, const int first) {
    for (size_t row = 0; row < o.rows; row++) {
        vf u[PV][CIRCLE][CIRCLE];
        for (int v = 0; v < PV; v++) POINTS(take_columns)(o.from + row * INK_LANES + (size_t)v * VL, o.step, u[v]);
        for (int i = 0; i < (int)o.down; i++) {
            const size_t at = (size_t)i * o.line + row * INK_LANES;
            vf out[PV][CIRCLE];
            UNROLL_ALL
            for (int v = 0; v < PV; v++) {
                vf line[CIRCLE];
                POINTS(real_line_back)(u[v][(i + first) % CIRCLE], line);
                UNROLL_ALL
                for (int j = 0; j < CIRCLE; j++) out[v][j] = line[(j + first) % CIRCLE];
                finish_line(&o, at, v, CIRCLE, (int)o.across, out[v]);
            }
            UNROLL_ALL
            for (int j = 0; j < CIRCLE; j++) {
                if (j >= (int)o.across) break;
                UNROLL_ALL
                for (int v = 0; v < PV; v++) vstore(o.out + at + (size_t)j * o.next + v * VL, out[v][j]);
            }
        }
    }
}

static void POINTS(outputs)(const ink_tile_out *o, uint32_t pad) {
    switch (pad) {
    case 0: POINTS(outputs_from)(*o, 1); break;
    case 1: POINTS(outputs_from)(*o, 0); break;
    default: POINTS(outputs_from)(*o, CIRCLE - 1); break;
    }
}

/* Sums for the three factors of c + id become those for c and d. */
INLINE void POINTS(take_sums)(const float *from, size_t step, vf *c, vf *d) {
    vf second = vload(from + step), third = vload(from + 2 * step);
    *c = vload(from) - second + third;
    *d = second + third;
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

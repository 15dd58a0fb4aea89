/* ops/cpu/kern_circle_in.h: the transform of maps for fourier.c and fourier_dw.c, included for each size of circle
 * (kern_circles.h) and element. NAME(name): what is made here; ELEMENT and PUT(p, x): its type, and how a vector of
 * floats is stored as such. What elements there are: kern_fourier.h. */

/* Where complex number k (from 1) of real column c, or k (from 0) of complex column f (from 1), has its elements. */
#ifndef OF_REAL
#define OF_REAL(c, k)    (REALS * REALS + 3 * ((c)*HALF + (k)-1))
#define OF_COMPLEX(f, k) (REALS * REALS + 3 * (REALS * HALF + ((f)-1) * CIRCLE + (k)))
#define OF_LINE(f)       (REALS + 2 * ((f)-1)) /* the real part of complex number f of a real line */
#endif

INLINE void NAME(put)(ELEMENT *to, size_t step, vf a, vf b) {
    PUT(to, a + b);
    PUT(to + step, a);
    PUT(to + 2 * step, b);
}

/* Lines t of a map become columns, and these elements. */
INLINE void NAME(put_columns)(vf t[CIRCLE][CIRCLE], ELEMENT *to, size_t step) {
    vf line[CIRCLE], out[CIRCLE], re[CIRCLE], im[CIRCLE];
    for (int c = 0; c < REALS; c++) {
        UNROLL_ALL
        for (int i = 0; i < CIRCLE; i++) line[i] = t[i][c];
        POINTS(real_line)(line, out);
        UNROLL_ALL
        for (int i = 0; i < REALS; i++) PUT(to + (size_t)(REALS * c + i) * step, out[i]);
        UNROLL_ALL
        for (int k = 1; k <= HALF; k++) {
            NAME(put)(to + (size_t)OF_REAL(c, k) * step, step, out[OF_LINE(k)], out[OF_LINE(k) + 1]);
        }
    }
    for (int f = 1; f <= HALF; f++) {
        UNROLL_ALL
        for (int i = 0; i < CIRCLE; i++) {
            re[i] = t[i][OF_LINE(f)];
            im[i] = t[i][OF_LINE(f) + 1];
        }
        POINTS(complex_line)(re, im);
        UNROLL_ALL
        for (int k = 0; k < CIRCLE; k++) NAME(put)(to + (size_t)OF_COMPLEX(f, k) * step, step, re[k], im[k]);
    }
}

/* Both halves of a cache line are taken, and given, while it is there. */
static void NAME(elements)(const float *const *from, void *elements, size_t step, size_t rows) {
    ELEMENT *to = elements;
    for (size_t row = 0; row < rows; row++) {
        vf t[PV][CIRCLE][CIRCLE];
        for (int i = 0; i < CIRCLE; i++) {
            vf line[PV][CIRCLE];
            UNROLL_ALL
            for (int j = 0; j < CIRCLE; j++) {
                UNROLL_ALL
                for (int v = 0; v < PV; v++) {
                    line[v][j] = vload(from[i * CIRCLE + j] + row * INK_LANES + (size_t)v * VL);
                }
            }
            UNROLL_ALL
            for (int v = 0; v < PV; v++) POINTS(real_line)(line[v], t[v][i]);
        }
        for (int v = 0; v < PV; v++) NAME(put_columns)(t[v], to + row * INK_LANES + (size_t)v * VL, step);
    }
}

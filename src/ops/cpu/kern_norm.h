/* ops/cpu/kern_norm.h: the inner loops of batch norm and its gradient, also through a relu and a max pool behind it,
 * included by kern_map.h. Lanes are channels, so that no sum runs across a vector; what is not kept in
 * memory, the normalised value and its relu, is computed again from x by the same operations, hence with equal bits. */
#ifndef INK_OPS_CPU_KERN_NORM_H
#define INK_OPS_CPU_KERN_NORM_H

#include <string.h>

#include "ops/cpu/kern_activation.h"
#include "ops/cpu/kern_vector.h"
#include "ops/cpu/kernels.h"

/* ---- columns: one row of 16 channels as PV vectors ---- */

typedef struct columns {
    vf v[PV];
} columns;

INLINE columns columns_load(const float *p) {
    columns c;
    UNROLL_ALL
    for (int v = 0; v < PV; v++) c.v[v] = p != NULL ? vload(p + v * VL) : vset(0.0f);
    return c;
}

INLINE void columns_store(float *p, columns c) {
    UNROLL_ALL
    for (int v = 0; v < PV; v++) vstore(p + v * VL, c.v[v]);
}

/* A pass reads one panel of a position's, so that the processor's own prefetcher starts anew at each: asks for the row
 * at p as it lies some panels on. */
#define PANELS_AHEAD 4
INLINE void ask_ahead(const ink_norm *n, const float *p) {
    ask_for(p, PANELS_AHEAD * n->step * sizeof *p);
}

/* Sums of a column of rows: four rows at a time in float, by one tree, then in double: a float's rounding among four
 * terms is lost among those of the terms themselves, whatever their number. */
typedef float vf_half __attribute__((vector_size(VL * 2)));
typedef double vd_half __attribute__((vector_size(VL * 4)));

typedef struct column_totals {
    vd_half v[2 * PV];
} column_totals;

INLINE column_totals sums_load(const double *p) {
    column_totals s;
    memcpy(&s, p, sizeof s);
    return s;
}

INLINE void sums_store(double *p, column_totals s) {
    memcpy(p, &s, sizeof s);
}

/* s.v[2 v], s.v[2 v + 1] += the halves of x */
INLINE void sums_add(column_totals *s, const int v, vf x) {
    vf_half part[2];
    memcpy(part, &x, sizeof part);
    s->v[2 * v] += __builtin_convertvector(part[0], vd_half);
    s->v[2 * v + 1] += __builtin_convertvector(part[1], vd_half);
}

/* Of `rows` (1 or INK_SUM_ROWS) rows: g joins the sums s, g d the sums q. */
INLINE void join_sums(const vf *g, const vf *d, const int rows, const int v, column_totals *s, column_totals *q) {
    vf sum = g[0], product = g[0] * d[0];
    if (rows == INK_SUM_ROWS) {
        sum = (g[0] + g[1]) + (g[2] + g[3]);
        product = vfma(g[1], d[1], product) + vfma(g[3], d[3], g[2] * d[2]);
    }
    sums_add(s, v, sum);
    sums_add(q, v, product);
}

/* rows (1 or INK_SUM_ROWS) from `at` on */
INLINE void moments_of(const ink_norm *n, const float *at, const int rows, const size_t line, columns shift,
                       column_totals *s, column_totals *q) {
    UNROLL_ALL
    for (int r = 0; r < rows; r++) ask_ahead(n, at + (size_t)r * line);
    UNROLL_ALL
    for (int v = 0; v < PV; v++) {
        vf d[INK_SUM_ROWS];
        UNROLL_ALL
        for (int r = 0; r < rows; r++) d[r] = vload(at + (size_t)r * line + (size_t)v * VL) - shift.v[v];
        join_sums(d, d, rows, v, s, q);
    }
}

/* line: a constant after inlining where the layout gives it */
INLINE void moments_all(const ink_norm *n, const size_t line, const float *shift, double *shifted, double *square) {
    column_totals s = sums_load(shifted), q = sums_load(square);
    const columns at = columns_load(shift);
    const float *x = n->x;
    for (size_t p = 0; p < n->panels; p++, x += n->step) {
        size_t r = 0;
        for (; r + INK_SUM_ROWS <= n->rows; r += INK_SUM_ROWS) {
            moments_of(n, x + r * line, INK_SUM_ROWS, line, at, &s, &q);
        }
        for (; r < n->rows; r++) moments_of(n, x + r * line, 1, line, at, &s, &q);
    }
    sums_store(shifted, s);
    sums_store(square, q);
}

static void moments(const ink_norm *n, const float *shift, double *shifted, double *square) {
    if (n->line == INK_LANES) {
        moments_all(n, INK_LANES, shift, shifted, square);
    } else {
        moments_all(n, n->line, shift, shifted, square);
    }
}

static void zero_rows(float *y, size_t rows, size_t all_rows) {
    if (rows < all_rows) memset(y + rows * INK_LANES, 0, (all_rows - rows) * INK_LANES * sizeof *y);
}

/* ---- batch norm ---- */

typedef struct norm_columns {
    columns mean, scale, offset;
} norm_columns;

INLINE norm_columns norm_load(const ink_norm *n) {
    return (norm_columns){columns_load(n->mean), columns_load(n->scale), columns_load(n->offset)};
}

/* d: x - mean */
INLINE vf normed(const norm_columns *c, const int v, vf d) {
    return vfma(d, c->scale.v[v], c->offset.v[v]);
}

/* kind: a constant after inlining, where it is a frequent one */
INLINE void norm_active(const ink_norm *n, const ink_activation kind, float *y) {
    const norm_columns c = norm_load(n);
    const vf slope = vset(n->slope);
    const float *x = n->x;
    for (size_t p = 0; p < n->panels; p++) {
        for (size_t r = 0; r < n->rows; r++) {
            UNROLL_ALL
            for (int v = 0; v < PV; v++) {
                size_t at = p * n->step + r * INK_LANES + (size_t)v * VL;
                vstore(y + at, activation_of(kind, slope, normed(&c, v, vload(x + at) - c.mean.v[v])));
            }
        }
        zero_rows(y + p * n->step, n->rows, n->all_rows);
    }
}

static void norm(const ink_norm *n, const float *residual, bool relu, float *y) {
    if (n->active) {
        if (n->kind == INK_SILU) {
            norm_active(n, INK_SILU, y);
        } else {
            norm_active(n, n->kind, y);
        }
        return;
    }
    const norm_columns c = norm_load(n);
    for (size_t p = 0; p < n->panels; p++) {
        for (size_t r = 0; r < n->rows; r++) {
            UNROLL_ALL
            for (int v = 0; v < PV; v++) {
                size_t at = p * n->step + r * INK_LANES + (size_t)v * VL;
                vf z = normed(&c, v, vload(n->x + at) - c.mean.v[v]);
                if (residual != NULL) z += vload(residual + at);
                vstore(y + at, relu ? vrelu(z) : z);
            }
        }
        zero_rows(y + p * n->step, n->rows, n->all_rows);
    }
}

/* dy where mask, or the relu behind the norm, lets it through; constants after inlining. */
INLINE vf through(const ink_norm_dx *d, const norm_columns *c, const int v, size_t at, vf off, const bool mask,
                  const bool relu) {
    vf g = vload(d->dy + at);
    if (mask) g = vwhere_above(vload(d->mask + at), g);
    return relu ? vwhere_above(normed(c, v, off), g) : g;
}

INLINE void norm_sums_of(const ink_norm *n, const ink_norm_dx *d, const norm_columns *c, size_t from, const int rows,
                         const size_t line, const bool mask, const bool relu, column_totals *s, column_totals *q) {
    UNROLL_ALL
    for (int r = 0; r < rows; r++) {
        ask_ahead(n, n->x + from + (size_t)r * line);
        ask_ahead(n, d->dy + from + (size_t)r * line);
    }
    UNROLL_ALL
    for (int v = 0; v < PV; v++) {
        vf g[INK_SUM_ROWS], off[INK_SUM_ROWS];
        UNROLL_ALL
        for (int r = 0; r < rows; r++) {
            size_t at = from + (size_t)r * line + (size_t)v * VL;
            off[r] = vload(n->x + at) - c->mean.v[v];
            g[r] = through(d, c, v, at, off[r], mask, relu);
        }
        join_sums(g, off, rows, v, s, q);
    }
}

INLINE void norm_sums_all(const ink_norm *n, const ink_norm_dx *d, const size_t line, const bool mask, const bool relu,
                          double *sum_dy, double *sum_product) {
    column_totals s = sums_load(sum_dy), q = sums_load(sum_product);
    const norm_columns c = norm_load(n);
    for (size_t p = 0; p < n->panels; p++) {
        size_t r = 0;
        for (; r + INK_SUM_ROWS <= n->rows; r += INK_SUM_ROWS) {
            norm_sums_of(n, d, &c, p * n->step + r * line, INK_SUM_ROWS, line, mask, relu, &s, &q);
        }
        for (; r < n->rows; r++) norm_sums_of(n, d, &c, p * n->step + r * line, 1, line, mask, relu, &s, &q);
    }
    sums_store(sum_dy, s);
    sums_store(sum_product, q);
}

INLINE void norm_sums_along(const ink_norm *n, const ink_norm_dx *d, const size_t line, double *sum_dy,
                            double *sum_product) {
    if (d->mask != NULL) {
        norm_sums_all(n, d, line, true, false, sum_dy, sum_product);
    } else if (d->relu) {
        norm_sums_all(n, d, line, false, true, sum_dy, sum_product);
    } else {
        norm_sums_all(n, d, line, false, false, sum_dy, sum_product);
    }
}

/* Through an activation: dy times its slope goes to d->made, row by row as an exponential fills the registers, and from
 * there to the sums. */
INLINE void norm_sums_active(const ink_norm *n, const ink_norm_dx *d, const ink_activation kind, double *sum_dy,
                             double *sum_product) {
    column_totals s = sums_load(sum_dy), q = sums_load(sum_product);
    const norm_columns c = norm_load(n);
    const ink_norm_dx made = {.dy = d->made};
    const vf slope = vset(n->slope);
    const float *x = n->x, *dy = d->dy; /* read once: a store could change what n and d hold */
    float *to = d->made;
    const size_t line = n->line;
    for (size_t p = 0; p < n->panels; p++) {
        size_t r = 0, from = p * n->step;
        UNROLL_NOT
        for (size_t i = 0; i < n->rows; i++) {
            UNROLL_ALL
            for (int v = 0; v < PV; v++) {
                const size_t at = from + i * line + (size_t)v * VL;
                vf z = normed(&c, v, vload(x + at) - c.mean.v[v]);
                vstore(to + at, vload(dy + at) * slope_of(kind, slope, z));
            }
        }
        for (; r + INK_SUM_ROWS <= n->rows; r += INK_SUM_ROWS) {
            norm_sums_of(n, &made, &c, from + r * line, INK_SUM_ROWS, line, false, false, &s, &q);
        }
        for (; r < n->rows; r++) norm_sums_of(n, &made, &c, from + r * line, 1, line, false, false, &s, &q);
        if (line == INK_LANES) zero_rows(to + from, n->rows, n->all_rows);
    }
    sums_store(sum_dy, s);
    sums_store(sum_product, q);
}

#if LEARNS
static void norm_sums(const ink_norm *n, const ink_norm_dx *d, double *sum_dy, double *sum_product) {
    if (n->active && n->kind == INK_SILU) {
        norm_sums_active(n, d, INK_SILU, sum_dy, sum_product);
    } else if (n->active) {
        norm_sums_active(n, d, n->kind, sum_dy, sum_product);
    } else if (n->line == INK_LANES) {
        norm_sums_along(n, d, INK_LANES, sum_dy, sum_product);
    } else {
        norm_sums_along(n, d, n->line, sum_dy, sum_product);
    }
}
#endif

typedef struct line_columns {
    columns factor, flat, tilt;
} line_columns;

INLINE line_columns line_load(const ink_norm_dx *d) {
    return (line_columns){columns_load(d->factor), columns_load(d->flat), columns_load(d->tilt)};
}

/* g: dy where it gets through; off: x - mean */
INLINE vf slope_at(const line_columns *l, const int v, vf g, vf off) {
    return l->factor.v[v] * vfma(-off, l->tilt.v[v], g - l->flat.v[v]);
}

INLINE void norm_dx_all(const ink_norm *n, const ink_norm_dx *d, const bool mask, const bool relu, const bool after,
                        float *dx) {
    const norm_columns c = norm_load(n);
    const line_columns l = line_load(d);
    for (size_t p = 0; p < n->panels; p++) {
        for (size_t r = 0; r < n->rows; r++) {
            ask_ahead(n, n->x + p * n->step + r * INK_LANES);
            ask_ahead(n, d->dy + p * n->step + r * INK_LANES);
            UNROLL_ALL
            for (int v = 0; v < PV; v++) {
                size_t at = p * n->step + r * INK_LANES + (size_t)v * VL;
                vf x = vload(n->x + at), off = x - c.mean.v[v];
                vf made = slope_at(&l, v, through(d, &c, v, at, off, mask, relu), off);
                vstore(dx + at, after ? vwhere_above(x, made) : made);
            }
        }
        zero_rows(dx + p * n->step, n->rows, n->all_rows);
    }
}

#if LEARNS
static void norm_dx(const ink_norm *n, const ink_norm_dx *d, float *dx) {
    if (d->mask != NULL) {
        norm_dx_all(n, d, true, false, d->after, dx);
    } else if (d->relu) {
        norm_dx_all(n, d, false, true, d->after, dx);
    } else {
        norm_dx_all(n, d, false, false, d->after, dx);
    }
}
#endif

/* ---- lanes that a maximum left ---- */

#if defined(__AVX512F__)
typedef __mmask16 lanes_left;
#define ALL_LEFT ((lanes_left)0xffff)
/* Lanes still left where z is the maximum or NaN. */
INLINE lanes_left hits_of(vf z, vf best, lanes_left left) {
    lanes_left same = _mm512_mask_cmp_ps_mask(left, (__m512)z, (__m512)best, _CMP_EQ_OQ);
    return same | _mm512_mask_cmp_ps_mask(left, (__m512)z, (__m512)z, _CMP_UNORD_Q);
}
INLINE vf where_hit(lanes_left hit, vf g) {
    return (vf)_mm512_maskz_mov_ps(hit, (__m512)g);
}
#else
typedef vi lanes_left;
#define ALL_LEFT (~(vi){0})
INLINE lanes_left hits_of(vf z, vf best, lanes_left left) {
    return ((vi)(z == best) | vnan(z)) & left;
}
INLINE vf where_hit(lanes_left hit, vf g) {
    return vwhere(hit, g);
}
#endif

/* ---- batch norm, relu and the maximum over windows ---- */

INLINE void norm_pool_all(const ink_norm *n, const ink_norm_pool *w, const size_t panels, float *to) {
    const norm_columns c = norm_load(n);
    for (size_t i = 0; i < w->windows; i++, to += w->window_step) {
        const int32_t *at = w->at + i * panels;
        for (size_t r = 0; r < n->rows; r++) {
            UNROLL_ALL
            for (int v = 0; v < PV; v++) {
                const float *x = n->x + r * INK_LANES + (size_t)v * VL;
                vf best = normed(&c, v, vload(x + at[0]) - c.mean.v[v]);
                UNROLL_FOUR
                for (size_t k = 1; k < panels; k++) {
                    vf z = normed(&c, v, vload(x + at[k]) - c.mean.v[v]);
                    best = vpick((vi)(z > best) | vnan(z), z, best); /* NaN wins */
                }
                vstore(to + r * INK_LANES + (size_t)v * VL, vrelu(best));
            }
        }
        zero_rows(to, n->rows, n->all_rows);
    }
}

static void norm_pool(const ink_norm *n, const ink_norm_pool *w, float *to) {
    if (w->n == 4) {
        norm_pool_all(n, w, 4, to);
    } else {
        norm_pool_all(n, w, w->n, to);
    }
}

/* Of one row of a window: its gradient, 0 where nothing is above 0, and x - mean of the maximum. */
INLINE vf off_of_best(const ink_norm *n, const norm_columns *c, const int32_t *at, const size_t panels, const int v,
                      size_t place, vf best) {
    lanes_left left = ALL_LEFT;
    vf found = vset(0.0f);
    UNROLL_FOUR
    for (size_t k = 0; k < panels; k++) {
        vf off = vload(n->x + at[k] + place) - c->mean.v[v];
        lanes_left hit = hits_of(normed(c, v, off), best, left);
        left &= ~hit;
        found += where_hit(hit, off);
    }
    return found;
}

INLINE void norm_pool_sums_of(const ink_norm *n, const ink_norm_pool *w, const norm_columns *c, size_t i,
                              const size_t panels, size_t row, const int rows, column_totals *s, column_totals *q) {
    UNROLL_ALL
    for (int v = 0; v < PV; v++) {
        vf g[INK_SUM_ROWS], off[INK_SUM_ROWS];
        UNROLL_ALL
        for (int r = 0; r < rows; r++) {
            const size_t place = (row + (size_t)r) * INK_LANES + (size_t)v * VL, at = i * w->window_step + place;
            vf best = vload(w->y + at);
            g[r] = vwhere_above(best, vload(w->dy + at));
            off[r] = off_of_best(n, c, w->at + i * panels, panels, v, place, best);
        }
        join_sums(g, off, rows, v, s, q);
    }
}

INLINE void norm_pool_sums_all(const ink_norm *n, const ink_norm_pool *w, const size_t panels, double *sum_dy,
                               double *sum_product) {
    column_totals s = sums_load(sum_dy), q = sums_load(sum_product);
    const norm_columns c = norm_load(n);
    for (size_t i = 0; i < w->windows; i++) {
        size_t r = 0;
        for (; r + INK_SUM_ROWS <= n->rows; r += INK_SUM_ROWS)
            norm_pool_sums_of(n, w, &c, i, panels, r, INK_SUM_ROWS, &s, &q);
        for (; r < n->rows; r++) norm_pool_sums_of(n, w, &c, i, panels, r, 1, &s, &q);
    }
    sums_store(sum_dy, s);
    sums_store(sum_product, q);
}

#if LEARNS
static void norm_pool_sums(const ink_norm *n, const ink_norm_pool *w, double *sum_dy, double *sum_product) {
    if (w->n == 4) {
        norm_pool_sums_all(n, w, 4, sum_dy, sum_product);
    } else {
        norm_pool_sums_all(n, w, w->n, sum_dy, sum_product);
    }
}
#endif

INLINE void norm_pool_dx_all(const ink_norm *n, const ink_norm_pool *w, const ink_norm_dx *d, const size_t panels,
                             float *dx) {
    const norm_columns c = norm_load(n);
    const line_columns l = line_load(d);
    for (size_t i = 0; i < w->windows; i++) {
        const int32_t *at = w->at + i * panels;
        for (size_t r = 0; r < n->rows; r++) {
            UNROLL_ALL
            for (int v = 0; v < PV; v++) {
                const size_t place = r * INK_LANES + (size_t)v * VL;
                vf best = vload(w->y + i * w->window_step + place);
                vf g = vwhere_above(best, vload(w->dy + i * w->window_step + place));
                lanes_left left = ALL_LEFT;
                UNROLL_FOUR
                for (size_t k = 0; k < panels; k++) {
                    vf off = vload(n->x + at[k] + place) - c.mean.v[v];
                    lanes_left hit = hits_of(normed(&c, v, off), best, left);
                    left &= ~hit;
                    vstore(dx + at[k] + place, slope_at(&l, v, where_hit(hit, g), off));
                }
            }
        }
        for (size_t k = 0; k < panels; k++) zero_rows(dx + at[k], n->rows, n->all_rows);
    }
}

#if LEARNS
static void norm_pool_dx(const ink_norm *n, const ink_norm_pool *w, const ink_norm_dx *d, float *dx) {
    if (w->n == 4) {
        norm_pool_dx_all(n, w, d, 4, dx);
    } else {
        norm_pool_dx_all(n, w, d, w->n, dx);
    }
}
#endif

#define KERNELS_OF_NORM                                                                                                \
    .moments = moments, .norm = norm, .norm_sums = LEARNING(norm_sums), .norm_dx = LEARNING(norm_dx),                  \
    .norm_pool = norm_pool, .norm_pool_sums = LEARNING(norm_pool_sums), .norm_pool_dx = LEARNING(norm_pool_dx)

#endif

/* core/augment_both.h: one image's distortion drawn, for the host and for a GPU's kernels (core/both.h): the text of
 * data/augment.h's ink_augment_draw. */
#ifndef INK_CORE_AUGMENT_BOTH_H
#define INK_CORE_AUGMENT_BOTH_H

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "core/augment.h"
#include "core/both.h"
#include "core/real_both.h"
#include "core/rng_both.h"

#define INK_AUGMENT_SIDE 28.0 /* elastic_sigma is told in pixels of an image of this side */

/* In [-1, 1]. */
INK_BOTH double ink_both_amount(ink_rng *rng, bool normal) {
    if (!normal) return (double)ink_both_rng_between(rng, -1.0f, 1.0f);
    double x = ink_both_rng_normal(rng) / 3.0;
    return x < -1.0 ? -1.0 : x > 1.0 ? 1.0 : x;
}

/* How the ink moves about the centre: x' = m[0] x + m[1] y, y' = m[2] x + m[3] y. */
INK_BOTH void ink_both_matrix(const ink_augment *a, ink_rng *rng, double width, double m[4]) {
    double sx = 1.0, sy = 1.0, shear = 0.0, turn = 0.0;
    if (a->scale > 0) sx = sy = 1.0 + a->scale * ink_both_amount(rng, a->normal);
    if (a->stretch > 0) {
        sx *= 1.0 + a->stretch * ink_both_amount(rng, a->normal);
        sy *= 1.0 + a->stretch * ink_both_amount(rng, a->normal);
    }
    if (a->squeeze_px > 0) {
        double left = width - a->squeeze_px * fabs(ink_both_amount(rng, a->normal));
        sx *= (left > 1.0 ? left : 1.0) / width;
    }
    if (a->shear > 0) shear = a->shear * ink_both_amount(rng, a->normal);
    if (a->rotate_deg > 0) turn = a->rotate_deg / 360.0 * ink_both_amount(rng, a->normal);
    double c = ink_both_cos_turn(turn), s = ink_both_sin_turn(turn);
    /* rotate * shear * diag(sx, sy) */
    m[0] = c * sx;
    m[1] = (c * shear - s) * sy;
    m[2] = s * sx;
    m[3] = (s * shear + c) * sy;
}

/* The box of the ink, as coordinates about the centre, pixels' outer edges included; false: no ink. */
INK_BOTH bool ink_both_box(const uint8_t *image, uint32_t height, uint32_t width, double box[4]) {
    uint32_t left = width, right = 0, top = height, bottom = 0;
    for (uint32_t y = 0; y < height; y++) {
        const uint8_t *row = image + (size_t)y * width;
        uint32_t first = 0, last = width;
        while (first < width && row[first] == 0) first++;
        if (first == width) continue;
        while (row[last - 1] == 0) last--;
        if (first < left) left = first;
        if (last > right) right = last;
        if (top == height) top = y;
        bottom = y + 1;
    }
    box[0] = left - width / 2.0;
    box[1] = right - width / 2.0;
    box[2] = top - height / 2.0;
    box[3] = bottom - height / 2.0;
    return bottom > 0;
}

/* A shift that keeps the moved box inside [-side/2, side/2]: u > 0 towards the far margin, u < 0 towards the near. */
INK_BOTH double ink_both_safe_shift(double low, double high, double side, double u) {
    double margin = u > 0 ? side / 2 - high : side / 2 + low;
    return margin > 0 ? u * margin : 0.0;
}

INK_BOTH void ink_both_shift(const ink_augment *a, ink_rng *rng, const uint8_t *image, uint32_t height, uint32_t width,
                             const double m[4], double shift[2]) {
    double side[2] = {(double)width, (double)height}, box[4];
    bool safe = a->shift_safe > 0 && image != NULL && ink_both_box(image, height, width, box);
    for (int axis = 0; axis < 2; axis++) {
        shift[axis] = 0.0;
        if (a->shift > 0) shift[axis] += a->shift * side[axis] * ink_both_amount(rng, a->normal);
        if (a->shift_px > 0) shift[axis] += a->shift_px * ink_both_amount(rng, a->normal);
        double u = a->shift_safe > 0 ? a->shift_safe * ink_both_amount(rng, a->normal) : 0.0;
        if (safe) {
            /* The moved box lies between these: each term takes the corner that is worse. */
            double p = m[2 * axis], q = m[2 * axis + 1];
            double low = (p > 0 ? p * box[0] : p * box[1]) + (q > 0 ? q * box[2] : q * box[3]);
            double high = (p > 0 ? p * box[1] : p * box[0]) + (q > 0 ? q * box[3] : q * box[2]);
            shift[axis] += ink_both_safe_shift(low, high, side[axis], u);
        }
        if (a->shift_whole) shift[axis] = floor(shift[axis] + 0.5);
    }
}

/* L with L L^T = the correlation of white noise smoothed by a Gaussian of sigma grid steps, exp(-d^2 / 4 sigma^2):
 * Cholesky, with a trace of white noise where the matrix is nearly singular. */
INK_BOTH void ink_both_elastic_root(const ink_augment *a, double l[INK_WARP_GRID * INK_WARP_GRID]) {
    const double step = INK_AUGMENT_SIDE / (INK_WARP_GRID - 1), sigma = a->elastic_sigma / step;
    double c[INK_WARP_GRID];
    for (int d = 0; d < INK_WARP_GRID; d++) c[d] = ink_both_exp(-(double)(d * d) / (4.0 * sigma * sigma));
    c[0] += 1e-6;
    for (int i = 0; i < INK_WARP_GRID; i++) {
        for (int j = 0; j <= i; j++) {
            double sum = c[i - j];
            for (int k = 0; k < j; k++) sum -= l[INK_WARP_GRID * i + k] * l[INK_WARP_GRID * j + k];
            l[INK_WARP_GRID * i + j] = i == j ? sqrt(sum) : sum / l[INK_WARP_GRID * j + j];
        }
    }
}

/* The sum of a[k] b[k step], k below n. */
INK_BOTH_CALLED double ink_both_dot(const double *a, const double *b, int step, int n) {
    double sum = 0.0;
    for (int k = 0; k < n; k++) sum += a[k] * b[k * step];
    return sum;
}

INK_BOTH_CALLED double ink_both_largest(const double *field, int n) {
    double most = 0.0;
    for (int i = 0; i < n; i++) {
        if (fabs(field[i]) > most) most = fabs(field[i]);
    }
    return most;
}

/* Simard's field at the grid's nodes: Gaussian noise with the correlation of the smoothed field in both directions,
 * L N L^T, scaled to its root mean square: uniform noise has sqrt(1/3), smoothing leaves 1 / (2 sqrt(pi) sigma).
 * The field takes the noise's place from the last row up: row i needs the noise's rows 0 to i. What a GPU's thread has
 * beside registers, all threads that fit on the GPU have. */
INK_BOTH void ink_both_elastic(const ink_augment *a, const double l[INK_WARP_GRID * INK_WARP_GRID], ink_rng *rng,
                               uint32_t width, ink_warp *out) {
    double field[2][INK_WARP_GRID][INK_WARP_GRID], pixels = width / INK_AUGMENT_SIDE;
    for (int axis = 0; axis < 2; axis++) {
        double half[INK_WARP_GRID];
        for (int i = 0; i < INK_WARP_GRID * INK_WARP_GRID; i++) {
            /* The sum of four bytes, mean 510 and deviation 147.8, stands for a normal number. */
            uint32_t u = ink_both_rng_u32(rng);
            uint32_t sum = (u & 255u) + (u >> 8 & 255u) + (u >> 16 & 255u) + (u >> 24);
            (&field[axis][0][0])[i] = ((double)sum - 510.0) / 147.8;
        }
        for (int i = INK_WARP_GRID - 1; i >= 0; i--) {
            for (int j = 0; j < INK_WARP_GRID; j++) {
                half[j] = ink_both_dot(l + (ptrdiff_t)INK_WARP_GRID * i, &field[axis][0][j], INK_WARP_GRID, i + 1);
            }
            for (int j = 0; j < INK_WARP_GRID; j++) {
                field[axis][i][j] = ink_both_dot(half, l + (ptrdiff_t)INK_WARP_GRID * j, 1, j + 1);
            }
        }
    }
    double most = ink_both_largest(&field[0][0][0], 2 * INK_WARP_GRID * INK_WARP_GRID);
    if (most == 0.0) return;
    for (int i = 0; i < 2 * INK_WARP_GRID * INK_WARP_GRID; i++) {
        (&out->grid[0][0][0])[i] = (int8_t)floor((&field[0][0][0])[i] / most * 127.0 + 0.5);
    }
    out->elastic = (float)(0.16287 * a->elastic_alpha / a->elastic_sigma * pixels * most / 127.0);
}

INK_BOTH void ink_both_erase(const ink_augment *a, ink_rng *rng, uint32_t height, uint32_t width, ink_warp *out) {
    uint32_t size = (uint32_t)(a->erase_px + 0.5f);
    if (size == 0 || size > width || size > height) return;
    float share = a->erase_share > 0 ? a->erase_share : 1.0f;
    if (ink_both_rng_unit(rng) >= share) return;
    out->erase_x = (int16_t)ink_both_rng_below(rng, width - size + 1);
    out->erase_y = (int16_t)ink_both_rng_below(rng, height - size + 1);
    out->erase_size = (int32_t)size;
}

/* The distortion of row `row` in `epoch`, as data/augment.h has it. root: ink_both_elastic_root's, looked at with an
 * elastic part alone. */
INK_BOTH void ink_both_augment_draw(const ink_augment *a, const double root[INK_WARP_GRID * INK_WARP_GRID],
                                    uint64_t seed, uint64_t epoch, uint32_t row, const uint8_t *image, uint32_t height,
                                    uint32_t width, ink_warp *out) {
    ink_rng rng;
    ink_both_rng_begin(&rng, seed, INK_STREAM_AUGMENT, epoch, row);
    memset(out, 0, sizeof *out);
    out->xx = out->yy = 1.0f;
    bool moved = a->share <= 0 || ink_both_rng_unit(&rng) < a->share;
    if (moved) {
        double m[4], shift[2];
        ink_both_matrix(a, &rng, width, m);
        ink_both_shift(a, &rng, image, height, width, m, shift);
        /* The warp reads backward: source = m^-1 (output - shift). The determinant is positive: scales are. */
        double d = m[0] * m[3] - m[1] * m[2];
        double inverse[4] = {m[3] / d, -m[1] / d, -m[2] / d, m[0] / d};
        /* + 0: never a negative zero, so that equal distortions are equal bytes. */
        out->xx = (float)inverse[0] + 0.0f;
        out->xy = (float)inverse[1] + 0.0f;
        out->yx = (float)inverse[2] + 0.0f;
        out->yy = (float)inverse[3] + 0.0f;
        out->x0 = (float)-(inverse[0] * shift[0] + inverse[1] * shift[1]) + 0.0f;
        out->y0 = (float)-(inverse[2] * shift[0] + inverse[3] * shift[1]) + 0.0f;
        if (a->elastic_alpha > 0) ink_both_elastic(a, root, &rng, width, out);
    }
    if (a->erase_px > 0) ink_both_erase(a, &rng, height, width, out);
}

#endif

/* data/handpage_camera.c: the sheet before a camera: where its places fall, its light, its blur and its noise.
 * What is written on the sheet is handpage.c's business. */
#include <math.h>
#include <string.h>

#include "core/real.h"
#include "data/handpage_parts.h"

/* ---- the view ---- */

void ink_view_apply(const double m[9], double x, double y, double *u, double *v) {
    double w = m[6] * x + m[7] * y + m[8];
    *u = (m[0] * x + m[1] * y + m[2]) / w;
    *v = (m[3] * x + m[4] * y + m[5]) / w;
}

/* Solves the 8 x 8 system a x = b by Gauss's elimination with pivots; a has its right-hand side as a ninth column. The
 * corners that come here are never in one line. */
static void solve(double a[8][9], double x[8]) {
    for (int k = 0; k < 8; k++) {
        int pivot = k;
        for (int i = k + 1; i < 8; i++) pivot = fabs(a[i][k]) > fabs(a[pivot][k]) ? i : pivot;
        for (int j = 0; j < 9; j++) {
            double t = a[k][j];
            a[k][j] = a[pivot][j];
            a[pivot][j] = t;
        }
        for (int i = k + 1; i < 8; i++) {
            double f = a[i][k] / a[k][k];
            for (int j = k; j < 9; j++) a[i][j] -= f * a[k][j];
        }
    }
    for (int k = 7; k >= 0; k--) {
        double sum = a[k][8];
        for (int j = k + 1; j < 8; j++) sum -= a[k][j] * x[j];
        x[k] = sum / a[k][k];
    }
}

/* The map that takes from[i] to to[i], for four corners. */
static void map_corners(double from[4][2], double to[4][2], double m[9]) {
    double a[8][9];
    for (int i = 0; i < 4; i++) {
        double x = from[i][0], y = from[i][1], u = to[i][0], v = to[i][1];
        const double first[9] = {x, y, 1, 0, 0, 0, -u * x, -u * y, u};
        const double second[9] = {0, 0, 0, x, y, 1, -v * x, -v * y, v};
        memcpy(a[2 * i], first, sizeof first);
        memcpy(a[2 * i + 1], second, sizeof second);
    }
    solve(a, m);
    m[8] = 1;
}

void ink_view_draw(ink_rng *rng, const ink_severity *severity, double width, double height, ink_view *out) {
    double corner[4][2] = {{0, 0}, {width, 0}, {width, height}, {0, height}}, moved[4][2];
    double turn = (double)ink_rng_between(rng, -severity->turn_deg, severity->turn_deg) / 360;
    double c = ink_cos_turn(turn), s = ink_sin_turn(turn), share = (width > height ? width : height) / 1600;
    uint32_t most = ink_rng_below(rng, 4);
    for (uint32_t i = 0; i < 4; i++) {
        double dx = corner[i][0] - width / 2, dy = corner[i][1] - height / 2;
        double far = (double)severity->perspective * share * (i == most ? 1 : 0.4 * (double)ink_rng_unit(rng));
        double aside = (double)ink_rng_unit(rng) / 4; /* a corner moves within a quarter turn, inward */
        double sx = dx < 0 ? 1 : -1, sy = dy < 0 ? 1 : -1;
        moved[i][0] = width / 2 + c * dx - s * dy + sx * far * ink_cos_turn(aside);
        moved[i][1] = height / 2 + s * dx + c * dy + sy * far * ink_sin_turn(aside);
    }
    map_corners(corner, moved, out->to_picture);
    map_corners(moved, corner, out->to_paper);
}

/* ---- ink ---- */

void ink_easel_stain(const ink_easel *easel, int64_t x, int64_t y, float cover, float through) {
    if (x < 0 || y < 0 || x >= (int64_t)easel->width || y >= (int64_t)easel->height || cover <= 0) return;
    float *light = &easel->light[(size_t)y * easel->width + (size_t)x];
    float inked = easel->paper * (1 - cover * (1 - through));
    *light = inked < *light ? inked : *light;
}

void ink_easel_stroke(const ink_easel *easel, const double from[2], const double to[2], float radius, float through) {
    double ax, ay, bx, by;
    ink_view_apply(easel->view.to_picture, from[0], from[1], &ax, &ay);
    ink_view_apply(easel->view.to_picture, to[0], to[1], &bx, &by);
    double dx = bx - ax, dy = by - ay, square = dx * dx + dy * dy, reach = (double)radius + 1;
    int64_t x0 = (int64_t)floor((dx < 0 ? bx : ax) - reach), x1 = (int64_t)ceil((dx < 0 ? ax : bx) + reach);
    int64_t y0 = (int64_t)floor((dy < 0 ? by : ay) - reach), y1 = (int64_t)ceil((dy < 0 ? ay : by) + reach);
    if (x0 < 0) x0 = 0;
    if (y0 < 0) y0 = 0;
    if (x1 >= (int64_t)easel->width) x1 = (int64_t)easel->width - 1;
    if (y1 >= (int64_t)easel->height) y1 = (int64_t)easel->height - 1;
    for (int64_t y = y0; y <= y1; y++) {
        for (int64_t x = x0; x <= x1; x++) {
            double px = (double)x - ax, py = (double)y - ay, u = square > 0 ? (px * dx + py * dy) / square : 0;
            u = u < 0 ? 0 : u > 1 ? 1 : u;
            double qx = px - u * dx, qy = py - u * dy;
            float cover = radius - (float)sqrt(qx * qx + qy * qy) + 0.5f;
            ink_easel_stain(easel, x, y, cover > 1 ? 1 : cover, through);
        }
    }
}

void ink_easel_lines(const ink_easel *easel, const ink_lines *l) {
    double first = l->upright ? l->left : l->top, last = l->upright ? l->right : l->bottom;
    for (double at = first; at <= last; at += l->pitch) {
        double from[2] = {l->upright ? at : l->left, l->upright ? l->top : at}, to[2];
        /* In short steps: long boxes around slanting lines would be mostly empty. */
        double length = l->upright ? l->bottom - l->top : l->right - l->left;
        for (double done = 0; done < length; done += 40) {
            double next = done + 40 < length ? done + 40 : length;
            to[0] = l->upright ? at : l->left + next;
            to[1] = l->upright ? l->top + next : at;
            ink_easel_stroke(easel, from, to, l->radius, l->through);
            memcpy(from, to, sizeof from);
        }
    }
}

/* ---- the photograph ---- */

/* The light falls by `shade` from one side of the picture to the other; a hand or an edge may add a soft shadow. */
static void shade(const ink_easel *easel, ink_rng *rng) {
    const ink_severity *s = easel->severity;
    double turn = (double)ink_rng_unit(rng), c = ink_cos_turn(turn), d = ink_sin_turn(turn);
    double w = easel->width, h = easel->height, half = (fabs(c) * w + fabs(d) * h) / 2;
    double edge_turn = (double)ink_rng_unit(rng), ec = ink_cos_turn(edge_turn), es = ink_sin_turn(edge_turn);
    double edge_at = (double)ink_rng_between(rng, 0.1f, 0.4f) * half, soft = (double)ink_rng_between(rng, 40, 160);
    double depth = s->shade > 0.3f && ink_rng_unit(rng) < 0.35f ? (double)s->shade / 3 : 0;
    for (uint32_t y = 0; y < easel->height; y++) {
        for (uint32_t x = 0; x < easel->width; x++) {
            double dx = x - w / 2, dy = y - h / 2, along = (c * dx + d * dy) / half; /* -1 .. 1 */
            double light = 1 - (double)s->shade * (along + 1) / 2;
            double t = (ec * dx + es * dy - edge_at) / soft;
            t = t < 0 ? 0 : t > 1 ? 1 : t;
            light *= 1 - depth * t * t * (3 - 2 * t);
            easel->light[(size_t)y * easel->width + x] *= (float)light;
        }
    }
}

#define BLUR_MOST 16

/* Gaussian, separable, edges repeated. */
static void blur(const ink_easel *easel, float sigma, float *scratch) {
    float weight[2 * BLUR_MOST + 1] = {0}, sum = 0;
    int64_t w = easel->width, h = easel->height;
    int reach = (int)ceilf(3 * sigma);
    if (sigma <= 0) return;
    if (reach > BLUR_MOST) reach = BLUR_MOST;
    for (int k = -reach; k <= reach; k++) {
        weight[k + reach] = (float)ink_exp(-0.5 * k * k / ((double)sigma * (double)sigma));
        sum += weight[k + reach];
    }
    for (int k = 0; k <= 2 * reach; k++) weight[k] /= sum;
    for (int64_t y = 0; y < h; y++) {
        const float *row = easel->light + y * w;
        for (int64_t x = 0; x < w; x++) {
            float v = 0;
            for (int k = -reach; k <= reach; k++) {
                int64_t at = x + k < 0 ? 0 : x + k >= w ? w - 1 : x + k;
                v += weight[k + reach] * row[at];
            }
            scratch[y * w + x] = v;
        }
    }
    memset(easel->light, 0, (size_t)(w * h) * sizeof(float));
    for (int64_t y = 0; y < h; y++) {
        for (int k = -reach; k <= reach; k++) {
            int64_t at = y + k < 0 ? 0 : y + k >= h ? h - 1 : y + k;
            const float *row = scratch + at * w;
            float f = weight[k + reach], *to = easel->light + y * w;
            for (int64_t x = 0; x < w; x++) to[x] += f * row[x];
        }
    }
}

void ink_easel_photograph(const ink_easel *easel, ink_rng *rng, float *scratch, uint8_t *grey) {
    const ink_severity *s = easel->severity;
    size_t n = (size_t)easel->width * easel->height;
    shade(easel, rng);
    blur(easel, s->blur, scratch);
    for (size_t i = 0; i < n; i++) {
        /* The sum of four bytes is near enough to normal; its deviation is 147.8. */
        uint32_t r = ink_rng_u32(rng);
        float sum = (float)((r & 255) + (r >> 8 & 255) + (r >> 16 & 255) + (r >> 24));
        float v = (easel->light[i] + s->noise * (sum - 510.0f) / 147.8f) * 255.0f + 0.5f;
        grey[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
}

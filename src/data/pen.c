/* data/pen.c: outline, skeleton and distances of one digit.
 * Where it is written, and with which pen, is handpage.c's business. */
#include "data/pen.h"

#include <math.h>
#include <string.h>

#define SIDE INK_PEN_SIDE
#define FAR  1e9f

/* ---- the outline ---- */

static float grey_at(const uint8_t *grey, int side, int x, int y) {
    return x < 0 || y < 0 || x >= side || y >= side ? 0.0f : (float)grey[y * side + x];
}

/* Bilinear, then smoothed by a box about one source pixel wide, twice: the outline loses its steps. */
static void enlarge(const uint8_t *grey, int side, float *out, float *spare) {
    float step = (float)side / SIDE;
    for (int y = 0; y < SIDE; y++) {
        float sy = ((float)y + 0.5f) * step - 0.5f, v = sy - floorf(sy);
        int iy = (int)floorf(sy);
        for (int x = 0; x < SIDE; x++) {
            float sx = ((float)x + 0.5f) * step - 0.5f, u = sx - floorf(sx);
            int ix = (int)floorf(sx);
            float a = grey_at(grey, side, ix, iy), b = grey_at(grey, side, ix + 1, iy);
            float c = grey_at(grey, side, ix, iy + 1), d = grey_at(grey, side, ix + 1, iy + 1);
            float top = a + u * (b - a), low = c + u * (d - c);
            out[y * SIDE + x] = top + v * (low - top);
        }
    }
    int reach = SIDE / side / 2;
    for (int pass = 0; pass < 4 && reach > 0; pass++) {
        int dx = pass % 2 == 0, dy = 1 - dx;
        for (int y = 0; y < SIDE; y++) {
            for (int x = 0; x < SIDE; x++) {
                float sum = 0;
                for (int k = -reach; k <= reach; k++) {
                    int sx = x + k * dx, sy = y + k * dy;
                    if (sx >= 0 && sy >= 0 && sx < SIDE && sy < SIDE) sum += out[sy * SIDE + sx];
                }
                spare[y * SIDE + x] = sum / (float)(2 * reach + 1);
            }
        }
        memcpy(out, spare, SIDE * SIDE * sizeof *out);
    }
}

/* ---- distances ---- */

/* Squared distances along one line: out[i] = min over k of in[k] + (i - k)^2, by the lower envelope of parabolas. */
static void envelope(const float *in, float *out) {
    int v[SIDE] = {0}, n = 0;
    float z[SIDE + 1] = {0};
    for (int q = 0; q < SIDE; q++) {
        if (in[q] >= FAR) continue;
        float s = -FAR;
        while (n > 0) {
            int p = v[n - 1];
            s = ((in[q] + (float)(q * q)) - (in[p] + (float)(p * p))) / (float)(2 * (q - p));
            if (s > z[n - 1]) break;
            n--;
        }
        if (n == 0) s = -FAR;
        v[n] = q;
        z[n] = s;
        n++;
        z[n] = FAR;
    }
    for (int i = 0, k = 0; i < SIDE; i++) {
        if (n == 0) {
            out[i] = FAR;
            continue;
        }
        while (z[k + 1] < (float)i) k++;
        out[i] = in[v[k]] + (float)((i - v[k]) * (i - v[k]));
    }
}

/* out = distance of each place to the nearest one with marks == wanted. */
static void distances(const uint8_t *marks, uint8_t wanted, float *out) {
    float line[SIDE], result[SIDE];
    for (int i = 0; i < SIDE * SIDE; i++) out[i] = marks[i] == wanted ? 0.0f : FAR;
    for (int x = 0; x < SIDE; x++) {
        for (int y = 0; y < SIDE; y++) line[y] = out[y * SIDE + x];
        envelope(line, result);
        for (int y = 0; y < SIDE; y++) out[y * SIDE + x] = result[y];
    }
    for (int y = 0; y < SIDE; y++) {
        memcpy(line, out + y * SIDE, sizeof line);
        envelope(line, result);
        for (int x = 0; x < SIDE; x++) out[y * SIDE + x] = sqrtf(result[x]);
    }
}

/* ---- the skeleton ---- */

/* The eight neighbours, clockwise from above. The border is never ink. */
static void neighbours(const uint8_t *m, int at, int p[8]) {
    static const int step[8] = {-SIDE, -SIDE + 1, 1, SIDE + 1, SIDE, SIDE - 1, -1, -SIDE - 1};
    for (int k = 0; k < 8; k++) p[k] = m[at + step[k]] != 0;
}

/* Whether Zhang and Suen take this pixel away in half-step `second`. */
static bool goes(const uint8_t *m, int at, bool second) {
    int p[8], sum = 0, rises = 0;
    neighbours(m, at, p);
    for (int k = 0; k < 8; k++) {
        sum += p[k];
        rises += p[k] == 0 && p[(k + 1) % 8] == 1;
    }
    if (sum < 2 || sum > 6 || rises != 1) return false;
    if (second) return p[0] * p[2] * p[6] == 0 && p[0] * p[4] * p[6] == 0;
    return p[0] * p[2] * p[4] == 0 && p[2] * p[4] * p[6] == 0;
}

static void thin(uint8_t *m) {
    uint8_t gone[SIDE * SIDE];
    bool changed = true;
    while (changed) {
        changed = false;
        for (int half = 0; half < 2; half++) {
            memset(gone, 0, sizeof gone);
            for (int y = 1; y < SIDE - 1; y++) {
                for (int x = 1; x < SIDE - 1; x++) {
                    int at = y * SIDE + x;
                    if (m[at] != 0 && goes(m, at, half == 1)) gone[at] = 1;
                }
            }
            for (int i = 0; i < SIDE * SIDE; i++) {
                if (gone[i] == 0) continue;
                m[i] = 0;
                changed = true;
            }
        }
    }
}

bool ink_pen_shape_make(const uint8_t *grey, uint32_t side, ink_pen_shape *out) {
    uint8_t marks[SIDE * SIDE];
    float *field = out->edge, *spare = out->spine;
    int left = SIDE, right = 0, top = SIDE, bottom = 0, n = 0;
    memset(out, 0, sizeof *out);
    enlarge(grey, (int)side, field, spare);
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
            bool ink = field[y * SIDE + x] >= 118.0f && x > 0 && y > 0 && x < SIDE - 1 && y < SIDE - 1;
            marks[y * SIDE + x] = ink;
            if (!ink) continue;
            n++;
            left = x < left ? x : left;
            right = x > right ? x : right;
            top = y < top ? y : top;
            bottom = y > bottom ? y : bottom;
        }
    }
    if (n == 0) return false;
    out->left = (float)left;
    out->right = (float)right + 1;
    out->top = (float)top;
    out->bottom = (float)bottom + 1;
    distances(marks, 0, out->spine);
    distances(marks, 1, out->edge);
    for (int i = 0; i < SIDE * SIDE; i++) out->edge[i] = marks[i] != 0 ? 0.5f - out->spine[i] : out->edge[i] - 0.5f;
    thin(marks);
    double sum = 0;
    int count = 0;
    for (int i = 0; i < SIDE * SIDE; i++) {
        if (marks[i] == 0) continue;
        sum -= (double)out->edge[i];
        count++;
    }
    out->radius = count > 0 ? (float)(sum / count) : 1;
    distances(marks, 1, out->spine);
    return true;
}

/* Bilinear; beyond the square the nearest value and the way to it. */
static float field_at(const float *field, float x, float y) {
    float beyond = 0;
    if (x < 0 || x > SIDE - 1.001f) {
        beyond += x < 0 ? -x : x - (SIDE - 1.001f);
        x = x < 0 ? 0 : SIDE - 1.001f;
    }
    if (y < 0 || y > SIDE - 1.001f) {
        beyond += y < 0 ? -y : y - (SIDE - 1.001f);
        y = y < 0 ? 0 : SIDE - 1.001f;
    }
    int ix = (int)x, iy = (int)y;
    float u = x - (float)ix, v = y - (float)iy;
    const float *p = field + iy * SIDE + ix;
    float top = p[0] + u * (p[1] - p[0]), low = p[SIDE] + u * (p[SIDE + 1] - p[SIDE]);
    return top + v * (low - top) + beyond;
}

float ink_pen_cover(const ink_pen_shape *shape, float x, float y, float radius, float unit) {
    float outline = radius - shape->radius - field_at(shape->edge, x, y);
    float line = radius - field_at(shape->spine, x, y);
    float cover = (outline > line ? outline : line) * unit + 0.5f;
    return cover < 0 ? 0 : cover > 1 ? 1 : cover;
}

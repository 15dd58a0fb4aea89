/* read/paper.c: which way round the picture is, and the paper's own brightness divided out of it.
 * It decides nothing about single pixels: ink.c does. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "read/stages.h"

/* Tiles: a grid laid over the plane, `side` pixels each, the last ones cut off. */
typedef struct tiles {
    uint32_t side, across, down, reach; /* reach: radius of the closing, in tiles */
    float *value;                       /* [down][across] paper brightness, then 255 / it */
    float *spare;                       /* the same size */
} tiles;

/* A photo's strokes are narrow beside the page; in a small drawing they may be a fifth of it. */
static void lay_tiles(const ink_plane *p, tiles *t) {
    uint32_t longer = p->width > p->height ? p->width : p->height;
    t->side = longer / 64 > 4 ? longer / 64 : 4;
    t->reach = longer < 640 ? 8 : 2;
    t->across = (p->width + t->side - 1) / t->side;
    t->down = (p->height + t->side - 1) / t->side;
}

/* ---- polarity ---- */

/* The sum of (pixel - mean of its surroundings)^3 over a coarse sample: negative when the few that stand out are dark.
 * Means of tiles serve as surroundings, so that shade does not count. */
static bool ink_is_light(const ink_plane *p, const tiles *t) {
    double skew = 0.0;
    for (uint32_t ty = 0; ty < t->down; ty += 4) {
        for (uint32_t tx = 0; tx < t->across; tx += 4) {
            /* A window of 8 x 8 tiles around, every other pixel or fewer. */
            uint32_t reach = 4 * t->side, step = t->side / 4 > 1 ? t->side / 4 : 1;
            uint32_t cx = tx * t->side, cy = ty * t->side;
            uint32_t x0 = cx > reach ? cx - reach : 0, x1 = cx + reach < p->width ? cx + reach : p->width;
            uint32_t y0 = cy > reach ? cy - reach : 0, y1 = cy + reach < p->height ? cy + reach : p->height;
            double sum = 0, n = 0, third = 0;
            for (uint32_t y = y0; y < y1; y += step) {
                for (uint32_t x = x0; x < x1; x += step) {
                    sum += p->at[(size_t)y * p->width + x];
                    n += 1;
                }
            }
            double mean = sum / n;
            for (uint32_t y = y0; y < y1; y += step) {
                for (uint32_t x = x0; x < x1; x += step) {
                    double d = p->at[(size_t)y * p->width + x] - mean;
                    third += d * d * d;
                }
            }
            skew += third / n;
        }
    }
    return skew > 0;
}

/* ---- the paper's brightness ---- */

/* Quartiles of the tile's pixels, every other row of them. */
static void quartiles(const ink_plane *p, uint32_t x0, uint32_t y0, uint32_t side, float out[3]) {
    uint32_t counts[256] = {0}, n = 0, seen = 0, v = 0;
    uint32_t x1 = x0 + side < p->width ? x0 + side : p->width, y1 = y0 + side < p->height ? y0 + side : p->height;
    for (uint32_t y = y0; y < y1; y += 2) {
        const uint8_t *row = p->at + (size_t)y * p->width;
        for (uint32_t x = x0; x < x1; x++) counts[row[x]]++;
        n += x1 - x0;
    }
    for (uint32_t k = 0; k < 3; k++) {
        while (v < 255 && seen + counts[v] <= n * (k + 1) / 4) seen += counts[v++];
        out[k] = (float)v;
    }
}

static void measure_tiles(const ink_plane *p, tiles *t) {
    for (uint32_t ty = 0; ty < t->down; ty++) {
        for (uint32_t tx = 0; tx < t->across; tx++) {
            float q[3];
            quartiles(p, tx * t->side, ty * t->side, t->side, q);
            t->value[ty * t->across + tx] = q[2];
        }
    }
}

/* out[i] = the largest (sign 1) or smallest (sign -1) of in within reach, along rows of `count` values `step` apart. */
static void spread_line(const float *in, float *out, uint32_t count, uint32_t step, uint32_t reach, float sign) {
    for (uint32_t i = 0; i < count; i++) {
        uint32_t a = i > reach ? i - reach : 0, b = i + reach < count ? i + reach : count - 1;
        float best = in[(size_t)a * step];
        for (uint32_t k = a + 1; k <= b; k++) {
            float v = in[(size_t)k * step];
            if (sign * v > sign * best) best = v;
        }
        out[(size_t)i * step] = best;
    }
}

static void spread(tiles *t, float sign) {
    for (uint32_t y = 0; y < t->down; y++) {
        spread_line(t->value + (size_t)y * t->across, t->spare + (size_t)y * t->across, t->across, 1, t->reach, sign);
    }
    for (uint32_t x = 0; x < t->across; x++) {
        spread_line(t->spare + x, t->value + x, t->down, t->across, t->reach, sign);
    }
}

/* The mean of 3 x 3 tiles, then its reciprocal: what a pixel is to be multiplied with. */
static void finish_tiles(tiles *t) {
    memcpy(t->spare, t->value, (size_t)t->across * t->down * sizeof *t->value);
    for (uint32_t y = 0; y < t->down; y++) {
        for (uint32_t x = 0; x < t->across; x++) {
            float sum = 0, n = 0;
            for (uint32_t j = y > 0 ? y - 1 : 0; j <= y + 1 && j < t->down; j++) {
                for (uint32_t i = x > 0 ? x - 1 : 0; i <= x + 1 && i < t->across; i++) {
                    sum += t->spare[(size_t)j * t->across + i];
                    n += 1;
                }
            }
            float paper = sum / n;
            t->value[(size_t)y * t->across + x] = 255.0f / (paper > 16.0f ? paper : 16.0f);
        }
    }
}

/* Where pixels stand among the tiles' centres: the tile before each and how far it is on the way to the next. */
static uint32_t between(uint32_t at, uint32_t side, uint32_t count, float *share) {
    float u = ((float)at + 0.5f) / (float)side - 0.5f;
    uint32_t i = u > 0 ? (uint32_t)u : 0;
    *share = 0.0f;
    if (u <= 0 || count < 2) return 0;
    if (i + 1 >= count) i = count - 2;
    *share = u - (float)i < 1.0f ? u - (float)i : 1.0f;
    return i;
}

/* grey -> ink: 255 - grey * 255 / paper, the factor bilinear between the tiles' centres. shares: one float a column.
 * line: one float a tile of a row, and one more. */
static void divide(ink_plane *p, const tiles *t, float *shares, float *line) {
    for (uint32_t x = 0; x < p->width; x++) (void)between(x, t->side, t->across, &shares[x]);
    for (uint32_t y = 0; y < p->height; y++) {
        float v;
        const float *top = t->value + (size_t)between(y, t->side, t->down, &v) * t->across;
        const float *bottom = t->down > 1 ? top + t->across : top;
        uint8_t *row = p->at + (size_t)y * p->width;
        for (uint32_t i = 0; i < t->across; i++) line[i] = top[i] + v * (bottom[i] - top[i]);
        line[t->across] = line[t->across - 1];
        for (uint32_t x = 0; x < p->width;) {
            float unused;
            uint32_t i = between(x, t->side, t->across, &unused), end = (i + 1) * t->side + t->side / 2;
            if (end <= x) end = p->width;
            if (i + 2 >= t->across || end > p->width) end = p->width;
            float a = line[i], b = line[i + 1] - a;
            for (; x < end; x++) {
                float ink = 255.5f - (float)row[x] * (a + b * shares[x]);
                row[x] = (uint8_t)(ink > 0 ? ink : 0);
            }
        }
    }
}

static int compare_floats(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

void ink_floats_sort(float *values, size_t n) {
    qsort(values, n, sizeof *values, compare_floats);
}

/* The value that a quarter of them does not reach: ink may lie under half of the tiles. */
static float quarter_one(float *values, size_t n) {
    ink_floats_sort(values, n);
    return values[n / 4];
}

ink_status ink_plane_noise(const ink_plane *plane, ink_noise *out, ink_error *err) {
    tiles t;
    lay_tiles(plane, &t);
    *out = (ink_noise){.across = t.across / 6 < INK_BLOCKS ? t.across / 6 : INK_BLOCKS,
                       .down = t.down / 6 < INK_BLOCKS ? t.down / 6 : INK_BLOCKS};
    if (out->across == 0) out->across = 1;
    if (out->down == 0) out->down = 1;
    size_t most = (size_t)(t.across / out->across + 1) * (t.down / out->down + 1);
    float *spreads = ink_mem_new(2 * most + INK_BLOCKS * INK_BLOCKS, sizeof *spreads);
    if (spreads == NULL) return ink_fail_memory(err, 2 * most * sizeof *spreads, "the noise");
    float *middles = spreads + most, *all = middles + most;
    size_t n_all = 0;
    for (uint32_t by = 0; by < out->down; by++) {
        for (uint32_t bx = 0; bx < out->across; bx++) {
            size_t n = 0;
            /* Every second tile of a block, as on a chessboard, says enough. */
            for (uint32_t ty = by * t.down / out->down; ty < (by + 1) * t.down / out->down; ty++) {
                for (uint32_t tx = bx * t.across / out->across; tx < (bx + 1) * t.across / out->across; tx++) {
                    float q[3];
                    if ((tx + ty) % 2 == 1 && n > 0) continue;
                    quartiles(plane, tx * t.side, ty * t.side, t.side, q);
                    spreads[n] = q[2] - q[0];
                    middles[n++] = q[1];
                }
            }
            out->deviation[by][bx] = (quarter_one(spreads, n) + 0.5f) / 1.349f;
            out->base[by][bx] = quarter_one(middles, n);
            all[n_all++] = out->deviation[by][bx];
        }
    }
    ink_floats_sort(all, n_all);
    out->usual = all[n_all / 2];
    ink_mem_free(spreads);
    return INK_OK;
}

/* The block before a pixel, and how far the pixel is on the way to the next block's centre. */
static uint32_t block_before(uint32_t at, uint32_t length, uint32_t blocks, float *share) {
    float u = ((float)at + 0.5f) * (float)blocks / (float)length - 0.5f;
    uint32_t i = u > 0 ? (uint32_t)u : 0;
    *share = u > 0 && i + 1 < blocks ? u - (float)i : 0;
    return i < blocks ? i : blocks - 1;
}

float ink_noise_at(const ink_noise *noise, bool base, const ink_plane *plane, uint32_t x, uint32_t y) {
    const float(*map)[INK_BLOCKS] = base ? noise->base : noise->deviation;
    float u, v;
    uint32_t i = block_before(x, plane->width, noise->across, &u), j = block_before(y, plane->height, noise->down, &v);
    uint32_t k = u > 0 ? i + 1 : i, l = v > 0 ? j + 1 : j;
    float top = map[j][i] + u * (map[j][k] - map[j][i]), low = map[l][i] + u * (map[l][k] - map[l][i]);
    return top + v * (low - top);
}

ink_status ink_plane_flatten(ink_plane *plane, bool *light_ink, ink_error *err) {
    tiles t;
    lay_tiles(plane, &t);
    size_t n = (size_t)t.across * t.down, room = 2 * n + plane->width + t.across + 1;
    float *block = ink_mem_new(room, sizeof *block);
    if (block == NULL) return ink_fail_memory(err, room * sizeof *block, "the paper");
    t.value = block;
    t.spare = block + n;
    *light_ink = ink_is_light(plane, &t);
    if (*light_ink) {
        for (size_t i = 0; i < (size_t)plane->width * plane->height; i++) plane->at[i] = (uint8_t)(255 - plane->at[i]);
    }
    measure_tiles(plane, &t);
    spread(&t, 1);
    spread(&t, -1);
    finish_tiles(&t);
    divide(plane, &t, block + 2 * n, block + 2 * n + plane->width);
    ink_mem_free(block);
    return INK_OK;
}

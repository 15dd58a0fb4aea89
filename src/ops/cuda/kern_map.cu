/* ops/cuda/kern_map.cu: kernels that touch each element by itself: activations, sums of two values, dropout, layouts,
 * and the images on their way in: distorted, normalised. No sums over elements are here. */
#include "ops/cuda/kern.h"

#include "core/rng_both.h"
#include "ops/graph.h"

#define INVERSE_SQRT_2    0.70710678f
#define INVERSE_SQRT_2_PI 0.39894228f

/* The element of this thread in its block's turn, or count when there is none left. */
INK_DEVICE uint64_t element_of(unsigned t) {
    return (uint64_t)INK_X * INK_BLOCK + t;
}

INK_DEVICE float activate(int32_t kind, float slope, float x) {
    if (kind == INK_RELU) return x < 0.0f ? 0.0f : x;
    if (kind == INK_LEAKY_RELU) return x < 0.0f ? slope * x : x;
    if (kind == INK_SILU) return x / (1.0f + expf(-x));
    if (kind == INK_GELU) return 0.5f * x * erfcf(-x * INVERSE_SQRT_2);
    return x > 3.0f ? x : x < -3.0f ? 0.0f : x * (x + 3.0f) / 6.0f;
}

INK_DEVICE float activation_slope(int32_t kind, float slope, float x) {
    if (kind == INK_RELU) return x > 0.0f ? 1.0f : 0.0f;
    if (kind == INK_LEAKY_RELU) return x > 0.0f ? 1.0f : slope;
    if (kind == INK_SILU) {
        const float sigmoid = 1.0f / (1.0f + expf(-x));
        return sigmoid * (1.0f + x * (1.0f - sigmoid));
    }
    if (kind == INK_GELU) {
        return 0.5f * erfcf(-x * INVERSE_SQRT_2) + x * INVERSE_SQRT_2_PI * expf(-x * x * 0.5f);
    }
    return x > 3.0f ? 1.0f : x < -3.0f ? 0.0f : x / 3.0f + 0.5f;
}

/* Block `number` of Philox, as four unit floats: what every backend drops by. */
INK_DEVICE void units_of(uint64_t number, const ink_cuda_map *a, float units[4]) {
    const uint64_t step = a->now->step, seed = a->now->seed;
    const uint32_t counter[4] = {(uint32_t)number, a->key, (uint32_t)step,
                                 (uint32_t)(step >> 32) ^ ((uint32_t)INK_STREAM_DROPOUT << 24)};
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    uint32_t block[4];
    ink_both_philox(counter, key, block);
    INK_UNROLL
    for (uint32_t e = 0; e < 4; e++) units[e] = (float)(block[e] >> 8) * 0x1p-24f;
}

INK_DEVICE float dropped(const ink_cuda_map *a, float unit, float x) {
    return unit < a->rate ? 0.0f : x * (1.0f / (1.0f - a->rate));
}

/* Where element i of [n][map][c] lies in [n][c][map]. */
INK_DEVICE uint64_t channel_order(uint64_t i, uint32_t map, uint32_t c) {
    const uint64_t row = ink_over(i, c), image = ink_over(row, map);
    return (image * c + (uint32_t)(i - row * c)) * map + (uint32_t)(row - image * map);
}

/* Dropout, or another layout, of four elements that lie one after another in [n][c][map]: places of a channel, or the
 * channels of a map of one place. */
INK_DEVICE void map_four(const ink_cuda_map *a, uint64_t i) {
    uint64_t inner = 4 * i, outer = 4 * i, step = 1; /* in [n][c][map]; in [n][map][c] */
    if (a->map > 1) {
        const uint32_t quarter = a->map / 4;
        const uint64_t rest = ink_over(i, a->c), image = ink_over(rest, quarter);
        const uint32_t c = (uint32_t)(i - rest * a->c), place = 4 * (uint32_t)(rest - image * quarter);
        inner = (image * a->c + c) * a->map + place;
        outer = (image * a->map + place) * a->c + c;
        step = a->c;
    }
    float x[4], units[4];
    if (a->kind == INK_MAP_FLATTEN_DX) {
        ink_load4(x, a->x + inner);
    } else {
        INK_UNROLL
        for (uint32_t e = 0; e < 4; e++) x[e] = a->x[outer + e * step];
    }
    if (a->kind == INK_MAP_DROPOUT) {
        units_of(inner >> 2, a, units);
        INK_UNROLL
        for (uint32_t e = 0; e < 4; e++) x[e] = dropped(a, units[e], x[e]);
    }
    if (a->kind == INK_MAP_FLATTEN) {
        ink_put4(a->y, a->y_bf16, inner, x);
        return;
    }
    INK_UNROLL
    for (uint32_t e = 0; e < 4; e++) ink_put(a->y, a->y_bf16, outer + e * step, x[e]);
}

INK_KERNEL(map, ink_cuda_map) {
    INK_THREADS {
        const uint64_t i = element_of(t);
        if (a.four) {
            if (4 * i < a.count) map_four(&a, i);
            continue;
        }
        if (i >= a.count) continue;
        float y = 0.0f;
        if (a.kind == INK_MAP_ACTIVATION) {
            y = activate(a.activation, a.slope, a.x[i]);
        } else if (a.kind == INK_MAP_ACTIVATION_DX) {
            y = a.b[i] * activation_slope(a.activation, a.slope, a.x[i]);
        } else if (a.kind == INK_MAP_ADD) {
            y = a.x[i] + a.b[i];
            if (a.relu && y < 0.0f) y = 0.0f;
        } else if (a.kind == INK_MAP_DROPOUT) {
            const uint64_t number = channel_order(i, a.map, a.c);
            float units[4];
            units_of(number >> 2, &a, units);
            const uint32_t e = (uint32_t)number & 3u;
            y = dropped(&a, e == 0 ? units[0] : e == 1 ? units[1] : e == 2 ? units[2] : units[3], a.x[i]);
        } else if (a.kind == INK_MAP_MIX) {
            y = a.p * a.x[i] + a.q * a.b[i];
        } else {
            const uint64_t other = channel_order(i, a.map, a.c);
            if (a.kind == INK_MAP_FLATTEN) {
                ink_put(a.y, a.y_bf16, other, a.x[i]);
            } else {
                ink_put(a.y, a.y_bf16, i, a.x[other]);
            }
            continue;
        }
        ink_put(a.y, a.y_bf16, i, y);
    }
}

/* ---- distortion: the formula and the order of its roundings stand in core/warp.h ---- */

INK_DEVICE float between(float at, float from, float to) {
    return fmaf(at, to - from, from);
}

INK_DEVICE float grid_at(const ink_warp *w, int axis, uint32_t x, uint32_t y, uint32_t width, uint32_t height) {
    const uint32_t sx = (INK_WARP_GRID - 1) * x, sy = (INK_WARP_GRID - 1) * y, i = sx / width, j = sy / height;
    const float u = (float)(sx - i * width) / (float)width, v = (float)(sy - j * height) / (float)height;
    const float top = between(u, (float)w->grid[axis][j][i], (float)w->grid[axis][j][i + 1]);
    const float bottom = between(u, (float)w->grid[axis][j + 1][i], (float)w->grid[axis][j + 1][i + 1]);
    return between(v, top, bottom);
}

INK_DEVICE float pixel_at(const uint8_t *image, uint32_t height, uint32_t width, int32_t x, int32_t y) {
    if (x < 0 || y < 0 || x >= (int32_t)width || y >= (int32_t)height) return 0.0f;
    return (float)image[(uint32_t)y * width + (uint32_t)x];
}

INK_DEVICE float sample_at(const uint8_t *image, uint32_t height, uint32_t width, float sx, float sy) {
    if (!(sx > -1.0f && sx < (float)width && sy > -1.0f && sy < (float)height)) return 0.0f;
    const float left = floorf(sx), above = floorf(sy), s = sx - left;
    const int32_t x = (int32_t)left, y = (int32_t)above;
    const float top = between(s, pixel_at(image, height, width, x, y), pixel_at(image, height, width, x + 1, y));
    const float bottom =
        between(s, pixel_at(image, height, width, x, y + 1), pixel_at(image, height, width, x + 1, y + 1));
    return between(sy - above, top, bottom);
}

INK_DEVICE float distorted_at(const ink_warp *w, const uint8_t *image, uint32_t height, uint32_t width, uint32_t x,
                              uint32_t y) {
    const float centre_x = (float)(width - 1) / 2, centre_y = (float)(height - 1) / 2;
    const float px = (float)x - centre_x, py = (float)y - centre_y;
    float sx = fmaf(w->xx, px, fmaf(w->xy, py, w->x0 + centre_x));
    float sy = fmaf(w->yx, px, fmaf(w->yy, py, w->y0 + centre_y));
    if (w->elastic != 0.0f) {
        sx = fmaf(w->elastic, grid_at(w, 0, x, y, width, height), sx);
        sy = fmaf(w->elastic, grid_at(w, 1, x, y, width, height), sy);
    }
    const int32_t ix = (int32_t)x - w->erase_x, iy = (int32_t)y - w->erase_y;
    const bool erased = ix >= 0 && ix < w->erase_size && iy >= 0 && iy < w->erase_size;
    return erased ? 0.0f : sample_at(image, height, width, sx, sy);
}

/* Pixel i of all the step's images. */
INK_DEVICE float image_at(const ink_cuda_images *a, uint64_t i) {
    const uint32_t map = a->height * a->width, n = (uint32_t)ink_over(i, map);
    const uint32_t at = (uint32_t)(i - (uint64_t)n * map);
    uint64_t row = n, warp = n;
    if (a->ring != NULL) {
        row = ((const uint32_t *)(const void *)(ink_slot_of(a->ring, a->slot_bytes) + a->rows_at))[n];
        warp += ink_turn_of(a->ring) * a->most;
    }
    const uint8_t *image = a->pixels + row * map;
    if (a->warps == NULL) return (float)image[at];
    const uint32_t y = at / a->width, x = at - y * a->width;
    return distorted_at(&a->warps[warp], image, a->height, a->width, x, y);
}

INK_KERNEL(normalise, ink_cuda_normalise) {
    INK_THREADS {
        const uint64_t pixel = element_of(t);
        float y[4] = {0.0f, 0.0f, 0.0f, 0.0f};
        if (pixel >= (uint64_t)a.n * a.images.height * a.images.width) continue;
        const float x = image_at(&a.images, pixel);
        INK_UNROLL
        for (uint32_t c = 0; c < 3; c++) {
            if (c >= a.c) continue;
            y[c] = fmaf(x, a.scale[c], a.shift[c]);
            if (a.y != NULL) a.y[pixel * a.c + c] = y[c];
        }
        if (a.flat) {
            ink_put(NULL, a.y_bf16, pixel, y[0]);
        } else if (a.y_bf16 != NULL) { /* all 16 bytes of a pixel at once, the zeros too; floats in name only */
            const float octet[4] = {ink_bits_float(ink_bf16_pair(y[0], y[1])),
                                    ink_bits_float(ink_bf16_pair(y[2], y[3])), 0.0f, 0.0f};
            ink_store4((float *)(void *)a.y_bf16 + 4 * pixel, octet);
        }
    }
}

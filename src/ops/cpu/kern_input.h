/* ops/cpu/kern_input.h: the way into a net, included by each kern_<isa>.c after kern_vector.h: an image distorted as
 * core/warp.h states it, by the same operations in the same order, hence with equal bits. */
#ifndef INK_OPS_CPU_KERN_INPUT_H
#define INK_OPS_CPU_KERN_INPUT_H

#include <string.h>

#include "core/warp.h"
#include "ops/cpu/kernels.h"

#if LEARNS

#define WARP_SIDE 64              /* images of more pixels a side, and elastic warps, are read pixel by pixel */
#define WARP_LINE (WARP_SIDE + 3) /* a pixel of 0 before each line, two behind */

/* Where the pixels of a line come from: the first of four neighbours, and how far between them; then the four as bytes
 * of a word: top left and right, bottom left and right. Whole vectors. */
typedef struct warp_line {
    float across[WARP_SIDE], down[WARP_SIDE];
    int32_t at[WARP_SIDE], four[WARP_SIDE];
} warp_line;

/* The largest integer not above x, |x| < 2^31. */
INLINE vf vfloor(vf x, vi *whole) {
    vi cut = __builtin_convertvector(x, vi);
    *whole = cut + (vi)(__builtin_convertvector(cut, vf) > x);
    return __builtin_convertvector(*whole, vf);
}

INLINE vi vlanes(void) {
    vi lanes = {0};
    for (int j = 0; j < VL; j++) lanes[j] = j;
    return lanes;
}

/* Where line y is read: at, across, down. Pixels from outside lie at the last corner, where all four are 0. */
static void warp_find(const ink_warp *w, uint32_t height, uint32_t width, uint32_t y, warp_line *line) {
    const float centre_x = (float)(width - 1) / 2, centre_y = (float)(height - 1) / 2, py = (float)y - centre_y;
    const vf base_x = vfma(vset(w->xy), vset(py), vset(w->x0 + centre_x));
    const vf base_y = vfma(vset(w->yy), vset(py), vset(w->y0 + centre_y));
    const vf wide = vset((float)width), high = vset((float)height), before = vset(-1.0f);
    const int32_t stride = (int32_t)width + 3, corner = ((int32_t)height + 1) * stride + (int32_t)width + 1;
    vi x = vlanes();
    for (uint32_t i = 0; i < width; i += VL, x += VL) {
        vf px = __builtin_convertvector(x, vf) - vset(centre_x);
        vf sx = vfma(vset(w->xx), px, base_x), sy = vfma(vset(w->yx), px, base_y);
        vi inside = (vi)(sx > before) & (vi)(sx < wide) & (vi)(sy > before) & (vi)(sy < high);
        vi left, above;
        sx = vwhere(inside, sx);
        sy = vwhere(inside, sy);
        vstore(line->across + i, sx - vfloor(sx, &left));
        vstore(line->down + i, sy - vfloor(sy, &above));
        vi at = (above + 1) * stride + left + 1;
        at = (inside & at) | (~inside & corner);
        memcpy(line->at + i, &at, sizeof at);
    }
}

static void warp_read(const uint8_t *edged, uint32_t width, warp_line *line) {
    const size_t stride = width + 3;
    for (uint32_t x = 0; x < width; x++) {
        const uint8_t *top = edged + line->at[x], *bottom = top + stride;
        uint32_t four = top[0] | (uint32_t)top[1] << 8 | (uint32_t)bottom[0] << 16 | (uint32_t)bottom[1] << 24;
        line->four[x] = (int32_t)four;
    }
    for (uint32_t x = width; x % VL != 0; x++) line->four[x] = 0;
}

/* out: whole vectors */
static void warp_mix(const warp_line *line, uint32_t width, float *out) {
    for (uint32_t i = 0; i < width; i += VL) {
        vi four;
        memcpy(&four, line->four + i, sizeof four);
        vf s = vload(line->across + i), t = vload(line->down + i);
        vf top_left = __builtin_convertvector(four & 255, vf);
        vf top_right = __builtin_convertvector((four >> 8) & 255, vf);
        vf bottom_left = __builtin_convertvector((four >> 16) & 255, vf);
        vf bottom_right = __builtin_convertvector((four >> 24) & 255, vf);
        vf top = vfma(s, top_right - top_left, top_left);
        vf bottom = vfma(s, bottom_right - bottom_left, bottom_left);
        vstore(out + i, vfma(t, bottom - top, top));
    }
}

static void warp_erase(const ink_warp *w, int64_t width, int64_t y, float *out) {
    const int64_t end_x = (int64_t)w->erase_x + w->erase_size, end_y = (int64_t)w->erase_y + w->erase_size;
    if (y < w->erase_y || y >= end_y) return;
    for (int64_t x = w->erase_x > 0 ? w->erase_x : 0; x < end_x && x < width; x++) out[x] = 0.0f;
}

static void warp(const ink_warp *w, const uint8_t *image, uint32_t height, uint32_t width, float *out) {
    uint8_t edged[WARP_LINE * WARP_LINE];
    warp_line line;
    if (w->elastic != 0.0f || width > WARP_SIDE || height > WARP_SIDE) {
        ink_warp_apply(w, image, height, width, out);
        return;
    }
    const size_t stride = width + 3;
    memset(edged, 0, (height + 3) * stride);
    for (uint32_t y = 0; y < height; y++) memcpy(edged + (y + 1) * stride + 1, image + (size_t)y * width, width);
    for (uint32_t y = 0; y < height; y++, out += width) {
        float made[WARP_SIDE];
        warp_find(w, height, width, y, &line);
        warp_read(edged, width, &line);
        warp_mix(&line, width, made);
        warp_erase(w, width, y, made);
        memcpy(out, made, width * sizeof *out);
    }
}

static void rescale(float *x, float scale, float shift, size_t count) {
    size_t i = 0;
    for (; i + VL <= count; i += VL) vstore(x + i, vfma(vload(x + i), vset(scale), vset(shift)));
    for (; i < count; i++) x[i] = vfma(vset(x[i]), vset(scale), vset(shift))[0];
}

#endif

#define KERNELS_OF_INPUT .warp = LEARNING(warp), .rescale = LEARNING(rescale)

#endif

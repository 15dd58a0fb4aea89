/* core/warp.c: one image distorted, pixel by pixel, as core/warp.h states it.
 * Not fast: backends have their own. */
#include "core/warp.h"

#include <math.h>

const ink_warp ink_warp_none = {.xx = 1.0f, .yy = 1.0f};

#define CELLS (INK_WARP_GRID - 1)

static float lerp(float t, float a, float b) {
    return fmaf(t, b - a, a);
}

/* Where one output coordinate lies on the grid. */
typedef struct grid_place {
    uint32_t cell;
    float part;
} grid_place;

static grid_place place_on_grid(uint32_t x, uint32_t length) {
    uint32_t scaled = CELLS * x;
    return (grid_place){scaled / length, (float)(scaled % length) / (float)length};
}

static float grid_read(const int8_t grid[INK_WARP_GRID][INK_WARP_GRID], grid_place along, grid_place down) {
    const int8_t *top = grid[down.cell] + along.cell, *bottom = grid[down.cell + 1] + along.cell;
    return lerp(down.part, lerp(along.part, top[0], top[1]), lerp(along.part, bottom[0], bottom[1]));
}

static float pixel(const uint8_t *image, uint32_t height, uint32_t width, int32_t x, int32_t y) {
    if (x < 0 || y < 0 || x >= (int32_t)width || y >= (int32_t)height) return 0.0f;
    return image[(uint32_t)y * width + (uint32_t)x];
}

static float sample(const uint8_t *image, uint32_t height, uint32_t width, float sx, float sy) {
    /* Written so that NaN fails too: beyond these bounds all four neighbours are outside. */
    if (!(sx > -1.0f && sx < (float)width && sy > -1.0f && sy < (float)height)) return 0.0f;
    float left = floorf(sx), above = floorf(sy);
    int32_t x = (int32_t)left, y = (int32_t)above;
    float s = sx - left, t = sy - above;
    float top = lerp(s, pixel(image, height, width, x, y), pixel(image, height, width, x + 1, y));
    float bottom = lerp(s, pixel(image, height, width, x, y + 1), pixel(image, height, width, x + 1, y + 1));
    return lerp(t, top, bottom);
}

void ink_warp_apply(const ink_warp *warp, const uint8_t *image, uint32_t height, uint32_t width, float *out) {
    float centre_x = (float)(width - 1) / 2, centre_y = (float)(height - 1) / 2;
    int32_t end_x = warp->erase_x + warp->erase_size, end_y = warp->erase_y + warp->erase_size;
    for (uint32_t y = 0; y < height; y++) {
        float py = (float)y - centre_y;
        grid_place down = place_on_grid(y, height);
        for (uint32_t x = 0; x < width; x++) {
            float px = (float)x - centre_x;
            float sx = fmaf(warp->xx, px, fmaf(warp->xy, py, warp->x0 + centre_x));
            float sy = fmaf(warp->yx, px, fmaf(warp->yy, py, warp->y0 + centre_y));
            if (warp->elastic != 0.0f) {
                grid_place along = place_on_grid(x, width);
                sx = fmaf(warp->elastic, grid_read(warp->grid[0], along, down), sx);
                sy = fmaf(warp->elastic, grid_read(warp->grid[1], along, down), sy);
            }
            int32_t ix = (int32_t)x, iy = (int32_t)y;
            int erased = ix >= warp->erase_x && ix < end_x && iy >= warp->erase_y && iy < end_y;
            out[y * width + x] = erased ? 0.0f : sample(image, height, width, sx, sy);
        }
    }
}

/* core/warp.h: how one image is distorted: a plain block of numbers per image. data/augment.h makes them from (seed,
 * epoch, image); the warp node of ops/graph.h applies them; ink_warp_apply is the plain reading of the formula, by
 * which other code is judged and with which `data show --augment` draws. */
#ifndef INK_CORE_WARP_H
#define INK_CORE_WARP_H

#include <stdint.h>

#define INK_WARP_GRID 8 /* nodes of the elastic grid along each side */

/* Output pixel (x, y) of an image of W x H is read from the source at (sx, sy), in single precision, in this order:
 *
 *   px = x - (W - 1) / 2                          py = y - (H - 1) / 2          (from the centre; exact)
 *   i = 7 x / W,  u = (7 x mod W) / W             j = 7 y / H,  v = (7 y mod H) / H          (cell of the grid)
 *   e[a] = lerp(v, lerp(u, grid[a][j][i],   grid[a][j][i+1]),
 *                  lerp(u, grid[a][j+1][i], grid[a][j+1][i+1]))       a = 0: along x, 1: along y
 *   sx = fma(elastic, e[0], fma(xx, px, fma(xy, py, x0 + (W - 1) / 2)))
 *   sy = fma(elastic, e[1], fma(yx, px, fma(yy, py, y0 + (H - 1) / 2)))
 *
 * and is lerp(t, lerp(s, I[t0][s0], I[t0][s0+1]), lerp(s, I[t0+1][s0], I[t0+1][s0+1])) with s0 = floor(sx),
 * s = sx - s0, t0 = floor(sy), t = sy - t0, I = 0 outside the image, lerp(t, a, b) = fma(t, b - a, a). Then the pixels
 * erase_x <= x < erase_x + erase_size, erase_y <= y < erase_y + erase_size are 0.
 *
 * {.xx = 1, .yy = 1} changes nothing. elastic 0 leaves the grid out: then it need not be read. */
typedef struct ink_warp {
    float xx, xy, yx, yy, x0, y0;
    float elastic;            /* pixels per unit of grid; 0: no elastic part */
    int16_t erase_x, erase_y; /* may lie partly outside */
    int32_t erase_size;       /* side of the erased square in pixels; 0: none */
    int8_t grid[2][INK_WARP_GRID][INK_WARP_GRID];
} ink_warp;

/* Changes nothing. */
extern const ink_warp ink_warp_none;

/* out [height][width], 0..255, from image [height][width]. Must not overlap. A warp that is not finite reads as 0. */
void ink_warp_apply(const ink_warp *warp, const uint8_t *image, uint32_t height, uint32_t width, float *out);

#endif

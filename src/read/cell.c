/* read/cell.c: a piece of ink as the one picture of a digit that a net gets to see.
 * How the picture becomes 28 x 28 is data/normaliser.h's. */
#include <math.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "read/stages.h"

#define MARGIN      2u    /* paper around a patch */
#define SIDE_MOST   120u  /* a larger patch is made smaller by whole factors first */
#define THINNEST    0.06f /* of the longer side: MNIST's strokes are 0.1 of it */
#define WIDENED_TO  0.085f
#define THICKEST    0.17f
#define THINNED_TO  0.14f
#define TURNED_FROM 0.05f /* slope */

/* ---- the patch ---- */

/* Own pixels become OWN, those around them EDGE. */
enum { EDGE = 1, OWN = 2 };

static void paint_runs(const ink_pieces *pieces, const ink_piece *piece, uint32_t margin, const ink_plane *own) {
    for (int pass = EDGE; pass <= OWN; pass++) {
        size_t more = pass == EDGE ? 1 : 0; /* the margin has room for it */
        for (uint32_t i = 0; i < piece->runs; i++) {
            const ink_run *r = &pieces->run[piece->run + i];
            size_t y = (size_t)(r->y - piece->box.top) + margin,
                   x = (size_t)(r->from - piece->box.left) + margin - more;
            for (size_t row = y - more; row <= y + more; row++) {
                memset(own->at + row * own->width + x, pass, (size_t)(r->to - r->from) + 2 * more);
            }
        }
    }
}

/* The upper quartile of the ink under the runs. */
static uint8_t full_ink(const ink_plane *ink, const ink_pieces *pieces, const ink_piece *piece) {
    uint32_t counts[256] = {0}, seen = 0, v = 0;
    for (uint32_t i = 0; i < piece->runs; i++) {
        const ink_run *r = &pieces->run[piece->run + i];
        for (uint32_t x = r->from; x < r->to; x++) counts[ink->at[(size_t)r->y * ink->width + x]]++;
    }
    while (v < 255 && seen + counts[v] <= piece->area * 3 / 4) seen += counts[v++];
    return (uint8_t)v;
}

/* The grey of the piece and of the soft edge around it; ink of other pieces is left out. */
static void copy_grey(const ink_plane *ink, const ink_plane *mask, const ink_piece *piece, uint8_t full,
                      uint32_t margin, const ink_plane *own, const ink_plane *patch) {
    float low = 0.12f * full, factor = 255.0f / (0.85f * full - low);
    for (uint32_t y = 0; y < patch->height; y++) {
        int64_t py = (int64_t)piece->box.top + y - margin;
        if (py < 0 || py >= (int64_t)ink->height) continue;
        for (uint32_t x = 0; x < patch->width; x++) {
            int64_t px = (int64_t)piece->box.left + x - margin;
            if (px < 0 || px >= (int64_t)ink->width) continue;
            size_t from = (size_t)py * ink->width + (size_t)px, to = (size_t)y * patch->width + x;
            if (own->at[to] != OWN && (own->at[to] != EDGE || mask->at[from] != 0)) continue;
            float v = ((float)ink->at[from] - low) * factor + 0.5f;
            patch->at[to] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
        }
    }
}

/* In place: each pixel the mean of factor x factor. */
static void shrink(ink_plane *p, uint32_t factor) {
    uint32_t w = (p->width + factor - 1) / factor, h = (p->height + factor - 1) / factor;
    for (uint32_t y = 0; y < h; y++) {
        for (uint32_t x = 0; x < w; x++) {
            uint32_t sum = 0;
            for (uint32_t j = y * factor; j < (y + 1) * factor && j < p->height; j++) {
                for (uint32_t i = x * factor; i < (x + 1) * factor && i < p->width; i++) {
                    sum += p->at[(size_t)j * p->width + i];
                }
            }
            p->at[(size_t)y * w + x] = (uint8_t)(sum / (factor * factor)); /* never ahead of what is read */
        }
    }
    p->width = w;
    p->height = h;
}

/* ---- the stroke ---- */

typedef struct facts {
    float stroke, length, longer; /* pixels */
    float aspect;
    int holes;
} facts;

static bool is_ink(const ink_plane *p, int64_t x, int64_t y) {
    if (x < 0 || y < 0 || x >= (int64_t)p->width || y >= (int64_t)p->height) return false;
    return p->at[(size_t)y * p->width + (size_t)x] >= 128;
}

/* Fills the paper around (x, y) with marks; returns its area. stack: [width * height]. */
static uint32_t fill(const ink_plane *p, uint8_t *marks, uint32_t *stack, uint32_t start) {
    uint32_t n = 1, area = 0;
    stack[0] = start;
    marks[start] = 1;
    while (n > 0) {
        uint32_t at = stack[--n], x = at % p->width, y = at / p->width;
        const uint32_t next[4] = {at - 1, at + 1, at - p->width, at + p->width};
        const bool inside[4] = {x > 0, x + 1 < p->width, y > 0, y + 1 < p->height};
        area++;
        for (int k = 0; k < 4; k++) {
            if (!inside[k] || marks[next[k]] != 0 || p->at[next[k]] >= 128) continue;
            marks[next[k]] = 1;
            stack[n++] = next[k];
        }
    }
    return area;
}

static ink_status measure(const ink_plane *p, facts *out, ink_error *err) {
    uint32_t area = 0, edges = 0, n = p->width * p->height;
    int64_t left = p->width, right = 0, top = p->height, bottom = 0;
    uint32_t *stack = ink_mem_new(n, sizeof *stack);
    uint8_t *marks = ink_mem_new(n, 1);
    ink_status status = INK_OK;
    if (stack == NULL || marks == NULL) {
        status = ink_fail_memory(err, (uint64_t)n * 5, "a digit");
        goto done;
    }
    for (int64_t y = 0; y < p->height; y++) {
        for (int64_t x = 0; x < p->width; x++) {
            if (!is_ink(p, x, y)) continue;
            area++;
            edges +=
                (uint32_t)(!is_ink(p, x - 1, y) + !is_ink(p, x + 1, y) + !is_ink(p, x, y - 1) + !is_ink(p, x, y + 1));
            left = x < left ? x : left;
            right = x > right ? x : right;
            top = y < top ? y : top;
            bottom = y > bottom ? y : bottom;
        }
    }
    *out = (facts){0};
    if (area == 0) goto done;
    float w = (float)(right - left + 1), h = (float)(bottom - top + 1);
    out->longer = w > h ? w : h;
    out->aspect = w / h;
    /* Steps along pixel edges are 4 / pi times as long as the outline of a curve, on average. */
    out->stroke = 2.0f * (float)area / ((float)edges * 0.7854f);
    out->length = (float)area / out->stroke;
    fill(p, marks, stack, 0); /* the margin: outside */
    float least = 0.0012f * out->longer * out->longer > 2 ? 0.0012f * out->longer * out->longer : 2;
    for (uint32_t i = 0; i < n; i++) {
        if (marks[i] == 0 && p->at[i] < 128 && (float)fill(p, marks, stack, i) >= least) out->holes++;
    }
done:
    ink_mem_free(stack);
    ink_mem_free(marks);
    return status;
}

/* Grey dilation by a soft disc of the radius (Serra 1982); flip: erosion. The margin is wide enough. */
static void dilate(const ink_plane *in, float radius, uint8_t flip, const ink_plane *out) {
    int reach = (int)ceilf(radius);
    for (int64_t y = 0; y < in->height; y++) {
        for (int64_t x = 0; x < in->width; x++) {
            float best = 0;
            for (int dy = -reach; dy <= reach; dy++) {
                for (int dx = -reach; dx <= reach; dx++) {
                    int64_t sx = x + dx, sy = y + dy;
                    float share = radius + 1.0f - sqrtf((float)(dx * dx + dy * dy));
                    if (share <= 0 || sx < 0 || sy < 0 || sx >= in->width || sy >= in->height) continue;
                    uint8_t g = in->at[(size_t)sy * in->width + (size_t)sx] ^ flip;
                    float v = (share < 1 ? share : 1) * (float)g;
                    best = v > best ? v : best;
                }
            }
            out->at[(size_t)y * in->width + (size_t)x] = (uint8_t)((uint8_t)lroundf(best) ^ flip);
        }
    }
}

/* *patch becomes wider by reach on all sides. */
static ink_status pad(ink_plane *patch, uint32_t reach, ink_error *err) {
    ink_plane wide;
    ink_status status = ink_plane_new(patch->width + 2 * reach, patch->height + 2 * reach, &wide, err);
    if (status != INK_OK) return status;
    for (uint32_t y = 0; y < patch->height; y++) {
        memcpy(wide.at + (size_t)(y + reach) * wide.width + reach, patch->at + (size_t)y * patch->width, patch->width);
    }
    ink_plane_free(patch);
    *patch = wide;
    return INK_OK;
}

static ink_status bring_stroke(ink_plane *patch, const facts *f, ink_error *err) {
    float ratio = f->stroke / f->longer, radius = 0;
    if (ratio < THINNEST) radius = (WIDENED_TO * f->longer - f->stroke) / 2;
    if (ratio > THICKEST && f->length > f->longer) radius = (f->stroke - THINNED_TO * f->longer) / 2;
    if (radius < 0.3f) return INK_OK;
    if (radius > 8) radius = 8;
    ink_plane other;
    ink_status status = pad(patch, (uint32_t)ceilf(radius) + 1, err);
    if (status == INK_OK) status = ink_plane_new(patch->width, patch->height, &other, err);
    if (status != INK_OK) return status;
    dilate(patch, radius, ratio > THICKEST ? 255 : 0, &other);
    ink_plane_free(patch);
    *patch = other;
    return INK_OK;
}

/* ---- the slope ---- */

/* Turns the patch so that a line of writing with this slope is level; bilinear. */
static ink_status turn(ink_plane *patch, float slope, ink_error *err) {
    float c = 1.0f / sqrtf(1.0f + slope * slope), s = slope * c;
    float w = (float)patch->width, h = (float)patch->height;
    ink_plane out;
    ink_status status =
        ink_plane_new((uint32_t)(w + fabsf(slope) * h) + 1, (uint32_t)(h + fabsf(slope) * w) + 1, &out, err);
    if (status != INK_OK) return status;
    for (uint32_t y = 0; y < out.height; y++) {
        for (uint32_t x = 0; x < out.width; x++) {
            float dx = (float)x - (float)(out.width - 1) / 2, dy = (float)y - (float)(out.height - 1) / 2;
            float sx = c * dx - s * dy + (w - 1) / 2, sy = s * dx + c * dy + (h - 1) / 2;
            if (sx < 0 || sy < 0 || sx >= w - 1 || sy >= h - 1) continue;
            uint32_t ix = (uint32_t)sx, iy = (uint32_t)sy;
            float u = sx - (float)ix, v = sy - (float)iy;
            const uint8_t *p = patch->at + (size_t)iy * patch->width + ix;
            float top = p[0] + u * (float)(p[1] - p[0]);
            float low = p[patch->width] + u * (float)(p[patch->width + 1] - p[patch->width]);
            out.at[(size_t)y * out.width + x] = (uint8_t)(top + v * (low - top) + 0.5f);
        }
    }
    ink_plane_free(patch);
    *patch = out;
    return INK_OK;
}

ink_status ink_cell_make(const ink_plane *ink, const ink_plane *mask, const ink_pieces *pieces, uint32_t number,
                         float slope, ink_cell *out, ink_error *err) {
    const ink_piece *piece = &pieces->piece[number];
    uint32_t w = (uint32_t)(piece->box.right - piece->box.left), h = (uint32_t)(piece->box.bottom - piece->box.top);
    uint32_t factor = ((w > h ? w : h) + 2 * MARGIN + SIDE_MOST - 1) / SIDE_MOST;
    uint32_t margin = factor * MARGIN; /* so wide that it is there when the patch has been made smaller */
    ink_plane own = {0}, patch = {0};
    facts f = {0};
    uint8_t full = full_ink(ink, pieces, piece);
    *out = (ink_cell){.dark = full};
    ink_status status = ink_plane_new(w + 2 * margin, h + 2 * margin, &own, err);
    if (status == INK_OK) status = ink_plane_new(own.width, own.height, &patch, err);
    if (status != INK_OK) goto done;
    paint_runs(pieces, piece, margin, &own);
    copy_grey(ink, mask, piece, full > 0 ? full : 1, margin, &own, &patch);
    if (factor > 1) shrink(&patch, factor);
    status = measure(&patch, &f, err);
    if (status != INK_OK || f.longer <= 0) goto done;
    out->stroke = f.stroke / f.longer;
    out->length = f.length / f.longer;
    out->aspect = f.aspect;
    out->holes = f.holes;
    status = bring_stroke(&patch, &f, err);
    if (status == INK_OK && fabsf(slope) > TURNED_FROM) status = turn(&patch, slope, err);
    if (status == INK_OK) (void)ink_digit_normalise(patch.at, patch.width, patch.height, patch.width, out->image);
done:
    ink_plane_free(&own);
    ink_plane_free(&patch);
    return status;
}

bool ink_cell_plausible(const ink_cell *cell, int digit) {
    /* What digits of MNIST measure when they are written on pages, with a sixth more to either side: strokes as long as
     * so many longer sides, width over height, enclosed areas. */
    static const struct {
        float short_least, long_most, wide_most;
        int holes;
    } usual[10] = {{1.3f, 3.5f, 1.8f, 2}, {0.8f, 1.8f, 1.1f, 0}, {1.3f, 3.5f, 1.8f, 2}, {1.2f, 3.3f, 1.4f, 1},
                   {1.2f, 2.7f, 1.4f, 1}, {1.3f, 3.2f, 1.8f, 1}, {1.1f, 3.0f, 1.6f, 2}, {1.1f, 2.6f, 1.5f, 1},
                   {1.3f, 3.5f, 1.5f, 3}, {1.2f, 2.9f, 1.4f, 2}};
    if (cell->stroke <= 0 || cell->stroke > 0.40f || cell->aspect > usual[digit].wide_most) return false;
    if (cell->holes > usual[digit].holes) return false;
    return cell->length >= usual[digit].short_least && cell->length <= usual[digit].long_most;
}

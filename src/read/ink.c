/* read/ink.c: which pixels are ink, on a page that was made calm first.
 * Lines of the paper are still ink here: rules.c takes them out. */
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "read/stages.h"

#define SHARE_OF_DARKEST 0.42f /* half way would thin blurred strokes */
#define SHARE_IN_NOISE   0.20f /* on pages that had to be smoothed: junctions stand out more */
#define SHARE_OF_USUAL   0.20f /* paler than this share of the page's ink is no ink: rules, the back of the sheet */
#define NOISES           5.0f  /* smoothed noise that a stroke must exceed somewhere */
#define NOISES_LINKED    3.0f  /* and everywhere else */
#define LEAST            14.0f
#define LEAST_LINKED     10.0f
#define CLEAR            20.0f /* usual ink over noise: then nothing need be smoothed */
#define QUIET            4.0f  /* noise of a page without ink on which nothing can hide */
#define PASSES_MOST      8

/* out = in smoothed by 1 2 1 along both axes, edges repeated. sums: two rows of uint16_t. */
static void smooth(const ink_plane *in, uint8_t *out, uint16_t *across) {
    uint32_t w = in->width, h = in->height;
    for (uint32_t y = 0; y < h; y++) {
        const uint8_t *a = in->at + (size_t)(y > 0 ? y - 1 : 0) * w, *b = in->at + (size_t)y * w;
        const uint8_t *c = in->at + (size_t)(y + 1 < h ? y + 1 : y) * w;
        uint8_t *to = out + (size_t)y * w;
        for (uint32_t x = 0; x < w; x++) across[x + 1] = (uint16_t)(a[x] + 2 * b[x] + c[x]);
        across[0] = across[1];
        across[w + 1] = across[w];
        for (uint32_t x = 0; x < w; x++) {
            to[x] = (uint8_t)((across[x] + 2u * across[x + 1] + across[x + 2] + 8u) >> 4);
        }
    }
}

typedef struct grid {
    uint32_t side, across, down;
    uint8_t *most;   /* [down][across] the darkest of each tile */
    uint8_t *nearby; /* [down][across] the darkest of it and its neighbours */
} grid;

static void find_darkest(const uint8_t *ink, uint32_t width, uint32_t height, grid *g) {
    for (uint32_t y = 0; y < height; y++) {
        const uint8_t *row = ink + (size_t)y * width;
        uint8_t *most = g->most + (size_t)(y / g->side) * g->across;
        for (uint32_t tx = 0; tx < g->across; tx++) {
            uint32_t end = (tx + 1) * g->side < width ? (tx + 1) * g->side : width;
            uint8_t best = most[tx];
            for (uint32_t x = tx * g->side; x < end; x++) best = row[x] > best ? row[x] : best;
            most[tx] = best;
        }
    }
    for (uint32_t y = 0; y < g->down; y++) {
        for (uint32_t x = 0; x < g->across; x++) {
            uint8_t best = 0;
            for (uint32_t j = y > 0 ? y - 1 : 0; j <= y + 1 && j < g->down; j++) {
                for (uint32_t i = x > 0 ? x - 1 : 0; i <= x + 1 && i < g->across; i++) {
                    uint8_t v = g->most[(size_t)j * g->across + i];
                    best = v > best ? v : best;
                }
            }
            g->nearby[(size_t)y * g->across + x] = best;
        }
    }
}

/* Something of each tile at its middle pixel. */
static float tile_noise(const grid *g, const ink_noise *noise, bool base, const ink_plane *plane, uint32_t tx,
                        uint32_t ty) {
    return ink_noise_at(noise, base, plane, tx * g->side + g->side / 2, ty * g->side + g->side / 2);
}

static float least_of(float noise) {
    return NOISES * noise > LEAST ? NOISES * noise : LEAST;
}

/* The upper quartile of the tiles' darkest pixels, of those that stand out from the noise; 0: none does. */
static float usual_ink(const grid *g, const ink_noise *noise, const ink_plane *plane) {
    uint32_t counts[256] = {0}, n = 0, seen = 0, v = 0;
    for (uint32_t ty = 0; ty < g->down; ty++) {
        for (uint32_t tx = 0; tx < g->across; tx++) {
            float most = (float)g->most[(size_t)ty * g->across + tx] - tile_noise(g, noise, true, plane, tx, ty);
            if (most <= least_of(tile_noise(g, noise, false, plane, tx, ty))) continue;
            counts[(uint32_t)most]++;
            n++;
        }
    }
    if (n == 0) return 0;
    while (v < 255 && seen + counts[v] <= n * 3 / 4) seen += counts[v++];
    return (float)v;
}

/* Memory of one smoothing: a row, and the darkest of the tiles. */
static ink_status begin(const ink_plane *plane, grid *g, uint16_t **across, ink_error *err) {
    uint32_t longer = plane->width > plane->height ? plane->width : plane->height;
    *g = (grid){.side = longer / 64 > 4 ? longer / 64 : 4};
    g->across = (plane->width + g->side - 1) / g->side;
    g->down = (plane->height + g->side - 1) / g->side;
    size_t tiles = (size_t)g->across * g->down;
    *across = ink_mem_new((size_t)plane->width + 2, sizeof **across);
    g->most = ink_mem_new(tiles, 2);
    if (*across != NULL && g->most != NULL) {
        g->nearby = g->most + tiles;
        return INK_OK;
    }
    ink_mem_free(*across);
    ink_mem_free(g->most);
    return ink_fail_memory(err, 2 * tiles + 2 * (uint64_t)plane->width, "a threshold");
}

/* Takes what blank paper shows off every pixel. */
static void subtract_base(ink_plane *ink, const grid *g, const ink_noise *noise) {
    for (uint32_t y = 0; y < ink->height; y++) {
        uint8_t *row = ink->at + (size_t)y * ink->width;
        for (uint32_t tx = 0; tx < g->across; tx++) {
            uint32_t end = (tx + 1) * g->side < ink->width ? (tx + 1) * g->side : ink->width;
            uint8_t base = (uint8_t)ink_noise_at(noise, true, ink, tx * g->side + g->side / 2, y);
            for (uint32_t x = tx * g->side; x < end; x++) row[x] = row[x] > base ? (uint8_t)(row[x] - base) : 0;
        }
    }
}

bool ink_level_is_clear(const ink_level *level) {
    return level->usual >= CLEAR * level->noise.usual;
}

ink_status ink_plane_calm(ink_plane *ink, ink_level *out, ink_error *err) {
    grid g;
    uint16_t *across;
    ink_plane smoothed = {0};
    ink_status status = begin(ink, &g, &across, err);
    if (status != INK_OK) return status;
    status = ink_plane_new(ink->width, ink->height, &smoothed, err);
    for (int pass = 0; status == INK_OK; pass++) {
        smooth(ink, smoothed.at, across);
        status = ink_plane_noise(&smoothed, &out->noise, err);
        if (status != INK_OK) break;
        memset(g.most, 0, (size_t)g.across * g.down);
        find_darkest(smoothed.at, ink->width, ink->height, &g);
        out->usual = usual_ink(&g, &out->noise, ink);
        bool clear = out->usual > 0 ? ink_level_is_clear(out) : out->noise.usual < QUIET;
        if (clear || pass == PASSES_MOST) break;
        uint8_t *spare = ink->at;
        ink->at = smoothed.at;
        smoothed.at = spare;
    }
    if (status == INK_OK) subtract_base(ink, &g, &out->noise);
    ink_plane_free(&smoothed);
    ink_mem_free(across);
    ink_mem_free(g.most);
    return status;
}

/* What is darker than `strong` becomes ink, than `weak` perhaps ink, than the noise something faint. */
static void mark(const grid *g, const ink_level *level, ink_plane *mask) {
    bool clear = ink_level_is_clear(level);
    float share = clear ? SHARE_OF_DARKEST : SHARE_IN_NOISE;
    float usual = (clear ? SHARE_OF_USUAL : SHARE_OF_USUAL * 0.6f) * level->usual;
    for (uint32_t y = 0; y < mask->height; y++) {
        const uint8_t *nearby = g->nearby + (size_t)(y / g->side) * g->across;
        uint8_t *row = mask->at + (size_t)y * mask->width;
        for (uint32_t tx = 0; tx < g->across; tx++) {
            uint32_t end = (tx + 1) * g->side < mask->width ? (tx + 1) * g->side : mask->width;
            float weak = share * nearby[tx] > usual ? share * nearby[tx] : usual;
            float noise = tile_noise(g, &level->noise, false, mask, tx, y / g->side);
            float strong = weak > least_of(noise) ? weak : least_of(noise);
            float faint = NOISES_LINKED * noise > LEAST_LINKED ? NOISES_LINKED * noise : LEAST_LINKED;
            if (weak < faint) weak = faint;
            uint8_t low = weak < 255 ? (uint8_t)weak : 255, high = strong < 255 ? (uint8_t)strong : 255;
            uint8_t lowest = faint < 255 ? (uint8_t)faint : 255;
            for (uint32_t x = tx * g->side; x < end; x++) {
                uint8_t v = row[x];
                row[x] = v > high     ? INK_MASK_INK
                         : v > low    ? INK_MASK_MAYBE
                         : v > lowest ? INK_MASK_FAINT
                                      : INK_MASK_PAPER;
            }
        }
    }
}

ink_status ink_plane_threshold(const ink_plane *ink, const ink_level *level, ink_plane *mask, ink_error *err) {
    grid g;
    uint16_t *across;
    *mask = (ink_plane){0};
    ink_status status = begin(ink, &g, &across, err);
    if (status != INK_OK) return status;
    status = ink_plane_new(ink->width, ink->height, mask, err);
    if (status == INK_OK) {
        smooth(ink, mask->at, across);
        find_darkest(mask->at, ink->width, ink->height, &g);
        mark(&g, level, mask);
    }
    ink_mem_free(across);
    ink_mem_free(g.most);
    return status;
}

ink_status ink_mask_link(ink_plane *mask, ink_error *err) {
    uint32_t w = mask->width, h = mask->height;
    size_t marks = 0, n = 0, size = (size_t)w * h;
    for (size_t i = 0; i < size; i++) marks += mask->at[i] == INK_MASK_INK || mask->at[i] == INK_MASK_MAYBE;
    uint32_t *stack = ink_mem_new(marks + 1, sizeof *stack);
    if (stack == NULL) return ink_fail_memory(err, marks * sizeof *stack, "a threshold");
    for (size_t i = 0; i < size; i++) {
        if (mask->at[i] == INK_MASK_INK) stack[n++] = (uint32_t)i;
    }
    while (n > 0) {
        uint32_t at = stack[--n], x = at % w, y = at / w; /* NOLINT(clang-analyzer-core.DivideZero): at < w h */
        for (uint32_t j = y > 0 ? y - 1 : 0; j <= y + 1 && j < h; j++) {
            for (uint32_t i = x > 0 ? x - 1 : 0; i <= x + 1 && i < w; i++) {
                uint8_t *m = &mask->at[(size_t)j * w + i];
                if (*m != INK_MASK_MAYBE) continue;
                *m = INK_MASK_INK;
                stack[n++] = j * w + i;
            }
        }
    }
    for (size_t i = 0; i < size; i++) mask->at[i] = mask->at[i] == INK_MASK_INK;
    ink_mem_free(stack);
    return INK_OK;
}

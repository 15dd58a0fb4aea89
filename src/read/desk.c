/* read/desk.c: a sheet that lies on something darker: what is around it becomes paper.
 * Shade on the sheet itself is paper.c's business. */
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "read/stages.h"

#define CELL        8u    /* pixels a side */
#define LEAST_CELLS 25u   /* along each side of a picture that is looked at */
#define SHEET_LEAST 0.15f /* of the picture */
#define SHEET_MOST  0.97f
#define SHEET_FILLS 0.55f /* of its box: of a square turned by 15 degrees two thirds are filled */
#define STEP_LEAST  24    /* grey levels between sheet and desk */
#define STEP_SHARP  0.6f  /* of that step happens within three cells: shade is slower */
#define INK_DARKER  0.75f /* of the sheet's brightness: a sheet without such a pixel is no sheet, but a shape */
#define INK_LEAST   0.0003f
#define INK_MOST    0.25f /* more is the hole of a white 0 */

enum { SHEET, DESK, PAINTED }; /* what a cell is */

typedef struct grid {
    uint32_t across, down;
    uint8_t *mean;  /* [down][across] */
    uint8_t *at;    /* SHEET, DESK, PAINTED */
    uint32_t *next; /* a queue of cells */
} grid;

static void find_means(const ink_plane *plane, grid *g) {
    for (uint32_t y = 0; y < g->down; y++) {
        for (uint32_t x = 0; x < g->across; x++) {
            uint32_t sum = 0;
            for (uint32_t j = 0; j < CELL; j++) {
                const uint8_t *row = plane->at + (size_t)(y * CELL + j) * plane->width + x * CELL;
                for (uint32_t i = 0; i < CELL; i++) sum += row[i];
            }
            g->mean[y * g->across + x] = (uint8_t)(sum / (CELL * CELL));
        }
    }
}

/* The threshold that parts the means into two classes of greatest variance between them (Otsu 1979). */
static uint32_t find_threshold(const grid *g) {
    uint32_t count[256] = {0}, n = g->across * g->down, below = 0, best = 0;
    double all = 0, sum = 0, most = -1;
    for (uint32_t i = 0; i < n; i++) count[g->mean[i]]++;
    for (uint32_t v = 0; v < 256; v++) all += (double)v * count[v];
    for (uint32_t v = 0; v < 255; v++) {
        below += count[v];
        sum += (double)v * count[v];
        if (below == 0 || below == n) continue;
        double apart = sum / below - (all - sum) / (n - below), between = apart * apart * below * (n - below);
        if (between > most) {
            most = between;
            best = v + 1;
        }
    }
    return best;
}

/* From the queue's first n cells on, side by side, over all that are `from` and darker than `below` (256: any): those
 * become `to` and join the queue, whose length comes back. */
static uint32_t spread(grid *g, uint32_t n, uint8_t from, uint8_t to, uint32_t below) {
    for (uint32_t k = 0; k < n; k++) {
        uint32_t x = g->next[k] % g->across, y = g->next[k] / g->across;
        const uint32_t beside[4] = {g->next[k] - 1, g->next[k] + 1, g->next[k] - g->across, g->next[k] + g->across};
        const bool there[4] = {x > 0, x + 1 < g->across, y > 0, y + 1 < g->down};
        for (int d = 0; d < 4; d++) {
            if (!there[d] || g->at[beside[d]] != from || g->mean[beside[d]] >= below) continue;
            g->at[beside[d]] = to;
            g->next[n++] = beside[d];
        }
    }
    return n;
}

/* The desk: dark cells that a way through dark cells joins to the picture's edge. */
static uint32_t find_desk(grid *g, uint32_t threshold) {
    uint32_t n = 0;
    memset(g->at, SHEET, (size_t)g->across * g->down);
    for (uint32_t i = 0; i < g->across * g->down; i++) {
        uint32_t x = i % g->across, y = i / g->across;
        bool edge = x == 0 || y == 0 || x + 1 == g->across || y + 1 == g->down;
        if (!edge || g->mean[i] >= threshold) continue;
        g->at[i] = DESK;
        g->next[n++] = i;
    }
    return spread(g, n, SHEET, DESK, threshold);
}

/* Of what is not desk the largest part stays the sheet, the rest is desk. Returns its cells; box: around it. */
static uint32_t keep_largest(grid *g, ink_box *box) {
    enum { SEEN = 2, KEPT = 3 };
    uint32_t n = g->across * g->down, most = 0, first = 0;
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = round == 0 ? 0 : first; i < (round == 0 ? n : first + 1); i++) {
            if (g->at[i] != (round == 0 ? SHEET : SEEN)) continue;
            uint8_t from = g->at[i], to = round == 0 ? SEEN : KEPT;
            g->at[i] = to;
            g->next[0] = i;
            uint32_t size = spread(g, 1, from, to, 256);
            if (size > most) first = i;
            if (size > most) most = size;
        }
    }
    *box = (ink_box){(int32_t)g->across, (int32_t)g->down, 0, 0};
    for (uint32_t i = 0; i < n; i++) {
        int32_t x = (int32_t)(i % g->across), y = (int32_t)(i / g->across);
        bool kept = most > 0 && g->at[i] == KEPT;
        g->at[i] = kept ? SHEET : DESK;
        if (!kept) continue;
        if (x < box->left) box->left = x;
        if (x >= box->right) box->right = x + 1;
        if (y < box->top) box->top = y;
        if (y >= box->bottom) box->bottom = y + 1;
    }
    return most;
}

/* The middle one of the means at a place. */
static int32_t middle_of(const grid *g, uint8_t place) {
    uint32_t count[256] = {0}, n = 0, seen = 0;
    int32_t v = 0;
    for (uint32_t i = 0; i < g->across * g->down; i++) {
        if (g->at[i] != place) continue;
        count[g->mean[i]]++;
        n++;
    }
    while (v < 255 && (seen += count[v]) * 2 <= n) v++;
    return v;
}

/* The middle one of the steps across the sheet's edge, from the second cell inside to the second outside. */
static int32_t step_at_edge(const grid *g) {
    uint32_t count[512] = {0}, n = 0, seen = 0;
    int32_t v = 0;
    for (uint32_t y = 0; y < g->down; y++) {
        for (uint32_t x = 0; x < g->across; x++) {
            static const int32_t aside[4][2] = {{-1, 0}, {1, 0}, {0, -1}, {0, 1}};
            for (int d = 0; d < 4; d++) {
                int32_t dx = aside[d][0], dy = aside[d][1], left = (int32_t)x - dx, top = (int32_t)y - dy;
                int32_t right = (int32_t)x + 2 * dx, bottom = (int32_t)y + 2 * dy;
                if (left < 0 || top < 0 || right < 0 || bottom < 0 || left >= (int32_t)g->across ||
                    top >= (int32_t)g->down || right >= (int32_t)g->across || bottom >= (int32_t)g->down)
                    continue;
                uint32_t here = y * g->across + x, out = (uint32_t)((int32_t)here + dy * (int32_t)g->across + dx);
                uint32_t in = (uint32_t)top * g->across + (uint32_t)left;
                uint32_t far = (uint32_t)bottom * g->across + (uint32_t)right;
                if (g->at[here] != SHEET || g->at[out] != DESK || g->at[in] != SHEET || g->at[far] != DESK) continue;
                count[256 + g->mean[in] - g->mean[far]]++;
                n++;
            }
        }
    }
    while (v < 511 && (seen += count[v]) * 2 <= n) v++;
    return n > 0 ? v - 256 : 0;
}

/* Is there writing on the sheet, away from its edge? */
static bool has_ink(const ink_plane *plane, const grid *g, int32_t bright) {
    uint32_t dark = 0, all = 0, below = (uint32_t)(INK_DARKER * (float)bright);
    for (uint32_t y = 1; y + 1 < g->down; y++) {
        for (uint32_t x = 1; x + 1 < g->across; x++) {
            const uint8_t *at = g->at + y * g->across + x;
            if (at[0] != SHEET || at[-1] != SHEET || at[1] != SHEET || *(at - g->across) != SHEET ||
                at[g->across] != SHEET)
                continue;
            for (uint32_t j = 0; j < CELL; j++) {
                const uint8_t *row = plane->at + (size_t)(y * CELL + j) * plane->width + x * CELL;
                for (uint32_t i = 0; i < CELL; i++) dark += row[i] < below;
            }
            all += CELL * CELL;
        }
    }
    return all > 0 && (float)dark > INK_LEAST * (float)all && (float)dark < INK_MOST * (float)all;
}

static bool is_sheet(const ink_plane *plane, grid *g) {
    ink_box box;
    uint32_t n = g->across * g->down;
    if (find_desk(g, find_threshold(g)) == 0) return false;
    float cells = (float)keep_largest(g, &box);
    if (cells < SHEET_LEAST * (float)n || cells > SHEET_MOST * (float)n) return false;
    if (cells < SHEET_FILLS * (float)(box.right - box.left) * (float)(box.bottom - box.top)) return false;
    int32_t bright = middle_of(g, SHEET), step = bright - middle_of(g, DESK);
    return step >= STEP_LEAST && (float)step_at_edge(g) >= STEP_SHARP * (float)step && has_ink(plane, g, bright);
}

/* One cell more all round, so that nothing of the sheet's edge is left. */
static void widen(grid *g) {
    uint32_t n = 0, cells = g->across * g->down;
    for (uint32_t i = 0; i < cells; i++) {
        if (g->at[i] == DESK) g->next[n++] = i;
    }
    for (uint32_t k = 0; k < n; k++) {
        uint32_t x = g->next[k] % g->across, y = g->next[k] / g->across;
        for (uint32_t b = y > 0 ? y - 1 : 0; b <= y + 1 && b < g->down; b++) {
            for (uint32_t a = x > 0 ? x - 1 : 0; a <= x + 1 && a < g->across; a++) g->at[b * g->across + a] = DESK;
        }
    }
}

/* The paper's brightness at a cell of the sheet: the greatest of the means around it, so that writing is left out. */
static uint8_t paper_at(const grid *g, uint32_t x, uint32_t y) {
    uint8_t most = g->mean[y * g->across + x];
    for (uint32_t b = y > 0 ? y - 1 : 0; b <= y + 1 && b < g->down; b++) {
        for (uint32_t a = x > 0 ? x - 1 : 0; a <= x + 1 && a < g->across; a++) {
            uint32_t i = b * g->across + a;
            if (g->at[i] == SHEET && g->mean[i] > most) most = g->mean[i];
        }
    }
    return most;
}

/* A cell, the last ones with what is left of the picture beside them. */
static void fill_cell(ink_plane *plane, const grid *g, uint32_t cell, uint8_t value) {
    uint32_t x = cell % g->across, y = cell / g->across;
    uint32_t right = x + 1 == g->across ? plane->width : (x + 1) * CELL;
    uint32_t bottom = y + 1 == g->down ? plane->height : (y + 1) * CELL;
    for (uint32_t j = y * CELL; j < bottom; j++) {
        memset(plane->at + (size_t)j * plane->width + (size_t)x * CELL, value, right - x * CELL);
    }
}

/* The desk becomes as bright as the nearest paper: ring by ring, outwards. */
static void paint(ink_plane *plane, grid *g) {
    uint32_t n = 0, cells = g->across * g->down;
    for (uint32_t i = 0; i < cells; i++) {
        if (g->at[i] == SHEET) g->next[n++] = i;
    }
    for (uint32_t k = 0, known = n; k < n; k++) {
        uint32_t x = g->next[k] % g->across, y = g->next[k] / g->across, from = g->next[k];
        const uint32_t beside[4] = {from - 1, from + 1, from - g->across, from + g->across};
        const bool there[4] = {x > 0, x + 1 < g->across, y > 0, y + 1 < g->down};
        uint8_t paper = k < known ? paper_at(g, x, y) : g->mean[from];
        for (int d = 0; d < 4; d++) {
            if (!there[d] || g->at[beside[d]] != DESK) continue;
            g->at[beside[d]] = PAINTED;
            g->mean[beside[d]] = paper;
            fill_cell(plane, g, beside[d], paper);
            g->next[n++] = beside[d];
        }
    }
}

ink_status ink_plane_clear_desk(ink_plane *plane, bool *cleared, ink_error *err) {
    grid g = {.across = plane->width / CELL, .down = plane->height / CELL};
    *cleared = false;
    if (g.across < LEAST_CELLS || g.down < LEAST_CELLS) return INK_OK;
    size_t cells = (size_t)g.across * g.down;
    g.mean = ink_mem_new(cells, 1);
    g.at = ink_mem_new(cells, 1);
    g.next = ink_mem_new(cells, sizeof *g.next);
    ink_status status = INK_OK;
    if (g.mean == NULL || g.at == NULL || g.next == NULL) {
        status = ink_fail_memory(err, cells * (2 + sizeof *g.next), "a sheet's edge");
    } else {
        find_means(plane, &g);
        *cleared = is_sheet(plane, &g);
        if (*cleared) {
            widen(&g);
            paint(plane, &g);
        }
    }
    ink_mem_free(g.mean);
    ink_mem_free(g.at);
    ink_mem_free(g.next);
    return status;
}

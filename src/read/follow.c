/* read/follow.c: long thin straight marks, followed from row to row, and taken out of a page.
 * Which of them are rules, rules.c and lattice.c say. */
#include "read/follow.h"

#include <math.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"

#define SLOPE_MOST 0.30f /* 15 degrees, and what perspective adds */
#define STRAY      1.6f  /* pixels that the next point may lie off */

static void transpose(const ink_plane *in, ink_plane *out) {
    const uint32_t side = 32;
    for (uint32_t by = 0; by < in->height; by += side) {
        for (uint32_t bx = 0; bx < in->width; bx += side) {
            uint32_t y1 = by + side < in->height ? by + side : in->height;
            uint32_t x1 = bx + side < in->width ? bx + side : in->width;
            for (uint32_t x = bx; x < x1; x++) {
                for (uint32_t y = by; y < y1; y++)
                    out->at[(size_t)x * in->height + y] = in->at[(size_t)y * in->width + x];
            }
        }
    }
}

static bool keep_done(ink_follower *f, const ink_chain *c) {
    if (f->n_done == f->room_done) {
        uint32_t room = f->room_done == 0 ? 64 : 2 * f->room_done;
        ink_chain *more = ink_mem_resize(f->done, room, sizeof *more);
        if (more == NULL) return false;
        f->done = more;
        f->room_done = room;
    }
    f->done[f->n_done++] = *c;
    return true;
}

/* Ends the chains that found no point for too long, and puts the others where they expect the next. */
static bool expect(ink_follower *f, uint32_t row) {
    uint32_t kept = 0, width = f->plane.width, least = f->least;
    memset(f->slot, 0xff, width * sizeof *f->slot);
    for (uint32_t i = 0; i < f->n_open; i++) {
        ink_chain c = f->open[i];
        uint32_t gap = row - f->points[c.last].row, length = f->points[c.last].row - c.first_row;
        float at = c.at + c.slope * (float)gap;
        bool inside = at >= 0 && at < (float)width;
        if (gap > f->gap_most || gap > 4 + length || !inside) {
            if (length >= least && !keep_done(f, &c)) return false;
            continue;
        }
        uint32_t slot = f->slot[(uint32_t)at];
        if (slot != INK_NO_POINT) { /* two came together: the longer one goes on */
            if (f->open[slot].points >= c.points) continue;
            f->open[slot] = c;
            continue;
        }
        f->slot[(uint32_t)at] = kept;
        f->open[kept++] = c;
    }
    f->n_open = kept;
    return true;
}

static uint32_t nearest_open(const ink_follower *f, float at, uint32_t row) {
    uint32_t best = INK_NO_POINT;
    float best_off = STRAY;
    int64_t from = (int64_t)at - 2, to = (int64_t)at + 2;
    for (int64_t x = from < 0 ? 0 : from; x <= to && x < (int64_t)f->plane.width; x++) {
        uint32_t i = f->slot[x];
        if (i == INK_NO_POINT || f->points[f->open[i].last].row == row) continue;
        const ink_chain *c = &f->open[i];
        float off = fabsf(c->at + c->slope * (float)(row - f->points[c->last].row) - at);
        if (off <= best_off) {
            best_off = off;
            best = i;
        }
    }
    return best;
}

static bool add_point(ink_follower *f, uint32_t row, uint32_t from, uint32_t to) {
    bool pale = f->plane.at[(size_t)row * f->plane.width + (from + to) / 2] == INK_MASK_FAINT;
    if (f->n_points == f->room_points) {
        uint32_t room = f->room_points == 0 ? 4096 : 2 * f->room_points;
        ink_point *more = ink_mem_resize(f->points, room, sizeof *more);
        if (more == NULL) return false;
        f->points = more;
        f->room_points = room;
    }
    float at = (float)(from + to) / 2;
    uint32_t open = nearest_open(f, at, row), number = f->n_points++;
    f->points[number] = (ink_point){.at = at, .row = row, .before = INK_NO_POINT, .thick = (uint16_t)(to - from)};
    if (open == INK_NO_POINT) {
        if (f->n_open == f->plane.width) return true; /* as many as can be told apart */
        f->open[f->n_open++] =
            (ink_chain){.last = number, .first_row = row, .points = 1, .pale = pale, .at = at, .thick = to - from};
        return true;
    }
    ink_chain *c = &f->open[open];
    float gap = (float)(row - f->points[c->last].row), expected = c->at + c->slope * gap, off = at - expected;
    /* A g-h filter (Benedict & Bordner 1962) whose gains fall as the chain grows. */
    float g = c->points < 8 ? 0.5f : 0.25f, h = c->points < 8 ? 0.12f : c->points < 40 ? 0.03f : 0.006f;
    f->points[number].before = c->last;
    c->last = number;
    c->at = expected + g * off;
    c->slope += h * off / gap;
    if (c->slope > SLOPE_MOST) c->slope = SLOPE_MOST;
    if (c->slope < -SLOPE_MOST) c->slope = -SLOPE_MOST;
    c->points++;
    c->pale += pale;
    c->thick += to - from;
    return true;
}

/* The first x or later one whose mark is not 0; width: there is none. Eight at a time over paper. */
static uint32_t next_mark(const uint8_t *line, uint32_t x, uint32_t width) {
    uint64_t eight = 0;
    while (x + 8 <= width) {
        memcpy(&eight, line + x, 8);
        if (eight != 0) break;
        x += 8;
    }
    while (x < width && line[x] == 0) x++;
    return x;
}

static bool follow(ink_follower *f) {
    for (uint32_t row = 0; row < f->plane.height; row++) {
        const uint8_t *line = f->plane.at + (size_t)row * f->plane.width;
        if (!expect(f, row)) return false;
        for (uint32_t x = 0; x < f->plane.width;) {
            uint32_t from = next_mark(line, x, f->plane.width), to = from + 1;
            if (from == f->plane.width) break;
            while (to < f->plane.width && line[to] != 0) to++;
            if (to - from <= f->thick_most && !add_point(f, row, from, to)) return false;
            x = to;
        }
    }
    for (uint32_t i = 0; i < f->n_open; i++) {
        const ink_chain *c = &f->open[i];
        if (f->points[c->last].row - c->first_row >= f->least && !keep_done(f, c)) return false;
    }
    return true;
}

static size_t place_of(const ink_sheet *s, uint32_t row, uint32_t x) {
    return s->turned ? (size_t)x * s->mask->width + row : (size_t)row * s->mask->width + x;
}

/* The usual darkness of a rule: the middle one of its points. */
static uint8_t darkness_of(const ink_follower *f, const ink_chain *c, const ink_sheet *s) {
    uint32_t counts[256] = {0}, seen = 0, v = 0;
    for (uint32_t k = c->last; k != INK_NO_POINT && f->points[k].row >= c->first_row; k = f->points[k].before) {
        const ink_point *p = &f->points[k];
        uint32_t x = (uint32_t)p->at;
        uint8_t a = s->ink->at[place_of(s, p->row, x)],
                b = f->is_printed && x > 0 ? s->ink->at[place_of(s, p->row, x - 1)] : 0;
        counts[a > b ? a : b]++;
    }
    while (v < 255 && seen + counts[v] <= c->points / 2) seen += counts[v++];
    return (uint8_t)v;
}

/* Takes the rule out of one row, where it passes at `at`, unless thicker or darker ink lies there. */
static void erase_at(const ink_follower *f, const ink_sheet *s, uint32_t row, float at, uint32_t thick,
                     uint8_t darkest) {
    uint32_t width = f->plane.width, x = at > 0 ? (uint32_t)at : 0, from, to;
    const uint8_t *line = f->plane.at + (size_t)row * width;
    if (x >= width) return;
    if (line[x] == 0 && x > 0 && line[x - 1] != 0) x--;
    if (line[x] == 0 && x + 1 < width && line[x + 1] != 0) x++;
    if (line[x] == 0) return;
    for (from = x; from > 0 && line[from - 1] != 0 && x - from <= thick; from--) {
    }
    for (to = x + 1; to < width && line[to] != 0 && to - x <= thick + 1; to++) {
    }
    if (to - from > thick) return;
    for (uint32_t k = from; k < to; k++) {
        if (s->ink->at[place_of(s, row, k)] > darkest) return;
    }
    for (uint32_t k = from; k < to; k++) {
        s->mask->at[place_of(s, row, k)] = 0;
        s->ink->at[place_of(s, row, k)] = 0;
    }
    if (from > 0) s->ink->at[place_of(s, row, from - 1)] = 0;
    if (to < width) s->ink->at[place_of(s, row, to)] = 0;
}

void ink_follower_erase(const ink_follower *f, const ink_chain *c, const ink_sheet *s, const ink_level *level,
                        float aside, uint32_t from, uint32_t to) {
    uint8_t usual = darkness_of(f, c, s);
    float more = 0.4f * usual > 4 * level->noise.usual ? 0.4f * usual : 4 * level->noise.usual;
    float most = (float)usual + (more > 20 ? more : 20);
    uint8_t darkest = most < 255 ? (uint8_t)most : 255;
    uint32_t thick = (uint32_t)(c->thick / c->points + 2.5);
    const ink_point *last = &f->points[c->last], *first = last;
    while (first->before != INK_NO_POINT) first = &f->points[first->before];
    float slope = last->row > first->row ? (last->at - first->at) / (float)(last->row - first->row) : 0;
    if (to >= f->plane.height) to = f->plane.height - 1;
    for (uint32_t row = from; row < first->row && row <= to; row++) {
        erase_at(f, s, row, first->at + aside - slope * (float)(first->row - row), thick, darkest);
    }
    for (uint32_t row = last->row + 1; row <= to; row++) {
        erase_at(f, s, row, last->at + aside + slope * (float)(row - last->row), thick, darkest);
    }
    uint32_t after_row = last->row + 1;
    float after_at = last->at;
    for (uint32_t k = c->last; k != INK_NO_POINT; k = f->points[k].before) {
        const ink_point *p = &f->points[k];
        for (uint32_t row = p->row > from ? p->row : from; row < after_row && row <= to; row++) {
            float share = (float)(row - p->row) / (float)(after_row - p->row);
            erase_at(f, s, row, p->at + aside + share * (after_at - p->at), thick, darkest);
        }
        after_row = p->row;
        after_at = p->at;
    }
}

/* Whether no ink lies on the edge of the square of half side `reach` around a pixel of the follower. */
static bool is_alone(const ink_follower *f, const ink_sheet *s, int64_t row, int64_t x, int64_t reach) {
    for (int64_t k = -reach; k <= reach; k++) {
        const int64_t edge[4][2] = {
            {row - reach, x + k}, {row + reach, x + k}, {row + k, x - reach}, {row + k, x + reach}};
        for (int i = 0; i < 4; i++) {
            if (edge[i][0] < 0 || edge[i][1] < 0 || edge[i][0] >= (int64_t)f->plane.height ||
                edge[i][1] >= (int64_t)f->plane.width) {
                continue;
            }
            uint8_t mark = s->mask->at[place_of(s, (uint32_t)edge[i][0], (uint32_t)edge[i][1])];
            if (mark != 0 && mark != INK_MASK_FAINT) return false;
        }
    }
    return true;
}

static void clear_square(const ink_follower *f, const ink_sheet *s, int64_t row, int64_t x, int64_t reach) {
    int64_t y1 = row + reach < (int64_t)f->plane.height ? row + reach : (int64_t)f->plane.height - 1;
    int64_t x1 = x + reach < (int64_t)f->plane.width ? x + reach : (int64_t)f->plane.width - 1;
    for (int64_t j = row > reach ? row - reach : 0; j <= y1; j++) {
        for (int64_t i = x > reach ? x - reach : 0; i <= x1; i++) {
            s->mask->at[place_of(s, (uint32_t)j, (uint32_t)i)] = 0;
            s->ink->at[place_of(s, (uint32_t)j, (uint32_t)i)] = 0;
        }
    }
}

void ink_follower_sweep(const ink_follower *f, const ink_chain *c, const ink_sheet *s) {
    int64_t thick = (int64_t)(c->thick / c->points + 1.5);
    for (uint32_t k = c->last; k != INK_NO_POINT && f->points[k].row >= c->first_row; k = f->points[k].before) {
        const ink_point *p = &f->points[k];
        uint32_t until = p->row + 1;
        float slope = 0;
        if (p->before != INK_NO_POINT) {
            const ink_point *q = &f->points[p->before];
            slope = (p->at - q->at) / (float)(p->row - q->row);
        }
        for (uint32_t row = p->before != INK_NO_POINT ? f->points[p->before].row + 1 : p->row; row < until; row++) {
            int64_t at = (int64_t)(p->at + slope * ((float)row - (float)p->row));
            for (int64_t x = at - thick; x <= at + thick; x++) {
                if (x < 0 || x >= (int64_t)f->plane.width || s->mask->at[place_of(s, row, (uint32_t)x)] == 0) continue;
                for (int64_t reach = thick + 3; reach <= thick + 9; reach += 3) {
                    if (!is_alone(f, s, row, x, reach)) continue;
                    clear_square(f, s, row, x, reach - 1);
                    break;
                }
            }
        }
    }
}

ink_status ink_follower_run(const ink_sheet *s, ink_follower *f, ink_error *err) {
    f->plane = *s->mask;
    if (s->turned) {
        ink_status status = ink_plane_new(s->mask->height, s->mask->width, &f->plane, err);
        if (status != INK_OK) return status;
        transpose(s->mask, &f->plane);
    }
    f->open = ink_mem_new(f->plane.width, sizeof *f->open);
    f->slot = ink_mem_new(f->plane.width, sizeof *f->slot);
    if (f->open == NULL || f->slot == NULL || !follow(f)) {
        return ink_fail_memory(err, (uint64_t)f->room_points * 2 * sizeof *f->points, "rules");
    }
    return INK_OK;
}

void ink_follower_free(const ink_sheet *s, ink_follower *f) {
    ink_mem_free(f->points);
    ink_mem_free(f->open);
    ink_mem_free(f->done);
    ink_mem_free(f->slot);
    if (s->turned && f->plane.at != s->mask->at) ink_plane_free(&f->plane);
    *f = (ink_follower){0};
}

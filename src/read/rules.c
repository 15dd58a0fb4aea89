/* read/rules.c: the lines of ruled and squared paper, followed from end to end and taken out.
 * A digit's own strokes are too short to be taken for one. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "read/stages.h"

#define SLOPE_MOST 0.30f /* 15 degrees, and what perspective adds */
#define STRAY      1.6f  /* pixels that the next point may lie off */
#define NONE       UINT32_MAX
#define FAINT      3 /* mark of what is too pale for ink (ink.c) */

/* A rule is followed along its length, from row to row of a plane in which it stands upright: level rules are followed
 * in the transposed plane. A point is where it crosses a row. */
typedef struct point {
    float at;
    uint32_t row, before; /* before: the chain's point in an earlier row; NONE */
    uint16_t thick;
} point;

typedef struct chain {
    uint32_t last, first_row, points, pale; /* last: its newest point; pale: points too faint for ink */
    float at, slope;                        /* smoothed */
    double thick;                           /* sum */
} chain;

typedef struct follower {
    ink_plane plane; /* borrowed or transposed */
    uint32_t thick_most, gap_most;
    point *points;
    uint32_t n_points, room_points;
    chain *open, *done; /* [width] each; done: long enough to be looked at */
    uint32_t n_open, n_done, room_done;
    uint32_t *slot; /* [width] the open chain that expects its next point there */
} follower;

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

static bool keep_done(follower *f, const chain *c) {
    if (f->n_done == f->room_done) {
        uint32_t room = f->room_done == 0 ? 64 : 2 * f->room_done;
        chain *more = ink_mem_resize(f->done, room, sizeof *more);
        if (more == NULL) return false;
        f->done = more;
        f->room_done = room;
    }
    f->done[f->n_done++] = *c;
    return true;
}

/* Ends the chains that found no point for too long, and puts the others where they expect the next. */
static bool expect(follower *f, uint32_t row) {
    uint32_t kept = 0, width = f->plane.width, least = f->plane.height / 4;
    memset(f->slot, 0xff, width * sizeof *f->slot);
    for (uint32_t i = 0; i < f->n_open; i++) {
        chain c = f->open[i];
        uint32_t gap = row - f->points[c.last].row, length = f->points[c.last].row - c.first_row;
        float at = c.at + c.slope * (float)gap;
        bool inside = at >= 0 && at < (float)width;
        if (gap > f->gap_most || gap > 4 + length || !inside) {
            if (length >= least && !keep_done(f, &c)) return false;
            continue;
        }
        uint32_t slot = f->slot[(uint32_t)at];
        if (slot != NONE) { /* two came together: the longer one goes on */
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

static uint32_t nearest_open(const follower *f, float at, uint32_t row) {
    uint32_t best = NONE;
    float best_off = STRAY;
    int64_t from = (int64_t)at - 2, to = (int64_t)at + 2;
    for (int64_t x = from < 0 ? 0 : from; x <= to && x < (int64_t)f->plane.width; x++) {
        uint32_t i = f->slot[x];
        if (i == NONE || f->points[f->open[i].last].row == row) continue;
        const chain *c = &f->open[i];
        float off = fabsf(c->at + c->slope * (float)(row - f->points[c->last].row) - at);
        if (off <= best_off) {
            best_off = off;
            best = i;
        }
    }
    return best;
}

static bool add_point(follower *f, uint32_t row, uint32_t from, uint32_t to) {
    bool pale = f->plane.at[(size_t)row * f->plane.width + (from + to) / 2] == FAINT;
    if (f->n_points == f->room_points) {
        uint32_t room = f->room_points == 0 ? 4096 : 2 * f->room_points;
        point *more = ink_mem_resize(f->points, room, sizeof *more);
        if (more == NULL) return false;
        f->points = more;
        f->room_points = room;
    }
    float at = (float)(from + to) / 2;
    uint32_t open = nearest_open(f, at, row), number = f->n_points++;
    f->points[number] = (point){.at = at, .row = row, .before = NONE, .thick = (uint16_t)(to - from)};
    if (open == NONE) {
        if (f->n_open == f->plane.width) return true; /* as many as can be told apart */
        f->open[f->n_open++] =
            (chain){.last = number, .first_row = row, .points = 1, .pale = pale, .at = at, .thick = to - from};
        return true;
    }
    chain *c = &f->open[open];
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

static bool follow(follower *f) {
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
        const chain *c = &f->open[i];
        if (f->points[c->last].row - c->first_row >= f->plane.height / 4 && !keep_done(f, c)) return false;
    }
    return true;
}

/* Where in the mask and the ink the follower's pixel lies. */
typedef struct paper_sheet {
    ink_plane *ink, *mask;
    bool turned; /* the follower's plane is the transposed one */
} paper_sheet;

static size_t place_of(const paper_sheet *s, uint32_t row, uint32_t x) {
    return s->turned ? (size_t)x * s->mask->width + row : (size_t)row * s->mask->width + x;
}

/* The usual darkness of a rule: the middle one of its points. */
static uint8_t darkness_of(const follower *f, const chain *c, const paper_sheet *s) {
    uint32_t counts[256] = {0}, seen = 0, v = 0;
    for (uint32_t k = c->last; k != NONE; k = f->points[k].before) {
        counts[s->ink->at[place_of(s, f->points[k].row, (uint32_t)f->points[k].at)]]++;
    }
    while (v < 255 && seen + counts[v] <= c->points / 2) seen += counts[v++];
    return (uint8_t)v;
}

/* Takes the rule out of one row, where it passes at `at`, unless thicker or darker ink lies there. */
static void erase_at(const follower *f, const paper_sheet *s, uint32_t row, float at, uint32_t thick, uint8_t darkest) {
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

static void erase(const follower *f, const chain *c, const paper_sheet *s, const ink_level *level) {
    uint8_t usual = darkness_of(f, c, s);
    float more = 0.4f * usual > 4 * level->noise.usual ? 0.4f * usual : 4 * level->noise.usual;
    float most = (float)usual + (more > 20 ? more : 20);
    uint8_t darkest = most < 255 ? (uint8_t)most : 255;
    uint32_t thick = (uint32_t)(c->thick / c->points + 2.5);
    uint32_t after_row = f->points[c->last].row + 1;
    float after_at = f->points[c->last].at;
    for (uint32_t k = c->last; k != NONE; k = f->points[k].before) {
        const point *p = &f->points[k];
        for (uint32_t row = p->row; row < after_row; row++) {
            float share = (float)(row - p->row) / (float)(after_row - p->row);
            erase_at(f, s, row, p->at + share * (after_at - p->at), thick, darkest);
        }
        after_row = p->row;
        after_at = p->at;
    }
}

static bool is_thin(const follower *f, const chain *c) {
    double length = f->points[c->last].row - c->first_row + 1;
    /* Feet of digits stand in line too, but are not pale. */
    double least = c->pale >= 0.7 * c->points ? 0.2 : 0.4;
    return c->points >= least * length && c->thick / c->points <= length / 30;
}

/* Long enough to be a rule by itself; three or more shorter ones make each other likely. */
static bool is_long(const follower *f, const chain *c) {
    uint32_t last = f->points[c->last].row, height = f->plane.height, margin = height / 16;
    uint32_t length = last - c->first_row + 1;
    if (f->gap_most < 16) return length >= height - height / 5; /* a small drawing: a 1 may be half as long */
    return length >= height * 3 / 5 || (length >= height / 3 && (c->first_row < margin || last + margin > height));
}

typedef struct slope_of {
    float slope;
    uint32_t length;
} slope_of;

static int compare_slopes(const void *a, const void *b) {
    float x = ((const slope_of *)a)->slope, y = ((const slope_of *)b)->slope;
    return x < y ? -1 : x > y;
}

static ink_status take_out(follower *f, const paper_sheet *s, const ink_level *level, float *slope, uint32_t *count,
                           ink_error *err) {
    uint32_t possible = 0, taken = 0, total = 0;
    slope_of *slopes = ink_mem_new((size_t)f->n_done + 1, sizeof *slopes);
    if (slopes == NULL) return ink_fail_memory(err, f->n_done * sizeof *slopes, "rules");
    for (uint32_t i = 0; i < f->n_done; i++) possible += is_thin(f, &f->done[i]);
    for (uint32_t i = 0; i < f->n_done; i++) {
        const chain *c = &f->done[i];
        if (!is_thin(f, c) || (!is_long(f, c) && (possible < 3 || f->gap_most < 16))) continue;
        const point *last = &f->points[c->last], *first = last;
        while (first->before != NONE) first = &f->points[first->before];
        uint32_t length = last->row - first->row;
        slopes[taken++] = (slope_of){(last->at - first->at) / (float)(length > 0 ? length : 1), length};
        total += length;
        erase(f, c, s, level);
        f->done[taken - 1] = *c; /* never ahead of what is read */
    }
    f->n_done = taken;
    qsort(slopes, taken, sizeof *slopes, compare_slopes);
    uint32_t seen = 0, i = 0;
    while (i + 1 < taken && seen + slopes[i].length < total / 2) seen += slopes[i++].length;
    *slope = taken > 0 ? slopes[i].slope : 0;
    *count += taken;
    ink_mem_free(slopes);
    return INK_OK;
}

/* Whether no ink lies on the edge of the square of half side `reach` around a pixel of the follower. */
static bool is_alone(const follower *f, const paper_sheet *s, int64_t row, int64_t x, int64_t reach) {
    for (int64_t k = -reach; k <= reach; k++) {
        const int64_t edge[4][2] = {
            {row - reach, x + k}, {row + reach, x + k}, {row + k, x - reach}, {row + k, x + reach}};
        for (int i = 0; i < 4; i++) {
            if (edge[i][0] < 0 || edge[i][1] < 0 || edge[i][0] >= (int64_t)f->plane.height ||
                edge[i][1] >= (int64_t)f->plane.width) {
                continue;
            }
            uint8_t mark = s->mask->at[place_of(s, (uint32_t)edge[i][0], (uint32_t)edge[i][1])];
            if (mark != 0 && mark != FAINT) return false;
        }
    }
    return true;
}

static void clear_square(const follower *f, const paper_sheet *s, int64_t row, int64_t x, int64_t reach) {
    int64_t y1 = row + reach < (int64_t)f->plane.height ? row + reach : (int64_t)f->plane.height - 1;
    int64_t x1 = x + reach < (int64_t)f->plane.width ? x + reach : (int64_t)f->plane.width - 1;
    for (int64_t j = row > reach ? row - reach : 0; j <= y1; j++) {
        for (int64_t i = x > reach ? x - reach : 0; i <= x1; i++) {
            s->mask->at[place_of(s, (uint32_t)j, (uint32_t)i)] = 0;
            s->ink->at[place_of(s, (uint32_t)j, (uint32_t)i)] = 0;
        }
    }
}

/* What is left on the way of a rule and stands alone there, smaller than any digit, was its own: knots where rules
 * cross, dashes. */
static void sweep(const follower *f, const chain *c, const paper_sheet *s) {
    int64_t thick = (int64_t)(c->thick / c->points + 1.5);
    for (uint32_t k = c->last; k != NONE; k = f->points[k].before) {
        const point *p = &f->points[k];
        uint32_t until = p->row + 1;
        float slope = 0;
        if (p->before != NONE) {
            const point *q = &f->points[p->before];
            slope = (p->at - q->at) / (float)(p->row - q->row);
        }
        for (uint32_t row = p->before != NONE ? f->points[p->before].row + 1 : p->row; row < until; row++) {
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

static int compare_floats(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

/* The middle one of the distances between neighbouring rules of one kind, half way along them; 0: they are too few to
 * say. */
static ink_status find_pitch(const follower *f, float *pitch, ink_error *err) {
    uint32_t n = f->n_done;
    *pitch = 0;
    if (n < 5) return INK_OK;
    float *at = ink_mem_new(n, sizeof *at);
    if (at == NULL) return ink_fail_memory(err, n * sizeof *at, "rules");
    for (uint32_t i = 0; i < n; i++) {
        const point *last = &f->points[f->done[i].last];
        at[i] = last->at + f->done[i].slope * ((float)f->plane.height / 2 - (float)last->row);
    }
    qsort(at, n, sizeof *at, compare_floats);
    for (uint32_t i = 0; i + 1 < n; i++) at[i] = at[i + 1] - at[i];
    qsort(at, n - 1, sizeof *at, compare_floats);
    *pitch = at[(n - 1) / 2];
    ink_mem_free(at);
    return INK_OK;
}

static void follower_free(follower *f, ink_plane *turned) {
    ink_mem_free(f->points);
    ink_mem_free(f->open);
    ink_mem_free(f->done);
    ink_mem_free(f->slot);
    ink_plane_free(turned);
}

/* Follows and takes out the rules of one kind; those taken stay in f->done for the sweep. */
static ink_status remove_kind(const paper_sheet *s, const ink_level *level, follower *f, ink_plane *turned,
                              float *slope, uint32_t *count, ink_error *err) {
    uint32_t longer = s->mask->width > s->mask->height ? s->mask->width : s->mask->height;
    f->plane = *s->mask;
    f->thick_most = longer / 120 > 3 ? longer / 120 : 3;
    f->gap_most = longer / 40;
    if (s->turned) {
        ink_status status = ink_plane_new(s->mask->height, s->mask->width, turned, err);
        if (status != INK_OK) return status;
        transpose(s->mask, turned);
        f->plane = *turned;
    }
    f->open = ink_mem_new(f->plane.width, sizeof *f->open);
    f->slot = ink_mem_new(f->plane.width, sizeof *f->slot);
    if (f->open == NULL || f->slot == NULL || !follow(f)) {
        return ink_fail_memory(err, (uint64_t)f->room_points * 2 * sizeof *f->points, "rules");
    }
    return take_out(f, s, level, slope, count, err);
}

ink_status ink_rules_remove(ink_plane *ink, ink_plane *mask, const ink_level *level, ink_rules *out, ink_error *err) {
    float upright_slope = 0, down_pitch = 0, across_pitch = 0;
    uint32_t n_level = 0, n_upright = 0;
    ink_plane turned = {0}, none = {0};
    follower across = {0}, down = {0};
    const paper_sheet level_sheet = {ink, mask, true}, upright_sheet = {ink, mask, false};
    *out = (ink_rules){0};
    ink_status status = remove_kind(&level_sheet, level, &across, &turned, &out->slope, &n_level, err);
    if (status == INK_OK) status = remove_kind(&upright_sheet, level, &down, &none, &upright_slope, &n_upright, err);
    if (status == INK_OK) status = find_pitch(&across, &across_pitch, err);
    if (status == INK_OK) status = find_pitch(&down, &down_pitch, err);
    if (status == INK_OK) {
        for (uint32_t i = 0; i < across.n_done; i++) sweep(&across, &across.done[i], &level_sheet);
        for (uint32_t i = 0; i < down.n_done; i++) sweep(&down, &down.done[i], &upright_sheet);
        out->count = n_level + n_upright;
        out->square = across_pitch < down_pitch ? across_pitch : down_pitch;
        if (n_level == 0 && n_upright > 0) out->slope = -upright_slope;
    }
    follower_free(&across, &turned);
    follower_free(&down, &none);
    return status;
}

/* read/lattice.c: takes rows of boxes that adjoin, combs and tables out whole: level and upright lines that hold
 * each other. Lines that run out of the picture are rules.c's business, single boxes frames.c's. */
#include <math.h>
#include <stdlib.h>

#include "core/mem.h"
#include "core/status.h"
#include "read/follow.h"

#define BARS_MOST   4096u /* more straight strokes are hatching */
#define LINES_MOST  512u  /* level ones that may hold something */
#define HELD_MOST   128u  /* upright ones on one line */
#define HIDDEN_MOST 2u    /* of these, side by side, under digits */
#define GHOSTS_MOST 256u  /* of these on a page */
#define CELLS_MOST  16384u
#define DENSE       8u    /* points by which a line is told from noise beyond its end */
#define BELOW_MOST  48u   /* lines among which the lower one of a row is looked for */
#define OUT_MOST    3u    /* lines that run out of the picture: more are of ruled or squared paper */
#define SQUARED     24u   /* so many lines both ways are squared paper */
#define ASKEW       0.08f /* how far from a right angle lines meet */
#define UNEVEN      0.10f /* of a cell's width: how far from its place a side may stand */
#define MANY        0.7f  /* share of sides that must be seen */
#define CROOKED     0.02f /* of its length, how far a line may leave the straight */

/* A straight line of either kind; in its follower's terms, from row to row. */
typedef struct bar {
    ink_chain chain;
    float from, to, at, slope, thick; /* at: where it is in row `from` */
    uint32_t held;                    /* upright: lines that it reaches */
    float first, last;                /* between which rows it holds or is held */
    float aside;                      /* of a hidden one: how far from its neighbour, which this is a copy of */
    bool is_taken;
} bar;

typedef struct bars {
    bar *at;
    uint32_t n;
    uint32_t out; /* of these: long ones that run out of the picture */
} bars;

/* A level line and the upright ones on it, from left to right. */
typedef struct line {
    bar *bar;
    bar *held[HELD_MOST];
    uint32_t n;
    bool is_tabled;
} line;

typedef struct lattice {
    bars level, upright;
    line *lines; /* from the top */
    uint32_t n;
    float width; /* of the picture */
    float slack; /* how much longer than its field a line may have been followed */
    bar *ghosts;
    uint32_t n_ghosts;
    ink_form *form; /* gets the cells */
    ink_status status;
    ink_error *err;
} lattice;

static float at_of(const bar *b, float row) {
    return b->at + b->slope * (row - b->from);
}

/* Where an upright line meets a level one. */
static void meet(const bar *level, const bar *upright, float *x, float *y) {
    *y = at_of(level, upright->at);
    *x = at_of(upright, *y);
    *y = at_of(level, *x);
}

/* How near ends must come: what two lines' thickness hides. */
static float near_of(const bar *level, const bar *upright) {
    return 4 + level->thick + upright->thick;
}

static bool reaches(const bar *level, const bar *upright) {
    float x, y, near = near_of(level, upright);
    if (fabsf(level->slope + upright->slope) > ASKEW) return false;
    meet(level, upright, &x, &y);
    return x > level->from - near && x < level->to + near && y > upright->from - near && y < upright->to + near;
}

/* ---- straight lines ---- */

static bool is_straight(const ink_follower *f, const bar *b) {
    float most = 2 + CROOKED * (b->to - b->from);
    uint32_t off = 0;
    for (uint32_t k = b->chain.last; k != INK_NO_POINT; k = f->points[k].before) {
        off +=
            f->points[k].row >= b->chain.first_row && fabsf(f->points[k].at - at_of(b, (float)f->points[k].row)) > most;
    }
    return off * 20 <= b->chain.points;
}

/* The chain between its first and last DENSE points that follow each other closely: noise leads on beyond the ends of
 * lines. False when there are none. */
static bool trim(const ink_follower *f, const ink_chain *c, bar *out) {
    uint32_t behind = c->last, lag = 0, points = 0;
    const ink_point *first = NULL, *last = NULL;
    *out = (bar){.chain = *c};
    for (uint32_t k = c->last; k != INK_NO_POINT; k = f->points[k].before, points++) {
        const ink_point *p = &f->points[k];
        if (lag++ < DENSE) continue;
        if (f->points[behind].row - p->row <= 2 * DENSE) {
            if (last == NULL) {
                last = &f->points[behind];
                out->chain.last = behind;
                points = DENSE;
            }
            first = p;
            out->chain.points = points + 1;
        }
        behind = f->points[behind].before;
    }
    if (first == NULL) return false;
    out->chain.first_row = first->row;
    out->from = (float)first->row;
    out->to = (float)last->row;
    out->at = first->at;
    out->slope = (last->at - first->at) / (out->to - out->from);
    out->thick = (float)(c->thick / c->points);
    out->chain.thick = (double)out->thick * out->chain.points;
    return true;
}

/* What was followed and is straight, and of its length at most this share thick; *out stays empty on a page full of
 * it. */
static ink_status find_bars(const ink_follower *f, float thick_most, bars *out, ink_error *err) {
    float margin = (float)(f->plane.width > f->plane.height ? f->plane.width : f->plane.height) / 100;
    *out = (bars){0};
    if (f->n_done > BARS_MOST) return INK_OK;
    out->at = ink_mem_new((size_t)f->n_done + 1, sizeof *out->at);
    if (out->at == NULL) return ink_fail_memory(err, f->n_done * sizeof *out->at, "lines of a form");
    for (uint32_t i = 0; i < f->n_done; i++) {
        bar *b = &out->at[out->n];
        if (!trim(f, &f->done[i], b)) continue;
        float length = b->to - b->from;
        if (length < (float)f->least || (float)b->chain.points < 0.5f * length) continue;
        if (b->thick > thick_most * length + 3 || !is_straight(f, b)) continue;
        out->out += length > 12 * margin && (b->from < margin || b->to > (float)f->plane.height - margin);
        out->n++;
    }
    return INK_OK;
}

/* Bars of one array; equal ones as they stand in it, for qsort's order differs from libc to libc. */
static int compare(const bar *x, const bar *y) {
    if (x->at < y->at || x->at > y->at) return x->at < y->at ? -1 : 1;
    return (x > y) - (x < y);
}

static int compare_bars(const void *a, const void *b) {
    const bar *const *x = a, *const *y = b;
    return compare(*x, *y);
}

static int compare_lines(const void *a, const void *b) {
    const line *x = a, *y = b;
    return compare(x->bar, y->bar);
}

/* ---- what holds ---- */

/* Does a line end where its outermost upright ones stand, inside the picture? At either end one may be hidden, at the
 * pitch of the others; 0: none may. */
static bool is_framed(const lattice *t, const bar *l, float left, float right, float pitch) {
    float before = left - l->from, after = l->to - right, near = 4 + 2 * l->thick, off = 2 * UNEVEN * pitch;
    if (l->from < 3 || l->to > t->width - 4 || before < -near || after < -near) return false;
    return (before < t->slack || fabsf(before - pitch) < off) && (after < t->slack || fabsf(after - pitch) < off);
}

/* The level lines that end at upright ones. */
static void find_lines(lattice *t) {
    for (uint32_t i = 0; i < t->level.n && t->n < LINES_MOST; i++) {
        line *l = &t->lines[t->n];
        *l = (line){.bar = &t->level.at[i]};
        for (uint32_t k = 0; k < t->upright.n && l->n < HELD_MOST; k++) {
            if (reaches(l->bar, &t->upright.at[k])) l->held[l->n++] = &t->upright.at[k];
        }
        qsort(l->held, l->n, sizeof(bar *), compare_bars);
        if (l->n < 2) continue;
        float left, right, y;
        meet(l->bar, l->held[0], &left, &y);
        meet(l->bar, l->held[l->n - 1], &right, &y);
        /* A third of it may be wanting: where its ends are is looked at when the pitch is known. */
        t->n += right - left > (l->bar->to - l->bar->from) * 2 / 3;
    }
    qsort(t->lines, t->n, sizeof *t->lines, compare_lines);
}

/* Tells the upright lines how many level ones they reach, from where to where. */
static void count_held(const lattice *t) {
    for (uint32_t i = 0; i < t->n; i++) {
        const line *l = &t->lines[i];
        for (uint32_t k = 0; k < l->n; k++) {
            bar *u = l->held[k];
            float x, y;
            meet(l->bar, u, &x, &y);
            if (u->held++ == 0) u->first = y;
            u->last = y; /* lines are in order from the top, nearly */
        }
    }
}

/* Does an upright line stand between the outermost of its lines? Others may have come near its ends. */
static bool is_held(const bar *u) {
    float far = 0.5f * (u->last - u->first);
    return u->held > 1 && u->first - u->from < far && u->to - u->last < far;
}

/* Upright lines of one row, from left to right, and where they meet its line. */
typedef struct row {
    const bar *upper, *lower; /* what they stand between; upper NULL: a comb */
    bar *bar[HELD_MOST];
    float x[HELD_MOST], left, right; /* left, right: where they end, once taken */
    uint32_t n, hidden_most;
} row;

static void add_to_row(row *r, bar *upright) {
    float y;
    meet(r->lower, upright, &r->x[r->n], &y);
    r->bar[r->n++] = upright;
}

/* Notes that an upright line is hidden beside this one: a digit runs along it. */
static void add_ghost(lattice *t, const bar *like, float aside) {
    if (t->n_ghosts == GHOSTS_MOST) return;
    bar *g = &t->ghosts[t->n_ghosts++];
    *g = *like;
    g->aside = aside;
    g->first -= like->slope * aside;
    g->last -= like->slope * aside;
}

static void add_cell(lattice *t, const row *r, float left, float right) {
    float bottom = at_of(r->lower, right),
          top = r->upper != NULL ? at_of(r->upper, right) : bottom - 2 * (right - left);
    const ink_box box = {(int32_t)left, (int32_t)top, (int32_t)right, (int32_t)bottom};
    if (t->status != INK_OK || right - left <= 8 || t->form->n >= CELLS_MOST) return;
    t->status = ink_form_add(t->form, &box, t->err);
}

/* How many follow each other at this pitch, from `start` on, rightward or leftward; two in a row may be hidden, unless
 * others of the row are sure. take: those, and the hidden ones, are taken. */
static uint32_t walk(lattice *t, const row *r, uint32_t start, bool leftward, float pitch, bool take) {
    uint32_t found = 1, before = start, hidden = 0, k = start;
    r->bar[start]->is_taken = r->bar[start]->is_taken || take;
    while (hidden <= r->hidden_most) {
        if (leftward ? k == 0 : k + 1 == r->n) break;
        uint32_t next = leftward ? k - 1 : k + 1;
        float gone = r->x[next] - r->x[before], off = fabsf(gone) - pitch * (float)(hidden + 1);
        if (off > UNEVEN * pitch) {
            hidden++;
            continue;
        }
        k = next;
        if (off < -UNEVEN * pitch) continue;
        found++;
        gone /= (float)(hidden + 1);
        for (uint32_t h = 0; take && h <= hidden; h++) {
            float x = r->x[before] + gone * (float)h;
            if (h > 0) add_ghost(t, r->bar[before], gone * (float)h);
            if (start == 0) add_cell(t, r, x, x + gone);
        }
        r->bar[k]->is_taken = r->bar[k]->is_taken || take;
        before = k;
        hidden = 0;
    }
    if (take && start == 0 && r->x[r->n - 1] > r->x[before] + 8) add_cell(t, r, r->x[before], r->x[before] + pitch);
    return found;
}

/* Takes what stands at even distances from end to end; false when nothing does. Boxes with gaps between have two sides
 * at each distance. */
static bool take_even(lattice *t, row *r) {
    uint32_t best = 0, end = r->n - 1;
    float pitch = 0, whole = r->x[end] - r->x[0];
    for (uint32_t i = 0; i < 12; i++) { /* from the first three to the four after each */
        uint32_t from = i / 4, to = from + 1 + i % 4;
        float tried = to < r->n ? r->x[to] - r->x[from] : 0;
        if (tried < 8 || whole < 1.5f * tried) continue;
        uint32_t found = walk(t, r, 0, false, tried, false) + walk(t, r, end, true, tried, false);
        if (!is_framed(t, r->lower, r->x[0], r->x[end], tried)) continue;
        if (found <= best || (float)found < 2 * MANY * (floorf(whole / tried + UNEVEN) + 1)) continue;
        best = found;
        pitch = tried;
    }
    if (best < 6) return false;
    walk(t, r, 0, false, pitch, true);
    walk(t, r, end, true, pitch, true);
    r->left = r->x[0];
    r->right = r->x[end];
    if (r->left - r->lower->from >= t->slack) {
        add_ghost(t, r->bar[0], -pitch);
        add_cell(t, r, r->left - pitch, r->left);
        r->left -= pitch;
    }
    if (r->lower->to - r->right >= t->slack) {
        add_ghost(t, r->bar[end], pitch);
        add_cell(t, r, r->right, r->right + pitch);
        r->right += pitch;
    }
    for (uint32_t i = 1; i < 4 && i < end; i++) {
        if (r->bar[i]->is_taken || r->x[i] - r->x[0] > pitch) continue;
        float found = (float)walk(t, r, i, false, pitch, false);
        if (found > 2 && found >= MANY * whole / pitch) walk(t, r, i, false, pitch, true);
    }
    return true;
}

/* ---- all ---- */

static void take_level(bar *b, float from, float to) {
    b->first = b->is_taken && b->first < from ? b->first : from;
    b->last = b->is_taken && b->last > to ? b->last : to;
    b->is_taken = true;
}

/* What stands on both lines, from left to right; *sure: how many of them are taken already. */
static void find_common(const line *upper, const line *lower, row *r, uint32_t *sure) {
    *sure = 0;
    for (uint32_t i = 0, k = 0; i < upper->n; i++) {
        bar *u = upper->held[i];
        while (k < lower->n && lower->held[k] != u && lower->held[k]->at <= u->at) k++;
        if (k == lower->n || lower->held[k] != u || !is_held(u)) continue;
        *sure += u->is_taken;
        add_to_row(r, u);
    }
}

/* Two lines and what stands from one to the other: a row of boxes. Where a line has boxes below it, what is further
 * down is another row's. */
static void take_rows(lattice *t) {
    for (uint32_t a = 0; a < t->n; a++) {
        float left = t->width, right = 0; /* of the boxes below it */
        for (uint32_t b = a + 1; b < t->n && b < a + BELOW_MOST; b++) {
            bar *upper = t->lines[a].bar, *lower = t->lines[b].bar;
            row r = {.upper = upper, .lower = lower};
            uint32_t sure;
            find_common(&t->lines[a], &t->lines[b], &r, &sure);
            r.hidden_most = sure < 3 ? HIDDEN_MOST : 0;
            if (r.n < 3 || sure == r.n || (r.x[0] < right && r.x[r.n - 1] > left) || !take_even(t, &r)) continue;
            take_level(upper, r.left, r.right);
            take_level(lower, r.left, r.right);
            left = r.left < left ? r.left : left;
            right = r.right > right ? r.right : right;
        }
    }
}

/* Does it hold a table's columns? It crosses three lines or more. */
static bool is_column(const bar *u) {
    return u->held > 2 && is_held(u);
}

/* The cells between a table's line and the nearest one above it that shares columns with it: other tables may stand
 * beside it. */
static void add_cells(lattice *t, uint32_t below) {
    for (uint32_t above = below; above-- > 0;) {
        const line *upper = &t->lines[above], *lower = &t->lines[below];
        row both = {.lower = lower->bar}, r = {.upper = upper->bar, .lower = lower->bar};
        uint32_t sure;
        if (!upper->is_tabled) continue;
        find_common(upper, lower, &both, &sure);
        for (uint32_t k = 0; k < both.n; k++) {
            if (is_column(both.bar[k])) add_to_row(&r, both.bar[k]);
        }
        if (r.n < 2) continue;
        for (uint32_t k = 1; k < r.n; k++) add_cell(t, &r, r.x[k - 1], r.x[k]);
        return;
    }
}

/* Lines that cross three or more: a table, its columns as wide as they like. */
static void take_table(lattice *t) {
    for (uint32_t i = 0; i < t->n; i++) {
        line *l = &t->lines[i];
        row r = {.lower = l->bar};
        for (uint32_t k = 0; k < l->n; k++) {
            if (is_column(l->held[k])) add_to_row(&r, l->held[k]);
        }
        if (r.n < 2 || !is_framed(t, l->bar, r.x[0], r.x[r.n - 1], 0)) continue;
        take_level(l->bar, r.x[0], r.x[r.n - 1]);
        for (uint32_t k = 0; k < r.n; k++) r.bar[k]->is_taken = true;
        l->is_tabled = true;
        add_cells(t, i);
    }
}

/* Is it squared paper? */
static bool is_squared(const lattice *t) {
    for (uint32_t i = 0; i < t->n; i++) {
        const line *l = &t->lines[i];
        uint32_t n = 0;
        for (uint32_t k = 0; k < l->n; k++) n += l->held[k]->is_taken && l->held[k]->held >= SQUARED;
        if (n >= SQUARED) return true;
    }
    return false;
}

/* One line with ticks on it, at even distances; digits may run into some of them, so that the usual length counts. */
static void take_combs(lattice *t) {
    for (uint32_t i = 0; i < t->n; i++) {
        const line *l = &t->lines[i];
        float lengths[HELD_MOST];
        row r = {.lower = l->bar, .hidden_most = HIDDEN_MOST};
        if (l->bar->is_taken) continue;
        for (uint32_t k = 0; k < l->n; k++) {
            bar *u = l->held[k];
            float x, y, near = near_of(l->bar, u);
            meet(l->bar, u, &x, &y);
            if (y - u->to > near || u->to - y > t->slack) continue;
            if (fabsf(u->thick - l->bar->thick) > 2 + 0.4f * l->bar->thick) continue;
            lengths[r.n] = y - u->from;
            add_to_row(&r, u);
        }
        if (r.n < 3) continue;
        ink_floats_sort(lengths, r.n);
        float usual = lengths[r.n / 2];
        uint32_t alike = 0;
        for (uint32_t k = 0; k < r.n; k++) alike += fabsf(lengths[k] - usual) < 3 + 0.1f * usual;
        if (2 * alike <= r.n) continue;
        for (uint32_t k = 0; k < r.n; k++) {
            if (!r.bar[k]->is_taken) r.bar[k]->first = r.bar[k]->last - usual;
        }
        if (take_even(t, &r)) take_level(l->bar, r.left, r.right);
    }
}

static void erase(const bar *b, uint32_t n, const ink_follower *f, const ink_sheet *s, const ink_level *level) {
    for (uint32_t i = 0; i < n; i++) {
        float more = 4 + 2 * b[i].thick, from = b[i].first - more, to = b[i].last + more;
        if (!b[i].is_taken || to < 0) continue;
        ink_follower_erase(f, &b[i].chain, s, level, b[i].aside, (uint32_t)(from > 0 ? from : 0), (uint32_t)to);
    }
}

static void sweep(const bars *b, const ink_follower *f, const ink_sheet *s) {
    for (uint32_t i = 0; i < b->n; i++) {
        if (b->at[i].is_taken) ink_follower_sweep(f, &b->at[i].chain, s);
    }
}

ink_status ink_lattice_remove(ink_plane *ink, ink_plane *mask, const ink_level *level, ink_form *form, ink_error *err) {
    const ink_sheet level_sheet = {ink, mask, true}, upright_sheet = {ink, mask, false};
    uint32_t longer = mask->width > mask->height ? mask->width : mask->height;
    uint32_t boxes = form->n;
    ink_follower across = {
        .thick_most = longer / 60 + 3, .gap_most = longer / 40, .least = longer / 32 + 8, .is_printed = true};
    ink_follower down = {
        .thick_most = longer / 60 + 3, .gap_most = longer / 60 + 3, .least = longer / 160 + 4, .is_printed = true};
    lattice t = {.width = (float)mask->width, .slack = (float)longer / 40, .form = form, .err = err};
    ink_status status = ink_follower_run(&level_sheet, &across, err);
    if (status == INK_OK) status = ink_follower_run(&upright_sheet, &down, err);
    if (status == INK_OK) status = find_bars(&across, 0.08f, &t.level, err);
    if (status == INK_OK) status = find_bars(&down, 0.35f, &t.upright, err);
    if (status != INK_OK || t.level.out > OUT_MOST || t.upright.out > OUT_MOST) goto done;
    size_t lines = (t.level.n < LINES_MOST ? t.level.n : LINES_MOST) + 1;
    t.lines = ink_mem_new(lines, sizeof *t.lines);
    t.ghosts = ink_mem_new(GHOSTS_MOST, sizeof *t.ghosts);
    if (t.lines == NULL || t.ghosts == NULL) {
        status = ink_fail_memory(err, lines * sizeof *t.lines, "lines of a form");
        goto done;
    }
    find_lines(&t);
    count_held(&t);
    take_table(&t);
    if (is_squared(&t)) {
        form->n = boxes;
        goto done;
    }
    take_rows(&t);
    take_combs(&t);
    erase(t.level.at, t.level.n, &across, &level_sheet, level);
    erase(t.ghosts, t.n_ghosts, &down, &upright_sheet, level); /* as dark as what is still there beside them */
    erase(t.upright.at, t.upright.n, &down, &upright_sheet, level);
    sweep(&t.level, &across, &level_sheet);
    sweep(&t.upright, &down, &upright_sheet);
    status = t.status;
done:
    ink_mem_free(t.lines);
    ink_mem_free(t.ghosts);
    ink_mem_free(t.level.at);
    ink_mem_free(t.upright.at);
    ink_follower_free(&level_sheet, &across);
    ink_follower_free(&upright_sheet, &down);
    return status;
}

/* read/layout.c: which pieces belong together, in which line, in which order.
 * It looks at boxes alone; what a piece shows is for the net to say. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/real.h"
#include "core/status.h"
#include "read/stages.h"

#define NONE UINT32_MAX

static float width_of(const ink_piece *p) {
    return (float)(p->box.right - p->box.left);
}

static float height_of(const ink_piece *p) {
    return (float)(p->box.bottom - p->box.top);
}

/* ---- the height of the writing ---- */

typedef struct weighed {
    float value, weight;
} weighed;

static int compare_weighed(const void *a, const void *b) {
    float x = ((const weighed *)a)->value, y = ((const weighed *)b)->value;
    return x < y ? -1 : x > y;
}

/* What is lower than this is no digit: nobody could read it; or a rest of squared paper. Squares as large as a table's
 * cells hold digits of any size. */
static float least_height(const ink_plane *ink, float square) {
    uint32_t longer = ink->width > ink->height ? ink->width : ink->height;
    float least = longer / 90 > 7 ? (float)(longer / 90) : 7, share = square < (float)longer / 20 ? 0.6f : 0;
    return share * square > least ? share * square : least;
}

/* The middle one of the pieces' heights, each as heavy as it is high, of those that are no specks. 0: there is none. */
static ink_status find_height(const ink_pieces *p, const ink_plane *ink, float square, float *height, ink_error *err) {
    uint32_t n = 0;
    float least = least_height(ink, square), sum = 0, seen = 0;
    weighed *list = ink_mem_new((size_t)p->n + 1, sizeof *list);
    if (list == NULL) return ink_fail_memory(err, p->n * sizeof *list, "heights");
    for (uint32_t i = 0; i < p->n; i++) {
        float w = width_of(&p->piece[i]), h = height_of(&p->piece[i]);
        if (h < least || h < 0.3f * w) continue;
        list[n++] = (weighed){h, h};
        sum += h;
    }
    qsort(list, n, sizeof *list, compare_weighed);
    *height = n > 0 ? list[n - 1].value : 0;
    for (uint32_t i = 0; i < n; i++) {
        seen += list[i].weight;
        if (2 * seen >= sum) {
            *height = list[i].value;
            break;
        }
    }
    ink_mem_free(list);
    return INK_OK;
}

/* ---- broken parts ---- */

typedef enum kind {
    DROPPED,
    PART, /* too small for a digit: a bar, a dot, the end of a broken stroke */
    HALF, /* low for a digit: may be the upper or lower half of one */
    BODY
} kind;

static kind kind_of(const ink_piece *p, const ink_plane *ink, float square, float height) {
    float w = width_of(p), h = height_of(p);
    bool at_edge = p->box.left <= 0 || p->box.top <= 0 || p->box.right >= (int32_t)ink->width ||
                   p->box.bottom >= (int32_t)ink->height;
    if (h > 3.2f * height || w > 9.0f * height) return DROPPED;
    if (at_edge && (h > 1.6f * height || w > 2.5f * height || h < 0.6f * height)) return DROPPED;
    if ((float)p->area < 0.006f * height * height || (w < 0.1f * height && h < 0.1f * height)) return DROPPED;
    if (h < 0.38f * height || h < least_height(ink, square)) return PART;
    return h < 0.72f * height ? HALF : BODY;
}

/* Paper between two boxes along one axis; negative: so far they overlap. */
static float apart(int32_t a0, int32_t a1, int32_t b0, int32_t b1) {
    return (float)((a0 > b0 ? a0 : b0) - (a1 < b1 ? a1 : b1));
}

/* How far two pieces are apart, in heights of the writing, if they may be parts of one digit; else a large number. */
static float distance(const ink_piece *a, const ink_piece *b, float height, bool halves) {
    float dx = apart(a->box.left, a->box.right, b->box.left, b->box.right) / height;
    float dy = apart(a->box.top, a->box.bottom, b->box.top, b->box.bottom) / height;
    int32_t left = a->box.left < b->box.left ? a->box.left : b->box.left;
    int32_t right = a->box.right > b->box.right ? a->box.right : b->box.right;
    int32_t top = a->box.top < b->box.top ? a->box.top : b->box.top;
    int32_t bottom = a->box.bottom > b->box.bottom ? a->box.bottom : b->box.bottom;
    float w = (float)(right - left) / height, h = (float)(bottom - top) / height;
    float wider = width_of(a) > width_of(b) ? width_of(a) : width_of(b);
    float higher = height_of(a) > height_of(b) ? height_of(a) : height_of(b);
    if (dx > 0.12f || dy > 0.22f) return 9;
    if (h > 1.35f && (float)(bottom - top) > 1.3f * higher) return 9;
    if (w > (halves ? 1.1f : 1.35f) && (float)(right - left) > 1.3f * wider) return 9;
    if (halves) { /* one above the other */
        float narrower = (width_of(a) < width_of(b) ? width_of(a) : width_of(b)) / height;
        if (dx > -0.4f * narrower || dy < -0.3f) return 9;
    }
    return (dx > 0 ? dx : 0) + (dy > 0 ? dy : 0);
}

/* group[i]: the piece that piece i goes to (itself, or a body), NONE when it is dropped. */
static void group_parts(const ink_pieces *p, const kind *kinds, float height, uint32_t *group) {
    for (uint32_t i = 0; i < p->n; i++) group[i] = kinds[i] == BODY ? i : NONE;
    for (uint32_t i = 0; i < p->n; i++) {
        if (kinds[i] != HALF || group[i] != NONE) continue;
        uint32_t best = NONE;
        float least = 1;
        for (uint32_t k = 0; k < p->n; k++) {
            if (k == i || kinds[k] != HALF || (group[k] != NONE && group[k] != k)) continue;
            float d = distance(&p->piece[i], &p->piece[k], height, true);
            if (d < least) {
                least = d;
                best = k;
            }
        }
        group[i] = best == NONE ? i : best;
        if (best != NONE) group[best] = best;
    }
    for (uint32_t i = 0; i < p->n; i++) {
        if (kinds[i] != PART) continue;
        float least = 1;
        for (uint32_t k = 0; k < p->n; k++) {
            if (kinds[k] != BODY && kinds[k] != HALF) continue;
            float d = distance(&p->piece[i], &p->piece[k], height, false);
            if (d < least) {
                least = d;
                group[i] = group[k];
            }
        }
    }
}

static int compare_runs(const void *a, const void *b) {
    const ink_run *x = a, *y = b;
    if (x->y != y->y) return x->y < y->y ? -1 : 1;
    return x->from < y->from ? -1 : x->from > y->from;
}

/* Pieces anew, one per group. member: members of a group chained behind its leader, [n] each. */
static ink_status regroup(ink_pieces *p, const uint32_t *group, uint32_t *member, ink_error *err) {
    ink_pieces made = {0};
    ink_status status = INK_OK;
    ink_run *runs = ink_mem_new((size_t)p->n_run + 1, sizeof *runs);
    if (runs == NULL) return ink_fail_memory(err, p->n_run * sizeof *runs, "pieces of ink");
    for (uint32_t i = 0; i < p->n; i++) member[i] = NONE;
    for (uint32_t i = p->n; i-- > 0;) {
        if (group[i] == NONE || group[i] == i) continue;
        member[i] = member[group[i]];
        member[group[i]] = i;
    }
    for (uint32_t i = 0; i < p->n && status == INK_OK; i++) {
        if (group[i] != i) continue;
        uint32_t n = 0;
        for (uint32_t k = i; k != NONE; k = member[k]) {
            memcpy(runs + n, p->run + p->piece[k].run, p->piece[k].runs * sizeof *runs);
            n += p->piece[k].runs;
        }
        if (member[i] != NONE) qsort(runs, n, sizeof *runs, compare_runs);
        status = ink_pieces_add(&made, runs, n, err);
    }
    ink_mem_free(runs);
    ink_pieces_free(status == INK_OK ? p : &made);
    if (status == INK_OK) *p = made;
    return status;
}

static int compare_areas(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x > y ? -1 : x < y;
}

/* The area that a piece must have for at most INK_PAGE_DIGITS_MAX of them to remain. scratch: [n]. */
static uint32_t least_area(const ink_pieces *p, uint32_t *scratch) {
    if (p->n <= INK_PAGE_DIGITS_MAX) return 0;
    for (uint32_t i = 0; i < p->n; i++) scratch[i] = p->piece[i].area;
    qsort(scratch, p->n, sizeof *scratch, compare_areas);
    return scratch[INK_PAGE_DIGITS_MAX] + 1;
}

ink_status ink_pieces_tidy(ink_pieces *pieces, const ink_plane *ink, float square, float *height, ink_error *err) {
    size_t n = pieces->n;
    uint32_t *group = ink_mem_new(n + 1, sizeof *group), *member = ink_mem_new(n + 1, sizeof *member);
    kind *kinds = ink_mem_new(n + 1, sizeof *kinds);
    ink_status status = find_height(pieces, ink, square, height, err);
    if (group == NULL || member == NULL || kinds == NULL) {
        status = ink_fail_memory(err, n * (2 * sizeof *group + sizeof *kinds), "pieces of ink");
    }
    if (status == INK_OK) {
        uint32_t least = least_area(pieces, member);
        /* The first pass drops, so that the second, which compares all with all, has few to compare. */
        for (uint32_t i = 0; i < n; i++) {
            kind k = pieces->piece[i].area < least ? DROPPED : kind_of(&pieces->piece[i], ink, square, *height);
            group[i] = k == DROPPED ? NONE : i;
        }
        status = regroup(pieces, group, member, err);
    }
    if (status == INK_OK) {
        for (uint32_t i = 0; i < pieces->n; i++) kinds[i] = kind_of(&pieces->piece[i], ink, square, *height);
        group_parts(pieces, kinds, *height, group);
        status = regroup(pieces, group, member, err);
    }
    ink_mem_free(group);
    ink_mem_free(member);
    ink_mem_free(kinds);
    return status;
}

/* ---- slope ---- */

#define ANGLES 61 /* -15 .. 15 degrees by halves */
#define BINS   512

/* The slope at which the pieces' lower and upper edges fall into the fewest bins (Postl 1986). Fewer than four pieces
 * say nothing. */
static float find_slope(const ink_pieces *p, float height) {
    double best = 0;
    float found = 0;
    if (p->n < 4) return 0;
    for (int i = 0; i < ANGLES; i++) {
        /* 0, 0.5, -0.5, 1, -1 ...: of equals the flattest stays. */
        int half = (i + 1) / 2 * (i % 2 == 0 ? -1 : 1);
        double turn = half / 720.0;
        float slope = (float)(ink_sin_turn(turn) / ink_cos_turn(turn));
        float bins[BINS] = {0}, unit = height / 5;
        double sum = 0;
        for (uint32_t k = 0; k < p->n; k++) {
            const ink_box *b = &p->piece[k].box;
            float cx = (float)(b->left + b->right) / 2;
            for (int edge = 0; edge < 2; edge++) {
                float y = ((float)(edge == 0 ? b->top : b->bottom) - slope * cx) / unit + BINS * 8;
                uint32_t bin = (uint32_t)y;
                float share = y - (float)bin;
                bins[bin % BINS] += 1 - share;
                bins[(bin + 1) % BINS] += share;
            }
        }
        for (int k = 0; k < BINS; k++) sum += (double)bins[k] * (double)bins[k];
        sum *= 1.0 - 0.004 * abs(half);
        if (sum > best) {
            best = sum;
            found = slope;
        }
    }
    return found;
}

/* ---- rows ---- */

typedef struct line {
    float at, height; /* centre of its newest pieces, along the slope, and their height */
    float right;      /* where they end */
    float sum;        /* of centres, for the order of lines */
    uint32_t n, rank;
} line;

typedef struct spot {
    uint32_t piece, line;
    float x, y;
} spot;

static int compare_x(const void *a, const void *b) {
    const spot *x = a, *y = b;
    if (x->x < y->x) return -1;
    if (x->x > y->x) return 1;
    return x->piece < y->piece ? -1 : 1;
}

static int compare_order(const void *a, const void *b) {
    const spot *x = a, *y = b;
    if (x->line != y->line) return x->line < y->line ? -1 : 1;
    return compare_x(a, b);
}

/* The line whose newest pieces the spot stands beside; NONE. */
static uint32_t line_of(const line *lines, uint32_t n, const spot *s, float h, float height) {
    uint32_t best = NONE;
    float least = 0.55f;
    for (uint32_t i = 0; i < n; i++) {
        float off = fabsf(s->y - lines[i].at) / (h > lines[i].height ? h : lines[i].height);
        if (lines[i].height < 0.5f * height) off *= 0.8f;
        if (off < least) {
            least = off;
            best = i;
        }
    }
    return best;
}

static uint32_t assign_lines(const ink_pieces *p, spot *spots, line *lines, float height) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        spot *s = &spots[i];
        float h = height_of(&p->piece[s->piece]);
        uint32_t k = line_of(lines, n, s, h, height);
        if (k == NONE) {
            k = n++;
            lines[k] = (line){.at = s->y, .height = h};
        }
        line *l = &lines[k];
        l->at += 0.4f * (s->y - l->at);
        l->height += 0.4f * (h - l->height);
        l->sum += s->y;
        l->n++;
        s->line = k;
    }
    return n;
}

typedef struct ranked {
    float at;
    uint32_t line;
} ranked;

static int compare_ranked(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->at < y->at) return -1;
    if (x->at > y->at) return 1;
    return x->line < y->line ? -1 : 1;
}

/* Numbers the lines from the top. scratch: [n]. */
static void rank_lines(line *lines, uint32_t n, ranked *scratch) {
    for (uint32_t i = 0; i < n; i++) scratch[i] = (ranked){lines[i].sum / (float)lines[i].n, i};
    qsort(scratch, n, sizeof *scratch, compare_ranked);
    for (uint32_t i = 0; i < n; i++) lines[scratch[i].line].rank = i;
}

/* The narrowest box of the form that the middle of a piece lies in; NULL: none. */
static const ink_box *cell_of(const ink_form *form, const ink_box *b) {
    int32_t x = (b->left + b->right) / 2, y = (b->top + b->bottom) / 2;
    const ink_box *best = NULL;
    for (uint32_t i = 0; i < form->n; i++) {
        const ink_box *c = &form->box[i];
        if (x < c->left || x >= c->right || y < c->top || y >= c->bottom) continue;
        if (best == NULL || c->right - c->left < best->right - best->left) best = c;
    }
    return best;
}

/* Is there a blank between two neighbours of a line? In boxes for one digit each, where a box is empty. */
static bool is_spaced(const ink_form *form, const ink_piece *a, const ink_piece *b) {
    const ink_box *p = cell_of(form, &a->box), *q = cell_of(form, &b->box);
    float h = height_of(a) > height_of(b) ? height_of(a) : height_of(b);
    if (p == NULL || q == NULL || p == q) return (float)(b->box.left - a->box.right) > 0.85f * h;
    float first = (float)(p->right - p->left), second = (float)(q->right - q->left);
    float narrow = first < second ? first : second, wide = first < second ? second : first;
    if (wide > 2.2f * h || wide > 1.3f * narrow) return true;
    return (float)(q->left - p->right) > 0.5f * narrow;
}

void ink_layout_free(ink_layout *layout) {
    ink_mem_free(layout->order);
    ink_mem_free(layout->line);
    ink_mem_free(layout->spaced);
    *layout = (ink_layout){0};
}

ink_status ink_layout_find(const ink_pieces *pieces, const ink_form *form, float height, const float *slope,
                           ink_layout *out, ink_error *err) {
    size_t n = pieces->n;
    spot *spots = ink_mem_new(n + 1, sizeof *spots);
    line *lines = ink_mem_new(n + 1, sizeof *lines);
    ranked *scratch = ink_mem_new(n + 1, sizeof *scratch);
    ink_status status = INK_OK;
    *out = (ink_layout){.order = ink_mem_new(n + 1, sizeof *out->order),
                        .line = ink_mem_new(n + 1, sizeof *out->line),
                        .spaced = ink_mem_new(n + 1, sizeof *out->spaced),
                        .n = (uint32_t)n,
                        .height = height};
    if (spots == NULL || lines == NULL || scratch == NULL || out->order == NULL || out->line == NULL ||
        out->spaced == NULL) {
        status = ink_fail_memory(err, n * (sizeof *spots + sizeof *lines), "lines of digits");
        goto done;
    }
    out->slope = slope != NULL ? *slope : find_slope(pieces, height > 0 ? height : 1);
    for (uint32_t i = 0; i < n; i++) {
        const ink_box *b = &pieces->piece[i].box;
        float x = (float)(b->left + b->right) / 2, y = (float)(b->top + b->bottom) / 2;
        spots[i] = (spot){.piece = i, .x = x + out->slope * y, .y = y - out->slope * x};
    }
    qsort(spots, n, sizeof *spots, compare_x);
    out->lines = assign_lines(pieces, spots, lines, height);
    rank_lines(lines, out->lines, scratch);
    for (uint32_t i = 0; i < n; i++) spots[i].line = lines[spots[i].line].rank;
    qsort(spots, n, sizeof *spots, compare_order);
    for (uint32_t i = 0; i < n; i++) {
        out->order[i] = spots[i].piece;
        out->line[i] = spots[i].line;
        if (i == 0 || spots[i].line != spots[i - 1].line) continue;
        const ink_piece *a = &pieces->piece[spots[i - 1].piece], *b = &pieces->piece[spots[i].piece];
        out->spaced[i] = is_spaced(form, a, b);
    }
done:
    ink_mem_free(spots);
    ink_mem_free(lines);
    ink_mem_free(scratch);
    if (status != INK_OK) ink_layout_free(out);
    return status;
}

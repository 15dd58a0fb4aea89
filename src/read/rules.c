/* read/rules.c: the lines of ruled and squared paper, followed from end to end and taken out.
 * A digit's own strokes are too short to be taken for one. */
#include <stdlib.h>

#include "core/mem.h"
#include "core/status.h"
#include "read/follow.h"

static bool is_thin(const ink_follower *f, const ink_chain *c) {
    double length = f->points[c->last].row - c->first_row + 1;
    /* Feet of digits stand in line too, but are not pale. */
    double least = c->pale >= 0.7 * c->points ? 0.2 : 0.4;
    return c->points >= least * length && c->thick / c->points <= length / 30;
}

/* Long enough to be a rule by itself; three or more shorter ones make each other likely. */
static bool is_long(const ink_follower *f, const ink_chain *c) {
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

static ink_status take_out(ink_follower *f, const ink_sheet *s, const ink_level *level, float *slope, uint32_t *count,
                           ink_error *err) {
    uint32_t possible = 0, taken = 0, total = 0;
    slope_of *slopes = ink_mem_new((size_t)f->n_done + 1, sizeof *slopes);
    if (slopes == NULL) return ink_fail_memory(err, f->n_done * sizeof *slopes, "rules");
    for (uint32_t i = 0; i < f->n_done; i++) possible += is_thin(f, &f->done[i]);
    for (uint32_t i = 0; i < f->n_done; i++) {
        const ink_chain *c = &f->done[i];
        if (!is_thin(f, c) || (!is_long(f, c) && (possible < 3 || f->gap_most < 16))) continue;
        const ink_point *last = &f->points[c->last], *first = last;
        while (first->before != INK_NO_POINT) first = &f->points[first->before];
        uint32_t length = last->row - first->row;
        slopes[taken++] = (slope_of){(last->at - first->at) / (float)(length > 0 ? length : 1), length};
        total += length;
        ink_follower_erase(f, c, s, level, 0, c->first_row, f->points[c->last].row);
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

/* The middle one of the distances between neighbouring rules of one kind, half way along them; 0: they are too few to
 * say. */
static ink_status find_pitch(const ink_follower *f, float *pitch, ink_error *err) {
    uint32_t n = f->n_done;
    *pitch = 0;
    if (n < 5) return INK_OK;
    float *at = ink_mem_new(n, sizeof *at);
    if (at == NULL) return ink_fail_memory(err, n * sizeof *at, "rules");
    for (uint32_t i = 0; i < n; i++) {
        const ink_point *last = &f->points[f->done[i].last];
        at[i] = last->at + f->done[i].slope * ((float)f->plane.height / 2 - (float)last->row);
    }
    ink_floats_sort(at, n);
    for (uint32_t i = 0; i + 1 < n; i++) at[i] = at[i + 1] - at[i];
    ink_floats_sort(at, n - 1);
    *pitch = at[(n - 1) / 2];
    ink_mem_free(at);
    return INK_OK;
}

/* Follows and takes out the rules of one kind; those taken stay in f->done for the sweep. */
static ink_status remove_kind(const ink_sheet *s, const ink_level *level, ink_follower *f, float *slope,
                              uint32_t *count, ink_error *err) {
    uint32_t longer = s->mask->width > s->mask->height ? s->mask->width : s->mask->height;
    f->thick_most = longer / 120 > 3 ? longer / 120 : 3;
    f->gap_most = longer / 40;
    f->least = (s->turned ? s->mask->width : s->mask->height) / 4;
    ink_status status = ink_follower_run(s, f, err);
    return status == INK_OK ? take_out(f, s, level, slope, count, err) : status;
}

ink_status ink_rules_remove(ink_plane *ink, ink_plane *mask, const ink_level *level, ink_rules *out, ink_error *err) {
    float upright_slope = 0, down_pitch = 0, across_pitch = 0;
    uint32_t n_level = 0, n_upright = 0;
    ink_follower across = {0}, down = {0};
    const ink_sheet level_sheet = {ink, mask, true}, upright_sheet = {ink, mask, false};
    *out = (ink_rules){0};
    ink_status status = remove_kind(&level_sheet, level, &across, &out->slope, &n_level, err);
    if (status == INK_OK) status = remove_kind(&upright_sheet, level, &down, &upright_slope, &n_upright, err);
    if (status == INK_OK) status = find_pitch(&across, &across_pitch, err);
    if (status == INK_OK) status = find_pitch(&down, &down_pitch, err);
    if (status == INK_OK) {
        for (uint32_t i = 0; i < across.n_done; i++) ink_follower_sweep(&across, &across.done[i], &level_sheet);
        for (uint32_t i = 0; i < down.n_done; i++) ink_follower_sweep(&down, &down.done[i], &upright_sheet);
        out->count = n_level + n_upright;
        out->square = across_pitch < down_pitch ? across_pitch : down_pitch;
        if (n_level == 0 && n_upright > 0) out->slope = -upright_slope;
    }
    ink_follower_free(&level_sheet, &across);
    ink_follower_free(&upright_sheet, &down);
    return status;
}

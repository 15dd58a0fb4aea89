/* read/judge.c: what the net says of each piece, and whether it is surer of its parts, or of two as one.
 * What a doubtful digit becomes is page.c's business. */
#include <math.h>
#include <string.h>

#include "core/mem.h"
#include "core/real.h"
#include "core/status.h"
#include "read/stages.h"

#define NONE       UINT32_MAX
#define TRIALS_MAX 256u /* wide pieces that are cut on one page: bounds memory and time on any picture */
#define BATCH      256u
#define TOUCHING   4 /* more digits than this do not hang together: hatching does */

int ink_first_most(const float p[10]) {
    int best = 0;
    for (int d = 1; d < 10; d++) best = p[d] > p[best] ? d : best;
    return best;
}

void ink_readings_free(ink_readings *readings) {
    ink_mem_free(readings->at);
    *readings = (ink_readings){0};
}

static ink_status append(ink_readings *r, const ink_reading *one, ink_error *err) {
    if (r->n == r->room) {
        uint32_t room = r->room == 0 ? 64 : 2 * r->room;
        ink_reading *more = ink_mem_resize(r->at, room, sizeof *more);
        if (more == NULL) return ink_fail_memory(err, (uint64_t)room * sizeof *more, "digits");
        r->at = more;
        r->room = room;
    }
    r->at[r->n++] = *one;
    return INK_OK;
}

/* Appends the piece with its cell, unread. */
static ink_status append_piece(const ink_judge_input *in, const ink_pieces *pieces, uint32_t piece, uint32_t line,
                               bool spaced, ink_readings *r, ink_error *err) {
    ink_reading one = {.piece = piece, .line = line, .spaced = spaced};
    ink_status status = ink_cell_make(in->ink, in->mask, pieces, piece, in->layout->slope, &one.cell, err);
    return status == INK_OK ? append(r, &one, err) : status;
}

/* Fills p of readings from..n - 1. */
static ink_status ask(const ink_judge_input *in, ink_readings *r, uint32_t from, ink_error *err) {
    ink_status status = INK_OK;
    if (from == r->n) return INK_OK;
    uint8_t *images = ink_mem_new(BATCH, INK_DIGIT_PIXELS);
    float *p = ink_mem_new(BATCH, 10 * sizeof *p);
    if (images == NULL || p == NULL) {
        status = ink_fail_memory(err, (uint64_t)BATCH * INK_DIGIT_PIXELS, "digits");
        goto done;
    }
    for (uint32_t first = from; first < r->n && status == INK_OK; first += BATCH) {
        uint32_t n = r->n - first < BATCH ? r->n - first : BATCH;
        for (uint32_t i = 0; i < n; i++) {
            memcpy(images + (size_t)i * INK_DIGIT_PIXELS, r->at[first + i].cell.image, INK_DIGIT_PIXELS);
        }
        status = in->net.read(in->net.context, images, n, p, err);
        for (uint32_t i = 0; i < n && status == INK_OK; i++) {
            memcpy(r->at[first + i].p, p + 10 * (size_t)i, 10 * sizeof *p);
        }
    }
done:
    ink_mem_free(images);
    ink_mem_free(p);
    return status;
}

static float width_of(const ink_box *b) {
    return (float)(b->right - b->left);
}

static float height_of(const ink_box *b) {
    return (float)(b->bottom - b->top);
}

static float surest(const ink_reading *r) {
    return r->p[ink_first_most(r->p)];
}

/* ---- cutting ---- */

/* A wide piece on trial: its cuts, and where the readings of its parts are. */
typedef struct trial {
    uint32_t reading;
    ink_cuts cuts;
    uint32_t part[INK_CUTS_MAX + 1][INK_CUTS_MAX + 2]; /* [a][b]: reading of the part between boundaries, or NONE */
} trial;

static bool is_wide(const ink_reading *r, const ink_box *b, float height) {
    float w = width_of(b), h = height_of(b) > 0.8f * height ? height_of(b) : 0.8f * height;
    if (w > 1.25f * h) return true;
    if (w > 0.9f * h && surest(r) < 0.8f) return true;
    return w > 0.6f * h && surest(r) < 0.5f;
}

/* Of how much worth a part is, beside log p: digits are neither very wide nor very narrow, unless they are a 1. */
static double shape_bonus(const ink_reading *r, const ink_box *b, float height) {
    double w = (double)width_of(b), h = (double)height_of(b), usual = (double)height, bonus = 0;
    int digit = ink_first_most(r->p);
    double wide = w / (h > 0.6 * usual ? h : 0.6 * usual);
    if (wide > 1.25) bonus -= 2.5 * (wide - 1.25);
    if (wide < 0.35 && digit != 1) bonus -= 6.0 * (0.35 - wide);
    if (h < 0.55 * usual) bonus -= 6.0 * (0.55 - h / usual);
    if (!ink_cell_plausible(&r->cell, digit)) bonus -= 2.0;
    return bonus;
}

static double value_of(const ink_reading *r, const ink_box *b, float height) {
    double p = (double)surest(r);
    return ink_log(p > 1e-6 ? p : 1e-6) + shape_bonus(r, b, height);
}

static ink_status begin_trial(const ink_judge_input *in, ink_pieces *pieces, ink_readings *r, trial *t,
                              ink_error *err) {
    uint32_t whole = r->at[t->reading].piece, line = r->at[t->reading].line;
    ink_box box = pieces->piece[whole].box;
    float h = height_of(&box) > 0.8f * in->layout->height ? height_of(&box) : 0.8f * in->layout->height;
    memset(t->part, 0xff, sizeof t->part);
    ink_status status = ink_cuts_find(in->ink, &pieces->piece[whole], &t->cuts, err);
    for (uint32_t a = 0; a <= t->cuts.n && status == INK_OK; a++) {
        for (uint32_t b = a + 1; b <= t->cuts.n + 1 && status == INK_OK; b++) {
            bool added;
            if (a == 0 && b == t->cuts.n + 1) { /* the whole, which was asked about */
                t->part[a][b] = t->reading;
                continue;
            }
            status = ink_cuts_part(pieces, whole, &t->cuts, a, b, &added, err);
            if (status != INK_OK || !added) continue;
            float w = width_of(&pieces->piece[pieces->n - 1].box);
            if (w < 0.05f * h || w > 1.4f * h) continue;
            status = append_piece(in, pieces, pieces->n - 1, line, false, r, err);
            t->part[a][b] = r->n - 1;
        }
    }
    return status;
}

/* The best way through the boundaries (Viterbi): before[b] = the boundary before b on it. */
static void best_way(const trial *t, const ink_pieces *pieces, const ink_readings *r, float height, uint32_t *before) {
    double best[INK_CUTS_MAX + 2];
    const ink_cell *cell = &r->at[t->reading].cell;
    double longer = (double)t->cuts.height;
    double stroke = (double)cell->stroke * longer > 1 ? (double)cell->stroke * longer : 1;
    best[0] = 0;
    for (uint32_t b = 1; b <= t->cuts.n + 1; b++) {
        double cut = b <= t->cuts.n ? 0.25 + 0.6 * (double)t->cuts.cost[b - 1] / stroke : 0;
        best[b] = -1e9;
        before[b] = 0;
        for (uint32_t a = 0; a < b; a++) {
            uint32_t k = t->part[a][b];
            if (k == NONE) continue;
            double v = best[a] + value_of(&r->at[k], &pieces->piece[r->at[k].piece].box, height) - cut;
            if (v > best[b]) {
                best[b] = v;
                before[b] = a;
            }
        }
    }
}

/* Appends the parts of the best way to out, left to right. */
static ink_status end_trial(const trial *t, const ink_pieces *pieces, const ink_readings *r, float height,
                            ink_readings *out, ink_error *err) {
    uint32_t before[INK_CUTS_MAX + 2] = {0}, way[INK_CUTS_MAX + 2] = {0}, n = 0;
    ink_status status = INK_OK;
    best_way(t, pieces, r, height, before);
    for (uint32_t b = t->cuts.n + 1; b > 0; b = before[b]) way[n++] = b;
    bool first = true, doubtful = n > TOUCHING;
    while (n-- > 0 && status == INK_OK) {
        uint32_t k = t->part[before[way[n]]][way[n]];
        if (k == NONE) continue;
        ink_reading one = r->at[k];
        one.spaced = first && r->at[t->reading].spaced;
        one.doubtful = doubtful;
        first = false;
        status = append(out, &one, err);
    }
    return status;
}

/* ---- joining ---- */

/* Readings i and i + 1 of a line, so near that they may be one broken digit, and one of them doubtful. */
static bool may_join(const ink_readings *r, const ink_pieces *pieces, uint32_t i, float height) {
    const ink_reading *a = &r->at[i], *b = &r->at[i + 1];
    const ink_box *p = &pieces->piece[a->piece].box, *q = &pieces->piece[b->piece].box;
    if (a->line != b->line || (surest(a) > 0.9f && surest(b) > 0.9f)) return false;
    float right = (float)(p->right > q->right ? p->right : q->right);
    float left = (float)(p->left < q->left ? p->left : q->left);
    float higher = height_of(p) > height_of(q) ? height_of(p) : height_of(q);
    return (float)(q->left - p->right) < 0.15f * height && right - left < 1.15f * higher && higher < 1.6f * height;
}

static ink_status join_runs(ink_pieces *pieces, uint32_t a, uint32_t b, ink_error *err) {
    const ink_piece *p = &pieces->piece[a], *q = &pieces->piece[b];
    uint32_t n = 0, i = 0, k = 0;
    ink_run *runs = ink_mem_new((size_t)p->runs + q->runs, sizeof *runs);
    if (runs == NULL) return ink_fail_memory(err, (uint64_t)(p->runs + q->runs) * sizeof *runs, "pieces of ink");
    while (i < p->runs || k < q->runs) {
        const ink_run *x = &pieces->run[p->run + i], *y = &pieces->run[q->run + k];
        bool first = k == q->runs || (i < p->runs && (x->y < y->y || (x->y == y->y && x->from <= y->from)));
        runs[n++] = first ? pieces->run[p->run + i++] : pieces->run[q->run + k++];
    }
    ink_status status = ink_pieces_add(pieces, runs, n, err);
    ink_mem_free(runs);
    return status;
}

/* Tries every pair that may be one, and puts the joined one in place of the first where the net is surer of it. */
static ink_status join_pairs(const ink_judge_input *in, ink_pieces *pieces, ink_readings *r, ink_error *err) {
    uint32_t n = r->n, kept = 0, next;
    float height = in->layout->height;
    ink_status status = INK_OK;
    for (uint32_t i = 0; i + 1 < n && status == INK_OK; i++) {
        if (!may_join(r, pieces, i, height)) continue;
        status = join_runs(pieces, r->at[i].piece, r->at[i + 1].piece, err);
        if (status == INK_OK) {
            status = append_piece(in, pieces, pieces->n - 1, r->at[i].line, r->at[i].spaced, r, err);
        }
    }
    if (status == INK_OK) status = ask(in, r, n, err);
    if (status != INK_OK) return status;
    next = n;
    for (uint32_t i = 0; i < n; i++) {
        bool joined = false;
        if (i + 1 < n && may_join(r, pieces, i, height)) {
            const ink_reading *a = &r->at[i], *b = &r->at[i + 1], *one = &r->at[next++];
            double apart =
                value_of(a, &pieces->piece[a->piece].box, height) + value_of(b, &pieces->piece[b->piece].box, height);
            joined = surest(one) > 0.6f && value_of(one, &pieces->piece[one->piece].box, height) > apart + 0.3;
            if (joined) {
                r->at[kept++] = *one;
                /* The one after b was tried with b: that trial is void, its reading must be passed over. */
                if (i + 2 < n && may_join(r, pieces, i + 1, height)) next++;
                i++;
            }
        }
        if (!joined) r->at[kept++] = r->at[i];
    }
    r->n = kept;
    return INK_OK;
}

/* ---- all ---- */

static ink_status cut_wide(const ink_judge_input *in, ink_pieces *pieces, ink_readings *r, ink_readings *out,
                           ink_error *err) {
    uint32_t n = r->n, n_trials = 0;
    trial *trials = NULL;
    ink_status status = INK_OK;
    for (uint32_t i = 0; i < n; i++) {
        n_trials += is_wide(&r->at[i], &pieces->piece[r->at[i].piece].box, in->layout->height);
    }
    if (n_trials > TRIALS_MAX) n_trials = TRIALS_MAX;
    trials = ink_mem_new((size_t)n_trials + 1, sizeof *trials);
    if (trials == NULL) return ink_fail_memory(err, (uint64_t)n_trials * sizeof *trials, "cuts between digits");
    uint32_t k = 0;
    for (uint32_t i = 0; i < n && k < n_trials && status == INK_OK; i++) {
        if (!is_wide(&r->at[i], &pieces->piece[r->at[i].piece].box, in->layout->height)) continue;
        trials[k].reading = i;
        status = begin_trial(in, pieces, r, &trials[k++], err);
    }
    if (status == INK_OK) status = ask(in, r, n, err);
    k = 0;
    for (uint32_t i = 0; i < n && status == INK_OK; i++) {
        if (k < n_trials && trials[k].reading == i) {
            status = end_trial(&trials[k++], pieces, r, in->layout->height, out, err);
        } else {
            ink_reading one = r->at[i];
            status = append(out, &one, err);
        }
    }
    for (uint32_t i = 0; i < n_trials; i++) ink_cuts_free(&trials[i].cuts);
    ink_mem_free(trials);
    return status;
}

ink_status ink_pieces_judge(const ink_judge_input *in, ink_pieces *pieces, ink_readings *out, ink_error *err) {
    ink_readings first = {0};
    ink_status status = INK_OK;
    *out = (ink_readings){0};
    for (uint32_t i = 0; i < in->layout->n && status == INK_OK; i++) {
        status =
            append_piece(in, pieces, in->layout->order[i], in->layout->line[i], in->layout->spaced[i], &first, err);
    }
    if (status == INK_OK) status = ask(in, &first, 0, err);
    if (status == INK_OK) status = join_pairs(in, pieces, &first, err);
    if (status == INK_OK) status = cut_wide(in, pieces, &first, out, err);
    ink_readings_free(&first);
    if (status != INK_OK) ink_readings_free(out);
    return status;
}

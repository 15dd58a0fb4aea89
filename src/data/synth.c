/* data/synth.c: a writer's hand put to an allograph, and the pen that draws it.
 * The shapes themselves stand in data/allographs.c. */
#include "data/synth.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "core/real.h"
#include "core/rng.h"
#include "data/allographs.h"

#define SAMPLES_MAX 192  /* of one digit: pieces * PIECE_SAMPLES at most */
#define DRAWN       60.0 /* pixels of the longer side of the middle of the strokes, on INK_SYNTH_SIDE */

/* Everything that makes one hand differ from another. Lengths are in heights of the digit. */
typedef struct hand {
    double width;                  /* factor on x */
    double slant;                  /* x per y, to the right at the top */
    double turn_cos, turn_sin;     /* how far the paper lies askew */
    double waist_x, waist_y;       /* how far the middle is moved */
    double taper;                  /* wider below than above */
    double shake;                  /* deviation of each point */
    double overshoot;              /* deviation of the length of a stroke's ends */
    double round;                  /* share of corners that are rounded */
    double pen;                    /* radius */
    double pressure, pulse, phase; /* how much the radius swings along a stroke, how often, from where */
    double start, finish;          /* radius at the ends of a stroke, as a share */
    double nib, nib_cos, nib_sin;  /* how much broader the pen is in one direction */
    double rough;                  /* deviation of the edge */
    uint32_t haste;                /* how often curves are smoothed */
    double wave[2][2][4];          /* [axis][wave]: height, cycles along x and y, phase in turns */
} hand;

typedef struct sample {
    double x, y, radius;
    bool lifted; /* the last of its stroke */
} sample;

typedef struct drawing {
    sample samples[SAMPLES_MAX];
    uint32_t count;
} drawing;

/* ---- the hand ---- */

static double normal(ink_rng *rng, double deviation) {
    return deviation * ink_rng_normal(rng);
}

/* e^N(0, deviation): as often so much larger as so much smaller. */
static double factor(ink_rng *rng, double deviation) {
    return ink_exp(normal(rng, deviation));
}

static double within(double x, double low, double high) {
    return x < low ? low : x > high ? high : x;
}

static bool one_in(ink_rng *rng, double share) {
    return ink_rng_unit(rng) < share;
}

static void draw_hand(ink_rng *rng, uint8_t digit, hand *h) {
    double turn = normal(rng, 0.018);
    h->width = 0.86 * within(factor(rng, digit == 0 ? 0.30 : 0.22), 0.55, 1.7);
    h->slant = digit == 1 ? 0.18 + normal(rng, 0.28) : 0.14 + normal(rng, 0.22);
    h->turn_cos = ink_cos_turn(turn);
    h->turn_sin = ink_sin_turn(turn);
    h->waist_x = normal(rng, 0.20);
    h->waist_y = normal(rng, 0.32);
    h->taper = normal(rng, 0.30);
    h->shake = 0.034 * factor(rng, 0.40);
    h->overshoot = 0.045 * factor(rng, 0.5);
    h->round = one_in(rng, 0.4) ? 0.7 : 0.1;
    h->pen = 0.5 * within(0.142 * factor(rng, digit == 1 ? 0.42 : 0.35), 0.06, digit == 1 ? 0.34 : 0.26);
    h->pressure = fabs(normal(rng, 0.12));
    h->pulse = 0.6 + 1.2 * ink_rng_unit(rng);
    h->phase = ink_rng_unit(rng);
    h->start = one_in(rng, 0.25) ? 0.55 + 0.5 * ink_rng_unit(rng) : 1.0;
    h->finish = one_in(rng, 0.35) ? 0.4 + 0.6 * ink_rng_unit(rng) : 1.0;
    h->nib = fabs(normal(rng, 0.12));
    double nib_turn = ink_rng_unit(rng);
    h->nib_cos = ink_cos_turn(nib_turn);
    h->nib_sin = ink_sin_turn(nib_turn);
    h->rough = 0.05 * factor(rng, 0.5);
    h->haste = 2 + ink_rng_below(rng, 14);
    for (int axis = 0; axis < 2; axis++) {
        for (int k = 0; k < 2; k++) {
            double *w = h->wave[axis][k];
            w[0] = normal(rng, 0.028);
            w[1] = normal(rng, 0.8);
            w[2] = normal(rng, 0.8);
            w[3] = ink_rng_unit(rng);
        }
    }
}

/* Where a point of the table, about the middle, ends up on the paper. */
static void place_point(const hand *h, double *x, double *y) {
    double px = *x * h->width, py = *y, dx = 0.0, dy = 0.0;
    px *= 1.0 + h->taper * py;
    px += h->waist_x * (0.25 - py * py);
    py += h->waist_y * (0.25 - py * py);
    for (int k = 0; k < 2; k++) {
        const double *a = h->wave[0][k], *b = h->wave[1][k];
        dx += a[0] * ink_sin_turn(a[1] * px + a[2] * py + a[3]);
        dy += b[0] * ink_sin_turn(b[1] * px + b[2] * py + b[3]);
    }
    px += dx;
    py += dy;
    px -= h->slant * py;
    *x = h->turn_cos * px - h->turn_sin * py;
    *y = h->turn_sin * px + h->turn_cos * py;
}

/* ---- strokes ---- */

typedef struct knot {
    double x, y;
    bool corner;
} knot;

/* Moves the end of a stroke along its own direction, outward for d > 0. */
static void extend(knot *end, const knot *before, double d) {
    double dx = end->x - before->x, dy = end->y - before->y, length = sqrt(dx * dx + dy * dy);
    if (length < 1e-6) return;
    if (d < -0.5 * length) d = -0.5 * length;
    end->x += dx / length * d;
    end->y += dy / length * d;
}

/* The points of a stroke as this hand puts them; returns how many, at most INK_STROKE_POINTS_MAX. */
static uint32_t shake_points(const ink_pen_point *points, const hand *h, ink_rng *rng, knot *knots) {
    uint32_t n = 0;
    bool last = false;
    double off_x = 0.0, off_y = 0.0; /* neighbours move together: a hand shakes slowly */
    while (!last) {
        const ink_pen_point *p = &points[n];
        last = p->knot == INK_KNOT_LIFT;
        off_x = 0.75 * off_x + normal(rng, n == 0 ? h->shake : 0.66 * h->shake);
        off_y = 0.75 * off_y + normal(rng, n == 0 ? h->shake : 0.66 * h->shake);
        knots[n].x = p->x / 100.0 - 0.5 + off_x;
        knots[n].y = p->y / 100.0 - 0.5 + off_y;
        knots[n].corner = p->knot == INK_KNOT_CORNER && !one_in(rng, h->round);
        n++;
    }
    extend(&knots[0], &knots[1], normal(rng, h->overshoot));
    extend(&knots[n - 1], &knots[n - 2], normal(rng, h->overshoot));
    return n;
}

/* Tangent at knot i of a centripetal Catmull-Rom curve (Yuksel et al., 2011); one-sided at ends and corners. t: the
 * knots' parameters. */
static void tangent(const knot *k, const double *t, uint32_t i, uint32_t n, bool forward, double out[2]) {
    bool open_before = i == 0 || k[i].corner, open_after = i == n - 1 || k[i].corner;
    uint32_t a = i, b = i;
    if (open_before && open_after && i > 0 && i < n - 1) {
        a = forward ? i : i - 1;
        b = forward ? i + 1 : i;
    } else {
        a = open_before ? i : i - 1;
        b = open_after ? i : i + 1;
    }
    out[0] = (k[b].x - k[a].x) / (t[b] - t[a]);
    out[1] = (k[b].y - k[a].y) / (t[b] - t[a]);
}

static void add_sample(drawing *d, const hand *h, double x, double y) {
    if (d->count == SAMPLES_MAX) return;
    place_point(h, &x, &y);
    d->samples[d->count++] = (sample){.x = x, .y = y};
}

#define PIECE_SAMPLES 6 /* of the curve between two knots */

static void trace(drawing *d, const hand *h, const knot *k, uint32_t n) {
    double t[INK_STROKE_POINTS_MAX] = {0};
    for (uint32_t i = 1; i < n; i++) {
        double dx = k[i].x - k[i - 1].x, dy = k[i].y - k[i - 1].y;
        t[i] = t[i - 1] + sqrt(sqrt(dx * dx + dy * dy + 1e-9));
    }
    for (uint32_t i = 0; i + 1 < n; i++) {
        double length = t[i + 1] - t[i], m0[2], m1[2];
        tangent(k, t, i, n, true, m0);
        tangent(k, t, i + 1, n, false, m1);
        for (int s = 0; s < PIECE_SAMPLES; s++) {
            double u = s / (double)PIECE_SAMPLES, u2 = u * u, u3 = u2 * u;
            double a = 2 * u3 - 3 * u2 + 1, b = (u3 - 2 * u2 + u) * length, c = 3 * u2 - 2 * u3, e = (u3 - u2) * length;
            add_sample(d, h, a * k[i].x + b * m0[0] + c * k[i + 1].x + e * m1[0],
                       a * k[i].y + b * m0[1] + c * k[i + 1].y + e * m1[1]);
        }
    }
    add_sample(d, h, k[n - 1].x, k[n - 1].y);
}

/* A fast hand cuts curves short: each sample moves halfway to its neighbours' middle, so many times. Ends stay, and so
 * do the corners (kept[i]). */
static void hurry(sample *s, uint32_t n, const bool *kept, uint32_t times) {
    for (uint32_t pass = 0; pass < times; pass++) {
        double before_x = s[0].x, before_y = s[0].y;
        for (uint32_t i = 1; i + 1 < n; i++) {
            double x = s[i].x, y = s[i].y;
            if (!kept[i]) {
                s[i].x = 0.5 * x + 0.25 * (before_x + s[i + 1].x);
                s[i].y = 0.5 * y + 0.25 * (before_y + s[i + 1].y);
            }
            before_x = x;
            before_y = y;
        }
    }
}

/* The pen's radius at each sample of a stroke. */
static void press(sample *s, uint32_t n, const hand *h, ink_rng *rng) {
    double way = 0.0, phase = h->phase + 0.15 * ink_rng_normal(rng);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t a = i > 0 ? i - 1 : 0, b = i + 1 < n ? i + 1 : i;
        double dx = s[b].x - s[a].x, dy = s[b].y - s[a].y, square = dx * dx + dy * dy;
        if (i > 0) way += sqrt((s[i].x - s[a].x) * (s[i].x - s[a].x) + (s[i].y - s[a].y) * (s[i].y - s[a].y));
        double r = 1.0 + h->pressure * ink_sin_turn(h->pulse * way + phase) + normal(rng, h->rough);
        if (square > 0) r *= 1.0 + h->nib * (h->nib_cos * (dx * dx - dy * dy) + h->nib_sin * 2 * dx * dy) / square;
        double at = n > 1 ? i / (double)(n - 1) : 0.0;
        if (at < 0.2) r *= h->start + (1.0 - h->start) * at / 0.2;
        if (at > 0.7) r *= 1.0 + (h->finish - 1.0) * (at - 0.7) / 0.3;
        s[i].radius = h->pen * within(r, 0.3, 1.8);
    }
    s[n - 1].lifted = true;
}

static const ink_allograph *choose(ink_rng *rng, uint8_t digit) {
    uint32_t sum = 0, first = UINT32_MAX;
    for (uint32_t i = 0; i < ink_allograph_count; i++) {
        if (ink_allographs[i].digit != digit) continue;
        if (first == UINT32_MAX) first = i;
        sum += ink_allographs[i].weight;
    }
    uint32_t at = ink_rng_below(rng, sum), i = first;
    while (at >= ink_allographs[i].weight) at -= ink_allographs[i++].weight;
    return &ink_allographs[i];
}

static void write_digit(ink_rng *rng, uint8_t digit, drawing *d) {
    hand h;
    draw_hand(rng, digit, &h);
    const ink_allograph *way = choose(rng, digit);
    d->count = 0;
    for (uint32_t at = 0; at < way->count;) {
        knot knots[INK_STROKE_POINTS_MAX];
        bool kept[SAMPLES_MAX] = {false};
        uint32_t first = d->count, n = shake_points(way->points + at, &h, rng, knots);
        trace(d, &h, knots, n);
        for (uint32_t i = 1; i + 1 < n; i++) kept[i * PIECE_SAMPLES] = knots[i].corner;
        hurry(d->samples + first, d->count - first, kept, h.haste);
        press(d->samples + first, d->count - first, &h, rng);
        at += n;
    }
}

/* ---- the pen on paper ---- */

/* Fits the middle of the strokes into the square, DRAWN pixels long, in its centre. */
static void fit(drawing *d) {
    double left = 1e9, right = -1e9, top = 1e9, bottom = -1e9;
    for (uint32_t i = 0; i < d->count; i++) {
        const sample *s = &d->samples[i];
        left = s->x < left ? s->x : left;
        right = s->x > right ? s->x : right;
        top = s->y < top ? s->y : top;
        bottom = s->y > bottom ? s->y : bottom;
    }
    double longer = right - left > bottom - top ? right - left : bottom - top;
    double scale = DRAWN / (longer > 0.2 ? longer : 0.2);
    for (uint32_t i = 0; i < d->count; i++) {
        sample *s = &d->samples[i];
        s->x = (s->x - (left + right) / 2) * scale + INK_SYNTH_SIDE / 2.0;
        s->y = (s->y - (top + bottom) / 2) * scale + INK_SYNTH_SIDE / 2.0;
        s->radius *= scale;
    }
}

/* What the pen covers of each pixel, 0..1. */
typedef float paper[INK_SYNTH_SIDE][INK_SYNTH_SIDE];

static int clip_to_paper(float x) {
    return x < 0.0f ? 0 : x > INK_SYNTH_SIDE ? INK_SYNTH_SIDE : (int)x;
}

/* A line from a to b whose radius r runs from a's to b's, added to the ink: each pixel keeps the larger of what it had
 * and its share under this line. That share falls from 1 to 0 over half a pixel around the edge; with q the squared
 * distance from the line, r - sqrt(q) is (r^2 - q) / 2r there, so no root is needed. The loop is plain enough for
 * compilers to turn into vectors. */
static void draw_line(paper ink, const sample *a, const sample *b) {
    float reach = (float)(a->radius > b->radius ? a->radius : b->radius) + 1.0f;
    float ax = (float)a->x, ay = (float)a->y, dx = (float)b->x - ax, dy = (float)b->y - ay;
    float square = dx * dx + dy * dy, ra = (float)a->radius, wider = (float)b->radius - ra;
    float inverse = square > 0 ? 1.0f / square : 0.0f, sharp = 1.0f / (ra + 0.5f * wider);
    int from_x = clip_to_paper((dx < 0 ? ax + dx : ax) - reach),
        to_x = clip_to_paper((dx > 0 ? ax + dx : ax) + reach + 1);
    int from_y = clip_to_paper((dy < 0 ? ay + dy : ay) - reach),
        to_y = clip_to_paper((dy > 0 ? ay + dy : ay) + reach + 1);
    for (int y = from_y; y < to_y; y++) {
        float py = (float)y + 0.5f - ay;
        float *row = ink[y];
        for (int x = from_x; x < to_x; x++) {
            float px = (float)x + 0.5f - ax;
            float u = (px * dx + py * dy) * inverse;
            u = u > 0.0f ? u : 0.0f;
            u = u < 1.0f ? u : 1.0f;
            float qx = px - u * dx, qy = py - u * dy, r = ra + u * wider;
            float share = (r * r - (qx * qx + qy * qy)) * sharp + 0.5f;
            row[x] = share > row[x] ? share : row[x];
        }
    }
}

void ink_synth_ink(uint64_t seed, uint64_t number, uint8_t out[INK_SYNTH_SIDE * INK_SYNTH_SIDE], uint8_t *label) {
    ink_rng rng = ink_rng_at(seed, INK_STREAM_SYNTH, number, 0);
    drawing d;
    paper ink = {{0}};
    *label = (uint8_t)ink_rng_below(&rng, 10);
    write_digit(&rng, *label, &d);
    fit(&d);
    for (uint32_t i = 0; i + 1 < d.count; i++) {
        if (!d.samples[i].lifted) draw_line(ink, &d.samples[i], &d.samples[i + 1]);
    }
    for (int i = 0; i < INK_SYNTH_SIDE * INK_SYNTH_SIDE; i++) {
        float share = ink[i / INK_SYNTH_SIDE][i % INK_SYNTH_SIDE];
        out[i] = (uint8_t)((share < 1.0f ? share : 1.0f) * 255.0f + 0.5f);
    }
}

void ink_synth_digit(uint64_t seed, uint64_t number, uint8_t out[INK_DIGIT_PIXELS], uint8_t *label) {
    uint8_t ink[INK_SYNTH_SIDE * INK_SYNTH_SIDE];
    ink_synth_ink(seed, number, ink, label);
    (void)ink_digit_normalise(ink, INK_SYNTH_SIDE, INK_SYNTH_SIDE, INK_SYNTH_SIDE, out);
}

/* ---- many ---- */

#define TASK_DIGITS 64u

typedef struct job {
    uint64_t seed, first;
    uint32_t count;
    uint8_t *pixels, *labels;
} job;

static void draw_task(void *context, uint32_t task, uint32_t worker) {
    (void)worker;
    const job *j = context;
    uint32_t from = task * TASK_DIGITS, to = from + TASK_DIGITS < j->count ? from + TASK_DIGITS : j->count;
    for (uint32_t i = from; i < to; i++) {
        ink_synth_digit(j->seed, j->first + i, j->pixels + (size_t)i * INK_DIGIT_PIXELS, &j->labels[i]);
    }
}

void ink_synth_digits(uint64_t seed, uint64_t first, uint32_t count, ink_pool *pool, uint8_t *pixels, uint8_t *labels) {
    job j = {.seed = seed, .first = first, .count = count};
    j.pixels = pixels;
    j.labels = labels;
    uint32_t tasks = (count + TASK_DIGITS - 1) / TASK_DIGITS;
    if (pool != NULL && tasks <= INK_POOL_TASKS_MAX) {
        ink_pool_each(pool, tasks, draw_task, &j);
        return;
    }
    for (uint32_t task = 0; task < tasks; task++) draw_task(&j, task, 0);
}

/* data/handpage.c: pages of numbers: what stands where, in whose hand, with which pen, on what paper.
 * Camera, light, doodles and forms have files of their own; JPEG is files/bitmap_write.h's. */
#include "data/handpage.h"

#include <math.h>
#include <string.h>

#include "core/mem.h"
#include "core/real.h"
#include "core/status.h"
#include "data/handpage_parts.h"
#include "data/normaliser.h"
#include "data/synth.h"

#define LONGER  1600u
#define SHORTER 1200u

/* clang-format off */
static const ink_severity severities[INK_HANDPAGE_SEVERITY_MAX + 1] = {
    /* shade  perspective turn  blur  noise   JPEG tilt touching faint lined */
    {0.00f,    0,         0,    0.5f, 0.000f,  0,  2,   0.00f,   0.15f, false},
    {0.10f,   25,         1,    0.7f, 0.010f, 92,  3,   0.01f,   0.25f, true},
    {0.20f,   50,         2,    0.9f, 0.025f, 85,  4,   0.02f,   0.30f, true},
    {0.333f,  75,         3,    1.2f, 0.045f, 70,  5,   0.03f,   0.35f, true},
    {0.42f,  100,         4.5f, 1.5f, 0.060f, 55,  6,   0.04f,   0.40f, true},
    {0.50f,  130,         6,    1.8f, 0.075f, 40,  7,   0.05f,   0.40f, true},
};
/* clang-format on */

const ink_severity *ink_severity_of(uint32_t severity) {
    return &severities[severity <= INK_HANDPAGE_SEVERITY_MAX ? severity : INK_HANDPAGE_SEVERITY_MAX];
}

/* ---- the digits ---- */

uint8_t ink_writer_take(ink_writer *w) {
    uint8_t label = 0;
    bool ink = false;
    for (int tries = 0; tries < 16 && !ink; tries++) {
        if (w->digits->count > 0) {
            uint32_t i = ink_rng_below(&w->rng, w->digits->count);
            label = w->digits->labels[i];
            ink = ink_pen_shape_make(w->digits->pixels + (size_t)i * INK_DIGIT_PIXELS, INK_DIGIT_SIDE, w->shape);
        } else {
            uint8_t grey[INK_SYNTH_SIDE * INK_SYNTH_SIDE];
            ink_synth_ink(w->seed, w->first++, grey, &label);
            ink = ink_pen_shape_make(grey, INK_SYNTH_SIDE, w->shape);
        }
    }
    return label;
}

/* Paints the digit and gives the box of its ink; false when nothing of it is in the picture. */
static bool paint(const ink_writer *w, const ink_placing *at, ink_handpage_digit *out) {
    const ink_pen_shape *s = w->shape;
    double cx = (double)(s->left + s->right) / 2, cy = (double)(s->top + s->bottom) / 2;
    double c = ink_cos_turn(at->turn), d = ink_sin_turn(at->turn), unit = at->unit;
    double reach = ((double)(s->right - s->left) + (double)(s->bottom - s->top)) / 2 * unit + (double)w->radius + 4;
    double x0 = 1e9, x1 = -1e9, y0 = 1e9, y1 = -1e9;
    for (int i = 0; i < 4; i++) {
        double x, y;
        ink_view_apply(w->easel.view.to_picture, at->x + (i % 2 == 0 ? -reach : reach),
                       at->y + (i < 2 ? -reach : reach), &x, &y);
        x0 = x < x0 ? x : x0;
        x1 = x > x1 ? x : x1;
        y0 = y < y0 ? y : y0;
        y1 = y > y1 ? y : y1;
    }
    int64_t left = INT64_MAX, right = -1, top = INT64_MAX, bottom = -1;
    for (int64_t y = (int64_t)y0; y <= (int64_t)y1; y++) {
        for (int64_t x = (int64_t)x0; x <= (int64_t)x1; x++) {
            double u, v;
            if (x < 0 || y < 0 || x >= (int64_t)w->easel.width || y >= (int64_t)w->easel.height) continue;
            ink_view_apply(w->easel.view.to_paper, (double)x, (double)y, &u, &v);
            u = (u - at->x) / unit;
            v = (v - at->y) / unit;
            float cover = ink_pen_cover(s, (float)(c * u + d * v + cx), (float)(c * v - d * u + cy),
                                        w->radius / (float)unit, (float)unit);
            if (cover <= 0) continue;
            ink_easel_stain(&w->easel, x, y, cover, w->through);
            if (cover < 0.5f) continue;
            left = x < left ? x : left;
            right = x > right ? x : right;
            top = y < top ? y : top;
            bottom = y > bottom ? y : bottom;
        }
    }
    if (right < 0) return false;
    out->x = (int32_t)left;
    out->y = (int32_t)top;
    out->width = (int32_t)(right - left + 1);
    out->height = (int32_t)(bottom - top + 1);
    return true;
}

void ink_writer_paint(ink_writer *w, const ink_placing *at, uint8_t label, uint32_t line, uint32_t string) {
    if (w->page->n == INK_HANDPAGE_DIGITS_MAX) return;
    ink_handpage_digit *d = &w->page->digits[w->page->n];
    *d = (ink_handpage_digit){.digit = label, .line = line, .string = string};
    if (paint(w, at, d)) w->page->n++;
}

/* Writes `count` digits from x on, standing on `base`; returns where the last one ends. */
static double write_string(ink_writer *w, double x, double base, uint32_t count, uint32_t line, uint32_t string) {
    const ink_severity *s = w->easel.severity;
    double spacing = (double)ink_rng_between(&w->rng, 0.16f, 0.36f) * w->height;
    for (uint32_t i = 0; i < count && w->page->n < INK_HANDPAGE_DIGITS_MAX; i++) {
        uint8_t label = ink_writer_take(w);
        double tall = (double)(w->shape->bottom - w->shape->top), wide = (double)(w->shape->right - w->shape->left);
        double height = w->height * (double)ink_rng_between(&w->rng, 0.88f, 1.12f);
        double unit = height / (tall > 0.7 * wide ? tall : 0.7 * wide);
        double rise = (double)ink_rng_normal(&w->rng) * 0.03 * w->height;
        double gap = spacing * (double)ink_rng_between(&w->rng, 0.7f, 1.3f);
        if (ink_rng_unit(&w->rng) < s->touching) gap = (double)ink_rng_between(&w->rng, -0.07f, -0.01f) * w->height;
        ink_placing at = {.x = x + wide * unit / 2,
                          .y = base - tall * unit / 2 + rise,
                          .unit = unit,
                          .turn = (double)ink_rng_between(&w->rng, -s->tilt_deg, s->tilt_deg) / 360};
        ink_writer_paint(w, &at, label, line, string);
        x += wide * unit + gap;
    }
    return x;
}

/* ---- the page ---- */

static void write_strings(ink_writer *w, double pitch) {
    uint32_t line = 0, string = 0;
    for (double base = INK_HANDPAGE_MARGIN + w->height; base < w->easel.height - INK_HANDPAGE_MARGIN; base += pitch) {
        double x = INK_HANDPAGE_MARGIN + (double)ink_rng_unit(&w->rng) * 1.5 * w->height;
        if (ink_rng_unit(&w->rng) < 0.12f) continue; /* an empty line */
        bool any = false;
        for (uint32_t k = 1 + ink_rng_below(&w->rng, 3); k > 0; k--) {
            uint32_t count = 2 + ink_rng_below(&w->rng, 7);
            if (x + count * 1.05 * w->height > w->easel.width - INK_HANDPAGE_MARGIN) break;
            x = write_string(w, x, base, count, line, string++);
            x += w->height * (double)ink_rng_between(&w->rng, 1.4f, 3.0f);
            any = true;
        }
        line += any;
    }
}

static void write_columns(ink_writer *w, double pitch) {
    uint32_t columns = 2 + ink_rng_below(&w->rng, 2), line = 0, string = 0;
    double wide = (w->easel.width - 2 * INK_HANDPAGE_MARGIN) / columns;
    for (double base = INK_HANDPAGE_MARGIN + w->height; base < w->easel.height - INK_HANDPAGE_MARGIN; base += pitch) {
        for (uint32_t k = 0; k < columns; k++) {
            uint32_t room = (uint32_t)(wide / (1.05 * w->height)), count;
            count = 1 + ink_rng_below(&w->rng, room > 7 ? 6 : room > 2 ? room - 1 : 1);
            /* Flush right, nearly: the digits' widths are known only when they are written. */
            double x = INK_HANDPAGE_MARGIN + (k + 1) * wide - w->height * (0.8 + 0.95 * count);
            write_string(w, x, base, count, line, string++);
        }
        line++;
    }
}

/* Ruled or squared paper, or none. */
static void rule_paper(ink_writer *w, double pitch, bool always) {
    float kind = ink_rng_unit(&w->rng), through = ink_rng_between(&w->rng, 0.55f, 0.85f);
    float radius = ink_rng_between(&w->rng, 0.5f, 1.1f);
    bool squared = ink_rng_unit(&w->rng) < 0.4f;
    if (!always && (!w->easel.severity->lined || kind < 0.45f)) return;
    double far = 200, square = pitch / (2 + ink_rng_below(&w->rng, 2));
    double first = INK_HANDPAGE_MARGIN + w->height + 0.06 * w->height; /* the writing stands on the rules, nearly */
    while (first > -far) first -= squared ? square : pitch;
    ink_lines lines = {-far,    first, w->easel.width + far, w->easel.height + far, squared ? square : pitch, radius,
                       through, false};
    ink_easel_lines(&w->easel, &lines);
    if (squared) {
        lines.upright = true;
        ink_easel_lines(&w->easel, &lines);
    } else if (ink_rng_unit(&w->rng) < 0.5f) { /* the margin of a school book */
        lines = (ink_lines){80, -far, 81, w->easel.height + far, 10, radius, through, true};
        ink_easel_lines(&w->easel, &lines);
    }
}

static void draw_doodles(ink_writer *w) {
    uint32_t n = 2 + ink_rng_below(&w->rng, 5);
    for (uint32_t i = 0; i < n; i++) {
        double size = (double)ink_rng_between(&w->rng, 70, 320);
        double x = (double)ink_rng_between(&w->rng, 0.15f, 0.85f) * w->easel.width;
        double y = (double)ink_rng_between(&w->rng, 0.15f, 0.85f) * w->easel.height;
        ink_easel_doodle(&w->easel, &w->rng, x, y, size, w->radius, w->through);
    }
}

static void fill_sheet(ink_writer *w, ink_handpage_kind kind) {
    const ink_severity *s = w->easel.severity;
    w->height = (double)ink_rng_between(&w->rng, 38, 84);
    double pitch = w->height * (double)ink_rng_between(&w->rng, 1.55f, 2.2f);
    /* From a hairline to a marker, as often twice as broad as half. */
    double broad = 0.035 * ink_exp((double)ink_rng_unit(&w->rng) * 1.5) * w->height;
    w->radius = (float)(broad / 2 > 1 ? broad / 2 : 1);
    w->through = 0.06f + s->faint * ink_rng_unit(&w->rng);
    w->easel.paper = ink_rng_between(&w->rng, 0.86f, 0.97f);
    ink_view_draw(&w->rng, s, w->easel.width, w->easel.height, &w->easel.view);
    for (size_t i = 0; i < (size_t)w->easel.width * w->easel.height; i++) w->easel.light[i] = w->easel.paper;
    if (kind >= INK_HANDPAGE_BOXES) {
        ink_writer_form(w, kind);
        return;
    }
    if (kind != INK_HANDPAGE_BLANK) rule_paper(w, pitch, kind == INK_HANDPAGE_RULED);
    if (kind == INK_HANDPAGE_STRINGS) write_strings(w, pitch);
    if (kind == INK_HANDPAGE_COLUMNS) write_columns(w, pitch);
    if (kind == INK_HANDPAGE_DOODLE) draw_doodles(w);
}

void ink_handpage_clear(ink_handpage *page) {
    ink_mem_free(page->grey);
    ink_mem_free(page->digits);
    *page = (ink_handpage){0};
}

ink_status ink_handpage_draw(uint64_t seed, uint32_t number, uint32_t severity, ink_handpage_kind kind,
                             const ink_handpage_digits *digits, ink_handpage *out, ink_error *err) {
    ink_writer w = {.rng = ink_rng_at(seed, INK_STREAM_PAGE, number, severity),
                    .digits = digits,
                    .seed = seed,
                    .first = (uint64_t)number << 32,
                    .page = out};
    *out = (ink_handpage){.kind = kind, .width = LONGER, .height = SHORTER};
    if (severity > INK_HANDPAGE_SEVERITY_MAX) {
        *out = (ink_handpage){0};
        return ink_fail(err, INK_E_USAGE, "severity %u, expected 0 to %d", severity, INK_HANDPAGE_SEVERITY_MAX);
    }
    if (ink_rng_below(&w.rng, 2) == 1) {
        out->width = SHORTER;
        out->height = LONGER;
    }
    size_t n = (size_t)out->width * out->height;
    float *scratch = ink_mem_new(n, sizeof *scratch);
    w.easel = (ink_easel){.width = out->width, .height = out->height, .severity = ink_severity_of(severity)};
    w.easel.light = ink_mem_new(n, sizeof *w.easel.light);
    w.shape = ink_mem_new(1, sizeof *w.shape);
    out->grey = ink_mem_new(n, 1);
    out->digits = ink_mem_new(INK_HANDPAGE_DIGITS_MAX, sizeof *out->digits);
    ink_status status = INK_OK;
    if (scratch == NULL || w.easel.light == NULL || w.shape == NULL || out->grey == NULL || out->digits == NULL) {
        status = ink_fail_memory(err, n * 9, "a page");
        goto done;
    }
    fill_sheet(&w, kind);
    ink_easel_photograph(&w.easel, &w.rng, scratch, out->grey);
done:
    ink_mem_free(scratch);
    ink_mem_free(w.easel.light);
    ink_mem_free(w.shape);
    if (status != INK_OK) ink_handpage_clear(out);
    return status;
}

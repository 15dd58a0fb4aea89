/* data/handpage_form.c: printed forms filled in by hand: rows of boxes that adjoin, combs, tables.
 * Whose digits and which pen, handpage.c says. */
#include "core/rng.h"
#include "data/handpage_parts.h"

/* The printed lines: pixels, and light that passes. */
typedef struct print {
    float radius, through;
} print;

static void rule(const ink_writer *w, const print *p, double x0, double y0, double x1, double y1) {
    const ink_lines lines = {x0, y0, x1, y1, w->easel.width + w->easel.height, p->radius, p->through, y1 > y0};
    ink_easel_lines(&w->easel, &lines);
}

/* The next digit in a cell: centred, nearly; few reach its lines. */
static void write_in(ink_writer *w, double x, double y, double wide, uint32_t line, uint32_t string) {
    uint8_t label = ink_writer_take(w);
    double across = (double)(w->shape->right - w->shape->left), tall = (double)(w->shape->bottom - w->shape->top);
    double height = w->height * (double)ink_rng_between(&w->rng, 0.9f, 1.1f),
           tilt = (double)w->easel.severity->tilt_deg;
    double unit = height / (tall > 0.7 * across ? tall : 0.7 * across);
    if (across * unit > 0.9 * wide) unit = 0.9 * wide / across;
    ink_placing at = {.x = x + (double)ink_rng_normal(&w->rng) * 0.05 * wide,
                      .y = y + (double)ink_rng_normal(&w->rng) * 0.05 * w->height,
                      .unit = unit,
                      .turn = (double)ink_rng_between(&w->rng, (float)-tilt, (float)tilt) / 360};
    ink_writer_paint(w, &at, label, line, string);
}

/* A field of `cells` cells from x on, the lower line at `base`; the last ones may stay empty. */
static void draw_field(ink_writer *w, const print *p, bool comb, double x, double base, double wide, double high,
                       uint32_t cells, uint32_t line, uint32_t string) {
    uint32_t written = ink_rng_below(&w->rng, 3) == 0 ? 1 + ink_rng_below(&w->rng, cells) : cells;
    double top = comb ? base - high * (double)ink_rng_between(&w->rng, 0.25f, 0.6f) : base - high;
    rule(w, p, x, base, x + cells * wide, base);
    if (!comb) rule(w, p, x, top, x + cells * wide, top);
    for (uint32_t i = 0; i <= cells; i++) rule(w, p, x + i * wide, top, x + i * wide, base);
    for (uint32_t i = 0; i < written; i++) write_in(w, x + (i + 0.5) * wide, base - high / 2, wide, line, string);
}

static void draw_fields(ink_writer *w, const print *p, bool comb) {
    uint32_t line = 0, string = 0;
    double high = w->height * (double)ink_rng_between(&w->rng, 1.35f, 1.7f);
    double wide = w->height * (double)ink_rng_between(&w->rng, 1.0f, 1.35f);
    for (double base = INK_HANDPAGE_MARGIN + high; base < w->easel.height - INK_HANDPAGE_MARGIN; base += high * 1.6) {
        double x = INK_HANDPAGE_MARGIN;
        for (;;) {
            uint32_t cells = 3 + ink_rng_below(&w->rng, 7);
            if (x + cells * wide > w->easel.width - INK_HANDPAGE_MARGIN) break;
            draw_field(w, p, comb, x, base, wide, high, cells, line, string++);
            x += (cells + 1.5) * wide;
        }
        line += x > INK_HANDPAGE_MARGIN;
    }
}

/* One table over the whole sheet, its columns of different widths, a number of up to three digits in most cells. */
static void draw_table(ink_writer *w, const print *p) {
    double edge[16] = {INK_HANDPAGE_MARGIN}, high = w->height * (double)ink_rng_between(&w->rng, 1.5f, 2.5f);
    uint32_t columns = 0, rows = (uint32_t)((w->easel.height - 2 * INK_HANDPAGE_MARGIN) / high), room[16], string = 0;
    while (columns < 15) {
        room[columns] = 1 + ink_rng_below(&w->rng, 3);
        double wide = w->height * (0.5 + 1.05 * room[columns]);
        if (edge[columns] + wide > w->easel.width - INK_HANDPAGE_MARGIN) break;
        edge[columns + 1] = edge[columns] + wide;
        columns++;
    }
    for (uint32_t i = 0; i <= columns; i++)
        rule(w, p, edge[i], INK_HANDPAGE_MARGIN, edge[i], INK_HANDPAGE_MARGIN + rows * high);
    for (uint32_t r = 0; r <= rows; r++)
        rule(w, p, INK_HANDPAGE_MARGIN, INK_HANDPAGE_MARGIN + r * high, edge[columns], INK_HANDPAGE_MARGIN + r * high);
    for (uint32_t r = 0, line = 0; r < rows; r++) {
        bool any = false;
        for (uint32_t c = 0; c < columns; c++) {
            if (ink_rng_unit(&w->rng) < 0.3f) continue;
            uint32_t n = 1 + ink_rng_below(&w->rng, room[c]);
            double pitch = 1.05 * w->height, x = (edge[c] + edge[c + 1] - (n - 1) * pitch) / 2;
            for (uint32_t i = 0; i < n; i++) {
                write_in(w, x + i * pitch, INK_HANDPAGE_MARGIN + (r + 0.5) * high, pitch, line, string);
            }
            string++;
            any = true;
        }
        line += any;
    }
}

void ink_writer_form(ink_writer *w, ink_handpage_kind kind) {
    const print p = {.radius = ink_rng_between(&w->rng, 0.5f, 2.5f), .through = ink_rng_between(&w->rng, 0.05f, 0.7f)};
    if (kind == INK_HANDPAGE_TABLE) {
        draw_table(w, &p);
    } else {
        draw_fields(w, &p, kind == INK_HANDPAGE_COMB);
    }
}

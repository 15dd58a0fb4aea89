/* report/sheet.c: lays out rows of digits with captions.
 * It does not choose the digits. */
#include "report/sheet.h"

#include <math.h>
#include <stdio.h>

#include "core/status.h"

#define COUNT_MAX   10000u
#define SIDE_MAX    1024u
#define MARGIN      20.0
#define GAP         10.0
#define CAPTION     16.0 /* height of a line of captions */
#define CAPTION_PT  12.0
#define DETAIL_PT   10.5
#define COLUMNS_MAX 20u

/* What all cells share. */
typedef struct grid {
    uint32_t columns, rows, width, height; /* cells; pixels of a digit */
    double digit_w, digit_h, cell_w, cell_h, head;
} grid;

static double widest_text(const ink_sheet *sheet) {
    double widest = 0;
    for (uint32_t i = 0; i < sheet->count; i++) {
        const ink_sheet_digit *d = &sheet->digits[i];
        if (d->caption != NULL) widest = fmax(widest, ink_picture_text_width(d->caption, CAPTION_PT, true));
        if (d->detail != NULL) widest = fmax(widest, ink_picture_text_width(d->detail, DETAIL_PT, false));
    }
    return widest;
}

/* The number near `wanted` that leaves the fewest cells of the last row empty; the nearest of equals. */
static uint32_t choose_columns(uint32_t count, double wanted) {
    uint32_t best = 1, fewest = UINT32_MAX;
    double low = fmin(wanted * 0.7, COLUMNS_MAX), high = fmin(wanted * 1.3, COLUMNS_MAX);
    for (uint32_t columns = (uint32_t)ceil(low); columns <= (uint32_t)ceil(high); columns++) {
        uint32_t empty = (columns - count % columns) % columns;
        if (empty < fewest || (empty == fewest && fabs(columns - wanted) < fabs(best - wanted))) {
            best = columns;
            fewest = empty;
        }
    }
    return best;
}

static grid plan(const ink_sheet *sheet) {
    grid g = {.width = sheet->width > 0 ? sheet->width : 28, .height = sheet->height > 0 ? sheet->height : 28};
    bool captions = false, details = false;
    for (uint32_t i = 0; i < sheet->count; i++) {
        captions = captions || sheet->digits[i].caption != NULL;
        details = details || sheet->digits[i].detail != NULL;
    }
    double longer = g.width > g.height ? g.width : g.height;
    double scale = (sheet->digit_size > 0 ? sheet->digit_size : 2 * longer) / longer;
    g.digit_w = scale * g.width;
    g.digit_h = scale * g.height;
    g.cell_w = fmax(g.digit_w, widest_text(sheet)) + GAP;
    g.cell_h = g.digit_h + (captions ? CAPTION : 0) + (details ? CAPTION - 2 : 0) + (captions || details ? 14 : GAP);
    g.columns = sheet->columns;
    if (g.columns == 0) { /* about four wide to three high */
        g.columns = choose_columns(sheet->count, sqrt(sheet->count * g.cell_h / g.cell_w * 4 / 3));
    }
    if (g.columns > sheet->count) g.columns = sheet->count;
    if (g.columns < 1) g.columns = 1;
    g.rows = (sheet->count + g.columns - 1) / g.columns;
    g.head = MARGIN + (sheet->title != NULL ? 26 : 0) + (sheet->note != NULL ? 22 : 0) +
             (sheet->title != NULL || sheet->note != NULL ? 6 : 0);
    return g;
}

static void draw_head(ink_picture *picture, const ink_sheet *sheet) {
    double y = MARGIN + 14;
    if (sheet->title != NULL) {
        ink_picture_text(picture, MARGIN, y, sheet->title,
                         &(ink_lettering){.size = 16, .color = INK_COLOR_TEXT, .bold = true});
        y += 22;
    }
    if (sheet->note != NULL) {
        ink_picture_text(picture, MARGIN, y, sheet->note, &(ink_lettering){.size = 12.5, .color = INK_COLOR_MUTED});
    }
}

static void draw_cell(ink_picture *picture, const grid *g, const ink_sheet_digit *d, double x, double y) {
    double left = x + (g->cell_w - GAP - g->digit_w) / 2, middle = x + (g->cell_w - GAP) / 2;
    double base = y + g->digit_h + CAPTION - 1;
    ink_picture_rect(picture, left - 2, y - 2, g->digit_w + 4, g->digit_h + 4, 4, INK_COLOR_PANEL, 1);
    ink_picture_digit(picture, left, y, g->digit_w, g->digit_h, d->pixels, g->width, g->height);
    if (d->caption != NULL) {
        ink_picture_text(picture, middle, base, d->caption,
                         &(ink_lettering){.size = CAPTION_PT,
                                          .color = d->wrong ? INK_COLOR_BAD : INK_COLOR_TEXT,
                                          .anchor = INK_ANCHOR_MIDDLE,
                                          .bold = true});
        base += CAPTION - 2;
    }
    if (d->detail != NULL) {
        ink_picture_text(picture, middle, base, d->detail,
                         &(ink_lettering){.size = DETAIL_PT, .color = INK_COLOR_MUTED, .anchor = INK_ANCHOR_MIDDLE});
    }
}

ink_status ink_sheet_draw(const ink_sheet *sheet, ink_picture **out, ink_error *err) {
    char description[256];
    *out = NULL;
    if (sheet->count == 0 || sheet->count > COUNT_MAX) {
        return ink_fail(err, INK_E_USAGE, "a sheet of %u digits cannot be drawn, expected 1 to %u", sheet->count,
                        COUNT_MAX);
    }
    if (sheet->width > SIDE_MAX || sheet->height > SIDE_MAX) {
        return ink_fail(err, INK_E_USAGE, "a sheet of digits of %u x %u pixels cannot be drawn, expected at most %u",
                        sheet->width, sheet->height, SIDE_MAX);
    }
    grid g = plan(sheet);
    double width = 2 * MARGIN + g.columns * g.cell_w - GAP;
    if (sheet->title != NULL) width = fmax(width, 2 * MARGIN + ink_picture_text_width(sheet->title, 16, true));
    if (sheet->note != NULL) width = fmax(width, 2 * MARGIN + ink_picture_text_width(sheet->note, 12.5, false));
    snprintf(description, sizeof description, "%s%s%u pictures of digits", sheet->title != NULL ? sheet->title : "",
             sheet->title != NULL ? ": " : "", sheet->count);
    ink_picture *picture = ink_picture_new(ceil(width), ceil(g.head + g.rows * g.cell_h + MARGIN - 8), description);
    if (picture == NULL) return ink_fail_memory(err, sizeof(ink_sheet), "a sheet of digits");
    draw_head(picture, sheet);
    for (uint32_t i = 0; i < sheet->count; i++) {
        uint32_t row = i / g.columns, column = i % g.columns;
        draw_cell(picture, &g, &sheet->digits[i], MARGIN + column * g.cell_w, g.head + row * g.cell_h);
    }
    *out = picture;
    return INK_OK;
}

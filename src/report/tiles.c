/* report/tiles.c: lays out rows of grey tiles.
 * It does not choose what they show. */
#include "report/tiles.h"

#include <math.h>
#include <stdio.h>

#include "core/status.h"

#define MARGIN    20.0
#define GAP       6.0
#define TILE      56.0
#define PER_LINE  16u
#define TILES_MAX 4096u
#define HEADING   30.0
#define CAPTION   18.0

static double line_height(const ink_tiles_row *row, double tile) {
    return tile + GAP + (row->captions != NULL ? CAPTION : 0);
}

static uint32_t lines_of(const ink_tiles_row *row) {
    return (row->count + PER_LINE - 1) / PER_LINE;
}

static ink_status check(const ink_tiles_row *rows, uint32_t n_rows, ink_error *err) {
    uint64_t tiles = 0;
    for (uint32_t r = 0; r < n_rows; r++) tiles += rows[r].count;
    if (tiles == 0 || tiles > TILES_MAX) {
        return ink_fail(err, INK_E_USAGE, "%llu tiles cannot be drawn, expected 1 to %u", (unsigned long long)tiles,
                        TILES_MAX);
    }
    return INK_OK;
}

static void draw_row(ink_picture *picture, const ink_tiles_row *row, double tile, double y) {
    ink_picture_text(picture, MARGIN, y + 18, row->title,
                     &(ink_lettering){.size = 12.5, .color = INK_COLOR_TEXT, .bold = true});
    for (uint32_t i = 0; i < row->count; i++) {
        double left = MARGIN + (i % PER_LINE) * (tile + GAP);
        double top = y + HEADING + (i / PER_LINE) * line_height(row, tile);
        double longer = row->width > row->height ? row->width : row->height;
        double w = tile * row->width / longer, h = tile * row->height / longer;
        ink_picture_rect(picture, left, top, tile, tile, 3, INK_COLOR_PANEL, 1);
        ink_picture_digit(picture, left + (tile - w) / 2, top + (tile - h) / 2, w, h,
                          row->pixels + (size_t)i * row->width * row->height, row->width, row->height);
        if (row->captions != NULL) {
            ink_picture_text(picture, left + tile / 2, top + tile + 14, row->captions[i],
                             &(ink_lettering){.size = 11, .color = INK_COLOR_MUTED, .anchor = INK_ANCHOR_MIDDLE});
        }
    }
}

ink_status ink_tiles_draw(const char *title, const char *note, double tile, const ink_tiles_row *rows, uint32_t n_rows,
                          ink_picture **out, ink_error *err) {
    double width = 2 * MARGIN + ink_picture_text_width(title, 16, true), height = MARGIN + 48, y = height;
    *out = NULL;
    if (tile <= 0) tile = TILE;
    ink_status status = check(rows, n_rows, err);
    if (status != INK_OK) return status;
    width = fmax(width, 2 * MARGIN + ink_picture_text_width(note, 12.5, false));
    for (uint32_t r = 0; r < n_rows; r++) {
        uint32_t across = rows[r].count < PER_LINE ? rows[r].count : PER_LINE;
        width = fmax(width, 2 * MARGIN + across * (tile + GAP) - GAP);
        width = fmax(width, 2 * MARGIN + ink_picture_text_width(rows[r].title, 12.5, true));
        height += HEADING + lines_of(&rows[r]) * line_height(&rows[r], tile) + 4;
    }
    ink_picture *picture = ink_picture_new(ceil(width), ceil(height + MARGIN - 6), title);
    if (picture == NULL) return ink_fail_memory(err, sizeof(ink_tiles_row), "a picture");
    ink_picture_text(picture, MARGIN, MARGIN + 14, title,
                     &(ink_lettering){.size = 16, .color = INK_COLOR_TEXT, .bold = true});
    ink_picture_text(picture, MARGIN, MARGIN + 36, note, &(ink_lettering){.size = 12.5, .color = INK_COLOR_MUTED});
    for (uint32_t r = 0; r < n_rows; r++) {
        draw_row(picture, &rows[r], tile, y);
        y += HEADING + lines_of(&rows[r]) * line_height(&rows[r], tile) + 4;
    }
    *out = picture;
    return INK_OK;
}

void ink_tiles_scale(const float *from, size_t n, float least, float most, uint8_t *to) {
    for (size_t i = 0; i < n; i++) {
        float share = most > least ? (from[i] - least) / (most - least) : 0;
        to[i] = share > 0 ? (uint8_t)lroundf((share < 1 ? share : 1) * 255) : 0;
    }
}

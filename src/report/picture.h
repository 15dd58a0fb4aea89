/* report/picture.h: a drawing that is laid out once and painted twice, as SVG text and as PNG.
 *
 *   ink_picture *p = ink_picture_new(760, 420, "validation accuracy, epochs 1 to 10");
 *   ink_picture_line(p, 60, 380, 740, 380, INK_COLOR_AXIS, 1, 0);
 *   ink_picture_text(p, 60, 30, "Accuracy", &(ink_lettering){.size = 17, .color = INK_COLOR_TEXT, .bold = true});
 *   st = ink_picture_save(p, "accuracy.svg", &err);       // also .png
 *   ink_picture_free(p);
 *
 * Units    user units of the SVG (pixels at scale 1), x to the right, y down, angles none.
 * Colours  are roles, not values: the SVG carries both sets as CSS variables and follows prefers-color-scheme; a PNG
 *          is painted with one set.
 * Text     is <text> in the SVG. Its width is taken from a table, not from the machine's fonts, so that equal input
 *          gives equal SVG bytes anywhere.
 * Memory   shapes are copied. When memory runs out the picture remembers it, shapes are dropped, and painting returns
 *          INK_E_MEMORY: no check per shape. A NULL picture is treated alike. */
#ifndef INK_REPORT_PICTURE_H
#define INK_REPORT_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inkling.h"
#include "report/text.h"

typedef enum ink_color {
    INK_COLOR_NONE,  /* not painted */
    INK_COLOR_PAPER, /* background */
    INK_COLOR_PANEL, /* background of a tile on the paper */
    INK_COLOR_TEXT,
    INK_COLOR_MUTED, /* secondary text, tick labels */
    INK_COLOR_AXIS,
    INK_COLOR_GRID,
    INK_COLOR_ONE, /* lines of charts; readable as text on the paper, and told apart by colour-blind eyes */
    INK_COLOR_TWO,
    INK_COLOR_THREE,
    INK_COLOR_FOUR,
    INK_COLOR_FIVE,
    INK_COLOR_SIX,
    INK_COLOR_GOOD,
    INK_COLOR_BAD,
    INK_COLORS
} ink_color;

typedef enum ink_theme { INK_THEME_LIGHT, INK_THEME_DARK } ink_theme;

typedef enum ink_anchor { INK_ANCHOR_START, INK_ANCHOR_MIDDLE, INK_ANCHOR_END } ink_anchor;

typedef struct ink_lettering {
    double size; /* of the em, in units; 0 = 13 */
    ink_color color;
    ink_anchor anchor; /* which end of the text stands at x */
    bool bold;
    bool upward; /* turned by 90 degrees, read from below */
} ink_lettering;

typedef struct ink_picture ink_picture;

/* description: what a reader who cannot see the picture is told; copied. NULL when memory is out. */
ink_picture *ink_picture_new(double width, double height, const char *description);
void ink_picture_free(ink_picture *picture);
double ink_picture_width(const ink_picture *picture);
double ink_picture_height(const ink_picture *picture);

/* opacity 0..1. radius: of the corners. */
void ink_picture_rect(ink_picture *picture, double x, double y, double w, double h, double radius, ink_color fill,
                      double opacity);
/* dash: length of dashes and gaps, 0 = a whole line. */
void ink_picture_line(ink_picture *picture, double x1, double y1, double x2, double y2, ink_color color, double width,
                      double dash);
/* Joined points, xy = x0, y0, x1, y1, ...; round corners. */
void ink_picture_path(ink_picture *picture, const double *xy, size_t points, ink_color color, double width,
                      double dash);
/* note: shown when the pointer rests on it in a browser; NULL: none. */
void ink_picture_circle(ink_picture *picture, double x, double y, double radius, ink_color fill, ink_color edge,
                        double edge_width, const char *note);
/* y is the baseline. */
void ink_picture_text(ink_picture *picture, double x, double y, const char *text, const ink_lettering *lettering);
/* A grey picture (0 paper, 255 ink; row by row) of columns x rows pixels, enlarged to w x h with hard pixels. */
void ink_picture_digit(ink_picture *picture, double x, double y, double w, double h, const uint8_t *pixels,
                       uint32_t columns, uint32_t rows);

/* How wide a text will be, within a few per cent; UTF-8. */
double ink_picture_text_width(const char *text, double size, bool bold);

/* Appends one <svg> element with its style inside: a file of its own, or a part of an HTML page. */
INK_MUST_USE ink_status ink_picture_svg(const ink_picture *picture, ink_text *out, ink_error *err);
/* scale: pixels per unit, 2 for sharp pictures. *png is the caller's, freed with ink_mem_free. Equal input gives equal
 * bytes on one machine; letters depend on its fonts.
 * Errors   INK_E_MEMORY; INK_E_USAGE above 32,767 pixels a side. */
INK_MUST_USE ink_status ink_picture_png(const ink_picture *picture, ink_theme theme, double scale, uint8_t **png,
                                        size_t *size_bytes, ink_error *err);
/* By the ending: .svg, or .png (light, scale 2). Whole or not at all.
 * Errors   as above; INK_E_FILE; INK_E_USAGE another ending. */
INK_MUST_USE ink_status ink_picture_save(const ink_picture *picture, const char *path, ink_error *err);

/* A digit as a PNG of its own size, black with the ink as opacity, so that any paper shows through.
 * Appends "data:image/png;base64,...". For pictures inside SVG and HTML. */
INK_MUST_USE ink_status ink_digit_data_uri(const uint8_t *pixels, uint32_t columns, uint32_t rows, ink_text *out,
                                           ink_error *err);

#endif

/* report/picture.c: collects the shapes of a drawing, and knows how wide letters are.
 * It paints nothing: picture_svg.c and picture_png.c do. */
#include "report/picture.h"

#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "files/write.h"
#include "report/shapes.h"
#include "report/text.h"

ink_picture *ink_picture_new(double width, double height, const char *description) {
    ink_picture *picture = ink_mem_new(1, sizeof *picture);
    if (picture == NULL) return NULL;
    picture->width = width;
    picture->height = height;
    picture->description = ink_arena_string(&picture->arena, description, strlen(description));
    if (picture->description == NULL) picture->failed = true;
    return picture;
}

void ink_picture_free(ink_picture *picture) {
    if (picture == NULL) return;
    ink_arena_clear(&picture->arena);
    ink_mem_free(picture);
}

double ink_picture_width(const ink_picture *picture) {
    return picture->width;
}

double ink_picture_height(const ink_picture *picture) {
    return picture->height;
}

/* A new last shape, or NULL when there is no picture or no memory. */
static ink_shape *append(ink_picture *picture, ink_shape_kind kind) {
    if (picture == NULL || picture->failed) return NULL;
    ink_shape *shape = ink_arena_new(&picture->arena, 1, sizeof *shape);
    if (shape == NULL) {
        picture->failed = true;
        return NULL;
    }
    shape->kind = kind;
    shape->opacity = 1;
    if (picture->last == NULL) {
        picture->first = shape;
    } else {
        picture->last->next = shape;
    }
    picture->last = shape;
    return shape;
}

/* A copy of size bytes with one zero byte behind; NULL when memory is out, and the picture remembers. */
static void *keep(ink_picture *picture, const void *bytes, size_t size) {
    char *copy = ink_arena_new(&picture->arena, size + 1, 1);
    if (copy == NULL) {
        picture->failed = true;
    } else {
        memcpy(copy, bytes, size);
    }
    return copy;
}

void ink_picture_rect(ink_picture *picture, double x, double y, double w, double h, double radius, ink_color fill,
                      double opacity) {
    ink_shape *s = append(picture, INK_SHAPE_RECT);
    if (s == NULL) return;
    s->x = x;
    s->y = y;
    s->w = w;
    s->h = h;
    s->radius = radius;
    s->fill = fill;
    s->opacity = opacity;
}

void ink_picture_line(ink_picture *picture, double x1, double y1, double x2, double y2, ink_color color, double width,
                      double dash) {
    ink_picture_path(picture, (double[]){x1, y1, x2, y2}, 2, color, width, dash);
}

void ink_picture_path(ink_picture *picture, const double *xy, size_t points, ink_color color, double width,
                      double dash) {
    ink_shape *s = points >= 2 ? append(picture, INK_SHAPE_PATH) : NULL;
    if (s == NULL) return;
    s->xy = keep(picture, xy, points * 2 * sizeof *xy);
    s->points = s->xy != NULL ? points : 0;
    s->edge = color;
    s->edge_width = width;
    s->dash = dash;
}

void ink_picture_circle(ink_picture *picture, double x, double y, double radius, ink_color fill, ink_color edge,
                        double edge_width, const char *note) {
    ink_shape *s = append(picture, INK_SHAPE_CIRCLE);
    if (s == NULL) return;
    s->x = x;
    s->y = y;
    s->radius = radius;
    s->fill = fill;
    s->edge = edge;
    s->edge_width = edge_width;
    if (note != NULL) s->text = keep(picture, note, strlen(note));
}

void ink_picture_text(ink_picture *picture, double x, double y, const char *text, const ink_lettering *lettering) {
    ink_shape *s = append(picture, INK_SHAPE_TEXT);
    if (s == NULL) return;
    s->x = x;
    s->y = y;
    s->lettering = *lettering;
    if (s->lettering.size <= 0) s->lettering.size = 13;
    s->fill = lettering->color;
    char *copy = keep(picture, text, strlen(text));
    if (copy != NULL) ink_text_mend(copy); /* cairo draws nothing at all for bad UTF-8 */
    s->text = copy;
}

void ink_picture_digit(ink_picture *picture, double x, double y, double w, double h, const uint8_t *pixels,
                       uint32_t columns, uint32_t rows) {
    ink_shape *s = append(picture, INK_SHAPE_DIGIT);
    if (s == NULL) return;
    s->x = x;
    s->y = y;
    s->w = w;
    s->h = h;
    s->pixels = keep(picture, pixels, (size_t)columns * rows);
    if (s->pixels == NULL) return;
    s->columns = columns;
    s->rows = rows;
}

double ink_picture_text_width(const char *text, double size, bool bold) {
    /* Advance widths of U+0020..U+007E in thousandths of the em, of DejaVu Sans, which is wide: labels laid out by it
     * fit in any common sans-serif. Other characters count as a wide letter. */
    static const uint16_t advance[95] = {
        318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361,  318, 337, 636, 636, 636,
        636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632,
        575, 775, 752, 295, 295, 656, 557, 863, 748, 787, 603, 787, 695, 635,  611, 732, 684, 989, 685,
        611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635, 615, 352,  635, 634, 278, 278, 579,
        278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592,  525, 636, 337, 636, 838,
    };
    double width = 0;
    for (const unsigned char *s = (const unsigned char *)text; *s != '\0'; s++) {
        if (*s >= 0x20 && *s < 0x7f) {
            width += advance[*s - 0x20];
        } else if ((*s & 0xc0) != 0x80) { /* the first byte of a longer character */
            width += 800;
        }
    }
    return width * size * (bold ? 1.1 : 1.0) / 1000;
}

ink_status ink_picture_check(const ink_picture *picture, ink_error *err) {
    if (picture == NULL || picture->failed) return ink_fail(err, INK_E_MEMORY, "out of memory (for a picture)");
    return INK_OK;
}

ink_status ink_picture_save(const ink_picture *picture, const char *path, ink_error *err) {
    size_t length = strlen(path);
    if (length > 4 && strcmp(path + length - 4, ".svg") == 0) {
        ink_text svg = {0};
        ink_status status = ink_picture_svg(picture, &svg, err);
        if (status == INK_OK) {
            status = ink_text_write(&svg, path, err);
        } else {
            ink_text_clear(&svg);
        }
        return status;
    }
    if (length > 4 && strcmp(path + length - 4, ".png") == 0) {
        uint8_t *png = NULL;
        size_t size = 0;
        ink_status status = ink_picture_png(picture, INK_THEME_LIGHT, 2, &png, &size, err);
        if (status == INK_OK) status = ink_file_write_all(path, png, size, err);
        ink_mem_free(png);
        return status;
    }
    return ink_fail(err, INK_E_USAGE, "cannot draw %s: the name of a picture ends in .svg or .png", path);
}

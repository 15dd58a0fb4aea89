/* report/picture_png.c: paints a picture by cairo, as PNG.
 * It decides no position: the shapes come with theirs. */
#include <cairo.h>
#include <math.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "files/bitmap_write.h"
#include "report/shapes.h"

#define SIDE_MAX 32767.0 /* cairo's own limit */

static void set_color(cairo_t *cr, ink_color color, ink_theme theme, double opacity) {
    uint32_t value = ink_color_value(color, theme);
    cairo_set_source_rgba(cr, (value >> 16 & 255) / 255.0, (value >> 8 & 255) / 255.0, (value & 255) / 255.0, opacity);
}

/* Fills and edges the current path. */
static void paint(cairo_t *cr, const ink_shape *s, ink_theme theme) {
    if (s->fill != INK_COLOR_NONE) {
        set_color(cr, s->fill, theme, s->opacity);
        if (s->edge != INK_COLOR_NONE) {
            cairo_fill_preserve(cr);
        } else {
            cairo_fill(cr);
        }
    }
    if (s->edge != INK_COLOR_NONE) {
        set_color(cr, s->edge, theme, 1);
        cairo_set_line_width(cr, s->edge_width);
        cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
        cairo_set_line_cap(cr, s->points > 2 ? CAIRO_LINE_CAP_ROUND : CAIRO_LINE_CAP_BUTT);
        cairo_set_dash(cr, &s->dash, s->dash > 0 ? 1 : 0, 0);
        cairo_stroke(cr);
    }
    cairo_new_path(cr);
}

static void draw_rect(cairo_t *cr, const ink_shape *s) {
    const double quarter = 1.5707963267948966;
    double r = s->radius;
    if (r <= 0) {
        cairo_rectangle(cr, s->x, s->y, s->w, s->h);
        return;
    }
    if (r > s->w / 2) r = s->w / 2;
    if (r > s->h / 2) r = s->h / 2;
    cairo_new_sub_path(cr);
    cairo_arc(cr, s->x + s->w - r, s->y + r, r, -quarter, 0);
    cairo_arc(cr, s->x + s->w - r, s->y + s->h - r, r, 0, quarter);
    cairo_arc(cr, s->x + r, s->y + s->h - r, r, quarter, 2 * quarter);
    cairo_arc(cr, s->x + r, s->y + r, r, 2 * quarter, 3 * quarter);
    cairo_close_path(cr);
}

static void draw_letters(cairo_t *cr, const ink_shape *s, ink_theme theme) {
    const ink_lettering *l = &s->lettering;
    cairo_text_extents_t extents;
    cairo_select_font_face(cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           l->bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cr, l->size);
    cairo_text_extents(cr, s->text, &extents);
    double shift = l->anchor == INK_ANCHOR_START ? 0 : l->anchor == INK_ANCHOR_MIDDLE ? 0.5 : 1;
    cairo_save(cr);
    cairo_translate(cr, s->x, s->y);
    if (l->upward) cairo_rotate(cr, -1.5707963267948966);
    cairo_move_to(cr, -shift * extents.x_advance, 0);
    set_color(cr, l->color, theme, 1);
    cairo_show_text(cr, s->text);
    cairo_restore(cr);
    cairo_new_path(cr);
}

/* The ink as opacity over one colour, premultiplied as cairo wants it. NULL is never returned: ask its status. */
static cairo_surface_t *digit_surface(const uint8_t *pixels, uint32_t columns, uint32_t rows, uint32_t color) {
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, (int)columns, (int)rows);
    if (cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS) return surface;
    cairo_surface_flush(surface);
    unsigned char *data = cairo_image_surface_get_data(surface);
    size_t stride = (size_t)cairo_image_surface_get_stride(surface);
    for (uint32_t y = 0; y < rows; y++) {
        for (uint32_t x = 0; x < columns; x++) {
            uint32_t a = pixels[(size_t)y * columns + x];
            uint32_t r = (color >> 16 & 255) * a / 255, g = (color >> 8 & 255) * a / 255, b = (color & 255) * a / 255;
            uint32_t argb = a << 24 | r << 16 | g << 8 | b;
            memcpy(data + y * stride + x * sizeof argb, &argb, sizeof argb);
        }
    }
    cairo_surface_mark_dirty(surface);
    return surface;
}

static void draw_digit(cairo_t *cr, const ink_shape *s, ink_theme theme) {
    if (s->columns == 0 || s->rows == 0) return;
    cairo_surface_t *surface = digit_surface(s->pixels, s->columns, s->rows, ink_color_value(INK_COLOR_TEXT, theme));
    cairo_save(cr);
    cairo_translate(cr, s->x, s->y);
    cairo_scale(cr, s->w / s->columns, s->h / s->rows);
    cairo_set_source_surface(cr, surface, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_NEAREST);
    cairo_paint(cr);
    cairo_restore(cr);
    cairo_surface_destroy(surface);
}

static void draw_shape(cairo_t *cr, const ink_shape *s, ink_theme theme) {
    switch (s->kind) {
    case INK_SHAPE_RECT:
        draw_rect(cr, s);
        paint(cr, s, theme);
        break;
    case INK_SHAPE_PATH:
        for (size_t i = 0; i < s->points; i++) cairo_line_to(cr, s->xy[2 * i], s->xy[2 * i + 1]);
        paint(cr, s, theme);
        break;
    case INK_SHAPE_CIRCLE:
        cairo_arc(cr, s->x, s->y, s->radius, 0, 6.283185307179586);
        paint(cr, s, theme);
        break;
    case INK_SHAPE_TEXT: draw_letters(cr, s, theme); break;
    case INK_SHAPE_DIGIT: draw_digit(cr, s, theme); break;
    }
}

static cairo_status_t append_bytes(void *closure, const unsigned char *bytes, unsigned size) {
    ink_text *png = closure;
    ink_text_bytes(png, bytes, size);
    return png->failed ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

static ink_status fail_cairo(cairo_status_t status, ink_error *err) {
    if (status == CAIRO_STATUS_NO_MEMORY) return ink_fail(err, INK_E_MEMORY, "out of memory (for a picture)");
    return ink_fail(err, INK_E_INTERNAL, "cannot draw a picture: %s", cairo_status_to_string(status));
}

/* What is painted, as PNG. (cairo's own writer tries all filters on each row, longer than a short training takes.) */
static ink_status surface_png(cairo_surface_t *surface, uint8_t **png, size_t *size, ink_error *err) {
    uint32_t width = (uint32_t)cairo_image_surface_get_width(surface);
    uint32_t height = (uint32_t)cairo_image_surface_get_height(surface);
    size_t stride = (size_t)cairo_image_surface_get_stride(surface);
    uint8_t *rgb = ink_mem_new((size_t)width * height, 3), *to = rgb;
    if (rgb == NULL) return ink_fail_memory(err, (size_t)width * height * 3, "a picture");
    cairo_surface_flush(surface);
    const unsigned char *row = cairo_image_surface_get_data(surface);
    for (uint32_t y = 0; y < height; y++, row += stride) {
        for (uint32_t x = 0; x < width; x++) {
            uint32_t pixel; /* xrgb, of the machine's byte order */
            memcpy(&pixel, row + x * sizeof pixel, sizeof pixel);
            for (int shift = 16; shift >= 0; shift -= 8) *to++ = (uint8_t)(pixel >> shift & 255);
        }
    }
    ink_status status = ink_bitmap_rgb_to_png(rgb, width, height, png, size, err);
    ink_mem_free(rgb);
    return status;
}

ink_status ink_picture_png(const ink_picture *picture, ink_theme theme, double scale, uint8_t **png, size_t *size_bytes,
                           ink_error *err) {
    *png = NULL;
    *size_bytes = 0;
    ink_status status = ink_picture_check(picture, err);
    if (status != INK_OK) return status;
    double width = ceil(picture->width * scale), height = ceil(picture->height * scale);
    if (!(width >= 1 && width <= SIDE_MAX && height >= 1 && height <= SIDE_MAX)) {
        return ink_fail(err, INK_E_USAGE, "a picture of %.0f x %.0f pixels cannot be drawn, expected 1 to %.0f a side",
                        width, height, SIDE_MAX);
    }
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)width, (int)height);
    cairo_t *cr = cairo_create(surface);
    cairo_font_options_t *font = cairo_font_options_create();
    /* Unhinted letters keep their widths at every scale, as the SVG's do. */
    cairo_font_options_set_hint_style(font, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(font, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_antialias(font, CAIRO_ANTIALIAS_GRAY);
    cairo_set_font_options(cr, font);
    cairo_scale(cr, scale, scale);
    set_color(cr, INK_COLOR_PAPER, theme, 1);
    cairo_paint(cr);
    for (const ink_shape *s = picture->first; s != NULL; s = s->next) draw_shape(cr, s, theme);
    cairo_status_t drawn = cairo_status(cr);
    status = drawn == CAIRO_STATUS_SUCCESS ? surface_png(surface, png, size_bytes, err) : fail_cairo(drawn, err);
    cairo_font_options_destroy(font);
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    return status;
}

ink_status ink_digit_data_uri(const uint8_t *pixels, uint32_t columns, uint32_t rows, ink_text *out, ink_error *err) {
    ink_text png = {0};
    ink_status status = INK_OK;
    cairo_surface_t *surface = digit_surface(pixels, columns, rows, 0x000000);
    cairo_status_t drawn = cairo_surface_write_to_png_stream(surface, append_bytes, &png);
    cairo_surface_destroy(surface);
    if (drawn != CAIRO_STATUS_SUCCESS) {
        status = fail_cairo(drawn, err);
    } else {
        ink_text_add(out, "data:image/png;base64,");
        ink_text_base64(out, png.bytes, png.length);
    }
    ink_text_clear(&png);
    return status;
}

/* report/picture_svg.c: paints a picture as SVG text: real letters, colours as CSS variables.
 * It decides no position: the shapes come with theirs. */
#include <stdio.h>
#include <string.h>

#include "report/shapes.h"

/* The names of the roles in the style sheet. */
static const char *const role_name[INK_COLORS] = {
    "none", "paper", "panel", "text", "muted", "axis", "grid", "one",
    "two",  "three", "four",  "five", "six",   "good", "bad",
};

uint32_t ink_color_value(ink_color color, ink_theme theme) {
    /* Lines and letters have a contrast of at least 4.5 on their paper (WCAG 2 AA); grid and axis recede. */
    static const uint32_t light[INK_COLORS] = {0,        0xffffff, 0xf3f5f8, 0x1f2328, 0x59636e,
                                               0x8c959f, 0xe4e8ec, 0x0b62d6, 0xb35900, 0x0f766e,
                                               0xa21caf, 0xbe123c, 0x5c6600, 0x1a7f37, 0xc9252d};
    static const uint32_t dark[INK_COLORS] = {0,        0x0d1117, 0x161b22, 0xe6edf3, 0x9198a1,
                                              0x5c6570, 0x252b33, 0x6cb6ff, 0xf0a04b, 0x4fd1c5,
                                              0xe38bf0, 0xff8fa3, 0xc5d36b, 0x57c97a, 0xff7b72};
    return theme == INK_THEME_DARK ? dark[color] : light[color];
}

static void add_variables(ink_text *out, const bool used[INK_COLORS], ink_theme theme) {
    for (int c = 1; c < INK_COLORS; c++) {
        if (used[c]) {
            ink_text_format(out, "--%s:#%06x;", role_name[c], (unsigned)ink_color_value((ink_color)c, theme));
        }
    }
}

/* The style sheet, for the roles that this picture uses. Each rule names the light value first: a viewer that knows no
 * variables keeps it. */
static void add_style(ink_text *out, const ink_picture *picture) {
    bool used[INK_COLORS] = {[INK_COLOR_PAPER] = true};
    bool digits = false;
    for (const ink_shape *s = picture->first; s != NULL; s = s->next) {
        used[s->fill] = used[s->edge] = true;
        digits = digits || s->kind == INK_SHAPE_DIGIT;
    }
    ink_text_add(out, "<style>\n.inkling{");
    add_variables(out, used, INK_THEME_LIGHT);
    ink_text_add(out, "color-scheme:light dark}\n@media (prefers-color-scheme:dark){.inkling{");
    add_variables(out, used, INK_THEME_DARK);
    ink_text_add(out, "}");
    if (digits) ink_text_add(out, ".inkling image{filter:invert(1)}");
    ink_text_add(out, "}\n");
    for (int c = 1; c < INK_COLORS; c++) {
        unsigned value = (unsigned)ink_color_value((ink_color)c, INK_THEME_LIGHT);
        if (!used[c]) continue;
        ink_text_format(out, ".inkling .f-%s{fill:#%06x;fill:var(--%s)}", role_name[c], value, role_name[c]);
        ink_text_format(out, ".inkling .e-%s{stroke:#%06x;stroke:var(--%s)}\n", role_name[c], value, role_name[c]);
    }
    ink_text_add(out, ".inkling text{font-family:system-ui,-apple-system,\"Segoe UI\",Roboto,\"Helvetica Neue\",Arial,"
                      "\"DejaVu Sans\",sans-serif;font-variant-numeric:tabular-nums}\n");
    if (digits) ink_text_add(out, ".inkling image{image-rendering:pixelated}\n");
    ink_text_add(out, "</style>\n");
}

/* name="value" with a blank before. */
static void attribute(ink_text *out, const char *name, double value) {
    ink_text_format(out, " %s=\"", name);
    ink_text_short(out, value, 2);
    ink_text_add(out, "\"");
}

static void add_colors(ink_text *out, const ink_shape *s) {
    bool fill = s->fill != INK_COLOR_NONE;
    bool edge = s->edge != INK_COLOR_NONE;
    if (fill || edge) ink_text_add(out, " class=\"");
    if (fill) ink_text_format(out, "f-%s", role_name[s->fill]);
    if (fill && edge) ink_text_add(out, " ");
    if (edge) ink_text_format(out, "e-%s", role_name[s->edge]);
    if (fill || edge) ink_text_add(out, "\"");
    if (!fill) ink_text_add(out, " fill=\"none\"");
    if (edge) attribute(out, "stroke-width", s->edge_width);
    if (edge && s->dash > 0) attribute(out, "stroke-dasharray", s->dash);
    if (s->opacity < 1) attribute(out, "fill-opacity", s->opacity);
}

static void add_points(ink_text *out, const ink_shape *s) {
    ink_text_add(out, "<polyline points=\"");
    for (size_t i = 0; i < s->points; i++) {
        if (i > 0) ink_text_add(out, " ");
        ink_text_short(out, s->xy[2 * i], 2);
        ink_text_add(out, ",");
        ink_text_short(out, s->xy[2 * i + 1], 2);
    }
    ink_text_add(out, "\"");
    if (s->points > 2) ink_text_add(out, " stroke-linejoin=\"round\" stroke-linecap=\"round\"");
    add_colors(out, s);
    ink_text_add(out, "/>\n");
}

static void add_letters(ink_text *out, const ink_shape *s) {
    static const char *const anchor[] = {"start", "middle", "end"};
    const ink_lettering *l = &s->lettering;
    ink_text_add(out, "<text");
    attribute(out, "x", s->x);
    attribute(out, "y", s->y);
    attribute(out, "font-size", l->size);
    if (l->anchor != INK_ANCHOR_START) ink_text_format(out, " text-anchor=\"%s\"", anchor[l->anchor]);
    if (l->bold) ink_text_add(out, " font-weight=\"600\"");
    if (l->upward) {
        ink_text_add(out, " transform=\"rotate(-90 ");
        ink_text_short(out, s->x, 2);
        ink_text_add(out, " ");
        ink_text_short(out, s->y, 2);
        ink_text_add(out, ")\"");
    }
    add_colors(out, s);
    ink_text_add(out, ">");
    ink_text_xml(out, s->text);
    ink_text_add(out, "</text>\n");
}

static void add_box(ink_text *out, const ink_shape *s, const char *element) {
    ink_text_format(out, "<%s", element);
    attribute(out, "x", s->x);
    attribute(out, "y", s->y);
    attribute(out, "width", s->w);
    attribute(out, "height", s->h);
}

static ink_status add_digit(ink_text *out, const ink_shape *s, ink_error *err) {
    add_box(out, s, "image");
    ink_text_add(out, " href=\"");
    ink_status status = ink_digit_data_uri(s->pixels, s->columns, s->rows, out, err);
    ink_text_add(out, "\"/>\n");
    return status;
}

static void add_circle(ink_text *out, const ink_shape *s) {
    ink_text_add(out, "<circle");
    attribute(out, "cx", s->x);
    attribute(out, "cy", s->y);
    attribute(out, "r", s->radius);
    add_colors(out, s);
    if (s->text != NULL) {
        ink_text_add(out, "><title>");
        ink_text_xml(out, s->text);
        ink_text_add(out, "</title></circle>\n");
    } else {
        ink_text_add(out, "/>\n");
    }
}

static ink_status add_shape(ink_text *out, const ink_shape *s, ink_error *err) {
    switch (s->kind) {
    case INK_SHAPE_RECT:
        add_box(out, s, "rect");
        if (s->radius > 0) attribute(out, "rx", s->radius);
        add_colors(out, s);
        ink_text_add(out, "/>\n");
        return INK_OK;
    case INK_SHAPE_PATH: add_points(out, s); return INK_OK;
    case INK_SHAPE_CIRCLE: add_circle(out, s); return INK_OK;
    case INK_SHAPE_TEXT: add_letters(out, s); return INK_OK;
    case INK_SHAPE_DIGIT: return add_digit(out, s, err);
    }
    return INK_OK;
}

ink_status ink_picture_svg(const ink_picture *picture, ink_text *out, ink_error *err) {
    ink_status status = ink_picture_check(picture, err);
    if (status != INK_OK) return status;
    ink_text_add(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"inkling\" role=\"img\"");
    attribute(out, "width", picture->width);
    attribute(out, "height", picture->height);
    ink_text_add(out, " viewBox=\"0 0 ");
    ink_text_short(out, picture->width, 2);
    ink_text_add(out, " ");
    ink_text_short(out, picture->height, 2);
    ink_text_add(out, "\" style=\"max-width:100%;height:auto\" aria-label=\"");
    ink_text_xml(out, picture->description);
    ink_text_add(out, "\">\n");
    add_style(out, picture);
    ink_text_add(out, "<rect width=\"100%\" height=\"100%\" class=\"f-paper\"/>\n");
    for (const ink_shape *s = picture->first; s != NULL && status == INK_OK; s = s->next)
        status = add_shape(out, s, err);
    ink_text_add(out, "</svg>\n");
    if (status == INK_OK) status = ink_text_check(out, "an SVG picture", err);
    return status;
}

/* report/shapes.h: what a picture holds: for its two painters (picture_svg.c, picture_png.c) and nobody else. */
#ifndef INK_REPORT_SHAPES_H
#define INK_REPORT_SHAPES_H

#include "core/arena.h"
#include "report/picture.h"

typedef enum ink_shape_kind {
    INK_SHAPE_RECT,
    INK_SHAPE_PATH,
    INK_SHAPE_CIRCLE,
    INK_SHAPE_TEXT,
    INK_SHAPE_DIGIT
} ink_shape_kind;

/* One struct for all kinds; those fields count that the kind has. */
typedef struct ink_shape {
    struct ink_shape *next; /* painted over this one */
    ink_shape_kind kind;
    double x, y, w, h, radius;
    ink_color fill, edge;
    double opacity, edge_width, dash;
    const double *xy; /* [points][2] */
    size_t points;
    const char *text; /* letters; a circle's note, or NULL */
    ink_lettering lettering;
    const uint8_t *pixels; /* [rows][columns] */
    uint32_t columns, rows;
} ink_shape;

struct ink_picture {
    double width, height;
    const char *description;
    ink_shape *first, *last;
    ink_arena arena; /* owns the shapes and all they point to */
    bool failed;     /* memory ran out while drawing */
};

/* The value of a role: 0xrrggbb. */
uint32_t ink_color_value(ink_color color, ink_theme theme);

/* INK_E_MEMORY when the picture is NULL or lost a shape. */
INK_MUST_USE ink_status ink_picture_check(const ink_picture *picture, ink_error *err);

#endif

/* report/sheet.h: a sheet of digits: rows of small pictures, with a caption under each.
 *
 *   ink_sheet_digit d = {.pixels = image, .caption = "4", .detail = "read 9, 98 %", .wrong = true};
 *   ink_picture *p = NULL;
 *   st = ink_sheet_draw(&(ink_sheet){.title = "Worst mistakes", .digits = &d, .count = 1}, &p, &err);
 *   if (st == INK_OK) st = ink_picture_save(p, "worst.png", &err); */
#ifndef INK_REPORT_SHEET_H
#define INK_REPORT_SHEET_H

#include "inkling.h"
#include "report/picture.h"

typedef struct ink_sheet_digit {
    const uint8_t *pixels; /* [height][width], 0 paper, 255 ink; borrowed */
    const char *caption;   /* below the picture, or NULL */
    const char *detail;    /* below the caption, smaller, or NULL */
    bool wrong;            /* caption in the colour of mistakes */
} ink_sheet_digit;

typedef struct ink_sheet {
    const char *title; /* or NULL */
    const char *note;  /* under the title, or NULL */
    const ink_sheet_digit *digits;
    uint32_t count;         /* 1 to 10,000 */
    uint32_t columns;       /* 0: chosen for a sheet somewhat wider than high, at most 20 */
    uint32_t width, height; /* of every digit in pixels; 0 = 28 */
    double digit_size;      /* side of a digit's picture in units; 0 = twice its pixels */
} ink_sheet;

/* Errors   INK_E_USAGE count or sizes out of range; INK_E_MEMORY. */
INK_MUST_USE ink_status ink_sheet_draw(const ink_sheet *sheet, ink_picture **out, ink_error *err);

#endif

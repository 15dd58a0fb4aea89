/* data/handpage.h: photographs of handwritten numbers that never were: pages with known digits, as hard as wanted.
 * For measuring how well pages are read (docs/reading.md has the table of what each severity does).
 *
 * Way      digits in strings and columns, each with its own height, turn and place on the line, written by one pen per
 *          page (data/pen.h) on plain, ruled or squared paper -> laid before a camera (turn, perspective) -> light that
 *          falls off -> blur -> noise. JPEG comes when the page is written to a file.
 * Also     pages without any digit: blank, ruled, squared, with doodles; and digits in forms: boxes, combs, tables.
 * Same     A page is a function of (seed, number, severity, digits) alone, the same bits on every machine. */
#ifndef INK_DATA_HANDPAGE_H
#define INK_DATA_HANDPAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "inkling.h"

#define INK_HANDPAGE_SEVERITY_MAX 5
#define INK_HANDPAGE_DIGITS_MAX   400u

typedef enum ink_handpage_kind {
    INK_HANDPAGE_STRINGS, /* lines of one to three numbers */
    INK_HANDPAGE_COLUMNS, /* columns of numbers, flush right */
    INK_HANDPAGE_BLANK,
    INK_HANDPAGE_RULED, /* ruled or squared, nothing written */
    INK_HANDPAGE_DOODLE,
    INK_HANDPAGE_BOXES, /* rows of boxes that adjoin, one digit each, some left empty */
    INK_HANDPAGE_COMB,  /* base lines with ticks between the digits */
    INK_HANDPAGE_TABLE  /* tables, with a number in most cells */
} ink_handpage_kind;

/* What a severity does; the numbers are upper bounds unless they say otherwise. */
typedef struct ink_severity {
    float shade;       /* by how much the light falls across the page, exactly */
    float perspective; /* pixels that a corner of 1600 x 1200 is moved, exactly, for one of them; others by less */
    float turn_deg;    /* of the page */
    float blur;        /* sigma in pixels, exactly */
    float noise;       /* deviation as a share of white, exactly */
    int quality;       /* of the JPEG; 0: PNG */
    float tilt_deg;    /* of single digits */
    float touching;    /* share of neighbours that touch */
    float faint;       /* how much paler than black the ink may be */
    bool lined;        /* paper may be ruled or squared */
} ink_severity;

/* Severity 0..5. Static. */
const ink_severity *ink_severity_of(uint32_t severity);

/* Whose digits: pixels [count][784] as MNIST has them, labels [count]; count 0: digits that inkling draws. Borrowed. */
typedef struct ink_handpage_digits {
    const uint8_t *pixels, *labels;
    uint32_t count;
} ink_handpage_digits;

typedef struct ink_handpage_digit {
    uint8_t digit;
    uint32_t line, string;       /* both from 0 on this page; strings in reading order */
    int32_t x, y, width, height; /* box of its ink in the picture */
} ink_handpage_digit;

typedef struct ink_handpage {
    uint8_t *grey; /* [height][width] 0 black .. 255 white, owned */
    uint32_t width, height;
    ink_handpage_kind kind;
    ink_handpage_digit *digits; /* [n] in reading order, owned */
    uint32_t n;
} ink_handpage; /* {0}: none */

/* Errors   INK_E_USAGE severity above 5; INK_E_MEMORY. Owner: the caller, who clears it. */
INK_MUST_USE ink_status ink_handpage_draw(uint64_t seed, uint32_t number, uint32_t severity, ink_handpage_kind kind,
                                          const ink_handpage_digits *digits, ink_handpage *out, ink_error *err);
void ink_handpage_clear(ink_handpage *page);

#endif

/* read/page.h: a grey picture of handwriting, a photo, scan or drawing, to its digits in reading order.
 *
 *   ink_page page = {0};
 *   ink_page_options options = {.net = {.read = my_net, .context = model}};   // my_net: images to probabilities
 *   st = ink_page_read(grey, width, height, width, &options, &page, &err);
 *   for (i = 0; i < page.count; i++) page.digits[i].digit ...                      0..9, or INK_PAGE_UNSURE
 *   st = ink_page_text(&page, &text, &err);                                        "314 159\n2?7\n"; "" on a blank page
 *   ink_page_clear(&page);
 *
 * Way      scale (at most 1600 pixels a side) -> paper (polarity, background divided out, noise measured) -> ink (a
 *          threshold that follows the local contrast) -> rules (forms' boxes, combs and tables, ruled and squared lines
 *          taken out) -> pieces (connected components) -> layout (text height, specks, broken parts joined, slope,
 *          rows) -> cells (each digit's own grey, its stroke brought to a usual width, through the normaliser) -> the
 *          net -> cuts (wide pieces cut apart where the net is surer of the parts). read/stages.h describes each, with
 *          its source.
 * Picture  dark ink on light paper or the other way round, found by itself. Lines of digits, sloping by at most 15
 *          degrees, read left to right, top to bottom. Digits at least 18 of 1600 pixels high.
 * Unsure   A digit whose best probability is below `sure` is INK_PAGE_UNSURE and '?' in the text; so is ink beside
 *          digits, as large as one, that does not look like one. What else does not (lines, blobs, scribbles) is left
 *          out.
 * Memory   At most 24 bytes per pixel of the scaled picture (1600 x 1600) while it works; what stays is the page, at
 *          most INK_PAGE_DIGITS_MAX digits. Nothing depends on threads or the clock: equal bytes, equal answers.
 * Errors   INK_E_USAGE a size of 0 or above 4096, no net; INK_E_MEMORY; whatever the net's read returns. *out is {0}
 *          then. A picture without digits is no error: count is 0. */
#ifndef INK_READ_PAGE_H
#define INK_READ_PAGE_H

#include <stdbool.h>

#include "data/normaliser.h"
#include "inkling.h"

#define INK_PAGE_SIDE_MAX   4096u
#define INK_PAGE_DIGITS_MAX 4096u
#define INK_PAGE_UNSURE     (-1)
#define INK_PAGE_SURE       0.6f /* chosen on pages of `inkling data pages`, see docs/reading.md */

/* The judge of single digits: p[i * 10 + d] is the probability that image i (784 bytes, as the normaliser makes them)
 * shows d. n is at least 1. */
typedef struct ink_page_net {
    ink_status (*read)(void *context, const uint8_t *images, size_t n, float *p, ink_error *err);
    void *context;
} ink_page_net;

/* Told what each stage made, as a grey picture (0 black .. 255 white), borrowed for the call: "1-grey", "2-flat",
 * "3-ink", "4-without-rules", "5-pieces", "6-digits". */
typedef struct ink_page_steps {
    ink_status (*show)(void *context, const char *name, const uint8_t *grey, uint32_t width, uint32_t height,
                       ink_error *err);
    void *context;
} ink_page_steps;

typedef struct ink_page_options {
    ink_page_net net;
    ink_page_steps steps; /* show NULL: not wanted */
    float sure;           /* 0: INK_PAGE_SURE; 1e-9: no digit is unsure */
} ink_page_options;

typedef struct ink_page_digit {
    uint32_t x, y, width, height;    /* box of its ink in the picture that was given, from the top left corner */
    uint32_t line;                   /* 0 .. lines - 1, from the top */
    bool spaced;                     /* a gap about as wide as a digit stands before it, in its line */
    int8_t digit;                    /* 0..9 or INK_PAGE_UNSURE */
    float p[10];                     /* what the net says */
    uint8_t image[INK_DIGIT_PIXELS]; /* what the net saw */
} ink_page_digit;

/* Why a page was not believed as a whole. */
typedef enum ink_doubt {
    INK_DOUBT_NONE,
    INK_DOUBT_ALL,  /* it shows something else: a doodle, a rest of a rule; none of its digits is sure */
    INK_DOUBT_BLANK /* so does it, and its ink hardly stands out from the noise: there may be none; no digits */
} ink_doubt;

typedef struct ink_page {
    ink_page_digit *digits; /* [count] line by line, left to right; owned */
    uint32_t count, lines;
    float slope;     /* of the lines of writing: pixels down per pixel to the right */
    bool light_ink;  /* light ink on dark paper */
    uint32_t pieces; /* of ink that were looked at, digits or not */
    ink_doubt doubt; /* NONE where there were no pieces; ALL only with digits */
} ink_page;          /* {0}: empty */

/* grey: height rows of width bytes, each stride_bytes after the one before, 0 black .. 255 white. Owner: the caller,
 * who clears *out. */
INK_MUST_USE ink_status ink_page_read(const uint8_t *grey, uint32_t width, uint32_t height, size_t stride_bytes,
                                      const ink_page_options *options, ink_page *out, ink_error *err);
void ink_page_clear(ink_page *page);

/* Why digits of the page are unsure, or not there, though each may look fine: one line without a full stop. NULL: no
 * such reason. Static. */
const char *ink_page_doubt_text(const ink_page *page);

/* The digits as text: '?' for an unsure one, a blank where `spaced`, a line feed behind each line. *text is the
 * caller's (ink_mem_free). */
INK_MUST_USE ink_status ink_page_text(const ink_page *page, char **text, ink_error *err);

#endif

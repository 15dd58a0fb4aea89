/* report/terminal.h: graphs and digits as text. Nothing here prints: the caller gets a string, lines end in \n, no
 * colours, no control characters, no line is longer than `columns`.
 *
 * utf8 says that the terminal's codeset is UTF-8: then braille dots and half blocks, else plain ASCII. */
#ifndef INK_REPORT_TERMINAL_H
#define INK_REPORT_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

#include "inkling.h"
#include "report/epoch.h"

/* The validation accuracy per epoch (training's when nothing was held out, and it says so), about 12 lines.
 *
 *   validation accuracy, best 97.62 % after epoch 8 of 10
 *    98 % |        ...--
 *    97 % |   ..--'
 *    96 % | .'
 *         +----------------
 *          1       5     10
 *
 * columns: width of the terminal, 0 = 80; below 24 counts as 24, above 100 as 100. *text is the caller's, freed with
 * ink_mem_free. n may be 0: one line that says so. */
INK_MUST_USE ink_status ink_terminal_graph(const ink_epoch *epochs, uint32_t n, uint32_t columns, bool utf8,
                                           char **text, ink_error *err);

/* Digits side by side, as many as fit in a row; 28 pixels give 14 lines with utf8 (half blocks) and in ASCII (every
 * second row). On a dark terminal ink is light. pixels: [count][height][width], 0 paper, 255 ink. captions: [count]
 * strings centred above each, or NULL. */
INK_MUST_USE ink_status ink_terminal_digits(const uint8_t *pixels, uint32_t count, uint32_t width, uint32_t height,
                                            const char *const *captions, uint32_t columns, bool utf8, char **text,
                                            ink_error *err);

#endif

/* cli/qr.h: a short text as a QR code in the terminal, for a phone to read. */
#ifndef INK_CLI_QR_H
#define INK_CLI_QR_H

#include <stdbool.h>
#include <stdint.h>

#include "inkling.h"

#define CLI_QR_SIDE_MOST 41 /* modules of version 6 */
#define CLI_QR_TEXT_MOST 106

typedef struct cli_qr {
    int side;                                         /* 17 + 4 * version */
    uint8_t dark[CLI_QR_SIDE_MOST][CLI_QR_SIDE_MOST]; /* [y][x], 1 dark */
} cli_qr;

/* Byte mode, level M (15 % may be damaged), the smallest version 1..6 that holds the text, the mask with the least
 * penalty. Errors: INK_E_USAGE more than CLI_QR_TEXT_MOST bytes.
 * Source   ISO/IEC 18004:2015. */
INK_MUST_USE ink_status cli_qr_make(const char *text, cli_qr *out, ink_error *err);

/* The code as lines for a terminal, with a margin of four modules, light modules painted, so that it can be read on a
 * dark ground and on a light one. utf8: half blocks, two rows a line. *out is malloc'ed; NULL unless INK_OK. */
INK_MUST_USE ink_status cli_qr_text(const char *text, bool utf8, char **out, ink_error *err);

#endif

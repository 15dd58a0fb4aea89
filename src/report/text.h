/* report/text.h: a growing string, written in the C locale whatever the process has set: what every report is made of.
 *
 *   ink_text t = {0};
 *   ink_text_add(&t, "epoch,val_acc\n");
 *   ink_text_format(&t, "%u,", epoch);
 *   ink_text_number(&t, accuracy);                   // 0.976190476, never 0,976190476
 *   if (t.failed) ...                                // memory ran out somewhere above: ask once, at the end
 *   char *text = ink_text_take(&t);                  // or ink_text_clear
 *
 * Functions after a failure do nothing, so that a writer needs no check per line. Not thread-safe. */
#ifndef INK_REPORT_TEXT_H
#define INK_REPORT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inkling.h"

typedef struct ink_text {
    char *bytes;     /* terminated; NULL while nothing was added */
    size_t length;   /* without the terminator */
    size_t capacity; /* of bytes */
    bool failed;     /* memory ran out; bytes holds what was added before */
} ink_text;          /* {0} is an empty text */

void ink_text_add(ink_text *text, const char *string);
void ink_text_bytes(ink_text *text, const void *bytes, size_t size);
/* printf without floating point: its decimal point would follow the locale. Numbers go through the functions below. */
void ink_text_format(ink_text *text, const char *format, ...) INK_PRINTF(2, 3);
/* %.9g, which gives every float back exactly; NaN and infinities as nan, inf, -inf. */
void ink_text_number(ink_text *text, double value);
/* decimals digits behind the point, 0 to 9. */
void ink_text_fixed(ink_text *text, double value, int decimals);
/* The same with trailing zeros cut, for coordinates: 12.5, 7. */
void ink_text_short(ink_text *text, double value, int decimals);
/* Blanks until the text since `start` is width bytes long: fixed columns. */
void ink_text_pad(ink_text *text, size_t start, size_t width);
/* string, its control characters (core/status.h) as \xNN. */
void ink_text_plain(ink_text *text, const char *string);
/* < > & " ' of string as XML entities, control characters and bad UTF-8 as '?'. */
void ink_text_xml(ink_text *text, const char *string);
/* In place: control characters and bad UTF-8 as '?', byte for byte. */
void ink_text_mend(char *string);
/* Base 64, RFC 4648 with padding, no line breaks. */
void ink_text_base64(ink_text *text, const void *bytes, size_t size);

/* The string, never NULL unless failed; the caller frees it with ink_mem_free. The text is empty afterwards. */
char *ink_text_take(ink_text *text);
void ink_text_clear(ink_text *text);

/* INK_E_MEMORY with a message when text.failed, else INK_OK. what: "the report". */
INK_MUST_USE ink_status ink_text_check(const ink_text *text, const char *what, ink_error *err);
/* Moves the string to *out, or NULL and INK_E_MEMORY. The text is empty afterwards. */
INK_MUST_USE ink_status ink_text_give(ink_text *text, const char *what, char **out, ink_error *err);
/* The same for lines that a terminal shows: control characters but \n and \t become \xNN. */
INK_MUST_USE ink_status ink_text_tell(ink_text *text, const char *what, char **out, ink_error *err);
/* Writes the string to a file, whole or not at all (files/write.h), and empties the text. */
INK_MUST_USE ink_status ink_text_write(ink_text *text, const char *path, ink_error *err);

/* The number in dst, as ink_text_fixed writes it. size at least 48. */
void ink_fixed_put(char *dst, size_t size, double value, int decimals);

#endif

/* core/utf8.h: which bytes are good UTF-8. */
#ifndef INK_CORE_UTF8_H
#define INK_CORE_UTF8_H

#include <stddef.h>

/* Length of the character at s, of which `left` bytes can be read; 0 when there is none: cut short, overlong, a
 * surrogate, beyond U+10FFFF. Source: Unicode 15, table 3-7. */
size_t ink_utf8_length(const char *s, size_t left);

/* The number of bytes of text, from 0, that are good; size when all are. */
size_t ink_utf8_good(const char *text, size_t size);

/* What is not good in string becomes '?', a byte each. */
void ink_utf8_mend(char *string);

#endif

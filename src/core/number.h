/* core/number.h: numbers in text, without the locale: a decimal point is a point, whatever the system's language. */
#ifndef INK_CORE_NUMBER_H
#define INK_CORE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The whole of text as decimal digits, at most `most`: no sign, no blanks. False: *out is untouched. */
bool ink_number_whole(const char *text, uint64_t most, uint64_t *out);

/* The whole of text as a decimal number, [-]digits[.digits][e[+-]digits], at least one digit beside the point.
 * Exactly rounded up to 15 digits and powers of ten within 22, as all that people type. False: *out is untouched,
 * also for what does not fit a double. */
bool ink_number_real(const char *text, double *out);

/* The shortest of %.1g .. %.9g that reads back to the same float, with a point: "0.001"; from 1 to 1e9 without an
 * exponent: "30". size at least 24. */
void ink_number_text(double value, char *text, size_t size);

#endif

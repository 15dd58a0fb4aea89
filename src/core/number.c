/* core/number.c: decimal text to numbers and back.
 * No hexadecimal, no infinities by name, no thousands. */
#include "core/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define EXPONENT_MOST 400

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool ink_number_whole(const char *text, uint64_t most, uint64_t *out) {
    uint64_t value = 0;
    if (!is_digit(*text)) return false;
    for (; is_digit(*text); text++) {
        uint64_t digit = (uint64_t)(*text - '0');
        if (value > (most - digit) / 10 || digit > most) return false;
        value = value * 10 + digit;
    }
    if (*text != '\0') return false;
    *out = value;
    return true;
}

static double power_of_ten(int n) {
    double p = 1;
    for (int i = 0; i < n; i++) p *= 10;
    return p;
}

bool ink_number_real(const char *text, double *out) {
    bool negative = *text == '-';
    uint64_t mantissa = 0;
    int exponent = 0, digits = 0;
    if (negative) text++;
    for (bool behind = false;; text++) {
        if (*text == '.' && !behind) {
            behind = true;
        } else if (is_digit(*text)) {
            digits++;
            if (mantissa < UINT64_MAX / 10 - 1) {
                mantissa = mantissa * 10 + (uint64_t)(*text - '0');
                exponent -= behind;
            } else {
                exponent += !behind;
            }
        } else {
            break;
        }
    }
    if (digits == 0) return false;
    if (*text == 'e' || *text == 'E') {
        text++;
        bool minus = *text == '-';
        if (*text == '-' || *text == '+') text++;
        if (!is_digit(*text)) return false;
        int e = 0;
        for (; is_digit(*text); text++) e = e < EXPONENT_MOST ? e * 10 + (*text - '0') : EXPONENT_MOST;
        exponent += minus ? -e : e;
    }
    if (*text != '\0') return false;
    double value = (double)mantissa;
    if (exponent < -EXPONENT_MOST || mantissa == 0) {
        value = 0;
    } else if (exponent < 0) {
        /* In two steps, so that the divisor itself stays finite. */
        value = exponent < -300 ? value / power_of_ten(300) / power_of_ten(-exponent - 300)
                                : value / power_of_ten(-exponent);
    } else if (exponent > 0) {
        value *= power_of_ten(exponent < 310 ? exponent : 310);
    }
    if (!isfinite(value)) return false;
    *out = negative ? -value : value;
    return true;
}

void ink_number_text(double value, char *text, size_t size) {
    for (int digits = 1; digits <= 9; digits++) {
        double back;
        snprintf(text, size, "%.*g", digits, value);
        if (strchr(text, 'e') != NULL && fabs(value) >= 1.0 && fabs(value) < 1e9) continue; /* 30, not 3e+01 */
        char *comma = strchr(text, ',');                                                    /* a locale's point */
        if (comma != NULL) *comma = '.';
        if (ink_number_real(text, &back) && (float)back == (float)value) return;
    }
}

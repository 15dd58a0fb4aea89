/* core/utf8.c: the lengths of UTF-8's characters.
 * Which of them a person may see is for those who print. */
#include "core/utf8.h"

#include <string.h>

size_t ink_utf8_length(const char *s, size_t left) {
    static const struct {
        unsigned char first_low, first_high, second_low, second_high;
        size_t length;
    } form[] = {
        {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
        {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    const unsigned char *c = (const unsigned char *)s;
    if (left == 0) return 0;
    if (c[0] < 0x80) return 1;
    for (size_t i = 0; i < sizeof form / sizeof form[0]; i++) {
        if (c[0] < form[i].first_low || c[0] > form[i].first_high) continue;
        if (left < form[i].length || c[1] < form[i].second_low || c[1] > form[i].second_high) return 0;
        for (size_t k = 2; k < form[i].length; k++) {
            if ((c[k] & 0xc0) != 0x80) return 0;
        }
        return form[i].length;
    }
    return 0;
}

size_t ink_utf8_good(const char *text, size_t size) {
    size_t i = 0;
    for (size_t length; i < size && (length = ink_utf8_length(text + i, size - i)) > 0;) i += length;
    return i;
}

void ink_utf8_mend(char *string) {
    for (size_t left = strlen(string), good; (good = ink_utf8_good(string, left)) < left;) {
        string[good] = '?';
        string += good + 1;
        left -= good + 1;
    }
}

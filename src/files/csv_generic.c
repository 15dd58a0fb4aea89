/* files/csv_generic.c: the fast path for plain rows on any processor: a field at a time, four zeros at once.
 * It judges nothing: whatever is not plain goes to the exact parser. */
#include <string.h>

#include "files/csv_row.h"

const uint8_t *ink_csv_fast_generic(const uint8_t *row, uint8_t end, uint32_t fields, uint8_t *values) {
    static const char zeros[] = "0,0,0,0,0,0,0,0,";
    const uint8_t *p = row;
    uint32_t n = 0;
    for (;;) {
        /* Most pixels are paper. */
        while (n + 8 < fields && memcmp(p, zeros, 16) == 0) {
            memset(values + n, 0, 8);
            n += 8;
            p += 16;
        }
        unsigned value = p[0] - (unsigned)'0', next = p[1] - (unsigned)'0';
        if (value > 9) return NULL;
        p++;
        if (next <= 9) {
            value = value * 10 + next;
            next = p[1] - (unsigned)'0';
            p++;
            if (next <= 9) {
                value = value * 10 + next;
                p++;
            }
        }
        if (value > 255) return NULL;
        values[n++] = (uint8_t)value;
        if (*p == ',') {
            p++;
            if (n == fields) return NULL;
        } else {
            return *p == end && n == fields ? p + 1 : NULL;
        }
    }
}

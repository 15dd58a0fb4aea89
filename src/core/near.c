/* core/near.c: the edit distance of two words, and the nearest of several.
 * It knows no word list: the rooms bring theirs. Optimal string alignment, a restricted form of F. Damerau's distance,
 * "A technique for computer detection and correction of spelling errors", CACM 7(3), 1964. */
#include "core/near.h"

#include <stdint.h>
#include <string.h>

#define LONGEST 63

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

size_t ink_near_distance(const char *a, const char *b) {
    size_t n = strlen(a), m = strlen(b);
    size_t row[3][LONGEST + 1];
    if (n > LONGEST || m > LONGEST) return SIZE_MAX;
    for (size_t j = 0; j <= m; j++) row[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *now = row[i % 3];
        const size_t *above = row[(i + 2) % 3], *two_above = row[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
            now[j] = least(least(above[j] + 1, now[j - 1] + 1), above[j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], two_above[j - 2] + 1);
        }
    }
    return row[n % 3][m];
}

void ink_near_try(ink_near *near, const char *candidate) {
    size_t length = strlen(near->word);
    size_t allowed = length < 6 ? 1 : length / 3;
    size_t distance = ink_near_distance(near->word, candidate);
    /* "eval-b" for "eval-batch-size": many letters are missing, but which word was meant is plain. */
    if (length >= 3 && strncmp(near->word, candidate, length) == 0) distance = least(distance, 1);
    if (distance > allowed) return;
    if (near->best == NULL || distance < near->distance) {
        near->best = candidate;
        near->distance = distance;
    }
}

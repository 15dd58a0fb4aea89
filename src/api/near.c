/* api/near.c: "did you mean" for the words of the command line.
 * How near is judged stands in core/near.h. */
#include "core/near.h"

#include "api/work.h"

const char *ink_work_near(const char *word, const char *const *known, size_t n) {
    ink_near near = {.word = word};
    for (size_t i = 0; i < n; i++) ink_near_try(&near, known[i]);
    return near.best;
}

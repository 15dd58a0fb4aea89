/* tests/ops/judge.h: is a backend right, in one way of computing, over the list of cases? ref64 is the judge.
 * How close is close enough: judge.c. */
#ifndef INK_TESTS_OPS_JUDGE_H
#define INK_TESTS_OPS_JUDGE_H

#include "ops/backend.h"

typedef struct judge_mode {
    const char *name;
    const ink_backend *backend;
    ink_precision precision; /* not AUTO */
    bool exact;
    const struct ink_kernels *kernels; /* as in ink_compile_options; or NULL */
    double slack;                      /* factor on the tolerance; 0: 1 */
    void (*turn)(bool on);             /* around the second run, which must give the same bits; or NULL */
} judge_mode;

/* Only cases that contain it count, however large; or NULL. */
extern const char *judge_wanted;

/* Lets ref64 compute the cases of at most this work (cases.h) in a precision: once, before any mode of it. */
void judge_begin(ink_precision precision, uint64_t most);

/* All those cases in one mode; isa stands in the message. True as well when the backend lacks the precision. */
bool judge_mode_is_right(const judge_mode *mode, const char *isa, uint64_t most);

#endif

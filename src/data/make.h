/* data/make.h: synthetic digits as Kaggle's files. */
#ifndef INK_DATA_MAKE_H
#define INK_DATA_MAKE_H

#include <stdbool.h>

#include "core/pool.h"
#include "inkling.h"

typedef struct ink_make {
    const char *dir; /* made when absent (its parent must be there) */
    uint32_t count;  /* rows of train.csv, at least 1; test.csv gets count / 4, at least 1 */
    uint64_t seed;
    bool force;     /* replace files that are there; else they are INK_E_USAGE */
    ink_pool *pool; /* may be NULL */
    /* Told now and then how many digits are done of how many; nonzero from it: stop. NULL: not wanted. */
    int (*progress)(void *context, uint64_t done, uint64_t total);
    void *context;
} ink_make;

/* Writes train.csv (label,pixel0..pixel783), test.csv (pixel0..), test_labels.csv and sample_submission.csv
 * (ImageId,Label; the sample's labels are 0), LF line ends, each to a temporary name first. Test digits are numbers
 * count, count + 1, ... of the same series: no digit is in both.
 * Errors   INK_E_FILE, INK_E_USAGE (exists; count 0 or above 100,000,000), INK_E_MEMORY, INK_E_STOPPED. */
INK_MUST_USE ink_status ink_data_make(const ink_make *make, ink_error *err);

#endif

/* report/epoch.h: what is measured in one epoch: a row of metrics.csv, a point of the charts. */
#ifndef INK_REPORT_EPOCH_H
#define INK_REPORT_EPOCH_H

#include <stdbool.h>
#include <stdint.h>

/* A double that was not measured is NaN and becomes an empty cell, a hole in a line. */
typedef struct ink_epoch {
    uint32_t epoch;               /* from 1 */
    uint64_t step;                /* optimizer steps since the run began */
    double time_s;                /* since the run began, pauses left out */
    double lr;                    /* of the epoch's last step */
    double train_loss, train_acc; /* mean over the epoch, as trained (distorted, with dropout); accuracies 0..1 */
    double val_loss, val_acc;     /* on the held-out rows, after the epoch */
    int64_t val_errors;           /* -1: not measured */
    bool best;                    /* better than every epoch before */
    double images_per_s;          /* while training */
    double peak_mem_mb;           /* of the process, 1e6 bytes */
} ink_epoch;

#endif

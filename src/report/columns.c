/* report/columns.c: the table of columns that can be drawn.
 * metrics.csv itself is read and written by runlog*.c. */
#include "report/columns.h"

#include <math.h>
#include <string.h>

static double epoch_of(const ink_epoch *e) {
    return e->epoch;
}
static double step_of(const ink_epoch *e) {
    return (double)e->step;
}
static double time_of(const ink_epoch *e) {
    return e->time_s;
}
static double lr_of(const ink_epoch *e) {
    return e->lr;
}
static double train_loss_of(const ink_epoch *e) {
    return e->train_loss;
}
static double train_acc_of(const ink_epoch *e) {
    return e->train_acc;
}
static double val_loss_of(const ink_epoch *e) {
    return e->val_loss;
}
static double val_acc_of(const ink_epoch *e) {
    return e->val_acc;
}
static double val_errors_of(const ink_epoch *e) {
    return e->val_errors >= 0 ? (double)e->val_errors : (double)NAN;
}
static double speed_of(const ink_epoch *e) {
    return e->images_per_s;
}
static double memory_of(const ink_epoch *e) {
    return e->peak_mem_mb;
}

static const ink_column columns[] = {
    {"val_acc", "Validation accuracy", INK_CHART_PERCENT, val_acc_of},
    {"train_acc", "Training accuracy", INK_CHART_PERCENT, train_acc_of},
    {"val_loss", "Validation loss", INK_CHART_LOSS, val_loss_of},
    {"train_loss", "Training loss", INK_CHART_LOSS, train_loss_of},
    {"val_errors", "Errors on held-out digits", INK_CHART_LOSS, val_errors_of},
    {"lr", "Learning rate", INK_CHART_LOSS, lr_of},
    {"images_per_s", "Images a second", INK_CHART_LOSS, speed_of},
    {"peak_mem_mb", "Memory, MB", INK_CHART_LOSS, memory_of},
};

static const ink_column axes[] = {
    {"epoch", "epoch", INK_CHART_LOSS, epoch_of},
    {"step", "optimizer step", INK_CHART_LOSS, step_of},
    {"time", "seconds", INK_CHART_LOSS, time_of},
};

const ink_column *ink_columns(size_t *n) {
    *n = sizeof columns / sizeof columns[0];
    return columns;
}

const ink_column *ink_column_find(const char *name) {
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        if (strcmp(columns[i].name, name) == 0) return &columns[i];
    }
    return NULL;
}

const ink_column *ink_axis_find(const char *word) {
    for (size_t i = 0; i < sizeof axes / sizeof axes[0]; i++) {
        if (strcmp(axes[i].name, word) == 0) return &axes[i];
    }
    return NULL;
}

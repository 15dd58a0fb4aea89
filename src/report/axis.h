/* report/axis.h: where an axis begins and ends and which round numbers stand on it. */
#ifndef INK_REPORT_AXIS_H
#define INK_REPORT_AXIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INK_TICKS_MAX 16

typedef struct ink_axis {
    double low, high; /* low < high */
    bool logarithmic;
    uint32_t n_ticks;
    double tick[INK_TICKS_MAX]; /* ascending, within low..high */
    int decimals;               /* that the labels need; per cent for a share */
} ink_axis;

/* For shares 0..1 whose least and greatest are given: about five steps of 1, 2 or 5 times a power of ten, from 0 when
 * low is below 0.3, never past 0 or 1. decimals is for values in per cent. */
void ink_axis_share(ink_axis *axis, double low, double high);
/* For losses >= 0: from 0; logarithmic when low > 0, high >= 50 low, and `crowded` says that most values would lie at
 * the foot of the other. */
void ink_axis_loss(ink_axis *axis, double low, double high, bool crowded);
/* For epochs: whole numbers, the first among them, each two at least `apart` (what a label takes). low == high is
 * widened by 0.5. */
void ink_axis_epochs(ink_axis *axis, double low, double high, double apart);

/* 0 at low, 1 at high. */
double ink_axis_at(const ink_axis *axis, double value);

#endif

/* report/axis.c: round numbers for axes.
 * It draws nothing and formats nothing.
 * Source   P. Heckbert, Nice numbers for graph labels, Graphics Gems, 1990 (steps of 1, 2, 5) */
#include "report/axis.h"

#include <math.h>

#define STEPS_WANTED   5.0
#define LOG_FROM_RATIO 50.0

/* The round step (1, 2 or 5 times a power of ten) that is not below `raw`; *power: its power of ten. */
static double round_step(double raw, int *power) {
    *power = (int)floor(log10(raw) + 1e-9);
    double unit = pow(10, *power);
    double share = raw / unit;
    if (share <= 1 + 1e-9) return unit;
    if (share <= 2 + 1e-9) return 2 * unit;
    if (share <= 5 + 1e-9) return 5 * unit;
    (*power)++;
    return 10 * unit;
}

/* Ticks at whole multiples of step. Multiplied, not added up, so that 0.3 is 0.3. */
static void linear(ink_axis *axis, double low, double high, double step) {
    double first = floor(low / step + 1e-6), last = ceil(high / step - 1e-6);
    axis->logarithmic = false;
    axis->low = first * step;
    axis->high = last * step;
    axis->n_ticks = 0;
    while (axis->n_ticks < INK_TICKS_MAX && first + axis->n_ticks <= last) {
        axis->tick[axis->n_ticks] = (first + axis->n_ticks) * step;
        axis->n_ticks++;
    }
}

static int decimals_of(int power) {
    return power < 0 ? (-power > 9 ? 9 : -power) : 0;
}

void ink_axis_share(ink_axis *axis, double low, double high) {
    int power;
    if (low < 0.3) low = 0;
    if (high - low < 0.002) { /* one value, or a plateau: some air, not a microscope */
        low = fmax(0, low - 0.002);
        high = fmin(1, high + 0.002);
    }
    double step = round_step((high - low) / STEPS_WANTED, &power);
    linear(axis, low, high, step);
    axis->low = fmax(0, axis->low);
    if (axis->high > 1) axis->high = 1;
    axis->decimals = decimals_of(power + 2);
}

/* 1, 2 and 5 times every power of ten, or the powers alone when those are many. */
static void logarithmic(ink_axis *axis, double low, double high) {
    static const double mantissa[] = {1, 2, 5};
    int power = (int)floor(log10(low) + 1e-9);
    int decades = (int)ceil(log10(high) - 1e-9) - power;
    int per_decade = decades <= 3 ? 3 : 1;
    int every = decades <= 12 ? 1 : (decades + 11) / 12;
    double below = pow(10, power), above = 0;
    axis->logarithmic = true;
    axis->n_ticks = 0;
    axis->decimals = -1;
    for (int k = 0; above < high; k++) {
        int decade = k / per_decade * every;
        double value = mantissa[k % per_decade] * pow(10, power + decade);
        if (value <= low * (1 + 1e-9)) below = value;
        above = value;
    }
    axis->low = below;
    axis->high = above;
    for (int k = 0; axis->n_ticks < INK_TICKS_MAX; k++) {
        int decade = k / per_decade * every;
        double value = mantissa[k % per_decade] * pow(10, power + decade);
        if (value > above * (1 + 1e-9)) break;
        if (value >= below * (1 - 1e-9)) axis->tick[axis->n_ticks++] = value;
    }
}

void ink_axis_loss(ink_axis *axis, double low, double high, bool crowded) {
    int power;
    if (crowded && low > 1e-30 && high < 1e30 && high >= LOG_FROM_RATIO * low) {
        logarithmic(axis, low, high);
        return;
    }
    if (!(high > 1e-30)) high = 1;
    double step = round_step(high / STEPS_WANTED, &power);
    linear(axis, 0, high, step);
    axis->decimals = decimals_of(power);
}

void ink_axis_epochs(ink_axis *axis, double low, double high, double apart) {
    int power;
    axis->logarithmic = false;
    axis->decimals = 0;
    axis->n_ticks = 0;
    double step = round_step(fmax(1, fmax(apart, (high - low + 1) / INK_TICKS_MAX)), &power);
    if (step < 1) step = 1;
    axis->tick[axis->n_ticks++] = low;
    /* The first number always stands; a round one close behind it would touch it. */
    double first = floor(low / step) + 1;
    for (uint32_t k = first * step - low >= apart ? 0 : 1; axis->n_ticks < INK_TICKS_MAX; k++) {
        if ((first + k) * step > high + 1e-9) break;
        axis->tick[axis->n_ticks++] = (first + k) * step;
    }
    axis->low = low;
    axis->high = high;
    if (!(high > low)) {
        axis->low = low - 0.5;
        axis->high = low + 0.5;
    }
}

double ink_axis_at(const ink_axis *axis, double value) {
    if (axis->logarithmic) return log(value / axis->low) / log(axis->high / axis->low);
    return (value - axis->low) / (axis->high - axis->low);
}

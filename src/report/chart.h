/* report/chart.h: lines over epochs: accuracy and loss of a run, curves of several runs.
 *
 *   ink_picture *p = NULL;
 *   st = ink_chart_accuracy(epochs, n, &p, &err);
 *   if (st == INK_OK) st = ink_picture_save(p, "runs/x/accuracy.svg", &err);      // and .png
 *   ink_picture_free(p);
 *
 * Ticks stand at round numbers. An axis that does not start at 0 says so by its labels and under the title. The best
 * epoch is marked. A value that is NaN is a hole; a lone point between holes is drawn as a dot. */
#ifndef INK_REPORT_CHART_H
#define INK_REPORT_CHART_H

#include "inkling.h"
#include "report/epoch.h"
#include "report/picture.h"

typedef enum ink_chart_unit {
    INK_CHART_PERCENT, /* values 0..1, labelled 97.5 %; the axis never passes 0 or 100 % */
    INK_CHART_LOSS /* values >= 0; from 0, or logarithmic when the largest is 50 times the smallest most being small */
} ink_chart_unit;

typedef struct ink_series {
    const char *name; /* "validation": written at the line's end */
    const double *y;  /* [n], borrowed */
    const double *x;  /* [n] of its own, ascending; NULL: the chart's x and n */
    uint32_t n;       /* when x is its own */
    ink_color color;  /* INK_COLOR_ONE ...; NONE: the next free one */
    bool quiet;       /* a thinner line, for the one that matters less */
} ink_series;

#define INK_CHART_NO_BEST UINT32_MAX

typedef struct ink_chart {
    const char *title; /* "Accuracy" */
    const char *note;  /* under the title, or NULL: made from the best point */
    ink_chart_unit unit;
    const double *x;    /* [n] ascending, NULL: 1, 2, ... n */
    const char *x_name; /* "epoch" when NULL */
    bool x_powers;      /* x are powers of ten: ticks say 1e-3 */
    uint32_t n;
    const ink_series *series;
    uint32_t n_series;    /* 1 to 6 */
    uint32_t best;        /* the marked point of series[0], from 0; INK_CHART_NO_BEST: none */
    double width, height; /* 0 = 760 x 420 */
} ink_chart;

/* Errors   INK_E_USAGE n_series out of range; INK_E_MEMORY. n may be 0: an empty chart that says so. */
INK_MUST_USE ink_status ink_chart_draw(const ink_chart *chart, ink_picture **out, ink_error *err);

/* Validation and training accuracy, the best epoch marked. Without any validation only training is drawn, and it says
 * that nothing was held out. */
INK_MUST_USE ink_status ink_chart_accuracy(const ink_epoch *epochs, uint32_t n, ink_picture **out, ink_error *err);
INK_MUST_USE ink_status ink_chart_loss(const ink_epoch *epochs, uint32_t n, ink_picture **out, ink_error *err);
/* Both side by side in one picture, for a README. title may be NULL. */
INK_MUST_USE ink_status ink_chart_run(const ink_epoch *epochs, uint32_t n, const char *title, ink_picture **out,
                                      ink_error *err);

/* Index of the epoch with the highest validation accuracy; INK_CHART_NO_BEST: none measured. Of equals the one whose
 * weights the trainer kept (the last with `best` set); without such a word, as in means over several nets, the one with
 * the lowest loss, then the first. */
uint32_t ink_chart_best(const ink_epoch *epochs, uint32_t n);

#endif

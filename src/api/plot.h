/* api/plot.h: lines over epochs, steps or seconds from the metrics of one run or several: for plot.c and compare.c. */
#ifndef INK_API_PLOT_H
#define INK_API_PLOT_H

#include "api/work.h"
#include "report/columns.h"

#define INK_PLOT_LINES 6

typedef struct ink_plot_line {
    const char *name;
    const ink_column *column; /* all of one unit */
    const ink_epoch *epochs;
    uint32_t n;
} ink_plot_line;

/* The column, the axis (NULL: "epoch") of that name. Errors: INK_E_USAGE. */
INK_MUST_USE ink_status ink_plot_column(const char *word, const ink_column **out, ink_error *err);
INK_MUST_USE ink_status ink_plot_axis(const char *word, const ink_column **out, ink_error *err);

/* 1 to INK_PLOT_LINES of them in one chart. *out: ink_picture_free. */
INK_MUST_USE ink_status ink_plot_lines(const ink_plot_line *lines, uint32_t n_lines, const char *title,
                                       const ink_column *axis, ink_picture **out, ink_error *err);

/* A chart's two names: base.svg and base.png; a base that ends in one of these is that file alone, the other is "". */
INK_MUST_USE ink_status ink_plot_names(const char *base, char svg[INK_PATH_SIZE], char png[INK_PATH_SIZE],
                                       ink_error *err);

/* Under the names of base. */
INK_MUST_USE ink_status ink_plot_save(const ink_picture *picture, const char *base, ink_error *err);

#endif

/* report/columns.h: the columns of metrics.csv by their names: what may be drawn over what. */
#ifndef INK_REPORT_COLUMNS_H
#define INK_REPORT_COLUMNS_H

#include <stddef.h>

#include "report/chart.h"

typedef struct ink_column {
    const char *name;  /* "val_acc" */
    const char *title; /* "Validation accuracy" */
    ink_chart_unit unit;
    double (*of)(const ink_epoch *epoch); /* NaN: not measured */
} ink_column;

/* The column of that name; NULL: there is none. Static. */
const ink_column *ink_column_find(const char *name);
/* All of them; static. */
const ink_column *ink_columns(size_t *n);

/* What may be the axis below: "epoch", "step", "time" (seconds). NULL: another word. Static. */
const ink_column *ink_axis_find(const char *word);

#endif

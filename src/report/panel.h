/* report/panel.h: a chart as a part of a larger picture, or in another size: for chart, chart_run and page. */
#ifndef INK_REPORT_PANEL_H
#define INK_REPORT_PANEL_H

#include "report/chart.h"

/* Lays the chart out in the rectangle. picture may be NULL (memory ran out): nothing is drawn.
 * Errors   INK_E_USAGE n_series out of range; INK_E_MEMORY. */
INK_MUST_USE ink_status ink_chart_panel(ink_picture *picture, const ink_chart *chart, double x, double y, double w,
                                        double h, ink_error *err);

/* The accuracy (PERCENT) or the loss of a run in a picture of this size; 0: the usual. */
INK_MUST_USE ink_status ink_chart_of_run(const ink_epoch *epochs, uint32_t n, ink_chart_unit unit, double width,
                                         double height, ink_picture **out, ink_error *err);

/* "97.62 %", "0.0834": a value as the charts write it. */
void ink_chart_value(char *dst, size_t size, ink_chart_unit unit, double value);

#endif

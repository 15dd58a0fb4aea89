/* report/sweep.c: what a sweep of the learning rate gave, for a person to look at.
 * The sweep itself is train/sweep.c. */
#include "report/sweep.h"

#include <math.h>
#include <stdio.h>

#include "core/mem.h"
#include "core/status.h"
#include "report/chart.h"
#include "report/text.h"

#define LINES_A_DECADE 3
#define HEAD           22u /* "   1.0e-05    2.3021  " */
#define TAIL           16u

/* The point nearest to the suggestion. */
static uint32_t suggested(const ink_sweep *s) {
    uint32_t best = 0;
    for (uint32_t i = 1; i < s->n; i++) {
        if (fabs(log(s->lr[i] / s->suggestion)) < fabs(log(s->lr[best] / s->suggestion))) best = i;
    }
    return best;
}

ink_status ink_sweep_chart(const ink_sweep *s, ink_picture **out, ink_error *err) {
    char note[96];
    double *x = ink_mem_new(s->n, sizeof *x);
    *out = NULL;
    if (x == NULL) return ink_fail_memory(err, s->n * sizeof *x, "a chart");
    for (uint32_t i = 0; i < s->n; i++) x[i] = log10(s->lr[i]);
    snprintf(note, sizeof note, "suggested: %.1e, where the loss falls fastest", s->suggestion);
    ink_series series = {.name = "loss", .y = s->loss, .color = INK_COLOR_ONE};
    ink_chart chart = {.title = "Loss over the learning rate",
                       .note = note,
                       .unit = INK_CHART_LOSS,
                       .x = x,
                       .x_name = "learning rate",
                       .x_powers = true,
                       .n = s->n,
                       .series = &series,
                       .n_series = 1,
                       .best = s->n > 0 ? suggested(s) : INK_CHART_NO_BEST};
    ink_status status = ink_chart_draw(&chart, out, err);
    ink_mem_free(x);
    return status;
}

static void add_line(ink_text *text, double lr, double loss, double highest, bool mark, uint32_t width) {
    uint32_t bar = (uint32_t)lround(fmin(1, loss / highest) * width);
    ink_text_format(text, "%10.1e  %8.4f  ", lr, loss);
    for (uint32_t i = 0; i < bar; i++) ink_text_add(text, "#");
    ink_text_add(text, mark ? "  <- suggested\n" : "\n");
}

ink_status ink_sweep_text(const ink_sweep *s, uint32_t columns, char **out, ink_error *err) {
    ink_text text = {0};
    uint32_t best = s->n > 0 ? suggested(s) : 0, next = 0;
    double highest = 1e-9;
    *out = NULL;
    columns = columns == 0 ? 80 : columns < 60 ? 60 : columns > 100 ? 100 : columns;
    /* What a sweep ends in would make all other bars short. */
    for (uint32_t i = 0; i < s->n / 2 + 1 && i < s->n; i++) highest = fmax(highest, s->loss[i]);
    ink_text_format(&text, "%10s  %8s\n", "lr", "loss");
    while (next < s->n) {
        double until = s->lr[next] * pow(10, 1.0 / LINES_A_DECADE) * (1 - 1e-9);
        uint32_t end = next;
        while (end < s->n && s->lr[end] < until) end++;
        bool mark = best >= next && best < end;
        uint32_t shown = mark ? best : next;
        add_line(&text, s->lr[shown], s->loss[shown], highest, mark, columns - HEAD - TAIL);
        next = end;
    }
    return ink_text_give(&text, "a graph", out, err);
}

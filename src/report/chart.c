/* report/chart.c: lays out line charts: axes, lines, labels at the lines' ends, the best point.
 * It paints nothing (picture) and chooses no round numbers (axis). */
#include "report/chart.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "report/axis.h"
#include "report/panel.h"

#define SERIES_MAX      6
#define TITLE_SIZE      16.0
#define NOTE_SIZE       12.5
#define LABEL_SIZE      12.0
#define LABEL_AIR       12.0
#define LABEL_GAP       16.0 /* least distance of the baselines of two labels */
#define POINTS_AS_DOTS  30   /* with more epochs dots would hide the line */
#define NAME_CHARACTERS 24
#define POWERS_BELOW    0.001 /* a logarithmic axis beyond them says 1e-4, 1e-3, ... at all its ticks */
#define POWERS_ABOVE    1e6

/* A chart being laid out in a part of a picture. */
typedef struct layout {
    ink_picture *picture;
    const ink_chart *chart;
    ink_axis x_axis, y_axis;
    double left, top, right, bottom; /* of the plot */
    bool any;                        /* there are points */
} layout;

static uint32_t count_of(const ink_chart *chart, uint32_t s) {
    return chart->series[s].x != NULL ? chart->series[s].n : chart->n;
}

static double x_of(const ink_chart *chart, uint32_t s, uint32_t i) {
    if (chart->series[s].x != NULL) return chart->series[s].x[i];
    return chart->x != NULL ? chart->x[i] : (double)i + 1;
}

static const char *x_name(const ink_chart *chart) {
    return chart->x_name != NULL ? chart->x_name : "epoch";
}

/* The longest series, the least and the greatest x; false when there is no point at all. */
static bool x_range(const ink_chart *chart, uint32_t *longest, double *first, double *last) {
    *longest = 0;
    *first = *last = 1;
    for (uint32_t s = 0; s < chart->n_series; s++) {
        uint32_t n = count_of(chart, s);
        if (n == 0) continue;
        *first = *longest == 0 ? x_of(chart, s, 0) : fmin(*first, x_of(chart, s, 0));
        *last = *longest == 0 ? x_of(chart, s, n - 1) : fmax(*last, x_of(chart, s, n - 1));
        if (n > *longest) *longest = n;
    }
    return *longest > 0;
}

static double place_x(const layout *l, double x) {
    return l->left + ink_axis_at(&l->x_axis, x) * (l->right - l->left);
}

static double place_y(const layout *l, double y) {
    return l->bottom - ink_axis_at(&l->y_axis, y) * (l->bottom - l->top);
}

static ink_color color_of(const ink_chart *chart, uint32_t s) {
    return chart->series[s].color != INK_COLOR_NONE ? chart->series[s].color : (ink_color)(INK_COLOR_ONE + s);
}

/* "3e-8": one digit and its power of ten; value > 0. */
static void add_power(ink_text *text, double value) {
    int power = (int)floor(log10(value) + 1e-9);
    long digit = lround(value / pow(10, power));
    if (digit == 10) digit = 1, power++;
    ink_text_format(text, "%lde%d", digit, power);
}

void ink_chart_value(char *dst, size_t size, ink_chart_unit unit, double value) {
    ink_text text = {0};
    if (unit == INK_CHART_PERCENT) {
        ink_text_fixed(&text, 100 * value, 2);
        ink_text_add(&text, " %");
    } else if (value >= 0.1) {
        ink_text_fixed(&text, value, 3);
    } else if (value >= 0.001 || value <= 0) {
        ink_text_fixed(&text, value, 4);
    } else {
        add_power(&text, value);
    }
    snprintf(dst, size, "%s", text.bytes != NULL ? text.bytes : "");
    ink_text_clear(&text);
}

/* "95 %", "0.2", "0.005"; "5e-6" on a logarithmic axis that goes so low: of a tick. */
static void tick_label(char *dst, size_t size, const ink_chart *chart, const ink_axis *axis, double value) {
    ink_text text = {0};
    if (chart->unit == INK_CHART_PERCENT) {
        ink_text_fixed(&text, 100 * value, axis->decimals);
        ink_text_add(&text, " %");
    } else if (axis->decimals >= 0) {
        ink_text_fixed(&text, value, axis->decimals);
    } else if (axis->low < POWERS_BELOW || axis->high > POWERS_ABOVE) {
        add_power(&text, value);
    } else { /* logarithmic: each tick has its own */
        ink_text_number(&text, value);
    }
    snprintf(dst, size, "%s", text.bytes != NULL ? text.bytes : "");
    ink_text_clear(&text);
}

/* Least and greatest of all values that can be drawn; false when there is none. */
static bool value_range(const ink_chart *chart, double *low, double *high) {
    bool any = false;
    for (uint32_t s = 0; s < chart->n_series; s++) {
        for (uint32_t i = 0; i < count_of(chart, s); i++) {
            double y = chart->series[s].y[i];
            if (!isfinite(y)) continue;
            *low = any ? fmin(*low, y) : y;
            *high = any ? fmax(*high, y) : y;
            any = true;
        }
    }
    return any;
}

/* Would more than half of the values lie in the lowest tenth of an axis from 0 to high? */
static bool is_crowded(const ink_chart *chart, double high) {
    uint32_t low = 0, all = 0;
    for (uint32_t s = 0; s < chart->n_series; s++) {
        for (uint32_t i = 0; i < count_of(chart, s); i++) {
            double y = chart->series[s].y[i];
            if (isfinite(y)) all++;
            if (isfinite(y) && y < high / 10) low++;
        }
    }
    return low > all / 2;
}

/* The last value of a series that can be drawn, or NaN. */
static double last_value(const ink_chart *chart, uint32_t s) {
    for (uint32_t i = count_of(chart, s); i-- > 0;) {
        if (isfinite(chart->series[s].y[i])) return chart->series[s].y[i];
    }
    return (double)NAN;
}

static void end_label(char *dst, size_t size, const ink_chart *chart, uint32_t s) {
    char value[48];
    ink_chart_value(value, sizeof value, chart->unit, last_value(chart, s));
    snprintf(dst, size, "%.*s%s %s", NAME_CHARACTERS, chart->series[s].name,
             strlen(chart->series[s].name) > NAME_CHARACTERS ? "..." : "", value);
}

/* Room for the labels right of the plot. */
static double label_room(const ink_chart *chart) {
    double room = 0;
    for (uint32_t s = 0; s < chart->n_series; s++) {
        char label[128];
        if (isnan(last_value(chart, s))) continue;
        end_label(label, sizeof label, chart, s);
        room = fmax(room, ink_picture_text_width(label, LABEL_SIZE, true));
    }
    return room > 0 ? room + 26 : 16;
}

static void draw_y_axis(const layout *l) {
    for (uint32_t i = 0; i < l->y_axis.n_ticks; i++) {
        char label[48];
        double y = place_y(l, l->y_axis.tick[i]);
        bool base = i == 0 && !l->y_axis.logarithmic && l->y_axis.tick[i] == 0;
        /* Only a true zero gets the strong line of an axis. */
        ink_picture_line(l->picture, l->left, y, l->right, y, base ? INK_COLOR_AXIS : INK_COLOR_GRID, 1, 0);
        tick_label(label, sizeof label, l->chart, &l->y_axis, l->y_axis.tick[i]);
        ink_picture_text(l->picture, l->left - 10, y + 4, label,
                         &(ink_lettering){.size = LABEL_SIZE, .color = INK_COLOR_MUTED, .anchor = INK_ANCHOR_END});
    }
}

static void x_label(char *dst, size_t size, const ink_chart *chart, double value) {
    if (chart->x_powers) {
        snprintf(dst, size, "1e%.0f", value);
    } else {
        ink_fixed_put(dst, size, value, 0);
    }
}

/* What the widest label of the x axis takes, with some air, in x. */
static double x_apart(const layout *l, double first, double last) {
    char a[48], b[48];
    x_label(a, sizeof a, l->chart, first);
    x_label(b, sizeof b, l->chart, last);
    double wide = fmax(ink_picture_text_width(a, LABEL_SIZE, false), ink_picture_text_width(b, LABEL_SIZE, false));
    return (wide + LABEL_AIR) / (l->right - l->left) * (last - first);
}

static void draw_x_axis(const layout *l) {
    for (uint32_t i = 0; i < l->x_axis.n_ticks; i++) {
        char label[48];
        double x = place_x(l, l->x_axis.tick[i]);
        x_label(label, sizeof label, l->chart, l->x_axis.tick[i]);
        ink_picture_line(l->picture, x, l->bottom + 4, x, l->bottom + 9, INK_COLOR_AXIS, 1, 0);
        ink_picture_text(l->picture, x, l->bottom + 23, label,
                         &(ink_lettering){.size = LABEL_SIZE, .color = INK_COLOR_MUTED, .anchor = INK_ANCHOR_MIDDLE});
    }
    ink_picture_text(l->picture, (l->left + l->right) / 2, l->bottom + 41, x_name(l->chart),
                     &(ink_lettering){.size = LABEL_SIZE, .color = INK_COLOR_MUTED, .anchor = INK_ANCHOR_MIDDLE});
}

/* One line, broken at holes. xy: room for 2 n numbers. */
static void draw_line(const layout *l, uint32_t s, double *xy) {
    const ink_chart *chart = l->chart;
    const ink_series *series = &chart->series[s];
    ink_color color = color_of(chart, s);
    size_t points = 0;
    uint32_t n = count_of(chart, s);
    bool dots = n <= POINTS_AS_DOTS;
    for (uint32_t i = 0; i <= n; i++) {
        if (i < n && isfinite(series->y[i])) {
            xy[2 * points] = place_x(l, x_of(chart, s, i));
            xy[2 * points + 1] = place_y(l, series->y[i]);
            points++;
            continue;
        }
        ink_picture_path(l->picture, xy, points, color, series->quiet ? 1.75 : 2.5, 0);
        if (points == 1 && !dots) ink_picture_circle(l->picture, xy[0], xy[1], 2.5, color, INK_COLOR_NONE, 0, NULL);
        points = 0;
    }
    for (uint32_t i = 0; dots && i < n; i++) {
        char value[48], note[160];
        if (!isfinite(series->y[i])) continue;
        ink_chart_value(value, sizeof value, chart->unit, series->y[i]);
        snprintf(note, sizeof note, "%s, %s %.0f: %s", series->name, x_name(chart), x_of(chart, s, i), value);
        ink_picture_circle(l->picture, place_x(l, x_of(chart, s, i)), place_y(l, series->y[i]),
                           series->quiet ? 2.25 : 3, color, INK_COLOR_NONE, 0, note);
    }
}

/* A dotted line down to the epoch and a ring around the value. */
static void draw_best(const layout *l) {
    const ink_chart *chart = l->chart;
    if (chart->best >= count_of(chart, 0) || !isfinite(chart->series[0].y[chart->best])) return;
    char value[48], note[96];
    double x = place_x(l, x_of(chart, 0, chart->best)), y = place_y(l, chart->series[0].y[chart->best]);
    ink_chart_value(value, sizeof value, chart->unit, chart->series[0].y[chart->best]);
    if (chart->x_powers) {
        snprintf(note, sizeof note, "suggested, %.1e: %s", pow(10, x_of(chart, 0, chart->best)), value);
    } else {
        snprintf(note, sizeof note, "best epoch, %.0f: %s", x_of(chart, 0, chart->best), value);
    }
    ink_picture_line(l->picture, x, y, x, l->bottom, color_of(chart, 0), 1, 3);
    ink_picture_circle(l->picture, x, y, 6, INK_COLOR_PAPER, color_of(chart, 0), 2.5, note);
}

/* Names and last values right of the plot, at the height of the lines' ends, pushed apart where they would touch. */
static void draw_labels(const layout *l) {
    const ink_chart *chart = l->chart;
    uint32_t order[SERIES_MAX], n = 0;
    double y[SERIES_MAX];
    for (uint32_t s = 0; s < chart->n_series; s++) {
        double last = last_value(chart, s);
        uint32_t at = n;
        if (isnan(last)) continue;
        double own = place_y(l, last);
        for (; at > 0 && y[at - 1] > own; at--) { /* sorted from the top */
            y[at] = y[at - 1];
            order[at] = order[at - 1];
        }
        y[at] = own;
        order[at] = s;
        n++;
    }
    /* Down from the top, then up again from the bottom: both passes keep the order. */
    for (uint32_t i = 1; i < n; i++) {
        double overlap = y[i - 1] + LABEL_GAP - y[i];
        if (overlap <= 0) continue;
        y[i - 1] -= overlap / 2;
        y[i] += overlap / 2;
        for (uint32_t k = i - 1; k > 0 && y[k - 1] > y[k] - LABEL_GAP; k--) y[k - 1] = y[k] - LABEL_GAP;
    }
    if (n > 0) y[n - 1] = fmin(y[n - 1], l->bottom);
    for (uint32_t i = n; i-- > 1;) y[i - 1] = fmin(y[i - 1], y[i] - LABEL_GAP);
    for (uint32_t i = 0; i < n; i++) {
        char label[128];
        uint32_t s = order[i];
        end_label(label, sizeof label, chart, s);
        ink_picture_text(
            l->picture, l->right + 12, y[i] + 4, label,
            &(ink_lettering){.size = LABEL_SIZE, .color = color_of(chart, s), .bold = !chart->series[s].quiet});
    }
}

static void draw_head(const layout *l, double x, double y) {
    char note[256], start[48] = "";
    const char *own = l->chart->note != NULL ? l->chart->note : "";
    if (l->y_axis.logarithmic) {
        snprintf(start, sizeof start, "logarithmic scale");
    } else if (l->any && l->y_axis.low > 0) {
        char low[32];
        tick_label(low, sizeof low, l->chart, &l->y_axis, l->y_axis.low);
        snprintf(start, sizeof start, "axis from %s", low);
    }
    snprintf(note, sizeof note, "%s%s%s", own, own[0] != '\0' && start[0] != '\0' ? ", " : "", start);
    ink_picture_text(l->picture, x, y + 30, l->chart->title,
                     &(ink_lettering){.size = TITLE_SIZE, .color = INK_COLOR_TEXT, .bold = true});
    ink_picture_text(l->picture, x, y + 50, note, &(ink_lettering){.size = NOTE_SIZE, .color = INK_COLOR_MUTED});
}

ink_status ink_chart_panel(ink_picture *picture, const ink_chart *chart, double x, double y, double w, double h,
                           ink_error *err) {
    layout l = {.picture = picture, .chart = chart};
    double low = 0, high = 0, widest = 0, first, last;
    uint32_t longest;
    if (chart->n_series == 0 || chart->n_series > SERIES_MAX) {
        return ink_fail(err, INK_E_USAGE, "a chart of %u series, expected 1 to %u", chart->n_series, SERIES_MAX);
    }
    bool any = value_range(chart, &low, &high);
    if (chart->unit == INK_CHART_PERCENT) {
        ink_axis_share(&l.y_axis, any ? low : 0, any ? high : 1);
    } else {
        ink_axis_loss(&l.y_axis, low, high, is_crowded(chart, high));
    }
    for (uint32_t i = 0; i < l.y_axis.n_ticks; i++) {
        char label[48];
        tick_label(label, sizeof label, chart, &l.y_axis, l.y_axis.tick[i]);
        widest = fmax(widest, ink_picture_text_width(label, LABEL_SIZE, false));
    }
    l.left = x + 22 + widest + 10;
    l.top = y + 72;
    l.right = x + w - label_room(chart);
    l.bottom = y + h - 54;
    l.any = x_range(chart, &longest, &first, &last);
    ink_axis_epochs(&l.x_axis, first, last, x_apart(&l, first, last));
    draw_head(&l, x + 22, y);
    draw_y_axis(&l);
    draw_x_axis(&l);
    if (!any) {
        ink_picture_text(picture, (l.left + l.right) / 2, (l.top + l.bottom) / 2, "nothing measured yet",
                         &(ink_lettering){.size = 14, .color = INK_COLOR_MUTED, .anchor = INK_ANCHOR_MIDDLE});
        return INK_OK;
    }
    double *xy = ink_mem_new(longest, 2 * sizeof *xy);
    if (xy == NULL) return ink_fail_memory(err, (uint64_t)longest * 2 * sizeof *xy, "a chart");
    /* The first series matters most: painted last. */
    for (uint32_t s = chart->n_series; s-- > 0;) draw_line(&l, s, xy);
    ink_mem_free(xy);
    draw_best(&l);
    draw_labels(&l);
    return INK_OK;
}

ink_status ink_chart_draw(const ink_chart *chart, ink_picture **out, ink_error *err) {
    char description[512];
    double width = chart->width > 0 ? chart->width : 760, height = chart->height > 0 ? chart->height : 420;
    *out = NULL;
    snprintf(description, sizeof description, "%s per %s, %u epochs%s%s", chart->title, x_name(chart), chart->n,
             chart->note != NULL ? ": " : "", chart->note != NULL ? chart->note : "");
    ink_picture *picture = ink_picture_new(width, height, description);
    ink_status status = ink_chart_panel(picture, chart, 0, 0, width, height, err);
    if (status == INK_OK && picture == NULL) status = ink_fail_memory(err, sizeof(ink_chart), "a chart");
    if (status == INK_OK) {
        *out = picture;
    } else {
        ink_picture_free(picture);
    }
    return status;
}

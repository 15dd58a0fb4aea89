/* api/plot.c: `inkling plot`, and the one graph of `inkling compare`: columns of metrics.csv as lines.
 * How a chart looks is report/chart's business. */
#include "api/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api/members.h"
#include "core/mem.h"
#include "core/near.h"
#include "core/status.h"
#include "files/folder.h"
#include "report/chart.h"
#include "report/runlog.h"

static ink_status unknown_column(const char *word, ink_error *err) {
    size_t n;
    const ink_column *all = ink_columns(&n);
    ink_near near = {.word = word};
    for (size_t i = 0; i < n; i++) ink_near_try(&near, all[i].name);
    if (near.best != NULL) {
        ink_fail(err, INK_E_USAGE, "metrics.csv has no column '%.40s' to draw (did you mean '%s'?)", word, near.best);
    } else {
        ink_fail(err, INK_E_USAGE, "metrics.csv has no column '%.40s' to draw", word);
    }
    ink_hint(err, "val_acc, train_acc, val_loss, train_loss, val_errors, lr, images_per_s or peak_mem_mb");
    return INK_E_USAGE;
}

ink_status ink_plot_column(const char *word, const ink_column **out, ink_error *err) {
    *out = ink_column_find(word);
    return *out != NULL ? INK_OK : unknown_column(word, err);
}

ink_status ink_plot_axis(const char *word, const ink_column **out, ink_error *err) {
    *out = ink_axis_find(word != NULL ? word : "epoch");
    return *out != NULL ? INK_OK : ink_fail(err, INK_E_USAGE, "--axis is '%.40s', expected epoch, step or time", word);
}

ink_status ink_plot_names(const char *base, char svg[INK_PATH_SIZE], char png[INK_PATH_SIZE], ink_error *err) {
    static const char *const endings[] = {".svg", ".png"};
    char *const names[] = {svg, png};
    size_t length = strlen(base), room = INK_PATH_SIZE - 1;
    const char *own = NULL;
    for (size_t i = 0; i < 2; i++) {
        size_t ending = strlen(endings[i]);
        names[i][0] = '\0';
        if (length > ending && strcmp(base + length - ending, endings[i]) == 0) own = endings[i];
    }
    if (length + (own == NULL ? strlen(endings[0]) : 0) > room) {
        return ink_fail(err, INK_E_USAGE, "the path %.60s... is too long", base);
    }
    for (size_t i = 0; i < 2; i++) {
        if (own == NULL || own == endings[i]) {
            snprintf(names[i], INK_PATH_SIZE, "%s%s", base, own == NULL ? endings[i] : "");
        }
    }
    return INK_OK;
}

ink_status ink_plot_save(const ink_picture *picture, const char *base, ink_error *err) {
    char names[2][INK_PATH_SIZE];
    ink_status status = ink_plot_names(base, names[0], names[1], err);
    for (size_t i = 0; i < 2 && status == INK_OK; i++) {
        if (names[i][0] != '\0') status = ink_picture_save(picture, names[i], err);
    }
    return status;
}

ink_status ink_plot_lines(const ink_plot_line *lines, uint32_t n_lines, const char *title, const ink_column *axis,
                          ink_picture **out, ink_error *err) {
    ink_series series[INK_PLOT_LINES];
    double *numbers[INK_PLOT_LINES] = {NULL};
    ink_status status = INK_OK;
    *out = NULL;
    for (uint32_t s = 0; s < n_lines; s++) {
        uint32_t n = lines[s].n;
        numbers[s] = ink_mem_new((size_t)n + 1, 2 * sizeof(double));
        if (numbers[s] == NULL) {
            status = ink_fail_memory(err, (uint64_t)n * 2 * sizeof(double), "a chart");
            goto done;
        }
        for (uint32_t i = 0; i < n; i++) {
            numbers[s][i] = axis->of(&lines[s].epochs[i]);
            numbers[s][n + i] = lines[s].column->of(&lines[s].epochs[i]);
        }
        series[s] = (ink_series){.name = lines[s].name, .x = numbers[s], .y = numbers[s] + n, .n = n};
    }
    ink_chart chart = {.title = title,
                       .unit = lines[0].column->unit,
                       .x_name = axis->title,
                       .n = lines[0].n,
                       .series = series,
                       .n_series = n_lines,
                       .best = INK_CHART_NO_BEST};
    status = ink_chart_draw(&chart, out, err);
done:
    for (uint32_t s = 0; s < n_lines; s++) ink_mem_free(numbers[s]);
    return status;
}

/* "val_acc,train_acc" to columns, all of one unit. */
static ink_status take_columns(const char *words, const ink_column *columns[INK_PLOT_LINES], uint32_t *n,
                               ink_error *err) {
    *n = 0;
    for (const char *at = words; *at != '\0';) {
        char word[48];
        size_t length = strcspn(at, ",");
        snprintf(word, sizeof word, "%.*s", (int)(length < 47 ? length : 47), at);
        at += length + (at[length] == ',');
        if (*n == INK_PLOT_LINES) {
            return ink_fail(err, INK_E_USAGE, "--column names more than %d columns", INK_PLOT_LINES);
        }
        ink_status status = ink_plot_column(word, &columns[*n], err);
        if (status != INK_OK) return status;
        if (columns[*n]->unit != columns[0]->unit) {
            return ink_fail(err, INK_E_USAGE, "%s and %s do not share a scale: draw them apart", columns[0]->name,
                            columns[*n]->name);
        }
        (*n)++;
    }
    return *n > 0 ? INK_OK : ink_fail(err, INK_E_USAGE, "--column names no column");
}

/* The three charts of a run folder, as training draws them. */
static ink_status redraw(const char *run, const ink_epoch *epochs, uint32_t n, ink_error *err) {
    static const char *const names[] = {"accuracy", "loss", "curves"};
    ink_status status = INK_OK;
    for (int i = 0; i < 3 && status == INK_OK; i++) {
        char base[INK_PATH_SIZE];
        ink_picture *picture = NULL;
        status = ink_folder_path(run, names[i], base, sizeof base, err);
        if (status != INK_OK) return status;
        status = i == 0   ? ink_chart_accuracy(epochs, n, &picture, err)
                 : i == 1 ? ink_chart_loss(epochs, n, &picture, err)
                          : ink_chart_run(epochs, n, NULL, &picture, err);
        if (status == INK_OK) status = ink_plot_save(picture, base, err);
        ink_picture_free(picture);
    }
    return status;
}

ink_status ink_work_plot(const ink_plot_options *o, uint32_t *nets, ink_error *err) {
    const ink_column *columns[INK_PLOT_LINES], *axis = NULL;
    ink_plot_line lines[INK_PLOT_LINES];
    char base[INK_PATH_SIZE];
    ink_epoch *epochs = NULL;
    ink_picture *picture = NULL;
    uint32_t n = 0, n_columns = 0;
    *nets = 1;
    ink_status status = ink_plot_axis(o->axis, &axis, err);
    if (status == INK_OK && o->columns != NULL) status = take_columns(o->columns, columns, &n_columns, err);
    if (status == INK_OK) status = ink_members_epochs(o->run, &epochs, &n, nets, err);
    if (status == INK_OK && *nets == 0) {
        status = ink_fail(err, INK_E_USAGE, "%s: none of its nets is trained yet", o->run);
        ink_hint(err, "inkling plot %.200s/members/01 draws the first as far as it is", o->run);
    }
    if (status == INK_OK && n_columns == 0 && o->axis == NULL && o->out == NULL) {
        status = redraw(o->run, epochs, n, err);
        goto done;
    }
    if (status == INK_OK && n_columns == 0) status = take_columns("val_acc,train_acc", columns, &n_columns, err);
    if (status != INK_OK) goto done;
    for (uint32_t i = 0; i < n_columns; i++) lines[i] = (ink_plot_line){columns[i]->title, columns[i], epochs, n};
    status = ink_plot_lines(lines, n_columns,
                            n_columns == 1                          ? columns[0]->title
                            : columns[0]->unit == INK_CHART_PERCENT ? "Accuracy"
                                                                    : "Measures",
                            axis, &picture, err);
    if (status != INK_OK) goto done;
    if (o->out == NULL) status = ink_folder_path(o->run, "plot", base, sizeof base, err);
    if (status == INK_OK) status = ink_plot_save(picture, o->out != NULL ? o->out : base, err);
done:
    ink_picture_free(picture);
    ink_mem_free(epochs);
    return status;
}

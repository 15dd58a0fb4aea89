/* report/chart_run.c: the charts of one run, from its epochs.
 * What a chart looks like is chart.c's. */
#include <math.h>
#include <stdio.h>

#include "core/mem.h"
#include "core/status.h"
#include "report/chart.h"
#include "report/panel.h"

/* The columns of a chart, split off the epochs. */
typedef struct columns {
    double *x, *validation, *training; /* [n], one block that x owns */
    bool any_validation;
} columns;

/* Is b, the later one, better than a? What the trainer said of it decides between equals. */
static bool better(const ink_epoch *a, const ink_epoch *b) {
    const double rounded = 1e-8; /* metrics.csv keeps nine digits: a row read back differs from one just measured */
    double gain = b->val_acc - a->val_acc;
    if (fabs(gain) > rounded) return gain > 0;
    return b->best || (!a->best && b->val_loss < a->val_loss);
}

uint32_t ink_chart_best(const ink_epoch *epochs, uint32_t n) {
    uint32_t best = INK_CHART_NO_BEST;
    for (uint32_t i = 0; i < n; i++) {
        if (isnan(epochs[i].val_acc)) continue;
        if (best == INK_CHART_NO_BEST || better(&epochs[best], &epochs[i])) best = i;
    }
    return best;
}

static ink_status split_columns(const ink_epoch *epochs, uint32_t n, ink_chart_unit unit, columns *c, ink_error *err) {
    size_t count = (size_t)n + 1;
    c->any_validation = false;
    c->x = ink_mem_new(count, 3 * sizeof *c->x);
    if (c->x == NULL) return ink_fail_memory(err, count * 3 * sizeof *c->x, "a chart");
    c->validation = c->x + count;
    c->training = c->validation + count;
    for (uint32_t i = 0; i < n; i++) {
        c->x[i] = epochs[i].epoch;
        c->validation[i] = unit == INK_CHART_PERCENT ? epochs[i].val_acc : epochs[i].val_loss;
        c->training[i] = unit == INK_CHART_PERCENT ? epochs[i].train_acc : epochs[i].train_loss;
        if (isfinite(c->validation[i])) c->any_validation = true;
    }
    return INK_OK;
}

/* Where a chart goes: into a rectangle of a picture, or, when out is not NULL, into a picture of its own. */
typedef struct place {
    ink_picture *picture;
    double x, y, w, h;
    ink_picture **out;
} place;

static ink_status draw(const ink_epoch *epochs, uint32_t n, ink_chart_unit unit, const place *to, ink_error *err) {
    columns c = {0};
    char note[128] = "", value[48];
    uint32_t best = ink_chart_best(epochs, n);
    ink_status status = split_columns(epochs, n, unit, &c, err);
    if (status != INK_OK) return status;
    ink_series series[2] = {{.name = "validation", .y = c.validation, .color = INK_COLOR_ONE},
                            {.name = "training", .y = c.training, .color = INK_COLOR_TWO, .quiet = true}};
    if (n > 0 && !c.any_validation) {
        snprintf(note, sizeof note, "nothing was held out: the training images");
    } else if (c.any_validation && best != INK_CHART_NO_BEST) {
        ink_chart_value(value, sizeof value, unit, c.validation[best]);
        snprintf(note, sizeof note, unit == INK_CHART_PERCENT ? "best %s after epoch %u" : "%s at the best epoch, %u",
                 value, epochs[best].epoch);
    }
    ink_chart chart = {.title = unit == INK_CHART_PERCENT ? "Accuracy" : "Loss",
                       .note = note,
                       .unit = unit,
                       .x = c.x,
                       .n = n,
                       .series = c.any_validation || n == 0 ? series : series + 1,
                       .n_series = c.any_validation || n == 0 ? 2 : 1,
                       .best = c.any_validation ? best : INK_CHART_NO_BEST,
                       .width = to->w,
                       .height = to->h};
    if (!c.any_validation) series[1].quiet = false;
    status = to->out != NULL ? ink_chart_draw(&chart, to->out, err)
                             : ink_chart_panel(to->picture, &chart, to->x, to->y, to->w, to->h, err);
    ink_mem_free(c.x);
    return status;
}

ink_status ink_chart_of_run(const ink_epoch *epochs, uint32_t n, ink_chart_unit unit, double width, double height,
                            ink_picture **out, ink_error *err) {
    *out = NULL;
    return draw(epochs, n, unit, &(place){.w = width, .h = height, .out = out}, err);
}

ink_status ink_chart_accuracy(const ink_epoch *epochs, uint32_t n, ink_picture **out, ink_error *err) {
    return ink_chart_of_run(epochs, n, INK_CHART_PERCENT, 0, 0, out, err);
}

ink_status ink_chart_loss(const ink_epoch *epochs, uint32_t n, ink_picture **out, ink_error *err) {
    return ink_chart_of_run(epochs, n, INK_CHART_LOSS, 0, 0, out, err);
}

ink_status ink_chart_run(const ink_epoch *epochs, uint32_t n, const char *title, ink_picture **out, ink_error *err) {
    const double width = 960, height = 370;
    double head = title != NULL ? 34 : 0;
    char description[256];
    *out = NULL;
    snprintf(description, sizeof description, "%s%saccuracy and loss per epoch, %u epochs", title != NULL ? title : "",
             title != NULL ? ": " : "", n);
    ink_picture *picture = ink_picture_new(width, height + head, description);
    if (picture == NULL) return ink_fail_memory(err, sizeof(ink_chart), "a chart");
    if (title != NULL) {
        ink_picture_text(picture, 22, 36, title, &(ink_lettering){.size = 18, .color = INK_COLOR_TEXT, .bold = true});
    }
    place half = {.picture = picture, .y = head, .w = width / 2, .h = height};
    ink_status status = draw(epochs, n, INK_CHART_PERCENT, &half, err);
    half.x = width / 2;
    if (status == INK_OK) status = draw(epochs, n, INK_CHART_LOSS, &half, err);
    if (status == INK_OK) {
        *out = picture;
    } else {
        ink_picture_free(picture);
    }
    return status;
}

/* report/confusion_picture.c: the confusion matrix and the reliability diagram as pictures.
 * The numbers come from confusion.c. */
#include <math.h>
#include <stdio.h>

#include "core/status.h"
#include "report/confusion.h"

#define CELL 50.0

static void put_text(ink_picture *picture, double x, double y, const char *text, double size, ink_color color,
                     ink_anchor anchor, bool bold) {
    ink_picture_text(picture, x, y, text,
                     &(ink_lettering){.size = size, .color = color, .anchor = anchor, .bold = bold});
}

/* "98.5 %", "100 %", "<0.1 %". */
static void put_percent(char *dst, size_t size, double share) {
    char number[48];
    bool small = share > 0 && share < 0.0005;
    ink_fixed_put(number, sizeof number, small ? 0.1 : 100 * share, share > 0.99995 ? 0 : 1);
    snprintf(dst, size, "%s%.16s %%", small ? "<" : "", number);
}

/* Count and share of the row. Right guesses are blue by their share; mistakes red by the root of theirs, so that one
 * in a hundred is seen. */
static void draw_cell(ink_picture *picture, double x, double y, uint32_t count, uint64_t support, bool right) {
    char number[24], percent[32];
    double share = support > 0 ? (double)count / (double)support : 0;
    double shade = right ? 0.06 + 0.24 * share : fmin(0.7, 0.06 + 1.6 * sqrt(share));
    if (count == 0) {
        ink_picture_rect(picture, x + 1, y + 1, CELL - 2, CELL - 2, 4, INK_COLOR_PANEL, 1);
        return;
    }
    ink_picture_rect(picture, x + 1, y + 1, CELL - 2, CELL - 2, 4, right ? INK_COLOR_ONE : INK_COLOR_BAD, shade);
    snprintf(number, sizeof number, "%u", count);
    put_percent(percent, sizeof percent, share);
    put_text(picture, x + CELL / 2, y + CELL / 2 + 1, number, count > 99999 ? 10.5 : 13.5, INK_COLOR_TEXT,
             INK_ANCHOR_MIDDLE, true);
    put_text(picture, x + CELL / 2, y + CELL / 2 + 16, percent, 9.5, INK_COLOR_TEXT, INK_ANCHOR_MIDDLE, false);
}

ink_status ink_confusion_picture(const ink_confusion *c, ink_picture **out, ink_error *err) {
    const double left = 58, top = 106;
    char note[192] = "nothing was measured", low[48], high[48], accuracy[48];
    ink_scores s;
    *out = NULL;
    ink_confusion_scores(c, &s);
    if (s.rows > 0) {
        ink_fixed_put(accuracy, sizeof accuracy, 100 * s.accuracy, 2);
        ink_fixed_put(low, sizeof low, 100 * s.low, 2);
        ink_fixed_put(high, sizeof high, 100 * s.high, 2);
        snprintf(note, sizeof note, "%s %% right, %llu of %llu wrong (95 %% interval %s to %s %%)", accuracy,
                 (unsigned long long)s.errors, (unsigned long long)s.rows, low, high);
    }
    ink_picture *picture = ink_picture_new(left + INK_CLASSES * CELL + 22, top + INK_CLASSES * CELL + 22, note);
    put_text(picture, 22, 30, "Confusion matrix", 16, INK_COLOR_TEXT, INK_ANCHOR_START, true);
    put_text(picture, 22, 50, note, 12.5, INK_COLOR_MUTED, INK_ANCHOR_START, false);
    put_text(picture, left + INK_CLASSES * CELL / 2, top - 26, "read as", 12, INK_COLOR_MUTED, INK_ANCHOR_MIDDLE,
             false);
    ink_picture_text(
        picture, 26, top + INK_CLASSES * CELL / 2, "truth",
        &(ink_lettering){.size = 12, .color = INK_COLOR_MUTED, .anchor = INK_ANCHOR_MIDDLE, .upward = true});
    for (int t = 0; t < INK_CLASSES; t++) {
        char name[2] = {(char)('0' + t), '\0'};
        put_text(picture, left + (t + 0.5) * CELL, top - 8, name, 13, INK_COLOR_TEXT, INK_ANCHOR_MIDDLE, true);
        put_text(picture, left - 12, top + (t + 0.5) * CELL + 5, name, 13, INK_COLOR_TEXT, INK_ANCHOR_MIDDLE, true);
        for (int g = 0; g < INK_CLASSES; g++) {
            draw_cell(picture, left + g * CELL, top + t * CELL, c->count[t][g], s.digit[t].support, t == g);
        }
    }
    if (picture == NULL) return ink_fail_memory(err, sizeof *c, "a picture");
    *out = picture;
    return INK_OK;
}

/* A square plot of accuracy over confidence, and below it how many rows stand where. */
typedef struct square {
    double left, top, side, count_top, count_height;
} square;

static void draw_scales(ink_picture *picture, const square *q) {
    for (int i = 0; i <= 5; i++) {
        char label[16];
        double at = q->side * i / 5;
        snprintf(label, sizeof label, "%d %%", 20 * i);
        ink_picture_line(picture, q->left, q->top + q->side - at, q->left + q->side, q->top + q->side - at,
                         i == 0 ? INK_COLOR_AXIS : INK_COLOR_GRID, 1, 0);
        put_text(picture, q->left - 10, q->top + q->side - at + 4, label, 12, INK_COLOR_MUTED, INK_ANCHOR_END, false);
        put_text(picture, q->left + at, q->count_top + q->count_height + 19, label, 12, INK_COLOR_MUTED,
                 INK_ANCHOR_MIDDLE, false);
    }
    ink_picture_line(picture, q->left, q->top + q->side, q->left + q->side, q->top, INK_COLOR_MUTED, 1, 4);
    put_text(picture, q->left + q->side / 2, q->count_top + q->count_height + 38, "confidence of the guess", 12,
             INK_COLOR_MUTED, INK_ANCHOR_MIDDLE, false);
    ink_picture_text(
        picture, 26, q->top + q->side / 2, "share right",
        &(ink_lettering){.size = 12, .color = INK_COLOR_MUTED, .anchor = INK_ANCHOR_MIDDLE, .upward = true});
}

static void draw_bins(ink_picture *picture, const square *q, const ink_confusion *c) {
    double width = q->side / INK_BINS, most = 1;
    for (int b = 0; b < INK_BINS; b++) most = fmax(most, log10(1 + (double)c->bin_rows[b]));
    for (int b = 0; b < INK_BINS; b++) {
        char note[128], right[48], sure[48];
        double rows = (double)c->bin_rows[b];
        double x = q->left + b * width;
        if (c->bin_rows[b] == 0) continue;
        double accuracy = (double)c->bin_correct[b] / rows, confidence = c->bin_confidence[b] / rows;
        double tall = q->count_height * log10(1 + rows) / most;
        ink_picture_rect(picture, x + 1, q->top + q->side * (1 - accuracy), width - 2, q->side * accuracy, 2,
                         INK_COLOR_ONE, 0.25);
        ink_picture_rect(picture, x + 1, q->count_top + q->count_height - tall, width - 2, tall, 2, INK_COLOR_MUTED,
                         0.45);
        ink_fixed_put(right, sizeof right, 100 * accuracy, 1);
        ink_fixed_put(sure, sizeof sure, 100 * confidence, 1);
        snprintf(note, sizeof note, "%llu digits: %s %% sure, %s %% right", (unsigned long long)c->bin_rows[b], sure,
                 right);
        ink_picture_circle(picture, q->left + q->side * confidence, q->top + q->side * (1 - accuracy), 4, INK_COLOR_ONE,
                           INK_COLOR_PAPER, 1.5, note);
    }
}

ink_status ink_reliability_picture(const ink_confusion *c, ink_picture **out, ink_error *err) {
    const square q = {.left = 84, .top = 76, .side = 360, .count_top = 448, .count_height = 56};
    char note[128] = "nothing was measured", ece[48];
    ink_scores s;
    *out = NULL;
    ink_confusion_scores(c, &s);
    if (s.rows > 0) {
        ink_fixed_put(ece, sizeof ece, 100 * s.ece, 2);
        snprintf(note, sizeof note, "expected calibration error %s %%; the dashed line is perfect", ece);
    }
    ink_picture *picture = ink_picture_new(q.left + q.side + 36, q.count_top + q.count_height + 56, note);
    put_text(picture, 22, 30, "Calibration", 16, INK_COLOR_TEXT, INK_ANCHOR_START, true);
    put_text(picture, 22, 50, note, 12, INK_COLOR_MUTED, INK_ANCHOR_START, false);
    draw_scales(picture, &q);
    draw_bins(picture, &q, c);
    put_text(picture, q.left - 10, q.count_top + q.count_height, "digits", 11, INK_COLOR_MUTED, INK_ANCHOR_END, false);
    put_text(picture, q.left - 10, q.count_top + q.count_height - 14, "log of", 11, INK_COLOR_MUTED, INK_ANCHOR_END,
             false);
    if (picture == NULL) return ink_fail_memory(err, sizeof *c, "a picture");
    *out = picture;
    return INK_OK;
}

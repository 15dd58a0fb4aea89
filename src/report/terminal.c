/* report/terminal.c: a graph and digits as lines of text.
 * It prints nothing and asks nothing of the terminal: width and codeset come from the caller. */
#include "report/terminal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "report/axis.h"
#include "report/chart.h"
#include "report/text.h"

#define COLUMNS_LEAST 24u
#define COLUMNS_MOST  100u
#define ROWS_WANTED   9.0
#define GUTTER        10u /* "  97.5 % |" */

static uint32_t clamp_columns(uint32_t columns) {
    if (columns == 0) columns = 80;
    return columns < COLUMNS_LEAST ? COLUMNS_LEAST : columns > COLUMNS_MOST ? COLUMNS_MOST : columns;
}

/* ---- the graph ---- */

/* A canvas of dots: 2 x 4 in a character with braille, 1 x 1 in ASCII. */
typedef struct canvas {
    uint8_t *dots; /* [rows][columns]: bits of U+2800, or a letter */
    uint32_t columns, rows, across, down;
} canvas;

static void set_dot(canvas *c, uint32_t x, uint32_t y, bool measured) {
    static const uint8_t bit[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    uint8_t *cell = &c->dots[(size_t)(y / c->down) * c->columns + x / c->across];
    if (c->across == 2) {
        *cell |= bit[y % 4][x % 2];
    } else if (measured || *cell == 0) {
        *cell = measured ? 'o' : '.';
    }
}

/* Dots from one point to another, each column at least once. */
static void draw_between(canvas *c, double x0, double y0, double x1, double y1) {
    uint32_t steps = (uint32_t)ceil(fmax(1, fmax(fabs(x1 - x0), fabs(y1 - y0))));
    for (uint32_t k = 0; k <= steps; k++) {
        double x = x0 + (x1 - x0) * k / steps, y = y0 + (y1 - y0) * k / steps;
        set_dot(c, (uint32_t)lround(x), (uint32_t)lround(y), false);
    }
}

static double accuracy_of(const ink_epoch *e, bool validation) {
    return validation ? e->val_acc : e->train_acc;
}

/* The middle of a tick's row is the height of its value. */
static double place_y(const canvas *c, const ink_axis *axis, double value) {
    double at = fmin(1, fmax(0, ink_axis_at(axis, value)));
    return (1 - at) * (c->rows - 1) * c->down + (c->down - 1) / 2.0;
}

/* Epochs that do not ascend would stand beside the canvas: they go to its edge. */
static double place_x(const canvas *c, const ink_axis *axis, uint32_t epoch) {
    double at = fmin(1, fmax(0, ink_axis_at(axis, epoch)));
    return at * (c->columns * c->across - 1);
}

static void draw_curve(canvas *c, const ink_epoch *epochs, uint32_t n, bool validation, const ink_axis *x_axis,
                       const ink_axis *y_axis) {
    double last_x = 0, last_y = 0;
    bool joined = false;
    for (uint32_t i = 0; i < n; i++) {
        double value = accuracy_of(&epochs[i], validation);
        if (!isfinite(value)) {
            joined = false;
            continue;
        }
        double x = place_x(c, x_axis, epochs[i].epoch), y = place_y(c, y_axis, value);
        if (joined) draw_between(c, last_x, last_y, x, y);
        last_x = x;
        last_y = y;
        joined = true;
    }
    for (uint32_t i = 0; i < n; i++) { /* the measured points on top of the lines between them */
        double value = accuracy_of(&epochs[i], validation);
        if (!isfinite(value)) continue;
        double x = place_x(c, x_axis, epochs[i].epoch), y = place_y(c, y_axis, value);
        set_dot(c, (uint32_t)lround(x), (uint32_t)lround(y), true);
    }
}

/* U+2800 plus the bits of its dots. */
static void add_braille(ink_text *text, uint8_t dots) {
    unsigned code = 0x2800u + dots;
    char bytes[3] = {(char)(0xe0 | code >> 12), (char)(0x80 | (code >> 6 & 63)), (char)(0x80 | (code & 63))};
    ink_text_bytes(text, bytes, sizeof bytes);
}

/* The rows of the canvas behind their labels; a label stands in the row where its tick falls. */
static void add_rows(ink_text *text, const canvas *c, const ink_axis *axis, bool utf8) {
    for (uint32_t r = 0; r < c->rows; r++) {
        size_t start = text->length;
        bool labelled = false;
        for (uint32_t k = 0; k < axis->n_ticks; k++) {
            double at = (1 - ink_axis_at(axis, axis->tick[k])) * (c->rows - 1);
            char number[48], label[16];
            if (labelled || (uint32_t)lround(at) != r) continue;
            ink_fixed_put(number, sizeof number, 100 * axis->tick[k], axis->decimals);
            snprintf(label, sizeof label, "%6.6s %%", number);
            ink_text_add(text, label);
            labelled = true;
        }
        ink_text_pad(text, start, GUTTER - 1);
        ink_text_add(text, utf8 ? (labelled ? "\u2524" : "\u2502") : "|");
        size_t end = text->length;
        for (uint32_t x = 0; x < c->columns; x++) {
            uint8_t dots = c->dots[(size_t)r * c->columns + x];
            if (dots == 0) {
                ink_text_bytes(text, " ", 1);
                continue;
            }
            if (utf8) {
                add_braille(text, dots);
            } else {
                ink_text_bytes(text, (const char *)&dots, 1);
            }
            end = text->length;
        }
        if (!text->failed) text->length = end; /* no blanks at the line's end */
        ink_text_add(text, "\n");
    }
}

/* The line under the graph, and the epochs' numbers under that. */
static void add_foot(ink_text *text, const canvas *c, const ink_axis *axis, bool utf8) {
    char marks[COLUMNS_MOST + 1], numbers[GUTTER + COLUMNS_MOST + 32];
    size_t free_from = 0;
    memset(marks, '-', c->columns);
    memset(numbers, ' ', sizeof numbers);
    for (uint32_t k = 0; k < axis->n_ticks; k++) {
        char label[24];
        int length = snprintf(label, sizeof label, "%.0f", axis->tick[k]);
        uint32_t column = (uint32_t)lround(ink_axis_at(axis, axis->tick[k]) * (c->columns - 1));
        marks[column] = '+';
        size_t at = GUTTER + column - (size_t)length / 2;
        if (at + (size_t)length > GUTTER + c->columns) at = GUTTER + c->columns - (size_t)length;
        if (length < 1 || at < free_from) continue;
        memcpy(numbers + at, label, (size_t)length);
        free_from = at + (size_t)length + 1;
    }
    ink_text_format(text, "%*s%s", (int)GUTTER - 1, "", utf8 ? "\u2514" : "+");
    for (uint32_t x = 0; x < c->columns; x++) {
        ink_text_add(text, !utf8 ? (marks[x] == '+' ? "+" : "-") : marks[x] == '+' ? "\u252c" : "\u2500");
    }
    size_t end = sizeof numbers;
    while (end > 0 && numbers[end - 1] == ' ') end--;
    ink_text_add(text, "\n");
    ink_text_bytes(text, numbers, end);
    /* The word stands where the numbers leave room for it. */
    if (end + 7 <= GUTTER + c->columns) ink_text_add(text, "  epoch");
    ink_text_add(text, "\n");
}

static void add_title(ink_text *text, const ink_epoch *epochs, uint32_t n, bool validation, uint32_t best,
                      uint32_t columns) {
    char value[48], line[160];
    ink_fixed_put(value, sizeof value, 100 * accuracy_of(&epochs[best], validation), 2);
    if (validation) {
        snprintf(line, sizeof line, "validation accuracy, best %s %% after epoch %u of %u", value, epochs[best].epoch,
                 epochs[n - 1].epoch);
    } else {
        snprintf(line, sizeof line, "training accuracy (nothing was held out), best %s %% after epoch %u of %u", value,
                 epochs[best].epoch, epochs[n - 1].epoch);
    }
    if (strlen(line) > columns) snprintf(line, sizeof line, "best %s %%, epoch %u", value, epochs[best].epoch);
    ink_text_format(text, "%.*s\n", (int)columns, line);
}

ink_status ink_terminal_graph(const ink_epoch *epochs, uint32_t n, uint32_t columns, bool utf8, char **out,
                              ink_error *err) {
    ink_text text = {0};
    double low = 1, high = 0;
    uint32_t best = ink_chart_best(epochs, n);
    bool validation = best != INK_CHART_NO_BEST;
    *out = NULL;
    columns = clamp_columns(columns);
    for (uint32_t i = 0; i < n; i++) {
        double value = accuracy_of(&epochs[i], validation);
        if (!isfinite(value)) continue;
        if (!validation && (best == INK_CHART_NO_BEST || value > epochs[best].train_acc)) best = i;
        low = fmin(low, value);
        high = fmax(high, value);
    }
    if (best == INK_CHART_NO_BEST) {
        ink_text_format(&text, "%.*s\n", (int)columns, "no epoch was measured yet");
        return ink_text_give(&text, "a graph", out, err);
    }
    ink_axis x_axis, y_axis;
    canvas c = {.columns = columns - GUTTER, .across = utf8 ? 2 : 1, .down = utf8 ? 4 : 1};
    uint32_t first = epochs[0].epoch, last = epochs[n - 1].epoch;
    ink_axis_epochs(&x_axis, first, last,
                    (floor(log10(fmax(1, last))) + 2) * (last - first) / c.columns); /* digits, a blank */
    ink_axis_share(&y_axis, low, high);
    /* Whole rows from tick to tick, so that the labels stand evenly. */
    uint32_t steps = y_axis.n_ticks > 1 ? y_axis.n_ticks - 1 : 1;
    c.rows = steps * (uint32_t)fmax(1, round(ROWS_WANTED / steps)) + 1;
    c.dots = ink_mem_new((size_t)c.columns * c.rows, 1);
    if (c.dots == NULL) return ink_fail_memory(err, (uint64_t)c.columns * c.rows, "a graph");
    draw_curve(&c, epochs, n, validation, &x_axis, &y_axis);
    add_title(&text, epochs, n, validation, best, columns);
    add_rows(&text, &c, &y_axis, utf8);
    add_foot(&text, &c, &x_axis, utf8);
    ink_mem_free(c.dots);
    return ink_text_give(&text, "a graph", out, err);
}

/* ---- digits ---- */

/* Two pixels, one above the other, as one character of three shades. */
static const char *half_block(uint8_t upper, uint8_t lower) {
    bool up = upper >= 96, down = lower >= 96;
    if (up && down) return "\u2588";
    if (up) return lower >= 32 ? "\u2593" : "\u2580";
    if (down) return upper >= 32 ? "\u2593" : "\u2584";
    return upper >= 40 || lower >= 40 ? "\u2591" : " ";
}

static char ascii_shade(uint8_t upper, uint8_t lower) {
    static const char shade[] = " .:-=+*#%@";
    unsigned mean = ((unsigned)upper + lower + 1) / 2;
    return shade[mean * (sizeof shade - 2) / 255];
}

static void add_captions(ink_text *text, const char *const *captions, uint32_t count, uint32_t width) {
    for (uint32_t i = 0; i < count; i++) {
        int length = (int)strlen(captions[i]);
        if (length > (int)width) length = (int)width;
        int before = ((int)width - length) / 2;
        int after = i + 1 < count ? (int)width - length - before + 1 : 0;
        ink_text_format(text, "%*s%.*s%*s", before, "", length, captions[i], after, "");
    }
    ink_text_add(text, "\n");
}

/* One line of text: two rows of pixels of `count` digits. */
static void add_pixel_line(ink_text *text, const uint8_t *pixels, uint32_t count, uint32_t width, uint32_t height,
                           uint32_t y, bool utf8) {
    size_t end = text->length;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *upper = pixels + ((size_t)i * height + y) * width;
        const uint8_t *lower = upper + width;
        for (uint32_t x = 0; x < width; x++) {
            uint8_t below = y + 1 < height ? lower[x] : 0;
            if (utf8) {
                const char *block = half_block(upper[x], below);
                ink_text_add(text, block);
                if (block[0] != ' ') end = text->length;
            } else {
                char shade = ascii_shade(upper[x], below);
                ink_text_bytes(text, &shade, 1);
                if (shade != ' ') end = text->length;
            }
        }
        if (i + 1 < count) ink_text_bytes(text, " ", 1);
    }
    if (!text->failed) text->length = end;
    ink_text_add(text, "\n");
}

ink_status ink_terminal_digits(const uint8_t *pixels, uint32_t count, uint32_t width, uint32_t height,
                               const char *const *captions, uint32_t columns, bool utf8, char **out, ink_error *err) {
    ink_text text = {0};
    *out = NULL;
    if (width == 0 || height == 0 || width > 1024 || height > 1024) {
        return ink_fail(err, INK_E_USAGE, "digits of %u x %u pixels cannot be shown, expected 1 to 1024", width,
                        height);
    }
    if (columns == 0) columns = 80;
    uint32_t in_row = columns >= width ? (columns - width) / (width + 1) + 1 : 1;
    for (uint32_t i = 0; i < count; i += in_row) {
        uint32_t here = count - i < in_row ? count - i : in_row;
        if (captions != NULL) add_captions(&text, captions + i, here, width);
        for (uint32_t y = 0; y < height; y += 2) {
            add_pixel_line(&text, pixels + (size_t)i * width * height, here, width, height, y, utf8);
        }
    }
    return ink_text_give(&text, "digits", out, err);
}

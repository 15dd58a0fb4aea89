/* data/normaliser.c: crop, area averaging, centre of mass, contrast; in double precision, in one fixed order.
 * It finds no digits: what it is given is one. */
#include "data/normaliser.h"

#include <math.h>
#include <string.h>

#define BOX      20 /* longest side of the ink in the result */
#define CENTRE   14 /* pixel that the centre of mass comes nearest to */
#define FAINTEST 10 /* of 255: as light as this is paper */

typedef struct box {
    uint32_t left, top, width, height;
} box;

/* The box of what is darker than FAINTEST / 255 of the darkest pixel; false when there is no ink. */
static bool find_ink(const uint8_t *grey, uint32_t width, uint32_t height, size_t stride, box *out) {
    uint32_t darkest = 0, left = width, right = 0, top = height, bottom = 0;
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            uint8_t value = grey[y * stride + x];
            if (value > darkest) darkest = value;
        }
    }
    if (darkest <= FAINTEST) return false;
    uint32_t limit = darkest * FAINTEST / 255;
    for (uint32_t y = 0; y < height; y++) {
        const uint8_t *row = grey + y * stride;
        uint32_t first = 0, last = width;
        while (first < width && row[first] <= limit) first++;
        if (first == width) continue;
        while (row[last - 1] <= limit) last--;
        if (first < left) left = first;
        if (last > right) right = last;
        if (top == height) top = y;
        bottom = y + 1;
    }
    *out = (box){left, top, right - left, bottom - top};
    return true;
}

/* The part of the source, in pixels of the box, that an output pixel averages. */
typedef struct window {
    double from, to;
} window;

/* Windows of one axis: `length` source pixels become *count <= BOX output pixels, `step` apart, centred. */
static uint32_t lay_windows(uint32_t length, uint32_t longest, window windows[BOX]) {
    uint32_t count = (length * BOX + longest - 1) / longest;
    double step = (double)longest / BOX, half = (step > 1.0 ? step : 1.0) / 2;
    for (uint32_t i = 0; i < count; i++) {
        double centre = length / 2.0 + ((double)i + 0.5 - count / 2.0) * step;
        windows[i] = (window){centre - half, centre + half};
        if (windows[i].from < 0.0) windows[i].from = 0.0;
        if (windows[i].to > length) windows[i].to = length;
    }
    return count;
}

/* How much of source pixel k lies in w. */
static double overlap(window w, uint32_t k) {
    double from = w.from > k ? w.from : k, to = w.to < k + 1.0 ? w.to : k + 1.0;
    return to > from ? to - from : 0.0;
}

/* Mean of the ink under two windows, over the area that they would cover in full. */
static double average(const uint8_t *ink, size_t stride, window across, window down) {
    double sum = 0.0;
    for (uint32_t y = (uint32_t)down.from; y < down.to; y++) {
        double row = 0.0;
        for (uint32_t x = (uint32_t)across.from; x < across.to; x++) row += overlap(across, x) * ink[y * stride + x];
        sum += overlap(down, y) * row;
    }
    return sum;
}

/* Where the first of `count` pixels goes so that the centre of mass, `centre` pixels after it, comes nearest to
 * CENTRE and all stay inside. */
static uint32_t place(double centre, uint32_t count) {
    double first = floor(CENTRE - centre + 0.5);
    if (first < 0.0) first = 0.0;
    if (first > INK_DIGIT_SIDE - count) first = INK_DIGIT_SIDE - count;
    return (uint32_t)first;
}

bool ink_digit_normalise(const uint8_t *grey, uint32_t width, uint32_t height, size_t stride_bytes,
                         uint8_t out[INK_DIGIT_PIXELS]) {
    memset(out, 0, INK_DIGIT_PIXELS);
    box b;
    if (width == 0 || height == 0 || width > INK_GREY_SIDE_MAX || height > INK_GREY_SIDE_MAX) return false;
    if (!find_ink(grey, width, height, stride_bytes, &b)) return false;

    window across[BOX], down[BOX];
    uint32_t longest = b.width > b.height ? b.width : b.height;
    uint32_t columns = lay_windows(b.width, longest, across), rows = lay_windows(b.height, longest, down);
    const uint8_t *ink = grey + b.top * stride_bytes + b.left;
    double value[BOX][BOX], darkest = 0.0, mass = 0.0, mass_x = 0.0, mass_y = 0.0;
    for (uint32_t y = 0; y < rows; y++) {
        for (uint32_t x = 0; x < columns; x++) {
            double v = average(ink, stride_bytes, across[x], down[y]);
            value[y][x] = v;
            if (v > darkest) darkest = v;
            mass += v;
            mass_x += v * x;
            mass_y += v * y;
        }
    }
    uint32_t left = place(mass_x / mass, columns), top = place(mass_y / mass, rows);
    for (uint32_t y = 0; y < rows; y++) {
        for (uint32_t x = 0; x < columns; x++) {
            out[(top + y) * INK_DIGIT_SIDE + left + x] = (uint8_t)(value[y][x] * (255.0 / darkest) + 0.5);
        }
    }
    return true;
}

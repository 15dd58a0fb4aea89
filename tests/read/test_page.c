/* tests/read/test_page.c: the stages of reading a page, each on a picture drawn
 * for it, and whole pages with a net that looks at nothing. How well real nets
 * read is measured by `inkling eval --pages`, not here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "data/synth.h"
#include "read/stages.h"

/* ---- drawing ---- */

static ink_plane new_plane(uint32_t width, uint32_t height, uint8_t value) {
    ink_plane p;
    assert_int_equal(ink_plane_new(width, height, &p, NULL), INK_OK);
    memset(p.at, value, (size_t)width * height);
    return p;
}

static void fill(ink_plane *p, uint32_t x, uint32_t y, uint32_t width, uint32_t height, uint8_t value) {
    for (uint32_t j = y; j < y + height; j++) memset(p->at + (size_t)j * p->width + x, value, width);
}

/* The next drawn digit that is a 0, from *number on. */
static void next_zero(uint64_t *number, uint8_t ink[INK_SYNTH_SIDE * INK_SYNTH_SIDE]) {
    uint8_t label;
    do {
        ink_synth_ink(5, (*number)++, ink, &label);
    } while (label != 0);
}

/* It, half its size, on light paper. */
static void draw_zero(ink_plane *p, uint64_t *number, uint32_t x, uint32_t y) {
    uint8_t ink[INK_SYNTH_SIDE * INK_SYNTH_SIDE];
    next_zero(number, ink);
    for (uint32_t j = 0; j < INK_SYNTH_SIDE / 2; j++) {
        for (uint32_t i = 0; i < INK_SYNTH_SIDE / 2; i++) {
            const uint8_t *q = ink + 2 * j * INK_SYNTH_SIDE + 2 * i;
            int v = (q[0] + q[1] + q[INK_SYNTH_SIDE] + q[INK_SYNTH_SIDE + 1]) / 4;
            uint8_t *to = p->at + (size_t)(y + j) * p->width + x + i;
            *to = (uint8_t)(*to * (255 - v * 9 / 10) / 255);
        }
    }
}

/* rows x columns zeros, 60 pixels apart, from (40, 40). */
static ink_plane draw_page(uint32_t rows, uint32_t columns) {
    ink_plane p = new_plane(80 + 60 * columns, 80 + 80 * rows, 240);
    uint64_t number = 0;
    for (uint32_t r = 0; r < rows; r++) {
        for (uint32_t c = 0; c < columns; c++) draw_zero(&p, &number, 40 + 60 * c, 40 + 80 * r);
    }
    return p;
}

/* Sure of a 0, whatever it is shown. */
static ink_status zero(void *context, const uint8_t *images, size_t n, float *p, ink_error *err) {
    (void)images;
    (void)err;
    *(size_t *)context += n;
    for (size_t i = 0; i < 10 * n; i++) p[i] = i % 10 == 0 ? 0.97f : 0.03f / 9;
    return INK_OK;
}

static ink_status refuse(void *context, const uint8_t *images, size_t n, float *p, ink_error *err) {
    (void)context;
    (void)images;
    (void)err;
    for (size_t i = 0; i < 10 * n; i++) p[i] = 0;
    return INK_E_STOPPED;
}

static size_t asked;
static const ink_page_options zeros = {.net = {zero, &asked}};

static ink_page read_plane(const ink_plane *p) {
    ink_page page;
    asked = 0;
    assert_int_equal(ink_page_read(p->at, p->width, p->height, p->width, &zeros, &page, NULL), INK_OK);
    return page;
}

/* ---- stages ---- */

static void test_scale(void **state) {
    (void)state;
    ink_plane p = new_plane(3200, 1000, 10), out;
    fill(&p, 1600, 0, 1600, 1000, 210);
    assert_int_equal(ink_plane_scale(p.at, p.width, p.height, p.width, &out, NULL), INK_OK);
    assert_int_equal(out.width, 1600);
    assert_int_equal(out.height, 500);
    assert_int_equal(out.at[799], 10);
    assert_int_equal(out.at[800], 210);
    ink_plane_free(&out);
    /* 2000 -> 1600: each pixel is the mean of 1.25 x 1.25; one that straddles the
   * edge lies between. */
    assert_int_equal(ink_plane_scale(p.at + 600, 2000, 100, p.width, &out, NULL), INK_OK);
    assert_int_equal(out.width, 1600);
    assert_int_equal(out.height, 80);
    for (uint32_t x = 1; x < 1600; x++) assert_true(out.at[x] >= out.at[x - 1]);
    assert_int_equal(out.at[0], 10);
    assert_int_equal(out.at[1599], 210);
    ink_plane_free(&out);
    ink_plane_free(&p);
}

/* Shade that falls by half across the page leaves neither paper nor ink
 * different. */
static void test_flatten(void **state) {
    (void)state;
    ink_plane p = new_plane(1200, 800, 0);
    bool light;
    for (uint32_t y = 0; y < p.height; y++) {
        for (uint32_t x = 0; x < p.width; x++) p.at[(size_t)y * p.width + x] = (uint8_t)(220 - x * 110 / 1200);
    }
    for (uint32_t x = 100; x < 1150; x += 100) {
        for (uint32_t y = 300; y < 360; y++) {
            for (uint32_t i = 0; i < 6; i++) p.at[(size_t)y * p.width + x + i] /= 4;
        }
    }
    assert_int_equal(ink_plane_flatten(&p, &light, NULL), INK_OK);
    assert_false(light);
    for (uint32_t x = 100; x < 1150; x += 100) {
        /* A quarter of the light is left: ink 191. The paper's estimate is off by
     * the shade across a tile, 2 %. */
        assert_in_range(p.at[(size_t)330 * p.width + x + 3], 186, 196);
        assert_in_range(p.at[(size_t)330 * p.width + x + 50], 0, 8);
    }
    ink_plane_free(&p);
}

/* A sheet on a desk is all that is left of both; white writing on black, and shade, are none. */
static void test_desk(void **state) {
    (void)state;
    bool cleared;
    ink_plane p = new_plane(403, 305, 60);
    fill(&p, 100, 60, 200, 180, 220);
    assert_int_equal(ink_plane_clear_desk(&p, &cleared, NULL), INK_OK);
    assert_false(cleared); /* nothing is on it */
    fill(&p, 180, 120, 8, 50, 40);
    assert_int_equal(ink_plane_clear_desk(&p, &cleared, NULL), INK_OK);
    assert_true(cleared);
    uint32_t dark = 0;
    for (size_t i = 0; i < 403 * 305; i++) dark += p.at[i] < 200;
    assert_int_equal(dark, 8 * 50);
    for (uint32_t y = 0; y < 305; y++) { /* light falls to a third */
        for (uint32_t x = 0; x < 403; x++) p.at[(size_t)y * 403 + x] = (uint8_t)(230 - 150 * x / 403);
    }
    fill(&p, 60, 120, 8, 50, 40);
    assert_int_equal(ink_plane_clear_desk(&p, &cleared, NULL), INK_OK);
    assert_false(cleared);
    memset(p.at, 10, 403 * 305);
    fill(&p, 150, 40, 40, 220, 250);
    fill(&p, 190, 40, 60, 40, 250);
    assert_int_equal(ink_plane_clear_desk(&p, &cleared, NULL), INK_OK);
    assert_false(cleared);
    ink_plane_free(&p);
}

static void test_flatten_light_ink(void **state) {
    (void)state;
    ink_plane p = new_plane(280, 280, 0);
    bool light;
    fill(&p, 130, 40, 24, 200, 255);
    assert_int_equal(ink_plane_flatten(&p, &light, NULL), INK_OK);
    assert_true(light);
    assert_int_equal(p.at[(size_t)140 * 280 + 140], 255);
    assert_int_equal(p.at[(size_t)140 * 280 + 60], 0);
    ink_plane_free(&p);
}

static void test_pieces(void **state) {
    (void)state;
    ink_plane m = new_plane(40, 20, 0);
    ink_pieces p;
    /* A U whose arms meet only below, a diagonal that touches by corners, a dot
   * that is too small. */
    fill(&m, 2, 2, 2, 10, 1);
    fill(&m, 8, 2, 2, 10, 1);
    fill(&m, 2, 12, 8, 2, 1);
    for (uint32_t i = 0; i < 8; i++) m.at[(5 + i) * 40 + 20 + i] = 1;
    m.at[3 * 40 + 35] = 1;
    assert_int_equal(ink_pieces_find(&m, 2, &p, NULL), INK_OK);
    assert_int_equal(p.n, 2);
    assert_int_equal(p.piece[0].area, 56);
    assert_int_equal(p.piece[0].box.left, 2);
    assert_int_equal(p.piece[0].box.right, 10);
    assert_int_equal(p.piece[0].box.top, 2);
    assert_int_equal(p.piece[0].box.bottom, 14);
    assert_int_equal(p.piece[1].area, 8);
    assert_int_equal(p.piece[1].runs, 8);
    ink_pieces_free(&p);
    memset(m.at, 0, 800);
    assert_int_equal(ink_pieces_find(&m, 1, &p, NULL), INK_OK);
    assert_int_equal(p.n, 0);
    ink_pieces_free(&p);
    ink_plane_free(&m);
}

/* A rule through two strokes goes, the strokes stay whole. */
static void test_rules(void **state) {
    (void)state;
    ink_plane ink = new_plane(800, 600, 0), mask = new_plane(800, 600, 0);
    ink_level level = {.noise = {.usual = 1}, .usual = 200};
    ink_rules rules;
    for (uint32_t x = 0; x < 800; x++) {
        fill(&ink, x, 200 + x / 20, 1, 2, 90);
        fill(&mask, x, 200 + x / 20, 1, 2, 1);
    }
    for (uint32_t x = 100; x < 800; x += 300) {
        fill(&ink, x, 180, 6, 60, 200);
        fill(&mask, x, 180, 6, 60, 1);
    }
    assert_int_equal(ink_rules_remove(&ink, &mask, &level, &rules, NULL), INK_OK);
    assert_int_equal(rules.count, 1);
    assert_true(rules.slope > 0.045f && rules.slope < 0.055f);
    assert_true(rules.square <= 0);
    uint32_t left = 0;
    for (size_t i = 0; i < 800 * 600; i++) left += mask.at[i];
    /* The strokes have 3 * 360 pixels. The rule had 1600; what touches a stroke
   * sideways may stay. */
    assert_in_range(left, 3 * 360, 3 * 360 + 30);
    for (uint32_t y = 180; y < 240; y++) assert_int_equal(mask.at[(size_t)y * 800 + 403], 1);
    ink_plane_free(&ink);
    ink_plane_free(&mask);
}

static void draw_frame(ink_plane *mask, uint32_t x, uint32_t y, uint32_t side) {
    fill(mask, x, y, side, 3, 1);
    fill(mask, x, y + side - 3, side, 3, 1);
    fill(mask, x, y, 3, side, 1);
    fill(mask, x + side - 3, y, 3, side, 1);
}

static uint32_t count_ink(const ink_plane *mask) {
    uint32_t n = 0;
    for (size_t i = 0; i < (size_t)mask->width * mask->height; i++) n += mask->at[i] != 0;
    return n;
}

/* The boxes of a form go with what is empty among them, and where a stroke touches one, the sides; a square without
 * anything in it may be a zero. */
static void test_frames(void **state) {
    (void)state;
    ink_plane mask = new_plane(600, 200, 0);
    ink_form form = {0};
    draw_frame(&mask, 400, 20, 40);
    assert_int_equal(ink_frames_remove(&mask, &form, NULL), INK_OK);
    assert_int_equal(form.n, 0);
    for (uint32_t k = 0; k < 4; k++) draw_frame(&mask, 10 + 90 * k, 100, 70);
    for (uint32_t k = 0; k < 3; k++)
        fill(&mask, 40 + 90 * k, k == 2 ? 130 : 115, 6, 40, 1); /* the third runs into a side */
    uint32_t before = count_ink(&mask);
    assert_int_equal(ink_frames_remove(&mask, &form, NULL), INK_OK);
    assert_int_equal(form.n, 4);
    assert_int_equal(form.box[3].left, 280);
    uint32_t sides = 4 * (4 * 70 * 3 - 4 * 9), cut = 6 * (8 - 3); /* of the touching stroke: its end within the band */
    assert_int_equal(count_ink(&mask), before - sides - cut);
    assert_int_equal(mask.at[(size_t)135 * 600 + 42], 1);
    assert_int_equal(mask.at[(size_t)20 * 600 + 420], 1);
    ink_form_free(&form);
    ink_plane_free(&mask);
}

static void test_cuts(void **state) {
    (void)state;
    ink_plane ink = new_plane(120, 80, 0), mask = new_plane(120, 80, 0);
    ink_pieces p;
    ink_cuts cuts;
    bool added;
    /* Two blocks that a thin bar joins. */
    fill(&ink, 10, 10, 30, 50, 250);
    fill(&ink, 50, 10, 30, 50, 250);
    fill(&ink, 40, 30, 10, 3, 250);
    for (size_t i = 0; i < 120 * 80; i++) mask.at[i] = ink.at[i] != 0;
    assert_int_equal(ink_pieces_find(&mask, 1, &p, NULL), INK_OK);
    assert_int_equal(p.n, 1);
    assert_int_equal(ink_cuts_find(&ink, &p.piece[0], &cuts, NULL), INK_OK);
    assert_true(cuts.n >= 1);
    assert_true(cuts.cost[0] > 2.5f && cuts.cost[0] < 3.5f);
    assert_in_range(cuts.path[0], 40, 50);
    assert_int_equal(ink_cuts_part(&p, 0, &cuts, 0, 1, &added, NULL), INK_OK);
    assert_true(added);
    assert_int_equal(ink_cuts_part(&p, 0, &cuts, 1, cuts.n + 1, &added, NULL), INK_OK);
    assert_true(added);
    assert_int_equal(p.piece[1].area + p.piece[2].area, p.piece[0].area);
    assert_true(p.piece[1].box.right <= p.piece[2].box.left);
    ink_cuts_free(&cuts);
    ink_pieces_free(&p);
    ink_plane_free(&ink);
    ink_plane_free(&mask);
}

/* A hairline and a marker come out about as broad as MNIST's strokes: ink is 8
 * to 25 % of the image for this shape. */
static void test_cell_strokes(void **state) {
    (void)state;
    for (uint32_t thick = 2; thick <= 14; thick += 4) {
        ink_plane ink = new_plane(100, 100, 0), mask = new_plane(100, 100, 0);
        ink_pieces p;
        ink_cell cell;
        fill(&ink, 20, 15, 40, thick, 220);
        fill(&ink, 20, 15, thick, 60, 220);
        fill(&ink, 20, 75 - thick, 40, thick, 220);
        for (size_t i = 0; i < 10000; i++) mask.at[i] = ink.at[i] != 0;
        assert_int_equal(ink_pieces_find(&mask, 1, &p, NULL), INK_OK);
        assert_int_equal(ink_cell_make(&ink, &mask, &p, 0, 0, &cell, NULL), INK_OK);
        uint32_t sum = 0;
        for (uint32_t i = 0; i < INK_DIGIT_PIXELS; i++) sum += cell.image[i];
        assert_in_range(sum / 255, 784 * 8 / 100, 784 / 4);
        assert_int_equal(cell.holes, 0);
        ink_pieces_free(&p);
        ink_plane_free(&ink);
        ink_plane_free(&mask);
    }
}

/* An upright stroke encloses nothing, however large it is; a frame encloses one area. */
static void test_cell_size(void **state) {
    (void)state;
    for (uint32_t side = 60; side <= 960; side *= 2) {
        for (int frame = 0; frame <= 1; frame++) {
            uint32_t thick = side / 10, across = frame == 1 ? side / 2 : thick;
            ink_plane ink = new_plane(side + 20, side + 20, 0), mask = new_plane(side + 20, side + 20, 0);
            ink_pieces p;
            ink_cell cell;
            fill(&ink, 10, 10, across, side, 220);
            if (frame == 1) fill(&ink, 10 + thick, 10 + thick, across - 2 * thick, side - 2 * thick, 0);
            for (size_t i = 0; i < (size_t)ink.width * ink.height; i++) mask.at[i] = ink.at[i] != 0;
            assert_int_equal(ink_pieces_find(&mask, 1, &p, NULL), INK_OK);
            assert_int_equal(ink_cell_make(&ink, &mask, &p, 0, 0, &cell, NULL), INK_OK);
            assert_int_equal(cell.holes, frame);
            assert_true(ink_cell_plausible(&cell, 1 - frame));
            ink_pieces_free(&p);
            ink_plane_free(&ink);
            ink_plane_free(&mask);
        }
    }
}

/* ---- pages ---- */

static void test_order(void **state) {
    (void)state;
    ink_plane p = draw_page(3, 6);
    ink_page page = read_plane(&p);
    char *text;
    assert_int_equal(page.count, 18);
    assert_int_equal(page.lines, 3);
    for (uint32_t i = 0; i < page.count; i++) {
        const ink_page_digit *d = &page.digits[i];
        assert_int_equal(d->line, i / 6);
        /* The ink lies in the square of 48 pixels where it was drawn. */
        assert_in_range(d->x, 38 + 60 * (i % 6), 88 + 60 * (i % 6));
        assert_in_range(d->y, 38 + 80 * (i / 6), 88 + 80 * (i / 6));
        assert_true(d->width <= 52 && d->height >= 30);
        assert_int_equal(d->digit, 0);
    }
    assert_int_equal(ink_page_text(&page, &text, NULL), INK_OK);
    uint32_t digits = 0, lines = 0;
    for (const char *c = text; *c != '\0'; c++) {
        digits += *c == '0';
        lines += *c == '\n';
    }
    assert_int_equal(digits, 18);
    assert_int_equal(lines, 3);
    ink_mem_free(text);
    ink_page_clear(&page);
    ink_plane_free(&p);
}

static void test_unsure(void **state) {
    (void)state;
    ink_plane p = draw_page(1, 2);
    ink_page_options options = zeros;
    ink_page page;
    options.sure = 0.99f;
    assert_int_equal(ink_page_read(p.at, p.width, p.height, p.width, &options, &page, NULL), INK_OK);
    assert_int_equal(page.count, 2);
    assert_int_equal(page.digits[0].digit, INK_PAGE_UNSURE);
    ink_page_clear(&page);
    ink_plane_free(&p);
}

static void test_nothing(void **state) {
    (void)state;
    char *text;
    /* White, black, noise of a camera, ruled paper. */
    for (int kind = 0; kind < 4; kind++) {
        ink_plane p = new_plane(640, 480, kind == 1 ? 0 : 230);
        uint32_t r = 1;
        for (size_t i = 0; kind >= 2 && i < 640 * 480; i++) {
            r = r * 1664525u + 1013904223u;
            p.at[i] = (uint8_t)(p.at[i] - (r >> 28));
        }
        for (uint32_t y = 40; kind == 3 && y < 480; y += 48) fill(&p, 0, y, 640, 2, 140);
        ink_page page = read_plane(&p);
        assert_int_equal(page.count, 0);
        assert_int_equal(ink_page_text(&page, &text, NULL), INK_OK);
        assert_string_equal(text, "");
        ink_mem_free(text);
        ink_page_clear(&page);
        ink_plane_free(&p);
    }
}

/* The same page, lighter ink on dark: the same digits in the same places. */
static void test_polarity(void **state) {
    (void)state;
    ink_plane p = draw_page(2, 5);
    ink_page dark = read_plane(&p);
    for (size_t i = 0; i < (size_t)p.width * p.height; i++) p.at[i] = (uint8_t)(255 - p.at[i]);
    ink_page light = read_plane(&p);
    assert_false(dark.light_ink);
    assert_true(light.light_ink);
    assert_int_equal(dark.count, light.count);
    for (uint32_t i = 0; i < dark.count; i++) {
        assert_int_equal(dark.digits[i].x, light.digits[i].x);
        assert_memory_equal(dark.digits[i].image, light.digits[i].image, INK_DIGIT_PIXELS);
    }
    ink_page_clear(&dark);
    ink_page_clear(&light);
    ink_plane_free(&p);
}

/* A digit alone in a small square, light on dark, as it comes from a page where
 * one draws: MNIST's own kind too. */
static void test_single(void **state) {
    (void)state;
    uint8_t ink[INK_SYNTH_SIDE * INK_SYNTH_SIDE], digit[INK_DIGIT_PIXELS];
    uint64_t number = 1000;
    ink_page page;
    for (int i = 0; i < 20; i++) {
        next_zero(&number, ink);
        assert_int_equal(ink_page_read(ink, INK_SYNTH_SIDE, INK_SYNTH_SIDE, INK_SYNTH_SIDE, &zeros, &page, NULL),
                         INK_OK);
        assert_true(page.light_ink);
        assert_int_equal(page.count, 1);
        ink_page_clear(&page);
        assert_true(ink_digit_normalise(ink, INK_SYNTH_SIDE, INK_SYNTH_SIDE, INK_SYNTH_SIDE, digit));
        assert_int_equal(ink_page_read(digit, 28, 28, 28, &zeros, &page, NULL), INK_OK);
        assert_int_equal(page.count, 1);
        ink_page_clear(&page);
    }
}

static void test_errors(void **state) {
    (void)state;
    ink_plane p = draw_page(1, 3);
    ink_page page;
    ink_error err;
    ink_page_options options = {.net = {refuse, NULL}};
    assert_int_equal(ink_page_read(p.at, 0, 10, 10, &options, &page, &err), INK_E_USAGE);
    assert_int_equal(ink_page_read(p.at, 5000, 10, 5000, &options, &page, &err), INK_E_USAGE);
    assert_int_equal(ink_page_read(p.at, 20, 10, 10, &options, &page, &err), INK_E_USAGE);
    assert_int_equal(ink_page_read(NULL, 20, 10, 20, &options, &page, &err), INK_E_USAGE);
    assert_int_equal(ink_page_read(p.at, p.width, p.height, p.width, &options, &page, &err), INK_E_STOPPED);
    assert_null(page.digits);
    ink_plane_free(&p);
}

/* Any picture ends in a page: noise, stripes, one pixel, very long ones. */
static void test_any_picture(void **state) {
    (void)state;
    static const uint32_t sizes[][2] = {{1, 1}, {1, 4096}, {4096, 1}, {3, 200}, {200, 200}, {1700, 60}};
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        for (uint32_t kind = 0; kind < 4; kind++) {
            ink_plane p = new_plane(sizes[k][0], sizes[k][1], 128);
            uint32_t r = kind;
            for (size_t i = 0; i < (size_t)p.width * p.height; i++) {
                r = r * 1664525u + 1013904223u;
                p.at[i] = (uint8_t)(kind == 0   ? r >> 24
                                    : kind == 1 ? i % 7 * 36
                                    : kind == 2 ? i / p.width % 9 * 28
                                                : i % 3);
            }
            ink_page page = read_plane(&p);
            assert_true(page.count <= INK_PAGE_DIGITS_MAX);
            ink_page_clear(&page);
            ink_plane_free(&p);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scale),
        cmocka_unit_test(test_flatten),
        cmocka_unit_test(test_flatten_light_ink),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_desk),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_cell_strokes),
        cmocka_unit_test(test_cell_size),
        cmocka_unit_test(test_unsure),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_polarity),
        cmocka_unit_test(test_single),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_any_picture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

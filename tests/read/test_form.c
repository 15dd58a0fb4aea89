/* tests/read/test_form.c: the printed lines of forms, drawn for each test: rows of boxes that adjoin, combs, tables;
 * what must stay: strokes that look like sides, ruled and squared paper. How well forms are read is measured by
 * `inkling eval --pages` (docs/reading.md), not here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "data/synth.h"
#include "read/stages.h"

/* ---- drawing ---- */

#define WIDTH  800u
#define HEIGHT 600u

/* A page of ink and its mask. */
typedef struct sheet {
    ink_plane ink, mask;
    ink_form form;
    float slope; /* pixels down per pixel to the right */
} sheet;

static const ink_level level = {.noise = {.usual = 1}, .usual = 200};

static sheet new_sheet(float slope) {
    sheet s = {.slope = slope};
    assert_int_equal(ink_plane_new(WIDTH, HEIGHT, &s.ink, NULL), INK_OK);
    assert_int_equal(ink_plane_new(WIDTH, HEIGHT, &s.mask, NULL), INK_OK);
    return s;
}

static void free_sheet(sheet *s) {
    ink_plane_free(&s->ink);
    ink_plane_free(&s->mask);
    ink_form_free(&s->form);
}

/* Draws a bar, turned with the sheet. */
static void draw(const sheet *s, int32_t x, int32_t y, int32_t width, int32_t height) {
    for (int32_t j = 0; j < height; j++) {
        for (int32_t i = 0; i < width; i++) {
            int32_t px = x + i - (int32_t)(s->slope * (float)(y + j)),
                    py = y + j + (int32_t)(s->slope * (float)(x + i));
            if (px < 0 || py < 0 || px >= (int32_t)WIDTH || py >= (int32_t)HEIGHT) continue;
            s->ink.at[(size_t)py * WIDTH + (size_t)px] = 200;
            s->mask.at[(size_t)py * WIDTH + (size_t)px] = 1;
        }
    }
}

static void draw_row(const sheet *s, int32_t x, int32_t y, int32_t cells, int32_t wide, int32_t high, int32_t thick) {
    draw(s, x, y, cells * wide + thick, thick);
    draw(s, x, y + high, cells * wide + thick, thick);
    for (int32_t i = 0; i <= cells; i++) draw(s, x + i * wide, y, thick, high + thick);
}

static uint32_t take_out(sheet *s) {
    uint32_t n = 0;
    assert_int_equal(ink_lattice_remove(&s->ink, &s->mask, &level, &s->form, NULL), INK_OK);
    for (size_t i = 0; i < (size_t)WIDTH * HEIGHT; i++) n += s->mask.at[i] != 0;
    return n;
}

/* n cells of this size, but for so much. */
static void expect_cells(const sheet *s, uint32_t n, int32_t wide, int32_t high, int32_t off_wide, int32_t off_high) {
    assert_int_equal(s->form.n, n);
    for (uint32_t i = 0; i < n; i++) {
        const ink_box *b = &s->form.box[i];
        assert_in_range(b->right - b->left, wide - off_wide, wide + off_wide);
        assert_in_range(b->bottom - b->top, high - off_high, high + off_high);
    }
}

/* ---- what goes ---- */

/* Rows of boxes of several widths of line, level or not: nothing is left, and each box is known. */
static void test_boxes(void **state) {
    (void)state;
    for (int turned = -1; turned <= 1; turned++) {
        for (int32_t thick = 1; thick <= 7; thick += 2) {
            sheet s = new_sheet(0.03f * (float)turned);
            draw_row(&s, 60, 100, 9, 60, 80, thick);
            draw_row(&s, 60, 300, 3, 60, 80, thick);
            assert_int_equal(take_out(&s), 0);
            expect_cells(&s, 12, 60, 80, 3, 6);
            free_sheet(&s);
        }
    }
}

/* A stroke between two sides stays, though it reaches from line to line; a side that a stroke hides goes. */
static void test_one(void **state) {
    (void)state;
    sheet s = new_sheet(0);
    draw_row(&s, 60, 100, 6, 60, 80, 3);
    draw(&s, 92, 100, 3, 83);
    draw(&s, 295, 130, 20, 20); /* over the fifth side */
    uint32_t left = take_out(&s);
    assert_in_range(left, 3 * 70 + 380, 3 * 83 + 440);
    for (uint32_t y = 110; y < 175; y++) assert_int_equal(s.mask.at[y * WIDTH + 93], 1);
    for (uint32_t y = 110; y < 125; y++) assert_int_equal(s.mask.at[y * WIDTH + 301], 0);
    free_sheet(&s);
}

static void test_comb(void **state) {
    (void)state;
    for (int turned = -1; turned <= 1; turned++) {
        sheet s = new_sheet(0.02f * (float)turned);
        draw(&s, 60, 200, 423, 3);
        for (int32_t i = 0; i <= 7; i++) draw(&s, 60 + 60 * i, 170, 3, 30);
        assert_int_equal(take_out(&s), 0);
        assert_int_equal(s.form.n, 7);
        /* A digit stands above the ticks too. */
        assert_true(s.form.box[0].top < 130);
        free_sheet(&s);
    }
}

/* Columns of a table are as wide as they like. */
static void test_table(void **state) {
    (void)state;
    static const int32_t at[] = {60, 130, 300, 340, 500, 700};
    sheet s = new_sheet(0);
    for (int32_t i = 0; i < 6; i++) draw(&s, at[i], 50, 2, 402);
    for (int32_t i = 0; i <= 5; i++) draw(&s, 60, 50 + 80 * i, 642, 2);
    draw(&s, 200, 70, 5, 40);
    assert_int_equal(take_out(&s), 5 * 40);
    assert_int_equal(s.form.n, 25);
    free_sheet(&s);
}

static void draw_table(const sheet *s, int32_t x, int32_t y, int32_t columns, int32_t rows, int32_t wide,
                       int32_t high) {
    for (int32_t i = 0; i <= columns; i++) draw(s, x + wide * i, y, 2, rows * high + 2);
    for (int32_t i = 0; i <= rows; i++) draw(s, x, y + high * i, columns * wide + 2, 2);
}

/* Each has its own cells: none between two, none of no height where two stand side by side. */
static void test_tables(void **state) {
    (void)state;
    for (int beside = 0; beside < 2; beside++) {
        sheet s = new_sheet(0);
        draw_table(&s, 60, 50, 4, 2, 80, 60);
        draw_table(&s, beside ? 420 : 60, beside ? 50 : 350, 4, 2, 80, 60);
        assert_int_equal(take_out(&s), 0);
        expect_cells(&s, 16, 80, 60, 3, 3);
        free_sheet(&s);
    }
}

/* A stroke from the top of many rows of boxes to their foot is in none of their ways, and a box is one row high. */
static void test_rows(void **state) {
    (void)state;
    sheet s = new_sheet(0);
    for (int32_t i = 0; i <= 6; i++) draw(&s, 60, 50 + 70 * i, 482, 3);
    for (int32_t i = 1; i <= 8; i++) draw(&s, 60 + 60 * i, 50, 3, 423); /* the first side is hidden */
    draw(&s, 205, 50, 3, 423);
    (void)take_out(&s);
    assert_in_range(s.form.n, 40, 6 * 10);
    for (uint32_t i = 0; i < s.form.n; i++) assert_in_range(s.form.box[i].bottom - s.form.box[i].top, 67, 73);
    free_sheet(&s);
}

/* ---- what stays ---- */

/* Digits on a ruled line, ones at even distances; ruled and squared paper, which run out of the picture; a box
 * alone. */
static void test_others(void **state) {
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        sheet s = new_sheet(0);
        uint32_t before = 0;
        if (kind == 0) {
            draw(&s, 20, 240, 760, 2);
            for (int32_t i = 0; i < 8; i++) draw(&s, 100 + 61 * i, 180 + i % 3 * 6, 5, 62 - i % 3 * 6);
        }
        for (int32_t i = 0; kind == 1 && i < 12; i++) draw(&s, 0, 40 + 45 * i, WIDTH, 2);
        for (int32_t i = 0; kind == 2 && i < 18; i++) {
            draw(&s, 0, 10 + 40 * i, WIDTH, 2);
            draw(&s, 5 + 40 * i, 0, 2, HEIGHT);
        }
        if (kind == 3) draw_row(&s, 60, 100, 1, 60, 80, 3);
        for (size_t i = 0; i < (size_t)WIDTH * HEIGHT; i++) before += s.mask.at[i];
        assert_int_equal(take_out(&s), before);
        assert_int_equal(s.form.n, 0);
        free_sheet(&s);
    }
}

/* ---- pages ---- */

/* Sure of a 0, whatever it is shown. */
static ink_status zero(void *context, const uint8_t *images, size_t n, float *p, ink_error *err) {
    (void)context;
    (void)images;
    (void)err;
    for (size_t i = 0; i < 10 * n; i++) p[i] = i % 10 == 0 ? 0.97f : 0.03f / 9;
    return INK_OK;
}

/* A drawn 0 within 48 x 48 pixels. */
static void draw_zero(const sheet *s, uint32_t x, uint32_t y) {
    uint8_t ink[INK_SYNTH_SIDE * INK_SYNTH_SIDE], label;
    uint64_t number = 0;
    do {
        ink_synth_ink(5, number++, ink, &label);
    } while (label != 0);
    for (uint32_t j = 0; j < INK_SYNTH_SIDE / 2; j++) {
        for (uint32_t i = 0; i < INK_SYNTH_SIDE / 2; i++) {
            uint8_t v = ink[2 * j * INK_SYNTH_SIDE + 2 * i];
            if (v > 60) s->ink.at[(size_t)(y + j) * WIDTH + x + i] = (uint8_t)(v * 9 / 10);
        }
    }
}

static char *read_text(const sheet *s, ink_doubt *doubt) {
    const ink_page_options options = {.net = {zero, NULL}};
    ink_page page;
    char *text;
    for (size_t i = 0; i < (size_t)WIDTH * HEIGHT; i++) s->ink.at[i] = (uint8_t)(240 - s->ink.at[i]);
    assert_int_equal(ink_page_read(s->ink.at, WIDTH, HEIGHT, WIDTH, &options, &page, NULL), INK_OK);
    assert_int_equal(ink_page_text(&page, &text, NULL), INK_OK);
    *doubt = page.doubt;
    assert_true((ink_page_doubt_text(&page) == NULL) == (page.doubt == INK_DOUBT_NONE));
    ink_page_clear(&page);
    return text;
}

/* One number in neighbouring boxes, two where a box between them is empty; cells of a table are numbers of their
 * own. */
static void test_blanks(void **state) {
    (void)state;
    ink_doubt doubt;
    sheet s = new_sheet(0);
    draw_row(&s, 60, 60, 8, 84, 80, 2);
    for (uint32_t i = 0; i < 7; i++) {
        if (i != 4) draw_zero(&s, 80 + 84 * i, 78);
    }
    for (int32_t i = 0; i < 4; i++) draw(&s, 60 + 200 * i, 250, 2, 202);
    for (int32_t i = 0; i < 3; i++) draw(&s, 60, 250 + 100 * i, 602, 2);
    draw_zero(&s, 150, 275);
    draw_zero(&s, 200, 275);
    draw_zero(&s, 270, 275);
    char *text = read_text(&s, &doubt);
    assert_string_equal(text, "0000 00\n00 0\n");
    assert_int_equal(doubt, INK_DOUBT_NONE);
    ink_mem_free(text);
    free_sheet(&s);
}

/* Ink as large as a digit between digits is not left out in silence; far from them it is. */
static void test_missed(void **state) {
    (void)state;
    ink_doubt doubt;
    sheet s = new_sheet(0);
    for (uint32_t i = 0; i < 6; i++) {
        if (i != 2) draw_zero(&s, 60 + 60 * i, 78);
    }
    draw(&s, 184, 90, 36, 24); /* a blob */
    char *text = read_text(&s, &doubt);
    assert_string_equal(text, "00?000\n");
    ink_mem_free(text);
    free_sheet(&s);
    s = new_sheet(0);
    for (uint32_t i = 0; i < 5; i++) draw_zero(&s, 60 + 60 * i, 78);
    draw(&s, 600, 90, 36, 24);
    text = read_text(&s, &doubt);
    assert_string_equal(text, "00000\n");
    ink_mem_free(text);
    free_sheet(&s);
}

/* A page of blobs is doubted, and says so. */
static void test_doubted(void **state) {
    (void)state;
    ink_doubt doubt;
    sheet s = new_sheet(0);
    draw_zero(&s, 60, 78);
    for (int32_t i = 0; i < 5; i++) draw(&s, 60 + 120 * i, 300, 60, 50);
    char *text = read_text(&s, &doubt);
    assert_int_equal(doubt, INK_DOUBT_ALL);
    assert_null(strchr(text, '0'));
    ink_mem_free(text);
    free_sheet(&s);
    s = new_sheet(0);
    for (int32_t i = 0; i < 2; i++) draw(&s, 60 + 400 * i, 300, 160, 50); /* no digit at all: none is unsure */
    text = read_text(&s, &doubt);
    assert_int_equal(doubt, INK_DOUBT_NONE);
    assert_string_equal(text, "");
    ink_mem_free(text);
    free_sheet(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_boxes),  cmocka_unit_test(test_one),     cmocka_unit_test(test_comb),
        cmocka_unit_test(test_table),  cmocka_unit_test(test_others),  cmocka_unit_test(test_blanks),
        cmocka_unit_test(test_missed), cmocka_unit_test(test_doubted), cmocka_unit_test(test_tables),
        cmocka_unit_test(test_rows),
    };
    return cmocka_run_group_tests_name("read/form", tests, NULL, NULL);
}

/* tests/read/test_doubt.c: when a page as a whole is taken for no writing, on readings made up.
 * That pages are read at all is test_page.c's business. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "read/stages.h"

#define MOST   64u
#define HEIGHT 40

typedef struct page {
    ink_piece piece[MOST];
    ink_reading reading[MOST];
    uint32_t n;
} page;

/* A digit as sure as p, of this height, its strokes as long as all digits' may be (one may not: 1). */
static ink_reading *add(page *at, int digit, float p, int32_t height) {
    assert_true(at->n < MOST);
    ink_reading *r = &at->reading[at->n];
    *r = (ink_reading){.piece = at->n,
                       .cell = {.stroke = 0.1f, .length = digit == 1 ? 1 : 2, .aspect = 0.6f, .dark = 200}};
    r->p[digit] = p;
    at->piece[at->n++] = (ink_piece){.box = {0, 0, height / 2, height}};
    return r;
}

static ink_doubt doubt(page *at, bool clear, bool ruled) {
    const ink_readings readings = {.at = at->reading, .n = at->n};
    const ink_pieces pieces = {.piece = at->piece, .n = at->n};
    return ink_readings_doubt(&readings, &pieces, HEIGHT, clear, ruled);
}

static void test_nothing(void **state) {
    (void)state;
    page p = {.n = 0};
    assert_int_equal(doubt(&p, true, false), INK_DOUBT_NONE);
    assert_int_equal(doubt(&p, false, false), INK_DOUBT_BLANK);
}

/* One drawn digit stands, sure or not; what is no digit does not. */
static void test_single(void **state) {
    (void)state;
    page p = {.n = 0};
    add(&p, 7, 0.97f, HEIGHT);
    assert_int_equal(doubt(&p, true, false), INK_DOUBT_NONE);
    p.reading[0].p[7] = 0.5f;
    assert_int_equal(doubt(&p, true, false), INK_DOUBT_NONE);
    p.reading[0].doubtful = true;
    assert_int_equal(doubt(&p, true, false), INK_DOUBT_ALL);
    p.reading[0].doubtful = false;
    p.reading[0].p[7] = 0.97f;
    p.reading[0].cell.length = 9; /* a scribble */
    assert_int_equal(doubt(&p, true, false), INK_DOUBT_ALL);
}

/* A doodle outweighs a digit or two among its parts, not a page of them; the larger it is the more. */
static void test_doodle(void **state) {
    (void)state;
    page p = {.n = 0};
    ink_reading *scribble = add(&p, 0, 0.99f, 3 * HEIGHT);
    scribble->cell.length = 9;
    for (int i = 0; i < 4; i++) add(&p, 3, 0.99f, HEIGHT);
    assert_int_equal(doubt(&p, true, false), INK_DOUBT_ALL); /* -6 + 4 */
    p.piece[0].box.bottom = HEIGHT;
    assert_int_equal(doubt(&p, true, false), INK_DOUBT_NONE); /* -2 + 4 */
    p.piece[0].box.bottom = 3 * HEIGHT;
    for (int i = 0; i < 20; i++) add(&p, 3, 0.99f, HEIGHT);
    assert_int_equal(doubt(&p, true, false), INK_DOUBT_NONE);
}

/* Among noise a few digits are not believed, many are, and strokes like 1 count for little. */
static void test_noise(void **state) {
    (void)state;
    page p = {.n = 0};
    for (int i = 0; i < 4; i++) add(&p, 2, 0.99f, HEIGHT);
    assert_int_equal(doubt(&p, false, false), INK_DOUBT_BLANK);
    assert_int_equal(doubt(&p, true, false), INK_DOUBT_NONE);
    add(&p, 2, 0.99f, HEIGHT);
    assert_int_equal(doubt(&p, false, false), INK_DOUBT_NONE);
    for (int i = 0; i < 3; i++) add(&p, 2, 0.5f, HEIGHT);
    assert_int_equal(doubt(&p, false, false), INK_DOUBT_BLANK);
    p.n = 0;
    for (int i = 0; i < 40; i++) add(&p, 1, 0.99f, HEIGHT);
    assert_int_equal(doubt(&p, false, false), INK_DOUBT_BLANK); /* the mean is 0.3 */
}

static void test_ruled(void **state) {
    (void)state;
    page p = {.n = 0};
    for (int i = 0; i < 6; i++) add(&p, 1, 0.99f, HEIGHT);
    assert_int_equal(doubt(&p, true, false), INK_DOUBT_NONE);
    assert_int_equal(doubt(&p, true, true), INK_DOUBT_ALL);
    add(&p, 4, 0.99f, HEIGHT);
    assert_int_equal(doubt(&p, true, true), INK_DOUBT_NONE);
}

/* What is much paler than the sure digits goes, in order; where there are too few of them nothing does. */
static void test_pale(void **state) {
    (void)state;
    page p = {.n = 0};
    ink_readings r = {.at = p.reading};
    for (int i = 0; i < 6; i++) {
        add(&p, i % 2 == 0 ? 1 : 5, 0.99f, HEIGHT)->cell.dark = i % 2 == 0 ? 100 : 200;
    }
    r.n = 5; /* two digits that are no 1 */
    ink_readings_drop_pale(&r);
    assert_int_equal(r.n, 5);
    r.n = 6;
    p.reading[2].cell.dark = 121; /* over 0.6 of the writing's: it stays */
    ink_readings_drop_pale(&r);
    assert_int_equal(r.n, 4);
    const uint32_t stay[4] = {1, 2, 3, 5};
    for (uint32_t i = 0; i < 4; i++) assert_int_equal(r.at[i].piece, stay[i]);
    r.n = 0;
    ink_readings_drop_pale(&r);
    assert_int_equal(r.n, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing), cmocka_unit_test(test_single), cmocka_unit_test(test_doodle),
        cmocka_unit_test(test_noise),   cmocka_unit_test(test_ruled),  cmocka_unit_test(test_pale),
    };
    return cmocka_run_group_tests_name("read/doubt", tests, NULL, NULL);
}

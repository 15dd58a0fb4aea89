/* tests/data/test_handpage.c: pens and pages of handwriting: where labels say so there is ink, hostile sizes are borne.
 * How well pages are read is measured, not tested (docs/reading.md). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "data/handpage.h"
#include "data/normaliser.h"
#include "data/pen.h"

/* ---- pen ---- */

static ink_pen_shape shape;

static void test_pen_sizes(void **state) {
    (void)state;
    static uint8_t grey[INK_PEN_SIDE * INK_PEN_SIDE];
    /* No ink, then all ink, from one pixel to the largest side. */
    static const uint32_t sides[] = {1, 2, 3, 27, 28, 139, INK_PEN_SIDE};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        memset(grey, 0, sizeof grey);
        assert_false(ink_pen_shape_make(grey, sides[i], &shape));
        memset(grey, 255, (size_t)sides[i] * sides[i]);
        if (!ink_pen_shape_make(grey, sides[i], &shape)) continue; /* full to the edge: no paper to draw on */
        assert_true(shape.left < shape.right && shape.top < shape.bottom);
        assert_true(shape.left >= 0 && shape.right <= INK_PEN_SIDE);
        assert_true(shape.top >= 0 && shape.bottom <= INK_PEN_SIDE);
    }
}

/* A stroke is covered in its middle and not far away; a broader pen covers more. */
static void test_pen_cover(void **state) {
    (void)state;
    uint8_t grey[INK_DIGIT_PIXELS] = {0};
    for (int y = 4; y < 24; y++) {
        for (int x = 12; x < 15; x++) grey[y * INK_DIGIT_SIDE + x] = 255;
    }
    assert_true(ink_pen_shape_make(grey, INK_DIGIT_SIDE, &shape));
    float x = (shape.left + shape.right) / 2, y = (shape.top + shape.bottom) / 2, hair = 0, marker = 0;
    assert_true(shape.bottom - shape.top > 4 * (shape.right - shape.left));
    assert_true(ink_pen_cover(&shape, x, y, 3, 1) > 0.9f);
    assert_true(ink_pen_cover(&shape, x + 40, y, 3, 1) <= 0);
    for (float at = 0; at < INK_PEN_SIDE; at += 1) {
        hair += ink_pen_cover(&shape, at, y, 2, 1);
        marker += ink_pen_cover(&shape, at, y, 12, 1);
    }
    assert_true(hair > 2 && marker > 2 * hair);
    /* Far outside there is no ink, and no crash. */
    assert_true(ink_pen_cover(&shape, -1e6f, 1e6f, 3, 1) <= 0);
}

/* ---- pages ---- */

static const ink_handpage_digits drawn = {0};

/* Labels in the picture, with ink in their boxes; pages without digits have none. */
static void test_labels(void **state) {
    (void)state;
    for (uint32_t severity = 0; severity <= INK_HANDPAGE_SEVERITY_MAX; severity += 5) {
        ink_handpage_kind kind = severity == 0 ? INK_HANDPAGE_STRINGS : INK_HANDPAGE_COLUMNS;
        ink_handpage page;
        assert_int_equal(ink_handpage_draw(9, severity, severity, kind, &drawn, &page, NULL), INK_OK);
        assert_true(page.n > 5 && page.n <= INK_HANDPAGE_DIGITS_MAX);
        for (uint32_t i = 0; i < page.n; i++) {
            const ink_handpage_digit *d = &page.digits[i];
            uint8_t least = 255, most = 0;
            assert_true(d->digit <= 9 && d->x >= 0 && d->y >= 0 && d->width > 0 && d->height > 0);
            assert_true((uint32_t)(d->x + d->width) <= page.width && (uint32_t)(d->y + d->height) <= page.height);
            for (int32_t y = d->y; y < d->y + d->height; y++) {
                for (int32_t x = d->x; x < d->x + d->width; x++) {
                    uint8_t v = page.grey[(size_t)y * page.width + (size_t)x];
                    least = v < least ? v : least;
                    most = v > most ? v : most;
                }
            }
            assert_true(most - least > 30);
            if (i == 0) continue;
            assert_true(d->line >= d[-1].line || kind == INK_HANDPAGE_COLUMNS);
            assert_true(d->string == d[-1].string || d->string == d[-1].string + 1);
        }
        ink_handpage_clear(&page);
        assert_null(page.grey);
    }
    for (int kind = INK_HANDPAGE_BLANK; kind <= INK_HANDPAGE_DOODLE; kind++) {
        ink_handpage page;
        assert_int_equal(ink_handpage_draw(9, 1, 3, (ink_handpage_kind)kind, &drawn, &page, NULL), INK_OK);
        assert_int_equal(page.n, 0);
        ink_handpage_clear(&page);
    }
}

/* Forms have digits in their cells, and lines besides: more ink than their digits' boxes hold. */
static void test_forms(void **state) {
    (void)state;
    for (int kind = INK_HANDPAGE_BOXES; kind <= INK_HANDPAGE_TABLE; kind++) {
        ink_handpage page;
        uint64_t dark = 0, inside = 0;
        assert_int_equal(ink_handpage_draw(9, 3, 0, (ink_handpage_kind)kind, &drawn, &page, NULL), INK_OK);
        assert_true(page.n > 5 && page.n <= INK_HANDPAGE_DIGITS_MAX);
        for (size_t i = 0; i < (size_t)page.width * page.height; i++) dark += page.grey[i] < 215;
        for (uint32_t i = 0; i < page.n; i++) {
            const ink_handpage_digit *d = &page.digits[i];
            for (int32_t y = d->y; y < d->y + d->height; y++) {
                for (int32_t x = d->x; x < d->x + d->width; x++) {
                    inside += page.grey[(size_t)y * page.width + (size_t)x] < 215;
                }
            }
            assert_true(i == 0 || d->string == d[-1].string || d->string == d[-1].string + 1);
        }
        assert_true(inside > 0 && dark > inside);
        ink_handpage_clear(&page);
    }
}

static void test_same(void **state) {
    (void)state;
    ink_handpage a, b, other;
    assert_int_equal(ink_handpage_draw(UINT64_MAX, UINT32_MAX, 1, INK_HANDPAGE_STRINGS, &drawn, &a, NULL), INK_OK);
    assert_int_equal(ink_handpage_draw(UINT64_MAX, UINT32_MAX, 1, INK_HANDPAGE_STRINGS, &drawn, &b, NULL), INK_OK);
    assert_int_equal(ink_handpage_draw(UINT64_MAX - 1, UINT32_MAX, 1, INK_HANDPAGE_BLANK, &drawn, &other, NULL),
                     INK_OK);
    assert_int_equal(a.width * a.height, 1600 * 1200);
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.grey, b.grey, 1600 * 1200);
    assert_memory_not_equal(a.grey, other.grey, 1600 * 1200);
    ink_handpage_clear(&a);
    ink_handpage_clear(&b);
    ink_handpage_clear(&other);
}

/* A severity that there is not is refused. */
static void test_refused(void **state) {
    (void)state;
    ink_error err = {0};
    ink_handpage page;
    assert_int_equal(ink_handpage_draw(1, 0, INK_HANDPAGE_SEVERITY_MAX + 1, INK_HANDPAGE_STRINGS, &drawn, &page, &err),
                     INK_E_USAGE);
    assert_null(page.grey);
    assert_non_null(strstr(err.text, "severity 6"));
    assert_ptr_equal(ink_severity_of(99), ink_severity_of(INK_HANDPAGE_SEVERITY_MAX));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pen_sizes), cmocka_unit_test(test_pen_cover), cmocka_unit_test(test_labels),
        cmocka_unit_test(test_forms),     cmocka_unit_test(test_same),      cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("data/handpage", tests, NULL, NULL);
}

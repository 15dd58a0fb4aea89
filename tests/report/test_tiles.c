/* tests/report/test_tiles.c: rows of tiles, and numbers as greys.
 * How they look is for eyes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "report/tiles.h"

static void test_scale(void **state) {
    (void)state;
    const float from[] = {-2, -1, 0, 1, 2, 3, NAN};
    uint8_t to[7];
    ink_tiles_scale(from, 7, -2, 2, to);
    const uint8_t wanted[] = {0, 64, 128, 191, 255, 255, 0};
    assert_memory_equal(to, wanted, sizeof wanted);
    ink_tiles_scale(from, 7, 1, 1, to);
    for (int i = 0; i < 7; i++) assert_int_equal(to[i], 0);
}

static void test_draw(void **state) {
    (void)state;
    static uint8_t pixels[40 * 6];
    const char *const captions[] = {"a", "b"};
    ink_picture *picture;
    ink_text svg = {0};
    memset(pixels, 200, sizeof pixels);
    ink_tiles_row rows[] = {
        {.title = "forty <tiles>", .pixels = pixels, .count = 40, .width = 3, .height = 2},
        {.title = "two", .pixels = pixels, .count = 2, .width = 1, .height = 1, .captions = captions}};
    assert_int_equal(ink_tiles_draw("Title", "note", 0, rows, 2, &picture, NULL), INK_OK);
    /* 16 in a line: three lines and one. */
    assert_true(ink_picture_width(picture) >= 16 * 56);
    assert_true(ink_picture_height(picture) >= 4 * 56);
    assert_int_equal(ink_picture_svg(picture, &svg, NULL), INK_OK);
    uint32_t images = 0;
    for (const char *s = svg.bytes; (s = strstr(s, "data:image/png")) != NULL; s++) images++;
    assert_int_equal(images, 42);
    assert_non_null(strstr(svg.bytes, "forty &lt;tiles&gt;"));
    ink_text_clear(&svg);
    ink_picture_free(picture);

    rows[0].count = 0;
    assert_int_equal(ink_tiles_draw("Title", "note", 0, rows, 1, &picture, NULL), INK_E_USAGE);
    rows[0].count = 5000;
    assert_int_equal(ink_tiles_draw("Title", "note", 0, rows, 1, &picture, NULL), INK_E_USAGE);
    assert_null(picture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scale),
        cmocka_unit_test(test_draw),
    };
    return cmocka_run_group_tests_name("report/tiles", tests, NULL, NULL);
}

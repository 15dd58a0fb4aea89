/* tests/report/test_sheet.c: sheets of digits and of mistakes.
 * How they look is for eyes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "report/mistakes.h"
#include "report/sheet.h"
#include "scratch.h"

static uint8_t pixels[100 * 784];

static void count_images(const ink_picture *picture, int wanted) {
    ink_text text = {0};
    ink_error err;
    int found = 0;
    assert_int_equal(ink_picture_svg(picture, &text, &err), INK_OK);
    assert_null(xml_fault(text.bytes));
    for (const char *s = text.bytes; (s = strstr(s, "<image ")) != NULL; s++) found++;
    assert_int_equal(found, wanted);
    ink_text_clear(&text);
}

static void sheets(void **state) {
    (void)state;
    ink_sheet_digit digits[100];
    ink_picture *picture = NULL;
    ink_error err;
    for (int i = 0; i < 100; i++) {
        pixels[i * 784 + i] = 255;
        digits[i] = (ink_sheet_digit){.pixels = pixels + i * 784, .caption = "7", .wrong = i % 2 == 0};
    }
    ink_sheet sheet = {.title = "Digits <&>", .note = "a note", .digits = digits, .count = 100};
    assert_int_equal(ink_sheet_draw(&sheet, &picture, &err), INK_OK);
    count_images(picture, 100);
    assert_true(ink_picture_width(picture) > ink_picture_height(picture) * 0.6);
    ink_picture_free(picture);
    sheet.count = 1;
    sheet.columns = 5;
    assert_int_equal(ink_sheet_draw(&sheet, &picture, &err), INK_OK);
    count_images(picture, 1);
    ink_picture_free(picture);
    sheet.count = 0;
    assert_int_equal(ink_sheet_draw(&sheet, &picture, &err), INK_E_USAGE);
    assert_null(picture);
    sheet.count = 1;
    sheet.width = 100000;
    assert_int_equal(ink_sheet_draw(&sheet, &picture, &err), INK_E_USAGE);
}

/* A pixel of a digit on a white sheet is black where there is ink, in hard squares. */
static void digits_are_enlarged_with_hard_pixels(void **state) {
    const char *path = scratch_path(*state, "one.svg");
    uint8_t one[4] = {255, 0, 0, 255};
    ink_error err;
    ink_picture *picture = ink_picture_new(20, 20, "two pixels");
    ink_picture_digit(picture, 0, 0, 20, 20, one, 2, 2);
    assert_int_equal(ink_picture_save(picture, path, &err), INK_OK);
    char *svg = scratch_read(path, NULL);
    assert_non_null(strstr(svg, "image-rendering:pixelated"));
    assert_non_null(strstr(svg, "data:image/png;base64,iVBORw0KGgo"));
    free(svg);
    ink_picture_free(picture);
}

static void the_worst_come_first(void **state) {
    (void)state;
    /* Four images: right, wrong a little, wrong by far, wrong by far again. */
    float p[4][10] = {{[3] = 1.0f}, {[1] = 0.4f, [7] = 0.6f}, {[4] = 0.01f, [9] = 0.99f}, {[4] = 0.01f, [9] = 0.99f}};
    const uint8_t label[4] = {3, 1, 4, 4};
    const uint32_t index[4] = {10, 20, 30, 40};
    ink_mistake worst[3];
    assert_int_equal(ink_mistakes_find(p[0], label, index, 4, worst, 3), 3);
    assert_int_equal(worst[0].index, 30);
    assert_int_equal(worst[1].index, 40);
    assert_int_equal(worst[2].index, 20);
    assert_int_equal(worst[0].guess, 9);
    assert_true(fabs(worst[0].loss + log((double)0.01f)) < 1e-12);
    assert_int_equal(ink_mistakes_find(p[0], label, NULL, 4, worst, 1), 1);
    assert_int_equal(worst[0].index, 2);
    assert_int_equal(ink_mistakes_find(p[0], label, NULL, 4, worst, 0), 0);
    char *csv = NULL;
    ink_error err;
    assert_int_equal(ink_mistakes_find(p[0], label, index, 4, worst, 3), 3);
    assert_int_equal(ink_mistakes_csv(worst, 1, &csv, &err), INK_OK);
    assert_string_equal(csv, "index,true,pred,p_true,p_pred,loss\n30,4,9,0.00999999978,0.99000001,4.60517021\n");
    ink_mem_free(csv);
    /* An image that is a file is named by it, whatever stands in the name. */
    worst[0].file = "set/4/a \"b\".png";
    worst[1].file = "set/4/a name that is longer than its digit.png";
    assert_int_equal(ink_mistakes_csv(worst, 1, &csv, &err), INK_OK);
    assert_string_equal(csv, "index,true,pred,p_true,p_pred,loss,file\n"
                             "30,4,9,0.00999999978,0.99000001,4.60517021,\"set/4/a \"\"b\"\".png\"\n");
    ink_mem_free(csv);
    ink_picture *picture = NULL;
    assert_int_equal(ink_mistakes_sheet(worst, 3, pixels, 3, 4, &picture, &err), INK_OK);
    count_images(picture, 3);
    ink_picture_free(picture);
    /* Names that are no UTF-8, or would be cut within a character. */
    worst[0].file = "set/4/caf\xe9.png";
    worst[1].file = "set/4/\xe8\xaa\x9e\xe8\xaa\x9e\xe8\xaa\x9e\xe8\xaa\x9e\xe8\xaa\x9e.png";
    uint8_t *png = NULL;
    size_t size = 0;
    assert_int_equal(ink_mistakes_sheet(worst, 3, pixels, 3, 4, &picture, &err), INK_OK);
    assert_int_equal(ink_picture_png(picture, INK_THEME_LIGHT, 1, &png, &size, &err), INK_OK);
    ink_mem_free(png);
    ink_picture_free(picture);
    assert_int_equal(ink_mistakes_sheet(worst, 0, NULL, 0, 4, &picture, &err), INK_OK);
    count_images(picture, 0);
    ink_picture_free(picture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sheets),
        cmocka_unit_test_setup_teardown(digits_are_enlarged_with_hard_pixels, scratch_setup, scratch_teardown),
        cmocka_unit_test(the_worst_come_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

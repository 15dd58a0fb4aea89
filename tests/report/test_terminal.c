/* tests/report/test_terminal.c: text graphs and digits keep their width and their alphabet.
 * How they look is for eyes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "report/terminal.h"

/* No control characters but \n, nothing above 0x7e without utf8, no line longer than columns, no blank at an end. */
static uint32_t check_lines(const char *text, uint32_t columns, bool utf8) {
    uint32_t lines = 0, width = 0;
    char last = '\n';
    for (const unsigned char *s = (const unsigned char *)text; *s != '\0'; s++) {
        if (*s == '\n') {
            assert_true(width <= columns);
            assert_int_not_equal(last, ' ');
            lines++;
            width = 0;
        } else {
            assert_true(*s >= 0x20 && *s != 0x7f);
            if (!utf8) assert_true(*s < 0x7f);
            if ((*s & 0xc0) != 0x80) width++;
        }
        last = (char)*s;
    }
    assert_int_equal(width, 0);
    return lines;
}

static void graphs(void **state) {
    (void)state;
    static ink_epoch e[500];
    for (uint32_t i = 0; i < 500; i++) {
        e[i] = (ink_epoch){.epoch = i + 1, .val_acc = 0.98 - 0.06 * exp(-0.1 * i), .train_acc = 0.9};
    }
    static const uint32_t length[] = {0, 1, 2, 10, 500}, columns[] = {0, 1, 24, 33, 80, 1000};
    for (size_t i = 0; i < 5; i++) {
        for (size_t k = 0; k < 6; k++) {
            for (int utf8 = 0; utf8 < 2; utf8++) {
                char *text = NULL;
                ink_error err;
                uint32_t width = columns[k] == 0 ? 80 : columns[k] < 24 ? 24 : columns[k] > 100 ? 100 : columns[k];
                assert_int_equal(ink_terminal_graph(e, length[i], columns[k], utf8 != 0, &text, &err), INK_OK);
                uint32_t lines = check_lines(text, width, utf8 != 0);
                assert_true(length[i] == 0 ? lines == 1 : lines >= 8 && lines <= 18);
                ink_mem_free(text);
            }
        }
    }
}

static void what_the_graph_says(void **state) {
    (void)state;
    ink_epoch e[3] = {{.epoch = 1, .val_acc = 0.91, .train_acc = 0.5},
                      {.epoch = 2, .val_acc = 0.9762, .train_acc = 0.6},
                      {.epoch = 3, .val_acc = 0.97, .train_acc = NAN}};
    char *text = NULL;
    ink_error err;
    assert_int_equal(ink_terminal_graph(e, 3, 80, false, &text, &err), INK_OK);
    assert_non_null(strstr(text, "validation accuracy, best 97.62 % after epoch 2 of 3\n"));
    assert_non_null(strstr(text, "98 % |"));
    ink_mem_free(text);
    for (int i = 0; i < 3; i++) e[i].val_acc = NAN;
    assert_int_equal(ink_terminal_graph(e, 3, 80, true, &text, &err), INK_OK);
    assert_non_null(strstr(text, "training accuracy (nothing was held out), best 60.00 %"));
    ink_mem_free(text);
    for (int i = 0; i < 3; i++) e[i].train_acc = NAN;
    assert_int_equal(ink_terminal_graph(e, 3, 80, true, &text, &err), INK_OK);
    assert_string_equal(text, "no epoch was measured yet\n");
    ink_mem_free(text);
}

/* Whatever the numbers are, nothing is drawn beside the canvas. */
static void epochs_in_no_order(void **state) {
    (void)state;
    static const uint32_t numbers[][4] = {
        {3, 0, 2, 1}, {UINT32_MAX, 0, 1, 2}, {1, UINT32_MAX, 2, 3}, {0, 0, 0, 0}, {1, 5, 2, UINT32_MAX}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        for (int utf8 = 0; utf8 < 2; utf8++) {
            ink_epoch e[4] = {{.val_acc = 0.9}, {.val_acc = 0.5}, {.val_acc = 0.95}, {.val_acc = 0.7}};
            char *text = NULL;
            ink_error err;
            for (int k = 0; k < 4; k++) e[k].epoch = numbers[i][k];
            assert_int_equal(ink_terminal_graph(e, 4, 80, utf8 != 0, &text, &err), INK_OK);
            check_lines(text, 80, utf8 != 0);
            ink_mem_free(text);
        }
    }
}

static void digits(void **state) {
    (void)state;
    static uint8_t pixels[5 * 784];
    const char *captions[5] = {"0", "1", "2", "3", "a caption that is far longer than its digit is wide"};
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)(i * 7);
    for (int utf8 = 0; utf8 < 2; utf8++) {
        char *text = NULL;
        ink_error err;
        assert_int_equal(ink_terminal_digits(pixels, 5, 28, 28, captions, 60, utf8 != 0, &text, &err), INK_OK);
        assert_int_equal(check_lines(text, 60, utf8 != 0), 3 * 15); /* two in a row: three rows */
        ink_mem_free(text);
        assert_int_equal(ink_terminal_digits(pixels, 1, 28, 27, NULL, 10, utf8 != 0, &text, &err), INK_OK);
        assert_int_equal(check_lines(text, 28, utf8 != 0), 14); /* an odd height; one digit is never cut */
        ink_mem_free(text);
        assert_int_equal(ink_terminal_digits(pixels, 1, 0, 28, NULL, 80, utf8 != 0, &text, &err), INK_E_USAGE);
        assert_null(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(graphs),
        cmocka_unit_test(what_the_graph_says),
        cmocka_unit_test(epochs_in_no_order),
        cmocka_unit_test(digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

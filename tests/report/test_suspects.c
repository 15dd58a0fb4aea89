/* tests/report/test_suspects.c: labels that were made wrong are found, those that are right are left alone; predictions
 * that were written are read back, and refused when they are not what was written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "core/rng.h"
#include "report/confusion.h"
#include "report/predictions.h"
#include "report/suspects.h"
#include "scratch.h"

#define ROWS 2000u

/* A model that is right, 0.9 to 0.99 sure, and labels of which every hundredth is wrong. */
static void make_rows(float p[ROWS][INK_CLASSES], uint8_t labels[ROWS]) {
    ink_rng rng = ink_rng_at(3, INK_STREAM_SAMPLE, 0, 0);
    for (uint32_t i = 0; i < ROWS; i++) {
        uint32_t truth = ink_rng_below(&rng, 10);
        float sure = 0.9f + 0.0009f * (float)ink_rng_below(&rng, 100);
        for (uint32_t c = 0; c < INK_CLASSES; c++) p[i][c] = c == truth ? sure : (1 - sure) / 9;
        labels[i] = (uint8_t)(i % 100 == 7 ? (truth + 1) % 10 : truth);
    }
}

static void test_found(void **state) {
    (void)state;
    static float p[ROWS][INK_CLASSES];
    static uint8_t labels[ROWS];
    ink_mistake suspects[30];
    uint32_t total, first_five;
    make_rows(p, labels);
    assert_int_equal(ink_suspects_find(p[0], labels, NULL, ROWS, suspects, 30, &total, NULL), INK_OK);
    /* Those less sure than nine in ten are let off; the others are found, and nothing else. */
    assert_in_range(total, 12, 20);
    for (uint32_t i = 0; i < total; i++) {
        assert_int_equal(suspects[i].index % 100, 7);
        assert_int_equal(suspects[i].truth, labels[suspects[i].index]);
        assert_int_equal((suspects[i].guess + 1) % 10, suspects[i].truth);
        if (i == 0) continue;
        assert_true(suspects[i].p_truth - suspects[i].p_guess >= suspects[i - 1].p_truth - suspects[i - 1].p_guess);
    }
    /* Fewer places: the same first ones, and the same number in all. */
    ink_mistake five[5];
    assert_int_equal(ink_suspects_find(p[0], labels, NULL, ROWS, five, 5, &first_five, NULL), INK_OK);
    assert_int_equal(first_five, total);
    for (int i = 0; i < 5; i++) assert_int_equal(five[i].index, suspects[i].index);
    /* A mistake that the model is not sure of is none of the label's. */
    for (uint32_t c = 0; c < INK_CLASSES; c++) p[0][c] = 0.05f;
    p[0][(labels[0] + 1) % 10] = 0.55f;
    assert_int_equal(ink_suspects_find(p[0], labels, NULL, ROWS, suspects, 30, &total, NULL), INK_OK);
    for (uint32_t i = 0; i < total; i++) assert_int_not_equal(suspects[i].index, 0);
}

static void test_shown(void **state) {
    (void)state;
    static const uint8_t pixels[784];
    ink_mistake one = {.index = 19208, .truth = 3, .guess = 5, .p_truth = 0.01f, .p_guess = 0.936f};
    char *text = NULL;
    ink_picture *picture = NULL;
    assert_int_equal(ink_suspects_text(&one, 1, 3, 4200, &text, NULL), INK_OK);
    assert_non_null(strstr(text, "suspected wrong labels: 3 of 4200"));
    assert_non_null(strstr(text, "19208  labelled 3, probably 5  93.6 % against 1.0 %"));
    assert_non_null(strstr(text, "and 2 more"));
    ink_mem_free(text);
    one.file = "set/3/8.png";
    assert_int_equal(ink_suspects_text(&one, 1, 1, 4200, &text, NULL), INK_OK);
    assert_non_null(strstr(text, "  set/3/8.png  labelled 3, probably 5  93.6 % against 1.0 %"));
    assert_null(strstr(text, "image number"));
    ink_mem_free(text);
    for (uint32_t n = 0; n < 2; n++) {
        assert_int_equal(ink_suspects_sheet(&one, n, pixels, n, 4200, &picture, NULL), INK_OK);
        assert_true(ink_picture_width(picture) > 100);
        ink_picture_free(picture);
    }
}

static void refuse(const char *path, const char *text, const char *words) {
    ink_prediction *rows;
    uint32_t n;
    ink_error err;
    scratch_write(path, text);
    assert_int_equal(ink_predictions_load(path, &rows, &n, &err), INK_E_DATA);
    if (strstr(err.text, words) == NULL) print_message("%s\n", err.text);
    assert_non_null(strstr(err.text, words));
    assert_null(rows);
}

#define HEADER "index,label,pred,p0,p1,p2,p3,p4,p5,p6,p7,p8,p9\n"

static void test_predictions(void **state) {
    const char *folder = *state;
    static float p[ROWS][INK_CLASSES];
    static uint8_t labels[ROWS];
    uint32_t index[ROWS], n;
    ink_prediction *rows;
    char path[512];
    make_rows(p, labels);
    for (uint32_t i = 0; i < ROWS; i++) index[i] = 3 * i + 1;
    snprintf(path, sizeof path, "%s/predictions.csv", folder);
    assert_int_equal(ink_predictions_save(path, p[0], labels, index, ROWS, NULL), INK_OK);
    assert_int_equal(ink_predictions_load(path, &rows, &n, NULL), INK_OK);
    assert_int_equal(n, ROWS);
    for (uint32_t i = 0; i < ROWS; i++) {
        assert_int_equal(rows[i].index, index[i]);
        assert_int_equal(rows[i].label, labels[i]);
        assert_int_equal(rows[i].guess, ink_confusion_guess(p[i]));
    }
    ink_mem_free(rows);
    refuse(path, "", ":1: header");
    refuse(path, "index,label\n", ":1: header");
    refuse(path, HEADER "1,2,3\n1,2,3\n", ":3:1: index");
    refuse(path, HEADER "1,10,3\n", ":2:2: label");
    refuse(path, HEADER "1,2,x\n", ":2:3: pred");
    refuse(path, HEADER "1\n", ":2:2: label");
    refuse(path, HEADER "99999999999999999999999999999999999,1,1\n", ":2:1: index");
    ink_error err;
    snprintf(path, sizeof path, "%s/none.csv", folder);
    assert_int_equal(ink_predictions_load(path, &rows, &n, &err), INK_E_FILE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_shown),
        cmocka_unit_test_setup_teardown(test_predictions, scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests_name("report/suspects", tests, NULL, NULL);
}

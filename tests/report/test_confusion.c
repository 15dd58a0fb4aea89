/* tests/report/test_confusion.c: scores against values worked out by hand, and the forms they are written in.
 * Hand-worked values stand beside each assertion. */
#include <jansson.h>
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
#include "report/confusion.h"
#include "scratch.h"

#define near(a, b) assert_true(fabs((a) - (b)) < 1e-9)

/* A guess with confidence p, the rest on one other digit. */
static void add(ink_confusion *c, uint8_t truth, uint8_t guess, float p, int times) {
    float q[INK_CLASSES] = {0};
    q[guess] = p;
    q[(guess + 1) % INK_CLASSES] = 1 - p;
    for (int i = 0; i < times; i++) ink_confusion_add(c, q, truth);
}

static void spread_of_values(void **state) {
    (void)state;
    /* 2 4 4 4 5 5 7 9: mean 5, squares 32. A large offset must not cost digits. */
    const double values[] = {2, 4, 4, 4, 5, 5, 7, 9};
    ink_spread s = {0}, far = {0};
    assert_true(ink_spread_deviation(&s) == 0);
    for (size_t i = 0; i < 8; i++) {
        ink_spread_add(&s, values[i]);
        if (i == 0) assert_true(s.mean == 2 && ink_spread_deviation(&s) == 0);
        ink_spread_add(&far, 1e9 + values[i]);
    }
    assert_int_equal(s.n, 8);
    assert_true(fabs(s.mean - 5) < 1e-12);
    assert_true(fabs(ink_spread_deviation(&s) - sqrt(32.0 / 7)) < 1e-12);
    assert_true(fabs(ink_spread_deviation(&far) - sqrt(32.0 / 7)) < 1e-6);
}

static void wilson_intervals(void **state) {
    (void)state;
    double low, high;
    ink_wilson(8, 10, &low, &high); /* published example: 0.490, 0.943 */
    near(low, 0.4901624715366418);
    near(high, 0.9433178485456247);
    ink_wilson(4141, 4200, &low, &high);
    near(low, 0.981923135300958);
    near(high, 0.989093502692123);
    ink_wilson(0, 10, &low, &high);
    near(low, 0);
    near(high, 0.2775327998628892);
    ink_wilson(10, 10, &low, &high);
    near(low, 0.7224672001371106);
    assert_true(high == 1);
    ink_wilson(0, 0, &low, &high);
    assert_true(low == 0 && high == 1);
}

/* Truth 0: 3 right, 1 read as 1. Truth 1: 2 right, 2 read as 0. No other digit. */
static ink_confusion small(void) {
    ink_confusion c = {0};
    add(&c, 0, 0, 0.9f, 3);
    add(&c, 0, 1, 0.6f, 1);
    add(&c, 1, 1, 0.9f, 2);
    add(&c, 1, 0, 0.7f, 2);
    return c;
}

static void scores_by_hand(void **state) {
    (void)state;
    ink_confusion c = small();
    ink_scores s;
    ink_confusion_scores(&c, &s);
    assert_int_equal(s.rows, 8);
    assert_int_equal(s.errors, 3);
    near(s.accuracy, 5.0 / 8);
    near(s.digit[0].precision, 3.0 / 5);
    near(s.digit[0].recall, 3.0 / 4);
    near(s.digit[0].f1, 2.0 / 3); /* 2 * 3 / (4 + 5) */
    near(s.digit[1].precision, 2.0 / 3);
    near(s.digit[1].recall, 1.0 / 2);
    near(s.digit[1].f1, 4.0 / 7);
    assert_int_equal(s.digit[0].support, 4);
    near(s.macro.precision, (3.0 / 5 + 2.0 / 3) / 2); /* digits that never occur do not count */
    near(s.macro.f1, (2.0 / 3 + 4.0 / 7) / 2);
    near(s.weighted.recall, 5.0 / 8);
    near(s.digit[7].f1, 0);
    /* Loss: the truth had 0.9 five times, 0 in 0 -> 1 (next of 1 is 2), 0.3 twice in 1 -> 0 (next of 0 is 1). */
    double loss = -(5 * log((double)0.9f) + log(INK_LEAST_PROBABILITY) + 2 * log((double)(1 - 0.7f))) / 8;
    assert_true(fabs(s.loss - loss) < 1e-9);
}

static void calibration_by_hand(void **state) {
    (void)state;
    ink_confusion c = small();
    ink_scores s;
    ink_confusion_scores(&c, &s);
    /* Bins of 1/15: 0.9 in (13/15, 14/15], five rows, all right: |5 - 4.5|; 0.6f is just above 9/15: one row, wrong:
     * 0.6; 0.7 in (10/15, 11/15]: two rows, both wrong: 1.4. */
    assert_int_equal(c.bin_rows[13], 5);
    assert_int_equal(c.bin_rows[9], 1);
    assert_int_equal(c.bin_rows[10], 2);
    assert_true(fabs(s.ece - (0.5 + 0.6 + 1.4) / 8) < 1e-6);
    ink_confusion sure = {0};
    add(&sure, 4, 4, 1.0f, 10);
    ink_confusion_scores(&sure, &s);
    near(s.ece, 0);
    near(s.loss, 0);
    assert_int_equal(sure.bin_rows[INK_BINS - 1], 10);
}

static void odd_probabilities(void **state) {
    (void)state;
    float p[INK_CLASSES] = {[3] = 0.5f, [5] = 0.5f};
    assert_int_equal(ink_confusion_guess(p), 3); /* the first of equals */
    p[0] = NAN;
    assert_int_equal(ink_confusion_guess(p), 3);
    for (int k = 0; k < INK_CLASSES; k++) p[k] = NAN;
    ink_confusion c = {0};
    ink_confusion_add(&c, p, 2);
    assert_int_equal(c.count[2][0], 1);
    ink_scores s;
    ink_confusion_scores(&c, &s);
    assert_true(isfinite(s.loss) && isfinite(s.ece));
    ink_confusion none = {0};
    ink_confusion_scores(&none, &s);
    assert_true(isnan(s.accuracy) && isnan(s.loss) && isnan(s.ece));
}

static void pairs_in_order(void **state) {
    (void)state;
    ink_confusion c = {0};
    ink_confused_pair pairs[3];
    add(&c, 4, 9, 0.9f, 5);
    add(&c, 7, 2, 0.9f, 8);
    add(&c, 3, 5, 0.9f, 5);
    add(&c, 1, 7, 0.9f, 1);
    add(&c, 1, 1, 0.9f, 100);
    assert_int_equal(ink_confusion_pairs(&c, pairs, 3), 3);
    assert_int_equal(pairs[0].truth, 7);
    assert_int_equal(pairs[0].count, 8);
    assert_int_equal(pairs[1].truth, 3); /* equals: by truth */
    assert_int_equal(pairs[2].truth, 4);
    assert_int_equal(ink_confusion_pairs(&c, pairs, 0), 0);
}

/* The layout of scikit-learn 1.x: classification_report(digits=4). */
static void the_report_reads_as_scikit_learns(void **state) {
    (void)state;
    ink_confusion c = {0};
    ink_error err;
    char *text = NULL;
    for (uint8_t k = 0; k < 10; k++) add(&c, k, k, 0.9f, 9);
    add(&c, 4, 9, 0.9f, 10);
    assert_int_equal(ink_confusion_report(&c, &text, &err), INK_OK);
    assert_non_null(strstr(text, "accuracy  90.00 %   10 of 100 wrong   95 % interval 82.56 to 94.48 %\n"));
    assert_non_null(strstr(text, "\n              precision    recall  f1-score   support\n\n"
                                 "           0     1.0000    1.0000    1.0000         9\n"));
    assert_non_null(strstr(text, "\n           4     1.0000    0.4737    0.6429        19\n"));
    assert_non_null(strstr(text, "\n           9     0.4737    1.0000    0.6429         9\n\n"
                                 "    accuracy                         0.9000       100\n"
                                 "   macro avg     0.9474    0.9474    0.9286       100\n"
                                 "weighted avg     0.9526    0.9000    0.9000       100\n"));
    assert_non_null(strstr(text, "     4 read as 9      10 times\n"));
    ink_mem_free(text);
    ink_confusion none = {0};
    assert_int_equal(ink_confusion_report(&none, &text, &err), INK_OK);
    assert_string_equal(text, "nothing was measured: no labelled digits\n");
    ink_mem_free(text);
}

static void the_json(void **state) {
    (void)state;
    ink_confusion c = small();
    ink_error err;
    char *text = NULL;
    assert_int_equal(ink_confusion_json(&c, &text, &err), INK_OK);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1); /* one line */
    json_t *root = json_loads(text, 0, NULL);
    assert_non_null(root);
    assert_string_equal(json_string_value(json_object_get(root, "schema")), "inkling/eval/1");
    assert_int_equal(json_integer_value(json_object_get(root, "errors")), 3);
    near(json_real_value(json_object_get(root, "accuracy")), 0.625);
    json_t *zero = json_object_get(json_object_get(root, "digits"), "0");
    near(json_real_value(json_object_get(zero, "recall")), 0.75);
    assert_int_equal(json_integer_value(json_object_get(zero, "support")), 4);
    json_t *row = json_array_get(json_object_get(root, "confusion"), 1);
    assert_int_equal(json_integer_value(json_array_get(row, 0)), 2);
    json_decref(root);
    ink_mem_free(text);
    ink_confusion none = {0};
    assert_int_equal(ink_confusion_json(&none, &text, &err), INK_OK);
    root = json_loads(text, 0, NULL);
    assert_true(json_is_null(json_object_get(root, "accuracy")));
    json_decref(root);
    ink_mem_free(text);
}

static void the_csv(void **state) {
    (void)state;
    ink_confusion c = small();
    ink_error err;
    char *text = NULL;
    int lines = 0;
    assert_int_equal(ink_confusion_csv(&c, &text, &err), INK_OK);
    assert_non_null(strstr(text, "\n1,2,2,0,0,0,0,0,0,0,0,4,50,50,0,0,0,0,0,0,0,0\n"));
    assert_non_null(strstr(text, "\n2,0,0,0,0,0,0,0,0,0,0,0,,,,,,,,,,\n")); /* no share of nothing */
    for (const char *s = text; *s != '\0'; s++) lines += *s == '\n';
    assert_int_equal(lines, 11);
    ink_mem_free(text);
}

static void pictures(void **state) {
    const char *folder = *state;
    ink_confusion many[3] = {small()};
    for (uint8_t t = 0; t < 10; t++) {
        for (uint8_t g = 0; g < 10; g++) many[2].count[t][g] = t == g ? 4000000000u : 1u;
    }
    many[2].rows = 40000000090u;
    many[2].errors = 90;
    for (int i = 0; i < 3; i++) {
        ink_picture *matrix = NULL, *calibration = NULL;
        ink_error err;
        assert_int_equal(ink_confusion_picture(&many[i], &matrix, &err), INK_OK);
        assert_int_equal(ink_reliability_picture(&many[i], &calibration, &err), INK_OK);
        ink_picture *both[2] = {matrix, calibration};
        for (int k = 0; k < 2; k++) {
            assert_int_equal(ink_picture_save(both[k], scratch_path(folder, "p.svg"), &err), INK_OK);
            assert_int_equal(ink_picture_save(both[k], scratch_path(folder, "p.png"), &err), INK_OK);
            char *svg = scratch_read(scratch_path(folder, "p.svg"), NULL);
            assert_null(xml_fault(svg));
            assert_null(strstr(svg, "nan"));
            free(svg);
            ink_picture_free(both[k]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wilson_intervals),
        cmocka_unit_test(spread_of_values),
        cmocka_unit_test(scores_by_hand),
        cmocka_unit_test(calibration_by_hand),
        cmocka_unit_test(odd_probabilities),
        cmocka_unit_test(pairs_in_order),
        cmocka_unit_test(the_report_reads_as_scikit_learns),
        cmocka_unit_test(the_json),
        cmocka_unit_test(the_csv),
        cmocka_unit_test_setup_teardown(pictures, scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* tests/api/test_tta.c: looking again is the plain mean over the ways, and with a threshold only where asked for.
 * What a warp does to pixels is tests/data/test_augment.c's and tests/ops' business. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "api/tta.h"
#include "core/mem.h"
#include "data/synth.h"

#define DIGITS 60

static ink_machine machine;
static uint8_t pixels[DIGITS * 784], labels[DIGITS];
static ink_images images = {.count = DIGITS, .height = 28, .width = 28, .pixels = pixels, .labels = labels};

static int begin(void **state) {
    static const ink_engine engine = {.threads = 2, .precision = "f32"};
    (void)state;
    for (uint32_t i = 0; i < DIGITS; i++) ink_synth_digit(9, i, pixels + (size_t)i * 784, &labels[i]);
    return ink_machine_open(&engine, &machine, NULL) != INK_OK;
}

static int end(void **state) {
    (void)state;
    ink_machine_close(&machine);
    return 0;
}

static void predict(const char *tta, double below, ink_predictions *out) {
    static const char *const name = "tiny";
    ink_models models;
    ink_error err;
    if (ink_models_open(&name, 1, &machine, 16, &models, &err) != INK_OK ||
        ink_tta_choose(tta, below, &models, &err) != INK_OK ||
        ink_models_predict(&models, &images, NULL, out, &err) != INK_OK) {
        fail_msg("%s", err.text);
    }
    ink_models_close(&models);
}

static void it_is_the_mean_over_the_ways(void **state) {
    ink_predictions got;
    ink_model *model = NULL;
    (void)state;
    predict("all", 0, &got);
    assert_int_equal(ink_model_open_builtin("tiny", NULL, &model, NULL), INK_OK);
    for (size_t i = 0; i < DIGITS; i++) {
        double sum[10] = {0};
        for (uint32_t way = 0; way < INK_TTA_MOST; way++) {
            float warped[784], p[10];
            uint8_t bytes[784];
            ink_warp_apply(ink_tta_warp(way), pixels + i * 784, 28, 28, warped);
            for (size_t k = 0; k < 784; k++) bytes[k] = (uint8_t)(warped[k] + 0.5f);
            if (way == 0) assert_memory_equal(bytes, pixels + i * 784, 784);
            assert_int_equal(ink_model_predict(model, bytes, 1, p, NULL), INK_OK);
            for (int c = 0; c < 10; c++) sum[c] += (double)p[c];
        }
        for (size_t c = 0; c < 10; c++) assert_true(fabs((double)got.p[i * 10 + c] - sum[c] / INK_TTA_MOST) < 1e-5);
    }
    ink_model_free(model);
    ink_predictions_free(&got);
}

static void one_way_is_no_other(void **state) {
    ink_predictions plain, one;
    (void)state;
    predict(NULL, 0, &plain);
    predict("1", 0, &one);
    assert_memory_equal(plain.p, one.p, DIGITS * 10 * sizeof(float));
    ink_predictions_free(&plain);
    ink_predictions_free(&one);
}

static void only_the_unsure_are_looked_at_again(void **state) {
    ink_predictions plain, all, some;
    double most = 0;
    uint32_t again = 0;
    (void)state;
    predict(NULL, 0, &plain);
    /* A threshold with images on both sides of it: between the least and the most sure. */
    for (uint32_t i = 0; i < DIGITS; i++) most = fmax(most, (double)plain.p[i * 10 + plain.digits[i]]);
    predict("all", 0, &all);
    predict(NULL, most, &some);
    for (uint32_t i = 0; i < DIGITS; i++) {
        bool unsure = (double)plain.p[i * 10 + plain.digits[i]] < most;
        const ink_predictions *like = unsure ? &all : &plain;
        again += unsure;
        for (size_t c = 0; c < 10; c++) assert_true(fabsf(some.p[i * 10 + c] - like->p[i * 10 + c]) < 1e-6f);
        assert_int_equal(some.digits[i], like->digits[i]);
        assert_true(fabs(some.losses[i] - like->losses[i]) < 1e-4 * (1 + like->losses[i]));
    }
    assert_true(again > 0 && again < DIGITS);
    ink_predictions_free(&plain);
    ink_predictions_free(&all);
    ink_predictions_free(&some);
}

static void wrong_words_are_told(void **state) {
    static const char *const words[] = {"0", "16", "many", "-1", "2.5", ""};
    ink_models models = {0};
    ink_error err;
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        assert_int_equal(ink_tta_choose(words[i], 0, &models, &err), INK_E_USAGE);
        assert_non_null(strstr(err.text, "expected all or a whole number 1..15"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_mean_over_the_ways),
        cmocka_unit_test(one_way_is_no_other),
        cmocka_unit_test(only_the_unsure_are_looked_at_again),
        cmocka_unit_test(wrong_words_are_told),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

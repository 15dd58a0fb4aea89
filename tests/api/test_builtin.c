/* tests/api/test_builtin.c: the models in the library open, are as small as they must be, say where they come from, and
 * read digits that they never saw.
 * How well they read real ones is measured when they are made (docs/models.md). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "api/builtin.h"
#include "api/models.h"
#include "core/mem.h"
#include "data/synth.h"

#define DIGITS 500

static void each_opens_by_its_name(void **state) {
    size_t n = 0;
    uint8_t blank[784] = {0};
    (void)state;
    for (const char *name; (name = ink_model_builtin_name(n)) != NULL; n++) {
        ink_model *model = NULL;
        ink_error err;
        float p[10], sum = 0;
        if (ink_model_open_builtin(name, NULL, &model, &err) != INK_OK) fail_msg("%s", err.text);
        assert_int_equal(ink_model_predict(model, blank, 1, p, &err), INK_OK);
        for (int d = 0; d < 10; d++) sum += p[d];
        assert_true(fabsf(sum - 1) < 1e-5f);
        ink_model_free(model);
    }
    assert_true(n >= 1);
    assert_null(ink_model_builtin_name(n + 5));
}

static void a_wrong_name_is_told(void **state) {
    ink_model *model = (ink_model *)&state;
    ink_error err;
    (void)state;
    assert_int_equal(ink_model_open_builtin("digit", NULL, &model, &err), INK_E_USAGE);
    assert_null(model);
    assert_non_null(strstr(err.text, "\"digit\""));
    assert_non_null(strstr(err.hint, "did you mean \"digits\"?"));
    assert_int_equal(ink_model_open_builtin("zebra", NULL, &model, &err), INK_E_USAGE);
    assert_non_null(strstr(err.hint, "digits"));
    assert_int_equal(ink_model_open_builtin("digits", NULL, NULL, &err), INK_E_USAGE);
}

/* Every card is filled in, and no file is larger than promised. */
static void each_says_where_it_comes_from(void **state) {
    static const char *const wanted[] = {"inkling.recipe", "inkling.data_sha256", "inkling.seed",
                                         "inkling.score",  "inkling.command",     "inkling.about"};
    (void)state;
    for (const ink_embedded *file = ink_builtin_models; file->name != NULL; file++) {
        ink_modelfile model;
        ink_error err;
        if (ink_modelfile_open(file->name, &model, &err) != INK_OK) fail_msg("%s", err.text);
        assert_true(file->size_bytes <= 250000);
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
            if (ink_tensors_note(&model.tensors, wanted[i]) == NULL) fail_msg("%s lacks %s", file->name, wanted[i]);
        }
        uint64_t n = 0;
        for (size_t i = 0; i < model.tensors.n; i++) {
            const ink_tensor *tensor = &model.tensors.items[i];
            bool learned = !ink_tensor_is_aside(&model.tensors, tensor) && strstr(tensor->name, ".running_") == NULL;
            n += learned ? tensor->count : 0;
        }
        if (strcmp(file->name, "tiny") == 0) assert_true(n < 6000);
        ink_modelfile_free(&model);
    }
}

/* Digits that inkling draws itself: another hand than any that the models learned from. */
static void each_reads_drawn_digits(void **state) {
    uint8_t *images = ink_mem_new(DIGITS, 784), labels[DIGITS];
    float *p = ink_mem_new(DIGITS, 10 * sizeof *p);
    const char *name;
    (void)state;
    assert_true(images != NULL && p != NULL);
    for (uint32_t i = 0; i < DIGITS; i++) ink_synth_digit(5, i, images + (size_t)i * 784, &labels[i]);
    for (size_t k = 0; (name = ink_model_builtin_name(k)) != NULL; k++) {
        ink_model *model = NULL;
        int right = 0;
        assert_int_equal(ink_model_open_builtin(name, NULL, &model, NULL), INK_OK);
        assert_int_equal(ink_model_predict(model, images, DIGITS, p, NULL), INK_OK);
        for (int i = 0; i < DIGITS; i++) {
            int best = 0;
            for (int d = 1; d < 10; d++) best = p[i * 10 + d] > p[i * 10 + best] ? d : best;
            right += best == labels[i];
        }
        print_message("%s: %d of %d\n", name, right, DIGITS);
        assert_true(right >= DIGITS * 9 / 10);
        ink_model_free(model);
    }
    ink_mem_free(images);
    ink_mem_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_opens_by_its_name),
        cmocka_unit_test(a_wrong_name_is_told),
        cmocka_unit_test(each_says_where_it_comes_from),
        cmocka_unit_test(each_reads_drawn_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

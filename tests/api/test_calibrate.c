/* tests/api/test_calibrate.c: the temperature that made the labels is found again, and a model file keeps it.
 * That training fits one is tests/e2e/cli_members.sh's business. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "api/calibrate.h"
#include "api/models.h"
#include "api/modelfile_copy.h"
#include "core/mem.h"
#include "core/rng.h"

#define ROWS 20000

/* A label drawn from softmax(z / t). */
static uint8_t draw(ink_rng *rng, const float z[10], double t) {
    double p[10], sum = 0;
    for (int c = 0; c < 10; c++) sum += p[c] = exp((double)z[c] / t);
    double at = (double)ink_rng_between(rng, 0.0f, 1.0f) * sum;
    for (uint8_t c = 0; c < 9; c++) {
        at -= p[c];
        if (at < 0) return c;
    }
    return 9;
}

static void the_temperature_of_the_labels_is_found(void **state) {
    static const double temperatures[] = {0.3, 0.62, 1.0, 2.5};
    float *logits = ink_mem_new(ROWS, 10 * sizeof *logits);
    uint8_t *labels = ink_mem_new(ROWS, 1);
    (void)state;
    assert_true(logits != NULL && labels != NULL);
    for (size_t k = 0; k < sizeof temperatures / sizeof *temperatures; k++) {
        ink_rng rng = ink_rng_at(11, INK_STREAM_SAMPLE, k, 0);
        for (size_t i = 0; i < ROWS; i++) {
            for (size_t c = 0; c < 10; c++) logits[i * 10 + c] = (float)(2 * ink_rng_normal(&rng));
            labels[i] = draw(&rng, logits + i * 10, temperatures[k]);
        }
        double found = ink_temperature_fit(logits, labels, ROWS);
        assert_true(fabs(found / temperatures[k] - 1) < 0.03);
        assert_true(found == ink_temperature_fit(logits, labels, ROWS));
    }
    ink_mem_free(logits);
    ink_mem_free(labels);
}

/* Nine of ten are right, as sure as they should be; the tenth is a class that was thought impossible. The likelihood
 * wants such a net far less sure, which it should not be. */
static void a_temperature_that_does_harm_is_not_taken(void **state) {
    enum { N = 200 };
    float logits[N * 10];
    uint8_t labels[N];
    (void)state;
    for (int i = 0; i < N; i++) {
        for (int c = 0; c < 10; c++) logits[i * 10 + c] = c == 0 ? 2.1972246f : c == 1 ? 0.0f : -30.0f;
        labels[i] = i % 10 == 0 ? 2 : 0;
    }
    ink_calibration c = ink_calibration_of(logits, labels, N);
    assert_true(c.fitted && c.found > 2 && c.ece_after > c.ece_before + 0.05);
    assert_true(c.temperature == 1);
    for (int i = 0; i < N; i += 2) labels[i] = 1; /* and here it should be less sure */
    c = ink_calibration_of(logits, labels, N);
    assert_true(c.fitted && c.temperature > 2 && c.temperature == c.found && c.ece_after < c.ece_before);
}

/* The answer stays, its probability moves as it should. */
static void a_model_is_cooled_by_its_file(void **state) {
    char path[] = "/tmp/inkling-cool-XXXXXX";
    static const ink_pair cool = {"inkling.temperature", "0.5"}, plain = {"inkling.temperature", "1"},
                          wrong = {"inkling.temperature", "hot"};
    ink_modelfile file;
    ink_model *model = NULL;
    ink_error err;
    uint8_t image[784] = {0};
    float p[10], q[10];
    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0 && close(fd) == 0);
    for (int y = 5; y < 23; y++) image[y * 28 + 13] = image[y * 28 + 14] = 255;
    assert_int_equal(ink_modelfile_open("tiny", &file, &err), INK_OK);
    assert_int_equal(ink_modelfile_copy(&file, INK_F32, &plain, 1, path, &err), INK_OK);
    assert_int_equal(ink_model_open(path, NULL, &model, &err), INK_OK);
    assert_int_equal(ink_model_predict(model, image, 1, p, &err), INK_OK);
    ink_model_free(model);
    assert_int_equal(ink_modelfile_copy(&file, INK_F32, &cool, 1, path, &err), INK_OK);
    assert_int_equal(ink_model_open(path, NULL, &model, &err), INK_OK);
    assert_int_equal(ink_model_predict(model, image, 1, q, &err), INK_OK);
    ink_model_free(model);
    double sum = 0;
    for (int c = 0; c < 10; c++) sum += (double)p[c] * (double)p[c];
    for (int c = 0; c < 10; c++) assert_true(fabs((double)q[c] - (double)p[c] * (double)p[c] / sum) < 1e-5);
    assert_int_equal(ink_modelfile_copy(&file, INK_F32, &wrong, 1, path, &err), INK_OK);
    assert_int_equal(ink_model_open(path, NULL, &model, &err), INK_E_DATA);
    assert_non_null(strstr(err.text, "inkling.temperature is \"hot\""));
    ink_modelfile_free(&file);
    assert_int_equal(unlink(path), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_temperature_of_the_labels_is_found),
        cmocka_unit_test(a_temperature_that_does_harm_is_not_taken),
        cmocka_unit_test(a_model_is_cooled_by_its_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

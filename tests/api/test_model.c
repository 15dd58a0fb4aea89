/* tests/api/test_model.c: inkling.h's model: files that are right, and files that are not.
 * What nets compute is tests/ops' business. */
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

#include "api/modelfile_write.h"
#include "core/mem.h"
#include "files/source.h"

static char folder[] = "/tmp/inkling-model-XXXXXX", path[64];
static float weight[10 * 784], bias[10];
static uint8_t *bytes;
static size_t size;

static const ink_normalise normalise = {.channels = 1, .scale = {1.0f / 255}};
static struct ink_weight items[2] = {
    {.name = "0.weight", .rank = 2, .dim = {10, 784, 1, 1}, .count = 7840, .data = weight},
    {.name = "0.bias", .rank = 1, .dim = {10, 1, 1, 1}, .count = 10, .data = bias},
};

static ink_status write_model(const char *net, uint32_t n_items, ink_error *err) {
    ink_weights weights = {.n = n_items, .item = items};
    ink_modelfile_notes notes = {.net_text = net, .normalise = &normalise, .height = 28, .width = 28, .recipe = "test"};
    return ink_modelfile_write(path, &weights, &notes, err);
}

/* Class d looks at pixel d alone. */
static int make_model(void **state) {
    ink_source *source = NULL;
    (void)state;
    if (mkdtemp(folder) == NULL) return 1;
    snprintf(path, sizeof path, "%s/m.safetensors", folder);
    for (int d = 0; d < 10; d++) weight[d * 784 + d] = 2.0f;
    bias[3] = 0.5f;
    if (write_model("linear 10", 2, NULL) != INK_OK) return 1;
    if (ink_source_open(path, &source, NULL) != INK_OK) return 1;
    ink_status status = ink_source_read_all(source, 1 << 20, &bytes, &size, NULL);
    ink_source_close(source);
    return status != INK_OK;
}

static int drop_model(void **state) {
    (void)state;
    ink_mem_free(bytes);
    return unlink(path) != 0 || rmdir(folder) != 0;
}

static void it_predicts_what_the_weights_say(void **state) {
    ink_model *model = NULL;
    ink_error err;
    uint8_t images[3 * 784] = {0};
    float p[30];
    (void)state;
    images[7] = 255;             /* image 0: class 7 */
    images[784 + 3] = 51;        /* image 1: class 3, a fifth */
    images[2 * 784 + 700] = 255; /* image 2: a pixel that no class looks at */
    if (ink_model_open(path, &(ink_model_options){.threads = 2, .max_batch = 2}, &model, &err) != INK_OK) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(ink_model_predict(model, images, 3, p, &err), INK_OK);
    const double z[3][2] = {{7, 2.0}, {3, 0.9}, {3, 0.5}};
    for (int i = 0; i < 3; i++) {
        double sum = 0;
        for (int d = 0; d < 10; d++) sum += exp(d == (int)z[i][0] ? z[i][1] : d == 3 ? 0.5 : 0.0);
        assert_true(fabs((double)p[i * 10 + (int)z[i][0]] - exp(z[i][1]) / sum) < 1e-6);
    }
    ink_model_free(model);
    ink_model_free(NULL);
}

static void wrong_arguments_are_told(void **state) {
    ink_model *model = (ink_model *)&state;
    uint8_t out[784];
    ink_error err;
    (void)state;
    assert_int_equal(ink_model_open(NULL, NULL, &model, NULL), INK_E_USAGE);
    assert_null(model);
    assert_int_equal(ink_model_open(path, NULL, NULL, NULL), INK_E_USAGE);
    assert_int_equal(ink_model_open("/nowhere/m.safetensors", NULL, &model, NULL), INK_E_FILE);
    assert_int_equal(ink_model_predict(NULL, out, 1, NULL, NULL), INK_E_USAGE);
    assert_int_equal(ink_digit_prepare(out, 0, 1, 1, 0, out, &err), INK_E_USAGE);
    assert_string_equal(err.text, "ink_digit_prepare: a picture of 0x1, expected 1x1 to 4096x4096");
    assert_int_equal(ink_digit_prepare(out, 28, 28, 27, 0, out, &err), INK_E_USAGE);
    assert_string_equal(err.text, "ink_digit_prepare: stride_bytes is 27, less than the width, 28");
    assert_int_equal(ink_digit_prepare(NULL, 28, 28, 28, 0, out, &err), INK_E_USAGE);
    assert_string_equal(err.text, "ink_digit_prepare: NULL argument");
}

static void damaged_files_are_refused(void **state) {
    ink_model *model = NULL;
    ink_error err;
    (void)state;
    for (size_t cut = 0; cut < size; cut += cut < 700 ? 1 : 997) {
        assert_int_equal(ink_model_open_memory(bytes, cut, "cut", NULL, &model, &err), INK_E_DATA);
        assert_null(model);
    }
    assert_int_equal(ink_model_open_memory(bytes, size, "whole", NULL, &model, &err), INK_OK);
    ink_model_free(model);
}

static void files_that_fit_no_net_are_told(void **state) {
    static const struct {
        const char *net, *says;
    } wrong[] = {
        {"linear 10\nlinear 10", "1.weight"},
        {"relu\nlinear 10", "0.bias"},
        {"linear 11", "11 outputs"},
        {"linaer 10", "linaer"},
    };
    ink_model *model = NULL;
    ink_error err;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(write_model(wrong[i].net, 2, &err), INK_OK);
        assert_int_equal(ink_model_open(path, NULL, &model, &err), INK_E_DATA);
        assert_int_equal(err.status, INK_E_DATA);
        if (strstr(err.text, wrong[i].says) == NULL) fail_msg("\"%s\" says: %s", wrong[i].net, err.text);
    }
    weight[5] = NAN;
    assert_int_equal(write_model("linear 10", 2, &err), INK_E_DIVERGED);
    weight[5] = 0;
    assert_int_equal(write_model("linear 10", 2, &err), INK_OK);
}

/* Weights that are finite, of a net whose answers are not. */
static void answers_that_are_no_numbers_are_refused(void **state) {
    ink_model *model = NULL;
    ink_error err;
    uint8_t images[2 * 784];
    float p[20];
    (void)state;
    memset(images, 0, 784);
    memset(images + 784, 255, 784);
    weight[0] = weight[1] = 3e38f;
    assert_int_equal(write_model("linear 10", 2, &err), INK_OK);
    assert_int_equal(ink_model_open(path, NULL, &model, &err), INK_OK);
    assert_int_equal(ink_model_predict(model, images, 1, p, &err), INK_OK);
    assert_int_equal(ink_model_predict(model, images, 2, p, &err), INK_E_DATA);
    assert_string_equal(err.text, "the net's answer is no finite number: its weights are too large");
    ink_model_free(model);
    weight[0] = 2.0f;
    weight[1] = 0;
    assert_int_equal(write_model("linear 10", 2, &err), INK_OK);
}

static void a_digit_is_prepared(void **state) {
    uint8_t paper[40 * 50], out[784];
    (void)state;
    memset(paper, 255, sizeof paper);
    assert_int_equal(ink_digit_prepare(paper, 40, 50, 40, 1, out, NULL), INK_E_DATA);
    for (int y = 10; y < 40; y++) paper[y * 40 + 30] = 0;
    assert_int_equal(ink_digit_prepare(paper, 40, 50, 40, 1, out, NULL), INK_OK);
    assert_true(out[14 * 28 + 14] > 100);
    assert_int_equal(out[0], 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_predicts_what_the_weights_say),
        cmocka_unit_test(wrong_arguments_are_told),
        cmocka_unit_test(damaged_files_are_refused),
        cmocka_unit_test(files_that_fit_no_net_are_told),
        cmocka_unit_test(answers_that_are_no_numbers_are_refused),
        cmocka_unit_test(a_digit_is_prepared),
    };
    return cmocka_run_group_tests(tests, make_model, drop_model);
}

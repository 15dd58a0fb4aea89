/* tests/api/test_small.c: weights in halves and bytes come back as near as the header says.
 * Halves one by one are tests/core/test_half.c's. */
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

#include "api/modelfile_copy.h"
#include "api/modelfile_write.h"
#include "core/half.h"
#include "core/rng.h"

#define COUNT ((size_t)10 * 784)

static char folder[] = "/tmp/inkling-copy-XXXXXX", path[64], small[64], again[64];
static float weight[10 * 784], bias[10];
static const ink_normalise normalise = {.channels = 1, .scale = {1.0f / 255}};
static struct ink_weight items[2] = {
    {.name = "0.weight", .rank = 2, .dim = {10, 784, 1, 1}, .count = 7840, .data = weight},
    {.name = "0.bias", .rank = 1, .dim = {10, 1, 1, 1}, .count = 10, .data = bias},
};

static void write_model(void) {
    ink_weights weights = {.n = 2, .item = items};
    ink_modelfile_notes notes = {
        .net_text = "linear 10", .normalise = &normalise, .height = 28, .width = 28, .recipe = "test"};
    assert_int_equal(ink_modelfile_write(path, &weights, &notes, NULL), INK_OK);
}

static void open_file(const char *name, ink_modelfile *file) {
    ink_tensors tensors;
    ink_error err;
    if (ink_tensors_open(name, &tensors, &err) != INK_OK || ink_modelfile_take(&tensors, name, file, &err) != INK_OK) {
        fail_msg("%s", err.text);
    }
}

static ink_status copy_file(const char *from, ink_dtype dtype, const char *to, ink_error *err) {
    static const ink_pair notes[] = {{"inkling.score", "50 %"}, {"inkling.recipe", "small"}};
    ink_modelfile file;
    open_file(from, &file);
    ink_status status = ink_modelfile_copy(&file, dtype, notes, 2, to, err);
    ink_modelfile_free(&file);
    return status;
}

/* The weights of a file, with what its metadata say checked. */
static void read_weights(const char *name, float to[10 * 784]) {
    ink_modelfile file;
    ink_error err;
    open_file(name, &file);
    assert_string_equal(file.recipe, "small");
    assert_string_equal(ink_tensors_note(&file.tensors, "inkling.score"), "50 %");
    assert_string_equal(ink_tensors_note(&file.tensors, "inkling.net"), "linear 10");
    if (ink_tensor_weights(&file.tensors, ink_tensors_find(&file.tensors, "0.weight"), name, to, &err) != INK_OK) {
        fail_msg("%s", err.text);
    }
    ink_modelfile_free(&file);
}

static int make_model(void **state) {
    ink_rng rng = ink_rng_at(7, INK_STREAM_INIT, 0, 0);
    (void)state;
    if (mkdtemp(folder) == NULL) return 1;
    snprintf(path, sizeof path, "%s/m.safetensors", folder);
    snprintf(small, sizeof small, "%s/s.safetensors", folder);
    snprintf(again, sizeof again, "%s/t.safetensors", folder);
    for (size_t i = 0; i < COUNT; i++) weight[i] = (float)(i / 784 + 1) * 0.01f * (float)ink_rng_normal(&rng);
    for (size_t i = 0; i < 784; i++) weight[3 * 784 + i] = 0; /* a row of nothing */
    bias[3] = 0.5f;
    return 0;
}

static int drop_model(void **state) {
    (void)state;
    (void)unlink(again);
    return unlink(path) != 0 || unlink(small) != 0 || rmdir(folder) != 0;
}

static void halves_are_the_nearest(void **state) {
    static float got[10 * 784];
    (void)state;
    write_model();
    assert_int_equal(copy_file(path, INK_F16, small, NULL), INK_OK);
    read_weights(small, got);
    for (size_t i = 0; i < COUNT; i++) assert_true(got[i] == ink_half_widen(ink_half_nearest(weight[i])));
}

static void bytes_are_within_half_a_step(void **state) {
    static float got[10 * 784];
    (void)state;
    write_model();
    assert_int_equal(copy_file(path, INK_I8, small, NULL), INK_OK);
    read_weights(small, got);
    for (size_t k = 0; k < 10; k++) {
        float most = 0;
        for (size_t i = 0; i < 784; i++) most = fmaxf(most, fabsf(weight[k * 784 + i]));
        for (size_t i = k * 784; i < (k + 1) * 784; i++) {
            assert_true(fabsf(got[i] - weight[i]) <= most / 127 * 0.50001f);
        }
    }
    for (size_t i = 3 * 784; i < 4 * 784; i++) assert_true(got[i] == 0);
}

/* A copy of a copy says the same, and what is already small can be made wide again. */
static void a_copy_can_be_copied(void **state) {
    static float once[10 * 784], twice[10 * 784], wide[10 * 784];
    (void)state;
    write_model();
    assert_int_equal(copy_file(path, INK_I8, small, NULL), INK_OK);
    read_weights(small, once);
    assert_int_equal(copy_file(small, INK_I8, again, NULL), INK_OK);
    read_weights(again, twice);
    assert_int_equal(copy_file(small, INK_F32, again, NULL), INK_OK);
    read_weights(again, wide);
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(fabsf(twice[i] - once[i]) <= 1e-6f * fabsf(once[i]));
        assert_true(wide[i] == once[i]);
    }
}

static void a_small_model_predicts_alike(void **state) {
    static const ink_dtype dtypes[] = {INK_F16, INK_I8};
    uint8_t image[784];
    float p[10], q[10];
    ink_model *model = NULL;
    (void)state;
    write_model();
    for (size_t i = 0; i < 784; i++) image[i] = (uint8_t)(i * 7);
    assert_int_equal(ink_model_open(path, NULL, &model, NULL), INK_OK);
    assert_int_equal(ink_model_predict(model, image, 1, p, NULL), INK_OK);
    ink_model_free(model);
    for (size_t k = 0; k < 2; k++) {
        assert_int_equal(copy_file(path, dtypes[k], small, NULL), INK_OK);
        assert_int_equal(ink_model_open(small, NULL, &model, NULL), INK_OK);
        assert_int_equal(ink_model_predict(model, image, 1, q, NULL), INK_OK);
        ink_model_free(model);
        for (int d = 0; d < 10; d++) assert_true(fabsf(p[d] - q[d]) < 0.01f);
    }
}

static void what_does_not_fit_is_told(void **state) {
    ink_error err;
    (void)state;
    weight[5] = 70000;
    write_model();
    assert_int_equal(copy_file(path, INK_F16, small, &err), INK_E_USAGE);
    assert_non_null(strstr(err.text, "weight 5 of 0.weight is 70000"));
    weight[5] = 0;
    write_model();
    assert_int_equal(copy_file(path, INK_I64, small, &err), INK_E_USAGE);
}

/* Bytes without their scales mean nothing. */
static void bytes_without_scales_are_refused(void **state) {
    ink_modelfile file;
    ink_model *model = NULL;
    ink_error err;
    (void)state;
    write_model();
    assert_int_equal(copy_file(path, INK_I8, small, NULL), INK_OK);
    open_file(small, &file);
    for (size_t i = 0; i < file.tensors.n; i++) {
        ink_tensor *tensor = &file.tensors.items[i];
        if (strcmp(tensor->name, "0.weight.scale") == 0) tensor->name = "0.weight.stale";
    }
    static float to[10 * 784];
    assert_int_equal(ink_tensor_weights(&file.tensors, ink_tensors_find(&file.tensors, "0.weight"), small, to, &err),
                     INK_E_DATA);
    assert_non_null(strstr(err.text, "expected 0.weight.scale"));
    ink_modelfile_free(&file);
    assert_int_equal(ink_model_open(small, NULL, &model, NULL), INK_OK);
    ink_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(halves_are_the_nearest),    cmocka_unit_test(bytes_are_within_half_a_step),
        cmocka_unit_test(a_copy_can_be_copied),      cmocka_unit_test(a_small_model_predicts_alike),
        cmocka_unit_test(what_does_not_fit_is_told), cmocka_unit_test(bytes_without_scales_are_refused),
    };
    return cmocka_run_group_tests(tests, make_model, drop_model);
}

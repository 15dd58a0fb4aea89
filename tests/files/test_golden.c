/* tests/files/test_golden.c: files that the safetensors package of Python wrote: read here, and written the same.
 * They come from tests/golden/make_safetensors.py, which says what stands in them. */
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "files/tensors_write.h"

static void golden_path(char *path, size_t size, const char *name) {
    snprintf(path, size, "%s/tests/golden/safetensors/%s.safetensors", INK_TEST_SOURCE, name);
}

/* make_safetensors.py's value(i); integers leave out the shift and the quarter. */
static float value(uint64_t i, ink_dtype dtype) {
    int v = (int)(i * 7 % 23);
    return dtype == INK_I64 || dtype == INK_U8 ? (float)v : (float)(v - 11) / 4;
}

static void all_values(const ink_tensors *tensors) {
    for (size_t k = 0; k < tensors->n; k++) {
        const ink_tensor *t = &tensors->items[k];
        float *x = calloc((size_t)t->count + 1, sizeof *x);
        assert_non_null(x);
        ink_tensor_floats(t, x);
        for (uint64_t i = 0; i < t->count; i++) assert_true(x[i] == value(i, t->dtype));
        free(x);
    }
}

static void same_when_written(const char *path, const ink_tensors *tensors) {
    ink_source *source = NULL;
    uint8_t *theirs = NULL, *ours = NULL;
    size_t n_theirs = 0, n_ours = 0;
    ink_error err;
    assert_int_equal(ink_source_open(path, &source, &err), INK_OK);
    assert_int_equal(ink_source_read_all(source, 1 << 20, &theirs, &n_theirs, &err), INK_OK);
    if (ink_tensors_bytes(tensors, &ours, &n_ours, &err) != INK_OK) fail_msg("%s", err.text);
    assert_int_equal(n_ours, n_theirs);
    assert_memory_equal(ours, theirs, n_ours);
    ink_source_close(source);
    ink_mem_free(theirs);
    ink_mem_free(ours);
}

static void pythons_file(const char *name, size_t n) {
    char path[1024];
    ink_tensors tensors;
    ink_error err;
    golden_path(path, sizeof path, name);
    if (ink_tensors_open(path, &tensors, &err) != INK_OK) fail_msg("%s", err.text);
    assert_int_equal(tensors.n, n);
    all_values(&tensors);
    same_when_written(path, &tensors);
    ink_tensors_free(&tensors);
}

static void all_dtypes(void **state) {
    (void)state;
    char path[1024];
    ink_tensors tensors;
    ink_error err;
    pythons_file("dtypes", 7);
    golden_path(path, sizeof path, "dtypes");
    assert_int_equal(ink_tensors_open(path, &tensors, &err), INK_OK);
    static const struct {
        const char *name;
        ink_dtype dtype;
        uint64_t count;
    } wanted[] = {{"a.float32", INK_F32, 6}, {"b.float64", INK_F64, 4},   {"c.float16", INK_F16, 3},
                  {"d.uint8", INK_U8, 5},    {"e.bfloat16", INK_BF16, 4}, {"f.int64", INK_I64, 1},
                  {"a.more", INK_F32, 1}};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        const ink_tensor *t = ink_tensors_find(&tensors, wanted[i].name);
        assert_non_null(t);
        assert_int_equal(t->dtype, wanted[i].dtype);
        assert_int_equal(t->count, wanted[i].count);
    }
    assert_string_equal(ink_tensors_note(&tensors, "format"), "pt");
    ink_tensors_free(&tensors);
}

static void odd_names_and_shapes(void **state) {
    (void)state;
    pythons_file("odd", 2);
}

static void no_tensors(void **state) {
    (void)state;
    pythons_file("empty", 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_dtypes),
        cmocka_unit_test(odd_names_and_shapes),
        cmocka_unit_test(no_tensors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* tests/files/test_submission.c: submissions and probabilities: their bytes, what a sample asks for, what is refused.
 * Whether the predictions are any good is for others. */
#include "table.h"

#include <float.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files/submission.h"

static char *slurp(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    static char text[1 << 16];
    assert_non_null(file);
    *size = fread(text, 1, sizeof text - 1, file);
    text[*size] = '\0';
    fclose(file);
    return text;
}

static const char *out_path(void) {
    static char path[256];
    snprintf(path, sizeof path, "%s/submission.csv", folder());
    return path;
}

static ink_status read_text(const char *text, ink_submission *out, ink_error *err) {
    ink_source *source = NULL;
    assert_int_equal(ink_source_open_memory(text, strlen(text), "sample_submission.csv", &source, err), INK_OK);
    ink_status status = ink_submission_read(source, out, err);
    ink_source_close(source);
    return status;
}

static void exact_bytes(void **state) {
    (void)state;
    static const uint8_t labels[] = {2, 0, 9};
    ink_error err;
    size_t size;
    unsigned before = folder_count();
    if (ink_submission_write(out_path(), labels, 3, NULL, NULL, &err) != INK_OK) fail_msg("%s", err.text);
    assert_string_equal(slurp(out_path(), &size), "ImageId,Label\n1,2\n2,0\n3,9\n");
    assert_int_equal(folder_count(), before + 1); /* no temporary file is left */
}

static void all_of_kaggles_rows(void **state) {
    (void)state;
    enum { ROWS = 28000 };
    static uint8_t labels[ROWS];
    ink_submission back;
    ink_source *source = NULL;
    ink_error err;
    for (unsigned i = 0; i < ROWS; i++) labels[i] = (uint8_t)(i * 7 % 10);
    if (ink_submission_write(out_path(), labels, ROWS, NULL, NULL, &err) != INK_OK) fail_msg("%s", err.text);
    assert_int_equal(ink_source_open(out_path(), &source, &err), INK_OK);
    assert_int_equal(ink_submission_read(source, &back, &err), INK_OK);
    assert_int_equal(back.count, ROWS);
    assert_memory_equal(back.labels, labels, ROWS);
    ink_submission_free(&back);
    ink_source_close(source);
}

static void accepted_forms(void **state) {
    (void)state;
    static const char *const texts[] = {
        "ImageId,Label\n1,0\n2,5\n",
        "ImageId,Label\r\n1,0\r\n2,5\r\n",
        "ImageId,Label\r1,0\r2,5",
        "\xef\xbb\xbfImageId,Label\n1,0\n2,5",
        "\"ImageId\",\"Label\"\n\"1\",\"0\"\n\"2\",\"5\"\n",
        "ImageId, Label\n 1 , 0 \n2,5\n\n\n",
        "ImageId,Label\n2,5\n1,0\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        ink_submission s;
        ink_error err;
        if (read_text(texts[i], &s, &err) != INK_OK) fail_msg("%s", err.text);
        assert_int_equal(s.count, 2);
        assert_int_equal(s.labels[s.ids[0] == 1 ? 1 : 0], 5);
        assert_int_equal(ink_submission_match(&s, "s", 2, &err), INK_OK);
        ink_submission_free(&s);
    }
}

static void refused_forms(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "sample_submission.csv: no rows"},
        {"ImageId,Label\n", "sample_submission.csv: no rows"},
        {"ImageId,Label\n\n\n", "sample_submission.csv: no rows"},
        {"1,2\n", "sample_submission.csv:1:1: the header is \"1\", expected ImageId,Label"},
        {"imageid,label\n1,2\n", "sample_submission.csv:1:1: the header is \"imageid\", expected ImageId,Label"},
        {"ImageId,Label,More\n1,2,3\n",
         "sample_submission.csv:1:2: the header is \"ImageId,Label,More\", expected ImageId,Label"},
        {"ImageId\n1\n", "sample_submission.csv:1:1: the header is \"ImageId\", expected ImageId,Label"},
        {"ImageId,Label\n0,2\n", "sample_submission.csv:2:1: ImageId is \"0\", expected a number from 1"},
        {"ImageId,Label\n-1,2\n", "sample_submission.csv:2:1: ImageId is \"-1\", expected a number from 1"},
        {"ImageId,Label\n1.0,2\n", "sample_submission.csv:2:1: ImageId is \"1.0\", expected a number from 1"},
        {"ImageId,Label\n4294967296,2\n",
         "sample_submission.csv:2:1: ImageId is \"4294967296\", expected a number from 1"},
        {"ImageId,Label\n1,10\n", "sample_submission.csv:2:2: Label is \"10\", expected a digit 0..9"},
        {"ImageId,Label\n1,\n", "sample_submission.csv:2:2: Label is \"\", expected a digit 0..9"},
        {"ImageId,Label\n1,2,3\n",
         "sample_submission.csv:2: the line is \"1,2,3\", expected two fields, ImageId,Label"},
        {"ImageId,Label\n1\n", "sample_submission.csv:2: the line is \"1\", expected two fields, ImageId,Label"},
        {"ImageId,Label\n1,2\n\n2,2\n", "sample_submission.csv:3: an empty line stands between the rows"},
        {"ImageId,Label\n1,2\n2,2\n1,3\n", "sample_submission.csv:4:1: an ImageId is there twice: \"1\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ink_submission s;
        ink_error err;
        assert_int_equal(read_text(cases[i].text, &s, &err), INK_E_DATA);
        assert_string_equal(err.text, cases[i].message);
        assert_null(s.ids);
    }
}

static void sample_asks_for_other_images(void **state) {
    (void)state;
    static const uint8_t labels[] = {2, 0, 9};
    ink_submission few, other;
    ink_error err;
    size_t size;
    assert_int_equal(ink_submission_write(out_path(), labels, 3, NULL, NULL, &err), INK_OK);
    assert_int_equal(read_text("ImageId,Label\n1,0\n2,0\n", &few, &err), INK_OK);
    assert_int_equal(ink_submission_write(out_path(), labels, 3, &few, "sample.csv", &err), INK_E_DATA);
    assert_string_equal(err.text, "sample.csv asks for 2 images, there are 3 predictions");
    assert_int_equal(read_text("ImageId,Label\n1,0\n2,0\n28001,0\n", &other, &err), INK_OK);
    assert_int_equal(ink_submission_write(out_path(), labels, 3, &other, "sample.csv", &err), INK_E_DATA);
    assert_string_equal(err.text, "sample.csv asks for the image 28001; there are only 3");
    /* The file from before is untouched. */
    assert_string_equal(slurp(out_path(), &size), "ImageId,Label\n1,2\n2,0\n3,9\n");
    ink_submission_free(&few);
    ink_submission_free(&other);
}

static void wrong_calls(void **state) {
    (void)state;
    static const uint8_t labels[] = {2, 10};
    ink_error err;
    assert_int_equal(ink_submission_write(out_path(), labels, 2, NULL, NULL, &err), INK_E_USAGE);
    assert_int_equal(ink_submission_write(out_path(), labels, 0, NULL, NULL, &err), INK_E_USAGE);
    assert_int_equal(ink_submission_write("/no/such/folder/s.csv", labels, 1, NULL, NULL, &err), INK_E_FILE);
}

static void probabilities(void **state) {
    (void)state;
    static const float p[] = {0.1f, 0.9f, 0.0f, 1.0f, 1.0f / 3, FLT_MIN};
    ink_error err;
    size_t size;
    (void)setlocale(LC_ALL, "de_DE.UTF-8"); /* where there is one */
    if (ink_probabilities_write(out_path(), p, 3, 2, &err) != INK_OK) fail_msg("%s", err.text);
    (void)setlocale(LC_ALL, "C");
    const char *text = slurp(out_path(), &size);
    assert_string_equal(text, "ImageId,p0,p1\n1,0.100000001,0.899999976\n2,0,1\n3,0.333333343,1.17549435e-38\n");
    assert_true(strtof(strstr(text, "0.333"), NULL) == p[4]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_bytes),
        cmocka_unit_test(all_of_kaggles_rows),
        cmocka_unit_test(accepted_forms),
        cmocka_unit_test(refused_forms),
        cmocka_unit_test(sample_asks_for_other_images),
        cmocka_unit_test(wrong_calls),
        cmocka_unit_test(probabilities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

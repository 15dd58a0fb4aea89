/* tests/api/test_serve_body.c: the JSON bodies of the service: what is taken, and what is refused, where and why.
 * HTTP around them is tests/e2e/serve.py's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "api/serve.h"
#include "core/mem.h"

#define ROOM 200000

static char body[ROOM];

/* "[v,v,...]" of n numbers appended. */
static void add_image(int n, const char *number) {
    size_t at = strlen(body);
    at += (size_t)snprintf(body + at, ROOM - at, "[");
    for (int i = 0; i < n; i++) at += (size_t)snprintf(body + at, ROOM - at, "%s%s", i > 0 ? "," : "", number);
    snprintf(body + at, ROOM - at, "]");
}

static void refuses(const char *word, const char *pointer) {
    uint8_t *images = (uint8_t *)body;
    uint32_t n = 1;
    ink_complaint why = {.code = 0};
    assert_false(ink_body_images((const uint8_t *)body, strlen(body), &images, &n, &why));
    assert_null(images);
    assert_int_equal(n, 0);
    assert_int_equal(why.code, 400);
    assert_string_equal(why.word, word);
    assert_string_equal(why.pointer, pointer);
    assert_true(why.message[0] != '\0');
}

static void refuses_text(const char *text, const char *word, const char *pointer) {
    snprintf(body, ROOM, "%s", text);
    refuses(word, pointer);
}

static void test_images(void **state) {
    uint8_t *images = NULL;
    uint32_t n = 0;
    ink_complaint why = {.code = 0};
    (void)state;
    strcpy(body, " {\r\n\"images\" : [");
    add_image(784, "7");
    strcat(body, " ,\t");
    add_image(784, " 255 ");
    strcat(body, "] } \n");
    assert_true(ink_body_images((const uint8_t *)body, strlen(body), &images, &n, &why));
    assert_int_equal(n, 2);
    assert_int_equal(images[783], 7);
    assert_int_equal(images[784], 255);
    ink_mem_free(images);
}

static void test_numbers(void **state) {
    static const char *const wrong[] = {"-1",   "256",         "1.0",   "1e2", "1e999", "NaN",  "\"3\"", "null",
                                        "01",   "00",          "",      "+3",  "0x1",   "true", "[1]",   "{}",
                                        "1000", "99999999999", "1 2\"", "-0"};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        strcpy(body, "{\"images\":[[0,5,");
        strcat(body, wrong[i]);
        strcat(body, ",1]]}");
        uint8_t *images = NULL;
        uint32_t n = 0;
        ink_complaint why = {.code = 0};
        assert_false(ink_body_images((const uint8_t *)body, strlen(body), &images, &n, &why));
        assert_int_equal(why.code, 400);
    }
    refuses_text("{\"images\":[[0,5,256", "bad_pixel", "/images/0/2");
}

static void test_sizes(void **state) {
    (void)state;
    strcpy(body, "{\"images\":[");
    add_image(783, "0");
    strcat(body, "]}");
    refuses("bad_size", "/images/0");
    strcpy(body, "{\"images\":[");
    add_image(784, "0");
    strcat(body, ",");
    add_image(785, "0");
    strcat(body, "]}");
    refuses("bad_size", "/images/1");
    refuses_text("{\"images\":[]}", "no_images", "/images");
    refuses_text("{\"images\":[[]]}", "bad_pixel", "/images/0/0");
}

static void test_syntax(void **state) {
    (void)state;
    refuses_text("", "bad_json", "");
    refuses_text("[]", "bad_json", "");
    refuses_text("{}", "bad_json", "");
    refuses_text("{\"images\"", "bad_json", "");
    refuses_text("{\"images\":3}", "bad_json", "/images");
    refuses_text("{\"image\":[]}", "unknown_key", "");
    refuses_text("{\"im\\u0061ges\":[]}", "bad_json", "");
    refuses_text("{\"\xff\xfe\":[]}", "bad_json", "");
    refuses_text("\xef\xbb\xbf{}", "bad_json", "");
    strcpy(body, "{\"images\":[");
    add_image(784, "0");
    strcat(body, "],\"images\":[]}");
    refuses("duplicate_key", "");
    strcpy(body, "{\"images\":[");
    add_image(784, "0");
    strcat(body, "]}x");
    refuses("bad_json", "");
    memset(body, '[', 100000);
    body[100000] = '\0';
    memcpy(body, "{\"images\":", 10);
    refuses("bad_pixel", "/images/0/0");
}

/* Cut anywhere, a body is refused, and nothing beyond its end is read (the sanitizers watch). */
static void test_every_cut(void **state) {
    (void)state;
    strcpy(body, "{\"images\":[");
    add_image(784, "10");
    strcat(body, "]}");
    size_t length = strlen(body);
    for (size_t cut = 0; cut < length; cut++) {
        uint8_t *copy = malloc(cut > 0 ? cut : 1), *images = NULL;
        uint32_t n = 0;
        ink_complaint why = {.code = 0};
        assert_non_null(copy);
        memcpy(copy, body, cut);
        assert_false(ink_body_images(copy, cut, &images, &n, &why));
        assert_int_equal(why.code, 400);
        free(copy);
    }
}

static void correction(const char *image, const char *label, const char *word) {
    uint8_t pixels[INK_DIGIT_PIXELS], digit = 99;
    ink_complaint why = {.code = 0};
    snprintf(body, ROOM, "{\"image\":\"%s\",\"label\":%s}", image, label);
    bool fine = ink_body_correction((const uint8_t *)body, strlen(body), pixels, &digit, &why);
    assert_int_equal(fine, word == NULL);
    if (word != NULL) assert_string_equal(why.word, word);
    if (word == NULL) assert_int_equal(pixels[783], 255);
}

static void test_correction(void **state) {
    char image[1049];
    (void)state;
    memset(image, 'A', 1048);
    memcpy(image + 1044, "/w==", 5); /* the 784th byte is 255 */
    correction(image, "7", NULL);
    correction(image, "10", "bad_label");
    correction(image, "-1", "bad_label");
    correction(image, "\"7\"", "bad_label");
    correction(image + 4, "7", "bad_image");
    image[1045] = 'x'; /* bits that no byte has */
    correction(image, "7", "bad_image");
    image[1045] = 'w';
    image[3] = '*';
    correction(image, "7", "bad_image");
    image[3] = '=';
    correction(image, "7", "bad_image");
    uint8_t pixels[INK_DIGIT_PIXELS], digit;
    ink_complaint why = {.code = 0};
    assert_false(ink_body_correction((const uint8_t *)"{\"label\":3}", 11, pixels, &digit, &why));
    assert_string_equal(why.word, "missing_key");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_images), cmocka_unit_test(test_numbers),   cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_syntax), cmocka_unit_test(test_every_cut), cmocka_unit_test(test_correction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* tests/files/test_safetensors.c: every kind of bad header, dtypes as floats, what is written is what is read.
 * Files of the format's own Python package: test_golden.c. */
#include "table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/mem.h"
#include "core/utf8.h"
#include "files/tensors_write.h"

#define F32_2 "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]"

typedef struct bad_case {
    const char *name, *header;
    size_t data_bytes;
    const char *text; /* part of the message */
} bad_case;

static const bad_case cases[] = {
    {"not_an_object", "[1,2]", 0, "expected '{'"},
    {"begins_with_a_space", " {}", 0, "expected '{'"},
    {"only_an_opening_brace", "{", 0, "the header ends early"},
    {"text_behind_the_object", "{}x", 0, "expected the end of the header"},
    {"a_second_object", "{} {}", 0, "expected the end of the header"},
    {"not_utf8", "{\"\xff\":{" F32_2 "}}", 8, "byte 10: the header is not UTF-8"},
    {"overlong_utf8", "{\"\xc0\xaf\":{" F32_2 "}}", 8, "not UTF-8"},
    {"surrogate_in_utf8", "{\"\xed\xa0\x80\":{" F32_2 "}}", 8, "not UTF-8"},
    {"lone_surrogate_escape", "{\"\\ud800\":{" F32_2 "}}", 8, "an escape that JSON does not know"},
    {"unknown_escape", "{\"\\x41\":{" F32_2 "}}", 8, "an escape that JSON does not know"},
    {"nul_escape", "{\"a\\u0000b\":{" F32_2 "}}", 8, "a string holds a NUL"},
    {"control_character_in_string", "{\"a\nb\":{" F32_2 "}}", 8, "a control character stands in a string"},
    {"string_never_ends", "{\"a", 0, "a string never ends"},
    {"deep_nesting", "{\"a\":{\"dtype\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]],\"shape\":[2],\"data_offsets\":[0,8]}}", 8,
     "expected a string"},
    {"deep_nesting_of_objects", "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":{\"h\":{\"i\":1}}}}}}}}}", 0,
     "expected dtype, shape or data_offsets"},
    {"name_twice", "{\"a\":{" F32_2 "},\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}", 16,
     "a tensor is there twice: \"a\""},
    {"name_twice_by_escape",
     "{\"a\":{" F32_2 "},\"\\u0061\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}", 16,
     "a tensor is there twice: \"a\""},
    {"dtype_twice", "{\"a\":{\"dtype\":\"F32\"," F32_2 "}}", 8, "a key is there twice: \"dtype\""},
    {"metadata_twice", "{\"__metadata__\":{},\"__metadata__\":{}}", 0, "a key is there twice: \"__metadata__\""},
    {"metadata_key_twice", "{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", 0,
     "a key of the metadata is there twice: \"k\""},
    {"metadata_of_numbers", "{\"__metadata__\":{\"k\":1}}", 0, "expected a string"},
    {"metadata_no_object", "{\"__metadata__\":\"pt\"}", 0, "expected an object of texts"},
    {"unknown_key", "{\"a\":{\"offsets\":[0,8]," F32_2 "}}", 8, "expected dtype, shape or data_offsets"},
    {"no_dtype", "{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "a tensor lacks dtype, shape or data_offsets"},
    {"no_shape", "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8, "a tensor lacks dtype"},
    {"no_offsets", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "a tensor lacks dtype"},
    {"dtype_i32", "{\"a\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8,
     "dtype is \"I32\", expected one of F32 F64 F16 BF16 I64 U8"},
    {"dtype_f8", "{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[2],\"data_offsets\":[0,2]}}", 2, "dtype is \"F8_E4M3\""},
    {"dtype_of_small_letters", "{\"a\":{\"dtype\":\"f32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8,
     "dtype is \"f32\""},
    {"shape_with_exponent", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1e3],\"data_offsets\":[0,4000]}}", 4000,
     "expected an integer"},
    {"shape_with_point", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}", 8,
     "expected an integer"},
    {"shape_negative", "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, "expected an integer"},
    {"shape_with_leading_zero", "{\"a\":{\"dtype\":\"F32\",\"shape\":[02],\"data_offsets\":[0,8]}}", 8,
     "expected an integer"},
    {"shape_of_2_to_53", "{\"a\":{\"dtype\":\"F32\",\"shape\":[9007199254740992],\"data_offsets\":[0,8]}}", 8,
     "expected an integer"},
    {"shape_of_2_to_64", "{\"a\":{\"dtype\":\"F32\",\"shape\":[18446744073709551616],\"data_offsets\":[0,8]}}", 8,
     "expected an integer"},
    {"shape_of_nine_sizes", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", 4,
     "a shape of at most 8 sizes"},
    {"shape_of_text", "{\"a\":{\"dtype\":\"F32\",\"shape\":[\"2\"],\"data_offsets\":[0,8]}}", 8, "expected an integer"},
    {"shape_overflows", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2,18446744073709551614],\"data_offsets\":[0,16]}}", 16,
     "expected an integer"},
    {"shape_product_overflows",
     "{\"a\":{\"dtype\":\"F32\",\"shape\":[4194305,4194305,4194305],\"data_offsets\":[0,16]}}", 16,
     "a shape's product overflows"},
    {"shape_bytes_overflow", "{\"a\":{\"dtype\":\"F64\",\"shape\":[2147483648,4294967296],\"data_offsets\":[0,16]}}",
     16, "a tensor's size overflows"},
    {"shape_zero_hides_overflow",
     "{\"a\":{\"dtype\":\"F32\",\"shape\":[4194305,4194305,4194305,0],\"data_offsets\":[0,0]}}", 0,
     "a shape's product overflows"},
    {"size_does_not_fit_shape", "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8,
     "a tensor has 8 bytes, its shape and dtype need 12: \"a\""},
    {"one_offset", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8]}}", 8, "expected [begin,end]"},
    {"three_offsets", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,16]}}", 8, "expected [begin,end]"},
    {"end_before_begin", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8,
     "a tensor ends before it begins"},
    {"hole_at_the_front", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", 12,
     "a hole lies before"},
    {"hole_inside", "{\"a\":{" F32_2 "},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[12,16]}}", 16,
     "a hole lies before a tensor: \"b\""},
    {"overlap", "{\"a\":{" F32_2 "},\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", 12,
     "a tensor overlaps the one before it: \"b\""},
    {"unsorted_overlap", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]},\"b\":{" F32_2 "}}", 12,
     "a tensor overlaps the one before it: \"a\""},
    {"same_bytes_twice", "{\"a\":{" F32_2 "},\"b\":{" F32_2 "}}", 8, "a tensor overlaps the one before it: \"b\""},
    {"beyond_the_end", "{\"a\":{" F32_2 "}}", 7, "a tensor lies outside the file"},
    {"tail", "{\"a\":{" F32_2 "}}", 9, "bytes follow the last tensor"},
    {"tail_without_tensors", "{}", 4, "bytes follow the last tensor"},
    {"name_empty", "{\"\":{" F32_2 "}}", 8, "a tensor has no name"},
    {"name_with_control_escape", "{\"a\\u001b\":{" F32_2 "}}", 8, "expected no control characters"},
    {"missing_colon", "{\"a\"{" F32_2 "}}", 8, "expected ':'"},
    {"missing_comma", "{\"a\":{" F32_2 "}\"b\":{}}", 8, "expected ',' or '}'"},
    {"comma_at_the_end", "{\"a\":{" F32_2 "},}", 8, "expected a string"},
};

static void make(piece *p, const char *header, size_t header_bytes, size_t data_bytes) {
    for (int i = 0; i < 8; i++) {
        char byte = (char)(unsigned char)((uint64_t)header_bytes >> (8 * i));
        piece_add(p, &byte, 1);
    }
    piece_add(p, header, header_bytes);
    for (size_t i = 0; i < data_bytes; i++) piece_add(p, "\1", 1);
}

static void bad_header(void **state) {
    const bad_case *c = *state;
    piece p = {0};
    ink_tensors tensors;
    ink_error err;
    make(&p, c->header, strlen(c->header), c->data_bytes);
    assert_int_equal(ink_tensors_read(p.bytes, p.size, "m.safetensors", &tensors, &err), INK_E_DATA);
    if (strstr(err.text, c->text) == NULL) fail_msg("%s", err.text);
    assert_memory_equal(err.text, "m.safetensors: byte ", 20);
    assert_null(tensors.items);
    assert_int_equal(tensors.n, 0);
    piece_free(&p);
}

static void refused(const void *bytes, size_t size, const char *text) {
    ink_tensors tensors;
    ink_error err;
    assert_int_equal(ink_tensors_read(bytes, size, "m", &tensors, &err), INK_E_DATA);
    if (strstr(err.text, text) == NULL) fail_msg("%s", err.text);
}

static void header_sizes(void **state) {
    (void)state;
    for (size_t n = 0; n < 8; n++) refused("\0\0\0\0\0\0\0\0", n, "bytes are no safetensors file");
    refused("\0\0\0\0\0\0\0\0", 8, "expected at least one");
    refused("\3\0\0\0\0\0\0\0{}", 10, "expected no more than the file has");
    refused("\1\xe1\xf5\5\0\0\0\0{}", 10, "expected at most 100000000");
    refused("\0\0\0\0\0\0\0\x80{}", 10, "expected at most 100000000");
    refused("\xff\xff\xff\xff\xff\xff\xff\xff{}", 10, "expected at most 100000000");
}

static void other_formats_are_named(void **state) {
    (void)state;
    static const struct {
        const char *bytes, *text;
    } others[] = {{"version https://git-lfs.github.com/spec/v1\n", "m is a Git LFS pointer, no safetensors file"},
                  {"PK\3\4 and so on, a zip", "m is a zip"},
                  {"\x1f\x8b\x08 and so on", "m is gzip"},
                  {"\x80\2\x8a\nl\xfc\x9c\x46\xf9 j", "m is a pickle"},
                  {"\x89PNG\r\n\x1a\n and so on", "m is a PNG picture"},
                  {"# a recipe\nepochs = 3\n", "m is text, no safetensors file"},
                  {"short", "m is text"}};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        refused(others[i].bytes, strlen(others[i].bytes), others[i].text);
    }
}

static void names_up_to_256_bytes(void **state) {
    (void)state;
    for (size_t n = 256; n < 258; n++) {
        piece header = {0}, p = {0};
        ink_tensors tensors;
        ink_error err;
        piece_print(&header, "{\"");
        for (size_t i = 0; i < n; i++) piece_print(&header, "n");
        piece_print(&header, "\":{" F32_2 "}}");
        make(&p, header.bytes, header.size, 8);
        assert_int_equal(ink_tensors_read(p.bytes, p.size, "m", &tensors, &err), n == 256 ? INK_OK : INK_E_DATA);
        ink_tensors_free(&tensors);
        piece_free(&header);
        piece_free(&p);
    }
}

static void up_to_65536_tensors(void **state) {
    (void)state;
    for (unsigned n = 65536; n < 65538; n++) {
        piece header = {0}, p = {0};
        ink_tensors tensors;
        ink_error err;
        for (unsigned i = 0; i < n; i++) {
            piece_print(&header, "%c\"%u\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}", i == 0 ? '{' : ',',
                        i);
        }
        piece_print(&header, "}");
        make(&p, header.bytes, header.size, 0);
        assert_int_equal(ink_tensors_read(p.bytes, p.size, "m", &tensors, &err), n == 65536 ? INK_OK : INK_E_DATA);
        assert_int_equal(tensors.n, n == 65536 ? n : 0);
        /* Each of so many is found, in no time: one behind the other it would take half a minute. */
        double start_s = ink_clock_s();
        for (unsigned i = 0; i < tensors.n; i++) {
            char name[16];
            snprintf(name, sizeof name, "%u", i);
            assert_string_equal(ink_tensors_find(&tensors, name)->name, name);
        }
        assert_null(ink_tensors_find(&tensors, "65536"));
        assert_true(ink_clock_s() - start_s < 5);
        ink_tensors_free(&tensors);
        piece_free(&header);
        piece_free(&p);
    }
}

/* ---- what is good ---- */

static void good_forms(void **state) {
    (void)state;
    static const char *const headers[] = {
        "{\"a\":{" F32_2 "}}",
        "{ \"a\" : { " F32_2 " } }   \t\n",
        "{\"__metadata__\":{\"format\":\"pt\"},\"a\":{" F32_2 "}}",
        "{\"a\":{\"data_offsets\":[0,8],\"shape\":[1,2],\"dtype\":\"F32\"}}",
        "{\"b\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[4,8]},\"a\":{\"dtype\":\"F32\",\"shape\":[],"
        "\"data_offsets\":[0,4]}}",
        "{\"z\":{\"dtype\":\"F32\",\"shape\":[0,5],\"data_offsets\":[8,8]},\"a\":{" F32_2 "}}",
        "{\"\\u00e9\\ud83d\\ude00 \\\"\\\\\\/\":{" F32_2 "}}",
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        piece p = {0};
        ink_tensors tensors;
        ink_error err;
        make(&p, headers[i], strlen(headers[i]), 8);
        if (ink_tensors_read(p.bytes, p.size, "m", &tensors, &err) != INK_OK) fail_msg("%s", err.text);
        assert_ptr_equal(tensors.items[0].data, p.bytes + 8 + strlen(headers[i]));
        if (i == 2) assert_string_equal(ink_tensors_note(&tensors, "format"), "pt");
        if (i == 4) assert_string_equal(tensors.items[0].name, "a");
        if (i == 4) assert_int_equal(tensors.items[0].count, 1);
        if (i == 5) assert_int_equal(ink_tensors_find(&tensors, "z")->count, 0);
        if (i == 6) assert_string_equal(tensors.items[0].name, "\xc3\xa9\xf0\x9f\x98\x80 \"\\/");
        assert_null(ink_tensors_find(&tensors, "none"));
        ink_tensors_free(&tensors);
        piece_free(&p);
    }
}

static float one_float(ink_dtype dtype, const void *bytes, bool finite) {
    float x = 0;
    uint64_t at = 7;
    const ink_tensor t = {.name = "t", .dtype = dtype, .count = 1, .data = bytes, .bytes = ink_dtype_size(dtype)};
    ink_tensor_floats(&t, &x);
    assert_int_equal(ink_tensor_nonfinite(&t, &at), !finite);
    assert_int_equal(at, finite ? 7 : 0);
    return x;
}

static void numbers_of_all_dtypes(void **state) {
    (void)state;
    assert_true(one_float(INK_F32, "\0\0\xc0\x3f", true) == 1.5f);
    assert_true(one_float(INK_F32, "\0\0\x80\xff", false) == -HUGE_VALF);
    assert_true(one_float(INK_F64, "\0\0\0\0\0\0\xf8\xbf", true) == -1.5f);
    assert_true(one_float(INK_F64, "\0\0\0\0\0\0\xf8\x7f", false) != 0);
    assert_true(one_float(INK_F64, "\0\0\0\0\0\0\xe0\x7f", true) == HUGE_VALF); /* 2^1023: finite there */
    assert_true(one_float(INK_F64, "\0\0\0\xe0\xff\xff\xef\x47", true) == 0x1.fffffep127f);
    assert_true(one_float(INK_F16, "\0\x3c", true) == 1.0f);
    assert_true(one_float(INK_F16, "\xff\x7b", true) == 65504.0f);
    assert_true(one_float(INK_F16, "\1\x80", true) == -0x1p-24f);
    assert_true(one_float(INK_F16, "\xff\3", true) == 0x1.ff8p-15f);
    assert_true(one_float(INK_F16, "\0\x7c", false) == HUGE_VALF);
    assert_true(isnan(one_float(INK_F16, "\1\x7c", false)));
    assert_true(one_float(INK_BF16, "\xc0\x3f", true) == 1.5f);
    assert_true(one_float(INK_BF16, "\x80\x7f", false) == HUGE_VALF);
    assert_true(one_float(INK_I64, "\xfe\xff\xff\xff\xff\xff\xff\xff", true) == -2.0f);
    assert_true(one_float(INK_U8, "\xff", true) == 255.0f);
}

/* Every half: against the definition in exact arithmetic. */
static void every_half(void **state) {
    (void)state;
    for (unsigned h = 0; h < 0x7c00; h++) {
        unsigned char bytes[2] = {(unsigned char)(h & 255), (unsigned char)(h >> 8)};
        unsigned exponent = h >> 10, fraction = h & 1023;
        double wanted = exponent == 0 ? ldexp(fraction, -24) : ldexp(1024 + fraction, (int)exponent - 25);
        assert_true((double)one_float(INK_F16, bytes, true) == wanted);
        bytes[1] |= 0x80;
        assert_true((double)one_float(INK_F16, bytes, true) == -wanted);
    }
}

/* ---- written and read ---- */

static const float two[2] = {1.0f, -2.5f};
static const uint8_t bytes3[3] = {1, 2, 3};
static const uint64_t steps[1] = {12345678901u};

static void round_trip(void **state) {
    (void)state;
    ink_tensor items[] = {
        {"b.bias", INK_U8, 1, {3}, 3, bytes3, 3},
        {"fc.weight \"\\\n\xc3\xa9", INK_F32, 2, {1, 2}, 2, (const uint8_t *)two, 8},
        {"a", INK_F32, 1, {2}, 2, (const uint8_t *)two, 8},
        {"steps", INK_I64, 0, {0}, 1, (const uint8_t *)steps, 8},
        {"none", INK_F32, 1, {0}, 0, (const uint8_t *)two, 0},
    };
    ink_pair notes[] = {{"format", "pt"}, {"net", "linear 10\n\"quoted\"\t\x01"}};
    const ink_tensors tensors = {.items = items, .n = 4, .metadata = notes, .n_metadata = 2};
    uint8_t *bytes = NULL, *again = NULL;
    size_t size = 0, size_again = 0;
    ink_tensors back;
    ink_error err;
    items[1].name = "fc.weight \"\\ \xc3\xa9";
    if (ink_tensors_bytes(&tensors, &bytes, &size, &err) != INK_OK) fail_msg("%s", err.text);
    if (ink_tensors_read(bytes, size, "m", &back, &err) != INK_OK) fail_msg("%s", err.text);
    assert_int_equal(bytes[0] % 8, 0);
    assert_int_equal(back.n, 4);
    static const char *const order[] = {"steps", "a", "fc.weight \"\\ \xc3\xa9", "b.bias"};
    for (size_t i = 0; i < 4; i++) assert_string_equal(back.items[i].name, order[i]);
    for (size_t i = 0; i < 4; i++) {
        const ink_tensor *t = ink_tensors_find(&back, items[i].name);
        assert_non_null(t);
        assert_int_equal(t->dtype, items[i].dtype);
        assert_int_equal(t->rank, items[i].rank);
        assert_int_equal(t->bytes, items[i].bytes);
        assert_memory_equal(t->data, items[i].data, t->bytes);
    }
    assert_int_equal(back.n_metadata, 2);
    assert_string_equal(ink_tensors_note(&back, "net"), notes[1].value);
    /* The same content in another order: the same bytes. */
    ink_tensor other[] = {items[3], items[2], items[1], items[0]};
    const ink_tensors turned = {.items = other, .n = 4, .metadata = notes, .n_metadata = 2};
    assert_int_equal(ink_tensors_bytes(&turned, &again, &size_again, &err), INK_OK);
    assert_int_equal(size, size_again);
    assert_memory_equal(bytes, again, size);
    ink_tensors_free(&back);
    ink_mem_free(bytes);
    ink_mem_free(again);
}

static void written_files(void **state) {
    (void)state;
    ink_tensor items[] = {{"a", INK_F32, 1, {2}, 2, (const uint8_t *)two, 8}};
    const ink_tensors tensors = {.items = items, .n = 1};
    char path[256];
    ink_tensors back;
    ink_error err;
    ink_source *source = NULL;
    snprintf(path, sizeof path, "%s/m.safetensors", folder());
    if (ink_tensors_write(path, &tensors, &err) != INK_OK) fail_msg("%s", err.text);
    if (ink_tensors_open(path, &back, &err) != INK_OK) fail_msg("%s", err.text);
    assert_int_equal(back.items[0].count, 2);
    ink_tensors_free(&back);
    assert_int_equal(ink_source_open(path, &source, &err), INK_OK);
    assert_int_equal(ink_tensors_load(source, &back, &err), INK_OK);
    assert_memory_equal(back.items[0].data, two, 8);
    ink_tensors_free(&back);
    ink_source_close(source);
    assert_int_equal(ink_tensors_open("/no/such/model", &back, &err), INK_E_FILE);
    assert_string_equal(err.text, "cannot open /no/such/model: No such file or directory");
    assert_int_equal(ink_tensors_open("/dev/null", &back, &err), INK_E_FILE);
}

static void bad_writes(void **state) {
    (void)state;
    const ink_tensor good = {"a", INK_F32, 1, {2}, 2, (const uint8_t *)two, 8};
    for (int i = 0; i < 7; i++) {
        ink_tensor items[2] = {good, good};
        ink_pair notes[2] = {{"k", "1"}, {"j", "2"}};
        items[1].name = "b";
        if (i == 0) items[1].name = "a";
        if (i == 1) items[1].name = "";
        if (i == 2) items[1].name = "__metadata__";
        if (i == 3) items[1].bytes = 4;
        if (i == 4) items[1].name = "\xff";
        if (i == 5) notes[1].key = "k";
        if (i == 6) notes[1].value = "\xff";
        const ink_tensors tensors = {.items = items, .n = 2, .metadata = notes, .n_metadata = 2};
        uint8_t *bytes = NULL;
        size_t size = 0;
        ink_error err;
        assert_int_equal(ink_tensors_bytes(&tensors, &bytes, &size, &err), INK_E_USAGE);
        assert_null(bytes);
    }
}

/* Any bytes but NUL, also those that look like an escape, come back from notes that are UTF-8. */
static void notes_of_any_bytes(void **state) {
    (void)state;
    char all[256], mended[] = "caf\351 \303\251 \303";
    for (int i = 0; i < 255; i++) all[i] = (char)(i + 1);
    all[255] = '\0';
    const ink_pair notes[] = {{"a", all}, {"b", ""}, {"c", "\\xff\\\\xe9"}, {"d", "\303\251"}, {"e", "/caf\351/\303"},
                              {"f", "\\"}};
    enum { N = sizeof notes / sizeof *notes };
    ink_pair *escaped = NULL;
    ink_tensors back;
    uint8_t *bytes = NULL;
    size_t size = 0;
    ink_error err;
    assert_int_equal(ink_notes_escape(notes, N, &escaped, &err), INK_OK);
    assert_string_equal(escaped[3].value, "\303\251");
    assert_string_equal(escaped[4].value, "/caf\\xe9/\\xc3");
    const ink_tensors tensors = {.metadata = escaped, .n_metadata = N};
    if (ink_tensors_bytes(&tensors, &bytes, &size, &err) != INK_OK) fail_msg("%s", err.text);
    if (ink_tensors_read(bytes, size, "m", &back, &err) != INK_OK) fail_msg("%s", err.text);
    ink_notes_restore(&back);
    for (int i = 0; i < N; i++) assert_string_equal(ink_tensors_note(&back, notes[i].key), notes[i].value);
    ink_tensors_free(&back);
    ink_mem_free(bytes);
    ink_mem_free(escaped);
    ink_utf8_mend(mended);
    assert_string_equal(mended, "caf? \303\251 ?");
}

/* Cut at every byte, and every byte damaged: refused or read, never worse. */
static void damaged_everywhere(void **state) {
    (void)state;
    static const char header[] = "{\"__metadata__\":{\"format\":\"pt\"},\"a\":{" F32_2 "}}";
    piece p = {0};
    ink_tensors tensors;
    make(&p, header, sizeof header - 1, 8);
    for (size_t size = 0; size < p.size; size++) {
        assert_int_equal(ink_tensors_read(p.bytes, size, "m", &tensors, NULL), INK_E_DATA);
    }
    for (size_t i = 0; i < p.size; i++) {
        for (int bit = 0; bit < 8; bit++) {
            p.bytes[i] = (char)(p.bytes[i] ^ 1 << bit);
            if (ink_tensors_read(p.bytes, p.size, "m", &tensors, NULL) == INK_OK) ink_tensors_free(&tensors);
            p.bytes[i] = (char)(p.bytes[i] ^ 1 << bit);
        }
    }
    piece_free(&p);
}

static void all_differences_at_once(void **state) {
    (void)state;
    ink_tensor items[] = {{"fc.weight", INK_F32, 2, {1, 2}, 2, (const uint8_t *)two, 8},
                          {"extra", INK_F32, 1, {2}, 2, (const uint8_t *)two, 8}};
    const ink_tensors tensors = {.items = items, .n = 2};
    const ink_wanted wanted[] = {{"fc.weight", 2, {10, 784}}, {"fc.bias", 1, {10}}};
    const ink_wanted right[] = {{"fc.weight", 2, {1, 2}}};
    ink_error err;
    assert_int_equal(ink_tensors_match(&tensors, wanted, 2, false, "m", &err), INK_E_DATA);
    assert_string_equal(err.text,
                        "m: 3 tensors do not fit the network: fc.weight is 1x2, not 10x784; fc.bias is missing; "
                        "extra is not known");
    assert_int_equal(ink_tensors_match(&tensors, right, 1, false, "m", &err), INK_E_DATA);
    assert_string_equal(err.text, "m: 1 tensor does not fit the network: extra is not known");
    assert_int_equal(ink_tensors_match(&tensors, right, 1, true, "m", &err), INK_OK);
}

int main(void) {
    enum { N = sizeof cases / sizeof cases[0] };
    struct CMUnitTest bad[N];
    for (size_t i = 0; i < N; i++) {
        bad[i] = (struct CMUnitTest){cases[i].name, bad_header, NULL, NULL, (void *)(uintptr_t)&cases[i]};
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_sizes),
        cmocka_unit_test(other_formats_are_named),
        cmocka_unit_test(names_up_to_256_bytes),
        cmocka_unit_test(up_to_65536_tensors),
        cmocka_unit_test(good_forms),
        cmocka_unit_test(numbers_of_all_dtypes),
        cmocka_unit_test(every_half),
        cmocka_unit_test(round_trip),
        cmocka_unit_test(written_files),
        cmocka_unit_test(bad_writes),
        cmocka_unit_test(notes_of_any_bytes),
        cmocka_unit_test(damaged_everywhere),
        cmocka_unit_test(all_differences_at_once),
    };
    int failed = _cmocka_run_group_tests("bad headers", bad, N, NULL, NULL);
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}

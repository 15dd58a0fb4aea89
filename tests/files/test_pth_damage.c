/* tests/files/test_pth_damage.c: PyTorch's containers broken in every way: entries, storages, other formats, bytes.
 * What may stand in a pickle: test_pth.c. */
#include "zipped.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/mem.h"
#include "files/pth.h"
#include "files/source.h"

/* {"a": four floats}, as PyTorch writes it. */
static const char pickle[] =
    "\x80\2}X\1\0\0\0actorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0"
    "0X\3\0\0\0cpuK\4tQK\0K\4\x85K\1\x85\x89"
    "ccollections\nOrderedDict\n)RtRs.";
static const float four[4] = {-2.75f, -1, 0.75f, 2.5f};

#define PICKLE  .bytes = pickle, .size = sizeof pickle - 1
#define NUMBERS .bytes = four, .size = sizeof four

static void read_as(piece *p, ink_status wanted, const char *text) {
    ink_tensors tensors;
    ink_error err = {0};
    ink_status status = ink_pth_read(p->bytes, p->size, "m.pth", &tensors, &err);
    if (status != wanted) fail_msg("%d %s", status, err.text);
    if (text != NULL && strstr(err.text, text) == NULL) fail_msg("%s", err.text);
    ink_tensors_free(&tensors);
    piece_free(p);
}

static void zip_as(const zip_part *parts, size_t n, ink_status wanted, const char *text) {
    piece p = {0};
    zip_make(&p, parts, n);
    read_as(&p, wanted, text);
}

static void any_root(void **state) {
    (void)state;
    zip_as((const zip_part[]){{.name = "my model (1)/data.pkl", PICKLE}, {.name = "my model (1)/data/0", NUMBERS}}, 2,
           INK_OK, NULL);
    zip_as((const zip_part[]){{.name = "data.pkl", PICKLE}, {.name = "data/0", NUMBERS}}, 2, INK_OK, NULL);
    zip_as(
        (const zip_part[]){{.name = "r/data.pkl", PICKLE, .deflated = 1}, {.name = "r/data/0", NUMBERS, .deflated = 1}},
        2, INK_OK, NULL);
}

static void storages(void **state) {
    (void)state;
    static const char zeros[1 << 20];
    const zip_part first = {.name = "r/data.pkl", PICKLE};
    zip_as((const zip_part[]){first}, 1, INK_E_DATA, "the storage \"0\" is missing");
    zip_as((const zip_part[]){first, {.name = "s/data/0", NUMBERS}}, 2, INK_E_DATA, "the storage \"0\" is missing");
    zip_as((const zip_part[]){first, {.name = "r/data/0", .bytes = four, .size = 15}}, 2, INK_E_DATA,
           "the storage \"0\" has 15 bytes, 4 numbers of F32 expected");
    zip_as((const zip_part[]){first, {.name = "r/data/0", .bytes = zeros, .size = 17}}, 2, INK_E_DATA, "has 17 bytes");
    zip_as((const zip_part[]){first, {.name = "r/data/0", .bytes = zeros, .size = sizeof zeros, .deflated = 1}}, 2,
           INK_E_DATA, "has 1048576 bytes");
    /* The directory says 16 bytes, the stream holds a megabyte. */
    zip_as(
        (const zip_part[]){first,
                           {.name = "r/data/0", .bytes = zeros, .size = sizeof zeros, .deflated = 1, .fake_size = 16}},
        2, INK_E_DATA, NULL);
}

static void two_pickles(void **state) {
    (void)state;
    zip_as((const zip_part[]){{.name = "r/data.pkl", PICKLE},
                              {.name = "s/data.pkl", PICKLE},
                              {.name = "r/data/0", NUMBERS}},
           3, INK_E_DATA, "there are two files called data.pkl");
    zip_as((const zip_part[]){{.name = "r/data.pkl", PICKLE},
                              {.name = "r/data.pkl", PICKLE},
                              {.name = "r/data/0", NUMBERS}},
           3, INK_E_DATA, NULL);
}

static void byte_order(void **state) {
    (void)state;
    static const struct {
        const char *order;
        ink_status status;
    } orders[] = {
        {"little", INK_OK}, {"big", INK_E_DATA}, {"littl", INK_E_DATA}, {"much longer than sixteen", INK_E_DATA}};
    for (size_t i = 0; i < 4; i++) {
        const zip_part parts[] = {{.name = "r/data.pkl", PICKLE},
                                  {.name = "r/byteorder", .bytes = orders[i].order, .size = strlen(orders[i].order)},
                                  {.name = "r/data/0", NUMBERS}};
        zip_as(parts, 3, orders[i].status, NULL);
    }
}

static void other_zips(void **state) {
    (void)state;
    zip_as((const zip_part[]){{.name = "train.csv", NUMBERS}}, 1, INK_E_DATA,
           "a zip without data.pkl is no PyTorch file");
    zip_as((const zip_part[]){{.name = "r/data.pkl", PICKLE},
                              {.name = "r/data/0", NUMBERS},
                              {.name = "r/constants.pkl", PICKLE}},
           3, INK_E_DATA, "this is a TorchScript program");
    zip_as((const zip_part[]){{.name = "r/data.pkl", PICKLE},
                              {.name = "r/data/0", NUMBERS},
                              {.name = "r/code/a.py", PICKLE}},
           3, INK_E_DATA, "this is a TorchScript program");
}

static void other_files(void **state) {
    (void)state;
    piece p = {0};
    char tar[512] = {0};
    piece_print(&p, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 46827520\n");
    read_as(&p, INK_E_DATA, "m.pth: this is a Git LFS pointer, not the model");
    memcpy(tar + 257, "ustar", 6);
    piece_add(&p, tar, sizeof tar);
    read_as(&p, INK_E_DATA, "a tar, as PyTorch wrote in 2016, is not read");
    piece_add(&p, pickle, sizeof pickle - 1);
    read_as(&p, INK_E_DATA, "this pickle is no file of PyTorch's");
    piece_print(&p, "label,pixel0");
    read_as(&p, INK_E_DATA, "this is no file of PyTorch's");
    piece_add(&p, "", 0);
    read_as(&p, INK_E_DATA, "this is no file of PyTorch's");
}

/* A hundred thousand of each thing that can nest, and none that runs out of stack. */
static void deep_nesting(void **state) {
    (void)state;
    static const struct {
        const char *open, *close, *text;
    } nests[] = {{"(", "", "nested too deeply"},
                 {"]", "", "stack grows too high"},
                 {"", "\x85", "nested too deeply"},
                 {"(", "t", "nested too deeply"},
                 {"](", "e", "nested too deeply"}};
    for (size_t i = 0; i < sizeof nests / sizeof nests[0]; i++) {
        piece body = {0};
        piece_add(&body, "\x80\2", 2);
        for (int k = 0; k < 100000; k++) piece_print(&body, "%s", nests[i].open);
        piece_print(&body, "N");
        for (int k = 0; k < 100000; k++) piece_print(&body, "%s", nests[i].close);
        piece_print(&body, ".");
        zip_as((const zip_part[]){{.name = "r/data.pkl", .bytes = body.bytes, .size = body.size}}, 1, INK_E_DATA,
               nests[i].text);
        piece_free(&body);
    }
}

static void too_many_values(void **state) {
    (void)state;
    piece body = {0};
    piece_add(&body, "\x80\2]", 3);
    for (int k = 0; k < 600000; k++) piece_print(&body, "Na");
    piece_print(&body, ".");
    zip_as((const zip_part[]){{.name = "r/data.pkl", .bytes = body.bytes, .size = body.size}}, 1, INK_E_DATA,
           "there are too many values");
    piece_free(&body);
}

/* Many names for one storage: small on disk, large in memory. */
static void storage_repeated_too_often(void **state) {
    static const char one[] = "ctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0"
                              "0X\3\0\0\0cpuJ\0\xfc\3\0tQK\0J\0\xfc\3\0\x85K\1\x85\x89"
                              "ccollections\nOrderedDict\n)RtRs"; /* 255 * 1024 numbers */
    (void)state;
    piece body = {0}, numbers = {0};
    for (int i = 0; i < 255 * 1024; i++) piece_add(&numbers, "\0\0\0\0", 4);
    piece_add(&body, pickle, 3);
    for (int i = 0; i < 100; i++) {
        piece_add(&body, "X\3\0\0\0", 5);
        piece_print(&body, "%03d", i);
        piece_add(&body, one, sizeof one - 1);
    }
    piece_add(&body, ".", 1);
    zip_as((const zip_part[]){{.name = "r/data.pkl", .bytes = body.bytes, .size = body.size},
                              {.name = "r/data/0", .bytes = numbers.bytes, .size = numbers.size}},
           2, INK_E_DATA, "repeat");
    piece_free(&body);
    piece_free(&numbers);
}

#define ADD(p, text) piece_add(p, text, sizeof(text) - 1)

/* OrderedDict(pairs) copies the pairs: a list is small in the file each time that it is copied anew, not in memory. */
static void a_list_copied_too_often(void **state) {
    (void)state;
    piece body = {0};
    ADD(&body, "\x80\2]ccollections\nOrderedDict\nq\0a]q\1(NN\x86q\2");
    for (int k = 0; k < 1000; k++) ADD(&body, "h\2");
    ADD(&body, "ea");
    for (int k = 0; k < 5000; k++) ADD(&body, "h\0h\1\x85Ra");
    ADD(&body, ".");
    zip_as((const zip_part[]){{.name = "r/data.pkl", .bytes = body.bytes, .size = body.size}}, 1, INK_E_DATA,
           "containers hold too many values");
    piece_free(&body);
}

/* As many storages as may be, and the last of them mentioned half a million times. */
static void storages_mentioned_often(void **state) {
    (void)state;
    piece body = {0};
    ADD(&body, "\x80\2]X\7\0\0\0storageq\0actorch\nFloatStorage\nq\1aX\3\0\0\0cpuq\2aK\4q\3a");
    for (int k = 0; k < 8192; k++) {
        ADD(&body, "(h\0h\1X\4\0\0\0");
        piece_print(&body, "%04x", k);
        ADD(&body, "h\2h\3tq\4Qa");
    }
    for (int k = 0; k < 490000; k++) ADD(&body, "h\4Qa");
    ADD(&body, ".");
    clock_t began = clock();
    zip_as((const zip_part[]){{.name = "r/data.pkl", .bytes = body.bytes, .size = body.size}}, 1, INK_E_DATA,
           "the storage \"0000\" is missing");
    assert_true(clock() - began < 3 * CLOCKS_PER_SEC);
    piece_free(&body);
}

/* Three storages of zeros, each packed well, but not too well for one. */
static void storages_that_unpack_to_too_much(void **state) {
    (void)state;
    enum { NUMBERS_EACH = 10000000 };
    char *zeros = calloc(NUMBERS_EACH, 4);
    piece body = {0};
    assert_non_null(zeros);
    ADD(&body, "\x80\2]");
    for (int k = 0; k < 3; k++) {
        ADD(&body, "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0");
        piece_print(&body, "%d", k);
        ADD(&body, "X\3\0\0\0cpuJ\x80\x96\x98\0tQa");
    }
    ADD(&body, ".");
    zip_part parts[4] = {{.name = "r/data.pkl", .bytes = body.bytes, .size = body.size}};
    static const char *const names[] = {"r/data/0", "r/data/1", "r/data/2"};
    for (int k = 0; k < 3; k++) {
        parts[k + 1] = (zip_part){.name = names[k], .bytes = zeros, .size = (size_t)NUMBERS_EACH * 4, .deflated = 1};
    }
    zip_as(parts, 4, INK_E_DATA, "the storages unpack to more than");
    piece_free(&body);
    free(zeros);
}

/* ---- damaged files of PyTorch's ---- */

static void load(piece *p, const char *name) {
    char path[1024];
    ink_source *source = NULL;
    uint8_t *bytes = NULL;
    size_t size = 0;
    ink_error err;
    snprintf(path, sizeof path, "%s/tests/golden/pth/%s", INK_TEST_SOURCE, name);
    if (ink_source_open(path, &source, &err) != INK_OK) fail_msg("%s", err.text);
    assert_int_equal(ink_source_read_all(source, 1 << 20, &bytes, &size, &err), INK_OK);
    piece_add(p, bytes, size);
    ink_mem_free(bytes);
    ink_source_close(source);
}

static void cut_at_every_byte(void **state) {
    (void)state;
    static const char *const files[] = {"net-legacy-1.13.0.pth", "net-zip-1.13.0.pth"};
    for (int i = 0; i < 2; i++) {
        piece p = {0};
        load(&p, files[i]);
        for (size_t size = 0; size < p.size; size++) {
            ink_tensors tensors;
            assert_int_equal(ink_pth_read(p.bytes, size, "m.pth", &tensors, NULL), INK_E_DATA);
        }
        piece_add(&p, "x", 1);
        ink_tensors tensors;
        if (i == 0) assert_int_equal(ink_pth_read(p.bytes, p.size, "m.pth", &tensors, NULL), INK_E_DATA);
        piece_free(&p);
    }
}

static void every_bit_turned(void **state) {
    (void)state;
    static const char *const files[] = {"net-legacy-1.13.0.pth", "net-zip-2.15.0.pth"};
    for (int i = 0; i < 2; i++) {
        piece p = {0};
        load(&p, files[i]);
        for (size_t bit = 0; bit < p.size * 8; bit++) {
            ink_tensors tensors;
            p.bytes[bit / 8] = (char)(p.bytes[bit / 8] ^ 1 << bit % 8);
            ink_error err;
            ink_status status = ink_pth_read(p.bytes, p.size, "m.pth", &tensors, &err);
            if (status != INK_OK && status != INK_E_DATA) fail_msg("bit %zu: %s", bit, err.text);
            ink_tensors_free(&tensors);
            p.bytes[bit / 8] = (char)(p.bytes[bit / 8] ^ 1 << bit % 8);
        }
        piece_free(&p);
    }
}

static void legacy_of_a_big_endian_machine(void **state) {
    (void)state;
    piece p = {0};
    load(&p, "net-legacy-1.13.0.pth");
    char *little = NULL;
    for (size_t i = 0; i + 13 < p.size && little == NULL; i++) {
        if (memcmp(p.bytes + i, "little_endian", 13) == 0) little = p.bytes + i;
    }
    assert_non_null(little);
    while (*little != (char)0x88) little++;
    *little = (char)0x89;
    read_as(&p, INK_E_DATA, "the numbers are not little-endian");
}

static void prefixes_are_stripped(void **state) {
    (void)state;
    static const char *const before[][2] = {{"module.a", "module.b"},
                                            {"module.model.a", "module.model.b"},
                                            {"_orig_mod.module.a", "_orig_mod.module.b"},
                                            {"module.a", "b"}};
    static const char *const after[][2] = {{"a", "b"}, {"a", "b"}, {"a", "b"}, {"module.a", "b"}};
    for (size_t i = 0; i < 4; i++) {
        ink_tensor items[2] = {{.name = before[i][0]}, {.name = before[i][1]}};
        ink_tensors tensors = {.items = items, .n = 2};
        ink_tensors_strip(&tensors);
        assert_string_equal(items[0].name, after[i][0]);
        assert_string_equal(items[1].name, after[i][1]);
    }
    ink_tensors none = {0};
    ink_tensors_strip(&none);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_root),
        cmocka_unit_test(storages),
        cmocka_unit_test(two_pickles),
        cmocka_unit_test(byte_order),
        cmocka_unit_test(other_zips),
        cmocka_unit_test(other_files),
        cmocka_unit_test(deep_nesting),
        cmocka_unit_test(too_many_values),
        cmocka_unit_test(storage_repeated_too_often),
        cmocka_unit_test(a_list_copied_too_often),
        cmocka_unit_test(storages_mentioned_often),
        cmocka_unit_test(storages_that_unpack_to_too_much),
        cmocka_unit_test(cut_at_every_byte),
        cmocka_unit_test(every_bit_turned),
        cmocka_unit_test(legacy_of_a_big_endian_machine),
        cmocka_unit_test(prefixes_are_stripped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* tests/files/test_pth.c: PyTorch's files of several versions, and every pickle that wants to be more than data.
 * The good files come from tests/golden/make_pth.py. Damaged ones: test_pth_damage.c. */
#define _DEFAULT_SOURCE
#include "zipped.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "files/pth.h"
#include "files/source.h"

#define PTH_FOLDER INK_TEST_SOURCE "/tests/golden/pth"

/* ---- PyTorch's own files ---- */

static float value(uint64_t i, ink_dtype dtype) {
    int v = (int)(i * 7 % 23);
    return dtype == INK_I64 || dtype == INK_U8 ? (float)v : (float)(v - 11) / 4;
}

static void all_values(const ink_tensors *tensors) {
    for (size_t k = 0; k < tensors->n; k++) {
        const ink_tensor *t = &tensors->items[k];
        bool variance = strstr(t->name, "running_var") != NULL;
        float *x = calloc((size_t)t->count + 1, sizeof *x);
        assert_non_null(x);
        ink_tensor_floats(t, x);
        for (uint64_t i = 0; i < t->count; i++) {
            float wanted = value(i, t->dtype);
            if (x[i] != (variance ? fabsf(wanted) : wanted)) fail_msg("%s[%d] is %g", t->name, (int)i, (double)x[i]);
        }
        free(x);
    }
}

static void shape_is(const ink_tensors *tensors, const char *name, ink_dtype dtype, uint32_t rank, uint64_t a,
                     uint64_t b) {
    const ink_tensor *t = ink_tensors_find(tensors, name);
    if (t == NULL) fail_msg("%s is missing", name);
    assert_int_equal(t->dtype, dtype);
    assert_int_equal(t->rank, rank);
    if (rank > 0) assert_int_equal(t->dim[0], a);
    if (rank > 1) assert_int_equal(t->dim[1], b);
}

static void is_whole(const char *file, ink_tensors *tensors) {
    all_values(tensors);
    ink_tensors_strip(tensors);
    if (strncmp(file, "net-", 4) == 0) {
        assert_int_equal(tensors->n, 8);
        shape_is(tensors, "0.weight", INK_F32, 4, 2, 1);
        shape_is(tensors, "1.num_batches_tracked", INK_I64, 0, 0, 0);
        return;
    }
    assert_int_equal(tensors->n, 12);
    assert_string_equal(tensors->items[0].name, "conv1.weight");
    shape_is(tensors, "conv1.weight", INK_F32, 4, 2, 3);
    shape_is(tensors, "last.weight", INK_F32, 4, 2, 3);
    shape_is(tensors, "turned", INK_F32, 2, 5, 7);
    shape_is(tensors, "part", INK_F32, 2, 4, 3);
    shape_is(tensors, "half", INK_F16, 1, 9, 0);
    shape_is(tensors, "bfloat16", INK_BF16, 2, 3, 2);
    shape_is(tensors, "double", INK_F64, 1, 4, 0);
    shape_is(tensors, "bytes", INK_U8, 1, 6, 0);
    shape_is(tensors, "bn1.num_batches_tracked", INK_I64, 0, 0, 0);
    shape_is(tensors, "none", INK_F32, 2, 0, 3);
}

/* What a file whose name begins with "bad-<kind>" is told. */
static const char *fault_of(const char *file) {
    static const char *const faults[][2] = {
        {"bad-int32",
         "a kind of storage that is not read (Float Double Half BFloat16 Long Byte are): \"torch.IntStorage\""},
        {"bad-sparse", "a kind of tensor that is not read: \"torch._utils._rebuild_sparse_tensor\""},
        {"bad-module", "this file tries to run code: torch.nn.modules.container.Sequential; not loaded"},
        {"bad-repeated", "the tensor \"a\" repeats its storage"},
        {"bad-script", "this is a TorchScript program, not a file of weights"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        if (strncmp(file, faults[i][0], strlen(faults[i][0])) == 0) return faults[i][1];
    }
    return NULL;
}

static ink_status read_file(const char *path, ink_tensors *tensors, ink_error *err) {
    ink_source *source = NULL;
    uint8_t *bytes = NULL;
    size_t size;
    assert_int_equal(ink_source_open(path, &source, NULL), INK_OK);
    assert_int_equal(ink_source_read_all(source, 1 << 20, &bytes, &size, NULL), INK_OK);
    ink_status status = ink_pth_read(bytes, size, path, tensors, err);
    ink_mem_free(bytes);
    ink_source_close(source);
    return status;
}

static void all_versions(void **state) {
    (void)state;
    unsigned good = 0, bad = 0;
    DIR *dir = opendir(PTH_FOLDER);
    assert_non_null(dir);
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        char path[1024];
        ink_tensors tensors;
        ink_error err;
        if (e->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", PTH_FOLDER, e->d_name);
        const char *fault = fault_of(e->d_name);
        ink_status status = read_file(path, &tensors, &err);
        if (fault == NULL) {
            if (status != INK_OK) fail_msg("%s: %s", e->d_name, err.text);
            is_whole(e->d_name, &tensors);
            good++;
        } else {
            assert_int_equal(status, INK_E_DATA);
            if (strstr(err.text, fault) == NULL) fail_msg("%s", err.text);
            bad++;
        }
        ink_tensors_free(&tensors);
    }
    closedir(dir);
    assert_true(good >= 8 && bad >= 5);
}

/* ---- pickles made by hand ---- */

#define P    "\x80\2"
#define DICT P "}"
#define STORAGE                                                                                                        \
    "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0"                                                                 \
    "0X\3\0\0\0cpuK\4tQ"
#define TENSOR(o, size, stride)                                                                                        \
    "ctorch._utils\n_rebuild_tensor_v2\n(" STORAGE o size stride "\x89"                                                \
    "ccollections\nOrderedDict\n)RtR"
#define X47     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define WITH(t) DICT "X\1\0\0\0a" t "s."

typedef struct pickle_case {
    const char *name;
    const char *bytes;
    size_t size;
    const char *text; /* of the refusal; NULL: accepted */
} pickle_case;

#define CASE(name, bytes, text)                                                                                        \
    { name, bytes, sizeof(bytes) - 1, text }

static const pickle_case cases[] = {
    CASE("one_tensor", WITH(TENSOR("K\0", "K\4\x85", "K\1\x85")), NULL),
    CASE("a_part_of_a_storage", WITH(TENSOR("K\1", "K\3\x85", "K\1\x85")), NULL),
    CASE("stride_of_two", WITH(TENSOR("K\1", "K\2\x85", "K\2\x85")), NULL),
    CASE("one_number", WITH(TENSOR("K\3", ")", ")")), NULL),
    CASE("offset_too_far", WITH(TENSOR("K\1", "K\4\x85", "K\1\x85")), "reaches outside its storage"),
    CASE("stride_too_long", WITH(TENSOR("K\0", "K\2\x85", "K\4\x85")), "reaches outside its storage"),
    CASE("size_too_long", WITH(TENSOR("K\0", "K\5\x85", "K\1\x85")), "reaches outside its storage"),
    CASE("empty_beyond_the_storage", WITH(TENSOR("K\5", "K\0\x85", "K\1\x85")), "reaches outside its storage"),
    CASE("stride_zero", WITH(TENSOR("K\0", "M\xff\xff\x85", "K\0\x85")), "repeats its storage"),
    CASE("offset_negative", WITH(TENSOR("J\xff\xff\xff\xff", "K\1\x85", "K\1\x85")), "not described as PyTorch does"),
    CASE("size_negative", WITH(TENSOR("K\0", "J\xff\xff\xff\xff\x85", "K\1\x85")), "numbers from 0"),
    CASE("stride_negative", WITH(TENSOR("K\3", "K\2\x85", "J\xff\xff\xff\xff\x85")), "numbers from 0"),
    CASE("size_overflows", WITH(TENSOR("K\0", "\x8a\x8\0\0\0\0\0\0\0\x40\x8a\x8\0\0\0\0\0\0\0\x40\x86", "K\0K\0\x86")),
         "has a shape that overflows"),
    CASE("reach_overflows", WITH(TENSOR("K\0", "K\3\x85", "\x8a\x8\xff\xff\xff\xff\xff\xff\xff\x7f\x85")),
         "reaches outside its storage"),
    CASE("two_sizes_one_stride", WITH(TENSOR("K\0", "K\2K\2\x86", "K\1\x85")), "not two tuples"),
    CASE("nine_sizes", WITH(TENSOR("K\0", "(K\1K\1K\1K\1K\1K\1K\1K\1K\1t", "(K\1K\1K\1K\1K\1K\1K\1K\1K\1t")),
         "at most 8 numbers"),
    CASE("number_beyond_64_bits", WITH(TENSOR("\x8a\x9\0\0\0\0\0\0\0\0\1", "K\1\x85", "K\1\x85")),
         "does not fit 64 bits"),
    CASE("os_system", P "cos\nsystem\nX\2\0\0\0id\x85R.", "this file tries to run code: os.system; not loaded"),
    CASE("posix_system", P "cposix\nsystem\nX\2\0\0\0id\x85R.",
         "this file tries to run code: posix.system; not loaded"),
    CASE("builtins_eval", P "cbuiltins\neval\nX\2\0\0\0id\x85R.", "tries to run code: builtins.eval"),
    CASE("builtins_getattr", P "cbuiltins\ngetattr\n)R.", "tries to run code: builtins.getattr"),
    CASE("stack_global", "\x80\4X\2\0\0\0osX\6\0\0\0system\x93.", "tries to run code: os.system"),
    CASE("stack_global_of_numbers", "\x80\4K\1K\2\x93.", "a name that is no text"),
    CASE("stack_global_with_nul", "\x80\4X\3\0\0\0os\0X\6\0\0\0system\x93.", "a name that is no text"),
    CASE("torch_load", P "ctorch\nload\n)R.", "tries to run code: torch.load"),
    CASE("torch_hub", P "ctorch.hub\nload\n)R.", "tries to run code: torch.hub.load"),
    CASE("name_with_line_breaks", P "cos\r\nsystem\n)R.", "tries to run code: os\\x0d.system"),
    CASE("name_that_never_ends", P "cos", "reaches beyond the end"),
    CASE("reduce_of_a_text", P "X\2\0\0\0os)R.", "tries to call something"),
    CASE("reduce_of_a_dictionary", P "})R.", "tries to call something"),
    CASE("reduce_without_a_tuple", P "ccollections\nOrderedDict\n]R.", "tries to call something"),
    CASE("reduce_of_a_storage_name", P "ctorch\nFloatStorage\n)R.", "tries to call a kind of storage"),
    CASE("newobj_of_a_tensor_name", P "ctorch._utils\n_rebuild_tensor_v2\n)\x81.", "not described as PyTorch does"),
    CASE("build_of_a_list", P "]}b.", "set the state of something"),
    CASE("build_of_a_tensor", P TENSOR("K\0", "K\4\x85", "K\1\x85") "}b.", "set the state of something"),
    CASE("ext1", P "\x82\1.", "an opcode that PyTorch's dictionaries do not use: \"0x82\""),
    CASE("ext2", P "\x83\1\1.", "\"0x83\""),
    CASE("ext4", P "\x84\1\1\1\1.", "\"0x84\""),
    CASE("inst", P "(ios\nsystem\n.", "\"0x69\""),
    CASE("obj", P "(cos\nsystem\no.", "tries to run code: os.system"),
    CASE("persid_text", P "P0\n.", "\"0x50\""),
    CASE("newobj_ex", P ")))\x92.", "\"0x92\""),
    CASE("binunicode8",
         P "\x8d\xff\xff\xff\xff\xff\xff\xff\xff"
           "a.",
         "\"0x8d\""),
    CASE("long4",
         P "\x8b\xff\xff\xff\x7f"
           "a.",
         "\"0x8b\""),
    CASE("next_buffer", P "\x97.", "\"0x97\""),
    CASE("memo_unset", P "h\1.", "a memo number was never set"),
    CASE("memo_2_to_31", P "}r\0\0\0\x80.", "a memo number is too large"),
    CASE("memo_get_2_to_31", P "j\0\0\0\x80.", "a memo number was never set"),
    CASE("memo_of_nothing", P "q\0.", "more from the stack"),
    CASE("memoize_of_nothing", P "\x94.", "more from the stack"),
    CASE("tuple_without_mark", P "t.", "a mark that is not there"),
    CASE("appends_without_mark", P "]e.", "a mark that is not there"),
    CASE("setitems_without_mark", P "}u.", "a mark that is not there"),
    CASE("tuple1_of_nothing", P "\x85.", "more from the stack"),
    CASE("tuple3_of_two", P "NN\x87.", "more from the stack"),
    CASE("tuple_through_a_mark", P "N(\x85.", "more from the stack"),
    CASE("append_of_nothing", P "a.", "more from the stack"),
    CASE("append_without_list", P "Na.", "more from the stack"),
    CASE("setitem_of_one", P "Ns.", "more from the stack"),
    CASE("setitem_through_a_mark", P "}(NNs.", "more from the stack"),
    CASE("reduce_of_nothing", P "R.", "more from the stack"),
    CASE("reduce_of_one", P ")R.", "more from the stack"),
    CASE("build_of_nothing", P "b.", "more from the stack"),
    CASE("persistent_of_nothing", P "Q.", "more from the stack"),
    CASE("stack_global_of_nothing", "\x80\4\x93.", "more from the stack"),
    CASE("persistent_of_a_text", P "X\1\0\0\0aQ.", "no storage of PyTorch's"),
    CASE("storage_with_a_long_key",
         P "(X\7\0\0\0storagectorch\nFloatStorage\nX\x8d\0\0\0" X47 X47 X47 "X\3\0\0\0cpuK\4tQ.",
         "no storage of PyTorch's"),
    CASE("setitem_on_a_list", P "]NNs.", "no dictionary"),
    CASE("setitems_on_a_list", P "](NNu.", "no dictionary"),
    CASE("setitems_of_three", P "}(NNNu.", "no dictionary"),
    CASE("append_on_a_dictionary", P "}Na.", "no list"),
    CASE("appends_on_a_tuple", P ")(Ne.", "no list"),
    CASE("text_longer_than_the_pickle",
         P "X\xff\xff\xff\xff"
           "a.",
         "a text is longer than the pickle"),
    CASE("short_text_longer",
         P "U\xff"
           "a.",
         "a text is longer than the pickle"),
    CASE("frame_longer", "\x80\4\x95\xff\0\0\0\0\0\0\0}.", "a frame reaches beyond the end"),
    CASE("number_cut", P "J\1\1", "reaches beyond the end"),
    CASE("float_cut", P "G\1\1", "reaches beyond the end"),
    CASE("no_stop", P "}", "the pickle has no end"),
    CASE("nothing", "", "the pickle has no end"),
    CASE("stop_at_once", ".", "does not end with one value"),
    CASE("two_values", P "}}.", "does not end with one value"),
    CASE("open_mark", P "}(.", "does not end with one value"),
    CASE("bytes_after_stop", P "}.}", "bytes follow the end of the pickle"),
    CASE("protocol_0_texts", "(dp0\n.", "\"0x64\""),
    CASE("protocol_6", "\x80\6}.", "a protocol of pickle that is not read (2 to 5 are): \"6\""),
    CASE("top_is_a_list", P "].", "holds no dictionary of tensors"),
    CASE("top_is_empty", P "}.", "holds no tensors"),
    CASE("no_tensors", P "}X\1\0\0\0aK\1s.", "holds no tensors"),
    CASE("name_with_control_byte", DICT "X\2\0\0\0a\n" TENSOR("K\0", "K\4\x85", "K\1\x85") "s.", "a control character"),
    CASE("name_with_nul", DICT "X\2\0\0\0a\0" TENSOR("K\0", "K\4\x85", "K\1\x85") "s.", "holds a NUL"),
    CASE("name_empty", DICT "X\0\0\0\0" TENSOR("K\0", "K\4\x85", "K\1\x85") "s.", "empty, too long"),
    CASE("list_in_itself",
         DICT "X\1\0\0\0l]q\0h\0as"
              "X\1\0\0\0a" TENSOR("K\0", "K\4\x85", "K\1\x85") "s.",
         NULL),
};

/* The same storage of four floats stands behind each pickle. */
static void make_zip(piece *p, const void *pickle, size_t size) {
    static const float four[4] = {-2.75f, -1, 0.75f, 2.5f};
    const zip_part parts[] = {{.name = "root/data.pkl", .bytes = pickle, .size = size},
                              {.name = "root/data/0", .bytes = four, .size = sizeof four},
                              {.name = "root/version", .bytes = "3\n", .size = 2}};
    zip_make(p, parts, 3);
}

static void one_pickle(void **state) {
    const pickle_case *c = *state;
    piece p = {0};
    ink_tensors tensors;
    ink_error err = {0};
    make_zip(&p, c->bytes, c->size);
    ink_status status = ink_pth_read(p.bytes, p.size, "m.pth", &tensors, &err);
    if (c->text == NULL) {
        if (status != INK_OK) fail_msg("%s", err.text);
        assert_int_equal(tensors.n, 1);
        assert_string_equal(tensors.items[0].name, "a");
    } else {
        assert_int_equal(status, INK_E_DATA);
        if (strstr(err.text, c->text) == NULL) fail_msg("%s", err.text);
        assert_memory_equal(err.text, "m.pth", 5);
        assert_null(tensors.items);
    }
    ink_tensors_free(&tensors);
    piece_free(&p);
}

int main(void) {
    enum { N = sizeof cases / sizeof cases[0] };
    struct CMUnitTest pickles[N];
    for (size_t i = 0; i < N; i++) {
        pickles[i] = (struct CMUnitTest){cases[i].name, one_pickle, NULL, NULL, (void *)(uintptr_t)&cases[i]};
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_versions)};
    int failed = _cmocka_run_group_tests("pickles", pickles, N, NULL, NULL);
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}

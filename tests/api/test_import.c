/* tests/api/test_import.c: weights of PyTorch become models, models become files that PyTorch takes, and what does not
 * fit is told. The .pth files come from tests/golden/make_pth.py; broken ones are tests/files' business. */
#define _DEFAULT_SOURCE
#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "api/weightfile.h"
#include "api/work.h"
#include "core/mem.h"
#include "files/tensors_write.h"
#include "files/write.h"

#define PTH_FOLDER INK_TEST_SOURCE "/tests/golden/pth"
#define TENSORS    16

static char folder[] = "/tmp/inkling-import-XXXXXX", net_path[64], in_path[64], out_path[64], again_path[64];

/* The net of make_pth.py's "net" files, with ten classes where they have three. */
static const char pth_net[] = "conv 2 3x3 no-bias\nbatchnorm\nlinear 10\n";
/* A small net with names, for files made here. */
static const char named_net[] = "input 3\nconv 2 3x3 as conv1\nbatchnorm as bn1\nglobal-avgpool\nlinear 10 as fc\n";

static void write_text(const char *path, const char *text) {
    assert_int_equal(ink_file_write_all(path, text, strlen(text), NULL), INK_OK);
}

static int make_folder(void **state) {
    (void)state;
    if (mkdtemp(folder) == NULL) return 1;
    snprintf(net_path, sizeof net_path, "%s/net.txt", folder);
    snprintf(in_path, sizeof in_path, "%s/in.bin", folder);
    snprintf(out_path, sizeof out_path, "%s/out.safetensors", folder);
    snprintf(again_path, sizeof again_path, "%s/again.safetensors", folder);
    return 0;
}

static int drop_folder(void **state) {
    (void)state;
    unlink(net_path);
    unlink(in_path);
    unlink(out_path);
    unlink(again_path);
    return rmdir(folder);
}

/* ---- files made here ---- */

typedef struct made {
    ink_tensor items[TENSORS];
    size_t n;
    float numbers[512];
    uint8_t count[8];
    char names[TENSORS][64];
    const char *prefix;
} made;

static void add(made *m, const char *name, uint32_t rank, uint64_t a, uint64_t b, uint64_t c, uint64_t d) {
    uint64_t dim[4] = {a, b, c, d}, count = 1;
    ink_tensor *t = &m->items[m->n];
    snprintf(m->names[m->n], sizeof m->names[0], "%s%s", m->prefix, name);
    for (uint32_t k = 0; k < rank; k++) count *= dim[k];
    *t = (ink_tensor){.name = m->names[m->n++],
                      .dtype = INK_F32,
                      .rank = rank,
                      .count = count,
                      .data = (const uint8_t *)m->numbers,
                      .bytes = (size_t)count * sizeof(float)};
    for (uint32_t k = 0; k < rank; k++) t->dim[k] = dim[k];
}

/* named_net's tensors, its head of so many classes under that name. */
static void make(made *m, const char *prefix, const char *head, uint64_t classes) {
    char name[64];
    *m = (made){.prefix = prefix, .count = {41}};
    for (int i = 0; i < 512; i++) m->numbers[i] = (float)(i % 13) / 16;
    add(m, "conv1.weight", 4, 2, 3, 3, 3);
    add(m, "conv1.bias", 1, 2, 1, 1, 1);
    add(m, "bn1.weight", 1, 2, 1, 1, 1);
    add(m, "bn1.bias", 1, 2, 1, 1, 1);
    add(m, "bn1.running_mean", 1, 2, 1, 1, 1);
    add(m, "bn1.running_var", 1, 2, 1, 1, 1);
    add(m, "bn1.num_batches_tracked", 0, 1, 1, 1, 1);
    m->items[6].dtype = INK_I64;
    m->items[6].data = m->count;
    m->items[6].bytes = 8;
    snprintf(name, sizeof name, "%s.weight", head);
    add(m, name, 2, classes, 2, 1, 1);
    snprintf(name, sizeof name, "%s.bias", head);
    add(m, name, 1, classes, 1, 1, 1);
}

static void write_made(made *m) {
    ink_pair note = {"format", "pt"};
    ink_tensors tensors = {.items = m->items, .n = m->n, .metadata = &note, .n_metadata = 1};
    ink_error err;
    if (ink_tensors_write(in_path, &tensors, &err) != INK_OK) fail_msg("%s", err.text);
}

static ink_status import(const char *file, bool partial, ink_import_result *result, ink_error *err) {
    ink_import_options o = {.file = file, .net = net_path, .out = out_path, .partial = partial, .force = true};
    return ink_work_import(&o, result, err);
}

static void release(ink_import_result *result) {
    ink_work_free(result->text);
    ink_work_free(result->json);
}

/* Imports in_path, which must work; counts as given. */
static void takes(uint32_t loaded, uint32_t missing, bool partial) {
    ink_import_result result;
    ink_error err;
    if (import(in_path, partial, &result, &err) != INK_OK) fail_msg("%s", err.text);
    assert_int_equal(result.loaded, loaded);
    assert_int_equal(result.missing, missing);
    release(&result);
}

/* Imports in_path, which must fail with such a text and leave no file. */
static void refuses(ink_status status, const char *says) {
    ink_import_result result;
    ink_error err;
    unlink(out_path);
    assert_int_equal(import(in_path, false, &result, &err), status);
    if (strstr(err.text, says) == NULL) fail_msg("lacks \"%s\": %s", says, err.text);
    assert_null(result.text);
    assert_null(result.json);
    assert_int_not_equal(access(out_path, F_OK), 0);
}

/* ---- PyTorch's files ---- */

static float value(uint64_t i) {
    return (float)((int)(i * 7 % 23) - 11) / 4;
}

static void is_the_net(const char *file) {
    static const char *const names[] = {"0.weight", "1.weight", "1.bias", "1.running_mean", "1.running_var"};
    char path[512];
    ink_import_result result;
    ink_tensors tensors = {0};
    ink_model *model = NULL;
    ink_error err;
    snprintf(path, sizeof path, "%s/%.200s", PTH_FOLDER, file);
    if (import(path, false, &result, &err) != INK_OK) fail_msg("%s", err.text);
    assert_int_equal(result.loaded, 5);
    assert_int_equal(result.missing, 2);
    assert_non_null(strstr(result.text, "skipped  2.weight [3,2] where the net has [10,1352]"));
    assert_non_null(strstr(result.json, "\"inkling/import/1\""));
    release(&result);
    assert_int_equal(ink_tensors_open(out_path, &tensors, NULL), INK_OK);
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        const ink_tensor *t = ink_tensors_find(&tensors, names[k]);
        float x[18];
        assert_non_null(t);
        assert_true(t->count <= 18);
        ink_tensor_floats(t, x);
        for (uint64_t i = 0; i < t->count; i++) assert_true(x[i] == (k == 4 ? fabsf(value(i)) : value(i)));
    }
    assert_string_equal(ink_tensors_note(&tensors, "inkling.origin"), file);
    ink_tensors_free(&tensors);
    if (ink_model_open(out_path, NULL, &model, &err) != INK_OK) fail_msg("%s", err.text);
    ink_model_free(model);
}

static void both_generations_of_pth_become_models(void **state) {
    DIR *entries = opendir(PTH_FOLDER);
    struct dirent *entry;
    unsigned n = 0;
    (void)state;
    assert_non_null(entries);
    write_text(net_path, pth_net);
    while ((entry = readdir(entries)) != NULL) {
        if (strncmp(entry->d_name, "net-", 4) != 0) continue;
        is_the_net(entry->d_name);
        n++;
    }
    closedir(entries);
    assert_true(n >= 4); /* two versions of PyTorch, two forms */
}

/* ---- names ---- */

static void prefixes_and_other_heads_are_known(void **state) {
    static const char *const prefixes[] = {"", "module.", "model.", "_orig_mod.", "module._orig_mod."};
    made m;
    (void)state;
    write_text(net_path, named_net);
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        make(&m, prefixes[i], i % 2 == 0 ? "fc" : "fc.0", 10);
        write_made(&m);
        takes(8, 0, false);
    }
    write_text(net_path, "input 3\nconv 2 3x3 as conv1\nbatchnorm as bn1\nglobal-avgpool\nlinear 10 as fc.0\n");
    make(&m, "", "fc", 10);
    write_made(&m);
    takes(8, 0, false);
}

static void a_head_of_other_classes_is_drawn_anew(void **state) {
    ink_tensors first = {0}, second = {0};
    made m;
    (void)state;
    write_text(net_path, named_net);
    make(&m, "module.", "fc.0", 12);
    write_made(&m);
    takes(6, 2, false);
    assert_int_equal(ink_tensors_open(out_path, &first, NULL), INK_OK);
    takes(6, 2, false);
    assert_int_equal(ink_tensors_open(out_path, &second, NULL), INK_OK);
    const ink_tensor *a = ink_tensors_find(&first, "fc.weight"), *b = ink_tensors_find(&second, "fc.weight");
    assert_non_null(a);
    assert_non_null(b);
    assert_memory_equal(a->data, b->data, 80); /* the seed alone decides */
    float head[20], sum = 0;
    ink_tensor_floats(a, head);
    for (int i = 0; i < 20; i++) sum += fabsf(head[i]);
    assert_true(sum > 1); /* 20 numbers in +-1/sqrt 2 */
    const ink_tensor *count = ink_tensors_find(&first, "bn1.num_batches_tracked");
    assert_non_null(count);
    assert_int_equal(count->data[0], 41);
    ink_tensors_free(&first);
    ink_tensors_free(&second);
}

/* ---- what does not fit ---- */

static void a_body_that_differs_is_refused_unless_partial(void **state) {
    made m;
    (void)state;
    write_text(net_path, named_net);
    make(&m, "", "fc", 10);
    add(&m, "extra.weight", 1, 4, 1, 1, 1);
    m.items[2].dim[0] = 3; /* bn1.weight */
    m.items[2].count = 3;
    m.items[2].bytes = 12;
    snprintf(m.names[1], sizeof m.names[1], "%s", "conv1.bais");
    write_made(&m);
    refuses(INK_E_DATA, "bn1.weight [3] where the net has [2]");
    refuses(INK_E_DATA, "conv1.bais [2] unknown to the net");
    refuses(INK_E_DATA, "extra.weight [4] unknown to the net");
    refuses(INK_E_DATA, "2 missing: conv1.bias [2], bn1.weight [2]");
    takes(6, 2, true);
    /* A layer that is called fc.1 is none of the head fc, whatever the file has for it. */
    write_text(net_path, "input 3\nconv 2 3x3 as conv1\nbatchnorm as bn1\nglobal-avgpool\nlinear 3 as fc.1\n"
                         "linear 10 as fc\n");
    make(&m, "", "fc", 10);
    add(&m, "fc.2.weight", 2, 3, 2, 1, 1);
    add(&m, "fc.2.bias", 1, 3, 1, 1, 1);
    write_made(&m);
    refuses(INK_E_DATA, "fc.1.weight [3,2]");
    /* Nothing fits: then partial does not help. */
    write_text(net_path, "linear 10");
    ink_import_result result;
    ink_error err;
    assert_int_equal(import(in_path, true, &result, &err), INK_E_DATA);
}

static void weights_that_are_no_numbers_are_refused(void **state) {
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    made m;
    (void)state;
    write_text(net_path, named_net);
    for (int i = 0; i < 3; i++) {
        make(&m, "", "fc", 10);
        m.numbers[53] = bad[i]; /* only conv1.weight is that long */
        write_made(&m);
        refuses(INK_E_DATA, "weight 53 of conv1.weight is not a finite number");
    }
    make(&m, "", "fc", 10);
    const float below[] = {0, -0.5f};
    m.items[5].data = (const uint8_t *)below;
    write_made(&m);
    refuses(INK_E_DATA, "bn1.running_var is below 0 for channel 1, expected a variance");
    const double beyond[] = {0, 1e300};
    make(&m, "", "fc", 10);
    m.items[1].dtype = INK_F64;
    m.items[1].data = (const uint8_t *)beyond;
    m.items[1].bytes = sizeof beyond;
    write_made(&m);
    refuses(INK_E_DATA, "weight 1 of conv1.bias is beyond the range of floats");
    make(&m, "", "fc", 10);
    m.items[2].dtype = INK_U8; /* bytes where weights should be */
    m.items[2].bytes = 2;
    write_made(&m);
    refuses(INK_E_DATA, "bn1.weight [2] of U8: no weights");
}

static void other_files_are_refused_by_name(void **state) {
    static const struct {
        const char *text, *says;
    } files[] = {
        {"", "neither safetensors nor a .pth file of PyTorch"},
        {"hello", "neither safetensors nor a .pth file of PyTorch"},
        {"label,pixel0\n1,2\n", "neither safetensors nor a .pth file of PyTorch"},
        {"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "this is a Git LFS pointer"},
        {"PK\003\004", in_path},
        {"\x80\002.", "this pickle is no file of PyTorch's"},
        {"\001\002\003\004\005\006\007\010{", in_path},
    };
    char tar[600];
    (void)state;
    write_text(net_path, named_net);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        write_text(in_path, files[i].text);
        refuses(INK_E_DATA, files[i].says);
    }
    memset(tar, ' ', sizeof tar);
    for (size_t i = 0; i < 5; i++) tar[257 + i] = "ustar"[i];
    assert_int_equal(ink_file_write_all(in_path, tar, sizeof tar, NULL), INK_OK);
    refuses(INK_E_DATA, "a tar, as PyTorch wrote in 2016");
    unlink(in_path);
    refuses(INK_E_FILE, in_path);
}

static void words_that_make_no_sense_are_told(void **state) {
    ink_import_result result;
    ink_error err;
    made m;
    (void)state;
    write_text(net_path, named_net);
    make(&m, "", "fc", 10);
    write_made(&m);
    ink_import_options o = {.file = in_path, .net = net_path, .out = out_path, .force = true};
    o.normalise = "meanstd auto";
    assert_int_equal(ink_work_import(&o, &result, &err), INK_E_USAGE);
    o.normalise = "halve";
    assert_int_equal(ink_work_import(&o, &result, &err), INK_E_USAGE);
    assert_non_null(strstr(err.text, "--normalise"));
    o.normalise = NULL;
    o.net = "resnet81";
    assert_int_equal(ink_work_import(&o, &result, &err), INK_E_USAGE);
    assert_non_null(strstr(err.hint, "resnet18"));
    o.net = NULL;
    assert_int_equal(ink_work_import(&o, &result, &err), INK_E_USAGE);
    assert_non_null(strstr(err.text, "--net is missing"));
    o.net = net_path;
    assert_int_equal(ink_work_import(&o, &result, &err), INK_OK);
    assert_string_equal(result.normalise, "imagenet"); /* the net has three channels */
    release(&result);
    o.force = false;
    assert_int_equal(ink_work_import(&o, &result, &err), INK_E_USAGE);
    assert_non_null(strstr(err.text, "is there already"));
}

/* ---- out again ---- */

static void same_bytes(const char *a, const char *b) {
    ink_tensors one = {0}, two = {0};
    assert_int_equal(ink_tensors_open(a, &one, NULL), INK_OK);
    assert_int_equal(ink_tensors_open(b, &two, NULL), INK_OK);
    assert_int_equal(one.n, two.n);
    assert_int_equal(one.n_metadata, two.n_metadata);
    for (size_t i = 0; i < one.n; i++) {
        assert_string_equal(one.items[i].name, two.items[i].name);
        assert_int_equal(one.items[i].dtype, two.items[i].dtype);
        assert_memory_equal(one.items[i].data, two.items[i].data, one.items[i].bytes);
    }
    ink_tensors_free(&one);
    ink_tensors_free(&two);
}

static void an_exported_model_is_what_pytorch_takes_and_still_a_model(void **state) {
    static const struct {
        const char *name;
        uint32_t rank;
        ink_dtype dtype;
    } wanted[] = {
        {"conv1.weight", 4, INK_F32}, {"conv1.bias", 1, INK_F32},       {"bn1.weight", 1, INK_F32},
        {"bn1.bias", 1, INK_F32},     {"bn1.running_mean", 1, INK_F32}, {"bn1.running_var", 1, INK_F32},
        {"fc.weight", 2, INK_F32},    {"fc.bias", 1, INK_F32},          {"bn1.num_batches_tracked", 0, INK_I64}};
    ink_export_result result;
    ink_tensors tensors = {0};
    ink_error err;
    made m;
    (void)state;
    write_text(net_path, named_net);
    make(&m, "", "fc.0", 10);
    write_made(&m);
    takes(8, 0, false);
    unlink(again_path);
    ink_export_options whole = {.model = out_path, .out = again_path};
    if (ink_work_export(&whole, &result, &err) != INK_OK) fail_msg("%s", err.text);
    assert_int_equal(result.tensors, 9);
    assert_int_equal(result.numbers, 54 + 2 * 5 + 20 + 10);
    same_bytes(out_path, again_path);
    assert_int_equal(ink_tensors_open(again_path, &tensors, NULL), INK_OK);
    assert_int_equal(tensors.n, sizeof wanted / sizeof wanted[0]);
    for (size_t i = 0; i < tensors.n; i++) {
        const ink_tensor *t = ink_tensors_find(&tensors, wanted[i].name);
        if (t == NULL) fail_msg("%s is missing", wanted[i].name);
        assert_int_equal(t->rank, wanted[i].rank);
        assert_int_equal(t->dtype, wanted[i].dtype);
    }
    assert_string_equal(ink_tensors_note(&tensors, "format"), "pt");
    ink_tensors_free(&tensors);
    assert_int_equal(ink_work_export(&whole, &result, &err), INK_E_USAGE); /* it is there already */
    ink_export_options other = {.model = in_path, .out = again_path, .force = true};
    assert_int_equal(ink_work_export(&other, &result, &err), INK_E_DATA); /* no net inside */
    /* A model needs no --net to be imported again. */
    ink_import_result imported;
    ink_import_options o = {.file = again_path, .out = out_path, .force = true};
    assert_int_equal(ink_work_import(&o, &imported, &err), INK_OK);
    assert_int_equal(imported.loaded, 8);
    assert_string_equal(imported.normalise, "");
    release(&imported);
}

static void the_zoo_knows_its_own(void **state) {
    made m;
    ink_weightfile file;
    (void)state;
    make(&m, "", "fc", 10);
    write_made(&m);
    assert_int_equal(ink_weightfile_open(in_path, &file, NULL), INK_OK);
    assert_null(ink_fit_zoo(&file.tensors));
    ink_weightfile_free(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_generations_of_pth_become_models),
        cmocka_unit_test(prefixes_and_other_heads_are_known),
        cmocka_unit_test(a_head_of_other_classes_is_drawn_anew),
        cmocka_unit_test(a_body_that_differs_is_refused_unless_partial),
        cmocka_unit_test(weights_that_are_no_numbers_are_refused),
        cmocka_unit_test(other_files_are_refused_by_name),
        cmocka_unit_test(words_that_make_no_sense_are_told),
        cmocka_unit_test(an_exported_model_is_what_pytorch_takes_and_still_a_model),
        cmocka_unit_test(the_zoo_knows_its_own),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}

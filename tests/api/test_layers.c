/* tests/api/test_layers.c: what the layers of a net see, as bytes.
 * What nets compute is tests/ops' business. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "api/layers.h"

/* Images of 4x4, one convolution with two channels (the pixel itself; its negative), a linear layer with three outputs
 * that weigh the sum of the first channel by 1, 0.5 and -1. */
static ink_id build(ink_graph *g, ink_id *w, ink_id *v) {
    const float scale = 1.0f, shift = 0.0f;
    ink_id x = ink_graph_normalise(g, ink_graph_images(g, 4, 4), 1, &scale, &shift);
    *w = ink_graph_param(g, "0.weight", 4, (int[]){2, 1, 1, 1});
    x = ink_graph_activation(g, ink_graph_conv2d(g, x, *w, INK_NONE, 1, 0, 0), INK_RELU, 0.0f);
    *v = ink_graph_param(g, "1.weight", 2, (int[]){3, 32});
    return ink_graph_activation(g, ink_graph_linear(g, ink_graph_flatten(g, x), *v, INK_NONE), INK_RELU, 0.0f);
}

static void maps_are_scaled_to_bytes(void **state) {
    ink_graph g = {0};
    ink_layers layers;
    ink_program *program = NULL;
    ink_error err;
    ink_id w, v;
    float weight[2] = {1.0f, -1.0f}, row[3 * 32] = {0};
    uint8_t image[16] = {0}, maps[2 * 16 + 3];
    (void)state;
    build(&g, &w, &v);
    assert_int_equal(ink_layers_mark(&g, &layers, &err), INK_OK);
    assert_int_equal(layers.n, 2);
    assert_int_equal(layers.bytes, sizeof maps);
    assert_string_equal(layers.items[0].kind, "conv2d");
    assert_int_equal(layers.items[0].channels, 2);
    assert_int_equal(layers.items[0].height, 4);
    assert_int_equal(layers.items[0].width, 4);
    assert_string_equal(layers.items[1].kind, "linear");
    assert_int_equal(layers.items[1].channels, 3);
    assert_int_equal(layers.items[1].at, 32);
    for (int i = 0; i < 16; i++) {
        row[i] = 1.0f;
        row[32 + i] = 0.5f;
        row[64 + i] = -1.0f;
    }
    assert_int_equal(ink_backend_cpu.compile(&g, &(ink_compile_options){.max_batch = 1}, &program, &err), INK_OK);
    assert_int_equal(ink_backend_cpu.write(program, w, weight, 2, &err), INK_OK);
    assert_int_equal(ink_backend_cpu.write(program, v, row, 96, &err), INK_OK);

    /* Blank paper: all is 0, and nothing divides by it. */
    memset(maps, 7, sizeof maps);
    ink_batch batch = {.n = 1, .images = image};
    assert_int_equal(ink_backend_cpu.run(program, &batch, &err), INK_OK);
    assert_int_equal(ink_layers_read(&layers, &ink_backend_cpu, program, maps, &err), INK_OK);
    for (size_t i = 0; i < sizeof maps; i++) assert_int_equal(maps[i], 0);

    image[5] = 200;
    image[6] = 100;
    assert_int_equal(ink_backend_cpu.run(program, &batch, &err), INK_OK);
    assert_int_equal(ink_layers_read(&layers, &ink_backend_cpu, program, maps, &err), INK_OK);
    for (int i = 0; i < 32; i++) assert_int_equal(maps[i], i == 5 ? 255 : i == 6 ? 128 : 0);
    assert_int_equal(maps[32], 255);
    assert_int_equal(maps[33], 128);
    assert_int_equal(maps[34], 0);
    ink_backend_cpu.free(program);
    ink_layers_clear(&layers);
    ink_graph_clear(&g);
}

static void a_net_without_activations_has_none(void **state) {
    ink_graph g = {0};
    ink_layers layers;
    (void)state;
    ink_id w = ink_graph_param(&g, "0.weight", 2, (int[]){10, 16});
    ink_graph_linear(&g, ink_graph_flatten(&g, ink_graph_input(&g, 1, 4, 4)), w, INK_NONE);
    assert_int_equal(ink_layers_mark(&g, &layers, NULL), INK_OK);
    assert_int_equal(layers.n, 0);
    assert_int_equal(layers.bytes, 0);
    ink_layers_clear(&layers);
    ink_graph_clear(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_are_scaled_to_bytes),
        cmocka_unit_test(a_net_without_activations_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* tests/report/test_chart.c: round ticks, and charts that are sound as SVG and PNG for all sorts of runs.
 * Whether they are beautiful is for eyes. */
#include <cairo.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "report/axis.h"
#include "report/chart.h"
#include "scratch.h"

#define near(a, b) assert_true(fabs((a) - (b)) < 1e-9)

static void share_axes(void **state) {
    (void)state;
    ink_axis a;
    ink_axis_share(&a, 0.9264, 0.974);
    near(a.low, 0.92);
    near(a.high, 0.98);
    assert_int_equal(a.n_ticks, 7);
    near(a.tick[1], 0.93);
    assert_int_equal(a.decimals, 0);
    ink_axis_share(&a, 0.1, 0.99); /* low values: from 0, as far as 100 % */
    near(a.low, 0);
    near(a.high, 1);
    ink_axis_share(&a, 1, 1); /* a perfect plateau is not drawn past 100 % */
    near(a.high, 1);
    assert_true(a.low < 1 && a.low > 0.98);
    ink_axis_share(&a, 0.9953, 0.9971);
    assert_true(a.decimals >= 1);
    for (uint32_t i = 1; i < a.n_ticks; i++) assert_true(a.tick[i] > a.tick[i - 1]);
    ink_axis_share(&a, 0, 0);
    near(a.low, 0);
    assert_true(a.high > 0);
}

static void loss_axes(void **state) {
    (void)state;
    ink_axis a;
    ink_axis_loss(&a, 0.09, 0.61, true);
    assert_false(a.logarithmic);
    near(a.low, 0);
    near(a.high, 0.8);
    ink_axis_loss(&a, 0.011, 0.9, true); /* a hundredfold range */
    assert_true(a.logarithmic);
    near(a.low, 0.01);
    near(a.high, 1);
    near(ink_axis_at(&a, 0.1), 0.5);
    ink_axis_loss(&a, 3e-8, 0.003, false); /* one cycle of a learning rate: only its end is so low */
    assert_false(a.logarithmic);
    ink_axis_loss(&a, 1e-12, 1e6, true); /* absurd, yet it must end and fit */
    assert_true(a.logarithmic && a.n_ticks <= INK_TICKS_MAX && a.low <= 1e-12 && a.high >= 1e6);
    ink_axis_loss(&a, 0, 0, true);
    assert_true(a.high > a.low);
    ink_axis_loss(&a, 0, 5e4, true);
    assert_false(a.logarithmic);
    assert_true(a.high >= 5e4);
}

static void epoch_axes(void **state) {
    (void)state;
    ink_axis a;
    ink_axis_epochs(&a, 1, 10, 0.9);
    assert_int_equal(a.n_ticks, 10);
    ink_axis_epochs(&a, 1, 1, 0);
    assert_int_equal(a.n_ticks, 1);
    near(ink_axis_at(&a, 1), 0.5);
    ink_axis_epochs(&a, 1, 1000, 84);
    near(a.tick[0], 1);
    near(a.tick[1], 100);
    assert_true(a.n_ticks <= 12);
    ink_axis_epochs(&a, 296, 5920, 400); /* 500 would touch 296 */
    near(a.tick[0], 296);
    near(a.tick[1], 1000);
    ink_axis_epochs(&a, 1, 4e9, 5e8);
    assert_true(a.n_ticks >= 2 && a.n_ticks <= 9);
}

/* Ten epochs of a run like v3's. */
static void make_epochs(ink_epoch *e, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        e[i] = (ink_epoch){.epoch = i + 1,
                           .train_loss = 0.5 * exp(-0.3 * i) + 0.02,
                           .train_acc = 0.99 - 0.09 * exp(-0.3 * i),
                           .val_loss = 0.25 * exp(-0.2 * i) + 0.08,
                           .val_acc = i == 7 ? 0.9740 : 0.97 - 0.04 * exp(-0.4 * i),
                           .val_errors = 30};
    }
}

static char *svg_of(ink_picture *picture) {
    ink_text text = {0};
    ink_error err;
    assert_int_equal(ink_picture_svg(picture, &text, &err), INK_OK);
    const char *fault = xml_fault(text.bytes);
    if (fault != NULL) print_error("%s in:\n%s\n", fault, text.bytes);
    assert_null(fault);
    assert_null(strstr(text.bytes, "nan"));
    assert_null(strstr(text.bytes, "inf\""));
    return ink_text_take(&text);
}

typedef struct reader {
    const uint8_t *bytes;
    size_t left;
} reader;

static cairo_status_t read_png(void *closure, unsigned char *to, unsigned size) {
    reader *r = closure;
    if (size > r->left) return CAIRO_STATUS_READ_ERROR;
    memcpy(to, r->bytes, size);
    r->bytes += size;
    r->left -= size;
    return CAIRO_STATUS_SUCCESS;
}

/* Paints it in both themes, reads it back, checks size and that something stands on the paper. */
static void check_png(const ink_picture *picture) {
    for (int theme = 0; theme < 2; theme++) {
        uint8_t *png = NULL;
        size_t size = 0;
        ink_error err;
        assert_int_equal(ink_picture_png(picture, (ink_theme)theme, 1, &png, &size, &err), INK_OK);
        assert_memory_equal(png, "\x89PNG\r\n\x1a\n", 8);
        reader r = {.bytes = png, .left = size};
        cairo_surface_t *surface = cairo_image_surface_create_from_png_stream(read_png, &r);
        assert_int_equal(cairo_surface_status(surface), CAIRO_STATUS_SUCCESS);
        assert_int_equal(cairo_image_surface_get_width(surface), (int)ceil(ink_picture_width(picture)));
        assert_int_equal(cairo_image_surface_get_height(surface), (int)ceil(ink_picture_height(picture)));
        const unsigned char *data = cairo_image_surface_get_data(surface);
        size_t bytes =
            (size_t)cairo_image_surface_get_stride(surface) * (size_t)cairo_image_surface_get_height(surface);
        assert_int_equal(data[0], theme == INK_THEME_DARK ? 0x17 : 0xff); /* blue of the paper */
        size_t other = 0;
        for (size_t i = 0; i < bytes; i += 4) other += data[i] != data[0];
        assert_true(other > 100);
        cairo_surface_destroy(surface);
        ink_mem_free(png);
    }
}

static void runs_of_all_lengths(void **state) {
    (void)state;
    static const uint32_t length[] = {0, 1, 2, 10, 31, 300};
    static ink_epoch e[300];
    make_epochs(e, 300);
    for (size_t i = 0; i < sizeof length / sizeof length[0]; i++) {
        for (int which = 0; which < 3; which++) {
            ink_picture *picture = NULL;
            ink_error err;
            ink_status status = which == 0   ? ink_chart_accuracy(e, length[i], &picture, &err)
                                : which == 1 ? ink_chart_loss(e, length[i], &picture, &err)
                                             : ink_chart_run(e, length[i], "v3 & <friends>", &picture, &err);
            assert_int_equal(status, INK_OK);
            free(svg_of(picture));
            check_png(picture);
            ink_picture_free(picture);
        }
    }
}

static void the_best_epoch_and_the_axis_are_told(void **state) {
    (void)state;
    ink_epoch e[10];
    ink_picture *picture = NULL;
    ink_error err;
    make_epochs(e, 10);
    assert_int_equal(ink_chart_best(e, 10), 7);
    assert_int_equal(ink_chart_accuracy(e, 10, &picture, &err), INK_OK);
    char *svg = svg_of(picture);
    assert_non_null(strstr(svg, "best 97.40 % after epoch 8"));
    assert_non_null(strstr(svg, "axis from"));
    assert_non_null(strstr(svg, "prefers-color-scheme:dark"));
    assert_non_null(strstr(svg, "<text"));
    assert_non_null(strstr(svg, "validation, epoch 3: "));
    /* Equal input, equal bytes. */
    ink_picture *again = NULL;
    assert_int_equal(ink_chart_accuracy(e, 10, &again, &err), INK_OK);
    char *svg_again = svg_of(again);
    assert_string_equal(svg, svg_again);
    free(svg);
    free(svg_again);
    ink_picture_free(picture);
    ink_picture_free(again);
}

/* The trainer takes the lower loss of equal accuracies, and so does whoever tells of it. */
static void the_best_of_equals_is_the_trainers(void **state) {
    (void)state;
    ink_epoch e[4] = {{.epoch = 1, .val_acc = 2 / 3.0, .val_loss = 0.3, .best = true},
                      {.epoch = 2, .val_acc = 2 / 3.0, .val_loss = 0.1, .best = true},
                      {.epoch = 3, .val_acc = 2 / 3.0, .val_loss = 0.2},
                      {.epoch = 4, .val_acc = 0.5, .val_loss = 0.05}};
    assert_int_equal(ink_chart_best(e, 4), 1);
    e[0].val_acc = 0.666666667; /* read back from metrics.csv */
    assert_int_equal(ink_chart_best(e, 4), 1);
    e[1].best = e[0].best = false; /* means over several nets */
    assert_int_equal(ink_chart_best(e, 4), 1);
    e[3].best = true; /* one net's best is not that of the mean */
    assert_int_equal(ink_chart_best(e, 4), 1);
    e[1].val_loss = e[2].val_loss = e[0].val_loss;
    assert_int_equal(ink_chart_best(e, 4), 0);
}

static void holes_and_infinities(void **state) {
    (void)state;
    ink_epoch e[10];
    ink_picture *picture = NULL;
    ink_error err;
    make_epochs(e, 10);
    e[0].val_acc = e[0].val_loss = e[4].val_acc = e[4].val_loss = NAN;
    e[6].train_loss = INFINITY;
    assert_int_equal(ink_chart_run(e, 10, NULL, &picture, &err), INK_OK);
    free(svg_of(picture));
    check_png(picture);
    ink_picture_free(picture);
    for (int i = 0; i < 10; i++) e[i].val_acc = e[i].val_loss = NAN; /* nothing held out: no accuracy is claimed */
    assert_int_equal(ink_chart_best(e, 10), INK_CHART_NO_BEST);
    assert_int_equal(ink_chart_accuracy(e, 10, &picture, &err), INK_OK);
    char *svg = svg_of(picture);
    assert_non_null(strstr(svg, "nothing was held out"));
    assert_null(strstr(svg, "validation"));
    free(svg);
    ink_picture_free(picture);
    for (int i = 0; i < 10; i++) e[i].train_acc = e[i].train_loss = NAN;
    assert_int_equal(ink_chart_run(e, 10, NULL, &picture, &err), INK_OK);
    svg = svg_of(picture);
    assert_non_null(strstr(svg, "nothing measured yet"));
    free(svg);
    ink_picture_free(picture);
}

static void six_series_and_no_more(void **state) {
    (void)state;
    double y[3] = {0.9, 0.95, 0.951};
    ink_series series[7];
    ink_picture *picture = NULL;
    ink_error err;
    for (int i = 0; i < 7; i++) series[i] = (ink_series){.name = "a run with quite a long name, really", .y = y};
    ink_chart chart = {.title = "Runs", .n = 3, .series = series, .n_series = 6, .best = INK_CHART_NO_BEST};
    assert_int_equal(ink_chart_draw(&chart, &picture, &err), INK_OK);
    free(svg_of(picture));
    check_png(picture);
    ink_picture_free(picture);
    chart.n_series = 7;
    assert_int_equal(ink_chart_draw(&chart, &picture, &err), INK_E_USAGE);
    assert_null(picture);
    chart.n_series = 0;
    assert_int_equal(ink_chart_draw(&chart, &picture, &err), INK_E_USAGE);
}

static void saving(void **state) {
    const char *folder = *state;
    ink_epoch e[3];
    ink_picture *picture = NULL;
    ink_error err;
    size_t size = 0;
    make_epochs(e, 3);
    assert_int_equal(ink_chart_accuracy(e, 3, &picture, &err), INK_OK);
    assert_int_equal(ink_picture_save(picture, scratch_path(folder, "a.svg"), &err), INK_OK);
    assert_int_equal(ink_picture_save(picture, scratch_path(folder, "a.png"), &err), INK_OK);
    char *svg = scratch_read(scratch_path(folder, "a.svg"), NULL),
         *png = scratch_read(scratch_path(folder, "a.png"), &size);
    assert_null(xml_fault(svg));
    assert_true(size > 1000);
    assert_memory_equal(png, "\x89PNG", 4);
    free(svg);
    free(png);
    assert_int_equal(ink_picture_save(picture, scratch_path(folder, "a.gif"), &err), INK_E_USAGE);
    assert_int_equal(ink_picture_save(picture, scratch_path(folder, "no/such/a.svg"), &err), INK_E_FILE);
    assert_int_equal(ink_picture_save(picture, scratch_path(folder, "no/such/a.png"), &err), INK_E_FILE);
    ink_picture_free(picture);
}

static void impossible_pictures(void **state) {
    (void)state;
    ink_error err;
    uint8_t *png = NULL;
    size_t size = 0;
    ink_text text = {0};
    ink_picture *huge = ink_picture_new(40000, 10, "too wide");
    assert_int_equal(ink_picture_png(huge, INK_THEME_LIGHT, 1, &png, &size, &err), INK_E_USAGE);
    ink_picture_free(huge);
    /* A picture that could not be made is drawn on without harm, and told at the end. */
    ink_picture_text(NULL, 0, 0, "x", &(ink_lettering){0});
    assert_int_equal(ink_picture_svg(NULL, &text, &err), INK_E_MEMORY);
    assert_int_equal(ink_picture_png(NULL, INK_THEME_LIGHT, 1, &png, &size, &err), INK_E_MEMORY);
    assert_null(png);
    ink_text_clear(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(share_axes),
        cmocka_unit_test(loss_axes),
        cmocka_unit_test(epoch_axes),
        cmocka_unit_test(runs_of_all_lengths),
        cmocka_unit_test(the_best_epoch_and_the_axis_are_told),
        cmocka_unit_test(the_best_of_equals_is_the_trainers),
        cmocka_unit_test(holes_and_infinities),
        cmocka_unit_test(six_series_and_no_more),
        cmocka_unit_test_setup_teardown(saving, scratch_setup, scratch_teardown),
        cmocka_unit_test(impossible_pictures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

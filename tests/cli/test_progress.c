/* tests/cli/test_progress.c: what the progress line says in each phase, and that it never grows beyond its columns.
 * How often it is drawn is looked at on a terminal, in tests/e2e/cli_progress.sh. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "cli/progress.h"
#include "cli/say.h"

static const ink_progress training = {.phase = "training",
                                      .unit = "images",
                                      .done = 23058,
                                      .total = 37800,
                                      .rate = 41200,
                                      .eta_s = 7,
                                      .run_eta_s = 134,
                                      .epoch = 3,
                                      .epochs = 20,
                                      .loss = 0.0412,
                                      .accuracy = 0.9873};

static void test_training(void **state) {
    char text[600];
    (void)state;
    cli_progress_line(&training, 99, true, false, text, sizeof text);
    assert_string_equal(text, "epoch 3/20 [######----] 61% loss 0.0412 acc 98.73% 41.2k img/s eta 0:07 (run 2:14)");
    cli_progress_line(&training, 99, true, true, text, sizeof text);
    assert_string_equal(text, "epoch 3/20 ━━━━━━┄┄┄┄ 61% loss 0.0412 acc 98.73% 41.2k img/s eta 0:07 (run 2:14)");
    cli_progress_line(&training, 240, false, false, text, sizeof text);
    assert_string_equal(text, "epoch 3/20 61% loss 0.0412 acc 98.73% 41.2k img/s eta 0:07 (run 2:14)");
}

static void test_first_epoch(void **state) {
    char text[600];
    ink_progress now = training;
    (void)state;
    now.accuracy = NAN;
    now.loss = NAN;
    now.epoch = 1;
    now.done = 0;
    now.rate = 0;
    now.eta_s = now.run_eta_s = -1;
    cli_progress_line(&now, 99, true, false, text, sizeof text);
    assert_string_equal(text, "epoch 1/20 [----------]  0%");
    now.phase = "validating";
    now.done = now.total;
    cli_progress_line(&now, 99, true, false, text, sizeof text);
    assert_string_equal(text, "epoch 1/20 validating [##########] 100%");
}

static void test_other_phases(void **state) {
    char text[600];
    ink_progress now = {.phase = "downloading", .unit = "bytes", .done = 5000000, .rate = 1.2e6};
    (void)state;
    now.eta_s = now.run_eta_s = -1;
    now.loss = now.accuracy = NAN;
    cli_progress_line(&now, 79, true, false, text, sizeof text);
    assert_string_equal(text, "downloading 5.0 MB 1.2 MB/s");
    now.total = 10000000;
    now.eta_s = 4;
    cli_progress_line(&now, 79, true, false, text, sizeof text);
    assert_string_equal(text, "downloading [#####-----] 50% of 10.0 MB 1.2 MB/s eta 0:04");
    now.phase = "drawing";
    now.unit = "digits";
    now.done = 1500;
    now.total = 60000;
    now.rate = 900;
    now.eta_s = 65;
    cli_progress_line(&now, 79, true, false, text, sizeof text);
    assert_string_equal(text, "drawing [----------]  2% 900 digits/s eta 1:05");
}

static void test_width(void **state) {
    char text[600], wide[600];
    (void)state;
    for (int utf8 = 0; utf8 < 2; utf8++) {
        for (unsigned columns = 1; columns < 99; columns++) {
            unsigned letters = 0;
            cli_progress_line(&training, columns, true, utf8 == 1, text, sizeof text);
            for (const char *p = text; *p != '\0'; p++) letters += ((unsigned char)*p & 0xc0) != 0x80;
            assert_true(letters <= columns);
            cli_progress_line(&training, 99, true, utf8 == 1, wide, sizeof wide);
            assert_memory_equal(text, wide, strlen(text)); /* cut, nothing else */
        }
    }
    cli_progress_line(&training, 99, true, true, text, 20); /* and never beyond its memory */
    assert_true(strlen(text) < 20);
}

static void test_durations(void **state) {
    char text[24];
    (void)state;
    assert_string_equal(cli_duration(0, text, sizeof text), "0:00");
    assert_string_equal(cli_duration(75.2, text, sizeof text), "1:15");
    assert_string_equal(cli_duration(3700, text, sizeof text), "1:01:40");
    assert_string_equal(cli_duration(-1, text, sizeof text), "0:00");
    assert_string_equal(cli_duration(NAN, text, sizeof text), "0:00");
    assert_string_equal(cli_duration(1e300, text, sizeof text), "0:00");
}

static void test_quoting(void **state) {
    char text[64];
    (void)state;
    assert_string_equal(cli_quoted("runs/v3", text, sizeof text), "runs/v3");
    assert_string_equal(cli_quoted("my runs", text, sizeof text), "'my runs'");
    assert_string_equal(cli_quoted("it's", text, sizeof text), "'it'\\''s'");
    assert_string_equal(cli_quoted("", text, sizeof text), "''");
    assert_string_equal(cli_quoted("a\nb", text, sizeof text), "'a?b'");
    assert_string_equal(cli_program("inkling", text, sizeof text), "inkling");
    assert_string_equal(cli_program("/my bin/inkling", text, sizeof text), "'/my bin/inkling'");
    assert_string_equal(cli_thousands(28000, text), "28,000");
    assert_string_equal(cli_thousands(999, text), "999");
    assert_string_equal(cli_thousands(18446744073709551615ull, text), "18,446,744,073,709,551,615");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_training), cmocka_unit_test(test_first_epoch), cmocka_unit_test(test_other_phases),
        cmocka_unit_test(test_width),    cmocka_unit_test(test_durations),   cmocka_unit_test(test_quoting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* tests/cli/test_options.c: a command line is taken apart by its table, and what is wrong with it is said.
 * Which options the verbs have is not its business: it brings a table of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "cli/options.h"

static const cli_option first[] = {
    {"out", 'o', CLI_TEXT, "FILE", NULL, "where", 0, 0},
    {"force", 'f', CLI_FLAG, NULL, NULL, "replace", 0, 0},
    {"count", 0, CLI_WHOLE, "N", "5", "how many", 1, 100},
    {"seed", 0, CLI_WHOLE, "N", "0", "which", 0, 0},
    {"share", 0, CLI_REAL, "S", NULL, "how much", 0, 1},
    {"precision", 0, CLI_CHOICE, "auto|f32|bf16", "auto", "how exact", 0, 0},
    {"save-every", 0, CLI_PERIOD, "TIME", NULL, "how often", 0, 0},
    {"graph", 0, CLI_OUT, "FILE", NULL, "where to", 0, 0},
    {"mirror", 0, CLI_LIST, "URL", NULL, "where from", 0, 0},
};
static const cli_option second[] = {
    {"shuffle", 0, CLI_YES_NO, "yes|no", "yes", "order", 0, 0},
    {"quiet", 'q', CLI_FLAG, NULL, NULL, "silence", 0, 0},
    {"help", 'h', CLI_FLAG, NULL, NULL, "help", 0, 0},
    {"version", 'V', CLI_FLAG, NULL, NULL, "version", 0, 0},
};
static const cli_group groups[] = {{"Options", first, sizeof first / sizeof first[0]},
                                   {"Common", second, sizeof second / sizeof second[0]}};
static const cli_verb verb = {.name = "try",
                              .words = "[MODEL...] DATA",
                              .missing = "DATA: the data",
                              .least = 1,
                              .most = 3,
                              .groups = {&groups[0], &groups[1]}};

#define WORDS 24
static char *words[WORDS];
static cli_args args;
static ink_error err;

/* Takes a line cut at blanks apart. */
static ink_status parse(const char *line) {
    static char copy[2000];
    int n = 0;
    char *rest = copy;
    assert_true(snprintf(copy, sizeof copy, "%s", line) < (int)sizeof copy);
    while (*rest != '\0' && n < WORDS) {
        size_t length = strcspn(rest, " ");
        words[n++] = rest;
        rest += length;
        if (*rest == ' ') *rest++ = '\0';
    }
    memset(&err, 0, sizeof err);
    return cli_parse(&verb, n, words, &args, &err);
}

static void says(const char *line, const char *text) {
    assert_int_equal(parse(line), INK_E_USAGE);
    assert_int_equal(err.status, INK_E_USAGE);
    assert_string_equal(err.text, text);
    assert_true(err.hint[0] != '\0');
}

static void test_values(void **state) {
    (void)state;
    assert_int_equal(parse("d --out a --count=7 --share .5 --precision bf16"), INK_OK);
    assert_string_equal(cli_text(&args, "out"), "a");
    assert_int_equal(cli_whole(&args, "count"), 7);
    assert_true(cli_real(&args, "share") == 0.5);
    assert_string_equal(cli_text(&args, "precision"), "bf16");
    assert_int_equal(parse("d"), INK_OK);
    assert_null(cli_text(&args, "out"));
    assert_int_equal(cli_whole(&args, "count"), 0);
    assert_true(cli_real(&args, "share") == 0.0);
    assert_false(cli_flag(&args, "force"));
    assert_int_equal(parse("d --seed 9223372036854775807"), INK_OK);
    assert_true(cli_whole(&args, "seed") == INT64_MAX);
    assert_int_equal(parse("d --seed 9223372036854775808"), INK_E_USAGE); /* JSON would show it as negative */
    assert_int_equal(parse("d --out=a=b"), INK_OK);
    assert_string_equal(cli_text(&args, "out"), "a=b");
    assert_int_equal(parse("d --out=--x --out -"), INK_OK);
    assert_string_equal(cli_text(&args, "out"), "-");
}

static void test_letters(void **state) {
    (void)state;
    assert_int_equal(parse("-qfo a d"), INK_OK);
    assert_true(cli_flag(&args, "quiet") && cli_flag(&args, "force"));
    assert_string_equal(cli_text(&args, "out"), "a");
    assert_int_equal(args.n_words, 1);
    assert_int_equal(parse("-oa d"), INK_OK);
    assert_string_equal(cli_text(&args, "out"), "a");
    says("d -x", "unknown option '-x'");
    says("d -out a", "unknown option '-out' (did you mean '--out'?)");
    says("d -o", "option '--out' needs a value: FILE");
}

static void test_flags(void **state) {
    (void)state;
    assert_int_equal(parse("d --force --no-force"), INK_OK);
    assert_false(cli_flag(&args, "force"));
    assert_int_equal(parse("d --no-shuffle"), INK_OK);
    assert_string_equal(cli_text(&args, "shuffle"), "no");
    assert_int_equal(parse("--shuffle d"), INK_OK);
    assert_string_equal(cli_text(&args, "shuffle"), "yes");
    assert_string_equal(args.words[0], "d");
    assert_int_equal(parse("--shuffle no d"), INK_OK);
    assert_string_equal(cli_text(&args, "shuffle"), "no");
    assert_int_equal(parse("--shuffle=no d"), INK_OK);
    assert_string_equal(cli_text(&args, "shuffle"), "no");
    says("--shuffle=maybe d", "option '--shuffle' is 'maybe', expected yes or no");
    says("--force=yes d", "option '--force' takes no value (seen: 'yes')");
    says("--no-out d", "unknown option '--no-out'");
    says("--no-forec d", "unknown option '--no-forec' (did you mean '--no-force'?)");
}

static void test_words(void **state) {
    (void)state;
    assert_int_equal(parse("a --out x b -q c"), INK_OK);
    assert_int_equal(args.n_words, 3);
    assert_string_equal(args.words[0], "a");
    assert_string_equal(args.words[1], "b");
    assert_string_equal(args.words[2], "c");
    assert_int_equal(parse("-- --out -q"), INK_OK);
    assert_int_equal(args.n_words, 2);
    assert_string_equal(args.words[0], "--out");
    assert_string_equal(args.words[1], "-q");
    assert_int_equal(parse("-"), INK_OK);
    assert_string_equal(args.words[0], "-");
    says("--force", "try needs DATA: the data");
    says("a b c d", "try: one word too many: 'd'");
    says("a b c out=x", "try: one word too many: 'out=x' (did you mean '--out=x'?)");
    assert_int_equal(parse("--help"), INK_OK);
    assert_int_equal(parse("a b c d e -V"), INK_OK);
}

static void test_wrong_values(void **state) {
    (void)state;
    says("d --count 0", "option '--count' is '0', expected a whole number 1..100");
    says("d --count 101", "option '--count' is '101', expected a whole number 1..100");
    says("d --count 5x", "option '--count' is '5x', expected a whole number 1..100");
    says("d --count -5", "option '--count' is '-5', expected a whole number 1..100");
    says("d --count 99999999999999999999",
         "option '--count' is '99999999999999999999', expected a whole number 1..100");
    says("d --seed 1.5", "option '--seed' is '1.5', expected a whole number up to 9223372036854775807");
    says("d --share 1.01", "option '--share' is '1.01', expected a number from 0 to 1");
    says("d --share nan", "option '--share' is 'nan', expected a number from 0 to 1");
    says("d --share 0x1", "option '--share' is '0x1', expected a number from 0 to 1");
    says("d --share 1e999", "option '--share' is '1e999', expected a number from 0 to 1");
    says("d --precision bf17", "option '--precision' is 'bf17', expected auto|f32|bf16 (did you mean 'bf16'?)");
    says("d --precision double", "option '--precision' is 'double', expected auto|f32|bf16");
    says("d --out", "option '--out' needs a value: FILE");
    says("d --out --force", "option '--out' needs a value: FILE");
    says("d --graph -", "option '--graph' is '-', expected a name to write to (./- is one, /dev/stdout another)");
    says("d --out=", "option '--out' is '', expected FILE");
}

static void test_unknown(void **state) {
    (void)state;
    says("d --cuont 3", "unknown option '--cuont' (did you mean '--count'?)");
    says("d --save 3", "unknown option '--save' (did you mean '--save-every'?)");
    says("d --banana", "unknown option '--banana'");
    says("d ---", "unknown option '---'");
}

static void test_periods(void **state) {
    (void)state;
    assert_int_equal(parse("d --save-every 90"), INK_OK);
    assert_true(cli_real(&args, "save-every") == 90);
    assert_int_equal(parse("d --save-every 10m"), INK_OK);
    assert_true(cli_real(&args, "save-every") == 600);
    assert_int_equal(parse("d --save-every 1.5h"), INK_OK);
    assert_true(cli_real(&args, "save-every") == 5400);
    says("d --save-every 10d", "option '--save-every' is '10d', expected a time such as 90s, 10m or 2h");
    says("d --save-every -1", "option '--save-every' is '-1', expected a time such as 90s, 10m or 2h");
    says("d --save-every m", "option '--save-every' is 'm', expected a time such as 90s, 10m or 2h");
}

static void test_lists(void **state) {
    (void)state;
    assert_int_equal(parse("d --mirror a --mirror=b"), INK_OK);
    assert_int_equal(args.n_listed, 2);
    assert_string_equal(args.listed[0], "a");
    assert_string_equal(args.listed[1], "b");
    assert_null(args.listed[2]);
}

static void test_choices(void **state) {
    const char *word;
    (void)state;
    assert_int_equal(cli_choice_at("a|bc|d", 1, &word), 2);
    assert_true(strncmp(word, "bc", 2) == 0);
    assert_int_equal(cli_choice_at("a|bc|d", 3, &word), 0);
    assert_true(cli_choice_plain("none|one-cycle"));
    assert_false(cli_choice_plain("N"));
    assert_false(cli_choice_plain("NAME|FILE"));
    assert_false(cli_choice_plain("none|range A B"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),  cmocka_unit_test(test_letters), cmocka_unit_test(test_flags),
        cmocka_unit_test(test_words),   cmocka_unit_test(test_unknown), cmocka_unit_test(test_wrong_values),
        cmocka_unit_test(test_periods), cmocka_unit_test(test_lists),   cmocka_unit_test(test_choices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

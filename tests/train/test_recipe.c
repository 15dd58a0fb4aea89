/* tests/train/test_recipe.c: recipe text and keys, and the schedules they choose.
 * Schedules are compared with torch.optim.lr_scheduler's own numbers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "core/mem.h"
#include "train/recipe.h"

static void house_recipe_is_read_whole(void **state) {
    static const char text[] = "# v3: a comment\nnormalise  = range 250 0.5   # x/250 - 0.5\nval = 0.01 random\n"
                               "shuffle=no\nepochs = 3\nlr = 1e-3\n\n[net]\nlinear 128\nrelu\nlinear 10\n";
    ink_recipe r;
    ink_error err;
    (void)state;
    ink_recipe_start(&r);
    assert_int_equal(ink_recipe_parse(&r, text, "recipes/v3.txt", &err), INK_OK);
    assert_string_equal(r.name, "v3");
    assert_int_equal(r.normalise, INK_NORMALISE_RANGE);
    assert_true(fabs(r.normalise_a - 250) < 1e-12 && fabs(r.normalise_b - 0.5) < 1e-12);
    assert_int_equal(r.val_kind, INK_SPLIT_RANDOM);
    assert_true(fabs(r.val_fraction - 0.01) < 1e-12);
    assert_false(r.shuffle);
    assert_int_equal(r.epochs, 3);
    assert_int_equal(r.batch_size, 64); /* the fallback */
    assert_string_equal(r.net_text, "linear 128\nrelu\nlinear 10\n");
    assert_int_equal(r.net_line, 9);
    ink_recipe_clear(&r);
}

/* A model file holds both: they are UTF-8 whatever the file and its name are, and a long name ends with a letter. */
static void names_and_remarks_become_utf8(void **state) {
    char file[200] = "recipes/x";
    ink_recipe r;
    ink_error err;
    (void)state;
    for (int i = 0; i < 40; i++) strcat(file, "\303\251");
    ink_recipe_start(&r);
    assert_int_equal(ink_recipe_parse(&r, "[net]\nlinear 10 # r\351seau, r\303\251seau\n", file, &err), INK_OK);
    assert_string_equal(r.net_text, "linear 10 # r?seau, r\303\251seau\n");
    assert_int_equal(strlen(r.name), 59);
    assert_memory_equal(r.name, file + 8, 59);
    ink_recipe_clear(&r);
    ink_recipe_start(&r);
    assert_int_equal(ink_recipe_parse(&r, "", "caf\351.txt", &err), INK_OK);
    assert_string_equal(r.name, "caf?");
    ink_recipe_clear(&r);
}

/* args.conf must give the same run again. */
static void text_reads_back_to_the_same(void **state) {
    ink_recipe a, b;
    char *first = NULL, *second = NULL;
    (void)state;
    ink_recipe_start(&a);
    assert_int_equal(ink_recipe_set(&a, "augment", "rotate 12 scale 0.12", "test", NULL), INK_OK);
    assert_int_equal(ink_recipe_set(&a, "schedule", "step 1 0.95", "test", NULL), INK_OK);
    assert_int_equal(ink_recipe_set_net(&a, "linear 10", "x", 1, NULL), INK_OK);
    assert_int_equal(ink_recipe_text(&a, &first, NULL), INK_OK);
    ink_recipe_start(&b);
    assert_int_equal(ink_recipe_parse(&b, first, "args.conf", NULL), INK_OK);
    assert_int_equal(ink_recipe_text(&b, &second, NULL), INK_OK);
    assert_string_equal(first, second);
    assert_int_equal(ink_recipe_set(&b, "augment", "rotate 3 bogus 3", "test", NULL),
                     INK_E_USAGE); /* changes nothing */
    assert_true(b.augment.rotate_deg == 12.0f);
    assert_int_equal(b.schedule.kind, INK_SCHEDULE_STEP);
    ink_mem_free(first);
    ink_mem_free(second);
    ink_recipe_clear(&a);
    ink_recipe_clear(&b);
}

static void times_and_shares_are_read(void **state) {
    static const struct {
        const char *key, *value;
        double wanted;
    } ok[] = {{"until", "99.4%", 0.994}, {"until", "99.4 %", 0.994}, {"until", "0.5", 0.5},  {"until", "none", 0},
              {"budget", "90", 90},      {"budget", "60s", 60},      {"budget", "1.5m", 90}, {"budget", "2h", 7200}};
    (void)state;
    for (size_t i = 0; i < sizeof ok / sizeof *ok; i++) {
        ink_recipe r;
        ink_recipe_start(&r);
        assert_int_equal(ink_recipe_set(&r, ok[i].key, ok[i].value, "test", NULL), INK_OK);
        assert_true(fabs((ok[i].key[0] == 'u' ? r.until : r.budget_s) - ok[i].wanted) < 1e-9);
    }
}

static void wrong_lines_are_told(void **state) {
    static const struct {
        const char *text, *says;
    } wrong[] = {
        {"epohcs = 3", "did you mean \"epochs\"?"},
        {"\nepochs = 0", "my.txt:2: epochs is \"0\", expected a whole number 1..100000"},
        {"epochs = -1", "epochs is \"-1\""},
        {"epochs = 3.5", "expected a whole number"},
        {"seed = 9223372036854775808", "expected a whole number 0..9223372036854775807"},
        {"epochs", "expected key = value"},
        {"lr = fast", "lr is \"fast\", expected a number from 0 to 1000"},
        {"lr = 0,001", "lr is \"0,001\""},
        {"val = 0.95", "a fraction below 0.9"},
        {"val = 0.1 sorted", "stratified or FRACTION random"},
        {"shuffle = maybe", "yes or no"},
        {"optimizer = adma", "adam, adamw, sgd or muon"},
        {"until = 99.4", "99.4%, 0.994 or none"},
        {"until = 0", "until is"},
        {"until = 101%", "until is"},
        {"until = 99 per cent", "until is"},
        {"budget = 60 s", "a time such as 60s"},
        {"budget = 0", "budget is"},
        {"budget = s", "budget is"},
        {"budget = -1m", "budget is"},
        {"normalise = range 0 1", "range DIVISOR OFFSET"},
        {"schedule = step", "step EPOCHS FACTOR"},
        {"net = resnet19", "the name of a net"},
        {"augment = rotate", "rotate"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ink_recipe r;
        ink_error err;
        ink_recipe_start(&r);
        assert_int_equal(ink_recipe_parse(&r, wrong[i].text, "my.txt", &err), INK_E_USAGE);
        if (strstr(err.text, wrong[i].says) == NULL && strstr(err.hint, wrong[i].says) == NULL) {
            fail_msg("\"%s\" says: %s / %s", wrong[i].text, err.text, err.hint);
        }
        assert_memory_equal(err.text, "my.txt:", 7);
        ink_recipe_clear(&r);
    }
}

static void every_built_in_recipe_is_sound(void **state) {
    size_t n = 0;
    (void)state;
    for (; ink_recipe_file(n) != NULL; n++) {
        char name[64];
        ink_recipe r;
        ink_net *net = NULL;
        ink_error err;
        strcpy(name, ink_recipe_file(n));
        name[strlen(name) - 4] = '\0';
        ink_recipe_start(&r);
        const char *text = ink_recipe_find(name);
        assert_non_null(text);
        assert_memory_equal(text, "# ", 2); /* what `recipe list` shows */
        assert_int_equal(ink_recipe_parse(&r, text, name, &err), INK_OK);
        assert_non_null(r.net_text);
        assert_int_equal(ink_net_parse(r.net_text, name, r.net_line, &net, &err), INK_OK);
        ink_net_free(net);
        ink_recipe_clear(&r);
    }
    assert_true(n >= 3);
    assert_null(ink_recipe_find("v"));
}

static void near(double got, double wanted) {
    if (fabs(got - wanted) > 1e-9 * fabs(wanted) + 1e-15) fail_msg("%.17g, expected %.17g", got, wanted);
}

/* OneCycleLR(max_lr=1, total_steps=10).get_last_lr() before each step, from PyTorch 2.15. */
static void one_cycle_is_torchs(void **state) {
    static const double torch[10] = {0.04,
                                     0.52,
                                     1.0,
                                     0.9504846320134737,
                                     0.8117456539497631,
                                     0.6112620219362893,
                                     0.38874197806371075,
                                     0.18825834605023697,
                                     0.049519367986526286,
                                     4e-06};
    ink_schedule s = {.kind = INK_SCHEDULE_ONE_CYCLE};
    (void)state;
    for (uint64_t i = 0; i < 10; i++) near(ink_schedule_factor(&s, i, 10, 5), torch[i]);
}

static void other_schedules_follow_their_formulas(void **state) {
    ink_schedule step = {.kind = INK_SCHEDULE_STEP, .every = 2, .factor = 0.1};
    ink_schedule cosine = {.kind = INK_SCHEDULE_COSINE};
    ink_schedule linear = {.kind = INK_SCHEDULE_LINEAR, .warmup_epochs = 1};
    ink_schedule constant = {.kind = INK_SCHEDULE_CONSTANT};
    (void)state;
    near(ink_schedule_factor(&step, 19, 100, 10), 1);
    near(ink_schedule_factor(&step, 20, 100, 10), 0.1);
    near(ink_schedule_factor(&step, 40, 100, 10), 0.01);
    near(ink_schedule_factor(&cosine, 0, 100, 10), 1);
    near(ink_schedule_factor(&cosine, 50, 100, 10), 0.5);
    near(ink_schedule_factor(&cosine, 25, 100, 10), 0.5 * (1 + sqrt(0.5)));
    near(ink_schedule_factor(&linear, 0, 100, 10), 0.1);
    near(ink_schedule_factor(&linear, 9, 100, 10), 1);
    near(ink_schedule_factor(&linear, 10, 100, 10), 1);
    near(ink_schedule_factor(&linear, 55, 100, 10), 0.5);
    near(ink_schedule_factor(&constant, 99, 100, 10), 1);
}

static void the_tutorials_nets_are_resnet18(void **state) {
    static const char *const names[] = {"v6", "v7"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        ink_recipe r;
        ink_error err;
        const char *text = ink_recipe_find(names[i]), *zoo = ink_zoo_find("resnet18");
        assert_non_null(text);
        ink_recipe_start(&r);
        if (ink_recipe_parse(&r, text, names[i], &err) != INK_OK) fail_msg("%s", err.text);
        assert_int_equal(r.normalise, INK_NORMALISE_IMAGENET);
        assert_int_equal(r.batch_size, 512);
        assert_int_equal(r.epochs, 10);
        assert_int_equal(r.workers, 2);
        assert_memory_equal(r.net_text, zoo, strlen(zoo));
        assert_string_equal(r.net_text + strlen(zoo), i == 0 ? "softmax\n" : "");
        ink_recipe_clear(&r);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(house_recipe_is_read_whole),
        cmocka_unit_test(names_and_remarks_become_utf8),
        cmocka_unit_test(text_reads_back_to_the_same),
        cmocka_unit_test(times_and_shares_are_read),
        cmocka_unit_test(wrong_lines_are_told),
        cmocka_unit_test(every_built_in_recipe_is_sound),
        cmocka_unit_test(one_cycle_is_torchs),
        cmocka_unit_test(other_schedules_follow_their_formulas),
        cmocka_unit_test(the_tutorials_nets_are_resnet18),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

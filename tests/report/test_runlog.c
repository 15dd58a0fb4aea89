/* tests/report/test_runlog.c: run folders: what is in them, who may open them, what a resume keeps, full disks.
 * The pictures in them are test_chart's. */
#define _DEFAULT_SOURCE
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/mem.h"
#include "report/runlog.h"
#include "scratch.h"

#define HEADER "epoch,step,time_s,lr,train_loss,train_acc,val_loss,val_acc,val_errors,best,images_per_s,peak_mem_mb\n"

static ink_epoch make_epoch(uint32_t number) {
    return (ink_epoch){.epoch = number,
                       .step = number * 100u,
                       .time_s = number * 0.5,
                       .lr = 0.001,
                       .train_loss = 0.5 / number,
                       .train_acc = 0.9,
                       .val_loss = NAN,
                       .val_acc = 1 - 0.1 / number,
                       .val_errors = number == 2 ? -1 : 42,
                       .best = true,
                       .images_per_s = 123456.789,
                       .peak_mem_mb = 100};
}

static ink_runlog *create(const char *out, const char *runs, bool force) {
    ink_runlog *log = NULL;
    ink_error err = {0};
    ink_status status =
        ink_runlog_create(&(ink_runlog_options){.out = out, .runs = runs, .recipe = "v3", .force = force}, &log, &err);
    if (status != INK_OK) print_error("%s\n", err.text);
    assert_int_equal(status, INK_OK);
    return log;
}

static void add_epochs(ink_runlog *log, uint32_t first, uint32_t last) {
    ink_error err;
    for (uint32_t i = first; i <= last; i++) {
        ink_epoch e = make_epoch(i);
        assert_int_equal(ink_runlog_epoch(log, &e, 10, &err), INK_OK);
        assert_int_equal(ink_runlog_event(log, "checkpoint", i, e.step, NULL, &err), INK_OK);
    }
}

static void expect_file(const char *run, const char *name, const char *wanted) {
    char *got = scratch_read(scratch_path(run, name), NULL);
    assert_string_equal(got, wanted);
    free(got);
}

static json_t *read_json(const char *run, const char *name) {
    json_t *root = json_load_file(scratch_path(run, name), 0, NULL);
    assert_non_null(root);
    return root;
}

#define ROW1 "1,100,0.5,0.001,0.5,0.9,,0.9,42,1,123456.789,100\n"
#define ROW2 "2,200,1,0.001,0.25,0.9,,0.95,,1,123456.789,100\n"
#define ROW3 "3,300,1.5,0.001,0.166666667,0.9,,0.966666667,42,1,123456.789,100\n"

static void a_whole_run(void **state) {
    const char *out = scratch_path(*state, "deep/er/run");
    const uint8_t held_out[5] = {0, 1, 0, 0, 1};
    const char *argv[] = {"inkling", "train", "caf\xe9", NULL};
    ink_error err;
    ink_runlog *log = create(out, NULL, false);
    assert_int_equal(ink_runlog_path(log)[0], '/');
    assert_int_equal(ink_runlog_settings(log, "epochs = 10\n[net]\nlinear 10\n", &err), INK_OK);
    ink_run_env env = {.argv = argv, .device = "cpu", .threads = 2, .seed = 7, .data = "train.csv", .train_rows = 3};
    assert_int_equal(ink_runlog_env(log, &env, &err), INK_OK);
    assert_int_equal(ink_runlog_split(log, held_out, 5, &err), INK_OK);
    assert_int_equal(ink_runlog_line(log, "INFO", "epoch=1 \x1b[31mred\nnext", &err), INK_OK);
    add_epochs(log, 1, 3);
    assert_int_equal(ink_runlog_draw(log, &err), INK_OK);
    assert_int_equal(ink_runlog_beat(log, 333, &err), INK_OK);
    assert_int_equal(ink_runlog_end(log, INK_RUN_DONE, "abc", NULL, &err), INK_OK);
    ink_runlog_free(log);

    expect_file(out, "metrics.csv", HEADER ROW1 ROW2 ROW3);
    expect_file(out, "args.conf", "epochs = 10\n[net]\nlinear 10\n");
    expect_file(out, "split.csv", "index\n1\n4\n");
    static const char *const names[] = {"accuracy.svg", "accuracy.png", "loss.svg", "loss.png",
                                        "curves.svg",   "curves.png",   "weights"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_true(scratch_exists(scratch_path(out, names[i])));
    char *lines = scratch_read(scratch_path(out, "train.log"), NULL);
    assert_non_null(strstr(lines, "Z INFO  train  epoch=1 \\x1b[31mred\\x0anext\n"));
    free(lines);
    json_t *status = read_json(out, "status.json"), *env_json = read_json(out, "env.json");
    assert_string_equal(json_string_value(json_object_get(status, "state")), "done");
    assert_int_equal(json_integer_value(json_object_get(status, "epoch")), 3);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(status, "best"), "epoch")), 3);
    assert_int_equal(json_integer_value(json_object_get(status, "pid")), getpid());
    assert_string_equal(json_string_value(json_array_get(json_object_get(env_json, "argv"), 2)), "caf?");
    assert_true(json_is_null(json_object_get(env_json, "data_sha256")));
    json_decref(status);
    json_decref(env_json);
    /* A run under a name of its own leaves its parent alone. */
    assert_false(scratch_exists(scratch_path(*state, "deep/er/latest")));
    assert_false(scratch_exists(scratch_path(*state, "deep/er/index.csv")));
}

static void every_event_is_a_line_of_json(void **state) {
    const char *out = scratch_path(*state, "run");
    ink_error err;
    ink_runlog *log = create(out, NULL, false);
    add_epochs(log, 1, 2);
    assert_int_equal(ink_runlog_event(log, "warning", 2, 200, "a \"quoted\" word\n", &err), INK_OK);
    ink_runlog_free(log);
    char *text = scratch_read(scratch_path(out, "metrics.jsonl"), NULL);
    int n = 0;
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"), n++) {
        json_t *event = json_loads(line, 0, NULL);
        assert_non_null(event);
        assert_non_null(json_string_value(json_object_get(event, "event")));
        assert_int_equal(strlen(json_string_value(json_object_get(event, "ts"))), 24);
        json_decref(event);
    }
    assert_int_equal(n, 5);
    free(text);
}

static void reading_it_back(void **state) {
    const char *out = scratch_path(*state, "run");
    ink_error err;
    ink_epoch *epochs = NULL;
    uint32_t n = 0;
    uint8_t held_out[6];
    ink_runlog *log = create(out, NULL, false);
    add_epochs(log, 1, 3);
    assert_int_equal(ink_runlog_split(log, (const uint8_t[]){1, 0, 0, 1, 0, 0}, 6, &err), INK_OK);
    assert_int_equal(ink_run_epochs(out, &epochs, &n, &err), INK_OK);
    assert_int_equal(n, 3);
    assert_true(epochs[1].val_errors == -1 && epochs[0].val_errors == 42 && isnan(epochs[0].val_loss));
    assert_true(fabs(epochs[2].val_acc - (1 - 0.1 / 3)) < 1e-9);
    assert_int_equal(epochs[2].step, 300);
    ink_mem_free(epochs);
    memset(held_out, 9, sizeof held_out);
    assert_int_equal(ink_run_split(out, held_out, 6, &err), INK_OK);
    assert_memory_equal(held_out, ((const uint8_t[]){1, 0, 0, 1, 0, 0}), 6);
    assert_int_equal(ink_run_split(out, held_out, 3, &err), INK_E_DATA); /* other data than the run's */
    assert_int_equal(err.line, 3);
    ink_runlog_free(log);
    assert_int_equal(ink_run_epochs(*state, &epochs, &n, &err), INK_E_FILE);
    assert_null(epochs);
    assert_int_equal(ink_run_split(*state, held_out, 6, &err), INK_E_FILE);
}

static void bad_tables(void **state) {
    static const struct {
        const char *text;
        uint64_t line, column;
    } bad[] = {
        {"epoch,loss\n1,2\n", 1, 0},
        {HEADER ROW1 "x,1,1,1,1,1,1,1,1,1,1,1\n", 3, 1},
        {HEADER "1,1,1,1,1,1,1,zero,1,1,1,1\n", 2, 8},
        {HEADER "1,1,1,1,1,1,1,1,-3,1,1,1\n", 2, 9},
        {HEADER "1,1,1,1,1,1,1,1,3,2,1,1\n", 2, 10},
        {HEADER ROW1 ROW2 "3,1,1\n", 4, 0},
        {HEADER "0,1,1,1,1,1,1,1,3,1,1,1\n", 2, 1}, /* epochs ascend from 1 */
        {HEADER ROW1 ROW2 ROW2, 4, 1},
        {HEADER ROW3 ROW1, 3, 1},
    };
    const char *path = scratch_path(*state, "metrics.csv");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ink_epoch *epochs = NULL;
        uint32_t n = 0;
        ink_error err = {0};
        scratch_write(path, bad[i].text);
        assert_int_equal(ink_run_epochs(*state, &epochs, &n, &err), INK_E_DATA);
        assert_int_equal(err.line, bad[i].line);
        assert_int_equal(err.column, bad[i].column);
        assert_null(epochs);
    }
    ink_epoch *epochs = NULL;
    uint32_t n = 0;
    ink_error err;
    /* A column that a later version added, infinities, a torn last line. */
    scratch_write(path, "epoch,step,time_s,lr,train_loss,train_acc,val_loss,val_acc,val_errors,best,images_per_s,"
                        "peak_mem_mb,new\n1,5,1,1,inf,nan,-inf,,,0,1,1,77\n2,10,1,");
    assert_int_equal(ink_run_epochs(*state, &epochs, &n, &err), INK_OK);
    assert_int_equal(n, 1);
    assert_true(isinf(epochs[0].train_loss) && isnan(epochs[0].train_acc));
    ink_mem_free(epochs);
}

static void a_resume_cuts_what_came_after_the_checkpoint(void **state) {
    const char *out = scratch_path(*state, "run");
    ink_error err;
    uint32_t n = 0;
    ink_runlog *log = create(out, NULL, false);
    add_epochs(log, 1, 3);
    ink_runlog_free(log); /* killed: no end */
    char *before = scratch_read(scratch_path(out, "metrics.csv"), NULL);
    char torn[4096];
    snprintf(torn, sizeof torn, "%s4,400,2,0.0", before); /* and the power went while the next row was written */
    free(before);
    scratch_write(scratch_path(out, "metrics.csv"), torn);
    assert_int_equal(ink_runlog_resume(out, 2, 250, &log, &err), INK_OK);
    expect_file(out, "metrics.csv", HEADER ROW1 ROW2);
    assert_non_null(ink_runlog_epochs(log, &n));
    assert_int_equal(n, 2);
    add_epochs(log, 3, 3);
    ink_runlog_free(log);
    expect_file(out, "metrics.csv", HEADER ROW1 ROW2 ROW3);
    char *events = scratch_read(scratch_path(out, "metrics.jsonl"), NULL);
    int epochs_told = 0, resumes = 0;
    for (const char *s = events; (s = strstr(s, "\"event\":\"epoch\"")) != NULL; s++) epochs_told++;
    for (const char *s = events; (s = strstr(s, "\"event\":\"resume\"")) != NULL; s++) resumes++;
    assert_int_equal(epochs_told, 3);
    assert_int_equal(resumes, 1);
    free(events);
    /* From the start again: only the header stays. */
    assert_int_equal(ink_runlog_resume(out, 0, 0, &log, &err), INK_OK);
    expect_file(out, "metrics.csv", HEADER);
    json_t *status = read_json(out, "status.json");
    assert_string_equal(json_string_value(json_object_get(status, "recipe")), "v3");
    json_decref(status);
    ink_runlog_free(log);
    assert_int_equal(ink_runlog_resume(scratch_path(*state, "nothing"), 0, 0, &log, &err), INK_E_USAGE);
    assert_null(log);
}

static void one_writer_at_a_time(void **state) {
    const char *out = scratch_path(*state, "run");
    char wanted[64];
    ink_error err = {0};
    ink_runlog *second = NULL;
    ink_runlog *log = create(out, NULL, false);
    snprintf(wanted, sizeof wanted, "already in use by pid %ld", (long)getpid());
    assert_int_equal(ink_runlog_create(&(ink_runlog_options){.out = out, .force = true}, &second, &err), INK_E_USAGE);
    assert_non_null(strstr(err.text, wanted));
    assert_int_equal(ink_runlog_resume(out, 0, 0, &second, &err), INK_E_USAGE);
    assert_non_null(strstr(err.text, wanted));
    assert_null(second);
    expect_file(out, "metrics.csv", HEADER); /* untouched */
    ink_runlog_free(log);
    assert_int_equal(ink_runlog_resume(out, 0, 0, &second, &err), INK_OK);
    ink_runlog_free(second);
}

static void an_existing_run_is_not_overwritten(void **state) {
    const char *out = scratch_path(*state, "run");
    ink_error err = {0};
    ink_runlog *log = create(out, NULL, false);
    add_epochs(log, 1, 2);
    ink_runlog_free(log);
    scratch_write(scratch_path(out, "notes.txt"), "mine");
    scratch_write(scratch_path(out, "weights/best.safetensors"), "old");
    assert_int_equal(ink_runlog_create(&(ink_runlog_options){.out = out}, &log, &err), INK_E_USAGE);
    assert_null(log);
    assert_non_null(strstr(err.hint, "--force"));
    expect_file(out, "metrics.csv", HEADER ROW1 ROW2);
    log = create(out, NULL, true);
    expect_file(out, "metrics.csv", HEADER);
    assert_false(scratch_exists(scratch_path(out, "weights/best.safetensors")));
    expect_file(out, "notes.txt", "mine"); /* what is not ours stays */
    ink_runlog_free(log);
    /* A folder of other things is no place for a run, unless forced; an empty one is. */
    const char *other = scratch_path(*state, "other"), *empty = scratch_path(*state, "empty");
    assert_int_equal(mkdir(other, 0777), 0);
    assert_int_equal(mkdir(empty, 0777), 0);
    scratch_write(scratch_path(other, "thesis.tex"), "x");
    assert_int_equal(ink_runlog_create(&(ink_runlog_options){.out = other}, &log, &err), INK_E_USAGE);
    assert_false(scratch_exists(scratch_path(other, "metrics.csv")));
    ink_runlog_free(create(empty, NULL, false));
}

static void default_names(void **state) {
    const char *runs = scratch_path(*state, "runs");
    char first[1024], link[1024];
    ink_error err;
    ink_runlog *log[4];
    for (int i = 0; i < 4; i++) log[i] = create(NULL, runs, false); /* in one second or two: never the same */
    snprintf(first, sizeof first, "%s", ink_runlog_path(log[0]));
    assert_non_null(strstr(first, "-v3"));
    for (int i = 1; i < 4; i++) assert_string_not_equal(ink_runlog_path(log[i]), ink_runlog_path(log[i - 1]));
    ssize_t length = readlink(scratch_path(runs, "latest"), link, sizeof link - 1);
    assert_true(length > 0);
    link[length] = '\0';
    assert_string_equal(link, strrchr(ink_runlog_path(log[3]), '/') + 1);
    add_epochs(log[0], 1, 3);
    assert_int_equal(ink_runlog_end(log[0], INK_RUN_INTERRUPTED, NULL, NULL, &err), INK_OK);
    assert_int_equal(ink_runlog_end(log[1], INK_RUN_DONE, "abc", NULL, &err), INK_OK);
    for (int i = 0; i < 4; i++) ink_runlog_free(log[i]);
    /* The first goes on and ends: its row is replaced, not doubled. */
    assert_int_equal(ink_runlog_resume(first, 3, 300, &log[0], &err), INK_OK);
    assert_int_equal(ink_runlog_end(log[0], INK_RUN_DONE, "def", NULL, &err), INK_OK);
    ink_runlog_free(log[0]);
    char *index = scratch_read(scratch_path(runs, "index.csv"), NULL);
    int lines = 0;
    for (const char *s = index; *s != '\0'; s++) lines += *s == '\n';
    assert_int_equal(lines, 3);
    assert_int_equal(strncmp(index, "run,started,ended,recipe,state,", 31), 0);
    assert_non_null(strstr(index, ",v3,done,3,3,0.966666667,42,0.966666667,,1.5,def\n"));
    assert_null(strstr(index, "interrupted"));
    free(index);
}

/* A table of somebody's own beside the run stays what it is, whatever the run is called. */
static void an_index_of_others_stays(void **state) {
    static const char own[] = "name,price\nshoes,12\n";
    char *runs = strdup(scratch_path(*state, "shop")), *index = strdup(scratch_path(runs, "index.csv"));
    char *named = strdup(scratch_path(runs, "a,b")), path[1024];
    ink_runlog *log = create(named, NULL, false);
    ink_error err;
    scratch_write(index, own);
    ink_runlog_free(log);
    assert_int_equal(ink_runlog_resume(named, 0, 0, &log, &err), INK_OK);
    assert_int_equal(ink_runlog_end(log, INK_RUN_DONE, NULL, NULL, &err), INK_OK);
    ink_runlog_free(log);
    expect_file(runs, "index.csv", own);
    log = create(NULL, runs, false);
    assert_int_equal(ink_runlog_end(log, INK_RUN_INTERRUPTED, NULL, NULL, &err), INK_OK);
    snprintf(path, sizeof path, "%s", ink_runlog_path(log));
    ink_runlog_free(log);
    assert_int_equal(ink_runlog_resume(path, 0, 0, &log, &err), INK_OK);
    assert_int_equal(ink_runlog_end(log, INK_RUN_DONE, NULL, NULL, &err), INK_OK);
    ink_runlog_free(log);
    expect_file(runs, "index.csv", own);
    /* Nor has a run with a name of its own a row in ours: its name may hold a comma. */
    assert_int_equal(remove(index), 0);
    assert_int_equal(ink_runlog_resume(path, 0, 0, &log, &err), INK_OK);
    assert_int_equal(ink_runlog_end(log, INK_RUN_DONE, NULL, NULL, &err), INK_OK);
    ink_runlog_free(log);
    assert_int_equal(ink_runlog_resume(named, 0, 0, &log, &err), INK_OK);
    assert_int_equal(ink_runlog_end(log, INK_RUN_DONE, NULL, NULL, &err), INK_OK);
    ink_runlog_free(log);
    char *text = scratch_read(index, NULL);
    assert_non_null(strstr(text, strrchr(path, '/') + 1));
    assert_null(strstr(text, "a,b"));
    free(text);
    free(named);
    free(index);
    free(runs);
}

/* Several nets leave no epochs of their own: what they are worth together stands in status.json and the index alone. */
static void several_nets_together(void **state) {
    char *runs = strdup(scratch_path(*state, "runs"));
    ink_runlog *log;
    ink_error err;
    const ink_epoch all = {.epoch = 8,
                           .time_s = 12.5,
                           .lr = NAN,
                           .train_loss = NAN,
                           .train_acc = NAN,
                           .val_loss = 0.0625,
                           .val_acc = 0.75,
                           .val_errors = 100,
                           .images_per_s = NAN,
                           .peak_mem_mb = NAN};
    assert_int_equal(ink_runlog_create(&(ink_runlog_options){.runs = runs, .recipe = "v3"}, &log, &err), INK_OK);
    assert_int_equal(ink_runlog_together(log, &all, 9, &err), INK_OK);
    assert_int_equal(ink_runlog_end(log, INK_RUN_DONE, NULL, NULL, &err), INK_OK);
    json_t *status = read_json(ink_runlog_path(log), "status.json");
    assert_int_equal(json_integer_value(json_object_get(status, "epoch")), 8);
    assert_int_equal(json_integer_value(json_object_get(status, "epochs")), 9);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(status, "best"), "val_errors")), 100);
    json_decref(status);
    char *index = scratch_read(scratch_path(runs, "index.csv"), NULL);
    assert_non_null(strstr(index, ",v3,done,8,8,0.75,100,0.75,0.0625,12.5,\n"));
    free(index);
    char *metrics = scratch_read(scratch_path(ink_runlog_path(log), "metrics.csv"), NULL);
    assert_int_equal(strlen(strchr(metrics, '\n')), 1); /* a header, no row */
    free(metrics);
    ink_runlog_free(log);
    free(runs);
}

static void recipe_names_that_are_paths(void **state) {
    ink_runlog *log = NULL;
    ink_error err;
    ink_runlog_options options = {.runs = scratch_path(*state, "runs"), .recipe = "../my recipes/wi ld*.txt"};
    assert_int_equal(ink_runlog_create(&options, &log, &err), INK_OK);
    assert_non_null(strstr(ink_runlog_path(log), "-wi_ld_"));
    assert_null(strchr(strrchr(ink_runlog_path(log), '/'), '*'));
    ink_runlog_free(log);
}

static void folders_that_cannot_be(void **state) {
    const char *file = scratch_path(*state, "file");
    char below[2048];
    ink_error err = {0};
    ink_runlog *log = NULL;
    scratch_write(file, "x");
    snprintf(below, sizeof below, "%s/run", file);
    assert_int_equal(ink_runlog_create(&(ink_runlog_options){.out = file}, &log, &err), INK_E_FILE);
    assert_int_equal(ink_runlog_create(&(ink_runlog_options){.out = below}, &log, &err), INK_E_FILE);
    assert_non_null(strstr(err.text, "file"));
    assert_int_equal(ink_runlog_create(&(ink_runlog_options){.out = ""}, &log, &err), INK_E_FILE);
    assert_int_equal(ink_runlog_create(&(ink_runlog_options){.runs = below}, &log, &err), INK_E_FILE);
    assert_null(log);
}

/* A limit on the size of files stands for a full disk: write fails in the middle of a row. */
static void a_full_disk(void **state) {
    const char *out = scratch_path(*state, "run");
    ink_error err = {0};
    ink_epoch e = make_epoch(2);
    struct rlimit old, small;
    ink_runlog *log = create(out, NULL, false);
    add_epochs(log, 1, 1);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = sizeof(HEADER ROW1) - 1 + 10;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    ink_status row = ink_runlog_epoch(log, &e, 10, &err);
    ink_status settings = ink_runlog_settings(log,
                                              "a line that is longer than what the limit on the size of a file "
                                              "leaves, whatever else is in it already, and then some more, and "
                                              "a bit on top of it so that it surely does not fit any more\n",
                                              NULL);
    ink_status draw = ink_runlog_draw(log, NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(row, INK_E_FILE);
    assert_non_null(strstr(err.text, "metrics.csv"));
    assert_int_equal(settings, INK_E_FILE);
    assert_int_equal(draw, INK_E_FILE);
    expect_file(out, "metrics.csv", HEADER ROW1); /* no half row */
    assert_false(scratch_exists(scratch_path(out, "args.conf")));
    /* Room again: it goes on. */
    assert_int_equal(ink_runlog_epoch(log, &e, 10, &err), INK_OK);
    expect_file(out, "metrics.csv", HEADER ROW1 ROW2);
    ink_runlog_free(log);
}

#define test(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(a_whole_run),
        test(every_event_is_a_line_of_json),
        test(reading_it_back),
        test(bad_tables),
        test(a_resume_cuts_what_came_after_the_checkpoint),
        test(one_writer_at_a_time),
        test(an_existing_run_is_not_overwritten),
        test(default_names),
        test(an_index_of_others_stays),
        test(several_nets_together),
        test(recipe_names_that_are_paths),
        test(folders_that_cannot_be),
        test(a_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

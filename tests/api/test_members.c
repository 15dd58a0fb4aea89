/* tests/api/test_members.c: what the nets of a run measured, averaged.
 * Whole runs of several nets are tested in tests/e2e/cli_members.sh. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "api/members.h"
#include "core/mem.h"

static char folder[] = "/tmp/inkling-members-XXXXXX";

static const char *path(const char *name) {
    static char text[128];
    snprintf(text, sizeof text, "%s/%s", folder, name);
    return text;
}

static int setup(void **state) {
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int teardown(void **state) {
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static void save_metrics(const char *net, const char *rows) {
    char name[64];
    snprintf(name, sizeof name, "members/%s", net);
    mkdir(path(name), 0777);
    snprintf(name, sizeof name, "members/%s/metrics.csv", net);
    FILE *f = fopen(path(name), "w");
    assert_non_null(f);
    fprintf(f, "epoch,step,time_s,lr,train_loss,train_acc,val_loss,val_acc,val_errors,best,images_per_s,peak_mem_mb\n");
    fprintf(f, "%s", rows);
    fclose(f);
}

/* Which epoch was best for the first net says nothing of the mean: the second was far better in its last. */
static void means(void **state) {
    (void)state;
    static ink_members members = {.n = 2, .member = {{.done = true, .epochs = 2}, {.done = true, .epochs = 2}}};
    ink_error err;
    ink_epoch *epochs;
    uint32_t n, nets;
    mkdir(path("members"), 0777);
    assert_int_equal(ink_members_save(folder, &members, NULL, 0, &err), INK_OK);
    save_metrics("01", "1,10,1,0.1,1,0.5,0.50,0.75,25,1,100,10\n2,20,2,0.1,1,0.5,0.75,0.50,50,0,100,10\n");
    save_metrics("02", "1,10,3,0.1,1,0.5,1.50,0.25,75,1,100,10\n2,20,4,0.1,1,0.5,0.25,1.00,0,1,100,10\n");
    assert_int_equal(ink_members_epochs(folder, &epochs, &n, &nets, &err), INK_OK);
    assert_int_equal(nets, 2);
    assert_int_equal(n, 2);
    assert_true(epochs[0].val_acc == 0.5 && epochs[1].val_acc == 0.75);
    assert_true(epochs[0].val_loss == 1 && epochs[1].val_loss == 0.5);
    assert_int_equal(epochs[0].val_errors, 50);
    assert_false(epochs[0].best);
    assert_false(epochs[1].best);
    ink_mem_free(epochs);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(means)};
    return cmocka_run_group_tests(tests, setup, teardown);
}

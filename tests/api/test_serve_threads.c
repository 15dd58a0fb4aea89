/* tests/api/test_serve_threads.c: a service on a machine of any size asks for threads that a pool can have.
 * What a service answers is tested in tests/e2e/serve.py. */
#define _GNU_SOURCE
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/work.h"
#include "core/pool.h"

static unsigned processors;

/* In place of the C library's. */
int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set) {
    (void)pid;
    memset(set, 0, size);
    for (unsigned i = 0; i < processors; i++) CPU_SET_S(i, size, set);
    return 0;
}

static void any_machine(void **state) {
    (void)state;
    static const unsigned counts[] = {1, 2, INK_POOL_THREADS_MAX + 2, 1000};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        ink_service *service;
        ink_error err = {0};
        processors = counts[i];
        ink_status status = ink_service_open(&(ink_service_options){.max_batch = 1}, &service, &err);
        if (status != INK_OK) fail_msg("%s", err.text);
        ink_service_free(service);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(any_machine)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

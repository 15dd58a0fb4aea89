/* tests/ops/cuda/trial.h: a small net on the device that is none, for tests of what the backend does with a device. */
#ifndef INK_TESTS_OPS_CUDA_TRIAL_H
#define INK_TESTS_OPS_CUDA_TRIAL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../cases.h"
#include "host_device.h"
#include "ops/cuda/program.h"

typedef struct trial {
    host_device *host;
    case_net net;
    case_data data;
    ink_program *program;
    const ink_backend *cuda;
} trial;

static inline void must(ink_status status, const ink_error *err) {
    if (status != INK_OK) fail_msg("%s", err->text);
}

/* The net (cases.h) compiled in f32 on host, started anew, with values and a batch of max_batch images. */
static inline void trial_begin(trial *t, host_device *host, const char *net, uint32_t max_batch) {
    ink_error err;
    t->host = host;
    host_device_start(host);
    t->cuda = ink_cuda_backend(&host->gpu);
    case_build(net, &t->net);
    must(t->cuda->compile(&t->net.g, &(ink_compile_options){.max_batch = max_batch, .precision = INK_PRECISION_F32},
                          &t->program, &err),
         &err);
    case_fill(&t->net, max_batch, 3, &t->data);
    case_write(t->cuda, t->program, &t->net, max_batch, &t->data);
}

/* Nothing may be left on the device. */
static inline void trial_end(trial *t) {
    t->cuda->free(t->program);
    case_release(&t->net, &t->data);
    case_clear(&t->net);
    assert_int_equal(t->host->used, 0);
}

#endif

/* api/engine.c: which backend computes, with how many threads.
 * What the backends can do is theirs to say (ops/backend.h). */
#include "api/engine.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/near.h"
#include "core/status.h"

#define TELL_EVERY_S 0.05

static ink_status unknown(const char *what, const char *word, const char *const *known, size_t n, ink_error *err) {
    ink_near near = {.word = word};
    ink_fail(err, INK_E_USAGE, "unknown %s \"%.40s\"", what, word);
    for (size_t i = 0; i < n; i++) ink_near_try(&near, known[i]);
    if (near.best != NULL) ink_hint(err, "did you mean \"%s\"?", near.best);
    return INK_E_USAGE;
}

static ink_status find_precision(const char *word, ink_precision *out, ink_error *err) {
    static const char *const known[] = {"auto", "f32", "bf16", "tf32"};
    static const ink_precision meant[] = {INK_PRECISION_AUTO, INK_PRECISION_F32, INK_PRECISION_BF16,
                                          INK_PRECISION_TF32};
    if (word == NULL) word = "auto";
    for (size_t i = 0; i < 4; i++) {
        if (strcmp(word, known[i]) == 0) {
            *out = meant[i];
            return INK_OK;
        }
    }
    return unknown("precision", word, known, 4, err);
}

/* "cuda" or "cuda:N"; false when it is neither. */
static bool is_cuda(const char *word, uint32_t *number) {
    *number = 0;
    if (strncmp(word, "cuda", 4) != 0) return false;
    if (word[4] == '\0') return true;
    if (word[4] != ':' || word[5] == '\0' || strlen(word + 5) > 3) return false;
    for (const char *c = word + 5; *c != '\0'; c++) {
        if (*c < '0' || *c > '9') return false;
        *number = 10 * *number + (uint32_t)(*c - '0');
    }
    return true;
}

/* auto is the processor: what runs on a GPU has not been measured there yet (docs/gpu.md). */
static ink_status find_backend(const char *word, const ink_backend **out, ink_error *err) {
    static const char *const known[] = {"auto", "cpu", "cuda"};
    uint32_t number;
    if (word == NULL || strcmp(word, "auto") == 0) word = "cpu";
    if (is_cuda(word, &number)) return ink_cuda_open(number, out, err);
    if (strncmp(word, "gpu", 3) == 0) {
        ink_fail(err, INK_E_USAGE, "unknown device \"%.40s\"", word);
        ink_hint(err, "did you mean \"cuda%.4s\"?", word + 3);
        return INK_E_USAGE;
    }
    *out = ink_backend_find(word);
    return *out != NULL ? INK_OK : unknown("device", word, known, 3, err);
}

ink_status ink_machine_open(const ink_engine *engine, ink_machine *out, ink_error *err) {
    ink_machine machine = {.exact = engine->exact};
    *out = (ink_machine){0};
    ink_status status = find_backend(engine->device, &machine.backend, err);
    if (status == INK_OK) status = find_precision(engine->precision, &machine.precision, err);
    if (status == INK_OK) status = ink_pool_new(engine->threads, &machine.pool, err);
    if (status == INK_OK) *out = machine;
    return status;
}

void ink_machine_close(ink_machine *machine) {
    ink_pool_free(machine->pool);
    *machine = (ink_machine){0};
}

const char *ink_machine_isa(const ink_machine *machine) {
    return machine->backend == &ink_backend_cpu ? ink_cpu_isa() : NULL;
}

const char *ink_precision_word(ink_precision precision) {
    switch (precision) {
    case INK_PRECISION_F32: return "f32";
    case INK_PRECISION_BF16: return "bf16";
    case INK_PRECISION_TF32: return "tf32";
    case INK_PRECISION_AUTO: break;
    }
    return "auto";
}

void ink_watch_say(const ink_watch *watch, ink_say kind, const char *format, ...) {
    char line[1024];
    va_list args;
    if (watch == NULL || watch->say == NULL) return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    watch->say(watch->context, kind, line);
}

void ink_watch_progress(const ink_watch *watch, const ink_progress *progress) {
    if (watch != NULL && watch->progress != NULL) watch->progress(watch->context, progress);
}

bool ink_watch_stop(const ink_watch *watch) {
    return watch != NULL && watch->stop != NULL && watch->stop(watch->context) != 0;
}

int ink_counted_tell(ink_counted *c, uint64_t done, uint64_t total) {
    double now = ink_clock_s();
    if (now - c->told_s >= TELL_EVERY_S || done == total) {
        double rate = now > c->started_s ? (double)done / (now - c->started_s) : 0;
        ink_progress progress = {.phase = c->phase,
                                 .unit = c->unit,
                                 .done = done,
                                 .total = total,
                                 .rate = rate,
                                 .eta_s = rate > 0 && total > done ? (double)(total - done) / rate : -1,
                                 .run_eta_s = -1,
                                 .loss = NAN,
                                 .accuracy = NAN};
        c->told_s = now;
        ink_watch_progress(c->watch, &progress);
    }
    return ink_watch_stop(c->watch);
}

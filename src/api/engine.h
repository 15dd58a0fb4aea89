/* api/engine.h: words about devices and precision to a backend, and the threads that go with it. */
#ifndef INK_API_ENGINE_H
#define INK_API_ENGINE_H

#include "api/work.h"
#include "ops/backend.h"

typedef struct ink_machine {
    const ink_backend *backend;
    ink_precision precision; /* as asked: AUTO is the backend's to resolve */
    bool exact;
    ink_pool *pool; /* owned */
} ink_machine;      /* {0}: none */

/* Errors   INK_E_USAGE unknown words; INK_E_ABSENT the device is not there; those of ink_pool_new. */
INK_MUST_USE ink_status ink_machine_open(const ink_engine *engine, ink_machine *out, ink_error *err);
void ink_machine_close(ink_machine *machine);

/* The instruction set of the CPU's kernels; NULL on other backends. Static. */
const char *ink_machine_isa(const ink_machine *machine);

/* "f32", "bf16": static. */
const char *ink_precision_word(ink_precision precision);

/* Calls of a watch that may be NULL, or have NULL in it. */
void ink_watch_say(const ink_watch *watch, ink_say kind, const char *format, ...) INK_PRINTF(3, 4);
void ink_watch_progress(const ink_watch *watch, const ink_progress *progress);
bool ink_watch_stop(const ink_watch *watch);

/* A watch with the clock that the progress of counted work needs. */
typedef struct ink_counted {
    const ink_watch *watch;
    const char *phase, *unit;
    double started_s, told_s; /* started_s is the caller's to set, told_s begins as 0 */
} ink_counted;

/* Tells how far it is, now and then; nonzero: stop. */
int ink_counted_tell(ink_counted *counted, uint64_t done, uint64_t total);

#endif

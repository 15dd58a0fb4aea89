/* ops/backend.c: the list of backends by name.
 * Which of them a run uses is the caller's choice. */
#include "ops/backend.h"

#include <string.h>

static const ink_backend *const backends[] = {&ink_backend_cpu, &ink_backend_ref, &ink_backend_ref64};

const ink_backend *ink_backend_find(const char *name) {
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++) {
        if (strcmp(backends[i]->name, name) == 0) return backends[i];
    }
    return NULL;
}

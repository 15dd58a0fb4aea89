/* api/builtin.h: the models that the build compiled into the library: models/<name>.safetensors. Part of libinkling. */
#ifndef INK_API_BUILTIN_H
#define INK_API_BUILTIN_H

#include "core/embedded.h"
#include "inkling.h"

/* What "no model named" means. */
#define INK_BUILTIN_FIRST "digits"

/* All of them, by name ("tiny"); the last entry's name is NULL. */
extern const ink_embedded ink_builtin_models[];

/* By name; NULL = INK_BUILTIN_FIRST. NULL when there is none. */
const ink_embedded *ink_builtin_find(const char *name);

/* INK_E_USAGE, with a near name or those that there are. */
INK_MUST_USE ink_status ink_builtin_unknown(const char *name, ink_error *err);

#endif

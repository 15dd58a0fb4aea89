/* api/json.h: a jansson value as the text that a verb's --json prints. */
#ifndef INK_API_JSON_H
#define INK_API_JSON_H

#include "inkling.h"
#include "report/json.h"

/* Takes root (NULL: memory ran out while it was built). *text: one object, indented by two, its keys in the order of
 * building, "\n" at the end; ink_work_free. Errors: INK_E_MEMORY. */
INK_MUST_USE ink_status ink_json_give(json_t *take_root, char **text, ink_error *err);

#endif

/* api/json.h: a jansson value as a verb's --json prints it, and as the mark of files that are ours. */
#ifndef INK_API_JSON_H
#define INK_API_JSON_H

#include "inkling.h"
#include "report/json.h"

/* Takes root (NULL: memory ran out while it was built). *text: one object, indented by two, its keys in the order of
 * building, "\n" at the end; ink_work_free. Errors: INK_E_MEMORY. */
INK_MUST_USE ink_status ink_json_give(json_t *take_root, char **text, ink_error *err);

/* Before these files (NULL ends the list) are written into a folder: is one of them there? With a `report` of this
 * schema, which is written first, all of them are ours.
 * Errors   INK_E_USAGE with the file that would be lost, or a path too long */
INK_MUST_USE ink_status ink_json_spare(const char *folder, const char *report, const char *schema,
                                       const char *const *files, ink_error *err);

#endif

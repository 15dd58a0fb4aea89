/* api/json.c: JSON values to text.
 * What stands in them is the verbs' business. */
#include "api/json.h"

#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"

ink_status ink_json_give(json_t *take_root, char **text, ink_error *err) {
    *text = NULL;
    char *dump = take_root != NULL ? json_dumps(take_root, JSON_INDENT(2)) : NULL;
    json_decref(take_root);
    if (dump == NULL) return ink_fail(err, INK_E_MEMORY, "out of memory for a JSON text");
    size_t length = strlen(dump);
    char *out = ink_mem_new(length + 2, 1);
    if (out != NULL) {
        memcpy(out, dump, length + 1);
        out[length] = '\n';
    }
    free(dump);
    *text = out;
    return out != NULL ? INK_OK : ink_fail_memory(err, length, "a JSON text");
}

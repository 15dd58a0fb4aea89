/* api/json.c: JSON values to text, and the JSON by which a folder is known as ours.
 * What stands in them is the verbs' business. */
#define _POSIX_C_SOURCE 200809L
#include "api/json.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "api/work.h"
#include "core/mem.h"
#include "core/status.h"
#include "files/folder.h"

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

static bool has_schema(const char *path, const char *schema) {
    json_t *root = json_load_file(path, 0, NULL);
    const char *own = json_string_value(json_object_get(root, "schema"));
    bool same = own != NULL && strcmp(own, schema) == 0;
    json_decref(root);
    return same;
}

ink_status ink_json_spare(const char *folder, const char *report, const char *schema, const char *const *files,
                          ink_error *err) {
    char path[INK_PATH_SIZE];
    struct stat about;
    ink_status status = ink_folder_path(folder, report, path, sizeof path, err);
    if (status == INK_OK && has_schema(path, schema)) return INK_OK;
    for (; *files != NULL && status == INK_OK; files++) {
        status = ink_folder_path(folder, *files, path, sizeof path, err);
        if (status != INK_OK || lstat(path, &about) != 0) continue;
        status = ink_fail(err, INK_E_USAGE, "%s is there already, and not from here", path);
        ink_hint(err, "name another folder");
    }
    return status;
}

/* api/builtin.c: finds models among the files of the library itself.
 * What a model file means is modelfile.h's, opening one model.c's. */
#include "api/builtin.h"

#include <stdio.h>
#include <string.h>

#include "core/near.h"
#include "core/status.h"

const ink_embedded *ink_builtin_find(const char *name) {
    const ink_embedded *file = ink_builtin_models;
    if (name == NULL) name = INK_BUILTIN_FIRST;
    while (file->name != NULL && strcmp(file->name, name) != 0) file++;
    return file->name != NULL ? file : NULL;
}

ink_status ink_builtin_unknown(const char *name, ink_error *err) {
    char names[200] = "";
    ink_near near = {.word = name != NULL ? name : INK_BUILTIN_FIRST};
    for (const ink_embedded *file = ink_builtin_models; file->name != NULL; file++) {
        size_t length = strlen(names);
        snprintf(names + length, sizeof names - length, "%s%s", length > 0 ? ", " : "", file->name);
        ink_near_try(&near, file->name);
    }
    ink_fail(err, INK_E_USAGE, "no built-in model is called \"%.60s\"", near.word);
    if (near.best != NULL) {
        ink_hint(err, "did you mean \"%s\"?", near.best);
    } else {
        ink_hint(err, "built in: %s", names[0] != '\0' ? names : "none");
    }
    return INK_E_USAGE;
}

const char *ink_model_builtin_name(size_t i) {
    const ink_embedded *file = ink_builtin_models;
    for (; i > 0 && file->name != NULL; i--) file++;
    return file->name;
}

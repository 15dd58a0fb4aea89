/* api/order.c: which word is a model and which is data, by what they are, not by where they stand.
 * It opens none of them for good: models.c and data/ do, and say what is wrong inside. */
#define _POSIX_C_SOURCE 200809L
#include "api/order.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "api/models.h"
#include "core/status.h"
#include "report/runlog.h"

#define WORDS_SIZE 400

static bool ends_with(const char *text, const char *ending) {
    size_t length = strlen(text), size = strlen(ending);
    return length > size && strcmp(text + length - size, ending) == 0;
}

static bool is_folder(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

static bool is_file(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && S_ISREG(about.st_mode);
}

/* "a table", "a picture"; NULL: it may be a model. */
static const char *data_kind(const char *path) {
    static const char *const endings[] = {".csv", ".csv.gz", ".csv.zip"};
    if (!is_file(path)) return NULL;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        if (ends_with(path, endings[i])) return "a table";
    }
    return ink_work_is_picture(path) ? "a picture" : NULL;
}

static bool is_model(const char *path) {
    char weights[INK_PATH_SIZE];
    if (is_folder(path)) return ink_run_is(path) || ink_model_path(path, weights, NULL) == INK_OK;
    return is_file(path) ? ends_with(path, ".safetensors") : ink_model_is_builtin(path);
}

/* " a b d" of a, b, c, d without c; what is too long for it ends in "...". */
static void list_words(const char *const *words, size_t n, size_t without, char text[WORDS_SIZE]) {
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        if (i == without) continue;
        bool fits = used + strlen(words[i]) + 6 < WORDS_SIZE;
        used += (size_t)snprintf(text + used, WORDS_SIZE - used, " %s", fits ? words[i] : "...");
        if (!fits) return;
    }
}

static ink_status need_data(const char *verb, const char *const *models, size_t n, const char *data, const char *what,
                            ink_error *err) {
    char others[WORDS_SIZE];
    list_words(models, n, n, others);
    ink_fail(err, INK_E_USAGE, "%s is a %s: name the data too", data, what);
    ink_hint(err, "inkling %s%s %.200s DATA", verb, others, data);
    return INK_E_USAGE;
}

ink_status ink_order_check(const char *verb, const char *const *models, size_t n, const char *data, ink_error *err) {
    bool swapped = data != NULL && n > 0 && is_model(data);
    for (size_t i = 0; i < n; i++) {
        const char *kind = data_kind(models[i]);
        bool folder = swapped && kind == NULL && is_folder(models[i]) && !is_model(models[i]);
        char others[WORDS_SIZE];
        if (kind == NULL && !folder) continue;
        if (swapped) {
            list_words(models, n, i, others);
            ink_fail(err, INK_E_USAGE, "%s is no model, and %s no data: the data comes last", models[i], data);
            ink_hint(err, "inkling %s%s %.200s %.200s", verb, others, data, models[i]);
        } else {
            ink_fail(err, INK_E_USAGE, "%s is %s, expected a model", models[i], kind);
            ink_hint(err, "the models come first, then the data: inkling %s [MODEL...] DATA", verb);
        }
        return INK_E_USAGE;
    }
    if (data != NULL && !is_folder(data) && is_model(data)) return need_data(verb, models, n, data, "model", err);
    return INK_OK;
}

ink_status ink_order_explain(const char *verb, const char *const *models, size_t n, const char *data, ink_status status,
                             ink_error *err) {
    if (status != INK_E_DATA || !is_folder(data) || !ink_run_is(data)) return status;
    return need_data(verb, models, n, data, "run", err);
}

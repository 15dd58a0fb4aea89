/* cli/result.c: lines and JSON objects on stdout.
 * Whether they arrived is asked once, at the end: cli_say_end. */
#define _POSIX_C_SOURCE 200809L
#include "cli/result.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/say.h"

#define NAME 16384 /* of a file, each of its bytes as \xNN */

static bool aside; /* standard output holds what the verb writes, not what it says of it */

static FILE *results(void) {
    return aside ? stderr : stdout;
}

void cli_result_spare(const char *file) {
    struct stat named, out;
    if (file == NULL) aside = false;
    if (file == NULL || stat(file, &named) != 0 || fstat(STDOUT_FILENO, &out) != 0) return;
    bool keeps = S_ISREG(out.st_mode) || S_ISFIFO(out.st_mode) || S_ISSOCK(out.st_mode);
    if (keeps && named.st_dev == out.st_dev && named.st_ino == out.st_ino) aside = true;
}

void cli_result(const char *format, ...) {
    va_list args;
    va_start(args, format);
    vfprintf(results(), format, args);
    va_end(args);
    putc('\n', results());
}

void cli_result_file(const char *file) {
    char line[NAME];
    ink_work_escape(line, sizeof line, file);
    fprintf(results(), "%s\t", line);
}

void cli_result_text(const char *text) {
    size_t n = strlen(text);
    fputs(text, results());
    if (n > 0 && text[n - 1] != '\n') putc('\n', results());
}

static void need(bool good) {
    ink_error err;
    if (good) return;
    cli_fail(&err, INK_E_MEMORY, "out of memory (needs room for the JSON result)");
    exit(cli_failed(&err));
}

json_t *cli_json_new(const char *verb) {
    char schema[64];
    json_t *object = json_object();
    need(object != NULL);
    snprintf(schema, sizeof schema, "inkling/%s/1", verb);
    cli_json_text(object, "schema", schema);
    return object;
}

void cli_json_put(json_t *object, const char *key, json_t *value) {
    need(value != NULL && json_object_set_new(object, key, value) == 0);
}

void cli_json_text(json_t *object, const char *key, const char *value) {
    json_t *text = value != NULL && value[0] != '\0' ? json_string(value) : json_null();
    if (text == NULL) { /* a path need not be UTF-8, JSON must be */
        char *copy = malloc(strlen(value) + 1);
        need(copy != NULL);
        strcpy(copy, value);
        ink_work_mend(copy);
        text = json_string(copy);
        free(copy);
    }
    cli_json_put(object, key, text);
}

void cli_json_whole(json_t *object, const char *key, unsigned long long value) {
    cli_json_put(object, key, json_integer((json_int_t)value));
}

void cli_json_real(json_t *object, const char *key, double value) {
    cli_json_put(object, key, isfinite(value) ? json_real(value) : json_null());
}

void cli_json_bool(json_t *object, const char *key, bool value) {
    cli_json_put(object, key, json_boolean(value));
}

void cli_result_json(json_t *object) {
    if (json_dumpf(object, results(), JSON_REAL_PRECISION(9)) == 0) putc('\n', results());
    json_decref(object);
}

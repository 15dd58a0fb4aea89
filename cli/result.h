/* cli/result.h: results, on stdout and nowhere else (but see cli_result_spare). */
#ifndef INK_CLI_RESULT_H
#define INK_CLI_RESULT_H

#include <jansson.h>
#include <stdbool.h>

#include "inkling.h"

void cli_result(const char *format, ...) INK_PRINTF(1, 2);

/* When file is standard output itself (-o /dev/stdout, or > submission.csv), the results go to stderr from now on: they
 * would stand among what is written there. Not for terminals and devices, which keep nothing. NULL: no such file is
 * written after all. */
void cli_result_spare(const char *file);

/* A file's name in front of a line of which it is the first of several columns: plain whatever it holds, then a tab. */
void cli_result_file(const char *file);

/* A whole text, ended with a newline when it has none. */
void cli_result_text(const char *text);

/* A new object with "schema": "inkling/<verb>/1"; ends the program (exit 1) when memory is out. */
json_t *cli_json_new(const char *verb);
void cli_json_text(json_t *object, const char *key, const char *value); /* NULL or "": null */
void cli_json_whole(json_t *object, const char *key, unsigned long long value);
void cli_json_real(json_t *object, const char *key, double value); /* not finite: null */
void cli_json_bool(json_t *object, const char *key, bool value);
void cli_json_put(json_t *object, const char *key, json_t *value); /* takes value */

/* Prints the object on one line and frees it. */
void cli_result_json(json_t *object);

#endif

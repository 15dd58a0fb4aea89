/* cli/say.h: how the program talks: results on stdout, everything else on stderr.
 * One error is one line, "inkling: error: ...", and a hint line below it where there is something to do about it. */
#ifndef INK_CLI_SAY_H
#define INK_CLI_SAY_H

#include <stdbool.h>
#include <stddef.h>

#include "api/work.h"

/* To be called first: closed standard streams are made safe, the locale's letters and both terminals are looked at. */
void cli_say_begin(void);

/* --color: "auto" (NULL), "always", "never". Else NO_COLOR, CLICOLOR_FORCE, FORCE_COLOR and the terminal decide. */
void cli_say_color(const char *when);

/* --quiet: no progress and no info; warnings, errors and results stay. */
void cli_say_quiet(bool yes);
bool cli_is_quiet(void);

bool cli_is_utf8(void);         /* LC_CTYPE says UTF-8 */
bool cli_err_is_terminal(void); /* stderr is one, and not a dumb one */
unsigned cli_out_columns(void); /* of stdout; 80 when it is no terminal */
unsigned cli_err_columns(void); /* of stderr, asked anew */

/* Lines on stderr, control characters shown as \xNN. */
void cli_info(const char *format, ...) INK_PRINTF(1, 2); /* nothing under --quiet */
void cli_tell(const char *format, ...) INK_PRINTF(1, 2); /* as info, but --quiet does not silence it */
void cli_warn(const char *format, ...) INK_PRINTF(1, 2);
void cli_error(const ink_error *err); /* text, then hint when there is one */

/* Fills err (must not be NULL), as the rooms do, and gives status back. */
ink_status cli_fail(ink_error *err, ink_status status, const char *format, ...) INK_PRINTF(3, 4);
void cli_hint(ink_error *err, const char *format, ...) INK_PRINTF(2, 3);

/* How to call this program in a command that a person may copy: as it was called, "inkling" when it came from PATH.
 * Quoted for a shell. text of at least 4 KiB gives room for any path. */
const char *cli_program(const char *argv0, char *text, size_t size);

/* A word as a shell takes it: as it is, or in single quotes. Cut at size. Gives text back. */
const char *cli_quoted(const char *word, char *text, size_t size);

/* 28000 -> "28,000"; text of at least 27 bytes. Gives text back. */
const char *cli_thousands(unsigned long long number, char *text);

/* The exit code of a status. INK_E_STOPPED: 128 + the signal that asked for it. */
int cli_exit_code(ink_status status);

/* Prints err and returns its exit code: the last line of a verb that failed. */
int cli_failed(const ink_error *err);

/* Called last: flushes stdout and notices when results were lost. `code` unless that fails: then 4 (a reader that went
 * away: the program ends by SIGPIPE, as any filter does). */
int cli_say_end(int code);

#endif

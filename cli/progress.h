/* cli/progress.h: where a long piece of work stands, on stderr: one calm line, redrawn, on a terminal; elsewhere plain
 * lines now and then. */
#ifndef INK_CLI_PROGRESS_H
#define INK_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "api/work.h"

/* Shows what begins ("reading train.csv") at once. Nothing under --quiet. */
void cli_progress_begin(const char *format, ...) INK_PRINTF(1, 2);

/* What to hand to a work function: lines, progress, and the signals that stop. */
ink_watch cli_watch(void);

/* Takes the line off the terminal, before anything else is written there. */
void cli_progress_hide(void);

/* The line itself, at most `columns` wide. bar false: without one, for a log. utf8: the bar's letters.
 *   epoch 3/20 [######----] 61% loss 0.0412 acc 98.73% 41.2k img/s eta 0:07 (run 2:14) */
void cli_progress_line(const ink_progress *now, unsigned columns, bool bar, bool utf8, char *text, size_t size);

/* Seconds of a clock that never goes back, from any starting point. */
double cli_clock_s(void);

/* 75.2 -> "1:15", 3700 -> "1:01:40". Gives text back; size at least 24. */
const char *cli_duration(double seconds, char *text, size_t size);

#endif

/* cli/signals.h: Ctrl-C and its kin. The first asks the work to stop, the second ends the program at once; so does the
 * first one when nobody has looked for one yet. */
#ifndef INK_CLI_SIGNALS_H
#define INK_CLI_SIGNALS_H

/* SIGINT, SIGTERM and SIGUSR1 (as schedulers send it) ask to stop; SIGHUP, SIGPIPE and SIGXFSZ are survived. */
void cli_signals_begin(void);

/* The signal that asked to stop, SIGUSR1 as SIGTERM; 0: none. */
int cli_signal(void);

/* For ink_watch.stop: nonzero once a signal came. */
int cli_stop(void *context);

/* Ends the program the way SIGPIPE does; returns only when that signal is blocked. */
void cli_die_of_pipe(void);

#endif

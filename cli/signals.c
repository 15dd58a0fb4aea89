/* cli/signals.c: the signals that end a run in good order.
 * It does not save or print anything: the work function sees the flag between two batches and does. */
#define _POSIX_C_SOURCE 200809L
#include "cli/signals.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static volatile sig_atomic_t asked, watched;

static void ask(int number) {
    int code = number == SIGUSR1 ? SIGTERM : number;
    /* While nobody looks (data are still read, from a silent pipe perhaps) nothing is there to save. A second one of
     * another kind counts too: timeout(1) and schedulers send TERM after INT. */
    if (watched == 0 || asked != 0) _exit(128 + code);
    asked = code;
}

void cli_signals_begin(void) {
    static const int asking[] = {SIGINT, SIGTERM, SIGUSR1};
    struct sigaction action = {.sa_handler = ask, .sa_flags = SA_RESTART};
    struct sigaction old;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof asking / sizeof asking[0]; i++) {
        /* A shell that started us in the background with SIGINT ignored wants it so. */
        if (sigaction(asking[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN) continue;
        sigaction(asking[i], &action, NULL);
    }
    action.sa_handler = SIG_IGN;
    sigaction(SIGHUP, &action, NULL);
    sigaction(SIGPIPE, &action, NULL);
    sigaction(SIGXFSZ, &action, NULL); /* a file that may not grow is an error of write(), as a full disk is */
}

int cli_signal(void) {
    watched = 1;
    return asked;
}

int cli_stop(void *context) {
    (void)context;
    return cli_signal();
}

void cli_die_of_pipe(void) {
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
}

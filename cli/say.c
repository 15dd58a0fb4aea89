/* cli/say.c: lines for a person, colour, the two standard streams and what may go wrong with them.
 * It does not draw progress (progress.c) and knows no verb. */
#define _DEFAULT_SOURCE
#include "cli/say.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/progress.h"
#include "cli/signals.h"

#define RED    "\033[31m"
#define YELLOW "\033[33m"
#define BOLD   "\033[1m"
#define PLAIN  "\033[0m"
#define LINE   6000

static bool quiet, utf8, color, err_terminal, out_terminal;

/* A file that the program opens must not become its stdout: then a result would be written into it. The wrong direction
 * makes every later use fail, and be noticed. */
static void keep_open(int descriptor, int mode) {
    if (fcntl(descriptor, F_GETFD) != -1 || errno != EBADF) return;
    int got = open("/dev/null", mode);
    if (got >= 0 && got != descriptor) {
        dup2(got, descriptor);
        close(got);
    }
}

static bool set(const char *name) {
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0';
}

void cli_say_begin(void) {
    const char *term = getenv("TERM");
    bool dumb = term == NULL || term[0] == '\0' || strcmp(term, "dumb") == 0;
    keep_open(STDIN_FILENO, O_WRONLY);
    keep_open(STDOUT_FILENO, O_RDONLY);
    keep_open(STDERR_FILENO, O_RDWR);
    setlocale(LC_CTYPE, "");
    utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    err_terminal = isatty(STDERR_FILENO) && !dumb;
    out_terminal = isatty(STDOUT_FILENO);
    cli_say_color(NULL);
}

void cli_say_color(const char *when) {
    if (when != NULL && strcmp(when, "auto") != 0) {
        color = strcmp(when, "always") == 0;
    } else {
        color = !set("NO_COLOR") && (set("CLICOLOR_FORCE") || set("FORCE_COLOR") || err_terminal);
    }
}

void cli_say_quiet(bool yes) {
    quiet = yes;
}

bool cli_is_quiet(void) {
    return quiet;
}

bool cli_is_utf8(void) {
    return utf8;
}

bool cli_err_is_terminal(void) {
    return err_terminal;
}

static unsigned columns(int descriptor) {
    struct winsize size;
    const char *given = getenv("COLUMNS");
    if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    if (given != NULL) {
        unsigned long n = strtoul(given, NULL, 10);
        if (n >= 20 && n <= 1000) return (unsigned)n;
    }
    return 80;
}

unsigned cli_out_columns(void) {
    return out_terminal ? columns(STDOUT_FILENO) : 80;
}

unsigned cli_err_columns(void) {
    return columns(STDERR_FILENO);
}

/* One write per line, so that lines of several programs on one terminal do not mix. */
static void put_line(const char *label, const char *paint, const char *text) {
    char line[LINE];
    size_t at = 0;
    cli_progress_hide();
    at = (size_t)snprintf(line, sizeof line, "%s%s%s", color ? paint : "", label,
                          color && paint[0] != '\0' ? PLAIN : "");
    ink_work_escape(line + at, sizeof line - at - 1, text);
    at += strlen(line + at);
    line[at++] = '\n';
    /* Nobody can be told when stderr fails. */
    if (write(STDERR_FILENO, line, at) < 0) return;
}

#define COMPOSE(text, format)                                                                                          \
    do {                                                                                                               \
        va_list composed;                                                                                              \
        va_start(composed, format);                                                                                    \
        vsnprintf(text, sizeof(text), format, composed);                                                               \
        va_end(composed);                                                                                              \
    } while (0)

void cli_info(const char *format, ...) {
    char text[LINE];
    if (quiet) return;
    COMPOSE(text, format);
    put_line("", "", text);
}

void cli_tell(const char *format, ...) {
    char text[LINE];
    COMPOSE(text, format);
    put_line("inkling: ", "", text);
}

void cli_warn(const char *format, ...) {
    char text[LINE];
    COMPOSE(text, format);
    put_line("inkling: warning: ", YELLOW, text);
}

void cli_error(const ink_error *err) {
    put_line("inkling: error: ", RED, err->text[0] != '\0' ? err->text : ink_status_word(err->status));
    if (err->hint[0] != '\0') put_line("hint: ", BOLD, err->hint);
}

ink_status cli_fail(ink_error *err, ink_status status, const char *format, ...) {
    memset(err, 0, sizeof *err);
    err->status = status;
    COMPOSE(err->text, format);
    return status;
}

void cli_hint(ink_error *err, const char *format, ...) {
    COMPOSE(err->hint, format);
}

const char *cli_program(const char *argv0, char *text, size_t size) {
    return cli_quoted(argv0 != NULL && strchr(argv0, '/') != NULL ? argv0 : "inkling", text, size);
}

const char *cli_quoted(const char *word, char *text, size_t size) {
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,";
    size_t at = 0;
    if (word[0] != '\0' && word[strspn(word, safe)] == '\0') {
        snprintf(text, size, "%s", word);
        return text;
    }
    if (size < 8) return "";
    text[at++] = '\'';
    for (const char *p = word; *p != '\0' && at + 6 < size; p++) {
        if (*p == '\'') {
            memcpy(text + at, "'\\''", 4);
            at += 4;
        } else {
            text[at++] = (unsigned char)*p < 0x20 || *p == 0x7f ? '?' : *p;
        }
    }
    text[at++] = '\'';
    text[at] = '\0';
    return text;
}

const char *cli_thousands(unsigned long long number, char *text) {
    char digits[24];
    size_t n = (size_t)snprintf(digits, sizeof digits, "%llu", number);
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0) text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = '\0';
    return text;
}

int cli_exit_code(ink_status status) {
    switch (status) {
    case INK_E_MEMORY: return 1;
    case INK_E_STOPPED: return cli_signal() != 0 ? 128 + cli_signal() : 1;
    default: return (int)status;
    }
}

int cli_failed(const ink_error *err) {
    cli_progress_hide();
    cli_error(err);
    return cli_exit_code(err->status);
}

/* A pipe whose reader went away. */
static bool unread(int descriptor) {
    struct pollfd end = {.fd = descriptor, .events = POLLOUT};
    return poll(&end, 1, 0) == 1 && (end.revents & POLLERR) != 0;
}

int cli_say_end(int code) {
    bool gone = unread(STDOUT_FILENO);
    int failed = ferror(stdout);
    int reason = 0;
    cli_progress_hide();
    errno = 0;
    if (fflush(stdout) != 0 || fclose(stdout) != 0) {
        failed = 1;
        reason = errno;
    }
    if (!failed) return code;
    if (reason == EPIPE || gone) cli_die_of_pipe();
    ink_error err;
    cli_fail(&err, INK_E_FILE, "cannot write the results to standard output: %s",
             reason != 0 ? strerror(reason) : "an earlier write failed");
    cli_error(&err);
    return code != 0 ? code : (int)INK_E_FILE;
}

/* cli/progress.c: the progress line and how often it may change.
 * It measures nothing: rates and times come with ink_progress. */
#define _POSIX_C_SOURCE 200809L
#include "cli/progress.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/say.h"
#include "cli/signals.h"

#define REDRAW_S    0.1 /* between two redraws */
#define REDRAWS     8.0 /* a second, and two more for phases that begin: never more than ten */
#define SPARE       2.0
#define HEARTBEAT_S 30.0 /* between two plain lines */
#define WIDEST      240  /* columns of the line */
#define BYTES       (WIDEST * 3 + 16)

static struct {
    bool shown;       /* the line stands on the terminal */
    double drawn_s;   /* when it was drawn last */
    double allowance; /* redraws that may still be made now */
    double counted_s; /* when allowance was counted */
    double spoken_s;  /* when the last plain line was written */
    char phase[48];   /* that was drawn last */
} state;

double cli_clock_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

const char *cli_duration(double seconds, char *text, size_t size) {
    unsigned long s = seconds > 0 && seconds < 1e9 ? (unsigned long)(seconds + 0.5) : 0;
    if (s >= 3600) {
        snprintf(text, size, "%lu:%02lu:%02lu", s / 3600, s / 60 % 60, s % 60);
    } else {
        snprintf(text, size, "%lu:%02lu", s / 60, s % 60);
    }
    return text;
}

/* ---- composing ---- */

typedef struct line {
    char *text;
    size_t size, at; /* bytes */
    unsigned columns, used;
} line;

/* Adds letters as long as there are columns; all of them are one column wide. */
static void add(line *to, const char *letters) {
    for (const char *p = letters; *p != '\0';) {
        size_t length = 1;
        while (((unsigned char)p[length] & 0xc0) == 0x80) length++;
        if (to->used == to->columns || to->at + length + 1 > to->size) return;
        memcpy(to->text + to->at, p, length);
        to->at += length;
        to->used++;
        p += length;
    }
    to->text[to->at] = '\0';
}

static void addf(line *to, const char *format, ...) INK_PRINTF(2, 3);
static void addf(line *to, const char *format, ...) {
    char text[160];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    add(to, text);
    to->text[to->at] = '\0';
}

/* 41234 -> "41.2k"; bytes: "41.2 kB". */
static const char *scaled(double number, bool bytes, char *text, size_t size) {
    static const char *const letters[] = {"", "k", "M", "G", "T"};
    size_t i = 0;
    while (number >= 999.5 && i < 4) {
        number /= 1000;
        i++;
    }
    if (i == 0) {
        snprintf(text, size, "%.0f%s", number, bytes ? " B" : "");
    } else {
        snprintf(text, size, "%.*f%s%s%s", number < 99.95 ? 1 : 0, number, bytes ? " " : "", letters[i],
                 bytes ? "B" : "");
    }
    return text;
}

static void add_bar(line *to, double share, bool utf8) {
    unsigned cells = to->columns >= 100 ? 20 : 10;
    unsigned full = (unsigned)(share * cells + 0.5);
    add(to, utf8 ? " " : " [");
    for (unsigned i = 0; i < cells; i++) add(to, i < full ? (utf8 ? "━" : "#") : (utf8 ? "┄" : "-"));
    if (!utf8) add(to, "]");
}

void cli_progress_line(const ink_progress *now, unsigned columns, bool bar, bool utf8, char *text, size_t size) {
    line to = {.text = text, .size = size, .columns = columns};
    bool bytes = now->unit != NULL && strcmp(now->unit, "bytes") == 0;
    const char *unit = now->unit == NULL ? "" : strcmp(now->unit, "images") == 0 ? " img" : now->unit;
    const char *phase = now->phase != NULL ? now->phase : "working";
    char number[32], total[32];
    text[0] = '\0';
    if (now->epochs > 0) {
        addf(&to, "epoch %u/%u", (unsigned)now->epoch, (unsigned)now->epochs);
        if (strcmp(phase, "training") != 0) addf(&to, " %s", phase);
    } else {
        add(&to, phase);
    }
    if (now->total > 0) {
        double share = now->done < now->total ? (double)now->done / (double)now->total : 1;
        if (bar) add_bar(&to, share, utf8);
        addf(&to, " %2.0f%%", floor(share * 100));
    }
    if (bytes && now->total > 0) {
        addf(&to, " of %s", scaled((double)now->total, true, total, sizeof total));
    } else if (now->total == 0 && now->done > 0) {
        addf(&to, " %s%s%s", scaled((double)now->done, bytes, number, sizeof number),
             bytes || unit[0] == ' ' ? "" : " ", bytes ? "" : unit);
    }
    if (now->epochs > 0 && isfinite(now->loss)) addf(&to, " loss %.4f", now->loss);
    if (now->epochs > 0 && isfinite(now->accuracy) && now->accuracy > 0) addf(&to, " acc %.2f%%", now->accuracy * 100);
    if (now->rate > 0) {
        addf(&to, " %s%s%s/s", scaled(now->rate, bytes, number, sizeof number), bytes || unit[0] == ' ' ? "" : " ",
             bytes ? "" : unit);
    }
    if (now->eta_s >= 0 && now->total > 0) addf(&to, " eta %s", cli_duration(now->eta_s, number, sizeof number));
    if (now->epochs > 0 && now->run_eta_s >= 0) {
        addf(&to, " (run %s)", cli_duration(now->run_eta_s, number, sizeof number));
    }
}

/* ---- drawing ---- */

static void put(const char *bytes, size_t n) {
    if (write(STDERR_FILENO, bytes, n) < 0) return; /* nobody can be told */
}

/* A job in the background would draw into what its user types. */
static bool in_front(void) {
    pid_t front = tcgetpgrp(STDERR_FILENO);
    return front == -1 || front == getpgrp();
}

static void draw(const char *text, double now_s) {
    char out[BYTES + 8];
    int n;
    if (!in_front()) return;
    n = snprintf(out, sizeof out, "\r%s\033[K", text);
    if (n > 0) put(out, (size_t)n < sizeof out ? (size_t)n : sizeof out - 1);
    state.shown = true;
    state.drawn_s = now_s;
}

/* Whether the line may be drawn now: at most ten times a second, and a phase that begins comes first. */
static bool may_draw(double now_s, bool begins) {
    double more = (now_s - state.counted_s) * REDRAWS;
    state.allowance = state.allowance + more < SPARE ? state.allowance + more : SPARE;
    state.counted_s = now_s;
    if (state.allowance < 1 || (!begins && now_s - state.drawn_s < REDRAW_S)) return false;
    state.allowance -= 1;
    return true;
}

static unsigned room(void) {
    unsigned columns = cli_err_columns();
    if (columns > WIDEST) return WIDEST;
    return columns > 1 ? columns - 1 : 1; /* the last column would wrap on some terminals */
}

void cli_progress_begin(const char *format, ...) {
    char text[256], plain[256], cut[BYTES];
    line to = {.text = cut, .size = sizeof cut, .columns = room()};
    va_list args;
    if (cli_is_quiet()) return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    memset(&state, 0, sizeof state);
    state.allowance = SPARE;
    state.counted_s = cli_clock_s();
    if (!cli_err_is_terminal()) {
        cli_info("%s", text);
        state.spoken_s = cli_clock_s();
        return;
    }
    ink_work_escape(plain, sizeof plain, text);
    cut[0] = '\0';
    add(&to, plain);
    cut[to.at] = '\0';
    if (may_draw(state.counted_s, true)) draw(cut, state.counted_s);
}

void cli_progress_hide(void) {
    if (!state.shown) return;
    state.shown = false;
    state.drawn_s = 0;
    put("\r\033[K", 4);
}

static void on_progress(void *context, const ink_progress *now) {
    char text[BYTES];
    double now_s = cli_clock_s();
    const char *phase = now->phase != NULL ? now->phase : "";
    bool begins = strncmp(state.phase, phase, sizeof state.phase - 1) != 0;
    (void)context;
    if (cli_is_quiet()) return;
    if (!cli_err_is_terminal()) {
        if (now_s - state.spoken_s < HEARTBEAT_S) return;
        cli_progress_line(now, WIDEST, false, false, text, sizeof text);
        cli_info("%s", text);
        state.spoken_s = now_s;
        return;
    }
    if (!may_draw(now_s, begins)) return;
    snprintf(state.phase, sizeof state.phase, "%.47s", phase);
    cli_progress_line(now, room(), true, cli_is_utf8(), text, sizeof text);
    draw(text, now_s);
}

static void on_say(void *context, ink_say kind, const char *text) {
    (void)context;
    if (kind == INK_SAY_WARNING) {
        cli_warn("%s", text);
    } else {
        cli_info("%s", text);
    }
    state.spoken_s = cli_clock_s();
}

ink_watch cli_watch(void) {
    return (ink_watch){.say = on_say, .progress = on_progress, .stop = cli_stop};
}

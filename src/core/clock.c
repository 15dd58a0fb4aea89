/* core/clock.c: two clocks of the system, as seconds and as text.
 * No sleeping, no timers. */
#define _DEFAULT_SOURCE
#include "core/clock.h"

#include <stdio.h>
#include <time.h>

double ink_clock_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void ink_clock_stamp(char *text, size_t size) {
    struct timespec t;
    struct tm utc;
    char seconds[32];
    clock_gettime(CLOCK_REALTIME, &t);
    gmtime_r(&t.tv_sec, &utc);
    strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text, size, "%s.%03dZ", seconds, (int)(t.tv_nsec / 1000000));
}

void ink_clock_name(char *text, size_t size) {
    time_t now = time(NULL);
    struct tm local;
    localtime_r(&now, &local);
    if (strftime(text, size, "%Y-%m-%d_%H%M%S", &local) == 0 && size > 0) text[0] = '\0';
}

/* core/clock.h: the time, for progress and reports; never for results. */
#ifndef INK_CORE_CLOCK_H
#define INK_CORE_CLOCK_H

#include <stddef.h>

/* Seconds of a clock that never goes back, from any starting point. */
double ink_clock_s(void);

/* "2026-01-31T14:22:33.120Z" (UTC) of now. size at least 25. */
void ink_clock_stamp(char *text, size_t size);

/* "2026-01-31_142233" local time of now, for the name of a run folder. size at least 18. */
void ink_clock_name(char *text, size_t size);

#endif

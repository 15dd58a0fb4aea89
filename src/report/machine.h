/* report/machine.h: what made the program and what it runs on, in words. */
#ifndef INK_REPORT_MACHINE_H
#define INK_REPORT_MACHINE_H

#include <stddef.h>

/* "gcc 12.2.0". Static. */
const char *ink_compiler(void);

/* The processor's own name on Linux, else fallback. */
void ink_processor_name(char *dst, size_t size, const char *fallback);

#endif

/* web/wasm/libc/stdio.h: text into memory, for WebAssembly (libc.c); there are no files. */
#ifndef INK_WASM_STDIO_H
#define INK_WASM_STDIO_H

#include <stdarg.h>
#include <stddef.h>

/* %s %c %d %u %x %%, with widths, precisions, l, ll and z: what the library's messages use. */
int snprintf(char *to, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
int vsnprintf(char *to, size_t size, const char *format, va_list args) __attribute__((format(printf, 3, 0)));

#endif

/* web/wasm/libc/stdlib.h: memory and sorting for WebAssembly (memory.c, libc.c); there is no environment. */
#ifndef INK_WASM_STDLIB_H
#define INK_WASM_STDLIB_H

#include <stddef.h>

#define abs(x) __builtin_abs(x)

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *old, size_t size);
void *aligned_alloc(size_t align, size_t size);
void free(void *p);
void qsort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *));
char *getenv(const char *name);

#endif

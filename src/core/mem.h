/* core/mem.h: memory whose size cannot overflow. Every allocation of the project goes through here.
 * All return NULL when count * size overflows or memory is out; none prints or aborts. */
#ifndef INK_CORE_MEM_H
#define INK_CORE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* count * size zeroed bytes. A zero-sized request gives a pointer that can be freed. Free with ink_mem_free. */
void *ink_mem_new(size_t count, size_t size);

/* Grows or shrinks to count * size; new bytes are not cleared. On failure NULL, and the old block stands. */
void *ink_mem_resize(void *old, size_t count, size_t size);

/* As new, on a 64-byte boundary (2 MiB and huge pages when large). Free with ink_mem_free. */
void *ink_mem_new_aligned(size_t count, size_t size);

/* A copy of a string; NULL when out of memory. */
char *ink_mem_string(const char *text);

/* NULL is fine. */
void ink_mem_free(void *p);

/* *out = a * b, a + b; false when it does not fit (then *out is untouched). */
bool ink_size_mul(size_t a, size_t b, size_t *out);
bool ink_size_add(size_t a, size_t b, size_t *out);

#endif

/* core/mem.c: libc's allocator behind overflow checks.
 * It is not an arena (core/arena.h) and keeps no books. */
#define _DEFAULT_SOURCE
#include "core/mem.h"

#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#define CACHE_LINE_BYTES ((size_t)64)
#define HUGE_PAGE_BYTES  ((size_t)2 << 20)

bool ink_size_mul(size_t a, size_t b, size_t *out) {
    size_t result;
    if (__builtin_mul_overflow(a, b, &result)) return false;
    *out = result;
    return true;
}

bool ink_size_add(size_t a, size_t b, size_t *out) {
    size_t result;
    if (__builtin_add_overflow(a, b, &result)) return false;
    *out = result;
    return true;
}

void *ink_mem_new(size_t count, size_t size) {
    return calloc(count ? count : 1, size ? size : 1);
}

void *ink_mem_resize(void *old, size_t count, size_t size) {
    size_t bytes;
    if (!ink_size_mul(count, size, &bytes)) return NULL;
    return realloc(old, bytes ? bytes : 1);
}

void *ink_mem_new_aligned(size_t count, size_t size) {
    size_t bytes, padded;
    if (!ink_size_mul(count, size, &bytes)) return NULL;
    size_t align = bytes >= 2 * HUGE_PAGE_BYTES ? HUGE_PAGE_BYTES : CACHE_LINE_BYTES;
    if (!ink_size_add(bytes, align, &padded)) return NULL;
    padded -= padded % align;
    void *p = aligned_alloc(align, padded);
    if (p == NULL) return NULL;
#if defined(__linux__)
    /* Large tables on 4 KiB pages cost TLB misses; the advice may be refused and that is fine. */
    if (align == HUGE_PAGE_BYTES) (void)madvise(p, padded, MADV_HUGEPAGE);
#endif
    memset(p, 0, padded);
    return p;
}

char *ink_mem_string(const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = ink_mem_new(size, 1);
    if (copy != NULL) memcpy(copy, text, size);
    return copy;
}

void ink_mem_free(void *p) {
    free(p);
}

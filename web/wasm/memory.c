/* web/wasm/memory.c: malloc and its kin on WebAssembly's one growing memory: a list of free blocks in order of address.
 * It is made for few, long-lived blocks, as a compiled net has them; a prediction allocates nothing. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_BYTES ((size_t)65536)
#define UNIT       ((size_t)16) /* sizes and addresses are multiples of it */

/* In front of each block; the list is that of the free ones. */
typedef struct __attribute__((aligned(16))) block {
    size_t size; /* bytes behind this header */
    struct block *next;
} block;
_Static_assert(sizeof(block) == UNIT, "a header is one unit");

extern uint8_t __heap_base;
static block *first_free;
static uintptr_t heap_end; /* 0 before the first call */

/* More memory at the end: a block of at least size bytes, not in the list; NULL when there is no more. */
static block *grow(size_t size) {
    if (heap_end == 0) heap_end = ((uintptr_t)&__heap_base + UNIT - 1) / UNIT * UNIT;
    size_t have = __builtin_wasm_memory_size(0) * PAGE_BYTES - heap_end;
    size_t need = size + sizeof(block);
    if (need > have) {
        size_t pages = (need - have + PAGE_BYTES - 1) / PAGE_BYTES;
        if (__builtin_wasm_memory_grow(0, pages) == SIZE_MAX) return NULL;
    }
    block *b = (block *)heap_end;
    b->size = size;
    heap_end += need;
    return b;
}

void *malloc(size_t size) {
    if (size > SIZE_MAX / 2) return NULL;
    size = size == 0 ? UNIT : (size + UNIT - 1) / UNIT * UNIT;
    for (block **at = &first_free; *at != NULL; at = &(*at)->next) {
        block *b = *at;
        if (b->size < size) continue;
        if (b->size >= size + 2 * UNIT) { /* its end stays free */
            block *rest = (block *)((uint8_t *)(b + 1) + size);
            rest->size = b->size - size - sizeof(block);
            rest->next = b->next;
            *at = rest;
            b->size = size;
        } else {
            *at = b->next;
        }
        return b + 1;
    }
    block *b = grow(size);
    return b != NULL ? b + 1 : NULL;
}

static bool touches(const block *a, const block *b) {
    return (const uint8_t *)(a + 1) + a->size == (const uint8_t *)b;
}

void free(void *p) {
    if (p == NULL) return;
    block *b = (block *)p - 1, *before = NULL, *after = first_free;
    for (; after != NULL && after < b; after = after->next) before = after;
    b->next = after;
    if (after != NULL && touches(b, after)) {
        b->size += sizeof(block) + after->size;
        b->next = after->next;
    }
    if (before == NULL) {
        first_free = b;
    } else if (touches(before, b)) {
        before->size += sizeof(block) + b->size;
        before->next = b->next;
    } else {
        before->next = b;
    }
}

/* The block that lies at an aligned place is given its own header; what stands before it becomes free again. */
void *aligned_alloc(size_t align, size_t size) {
    if (align <= UNIT) return malloc(size);
    if (size > SIZE_MAX / 4 || align > SIZE_MAX / 4) return NULL;
    uint8_t *p = malloc(size + align + sizeof(block));
    if (p == NULL) return NULL;
    size_t skip = (align - (uintptr_t)p % align) % align;
    if (skip == 0) return p;
    if (skip < 2 * UNIT) skip += align; /* room for two headers and a unit */
    block *whole = (block *)(void *)p - 1, *b = (block *)(void *)(p + skip) - 1;
    b->size = whole->size - skip;
    whole->size = skip - sizeof(block);
    free(p);
    return b + 1;
}

void *calloc(size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
    void *p = malloc(bytes);
    if (p != NULL) memset(p, 0, bytes);
    return p;
}

void *realloc(void *old, size_t size) {
    size_t have = old != NULL ? ((block *)old - 1)->size : 0;
    if (old != NULL && size <= have) return old;
    void *p = malloc(size);
    if (p == NULL) return NULL;
    if (old != NULL) memcpy(p, old, have);
    free(old);
    return p;
}

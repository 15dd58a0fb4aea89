/* core/arena.c: a linked list of blocks, handed out from the front.
 * It never moves or shrinks what it gave. */
#include "core/arena.h"

#include <stdint.h>
#include <string.h>

#include "core/mem.h"

#define BLOCK_BYTES ((size_t)16 * 1024)
#define ALIGN_BYTES ((size_t)16)

struct ink_arena_block {
    struct ink_arena_block *before;
    size_t size, used; /* of data, bytes */
    _Alignas(16) unsigned char data[];
};

void *ink_arena_new(ink_arena *arena, size_t count, size_t size) {
    size_t bytes;
    if (!ink_size_mul(count, size, &bytes) || bytes > SIZE_MAX / 2) return NULL;
    bytes = (bytes + ALIGN_BYTES - 1) & ~(ALIGN_BYTES - 1);
    struct ink_arena_block *block = arena->last;
    if (block == NULL || block->size - block->used < bytes) {
        size_t room = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
        block = ink_mem_new(1, sizeof *block + room);
        if (block == NULL) return NULL;
        block->size = room;
        block->before = arena->last;
        arena->last = block;
    }
    void *p = block->data + block->used;
    block->used += bytes;
    arena->used_bytes += bytes;
    return p;
}

char *ink_arena_string(ink_arena *arena, const char *text, size_t length) {
    size_t size;
    if (!ink_size_add(length, 1, &size)) return NULL;
    char *copy = ink_arena_new(arena, size, 1);
    if (copy != NULL) memcpy(copy, text, length);
    return copy;
}

void ink_arena_clear(ink_arena *arena) {
    struct ink_arena_block *block = arena->last;
    while (block != NULL) {
        struct ink_arena_block *before = block->before;
        ink_mem_free(block);
        block = before;
    }
    arena->last = NULL;
    arena->used_bytes = 0;
}

/* core/arena.h: many small allocations that die together. A parse, a graph, a plan each own one.
 * Blocks are zeroed and aligned to 16 bytes; nothing is freed singly. Not thread-safe. */
#ifndef INK_CORE_ARENA_H
#define INK_CORE_ARENA_H

#include <stddef.h>

typedef struct ink_arena {
    struct ink_arena_block *last; /* newest block; blocks are linked backward */
    size_t used_bytes;            /* handed out in all, for reports */
} ink_arena;                      /* {0} is an empty arena */

/* count * size zeroed bytes; NULL when that overflows or memory is out. */
void *ink_arena_new(ink_arena *arena, size_t count, size_t size);

/* A copy of length bytes of text, terminated; NULL when memory is out. */
char *ink_arena_string(ink_arena *arena, const char *text, size_t length);

/* Frees all and leaves an empty arena. */
void ink_arena_clear(ink_arena *arena);

#endif

/* web/wasm/groups.h: a drawing cut into digits: separated groups of ink, in reading order.
 * It cuts nothing that touches; a 5 whose bar stands off, or a broken stroke, stays one group. */
#ifndef INK_WASM_GROUPS_H
#define INK_WASM_GROUPS_H

#include <stdint.h>

#define INK_GROUPS_MAX 32

typedef struct ink_group {
    uint32_t left, top, width, height;
} ink_group;

/* grey: height rows of width bytes, 0 paper .. 255 ink. owner [height][width] becomes 1 + the number of the group that
 * a pixel belongs to, 0 for paper and specks; stack [height][width] is scratch. Returns how many groups there are, at
 * most INK_GROUPS_MAX: what is beyond counts as paper. */
uint32_t ink_groups_find(const uint8_t *grey, uint32_t width, uint32_t height, uint8_t *owner, uint32_t *stack,
                         ink_group groups[INK_GROUPS_MAX]);

#endif

/* web/wasm/groups.c: connected ink, then what belongs together by how boxes lie, then rows from left to right.
 * Photos, ruled paper and digits that touch are src/read's matter. */
#include "wasm/groups.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define FAINTEST  24  /* of 255: as light as this joins nothing, so that two soft edges may meet */
#define PIECES    200 /* connected pieces kept apart at first */
#define SPECK     12  /* a piece is a speck below 1/12 of the tallest group, when there is more */
#define SMALL     3   /* a small piece, below 1/3 of the tallest, joins a neighbour that is near */
#define NEAR      8   /* near: within 1/8 of the tallest */
#define ROW_BREAK 4   /* pieces one above the other are apart from 1/4 of the taller one's height on */

typedef struct piece {
    uint32_t left, top, right, bottom; /* right and bottom are outside */
    uint8_t group;                     /* number of the piece it was merged into; itself when it is one */
} piece;

/* Everything connected to `start`, eight ways, becomes `number` in owner. */
static piece flood(const uint8_t *grey, uint32_t width, uint32_t height, uint8_t *owner, uint32_t *stack,
                   uint32_t start, uint8_t number) {
    piece p = {width, height, 0, 0, 0};
    uint32_t n = 0;
    stack[n++] = start;
    owner[start] = number;
    while (n > 0) {
        uint32_t at = stack[--n], x = at % width, y = at / width;
        if (x < p.left) p.left = x;
        if (x >= p.right) p.right = x + 1;
        if (y < p.top) p.top = y;
        if (y >= p.bottom) p.bottom = y + 1;
        for (uint32_t v = y > 0 ? y - 1 : 0; v <= y + 1 && v < height; v++) {
            for (uint32_t u = x > 0 ? x - 1 : 0; u <= x + 1 && u < width; u++) {
                uint32_t next = v * width + u;
                if (owner[next] != 0 || grey[next] <= FAINTEST) continue;
                owner[next] = number;
                stack[n++] = next;
            }
        }
    }
    return p;
}

static uint32_t overlap(uint32_t a0, uint32_t a1, uint32_t b0, uint32_t b1) {
    uint32_t from = a0 > b0 ? a0 : b0, to = a1 < b1 ? a1 : b1;
    return to > from ? to - from : 0;
}

static uint32_t gap(uint32_t a0, uint32_t a1, uint32_t b0, uint32_t b1) {
    return a1 < b0 ? b0 - a1 : b1 < a0 ? a0 - b1 : 0;
}

static uint32_t most(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

static uint32_t least(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

/* Do two pieces belong to one digit? tallest: height of the tallest piece. */
static bool belong(const piece *a, const piece *b, uint32_t tallest) {
    uint32_t a_width = a->right - a->left, b_width = b->right - b->left;
    uint32_t a_height = a->bottom - a->top, b_height = b->bottom - b->top;
    uint32_t across = gap(a->left, a->right, b->left, b->right), down = gap(a->top, a->bottom, b->top, b->bottom);
    bool stacked = 3 * overlap(a->left, a->right, b->left, b->right) >= least(a_width, b_width);
    if (stacked && ROW_BREAK * down < most(a_height, b_height)) return true;
    bool small = SMALL * most(least(a_width, b_width), least(a_height, b_height)) < tallest;
    return small && NEAR * most(across, down) < tallest;
}

static void merge(piece *into, piece *from) {
    into->left = least(into->left, from->left);
    into->top = least(into->top, from->top);
    into->right = most(into->right, from->right);
    into->bottom = most(into->bottom, from->bottom);
}

/* Merges what belongs together, until nothing more does. pieces[i].group tells where each went. */
static void join(piece *pieces, uint32_t n, uint32_t tallest) {
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t i = 0; i < n; i++) {
            for (uint32_t k = i + 1; k < n; k++) {
                if (pieces[i].group != i || pieces[k].group != k || !belong(&pieces[i], &pieces[k], tallest)) continue;
                merge(&pieces[i], &pieces[k]);
                for (uint32_t m = 0; m < n; m++) {
                    if (pieces[m].group == k) pieces[m].group = (uint8_t)i;
                }
                changed = true;
            }
        }
    }
}

/* Rows from top to bottom, each from left to right: a stands before b. Two are in one row when half of the lower one
 * of them lies beside the other. */
static bool before(const piece *a, const piece *b) {
    uint32_t beside = overlap(a->top, a->bottom, b->top, b->bottom);
    if (2 * beside >= least(a->bottom - a->top, b->bottom - b->top)) return a->left + a->right < b->left + b->right;
    return a->top + a->bottom < b->top + b->bottom;
}

uint32_t ink_groups_find(const uint8_t *grey, uint32_t width, uint32_t height, uint8_t *owner, uint32_t *stack,
                         ink_group groups[INK_GROUPS_MAX]) {
    piece pieces[PIECES];
    uint8_t order[PIECES], number[PIECES + 1] = {0};
    uint32_t n = 0, tallest = 0, found = 0;
    memset(owner, 0, (size_t)width * height);
    for (uint32_t at = 0; at < width * height && n < PIECES; at++) {
        if (owner[at] != 0 || grey[at] <= FAINTEST) continue;
        pieces[n] = flood(grey, width, height, owner, stack, at, (uint8_t)(n + 1));
        pieces[n].group = (uint8_t)n;
        tallest = most(tallest, pieces[n].bottom - pieces[n].top);
        tallest = most(tallest, (pieces[n].right - pieces[n].left) / 2);
        n++;
    }
    join(pieces, n, tallest);
    for (uint32_t i = 0; i < n && found < INK_GROUPS_MAX; i++) {
        const piece *p = &pieces[i];
        uint32_t side = most(p->right - p->left, p->bottom - p->top);
        if (p->group != i || SPECK * side < tallest) continue;
        uint32_t place = found++;
        for (; place > 0 && before(p, &pieces[order[place - 1]]); place--) order[place] = order[place - 1];
        order[place] = (uint8_t)i;
    }
    for (uint32_t k = 0; k < found; k++) {
        const piece *p = &pieces[order[k]];
        groups[k] = (ink_group){p->left, p->top, p->right - p->left, p->bottom - p->top};
        for (uint32_t i = 0; i < n; i++) {
            if (pieces[i].group == order[k]) number[i + 1] = (uint8_t)(k + 1);
        }
    }
    for (uint32_t at = 0; at < width * height; at++) owner[at] = number[owner[at]];
    return found;
}

/* tests/ops/cuda/ptx_order.c: races for global memory: who touched what last, and whether that came before for certain.
 * Nothing of shared memory, which is ptx_memory.c's. What could not be kept of many readers makes it miss races, not
 * find false ones.
 *
 * Time      Each block has its own, that goes on by 1 at each barrier and each release.
 * Before    In a block: what was before the last barrier, and what the thread did itself. Of other blocks: what they
 *           had done when they released an address that this block acquired since, or another that it knows so.
 * Release   An atomic that says so, or that follows a membar of its thread, with one barrier between at most: of what
 *           the block did before its last barrier, and of what the thread did.
 * Acquire   A load that says so, or an atomic and then a membar: of the same thread, or behind a barrier of any. It
 *           counts for the thread at once, for its block from the next barrier on.
 * Source    Flanagan and Freund, FastTrack: efficient and precise dynamic race detection, PLDI 2009 */
#include <stdlib.h>
#include <string.h>

#include "ptx_code.h"

#define PAGE_WORDS   1024u
#define THREADS_MOST 1024u

/* What is known of a block: all before a time, and of one thread more. */
typedef struct known {
    uint32_t block, before, thread, until;
} known;

typedef struct clock {
    known *of; /* rising by block */
    uint32_t n, room;
} clock;

typedef struct met { /* an address that is released and acquired */
    uint64_t address;
    clock clock;
    uint32_t version;
} met;

typedef struct touch {
    uint32_t time, block, line, thread; /* time 0: none */
} touch;

typedef struct word {
    touch wrote, read[2];
    struct word *bytes; /* four, once a part of it was touched */
} word;

typedef struct page {
    uint64_t number;
    word *words;
} page;

typedef struct threads {
    uint32_t bits[THREADS_MOST / 32];
} threads;

typedef struct of_block {
    uint32_t time, barrier;              /* the time of the last barrier */
    clock knows, fresh, unfenced, stale; /* stale: unfenced before the last barrier */
    threads has_fresh, has_unfenced;
    uint32_t fence[THREADS_MOST]; /* the interval of each thread's last one */
    uint32_t seen, seen_version;  /* the address that was acquired last, and what it said */
} of_block;

struct ptx_global {
    of_block *blocks; /* resident ones */
    met *mets;
    uint32_t n_mets, mets_room;
    page *pages; /* a hash table */
    uint32_t n_pages, pages_room;
    page *last;
    bool lost; /* memory */
};

ptx_global *ptx_global_new(ptx_state *run) {
    ptx_global *g = calloc(1, sizeof *g);
    if (!g) return NULL;
    g->blocks = calloc(run->n_blocks, sizeof *g->blocks);
    if (g->blocks) return g;
    free(g);
    return NULL;
}

static void word_free(word *words, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) free(words[i].bytes);
    free(words);
}

void ptx_global_free(ptx_global *g, uint32_t n_blocks) {
    if (!g) return;
    for (uint32_t i = 0; i < n_blocks; i++) {
        free(g->blocks[i].knows.of);
        free(g->blocks[i].fresh.of);
        free(g->blocks[i].unfenced.of);
        free(g->blocks[i].stale.of);
    }
    for (uint32_t i = 0; i < g->n_mets; i++) free(g->mets[i].clock.of);
    for (uint32_t i = 0; i < g->pages_room; i++) {
        if (g->pages[i].words) word_free(g->pages[i].words, PAGE_WORDS);
    }
    free(g->blocks);
    free(g->mets);
    free(g->pages);
    free(g);
}

static of_block *mine(const ptx_block *block) {
    return &block->run->global->blocks[block - block->run->blocks];
}

/* ---- clocks ---- */

static uint32_t place_of(const clock *c, uint32_t block) {
    uint32_t low = 0, high = c->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (c->of[middle].block < block)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool add(ptx_global *g, clock *c, known k) {
    uint32_t at = place_of(c, k.block);
    if (at < c->n && c->of[at].block == k.block) {
        known *there = &c->of[at];
        if (k.before > there->before) there->before = k.before;
        if (k.until > there->until) there->until = k.until, there->thread = k.thread;
        return true;
    }
    if (c->n == c->room) {
        uint32_t room = 2 * c->room + 8;
        known *more = realloc(c->of, room * sizeof *more);
        if (!more) return g->lost = true, false;
        c->of = more;
        c->room = room;
    }
    memmove(c->of + at + 1, c->of + at, (c->n - at) * sizeof *c->of);
    c->of[at] = k;
    c->n++;
    return true;
}

static void merge(ptx_global *g, clock *to, const clock *from) {
    for (uint32_t i = 0; i < from->n; i++) {
        if (!add(g, to, from->of[i])) return;
    }
}

static bool tells(const clock *c, const touch *t) {
    uint32_t at = place_of(c, t->block);
    if (at == c->n || c->of[at].block != t->block) return false;
    return t->time < c->of[at].before || (t->thread == c->of[at].thread && t->time <= c->of[at].until);
}

static bool has(const threads *set, uint32_t thread) {
    return set->bits[thread / 32] >> (thread % 32) & 1;
}

static void put(threads *set, uint32_t thread) {
    set->bits[thread / 32] |= 1u << (thread % 32);
}

void ptx_global_block(ptx_block *block) {
    of_block *b = mine(block);
    b->time = b->barrier = 1;
    b->knows.n = b->fresh.n = b->unfenced.n = b->stale.n = 0;
    b->has_fresh = b->has_unfenced = (threads){{0}};
    memset(b->fence, 0, sizeof b->fence);
    b->seen = PTX_NONE;
}

void ptx_global_barrier(ptx_block *block) {
    ptx_global *g = block->run->global;
    of_block *b = mine(block);
    clock emptied = b->stale;
    merge(g, &b->knows, &b->fresh);
    b->stale = b->unfenced;
    b->unfenced = emptied;
    b->fresh.n = b->unfenced.n = 0;
    b->has_fresh = b->has_unfenced = (threads){{0}};
    b->barrier = ++b->time;
    b->seen = PTX_NONE;
}

void ptx_global_fence(ptx_warp *w, uint32_t mask) {
    ptx_global *g = w->run->global;
    of_block *b = mine(w->block);
    for (uint32_t i = 0; i < PTX_LANES; i++) {
        uint32_t thread = w->number * PTX_LANES + i;
        if (!(mask >> i & 1)) continue;
        b->fence[thread] = w->block->interval;
        if (b->stale.n == 0 && !has(&b->has_unfenced, thread)) continue;
        merge(g, &b->fresh, &b->stale);
        if (has(&b->has_unfenced, thread)) merge(g, &b->fresh, &b->unfenced);
        put(&b->has_fresh, thread);
    }
}

static met *met_at(ptx_global *g, uint64_t address) {
    for (uint32_t i = 0; i < g->n_mets; i++) {
        if (g->mets[i].address == address) return &g->mets[i];
    }
    if (g->n_mets == g->mets_room) {
        uint32_t room = 2 * g->mets_room + 8;
        met *more = realloc(g->mets, room * sizeof *more);
        if (!more) return g->lost = true, NULL;
        g->mets = more;
        g->mets_room = room;
    }
    g->mets[g->n_mets] = (met){.address = address};
    return &g->mets[g->n_mets++];
}

void ptx_global_meets(ptx_warp *w, const ptx_op *op, uint32_t lane, uint64_t address, bool write) {
    ptx_global *g = w->run->global;
    of_block *b = mine(w->block);
    met *m = met_at(g, address);
    uint32_t thread = w->number * PTX_LANES + lane;
    if (!m) return;
    if (!write) {
        bool now = op->order == PTX_ACQUIRE, again = now && has(&b->has_fresh, thread);
        if (again && b->seen == (uint32_t)(m - g->mets) && b->seen_version == m->version) return; /* it spins */
        merge(g, now ? &b->fresh : &b->unfenced, &m->clock);
        put(now ? &b->has_fresh : &b->has_unfenced, thread);
        b->seen = now ? (uint32_t)(m - g->mets) : PTX_NONE;
        b->seen_version = m->version;
        return;
    }
    if (op->order != PTX_RELEASE && (b->fence[thread] == 0 || b->fence[thread] + 1 < w->block->interval)) return;
    known k = {w->block->number, b->barrier, thread, b->time};
    add(g, &m->clock, k);
    merge(g, &m->clock, &b->knows);
    if (has(&b->has_fresh, thread)) merge(g, &m->clock, &b->fresh);
    m->version++;
    b->time++;
}

/* ---- touches ---- */

static page *slot_of(page *pages, uint32_t room, uint64_t number) {
    uint32_t at = (uint32_t)((number * 0x9e3779b97f4a7c15ull) >> 32) & (room - 1);
    while (pages[at].words && pages[at].number != number) at = (at + 1) & (room - 1);
    return &pages[at];
}

static page *page_of(ptx_global *g, uint64_t number) {
    if (g->last && g->last->number == number) return g->last;
    if (2 * g->n_pages >= g->pages_room) {
        uint32_t room = g->pages_room ? 2 * g->pages_room : 64;
        page *more = calloc(room, sizeof *more);
        if (!more) return g->lost = true, NULL;
        for (uint32_t i = 0; i < g->pages_room; i++) {
            if (g->pages[i].words) *slot_of(more, room, g->pages[i].number) = g->pages[i];
        }
        free(g->pages);
        g->pages = more;
        g->pages_room = room;
    }
    page *p = slot_of(g->pages, g->pages_room, number);
    if (!p->words) {
        p->words = calloc(PAGE_WORDS, sizeof *p->words);
        if (!p->words) return g->lost = true, NULL;
        p->number = number;
        g->n_pages++;
    }
    return g->last = p;
}

static bool before(const ptx_block *block, const of_block *b, uint32_t thread, const touch *t) {
    if (t->time == 0) return true;
    if (t->block == block->number) return t->thread == thread || t->time < b->barrier;
    return tells(&b->knows, t) || (has(&b->has_fresh, thread) && tells(&b->fresh, t));
}

static bool race(ptx_warp *w, const ptx_op *op, uint32_t lane, uint64_t at, bool write, const touch *t, bool wrote) {
    const uint32_t *grid = w->run->launch->grid;
    ptx_fault(w, op, lane,
              "a race in global memory at 0x%llx: it %s what thread %u of block (%u,%u,%u) %s at line %u, and nothing "
              "says which comes first",
              (unsigned long long)at, write ? "writes" : "reads", t->thread, t->block % grid[0],
              t->block / grid[0] % grid[1], t->block / grid[0] / grid[1], wrote ? "wrote" : "read", t->line);
    return false;
}

static bool one(ptx_warp *w, const ptx_op *op, uint32_t lane, uint64_t at, word *x, bool write, bool same) {
    const of_block *b = mine(w->block);
    const touch me = {b->time, w->block->number, op->line, w->number * PTX_LANES + lane};
    if (!before(w->block, b, me.thread, &x->wrote) && !(write && same && x->wrote.line == me.line)) {
        return race(w, op, lane, at, write, &x->wrote, true);
    }
    if (!write) {
        uint32_t which =
            x->read[0].time == 0 || (x->read[0].block == me.block && x->read[0].thread == me.thread) ? 0 : 1;
        x->read[which] = me;
        return true;
    }
    for (uint32_t i = 0; i < 2; i++) {
        if (!before(w->block, b, me.thread, &x->read[i])) return race(w, op, lane, at, write, &x->read[i], false);
        x->read[i].time = 0;
    }
    x->wrote = me;
    return true;
}

bool ptx_global_seen(ptx_warp *w, const ptx_op *op, uint32_t lane, uint64_t address, uint32_t bytes, bool write,
                     bool same) {
    ptx_global *g = w->run->global;
    for (uint64_t at = address; at < address + bytes;) {
        page *p = page_of(g, at / (4 * PAGE_WORDS));
        word *x = p ? &p->words[at / 4 % PAGE_WORDS] : NULL;
        if (x && !x->bytes && bytes < 4) {
            x->bytes = malloc(4 * sizeof *x->bytes);
            for (uint32_t i = 0; x->bytes && i < 4; i++) {
                x->bytes[i] = *x;
                x->bytes[i].bytes = NULL;
            }
            g->lost = g->lost || !x->bytes;
        }
        if (g->lost) {
            ptx_fault(w, op, lane, "out of memory");
            return false;
        }
        if (!one(w, op, lane, at, x->bytes ? &x->bytes[at % 4] : x, write, same)) return false;
        at += x->bytes ? 1 : 4;
    }
    return true;
}

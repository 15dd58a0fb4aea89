/* tests/ops/cuda/ptx_memory.c: loads and stores of a lane: where they go, whether they may, who raced for shared
 * memory. Races for global memory are ptx_order.c's. */
#include <stdlib.h>
#include <string.h>

#include "ptx_code.h"

#define FAR (1u << 20) /* from a value: then it is not named */

typedef struct place {
    unsigned char *at;
    ptx_space space;
    uint32_t offset;
} place;

static const char *done_to(bool write) {
    return write ? "written" : "read";
}

static void beside(ptx_warp *w, const ptx_op *op, uint32_t lane, uint64_t address, uint32_t bytes, bool write) {
    const ptx_state *run = w->run;
    uint32_t next = 0;
    while (next < run->n_spans && (uintptr_t)run->spans[next].from <= address) next++;
    const ptx_span *low = next > 0 ? &run->spans[next - 1] : NULL,
                   *high = next < run->n_spans ? &run->spans[next] : NULL;
    uint64_t past = low ? address + bytes - ((uintptr_t)low->from + low->bytes) : FAR;
    uint64_t before = high ? (uintptr_t)high->from - address : FAR;
    unsigned long long at = address;
    if (past >= FAR && before >= FAR) {
        ptx_fault(w, op, lane, "%u bytes %s at 0x%llx, where nothing is", bytes, done_to(write), at);
    } else if (past <= before) {
        ptx_fault(w, op, lane, "%u bytes %s at 0x%llx, %llu bytes beyond the end of a value of %zu bytes", bytes,
                  done_to(write), at, (unsigned long long)past, low->bytes);
    } else {
        ptx_fault(w, op, lane, "%u bytes %s at 0x%llx, %llu bytes before a value of %zu bytes", bytes, done_to(write),
                  at, (unsigned long long)before, high->bytes);
    }
}

/* In global memory, or NULL. The span that was right last is asked first. */
static unsigned char *in_spans(ptx_state *run, uint64_t address, uint32_t bytes) {
    uint32_t low = run->span, high;
    if (low < run->n_spans) {
        const ptx_span *s = &run->spans[low];
        uint64_t into = address - (uintptr_t)s->from;
        if (into < s->bytes && s->bytes - into >= bytes) return (unsigned char *)(uintptr_t)address;
    }
    low = 0;
    high = run->n_spans; /* of those that begin at the address or before, the last */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if ((uintptr_t)run->spans[middle].from <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0) return NULL;
    const ptx_span *s = &run->spans[low - 1];
    uint64_t into = address - (uintptr_t)s->from;
    if (into >= s->bytes || s->bytes - into < bytes) return NULL;
    run->span = low - 1;
    return (unsigned char *)(uintptr_t)address;
}

static bool in_window(ptx_warp *w, const ptx_op *op, uint32_t lane, place *p, uint64_t offset, uint32_t bytes,
                      bool write) {
    const ptx_facts *facts = &w->run->kernel->facts;
    const char *name = p->space == PTX_IN_SHARED  ? "shared memory"
                       : p->space == PTX_IN_LOCAL ? "local memory"
                                                  : "parameters";
    uint32_t size = p->space == PTX_IN_SHARED  ? facts->shared_bytes
                    : p->space == PTX_IN_LOCAL ? facts->local_bytes
                                               : facts->arguments_bytes;
    if (offset > size || size - offset < bytes) {
        ptx_fault(w, op, lane, "%u bytes %s at %lld of %s, which has %u bytes", bytes, done_to(write),
                  (long long)offset, name, size);
        return false;
    }
    p->offset = (uint32_t)offset;
    if (p->space == PTX_IN_SHARED) p->at = w->block->shared + offset;
    if (p->space == PTX_IN_LOCAL) p->at = w->local + (size_t)lane * size + offset;
    return true;
}

static bool find(ptx_warp *w, const ptx_op *op, uint32_t lane, uint64_t address, uint32_t bytes, bool write, place *p) {
    p->space = (ptx_space)op->space;
    if (p->space == PTX_GENERIC || p->space == PTX_IN_GLOBAL) {
        p->space = PTX_IN_GLOBAL;
        if (op->space == PTX_GENERIC && address - PTX_SHARED < PTX_WINDOW) {
            p->space = PTX_IN_SHARED;
            address -= PTX_SHARED;
        } else if (op->space == PTX_GENERIC && address - PTX_LOCAL < PTX_WINDOW) {
            p->space = PTX_IN_LOCAL;
            address -= PTX_LOCAL;
        }
    }
    if (address & (bytes - 1)) {
        ptx_fault(w, op, lane, "%u bytes %s at 0x%llx, which is no multiple of %u", bytes, done_to(write),
                  (unsigned long long)address, bytes);
        return false;
    }
    if (p->space != PTX_IN_GLOBAL) return in_window(w, op, lane, p, address, bytes, write);
    p->at = in_spans(w->run, address, bytes);
    if (!p->at) beside(w, op, lane, address, bytes, write);
    return p->at != NULL;
}

static void race(ptx_warp *w, const ptx_op *op, uint32_t lane, uint32_t offset, bool write, uint32_t other, bool wrote,
                 uint32_t line) {
    ptx_fault(w, op, lane, "a race in shared memory at %u: it %s what thread %u %s at line %u, with no barrier between",
              offset, write ? "writes" : "reads", other, wrote ? "wrote" : "read", line);
}

/* A word, or a byte, is touched. Same: what is written is there already. */
static bool touch(ptx_warp *w, const ptx_op *op, uint32_t lane, uint32_t offset, ptx_seen *s, bool write, bool same) {
    uint16_t me = (uint16_t)(w->number * PTX_LANES + lane);
    uint32_t now = w->block->interval;
    if (s->pending && (write || s->writer != me)) {
        ptx_fault(w, op, lane,
                  "a race in shared memory at %u: thread %u's copy of line %u into it has not been waited for", offset,
                  s->writer, s->write_line);
        return false;
    }
    if (s->written == now && s->writer != me && !(write && same && s->write_line == op->line)) {
        race(w, op, lane, offset, write, s->writer, true, s->write_line);
        return false;
    }
    if (!write) {
        if (s->written == 0) {
            ptx_fault(w, op, lane, "shared memory at %u is read, and was never written", offset);
            return false;
        }
        if (s->read != now) {
            s->read = now;
            s->reader = s->reader2 = me;
            s->read_line = op->line;
        } else if (s->reader == s->reader2) {
            s->reader2 = me;
        }
        return true;
    }
    if (s->read == now && (s->reader != me || s->reader2 != me)) {
        race(w, op, lane, offset, write, s->reader != me ? s->reader : s->reader2, false, s->read_line);
        return false;
    }
    s->written = now;
    s->writer = me;
    s->write_line = op->line;
    return true;
}

/* From its first access to a part of it on, a word's bytes are followed each for itself. */
static bool split(ptx_warp *w, const ptx_op *op, uint32_t lane, uint32_t word) {
    ptx_block *b = w->block;
    if (b->split[word]) return true;
    if (!b->bytes) {
        b->bytes = calloc(w->run->kernel->facts.shared_bytes + 4, sizeof *b->bytes);
        if (!b->bytes) {
            ptx_fault(w, op, lane, "out of memory");
            return false;
        }
    }
    for (uint32_t i = 0; i < 4; i++) b->bytes[4 * word + i] = b->words[word];
    b->split[word] = true;
    return true;
}

static bool touch_all(ptx_warp *w, const ptx_op *op, uint32_t lane, uint32_t offset, uint32_t bytes, bool write,
                      bool same) {
    ptx_block *b = w->block;
    if (bytes < 4 && !split(w, op, lane, offset / 4)) return false;
    for (uint32_t at = offset; at < offset + bytes;) {
        if (!b->split[at / 4]) {
            if (!touch(w, op, lane, at, &b->words[at / 4], write, same)) return false;
            at += 4;
        } else {
            if (!touch(w, op, lane, at, &b->bytes[at], write, same)) return false;
            at++;
        }
    }
    return true;
}

bool ptx_load(ptx_warp *w, const ptx_op *op, uint32_t lane, uint64_t address, void *to, uint32_t bytes) {
    place p = {NULL, PTX_GENERIC, 0};
    if (!find(w, op, lane, address, bytes, false, &p)) return false;
    if (p.space == PTX_IN_PARAM) {
        ptx_take_bytes(to, (const unsigned char *)w->run->launch->arguments + p.offset, bytes);
        return true;
    }
    if (p.space == PTX_IN_SHARED && !touch_all(w, op, lane, p.offset, bytes, false, false)) return false;
    if (p.space == PTX_IN_GLOBAL) {
        if (op->order != PTX_PLAIN)
            ptx_global_meets(w, op, lane, address, false);
        else if (!ptx_global_seen(w, op, lane, address, bytes, false, false))
            return false;
    }
    ptx_take_bytes(to, p.at, bytes);
    return true;
}

bool ptx_store(ptx_warp *w, const ptx_op *op, uint32_t lane, uint64_t address, const void *from, uint32_t bytes) {
    place p = {NULL, PTX_GENERIC, 0};
    if (!find(w, op, lane, address, bytes, true, &p)) return false;
    bool same = memcmp(p.at, from, bytes) == 0;
    if (p.space == PTX_IN_SHARED && !touch_all(w, op, lane, p.offset, bytes, true, same)) return false;
    if (p.space == PTX_IN_GLOBAL) {
        if (op->order != PTX_PLAIN)
            ptx_global_meets(w, op, lane, address, true);
        else if (!ptx_global_seen(w, op, lane, address, bytes, true, same))
            return false;
    }
    ptx_take_bytes(p.at, from, bytes);
    return true;
}

static void mark(ptx_block *b, uint32_t offset, uint32_t bytes, bool pending) {
    for (uint32_t at = offset; at < offset + bytes; at++) {
        ptx_seen *s = b->split[at / 4] ? &b->bytes[at] : &b->words[at / 4];
        s->pending = pending;
        s->written = b->interval;
    }
}

/* What a copy takes, as it may at any time from its beginning to its end. NULL: a fault. */
static const unsigned char *source(ptx_warp *w, const ptx_copy *c) {
    const unsigned char *from = in_spans(w->run, c->from, c->taken);
    if (c->from & (c->size - 1u)) {
        ptx_fault(w, c->op, c->lane, "%u bytes read at 0x%llx, which is no multiple of %u", c->size,
                  (unsigned long long)c->from, c->size);
        return NULL;
    }
    if (!from) beside(w, c->op, c->lane, c->from, c->taken, false);
    return from && ptx_global_seen(w, c->op, c->lane, c->from, c->taken, false, false) ? from : NULL;
}

bool ptx_copy_begins(ptx_warp *w, const ptx_copy *c) {
    place p = {NULL, PTX_GENERIC, 0};
    if (!find(w, c->op, c->lane, c->to, c->size, true, &p)) return false;
    if (!touch_all(w, c->op, c->lane, p.offset, c->size, true, false)) return false;
    memset(p.at, 0xff, c->size);
    mark(w->block, p.offset, c->size, true);
    return c->taken == 0 || source(w, c);
}

bool ptx_copy_ends(ptx_warp *w, const ptx_copy *c) {
    unsigned char bytes[16] = {0};
    if (c->taken > 0) {
        const unsigned char *from = source(w, c);
        if (!from) return false;
        memcpy(bytes, from, c->taken);
    }
    mark(w->block, c->to, c->size, false);
    memcpy(w->block->shared + c->to, bytes, c->size);
    return true;
}

void ptx_block_clear(ptx_block *block, uint32_t shared_bytes) {
    uint32_t words = shared_bytes / 4 + 1;
    memset(block->shared, 0xff, shared_bytes);
    memset(block->words, 0, words * sizeof *block->words);
    memset(block->split, 0, words * sizeof *block->split);
    block->interval = 1;
}

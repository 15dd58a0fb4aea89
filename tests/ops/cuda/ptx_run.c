/* tests/ops/cuda/ptx_run.c: blocks and warps take turns, lanes part and meet, barriers; what goes wrong is put in
 * words. What an instruction does is not here. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ptx_code.h"

#define TEXT_MOST  96   /* of an instruction, in a fault */
#define WORKSPACE  4096 /* bytes */
#define TURN_USUAL 256  /* instructions; one turn in 16 may be of TURN_LONG */
#define TURN_LONG  4096

/* splitmix64: enough for an order. */
static uint32_t draw(ptx_state *run, uint32_t below) {
    uint64_t z = run->drawn += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return (uint32_t)(((z ^ z >> 31) >> 32) * below >> 32);
}

/* The instruction as it stands, on one line. */
static void quote(const ptx_module *module, const ptx_op *op, char out[TEXT_MOST]) {
    const char *s = module->text + op->text;
    size_t n = 0;
    for (; *s && *s != ';' && n + 1 < TEXT_MOST; s++) {
        bool blank = *s == ' ' || *s == '\t' || *s == '\n' || *s == '\r';
        if (blank && n > 0 && out[n - 1] == ' ') continue;
        out[n++] = blank ? ' ' : *s;
    }
    out[n] = 0;
}

void ptx_fault(ptx_warp *w, const ptx_op *op, uint32_t lane, const char *format, ...) {
    ptx_state *run = w->run;
    if (run->failed) return;
    run->failed = true;
    if (run->why_size == 0) return;
    const uint32_t *block = w->block->at, *size = run->launch->block;
    uint32_t t = w->number * PTX_LANES + (lane == PTX_NONE ? 0 : lane);
    char text[TEXT_MOST], what[384];
    va_list list;
    va_start(list, format);
    vsnprintf(what, sizeof what, format, list);
    va_end(list);
    quote(run->module, op, text);
    snprintf(run->why, run->why_size, "%s, line %u, %s: block (%u,%u,%u), %s (%u,%u,%u): %s", run->kernel->name,
             op->line, text, block[0], block[1], block[2], lane == PTX_NONE ? "warp of thread" : "thread", t % size[0],
             t / size[0] % size[1], t / size[0] / size[1], what);
}

/* The group's pc goes back to its lanes. */
static void part(ptx_warp *w) {
    for (uint32_t i = 0; i < PTX_LANES; i++) {
        if (w->mask >> i & 1) w->pc[i] = w->at;
    }
    w->mask = 0;
}

/* The next group: of the lanes that can go on, in the deepest call, those with the least pc. */
static bool meet(ptx_warp *w) {
    uint32_t ready = w->live & ~w->waiting, depth = 0;
    if (!ready) return false;
    for (uint32_t i = 0; i < PTX_LANES; i++) {
        if ((ready >> i & 1) && w->depth[i] > depth) depth = w->depth[i];
    }
    w->at = w->limit = PTX_NONE;
    for (uint32_t i = 0; i < PTX_LANES; i++) {
        if ((ready >> i & 1) && w->depth[i] == depth && w->pc[i] < w->at) w->at = w->pc[i];
    }
    for (uint32_t i = 0; i < PTX_LANES; i++) {
        if (!(ready >> i & 1) || w->depth[i] != depth) continue;
        if (w->pc[i] == w->at)
            w->mask |= 1u << i;
        else if (w->pc[i] < w->limit)
            w->limit = w->pc[i];
    }
    return true;
}

/* Lanes of the group go elsewhere; it is parted if not all do. */
static void go(ptx_warp *w, uint32_t lanes, uint32_t to) {
    if (lanes == w->mask) {
        w->at = to;
        return;
    }
    w->at++;
    part(w);
    for (uint32_t i = 0; i < PTX_LANES; i++) {
        if (lanes >> i & 1) w->pc[i] = to;
    }
}

static uint32_t count(uint32_t mask) {
    uint32_t n = 0;
    for (; mask; mask &= mask - 1) n++;
    return n;
}

/* All threads that have not ended wait: they go on. */
static void release(ptx_block *block) {
    if (block->live == 0 || block->waiting < block->live) return;
    for (uint32_t i = 0; i < block->run->warps; i++) block->warps[i].waiting = 0;
    block->waiting = 0;
    block->interval++;
    ptx_global_barrier(block);
}

static void wait_at(ptx_warp *w, const ptx_op *op, uint32_t lanes) {
    ptx_block *block = w->block;
    if (block->waiting > 0 && block->bar != (uint32_t)op->at) {
        ptx_fault(w, op, PTX_NONE, "hangs: others of the block wait at barrier %u", block->bar);
        return;
    }
    block->bar = (uint32_t)op->at;
    go(w, lanes, w->at + 1);
    part(w);
    w->waiting |= lanes;
    block->waiting += count(lanes);
    release(block);
}

static void end(ptx_warp *w, uint32_t lanes) {
    ptx_copies_wait(w, lanes, PTX_NONE);
    if (w->run->failed) return;
    go(w, lanes, w->at + 1);
    part(w);
    w->live &= ~lanes;
    w->block->live -= count(lanes);
    release(w->block);
}

static void call(ptx_warp *w, const ptx_op *op, uint32_t lanes) {
    uint32_t back = w->at + 1;
    go(w, lanes, (uint32_t)op->at);
    part(w);
    for (uint32_t i = 0; i < PTX_LANES; i++) {
        if (!(lanes >> i & 1)) continue;
        w->back[w->depth[i]++][i] = back; /* the reader has seen that they are not too deep */
    }
}

static void return_from(ptx_warp *w, uint32_t lanes) {
    uint32_t ends = 0;
    for (uint32_t i = 0; i < PTX_LANES; i++) ends |= (uint32_t)((lanes >> i & 1) && w->depth[i] == 0) << i;
    if (ends) { /* a group is of one depth */
        end(w, ends);
        return;
    }
    go(w, lanes, w->at + 1);
    part(w);
    for (uint32_t i = 0; i < PTX_LANES; i++) {
        if (lanes >> i & 1) w->pc[i] = w->back[--w->depth[i]][i];
    }
}

static void flow(ptx_warp *w, const ptx_op *op, uint32_t lanes) {
    switch ((ptx_flow)op->flow) {
    case PTX_BRA: go(w, lanes, (uint32_t)op->at); break;
    case PTX_CALL: call(w, op, lanes); break;
    case PTX_RET: return_from(w, lanes); break;
    case PTX_EXIT: end(w, lanes); break;
    case PTX_BAR: wait_at(w, op, lanes); break;
    case PTX_TRAP: ptx_fault(w, op, PTX_NONE, "a trap"); break;
    case PTX_WORK: break;
    }
}

/* A warp goes on for some instructions, or until it cannot. */
static void turn(ptx_warp *w, uint32_t n) {
    ptx_state *run = w->run;
    const ptx_op *ops = run->module->ops;
    uint32_t done = 0;
    for (; done < n && !run->failed; done++) {
        if (w->mask == 0 || w->at >= w->limit) {
            part(w);
            if (!meet(w)) break;
        }
        const ptx_op *op = &ops[w->at];
        uint32_t lanes = w->mask;
        if (op->guard != PTX_NONE) {
            uint32_t p;
            memcpy(&p, ptx_in(w, op->guard), sizeof p);
            lanes &= op->negated ? ~p : p;
        }
        if (!lanes) {
            w->at++;
        } else if (op->aligned && lanes != PTX_ALL) {
            ptx_fault(w, op, PTX_NONE, "not all of the warp are here: lanes %08x", lanes);
        } else if (op->flow != PTX_WORK) {
            flow(w, op, lanes);
        } else {
            op->work(w, op, lanes);
            w->at++;
        }
    }
    run->turns += done;
}

static bool ready(const ptx_warp *w) {
    return w->block->busy && (w->live & ~w->waiting) != 0;
}

static void begin(ptx_state *run, ptx_block *block, uint32_t number) {
    const uint32_t *grid = run->launch->grid;
    block->number = number;
    block->at[0] = number % grid[0];
    block->at[1] = number / grid[0] % grid[1];
    block->at[2] = number / grid[0] / grid[1];
    block->live = run->threads;
    block->waiting = 0;
    block->busy = true;
    ptx_block_clear(block, run->kernel->facts.shared_bytes);
    ptx_global_block(block);
    for (uint32_t i = 0; i < run->warps; i++) {
        ptx_warp *w = &block->warps[i];
        uint32_t left = run->threads - i * PTX_LANES;
        w->live = left >= PTX_LANES ? PTX_ALL : (1u << left) - 1;
        w->waiting = w->mask = 0;
        w->n_copies = 0;
        for (uint32_t k = 0; k < PTX_LANES; k++) {
            w->pc[k] = run->kernel->from;
            w->depth[k] = w->committed[k] = 0;
        }
        memset(w->local, 0xff, (size_t)PTX_LANES * run->kernel->facts.local_bytes);
    }
}

/* Nobody can go on. */
static void hang(ptx_state *run) {
    for (uint32_t b = 0; b < run->n_blocks; b++) {
        for (uint32_t i = 0; i < run->warps && run->blocks[b].busy; i++) {
            ptx_warp *w = &run->blocks[b].warps[i];
            uint32_t lane = 0;
            if (!w->waiting) continue;
            while (!(w->waiting >> lane & 1)) lane++;
            const ptx_op *op = &run->module->ops[w->pc[lane] - 1];
            ptx_fault(w, op, lane, "hangs: %u of %u threads of the block wait here, and nothing else can go on",
                      run->blocks[b].waiting, run->blocks[b].live);
            return;
        }
    }
}

/* Turns, until all blocks have ended. order: of the blocks. */
static void work(ptx_state *run, const uint32_t *order, uint32_t n) {
    uint32_t begun = 0, all = run->n_blocks * run->warps;
    while (begun < run->n_blocks) {
        begin(run, &run->blocks[begun], order[begun]);
        begun++;
    }
    run->n_left = begun;
    while (run->n_left > 0 && !run->failed) {
        uint32_t first = draw(run, all), at = first;
        ptx_warp *w;
        for (;;) {
            w = &run->blocks[at / run->warps].warps[at % run->warps];
            if (ready(w)) break;
            at = at + 1 == all ? 0 : at + 1;
            if (at == first) {
                hang(run);
                return;
            }
        }
        turn(w, 1 + draw(run, draw(run, 16) ? TURN_USUAL : TURN_LONG));
        if (run->launch->turns && run->turns >= run->launch->turns && !run->failed) {
            part(w);
            if (meet(w)) {
                ptx_fault(w, &run->module->ops[w->at], PTX_NONE,
                          "hangs: %llu instructions were done, this was the next", (unsigned long long)run->turns);
            }
        }
        if (w->block->live > 0 || run->failed) continue;
        w->block->busy = false;
        run->n_left--;
        if (begun < n) {
            begin(run, w->block, order[begun++]);
            run->n_left++;
        }
    }
}

static bool block_new(ptx_state *run, ptx_block *block) {
    const ptx_kernel *kernel = run->kernel;
    uint32_t words = kernel->facts.shared_bytes / 4 + 1;
    block->run = run;
    block->shared = calloc(kernel->facts.shared_bytes + 16, 1);
    block->words = calloc(words, sizeof *block->words);
    block->split = calloc(words, sizeof *block->split);
    block->warps = calloc(run->warps, sizeof *block->warps);
    if (!block->shared || !block->words || !block->split || !block->warps) return false;
    for (uint32_t i = 0; i < run->warps; i++) {
        ptx_warp *w = &block->warps[i];
        w->run = run;
        w->block = block;
        w->number = i;
        w->base[0] = calloc(kernel->registers_bytes + 1, 1);
        w->base[1] = kernel->module->constants;
        w->base[2] = calloc(kernel->module->functions_bytes + 1, 1);
        w->local = calloc((size_t)PTX_LANES * kernel->facts.local_bytes + 1, 1);
        if (!w->base[0] || !w->base[2] || !w->local) return false;
    }
    return true;
}

static void block_free(ptx_state *run, ptx_block *block) {
    for (uint32_t i = 0; block->warps && i < run->warps; i++) {
        ptx_warp *w = &block->warps[i];
        free(w->base[0]);
        free(w->base[2]);
        free(w->local);
        free(w->copies);
    }
    free(block->warps);
    free(block->shared);
    free(block->words);
    free(block->bytes);
    free(block->split);
}

/* The launch's spans, and the workspace among them. */
static bool span(ptx_state *run) {
    const ptx_launch *launch = run->launch;
    uint32_t n = 0;
    run->workspace = calloc(WORKSPACE, 1);
    run->spans = malloc((launch->n_spans + 1) * sizeof *run->spans);
    if (!run->workspace || !run->spans) return false;
    uint32_t size = WORKSPACE;
    memcpy(run->workspace, &size, sizeof size);
    while (n < launch->n_spans && (uintptr_t)launch->spans[n].from < (uintptr_t)run->workspace) n++;
    memcpy(run->spans, launch->spans, n * sizeof *run->spans);
    run->spans[n] = (ptx_span){run->workspace, WORKSPACE};
    memcpy(run->spans + n + 1, launch->spans + n, (launch->n_spans - n) * sizeof *run->spans);
    run->n_spans = launch->n_spans + 1;
    return true;
}

static const char *unfit(const ptx_launch *launch, uint64_t *blocks, uint64_t *threads) {
    *blocks = *threads = 1;
    for (int i = 0; i < 3; i++) {
        if (launch->grid[i] == 0 || launch->block[i] == 0) return "a grid or a block of nothing";
        if (launch->grid[i] > (i == 0 ? 0x7fffffffu : 65535u)) return "a grid that is too large";
        *blocks *= launch->grid[i];
        *threads *= launch->block[i];
    }
    if (*threads > launch->kernel->facts.threads_most) return "more threads in a block than the kernel may have";
    if (*blocks > 1u << 24) return "more blocks than are done here";
    if (!launch->cooperative && launch->resident == 0) return "no block is resident";
    return NULL;
}

bool ptx_run(const ptx_launch *launch, char *why, size_t size) {
    uint64_t n, threads;
    const char *wrong = unfit(launch, &n, &threads);
    if (size > 0) why[0] = 0;
    if (wrong) {
        snprintf(why, size, "%s: %s", launch->kernel->name, wrong);
        return false;
    }
    ptx_state run = {.launch = launch, .kernel = launch->kernel, .module = launch->kernel->module};
    run.why = why;
    run.why_size = size;
    run.drawn = launch->seed;
    run.threads = (uint32_t)threads;
    run.warps = (run.threads + PTX_LANES - 1) / PTX_LANES;
    run.n_blocks = launch->cooperative || launch->resident > n ? (uint32_t)n : launch->resident;
    uint32_t *order = calloc(n, sizeof *order);
    run.blocks = calloc(run.n_blocks, sizeof *run.blocks);
    bool fine = order && run.blocks && span(&run) && (run.global = ptx_global_new(&run)) != NULL;
    for (uint32_t i = 0; fine && i < run.n_blocks; i++) fine = block_new(&run, &run.blocks[i]);
    if (!fine) snprintf(why, size, "%s: out of memory", run.kernel->name);
    for (uint32_t i = 0; fine && i < n; i++) { /* a shuffle from within */
        uint32_t k = draw(&run, i + 1);
        order[i] = order[k];
        order[k] = i;
    }
    if (fine) work(&run, order, (uint32_t)n);
    if (launch->done) *launch->done += run.turns;
    for (uint32_t i = 0; run.blocks && i < run.n_blocks; i++) block_free(&run, &run.blocks[i]);
    ptx_global_free(run.global, run.n_blocks);
    free(run.blocks);
    free(run.spans);
    free(run.workspace);
    free(order);
    return fine && !run.failed;
}

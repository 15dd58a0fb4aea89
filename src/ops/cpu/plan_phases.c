/* ops/cpu/plan_phases.c: which steps run side by side, and where in memory each cell lies.
 * A step comes as early as what it needs allows, what is kept from run to run alone in the first phase; steps by blocks
 * may follow each other within a phase, as each block's chain keeps their order; a whole step needs the phase before to
 * be over. Cells whose lives do not meet share memory.
 * Passing values, made and read within one phase, are wanted by one block at a time: they lie in rooms, as many as
 * blocks are worked on at once, where the next block finds the caches warm. There lives are counted in steps. */
#include <string.h>

#include "core/status.h"
#include "ops/cpu/program.h"

static ink_id root_of(const ink_program *p, ink_id v) {
    while (p->cells[v].same != INK_NONE) v = p->cells[v].same;
    return v;
}

static void resolve(const ink_program *p, ink_step *s) {
    for (uint32_t i = 0; i < s->n_reads; i++) s->reads[i] = root_of(p, s->reads[i]);
    for (uint32_t i = 0; i < s->n_writes; i++) s->writes[i] = root_of(p, s->writes[i]);
}

static bool meet(const ink_id *a, uint32_t n_a, const ink_id *b, uint32_t n_b) {
    for (uint32_t i = 0; i < n_a; i++) {
        for (uint32_t j = 0; j < n_b; j++) {
            if (a[i] == b[j]) return true;
        }
    }
    return false;
}

static bool writes_gradient(const ink_program *p, const ink_step *s) {
    for (uint32_t i = 0; i < s->n_writes; i++) {
        if (p->cells[s->writes[i]].role == INK_ROLE_GRADIENT) return true;
    }
    return false;
}

/* Must b, which comes later in the list, wait for a? */
static bool depends(const ink_program *p, const ink_step *b, const ink_step *a) {
    return meet(a->writes, a->n_writes, b->reads, b->n_reads) || meet(a->writes, a->n_writes, b->writes, b->n_writes) ||
           meet(a->reads, a->n_reads, b->writes, b->n_writes) || (b->reads_gradients && writes_gradient(p, a));
}

static bool lasts(const ink_cell *c) {
    return ink_role_lasts(c->role) || c->kept;
}

/* What follows from parameters alone (batch norm's scales, transformed weights) need not be made in every run. */
static void set_kept(ink_program *p) {
    for (uint32_t i = 0; i < p->n_steps; i++) {
        for (uint32_t k = 0; k < p->steps[i].n_writes; k++) {
            if (lasts(&p->cells[p->steps[i].writes[k]])) p->learns = true;
        }
    }
    for (uint32_t i = 0; i < p->n_steps && !p->learns; i++) {
        ink_step *s = &p->steps[i];
        s->kept = s->whole;
        for (uint32_t k = 0; k < s->n_reads; k++) s->kept = s->kept && lasts(&p->cells[s->reads[k]]);
        for (uint32_t k = 0; k < s->n_writes && s->kept; k++) p->cells[s->writes[k]].kept = true;
    }
}

/* What is kept has the first phase to itself, so that the rest is one where nothing else stands between. */
static void set_phases(ink_program *p) {
    bool any_kept = false;
    for (uint32_t i = 0; i < p->n_steps; i++) any_kept = any_kept || p->steps[i].kept;
    p->n_phases = 0;
    for (uint32_t j = 0; j < p->n_steps; j++) {
        ink_step *s = &p->steps[j];
        s->phase = any_kept && !s->kept ? 1 : 0;
        for (uint32_t i = 0; i < j; i++) {
            const ink_step *before = &p->steps[i];
            bool chain = !before->whole && !s->whole;
            uint32_t least = before->phase + (chain ? 0 : 1);
            if (s->phase < least && depends(p, s, before)) s->phase = least;
        }
        if (s->phase + 1 > p->n_phases) p->n_phases = s->phase + 1;
    }
}

/* Steps in order of phases, chained ones first, else as they were. */
static bool sort_steps(ink_program *p) {
    ink_step *sorted = ink_plan_new(p, p->n_steps + 1, sizeof *sorted);
    p->phases = ink_plan_new(p, p->n_phases + 1, sizeof *p->phases);
    if (sorted == NULL || p->phases == NULL) return false;
    uint32_t at = 0;
    for (uint32_t phase = 0; phase < p->n_phases; phase++) {
        ink_phase_plan *plan = &p->phases[phase];
        plan->first = at;
        plan->kept = true;
        for (int whole = 0; whole < 2; whole++) {
            for (uint32_t i = 0; i < p->n_steps; i++) {
                const ink_step *s = &p->steps[i];
                if (s->phase != phase || s->whole != (whole == 1)) continue;
                sorted[at++] = *s;
                if (s->whole) {
                    plan->kept = plan->kept && s->kept;
                    plan->wholes++;
                } else {
                    plan->chained++;
                }
            }
        }
    }
    p->steps = sorted;
    return true;
}

ink_status ink_plan_phases(ink_program *p, ink_error *err) {
    for (uint32_t i = 0; i < p->n_steps; i++) resolve(p, &p->steps[i]);
    set_kept(p);
    set_phases(p);
    size_t most = (size_t)p->n_steps + p->n_phases + 1;
    p->jobs = ink_plan_new(p, most, sizeof *p->jobs);
    p->tasks = ink_plan_new(p, most, sizeof *p->tasks);
    if (p->jobs == NULL || p->tasks == NULL || !sort_steps(p)) {
        return ink_fail_memory(err, most * (sizeof *p->jobs + sizeof *p->tasks), "a plan");
    }
    return INK_OK;
}

/* ---- memory ---- */

#define LINE_FLOATS 16u

static bool has_memory(const ink_cell *c) {
    return c->same == INK_NONE && c->floats > 0 && !c->borrowed;
}

/* Batched values come and go; all else stays, and begins as zeros: padding is never written again. */
static bool stays(const ink_cell *c) {
    return !c->batched || c->output || c->role == INK_ROLE_INPUT || c->role == INK_ROLE_GRADIENT ||
           c->store == INK_STORE_PLANES || c->is_first;
}

static void live_in(ink_cell *c, uint32_t phase) {
    if (c->first > phase) c->first = phase;
    if (c->last < phase) c->last = phase;
}

static void set_lives(ink_program *p) {
    for (uint32_t i = 0; i < p->n_cells; i++) {
        p->cells[i].first = UINT32_MAX;
        p->cells[i].last = 0;
        ink_cell *root = &p->cells[root_of(p, (ink_id)i)];
        root->output = root->output || p->cells[i].output;
        root->is_first = root->is_first || p->cells[i].is_first;
    }
    for (uint32_t i = 0; i < p->n_steps; i++) {
        const ink_step *s = &p->steps[i];
        for (uint32_t k = 0; k < s->n_reads; k++) live_in(&p->cells[s->reads[k]], s->phase);
        for (uint32_t k = 0; k < s->n_writes; k++) live_in(&p->cells[s->writes[k]], s->phase);
    }
    for (uint32_t i = 0; i < p->n_cells; i++) {
        ink_cell *c = &p->cells[i];
        if (!stays(c)) continue;
        c->first = 0;
        c->last = UINT32_MAX;
    }
}

typedef struct slot {
    size_t from, to; /* in lines */
    ink_id cell;
} slot;

/* The lowest place for `lines` beside the placed cells whose lives meet c's. placed is sorted by from. */
static size_t lowest(const ink_program *p, const slot *placed, size_t n, const ink_cell *c, size_t lines) {
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        const ink_cell *other = &p->cells[placed[i].cell];
        if (other->last < c->first || c->last < other->first) continue;
        if (placed[i].from >= at + lines) break;
        if (placed[i].to > at) at = placed[i].to;
    }
    return at;
}

static void insert(slot *placed, size_t n, slot s) {
    while (n > 0 && placed[n - 1].from > s.from) {
        placed[n] = placed[n - 1];
        n--;
    }
    placed[n] = s;
}

static void set_passing(ink_program *p) {
    for (uint32_t i = 0; i < p->n_cells; i++) {
        ink_cell *c = &p->cells[i];
        c->passing = has_memory(c) && !stays(c) && c->first == c->last && c->store != INK_STORE_PLAIN;
        if (!c->passing) continue;
        c->first = UINT32_MAX;
        c->last = 0;
    }
    for (uint32_t i = 0; i < p->n_steps; i++) {
        const ink_step *s = &p->steps[i];
        for (uint32_t k = 0; k < s->n_reads + s->n_writes; k++) {
            ink_cell *c = &p->cells[k < s->n_reads ? s->reads[k] : s->writes[k - s->n_reads]];
            if (c->passing) live_in(c, i);
        }
    }
}

static size_t floats_of(const ink_cell *c) {
    return c->passing ? c->block : c->floats;
}

/* Largest first. */
static ink_id next_cell(const ink_program *p, bool passing, const bool *done) {
    ink_id best = INK_NONE;
    for (uint32_t i = 0; i < p->n_cells; i++) {
        const ink_cell *c = &p->cells[i];
        if (done[i] || !has_memory(c) || c->passing != passing) continue;
        if (best == INK_NONE || floats_of(c) > floats_of(&p->cells[best])) best = (ink_id)i;
    }
    return best;
}

/* Places all cells that pass, or all others, from line 0 on; returns how many lines they take. */
static size_t place(const ink_program *p, bool passing, slot *placed, size_t *n, bool *done) {
    size_t end = 0;
    *n = 0;
    for (ink_id v = next_cell(p, passing, done); v != INK_NONE; v = next_cell(p, passing, done)) {
        const ink_cell *c = &p->cells[v];
        size_t lines = (floats_of(c) + LINE_FLOATS - 1) / LINE_FLOATS + 1; /* one apart: kernels may not share a line */
        slot s = {.from = lowest(p, placed, *n, c, lines), .cell = v};
        s.to = s.from + lines;
        insert(placed, (*n)++, s);
        if (s.to > end) end = s.to;
        done[v] = true;
    }
    return end;
}

static void settle(ink_program *p, const slot *placed, size_t n, float *memory) {
    for (size_t i = 0; i < n; i++) p->cells[placed[i].cell].data = memory + placed[i].from * LINE_FLOATS;
}

ink_status ink_plan_memory(ink_program *p, ink_error *err) {
    set_lives(p);
    set_passing(p);
    const uint32_t blocks = (p->max_batch + p->rows - 1) / p->rows, at_once = 2 * p->threads - 1; /* few_blocks */
    const size_t most = (size_t)p->n_cells + 1;
    slot *placed = ink_plan_new(p, most, sizeof *placed), *in_room = ink_plan_new(p, most, sizeof *in_room);
    bool *done = ink_plan_new(p, most, sizeof *done);
    p->room_of = ink_plan_new(p, blocks, sizeof *p->room_of);
    if (placed == NULL || in_room == NULL || done == NULL || p->room_of == NULL) {
        return ink_fail_memory(err, most * (2 * sizeof *placed + 1), "a plan");
    }
    size_t n, n_in_room, end = place(p, false, placed, &n, done), room = place(p, true, in_room, &n_in_room, done), all;
    p->room_floats = room * LINE_FLOATS;
    if (!ink_size_mul(room, blocks < at_once ? blocks : at_once, &all) || !ink_size_add(all, end, &all) ||
        !ink_size_mul(all, LINE_FLOATS * sizeof *p->memory, &p->memory_bytes)) {
        p->memory_bytes = SIZE_MAX;
    }
    p->memory = ink_mem_new_aligned(p->memory_bytes, 1);
    if (p->memory == NULL) return ink_fail_memory(err, p->memory_bytes, "a network's values");
    settle(p, placed, n, p->memory);
    settle(p, in_room, n_in_room, p->memory + end * LINE_FLOATS);
    for (uint32_t i = 0; i < p->n_cells; i++) {
        const ink_cell *root = &p->cells[root_of(p, (ink_id)i)];
        p->cells[i].data = root->data;
        p->cells[i].passing = root->passing;
    }
    return INK_OK;
}

/* ops/cpu/backend.c: the fast backend's face: compile, run, read, write.
 * Planning is in plan_*.c, arithmetic behind the steps' work functions. */
#include <assert.h>
#include <string.h>

#include "core/status.h"
#include "ops/cpu/program.h"

#define SMALL_BATCH 8u /* below it a block is one image, and positions go side by side instead */
#define BLOCK_ROWS  16u

void *ink_plan_new(ink_program *p, size_t count, size_t size) {
    return ink_arena_new(&p->arena, count, size);
}

ink_id ink_plan_cell(ink_program *p, size_t floats, bool per_block) {
    assert(p->n_cells < p->room_cells);
    /* At least a vector, also where a window only ever meets the border: code moves 0 bytes there, not from NULL. */
    floats = floats > 0 ? (floats + INK_LANES - 1) / INK_LANES * INK_LANES : INK_LANES;
    size_t blocks = per_block ? (p->max_batch + p->rows - 1) / p->rows : 1;
    p->cells[p->n_cells] = (ink_cell){.store = INK_STORE_VECTOR,
                                      .role = INK_ROLE_ACTIVATION,
                                      .batched = per_block,
                                      .block = per_block ? floats : 0,
                                      .floats = floats * blocks,
                                      .same = INK_NONE,
                                      .node = INK_NONE,
                                      .name = ""};
    return (ink_id)p->n_cells++;
}

/* ---- compile ---- */

static void cpu_free(ink_program *program) {
    if (program == NULL) return;
    ink_mem_free(program->memory);
    ink_mem_free(program->losses);
    ink_mem_free(program->is_right);
    ink_arena_clear(&program->arena);
    ink_mem_free(program);
}

static const ink_cell *cell_named(const ink_program *p, const char *name) {
    for (uint32_t i = 0; i < p->n_values; i++) {
        const ink_cell *c = &p->cells[i];
        if (ink_role_lasts(c->role) && strcmp(c->name, name) == 0) return c;
    }
    return NULL;
}

static bool lie_alike(const ink_cell *a, const ink_cell *b) {
    return a->store == b->store && a->floats == b->floats && a->k == b->k && a->c == b->c && a->taps == b->taps &&
           a->live == b->live && (a->taps == 0 || memcmp(a->place, b->place, a->taps * sizeof *a->place) == 0);
}

/* Parameters and states that the other program has too. */
static ink_status borrow(ink_program *p, ink_error *err) {
    for (uint32_t i = 0; p->share != NULL && i < p->n_values; i++) {
        ink_cell *c = &p->cells[i];
        if (!ink_role_lasts(c->role)) continue;
        const ink_cell *theirs = cell_named(p->share, c->name);
        if (theirs == NULL) continue;
        if (!lie_alike(c, theirs)) {
            return ink_fail(err, INK_E_USAGE, "%s has another shape in the program that shares it", c->name);
        }
        c->borrowed = true;
    }
    return INK_OK;
}

static void set_borrowed(ink_program *p) {
    for (uint32_t i = 0; i < p->n_values; i++) {
        if (p->cells[i].borrowed) p->cells[i].data = cell_named(p->share, p->cells[i].name)->data;
    }
}

static ink_status plan(ink_program *p, const ink_graph *g, ink_error *err) {
    ink_status status = ink_plan_cells(p, g, err);
    if (status == INK_OK) status = ink_plan_steps(p, g, err);
    if (status == INK_OK) status = borrow(p, err);
    if (status == INK_OK) status = ink_plan_phases(p, err);
    if (status == INK_OK) status = ink_plan_memory(p, err);
    if (status != INK_OK) return status;
    set_borrowed(p);
    p->losses = ink_mem_new(p->max_batch, sizeof *p->losses);
    p->is_right = ink_mem_new(p->max_batch, sizeof *p->is_right);
    if (p->losses == NULL || p->is_right == NULL) return ink_fail_memory(err, p->max_batch * 5u, "losses");
    p->needs = ink_needs_of(g);
    return INK_OK;
}

/* Sums over images depend on the blocks' rows: a graph that has any always gets the same, whatever the batch. */
static bool learns(const ink_graph *g) {
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const ink_node *n = &g->nodes[i];
        if (n->op == INK_OP_BATCHNORM_DX || n->op == INK_OP_CONV2D_DW || n->op == INK_OP_LINEAR_DW ||
            n->op == INK_OP_DEPTHWISE_DW || n->op == INK_OP_BIAS_DB ||
            (n->op == INK_OP_BATCHNORM && n->attr.batchnorm.training)) {
            return true;
        }
    }
    return false;
}

/* Do the weights outweigh what a block of images makes of them? */
static bool is_heavy(const ink_graph *g) {
    double weights = 0, values = 0;
    for (int32_t i = 0; i < g->n_values; i++) {
        const ink_value *v = &g->values[i];
        const double elements = (double)v->dim[0] * v->dim[1] * v->dim[2] * v->dim[3];
        if (v->batched) values += elements;
        if (v->role == INK_ROLE_PARAM) weights += elements;
    }
    return weights > BLOCK_ROWS * values;
}

/* Images of a block: one where a batch is small. A heavy net's weights come from beyond the caches, block by block:
 * then as many as leave each thread two blocks. */
static void set_rows(ink_program *p, const ink_graph *g) {
    p->rows = BLOCK_ROWS;
    if (learns(g)) return;
    if (p->max_batch < SMALL_BATCH) {
        p->rows = 1;
    } else if (is_heavy(g)) {
        p->rows_vary = true;
        p->rows = INK_ROWS_MOST;
        while (p->rows > BLOCK_ROWS && p->max_batch / p->rows < 2 * p->threads) p->rows /= 2;
    }
}

static ink_status cpu_compile(const ink_graph *g, const ink_compile_options *options, ink_program **out,
                              ink_error *err) {
    *out = NULL;
    ink_kernels kernels;
    ink_status status = ink_needs_options(&ink_backend_cpu, g, options, err);
    if (options->kernels != NULL) {
        kernels = *options->kernels;
    } else if (status == INK_OK) {
        status = ink_kernels_pick(&kernels, err);
    }
    if (status != INK_OK) return status;
    const bool bf16 = ink_kernels_take_bf16(&kernels, options->precision);
    if (options->precision == INK_PRECISION_BF16 && !bf16) {
        return ink_fail(err, INK_E_ABSENT, "bf16: this processor does not multiply it natively");
    }
    if (options->precision == INK_PRECISION_TF32) {
        return ink_fail(err, INK_E_ABSENT, "tf32: processors do not have it, GPUs do");
    }
    ink_program *p = ink_mem_new(1, sizeof *p);
    if (p == NULL) return ink_fail_memory(err, sizeof *p, "a program");
    p->backend = &ink_backend_cpu;
    p->table = kernels;
    p->kernels = &p->table;
    p->pool = options->pool;
    p->share = options->share;
    p->precision = bf16 ? INK_PRECISION_BF16 : INK_PRECISION_F32;
    p->exact = options->exact;
    p->max_batch = options->max_batch;
    p->written = 1;
    p->threads = options->pool != NULL ? ink_pool_threads(options->pool) : 1;
    set_rows(p, g);
    status = plan(p, g, err);
    if (status != INK_OK) {
        cpu_free(p);
        return status;
    }
    *out = p;
    return INK_OK;
}

/* ---- run ---- */

/* Fewer than threads can share well: each has its own room then, else each worker. */
static bool few_blocks(const ink_program *p) {
    return p->threads > 1 && p->blocks < 2 * p->threads;
}

static void do_steps(const ink_job *job, uint32_t task, uint32_t worker) {
    const ink_program *p = job->program;
    if (task < job->chain_tasks && job->apart) {
        const ink_step *s = &p->steps[job->first];
        s->work(p, s, task / s->parts, task % s->parts, worker);
    } else if (task < job->chain_tasks) {
        if (!few_blocks(p)) p->room_of[task] = worker;
        for (uint32_t i = 0; i < job->chained; i++) {
            const ink_step *s = &p->steps[job->first + i];
            for (uint32_t part = 0; part < s->parts; part++) s->work(p, s, task, part, worker);
        }
    } else {
        uint32_t left = task - job->chain_tasks;
        const ink_step *s = &p->steps[job->first_whole];
        while (left >= s->parts) left -= s++->parts;
        s->work(p, s, 0, left, worker);
    }
}

static void do_job(void *context, uint32_t task, uint32_t worker) {
    const ink_job *job = context;
    const ink_program *p = job->program;
    const bool tiles = ink_has_tiles(p);
    if (tiles) p->kernels->enter();
    do_steps(job, task, worker);
    if (tiles) p->kernels->leave();
}

static uint32_t add_job(ink_program *p, uint32_t at, ink_job job) {
    uint32_t count = job.chain_tasks;
    for (uint32_t i = 0; i < job.wholes; i++) count += p->steps[job.first_whole + i].parts;
    p->jobs[at] = job;
    p->jobs[at].program = p;
    p->tasks[at] = (ink_phase){do_job, &p->jobs[at], count, job.chain_tasks};
    return at + 1;
}

/* Whose memory the parameters are. */
static ink_program *owner_of(ink_program *p) {
    while (p->share != NULL) p = p->share;
    return p;
}

/* Can each chained step of a phase be cut into tasks of its own? The pool counts only so many. */
static bool can_be_apart(const ink_program *p, const ink_phase_plan *plan) {
    uint64_t wholes = 0;
    for (uint32_t k = plan->chained; k < plan->chained + plan->wholes; k++) wholes += p->steps[plan->first + k].parts;
    for (uint32_t k = 0; k < plan->chained; k++) {
        if ((uint64_t)p->blocks * p->steps[plan->first + k].parts + wholes > INK_POOL_TASKS_MAX) return false;
    }
    return true;
}

/* With few blocks each chained step is a phase of its own, cut finer. */
static uint32_t make_jobs(ink_program *p) {
    uint32_t n = 0;
    const bool apart = few_blocks(p);
    for (uint32_t b = 0; apart && b < p->blocks; b++) p->room_of[b] = b;
    bool kept = p->kept_written == owner_of(p)->written;
    for (uint32_t i = 0; i < p->n_phases; i++) {
        const ink_phase_plan *plan = &p->phases[i];
        ink_job job = {.first_whole = plan->first + plan->chained, .wholes = plan->kept && kept ? 0 : plan->wholes};
        if (plan->chained == 0 && job.wholes == 0) continue;
        if (!apart || plan->chained == 0 || !can_be_apart(p, plan)) {
            job.first = plan->first;
            job.chained = plan->chained;
            job.chain_tasks = plan->chained > 0 ? p->blocks : 0;
            n = add_job(p, n, job);
            continue;
        }
        for (uint32_t k = 0; k < plan->chained; k++) {
            job.first = plan->first + k;
            job.chained = 1;
            job.apart = true;
            job.chain_tasks = p->blocks * p->steps[job.first].parts;
            if (k > 0) job.wholes = 0;
            n = add_job(p, n, job);
        }
    }
    return n;
}

static ink_status cpu_run(ink_program *p, ink_batch *batch, ink_error *err) {
    ink_status status = ink_needs_check(&p->needs, p->max_batch, batch, err);
    if (status != INK_OK) return status;
    p->batch = batch;
    p->n = p->last_n = batch->n;
    p->blocks = (batch->n + p->rows - 1) / p->rows;
    uint32_t n = make_jobs(p);
    if (p->pool != NULL) {
        ink_pool_run(p->pool, p->tasks, n);
    } else {
        for (uint32_t i = 0; i < n; i++) {
            for (uint32_t task = 0; task < p->tasks[i].count; task++) do_job(&p->jobs[i], task, 0);
        }
    }
    p->batch = NULL;
    if (p->learns) owner_of(p)->written++;
    p->kept_written = owner_of(p)->written;
    batch->loss_sum = 0;
    batch->correct = 0;
    for (uint32_t i = 0; p->needs.classes > 0 && i < p->n; i++) {
        batch->loss_sum += (double)p->losses[i];
        batch->correct += p->is_right[i];
    }
    batch->gradient_norm = p->clip == INK_NONE ? 0 : ((const double *)(const void *)ink_data(p, p->clip))[1];
    return INK_OK;
}

/* ---- values in and out ---- */

static ink_needs_value asked(const ink_cell *c) {
    return (ink_needs_value){c->role, c->output && c->data != NULL, c->batched, c->elements};
}

static ink_status cpu_read(const ink_program *p, ink_id value, float *to, size_t count, ink_error *err) {
    if (value < 0 || (uint32_t)value >= p->n_values) return ink_fail(err, INK_E_USAGE, "no such value to read");
    const ink_cell *c = &p->cells[value];
    const ink_needs_value v = asked(c);
    ink_status status = ink_needs_read(&v, p->last_n, count, err);
    if (status == INK_OK) ink_cell_unpack(p, c, to, c->batched ? p->last_n : 1);
    return status;
}

static ink_status cpu_write(ink_program *p, ink_id value, const float *from, size_t count, ink_error *err) {
    if (value < 0 || (uint32_t)value >= p->n_values) return ink_fail(err, INK_E_USAGE, "no such value to write");
    const ink_cell *c = &p->cells[value];
    const ink_needs_value v = asked(c);
    uint32_t n;
    ink_status status = ink_needs_write(&v, p->max_batch, count, &n, err);
    if (status != INK_OK) return status;
    ink_cell_pack(p, c, from, n);
    if (ink_role_lasts(c->role)) owner_of(p)->written++;
    if (ink_is_bf16(p) && c->store == INK_STORE_PLANES) {
        p->kernels->round_bf16(c->data, c->data, c->floats);
    }
    return INK_OK;
}

static ink_precision cpu_precision_of(const ink_program *p) {
    return p->precision;
}

static size_t cpu_memory_of(const ink_program *p) {
    return p->memory_bytes + p->arena.used_bytes;
}

const ink_backend ink_backend_cpu = {
    .name = "cpu",
    .compile = cpu_compile,
    .run = cpu_run,
    .read = cpu_read,
    .write = cpu_write,
    .precision_of = cpu_precision_of,
    .memory_of = cpu_memory_of,
    .free = cpu_free,
};

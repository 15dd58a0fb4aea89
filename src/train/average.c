/* train/average.c: from the moving averages in the training program to a whole net in the measuring one.
 * The averages themselves are moved by a node of the training graph. */
#include "train/average.h"

#include <stdio.h>

#include "core/mem.h"
#include "core/status.h"
#include "train/trainer_state.h"

#define NEVER UINT64_MAX

struct ink_average {
    const ink_trainer *trainer;
    ink_graph graph;      /* the net with batch norm by the batch's own moments */
    ink_program *moments; /* of it; shares eval's parameters and statistics; NULL: nothing to measure */
    ink_batches *batches;
    ink_id *states; /* [n_states] running statistics, as the graph numbers them */
    uint32_t n_states;
    float *room;   /* [largest value] */
    double *sums;  /* of all statistics, one behind the other */
    uint64_t step; /* at which eval was last settled; NEVER: not yet */
};

void ink_average_free(ink_average *a) {
    if (a == NULL) return;
    if (a->moments != NULL) a->trainer->backend->free(a->moments);
    ink_batches_free(a->batches);
    ink_graph_clear(&a->graph);
    ink_mem_free(a->states);
    ink_mem_free(a->room);
    ink_mem_free(a->sums);
    ink_mem_free(a);
}

/* The training program's average of a parameter, or INK_NONE when it does not learn. */
static ink_id average_of(const ink_graph *g, const char *name) {
    char full[INK_NAME_SIZE * 2];
    snprintf(full, sizeof full, "%s.average", name);
    return ink_graph_find(g, full);
}

/* Room for any value of the net; the running statistics that the moments' graph writes, and room for their sums. */
static ink_status make_room(ink_average *a, ink_error *err) {
    const ink_graph *eval = &a->trainer->eval_graph;
    size_t largest = 1, sums = 0;
    for (ink_id id = 0; id < eval->n_values; id++) {
        if (ink_role_lasts(eval->values[id].role) && ink_graph_elements(eval, id) > largest)
            largest = ink_graph_elements(eval, id);
    }
    a->room = ink_mem_new(largest, sizeof *a->room);
    a->states = ink_mem_new((size_t)a->graph.n_values, sizeof *a->states);
    for (ink_id id = 0; a->states != NULL && id < a->graph.n_values; id++) {
        if (a->graph.values[id].role != INK_ROLE_STATE) continue;
        a->states[a->n_states++] = id;
        sums += ink_graph_elements(&a->graph, id);
    }
    a->sums = ink_mem_new(sums, sizeof *a->sums);
    if (a->room == NULL || a->states == NULL || a->sums == NULL) {
        return ink_fail_memory(err, largest * sizeof *a->room + sums * sizeof *a->sums, "averages");
    }
    return INK_OK;
}

/* Every so many-th training row, INK_AVERAGE_IMAGES of them or all. */
static ink_status make_batches(ink_average *a, const uint32_t *rows, ink_error *err) {
    const ink_trainer *t = a->trainer;
    uint32_t n = t->n_train < INK_AVERAGE_IMAGES ? t->n_train : INK_AVERAGE_IMAGES;
    uint32_t *chosen = ink_mem_new(n, sizeof *chosen);
    if (chosen == NULL) return ink_fail_memory(err, n * sizeof *chosen, "averages");
    for (uint32_t i = 0; i < n; i++) chosen[i] = rows[(uint64_t)i * t->n_train / n];
    ink_batches_options options = {
        .images = t->images, .rows = chosen, .n_rows = n, .batch_size = INK_AVERAGE_BATCH, .pool = t->pool};
    ink_status status = ink_batches_new(&options, &a->batches, err);
    ink_mem_free(chosen);
    return status;
}

ink_status ink_average_new(const ink_trainer *trainer, const ink_compile_options *options, const uint32_t *rows,
                           ink_average **out, ink_error *err) {
    *out = NULL;
    ink_average *a = ink_mem_new(1, sizeof *a);
    if (a == NULL) return ink_fail_memory(err, sizeof *a, "averages");
    a->trainer = trainer;
    a->step = NEVER;
    ink_net_ends ends;
    ink_net_plan plan = {.height = (int32_t)trainer->images->height,
                         .width = (int32_t)trainer->images->width,
                         .normalise = trainer->normalise,
                         .moments = true,
                         .learn = trainer->learn};
    ink_status status = ink_net_build(trainer->net, &plan, &a->graph, &ends, err);
    if (status == INK_OK) status = make_room(a, err);
    /* A frozen body keeps its statistics, and a net without batch norm has none. */
    if (status == INK_OK && a->n_states > 0 && trainer->learn == INK_LEARN_ALL) {
        ink_compile_options own = *options;
        own.max_batch = INK_AVERAGE_BATCH;
        own.share = trainer->eval;
        status = make_batches(a, rows, err);
        if (status == INK_OK) status = trainer->backend->compile(&a->graph, &own, &a->moments, err);
    }
    if (status == INK_OK) status = ink_average_begin(a, err);
    if (status == INK_OK) {
        *out = a;
    } else {
        ink_average_free(a);
    }
    return status;
}

ink_status ink_average_begin(ink_average *a, ink_error *err) {
    const ink_trainer *t = a->trainer;
    const ink_graph *g = &t->train_graph;
    ink_status status = INK_OK;
    for (ink_id id = 0; id < g->n_values && status == INK_OK; id++) {
        ink_id average = g->values[id].role == INK_ROLE_PARAM ? average_of(g, g->values[id].name) : INK_NONE;
        if (average == INK_NONE) continue;
        size_t count = ink_graph_elements(g, id);
        status = t->backend->read(t->train, id, a->room, count, err);
        if (status == INK_OK) status = t->backend->write(t->train, average, a->room, count, err);
    }
    a->step = NEVER;
    return status;
}

void ink_average_forget(ink_average *a) {
    a->step = NEVER;
}

/* Averages, and the rest of the net as it is. */
static ink_status copy_averages(const ink_average *a, ink_error *err) {
    const ink_trainer *t = a->trainer;
    const ink_graph *from = &t->train_graph, *to = &t->eval_graph;
    ink_status status = INK_OK;
    for (ink_id id = 0; id < to->n_values && status == INK_OK; id++) {
        const ink_value *value = &to->values[id];
        if (!ink_role_lasts(value->role)) continue;
        ink_id source = average_of(from, value->name);
        if (source == INK_NONE) source = ink_graph_find(from, value->name);
        size_t count = ink_graph_elements(to, id);
        status = t->backend->read(t->train, source, a->room, count, err);
        if (status == INK_OK) status = t->backend->write(t->eval, id, a->room, count, err);
    }
    return status;
}

/* sums += n times each statistic of the batch that the program has just seen */
static ink_status add_moments(const ink_average *a, uint32_t n, ink_error *err) {
    double *sum = a->sums;
    for (uint32_t i = 0; i < a->n_states; i++) {
        size_t count = ink_graph_elements(&a->graph, a->states[i]);
        ink_status status = a->trainer->backend->read(a->moments, a->states[i], a->room, count, err);
        if (status != INK_OK) return status;
        for (size_t k = 0; k < count; k++) *sum++ += (double)n * (double)a->room[k];
    }
    return INK_OK;
}

static ink_status keep_moments(const ink_average *a, uint32_t rows, ink_error *err) {
    const double *sum = a->sums;
    for (uint32_t i = 0; i < a->n_states; i++) {
        size_t count = ink_graph_elements(&a->graph, a->states[i]);
        for (size_t k = 0; k < count; k++) a->room[k] = (float)(*sum++ / (double)rows);
        ink_status status = a->trainer->backend->write(a->moments, a->states[i], a->room, count, err);
        if (status != INK_OK) return status;
    }
    return INK_OK;
}

static ink_status measure_moments(const ink_average *a, ink_error *err) {
    ink_batch_view view;
    uint32_t rows = 0;
    size_t n_sums = 0;
    for (uint32_t i = 0; i < a->n_states; i++) n_sums += ink_graph_elements(&a->graph, a->states[i]);
    for (size_t i = 0; i < n_sums; i++) a->sums[i] = 0;
    ink_batches_start(a->batches, 1, 0);
    while (ink_batches_next(a->batches, &view)) {
        ink_batch batch = {.n = view.n, .images = view.images};
        ink_status status = a->trainer->backend->run(a->moments, &batch, err);
        if (status == INK_OK) status = add_moments(a, view.n, err);
        if (status != INK_OK) return status;
        rows += view.n;
    }
    return keep_moments(a, rows, err);
}

ink_status ink_average_settle(ink_average *a, ink_error *err) {
    if (a->step == a->trainer->at.step) return INK_OK;
    ink_status status = copy_averages(a, err);
    if (status == INK_OK && a->moments != NULL) status = measure_moments(a, err);
    if (status == INK_OK) a->step = a->trainer->at.step;
    return status;
}

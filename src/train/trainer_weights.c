/* train/trainer_weights.c: weights and position of a trainer, out of its programs and back into them.
 * Their bytes in files are checkpoint.c's and the file formats' business. */
#include <string.h>

#include "core/clock.h"
#include "core/mem.h"
#include "core/status.h"
#include "train/trainer_state.h"

typedef bool takes_value(const ink_value *value);

static bool is_kept(const ink_value *value) {
    return ink_role_lasts(value->role);
}

/* Of the net itself, not of the optimizer: those are states whose name has a parameter's name as its beginning. */
static bool is_of_net(const ink_value *value) {
    if (value->role == INK_ROLE_PARAM) return true;
    if (value->role != INK_ROLE_STATE) return false;
    const char *part = strrchr(value->name, '.');
    return part != NULL && (strcmp(part, ".running_mean") == 0 || strcmp(part, ".running_var") == 0);
}

static ink_status collect(const ink_trainer *t, const ink_graph *g, const ink_program *program, takes_value *takes,
                          ink_weights *out, ink_error *err) {
    ink_status status = INK_OK;
    *out = (ink_weights){0};
    ink_weights kept = {.item = ink_mem_new((size_t)g->n_values, sizeof *kept.item)};
    if (kept.item == NULL) return ink_fail_memory(err, (uint64_t)g->n_values * sizeof *kept.item, "weights");
    for (ink_id id = 0; id < g->n_values && status == INK_OK; id++) {
        const ink_value *value = &g->values[id];
        if (!takes(value)) continue;
        struct ink_weight *item = &kept.item[kept.n];
        memcpy(item->name, value->name, sizeof item->name);
        item->rank = value->rank;
        memcpy(item->dim, value->dim, sizeof item->dim);
        item->count = ink_graph_elements(g, id);
        item->data = ink_mem_new(item->count, sizeof *item->data);
        if (item->data == NULL) {
            status = ink_fail_memory(err, item->count * sizeof *item->data, "weights");
            break;
        }
        kept.n++;
        status = t->backend->read(program, id, item->data, item->count, err);
    }
    if (status == INK_OK) {
        *out = kept;
    } else {
        ink_weights_clear(&kept);
    }
    return status;
}

ink_status ink_trainer_last(const ink_trainer *t, ink_weights *out, ink_error *err) {
    *out = (ink_weights){0};
    if (t->average == NULL) return collect(t, &t->train_graph, t->train, is_of_net, out, err);
    ink_status status = ink_average_settle(t->average, err);
    return status == INK_OK ? collect(t, &t->eval_graph, t->eval, is_of_net, out, err) : status;
}

ink_status ink_trainer_all(const ink_trainer *t, ink_weights *out, ink_error *err) {
    return collect(t, &t->train_graph, t->train, is_kept, out, err);
}

ink_status ink_trainer_best(const ink_trainer *t, ink_weights *out, ink_error *err) {
    *out = (ink_weights){0};
    if (t->best.n == 0) return ink_fail(err, INK_E_USAGE, "no epoch has been measured: there are no best weights");
    return ink_weights_copy(&t->best, out, err);
}

static bool same_shape(const struct ink_weight *item, const ink_graph *g, ink_id id) {
    const ink_value *value = &g->values[id];
    return item->rank == value->rank && memcmp(item->dim, value->dim, sizeof item->dim) == 0;
}

static const struct ink_weight *find_weight(const ink_weights *weights, const char *name) {
    for (uint32_t i = 0; i < weights->n; i++) {
        if (strcmp(weights->item[i].name, name) == 0) return &weights->item[i];
    }
    return NULL;
}

ink_status ink_trainer_load(ink_trainer *t, const ink_weights *weights, ink_error *err) {
    const ink_graph *g = &t->train_graph;
    for (uint32_t i = 0; i < weights->n; i++) {
        const struct ink_weight *item = &weights->item[i];
        ink_id id = ink_graph_find(g, item->name);
        if (id == INK_NONE || !is_of_net(&g->values[id]) || !same_shape(item, g, id)) {
            return ink_fail(err, INK_E_DATA, "the net has no tensor %s of this shape", item->name);
        }
        ink_status status = t->backend->write(t->train, id, item->data, item->count, err);
        if (status != INK_OK) return status;
    }
    return t->average != NULL ? ink_average_begin(t->average, err) : INK_OK;
}

/* ---- checkpoints ---- */

ink_trainer_position ink_trainer_position_of(const ink_trainer *t) {
    ink_trainer_position at = t->at;
    if (t->epoch_started_s > 0) at.elapsed_s += ink_clock_s() - t->epoch_started_s;
    return at;
}

/* Are they all values that `takes` takes, in the net's shapes, and no others? */
static ink_status match(const ink_graph *g, const ink_weights *weights, takes_value *takes, ink_error *err) {
    uint32_t found = 0;
    for (ink_id id = 0; id < g->n_values; id++) {
        if (!takes(&g->values[id])) continue;
        const struct ink_weight *item = find_weight(weights, g->values[id].name);
        if (item == NULL || !same_shape(item, g, id)) {
            return ink_fail(err, INK_E_DATA, "the checkpoint has no tensor %s of the net's shape", g->values[id].name);
        }
        found++;
    }
    if (found == weights->n) return INK_OK;
    return ink_fail(err, INK_E_DATA, "the checkpoint has %u tensors, expected %u", weights->n, found);
}

ink_status ink_trainer_restore(ink_trainer *t, const ink_trainer_position *position, const ink_weights *all,
                               ink_weights *take_best, ink_error *err) {
    ink_status status = match(&t->train_graph, all, is_kept, err);
    if (status == INK_OK && take_best->n > 0) status = match(&t->train_graph, take_best, is_of_net, err);
    if (status != INK_OK) return status;
    if (position->epoch < 1 || position->epoch > t->recipe->epochs + 1 || position->batch > t->steps_per_epoch ||
        position->step != (position->epoch - 1) * t->steps_per_epoch + position->batch) {
        return ink_fail(err, INK_E_DATA, "the checkpoint's position (epoch %u, batch %u, step %llu) fits no such run",
                        position->epoch, position->batch, (unsigned long long)position->step);
    }
    for (uint32_t i = 0; i < all->n && status == INK_OK; i++) {
        const struct ink_weight *item = &all->item[i];
        status = t->backend->write(t->train, ink_graph_find(&t->train_graph, item->name), item->data, item->count, err);
    }
    if (status != INK_OK) return status;
    t->at = *position;
    if (t->average != NULL) ink_average_forget(t->average);
    ink_weights_clear(&t->best);
    t->best = *take_best;
    *take_best = (ink_weights){0};
    return INK_OK;
}

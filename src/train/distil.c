/* train/distil.c: the teachers' programs, and the mean of what they say of a batch.
 * Where teachers come from is the caller's business (api/train_teachers.c); the loss is a node of the graph. */
#include "train/distil.h"

#include <string.h>

#include "core/mem.h"
#include "core/real.h"
#include "core/status.h"
#include "train/trainer_state.h"

typedef struct teacher {
    ink_program *program;
    ink_id probabilities;
} teacher;

struct ink_distil {
    const ink_backend *backend;
    ink_program *learner;
    ink_id target; /* the learner's input */
    double power;  /* 1 / temperature */
    teacher *teachers;
    uint32_t n;
    float *said, *mean; /* [batch][INK_CLASSES] */
};

void ink_distil_free(ink_distil *d) {
    if (d == NULL) return;
    for (uint32_t i = 0; d->teachers != NULL && i < d->n; i++) {
        if (d->teachers[i].program != NULL) d->backend->free(d->teachers[i].program);
    }
    ink_mem_free(d->teachers);
    ink_mem_free(d->said);
    ink_mem_free(d->mean);
    ink_mem_free(d);
}

static ink_status add_teacher(ink_distil *d, const ink_trainer *t, const ink_teacher *from,
                              const ink_compile_options *options, ink_error *err) {
    ink_graph g = {0};
    ink_net_ends ends;
    ink_net_plan plan = {.height = (int32_t)t->images->height,
                         .width = (int32_t)t->images->width,
                         .normalise = from->normalise,
                         .warps = !ink_augment_is_none(&t->recipe->augment)};
    teacher *own = &d->teachers[d->n++];
    ink_status status = ink_net_build(from->net, &plan, &g, &ends, err);
    if (status == INK_OK) status = d->backend->compile(&g, options, &own->program, err);
    if (status == INK_OK) status = from->load(from->file, &g, d->backend, own->program, err);
    own->probabilities = ends.probabilities;
    ink_graph_clear(&g);
    return status;
}

ink_status ink_distil_new(const ink_trainer *t, const ink_trainer_setup *setup, const ink_compile_options *options,
                          ink_id target, ink_distil **out, ink_error *err) {
    ink_status status = INK_OK;
    size_t numbers = (size_t)options->max_batch * INK_CLASSES;
    *out = NULL;
    ink_distil *d = ink_mem_new(1, sizeof *d);
    if (d == NULL) return ink_fail_memory(err, sizeof *d, "teachers");
    d->backend = t->backend;
    d->learner = t->train;
    d->target = target;
    d->power = 1 / t->recipe->distil_temperature;
    d->teachers = ink_mem_new(setup->n_teachers, sizeof *d->teachers);
    d->said = ink_mem_new(numbers, sizeof *d->said);
    d->mean = ink_mem_new(numbers, sizeof *d->mean);
    if (d->teachers == NULL || d->said == NULL || d->mean == NULL) {
        status = ink_fail_memory(err, 2 * numbers * sizeof *d->said, "teachers");
        goto done;
    }
    for (uint32_t i = 0; i < setup->n_teachers && status == INK_OK; i++) {
        status = add_teacher(d, t, &setup->teachers[i], options, err);
    }
done:
    if (status == INK_OK) {
        *out = d;
    } else {
        ink_distil_free(d);
    }
    return status;
}

/* mean += p^power / sum p^power, over n teachers; p = 0 stays 0 */
static void add_softened(const ink_distil *d, const float *p, float *mean) {
    double soft[INK_CLASSES], sum = 0;
    for (int c = 0; c < INK_CLASSES; c++) {
        soft[c] = p[c] > 0 ? ink_exp(d->power * ink_log((double)p[c])) : 0;
        sum += soft[c];
    }
    for (int c = 0; c < INK_CLASSES; c++) mean[c] += (float)(soft[c] / (sum * d->n));
}

ink_status ink_distil_teach(ink_distil *d, const ink_batch_view *view, ink_error *err) {
    size_t numbers = (size_t)view->n * INK_CLASSES;
    memset(d->mean, 0, numbers * sizeof *d->mean);
    for (uint32_t i = 0; i < d->n; i++) {
        ink_batch batch = {.n = view->n, .images = view->images, .warps = view->warps};
        ink_status status = d->backend->run(d->teachers[i].program, &batch, err);
        if (status == INK_OK) {
            status = d->backend->read(d->teachers[i].program, d->teachers[i].probabilities, d->said, numbers, err);
        }
        if (status != INK_OK) return status;
        for (size_t at = 0; at < numbers; at += INK_CLASSES) add_softened(d, d->said + at, d->mean + at);
    }
    return d->backend->write(d->learner, d->target, d->mean, numbers, err);
}

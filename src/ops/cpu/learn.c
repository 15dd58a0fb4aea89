/* ops/cpu/learn.c: clipping, optimizers, the weights' average: elementwise over the packed weights.
 * Padding and dead taps have gradient 0 for ever: without weight decay they are left alone. */
#include <math.h>
#include <string.h>

#include "ops/cpu/program.h"

/* part: a parameter, by its number in the plan's list of gradients */
void ink_work_squares(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)block, (void)worker;
    const ink_id *gradients = s->plan;
    double *sums = (double *)(void *)ink_data(p, s->extra[0]) + (size_t)part * INK_LANES;
    memset(sums, 0, INK_LANES * sizeof *sums);
    const ink_cell *dw = &p->cells[gradients[part]];
    p->kernels->squares(dw->data, dw->live_floats, sums);
}

/* extra[0]: sums; extra[1]: the factor for all optimizer steps, then the norm in double */
void ink_work_clip(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)block, (void)part, (void)worker;
    const double *sums = (const double *)(const void *)ink_data(p, s->extra[0]);
    double squares = 0;
    size_t n = p->cells[s->extra[0]].floats / (2 * INK_LANES);
    for (size_t i = 0; i < n * INK_LANES; i++) squares += sums[i];
    double norm = sqrt(squares), factor = (double)s->node.attr.clip.max_norm / (norm + 1e-6);
    double *result = (double *)(void *)ink_data(p, s->extra[1]);
    result[0] = factor > 1 ? 1 : factor; /* NaN stays NaN: the trainer sees it */
    result[1] = norm;
}

static float clip_factor(const ink_program *p, const ink_step *s) {
    return s->extra[1] == INK_NONE ? 1.0f : (float)*(const double *)(const void *)ink_data(p, s->extra[1]);
}

static ink_update update_of(const ink_program *p, const ink_step *s, uint32_t part, size_t *at) {
    const ink_cell *w = &p->cells[s->node.in[0]];
    bool all = s->node.attr.optimizer.decay != 0.0f; /* the plan set it to 0 where decay does not apply */
    size_t to;
    ink_share_of((all ? w->floats : w->live_floats) / INK_LANES, s->parts, part, at, &to);
    *at *= INK_LANES;
    return (ink_update){.w = w->data + *at,
                        .dw = ink_data(p, s->node.in[1]) + *at,
                        .count = to * INK_LANES - *at,
                        .lr = p->batch->lr * s->factor,
                        .factor = clip_factor(p, s),
                        .decay = s->node.attr.optimizer.decay,
                        .beta1 = s->node.attr.optimizer.beta1,
                        .beta2 = s->node.attr.optimizer.beta2,
                        .eps = s->node.attr.optimizer.eps,
                        .momentum = s->node.attr.optimizer.momentum,
                        .nesterov = s->node.attr.optimizer.nesterov,
                        .decoupled = s->node.attr.optimizer.decoupled};
}

void ink_work_adam(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)block, (void)worker;
    size_t at;
    ink_update u = update_of(p, s, part, &at);
    u.m = ink_data(p, s->node.in[2]) + at;
    u.v = ink_data(p, s->node.in[3]) + at;
    u.step_size = (float)((double)u.lr / ink_adam_correction(u.beta1, p->batch->step));
    u.root_correction = (float)sqrt(ink_adam_correction(u.beta2, p->batch->step));
    p->kernels->update_adam(&u);
}

void ink_work_sgd(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)block, (void)worker;
    size_t at;
    ink_update u = update_of(p, s, part, &at);
    if (s->node.in[2] != INK_NONE) u.m = ink_data(p, s->node.in[2]) + at;
    p->kernels->update_sgd(&u);
}

void ink_work_average(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)block, (void)worker;
    const ink_cell *w = &p->cells[s->node.in[0]];
    size_t from, to;
    ink_share_of(w->floats / INK_LANES, s->parts, part, &from, &to);
    from *= INK_LANES;
    p->kernels->average(ink_data(p, s->node.in[1]) + from, w->data + from,
                        (float)ink_average_decay(s->node.attr.average.decay, p->batch->step), to * INK_LANES - from);
}

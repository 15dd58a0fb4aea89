/* ops/cpu/norm.c: batch norm and its gradient: sums of each block, one small join over all blocks, one pass.
 * Sums are in double. In evaluation nothing is summed: a scale and an
 * offset per channel, which a convolution before it applies to its own sums. */
#include <math.h>
#include <string.h>

#include "ops/cpu/program.h"

/* Cells of a step: extra[0] double sums [blocks][3][channels], extra[1] scale, extra[2] offset (or, back, factor,
 * flat and tilt one behind the other in extra[1]). */

static size_t channels_of(const ink_cell *x) {
    return (size_t)ink_groups(x->c) * INK_LANES;
}

static double *sums_of(const ink_program *p, const ink_step *s, uint32_t block, size_t channels) {
    return (double *)(void *)ink_data(p, s->extra[0]) + (size_t)block * 3 * channels;
}

/* part: a group of channels, as in all by-block steps here */
void ink_work_moments(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, uint32_t worker) {
    (void)worker;
    const ink_cell *x = &p->cells[step->node.in[0]];
    size_t channels = channels_of(x), panel = p->rows * INK_LANES, jump = ink_groups(x->c) * panel;
    const float *from = x->data + block * x->block + part * panel, *shift = from; /* the first of its kind */
    double *sums = sums_of(p, step, block, channels) + part * INK_LANES, *squares = sums + channels;
    for (size_t j = 0; j < INK_LANES; j++) squares[channels + j] = (double)shift[j];
    memset(sums, 0, INK_LANES * sizeof *sums);
    memset(squares, 0, INK_LANES * sizeof *squares);
    p->kernels->moments(from, jump, ink_positions(x), ink_real_rows(p, block), shift, sums, squares);
}

/* Scale and offset of y = x scale + offset; where x is at hand, (x - mean) scale + beta loses less. */
static void set_line(const ink_program *p, const ink_step *s, size_t c, double mean, double inv_std) {
    const float *gamma = ink_data(p, s->node.in[1]), *beta = ink_data(p, s->node.in[2]);
    float factor = (float)inv_std * (gamma != NULL ? gamma[c] : 1.0f);
    ink_data(p, s->extra[1])[c] = factor;
    ink_data(p, s->extra[2])[c] = (float)((beta != NULL ? (double)beta[c] : 0.0) - mean * (double)factor);
    ink_data(p, s->node.out[1])[c] = (float)mean;
    ink_data(p, s->node.out[2])[c] = (float)inv_std;
}

void ink_work_norm_join(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, uint32_t worker) {
    (void)block, (void)part, (void)worker;
    const ink_cell *x = &p->cells[step->node.in[0]];
    size_t channels = channels_of(x);
    double count = (double)p->n * (double)ink_positions(x), momentum = (double)step->node.attr.batchnorm.momentum;
    float *running_mean = ink_data(p, step->node.in[3]), *running_var = ink_data(p, step->node.in[4]);
    for (size_t c = 0; c < x->c; c++) {
        double mean = 0, squares = 0, before = 0; /* Chan, Golub & LeVeque, Updating formulae, 1979 */
        for (uint32_t b = 0; b < p->blocks; b++) {
            const double *sums = sums_of(p, step, b, channels);
            double size = (double)ink_real_rows(p, b) * (double)ink_positions(x), off = sums[c] / size;
            double apart = sums[2 * channels + c] + off - mean, inner = sums[channels + c] - size * off * off;
            squares += (inner < 0 ? 0 : inner) + apart * apart * before * size / (before + size);
            before += size;
            mean += apart * size / before;
        }
        double var = squares / count;
        double unbiased = count > 1 ? var * count / (count - 1) : var;
        running_mean[c] = (float)((1 - momentum) * (double)running_mean[c] + momentum * mean);
        running_var[c] = (float)((1 - momentum) * (double)running_var[c] + momentum * unbiased);
        set_line(p, step, c, mean, 1 / sqrt(var + (double)step->node.attr.batchnorm.eps));
    }
}

/* Evaluation: the running statistics. */
void ink_work_norm_fixed(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, uint32_t worker) {
    (void)block, (void)part, (void)worker;
    const float *mean = ink_data(p, step->node.in[3]), *var = ink_data(p, step->node.in[4]);
    for (size_t c = 0; c < p->cells[step->node.in[0]].c; c++) {
        double wide = (double)var[c] + (double)step->node.attr.batchnorm.eps;
        set_line(p, step, c, (double)mean[c], 1 / sqrt(wide));
    }
}

/* The norm of a group of channels of a block. scale: the cell with its factors; INK_NONE where only the mean counts. */
static ink_norm norm_of(const ink_program *p, const ink_step *step, uint32_t block, uint32_t group, ink_id mean,
                        ink_id scale, ink_id beta) {
    const ink_cell *x = &p->cells[step->node.in[0]];
    const size_t panel = p->rows * INK_LANES, lanes = group * INK_LANES;
    const float *factors = ink_data(p, scale), *offsets = ink_data(p, beta);
    return (ink_norm){.x = ink_block(p, step->node.in[0], block) + group * panel,
                      .mean = ink_data(p, mean) + lanes,
                      .scale = factors != NULL ? factors + lanes : NULL,
                      .offset = offsets != NULL ? offsets + lanes : NULL,
                      .step = ink_groups(x->c) * panel,
                      .panels = ink_positions(x),
                      .rows = ink_real_rows(p, block),
                      .all_rows = p->rows};
}

/* A panel of a block of a value; NULL where there is none. */
static float *panel_of(const ink_program *p, ink_id value, uint32_t block, uint32_t group) {
    float *data = ink_block(p, value, block);
    return data != NULL ? data + group * p->rows * INK_LANES : NULL;
}

void ink_work_norm_apply(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, uint32_t worker) {
    (void)worker;
    const ink_norm n = norm_of(p, step, block, part, step->node.out[1], step->extra[1], step->node.in[2]);
    p->kernels->norm(&n, panel_of(p, step->residual, block, part), step->relu,
                     panel_of(p, step->node.out[0], block, part));
}

/* The norm and gradients of a step towards x: step->scale and step->offset, factors and beta, where relu's side is
 * computed again. */
static ink_norm norm_back(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part) {
    return norm_of(p, step, block, part, step->node.in[3], step->scale, step->offset);
}

static ink_norm_dx gradients_of(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part) {
    return (ink_norm_dx){.dy = panel_of(p, step->node.in[1], block, part),
                         .mask = panel_of(p, step->mask, block, part),
                         .relu = step->scale != INK_NONE,
                         .after = step->relu};
}

static void set_sums(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, double **sums,
                     double **products) {
    const size_t channels = channels_of(&p->cells[step->node.in[0]]);
    double *first = sums_of(p, step, block, channels) + part * INK_LANES, *second = first + channels;
    memset(first, 0, INK_LANES * sizeof *first);
    memset(second, 0, INK_LANES * sizeof *second);
    *sums = first;
    *products = second;
}

void ink_work_norm_sums(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, uint32_t worker) {
    (void)worker;
    const ink_norm n = norm_back(p, step, block, part);
    const ink_norm_dx d = gradients_of(p, step, block, part);
    double *sums, *products;
    set_sums(p, step, block, part, &sums, &products);
    p->kernels->norm_sums(&n, &d, sums, products);
}

void ink_work_norm_dx_join(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, uint32_t worker) {
    (void)block, (void)part, (void)worker;
    const ink_node *node = &step->node;
    const ink_cell *x = &p->cells[node->in[0]];
    size_t channels = channels_of(x);
    double count = (double)p->n * (double)ink_positions(x);
    const float *gamma = ink_data(p, node->in[2]);
    const float *inv_std = ink_data(p, node->in[4]);
    float *dgamma = ink_data(p, node->out[1]), *dbeta = ink_data(p, node->out[2]), *line = ink_data(p, step->extra[1]);
    for (size_t c = 0; c < x->c; c++) {
        double sum = 0, product = 0;
        for (uint32_t b = 0; b < p->blocks; b++) {
            const double *sums = sums_of(p, step, b, channels);
            sum += sums[c];
            product += sums[channels + c] * (double)inv_std[c];
        }
        if (dgamma != NULL) dgamma[c] = (float)product;
        if (dbeta != NULL) dbeta[c] = (float)sum;
        double factor = (double)inv_std[c] * (gamma != NULL ? (double)gamma[c] : 1.0);
        bool training = node->attr.batchnorm.training;
        double flat = training ? sum / count : 0, tilt = training ? (double)inv_std[c] * product / count : 0;
        line[c] = (float)factor;
        line[channels + c] = (float)flat;
        line[2 * channels + c] = (float)tilt;
    }
}

static void set_line_dx(const ink_program *p, const ink_step *step, uint32_t part, ink_norm_dx *d) {
    const size_t channels = channels_of(&p->cells[step->node.in[0]]);
    d->factor = ink_data(p, step->extra[1]) + part * INK_LANES;
    d->flat = d->factor + channels;
    d->tilt = d->flat + channels;
}

void ink_work_norm_dx(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, uint32_t worker) {
    (void)worker;
    const ink_norm n = norm_back(p, step, block, part);
    ink_norm_dx d = gradients_of(p, step, block, part);
    set_line_dx(p, step, part, &d);
    p->kernels->norm_dx(&n, &d, panel_of(p, step->node.out[0], block, part));
}

/* ---- through a relu and the windows of a max pool: residual is the pool's output, in[1] its gradient ---- */

static ink_norm_pool windows_of(const ink_program *p, const ink_step *step, ink_id y, uint32_t block, uint32_t part) {
    ink_norm_pool w = {.y = panel_of(p, y, block, part),
                       .window_step = ink_groups(p->cells[step->node.in[0]].c) * p->rows * INK_LANES};
    ink_pool_windows(step->plan, &w.at, &w.windows, &w.n);
    return w;
}

void ink_work_norm_pool(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, uint32_t worker) {
    (void)worker;
    const ink_norm n = norm_of(p, step, block, part, step->node.out[1], step->extra[1], step->node.in[2]);
    const ink_norm_pool w = windows_of(p, step, step->node.out[0], block, part);
    p->kernels->norm_pool(&n, &w, panel_of(p, step->node.out[0], block, part));
}

void ink_work_norm_pool_sums(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part,
                             uint32_t worker) {
    (void)worker;
    const ink_norm n = norm_back(p, step, block, part);
    ink_norm_pool w = windows_of(p, step, step->residual, block, part);
    w.dy = panel_of(p, step->node.in[1], block, part);
    double *sums, *products;
    set_sums(p, step, block, part, &sums, &products);
    p->kernels->norm_pool_sums(&n, &w, sums, products);
}

void ink_work_norm_pool_dx(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, uint32_t worker) {
    (void)worker;
    const ink_norm n = norm_back(p, step, block, part);
    ink_norm_pool w = windows_of(p, step, step->residual, block, part);
    w.dy = panel_of(p, step->node.in[1], block, part);
    ink_norm_dx d = {0};
    set_line_dx(p, step, part, &d);
    p->kernels->norm_pool_dx(&n, &w, &d, panel_of(p, step->node.out[0], block, part));
}

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

void ink_work_norm_apply(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, uint32_t worker) {
    (void)worker;
    const ink_cell *x = &p->cells[step->node.in[0]];
    size_t panel = p->rows * INK_LANES, jump = ink_groups(x->c) * panel, lanes = part * INK_LANES;
    const float *residual = ink_block(p, step->residual, block);
    const float *beta = ink_data(p, step->node.in[2]);
    p->kernels->scale(ink_block(p, step->node.in[0], block) + part * panel,
                      ink_block(p, step->node.out[0], block) + part * panel, jump, ink_positions(x),
                      ink_real_rows(p, block), p->rows, ink_data(p, step->node.out[1]) + lanes,
                      ink_data(p, step->extra[1]) + lanes, beta != NULL ? beta + lanes : NULL,
                      residual != NULL ? residual + part * panel : NULL, step->relu);
}

void ink_work_norm_sums(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, uint32_t worker) {
    (void)worker;
    const ink_cell *x = &p->cells[step->node.in[0]];
    size_t channels = channels_of(x), panel = p->rows * INK_LANES, jump = ink_groups(x->c) * panel;
    size_t lanes = part * INK_LANES;
    const float *from = ink_block(p, step->node.in[0], block) + part * panel;
    const float *dy = ink_block(p, step->node.in[1], block) + part * panel;
    const float *mask = ink_block(p, step->mask, block);
    if (mask != NULL) mask += part * panel;
    double *sums = sums_of(p, step, block, channels) + lanes, *products = sums + channels;
    memset(sums, 0, INK_LANES * sizeof *sums);
    memset(products, 0, INK_LANES * sizeof *products);
    p->kernels->bn_sums(from, dy, mask, jump, ink_positions(x), ink_real_rows(p, block),
                        ink_data(p, step->node.in[3]) + lanes, sums, products);
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

void ink_work_norm_dx(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, uint32_t worker) {
    (void)worker;
    const ink_cell *x = &p->cells[step->node.in[0]];
    size_t channels = channels_of(x), panel = p->rows * INK_LANES, jump = ink_groups(x->c) * panel;
    size_t lanes = part * INK_LANES;
    const float *made = ink_data(p, step->extra[1]) + lanes;
    ink_norm_line line = {made, made + channels, ink_data(p, step->node.in[3]) + lanes, made + 2 * channels};
    const float *mask = ink_block(p, step->mask, block);
    p->kernels->bn_dx(ink_block(p, step->node.in[0], block) + part * panel,
                      ink_block(p, step->node.in[1], block) + part * panel, mask != NULL ? mask + part * panel : NULL,
                      ink_block(p, step->node.out[0], block) + part * panel, jump, ink_positions(x),
                      ink_real_rows(p, block), p->rows, &line);
}

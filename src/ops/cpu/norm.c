/* ops/cpu/norm.c: batch norm and its gradient: sums of each block, one small join over all blocks, one pass.
 * Sums are in double, of INK_SUM_ROWS rows at a time in float (kern_norm.h). In evaluation nothing is summed: a scale
 * and an offset per channel, which a convolution before it applies to its own sums. */
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

/* ---- narrow maps: a part is one channel; its 16 lanes are images, its rows positions ---- */

/* What stands for one channel, for all lanes. */
typedef struct spread {
    float mean[INK_LANES], scale[INK_LANES], offset[INK_LANES];
} spread;

static const float *for_all_lanes(const float *value, float lanes[INK_LANES]) {
    if (value == NULL) return NULL;
    for (size_t j = 0; j < INK_LANES; j++) lanes[j] = *value;
    return lanes;
}

/* A panel of a block of a value; NULL where there is none. */
static float *panel_of(const ink_program *p, ink_id value, uint32_t block, uint32_t part) {
    float *data = ink_block(p, value, block);
    if (data == NULL) return NULL;
    return data + part * p->rows * (p->cells[value].store == INK_STORE_NARROW ? 1 : INK_LANES);
}

/* x of a part, for sums. */
static ink_norm rows_of(const ink_program *p, const ink_cell *x, const float *from, uint32_t block) {
    ink_norm n = {.x = from,
                  .step = ink_position_floats(p, x),
                  .panels = ink_positions(x),
                  .rows = ink_real_rows(p, block),
                  .all_rows = p->rows,
                  .line = INK_LANES};
    if (x->store == INK_STORE_NARROW) n.rows = n.all_rows = 1;
    return n;
}

/* Positions as rows, INK_SUM_ROWS at a time, and those that are left. */
static void fold_rows(const ink_norm *n, ink_norm *fours, ink_norm *rest) {
    *fours = *rest = *n;
    fours->line = rest->line = n->step;
    fours->rows = INK_SUM_ROWS;
    fours->panels = n->panels / INK_SUM_ROWS;
    fours->step = INK_SUM_ROWS * n->step;
    rest->x = n->x + fours->panels * fours->step;
    rest->panels = n->panels % INK_SUM_ROWS;
}

static double sum_of_lanes(const double *lanes, size_t n) {
    double s[INK_LANES] = {0};
    memcpy(s, lanes, n * sizeof *s);
    for (size_t half = INK_LANES / 2; half > 0; half /= 2) {
        for (size_t j = 0; j < half; j++) s[j] += s[j + half];
    }
    return s[0];
}

static void narrow_moments(const ink_program *p, const ink_norm *n, uint32_t block, double *sum, double *square) {
    double sums[INK_LANES] = {0}, squares[INK_LANES] = {0};
    float shift[INK_LANES];
    ink_norm fours, rest;
    fold_rows(n, &fours, &rest);
    (void)for_all_lanes(n->x, shift);
    p->kernels->moments(&fours, shift, sums, squares);
    p->kernels->moments(&rest, shift, sums, squares);
    *sum = sum_of_lanes(sums, ink_real_rows(p, block));
    *square = sum_of_lanes(squares, ink_real_rows(p, block));
}

static const float *moved(const float *from, size_t floats) {
    return from != NULL ? from + floats : NULL;
}

/* Lanes beyond the batch have no gradient and add nothing. */
static void narrow_sums(const ink_program *p, const ink_norm *n, const ink_norm_dx *d, double *sum, double *product) {
    double sums[INK_LANES] = {0}, products[INK_LANES] = {0};
    ink_norm fours, rest;
    ink_norm_dx last = *d;
    fold_rows(n, &fours, &rest);
    last.dy = d->dy + (rest.x - n->x);
    last.mask = moved(d->mask, (size_t)(rest.x - n->x));
    if (d->made != NULL) last.made = d->made + (rest.x - n->x);
    p->kernels->norm_sums(&fours, d, sums, products);
    p->kernels->norm_sums(&rest, &last, sums, products);
    *sum = sum_of_lanes(sums, INK_LANES);
    *product = sum_of_lanes(products, INK_LANES);
}

/* ---- the steps ---- */

/* part: a group of channels, of narrow maps one channel, as in all by-block steps here */
void ink_work_moments(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, uint32_t worker) {
    (void)worker;
    const ink_cell *x = &p->cells[step->node.in[0]];
    const size_t channels = channels_of(x);
    const float *from = panel_of(p, step->node.in[0], block, part); /* the first of its kind: what is taken off */
    const ink_norm n = rows_of(p, x, from, block);
    double *sums = sums_of(p, step, block, channels), *squares = sums + channels, *shift = squares + channels;
    if (x->store == INK_STORE_NARROW) {
        shift[part] = (double)from[0];
        narrow_moments(p, &n, block, sums + part, squares + part);
        return;
    }
    const size_t lanes = part * INK_LANES;
    for (size_t j = 0; j < INK_LANES; j++) shift[lanes + j] = (double)from[j];
    memset(sums + lanes, 0, INK_LANES * sizeof *sums);
    memset(squares + lanes, 0, INK_LANES * sizeof *squares);
    p->kernels->moments(&n, from, sums + lanes, squares + lanes);
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

/* The norm of a part of a block. scale: the cell with its factors; INK_NONE where only the mean counts. room: of a
 * narrow map's channel. */
static ink_norm norm_of(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, ink_id mean,
                        ink_id scale, ink_id beta, spread *room) {
    const ink_cell *x = &p->cells[step->node.in[0]];
    const bool narrow = x->store == INK_STORE_NARROW;
    const size_t at = narrow ? part : part * INK_LANES;
    ink_norm n = rows_of(p, x, panel_of(p, step->node.in[0], block, part), block);
    n.mean = ink_data(p, mean) + at;
    n.scale = moved(ink_data(p, scale), at);
    n.offset = moved(ink_data(p, beta), at);
    n.active = step->active;
    n.kind = step->kind;
    n.slope = step->slope;
    if (narrow) {
        n.mean = for_all_lanes(n.mean, room->mean);
        n.scale = for_all_lanes(n.scale, room->scale);
        n.offset = for_all_lanes(n.offset, room->offset);
    }
    return n;
}

void ink_work_norm_apply(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, uint32_t worker) {
    (void)worker;
    spread room;
    const ink_norm n = norm_of(p, step, block, part, step->node.out[1], step->extra[1], step->node.in[2], &room);
    p->kernels->norm(&n, panel_of(p, step->residual, block, part), step->relu,
                     panel_of(p, step->node.out[0], block, part));
}

/* The norm and gradients of a step towards x: step->scale and step->offset, factors and beta, where relu's side is
 * computed again. */
static ink_norm norm_back(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, spread *room) {
    return norm_of(p, step, block, part, step->node.in[3], step->scale, step->offset, room);
}

static ink_norm_dx gradients_of(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part) {
    return (ink_norm_dx){.dy = panel_of(p, step->node.in[1], block, part),
                         .mask = panel_of(p, step->mask, block, part),
                         .made = panel_of(p, step->extra[2], block, part),
                         .relu = step->scale != INK_NONE,
                         .after = step->relu};
}

static bool is_narrow(const ink_program *p, const ink_step *step) {
    return p->cells[step->node.in[0]].store == INK_STORE_NARROW;
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
    spread room;
    const ink_norm n = norm_back(p, step, block, part, &room);
    const ink_norm_dx d = gradients_of(p, step, block, part);
    double *sums, *products;
    if (is_narrow(p, step)) {
        sums = sums_of(p, step, block, INK_LANES) + part;
        narrow_sums(p, &n, &d, sums, sums + INK_LANES);
        return;
    }
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

/* room: as in norm_of; lanes beyond the batch get the factor 0. */
static void set_line_dx(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, ink_norm_dx *d,
                        spread *room) {
    const bool narrow = is_narrow(p, step);
    const size_t channels = channels_of(&p->cells[step->node.in[0]]);
    d->factor = ink_data(p, step->extra[1]) + (narrow ? part : part * INK_LANES);
    d->flat = d->factor + channels;
    d->tilt = d->flat + channels;
    if (!narrow) return;
    d->factor = for_all_lanes(d->factor, room->mean);
    d->flat = for_all_lanes(d->flat, room->scale);
    d->tilt = for_all_lanes(d->tilt, room->offset);
    for (size_t j = ink_real_rows(p, block); j < INK_LANES; j++) room->mean[j] = 0.0f;
}

void ink_work_norm_dx(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, uint32_t worker) {
    (void)worker;
    spread room, line;
    const ink_norm n = norm_back(p, step, block, part, &room);
    ink_norm_dx d = gradients_of(p, step, block, part);
    set_line_dx(p, step, block, part, &d, &line);
    p->kernels->norm_dx(&n, &d, panel_of(p, step->node.out[0], block, part));
}

/* ---- through a relu and the windows of a max pool: residual is the pool's output, in[1] its gradient ---- */

static ink_norm_pool windows_of(const ink_program *p, const ink_step *step, ink_id y, uint32_t block, uint32_t part) {
    ink_norm_pool w = {.y = panel_of(p, y, block, part),
                       .window_step = ink_position_floats(p, &p->cells[step->node.in[0]])};
    ink_pool_windows(step->plan, &w.at, &w.windows, &w.n);
    return w;
}

void ink_work_norm_pool(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, uint32_t worker) {
    (void)worker;
    spread room;
    const ink_norm n = norm_of(p, step, block, part, step->node.out[1], step->extra[1], step->node.in[2], &room);
    const ink_norm_pool w = windows_of(p, step, step->node.out[0], block, part);
    p->kernels->norm_pool(&n, &w, panel_of(p, step->node.out[0], block, part));
}

void ink_work_norm_pool_sums(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part,
                             uint32_t worker) {
    (void)worker;
    spread room;
    const ink_norm n = norm_back(p, step, block, part, &room);
    ink_norm_pool w = windows_of(p, step, step->residual, block, part);
    w.dy = panel_of(p, step->node.in[1], block, part);
    double *sums, *products;
    if (is_narrow(p, step)) {
        double lanes[2][INK_LANES] = {{0}};
        p->kernels->norm_pool_sums(&n, &w, lanes[0], lanes[1]);
        sums = sums_of(p, step, block, INK_LANES) + part;
        sums[0] = sum_of_lanes(lanes[0], INK_LANES);
        sums[INK_LANES] = sum_of_lanes(lanes[1], INK_LANES);
        return;
    }
    set_sums(p, step, block, part, &sums, &products);
    p->kernels->norm_pool_sums(&n, &w, sums, products);
}

void ink_work_norm_pool_dx(const ink_program *p, const ink_step *step, uint32_t block, uint32_t part, uint32_t worker) {
    (void)worker;
    spread room, line;
    const ink_norm n = norm_back(p, step, block, part, &room);
    ink_norm_pool w = windows_of(p, step, step->residual, block, part);
    w.dy = panel_of(p, step->node.in[1], block, part);
    ink_norm_dx d = {0};
    set_line_dx(p, step, block, part, &d, &line);
    p->kernels->norm_pool_dx(&n, &w, &d, panel_of(p, step->node.out[0], block, part));
}

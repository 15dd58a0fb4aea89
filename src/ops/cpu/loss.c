/* ops/cpu/loss.c: softmax, cross entropy and their gradients, image by image: few classes, so few numbers.
 * Sums over the classes are in double, in order. */
#include <math.h>
#include <string.h>

#include "core/real.h"
#include "ops/cpu/program.h"

/* Where class c of row r lies in a block. */
static size_t at_class(const ink_program *p, size_t r, size_t c) {
    return (c / INK_LANES * p->rows + r) * INK_LANES + c % INK_LANES;
}

static size_t first_highest(const ink_program *p, const float *z, size_t r, size_t count) {
    size_t best = 0;
    for (size_t c = 1; c < count; c++) {
        float v = z[at_class(p, r, c)], b = z[at_class(p, r, best)];
        if (v > b || (isnan(v) && !isnan(b))) best = c;
    }
    return best;
}

#define CLASSES_AT_ONCE 64u

/* part[c] = e^(scale (z[c0 + c] - highest)), c < n <= CLASSES_AT_ONCE */
static void exponentials_of(const ink_program *p, const float *z, float scale, float highest, size_t r, size_t c0,
                            size_t n, float *part) {
    for (size_t c = 0; c < n; c++) part[c] = scale * (z[at_class(p, r, c0 + c)] - highest);
    p->kernels->exp(part, n);
}

static size_t at_once(size_t count, size_t c0) {
    return count - c0 < CLASSES_AT_ONCE ? count - c0 : CLASSES_AT_ONCE;
}

/* to[c] = e^(scale (z[c] - highest)), in y's layout (may be z itself, or NULL); returns their sum */
static double exponentials(const ink_program *p, const float *z, float scale, float *to, size_t r, size_t count) {
    float highest = z[at_class(p, r, first_highest(p, z, r, count))], part[CLASSES_AT_ONCE];
    double sum = 0;
    for (size_t c0 = 0; c0 < count; c0 += CLASSES_AT_ONCE) {
        size_t n = at_once(count, c0);
        exponentials_of(p, z, scale, highest, r, c0, n, part);
        for (size_t c = 0; c < n; c++) {
            sum += (double)part[c];
            if (to != NULL) to[at_class(p, r, c0 + c)] = part[c];
        }
    }
    return sum;
}

void ink_work_softmax(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)part, (void)worker;
    const ink_cell *y = &p->cells[s->node.out[0]];
    const float *x = ink_block(p, s->node.in[0], block);
    float *to = ink_block(p, s->node.out[0], block);
    memset(to, 0, y->block * sizeof *to);
    for (size_t r = 0; r < p->rows; r++) {
        double sum = exponentials(p, x, 1.0f, to, r, y->c);
        for (size_t c = 0; c < y->c; c++) to[at_class(p, r, c)] = (float)((double)to[at_class(p, r, c)] / sum);
    }
}

void ink_work_softmax_dx(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)part, (void)worker;
    const ink_cell *dx = &p->cells[s->node.out[0]];
    const float *y = ink_block(p, s->node.in[0], block), *dy = ink_block(p, s->node.in[1], block);
    float *to = ink_block(p, s->node.out[0], block);
    memset(to, 0, dx->block * sizeof *to);
    for (size_t r = 0; r < ink_real_rows(p, block); r++) {
        double sum = 0;
        for (size_t c = 0; c < dx->c; c++) {
            size_t at = at_class(p, r, c);
            sum += (double)y[at] * (double)dy[at];
        }
        for (size_t c = 0; c < dx->c; c++) {
            size_t at = at_class(p, r, c);
            to[at] = (float)((double)y[at] * ((double)dy[at] - sum));
        }
    }
}

static double target(const ink_step *s, uint8_t label, size_t c, size_t count) {
    double smoothing = (double)s->node.attr.cross_entropy.smoothing;
    return (c == label ? 1 - smoothing : 0) + smoothing / (double)count;
}

/* The loss with a second target: (1 - w) hard + w T^2 (log sum e^(z / T) - sum q z / T) */
static double soft_loss(const ink_program *p, const ink_step *s, const float *z, const float *q, double hard, size_t r,
                        size_t count) {
    double weight = (double)s->node.attr.cross_entropy.soft_weight;
    double temperature = (double)s->node.attr.cross_entropy.temperature;
    double loss = ink_log(exponentials(p, z, (float)(1 / temperature), NULL, r, count));
    loss += (double)z[at_class(p, r, first_highest(p, z, r, count))] / temperature;
    for (size_t c = 0; c < count; c++)
        loss -= (double)q[at_class(p, r, c)] * (double)z[at_class(p, r, c)] / temperature;
    return (1 - weight) * hard + weight * temperature * temperature * loss;
}

/* d[c], the slope of the first target's loss in z's layout, becomes (1 - w) d[c] + w T (softmax(z / T)[c] - q[c]), over
 * n. */
static void soft_slope(const ink_program *p, const ink_step *s, const float *z, const float *q, float *d, size_t r,
                       size_t count) {
    double weight = (double)s->node.attr.cross_entropy.soft_weight;
    double temperature = (double)s->node.attr.cross_entropy.temperature;
    float scale = (float)(1 / temperature), part[CLASSES_AT_ONCE];
    float highest = z[at_class(p, r, first_highest(p, z, r, count))];
    double sum = exponentials(p, z, scale, NULL, r, count);
    for (size_t c0 = 0; c0 < count; c0 += CLASSES_AT_ONCE) {
        size_t n = at_once(count, c0);
        exponentials_of(p, z, scale, highest, r, c0, n, part);
        for (size_t c = 0; c < n; c++) {
            size_t at = at_class(p, r, c0 + c);
            double soft = (double)part[c] / sum - (double)q[at];
            d[at] = (float)(((1 - weight) * (double)d[at] + weight * temperature * soft) / (double)p->n);
        }
    }
}

void ink_work_cross_entropy(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)part, (void)worker;
    size_t count = p->cells[s->node.in[0]].c;
    const float *z = ink_block(p, s->node.in[0], block), *q = ink_block(p, s->node.in[2], block);
    float *losses = ink_block(p, s->node.out[0], block);
    memset(losses, 0, p->cells[s->node.out[0]].block * sizeof *losses);
    for (size_t r = 0; r < ink_real_rows(p, block); r++) {
        size_t image = (size_t)block * p->rows + r, best = first_highest(p, z, r, count);
        double loss = ink_log(exponentials(p, z, 1.0f, NULL, r, count)) + (double)z[at_class(p, r, best)];
        for (size_t c = 0; c < count; c++) {
            double t = target(s, p->batch->labels[image], c, count);
            if (t != 0) loss -= t * (double)z[at_class(p, r, c)];
        }
        if (q != NULL) loss = soft_loss(p, s, z, q, loss, r, count);
        p->losses[image] = losses[r * INK_LANES] = (float)loss;
        p->is_right[image] = best == p->batch->labels[image];
    }
}

void ink_work_cross_entropy_dx(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part,
                               uint32_t worker) {
    (void)part, (void)worker;
    const ink_cell *dz = &p->cells[s->node.out[0]];
    const float *z = ink_block(p, s->node.in[0], block), *q = ink_block(p, s->node.in[2], block);
    float *to = ink_block(p, s->node.out[0], block);
    double n = q != NULL ? 1 : (double)p->n; /* soft_slope divides the sum of both */
    memset(to, 0, dz->block * sizeof *to);
    for (size_t r = 0; r < ink_real_rows(p, block); r++) {
        size_t image = (size_t)block * p->rows + r;
        double sum = exponentials(p, z, 1.0f, to, r, dz->c);
        for (size_t c = 0; c < dz->c; c++) {
            float *d = &to[at_class(p, r, c)];
            *d = (float)(((double)*d / sum - target(s, p->batch->labels[image], c, dz->c)) / n);
        }
        if (q != NULL) soft_slope(p, s, z, q, to, r, dz->c);
    }
}

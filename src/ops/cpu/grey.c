/* ops/cpu/grey.c: a convolution of an image whose channels are one grey picture, scaled and shifted: its weights are
 * summed over the channels, one plane stands for all, and all channels' gradients of the weights follow from its own.
 * The convolution itself is in sweep.c, that one gradient in wgrad.c. In a program of bf16 too it stays in float, the
 * picture and the weights unrounded.
 *
 * With x[c] = u factor[c] + shift[c] inside the picture, u = x[0], and 0 beyond its border,
 *   sum over c, taps of w x = sum over taps of u (sum over c of w factor)
 *                           + sum over taps inside of (sum over c of w shift)
 * the last sum, the start of a position, depends on the position alone. Likewise
 *   dw[c] = factor[c] (the gradient for u) + shift[c] (sum of dy over the outputs whose tap is inside). */
#include <math.h>
#include <string.h>

#include "ops/cpu/program.h"

#define CHANNELS 3u /* of a coloured image, as normalise has it */

/* Of channel c, in those of the first. */
static float factor_of(const ink_node *n, size_t c) {
    return n->attr.normalise.scale[c] / n->attr.normalise.scale[0];
}

static float shift_of(const ink_node *n, size_t c) {
    return fmaf(-n->attr.normalise.shift[0], factor_of(n, c), n->attr.normalise.shift[c]);
}

bool ink_grey_has_starts(const ink_node *normalise) {
    return shift_of(normalise, 1) != 0.0f || shift_of(normalise, 2) != 0.0f;
}

bool ink_grey_fits(const ink_program *p, const ink_graph *g, ink_id v) {
    const ink_value *value = &g->values[v];
    const ink_node *n = value->maker != INK_NONE ? &g->nodes[value->maker] : NULL;
    if (p->exact || value->output || value->dim[0] != CHANNELS) return false;
    if (n == NULL || n->op != INK_OP_NORMALISE || n->attr.normalise.scale[0] == 0.0f) return false;
    if (p->rows == 1 && ink_grey_has_starts(n)) return false; /* a product of several positions has one bias */
    for (int32_t i = 0; i < g->n_nodes; i++) {
        for (int k = 0; k < INK_NODE_INPUTS; k++) {
            if (g->nodes[i].in[k] != v) continue;
            if (g->nodes[i].op != INK_OP_CONV2D && g->nodes[i].op != INK_OP_CONV2D_DW) return false;
        }
    }
    return true;
}

/* Taps [*from, *to) of a window of `taps` which are inside a picture of `size`, for output i; of none *to is not above
 * *from. */
static void inside(const ink_node *n, size_t i, size_t taps, size_t size, size_t *from, size_t *to) {
    const size_t at = i * (size_t)n->attr.conv.stride, pad = (size_t)n->attr.conv.pad;
    *from = at < pad ? pad - at : 0;
    *to = size + pad < at + taps ? (size + pad > at ? size + pad - at : 0) : taps;
}

/* starts[p][q][16 k] of a group of K: sums of shifts [R][S][16 k] over the taps inside, and the bias. */
static void set_starts(const ink_program *p, const ink_node *n, const float *shifts, const float *bias, float *starts) {
    const ink_cell *x = &p->cells[n->in[0]], *w = &p->cells[n->in[1]], *y = &p->cells[n->out[0]];
    const size_t step = ink_groups(y->c) * INK_LANES;
    for (size_t j = 0; j < y->width; j++) {
        size_t left, right, top, bottom;
        inside(n, j, w->width, x->width, &left, &right);
        for (size_t i = 0; i < y->height; i++) {
            float *to = starts + (i * y->width + j) * step, sum[INK_LANES] = {0};
            inside(n, i, w->height, x->height, &top, &bottom);
            for (size_t r = top; r < bottom; r++) {
                for (size_t s = left; s < right; s++) {
                    for (size_t k = 0; k < INK_LANES; k++) sum[k] += shifts[(r * w->width + s) * INK_LANES + k];
                }
            }
            for (size_t k = 0; k < INK_LANES; k++) to[k] = bias != NULL ? sum[k] + bias[k] : sum[k];
        }
    }
}

/* part: a group of K. [C][tap][16 k] become [tap][16 k], and behind those of all groups the shifts in the same form. */
void ink_work_grey_weights(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)block, (void)worker;
    const ink_cell *w = &p->cells[s->node.in[1]];
    const size_t count = (size_t)w->taps * INK_LANES;
    const float *from = w->data + part * CHANNELS * count;
    float *sums = ink_data(p, s->extra[0]) + part * count, *shifts = sums + ink_groups(w->k) * count;
    for (size_t i = 0; i < count; i++) {
        sums[i] = from[i];
        shifts[i] = 0.0f;
    }
    for (size_t c = 1; c < CHANNELS; c++) {
        const float factor = factor_of(s->plan, c), shift = shift_of(s->plan, c);
        for (size_t i = 0; i < count; i++) {
            sums[i] = fmaf(from[c * count + i], factor, sums[i]);
            shifts[i] = fmaf(from[c * count + i], shift, shifts[i]);
        }
    }
    if (s->extra[1] == INK_NONE) return;
    const float *bias = ink_data(p, s->node.in[2]);
    set_starts(p, &s->node, shifts, bias != NULL ? bias + part * INK_LANES : NULL,
               ink_data(p, s->extra[1]) + part * INK_LANES);
}

/* to[tap][16] = sum of a group of a block's dy over the images and over the outputs whose tap is inside; positions are
 * step floats apart; line: of the window, 16 for each tap. */
static void sum_inside(const ink_program *p, const ink_step *s, const float *dy, size_t step, float *line, float *to) {
    const ink_cell *x = &p->cells[s->node.in[0]], *y = &p->cells[s->node.in[1]], *w = &p->cells[s->node.out[0]];
    memset(to, 0, (size_t)w->taps * INK_LANES * sizeof *to);
    for (size_t i = 0; i < y->height; i++) {
        size_t left, right, top, bottom;
        memset(line, 0, (size_t)w->width * INK_LANES * sizeof *line);
        for (size_t j = 0; j < y->width; j++, dy += step) {
            float sum[INK_LANES] = {0};
            p->kernels->column_sums(dy, 0, 1, p->rows, sum);
            inside(&s->node, j, w->width, x->width, &left, &right);
            for (size_t t = left; t < right; t++) {
                for (size_t k = 0; k < INK_LANES; k++) line[t * INK_LANES + k] += sum[k];
            }
        }
        inside(&s->node, i, w->height, x->height, &top, &bottom);
        for (size_t r = top; r < bottom; r++) {
            float *taps = to + r * w->width * INK_LANES;
            for (size_t k = 0; k < w->width * INK_LANES; k++) taps[k] += line[k];
        }
    }
}

size_t ink_grey_sum_floats(const ink_cell *w) {
    return ((size_t)ink_groups(w->k) * w->taps + w->width) * INK_LANES;
}

/* extra[0]: of each block [K/16][tap][16], and a line. */
void ink_work_grey_sums(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)part, (void)worker;
    const size_t panel = p->rows * INK_LANES, groups = ink_groups(p->cells[s->node.in[1]].c);
    const size_t count = (size_t)p->cells[s->node.out[0]].taps * INK_LANES;
    const float *dy = ink_block(p, s->node.in[1], block);
    float *to = ink_block(p, s->extra[0], block), *line = to + groups * count;
    for (size_t g = 0; g < groups; g++) sum_inside(p, s, dy + g * panel, groups * panel, line, to + g * count);
}

/* part: a group of K. extra[0]: slices of the one gradient [slice][K/16][tap][16]; extra[1]: sums as above, or none. */
void ink_work_grey_join(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)block, (void)worker;
    const ink_cell *w = &p->cells[s->node.out[0]];
    const size_t count = (size_t)w->taps * INK_LANES, all = count * ink_groups(w->k);
    float *to = w->data + part * CHANNELS * count;
    memcpy(to, ink_data(p, s->extra[0]) + part * count, count * sizeof *to);
    for (uint32_t i = 1; i < ink_wgrad_slices(p->blocks); i++) {
        p->kernels->add(to, ink_data(p, s->extra[0]) + i * all + part * count, to, count);
    }
    for (size_t c = 1; c < CHANNELS; c++) {
        const float factor = factor_of(s->plan, c);
        for (size_t i = 0; i < count; i++) to[c * count + i] = to[i] * factor;
    }
    for (uint32_t b = 0; s->extra[1] != INK_NONE && b < p->blocks; b++) {
        const float *sums = ink_block(p, s->extra[1], b) + part * count;
        for (size_t c = 1; c < CHANNELS; c++) {
            const float shift = shift_of(s->plan, c);
            for (size_t i = 0; i < count; i++) to[c * count + i] = fmaf(sums[i], shift, to[c * count + i]);
        }
    }
}

/* ops/cpu/half.c: bfloat16 copies of what matrix products read: values, gradients of values, weights.
 * The copies are made by blocks right behind the step that makes the value, while it is in cache; weights once a run.
 * Sums, masters and all else stay float. */
#include <string.h>

#include "ops/cpu/program.h"

static uint16_t *half_block(const ink_program *p, ink_id cell, uint32_t block) {
    return (uint16_t *)(void *)ink_block(p, cell, block);
}

/* extra[0]: as it lies, channels in pairs, or, for products of tiles, panels side by side; extra[1]: images in pairs,
 * for gradients of weights; extra[2]: panels turned round, for the same of tiles. Any may be absent. */
void ink_work_halve(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)part, (void)worker;
    const float *x = ink_block(p, s->node.in[0], block);
    const ink_cell *cell = &p->cells[s->node.in[0]];
    const size_t count = cell->block;
    if (s->extra[0] != INK_NONE && ink_has_tiles(p)) {
        const size_t groups = ink_groups(cell->c), places = count / (groups * INK_LANES * p->rows);
        p->kernels->pair_panels(x, half_block(p, s->extra[0], block), places, groups, p->rows);
    } else if (s->extra[0] != INK_NONE) {
        p->kernels->to_bf16(x, half_block(p, s->extra[0], block), count);
    }
    if (s->extra[1] != INK_NONE) {
        p->kernels->pair_rows(x, INK_PANEL, half_block(p, s->extra[1], block), INK_PANEL, count / INK_PANEL, INK_LANES);
    }
    if (s->extra[2] != INK_NONE) p->kernels->turn_rows(x, half_block(p, s->extra[2], block), count / INK_PANEL);
}

/* Rounded floats, for a thin convolution: of a batched value by blocks, of weights at once. */
void ink_work_round(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)part, (void)worker;
    const ink_cell *x = &p->cells[s->node.in[0]];
    if (s->whole) {
        p->kernels->round_bf16(x->data, ink_data(p, s->extra[0]), x->floats);
    } else {
        p->kernels->round_bf16(ink_block(p, s->node.in[0], block), ink_block(p, s->extra[0], block), x->block);
    }
}

/* Live weights with pairs of C side by side. part: a group of K. */
void ink_work_halve_weights(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)block, (void)worker;
    const ink_cell *w = &p->cells[s->node.in[0]];
    size_t panels = (size_t)w->live * ink_groups(w->c), from = part * panels * INK_PANEL;
    p->kernels->pair_rows(w->data + from, INK_PANEL, (uint16_t *)(void *)ink_data(p, s->extra[0]) + from, INK_PANEL,
                          panels, INK_LANES);
}

/* As ink_work_turn, with pairs of K side by side. */
void ink_work_turn_half(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)block, (void)worker;
    const ink_cell *w = &p->cells[s->node.in[1]];
    uint16_t *turned = (uint16_t *)(void *)ink_data(p, s->extra[0]);
    size_t c_groups = ink_groups(w->c), k_groups = ink_groups(w->k);
    float panel[INK_PANEL];
    for (size_t t = 0; t < w->live; t++) {
        for (size_t c = 0; c < c_groups; c++) {
            p->kernels->transpose(w->data + ((part * w->live + t) * c_groups + c) * INK_PANEL, 0, panel, 0, 1);
            p->kernels->pair_rows(panel, 0, turned + ((c * w->live + t) * k_groups + part) * INK_PANEL, 0, 1,
                                  INK_LANES);
        }
    }
}

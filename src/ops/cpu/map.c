/* ops/cpu/map.c: steps that touch each element by itself: activations, sums of two values, dropout, and a value moved
 * from the map it was flattened from to a row of channels (and back). */
#include <math.h>
#include <string.h>

#include "core/rng.h"
#include "ops/cpu/program.h"

void ink_work_activation(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)part, (void)worker;
    p->kernels->activate(s->node.attr.activation.kind, s->node.attr.activation.slope,
                         ink_block(p, s->node.in[0], block), ink_block(p, s->node.out[0], block),
                         p->cells[s->node.out[0]].block);
}

void ink_work_activation_dx(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)part, (void)worker;
    p->kernels->activate_dx(s->node.attr.activation.kind, s->node.attr.activation.slope,
                            ink_block(p, s->node.in[0], block), ink_block(p, s->node.in[1], block),
                            ink_block(p, s->node.out[0], block), p->cells[s->node.out[0]].block);
}

void ink_work_add(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)part, (void)worker;
    float *y = ink_block(p, s->node.out[0], block);
    size_t count = p->cells[s->node.out[0]].block;
    p->kernels->add(ink_block(p, s->node.in[0], block), ink_block(p, s->node.in[1], block), y, count);
    if (s->relu) p->kernels->activate(INK_RELU, 0.0f, y, y, count);
}

/* Between [position][C/16][rows][16], or [position][C][rows], and [C*positions/16][rows][16]; which way, the shapes
 * tell. */
void ink_work_relayout(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)part, (void)worker;
    const ink_cell *x = &p->cells[s->node.in[0]], *y = &p->cells[s->node.out[0]];
    const ink_cell *map = ink_positions(x) > 1 ? x : y;
    size_t positions = ink_positions(map), rows = p->rows, step = ink_position_floats(p, map);
    const bool narrow = map->store == INK_STORE_NARROW;
    const size_t map_row = narrow ? 1 : INK_LANES;
    const float *from = ink_block(p, s->node.in[0], block);
    float *to = ink_block(p, s->node.out[0], block);
    memset(to, 0, y->block * sizeof *to);
    for (size_t at = 0; at < positions; at++) {
        for (size_t c = 0; c < map->c; c++) {
            size_t i = c * positions + at;
            size_t in_panel = c / INK_LANES * rows * INK_LANES + c % INK_LANES;
            size_t in_map = at * step + (narrow ? c * rows : in_panel);
            size_t in_row = i / INK_LANES * rows * INK_LANES + i % INK_LANES;
            for (size_t r = 0; r < rows; r++) {
                if (map == x) {
                    to[in_row + r * INK_LANES] = from[in_map + r * map_row];
                } else {
                    to[in_map + r * map_row] = from[in_row + r * INK_LANES];
                }
            }
        }
    }
}

/* ---- dropout ---- */

/* What of rows of 16 channels is kept: index i of channel j is first + j * jump. A block of Philox serves four
 * successive i: `together` rows (4 where first and jump are multiples of 4, else 1), i apart by one, come at once. */
static void keep_rows(const ink_program *p, const ink_node *node, uint64_t first, uint64_t jump, size_t together,
                      uint16_t *kept, size_t kept_step) {
    const uint64_t step = p->batch->step, seed = p->batch->seed;
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    const uint32_t threshold = (uint32_t)ceil((double)node->attr.dropout.rate * 0x1p24); /* u >= rate */
    uint32_t counter[INK_LANES];
    uint16_t drawn[4];
    for (size_t j = 0; j < INK_LANES; j++) counter[j] = (uint32_t)((first + j * jump) >> 2);
    p->kernels->drawn(counter, node->attr.dropout.key, (uint32_t)step,
                      (uint32_t)(step >> 32) ^ (uint32_t)INK_STREAM_DROPOUT << 24, key, threshold, drawn);
    for (size_t k = 0; k < together; k++) kept[k * kept_step] = drawn[k];
    if (together > 1) return;
    uint32_t bits = 0;
    for (size_t j = 0; j < INK_LANES; j++) bits |= drawn[(first + j * jump) & 3] & (1u << j);
    kept[0] = (uint16_t)bits;
}

static uint16_t *kept_of(const ink_program *p, const ink_step *s, uint32_t block) {
    return (uint16_t *)(void *)ink_block(p, s->extra[0], block);
}

static float dropout_factor(const ink_node *node) {
    return 1.0f / (1.0f - node->attr.dropout.rate);
}

void ink_work_dropout(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)part, (void)worker;
    const ink_cell *x = &p->cells[s->node.in[0]];
    const bool narrow = x->store == INK_STORE_NARROW;
    size_t positions = ink_positions(x), groups = ink_groups(x->c), rows = p->rows;
    uint16_t *kept = kept_of(p, s, block);
    size_t together = positions % 4 == 0 && x->elements % 4 == 0 ? 4 : 1;
    for (size_t at = 0; at < positions; at += together) {
        for (size_t c = 0; narrow && c < x->c; c++) { /* rows are channels, lanes images */
            keep_rows(p, &s->node, (uint64_t)block * rows * x->elements + c * positions + at, x->elements, together,
                      &kept[at * x->c + c], x->c);
        }
        for (size_t g = 0; !narrow && g < groups; g++) {
            for (size_t r = 0; r < rows; r++) {
                uint64_t image = (uint64_t)block * rows + r;
                uint64_t first = image * x->elements + g * INK_LANES * positions + at;
                keep_rows(p, &s->node, first, positions, together, &kept[(at * groups + g) * rows + r], groups * rows);
            }
        }
    }
    p->kernels->keep(ink_block(p, s->node.in[0], block), kept, dropout_factor(&s->node),
                     ink_block(p, s->node.out[0], block), x->block / INK_LANES);
}

void ink_work_dropout_dx(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)part, (void)worker;
    p->kernels->keep(ink_block(p, s->node.in[0], block), kept_of(p, s, block), dropout_factor(&s->node),
                     ink_block(p, s->node.out[0], block), p->cells[s->node.in[0]].block / INK_LANES);
}

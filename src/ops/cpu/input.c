/* ops/cpu/input.c: the batch's bytes become the first value: distorted, normalised, laid out for what reads it.
 * Rows beyond the batch become 0. */
#include <math.h>
#include <string.h>

#include "core/warp.h"
#include "ops/cpu/program.h"

void ink_work_warp(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)part, (void)worker;
    const ink_cell *y = &p->cells[s->node.out[0]];
    for (uint32_t r = 0; r < ink_real_rows(p, block); r++) {
        size_t image = (size_t)block * p->rows + r;
        p->kernels->warp(&p->batch->warps[image], p->batch->images + image * y->elements, y->height, y->width,
                         y->data + image * y->elements);
    }
}

ink_warper *ink_cpu_warper(void) {
    ink_kernels kernels;
    return ink_kernels_pick(&kernels, NULL) == INK_OK && kernels.warp != NULL ? kernels.warp : ink_warp_apply;
}

/* Where pixel i of channel c of row 0 lies in a block of y; the image is x. */
static size_t pixel_at(const ink_program *p, const ink_cell *y, size_t c, size_t i, const ink_cell *x) {
    size_t width = x->width;
    if (y->store == INK_STORE_PLANES) {
        size_t across = y->width + y->border + y->border_end, down = y->height + y->border + y->border_end;
        return ((c * down + i / width + y->border) * across + i % width + y->border) * p->rows;
    }
    size_t channel = ink_positions(y) > 1 ? c : c * x->elements + i;
    if (ink_positions(y) > 1) return (i * ink_groups(y->c) * p->rows) * INK_LANES + channel;
    return channel / INK_LANES * p->rows * INK_LANES + channel % INK_LANES;
}

/* Channel c of y's planes from distorted images: x's floats of `real` rows, the first at x. */
static void fill_plane(const ink_program *p, const ink_node *node, const ink_cell *y, size_t c, const ink_cell *x,
                       size_t first, size_t real, float *to) {
    const float scale = node->attr.normalise.scale[c], shift = node->attr.normalise.shift[c];
    const size_t width = x->width;
    for (size_t line = 0; line < x->height; line++) {
        const float *from = x->data + first * x->elements + line * width;
        float *pixels = to + pixel_at(p, y, c, line * width, x);
        memset(pixels, 0, width * p->rows * sizeof *pixels);
        for (size_t i = 0; i < width; i++) {
            for (size_t r = 0; r < real; r++) pixels[i * p->rows + r] = from[r * x->elements + i];
        }
        if (real == p->rows) {
            p->kernels->rescale(pixels, scale, shift, width * real);
        } else {
            for (size_t i = 0; i < width; i++) p->kernels->rescale(pixels + i * p->rows, scale, shift, real);
        }
    }
}

/* Channel c of y in any layout, pixel by pixel. */
static void fill_pixels(const ink_program *p, const ink_node *node, const ink_cell *y, size_t c, const ink_cell *x,
                        size_t first, size_t real, float *to) {
    const float scale = node->attr.normalise.scale[c], shift = node->attr.normalise.shift[c];
    const size_t jump = y->store == INK_STORE_PLANES ? 1 : INK_LANES;
    float table[256];
    for (int v = 0; v < 256; v++) table[v] = fmaf((float)v, scale, shift);
    for (size_t i = 0; i < x->elements; i++) {
        float *pixel = to + pixel_at(p, y, c, i, x);
        for (size_t r = 0; r < p->rows; r++, pixel += jump) {
            if (r >= real) {
                *pixel = 0.0f;
            } else if (x->store == INK_STORE_PLAIN) {
                *pixel = fmaf(x->data[(first + r) * x->elements + i], scale, shift);
            } else {
                *pixel = table[p->batch->images[(first + r) * x->elements + i]];
            }
        }
    }
}

void ink_work_normalise(const ink_program *p, const ink_step *s, uint32_t block, uint32_t part, uint32_t worker) {
    (void)part, (void)worker;
    const ink_cell *x = &p->cells[s->node.in[0]], *y = &p->cells[s->node.out[0]];
    size_t real = ink_real_rows(p, block), first = (size_t)block * p->rows;
    size_t channels = y->store == INK_STORE_PLANES ? y->c : y->elements / x->elements;
    float *to = ink_block(p, s->node.out[0], block);
    bool in_lines = y->store == INK_STORE_PLANES && x->store == INK_STORE_PLAIN;
    for (size_t c = 0; c < channels; c++) {
        (in_lines ? fill_plane : fill_pixels)(p, &s->node, y, c, x, first, real, to);
    }
    /* Planes are read by thin convolutions alone, which have no bfloat16 form: rounded floats serve as well. A plane
     * that stands for several channels (grey.c) is not rounded. */
    const bool rounds = ink_is_bf16(p) && y->store == INK_STORE_PLANES;
    if (rounds && channels * x->elements == y->elements) p->kernels->round_bf16(to, to, y->block);
}

/* ops/cpu/pack.c: values between PyTorch's layout (dense, row-major, NCHW and KCRS) and the layouts of program.h.
 * For reading and writing a program from outside; inside a run nothing is ever unpacked. */
#include <string.h>

#include "ops/cpu/program.h"

/* Where element (k, c, tap) of weights lies. Dead taps stand behind all live ones, in the same form. */
static size_t weight_at(const ink_cell *w, size_t k, size_t c, size_t tap) {
    size_t k_group = k / INK_LANES, k_lane = k % INK_LANES;
    if (w->store == INK_STORE_THIN) return ((k_group * w->c + c) * w->taps + tap) * INK_LANES + k_lane;
    size_t groups = ink_groups(w->c), live = w->live, place = w->place[tap], base = 0;
    if (place >= live) {
        base = (size_t)ink_groups(w->k) * live * groups * INK_PANEL;
        place -= live;
        live = w->taps - live;
    }
    size_t panel = (k_group * live + place) * groups + c / INK_LANES;
    return base + panel * INK_PANEL + c % INK_LANES * INK_LANES + k_lane;
}

/* Where image n, physical channel c, position (h, w) of a batched value lies. */
static size_t batched_at(const ink_program *p, const ink_cell *v, size_t n, size_t c, size_t h, size_t w) {
    size_t rows = p->rows, base = n / rows * v->block, row = n % rows;
    if (v->store == INK_STORE_PLAIN) return n * v->elements + (c * v->height + h) * v->width + w;
    if (v->store == INK_STORE_PLANES) {
        size_t width = v->width + v->border + v->border_end, height = v->height + v->border + v->border_end;
        return base + ((c * height + h + v->border) * width + w + v->border) * rows + row;
    }
    if (v->store == INK_STORE_NARROW) return base + ((h * v->width + w) * v->c + c) * rows + row;
    size_t panel = (h * v->width + w) * ink_groups(v->c) + c / INK_LANES;
    return base + (panel * rows + row) * INK_LANES + c % INK_LANES;
}

/* The cell's float of each element in turn goes to `to`, or comes from `from`. */
static void copy(const ink_program *p, const ink_cell *v, const float *from, float *to, uint32_t n) {
    size_t i = 0;
    if (v->store == INK_STORE_WEIGHTS || v->store == INK_STORE_THIN) {
        for (size_t k = 0; k < v->k; k++) {
            for (size_t c = 0; c < v->c; c++) {
                for (size_t t = 0; t < v->taps; t++, i++) {
                    float *inside = v->data + weight_at(v, k, c, t);
                    if (to != NULL) to[i] = *inside;
                    if (from != NULL) *inside = from[i];
                }
            }
        }
        return;
    }
    for (size_t image = 0; image < n; image++) {
        for (size_t c = 0; c < v->c; c++) {
            for (size_t h = 0; h < v->height; h++) {
                for (size_t w = 0; w < v->width; w++, i++) {
                    float *inside = v->data + batched_at(p, v, image, c, h, w);
                    if (to != NULL) to[i] = *inside;
                    if (from != NULL) *inside = from[i];
                }
            }
        }
    }
}

void ink_cell_pack(const ink_program *p, const ink_cell *c, const float *from, uint32_t n) {
    if (c->store == INK_STORE_VECTOR) {
        memcpy(c->data, from, c->elements * sizeof *from);
        return;
    }
    if (c->batched) memset(c->data, 0, c->floats * sizeof *c->data); /* rows of padding */
    copy(p, c, from, NULL, n);
}

void ink_cell_unpack(const ink_program *p, const ink_cell *c, float *to, uint32_t n) {
    if (c->store == INK_STORE_VECTOR) {
        memcpy(to, c->data, c->elements * sizeof *to);
        return;
    }
    copy(p, c, NULL, to, n);
}

/* ops/cuda/kern_pool.cu: max and average pooling and their gradients; a whole map is one window.
 * Gradients are gathered, in the order of windows: nothing is added to by two threads. */
#include "ops/cuda/kern.h"

/* A thread has four channels, where channels are a multiple of four, or one: then the other three are 0, and not
 * written. */
INK_DEVICE void load_some(float to[4], const float *p, bool four) {
    if (four) {
        ink_load4(to, p);
        return;
    }
    to[0] = *p;
    to[1] = to[2] = to[3] = 0.0f;
}

/* What a gradient becomes on its way through the ReLU in front, to element i on. */
INK_DEVICE void put_some(const ink_cuda_pool *a, uint64_t i, float y[4], bool four) {
    if (a->gate != NULL || a->gate_bf16 != NULL) {
        float gate[4] = {0.0f, 0.0f, 0.0f, 0.0f};
        if (four) {
            ink_load4_either(gate, a->gate, a->gate_bf16, i);
        } else {
            gate[0] = ink_slope(a->gate, a->gate_bf16, i);
        }
        INK_UNROLL
        for (uint32_t e = 0; e < 4; e++) y[e] = y[e] * (gate[e] > 0.0f ? 1.0f : 0.0f);
    }
    if (four) {
        ink_put4(a->y, a->y_bf16, i, y);
    } else {
        ink_put(a->y, a->y_bf16, i, y[0]);
    }
}

/* The part of a window that is inside the map: rows top .. bottom-1, columns alike. */
typedef struct part {
    int32_t top, bottom, left, right;
} part;

INK_DEVICE part part_of(const ink_cuda_pool *a, uint32_t p, uint32_t q) {
    part in;
    in.top = (int32_t)p * a->stride - a->pad;
    in.left = (int32_t)q * a->stride - a->pad;
    in.bottom = in.top + a->window_h;
    in.right = in.left + a->window_w;
    if (in.top < 0) in.top = 0;
    if (in.left < 0) in.left = 0;
    if (in.bottom > (int32_t)a->in_h) in.bottom = (int32_t)a->in_h;
    if (in.right > (int32_t)a->in_w) in.right = (int32_t)a->in_w;
    return in;
}

/* The first maxima, and where in the map they are; NaN is above all numbers. map: from the thread's channels on. */
INK_DEVICE void first_maxima(const ink_cuda_pool *a, const float *map, part in, bool four, float highest[4],
                             int32_t best[4]) {
    bool is_first = true;
    for (int32_t h = in.top; h < in.bottom; h++) {
        int32_t at = h * (int32_t)a->in_w + in.left;
        const float *from = map + (uint64_t)at * a->c;
        for (int32_t w = in.left; w < in.right; w++, at++, from += a->c) {
            float value[4];
            load_some(value, from, four);
            INK_UNROLL
            for (uint32_t e = 0; e < 4; e++) {
                if (is_first || value[e] > highest[e] || (isnan(value[e]) && !isnan(highest[e]))) {
                    best[e] = at;
                    highest[e] = value[e];
                }
            }
            is_first = false;
        }
    }
}

/* Outputs i .. of window (p, q) of image n, from channel c on. */
INK_DEVICE void pool_forward(const ink_cuda_pool *a, uint64_t i, const ink_place *o, bool four) {
    const float *map = a->x + o->n * a->in_h * a->in_w * a->c + o->c;
    const part in = part_of(a, o->line, o->column);
    float y[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    int32_t best[4] = {0, 0, 0, 0};
    if (a->kind == INK_POOL_AVERAGE) {
        for (int32_t h = in.top; h < in.bottom; h++) {
            for (int32_t w = in.left; w < in.right; w++) {
                float value[4];
                load_some(value, map + ((uint64_t)h * a->in_w + (uint64_t)w) * a->c, four);
                INK_UNROLL
                for (uint32_t e = 0; e < 4; e++) y[e] += value[e];
            }
        }
        INK_UNROLL
        for (uint32_t e = 0; e < 4; e++) y[e] = y[e] / (float)(a->window_h * a->window_w);
    } else {
        first_maxima(a, map, in, four, y, best);
    }
    if (a->kind != INK_POOL_FIRST) {
        put_some(a, i, y, four);
        return;
    }
    INK_UNROLL
    for (uint32_t e = 0; e < 4; e++) {
        if (e == 0 || four) a->first[i + e] = best[e];
    }
}

/* The first and the last window, along one axis, that holds place h. */
INK_DEVICE int32_t first_window(int32_t h, int32_t window, int32_t stride, int32_t pad) {
    const int32_t above = h + pad - window + 1;
    return above <= 0 ? 0 : (above + stride - 1) / stride;
}

INK_DEVICE int32_t last_window(int32_t h, int32_t stride, int32_t pad, uint32_t windows) {
    const int32_t last = (h + pad) / stride;
    return last < (int32_t)windows ? last : (int32_t)windows - 1;
}

/* Gradients i .. of a place of image n, from channel c on. */
INK_DEVICE void pool_backward(const ink_cuda_pool *a, uint64_t i, const ink_place *o, bool four) {
    const int32_t h = (int32_t)o->line, w = (int32_t)o->column, me = h * (int32_t)a->in_w + w;
    const int32_t p0 = first_window(h, a->window_h, a->stride, a->pad);
    const int32_t p1 = last_window(h, a->stride, a->pad, a->out_h);
    const int32_t q0 = first_window(w, a->window_w, a->stride, a->pad);
    const int32_t q1 = last_window(w, a->stride, a->pad, a->out_w);
    float sum[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    for (int32_t p = p0; p <= p1; p++) {
        for (int32_t q = q0; q <= q1; q++) {
            const uint64_t at = ((o->n * a->out_h + (uint64_t)p) * a->out_w + (uint64_t)q) * a->c + o->c;
            float dy[4];
            load_some(dy, a->x + at, four);
            INK_UNROLL
            for (uint32_t e = 0; e < 4; e++) {
                if (a->kind == INK_POOL_AVERAGE_DX) {
                    sum[e] += dy[e] / (float)(a->window_h * a->window_w);
                } else if ((e == 0 || four) && a->first[at + e] == me) {
                    sum[e] += dy[e];
                }
            }
        }
    }
    put_some(a, i, sum, four);
}

/* All gradients of a window's places: dy at the first maximum, 0 elsewhere, and where a window is cut off. */
INK_DEVICE void pool_backward_tiled(const ink_cuda_pool *a, const ink_place *o, bool four) {
    const uint64_t image = o->n * a->in_h * a->in_w;
    const part in = part_of(a, o->line, o->column);
    float dy[4] = {0.0f, 0.0f, 0.0f, 0.0f}, highest[4];
    int32_t best[4] = {-1, -1, -1, -1};
    if (o->line < a->out_h && o->column < a->out_w) {
        load_some(dy, a->x + ((o->n * a->out_h + o->line) * a->out_w + o->column) * a->c + o->c, four);
        first_maxima(a, a->map + image * a->c + o->c, in, four, highest, best);
    }
    for (int32_t h = in.top; h < in.bottom; h++) {
        for (int32_t w = in.left; w < in.right; w++) {
            const int32_t at = h * (int32_t)a->in_w + w;
            float dx[4];
            INK_UNROLL
            for (uint32_t e = 0; e < 4; e++) dx[e] = 0.0f + (best[e] == at ? dy[e] : 0.0f);
            put_some(a, (image + (uint64_t)at) * a->c + o->c, dx, four);
        }
    }
}

INK_KERNEL(pool, ink_cuda_pool) {
    const bool four = a.c % 4 == 0, tiled = a.kind == INK_POOL_TILED_MAX_DX;
    const bool backward = a.kind == INK_POOL_MAX_DX || a.kind == INK_POOL_AVERAGE_DX;
    uint32_t width = backward ? a.in_w : a.out_w, height = backward ? a.in_h : a.out_h;
    if (tiled) {
        width = (a.in_w + (uint32_t)a.stride - 1) / (uint32_t)a.stride;
        height = (a.in_h + (uint32_t)a.stride - 1) / (uint32_t)a.stride;
    }
    INK_THREADS {
        const uint64_t i = ((uint64_t)INK_X * INK_BLOCK + t) * (four ? 4 : 1);
        if (i >= a.count) continue;
        const ink_place at = ink_place_of(i, a.c, width, height);
        if (tiled) {
            pool_backward_tiled(&a, &at, four);
        } else if (backward) {
            pool_backward(&a, i, &at, four);
        } else {
            pool_forward(&a, i, &at, four);
        }
    }
}

/* ops/cuda/kern_pool.cu: max and average pooling and their gradients; a whole map is one window.
 * Gradients are gathered, in the order of windows: nothing is added to by two threads. */
#include "ops/cuda/kern.h"

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

/* Where the first maximum is in the map; NaN is above all numbers. map: of one channel, elements c apart. */
INK_DEVICE uint32_t first_maximum(const ink_cuda_pool *a, const float *map, part in) {
    uint32_t best = (uint32_t)in.top * a->in_w + (uint32_t)in.left;
    float highest = map[(uint64_t)best * a->c];
    for (int32_t h = in.top; h < in.bottom; h++) {
        for (int32_t w = in.left; w < in.right; w++) {
            const uint32_t at = (uint32_t)h * a->in_w + (uint32_t)w;
            const float value = map[(uint64_t)at * a->c];
            if (value > highest || (isnan(value) && !isnan(highest))) {
                best = at;
                highest = value;
            }
        }
    }
    return best;
}

/* One output: element c of window (p, q) of image n. */
INK_DEVICE void pool_forward(const ink_cuda_pool *a, uint64_t i, uint64_t n, uint32_t p, uint32_t q, uint32_t c) {
    const float *map = a->x + n * a->in_h * a->in_w * a->c + c;
    const part in = part_of(a, p, q);
    if (a->kind == INK_POOL_MAX) {
        ink_put(a->y, a->y_bf16, i, map[(uint64_t)first_maximum(a, map, in) * a->c]);
    } else if (a->kind == INK_POOL_FIRST) {
        a->first[i] = (int32_t)first_maximum(a, map, in);
    } else {
        float sum = 0.0f;
        for (int32_t h = in.top; h < in.bottom; h++) {
            for (int32_t w = in.left; w < in.right; w++) {
                sum += map[((uint64_t)h * a->in_w + (uint64_t)w) * a->c];
            }
        }
        ink_put(a->y, a->y_bf16, i, sum / (float)(a->window_h * a->window_w));
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

/* One gradient: that of element c of place (h, w) of image n. */
INK_DEVICE void pool_backward(const ink_cuda_pool *a, uint64_t i, uint64_t n, uint32_t h, uint32_t w, uint32_t c) {
    const int32_t p0 = first_window((int32_t)h, a->window_h, a->stride, a->pad);
    const int32_t p1 = last_window((int32_t)h, a->stride, a->pad, a->out_h);
    const int32_t q0 = first_window((int32_t)w, a->window_w, a->stride, a->pad);
    const int32_t q1 = last_window((int32_t)w, a->stride, a->pad, a->out_w);
    const int32_t me = (int32_t)(h * a->in_w + w);
    float sum = 0.0f;
    for (int32_t p = p0; p <= p1; p++) {
        for (int32_t q = q0; q <= q1; q++) {
            const uint64_t at = ((n * a->out_h + (uint64_t)p) * a->out_w + (uint64_t)q) * a->c + c;
            if (a->kind == INK_POOL_AVERAGE_DX) {
                sum += a->x[at] / (float)(a->window_h * a->window_w);
            } else if (a->first[at] == me) {
                sum += a->x[at];
            }
        }
    }
    const bool gated = a->gate != NULL || a->gate_bf16 != NULL;
    ink_put(a->y, a->y_bf16, i, gated ? sum * ink_slope(a->gate, a->gate_bf16, i) : sum);
}

INK_KERNEL(pool, ink_cuda_pool) {
    const bool backward = a.kind == INK_POOL_MAX_DX || a.kind == INK_POOL_AVERAGE_DX;
    const uint32_t width = backward ? a.in_w : a.out_w, height = backward ? a.in_h : a.out_h;
    INK_THREADS {
        const uint64_t i = (uint64_t)INK_X * INK_BLOCK + t;
        if (i >= a.count) continue;
        const ink_place at = ink_place_of(i, a.c, width, height);
        if (backward) {
            pool_backward(&a, i, at.n, at.line, at.column, at.c);
        } else {
            pool_forward(&a, i, at.n, at.line, at.column, at.c);
        }
    }
}

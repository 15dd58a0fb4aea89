/* ops/cuda/kern_depthwise.cu: convolutions of each channel by itself, towards the input, and of the weights' gradients:
 * sums over rows, chunk by chunk, joined in double. Convolutions across channels are kern_product.cu's. */
#include "ops/cuda/kern.h"

#define LANES (INK_BLOCK / INK_ACROSS) /* threads that share a channel's chunk */

/* Element c of place (p, q) of image n's output. */
INK_DEVICE float depthwise_forward(const ink_cuda_depthwise *a, uint64_t n, uint32_t p, uint32_t q, uint32_t c) {
    const float *map = a->x + n * a->in_h * a->in_w * a->c + c;
    const float *w = a->w + (uint64_t)c * (uint32_t)(a->window_h * a->window_w);
    float sum = a->bias != NULL ? a->bias[c] : 0.0f;
    for (int32_t r = 0; r < a->window_h; r++) {
        for (int32_t s = 0; s < a->window_w; s++) {
            const int32_t h = (int32_t)p * a->stride + r - a->pad, at = (int32_t)q * a->stride + s - a->pad;
            if (h < 0 || at < 0 || h >= (int32_t)a->in_h || at >= (int32_t)a->in_w) continue;
            sum = fmaf(w[r * a->window_w + s], map[((uint64_t)h * a->in_w + (uint64_t)at) * a->c], sum);
        }
    }
    return sum;
}

/* Element c of the gradient at place (h, w) of image n's input; x is dy. */
INK_DEVICE float depthwise_backward(const ink_cuda_depthwise *a, uint64_t n, uint32_t h, uint32_t at, uint32_t c) {
    const float *map = a->x + n * a->out_h * a->out_w * a->c + c;
    const float *w = a->w + (uint64_t)c * (uint32_t)(a->window_h * a->window_w);
    float sum = 0.0f;
    for (int32_t r = 0; r < a->window_h; r++) {
        for (int32_t s = 0; s < a->window_w; s++) {
            const int32_t p = (int32_t)h + a->pad - r, q = (int32_t)at + a->pad - s;
            if (p < 0 || q < 0 || p % a->stride != 0 || q % a->stride != 0) continue;
            if (p / a->stride >= (int32_t)a->out_h || q / a->stride >= (int32_t)a->out_w) continue;
            const uint64_t from = (uint64_t)(p / a->stride) * a->out_w + (uint64_t)(q / a->stride);
            sum = fmaf(w[r * a->window_w + s], map[from * a->c], sum);
        }
    }
    return sum;
}

INK_KERNEL(depthwise, ink_cuda_depthwise) {
    const uint32_t width = a.backward ? a.in_w : a.out_w, height = a.backward ? a.in_h : a.out_h;
    INK_THREADS {
        const uint64_t i = (uint64_t)INK_X * INK_BLOCK + t;
        if (i >= a.count) continue;
        const ink_place at = ink_place_of(i, a.c, width, height);
        ink_put(a.y, a.y_bf16, i,
                a.backward ? depthwise_backward(&a, at.n, at.line, at.column, at.c)
                           : depthwise_forward(&a, at.n, at.line, at.column, at.c));
    }
}

/* dy at row r of the output times the input's element under the tap. */
INK_DEVICE float depthwise_product(const ink_cuda_depthwise *a, uint64_t r, int32_t tap, uint32_t c) {
    const uint64_t row = ink_over(r, a->out_w), n = ink_over(row, a->out_h);
    const int32_t q = (int32_t)(r - row * a->out_w), p = (int32_t)(row - n * a->out_h);
    const int32_t h = p * a->stride + tap / a->window_w - a->pad, w = q * a->stride + tap % a->window_w - a->pad;
    if (h < 0 || w < 0 || h >= (int32_t)a->in_h || w >= (int32_t)a->in_w) return 0.0f;
    return a->w[r * a->c + c] * a->x[((n * a->in_h + (uint64_t)h) * a->in_w + (uint64_t)w) * a->c + c];
}

/* grid: (chunks, groups of INK_ACROSS channels, taps) */
INK_KERNEL(depthwise_dw, ink_cuda_depthwise) {
    INK_SHARED(float, joined, [LANES][INK_ACROSS]);
    INK_PHASE {
        const uint32_t lane = t / INK_ACROSS, column = t % INK_ACROSS, c = INK_Y * INK_ACROSS + column;
        float sum = 0.0f;
        for (uint32_t i = lane; i < INK_CHUNK && c < a.c; i += LANES) {
            const uint64_t r = (uint64_t)INK_X * INK_CHUNK + i;
            if (r < a.count) sum += depthwise_product(&a, r, (int32_t)INK_Z, c);
        }
        joined[lane][column] = sum;
    }
    INK_THREADS {
        const uint32_t c = INK_Y * INK_ACROSS + t;
        if (t >= INK_ACROSS || c >= a.c) continue;
        float sum = 0.0f;
        for (uint32_t i = 0; i < LANES; i++) sum += joined[i][t];
        a.y[((uint64_t)INK_X * (uint32_t)(a.window_h * a.window_w) + INK_Z) * a.c + c] = sum;
    }
}

/* grid: (channels, taps) */
INK_KERNEL(depthwise_join, ink_cuda_depthwise_join) {
    INK_SHARED(double, sums, [INK_BLOCK]);
    INK_PHASE {
        double sum = 0.0;
        for (uint32_t i = t; i < a.chunks; i += INK_BLOCK) {
            sum += (double)a.parts[((uint64_t)i * a.taps + INK_Y) * a.c + INK_X];
        }
        sums[t] = sum;
    }
    for (uint32_t width = INK_BLOCK / 2; width > 0; width /= 2) {
        INK_PHASE {
            if (t < width) sums[t] += sums[t + width];
        }
    }
    INK_THREADS {
        if (t == 0) a.dw[(uint64_t)INK_X * a.taps + INK_Y] = (float)sums[0];
    }
}

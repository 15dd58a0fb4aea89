/* ops/cuda/kern_learn.cu: clipping, optimizers, the weights' average, and what of Muon is no matrix product.
 * A block has one piece of one parameter: all parameters are updated by one launch. */
#include "ops/cuda/kern.h"

#include "ops/graph.h"

INK_DEVICE void sgd(const ink_cuda_piece *p, uint32_t i, float lr, float factor) {
    const float g = factor * p->dw[i] + p->decay * p->w[i];
    float way = g;
    if (p->m != NULL) {
        p->m[i] = p->momentum * p->m[i] + g;
        way = p->nesterov ? g + p->momentum * p->m[i] : p->m[i];
    }
    p->w[i] -= lr * way;
}

/* numbers: 1 - beta1^t, sqrt(1 - beta2^t) */
INK_DEVICE void adam(const ink_cuda_piece *p, uint32_t i, float lr, float factor, const float *numbers) {
    const float coupled = p->decoupled ? 0.0f : p->decay, shrink = p->decoupled ? 1.0f - lr * p->decay : 1.0f;
    const float g = factor * p->dw[i] + coupled * p->w[i];
    const float m = p->beta1 * p->m[i] + (1.0f - p->beta1) * g;
    const float v = p->beta2 * p->v[i] + (1.0f - p->beta2) * g * g;
    p->m[i] = m;
    p->v[i] = v;
    p->w[i] = p->w[i] * shrink - lr / numbers[0] * m / (sqrtf(v) / numbers[1] + p->eps);
}

/* grid: pieces */
INK_KERNEL(learn, ink_cuda_learn) {
    INK_THREADS {
        const ink_cuda_piece *p = &a.pieces[INK_X];
        const float *numbers = a.numbers + 2 * (uint64_t)p->number;
        const float lr = a.now->lr * p->lr_scale, factor = a.clip != NULL ? a.clip->factor : 1.0f;
        for (uint32_t i = t; i < p->count; i += INK_BLOCK) {
            if (p->op == INK_OP_SGD) {
                sgd(p, i, lr, factor);
            } else if (p->op == INK_OP_ADAM) {
                adam(p, i, lr, factor, numbers);
            } else {
                p->m[i] = numbers[0] * p->m[i] + (1.0f - numbers[0]) * p->w[i];
            }
        }
    }
}

/* Sums `all` over the threads, by halves; the sum stands in all[0]. */
#define JOIN_ALL                                                                                                       \
    for (uint32_t width = INK_BLOCK / 2; width > 0; width /= 2) {                                                      \
        INK_PHASE {                                                                                                    \
            if (t < width) all[t] += all[t + width];                                                                   \
        }                                                                                                              \
    }

/* grid: pieces */
INK_KERNEL(squares, ink_cuda_squares) {
    INK_SHARED(double, all, [INK_BLOCK]);
    INK_PHASE {
        const ink_cuda_piece *p = &a.pieces[INK_X];
        double sum = 0.0;
        for (uint32_t i = t; i < p->count; i += INK_BLOCK) sum += (double)p->dw[i] * (double)p->dw[i];
        all[t] = sum;
    }
    JOIN_ALL
    INK_THREADS {
        if (t == 0) a.squares[INK_X] = all[0];
    }
}

/* one block */
INK_KERNEL(clip_join, ink_cuda_clip_join) {
    INK_SHARED(double, all, [INK_BLOCK]);
    INK_PHASE {
        double sum = 0.0;
        for (uint32_t i = t; i < a.n; i += INK_BLOCK) sum += a.squares[i];
        all[t] = sum;
    }
    JOIN_ALL
    INK_THREADS {
        if (t != 0) continue;
        const double norm = sqrt(all[0]), factor = (double)a.max_norm / (norm + 1e-6);
        a.clip->norm = norm;
        a.clip->factor = (float)(factor > 1.0 ? 1.0 : factor); /* NaN stays NaN: the trainer sees it */
    }
}

/* grid: pieces of the matrix. The chunks' squares are summed anew by each block: they are few. */
INK_KERNEL(muon, ink_cuda_muon) {
    INK_SHARED(double, all, [INK_BLOCK]);
    const uint32_t first = INK_X * INK_PIECE;
    const uint32_t end = a.count - first < INK_PIECE ? a.count : first + INK_PIECE;
    INK_PHASE {
        double sum = 0.0;
        if (a.stage == 0) {
            const float factor = a.clip != NULL ? a.clip->factor : 1.0f;
            for (uint32_t i = first + t; i < end; i += INK_BLOCK) {
                const float g = factor * a.dw[i], buffer = a.momentum * a.buffer[i] + g, u = g + a.momentum * buffer;
                a.buffer[i] = buffer;
                a.u[i] = u;
                sum += (double)u * (double)u;
            }
        } else if (a.stage == 1) {
            for (uint32_t i = t; i < a.pieces; i += INK_BLOCK) sum += a.squares[i];
        }
        all[t] = sum;
    }
    JOIN_ALL
    INK_THREADS {
        if (a.stage == 0) {
            if (t == 0) a.squares[INK_X] = all[0];
            continue;
        }
        const float scale = (float)(1.0 / (sqrt(all[0]) + 1e-7));
        const float lr = a.now->lr * a.lr_scale, shrink = 1.0f - lr * a.decay, way = lr * a.way;
        for (uint32_t i = first + t; i < end; i += INK_BLOCK) {
            if (a.stage == 1) {
                a.u[i] *= scale;
            } else {
                a.w[i] = shrink * a.w[i] - way * a.u[i];
            }
        }
    }
}

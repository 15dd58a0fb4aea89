/* ops/cuda/kern_learn.cu: clipping, optimizers, the weights' average, and what of Muon is no matrix product.
 * A block has one piece of one parameter: all parameters are updated by one launch. */
#include "ops/cuda/kern.h"

#include "ops/graph.h"

/* Element i of a parameter to its copy in bf16. */
INK_DEVICE void put_copy(const ink_cuda_copy *copy, uint32_t i, float w) {
    if (copy->to == NULL) return;
    const uint32_t at = copy->c == copy->c_bf16 ? i : i / copy->c * copy->c_bf16 + i % copy->c;
    ink_put(NULL, copy->to, at, w);
}

/* An element of a parameter, and what stands beside it. */
typedef struct element {
    float w, m, v, dw;
} element;

INK_DEVICE void sgd(const ink_cuda_piece *p, element *e, float lr, float factor) {
    const float g = factor * e->dw + p->decay * e->w;
    float way = g;
    if (p->m != NULL) {
        e->m = p->momentum * e->m + g;
        way = p->nesterov ? g + p->momentum * e->m : e->m;
    }
    e->w -= lr * way;
}

/* first, second: 1 - beta1^t, sqrt(1 - beta2^t) */
INK_DEVICE void adam(const ink_cuda_piece *p, element *e, float lr, float factor, float first, float second) {
    const float coupled = p->decoupled ? 0.0f : p->decay, shrink = p->decoupled ? 1.0f - lr * p->decay : 1.0f;
    const float g = factor * e->dw + coupled * e->w;
    const float m = p->beta1 * e->m + (1.0f - p->beta1) * g;
    const float v = p->beta2 * e->v + (1.0f - p->beta2) * g * g;
    e->m = m;
    e->v = v;
    e->w = e->w * shrink - lr / first * m / (sqrtf(v) / second + p->eps);
}

/* What one step is for all elements of a piece. */
typedef struct pace {
    float lr, factor, first, second;
} pace;

INK_DEVICE void learn_one(const ink_cuda_piece *p, const pace *now, element *e) {
    if (p->op == INK_OP_SGD) {
        sgd(p, e, now->lr, now->factor);
    } else if (p->op == INK_OP_ADAM) {
        adam(p, e, now->lr, now->factor, now->first, now->second);
    } else {
        e->m = now->first * e->m + (1.0f - now->first) * e->w;
    }
}

/* Four elements from i on, which stand on 16 bytes. */
INK_DEVICE void learn_four(const ink_cuda_piece *p, const pace *now, uint32_t i) {
    float w[4], m[4] = {0.0f, 0.0f, 0.0f, 0.0f}, v[4] = {0.0f, 0.0f, 0.0f, 0.0f}, dw[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    ink_load4(w, p->w + i);
    if (p->m != NULL) ink_load4(m, p->m + i);
    if (p->v != NULL) ink_load4(v, p->v + i);
    if (p->dw != NULL) ink_load4(dw, p->dw + i);
    INK_UNROLL
    for (uint32_t k = 0; k < 4; k++) {
        element e;
        e.w = w[k];
        e.m = m[k];
        e.v = v[k];
        e.dw = dw[k];
        learn_one(p, now, &e);
        w[k] = e.w;
        m[k] = e.m;
        v[k] = e.v;
    }
    if (p->op != INK_OP_AVERAGE) ink_store4(p->w + i, w);
    if (p->m != NULL) ink_store4(p->m + i, m);
    if (p->v != NULL) ink_store4(p->v + i, v);
    if (p->copy.c == p->copy.c_bf16) {
        ink_put4(NULL, p->copy.to, p->first + i, w);
        return;
    }
    INK_UNROLL
    for (uint32_t k = 0; k < 4; k++) put_copy(&p->copy, p->first + i + k, w[k]);
}

/* grid: pieces */
INK_KERNEL(learn, ink_cuda_learn) {
    INK_THREADS {
        const ink_cuda_piece p = a.pieces[INK_X]; /* a copy: of what is told by pointer each store might change all */
        const uint32_t fours = p.count / 4 * 4;
        pace now;
        now.lr = a.now->lr * p.lr_scale;
        now.factor = a.clip != NULL ? a.clip->factor : 1.0f;
        now.first = a.numbers[2 * (uint64_t)p.number];
        now.second = a.numbers[2 * (uint64_t)p.number + 1];
        for (uint32_t i = 4 * t; i < fours; i += 4 * INK_BLOCK) learn_four(&p, &now, i);
        for (uint32_t i = fours + t; i < p.count; i += INK_BLOCK) {
            element e;
            e.w = p.w[i];
            e.m = p.m != NULL ? p.m[i] : 0.0f;
            e.v = p.v != NULL ? p.v[i] : 0.0f;
            e.dw = p.dw != NULL ? p.dw[i] : 0.0f;
            learn_one(&p, &now, &e);
            if (p.op != INK_OP_AVERAGE) p.w[i] = e.w;
            if (p.m != NULL) p.m[i] = e.m;
            if (p.v != NULL) p.v[i] = e.v;
            put_copy(&p.copy, p.first + i, e.w);
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
                const float w = shrink * a.w[i] - way * a.u[i];
                a.w[i] = w;
                put_copy(&a.copy, i, w);
            }
        }
    }
}

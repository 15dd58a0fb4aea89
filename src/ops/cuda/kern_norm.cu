/* ops/cuda/kern_norm.cu: batch norm and its gradient, and gradients of biases: sums over rows, chunk by chunk, joined
 * in double; then one pass over the elements. Each chunk has its own mean, so that no digits cancel.
 * Source   Chan, Golub & LeVeque, Algorithms for computing the sample variance, 1983: joining the chunks */
#include "ops/cuda/kern.h"

#define LANES (INK_BLOCK / INK_ACROSS) /* threads that share a channel's chunk */
#define ROWS  (INK_CHUNK / LANES)      /* rows of a chunk that a thread has */

INK_DEVICE uint32_t chunk_rows(uint32_t rows, uint32_t chunk) {
    const uint32_t left = rows - chunk * INK_CHUNK;
    return left < INK_CHUNK ? left : INK_CHUNK;
}

/* The two numbers of row r, channel c that are summed. */
INK_DEVICE void summands(const ink_cuda_sums *a, uint32_t r, uint32_t c, float *first, float *second) {
    const uint64_t at = (uint64_t)r * a->c + c;
    *second = 0.0f;
    if (a->with_dy == 0) {
        *first = a->x[at];
        return;
    }
    *first = a->relu && !ink_is_above(a->y, a->y_bf16, at) ? 0.0f : a->dy[at];
    if (a->with_dy == 2) *second = *first * ((a->x[at] - a->mean[c]) * a->inv_std[c]);
}

/* What becomes of channel c once its chunks are joined. */
INK_DEVICE void finish_norm(const ink_cuda_join *a, uint32_t c, double mean, double squares) {
    const double count = (double)a->rows, var = squares / count;
    const double momentum = (double)a->momentum, unbiased = a->rows > 1 ? squares / (count - 1.0) : var;
    a->running_mean[c] = (float)((1.0 - momentum) * (double)a->running_mean[c] + momentum * mean);
    a->running_var[c] = (float)((1.0 - momentum) * (double)a->running_var[c] + momentum * unbiased);
    a->mean[c] = (float)mean;
    a->inv_std[c] = (float)(1.0 / sqrt(var + (double)a->eps));
}

INK_DEVICE void finish_gradient(const ink_cuda_join *a, uint32_t c, double sum, double weighted) {
    const double count = (double)a->rows;
    if (a->mean != NULL) a->mean[c] = (float)sum;
    if (a->inv_std != NULL) a->inv_std[c] = (float)weighted;
    if (a->tilt == NULL) return;
    a->tilt[2 * c] = (float)(sum / count);
    a->tilt[2 * c + 1] = (float)((double)a->running_mean[c] * weighted / count);
}

/* ---- the chunks joined by the last block: by halves, as the kernel join does it for INK_BLOCK lanes, of which all
 * from INK_AT_ONCE on have 0: first a thread's chunks, then those of LANES threads ---- */

#define CHUNKS (INK_AT_ONCE / LANES) /* chunks that a thread has: lane, lane + LANES, ... */

typedef struct sums_memory {
    float joined[2][LANES][INK_ACROSS];
    double halves[2][LANES][INK_ACROSS];
    uint32_t is_last;
} sums_memory;

INK_DEVICE double halves_of(double all[CHUNKS]) {
    INK_UNROLL
    for (uint32_t width = CHUNKS / 2; width > 0; width /= 2) {
        INK_UNROLL
        for (uint32_t i = 0; i < CHUNKS / 2; i++) {
            if (i < width) all[i] += all[i + width];
        }
    }
    return all[0];
}

INK_DEVICE double lanes_of(double halves[LANES][INK_ACROSS], uint32_t column) {
    return (halves[0][column] + halves[2][column]) + (halves[1][column] + halves[3][column]);
}

/* Number `which` of what a chunk says of channel c; batch norm's squares with what its mean is off from that of all. */
INK_DEVICE double chunk_says(const ink_cuda_join *a, uint32_t chunk, uint32_t c, uint32_t which, double mean) {
    const float *sums = a->sums + ((uint64_t)chunk * a->c + c) * 2;
    if (chunk * INK_CHUNK >= a->rows) return 0.0;
    if (which == 0 || a->kind != 0) return 0.0 + (double)ink_load_theirs(sums + which);
    const double count = (double)chunk_rows(a->rows, chunk), off = (double)ink_load_theirs(sums) / count - mean;
    return 0.0 + ((double)ink_load_theirs(sums + 1) + count * off * off);
}

INK_DEVICE void join_at_once(const ink_cuda_join *a, sums_memory *memory, uint32_t first_c) {
    for (uint32_t which = 0; which < 2; which++) {
        INK_PHASE {
            const uint32_t lane = t / INK_ACROSS, column = t % INK_ACROSS, c = first_c + column;
            double all[CHUNKS];
            if (c >= a->c) continue;
            const double mean = which == 0 ? 0.0 : lanes_of(memory->halves[0], column) / (double)a->rows;
            INK_UNROLL
            for (uint32_t i = 0; i < CHUNKS; i++) all[i] = chunk_says(a, lane + i * LANES, c, which, mean);
            memory->halves[which][lane][column] = halves_of(all);
        }
    }
    INK_THREADS {
        const uint32_t c = first_c + t;
        if (t >= INK_ACROSS || c >= a->c) continue;
        const double first = lanes_of(memory->halves[0], t), second = lanes_of(memory->halves[1], t);
        if (a->kind == 0) {
            finish_norm(a, c, first / (double)a->rows, second);
        } else {
            finish_gradient(a, c, first, second);
        }
    }
}

/* grid: (chunks, groups of INK_ACROSS channels) */
INK_KERNEL(sums, ink_cuda_sums) {
    INK_SHARED(sums_memory, memory, [1]);
    INK_KEEP(float, kept, [ROWS]);
    const uint32_t first_row = INK_X * INK_CHUNK, count = chunk_rows(a.rows, INK_X);
    INK_PHASE {
        const uint32_t lane = t / INK_ACROSS, column = t % INK_ACROSS, c = INK_Y * INK_ACROSS + column;
        float sums[2] = {0.0f, 0.0f};
        for (uint32_t i = 0; i < ROWS; i++) {
            const uint32_t r = i * LANES + lane;
            float first = 0.0f, second = 0.0f;
            if (c < a.c && r < count) summands(&a, first_row + r, c, &first, &second);
            INK_MINE(kept)[i] = first;
            sums[0] += first;
            sums[1] += second;
        }
        memory->joined[0][lane][column] = sums[0];
        memory->joined[1][lane][column] = sums[1];
    }
    if (a.with_dy == 0) {
        INK_PHASE {
            const uint32_t lane = t / INK_ACROSS, column = t % INK_ACROSS;
            float sum = 0.0f, squares = 0.0f;
            for (uint32_t i = 0; i < LANES; i++) sum += memory->joined[0][i][column];
            const float mean = sum / (float)count;
            for (uint32_t i = 0; i < ROWS; i++) {
                const float off = i * LANES + lane < count ? INK_MINE(kept)[i] - mean : 0.0f;
                squares = fmaf(off, off, squares);
            }
            memory->joined[1][lane][column] = squares;
        }
    }
    INK_PHASE {
        const uint32_t column = t % INK_ACROSS, c = INK_Y * INK_ACROSS + column, which = t / INK_ACROSS;
        if (which >= 2 || c >= a.c) continue;
        float sum = 0.0f;
        for (uint32_t i = 0; i < LANES; i++) sum += memory->joined[which][i][column];
        a.sums[((uint64_t)INK_X * a.c + c) * 2 + which] = sum;
    }
    if (a.arrived == NULL) return;
    INK_PHASE {
        if (t == 0) memory->is_last = ink_is_last(&a.arrived[INK_Y], (a.rows + INK_CHUNK - 1) / INK_CHUNK);
    }
    if (memory->is_last) join_at_once(&a.join, memory, INK_Y * INK_ACROSS);
}

/* Sums both columns of `both` over the threads, by halves; the sums stand in both[.][0]. */
#define JOIN_BOTH                                                                                                      \
    for (uint32_t width = INK_BLOCK / 2; width > 0; width /= 2) {                                                      \
        INK_PHASE {                                                                                                    \
            if (t < width) {                                                                                           \
                both[0][t] += both[0][t + width];                                                                      \
                both[1][t] += both[1][t + width];                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

/* grid: channels */
INK_KERNEL(join, ink_cuda_join) {
    INK_SHARED(double, both, [2][INK_BLOCK]);
    INK_KEEP(double, mean, [1]);
    const uint32_t c = INK_X, chunks = (a.rows + INK_CHUNK - 1) / INK_CHUNK;
    INK_PHASE {
        double first = 0.0, second = 0.0;
        for (uint32_t i = t; i < chunks; i += INK_BLOCK) {
            first += (double)a.sums[((uint64_t)i * a.c + c) * 2];
            second += (double)a.sums[((uint64_t)i * a.c + c) * 2 + 1];
        }
        both[0][t] = first;
        both[1][t] = second;
    }
    JOIN_BOTH
    if (a.kind == 0) {
        INK_PHASE {
            INK_MINE(mean)[0] = both[0][0] / (double)a.rows;
        }
        INK_PHASE {
            double squares = 0.0;
            for (uint32_t i = t; i < chunks; i += INK_BLOCK) {
                const double count = (double)chunk_rows(a.rows, i);
                const double off = (double)a.sums[((uint64_t)i * a.c + c) * 2] / count - INK_MINE(mean)[0];
                squares += (double)a.sums[((uint64_t)i * a.c + c) * 2 + 1] + count * off * off;
            }
            both[1][t] = squares;
        }
        JOIN_BOTH
    }
    INK_THREADS {
        if (t != 0) continue;
        if (a.kind == 0) {
            finish_norm(&a, c, INK_MINE(mean)[0], both[1][0]);
        } else {
            finish_gradient(&a, c, both[0][0], both[1][0]);
        }
    }
}

INK_KERNEL(fixed, ink_cuda_fixed) {
    INK_THREADS {
        const uint32_t c = INK_X * INK_BLOCK + t;
        if (c >= a.c) continue;
        a.mean[c] = a.running_mean[c];
        a.inv_std[c] = (float)(1.0 / sqrt((double)a.running_var[c] + (double)a.eps));
    }
}

/* ---- one pass over the elements, four at a time where channels are a multiple of four ---- */

/* What is the same for all elements of a channel. */
typedef struct channel {
    float factor, mean, beta, flat, tilt;
} channel;

INK_DEVICE channel channel_of(const ink_cuda_norm *a, uint32_t c) {
    channel at;
    at.factor = a->inv_std[c] * (a->gamma != NULL ? a->gamma[c] : 1.0f);
    at.mean = a->mean[c];
    at.beta = a->beta != NULL ? a->beta[c] : 0.0f;
    at.flat = a->tilt != NULL ? a->tilt[2 * c] : 0.0f;
    at.tilt = a->tilt != NULL ? a->tilt[2 * c + 1] : 0.0f;
    return at;
}

INK_DEVICE void channels_of(const ink_cuda_norm *a, uint32_t c, channel at[4]) {
    float factor[4], mean[4], more[8];
    ink_load4(factor, a->inv_std + c);
    ink_load4(mean, a->mean + c);
    INK_UNROLL
    for (uint32_t e = 0; e < 4; e++) {
        at[e].mean = mean[e];
        at[e].beta = at[e].flat = at[e].tilt = 0.0f;
    }
    if (a->gamma != NULL) ink_load4(more, a->gamma + c);
    INK_UNROLL
    for (uint32_t e = 0; e < 4; e++) at[e].factor = factor[e] * (a->gamma != NULL ? more[e] : 1.0f);
    if (a->beta != NULL) {
        ink_load4(more, a->beta + c);
        INK_UNROLL
        for (uint32_t e = 0; e < 4; e++) at[e].beta = more[e];
    }
    if (a->tilt == NULL) return;
    ink_load4(more, a->tilt + 2 * c);
    ink_load4(more + 4, a->tilt + 2 * c + 4);
    INK_UNROLL
    for (uint32_t e = 0; e < 4; e++) {
        at[e].flat = more[2 * e];
        at[e].tilt = more[2 * e + 1];
    }
}

/* older: the residual; forward. */
INK_DEVICE float normed(const ink_cuda_norm *a, const channel *at, float x, float older) {
    float y = (x - at->mean) * at->factor + at->beta;
    if (a->residual != NULL) y += older;
    return a->relu && y < 0.0f ? 0.0f : y;
}

INK_DEVICE float normed_back(const ink_cuda_norm *a, const channel *at, float x, float dy) {
    const float dx = at->factor * (dy - at->flat - (a->tilt != NULL ? (x - at->mean) * at->tilt : 0.0f));
    return a->relu ? dx * (x > 0.0f ? 1.0f : 0.0f) : dx;
}

INK_DEVICE void norm_one(const ink_cuda_norm *a, uint64_t i) {
    const channel at = channel_of(a, (uint32_t)(i - ink_over(i, a->c) * a->c));
    if (!a->backward) {
        ink_put(a->y, a->y_bf16, i, normed(a, &at, a->x[i], a->residual != NULL ? a->residual[i] : 0.0f));
        return;
    }
    const bool gated = a->gate != NULL || a->gate_bf16 != NULL;
    const float dy = gated && !ink_is_above(a->gate, a->gate_bf16, i) ? 0.0f : a->dy[i];
    ink_put(a->y, a->y_bf16, i, normed_back(a, &at, a->x[i], dy));
}

INK_DEVICE void norm_four(const ink_cuda_norm *a, uint64_t i) {
    channel at[4];
    float x[4], more[4] = {0.0f, 0.0f, 0.0f, 0.0f}, gate[4] = {1.0f, 1.0f, 1.0f, 1.0f};
    channels_of(a, (uint32_t)(i - ink_over(i, a->c) * a->c), at);
    ink_load4(x, a->x + i);
    if (a->backward) {
        ink_load4(more, a->dy + i);
        if (a->gate != NULL || a->gate_bf16 != NULL) ink_load4_either(gate, a->gate, a->gate_bf16, i);
    } else if (a->residual != NULL) {
        ink_load4(more, a->residual + i);
    }
    INK_UNROLL
    for (uint32_t e = 0; e < 4; e++) {
        x[e] = a->backward ? normed_back(a, &at[e], x[e], gate[e] > 0.0f ? more[e] : 0.0f)
                           : normed(a, &at[e], x[e], more[e]);
    }
    ink_put4(a->y, a->y_bf16, i, x);
}

INK_KERNEL(norm, ink_cuda_norm) {
    INK_THREADS {
        const uint32_t together = a.c % 4 == 0 ? 4 : 1;
        const uint64_t i = ((uint64_t)INK_X * INK_BLOCK + t) * together;
        if (i >= a.count) continue;
        if (together == 4) {
            norm_four(&a, i);
        } else {
            norm_one(&a, i);
        }
    }
}

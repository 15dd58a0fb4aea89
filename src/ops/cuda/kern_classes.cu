/* ops/cuda/kern_classes.cu: softmax, cross entropy and their gradients: an image a thread, sums over classes in double.
 * The batch's loss is summed by the host (backend.c), in the order of images. */
#include "ops/cuda/kern.h"

INK_DEVICE uint32_t first_highest(const float *z, uint32_t count) {
    uint32_t best = 0;
    for (uint32_t c = 1; c < count; c++) {
        if (z[c] > z[best] || (isnan(z[c]) && !isnan(z[best]))) best = c;
    }
    return best;
}

/* sum over c of e^((z - highest) / temperature) */
INK_DEVICE double sum_of_exp(const float *z, uint32_t count, double highest, double temperature) {
    double sum = 0;
    for (uint32_t c = 0; c < count; c++) sum += exp(((double)z[c] - highest) / temperature);
    return sum;
}

INK_DEVICE double target(const ink_cuda_classes *a, uint32_t label, uint32_t c) {
    const double smoothing = (double)a->smoothing;
    return (c == label ? 1.0 - smoothing : 0.0) + smoothing / (double)a->classes;
}

INK_DEVICE void softmax(const ink_cuda_classes *a, const float *z, float *y) {
    const double highest = (double)z[first_highest(z, a->classes)];
    const double sum = sum_of_exp(z, a->classes, highest, 1.0);
    for (uint32_t c = 0; c < a->classes; c++) y[c] = (float)(exp((double)z[c] - highest) / sum);
}

INK_DEVICE void softmax_dx(const ink_cuda_classes *a, const float *y, const float *dy, float *dx) {
    double sum = 0;
    for (uint32_t c = 0; c < a->classes; c++) sum += (double)y[c] * (double)dy[c];
    for (uint32_t c = 0; c < a->classes; c++) dx[c] = (float)((double)y[c] * ((double)dy[c] - sum));
}

INK_DEVICE void loss(const ink_cuda_classes *a, uint32_t n, const float *z, const float *q) {
    const uint32_t best = first_highest(z, a->classes), label = a->labels[n];
    const double highest = (double)z[best];
    double hard = log(sum_of_exp(z, a->classes, highest, 1.0)) + highest;
    for (uint32_t c = 0; c < a->classes; c++) hard -= target(a, label, c) * (double)z[c];
    if (q != NULL) {
        const double weight = (double)a->soft_weight, temperature = (double)a->temperature;
        double soft = log(sum_of_exp(z, a->classes, highest, temperature)) + highest / temperature;
        for (uint32_t c = 0; c < a->classes; c++) soft -= (double)q[c] * (double)z[c] / temperature;
        hard = (1.0 - weight) * hard + weight * temperature * temperature * soft;
    }
    a->y[n] = a->losses[n] = (float)hard;
    a->right[n] = best == label ? 1u : 0u;
}

INK_DEVICE void loss_dx(const ink_cuda_classes *a, uint32_t n, const float *z, const float *q, float *dz) {
    const double highest = (double)z[first_highest(z, a->classes)];
    const double sum = sum_of_exp(z, a->classes, highest, 1.0);
    const double weight = (double)a->soft_weight, temperature = (double)a->temperature;
    const double soft_sum = q != NULL ? sum_of_exp(z, a->classes, highest, temperature) : 1.0;
    for (uint32_t c = 0; c < a->classes; c++) {
        double slope = exp((double)z[c] - highest) / sum - target(a, a->labels[n], c);
        if (q != NULL) {
            const double soft = exp(((double)z[c] - highest) / temperature) / soft_sum;
            slope = (1.0 - weight) * slope + weight * temperature * (soft - (double)q[c]);
        }
        dz[c] = (float)(slope / (double)a->n);
    }
}

INK_KERNEL(classes, ink_cuda_classes) {
    INK_THREADS {
        const uint32_t n = INK_X * INK_BLOCK + t;
        if (n >= a.n) continue;
        const uint64_t at = (uint64_t)n * a.classes;
        const float *z = a.z + at, *q = a.q == NULL ? NULL : a.q + at;
        if (a.kind == INK_CLASSES_SOFTMAX) {
            softmax(&a, z, a.y + at);
        } else if (a.kind == INK_CLASSES_SOFTMAX_DX && q != NULL) {
            softmax_dx(&a, z, q, a.y + at);
        } else if (a.kind == INK_CLASSES_LOSS) {
            loss(&a, n, z, q);
        } else {
            loss_dx(&a, n, z, q, a.y + at);
        }
    }
}

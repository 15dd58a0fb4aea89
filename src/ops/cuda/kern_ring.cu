/* ops/cuda/kern_ring.cu: the first and the last kernel of a step on a resident set: its batch gathered by its rows, its
 * results put aside. What the host does about them is in resident.c; distortions are drawn ahead, in kern_draw.cu. */
#include "ops/cuda/kern.h"

/* The number of the step at hand. */
INK_DEVICE uint64_t turn_of(const uint8_t *ring) {
    return *(const uint64_t *)(const void *)ring;
}

INK_DEVICE const uint8_t *slot_of(const uint8_t *ring, uint64_t number, uint32_t slot_bytes) {
    return ring + INK_RING_HEAD + number * slot_bytes;
}

INK_DEVICE const uint32_t *words_of(const void *p) {
    return (const uint32_t *)p;
}

/* Sixteen bytes of an image at a time where images are whole sixteens, else one. */
INK_DEVICE void take_image(const ink_cuda_take *a, const uint32_t *rows, uint64_t i) {
    const uint32_t step = a->pixels % 16 == 0 ? 16 : 1, pieces = a->pixels / step;
    const uint32_t n = (uint32_t)(i / pieces), at = (uint32_t)(i - (uint64_t)n * pieces) * step;
    const uint8_t *from = a->images + (uint64_t)rows[n] * a->pixels + at;
    uint8_t *to = a->to_images + (uint64_t)n * a->pixels + at;
    if (step == 1) {
        *to = *from;
        return;
    }
    float four[4]; /* bytes all the same */
    ink_load4(four, (const float *)(const void *)from);
    ink_store4((float *)(void *)to, four);
}

INK_KERNEL(take, ink_cuda_take) {
    INK_THREADS {
        const uint64_t step = turn_of(a.ring);
        const uint8_t *slot = slot_of(a.ring, step, a.slot_bytes);
        const uint32_t *rows = words_of(slot + a.rows_at), head = a.rows_at / 4;
        const uint32_t warp_words = a.warps != NULL ? a.n * (uint32_t)(sizeof(ink_warp) / 4) : 0;
        uint64_t i = (uint64_t)INK_X * INK_BLOCK + t;
        if (i < head) {
            ((uint32_t *)(void *)a.to)[i] = words_of(slot)[i];
            continue;
        }
        i -= head;
        if (i < a.n) {
            if (a.labels != NULL) a.to_labels[i] = a.labels[rows[i]];
            continue;
        }
        i -= a.n;
        if (i < warp_words) {
            ((uint32_t *)(void *)a.to_warps)[i] = words_of(a.warps + step * a.most)[i];
            continue;
        }
        i -= warp_words;
        if (a.images != NULL && i < (uint64_t)a.n * (a.pixels % 16 == 0 ? a.pixels / 16 : a.pixels)) {
            take_image(&a, rows, i);
        }
    }
}

INK_KERNEL(give, ink_cuda_give) {
    INK_PHASE {
        uint32_t *to = (uint32_t *)(void *)(a.all + turn_of(a.ring) * a.bytes);
        for (uint32_t i = t; i < a.bytes / 4; i += INK_BLOCK) to[i] = words_of(a.out)[i];
    }
    INK_THREADS {
        if (t == 0) ++*(uint64_t *)(void *)a.ring;
    }
}

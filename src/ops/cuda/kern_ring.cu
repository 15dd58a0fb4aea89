/* ops/cuda/kern_ring.cu: the first and the last kernel of a step on a resident set: its numbers and labels taken from
 * their slot, its results put aside. Its images are read where they lie (kern_map.cu), distortions are drawn ahead
 * (kern_draw.cu). What the host does about them is in resident.c. */
#include "ops/cuda/kern.h"

INK_DEVICE const uint32_t *words_of(const void *p) {
    return (const uint32_t *)p;
}

INK_KERNEL(take, ink_cuda_take) {
    INK_THREADS {
        const uint8_t *slot = ink_slot_of(a.ring, a.slot_bytes);
        const uint32_t i = INK_X * INK_BLOCK + t, head = a.rows_at / 4;
        if (i < head) {
            ((uint32_t *)(void *)a.to)[i] = words_of(slot)[i];
        } else if (i - head < a.n && a.labels != NULL) {
            a.to_labels[i - head] = a.labels[words_of(slot + a.rows_at)[i - head]];
        }
    }
}

INK_KERNEL(give, ink_cuda_give) {
    INK_PHASE {
        uint32_t *to = (uint32_t *)(void *)(a.all + ink_turn_of(a.ring) * a.bytes);
        for (uint32_t i = t; i < a.bytes / 4; i += INK_BLOCK) to[i] = words_of(a.out)[i];
    }
    INK_THREADS {
        if (t == 0) ++*(uint64_t *)(void *)a.ring;
    }
}

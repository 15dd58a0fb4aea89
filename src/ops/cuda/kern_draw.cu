/* ops/cuda/kern_draw.cu: the distortions of several steps on a resident set, an image a thread: the text that the host
 * draws by, and its bits. They are drawn in front of the steps, in one launch: alone each step would wait for its
 * own. */
#include "ops/cuda/kern.h"

#include "core/augment_both.h"

INK_KERNEL(draw, ink_cuda_draw) {
    INK_THREADS {
        const uint8_t *slot = a.ring + INK_RING_HEAD + (uint64_t)INK_Y * a.slot_bytes;
        const ink_cuda_now *now = (const ink_cuda_now *)(const void *)slot;
        const uint32_t n = INK_X * INK_BLOCK + t;
        if (n >= now->n) continue;
        const uint32_t row = ((const uint32_t *)(const void *)(slot + a.rows_at))[n];
        ink_both_augment_draw(&a.how->augment, a.how->root, now->seed, now->epoch, row,
                              a.images + (uint64_t)row * a.height * a.width, a.height, a.width,
                              &a.warps[(uint64_t)INK_Y * a.most + n]);
    }
}

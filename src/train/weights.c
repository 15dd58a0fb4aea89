/* train/weights.c: named arrays of weights, outside of any program.
 * Their bytes in files are the file formats' business. */
#include <math.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "train/trainer.h"

void ink_weights_clear(ink_weights *weights) {
    for (uint32_t i = 0; i < weights->n; i++) ink_mem_free(weights->item[i].data);
    ink_mem_free(weights->item);
    *weights = (ink_weights){0};
}

ink_status ink_weights_check(const ink_weights *weights, ink_error *err) {
    for (uint32_t i = 0; i < weights->n; i++) {
        const struct ink_weight *item = &weights->item[i];
        for (size_t k = 0; k < item->count; k++) {
            if (!isfinite(item->data[k])) {
                return ink_fail(err, INK_E_DIVERGED, "weight %zu of %s is not a finite number", k, item->name);
            }
        }
    }
    return INK_OK;
}

ink_status ink_weights_copy(const ink_weights *from, ink_weights *out, ink_error *err) {
    *out = (ink_weights){0};
    ink_weights copy = {.item = ink_mem_new(from->n, sizeof *copy.item)};
    if (copy.item == NULL) return ink_fail_memory(err, (uint64_t)from->n * sizeof *copy.item, "weights");
    for (; copy.n < from->n; copy.n++) {
        struct ink_weight *item = &copy.item[copy.n];
        *item = from->item[copy.n];
        item->data = ink_mem_new(item->count, sizeof *item->data);
        if (item->data == NULL) {
            size_t bytes = item->count * sizeof *item->data;
            ink_weights_clear(&copy);
            return ink_fail_memory(err, bytes, "weights");
        }
        memcpy(item->data, from->item[copy.n].data, item->count * sizeof *item->data);
    }
    *out = copy;
    return INK_OK;
}

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

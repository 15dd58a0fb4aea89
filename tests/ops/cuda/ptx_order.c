/* tests/ops/cuda/ptx_order.c: races for global memory.
 * Nothing of shared memory, which is ptx_memory.c's. */
#include <stdlib.h>

#include "ptx_code.h"

struct ptx_global {
    int nothing;
};

ptx_global *ptx_global_new(ptx_state *run) {
    (void)run;
    return calloc(1, sizeof(ptx_global));
}

void ptx_global_free(ptx_global *global) {
    free(global);
}

void ptx_global_block(ptx_block *block) {
    (void)block;
}

void ptx_global_barrier(ptx_block *block) {
    (void)block;
}

void ptx_global_meets(ptx_warp *w, const ptx_op *op, uint32_t lane, uint64_t address) {
    (void)w, (void)op, (void)lane, (void)address;
}

bool ptx_global_seen(ptx_warp *w, const ptx_op *op, uint32_t lane, uint64_t address, uint32_t bytes, bool write,
                     bool same) {
    (void)w, (void)op, (void)lane, (void)address, (void)bytes, (void)write, (void)same;
    return true;
}

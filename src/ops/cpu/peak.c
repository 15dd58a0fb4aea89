/* ops/cpu/peak.c: the most that a core of this processor can multiply and add, done; who times it stands elsewhere.
 * No result depends on it: it is what benchmarks compare with. */
#include "ops/backend.h"
#include "ops/cpu/kernels.h"

float ink_cpu_sprint(ink_precision precision, uint64_t rounds, double *flops) {
    ink_kernels kernels;
    *flops = 0;
    if (ink_kernels_pick(&kernels, NULL) != INK_OK) return 0;
    bool bf16 = kernels.has_bf16 && precision != INK_PRECISION_F32;
    *flops = (double)rounds * (bf16 ? kernels.peak_bf16_flops : kernels.peak_flops);
    return bf16 ? kernels.peak_bf16(rounds) : kernels.peak(rounds);
}

/* ops/cpu/peak.c: what benchmarks and logs ask: the instruction set in use, and the most that a core can do with it.
 * No result depends on it; who times the sprint stands elsewhere. */
#include "ops/backend.h"
#include "ops/cpu/kernels.h"

float ink_cpu_sprint(ink_precision precision, uint64_t rounds, double *flops) {
    ink_kernels kernels;
    *flops = 0;
    if (ink_kernels_pick(&kernels, NULL) != INK_OK) return 0;
    const bool bf16 = ink_kernels_take_bf16(&kernels, precision);
    *flops = (double)rounds * (bf16 ? kernels.peak_bf16_flops : kernels.peak_flops);
    return bf16 ? kernels.peak_bf16(rounds) : kernels.peak(rounds);
}

const char *ink_cpu_isa(void) {
    ink_kernels kernels;
    return ink_kernels_pick(&kernels, NULL) == INK_OK ? kernels.name : NULL;
}

/* ops/cpu/kern_peak.h: the most that a core can multiply and add, from registers alone, included by each kern_<isa>.c
 * after kern_vector.h: what benchmarks measure the other kernels by. */
#ifndef INK_OPS_CPU_KERN_PEAK_H
#define INK_OPS_CPU_KERN_PEAK_H

/* Independent sums: more than latency times units (4 x 2 on today's cores), few enough for 16 registers. */
#define PEAK_CHAINS 12

static float peak(uint64_t rounds) {
    vf sum[PEAK_CHAINS], by = vset(0.999f), plus = vset(0.001f);
    float all = 0;
    UNROLL_ALL
    for (int k = 0; k < PEAK_CHAINS; k++) sum[k] = vset((float)k);
    for (uint64_t i = 0; i < rounds; i++) {
        UNROLL_ALL
        for (int k = 0; k < PEAK_CHAINS; k++) sum[k] = vfma(sum[k], by, plus);
    }
    for (int k = 0; k < PEAK_CHAINS; k++) {
        for (int j = 0; j < VL; j++) all += sum[k][j];
    }
    return all;
}

#define KERNELS_OF_PEAK .peak = peak, .peak_flops = 2 * PEAK_CHAINS * VL

#endif

/* ops/cuda/kern_tile_tf32.h: slices of floats [row][term] rounded to TF32's eleven bits, multiplied by tensor cores. */

#define STRIDE (INK_DEPTH + 4) /* of rows, so that eight of them stand in different banks */
#define SLICE  (INK_TILE * STRIDE)

/* To the nearest of eleven significant bits, ties away from 0. NaN and infinity stay. */
INK_DEVICE uint32_t tf32_of(float x) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    uint32_t bits;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
    return bits;
#else
    const uint32_t bits = ink_float_bits(x);
    return (bits & 0x7f800000u) == 0x7f800000u ? bits : (bits + 0x1000u) & ~0x1fffu;
#endif
}

INK_DEVICE void store_tf32(uint32_t *slice, unsigned t, const float *in) {
    INK_UNROLL
    for (uint32_t i = 0; i < STAGED; i++) {
        slice[(t / QUARTERS + i / 4 * ROW_STEP) * STRIDE + 4 * (t % QUARTERS) + i % 4] = tf32_of(in[i]);
    }
}

INK_DEVICE void store_turned_tf32(uint32_t *slice, unsigned t, const float *in) {
    INK_UNROLL
    for (uint32_t i = 0; i < STAGED; i++) {
        slice[(4 * (t % GROUPS) + i % 4) * STRIDE + turned_term(i / 4, t)] = tf32_of(in[i]);
    }
}

INK_DEVICE void multiply_tf32(INK_KEEP(float, sums, [2][4][4]), const uint32_t *left, const uint32_t *right) {
    INK_UNROLL
    for (uint32_t step = 0; step < INK_DEPTH / 8; step++) {
        INK_KEEP(uint32_t, l, [2][4]);
        INK_KEEP(uint32_t, r, [4][2]);
        INK_THREADS {
            INK_UNROLL
            for (uint32_t i = 0; i < 8; i++) {
                const uint32_t term = step * 8 + t % 4;
                INK_MINE(l)[i / 4][i % 4] = left[SUM_ROW(t, i / 4, i % 2 * 2) * STRIDE + term + i % 4 / 2 * 4];
                INK_MINE(r)
                [i / 2][i % 2] = right[(t / 32 % 2 * 32 + 8 * (i / 2) + t % 32 / 4) * STRIDE + term + i % 2 * 4];
            }
        }
        INK_UNROLL
        for (uint32_t i = 0; i < 8; i++) {
            mma_tf32(INK_LANES(sums, [i / 4][i % 4]), INK_LANES(l, [i / 4]), INK_LANES(r, [i % 4]));
        }
    }
}

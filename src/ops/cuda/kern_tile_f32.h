/* ops/cuda/kern_tile_f32.h: slices of floats [row][term], multiplied by fused multiply-adds, term after term. */

#define STRIDE (INK_DEPTH + 4) /* of rows, so that eight of them stand in different banks */
#define SLICE  (INK_TILE * STRIDE)

INK_DEVICE void store_f32(uint32_t *slice, unsigned t, const float *in) {
    INK_UNROLL
    for (uint32_t i = 0; i < STAGED; i++) {
        slice[(t / QUARTERS + i / 4 * ROW_STEP) * STRIDE + 4 * (t % QUARTERS) + i % 4] = ink_float_bits(in[i]);
    }
}

INK_DEVICE void store_turned_f32(uint32_t *slice, unsigned t, const float *in) {
    INK_UNROLL
    for (uint32_t i = 0; i < STAGED; i++) {
        slice[(4 * (t % GROUPS) + i % 4) * STRIDE + turned_term(i / 4, t)] = ink_float_bits(in[i]);
    }
}

INK_DEVICE_FMA void multiply_f32(INK_KEEP(float, sums, [2][4][4]), const uint32_t *left, const uint32_t *right) {
    const float *rows = (const float *)(const void *)left, *columns = (const float *)(const void *)right;
    INK_THREADS {
        for (uint32_t d = 0; d < INK_DEPTH; d += 4) {
            float l[4][4], r[4];
            INK_UNROLL
            for (uint32_t i = 0; i < 4; i++) ink_load4(l[i], rows + SUM_ROW(t, i / 2, i % 2 * 2) * STRIDE + d);
            INK_UNROLL
            for (uint32_t j = 0; j < 8; j++) {
                ink_load4(r, columns + SUM_COLUMN(t, j / 2, j % 2) * STRIDE + d);
                INK_UNROLL
                for (uint32_t i = 0; i < 4; i++) {
                    float *kept = &INK_MINE(sums)[i / 2][j / 2][i % 2 * 2 + j % 2], sum = *kept;
                    INK_UNROLL
                    for (uint32_t e = 0; e < 4; e++) sum = fmaf(l[i][e], r[e], sum);
                    *kept = sum;
                }
            }
        }
    }
}

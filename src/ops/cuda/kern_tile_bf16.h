/* ops/cuda/kern_tile_bf16.h: slices of bfloat16 in pairs of terms [row][pair], multiplied by tensor cores into
 * floats. */

#define STRIDE (INK_DEPTH / 2 + 4) /* of rows, so that eight of them stand in different banks */
#define SLICE  (INK_TILE * STRIDE)

INK_DEVICE void store_bf16(uint32_t *slice, unsigned t, const float *in) {
    INK_UNROLL
    for (uint32_t i = 0; i < STAGED; i += 2) {
        slice[(t / QUARTERS + i / 4 * ROW_STEP) * STRIDE + 2 * (t % QUARTERS) + i % 4 / 2] =
            ink_bf16_pair(in[i], in[i + 1]);
    }
}

INK_DEVICE void store_turned_bf16(uint32_t *slice, unsigned t, const float *in) {
    INK_UNROLL
    for (uint32_t i = 0; i < STAGED / 2; i++) {
        const uint32_t turn = i / 4, e = i % 4;
        slice[(4 * (t % GROUPS) + e) * STRIDE + turned_term(2 * turn, t) / 2] =
            ink_bf16_pair(in[8 * turn + e], in[8 * turn + 4 + e]);
    }
}

INK_DEVICE void multiply_bf16(INK_KEEP(float, sums, [2][4][4]), const uint32_t *left, const uint32_t *right) {
    INK_UNROLL
    for (uint32_t step = 0; step < INK_DEPTH / 16; step++) {
        INK_KEEP(uint32_t, l, [2][4]);
        INK_KEEP(uint32_t, r, [4][2]);
        INK_THREADS {
            INK_UNROLL
            for (uint32_t i = 0; i < 8; i++) {
                const uint32_t word = step * 8 + t % 4 + i % 4 / 2 * 4;
                INK_MINE(l)[i / 4][i % 4] = left[SUM_ROW(t, i / 4, i % 2 * 2) * STRIDE + word];
                INK_MINE(r)
                [i / 2][i % 2] =
                    right[(t / 32 % 2 * 32 + 8 * (i / 2) + t % 32 / 4) * STRIDE + step * 8 + t % 4 + i % 2 * 4];
            }
        }
        INK_UNROLL
        for (uint32_t i = 0; i < 8; i++) {
            mma_bf16(INK_LANES(sums, [i / 4][i % 4]), INK_LANES(l, [i / 4]), INK_LANES(r, [i % 4]));
        }
    }
}

/* ops/cuda/kern_mma.h: the tensor cores' multiply-adds of 16 x 8 results: one instruction on the device, from sm_80; on
 * the host the same done element by element, as the PTX manual says which lane holds which.
 * sums[i][j] += left[i] right[j], for fragments i of the left side and j of the right one.
 * Source   NVIDIA, PTX ISA 8.0, 9.7.13.4: "Matrix Fragments for mma.m16n8k8" and "mma.m16n8k16" */
#ifndef INK_OPS_CUDA_KERN_MMA_H
#define INK_OPS_CUDA_KERN_MMA_H

#include "ops/cuda/kern.h"

#ifdef __CUDACC__

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
#define MMA(instruction)                                                                                               \
    asm volatile(instruction " {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"                                  \
                 : "+f"(sums[i][j][0]), "+f"(sums[i][j][1]), "+f"(sums[i][j][2]), "+f"(sums[i][j][3])                  \
                 : "r"(left[i][0]), "r"(left[i][1]), "r"(left[i][2]), "r"(left[i][3]), "r"(right[j][0]),               \
                   "r"(right[j][1]))
#else
#define MMA(instruction) __trap() /* compile refuses these precisions on such a device */
#endif

INK_DEVICE void mma_bf16(float sums[2][4][4], const uint32_t left[2][4], const uint32_t right[4][2], unsigned i,
                         unsigned j) {
    MMA("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32");
}

INK_DEVICE void mma_tf32(float sums[2][4][4], const uint32_t left[2][4], const uint32_t right[4][2], unsigned i,
                         unsigned j) {
    MMA("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32");
}

#undef MMA

#else

typedef float mma_row __attribute__((vector_size(32)));

/* c[16][8] += a[16][depth] b[depth][8] over the lanes of one warp, a row at a time: four lanes hold a row, two columns
 * each. */
static inline void mma_warp(float sums[INK_BLOCK][2][4][4], unsigned warp, unsigned i, unsigned j, unsigned depth,
                            float a[16][16], const mma_row *b) {
    for (unsigned row = 0; row < 16; row++) {
        const unsigned first = 32 * warp + row % 8 * 4, half = row / 8 * 2;
        mma_row c;
        for (unsigned n = 0; n < 8; n++) c[n] = sums[first + n / 2][i][j][half + n % 2];
        for (unsigned k = 0; k < depth; k++) c += a[row][k] * b[k];
        for (unsigned n = 0; n < 8; n++) sums[first + n / 2][i][j][half + n % 2] = c[n];
    }
}

static inline void mma_bf16(float sums[INK_BLOCK][2][4][4], uint32_t left[INK_BLOCK][2][4],
                            uint32_t right[INK_BLOCK][4][2], unsigned i, unsigned j) {
    for (unsigned warp = 0; warp < INK_BLOCK / 32; warp++) {
        float a[16][16];
        mma_row b[16];
        for (unsigned lane = 0; lane < 32; lane++) {
            const unsigned group = lane / 4, in_group = lane % 4, t = 32 * warp + lane;
            for (unsigned e = 0; e < 8; e++) {
                const unsigned row = e < 2 || (e >= 4 && e < 6) ? group : group + 8;
                const unsigned column = in_group * 2 + (e & 1u) + (e < 4 ? 0u : 8u);
                a[row][column] = ink_bits_float(left[t][i][e / 2] >> (e & 1u) * 16 << 16);
            }
            for (unsigned e = 0; e < 4; e++) {
                const unsigned row = in_group * 2 + (e & 1u) + (e < 2 ? 0u : 8u);
                b[row][group] = ink_bits_float(right[t][j][e / 2] >> (e & 1u) * 16 << 16);
            }
        }
        mma_warp(sums, warp, i, j, 16, a, b);
    }
}

static inline void mma_tf32(float sums[INK_BLOCK][2][4][4], uint32_t left[INK_BLOCK][2][4],
                            uint32_t right[INK_BLOCK][4][2], unsigned i, unsigned j) {
    for (unsigned warp = 0; warp < INK_BLOCK / 32; warp++) {
        float a[16][16];
        mma_row b[16];
        for (unsigned lane = 0; lane < 32; lane++) {
            const unsigned group = lane / 4, in_group = lane % 4, t = 32 * warp + lane;
            for (unsigned e = 0; e < 4; e++) {
                a[e % 2 == 0 ? group : group + 8][in_group + (e < 2 ? 0u : 4u)] = ink_bits_float(left[t][i][e]);
            }
            for (unsigned e = 0; e < 2; e++) b[in_group + 4 * e][group] = ink_bits_float(right[t][j][e]);
        }
        mma_warp(sums, warp, i, j, 8, a, b);
    }
}

#endif
#endif

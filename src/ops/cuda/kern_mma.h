/* ops/cuda/kern_mma.h: what the 32 lanes of a warp do together, from sm_80: the tensor cores' multiply-adds of 16 x 8
 * results, and matrices read from shared memory into the fragments that those take (ldmatrix). One instruction each on
 * the device; on the host the same done element by element, as the PTX manual says which lane holds which.
 *   mma_bf16(INK_LANES(sums, [i][j]), INK_LANES(left, [i]), INK_LANES(right, [j]))     sums += left right
 * INK_LANES(name, at) is element `at` of an INK_KEEP for all lanes of the block; of 4 bytes each.
 * Source   NVIDIA, PTX ISA 8.0, 9.7.13.4: "Matrix Fragments for mma.m16n8k8", "mma.m16n8k16"; "ldmatrix" */
#ifndef INK_OPS_CUDA_KERN_MMA_H
#define INK_OPS_CUDA_KERN_MMA_H

#include "ops/cuda/kern.h"

#ifdef __CUDACC__

#define INK_LANES(name, at) name at

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
#define MMA(instruction)                                                                                               \
    asm volatile(instruction " {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"                                  \
                 : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])                                          \
                 : "r"(left[0]), "r"(left[1]), "r"(left[2]), "r"(left[3]), "r"(right[0]), "r"(right[1]))
#define LDMATRIX(instruction)                                                                                          \
    asm volatile(instruction " {%0,%1,%2,%3}, [%4];"                                                                   \
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])                                                  \
                 : "r"((uint32_t)__cvta_generic_to_shared(memory + *from))                                             \
                 : "memory")
#else
#define MMA(instruction)      __trap() /* compile refuses these precisions on such a device */
#define LDMATRIX(instruction) __trap()
#endif

INK_DEVICE void mma_bf16(float *sums, const uint32_t *left, const uint32_t *right) {
    MMA("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32");
}

INK_DEVICE void mma_tf32(float *sums, const uint32_t *left, const uint32_t *right) {
    MMA("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32");
}

/* Four matrices of 8 x 8 numbers of 16 bits: the rows of matrix i begin at the words `from` of lanes 8 i .. 8 i + 7, on
 * 16 bytes; each lane gets two neighbours of one row of each, or (turned) of one column. */
INK_DEVICE void ldmatrix(uint32_t *to, const uint32_t *memory, const uint32_t *from, bool turned) {
    if (turned) {
        LDMATRIX("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16");
    } else {
        LDMATRIX("ldmatrix.sync.aligned.m8n8.x4.shared.b16");
    }
}

#undef MMA
#undef LDMATRIX

#else

/* NOLINTNEXTLINE(bugprone-macro-parentheses): `at` is subscripts */
#define INK_LANES(name, at) (name)[0] at, sizeof(name)[0] / 4

typedef float mma_row __attribute__((vector_size(32)));

/* c[16][8] += a[16][depth] b[depth][8] over the lanes of one warp, a row at a time: four lanes hold a row, two columns
 * each. */
static inline void mma_warp(float *sums, size_t step, unsigned warp, unsigned depth, float a[16][16],
                            const mma_row *b) {
    for (unsigned row = 0; row < 16; row++) {
        float *first = sums + (32 * warp + row % 8 * 4) * step + row / 8 * 2;
        mma_row c;
        for (unsigned n = 0; n < 8; n++) c[n] = first[n / 2 * step + n % 2];
        for (unsigned k = 0; k < depth; k++) c += a[row][k] * b[k];
        for (unsigned n = 0; n < 8; n++) first[n / 2 * step + n % 2] = c[n];
    }
}

static inline void mma_bf16(float *sums, size_t sums_step, const uint32_t *left, size_t left_step,
                            const uint32_t *right, size_t right_step) {
    for (unsigned warp = 0; warp < INK_BLOCK / 32; warp++) {
        float a[16][16];
        mma_row b[16];
        for (unsigned lane = 0; lane < 32; lane++) {
            const unsigned group = lane / 4, in_group = lane % 4, t = 32 * warp + lane;
            for (unsigned e = 0; e < 8; e++) {
                const unsigned row = e < 2 || (e >= 4 && e < 6) ? group : group + 8;
                const unsigned column = in_group * 2 + (e & 1u) + (e < 4 ? 0u : 8u);
                a[row][column] = ink_bits_float(left[t * left_step + e / 2] >> (e & 1u) * 16 << 16);
            }
            for (unsigned e = 0; e < 4; e++) {
                const unsigned row = in_group * 2 + (e & 1u) + (e < 2 ? 0u : 8u);
                b[row][group] = ink_bits_float(right[t * right_step + e / 2] >> (e & 1u) * 16 << 16);
            }
        }
        mma_warp(sums, sums_step, warp, 16, a, b);
    }
}

static inline void mma_tf32(float *sums, size_t sums_step, const uint32_t *left, size_t left_step,
                            const uint32_t *right, size_t right_step) {
    for (unsigned warp = 0; warp < INK_BLOCK / 32; warp++) {
        float a[16][16];
        mma_row b[16];
        for (unsigned lane = 0; lane < 32; lane++) {
            const unsigned group = lane / 4, in_group = lane % 4, t = 32 * warp + lane;
            for (unsigned e = 0; e < 4; e++) {
                a[e % 2 == 0 ? group : group + 8][in_group + (e < 2 ? 0u : 4u)] =
                    ink_bits_float(left[t * left_step + e]);
            }
            for (unsigned e = 0; e < 2; e++) {
                b[in_group + 4 * e][group] = ink_bits_float(right[t * right_step + e]);
            }
        }
        mma_warp(sums, sums_step, warp, 8, a, b);
    }
}

/* Element [row][column] of the matrix whose rows begin at the words `from` of eight lanes. */
static inline uint32_t matrix_element(const uint32_t *memory, const uint32_t *from, size_t from_step, unsigned row,
                                      unsigned column) {
    return memory[from[row * from_step] + column / 2] >> column % 2 * 16 & 0xffffu;
}

static inline void ldmatrix(uint32_t *to, size_t to_step, const uint32_t *memory, const uint32_t *from,
                            size_t from_step, bool turned) {
    for (unsigned t = 0; t < INK_BLOCK; t++) {
        const unsigned row = t % 32 / 4, column = t % 4 * 2;
        for (unsigned i = 0; i < 4; i++) {
            const uint32_t *rows = from + (t / 32 * 32 + 8 * i) * from_step;
            const uint32_t first = turned ? matrix_element(memory, rows, from_step, column, row)
                                          : matrix_element(memory, rows, from_step, row, column);
            const uint32_t second = turned ? matrix_element(memory, rows, from_step, column + 1, row)
                                           : matrix_element(memory, rows, from_step, row, column + 1);
            to[t * to_step + i] = second << 16 | first;
        }
    }
}

#endif
#endif

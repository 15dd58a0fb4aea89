/* ops/cpu/kern_avx512bf16.c: the table of inner loops, compiled for AVX-512 with bfloat16 products.
 * The float loops are those of kern_avx512.c, compiled once more. */
#include "ops/cpu/kern_vector.h"
#include "ops/cpu/kern_gemm.h"
#include "ops/cpu/kern_map.h"

const ink_kernels ink_kernels_avx512bf16 = {.name = "avx512bf16", KERNELS_OF_MAP};

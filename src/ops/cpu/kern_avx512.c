/* ops/cpu/kern_avx512.c: the table of inner loops, compiled for AVX-512 F, BW, DQ, VL.
 * No code of its own: it all stands in kern_f32.h and kern_table.h. */
#include "ops/cpu/kern_vector.h"
#include "ops/cpu/kern_f32.h"
#include "ops/cpu/kern_table.h"

const ink_kernels ink_kernels_avx512 = {.name = "avx512", KERNELS};

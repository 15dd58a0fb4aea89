/* ops/cpu/kern_avx2.c: the table of inner loops, compiled for AVX2 and FMA.
 * No code of its own: it all stands in kern_f32.h and kern_table.h. */
#include "ops/cpu/kern_vector.h"
#include "ops/cpu/kern_f32.h"
#include "ops/cpu/kern_table.h"

const ink_kernels ink_kernels_avx2 = {.name = "avx2", KERNELS};

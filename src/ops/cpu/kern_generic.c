/* ops/cpu/kern_generic.c: the table of inner loops, compiled for any processor.
 * No code of its own: it all stands in kern_f32.h (kern_scalar.h) and kern_table.h. */
#include "ops/cpu/kern_vector.h"
#if defined(__wasm__) && !defined(__wasm_simd128__)
#include "ops/cpu/kern_scalar.h"
#else
#include "ops/cpu/kern_f32.h"
#endif
#include "ops/cpu/kern_table.h"

const ink_kernels ink_kernels_generic = {.name = "generic", KERNELS};

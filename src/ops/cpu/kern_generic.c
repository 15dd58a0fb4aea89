/* ops/cpu/kern_generic.c: the table of inner loops, compiled for any processor.
 * No code of its own: it all stands in kern_f32.h (kern_scalar.h) and the six headers behind. */
#include "ops/cpu/kern_vector.h"
#if defined(__wasm__) && !defined(__wasm_simd128__)
#include "ops/cpu/kern_scalar.h"
#else
#include "ops/cpu/kern_f32.h"
#endif
#include "ops/cpu/kern_depthwise.h"
#include "ops/cpu/kern_input.h"
#include "ops/cpu/kern_map.h"
#include "ops/cpu/kern_narrow.h"
#include "ops/cpu/kern_peak.h"
#include "ops/cpu/kern_winograd.h"

const ink_kernels ink_kernels_generic = {.name = "generic",
                                         KERNELS_OF_MAP,
                                         KERNELS_OF_DEPTHWISE,
                                         KERNELS_OF_INPUT,
                                         KERNELS_OF_NARROW,
                                         KERNELS_OF_PEAK,
                                         KERNELS_OF_WINOGRAD};

/* ops/cpu/kern_avx512.c: the table of inner loops, compiled for AVX-512 F, BW, DQ, VL.
 * No code of its own: it all stands in kern_f32.h and the six headers behind. */
#include "ops/cpu/kern_vector.h"
#include "ops/cpu/kern_f32.h"
#include "ops/cpu/kern_depthwise.h"
#include "ops/cpu/kern_input.h"
#include "ops/cpu/kern_map.h"
#include "ops/cpu/kern_narrow.h"
#include "ops/cpu/kern_peak.h"
#include "ops/cpu/kern_winograd.h"

const ink_kernels ink_kernels_avx512 = {.name = "avx512",
                                        KERNELS_OF_MAP,
                                        KERNELS_OF_DEPTHWISE,
                                        KERNELS_OF_INPUT,
                                        KERNELS_OF_NARROW,
                                        KERNELS_OF_PEAK,
                                        KERNELS_OF_WINOGRAD};

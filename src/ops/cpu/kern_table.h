/* ops/cpu/kern_table.h: all inner loops of a table but the matrix product, which kern_<isa>.c includes before. */
#ifndef INK_OPS_CPU_KERN_TABLE_H
#define INK_OPS_CPU_KERN_TABLE_H

#include "ops/cpu/kern_depthwise.h"
#include "ops/cpu/kern_fourier.h"
#include "ops/cpu/kern_input.h"
#include "ops/cpu/kern_map.h"
#include "ops/cpu/kern_narrow.h"
#include "ops/cpu/kern_peak.h"
#include "ops/cpu/kern_winograd.h"

#define KERNELS                                                                                                        \
    KERNELS_OF_MAP, KERNELS_OF_DEPTHWISE, KERNELS_OF_INPUT, KERNELS_OF_NARROW, KERNELS_OF_PEAK, KERNELS_OF_WINOGRAD,   \
        KERNELS_OF_FOURIER

#endif

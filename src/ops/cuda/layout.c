/* ops/cuda/layout.c: values between PyTorch's layout (NCHW, KCRS) and kernels.h's (NHWC, KRSC), on the host.
 * The device knows only its own. */
#include <string.h>

#include "ops/cuda/program.h"

/* [outer][middle][inner] to [outer][inner][middle] */
static void turn(const float *from, float *to, size_t outer, size_t middle, size_t inner) {
    for (size_t o = 0; o < outer; o++, from += middle * inner, to += middle * inner) {
        for (size_t m = 0; m < middle; m++) {
            for (size_t i = 0; i < inner; i++) to[i * middle + m] = from[m * inner + i];
        }
    }
}

/* As PyTorch has it: [outer][channels][places]. */
static void shape_of(const ink_value *v, uint32_t n, size_t *outer, size_t *channels, size_t *places) {
    const size_t d0 = (size_t)v->dim[0], d1 = (size_t)v->dim[1], d2 = (size_t)v->dim[2], d3 = (size_t)v->dim[3];
    *outer = v->batched ? n : v->rank == 4 ? d0 : 1;
    *channels = v->batched ? d0 : v->rank == 4 ? d1 : 1;
    *places = v->batched ? d1 * d2 : v->rank == 4 ? d2 * d3 : d0 * d1 * d2 * d3;
}

void ink_cuda_pack(const ink_value *v, uint32_t n, const float *from, float *to) {
    size_t outer, channels, places;
    shape_of(v, n, &outer, &channels, &places);
    turn(from, to, outer, channels, places);
}

void ink_cuda_unpack(const ink_value *v, uint32_t n, const float *from, float *to) {
    size_t outer, channels, places;
    shape_of(v, n, &outer, &channels, &places);
    turn(from, to, outer, places, channels);
}

/* ops/cpu/kern_circle_bf16.h: the transforms of fourier.c's inputs to rounded elements, for all sizes of circle,
 * included by whoever has PUT(p, x), which stores a vector of floats as bfloat16: inputs_bf16. */
#include "ops/cpu/kern_fourier_lines.h"

#define ELEMENT    uint16_t
#define NAME(name) POINTS(name##_half)
#define OF_CIRCLE  "ops/cpu/kern_circle_in.h"
#include "ops/cpu/kern_circles.h"

static void (*const inputs_bf16[INK_CIRCLES])(const float *const *, void *, size_t, size_t) = {
    [INK_CIRCLE_FIVE] = elements_half_5,
    [INK_CIRCLE_EIGHT] = elements_half_8,
    [INK_CIRCLE_TEN] = elements_half_10,
    [INK_CIRCLE_TWELVE] = elements_half_12,
};

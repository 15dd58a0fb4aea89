/* ops/cpu/kern_circle_bf16.h: the transforms of fourier.c's inputs to rounded elements, both sizes of circle, included
 * by whoever has PUT(p, x), which stores a vector of floats as bfloat16: elements_half_8 and elements_half_5. */
#include "ops/cpu/kern_fourier_lines.h"

#define ELEMENT      uint16_t
#define SECOND(a, b) (a)
#define THIRD(a, b)  (b)

#define CIRCLE       8
#define REALS        2
#define HALF         3
#define POINTS(name) name##_8
#define NAME(name)   name##_half_8
#include "ops/cpu/kern_circle_in.h"
#undef CIRCLE
#undef REALS
#undef HALF
#undef POINTS
#undef NAME

#define CIRCLE       5
#define REALS        1
#define HALF         2
#define POINTS(name) name##_5
#define NAME(name)   name##_half_5
#include "ops/cpu/kern_circle_in.h"

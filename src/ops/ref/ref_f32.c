/* ops/ref/ref_f32.c: the reference backend in float.
 * The code is in walk.inc, which ref_f64.c builds in double. */
#include <math.h>

#define REAL     float
#define REAL_FMA fmaf
#define BACKEND  ink_backend_ref
#define NAME     "ref"
#include "ops/ref/walk.inc"

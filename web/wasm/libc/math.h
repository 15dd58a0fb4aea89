/* web/wasm/libc/math.h: what WebAssembly has instructions for, fma, lroundf. */
#ifndef INK_WASM_MATH_H
#define INK_WASM_MATH_H

#define INFINITY  __builtin_inff()
#define HUGE_VALF __builtin_inff()
#define NAN       __builtin_nanf("")

#define isnan(x)    __builtin_isnan(x)
#define isinf(x)    __builtin_isinf(x)
#define isfinite(x) __builtin_isfinite(x)

#define sqrt(x)   __builtin_sqrt(x)
#define sqrtf(x)  __builtin_sqrtf(x)
#define floor(x)  __builtin_floor(x)
#define floorf(x) __builtin_floorf(x)
#define ceil(x)   __builtin_ceil(x)
#define ceilf(x)  __builtin_ceilf(x)
#define rint(x)   __builtin_rint(x)
#define fabs(x)   __builtin_fabs(x)
#define fabsf(x)  __builtin_fabsf(x)

/* No instruction for these: libc.c says how they round. */
double fma(double a, double b, double c);
float fmaf(float a, float b, float c);
long lroundf(float x);

#endif

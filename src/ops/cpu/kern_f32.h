/* ops/cpu/kern_f32.h: the matrix product of floats, from kern_gemm.h; included by each kern_<isa>.c. */
#define GEMM              gemm
#define ELEMENT           float
#define B_ROW             INK_LANES
#define A_ROW             INK_LANES
#define A_NEXT            1
#define A_COLUMN          1
#define A_LINE            INK_LANES
#define LOAD(p)           vload(p)
#define SPREAD(p)         vset(*(p))
#define MULTIPLY(x, y, z) vfma(x, y, z)
#include "ops/cpu/kern_gemm.h"

/* ops/ref/ref_f64.c: the reference backend in double, with access to its doubles for tests.
 * The code is in walk.inc, which ref_f32.c builds in float. */
#include <math.h>

#include "ops/ref/ref.h"

#define REAL     double
#define REAL_FMA fma
#define BACKEND  ink_backend_ref64
#define NAME     "ref64"
#include "ops/ref/walk.inc"

ink_status ink_ref64_read(const ink_program *program, ink_id value, double *to, size_t count, ink_error *err) {
    ink_status status = may_read(program, value, count, err);
    if (status == INK_OK) memcpy(to, program->data[value], count * sizeof *to);
    return status;
}

ink_status ink_ref64_write(ink_program *program, ink_id value, const double *from, size_t count, ink_error *err) {
    ink_status status = may_write(program, value, count, err);
    if (status == INK_OK) memcpy(program->data[value], from, count * sizeof *from);
    return status;
}

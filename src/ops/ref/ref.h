/* ops/ref/ref.h: what the reference backends offer beyond ops/backend.h: reading and writing ref64's values
 * in double, for finite differences and for parity in double. Same rules as read and write there. */
#ifndef INK_OPS_REF_REF_H
#define INK_OPS_REF_REF_H

#include "ops/backend.h"

ink_status ink_ref64_read(const ink_program *program, ink_id value, double *to, size_t count, ink_error *err);
ink_status ink_ref64_write(ink_program *program, ink_id value, const double *from, size_t count, ink_error *err);

#endif

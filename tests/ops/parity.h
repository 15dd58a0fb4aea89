/* tests/ops/parity.h: does a backend train the nets of the zoo as PyTorch does? */
#ifndef INK_TESTS_OPS_PARITY_H
#define INK_TESTS_OPS_PARITY_H

#include "ops/backend.h"

#define PARITY_FILES 5 /* mlp, lenet, then the large ones: cnn-example, deotte, resnet18 */

/* Largest differences, in units of a tensor's root mean square. */
typedef struct parity_tolerances {
    double logits, gradients, last, losses; /* last 0: not compared */
} parity_tolerances;

/* The first n_files nets; mode stands in the message. */
void parity_check(const ink_backend *backend, ink_precision precision, bool exact, size_t n_files,
                  parity_tolerances allowed, const char *mode);

/* A value in double, as exact as the backend has it. Free it. */
double *parity_read(const ink_backend *backend, const ink_program *program, ink_id value, size_t count);

#endif

/* tests/ops/resident.h: does a backend do the same steps on a resident data set as on batches that are brought? */
#ifndef INK_TESTS_OPS_RESIDENT_H
#define INK_TESTS_OPS_RESIDENT_H

#include "ops/backend.h"

/* Several nets, sizes of images and kinds of distortion, two epochs in an order of their own, batches of unequal
 * length, several of them in a call: losses, norms and all weights must be the same bits as run's on batches that
 * data/augment.h distorts. Fails the running test; where stands in the message. */
void resident_check(const ink_backend *backend, const char *where);

#endif

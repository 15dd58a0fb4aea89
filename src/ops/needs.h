/* ops/needs.h: what a compiled graph asks of its options and of every batch; for backends, so that all refuse the same
 * in the same words. */
#ifndef INK_OPS_NEEDS_H
#define INK_OPS_NEEDS_H

#include "core/status.h"
#include "ops/backend.h"

typedef struct ink_needs {
    bool images, labels, warps; /* has the graph such an input? */
    uint32_t classes;           /* of cross entropy, the fewest when there are several; 0: none */
} ink_needs;

ink_needs ink_needs_of(const ink_graph *g);

/* Errors   INK_E_USAGE n out of 1 .. max_batch, an array missing; INK_E_DATA a label that is no class. */
INK_MUST_USE ink_status ink_needs_check(const ink_needs *needs, uint32_t max_batch, const ink_batch *batch,
                                        ink_error *err);

/* The same for a batch that names rows of a set of `count` images; labels: the set's, looked at where the graph has
 * classes. */
INK_MUST_USE ink_status ink_needs_check_rows(const ink_needs *needs, uint32_t max_batch, const ink_batch *batch,
                                             const uint8_t *labels, uint32_t count, ink_error *err);

/* A value as read and write see it. */
typedef struct ink_needs_value {
    ink_role role;
    bool output, batched;
    size_t elements; /* of one image, or all */
} ink_needs_value;

/* What read checks: a value that can be read, all of its numbers for the n images of the last run.
 * Errors   INK_E_USAGE */
INK_MUST_USE ink_status ink_needs_read(const ink_needs_value *v, uint32_t n, size_t count, ink_error *err);

/* What write checks. *n: the images that count numbers are for, 1 where it is not batched. Errors: INK_E_USAGE. */
INK_MUST_USE ink_status ink_needs_write(const ink_needs_value *v, uint32_t max_batch, size_t count, uint32_t *n,
                                        ink_error *err);

/* What compile checks first. Errors: those of ink_graph_check; INK_E_USAGE max_batch not in 1 .. 65536, or memory
 * shared with another backend than self. */
INK_MUST_USE ink_status ink_needs_options(const ink_backend *self, const ink_graph *g,
                                          const ink_compile_options *options, ink_error *err);

#endif

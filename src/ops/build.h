/* ops/build.h: what the files that build a graph share; private to them. */
#ifndef INK_OPS_BUILD_H
#define INK_OPS_BUILD_H

#include "core/status.h"
#include "ops/graph.h"

/* Records the graph's first fault; returns INK_NONE, so that a builder can end in one line. */
ink_id ink_build_fault(ink_graph *g, const char *format, ...) INK_PRINTF(2, 3);

/* "[64,12,12]" */
typedef struct ink_shape_text {
    char text[64];
} ink_shape_text;
ink_shape_text ink_build_shape(const ink_graph *g, ink_id value);

/* Is `value` a float batch [C,H,W]? A batch of any kind, bytes too? A parameter, state or gradient of this
 * rank? Each records a fault that names the operation and the argument, and says no, when it is not. */
bool ink_build_is_batch(ink_graph *g, const char *op, const char *what, ink_id value);
bool ink_build_is_whole(ink_graph *g, const char *op, const char *what, ink_id value, int rank);

/* Appends a value; INK_NONE and a fault when memory or numbers run out. */
ink_id ink_build_value(ink_graph *g, ink_role role, bool batched, int rank, const int32_t dim[]);
/* A batch value [c,h,w] made by a node. */
ink_id ink_build_batch(ink_graph *g, int32_t c, int32_t h, int32_t w);
/* A value of the same shape and kind as `like`. */
ink_id ink_build_like(ink_graph *g, ink_id like);

/* Appends a node and makes it the maker of its outputs; first output, or INK_NONE after a fault. */
ink_id ink_build_node(ink_graph *g, const ink_node *node);
/* A node with nothing in or out yet. */
ink_node ink_build_blank(ink_op op);

/* Output length of a window that slides over `in` padded elements; 0 when none fits. */
int32_t ink_build_slide(int32_t in, int32_t window, int32_t stride, int32_t pad, int32_t pad_end);

/* For tests: appends the gradient nodes of the sum of y * dy, with respect to every parameter that learns and to the
 * input x; returns the gradient of x, INK_NONE where y does not depend on it. dy is an input of y's shape. */
ink_id ink_build_pull(ink_graph *g, ink_id y, ink_id dy, ink_id x);

#endif

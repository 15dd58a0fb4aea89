/* api/order.h: `predict` and `eval` take models first and the data last; words the other way round are told as such. */
#ifndef INK_API_ORDER_H
#define INK_API_ORDER_H

#include <stddef.h>

#include "inkling.h"

/* Before anything is opened: does a table or picture stand where a model belongs? data NULL: pictures, read already.
 * The hint shows the right order where the last word is a model.
 * Errors   INK_E_USAGE. What is neither, or absent, is for its reader to refuse. */
INK_MUST_USE ink_status ink_order_check(const char *verb, const char *const *models, size_t n, const char *data,
                                        ink_error *err);

/* status and err: why DATA could not be read. They become INK_E_USAGE when it is a run; unchanged otherwise. */
ink_status ink_order_explain(const char *verb, const char *const *models, size_t n, const char *data, ink_status status,
                             ink_error *err);

#endif

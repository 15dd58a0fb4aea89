/* report/sweep.h: a loss over learning rates, as a chart and as lines of text. */
#ifndef INK_REPORT_SWEEP_H
#define INK_REPORT_SWEEP_H

#include <stdint.h>

#include "inkling.h"
#include "report/picture.h"

typedef struct ink_sweep {
    const double *lr, *loss; /* [n] lr ascending, above 0; borrowed */
    uint32_t n;
    double suggestion;
} ink_sweep;

/* The loss over the learning rate's powers of ten, the suggestion marked. Errors: INK_E_MEMORY. */
INK_MUST_USE ink_status ink_sweep_chart(const ink_sweep *sweep, ink_picture **out, ink_error *err);

/* One line for each third of a power of ten: rate, loss, a bar as long as the loss; the suggestion's is marked. Plain
 * ASCII, no line longer than `columns` (0 = 80). *text: ink_mem_free. */
INK_MUST_USE ink_status ink_sweep_text(const ink_sweep *sweep, uint32_t columns, char **text, ink_error *err);

#endif

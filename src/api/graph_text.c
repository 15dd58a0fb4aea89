/* api/graph_text.c: a run's accuracy as a small graph of letters; of several nets, their mean.
 * How it is drawn stands in report/terminal.h. */
#include "api/members.h"
#include "api/work.h"
#include "core/mem.h"
#include "report/terminal.h"
#include "report/text.h"

ink_status ink_work_graph_text(const char *run, uint32_t columns, bool utf8, char **text, ink_error *err) {
    ink_epoch *epochs = NULL;
    uint32_t n = 0, nets;
    ink_text all = {0};
    char *graph = NULL;
    *text = NULL;
    ink_status status = ink_members_epochs(run, &epochs, &n, &nets, err);
    if (status == INK_OK) status = ink_terminal_graph(epochs, n, columns, utf8, &graph, err);
    if (status == INK_OK) {
        if (nets > 1) ink_text_format(&all, "mean of %u nets, each on the rows that it held out:\n", nets);
        ink_text_add(&all, graph);
        status = ink_text_give(&all, "a graph", text, err);
    }
    ink_mem_free(graph);
    ink_mem_free(epochs);
    return status;
}

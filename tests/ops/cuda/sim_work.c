/* tests/ops/cuda/sim_work.c: what streams of the simulated GPU are told, and graphs: kept until somebody waits.
 * Memory and kernels are sim_runtime.c's. */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): parameters are named as in the rest of the house */

#define STREAMS_MOST 8

typedef struct CUgraphExec_st exec_of;

typedef struct work {
    enum work_kind { A_KERNEL, A_COPY, A_CLEAR, AN_EVENT, A_GRAPH } kind;
    const ptx_kernel *kernel;
    dim3 grid, block;
    void *arguments; /* owned */
    bool cooperative;
    unsigned char *to; /* of a copy, and of what is cleared */
    const unsigned char *from;
    size_t bytes;
    enum cudaMemcpyKind way;
    int value;
    cudaEvent_t event;
    exec_of *exec;
} work;

struct CUevent_st {
    int device;
    bool is_recorded, is_done;
    double at_s;
};

struct CUgraphNode_st {
    work what;
    struct CUgraph_st *graph;
    struct CUgraphNode_st **before; /* that it waits for */
    size_t n_before, number;
    uint64_t done; /* in which turn of the graph */
};

struct CUgraph_st {
    struct CUgraphNode_st **nodes;
    size_t n, room;
};

struct CUgraphExec_st {
    struct CUgraph_st *graph; /* a copy of what it was made of */
    uint64_t turns;
};

struct CUstream_st {
    int device;
    work *queue;
    size_t n, room;
    struct CUgraph_st *capture; /* NULL: it does not */
    bool is_broken;             /* the capture */
};

static struct CUstream_st streams[STREAMS_MOST];
static size_t n_streams;
static _Thread_local cudaStream_t capturing; /* the calling thread's */

static void *copy_of(const void *from, size_t bytes) {
    void *copy = malloc(bytes > 0 ? bytes : 1);
    if (copy != NULL) memcpy(copy, from, bytes);
    return copy;
}

/* ---- graphs ---- */

static void free_graph(struct CUgraph_st *graph) {
    for (size_t i = 0; graph != NULL && i < graph->n; i++) {
        free(graph->nodes[i]->what.arguments);
        free(graph->nodes[i]->before);
        free(graph->nodes[i]);
    }
    if (graph != NULL) free(graph->nodes);
    free(graph);
}

/* Takes what->arguments, also when there is no memory: NULL. */
static struct CUgraphNode_st *add_node(struct CUgraph_st *graph, const work *what, struct CUgraphNode_st *const *before,
                                       size_t n) {
    struct CUgraphNode_st *node = calloc(1, sizeof *node);
    if (graph->n == graph->room) {
        struct CUgraphNode_st **more = realloc(graph->nodes, (2 * graph->room + 16) * sizeof *more);
        if (more != NULL) graph->room = 2 * graph->room + 16;
        if (more != NULL) graph->nodes = more;
    }
    if (node != NULL) node->before = copy_of(before, n * sizeof *before);
    if (node == NULL || node->before == NULL || graph->n == graph->room) {
        if (node != NULL) free(node->before);
        free(node);
        free(what->arguments);
        return NULL;
    }
    node->what = *what;
    node->graph = graph;
    node->n_before = n;
    node->number = graph->n;
    graph->nodes[graph->n++] = node;
    return node;
}

cudaError_t cudaGraphCreate(cudaGraph_t *graph, unsigned flags) {
    cudaError_t error = sim_called(__func__);
    *graph = NULL;
    if (error != cudaSuccess) return error;
    if (flags != 0) return sim_error(cudaErrorInvalidValue);
    *graph = calloc(1, sizeof **graph);
    if (*graph == NULL) return sim_error(cudaErrorMemoryAllocation);
    sim_count_graphs(1);
    return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    cudaError_t error = sim_called(__func__);
    if (error != cudaSuccess) return error;
    if (graph == NULL) return sim_error(cudaErrorInvalidValue);
    free_graph(graph);
    sim_count_graphs(-1);
    return cudaSuccess;
}

/* Each edge once, and from this graph's own nodes. */
static bool are_edges(cudaGraph_t graph, const cudaGraphNode_t *before, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (before[i] == NULL || before[i]->graph != graph) return false;
        for (size_t k = 0; k < i; k++) {
            if (before[k] == before[i]) return false;
        }
    }
    return true;
}

cudaError_t cudaGraphAddKernelNode(cudaGraphNode_t *node, cudaGraph_t graph, const cudaGraphNode_t *before, size_t n,
                                   const struct cudaKernelNodeParams *about) {
    cudaError_t error = sim_called(__func__);
    if (error != cudaSuccess) return error;
    const ptx_kernel *kernel = sim_kernel(about->func);
    error = sim_can_start(kernel, about->gridDim, about->blockDim, false);
    if (error != cudaSuccess) return error;
    if (about->sharedMemBytes != 0 || about->extra != NULL || !are_edges(graph, before, n)) {
        return sim_error(cudaErrorInvalidValue);
    }
    work what = {.kind = A_KERNEL, .kernel = kernel, .grid = about->gridDim, .block = about->blockDim};
    what.arguments = copy_of(about->kernelParams[0], ptx_facts_of(kernel).arguments_bytes);
    if (what.arguments != NULL) *node = add_node(graph, &what, before, n);
    return what.arguments != NULL && *node != NULL ? cudaSuccess : sim_error(cudaErrorMemoryAllocation);
}

static bool copy_graph(struct CUgraph_st *to, const struct CUgraph_st *from) {
    for (size_t i = 0; i < from->n; i++) {
        const struct CUgraphNode_st *node = from->nodes[i];
        work what = node->what;
        if (what.kind == A_KERNEL) {
            what.arguments = copy_of(what.arguments, ptx_facts_of(what.kernel).arguments_bytes);
            if (what.arguments == NULL) return false;
        }
        struct CUgraphNode_st *copy = add_node(to, &what, node->before, node->n_before);
        if (copy == NULL) return false;
        for (size_t k = 0; k < copy->n_before; k++) copy->before[k] = to->nodes[node->before[k]->number];
    }
    return true;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long flags) {
    cudaError_t error = sim_called(__func__);
    *exec = NULL;
    if (error != cudaSuccess) return error;
    if (graph == NULL || flags != 0) return sim_error(cudaErrorInvalidValue);
    if (sim_breaks_capture()) return sim_error(cudaErrorStreamCaptureUnsupported);
    exec_of *fresh = calloc(1, sizeof *fresh);
    if (fresh != NULL) fresh->graph = calloc(1, sizeof *fresh->graph);
    if (fresh == NULL || fresh->graph == NULL || !copy_graph(fresh->graph, graph)) {
        if (fresh != NULL) free_graph(fresh->graph);
        free(fresh);
        return sim_error(cudaErrorMemoryAllocation);
    }
    *exec = fresh;
    sim_count_execs(1);
    return cudaSuccess;
}

/* One that still runs is waited for. */
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
    cudaError_t error = sim_called(__func__);
    if (error != cudaSuccess) return error;
    for (size_t s = 0; s < n_streams && error == cudaSuccess; s++) error = sim_finish(streams[s].device);
    free_graph(exec->graph);
    free(exec);
    sim_count_execs(-1);
    return error;
}

/* ---- doing it ---- */

static cudaError_t do_graph(int device, exec_of *exec);

static cudaError_t do_work(int device, const work *what) {
    switch (what->kind) {
    case A_KERNEL: return sim_run(device, what->kernel, what->grid, what->block, what->arguments, what->cooperative);
    case A_COPY:
        if ((what->way == cudaMemcpyHostToDevice && !sim_is_memory(device, what->to, what->bytes)) ||
            (what->way == cudaMemcpyDeviceToHost && !sim_is_memory(device, what->from, what->bytes))) {
            sim_fault(cudaErrorIllegalAddress, "a copy that waited found its memory given back");
            return cudaErrorIllegalAddress;
        }
        memcpy(what->to, what->from, what->bytes);
        return cudaSuccess;
    case A_CLEAR: memset(what->to, what->value, what->bytes); return cudaSuccess;
    case AN_EVENT:
        what->event->at_s = ink_clock_s();
        what->event->is_done = true;
        return cudaSuccess;
    case A_GRAPH: return do_graph(device, what->exec);
    }
    return cudaSuccess;
}

static bool may_be_next(const struct CUgraphNode_st *node, uint64_t turn) {
    bool may = node->done != turn;
    for (size_t k = 0; k < node->n_before && may; k++) may = node->before[k]->done == turn;
    return may;
}

/* One of those that may be next, each as likely as the other. */
static struct CUgraphNode_st *next_of(const struct CUgraph_st *graph, uint64_t turn) {
    struct CUgraphNode_st *next = NULL;
    uint32_t ready = 0;
    for (size_t i = 0; i < graph->n; i++) {
        if (may_be_next(graph->nodes[i], turn) && sim_draw(++ready) == 0) next = graph->nodes[i];
    }
    return next;
}

static cudaError_t do_graph(int device, exec_of *exec) {
    cudaError_t error = cudaSuccess;
    const struct CUgraph_st *graph = exec->graph;
    exec->turns++;
    for (size_t done = 0; done < graph->n && error == cudaSuccess; done++) {
        struct CUgraphNode_st *node = next_of(graph, exec->turns);
        node->done = exec->turns;
        error = do_work(device, &node->what);
    }
    return error;
}

static cudaError_t finish(cudaStream_t stream) {
    cudaError_t error = cudaSuccess;
    for (size_t i = 0; i < stream->n; i++) {
        if (error == cudaSuccess) error = do_work(stream->device, &stream->queue[i]);
        free(stream->queue[i].arguments);
    }
    stream->n = 0;
    return error;
}

cudaError_t sim_finish(int device) {
    cudaError_t error = cudaSuccess;
    for (size_t s = 0; s < n_streams && error == cudaSuccess; s++) {
        if (streams[s].device == device) error = finish(&streams[s]);
    }
    return sim_error(error);
}

/* ---- streams ---- */

bool sim_breaks_capture(void) {
    if (capturing == NULL) return false;
    capturing->is_broken = true;
    return true;
}

/* Takes what->arguments. To the capture, in a chain, or to the queue. */
static cudaError_t add_work(cudaStream_t stream, const work *what) {
    if (stream->capture != NULL) {
        struct CUgraph_st *graph = stream->capture;
        struct CUgraphNode_st *const *before = graph->n > 0 ? &graph->nodes[graph->n - 1] : NULL;
        struct CUgraphNode_st *last = before != NULL ? *before : NULL;
        return add_node(graph, what, &last, last != NULL) != NULL ? cudaSuccess : sim_error(cudaErrorMemoryAllocation);
    }
    if (stream->n == stream->room) {
        work *more = realloc(stream->queue, (2 * stream->room + 16) * sizeof *more);
        if (more == NULL) {
            free(what->arguments);
            return sim_error(cudaErrorMemoryAllocation);
        }
        stream->queue = more;
        stream->room = 2 * stream->room + 16;
    }
    stream->queue[stream->n++] = *what;
    return cudaSuccess;
}

/* May the calling thread tell this stream something? */
static cudaError_t may_tell(cudaStream_t stream) {
    if (stream == NULL || stream->device != sim_present()) return sim_error(cudaErrorInvalidResourceHandle);
    if (stream->is_broken) return sim_error(cudaErrorStreamCaptureInvalidated);
    return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags) {
    cudaError_t error = sim_called(__func__);
    if (error != cudaSuccess) return error;
    if (flags != cudaStreamNonBlocking || n_streams == STREAMS_MOST) return sim_error(cudaErrorInvalidValue);
    streams[n_streams].device = sim_present();
    *stream = &streams[n_streams++];
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    cudaError_t error = sim_called(__func__);
    if (error != cudaSuccess) return error;
    error = may_tell(stream);
    if (error != cudaSuccess) return error;
    if (stream->capture != NULL) {
        stream->is_broken = true;
        return sim_error(cudaErrorStreamCaptureUnsupported);
    }
    return sim_error(finish(stream));
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, enum cudaStreamCaptureMode mode) {
    cudaError_t error = sim_called(__func__);
    if (error == cudaSuccess) error = may_tell(stream);
    if (error != cudaSuccess) return error;
    if (mode != cudaStreamCaptureModeThreadLocal || stream->capture != NULL) return sim_error(cudaErrorInvalidValue);
    stream->capture = calloc(1, sizeof *stream->capture);
    if (stream->capture == NULL) return sim_error(cudaErrorMemoryAllocation);
    sim_count_graphs(1);
    capturing = stream;
    return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph) {
    cudaError_t error = sim_called(__func__);
    *graph = NULL;
    if (error != cudaSuccess) return error;
    if (stream->capture == NULL) return sim_error(cudaErrorInvalidValue);
    if (capturing != stream) return sim_error(cudaErrorStreamCaptureUnmatched);
    capturing = NULL;
    *graph = stream->is_broken ? NULL : stream->capture;
    if (stream->is_broken) {
        free_graph(stream->capture);
        sim_count_graphs(-1);
        error = cudaErrorStreamCaptureInvalidated;
    }
    stream->capture = NULL;
    stream->is_broken = false;
    return sim_error(error);
}

static cudaError_t start(const void *function, dim3 grid, dim3 block, void **arguments, size_t shared,
                         cudaStream_t stream, bool cooperative) {
    const ptx_kernel *kernel = sim_kernel(function);
    cudaError_t error = may_tell(stream);
    if (error == cudaSuccess) error = sim_can_start(kernel, grid, block, cooperative);
    if (error != cudaSuccess) return error;
    if (shared != 0) return sim_error(cudaErrorInvalidValue);
    work what = {.kind = A_KERNEL, .kernel = kernel, .grid = grid, .block = block, .cooperative = cooperative};
    what.arguments = copy_of(arguments[0], ptx_facts_of(kernel).arguments_bytes); /* each kernel has one */
    return what.arguments != NULL ? add_work(stream, &what) : sim_error(cudaErrorMemoryAllocation);
}

cudaError_t cudaLaunchKernel(const void *function, dim3 grid, dim3 block, void **arguments, size_t shared,
                             cudaStream_t stream) {
    cudaError_t error = sim_called(__func__);
    return error == cudaSuccess ? start(function, grid, block, arguments, shared, stream, false) : error;
}

cudaError_t cudaLaunchCooperativeKernel(const void *function, dim3 grid, dim3 block, void **arguments, size_t shared,
                                        cudaStream_t stream) {
    cudaError_t error = sim_called(__func__);
    return error == cudaSuccess ? start(function, grid, block, arguments, shared, stream, true) : error;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
    cudaError_t error = sim_called(__func__);
    if (error == cudaSuccess) error = may_tell(stream);
    if (error != cudaSuccess) return error;
    if (exec == NULL || stream->capture != NULL) return sim_error(cudaErrorInvalidValue);
    return add_work(stream, &(work){.kind = A_GRAPH, .exec = exec});
}

/* Device's memory must be on the side that the way names, whole. */
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, enum cudaMemcpyKind way, cudaStream_t stream) {
    cudaError_t error = sim_called(__func__);
    if (error == cudaSuccess) error = may_tell(stream);
    if (error != cudaSuccess || bytes == 0) return error;
    bool to_device = way == cudaMemcpyHostToDevice || way == cudaMemcpyDeviceToDevice;
    bool from_device = way == cudaMemcpyDeviceToHost || way == cudaMemcpyDeviceToDevice;
    if ((!to_device && !from_device) || sim_is_memory(stream->device, to, bytes) != to_device ||
        sim_is_memory(stream->device, from, bytes) != from_device) {
        return sim_error(cudaErrorInvalidValue);
    }
    return add_work(stream, &(work){.kind = A_COPY, .to = to, .from = from, .bytes = bytes, .way = way});
}

cudaError_t cudaMemsetAsync(void *memory, int value, size_t bytes, cudaStream_t stream) {
    cudaError_t error = sim_called(__func__);
    if (error == cudaSuccess) error = may_tell(stream);
    if (error != cudaSuccess) return error;
    if (!sim_is_memory(stream->device, memory, bytes)) return sim_error(cudaErrorInvalidValue);
    return add_work(stream, &(work){.kind = A_CLEAR, .to = memory, .value = value, .bytes = bytes});
}

/* ---- events ---- */

cudaError_t cudaEventCreate(cudaEvent_t *event) {
    cudaError_t error = sim_called(__func__);
    if (error != cudaSuccess) return error;
    *event = calloc(1, sizeof **event);
    if (*event == NULL) return sim_error(cudaErrorMemoryAllocation);
    (*event)->device = sim_present();
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    cudaError_t error = sim_called(__func__);
    if (error == cudaSuccess) error = may_tell(stream);
    if (error != cudaSuccess) return error;
    if (event == NULL || event->device != stream->device || stream->capture != NULL) {
        return sim_error(cudaErrorInvalidResourceHandle);
    }
    event->is_recorded = true;
    event->is_done = false;
    return add_work(stream, &(work){.kind = AN_EVENT, .event = event});
}

cudaError_t cudaEventElapsedTime(float *took_ms, cudaEvent_t began, cudaEvent_t ended) {
    cudaError_t error = sim_called(__func__);
    if (error != cudaSuccess) return error;
    if (!began->is_recorded || !ended->is_recorded) return sim_error(cudaErrorInvalidResourceHandle);
    if (!began->is_done || !ended->is_done) return sim_error(cudaErrorNotReady);
    *took_ms = (float)(1e3 * (ended->at_s - began->at_s));
    return cudaSuccess;
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

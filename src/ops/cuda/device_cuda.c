/* ops/cuda/device_cuda.c: a GPU through the CUDA runtime, and the plug-in's two functions. The runtime is linked
 * statically and itself looks for the driver, libcuda.so.1; without one the functions say so.
 * Kernels are in kern_*.cu; this file is plain C. */
#include <cuda_runtime_api.h>
#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "ops/cuda/plugin.h"
#include "ops/cuda/program.h"
#include "ops/cuda/step.h"

#define CAPABILITY_LEAST 75 /* the oldest that the toolkit compiles for */
#define CAPABILITY_BF16  80

#define TIMED_MOST 8 /* replays between two waits whose time is taken one by one */

#define NAME(name, type) void ink_kern_##name(const type arguments);
INK_CUDA_KERNELS(NAME)
#undef NAME
void ink_kern_step(const ink_cuda_step arguments);

/* The host's function of each kernel, by which the runtime knows it. */
typedef void host_function(void);

static host_function *const functions[] = {
#define NAME(name, type) (host_function *)ink_kern_##name,
    INK_CUDA_KERNELS(NAME)
#undef NAME
};
static host_function *const step_function = (host_function *)ink_kern_step;

struct ink_gpu_record {
    cudaGraphExec_t exec; /* NULL: the kernel does it */
    void *table;          /* of the kernel, in the device's memory: entries, groups */
    ink_cuda_step step;
    uint32_t blocks;
};

typedef struct cuda_device {
    ink_gpu gpu; /* first */
    cudaStream_t stream;
    cudaError_t fault; /* the first; cudaSuccess while all is well */
    const char *doing; /* what failed */
    uint32_t number;
    bool is_open;
    uint32_t resident;    /* blocks of the kernel for whole steps that are on it at once; 0: it cannot start one */
    ink_cuda_spans spans; /* what is allocated */
    ink_cuda_table table; /* of the step that is recorded now */
    bool is_recording;
    cudaEvent_t began[TIMED_MOST], ended[TIMED_MOST];
    uint32_t n_timed; /* of them; their time is not yet part of busy_s */
    double busy_s;
} cuda_device;

/* One in a process; device.h and program.h would bear several. */
static cuda_device the_device;

static cuda_device *device_of(ink_gpu *gpu) {
    return (cuda_device *)(void *)gpu;
}

/* The address of a kernel, as the runtime wants it. */
static const void *address_of(host_function *function) {
    const void *address;
    memcpy(&address, &function, sizeof address);
    return address;
}

static void note(cuda_device *d, cudaError_t error, const char *doing) {
    if (error == cudaSuccess || d->fault != cudaSuccess) return;
    d->fault = error;
    d->doing = doing;
}

static ink_status fault_of(cuda_device *d, ink_error *err) {
    if (d->fault == cudaSuccess) return INK_OK;
    ink_fail(err, INK_E_INTERNAL, "the GPU failed while %s: %s (%s)", d->doing, cudaGetErrorString(d->fault),
             cudaGetErrorName(d->fault));
    ink_hint(err, "a run's last checkpoint stands: train --resume goes on from it");
    return INK_E_INTERNAL;
}

/* The present device is each thread's own matter: a new thread's is the first GPU. */
static void use(ink_gpu *gpu) {
    cuda_device *d = device_of(gpu);
    if (d->fault == cudaSuccess) note(d, cudaSetDevice((int)d->number), "turning to it");
}

/* ---- memory ---- */

static void *allocate(ink_gpu *gpu, size_t bytes, bool zeroed) {
    cuda_device *d = device_of(gpu);
    void *memory = NULL;
    if (d->fault != cudaSuccess) return NULL;
    cudaError_t error = cudaMalloc(&memory, bytes);
    if (error == cudaErrorMemoryAllocation) {
        (void)cudaGetLastError(); /* no fault: the caller says what would fit */
        return NULL;
    }
    note(d, error, "allocating memory");
    if (error != cudaSuccess) return NULL;
    if (!ink_cuda_spans_add(&d->spans, memory, bytes)) {
        note(d, cudaFree(memory), "freeing memory");
        return NULL;
    }
    if (zeroed) note(d, cudaMemsetAsync(memory, 0, bytes, d->stream), "clearing memory");
    return memory;
}

static void release(ink_gpu *gpu, void *memory) {
    if (memory == NULL) return;
    ink_cuda_spans_drop(&device_of(gpu)->spans, memory);
    note(device_of(gpu), cudaFree(memory), "freeing memory");
}

static void *allocate_host(ink_gpu *gpu, size_t bytes) {
    void *memory = NULL;
    if (device_of(gpu)->fault != cudaSuccess || cudaMallocHost(&memory, bytes) != cudaSuccess) return NULL;
    memset(memory, 0, bytes);
    return memory;
}

static void release_host(ink_gpu *gpu, void *memory) {
    if (memory != NULL) note(device_of(gpu), cudaFreeHost(memory), "freeing memory of the host");
}

static size_t spare(ink_gpu *gpu) {
    size_t left = 0, whole = 0;
    note(device_of(gpu), cudaMemGetInfo(&left, &whole), "asking for its memory");
    return left;
}

/* ---- work ---- */

/* All has been waited for: what it took. */
static void add_times(cuda_device *d) {
    for (uint32_t i = 0; i < d->n_timed && d->fault == cudaSuccess; i++) {
        float took_ms = 0;
        note(d, cudaEventElapsedTime(&took_ms, d->began[i], d->ended[i]), "taking the time");
        d->busy_s += 1e-3 * (double)took_ms;
    }
    d->n_timed = 0;
}

static ink_status wait_for(ink_gpu *gpu, ink_error *err) {
    cuda_device *d = device_of(gpu);
    if (d->fault == cudaSuccess) note(d, cudaStreamSynchronize(d->stream), "computing");
    add_times(d);
    return fault_of(d, err);
}

static void put(ink_gpu *gpu, void *to, const void *from, size_t bytes) {
    cuda_device *d = device_of(gpu);
    if (d->fault != cudaSuccess) return;
    note(d, cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, d->stream), "copying to it");
}

static ink_status get(ink_gpu *gpu, void *to, const void *from, size_t bytes, ink_error *err) {
    cuda_device *d = device_of(gpu);
    if (d->fault == cudaSuccess) {
        note(d, cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, d->stream), "copying from it");
    }
    return wait_for(gpu, err);
}

static void launch(ink_gpu *gpu, ink_cuda_kernel kernel, ink_gpu_size blocks, const void *arguments) {
    static const char *const doing[] = {
#define NAME(name, type) "starting the kernel " #name,
        INK_CUDA_KERNELS(NAME)
#undef NAME
    };
    cuda_device *d = device_of(gpu);
    union {
        const void *as_given;
        void *as_wanted; /* the runtime only reads it */
    } one = {arguments};
    if (d->fault != cudaSuccess) return;
    if (d->is_recording) {
        ink_cuda_table_add(&d->table, kernel, blocks.x, blocks.y, blocks.z, arguments, ink_cuda_arguments(kernel));
    }
    dim3 grid = {blocks.x, blocks.y, blocks.z}, block = {INK_BLOCK, 1, 1};
    note(d, cudaLaunchKernel(address_of(functions[kernel]), grid, block, &one.as_wanted, 0, d->stream), doing[kernel]);
}

static void drop(ink_gpu *gpu, ink_gpu_record *record) {
    if (record == NULL) return;
    if (record->exec != NULL) note(device_of(gpu), cudaGraphExecDestroy(record->exec), "forgetting a step");
    release(gpu, record->table);
    ink_mem_free(record);
}

static void begin(ink_gpu *gpu) {
    cuda_device *d = device_of(gpu);
    if (d->fault != cudaSuccess) return;
    d->is_recording = true;
    note(d, cudaStreamBeginCapture(d->stream, cudaStreamCaptureModeThreadLocal), "recording a step");
}

/* The table to the device; its entries begin where memory does, on 256 bytes. */
static void keep_table(cuda_device *d, ink_gpu_record *record) {
    const ink_cuda_table *t = &d->table;
    size_t entries = t->n * sizeof *t->entries, groups = t->n_groups * sizeof *t->groups;
    unsigned char *table = allocate(&d->gpu, entries + groups, false);
    if (table == NULL) return;
    record->table = table;
    record->step = (ink_cuda_step){.entries = (const ink_cuda_entry *)(const void *)table,
                                   .groups = (const ink_cuda_group *)(const void *)(table + entries),
                                   .n_groups = t->n_groups};
    record->blocks = t->widest < d->resident ? t->widest : d->resident;
    put(&d->gpu, table, t->entries, entries);
    put(&d->gpu, table + entries, t->groups, groups);
    if (d->fault == cudaSuccess) note(d, cudaStreamSynchronize(d->stream), "copying to it");
}

static bool is_for_kernel(cuda_device *d) {
    if (d->gpu.way == INK_GPU_GRAPH || d->resident == 0) return false;
    if (d->gpu.way == INK_GPU_CHOOSES && !ink_cuda_table_is_small(&d->table, d->resident)) return false;
    return ink_cuda_table_order(&d->table, &d->spans);
}

/* The step as a graph in which a launch waits for those only that it must wait for; NULL: it cannot be made, which is
 * no fault: there is the one that was captured, launch after launch. */
static cudaGraph_t branched(cuda_device *d) {
    ink_cuda_edges edges;
    cudaGraph_t graph = NULL;
    const ink_cuda_table *t = &d->table;
    if (!ink_cuda_table_edges(t, &d->spans, &edges)) return NULL;
    cudaGraphNode_t *nodes = ink_mem_new(2 * (size_t)t->n, sizeof *nodes); /* and those that one waits for */
    bool good = nodes != NULL && cudaGraphCreate(&graph, 0) == cudaSuccess;
    for (uint32_t i = 0; i < t->n && good; i++) {
        ink_cuda_entry *e = &t->entries[i];
        uint32_t count = edges.first[i + 1] - edges.first[i];
        const void *address = address_of(functions[e->kernel]);
        void *arguments[] = {e->arguments};
        struct cudaKernelNodeParams node = {
            .gridDim = {e->x, e->y, e->count / e->x / e->y}, .blockDim = {INK_BLOCK, 1, 1}, .kernelParams = arguments};
        memcpy(&node.func, &address, sizeof node.func);
        for (uint32_t k = 0; k < count; k++) nodes[t->n + k] = nodes[edges.before[edges.first[i] + k]];
        good = cudaGraphAddKernelNode(&nodes[i], graph, nodes + t->n, count, &node) == cudaSuccess;
    }
    ink_mem_free(nodes);
    ink_cuda_edges_clear(&edges);
    if (good) return graph;
    (void)cudaGetLastError();
    if (graph != NULL) note(d, cudaGraphDestroy(graph), "recording a step");
    return NULL;
}

static void make_graph(cuda_device *d, ink_gpu_record *record, cudaGraph_t captured) {
    cudaGraph_t graph = branched(d);
    note(d, cudaGraphInstantiate(&record->exec, graph != NULL ? graph : captured, 0), "making a graph of a step");
    if (graph != NULL) note(d, cudaGraphDestroy(graph), "recording a step");
}

static ink_status end(ink_gpu *gpu, ink_gpu_record **out, ink_error *err) {
    cuda_device *d = device_of(gpu);
    cudaGraph_t graph = NULL;
    ink_gpu_record *record = ink_mem_new(1, sizeof *record);
    *out = NULL;
    d->is_recording = false;
    cudaError_t ended = cudaStreamEndCapture(d->stream, &graph);
    note(d, ended, "recording a step");
    if (d->fault == cudaSuccess && record != NULL && is_for_kernel(d)) keep_table(d, record);
    if (d->fault == cudaSuccess && record != NULL && record->table == NULL) make_graph(d, record, graph);
    if (graph != NULL) note(d, cudaGraphDestroy(graph), "recording a step");
    ink_cuda_table_clear(&d->table);
    if (record == NULL) return ink_fail_memory(err, sizeof *record, "a recorded step");
    if (d->fault != cudaSuccess) {
        drop(gpu, record);
        return fault_of(d, err);
    }
    *out = record;
    return INK_OK;
}

static void start_kernel(cuda_device *d, const ink_gpu_record *record, uint32_t times) {
    ink_cuda_step step = record->step;
    void *arguments[] = {&step};
    dim3 grid = {record->blocks, 1, 1}, block = {INK_BLOCK, 1, 1};
    step.times = times;
    note(d, cudaLaunchCooperativeKernel(address_of(step_function), grid, block, arguments, 0, d->stream),
         "starting a step");
}

/* One more than TIMED_MOST counts with the last of them, and the pause between too. */
static void replay(ink_gpu *gpu, const ink_gpu_record *record, uint32_t times) {
    cuda_device *d = device_of(gpu);
    if (d->fault != cudaSuccess || times == 0) return;
    if (d->n_timed < TIMED_MOST) note(d, cudaEventRecord(d->began[d->n_timed++], d->stream), "taking the time");
    if (record->exec == NULL) start_kernel(d, record, times);
    for (uint32_t i = 0; record->exec != NULL && i < times && d->fault == cudaSuccess; i++) {
        note(d, cudaGraphLaunch(record->exec, d->stream), "starting a step");
    }
    if (d->fault == cudaSuccess) note(d, cudaEventRecord(d->ended[d->n_timed - 1], d->stream), "taking the time");
}

static double busy_s(ink_gpu *gpu) {
    return device_of(gpu)->busy_s;
}

/* ---- the plug-in ---- */

/* How many GPUs there are; with none, why. */
static int count_devices(char *why, size_t size) {
    int count = 0, driver = 0;
    cudaError_t error = cudaGetDeviceCount(&count);
    if (error == cudaSuccess && count > 0) return count;
    if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0) {
        snprintf(why, size, "there is no NVIDIA driver (libcuda.so.1)");
    } else if (error == cudaErrorInsufficientDriver) {
        snprintf(why, size, "the NVIDIA driver knows CUDA %d.%d, this build needs %d.%d", driver / 1000,
                 driver % 1000 / 10, CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10);
    } else if (error == cudaErrorNoDevice || error == cudaSuccess) {
        snprintf(why, size, "the NVIDIA driver sees no GPU");
    } else {
        snprintf(why, size, "the NVIDIA driver says: %s", cudaGetErrorString(error));
    }
    return 0;
}

/* How many blocks of the kernel for whole steps are on the GPU at once. */
static void count_resident(cuda_device *d, const struct cudaDeviceProp *about) {
    int can = 0, each = 0;
    const void *kernel = address_of(step_function);
    note(d, cudaDeviceGetAttribute(&can, cudaDevAttrCooperativeLaunch, (int)d->number), "asking what it is");
    if (d->fault != cudaSuccess || can == 0) return;
    note(d, cudaOccupancyMaxActiveBlocksPerMultiprocessor(&each, kernel, (int)INK_BLOCK, 0), "loading kernels");
    if (d->fault == cudaSuccess) d->resident = (uint32_t)(each * about->multiProcessorCount);
}

/* Is there no code for this GPU, nor any that its driver can compile for it? */
static bool is_without_code(cudaError_t error) {
    return error == cudaErrorNoKernelImageForDevice || error == cudaErrorUnsupportedPtxVersion ||
           error == cudaErrorInvalidPtx || error == cudaErrorJitCompilerNotFound;
}

static ink_status attach(cuda_device *d, uint32_t number, ink_error *err) {
    struct cudaDeviceProp about;
    int at = (int)number;
    note(d, cudaSetDevice(at), "opening it");
    if (d->fault == cudaSuccess) note(d, cudaGetDeviceProperties(&about, at), "asking what it is");
    if (d->fault != cudaSuccess) return fault_of(d, err);
    int capability = 10 * about.major + about.minor;
    snprintf(d->gpu.name, sizeof d->gpu.name, "%.100s", about.name);
    if (capability < CAPABILITY_LEAST) {
        return ink_fail(err, INK_E_ABSENT, "cuda:%u: %s has compute capability %d.%d; this build needs 7.5", number,
                        about.name, about.major, about.minor);
    }
    note(d, cudaStreamCreateWithFlags(&d->stream, cudaStreamNonBlocking), "making a stream");
    for (int i = 0; i < TIMED_MOST && d->fault == cudaSuccess; i++) {
        note(d, cudaEventCreate(&d->began[i]), "making a clock");
        if (d->fault == cudaSuccess) note(d, cudaEventCreate(&d->ended[i]), "making a clock");
    }
    /* Each kernel is loaded now, for none can be while a step is recorded. Code made for an older GPU has no bf16. */
    int oldest = capability;
    for (int kernel = 0; kernel < INK_KERN_COUNT && d->fault == cudaSuccess; kernel++) {
        struct cudaFuncAttributes facts;
        cudaError_t error = cudaFuncGetAttributes(&facts, address_of(functions[kernel]));
        if (is_without_code(error)) {
            return ink_fail(err, INK_E_ABSENT, "cuda:%u: %s: this build has no code for compute capability %d.%d (%s)",
                            number, about.name, about.major, about.minor, cudaGetErrorString(error));
        }
        note(d, error, "loading kernels");
        if (d->fault == cudaSuccess && facts.ptxVersion < oldest) oldest = facts.ptxVersion;
    }
    d->gpu.has_bf16 = oldest >= CAPABILITY_BF16;
    if (d->fault == cudaSuccess) count_resident(d, &about);
    return fault_of(d, err);
}

static ink_status plugin_open(uint32_t number, const ink_backend **out, ink_error *err) {
    char why[160] = "";
    cuda_device *d = &the_device;
    *out = NULL;
    if (d->is_open && d->number != number) {
        return ink_fail(err, INK_E_ABSENT, "cuda:%u: this process computes on cuda:%u already; one GPU at a time",
                        number, d->number);
    }
    if (d->is_open) { /* a fault that it has compile returns: another thread may be at work on it */
        *out = ink_cuda_backend(&d->gpu);
        return INK_OK;
    }
    int count = count_devices(why, sizeof why);
    if (count == 0) {
        ink_fail(err, INK_E_ABSENT, "cuda:%u: %s", number, why);
        ink_hint(err, "--device cpu computes on the processor; inkling doctor tells more");
        return INK_E_ABSENT;
    }
    if (number >= (uint32_t)count) {
        return ink_fail(err, INK_E_ABSENT, "cuda:%u: this machine has %d GPU%s, from cuda:0", number, count,
                        count == 1 ? "" : "s");
    }
    *d = (cuda_device){.gpu = {.use = use,
                               .allocate = allocate,
                               .release = release,
                               .allocate_host = allocate_host,
                               .release_host = release_host,
                               .spare = spare,
                               .put = put,
                               .get = get,
                               .wait = wait_for,
                               .launch = launch,
                               .begin = begin,
                               .end = end,
                               .replay = replay,
                               .drop = drop,
                               .busy_s = busy_s},
                       .number = number};
    ink_status status = attach(d, number, err);
    if (status != INK_OK) return status;
    d->is_open = true;
    *out = ink_cuda_backend(&d->gpu);
    return INK_OK;
}

static void plugin_tell(ink_cuda_state *state) {
    struct cudaDeviceProp about;
    char why[160] = "";
    int count = count_devices(why, sizeof why), driver = 0;
    (void)cudaDriverGetVersion(&driver);
    state->driver = driver;
    state->devices = (uint32_t)count;
    if (count == 0) {
        snprintf(state->text, sizeof state->text, "not used: %s", why);
        return;
    }
    if (cudaGetDeviceProperties(&about, 0) != cudaSuccess) {
        snprintf(state->text, sizeof state->text, "cuda:0 does not answer");
        snprintf(state->remedy, sizeof state->remedy, "see what nvidia-smi says; update the NVIDIA driver");
        return;
    }
    snprintf(state->text, sizeof state->text,
             "%.60s, %.1f GB, compute capability %d.%d, driver for CUDA %d.%d; %d in all", about.name,
             (double)about.totalGlobalMem / 1e9, about.major, about.minor, driver / 1000, driver % 1000 / 10, count);
}

static void plugin_force(int way, int tile) {
    the_device.gpu.way = (ink_gpu_way)way;
    the_device.gpu.tile = (ink_gpu_tile)tile;
}

INK_API extern const struct ink_cuda_plugin ink_cuda_plugin;
const struct ink_cuda_plugin ink_cuda_plugin = {.version = INK_CUDA_VERSION,
                                                .sizes = INK_CUDA_PLUGIN_SIZES,
                                                .open = plugin_open,
                                                .tell = plugin_tell,
                                                .force = plugin_force};

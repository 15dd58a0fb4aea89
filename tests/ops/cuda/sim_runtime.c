/* tests/ops/cuda/sim_runtime.c: the CUDA runtime over a simulated GPU: devices, memory, errors, kernels by their names.
 * Streams and graphs are sim_work.c's. */
#define _POSIX_C_SOURCE 200809L
#include "sim.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/cuda/kernels.h"
#include "ops/cuda/step.h"

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): parameters are named as in the rest of the house */

#define DEVICES_MOST 8
#define MODULES_MOST 32
#define ALIGNMENT    256u
#define TURNS_MOST   2000000000u

/* The addresses by which device_cuda.c knows its kernels. Nothing calls these functions. */
#define NAME(name, type)                                                                                               \
    void ink_kern_##name(const type arguments);                                                                        \
    void ink_kern_##name(const type arguments) {                                                                       \
        (void)arguments;                                                                                               \
    }
INK_CUDA_KERNELS(NAME)
NAME(step, ink_cuda_step)
#undef NAME

typedef void host_function(void);

static const struct {
    host_function *address;
    const char *name;
} names[] = {
#define NAME(name, type) {(host_function *)ink_kern_##name, "ink_kern_" #name},
    INK_CUDA_KERNELS(NAME) NAME(step, )
#undef NAME
};

#define N_KERNELS (sizeof names / sizeof *names)

typedef struct allocation {
    unsigned char *memory;
    size_t bytes;
    int device;
} allocation;

static struct {
    pthread_once_t once;
    int devices, driver, capability;
    size_t memory_bytes, largest_bytes, used[DEVICES_MOST];
    uint32_t blocks; /* of the kernel for whole steps, at once */
    uint64_t seed;
    char fails[64]; /* name of the function that fails */
    uint64_t fails_at, calls;
    cudaError_t fails_with;
    cudaError_t fault;
    char why[512];
    allocation *allocations; /* rising */
    size_t n, room;
    ptx_module *modules[MODULES_MOST];
    size_t n_modules;
    const ptx_kernel *kernels[N_KERNELS];
    uint64_t runs[N_KERNELS], instructions[N_KERNELS];
    char unread[256]; /* why the kernels could not be read */
    int pages, graphs, execs;
} sim = {.once = PTHREAD_ONCE_INIT};

static _Thread_local int present;
static _Thread_local cudaError_t last;

/* ---- the beginning ---- */

static unsigned long long setting(const char *name, unsigned long long otherwise) {
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static char *whole_file(const char *path) {
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    if (file != NULL && fseek(file, 0, SEEK_END) == 0) {
        long bytes = ftell(file);
        text = bytes >= 0 ? malloc((size_t)bytes + 1) : NULL;
        rewind(file);
        if (text != NULL) text[fread(text, 1, (size_t)bytes, file)] = '\0';
    }
    if (file != NULL) (void)fclose(file);
    return text;
}

/* INK_SIM_PTX: paths of the kernels' PTX, apart by colons, from the build. */
static void read_kernels(void) {
    char paths[] = INK_SIM_PTX, *rest = paths;
    for (char *path = strtok_r(paths, ":", &rest); path != NULL; path = strtok_r(NULL, ":", &rest)) {
        char *text = whole_file(path), why[200] = "it cannot be read";
        ptx_module *module = text != NULL && sim.n_modules < MODULES_MOST ? ptx_read(text, why, sizeof why) : NULL;
        free(text);
        if (module != NULL) {
            sim.modules[sim.n_modules++] = module;
        } else if (sim.unread[0] == '\0') {
            snprintf(sim.unread, sizeof sim.unread, "%.100s: %.150s", path, why);
        }
    }
    for (size_t i = 0; i < N_KERNELS; i++) {
        for (size_t m = 0; m < sim.n_modules && sim.kernels[i] == NULL; m++) {
            sim.kernels[i] = ptx_find(sim.modules[m], names[i].name);
        }
        if (sim.kernels[i] == NULL && sim.unread[0] == '\0') {
            snprintf(sim.unread, sizeof sim.unread, "%s is in no PTX", names[i].name);
        }
    }
}

static void end_all(void) {
    const char *path = getenv("INK_SIM_TOLD");
    FILE *file = path != NULL ? fopen(path, "w") : NULL;
    if (file != NULL) {
        fprintf(file, "left %zu %d %d %d\n", sim.n, sim.pages, sim.graphs, sim.execs);
        for (size_t i = 0; i < N_KERNELS; i++) {
            fprintf(file, "%s %" PRIu64 " %" PRIu64 "\n", names[i].name, sim.runs[i], sim.instructions[i]);
        }
        (void)fclose(file);
    }
    for (size_t m = 0; m < sim.n_modules; m++) ptx_free(sim.modules[m]);
    if (sim.n == 0) free(sim.allocations);
}

static void begin_all(void) {
    const char *devices = getenv("INK_SIM_DEVICES"), *fails = getenv("INK_SIM_FAIL");
    sim.driver = devices != NULL && strcmp(devices, "no") == 0 ? 0 : (int)setting("INK_SIM_DRIVER", CUDART_VERSION);
    sim.devices = (int)setting("INK_SIM_DEVICES", 1);
    if (sim.devices > DEVICES_MOST) sim.devices = DEVICES_MOST;
    sim.capability = (int)setting("INK_SIM_CAPABILITY", 90);
    sim.memory_bytes = (size_t)setting("INK_SIM_MEMORY", (size_t)1 << 30);
    sim.largest_bytes = (size_t)setting("INK_SIM_LARGEST", sim.memory_bytes);
    sim.blocks = (uint32_t)setting("INK_SIM_BLOCKS", 8);
    sim.seed = setting("INK_SIM_SEED", 1);
    int with = 0;
    unsigned long long at = 0;
    if (fails != NULL && sscanf(fails, "%63[^:]:%llu:%d", sim.fails, &at, &with) == 3) {
        sim.fails_at = at;
        sim.fails_with = (cudaError_t)with;
    }
    if (sim.driver != 0 && sim.devices > 0) read_kernels();
    (void)atexit(end_all);
}

uint32_t sim_draw(uint32_t below) {
    sim.seed = sim.seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(sim.seed >> 33) % below;
}

/* ---- errors ---- */

cudaError_t sim_error(cudaError_t error) {
    if (error != cudaSuccess) last = error;
    return error;
}

cudaError_t sim_called(const char *name) {
    (void)pthread_once(&sim.once, begin_all);
    if (sim.driver == 0) return sim_error(cudaErrorInsufficientDriver);
    if (sim.driver < CUDART_VERSION) return sim_error(cudaErrorInsufficientDriver);
    if (sim.devices == 0) return sim_error(cudaErrorNoDevice);
    if (sim.fault != cudaSuccess) return sim_error(sim.fault);
    if (strcmp(name, sim.fails) != 0 || ++sim.calls != sim.fails_at) return cudaSuccess;
    if (sim.fails_with == cudaErrorIllegalAddress || sim.fails_with == cudaErrorLaunchFailure) {
        sim_fault(sim.fails_with, "INK_SIM_FAIL asked for it");
    }
    return sim_error(sim.fails_with);
}

void sim_fault(cudaError_t error, const char *why) {
    if (sim.fault != cudaSuccess) return;
    sim.fault = error;
    snprintf(sim.why, sizeof sim.why, "%s", why);
}

cudaError_t cudaGetLastError(void) {
    cudaError_t error = sim.fault != cudaSuccess ? sim.fault : last;
    last = cudaSuccess;
    return error;
}

const char *cudaGetErrorName(cudaError_t error) {
    switch (error) {
    case cudaSuccess: return "cudaSuccess";
    case cudaErrorInvalidValue: return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation: return "cudaErrorMemoryAllocation";
    case cudaErrorInsufficientDriver: return "cudaErrorInsufficientDriver";
    case cudaErrorNoDevice: return "cudaErrorNoDevice";
    case cudaErrorInvalidDevice: return "cudaErrorInvalidDevice";
    case cudaErrorInvalidConfiguration: return "cudaErrorInvalidConfiguration";
    case cudaErrorInvalidDeviceFunction: return "cudaErrorInvalidDeviceFunction";
    case cudaErrorNoKernelImageForDevice: return "cudaErrorNoKernelImageForDevice";
    case cudaErrorInvalidPtx: return "cudaErrorInvalidPtx";
    case cudaErrorInvalidResourceHandle: return "cudaErrorInvalidResourceHandle";
    case cudaErrorNotReady: return "cudaErrorNotReady";
    case cudaErrorIllegalAddress: return "cudaErrorIllegalAddress";
    case cudaErrorLaunchFailure: return "cudaErrorLaunchFailure";
    case cudaErrorCooperativeLaunchTooLarge: return "cudaErrorCooperativeLaunchTooLarge";
    case cudaErrorStreamCaptureUnsupported: return "cudaErrorStreamCaptureUnsupported";
    case cudaErrorStreamCaptureInvalidated: return "cudaErrorStreamCaptureInvalidated";
    case cudaErrorStreamCaptureUnmatched: return "cudaErrorStreamCaptureUnmatched";
    default: return "another error";
    }
}

const char *cudaGetErrorString(cudaError_t error) {
    return error == sim.fault && error != cudaSuccess ? sim.why : cudaGetErrorName(error);
}

/* ---- devices ---- */

int sim_present(void) {
    return present;
}

cudaError_t cudaDriverGetVersion(int *version) {
    (void)pthread_once(&sim.once, begin_all);
    *version = sim.driver;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int *count) {
    cudaError_t error = sim_called(__func__);
    *count = error == cudaSuccess ? sim.devices : 0;
    return error;
}

cudaError_t cudaSetDevice(int device) {
    cudaError_t error = sim_called(__func__);
    if (error != cudaSuccess) return error;
    if (device < 0 || device >= sim.devices) return sim_error(cudaErrorInvalidDevice);
    present = device;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *about, int device) {
    cudaError_t error = sim_called(__func__);
    if (error != cudaSuccess) return error;
    if (device < 0 || device >= sim.devices) return sim_error(cudaErrorInvalidDevice);
    memset(about, 0, sizeof *about);
    snprintf(about->name, sizeof about->name, "simulated GPU");
    about->major = sim.capability / 10;
    about->minor = sim.capability % 10;
    about->totalGlobalMem = sim.memory_bytes;
    about->multiProcessorCount = sim.blocks > 0 ? (int)sim.blocks : 1;
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attribute, int device) {
    cudaError_t error = sim_called(__func__);
    if (error != cudaSuccess) return error;
    if (device < 0 || device >= sim.devices) return sim_error(cudaErrorInvalidDevice);
    if (attribute != cudaDevAttrCooperativeLaunch) return sim_error(cudaErrorInvalidValue);
    *value = sim.blocks > 0;
    return cudaSuccess;
}

/* ---- kernels ---- */

static size_t number_of(const void *address) {
    for (size_t i = 0; i < N_KERNELS; i++) {
        const void *own;
        memcpy(&own, &names[i].address, sizeof own);
        if (own == address) return i;
    }
    return N_KERNELS;
}

const ptx_kernel *sim_kernel(const void *address) {
    size_t number = number_of(address);
    return number < N_KERNELS ? sim.kernels[number] : NULL;
}

/* PTX that is for a newer GPU is no code for this one. */
cudaError_t cudaFuncGetAttributes(struct cudaFuncAttributes *facts, const void *function) {
    cudaError_t error = sim_called(__func__);
    const ptx_kernel *kernel = sim_kernel(function);
    if (error != cudaSuccess) return error;
    if (kernel == NULL) {
        sim_fault(cudaErrorInvalidDeviceFunction, sim.unread);
        return sim_error(cudaErrorInvalidDeviceFunction);
    }
    ptx_facts known = ptx_facts_of(kernel);
    if ((int)known.target > sim.capability) return sim_error(cudaErrorNoKernelImageForDevice);
    memset(facts, 0, sizeof *facts);
    facts->ptxVersion = (int)known.target;
    facts->binaryVersion = sim.capability;
    facts->sharedSizeBytes = known.shared_bytes;
    facts->localSizeBytes = known.local_bytes;
    facts->maxThreadsPerBlock = (int)known.threads_most;
    return cudaSuccess;
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, const void *function, int threads,
                                                          size_t shared) {
    cudaError_t error = sim_called(__func__);
    if (error != cudaSuccess) return error;
    if (sim_kernel(function) == NULL || threads <= 0 || shared != 0) return sim_error(cudaErrorInvalidValue);
    *blocks = 1;
    return cudaSuccess;
}

cudaError_t sim_can_start(const ptx_kernel *kernel, dim3 grid, dim3 block, bool cooperative) {
    if (kernel == NULL) return sim_error(cudaErrorInvalidDeviceFunction);
    uint64_t threads = (uint64_t)block.x * block.y * block.z, blocks = (uint64_t)grid.x * grid.y * grid.z;
    if (threads == 0 || threads > ptx_facts_of(kernel).threads_most || blocks == 0 || grid.x > 0x7fffffffu ||
        grid.y > 65535 || grid.z > 65535) {
        return sim_error(cudaErrorInvalidConfiguration);
    }
    if (cooperative && blocks > sim.blocks) return sim_error(cudaErrorCooperativeLaunchTooLarge);
    return cudaSuccess;
}

cudaError_t sim_run(int device, const ptx_kernel *kernel, dim3 grid, dim3 block, const void *arguments,
                    bool cooperative) {
    char why[400] = "no memory";
    uint64_t instructions = 0;
    ptx_span *spans = calloc(sim.n + 1, sizeof *spans);
    uint32_t n = 0;
    for (size_t i = 0; i < sim.n && spans != NULL; i++) {
        if (sim.allocations[i].device != device) continue;
        spans[n++] = (ptx_span){sim.allocations[i].memory, sim.allocations[i].bytes};
    }
    ptx_launch launch = {.kernel = kernel,
                         .grid = {grid.x, grid.y, grid.z},
                         .block = {block.x, block.y, block.z},
                         .arguments = arguments,
                         .cooperative = cooperative,
                         .seed = sim_draw(UINT32_MAX),
                         .spans = spans,
                         .n_spans = n,
                         .resident = 1 + sim_draw(4),
                         .turns = TURNS_MOST,
                         .done = &instructions};
    if (spans == NULL || !ptx_run(&launch, why, sizeof why)) sim_fault(cudaErrorIllegalAddress, why);
    free(spans);
    for (size_t i = 0; i < N_KERNELS; i++) {
        if (sim.kernels[i] != kernel) continue;
        sim.runs[i]++;
        sim.instructions[i] += instructions;
    }
    return sim.fault;
}

/* ---- memory ---- */

/* Which allocation is the last that begins at or before memory; n: none. */
static size_t place_of(const void *memory) {
    size_t found = sim.n;
    for (size_t i = 0; i < sim.n && (uintptr_t)sim.allocations[i].memory <= (uintptr_t)memory; i++) found = i;
    return found;
}

bool sim_is_memory(int device, const void *from, size_t bytes) {
    size_t at = place_of(from);
    if (at == sim.n || sim.allocations[at].device != device) return false;
    size_t offset = (size_t)((const unsigned char *)from - sim.allocations[at].memory);
    return offset <= sim.allocations[at].bytes && bytes <= sim.allocations[at].bytes - offset;
}

cudaError_t cudaMalloc(void **memory, size_t bytes) {
    cudaError_t error = sim_called(__func__);
    *memory = NULL;
    if (error != cudaSuccess || bytes == 0) return error;
    if (sim_breaks_capture()) return sim_error(cudaErrorStreamCaptureUnsupported);
    if (bytes > sim.memory_bytes - sim.used[present] || bytes > sim.largest_bytes) {
        return sim_error(cudaErrorMemoryAllocation);
    }
    if (sim.n == sim.room) {
        size_t room = 2 * sim.room + 16;
        allocation *more = realloc(sim.allocations, room * sizeof *more);
        if (more == NULL) return sim_error(cudaErrorMemoryAllocation);
        sim.allocations = more;
        sim.room = room;
    }
    unsigned char *fresh = aligned_alloc(ALIGNMENT, (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    if (fresh == NULL) return sim_error(cudaErrorMemoryAllocation);
    memset(fresh, 0xff, bytes);
    size_t at = place_of(fresh) == sim.n ? 0 : place_of(fresh) + 1;
    memmove(sim.allocations + at + 1, sim.allocations + at, (sim.n - at) * sizeof *sim.allocations);
    sim.allocations[at] = (allocation){fresh, bytes, present};
    sim.n++;
    sim.used[present] += bytes;
    *memory = fresh;
    return cudaSuccess;
}

/* Waits for the device, as the runtime does. */
cudaError_t cudaFree(void *memory) {
    cudaError_t error = sim_called(__func__);
    if (error != cudaSuccess || memory == NULL) return error;
    if (sim_breaks_capture()) return sim_error(cudaErrorStreamCaptureUnsupported);
    size_t at = place_of(memory);
    if (at == sim.n || sim.allocations[at].memory != memory) return sim_error(cudaErrorInvalidValue);
    error = sim_finish(sim.allocations[at].device);
    sim.used[sim.allocations[at].device] -= sim.allocations[at].bytes;
    sim.n--;
    memmove(sim.allocations + at, sim.allocations + at + 1, (sim.n - at) * sizeof *sim.allocations);
    free(memory);
    return error;
}

cudaError_t cudaMallocHost(void **memory, size_t bytes) {
    cudaError_t error = sim_called(__func__);
    *memory = NULL;
    if (error != cudaSuccess) return error;
    if (sim_breaks_capture()) return sim_error(cudaErrorStreamCaptureUnsupported);
    *memory = malloc(bytes > 0 ? bytes : 1);
    if (*memory == NULL) return sim_error(cudaErrorMemoryAllocation);
    sim.pages++;
    return cudaSuccess;
}

cudaError_t cudaFreeHost(void *memory) {
    cudaError_t error = sim_called(__func__);
    if (error != cudaSuccess || memory == NULL) return error;
    if (sim_breaks_capture()) return sim_error(cudaErrorStreamCaptureUnsupported);
    error = sim_finish(present);
    sim.pages--;
    free(memory);
    return error;
}

cudaError_t cudaMemGetInfo(size_t *left, size_t *whole) {
    cudaError_t error = sim_called(__func__);
    if (error != cudaSuccess) return error;
    *whole = sim.memory_bytes;
    *left = sim.memory_bytes - sim.used[present];
    return cudaSuccess;
}

void sim_count_graphs(int by) {
    sim.graphs += by;
}

void sim_count_execs(int by) {
    sim.execs += by;
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

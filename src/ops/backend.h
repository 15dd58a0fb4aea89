/* ops/backend.h: who computes a graph. A backend compiles a graph into a program: it chooses layouts,
 * algorithms and the order of sums, once, from shapes alone; a run then only walks the plan and allocates
 * nothing.
 *
 *   const ink_backend *b = ink_backend_find("cpu");
 *   ink_program *train = NULL, *eval = NULL;
 *   st = b->compile(&train_graph, &(ink_compile_options){.max_batch = 64, .pool = pool}, &train, &err);
 *   st = b->compile(&eval_graph, &(ink_compile_options){.max_batch = 1000, .pool = pool, .share = train}, &eval, &err);
 *   st = b->write(train, ink_graph_find(&train_graph, "fc.weight"), weights, count, &err);
 *   st = b->run(train, &batch, &err);
 *   b->free(eval);
 *   b->free(train);
 *
 * Threads  A program, and those it shares memory with, are used by one thread at a time; others of the same backend
 *          at the same time by others: where these share a device, they wait for each other.
 * Layouts  In and out, everything is PyTorch's: dense row-major NCHW floats, weights [K][C][R][S]. */
#ifndef INK_OPS_BACKEND_H
#define INK_OPS_BACKEND_H

#include "core/augment.h"
#include "core/pool.h"
#include "ops/graph.h"

typedef enum ink_precision {
    INK_PRECISION_AUTO, /* bf16 where the processor multiplies it natively and no slower, else f32 */
    INK_PRECISION_F32,
    INK_PRECISION_BF16, /* inputs of linear and conv2d rounded to bfloat16; sums, master weights, the rest f32 */
    INK_PRECISION_TF32  /* the same with 11 significant bits, ties away from 0: GPUs, and ref */
} ink_precision;

/* Each backend has its own struct ink_program; the first member of all is `const ink_backend *backend`, so
 * that compile can refuse to share memory with another backend's program. */
typedef struct ink_program ink_program;

typedef struct ink_compile_options {
    uint32_t max_batch;                /* images a run may bring; 1 .. 65536 */
    ink_precision precision;           /* AUTO is resolved by the backend; precision_of tells */
    bool exact;                        /* only algorithms whose bits are the same for every ISA (no Winograd) */
    const struct ink_kernels *kernels; /* for tests of the cpu backend: its inner loops; NULL: this processor's best */
    ink_pool *pool;                    /* borrowed for the program's life; NULL: the caller's thread alone */
    ink_program *share;                /* parameters and states of the same name are one memory with this program's;
                              * borrowed, must outlive the new one; NULL: own memory, all zero */
} ink_compile_options;

/* One run's input, and its results. Arrays are borrowed for the call. */
typedef struct ink_batch {
    uint32_t n;            /* images, 1 .. max_batch */
    const uint8_t *images; /* [n][H][W]; when the graph has INK_ROLE_IMAGES */
    const uint8_t *labels; /* [n]; when the graph has INK_ROLE_LABELS */
    const ink_warp *warps; /* [n]; when the graph has INK_ROLE_WARPS */
    const uint32_t *rows;  /* run_rows: [n] of the attached set, in place of images, labels and warps */
    uint64_t seed;         /* dropout; run_rows: distortions too */
    uint64_t epoch;        /* run_rows: distortions */
    uint64_t step;         /* from 1: dropout, Adam's correction, averages */
    float lr;              /* optimizer nodes */
    /* results, set by run when the graph has the node */
    double loss_sum;      /* cross_entropy: sum over n, not the mean */
    uint32_t correct;     /* cross_entropy: images whose first highest logit is the label */
    double gradient_norm; /* clip */
} ink_batch;

/* Images and labels in a device's memory, so that a step brings the numbers of their rows alone. */
typedef struct ink_resident ink_resident;

/* What becomes resident: copied by bring. */
typedef struct ink_resident_source {
    const uint8_t *images; /* [count][height][width] */
    const uint8_t *labels; /* [count], or NULL */
    uint32_t count, height, width;
    /* How warps are drawn: as data/augment.h's ink_augment_draw of (seed, epoch, row) does, bit for bit. NULL: what is
     * attached has no warps. */
    const ink_augment *augment;
} ink_resident_source;

#define INK_STEPS_MOST 64u /* of one run_rows */

typedef struct ink_backend {
    const char *name; /* "ref", "ref64", "cpu", "cuda" */

    /* Plans and allocates. The graph is borrowed for the call only (the program keeps what it needs).
     * Errors   INK_E_USAGE a graph whose check fails, bad options; INK_E_ABSENT the precision, or an
     * operation that this backend lacks, named; INK_E_MEMORY with the number of bytes. */
    ink_status (*compile)(const ink_graph *g, const ink_compile_options *options, ink_program **out, ink_error *err);

    /* Runs every node for batch->n images. Errors: INK_E_USAGE n out of range or an array missing; INK_E_DATA
     * a label that is no class; a device's fault. Results do not depend on the pool's number of threads. */
    ink_status (*run)(ink_program *program, ink_batch *batch, ink_error *err);

    /* Copies a value out of or into the program, in PyTorch's layout; count must be its number of elements
     * (times n of the last run for batched values). read: parameters, states, and values marked as output.
     * write: parameters, states, inputs. For an input, count / elements gives n. */
    ink_status (*read)(const ink_program *program, ink_id value, float *to, size_t count, ink_error *err);
    ink_status (*write)(ink_program *program, ink_id value, const float *from, size_t count, ink_error *err);

    /* ---- a data set in the device's memory: all four, or NULL where batches point into the host's memory anyway ----
     *
     *   st = b->bring(&(ink_resident_source){.images = pixels, .labels = labels, .count = 42000, ...}, &set, &err);
     *   st = b->attach(train, set, 64, &err);
     *   st = b->run_rows(train, batches, 64, &err); // batches[i].rows, .step, .lr; each gets its results
     *   b->let_go(set); */

    /* Errors: INK_E_MEMORY it does not fit, and nothing is taken; a device's fault. */
    ink_status (*bring)(const ink_resident_source *from, ink_resident **out, ink_error *err);
    /* run_rows will read this set and do up to `steps` (at most INK_STEPS_MOST) in a call. The set is borrowed while
     * run_rows is called. Once per program. Errors: INK_E_USAGE a set without the labels, the augmentation or the size
     * of image that the graph wants; INK_E_MEMORY: run is as it was. */
    ink_status (*attach)(ink_program *program, const ink_resident *set, uint32_t steps, ink_error *err);
    /* What run does `count` times, batch after batch: the same bits. The caller waits once. Errors: INK_E_USAGE a row
     * or batch out of range, INK_E_DATA a label that is no class, then nothing is run; a device's fault. */
    ink_status (*run_rows)(ink_program *program, ink_batch *batches, uint32_t count, ink_error *err);
    /* NULL is fine. */
    void (*let_go)(ink_resident *set);

    /* What AUTO became. */
    ink_precision (*precision_of)(const ink_program *program);
    /* Bytes of memory that the program holds, shared parts left out. */
    size_t (*memory_of)(const ink_program *program);
    /* Seconds that its device has computed since it was opened, up to the end of the last run. NULL: it has none, the
     * processor computes. */
    double (*busy_s)(void);
    /* NULL is fine. */
    void (*free)(ink_program *program);
} ink_backend;

/* The backend of that name, or NULL. Static. */
const ink_backend *ink_backend_find(const char *name);

/* The plain loops in float and in double: the judge. */
extern const ink_backend ink_backend_ref;
extern const ink_backend ink_backend_ref64;
/* The fast one. */
extern const ink_backend ink_backend_cpu;

/* The instruction set that the fast one multiplies with here: "generic", "avx2", "avx512", "avx512bf16", "amx". Static;
 * NULL when INK_ISA asks for what cannot be had. */
const char *ink_cpu_isa(void);

/* ink_warp_apply (core/warp.h), or what gives its bits sooner on this processor. Never NULL. */
typedef void ink_warper(const ink_warp *warp, const uint8_t *image, uint32_t height, uint32_t width, float *out);
ink_warper *ink_cpu_warper(void);

/* ---- GPUs: a plug-in, opened when one is asked for (ops/cuda/load.c, or absent.c in a build without it) ---- */

/* The backend "cuda" on GPU `number`. Static; one GPU in a process.
 * Errors   INK_E_ABSENT no plug-in, no driver, no such GPU, one too old: which, in words; INK_E_INTERNAL its fault. */
INK_MUST_USE ink_status ink_cuda_open(uint32_t number, const ink_backend **out, ink_error *err);

/* Does this program know of the plug-in? Whether it is there, and a GPU, is another matter. */
extern const bool ink_cuda_is_built;

/* What there is of a GPU and what it needs, as far as it can be seen without using it. */
typedef struct ink_cuda_state {
    bool has_plugin;
    int driver;       /* CUDA's version that the driver knows, 12040 for 12.4; 0: no driver */
    uint32_t devices; /* GPUs */
    char text[240];   /* all that in one line */
    char remedy[200]; /* what to do about a fault, or "" */
} ink_cuda_state;
void ink_cuda_tell(ink_cuda_state *state);

/* For tests, once the backend is open: how the steps of programs are done from now on. way 0: as it chooses; 1: kernel
 * after kernel; 2: by one kernel (ops/cuda/step.h), where that has all of them. tile 0: as it chooses; 1 to 4: which
 * size products of bf16 have (ops/cuda/device.h). Same bits. */
void ink_cuda_force(int way, int tile);

/* What a core can do at best in the fast one's instructions: multiplies and adds *flops times from registers alone, the
 * more the more rounds. Returns their sum, so that none is left out. For benchmarks, which time it. */
float ink_cpu_sprint(ink_precision precision, uint64_t rounds, double *flops);

#endif

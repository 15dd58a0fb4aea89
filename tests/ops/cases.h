/* tests/ops/cases.h: small networks as lines of text, one list for all tests of backends: every shape of our own nets
 * once, and shapes at the edges of blocks (tile-1, tile, tile+1 around 8, 16, 32; odd pads; strides 2, 3; N = 1).
 *
 *   "5 x 64x28x28: conv 64 3x3 p1, bn, relu, maxpool 2x2 s2"
 *
 * N images, the shape of one (`x`: float inputs; `img`: bytes, one channel), then the layers:
 *   normalise C | scale C (shifts nothing) | warp   of an img
 *   conv K RxS [sSTRIDE] [pPAD] [ePAD_END] [bias]   ·   depthwise likewise, without K
 *   linear K [bias]   ·   flatten
 *   bn | bn-plain (no gamma, beta) | bn-eval   ·   relu leaky silu gelu hardswish   ·   dropout   ·   softmax
 *   maxpool RxS [sSTRIDE] [pPAD]   ·   avgpool likewise   ·   gap   ·   gmp
 *   mark (keeps the value) · other (exchanges it with the kept one) · add (adds the kept one)
 *   frozen (the last parameter does not learn) · loss SMOOTHING (cross entropy; nothing follows)
 *   soft WEIGHT TEMPERATURE (the same with a second target, softmax of an input of its own)
 *   predict (no gradients: nothing follows)
 *   halves (nothing: the case is one of those that bf16's plain loops take, however large)
 *   slack FACTOR (on the tolerance: the numbers cancel; say why)
 *   sgd | nesterov | adam | adamw | muon (after a loss), each with [clip NORM] [average DECAY] [decay DECAY] */
#ifndef INK_TESTS_OPS_CASES_H
#define INK_TESTS_OPS_CASES_H

#include "ops/backend.h"

extern const char *const ink_cases[];
extern const size_t ink_n_cases;

typedef struct case_net {
    ink_graph g;
    uint32_t n;       /* images */
    ink_id x, y;      /* x: INK_NONE when the input is bytes */
    ink_id dy, dx;    /* without a loss: input dy of y's shape, and the gradient of x */
    uint64_t longest; /* terms of the longest sum of a matrix node, forward or backward */
    uint32_t depth;   /* forward nodes */
    double slack;     /* factor on the tolerance */
    bool learns;      /* has an optimizer: parameters change in a run */
    bool predicts;    /* has no gradients */
} case_net;

/* Builds the graph with its gradients; y, dx and the gradients of all parameters are outputs. Fails the running test
 * when the text or the graph is wrong. Free with case_clear. */
void case_build(const char *text, case_net *net);
void case_clear(case_net *net);

/* Multiply-adds, and a little for each element, of one run. */
uint64_t case_work(const case_net *net);

/* Sanitizers, emulators (cmake/InkTests.cmake says when) and the generic kernels (which call fmaf) are many times
 * slower: there tests leave out cases with more work than this. Their small brothers take the same paths. */
#define CASE_WORK_MAX UINT64_C(6000000)
#define CASE_HALVES   "halves"
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(INK_TEST_EMULATED)
#define CASE_SLOW 1
#else
#define CASE_SLOW 0
#endif

/* What one run of a case gets: bytes, labels and warps; values of inputs, parameters and states. All from seed. */
typedef struct case_data {
    uint8_t *images, *labels;
    ink_warp *warps;
    float **values; /* [values of the graph]; NULL where nothing is written */
} case_data;

void case_fill(const case_net *net, uint32_t n, uint64_t seed, case_data *data);
void case_release(const case_net *net, case_data *data);

/* Writes data's values into a program; n images of the inputs. */
void case_write(const ink_backend *backend, ink_program *program, const case_net *net, uint32_t n,
                const case_data *data);

/* The batch of one run. */
ink_batch case_batch(const case_data *data, uint32_t n);

/* Is this a value to compare after a run? Fills its number of elements for n images. */
bool case_compares(const case_net *net, ink_id value, uint32_t n, size_t *count);

#endif

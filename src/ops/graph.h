/* ops/graph.h: what a network computes, as a list of nodes; the one place that states each operation's
 * formula, shapes and numeric contract. Forward, loss, gradients, optimizer and averages are all nodes of one
 * list, in the order in which they run. Backends (ops/backend.h) compile it; ops/ref walks it node by node
 * and is the judge of the others.
 *
 *   ink_graph g = {0};
 *   ink_id x = ink_graph_images(&g, 28, 28);
 *   ink_id y = ink_graph_normalise(&g, x, 1, scale, shift);
 *   ink_id w = ink_graph_param(&g, "fc.weight", 2, (int[]){10, 784});
 *   ink_id z = ink_graph_linear(&g, ink_graph_flatten(&g, y), w, INK_NONE);
 *   ink_id loss = ink_graph_cross_entropy(&g, z, ink_graph_labels(&g), 0.0f);
 *   ink_graph_gradients(&g, loss);
 *   ink_graph_optimizer(&g, &adam);
 *   if (ink_graph_check(&g, &err) != INK_OK) ...
 *   ink_graph_clear(&g);
 *
 * Errors   A building function that meets a wrong shape or lacks memory records the first such fault in the graph and
 *          returns INK_NONE; every later call on that graph does nothing and returns INK_NONE. ink_graph_check tells
 *          once, at the end.
 * Shapes   A batched value has one shape per image, [C,H,W] (a flat one: [C,1,1]), and N of them; N is only known when
 *          a program runs. Other values (parameters, statistics) have 1 to 4 dimensions as PyTorch shows them. All
 *          arrays are thought of as dense, row-major, NCHW; a backend's own layouts never show.
 * Letters  N batch   C,H,W input channels, height, width   K output channels   R,S window   P,Q output height, width
 * Numbers  f32 unless said otherwise; sums in an order that the backend fixes from shapes alone. */
#ifndef INK_OPS_GRAPH_H
#define INK_OPS_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/warp.h"
#include "inkling.h"

typedef int32_t ink_id; /* number of a value in its graph */
#define INK_NONE (-1)

#define INK_NODE_INPUTS  6
#define INK_NODE_OUTPUTS 4
#define INK_NAME_SIZE    96 /* longest state_dict name, NUL included */

typedef enum ink_role {
    INK_ROLE_IMAGES,     /* the batch's pixels, bytes [N,1,H,W], 0..255; comes with ink_batch */
    INK_ROLE_LABELS,     /* the batch's labels, bytes [N]; comes with ink_batch */
    INK_ROLE_WARPS,      /* the batch's distortions, [N] of ink_warp; comes with ink_batch */
    INK_ROLE_INPUT,      /* a float batch that the caller writes: for tests */
    INK_ROLE_ACTIVATION, /* what a node made of a batch; gradients of such values too */
    INK_ROLE_PARAM,      /* learned */
    INK_ROLE_STATE,      /* kept from step to step, not learned: running statistics, optimizer moments, averages */
    INK_ROLE_GRADIENT    /* of a parameter; made anew each step */
} ink_role;

/* A parameter or a state: what stays from run to run, is shared, saved and loaded. */
static inline bool ink_role_lasts(ink_role role) {
    return role == INK_ROLE_PARAM || role == INK_ROLE_STATE;
}

typedef struct ink_value {
    ink_role role;
    bool batched;
    bool output;              /* readable after a run (ink_backend.read); parameters and states always are */
    int rank;                 /* of dim; batched values have 3 */
    int32_t dim[4];           /* [C,H,W] of one image, or the whole shape; unused ones are 1 */
    ink_id maker;             /* node that makes it, INK_NONE for inputs, parameters and states */
    ink_id gradient;          /* of a parameter, or INK_NONE */
    float lr_scale;           /* of a parameter: factor on the step's learning rate; 0 = frozen */
    bool decay;               /* of a parameter: weight decay applies to it */
    bool is_matrix;           /* of a parameter: muon may make its steps orthogonal; rank 2 or more,
                                 not of depthwise, whose filters have no input in common: it is false there */
    char name[INK_NAME_SIZE]; /* of parameters and states: state_dict name; moments "<name>.adam_m" and the
                                 like */
} ink_value;

/* Each node's attributes and arrays stand behind its name: in = {...} -> out = {...}. */
typedef enum ink_op {
    /* warp        in = {images, warps} -> {y [1,H,W]}     each image distorted by its own ink_warp: affine, elastic,
       erased square; 0..255 as float. The formula, with the order of its roundings: core/warp.h */
    INK_OP_WARP,
    /* normalise   in = {x bytes or warped [1,H,W]} -> {y [C,H,W]}     y[n,c,h,w] = x[n,0,h,w] * scale[c] + shift[c]
     *             one fma; no gradient (nothing before it learns) */
    INK_OP_NORMALISE,
    /* linear      in = {x [C,1,1], w [K,C], b [K] or none} -> {y [K,1,1]}
     *             y[n,k] = b[k] + sum over c of x[n,c] * w[k,c] */
    INK_OP_LINEAR,
    /* linear_dx   in = {dy [K,1,1], w [K,C]} -> {dx [C,1,1]}     dx[n,c] = sum over k of dy[n,k] * w[k,c] */
    INK_OP_LINEAR_DX,
    /* linear_dw   in = {x [C,1,1], dy [K,1,1]} -> {dw [K,C]}     dw[k,c] = sum over n of dy[n,k] * x[n,c] */
    INK_OP_LINEAR_DW,
    /* conv2d      in = {x [C,H,W], w [K,C,R,S], b [K] or none} -> {y [K,P,Q]}     attr.conv
     *             y[n,k,p,q] = b[k] + sum over c,r,s of x[n,c,p*stride+r-pad,q*stride+s-pad] * w[k,c,r,s]
     *             P = (H + pad + pad_end - R) / stride + 1, rounded down; Q alike; x = 0 outside. pad: above and left;
     *             pad_end: below and right, which differs from pad where TensorFlow's "same" asks for it
     *             Source: Dumoulin & Visin, arXiv:1603.07285 ch. 2 */
    INK_OP_CONV2D,
    /* conv2d_dx   in = {dy [K,P,Q], w} -> {dx [C,H,W]}     attr.conv; H, W: those of the value dx
     *             dx[n,c,h,w] = sum over k,r,s,p,q with p*stride+r-pad = h, q*stride+s-pad = w
     *             of dy[n,k,p,q] * w[k,c,r,s] */
    INK_OP_CONV2D_DX,
    /* conv2d_dw   in = {x, dy} -> {dw [K,C,R,S]}     attr.conv
     *             dw[k,c,r,s] = sum over n,p,q of dy[n,k,p,q] * x[n,c,p*stride+r-pad,q*stride+s-pad] */
    INK_OP_CONV2D_DW,
    /* depthwise   in = {x [C,H,W], w [C,1,R,S], b [C] or none} -> {y [C,P,Q]}     attr.conv; each channel by itself, in
     *             f32 whatever the precision
     *             y[n,c,p,q] = b[c] + sum over r,s of x[n,c,p*stride+r-pad,q*stride+s-pad] * w[c,0,r,s]
     *             Source: Sifre, thesis 2014; Howard et al., arXiv:1704.04861 */
    INK_OP_DEPTHWISE,
    /* depthwise_dx  in = {dy, w} -> {dx [C,H,W]}     dx[n,c,h,w] = sum over r,s,p,q with p*stride+r-pad = h,
     *             q*stride+s-pad = w of dy[n,c,p,q] * w[c,0,r,s] */
    INK_OP_DEPTHWISE_DX,
    /* depthwise_dw  in = {x, dy} -> {dw [C,1,R,S]}
     *             dw[c,0,r,s] = sum over n,p,q of dy[n,c,p,q] * x[n,c,p*stride+r-pad,q*stride+s-pad] */
    INK_OP_DEPTHWISE_DW,
    /* bias_db     in = {dy [K,P,Q]} -> {db [K]}     db[k] = sum over n,p,q of dy[n,k,p,q] */
    INK_OP_BIAS_DB,
    /* batchnorm   in = {x [C,H,W], gamma [C] or none, beta [C] or none, running_mean [C], running_var [C]}
     *             -> {y, mean [C], inv_std [C]}     attr.batchnorm; M = N*H*W
     *             training: mean = sum x / M, var = sum (x - mean)^2 / M, inv_std = 1 / sqrt(var + eps),
     *               running_mean = (1 - momentum) running_mean + momentum mean,
     *               running_var = (1 - momentum) running_var + momentum var M / (M - 1)   (M = 1: var)
     *             evaluation (attr.batchnorm.training false): mean = running_mean, var = running_var, both unchanged
     *             y = (x - mean) * inv_std * gamma + beta     Source: Ioffe & Szegedy, arXiv:1502.03167 */
    INK_OP_BATCHNORM,
    /* batchnorm_dx  in = {x, dy, gamma or none, mean, inv_std} -> {dx, dgamma [C] or none, dbeta [C] or none}
     *             xh = (x - mean) inv_std; dbeta = sum dy; dgamma = sum dy xh;
     *             dx = gamma inv_std (dy - dbeta / M - xh dgamma / M);  evaluation: dx = gamma inv_std dy
     *             any of the three outputs may be absent */
    INK_OP_BATCHNORM_DX,
    /* activation  in = {x} -> {y}     attr.activation
     *             relu max(x, 0) · leaky_relu x > 0 ? x : slope x · silu x / (1 + e^-x)
     *             · gelu x (1 + erf(x / sqrt 2)) / 2 · hardswish x > 3 ? x : x < -3 ? 0 : x (x + 3) / 6
     *             NaN stays NaN.     Source: hardswish Howard et al., arXiv:1905.02244 */
    INK_OP_ACTIVATION,
    /* activation_dx  in = {x, dy} -> {dx}     dx = dy f'(x); relu, leaky_relu use x > 0, so f'(0) is 0 or slope;
     *             hardswish x > 3 ? 1 : x < -3 ? 0 : x / 3 + 1 / 2 */
    INK_OP_ACTIVATION_DX,
    /* maxpool     in = {x [C,H,W]} -> {y [C,P,Q]}     attr.pool; padding never wins, NaN does; the first maximum in row
     *             order takes the gradient. P = (H + 2 pad - R) / stride + 1, rounded down */
    INK_OP_MAXPOOL,
    /* maxpool_dx  in = {x, y, dy} -> {dx} */
    INK_OP_MAXPOOL_DX,
    /* avgpool     in = {x} -> {y}     attr.pool; sum of the window / (R S), padding counted as zeros (as PyTorch) */
    INK_OP_AVGPOOL,
    /* avgpool_dx  in = {dy} -> {dx [C,H,W]} */
    INK_OP_AVGPOOL_DX,
    /* global_avgpool  in = {x [C,H,W]} -> {y [C,1,1]}     mean over h,w;  _dx  in = {dy} -> {dx} */
    INK_OP_GLOBAL_AVGPOOL,
    INK_OP_GLOBAL_AVGPOOL_DX,
    /* global_maxpool  in = {x} -> {y [C,1,1]}     the first maximum takes the gradient; _dx  in = {x, y, dy} -> {dx} */
    INK_OP_GLOBAL_MAXPOOL,
    INK_OP_GLOBAL_MAXPOOL_DX,
    /* dropout     in = {x} -> {y}     attr.dropout; only in training graphs
     *             y = u < rate ? 0 : x / (1 - rate), u = unit float of word (i & 3) of Philox block
     *             counter {i >> 2, attr.key, step low, step high ^ INK_STREAM_DROPOUT << 24}, key = seed;
     *             i = (index of the image in the batch) * C*H*W + its NCHW index
     *             Source: Hinton et al., arXiv:1207.0580
     * dropout_dx  in = {dy} -> {dx}     the same factors */
    INK_OP_DROPOUT,
    INK_OP_DROPOUT_DX,
    /* flatten     in = {x [C,H,W]} -> {y [C*H*W,1,1]}     order kept (NCHW);  _dx: the reshape back */
    INK_OP_FLATTEN,
    INK_OP_FLATTEN_DX,
    /* add         in = {a, b} -> {y}     y = a + b, same shapes; also sums gradients of a value used twice */
    INK_OP_ADD,
    /* softmax     in = {x [C,1,1]} -> {y}     y = e^(x - max) / sum e^(x - max), over c */
    INK_OP_SOFTMAX,
    /* softmax_dx  in = {y, dy} -> {dx}     dx = y (dy - sum over c of y dy) */
    INK_OP_SOFTMAX_DX,
    /* cross_entropy  in = {z [C,1,1], labels, q [C,1,1] or none} -> {losses [1,1,1]}     attr.cross_entropy
     *             t[n,c] = (c == label) (1 - smoothing) + smoothing / C
     *             hard[n] = log sum e^(z - max) + max - sum t z;   without q loss = hard
     *             soft[n] = log sum e^(z / T) - sum q z / T        q a distribution over c, of a teacher say
     *             loss[n] = (1 - w) hard[n] + w T^2 soft[n]        w soft_weight, T temperature
     *             a run also gives the sum of losses (in double, in image order) and the number of n whose first
     *             maximum of z is the label (ink_batch.loss_sum, .correct).    Hinton et al., arXiv:1503.02531 */
    INK_OP_CROSS_ENTROPY,
    /* cross_entropy_dx  in = {z, labels, q or none} -> {dz}     dz[n,c] = (softmax(z)[n,c] - t[n,c]) / N; with q
     *             dz = ((1 - w) (softmax(z) - t) + w T (softmax(z / T) - q)) / N.  q has no gradient */
    INK_OP_CROSS_ENTROPY_DX,
    /* clip        in = {} -> {}     attr.clip; f = min(1, max_norm / (norm + 1e-6)), norm over all parameter gradients;
     *             scales every gradient by f in the optimizer nodes behind it. ink_batch.gradient_norm tells norm */
    INK_OP_CLIP,
    /* sgd         in = {w, dw, buffer or none}     attr.optimizer; updates w and buffer; lr = step's lr * lr_scale of w
     *             g = f dw + decay w;  buffer = momentum buffer + g (first step: g)
     *             w -= lr (nesterov ? g + momentum buffer : buffer)     as torch.optim.SGD */
    INK_OP_SGD,
    /* adam        in = {w, dw, m, v}     attr.optimizer; t = step (from 1)
     *             g = f dw (+ decay w when not decoupled);  w -= lr decay w first when decoupled (AdamW)
     *             m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g g
     *             w -= lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps)     as torch.optim.Adam, AdamW
     *             Source: Kingma & Ba, arXiv:1412.6980; Loshchilov & Hutter, arXiv:1711.05101 */
    INK_OP_ADAM,
    /* muon        in = {w [K,...], dw, buffer}     attr.optimizer; w as a matrix [K, M], M = the other dimensions
     *             g = f dw;  buffer = momentum buffer + g;  u = g + momentum buffer
     *             X = u / (|u| + 1e-7), |u| the root of the sum of squares; then INK_MUON_STEPS times
     *               A = X X';  X = a X + (b A + c A A) X     a b c: INK_MUON_A, B, C; Newton-Schulz: all singular
     *               values of X come to lie near 1 (0.7 to 1.2), however small the smaller of u's are
     *             w = (1 - lr decay) w - lr sqrt(max(1, K / M)) X     K. Jordan, kellerjordan.github.io/posts/muon */
    INK_OP_MUON,
    /* average     in = {w, a}     attr.average; a = d a + (1 - d) w, d = min(decay, (1 + t) / (10 + t)), t = step;
     *             the caller writes the first weights into a */
    INK_OP_AVERAGE,
    INK_OP_COUNT
} ink_op;

typedef enum ink_activation { INK_RELU, INK_LEAKY_RELU, INK_SILU, INK_GELU, INK_HARDSWISH } ink_activation;

typedef struct ink_node {
    ink_op op;
    ink_id in[INK_NODE_INPUTS];   /* INK_NONE where absent */
    ink_id out[INK_NODE_OUTPUTS]; /* INK_NONE where absent */
    union {
        struct {
            float scale[3], shift[3]; /* per channel; 1 or 3 of them count */
        } normalise;
        struct {
            int32_t window_h, window_w, stride, pad, pad_end;
        } conv, pool;
        struct {
            float eps, momentum;
            bool training;
        } batchnorm;
        struct {
            ink_activation kind;
            float slope; /* leaky_relu */
        } activation;
        struct {
            float rate;
            uint32_t key; /* the node's own number among dropouts: 0, 1, ... in building order */
        } dropout;
        struct {
            float smoothing, soft_weight, temperature; /* the last two with q alone */
        } cross_entropy;
        struct {
            float max_norm;
        } clip;
        struct {
            float momentum, beta1, beta2, eps, decay;
            bool nesterov, decoupled;
        } optimizer;
        struct {
            float decay;
        } average;
    } attr;
} ink_node;

typedef struct ink_graph {
    ink_value *values;
    ink_node *nodes;
    int32_t n_values, n_nodes;
    int32_t room_values, room_nodes; /* allocated */
    uint32_t n_dropouts;
    ink_error fault; /* the first; status INK_OK while all is well */
} ink_graph;         /* {0} is an empty graph */

void ink_graph_clear(ink_graph *g);

/* Values and nodes of a graph without fault, to keep, not to build on. Errors: INK_E_MEMORY; *out is to be cleared then
 * too. */
INK_MUST_USE ink_status ink_graph_copy(const ink_graph *g, ink_graph *out, ink_error *err);

/* The first fault of building, or INK_OK. */
INK_MUST_USE ink_status ink_graph_check(const ink_graph *g, ink_error *err);

/* ---- values ---- */
ink_id ink_graph_images(ink_graph *g, int32_t height, int32_t width);
ink_id ink_graph_labels(ink_graph *g);
ink_id ink_graph_warps(ink_graph *g);
ink_id ink_graph_input(ink_graph *g, int32_t c, int32_t h, int32_t w);
/* name: unique among parameters and states; lr_scale 1 and decay true until set otherwise. */
ink_id ink_graph_param(ink_graph *g, const char *name, int rank, const int32_t dim[]);
ink_id ink_graph_state(ink_graph *g, const char *name, int rank, const int32_t dim[]);
/* Makes a value readable after each run. */
void ink_graph_output(ink_graph *g, ink_id value);
/* The parameter or state of that name, or INK_NONE. */
ink_id ink_graph_find(const ink_graph *g, const char *name);
/* Elements of one image of a batched value, or of the whole other value. */
size_t ink_graph_elements(const ink_graph *g, ink_id value);

/* ---- forward nodes: each returns its (first) output ---- */
ink_id ink_graph_warp(ink_graph *g, ink_id images, ink_id warps);
ink_id ink_graph_normalise(ink_graph *g, ink_id x, int32_t channels, const float scale[], const float shift[]);
ink_id ink_graph_linear(ink_graph *g, ink_id x, ink_id w, ink_id b);
ink_id ink_graph_conv2d(ink_graph *g, ink_id x, ink_id w, ink_id b, int32_t stride, int32_t pad, int32_t pad_end);
ink_id ink_graph_depthwise(ink_graph *g, ink_id x, ink_id w, ink_id b, int32_t stride, int32_t pad, int32_t pad_end);
ink_id ink_graph_batchnorm(ink_graph *g, ink_id x, ink_id gamma, ink_id beta, ink_id running_mean, ink_id running_var,
                           float eps, float momentum, bool training);
ink_id ink_graph_activation(ink_graph *g, ink_id x, ink_activation kind, float slope);
ink_id ink_graph_maxpool(ink_graph *g, ink_id x, int32_t window_h, int32_t window_w, int32_t stride, int32_t pad);
ink_id ink_graph_avgpool(ink_graph *g, ink_id x, int32_t window_h, int32_t window_w, int32_t stride, int32_t pad);
ink_id ink_graph_global_avgpool(ink_graph *g, ink_id x);
ink_id ink_graph_global_maxpool(ink_graph *g, ink_id x);
ink_id ink_graph_dropout(ink_graph *g, ink_id x, float rate);
ink_id ink_graph_flatten(ink_graph *g, ink_id x);
ink_id ink_graph_add(ink_graph *g, ink_id a, ink_id b);
ink_id ink_graph_softmax(ink_graph *g, ink_id x);
ink_id ink_graph_cross_entropy(ink_graph *g, ink_id logits, ink_id labels, float smoothing);
/* The same, with a second target q: weight in [0, 1], temperature above 0. */
ink_id ink_graph_soft_cross_entropy(ink_graph *g, ink_id logits, ink_id labels, float smoothing, ink_id q, float weight,
                                    float temperature);

/* ---- learning ---- */

/* Appends the gradient nodes of the mean loss over the batch with respect to every parameter whose lr_scale
 * is not 0 (reverse order, chain rule; only the paths that reach such a parameter), and sets
 * ink_value.gradient. `losses` is what ink_graph_cross_entropy (or its soft
 * sister) returned. */
void ink_graph_gradients(ink_graph *g, ink_id losses);

typedef enum ink_optimizer_kind {
    INK_SGD,
    INK_ADAM,
    INK_ADAMW,
    INK_MUON /* of matrices (ink_value.is_matrix); the rest by AdamW */
} ink_optimizer_kind;

#define INK_MUON_STEPS 5
#define INK_MUON_A     3.4445f
#define INK_MUON_B     (-4.7750f)
#define INK_MUON_C     2.0315f

typedef struct ink_optimizer {
    ink_optimizer_kind kind;
    float momentum;          /* SGD, 0: no buffer; Muon */
    bool nesterov;           /* SGD */
    float beta1, beta2, eps; /* Adam, AdamW, Muon's AdamW */
    float weight_decay;      /* AdamW, Muon: decoupled; else added to the gradient; 0: none */
    float clip_norm;         /* 0: no clipping */
    float average_decay;     /* of the weights' moving average "<name>.average"; 0: none kept */
} ink_optimizer;

/* Appends one update node per parameter that has a gradient, in the order of parameters, with its states
 * ("<name>.adam_m", "<name>.adam_v", "<name>.sgd_buffer", "<name>.muon_buffer", all zero at first), and clip and
 * average nodes if asked. */
void ink_graph_optimizer(ink_graph *g, const ink_optimizer *optimizer);

/* Scalars of the update nodes that depend on the step alone, so that all backends have the same bits:
 * 1 - beta^step (by repeated squaring), and d of the average node. */
double ink_adam_correction(float beta, uint64_t step);
double ink_average_decay(float decay, uint64_t step);
/* sqrt(max(1, K / M)) of the muon node, K filters of elements / K numbers. */
float ink_muon_scale(uint32_t filters, size_t elements);

/* ---- facts for tables ---- */

/* A node's name ("conv2d"): static. */
const char *ink_op_name(ink_op op);
/* Multiply-adds of a node for one image (0 for all but linear, conv2d, depthwise and their gradients), padding not
 * counted. */
uint64_t ink_node_macs(const ink_graph *g, const ink_node *node);

#endif

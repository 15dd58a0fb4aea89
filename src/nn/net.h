/* nn/net.h: a network as text, and from text to a graph.
 *
 * The text has one layer a line; # begins a comment. Arguments in [] may be left out.
 *   linear K [no-bias]                                     flattens its input first when that has height and width
 *   conv K RxS [stride S] [pad P|P:E|same] [whiten] [no-bias]
 *                                                          P:E pads P above and left, E below and right; whiten: below
 *   depthwise RxS [stride S] [pad P|P:E|same] [no-bias]    each channel by itself: as many come out as go in
 *   batchnorm [eps E] [momentum M] [no-affine]             1-D or 2-D, as its input is
 *   relu · leaky-relu [SLOPE] · gelu · silu · hardswish · softmax
 *   maxpool RxS [stride S] [pad P] · avgpool RxS [stride S] [pad P]      stride: the window's height when left out
 *   global-avgpool · global-maxpool · flatten · dropout RATE
 *   residual { ... }                                       y = inner layers of x, plus x
 *   residual { ... } shortcut { ... }                      y = inner layers of x, plus shortcut layers of x
 *   repeat N { ... }                                       the inner lines N times
 * linear, conv, depthwise and batchnorm may end in `lr FACTOR`, their own factor on the learning rate; 0: they stay as
 * they are.
 * Any layer may end in `as NAME`, behind that. Lines that are no layer, at the top:
 *   input C           the net wants C channels (1 or 3); a grey picture is given C times
 *   init torch|kaiming-normal|glorot|dirac      first weights of the lines below it; torch when none is said
 *
 * Names    A parameter's name is that of PyTorch's nn.Sequential: the layer's number in its block, or its `as` name,
 *          then ".weight" and so on; blocks join theirs with dots ("layer1.0.conv1.weight").
 * Weights  torch: uniform in +-1/sqrt(fan in), weights and biases. kaiming-normal: normal, sd sqrt(2 / (K R S)), as
 *          torchvision's resnet; linear layers as torch. glorot: uniform in +-sqrt(6 / (fan in + fan out)), biases 0.
 *          dirac: as torch, then in each convolution with as many channels as filters or fewer, and an odd window, the
 *          first C filters become 1 in the middle of their own channel and 0 elsewhere: at first it passes its input
 *          on, and so does each filter of depthwise (Zagoruyko & Komodakis, arXiv:1706.00388). batchnorm 1 and 0.
 *          Drawn by Philox from (seed, INK_STREAM_INIT, number of the parameter). */
#ifndef INK_NN_NET_H
#define INK_NN_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "inkling.h"
#include "ops/backend.h"
#include "ops/graph.h"

#define INK_CLASSES 10

typedef struct ink_layer ink_layer;

typedef struct ink_net {
    ink_arena arena;   /* owns all below */
    ink_layer *layers; /* the first, top level */
    int32_t channels;  /* input C; 0: not said */
    const char *text;  /* as parsed, for the model file */
} ink_net;

/* file and first_line: for messages ("v3.txt:12: ..."); the text is copied.
 * Errors   INK_E_USAGE with the line for a word or number that is wrong ("did you mean"), a missing brace, no layer. */
INK_MUST_USE ink_status ink_net_parse(const char *text, const char *file, uint64_t first_line, ink_net **out,
                                      ink_error *err);
void ink_net_free(ink_net *net);
/* "conv K RxS [stride S] ...": the line of the n-th kind of layer; NULL past the last. */
const char *ink_net_usage(size_t n);

/* Pixels to numbers: y = x * scale + shift per channel. */
typedef struct ink_normalise {
    int32_t channels; /* 1 or 3 */
    float scale[3], shift[3];
} ink_normalise;

typedef enum ink_learn_part {
    INK_LEARN_ALL, /* every layer learns */
    INK_LEARN_HEAD /* only the last layer that has parameters learns; the rest is frozen, its statistics too */
} ink_learn_part;

/* What to build. */
typedef struct ink_net_plan {
    int32_t height, width; /* of the images */
    ink_normalise normalise;
    bool training; /* batch statistics, dropout, loss, gradients, optimizer; else running statistics */
    bool labels;   /* evaluation: a loss as well */
    bool warps;    /* images are distorted by ink_batch.warps */
    bool moments;  /* evaluation, but batch norm takes each batch's own moments and keeps them as running statistics */
    float label_smoothing;
    bool soft; /* training: ends.soft, an input [10,1,1] of the batch, is a second target of the loss */
    float soft_weight, temperature;
    ink_optimizer optimizer;
    ink_learn_part learn;
    float matrix_lr_scale; /* Muon: factor on the learning rate of its matrices: weights of rank 2 and more, but
                              the head's and depthwise's */
    float body_lr_scale;   /* factor on the learning rate of all but the last layer that has parameters; 1: the same */
} ink_net_plan;

typedef struct ink_net_ends {
    ink_id logits; /* the net's output [10,1,1]; readable */
    ink_id
        probabilities; /* evaluation: softmax of it, or itself when the net ends in softmax; readable; else INK_NONE */
    ink_id losses;     /* or INK_NONE */
    ink_id soft;       /* or INK_NONE */
} ink_net_ends;

/* Appends to an empty graph: images, warp, normalise, layers, and what the plan asks.
 * Errors   INK_E_USAGE with the layer's line when shapes do not fit or the net does not end in 10 outputs. */
INK_MUST_USE ink_status ink_net_build(const ink_net *net, const ink_net_plan *plan, ink_graph *g, ink_net_ends *ends,
                                      ink_error *err);

/* The layers alone, behind the value x of any shape: for benchmarks. Returns their output; faults stay in the graph. */
ink_id ink_net_layers(const ink_net *net, const ink_net_plan *plan, ink_graph *g, ink_id x);

/* The head of a graph that ink_net_build made: its last layer that has parameters. *name: of one of them ("fc.bias"),
 * borrowed; what comes back is how much of it is the layer's, its dot included; 0: the net has no parameters. */
size_t ink_net_head(const ink_graph *g, const char **name);

/* Is a parameter of this name the head's own? head and length as ink_net_head gives them: "fc.bias" and 3. A layer that
 * is called fc.1 is none of the head's. */
bool ink_net_in_head(const char *head, size_t length, const char *name);

/* Writes first weights of every parameter (and 0 / 1 for running statistics) into a program compiled from a graph that
 * ink_net_build made of this net. Errors: memory, the backend's. */
INK_MUST_USE ink_status ink_net_init(const ink_net *net, const ink_graph *g, uint64_t seed, const ink_backend *backend,
                                     ink_program *program, ink_error *err);

/* The weights [K,C,R,S] of the first layer when its line says `whiten`, else INK_NONE: the trainer writes the principal
 * directions of the training rows' patches there (train/whiten.c), and they stay. */
ink_id ink_net_whitened(const ink_net *net, const ink_graph *g);

/* ---- zoo ---- */

typedef struct ink_zoo_entry {
    const char *name;  /* "resnet18" */
    const char *about; /* one line */
    const char *text;
} ink_zoo_entry;

/* All of them; static. */
const ink_zoo_entry *ink_zoo(size_t *count);
/* The text of that net, or NULL. */
const char *ink_zoo_find(const char *name);

#endif

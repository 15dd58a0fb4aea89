/* nn/layer.h: what the rest of the room knows of a kind of layer. To add a kind: one file layer_<kind>.c with an
 * ink_layer_kind, one line in the table of layer.c (docs/adding-a-layer.md). */
#ifndef INK_NN_LAYER_H
#define INK_NN_LAYER_H

#include "core/status.h"
#include "nn/net.h"

#define INK_WORDS_MAX 24

/* One line of net text, cut at blanks. */
typedef struct ink_words {
    const char *file;
    uint64_t line;
    int n, at; /* words, next one to read */
    char *word[INK_WORDS_MAX];
} ink_words;

/* The next word when it is this one: then it is taken. */
bool ink_words_take(ink_words *words, const char *word);
/* The same, without taking it. */
bool ink_words_peek(const ink_words *words, const char *word);
/* The next word as a whole number low..high, a real number in [low, high], a window "RxS" (each 1..99), or padding
 * "P" or "P:E". what: for the message ("outputs of linear"). Errors: INK_E_USAGE. */
INK_MUST_USE ink_status ink_words_int(ink_words *words, const char *what, int32_t low, int32_t high, int32_t *out,
                                      ink_error *err);
INK_MUST_USE ink_status ink_words_real(ink_words *words, const char *what, float low, float high, float *out,
                                       ink_error *err);
INK_MUST_USE ink_status ink_words_pad(ink_words *words, const char *what, int32_t *pad, int32_t *pad_end,
                                      ink_error *err);
INK_MUST_USE ink_status ink_words_window(ink_words *words, const char *what, int32_t *r, int32_t *s, ink_error *err);

typedef enum ink_init { INK_INIT_TORCH, INK_INIT_KAIMING_NORMAL, INK_INIT_GLOROT, INK_INIT_DIRAC } ink_init;

typedef struct ink_layer_kind ink_layer_kind;

struct ink_layer {
    const ink_layer_kind *kind;
    ink_layer *next;     /* in the same block */
    ink_layer *inner;    /* first layer inside the braces */
    ink_layer *shortcut; /* residual: first layer of the shortcut, or NULL */
    const char *name;    /* number in the block, or what `as` says */
    const char *shortcut_name;
    const char *file;
    uint64_t line;
    ink_init init;
    int32_t out;                                      /* K */
    int32_t window_h, window_w, stride, pad, pad_end; /* conv, depthwise, pools */
    bool bias, affine;                                /* conv, depthwise and linear; batchnorm */
    bool whiten;                                      /* conv */
    float lr_scale;                                   /* of what it learns */
    float rate, slope, eps, momentum;                 /* dropout; leaky-relu; batchnorm */
};

/* A net being built. */
typedef struct ink_net_builder {
    ink_graph *g;
    const ink_net_plan *plan;
    char prefix[INK_NAME_SIZE]; /* of the block, with its dot, or "" */
} ink_net_builder;

struct ink_layer_kind {
    const char *word;  /* the line's first word */
    const char *usage; /* the whole line, for messages */
    bool braces;       /* a block follows */
    bool learns;       /* has parameters of its own */
    /* Reads the arguments into the layer; NULL: there are none. */
    ink_status (*parse)(ink_layer *layer, ink_words *words, ink_error *err);
    /* Appends nodes for input x and returns the output; a fault stays in the graph. */
    ink_id (*build)(const ink_layer *layer, ink_net_builder *builder, ink_id x);
};

/* The kind whose word this is, or NULL. */
const ink_layer_kind *ink_layer_kind_find(const char *word);
/* The n-th word of the table, or NULL past the end: for messages. */
const char *ink_layer_kind_word(size_t n);

/* Parameter "<prefix><layer>.<part>" or state of that name: new in the graph. */
ink_id ink_layer_param(const ink_layer *layer, ink_net_builder *builder, const char *part, int rank,
                       const int32_t dim[]);
ink_id ink_layer_state(const ink_layer *layer, ink_net_builder *builder, const char *part, int32_t size);

/* Records a fault of the graph, unless it has one; INK_NONE. */
ink_id ink_layer_fault(ink_graph *g, const char *format, ...) INK_PRINTF(2, 3);

/* Builds the layers of a block, from the first, under a prefix that grows by name ("" adds nothing). */
ink_id ink_layers_build(const ink_layer *first, ink_net_builder *builder, const char *name, ink_id x);

/* Builds a residual layer's shortcut, under "<layer>.<shortcut's name>". */
ink_id ink_shortcut_build(const ink_layer *layer, ink_net_builder *builder, ink_id x);

/* The kinds. */
extern const ink_layer_kind ink_layer_linear, ink_layer_conv, ink_layer_depthwise, ink_layer_batchnorm, ink_layer_relu,
    ink_layer_leaky_relu, ink_layer_gelu, ink_layer_silu, ink_layer_hardswish, ink_layer_softmax, ink_layer_maxpool,
    ink_layer_avgpool, ink_layer_global_avgpool, ink_layer_global_maxpool, ink_layer_flatten, ink_layer_dropout,
    ink_layer_residual;

#endif

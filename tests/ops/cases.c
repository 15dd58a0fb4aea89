/* tests/ops/cases.c: turns the lines of cases_list.c into graphs and fills them with numbers.
 * It compares nothing: that is test_backends.c. */
#define _POSIX_C_SOURCE 200809L
#include "cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>

#include <cmocka.h>

#include "core/hash.h"
#include "core/rng.h"
#include "ops/build.h"

/* The numbers of one layer's words: "conv 64 3x3 s2 p1 bias". */
typedef struct words {
    char op[16];
    int32_t size, window_h, window_w, stride, pad, pad_end;
    bool bias;
    float number, clip, average, decay;
    float before; /* the number in front of the last */
} words;

static words read_words(const char *text) {
    words w = {.stride = 1, .pad_end = -1};
    char copy[128], *place = NULL;
    snprintf(copy, sizeof copy, "%s", text);
    char *word = strtok_r(copy, " ", &place);
    if (word == NULL) fail_msg("an empty layer");
    snprintf(w.op, sizeof w.op, "%s", word);
    while ((word = strtok_r(NULL, " ", &place)) != NULL) {
        char *end = NULL;
        if (strcmp(word, "bias") == 0) {
            w.bias = true;
        } else if (strcmp(word, "clip") == 0 || strcmp(word, "average") == 0 || strcmp(word, "decay") == 0) {
            char *number = strtok_r(NULL, " ", &place);
            float value = number == NULL ? 0 : strtof(number, NULL);
            *(word[0] == 'c' ? &w.clip : word[0] == 'a' ? &w.average : &w.decay) = value;
        } else if (word[0] == 's') {
            w.stride = (int32_t)strtol(word + 1, &end, 10);
        } else if (word[0] == 'p') {
            w.pad = (int32_t)strtol(word + 1, &end, 10);
        } else if (word[0] == 'e') {
            w.pad_end = (int32_t)strtol(word + 1, &end, 10);
        } else if (strchr(word, 'x') != NULL) {
            w.window_h = (int32_t)strtol(word, &end, 10);
            w.window_w = (int32_t)strtol(end + 1, &end, 10);
        } else {
            w.before = w.number;
            w.number = strtof(word, &end);
            w.size = (int32_t)w.number;
        }
        if (end != NULL && *end != '\0') fail_msg("what is \"%s\" in \"%s\"?", word, text);
    }
    if (w.pad_end < 0) w.pad_end = w.pad;
    return w;
}

/* Names of parameters tell case_fill what to write: w0, w1, ..., b0, gamma0, beta0, mean0, var0. */
static ink_id param(ink_graph *g, const char *kind, int rank, int32_t d0, int32_t d1, int32_t d2, int32_t d3) {
    char name[INK_NAME_SIZE];
    int number = 0;
    do snprintf(name, sizeof name, "%s%d", kind, number++);
    while (ink_graph_find(g, name) != INK_NONE);
    bool state = strcmp(kind, "mean") == 0 || strcmp(kind, "var") == 0;
    int32_t dim[4] = {d0, d1, d2, d3};
    return state ? ink_graph_state(g, name, rank, dim) : ink_graph_param(g, name, rank, dim);
}

static void sum_of(case_net *net, int64_t terms) {
    if (terms > (int64_t)net->longest) net->longest = (uint64_t)terms;
}

static ink_id weighted(case_net *net, ink_id x, const words *w) {
    ink_graph *g = &net->g;
    const int32_t *dim = g->values[x].dim;
    ink_id y;
    if (strcmp(w->op, "linear") == 0) {
        ink_id weights = param(g, "w", 2, w->size, dim[0], 1, 1);
        y = ink_graph_linear(g, x, weights, w->bias ? param(g, "b", 1, w->size, 1, 1, 1) : INK_NONE);
    } else if (strcmp(w->op, "depthwise") == 0) {
        ink_id weights = param(g, "w", 4, dim[0], 1, w->window_h, w->window_w);
        y = ink_graph_depthwise(g, x, weights, w->bias ? param(g, "b", 1, dim[0], 1, 1, 1) : INK_NONE, w->stride,
                                w->pad, w->pad_end);
    } else {
        ink_id weights = param(g, "w", 4, w->size, dim[0], w->window_h, w->window_w);
        ink_id bias = w->bias ? param(g, "b", 1, w->size, 1, 1, 1) : INK_NONE;
        y = ink_graph_conv2d(g, x, weights, bias, w->stride, w->pad, w->pad_end);
    }
    if (y == INK_NONE) return y;
    int64_t window = w->window_h > 0 ? (int64_t)w->window_h * w->window_w : 1;
    sum_of(net, g->values[x].dim[0] * window);
    sum_of(net, w->size * window);
    sum_of(net, (int64_t)net->n * g->values[y].dim[1] * g->values[y].dim[2]);
    return y;
}

static ink_id batchnorm(case_net *net, ink_id x, const words *w) {
    ink_graph *g = &net->g;
    int32_t c = g->values[x].dim[0];
    bool plain = strcmp(w->op, "bn-plain") == 0;
    ink_id gamma = plain ? INK_NONE : param(g, "gamma", 1, c, 1, 1, 1);
    ink_id beta = plain ? INK_NONE : param(g, "beta", 1, c, 1, 1, 1);
    ink_id mean = param(g, "mean", 1, c, 1, 1, 1), var = param(g, "var", 1, c, 1, 1, 1);
    return ink_graph_batchnorm(g, x, gamma, beta, mean, var, 1e-5f, 0.1f, strcmp(w->op, "bn-eval") != 0);
}

static void optimizer(case_net *net, const words *w) {
    ink_optimizer o = {.kind = w->op[0] == 'a' ? INK_ADAM : INK_SGD,
                       .momentum = 0.9f,
                       .nesterov = strcmp(w->op, "nesterov") == 0,
                       .beta1 = 0.9f,
                       .beta2 = 0.999f,
                       .eps = 1e-8f,
                       .weight_decay = w->decay,
                       .clip_norm = w->clip,
                       .average_decay = w->average};
    if (strcmp(w->op, "adamw") == 0) o.kind = INK_ADAMW;
    if (strcmp(w->op, "muon") == 0) o.kind = INK_MUON;
    for (ink_id i = 0; i < net->g.n_values; i++) net->g.values[i].is_matrix = net->g.values[i].rank > 1;
    for (int32_t i = 0; i < net->g.n_nodes; i++) {
        const ink_node *node = &net->g.nodes[i];
        if (node->op == INK_OP_DEPTHWISE) net->g.values[node->in[1]].is_matrix = false;
    }
    if (strcmp(w->op, "sgd") == 0) o.momentum = w->number;
    ink_graph_optimizer(&net->g, &o);
    net->learns = true;
}

static ink_id plain_layer(ink_graph *g, ink_id x, const words *w) {
    const char *op = w->op;
    static const char *const kinds[] = {"relu", "leaky", "silu", "gelu", "hardswish"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(op, kinds[i]) == 0) return ink_graph_activation(g, x, (ink_activation)i, 0.1f);
    }
    if (strcmp(op, "maxpool") == 0) return ink_graph_maxpool(g, x, w->window_h, w->window_w, w->stride, w->pad);
    if (strcmp(op, "avgpool") == 0) return ink_graph_avgpool(g, x, w->window_h, w->window_w, w->stride, w->pad);
    if (strcmp(op, "gap") == 0) return ink_graph_global_avgpool(g, x);
    if (strcmp(op, "gmp") == 0) return ink_graph_global_maxpool(g, x);
    if (strcmp(op, "dropout") == 0) return ink_graph_dropout(g, x, 0.4f);
    if (strcmp(op, "flatten") == 0) return ink_graph_flatten(g, x);
    if (strcmp(op, "softmax") == 0) return ink_graph_softmax(g, x);
    if (strcmp(op, "warp") == 0) return ink_graph_warp(g, x, ink_graph_warps(g));
    if (strcmp(op, "normalise") == 0 || strcmp(op, "scale") == 0) {
        static const float scale[3] = {1 / 64.0f, 0.017f, 0.0123f}, shift[3] = {-1.5f, 0.25f, 0.0f}, none[3] = {0};
        return ink_graph_normalise(g, x, w->size, scale, op[0] == 'n' ? shift : none);
    }
    fail_msg("no layer is called %s", op);
    return INK_NONE;
}

static void layer(case_net *net, ink_id *at, ink_id *kept, const char *text) {
    ink_graph *g = &net->g;
    words w = read_words(text);
    if (strcmp(w.op, CASE_HALVES) == 0) {
        return;
    } else if (strcmp(w.op, "slack") == 0) {
        net->slack = (double)w.number;
    } else if (strcmp(w.op, "mark") == 0) {
        *kept = *at;
    } else if (strcmp(w.op, "other") == 0) {
        ink_id x = *at;
        *at = *kept;
        *kept = x;
    } else if (strcmp(w.op, "add") == 0) {
        *at = ink_graph_add(g, *at, *kept);
    } else if (strcmp(w.op, "predict") == 0) {
        net->predicts = true;
    } else if (strcmp(w.op, "frozen") == 0) {
        ink_id last = INK_NONE;
        for (ink_id i = 0; i < g->n_values; i++) {
            if (g->values[i].role == INK_ROLE_PARAM) last = i;
        }
        g->values[last].lr_scale = 0;
    } else if (strcmp(w.op, "linear") == 0 || strcmp(w.op, "conv") == 0 || strcmp(w.op, "depthwise") == 0) {
        *at = weighted(net, *at, &w);
    } else if (strncmp(w.op, "bn", 2) == 0) {
        *at = batchnorm(net, *at, &w);
    } else if (strcmp(w.op, "loss") == 0) {
        ink_graph_output(g, *at);
        ink_id losses = ink_graph_cross_entropy(g, *at, ink_graph_labels(g), w.number);
        ink_graph_gradients(g, losses);
        *at = losses;
    } else if (strcmp(w.op, "soft") == 0) {
        ink_id q = ink_graph_softmax(g, ink_graph_input(g, g->values[*at].dim[0], 1, 1));
        ink_graph_output(g, *at);
        *at = ink_graph_soft_cross_entropy(g, *at, ink_graph_labels(g), 0.1f, q, w.before, w.number);
        ink_graph_gradients(g, *at);
    } else if (strcmp(w.op, "sgd") == 0 || strcmp(w.op, "nesterov") == 0 || strncmp(w.op, "adam", 4) == 0 ||
               strcmp(w.op, "muon") == 0) {
        optimizer(net, &w);
    } else {
        *at = plain_layer(g, *at, &w);
    }
    if (g->fault.status != INK_OK) fail_msg("%s: %s", text, g->fault.text);
}

static void start(const char *text, case_net *net, ink_id *at) {
    char kind[8];
    int c = 1, h, w;
    if (sscanf(text, "%u img %dx%d:", &net->n, &h, &w) == 3) {
        *at = ink_graph_images(&net->g, h, w);
        net->x = INK_NONE;
    } else if (sscanf(text, "%u %7s %dx%dx%d:", &net->n, kind, &c, &h, &w) == 5 && strcmp(kind, "x") == 0) {
        net->x = *at = ink_graph_input(&net->g, c, h, w);
    } else {
        fail_msg("how does \"%s\" begin?", text);
    }
}

void case_build(const char *text, case_net *net) {
    *net = (case_net){.x = INK_NONE, .y = INK_NONE, .dy = INK_NONE, .dx = INK_NONE, .longest = 1, .slack = 1};
    ink_graph *g = &net->g;
    ink_id at = INK_NONE, kept = INK_NONE;
    start(text, net, &at);
    char copy[1024], *place = NULL;
    snprintf(copy, sizeof copy, "%s", strchr(text, ':') + 1);
    for (char *word = strtok_r(copy, ",", &place); word != NULL; word = strtok_r(NULL, ",", &place)) {
        layer(net, &at, &kept, word);
    }
    net->y = at;
    net->depth = (uint32_t)g->n_nodes;
    if (g->nodes[g->values[at].maker].op != INK_OP_CROSS_ENTROPY && !net->predicts) {
        const int32_t *dim = g->values[at].dim;
        net->dy = ink_graph_input(g, dim[0], dim[1], dim[2]);
        net->dx = ink_build_pull(g, net->y, net->dy, net->x);
        if (net->dx != INK_NONE) ink_graph_output(g, net->dx);
    }
    ink_graph_output(g, net->y);
    for (ink_id i = 0, end = g->n_values; i < end; i++) {
        if (g->values[i].gradient != INK_NONE) ink_graph_output(g, g->values[i].gradient);
    }
    if (g->fault.status != INK_OK) fail_msg("%s: %s", text, g->fault.text);
}

void case_clear(case_net *net) {
    ink_graph_clear(&net->g);
}

uint64_t case_work(const case_net *net) {
    uint64_t work = 0;
    for (int32_t i = 0; i < net->g.n_nodes; i++) work += ink_node_macs(&net->g, &net->g.nodes[i]) * net->n;
    for (ink_id v = 0; v < net->g.n_values; v++) work += 4 * ink_graph_elements(&net->g, v) * net->n;
    return work;
}

static void *room(size_t count, size_t size) {
    void *p = calloc(count > 0 ? count : 1, size);
    if (p == NULL) fail_msg("out of memory in a test");
    return p;
}

/* The number of element i of a value, by what it is. */
static float number_for(const ink_value *v, ink_rng *rng) {
    float number = ink_rng_between(rng, -1.7320508f, 1.7320508f); /* of variance 1 */
    if (v->role == INK_ROLE_INPUT) return number;
    if (strncmp(v->name, "gamma", 5) == 0) return 1.0f + 0.2f * number;
    if (strncmp(v->name, "var", 3) == 0) return 1.0f + 0.3f * fabsf(number);
    if (strncmp(v->name, "w", 1) == 0) {
        float terms = (float)v->dim[1] * (float)v->dim[2] * (float)v->dim[3];
        return number / sqrtf(terms);
    }
    return 0.2f * number;
}

/* Is a value written before a run? Not the optimizer's states: they are 0 at first. */
static bool is_written(const ink_value *v) {
    if (v->role == INK_ROLE_INPUT || v->role == INK_ROLE_PARAM) return true;
    return v->role == INK_ROLE_STATE && (strncmp(v->name, "mean", 4) == 0 || strncmp(v->name, "var", 3) == 0);
}

/* The numbers of a thing by its name, so that tests/golden/make_pytorch.py finds the same. */
static ink_rng rng_of(uint64_t seed, const char *name) {
    return ink_rng_at(seed, INK_STREAM_GOLDEN, ink_fnv64(name, strlen(name)) & 0xffffffffffffffu, 0);
}

static void draw_warp(ink_warp *warp, uint32_t i, ink_rng *rng) {
    *warp = (ink_warp){.xx = ink_rng_between(rng, 0.8f, 1.2f),
                       .xy = ink_rng_between(rng, -0.2f, 0.2f),
                       .yx = ink_rng_between(rng, -0.2f, 0.2f),
                       .yy = ink_rng_between(rng, 0.8f, 1.2f),
                       .x0 = ink_rng_between(rng, -3, 3),
                       .y0 = ink_rng_between(rng, -3, 3),
                       .elastic = i % 3 == 1 ? 0.02f : 0,
                       .erase_x = (int16_t)(ink_rng_below(rng, 28) - 2),
                       .erase_y = (int16_t)(ink_rng_below(rng, 28) - 2),
                       .erase_size = i % 2 == 0 ? 4 : 0};
    int8_t *grid = &warp->grid[0][0][0];
    for (size_t k = 0; k < sizeof warp->grid; k++) grid[k] = (int8_t)(ink_rng_u32(rng) & 0xff);
}

void case_fill(const case_net *net, uint32_t n, uint64_t seed, case_data *data) {
    const ink_graph *g = &net->g;
    *data = (case_data){.values = room((size_t)g->n_values, sizeof *data->values)};
    uint8_t classes = 10;
    for (ink_id i = 0; i < g->n_nodes; i++) {
        if (g->nodes[i].op == INK_OP_CROSS_ENTROPY) classes = (uint8_t)g->values[g->nodes[i].in[0]].dim[0];
    }
    data->labels = room(n, 1);
    ink_rng rng = rng_of(seed, "labels");
    for (uint32_t i = 0; i < n; i++) data->labels[i] = (uint8_t)ink_rng_below(&rng, classes);
    data->warps = room(n, sizeof *data->warps);
    rng = rng_of(seed, "warps");
    for (uint32_t i = 0; i < n; i++) draw_warp(&data->warps[i], i, &rng);
    for (ink_id v = 0; v < g->n_values; v++) {
        size_t elements = ink_graph_elements(g, v), count = g->values[v].batched ? n * elements : elements;
        const char *name = g->values[v].role == INK_ROLE_IMAGES ? "images"
                           : v == net->x                        ? "x"
                           : v == net->dy                       ? "dy"
                                                                : g->values[v].name;
        ink_rng one = rng_of(seed, name);
        if (g->values[v].role == INK_ROLE_IMAGES) {
            data->images = room(count, 1);
            /* Digits are half paper: 0. */
            for (size_t i = 0; i < count; i++) {
                uint32_t drawn = ink_rng_u32(&one);
                data->images[i] = drawn & 0x100 ? (uint8_t)(drawn & 0xff) : 0;
            }
        }
        if (!is_written(&g->values[v])) continue;
        data->values[v] = room(count, sizeof(float));
        for (size_t i = 0; i < count; i++) data->values[v][i] = number_for(&g->values[v], &one);
    }
}

void case_release(const case_net *net, case_data *data) {
    for (ink_id v = 0; v < net->g.n_values; v++) free(data->values[v]);
    free(data->values);
    free(data->images);
    free(data->labels);
    free(data->warps);
    *data = (case_data){0};
}

void case_write(const ink_backend *backend, ink_program *program, const case_net *net, uint32_t n,
                const case_data *data) {
    ink_error err;
    for (ink_id v = 0; v < net->g.n_values; v++) {
        const ink_value *value = &net->g.values[v];
        size_t count = ink_graph_elements(&net->g, v) * (value->batched ? n : 1);
        float *zeros = NULL;
        if (value->role == INK_ROLE_STATE && data->values[v] == NULL) zeros = room(count, sizeof *zeros);
        const float *from = data->values[v] != NULL ? data->values[v] : zeros;
        if (from != NULL && backend->write(program, v, from, count, &err) != INK_OK) fail_msg("%s", err.text);
        free(zeros);
    }
}

ink_batch case_batch(const case_data *data, uint32_t n) {
    return (ink_batch){.n = n,
                       .images = data->images,
                       .labels = data->labels,
                       .warps = data->warps,
                       .seed = 42,
                       .step = 1,
                       .lr = 0.05f};
}

bool case_compares(const case_net *net, ink_id value, uint32_t n, size_t *count) {
    const ink_value *v = &net->g.values[value];
    *count = ink_graph_elements(&net->g, value) * (v->batched ? n : 1);
    if (v->role == INK_ROLE_STATE) return true;
    return v->output || (v->role == INK_ROLE_PARAM && net->learns);
}

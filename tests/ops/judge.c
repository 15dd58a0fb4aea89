/* tests/ops/judge.c: a backend's results beside ref64's, value by value.
 * Which backends, and how, is the tests' business: test_backends.c, test_cuda.c.
 *
 * Tolerance  An f32 sum of K terms of random sign is off by about 2^-24 sqrt(K) of its own size; with blocks and trees
 * less. Allowed, for the largest difference in an array in units of the array's root mean square:
 * 2^-24 (16 + 4 sqrt(K)) per forward node, K the case's longest sum; eight times that where Winograd may be used (its
 * F(4x4,3x3) loses three bits); and in bf16, where both round the same inputs but a last bit may tip a rounding, on top
 * 2^-9 where a matrix node is not alone, or 2^-7 from 64 images on: of 100,000 values one that is tipped meets a large
 * weight. Where Winograd is taken, between maps of few channels and where three channels are one, a program of bf16
 * rounds nothing and the judge does: their difference has a root mean square of 2e-3, and a ReLU near its kink falls to
 * the other side in one of 300 places, which moves single gradients by all they are; so there the root mean square of
 * the difference counts, not the largest, and 2^-8 is allowed where a matrix node is alone, 2^-3 elsewhere: a wrong
 * index gives 1. From 64 images on it may be Fourier's way, which rounds other numbers than the judge: 2^-7. Where
 * Adam learns from that, 2^-2: its v is a gradient's square, and its first step has any gradient's sign at full size.
 * Elsewhere what Adam moves does not count where its m is within twice its own tolerance of 0: a first step goes the
 * whole way there, in a direction that rounding decides. m itself counts everywhere. Its v, a gradient's square, is off
 * by 2 g of what g is; where g is 3.5 times its root mean square, that is 4 times as much in units of v's: so much is
 * allowed.
 * A ReLU or a maximum within rounding of its kink may fall to the other side: a case passes when one of three seeds
 * does; a systematic fault fails all. In cases of more than CASE_WORK_MAX one of so many does so with every seed where
 * factors are rounded: there it is the root mean square of the difference that is held to the tolerance. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cases.h"
#include "core/pool.h"
#include "judge.h"
#include "ops/ref/ref.h"

#define SEEDS      3
#define MORE       1 /* images of the first, larger run on the same program */
#define AGAIN_MOST UINT64_C(1000000)
#define PRECISIONS 3

const char *judge_wanted;

/* What a run left: the compared values in double, and the numbers in the batch. */
typedef struct results {
    double **values; /* [values of the graph]; NULL where not compared */
    ink_batch batch;
} results;

static void release_results(const case_net *net, results *r) {
    for (ink_id v = 0; r->values != NULL && v < net->g.n_values; v++) free(r->values[v]);
    free(r->values);
    *r = (results){0};
}

static void must(ink_status status, const ink_error *err) {
    if (status != INK_OK) fail_msg("%s", err->text);
}

static void read_results(const ink_backend *backend, const ink_program *program, const case_net *net, results *r) {
    ink_error err;
    r->values = calloc((size_t)net->g.n_values, sizeof *r->values);
    assert_non_null(r->values);
    for (ink_id v = 0; v < net->g.n_values; v++) {
        size_t count;
        if (!case_compares(net, v, net->n, &count)) continue;
        r->values[v] = malloc(count * sizeof(double));
        assert_non_null(r->values[v]);
        if (backend == &ink_backend_ref64) {
            must(ink_ref64_read(program, v, r->values[v], count, &err), &err);
            continue;
        }
        float *single = malloc(count * sizeof *single);
        assert_non_null(single);
        must(backend->read(program, v, single, count, &err), &err);
        for (size_t i = 0; i < count; i++) r->values[v][i] = (double)single[i];
        free(single);
    }
}

/* One run of a case, after a larger one with other numbers on the same program, whose traces must not show. A small one
 * that learns nothing runs again on what it was given: a run must leave its inputs alone.
 * INK_E_ABSENT when the backend lacks the precision. */
static ink_status run_case(const ink_backend *backend, const judge_mode *m, const case_net *net, uint64_t seed,
                           ink_pool *pool, bool twice, results *r) {
    ink_error err;
    ink_program *program = NULL;
    ink_compile_options options = {.max_batch = net->n + (twice ? MORE : 0),
                                   .precision = m->precision,
                                   .exact = m->exact,
                                   .pool = pool,
                                   .kernels = m->kernels};
    ink_status status = backend->compile(&net->g, &options, &program, &err);
    if (status == INK_E_ABSENT) return status;
    must(status, &err);
    case_data data;
    if (twice) {
        case_fill(net, net->n + MORE, seed + 1000, &data);
        case_write(backend, program, net, net->n + MORE, &data);
        ink_batch larger = case_batch(&data, net->n + MORE);
        must(backend->run(program, &larger, &err), &err);
        case_release(net, &data);
    }
    case_fill(net, net->n, seed, &data);
    case_write(backend, program, net, net->n, &data);
    r->batch = case_batch(&data, net->n);
    must(backend->run(program, &r->batch, &err), &err);
    if (!net->learns && case_work(net) <= AGAIN_MOST) must(backend->run(program, &r->batch, &err), &err);
    r->batch.images = r->batch.labels = NULL;
    r->batch.warps = NULL;
    read_results(backend, program, net, r);
    case_release(net, &data);
    backend->free(program);
    return INK_OK;
}

/* Stride 2 and so many taps that the plan may take them in phases. */
static bool is_phased(const ink_node *n) {
    const int32_t h = n->attr.conv.window_h, w = n->attr.conv.window_w;
    return n->attr.conv.stride == 2 && h >= 4 && h <= 6 && w >= 4 && w <= 6;
}

/* May the plan take a way in bf16 that does not round what the judge rounds? */
static bool is_rough(const case_net *net, const judge_mode *m) {
    for (int32_t i = 0; i < net->g.n_nodes; i++) {
        const ink_node *n = &net->g.nodes[i];
        if (n->op != INK_OP_CONV2D) continue;
        const int32_t from = net->g.values[n->in[0]].dim[0], to = net->g.values[n->out[0]].dim[0];
        const ink_id maker = net->g.values[n->in[0]].maker;
        bool fits = n->attr.conv.window_h == 3 && n->attr.conv.window_w == 3 && n->attr.conv.stride == 1 && from >= 16;
        fits = fits || (from <= 16 && to <= 16) || (net->n >= 64 && is_phased(n));
        fits = fits || (from == 3 && maker != INK_NONE && net->g.nodes[maker].op == INK_OP_NORMALISE);
        if (fits && m->precision == INK_PRECISION_BF16 && !m->exact && m->backend == &ink_backend_cpu) return true;
    }
    return false;
}

/* What of a difference is held to the tolerance: the largest; its root mean square; or that, to the tolerances of
 * is_rough. */
typedef enum measure { LARGEST, MEAN, ROUGH } measure;

static measure measure_of(const case_net *net, const judge_mode *m) {
    if (is_rough(net, m)) return ROUGH;
    return m->precision != INK_PRECISION_F32 && case_work(net) > CASE_WORK_MAX ? MEAN : LARGEST;
}

static double tolerance(const case_net *net, const judge_mode *m) {
    int matrices = 0, adams = 0;
    for (int32_t i = 0; i < net->g.n_nodes; i++) {
        ink_op op = net->g.nodes[i].op;
        matrices += op == INK_OP_LINEAR || op == INK_OP_CONV2D;
        adams += op == INK_OP_ADAM;
    }
    if (is_rough(net, m) && net->depth > 1) return adams > 0 ? 0x1p-2 : 0x1p-3;
    if (is_rough(net, m)) return net->n >= 64 ? 0x1p-7 : 0x1p-8;
    double one = 0x1p-24 * (16 + 4 * sqrt((double)net->longest));
    if (m->backend == &ink_backend_cpu && !m->exact && m->precision == INK_PRECISION_F32) one *= 8;
    double all = one * net->depth * net->slack * (m->slack > 0 ? m->slack : 1);
    if (m->precision != INK_PRECISION_F32 && matrices > 0 && net->depth > 1) all += net->n >= 64 ? 0x1p-7 : 0x1p-9;
    return all;
}

static double root_mean_square(const double *a, size_t count) {
    double squares = 0;
    for (size_t i = 0; i < count; i++) squares += a[i] * a[i];
    return sqrt(squares / (double)count);
}

/* Values of which some do not count: those whose `sure` is not above `least`; sure NULL: all count. */
typedef struct counted {
    const double *sure;
    double least;
} counted;

/* The difference in units of the judge's root mean square, or of `floor` when that is larger; infinite where one of
 * them is not finite. */
static double difference(const double *a, const double *judge, size_t count, counted some, double floor, measure by) {
    double largest = 0, off = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(a[i]) || !isfinite(judge[i])) return INFINITY;
        if (some.sure != NULL && fabs(some.sure[i]) <= some.least) continue;
        off += (a[i] - judge[i]) * (a[i] - judge[i]);
        if (fabs(a[i] - judge[i]) > largest) largest = fabs(a[i] - judge[i]);
    }
    if (by != LARGEST) largest = sqrt(off / (double)count);
    double unit = fmax(root_mean_square(judge, count), floor);
    if (largest == 0) return 0;
    return unit > 0 ? largest / unit : INFINITY;
}

/* Is it the v of an Adam? */
static bool is_square(const case_net *net, ink_id v) {
    for (int32_t i = 0; i < net->g.n_nodes; i++) {
        if (net->g.nodes[i].op == INK_OP_ADAM && net->g.nodes[i].in[3] == v) return true;
    }
    return false;
}

/* Adam's m of a parameter, or of what is its average; INK_NONE: Adam does not move it. */
static ink_id moment_of(const case_net *net, ink_id v) {
    for (int32_t i = 0; i < net->g.n_nodes; i++) {
        const ink_node *n = &net->g.nodes[i];
        if (n->op == INK_OP_AVERAGE && n->in[1] == v) return moment_of(net, n->in[0]);
        if (n->op == INK_OP_ADAM && n->in[0] == v) return n->in[2];
    }
    return INK_NONE;
}

static counted counted_of(const case_net *net, ink_id v, const results *judge, double allowed) {
    ink_id m = moment_of(net, v);
    if (m == INK_NONE) return (counted){.sure = NULL};
    double size = root_mean_square(judge->values[m], ink_graph_elements(&net->g, m));
    return (counted){.sure = judge->values[m], .least = 2 * allowed * size};
}

static const char *name_of(const case_net *net, ink_id v, char *text, size_t size) {
    const ink_value *value = &net->g.values[v];
    if (v == net->y) return "y";
    if (v == net->dx) return "dx";
    if (value->name[0] != '\0') return value->name;
    for (ink_id i = 0; i < net->g.n_values; i++) {
        if (net->g.values[i].gradient == v) {
            snprintf(text, size, "gradient of %.60s", net->g.values[i].name);
            return text;
        }
    }
    snprintf(text, size, "value %d", v);
    return text;
}

/* The worst difference as a part of what is allowed; says which value. */
static double worst_of(const case_net *net, const results *r, const results *judge, double allowed, measure by,
                       char *where, size_t size) {
    double worst = 0;
    char text[128];
    where[0] = '\0';
    /* Where dy is about 1, gradients are, unless all of them cancel: that of a bias before batch norm is 0. */
    double floor = net->dy != INK_NONE ? 0.25 : 0;
    for (ink_id v = 0; v < net->g.n_values; v++) {
        size_t count;
        if (!case_compares(net, v, net->n, &count)) continue;
        counted some = {.sure = NULL};
        if (by != ROUGH) some = counted_of(net, v, judge, allowed);
        double part = difference(r->values[v], judge->values[v], count, some, floor, by) / allowed;
        if (by != ROUGH && is_square(net, v)) part /= 4;
        if (part > worst) {
            worst = part;
            snprintf(where, size, "%s", name_of(net, v, text, sizeof text));
        }
    }
    double loss = fabs(r->batch.loss_sum - judge->batch.loss_sum) / (fabs(judge->batch.loss_sum) + 1) / allowed;
    double norm =
        fabs(r->batch.gradient_norm - judge->batch.gradient_norm) / (fabs(judge->batch.gradient_norm) + 1e-9) / allowed;
    if (loss > worst || isnan(loss)) snprintf(where, size, "loss_sum");
    if (norm > worst || isnan(norm)) snprintf(where, size, "gradient_norm");
    if (r->batch.correct != judge->batch.correct) {
        snprintf(where, size, "correct");
        return INFINITY;
    }
    return fmax(worst, fmax(loss, norm));
}

static bool same_bits(const case_net *net, const results *a, const results *b) {
    for (ink_id v = 0; v < net->g.n_values; v++) {
        size_t count;
        if (!case_compares(net, v, net->n, &count)) continue;
        if (memcmp(a->values[v], b->values[v], count * sizeof(double)) != 0) return false;
    }
    return a->batch.loss_sum == b->batch.loss_sum && a->batch.correct == b->batch.correct &&
           a->batch.gradient_norm == b->batch.gradient_norm;
}

static uint64_t *works; /* [cases] */

/* halves: cases count that are meant for bf16's plain loops, however large. */
static bool is_chosen(size_t i, uint64_t most, bool halves) {
    if (judge_wanted != NULL) return strstr(ink_cases[i], judge_wanted) != NULL;
    return works[i] <= most || (halves && strstr(ink_cases[i], CASE_HALVES) != NULL);
}

static void weigh_all(void) {
    works = calloc(ink_n_cases, sizeof *works);
    assert_non_null(works);
    for (size_t i = 0; i < ink_n_cases; i++) {
        case_net net;
        case_build(ink_cases[i], &net);
        works[i] = case_work(&net);
        case_clear(&net);
    }
}

static results *judged[PRECISIONS]; /* [ink_precision - 1][cases]: of the first seed */

static void judge_case(const case_net *net, ink_precision precision, uint64_t seed, ink_pool *pool, results *r) {
    judge_mode m = {.backend = &ink_backend_ref64, .precision = precision, .exact = true, .name = "ref64"};
    must(run_case(&ink_backend_ref64, &m, net, seed, pool, false, r), &(ink_error){0});
}

void judge_begin(ink_precision precision, uint64_t most) {
    ink_pool *pool = NULL;
    if (works == NULL) weigh_all();
    must(ink_pool_new(0, &pool, NULL), &(ink_error){0});
    results *all = calloc(ink_n_cases, sizeof *all);
    assert_non_null(all);
    for (size_t i = 0; i < ink_n_cases; i++) {
        if (!is_chosen(i, most, precision == INK_PRECISION_BF16)) continue;
        case_net net;
        case_build(ink_cases[i], &net);
        judge_case(&net, precision, 1, pool, &all[i]);
        case_clear(&net);
    }
    judged[precision - 1] = all;
    ink_pool_free(pool);
}

/* One case in one mode; false when it is off on all seeds, or depends on threads. */
static bool check_case(const judge_mode *m, size_t i, ink_pool *pool, double *part_out) {
    const ink_backend *backend = m->backend;
    case_net net;
    case_build(ink_cases[i], &net);
    double allowed = tolerance(&net, m), part = INFINITY;
    char where[160] = "";
    bool good = false;
    for (uint64_t seed = 1; seed <= SEEDS && !good; seed++) {
        results alone = {0}, judge = {0};
        if (run_case(backend, m, &net, seed, NULL, true, &alone) == INK_E_ABSENT) {
            *part_out = -1;
            case_clear(&net);
            return true;
        }
        const results *against = &judged[m->precision - 1][i];
        if (seed > 1) {
            judge_case(&net, m->precision, seed, NULL, &judge);
            against = &judge;
        }
        part = worst_of(&net, &alone, against, allowed, measure_of(&net, m), where, sizeof where);
        good = part <= 1;
        if (seed == 1) {
            results threaded = {0};
            if (m->turn != NULL) m->turn(true);
            (void)run_case(backend, m, &net, seed, pool, false, &threaded);
            if (m->turn != NULL) m->turn(false);
            if (!same_bits(&net, &alone, &threaded)) {
                print_error("%s: \"%s\": other bits with 3 threads, in another order, or after a larger batch\n",
                            m->name, ink_cases[i]);
                part = INFINITY;
                good = false;
                seed = SEEDS;
            }
            release_results(&net, &threaded);
        }
        release_results(&net, &alone);
        release_results(&net, &judge);
    }
    if (!good) {
        print_error("%s: \"%s\": %s is off by %.3g times the %.2g allowed\n", m->name, ink_cases[i], where, part,
                    allowed);
    } else if (judge_wanted != NULL) {
        print_message("%s: \"%s\": %.3g of the %.2g allowed (%s)\n", m->name, ink_cases[i], part, allowed, where);
    }
    *part_out = part;
    case_clear(&net);
    return good;
}

bool judge_mode_is_right(const judge_mode *m, const char *isa, uint64_t most) {
    ink_pool *pool = NULL;
    double worst = 0;
    size_t worst_case = 0, bad = 0, done = 0;
    must(ink_pool_new(3, &pool, NULL), &(ink_error){0});
    for (size_t i = 0; i < ink_n_cases; i++) {
        double part = 0;
        if (!is_chosen(i, most, m->precision == INK_PRECISION_BF16 && m->kernels != NULL)) continue;
        if (!check_case(m, i, pool, &part)) bad++;
        if (part < 0) break; /* this precision is absent */
        done++;
        if (part > worst) {
            worst = part;
            worst_case = i;
        }
    }
    ink_pool_free(pool);
    if (done == 0) return true;
    print_message("%s %s: %zu cases, %zu bad; closest to its tolerance: %.2f, \"%s\"\n", m->name, isa, done, bad, worst,
                  ink_cases[worst_case]);
    return bad == 0;
}

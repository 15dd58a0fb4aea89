/* tests/ops/test_backends.c: every backend, instruction set and precision against ref64, over the list of cases.
 * It is no proof of ref64: that is test_gradients.c and test_pytorch.c.
 *
 *   test_ops_backends                 all; each instruction set in a process of its own (INK_ISA is read once)
 *   test_ops_backends TEXT            only cases that contain TEXT, also those too large for the generic kernels by
 *                                     default; and the worst error of each
 *
 * Tolerance  An f32 sum of K terms of random sign is off by about 2^-24 sqrt(K) of its own size; with blocks and trees
 * less. Allowed, for the largest difference in an array in units of the array's root mean square:
 * 2^-24 (16 + 4 sqrt(K)) per forward node, K the case's longest sum; eight times that where Winograd may be used (its
 * F(4x4,3x3) loses three bits); and in bf16, where both round the same inputs but a last bit may tip a rounding,
 * 2^-9 on top where a matrix node is not alone. Where Winograd is taken, a program of bf16 rounds nothing and the judge
 * does: their difference has a root mean square of 2e-3, and a ReLU near its kink falls to the other side in one of 300
 * places, which moves single gradients by all they are; so there the root mean square of the difference counts, not the
 * largest, and 2^-8 is allowed where a matrix node is alone, 2^-3 elsewhere: a wrong index gives 1.
 * A ReLU or a maximum within rounding of its kink may fall to the other
 * side: a case passes when one of three seeds does; a systematic fault fails all. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cases.h"
#include "core/pool.h"
#include "emulated.h"
#include "ops/ref/ref.h"

#define SEEDS 3
#define MORE  1 /* images of the first, larger run on the same program */

typedef struct mode {
    const char *backend;
    ink_precision precision;
    bool exact;
    const char *name;
    bool emulated; /* the plain bfloat16 loops of emulated.c */
} mode;

static const mode modes[] = {
    {"ref", INK_PRECISION_F32, false, "ref f32", false},
    {"ref", INK_PRECISION_BF16, false, "ref bf16", false},
    {"cpu", INK_PRECISION_F32, true, "cpu f32 exact", false},
    {"cpu", INK_PRECISION_F32, false, "cpu f32", false},
    {"cpu", INK_PRECISION_BF16, true, "cpu bf16 exact", false},
    {"cpu", INK_PRECISION_BF16, false, "cpu bf16", false},
    {"cpu", INK_PRECISION_BF16, true, "cpu bf16 exact, emulated", true},
    {"cpu", INK_PRECISION_BF16, false, "cpu bf16, emulated", true},
};

static const char *wanted_text; /* only cases that contain it; or NULL */

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

/* One run of a case, after a larger one with other numbers on the same program, whose traces must not show.
 * INK_E_ABSENT when the backend lacks the precision. */
static ink_status run_case(const ink_backend *backend, const mode *m, const case_net *net, uint64_t seed,
                           ink_pool *pool, bool twice, results *r) {
    ink_error err;
    ink_program *program = NULL;
    ink_kernels emulated = m->emulated ? emulated_bf16() : (ink_kernels){0};
    ink_compile_options options = {.max_batch = net->n + (twice ? MORE : 0),
                                   .precision = m->precision,
                                   .exact = m->exact,
                                   .pool = pool,
                                   .kernels = m->emulated ? &emulated : NULL};
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
    r->batch.images = r->batch.labels = NULL;
    r->batch.warps = NULL;
    read_results(backend, program, net, r);
    case_release(net, &data);
    backend->free(program);
    return INK_OK;
}

/* May the plan take Winograd's way in bf16? */
static bool is_rough(const case_net *net, const mode *m) {
    for (int32_t i = 0; i < net->g.n_nodes; i++) {
        const ink_node *n = &net->g.nodes[i];
        bool fits = n->op == INK_OP_CONV2D && n->attr.conv.window_h == 3 && n->attr.conv.window_w == 3 &&
                    n->attr.conv.stride == 1 && net->g.values[n->in[0]].dim[0] >= 16;
        if (fits && m->precision == INK_PRECISION_BF16 && !m->exact && strcmp(m->backend, "cpu") == 0) return true;
    }
    return false;
}

static double tolerance(const case_net *net, const mode *m) {
    int matrices = 0;
    for (int32_t i = 0; i < net->g.n_nodes; i++) {
        ink_op op = net->g.nodes[i].op;
        matrices += op == INK_OP_LINEAR || op == INK_OP_CONV2D;
    }
    if (is_rough(net, m)) return net->depth > 1 ? 0x1p-3 : 0x1p-8;
    double one = 0x1p-24 * (16 + 4 * sqrt((double)net->longest));
    if (strcmp(m->backend, "cpu") == 0 && !m->exact && m->precision == INK_PRECISION_F32) one *= 8;
    double all = one * net->depth * net->slack;
    if (m->precision == INK_PRECISION_BF16 && matrices > 0 && net->depth > 1) all += 0x1p-9;
    return all;
}

/* The largest difference (rough: its root mean square) in units of the judge's root mean square, or of `floor` when
 * that is larger; infinite where one of them is not finite. */
static double difference(const double *a, const double *judge, size_t count, double floor, bool rough) {
    double squares = 0, largest = 0, off = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(a[i]) || !isfinite(judge[i])) return INFINITY;
        squares += judge[i] * judge[i];
        off += (a[i] - judge[i]) * (a[i] - judge[i]);
        if (fabs(a[i] - judge[i]) > largest) largest = fabs(a[i] - judge[i]);
    }
    if (rough) largest = sqrt(off / (double)count);
    double unit = fmax(sqrt(squares / (double)count), floor);
    if (largest == 0) return 0;
    return unit > 0 ? largest / unit : INFINITY;
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
static double worst_of(const case_net *net, const results *r, const results *judge, double allowed, bool rough,
                       char *where, size_t size) {
    double worst = 0;
    char text[128];
    where[0] = '\0';
    /* Where dy is about 1, gradients are, unless all of them cancel: that of a bias before batch norm is 0. */
    double floor = net->dy != INK_NONE ? 0.25 : 0;
    for (ink_id v = 0; v < net->g.n_values; v++) {
        size_t count;
        if (!case_compares(net, v, net->n, &count)) continue;
        double part = difference(r->values[v], judge->values[v], count, floor, rough) / allowed;
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

/* Work of a case that plain loops, calls of fma, or sanitizers end soon; the small brothers of larger cases take the
 * same paths. */
static uint64_t most_work(const mode *m, const char *isa) {
    if (CASE_SANITIZED || m->emulated || strncmp(m->backend, "ref", 3) == 0) return CASE_WORK_MAX;
    return strcmp(isa, "generic") == 0 ? CASE_WORK_MAX / 3 : UINT64_MAX;
}

static uint64_t *works; /* [cases] */

static bool is_chosen(size_t i, uint64_t most) {
    if (wanted_text != NULL) return strstr(ink_cases[i], wanted_text) != NULL;
    return works[i] <= most;
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

static results *judged[2]; /* [f32, bf16][cases]: of the first seed */

static void judge_case(const case_net *net, ink_precision precision, uint64_t seed, ink_pool *pool, results *r) {
    mode m = {"ref64", precision, true, "ref64", false};
    must(run_case(&ink_backend_ref64, &m, net, seed, pool, false, r), &(ink_error){0});
}

/* In bf16 the largest cases wait for a processor that has it. */
static void judge_all(void) {
    ink_pool *pool = NULL;
    ink_kernels table;
    bool has_bf16 = ink_kernels_pick(&table, NULL) == INK_OK && table.has_bf16;
    const uint64_t most[] = {CASE_SANITIZED ? CASE_WORK_MAX : UINT64_MAX,
                             has_bf16 && !CASE_SANITIZED ? UINT64_MAX : CASE_WORK_MAX};
    must(ink_pool_new(0, &pool, NULL), &(ink_error){0});
    for (int p = 0; p < 2; p++) {
        judged[p] = calloc(ink_n_cases, sizeof *judged[p]);
        assert_non_null(judged[p]);
        for (size_t i = 0; i < ink_n_cases; i++) {
            if (!is_chosen(i, most[p])) continue;
            case_net net;
            case_build(ink_cases[i], &net);
            judge_case(&net, p == 1 ? INK_PRECISION_BF16 : INK_PRECISION_F32, 1, pool, &judged[p][i]);
            case_clear(&net);
        }
    }
    ink_pool_free(pool);
}

/* One case in one mode; false when it is off on all seeds, or depends on threads. */
static bool check_case(const ink_backend *backend, const mode *m, size_t i, ink_pool *pool, double *part_out) {
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
        const results *against = &judged[m->precision == INK_PRECISION_BF16][i];
        if (seed > 1) {
            judge_case(&net, m->precision, seed, NULL, &judge);
            against = &judge;
        }
        part = worst_of(&net, &alone, against, allowed, is_rough(&net, m), where, sizeof where);
        good = part <= 1;
        if (seed == 1) {
            results threaded = {0};
            (void)run_case(backend, m, &net, seed, pool, false, &threaded);
            if (!same_bits(&net, &alone, &threaded)) {
                print_error("%s: \"%s\": other bits with 3 threads, or after a larger batch\n", m->name, ink_cases[i]);
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
    } else if (wanted_text != NULL) {
        print_message("%s: \"%s\": %.3g of the %.2g allowed (%s)\n", m->name, ink_cases[i], part, allowed, where);
    }
    *part_out = part;
    case_clear(&net);
    return good;
}

/* The emulated loops stand beside one table: that of this processor. */
static const char *emulated_beside = "generic";

/* All cases in all modes of one backend. */
static bool check_backend(const char *name, const char *isa) {
    const ink_backend *backend = ink_backend_find(name);
    if (backend == NULL) return true;
    ink_pool *pool = NULL;
    must(ink_pool_new(3, &pool, NULL), &(ink_error){0});
    bool good = true;
    for (size_t k = 0; k < sizeof modes / sizeof *modes; k++) {
        if (strcmp(modes[k].backend, name) != 0) continue;
        if (modes[k].emulated && strcmp(isa, emulated_beside) != 0) continue;
        double worst = 0;
        size_t worst_case = 0, bad = 0, done = 0;
        for (size_t i = 0; i < ink_n_cases; i++) {
            double part = 0;
            if (!is_chosen(i, most_work(&modes[k], isa))) continue;
            if (!check_case(backend, &modes[k], i, pool, &part)) bad++;
            if (part < 0) break; /* this precision is absent */
            done++;
            if (part > worst) {
                worst = part;
                worst_case = i;
            }
        }
        if (done == 0) continue;
        print_message("%s %s: %zu cases, %zu bad; closest to its tolerance: %.2f, \"%s\"\n", modes[k].name, isa, done,
                      bad, worst, ink_cases[worst_case]);
        good = good && bad == 0;
    }
    ink_pool_free(pool);
    return good;
}

static void ref_matches_ref64(void **state) {
    (void)state;
    assert_true(check_backend("ref", ""));
}

/* Can the cpu backend be used with this INK_ISA? An unknown or impossible one is refused by compile. */
static bool has_isa(const ink_backend *cpu) {
    ink_graph g = {0};
    ink_id x = ink_graph_input(&g, 1, 1, 1);
    (void)ink_graph_activation(&g, x, INK_RELU, 0);
    ink_program *program = NULL;
    bool there = cpu->compile(&g, &(ink_compile_options){.max_batch = 1}, &program, NULL) == INK_OK;
    cpu->free(program);
    ink_graph_clear(&g);
    return there;
}

static void cpu_matches_ref64(void **state) {
    (void)state;
    const ink_backend *cpu = ink_backend_find("cpu");
    if (cpu == NULL) skip();
    static const char *const isas[] = {"generic", "avx2", "avx512", "avx512bf16", "neon"};
    int bad = 0, done = 0;
    fflush(NULL);
    for (size_t i = 0; i < sizeof isas / sizeof *isas; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            setenv("INK_ISA", isas[i], 1);
            int code = !has_isa(cpu) ? 2 : check_backend("cpu", isas[i]) ? 0 : 1;
            fflush(NULL);
            _exit(code);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 2) continue;
        done++;
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            print_error("cpu with INK_ISA=%s failed\n", isas[i]);
            bad++;
        }
    }
    assert_true(done > 0);
    assert_int_equal(bad, 0);
}

int main(int argc, char **argv) {
    if (argc > 1) wanted_text = argv[1];
    static ink_kernels best;
    if (ink_kernels_pick(&best, NULL) == INK_OK) emulated_beside = best.name;
    weigh_all();
    judge_all();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ref_matches_ref64),
        cmocka_unit_test(cpu_matches_ref64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

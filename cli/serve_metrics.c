/* cli/serve_metrics.c: what the server counts, as Prometheus reads it.
 * Only the main thread counts, so that there is nothing to lock. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/serve.h"

static const double bounds_s[SERVE_BUCKETS] = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5};

void serve_count_answer(serve_metrics *m, unsigned code) {
    for (int i = 0; i < SERVE_CODES; i++) {
        if (m->answers[i].code != code && m->answers[i].code != 0) continue;
        m->answers[i].code = code;
        m->answers[i].count++;
        return;
    }
}

void serve_count_seconds(serve_metrics *m, double seconds) {
    int i = 0;
    while (i < SERVE_BUCKETS && seconds > bounds_s[i]) i++;
    m->bucket[i]++;
    m->seconds += seconds;
}

static void put_head(FILE *out, const char *name, const char *type, const char *help) {
    fprintf(out, "# HELP inkling_%s %s\n# TYPE inkling_%s %s\n", name, help, name, type);
}

static void put_number(FILE *out, const char *name, const char *type, const char *help, uint64_t value) {
    put_head(out, name, type, help);
    fprintf(out, "inkling_%s %llu\n", name, (unsigned long long)value);
}

static void put_seconds(FILE *out, const serve_metrics *m) {
    uint64_t sum = 0;
    put_head(out, "predict_seconds", "histogram", "From the end of a request's body to its answer.");
    for (int i = 0; i < SERVE_BUCKETS; i++) {
        sum += m->bucket[i];
        fprintf(out, "inkling_predict_seconds_bucket{le=\"%g\"} %llu\n", bounds_s[i], (unsigned long long)sum);
    }
    sum += m->bucket[SERVE_BUCKETS];
    fprintf(out, "inkling_predict_seconds_bucket{le=\"+Inf\"} %llu\n", (unsigned long long)sum);
    fprintf(out, "inkling_predict_seconds_sum %.6f\ninkling_predict_seconds_count %llu\n", m->seconds,
            (unsigned long long)sum);
}

char *serve_metrics_text(const serve_metrics *m, const serve_deadlines *d, unsigned waiting) {
    static const char *const late[SERVE_STATES] = {"idle", "header", "body", "work", "write"};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return NULL;
    put_head(out, "answers_total", "counter", "Answers by HTTP status.");
    for (int i = 0; i < SERVE_CODES && m->answers[i].code != 0; i++) {
        fprintf(out, "inkling_answers_total{code=\"%u\"} %llu\n", m->answers[i].code,
                (unsigned long long)m->answers[i].count);
    }
    put_number(out, "images_total", "counter", "Images read.", m->images);
    put_number(out, "connections_total", "counter", "Connections accepted.", m->connections);
    put_number(out, "connections", "gauge", "Connections open now.", d->count);
    put_number(out, "waiting", "gauge", "Requests that wait for the net.", waiting);
    put_number(out, "reloads_total", "counter", "Models taken up while serving.", m->reloads);
    put_number(out, "reloads_refused_total", "counter", "Model files that could not be loaded.", m->reloads_refused);
    put_head(out, "overdue_total", "counter", "Connections shut at a deadline.");
    for (int s = 0; s < SERVE_STATES; s++) {
        if (s == SERVE_WORK) continue;
        fprintf(out, "inkling_overdue_total{state=\"%s\"} %llu\n", late[s], (unsigned long long)d->overdue[s]);
    }
    put_seconds(out, m);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* cli/serve_lanes.c: two bounded queues, each with a thread that answers what stands in it.
 * It knows no connection: who asked is the owner that each job carries. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/say.h"
#include "cli/serve.h"

#define TOGETHER    128         /* requests answered at once */
#define IMAGES      128         /* of them, about */
#define QUICK_BYTES (64u << 10) /* a body of more goes the slow way: 83 images, or a page of JSON */

typedef struct lane {
    serve_lanes *lanes;
    pthread_t thread;
    bool started;
    pthread_cond_t filled;
    serve_job *first, **last; /* last: where the next one is hung */
    unsigned count, most;
} lane;

struct serve_lanes {
    ink_service *service;
    int wake;
    pthread_mutex_t lock;
    lane quick, slow;
    serve_job *done, **done_last;
    bool end;
};

/* Takes what is answered together; called with the lock held. */
static size_t take(lane *l, serve_job *jobs[TOGETHER], size_t most) {
    size_t n = 0, images = 0;
    while (l->first != NULL && n < most && images < IMAGES) {
        serve_job *job = l->first;
        l->first = job->next;
        if (l->first == NULL) l->last = &l->first;
        l->count--;
        images += job->question.body == INK_BODY_PIXELS ? job->question.size / 784 : job->question.size / 2000;
        jobs[n++] = job;
    }
    return n;
}

static void give_back(serve_lanes *lanes, serve_job *const *jobs, size_t n) {
    char byte = 0;
    pthread_mutex_lock(&lanes->lock);
    bool was_empty = lanes->done == NULL;
    for (size_t i = 0; i < n; i++) {
        jobs[i]->next = NULL;
        *lanes->done_last = jobs[i];
        lanes->done_last = &jobs[i]->next;
    }
    pthread_mutex_unlock(&lanes->lock);
    /* A full pipe wakes as well. */
    while (was_empty && write(lanes->wake, &byte, 1) < 0 && errno == EINTR) continue;
}

static void answer(serve_lanes *lanes, serve_job **jobs, size_t n) {
    ink_question *questions[TOGETHER];
    serve_job *job = jobs[0];
    if (job->task == SERVE_CORRECT) {
        ink_service_correct(lanes->service, job->question.bytes, job->question.size, &job->question.code,
                            &job->question.answer);
    } else if (job->task == SERVE_REFRESH) {
        job->status = ink_service_refresh(lanes->service, job->always, &job->swapped, &job->err);
    } else {
        for (size_t i = 0; i < n; i++) questions[i] = &jobs[i]->question;
        ink_service_answer(lanes->service, questions, n);
    }
}

static void *work(void *context) {
    lane *l = context;
    serve_lanes *lanes = l->lanes;
    serve_job *jobs[TOGETHER];
    size_t most = l == &lanes->quick ? TOGETHER : 1;
    for (;;) {
        pthread_mutex_lock(&lanes->lock);
        while (l->first == NULL && !lanes->end) pthread_cond_wait(&l->filled, &lanes->lock);
        size_t n = take(l, jobs, most);
        pthread_mutex_unlock(&lanes->lock);
        if (n == 0) return NULL;
        answer(lanes, jobs, n);
        give_back(lanes, jobs, n);
    }
}

static ink_status begin(serve_lanes *lanes, lane *l, unsigned most, ink_error *err) {
    l->lanes = lanes;
    l->last = &l->first;
    l->most = most;
    pthread_cond_init(&l->filled, NULL);
    int fault = pthread_create(&l->thread, NULL, work, l);
    l->started = fault == 0;
    return fault == 0 ? INK_OK : cli_fail(err, INK_E_INTERNAL, "cannot begin a thread: %s", strerror(fault));
}

ink_status serve_lanes_new(ink_service *service, int wake, unsigned queue, serve_lanes **out, ink_error *err) {
    *out = NULL;
    serve_lanes *lanes = calloc(1, sizeof *lanes);
    if (lanes == NULL) return cli_fail(err, INK_E_MEMORY, "out of memory");
    lanes->service = service;
    lanes->wake = wake;
    lanes->done_last = &lanes->done;
    pthread_mutex_init(&lanes->lock, NULL);
    ink_status status = begin(lanes, &lanes->quick, queue, err);
    if (status == INK_OK) status = begin(lanes, &lanes->slow, queue / 4 + 1, err);
    if (status == INK_OK) {
        *out = lanes;
    } else {
        serve_lanes_free(lanes);
    }
    return status;
}

static bool is_quick(const serve_job *job) {
    const ink_question *q = &job->question;
    return job->task == SERVE_PREDICT && q->body != INK_BODY_PICTURE && !q->layers && q->size <= QUICK_BYTES;
}

bool serve_lanes_push(serve_lanes *lanes, serve_job *job) {
    lane *l = is_quick(job) ? &lanes->quick : &lanes->slow;
    job->next = NULL;
    pthread_mutex_lock(&lanes->lock);
    bool room = l->count < l->most;
    if (room) {
        *l->last = job;
        l->last = &job->next;
        l->count++;
        pthread_cond_signal(&l->filled);
    }
    pthread_mutex_unlock(&lanes->lock);
    return room;
}

serve_job *serve_lanes_done(serve_lanes *lanes) {
    pthread_mutex_lock(&lanes->lock);
    serve_job *done = lanes->done;
    lanes->done = NULL;
    lanes->done_last = &lanes->done;
    pthread_mutex_unlock(&lanes->lock);
    return done;
}

void serve_lanes_drop(serve_lanes *lanes) {
    serve_job *jobs[TOGETHER];
    size_t n;
    do {
        pthread_mutex_lock(&lanes->lock);
        n = take(&lanes->quick, jobs, TOGETHER / 2);
        n += take(&lanes->slow, jobs + n, TOGETHER / 2);
        pthread_mutex_unlock(&lanes->lock);
        if (n > 0) give_back(lanes, jobs, n);
    } while (n > 0);
}

unsigned serve_lanes_waiting(serve_lanes *lanes) {
    pthread_mutex_lock(&lanes->lock);
    unsigned count = lanes->quick.count + lanes->slow.count;
    pthread_mutex_unlock(&lanes->lock);
    return count;
}

static void end(serve_lanes *lanes, lane *l) {
    if (!l->started) return;
    pthread_mutex_lock(&lanes->lock);
    lanes->end = true;
    pthread_cond_signal(&l->filled);
    pthread_mutex_unlock(&lanes->lock);
    pthread_join(l->thread, NULL);
    pthread_cond_destroy(&l->filled);
}

void serve_lanes_free(serve_lanes *lanes) {
    if (lanes == NULL) return;
    end(lanes, &lanes->quick);
    end(lanes, &lanes->slow);
    pthread_mutex_destroy(&lanes->lock);
    free(lanes);
}

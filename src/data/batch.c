/* data/batch.c: a ring of prepared batches, filled when asked for, or ahead of time by workers.
 * It decides no order and no distortion of its own: both are functions of (seed, epoch, row).
 *
 * Workers  Under one lock, a worker takes the number of the next batch to prepare, prepares it unlocked into slot
 * (number mod slots), and marks the slot with the number. At most `slots` batches, counted from the one that the caller
 * holds, are taken at a time, so a slot is never written while it is read. start() waits until no worker is preparing,
 * then gives the epoch its order. */
#define _GNU_SOURCE
#include "data/batch.h"

#include <pthread.h>
#include <string.h>

#include "core/clock.h"
#include "core/mem.h"
#include "core/rng.h"
#include "core/status.h"

#define WORKERS_MAX      64u
#define TASK_IMAGES      32u                 /* images of one task of the pool */
#define POOL_BYTES_LEAST ((size_t)256 << 10) /* copying less than this is not worth waking threads for */

typedef struct slot {
    uint8_t *images, *labels;
    uint32_t *rows;
    ink_warp *warps;
    uint64_t ready; /* number of the batch that lies here, plus 1; 0: none */
} slot;

struct ink_batches {
    const ink_images *source;
    ink_augment augment;
    ink_pool *pool;
    uint64_t seed, epoch;
    uint32_t *rows, *order; /* [n_rows]; order is rows when nothing is shuffled */
    uint32_t n_rows, batch_size, count;
    size_t image_bytes;
    bool shuffle, warped, rows_alone;
    bool in_place; /* rows run on without a gap in file order: batches point into the source's own pixels */
    uint64_t at;   /* batch that next brings */
    double waited_s;
    slot *slots;
    uint32_t n_slots;
    /* workers */
    pthread_t *threads;
    uint32_t n_threads;
    pthread_mutex_t lock;
    pthread_cond_t work, ready; /* for workers; for the caller */
    uint64_t taken, held;       /* next batch to prepare; batch that the caller holds or waits for */
    uint32_t busy;              /* workers that are preparing */
    bool paused, quit, made;    /* made: the lock and conditions exist */
};

static uint32_t size_of(const ink_batches *b, uint64_t number) {
    uint64_t left = b->n_rows - number * b->batch_size;
    return left < b->batch_size ? (uint32_t)left : b->batch_size;
}

/* Images from .. to-1 of batch `number`, into its slot. */
static void prepare_part(const ink_batches *b, uint64_t number, slot *s, uint32_t from, uint32_t to) {
    const uint32_t *order = b->order + number * b->batch_size;
    for (uint32_t i = from; i < to; i++) {
        uint32_t row = order[i];
        const uint8_t *image = b->source->pixels + row * b->image_bytes;
        s->rows[i] = row;
        if (b->source->labels != NULL) s->labels[i] = b->source->labels[row];
        if (!b->in_place) memcpy(s->images + i * b->image_bytes, image, b->image_bytes);
        if (b->warped) {
            ink_augment_draw(&b->augment, b->seed, b->epoch, row, image, b->source->height, b->source->width,
                             &s->warps[i]);
        }
    }
}

typedef struct pool_job {
    const ink_batches *batches;
    slot *slot;
    uint64_t number;
    uint32_t n;
} pool_job;

static void prepare_task(void *context, uint32_t task, uint32_t worker) {
    (void)worker;
    pool_job *job = context;
    uint32_t from = task * TASK_IMAGES, to = from + TASK_IMAGES < job->n ? from + TASK_IMAGES : job->n;
    prepare_part(job->batches, job->number, job->slot, from, to);
}

static void prepare_here(const ink_batches *b, uint64_t number, slot *s) {
    uint32_t n = size_of(b, number);
    bool large = b->warped || (!b->in_place && n * b->image_bytes >= POOL_BYTES_LEAST);
    if (b->pool == NULL || ink_pool_threads(b->pool) == 1 || !large || n < 2 * TASK_IMAGES) {
        prepare_part(b, number, s, 0, n);
        return;
    }
    pool_job job = {.batches = b, .slot = s, .number = number, .n = n};
    ink_pool_each(b->pool, (n + TASK_IMAGES - 1) / TASK_IMAGES, prepare_task, &job);
}

static void *work(void *context) {
    ink_batches *b = context;
    pthread_mutex_lock(&b->lock);
    while (!b->quit) {
        if (b->paused || b->taken >= b->count || b->taken >= b->held + b->n_slots) {
            pthread_cond_wait(&b->work, &b->lock);
            continue;
        }
        uint64_t number = b->taken++;
        slot *s = &b->slots[number % b->n_slots];
        b->busy++;
        pthread_mutex_unlock(&b->lock);
        prepare_part(b, number, s, 0, size_of(b, number));
        pthread_mutex_lock(&b->lock);
        s->ready = number + 1;
        b->busy--;
        pthread_cond_signal(&b->ready);
    }
    pthread_mutex_unlock(&b->lock);
    return NULL;
}

static ink_status start_workers(ink_batches *b, uint32_t workers, ink_error *err) {
    b->threads = ink_mem_new(workers, sizeof *b->threads);
    if (b->threads == NULL) return ink_fail_memory(err, workers * sizeof *b->threads, "workers");
    if (pthread_mutex_init(&b->lock, NULL) != 0) return ink_fail(err, INK_E_INTERNAL, "cannot make a lock");
    pthread_cond_init(&b->work, NULL);
    pthread_cond_init(&b->ready, NULL);
    b->made = true;
    b->paused = true;
    for (; b->n_threads < workers; b->n_threads++) {
        if (pthread_create(&b->threads[b->n_threads], NULL, work, b) != 0) {
            return ink_fail(err, INK_E_INTERNAL, "cannot start worker %u of %u", b->n_threads + 1, workers);
        }
    }
    return INK_OK;
}

static ink_status check_options(const ink_batches_options *o, ink_error *err) {
    uint32_t n = o->rows != NULL ? o->n_rows : o->images->count;
    if (n == 0) return ink_fail(err, INK_E_USAGE, "no images to make batches of");
    if (o->batch_size == 0) return ink_fail(err, INK_E_USAGE, "a batch needs at least one image");
    if (o->workers > WORKERS_MAX) {
        return ink_fail(err, INK_E_USAGE, "%u workers: at most %u", o->workers, WORKERS_MAX);
    }
    for (uint32_t i = 0; o->rows != NULL && i < n; i++) {
        if (o->rows[i] >= o->images->count) {
            return ink_fail(err, INK_E_USAGE, "row %u of %u images", o->rows[i], o->images->count);
        }
    }
    return INK_OK;
}

static ink_status new_slots(ink_batches *b, uint32_t n_slots, ink_error *err) {
    size_t images = b->batch_size < b->n_rows ? b->batch_size : b->n_rows;
    b->slots = ink_mem_new(n_slots, sizeof *b->slots);
    if (b->slots == NULL) return ink_fail_memory(err, n_slots * sizeof *b->slots, "batches");
    b->n_slots = n_slots;
    for (uint32_t i = 0; i < n_slots; i++) {
        slot *s = &b->slots[i];
        size_t pixels = b->in_place ? 0 : images;
        s->images = ink_mem_new_aligned(pixels, b->image_bytes);
        s->labels = ink_mem_new(images, 1);
        s->rows = ink_mem_new(images, sizeof *s->rows);
        s->warps = ink_mem_new(b->warped ? images : 0, sizeof *s->warps);
        if (s->images == NULL || s->labels == NULL || s->rows == NULL || s->warps == NULL) {
            return ink_fail_memory(err, images * b->image_bytes * n_slots, "batches");
        }
    }
    return INK_OK;
}

ink_status ink_batches_new(const ink_batches_options *options, ink_batches **out, ink_error *err) {
    *out = NULL;
    ink_status status = check_options(options, err);
    if (status != INK_OK) return status;

    ink_batches *b = ink_mem_new(1, sizeof *b);
    if (b == NULL) return ink_fail_memory(err, sizeof *b, "batches");
    b->source = options->images;
    b->n_rows = options->rows != NULL ? options->n_rows : options->images->count;
    b->batch_size = options->batch_size;
    b->count = (uint32_t)(((uint64_t)b->n_rows + b->batch_size - 1) / b->batch_size);
    b->at = b->count;
    b->image_bytes = (size_t)options->images->height * options->images->width;
    b->seed = options->seed;
    b->shuffle = options->shuffle;
    b->warped = options->augment != NULL && !ink_augment_is_none(options->augment);
    if (b->warped) b->augment = *options->augment;
    b->pool = options->workers == 0 ? options->pool : NULL;
    b->rows = ink_mem_new(b->n_rows, sizeof *b->rows);
    b->order = b->shuffle ? ink_mem_new(b->n_rows, sizeof *b->order) : b->rows;
    if (b->rows == NULL || b->order == NULL) {
        status = ink_fail_memory(err, 2 * (uint64_t)b->n_rows * sizeof *b->rows, "batches");
        goto done;
    }
    b->in_place = !b->shuffle;
    for (uint32_t i = 0; i < b->n_rows; i++) {
        b->rows[i] = options->rows != NULL ? options->rows[i] : i;
        if (i > 0 && b->rows[i] != b->rows[i - 1] + 1) b->in_place = false;
    }
    status = new_slots(b, options->workers > 0 ? options->workers + 2 : 1, err);
    if (status == INK_OK && options->workers > 0) status = start_workers(b, options->workers, err);

done:
    if (status != INK_OK) {
        ink_batches_free(b);
        b = NULL;
    }
    *out = b;
    return status;
}

void ink_batches_free(ink_batches *b) {
    if (b == NULL) return;
    if (b->made) {
        pthread_mutex_lock(&b->lock);
        b->quit = true;
        pthread_cond_broadcast(&b->work);
        pthread_mutex_unlock(&b->lock);
        for (uint32_t i = 0; i < b->n_threads; i++) pthread_join(b->threads[i], NULL);
        pthread_cond_destroy(&b->ready);
        pthread_cond_destroy(&b->work);
        pthread_mutex_destroy(&b->lock);
    }
    for (uint32_t i = 0; i < b->n_slots; i++) {
        ink_mem_free(b->slots[i].images);
        ink_mem_free(b->slots[i].labels);
        ink_mem_free(b->slots[i].rows);
        ink_mem_free(b->slots[i].warps);
    }
    ink_mem_free(b->slots);
    ink_mem_free(b->threads);
    if (b->order != b->rows) ink_mem_free(b->order);
    ink_mem_free(b->rows);
    ink_mem_free(b);
}

uint32_t ink_batches_count(const ink_batches *b) {
    return b->count;
}

/* The order of an epoch: positions shuffled, then the rows that stand there. */
static void order_epoch(ink_batches *b) {
    if (!b->shuffle) return;
    ink_rng rng = ink_rng_at(b->seed, INK_STREAM_SHUFFLE, b->epoch, 0);
    ink_rng_shuffle(&rng, b->order, b->n_rows);
    for (uint32_t i = 0; i < b->n_rows; i++) b->order[i] = b->rows[b->order[i]];
}

void ink_batches_start(ink_batches *b, uint64_t epoch, uint32_t first) {
    double began = ink_clock_s();
    if (first > b->count) first = b->count;
    if (b->n_threads > 0) {
        pthread_mutex_lock(&b->lock);
        b->paused = true;
        while (b->busy > 0) pthread_cond_wait(&b->ready, &b->lock);
        pthread_mutex_unlock(&b->lock);
    }
    b->epoch = epoch;
    b->at = first;
    order_epoch(b);
    if (b->n_threads > 0 && !b->rows_alone) {
        pthread_mutex_lock(&b->lock);
        for (uint32_t i = 0; i < b->n_slots; i++) b->slots[i].ready = 0;
        b->taken = b->held = first;
        b->paused = false;
        pthread_cond_broadcast(&b->work);
        pthread_mutex_unlock(&b->lock);
    }
    b->waited_s = ink_clock_s() - began;
}

void ink_batches_bring_rows(ink_batches *b) {
    b->rows_alone = true;
}

bool ink_batches_next(ink_batches *b, ink_batch_view *out) {
    if (b->at >= b->count) return false;
    double began = ink_clock_s();
    uint64_t number = b->at++;
    if (b->rows_alone) {
        *out = (ink_batch_view){.epoch = b->epoch,
                                .number = (uint32_t)number,
                                .n = size_of(b, number),
                                .rows = b->order + number * b->batch_size};
        return true;
    }
    slot *s = &b->slots[number % b->n_slots];
    if (b->n_threads > 0) {
        pthread_mutex_lock(&b->lock);
        b->held = number; /* the one before is given back: its slot may be written */
        pthread_cond_broadcast(&b->work);
        while (s->ready != number + 1) pthread_cond_wait(&b->ready, &b->lock);
        pthread_mutex_unlock(&b->lock);
    } else {
        prepare_here(b, number, s);
    }
    *out = (ink_batch_view){
        .epoch = b->epoch,
        .number = (uint32_t)number,
        .n = size_of(b, number),
        .images = b->in_place ? b->source->pixels + s->rows[0] * b->image_bytes : s->images,
        .labels = b->source->labels != NULL ? s->labels : NULL,
        .warps = b->warped ? s->warps : NULL,
        .rows = s->rows,
    };
    b->waited_s += ink_clock_s() - began;
    return true;
}

double ink_batches_waited_s(const ink_batches *b) {
    return b->waited_s;
}

/* train/hard.c: a forward pass over many images, and the batch of those that it knows least.
 * The step itself is the trainer's. */
#include "train/hard.h"

#include <math.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "train/trainer_state.h"

/* An image and its loss. */
typedef struct candidate {
    float loss;
    uint32_t index;
} candidate;

struct ink_hard {
    const ink_backend *backend;
    double share;
    uint32_t batch; /* most images of a step */
    size_t image_bytes;
    ink_graph graph;
    ink_program *judge; /* shares the learner's weights and statistics */
    ink_id losses;
    float *loss;           /* [candidates] */
    candidate *candidates; /* [candidates] */
    uint8_t *images, *labels;
    ink_warp *warps;
    uint32_t *rows; /* of the chosen: [batch] each */
};

uint32_t ink_hard_candidates(const ink_recipe *recipe) {
    return (uint32_t)((double)recipe->batch_size / recipe->hard_share);
}

void ink_hard_free(ink_hard *h) {
    if (h == NULL) return;
    if (h->judge != NULL) h->backend->free(h->judge);
    ink_graph_clear(&h->graph);
    ink_mem_free(h->loss);
    ink_mem_free(h->candidates);
    ink_mem_free(h->images);
    ink_mem_free(h->labels);
    ink_mem_free(h->warps);
    ink_mem_free(h->rows);
    ink_mem_free(h);
}

static ink_status compile(ink_hard *h, const ink_trainer *t, const ink_compile_options *options, uint32_t candidates,
                          ink_error *err) {
    ink_net_ends ends;
    ink_net_plan plan = {.height = (int32_t)t->images->height,
                         .width = (int32_t)t->images->width,
                         .normalise = t->normalise,
                         .warps = !ink_augment_is_none(&t->recipe->augment),
                         .labels = true};
    ink_compile_options own = *options;
    own.max_batch = candidates;
    own.share = t->train;
    ink_status status = ink_net_build(t->net, &plan, &h->graph, &ends, err);
    if (status != INK_OK) return status;
    h->losses = ends.losses;
    ink_graph_output(&h->graph, ends.losses);
    return h->backend->compile(&h->graph, &own, &h->judge, err);
}

ink_status ink_hard_new(const ink_trainer *t, const ink_compile_options *options, ink_hard **out, ink_error *err) {
    uint32_t candidates = ink_hard_candidates(t->recipe), batch = t->recipe->batch_size;
    *out = NULL;
    if (candidates > t->n_train) candidates = t->n_train;
    ink_hard *h = ink_mem_new(1, sizeof *h);
    if (h == NULL) return ink_fail_memory(err, sizeof *h, "hard examples");
    h->backend = t->backend;
    h->share = t->recipe->hard_share;
    h->batch = batch;
    h->image_bytes = (size_t)t->images->height * t->images->width;
    h->loss = ink_mem_new(candidates, sizeof *h->loss);
    h->candidates = ink_mem_new(candidates, sizeof *h->candidates);
    h->images = ink_mem_new(batch, h->image_bytes);
    h->labels = ink_mem_new(batch, 1);
    h->warps = ink_mem_new(batch, sizeof *h->warps);
    h->rows = ink_mem_new(batch, sizeof *h->rows);
    ink_status status = INK_OK;
    if (h->loss == NULL || h->candidates == NULL || h->images == NULL || h->labels == NULL || h->warps == NULL ||
        h->rows == NULL) {
        status = ink_fail_memory(err, batch * (h->image_bytes + sizeof *h->warps), "hard examples");
    } else {
        status = compile(h, t, options, candidates, err);
    }
    if (status == INK_OK) {
        *out = h;
    } else {
        ink_hard_free(h);
    }
    return status;
}

/* Largest loss first, NaN before all (so that it is seen), of equal ones the first. */
static bool is_harder(const candidate *x, const candidate *y) {
    if (isnan(x->loss) != isnan(y->loss)) return isnan(x->loss);
    if (x->loss > y->loss) return true;
    if (x->loss < y->loss) return false;
    return x->index < y->index;
}

/* Of the part of a heap that is below `at`, with the hardest of all on top once all have sunk. */
static void sink(candidate *heap, uint32_t n, uint32_t at) {
    for (uint32_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && is_harder(&heap[child + 1], &heap[child])) child++;
        if (!is_harder(&heap[child], &heap[at])) return;
        candidate c = heap[at];
        heap[at] = heap[child];
        heap[child] = c;
    }
}

/* The n-th hardest of them, n at least 1; by a heap, for qsort may allocate. */
static candidate hardest(candidate *heap, uint32_t count, uint32_t n) {
    for (uint32_t i = count / 2; i-- > 0;) sink(heap, count, i);
    while (--n > 0) {
        heap[0] = heap[--count];
        sink(heap, count, 0);
    }
    return heap[0];
}

ink_status ink_hard_pick(ink_hard *h, const ink_batch_view *from, ink_batch_view *out, ink_error *err) {
    ink_batch batch = {.n = from->n, .images = from->images, .labels = from->labels, .warps = from->warps};
    ink_status status = h->backend->run(h->judge, &batch, err);
    if (status == INK_OK) status = h->backend->read(h->judge, h->losses, h->loss, from->n, err);
    if (status != INK_OK) return status;
    uint32_t n = (uint32_t)ceil(h->share * from->n);
    if (n > h->batch) n = h->batch; /* B / S was rounded too: 0.68 of 51 / 0.68 images can be a little over 51 */
    for (uint32_t i = 0; i < from->n; i++) h->candidates[i] = (candidate){h->loss[i], i};
    const candidate last = hardest(h->candidates, from->n, n);
    for (uint32_t at = 0, i = 0; at < from->n; at++) {
        const candidate one = {h->loss[at], at};
        if (is_harder(&last, &one)) continue;
        memcpy(h->images + i * h->image_bytes, from->images + at * h->image_bytes, h->image_bytes);
        h->labels[i] = from->labels[at];
        h->rows[i] = from->rows[at];
        if (from->warps != NULL) h->warps[i] = from->warps[at];
        i++;
    }
    *out = (ink_batch_view){.epoch = from->epoch,
                            .number = from->number,
                            .n = n,
                            .images = h->images,
                            .labels = h->labels,
                            .warps = from->warps != NULL ? h->warps : NULL,
                            .rows = h->rows};
    return INK_OK;
}

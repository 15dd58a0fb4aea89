/* ops/cuda/resident.c: a data set in the device's memory, and several steps on it in one call.
 * Which steps, on which rows, is the caller's to say (train/resident.c); what a step is stands in walk.c. */
#include <string.h>

#include "core/augment_both.h"
#include "core/mem.h"
#include "core/status.h"
#include "ops/cuda/program.h"

struct ink_resident {
    ink_gpu *gpu;
    uint8_t *images, *labels; /* in the device's memory; labels NULL: none */
    ink_cuda_distortion *how; /* there too; NULL: none */
    uint8_t *own_labels;      /* [count] in the host's, to be checked */
    uint32_t count, height, width;
};

/* ---- the set ---- */

void ink_cuda_let_go(ink_resident *set) {
    if (set == NULL) return;
    set->gpu->release(set->gpu, set->images);
    set->gpu->release(set->gpu, set->labels);
    set->gpu->release(set->gpu, set->how);
    ink_mem_free(set->own_labels);
    ink_mem_free(set);
}

/* bytes of `from` in the device's memory, or NULL. from must stay until the next wait. */
static void *copy_of(ink_gpu *gpu, const void *from, size_t bytes) {
    void *to = gpu->allocate(gpu, bytes, false);
    if (to != NULL) gpu->put(gpu, to, from, bytes);
    return to;
}

ink_status ink_cuda_bring(const ink_resident_source *from, ink_resident **out, ink_error *err) {
    ink_gpu *gpu = ink_cuda_gpu();
    size_t bytes = (size_t)from->count * from->height * from->width;
    ink_cuda_distortion how;
    *out = NULL;
    if (bytes == 0) return ink_fail(err, INK_E_USAGE, "a data set without images");
    ink_resident *set = ink_mem_new(1, sizeof *set);
    if (set == NULL) return ink_fail_memory(err, sizeof *set, "a data set");
    *set = (ink_resident){.gpu = gpu, .count = from->count, .height = from->height, .width = from->width};
    bool fits = (set->images = copy_of(gpu, from->images, bytes)) != NULL;
    if (fits && from->labels != NULL) {
        set->own_labels = ink_mem_new(from->count, 1);
        if (set->own_labels != NULL) memcpy(set->own_labels, from->labels, from->count);
        fits = set->own_labels != NULL && (set->labels = copy_of(gpu, from->labels, from->count)) != NULL;
    }
    if (fits && from->augment != NULL) {
        memset(&how, 0, sizeof how);
        how.augment = *from->augment;
        if (how.augment.elastic_alpha > 0) ink_both_elastic_root(&how.augment, how.root);
        fits = (set->how = copy_of(gpu, &how, sizeof how)) != NULL;
    }
    ink_status status = gpu->wait(gpu, err);
    if (status == INK_OK && !fits) {
        status = ink_fail(err, INK_E_MEMORY, "out of memory on the GPU: a data set takes %.0f MB", (double)bytes / 1e6);
    }
    if (status == INK_OK) {
        *out = set;
    } else {
        ink_cuda_let_go(set);
    }
    return status;
}

/* ---- programs on it ---- */

static ink_status fits_set(const ink_program *p, const ink_resident *set, uint32_t steps, ink_error *err) {
    if (p->set != NULL) return ink_fail(err, INK_E_USAGE, "a program has its data set already");
    if (steps < 1 || steps > INK_STEPS_MOST) return ink_fail(err, INK_E_USAGE, "%u steps in a call", steps);
    if (p->needs.images && p->pixels != set->height * set->width) {
        return ink_fail(err, INK_E_USAGE, "the data set's images are %ux%u, not of the network's %u pixels",
                        set->height, set->width, p->pixels);
    }
    if (p->needs.labels && set->labels == NULL) return ink_fail(err, INK_E_USAGE, "a data set without labels");
    if (p->needs.warps && set->how == NULL) return ink_fail(err, INK_E_USAGE, "a data set that is not distorted");
    return INK_OK;
}

/* Gives back what attach had before it failed: blocks from `first` on, of so many bytes before. */
static void clear_ring(ink_program *p, uint32_t first, size_t bytes) {
    p->gpu->release_host(p->gpu, p->ring.in_host);
    p->gpu->release_host(p->gpu, p->ring.out_host);
    while (p->n_blocks > first) p->gpu->release(p->gpu, p->blocks[--p->n_blocks]);
    p->bytes = bytes;
    p->ring = (ink_cuda_ring){0};
}

ink_status ink_cuda_attach(ink_program *p, const ink_resident *set, uint32_t steps, ink_error *err) {
    ink_status status = fits_set(p, set, steps, err);
    if (status != INK_OK) return status;
    const uint32_t first = p->n_blocks;
    const size_t bytes = p->bytes;
    ink_cuda_ring *r = &p->ring;
    r->slot_bytes = (p->labels_at + p->max_batch * sizeof(uint32_t) + 15) / 16 * 16;
    size_t in = INK_RING_HEAD + steps * r->slot_bytes, out = steps * p->out_size;
    size_t warps = p->needs.warps ? (size_t)steps * p->max_batch * sizeof(ink_warp) : 0;
    r->in = ink_cuda_block_new(p, in, true);
    r->out = ink_cuda_block_new(p, out, true);
    if (warps > 0) r->warps = ink_cuda_block_new(p, warps, true);
    r->in_host = p->gpu->allocate_host(p->gpu, in);
    r->out_host = p->gpu->allocate_host(p->gpu, out);
    if (r->in == NULL || r->out == NULL || (warps > 0 && r->warps == NULL) || r->in_host == NULL ||
        r->out_host == NULL) {
        clear_ring(p, first, bytes);
        status = p->gpu->wait(p->gpu, err);
        return status != INK_OK ? status
                                : ink_fail(err, INK_E_MEMORY, "out of memory on the GPU: %u steps take %.1f MB", steps,
                                           (double)(in + out + warps) / 1e6);
    }
    r->steps = steps;
    p->set = set;
    return INK_OK;
}

void ink_cuda_walk_take(ink_program *p, uint32_t n) {
    const ink_resident *set = p->set;
    ink_cuda_take a = {.labels = p->needs.labels ? set->labels : NULL,
                       .ring = p->ring.in,
                       .to = p->in,
                       .to_labels = p->in + p->labels_at,
                       .n = n,
                       .slot_bytes = (uint32_t)p->ring.slot_bytes,
                       .rows_at = (uint32_t)p->labels_at};
    p->gpu->launch(p->gpu, INK_KERN_take, ink_cuda_blocks(a.rows_at / 4 + (uint64_t)n), &a);
}

void ink_cuda_images_of_rows(const ink_program *p, ink_cuda_images *a) {
    a->pixels = p->set->images;
    if (a->warps != NULL) a->warps = p->ring.warps;
    a->ring = p->ring.in;
    a->slot_bytes = (uint32_t)p->ring.slot_bytes;
    a->rows_at = (uint32_t)p->labels_at;
    a->most = p->max_batch;
}

void ink_cuda_walk_give(ink_program *p) {
    ink_cuda_give a = {.out = p->out, .all = p->ring.out, .ring = p->ring.in, .bytes = (uint32_t)p->out_size};
    p->gpu->launch(p->gpu, INK_KERN_give, (ink_gpu_size){1, 1, 1}, &a);
}

static void launch_draw(ink_program *p, uint32_t most, uint32_t steps) {
    const ink_resident *set = p->set;
    ink_cuda_draw a = {.images = set->images,
                       .how = set->how,
                       .ring = p->ring.in,
                       .warps = p->ring.warps,
                       .height = set->height,
                       .width = set->width,
                       .slot_bytes = (uint32_t)p->ring.slot_bytes,
                       .rows_at = (uint32_t)p->labels_at,
                       .most = p->max_batch};
    p->gpu->launch(p->gpu, INK_KERN_draw, (ink_gpu_size){(most + INK_BLOCK - 1) / INK_BLOCK, steps, 1}, &a);
}

/* The steps' numbers and rows to the device, and their distortions drawn. */
static void send_steps(ink_program *p, const ink_batch *batches, uint32_t count) {
    uint32_t most = 0;
    memset(p->ring.in_host, 0, INK_RING_HEAD);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *slot = p->ring.in_host + INK_RING_HEAD + i * p->ring.slot_bytes;
        ink_cuda_fill(p, &batches[i], slot);
        memcpy(slot + p->labels_at, batches[i].rows, batches[i].n * sizeof *batches[i].rows);
        if (batches[i].n > most) most = batches[i].n;
    }
    p->gpu->put(p->gpu, p->ring.in, p->ring.in_host, INK_RING_HEAD + count * p->ring.slot_bytes);
    if (p->needs.warps) launch_draw(p, most, count);
}

ink_status ink_cuda_run_rows(ink_program *p, ink_batch *batches, uint32_t count, ink_error *err) {
    ink_status status = INK_OK;
    if (p->set == NULL || count < 1 || count > p->ring.steps) {
        return ink_fail(err, INK_E_USAGE, "%u steps; this program takes %u", count, p->ring.steps);
    }
    for (uint32_t i = 0; i < count && status == INK_OK; i++) {
        status = ink_needs_check_rows(&p->needs, p->max_batch, &batches[i], p->set->own_labels, p->set->count, err);
    }
    if (status != INK_OK) return status;
    send_steps(p, batches, count);
    for (uint32_t i = 0, times; i < count; i += times) {
        const ink_gpu_record *record;
        for (times = 1; i + times < count && batches[i + times].n == batches[i].n;) times++;
        status = ink_cuda_record_of(p, batches[i].n, true, &record, err);
        if (status != INK_OK) return status;
        ink_cuda_replay(p, record, times);
    }
    status = p->gpu->get(p->gpu, p->ring.out_host, p->ring.out, count * p->out_size, err);
    if (status != INK_OK) return status;
    for (uint32_t i = 0; i < count; i++) ink_cuda_sum(p, p->ring.out_host + i * p->out_size, &batches[i]);
    return INK_OK;
}

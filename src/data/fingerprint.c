/* data/fingerprint.c: sums over images: SHA-256 for the record, a quick hash and an order for duplicates.
 * It reads no file. */
#include "data/fingerprint.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "core/mem.h"
#include "core/status.h"
#include "data/split.h"

#define RUN_IMAGES 1024u

static size_t image_bytes(const ink_images *images) {
    return (size_t)images->height * images->width;
}

static uint32_t run_count(const ink_images *images) {
    return (images->count + RUN_IMAGES - 1) / RUN_IMAGES;
}

static uint32_t run_end(const ink_images *images, uint32_t run) {
    uint32_t end = (run + 1) * RUN_IMAGES;
    return end < images->count ? end : images->count;
}

static void each_run(ink_pool *pool, uint32_t count, ink_task *task, void *context) {
    if (pool != NULL && count > 1 && count <= INK_POOL_TASKS_MAX) {
        ink_pool_each(pool, count, task, context);
        return;
    }
    for (uint32_t run = 0; run < count; run++) task(context, run, 0);
}

/* ---- SHA-256 ---- */

typedef struct sums {
    const ink_images *images;
    char (*hex)[65];
} sums;

static void sum_run(void *context, uint32_t run, uint32_t worker) {
    (void)worker;
    sums *s = context;
    size_t bytes = image_bytes(s->images);
    uint32_t from = run * RUN_IMAGES, to = run_end(s->images, run);
    ink_sha256_of(s->images->pixels + from * bytes, (to - from) * bytes, s->hex[run]);
}

ink_status ink_images_sha256(const ink_images *images, ink_pool *pool, char hex[65], ink_error *err) {
    uint32_t runs = run_count(images);
    sums s = {.images = images, .hex = ink_mem_new(runs, sizeof *s.hex)};
    hex[0] = '\0';
    if (s.hex == NULL) return ink_fail_memory(err, runs * sizeof *s.hex, "a fingerprint");
    each_run(pool, runs, sum_run, &s);

    ink_sha256 sha;
    char head[80];
    int length = snprintf(head, sizeof head, "inkling images %u %u %u\n", images->count, images->height, images->width);
    ink_sha256_start(&sha);
    ink_sha256_add(&sha, head, (size_t)length);
    for (uint32_t run = 0; run < runs; run++) ink_sha256_add(&sha, s.hex[run], 64);
    if (images->labels != NULL) ink_sha256_add(&sha, images->labels, images->count);
    ink_sha256_end(&sha, hex);
    ink_mem_free(s.hex);
    return INK_OK;
}

/* ---- duplicates ---- */

/* Quick, eight bytes at a time, as a little-endian machine reads them. Images of one hash are easily made on purpose:
 * it sorts them, and among equals their pixels do. */
static uint64_t quick_hash(const uint8_t *bytes, size_t size) {
    uint64_t h = 0x9E3779B97F4A7C15u ^ size, word;
    for (; size >= 8; bytes += 8, size -= 8) {
        memcpy(&word, bytes, 8);
        h = (h ^ word) * 0xD6E8FEB86659FD93u;
        h ^= h >> 32;
    }
    for (; size > 0; bytes++, size--) h = (h ^ *bytes) * 0xD6E8FEB86659FD93u;
    return h ^ h >> 29;
}

/* An image, as it is sorted and looked for. */
typedef struct key {
    uint64_t hash;
    const uint8_t *pixels;
    uint32_t bytes, index;
} key;

typedef struct hashing {
    const ink_images *images;
    key *keys; /* [count] */
} hashing;

static void hash_run(void *context, uint32_t run, uint32_t worker) {
    (void)worker;
    hashing *h = context;
    size_t bytes = image_bytes(h->images);
    for (uint32_t i = run * RUN_IMAGES; i < run_end(h->images, run); i++) {
        const uint8_t *pixels = h->images->pixels + i * bytes;
        h->keys[i] = (key){quick_hash(pixels, bytes), pixels, (uint32_t)bytes, i};
    }
}

static int compare_images(const key *a, const key *b) {
    if (a->hash != b->hash) return a->hash < b->hash ? -1 : 1;
    return memcmp(a->pixels, b->pixels, a->bytes);
}

void ink_images_hashes(const ink_images *images, uint64_t *hashes) {
    size_t bytes = image_bytes(images);
    for (uint32_t i = 0; i < images->count; i++) hashes[i] = quick_hash(images->pixels + i * bytes, bytes);
}

/* Equal images stand together, the earliest first. */
static int compare_keys(const void *a, const void *b) {
    const key *x = a, *y = b;
    int order = compare_images(x, y);
    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

/* Of sorted keys. */
static void count_within(const hashing *a, ink_duplicates *out) {
    const uint8_t *labels = a->images->labels;
    for (uint32_t i = 1, first = 0; i < a->images->count; i++) {
        if (compare_images(&a->keys[first], &a->keys[i]) != 0) {
            first = i;
            continue;
        }
        out->within++;
        if (labels != NULL && labels[a->keys[i].index] != labels[a->keys[first].index]) out->contradictions++;
    }
}

/* The earliest of a's images, sorted, that equals the one wanted; NULL: none does. */
static const key *look_up(const hashing *a, const key *wanted) {
    uint32_t low = 0, high = a->images->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare_images(&a->keys[middle], wanted) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < a->images->count && compare_images(&a->keys[low], wanted) == 0 ? &a->keys[low] : NULL;
}

static void count_across(const hashing *a, const hashing *b, ink_duplicates *out) {
    for (uint32_t i = 0; i < b->images->count; i++) {
        const key *twin = look_up(a, &b->keys[i]);
        if (twin == NULL) continue;
        if (out->across++ == 0) {
            out->first_a = twin->index;
            out->first_b = i;
        }
    }
}

ink_status ink_duplicates_find(const ink_images *a, const ink_images *b, ink_pool *pool, ink_duplicates *out,
                               ink_error *err) {
    *out = (ink_duplicates){0};
    bool both = b != NULL && b->count > 0 && b->height == a->height && b->width == a->width;
    uint32_t b_count = both ? b->count : 0;
    hashing ha = {.images = a, .keys = ink_mem_new(a->count, sizeof *ha.keys)};
    hashing hb = {.images = b, .keys = ink_mem_new(b_count, sizeof *hb.keys)};
    ink_status status = INK_OK;
    if (ha.keys == NULL || hb.keys == NULL) {
        status = ink_fail_memory(err, ((uint64_t)a->count + b_count) * sizeof *ha.keys, "looking for duplicates");
        goto done;
    }
    each_run(pool, run_count(a), hash_run, &ha);
    qsort(ha.keys, a->count, sizeof *ha.keys, compare_keys);
    count_within(&ha, out);
    if (both) {
        each_run(pool, run_count(b), hash_run, &hb);
        count_across(&ha, &hb, out);
    }

done:
    ink_mem_free(hb.keys);
    ink_mem_free(ha.keys);
    return status;
}

ink_status ink_duplicates_leave_out(const ink_images *images, uint32_t from, ink_pool *pool, uint8_t *held_out,
                                    uint32_t *n, ink_error *err) {
    uint32_t count = images->count;
    hashing h = {.images = images, .keys = ink_mem_new(count, sizeof *h.keys)};
    *n = 0;
    if (h.keys == NULL) return ink_fail_memory(err, (uint64_t)count * sizeof *h.keys, "looking for copies");
    each_run(pool, run_count(images), hash_run, &h);
    qsort(h.keys, count, sizeof *h.keys, compare_keys);
    for (uint32_t first = 0, end = 0; first < count; first = end) {
        bool is_held_out = false;
        for (; end < count && compare_images(&h.keys[first], &h.keys[end]) == 0; end++) {
            is_held_out = is_held_out || held_out[h.keys[end].index] == INK_ROW_HELD_OUT;
        }
        for (uint32_t i = first; i < end && is_held_out; i++) {
            if (h.keys[i].index < from) continue;
            held_out[h.keys[i].index] = INK_ROW_LEFT_OUT;
            *n += 1;
        }
    }
    ink_mem_free(h.keys);
    return INK_OK;
}

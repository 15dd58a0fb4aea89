/* data/fingerprint.c: sums over images: SHA-256 for the record, a quick hash and a table for duplicates.
 * It reads no file. */
#include "data/fingerprint.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/hash.h"
#include "core/mem.h"
#include "core/status.h"

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

/* Quick, eight bytes at a time; only ever compared within one process, so byte order may differ between machines. */
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

typedef struct hashing {
    const ink_images *images;
    uint64_t *hash; /* [count] */
} hashing;

static void hash_run(void *context, uint32_t run, uint32_t worker) {
    (void)worker;
    hashing *h = context;
    size_t bytes = image_bytes(h->images);
    for (uint32_t i = run * RUN_IMAGES; i < run_end(h->images, run); i++) {
        h->hash[i] = quick_hash(h->images->pixels + i * bytes, bytes);
    }
}

/* Open addressing; an entry is an image's number plus 1. */
typedef struct table {
    uint32_t *entry;
    size_t mask;
    const hashing *of;
} table;

/* The number of the stored image that equals this one, or UINT32_MAX; *free_at: where it would be stored. */
static uint32_t look_up(const table *t, const uint8_t *image, uint64_t hash, size_t *free_at) {
    size_t bytes = image_bytes(t->of->images), at = (size_t)hash & t->mask;
    for (; t->entry[at] != 0; at = (at + 1) & t->mask) {
        uint32_t i = t->entry[at] - 1;
        if (t->of->hash[i] == hash && memcmp(t->of->images->pixels + i * bytes, image, bytes) == 0) return i;
    }
    *free_at = at;
    return UINT32_MAX;
}

static void fill(table *t, ink_duplicates *out) {
    const ink_images *a = t->of->images;
    for (uint32_t i = 0; i < a->count; i++) {
        size_t free_at = 0;
        uint32_t twin = look_up(t, a->pixels + i * image_bytes(a), t->of->hash[i], &free_at);
        if (twin == UINT32_MAX) {
            t->entry[free_at] = i + 1;
            continue;
        }
        out->within++;
        if (a->labels != NULL && a->labels[i] != a->labels[twin]) out->contradictions++;
    }
}

static void look_across(const table *t, const hashing *b, ink_duplicates *out) {
    for (uint32_t i = 0; i < b->images->count; i++) {
        size_t unused;
        uint32_t twin = look_up(t, b->images->pixels + i * image_bytes(b->images), b->hash[i], &unused);
        if (twin == UINT32_MAX) continue;
        if (out->across++ == 0) {
            out->first_a = twin;
            out->first_b = i;
        }
    }
}

ink_status ink_duplicates_find(const ink_images *a, const ink_images *b, ink_pool *pool, ink_duplicates *out,
                               ink_error *err) {
    *out = (ink_duplicates){0};
    bool both = b != NULL && b->count > 0 && b->height == a->height && b->width == a->width;
    size_t slots = 16;
    while (slots < 2 * (size_t)a->count) slots *= 2;
    hashing ha = {.images = a, .hash = ink_mem_new(a->count, sizeof *ha.hash)};
    hashing hb = {.images = b, .hash = ink_mem_new(both ? b->count : 0, sizeof *hb.hash)};
    table t = {.entry = ink_mem_new(slots, sizeof *t.entry), .mask = slots - 1, .of = &ha};
    ink_status status = INK_OK;
    if (ha.hash == NULL || hb.hash == NULL || t.entry == NULL) {
        status = ink_fail_memory(err, (uint64_t)a->count * sizeof *ha.hash + slots * sizeof *t.entry,
                                 "looking for duplicates");
        goto done;
    }
    each_run(pool, run_count(a), hash_run, &ha);
    fill(&t, out);
    if (both) {
        each_run(pool, run_count(b), hash_run, &hb);
        look_across(&t, &hb, out);
    }

done:
    ink_mem_free(t.entry);
    ink_mem_free(hb.hash);
    ink_mem_free(ha.hash);
    return status;
}

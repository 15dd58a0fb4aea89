/* ops/cuda/step.c: the table of a step: launches noted, what each of them touches, groups that need no order.
 * The kernel that works it off is kern_step.cu; who decides to use it is the device. */
#include "ops/cuda/step.h"

#include <assert.h>
#include <string.h>

#include "core/mem.h"

#define WORDS      (INK_ENTRY_ARGUMENTS / 8)
#define EDGES_MOST 8192 /* launches of a step whose order is worked out */

/* ---- what kernels touch ---- */

/* The pointers through which a kernel writes, by their place among its arguments in bytes, plus 1; 0 is the end. What
 * other pointers there are is read. Not here: learn and squares, whose pointers lie in the device's memory. */
#define AT(type, field) (uint16_t)(offsetof(ink_cuda_##type, field) + 1)
#define WRITES_MOST     7

#define WRITES_GATHER                                                                                                  \
    { AT(gather, y), AT(gather, stats), AT(gather, y_bf16), AT(gather, parts), AT(gather, arrived) }

static const uint16_t written[INK_KERN_COUNT][WRITES_MOST] = {
    [INK_KERN_map] = {AT(map, y), AT(map, y_bf16)},
    [INK_KERN_normalise] = {AT(normalise, y), AT(normalise, y_bf16)},
    [INK_KERN_gather_f32] = {AT(gather, y), AT(gather, stats), AT(gather, y_bf16)},
    [INK_KERN_gather_tf32] = {AT(gather, y), AT(gather, stats), AT(gather, y_bf16)},
    [INK_KERN_gather_bf16] = {AT(gather, y), AT(gather, stats), AT(gather, y_bf16)},
    [INK_KERN_outer_f32] = {AT(outer, parts)},
    [INK_KERN_outer_tf32] = {AT(outer, parts)},
    [INK_KERN_outer_bf16] = {AT(outer, parts)},
    [INK_KERN_gather_64x64] = WRITES_GATHER,
    [INK_KERN_turned_64x64] = WRITES_GATHER,
    [INK_KERN_outer_64x64] = {AT(outer, parts)},
#define LARGE(name, type)     [INK_KERN_##name] = LARGE_##type,
#define LARGE_ink_cuda_gather WRITES_GATHER
#define LARGE_ink_cuda_outer                                                                                           \
    { AT(outer, parts) }
    INK_CUDA_LARGE_KERNELS(LARGE)
#undef LARGE
        [INK_KERN_outer_join] = {AT(outer_join, dw)},
    [INK_KERN_depthwise] = {AT(depthwise, y), AT(depthwise, y_bf16)},
    [INK_KERN_depthwise_dw] = {AT(depthwise, y)},
    [INK_KERN_depthwise_join] = {AT(depthwise_join, dw)},
    [INK_KERN_sums] = {AT(sums, sums), AT(sums, arrived), AT(sums, join.mean), AT(sums, join.inv_std),
                       AT(sums, join.running_mean), AT(sums, join.running_var), AT(sums, join.tilt)},
    [INK_KERN_join] = {AT(join, mean), AT(join, inv_std), AT(join, running_mean), AT(join, running_var),
                       AT(join, tilt)},
    [INK_KERN_fixed] = {AT(fixed, mean), AT(fixed, inv_std)},
    [INK_KERN_norm] = {AT(norm, y), AT(norm, y_bf16)},
    [INK_KERN_pool] = {AT(pool, y), AT(pool, y_bf16), AT(pool, first)},
    [INK_KERN_classes] = {AT(classes, y), AT(classes, losses), AT(classes, right)},
    [INK_KERN_clip_join] = {AT(clip_join, clip)},
    [INK_KERN_take] = {AT(take, to), AT(take, to_labels)},
    [INK_KERN_give] = {AT(give, all), AT(give, ring)},
    [INK_KERN_muon] = {AT(muon, w), AT(muon, buffer), AT(muon, u), AT(muon, squares), AT(muon, copy.to)},
};

/* What one launch touches: numbers of allocations. */
typedef struct reach {
    size_t touched[WORDS], writes[WRITES_MOST];
    size_t n_touched, n_writes;
    bool everything;
} reach;

/* ---- allocations ---- */

bool ink_cuda_spans_add(ink_cuda_spans *spans, const void *memory, size_t bytes) {
    if (spans->n == spans->room) {
        size_t room = spans->room == 0 ? 64 : 2 * spans->room;
        struct ink_cuda_span *larger = ink_mem_resize(spans->spans, room, sizeof *larger);
        if (larger == NULL) return false;
        spans->spans = larger;
        spans->room = room;
    }
    uintptr_t begin = (uintptr_t)memory;
    spans->spans[spans->n++] = (struct ink_cuda_span){begin, begin + bytes};
    return true;
}

void ink_cuda_spans_drop(ink_cuda_spans *spans, const void *memory) {
    for (size_t i = 0; i < spans->n; i++) {
        if (spans->spans[i].begin != (uintptr_t)memory) continue;
        spans->spans[i] = spans->spans[--spans->n];
        break;
    }
    if (spans->n > 0) return;
    ink_mem_free(spans->spans);
    *spans = (ink_cuda_spans){.spans = NULL};
}

/* Its number; spans->n when it is in none. */
static size_t span_of(const ink_cuda_spans *spans, uintptr_t pointer) {
    size_t i = 0;
    while (i < spans->n && (pointer < spans->spans[i].begin || pointer >= spans->spans[i].end)) i++;
    return i;
}

/* Any word of the arguments that points into an allocation counts as a pointer. */
static reach reach_of(const ink_cuda_entry *e, const ink_cuda_spans *spans) {
    const uint16_t *writes = written[e->kernel];
    reach r = {.everything = writes[0] == 0};
    for (size_t i = 0; i < WORDS; i++) {
        size_t span = span_of(spans, (uintptr_t)e->arguments[i]);
        if (span < spans->n) r.touched[r.n_touched++] = span;
    }
    for (size_t i = 0; i < WRITES_MOST && writes[i] > 0; i++) {
        uintptr_t pointer = (uintptr_t)e->arguments[(writes[i] - 1) / 8];
        if (pointer == 0) continue;
        size_t span = span_of(spans, pointer);
        if (span == spans->n) r.everything = true;
        r.writes[r.n_writes++] = span;
    }
    return r;
}

static bool share_one(const size_t *a, size_t n_a, const size_t *b, size_t n_b) {
    for (size_t i = 0; i < n_a; i++) {
        for (size_t j = 0; j < n_b; j++) {
            if (a[i] == b[j]) return true;
        }
    }
    return false;
}

/* Must one wait for the other? */
static bool collide(const reach *a, const reach *b) {
    return a->everything || b->everything || share_one(a->writes, a->n_writes, b->touched, b->n_touched) ||
           share_one(b->writes, b->n_writes, a->touched, a->n_touched);
}

/* ---- the table ---- */

void ink_cuda_table_add(ink_cuda_table *t, ink_cuda_kernel kernel, uint32_t x, uint32_t y, uint32_t z,
                        const void *arguments, size_t bytes) {
    assert(bytes <= INK_ENTRY_ARGUMENTS);
    if (t->is_lost) return;
    if (t->n == t->room) {
        uint32_t room = t->room == 0 ? 64 : 2 * t->room;
        ink_cuda_entry *larger = ink_mem_resize(t->entries, room, sizeof *larger);
        if (larger == NULL) {
            t->is_lost = true;
            return;
        }
        t->entries = larger;
        t->room = room;
    }
    uint64_t count = (uint64_t)x * y * z;
    ink_cuda_entry e = {.kernel = (uint32_t)kernel, .x = x, .y = y, .count = (uint32_t)count};
    if (count > INT32_MAX) e.count = UINT32_MAX; /* order refuses it */
    memcpy(e.arguments, arguments, bytes);
    t->entries[t->n++] = e;
}

/* Has the kernel for whole steps this one in it? */
static bool is_of_steps(uint32_t kernel) {
    switch (kernel) {
#define NAME(name, type) case INK_KERN_##name:
        INK_CUDA_STEP_KERNELS(NAME)
#undef NAME
        return true;
    default: return false;
    }
}

bool ink_cuda_table_is_small(const ink_cuda_table *t, uint32_t resident) {
    uint64_t turns = 0;
    if (resident == 0) return false;
    for (uint32_t i = 0; i < t->n; i++) turns += ((uint64_t)t->entries[i].count + resident - 1) / resident;
    return 5 * turns <= 8 * (uint64_t)t->n;
}

/* The group of each entry; returns how many groups there are. */
static uint32_t find_groups(const ink_cuda_table *t, const ink_cuda_spans *spans, reach *reaches, uint32_t *group) {
    uint32_t n_groups = 0;
    for (uint32_t i = 0; i < t->n; i++) {
        reaches[i] = reach_of(&t->entries[i], spans);
        group[i] = 0;
        for (uint32_t j = 0; j < i; j++) {
            if (group[j] >= group[i] && collide(&reaches[i], &reaches[j])) group[i] = group[j] + 1;
        }
        if (group[i] >= n_groups) n_groups = group[i] + 1;
    }
    return n_groups;
}

/* Entries in the order of their groups, with their blocks' numbers. */
static bool fill_groups(ink_cuda_table *t, const uint32_t *group, ink_cuda_entry *sorted) {
    uint32_t at = 0;
    for (uint32_t g = 0; g < t->n_groups; g++) {
        uint64_t blocks = 0;
        t->groups[g].first = at;
        for (uint32_t i = 0; i < t->n; i++) {
            if (group[i] != g) continue;
            sorted[at] = t->entries[i];
            sorted[at++].first = (uint32_t)blocks;
            blocks += t->entries[i].count;
            if (blocks > INT32_MAX) return false;
        }
        t->groups[g].blocks = (uint32_t)blocks;
        if (blocks > t->widest) t->widest = (uint32_t)blocks;
    }
    return true;
}

bool ink_cuda_table_order(ink_cuda_table *t, const ink_cuda_spans *spans) {
    if (t->is_lost || t->n == 0) return false;
    for (uint32_t i = 0; i < t->n; i++) {
        if (!is_of_steps(t->entries[i].kernel)) return false;
    }
    bool good = false;
    reach *reaches = ink_mem_new(t->n, sizeof *reaches);
    uint32_t *group = ink_mem_new(t->n, sizeof *group);
    ink_cuda_entry *sorted = ink_mem_new(t->n, sizeof *sorted);
    if (reaches == NULL || group == NULL || sorted == NULL) goto done;
    t->n_groups = find_groups(t, spans, reaches, group);
    t->groups = ink_mem_new(t->n_groups, sizeof *t->groups);
    if (t->groups == NULL || !fill_groups(t, group, sorted)) goto done;
    memcpy(t->entries, sorted, t->n * sizeof *sorted);
    good = true;
done:
    ink_mem_free(sorted);
    ink_mem_free(group);
    ink_mem_free(reaches);
    return good;
}

/* ---- the order that a graph needs ---- */

/* Fills the edges; known: [n][words], of each entry which ones are done when it begins. */
static void find_edges(const ink_cuda_table *t, const reach *reaches, uint64_t *known, size_t words,
                       ink_cuda_edges *edges) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->n; i++) {
        edges->first[i] = n;
        for (uint32_t j = i; j-- > 0;) {
            if ((known[i * words + j / 64] >> j % 64 & 1u) != 0 || !collide(&reaches[i], &reaches[j])) continue;
            edges->before[n++] = j;
            for (size_t k = 0; k < words; k++) known[i * words + k] |= known[j * words + k];
            known[i * words + j / 64] |= UINT64_C(1) << j % 64;
        }
    }
    edges->first[t->n] = n;
}

bool ink_cuda_table_edges(const ink_cuda_table *t, const ink_cuda_spans *spans, ink_cuda_edges *edges) {
    size_t words = ((size_t)t->n + 63) / 64;
    *edges = (ink_cuda_edges){NULL, NULL};
    if (t->is_lost || t->n == 0 || t->n > EDGES_MOST) return false;
    for (uint32_t i = 0; i < t->n; i++) {
        if (t->entries[i].count > INT32_MAX) return false;
    }
    bool good = false;
    reach *reaches = ink_mem_new(t->n, sizeof *reaches);
    uint64_t *known = ink_mem_new(t->n * words, sizeof *known);
    edges->first = ink_mem_new((size_t)t->n + 1, sizeof *edges->first);
    edges->before = ink_mem_new((size_t)t->n * t->n / 2 + 1, sizeof *edges->before);
    if (reaches == NULL || known == NULL || edges->first == NULL || edges->before == NULL) goto done;
    for (uint32_t i = 0; i < t->n; i++) reaches[i] = reach_of(&t->entries[i], spans);
    find_edges(t, reaches, known, words, edges);
    good = true;
done:
    ink_mem_free(known);
    ink_mem_free(reaches);
    if (!good) ink_cuda_edges_clear(edges);
    return good;
}

void ink_cuda_edges_clear(ink_cuda_edges *edges) {
    ink_mem_free(edges->first);
    ink_mem_free(edges->before);
    *edges = (ink_cuda_edges){NULL, NULL};
}

void ink_cuda_table_clear(ink_cuda_table *t) {
    ink_mem_free(t->entries);
    ink_mem_free(t->groups);
    *t = (ink_cuda_table){.entries = NULL};
}

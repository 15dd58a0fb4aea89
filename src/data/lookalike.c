/* data/lookalike.c: the search for near copies, and the measures of one digit.
 * Exact copies alone are fingerprint.c's, which is quicker. */
#include "data/lookalike.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"

#define CELLS 16u  /* 4 x 4 */
#define RUN   32u  /* images of `second` in one task */
#define TURN  4u   /* tasks of each thread between two looks at whether to stop */
#define PART  112u /* pixels between two looks at the bound: four rows */

/* What is known of an image before its pixels are looked at. */
typedef struct outline {
    uint32_t cell[CELLS];
    uint32_t ink, index;
} outline;

typedef struct search {
    const ink_images *first, *second;
    const outline *sorted; /* of first, by ink, then index */
    const outline *own;    /* of second, by index */
    bool within;
    double most;
    uint32_t tasks_done;
    ink_lookalike *found; /* [second->count]; distance above most: none */
} search;

static void outline_of(const ink_images *images, uint32_t index, outline *o) {
    size_t size = (size_t)images->height * images->width;
    const uint8_t *p = images->pixels + index * size;
    *o = (outline){.index = index};
    for (uint32_t y = 0; y < images->height; y++) {
        for (uint32_t x = 0; x < images->width; x++) {
            o->cell[y * 4 / images->height * 4 + x * 4 / images->width] += *p++;
        }
    }
    for (uint32_t c = 0; c < CELLS; c++) o->ink += o->cell[c];
}

static int compare_ink(const void *a, const void *b) {
    const outline *x = a, *y = b;
    if (x->ink != y->ink) return x->ink < y->ink ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

/* The first of n sorted outlines with at least this much ink. */
static uint32_t first_with(const outline *sorted, uint32_t n, double ink) {
    uint32_t low = 0, high = n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (sorted[middle].ink < ink) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static uint32_t cell_difference(const outline *a, const outline *b) {
    uint32_t sum = 0;
    for (uint32_t c = 0; c < CELLS; c++)
        sum += a->cell[c] > b->cell[c] ? a->cell[c] - b->cell[c] : b->cell[c] - a->cell[c];
    return sum;
}

/* Sum of |a - b|, or some number above `bound`. */
static uint32_t pixel_difference(const uint8_t *a, const uint8_t *b, size_t size, double bound) {
    uint32_t sum = 0;
    for (size_t from = 0; from < size && sum <= bound; from += PART) {
        size_t to = from + PART < size ? from + PART : size;
        uint32_t part = 0;
        for (size_t i = from; i < to; i++) part += (uint32_t)abs(a[i] - b[i]);
        sum += part;
    }
    return sum;
}

static void search_one(const search *s, uint32_t b) {
    size_t size = (size_t)s->first->height * s->first->width;
    const outline *own = &s->own[b];
    const uint8_t *pixels = s->second->pixels + b * size;
    ink_lookalike best = {.b = b, .distance = 2};
    double t = s->most;
    uint32_t n = s->first->count, from = first_with(s->sorted, n, floor(own->ink * (1 - t) / (1 + t)));
    for (uint32_t k = from; k < n && s->sorted[k].ink <= own->ink * (1 + t) / (1 - t) + 1; k++) {
        const outline *other = &s->sorted[k];
        if (s->within && other->index >= b) continue;
        double both = (double)own->ink + other->ink, reach = best.distance < t ? best.distance : t;
        if (cell_difference(own, other) > reach * both) continue;
        uint32_t apart = pixel_difference(pixels, s->first->pixels + other->index * size, size, reach * both);
        double distance = both > 0 ? apart / both : 0;
        if (distance > t || distance > best.distance) continue;
        if (distance < best.distance || other->index < best.a) {
            best.a = other->index;
            best.distance = distance;
        }
    }
    s->found[b] = best;
}

static void search_run(void *context, uint32_t task, uint32_t worker) {
    (void)worker;
    const search *s = context;
    uint32_t from = (s->tasks_done + task) * RUN;
    for (uint32_t b = from; b < from + RUN && b < s->second->count; b++) search_one(s, b);
}

static ink_status search_all(search *s, ink_pool *pool, int (*stop)(void *context), void *context, ink_error *err) {
    uint32_t count = s->second->count, tasks = (count + RUN - 1) / RUN, now;
    uint32_t turn = TURN * (pool != NULL ? ink_pool_threads(pool) : 1);
    for (; s->tasks_done < tasks; s->tasks_done += now) {
        if (stop != NULL && stop(context) != 0) {
            return ink_fail(err, INK_E_STOPPED, "stopped after %u of %u images", s->tasks_done * RUN, count);
        }
        now = tasks - s->tasks_done < turn ? tasks - s->tasks_done : turn;
        if (pool != NULL) {
            ink_pool_each(pool, now, search_run, s);
        } else {
            for (uint32_t task = 0; task < now; task++) search_run(s, task, 0);
        }
    }
    return INK_OK;
}

ink_status ink_lookalikes_find(const ink_images *first, const ink_images *second, double most, ink_pool *pool,
                               int (*stop)(void *context), void *context, ink_lookalike **pairs, uint32_t *n,
                               ink_error *err) {
    search s = {.first = first, .second = second != NULL ? second : first, .within = second == NULL, .most = most};
    assert(most >= 0 && most <= 0.5 && s.second->height == first->height && s.second->width == first->width);
    ink_status status = INK_OK;
    uint32_t count = s.second->count, found = 0;
    *pairs = NULL;
    *n = 0;
    outline *sorted = ink_mem_new(first->count, sizeof *sorted), *own = ink_mem_new(count, sizeof *own);
    s.found = ink_mem_new(count, sizeof *s.found);
    if (sorted == NULL || own == NULL || s.found == NULL) {
        status = ink_fail_memory(err, ((uint64_t)first->count + count) * sizeof *own, "the search for near copies");
        goto done;
    }
    for (uint32_t i = 0; i < first->count; i++) outline_of(first, i, &sorted[i]);
    for (uint32_t i = 0; i < count; i++) outline_of(s.second, i, &own[i]);
    qsort(sorted, first->count, sizeof *sorted, compare_ink);
    s.sorted = sorted;
    s.own = own;
    status = search_all(&s, pool, stop, context, err);
    if (status != INK_OK) goto done;
    for (uint32_t b = 0; b < count; b++) {
        if (s.found[b].distance <= most) s.found[found++] = s.found[b];
    }
    *pairs = s.found;
    *n = found;
    s.found = NULL;
done:
    ink_mem_free(sorted);
    ink_mem_free(own);
    ink_mem_free(s.found);
    return status;
}

void ink_digit_measure(const uint8_t *image, uint32_t height, uint32_t width, ink_digit_facts *facts) {
    uint32_t left = width, right = 0, top = height, bottom = 0;
    double mass = 0, mass_x = 0, mass_y = 0;
    *facts = (ink_digit_facts){.least = 255};
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            uint8_t v = image[(size_t)y * width + x];
            if (v < facts->least) facts->least = v;
            if (v > facts->most) facts->most = v;
            mass += v;
            mass_x += (double)v * x;
            mass_y += (double)v * y;
            if (v <= 10) continue;
            if (x < left) left = x;
            if (x >= right) right = x + 1;
            if (y < top) top = y;
            bottom = y + 1;
        }
    }
    if (right > left) {
        facts->wide = right - left;
        facts->high = bottom - top;
    }
    size_t last = (size_t)(height - 1) * width;
    facts->corners = ((uint32_t)image[0] + image[width - 1] + image[last] + image[last + width - 1]) / 4;
    facts->centre_x = mass > 0 ? mass_x / mass : (double)NAN;
    facts->centre_y = mass > 0 ? mass_y / mass : (double)NAN;
}

bool ink_digit_is_normal(const ink_digit_facts *f, uint32_t height, uint32_t width) {
    uint32_t longest = f->wide > f->high ? f->wide : f->high;
    return height == 28 && width == 28 && f->most >= 200 && longest >= 19 && longest <= 20 &&
           fabs(f->centre_x - 14) <= 0.6 && fabs(f->centre_y - 14) <= 0.6;
}

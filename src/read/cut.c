/* read/cut.c: where a piece of ink may be cut into digits that touch.
 * Which of the cuts are made, the net decides (judge.c). */
#include <math.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "read/stages.h"

#define STEP   0.10f /* of the height: between the middles of two bands */
#define BAND   0.22f /* of the height: how far a path may stray to either side */
#define NEAR   0.14f /* of the height: two cuts this near are one */
#define COSTLY 0.60f /* of the height: a path through more ink than this is no cut */

void ink_cuts_free(ink_cuts *cuts) {
    ink_mem_free(cuts->path);
    *cuts = (ink_cuts){0};
}

/* The path of least ink from top to bottom between columns from and to of the box. sum, next: [to - from] each; back:
 * [height][to - from], the step that led here, 0..2. path: [height]. Returns the ink along the path, in pixels. */
static float least_path(const ink_plane *ink, const ink_box *box, uint32_t from, uint32_t to, float *sum, float *next,
                        uint8_t *back, uint16_t *path) {
    uint32_t n = to - from, height = (uint32_t)(box->bottom - box->top), at = 0;
    for (uint32_t x = 0; x < n; x++) sum[x] = 0;
    for (uint32_t y = 0; y < height; y++) {
        const uint8_t *row = ink->at + (size_t)((uint32_t)box->top + y) * ink->width + (uint32_t)box->left + from;
        for (uint32_t x = 0; x < n; x++) {
            /* Straight on costs a little less than aside. */
            float best = sum[x];
            uint8_t step = 1;
            if (x > 0 && sum[x - 1] + 0.06f < best) {
                best = sum[x - 1] + 0.06f;
                step = 0;
            }
            if (x + 1 < n && sum[x + 1] + 0.06f < best) {
                best = sum[x + 1] + 0.06f;
                step = 2;
            }
            next[x] = best + (float)row[x] / 255.0f;
            back[(size_t)y * n + x] = step;
        }
        memcpy(sum, next, n * sizeof *sum);
    }
    for (uint32_t x = 1; x < n; x++) {
        if (sum[x] < sum[at]) at = x;
    }
    float cost = 0;
    for (uint32_t y = height; y-- > 0;) {
        const uint8_t *row = ink->at + (size_t)((uint32_t)box->top + y) * ink->width;
        path[y] = (uint16_t)((uint32_t)box->left + from + at);
        cost += (float)row[path[y]] / 255.0f;
        at = at + back[(size_t)y * n + at] - 1;
    }
    return cost;
}

static float middle_of(const uint16_t *path, uint32_t height) {
    double sum = 0;
    for (uint32_t y = 0; y < height; y++) sum += path[y];
    return (float)(sum / height);
}

/* Puts a path among those kept, unless a cheaper one is near; the dearest goes when there are too many. */
static void keep_path(ink_cuts *c, float *middles, const uint16_t *path, float cost, float middle, float near) {
    uint32_t slot = c->n;
    for (uint32_t i = 0; i < c->n; i++) {
        if (fabsf(middles[i] - middle) >= near) continue;
        if (c->cost[i] <= cost) return;
        slot = i;
    }
    if (slot == INK_CUTS_MAX) {
        slot = 0;
        for (uint32_t i = 1; i < c->n; i++) {
            if (c->cost[i] > c->cost[slot]) slot = i;
        }
        if (c->cost[slot] <= cost) return;
    }
    if (slot == c->n) c->n++;
    memcpy(c->path + (size_t)slot * c->height, path, c->height * sizeof *path);
    c->cost[slot] = cost;
    middles[slot] = middle;
}

/* Left to right, and no path left of the one before it. spare: [height]. */
static void sort_paths(ink_cuts *c, float *middles, uint16_t *spare) {
    size_t row = c->height * sizeof *spare;
    for (uint32_t i = 1; i < c->n; i++) {
        for (uint32_t k = i; k > 0 && middles[k] < middles[k - 1]; k--) {
            float m = middles[k], cost = c->cost[k];
            uint16_t *a = c->path + (size_t)(k - 1) * c->height, *b = c->path + (size_t)k * c->height;
            memcpy(spare, a, row);
            memcpy(a, b, row);
            memcpy(b, spare, row);
            middles[k] = middles[k - 1];
            middles[k - 1] = m;
            c->cost[k] = c->cost[k - 1];
            c->cost[k - 1] = cost;
        }
    }
    for (uint32_t i = 1; i < c->n; i++) {
        const uint16_t *a = c->path + (size_t)(i - 1) * c->height;
        uint16_t *b = c->path + (size_t)i * c->height;
        for (uint32_t y = 0; y < c->height; y++) b[y] = b[y] < a[y] ? a[y] : b[y];
    }
}

ink_status ink_cuts_find(const ink_plane *ink, const ink_piece *piece, ink_cuts *out, ink_error *err) {
    uint32_t w = (uint32_t)(piece->box.right - piece->box.left), h = (uint32_t)(piece->box.bottom - piece->box.top);
    float step = STEP * (float)h > 1 ? STEP * (float)h : 1, reach = BAND * (float)h > 2 ? BAND * (float)h : 2;
    size_t band = 2 * (size_t)reach + 2;
    float middles[INK_CUTS_MAX] = {0};
    *out = (ink_cuts){.height = h, .path = ink_mem_new((INK_CUTS_MAX + 2) * (size_t)h, sizeof *out->path)};
    float *sums = ink_mem_new(2 * band, sizeof *sums);
    uint8_t *back = ink_mem_new(h, band);
    ink_status status = INK_OK;
    if (out->path == NULL || sums == NULL || back == NULL) {
        status = ink_fail_memory(err, (uint64_t)h * (band + 2 * INK_CUTS_MAX), "cuts between digits");
        goto done;
    }
    uint16_t *path = out->path + (size_t)INK_CUTS_MAX * h, *spare = path + h;
    for (float middle = 0.15f * (float)h; middle < (float)w - 0.15f * (float)h; middle += step) {
        uint32_t from = middle > reach ? (uint32_t)(middle - reach) : 0;
        uint32_t to = from + (uint32_t)band < w ? from + (uint32_t)band : w;
        if (to - from < 3) continue;
        float cost = least_path(ink, &piece->box, from, to, sums, sums + band, back, path);
        if (cost > COSTLY * (float)h) continue;
        keep_path(out, middles, path, cost, middle_of(path, h), NEAR * (float)h);
    }
    sort_paths(out, middles, spare);
done:
    ink_mem_free(sums);
    ink_mem_free(back);
    if (status != INK_OK) ink_cuts_free(out);
    return status;
}

ink_status ink_cuts_part(ink_pieces *pieces, uint32_t piece, const ink_cuts *cuts, uint32_t a, uint32_t b, bool *added,
                         ink_error *err) {
    const ink_piece *whole = &pieces->piece[piece];
    uint32_t n = 0;
    ink_run *runs = ink_mem_new((size_t)whole->runs + 1, sizeof *runs);
    *added = false;
    if (runs == NULL) return ink_fail_memory(err, whole->runs * sizeof *runs, "cuts between digits");
    for (uint32_t i = 0; i < whole->runs; i++) {
        ink_run r = pieces->run[whole->run + i];
        uint32_t y = (uint32_t)(r.y - whole->box.top);
        if (a > 0 && cuts->path[(size_t)(a - 1) * cuts->height + y] > r.from) {
            r.from = cuts->path[(size_t)(a - 1) * cuts->height + y];
        }
        if (b <= cuts->n && cuts->path[(size_t)(b - 1) * cuts->height + y] < r.to) {
            r.to = cuts->path[(size_t)(b - 1) * cuts->height + y];
        }
        if (r.from < r.to) runs[n++] = r;
    }
    ink_status status = n > 0 ? ink_pieces_add(pieces, runs, n, err) : INK_OK;
    *added = status == INK_OK && n > 0;
    ink_mem_free(runs);
    return status;
}

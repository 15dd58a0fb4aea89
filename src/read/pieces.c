/* read/pieces.c: connected components of the mask, as runs.
 * Which of them are digits is layout.c's business. */
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "read/stages.h"

static bool grow(void **block, uint32_t *room, uint32_t need, size_t size) {
    if (need <= *room) return true;
    uint32_t more = *room < 512 ? 1024 : *room * 2;
    while (more < need) more *= 2;
    void *p = ink_mem_resize(*block, more, size);
    if (p == NULL) return false;
    *block = p;
    *room = more;
    return true;
}

void ink_pieces_free(ink_pieces *pieces) {
    ink_mem_free(pieces->run);
    ink_mem_free(pieces->piece);
    *pieces = (ink_pieces){0};
}

/* All runs of the mask, row by row. first[y] .. first[y + 1] - 1 are row y's. */
static bool find_runs(const ink_plane *mask, ink_pieces *p, uint32_t *first) {
    for (uint32_t y = 0; y < mask->height; y++) {
        const uint8_t *row = mask->at + (size_t)y * mask->width;
        first[y] = p->n_run;
        for (uint32_t x = 0; x < mask->width;) {
            const uint8_t *next = memchr(row + x, 1, mask->width - x);
            if (next == NULL) break;
            uint32_t from = (uint32_t)(next - row), to = from + 1;
            while (to < mask->width && row[to] != 0) to++;
            void *block = p->run;
            bool fits = grow(&block, &p->room_run, p->n_run + 1, sizeof *p->run);
            p->run = block;
            if (!fits) return false;
            p->run[p->n_run++] = (ink_run){(uint16_t)y, (uint16_t)from, (uint16_t)to};
            x = to;
        }
    }
    first[mask->height] = p->n_run;
    return true;
}

static uint32_t root_of(uint32_t *parent, uint32_t i) {
    while (parent[i] != i) {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    return i;
}

/* The smaller number becomes the root: so a root is its component's first run. */
static void join(uint32_t *parent, uint32_t a, uint32_t b) {
    a = root_of(parent, a);
    b = root_of(parent, b);
    if (a < b) parent[b] = a;
    if (b < a) parent[a] = b;
}

static void join_rows(const ink_pieces *p, const uint32_t *first, uint32_t height, uint32_t *parent) {
    for (uint32_t i = 0; i < p->n_run; i++) parent[i] = i;
    for (uint32_t y = 1; y < height; y++) {
        uint32_t a = first[y - 1], b = first[y];
        while (a < first[y] && b < first[y + 1]) {
            const ink_run *above = &p->run[a], *here = &p->run[b];
            /* Corners that touch count. */
            if (above->from <= here->to && here->from <= above->to) join(parent, a, b);
            if (above->to < here->to) {
                a++;
            } else {
                b++;
            }
        }
    }
}

static void describe(ink_piece *piece, const ink_run *run) {
    piece->area = 0;
    piece->box = (ink_box){INT32_MAX, run[0].y, 0, run[piece->runs - 1].y + 1};
    for (uint32_t i = 0; i < piece->runs; i++) {
        if (run[i].from < piece->box.left) piece->box.left = run[i].from;
        if (run[i].to > piece->box.right) piece->box.right = run[i].to;
        piece->area += (uint32_t)(run[i].to - run[i].from);
    }
}

/* Sorts the runs by component (they stay in row order) and lists the components that are large enough. parent becomes
 * scratch; scratch holds n_run + 1 numbers. */
static ink_status gather(ink_pieces *p, uint32_t *parent, uint32_t *scratch, uint32_t least_area, ink_error *err) {
    uint32_t *area = scratch, kept_runs = 0;
    ink_run *sorted = NULL;
    memset(area, 0, ((size_t)p->n_run + 1) * sizeof *area);
    for (uint32_t i = 0; i < p->n_run; i++) {
        parent[i] = root_of(parent, i);
        area[parent[i]] += (uint32_t)(p->run[i].to - p->run[i].from);
    }
    for (uint32_t i = 0; i < p->n_run; i++) {
        if (area[parent[i]] < least_area) continue;
        kept_runs++;
        if (parent[i] == i) p->n++;
    }
    p->piece = ink_mem_new(p->n, sizeof *p->piece);
    p->room = p->n;
    sorted = ink_mem_new(kept_runs, sizeof *sorted);
    if (p->piece == NULL || sorted == NULL) {
        ink_mem_free(sorted);
        return ink_fail_memory(err, (uint64_t)kept_runs * sizeof *sorted, "pieces of ink");
    }
    /* area[root] becomes the piece's number; runs are counted, then placed. */
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->n_run; i++) {
        if (parent[i] == i) area[i] = area[i] >= least_area ? n++ : UINT32_MAX;
    }
    for (uint32_t i = 0; i < p->n_run; i++) {
        if (area[parent[i]] != UINT32_MAX) p->piece[area[parent[i]]].runs++;
    }
    for (uint32_t k = 1; k < p->n; k++) p->piece[k].run = p->piece[k - 1].run + p->piece[k - 1].runs;
    for (uint32_t k = 0; k < p->n; k++) p->piece[k].runs = 0;
    for (uint32_t i = 0; i < p->n_run; i++) {
        if (area[parent[i]] == UINT32_MAX) continue;
        ink_piece *piece = &p->piece[area[parent[i]]];
        sorted[piece->run + piece->runs++] = p->run[i];
    }
    ink_mem_free(p->run);
    p->run = sorted;
    p->n_run = p->room_run = kept_runs;
    for (uint32_t k = 0; k < p->n; k++) describe(&p->piece[k], sorted + p->piece[k].run);
    return INK_OK;
}

ink_status ink_pieces_find(const ink_plane *mask, uint32_t least_area, ink_pieces *out, ink_error *err) {
    ink_status status = INK_OK;
    uint32_t *parent = NULL, *first = ink_mem_new((size_t)mask->height + 1, sizeof *first);
    *out = (ink_pieces){0};
    if (first == NULL || !find_runs(mask, out, first)) {
        status = ink_fail_memory(err, (uint64_t)out->room_run * 2 * sizeof *out->run, "runs of ink");
        goto done;
    }
    parent = ink_mem_new(2 * (size_t)out->n_run + 1, sizeof *parent);
    if (parent == NULL) {
        status = ink_fail_memory(err, (2 * (uint64_t)out->n_run + 1) * sizeof *parent, "pieces of ink");
        goto done;
    }
    join_rows(out, first, mask->height, parent);
    status = gather(out, parent, parent + out->n_run, least_area, err);
done:
    ink_mem_free(first);
    ink_mem_free(parent);
    if (status != INK_OK) ink_pieces_free(out);
    return status;
}

ink_status ink_pieces_add(ink_pieces *pieces, const ink_run *runs, uint32_t n_runs, ink_error *err) {
    void *run = pieces->run, *piece = pieces->piece;
    bool fits = grow(&run, &pieces->room_run, pieces->n_run + n_runs, sizeof *pieces->run);
    pieces->run = run;
    fits = fits && grow(&piece, &pieces->room, pieces->n + 1, sizeof *pieces->piece);
    pieces->piece = piece;
    if (!fits) return ink_fail_memory(err, (uint64_t)n_runs * sizeof *runs, "pieces of ink");
    ink_piece made = {.run = pieces->n_run, .runs = n_runs};
    memcpy(pieces->run + pieces->n_run, runs, n_runs * sizeof *runs);
    describe(&made, pieces->run + made.run);
    pieces->n_run += n_runs;
    pieces->piece[pieces->n++] = made;
    return INK_OK;
}

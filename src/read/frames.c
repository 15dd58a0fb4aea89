/* read/frames.c: takes the boxes of a form out of the mask: four straight sides around something else.
 * Long lines and squared paper are rules.c's business. */
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "read/stages.h"

#define LEAST_SIDE  14    /* pixels */
#define BAND        0.12f /* of the shorter side: how far from level and upright its lines may be, and how rough */
#define COVERED     0.92f /* of each side, by ink within the band */
#define INSIDE      0.10f /* at most of a frame's own ink lies farther in */
#define CONTENT     0.30f /* of its height: what makes a frame of four lines around it */
#define ALIKE       0.15f /* empty boxes, and those that a digit touches, are known by their size */
#define FRAMES_MOST 2048u

ink_status ink_form_add(ink_form *form, const ink_box *box, ink_error *err) {
    if (form->n == form->room) {
        uint32_t room = form->room == 0 ? 64 : 2 * form->room;
        ink_box *more = ink_mem_resize(form->box, room, sizeof *more);
        if (more == NULL) return ink_fail_memory(err, (uint64_t)room * sizeof *more, "a form");
        form->box = more;
        form->room = room;
    }
    form->box[form->n++] = *box;
    return INK_OK;
}

void ink_form_free(ink_form *form) {
    ink_mem_free(form->box);
    *form = (ink_form){0};
}

typedef struct frame {
    uint32_t piece;
    bool is_sure; /* something stands in it that does not touch it */
    bool touches; /* its own ink goes farther in: a digit that runs into a side */
} frame;

typedef struct finder {
    ink_pieces pieces;
    uint8_t *covered[4]; /* top, bottom: [width]; left, right: [height]; of the whole mask */
    frame frame[FRAMES_MOST];
    uint32_t n;
} finder;

static int32_t width_of(const ink_box *b) {
    return b->right - b->left;
}

static int32_t height_of(const ink_box *b) {
    return b->bottom - b->top;
}

static int32_t band_of(const ink_box *b) {
    int32_t w = width_of(b), h = height_of(b), band = (int32_t)(BAND * (float)(w < h ? w : h) + 0.5f);
    return band > 2 ? band : 2;
}

static bool is_covered(const uint8_t *at, int32_t from, int32_t to) {
    int32_t count = 0;
    for (int32_t i = from; i < to; i++) count += at[i];
    return (float)count >= COVERED * (float)(to - from);
}

/* Has the piece four straight sides along its box? *inside: its own ink farther in than those. */
static bool has_sides(finder *f, const ink_piece *p, uint32_t *inside) {
    const ink_box *b = &p->box;
    int32_t band = band_of(b);
    for (int i = 0; i < 4; i++) {
        int32_t from = i < 2 ? b->left : b->top, to = i < 2 ? b->right : b->bottom;
        memset(f->covered[i] + from, 0, (size_t)(to - from));
    }
    *inside = 0;
    for (uint32_t k = 0; k < p->runs; k++) {
        const ink_run *r = &f->pieces.run[p->run + k];
        int32_t y = r->y, from = r->from, to = r->to;
        if (y < b->top + band) memset(f->covered[0] + from, 1, (size_t)(to - from));
        if (y >= b->bottom - band) memset(f->covered[1] + from, 1, (size_t)(to - from));
        if (from < b->left + band) f->covered[2][y] = 1;
        if (to > b->right - band) f->covered[3][y] = 1;
        if (y < b->top + band || y >= b->bottom - band) continue;
        if (from < b->left + band) from = b->left + band;
        if (to > b->right - band) to = b->right - band;
        if (to > from) *inside += (uint32_t)(to - from);
    }
    return is_covered(f->covered[0], b->left, b->right) && is_covered(f->covered[1], b->left, b->right) &&
           is_covered(f->covered[2], b->top, b->bottom) && is_covered(f->covered[3], b->top, b->bottom);
}

static bool has_content(const finder *f, uint32_t piece) {
    const ink_box *out = &f->pieces.piece[piece].box;
    for (uint32_t i = 0; i < f->pieces.n; i++) {
        const ink_box *in = &f->pieces.piece[i].box;
        if (i != piece && in->left > out->left && in->right < out->right && in->top > out->top &&
            in->bottom < out->bottom && (float)height_of(in) >= CONTENT * (float)height_of(out))
            return true;
    }
    return false;
}

static void find_frames(finder *f) {
    for (uint32_t i = 0; i < f->pieces.n && f->n < FRAMES_MOST; i++) {
        const ink_piece *p = &f->pieces.piece[i];
        int32_t w = width_of(&p->box), h = height_of(&p->box);
        uint32_t inside;
        if (w < LEAST_SIDE || h < LEAST_SIDE || p->area > (uint32_t)w * (uint32_t)h * 3 / 5) continue;
        if (!has_sides(f, p, &inside)) continue;
        bool touches = (float)inside > INSIDE * (float)p->area;
        f->frame[f->n++] = (frame){.piece = i, .is_sure = !touches && has_content(f, i), .touches = touches};
    }
}

static bool are_alike(int32_t a, int32_t b) {
    int32_t off = a > b ? a - b : b - a;
    return (float)off <= ALIKE * (float)(a > b ? a : b);
}

/* Is there a sure frame of this size? */
static bool is_known(const finder *f, const ink_box *box) {
    for (uint32_t i = 0; i < f->n; i++) {
        const ink_box *b = &f->pieces.piece[f->frame[i].piece].box;
        if (f->frame[i].is_sure && are_alike(width_of(b), width_of(box)) && are_alike(height_of(b), height_of(box)))
            return true;
    }
    return false;
}

/* All of it; of one that a digit touches, the lines alone, as thick as a frame of this area has them. */
static void erase(const finder *f, const frame *one, ink_plane *mask) {
    const ink_piece *p = &f->pieces.piece[one->piece];
    const ink_box *b = &p->box;
    int32_t band = band_of(b);
    for (uint32_t k = 0; k < p->runs; k++) {
        const ink_run *r = &f->pieces.run[p->run + k];
        uint8_t *row = mask->at + (size_t)r->y * mask->width;
        bool whole = !one->touches || r->y < b->top + band || r->y >= b->bottom - band;
        for (int32_t x = r->from; x < r->to; x++) {
            if (whole || x < b->left + band || x >= b->right - band) row[x] = 0;
        }
    }
}

ink_status ink_frames_remove(ink_plane *mask, ink_form *form, ink_error *err) {
    finder f = {.n = 0};
    ink_plane marks;
    ink_status status = ink_plane_new(mask->width, mask->height, &marks, err);
    if (status != INK_OK) return status;
    for (size_t i = 0; i < (size_t)mask->width * mask->height; i++) marks.at[i] = mask->at[i] != 0;
    status = ink_pieces_find(&marks, LEAST_SIDE, &f.pieces, err);
    uint8_t *covered = ink_mem_new((size_t)mask->width + mask->height, 2);
    if (status == INK_OK && covered == NULL) {
        status = ink_fail_memory(err, 2 * ((uint64_t)mask->width + mask->height), "a page's frames");
    }
    if (status == INK_OK) {
        f.covered[0] = covered;
        f.covered[1] = covered + mask->width;
        f.covered[2] = covered + 2 * (size_t)mask->width;
        f.covered[3] = f.covered[2] + mask->height;
        find_frames(&f);
    }
    for (uint32_t i = 0; i < f.n && status == INK_OK; i++) {
        if (!f.frame[i].is_sure && !is_known(&f, &f.pieces.piece[f.frame[i].piece].box)) continue;
        erase(&f, &f.frame[i], mask);
        status = ink_form_add(form, &f.pieces.piece[f.frame[i].piece].box, err);
    }
    ink_mem_free(covered);
    ink_pieces_free(&f.pieces);
    ink_plane_free(&marks);
    return status;
}

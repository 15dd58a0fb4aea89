/* read/page.c: the way from a picture to its digits, stage by stage, and the text of a page.
 * What each stage does stands in its own file. */
#include "read/page.h"

#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "read/stages.h"

typedef struct work {
    const ink_page_options *options;
    ink_plane plane, mask; /* plane: grey, then ink */
    ink_pieces pieces;
    ink_layout layout;
    ink_readings readings;
    bool light_ink;
    ink_level level;
    ink_rules rules; /* taken out */
    ink_form form;   /* as are its boxes */
    ink_error *err;
} work;

/* ---- what is shown of the stages ---- */

static bool is_shown(const work *w) {
    return w->options->steps.show != NULL;
}

static ink_status show(const work *w, const char *name, const uint8_t *grey, uint32_t width, uint32_t height) {
    return w->options->steps.show(w->options->steps.context, name, grey, width, height, w->err);
}

/* Ink as a person sees it, dark on white; mask: any value but 0 is full ink. */
static ink_status show_ink(const work *w, const char *name, const ink_plane *plane, bool mask) {
    ink_plane seen;
    if (!is_shown(w)) return INK_OK;
    ink_status status = ink_plane_new(plane->width, plane->height, &seen, w->err);
    if (status != INK_OK) return status;
    for (size_t i = 0; i < (size_t)plane->width * plane->height; i++) {
        seen.at[i] = (uint8_t)(255 - (mask && plane->at[i] != 0 ? 255 : plane->at[i]));
    }
    status = show(w, name, seen.at, seen.width, seen.height);
    ink_plane_free(&seen);
    return status;
}

/* Each piece in a shade of its own, in its box. */
static ink_status show_pieces(const work *w) {
    static const uint8_t shades[] = {0, 110, 50, 150, 80};
    ink_plane seen;
    if (!is_shown(w)) return INK_OK;
    ink_status status = ink_plane_new(w->plane.width, w->plane.height, &seen, w->err);
    if (status != INK_OK) return status;
    memset(seen.at, 255, (size_t)seen.width * seen.height);
    for (uint32_t i = 0; i < w->readings.n; i++) {
        const ink_piece *p = &w->pieces.piece[w->readings.at[i].piece];
        size_t width = (size_t)(p->box.right - p->box.left);
        for (int32_t y = p->box.top; y < p->box.bottom; y++) {
            uint8_t *row = seen.at + (size_t)y * seen.width + (uint32_t)p->box.left;
            if (y == p->box.top || y + 1 == p->box.bottom) memset(row, 200, width);
            row[0] = 200;
            row[width - 1] = 200;
        }
        for (uint32_t k = 0; k < p->runs; k++) {
            const ink_run *r = &w->pieces.run[p->run + k];
            memset(seen.at + (size_t)r->y * seen.width + r->from, shades[i % sizeof shades], (size_t)(r->to - r->from));
        }
    }
    status = show(w, "5-pieces", seen.at, seen.width, seen.height);
    ink_plane_free(&seen);
    return status;
}

#define SHEET_COLUMNS 20u
#define SHEET_PITCH   (INK_DIGIT_SIDE + 4u)

/* What the net saw, 20 in a row. */
static ink_status show_cells(const work *w) {
    uint32_t n = w->readings.n, rows = (n + SHEET_COLUMNS - 1) / SHEET_COLUMNS;
    ink_plane seen;
    if (!is_shown(w)) return INK_OK;
    ink_status status = ink_plane_new(SHEET_COLUMNS * SHEET_PITCH, (rows > 0 ? rows : 1) * SHEET_PITCH, &seen, w->err);
    if (status != INK_OK) return status;
    memset(seen.at, 255, (size_t)seen.width * seen.height);
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *image = w->readings.at[i].cell.image;
        uint8_t *to = seen.at + ((size_t)(i / SHEET_COLUMNS) * SHEET_PITCH + 2) * seen.width +
                      (size_t)(i % SHEET_COLUMNS) * SHEET_PITCH + 2;
        for (uint32_t k = 0; k < INK_DIGIT_PIXELS; k++) {
            to[(size_t)(k / INK_DIGIT_SIDE) * seen.width + k % INK_DIGIT_SIDE] = (uint8_t)(255 - image[k]);
        }
    }
    status = show(w, "6-digits", seen.at, seen.width, seen.height);
    ink_plane_free(&seen);
    return status;
}

/* ---- the stages ---- */

static ink_status find_pieces(work *w) {
    float height = 0;
    ink_status status = ink_plane_threshold(&w->plane, &w->level, &w->mask, w->err);
    if (status == INK_OK) status = show_ink(w, "3-ink", &w->mask, true);
    if (status == INK_OK) status = ink_lattice_remove(&w->plane, &w->mask, &w->level, &w->form, w->err);
    if (status == INK_OK) status = ink_frames_remove(&w->mask, &w->form, w->err);
    if (status == INK_OK) status = ink_rules_remove(&w->plane, &w->mask, &w->level, &w->rules, w->err);
    if (status == INK_OK) status = ink_mask_link(&w->mask, w->err);
    if (status == INK_OK) status = show_ink(w, "4-without-rules", &w->mask, true);
    if (status == INK_OK) status = ink_pieces_find(&w->mask, 6, &w->pieces, w->err);
    if (status == INK_OK) status = ink_pieces_tidy(&w->pieces, &w->plane, w->rules.square, &height, w->err);
    if (status == INK_OK)
        status = ink_layout_find(&w->pieces, &w->form, height, w->rules.count > 0 ? &w->rules.slope : NULL, &w->layout,
                                 w->err);
    return status;
}

static uint32_t scaled(int32_t v, uint32_t from, uint32_t to) {
    return (uint32_t)(((uint64_t)(uint32_t)v * to + from / 2) / from);
}

static bool is_plausible(const work *w, uint32_t i) {
    return ink_cell_plausible(&w->readings.at[i].cell, ink_first_most(w->readings.at[i].p));
}

/* Paper between reading i and its line's neighbour k, when that looks like a digit, in heights of the writing;
 * negative: they overlap; else a large number. */
static float gap_to_digit(const work *w, uint32_t i, uint32_t k) {
    const ink_reading *a = &w->readings.at[i], *b = k < w->readings.n ? &w->readings.at[k] : NULL;
    if (b == NULL || a->line != b->line || !is_plausible(w, k)) return 9;
    const ink_box *p = &w->pieces.piece[a->piece].box, *q = &w->pieces.piece[b->piece].box;
    return (float)(p->left < q->left ? q->left - p->right : p->left - q->right) / w->layout.height;
}

/* Ink as large as a digit beside digits: the number would be another without it, though it looks like none. What
 * overlaps a digit is rather a part of it. */
static bool is_missed(const work *w, uint32_t i) {
    const ink_box *b = &w->pieces.piece[w->readings.at[i].piece].box;
    float across = (float)(b->right - b->left) / w->layout.height;
    float tall = (float)(b->bottom - b->top) / w->layout.height;
    float before = i > 0 ? gap_to_digit(w, i, i - 1) : 9, after = gap_to_digit(w, i, i + 1);
    float nearer = before < after ? before : after;
    if (tall < 0.3f || tall > 2 || across > 3 || across + tall < 0.9f) return false;
    return nearer < 0.9f && nearer > -0.4f * across;
}

/* The readings that look like digits, as the caller sees them; lines without any are closed up. */
static ink_status fill_page(work *w, uint32_t width, uint32_t height, ink_page *out) {
    float sure = w->options->sure > 0 ? w->options->sure : INK_PAGE_SURE;
    uint32_t pieces = w->readings.n, n, line = 0;
    if (w->rules.count > 0) ink_readings_drop_pale(&w->readings);
    ink_doubt doubt = ink_readings_doubt(&w->readings, &w->pieces, w->layout.height, ink_level_is_clear(&w->level),
                                         w->rules.count > 0);
    n = w->readings.n < INK_PAGE_DIGITS_MAX ? w->readings.n : INK_PAGE_DIGITS_MAX;
    if (doubt == INK_DOUBT_BLANK) n = 0;
    ink_page page = {.digits = ink_mem_new((size_t)n + 1, sizeof *page.digits),
                     .slope = w->layout.slope,
                     .light_ink = w->light_ink,
                     .pieces = pieces,
                     .doubt = pieces > 0 ? doubt : INK_DOUBT_NONE};
    if (page.digits == NULL) return ink_fail_memory(w->err, (uint64_t)n * sizeof *page.digits, "digits");
    for (uint32_t i = 0; i < n; i++) {
        const ink_reading *r = &w->readings.at[i];
        const ink_box *b = &w->pieces.piece[r->piece].box;
        int digit = ink_first_most(r->p);
        bool looks = is_plausible(w, i);
        if (!looks && !is_missed(w, i)) continue;
        if (page.count > 0 && r->line != line) page.lines++;
        line = r->line;
        ink_page_digit *d = &page.digits[page.count++];
        d->x = scaled(b->left, w->plane.width, width);
        d->y = scaled(b->top, w->plane.height, height);
        d->width = scaled(b->right, w->plane.width, width) - d->x;
        d->height = scaled(b->bottom, w->plane.height, height) - d->y;
        d->line = page.lines;
        d->spaced = r->spaced && page.count > 1 && d[-1].line == d->line;
        d->digit =
            (int8_t)(looks && r->p[digit] >= sure && !r->doubtful && doubt == INK_DOUBT_NONE ? digit : INK_PAGE_UNSURE);
        memcpy(d->p, r->p, sizeof d->p);
        memcpy(d->image, r->cell.image, sizeof d->image);
    }
    if (page.count > 0) page.lines++;
    if (page.count == 0 && doubt == INK_DOUBT_ALL) page.doubt = INK_DOUBT_NONE; /* nothing to be unsure of */
    *out = page;
    return INK_OK;
}

ink_status ink_page_read(const uint8_t *grey, uint32_t width, uint32_t height, size_t stride_bytes,
                         const ink_page_options *options, ink_page *out, ink_error *err) {
    work w = {.options = options, .err = err};
    bool on_desk;
    *out = (ink_page){0};
    if (width == 0 || height == 0 || width > INK_PAGE_SIDE_MAX || height > INK_PAGE_SIDE_MAX || stride_bytes < width) {
        return ink_fail(err, INK_E_USAGE, "a picture of %ux%u, expected 1x1 to 4096x4096", width, height);
    }
    if (grey == NULL || options == NULL || options->net.read == NULL) {
        return ink_fail(err, INK_E_USAGE, "ink_page_read: no %s", grey == NULL ? "picture" : "net");
    }
    ink_status status = ink_plane_scale(grey, width, height, stride_bytes, &w.plane, err);
    if (status == INK_OK && is_shown(&w)) status = show(&w, "1-grey", w.plane.at, w.plane.width, w.plane.height);
    if (status == INK_OK) status = ink_plane_clear_desk(&w.plane, &on_desk, err);
    if (status == INK_OK) status = ink_plane_flatten(&w.plane, &w.light_ink, err);
    if (status == INK_OK) status = ink_plane_calm(&w.plane, &w.level, err);
    if (status == INK_OK) status = show_ink(&w, "2-flat", &w.plane, false);
    if (status == INK_OK) status = find_pieces(&w);
    if (status == INK_OK) {
        ink_judge_input input = {&w.plane, &w.mask, &w.layout, options->net};
        status = ink_pieces_judge(&input, &w.pieces, &w.readings, err);
    }
    if (status == INK_OK) status = show_pieces(&w);
    if (status == INK_OK) status = show_cells(&w);
    if (status == INK_OK) status = fill_page(&w, width, height, out);
    ink_plane_free(&w.plane);
    ink_plane_free(&w.mask);
    ink_pieces_free(&w.pieces);
    ink_layout_free(&w.layout);
    ink_form_free(&w.form);
    ink_readings_free(&w.readings);
    return status;
}

void ink_page_clear(ink_page *page) {
    ink_mem_free(page->digits);
    *page = (ink_page){0};
}

const char *ink_page_doubt_text(const ink_page *page) {
    switch (page->doubt) {
    case INK_DOUBT_ALL:
        return "as a whole it looks more like a drawing or rests of lines than like digits: all are unsure";
    case INK_DOUBT_BLANK:
        return "its ink hardly stands out from the noise and little of it looks like digits: taken for blank";
    case INK_DOUBT_NONE: break;
    }
    return NULL;
}

ink_status ink_page_text(const ink_page *page, char **text, ink_error *err) {
    /* At most a blank, a digit and a line feed for each. */
    char *t = ink_mem_new((size_t)page->count * 3 + 1, 1);
    size_t n = 0;
    *text = NULL;
    if (t == NULL) return ink_fail_memory(err, (uint64_t)page->count * 3 + 1, "the text of a page");
    for (uint32_t i = 0; i < page->count; i++) {
        const ink_page_digit *d = &page->digits[i];
        if (i > 0 && d->line != d[-1].line) t[n++] = '\n';
        if (d->spaced) t[n++] = ' ';
        t[n++] = (char)(d->digit == INK_PAGE_UNSURE ? '?' : '0' + d->digit);
    }
    if (n > 0) t[n++] = '\n';
    *text = t;
    return INK_OK;
}

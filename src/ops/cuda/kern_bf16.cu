/* ops/cuda/kern_bf16.cu: matrix products of bfloat16 that lies in memory as such: convolutions, linear layers and their
 * gradients, as kern_product.cu has them, for channels that eight divides. kern_bf16_tile.h has the kernels, once for
 * each size of a block's tile: large ones read less, small ones are more blocks.
 *
 * A slice is INK_DEPTH of the sum's terms of all rows (or columns) of the tile: straight, [row][term], where terms lie
 * one after another in memory; turned, [term][row], where rows do. They go from memory to shared memory by copies of 16
 * bytes ("octets": eight numbers), STAGES - 1 of them ahead of the one that is multiplied, and on to the tensor cores'
 * fragments by ldmatrix, which turns the turned ones. Where an octet comes from is worked out slice by slice, what of
 * that is a tap's only where the next one begins.
 * Source   Chetlur et al., cuDNN: efficient primitives for deep learning, arXiv:1410.0759 (gathering);
 *          NVIDIA, CUTLASS, "Efficient GEMM in CUDA" (stages; octets exchanged against bank conflicts) */
#include "ops/cuda/kern.h"
#include "ops/cuda/kern_copy.h"
#include "ops/cuda/kern_gather.h"
#include "ops/cuda/kern_mma.h"

#define OCTET      8u                     /* numbers of 16 bits in 16 bytes */
#define STRAIGHT   (INK_DEPTH / OCTET)    /* octets of a line of a straight slice */
#define SIDE(rows) ((rows)*INK_DEPTH / 2) /* words of a slice */

/* The word at which an octet of a slice lies, of lines of 4, 8 or 16 octets. Octets of a line are exchanged, so that
 * the same octet of eight lines in a row stands in eight different banks: ldmatrix reads those at once. */
INK_DEVICE uint32_t word_of(uint32_t line, uint32_t octet, uint32_t octets) {
    return 4 * (line * octets + (octet ^ (octets == 4 ? line / 2 % 4 : line % 8)));
}

/* Where lane t reads for the first fragment of a side, which begins at this line and octet: eight lines, then those
 * behind them, then the next octet of both; or (crossed) the next octet before the lines behind. */
INK_DEVICE uint32_t lane_word(unsigned t, uint32_t line, uint32_t octet, uint32_t octets, bool crossed) {
    const uint32_t matrix = t % 32 / 8, behind = crossed ? matrix / 2 : matrix % 2;
    return word_of(line + 8 * behind + t % 8, octet + (crossed ? matrix % 2 : matrix / 2), octets);
}

/* And for fragment i of the 16 terms `step` of a slice: 16 rows are 16 lines of a straight slice and two octets of a
 * turned one, 16 terms the other way round; and 16 lines further octets are exchanged alike. */
INK_DEVICE uint32_t fragment_word(uint32_t first, uint32_t i, uint32_t step, uint32_t octets, bool turned) {
    const uint32_t lines = turned ? step : i, pairs = turned ? i : step;
    return (first ^ 8 * pairs) + 64 * octets * lines;
}

/* Where thread t puts what it copies in the first turn. Each turn fills the TURN_WORDS behind the one before: eight
 * lines or more, so that octets are exchanged alike in all of them. */
#define TURN_WORDS (4 * INK_BLOCK)
INK_DEVICE uint32_t *place_in(uint32_t *slice, unsigned t, const uint32_t octets) {
    return slice + word_of(t / octets, t % octets, octets);
}

/* ---- places in the sum: a tap and a channel; moved on by a slice at a time ---- */

typedef struct cursor {
    uint32_t tap, c;
    ink_cuda_tap now;
} cursor;

INK_DEVICE void cursor_begin(cursor *at, const ink_cuda_tap *taps, uint32_t n_taps, uint32_t channels, uint32_t term) {
    at->tap = term / channels;
    at->c = term - at->tap * channels;
    at->now.dh = at->now.dw = 0;
    at->now.weight = at->now.whole = 0;
    if (at->tap < n_taps) at->now = taps[at->tap];
}

/* True: to another tap. */
INK_DEVICE bool cursor_move(cursor *at, const ink_cuda_tap *taps, uint32_t n_taps, uint32_t channels) {
    at->c += INK_DEPTH;
    if (at->c < channels) return false;
    for (; at->c >= channels; at->c -= channels) at->tap++;
    if (at->tap < n_taps) at->now = taps[at->tap];
    return true;
}

/* ---- gather: both sides ---- */

/* A row of the left side: its window's element of channel 0, and where that stands. */
typedef struct source {
    int64_t at;
    int32_t h, w;
} source;

INK_DEVICE source source_of(const ink_cuda_gather *a, ink_cuda_grid grid, uint32_t m, uint32_t rows) {
    const place p = place_of(m, rows, grid.grid_h, grid.grid_w, a->in_step, a->in_h * a->in_w);
    source s;
    s.at = m < rows ? ((int64_t)p.pixel + (int64_t)p.h * a->in_w + p.w) * a->c : 0;
    s.h = p.h;
    s.w = p.w;
    return s;
}

/* Rows of a straight slice: thread t has octet t % STRAIGHT of line t / STRAIGHT and of those a turn apart. */
#define LINES_A_TURN (INK_BLOCK / STRAIGHT)

/* What a thread's rows are of under its present tap: how far from the window's first element, and, a bit a row, whether
 * they are inside the map. */
typedef struct under {
    int64_t shift;
    uint32_t inside;
} under;

INK_DEVICE under under_tap(const ink_cuda_gather *a, uint32_t n_taps, const cursor *at, const source *sources,
                           const uint32_t turns) {
    under u;
    u.shift = ((int64_t)at->now.dh * a->in_w + at->now.dw) * a->c;
    u.inside = 0;
    INK_UNROLL
    for (uint32_t i = 0; i < turns; i++) {
        const uint32_t h = (uint32_t)(sources[i].h + at->now.dh), w = (uint32_t)(sources[i].w + at->now.dw);
        if (at->tap < n_taps && h < a->in_h && w < a->in_w) u.inside |= 1u << i;
    }
    return u;
}

/* Copies that are not good are told an address beside the map, or none's: nothing is read there. */
INK_DEVICE void copy_left(ink_copies *copies, uint32_t *slice, const ink_cuda_gather *a, const cursor *at,
                          const under *u, const source *sources, const uint32_t turns, unsigned t) {
    uint32_t *to = place_in(slice, t, STRAIGHT);
    const uint16_t *from = a->x_bf16 + (u->shift + at->c);
    INK_UNROLL
    for (uint32_t i = 0; i < turns; i++) {
        ink_copy(copies, to + i * TURN_WORDS, from + sources[i].at, (u->inside >> i & 1u) != 0);
    }
}

/* Weights whose terms lie one after another. */
INK_DEVICE void copy_right(ink_copies *copies, uint32_t *slice, const ink_cuda_gather *a, uint32_t n_taps,
                           const cursor *at, uint32_t first_column, const uint32_t turns, unsigned t) {
    uint32_t *to = place_in(slice, t, STRAIGHT);
    const uint32_t k = first_column + t / STRAIGHT;
    const uint16_t *from = a->w_bf16 + ((uint64_t)k * a->w_column + at->now.weight + at->c);
    INK_UNROLL
    for (uint32_t i = 0; i < turns; i++) {
        ink_copy(copies, to + i * TURN_WORDS, from + (uint64_t)(i * LINES_A_TURN) * a->w_column,
                 at->tap < n_taps && k + i * LINES_A_TURN < a->k);
    }
}

/* Terms of a turned slice: thread t has octet t % octets of line t / octets and of those a turn apart. */
#define TERM_OF(t, i, octets) ((t) / (octets) + (i) * (INK_BLOCK / (octets)))
#define TURNS_OF(octets)      ((octets)*INK_DEPTH / INK_BLOCK)

/* Weights whose columns lie one after another; cursors: of the thread's terms. */
INK_DEVICE void copy_right_turned(ink_copies *copies, uint32_t *slice, const ink_cuda_gather *a, uint32_t n_taps,
                                  const cursor *cursors, uint32_t first_column, const uint32_t octets, unsigned t) {
    uint32_t *to = place_in(slice, t, octets);
    const uint32_t column = first_column + t % octets * OCTET;
    INK_UNROLL
    for (uint32_t i = 0; i < TURNS_OF(octets); i++) {
        const uint64_t from = cursors[i].now.weight + (uint64_t)cursors[i].c * a->w_channel + column;
        ink_copy(copies, to + i * TURN_WORDS, a->w_bf16 + from, cursors[i].tap < n_taps && column < a->k);
    }
}

/* ---- sums of parts of the terms: four columns of a row ---- */

INK_DEVICE void put_part(const ink_cuda_gather *a, uint64_t at, uint32_t k, const float *tile) {
    if (a->k % 4 == 0) {
        if (k < a->k) ink_store4(a->parts + at, tile);
        return;
    }
    for (uint32_t e = 0; e < 4 && k + e < a->k; e++) a->parts[at + e] = tile[e];
}

INK_DEVICE void add_parts(const ink_cuda_gather *a, uint64_t at, uint32_t k, uint32_t rows, float sums[4]) {
    INK_UNROLL
    for (uint32_t e = 0; e < 4; e++) sums[e] = 0.0f;
    for (uint32_t part = 0; part < a->split; part++) {
        const float *from = a->parts + (uint64_t)part * rows * a->k + at;
        INK_UNROLL
        for (uint32_t e = 0; e < 4; e++) sums[e] += k + e < a->k ? ink_load_theirs(from + e) : 0.0f;
    }
}

/* ---- outer: both sides turned; terms are rows m ---- */

INK_DEVICE void copy_dy(ink_copies *copies, uint32_t *slice, const ink_cuda_outer *a, uint32_t first, uint32_t end,
                        uint32_t first_k, const uint32_t octets, unsigned t) {
    uint32_t *to = place_in(slice, t, octets);
    const uint32_t m = first + TERM_OF(t, 0, octets), k = first_k + t % octets * OCTET;
    const uint16_t *from = a->dy_bf16 + ((uint64_t)m * a->k + k);
    INK_UNROLL
    for (uint32_t i = 0; i < TURNS_OF(octets); i++) {
        const uint32_t further = TERM_OF(0, i, octets);
        ink_copy(copies, to + i * TURN_WORDS, from + (uint64_t)further * a->k, m + further < end && k < a->k);
    }
}

/* A row m: its image, and its place among the outputs of that; and how much further the next slice's rows are. */
typedef struct walker {
    uint32_t image, p, q;
} walker;

INK_DEVICE walker walker_at(const ink_cuda_outer *a, uint32_t m) {
    const uint32_t line = m / a->out_w;
    walker w;
    w.image = line / a->out_h;
    w.p = line - w.image * a->out_h;
    w.q = m - line * a->out_w;
    return w;
}

INK_DEVICE void walker_move(walker *w, walker by, const ink_cuda_outer *a) {
    w->q += by.q;
    w->p += by.p;
    w->image += by.image;
    if (w->q >= a->out_w) {
        w->q -= a->out_w;
        w->p++;
    }
    if (w->p >= a->out_h) {
        w->p -= a->out_h;
        w->image++;
    }
}

/* A thread's column: eight channels of one tap, the same for all rows. */
typedef struct column_of_map {
    int32_t dh, dw;
    uint32_t c;
    bool is_there;
} column_of_map;

INK_DEVICE column_of_map column_at(const ink_cuda_outer *a, uint32_t column) {
    const uint32_t tap = column / a->c;
    column_of_map at;
    at.is_there = tap < a->n_taps;
    at.c = column - tap * a->c;
    at.dh = at.is_there ? a->taps[tap].dh : 0;
    at.dw = at.is_there ? a->taps[tap].dw : 0;
    return at;
}

INK_DEVICE void copy_map(ink_copies *copies, uint32_t *slice, const ink_cuda_outer *a, uint32_t first, uint32_t end,
                         const column_of_map *column, const walker *walkers, const uint32_t octets, unsigned t) {
    uint32_t *to = place_in(slice, t, octets);
    const uint16_t *from = a->x_bf16 + column->c;
    const uint32_t left = column->is_there && first < end ? end - first : 0;
    INK_UNROLL
    for (uint32_t i = 0; i < TURNS_OF(octets); i++) {
        const uint32_t h = walkers[i].p * a->in_step + (uint32_t)column->dh;
        const uint32_t w = walkers[i].q * a->in_step + (uint32_t)column->dw;
        const uint32_t pixel = (walkers[i].image * a->in_h + h) * a->in_w + w; /* below 2^30 where it is one */
        ink_copy(copies, to + i * TURN_WORDS, from + (uint64_t)pixel * a->c,
                 TERM_OF(t, i, octets) < left && h < a->in_h && w < a->in_w);
    }
}

/* ---- one text for each size: DOWN x ACROSS fragments of 16 x 8 for each of four warps, ABREAST side by side ---- */

#define NAME_OF(kind, size)     NAME_JOINED(kind, size)
#define NAME_JOINED(kind, size) kind##_##size

#define SIZE    64x64
#define DOWN    2u
#define ACROSS  4u
#define ABREAST 2u
#define STAGES  4u
#define OUTER   1
#define SPLITS  1
#include "ops/cuda/kern_bf16_tile.h"

#ifndef INK_STEP

#define SIZE    128x32
#define DOWN    2u
#define ACROSS  4u
#define ABREAST 1u
#define STAGES  4u
#define OUTER   0
#define SPLITS  0
#include "ops/cuda/kern_bf16_tile.h"

#define SIZE    128x64
#define DOWN    4u
#define ACROSS  4u
#define ABREAST 2u
#define STAGES  4u
#define OUTER   0
#define SPLITS  0
#include "ops/cuda/kern_bf16_tile.h"

#define SIZE    128x128
#define DOWN    4u
#define ACROSS  8u
#define ABREAST 2u
#define STAGES  3u
#define OUTER   1
#define SPLITS  0
#include "ops/cuda/kern_bf16_tile.h"

/* ---- what is rounded between steps ---- */

/* grid: pieces, which begin on 16 bytes where c is a multiple of four */
INK_KERNEL(round, ink_cuda_round) {
    INK_THREADS {
        const ink_cuda_rounded *p = &a.pieces[INK_X];
        const uint32_t count = p->rows * p->c;
        if (p->c == p->c_bf16) {
            for (uint32_t i = 4 * t; i < count; i += 4 * INK_BLOCK) {
                float four[4];
                ink_load4(four, p->from + i);
                ink_put4(NULL, p->to, i, four);
            }
            continue;
        }
        for (uint32_t i = t; i < count; i += INK_BLOCK) {
            ink_put(NULL, p->to, i / p->c * p->c_bf16 + i % p->c, p->from[i]);
        }
    }
}

#endif

#undef NAME_OF /* kern_step.cu has kern_product.cu's beside it */
#undef NAME_JOINED

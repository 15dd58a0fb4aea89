/* ops/cpu/kern_amx.c: what AMX, products of whole tiles of bfloat16, adds to the table of kern_avx512bf16.c.
 * A tile of 16 rows of 16 numbers times one of 16 columns takes one instruction where vdpbf16ps takes 128. All else of
 * the table stays as it is.
 * Source   Intel, Architecture Instruction Set Extensions Programming Reference, chapter 3 (TDPBF16PS: as vdpbf16ps it
 * takes subnormals as zero, but it adds up the pairs of a tile before they join the sum). */
#include "ops/cpu/kern_pairs.h"

#define ROWS 16u

/* Tiles 0 to 3 are sums, rows of 16 floats. Processors rename tiles, so that one of each kind serves for what is
 * multiplied: */
#define A_PAIR 4 /* rows of a of two panels side by side, 16 pairs; */
#define A_LONE 5 /* of one, 8; */
#define B_PAIR 6 /* two panels of b, 16 rows of 16 pairs; */
#define B_LONE 7 /* one, 8. */

/* What LDTILECFG reads: palette 1. */
typedef struct tile_shapes {
    uint8_t palette, start_row, none[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_shapes;

#define SHAPES(n) [n] = {.palette = 1, .row_bytes = {64, 64, 64, 64, 64, 32, 64, 64}, .rows = {n, n, n, n, n, n, 16, 8}}

static void set_rows(size_t rows) {
    static const tile_shapes shapes[] = {SHAPES(1),  SHAPES(2),  SHAPES(3),  SHAPES(4),  SHAPES(5),  SHAPES(6),
                                         SHAPES(7),  SHAPES(8),  SHAPES(9),  SHAPES(10), SHAPES(11), SHAPES(12),
                                         SHAPES(13), SHAPES(14), SHAPES(15), SHAPES(16)};
    _tile_loadconfig(&shapes[rows]);
}

static void enter(void) {
    set_rows(ROWS);
}

static void leave(void) {
    _tile_release();
}

/* What a product walks: tiles of rows of a and of out, this far apart: of one place, or one for each place. */
typedef struct walk {
    const ink_gemm *g;
    size_t pair_step, lone_step, out_step;
    size_t rows; /* of a tile */
} walk;

/* Sum t of tile m of rows and panel v before the first product: what stood in out, the bias in each row, or 0; and when
 * all is done. */
#define START(t, m, v)                                                                                                 \
    do {                                                                                                               \
        if (g->add) {                                                                                                  \
            _tile_loadd(t, out + (m)*w->out_step + (v)*g->out_panel, g->out_m * sizeof(float));                        \
        } else if (g->bias != NULL) {                                                                                  \
            _tile_loadd(t, g->bias + (at_panel + (v)) * INK_LANES, 0);                                                 \
        } else {                                                                                                       \
            _tile_zero(t);                                                                                             \
        }                                                                                                              \
    } while (0)
#define END(t, m, v) _tile_stored(t, out + (m)*w->out_step + (v)*g->out_panel, g->out_m * sizeof(float))

#define A_PAIR_OF(m) _tile_loadd(A_PAIR, a + (m)*w->pair_step, g->a_pair * sizeof(uint16_t))
#define A_LONE_OF(m) _tile_loadd(A_LONE, a + (m)*w->lone_step, g->a_m * sizeof(uint16_t))
#define B_PAIR_OF(v) _tile_loadd(B_PAIR, b + (v)*g->b_panel, 2 * INK_LANES * sizeof(uint16_t))
#define B_LONE_OF(v) _tile_loadd(B_LONE, b + (v)*g->b_panel, 2 * INK_LANES * sizeof(uint16_t))

/* All terms in the order of ink_gemm, two panels at a time while pairs last, then one by one. */
#define EACH_TERM(of_two, of_one)                                                                                      \
    do {                                                                                                               \
        const uint16_t *a_base = (const uint16_t *)g->a, *b_base = (const uint16_t *)g->b + at_panel * g->b_panel;     \
        const uint32_t pairs = g->a_pair != 0 ? g->inner / 2 : 0, lone = g->inner - 2 * pairs;                         \
        const size_t first_pair = at_tile * w->pair_step, first_lone = at_tile * w->lone_step;                         \
        for (uint32_t o = 0; o < g->outer; o++, a_base += g->a_outer, b_base += g->b_outer) {                          \
            for (uint32_t p = 0; p < g->n_pairs; p++) {                                                                \
                const uint16_t *a = a_base + g->pairs[p].a + first_pair, *b = b_base + g->pairs[p].b;                  \
                for (uint32_t i = 0; i < pairs; i++, a += 2 * g->a_inner, b += 2 * g->b_inner) {                       \
                    of_two;                                                                                            \
                }                                                                                                      \
                a = a - first_pair + first_lone;                                                                       \
                for (uint32_t i = 0; i < lone; i++, a += g->a_inner, b += g->b_inner) {                                \
                    of_one;                                                                                            \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    } while (0)

/* A tile of rows of one, two or four panels; panels is a constant after inlining, as `down` is below. */
INLINE void tiles_across(const walk *w, const int panels, size_t at_tile, size_t at_panel) {
    const ink_gemm *g = w->g;
    float *out = g->out + at_panel * g->out_panel + at_tile * w->out_step;
    START(0, 0, 0);
    if (panels > 1) START(1, 0, 1);
    if (panels > 2) {
        START(2, 0, 2);
        START(3, 0, 3);
    }
#define TIMES_PANEL(t, v, form)                                                                                        \
    do {                                                                                                               \
        B_##form##_OF(v);                                                                                              \
        _tile_dpbf16ps(t, A_##form, B_##form);                                                                         \
    } while (0)
#define ALL_PANELS(form)                                                                                               \
    do {                                                                                                               \
        A_##form##_OF(0);                                                                                              \
        TIMES_PANEL(0, 0, form);                                                                                       \
        if (panels > 1) TIMES_PANEL(1, 1, form);                                                                       \
        if (panels > 2) {                                                                                              \
            TIMES_PANEL(2, 2, form);                                                                                   \
            TIMES_PANEL(3, 3, form);                                                                                   \
        }                                                                                                              \
    } while (0)
    EACH_TERM(ALL_PANELS(PAIR), ALL_PANELS(LONE));
    END(0, 0, 0);
    if (panels > 1) END(1, 0, 1);
    if (panels > 2) {
        END(2, 0, 2);
        END(3, 0, 3);
    }
}

/* Two or four tiles of rows of one panel: its weights come once for all of them. */
INLINE void tiles_down(const walk *w, const int down, size_t at_tile, size_t at_panel) {
    const ink_gemm *g = w->g;
    float *out = g->out + at_panel * g->out_panel + at_tile * w->out_step;
    START(0, 0, 0);
    START(1, 1, 0);
    if (down > 2) {
        START(2, 2, 0);
        START(3, 3, 0);
    }
#define TIMES_ROWS(t, m, form)                                                                                         \
    do {                                                                                                               \
        A_##form##_OF(m);                                                                                              \
        _tile_dpbf16ps(t, A_##form, B_##form);                                                                         \
    } while (0)
#define ALL_ROWS(form)                                                                                                 \
    do {                                                                                                               \
        B_##form##_OF(0);                                                                                              \
        TIMES_ROWS(0, 0, form);                                                                                        \
        TIMES_ROWS(1, 1, form);                                                                                        \
        if (down > 2) {                                                                                                \
            TIMES_ROWS(2, 2, form);                                                                                    \
            TIMES_ROWS(3, 3, form);                                                                                    \
        }                                                                                                              \
    } while (0)
    EACH_TERM(ALL_ROWS(PAIR), ALL_ROWS(LONE));
    END(0, 0, 0);
    END(1, 1, 0);
    if (down > 2) {
        END(2, 2, 0);
        END(3, 3, 0);
    }
}

/* What follows the sums of a panel and a tile of rows, as ink_gemm says, while they are in the first-level cache. */
static void finish(const walk *w, size_t at_tile, size_t at_panel) {
    const ink_gemm *g = w->g;
    const size_t lanes = at_panel * INK_LANES, at = at_panel * g->out_panel + at_tile * w->out_step, step = g->out_m;
    const bool relu_first = g->relu_first, relu = g->relu, scaled = g->scale != NULL;
    const vf scale = scaled ? vload(g->scale + lanes) : vset(1.0f);
    const vf offset = scaled ? vload(g->offset + lanes) : vset(0.0f);
    const float *residual = g->residual != NULL ? g->residual + at : NULL;
    const float *mask = g->mask != NULL ? g->mask + at : NULL;
    float *out = g->out + at;
    UNROLL_FOUR
    for (size_t m = 0; m < w->rows; m++) {
        vf y = vload(out + m * step);
        if (relu_first) y = vrelu(y);
        if (scaled) y = vfma(y, scale, offset);
        if (residual != NULL) y += vload(residual + m * step);
        if (relu) y = vrelu(y);
        if (mask != NULL) y = vwhere_above(vload(mask + m * step), y);
        vstore(out + m * step, y);
    }
}

/* One, two or four tiles of rows; of the panels from one on: how many were taken. */
static size_t some_panels(const walk *w, size_t tiles, size_t at_tile, size_t at_panel) {
    const ink_gemm *g = w->g;
    const size_t left = g->panels - at_panel;
    size_t panels = 1;
    if (tiles == 4) {
        tiles_down(w, 4, at_tile, at_panel);
    } else if (tiles == 2) {
        tiles_down(w, 2, at_tile, at_panel);
    } else if (left > 3) {
        tiles_across(w, 4, at_tile, at_panel);
        panels = 4;
    } else if (left > 1) {
        tiles_across(w, 2, at_tile, at_panel);
        panels = 2;
    } else {
        tiles_across(w, 1, at_tile, at_panel);
    }
    if (g->relu || g->relu_first || g->scale != NULL || g->residual != NULL || g->mask != NULL) {
        for (size_t i = 0; i < tiles * panels; i++) finish(w, at_tile + i / panels, at_panel + i % panels);
    }
    return panels;
}

/* Whole tiles, up to four of rows at a time; then the rows that are left of a lone place. */
static void gemm_bf16(const ink_gemm *g) {
    walk w = {.g = g, .pair_step = g->a_place, .lone_step = g->a_place, .out_step = g->out_place, .rows = ROWS};
    size_t all = g->places;
    if (all <= 1) {
        w.pair_step = ROWS * g->a_pair;
        w.lone_step = ROWS * g->a_m;
        w.out_step = ROWS * g->out_m;
        all = g->rows / ROWS;
    }
    for (size_t t = 0; t < all;) {
        const size_t tiles = all - t > 3 ? 4 : all - t > 1 ? 2 : 1;
        for (size_t v = 0; v < g->panels;) v += some_panels(&w, tiles, t, v);
        t += tiles;
    }
    w.rows = g->rows % ROWS;
    if (w.rows == 0) return;
    set_rows(w.rows);
    for (size_t v = 0; v < g->panels;) v += some_panels(&w, 1, all, v);
    set_rows(ROWS);
}

static void pair_panels(const float *from, uint16_t *to, size_t places, size_t groups, size_t rows) {
    const size_t panel = rows * INK_LANES;
    for (size_t i = 0; i < places; i++) {
        for (size_t g = 0; g + 1 < groups; g += 2, from += 2 * panel, to += 2 * panel) {
            UNROLL_FOUR
            for (size_t m = 0; m < rows; m++) {
                const __m512 left = (__m512)vload(from + m * INK_LANES);
                const __m512 right = (__m512)vload(from + panel + m * INK_LANES);
                _mm512_storeu_si512(to + m * 2 * INK_LANES, (__m512i)_mm512_cvtne2ps_pbh(right, left));
            }
        }
        if (groups % 2 == 0) continue;
        for (size_t m = 0; m < rows; m++) {
            _mm256_storeu_si256((void *)(to + m * INK_LANES),
                                (__m256i)_mm512_cvtneps_pbh((__m512)vload(from + m * INK_LANES)));
        }
        from += panel;
        to += panel;
    }
}

/* Of rows 8 h to 8 h + 7 four pairs: quarter q of columns[k] is column 4 q + k. */
INLINE void four_pairs(const float *from, size_t h, __m512i columns[4]) {
    const float *row = from + 8 * h * INK_LANES;
    const __m512i a = paired_rows(row), b = paired_rows(row + 2 * INK_LANES);
    const __m512i c = paired_rows(row + 4 * INK_LANES), d = paired_rows(row + 6 * INK_LANES);
    const __m512i low = _mm512_unpacklo_epi32(a, b), high = _mm512_unpackhi_epi32(a, b);
    const __m512i next_low = _mm512_unpacklo_epi32(c, d), next_high = _mm512_unpackhi_epi32(c, d);
    columns[0] = _mm512_unpacklo_epi64(low, next_low);
    columns[1] = _mm512_unpackhi_epi64(low, next_low);
    columns[2] = _mm512_unpacklo_epi64(high, next_high);
    columns[3] = _mm512_unpackhi_epi64(high, next_high);
}

static void turn_rows(const float *from, uint16_t *to, size_t count) {
    const __m512i first = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
    const __m512i second = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
    for (size_t t = 0; t < count; t++, from += ROWS * INK_LANES, to += ROWS * INK_LANES) {
        __m512i left[4], right[4];
        four_pairs(from, 0, left);
        four_pairs(from, 1, right);
        UNROLL_ALL
        for (int k = 0; k < 4; k++) {
            const __m512i upper = _mm512_permutex2var_epi64(left[k], first, right[k]);
            const __m512i lower = _mm512_permutex2var_epi64(left[k], second, right[k]);
            uint16_t *row = to + (size_t)k * ROWS;
            _mm256_storeu_si256((void *)row, _mm512_castsi512_si256(upper));
            _mm256_storeu_si256((void *)(row + 4 * ROWS), _mm512_extracti64x4_epi64(upper, 1));
            _mm256_storeu_si256((void *)(row + 8 * ROWS), _mm512_castsi512_si256(lower));
            _mm256_storeu_si256((void *)(row + 12 * ROWS), _mm512_extracti64x4_epi64(lower, 1));
        }
    }
}

static float peak_bf16(uint64_t rounds) {
    float sums[ROWS * INK_LANES], all = 0;
    enter();
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_zero(A_PAIR);
    _tile_zero(B_PAIR);
    for (uint64_t i = 0; i < rounds; i++) {
        _tile_dpbf16ps(0, A_PAIR, B_PAIR);
        _tile_dpbf16ps(1, A_PAIR, B_PAIR);
        _tile_dpbf16ps(2, A_PAIR, B_PAIR);
        _tile_dpbf16ps(3, A_PAIR, B_PAIR);
    }
#define ADD_UP(tile)                                                                                                   \
    do {                                                                                                               \
        _tile_stored(tile, sums, INK_LANES * sizeof(float));                                                           \
        for (size_t k = 0; k < ROWS * INK_LANES; k++) all += sums[k];                                                  \
    } while (0)
    ADD_UP(0);
    ADD_UP(1);
    ADD_UP(2);
    ADD_UP(3);
    leave();
    return all;
}

void ink_kernels_add_amx(ink_kernels *table) {
    ink_kernels_add_bf16(table);
    table->name = "amx";
    table->tiles = true;
    table->enter = enter;
    table->leave = leave;
    table->gemm_bf16 = gemm_bf16;
    table->pair_panels = pair_panels;
    table->turn_rows = turn_rows;
    table->peak_bf16 = peak_bf16;
    table->peak_bf16_flops = 4 * ROWS * INK_LANES * 2 * 32;
}

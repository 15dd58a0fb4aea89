/* data/augment.c: the words of a recipe's augment line, and one image's draw.
 * It moves no pixel: core/warp.h's users do. */
#include "data/augment.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/near.h"
#include "core/number.h"
#include "core/real.h"
#include "core/rng.h"
#include "core/status.h"

#define GRID INK_WARP_GRID
#define SIDE 28.0 /* elastic_sigma is told in pixels of an image of this side */

/* ---- words ---- */

typedef struct word {
    const char *name;
    size_t number; /* offset of the first of `numbers` floats; of the bool when numbers is 0 */
    int numbers;
    double low, high;   /* of the first number */
    double low2, high2; /* of the second */
} word;

#define AT(field) offsetof(ink_augment, field)

static const word words[] = {
    {"rotate", AT(rotate_deg), 1, 0, 180, 0, 0},
    {"scale", AT(scale), 1, 0, 0.9, 0, 0},
    {"stretch", AT(stretch), 1, 0, 0.9, 0, 0},
    {"shear", AT(shear), 1, 0, 2, 0, 0},
    {"shift", AT(shift), 1, 0, 0.9, 0, 0},
    {"shift-px", AT(shift_px), 1, 0, 14, 0, 0},
    {"shift-safe", AT(shift_safe), 1, 0, 1, 0, 0},
    {"squeeze", AT(squeeze_px), 1, 0, 14, 0, 0},
    {"elastic", AT(elastic_alpha), 2, 0, 200, 2, 32},
    {"erase", AT(erase_px), 1, 0, 14, 0, 0},
    {"erase-share", AT(erase_share), 1, 0, 1, 0, 0},
    {"share", AT(share), 1, 0, 1, 0, 0},
    {"shift-whole", AT(shift_whole), 0, 0, 0, 0, 0},
    {"normal", AT(normal), 0, 0, 0, 0, 0},
};
#define N_WORDS (sizeof words / sizeof words[0])

static float *number_of(ink_augment *a, const word *w, int i) {
    void *at = (char *)a + w->number;
    return (float *)at + i;
}

bool ink_augment_is_none(const ink_augment *a) {
    return a->rotate_deg == 0 && a->scale == 0 && a->stretch == 0 && a->shear == 0 && a->shift == 0 &&
           a->shift_px == 0 && a->shift_safe == 0 && a->squeeze_px == 0 && a->elastic_alpha == 0 && a->erase_px == 0;
}

/* Copies the next word of *text, at most 31 letters of it; false at the end. */
static bool next_word(const char **text, char out[32]) {
    while (**text == ' ' || **text == '\t' || **text == ',') ++*text;
    size_t n = 0;
    for (; **text != '\0' && **text != ' ' && **text != '\t' && **text != ','; ++*text) {
        if (n < 31) out[n++] = **text;
    }
    out[n] = '\0';
    return n > 0;
}

static ink_status unknown_word(const char *seen, ink_error *err) {
    ink_near near = {.word = seen};
    for (size_t i = 0; i < N_WORDS; i++) ink_near_try(&near, words[i].name);
    ink_status status = ink_fail(err, INK_E_USAGE, "augment: unknown word \"%s\"", seen);
    if (near.best != NULL) ink_hint(err, "did you mean \"%s\"?", near.best);
    if (near.best == NULL) {
        ink_hint(err, "known: rotate scale stretch shear shift shift-px shift-safe shift-whole squeeze elastic erase "
                      "erase-share share normal, or none");
    }
    return status;
}

static ink_status read_numbers(const word *w, const char **text, ink_augment *out, ink_error *err) {
    for (int i = 0; i < w->numbers; i++) {
        char seen[32];
        double value, low = i == 0 ? w->low : w->low2, high = i == 0 ? w->high : w->high2;
        if (!next_word(text, seen)) {
            return ink_fail(err, INK_E_USAGE, "augment: a number must follow \"%s\", from %g to %g", w->name, low,
                            high);
        }
        if (!ink_number_real(seen, &value) || !(value >= low && value <= high)) {
            return ink_fail(err, INK_E_USAGE, "augment: \"%s %s\": expected a number from %g to %g", w->name, seen, low,
                            high);
        }
        *number_of(out, w, i) = (float)value;
    }
    return INK_OK;
}

ink_status ink_augment_parse(const char *text, ink_augment *out, ink_error *err) {
    *out = (ink_augment){0};
    ink_augment read = {0};
    char seen[32];
    uint32_t given = 0;
    bool none = false;
    const char *rest = text;
    while (next_word(&rest, seen)) {
        size_t i = 0;
        while (i < N_WORDS && strcmp(words[i].name, seen) != 0) i++;
        if (none || (given != 0 && strcmp(seen, "none") == 0)) {
            return ink_fail(err, INK_E_USAGE, "augment: \"none\" stands alone");
        }
        if (strcmp(seen, "none") == 0) {
            none = true;
            continue;
        }
        if (i == N_WORDS) return unknown_word(seen, err);
        if (given >> i & 1u) return ink_fail(err, INK_E_USAGE, "augment: \"%s\" stands there twice", seen);
        given |= 1u << i;
        if (words[i].numbers == 0) *((bool *)((char *)&read + words[i].number)) = true;
        ink_status status = read_numbers(&words[i], &rest, &read, err);
        if (status != INK_OK) return status;
    }
    *out = read;
    return INK_OK;
}

void ink_augment_text(const ink_augment *augment, char text[INK_AUGMENT_TEXT_SIZE]) {
    ink_augment a = *augment;
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < N_WORDS; i++) {
        const word *w = &words[i];
        char number[2][32] = {"", ""};
        if (w->numbers == 0 && !*((bool *)((char *)&a + w->number))) continue;
        if (w->numbers > 0 && *number_of(&a, w, 0) == 0.0f) continue;
        for (int k = 0; k < w->numbers; k++) ink_number_text(*number_of(&a, w, k), number[k], sizeof number[k]);
        int n = snprintf(text + used, INK_AUGMENT_TEXT_SIZE - used, "%s%s%s%s%s%s", used > 0 ? " " : "", w->name,
                         number[0][0] != '\0' ? " " : "", number[0], number[1][0] != '\0' ? " " : "", number[1]);
        used += (size_t)n;
    }
    if (used == 0) memcpy(text, "none", 5);
}

/* ---- one draw ---- */

/* In [-1, 1]. */
static double draw(ink_rng *rng, bool normal) {
    if (!normal) return (double)ink_rng_between(rng, -1.0f, 1.0f);
    double x = ink_rng_normal(rng) / 3.0;
    return x < -1.0 ? -1.0 : x > 1.0 ? 1.0 : x;
}

/* How the ink moves about the centre: x' = m[0] x + m[1] y, y' = m[2] x + m[3] y. */
static void draw_matrix(const ink_augment *a, ink_rng *rng, double width, double m[4]) {
    double sx = 1.0, sy = 1.0, shear = 0.0, turn = 0.0;
    if (a->scale > 0) sx = sy = 1.0 + a->scale * draw(rng, a->normal);
    if (a->stretch > 0) {
        sx *= 1.0 + a->stretch * draw(rng, a->normal);
        sy *= 1.0 + a->stretch * draw(rng, a->normal);
    }
    if (a->squeeze_px > 0) {
        double left = width - a->squeeze_px * fabs(draw(rng, a->normal));
        sx *= (left > 1.0 ? left : 1.0) / width;
    }
    if (a->shear > 0) shear = a->shear * draw(rng, a->normal);
    if (a->rotate_deg > 0) turn = a->rotate_deg / 360.0 * draw(rng, a->normal);
    double c = ink_cos_turn(turn), s = ink_sin_turn(turn);
    /* rotate * shear * diag(sx, sy) */
    m[0] = c * sx;
    m[1] = (c * shear - s) * sy;
    m[2] = s * sx;
    m[3] = (s * shear + c) * sy;
}

/* The box of the ink, as coordinates about the centre, pixels' outer edges included; false: no ink. */
static bool ink_box(const uint8_t *image, uint32_t height, uint32_t width, double box[4]) {
    uint32_t left = width, right = 0, top = height, bottom = 0;
    for (uint32_t y = 0; y < height; y++) {
        const uint8_t *row = image + (size_t)y * width;
        uint32_t first = 0, last = width;
        while (first < width && row[first] == 0) first++;
        if (first == width) continue;
        while (row[last - 1] == 0) last--;
        if (first < left) left = first;
        if (last > right) right = last;
        if (top == height) top = y;
        bottom = y + 1;
    }
    box[0] = left - width / 2.0;
    box[1] = right - width / 2.0;
    box[2] = top - height / 2.0;
    box[3] = bottom - height / 2.0;
    return bottom > 0;
}

/* A shift that keeps the moved box inside [-side/2, side/2]: u > 0 towards the far margin, u < 0 towards the near. */
static double safe_shift(double low, double high, double side, double u) {
    double margin = u > 0 ? side / 2 - high : side / 2 + low;
    return margin > 0 ? u * margin : 0.0;
}

static void draw_shift(const ink_augment *a, ink_rng *rng, const uint8_t *image, uint32_t height, uint32_t width,
                       const double m[4], double shift[2]) {
    double side[2] = {width, height}, box[4];
    bool safe = a->shift_safe > 0 && image != NULL && ink_box(image, height, width, box);
    for (int axis = 0; axis < 2; axis++) {
        shift[axis] = 0.0;
        if (a->shift > 0) shift[axis] += a->shift * side[axis] * draw(rng, a->normal);
        if (a->shift_px > 0) shift[axis] += a->shift_px * draw(rng, a->normal);
        double u = a->shift_safe > 0 ? a->shift_safe * draw(rng, a->normal) : 0.0;
        if (safe) {
            /* The moved box lies between these: each term takes the corner that is worse. */
            double p = m[2 * axis], q = m[2 * axis + 1];
            double low = (p > 0 ? p * box[0] : p * box[1]) + (q > 0 ? q * box[2] : q * box[3]);
            double high = (p > 0 ? p * box[1] : p * box[0]) + (q > 0 ? q * box[3] : q * box[2]);
            shift[axis] += safe_shift(low, high, side[axis], u);
        }
        if (a->shift_whole) shift[axis] = floor(shift[axis] + 0.5);
    }
}

/* L with L L^T = the correlation of white noise smoothed by a Gaussian of sigma grid steps, exp(-d^2 / 4 sigma^2):
 * Cholesky, with a trace of white noise where the matrix is nearly singular. */
static void smoothing_root(double sigma, double l[GRID][GRID]) {
    double c[GRID];
    for (int d = 0; d < GRID; d++) c[d] = ink_exp(-(double)(d * d) / (4.0 * sigma * sigma));
    c[0] += 1e-6;
    for (int i = 0; i < GRID; i++) {
        for (int j = 0; j <= i; j++) {
            double sum = c[i - j];
            for (int k = 0; k < j; k++) sum -= l[i][k] * l[j][k];
            l[i][j] = i == j ? sqrt(sum) : sum / l[j][j];
        }
    }
}

static double largest(const double *field, int n) {
    double most = 0.0;
    for (int i = 0; i < n; i++) {
        if (fabs(field[i]) > most) most = fabs(field[i]);
    }
    return most;
}

/* Simard's field at the grid's nodes: Gaussian noise with the correlation of the smoothed field in both directions,
 * L N L^T, scaled to its root mean square: uniform noise has sqrt(1/3), smoothing leaves 1 / (2 sqrt(pi) sigma). */
static void draw_elastic(const ink_augment *a, ink_rng *rng, uint32_t width, ink_warp *out) {
    double l[GRID][GRID], field[2][GRID][GRID];
    double step = SIDE / (GRID - 1), pixels = width / SIDE;
    smoothing_root(a->elastic_sigma / step, l);
    for (int axis = 0; axis < 2; axis++) {
        double noise[GRID][GRID], half[GRID][GRID];
        for (int i = 0; i < GRID * GRID; i++) {
            /* The sum of four bytes, mean 510 and deviation 147.8, stands for a normal number. */
            uint32_t u = ink_rng_u32(rng);
            uint32_t sum = (u & 255u) + (u >> 8 & 255u) + (u >> 16 & 255u) + (u >> 24);
            (&noise[0][0])[i] = ((double)sum - 510.0) / 147.8;
        }
        for (int i = 0; i < GRID; i++) {
            for (int j = 0; j < GRID; j++) {
                half[i][j] = 0.0;
                for (int k = 0; k <= i; k++) half[i][j] += l[i][k] * noise[k][j];
            }
        }
        for (int i = 0; i < GRID; i++) {
            for (int j = 0; j < GRID; j++) {
                field[axis][i][j] = 0.0;
                for (int k = 0; k <= j; k++) field[axis][i][j] += half[i][k] * l[j][k];
            }
        }
    }
    double most = largest(&field[0][0][0], 2 * GRID * GRID);
    if (most == 0.0) return;
    for (int i = 0; i < 2 * GRID * GRID; i++) {
        (&out->grid[0][0][0])[i] = (int8_t)floor((&field[0][0][0])[i] / most * 127.0 + 0.5);
    }
    out->elastic = (float)(0.16287 * a->elastic_alpha / a->elastic_sigma * pixels * most / 127.0);
}

static void draw_erase(const ink_augment *a, ink_rng *rng, uint32_t height, uint32_t width, ink_warp *out) {
    uint32_t size = (uint32_t)(a->erase_px + 0.5f);
    if (size == 0 || size > width || size > height) return;
    float share = a->erase_share > 0 ? a->erase_share : 1.0f;
    if (ink_rng_unit(rng) >= share) return;
    out->erase_x = (int16_t)ink_rng_below(rng, width - size + 1);
    out->erase_y = (int16_t)ink_rng_below(rng, height - size + 1);
    out->erase_size = (int32_t)size;
}

void ink_augment_draw(const ink_augment *augment, uint64_t seed, uint64_t epoch, uint32_t row, const uint8_t *image,
                      uint32_t height, uint32_t width, ink_warp *out) {
    *out = ink_warp_none;
    ink_rng rng = ink_rng_at(seed, INK_STREAM_AUGMENT, epoch, row);
    bool moved = augment->share <= 0 || ink_rng_unit(&rng) < augment->share;
    if (moved) {
        double m[4], shift[2];
        draw_matrix(augment, &rng, width, m);
        draw_shift(augment, &rng, image, height, width, m, shift);
        /* The warp reads backward: source = m^-1 (output - shift). The determinant is positive: scales are. */
        double d = m[0] * m[3] - m[1] * m[2];
        double inverse[4] = {m[3] / d, -m[1] / d, -m[2] / d, m[0] / d};
        /* + 0: never a negative zero, so that equal distortions are equal bytes. */
        out->xx = (float)inverse[0] + 0.0f;
        out->xy = (float)inverse[1] + 0.0f;
        out->yx = (float)inverse[2] + 0.0f;
        out->yy = (float)inverse[3] + 0.0f;
        out->x0 = (float)-(inverse[0] * shift[0] + inverse[1] * shift[1]) + 0.0f;
        out->y0 = (float)-(inverse[2] * shift[0] + inverse[3] * shift[1]) + 0.0f;
        if (augment->elastic_alpha > 0) draw_elastic(augment, &rng, width, out);
    }
    if (augment->erase_px > 0) draw_erase(augment, &rng, height, width, out);
}

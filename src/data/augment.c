/* data/augment.c: the words of a recipe's augment line, and one image's draw.
 * It moves no pixel: core/warp.h's users do; the draw's text is core/augment_both.h's. */
#include "data/augment.h"

#include <stdio.h>
#include <string.h>

#include "core/augment_both.h"
#include "core/near.h"
#include "core/number.h"
#include "core/status.h"

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

void ink_augment_draw(const ink_augment *augment, uint64_t seed, uint64_t epoch, uint32_t row, const uint8_t *image,
                      uint32_t height, uint32_t width, ink_warp *out) {
    double root[INK_WARP_GRID * INK_WARP_GRID] = {0};
    if (augment->elastic_alpha > 0) ink_both_elastic_root(augment, root);
    ink_both_augment_draw(augment, root, seed, epoch, row, image, height, width, out);
}

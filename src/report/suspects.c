/* report/suspects.c: confident learning over given probabilities, and how its finds are shown.
 * It changes no label: a person looks. */
#include "report/suspects.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/mem.h"
#include "core/real.h"
#include "core/status.h"
#include "report/confusion.h"
#include "report/sheet.h"

#define REACHED_BY 0.9

static int compare_floats(const void *a, const void *b) {
    const float *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* What p[j] reaches on nine in ten of the images with label j; 2, which nothing reaches, for a class without images. */
static ink_status find_thresholds(const float *probabilities, const uint8_t *labels, uint32_t n, float t[INK_CLASSES],
                                  ink_error *err) {
    float *own = ink_mem_new(n, sizeof *own);
    if (own == NULL) return ink_fail_memory(err, (uint64_t)n * sizeof *own, "suspected labels");
    for (int j = 0; j < INK_CLASSES; j++) {
        uint32_t count = 0;
        for (uint32_t i = 0; i < n; i++) {
            if (labels[i] == j) own[count++] = probabilities[(size_t)i * INK_CLASSES + (size_t)j];
        }
        qsort(own, count, sizeof *own, compare_floats);
        t[j] = count > 0 ? own[(uint32_t)((1 - REACHED_BY) * count)] : 2;
    }
    ink_mem_free(own);
    return INK_OK;
}

/* The most probable class among those that reach their threshold; INK_CLASSES: none does. */
static uint8_t confident_class(const float p[INK_CLASSES], const float t[INK_CLASSES]) {
    uint8_t best = INK_CLASSES;
    for (uint8_t j = 0; j < INK_CLASSES; j++) {
        if (p[j] >= t[j] && (best == INK_CLASSES || p[j] > p[best])) best = j;
    }
    return best;
}

static double margin(const ink_mistake *m) {
    return (double)m->p_truth - (double)m->p_guess;
}

static bool before(const ink_mistake *a, const ink_mistake *b) {
    double x = margin(a), y = margin(b);
    return x < y || (x <= y && a->index < b->index);
}

ink_status ink_suspects_find(const float *probabilities, const uint8_t *labels, const uint32_t *index, uint32_t n,
                             ink_mistake *suspects, uint32_t max, uint32_t *total, ink_error *err) {
    float t[INK_CLASSES];
    uint32_t kept = 0;
    *total = 0;
    ink_status status = find_thresholds(probabilities, labels, n, t, err);
    if (status != INK_OK) return status;
    for (uint32_t i = 0; i < n; i++) {
        const float *p = probabilities + (size_t)i * INK_CLASSES;
        uint8_t guess = confident_class(p, t);
        if (guess == INK_CLASSES || guess == labels[i]) continue;
        double p_label = p[labels[i]];
        ink_mistake m = {.index = index != NULL ? index[i] : i,
                         .truth = labels[i],
                         .guess = guess,
                         .p_truth = p[labels[i]],
                         .p_guess = p[guess],
                         .loss = -ink_log(p_label > INK_LEAST_PROBABILITY ? p_label : INK_LEAST_PROBABILITY)};
        (*total)++;
        if (max == 0 || (kept == max && !before(&m, &suspects[max - 1]))) continue;
        uint32_t at = kept < max ? kept++ : max - 1;
        for (; at > 0 && before(&m, &suspects[at - 1]); at--) suspects[at] = suspects[at - 1];
        suspects[at] = m;
    }
    return INK_OK;
}

/* ---- shown ---- */

typedef struct captions {
    char caption[32], detail[32];
} captions;

static ink_status draw_none(uint64_t rows, ink_picture **out, ink_error *err) {
    char note[96];
    ink_picture *picture = ink_picture_new(440, 100, "no suspected labels");
    if (picture == NULL) return ink_fail_memory(err, sizeof(ink_sheet), "a sheet of digits");
    snprintf(note, sizeof note, "none of %llu labels is contradicted with confidence", (unsigned long long)rows);
    ink_picture_text(picture, 20, 34, "Labels worth a second look",
                     &(ink_lettering){.size = 16, .color = INK_COLOR_TEXT, .bold = true});
    ink_picture_text(picture, 20, 62, note, &(ink_lettering){.size = 13, .color = INK_COLOR_MUTED});
    *out = picture;
    return INK_OK;
}

ink_status ink_suspects_sheet(const ink_mistake *suspects, uint32_t count, const uint8_t *pixels, uint32_t total,
                              uint64_t rows, ink_picture **out, ink_error *err) {
    char note[160], how_many[48] = "";
    *out = NULL;
    if (count == 0) return draw_none(rows, out, err);
    ink_sheet_digit *digits = ink_mem_new(count, sizeof *digits);
    captions *text = ink_mem_new(count, sizeof *text);
    ink_status status = INK_OK;
    if (digits == NULL || text == NULL) {
        status = ink_fail_memory(err, (uint64_t)count * (sizeof *digits + sizeof *text), "a sheet of digits");
        goto done;
    }
    for (uint32_t i = 0; i < count; i++) {
        char percent[48];
        ink_fixed_put(percent, sizeof percent, 100 * (double)suspects[i].p_guess, 1);
        snprintf(text[i].caption, sizeof text[i].caption, "labelled %u, a %u?", suspects[i].truth, suspects[i].guess);
        snprintf(text[i].detail, sizeof text[i].detail, "%.8s %%, #%u", percent, suspects[i].index);
        digits[i] = (ink_sheet_digit){
            .pixels = pixels + (size_t)i * 784, .caption = text[i].caption, .detail = text[i].detail, .wrong = true};
    }
    if (count < total) snprintf(how_many, sizeof how_many, "the first %u of ", count);
    snprintf(note, sizeof note, "%s%u of %llu labels; below each: label, what it probably is, how sure, image number",
             how_many, total, (unsigned long long)rows);
    status = ink_sheet_draw(
        &(ink_sheet){
            .title = "Labels worth a second look", .note = note, .digits = digits, .count = count, .digit_size = 84},
        out, err);
done:
    ink_mem_free(digits);
    ink_mem_free(text);
    return status;
}

ink_status ink_suspects_text(const ink_mistake *suspects, uint32_t count, uint32_t total, uint64_t rows, char **out,
                             ink_error *err) {
    ink_text text = {0};
    ink_text_format(&text, "\nsuspected wrong labels: %u of %llu%s\n", total, (unsigned long long)rows,
                    total > 0 ? " (image number, from 0)" : "");
    for (uint32_t i = 0; i < count; i++) {
        ink_text_format(&text, "%8u  labelled %u, probably %u  ", suspects[i].index, suspects[i].truth,
                        suspects[i].guess);
        ink_text_fixed(&text, 100 * (double)suspects[i].p_guess, 1);
        ink_text_add(&text, " % against ");
        ink_text_fixed(&text, 100 * (double)suspects[i].p_truth, 1);
        ink_text_add(&text, " %\n");
    }
    if (count < total) ink_text_format(&text, "     ... and %u more\n", total - count);
    return ink_text_give(&text, "the suspects", out, err);
}

/* report/suspects.c: confident learning over given probabilities, and how its finds are shown.
 * It changes no label: a person looks. */
#include "report/suspects.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/mem.h"
#include "core/status.h"
#include "report/confusion.h"

#define REACHED_BY 0.9
#define LEAST      0.5f

static int compare_floats(const void *a, const void *b) {
    const float *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* What p[j] reaches on nine in ten of the images with label j, but a half at least; 2, which nothing reaches, for a
 * class without images. */
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
        if (t[j] < LEAST) t[j] = LEAST;
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
        ink_mistake m = ink_mistake_of(p, labels[i], guess, index != NULL ? index[i] : i);
        (*total)++;
        kept = ink_mistakes_insert(suspects, kept, max, &m, before);
    }
    return INK_OK;
}

/* ---- shown ---- */

ink_status ink_suspects_sheet(const ink_mistake *suspects, uint32_t count, const uint8_t *pixels, uint32_t total,
                              uint64_t rows, ink_picture **out, ink_error *err) {
    char note[160], how_many[48] = "";
    if (count < total) snprintf(how_many, sizeof how_many, "the first %u of ", count);
    if (count == 0) {
        snprintf(note, sizeof note, "none of %llu labels is contradicted with confidence", (unsigned long long)rows);
    } else {
        snprintf(note, sizeof note, "%s%u of %llu labels; below each: label, what it probably is, how sure, image",
                 how_many, total, (unsigned long long)rows);
    }
    ink_mistake_words words = {"Labels worth a second look", note, "labelled ", ", a ", "?"};
    return ink_mistakes_draw(suspects, count, pixels, &words, out, err);
}

ink_status ink_suspects_text(const ink_mistake *suspects, uint32_t count, uint32_t total, uint64_t rows, char **out,
                             ink_error *err) {
    ink_text text = {0};
    ink_text_format(&text, "\nsuspected wrong labels: %u of %llu%s\n", total, (unsigned long long)rows,
                    total > 0 && !(count > 0 && suspects[0].file != NULL) ? " (image number, from 0)" : "");
    for (uint32_t i = 0; i < count; i++) {
        if (suspects[i].file != NULL) {
            ink_text_add(&text, "  ");
            ink_text_plain(&text, suspects[i].file);
        } else {
            ink_text_format(&text, "%8u", suspects[i].index);
        }
        ink_text_format(&text, "  labelled %u, probably %u  ", suspects[i].truth, suspects[i].guess);
        ink_text_fixed(&text, 100 * (double)suspects[i].p_guess, 1);
        ink_text_add(&text, " % against ");
        ink_text_fixed(&text, 100 * (double)suspects[i].p_truth, 1);
        ink_text_add(&text, " %\n");
    }
    if (count < total) ink_text_format(&text, "     ... and %u more\n", total - count);
    return ink_text_give(&text, "the suspects", out, err);
}

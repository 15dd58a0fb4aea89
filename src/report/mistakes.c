/* report/mistakes.c: finds the predictions that went most wrong and shows them.
 * It does not say why. */
#include "report/mistakes.h"

#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "core/real.h"
#include "core/status.h"
#include "report/confusion.h"
#include "report/sheet.h"

static bool worse(const ink_mistake *a, const ink_mistake *b) {
    if (a->loss > b->loss) return true;
    if (a->loss < b->loss) return false;
    return a->index < b->index;
}

uint32_t ink_mistakes_find(const float *probabilities, const uint8_t *labels, const uint32_t *index, uint32_t n,
                           ink_mistake *worst, uint32_t max) {
    uint32_t found = 0;
    for (uint32_t i = 0; i < n && max > 0; i++) {
        const float *p = probabilities + (size_t)i * INK_CLASSES;
        uint8_t guess = ink_confusion_guess(p);
        if (guess == labels[i]) continue;
        double p_truth = p[labels[i]];
        ink_mistake m = {.index = index != NULL ? index[i] : i,
                         .truth = labels[i],
                         .guess = guess,
                         .p_truth = p[labels[i]],
                         .p_guess = p[guess],
                         .loss = -ink_log(p_truth > INK_LEAST_PROBABILITY ? p_truth : INK_LEAST_PROBABILITY)};
        if (found == max && !worse(&m, &worst[max - 1])) continue;
        uint32_t at = found < max ? found++ : max - 1;
        for (; at > 0 && worse(&m, &worst[at - 1]); at--) worst[at] = worst[at - 1];
        worst[at] = m;
    }
    return found;
}

ink_status ink_mistakes_csv(const ink_mistake *worst, uint32_t count, char **text, ink_error *err) {
    ink_text csv = {0};
    ink_text_add(&csv, "index,true,pred,p_true,p_pred,loss\n");
    for (uint32_t i = 0; i < count; i++) {
        ink_text_format(&csv, "%u,%u,%u,", worst[i].index, worst[i].truth, worst[i].guess);
        ink_text_number(&csv, worst[i].p_truth);
        ink_text_add(&csv, ",");
        ink_text_number(&csv, worst[i].p_guess);
        ink_text_add(&csv, ",");
        ink_text_number(&csv, worst[i].loss);
        ink_text_add(&csv, "\n");
    }
    return ink_text_give(&csv, "the table of mistakes", text, err);
}

typedef struct captions {
    char caption[24], detail[32];
} captions;

static ink_status draw_nothing_wrong(uint64_t rows, ink_picture **out, ink_error *err) {
    char note[64];
    ink_picture *picture = ink_picture_new(420, 110, "no mistakes");
    if (picture == NULL) return ink_fail_memory(err, sizeof(ink_sheet), "a sheet of digits");
    snprintf(note, sizeof note, "all %llu digits were read right", (unsigned long long)rows);
    ink_picture_text(picture, 20, 34, "Worst mistakes",
                     &(ink_lettering){.size = 16, .color = INK_COLOR_TEXT, .bold = true});
    ink_picture_text(picture, 20, 64, note, &(ink_lettering){.size = 13, .color = INK_COLOR_MUTED});
    *out = picture;
    return INK_OK;
}

ink_status ink_mistakes_sheet(const ink_mistake *worst, uint32_t count, const uint8_t *pixels, uint64_t errors,
                              uint64_t rows, ink_picture **out, ink_error *err) {
    char note[160];
    *out = NULL;
    if (count == 0) return draw_nothing_wrong(rows, out, err);
    ink_sheet_digit *digits = ink_mem_new(count, sizeof *digits);
    captions *text = ink_mem_new(count, sizeof *text);
    ink_status status = INK_OK;
    if (digits == NULL || text == NULL) {
        status = ink_fail_memory(err, (uint64_t)count * (sizeof *digits + sizeof *text), "a sheet of digits");
        goto done;
    }
    for (uint32_t i = 0; i < count; i++) {
        char percent[48];
        ink_fixed_put(percent, sizeof percent, 100 * (double)worst[i].p_guess, 1);
        snprintf(text[i].caption, sizeof text[i].caption, "%u read as %u", worst[i].truth, worst[i].guess);
        snprintf(text[i].detail, sizeof text[i].detail, "%.8s %%, #%u", percent, worst[i].index);
        digits[i] = (ink_sheet_digit){
            .pixels = pixels + (size_t)i * 784, .caption = text[i].caption, .detail = text[i].detail, .wrong = true};
    }
    char how_many[48] = "all";
    if (count < errors) snprintf(how_many, sizeof how_many, "the %u worst of", count);
    snprintf(note, sizeof note,
             "%s %llu errors in %llu digits; below each: truth, guess, its probability, image number", how_many,
             (unsigned long long)errors, (unsigned long long)rows);
    status = ink_sheet_draw(
        &(ink_sheet){.title = "Worst mistakes", .note = note, .digits = digits, .count = count, .digit_size = 84}, out,
        err);
done:
    ink_mem_free(digits);
    ink_mem_free(text);
    return status;
}

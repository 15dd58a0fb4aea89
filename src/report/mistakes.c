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

#define NAME_MOST 14u /* characters of a file's name under a digit */

static bool worse(const ink_mistake *a, const ink_mistake *b) {
    if (a->loss > b->loss) return true;
    if (a->loss < b->loss) return false;
    return a->index < b->index;
}

ink_mistake ink_mistake_of(const float p[], uint8_t truth, uint8_t guess, uint32_t index) {
    double p_truth = p[truth];
    return (ink_mistake){.index = index,
                         .truth = truth,
                         .guess = guess,
                         .p_truth = p[truth],
                         .p_guess = p[guess],
                         .loss = -ink_log(p_truth > INK_LEAST_PROBABILITY ? p_truth : INK_LEAST_PROBABILITY)};
}

uint32_t ink_mistakes_insert(ink_mistake *list, uint32_t count, uint32_t max, const ink_mistake *m,
                             ink_mistake_order *before) {
    if (max == 0 || (count == max && !before(m, &list[max - 1]))) return count;
    uint32_t at = count < max ? count++ : max - 1;
    for (; at > 0 && before(m, &list[at - 1]); at--) list[at] = list[at - 1];
    list[at] = *m;
    return count;
}

uint32_t ink_mistakes_find(const float *probabilities, const uint8_t *labels, const uint32_t *index, uint32_t n,
                           ink_mistake *worst, uint32_t max) {
    uint32_t found = 0;
    for (uint32_t i = 0; i < n; i++) {
        const float *p = probabilities + (size_t)i * INK_CLASSES;
        uint8_t guess = ink_confusion_guess(p);
        if (guess == labels[i]) continue;
        ink_mistake m = ink_mistake_of(p, labels[i], guess, index != NULL ? index[i] : i);
        found = ink_mistakes_insert(worst, found, max, &m, worse);
    }
    return found;
}

/* A comma and the name in quotes, a quote doubled (RFC 4180). */
static void add_quoted(ink_text *csv, const char *name) {
    ink_text_add(csv, ",\"");
    for (; *name != '\0'; name++) ink_text_format(csv, *name == '"' ? "\"%c" : "%c", *name);
    ink_text_add(csv, "\"");
}

ink_status ink_mistakes_csv(const ink_mistake *worst, uint32_t count, char **text, ink_error *err) {
    ink_text csv = {0};
    bool files = count > 0 && worst[0].file != NULL;
    ink_text_add(&csv, files ? "index,true,pred,p_true,p_pred,loss,file\n" : "index,true,pred,p_true,p_pred,loss\n");
    for (uint32_t i = 0; i < count; i++) {
        ink_text_format(&csv, "%u,%u,%u,", worst[i].index, worst[i].truth, worst[i].guess);
        ink_text_number(&csv, worst[i].p_truth);
        ink_text_add(&csv, ",");
        ink_text_number(&csv, worst[i].p_guess);
        ink_text_add(&csv, ",");
        ink_text_number(&csv, worst[i].loss);
        if (files) add_quoted(&csv, worst[i].file);
        ink_text_add(&csv, "\n");
    }
    return ink_text_give(&csv, "the table of mistakes", text, err);
}

typedef struct captions {
    char caption[32], detail[32];
} captions;

/* "97.1 %, #12", or "97.1 %, 12.png": of a long name its end. */
static void put_detail(const ink_mistake *m, const char *percent, char *out, size_t size) {
    if (m->file == NULL) {
        snprintf(out, size, "%.8s %%, #%u", percent, m->index);
        return;
    }
    const char *slash = strrchr(m->file, '/'), *name = slash != NULL ? slash + 1 : m->file;
    size_t length = strlen(name);
    bool cut = length > NAME_MOST;
    if (cut) name += length - (NAME_MOST - 2);
    while (cut && (*name & 0xc0) == 0x80) name++; /* the rest of a character of several bytes */
    snprintf(out, size, "%.8s %%, %s%.*s", percent, cut ? ".." : "", (int)NAME_MOST, name);
}

static ink_status draw_none(const ink_mistake_words *words, ink_picture **out, ink_error *err) {
    ink_picture *picture = ink_picture_new(440, 100, words->note);
    if (picture == NULL) return ink_fail_memory(err, sizeof(ink_sheet), "a sheet of digits");
    ink_picture_text(picture, 20, 34, words->title,
                     &(ink_lettering){.size = 16, .color = INK_COLOR_TEXT, .bold = true});
    ink_picture_text(picture, 20, 62, words->note, &(ink_lettering){.size = 13, .color = INK_COLOR_MUTED});
    *out = picture;
    return INK_OK;
}

ink_status ink_mistakes_draw(const ink_mistake *list, uint32_t count, const uint8_t *pixels,
                             const ink_mistake_words *words, ink_picture **out, ink_error *err) {
    *out = NULL;
    if (count == 0) return draw_none(words, out, err);
    ink_sheet_digit *digits = ink_mem_new(count, sizeof *digits);
    captions *text = ink_mem_new(count, sizeof *text);
    ink_sheet sheet = {.title = words->title, .note = words->note, .digits = digits, .count = count, .digit_size = 84};
    ink_status status = INK_OK;
    if (digits == NULL || text == NULL) {
        status = ink_fail_memory(err, (uint64_t)count * (sizeof *digits + sizeof *text), "a sheet of digits");
        goto done;
    }
    for (uint32_t i = 0; i < count; i++) {
        char percent[48];
        ink_fixed_put(percent, sizeof percent, 100 * (double)list[i].p_guess, 1);
        snprintf(text[i].caption, sizeof text[i].caption, "%s%u%s%u%s", words->before, list[i].truth, words->between,
                 list[i].guess, words->behind);
        put_detail(&list[i], percent, text[i].detail, sizeof text[i].detail);
        digits[i] = (ink_sheet_digit){
            .pixels = pixels + (size_t)i * 784, .caption = text[i].caption, .detail = text[i].detail, .wrong = true};
    }
    status = ink_sheet_draw(&sheet, out, err);
done:
    ink_mem_free(digits);
    ink_mem_free(text);
    return status;
}

ink_status ink_mistakes_sheet(const ink_mistake *worst, uint32_t count, const uint8_t *pixels, uint64_t errors,
                              uint64_t rows, ink_picture **out, ink_error *err) {
    char note[160], how_many[48] = "all";
    if (count < errors) snprintf(how_many, sizeof how_many, "the %u worst of", count);
    if (count == 0) {
        snprintf(note, sizeof note, "all %llu digits were read right", (unsigned long long)rows);
    } else {
        snprintf(note, sizeof note, "%s %llu errors in %llu digits; below each: truth, guess, its probability, image",
                 how_many, (unsigned long long)errors, (unsigned long long)rows);
    }
    ink_mistake_words words = {"Worst mistakes", note, "", " read as ", ""};
    return ink_mistakes_draw(worst, count, pixels, &words, out, err);
}

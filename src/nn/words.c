/* nn/words.c: the words of one line of net text, and the numbers among them.
 * It knows no layer; which words may follow is each layer's business. */
#include <stdio.h>
#include <string.h>

#include "core/number.h"
#include "core/status.h"
#include "nn/layer.h"

#define WINDOW_MOST 99

bool ink_words_peek(const ink_words *words, const char *word) {
    return words->at < words->n && strcmp(words->word[words->at], word) == 0;
}

bool ink_words_take(ink_words *words, const char *word) {
    if (!ink_words_peek(words, word)) return false;
    words->at++;
    return true;
}

static ink_status wrong(const ink_words *words, const char *what, const char *wanted, ink_error *err) {
    const char *seen = words->at < words->n ? words->word[words->at] : NULL;
    return ink_fail_line(err, INK_E_USAGE, words->file, words->line, 0, seen, wanted, what);
}

ink_status ink_words_int(ink_words *words, const char *what, int32_t low, int32_t high, int32_t *out, ink_error *err) {
    uint64_t value = 0;
    if (words->at >= words->n || !ink_number_whole(words->word[words->at], (uint64_t)high, &value) ||
        value < (uint64_t)low) {
        char wanted[64];
        snprintf(wanted, sizeof wanted, "a whole number %d..%d", (int)low, (int)high);
        return wrong(words, what, wanted, err);
    }
    words->at++;
    *out = (int32_t)value;
    return INK_OK;
}

ink_status ink_words_real(ink_words *words, const char *what, float low, float high, float *out, ink_error *err) {
    double value = 0;
    if (words->at >= words->n || !ink_number_real(words->word[words->at], &value) || value < (double)low ||
        value > (double)high) {
        char wanted[80], from[24], to[24];
        ink_number_text((double)low, from, sizeof from);
        ink_number_text((double)high, to, sizeof to);
        snprintf(wanted, sizeof wanted, "a number from %s to %s", from, to);
        return wrong(words, what, wanted, err);
    }
    words->at++;
    *out = (float)value;
    return INK_OK;
}

ink_status ink_words_window(ink_words *words, const char *what, int32_t *r, int32_t *s, ink_error *err) {
    uint64_t height = 0, width = 0;
    const char *word = words->at < words->n ? words->word[words->at] : "";
    const char *by = strchr(word, 'x');
    char first[8];
    size_t length = by != NULL ? (size_t)(by - word) : 0;
    if (length == 0 || length >= sizeof first) return wrong(words, what, "a window such as 3x3", err);
    memcpy(first, word, length);
    first[length] = '\0';
    if (!ink_number_whole(first, WINDOW_MOST, &height) || !ink_number_whole(by + 1, WINDOW_MOST, &width) ||
        height == 0 || width == 0) {
        return wrong(words, what, "a window such as 3x3", err);
    }
    words->at++;
    *r = (int32_t)height;
    *s = (int32_t)width;
    return INK_OK;
}

ink_status ink_words_pad(ink_words *words, const char *what, int32_t *pad, int32_t *pad_end, ink_error *err) {
    uint64_t before = 0, after = 0;
    char first[8];
    const char *word = words->at < words->n ? words->word[words->at] : "";
    const char *colon = strchr(word, ':');
    size_t length = colon != NULL ? (size_t)(colon - word) : strlen(word);
    if (length >= sizeof first) return wrong(words, what, "a number of pixels such as 1, or 1:2", err);
    memcpy(first, word, length);
    first[length] = '\0';
    if (!ink_number_whole(first, WINDOW_MOST, &before) ||
        !ink_number_whole(colon != NULL ? colon + 1 : first, WINDOW_MOST, &after)) {
        return wrong(words, what, "a number of pixels such as 1, or 1:2", err);
    }
    words->at++;
    *pad = (int32_t)before;
    *pad_end = (int32_t)after;
    return INK_OK;
}

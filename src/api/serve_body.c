/* api/serve_body.c: the two JSON bodies that the service takes, read strictly in one pass.
 * It is no general reader: whatever these two bodies cannot hold is refused where it begins, so that nothing nests. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api/serve.h"
#include "core/mem.h"

#define KEY_MOST     24
#define BASE64_IMAGE 1048 /* characters of 784 bytes, "==" at their end */

/* What is still to be read. */
typedef struct scan {
    const uint8_t *begin, *at, *end;
    ink_complaint *why;
} scan;

bool ink_complain(ink_complaint *out, int code, const char *word, const char *pointer, const char *format, ...) {
    va_list args;
    *out = (ink_complaint){.code = code, .word = word};
    if (pointer != NULL) snprintf(out->pointer, sizeof out->pointer, "%s", pointer);
    va_start(args, format);
    vsnprintf(out->message, sizeof out->message, format, args);
    va_end(args);
    return false;
}

bool ink_complain_of(ink_complaint *out, const ink_error *err) {
    bool theirs = err->status == INK_E_DATA;
    return ink_complain(out, theirs ? 400 : 500, theirs ? "bad_picture" : "internal", NULL, "%s", err->text);
}

static bool bad_json(scan *s, const char *pointer, const char *wanted) {
    return ink_complain(s->why, 400, "bad_json", pointer, "byte %zu of the body: expected %s",
                        (size_t)(s->at - s->begin), wanted);
}

static void skip_blanks(scan *s) {
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r')) s->at++;
}

/* The next byte that is no blank, if it is this one. */
static bool take(scan *s, char c) {
    skip_blanks(s);
    if (s->at == s->end || *s->at != (uint8_t)c) return false;
    s->at++;
    return true;
}

/* A string without escapes, which no key and no base 64 needs: *length bytes at *text. */
static bool take_string(scan *s, size_t most, const char **text, size_t *length) {
    if (!take(s, '"')) return false;
    const uint8_t *from = s->at;
    while (s->at < s->end && *s->at != '"' && *s->at != '\\' && *s->at >= 0x20 && *s->at < 0x7f &&
           (size_t)(s->at - from) <= most) {
        s->at++;
    }
    if (s->at == s->end || *s->at != '"' || (size_t)(s->at - from) > most) return false;
    *text = (const char *)from;
    *length = (size_t)(s->at - from);
    s->at++;
    return true;
}

/* A whole number 0..most as JSON writes it, most below 1000. */
static bool take_whole(scan *s, unsigned most, uint8_t *value) {
    unsigned number = 0;
    int digits = 0;
    skip_blanks(s);
    const uint8_t *from = s->at;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9' && digits < 4) {
        number = number * 10 + (unsigned)(*s->at++ - '0');
        digits++;
    }
    bool ends = s->at == s->end || strchr(" \t\r\n,]}", *s->at) != NULL;
    bool zeros = digits > 1 && *from == '0';
    if (digits == 0 || digits > 3 || zeros || !ends || number > most || (s->at < s->end && *s->at == '\0')) {
        s->at = from;
        return false;
    }
    *value = (uint8_t)number;
    return true;
}

/* A key of an object, one of two, each once: its number. -1: none of them. */
static int take_key(scan *s, const char *const keys[2], bool seen[2]) {
    const char *text;
    size_t length;
    skip_blanks(s);
    const uint8_t *from = s->at;
    if (!take_string(s, KEY_MOST, &text, &length)) {
        s->at = from;
        char wanted[64];
        snprintf(wanted, sizeof wanted, "\"%s\"%s%s%s", keys[0], keys[1] != NULL ? " or \"" : "",
                 keys[1] != NULL ? keys[1] : "", keys[1] != NULL ? "\"" : "");
        bad_json(s, NULL, wanted);
        return -1;
    }
    for (int k = 0; k < 2; k++) {
        if (keys[k] == NULL || strlen(keys[k]) != length || memcmp(keys[k], text, length) != 0) continue;
        if (seen[k]) {
            ink_complain(s->why, 400, "duplicate_key", NULL, "\"%s\" stands there twice", keys[k]);
            return -1;
        }
        seen[k] = true;
        if (!take(s, ':')) {
            bad_json(s, NULL, "\":\"");
            return -1;
        }
        return k;
    }
    ink_complain(s->why, 400, "unknown_key", NULL, "unknown key \"%.*s\", expected \"%s\"%s%s%s", (int)length, text,
                 keys[0], keys[1] != NULL ? " or \"" : "", keys[1] != NULL ? keys[1] : "", keys[1] != NULL ? "\"" : "");
    return -1;
}

/* Behind the last brace only blanks. */
static bool take_end(scan *s) {
    if (!take(s, '}')) return bad_json(s, NULL, "\",\" or \"}\"");
    skip_blanks(s);
    return s->at == s->end || bad_json(s, NULL, "nothing behind the object");
}

/* [784 numbers] */
static bool take_image(scan *s, uint32_t row, uint8_t *to) {
    char pointer[64];
    snprintf(pointer, sizeof pointer, "/images/%u", row);
    if (!take(s, '[')) return bad_json(s, pointer, "\"[\" and 784 numbers");
    for (int i = 0; i < INK_DIGIT_PIXELS; i++) {
        if (i > 0 && !take(s, ',')) {
            if (take(s, ']')) {
                return ink_complain(s->why, 400, "bad_size", pointer, "an image of %d pixels, expected 784", i);
            }
            return bad_json(s, pointer, "\",\"");
        }
        if (!take_whole(s, 255, &to[i])) {
            snprintf(pointer, sizeof pointer, "/images/%u/%d", row, i);
            return ink_complain(s->why, 400, "bad_pixel", pointer,
                                "byte %zu of the body: a pixel is a whole number 0..255", (size_t)(s->at - s->begin));
        }
    }
    if (take(s, ',')) {
        return ink_complain(s->why, 400, "bad_size", pointer, "an image of more than 784 pixels, expected 784");
    }
    return take(s, ']') || bad_json(s, pointer, "\"]\"");
}

/* An image has at least 2 * 784 bytes in JSON: so many there can be at most. */
static bool take_images(scan *s, uint8_t **images, uint32_t *n) {
    size_t most = (size_t)(s->end - s->at) / ((size_t)2 * INK_DIGIT_PIXELS) + 1;
    if (!take(s, '[')) return bad_json(s, "/images", "\"[\" and images");
    if (take(s, ']')) return ink_complain(s->why, 400, "no_images", "/images", "no image, expected at least one");
    *images = ink_mem_new(most, INK_DIGIT_PIXELS);
    if (*images == NULL) return ink_complain(s->why, 500, "internal", NULL, "out of memory");
    do {
        if (*n == most) return bad_json(s, "/images", "fewer images in so few bytes");
        if (!take_image(s, *n, *images + (size_t)*n * INK_DIGIT_PIXELS)) return false;
        ++*n;
    } while (take(s, ','));
    return take(s, ']') || bad_json(s, "/images", "\",\" or \"]\"");
}

bool ink_body_images(const uint8_t *body, size_t size, uint8_t **images, uint32_t *n, ink_complaint *why) {
    static const char *const keys[2] = {"images", NULL};
    scan s = {body, body, body + size, why};
    bool seen[2] = {false, false};
    *images = NULL;
    *n = 0;
    bool fine = take(&s, '{') || bad_json(&s, NULL, "\"{\"");
    while (fine) {
        fine = take_key(&s, keys, seen) == 0 && take_images(&s, images, n);
        if (!fine || !take(&s, ',')) break;
    }
    if (fine) fine = take_end(&s);
    if (!fine) {
        ink_mem_free(*images);
        *images = NULL;
        *n = 0;
    }
    return fine;
}

static int base64_value(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool take_base64(scan *s, uint8_t image[INK_DIGIT_PIXELS]) {
    const char *text;
    size_t length = 0, at = 0;
    if (!take_string(s, BASE64_IMAGE, &text, &length) || length != BASE64_IMAGE ||
        memcmp(text + length - 2, "==", 2) != 0) {
        return ink_complain(s->why, 400, "bad_image", "/image", "expected base 64 of 784 bytes: 1048 characters");
    }
    for (size_t i = 0; i < length; i += 4) {
        uint32_t bits = 0;
        int bytes = i + 4 == length ? 1 : 3;
        for (size_t k = 0; k < 4; k++) {
            int value = k > (size_t)bytes ? 0 : base64_value(text[i + k]);
            if (value < 0)
                return ink_complain(s->why, 400, "bad_image", "/image", "character %zu is no base 64", i + k);
            bits = bits << 6 | (uint32_t)value;
        }
        for (int k = 0; k < bytes; k++) image[at++] = (uint8_t)(bits >> (16 - 8 * k));
        if (bytes == 1 && (bits & 0xffffu) != 0) {
            return ink_complain(s->why, 400, "bad_image", "/image", "bits behind the 784th byte");
        }
    }
    return true;
}

bool ink_body_correction(const uint8_t *body, size_t size, uint8_t image[INK_DIGIT_PIXELS], uint8_t *label,
                         ink_complaint *why) {
    static const char *const keys[2] = {"image", "label"};
    scan s = {body, body, body + size, why};
    bool seen[2] = {false, false};
    if (!take(&s, '{')) return bad_json(&s, NULL, "\"{\"");
    do {
        int key = take_key(&s, keys, seen);
        if (key < 0) return false;
        if (key == 0 && !take_base64(&s, image)) return false;
        if (key == 1 && !take_whole(&s, 9, label)) {
            return ink_complain(why, 400, "bad_label", "/label", "a label is a whole number 0..9");
        }
    } while (take(&s, ','));
    if (!take_end(&s)) return false;
    for (int k = 0; k < 2; k++) {
        if (!seen[k]) return ink_complain(why, 400, "missing_key", NULL, "\"%s\" is missing", keys[k]);
    }
    return true;
}

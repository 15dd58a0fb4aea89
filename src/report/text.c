/* report/text.c: a string that grows, with numbers that no locale changes.
 * It knows no file format: CSV, SVG, JSON lines and HTML are written by those who use it. */
#include "report/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "core/utf8.h"
#include "files/write.h"

#define FIRST_CAPACITY ((size_t)256)

/* Room for size more bytes and the terminator. */
static bool reserve(ink_text *text, size_t size) {
    size_t need;
    if (text->failed) return false;
    if (!ink_size_add(text->length, size, &need) || !ink_size_add(need, 1, &need)) {
        text->failed = true;
        return false;
    }
    if (text->bytes != NULL && need <= text->capacity) return true;
    size_t capacity = text->capacity < FIRST_CAPACITY ? FIRST_CAPACITY : text->capacity;
    while (capacity < need) {
        if (!ink_size_mul(capacity, 2, &capacity)) {
            text->failed = true;
            return false;
        }
    }
    char *bytes = ink_mem_resize(text->bytes, capacity, 1);
    if (bytes == NULL) {
        text->failed = true;
        return false;
    }
    text->bytes = bytes;
    text->capacity = capacity;
    return true;
}

void ink_text_bytes(ink_text *text, const void *bytes, size_t size) {
    if (!reserve(text, size)) return;
    if (size > 0) memcpy(text->bytes + text->length, bytes, size);
    text->length += size;
    text->bytes[text->length] = '\0';
}

void ink_text_add(ink_text *text, const char *string) {
    ink_text_bytes(text, string, strlen(string));
}

void ink_text_format(ink_text *text, const char *format, ...) {
    char small[512];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (length < 0) {
        text->failed = true;
    } else if ((size_t)length < sizeof small) {
        ink_text_bytes(text, small, (size_t)length);
    } else if (reserve(text, (size_t)length)) {
        va_start(args, format);
        vsnprintf(text->bytes + text->length, (size_t)length + 1, format, args);
        va_end(args);
        text->length += (size_t)length;
    }
}

/* Whatever stands for the decimal point in this locale (it may be several bytes) becomes one '.'. */
static void to_c_locale(char *number) {
    static const char own[] = "0123456789+-e";
    char *to = number;
    const char *from = number;
    while (*from != '\0') {
        if (strchr(own, *from) != NULL) {
            *to++ = *from++;
        } else {
            *to++ = '.';
            while (*from != '\0' && strchr(own, *from) == NULL) from++;
        }
    }
    *to = '\0';
}

/* NaN and infinities have no digits for printf to round; true when dst was filled. */
static bool put_special(char *dst, size_t size, double value) {
    if (isnan(value)) {
        snprintf(dst, size, "nan");
    } else if (isinf(value)) {
        snprintf(dst, size, value < 0 ? "-inf" : "inf");
    } else {
        return false;
    }
    return true;
}

static void put_number(char *dst, size_t size, double value) {
    if (put_special(dst, size, value)) return;
    snprintf(dst, size, "%.9g", value);
    to_c_locale(dst);
}

void ink_fixed_put(char *dst, size_t size, double value, int decimals) {
    if (put_special(dst, size, value)) return;
    if (fabs(value) >= 1e15) { /* a hundred digits help nobody and might not fit */
        put_number(dst, size, value);
        return;
    }
    snprintf(dst, size, "%.*f", decimals, value);
    to_c_locale(dst);
    /* -0.00 reads as a mistake. */
    if (dst[0] == '-' && strspn(dst + 1, "0.") == strlen(dst + 1)) memmove(dst, dst + 1, strlen(dst));
}

void ink_text_number(ink_text *text, double value) {
    char number[64];
    put_number(number, sizeof number, value);
    ink_text_add(text, number);
}

void ink_text_fixed(ink_text *text, double value, int decimals) {
    char number[64];
    ink_fixed_put(number, sizeof number, value, decimals);
    ink_text_add(text, number);
}

void ink_text_short(ink_text *text, double value, int decimals) {
    char number[64];
    ink_fixed_put(number, sizeof number, value, decimals);
    if (strchr(number, '.') != NULL) {
        size_t length = strlen(number);
        while (number[length - 1] == '0') length--;
        if (number[length - 1] == '.') length--;
        number[length] = '\0';
    }
    ink_text_add(text, number);
}

void ink_text_pad(ink_text *text, size_t start, size_t width) {
    while (!text->failed && text->length < start + width) ink_text_bytes(text, " ", 1);
}

/* kept: those that stay as they are. */
static void add_plain(ink_text *text, const char *s, size_t length, const char *kept) {
    for (const char *end = s + length; s < end; s++) {
        size_t control = strchr(kept, *s) == NULL ? ink_control_at(s, (size_t)(end - s)) : 0;
        if (control == 0) ink_text_bytes(text, s, 1);
        for (size_t k = 0; k < control; k++) ink_text_format(text, "\\x%02x", (unsigned char)s[k]);
        if (control > 0) s += control - 1;
    }
}

void ink_text_plain(ink_text *text, const char *string) {
    add_plain(text, string, strlen(string), "");
}

/* Length of the character at s, in a terminated string: the terminator is part of no other. */
static size_t length_at(const char *s) {
    return ink_utf8_length(s, 4);
}

static bool is_shown(const char *s) {
    unsigned char c = (unsigned char)*s;
    return length_at(s) > 0 && (c >= 0x20 || c == '\n' || c == '\t') && c != 0x7f;
}

void ink_text_mend(char *string) {
    for (char *s = string; *s != '\0'; s++) {
        if (is_shown(s)) {
            s += length_at(s) - 1;
        } else {
            *s = '?';
        }
    }
}

void ink_text_xml(ink_text *text, const char *string) {
    const char *s = string;
    while (*s != '\0') {
        size_t length = length_at(s);
        switch (*s) {
        case '<': ink_text_add(text, "&lt;"); break;
        case '>': ink_text_add(text, "&gt;"); break;
        case '&': ink_text_add(text, "&amp;"); break;
        case '"': ink_text_add(text, "&quot;"); break;
        case '\'': ink_text_add(text, "&#39;"); break;
        default:
            if (is_shown(s)) {
                ink_text_bytes(text, s, length);
            } else {
                ink_text_add(text, "?");
            }
        }
        s += length > 0 ? length : 1;
    }
}

void ink_text_base64(ink_text *text, const void *bytes, size_t size) {
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *in = bytes;
    if (!reserve(text, size / 3 * 4 + 4)) return;
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        unsigned b = (unsigned)in[i] << 16;
        if (left > 1) b |= (unsigned)in[i + 1] << 8;
        if (left > 2) b |= in[i + 2];
        char four[4] = {digit[b >> 18 & 63], digit[b >> 12 & 63], left > 1 ? digit[b >> 6 & 63] : '=',
                        left > 2 ? digit[b & 63] : '='};
        ink_text_bytes(text, four, sizeof four);
    }
}

char *ink_text_take(ink_text *text) {
    char *bytes = NULL;
    if (reserve(text, 0)) {
        bytes = text->bytes;
        bytes[text->length] = '\0';
    } else {
        ink_mem_free(text->bytes);
    }
    *text = (ink_text){0};
    return bytes;
}

void ink_text_clear(ink_text *text) {
    ink_mem_free(text->bytes);
    *text = (ink_text){0};
}

ink_status ink_text_check(const ink_text *text, const char *what, ink_error *err) {
    return text->failed ? ink_fail_memory(err, (uint64_t)text->length * 2, what) : INK_OK;
}

ink_status ink_text_give(ink_text *text, const char *what, char **out, ink_error *err) {
    size_t length = text->length;
    *out = ink_text_take(text);
    return *out != NULL ? INK_OK : ink_fail_memory(err, (uint64_t)length * 2, what);
}

ink_status ink_text_tell(ink_text *text, const char *what, char **out, ink_error *err) {
    ink_text lines = {.failed = text->failed};
    if (text->bytes != NULL) add_plain(&lines, text->bytes, text->length, "\n\t");
    ink_text_clear(text);
    return ink_text_give(&lines, what, out, err);
}

ink_status ink_text_write(ink_text *text, const char *path, ink_error *err) {
    ink_status status = ink_text_check(text, path, err);
    if (status == INK_OK) status = ink_file_write_all(path, text->bytes == NULL ? "" : text->bytes, text->length, err);
    ink_text_clear(text);
    return status;
}

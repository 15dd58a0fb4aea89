/* web/wasm/libc.c: text, memory blocks and sorting, the little of C's library that libinkling calls.
 * It is no libc for anybody else; allocation is memory.c's. Built with -fno-builtin, or these loops would become calls
 * of themselves. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- blocks ---- */

typedef uint64_t eight_bytes __attribute__((aligned(1), may_alias));

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
    uint8_t *t = to;
    const uint8_t *f = from;
    for (; size >= 8; size -= 8, t += 8, f += 8) {
        *(eight_bytes *)t = *(const eight_bytes *)f;
    }
    while (size-- > 0) *t++ = *f++;
    return to;
}

void *memmove(void *to, const void *from, size_t size) {
    uint8_t *t = to;
    const uint8_t *f = from;
    if (t <= f || t >= f + size) return memcpy(to, from, size);
    while (size-- > 0) t[size] = f[size];
    return to;
}

void *memset(void *to, int byte, size_t size) {
    uint8_t *t = to;
    uint64_t eight = (uint8_t)byte * 0x0101010101010101u;
    for (; size >= 8; size -= 8, t += 8) *(eight_bytes *)t = eight;
    while (size-- > 0) *t++ = (uint8_t)byte;
    return to;
}

int memcmp(const void *a, const void *b, size_t size) {
    const uint8_t *x = a, *y = b;
    for (size_t i = 0; i < size; i++) {
        if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
    }
    return 0;
}

void *memchr(const void *bytes, int byte, size_t size) {
    const uint8_t *b = bytes;
    for (size_t i = 0; i < size; i++) {
        if (b[i] == (uint8_t)byte) return (void *)(uintptr_t)(b + i);
    }
    return NULL;
}

/* ---- arithmetic without an instruction ---- */

/* Rounded twice, unlike C's: the kernels of a prediction have their own (ops/cpu/kern_vector.h), these two serve
 * training, which the page does not do. */
float fmaf(float a, float b, float c) {
    return (float)((double)a * (double)b + (double)c);
}

double fma(double a, double b, double c) {
    return a * b + c;
}

/* Halves away from zero. */
long lroundf(float x) {
    float whole = __builtin_truncf(x), rest = x - whole;
    return (long)(rest >= 0.5f ? whole + 1 : rest <= -0.5f ? whole - 1 : whole);
}

/* What the compiler calls for the whole product of two 64-bit numbers, when it checks for overflow. */
__int128 __multi3(__int128 a, __int128 b);

__int128 __multi3(__int128 a, __int128 b) {
    uint64_t x = (uint64_t)a, y = (uint64_t)b, low = (x & UINT32_MAX) * (y & UINT32_MAX);
    uint64_t middle = (x >> 32) * (y & UINT32_MAX) + (low >> 32);
    uint64_t rest = (x & UINT32_MAX) * (y >> 32) + (middle & UINT32_MAX);
    uint64_t high = (x >> 32) * (y >> 32) + (middle >> 32) + (rest >> 32);
    high += (uint64_t)((unsigned __int128)a >> 64) * y + x * (uint64_t)((unsigned __int128)b >> 64);
    return (__int128)((unsigned __int128)high << 64 | (rest << 32 | (low & UINT32_MAX)));
}

/* ---- text ---- */

size_t strlen(const char *text) {
    size_t n = 0;
    while (text[n] != '\0') n++;
    return n;
}

int strncmp(const char *a, const char *b, size_t most) {
    for (size_t i = 0; i < most; i++) {
        if (a[i] != b[i]) return (uint8_t)a[i] < (uint8_t)b[i] ? -1 : 1;
        if (a[i] == '\0') break;
    }
    return 0;
}

int strcmp(const char *a, const char *b) {
    return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *text, int c) {
    for (; *text != (char)c; text++) {
        if (*text == '\0') return NULL;
    }
    return (char *)(uintptr_t)text;
}

char *strrchr(const char *text, int c) {
    for (size_t n = strlen(text) + 1; n-- > 0;) {
        if (text[n] == (char)c) return (char *)(uintptr_t)(text + n);
    }
    return NULL;
}

size_t strcspn(const char *text, const char *set) {
    size_t n = 0;
    while (text[n] != '\0' && strchr(set, text[n]) == NULL) n++;
    return n;
}

size_t strspn(const char *text, const char *set) {
    size_t n = 0;
    while (text[n] != '\0' && strchr(set, text[n]) != NULL) n++;
    return n;
}

char *strerror(int number) {
    (void)number;
    static char text[] = "no system";
    return text;
}

char *getenv(const char *name) {
    (void)name;
    return NULL;
}

/* ---- sorting ---- */

static void swap(uint8_t *a, uint8_t *b, size_t size) {
    for (size_t i = 0; i < size; i++) {
        uint8_t keep = a[i];
        a[i] = b[i];
        b[i] = keep;
    }
}

/* Heap sort: no worst case, no memory. Williams, Algorithm 232, 1964. */
static void sink(uint8_t *items, size_t at, size_t count, size_t size, int (*compare)(const void *, const void *)) {
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && compare(items + child * size, items + (child + 1) * size) < 0) child++;
        if (compare(items + at * size, items + child * size) >= 0) return;
        swap(items + at * size, items + child * size, size);
    }
}

void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *)) {
    uint8_t *items = base;
    for (size_t i = count / 2; i-- > 0;) sink(items, i, count, size, compare);
    for (size_t n = count; n-- > 1;) {
        swap(items, items + n * size, size);
        sink(items, 0, n, size, compare);
    }
}

/* ---- messages ---- */

/* Where text goes: what does not fit is counted and dropped. */
typedef struct sheet {
    char *to;
    size_t size, at;
} sheet;

static void put(sheet *s, char c) {
    if (s->at + 1 < s->size) s->to[s->at] = c;
    s->at++;
}

static void put_padded(sheet *s, const char *text, size_t length, int width, bool left, char fill) {
    for (int i = (int)length; !left && i < width; i++) put(s, fill);
    for (size_t i = 0; i < length; i++) put(s, text[i]);
    for (int i = (int)length; left && i < width; i++) put(s, ' ');
}

static size_t digits_of(uint64_t value, uint32_t base, char text[24]) {
    char back[24];
    size_t n = 0, length;
    do {
        back[n++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value > 0);
    for (length = 0; n > 0;) text[length++] = back[--n];
    return length;
}

/* A width or precision: digits, or * for the next argument. */
static int number_of(const char **format, va_list *args) {
    int n = 0;
    if (**format == '*') {
        (*format)++;
        return va_arg(*args, int);
    }
    for (; **format >= '0' && **format <= '9'; (*format)++) n = n * 10 + (**format - '0');
    return n;
}

/* One conversion; *format stands behind its percent sign. */
static void convert(sheet *s, const char **format, va_list *args) {
    char text[25];
    size_t length = 1;
    bool left = **format == '-';
    if (left) (*format)++;
    char fill = **format == '0' ? '0' : ' ';
    int width = number_of(format, args), precision = -1, longs = 0;
    if (**format == '.') {
        (*format)++;
        precision = number_of(format, args);
    }
    for (; **format == 'l' || **format == 'z'; (*format)++) longs += **format == 'l';
    char kind = *(*format)++;
    if (kind == 's') {
        const char *from = va_arg(*args, const char *);
        for (length = 0; (precision < 0 || length < (size_t)precision) && from[length] != '\0';) length++;
        put_padded(s, from, length, width, left, ' ');
        return;
    }
    if (kind == 'd') {
        int64_t value = longs > 1 ? va_arg(*args, long long) : va_arg(*args, int);
        text[0] = '-';
        length = digits_of(value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10, text + 1) + 1;
        put_padded(s, value < 0 ? text : text + 1, value < 0 ? length : length - 1, width, left, fill);
        return;
    }
    if (kind == 'u' || kind == 'x') {
        uint64_t value = longs > 1 ? va_arg(*args, unsigned long long) : va_arg(*args, unsigned);
        length = digits_of(value, kind == 'x' ? 16 : 10, text);
    } else {
        text[0] = kind == 'c' ? (char)va_arg(*args, int) : kind;
    }
    put_padded(s, text, length, width, left, fill);
}

int vsnprintf(char *to, size_t size, const char *format, va_list args) {
    sheet s = {to, size, 0};
    va_list rest;
    va_copy(rest, args);
    while (*format != '\0') {
        char c = *format++;
        if (c == '%') {
            convert(&s, &format, &rest);
        } else {
            put(&s, c);
        }
    }
    va_end(rest);
    if (size > 0) to[s.at < size ? s.at : size - 1] = '\0';
    return (int)s.at;
}

int snprintf(char *to, size_t size, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int length = vsnprintf(to, size, format, args);
    va_end(args);
    return length;
}

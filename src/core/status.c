/* core/status.c: composes the one line that says what went wrong and where.
 * It knows no format and no exit code: rooms choose the words, the program the code. */
#include "core/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/utf8.h"

#define STRING_(x) #x
#define STRING(x)  STRING_(x)
#define MAX_SHOWN  40

const char *ink_version(void) {
    return STRING(INK_VERSION_MAJOR) "." STRING(INK_VERSION_MINOR) "." STRING(INK_VERSION_PATCH);
}

const char *ink_status_word(ink_status status) {
    switch (status) {
    case INK_OK: return "ok";
    case INK_E_INTERNAL: return "internal error";
    case INK_E_USAGE: return "usage";
    case INK_E_DATA: return "bad data";
    case INK_E_FILE: return "file or disk";
    case INK_E_ABSENT: return "absent";
    case INK_E_NETWORK: return "network";
    case INK_E_DIVERGED: return "diverged";
    case INK_E_THRESHOLD: return "threshold not met";
    case INK_E_MEMORY: return "out of memory";
    case INK_E_STOPPED: return "stopped";
    }
    return "unknown status";
}

size_t ink_control_at(const char *s, size_t length) {
    const unsigned char *c = (const unsigned char *)s;
    if (c[0] < 0x20 || c[0] == 0x7f) return 1;
    return c[0] == 0xc2 && length > 1 && c[1] >= 0x80 && c[1] <= 0x9f ? 2 : 0;
}

void ink_escape(char *dst, size_t size, const char *src, size_t length, size_t max_shown) {
    static const char hex[] = "0123456789abcdef";
    size_t at = 0, i = 0;
    size_t shown = length < max_shown ? length : max_shown;
    if (size == 0) return;
    while (i < shown) {
        size_t good = ink_utf8_length(src + i, length - i), bytes = good > 0 ? good : 1;
        bool escaped = good == 0 || ink_control_at(src + i, good) > 0;
        if (at + (escaped ? 4 * bytes : bytes) + 4 > size || i + bytes > shown) break;
        for (size_t k = 0; k < bytes; k++) {
            unsigned char c = (unsigned char)src[i++];
            if (escaped) {
                dst[at++] = '\\';
                dst[at++] = 'x';
                dst[at++] = hex[c >> 4];
                dst[at++] = hex[c & 15];
            } else {
                dst[at++] = (char)c;
            }
        }
    }
    if (i < length && at + 4 <= size) {
        memcpy(dst + at, "...", 3);
        at += 3;
    }
    dst[at] = '\0';
}

static void copy(char *dst, size_t size, const char *src) {
    ink_escape(dst, size, src, strlen(src), size);
}

/* Cleans the composed line: a file name or a value may hold anything. */
static void set_text(ink_error *err, const char *line) {
    copy(err->text, sizeof err->text, line);
}

ink_status ink_fail(ink_error *err, ink_status status, const char *format, ...) {
    if (err != NULL) {
        char line[sizeof err->text];
        va_list args;
        memset(err, 0, sizeof *err);
        err->status = status;
        va_start(args, format);
        vsnprintf(line, sizeof line, format, args);
        va_end(args);
        set_text(err, line);
    }
    return status;
}

/* Fills the parts that both kinds of place share and composes the text behind `place`. */
static void compose(ink_error *err, ink_status status, const char *file, const char *place, const char *seen,
                    const char *wanted, const char *what) {
    char line[sizeof err->text];
    err->status = status;
    copy(err->file, sizeof err->file, file);
    if (seen != NULL) ink_escape(err->seen, sizeof err->seen, seen, strlen(seen), MAX_SHOWN);
    if (wanted != NULL) copy(err->wanted, sizeof err->wanted, wanted);
    if (seen != NULL && wanted != NULL) {
        snprintf(line, sizeof line, "%s%s: %s is \"%s\", expected %s", err->file, place, what, err->seen, err->wanted);
    } else if (seen != NULL) {
        snprintf(line, sizeof line, "%s%s: %s: \"%s\"", err->file, place, what, err->seen);
    } else if (wanted != NULL) {
        snprintf(line, sizeof line, "%s%s: %s: expected %s", err->file, place, what, err->wanted);
    } else {
        snprintf(line, sizeof line, "%s%s: %s", err->file, place, what);
    }
    set_text(err, line);
}

ink_status ink_fail_line(ink_error *err, ink_status status, const char *file, uint64_t line, uint64_t column,
                         const char *seen, const char *wanted, const char *what) {
    if (err != NULL) {
        char place[64];
        memset(err, 0, sizeof *err);
        err->line = line;
        err->column = column;
        if (column > 0) {
            snprintf(place, sizeof place, ":%llu:%llu", (unsigned long long)line, (unsigned long long)column);
        } else {
            snprintf(place, sizeof place, ":%llu", (unsigned long long)line);
        }
        compose(err, status, file, place, seen, wanted, what);
    }
    return status;
}

ink_status ink_fail_byte(ink_error *err, ink_status status, const char *file, uint64_t byte, const char *seen,
                         const char *wanted, const char *what) {
    if (err != NULL) {
        char place[64];
        memset(err, 0, sizeof *err);
        err->has_byte = 1;
        err->byte = byte;
        snprintf(place, sizeof place, ": byte %llu", (unsigned long long)byte);
        compose(err, status, file, place, seen, wanted, what);
    }
    return status;
}

ink_status ink_fail_errno(ink_error *err, const char *doing, const char *file) {
    int saved = errno;
    ink_fail(err, INK_E_FILE, "cannot %s %s: %s", doing, file, strerror(saved));
    if (err != NULL) copy(err->file, sizeof err->file, file);
    return INK_E_FILE;
}

ink_status ink_fail_memory(ink_error *err, uint64_t bytes, const char *what) {
    return ink_fail(err, INK_E_MEMORY, "out of memory (needs %llu bytes for %s)", (unsigned long long)bytes, what);
}

ink_status ink_fault_of_file(ink_status status, ink_error *err) {
    if (status != INK_E_USAGE) return status;
    if (err != NULL) err->status = INK_E_DATA;
    return INK_E_DATA;
}

void ink_hint(ink_error *err, const char *format, ...) {
    if (err != NULL) {
        char line[sizeof err->hint];
        va_list args;
        va_start(args, format);
        vsnprintf(line, sizeof line, format, args);
        va_end(args);
        copy(err->hint, sizeof err->hint, line);
    }
}

/* tests/report/scratch.c: temporary folders and a small XML reader for the tests of this room.
 * The reader checks form, not meaning. */
#define _DEFAULT_SOURCE
#define _XOPEN_SOURCE 700
#include "scratch.h"

#include <ctype.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

int scratch_setup(void **state) {
    const char *base = getenv("TMPDIR");
    char *path = malloc(512);
    if (path == NULL) return -1;
    int length = snprintf(path, 500, "%.400s/inkling-report-", base != NULL ? base : "/tmp");
    memset(path + length, 'X', 6); /* for mkdtemp to fill in */
    path[length + 6] = '\0';
    if (mkdtemp(path) == NULL) {
        free(path);
        return -1;
    }
    *state = path;
    return 0;
}

static int remove_one(const char *path, const struct stat *what, int kind, struct FTW *where) {
    (void)what;
    (void)kind;
    (void)where;
    return remove(path);
}

int scratch_teardown(void **state) {
    int failed = nftw(*state, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return failed;
}

const char *scratch_path(const char *folder, const char *name) {
    static char ring[64][2048];
    static unsigned next;
    char *path = ring[next++ % 64];
    snprintf(path, sizeof ring[0], "%s/%s", folder, name);
    return path;
}

char *scratch_read(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) print_error("cannot open %s\n", path);
    assert_non_null(file);
    size_t length = 0, capacity = 1 << 20;
    char *text = malloc(capacity + 1);
    assert_non_null(text);
    for (size_t got; (got = fread(text + length, 1, capacity - length, file)) > 0;) {
        length += got;
        if (length == capacity) {
            capacity *= 2;
            char *grown = realloc(text, capacity + 1);
            assert_non_null(grown);
            text = grown;
        }
    }
    fclose(file);
    text[length] = '\0';
    if (size != NULL) *size = length;
    return text;
}

void scratch_write(const char *path, const char *text) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

bool scratch_exists(const char *path) {
    return access(path, F_OK) == 0;
}

/* ---- XML ---- */

#define DEPTH_MAX 64

static size_t name_length(const char *s) {
    size_t n = 0;
    if (!isalpha((unsigned char)s[0])) return 0;
    while (isalnum((unsigned char)s[n]) || (s[n] != '\0' && strchr("-_:.", s[n]) != NULL)) n++;
    return n;
}

/* Length of the entity at s, 0: unknown. */
static size_t entity_length(const char *s) {
    static const char *const known[] = {"&lt;", "&gt;", "&amp;", "&quot;", "&#39;"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strncmp(s, known[i], strlen(known[i])) == 0) return strlen(known[i]);
    }
    return 0;
}

/* Reads name="value" pairs; NULL and *at behind them when fine. */
static const char *read_attributes(const char **at) {
    const char *s = *at;
    for (;;) {
        size_t blanks = strspn(s, " \n\t");
        s += blanks;
        if (*s == '>' || *s == '/') break;
        if (blanks == 0) return "no blank before an attribute";
        size_t n = name_length(s);
        if (n == 0 || s[n] != '=' || s[n + 1] != '"') return "an attribute without quoted value";
        for (s += n + 2; *s != '"'; s++) {
            if (*s == '\0' || *s == '<') return "an open quote";
            if (*s == '&' && entity_length(s) == 0) return "an unknown entity in an attribute";
        }
        s++;
    }
    *at = s;
    return NULL;
}

const char *xml_fault(const char *text) {
    struct {
        const char *name;
        size_t length;
    } open[DEPTH_MAX];
    int depth = 0, roots = 0;
    for (const char *s = text; *s != '\0';) {
        if (*s == '&') {
            size_t n = entity_length(s);
            if (n == 0) return "an unknown entity";
            s += n;
        } else if (*s != '<') {
            if (depth == 0 && !isspace((unsigned char)*s)) return "text outside the root";
            if (*s == '>') return "a lone >";
            s++;
        } else if (s[1] == '/') {
            size_t n = name_length(s + 2);
            if (depth == 0) return "a closing tag too many";
            depth--;
            if (n != open[depth].length || strncmp(s + 2, open[depth].name, n) != 0) return "tags closed out of order";
            if (s[2 + n] != '>') return "a bad closing tag";
            s += n + 3;
        } else {
            const char *name = s + 1;
            size_t n = name_length(name);
            if (n == 0) return "a bad tag";
            if (depth == 0 && roots++ > 0) return "two roots";
            s = name + n;
            const char *fault = read_attributes(&s);
            if (fault != NULL) return fault;
            if (s[0] == '/' && s[1] == '>') {
                s += 2;
                continue;
            }
            if (*s != '>') return "an unclosed tag";
            if (depth == DEPTH_MAX) return "too deep";
            open[depth].name = name;
            open[depth++].length = n;
            s++;
        }
    }
    if (depth != 0) return "a tag that is never closed";
    return roots == 1 ? NULL : "no root";
}

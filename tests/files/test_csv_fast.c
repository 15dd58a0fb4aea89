/* tests/files/test_csv_fast.c: the vector paths against the exact parser, on millions of bytes of damaged rows.
 * A path may give up on any row; it must never read a row that the exact parser refuses, nor read it differently. */
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files/csv_row.h"

static const char *const paths[] = {"generic", "avx2", "avx512"};

static ink_csv_layout plain_layout(ink_csv_ends ends) {
    ink_csv_layout layout = {.file = "t.csv", .ends = ends, .fields = 785, .label = 0, .straight = true};
    for (uint32_t i = 0; i < 785; i++) layout.pixel_of[i] = i == 0 ? INK_CSV_LABEL : (uint16_t)(i - 1);
    return layout;
}

static void random_row(piece *p, uint64_t *seed, const char *end) {
    unsigned paper = (unsigned)(random_next(seed) % 100);
    p->size = 0;
    piece_print(p, "%u", (unsigned)(random_next(seed) % 10));
    for (int k = 0; k < 784; k++) {
        uint64_t r = random_next(seed);
        piece_print(p, ",%u", r % 100 < paper ? 0u : (unsigned)(r >> 32) % 256);
    }
    piece_print(p, "%s", end);
}

/* Changes a few bytes, mostly to ones that mean something in a table. */
static void mutate(piece *p, uint64_t *seed) {
    static const char likely[] = "0123456789,,,,\"\r\n -+.;\t25600";
    unsigned changes = (unsigned)(random_next(seed) % 4);
    for (unsigned i = 0; i < changes && p->size > 2; i++) {
        uint64_t r = random_next(seed);
        size_t at = (size_t)(r % p->size);
        char byte = (r >> 40) % 8 == 0 ? (char)(r >> 48) : likely[(r >> 48) % (sizeof likely - 1)];
        switch ((r >> 32) % 4) {
        case 0:
        case 1: p->bytes[at] = byte; break;
        case 2: /* leave it out */
            memmove(p->bytes + at, p->bytes + at + 1, p->size - at - 1);
            p->size--;
            break;
        default: /* put one in */
            piece_add(p, "", 1);
            memmove(p->bytes + at + 1, p->bytes + at, p->size - at - 1);
            p->bytes[at] = byte;
        }
    }
}

static void agree(const ink_csv_layout *layout, const piece *p, const char *end, unsigned *fast_rows) {
    uint8_t exact[INK_CSV_FIELDS_MAX], fast[INK_CSV_FIELDS_MAX + INK_CSV_PAD];
    const uint8_t last = (uint8_t)end[strlen(end) - 1], fast_end = (uint8_t)end[0];
    uint8_t *memory = malloc(p->size + 2 * INK_CSV_PAD + 2), *text = memory + INK_CSV_PAD;
    assert_non_null(memory);
    memset(memory, '\n', INK_CSV_PAD);
    memcpy(text, p->bytes, p->size);
    text[p->size] = fast_end; /* what csv.c promises: an end is there */
    text[p->size + 1] = last;
    memset(text + p->size + 2, '7', INK_CSV_PAD);
    const uint8_t *stop = memchr(text, last, p->size + 2);
    size_t length = (size_t)(stop - text) + 1;
    ink_status status = ink_csv_row_exact(layout, text, length, (ink_csv_place){.line = 1}, exact, NULL);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (!ink_csv_use_isa(paths[i])) continue;
        const uint8_t *next = ink_csv_fast_picked()(text, fast_end, layout->fields, fast);
        /* As csv.c does: a label is a digit, CR is followed by LF. */
        if (next != NULL && fast[0] > 9) next = NULL;
        if (next != NULL && fast_end != last) next = *next == last ? next + 1 : NULL;
        if (next == NULL) continue;
        *fast_rows += 1;
        assert_int_equal(status, INK_OK);
        assert_ptr_equal(next, text + length);
        assert_memory_equal(fast, exact, layout->fields);
    }
    free(memory);
}

static void damaged_rows(void **state) {
    (void)state;
    static const char *const ends[] = {"\n", "\r\n", "\r"};
    uint64_t seed = 1;
    unsigned fast_rows = 0;
    piece p = {0};
    for (int i = 0; i < 30000; i++) {
        const ink_csv_layout layout = plain_layout((ink_csv_ends)(i % 3));
        random_row(&p, &seed, ends[i % 3]);
        mutate(&p, &seed);
        agree(&layout, &p, ends[i % 3], &fast_rows);
    }
    assert_true(fast_rows > 10000); /* else it tested nothing */
    piece_free(&p);
}

/* Every number 0 .. 999 at every place of a vector, in a table where most fields are short. */
static void every_number_at_every_place(void **state) {
    (void)state;
    const ink_csv_layout layout = plain_layout(INK_CSV_LF);
    piece p = {0};
    unsigned fast_rows = 0;
    for (unsigned value = 0; value < 1100; value++) {
        for (unsigned at = 1; at < 72; at += 1 + value % 3) {
            p.size = 0;
            piece_print(&p, "3");
            for (unsigned k = 0; k < 784; k++) piece_print(&p, ",%u", k == at ? value : k % 11 == 0 ? 137u : 0u);
            piece_print(&p, "\n");
            agree(&layout, &p, "\n", &fast_rows);
        }
    }
    piece_free(&p);
}

/* The plain row is for the fast path: if it gave up, it would be slow and nobody would know. */
static void plain_rows_are_taken(void **state) {
    (void)state;
    static const char *const ends[] = {"\n", "\r\n", "\r"};
    uint64_t seed = 2;
    unsigned usable = 0;
    piece p = {0};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) usable += ink_csv_use_isa(paths[i]);
    for (int i = 0; i < 300; i++) {
        const ink_csv_layout layout = plain_layout((ink_csv_ends)(i % 3));
        unsigned fast_rows = 0;
        random_row(&p, &seed, ends[i % 3]);
        agree(&layout, &p, ends[i % 3], &fast_rows);
        assert_int_equal(fast_rows, usable);
    }
    piece_free(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_rows),
        cmocka_unit_test(every_number_at_every_place),
        cmocka_unit_test(plain_rows_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

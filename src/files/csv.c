/* files/csv.c: a table in blocks: read one while the one before is parsed, by as many threads as there are.
 * It knows no field: rows are parsed by csv_<isa>.c and csv_row.c, the header by csv_header.c.
 *
 * A block ends with its last whole line; the rest is carried to the front of the next. A block is cut into chunks at
 * line ends; a chunk's rows are counted beforehand, so that each chunk knows where its images go. The first bad row in
 * the order of the file decides, whichever thread met it. */
#include "files/csv.h"

#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "files/csv_row.h"

#define BLOCK_BYTES_EACH ((size_t)256 * 1024) /* per thread: stays in its second-level cache */
#define BLOCK_THREADS    16u
#define CHUNKS_EACH      4u /* per thread, so that no thread waits long for the last */
#define CHUNKS_MAX       (BLOCK_THREADS * CHUNKS_EACH)
#define TEXT_LOOKED_AT   256u /* bytes at the front, before they are taken for text */

typedef struct chunk {
    const uint8_t *begin, *end; /* whole lines */
    uint32_t row;               /* number of its first row, from 0 */
    uint32_t rows;              /* parsed so far */
    const uint8_t *stopped;     /* the line at which it stopped, or NULL */
    bool blank;                 /* that line is empty */
} chunk;

typedef struct block {
    uint8_t *memory;
    uint8_t *text;      /* memory + INK_CSV_PAD */
    size_t used, lines; /* bytes; those of them in whole lines */
    uint64_t offset;    /* of text in the unpacked file */
    bool last;          /* the source has ended */
    bool open;          /* its last line had no end */
    ink_status status;  /* of reading; the lines before the fault are in the block */
    ink_error fault;
    chunk *chunks;
    uint32_t n_chunks;
} block;

typedef struct table {
    ink_source *source;
    bool endless; /* a line was too long: reading on is no use */
    ink_pool *pool;
    ink_csv_fast *fast;
    ink_csv_layout layout;
    uint8_t end;      /* the byte that ends a line: '\n', or '\r' when there is nothing else */
    uint8_t fast_end; /* the first byte of a line end */
    size_t block_bytes;
    block blocks[2];
    block *now, *next;
    ink_images *out;
    uint64_t capacity; /* images */
    uint64_t rows;     /* parsed before the block `now` */
    uint64_t line;     /* number of the first line of the block */
} table;

/* ---- choosing the vector path ---- */

static const struct path {
    const char *name;
    ink_csv_fast *fast;
} paths[] = {
#if defined(__x86_64__)
    {"avx512", ink_csv_fast_avx512},
    {"avx2", ink_csv_fast_avx2},
#endif
    {"generic", ink_csv_fast_generic},
};

static bool is_usable(const struct path *path) {
#if defined(__x86_64__)
    bool bits = __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
    if (path->fast == ink_csv_fast_avx2) return bits && __builtin_cpu_supports("avx2");
    if (path->fast == ink_csv_fast_avx512) {
        return bits && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512vbmi2");
    }
#endif
    (void)path;
    return true;
}

static const struct path *forced;

static const struct path *picked(void) {
    if (forced != NULL) return forced;
    size_t i = 0;
    while (!is_usable(&paths[i])) i++; /* the last one always is */
    return &paths[i];
}

const char *ink_csv_isa(void) {
    return picked()->name;
}

ink_csv_fast *ink_csv_fast_picked(void) {
    return picked()->fast;
}

bool ink_csv_use_isa(const char *name) {
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (strcmp(paths[i].name, name) != 0 || !is_usable(&paths[i])) continue;
        forced = &paths[i];
        return true;
    }
    return false;
}

/* ---- reading blocks ---- */

static ink_status make_blocks(table *t, ink_error *err) {
    uint32_t threads = t->pool != NULL ? ink_pool_threads(t->pool) : 1;
    t->block_bytes = BLOCK_BYTES_EACH * (threads < BLOCK_THREADS ? threads : BLOCK_THREADS);
    size_t size = INK_CSV_PAD + INK_CSV_LINE_MAX + t->block_bytes + INK_CSV_PAD;
    for (int i = 0; i < 2; i++) {
        block *b = &t->blocks[i];
        b->memory = ink_mem_new(size, 1);
        b->chunks = ink_mem_new(CHUNKS_MAX, sizeof *b->chunks);
        if (b->memory == NULL || b->chunks == NULL) return ink_fail_memory(err, size, "reading a table");
        memset(b->memory, '\n', INK_CSV_PAD); /* no digit stands before the first row */
        b->text = b->memory + INK_CSV_PAD;
    }
    t->now = &t->blocks[0];
    t->next = &t->blocks[1];
    return INK_OK;
}

static size_t after_last(const uint8_t *text, size_t size, uint8_t byte) {
    while (size > 0 && text[size - 1] != byte) size--;
    return size;
}

/* The last line of the source lacks its end: it gets one, or the half of it that is missing. */
static void close_line(const table *t, block *b) {
    b->open = b->last && b->used > 0 && b->text[b->used - 1] != t->end;
    if (!b->open) return;
    if (t->fast_end != t->end && b->text[b->used - 1] != t->fast_end) b->text[b->used++] = t->fast_end;
    b->text[b->used++] = t->end;
}

/* Reads a block behind the rest of the one before (from == NULL: the first). */
static void fill(table *t, block *b, const block *from) {
    size_t got = 0, carried = from != NULL ? from->used - from->lines : 0;
    if (carried >= INK_CSV_LINE_MAX) return; /* too long a line: complete() says so, and nobody looks at b */
    if (carried > 0) memcpy(b->text, from->text + from->lines, carried);
    b->offset = from != NULL ? from->offset + from->lines : 0;
    b->used = carried;
    b->lines = 0;
    b->last = false;
    b->status = ink_source_read(t->source, b->text + carried, t->block_bytes, &got, &b->fault);
    b->used += got;
    if (b->status != INK_OK) return;
    /* Less than asked for: the end, or a fault that the next call tells. */
    if (got == 0) b->last = true;
    if (from == NULL) return; /* the kind of line ends is not known yet */
    close_line(t, b);
    b->lines = after_last(b->text, b->used, t->end);
}

/* Cuts the whole lines of a block into chunks. */
static void cut(const table *t, block *b, size_t begin) {
    uint32_t threads = t->pool != NULL ? ink_pool_threads(t->pool) : 1;
    uint32_t parts = threads == 1 ? 1 : threads * CHUNKS_EACH < CHUNKS_MAX ? threads * CHUNKS_EACH : CHUNKS_MAX;
    size_t each = (b->lines - begin) / parts + 1;
    b->n_chunks = 0;
    while (begin < b->lines) {
        size_t end = b->lines;
        if (b->lines - begin > each && b->n_chunks + 1 < CHUNKS_MAX) {
            const uint8_t *stop = memchr(b->text + begin + each, t->end, b->lines - begin - each);
            if (stop != NULL) end = (size_t)(stop - b->text) + 1;
        }
        chunk *c = &b->chunks[b->n_chunks++];
        c->begin = b->text + begin;
        c->end = b->text + end;
        c->rows = 0;
        c->stopped = NULL;
        begin = end;
    }
}

static uint64_t count_lines(const uint8_t *p, const uint8_t *end, uint8_t byte) {
    uint64_t n = 0;
    while (p < end) {
        p = memchr(p, byte, (size_t)(end - p));
        if (p == NULL) break;
        p++;
        n++;
    }
    return n;
}

/* Gives each chunk its first row, and makes room for all of them. */
static ink_status place_rows(table *t, block *b, ink_error *err) {
    uint64_t rows = t->rows;
    for (uint32_t i = 0; i < b->n_chunks; i++) {
        chunk *c = &b->chunks[i];
        c->row = (uint32_t)rows;
        /* The last chunk need not be counted: a line has at least two bytes per field, or is no good row. */
        rows += i + 1 < b->n_chunks ? count_lines(c->begin, c->end, t->end)
                                    : (uint64_t)(c->end - c->begin) / (2 * t->layout.fields) + 1;
    }
    if (rows <= t->capacity) return INK_OK;
    if (rows > UINT32_MAX) return ink_fail(err, INK_E_DATA, "%s: too many rows", t->layout.file);
    uint64_t size, wanted = rows + rows / 2, read = b->offset + b->lines;
    if (ink_source_size(t->source, &size) && read > 0 && size / read < UINT32_MAX / rows) {
        wanted = rows * (size / read + 1); /* memory that is never touched costs nothing */
        if (wanted > size / (2 * t->layout.fields) + 1) wanted = size / (2 * t->layout.fields) + 1;
        if (wanted < rows) wanted = rows;
    }
    if (wanted > UINT32_MAX) wanted = UINT32_MAX;
    uint8_t *pixels = ink_mem_resize(t->out->pixels, (size_t)wanted, INK_CSV_PIXELS);
    if (pixels == NULL) return ink_fail_memory(err, wanted * INK_CSV_PIXELS, "the images");
    t->out->pixels = pixels;
    if (t->layout.label != INK_CSV_NONE) {
        uint8_t *labels = ink_mem_resize(t->out->labels, (size_t)wanted, 1);
        if (labels == NULL) return ink_fail_memory(err, wanted, "the labels");
        t->out->labels = labels;
    }
    t->capacity = wanted;
    return INK_OK;
}

/* ---- parsing ---- */

static void store(const table *t, size_t row, const uint8_t *values) {
    const ink_csv_layout *layout = &t->layout;
    uint8_t *pixels = t->out->pixels + row * INK_CSV_PIXELS;
    if (layout->label != INK_CSV_NONE) t->out->labels[row] = values[layout->label];
    if (layout->straight) {
        memcpy(pixels, values + (layout->label == 0), INK_CSV_PIXELS);
        return;
    }
    for (uint32_t i = 0; i < layout->fields; i++) {
        if (i != layout->label) pixels[layout->pixel_of[i]] = values[i];
    }
}

/* The row at p by the fast path; NULL: it is not for it. */
static const uint8_t *parse_fast(const table *t, const uint8_t *p, uint8_t *values) {
    const ink_csv_layout *layout = &t->layout;
    const uint8_t *next = t->fast(p, t->fast_end, layout->fields, values);
    if (next == NULL || (layout->label != INK_CSV_NONE && values[layout->label] > 9)) return NULL;
    if (t->fast_end == t->end) return next;
    return *next == t->end ? next + 1 : NULL;
}

static void parse_chunk(void *context, uint32_t number) {
    table *t = context;
    const block *b = t->now;
    chunk *c = &b->chunks[number];
    uint8_t values[INK_CSV_FIELDS_MAX + INK_CSV_PAD];
    for (const uint8_t *p = c->begin; p < c->end;) {
        const uint8_t *next = parse_fast(t, p, values);
        if (next == NULL) {
            const uint8_t *stop = memchr(p, t->end, (size_t)(c->end - p));
            next = stop != NULL ? stop + 1 : c->end;
            size_t length = (size_t)(next - p);
            /* The line's number is only known once the chunks before are done: complete() sets it. */
            const ink_csv_place place = {.line = 1, .offset = b->offset + (uint64_t)(p - b->text)};
            c->blank = ink_csv_row_blank(p, length);
            if (c->blank || ink_csv_row_exact(&t->layout, p, length, place, values, NULL) != INK_OK) {
                c->stopped = p;
                return;
            }
        }
        store(t, (size_t)c->row + c->rows, values);
        c->rows++;
        p = next;
    }
}

/* Task 0 reads the next block, the others parse. */
static void work(void *context, uint32_t task, uint32_t worker) {
    table *t = context;
    (void)worker;
    if (task == 0) {
        if (!t->now->last && t->now->status == INK_OK) fill(t, t->next, t->now);
    } else {
        parse_chunk(t, task - 1);
    }
}

static void run(table *t) {
    uint32_t tasks = t->now->n_chunks + 1;
    if (t->pool != NULL && ink_pool_threads(t->pool) > 1) {
        ink_pool_each(t->pool, tasks, work, t);
        return;
    }
    /* One thread parses first, while the block is still in its cache. */
    for (uint32_t task = 1; task < tasks; task++) work(t, task, 0);
    work(t, 0, 0);
}

/* ---- ends and faults ---- */

static ink_status add_rows(const table *t, ink_status status, ink_error *err) {
    if (err == NULL || status == INK_E_MEMORY) return status;
    size_t length = strlen(err->text);
    snprintf(err->text + length, sizeof err->text - length, " (after row %llu)", (unsigned long long)t->rows);
    return status;
}

static ink_status fail_endless(table *t, uint64_t line, ink_error *err) {
    char what[64];
    t->endless = true;
    snprintf(what, sizeof what, "the line is longer than %zu bytes", INK_CSV_LINE_MAX);
    return ink_fail_line(err, INK_E_DATA, t->layout.file, line, 0, NULL, NULL, what);
}

/* Stopped at an empty line: fine when nothing but such lines follow. */
static ink_status end_at_blank(table *t, const uint8_t *line, uint64_t number, ink_error *err) {
    block *b = t->now;
    const uint64_t offset = b->offset + (uint64_t)(line - b->text);
    bool blank = ink_csv_row_blank(line, b->used - (size_t)(line - b->text));
    while (blank && b->status == INK_OK && !b->last) {
        /* The next block was read already; its front is the rest of this one. */
        b = t->next;
        t->next = t->now;
        t->now = b;
        if (b->status != INK_OK) break;
        blank = ink_csv_row_blank(b->text, b->used);
        b->lines = b->used;
        if (blank && !b->last) fill(t, t->next, b);
    }
    if (b->status != INK_OK && blank) {
        if (err != NULL) *err = b->fault;
        return add_rows(t, b->status, err);
    }
    if (blank) return INK_OK;
    ink_fail_line(err, INK_E_DATA, t->layout.file, number, 0, NULL, NULL, "an empty line stands between the rows");
    if (err != NULL) {
        err->has_byte = 1;
        err->byte = offset;
    }
    return INK_E_DATA;
}

/* After a block was parsed: adds its rows, or tells its first fault. *ended: the table is over. */
static ink_status complete(table *t, bool *ended, ink_error *err) {
    block *b = t->now;
    for (uint32_t i = 0; i < b->n_chunks; i++) {
        chunk *c = &b->chunks[i];
        t->rows += c->rows;
        t->line += c->rows;
        if (c->stopped == NULL) continue;
        *ended = true;
        if (c->blank) return end_at_blank(t, c->stopped, t->line, err);
        /* Again, now that the line's number is known. */
        uint8_t values[INK_CSV_FIELDS_MAX];
        const uint8_t *stop = memchr(c->stopped, t->end, (size_t)(c->end - c->stopped));
        size_t length = (size_t)((stop != NULL ? stop + 1 : c->end) - c->stopped);
        const ink_csv_place place = {.line = t->line, .offset = b->offset + (uint64_t)(c->stopped - b->text)};
        ink_status status = ink_csv_row_exact(&t->layout, c->stopped, length, place, values, err);
        if (status == INK_E_DATA && b->open && c->stopped + length == b->text + b->used) {
            ink_hint(err, "the file ends in the middle of this line: is it whole?");
        }
        return status;
    }
    *ended = b->last;
    if (b->status != INK_OK) {
        *ended = true;
        if (err != NULL) *err = b->fault;
        return add_rows(t, b->status, err);
    }
    if (!b->last && b->used - b->lines >= INK_CSV_LINE_MAX) {
        *ended = true;
        return fail_endless(t, t->line, err);
    }
    return INK_OK;
}

/* ---- the first line ---- */

static ink_status check_encoding(const uint8_t *text, size_t size, const char *file, ink_error *err) {
    const char *kind = NULL;
    if (size >= 4 && (memcmp(text, "\xff\xfe\0\0", 4) == 0 || memcmp(text, "\0\0\xfe\xff", 4) == 0)) {
        kind = "UTF-32";
    } else if (size >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0)) {
        kind = "UTF-16";
    }
    if (kind != NULL) return ink_fail(err, INK_E_DATA, "%s: the file is %s; save it as UTF-8", file, kind);
    for (size_t i = 0; i < size && i < TEXT_LOOKED_AT; i++) {
        if (text[i] < ' ' && text[i] != '\n' && text[i] != '\r' && text[i] != '\t') {
            return ink_fail_byte(err, INK_E_DATA, file, i, NULL, NULL, "this is no text, so no table");
        }
    }
    return INK_OK;
}

static ink_status fail_no_rows(const table *t, ink_error *err) {
    ink_fail(err, INK_E_DATA, "%s: no data rows", t->layout.file);
    if (t->layout.header) ink_hint(err, "there is a header and nothing below it");
    return INK_E_DATA;
}

/* Reads until the first line is whole: its length with its end, 0 when the file is empty. */
static ink_status first_line(table *t, size_t bom, size_t *length, ink_error *err) {
    block *b = t->now;
    for (;;) {
        const uint8_t *begin = b->text + bom, *end = b->text + b->used;
        const uint8_t *p = begin;
        while (p < end && *p != '\n' && *p != '\r') p++;
        /* A CR at the end of what there is may be half of a CR LF. */
        if (p < end && (p + 1 < end || *p == '\n' || b->last)) {
            t->layout.ends = *p == '\n' ? INK_CSV_LF : p + 1 < end && p[1] == '\n' ? INK_CSV_CRLF : INK_CSV_CR;
            *length = (size_t)(p - begin) + (t->layout.ends == INK_CSV_CRLF ? 2 : 1);
            return INK_OK;
        }
        if (b->last) {
            t->layout.ends = INK_CSV_LF;
            *length = (size_t)(end - begin);
            return INK_OK;
        }
        if (b->used >= INK_CSV_LINE_MAX) return fail_endless(t, 1, err);
        size_t got = 0;
        ink_status status = ink_source_read(t->source, b->text + b->used, t->block_bytes, &got, err);
        if (status != INK_OK) return add_rows(t, status, err);
        b->used += got;
        if (got == 0) b->last = true;
    }
}

/* Reads the first block and the layout; *begin: where the rows begin in it. */
static ink_status begin(table *t, size_t *begins, ink_error *err) {
    block *b = t->now;
    size_t length = 0, bom = 0;
    fill(t, b, NULL);
    if (b->status != INK_OK) {
        if (err != NULL) *err = b->fault;
        return b->status;
    }
    ink_status status = check_encoding(b->text, b->used, t->layout.file, err);
    if (status != INK_OK) return status;
    if (b->used >= 3 && memcmp(b->text, "\xef\xbb\xbf", 3) == 0) bom = 3;
    status = first_line(t, bom, &length, err);
    if (status != INK_OK) return status;
    if (ink_csv_row_blank(b->text + bom, length)) {
        if (ink_csv_row_blank(b->text + bom, b->used - bom)) return fail_no_rows(t, err);
        return ink_fail_line(err, INK_E_DATA, t->layout.file, 1, 0, NULL, NULL, "the first line is empty");
    }
    t->end = t->layout.ends == INK_CSV_CR ? '\r' : '\n';
    t->fast_end = t->layout.ends == INK_CSV_LF ? '\n' : '\r';
    status = ink_csv_layout_of(&t->layout, b->text + bom, length, bom, err);
    if (status != INK_OK) return status;
    *begins = bom + (t->layout.header ? length : 0);
    t->line = t->layout.header ? 2 : 1;
    close_line(t, b);
    b->lines = after_last(b->text, b->used, t->end);
    if (b->lines < *begins) *begins = b->lines; /* a header without an end, and nothing behind it */
    return INK_OK;
}

static ink_status read_table(table *t, ink_error *err) {
    size_t begins = 0;
    bool ended = false;
    ink_status status = make_blocks(t, err);
    if (status == INK_OK) status = begin(t, &begins, err);
    while (status == INK_OK && !ended) {
        cut(t, t->now, begins);
        status = place_rows(t, t->now, err);
        if (status != INK_OK) break;
        run(t);
        status = complete(t, &ended, err);
        block *done = t->now;
        t->now = t->next;
        t->next = done;
        begins = 0;
    }
    if (status == INK_OK && t->rows == 0) status = fail_no_rows(t, err);
    return status;
}

/* A fault in a line of a table that came out of gzip: when the gzip data is damaged, which shows
 * behind the nonsense that comes out of it, that is the fault. */
static void look_behind(const table *t, ink_error *err) {
    ink_error fault;
    size_t got = 1;
    ink_status status = INK_OK;
    if (err == NULL || err->line == 0 || t->endless || !ink_source_is_gzip(t->source)) return;
    while (status == INK_OK && got > 0) {
        status = ink_source_read(t->source, t->now->text, t->block_bytes, &got, &fault);
    }
    if (status == INK_E_DATA) *err = fault;
}

ink_status ink_csv_read(ink_source *source, ink_csv_kind kind, ink_pool *pool, ink_images *out, ink_error *err) {
    memset(out, 0, sizeof *out);
    table t = {.source = source, .pool = pool, .fast = picked()->fast, .out = out};
    t.layout.file = ink_source_name(source);
    t.layout.kind = kind;
    ink_status status = read_table(&t, err);
    if (status == INK_E_DATA) look_behind(&t, err);
    for (int i = 0; i < 2; i++) {
        ink_mem_free(t.blocks[i].memory);
        ink_mem_free(t.blocks[i].chunks);
    }
    if (status != INK_OK) {
        ink_images_free(out);
        return status;
    }
    /* Gives back what was reserved in advance; a failure leaves the larger block, which is fine. */
    uint8_t *pixels = ink_mem_resize(out->pixels, (size_t)t.rows, INK_CSV_PIXELS);
    if (pixels != NULL) out->pixels = pixels;
    uint8_t *labels = out->labels != NULL ? ink_mem_resize(out->labels, (size_t)t.rows, 1) : NULL;
    if (labels != NULL) out->labels = labels;
    out->count = (uint32_t)t.rows;
    out->height = out->width = INK_CSV_SIDE;
    return INK_OK;
}

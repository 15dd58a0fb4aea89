/* api/pages_score.c: `inkling eval --pages`: what is read on labelled pages, beside what stands there.
 * Pages and labels come from pages_make.c. */
#include <stdatomic.h>
#include <string.h>

#include "api/json.h"
#include "api/reader.h"
#include "core/clock.h"
#include "core/mem.h"
#include "core/status.h"
#include "files/folder.h"
#include "report/text.h"

#define LABELS_BYTES_MAX ((size_t)256 << 20)
#define DIGITS_MOST      4096u
#define OVERLAP          0.4 /* of the smaller box: then two boxes are of one digit */

typedef struct truth {
    int digit, line, string;
    int64_t x, y, width, height;
    uint32_t match; /* number of the digit that was read there; UINT32_MAX: none */
} truth;

typedef struct job {
    const char *dir;
    const ink_read_options *options;
    json_t *pages;
    ink_readers readers;
    ink_eval_pages_result *scores; /* [threads]: of each worker; sums do not depend on the order */
    ink_error *errors;             /* [threads] */
    ink_counted counted;
    atomic_uint done;
    atomic_bool stop;
} job;

/* ---- labels ---- */

static ink_status bad_labels(const char *dir, const char *why, ink_error *err) {
    ink_fail(err, INK_E_DATA, "%s/labels.json: %s", dir, why);
    ink_hint(err, "'inkling data pages DIR' makes a folder of labelled pages");
    return INK_E_DATA;
}

static ink_status open_labels(const char *dir, json_t **root, json_t **pages, ink_error *err) {
    char path[INK_PATH_SIZE];
    uint8_t *bytes = NULL;
    size_t size = 0;
    ink_source *source = NULL;
    json_error_t why;
    ink_status status = ink_folder_path(dir, "labels.json", path, sizeof path, err);
    if (status == INK_OK) status = ink_source_open(path, &source, err);
    if (status == INK_OK) status = ink_source_read_all(source, LABELS_BYTES_MAX, &bytes, &size, err);
    ink_source_close(source);
    if (status != INK_OK) return status;
    *root = json_loadb((const char *)bytes, size, JSON_REJECT_DUPLICATES, &why);
    ink_mem_free(bytes);
    if (*root == NULL) return bad_labels(dir, why.text, err);
    *pages = json_object_get(*root, "pages");
    if (!json_is_array(*pages) || json_array_size(*pages) == 0 || json_array_size(*pages) > INK_POOL_TASKS_MAX) {
        return bad_labels(dir, "no list \"pages\" in it", err);
    }
    return INK_OK;
}

static bool whole(const json_t *object, const char *key, int least, int most, int *out) {
    const json_t *v = json_object_get(object, key);
    if (!json_is_integer(v) || json_integer_value(v) < least || json_integer_value(v) > most) return false;
    *out = (int)json_integer_value(v);
    return true;
}

static bool read_truth(const json_t *digit, truth *t) {
    const json_t *box = json_object_get(digit, "box");
    int64_t *side[4] = {&t->x, &t->y, &t->width, &t->height};
    if (!whole(digit, "digit", 0, 9, &t->digit) || !whole(digit, "line", 0, 100000, &t->line) ||
        !whole(digit, "string", 0, 100000, &t->string) || json_array_size(box) != 4) {
        return false;
    }
    for (size_t i = 0; i < 4; i++) {
        const json_t *v = json_array_get(box, i);
        if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > 65000) return false;
        *side[i] = json_integer_value(v);
    }
    t->match = UINT32_MAX;
    return true;
}

/* ---- comparing ---- */

static int64_t common(int64_t a, int64_t a_length, int64_t b, int64_t b_length) {
    int64_t from = a > b ? a : b, to = a + a_length < b + b_length ? a + a_length : b + b_length;
    return to > from ? to - from : 0;
}

/* Shared area over the smaller box's. */
static double overlap(const truth *t, const ink_page_digit *d) {
    int64_t both = common(t->x, t->width, d->x, d->width) * common(t->y, t->height, d->y, d->height);
    int64_t a = t->width * t->height, b = (int64_t)d->width * d->height;
    return a > 0 && b > 0 ? (double)both / (double)(a < b ? a : b) : 0;
}

/* Pairs each label with the digit read that covers it best, the best pairs first. taken: [page->count] zeroed. */
static void match(truth *t, uint32_t n, const ink_page *page, uint8_t *taken) {
    for (;;) {
        double best = OVERLAP;
        uint32_t best_t = UINT32_MAX, best_d = 0;
        for (uint32_t i = 0; i < n; i++) {
            if (t[i].match != UINT32_MAX) continue;
            for (uint32_t k = 0; k < page->count; k++) {
                double o = taken[k] ? 0 : overlap(&t[i], &page->digits[k]);
                if (o <= best) continue;
                best = o;
                best_t = i;
                best_d = k;
            }
        }
        if (best_t == UINT32_MAX) return;
        t[best_t].match = best_d;
        taken[best_d] = 1;
    }
}

static bool is_right(const truth *t, const ink_page *page) {
    return t->match != UINT32_MAX && page->digits[t->match].digit == t->digit;
}

/* A digit that was read where none is, between the digits of this string. */
static bool has_extra(const truth *t, uint32_t n, const ink_page *page, const uint8_t *taken) {
    int64_t left = INT64_MAX, right = 0, top = INT64_MAX, bottom = 0;
    for (uint32_t i = 0; i < n; i++) {
        left = t[i].x < left ? t[i].x : left;
        top = t[i].y < top ? t[i].y : top;
        right = t[i].x + t[i].width > right ? t[i].x + t[i].width : right;
        bottom = t[i].y + t[i].height > bottom ? t[i].y + t[i].height : bottom;
    }
    for (uint32_t k = 0; k < page->count; k++) {
        int64_t x = page->digits[k].x + page->digits[k].width / 2, y = page->digits[k].y + page->digits[k].height / 2;
        if (!taken[k] && x >= left && x < right && y >= top && y < bottom) return true;
    }
    return false;
}

/* Strings are whole when every digit is right and nothing else was read among them. */
static void score_strings(const truth *t, uint32_t n, const ink_page *page, const uint8_t *taken,
                          ink_eval_pages_result *s) {
    for (uint32_t i = 0; i < n;) {
        uint32_t end = i;
        bool right = true;
        for (; end < n && t[end].string == t[i].string; end++) right = right && is_right(&t[end], page);
        s->strings++;
        s->strings_right += right && !has_extra(t + i, end - i, page, taken);
        i = end;
    }
}

/* Lines are whole when one line of the page says exactly this, blanks aside: order and rows count too. */
static void score_lines(const truth *t, uint32_t n, const ink_page *page, ink_eval_pages_result *s) {
    for (uint32_t i = 0; i < n;) {
        uint32_t end = i, k = 0;
        while (end < n && t[end].line == t[i].line) end++;
        s->lines++;
        while (k < page->count) {
            uint32_t last = k, at = i;
            bool same = true;
            for (; last < page->count && page->digits[last].line == page->digits[k].line; last++) {
                same = same && at < end && page->digits[last].digit == t[at].digit;
                at++;
            }
            if (same && at == end) {
                s->lines_right++;
                break;
            }
            k = last;
        }
        i = end;
    }
}

static void score_page(truth *t, uint32_t n, const ink_page *page, uint8_t *taken, ink_eval_pages_result *s) {
    uint32_t extra = 0;
    match(t, n, page, taken);
    for (uint32_t k = 0; k < page->count; k++) extra += !taken[k] && page->digits[k].digit != INK_PAGE_UNSURE;
    if (n == 0) {
        s->empty_pages++;
        s->false_digits += extra;
        return;
    }
    s->pages++;
    s->extra += extra;
    s->digits += n;
    for (uint32_t i = 0; i < n; i++) {
        if (t[i].match == UINT32_MAX) continue;
        s->found++;
        s->right += is_right(&t[i], page);
        s->unsure += page->digits[t[i].match].digit == INK_PAGE_UNSURE;
    }
    score_strings(t, n, page, taken, s);
    score_lines(t, n, page, s);
}

static ink_status eval_page(job *j, uint32_t number, ink_reader *reader, ink_eval_pages_result *s, ink_error *err) {
    const json_t *entry = json_array_get(j->pages, number), *digits = json_object_get(entry, "digits");
    const char *file = json_string_value(json_object_get(entry, "file"));
    char path[INK_PATH_SIZE];
    ink_page page = {0};
    truth *t = NULL;
    uint8_t *taken = NULL;
    size_t n = json_array_size(digits);
    if (file == NULL || strchr(file, '/') != NULL || !json_is_array(digits) || n > DIGITS_MOST) {
        return bad_labels(j->dir, "a page without \"file\" or \"digits\"", err);
    }
    ink_status status = ink_folder_path(j->dir, file, path, sizeof path, err);
    if (status != INK_OK) return status;
    double start = ink_clock_s();
    status = ink_reader_read(reader, path, j->options->sure, NULL, &page, NULL, err);
    s->seconds += ink_clock_s() - start;
    if (status != INK_OK) return status;
    t = ink_mem_new(n + 1, sizeof *t);
    taken = ink_mem_new((size_t)page.count + 1, 1);
    if (t == NULL || taken == NULL) status = ink_fail_memory(err, n * sizeof *t, "labels");
    for (size_t i = 0; i < n && status == INK_OK; i++) {
        if (!read_truth(json_array_get(digits, i), &t[i])) status = bad_labels(j->dir, "a digit that is none", err);
    }
    if (status == INK_OK) score_page(t, (uint32_t)n, &page, taken, s);
    ink_mem_free(t);
    ink_mem_free(taken);
    ink_page_clear(&page);
    return status;
}

static void eval_task(void *context, uint32_t task, uint32_t worker) {
    job *j = context;
    if (atomic_load(&j->stop)) return;
    if (eval_page(j, task, &j->readers.at[worker], &j->scores[worker], &j->errors[worker]) != INK_OK) {
        atomic_store(&j->stop, true);
    }
    unsigned done = atomic_fetch_add(&j->done, 1) + 1;
    if (worker == 0 && ink_counted_tell(&j->counted, done, json_array_size(j->pages)) != 0) {
        (void)ink_fail(&j->errors[0], INK_E_STOPPED, "stopped after %u pages", done);
        atomic_store(&j->stop, true);
    }
}

/* ---- the report ---- */

static void add_scores(ink_eval_pages_result *sum, const ink_eval_pages_result *s) {
    sum->pages += s->pages;
    sum->empty_pages += s->empty_pages;
    sum->digits += s->digits;
    sum->found += s->found;
    sum->right += s->right;
    sum->unsure += s->unsure;
    sum->extra += s->extra;
    sum->false_digits += s->false_digits;
    sum->strings += s->strings;
    sum->strings_right += s->strings_right;
    sum->lines += s->lines;
    sum->lines_right += s->lines_right;
    sum->seconds += s->seconds;
}

static void write_share(ink_text *t, const char *name, uint32_t part, uint32_t whole_count) {
    size_t start = t->length;
    ink_text_add(t, name);
    ink_text_pad(t, start, 22);
    if (whole_count > 0) {
        ink_text_fixed(t, 100.0 * part / whole_count, 2);
        ink_text_format(t, " %%   %u of %u\n", part, whole_count);
    } else {
        ink_text_add(t, "-\n");
    }
}

static ink_status write_report(ink_eval_pages_result *r, ink_error *err) {
    ink_text t = {0};
    uint32_t pages = r->pages + r->empty_pages;
    ink_text_format(&t, "%u pages with %u digits, %u without\n", r->pages, r->digits, r->empty_pages);
    write_share(&t, "digits right", r->right, r->digits);
    write_share(&t, "digits found", r->found, r->digits);
    write_share(&t, "digits unsure", r->unsure, r->digits);
    write_share(&t, "digits wrong", r->wrong, r->digits);
    write_share(&t, "numbers right", r->strings_right, r->strings);
    write_share(&t, "lines right", r->lines_right, r->lines);
    ink_text_format(&t, "%u digits read beside the true ones, %u on pages without digits\n", r->extra, r->false_digits);
    ink_text_fixed(&t, pages > 0 ? 1000.0 * r->seconds / pages : 0, 1);
    ink_text_add(&t, " ms for a page\n");
    ink_status status = ink_text_give(&t, "the report", &r->text, err);
    if (status != INK_OK) return status;
    json_t *root = json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:f}", "schema",
                             "inkling/eval-pages/1", "pages", (int)r->pages, "empty_pages", (int)r->empty_pages,
                             "digits", (int)r->digits, "found", (int)r->found, "right", (int)r->right, "wrong",
                             (int)r->wrong, "unsure", (int)r->unsure, "extra", (int)r->extra, "false_digits",
                             (int)r->false_digits, "strings", (int)r->strings, "strings_right", (int)r->strings_right,
                             "lines", (int)r->lines, "lines_right", (int)r->lines_right, "seconds", r->seconds);
    status = ink_json_give(root, &r->json, err);
    if (status != INK_OK) {
        ink_mem_free(r->text);
        r->text = NULL;
    }
    return status;
}

ink_status ink_work_eval_pages(const char *dir, const ink_read_options *options, const ink_watch *watch,
                               ink_eval_pages_result *result, ink_error *err) {
    json_t *root = NULL;
    job j = {.dir = dir,
             .options = options,
             .counted = {.watch = watch, .phase = "reading", .unit = "pages", .started_s = ink_clock_s()}};
    *result = (ink_eval_pages_result){0};
    ink_status status = open_labels(dir, &root, &j.pages, err);
    if (status == INK_OK) status = ink_readers_open(options, json_array_size(j.pages), &j.readers, err);
    if (status != INK_OK) goto done;
    j.scores = ink_mem_new(j.readers.n, sizeof *j.scores);
    j.errors = ink_mem_new(j.readers.n, sizeof *j.errors);
    if (j.scores == NULL || j.errors == NULL) {
        status = ink_fail_memory(err, j.readers.n * sizeof *j.errors, "scores");
        goto done;
    }
    ink_pool_each(j.readers.pool, (uint32_t)json_array_size(j.pages), eval_task, &j);
    for (uint32_t i = 0; i < j.readers.n && status == INK_OK; i++) {
        add_scores(result, &j.scores[i]);
        if (j.errors[i].status == INK_OK) continue;
        status = j.errors[i].status;
        if (err != NULL) *err = j.errors[i];
    }
    result->wrong = result->found - result->right - result->unsure;
    if (status == INK_OK) status = write_report(result, err);
done:
    ink_mem_free(j.scores);
    ink_mem_free(j.errors);
    ink_readers_close(&j.readers);
    json_decref(root);
    if (status != INK_OK) *result = (ink_eval_pages_result){0};
    return status;
}

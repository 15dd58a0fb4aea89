/* files/submission.c: id and label, a line each: written, read again and compared.
 * It sends nothing to anybody. */
#include "files/submission.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "files/write.h"

#define SUBMISSION_MAX ((size_t)256 << 20) /* bytes of a submission; Kaggle's has 0.2 MB */

/* ---- reading ---- */

/* A line of a small table; its end is not part of it. */
typedef struct line {
    const char *text;
    size_t length;
    uint64_t number;
} line;

/* The next line at *at; false at the end. Any of LF, CR LF and CR ends a line. */
static bool next_line(const char *text, size_t size, size_t *at, line *l) {
    if (*at >= size) return false;
    size_t end = *at;
    while (end < size && text[end] != '\n' && text[end] != '\r') end++;
    l->text = text + *at;
    l->length = end - *at;
    l->number++;
    if (end + 1 < size && text[end] == '\r' && text[end + 1] == '\n') end++;
    *at = end + 1;
    return true;
}

/* Field `number` (0 or 1) of a line of two, without quotes and spaces; false: there are not two. */
static bool field_of(const line *l, int number, const char **text, size_t *length) {
    const char *comma = l->length > 0 ? memchr(l->text, ',', l->length) : NULL;
    if (comma == NULL) return false;
    const char *begin = number == 0 ? l->text : comma + 1, *end = number == 0 ? comma : l->text + l->length;
    if (number == 1 && memchr(begin, ',', (size_t)(end - begin)) != NULL) return false;
    while (begin < end && *begin == ' ') begin++;
    while (end > begin && end[-1] == ' ') end--;
    if (end - begin >= 2 && *begin == '"' && end[-1] == '"') {
        begin++;
        end--;
    }
    *text = begin;
    *length = (size_t)(end - begin);
    return true;
}

static bool is_blank(const line *l) {
    for (size_t i = 0; i < l->length; i++) {
        if (l->text[i] != ' ') return false;
    }
    return true;
}

static ink_status fail_field(const char *file, const line *l, int number, const char *text, size_t length,
                             const char *wanted, ink_error *err) {
    char shown[176];
    ink_escape(shown, sizeof shown, text, length, 40);
    return ink_fail_line(err, INK_E_DATA, file, l->number, (uint64_t)number + 1, shown, wanted,
                         number == 0 ? "ImageId" : "Label");
}

/* One number of a line, low .. high. */
static ink_status number_of(const char *file, const line *l, int number, uint64_t low, uint64_t high,
                            const char *wanted, uint64_t *value, ink_error *err) {
    const char *text = l->text;
    size_t length = l->length;
    uint64_t v = 0;
    if (!field_of(l, number, &text, &length)) {
        char shown[176];
        ink_escape(shown, sizeof shown, l->text, l->length, 40);
        return ink_fail_line(err, INK_E_DATA, file, l->number, 0, shown, "two fields, ImageId,Label", "the line");
    }
    bool good = length > 0;
    for (size_t i = 0; i < length && good; i++) {
        good = text[i] >= '0' && text[i] <= '9';
        v = v * 10 + (uint64_t)(good ? text[i] - '0' : 0);
        if (v > high) good = false;
    }
    if (!good || v < low) return fail_field(file, l, number, text, length, wanted, err);
    *value = v;
    return INK_OK;
}

static ink_status check_header(const char *file, const line *l, ink_error *err) {
    static const char *const names[] = {"ImageId", "Label"};
    for (int i = 0; i < 2; i++) {
        const char *text = l->text;
        size_t length = l->length;
        if (!field_of(l, i, &text, &length)) {
            text = l->text;
            length = l->length;
        } else if (length == strlen(names[i]) && memcmp(text, names[i], length) == 0) {
            continue;
        }
        char shown[176];
        ink_escape(shown, sizeof shown, text, length, 40);
        return ink_fail_line(err, INK_E_DATA, file, 1, (uint64_t)i + 1, shown, "ImageId,Label", "the header");
    }
    return INK_OK;
}

static int compare_ids(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* No id twice. */
static ink_status check_ids(const char *file, const ink_submission *s, ink_error *err) {
    uint32_t *sorted = ink_mem_new(s->count, sizeof *sorted);
    if (sorted == NULL) return ink_fail_memory(err, s->count * sizeof *sorted, file);
    memcpy(sorted, s->ids, s->count * sizeof *sorted);
    qsort(sorted, s->count, sizeof *sorted, compare_ids);
    uint32_t twice = 0, found = 0;
    for (uint32_t i = 1; i < s->count && twice == 0; i++) {
        if (sorted[i] == sorted[i - 1]) twice = sorted[i];
    }
    ink_mem_free(sorted);
    if (twice == 0) return INK_OK;
    for (uint32_t i = 0; i < s->count; i++) {
        char shown[16];
        if (s->ids[i] != twice || found++ == 0) continue;
        snprintf(shown, sizeof shown, "%u", twice);
        return ink_fail_line(err, INK_E_DATA, file, (uint64_t)i + 2, 1, shown, NULL, "an ImageId is there twice");
    }
    return INK_OK;
}

static ink_status parse(const char *text, size_t size, const char *file, ink_submission *out, ink_error *err) {
    size_t at = size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    /* A row has at least four bytes: "1,2" and its end, which the last may lack. */
    size_t room = size / 4 + 1;
    line l = {0};
    if (!next_line(text, size, &at, &l)) return ink_fail(err, INK_E_DATA, "%s: no rows", file);
    ink_status status = check_header(file, &l, err);
    if (status != INK_OK) return status;
    out->ids = ink_mem_new(room, sizeof *out->ids);
    out->labels = ink_mem_new(room, 1);
    if (out->ids == NULL || out->labels == NULL) return ink_fail_memory(err, room * 5, file);
    uint64_t blank = 0;
    while (next_line(text, size, &at, &l)) {
        uint64_t id = 0, label = 0;
        if (is_blank(&l)) {
            if (blank == 0) blank = l.number;
            continue;
        }
        if (blank > 0) {
            return ink_fail_line(err, INK_E_DATA, file, blank, 0, NULL, NULL, "an empty line stands between the rows");
        }
        status = number_of(file, &l, 0, 1, UINT32_MAX, "a number from 1", &id, err);
        if (status == INK_OK) status = number_of(file, &l, 1, 0, 9, "a digit 0..9", &label, err);
        if (status != INK_OK) return status;
        out->ids[out->count] = (uint32_t)id;
        out->labels[out->count++] = (uint8_t)label;
    }
    if (out->count == 0) return ink_fail(err, INK_E_DATA, "%s: no rows", file);
    return check_ids(file, out, err);
}

ink_status ink_submission_read(ink_source *source, ink_submission *out, ink_error *err) {
    uint8_t *bytes = NULL;
    size_t size = 0;
    memset(out, 0, sizeof *out);
    ink_status status = ink_source_read_all(source, SUBMISSION_MAX, &bytes, &size, err);
    if (status != INK_OK) return status;
    status = parse((const char *)bytes, size, ink_source_name(source), out, err);
    if (status != INK_OK) ink_submission_free(out);
    ink_mem_free(bytes);
    return status;
}

void ink_submission_free(ink_submission *submission) {
    if (submission == NULL) return;
    ink_mem_free(submission->ids);
    ink_mem_free(submission->labels);
    memset(submission, 0, sizeof *submission);
}

ink_status ink_submission_match(const ink_submission *sample, const char *name, uint32_t count, ink_error *err) {
    if (sample->count != count) {
        ink_fail(err, INK_E_DATA, "%s asks for %u images, there are %u predictions", name, sample->count, count);
        ink_hint(err, "are the test table and the sample of the same competition?");
        return INK_E_DATA;
    }
    /* As many ids as images, and none twice: if all lie in 1 .. count, all of those are there. */
    for (uint32_t i = 0; i < count; i++) {
        if (sample->ids[i] > count) {
            return ink_fail(err, INK_E_DATA, "%s asks for the image %u; there are only %u", name, sample->ids[i],
                            count);
        }
    }
    return INK_OK;
}

/* ---- writing ---- */

/* Reads the file that is about to get its name, and compares it number by number. */
static ink_status read_again(const char *temporary, const char *path, const uint8_t *labels, uint32_t count,
                             ink_error *err) {
    ink_source *source = NULL;
    ink_submission back;
    ink_status status = ink_source_open(temporary, &source, err);
    if (status != INK_OK) return status;
    status = ink_submission_read(source, &back, err);
    ink_source_close(source);
    if (status == INK_E_DATA) status = ink_fail(err, INK_E_FILE, "%s: what was written cannot be read again", path);
    if (status != INK_OK) return status;
    bool same = back.count == count && memcmp(back.labels, labels, count) == 0;
    for (uint32_t i = 0; same && i < count; i++) same = back.ids[i] == i + 1;
    ink_submission_free(&back);
    if (!same) return ink_fail(err, INK_E_FILE, "%s: read again, it differs from what was written", path);
    return INK_OK;
}

ink_status ink_submission_write(const char *path, const uint8_t *labels, uint32_t count, const ink_submission *sample,
                                const char *sample_name, ink_error *err) {
    ink_file *file = NULL;
    if (count == 0) return ink_fail(err, INK_E_USAGE, "%s: there is nothing to write", path);
    for (uint32_t i = 0; i < count; i++) {
        if (labels[i] > 9) return ink_fail(err, INK_E_USAGE, "prediction %u is %u, no digit", i + 1, labels[i]);
    }
    if (sample != NULL) {
        ink_status match = ink_submission_match(sample, sample_name, count, err);
        if (match != INK_OK) return match;
    }
    ink_status status = ink_file_begin(path, &file, err);
    if (status != INK_OK) return status;
    status = ink_file_print(file, err, "ImageId,Label\n");
    for (uint32_t i = 0; i < count && status == INK_OK; i++) {
        status = ink_file_print(file, err, "%u,%u\n", i + 1, (unsigned)labels[i]);
    }
    if (status == INK_OK) status = ink_file_flush(file, err);
    if (status == INK_OK && ink_file_temporary(file) != NULL) {
        status = read_again(ink_file_temporary(file), path, labels, count, err);
    }
    if (status == INK_OK) return ink_file_commit(file, err);
    ink_file_abandon(file);
    return status;
}

ink_status ink_probabilities_write(const char *path, const float *p, uint32_t count, uint32_t classes, ink_error *err) {
    ink_file *file = NULL;
    ink_status status = ink_file_begin(path, &file, err);
    if (status != INK_OK) return status;
    status = ink_file_print(file, err, "ImageId");
    for (uint32_t k = 0; k < classes && status == INK_OK; k++) status = ink_file_print(file, err, ",p%u", k);
    for (uint32_t i = 0; i < count && status == INK_OK; i++) {
        status = ink_file_print(file, err, "\n%u", i + 1);
        for (uint32_t k = 0; k < classes && status == INK_OK; k++) {
            char number[32];
            snprintf(number, sizeof number, "%.9g", (double)p[(size_t)i * classes + k]);
            for (char *c = number; *c != '\0'; c++) {
                if (*c == ',') *c = '.'; /* a locale's decimal comma */
            }
            status = ink_file_print(file, err, ",%s", number);
        }
    }
    if (status == INK_OK) status = ink_file_write(file, "\n", 1, err);
    if (status == INK_OK) return ink_file_commit(file, err);
    ink_file_abandon(file);
    return status;
}

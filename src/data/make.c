/* data/make.c: synthetic digits written as Kaggle's four files, block by block.
 * It draws none itself: data/synth.c does. */
#include "data/make.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/mem.h"
#include "core/status.h"
#include "data/synth.h"
#include "files/folder.h"
#include "files/write.h"

#define BLOCK     1024u /* digits drawn and written at once */
#define COUNT_MAX 100000000u
#define ROW_BYTES (2 + 4 * (size_t)INK_DIGIT_PIXELS) /* "9," and "255," for each pixel, the last comma a line feed */

enum { TRAIN, TEST, ANSWERS, SAMPLE, N_FILES };
static const char *const names[N_FILES] = {"train.csv", "test.csv", "test_labels.csv", "sample_submission.csv"};

typedef struct making {
    const ink_make *make;
    ink_file *file[N_FILES];
    uint8_t *pixels, *labels; /* of a block */
    char *text;               /* of a block */
    uint64_t done, total;
    char shades[256][4]; /* "255," */
    uint8_t shade_length[256];
} making;

/* The folder is there, and no file in it would be lost. */
static ink_status prepare_folder(const making *m, ink_error *err) {
    struct stat facts;
    char path[4096];
    ink_status status = ink_folder_make(m->make->dir, err);
    for (int i = 0; i < N_FILES && !m->make->force && status == INK_OK; i++) {
        status = ink_folder_path(m->make->dir, names[i], path, sizeof path, err);
        if (status != INK_OK || stat(path, &facts) != 0) continue;
        status = ink_fail(err, INK_E_USAGE, "%s is there already", path);
        ink_hint(err, "--force replaces it; or name another folder");
    }
    return status;
}

static ink_status begin_files(making *m, ink_error *err) {
    char path[4096];
    ink_status status = INK_OK;
    for (int i = 0; i < N_FILES && status == INK_OK; i++) {
        status = ink_folder_path(m->make->dir, names[i], path, sizeof path, err);
        if (status == INK_OK) status = ink_file_begin(path, &m->file[i], err);
    }
    for (int i = 0; i < 2 && status == INK_OK; i++) { /* train.csv, test.csv */
        size_t used = 0;
        if (i == TRAIN) used += (size_t)snprintf(m->text, 16, "label,");
        for (int p = 0; p < INK_DIGIT_PIXELS; p++) used += (size_t)snprintf(m->text + used, 16, "pixel%d,", p);
        m->text[used - 1] = '\n';
        status = ink_file_write(m->file[i], m->text, used, err);
    }
    for (int i = ANSWERS; i < N_FILES && status == INK_OK; i++) {
        status = ink_file_print(m->file[i], err, "ImageId,Label\n");
    }
    return status;
}

/* The rows of a block of n digits as text; returns its length. */
static size_t write_rows(making *m, uint32_t n, bool labelled) {
    char *at = m->text;
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *image = m->pixels + (size_t)i * INK_DIGIT_PIXELS;
        if (labelled) {
            *at++ = (char)('0' + m->labels[i]);
            *at++ = ',';
        }
        for (int p = 0; p < INK_DIGIT_PIXELS; p++) {
            memcpy(at, m->shades[image[p]], 4); /* the text has room behind its last row */
            at += m->shade_length[image[p]];
        }
        at[-1] = '\n';
    }
    return (size_t)(at - m->text);
}

/* Digits first .. first + count - 1 of the series, into train.csv, or into test.csv and the files that go with it. */
static ink_status write_digits(making *m, int which, uint64_t first, uint32_t count, ink_error *err) {
    ink_status status = INK_OK;
    for (uint32_t from = 0; from < count && status == INK_OK; from += BLOCK) {
        uint32_t n = count - from < BLOCK ? count - from : BLOCK;
        ink_synth_digits(m->make->seed, first + from, n, m->make->pool, m->pixels, m->labels);
        size_t length = write_rows(m, n, which == TRAIN);
        status = ink_file_write(m->file[which], m->text, length, err);
        for (uint32_t i = 0; which == TEST && i < n && status == INK_OK; i++) {
            status = ink_file_print(m->file[ANSWERS], err, "%u,%u\n", from + i + 1, m->labels[i]);
            if (status == INK_OK) status = ink_file_print(m->file[SAMPLE], err, "%u,0\n", from + i + 1);
        }
        m->done += n;
        if (status == INK_OK && m->make->progress != NULL &&
            m->make->progress(m->make->context, m->done, m->total) != 0) {
            status = ink_fail(err, INK_E_STOPPED, "stopped after %llu of %llu digits: nothing was written",
                              (unsigned long long)m->done, (unsigned long long)m->total);
        }
    }
    return status;
}

ink_status ink_data_make(const ink_make *make, ink_error *err) {
    if (make->count == 0 || make->count > COUNT_MAX) {
        return ink_fail(err, INK_E_USAGE, "%u digits: between 1 and %u can be made", make->count, COUNT_MAX);
    }
    uint32_t test_count = make->count / 4 > 0 ? make->count / 4 : 1;
    making m = {.make = make, .total = (uint64_t)make->count + test_count};
    for (int shade = 0; shade < 256; shade++) {
        char text[8];
        m.shade_length[shade] = (uint8_t)snprintf(text, sizeof text, "%d,", shade);
        memcpy(m.shades[shade], text, 4);
    }
    ink_status status = prepare_folder(&m, err);
    if (status != INK_OK) return status;
    m.pixels = ink_mem_new(BLOCK, INK_DIGIT_PIXELS);
    m.labels = ink_mem_new(BLOCK, 1);
    m.text = ink_mem_new(BLOCK * ROW_BYTES + 16, 1);
    if (m.pixels == NULL || m.labels == NULL || m.text == NULL) {
        status = ink_fail_memory(err, BLOCK * (ROW_BYTES + INK_DIGIT_PIXELS + 1), "a block of digits");
    }
    if (status == INK_OK) status = begin_files(&m, err);
    if (status == INK_OK) status = write_digits(&m, TRAIN, 0, make->count, err);
    if (status == INK_OK) status = write_digits(&m, TEST, make->count, test_count, err);
    for (int i = 0; i < N_FILES; i++) {
        if (m.file[i] == NULL) continue;
        if (status == INK_OK)
            status = ink_file_commit(m.file[i], err);
        else
            ink_file_abandon(m.file[i]);
    }
    ink_mem_free(m.text);
    ink_mem_free(m.labels);
    ink_mem_free(m.pixels);
    return status;
}

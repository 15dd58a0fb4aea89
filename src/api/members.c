/* api/members.c: reads and writes the list of a run's nets, and the means of what they measured.
 * Training them is train_members.c's business, asking them models.c's. */
#define _POSIX_C_SOURCE 200809L
#include "api/members.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/mem.h"
#include "core/status.h"
#include "files/folder.h"
#include "files/tensors_write.h"
#include "report/runlog.h"

#define PATH_SIZE 1100
#define COLUMNS   6
#define RESULTS   "results"

/* A row of the file: NaN epochs: not done yet. */
typedef double result_row[COLUMNS];

ink_status ink_member_path(const char *folder, uint32_t k, char *path, size_t size, ink_error *err) {
    char name[24];
    snprintf(name, sizeof name, "members/%02u", k + 1);
    return ink_folder_path(folder, name, path, size, err);
}

static ink_status list_path(const char *folder, char path[PATH_SIZE], ink_error *err) {
    return ink_folder_path(folder, INK_MEMBERS_NAME, path, PATH_SIZE, err);
}

bool ink_members_are(const char *folder) {
    struct stat about;
    char path[PATH_SIZE];
    return list_path(folder, path, NULL) == INK_OK && stat(path, &about) == 0;
}

static uint32_t whole(double x) {
    return x >= 0 && x <= 4294967295.0 ? (uint32_t)x : 0;
}

ink_status ink_members_take(const ink_tensors *file, const char *name, ink_members *out, ink_error *err) {
    const ink_tensor *results = ink_tensors_find(file, RESULTS);
    if (results == NULL || results->dtype != INK_F64 || results->rank != 2 || results->dim[1] != COLUMNS ||
        results->dim[0] < 1 || results->dim[0] > INK_MEMBERS_MOST) {
        return ink_fail(err, INK_E_DATA, "%s: no list of nets: expected results, F64, 1 to %d rows of %d", name,
                        INK_MEMBERS_MOST, COLUMNS);
    }
    out->n = (uint32_t)results->dim[0];
    for (uint32_t k = 0; k < out->n; k++) {
        result_row row;
        memcpy(row, results->data + k * sizeof row, sizeof row);
        out->member[k] = (ink_member){.done = isfinite(row[0]) != 0,
                                      .epochs = whole(row[0]),
                                      .train_rows = whole(row[1]),
                                      .val_rows = whole(row[2]),
                                      .errors = whole(row[3]),
                                      .loss = row[4],
                                      .seconds = row[5]};
    }
    return INK_OK;
}

ink_status ink_members_load(const char *folder, ink_members *out, ink_error *err) {
    char path[PATH_SIZE];
    *out = (ink_members){.n = 0};
    ink_status status = list_path(folder, path, err);
    if (status == INK_OK) status = ink_tensors_open(path, &out->file, err);
    if (status == INK_OK) ink_notes_restore(&out->file);
    if (status == INK_OK) status = ink_members_take(&out->file, path, out, err);
    if (status != INK_OK) ink_tensors_free(&out->file);
    return status;
}

ink_status ink_members_save(const char *folder, const ink_members *members, const ink_pair *notes, size_t n_notes,
                            ink_error *err) {
    result_row rows[INK_MEMBERS_MOST];
    char path[PATH_SIZE];
    ink_status status = list_path(folder, path, err);
    if (status != INK_OK) return status;
    for (uint32_t k = 0; k < members->n; k++) {
        const ink_member *m = &members->member[k];
        double row[COLUMNS] = {
            m->done ? (double)m->epochs : (double)NAN, m->train_rows, m->val_rows, m->errors, m->loss, m->seconds};
        memcpy(rows[k], row, sizeof row);
    }
    ink_tensor results = {.name = RESULTS,
                          .dtype = INK_F64,
                          .rank = 2,
                          .dim = {members->n, COLUMNS},
                          .count = (uint64_t)members->n * COLUMNS,
                          .data = (const uint8_t *)rows,
                          .bytes = members->n * sizeof rows[0]};
    ink_tensors file = {.items = &results, .n = 1, .n_metadata = n_notes};
    status = ink_notes_escape(notes, n_notes, &file.metadata, err);
    if (status == INK_OK) status = ink_tensors_write(path, &file, err);
    ink_mem_free(file.metadata);
    return status;
}

ink_status ink_members_check_done(const ink_members *members, const char *folder, ink_error *err) {
    for (uint32_t k = 0; k < members->n; k++) {
        if (members->member[k].done) continue;
        ink_fail(err, INK_E_USAGE, "%s is not finished: net %u of %u is still to be trained", folder, k + 1,
                 members->n);
        ink_hint(err, "inkling train --resume %.200s", folder);
        return INK_E_USAGE;
    }
    return INK_OK;
}

/* Adds b to a; what one of them did not measure is not measured. */
static void add_epoch(ink_epoch *a, const ink_epoch *b) {
    a->step += b->step;
    a->time_s += b->time_s;
    a->lr += b->lr;
    a->train_loss += b->train_loss;
    a->train_acc += b->train_acc;
    a->val_loss += b->val_loss;
    a->val_acc += b->val_acc;
    a->val_errors = a->val_errors >= 0 && b->val_errors >= 0 ? a->val_errors + b->val_errors : -1;
    a->images_per_s += b->images_per_s;
    a->peak_mem_mb += b->peak_mem_mb;
}

static void divide_epoch(ink_epoch *a, uint32_t nets) {
    a->best = false; /* what was best for one net says nothing of the mean */
    a->step /= nets;
    a->time_s /= nets;
    a->lr /= nets;
    a->train_loss /= nets;
    a->train_acc /= nets;
    a->val_loss /= nets;
    a->val_acc /= nets;
    if (a->val_errors >= 0) a->val_errors = (a->val_errors + nets / 2) / nets;
    a->images_per_s /= nets;
    a->peak_mem_mb /= nets;
}

ink_status ink_members_epochs(const char *folder, ink_epoch **epochs, uint32_t *n, uint32_t *nets, ink_error *err) {
    ink_members members;
    ink_epoch *sum = NULL, *one = NULL;
    uint32_t n_sum = 0, n_one = 0;
    *epochs = NULL;
    *n = 0;
    *nets = 1;
    if (!ink_members_are(folder)) return ink_run_epochs(folder, epochs, n, err);
    ink_status status = ink_members_load(folder, &members, err);
    ink_tensors_free(&members.file);
    *nets = 0;
    for (uint32_t k = 0; status == INK_OK && k < members.n; k++) {
        char path[PATH_SIZE];
        if (!members.member[k].done) continue;
        status = ink_member_path(folder, k, path, sizeof path, err);
        if (status == INK_OK) status = ink_run_epochs(path, &one, &n_one, err);
        if (status == INK_OK && n_one == 0) {
            status = ink_fail(err, INK_E_DATA, "%s/metrics.csv has no epoch", path);
        }
        if (status != INK_OK) break;
        n_sum = *nets == 0 || n_one < n_sum ? n_one : n_sum;
        if (sum == NULL) {
            sum = one;
        } else {
            for (uint32_t i = 0; i < n_sum; i++) add_epoch(&sum[i], &one[i]);
            ink_mem_free(one);
        }
        one = NULL;
        *nets += 1;
    }
    if (status != INK_OK) {
        ink_mem_free(one);
        ink_mem_free(sum);
        return status;
    }
    for (uint32_t i = 0; i < n_sum; i++) divide_epoch(&sum[i], *nets);
    *epochs = sum;
    *n = n_sum;
    return INK_OK;
}

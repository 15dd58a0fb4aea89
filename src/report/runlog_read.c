/* report/runlog_read.c: reads what a run folder says: epochs and split.
 * It opens nothing for writing and takes no lock. */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/mem.h"
#include "core/number.h"
#include "core/status.h"
#include "files/folder.h"
#include "report/runfolder.h"

#define BYTES_MAX ((size_t)256 << 20) /* of a file that a run wrote: far more than any has */
#define CELLS     12u
#define CELL_SIZE 48u

bool ink_run_is(const char *folder) {
    static const char *const sign[] = {"status.json", "metrics.csv", "args.conf"};
    char path[INK_RUN_PATH_SIZE];
    struct stat what;
    for (size_t i = 0; i < sizeof sign / sizeof sign[0]; i++) {
        if (ink_folder_path(folder, sign[i], path, sizeof path, NULL) == INK_OK && stat(path, &what) == 0) return true;
    }
    return false;
}

ink_status ink_run_read(const char *path, char **bytes, size_t *size, ink_error *err) {
    char part[16384];
    ink_text text = {0};
    ink_status status = INK_OK;
    *bytes = NULL;
    *size = 0;
    FILE *file = fopen(path, "rb");
    if (file == NULL) return errno == ENOENT ? INK_OK : ink_fail_errno(err, "open", path);
    for (size_t got; (got = fread(part, 1, sizeof part, file)) > 0 && text.length < BYTES_MAX;) {
        ink_text_bytes(&text, part, got);
    }
    if (ferror(file)) {
        status = ink_fail_errno(err, "read", path);
    } else if (text.length >= BYTES_MAX) {
        status = ink_fail(err, INK_E_DATA, "%s is larger than any run writes it", path);
    } else if (text.length > 0 && memchr(text.bytes, '\0', text.length) != NULL) {
        status = ink_fail(err, INK_E_DATA, "%s is no text: it holds a zero byte", path);
    }
    fclose(file);
    if (status == INK_OK) {
        *size = text.length;
        status = ink_text_give(&text, path, bytes, err);
    }
    ink_text_clear(&text);
    return status;
}

/* A cell that is a number, or empty for what was not measured. */
static bool read_real(const char *cell, double *value) {
    *value = (double)NAN;
    if (cell[0] == '\0') return true;
    if (strcmp(cell, "nan") == 0) return true;
    if (strcmp(cell, "inf") == 0 || strcmp(cell, "-inf") == 0) {
        *value = cell[0] == '-' ? -(double)INFINITY : (double)INFINITY;
        return true;
    }
    return ink_number_real(cell, value);
}

/* The first twelve cells of the line that ends at `end`; longer cells are cut. Returns how many there are. */
static uint32_t split_cells(const char *line, const char *end, char cells[CELLS][CELL_SIZE]) {
    uint32_t n = 0;
    while (n < CELLS) {
        const char *comma = memchr(line, ',', (size_t)(end - line));
        const char *stop = comma != NULL ? comma : end;
        snprintf(cells[n++], CELL_SIZE, "%.*s", (int)(stop - line), line);
        if (comma == NULL) break;
        line = comma + 1;
    }
    return n;
}

static ink_status read_row(const char *name, uint64_t number, const char *line, const char *end, ink_epoch *e,
                           ink_error *err) {
    char cells[CELLS][CELL_SIZE];
    uint64_t epoch = 0, errors = 0, best = 0;
    uint32_t n = split_cells(line, end, cells);
    if (n < CELLS) {
        char seen[16];
        snprintf(seen, sizeof seen, "%u", n);
        return ink_fail_line(err, INK_E_DATA, name, number, 0, seen, "12", "number of columns");
    }
    double *const real[CELLS] = {
        [2] = &e->time_s,   [3] = &e->lr,      [4] = &e->train_loss,    [5] = &e->train_acc,
        [6] = &e->val_loss, [7] = &e->val_acc, [10] = &e->images_per_s, [11] = &e->peak_mem_mb};
    for (uint32_t i = 0; i < CELLS; i++) {
        if (real[i] != NULL && !read_real(cells[i], real[i])) {
            return ink_fail_line(err, INK_E_DATA, name, number, i + 1, cells[i], "a number or nothing", "cell");
        }
    }
    if (!ink_number_whole(cells[0], UINT32_MAX, &epoch)) {
        return ink_fail_line(err, INK_E_DATA, name, number, 1, cells[0], "a whole number", "epoch");
    }
    if (!ink_number_whole(cells[1], UINT64_MAX, &e->step)) {
        return ink_fail_line(err, INK_E_DATA, name, number, 2, cells[1], "a whole number", "step");
    }
    if (cells[8][0] != '\0' && !ink_number_whole(cells[8], INT64_MAX, &errors)) {
        return ink_fail_line(err, INK_E_DATA, name, number, 9, cells[8], "a whole number or nothing", "val_errors");
    }
    if (!ink_number_whole(cells[9], 1, &best)) {
        return ink_fail_line(err, INK_E_DATA, name, number, 10, cells[9], "0 or 1", "best");
    }
    e->epoch = (uint32_t)epoch;
    e->val_errors = cells[8][0] != '\0' ? (int64_t)errors : -1;
    e->best = best != 0;
    return INK_OK;
}

/* Epochs ascend from 1: charts and means over nets rely on it. */
static ink_status check_order(const char *name, uint64_t number, uint32_t before, const ink_epoch *e, ink_error *err) {
    char seen[16], wanted[32];
    if (e->epoch > before) return INK_OK;
    snprintf(seen, sizeof seen, "%u", e->epoch);
    snprintf(wanted, sizeof wanted, "a number above %u", before);
    return ink_fail_line(err, INK_E_DATA, name, number, 1, seen, wanted, "epoch");
}

ink_status ink_run_parse(const char *name, const char *text, uint32_t last, ink_epoch **epochs, uint32_t *n,
                         size_t *length, ink_error *err) {
    static const char header[] = INK_METRICS_HEADER;
    ink_runlog rows = {0}; /* for its growing table of epochs alone */
    ink_status status = INK_OK;
    const char *line = text, *end = strchr(text, '\n');
    *epochs = NULL;
    *n = 0;
    *length = 0;
    if (end == NULL) return INK_OK; /* empty, or torn in its first line */
    if (strncmp(text, header, sizeof header - 1) != 0 || strchr(",\n", text[sizeof header - 1]) == NULL) {
        char seen[64];
        snprintf(seen, sizeof seen, "%.*s", (int)(end - line), line);
        return ink_fail_line(err, INK_E_DATA, name, 1, 0, seen, "epoch,step,time_s,...", "header");
    }
    *length = (size_t)(end - text) + 1;
    for (uint64_t number = 2; (end = strchr(line = end + 1, '\n')) != NULL; number++) {
        ink_epoch epoch = {0};
        status = read_row(name, number, line, end, &epoch, err);
        if (status != INK_OK || epoch.epoch > last) break;
        status = check_order(name, number, rows.n_epochs > 0 ? rows.epochs[rows.n_epochs - 1].epoch : 0, &epoch, err);
        if (status == INK_OK) status = ink_run_keep_epoch(&rows, &epoch, err);
        if (status != INK_OK) break;
        *length = (size_t)(end - text) + 1;
    }
    if (status == INK_OK) {
        *epochs = rows.epochs;
        *n = rows.n_epochs;
    } else {
        ink_mem_free(rows.epochs);
    }
    return status;
}

ink_status ink_run_epochs(const char *run, ink_epoch **epochs, uint32_t *n, ink_error *err) {
    char path[INK_RUN_PATH_SIZE], *text = NULL;
    size_t size = 0, length = 0;
    *epochs = NULL;
    *n = 0;
    ink_status status = ink_folder_path(run, "metrics.csv", path, sizeof path, err);
    if (status == INK_OK) status = ink_run_read(path, &text, &size, err);
    if (status == INK_OK && text == NULL) {
        errno = ENOENT;
        status = ink_fail_errno(err, "open", path);
    }
    if (status == INK_OK) status = ink_run_parse(path, text, UINT32_MAX, epochs, n, &length, err);
    ink_mem_free(text);
    return status;
}

/* A value as text, a list's with commas between; what is no text, number or list of these: "". */
static void put_value(ink_text *text, const json_t *value) {
    if (json_is_string(value)) ink_text_add(text, json_string_value(value));
    if (json_is_integer(value)) ink_text_format(text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    if (json_is_real(value)) ink_text_number(text, json_real_value(value));
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (i > 0) ink_text_add(text, ", ");
        put_value(text, json_array_get(value, i));
    }
}

ink_status ink_run_says(const char *run, const char *file, const char *key, char *value, size_t size, ink_error *err) {
    char path[INK_RUN_PATH_SIZE], *bytes = NULL;
    size_t n_bytes = 0;
    ink_text text = {0};
    value[0] = '\0';
    ink_status status = ink_folder_path(run, file, path, sizeof path, err);
    if (status == INK_OK) status = ink_run_read(path, &bytes, &n_bytes, err);
    if (status != INK_OK || bytes == NULL) return status;
    json_t *root = json_loadb(bytes, n_bytes, 0, NULL);
    put_value(&text, json_object_get(root, key));
    if (text.length > 0) snprintf(value, size, "%s", text.bytes);
    status = ink_text_check(&text, file, err);
    ink_text_clear(&text);
    json_decref(root);
    ink_mem_free(bytes);
    return status;
}

ink_status ink_run_data(const char *run, char sha256[65], ink_error *err) {
    char said[80];
    ink_status status = ink_run_says(run, "env.json", "data_sha256", said, sizeof said, err);
    snprintf(sha256, 65, "%.64s", strlen(said) == 64 ? said : "");
    return status;
}

ink_status ink_run_split(const char *run, uint8_t *held_out, uint32_t n, ink_error *err) {
    char path[INK_RUN_PATH_SIZE], *text = NULL;
    size_t size = 0;
    ink_status status = ink_folder_path(run, "split.csv", path, sizeof path, err);
    if (status == INK_OK) status = ink_run_read(path, &text, &size, err);
    if (status == INK_OK && text == NULL) {
        errno = ENOENT;
        status = ink_fail_errno(err, "open", path);
    }
    if (status != INK_OK || text == NULL) return status;
    memset(held_out, 0, n);
    uint64_t number = 1;
    for (char *line = text, *end; status == INK_OK && *line != '\0'; line = end, number++) {
        uint64_t index = 0;
        end = line + strcspn(line, "\n");
        bool whole = *end == '\n';
        if (whole) *end++ = '\0';
        if (!whole) {
            status = ink_fail_line(err, INK_E_DATA, path, number, 0, line, "a line with its end", "cut off line");
        } else if (number == 1) {
            if (strcmp(line, "index") != 0) {
                status = ink_fail_line(err, INK_E_DATA, path, 1, 0, line, "index", "header");
            }
        } else if (!ink_number_whole(line, UINT32_MAX, &index)) {
            status = ink_fail_line(err, INK_E_DATA, path, number, 0, line, "the number of an image", "line");
        } else if (index >= n) {
            char wanted[64];
            snprintf(wanted, sizeof wanted, "below %u: is this the data of that run?", n);
            status = ink_fail_line(err, INK_E_DATA, path, number, 0, line, wanted, "number of an image");
        } else {
            held_out[index] = 1;
        }
    }
    if (status == INK_OK && number == 1) {
        status = ink_fail_line(err, INK_E_DATA, path, 1, 0, "", "index", "header");
    }
    ink_mem_free(text);
    return status;
}

/* report/predictions.c: writes and reads predictions.csv.
 * It judges nothing: confusion.c and mcnemar.c do. */
#include "report/predictions.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "core/number.h"
#include "core/status.h"
#include "report/confusion.h"
#include "report/runfolder.h"
#include "report/text.h"

#define HEADER "index,label,pred,p0,p1,p2,p3,p4,p5,p6,p7,p8,p9"

ink_status ink_predictions_save(const char *path, const float *probabilities, const uint8_t *labels,
                                const uint32_t *index, uint32_t n, ink_error *err) {
    ink_text text = {0};
    ink_text_add(&text, HEADER "\n");
    for (uint32_t i = 0; i < n; i++) {
        const float *p = probabilities + (size_t)i * INK_CLASSES;
        ink_text_format(&text, "%u,%u,%u", index != NULL ? index[i] : i, labels[i], ink_confusion_guess(p));
        for (int c = 0; c < INK_CLASSES; c++) {
            ink_text_add(&text, ",");
            ink_text_number(&text, (double)p[c]);
        }
        ink_text_add(&text, "\n");
    }
    return ink_text_write(&text, path, err);
}

/* One of the first three cells of the line, moved on to the next; false: no number up to `most`. */
static bool take_cell(const char **line, uint64_t most, char cell[24], uint64_t *value) {
    size_t length = strcspn(*line, ",\n");
    snprintf(cell, 24, "%.*s", (int)(length < 23 ? length : 23), *line);
    *line += length + ((*line)[length] == ',');
    return length < 23 && ink_number_whole(cell, most, value);
}

static ink_status read_line(const char *path, uint64_t number, const char *line, ink_prediction *out, ink_error *err) {
    static const char *const names[] = {"index", "label", "pred"};
    static const uint64_t most[] = {UINT32_MAX, 9, 9};
    uint64_t value[3] = {0};
    for (uint32_t i = 0; i < 3; i++) {
        char cell[24], wanted[48];
        if (take_cell(&line, most[i], cell, &value[i])) continue;
        snprintf(wanted, sizeof wanted, "a whole number up to %llu", (unsigned long long)most[i]);
        return ink_fail_line(err, INK_E_DATA, path, number, i + 1, cell, wanted, names[i]);
    }
    *out = (ink_prediction){(uint32_t)value[0], (uint8_t)value[1], (uint8_t)value[2]};
    return INK_OK;
}

ink_status ink_predictions_load(const char *path, ink_prediction **rows, uint32_t *n, ink_error *err) {
    char *text = NULL;
    size_t size = 0, lines = 0;
    ink_prediction *made = NULL;
    uint32_t count = 0;
    *rows = NULL;
    *n = 0;
    ink_status status = ink_run_read(path, &text, &size, err);
    if (status == INK_OK && text == NULL) {
        errno = ENOENT;
        status = ink_fail_errno(err, "open", path);
    }
    if (status != INK_OK || text == NULL) return status;
    if (strncmp(text, HEADER "\n", sizeof HEADER) != 0) {
        char seen[64];
        snprintf(seen, sizeof seen, "%.*s", (int)(strcspn(text, "\n") < 60 ? strcspn(text, "\n") : 60), text);
        status = ink_fail_line(err, INK_E_DATA, path, 1, 0, seen, "index,label,pred,p0,...,p9", "header");
        goto done;
    }
    for (const char *c = text; *c != '\0'; c++) lines += *c == '\n';
    made = ink_mem_new(lines, sizeof *made);
    if (made == NULL) {
        status = ink_fail_memory(err, lines * sizeof *made, "predictions");
        goto done;
    }
    /* A last line without its end was torn: it does not count. */
    for (const char *line = text + sizeof HEADER, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        status = read_line(path, (uint64_t)count + 2, line, &made[count], err);
        if (status == INK_OK && count > 0 && made[count].index <= made[count - 1].index) {
            char seen[24];
            snprintf(seen, sizeof seen, "%u", made[count].index);
            status = ink_fail_line(err, INK_E_DATA, path, (uint64_t)count + 2, 1, seen, "more than in the line before",
                                   "index");
        }
        if (status != INK_OK) goto done;
        count++;
    }
    *rows = made;
    *n = count;
    made = NULL;
done:
    ink_mem_free(made);
    ink_mem_free(text);
    return status;
}

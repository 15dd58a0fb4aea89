/* report/evaluation.c: puts scores, matrix and mistakes into files.
 * What stands in them is confusion's and mistakes'. */
#include "report/evaluation.h"

#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "files/write.h"
#include "report/runfolder.h"

/* Writes the text and frees it. */
static ink_status save_text(const char *folder, const char *name, char *text, ink_error *err) {
    char path[INK_RUN_PATH_SIZE];
    ink_status status = ink_run_path(folder, name, path, sizeof path, err);
    if (status == INK_OK) status = ink_file_write_all(path, text, strlen(text), err);
    ink_mem_free(text);
    return status;
}

ink_status ink_run_save_picture(const char *folder, const char *name, ink_picture *picture, ink_error *err) {
    static const char *const ending[] = {"svg", "png"};
    ink_status status = INK_OK;
    for (int i = 0; i < 2 && status == INK_OK; i++) {
        char file[64], path[INK_RUN_PATH_SIZE];
        snprintf(file, sizeof file, "%s.%s", name, ending[i]);
        status = ink_run_path(folder, file, path, sizeof path, err);
        if (status == INK_OK) status = ink_picture_save(picture, path, err);
    }
    ink_picture_free(picture);
    return status;
}

ink_status ink_evaluation_write(const ink_evaluation *e, const char *folder, ink_error *err) {
    const ink_confusion *c = e->confusion;
    char *text = NULL;
    ink_picture *picture = NULL;
    ink_status status = ink_confusion_report(c, &text, err);
    if (status == INK_OK) status = save_text(folder, "report.txt", text, err);
    if (status == INK_OK) status = ink_confusion_json(c, &text, err);
    if (status == INK_OK) status = save_text(folder, "report.json", text, err);
    if (status == INK_OK) status = ink_confusion_csv(c, &text, err);
    if (status == INK_OK) status = save_text(folder, "confusion.csv", text, err);
    if (status == INK_OK) status = ink_confusion_picture(c, &picture, err);
    if (status == INK_OK) status = ink_run_save_picture(folder, "confusion", picture, err);
    if (status == INK_OK) status = ink_reliability_picture(c, &picture, err);
    if (status == INK_OK) status = ink_run_save_picture(folder, "calibration", picture, err);
    if (status == INK_OK) status = ink_mistakes_csv(e->worst, e->n_worst, &text, err);
    if (status == INK_OK) status = save_text(folder, "worst.csv", text, err);
    if (status != INK_OK || (e->worst_pixels == NULL && e->n_worst > 0)) return status;
    uint32_t shown = e->n_worst < INK_WORST_SHOWN ? e->n_worst : INK_WORST_SHOWN;
    status = ink_mistakes_sheet(e->worst, shown, e->worst_pixels, c->errors, c->rows, &picture, err);
    if (status == INK_OK) status = ink_run_save_picture(folder, "worst", picture, err);
    return status;
}

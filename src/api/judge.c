/* api/judge.c: predictions against labels, and the files that tell of it.
 * How they look is report's business. */
#include "api/judge.h"

#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "files/write.h"
#include "nn/net.h"

ink_status ink_judge(const ink_images *images, const uint32_t *rows, const ink_predictions *predictions,
                     ink_judgement *out, ink_error *err) {
    size_t size = (size_t)images->height * images->width;
    double loss_sum = 0;
    *out = (ink_judgement){0};
    for (uint32_t i = 0; i < predictions->count; i++) {
        ink_confusion_add(&out->confusion, predictions->p + (size_t)i * INK_CLASSES, images->labels[i]);
        loss_sum += predictions->losses[i];
    }
    out->confusion.loss_sum = loss_sum;
    ink_confusion_scores(&out->confusion, &out->scores);
    /* Found by place in `images` first, for the pixels; then renamed to the numbers of the file. */
    out->n_worst =
        ink_mistakes_find(predictions->p, images->labels, NULL, predictions->count, out->worst, INK_WORST_MOST);
    if (images->height == 28 && images->width == 28) {
        out->worst_pixels = ink_mem_new(out->n_worst, size);
        if (out->worst_pixels == NULL) return ink_fail_memory(err, out->n_worst * size, "the worst mistakes");
    }
    for (uint32_t k = 0; k < out->n_worst; k++) {
        uint32_t i = out->worst[k].index;
        if (out->worst_pixels != NULL) memcpy(out->worst_pixels + k * size, images->pixels + i * size, size);
        if (rows != NULL) out->worst[k].index = rows[i];
    }
    return INK_OK;
}

void ink_judgement_clear(ink_judgement *judgement) {
    ink_mem_free(judgement->worst_pixels);
    *judgement = (ink_judgement){0};
}

static ink_status write_text(const char *folder, const char *name, const char *text, ink_error *err) {
    char path[INK_PATH_SIZE];
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (length < 0 || (size_t)length >= sizeof path)
        return ink_fail(err, INK_E_USAGE, "the path of %s is too long", name);
    return ink_file_write_all(path, text, strlen(text), err);
}

static ink_status save_picture(const char *folder, const char *name, ink_picture *picture, ink_error *err) {
    static const char *const endings[] = {".svg", ".png"};
    ink_status status = INK_OK;
    for (int i = 0; i < 2 && status == INK_OK; i++) {
        char path[INK_PATH_SIZE];
        int length = snprintf(path, sizeof path, "%s/%s%s", folder, name, endings[i]);
        if (length < 0 || (size_t)length >= sizeof path) {
            status = ink_fail(err, INK_E_USAGE, "the path of %s is too long", name);
        } else {
            status = ink_picture_save(picture, path, err);
        }
    }
    ink_picture_free(picture);
    return status;
}

typedef ink_status make_text(const ink_confusion *c, char **text, ink_error *err);

static ink_status put_text(const ink_judgement *j, const char *folder, const char *name, make_text *make,
                           ink_error *err) {
    char *text = NULL;
    ink_status status = make(&j->confusion, &text, err);
    if (status == INK_OK) status = write_text(folder, name, text, err);
    ink_mem_free(text);
    return status;
}

ink_status ink_judgement_write(const ink_judgement *j, const char *folder, ink_error *err) {
    ink_picture *picture = NULL;
    char *text = NULL;
    ink_status status = put_text(j, folder, "report.txt", ink_confusion_report, err);
    if (status == INK_OK) status = put_text(j, folder, "report.json", ink_confusion_json, err);
    if (status == INK_OK) status = put_text(j, folder, "confusion.csv", ink_confusion_csv, err);
    if (status == INK_OK) status = ink_confusion_picture(&j->confusion, &picture, err);
    if (status == INK_OK) status = save_picture(folder, "confusion", picture, err);
    if (status == INK_OK) status = ink_reliability_picture(&j->confusion, &picture, err);
    if (status == INK_OK) status = save_picture(folder, "reliability", picture, err);
    if (status == INK_OK) status = ink_mistakes_csv(j->worst, j->n_worst, &text, err);
    if (status == INK_OK) status = write_text(folder, "worst.csv", text, err);
    if (status == INK_OK && j->worst_pixels != NULL) {
        status =
            ink_mistakes_sheet(j->worst, j->n_worst, j->worst_pixels, j->scores.errors, j->scores.rows, &picture, err);
        if (status == INK_OK) status = save_picture(folder, "worst", picture, err);
    }
    ink_mem_free(text);
    return status;
}

ink_status ink_images_pick(const ink_images *images, const uint8_t *held_out, uint8_t wanted, ink_images *out,
                           uint32_t **rows, ink_error *err) {
    size_t size = (size_t)images->height * images->width;
    uint32_t n = 0;
    *out = (ink_images){.height = images->height, .width = images->width};
    *rows = NULL;
    for (uint32_t i = 0; i < images->count; i++) n += held_out[i] == wanted;
    out->pixels = ink_mem_new(n, size);
    out->labels = images->labels != NULL ? ink_mem_new(n, 1) : NULL;
    *rows = ink_mem_new(n, sizeof **rows);
    if (out->pixels == NULL || *rows == NULL || (images->labels != NULL && out->labels == NULL)) {
        ink_images_free(out);
        ink_mem_free(*rows);
        *rows = NULL;
        return ink_fail_memory(err, n * size, "the rows that were held out");
    }
    for (uint32_t i = 0; i < images->count; i++) {
        if (held_out[i] != wanted) continue;
        memcpy(out->pixels + out->count * size, images->pixels + i * size, size);
        if (out->labels != NULL) out->labels[out->count] = images->labels[i];
        (*rows)[out->count++] = i;
    }
    return INK_OK;
}

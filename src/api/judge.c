/* api/judge.c: predictions against labels, and the files that tell of it.
 * How they look is report's business. */
#include "api/judge.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/json.h"
#include "core/mem.h"
#include "core/status.h"
#include "files/folder.h"
#include "files/write.h"
#include "nn/net.h"
#include "report/json.h"
#include "report/predictions.h"
#include "report/text.h"

/* The pixels of the images that a list names by their place; then the list gets the numbers of the file, and names. */
static ink_status take_pixels(const ink_judged *judged, ink_mistake *list, uint32_t n, uint8_t **pixels,
                              ink_error *err) {
    const ink_images *images = judged->images;
    size_t size = (size_t)images->height * images->width;
    if (images->height == 28 && images->width == 28) {
        *pixels = ink_mem_new(n, size);
        if (*pixels == NULL) return ink_fail_memory(err, n * size, "the worst mistakes");
    }
    for (uint32_t k = 0; k < n; k++) {
        uint32_t i = list[k].index;
        if (*pixels != NULL) memcpy(*pixels + k * size, images->pixels + i * size, size);
        if (judged->rows != NULL) list[k].index = judged->rows[i];
        if (judged->files != NULL) list[k].file = judged->files[list[k].index].path;
    }
    return INK_OK;
}

ink_status ink_judge(const ink_judged *judged, ink_judgement *out, ink_error *err) {
    const ink_images *images = judged->images;
    const ink_predictions *predictions = judged->predictions;
    double loss_sum = 0;
    uint32_t n = predictions->count;
    *out = (ink_judgement){.images = images, .rows = judged->rows, .predictions = predictions};
    for (uint32_t i = 0; i < n; i++) {
        ink_confusion_add(&out->confusion, predictions->p + (size_t)i * INK_CLASSES, images->labels[i]);
        loss_sum += predictions->losses[i];
    }
    out->confusion.loss_sum = loss_sum;
    ink_confusion_scores(&out->confusion, &out->scores);
    out->n_worst = ink_mistakes_find(predictions->p, images->labels, NULL, n, out->worst, INK_WORST_MOST);
    ink_status status = ink_suspects_find(predictions->p, images->labels, NULL, n, out->suspects, INK_WORST_MOST,
                                          &out->suspects_in_all, err);
    out->n_suspects = out->suspects_in_all < INK_WORST_MOST ? out->suspects_in_all : INK_WORST_MOST;
    if (status == INK_OK) status = take_pixels(judged, out->worst, out->n_worst, &out->worst_pixels, err);
    if (status == INK_OK) {
        status = take_pixels(judged, out->suspects, out->n_suspects, &out->suspect_pixels, err);
    }
    return status;
}

void ink_judgement_clear(ink_judgement *judgement) {
    ink_mem_free(judgement->worst_pixels);
    ink_mem_free(judgement->suspect_pixels);
    *judgement = (ink_judgement){0};
}

/* ---- as text ---- */

ink_status ink_judgement_text(const ink_judgement *j, bool suspects, char **text, ink_error *err) {
    char *report = NULL, *more = NULL;
    ink_text both = {0};
    *text = NULL;
    ink_status status = ink_confusion_report(&j->confusion, &report, err);
    if (status == INK_OK && suspects) {
        status = ink_suspects_text(j->suspects, j->n_suspects, j->suspects_in_all, j->scores.rows, &more, err);
    }
    if (status == INK_OK) {
        ink_text_add(&both, report);
        if (more != NULL) ink_text_add(&both, more);
        status = ink_text_tell(&both, "the report", text, err);
    }
    ink_mem_free(report);
    ink_mem_free(more);
    return status;
}

static json_t *mistakes_array(const ink_mistake *list, uint32_t n) {
    json_t *array = json_array();
    for (uint32_t i = 0; i < n; i++) {
        json_t *one =
            json_pack("{s:I, s:i, s:i, s:f, s:f}", "index", (json_int_t)list[i].index, "true", list[i].truth, "pred",
                      list[i].guess, "p_true", (double)list[i].p_truth, "p_pred", (double)list[i].p_guess);
        if (list[i].file != NULL) (void)json_object_set_new(one, "file", ink_json_text(list[i].file));
        json_array_append_new(array, one);
    }
    return array;
}

ink_status ink_judgement_json(const ink_judgement *j, bool suspects, char **text, ink_error *err) {
    char *scores = NULL;
    *text = NULL;
    ink_status status = ink_confusion_json(&j->confusion, &scores, err);
    if (status != INK_OK) return status;
    json_t *root = json_loads(scores, 0, NULL);
    json_object_set_new(root, "worst", mistakes_array(j->worst, j->n_worst));
    if (suspects) {
        json_object_set_new(root, "suspects_in_all", json_integer((json_int_t)j->suspects_in_all));
        json_object_set_new(root, "suspects", mistakes_array(j->suspects, j->n_suspects));
    }
    ink_mem_free(scores);
    char *compact = json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(root);
    if (compact == NULL) return ink_fail(err, INK_E_MEMORY, "out of memory (for the report)");
    ink_text line = {0};
    ink_text_format(&line, "%s\n", compact);
    free(compact);
    return ink_text_give(&line, "the report", text, err);
}

/* ---- as files ---- */

static ink_status path_of(const char *folder, const char *name, const char *ending, char path[INK_PATH_SIZE],
                          ink_error *err) {
    char file[64];
    snprintf(file, sizeof file, "%s%s", name, ending);
    return ink_folder_path(folder, file, path, INK_PATH_SIZE, err);
}

static ink_status write_text(const char *folder, const char *name, const char *text, ink_error *err) {
    char path[INK_PATH_SIZE];
    ink_status status = path_of(folder, name, "", path, err);
    return status == INK_OK ? ink_file_write_all(path, text, strlen(text), err) : status;
}

static ink_status save_picture(const char *folder, const char *name, ink_picture *picture, ink_error *err) {
    static const char *const endings[] = {".svg", ".png"};
    ink_status status = INK_OK;
    for (int i = 0; i < 2 && status == INK_OK; i++) {
        char path[INK_PATH_SIZE];
        status = path_of(folder, name, endings[i], path, err);
        if (status == INK_OK) status = ink_picture_save(picture, path, err);
    }
    ink_picture_free(picture);
    return status;
}

typedef ink_status make_text(const ink_judgement *judgement, bool suspects, char **text, ink_error *err);

static ink_status make_csv(const ink_judgement *j, bool suspects, char **text, ink_error *err) {
    (void)suspects;
    return ink_confusion_csv(&j->confusion, text, err);
}

static ink_status make_worst_csv(const ink_judgement *j, bool suspects, char **text, ink_error *err) {
    if (suspects) return ink_mistakes_csv(j->suspects, j->n_suspects, text, err);
    return ink_mistakes_csv(j->worst, j->n_worst, text, err);
}

static ink_status put_text(const ink_judgement *j, bool suspects, const char *folder, const char *name, make_text *make,
                           ink_error *err) {
    char *text = NULL;
    ink_status status = make(j, suspects, &text, err);
    if (status == INK_OK) status = write_text(folder, name, text, err);
    ink_mem_free(text);
    return status;
}

static ink_status write_predictions(const ink_judgement *j, const char *folder, ink_error *err) {
    char path[INK_PATH_SIZE];
    ink_status status = path_of(folder, "predictions.csv", "", path, err);
    if (status != INK_OK) return status;
    return ink_predictions_save(path, j->predictions->p, j->images->labels, j->rows, j->predictions->count, err);
}

static ink_status write_sheets(const ink_judgement *j, bool suspects, const char *folder, ink_error *err) {
    ink_picture *picture = NULL;
    ink_status status = INK_OK;
    if (j->worst_pixels != NULL) {
        status =
            ink_mistakes_sheet(j->worst, j->n_worst, j->worst_pixels, j->scores.errors, j->scores.rows, &picture, err);
        if (status == INK_OK) status = save_picture(folder, "worst", picture, err);
    }
    if (status == INK_OK && suspects && j->suspect_pixels != NULL) {
        status = ink_suspects_sheet(j->suspects, j->n_suspects, j->suspect_pixels, j->suspects_in_all, j->scores.rows,
                                    &picture, err);
        if (status == INK_OK) status = save_picture(folder, "suspects", picture, err);
    }
    return status;
}

/* What an earlier judgement of the same folder left and this one has none of. */
static ink_status remove_old(const ink_judgement *j, bool suspects, const char *folder, ink_error *err) {
    const struct {
        const char *name, *ending;
        bool is_written;
    } files[] = {{"suspects", ".csv", suspects},
                 {"suspects", ".svg", suspects && j->suspect_pixels != NULL},
                 {"suspects", ".png", suspects && j->suspect_pixels != NULL},
                 {"worst", ".svg", j->worst_pixels != NULL},
                 {"worst", ".png", j->worst_pixels != NULL}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[INK_PATH_SIZE];
        if (files[i].is_written) continue;
        ink_status status = path_of(folder, files[i].name, files[i].ending, path, err);
        if (status != INK_OK) return status;
        if (unlink(path) != 0 && errno != ENOENT) return ink_fail_errno(err, "remove", path);
    }
    return INK_OK;
}

ink_status ink_judgement_spare(const char *folder, ink_error *err) {
    static const char *const files[] = {
        "report.json",     "report.txt",   "confusion.csv", "confusion.svg", "confusion.png",
        "reliability.svg", "worst.csv",    "worst.svg",     "worst.png",     "reliability.png",
        "predictions.csv", "suspects.csv", "suspects.svg",  "suspects.png",  NULL};
    return ink_json_spare(folder, "report.json", "inkling/eval/1", files, err);
}

ink_status ink_judgement_write(const ink_judgement *j, bool suspects, const char *folder, ink_error *err) {
    ink_picture *picture = NULL;
    ink_status status = remove_old(j, suspects, folder, err);
    if (status == INK_OK) status = put_text(j, suspects, folder, "report.json", ink_judgement_json, err);
    if (status == INK_OK) status = put_text(j, suspects, folder, "report.txt", ink_judgement_text, err);
    if (status == INK_OK) status = put_text(j, false, folder, "confusion.csv", make_csv, err);
    if (status == INK_OK) status = put_text(j, false, folder, "worst.csv", make_worst_csv, err);
    if (status == INK_OK && suspects) status = put_text(j, true, folder, "suspects.csv", make_worst_csv, err);
    if (status == INK_OK) status = write_predictions(j, folder, err);
    if (status == INK_OK) status = ink_confusion_picture(&j->confusion, &picture, err);
    if (status == INK_OK) status = save_picture(folder, "confusion", picture, err);
    if (status == INK_OK) status = ink_reliability_picture(&j->confusion, &picture, err);
    if (status == INK_OK) status = save_picture(folder, "reliability", picture, err);
    return status == INK_OK ? write_sheets(j, suspects, folder, err) : status;
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

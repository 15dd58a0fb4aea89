/* api/train_teachers.c: teachers for a run, opened, and opened again when it goes on.
 * What they say and how a net learns from it: train/distil.c. */
#define _XOPEN_SOURCE 700
#include "api/train_teachers.h"

#include <stdlib.h>
#include <string.h>

#include "api/members.h"
#include "api/train_run.h"
#include "core/hash.h"
#include "core/mem.h"
#include "core/status.h"
#include "report/text.h"

static ink_status load(const void *file, const ink_graph *g, const ink_backend *backend, ink_program *program,
                       ink_error *err) {
    return ink_modelfile_load(file, g, backend, program, err);
}

/* All that a teacher says is a function of these. */
static void hash_models(const ink_models *models, char hex[65]) {
    ink_sha256 sha;
    ink_sha256_start(&sha);
    for (size_t i = 0; i < models->n; i++) {
        const ink_modelfile *file = &models->files[i];
        ink_sha256_add(&sha, file->net->text, strlen(file->net->text));
        ink_sha256_add(&sha, &file->normalise, sizeof file->normalise);
        for (size_t k = 0; k < file->tensors.n; k++) {
            ink_sha256_add(&sha, file->tensors.items[k].data, file->tensors.items[k].bytes);
        }
    }
    ink_sha256_end(&sha, hex);
}

/* Where they are, whatever the folder from which the run goes on one day. */
static ink_status join_paths(const char *const *names, size_t n, char **out, ink_error *err) {
    ink_text text = {0};
    ink_status status = INK_OK;
    for (size_t i = 0; i < n && status == INK_OK; i++) {
        char *real = realpath(names[i], NULL);
        const char *path = real != NULL ? real : names[i];
        status = ink_train_check_line(path, err);
        ink_text_add(&text, path);
        ink_text_add(&text, "\n");
        free(real);
    }
    if (status == INK_OK) return ink_text_give(&text, "teachers", out, err);
    ink_text_clear(&text);
    return status;
}

ink_status ink_train_teachers_open(const char *const *names, size_t n, const ink_machine *machine,
                                   ink_train_teachers *out, ink_error *err) {
    *out = (ink_train_teachers){0};
    ink_status status = ink_models_open(names, n, machine, 1, &out->models, err);
    if (status == INK_OK) status = join_paths(names, n, &out->paths, err);
    if (status != INK_OK) goto done;
    n = out->models.n; /* a name may stand for several */
    out->list = ink_mem_new(n, sizeof *out->list);
    if (out->list == NULL) {
        status = ink_fail_memory(err, n * sizeof *out->list, "teachers");
        goto done;
    }
    for (size_t i = 0; i < n; i++) {
        const ink_modelfile *file = &out->models.files[i];
        out->list[i] = (ink_teacher){.net = file->net, .normalise = file->normalise, .file = file, .load = load};
    }
    hash_models(&out->models, out->sha256);
done:
    if (status != INK_OK) ink_train_teachers_close(out);
    return status;
}

size_t ink_train_teachers_names(const char *paths, char *copy, const char *names[INK_TEACHERS_MOST]) {
    size_t n = 0;
    memcpy(copy, paths, strlen(paths) + 1);
    for (char *line = copy; *line != '\0' && n < INK_TEACHERS_MOST;) {
        size_t length = strcspn(line, "\n");
        names[n++] = line;
        line += length;
        if (*line != '\0') *line++ = '\0';
    }
    return n;
}

ink_status ink_train_teachers_reopen(const char *paths, const char *sha256, const ink_machine *machine,
                                     ink_train_teachers *out, ink_error *err) {
    const char *names[INK_TEACHERS_MOST];
    *out = (ink_train_teachers){0};
    char *copy = ink_mem_string(paths);
    if (copy == NULL) return ink_fail_memory(err, strlen(paths), "teachers");
    size_t n = ink_train_teachers_names(paths, copy, names);
    ink_status status = ink_train_teachers_open(names, n, machine, out, err);
    if (status == INK_OK && strcmp(out->sha256, sha256) != 0) {
        status = ink_fail(err, INK_E_DATA, "a teacher has changed since the run began: %.300s", names[0]);
        ink_train_teachers_close(out);
    }
    ink_mem_free(copy);
    return status;
}

/* Are the folds of this cross-validation those that the run has? */
static ink_status check_folds(const char *path, const ink_members *members, const ink_recipe *recipe,
                              const char *data_sha256, ink_error *err) {
    const char *text = ink_tensors_note(&members->file, "recipe"),
               *data = ink_tensors_note(&members->file, "data-sha256");
    ink_recipe theirs;
    ink_recipe_start(&theirs);
    ink_status status = ink_recipe_parse(&theirs, text != NULL ? text : "", path, err);
    if (status == INK_OK && (theirs.folds != recipe->folds || theirs.seed != recipe->seed || data == NULL ||
                             strcmp(data, data_sha256) != 0)) {
        status = ink_fail(err, INK_E_USAGE, "%.300s cannot teach these folds: its nets have learned rows held out here",
                          path);
        ink_hint(err, "a teacher in a cross-validation is one of the same DATA, --folds and --seed");
    }
    ink_recipe_clear(&theirs);
    return status;
}

ink_status ink_train_teachers_of_fold(const char *paths, uint32_t k, const ink_recipe *recipe, const char *data_sha256,
                                      char **out, ink_error *err) {
    const char *names[INK_TEACHERS_MOST];
    char member[INK_PATH_SIZE];
    ink_text text = {0};
    char *copy = ink_mem_string(paths);
    if (copy == NULL) return ink_fail_memory(err, strlen(paths), "teachers");
    size_t n = ink_train_teachers_names(paths, copy, names);
    ink_status status = INK_OK;
    for (size_t i = 0; i < n && status == INK_OK; i++) {
        ink_members members = {.n = 0};
        if (ink_members_are(names[i])) {
            status = ink_members_load(names[i], &members, err);
            if (status == INK_OK) status = check_folds(names[i], &members, recipe, data_sha256, err);
            ink_tensors_free(&members.file);
            if (status == INK_OK) status = ink_member_path(names[i], k, member, sizeof member, err);
            names[i] = member;
        }
        ink_text_add(&text, names[i]);
        ink_text_add(&text, "\n");
    }
    if (status == INK_OK) status = ink_text_give(&text, "teachers", out, err);
    ink_text_clear(&text);
    ink_mem_free(copy);
    return status;
}

void ink_train_teachers_close(ink_train_teachers *teachers) {
    ink_models_close(&teachers->models);
    ink_mem_free(teachers->list);
    ink_mem_free(teachers->paths);
    *teachers = (ink_train_teachers){0};
}

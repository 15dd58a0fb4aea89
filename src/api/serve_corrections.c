/* api/serve_corrections.c: digits whose label a person corrected, kept as a class folder that `train` reads.
 * What is learned from them, and when, is the person's choice. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/serve_service.h"
#include "core/hash.h"
#include "core/mem.h"
#include "core/status.h"
#include "files/bitmap_write.h"
#include "files/folder.h"
#include "files/write.h"

#define KEPT_MOST 10000u /* by one process: a page gone wild does not fill the disk */

ink_status ink_corrections_begin(ink_service *service, const char *folder, ink_error *err) {
    int length = snprintf(service->corrections, sizeof service->corrections, "%s", folder);
    if (length < 1 || (size_t)length >= sizeof service->corrections) {
        return ink_fail(err, INK_E_USAGE, "--corrections: expected the path of a folder");
    }
    return ink_folder_make(folder, err);
}

/* What was said of the same image before is withdrawn: the last label counts. Both stand for a moment, rather than
 * neither. */
static ink_status withdraw(const ink_service *service, uint8_t label, const char *id, ink_error *err) {
    char path[INK_PATH_SIZE];
    for (unsigned other = 0; other < INK_CLASSES; other++) {
        if (other == label) continue;
        snprintf(path, sizeof path, "%s/%u/%s.png", service->corrections, other, id);
        if (unlink(path) != 0 && errno != ENOENT && errno != ENOTDIR) return ink_fail_errno(err, "remove", path);
    }
    return INK_OK;
}

static ink_status keep(ink_service *service, const uint8_t image[INK_DIGIT_PIXELS], uint8_t label, char id[33],
                       ink_error *err) {
    char path[INK_PATH_SIZE], hex[65];
    uint8_t *png = NULL;
    size_t size = 0;
    ink_sha256_of(image, INK_DIGIT_PIXELS, hex);
    snprintf(id, 33, "%.32s", hex);
    snprintf(path, sizeof path, "%s/%u", service->corrections, label);
    ink_status status = ink_folder_make(path, err);
    if (status == INK_OK) status = ink_bitmap_to_png(image, INK_DIGIT_SIDE, INK_DIGIT_SIDE, &png, &size, err);
    if (status == INK_OK) {
        snprintf(path, sizeof path, "%s/%u/%s.png", service->corrections, label, id);
        status = ink_file_write_all(path, png, size, err);
    }
    if (status == INK_OK) status = withdraw(service, label, id, err);
    ink_mem_free(png);
    return status;
}

void ink_service_correct(ink_service *service, const uint8_t *body, size_t size, int *code, char **answer) {
    uint8_t image[INK_DIGIT_PIXELS];
    uint8_t label = 0;
    char id[33];
    ink_complaint why = {.code = 0};
    ink_error err;
    ink_text out = {0};
    if (service->corrections[0] == '\0') {
        ink_complain(&why, 404, "no_corrections", NULL, "this server keeps no corrections (--corrections DIR)");
    } else if (ink_body_correction(body, size, image, &label, &why)) {
        pthread_mutex_lock(&service->keeping);
        if (service->n_kept >= KEPT_MOST) {
            ink_complain(&why, 507, "too_many", NULL, "%u corrections are kept already", service->n_kept);
        } else if (keep(service, image, label, id, &err) == INK_OK) {
            service->n_kept++;
        } else {
            ink_complain(&why, 500, "not_kept", NULL, "%s", err.text);
        }
        pthread_mutex_unlock(&service->keeping);
    }
    ink_text_add(&out, "{");
    if (why.code != 0) {
        ink_complaint_put(&why, &out);
    } else {
        ink_text_format(&out, "\"kept\":true,\"label\":%u,\"id\":\"%s\"", label, id);
    }
    ink_text_add(&out, "}\n");
    *code = why.code != 0 ? why.code : 200;
    *answer = ink_text_take(&out);
}

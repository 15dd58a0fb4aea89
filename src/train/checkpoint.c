/* train/checkpoint.c: where a trainer stands, to a file and back.
 * What the notes mean is the caller's business (api/train.c). */
#define _POSIX_C_SOURCE 200809L
#include "train/checkpoint.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/hash.h"
#include "core/mem.h"
#include "core/status.h"
#include "files/tensors_write.h"

#define MAGIC       "INKCKPT1"
#define MAGIC_BYTES ((size_t)8)
#define HEAD_BYTES  (MAGIC_BYTES + 8)
#define SHA_BYTES   ((size_t)64)
#define NAME_BYTES  (INK_NAME_SIZE + 8)

enum { COUNT_EPOCH, COUNT_BATCH, COUNT_STEP, COUNT_CORRECT, COUNT_ROWS, COUNT_BEST_EPOCH, COUNT_BEST_ERRORS, N_COUNTS };
enum { SUM_LOSS, SUM_BEST_ACCURACY, SUM_BEST_LOSS, SUM_VAL_ACCURACY, SUM_ELAPSED_S, N_SUMS };

static void put_u64(uint8_t *to, uint64_t x) {
    for (int i = 0; i < 8; i++) to[i] = (uint8_t)(x >> (8 * i));
}

static uint64_t get_u64(const uint8_t *from) {
    uint64_t x = 0;
    for (int i = 0; i < 8; i++) x |= (uint64_t)from[i] << (8 * i);
    return x;
}

/* ---- saving ---- */

/* Tensors being gathered: names in one block, data borrowed. */
typedef struct gather {
    ink_tensors tensors;
    char (*names)[NAME_BYTES];
} gather;

static void add(gather *g, const char *prefix, const char *name, ink_dtype dtype, const void *data, uint64_t count) {
    char *full = g->names[g->tensors.n];
    snprintf(full, NAME_BYTES, "%s%s", prefix, name);
    g->tensors.items[g->tensors.n++] = (ink_tensor){.name = full,
                                                    .dtype = dtype,
                                                    .rank = 1,
                                                    .dim = {count},
                                                    .count = count,
                                                    .data = data,
                                                    .bytes = (size_t)count * ink_dtype_size(dtype)};
}

static void add_weights(gather *g, const char *prefix, const ink_weights *weights) {
    for (uint32_t i = 0; i < weights->n; i++) {
        const struct ink_weight *item = &weights->item[i];
        add(g, prefix, item->name, INK_F32, item->data, item->count);
        ink_tensor *tensor = &g->tensors.items[g->tensors.n - 1];
        tensor->rank = (uint32_t)item->rank;
        for (int k = 0; k < item->rank; k++) tensor->dim[k] = (uint64_t)item->dim[k];
    }
}

static void pack_position(const ink_trainer_position *p, uint8_t counts[8 * N_COUNTS], uint8_t sums[8 * N_SUMS]) {
    const uint64_t whole[N_COUNTS] = {p->epoch, p->batch, p->step, p->correct, p->rows, p->best_epoch, p->best_errors};
    const double real[N_SUMS] = {p->loss_sum, p->best_accuracy, p->best_loss, p->val_accuracy, p->elapsed_s};
    for (int i = 0; i < N_COUNTS; i++) put_u64(counts + 8 * i, whole[i]);
    for (int i = 0; i < N_SUMS; i++) {
        uint64_t bits;
        memcpy(&bits, &real[i], sizeof bits);
        put_u64(sums + 8 * i, bits);
    }
}

/* The one before becomes "<path>.1"; a first save has none. A file system without hard links keeps no older one. */
static void keep_previous(const char *path) {
    char older[1100];
    int length = snprintf(older, sizeof older, "%s.1", path);
    if (length < 0 || (size_t)length >= sizeof older || access(path, F_OK) != 0) return;
    (void)unlink(older);
    (void)!link(path, older);
}

static ink_status write_wrapped(const char *path, const uint8_t *bytes, size_t size, ink_error *err) {
    uint8_t head[HEAD_BYTES];
    char hex[65];
    ink_sha256 sha;
    ink_file *file = NULL;
    memcpy(head, MAGIC, MAGIC_BYTES);
    put_u64(head + MAGIC_BYTES, size);
    ink_sha256_start(&sha);
    ink_sha256_add(&sha, head, sizeof head);
    ink_sha256_add(&sha, bytes, size);
    ink_sha256_end(&sha, hex);
    ink_status status = ink_file_begin(path, &file, err);
    if (status != INK_OK) return status;
    status = ink_file_write(file, head, sizeof head, err);
    if (status == INK_OK) status = ink_file_write(file, bytes, size, err);
    if (status == INK_OK) status = ink_file_write(file, hex, SHA_BYTES, err);
    if (status != INK_OK) {
        ink_file_abandon(file);
        return status;
    }
    keep_previous(path);
    return ink_file_commit(file, err);
}

ink_status ink_checkpoint_save(const char *path, const ink_trainer *trainer, const uint8_t *held_out, uint32_t n_rows,
                               const ink_pair *notes, size_t n_notes, ink_error *err) {
    ink_trainer_position position = ink_trainer_position_of(trainer);
    ink_weights all = {0}, best = {0};
    uint8_t counts[8 * N_COUNTS], sums[8 * N_SUMS], *bytes = NULL;
    size_t size = 0;
    gather g = {.tensors = {.n_metadata = n_notes}};
    ink_status status = ink_notes_escape(notes, n_notes, &g.tensors.metadata, err);
    if (status == INK_OK) status = ink_trainer_all(trainer, &all, err);
    if (status == INK_OK && position.best_epoch > 0) status = ink_trainer_best(trainer, &best, err);
    if (status == INK_OK) status = ink_weights_check(&all, err);
    if (status != INK_OK) goto done;
    size_t n = (size_t)all.n + best.n + 3;
    g.tensors.items = ink_mem_new(n, sizeof *g.tensors.items);
    g.names = ink_mem_new(n, sizeof *g.names);
    if (g.tensors.items == NULL || g.names == NULL) {
        status = ink_fail_memory(err, n * (sizeof *g.tensors.items + sizeof *g.names), "a checkpoint");
        goto done;
    }
    pack_position(&position, counts, sums);
    add(&g, "", "counts", INK_I64, counts, N_COUNTS);
    add(&g, "", "sums", INK_F64, sums, N_SUMS);
    add(&g, "", "split", INK_U8, held_out, n_rows);
    add_weights(&g, "all/", &all);
    add_weights(&g, "best/", &best);
    status = ink_tensors_bytes(&g.tensors, &bytes, &size, err);
    if (status == INK_OK) status = write_wrapped(path, bytes, size, err);
done:
    ink_mem_free(bytes);
    ink_mem_free(g.names);
    ink_mem_free(g.tensors.items);
    ink_mem_free(g.tensors.metadata);
    ink_weights_clear(&best);
    ink_weights_clear(&all);
    return status;
}

/* ---- loading ---- */

static ink_status unwrap(const char *path, const uint8_t *bytes, size_t size, ink_error *err) {
    char hex[65];
    if (size >= 8 && memcmp(bytes, "INKCKPT", 7) != 0) {
        ink_fail_byte(err, INK_E_DATA, path, 0, NULL, "INKCKPT1", "not a checkpoint");
        ink_hint(err, "--resume takes a run folder; --weights takes a model file");
        return INK_E_DATA;
    }
    if (size >= 8 && bytes[7] != '1') {
        return ink_fail_byte(err, INK_E_DATA, path, 7, NULL, "version 1", "a checkpoint of another version of inkling");
    }
    if (size < HEAD_BYTES + SHA_BYTES || get_u64(bytes + MAGIC_BYTES) != size - HEAD_BYTES - SHA_BYTES) {
        return ink_fail(err, INK_E_DATA, "%s: the checkpoint is cut short or has bytes behind its end (%zu bytes)",
                        path, size);
    }
    ink_sha256_of(bytes, size - SHA_BYTES, hex);
    if (memcmp(hex, bytes + size - SHA_BYTES, SHA_BYTES) != 0) {
        return ink_fail(err, INK_E_DATA, "%s: the checkpoint is damaged: its SHA-256 differs", path);
    }
    return INK_OK;
}

static ink_status take_weights(const ink_tensors *file, const char *prefix, ink_weights *out, ink_error *err) {
    size_t length = strlen(prefix);
    out->item = ink_mem_new(file->n, sizeof *out->item);
    if (out->item == NULL) return ink_fail_memory(err, file->n * sizeof *out->item, "a checkpoint");
    for (size_t i = 0; i < file->n; i++) {
        const ink_tensor *tensor = &file->items[i];
        if (strncmp(tensor->name, prefix, length) != 0) continue;
        struct ink_weight *item = &out->item[out->n];
        if (tensor->dtype != INK_F32 || tensor->rank > 4 || strlen(tensor->name) - length >= INK_NAME_SIZE) {
            return ink_fail(err, INK_E_DATA, "tensor %.80s of the checkpoint has another form", tensor->name);
        }
        strcpy(item->name, tensor->name + length);
        item->rank = (int)tensor->rank;
        for (int k = 0; k < 4; k++) item->dim[k] = k < item->rank ? (int32_t)tensor->dim[k] : 1;
        item->count = (size_t)tensor->count;
        item->data = ink_mem_new(item->count, sizeof *item->data);
        if (item->data == NULL) return ink_fail_memory(err, item->count * sizeof *item->data, "a checkpoint");
        out->n++;
        ink_tensor_floats(tensor, item->data);
    }
    return INK_OK;
}

static ink_status take_position(const ink_tensors *file, ink_checkpoint *out, ink_error *err) {
    const ink_tensor *counts = ink_tensors_find(file, "counts"), *sums = ink_tensors_find(file, "sums");
    const ink_tensor *split = ink_tensors_find(file, "split");
    if (counts == NULL || counts->dtype != INK_I64 || counts->count != N_COUNTS || sums == NULL ||
        sums->dtype != INK_F64 || sums->count != N_SUMS || split == NULL || split->dtype != INK_U8 ||
        split->count > UINT32_MAX) {
        return ink_fail(err, INK_E_DATA, "%s: counts, sums or split have another form", out->path);
    }
    uint64_t whole[N_COUNTS];
    double real[N_SUMS];
    for (int i = 0; i < N_COUNTS; i++) whole[i] = get_u64(counts->data + 8 * i);
    for (int i = 0; i < N_SUMS; i++) {
        uint64_t bits = get_u64(sums->data + 8 * i);
        memcpy(&real[i], &bits, sizeof bits);
    }
    out->position = (ink_trainer_position){.epoch = (uint32_t)whole[COUNT_EPOCH],
                                           .batch = (uint32_t)whole[COUNT_BATCH],
                                           .step = whole[COUNT_STEP],
                                           .loss_sum = real[SUM_LOSS],
                                           .correct = whole[COUNT_CORRECT],
                                           .rows = whole[COUNT_ROWS],
                                           .best_epoch = (uint32_t)whole[COUNT_BEST_EPOCH],
                                           .best_errors = (uint32_t)whole[COUNT_BEST_ERRORS],
                                           .best_accuracy = real[SUM_BEST_ACCURACY],
                                           .best_loss = real[SUM_BEST_LOSS],
                                           .val_accuracy = real[SUM_VAL_ACCURACY],
                                           .elapsed_s = real[SUM_ELAPSED_S]};
    out->n_rows = (uint32_t)split->count;
    out->held_out = ink_mem_new(out->n_rows, 1);
    if (out->held_out == NULL) return ink_fail_memory(err, out->n_rows, "a checkpoint");
    memcpy(out->held_out, split->data, out->n_rows);
    return INK_OK;
}

static ink_status load_one(const char *path, ink_checkpoint *out, ink_error *err) {
    ink_source *source = NULL;
    uint8_t *bytes = NULL;
    size_t size = 0;
    snprintf(out->path, sizeof out->path, "%s", path);
    ink_status status = ink_source_open(path, &source, err);
    if (status == INK_OK) status = ink_source_read_all(source, INK_TENSORS_FILE_MAX, &bytes, &size, err);
    if (status == INK_OK) status = unwrap(path, bytes, size, err);
    if (status == INK_OK) {
        status = ink_tensors_read(bytes + HEAD_BYTES, size - HEAD_BYTES - SHA_BYTES, path, &out->file, err);
    }
    if (status == INK_OK) ink_notes_restore(&out->file);
    if (status == INK_OK) status = take_position(&out->file, out, err);
    if (status == INK_OK) status = take_weights(&out->file, "all/", &out->all, err);
    if (status == INK_OK) status = take_weights(&out->file, "best/", &out->best, err);
    /* The notes were copied out of the bytes by the reader; the tensors were copied above. */
    out->file.n = 0;
    ink_mem_free(bytes);
    ink_source_close(source);
    if (status != INK_OK) ink_checkpoint_clear(out);
    return status;
}

ink_status ink_checkpoint_load(const char *path, ink_checkpoint *out, ink_error *err) {
    char older[1100];
    ink_error why;
    *out = (ink_checkpoint){0};
    ink_status status = load_one(path, out, &why);
    if (status == INK_E_DATA || status == INK_E_FILE) {
        snprintf(older, sizeof older, "%s.1", path);
        if (load_one(older, out, NULL) == INK_OK) {
            memcpy(out->fallback, why.text, sizeof out->fallback);
            return INK_OK;
        }
    }
    if (status != INK_OK && err != NULL) *err = why;
    return status;
}

void ink_checkpoint_clear(ink_checkpoint *checkpoint) {
    ink_weights_clear(&checkpoint->all);
    ink_weights_clear(&checkpoint->best);
    ink_mem_free(checkpoint->held_out);
    ink_tensors_free(&checkpoint->file);
    *checkpoint = (ink_checkpoint){0};
}

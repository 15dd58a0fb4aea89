/* api/modelfile_copy.c: weights to halves or bytes.
 * The way back is modelfile.c's; nothing here knows layers. */
#include "api/modelfile_copy.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/half.h"
#include "core/mem.h"
#include "core/status.h"
#include "files/tensors_write.h"

#define STEPS 127 /* of an I8 on each side of 0 */

/* A copy in the making. */
typedef struct copy {
    const ink_modelfile *model;
    ink_tensors out; /* items, metadata: owned; memory of new tensors: in arena */
    ink_arena arena;
    ink_error *err;
} copy;

static void put_u32(uint8_t *to, uint32_t bits) {
    for (int k = 0; k < 4; k++) to[k] = (uint8_t)(bits >> (8 * k));
}

static void put_float(uint8_t *to, float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    put_u32(to, bits);
}

static void put_bytes_scaled(const float *w, uint64_t rows, uint64_t per_row, uint8_t *to, uint8_t *scale) {
    for (uint64_t k = 0; k < rows; k++, w += per_row, to += per_row) {
        float most = 0;
        for (uint64_t i = 0; i < per_row; i++) most = fabsf(w[i]) > most ? fabsf(w[i]) : most;
        float step = most / STEPS;
        put_float(scale + 4 * k, step);
        for (uint64_t i = 0; i < per_row; i++) {
            float units = step > 0 ? w[i] / step : 0;
            int whole = (int)(units < 0 ? units - 0.5f : units + 0.5f);
            /* A step below the smallest normal float may be so coarse that the quotient exceeds 127. */
            whole = whole > STEPS ? STEPS : whole < -STEPS ? -STEPS : whole;
            to[i] = (uint8_t)(int8_t)whole;
        }
    }
}

static ink_status add_scale(copy *c, const ink_tensor *of, uint8_t **bytes) {
    size_t size = strlen(of->name) + sizeof ".scale";
    char *name = ink_arena_new(&c->arena, size, 1);
    *bytes = ink_arena_new(&c->arena, (size_t)of->dim[0], 4);
    if (name == NULL || *bytes == NULL) return ink_fail_memory(c->err, of->dim[0] * 4, "scales");
    snprintf(name, size, "%s.scale", of->name);
    c->out.items[c->out.n++] = (ink_tensor){.name = name,
                                            .dtype = INK_F32,
                                            .rank = 1,
                                            .dim = {of->dim[0]},
                                            .count = of->dim[0],
                                            .data = *bytes,
                                            .bytes = (size_t)of->dim[0] * 4};
    return INK_OK;
}

static ink_status put_weights(copy *c, ink_tensor *tensor, const float *w, uint8_t *to) {
    uint8_t *scale = NULL;
    for (uint64_t i = 0; i < tensor->count; i++) {
        if (tensor->dtype == INK_F16) {
            uint16_t half = ink_half_nearest(w[i]);
            if ((half & 0x7fffu) == 0x7c00u) {
                return ink_fail(c->err, INK_E_USAGE, "%s: weight %llu of %s is %g: a 16-bit float ends at 65504",
                                c->model->name, (unsigned long long)i, tensor->name, (double)w[i]);
            }
            to[2 * i] = (uint8_t)half;
            to[2 * i + 1] = (uint8_t)(half >> 8);
        } else if (tensor->dtype == INK_F32) {
            put_float(to + 4 * i, w[i]);
        }
    }
    if (tensor->dtype != INK_I8) return INK_OK;
    ink_status status = add_scale(c, tensor, &scale);
    if (status == INK_OK && tensor->count > 0) {
        put_bytes_scaled(w, tensor->dim[0], tensor->count / tensor->dim[0], to, scale);
    }
    return status;
}

static ink_status add_tensor(copy *c, const ink_tensor *tensor, ink_dtype dtype) {
    bool is_narrowed = tensor->rank >= 2 && tensor->dtype != INK_I64;
    if (tensor->dtype == INK_I8 && !is_narrowed) dtype = INK_F32;
    if (!is_narrowed && tensor->dtype != INK_I8) {
        c->out.items[c->out.n++] = *tensor;
        return INK_OK;
    }
    float *w = ink_mem_new((size_t)tensor->count, sizeof *w);
    uint8_t *bytes = ink_arena_new(&c->arena, (size_t)tensor->count, ink_dtype_size(dtype));
    if (w == NULL || bytes == NULL) {
        ink_mem_free(w);
        return ink_fail_memory(c->err, tensor->count * sizeof *w, "weights");
    }
    ink_tensor *made = &c->out.items[c->out.n++];
    *made = *tensor;
    made->dtype = dtype;
    made->data = bytes;
    made->bytes = (size_t)tensor->count * ink_dtype_size(dtype);
    ink_status status = ink_tensor_weights(&c->model->tensors, tensor, c->model->name, w, c->err);
    if (status == INK_OK) status = put_weights(c, made, w, bytes);
    ink_mem_free(w);
    return status;
}

static void add_note(copy *c, const ink_pair *note) {
    size_t i = 0;
    while (i < c->out.n_metadata && strcmp(c->out.metadata[i].key, note->key) != 0) i++;
    c->out.metadata[i] = *note;
    if (i == c->out.n_metadata) c->out.n_metadata++;
}

ink_status ink_modelfile_copy(const ink_modelfile *model, ink_dtype dtype, const ink_pair *notes, size_t n_notes,
                              const char *path, ink_error *err) {
    const ink_tensors *in = &model->tensors;
    copy c = {.model = model, .err = err};
    if (dtype != INK_F32 && dtype != INK_F16 && dtype != INK_I8) {
        return ink_fail(err, INK_E_USAGE, "weights as %s: expected F32, F16 or I8", ink_dtype_name(dtype));
    }
    ink_status status = INK_OK;
    c.out.items = ink_mem_new(in->n * 2, sizeof *c.out.items);
    c.out.metadata = ink_mem_new(in->n_metadata + n_notes, sizeof *c.out.metadata);
    if (c.out.items == NULL || c.out.metadata == NULL) {
        status = ink_fail_memory(err, in->n * 2 * sizeof *c.out.items, "a model");
        goto done;
    }
    for (size_t i = 0; status == INK_OK && i < in->n; i++) {
        const ink_tensor *tensor = &in->items[i];
        bool is_scale = ink_tensor_is_aside(in, tensor) && tensor->dtype != INK_I64;
        if (!is_scale) status = add_tensor(&c, tensor, dtype);
    }
    if (status == INK_OK) {
        for (size_t i = 0; i < in->n_metadata; i++) add_note(&c, &in->metadata[i]);
        for (size_t i = 0; i < n_notes; i++) add_note(&c, &notes[i]);
        status = ink_tensors_write(path, &c.out, err);
    }
done:
    ink_arena_clear(&c.arena);
    ink_mem_free(c.out.items);
    ink_mem_free(c.out.metadata);
    return status;
}

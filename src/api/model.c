/* api/model.c: inkling.h's model: open, predict, free.
 * Training is elsewhere (api/train.c), and so are folders, archives and formats other than safetensors. */
#include "api/model.h"

#include "api/builtin.h"
#include "core/mem.h"
#include "core/status.h"
#include "data/normaliser.h"

#define BATCH_DEFAULT 64
#define BATCH_MOST    65536

/* A model of its own pool, from tensors that it takes. */
static ink_status open_tensors(ink_tensors *take_tensors, const char *name, const ink_model_options *options,
                               ink_model **out, ink_error *err) {
    ink_modelfile file;
    ink_pool *pool = NULL;
    uint32_t threads = options != NULL && options->threads > 0 ? options->threads : 1;
    uint32_t max_batch = options != NULL && options->max_batch > 0 ? options->max_batch : BATCH_DEFAULT;
    ink_status status = ink_modelfile_take(take_tensors, name, &file, err);
    if (status != INK_OK) return status;
    if (max_batch > BATCH_MOST) {
        status = ink_fail(err, INK_E_USAGE, "max_batch is %u, expected at most %d", max_batch, BATCH_MOST);
    } else if (file.height != INK_DIGIT_SIDE || file.width != INK_DIGIT_SIDE) {
        status = ink_fail(err, INK_E_DATA, "%s: a net for images of %dx%d, expected 28x28", name, (int)file.height,
                          (int)file.width);
    }
    if (status == INK_OK) status = ink_pool_new(threads, &pool, err);
    if (status == INK_OK) {
        ink_model_setup setup = {
            .backend = &ink_backend_cpu, .precision = INK_PRECISION_F32, .pool = pool, .max_batch = max_batch};
        status = ink_model_build(&file, &setup, out, err);
    }
    if (status == INK_OK) {
        (*out)->own_pool = pool;
    } else {
        ink_pool_free(pool);
    }
    ink_modelfile_free(&file);
    return status;
}

ink_status ink_model_open(const char *path, const ink_model_options *options, ink_model **out, ink_error *err) {
    ink_tensors tensors = {0};
    if (out == NULL) return ink_fail(err, INK_E_USAGE, "ink_model_open: out is NULL");
    *out = NULL;
    if (path == NULL) return ink_fail(err, INK_E_USAGE, "ink_model_open: path is NULL");
    ink_status status = ink_tensors_open(path, &tensors, err);
    return status == INK_OK ? open_tensors(&tensors, path, options, out, err) : status;
}

ink_status ink_model_open_memory(const void *bytes, size_t size, const char *name, const ink_model_options *options,
                                 ink_model **out, ink_error *err) {
    ink_tensors tensors = {0};
    if (out == NULL) return ink_fail(err, INK_E_USAGE, "ink_model_open_memory: out is NULL");
    *out = NULL;
    if (bytes == NULL || name == NULL) return ink_fail(err, INK_E_USAGE, "ink_model_open_memory: NULL argument");
    ink_status status = ink_tensors_read(bytes, size, name, &tensors, err);
    return status == INK_OK ? open_tensors(&tensors, name, options, out, err) : status;
}

ink_status ink_model_open_builtin(const char *name, const ink_model_options *options, ink_model **out, ink_error *err) {
    if (out == NULL) return ink_fail(err, INK_E_USAGE, "ink_model_open_builtin: out is NULL");
    *out = NULL;
    const ink_embedded *file = ink_builtin_find(name);
    if (file == NULL) return ink_builtin_unknown(name, err);
    return ink_model_open_memory(file->bytes, file->size_bytes, file->name, options, out, err);
}

ink_status ink_model_predict(ink_model *model, const uint8_t *images, size_t n, float *p, ink_error *err) {
    if (model == NULL || images == NULL || p == NULL || n == 0) {
        return ink_fail(err, INK_E_USAGE, "ink_model_predict: %s", n == 0 ? "no images" : "NULL argument");
    }
    ink_status status = INK_OK;
    for (size_t done = 0; done < n && status == INK_OK;) {
        uint32_t now = n - done < model->max_batch ? (uint32_t)(n - done) : model->max_batch;
        status = ink_model_run(model, images + done * model->image_bytes, now, NULL, p + done * INK_CLASSES, err);
        done += now;
    }
    return status;
}

ink_status ink_digit_prepare(const uint8_t *grey, uint32_t width, uint32_t height, size_t stride_bytes, int dark_ink,
                             uint8_t out[784], ink_error *err) {
    uint8_t *inverted = NULL;
    if (grey == NULL || out == NULL) return ink_fail(err, INK_E_USAGE, "ink_digit_prepare: NULL argument");
    if (width < 1 || height < 1 || width > INK_GREY_SIDE_MAX || height > INK_GREY_SIDE_MAX) {
        return ink_fail(err, INK_E_USAGE, "ink_digit_prepare: a picture of %ux%u, expected 1x1 to 4096x4096", width,
                        height);
    }
    if (stride_bytes < width) {
        return ink_fail(err, INK_E_USAGE, "ink_digit_prepare: stride_bytes is %zu, less than the width, %u",
                        stride_bytes, width);
    }
    if (dark_ink) {
        inverted = ink_mem_new(height, width);
        if (inverted == NULL) return ink_fail_memory(err, (uint64_t)height * width, "a picture");
        for (uint32_t y = 0; y < height; y++) {
            for (uint32_t x = 0; x < width; x++) {
                inverted[(size_t)y * width + x] = (uint8_t)(255 - grey[y * stride_bytes + x]);
            }
        }
        grey = inverted;
        stride_bytes = width;
    }
    bool ink = ink_digit_normalise(grey, width, height, stride_bytes, out);
    ink_mem_free(inverted);
    return ink ? INK_OK : ink_fail(err, INK_E_DATA, "the picture is blank: no ink found");
}

/* api/reader.c: models opened for each thread, files decoded, pages read.
 * What is done with a page is read.c's and pages_score.c's business. */
#include "api/reader.h"

#include <string.h>

#include "core/mem.h"
#include "core/status.h"

#define MAX_BATCH 128 /* digits computed at once */

ink_status ink_readers_open(const ink_read_options *options, size_t n_files, ink_readers *out, ink_error *err) {
    ink_engine engine = options->engine;
    uint32_t threads = engine.threads > 0 ? engine.threads : ink_pool_processors();
    ink_readers readers = {0};
    *out = (ink_readers){0};
    if (threads > INK_POOL_THREADS_MAX) threads = INK_POOL_THREADS_MAX;
    uint32_t n = n_files < threads ? (uint32_t)n_files : threads;
    if (n == 0) n = 1;
    engine.threads = n == 1 ? threads : 1;
    readers.at = ink_mem_new(n, sizeof *readers.at);
    if (readers.at == NULL) return ink_fail_memory(err, n * sizeof *readers.at, "readers");
    ink_status status = ink_pool_new(n, &readers.pool, err);
    for (; readers.n < n && status == INK_OK; readers.n++) {
        ink_reader *r = &readers.at[readers.n];
        status = ink_machine_open(&engine, &r->machine, err);
        if (status == INK_OK) {
            status = ink_models_open(options->models, options->n_models, &r->machine, MAX_BATCH, &r->models, err);
        }
        if (status == INK_OK &&
            (r->models.files[0].height != INK_DIGIT_SIDE || r->models.files[0].width != INK_DIGIT_SIDE)) {
            status = ink_fail(err, INK_E_DATA, "%s: a net for images of %dx%d, expected 28x28", r->models.files[0].name,
                              (int)r->models.files[0].height, (int)r->models.files[0].width);
        }
    }
    if (status == INK_OK) {
        *out = readers;
    } else {
        ink_readers_close(&readers);
    }
    return status;
}

void ink_readers_close(ink_readers *readers) {
    for (uint32_t i = 0; i < readers->n; i++) {
        ink_models_close(&readers->at[i].models);
        ink_machine_close(&readers->at[i].machine);
    }
    ink_pool_free(readers->pool);
    ink_mem_free(readers->at);
    *readers = (ink_readers){0};
}

/* ink_page_net's read. */
static ink_status ask(void *context, const uint8_t *images, size_t n, float *p, ink_error *err) {
    ink_reader *reader = context;
    ink_predictions predictions;
    const ink_images view = {.pixels = (uint8_t *)(uintptr_t)images, /* only read */
                             .count = (uint32_t)n,
                             .height = INK_DIGIT_SIDE,
                             .width = INK_DIGIT_SIDE};
    ink_status status = ink_models_predict(&reader->models, &view, NULL, &predictions, err);
    if (status == INK_OK) memcpy(p, predictions.p, n * 10 * sizeof *p);
    if (status == INK_OK) ink_predictions_free(&predictions);
    return status;
}

ink_status ink_reader_read(ink_reader *reader, const char *path, float sure, const ink_page_steps *steps,
                           ink_page *page, ink_bitmap *picture, ink_error *err) {
    ink_source *source = NULL;
    ink_bitmap decoded = {0};
    ink_page_options options = {.net = {ask, reader}, .sure = sure};
    if (steps != NULL) options.steps = *steps;
    *page = (ink_page){0};
    ink_status status = ink_source_open(path, &source, err);
    if (status != INK_OK) return status;
    status = ink_bitmap_read(source, NULL, &decoded, err);
    ink_source_close(source);
    if (status == INK_OK) {
        status = ink_page_read(decoded.grey, decoded.width, decoded.height, decoded.width, &options, page, err);
    }
    for (uint32_t i = 0; i < page->count; i++) {
        ink_page_digit *d = &page->digits[i];
        d->x *= decoded.shrunk;
        d->y *= decoded.shrunk;
        d->width *= decoded.shrunk;
        d->height *= decoded.shrunk;
    }
    if (status == INK_OK && picture != NULL) {
        *picture = decoded;
    } else {
        ink_bitmap_free(&decoded);
    }
    return status;
}

/* api/bench.c: `inkling bench`: how fast files are parsed.
 * A benchmark prints figures and decides nothing; nets are bench_net.c and bench_sweep.c. */

#include "api/engine.h"
#include "core/clock.h"
#include "files/csv.h"

#define REPEATS 5

/* One parse of the file, timed from open to the last row. */
static ink_status parse_once(const char *path, ink_pool *pool, ink_csv_bench *result, ink_error *err) {
    ink_source *source = NULL;
    ink_images images = {0};
    double start = ink_clock_s();
    ink_status status = ink_source_open(path, &source, err);
    if (status == INK_OK) status = ink_csv_read(source, INK_CSV_ANY, pool, &images, err);
    if (status == INK_OK) {
        double seconds = ink_clock_s() - start;
        result->bytes = ink_source_offset(source);
        result->rows = images.count;
        if (result->seconds == 0 || seconds < result->seconds) result->seconds = seconds;
    }
    ink_images_free(&images);
    ink_source_close(source);
    return status;
}

ink_status ink_work_bench_csv(const char *path, uint32_t threads, uint32_t repeats, ink_csv_bench *result,
                              ink_error *err) {
    ink_pool *pool = NULL;
    *result = (ink_csv_bench){.repeats = repeats > 0 ? repeats : REPEATS};
    ink_status status = ink_pool_new(threads, &pool, err);
    if (status != INK_OK) return status;
    result->threads = ink_pool_threads(pool);
    for (uint32_t i = 0; i < result->repeats && status == INK_OK; i++) status = parse_once(path, pool, result, err);
    if (status == INK_OK) result->gb_per_s = (double)result->bytes / 1e9 / result->seconds;
    ink_pool_free(pool);
    return status;
}

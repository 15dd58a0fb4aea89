/* data/batch.h: the batches of an epoch, one after another, contiguous and ready for a program.
 *
 *   ink_batches *batches = NULL;
 *   st = ink_batches_new(&(ink_batches_options){.images = &set.train, .rows = rows, .n_rows = n, .batch_size = 64,
 *                        .shuffle = true, .seed = 1, .augment = &recipe.augment, .pool = pool}, &batches, &err);
 *   for (epoch = 1; epoch <= epochs; epoch++) {
 *       ink_batches_start(batches, epoch, 0);
 *       while (ink_batches_next(batches, &b)) { batch.n = b.n; batch.images = b.images; ... run ... }
 *   }
 *   ink_batches_free(batches);
 *
 * Order and distortion are functions of (seed, epoch, row) alone: the same bits for any number of workers and threads,
 * and for an epoch that begins in its middle. The last, partial batch is brought too. Nothing allocates between new and
 * free. */
#ifndef INK_DATA_BATCH_H
#define INK_DATA_BATCH_H

#include <stdbool.h>

#include "core/pool.h"
#include "data/augment.h"
#include "files/images.h"

typedef struct ink_batches ink_batches;

typedef struct ink_batches_options {
    const ink_images *images; /* borrowed until free */
    const uint32_t *rows;     /* which images, in file order; copied. NULL: all of them */
    uint32_t n_rows;          /* length of rows; ignored when NULL */
    uint32_t batch_size;      /* at least 1 */
    bool shuffle; /* a new order each epoch (Fisher-Yates, INK_STREAM_SHUFFLE, a = epoch); else as in rows */
    uint64_t seed;
    const ink_augment *augment; /* copied; NULL or none: batches bring no warps */
    uint32_t workers;           /* threads of their own that prepare ahead, at most 64; 0: prepared when asked for */
    ink_pool *pool;             /* without workers: shares the preparation of large batches; NULL: the caller alone.
                                 * Must not be running when next is called */
} ink_batches_options;

/* One batch. The arrays belong to the batches and stand until the next call of next, start or free. */
typedef struct ink_batch_view {
    uint64_t epoch;        /* that start was given */
    uint32_t number;       /* of the batch in its epoch, from 0 */
    uint32_t n;            /* images: batch_size, fewer in the last one */
    const uint8_t *images; /* [n][height][width] */
    const uint8_t *labels; /* [n], or NULL when the images have none */
    const ink_warp *warps; /* [n], or NULL */
    const uint32_t *rows;  /* [n] their numbers in `images`, from 0 */
} ink_batch_view;

/* Errors   INK_E_USAGE no images, a batch size of 0, too many workers, a row out of range; INK_E_MEMORY;
 * INK_E_INTERNAL when a thread cannot be made. */
INK_MUST_USE ink_status ink_batches_new(const ink_batches_options *options, ink_batches **out, ink_error *err);
/* NULL is fine. */
void ink_batches_free(ink_batches *batches);

/* Batches in an epoch: ceil(rows / batch_size). */
uint32_t ink_batches_count(const ink_batches *batches);

/* Goes to batch `first` of `epoch` (from 1). first may be the count: then next returns false at once. */
void ink_batches_start(ink_batches *batches, uint64_t epoch, uint32_t first);
/* The next batch, or false at the end of the epoch (and before the first start). */
bool ink_batches_next(ink_batches *batches, ink_batch_view *out);

/* From the next start on views bring rows alone, and nothing is prepared: whoever asked has the images already. The
 * rows then stand until the next start or free. */
void ink_batches_bring_rows(ink_batches *batches);

/* Seconds that start and next have taken since the last start: ordering, preparing, or waiting for the workers. */
double ink_batches_waited_s(const ink_batches *batches);

#endif

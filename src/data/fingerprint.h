/* data/fingerprint.h: what tells two data sets apart, and what they share. */
#ifndef INK_DATA_FINGERPRINT_H
#define INK_DATA_FINGERPRINT_H

#include "core/pool.h"
#include "files/images.h"

/* A fingerprint of images and labels, the same for any file format: SHA-256 of the text "inkling images COUNT HEIGHT
 * WIDTH\n", the SHA-256 (64 hex digits) of each run of 1024 images' pixels in turn, and the labels (none when NULL).
 * pool may be NULL. Errors: INK_E_MEMORY. */
INK_MUST_USE ink_status ink_images_sha256(const ink_images *images, ink_pool *pool, char hex[65], ink_error *err);

/* hashes [images->count]: of each image's pixels; by chance two images share one once in 2^64. The same for ever: runs
 * keep them (api/learned.h). */
void ink_images_hashes(const ink_images *images, uint64_t *hashes);

/* Exact copies, byte for byte. */
typedef struct ink_duplicates {
    uint32_t within;           /* images of `a` that equal an earlier one of `a` */
    uint32_t contradictions;   /* of those: with another label than the earliest one */
    uint32_t across;           /* images of `b` that equal one of `a` */
    uint32_t first_a, first_b; /* the first pair across; valid when across > 0 */
} ink_duplicates;

/* b may be NULL, or of another size than a: then nothing is across. pool may be NULL. Errors: INK_E_MEMORY. */
INK_MUST_USE ink_status ink_duplicates_find(const ink_images *a, const ink_images *b, ink_pool *pool,
                                            ink_duplicates *out, ink_error *err);

/* Of the images from number `from` on, those that equal one held out: held_out[i] becomes INK_ROW_LEFT_OUT
 * (data/split.h), whatever their label. *n: how many. pool may be NULL. Errors: INK_E_MEMORY. */
INK_MUST_USE ink_status ink_duplicates_leave_out(const ink_images *images, uint32_t from, ink_pool *pool,
                                                 uint8_t *held_out, uint32_t *n, ink_error *err);

#endif

/* core/hash.h: SHA-256: weights, data, downloads, checkpoints.
 * Source   FIPS 180-4. */
#ifndef INK_CORE_HASH_H
#define INK_CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

typedef struct ink_sha256 {
    uint32_t state[8];
    uint64_t length_bytes;
    uint8_t block[64];
} ink_sha256;

void ink_sha256_start(ink_sha256 *sha);
void ink_sha256_add(ink_sha256 *sha, const void *data, size_t size);
/* hex: 64 lower-case digits and a NUL. */
void ink_sha256_end(ink_sha256 *sha, char hex[65]);
/* All three in one. */
void ink_sha256_of(const void *data, size_t size, char hex[65]);

/* FNV-1a, 64 bits: for names as numbers, not for integrity. */
uint64_t ink_fnv64(const void *data, size_t size);

#endif

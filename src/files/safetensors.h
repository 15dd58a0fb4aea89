/* files/safetensors.h: named tensors, and the safetensors format that holds them.
 * Part of libinkling: libc and core alone (the writer and the readers of sources stand in files of the program).
 *
 * Format   u64 little-endian n; n bytes of JSON: {"__metadata__":{text:text}, name:{"dtype":"F32","shape":[..],
 *          "data_offsets":[begin,end]}, ..}; then the tensors' bytes, little-endian, row-major, without a gap.
 * Reads    F32 F64 F16 BF16 I64 U8 I8; any other dtype is named in the error. Refuses (INK_E_DATA, with the byte): a
 *          header that is empty, above INK_TENSORS_HEADER_MAX or larger than the file, not UTF-8 or not an object;
 *          nesting beyond 8; a key twice at any level; numbers that are no integers 0 .. 2^53-1; shapes whose product
 *          overflows or differs from the bytes; holes, overlaps, bytes behind the last tensor; more than
 *          INK_TENSORS_MAX tensors; names beyond INK_TENSORS_NAME_MAX bytes or with control bytes. Tensors without
 *          elements are legal. NaN and infinity are the caller's to judge.
 * Source   github.com/huggingface/safetensors, README and tensor.rs. */
#ifndef INK_FILES_SAFETENSORS_H
#define INK_FILES_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "inkling.h"

#define INK_TENSORS_MAX        65536u
#define INK_TENSORS_NAME_MAX   256u
#define INK_TENSORS_RANK_MAX   8u
#define INK_TENSORS_HEADER_MAX ((uint64_t)100 * 1000 * 1000)
#define INK_TENSORS_FILE_MAX   ((size_t)4 << 30)

typedef enum ink_dtype { INK_F32, INK_F64, INK_F16, INK_BF16, INK_I64, INK_U8, INK_I8 } ink_dtype;

typedef struct ink_tensor {
    const char *name;
    ink_dtype dtype;
    uint32_t rank; /* 0: a single number */
    uint64_t dim[INK_TENSORS_RANK_MAX];
    uint64_t count;      /* elements: the product of dim, 1 for rank 0 */
    const uint8_t *data; /* [bytes], little-endian, row-major, at any alignment */
    size_t bytes;        /* count * size of dtype */
} ink_tensor;

typedef struct ink_pair {
    const char *key, *value;
} ink_pair;

/* Tensors of a file, in the order of their bytes, and its metadata in the order of the file. A writer may fill items
 * and metadata with pointers of its own; one that a reader filled owns them through arena and memory. */
typedef struct ink_tensors {
    ink_tensor *items; /* [n] */
    size_t n;
    ink_pair *metadata; /* [n_metadata] */
    size_t n_metadata;
    ink_arena arena;            /* names, shapes, metadata */
    void *memory;               /* the file's bytes; NULL: borrowed */
    const ink_tensor **by_name; /* [n] sorted, by ink_tensors_index; NULL: looked for one by one */
} ink_tensors;                  /* {0}: none */

/* Reads a whole file at path, which must be a plain one (not packed) of at most INK_TENSORS_FILE_MAX bytes.
 * Errors   INK_E_FILE, INK_E_DATA as above, INK_E_MEMORY; *out is {0} then. Owner: the caller, ink_tensors_free. */
INK_MUST_USE ink_status ink_tensors_open(const char *path, ink_tensors *out, ink_error *err);

/* The same from memory: bytes are borrowed until free. name stands in messages. */
INK_MUST_USE ink_status ink_tensors_read(const void *bytes, size_t size, const char *name, ink_tensors *out,
                                         ink_error *err);

void ink_tensors_free(ink_tensors *tensors);

/* For readers, behind the last tensor: sorts them for ink_tensors_find. *twice: a name that two have; NULL: none.
 * Errors   INK_E_MEMORY. */
INK_MUST_USE ink_status ink_tensors_index(ink_tensors *tensors, const char **twice, ink_error *err);

/* By name; NULL: there is none. */
const ink_tensor *ink_tensors_find(const ink_tensors *tensors, const char *name);
const char *ink_tensors_note(const ink_tensors *tensors, const char *key); /* metadata */

/* to[count] = the elements as floats, rounded to nearest. Never fails; F64 beyond float's range becomes infinity. */
void ink_tensor_floats(const ink_tensor *tensor, float *to);
/* The place of the first element that is NaN or infinite; false: all are finite. */
bool ink_tensor_nonfinite(const ink_tensor *tensor, uint64_t *at);

/* "F32"; bytes per element. Static. */
const char *ink_dtype_name(ink_dtype dtype);
size_t ink_dtype_size(ink_dtype dtype);

/* What a network expects. */
typedef struct ink_wanted {
    const char *name;
    uint32_t rank;
    uint64_t dim[INK_TENSORS_RANK_MAX];
} ink_wanted;

/* INK_OK when tensors holds exactly the wanted names with these shapes. Else INK_E_DATA, with all differences in one
 * text as far as it reaches: missing, unknown, other shape. extra_fine: names that are not wanted are no fault. file
 * stands in the message. */
INK_MUST_USE ink_status ink_tensors_match(const ink_tensors *tensors, const ink_wanted *wanted, size_t n_wanted,
                                          bool extra_fine, const char *file, ink_error *err);

#endif

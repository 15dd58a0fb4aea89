/* files/pickle.h: inside pth: a pickle read as data.
 *
 * A pickle is a program for a small stack machine that may import and call anything. This reader has no call: it knows
 * the opcodes and the ten names that PyTorch writes for dictionaries of tensors, and turns them into values. Any other
 * opcode, and any other name, is an error that says which and where.
 * Bounds   At most INK_PICKLE_VALUES_MAX values, INK_PICKLE_ITEMS_MAX places for them in tuples, lists and dictionaries
 *          (one value may stand in many), nesting INK_PICKLE_DEPTH_MAX, INK_PICKLE_STORAGES_MAX storages with keys of
 *          INK_PICKLE_KEY_MAX bytes at most; nothing recurses. Time grows with the pickle's bytes and these bounds.
 * Source   CPython Lib/pickletools.py; PyTorch torch/_weights_only_unpickler.py, torch/serialization.py. */
#ifndef INK_FILES_PICKLE_H
#define INK_FILES_PICKLE_H

#include "files/safetensors.h"

#define INK_PICKLE_VALUES_MAX   (1u << 19)
#define INK_PICKLE_ITEMS_MAX    (1u << 21)
#define INK_PICKLE_DEPTH_MAX    64u
#define INK_PICKLE_STORAGES_MAX 8192u
#define INK_PICKLE_KEY_MAX      140u

typedef enum ink_pickle_kind {
    INK_PICKLE_NONE,
    INK_PICKLE_BOOL,  /* number */
    INK_PICKLE_INT,   /* number */
    INK_PICKLE_FLOAT, /* its value is of no use here */
    INK_PICKLE_TEXT,
    INK_PICKLE_TUPLE, /* items, so for list */
    INK_PICKLE_LIST,
    INK_PICKLE_DICT, /* items: key, value, key, value */
    INK_PICKLE_NAME, /* a global; number: which */
    INK_PICKLE_STORAGE,
    INK_PICKLE_TENSOR,
    INK_PICKLE_PARAMETER /* an empty torch.nn.Parameter that waits for its state */
} ink_pickle_kind;

/* A block of numbers that stands elsewhere in the file. */
typedef struct ink_pickle_storage {
    const char *key;
    ink_dtype dtype;
    uint64_t count;
    const uint8_t *bytes; /* set by pth.c */
} ink_pickle_storage;

/* A view of a storage; not yet checked against it. */
typedef struct ink_pickle_tensor {
    ink_pickle_storage *storage;
    uint64_t offset; /* elements */
    uint32_t rank;
    uint64_t dim[INK_TENSORS_RANK_MAX], stride[INK_TENSORS_RANK_MAX];
} ink_pickle_tensor;

typedef struct ink_pickle_value {
    ink_pickle_kind kind;
    uint32_t depth; /* 1 + that of the deepest item */
    int64_t number;
    const char *text; /* terminated, may hold NULs before length */
    size_t length;
    struct ink_pickle_value **items;
    size_t n, room;
    ink_pickle_storage *storage;
    ink_pickle_tensor *tensor;
} ink_pickle_value;

/* Storages of all pickles of one file, sorted by their keys. */
typedef struct ink_pickle_storages {
    ink_pickle_storage **items;
    size_t n, room;
} ink_pickle_storages; /* {0}: none; in the arena of the pickles */

/* Reads one pickle from bytes[*at ..]; *at moves behind its STOP. Values and texts live in the arena.
 * file stands in messages, with offsets from `bytes`. Errors: INK_E_DATA, INK_E_MEMORY. */
INK_MUST_USE ink_status ink_pickle_read(const uint8_t *bytes, size_t size, size_t *at, const char *file,
                                        ink_arena *arena, ink_pickle_storages *storages, ink_pickle_value **out,
                                        ink_error *err);

/* The storage with this key, or NULL. */
ink_pickle_storage *ink_pickle_storage_find(const ink_pickle_storages *storages, const char *key);

/* The value of a text key in a dictionary, or NULL. */
const ink_pickle_value *ink_pickle_find(const ink_pickle_value *dict, const char *key);

#endif

/* files/pickle.c: a stack machine that can only make data.
 * It calls nothing, imports nothing, opens nothing. */
#include "files/pickle.h"

#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"

#define STACK_FIRST 256u
#define STACK_MAX   (1u << 16)
#define MEMO_MAX    INK_PICKLE_VALUES_MAX

typedef ink_pickle_value value;

/* The names that may stand in a pickle. */
enum name {
    ORDERED_DICT,
    REBUILD_TENSOR,
    REBUILD_TENSOR_V2,
    REBUILD_PARAMETER,
    PARAMETER,
    STORAGE_FIRST /* and ink_dtype from here on */
};

static const struct {
    const char *module, *name;
    int number;
} names[] = {
    {"collections", "OrderedDict", ORDERED_DICT},
    {"torch._utils", "_rebuild_tensor", REBUILD_TENSOR},
    {"torch._utils", "_rebuild_tensor_v2", REBUILD_TENSOR_V2},
    {"torch._utils", "_rebuild_parameter", REBUILD_PARAMETER},
    {"torch.nn.parameter", "Parameter", PARAMETER},
    {"torch", "FloatStorage", STORAGE_FIRST + INK_F32},
    {"torch", "DoubleStorage", STORAGE_FIRST + INK_F64},
    {"torch", "HalfStorage", STORAGE_FIRST + INK_F16},
    {"torch", "BFloat16Storage", STORAGE_FIRST + INK_BF16},
    {"torch", "LongStorage", STORAGE_FIRST + INK_I64},
    {"torch", "ByteStorage", STORAGE_FIRST + INK_U8},
};

typedef struct machine {
    const uint8_t *bytes;
    size_t size, at, op_at;
    const char *file;
    ink_arena *arena;
    ink_pickle_storages *storages;
    value **stack, **memo;
    size_t n, room, memo_room, memo_n;
    size_t marks[INK_PICKLE_DEPTH_MAX];
    uint32_t n_marks, n_values, n_items;
    ink_error *err;
} machine;

static ink_status fail(machine *m, const char *seen, const char *what) {
    return ink_fail_byte(m->err, INK_E_DATA, m->file, m->op_at, seen, NULL, what);
}

static ink_status out_of_memory(machine *m) {
    return ink_fail_memory(m->err, m->arena->used_bytes, m->file);
}

/* ---- bytes, values, the stack ---- */

static ink_status take(machine *m, size_t n, const uint8_t **p) {
    if (n > m->size - m->at) return fail(m, NULL, "an opcode reaches beyond the end of the pickle");
    *p = m->bytes + m->at;
    m->at += n;
    return INK_OK;
}

static ink_status take_number(machine *m, size_t n, uint64_t *number) {
    const uint8_t *p = NULL;
    ink_status status = take(m, n, &p);
    if (status != INK_OK) return status;
    *number = 0;
    for (size_t i = 0; i < n; i++) *number |= (uint64_t)p[i] << (8 * i);
    return INK_OK;
}

static ink_status push(machine *m, value *v) {
    if (m->n == STACK_MAX) return fail(m, NULL, "the stack grows too high");
    if (m->n == m->room) {
        size_t room = m->room * 2;
        value **larger = ink_mem_resize(m->stack, room, sizeof *larger);
        if (larger == NULL) return out_of_memory(m);
        m->stack = larger;
        m->room = room;
    }
    m->stack[m->n++] = v;
    return INK_OK;
}

static ink_status make(machine *m, ink_pickle_kind kind, value **out) {
    if (m->n_values == INK_PICKLE_VALUES_MAX) return fail(m, NULL, "there are too many values");
    m->n_values++;
    *out = ink_arena_new(m->arena, 1, sizeof **out);
    if (*out == NULL) return out_of_memory(m);
    (*out)->kind = kind;
    (*out)->depth = 1;
    return INK_OK;
}

static ink_status push_new(machine *m, ink_pickle_kind kind, int64_t number) {
    value *v = NULL;
    ink_status status = make(m, kind, &v);
    if (status != INK_OK) return status;
    v->number = number;
    return push(m, v);
}

/* The lowest value that an opcode may touch: above the last mark. */
static size_t stack_floor(const machine *m) {
    return m->n_marks > 0 ? m->marks[m->n_marks - 1] : 0;
}

static ink_status pop(machine *m, value **v) {
    if (m->n <= stack_floor(m)) return fail(m, NULL, "an opcode takes more from the stack than there is");
    *v = m->stack[--m->n];
    return INK_OK;
}

static ink_status pop_mark(machine *m, size_t *from) {
    if (m->n_marks == 0) return fail(m, NULL, "an opcode looks for a mark that is not there");
    *from = m->marks[--m->n_marks];
    return INK_OK;
}

/* Adds items to a container. A list may be copied again and again: what counts is every place that holds an item. */
static ink_status add_items(machine *m, value *to, value *const *items, size_t n) {
    if (n > INK_PICKLE_ITEMS_MAX - m->n_items) return fail(m, NULL, "containers hold too many values");
    m->n_items += (uint32_t)n;
    if (n > to->room - to->n) {
        size_t room = to->n + n < 8 ? 8 : (to->n + n) * 2;
        value **larger = ink_arena_new(m->arena, room, sizeof *larger);
        if (larger == NULL) return out_of_memory(m);
        if (to->n > 0) memcpy(larger, to->items, to->n * sizeof *larger);
        to->items = larger;
        to->room = room;
    }
    for (size_t i = 0; i < n; i++) {
        to->items[to->n++] = items[i];
        if (items[i]->depth >= to->depth) to->depth = items[i]->depth + 1;
    }
    return to->depth > INK_PICKLE_DEPTH_MAX ? fail(m, NULL, "values are nested too deeply") : INK_OK;
}

static ink_status push_text(machine *m, size_t length) {
    const uint8_t *p = NULL;
    value *v = NULL;
    ink_status status = take(m, length, &p);
    if (status == INK_OK) status = make(m, INK_PICKLE_TEXT, &v);
    if (status != INK_OK) return status;
    v->text = ink_arena_string(m->arena, (const char *)p, length);
    v->length = length;
    return v->text != NULL ? push(m, v) : out_of_memory(m);
}

/* The last `n` values as a tuple. */
static ink_status push_tuple(machine *m, size_t from) {
    value *v = NULL;
    ink_status status = make(m, INK_PICKLE_TUPLE, &v);
    if (status == INK_OK) status = add_items(m, v, m->stack + from, m->n - from);
    if (status != INK_OK) return status;
    m->n = from;
    return push(m, v);
}

static ink_status small_tuple(machine *m, size_t n) {
    if (m->n - stack_floor(m) < n) return fail(m, NULL, "an opcode takes more from the stack than there is");
    return push_tuple(m, m->n - n);
}

/* ---- memo ---- */

static ink_status memo_put(machine *m, uint64_t index) {
    if (m->n <= stack_floor(m)) return fail(m, NULL, "an opcode takes more from the stack than there is");
    if (index >= MEMO_MAX) return fail(m, NULL, "a memo number is too large");
    if (index >= m->memo_room) {
        size_t room = (size_t)index * 2 + 256;
        value **larger = ink_mem_resize(m->memo, room, sizeof *larger);
        if (larger == NULL) return out_of_memory(m);
        memset(larger + m->memo_room, 0, (room - m->memo_room) * sizeof *larger);
        m->memo = larger;
        m->memo_room = room;
    }
    if (m->memo[index] == NULL) m->memo_n++;
    m->memo[index] = m->stack[m->n - 1];
    return INK_OK;
}

static ink_status memo_get(machine *m, uint64_t index) {
    if (index >= m->memo_room || m->memo[index] == NULL) return fail(m, NULL, "a memo number was never set");
    return push(m, m->memo[index]);
}

/* ---- names ---- */

static ink_status push_name(machine *m, const char *module, const char *name) {
    char full[128];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i].module, module) == 0 && strcmp(names[i].name, name) == 0) {
            return push_new(m, INK_PICKLE_NAME, names[i].number);
        }
    }
    snprintf(full, sizeof full, "%.80s.%.40s", module, name);
    size_t length = strlen(name);
    if (strcmp(module, "torch") == 0 && length > 7 && strcmp(name + length - 7, "Storage") == 0) {
        return fail(m, full, "a kind of storage that is not read (Float Double Half BFloat16 Long Byte are)");
    }
    if (strncmp(module, "torch._utils", 12) == 0) return fail(m, full, "a kind of tensor that is not read");
    ink_fail(m->err, INK_E_DATA, "%s: this file tries to run code: %s; not loaded", m->file, full);
    if (m->err != NULL) {
        m->err->has_byte = 1;
        m->err->byte = m->op_at;
    }
    ink_hint(m->err, "save the weights alone: torch.save(model.state_dict(), FILE)");
    return INK_E_DATA;
}

/* "module\nname\n". */
static ink_status global(machine *m) {
    char text[2][128];
    for (int i = 0; i < 2; i++) {
        const uint8_t *begin = m->bytes + m->at;
        const uint8_t *end = m->at < m->size ? memchr(begin, '\n', m->size - m->at) : NULL;
        if (end == NULL) return fail(m, NULL, "an opcode reaches beyond the end of the pickle");
        size_t length = (size_t)(end - begin);
        if (length >= sizeof text[i] || memchr(begin, '\0', length) != NULL) {
            return fail(m, NULL, "this file tries to run code with a name that is too long or holds a NUL; not loaded");
        }
        memcpy(text[i], begin, length);
        text[i][length] = '\0';
        m->at += length + 1;
    }
    return push_name(m, text[0], text[1]);
}

static ink_status stack_global(machine *m) {
    value *name = NULL, *module = NULL;
    ink_status status = pop(m, &name);
    if (status == INK_OK) status = pop(m, &module);
    if (status != INK_OK) return status;
    if (name->kind != INK_PICKLE_TEXT || module->kind != INK_PICKLE_TEXT || strlen(name->text) != name->length ||
        strlen(module->text) != module->length) {
        return fail(m, NULL, "this file tries to run code with a name that is no text; not loaded");
    }
    return push_name(m, module->text, name->text);
}

/* ---- what PyTorch's names make ---- */

/* Where a key stands among the storages, or would stand. */
static size_t storage_at(const ink_pickle_storages *all, const char *key) {
    size_t low = 0, high = all->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(all->items[middle]->key, key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

ink_pickle_storage *ink_pickle_storage_find(const ink_pickle_storages *storages, const char *key) {
    size_t at = storage_at(storages, key);
    return at < storages->n && strcmp(storages->items[at]->key, key) == 0 ? storages->items[at] : NULL;
}

static ink_status add_storage(machine *m, const char *key, ink_dtype dtype, uint64_t count, ink_pickle_storage **out) {
    ink_pickle_storages *all = m->storages;
    if (all->n == INK_PICKLE_STORAGES_MAX) return fail(m, NULL, "there are too many storages");
    if (all->n == all->room) {
        size_t room = all->room == 0 ? 64 : all->room * 2;
        ink_pickle_storage **larger = ink_arena_new(m->arena, room, sizeof *larger);
        if (larger == NULL) return out_of_memory(m);
        if (all->n > 0) memcpy(larger, all->items, all->n * sizeof *larger);
        all->items = larger;
        all->room = room;
    }
    *out = ink_arena_new(m->arena, 1, sizeof **out);
    if (*out == NULL) return out_of_memory(m);
    **out = (ink_pickle_storage){.key = key, .dtype = dtype, .count = count};
    size_t at = storage_at(all, key);
    memmove(all->items + at + 1, all->items + at, (all->n - at) * sizeof *all->items);
    all->items[at] = *out;
    all->n++;
    return INK_OK;
}

/* ('storage', FloatStorage, key, location, count), and in old files a view, which must be None. */
static ink_status persistent(machine *m) {
    value *id = NULL, *v = NULL;
    ink_status status = pop(m, &id);
    if (status != INK_OK) return status;
    value *const *f = id->items;
    bool good = id->kind == INK_PICKLE_TUPLE && (id->n == 5 || id->n == 6) && f[0]->kind == INK_PICKLE_TEXT &&
                strcmp(f[0]->text, "storage") == 0 && f[1]->kind == INK_PICKLE_NAME && f[1]->number >= STORAGE_FIRST &&
                f[2]->kind == INK_PICKLE_TEXT && f[2]->length > 0 && f[2]->length <= INK_PICKLE_KEY_MAX &&
                strlen(f[2]->text) == f[2]->length && f[4]->kind == INK_PICKLE_INT && f[4]->number >= 0;
    if (!good) return fail(m, NULL, "a persistent id is no storage of PyTorch's");
    if (id->n == 6 && f[5]->kind != INK_PICKLE_NONE)
        return fail(m, NULL, "a storage that is a view of another is not read");
    ink_dtype dtype = (ink_dtype)(f[1]->number - STORAGE_FIRST);
    uint64_t count = (uint64_t)f[4]->number;
    ink_pickle_storage *storage = ink_pickle_storage_find(m->storages, f[2]->text);
    if (storage == NULL) status = add_storage(m, f[2]->text, dtype, count, &storage);
    if (status != INK_OK) return status;
    if (storage->dtype != dtype || storage->count != count)
        return fail(m, f[2]->text, "a storage is described in two ways");
    status = make(m, INK_PICKLE_STORAGE, &v);
    if (status != INK_OK) return status;
    v->storage = storage;
    return push(m, v);
}

/* A tuple of sizes or strides. */
static bool numbers_of(const value *tuple, uint64_t *to, uint32_t *n) {
    if (tuple->kind != INK_PICKLE_TUPLE || tuple->n > INK_TENSORS_RANK_MAX) return false;
    for (size_t i = 0; i < tuple->n; i++) {
        if (tuple->items[i]->kind != INK_PICKLE_INT || tuple->items[i]->number < 0) return false;
        to[i] = (uint64_t)tuple->items[i]->number;
    }
    *n = (uint32_t)tuple->n;
    return true;
}

/* (storage, offset, size, stride, ...) */
static ink_status make_tensor(machine *m, const value *args, value **out) {
    uint32_t n_strides = 0;
    if (args->n < 4 || args->n > 7 || args->items[0]->kind != INK_PICKLE_STORAGE ||
        args->items[1]->kind != INK_PICKLE_INT || args->items[1]->number < 0) {
        return fail(m, NULL, "a tensor is not described as PyTorch does");
    }
    ink_pickle_tensor *t = ink_arena_new(m->arena, 1, sizeof *t);
    if (t == NULL) return out_of_memory(m);
    t->storage = args->items[0]->storage;
    t->offset = (uint64_t)args->items[1]->number;
    if (!numbers_of(args->items[2], t->dim, &t->rank) || !numbers_of(args->items[3], t->stride, &n_strides) ||
        n_strides != t->rank) {
        return fail(m, NULL, "a tensor's sizes and strides are not two tuples of at most 8 numbers from 0");
    }
    ink_status status = make(m, INK_PICKLE_TENSOR, out);
    if (status == INK_OK) (*out)->tensor = t;
    return status;
}

/* OrderedDict(), or OrderedDict([[key, value], ...]) as Python 2 wrote it. */
static ink_status make_dict(machine *m, const value *args, value **out) {
    ink_status status = make(m, INK_PICKLE_DICT, out);
    if (status != INK_OK || args->n == 0) return status;
    const value *pairs = args->items[0];
    if (args->n != 1 || (pairs->kind != INK_PICKLE_LIST && pairs->kind != INK_PICKLE_TUPLE)) {
        return fail(m, NULL, "a dictionary is not made as PyTorch does");
    }
    for (size_t i = 0; i < pairs->n && status == INK_OK; i++) {
        const value *pair = pairs->items[i];
        if ((pair->kind != INK_PICKLE_LIST && pair->kind != INK_PICKLE_TUPLE) || pair->n != 2) {
            return fail(m, NULL, "a dictionary is not made as PyTorch does");
        }
        status = add_items(m, *out, pair->items, 2);
    }
    return status;
}

/* REDUCE and NEWOBJ: never a call; a value that the few known names stand for. */
static ink_status reduce(machine *m) {
    value *args = NULL, *name = NULL, *out = NULL;
    ink_status status = pop(m, &args);
    if (status == INK_OK) status = pop(m, &name);
    if (status != INK_OK) return status;
    if (name->kind != INK_PICKLE_NAME || args->kind != INK_PICKLE_TUPLE) {
        return fail(m, NULL, "this file tries to call something that is no name of PyTorch's; not loaded");
    }
    switch (name->number) {
    case ORDERED_DICT: status = make_dict(m, args, &out); break;
    case REBUILD_TENSOR:
    case REBUILD_TENSOR_V2: status = make_tensor(m, args, &out); break;
    case REBUILD_PARAMETER:
    case PARAMETER:
        if (args->n > 0 && args->items[0]->kind == INK_PICKLE_TENSOR) {
            out = args->items[0];
        } else if (args->n == 0 && name->number == PARAMETER) {
            status = make(m, INK_PICKLE_PARAMETER, &out);
        } else {
            status = fail(m, NULL, "a parameter is not made of a tensor");
        }
        break;
    default: status = fail(m, NULL, "this file tries to call a kind of storage; not loaded"); break;
    }
    return status == INK_OK ? push(m, out) : status;
}

/* A dictionary's attributes (_metadata) do not concern us; a parameter gets its tensor. */
static ink_status build(machine *m) {
    value *state = NULL, *to = NULL;
    ink_status status = pop(m, &state);
    if (status == INK_OK) status = pop(m, &to);
    if (status != INK_OK) return status;
    if (to->kind == INK_PICKLE_PARAMETER && state->kind == INK_PICKLE_TUPLE && state->n > 0 &&
        state->items[0]->kind == INK_PICKLE_TENSOR) {
        to->kind = INK_PICKLE_TENSOR;
        to->tensor = state->items[0]->tensor;
    } else if (to->kind != INK_PICKLE_DICT) {
        return fail(m, NULL, "this file tries to set the state of something that is no dictionary; not loaded");
    }
    return push(m, to);
}

/* ---- containers ---- */

static ink_status set_items(machine *m, size_t from) {
    size_t n = m->n - from;
    if (from <= stack_floor(m)) return fail(m, NULL, "an opcode takes more from the stack than there is");
    value *to = m->stack[from - 1];
    if (to->kind != INK_PICKLE_DICT || n % 2 != 0)
        return fail(m, NULL, "items are set in something that is no dictionary");
    ink_status status = add_items(m, to, m->stack + from, n);
    m->n = from;
    return status;
}

static ink_status append_items(machine *m, size_t from) {
    if (from <= stack_floor(m)) return fail(m, NULL, "an opcode takes more from the stack than there is");
    value *to = m->stack[from - 1];
    if (to->kind != INK_PICKLE_LIST) return fail(m, NULL, "items are appended to something that is no list");
    ink_status status = add_items(m, to, m->stack + from, m->n - from);
    m->n = from;
    return status;
}

static ink_status set_marked(machine *m, ink_status (*use)(machine *, size_t)) {
    size_t from = 0;
    ink_status status = pop_mark(m, &from);
    return status == INK_OK ? use(m, from) : status;
}

/* A little-endian two's complement number; beyond 8 bytes it must be small all the same. */
static ink_status push_long(machine *m, size_t n) {
    const uint8_t *p = NULL;
    uint64_t v = 0;
    ink_status status = take(m, n, &p);
    if (status != INK_OK) return status;
    bool negative = n > 0 && (p[n - 1] & 0x80) != 0;
    if (negative) v = ~(uint64_t)0;
    for (size_t i = 0; i < n; i++) {
        if (i < 8) {
            v = (v & ~((uint64_t)255 << (8 * i))) | (uint64_t)p[i] << (8 * i);
        } else if (p[i] != (negative ? 255 : 0)) {
            return fail(m, NULL, "a number does not fit 64 bits");
        }
    }
    if (!negative && v > INT64_MAX) return fail(m, NULL, "a number does not fit 64 bits");
    return push_new(m, INK_PICKLE_INT, (int64_t)v);
}

static ink_status frame(machine *m) {
    uint64_t size = 0;
    ink_status status = take_number(m, 8, &size);
    if (status == INK_OK && size > m->size - m->at)
        return fail(m, NULL, "a frame reaches beyond the end of the pickle");
    return status;
}

static ink_status mark(machine *m) {
    if (m->n_marks == INK_PICKLE_DEPTH_MAX) return fail(m, NULL, "values are nested too deeply");
    m->marks[m->n_marks++] = m->n;
    return INK_OK;
}

static ink_status protocol(machine *m) {
    uint64_t version = 0;
    char seen[8];
    ink_status status = take_number(m, 1, &version);
    if (status != INK_OK || (version >= 2 && version <= 5)) return status;
    snprintf(seen, sizeof seen, "%u", (unsigned)version);
    return fail(m, seen, "a protocol of pickle that is not read (2 to 5 are)");
}

/* Opcodes with an argument of n bytes that says a length or a number. */
static ink_status counted(machine *m, uint8_t op, size_t n) {
    uint64_t v = 0;
    ink_status status = take_number(m, n, &v);
    if (status != INK_OK) return status;
    switch (op) {
    case 'X':
    case 'U':
    case 0x8c:
        if (v > m->size - m->at) return fail(m, NULL, "a text is longer than the pickle");
        return push_text(m, (size_t)v);
    case 0x8a: return push_long(m, (size_t)v);
    case 'q':
    case 'r': return memo_put(m, v);
    case 'h':
    case 'j': return memo_get(m, v);
    case 'J': return push_new(m, INK_PICKLE_INT, (int32_t)(uint32_t)v);
    default: return push_new(m, INK_PICKLE_INT, (int64_t)v);
    }
}

static ink_status unknown(machine *m, uint8_t op) {
    char seen[8];
    snprintf(seen, sizeof seen, "0x%02x", op);
    return fail(m, seen, "an opcode that PyTorch's dictionaries do not use");
}

static ink_status step(machine *m, uint8_t op) {
    const uint8_t *p = NULL;
    ink_status status;
    switch (op) {
    case 0x80: return protocol(m);
    case 0x95: return frame(m);
    case '(': return mark(m);
    case 'c': return global(m);
    case 0x93: return stack_global(m);
    case 'R':
    case 0x81: return reduce(m);
    case 'b': return build(m);
    case 'Q': return persistent(m);
    case 'K':
    case 'U':
    case 0x8c:
    case 0x8a:
    case 'q':
    case 'h': return counted(m, op, 1);
    case 'M': return counted(m, op, 2);
    case 'J':
    case 'X':
    case 'r':
    case 'j': return counted(m, op, 4);
    case 0x94: return memo_put(m, m->memo_n);
    case 'G': status = take(m, 8, &p); return status == INK_OK ? push_new(m, INK_PICKLE_FLOAT, 0) : status;
    case 'N': return push_new(m, INK_PICKLE_NONE, 0);
    case 0x88: return push_new(m, INK_PICKLE_BOOL, 1);
    case 0x89: return push_new(m, INK_PICKLE_BOOL, 0);
    case ')': return push_new(m, INK_PICKLE_TUPLE, 0);
    case 't': return set_marked(m, push_tuple);
    case 0x85: return small_tuple(m, 1);
    case 0x86: return small_tuple(m, 2);
    case 0x87: return small_tuple(m, 3);
    case 0x8f: /* an empty set: as good as a list here */
    case ']': return push_new(m, INK_PICKLE_LIST, 0);
    case 'a':
        return m->n > 0 ? append_items(m, m->n - 1)
                        : fail(m, NULL, "an opcode takes more from the stack than there is");
    case 'e': return set_marked(m, append_items);
    case '}': return push_new(m, INK_PICKLE_DICT, 0);
    case 's':
        return m->n > 1 ? set_items(m, m->n - 2) : fail(m, NULL, "an opcode takes more from the stack than there is");
    case 'u': return set_marked(m, set_items);
    default: return unknown(m, op);
    }
}

ink_status ink_pickle_read(const uint8_t *bytes, size_t size, size_t *at, const char *file, ink_arena *arena,
                           ink_pickle_storages *storages, ink_pickle_value **out, ink_error *err) {
    machine m = {
        .bytes = bytes, .size = size, .at = *at, .file = file, .arena = arena, .storages = storages, .err = err};
    ink_status status = INK_OK;
    bool stopped = false;
    *out = NULL;
    m.stack = ink_mem_new(STACK_FIRST, sizeof *m.stack);
    m.room = STACK_FIRST;
    if (m.stack == NULL) return out_of_memory(&m);
    while (status == INK_OK && !stopped) {
        m.op_at = m.at;
        if (m.at == m.size) {
            status = fail(&m, NULL, "the pickle has no end");
            break;
        }
        uint8_t op = m.bytes[m.at++];
        if (op == '.') {
            stopped = true;
            if (m.n != 1 || m.n_marks != 0) status = fail(&m, NULL, "the pickle does not end with one value");
        } else {
            status = step(&m, op);
        }
    }
    if (status == INK_OK) {
        *out = m.stack[0];
        *at = m.at;
    }
    ink_mem_free(m.stack);
    ink_mem_free(m.memo);
    return status;
}

const ink_pickle_value *ink_pickle_find(const ink_pickle_value *dict, const char *key) {
    if (dict->kind != INK_PICKLE_DICT) return NULL;
    for (size_t i = 0; i + 1 < dict->n; i += 2) {
        const value *k = dict->items[i];
        if (k->kind == INK_PICKLE_TEXT && strcmp(k->text, key) == 0) return dict->items[i + 1];
    }
    return NULL;
}
